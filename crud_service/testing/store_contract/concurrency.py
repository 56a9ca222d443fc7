"""What holds when many write at once."""

import asyncio

import pytest

from crud_service.model.change import Change, Committed
from crud_service.model.ports.record_store import ConditionFailed
from crud_service.model.record import RecordKey
from crud_service.testing.log_replay import assert_log_matches
from crud_service.testing.mutations import create, mutation, record, update
from crud_service.testing.store_contract.store import Store, commit_record


class ConcurrencyContract:
    """Concurrent commits and readers."""

    async def test_parallel_creates(self, store: Store) -> None:
        """200 parallel creates in one new collection all succeed; revisions have no hole and no repeat."""
        commits = [store.commit(mutation(create(record(f"r{number}")))) for number in range(200)]
        committed = await asyncio.gather(*commits)
        assert sorted(each.revision for each in committed) == list(range(1, 201))
        assert [each.states[0].id for each in committed] == [f"r{number}" for number in range(200)]
        changes = await assert_log_matches(store)
        assert len(changes) == 201

    async def test_order_of_one_caller(self, store: Store) -> None:
        """Revisions follow the order in which commits return."""
        revisions = [(await store.commit(mutation(create(record(f"r{number}"))))).revision for number in range(20)]
        assert revisions == list(range(1, 21))

    async def test_failing_mutation_fails_alone(self, store: Store) -> None:
        """Among concurrent mutations those that fail fail alone, and take no revision."""
        await store.commit(mutation(create(record("taken"))))
        commits = [
            store.commit(mutation(create(record("taken" if number % 3 == 0 else f"r{number}")))) for number in range(60)
        ]
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        for number, outcome in enumerate(outcomes):
            assert isinstance(outcome, ConditionFailed if number % 3 == 0 else Committed)
        assert await store.last_revision() == 41
        await assert_log_matches(store)

    async def test_mutation_that_cannot_be_stored(self, store: Store) -> None:
        """A mutation that breaks the store's own work, such as text that is no text, fails alone."""
        commits = [
            store.commit(mutation(create(record(f"r{number}", name="\ud800" if number == 7 else "fine"))))
            for number in range(20)
        ]
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Exception)] == [7]
        await assert_log_matches(store)

    async def test_conditional_updates(self, store: Store) -> None:
        """Of many updates that expect the same state exactly one wins."""
        first = await commit_record(store, create(record()))
        commits = [store.commit(mutation(update(first, name=f"name {number}"))) for number in range(30)]
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        won = [outcome for outcome in outcomes if isinstance(outcome, Committed)]
        lost = [outcome for outcome in outcomes if isinstance(outcome, ConditionFailed)]
        assert (len(won), len(lost)) == (1, 29)
        assert {each.current for each in lost} == {await store.get_record(RecordKey("", "notes", "r1"))}

    async def test_read_your_writes(self, store: Store) -> None:
        """Each caller reads what it wrote as soon as its commit returned."""

        async def write_and_read(number: int) -> None:
            committed = await store.commit(mutation(create(record(f"r{number}"))))
            assert await store.get_record(RecordKey("", "notes", f"r{number}")) == committed.states[0]
            assert await store.last_revision() >= committed.revision

        await asyncio.gather(*(write_and_read(number) for number in range(50)))

    async def test_cancelled_caller(self, store: Store) -> None:
        """A caller that stops waiting breaks none of its neighbours."""
        commits = [asyncio.ensure_future(store.commit(mutation(create(record(f"r{number}"))))) for number in range(20)]
        await asyncio.sleep(0)
        for commit in commits[::4]:
            commit.cancel()
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        for number, outcome in enumerate(outcomes):
            assert number % 4 == 0 or isinstance(outcome, Committed)
        await store.commit(mutation(create(record("last"))))
        await assert_log_matches(store)

    async def test_close_finishes_what_was_accepted(self, store: Store) -> None:
        """Commits that were accepted before the store closed get their outcome."""
        commits = [asyncio.ensure_future(store.commit(mutation(create(record(f"r{number}"))))) for number in range(50)]
        await asyncio.sleep(0)
        await store.close()
        assert sorted(each.revision for each in await asyncio.gather(*commits)) == list(range(1, 51))

    @pytest.mark.parametrize("limit", [1, 3, 1_000])
    async def test_log_has_no_gap(self, store: Store, limit: int) -> None:
        """A reader that follows the log while many write sees every revision once, in order."""
        seen: list[Change] = []

        async def follow() -> None:
            while not seen or seen[-1].revision < 150:
                last = seen[-1].revision if seen else 0
                await store.wait_log(last)
                seen.extend(await store.read_log(last, limit))

        async def write(writer: int) -> None:
            for number in range(15):
                await store.commit(mutation(create(record(f"w{writer}-{number}"))))

        await asyncio.wait_for(asyncio.gather(follow(), *(write(writer) for writer in range(10))), 30)
        assert [change.revision for change in seen if change.id] == list(range(1, 151))
        assert seen == await assert_log_matches(store)
