"""Changing what is stored: no change is lost, however many come at once, here or on other nodes."""

import asyncio
from typing import Any

import pytest

from crud_service.model import requests
from crud_service.model.change import Mutation
from crud_service.model.errors import Kind, Reason
from crud_service.model.ports.record_store import ConditionFailed
from tests.unit.logic.stores import Around, Contended, Interrupted, Slow

PATH = "collections/notes/records/a"


@pytest.fixture
def service(service_of, store) -> Any:
    """The service over a slow store."""
    return service_of(Slow(store))


async def test_parallel_updates_of_one_record(service) -> None:
    """50 updates of one record at once all succeed: 50 versions and revisions without a hole, and none is lost."""
    await service.create("a")
    replies = await asyncio.gather(*(service.update(PATH, name=f"n{number}") for number in range(50)))
    assert sorted(reply.version for reply in replies) == list(range(2, 52))
    assert sorted(reply.revision for reply in replies) == list(range(2, 52))
    last = await service.get(PATH)
    assert last.version == 51
    assert last == max(replies, key=lambda reply: reply.version)


async def test_parallel_updates_of_two_nodes(service_of, store) -> None:
    """Two nodes that share a store, and so no lock, lose no update of each other's either."""
    nodes = service_of(Slow(store)), service_of(Slow(store))
    await nodes[0].create("a")
    await asyncio.gather(*(nodes[number % 2].update(PATH, name=f"n{number}") for number in range(50)))
    assert (await nodes[0].get(PATH)).version == 51


async def test_of_parallel_updates_with_one_etag_one_wins(service) -> None:
    """When many send the same etag, exactly one gets through and the others are told."""
    first = await service.create("a")
    updates = (service.update(PATH, name=f"n{number}", etag=first.etag) for number in range(20))
    outcomes = await asyncio.gather(*updates, return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert [getattr(refusal, "reason", None) for refusal in refusals] == [Reason.ETAG_MISMATCH] * 19
    assert (await service.get(PATH)).version == 2


async def test_parallel_updates_and_deletes(service) -> None:
    """Of a delete and updates at once, the updates before it succeed and those after it find the record deleted."""
    await service.create("a")
    work = [service.update(PATH, name="x") for _ in range(10)]
    work.insert(4, service.delete(PATH))
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    assert [getattr(outcome, "reason", "OK") for outcome in outcomes] == ["OK"] * 5 + [Reason.RECORD_DELETED] * 6


@pytest.mark.parametrize("lost", [1, 3, 9])
async def test_a_lost_condition_starts_again(service, service_of, store, lost) -> None:
    """An update that another node overtook is made again from what that node stored, keeping both changes."""
    await service.create("a", name="old")
    contended = Contended(store, lost)
    after = await service_of(contended).update(PATH, name="new")
    assert contended.commits == lost + 1
    assert (after.name, after.tags, after.version) == ("new", (f"theirs-{lost}",), lost + 2)


async def test_ten_lost_conditions_are_enough(service, service_of, store, refused) -> None:
    """After ten lost conditions the call is ABORTED, and a retry may be lucky."""
    await service.create("a", name="old")
    contended = Contended(store, 10)
    overtaken = service_of(contended)
    with refused(Kind.ABORTED, Reason.CONCURRENT_CHANGE) as caught:
        await overtaken.update(PATH, name="new")
    assert "send it again" in caught.value.message
    assert contended.commits == 10
    assert (await service.get(PATH)).name == "old"
    assert (await overtaken.update(PATH, name="new")).name == "new"


async def test_an_etag_is_checked_again(service, service_of, store, refused) -> None:
    """An update with an etag that another node overtook is refused: it was made for a state that is gone."""
    first = await service.create("a")
    contended = Contended(store, 1)
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
        await service_of(contended).update(PATH, name="new", etag=first.etag)
    assert contended.commits == 1
    assert (await service.get(PATH)).tags == ("theirs-1",)


async def test_a_deleted_record_is_noticed_in_between(service, service_of, store, refused) -> None:
    """A record that another node deletes during an update is not brought back."""
    await service.create("a")
    with refused(Kind.NOT_FOUND, Reason.RECORD_DELETED):
        await service_of(Interrupted(store, lambda: service.delete(PATH))).update(PATH, name="new")


async def test_a_create_is_not_tried_again(service_of, store, refused) -> None:
    """A create whose id was taken in between is ALREADY_EXISTS, at once."""

    class Taken(Around):
        commits = 0

        async def commit(self, mutation: Mutation) -> Any:
            self.commits += 1
            raise ConditionFailed(0, None)

    taken = Taken(store)
    with refused(Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS):
        await service_of(taken).create("a")
    assert taken.commits == 1


async def test_a_caller_that_gives_up_lets_the_next_one_in(service, new_call) -> None:
    """A cancelled update does not keep the record locked."""
    await service.create("a")
    request = requests.UpdateRecord(requests.RecordDraft(path=PATH, name="x"))
    tasks = [asyncio.create_task(service.do(request, new_call())) for _ in range(3)]
    tasks[0].cancel()
    tasks[1].cancel()
    async with asyncio.timeout(5):
        await asyncio.wait(tasks)
    assert tasks[2].result().name == "x"


async def test_parallel_updates_of_one_collection(service) -> None:
    """Updates of one collection at once all succeed as well."""
    await service.create_collection()
    await asyncio.gather(*(service.update_collection(name=f"n{number}") for number in range(20)))
    assert (await service.get_collection()).version == 21
