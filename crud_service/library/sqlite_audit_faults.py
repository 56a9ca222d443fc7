"""What may be wrong with a SQLite data file besides its records and its log."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec.json import decode
from sqlalchemy import func, select

from crud_service.library.index_rows import ValueRow, rows_of
from crud_service.library.sqlite_compile import is_value, to_text
from crud_service.library.sqlite_rows import collection_of, record_of
from crud_service.library.sqlmodel_tables import (
    CollectionRow,
    CounterRow,
    LogFloorRow,
    RecordIndexRow,
    RecordRow,
    SystemValueRow,
    table,
)
from crud_service.model.ports.store_audit import ResourceKey
from crud_service.model.record import CollectionKey, RecordKey

SKIPPED_REVISIONS = "skipped_revisions"
"""The system value that names the revisions which were never given: a JSON array of [first, last]."""

_MOST = 20
"""Faults of one kind that are told."""

_TAGS = (
    "SELECT tenant, collection, tag.value, records.id, date FROM records, json_each(records.tags) AS tag "
    "WHERE delete_time IS NULL"
)
_REVISIONS = "SELECT DISTINCT revision FROM changes WHERE revision > ? ORDER BY revision"
_TAG_ROWS = "SELECT tenant, collection, tag, id, date FROM record_tags"


def faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Each fault in one line: the file itself, then the rows by which filters find records."""
    for (said,) in connection.execute(f"PRAGMA integrity_check({_MOST})"):
        if said != "ok":
            yield f"the file is damaged: {said}"
    yield from _holes(connection)
    yield from _differing(connection, _TAGS, _TAG_ROWS, "is not found by a tag that it has")
    yield from _differing(connection, _TAG_ROWS, _TAGS, "is found by a tag that it does not have")
    collections = table(CollectionRow)
    for row in connection.execute(to_text(select(*collections.c).where(collections.c.indexes != "[]")), ("[]",)):
        fields = [index.field for index in collection_of(row[1:]).indexes if index.ready]
        yield from _index_faults(connection, CollectionKey(row[0], row[1]), fields)


def _holes(connection: sqlite3.Connection) -> Iterator[str]:
    """Revisions without an entry, above all floors: each was a mutation."""
    values, counters, floors = table(SystemValueRow), table(CounterRow), table(LogFloorRow)
    (floor,) = connection.execute(to_text(select(func.max(floors.c.revision)))).fetchone()
    counter = connection.execute(to_text(select(counters.c.value).where(is_value(counters.c.name))), ("revision",))
    kept = connection.execute(to_text(select(values.c.value).where(is_value(values.c.name))), (SKIPPED_REVISIONS,))
    skipped = {tuple(each) for row in kept for each in decode(row[0])}
    before = floor or 0
    for (revision,) in chain(connection.execute(_REVISIONS, (before,)), ((row[0] + 1,) for row in counter)):
        hole = before + 1, revision - 1
        if hole[0] <= hole[1] and hole not in skipped:
            yield f"the log lacks the revisions {hole[0]} to {hole[1]}"
        before = max(before, revision)


def _differing(connection: sqlite3.Connection, one: str, other: str, what: str) -> Iterator[str]:
    for row in connection.execute(f"{one} EXCEPT {other} LIMIT {_MOST}"):
        yield f"{ResourceKey(row[0], row[1], row[3]).path}: {what}"


def _index_faults(connection: sqlite3.Connection, key: CollectionKey, fields: Sequence[str]) -> Iterator[str]:
    """Each live record has its row in each index, and there are no more rows than live records."""
    values, records = table(RecordIndexRow), table(RecordRow)
    is_there = to_text(select(values.c.id).where(*[is_value(column) for column in values.primary_key]))
    live = select(*records.c).where(
        is_value(records.c.tenant), is_value(records.c.collection), records.c.delete_time.is_(None)
    )
    count = 0
    for row in connection.execute(to_text(live), key):
        count += 1
        record_key = RecordKey(row[0], row[1], row[2])
        missing = [
            each for each in rows_of(record_key, record_of(row[1:]), fields) if not _has(connection, is_there, each)
        ]
        for each in missing:
            yield f"{ResourceKey(*record_key).path}: is not found by the index of {each[2]}"
    of_field = is_value(values.c.tenant), is_value(values.c.collection), is_value(values.c.field)
    counting = to_text(select(func.count()).select_from(values).where(*of_field))
    for field in fields:
        (rows,) = connection.execute(counting, (*key, field)).fetchone()
        if rows > count:
            yield f"collections/{key.id}: the index of {field} finds {rows - count} records that are not there"


def _has(connection: sqlite3.Connection, statement: str, row: ValueRow) -> bool:
    return connection.execute(statement, row).fetchone() is not None
