"""Every adapter behaves like a few lines of plain Python, whatever is done to it, in whatever order."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crud_service.library.memory import MemoryStore
from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import RecordCondition
from crud_service.model.matching import in_order, matches
from crud_service.model.query import And, Field, Has, OrderKey, RecordQuery
from crud_service.model.record import CollectionKey, FieldIndex, Record, RecordKey
from crud_service.testing.log_replay import assert_log_matches
from crud_service.testing.mutations import (
    LATER,
    MUCH_LATER,
    TIME,
    collection,
    create,
    create_collection,
    delete,
    delete_collection,
    mutation,
    purge,
    record,
    request,
    undelete,
    update,
    update_collection,
)
from tests.integration.store.index_tables import assert_indexes_match
from tests.integration.store.plain_store import PlainStore

NAMES, OWNERS = ("a", "b", "c"), ("x", "y")
IDS, COLLECTIONS = st.sampled_from(NAMES), st.sampled_from(OWNERS)
KEYS = st.tuples(COLLECTIONS, IDS)
TAGS = st.sets(st.sampled_from(["t1", "t2", "t3"])).map(lambda tags: tuple(sorted(tags)))
TIMES = st.sampled_from([None, TIME, LATER, MUCH_LATER])
FIELDS = {"content.n": Field("content", ("n",)), "name": Field("name")}
INDEXES = st.sets(st.sampled_from(sorted(FIELDS))).map(lambda names: tuple(map(FieldIndex, sorted(names))))
RECORD_FIELDS = st.fixed_dictionaries(
    {
        "name": st.text(max_size=3),
        "tags": TAGS,
        "date": st.sampled_from([TIME, LATER]),
        "content": st.sampled_from(["{}", '{"n":1}', '{"n":-2.5}', '{"n":"text"}', '{"n":true}', '{"n":[1]}']),
        "expire_time": TIMES,
    }
)
REQUESTS = st.none() | st.builds(
    request, st.sampled_from(["q1", "q2"]), expire_time=st.sampled_from([LATER, MUCH_LATER])
)


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

    def states_of(self, key):
        """The state there is, and the last older one, most of the time another."""
        states = [self.plain.records[key]] if key in self.plain.records else []
        return states + [each for each in self.old if (each.collection, each.id) == key][-1:]

    def write_for(self, data, key):
        """A write of one record: a create, or a change of the state there is or of an older one."""
        owner, name = key
        states, fields = self.states_of(key), data.draw(RECORD_FIELDS)
        if not states or data.draw(st.integers(0, 3)) == 0:
            return create(record(name, owner, **fields))
        state = data.draw(st.sampled_from(states))
        kinds = [purge, undelete] if state.delete_time else [update, update, delete, purge]
        kind = data.draw(st.sampled_from(kinds))
        if kind is update:
            return update(state, **fields)
        return delete(state, purge_time=data.draw(TIMES)) if kind is delete else kind(state)

    def condition_for(self, data, key):
        """A condition on one record: that it is in some state, or that it is not there."""
        revisions = [0, *(state.revision for state in self.states_of(key))]
        return RecordCondition(RecordKey("", *key), data.draw(st.sampled_from(revisions)))

    def on_all(self, use):
        """What `use(store)` gives for each store."""
        return [self.runner.run(use(store)) for store in self.stores]

    def commit(self, *changes):
        """Commit to all, at once, and compare what they say: each store takes mutations in the order they came."""
        self.old += self.plain.records.values()
        expected = [said(self.plain.commit(change)) for change in changes]

        async def commit_all(store):
            return await asyncio.gather(*(store.commit(change) for change in changes), return_exceptions=True)

        for outcomes in self.on_all(commit_all):
            assert [said(outcome) for outcome in outcomes] == expected

    @rule(
        data=st.data(),
        keys=st.lists(KEYS, min_size=1, max_size=4),
        conditions=st.lists(KEYS, max_size=2),
        auto=st.booleans(),
        kept=REQUESTS,
        time=st.sampled_from([TIME, MUCH_LATER]),
    )
    def write_records(self, data, keys, conditions, auto, kept, time):
        """One mutation of one to four writes, which may depend on other records and be sent twice."""
        self.commit(
            mutation(
                *[self.write_for(data, key) for key in keys],
                create_collections=auto,
                conditions=tuple(self.condition_for(data, key) for key in conditions if key not in keys),
                request=kept,
                time=time,
            )
        )

    @rule(data=st.data(), keys=st.lists(KEYS, min_size=2, max_size=6), kept=REQUESTS)
    def write_at_once(self, data, keys, kept):
        """Concurrent mutations, all with the same request or none with any."""
        self.commit(*[mutation(self.write_for(data, key), request=kept) for key in keys])

    @rule(data=st.data(), key=KEYS, kept=REQUESTS)
    def check_only(self, data, key, kept):
        """A mutation without writes."""
        self.commit(mutation(conditions=(self.condition_for(data, key),), request=kept))

    @rule(name=COLLECTIONS, title=st.text(max_size=3), indexes=INDEXES, old=st.booleans())
    def write_collection(self, name, title, indexes, old):
        """Create a collection with some indexes, or change it."""
        stored = self.plain.collections.get(name)
        if stored is None or old:
            self.commit(mutation(create_collection(collection(name, name=title, indexes=indexes))))
        else:
            kept = {each.field: each for each in stored.indexes}
            indexes = tuple(kept.get(each.field, each) for each in indexes)
            self.commit(mutation(update_collection(stored, name=title, indexes=indexes)))

    @rule(data=st.data(), name=COLLECTIONS, limit=st.integers(1, 3))
    def fill_index(self, data, name, limit):
        """Fill an index in steps, with a write between them, and declare it ready."""
        building = [each for each in getattr(self.plain.collections.get(name), "indexes", ()) if not each.ready]
        if not building:
            return
        field = data.draw(st.sampled_from(building)).field
        after = ""
        while after is not None:
            following = [each.id for each in self.plain.live(name) if each.id > after][:limit]
            steps = self.on_all(
                lambda store, after=after: store.fill_index(CollectionKey("", name), field, after, limit)
            )
            after = following[-1] if following else None
            assert steps == [after] * 2
            if data.draw(st.booleans()):
                self.commit(mutation(self.write_for(data, (name, data.draw(IDS)))))
        stored = self.plain.collections[name]
        ready = tuple(FieldIndex(each.field, each.ready or each.field == field) for each in stored.indexes)
        self.commit(mutation(update_collection(stored, indexes=ready)))

    @rule(name=COLLECTIONS, empty=st.booleans(), force=st.booleans(), again=st.none() | INDEXES)
    def remove_collection(self, name, empty, force, again):
        """Delete a collection, perhaps after its live records and before it is made anew, in one mutation."""
        stored = self.plain.collections.get(name, collection(name, revision=99))
        writes = [delete(each) for each in self.plain.live(name)] if empty else []
        more = [] if again is None else [create_collection(collection(name, indexes=again))]
        more += [create(record("a", name, tags=("t1",)))] if again else []
        self.commit(mutation(*writes, delete_collection(stored, force=force), *more))

    @rule(owner=st.none() | COLLECTIONS, tags=TAGS, field=st.sampled_from([None, *FIELDS.values()]), down=st.booleans())
    def list_records(self, owner, tags, field, down):
        """What is found, with any filter and order."""
        terms = tuple(Has(Field("tags"), tag) for tag in tags)
        where = And(terms) if len(terms) > 1 else next(iter(terms), None)
        query = RecordQuery("", owner, where, (OrderKey(field, down),) if field else ())
        owners = OWNERS if owner is None else (owner,)
        found = [each for name in owners for each in self.plain.live(name) if matches(each, where)]
        for page in self.on_all(lambda store: store.list_records(query)):
            assert list(page.records) == [each for _, each in in_order(found, query.order)]

    @rule(
        data=st.data(), owner=st.none() | COLLECTIONS, tags=TAGS, deleted=st.booleans(), down=st.none() | st.booleans()
    )
    def list_past(self, data, owner, tags, deleted, down):
        """What there was at an earlier revision, with any filter and order."""
        if not self.plain.past:
            return
        at = data.draw(st.sampled_from(sorted(self.plain.past)))
        where = Has(Field("tags"), tags[0]) if tags else None
        order = () if down is None else (OrderKey(Field("name"), down),)
        query = RecordQuery("", owner, where, order, at=at, show_deleted=deleted)
        found = [each for (of, _), each in self.plain.past[at].items() if owner in {None, of} and matches(each, where)]
        found = [each for each in found if deleted or each.delete_time is None]
        for page in self.on_all(lambda store: store.list_records(query)):
            assert list(page.records) == [each for _, each in in_order(found, query.order)]
        for count in self.on_all(lambda store: store.count_records(query, estimate=True)):
            assert count.count == len(found)

    @rule(at=st.sampled_from([TIME, LATER, MUCH_LATER]))
    def sweep(self, at):
        """What is due is told, and what has expired is forgotten."""
        for name, wanted in (
            ("expired_records", self.plain.expired(at)),
            ("purgeable_records", self.plain.purgeable(at)),
        ):
            for due in self.on_all(lambda store, name=name: getattr(store, name)(at, 100)):
                assert {each.record.path for each in due} == {each.path for each in wanted}
                times = [
                    getattr(each.record, "expire_time" if name == "expired_records" else "purge_time") for each in due
                ]
                assert times == sorted(times)
        forgotten = self.plain.forget(at)
        assert self.on_all(lambda store: store.forget_requests(at, 100)) == [forgotten] * 2

    @invariant()
    def same_states(self):
        """Every record, collection and request is what it should be."""
        if hasattr(self, "plain"):
            self.on_all(self.compare)

    async def compare(self, store):
        plain = self.plain
        assert await store.last_revision() == plain.revision
        assert await store.list_collections("", "", 10) == tuple(
            plain.collections[each] for each in sorted(plain.collections)
        )
        for owner in OWNERS:
            for name in NAMES:
                assert await store.get_record(RecordKey("", owner, name)) == plain.records.get((owner, name))
        for key in (request("q1").key, request("q2").key):
            assert await store.get_request(key, TIME) == plain.request(key, TIME)

    @rule()
    def reopen(self):
        """The SQLite store forgets nothing over a restart, and its indexes hold what they should."""
        self.runner.run(self.stores[1].close())
        assert_indexes_match(self.stores[1].path)
        self.runner.run(self.stores[1].open())

    @rule()
    def logs_match(self):
        """Both logs lead to the states, hold nothing of what is gone, and are the same log."""
        logs = self.on_all(assert_log_matches)
        assert logs[0] == logs[1]


TestStores = StoreMachine.TestCase
TestStores.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
