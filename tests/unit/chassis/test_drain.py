"""How a node leaves: in order, once, whatever fails."""

import asyncio

from crud_service.chassis.drain import Drain, Step


class Leaving:
    """A drain of three steps, the second of which may fail or wait."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.failed: list[tuple[str, Exception]] = []
        self.failure: Exception | None = None
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        steps = [Step("one", self.one), Step("two", self.two), Step("three", self.three)]
        self.drain = Drain(steps, lambda name, error: self.failed.append((name, error)))

    async def one(self) -> None:
        self.done.append("one")

    async def two(self) -> None:
        await self.may_go_on.wait()
        if self.failure:
            raise self.failure
        self.done.append("two")

    async def three(self) -> None:
        self.done.append("three")


async def test_in_order_and_once() -> None:
    """Whoever asks and however often, each step is done once, in its order."""
    leaving = Leaving()
    assert not leaving.drain.is_begun
    await asyncio.gather(leaving.drain.done(), leaving.drain.done())
    leaving.drain.begin()
    await leaving.drain.done()
    assert leaving.done == ["one", "two", "three"]
    assert leaving.drain.is_begun


async def test_beginning_waits_for_nothing() -> None:
    """Who begins it goes on at once; who comes later waits for the rest."""
    leaving = Leaving()
    leaving.may_go_on.clear()
    leaving.drain.begin()
    await asyncio.sleep(0)
    assert leaving.done == ["one"]
    leaving.may_go_on.set()
    await leaving.drain.done()
    assert leaving.done == ["one", "two", "three"]


async def test_a_step_that_fails() -> None:
    """It is told, and the node leaves all the same."""
    leaving = Leaving()
    leaving.failure = OSError("gone")
    await leaving.drain.done()
    assert leaving.done == ["one", "three"]
    assert leaving.failed == [("two", leaving.failure)]


async def test_who_waits_no_more_does_not_end_it() -> None:
    """One who gives up waiting leaves the drain to go on."""
    leaving = Leaving()
    leaving.may_go_on.clear()
    waiting = asyncio.ensure_future(leaving.drain.done())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    leaving.may_go_on.set()
    await leaving.drain.done()
    assert leaving.done == ["one", "two", "three"]
