"""The embedded store: one SQLite file, durable when acknowledged.

One thread writes groups of mutations; short reads run on the event loop, where they cost less than the way to a
thread; long ones run in a few reader threads. Searches that no index bounds have threads of their own, so that nothing
waits for them.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Literal

from crud_service.library.sqlite_engine import Engine
from crud_service.library.sqlite_file import SqliteFile
from crud_service.library.sqlite_log import SqliteLog
from crud_service.library.sqlite_reader import SqliteReader
from crud_service.library.sqlite_schema import prepare_schema
from crud_service.library.sqlite_writer import SqliteWriter
from crud_service.model.change import Committed, Mutation, RequestKey, StoredRequest
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.measures import StoreMeasures
from crud_service.model.ports.record_store import DueRecord, RecordPage
from crud_service.model.query import RecordCount, RecordQuery
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey
from crud_service.model.reports import ErrorReport, ReportQuery
from crud_service.model.timestamp import Timestamp

# A page of this many records costs the event loop less than a millisecond, and a hop to a thread a tenth of one.
_SHORT_PAGE = 100
# Records that are got by their keys may all be large: no limit on their weight ends the reading.
_FEW_KEYS = 20


class SqliteStore(SqliteLog):
    """RecordStore and SystemStore over one file at `path`.

    `synchronous` is SQLite's own word: FULL keeps every acknowledged write over a power loss. `busy_seconds` bounds the
    wait for a foreign lock on the file. With `auto_migrate` off, a file of an older schema is refused. At most
    `search_threads` searches that no index bounds run at a time; further ones wait.
    """

    kind = "sqlite"
    version = sqlite3.sqlite_version

    def __init__(
        self,
        path: str | Path,
        *,
        synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL",
        busy_seconds: float = 0.9,
        auto_migrate: bool = True,
        reader_threads: int = 2,
        search_threads: int = 2,
    ) -> None:
        self._file = SqliteFile(Path(path), synchronous, busy_seconds)
        self._auto_migrate = auto_migrate
        self._reader_threads = reader_threads
        self._search_threads = search_threads
        self._engine: Engine | None = None

    @property
    def path(self) -> Path:
        """The absolute path of the data file."""
        return self._file.path

    @property
    def measures(self) -> StoreMeasures:
        """What it knows of itself, without asking the file. Raises CrudError unless it is open."""
        engine = self._running
        pools = (engine.readers.measures, engine.searchers.measures)
        return StoreMeasures(engine.signal.revision, engine.commits.measures, pools)

    async def open(self) -> None:
        """Own the file, create or migrate it, start the threads."""
        await asyncio.to_thread(self._prepare)
        try:
            self._engine = Engine(self._file, self._reader_threads, self._search_threads)
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

    async def get_records(self, keys: Sequence[RecordKey]) -> list[Record | None]:
        """As the port says."""
        engine = self._running
        if len(keys) <= _FEW_KEYS:
            return engine.reader.get_records(keys)
        return await engine.readers.run(lambda reader: reader.get_records(keys))

    async def list_records(self, query: RecordQuery) -> RecordPage:
        """As the port says."""
        engine = self._running
        deadline = asyncio.get_running_loop().time() + query.seconds
        if query.limit <= _SHORT_PAGE and not query.at:
            page = engine.reader.list_served(query)
        else:
            page = await engine.readers.run(lambda reader: reader.list_served(query), deadline)
        if page is None:
            page = await engine.searchers.run(lambda reader: reader.list_records(query), deadline)
        return page

    async def count_records(self, query: RecordQuery, *, estimate: bool) -> RecordCount:
        """As the port says."""
        engine = self._running
        deadline = asyncio.get_running_loop().time() + query.seconds
        count = await engine.readers.run(lambda reader: reader.count_served(query), deadline)
        if count is None:
            read = partial(SqliteReader.count_records, query=query, estimate=estimate)
            count = await engine.searchers.run(read, deadline)
        return count

    async def get_collection(self, key: CollectionKey) -> Collection | None:
        """As the port says."""
        return self._running.reader.get_collection(key)

    async def list_collections(self, tenant: str, after: str, limit: int) -> tuple[Collection, ...]:
        """As the port says."""
        engine = self._running
        if limit <= _SHORT_PAGE:
            return engine.reader.list_collections(tenant, after, limit)
        return await engine.readers.run(lambda reader: reader.list_collections(tenant, after, limit))

    async def probe_write(self) -> None:
        """As the port says."""
        await self._running.in_writer(SqliteWriter.probe)

    async def get_request(self, key: RequestKey, at: Timestamp) -> StoredRequest | None:
        """As the port says."""
        return self._running.reader.get_request(key, at)

    async def forget_requests(self, at: Timestamp, limit: int) -> int:
        """As the port says."""
        return await self._running.in_writer(lambda writer: writer.forget_requests(at, limit))

    async def expired_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """As the port says."""
        return await self._running.readers.run(lambda reader: reader.expired_records(at, limit))

    async def purgeable_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """As the port says."""
        return await self._running.readers.run(lambda reader: reader.purgeable_records(at, limit))

    async def fill_index(self, collection: CollectionKey, field: str, after: str, limit: int) -> str | None:
        """As the port says."""
        return await self._running.in_writer(lambda writer: writer.fill_index(collection, field, after, limit))

    async def load_or_create(self, name: str, create: Callable[[], bytes]) -> bytes:
        """As the port SystemStore says."""
        return await self._running.in_writer(lambda writer: writer.load_or_create(name, create))

    async def add_error_reports(self, reports: Sequence[ErrorReport], most: int) -> None:
        """As the port SystemStore says."""
        await self._running.in_writer(lambda writer: writer.add_error_reports(reports, most))

    async def get_error_report(self, report_id: str) -> ErrorReport | None:
        """As the port SystemStore says."""
        return self._running.reader.get_error_report(report_id)

    async def list_error_reports(self, query: ReportQuery) -> tuple[ErrorReport, ...]:
        """As the port SystemStore says."""
        return await self._running.readers.run(lambda reader: reader.list_error_reports(query))

    @property
    def _running(self) -> Engine:
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
