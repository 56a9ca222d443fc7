"""Proof that the change log and the records tell the same story, compacted or not."""

from collections.abc import Iterable, Sequence

from crud_service.model.change import Change, ChangeKind
from crud_service.model.ports.change_log import LogScope
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey

States = dict[RecordKey | CollectionKey, Record | Collection]
"""The last state of everything, by its key."""


async def read_all(store: RecordStore, page: int = 100) -> list[Change]:
    """The whole log, read in pages."""
    changes: list[Change] = []
    while more := await store.read_log(changes[-1].revision if changes else 0, page):
        changes += more
    return changes


def replay(changes: Iterable[Change]) -> States:
    """The states that the log leads to. Of what a deletion makes void, compaction may have removed a part before it."""
    states: States = {}
    for change in changes:
        if change.kind is ChangeKind.COLLECTION_DELETED:
            gone = (change.tenant, change.collection)
            states = {key: state for key, state in states.items() if key[:2] != gone}
        elif change.kind is ChangeKind.RECORD_PURGED:
            states.pop(RecordKey(change.tenant, change.collection, change.id), None)
        elif change.id:
            states[RecordKey(change.tenant, change.collection, change.id)] = change.record
        else:
            states[CollectionKey(change.tenant, change.collection)] = change.collection_state
    return states


def assert_erased(changes: Sequence[Change]) -> None:
    """Of records that were purged or went with their collection, the log holds no state; of all else it does."""
    gone: set[RecordKey | CollectionKey] = set()
    for change in reversed(changes):
        key = RecordKey(change.tenant, change.collection, change.id)
        collection_key = CollectionKey(change.tenant, change.collection)
        if change.kind is ChangeKind.COLLECTION_DELETED:
            gone.add(collection_key)
        elif change.kind is ChangeKind.RECORD_PURGED:
            gone.add(key)
        erased = bool(change.id) and (key in gone or collection_key in gone)
        assert erased == (not change.state), f"{change.kind} of {key} with the state {change.state!r}"


async def assert_log_matches(store: RecordStore) -> list[Change]:
    """Above its floors the log has no hole and numbers its entries, below it has only what is the last one; it leads to
    exactly what the store holds, and of what is gone for good it holds no state. Returns the log.
    """
    changes = await read_all(store)
    floor = await store.log_floor()
    groups: dict[int, list[int]] = {}
    for change in changes:
        groups.setdefault(change.revision, []).append(change.ordinal)
    assert list(groups) == sorted(groups)
    assert [revision for revision in groups if revision > floor] == list(
        range(floor + 1, await store.last_revision() + 1)
    )
    for revision, ordinals in groups.items():
        assert ordinals == (list(range(len(ordinals))) if revision > floor else sorted(set(ordinals)))
    await assert_compacted(store, changes)
    states = replay(changes)
    for key in _named(changes):
        stored = await (store.get_record(key) if isinstance(key, RecordKey) else store.get_collection(key))
        assert stored == states.get(key)
    assert_erased(changes)
    return changes


async def assert_compacted(store: RecordStore, changes: Sequence[Change]) -> None:
    """Up to its floor a collection has one entry of each record and of itself, and none of what is gone."""
    floors: dict[LogScope, int] = {}
    seen: set[RecordKey] = set()
    for change in changes:
        scope = LogScope(change.tenant, change.collection)
        if scope not in floors:
            floors[scope] = await store.log_floor(scope)
        if change.revision <= floors[scope]:
            key = RecordKey(change.tenant, change.collection, change.id)
            assert key not in seen, f"{change.kind} of {key} is not the only entry below the floor"
            assert change.kind not in {ChangeKind.RECORD_PURGED, ChangeKind.COLLECTION_DELETED}
            seen.add(key)


def _named(changes: Iterable[Change]) -> set[RecordKey | CollectionKey]:
    """The keys of everything that the log tells of."""
    return {
        RecordKey(change.tenant, change.collection, change.id)
        if change.id
        else CollectionKey(change.tenant, change.collection)
        for change in changes
    }
