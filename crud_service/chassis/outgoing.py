"""What every call to a dependency goes through: retry around breaker around time-out, outermost first.

The breaker sees every attempt, so it opens while retries are still made; a call that it refuses is not tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

import msgspec

from crud_service.chassis.breaker import Breaker, BreakerLimits, State
from crud_service.chassis.retry import Retry, RetryBudget
from crud_service.model.backoff import Backoff
from crud_service.model.measures import DependencyMeasures
from crud_service.model.ports.outgoing import DependencyAway

T = TypeVar("T")


class OutgoingLimits(msgspec.Struct, frozen=True):
    """How calls to dependencies are made."""

    breaker: BreakerLimits = BreakerLimits()
    attempts: int = 3
    """Attempts of one call at most."""
    retry_ratio: float = 0.1
    """Retries as a share of calls."""
    backoff: Backoff = Backoff()


class Dependency:
    """One dependency: calls it as the port `Outgoing` says. `clock` counts seconds, and only goes on.

    `is_unwell` tells whether an error of a call means that the dependency is unwell; other errors are its answers.
    `changed` is called when the breaker has another state.
    """

    def __init__(
        self,
        name: str,
        limits: OutgoingLimits,
        is_unwell: Callable[[Exception], bool],
        changed: Callable[[str, State], None] = lambda name, state: None,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = name
        self._is_unwell = is_unwell
        self._clock = clock
        self._breaker = Breaker(name, limits.breaker, lambda state: changed(name, state), clock)
        budget = self._budget = RetryBudget(limits.retry_ratio)
        self._retry = Retry(budget, limits.backoff, limits.attempts, clock=clock, sleep=sleep)
        self._outcomes = {"ok": 0, "refused": 0, "failed": 0, "timeout": 0, "cancelled": 0, "not_called": 0}

    @property
    def measures(self) -> DependencyMeasures:
        """What became of its calls."""
        return DependencyMeasures(
            self.name, self._breaker.state.value, dict(self._outcomes), self._retry.retries, self._budget.left
        )

    async def __call__(self, call: Callable[[], Awaitable[T]], seconds: float) -> T:
        """What `call` gives; see the port."""
        deadline = self._clock() + seconds
        return await self._retry(lambda: self._attempt(call, deadline), self._is_transient, deadline)

    async def _attempt(self, call: Callable[[], Awaitable[T]], deadline: float) -> T:
        try:
            permit = self._breaker.enter()
        except DependencyAway:
            self._outcomes["not_called"] += 1
            raise
        outcome, failed = "cancelled", None
        try:
            async with asyncio.timeout(deadline - self._clock()):
                result = await call()
            outcome, failed = "ok", False
            return result
        except TimeoutError:
            outcome, failed = "timeout", True
            raise
        except Exception as error:
            failed = self._is_unwell(error)
            outcome = "failed" if failed else "refused"
            raise
        finally:
            self._outcomes[outcome] += 1
            self._breaker.leave(permit, failed=failed)

    def _is_transient(self, error: Exception) -> bool:
        if isinstance(error, DependencyAway) or self._breaker.state is State.OPEN:
            return False  # another attempt would not be made, and would tell less than this one
        return isinstance(error, TimeoutError) or self._is_unwell(error)
