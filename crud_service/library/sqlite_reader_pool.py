"""Threads that read: each call has a reader of its own, and may be bounded in time, waiting for one included.

SQLite is stopped by `Connection.interrupt`, which costs a search nothing until it is called, and takes effect within
one record. A progress handler would take Python's lock again and again, and counts steps of any length, not time.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_reader import SqliteReader
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.measures import PoolMeasures

T = TypeVar("T")

# An interruption between two statements is lost, so it is repeated until the call has ended.
_REPEAT_SECONDS = 0.02


class ReaderPool:
    """`size` readers in as many threads, for the calls of one event loop."""

    def __init__(
        self, name: str, size: int, connect: Callable[[], sqlite3.Connection], statements: ReadStatements
    ) -> None:
        self._readers = [SqliteReader(connect, statements) for _ in range(size)]
        self._executor = ThreadPoolExecutor(size, thread_name_prefix=name)
        self._free = asyncio.Queue[SqliteReader]()
        self._name = name
        self._waiting = 0
        self._is_closed = False
        for reader in self._readers:
            self._free.put_nowait(reader)

    @property
    def measures(self) -> PoolMeasures:
        """How many threads read now, and how many calls wait for one."""
        threads = len(self._readers)
        return PoolMeasures(self._name, threads, threads - self._free.qsize(), self._waiting)

    async def run(self, read: Callable[[SqliteReader], T], deadline: float | None = None) -> T:
        """`read(reader)` in a thread. A caller that stops waiting ends it.

        CrudError: `QUERY_TIMEOUT` when the loop's clock passes `deadline`, `SHUTTING_DOWN` if the pool is closed before
        it begins.
        """
        loop = asyncio.get_running_loop()
        reader = await self._reader(deadline)
        if self._is_closed:
            self._free.put_nowait(reader)  # for the next one that waits
            raise CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, "the store is closed; try another node")
        job = self._executor.submit(read, reader)
        job.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.put_nowait, reader))
        timer = None if deadline is None else loop.call_at(deadline, _stop, loop, job, reader)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            _stop(loop, job, reader)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def _reader(self, deadline: float | None) -> SqliteReader:
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                return await self._free.get()
        except TimeoutError as cause:
            message = "other searches left no time for this one; try again, or let indexes serve the searches"
            raise CrudError(Kind.DEADLINE_EXCEEDED, Reason.QUERY_TIMEOUT, message) from cause
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Wait for the calls under way, and close the connections."""
        self._is_closed = True
        await asyncio.to_thread(self._executor.shutdown)
        for reader in self._readers:
            reader.connection.close()


def _stop(loop: asyncio.AbstractEventLoop, job: Future[Any], reader: SqliteReader) -> None:
    """Interrupt what `job` reads, until it has ended. On the loop, which hands the reader on only after that."""
    if not job.done():
        reader.connection.interrupt()
        loop.call_later(_REPEAT_SECONDS, _stop, loop, job, reader)
