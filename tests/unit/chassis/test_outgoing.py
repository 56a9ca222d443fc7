"""A dependency: time-out, breaker and retry around each call to it."""

import asyncio

import pytest

from crud_service.chassis.breaker import BreakerLimits, State
from crud_service.chassis.outgoing import Dependency, OutgoingLimits
from crud_service.model.ports.outgoing import DependencyAway


class Refused(Exception):
    """The dependency has answered, with a no."""


class Called:
    """A dependency that answers as the test says, and never waits between attempts."""

    def __init__(self, *, attempts: int = 1, ratio: float = 1.0) -> None:
        self.now = 50.0
        self.states: list[State] = []
        self.made = 0
        self.error: Exception | None = None
        limits = OutgoingLimits(BreakerLimits(least_calls=4), attempts, ratio)
        self.dependency = Dependency(
            "consul",
            limits,
            lambda error: not isinstance(error, Refused),
            lambda name, state: self.states.append(state),
            clock=lambda: self.now,
            sleep=lambda seconds: asyncio.sleep(0),
        )

    async def answer(self) -> str:
        self.made += 1
        if self.error is not None:
            raise self.error
        return "done"

    async def call(self) -> str:
        return await self.dependency(self.answer, 5.0)

    async def fails(self, error: Exception, times: int = 1) -> None:
        """So many calls that end with this error."""
        self.error = error
        for _ in range(times):
            with pytest.raises(type(error)):
                await self.call()
        self.error = None

    @property
    def outcomes(self) -> dict[str, int]:
        return {name: count for name, count in self.dependency.measures.outcomes.items() if count}


async def test_an_answer_never_counts() -> None:
    """However often a dependency refuses, it is called, and it is not asked again for the same."""
    called = Called(attempts=3)
    await called.fails(Refused("no"), 100)
    assert (called.made, called.states, called.outcomes) == (100, [], {"refused": 100})


async def test_failures_open_the_breaker_and_are_seen() -> None:
    """Failures open it; calls are not made then, until some have succeeded again."""
    called = Called()
    await called.fails(ConnectionError(), 4)
    assert called.states == [State.OPEN]
    await called.fails(DependencyAway("consul", 1))
    assert (called.made, called.outcomes) == (4, {"failed": 4, "not_called": 1})
    assert called.dependency.measures.state == "open"
    called.now += 2.0
    for _ in range(3):
        assert await called.call() == "done"
    assert called.states == [State.OPEN, State.HALF_OPEN, State.CLOSED]


async def test_a_call_that_was_not_made_is_not_tried_again() -> None:
    """The failure that opens the breaker is the last one, whatever attempts are left; further calls are not made."""
    called = Called(attempts=10, ratio=5.0)
    await called.fails(ConnectionError())
    assert (called.made, called.dependency.measures.retries) == (4, 3)
    await called.fails(DependencyAway("consul", 1))
    assert called.outcomes == {"failed": 4, "not_called": 1}


async def test_time_is_bounded() -> None:
    """A call that hangs ends with its time, and counts as a failure."""
    called = Called(attempts=3)
    with pytest.raises(TimeoutError):
        await called.dependency(asyncio.Event().wait, 0.01)
    assert called.outcomes["timeout"] >= 1


async def test_a_caller_that_goes_away_is_no_failure() -> None:
    """A call that its caller cancels says nothing about the dependency, and gives a probe's place back."""
    called = Called()
    await called.fails(ConnectionError(), 4)
    called.now += 2.0
    for _ in range(5):
        task = asyncio.ensure_future(called.dependency(asyncio.Event().wait, 5.0))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    assert called.outcomes == {"failed": 4, "cancelled": 5}
    for _ in range(3):
        await called.call()
    assert called.states[-1] is State.CLOSED


async def test_a_retry_earns_its_place() -> None:
    """A failure that passes is hidden from the caller, and counted."""
    called = Called(attempts=2)
    answers = [ConnectionError(), None]

    async def once() -> str:
        called.error = answers.pop(0)
        return await called.answer()

    assert await called.dependency(once, 5.0) == "done"
    measures = called.dependency.measures
    assert (measures.retries, called.outcomes, measures.budget) == (1, {"failed": 1, "ok": 1}, 1.0)
