"""Takes as many calls at a time as the node can do, lets a few wait for a moment, and refuses the others at once.

A node that takes everything does everything late. One that refuses early keeps its promises to those it takes, and the
others can try elsewhere or again.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import msgspec

from crud_service.chassis.fair_queue import FairQueue
from crud_service.model.call import Call, Handler
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.measures import AdmissionMeasures

_RETRY_SECONDS = 1.0
# How many calls are looked at together, and how the limit answers to what they took.
_SAMPLE = 64
_SHRINK, _GROW = 0.75, 4


class AdmissionLimits(msgspec.Struct, frozen=True):
    """How much at a time."""

    executing: int = 256
    """Calls that run at a time at most."""
    executing_min: int = 16
    """Calls that run at a time even while they are slow."""
    slow_seconds: float = 0.5
    """The mean of what calls take, past which fewer of them run at a time."""
    waiting: int = 256
    """Calls that wait at most."""
    wait_seconds: float = 0.25
    """How long one waits at most."""
    lag_seconds: float = 0.25
    """How late the event loop may be; past it nobody waits, and fewer run at a time."""


class Admission:
    """Middleware that bounds how many calls run and wait. `clock` is that of `Call.deadline`.

    Principals take turns, and one of them cannot fill the queue against another. `loop_lag` tells how late the event
    loop is, in seconds.
    """

    def __init__(
        self,
        limits: AdmissionLimits,
        clock: Callable[[], float] = monotonic,
        loop_lag: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._loop_lag = loop_lag
        self._waiting: FairQueue[_Waiter] = FairQueue(limits.waiting)
        self._calls = 0
        self._seconds = 0.0
        self._settled = 0.0
        self.executing = 0
        """Calls that run now."""
        self.limit = limits.executing
        """How many may, now."""

    @property
    def waiting(self) -> int:
        """Calls that wait now."""
        return len(self._waiting)

    @property
    def measures(self) -> AdmissionMeasures:
        """How many calls run and wait now, and how many may run."""
        return AdmissionMeasures(self.executing, self.waiting, self.limit)

    def __call__(self, handler: Handler) -> Handler:
        """`handler`, which raises CrudError (`OVERLOADED`) for a call that is not taken."""

        async def admitted(call: Call, request: Any) -> Any:
            if self.executing < self.limit:
                self.executing += 1
            else:
                await self._wait(call)
            start = self._clock()
            try:
                return await handler(call, request)
            finally:
                end = self._clock()
                self._adapt(end - start, end)
                self._leave()

        return admitted

    async def _wait(self, call: Call) -> None:
        """Wait for a place among those that run; it is taken when this returns."""
        if self._is_late():
            raise _overloaded()  # who waits in a loop that is late waits twice
        loop, patience = asyncio.get_running_loop(), self._limits.wait_seconds
        if call.deadline is not None:
            patience = min(patience, call.deadline - self._clock())
        waiter = _Waiter(call.principal, loop.create_future())
        displaced = self._waiting.push(call.principal, waiter)
        if displaced is waiter:
            raise _overloaded()
        if displaced is not None:
            _refuse(displaced)
        timer = loop.call_later(patience, self._give_up, waiter)
        try:
            await waiter.place
        except asyncio.CancelledError:
            self._waiting.remove(waiter.principal, waiter)
            if waiter.has_place:
                self._leave()  # it came just when nobody wanted it any more
            raise
        finally:
            timer.cancel()
        if not waiter.has_place:
            # Not set as the exception of what is awaited: it would hold itself by this frame, and each refusal would be
            # garbage that only the collector finds, with everything standing still for it just when there is too much.
            raise _overloaded()

    def _give_up(self, waiter: "_Waiter") -> None:
        self._waiting.remove(waiter.principal, waiter)
        _refuse(waiter)

    def _leave(self) -> None:
        """A call has ended: those who wait go on, as far as there are places."""
        self.executing -= 1
        while self._waiting and self.executing < self.limit:
            waiter = self._waiting.pop()
            if not waiter.place.done():
                self.executing += 1
                waiter.has_place = True
                waiter.place.set_result(None)

    def _is_late(self) -> bool:
        return self._loop_lag() > self._limits.lag_seconds

    def _adapt(self, seconds: float, now: float) -> None:
        """Let fewer calls run while they are slow, and more again, step by step, when they are not."""
        self._calls += 1
        self._seconds += seconds
        if self._calls < _SAMPLE:
            return
        limits, mean = self._limits, self._seconds / self._calls
        self._calls, self._seconds = 0, 0.0
        if mean <= limits.slow_seconds and not self._is_late():
            self.limit = min(limits.executing, self.limit + _GROW)
        elif now >= self._settled:
            self.limit = max(min(limits.executing_min, limits.executing), int(self.limit * _SHRINK))
            # What ends sooner than this ran beside more calls than now: one slow moment must not count many times.
            self._settled = now + max(mean, limits.lag_seconds)


class _Waiter(msgspec.Struct, eq=False):
    """A call that waits."""

    principal: str
    place: "asyncio.Future[None]"
    """Done when it waits no more."""
    has_place: bool = False


def _refuse(waiter: _Waiter) -> None:
    """Let a call that waits go on, without a place."""
    if not waiter.place.done():
        waiter.place.set_result(None)


def _overloaded() -> CrudError:
    message = "the node has more to do than it can; nothing was stored; try again a little later, or another node"
    return CrudError(Kind.RESOURCE_EXHAUSTED, Reason.OVERLOADED, message, retry_after=_RETRY_SECONDS)
