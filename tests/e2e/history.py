"""Whether a store's log tells the truth about its records."""

from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import Change, ChangeKind
from crud_service.model.record import CollectionKey, Record, RecordKey


async def check_log(store: SqliteStore) -> tuple[Change, ...]:
    """Assert that the log has no hole and that what it says happened is what is stored; return all of it."""
    changes = await read_whole_log(store)
    revisions = sorted({change.revision for change in changes})
    last = await store.last_revision()
    assert revisions == list(range(1, last + 1))
    order = [(change.revision, change.ordinal) for change in changes]
    assert order == sorted(set(order))
    _check_groups(changes)
    records = {RecordKey(each.tenant, each.collection, each.id): each for each in changes if each.id}
    collections = {CollectionKey(each.tenant, each.collection): each for each in changes if not each.id}
    for record_key, change in records.items():
        stored = await store.get_record(record_key)
        assert stored == change.record
        assert stored.revision == change.revision
        assert stored.version == change.version
    for collection_key, change in collections.items():
        gone = change.kind is ChangeKind.COLLECTION_DELETED
        assert await store.get_collection(collection_key) == (None if gone else change.collection_state)
    return changes


async def read_whole_log(store: SqliteStore) -> tuple[Change, ...]:
    """All entries."""
    found: tuple[Change, ...] = ()
    while more := await store.read_log(found[-1].revision if found else 0, 1_000):
        found += more
    return found


def _check_groups(changes: tuple[Change, ...]) -> None:
    """The entries of one mutation are numbered from 0 and share their origin; versions count up by one."""
    ordinals: dict[int, int] = {}
    calls: dict[int, str] = {}
    versions: dict[tuple[str, str], int] = {}
    for change in changes:
        assert change.ordinal == ordinals.get(change.revision, 0)
        ordinals[change.revision] = change.ordinal + 1
        assert calls.setdefault(change.revision, change.call_id) == change.call_id
        if change.id:
            key = change.collection, change.id
            assert change.version == versions.get(key, 0) + 1
            versions[key] = change.version
            state: Record = change.record
            assert (state.collection, state.id) == key
            assert (state.delete_time is not None) == (change.kind is ChangeKind.RECORD_DELETED)
    assert len(set(calls.values())) == len(calls)
