"""What a group of mutations does to a store: the rules that every adapter shares, without a database.

An adapter loads the current states of `touched(mutations)`, adds each mutation to a `CommitPlan` in their order, and
stores what the plan holds in one transaction. A mutation sees those before it; one that is refused leaves no trace.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from crud_service.model.change import (
    Change,
    ChangeKind,
    CollectionWrite,
    Committed,
    Mutation,
    RecordWrite,
    encode_state,
)
from crud_service.model.ports.record_store import CollectionMissing, CollectionNotEmpty, ConditionFailed
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey

Refusal = ConditionFailed | CollectionMissing | CollectionNotEmpty
"""What a mutation may end with instead of `Committed`."""

HasLive = Callable[[CollectionKey, set[str]], bool]
"""Whether the database holds live records of a collection besides those with the given ids."""

_ABSENT: Any = object()


def touched(mutations: Iterable[Mutation]) -> tuple[set[RecordKey], set[CollectionKey]]:
    """The keys of all records and collections that `mutations` need to see."""
    records: set[RecordKey] = set()
    collections: set[CollectionKey] = set()
    for mutation in mutations:
        tenant = mutation.tenant
        for write in mutation.writes:
            if isinstance(write, RecordWrite):
                record = write.record
                records.add(RecordKey(tenant, record.collection, record.id))
                collections.add(CollectionKey(tenant, record.collection))
            else:
                collections.add(CollectionKey(tenant, write.collection.id))
    return records, collections


class CommitPlan:
    """The outcome of mutations that are evaluated one after the other.

    `records` and `collections` are the stored states of what the mutations touch, absent ones left out; `revision` is
    the last one given. Afterwards:

    - `written_records`, `written_collections`: the final states by key; None stands for one that must be gone
    - `dropped`: the collections whose stored records, all of them, must go before anything is written
    - `changes`: the log entries, in order
    - `revision`: the last one given now
    """

    def __init__(
        self,
        records: Mapping[RecordKey, Record],
        collections: Mapping[CollectionKey, Collection],
        has_live: HasLive,
        revision: int,
    ) -> None:
        self.revision = revision
        self.written_records: dict[RecordKey, Record | None] = {}
        self.written_collections: dict[CollectionKey, Collection | None] = {}
        self.dropped: dict[CollectionKey, bool] = {}
        self.changes: list[Change] = []
        self._records = records
        self._collections = collections
        self._has_live = has_live
        # What to put back if the mutation at hand is refused: (table, key, what was there).
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    def add(self, mutation: Mutation) -> Committed | Refusal:
        """Evaluate the next mutation: give it the next revision, or refuse it without a trace."""
        revision = self.revision + 1
        before = len(self.changes)
        self._undo.clear()
        try:
            states = tuple(
                [
                    self._write_record(mutation, revision, before, index, write)
                    if isinstance(write, RecordWrite)
                    else self._write_collection(mutation, revision, before, index, write)
                    for index, write in enumerate(mutation.writes)
                ]
            )
        except (ConditionFailed, CollectionMissing, CollectionNotEmpty) as refusal:
            self._take_back(before)
            return refusal
        self.revision = revision
        return Committed(revision, states)

    def tag_rows(self) -> tuple[list[tuple[str, str, str, str]], list[tuple[str, str, str, str]]]:
        """The tag index's rows (tenant, collection, tag, id) to remove, and those to insert after that.

        Only live records are in that index. Rows of `dropped` collections are not listed: they go as a whole.
        """
        removed: list[tuple[str, str, str, str]] = []
        inserted: list[tuple[str, str, str, str]] = []
        for key, state in self.written_records.items():
            tenant, collection, record_id = key
            dropped = (tenant, collection) in self.dropped
            old = () if dropped else _live_tags(self._records.get(key))
            new = _live_tags(state)
            if old != new:
                removed += [(tenant, collection, tag, record_id) for tag in old if tag not in new]
                inserted += [(tenant, collection, tag, record_id) for tag in new if tag not in old]
        return removed, inserted

    def _write_record(self, mutation: Mutation, revision: int, before: int, index: int, write: RecordWrite) -> Record:
        record = write.record
        tenant = mutation.tenant
        collection_key = CollectionKey(tenant, record.collection)
        if self._collection(collection_key) is None:
            self._make_collection(mutation, revision, before, collection_key)
        key = RecordKey(tenant, record.collection, record.id)
        current = self._record(key)
        if (0 if current is None else current.revision) != write.expected_revision:
            raise ConditionFailed(index, self._stored(self.written_records, self._records, key))
        state = replace(record, revision=revision)
        self._put(self.written_records, key, state)
        self._log(mutation, revision, before, write.kind, state.collection, state.id, state)
        return state

    def _write_collection(
        self, mutation: Mutation, revision: int, before: int, index: int, write: CollectionWrite
    ) -> Collection:
        key = CollectionKey(mutation.tenant, write.collection.id)
        current = self._collection(key)
        if (0 if current is None else current.revision) != write.expected_revision:
            raise ConditionFailed(index, self._stored(self.written_collections, self._collections, key))
        if write.kind is not ChangeKind.COLLECTION_DELETED:
            state = replace(write.collection, revision=revision)
            self._put(self.written_collections, key, state)
            self._log(mutation, revision, before, write.kind, state.id, "", state)
            return state
        if current is None:
            raise ConditionFailed(index, None)
        self._drop(key)
        self._log(mutation, revision, before, write.kind, current.id, "", current)
        return current

    def _make_collection(self, mutation: Mutation, revision: int, before: int, key: CollectionKey) -> None:
        if not mutation.create_collections:
            raise CollectionMissing(key.id)
        time = mutation.time
        made = Collection(key.id, "", "", revision, 1, time, time)
        self._put(self.written_collections, key, made)
        self._log(mutation, revision, before, ChangeKind.COLLECTION_CREATED, key.id, "", made)

    def _drop(self, key: CollectionKey) -> None:
        """Remove a collection with its deleted records; CollectionNotEmpty if a live one is among them."""
        inside = {record_key for record_key in {**self._records, **self.written_records} if record_key[:2] == key}
        states = [self._record(record_key) for record_key in inside]
        if any(state is not None and state.delete_time is None for state in states):
            raise CollectionNotEmpty(key.id)
        if key not in self.dropped and self._has_live(key, {record_key.id for record_key in inside}):
            raise CollectionNotEmpty(key.id)
        for record_key in inside:
            self._put(self.written_records, record_key, None)
        self._put(self.written_collections, key, None)
        self._put(self.dropped, key, True)

    def _record(self, key: RecordKey) -> Record | None:
        written = self.written_records
        return written[key] if key in written else self._records.get(key)

    def _collection(self, key: CollectionKey) -> Collection | None:
        written = self.written_collections
        return written[key] if key in written else self._collections.get(key)

    def _stored(self, written: dict[Any, Any], loaded: Mapping[Any, Any], key: Any) -> Any:
        """What is stored under `key` without the mutation at hand, which will leave no trace."""
        for table, changed, old in self._undo:
            if table is written and changed == key:
                return loaded.get(key) if old is _ABSENT else old
        return written[key] if key in written else loaded.get(key)

    def _put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def _take_back(self, before: int) -> None:
        for table, key, old in reversed(self._undo):
            if old is _ABSENT:
                del table[key]
            else:
                table[key] = old
        del self.changes[before:]

    def _log(
        self,
        mutation: Mutation,
        revision: int,
        before: int,
        kind: ChangeKind,
        collection: str,
        record_id: str,
        state: Record | Collection,
    ) -> None:
        origin = mutation.origin
        self.changes.append(
            Change(
                revision,
                len(self.changes) - before,
                kind,
                mutation.tenant,
                collection,
                record_id,
                encode_state(state),
                state.version,
                mutation.time,
                origin.actor,
                origin.reason,
                origin.request_id,
                origin.call_id,
                origin.trace_id,
                origin.code_version,
            )
        )


def _live_tags(state: Record | None) -> tuple[str, ...]:
    return () if state is None or state.delete_time is not None else state.tags
