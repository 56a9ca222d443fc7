"""What a group of mutations does to a store: the rules that every adapter shares, without a database.

An adapter loads the current states of `touched(mutations)`, adds each mutation to a `CommitPlan` in their order, and
stores what the plan holds in one transaction. A mutation sees those before it; one that is refused leaves no trace.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from crud_service.library.staged_table import StagedTable, UndoLog, take_back
from crud_service.model.change import (
    Change,
    ChangeKind,
    CollectionWrite,
    Committed,
    Mutation,
    RecordWrite,
    RequestKey,
    StoredRequest,
    encode_state,
)
from crud_service.model.ports.record_store import (
    CollectionMissing,
    CollectionNotEmpty,
    ConditionFailed,
    RequestRepeated,
)
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey

Refusal = ConditionFailed | CollectionMissing | CollectionNotEmpty | RequestRepeated
"""What a mutation may end with instead of `Committed`."""

HasLive = Callable[[CollectionKey, set[str]], bool]
"""Whether the database holds live records of a collection besides those with the given ids."""


class Touched(NamedTuple):
    """The keys of all that mutations need to see."""

    records: set[RecordKey]
    collections: set[CollectionKey]
    requests: set[RequestKey]


class Stored(NamedTuple):
    """The stored states of what mutations touch; absent ones are left out."""

    records: Mapping[RecordKey, Record]
    collections: Mapping[CollectionKey, Collection]
    requests: Mapping[RequestKey, StoredRequest]


def touched(mutations: Iterable[Mutation]) -> Touched:
    """The keys of all that `mutations` write, compare with or keep, and of the records' collections."""
    records: set[RecordKey] = set()
    collections: set[CollectionKey] = set()
    requests: set[RequestKey] = set()
    for mutation in mutations:
        tenant = mutation.tenant
        for write in mutation.writes:
            if isinstance(write, RecordWrite):
                record = write.record
                records.add(RecordKey(tenant, record.collection, record.id))
                collections.add(CollectionKey(tenant, record.collection))
            else:
                collections.add(CollectionKey(tenant, write.collection.id))
        if mutation.conditions:
            records.update([condition.key for condition in mutation.conditions])
        if mutation.request is not None:
            requests.add(mutation.request.key)
    return Touched(records, collections, requests)


class CommitPlan:
    """The outcome of mutations that are evaluated one after the other, over what is stored.

    At first `revision` is the last one given. Afterwards:

    - `records`, `collections`, `requests`: what was written, by key
    - `dropped`: the collections whose stored records, all of them, must go before anything is written
    - `purged`: the records that were purged, even if they were made again
    - `changes`: the log entries, in order
    - `revision`: the last one given now

    In the log, the states of all stored entries about records of `dropped` and `purged` must go.
    """

    def __init__(self, stored: Stored, has_live: HasLive, revision: int) -> None:
        self._undo: UndoLog = []
        self.revision = revision
        self.records = StagedTable(stored.records, self._undo)
        self.collections = StagedTable(stored.collections, self._undo)
        self.requests = StagedTable(stored.requests, self._undo)
        # With the number of entries before: up to there the group's own entries about them are erased too.
        self.dropped: StagedTable[CollectionKey, int] = StagedTable({}, self._undo)
        self.purged: StagedTable[RecordKey, int] = StagedTable({}, self._undo)
        self._entries: list[Change] = []
        self._has_live = has_live
        # The mutation at hand, the revision it takes, and the number of entries before its own.
        self._mutation: Mutation
        self._revision = revision
        self._start = 0

    def add(self, mutation: Mutation) -> Committed | Refusal:
        """Evaluate the next mutation: give it the next revision, or refuse it without a trace."""
        self._mutation, self._revision, self._start = mutation, self.revision + 1, len(self._entries)
        self._undo.clear()
        try:
            if mutation.request is not None:
                self._keep(mutation.request)
            states = tuple(
                [
                    self._write_record(index, write)
                    if isinstance(write, RecordWrite)
                    else self._write_collection(index, write)
                    for index, write in enumerate(mutation.writes)
                ]
            )
            if mutation.conditions:
                self._check_conditions()
        except (ConditionFailed, CollectionMissing, CollectionNotEmpty, RequestRepeated) as refusal:
            take_back(self._undo)
            del self._entries[self._start :]
            # By its frames it would hold all of its group, and itself: garbage that only the collector finds.
            return refusal.with_traceback(None)
        if states:
            self.revision = self._revision
        return Committed(self.revision, states)

    @property
    def changes(self) -> list[Change]:
        """The log entries of the group, in order, without the states that it erased again."""
        if not self.purged.written and not self.dropped.written:
            return self._entries
        return [
            replace(change, state="") if change.id and place < self._erased_up_to(change) else change
            for place, change in enumerate(self._entries)
        ]

    def _keep(self, request: StoredRequest) -> None:
        current = self.requests.get(request.key)
        if current is not None and current.expire_time > self._mutation.time:
            raise RequestRepeated(current)
        self.requests.put(request.key, replace(request, revision=self._revision if self._mutation.writes else 0))

    def _write_record(self, index: int, write: RecordWrite) -> Record:
        record, tenant = write.record, self._mutation.tenant
        collection_key = CollectionKey(tenant, record.collection)
        if self.collections.get(collection_key) is None:
            self._make_collection(collection_key)
        key = RecordKey(tenant, record.collection, record.id)
        current = self.records.get(key)
        if (0 if current is None else current.revision) != write.expected_revision:
            raise ConditionFailed(index, self.records.before(key))
        state = replace(record, revision=self._revision)
        if write.kind is ChangeKind.RECORD_PURGED:
            self._purge(index, key, state)
        else:
            self.records.put(key, state)
            self._log(write.kind, key.collection, key.id, state.version, encode_state(state))
        return state

    def _purge(self, index: int, key: RecordKey, tombstone: Record) -> None:
        if self.records.get(key) is None:
            raise ConditionFailed(index, self.records.before(key))
        self.purged.put(key, len(self._entries))
        self.records.put(key, None)
        self._log(ChangeKind.RECORD_PURGED, key.collection, key.id, tombstone.version, "")

    def _write_collection(self, index: int, write: CollectionWrite) -> Collection:
        key = CollectionKey(self._mutation.tenant, write.collection.id)
        current = self.collections.get(key)
        deletes = write.kind is ChangeKind.COLLECTION_DELETED
        if (0 if current is None else current.revision) != write.expected_revision or (deletes and current is None):
            raise ConditionFailed(index, self.collections.before(key))
        if deletes and current is not None:
            self._drop(key, write.force)
            state = current
        else:
            state = replace(write.collection, revision=self._revision)
            self.collections.put(key, state)
        self._log(write.kind, key.id, "", state.version, encode_state(state))
        return state

    def _make_collection(self, key: CollectionKey) -> None:
        if not self._mutation.create_collections:
            raise CollectionMissing(key.id)
        time = self._mutation.time
        made = Collection(key.id, "", "", self._revision, 1, time, time)
        self.collections.put(key, made)
        self._log(ChangeKind.COLLECTION_CREATED, key.id, "", made.version, encode_state(made))

    def _drop(self, key: CollectionKey, force: bool) -> None:
        """Remove a collection with its records; CollectionNotEmpty if a live one is among them, unless forced."""
        inside = [each for each in {**self.records.loaded, **self.records.written} if each[:2] == key]
        if not force and self._is_live(key, inside):
            raise CollectionNotEmpty(key.id)
        for record_key in inside:
            self.records.put(record_key, None)
        self.collections.put(key, None)
        self.dropped.put(key, len(self._entries))

    def _is_live(self, key: CollectionKey, inside: list[RecordKey]) -> bool:
        states = [self.records.get(record_key) for record_key in inside]
        if any(state is not None and state.delete_time is None for state in states):
            return True
        # Of a collection dropped before, what the database still holds does not count.
        return self.dropped.get(key) is None and self._has_live(key, {record_key.id for record_key in inside})

    def _check_conditions(self) -> None:
        for index, condition in enumerate(self._mutation.conditions, len(self._mutation.writes)):
            current = self.records.before(condition.key)
            if (0 if current is None else current.revision) != condition.expected_revision:
                raise ConditionFailed(index, current)

    def _erased_up_to(self, change: Change) -> int:
        purged = self.purged.get(RecordKey(change.tenant, change.collection, change.id)) or 0
        return max(purged, self.dropped.get(CollectionKey(change.tenant, change.collection)) or 0)

    def _log(self, kind: ChangeKind, collection: str, record_id: str, version: int, state: str) -> None:
        mutation = self._mutation
        origin = mutation.origin
        self._entries.append(
            Change(
                self._revision,
                len(self._entries) - self._start,
                kind,
                mutation.tenant,
                collection,
                record_id,
                state,
                version,
                mutation.time,
                origin.actor,
                origin.reason,
                origin.request_id,
                origin.call_id,
                origin.trace_id,
                origin.code_version,
            )
        )
