"""Deadlines: who gives a call how long, and what happens when the time is over."""

import asyncio
from math import inf
from typing import Any

import pytest

from crud_service.chassis.deadline import Deadlines
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason

NOW = 1000.0


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def deadlines(clock: Clock) -> Deadlines:
    return Deadlines(5, 30, clock)


@pytest.mark.parametrize(
    ("deadline", "timeout_ms", "seconds"),
    [
        (None, "", 5),
        (NOW + 2, "", 2),
        (NOW + 30, "", 30),
        (NOW + 31, "", 30),
        (None, "1", 0.001),
        (None, "2500", 2.5),
        (None, "0002500", 2.5),
        (None, "30001", 30),
        (None, "9" * 12, 30),
    ],
)
async def test_how_long_a_call_has(
    deadlines: Deadlines, deadline: float | None, timeout_ms: str, seconds: float
) -> None:
    """The caller's time, or the default; never more than the most. Inner layers find it in the call."""

    async def handler(call: Call, request: Any) -> Any:
        return call.deadline

    call = Call("GetRecord", "http", deadline=deadline, timeout_ms=timeout_ms)
    assert await deadlines(handler)(call, None) == pytest.approx(NOW + seconds)


@pytest.mark.parametrize(
    ("deadline", "timeout_ms", "seconds"),
    [(None, "", 25), (NOW + 45, "", 45), (NOW + 51, "", 50), (None, "60000", 50), (None, "1000", 1)],
)
async def test_how_long_a_call_has_that_may_wait(
    clock: Clock, deadline: float | None, timeout_ms: str, seconds: float
) -> None:
    """What it may wait comes on top of what every call has; other operations have no more for it."""

    async def handler(call: Call, request: Any) -> Any:
        return call.deadline

    serve = Deadlines(5, 30, clock, {"ListChanges": 20})(handler)
    call = Call("ListChanges", "http", deadline=deadline, timeout_ms=timeout_ms)
    assert await serve(call, None) == pytest.approx(NOW + seconds)
    assert await serve(Call("GetRecord", "http", deadline=NOW + 45), None) == NOW + 30


@pytest.mark.parametrize(
    ("deadline", "timeout_ms", "until"), [(None, "", None), (NOW + 4e6, "", NOW + 4e6), (None, "90000", NOW + 90)]
)
async def test_a_stream_ends_when_its_caller_says(
    clock: Clock, deadline: float | None, timeout_ms: str, until: float | None
) -> None:
    """Without a word from the caller it has no deadline, and nobody looks after it; with one it has just that."""
    deadlines = Deadlines(5, 30, clock, {"WatchRecords": inf})

    async def handler(call: Call, request: Any) -> Any:
        return call.deadline, len(deadlines._open)

    call = Call("WatchRecords", "grpc", deadline=deadline, timeout_ms=timeout_ms)
    assert await deadlines(handler)(call, None) == (until, until is not None)


async def test_a_default_above_the_most(clock: Clock) -> None:
    """The most bounds the default too."""

    async def handler(call: Call, request: Any) -> Any:
        return call.deadline

    assert await Deadlines(50, 30, clock)(handler)(Call("GetRecord", "http"), None) == NOW + 30


@pytest.mark.parametrize("timeout_ms", ["0", "000", "-1", "1.5", "+1", "1e3", " 1", "1_0", "soon", "²", "٣", "9" * 13])
async def test_no_such_time(deadlines: Deadlines, timeout_ms: str) -> None:
    """What is no whole number of milliseconds above zero is refused, and the call is not made."""

    async def handler(call: Call, request: Any) -> Any:
        raise AssertionError

    with pytest.raises(CrudError) as refused:
        await deadlines(handler)(Call("GetRecord", "http", timeout_ms=timeout_ms), None)
    assert (refused.value.kind, refused.value.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD)
    assert refused.value.violations[0].field == "x-timeout-ms"


async def test_a_deadline_that_has_passed_before(deadlines: Deadlines) -> None:
    """Nothing is begun for a caller who does not wait any more."""

    async def handler(call: Call, request: Any) -> Any:
        raise AssertionError

    with pytest.raises(CrudError) as refused:
        await deadlines(handler)(Call("GetRecord", "grpc", deadline=NOW), None)
    assert refused.value.reason is Reason.DEADLINE_EXCEEDED


class Hanging:
    """A handler that hangs, and says when it has begun and that it was cancelled."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.is_cancelled = False

    async def __call__(self, call: Call, request: Any) -> Any:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise


async def test_a_call_that_runs_too_long(deadlines: Deadlines, clock: Clock) -> None:
    """It is cancelled and answered, with what that may mean for a write; its task goes on as if nothing was."""
    handler = Hanging()
    task = asyncio.ensure_future(answer_of(deadlines(handler)(Call("CreateRecord", "http"), None)))
    await handler.begun.wait()
    clock.now += 5
    async with asyncio.timeout(10):
        error, cancelling = await task
    assert (error.kind, error.reason) == (Kind.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED)
    assert "may have been stored" in error.message
    assert (handler.is_cancelled, cancelling) == (True, 0)


async def answer_of(call: Any) -> tuple[CrudError, int]:
    """The error of a call, and how many cancellations its task still has to see."""
    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(CrudError) as refused:
        await call
    await asyncio.sleep(0)
    return refused.value, task.cancelling()


async def test_only_those_whose_time_is_over(deadlines: Deadlines, clock: Clock) -> None:
    """Another call, which has more time, goes on."""
    short, long = Hanging(), Hanging()
    first = asyncio.ensure_future(answer_of(deadlines(short)(Call("GetRecord", "http", timeout_ms="1000"), None)))
    second = asyncio.ensure_future(answer_of(deadlines(long)(Call("GetRecord", "http"), None)))
    await asyncio.gather(short.begun.wait(), long.begun.wait())
    clock.now += 1
    async with asyncio.timeout(10):
        await first
    assert not long.is_cancelled
    clock.now += 4
    async with asyncio.timeout(10):
        await second
    assert long.is_cancelled


async def test_a_caller_that_goes_away(deadlines: Deadlines, clock: Clock) -> None:
    """Who cancels a call finds it cancelled, even when its time is over at the same moment."""
    for passes in (0, 5):
        handler = Hanging()
        task = asyncio.ensure_future(deadlines(handler)(Call("GetRecord", "http"), None))
        await handler.begun.wait()
        clock.now += passes
        if passes:
            deadlines._sweep(asyncio.get_running_loop())
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def test_a_handler_that_will_not_be_cancelled(deadlines: Deadlines, clock: Clock) -> None:
    """Its reply counts, and its task can be cancelled again afterwards."""
    begun = asyncio.Event()

    async def handler(call: Call, request: Any) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "done"
        return "never"

    async def serve() -> tuple[str, int]:
        reply = await deadlines(handler)(Call("GetRecord", "http"), None)
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        return reply, task.cancelling()

    task = asyncio.ensure_future(serve())
    await begun.wait()
    clock.now += 5
    async with asyncio.timeout(10):
        assert await task == ("done", 0)


async def test_nothing_is_left(deadlines: Deadlines) -> None:
    """Calls that have ended are forgotten, however they ended, and the sweep ends with the last one."""

    async def handler(call: Call, request: Any) -> Any:
        if request:
            raise request

    for failure in (None, ValueError(), CrudError(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND, "")):
        try:
            await deadlines(handler)(Call("GetRecord", "http"), failure)
        except (ValueError, CrudError) as error:
            assert error is failure  # noqa: PT017 - passed on as it is
    assert deadlines._open == set()
    async with asyncio.timeout(10):
        while deadlines._is_sweeping:  # noqa: ASYNC110 - a timer's end, which nothing tells
            await asyncio.sleep(0.01)
