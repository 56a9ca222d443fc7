"""Trying again: how often, after which pauses, until when."""

import pytest

from crud_service.chassis.retry import Retry, RetryBudget
from crud_service.model.backoff import Backoff


class Failing:
    """Fails so often, then works; with a clock that the pauses turn."""

    def __init__(self, failures: int, *, budget: float = 1.0, attempts: int = 3) -> None:
        self.failures = failures
        self.calls = 0
        self.now = 100.0
        self.pauses: list[float] = []
        self.budget = RetryBudget(budget)
        self.retry = Retry(
            self.budget, Backoff(first=0.1, most=1.0), attempts, clock=lambda: self.now, sleep=self.sleep
        )

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    async def attempt(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError(self.calls)
        return "done"

    async def run(self, seconds: float = 60.0, *, transient: bool = True) -> str:
        return await self.retry(self.attempt, lambda error: transient, self.now + seconds)


async def test_a_call_that_works_is_made_once() -> None:
    """Without a failure there is one attempt and no pause."""
    calls = Failing(0)
    assert await calls.run() == "done"
    assert (calls.calls, calls.pauses, calls.retry.retries) == (1, [], 0)


async def test_a_failure_that_passes() -> None:
    """A call that fails twice is made a third time."""
    calls = Failing(2)
    assert await calls.run() == "done"
    assert (calls.calls, calls.retry.retries) == (3, 2)
    assert 0 <= calls.pauses[0] <= 0.1
    assert 0 <= calls.pauses[1] <= 0.2


async def test_attempts_have_an_end() -> None:
    """After its attempts the call ends with what the last one raised."""
    calls = Failing(99)
    with pytest.raises(ConnectionError, match="3"):
        await calls.run()
    assert calls.calls == 3


async def test_an_answer_is_no_reason_to_ask_again() -> None:
    """What is not transient is raised at once."""
    calls = Failing(1)
    with pytest.raises(ConnectionError):
        await calls.run(transient=False)
    assert calls.calls == 1


async def test_nobody_pauses_past_the_deadline() -> None:
    """A pause that would end at the deadline or after it is not made."""
    calls = Failing(99, attempts=1_000, budget=1_000)
    with pytest.raises(ConnectionError):
        await calls.run(seconds=3.0)
    assert calls.now < 103.0
    assert calls.calls > 3
    late = Failing(1)
    with pytest.raises(ConnectionError):
        await late.run(seconds=0.0)
    assert (late.calls, late.pauses) == (1, [])


async def test_the_budget_bounds_what_an_outage_adds() -> None:
    """When every call fails, a budget of 10 % makes 1,100 attempts of 1,000 calls, and the one it begins with."""
    calls = Failing(1_000_000, budget=0.1)
    for _ in range(1_000):
        with pytest.raises(ConnectionError):
            await calls.run()
    assert 1_100 <= calls.calls <= 1_101
    assert calls.retry.retries == calls.calls - 1_000


async def test_no_budget_is_no_retry() -> None:
    """A ratio of nothing means one attempt a call."""
    calls = Failing(1, budget=0.0)
    with pytest.raises(ConnectionError):
        await calls.run()
    assert (calls.calls, calls.budget.left) == (1, 0)


def test_pauses_are_spread_over_their_whole_bound() -> None:
    """Full jitter: pauses lie between nothing and their bound, which doubles up to the most."""
    backoff = Backoff(first=1.0, most=4.0)
    for failures, bound in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 4.0), (10_000, 4.0)):
        pauses = [backoff.pause(failures) for _ in range(500)]
        assert 0 <= min(pauses) < 0.1 * bound
        assert 0.9 * bound < max(pauses) <= bound


def test_less_jitter_keeps_a_least_pause() -> None:
    """With half of it left to chance a pause is never less than half of its bound."""
    pauses = [Backoff(first=1.0, jitter=0.5).pause(1) for _ in range(500)]
    assert 0.5 <= min(pauses) < 0.55
    assert 0.95 < max(pauses) <= 1.0
