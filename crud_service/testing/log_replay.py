"""Proof that the change log and the records tell the same story."""

from collections.abc import Iterable, Sequence

from crud_service.model.change import Change, ChangeKind
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
    """The states that the log leads to."""
    states: States = {}
    for change in changes:
        if change.kind is ChangeKind.COLLECTION_DELETED:
            gone = (change.tenant, change.collection)
            states = {key: state for key, state in states.items() if key[:2] != gone}
        elif change.kind is ChangeKind.RECORD_PURGED:
            del states[RecordKey(change.tenant, change.collection, change.id)]
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
    """The log has no hole, numbers its entries, leads to exactly what the store holds, and of what is gone for good it
    holds no state. Returns the log.
    """
    changes = await read_all(store)
    groups: dict[int, list[int]] = {}
    for change in changes:
        groups.setdefault(change.revision, []).append(change.ordinal)
    assert list(groups) == list(range(1, await store.last_revision() + 1))
    assert all(ordinals == list(range(len(ordinals))) for ordinals in groups.values())
    states = replay(changes)
    for key in _named(changes):
        stored = await (store.get_record(key) if isinstance(key, RecordKey) else store.get_collection(key))
        assert stored == states.get(key)
    assert_erased(changes)
    return changes


def _named(changes: Iterable[Change]) -> set[RecordKey | CollectionKey]:
    """The keys of everything that the log tells of."""
    return {
        RecordKey(change.tenant, change.collection, change.id)
        if change.id
        else CollectionKey(change.tenant, change.collection)
        for change in changes
    }
