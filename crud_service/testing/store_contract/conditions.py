"""What a commit promises about the records that it does not write but depends on."""

import pytest

from crud_service.model.change import RecordCondition
from crud_service.model.ports.record_store import CollectionNotEmpty, ConditionFailed
from crud_service.model.record import CollectionKey, Record, RecordKey
from crud_service.testing.log_replay import assert_log_matches, read_all
from crud_service.testing.mutations import create, delete, delete_collection, mutation, purge, record, update
from crud_service.testing.store_contract.store import Store, commit_record

NOTES = CollectionKey("", "notes")


def is_still(stored: Record, tenant: str = "") -> RecordCondition:
    """The condition that `stored` is the stored state."""
    return RecordCondition(RecordKey(tenant, stored.collection, stored.id), stored.revision)


def is_absent(record_id: str, collection: str = "notes") -> RecordCondition:
    """The condition that there is no such record."""
    return RecordCondition(RecordKey("", collection, record_id), 0)


class ConditionContract:
    """Conditions besides those of the writes themselves."""

    async def test_conditions_that_hold(self, store: Store) -> None:
        """A mutation whose conditions hold is stored; what they name is not written."""
        first = await commit_record(store, create(record("r1")))
        gone = await commit_record(store, delete(await commit_record(store, create(record("r2")))))
        conditions = (is_still(first), is_still(gone), is_absent("r3"), is_absent("r1", "other"))
        committed = await store.commit(mutation(create(record("new")), conditions=conditions))
        assert [state.id for state in committed.states] == ["new"]
        assert await store.get_record(RecordKey("", "notes", "r1")) == first
        assert await store.get_collection(CollectionKey("", "other")) is None
        await assert_log_matches(store)

    async def test_condition_that_fails(self, store: Store) -> None:
        """The first condition that does not hold is named behind the writes, with what is stored; nothing is stored."""
        first = await commit_record(store, create(record("r1")))
        current = await commit_record(store, update(first, name="second"))
        before = await read_all(store)
        conditions = (is_still(current), is_still(first), is_absent("r1"))
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(create(record("a")), create(record("b", "other")), conditions=conditions))
        assert (failed.value.index, failed.value.current) == (3, current)
        assert await store.get_record(RecordKey("", "notes", "a")) is None
        assert await store.get_collection(CollectionKey("", "other")) is None
        assert await read_all(store) == before
        assert (await store.commit(mutation(create(record("a"))))).revision == current.revision + 1

    @pytest.mark.parametrize("deleted", [False, True])
    async def test_record_that_must_not_be(self, store: Store, deleted: bool) -> None:
        """A record that must not be there fails the mutation, a deleted one too."""
        stored = await commit_record(store, create(record("r1")))
        if deleted:
            stored = await commit_record(store, delete(stored))
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(create(record("a")), conditions=(is_absent("r1"),)))
        assert (failed.value.index, failed.value.current) == (1, stored)

    async def test_record_that_must_be(self, store: Store) -> None:
        """A record that must be there and is not, never was or was purged, fails the mutation."""
        stored = await commit_record(store, create(record("r1")))
        gone = await commit_record(store, delete(stored))
        await store.commit(mutation(purge(gone)))
        for condition in (is_still(gone), RecordCondition(RecordKey("t", "notes", "r1"), 1), is_still(stored)):
            with pytest.raises(ConditionFailed) as failed:
                await store.commit(mutation(conditions=(condition,)))
            assert (failed.value.index, failed.value.current) == (0, None)

    async def test_writes_decide_before_conditions(self, store: Store) -> None:
        """Where a write and a condition fail, it is the write that is told."""
        first = await commit_record(store, create(record("r1")))
        stored = await store.get_collection(NOTES)
        assert stored is not None
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(create(record("a")), create(record("r1")), conditions=(is_absent("r1"),)))
        assert (failed.value.index, failed.value.current) == (1, first)
        with pytest.raises(CollectionNotEmpty):
            await store.commit(mutation(delete_collection(stored), conditions=(is_absent("r1"),)))

    async def test_conditions_are_about_the_state_before(self, store: Store) -> None:
        """What the mutation itself writes does not count for its conditions."""
        first = await commit_record(store, create(record("r1")))
        writes = (update(first, name="second"), create(record("r2")))
        await store.commit(mutation(*writes, conditions=(is_still(first), is_absent("r2"))))
        second = await store.get_record(RecordKey("", "notes", "r1"))
        assert second is not None
        assert second.name == "second"
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(delete(second), conditions=(is_still(first),)))
        assert (failed.value.index, failed.value.current) == (1, second)
        await assert_log_matches(store)

    async def test_conditions_alone(self, store: Store) -> None:
        """A mutation without writes checks its conditions, takes no revision and tells the last one."""
        assert await store.commit(mutation(conditions=(is_absent("r1"),))) == await store.commit(mutation())
        first = await commit_record(store, create(record("r1")))
        committed = await store.commit(mutation(conditions=(is_still(first),)))
        assert (committed.revision, committed.states) == (first.revision, ())
        with pytest.raises(ConditionFailed):
            await store.commit(mutation(conditions=(is_absent("r1"),)))
        assert await store.last_revision() == first.revision
        await assert_log_matches(store)
