"""What a store promises that outlives its process."""

from msgspec.structs import replace

from crud_service.model.ports.change_log import HistoryRule, LogScope
from crud_service.model.ports.record_store import DueRecord
from crud_service.model.record import CollectionKey, FieldIndex, Record, RecordKey
from crud_service.testing.log_replay import assert_log_matches, read_all
from crud_service.testing.mutations import (
    LATER,
    MUCH_LATER,
    TIME,
    collection,
    create,
    create_collection,
    delete,
    mutation,
    purge,
    record,
    request,
)
from crud_service.testing.store_contract.error_reports import error_report
from crud_service.testing.store_contract.store import Store, commit_record


class PersistentStoreContract:
    """The same store, opened again. A subclass gives the fixture `store`, whose `open` and `close` may alternate."""

    async def test_reopened_store(self, store: Store) -> None:
        """Records, collections, requests, indexes, the log, system values and error reports are there after a
        restart.
        """
        writes = (create(record("r1", expire_time=LATER)), create(record("r2")))
        made = create_collection(collection(require_etag=True, retention=1, indexes=(FieldIndex("name"),)))
        _, first, second = (await store.commit(mutation(made, *writes, request=request()))).states
        assert isinstance(first, Record)
        assert isinstance(second, Record)
        gone = await commit_record(store, delete(second, purge_time=MUCH_LATER))
        await store.commit(mutation(purge(await commit_record(store, create(record("r3"))))))
        key = await store.load_or_create("key", lambda: b"\x00secret")
        await store.add_error_reports([error_report("report", 1)], 10)
        log = await read_all(store)
        notes = await store.get_collection(CollectionKey("", "notes"))
        await store.close()
        await store.open()
        assert await store.get_record(RecordKey("", "notes", "r1")) == first
        assert await store.get_record(RecordKey("", "notes", "r2")) == gone
        assert await store.get_record(RecordKey("", "notes", "r3")) is None
        assert await store.get_collection(CollectionKey("", "notes")) == notes
        assert await read_all(store) == log
        assert await store.load_or_create("key", lambda: b"another") == key
        assert await store.get_error_report("report") == error_report("report", 1)
        assert await store.wait_log(1) == 4
        assert await store.get_request(request().key, TIME) == replace(request(), revision=1)
        assert await store.expired_records(LATER, 10) == (DueRecord("", first),)
        assert await store.fill_index(CollectionKey("", "notes"), "name", "", 10) == "r1"
        assert (await store.commit(mutation(create(record("r3"))))).revision == 5
        await assert_log_matches(store)

    async def test_reopened_history(self, store: Store) -> None:
        """Floors, and how much history a collection keeps, are there after a restart."""
        made = create_collection(collection(history_age=3, history_entries=4))
        first, _ = (await store.commit(mutation(made, create(record())))).states
        rule = HistoryRule(MUCH_LATER, 0, MUCH_LATER)
        assert (await store.compact_log(CollectionKey("", "notes"), rule, 10)).floor == 1
        await store.close()
        await store.open()
        assert await store.get_collection(CollectionKey("", "notes")) == first
        assert [await store.log_floor(scope) for scope in (None, LogScope(""), LogScope("", "notes"))] == [1, 1, 1]
        await assert_log_matches(store)
