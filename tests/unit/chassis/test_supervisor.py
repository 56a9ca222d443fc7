"""Work in the background: it goes on whatever happens, and nobody has to read the log to know that it does."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from crud_service.chassis.supervisor import Supervisor


class Watched:
    """A supervisor with a clock that the test turns, and work that ends when and how the test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self.told: list[tuple[str, BaseException | None]] = []
        self.supervisor = Supervisor(
            lambda name, error: self.told.append((name, error)), clock=lambda: self.now, sleep=self.sleep
        )
        self.begun = asyncio.Event()
        self.ends: asyncio.Queue[BaseException | None] = asyncio.Queue()
        self.task = self.supervisor.run("sweep", self.work)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def work(self) -> None:
        self.begun.set()
        end = await self.ends.get()
        if end is not None:
            raise end

    async def end(self, how: BaseException | None) -> None:
        """Have the work end, and wait until it has begun again."""
        self.begun.clear()
        self.ends.put_nowait(how)
        await self.begun.wait()


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    made = Watched()
    await made.begun.wait()
    yield made
    made.task.cancel()
    await asyncio.wait([made.task])


@pytest.mark.parametrize("how", [RuntimeError("a bug"), None, asyncio.CancelledError()], ids=str)
async def test_work_that_ends_is_begun_again(watched: Watched, how: BaseException | None) -> None:
    """An exception, a return, even a cancellation of its own making: it goes on, is counted and told."""
    await watched.end(how)
    assert watched.told == [("sweep", how)]
    (measures,) = watched.supervisor.measures
    assert (measures.name, measures.running, measures.restarts) == ("sweep", True, 1)
    assert measures.problem == ("returned" if how is None else type(how).__name__)


async def test_it_is_told_once(watched: Watched) -> None:
    """What ends again and again is told the first time; the pauses grow to half a minute."""
    for _ in range(20):
        await watched.end(RuntimeError())
    assert len(watched.told) == 1
    assert watched.supervisor.measures[0].restarts == 20
    assert 0.1 <= watched.pauses[0] <= 0.2
    assert all(15 <= pause <= 30 for pause in watched.pauses[10:])


async def test_it_is_well_again_after_a_minute(watched: Watched) -> None:
    """After a minute without an end the trouble is over; the next one is told, and tried again soon."""
    for _ in range(10):
        await watched.end(RuntimeError())
    watched.now += 59
    assert watched.supervisor.measures[0].problem == "RuntimeError"
    watched.now += 1
    assert watched.supervisor.measures[0].problem == ""
    await watched.end(RuntimeError())
    assert len(watched.told) == 2
    assert watched.pauses[-1] <= 0.2


async def test_cancelling_the_task_ends_the_work(watched: Watched) -> None:
    """Who began it ends it: then nothing is told, and nothing is left."""
    watched.task.cancel()
    await asyncio.wait([watched.task])
    assert watched.task.cancelled()
    assert (watched.told, watched.supervisor.measures) == ([], ())


async def test_each_has_its_name() -> None:
    """Several pieces of work are told apart, in the order of their names, by their tasks too."""
    supervisor = Supervisor(lambda name, error: None)

    async def work() -> None:
        await asyncio.Event().wait()

    tasks = [supervisor.run(name, work) for name in ("b", "a")]
    await asyncio.sleep(0)
    assert [each.name for each in supervisor.measures] == ["a", "b"]
    assert [task.get_name() for task in tasks] == ["b", "a"]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
