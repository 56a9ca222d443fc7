"""What the change log promises: whole mutations, in order, with a wake-up."""

import asyncio

import pytest

from crud_service.model.errors import CrudError
from crud_service.testing.log_replay import assert_log_matches
from crud_service.testing.mutations import create, mutation, record
from crud_service.testing.store_contract.store import Store


class LogContract:
    """Reading the log and waiting for it."""

    async def test_empty_log(self, store: Store) -> None:
        """An empty store has an empty log and the revision 0."""
        assert await store.last_revision() == 0
        assert await store.read_log(0, 10) == ()

    @pytest.mark.parametrize(
        ("after", "limit", "revisions"),
        [
            (0, 100, [1, 1, 2, 2, 2, 3]),
            (0, 6, [1, 1, 2, 2, 2, 3]),
            (0, 5, [1, 1, 2, 2, 2]),
            (0, 4, [1, 1]),
            (0, 2, [1, 1]),
            (0, 1, [1, 1]),
            (1, 1, [2, 2, 2]),
            (1, 3, [2, 2, 2]),
            (2, 1, [3]),
            (3, 1, []),
            (9, 1, []),
        ],
    )
    async def test_whole_mutations(self, store: Store, after: int, limit: int, revisions: list[int]) -> None:
        """A read holds as many whole mutations as the limit allows, and at least one."""
        await store.commit(mutation(create(record("r1"))))
        await store.commit(mutation(create(record("r2")), create(record("r3")), create(record("r4"))))
        await store.commit(mutation(create(record("r5"))))
        read = await store.read_log(after, limit)
        assert [change.revision for change in read] == revisions
        await assert_log_matches(store)

    async def test_one_mutation(self, store: Store) -> None:
        """The entries of one revision are read by it, in order; of a revision that was never given there are none."""
        await store.commit(mutation(create(record("r1"))))
        await store.commit(mutation(create(record("r3")), create(record("r2"))))
        await store.commit(mutation(create(record("r4"))))
        assert [(entry.revision, entry.id) for entry in await store.read_mutation(1)] == [(1, ""), (1, "r1")]
        assert [(entry.ordinal, entry.id) for entry in await store.read_mutation(2)] == [(0, "r3"), (1, "r2")]
        assert await store.read_mutation(3) == (await store.read_log(2, 10))
        for unknown in (0, 4, -1):
            assert await store.read_mutation(unknown) == ()

    async def test_wait_returns_at_once(self, store: Store) -> None:
        """Waiting for a revision that is there returns the last one at once."""
        await store.commit(mutation(create(record("r1"))))
        await store.commit(mutation(create(record("r2"))))
        assert await store.wait_log(0) == 2
        assert await store.wait_log(1) == 2

    async def test_wait_wakes(self, store: Store) -> None:
        """All who wait are woken by a commit that passes their revision, and by no other."""
        waiting = [asyncio.ensure_future(store.wait_log(after)) for after in (0, 0, 1)]
        await asyncio.sleep(0)
        await store.commit(mutation(create(record("r1"))))
        assert await asyncio.wait_for(asyncio.gather(*waiting[:2]), 5) == [1, 1]
        assert not waiting[2].done()
        await store.commit(mutation(create(record("r2"))))
        assert await asyncio.wait_for(waiting[2], 5) == 2

    async def test_cancelled_wait(self, store: Store) -> None:
        """Who stops waiting takes nothing from the others."""
        stops, stays = (asyncio.ensure_future(store.wait_log(0)) for _ in range(2))
        await asyncio.sleep(0)
        stops.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stops
        await store.commit(mutation(create(record())))
        assert await asyncio.wait_for(stays, 5) == 1

    async def test_close_ends_waiting(self, store: Store) -> None:
        """Closing the store ends every wait with an error."""
        waiting = asyncio.ensure_future(store.wait_log(0))
        await asyncio.sleep(0)
        await store.close()
        with pytest.raises(CrudError):
            await asyncio.wait_for(waiting, 5)

    async def test_entry_is_read_once_woken(self, store: Store) -> None:
        """What the wake-up announces is in the log already."""
        waiting = asyncio.ensure_future(store.wait_log(0))
        await asyncio.sleep(0)
        committing = asyncio.ensure_future(store.commit(mutation(create(record()))))
        revision = await asyncio.wait_for(waiting, 5)
        assert (await store.read_log(0, 10))[-1].revision == revision == 1
        await committing
