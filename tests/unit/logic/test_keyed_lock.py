"""The lock by key: one holder each, waiters in order, nothing left behind."""

import asyncio
from itertools import permutations

import pytest

from crud_service.logic.keyed_lock import KeyedLock


class Visitors:
    """Counts who is inside, and remembers who came in which order."""

    def __init__(self) -> None:
        self.lock = KeyedLock()
        self.inside = 0
        self.most = 0
        self.order: list[int] = []

    async def visit(self, key: str, number: int) -> None:
        async with self.lock.hold(key):
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.order.append(number)
            await asyncio.sleep(0)
            self.inside -= 1


async def test_one_holder_at_a_time_in_order() -> None:
    """Those who want the same key come in one by one, in the order in which they asked."""
    visitors = Visitors()
    await asyncio.gather(*(visitors.visit("a", number) for number in range(100)))
    assert visitors.most == 1
    assert visitors.order == list(range(100))


async def test_keys_do_not_wait_for_each_other() -> None:
    """The holder of one key keeps nobody from another."""
    visitors = Visitors()
    await asyncio.gather(*(visitors.visit(f"key-{number}", number) for number in range(100)))
    assert visitors.most == 100


async def test_no_memory_is_left() -> None:
    """A key that nobody holds or waits for takes no memory, however its holders ended."""
    visitors = Visitors()
    await asyncio.gather(*(visitors.visit(f"key-{number % 7}", number) for number in range(100)))
    with pytest.raises(ZeroDivisionError):
        async with visitors.lock.hold("key-1"):
            raise ZeroDivisionError
    assert visitors.lock._locks == {}


async def test_a_waiter_that_gives_up() -> None:
    """A cancelled waiter neither holds the lock nor keeps those behind it from getting it."""
    lock = KeyedLock()
    visited = []

    async def visit(number: int) -> None:
        async with lock.hold("a"):
            visited.append(number)

    async with lock.hold("a"):
        tasks = [asyncio.create_task(visit(number)) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.wait([tasks[1]])
        assert visited == []
    await asyncio.gather(tasks[0], tasks[2])
    assert visited == [0, 2]
    assert tasks[1].cancelled()
    assert lock._locks == {}


async def test_a_holder_that_is_cancelled() -> None:
    """A cancelled holder lets the next one in."""
    visitors = Visitors()
    held = asyncio.Event()

    async def hold_for_ever() -> None:
        async with visitors.lock.hold("a"):
            held.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold_for_ever())
    await held.wait()
    waiter = asyncio.create_task(visitors.visit("a", 1))
    await asyncio.sleep(0)
    assert visitors.order == []
    holder.cancel()
    await waiter
    assert visitors.order == [1]
    assert holder.cancelled()
    assert visitors.lock._locks == {}


async def test_held_again_after_the_last_one_left() -> None:
    """A key that came back after it was forgotten is still exclusive."""
    visitors = Visitors()
    await visitors.visit("a", 0)
    await asyncio.gather(*(visitors.visit("a", number) for number in range(1, 10)))
    assert (visitors.most, visitors.order) == (1, list(range(10)))


async def test_several_keys_at_once() -> None:
    """Holders of overlapping keys, named in any order, neither meet on a key nor wait for each other in a ring."""
    lock = KeyedLock()
    inside: set[str] = set()

    async def visit(*keys: str) -> None:
        async with lock.hold_all(keys):
            assert not inside & set(keys)
            inside.update(keys)
            await asyncio.sleep(0)
            inside.difference_update(keys)

    async with asyncio.timeout(5):
        await asyncio.gather(*(visit(*keys) for keys in permutations("abcd", 3) for _ in range(5)))
    assert lock._locks == {}


async def test_no_keys_wait_for_nobody() -> None:
    """To hold no key takes no lock; to hold one is to hold it alone."""
    lock = KeyedLock()
    async with lock.hold_all(()), lock.hold_all(["a"]), lock.hold_all(()):
        assert list(lock._locks) == ["a"]
    assert lock._locks == {}


async def test_several_keys_are_let_go_together() -> None:
    """A holder of several that gives up while it waits for one lets go of those it has."""
    lock = KeyedLock()

    async def visit() -> None:
        async with lock.hold_all(["a", "b"]):
            pass

    async with lock.hold("b"):
        waiting = asyncio.create_task(visit())
        await asyncio.sleep(0)
        assert set(lock._locks) == {"a", "b"}
        waiting.cancel()
        await asyncio.wait([waiting])
        assert list(lock._locks) == ["b"]
    assert lock._locks == {}
