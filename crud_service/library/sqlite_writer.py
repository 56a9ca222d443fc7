"""Writing a SQLite store: groups of mutations, each group in one transaction."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec

from crud_service.library.commit_plan import CommitPlan, Refusal, Stored, touched
from crud_service.library.compaction_step import CompactionStep
from crud_service.library.index_rows import dropped_indexes, rows_of, tag_rows, value_rows
from crud_service.library.sqlite_compile import BulkStatement
from crud_service.library.sqlite_connection import SqliteConnection
from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_reports import SqliteReports
from crud_service.library.sqlite_rows import (
    Row,
    change_row,
    collection_of,
    collection_row,
    record_of,
    record_row,
    request_of,
    request_row,
)
from crud_service.library.sqlite_write_statements import WriteStatements
from crud_service.model.change import Committed, Mutation
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.model.reports import ErrorReport
from crud_service.model.timestamp import Timestamp

# Rows of one statement have no more characters than this: the driver keeps the last values of each prepared statement.
_LARGE_ROWS = 262_144

# What a probe writes, and how long it may keep commits waiting for a foreign lock.
_PROBE_NAME = "write_probe"
_PROBE_PATIENCE_MS = 100

_encode = msgspec.json.Encoder().encode


class SqliteWriter:
    """The only writer of a data file. Its methods block and raise CrudError; one thread at a time may call them."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], reads: ReadStatements) -> None:
        self._connection = SqliteConnection(connect)
        self._reads = reads
        self._writes = WriteStatements()
        self._reports = SqliteReports()
        self._has_failed = False

    def write(self, mutations: Sequence[Mutation]) -> list[Committed | Refusal]:
        """Evaluate and store a group in one transaction: an outcome for each, or an error and nothing is stored."""
        with self._transaction() as connection:
            plan = self._plan(connection, mutations)
            outcomes = [plan.add(mutation) for mutation in mutations]
            if plan.changes or plan.requests.written:
                self._store(connection, plan)
        self._has_failed = False
        return outcomes

    def fill_index(self, collection: CollectionKey, field: str, after: str, limit: int) -> str | None:
        """As the port says."""
        with self._transaction() as connection:
            row = connection.execute(self._reads.get_collection, collection).fetchone()
            if row is None or all(index.field != field or index.ready for index in collection_of(row).indexes):
                return None
            values = (*collection, after, limit)
            records = [record_of(row) for row in connection.execute(self._writes.live_records, values)]
            rows = [row for record in records for row in rows_of(RecordKey(*collection, record.id), record, [field])]
            _run(connection, self._writes.insert_values, rows)
        return records[-1].id if records else None

    def forget_requests(self, at: Timestamp, limit: int) -> int:
        """As the port says."""
        with self._transaction() as connection:
            return connection.execute(self._writes.forget_requests, (at, limit)).rowcount

    def compact(self, collection: CollectionKey, step: CompactionStep) -> int:
        """Carry out a step of compaction; how many entries went."""
        writes = self._writes
        with self._transaction() as connection:
            before = connection.total_changes
            if step.through is not None:
                connection.execute(writes.remove_changes_through, (*collection, *step.through))
            _run(connection, writes.remove_changes, [(*collection, *place) for place in step.superseded])
            removed = connection.total_changes - before
            connection.execute(writes.raise_floor, (*collection, step.floor))
        return removed

    def load_or_create(self, name: str, create: Callable[[], bytes]) -> bytes:
        """The system value kept under `name`; `create()`, kept from now on, if there is none."""
        with self._transaction() as connection:
            row = connection.execute(self._reads.get_system_value, (name,)).fetchone()
            if row is not None:
                return bytes(row[0])
            value = create()
            connection.execute(self._writes.keep_system_value, (name, value))
        return value

    def add_error_reports(self, reports: Sequence[ErrorReport], most: int) -> None:
        """As the port SystemStore says."""
        with self._transaction() as connection:
            self._reports.add(connection, reports, most)

    def probe(self) -> None:
        """As the port says: take the lock, but write only after a failure."""
        with self._transaction(_PROBE_PATIENCE_MS) as connection:
            if self._has_failed:
                connection.execute(self._writes.put_system_value, (_PROBE_NAME, b""))
        self._has_failed = False

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    @contextmanager
    def _transaction(self, patience_ms: int | None = None) -> Iterator[sqlite3.Connection]:
        """A transaction that waits for a foreign lock as long as the connection does, or `patience_ms`."""
        try:
            connection = self._connection.get()
            if patience_ms is None:
                connection.execute("BEGIN IMMEDIATE")
            else:
                _begin_within(connection, patience_ms)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.rollback()
                raise
        except sqlite3.Error as error:
            self._has_failed = True
            raise self._connection.failed(error) from error

    def _plan(self, connection: sqlite3.Connection, mutations: Sequence[Mutation]) -> CommitPlan:
        keys = touched(mutations)
        stored = Stored(
            {
                RecordKey(row[0], row[1], row[2]): record_of(row[1:])
                for row in _load(connection, self._writes.load_records, keys.records)
            },
            {
                CollectionKey(row[0], row[1]): collection_of(row[1:])
                for row in _load(connection, self._writes.load_collections, keys.collections)
            },
            {
                request.key: request
                for request in map(request_of, _load(connection, self._writes.load_requests, keys.requests))
            },
        )
        counter = connection.execute(self._reads.get_counter, ("revision",)).fetchone()

        def has_live(key: CollectionKey, besides: set[str]) -> bool:
            values = (*key, _encode(list(besides)).decode())
            return connection.execute(self._writes.has_live, values).fetchone() is not None

        return CommitPlan(stored, has_live, 0 if counter is None else counter[0])

    def _store(self, connection: sqlite3.Connection, plan: CommitPlan) -> None:
        writes = self._writes
        if plan.collections.written or plan.purged.written:
            self._remove(connection, plan)
        collections = [collection_row(key.tenant, state) for key, state in plan.collections.kept()]
        _run(connection, writes.put_collections, collections)
        records = [record_row(key.tenant, state) for key, state in plan.records.kept()]
        _run(connection, writes.put_records, records, large=5)
        removed, inserted = tag_rows(plan)
        _run(connection, writes.remove_tags, [row[:4] for row in removed])
        _run(connection, writes.insert_tags, inserted)
        gone, come = value_rows(plan)
        _run(connection, writes.remove_values, gone)
        _run(connection, writes.insert_values, come)
        _run(connection, writes.put_requests, [request_row(request) for _, request in plan.requests.kept()])
        _run(connection, writes.append_changes, [change_row(change) for change in plan.changes], large=6)
        _run(connection, writes.put_counter, [("revision", plan.revision)])

    def _remove(self, connection: sqlite3.Connection, plan: CommitPlan) -> None:
        """Remove what goes as a whole, and what the log says of it."""
        writes = self._writes
        for key in plan.dropped.written:
            for text in (*writes.drop_collection, writes.erase_all_states):
                connection.execute(text, key)
        for row in dropped_indexes(plan):
            connection.execute(writes.drop_index, row)
        _run(connection, writes.delete_collections, plan.collections.gone())
        _run(connection, writes.delete_records, plan.records.gone())
        _run(connection, writes.erase_states, list(plan.purged.written))


def _load(connection: sqlite3.Connection, statement: BulkStatement, keys: Collection[Row]) -> list[Row]:
    rows: list[Row] = []
    if keys:
        for text, values in statement.pieces(list(keys)):
            rows += connection.execute(text, values)
    return rows


def _run(
    connection: sqlite3.Connection, statement: BulkStatement, rows: Sequence[Row], large: int | None = None
) -> None:
    """Execute `statement` for all `rows`; the text at the place `large` of a row may be large."""
    if not rows:
        return
    most = 64
    if large is not None:
        widest = max([len(row[large]) for row in rows])
        while most > 1 and most * widest > _LARGE_ROWS:
            most //= 2
    for text, values in statement.pieces(rows, most):
        connection.execute(text, values)


def _begin_within(connection: sqlite3.Connection, patience_ms: int) -> None:
    """Begin a transaction, waiting for a foreign lock no longer than that."""
    (usual,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {patience_ms:d}")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA busy_timeout = {usual:d}")  # one that did not begin is closed
