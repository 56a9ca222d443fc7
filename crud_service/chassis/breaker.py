"""Leaves a dependency alone that fails: who calls it then waits for nothing, and it gets the time to recover.

    CLOSED      calls go through; their outcomes are counted over a rolling window
    OPEN        no call goes through, for a while
    HALF_OPEN   a few calls at a time go through as probes: the first failure opens again, some successes close

What a dependency answers, be it a refusal, is a success here: only what says that it is unwell counts as a failure.
"""

from collections.abc import Callable
from enum import StrEnum
from time import monotonic

import msgspec

from crud_service.model.ports.outgoing import DependencyAway

_BUCKETS = 10


class State(StrEnum):
    """What a breaker does with calls."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerLimits(msgspec.Struct, frozen=True):
    """When a breaker opens and closes. Times are in seconds."""

    failure_rate: float = 0.5
    """The share of failures in the window from which on it opens."""
    least_calls: int = 10
    """Calls in the window without which it does not open, whatever became of them."""
    window: float = 30.0
    open_seconds: float = 2.0
    """How long no call goes through."""
    probes: int = 3
    """Calls that go through at a time while it is half open, and successes in a row that close it."""


class Breaker:
    """The breaker of one dependency. `changed` is called with each new state; `clock` counts seconds, and only goes on.

    A call asks `enter` whether it may be made, and says to `leave` what became of it, always.
    """

    def __init__(
        self,
        name: str,
        limits: BreakerLimits,
        changed: Callable[[State], None] = lambda state: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._name = name
        self._limits = limits
        self._changed = changed
        self._clock = clock
        self._window = _Window(limits.window, clock)
        self._era = 0
        self._opened_at = 0.0
        self._probing = 0
        self._passed = 0
        self.state = State.CLOSED
        """What it does with calls now. It is half open from the first call on that comes after the time it is open."""

    def enter(self) -> int:
        """A permit for one call, to be given to `leave`. Raises DependencyAway if the call may not be made."""
        if self.state is State.OPEN:
            left = self._opened_at + self._limits.open_seconds - self._clock()
            if left > 0:
                raise DependencyAway(self._name, left)
            self._become(State.HALF_OPEN)
        if self.state is State.HALF_OPEN:
            if self._probing >= self._limits.probes:
                raise DependencyAway(self._name, self._limits.open_seconds)
            self._probing += 1
        return self._era

    def leave(self, permit: int, *, failed: bool | None) -> None:
        """A call has ended, with a failure or not; None for one that was given up, which tells nothing."""
        if permit != self._era:
            return  # it was let in before the state changed, and is no news of how things are now
        if self.state is State.HALF_OPEN:
            self._probing -= 1
            if failed:
                self._become(State.OPEN)
            elif failed is not None:
                self._passed += 1
                if self._passed >= self._limits.probes:
                    self._become(State.CLOSED)
        elif failed is not None:
            calls, failures = self._window.add(failed=failed)
            if failed and calls >= self._limits.least_calls and failures >= self._limits.failure_rate * calls:
                self._become(State.OPEN)

    def _become(self, state: State) -> None:
        self.state = state
        self._era += 1
        self._opened_at = self._clock()
        self._probing = self._passed = 0
        # What was counted before belongs to another time: it must not open a breaker again that has just closed.
        self._window.clear()
        self._changed(state)


class _Window:
    """Calls and failures of the last seconds, in buckets that are forgotten one after the other."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._width = seconds / _BUCKETS
        self._clock = clock
        self._buckets: dict[int, list[int]] = {}

    def add(self, *, failed: bool) -> tuple[int, int]:
        """Count one call. Returns the calls and the failures of the window."""
        current = int(self._clock() / self._width)
        for old in [each for each in self._buckets if each <= current - _BUCKETS]:
            del self._buckets[old]
        bucket = self._buckets.setdefault(current, [0, 0])
        bucket[0] += 1
        bucket[1] += failed
        return sum(each[0] for each in self._buckets.values()), sum(each[1] for each in self._buckets.values())

    def clear(self) -> None:
        """Forget everything."""
        self._buckets.clear()
