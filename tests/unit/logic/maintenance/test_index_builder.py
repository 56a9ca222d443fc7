"""Declared indexes: filled step by step, then ready."""

from typing import Any

import pytest
from msgspec.structs import replace

from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.record import CollectionKey, FieldIndex
from crud_service.testing.mutations import (
    collection,
    create_collection,
    delete_collection,
    mutation,
    update_collection,
)
from tests.unit.logic.hooks import Recorder
from tests.unit.logic.stores import Around, Interrupted

KEY = CollectionKey("", "notes")
BUILDING = (FieldIndex("content.a"), FieldIndex("name"))


class Counting(Around):
    """A store that counts the steps by which indexes are filled, and lets something happen before one of them."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.steps: list[tuple[str, str]] = []
        self.before: dict[int, Any] = {}

    async def fill_index(self, key, field, after, limit):
        if work := self.before.pop(len(self.steps), None):
            await work()
        self.steps.append((field, after))
        return await self.store.fill_index(key, field, after, limit)


@pytest.fixture
async def declared(store):
    """A collection with two indexes to build."""
    made = collection("notes", indexes=BUILDING)
    committed = await store.commit(mutation(create_collection(made)))
    return committed.states[0]


async def change(store, **fields) -> None:
    """Change the collection as another node would."""
    current = await store.get_collection(KEY)
    await store.commit(mutation(update_collection(current, **fields)))


async def test_indexes_become_ready(node, store, clocks, declared) -> None:
    """All indexes that are not ready are built; the change stands in the log, with its reason."""
    await node.put(*[f"r{number:04d}" for number in range(1_200)], expire_time=None)
    clocks.advance(5)
    before = await store.last_revision()
    await node.maintenance.build_indexes()
    built = await store.get_collection(KEY)
    ready = tuple(replace(index, ready=True) for index in BUILDING)
    assert built == replace(declared, indexes=ready, version=2, revision=before + 1, update_time=clocks.now())
    (entry,) = await node.entries(before)
    assert (entry.kind, entry.actor, entry.collection_state) == (ChangeKind.COLLECTION_UPDATED, "system", built)
    assert entry.reason == "its indexes hold all records now"
    await node.maintenance.build_indexes()
    assert await store.last_revision() == before + 1


async def test_step_by_step(node_of, store, declared) -> None:
    """An index is filled in steps of 500 records, each from where the last one ended, after a crash from the start."""
    node = node_of(over=(counting := Counting(store)))
    await node.put(*[f"r{number:04d}" for number in range(700)], expire_time=None)

    async def crash() -> None:
        raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "away")

    counting.before[1] = crash
    with pytest.raises(CrudError):
        await node.maintenance.build_indexes()
    assert counting.steps == [("content.a", "")]
    counting.steps.clear()
    await node.maintenance.build_indexes()
    steps = ["", "r0499", "r0699"]
    assert counting.steps == [*(("content.a", after) for after in steps), *(("name", after) for after in steps)]
    assert all(index.ready for index in (await store.get_collection(KEY)).indexes)


async def test_many_collections(node, store) -> None:
    """Every collection with an index to build gets its turn, and no other is touched."""
    for number in range(5):
        indexes = (FieldIndex("name", ready=number % 2 == 0),)
        await store.commit(mutation(create_collection(collection(f"c{number}", indexes=indexes))))
    await node.maintenance.build_indexes()
    found = await store.list_collections("", "", 10)
    assert [each.version for each in found] == [1, 2, 1, 2, 1]
    assert all(index.ready for each in found for index in each.indexes)


async def test_a_collection_that_changes_meanwhile(node_of, store, declared) -> None:
    """A change while an index is being built begins the work anew, so that nothing of it is lost."""
    node = node_of(over=(counting := Counting(store)))
    counting.before[1] = lambda: change(store, name="new")
    await node.maintenance.build_indexes()
    built = await store.get_collection(KEY)
    assert (built.name, [index.ready for index in built.indexes]) == ("new", [True, True])
    assert [field for field, _ in counting.steps] == ["content.a", "name", "content.a", "name"]


async def test_an_index_that_is_dropped_and_declared_again(node_of, store, declared) -> None:
    """What was entered for an index that was dropped meanwhile does not count for the one that replaced it."""
    node = node_of(over=(counting := Counting(store)))

    async def again() -> None:
        await change(store, indexes=())
        await change(store, indexes=(FieldIndex("content.a"),))

    counting.before[1] = again
    await node.maintenance.build_indexes()
    assert (await store.get_collection(KEY)).indexes == (FieldIndex("content.a", ready=True),)
    assert [field for field, _ in counting.steps] == ["content.a", "name", "content.a"]


async def test_changed_at_the_very_end(node_of, store, declared) -> None:
    """A change that comes just before the index is made ready is not lost."""
    node = node_of(over=Interrupted(store, lambda: change(store, name="new")))
    await node.maintenance.build_indexes()
    built = await store.get_collection(KEY)
    assert (built.name, [index.ready for index in built.indexes]) == ("new", [True, True])
    assert node.told == []


async def test_a_collection_that_goes(node_of, store, declared) -> None:
    """A collection that is deleted while its index is being built stays deleted."""
    node = node_of(over=(counting := Counting(store)))

    async def delete() -> None:
        await store.commit(mutation(delete_collection(await store.get_collection(KEY))))

    counting.before[0] = delete
    await node.maintenance.build_indexes()
    assert await store.get_collection(KEY) is None
    assert node.told == []


async def test_a_collection_that_never_rests(node_of, store, declared) -> None:
    """A collection that changes during each attempt waits for the next look instead of keeping the node busy."""
    node = node_of(over=(counting := Counting(store)))
    for step in range(0, 100, 2):
        counting.before[step] = lambda: change(store, name="again")
    await node.maintenance.build_indexes()
    assert len(counting.steps) <= 20, "ten attempts with two indexes"
    assert not (await store.get_collection(KEY)).indexes[0].ready


async def test_a_hook_that_refuses(node_of, store, clocks, declared) -> None:
    """A hook that refuses the change is told once, keeps no other collection from it, and is asked again later."""
    asked: list[str] = []
    stubborn = True

    def refuse(changes) -> None:
        asked.append(changes[0].new.id)
        if changes[0].new.id == "notes" and stubborn:
            raise invalid("collection.indexes", "are not to our taste")

    await store.commit(mutation(create_collection(collection("others", indexes=BUILDING))))
    node = node_of(hooks=Recorder(validate=refuse))
    await node.maintenance.build_indexes()
    await node.maintenance.build_indexes()
    assert asked == ["notes", "others"]
    assert all(index.ready for index in (await store.get_collection(CollectionKey("", "others"))).indexes)
    assert len(node.told) == 1
    assert "collections/notes" in node.told[0]
    stubborn = False
    clocks.advance(60)
    await node.maintenance.build_indexes()
    assert all(index.ready for index in (await store.get_collection(KEY)).indexes)


async def test_a_clock_that_jumps(node, store, clocks, declared) -> None:
    """Building goes on whatever the wall clock says."""
    clocks.wall += 30 * 86_400
    await node.maintenance.build_indexes()
    assert all(index.ready for index in (await store.get_collection(KEY)).indexes)
