"""What a store promises about collections."""

import pytest
from msgspec.structs import replace

from crud_service.model.change import ChangeKind
from crud_service.model.duration import MAX_SECONDS
from crud_service.model.ports.record_store import CollectionNotEmpty, ConditionFailed
from crud_service.model.query import Field, Has, RecordQuery
from crud_service.model.record import Collection, CollectionKey, RecordKey
from crud_service.testing.log_replay import assert_log_matches, read_all
from crud_service.testing.mutations import (
    LATER,
    TIME,
    collection,
    create,
    create_collection,
    delete,
    delete_collection,
    mutation,
    record,
    update,
    update_collection,
)
from crud_service.testing.store_contract.store import Store, commit_collection, commit_record, commit_records

NOTES = CollectionKey("", "notes")


class CollectionContract:
    """Collections made explicitly and on the way, changed, listed and deleted."""

    async def test_create_collection(self, store: Store) -> None:
        """A created collection is returned with its revision and read back as it was returned."""
        committed = await store.commit(mutation(create_collection(collection())))
        assert committed.states == (replace(collection(), revision=1),)
        assert await store.get_collection(NOTES) == committed.states[0]
        assert await store.get_collection(CollectionKey("t", "notes")) is None

    async def test_create_existing_collection(self, store: Store) -> None:
        """Creating a collection that exists fails with the stored state."""
        first = await commit_collection(store, create_collection(collection()))
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(create_collection(collection(name="second"))))
        assert (failed.value.index, failed.value.current) == (0, first)

    async def test_update_collection(self, store: Store) -> None:
        """An update replaces the state if it is still the one expected."""
        first = await commit_collection(store, create_collection(collection()))
        second = await commit_collection(store, update_collection(first, name="second"))
        assert await store.get_collection(NOTES) == second
        assert (second.name, second.revision, second.version, second.update_time) == ("second", 2, 2, LATER)
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(update_collection(first, name="third")))
        assert failed.value.current == second

    @pytest.mark.parametrize(
        ("age", "entries"), [(None, 0), (0, 1), (1, 2**63 - 1), (86_400 * 10**9, 1_000), (MAX_SECONDS * 10**9, 0)]
    )
    async def test_history_settings(self, store: Store, age: int | None, entries: int) -> None:
        """How much history a collection keeps is stored to the nanosecond, and logged with it."""
        made = collection(history_age=age, history_entries=entries)
        first = await commit_collection(store, create_collection(made))
        assert await store.get_collection(NOTES) == first == replace(made, revision=1)
        assert (await store.list_collections("", "", 1))[0] == first
        second = await commit_collection(store, update_collection(first, history_age=5, history_entries=7))
        assert await store.get_collection(NOTES) == second
        assert [entry.collection_state for entry in await read_all(store)] == [first, second]

    async def test_collection_made_on_the_way(self, store: Store) -> None:
        """A record's missing collection is made in the record's own mutation, and its entry comes first."""
        await store.commit(mutation(create(record())))
        made = Collection("notes", "", "", 1, 1, TIME, TIME)
        assert await store.get_collection(NOTES) == made
        entries = await read_all(store)
        assert [(entry.revision, entry.ordinal, entry.kind, entry.id) for entry in entries] == [
            (1, 0, ChangeKind.COLLECTION_CREATED, ""),
            (1, 1, ChangeKind.RECORD_CREATED, "r1"),
        ]
        assert entries[0].collection_state == made

    async def test_collection_is_made_once(self, store: Store) -> None:
        """Several records of one missing collection make it once, and an existing one is left alone."""
        await store.commit(mutation(create(record("r1")), create(record("r2"))))
        await store.commit(mutation(create(record("r3"))))
        kinds = [entry.kind for entry in await read_all(store)]
        assert kinds.count(ChangeKind.COLLECTION_CREATED) == 1
        made = await store.get_collection(NOTES)
        assert made is not None
        assert made.revision == 1

    async def test_collection_and_its_records_in_one_mutation(self, store: Store) -> None:
        """A record may follow its collection in the same mutation."""
        await store.commit(mutation(create_collection(collection()), create(record()), create_collections=False))
        assert await store.get_record(RecordKey("", "notes", "r1")) is not None

    async def test_delete_empty_collection(self, store: Store) -> None:
        """A deleted collection is gone; its last state is returned and logged; its id is free again."""
        first = await commit_collection(store, create_collection(collection()))
        committed = await store.commit(mutation(delete_collection(first)))
        assert committed.states == (first,)
        assert await store.get_collection(NOTES) is None
        entry = (await read_all(store))[-1]
        assert (entry.kind, entry.revision, entry.collection, entry.id) == (
            ChangeKind.COLLECTION_DELETED,
            2,
            "notes",
            "",
        )
        assert entry.collection_state == first
        await store.commit(mutation(create_collection(collection())))

    async def test_delete_collection_of_another_revision(self, store: Store) -> None:
        """A collection that changed meanwhile, or is gone, is not deleted."""
        first = await commit_collection(store, create_collection(collection()))
        second = await commit_collection(store, update_collection(first, name="second"))
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(delete_collection(first)))
        assert failed.value.current == second
        await store.commit(mutation(delete_collection(second)))
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(delete_collection(second)))
        assert failed.value.current is None

    async def test_collection_with_live_records(self, store: Store) -> None:
        """A collection that holds a live record is not deleted."""
        await store.commit(mutation(create(record("r1")), create(record("r2"))))
        stored = await store.get_collection(NOTES)
        first = await store.get_record(RecordKey("", "notes", "r1"))
        assert stored is not None
        assert first is not None
        await store.commit(mutation(delete(first)))
        with pytest.raises(CollectionNotEmpty) as refused:
            await store.commit(mutation(delete_collection(stored)))
        assert refused.value.collection == "notes"
        assert await store.get_collection(NOTES) == stored
        await assert_log_matches(store)

    async def test_deleted_records_go_with_their_collection(self, store: Store) -> None:
        """Deleting a collection removes its deleted records, and only those of this collection and tenant."""
        for tenant, name in (("", "notes"), ("", "notes2"), ("t", "notes")):
            new = await commit_record(store, create(record(collection=name)), tenant=tenant)
            await store.commit(mutation(delete(new), tenant=tenant))
        stored = await store.get_collection(NOTES)
        assert stored is not None
        await store.commit(mutation(delete_collection(stored)))
        assert await store.get_record(RecordKey("", "notes", "r1")) is None
        assert await store.get_record(RecordKey("", "notes2", "r1")) is not None
        assert await store.get_record(RecordKey("t", "notes", "r1")) is not None
        again = await store.commit(mutation(create(record())))
        assert (again.states[0].version, await store.get_record(RecordKey("", "notes", "r1"))) == (1, again.states[0])
        await assert_log_matches(store)

    async def test_records_and_collection_deleted_in_one_mutation(self, store: Store) -> None:
        """A mutation may delete the last records and then their collection; a live one left over refuses all of it."""
        first, second = await commit_records(store, create(record("r1")), create(record("r2")))
        stored = await store.get_collection(NOTES)
        assert stored is not None
        with pytest.raises(CollectionNotEmpty):
            await store.commit(mutation(delete(first), delete_collection(stored)))
        assert await store.get_record(RecordKey("", "notes", "r1")) == first
        with pytest.raises(CollectionNotEmpty):
            await store.commit(mutation(delete(first), delete(second), create(record("r3")), delete_collection(stored)))
        await store.commit(mutation(delete(first), delete(second), delete_collection(stored)))
        assert await store.get_record(RecordKey("", "notes", "r1")) is None
        assert (await store.list_records(RecordQuery("", "notes"))).records == ()
        await assert_log_matches(store)

    async def test_collection_deleted_and_made_again_in_one_mutation(self, store: Store) -> None:
        """After its deletion in the same mutation a collection starts empty, tags included."""
        first = await commit_record(store, create(record(tags=("old",))))
        stored = await store.get_collection(NOTES)
        assert stored is not None
        writes = (delete(first), delete_collection(stored), create(record(name="again", tags=("new",))))
        committed = await store.commit(mutation(*writes))
        assert await store.get_record(RecordKey("", "notes", "r1")) == committed.states[2]
        assert (await store.list_records(RecordQuery("", "notes", Has(Field("tags"), "old")))).records == ()
        assert (await store.list_records(RecordQuery("", "notes", Has(Field("tags"), "new")))).records == (
            committed.states[2],
        )
        await assert_log_matches(store)

    async def test_record_writes_leave_the_collection_alone(self, store: Store) -> None:
        """Writing its records changes neither a collection's revision nor its version."""
        first = await commit_record(store, create(record()))
        before = await store.get_collection(NOTES)
        await store.commit(mutation(update(first, name="second")))
        assert await store.get_collection(NOTES) == before

    async def test_list_collections(self, store: Store) -> None:
        """Collections are listed in the order of their ids, after a given one, up to a limit, of one tenant."""
        for name in ("b", "a.2", "a", "c", "a-1"):
            await store.commit(mutation(create_collection(collection(name))))
        await store.commit(mutation(create_collection(collection("aa")), tenant="t"))
        assert [each.id for each in await store.list_collections("", "", 10)] == ["a", "a-1", "a.2", "b", "c"]
        assert [each.id for each in await store.list_collections("", "a-1", 2)] == ["a.2", "b"]
        assert await store.list_collections("", "c", 10) == ()
        assert [each.id for each in await store.list_collections("", "", 500)] == ["a", "a-1", "a.2", "b", "c"]
