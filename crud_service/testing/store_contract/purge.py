"""What a store promises about what goes for good: purged records, and collections deleted with their records."""

import pytest
from msgspec.structs import replace

from crud_service.model.change import ChangeKind
from crud_service.model.ports.record_store import CollectionNotEmpty, ConditionFailed
from crud_service.model.query import Field, Has, RecordQuery
from crud_service.model.record import CollectionKey, RecordKey, tombstone
from crud_service.testing.log_replay import assert_log_matches, read_all
from crud_service.testing.mutations import (
    create,
    delete,
    delete_collection,
    mutation,
    purge,
    record,
    undelete,
    update,
)
from crud_service.testing.store_contract.store import Store, commit_record, commit_records

KEY = RecordKey("", "notes", "r1")
NOTES = CollectionKey("", "notes")
SECRET = '{"text":"secret"}'


class PurgeContract:
    """Nothing is left but the tombstone."""

    async def test_purge(self, store: Store) -> None:
        """A purged record is gone; its tombstone is returned and logged, without any state of it left in the log."""
        first = await commit_record(store, create(record(content=SECRET)))
        gone = await commit_record(store, delete(await commit_record(store, update(first, name="secret"))))
        committed = await store.commit(mutation(purge(gone)))
        assert committed.revision == 4
        assert committed.states == (tombstone(KEY, 4, 4),)
        assert await store.get_record(KEY) is None
        log = await assert_log_matches(store)
        assert [(entry.kind, entry.version) for entry in log if entry.id] == [
            (ChangeKind.RECORD_CREATED, 1),
            (ChangeKind.RECORD_UPDATED, 2),
            (ChangeKind.RECORD_DELETED, 3),
            (ChangeKind.RECORD_PURGED, 4),
        ]
        assert [entry.record for entry in log if entry.id] == [tombstone(KEY, number, number) for number in range(1, 5)]
        assert "secret" not in str(log)

    async def test_purge_leaves_the_others(self, store: Store) -> None:
        """Other records keep their states, of the same mutation, id or collection as well."""
        first, other = await commit_records(store, create(record("r1")), create(record("r2")))
        elsewhere = await commit_record(store, create(record("r1", "other")))
        of_t = await commit_record(store, create(record("r1")), tenant="t")
        await store.commit(mutation(purge(await commit_record(store, delete(first)))))
        assert await store.get_record(RecordKey("", "notes", "r2")) == other
        assert await store.get_record(RecordKey("", "other", "r1")) == elsewhere
        assert await store.get_record(RecordKey("t", "notes", "r1")) == of_t
        assert [entry.id for entry in await store.read_mutation(1) if entry.id and entry.state] == ["r2"]
        await assert_log_matches(store)

    async def test_purge_of_another_state(self, store: Store) -> None:
        """A record that changed meanwhile, was purged or never was is not purged; nothing is erased."""
        first = await commit_record(store, create(record()))
        gone = await commit_record(store, delete(first))
        for expected in (first, replace(gone, revision=0)):
            with pytest.raises(ConditionFailed) as failed:
                await store.commit(mutation(purge(expected)))
            assert (failed.value.index, failed.value.current) == (0, gone)
        await assert_log_matches(store)
        await store.commit(mutation(purge(gone)))
        for missing in (gone, replace(gone, revision=0), record("r9"), record("r9", "nowhere")):
            with pytest.raises(ConditionFailed) as failed:
                await store.commit(mutation(create(record("new")), purge(missing)))
            assert (failed.value.index, failed.value.current) == (1, None)
        assert await store.last_revision() == 3
        assert await store.get_collection(CollectionKey("", "nowhere")) is None

    async def test_failed_purge_erases_nothing(self, store: Store) -> None:
        """A purge whose mutation is refused by another write leaves record and log as they were."""
        gone = await commit_record(store, delete(await commit_record(store, create(record()))))
        before = await read_all(store)
        with pytest.raises(ConditionFailed):
            await store.commit(mutation(purge(gone), create(record("r2")), create(record("r2"))))
        assert await store.get_record(KEY) == gone
        assert await read_all(store) == before

    async def test_purged_id_is_free(self, store: Store) -> None:
        """A purged record can be made again: as another one, with another etag, and its states stay in the log."""
        gone = await commit_record(store, delete(await commit_record(store, create(record()))))
        await store.commit(mutation(purge(gone)))
        again = await commit_record(store, create(record(name="again")))
        assert await store.get_record(KEY) == again
        assert (again.version, again.revision) == (1, 4)
        assert again.etag != gone.etag
        assert (await read_all(store))[-1].record == again
        await store.commit(mutation(purge(await commit_record(store, delete(again)))))
        await assert_log_matches(store)

    async def test_purged_and_made_again_in_one_mutation(self, store: Store) -> None:
        """What is made after a purge in the same mutation is kept, and so is its state in the log."""
        gone = await commit_record(store, delete(await commit_record(store, create(record(tags=("old",))))))
        new = record(name="again", tags=("new",))
        committed = await store.commit(mutation(purge(gone), create(new)))
        assert await store.get_record(KEY) == committed.states[1]
        assert [entry.state == "" for entry in await store.read_mutation(3)] == [True, False]
        assert await tagged(store, "old") == ()
        assert await tagged(store, "new") == (committed.states[1],)
        await assert_log_matches(store)

    async def test_purge_in_one_go(self, store: Store) -> None:
        """Several records are purged in one mutation, each with its own tombstone."""
        writes = [create(record(f"r{number:03d}")) for number in range(100)]
        gone = await commit_records(store, *[delete(each) for each in await commit_records(store, *writes)])
        committed = await store.commit(mutation(*[purge(each) for each in gone[10:]]))
        assert committed.states[0] == tombstone(RecordKey("", "notes", "r010"), 3, 3)
        page = await store.list_records(RecordQuery("", "notes", show_deleted=True))
        assert list(page.records) == gone[:10]
        await assert_log_matches(store)

    async def test_purge_of_a_live_record(self, store: Store) -> None:
        """The store itself asks for no deletion first: a live record and its tags go as well."""
        first = await commit_record(store, create(record(tags=("a",))))
        await store.commit(mutation(purge(first)))
        assert await tagged(store, "a") == ()
        await assert_log_matches(store)

    async def test_undelete(self, store: Store) -> None:
        """An undeleted record is live again: listed, by its tags too, and not to be purged."""
        gone = await commit_record(store, delete(await commit_record(store, create(record(tags=("a",))))))
        assert await tagged(store, "a") == ()
        again = await commit_record(store, undelete(gone))
        assert await store.get_record(KEY) == again
        assert (again.delete_time, again.purge_time, again.version) == (None, None, 3)
        assert await tagged(store, "a") == (again,)
        await assert_log_matches(store)

    async def test_forced_delete_of_a_collection(self, store: Store) -> None:
        """With force a collection goes with its live records, of which no state is left in the log but its own is."""
        live, gone = await commit_records(store, create(record("r1", content=SECRET)), create(record("r2")))
        await store.commit(mutation(delete(gone)))
        elsewhere = [
            await commit_record(store, create(record("r1", "notes2"))),
            await commit_record(store, create(record("r1")), tenant="t"),
        ]
        stored = await store.get_collection(NOTES)
        assert stored is not None
        with pytest.raises(CollectionNotEmpty):
            await store.commit(mutation(delete_collection(stored)))
        committed = await store.commit(mutation(delete_collection(stored, force=True)))
        assert committed.states == (stored,)
        assert await store.get_record(KEY) is None
        assert await store.get_record(RecordKey("", "notes", "r2")) is None
        assert await tagged(store, *live.tags) == ()
        assert await store.get_record(RecordKey("", "notes2", "r1")) == elsewhere[0]
        assert await store.get_record(RecordKey("t", "notes", "r1")) == elsewhere[1]
        log = await assert_log_matches(store)
        assert log[-1].collection_state == stored
        assert "secret" not in str(log)
        with pytest.raises(ConditionFailed):
            await store.commit(mutation(delete_collection(stored, force=True)))

    async def test_forced_delete_after_writes_in_one_mutation(self, store: Store) -> None:
        """Records that the mutation itself wrote before go as well, those that it writes afterwards stay."""
        first = await commit_record(store, create(record("r1", tags=("old",))))
        stored = await store.get_collection(NOTES)
        assert stored is not None
        writes = (update(first, name="second"), create(record("r2")), delete_collection(stored, force=True))
        committed = await store.commit(mutation(*writes, create(record("r2", name="last", tags=("new",)))))
        assert await store.get_record(KEY) is None
        assert await store.get_record(RecordKey("", "notes", "r2")) == committed.states[3]
        assert await tagged(store, "old") == ()
        assert await tagged(store, "new") == (committed.states[3],)
        await assert_log_matches(store)


async def tagged(store: Store, *tags: str) -> tuple[object, ...]:
    """The live records of `notes` with the first of the tags."""
    return (await store.list_records(RecordQuery("", "notes", Has(Field("tags"), tags[0])))).records
