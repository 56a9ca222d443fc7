"""What a store promises about records whose time has come."""

from crud_service.model import timestamp
from crud_service.model.ports.record_store import DueRecord
from crud_service.model.record import Record
from crud_service.testing.mutations import (
    LATER,
    MUCH_LATER,
    TIME,
    create,
    delete,
    mutation,
    purge,
    record,
    undelete,
    update,
)
from crud_service.testing.store_contract.store import Store, commit_record, commit_records

BEFORE = timestamp.later(LATER, -1)


class DueContract:
    """Records to be deleted on their own, and deleted ones to be purged."""

    async def test_expired_records(self, store: Store) -> None:
        """Live records are due from their expire time on, the earliest first, so many at a time."""
        times = {"r1": MUCH_LATER, "r2": LATER, "r3": TIME, "r4": None}
        writes = [create(record(name, expire_time=time)) for name, time in times.items()]
        first, second, third, _ = await commit_records(store, *writes)
        assert await store.expired_records(BEFORE, 10) == due(third)
        assert await store.expired_records(LATER, 10) == due(third, second)
        assert await store.expired_records(MUCH_LATER, 10) == due(third, second, first)
        assert await store.expired_records(MUCH_LATER, 2) == due(third, second)
        assert await store.purgeable_records(MUCH_LATER, 10) == ()

    async def test_purgeable_records(self, store: Store) -> None:
        """Deleted records are due from their purge time on, the earliest first, so many at a time."""
        times = {"r1": MUCH_LATER, "r2": LATER, "r3": None}
        new = await commit_records(store, *[create(record(name)) for name in times])
        writes = [delete(each, purge_time=times[each.id]) for each in new]
        first, second, _ = await commit_records(store, *writes)
        assert await store.purgeable_records(BEFORE, 10) == ()
        assert await store.purgeable_records(LATER, 10) == due(second)
        assert await store.purgeable_records(MUCH_LATER, 10) == due(second, first)
        assert await store.purgeable_records(MUCH_LATER, 1) == due(second)
        assert await store.expired_records(MUCH_LATER, 10) == ()

    async def test_all_tenants_and_collections(self, store: Store) -> None:
        """Due records are told with their tenant, whosever they are."""
        of_t = await commit_record(store, create(record("r1", expire_time=LATER)), tenant="t")
        own = await commit_record(store, create(record("r1", "other", expire_time=TIME)))
        assert await store.expired_records(LATER, 10) == (DueRecord("", own), DueRecord("t", of_t))
        purges = [
            await commit_record(store, delete(of_t, purge_time=LATER), tenant="t"),
            await commit_record(store, delete(own, purge_time=MUCH_LATER)),
        ]
        assert await store.purgeable_records(MUCH_LATER, 10) == (DueRecord("t", purges[0]), DueRecord("", purges[1]))

    async def test_times_follow_the_record(self, store: Store) -> None:
        """A record is due by the state it has: not once its time was moved or taken, it was deleted or undeleted."""
        first = await commit_record(store, create(record(expire_time=LATER)))
        moved = await commit_record(store, update(first, expire_time=MUCH_LATER))
        assert await store.expired_records(LATER, 10) == ()
        assert await store.expired_records(MUCH_LATER, 10) == due(moved)
        never = await commit_record(store, update(moved, expire_time=None))
        assert await store.expired_records(MUCH_LATER, 10) == ()
        again = await commit_record(store, update(never, expire_time=LATER))
        gone = await commit_record(store, delete(again, purge_time=LATER))
        assert await store.expired_records(MUCH_LATER, 10) == ()
        assert await store.purgeable_records(LATER, 10) == due(gone)
        live = await commit_record(store, undelete(gone))
        assert await store.purgeable_records(MUCH_LATER, 10) == ()
        assert await store.expired_records(MUCH_LATER, 10) == due(live)

    async def test_purged_record_is_not_due(self, store: Store) -> None:
        """Once it is purged a record is no longer due."""
        new = await commit_record(store, create(record()))
        gone = await commit_record(store, delete(new, purge_time=LATER))
        await store.commit(mutation(purge(gone)))
        assert await store.purgeable_records(MUCH_LATER, 10) == ()


def due(*records: Record) -> tuple[DueRecord, ...]:
    """The records as due ones of the tenant without a name."""
    return tuple(DueRecord("", each) for each in records)
