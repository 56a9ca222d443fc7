"""What the log answers after any writes and any steps of compaction: the same as a plain list of all entries says."""

from collections.abc import Sequence
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crud_service.model import timestamp
from crud_service.model.change import Change, ChangeKind, CollectionWrite, RecordWrite
from crud_service.model.ports.change_log import HistoryRule, LogScope
from crud_service.model.query import RecordQuery
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.model.timestamp import Timestamp
from crud_service.testing.mutations import collection as new_collection
from crud_service.testing.mutations import (
    create,
    create_collection,
    delete,
    delete_collection,
    mutation,
    purge,
    record,
    undelete,
    update,
    update_collection,
)
from crud_service.testing.plain_log import PlainLog
from crud_service.testing.store_contract.store import Store

# Every example has a tenant of its own, so that they share a store.
_tenants = (f"history-{number}" for number in count())

COLLECTIONS, IDS = ("x", "y"), ("a", "b", "c")
TIMES = [timestamp.parse(f"2026-03-0{day}T00:00:00Z") for day in (1, 2, 3, 4)]
EVER, NEVER = TIMES[3], Timestamp("")
RULES = st.builds(
    HistoryRule, st.sampled_from([NEVER, *TIMES, EVER]), st.integers(0, 6), st.sampled_from([EVER, EVER, *TIMES])
)
STEPS = st.one_of(
    st.tuples(
        st.just("write"),
        st.sampled_from(COLLECTIONS),
        st.lists(
            st.tuples(st.sampled_from(IDS), st.sampled_from(["change", "delete", "purge"])), min_size=1, max_size=3
        ),
        st.sampled_from(TIMES[:3]),
    ),
    st.tuples(st.just("drop"), st.sampled_from(COLLECTIONS), st.booleans(), st.sampled_from(TIMES[:3])),
    st.tuples(st.just("compact"), st.sampled_from(COLLECTIONS), RULES, st.integers(1, 8)),
)


class LogHistoryContract:
    """Random histories, compacted at any moment."""

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
            HealthCheck.too_slow,
        ],
    )
    @given(steps=st.lists(STEPS, min_size=4, max_size=24), rule=RULES)
    async def test_any_history(
        self, store: Store, steps: Sequence[tuple[str, str, object, object]], rule: HistoryRule
    ) -> None:
        """After each step reads above the floors answer as before, and below there is only what is the last state."""
        history = _History(store, next(_tenants))
        for kind, collection, what, how in steps:
            await getattr(history, kind)(collection, what, how)
        for collection in COLLECTIONS:
            await history.compact_all(collection, rule)
            await history.compact_all(collection, HistoryRule(EVER, 0, EVER))


class _History:
    """A tenant of the store beside its plain log."""

    def __init__(self, store: Store, tenant: str) -> None:
        self._store, self._tenant = store, tenant
        self._plain = PlainLog()

    async def write(self, collection: str, changes: Sequence[tuple[str, str]], time: Timestamp) -> None:
        """Create, change, delete or purge records in one mutation."""
        writes = [
            await self._write_of(RecordKey(self._tenant, collection, each), how) for each, how in dict(changes).items()
        ]
        await self._commit(writes, time)

    async def drop(self, collection: str, is_made_again: bool, time: Timestamp) -> None:
        """Delete a collection with its records, and perhaps make it again; create or change it if that cannot be."""
        stored = await self._store.get_collection(CollectionKey(self._tenant, collection))
        if stored is None:
            await self._commit([create_collection(new_collection(collection))], time)
        elif time == TIMES[0]:
            await self._commit([update_collection(stored)], time)
        else:
            again = [create(record("a", collection)), create(record("b", collection))] * is_made_again
            await self._commit([delete_collection(stored, force=True), *again], time)

    async def compact(self, collection: str, rule: HistoryRule, limit: int) -> bool:
        """One step of compaction; whether the rule allows more."""
        before = self._plain.floors.get(collection, 0)
        most = self._plain.highest_floor(collection, rule)
        step = await self._store.compact_log(CollectionKey(self._tenant, collection), rule, limit)
        assert before <= step.floor <= most
        assert step.more or step.floor == most
        self._plain.floors[collection] = step.floor
        await self._check()
        return step.more

    async def compact_all(self, collection: str, rule: HistoryRule) -> None:
        """All that the rule allows, step by step."""
        while await self.compact(collection, rule, 2):
            pass

    async def _write_of(self, key: RecordKey, how: str) -> RecordWrite:
        state = await self._store.get_record(key)
        if state is None:
            return create(record(key.id, key.collection))
        if how == "purge":
            return purge(state, self._tenant)
        if state.delete_time is not None:
            return undelete(state)
        return delete(state) if how == "delete" else update(state)

    async def _commit(self, writes: Sequence[RecordWrite | CollectionWrite], time: Timestamp) -> None:
        committed = await self._store.commit(mutation(*writes, tenant=self._tenant, time=time))
        self._plain.append(await self._store.read_mutation(committed.revision))
        await self._check()

    async def _check(self) -> None:
        for collection in COLLECTIONS:
            await self._check_log(collection)
        await self._check_history()
        await self._check_lists()

    async def _check_log(self, collection: str) -> None:
        """What the log of a collection holds, and its floor."""
        store, plain, scope = self._store, self._plain, LogScope(self._tenant, collection)
        floor = plain.floors.get(collection, 0)
        assert await store.log_floor(scope) == floor
        left = plain.left(collection)
        read = list(await store.read_log(0, 1_000, scope))
        base = [entry for entry in left if entry.revision <= floor]
        above = left[len(base) :]
        if any(entry.kind is ChangeKind.COLLECTION_DELETED for entry in above):
            # Some of what the deletion makes void may be gone before it.
            base = base[len(base) + len(above) - len(read) :]
        assert read == base + above
        assert list(await store.read_log(floor, 1_000, scope)) == above

    async def _check_history(self) -> None:
        """The entries of records, and what they were at any revision above the floors."""
        store, plain = self._store, self._plain
        assert await store.log_floor(LogScope(self._tenant)) == max(plain.floors.values(), default=0)
        revisions = [entry.revision for entry in plain.entries]
        keys = [
            (RecordKey(self._tenant, collection, each), revision)
            for collection in COLLECTIONS
            for each in IDS
            for revision in revisions
            if revision >= plain.floors.get(collection, 0)
        ]
        found = await store.states_at([key for key, _ in keys], [revision for _, revision in keys])
        for (key, revision), entry in zip(keys, found, strict=True):
            assert _told(entry) == plain.last(key.collection, key.id, revision)
        for key in {key for key, _ in keys}:
            entries = [entry for entry in plain.left(key.collection) if entry.id == key.id]
            told = [entry for entry in reversed(entries) if entry.state or entry.kind is ChangeKind.RECORD_PURGED]
            assert list(await store.read_history(key, 1 << 62, 1_000)) == told

    async def _check_lists(self) -> None:
        """The records at any revision above the floors."""
        plain = self._plain
        for collection in COLLECTIONS:
            floor = plain.floors.get(collection, 0)
            for at in {floor, *[entry.revision for entry in plain.entries]}:
                if at >= max(floor, 1):
                    query = RecordQuery(self._tenant, collection, show_deleted=True, at=at)
                    there = plain.records(collection, at)
                    assert list((await self._store.list_records(query)).records) == there


def _told(entry: Change | None) -> Change | None:
    """The entry if it tells a state."""
    return entry if entry is not None and entry.state else None
