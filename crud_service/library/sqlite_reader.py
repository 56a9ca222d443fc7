"""Reading a SQLite store: one reader has one connection and belongs to one thread at a time."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from itertools import accumulate, chain
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from crud_service.library.sqlite_connection import SqliteConnection
from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.model.change import Change, ChangeKind
from crud_service.model.errors import CrudError
from crud_service.model.ports.record_store import RecordPage, RecordQuery
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey

P = ParamSpec("P")
T = TypeVar("T")

# How far a tag is counted to find the rarest of several: enough to tell rare from common, cheap enough for a page.
_COUNTED_TAGS = 1_000

# Rows taken at once: a third quicker than one by one, and few enough to stop in time when they are large.
_FETCHED_ROWS = 8

# Places in a row of Record's fields, and bounds of `Record.weight`: for each character of those, and besides.
_NAME, _CONTENT, _TAGS = 2, 4, 5
_MOST_WEIGHT_A_CHARACTER = 28
_MOST_WEIGHT_BESIDES = 1_024

_decode_tags = msgspec.json.Decoder(tuple[str, ...]).decode


def _reads(method: Callable[Concatenate["SqliteReader", P], T]) -> Callable[Concatenate["SqliteReader", P], T]:
    """Let no error of SQLite's through, and read with another connection after one."""

    @wraps(method)
    def guarded(self: "SqliteReader", /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except sqlite3.Error as error:
            raise self.connection.failed(error) from error

    return guarded


class SqliteReader:
    """The reads of the port, blocking. They raise CrudError only."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], statements: ReadStatements) -> None:
        self.connection = SqliteConnection(connect)
        self._statements = statements
        self._shares = False

    def share_transaction_unless(self, writing: bool) -> None:
        """Let reads share one transaction for as long as nobody writes, or end that when a write begins.

        A transaction of its own costs a read two locks on the file, close to half of a point read. One that stayed open
        during writes would show old states, and keep the write-ahead log from starting over.
        """
        self._shares = not writing
        if writing and self.connection.is_open:
            with suppress(CrudError):  # the connection is let go then, and its transaction with it
                self._end_transaction()

    @_reads
    def _end_transaction(self) -> None:
        self.connection.get().rollback()

    def _connection(self) -> sqlite3.Connection:
        connection = self.connection.get()
        if self._shares and not connection.in_transaction:
            connection.execute("BEGIN")
        return connection

    @_reads
    def get_record(self, key: RecordKey) -> Record | None:
        """As the port says."""
        row = self._connection().execute(self._statements.get_record, key).fetchone()
        return None if row is None else record_of(row)

    @_reads
    def list_records(self, query: RecordQuery) -> RecordPage:
        """As the port says."""
        # One more than the page holds tells whether there is more.
        text, values = self._page_statement(query, query.limit + 1)
        records: list[Record] = []
        size = 0
        cursor = self._connection().execute(text, values)
        for row in chain.from_iterable(iter(lambda: cursor.fetchmany(_FETCHED_ROWS), [])):
            records.append(record_of(row))
            size += len(row[_NAME]) + len(row[_CONTENT]) + len(row[_TAGS])
            # A record weighs more than its texts, so the page ends before this one, if it is not the first.
            if size > query.weight_limit and len(records) > 1:
                break
        return _page(records, size, query)

    @_reads
    def get_collection(self, key: CollectionKey) -> Collection | None:
        """As the port says."""
        row = self._connection().execute(self._statements.get_collection, key).fetchone()
        return None if row is None else Collection(*row)

    @_reads
    def list_collections(self, tenant: str, after: str, limit: int) -> tuple[Collection, ...]:
        """As the port says."""
        rows = self._connection().execute(self._statements.list_collections, (tenant, after, limit))
        return tuple([Collection(*row) for row in rows])

    @_reads
    def last_revision(self) -> int:
        """As the port says."""
        row = self._connection().execute(self._statements.get_counter, ("revision",)).fetchone()
        return 0 if row is None else int(row[0])

    @_reads
    def read_log(self, after: int, limit: int) -> tuple[Change, ...]:
        """As the port says."""
        connection = self._connection()
        changes = [_change_of(row) for row in connection.execute(self._statements.read_log, (after, limit + 1))]
        if len(changes) <= limit:
            return tuple(changes)
        # The last mutation may be cut: leave it out, or read all of it if it is the only one.
        cut = changes[-1].revision
        whole = [change for change in changes if change.revision != cut]
        return tuple(whole or [_change_of(row) for row in connection.execute(self._statements.read_mutation, (cut,))])

    def _page_statement(self, query: RecordQuery, limit: int) -> tuple[str, tuple[Any, ...]]:
        key = (query.tenant, query.collection)
        if not query.tags:
            return self._statements.list_records, (*key, query.after, limit)
        first, *others = self._rarest_first(query)
        return self._statements.list_tagged(len(query.tags)), (*key, first, query.after, *others, limit)

    def _rarest_first(self, query: RecordQuery) -> tuple[str, ...]:
        if len(query.tags) == 1:
            return query.tags
        connection = self._connection()

        def count(tag: str) -> int:
            values = (query.tenant, query.collection, tag, query.after, _COUNTED_TAGS)
            return int(connection.execute(self._statements.count_tag, values).fetchone()[0])

        return tuple(sorted(query.tags, key=count))


def _page(records: list[Record], size: int, query: RecordQuery) -> RecordPage:
    """The page within the limits of `query`; `records` go past it if more follow, `size` is that of their texts."""
    kept = min(len(records), query.limit)
    # Weighing costs a third of reading the row, and most pages are far below the limit.
    if size * _MOST_WEIGHT_A_CHARACTER + len(records) * _MOST_WEIGHT_BESIDES > query.weight_limit:
        weights = accumulate(record.weight for record in records[:kept])
        kept = max(1, sum(weight <= query.weight_limit for weight in weights)) if records else 0
    return RecordPage(tuple(records[:kept]), kept < len(records))


def record_of(row: tuple[Any, ...]) -> Record:
    """The record in a row of Record's fields."""
    collection, record_id, name, date, content, tags, revision, version, created, updated, deleted = row
    return Record(
        collection, record_id, name, date, content, _decode_tags(tags), revision, version, created, updated, deleted
    )


def _change_of(row: tuple[Any, ...]) -> Change:
    return Change(row[0], row[1], ChangeKind(row[2]), *row[3:])
