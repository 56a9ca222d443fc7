"""Writing a SQLite store: groups of mutations, each group in one transaction."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
from msgspec.structs import astuple

from crud_service.library.commit_plan import CommitPlan, Refusal, touched
from crud_service.library.sqlite_compile import BulkStatement
from crud_service.library.sqlite_connection import SqliteConnection
from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_reader import record_of
from crud_service.library.sqlite_write_statements import WriteStatements
from crud_service.model.change import ChangeKind, Committed, Mutation
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey

# Rows past this many characters are bound one by one: the driver keeps the last values of each prepared statement.
_LARGE_ROWS = 262_144

# The driver takes a detour for a subclass of str, so it gets the plain word.
_WORD = {kind: kind.value for kind in ChangeKind}

_encode = msgspec.json.Encoder().encode


class SqliteWriter:
    """The only writer of a data file. Its methods block, may be called from any thread and raise CrudError."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], reads: ReadStatements) -> None:
        self._connection = SqliteConnection(connect)
        self._reads = reads
        self._writes = WriteStatements()
        self._lock = threading.Lock()

    def write(self, mutations: Sequence[Mutation]) -> list[Committed | Refusal]:
        """Evaluate and store a group in one transaction: an outcome for each, or an error and nothing is stored."""
        with self._transaction() as connection:
            plan = self._plan(connection, mutations)
            outcomes = [plan.add(mutation) for mutation in mutations]
            if plan.changes:
                self._store(connection, plan)
        return outcomes

    def load_or_create(self, name: str, create: Callable[[], bytes]) -> bytes:
        """The system value kept under `name`; `create()`, kept from now on, if there is none."""
        with self._transaction() as connection:
            row = connection.execute(self._reads.get_system_value, (name,)).fetchone()
            if row is not None:
                return bytes(row[0])
            value = create()
            connection.execute(self._writes.keep_system_value, (name, value))
        return value

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                connection = self._connection.get()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    with suppress(sqlite3.Error):
                        connection.rollback()
                    raise
            except sqlite3.Error as error:
                raise self._connection.failed(error) from error

    def _plan(self, connection: sqlite3.Connection, mutations: Sequence[Mutation]) -> CommitPlan:
        record_keys, collection_keys = touched(mutations)
        records = {
            RecordKey(row[0], row[1], row[2]): record_of(row[1:])
            for row in _load(connection, self._writes.load_records, record_keys)
        }
        collections = {
            CollectionKey(row[0], row[1]): Collection(*row[1:])
            for row in _load(connection, self._writes.load_collections, collection_keys)
        }
        counter = connection.execute(self._reads.get_counter, ("revision",)).fetchone()

        def has_live(key: CollectionKey, besides: set[str]) -> bool:
            values = (*key, _encode(list(besides)).decode())
            return connection.execute(self._writes.has_live, values).fetchone() is not None

        return CommitPlan(records, collections, has_live, 0 if counter is None else counter[0])

    def _store(self, connection: sqlite3.Connection, plan: CommitPlan) -> None:
        writes = self._writes
        for key in plan.dropped:
            connection.execute(writes.drop_records, key)
            connection.execute(writes.drop_tags, key)
        for key, collection in plan.written_collections.items():
            if collection is None:
                connection.execute(writes.delete_collection, key)
        _run(connection, writes.put_collections, _collection_rows(plan))
        _run(connection, writes.put_records, _record_rows(plan), large=5)
        removed, inserted = plan.tag_rows()
        _run(connection, writes.remove_tags, removed)
        _run(connection, writes.insert_tags, inserted)
        _run(connection, writes.append_changes, _change_rows(plan), large=6)
        _run(connection, writes.put_counter, [("revision", plan.revision)])


def _load(connection: sqlite3.Connection, statement: BulkStatement, keys: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for text, values in statement.pieces(list(keys)):
        yield from connection.execute(text, values)


def _run(
    connection: sqlite3.Connection, statement: BulkStatement, rows: list[tuple[Any, ...]], large: int | None = None
) -> None:
    """Execute `statement` for all `rows`; the text at the place `large` of a row may be large."""
    most = 64
    if large is not None and sum([len(row[large]) for row in rows]) > _LARGE_ROWS:
        most = 1
    for text, values in statement.pieces(rows, most):
        connection.execute(text, values)


def _collection_rows(plan: CommitPlan) -> list[tuple[Any, ...]]:
    return [(key.tenant, *astuple(state)) for key, state in plan.written_collections.items() if state is not None]


def _record_rows(plan: CommitPlan) -> list[tuple[Any, ...]]:
    return [_record_row(key.tenant, state) for key, state in plan.written_records.items() if state is not None]


def _record_row(tenant: str, record: Record) -> tuple[Any, ...]:
    row = astuple(record)
    return (tenant, *row[:5], _encode(record.tags).decode(), *row[6:])


def _change_rows(plan: CommitPlan) -> list[tuple[Any, ...]]:
    return [(change.revision, change.ordinal, _WORD[change.kind], *astuple(change)[3:]) for change in plan.changes]
