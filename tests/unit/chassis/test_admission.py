"""Admission: how many calls run, who waits, and who is refused."""

import asyncio
import gc
import weakref
from collections import Counter
from typing import Any

import pytest

from crud_service.chassis.admission import Admission, AdmissionLimits
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason

# Nobody is refused for waiting unless a test says so.
PATIENT = 60.0


class Busy:
    """Admission around a handler that works until the test lets it end."""

    def __init__(self, executing: int = 2, waiting: int = 3, wait_seconds: float = PATIENT) -> None:
        self.now = 100.0
        limits = AdmissionLimits(executing, 1, 0.5, waiting, wait_seconds)
        self.admission = Admission(limits, lambda: self.now)
        self.serve = self.admission(self.handle)
        self.running: list[tuple[str, asyncio.Event]] = []
        self.order: list[str] = []

    async def handle(self, call: Call, request: Any) -> str:
        self.order.append(request)
        end = asyncio.Event()
        self.running.append((request, end))
        await end.wait()
        return request

    async def calls(self, *names: str, deadline: float | None = None) -> list["asyncio.Task[str]"]:
        """A call for each name, of the principal that its first letter names."""
        made = []
        for name in names:
            call = Call("GetRecord", "http", principal=name[0], deadline=deadline)
            made.append(asyncio.ensure_future(self.serve(call, name)))
            await turn()
        return made

    async def end(self) -> None:
        """End the call that has run for longest."""
        _, end = self.running.pop(0)
        end.set()
        await turn()


async def turn() -> None:
    """Let everything happen that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def refusal(task: "asyncio.Task[str]") -> CrudError:
    """The refusal of a call that has one by now."""
    assert task.done()
    with pytest.raises(CrudError) as refused:
        await task
    assert (refused.value.kind, refused.value.reason) == (Kind.RESOURCE_EXHAUSTED, Reason.OVERLOADED)
    assert refused.value.retry_after == 1
    return refused.value


async def test_running_waiting_refused() -> None:
    """So many run, so many wait for them in their order, and further ones are refused at once."""
    busy = Busy()
    tasks = await busy.calls("a1", "a2", "a3", "a4", "a5", "a6", "a7")
    assert busy.order == ["a1", "a2"]
    assert (busy.admission.executing, busy.admission.waiting) == (2, 3)
    for refused in tasks[5:]:
        await refusal(refused)
    for _ in range(5):
        await busy.end()
    assert await asyncio.gather(*tasks[:5]) == busy.order == ["a1", "a2", "a3", "a4", "a5"]
    assert (busy.admission.executing, busy.admission.waiting) == (0, 0)


async def test_who_has_waited_enough() -> None:
    """Who has waited for its time is refused, and its place in the queue is free."""
    busy = Busy(wait_seconds=0.02)
    tasks = await busy.calls("a1", "a2", "a3")
    await asyncio.wait(tasks[2:], timeout=10)
    await refusal(tasks[2])
    assert busy.admission.waiting == 0
    await busy.end()
    await busy.end()
    await asyncio.gather(*tasks[:2])


async def test_a_deadline_that_is_sooner() -> None:
    """Nobody waits past its deadline for its turn."""
    busy = Busy()
    first = await busy.calls("a1", "a2")
    (late,) = await busy.calls("a3", deadline=busy.now + 0.02)
    await asyncio.wait([late], timeout=10)
    await refusal(late)
    await busy.end()
    await busy.end()
    await asyncio.gather(*first)


async def test_a_noisy_and_a_quiet_caller() -> None:
    """A caller that fills the queue keeps nobody else out of it, nor from being next."""
    busy = Busy(executing=1)
    noisy = await busy.calls("n1", "n2", "n3", "n4", "n5")
    await refusal(noisy[4])
    quiet = await busy.calls("q1")
    await refusal(noisy[3])
    for _ in range(4):
        await busy.end()
    assert busy.order == ["n1", "n2", "q1", "n3"]
    await asyncio.gather(*noisy[:3], *quiet)


async def test_callers_that_go_away() -> None:
    """A call that is cancelled while it waits, runs, or has just got its place leaves the place to the next one."""
    busy = Busy(executing=1)
    running, waiting, next_one = await busy.calls("a1", "a2", "a3")
    waiting.cancel()
    await asyncio.wait([waiting])
    assert busy.admission.waiting == 1
    running.cancel()
    await asyncio.sleep(0)  # the place is given to the next one, which has not noticed yet
    next_one.cancel()
    await asyncio.wait([running, next_one])
    assert (busy.admission.executing, busy.admission.waiting) == (0, 0)
    assert busy.order == ["a1"]


async def test_refused_and_cancelled_at_once() -> None:
    """Who is displaced and goes away at the same moment frees no place that it never had."""
    busy = Busy(executing=1, waiting=2)
    running, _, displaced = await busy.calls("n1", "n2", "n3")
    asyncio.ensure_future(busy.serve(Call("GetRecord", "http", principal="q"), "q1")).add_done_callback(str)
    await asyncio.sleep(0)
    displaced.cancel()
    await asyncio.wait([displaced])
    assert (busy.admission.executing, busy.admission.waiting) == (1, 2)
    for _ in range(3):
        await busy.end()
    assert await running == "n1"
    assert (busy.order, busy.admission.executing) == (["n1", "n2", "q1"], 0)


async def test_refusals_leave_no_garbage() -> None:
    """A refusal is gone when it has been answered, without the collector: it would have most to do under overload."""
    busy = Busy(executing=1, waiting=1, wait_seconds=0.01)
    running = await busy.calls("n1")

    async def refused(principal: str) -> "weakref.ref[CrudError]":
        try:
            await busy.serve(Call("GetRecord", "http", principal=principal), "refused")
        except CrudError as error:
            return weakref.ref(error)
        raise AssertionError

    gc.disable()
    try:
        waits = asyncio.ensure_future(refused("n"))
        await turn()
        at_once = await refused("n")
        assert [(await waits)(), at_once()] == [None, None]
    finally:
        gc.enable()
    await busy.end()
    await asyncio.gather(*running)


async def test_failures_free_their_place() -> None:
    """A call that fails leaves its place as one that succeeds does."""
    admission = Admission(AdmissionLimits(executing=1, waiting=0))

    async def handler(call: Call, request: Any) -> Any:
        raise KeyError

    for _ in range(3):
        with pytest.raises(KeyError):
            await admission(handler)(Call("GetRecord", "http"), None)
    assert admission.executing == 0


async def test_it_adapts_to_what_calls_take() -> None:
    """Slow calls run fewer at a time, down to a least number; when they are fast again, more, step by step."""
    now = 0.0
    admission = Admission(AdmissionLimits(executing=64, executing_min=16, slow_seconds=0.5), lambda: now)

    async def handler(call: Call, seconds: float) -> None:
        nonlocal now
        now += seconds

    async def limit_after(calls: int, seconds: float) -> int:
        for _ in range(calls):
            await admission(handler)(Call("GetRecord", "http"), seconds)
        return admission.limit

    assert await limit_after(640, 0.05) == 64
    assert [await limit_after(64, 1) for _ in range(6)] == [48, 36, 27, 20, 16, 16]
    assert await limit_after(63, 0.05) == 16
    assert [await limit_after(64, 0.05) for _ in range(2)] == [20, 24]
    assert await limit_after(640 + 64, 0.05) == 64


async def test_a_slow_moment_counts_once() -> None:
    """Calls that ran together and are slow together lower the limit by one step; the next step is for later ones."""
    busy = Busy(executing=256)
    names = [f"a{number}" for number in range(256)]
    tasks = await busy.calls(*names)
    busy.now += 0.6
    for _ in names:
        await busy.end()
    assert busy.admission.limit == 192
    tasks += await busy.calls(*names[:128])
    busy.now += 0.6
    for _ in names[:128]:
        await busy.end()
    assert busy.admission.limit == 144
    await asyncio.gather(*tasks)


async def test_a_store_that_takes_its_time_keeps_its_places() -> None:
    """Calls that take 50 ms each, however many there are of them, are not what the limit is lowered for."""
    busy = Busy(executing=32, waiting=64)
    tasks = []
    for _ in range(20):
        tasks += await busy.calls(*["a"] * 320)
        busy.now += 0.05
        while busy.running:
            await busy.end()
        assert (busy.admission.limit, busy.admission.executing, busy.admission.waiting) == (32, 0, 0)
    outcomes = Counter(type(each) for each in await asyncio.gather(*tasks, return_exceptions=True))
    assert outcomes == {str: 20 * 96, CrudError: 20 * 224}


async def test_the_number_that_runs_follows_the_limit() -> None:
    """When more may run, those who wait go on together."""
    busy = Busy(executing=3)
    busy.admission.limit = 1
    tasks = await busy.calls("a1", "a2", "a3", "a4")
    assert Counter(busy.order) == Counter(["a1"])
    busy.admission.limit = 3
    await busy.end()
    assert busy.order == ["a1", "a2", "a3", "a4"]
    for _ in range(3):
        await busy.end()
    await asyncio.gather(*tasks)


async def test_a_late_event_loop_counts() -> None:
    """While the loop is late nobody waits, and fewer run at a time; who finds a place runs all the same."""
    lag = 0.3
    limits = AdmissionLimits(executing=64, executing_min=16, waiting=10, wait_seconds=PATIENT, lag_seconds=0.25)
    admission = Admission(limits, loop_lag=lambda: lag)
    may_end = asyncio.Event()

    async def handler(call: Call, request: Any) -> None:
        await may_end.wait()

    def call() -> "asyncio.Task[None]":
        return asyncio.ensure_future(admission(handler)(Call("GetRecord", "http"), None))

    running = [call() for _ in range(64)]
    await turn()
    late = call()
    await turn()
    await refusal(late)
    lag = 0.2
    waiting = call()
    await turn()
    assert admission.waiting == 1
    lag = 0.3
    may_end.set()
    await asyncio.gather(*running, waiting)
    assert admission.limit == 48
    lag = 0.0
    await asyncio.gather(*[call() for _ in range(64)])
    assert admission.limit == 52
