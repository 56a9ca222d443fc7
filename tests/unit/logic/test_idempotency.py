"""Requests with an id: sent twice, carried out once, answered the same."""

import asyncio
from typing import Any

import pytest

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import Record, RecordKey, tombstone
from crud_service.model.requests import CollectionDraft, FieldTransform, RecordDraft, RecordOperation
from tests.unit.logic.stores import Slow

NOTES = "collections/notes"
PATH = f"{NOTES}/records/a"
DAY = 24 * 3600


def draft(record_id: str = "a", **fields: Any) -> RecordDraft:
    return RecordDraft(path=f"{NOTES}/records/{record_id}", **fields)


REQUESTS: dict[str, Any] = {
    "create": requests.CreateRecord(NOTES, RecordDraft(name="x", content={"a": [1]}), request_id="r"),
    "update": requests.UpdateRecord(draft(name="x"), request_id="r"),
    "transform": requests.UpdateRecord(draft(), transforms=(FieldTransform("content.n", increment=1),), request_id="r"),
    "upsert": requests.UpdateRecord(draft("new"), allow_missing=True, request_id="r"),
    "delete": requests.DeleteRecord(PATH, request_id="r"),
    "delete of nothing": requests.DeleteRecord(f"{NOTES}/records/none", allow_missing=True, request_id="r"),
    "delete of a deleted one": requests.DeleteRecord(f"{NOTES}/records/gone", allow_missing=True, request_id="r"),
    "undelete": requests.UndeleteRecord(f"{NOTES}/records/gone", request_id="r"),
    "purge": requests.PurgeRecord(f"{NOTES}/records/gone", request_id="r"),
    "batch create": requests.BatchCreateRecords(
        NOTES, (requests.CreateRecord(record_id="x"), requests.CreateRecord()), request_id="r"
    ),
    "batch update": requests.BatchUpdateRecords(
        NOTES, (requests.UpdateRecord(draft("b", name="y")), requests.UpdateRecord(draft(name="z"))), request_id="r"
    ),
    "batch delete": requests.BatchDeleteRecords(
        NOTES,
        tuple(requests.DeleteRecord(f"{NOTES}/records/{each}", allow_missing=True) for each in ("none", "a", "gone")),
        request_id="r",
    ),
    "empty batch": requests.BatchCreateRecords(NOTES, request_id="r"),
    "transaction": requests.TransactRecords(
        (requests.RecordCompare(PATH, exists=True),),
        (
            RecordOperation(get=requests.GetRecord(f"{NOTES}/records/b")),
            RecordOperation(update=requests.UpdateRecord(draft(name="z"))),
            RecordOperation(get=requests.GetRecord(f"{NOTES}/records/none")),
            RecordOperation(create=requests.CreateRecord("collections/other")),
            RecordOperation(delete=requests.DeleteRecord(f"{NOTES}/records/gone", allow_missing=True)),
        ),
        request_id="r",
    ),
    "else of a transaction": requests.TransactRecords(
        (requests.RecordCompare(PATH, exists=False),),
        else_=(RecordOperation(get=requests.GetRecord(PATH)), RecordOperation(get=requests.GetRecord(PATH + "x"))),
        request_id="r",
    ),
    "create collection": requests.CreateCollection(CollectionDraft(name="x"), "mine", request_id="r"),
    "rollback": requests.RollbackRecord(PATH, 1, request_id="r"),
    "update collection": requests.UpdateCollection(CollectionDraft(path=NOTES, name="x"), request_id="r"),
    "delete collection": requests.DeleteCollection(NOTES, force=True, request_id="r"),
    "delete of no collection": requests.DeleteCollection("collections/none", allow_missing=True, request_id="r"),
}


@pytest.fixture
async def service(service_of):
    """A service with live records `a` and `b` and a deleted one `gone`."""
    made = service_of()
    for record_id in ("a", "b", "gone"):
        await made.create(record_id, content={"n": 1})
    await made.delete(f"{NOTES}/records/gone")
    return made


@pytest.mark.parametrize("name", REQUESTS)
async def test_the_same_answer(service, service_of, store, name) -> None:
    """Every writing operation, sent again, here or on another node, writes nothing and answers the same."""
    first = await service.do(REQUESTS[name])
    last = await store.last_revision()
    assert await service.do(REQUESTS[name]) == first
    assert await service_of(node="other").do(REQUESTS[name]) == first
    assert await store.last_revision() == last
    assert all(each.request_id == "r" for each in await store.read_log(4, 100))


@pytest.mark.parametrize("name", ["create", "update", "delete", "batch update", "transaction", "else of a transaction"])
async def test_the_same_answer_after_more_changes(service, store, name) -> None:
    """What happened to the records since does not change the answer."""
    first = await service.do(REQUESTS[name])
    for record in (await service.list("collections/-")).records:
        await service.update(record.path, name="later", content={})
    service.advance(DAY - 60)
    last = await store.last_revision()
    assert await service.do(REQUESTS[name]) == first
    assert await store.last_revision() == last


async def test_how_long_is_a_setting(service_of, store) -> None:
    """A request is remembered for as long as the limit says, and then carried out again."""
    service = service_of(limits=Limits(request_seconds=60.0))
    request = requests.UpdateRecord(draft(name="x"), allow_missing=True, request_id="r")
    await service.do(request)
    service.advance(50)
    await service.do(request)
    assert await store.last_revision() == 1
    service.advance(10)
    await service.do(request)
    assert await store.last_revision() == 2


async def test_what_was_purged_stays_purged(service) -> None:
    """The content of a record that was purged since is in no answer any more."""
    first = await service.do(REQUESTS["create"])
    await service.delete(first.path)
    await service.purge(first.path)
    again = await service.do(REQUESTS["create"])
    assert again == tombstone(RecordKey("", "notes", first.id), first.revision, 1)
    assert again.etag == first.etag


async def test_another_request_under_the_same_id(service, store, new_call, refused) -> None:
    """Another operation, field or condition under a used id is refused, and does nothing."""
    await service.do(REQUESTS["update"], new_call())
    last = await store.last_revision()
    for request, call in (
        (requests.UpdateRecord(draft(name="y"), request_id="r"), new_call()),
        (requests.UpdateRecord(draft(name="x"), ("name",), request_id="r"), new_call()),
        (requests.UpdateRecord(draft(name="x", content={}), request_id="r"), new_call()),
        (requests.UpdateRecord(draft("b", name="x"), request_id="r"), new_call()),
        (REQUESTS["delete"], new_call()),
        (REQUESTS["update"], new_call(if_match=("*",))),
        (REQUESTS["update"], new_call(if_none_match=('"x"',))),
    ):
        with refused(Kind.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED) as caught:
            await service.do(request, call)
        assert "r belongs to another request" in caught.value.message
    assert await store.last_revision() == last


async def test_the_order_of_keys_is_no_difference(service, store) -> None:
    """The same content with its keys in another order is the same request."""
    contents: list[Any] = [{"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1}]
    one, other = [requests.UpdateRecord(draft(content=content), request_id="r") for content in contents]
    assert await service.do(one) == await service.do(other)
    assert await store.last_revision() == 5


async def test_callers_do_not_share_ids(service, new_call) -> None:
    """The id belongs to its principal and tenant; another one's is another id."""
    ids = [(await service.do(REQUESTS["create"], new_call(principal=name))).id for name in ("ann", "bob", "ann")]
    assert ids[0] == ids[2] != ids[1]
    other = await service.do(REQUESTS["create"], new_call(tenant="acme"))
    assert other.id not in ids


async def test_an_id_expires_after_a_day(service) -> None:
    """For 24 hours it is the same request; from then on a new one, whatever it asks for."""
    first = await service.do(REQUESTS["create"])
    service.advance(DAY - 10)
    assert await service.do(REQUESTS["create"]) == first
    service.advance(10)
    second = await service.do(REQUESTS["create"])
    assert second.id != first.id
    assert await service.do(REQUESTS["create"]) == second
    service.advance(DAY + 10)
    assert (await service.do(REQUESTS["update"])).name == "x"


async def test_a_refused_request_may_be_sent_again(service, store, refused) -> None:
    """Only success is remembered: a request that failed is tried anew, and so is a changed one."""
    request = requests.UpdateRecord(draft("c", name="x"), request_id="r")
    for _ in range(2):
        with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
            await service.do(request)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.name"):
        await service.do(requests.UpdateRecord(draft(name="x" * 513), request_id="r"))
    await service.create("c")
    assert (await service.do(request)).version == 2
    assert (await service.do(request)).version == 2
    assert await store.last_revision() == 6


async def test_a_rehearsal_is_not_remembered(service) -> None:
    """With validate_only nothing is kept: the id is free for the request itself."""
    rehearsal = requests.UpdateRecord(draft(name="x"), request_id="r", validate_only=True)
    assert (await service.do(rehearsal)).revision == 0
    assert (await service.do(REQUESTS["update"])).version == 2


@pytest.mark.parametrize("request_id", ["x" * 129, "a\nb", "\ud800"])
async def test_bad_ids(service, store, refused, request_id) -> None:
    """An id that is too long or no line of text is refused."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_REQUEST_ID, "request_id"):
        await service.do(requests.DeleteRecord(PATH, request_id=request_id))
    assert await store.last_revision() == 4


async def test_what_cannot_be_encoded_is_refused(service, store, refused) -> None:
    """A request that no JSON could carry is refused for what it is, with an id as without."""
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    for content, reason in (({"a": "\ud800"}, Reason.INVALID_TEXT), (deep, Reason.CONTENT_TOO_DEEP)):
        for request_id in ("", "r"):
            with refused(Kind.INVALID_ARGUMENT, reason):
                await service.do(requests.UpdateRecord(draft(content=content), request_id=request_id))
    assert await store.last_revision() == 4


@pytest.mark.parametrize("name", ["create", "update", "batch create", "transaction", "purge"])
async def test_fifty_duplicates_at_once(service_of, service, store, name) -> None:
    """50 duplicates at once make one mutation and 50 equal answers."""
    slow = service_of(Slow(store))
    before = await store.last_revision()
    answers = await asyncio.gather(*(slow.do(REQUESTS[name]) for _ in range(50)))
    assert all(answer == answers[0] for answer in answers)
    assert await store.last_revision() == before + 1


@pytest.mark.parametrize("name", REQUESTS)
async def test_twins_on_several_nodes(service_of, service, store, name) -> None:
    """Duplicates at once on nodes that share a store but no lock make one mutation and equal answers too."""
    nodes = [service_of(Slow(store), node=f"node{number}") for number in range(5)]
    before = await store.last_revision()
    answers = await asyncio.gather(*(nodes[number % 5].do(REQUESTS[name]) for number in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert await store.last_revision() <= before + 1


async def test_a_twin_with_an_etag(service_of, service, store, refused) -> None:
    """A twin that finds its etag gone, because of its own twin, gets the twin's answer; a stranger is refused."""
    etag = (await service.get(PATH)).etag
    request = requests.UpdateRecord(draft(name="x", etag=etag), request_id="r")
    nodes = [service_of(Slow(store)) for _ in range(3)]
    stranger = requests.UpdateRecord(draft(name="y", etag=etag), request_id="s")
    answers = await asyncio.gather(*(node.do(request) for node in nodes))
    assert all(answer == answers[0] for answer in answers)
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
        await service.do(stranger)


async def test_the_log_names_the_request(service, store) -> None:
    """The entries of a mutation carry the id of the request that made it."""
    await service.do(REQUESTS["batch update"])
    entries = await store.read_log(4, 10)
    assert [(each.kind, each.request_id) for each in entries] == [(ChangeKind.RECORD_UPDATED, "r")] * 2


async def test_a_repeat_reads_each_mutation_once(service, service_of, store) -> None:
    """Rebuilding the answer of a large request costs a read for each mutation in it, not for each record."""
    items = tuple(requests.CreateRecord(record_id=f"r{number}") for number in range(100))
    await service.do(requests.BatchCreateRecords(NOTES, items))
    steps = tuple(RecordOperation(get=requests.GetRecord(f"{NOTES}/records/r{number}")) for number in range(100))
    request = requests.TransactRecords(then=steps, request_id="r")
    first = await service.do(request)
    reads: list[int] = []

    class Counting(Slow):
        async def read_mutation(self, revision: int) -> Any:
            reads.append(revision)
            return await store.read_mutation(revision)

    assert await service_of(Counting(store)).do(request) == first
    assert [isinstance(each.record, Record) for each in first.results] == [True] * 100
    assert reads == [5]
