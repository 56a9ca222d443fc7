"""What a store promises about states that are no longer the last ones."""

import pytest

from crud_service.model.change import ChangeKind
from crud_service.model.ports.change_log import LogScope
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.testing.log_replay import read_all
from crud_service.testing.mutations import create, delete, delete_collection, mutation, purge, record, update
from crud_service.testing.store_contract.store import Store, commit_record, commit_records

KEY = RecordKey("", "notes", "r1")
EVER = 1 << 62


class HistoryContract:
    """The states of a record at revisions, its entries, and the collections that have any."""

    async def test_states_at(self, store: Store) -> None:
        """The state at a revision is that of the last entry up to there; before the first one there is none."""
        first = await commit_record(store, create(record()))
        await commit_record(store, create(record("other")))
        second = await commit_record(store, update(first, name="second"))
        gone = await commit_record(store, delete(second))
        entries = await store.states_at([KEY] * 7, [0, 1, 2, 3, 4, 5, EVER])
        assert [entry and entry.record for entry in entries] == [None, first, first, second, gone, gone, gone]
        log = await read_all(store)
        assert entries[3] == next(entry for entry in log if entry.revision == 3)

    async def test_states_of_others(self, store: Store) -> None:
        """What was never there has no state, of another tenant or collection as well; the collection is no record."""
        await commit_record(store, create(record()))
        others = [RecordKey("t", "notes", "r1"), RecordKey("", "notes2", "r1"), RecordKey("", "notes", "r")]
        assert await store.states_at(others, [EVER] * 3) == [None] * 3
        assert await store.states_at([], []) == []

    async def test_many_states(self, store: Store) -> None:
        """A thousand keys are answered in their order, some of them twice, some unknown."""
        writes = [create(record(f"r{number:04d}")) for number in range(500)]
        first = await commit_records(store, *writes)
        second = await commit_records(store, *[update(each, name="second") for each in first[::2]])
        keys = [RecordKey("", "notes", f"r{number:04d}") for number in reversed(range(600))]
        found = await store.states_at(keys + keys[:400], [1] * 600 + [2] * 400)
        states = [None if entry is None else entry.record for entry in found]
        last = {each.id: each for each in [*first, *second]}
        assert states == [None] * 100 + first[::-1] + [None] * 100 + [last[key.id] for key in keys[100:400]]

    async def test_states_within_a_mutation(self, store: Store) -> None:
        """Of several entries of one record in one mutation the last one tells its state."""
        gone = await commit_record(store, delete(await commit_record(store, create(record()))))
        committed = await store.commit(mutation(purge(gone), create(record(name="again"))))
        (entry,) = await store.states_at([KEY], [3])
        assert entry is not None
        assert (entry.ordinal, entry.record) == (1, committed.states[1])
        history = await store.read_history(KEY, EVER, 10)
        assert [(each.revision, each.ordinal) for each in history] == [(3, 1), (3, 0)]
        assert await store.read_history(KEY, EVER, 1) == history

    async def test_erased_states(self, store: Store) -> None:
        """Of a purged record the entries say nothing of the state, and its history begins with the purge."""
        first = await commit_record(store, create(record()))
        gone = await commit_record(store, delete(first))
        await store.commit(mutation(purge(gone)))
        again = await commit_record(store, create(record(name="again")))
        entries = await store.states_at([KEY] * 4, [1, 2, 3, 4])
        assert [entry and entry.state == "" for entry in entries] == [True, True, True, False]
        history = await store.read_history(KEY, EVER, 10)
        assert [each.kind for each in history] == [ChangeKind.RECORD_CREATED, ChangeKind.RECORD_PURGED]
        assert history[0].record == again
        assert [each.revision for each in await store.read_history(KEY, 4, 10)] == [3]
        assert await store.read_history(KEY, 3, 10) == ()

    async def test_history_of_a_collection_that_is_gone(self, store: Store) -> None:
        """Records that went with their collection have no history left."""
        await commit_record(store, create(record()))
        stored = await store.get_collection(CollectionKey("", "notes"))
        assert stored is not None
        await store.commit(mutation(delete_collection(stored, force=True)))
        assert await store.read_history(KEY, EVER, 10) == ()
        again = await commit_record(store, create(record()))
        assert [each.record for each in await store.read_history(KEY, EVER, 10)] == [again]

    @pytest.mark.parametrize(
        ("below", "limit", "weight", "names"),
        [
            (EVER, 10, 1 << 30, "43210"),
            (6, 10, 1 << 30, "43210"),
            (5, 10, 1 << 30, "3210"),
            (1, 10, 1 << 30, ""),
            (EVER, 2, 1 << 30, "43"),
            (EVER, 1, 1 << 30, "4"),
            (4, 2, 1 << 30, "21"),
            (EVER, 10, 0, "4"),
            (EVER, 10, 12_000, "43"),
        ],
    )
    async def test_history(self, store: Store, below: int, limit: int, weight: int, names: str) -> None:
        """The entries of one record below a revision, the last one first, as many as limit and weight allow."""
        state = await commit_record(store, create(record(name="0", content=f'{{"t":"{"x" * 5_000}"}}')))
        for number in range(1, 5):
            state = await commit_record(store, update(state, name=str(number)))
        await store.commit(mutation(create(record()), tenant="t"))
        history = await store.read_history(KEY, below, limit, weight)
        assert "".join(entry.record.name for entry in history) == names
        log = await store.read_log(0, 100, LogScope("", "notes"))
        assert set(history) <= set(log)

    async def test_logged_collections(self, store: Store) -> None:
        """Collections that have entries are told in the order of their keys, those that are gone too."""
        for tenant, name in (("", "b"), ("", "a"), ("t", "a"), ("", "a.b"), ("s", "z")):
            await store.commit(mutation(create(record(collection=name)), tenant=tenant))
        stored = await store.get_collection(CollectionKey("", "b"))
        assert stored is not None
        await store.commit(mutation(delete_collection(stored, force=True)))
        every = [CollectionKey(*key) for key in (("", "a"), ("", "a.b"), ("", "b"), ("s", "z"), ("t", "a"))]
        assert list(await store.logged_collections(None, 10)) == every
        assert list(await store.logged_collections(None, 2)) == every[:2]
        for place, key in enumerate(every):
            assert list(await store.logged_collections(key, 2)) == every[place + 1 : place + 3]
        assert await store.logged_collections(CollectionKey("u", ""), 10) == ()
