"""The embedded store: one SQLite file, durable when acknowledged.

One thread writes groups of mutations; short reads run on the event loop, where they cost less than the way to a
thread; long ones run in a few reader threads.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, TypeVar

from crud_service.library.group_commit import GroupCommit
from crud_service.library.log_signal import LogSignal
from crud_service.library.sqlite_file import SqliteFile
from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_reader import SqliteReader
from crud_service.library.sqlite_schema import prepare_schema
from crud_service.library.sqlite_writer import SqliteWriter
from crud_service.model.change import Change, Committed, Mutation
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.ports.record_store import RecordPage, RecordQuery
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey

T = TypeVar("T")

# A page of this many records costs the event loop less than a millisecond, and a hop to a thread a tenth of one.
_SHORT_PAGE = 100


class SqliteStore:
    """RecordStore and SystemStore over one file at `path`.

    `synchronous` is SQLite's own word: FULL keeps every acknowledged write over a power loss. `busy_seconds` bounds the
    wait for a foreign lock on the file. With `auto_migrate` off, a file of an older schema is refused.
    """

    kind = "sqlite"

    def __init__(
        self,
        path: str | Path,
        *,
        synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL",
        busy_seconds: float = 0.9,
        auto_migrate: bool = True,
        reader_threads: int = 2,
    ) -> None:
        self._file = SqliteFile(Path(path), synchronous, busy_seconds)
        self._auto_migrate = auto_migrate
        self._reader_threads = reader_threads
        self._engine: _Engine | None = None

    @property
    def path(self) -> Path:
        """The absolute path of the data file."""
        return self._file.path

    async def open(self) -> None:
        """Own the file, create or migrate it, start the threads."""
        await asyncio.to_thread(self._prepare)
        try:
            self._engine = _Engine(self._file, self._reader_threads)
        except BaseException:
            self._file.release()
            raise

    async def close(self) -> None:
        """Finish what was accepted, close the connections, let the file go."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()
            self._file.release()

    async def commit(self, mutation: Mutation) -> Committed:
        """As the port says."""
        return await self._running.commits.commit(mutation)

    async def get_record(self, key: RecordKey) -> Record | None:
        """As the port says."""
        return self._running.reader.get_record(key)

    async def list_records(self, query: RecordQuery) -> RecordPage:
        """As the port says. Several tags may mean a long walk, so they take a thread too."""
        engine = self._running
        if query.limit <= _SHORT_PAGE and len(query.tags) <= 1:
            return engine.reader.list_records(query)
        return await engine.in_thread(lambda reader: reader.list_records(query))

    async def get_collection(self, key: CollectionKey) -> Collection | None:
        """As the port says."""
        return self._running.reader.get_collection(key)

    async def list_collections(self, tenant: str, after: str, limit: int) -> tuple[Collection, ...]:
        """As the port says."""
        engine = self._running
        if limit <= _SHORT_PAGE:
            return engine.reader.list_collections(tenant, after, limit)
        return await engine.in_thread(lambda reader: reader.list_collections(tenant, after, limit))

    async def last_revision(self) -> int:
        """As the port says."""
        return self._running.reader.last_revision()

    async def read_log(self, after: int, limit: int) -> tuple[Change, ...]:
        """As the port says."""
        return await self._running.in_thread(lambda reader: reader.read_log(after, limit))

    async def wait_log(self, after: int) -> int:
        """As the port says. CrudError (`SHUTTING_DOWN`) when the store is closed meanwhile."""
        return await self._running.signal.wait(after)

    async def load_or_create(self, name: str, create: Callable[[], bytes]) -> bytes:
        """As the port SystemStore says."""
        return await asyncio.to_thread(self._running.writer.load_or_create, name, create)

    @property
    def _running(self) -> "_Engine":
        if self._engine is None:
            raise CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, "the store is closed; try another node")
        return self._engine

    def _prepare(self) -> None:
        self._file.acquire()
        try:
            with closing(self._file.connect_first()) as connection:
                prepare_schema(self._file, connection, self._auto_migrate)
                self._file.switch_to_wal(connection)
        except BaseException:
            self._file.release()
            raise


class _Engine:
    """What runs while a store is open: the writer with its thread, a reader for the loop, and the reader threads."""

    def __init__(self, file: SqliteFile, reader_threads: int) -> None:
        statements = ReadStatements()
        self.reader = SqliteReader(file.connect_reader, statements)
        self.writer = SqliteWriter(file.connect_writer, statements)
        self.signal = LogSignal(self.reader.last_revision())
        self.commits = GroupCommit(self.writer.write, self.signal.committed, self.reader.share_transaction_unless)
        self.reader.share_transaction_unless(False)
        self._executor = ThreadPoolExecutor(reader_threads, thread_name_prefix="store-reader")
        self._readers = [SqliteReader(file.connect_long_reader, statements) for _ in range(reader_threads)]
        self._free = SimpleQueue[SqliteReader]()
        for reader in self._readers:
            self._free.put(reader)

    async def in_thread(self, read: Callable[[SqliteReader], T]) -> T:
        """`read(reader)` in a reader thread."""

        def run() -> T:
            reader = self._free.get()
            try:
                return read(reader)
            finally:
                self._free.put(reader)

        return await asyncio.get_running_loop().run_in_executor(self._executor, run)

    async def close(self) -> None:
        """Finish what was accepted and close every connection, the writer's last: it tidies the write-ahead log."""
        await self.commits.close()
        self.signal.close()
        await asyncio.to_thread(self._executor.shutdown)
        for reader in (self.reader, *self._readers):
            reader.connection.close()
        await asyncio.to_thread(self.writer.close)
