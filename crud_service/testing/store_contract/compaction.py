"""What a store promises about compaction: what goes, what stays, and how far the floor rises."""

import pytest

from crud_service.model import timestamp
from crud_service.model.change import ChangeKind
from crud_service.model.ports.change_log import Compaction, HistoryRule, LogScope
from crud_service.model.query import RecordQuery
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.testing.log_replay import assert_log_matches
from crud_service.testing.mutations import (
    create,
    delete,
    delete_collection,
    mutation,
    purge,
    record,
    update,
    update_collection,
)
from crud_service.testing.store_contract.store import Store, commit_record, commit_records

KEY = RecordKey("", "notes", "r1")
NOTES = CollectionKey("", "notes")
SCOPE = LogScope("", "notes")
DAYS = [timestamp.parse(f"2026-03-0{day}T00:00:00Z") for day in range(1, 10)]
EVER = DAYS[8]
ALL = HistoryRule(EVER, 0, EVER)


async def places(store: Store, scope: LogScope = SCOPE) -> str:
    """The entries of a scope, each as its revision and id."""
    return " ".join(f"{entry.revision}{entry.id}" for entry in await store.read_log(0, 10_000, scope))


class CompactionContract:
    """`compact_log`."""

    async def test_last_states_stay(self, store: Store) -> None:
        """Of a live or deleted record, and of the collection, the last entry stays; the present does not change."""
        first, second = await commit_records(store, create(record("r1")), create(record("r2")))
        first = await commit_record(store, update(first, name="second"))
        gone = await commit_record(store, delete(second))
        stored = await store.get_collection(NOTES)
        assert stored is not None
        await store.commit(mutation(update_collection(stored, name="changed")))
        assert await store.compact_log(NOTES, ALL, 100) == Compaction(3, 4, more=False)
        assert await places(store) == "2r1 3r2 4"
        assert (await store.get_record(KEY), (await store.states_at([KEY], [4]))[0]) == (
            first,
            (await store.read_mutation(2))[0],
        )
        shown = await store.list_records(RecordQuery("", "notes", show_deleted=True, at=4))
        assert list(shown.records) == [first, gone]
        await assert_log_matches(store)

    async def test_purged_and_gone(self, store: Store) -> None:
        """Of a purged record nothing stays, and nothing of what is older than the deletion of its collection."""
        states = await commit_records(store, *[create(record(f"r{number}")) for number in range(3)])
        await store.commit(mutation(purge(await commit_record(store, delete(states[0])))))
        assert await store.compact_log(NOTES, ALL, 100) == Compaction(3, 3, more=False)
        assert await places(store) == "1 1r1 1r2"
        await commit_record(store, update(states[1], name="second"))
        stored = await store.get_collection(NOTES)
        assert stored is not None
        await store.commit(mutation(delete_collection(stored, force=True), create(record("new"))))
        assert await store.compact_log(NOTES, ALL, 100) == Compaction(5, 5, more=False)
        assert await places(store) == "5 5new"
        await assert_log_matches(store)

    async def test_gone_collection(self, store: Store) -> None:
        """A collection that is gone for long has no entry, but its floor is known."""
        await commit_record(store, create(record()))
        await commit_record(store, create(record(collection="other")))
        stored = await store.get_collection(NOTES)
        assert stored is not None
        await store.commit(mutation(delete_collection(stored, force=True)))
        assert await store.compact_log(NOTES, ALL, 100) == Compaction(3, 3, more=False)
        assert await store.logged_collections(None, 10) == (CollectionKey("", "other"),)
        assert await store.log_floor(SCOPE) == 3
        assert await store.compact_log(NOTES, ALL, 100) == Compaction(0, 3, more=False)
        await commit_record(store, create(record()))
        assert await places(store) == "4 4r1"
        await assert_log_matches(store)

    @pytest.mark.parametrize(
        ("before", "most", "protected", "floor"),
        [
            (EVER, 0, EVER, 6),
            (DAYS[5], 0, EVER, 6),
            (DAYS[4], 0, EVER, 5),
            (DAYS[0], 0, EVER, 1),
            ("", 0, EVER, 0),
            (EVER, 0, DAYS[2], 3),
            (EVER, 0, "", 0),
            ("", 1, EVER, 5),
            ("", 3, EVER, 3),
            ("", 4, EVER, 2),
            ("", 5, EVER, 1),
            ("", 6, EVER, 1),
            ("", 7, EVER, 0),
            ("", 1, DAYS[1], 2),
            (DAYS[2], 1, EVER, 5),
            (DAYS[4], 4, EVER, 5),
        ],
    )
    async def test_rule(self, store: Store, before: str, most: int, protected: str, floor: int) -> None:
        """The floor rises past whole mutations that are too old or too many, and never past a protected one."""
        for day, names in enumerate(["a", "bc", "d", "e", "f", "g"]):
            writes = [create(record(each)) for each in names]
            await store.commit(mutation(*writes, time=DAYS[day]))
        # The entries by revision: 1 (the collection), 1, 2, 2, 3, 4, 5, 6.
        rule = HistoryRule(timestamp.Timestamp(before), most, timestamp.Timestamp(protected))
        assert await store.compact_log(NOTES, rule, 100) == Compaction(0, floor, more=False)
        assert await store.log_floor(SCOPE) == floor
        await assert_log_matches(store)

    async def test_steps(self, store: Store) -> None:
        """A step passes about as many entries as it may, whole mutations only, and tells whether more may go."""
        state = await commit_record(store, create(record()))
        for number in range(6):
            state, _ = await commit_records(store, update(state, name=f"{number}"), create(record(f"n{number}")))
        steps = [await store.compact_log(NOTES, ALL, 4) for _ in range(4)]
        assert steps == [
            Compaction(1, 2, more=True),
            Compaction(2, 4, more=True),
            Compaction(2, 6, more=True),
            Compaction(1, 7, more=False),
        ]
        assert await store.compact_log(NOTES, ALL, 4) == Compaction(0, 7, more=False)
        again = await commit_records(store, *[update(state, name="last"), create(record("r9"))])
        assert await store.compact_log(NOTES, ALL, 1) == Compaction(1, 8, more=False)
        assert await store.get_record(KEY) == again[0]
        await assert_log_matches(store)

    async def test_large_states_go_in_smaller_steps(self, store: Store) -> None:
        """A step ends early when what goes is large, and passes one mutation at least."""
        content = f'{{"t":"{"x" * 1_000_000}"}}'
        state = await commit_record(store, create(record(content=content)))
        for _ in range(7):
            state = await commit_record(store, update(state))
        steps: list[Compaction] = []
        while not steps or steps[-1].more:
            steps.append(await store.compact_log(NOTES, ALL, 1_000))
        assert [step.removed for step in steps] == [4, 3]
        assert await places(store) == "1 8r1"

    async def test_collection_that_held_many(self, store: Store) -> None:
        """What went with a collection goes in steps, from the beginning, and the deletion goes last."""
        for number in range(4):
            await commit_records(store, *[create(record(f"r{number}{each}")) for each in range(5)])
        stored = await store.get_collection(NOTES)
        assert stored is not None
        await store.commit(mutation(delete_collection(stored, force=True)))
        rule = HistoryRule(EVER, 0, EVER)
        steps: list[Compaction] = []
        left: list[int] = []
        while not steps or steps[-1].more:
            steps.append(await store.compact_log(NOTES, rule, 6))
            left.append(len(await store.read_log(0, 100, SCOPE)))
            await assert_log_matches(store)
        assert [step.floor for step in steps] == sorted(step.floor for step in steps)
        assert steps[-1].floor == 5
        assert all(step.removed <= 12 for step in steps)
        assert sum(step.removed for step in steps) == 22
        assert left[-1] == 0

    async def test_compacted_collection_that_held_many(self, store: Store) -> None:
        """The same if all its records lie below the floor already: the deletion stays until they are gone."""
        for number in range(4):
            await commit_records(store, *[create(record(f"r{number}{each}")) for each in range(5)])
        await store.compact_log(NOTES, ALL, 1_000)
        stored = await store.get_collection(NOTES)
        assert stored is not None
        await store.commit(mutation(delete_collection(stored, force=True), create(record("new"))))
        steps: list[Compaction] = []
        while not steps or steps[-1].more:
            steps.append(await store.compact_log(NOTES, ALL, 6))
            kinds = {entry.kind for entry in await store.read_log(0, 100, SCOPE)}
            assert (ChangeKind.COLLECTION_DELETED in kinds) is steps[-1].more
            await assert_log_matches(store)
        assert [step.floor for step in steps] == [4] * (len(steps) - 1) + [5]
        assert len(steps) > 2
        assert await places(store) == "5 5new"

    async def test_floor_follows_what_goes_before_a_deletion(self, store: Store) -> None:
        """If a step ends between the floor and the deletion, the floor rises to there: nothing is missing above."""
        states = await commit_records(store, *[create(record(f"r{number}")) for number in range(3)])
        await store.compact_log(NOTES, ALL, 100)
        for state in (*states, await commit_record(store, create(record("r9")))):
            await commit_record(store, update(state))
        stored = await store.get_collection(NOTES)
        assert stored is not None
        await store.commit(mutation(delete_collection(stored, force=True)))
        assert await store.compact_log(NOTES, ALL, 6) == Compaction(6, 3, more=True)
        await assert_log_matches(store)
        assert await store.compact_log(NOTES, ALL, 6) == Compaction(4, 7, more=False)
        assert await places(store) == ""

    async def test_others_stay(self, store: Store) -> None:
        """Other collections and tenants keep their entries and floors; the greatest floor of a tenant is told."""
        for tenant in ("", "t"):
            for name in ("notes", "other"):
                state = await commit_record(store, create(record(collection=name)), tenant=tenant)
                await commit_record(store, update(state), tenant=tenant)
        before = [await places(store, LogScope(*key)) for key in (("", "other"), ("t", "notes"), ("t", "other"))]
        assert await store.log_floor() == await store.log_floor(LogScope("")) == 0
        await store.compact_log(NOTES, ALL, 100)
        assert [await store.log_floor(each) for each in (None, LogScope(""), SCOPE)] == [2, 2, 2]
        assert [await store.log_floor(each) for each in (LogScope("t"), LogScope("", "other"))] == [0, 0]
        assert before == [
            await places(store, LogScope(*key)) for key in (("", "other"), ("t", "notes"), ("t", "other"))
        ]
        await store.compact_log(CollectionKey("t", "other"), ALL, 100)
        scopes = (None, LogScope(""), LogScope("t"), LogScope("t", "notes"), LogScope("t", "other"))
        assert [await store.log_floor(each) for each in scopes] == [8, 2, 8, 0, 8]
        await assert_log_matches(store)

    async def test_unknown_collection(self, store: Store) -> None:
        """There is nothing to compact in a collection that never was."""
        assert await store.compact_log(NOTES, ALL, 100) == Compaction(0, 0, more=False)
        assert await store.log_floor() == 0
