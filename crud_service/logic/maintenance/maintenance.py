"""The node's own work, in the background."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic as monotonic_clock

from crud_service.logic.maintenance.clock_guard import ClockGuard
from crud_service.logic.maintenance.compaction import Compaction, HistoryKept
from crud_service.logic.maintenance.index_builder import IndexBuilder
from crud_service.logic.maintenance.record_sweep import RecordSweep, expiry, purge
from crud_service.logic.maintenance.system_call import Report
from crud_service.logic.writer import Writer
from crud_service.model.errors import CrudError, Reason
from crud_service.model.measures import MaintenanceMeasures
from crud_service.model.ports.background import Run, run_alone
from crud_service.model.ports.record_store import RecordStore

_SELDOM_SECONDS = 60.0
"""How often it looks for what hurries nobody: requests to forget, history to give up, and indexes that another node has
left unfinished.
"""
_FORGET_BATCH = 500


class Maintenance:
    """Expires and purges records, forgets requests, compacts the log, and builds indexes.

    Every node of a store does all of it; who is faster wins. It looks for due records every `interval` seconds, and for
    indexes to build and history to give up when it is woken, too. While the wall clock cannot be trusted, nothing that
    it ends is ended.
    """

    def __init__(
        self,
        store: RecordStore,
        writer: Writer,
        *,
        interval: float,
        history: HistoryKept,
        new_call_id: Callable[[], str],
        report: Report,
        monotonic: Callable[[], float] = monotonic_clock,
    ) -> None:
        self._store = store
        self._writer = writer
        self._interval = interval
        self._report = report
        self._guard = ClockGuard(writer.now, monotonic, lambda message: report(message, None))
        self._expiry, self._purge = (
            RecordSweep(kind, store, writer, monotonic=monotonic, new_call_id=new_call_id, report=report)
            for kind in (expiry(store), purge(store))
        )
        self._compaction = Compaction(store, history, clock=writer.now, monotonic=monotonic, report=report)
        self._indexes = IndexBuilder(store, writer, monotonic=monotonic, new_call_id=new_call_id, report=report)
        self._wakers: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._failing = 0

    @property
    def measures(self) -> MaintenanceMeasures:
        """What it has done since it was made, and whether something keeps it from its work."""
        return MaintenanceMeasures(
            self._expiry.changed,
            self._purge.changed,
            self._compaction.removed,
            self._failing,
            self._guard.agreed,
        )

    def start(self, run: Run = run_alone) -> None:
        """Begin in the background. What was left unfinished when the node stopped is done first."""
        self._keep(run, "sweep", self.sweep, self._interval)
        self._keep(run, "indexes", self.build_indexes, _SELDOM_SECONDS)
        self._keep(run, "requests", self.forget_requests, _SELDOM_SECONDS)
        self._keep(run, "compaction", self.compact, _SELDOM_SECONDS)

    def wake(self) -> None:
        """Look for work now, not only when it is time."""
        for waker in self._wakers:
            waker.set()

    async def close(self) -> None:
        """Stop. What was begun is either done or not begun; closing twice does nothing."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def sweep(self) -> None:
        """Expire and purge the records whose time has come. Raises CrudError when the store cannot be used."""
        if self._guard.agrees():
            await self._expiry.run()
            await self._purge.run()

    async def forget_requests(self) -> None:
        """Forget idempotent requests whose time is over. Raises CrudError when the store cannot be used."""
        while self._guard.agrees():
            if await self._store.forget_requests(self._writer.now(), _FORGET_BATCH) < _FORGET_BATCH:
                return
            await asyncio.sleep(0)

    async def compact(self) -> None:
        """Let history go that need not be kept. Raises CrudError when the store cannot be used."""
        if self._guard.agrees():
            await self._compaction.run()

    async def build_indexes(self) -> None:
        """Build the indexes that are not ready. Raises CrudError when the store cannot be used."""
        await self._indexes.run()

    def _keep(self, run: Run, name: str, work: Callable[[], Awaitable[None]], interval: float) -> None:
        waker = asyncio.Event()
        self._wakers.append(waker)
        self._tasks.append(run(f"maintenance {name}", lambda: self._repeat(work, interval, waker)))

    async def _repeat(self, work: Callable[[], Awaitable[None]], interval: float, waker: asyncio.Event) -> None:
        """Do the work again and again. A failure is reported once, until it has worked again."""
        failed = False
        while True:
            waker.clear()
            try:
                await work()
                now_failed = False
            except Exception as error:  # noqa: BLE001 - nothing may end the keeping
                if not failed and not _is_closing(error):
                    self._report("maintenance cannot go on, and tries again", error)
                now_failed = True
            self._failing += now_failed - failed
            failed = now_failed
            # A failure is tried again soon, whatever the pace of the work is.
            with suppress(TimeoutError):
                async with asyncio.timeout(min(interval, self._interval) if failed else interval):
                    await waker.wait()


def _is_closing(error: Exception) -> bool:
    return isinstance(error, CrudError) and error.reason is Reason.SHUTTING_DOWN
