"""Reading a SQLite store: one reader has one connection and belongs to one thread at a time."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from crud_service.library.sqlite_connection import SqliteConnection
from crud_service.library.sqlite_filter import Sql
from crud_service.library.sqlite_page import page_of
from crud_service.library.sqlite_plan import counting_plan, indexable_fields, serving_plan
from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_rows import change_of, collection_of, record_of, request_of
from crud_service.library.sqlite_search import Search, stream
from crud_service.model.change import Change, RequestKey, StoredRequest
from crud_service.model.errors import CrudError
from crud_service.model.ports.record_store import DueRecord, RecordPage
from crud_service.model.query import RecordCount, RecordQuery
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey
from crud_service.model.timestamp import Timestamp

P = ParamSpec("P")
T = TypeVar("T")


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

    @contextmanager
    def _one_state(self) -> Iterator[sqlite3.Connection]:
        """The connection, in a transaction: all statements see the same state."""
        connection = self._connection()
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            with suppress(sqlite3.Error):  # what matters is the error under way, which lets the connection go
                connection.rollback()

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
    def get_records(self, keys: Sequence[RecordKey]) -> list[Record | None]:
        """As the port says."""
        found: dict[RecordKey, Record] = {}
        with self._one_state() as connection:
            for text, values in self._statements.get_records.pieces(keys):
                for row in connection.execute(text, values):
                    found[RecordKey(row[0], row[1], row[2])] = record_of(row[1:])
        return [found.get(key) for key in keys]

    @_reads
    def list_served(self, query: RecordQuery) -> RecordPage | None:
        """As the port says of `list_records` if an index yields the page, so that it costs what it holds; else None."""
        if query.where is None and not query.order and query.collection is not None and not query.show_deleted:
            return self._list_all(query)
        with self._one_state() as connection:
            plan = serving_plan(query, self._ready_indexes(query))
            return None if plan is None else page_of(Search(connection).rows(query, plan), query)

    @_reads
    def list_records(self, query: RecordQuery) -> RecordPage:
        """As the port says, at whatever cost."""
        with self._one_state() as connection:
            search = Search(connection)
            return page_of(search.rows(query, search.plan(query, self._ready_indexes(query))), query)

    @_reads
    def count_served(self, query: RecordQuery) -> RecordCount | None:
        """As the port says of `count_records` if the entries of an index need only be counted; else None."""
        with self._one_state() as connection:
            plan = counting_plan(query, self._ready_indexes(query))
            return None if plan is None else Search(connection).count(query, plan, estimate=False)

    @_reads
    def count_records(self, query: RecordQuery, *, estimate: bool) -> RecordCount:
        """As the port says, at whatever cost."""
        with self._one_state() as connection:
            search = Search(connection)
            return search.count(query, search.count_plan(query, self._ready_indexes(query)), estimate=estimate)

    @_reads
    def get_collection(self, key: CollectionKey) -> Collection | None:
        """As the port says."""
        row = self._connection().execute(self._statements.get_collection, key).fetchone()
        return None if row is None else collection_of(row)

    @_reads
    def list_collections(self, tenant: str, after: str, limit: int) -> tuple[Collection, ...]:
        """As the port says."""
        rows = self._connection().execute(self._statements.list_collections, (tenant, after, limit))
        return tuple([collection_of(row) for row in rows])

    @_reads
    def last_revision(self) -> int:
        """As the port says."""
        row = self._connection().execute(self._statements.get_counter, ("revision",)).fetchone()
        return 0 if row is None else int(row[0])

    @_reads
    def read_log(self, after: int, limit: int) -> tuple[Change, ...]:
        """As the port says."""
        connection = self._connection()
        changes = [change_of(row) for row in connection.execute(self._statements.read_log, (after, limit + 1))]
        if len(changes) <= limit:
            return tuple(changes)
        # The last mutation may be cut: leave it out, or read all of it if it is the only one.
        cut = changes[-1].revision
        whole = [change for change in changes if change.revision != cut]
        return tuple(whole) or self.read_mutation(cut)

    @_reads
    def read_mutation(self, revision: int) -> tuple[Change, ...]:
        """As the port says."""
        rows = self._connection().execute(self._statements.read_mutation, (revision,))
        return tuple([change_of(row) for row in rows])

    @_reads
    def get_request(self, key: RequestKey, at: Timestamp) -> StoredRequest | None:
        """As the port says."""
        row = self._connection().execute(self._statements.get_request, (*key, at)).fetchone()
        return None if row is None else request_of(row)

    @_reads
    def expired_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """As the port says."""
        rows = self._connection().execute(self._statements.expired_records, (at, limit))
        return tuple([DueRecord(row[0], record_of(row[1:])) for row in rows])

    @_reads
    def purgeable_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """As the port says."""
        rows = self._connection().execute(self._statements.purgeable_records, (at, limit))
        return tuple([DueRecord(row[0], record_of(row[1:])) for row in rows])

    def _list_all(self, query: RecordQuery) -> RecordPage:
        """The page that is asked for most, without a detour."""
        after = "" if query.after is None else query.after.id
        # One more than the page holds tells whether there is more.
        values = (query.tenant, query.collection, after, query.limit + 1)
        return page_of(stream(self._connection(), Sql(self._statements.list_records, values)), query)

    def _ready_indexes(self, query: RecordQuery) -> set[str]:
        """Which of the fields that matter to the query have an index that holds all records."""
        fields = indexable_fields(query)
        if not fields:
            return set()
        row = self._connection().execute(self._statements.get_collection, (query.tenant, query.collection)).fetchone()
        return set() if row is None else {index.field for index in collection_of(row).indexes if index.ready} & fields
