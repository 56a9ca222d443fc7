"""What each error of SQLite means to a caller: one table, complete over SQLite's primary result codes."""

import sqlite3

from crud_service.model.errors import CrudError, Kind, Reason

_UNAVAILABLE = (Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE)
_FULL = (Kind.RESOURCE_EXHAUSTED, Reason.STORE_FULL)
_INTERNAL = (Kind.INTERNAL, Reason.INTERNAL)

_BUSY_MESSAGE = "the data file is locked by another process; try again"
_DAMAGED_MESSAGE = "the data file is damaged; tell the operator"
_BROKEN_MESSAGE = "the data file cannot be read or written; try again, and tell the operator if it stays so"
_FULL_MESSAGE = "the disk of the data file is full; nothing was stored, reads go on"
# Nothing but its time-out interrupts a statement.
_TIMEOUT_MESSAGE = (
    "the search took longer than it may; narrow the filter by tags, by date or by a field with a declared index, "
    "declare an index on a field that it compares or orders by, or ask for an estimate if this is a count"
)
_INTERNAL_MESSAGE = "the store failed in an unexpected way"

ANSWERS: dict[int, tuple[Kind, Reason, str]] = {
    sqlite3.SQLITE_ERROR: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_INTERNAL: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_PERM: (*_UNAVAILABLE, _BROKEN_MESSAGE),
    sqlite3.SQLITE_ABORT: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_BUSY: (*_UNAVAILABLE, _BUSY_MESSAGE),
    sqlite3.SQLITE_LOCKED: (*_UNAVAILABLE, _BUSY_MESSAGE),
    sqlite3.SQLITE_NOMEM: (*_UNAVAILABLE, "the store ran out of memory; try again"),
    sqlite3.SQLITE_READONLY: (*_UNAVAILABLE, "the data file is read-only; reads go on"),
    sqlite3.SQLITE_INTERRUPT: (Kind.DEADLINE_EXCEEDED, Reason.QUERY_TIMEOUT, _TIMEOUT_MESSAGE),
    sqlite3.SQLITE_IOERR: (*_UNAVAILABLE, _BROKEN_MESSAGE),
    sqlite3.SQLITE_CORRUPT: (*_UNAVAILABLE, _DAMAGED_MESSAGE),
    sqlite3.SQLITE_NOTFOUND: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_FULL: (*_FULL, _FULL_MESSAGE),
    sqlite3.SQLITE_CANTOPEN: (*_UNAVAILABLE, _BROKEN_MESSAGE),
    sqlite3.SQLITE_PROTOCOL: (*_UNAVAILABLE, _BUSY_MESSAGE),
    sqlite3.SQLITE_EMPTY: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_SCHEMA: (*_UNAVAILABLE, "the schema of the data file changed meanwhile; try again"),
    sqlite3.SQLITE_TOOBIG: (*_FULL, "a value is larger than the data file can hold"),
    sqlite3.SQLITE_CONSTRAINT: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_MISMATCH: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_MISUSE: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_NOLFS: (*_FULL, "the file system cannot hold a data file of this size"),
    sqlite3.SQLITE_AUTH: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_FORMAT: (*_UNAVAILABLE, _DAMAGED_MESSAGE),
    sqlite3.SQLITE_RANGE: (*_INTERNAL, _INTERNAL_MESSAGE),
    sqlite3.SQLITE_NOTADB: (*_UNAVAILABLE, _DAMAGED_MESSAGE),
}


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension; MISUSE for what the driver refused on its own."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    return code & 0xFF


def translate(error: sqlite3.Error) -> CrudError:
    """The answer to give for `error`: raise it `from error`. An unknown code is INTERNAL."""
    return CrudError(*ANSWERS.get(primary_code(error), (*_INTERNAL, _INTERNAL_MESSAGE)))
