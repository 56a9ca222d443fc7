"""Every adapter behaves like a few lines of plain Python, whatever is done to it, in whatever order."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from crud_service.library.memory import MemoryStore
from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import ChangeKind, Committed, RecordWrite
from crud_service.model.ports.record_store import (
    CollectionMissing,
    CollectionNotEmpty,
    ConditionFailed,
    RecordQuery,
)
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey
from crud_service.testing.log_replay import assert_log_matches
from crud_service.testing.mutations import (
    TIME,
    collection,
    create,
    create_collection,
    delete,
    delete_collection,
    mutation,
    record,
    update,
    update_collection,
)

IDS = st.sampled_from(["a", "b", "c"])
COLLECTIONS = st.sampled_from(["x", "y"])
TAGS = st.sets(st.sampled_from(["t1", "t2", "t3"])).map(lambda tags: tuple(sorted(tags)))
NAMES = st.text(max_size=5)


class PlainStore:
    """What a store should do, as simply as it can be said. One tenant."""

    def __init__(self):
        self.records: dict[tuple[str, str], Record] = {}
        self.collections: dict[str, Collection] = {}
        self.revision = 0

    def commit(self, change):
        """The committed states, or the exception; a copy takes the writes and replaces the truth at the end."""
        after = PlainStore()
        after.records, after.collections = dict(self.records), dict(self.collections)
        after.revision = self.revision + 1
        states = []
        for index, write in enumerate(change.writes):
            outcome = after._write_record if isinstance(write, RecordWrite) else after._write_collection
            state = outcome(index, write, change.create_collections, self)
            if isinstance(state, Exception):
                return state
            states.append(state)
        self.__dict__.update(after.__dict__)
        return Committed(self.revision, tuple(states))

    def _write_record(self, index, write, create_collections, before):
        new = replace(write.record, revision=self.revision)
        if new.collection not in self.collections:
            if not create_collections:
                return CollectionMissing(new.collection)
            self.collections[new.collection] = Collection(new.collection, "", "", self.revision, 1, TIME, TIME)
        key = (new.collection, new.id)
        current = self.records.get(key)
        if (current.revision if current else 0) != write.expected_revision:
            return ConditionFailed(index, before.records.get(key))
        self.records[key] = new
        return new

    def _write_collection(self, index, write, create_collections, before):
        name = write.collection.id
        current = self.collections.get(name)
        if (current.revision if current else 0) != write.expected_revision:
            return ConditionFailed(index, before.collections.get(name))
        if write.kind is not ChangeKind.COLLECTION_DELETED:
            self.collections[name] = replace(write.collection, revision=self.revision)
            return self.collections[name]
        if any(each.delete_time is None for (owner, _), each in self.records.items() if owner == name):
            return CollectionNotEmpty(name)
        self.records = {key: each for key, each in self.records.items() if key[0] != name}
        return self.collections.pop(name)

    def page(self, query):
        """All matching records after the query's start."""
        return [
            each
            for (owner, name), each in sorted(self.records.items())
            if owner == query.collection
            and name > query.after
            and each.delete_time is None
            and set(query.tags) <= set(each.tags)
        ]


def said(outcome):
    """What an outcome tells its caller, comparable."""
    return (type(outcome), vars(outcome)) if isinstance(outcome, Exception) else outcome


class StoreMachine(RuleBasedStateMachine):
    """Drives both adapters and the plain store with the same mutations."""

    @initialize()
    def open(self):
        self.exit = contextlib.ExitStack()
        folder = self.exit.enter_context(tempfile.TemporaryDirectory())
        self.runner = self.exit.enter_context(asyncio.Runner())
        self.stores = [MemoryStore(), SqliteStore(Path(folder) / "crud.db", synchronous="OFF")]
        self.plain = PlainStore()
        self.old: list[Record] = []
        for store in self.stores:
            self.runner.run(store.open())

    def teardown(self):
        if hasattr(self, "exit"):
            for store in self.stores:
                self.runner.run(store.close())
            self.exit.close()

    def write_for(self, data, owner, name):
        """A write of one record: a create, or a change of the state there is or of an older one."""
        states = [self.plain.records[owner, name]] if (owner, name) in self.plain.records else []
        states += [each for each in self.old if (each.collection, each.id) == (owner, name)][-1:]
        fields = {"name": data.draw(NAMES), "tags": data.draw(TAGS)}
        if not states or data.draw(st.integers(0, 3)) == 0:
            return create(record(name, owner, **fields))
        state = data.draw(st.sampled_from(states))
        if data.draw(st.booleans()):
            return update(state, delete_time=None, **fields)
        return delete(state)

    async def on_all(self, change):
        return [(await asyncio.gather(store.commit(change), return_exceptions=True))[0] for store in self.stores]

    def commit(self, change):
        """Commit to all and compare what they say."""
        self.old += self.plain.records.values()
        expected = said(self.plain.commit(change))
        for outcome in self.runner.run(self.on_all(change)):
            assert said(outcome) == expected

    @rule(data=st.data(), keys=st.lists(st.tuples(COLLECTIONS, IDS), min_size=1, max_size=4), auto=st.booleans())
    def write_records(self, data, keys, auto):
        """One mutation of one to four writes."""
        writes = [self.write_for(data, owner, name) for owner, name in keys]
        self.commit(mutation(*writes, create_collections=auto))

    @rule(name=COLLECTIONS, title=NAMES, old=st.booleans())
    def write_collection(self, name, title, old):
        """Create a collection, or change it."""
        stored = self.plain.collections.get(name)
        if stored is None or old:
            self.commit(mutation(create_collection(collection(name, name=title))))
        else:
            self.commit(mutation(update_collection(stored, name=title)))

    @rule(name=COLLECTIONS, empty=st.booleans(), again=st.booleans())
    def remove_collection(self, name, empty, again):
        """Delete a collection, perhaps after its live records and before it is made anew, in one mutation."""
        stored = self.plain.collections.get(name, collection(name, revision=99))
        live = self.plain.page(RecordQuery("", name))
        writes = [delete(each) for each in live] if empty else []
        more = [create(record("a", name, tags=("t1",)))] if again else []
        self.commit(mutation(*writes, delete_collection(stored), *more))

    @rule(data=st.data(), keys=st.lists(st.tuples(COLLECTIONS, IDS), min_size=2, max_size=6))
    def write_at_once(self, data, keys):
        """Concurrent mutations: each store takes them in the order they came."""
        changes = [mutation(self.write_for(data, owner, name)) for owner, name in keys]
        self.old += self.plain.records.values()
        expected = [said(self.plain.commit(change)) for change in changes]

        async def commit_all(store):
            return await asyncio.gather(*(store.commit(change) for change in changes), return_exceptions=True)

        for store in self.stores:
            assert [said(outcome) for outcome in self.runner.run(commit_all(store))] == expected

    @rule(owner=COLLECTIONS, tags=TAGS, after=st.sampled_from(["", "a", "b"]), limit=st.integers(1, 3))
    def list_records(self, owner, tags, after, limit):
        """One page, with any filter."""
        query = RecordQuery("", owner, tags, after, limit)
        expected = self.plain.page(query)
        for store in self.stores:
            page = self.runner.run(store.list_records(query))
            assert (list(page.records), page.more) == (expected[:limit], len(expected) > limit)

    @invariant()
    def same_states(self):
        """Every record and collection is what it should be."""
        if not hasattr(self, "plain"):
            return
        for store in self.stores:
            self.runner.run(self.compare(store))

    async def compare(self, store):
        assert await store.last_revision() == self.plain.revision
        assert await store.list_collections("", "", 10) == tuple(
            self.plain.collections[name] for name in sorted(self.plain.collections)
        )
        for owner in ("x", "y"):
            assert await store.get_collection(CollectionKey("", owner)) == self.plain.collections.get(owner)
            for name in ("a", "b", "c"):
                assert await store.get_record(RecordKey("", owner, name)) == self.plain.records.get((owner, name))

    @rule()
    def reopen(self):
        """The SQLite store forgets nothing over a restart."""
        self.runner.run(self.stores[1].close())
        self.runner.run(self.stores[1].open())

    @rule()
    def logs_match(self):
        """Both logs lead to the states, and are the same log."""
        logs = [self.runner.run(assert_log_matches(store)) for store in self.stores]
        assert logs[0] == logs[1]


TestStores = StoreMachine.TestCase
TestStores.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
