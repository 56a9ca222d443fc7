"""The background work of a node: when it looks, when it is woken, and how it ends."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from crud_service.logic.maintenance import Maintenance
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import CollectionKey, FieldIndex
from crud_service.model.timestamp import from_unix
from crud_service.testing.mutations import collection, create_collection, mutation, request, update
from tests.unit.logic.maintenance.conftest import KEPT
from tests.unit.logic.stores import Around

START = 1_800_000_000


class Failing(Around):
    """A store whose looks fail as often as it is told, and which counts them."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.failures: list[Exception] = []
        self.looked = asyncio.Event()
        self.looks = 0

    async def expired_records(self, *args):
        self.looks += 1
        self.looked.set()
        if self.failures:
            raise self.failures.pop(0)
        return await self.store.expired_records(*args)

    async def another_look(self) -> None:
        """Wait until it is looked at again."""
        self.looked.clear()
        await self.looked.wait()


@pytest.fixture
def failing(store) -> Failing:
    return Failing(store)


@pytest.fixture
async def node(node_of, failing) -> AsyncIterator:
    made = node_of(over=failing)
    yield made
    await made.maintenance.close()


async def settle(store, revision: int) -> None:
    """Wait until the store has come to this revision."""
    while await store.last_revision() < revision:
        await store.wait_log(await store.last_revision())


async def test_it_begins_with_what_is_left(node, store) -> None:
    """What was due when the node started is done at once: records expire, requests are forgotten, indexes are built,
    and history goes.
    """
    await store.commit(mutation(create_collection(collection("notes", indexes=(FieldIndex("name"),)))))
    (stored,) = await node.put("a")
    await store.commit(mutation(update(stored, name="new")))
    old = request(expire_time=from_unix(START - 1))
    await store.commit(mutation(request=old))
    node.maintenance.start()
    await settle(store, 5)
    while not node.maintenance.measures.compacted_entries:  # noqa: ASYNC110 - it is under way, and nothing tells its end
        await asyncio.sleep(0)
    assert (await node.get("a")).delete_time is not None
    assert (await store.get_collection(CollectionKey("", "notes"))).indexes[0].ready
    assert await store.get_request(old.key, from_unix(0)) is None


async def test_woken(node, store, failing) -> None:
    """When it is woken it looks at once, for indexes too."""
    node.maintenance.start()
    await failing.another_look()
    await store.commit(mutation(create_collection(collection("notes", indexes=(FieldIndex("name"),)))))
    node.maintenance.wake()
    await settle(store, 2)
    assert (await store.get_collection(CollectionKey("", "notes"))).indexes[0].ready
    assert failing.looks == 2


async def test_it_looks_every_interval(node_of, failing, clocks) -> None:
    """Without being woken it looks again after its interval."""
    node = node_of(over=failing)
    quick = Maintenance(
        failing,
        node.writer,
        interval=0.001,
        history=KEPT,
        new_call_id=lambda: "call",
        report=lambda message, error: node.told.append(message),
        monotonic=clocks.monotonic,
    )
    quick.start()
    for _ in range(3):
        await failing.another_look()
    await quick.close()
    looks = failing.looks
    quick.wake()
    await asyncio.sleep(0)
    assert failing.looks == looks
    assert node.told == []


async def test_a_failure_is_told_once(node, failing) -> None:
    """However often the store fails, that is told once; after it has worked a new failure is told again."""
    away = CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the store is away")
    failing.failures += [away, away, RuntimeError("worse")]
    node.maintenance.start()
    for look in range(1, 6):
        if failing.looks < look:
            await failing.another_look()
        node.maintenance.wake()
    await failing.another_look()
    assert node.told == ["maintenance cannot go on, and tries again"]
    assert node.causes == [away]
    failing.failures += [away]
    node.maintenance.wake()
    await failing.another_look()
    node.maintenance.wake()
    await failing.another_look()
    assert len(node.told) == 2


async def test_a_store_that_closes(node, failing) -> None:
    """A store that is being closed is no failure to tell."""
    failing.failures += [CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, "closed")]
    node.maintenance.start()
    await failing.another_look()
    node.maintenance.wake()
    await failing.another_look()
    assert node.told == []


async def test_requests_are_forgotten_in_time(node, store) -> None:
    """More than a batch of expired requests is forgotten in one go; others stay."""
    for number in range(501):
        await store.commit(mutation(request=request(f"r{number}", expire_time=from_unix(START))))
    kept = request("kept", expire_time=from_unix(START + 1))
    await store.commit(mutation(request=kept))
    await node.maintenance.forget_requests()
    assert await store.forget_requests(from_unix(START), 1_000) == 0
    assert await store.get_request(kept.key, from_unix(START)) is not None


async def test_a_clock_that_jumps_forgets_no_request(node, store, clocks) -> None:
    """While the wall clock cannot be trusted every request is remembered."""
    await store.commit(mutation(request=request(expire_time=from_unix(START + 60))))
    clocks.wall += 86_400
    await node.maintenance.forget_requests()
    assert await store.forget_requests(from_unix(START + 60), 10) == 1


async def test_closing(node_of) -> None:
    """It can be closed before it was started, and twice."""
    idle = node_of()
    await idle.maintenance.close()
    idle.maintenance.start()
    await idle.maintenance.close()
    await idle.maintenance.close()
