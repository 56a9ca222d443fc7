"""Keeps a report of every failure that nobody expected. What fails waits for nothing but the making of its report.

Failures of one cause are counted in memory, the first few of them in detail, and stored together at a bounded pace. So
a storm costs the store no more than one failure does, and a store that is away gets what happened once it is back.
"""

import asyncio
import platform
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from crud_service.chassis.failure import described_failure, fingerprint
from crud_service.chassis.metrics import operation_class
from crud_service.chassis.recent_calls import printable
from crud_service.chassis.redaction import described
from crud_service.model.call import INTERNAL, Call, Handler
from crud_service.model.errors import CrudError, Kind
from crud_service.model.measures import ReportMeasures
from crud_service.model.ports.background import Run
from crud_service.model.ports.system_store import SystemStore
from crud_service.model.record import NodeInfo
from crud_service.model.reports import OCCURRENCES, ErrorReport, Occurrence, RecentCall, joined
from crud_service.model.timestamp import Timestamp

BUILD = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}"
"""What runs the code: the interpreter and the system."""


class ReportLimits(msgspec.Struct, frozen=True):
    """How much is kept, and how often it is stored."""

    stored: int = 500
    """Reports in the store at most; those seen longest ago go first."""
    waiting: int = 100
    """Reports that wait in memory for the store at most."""
    seconds: float = 1.0
    """Between two writes of the store at least; ten times as long after one that failed."""
    closing_seconds: float = 1.0
    """How long a node that stops tries to store what waits."""


class ErrorReports:
    """Makes the reports of a node, logs each failure once, and stores the reports in the background.

    `log(event, call, report, detailed)` writes the line; `detailed` is off while failures of a cause are only counted.
    `recent` tells what the caller did before.
    """

    def __init__(
        self,
        store: SystemStore,
        node: NodeInfo,
        log: Callable[[str, Call, ErrorReport, bool], None],
        recent: Callable[[Call], tuple[RecentCall, ...]],
        clock: Callable[[], Timestamp],
        limits: ReportLimits | None = None,
    ) -> None:
        self._store = store
        self._node = node
        self._log = log
        self._recent = recent
        self._clock = clock
        self._limits = limits or ReportLimits()
        self._waiting: dict[str, ErrorReport] = {}
        self._made: dict[str, int] = {}
        self._dropped = 0
        self._some_wait = asyncio.Event()
        self._storing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def measures(self) -> ReportMeasures:
        """How many failures there were, and what became of their reports."""
        return ReportMeasures(dict(self._made), len(self._waiting), self._dropped)

    def report(self, call: Call, error: BaseException, event: str = "the service failed inside") -> str:
        """Count, log and keep a failure; the id of its report. Waits for nothing. `event` is what the log says."""
        kind = "background" if call.transport == INTERNAL else operation_class(call.operation)
        self._made[kind] = self._made.get(kind, 0) + 1
        report_id = fingerprint(error)
        known = self._waiting.pop(report_id, None)
        detailed = known is None or len(known.occurrences) < OCCURRENCES
        report = self._report(report_id, call, error) if detailed or known is None else self._again(known, call)
        self._waiting[report_id] = report if known is None or not detailed else joined(known, report)
        if len(self._waiting) > self._limits.waiting:
            del self._waiting[next(iter(self._waiting))]
            self._dropped += 1
        self._some_wait.set()
        self._log(event, call, report, detailed)
        return report_id

    def describing(self, handler: Handler) -> Handler:
        """Middleware for the innermost place: what fails leaves a description of its request in the call."""

        async def described_call(call: Call, request: Any) -> Any:
            try:
                return await handler(call, request)
            except CrudError as error:
                if error.kind is Kind.INTERNAL:
                    call.input = described(request)
                raise
            except Exception:
                call.input = described(request)
                raise

        return described_call

    def start(self, run: Run) -> None:
        """Store what waits, from now on."""
        self._task = run("error reports", self._keep_storing)

    async def close(self) -> None:
        """Store what still waits, unless that takes too long. Closing twice does nothing."""
        task, self._task = self._task, None
        if task is None:
            return
        with suppress(Exception):  # the reports were logged; a store that is away must not keep a node from stopping
            async with asyncio.timeout(self._limits.closing_seconds):
                await self._store_all()
        task.cancel()
        await asyncio.wait([task])

    async def _keep_storing(self) -> None:
        while True:
            await self._some_wait.wait()
            pause = self._limits.seconds
            try:
                await self._store_all()
            except Exception:  # noqa: BLE001 - a failure here must make no report of its own: it would never end
                pause *= 10
            await asyncio.sleep(pause)

    async def _store_all(self) -> None:
        """Store all that waits, or leave it waiting. One at a time: what is under way must not be counted twice."""
        async with self._storing:
            self._some_wait.clear()
            waiting, self._waiting = self._waiting, {}
            if not waiting:
                return
            try:
                await self._store.add_error_reports(list(waiting.values()), self._limits.stored)
            except BaseException:
                self._take_back(waiting)
                raise

    def _take_back(self, waiting: dict[str, ErrorReport]) -> None:
        """What could not be stored waits again, together with what has come meanwhile."""
        for report_id, later in self._waiting.items():
            before = waiting.pop(report_id, None)
            waiting[report_id] = later if before is None else joined(before, later)
        over = max(0, len(waiting) - self._limits.waiting)
        for report_id in list(waiting)[:over]:
            del waiting[report_id]
        self._dropped += over
        self._waiting = waiting
        self._some_wait.set()

    def _report(self, report_id: str, call: Call, error: BaseException) -> ErrorReport:
        failure, time, version = described_failure(error), self._clock(), self._node.version
        return ErrorReport(
            report_id,
            failure.type,
            failure.message,
            failure.causes,
            failure.code_line,
            failure.stack,
            call.operation,
            1,
            time,
            version,
            time,
            version,
            (self._occurrence(call, time),),
        )

    def _again(self, known: ErrorReport, call: Call) -> ErrorReport:
        """One more of what is kept in detail already."""
        time = self._clock()
        return msgspec.structs.replace(
            known,
            operation=call.operation,
            count=known.count + 1,
            last_seen_time=max(time, known.last_seen_time),
        )

    def _occurrence(self, call: Call, time: Timestamp) -> Occurrence:
        return Occurrence(
            time,
            call.operation,
            call.transport,
            printable(call.principal),
            printable(call.resource),
            call.call_id,
            call.trace_id,
            self._node.node_id,
            self._node.version,
            self._node.commit,
            BUILD,
            call.input,
            self._recent(call),
        )


def stack_lines(report: ErrorReport) -> Iterator[str]:
    """The stack of a report for a log: a line for each call, the outermost first, then what was raised."""
    for each in report.stack:
        yield str(each)
    yield f"{report.type}: {report.message}"
    for cause in report.causes:
        yield f"caused by {cause.type}: {cause.message}"
