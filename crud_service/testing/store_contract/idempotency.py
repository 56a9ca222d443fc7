"""What a store promises about requests that may be sent twice."""

import asyncio

import pytest
from msgspec.structs import replace

from crud_service.model import timestamp
from crud_service.model.change import Committed, RecordCondition, RequestKey
from crud_service.model.ports.record_store import ConditionFailed, RequestRepeated
from crud_service.model.record import RecordKey
from crud_service.testing.log_replay import assert_log_matches, read_all
from crud_service.testing.mutations import LATER, MUCH_LATER, TIME, create, mutation, record, request
from crud_service.testing.store_contract.store import Store, commit_record

KEY = request().key


class IdempotencyContract:
    """Requests are kept with their mutation, found until they expire, and carried out once."""

    async def test_request_is_kept(self, store: Store) -> None:
        """A request is kept as it was given, with the revision of its mutation."""
        await store.commit(mutation(create(record("r1"))))
        kept = request(fingerprint='f "1"', outcome='{"results":[0]}')
        committed = await store.commit(mutation(create(record("r2")), request=kept))
        assert await store.get_request(KEY, TIME) == replace(kept, revision=committed.revision)

    async def test_unknown_request(self, store: Store) -> None:
        """A request of another tenant, principal or id is another one."""
        await store.commit(mutation(create(record()), request=request()))
        for other in (KEY._replace(tenant="t"), KEY._replace(principal="bob"), KEY._replace(id="request-2")):
            assert await store.get_request(other, TIME) is None
            await store.commit(
                mutation(create(record(f"of-{other.id}-{other.principal}", "other")), request=request(key=other))
            )
            assert await store.get_request(other, TIME) is not None

    async def test_request_expires(self, store: Store) -> None:
        """From its time on a request is as if it had never been: neither found nor in the way of another one."""
        await store.commit(mutation(create(record("r1")), request=request()))
        assert await store.get_request(KEY, LATER) is not None
        assert await store.get_request(KEY, MUCH_LATER) is None
        again = request(outcome="another", expire_time=timestamp.later(MUCH_LATER, 1))
        committed = await store.commit(mutation(create(record("r2")), time=MUCH_LATER, request=again))
        assert await store.get_request(KEY, MUCH_LATER) == replace(again, revision=committed.revision)

    async def test_repeated_request(self, store: Store) -> None:
        """A request that was carried out is told with what was kept, whatever else it asks, and nothing is stored."""
        first = await store.commit(mutation(create(record("r1")), request=request()))
        before = await read_all(store)
        for repeated in (
            mutation(create(record("r2")), request=request(fingerprint="another")),
            mutation(create(record("r1")), request=request()),
            mutation(create(record("r2", "other")), create_collections=False, request=request()),
            mutation(conditions=(RecordCondition(RecordKey("", "notes", "r1"), 0),), request=request()),
        ):
            with pytest.raises(RequestRepeated) as told:
                await store.commit(repeated)
            assert told.value.stored == replace(request(), revision=first.revision)
        assert await store.get_record(RecordKey("", "notes", "r2")) is None
        assert await read_all(store) == before

    async def test_refused_request_is_not_kept(self, store: Store) -> None:
        """A request whose mutation is refused may be sent again."""
        first = await commit_record(store, create(record("r1")))
        with pytest.raises(ConditionFailed):
            await store.commit(mutation(create(record("r1")), request=request()))
        condition = RecordCondition(RecordKey("", "notes", "r1"), first.revision + 1)
        with pytest.raises(ConditionFailed):
            await store.commit(mutation(create(record("r2")), conditions=(condition,), request=request()))
        assert await store.get_request(KEY, TIME) is None
        await store.commit(mutation(create(record("r2")), request=request()))
        assert await store.get_request(KEY, TIME) is not None

    async def test_request_without_writes(self, store: Store) -> None:
        """A request with nothing to write is kept too, without a revision."""
        await store.commit(mutation(create(record())))
        assert (await store.commit(mutation(request=request()))).states == ()
        assert await store.get_request(KEY, TIME) == request(revision=0)
        with pytest.raises(RequestRepeated):
            await store.commit(mutation(create(record("r2")), request=request()))
        assert await store.last_revision() == 1
        await assert_log_matches(store)

    async def test_concurrent_duplicates(self, store: Store) -> None:
        """Of 50 duplicates at once one is carried out, and the others are told of it."""
        commits = [store.commit(mutation(create(record(f"r{number}")), request=request())) for number in range(50)]
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        won = [outcome for outcome in outcomes if isinstance(outcome, Committed)]
        told = [outcome.stored for outcome in outcomes if isinstance(outcome, RequestRepeated)]
        assert (len(won), len(told)) == (1, 49)
        assert set(map(str, told)) == {str(replace(request(), revision=won[0].revision))}
        assert await store.last_revision() == 1

    async def test_duplicate_of_a_refused_one(self, store: Store) -> None:
        """Among concurrent requests with one id, one that is refused does not stand in the way of the others."""
        await store.commit(mutation(create(record("taken"))))
        names = ("taken", "r1", "r2")
        commits = [store.commit(mutation(create(record(name)), request=request())) for name in names]
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ConditionFailed, Committed, RequestRepeated]
        await assert_log_matches(store)

    async def test_forget_requests(self, store: Store) -> None:
        """Those that have expired are forgotten, so many at a time and no others; how many is told."""
        for number in range(5):
            kept = request(f"old-{number}", expire_time=LATER)
            await store.commit(mutation(create(record(f"r{number}")), request=kept))
        await store.commit(mutation(create(record("last")), request=request()))
        assert await store.forget_requests(TIME, 10) == 0
        assert [await store.forget_requests(LATER, 3) for _ in range(3)] == [3, 2, 0]
        assert await store.get_request(RequestKey("", "ada", "old-0"), TIME) is None
        assert await store.get_request(KEY, TIME) is not None
        assert await store.forget_requests(MUCH_LATER, 10) == 1
        await assert_log_matches(store)
