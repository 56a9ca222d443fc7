"""What a store should do, as simply as it can be said."""

from msgspec.structs import replace

from crud_service.model.change import ChangeKind, Committed, RecordWrite
from crud_service.model.ports.record_store import (
    CollectionMissing,
    CollectionNotEmpty,
    ConditionFailed,
    RequestRepeated,
)
from crud_service.model.record import Collection


class PlainStore:
    """One tenant's records by (collection, id), collections and requests, without a log.

    `past` are the records at each revision, without those that were purged since.
    """

    def __init__(self):
        self.records = {}
        self.collections = {}
        self.requests = {}
        self.revision = 0
        self.past = {}

    def commit(self, change):
        """The committed states, or the exception; a copy takes the writes and replaces the truth at the end."""
        after = PlainStore()
        after.records, after.collections, after.requests = (
            dict(each) for each in (self.records, self.collections, self.requests)
        )
        after.revision = self.revision + 1
        if change.request and (kept := self.request(change.request.key, change.time)):
            return RequestRepeated(kept)
        states = []
        for index, write in enumerate(change.writes):
            apply = after._write_record if isinstance(write, RecordWrite) else after._write_collection
            state = apply(index, write, change, self)
            if isinstance(state, Exception):
                return state
            states.append(state)
        for index, condition in enumerate(change.conditions, len(states)):
            current = self.records.get(condition.key[1:])
            if (current.revision if current else 0) != condition.expected_revision:
                return ConditionFailed(index, current)
        if not states:
            after.revision = self.revision
        if change.request:
            after.requests[change.request.key] = replace(change.request, revision=after.revision if states else 0)
        after.past = {at: _without(then, change) for at, then in self.past.items()}
        if states:
            after.past[after.revision] = after.records
        self.__dict__.update(after.__dict__)
        return Committed(self.revision, tuple(states))

    def request(self, key, at):
        """The request that is kept under the key, unless it has expired."""
        kept = self.requests.get(key)
        return kept if kept and kept.expire_time > at else None

    def forget(self, at):
        """Remove the expired requests; how many."""
        before = len(self.requests)
        self.requests = {key: each for key, each in self.requests.items() if each.expire_time > at}
        return before - len(self.requests)

    def live(self, owner):
        """The live records of a collection, in the order of ids."""
        found = [each for (of, _), each in sorted(self.records.items()) if of == owner]
        return [each for each in found if each.delete_time is None]

    def expired(self, at):
        """The live records whose time has come, the earliest first."""
        due = [each for each in self.records.values() if each.delete_time is None and each.expire_time]
        return sorted([each for each in due if each.expire_time <= at], key=lambda each: each.expire_time)

    def purgeable(self, at):
        """The deleted records whose time has come, the earliest first."""
        due = [each for each in self.records.values() if each.delete_time and each.purge_time]
        return sorted([each for each in due if each.purge_time <= at], key=lambda each: each.purge_time)

    def _write_record(self, index, write, change, before):
        new = replace(write.record, revision=self.revision)
        if new.collection not in self.collections:
            if not change.create_collections:
                return CollectionMissing(new.collection)
            made = Collection(new.collection, "", "", self.revision, 1, change.time, change.time)
            self.collections[new.collection] = made
        key = (new.collection, new.id)
        current = self.records.get(key)
        purges = write.kind is ChangeKind.RECORD_PURGED
        if (current.revision if current else 0) != write.expected_revision or (purges and current is None):
            return ConditionFailed(index, before.records.get(key))
        if purges:
            del self.records[key]
        else:
            self.records[key] = new
        return new

    def _write_collection(self, index, write, change, before):
        name = write.collection.id
        current = self.collections.get(name)
        if (current.revision if current else 0) != write.expected_revision:
            return ConditionFailed(index, before.collections.get(name))
        if write.kind is not ChangeKind.COLLECTION_DELETED:
            self.collections[name] = replace(write.collection, revision=self.revision)
            return self.collections[name]
        if self.live(name) and not write.force:
            return CollectionNotEmpty(name)
        self.records = {key: each for key, each in self.records.items() if key[0] != name}
        return self.collections.pop(name)


def _without(then, change):
    """The records of an earlier revision without those that go for good with a change."""
    kinds = (ChangeKind.RECORD_PURGED, ChangeKind.COLLECTION_DELETED)
    going = [write for write in change.writes if write.kind in kinds]
    keys = {(write.record.collection, write.record.id) for write in going if isinstance(write, RecordWrite)}
    owners = {write.collection.id for write in going if not isinstance(write, RecordWrite)}
    return {key: each for key, each in then.items() if key not in keys and key[0] not in owners}
