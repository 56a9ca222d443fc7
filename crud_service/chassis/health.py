"""Whether the node is well: probes that look at what it needs, again and again, so that nobody who asks has to wait.

Who asks gets what the last look found. A probe that hangs is counted as failing when its time is over; it is never
started a second time beside itself, and keeps neither the others nor an answer waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum

import msgspec

from crud_service.model.errors import CrudError, Reason
from crud_service.model.ports.background import Run, run_alone
from crud_service.model.timestamp import Timestamp


class Status(StrEnum):
    """What a probe found."""

    OK = "ok"
    WARNING = "warning"
    """It works, but slowly, or what the node can do without does not."""
    FAILING = "failing"
    """What the node cannot do without does not work: it is not ready."""


class Measured(msgspec.Struct, frozen=True):
    """What a look measured of many, where the time that it took itself says nothing."""

    seconds: float
    """Their mean, which counts."""
    p99: float = 0.0
    """What 99 % of them did not exceed, in seconds."""


class Probe(msgspec.Struct, frozen=True):
    """One thing to look at."""

    name: str
    check: Callable[[], Awaitable[Measured | None]]
    """Looks. Raises when it is not well. Returns what it measured, or None if what counts is how long it took."""
    advice: str
    """What somebody should do when it fails."""
    slow_after: float = float("inf")
    """Seconds past which it is a warning."""
    advice_when_slow: str = ""
    needed: bool = True
    """Whether the node is not ready while it fails. If not, failing is a warning."""


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a probe found the last time."""

    name: str
    status: Status
    since: Timestamp
    """When the status became this one."""
    seconds: float
    """What the last look took, or measured."""
    p99: float = 0.0
    """What 99 % of what it measured did not exceed, in seconds; 0 if it does not measure that, or there was nothing."""
    problem: str = ""
    """What is wrong, in one line without secrets; empty while all is well."""
    advice: str = ""
    """What to do about it."""


class Health:
    """Looks at all probes every `interval` seconds, in parallel, each for at most `timeout` seconds.

    `changed(verdict)` is called when the status of a probe has changed (the first time, unless it is OK), and
    `ready(is_ready)` is awaited when readiness has. `now` is the wall clock.
    """

    def __init__(
        self,
        interval: float,
        timeout: float,
        now: Callable[[], Timestamp],
        changed: Callable[[Verdict], None],
        ready: Callable[[bool], Awaitable[None]],
    ) -> None:
        self._interval = interval
        self._timeout = timeout
        self._now = now
        self._changed = changed
        self._tell_ready = ready
        self._probes: dict[str, _Probing] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._told_ready = False
        self._serving = False
        self._task: asyncio.Task[None] | None = None
        self.is_started = False
        """Whether the node has been ready once."""
        self.is_draining = False
        """Whether it wants no more calls."""

    @property
    def is_ready(self) -> bool:
        """Whether the node takes calls: it has started, does not drain, and has all it needs."""
        return self._serving and all(each.status is not Status.FAILING for each in self._verdicts.values())

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What each probe found the last time, in the order they were added."""
        return tuple(self._verdicts.values())

    def add(self, probes: Iterable[Probe]) -> None:
        """Look at these too, from the next look on. Names are unique."""
        for probe in probes:
            self._probes[probe.name] = _Probing(probe, self._timeout)

    async def start(self, run: Run = run_alone) -> None:
        """The node takes calls: look once, then again and again in the background."""
        self._serving = True
        await self.look()
        self._task = run("health", self._repeat)

    async def drain(self) -> None:
        """The node wants no more calls: it is not ready from now on."""
        self._serving, self.is_draining = False, True
        await self._follow()

    async def close(self) -> None:
        """Look no more. Closing twice does nothing."""
        self._serving = False
        tasks = [each.task for each in self._probes.values() if each.task] + ([self._task] if self._task else [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self) -> None:
        """Look at all probes once, and tell what has changed."""
        found = await asyncio.gather(*[each.look() for each in self._probes.values()])
        for status, probe, measured, problem in found:
            before = self._verdicts.get(probe.name)
            is_same = before is not None and before.status is status
            since = before.since if before is not None and is_same else self._now()
            is_slow = measured.seconds > probe.slow_after
            advice = "" if not problem else probe.advice_when_slow if is_slow else probe.advice
            verdict = Verdict(probe.name, status, since, round(measured.seconds, 6), measured.p99, problem, advice)
            self._verdicts[probe.name] = verdict
            if not is_same and (before or status is not Status.OK):
                self._changed(verdict)
        await self._follow()

    async def _follow(self) -> None:
        """Tell whether the node is ready, if that has changed."""
        is_ready = self.is_ready
        self.is_started = self.is_started or is_ready
        if is_ready != self._told_ready:
            self._told_ready = is_ready
            await self._tell_ready(is_ready)

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            await self.look()


class _Probing:
    """A probe, and its look that is under way."""

    def __init__(self, probe: Probe, timeout: float) -> None:
        self._probe = probe
        self._timeout = timeout
        self._began = 0.0
        self.task: asyncio.Task[Measured | None] | None = None

    async def look(self) -> tuple[Status, Probe, Measured, str]:
        """The status, the probe, what it measured and the problem. Goes on with a look that has not ended."""
        loop, probe = asyncio.get_running_loop(), self._probe
        if self.task is None:
            self._began = loop.time()
            self.task = asyncio.ensure_future(probe.check())
        await asyncio.wait([self.task], timeout=self._timeout)
        took = Measured(loop.time() - self._began)
        bad = Status.FAILING if probe.needed else Status.WARNING
        if not self.task.done():
            return bad, probe, took, f"no answer for {took.seconds:.1f} s"
        task, self.task = self.task, None
        failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        if failure is not None:
            return _status_of(failure, bad), probe, took, _problem_of(failure)
        measured = task.result() or took
        if measured.seconds > probe.slow_after:
            return Status.WARNING, probe, measured, f"takes {measured.seconds:.3f} s"
        return Status.OK, probe, measured, ""


def _status_of(failure: BaseException, bad: Status) -> Status:
    """A full store refuses writes with a reason of its own, and goes on reading: no cause to send callers away."""
    is_full = isinstance(failure, CrudError) and failure.reason is Reason.STORE_FULL
    return Status.WARNING if is_full else bad


def _problem_of(failure: BaseException) -> str:
    """What an answer says is meant to be shown; any other failure may hold secrets, so only its type is."""
    return failure.message if isinstance(failure, CrudError) else f"failed: {type(failure).__name__}"
