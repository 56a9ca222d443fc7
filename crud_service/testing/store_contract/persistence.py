"""What a store promises that outlives its process."""

from crud_service.model.record import CollectionKey, RecordKey
from crud_service.testing.log_replay import assert_log_matches, read_all
from crud_service.testing.mutations import create, delete, mutation, record
from crud_service.testing.store_contract.store import Store, commit_records


class PersistentStoreContract:
    """The same store, opened again. A subclass gives the fixture `store`, whose `open` and `close` may alternate."""

    async def test_reopened_store(self, store: Store) -> None:
        """Records, collections, the log, the revision and system values are there after a restart."""
        first, second = await commit_records(store, create(record("r1")), create(record("r2")))
        await store.commit(mutation(delete(second)))
        key = await store.load_or_create("key", lambda: b"\x00secret")
        gone, log = await store.get_record(RecordKey("", "notes", "r2")), await read_all(store)
        made = await store.get_collection(CollectionKey("", "notes"))
        await store.close()
        await store.open()
        assert await store.get_record(RecordKey("", "notes", "r1")) == first
        assert await store.get_record(RecordKey("", "notes", "r2")) == gone
        assert await store.get_collection(CollectionKey("", "notes")) == made
        assert await read_all(store) == log
        assert await store.load_or_create("key", lambda: b"another") == key
        assert await store.wait_log(1) == 2
        assert (await store.commit(mutation(create(record("r3"))))).revision == 3
        await assert_log_matches(store)
