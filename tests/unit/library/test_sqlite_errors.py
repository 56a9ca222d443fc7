"""SQLite's errors in our words."""

import sqlite3

import pytest

from crud_service.library.sqlite_errors import ANSWERS, translate
from crud_service.model.errors import Kind, Reason

# Every primary result code but OK, ROW, DONE and the two that only reach a log (NOTICE, WARNING).
PRIMARY = set(range(1, 27))


def error_of(code, name="planted"):
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode = code
    return error


def test_every_code_has_an_answer():
    """The table is complete over SQLite's result codes."""
    assert set(ANSWERS) == PRIMARY


def test_the_driver_knows_no_other_code():
    """Whatever result code the driver names is in the table, by its lowest byte."""
    prefixes = {"SQLITE_IOERR_", "SQLITE_BUSY_", "SQLITE_CANTOPEN_", "SQLITE_CORRUPT_", "SQLITE_READONLY_"}
    extended = {code for name, code in vars(sqlite3).items() if any(name.startswith(prefix) for prefix in prefixes)}
    assert len(extended) > 30
    assert {code & 0xFF for code in extended} <= set(ANSWERS)


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (sqlite3.SQLITE_FULL, Kind.RESOURCE_EXHAUSTED, Reason.STORE_FULL),
        (sqlite3.SQLITE_BUSY, Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE),
        (sqlite3.SQLITE_LOCKED, Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE),
        (sqlite3.SQLITE_IOERR_FSYNC, Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE),
        (sqlite3.SQLITE_READONLY, Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE),
        (sqlite3.SQLITE_CORRUPT, Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE),
        (sqlite3.SQLITE_CANTOPEN, Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE),
        (sqlite3.SQLITE_NOTADB, Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE),
        (sqlite3.SQLITE_INTERRUPT, Kind.DEADLINE_EXCEEDED, Reason.QUERY_TIMEOUT),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, Kind.INTERNAL, Reason.INTERNAL),
        (250, Kind.INTERNAL, Reason.INTERNAL),
    ],
)
def test_answers(code, kind, reason):
    """What passes is UNAVAILABLE, a full disk and a time-out have answers of their own, our mistakes are INTERNAL."""
    answer = translate(error_of(code, "near SELECT: secret"))
    assert (answer.kind, answer.reason) == (kind, reason)
    assert "secret" not in answer.message


def test_error_without_a_code():
    """What the driver refuses on its own is a mistake of ours."""
    assert translate(sqlite3.ProgrammingError("wrong number of values")).kind is Kind.INTERNAL
