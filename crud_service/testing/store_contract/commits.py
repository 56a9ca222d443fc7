"""What a commit promises: all or nothing, conditions, revisions."""

import pytest
from msgspec.structs import replace

from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.ports.record_store import CollectionMissing, ConditionFailed
from crud_service.model.query import RecordQuery
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.testing.log_replay import assert_log_matches, read_all
from crud_service.testing.mutations import LATER, ORIGIN, TIME, create, delete, mutation, record, request, update
from crud_service.testing.store_contract.store import Store, commit_record

KEY = RecordKey("", "notes", "r1")


class CommitContract:
    """Writes of records."""

    async def test_create(self, store: Store) -> None:
        """A created record is returned with its revision and read back as it was returned."""
        committed = await store.commit(mutation(create(record())))
        assert committed.revision == 1
        assert committed.states == (replace(record(), revision=1),)
        assert await store.get_record(KEY) == committed.states[0]

    async def test_update(self, store: Store) -> None:
        """An update replaces the whole state and takes the next revision."""
        first = await commit_record(store, create(record()))
        fields = {"name": "other", "date": LATER, "content": '{"n":1}', "tags": ("c",)}
        committed = await store.commit(mutation(update(first, **fields)))
        assert committed.states == (replace(first, revision=2, version=2, update_time=LATER, **fields),)
        assert await store.get_record(KEY) == committed.states[0]

    async def test_probe_of_writing(self, store: Store) -> None:
        """A store that takes commits says so, and stores nothing for it."""
        await commit_record(store, create(record()))
        log = await store.read_log(0, 10)
        for _ in range(3):
            await store.probe_write()
        assert await store.last_revision() == 1
        assert await store.read_log(0, 10) == log
        assert (await commit_record(store, create(record("r2")))).revision == 2

    async def test_delete_keeps_the_record(self, store: Store) -> None:
        """A deleted record is still read, with its time of deletion."""
        committed = await store.commit(mutation(delete(await commit_record(store, create(record())))))
        gone = await store.get_record(KEY)
        assert gone == committed.states[0]
        assert gone is not None
        assert gone.delete_time == LATER

    async def test_deleted_record_can_be_written_again(self, store: Store) -> None:
        """A deleted record that is written without a time of deletion is live again."""
        first = await commit_record(store, create(record()))
        gone = await commit_record(store, delete(first))
        await store.commit(mutation(update(replace(gone, delete_time=None))))
        again = await store.get_record(KEY)
        assert again is not None
        assert (again.delete_time, again.revision) == (None, 3)

    async def test_unknown_record(self, store: Store) -> None:
        """There is nothing under an unknown id, collection or tenant."""
        await commit_record(store, create(record()))
        assert await store.get_record(RecordKey("", "notes", "r2")) is None
        assert await store.get_record(RecordKey("", "other", "r1")) is None
        assert await store.get_record(RecordKey("t", "notes", "r1")) is None

    async def test_create_of_an_existing_record(self, store: Store) -> None:
        """Creating what exists fails with the stored state and changes nothing."""
        first = await commit_record(store, create(record()))
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(create(record(name="second"))))
        assert (failed.value.index, failed.value.current) == (0, first)
        assert await store.get_record(KEY) == first

    async def test_create_of_a_deleted_record(self, store: Store) -> None:
        """The id of a deleted record stays taken."""
        gone = await commit_record(store, delete(await commit_record(store, create(record()))))
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(create(record())))
        assert failed.value.current == gone

    async def test_update_of_another_revision(self, store: Store) -> None:
        """An update that expects an older state fails and shows the current one."""
        first = await commit_record(store, create(record()))
        current = await commit_record(store, update(first, name="second"))
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(update(first, name="third")))
        assert (failed.value.index, failed.value.current) == (0, current)
        assert await store.get_record(KEY) == current

    async def test_update_of_nothing(self, store: Store) -> None:
        """An update of what is not there fails and shows that there is nothing."""
        await commit_record(store, create(record()))
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(update(record("r2", revision=1))))
        assert failed.value.current is None

    async def test_all_or_nothing(self, store: Store) -> None:
        """One failing write leaves no trace of the others, and the first one that fails is named."""
        first = await commit_record(store, create(record()))
        before = await read_all(store)
        writes = [
            create(record("r2")),
            update(first, name="second"),
            create(record("x", collection="new")),
            create(record(name="taken")),
            create(record("r2", name="taken in this mutation")),
        ]
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(*writes))
        assert (failed.value.index, failed.value.current) == (3, first)
        assert await store.get_record(RecordKey("", "notes", "r2")) is None
        assert await store.get_record(KEY) == first
        assert await store.get_collection(CollectionKey("", "new")) is None
        assert await read_all(store) == before

    async def test_failed_commit_takes_no_revision(self, store: Store) -> None:
        """After a mutation that failed, the next one takes the revision after the last one that did not."""
        await commit_record(store, create(record()))
        with pytest.raises(ConditionFailed):
            await store.commit(mutation(create(record())))
        assert await store.last_revision() == 1
        assert (await store.commit(mutation(create(record("r2"))))).revision == 2

    async def test_many_writes_share_a_revision(self, store: Store) -> None:
        """All states of a mutation get its one revision, in the order of its writes."""
        first = await commit_record(store, create(record()))
        committed = await store.commit(mutation(create(record("r3")), delete(first), create(record("r2"))))
        assert [(state.id, state.revision) for state in committed.states] == [("r3", 2), ("r1", 2), ("r2", 2)]
        await assert_log_matches(store)

    async def test_two_writes_of_one_record(self, store: Store) -> None:
        """A second write of the same record sees the first one: creating it twice fails, and nothing is stored."""
        with pytest.raises(ConditionFailed) as failed:
            await store.commit(mutation(create(record()), create(record())))
        assert (failed.value.index, failed.value.current) == (1, None)
        assert await store.get_record(KEY) is None

    async def test_missing_collection(self, store: Store) -> None:
        """Without leave to make it, a missing collection refuses its records, and nothing is stored."""
        with pytest.raises(CollectionMissing) as missing:
            await store.commit(mutation(create(record()), create_collections=False))
        assert missing.value.collection == "notes"
        assert await store.get_record(KEY) is None
        assert await store.last_revision() == 0

    async def test_tenants_are_apart(self, store: Store) -> None:
        """The same id under two tenants is two records, and two collections."""
        await store.commit(mutation(create(record(name="of a")), tenant="a"))
        await store.commit(mutation(create(record(name="of b")), tenant="b"))
        of_a = await store.get_record(RecordKey("a", "notes", "r1"))
        assert of_a is not None
        assert of_a.name == "of a"
        assert [change.tenant for change in await read_all(store)] == ["a", "a", "b", "b"]
        assert await store.list_collections("", "", 10) == ()

    async def test_entry_tells_everything(self, store: Store) -> None:
        """A log entry holds what happened, to what, when, why and by whom."""
        first = await commit_record(store, create(record()))
        entry = (await read_all(store))[-1]
        assert entry.kind is ChangeKind.RECORD_CREATED
        assert (entry.revision, entry.ordinal, entry.version) == (1, 1, 1)
        assert (entry.tenant, entry.collection, entry.id, entry.time) == ("", "notes", "r1", TIME)
        assert entry.record == first
        origin = (entry.actor, entry.reason, entry.request_id, entry.call_id, entry.trace_id, entry.code_version)
        assert origin == tuple(getattr(ORIGIN, name) for name in ORIGIN.__struct_fields__)

    async def test_closed_store(self, store: Store) -> None:
        """A closed store answers everything with that it is shutting down, and closing it again does nothing."""
        await store.close()
        await store.close()
        notes = CollectionKey("", "notes")
        for use in (
            store.commit(mutation(create(record()))),
            store.get_record(KEY),
            store.get_records([KEY]),
            store.list_records(RecordQuery("", "notes")),
            store.count_records(RecordQuery("", "notes"), estimate=False),
            store.get_collection(notes),
            store.list_collections("", "", 10),
            store.last_revision(),
            store.probe_write(),
            store.read_log(0, 10),
            store.read_mutation(1),
            store.get_request(request().key, TIME),
            store.forget_requests(TIME, 10),
            store.expired_records(TIME, 10),
            store.purgeable_records(TIME, 10),
            store.fill_index(notes, "name", "", 10),
            store.load_or_create("key", bytes),
        ):
            with pytest.raises(CrudError) as refused:
                await use
            assert (refused.value.kind, refused.value.reason) == (Kind.UNAVAILABLE, Reason.SHUTTING_DOWN)
