"""Tries again what may succeed another time: after a pause that grows and is jittered, and never beyond a budget.

Callers that all try again at once, or three times as often because something is slow, keep down what they wait for. So
pauses are drawn anew each time between nothing and their bound (full jitter), and retries are a share of calls: when
everything fails, a budget of 10 % is 1.1 times the load, not 3 times.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from crud_service.model.backoff import Backoff

T = TypeVar("T")


class RetryBudget:
    """Retries as a share of calls: each call adds `ratio` of a retry, up to `most` that are kept for later.

    It begins with one. The others have to be earned, so that a start in the middle of an outage makes it no worse.
    """

    def __init__(self, ratio: float, most: float = 10.0) -> None:
        self._ratio = ratio
        self._most = most if ratio > 0 else 0.0
        self.left = min(1.0, self._most)
        """Retries that may be made now."""

    def earn(self) -> None:
        """A call is made."""
        self.left = min(self._most, self.left + self._ratio)

    def spend(self) -> bool:
        """Whether a retry may be made, which it then is."""
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Retry:
    """Makes calls, up to `attempts` times each. `clock` is that of deadlines; `sleep` waits for so many seconds."""

    def __init__(
        self,
        budget: RetryBudget,
        backoff: Backoff,
        attempts: int,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._budget = budget
        self._backoff = backoff
        self._attempts = attempts
        self._clock = clock
        self._sleep = sleep
        self.retries = 0
        """Attempts that were made after a first one."""

    async def __call__(
        self, attempt: Callable[[], Awaitable[T]], is_transient: Callable[[Exception], bool], deadline: float
    ) -> T:
        """What an attempt gives. Raises what the last one raised.

        There is no other attempt after a failure that is not transient, when the budget is used up, or when the pause
        would end at the deadline or after it.
        """
        self._budget.earn()
        failures = 0
        while True:
            try:
                return await attempt()
            except Exception as error:
                failures += 1
                if failures >= self._attempts or not is_transient(error):
                    raise
                pause = self._backoff.pause(failures)
                if self._clock() + pause >= deadline or not self._budget.spend():
                    raise
            self.retries += 1
            await self._sleep(pause)
