"""What maintenance tells of its work."""

import asyncio

from crud_service.model.duration import SECOND
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.measures import MaintenanceMeasures
from crud_service.testing.mutations import collection, create_collection, mutation
from tests.unit.logic.stores import Around


async def test_what_was_done_is_counted(node, clocks) -> None:
    """Records that expired and those that were purged are counted apart, each once."""
    await node.store.commit(mutation(create_collection(collection("short", retention=90 * SECOND))))
    await node.put("a", "b", "c", collection="short")
    for _ in range(2):
        await node.maintenance.sweep()
    assert node.maintenance.measures == MaintenanceMeasures(3, 0, 0, 0, clock_trusted=True)
    clocks.advance(90)
    await node.maintenance.sweep()
    assert node.maintenance.measures == MaintenanceMeasures(3, 3, 0, 0, clock_trusted=True)


async def test_a_clock_that_jumps_is_not_trusted(node, clocks) -> None:
    """From the look that finds the clocks apart until the one that finds them together again."""
    for jump, trusted in ((3_600, False), (-3_600, True)):
        clocks.wall += jump
        await node.maintenance.sweep()
        assert node.maintenance.measures.clock_trusted is trusted


class Away(Around):
    """A store that cannot be looked at, until it is back."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.is_away = True
        self.looks = asyncio.Semaphore(0)

    async def expired_records(self, *args):
        self.looks.release()
        if self.is_away:
            raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "away")
        return await self.store.expired_records(*args)


async def test_what_fails_is_counted_until_it_works(node_of, store) -> None:
    """Work that fails counts once, however often it is tried, and no more once it has succeeded."""
    away = Away(store)
    node = node_of(over=away)
    node.maintenance.start()
    for look in range(3):
        await away.looks.acquire()
        await asyncio.sleep(0)
        assert node.maintenance.measures.failing == 1, look
        node.maintenance.wake()
    await away.looks.acquire()
    away.is_away = False
    node.maintenance.wake()
    await away.looks.acquire()
    while node.maintenance.measures.failing:  # noqa: ASYNC110 - the sweep is under way, and nothing tells its end
        await asyncio.sleep(0)
    await node.maintenance.close()
