"""How late the event loop is, seen with a loop whose clock the test turns."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from crud_service.chassis.loop_lag import LoopLag


class Timer:
    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeLoop:
    """Has the two methods of a loop that are needed, and a clock that stands."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, due: float, callback: Callable[..., None], *arguments: Any) -> Timer:
        self.timers.append(Timer(due, lambda: callback(*arguments)))
        return self.timers[-1]

    def call_back(self, late: float) -> None:
        """Call what is due, so many seconds late."""
        timer = self.timers[-1]
        self.now = timer.due + late
        timer.callback()


def lag_of(loop: FakeLoop) -> LoopLag:
    lag = LoopLag(loop, interval=0.5)  # type: ignore[arg-type]
    lag.start()
    return lag


def test_lateness_is_measured() -> None:
    """Each call back adds how late it was, and the next one is expected from then on."""
    loop = FakeLoop()
    lag = lag_of(loop)
    assert loop.timers[0].due == 100.5
    loop.call_back(0.003)
    assert lag.last == pytest.approx(0.003)
    assert loop.timers[1].due == pytest.approx(101.003)
    loop.call_back(7.0)
    assert lag.last == pytest.approx(7.0)
    assert lag.seconds.total == pytest.approx(7.003)
    assert sum(lag.seconds.counts) == 2


def test_the_mean_is_taken_once() -> None:
    """Who takes the mean gets that of the time since the last one, and leaves nothing behind."""
    loop = FakeLoop()
    lag = lag_of(loop)
    for late in (0.1, 0.6, 0.2):
        loop.call_back(late)
    assert lag.take_mean() == pytest.approx(0.3)
    assert lag.take_mean() == 0.0
    loop.call_back(0.4)
    assert lag.take_mean() == pytest.approx(0.4)


def test_early_is_not_late() -> None:
    """A loop that calls back a little early, as its clock allows, has no lag."""
    loop = FakeLoop()
    lag = lag_of(loop)
    loop.call_back(-0.0001)
    assert (lag.last, lag.seconds.total) == (0.0, 0.0)


def test_stop() -> None:
    """After stop no look is due; stopping twice does nothing."""
    loop = FakeLoop()
    lag = lag_of(loop)
    loop.call_back(0.0)
    lag.stop()
    lag.stop()
    assert [timer.is_cancelled for timer in loop.timers] == [False, True]


async def test_a_blocked_loop_is_seen() -> None:
    """Once a loop that stood still goes on, the time it stood is in the distribution."""
    loop, passed = asyncio.get_running_loop(), asyncio.Event()
    lag = LoopLag(loop, interval=0.001)
    lag.start()
    until = loop.time() + 0.03
    while loop.time() < until:
        continue
    # What is due later is called later.
    loop.call_at(loop.time(), passed.set)
    await passed.wait()
    lag.stop()
    assert lag.seconds.total >= 0.02
