"""Reading: masks, tokens that belong to their query, counts, many at once, and a patience that ends."""

import json
from time import monotonic
from typing import Any

import pytest

from crud_service.model import requests
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.ports.record_store import RecordPage
from crud_service.model.query import RecordCount, RecordQuery
from tests.unit.logic.hooks import Recorder
from tests.unit.logic.stores import Around

NOTES = "collections/notes"
PATH = f"{NOTES}/records/a"
CONTENT = {"text": "hi", "address": {"city": "Bath", "street": "x"}}


async def test_a_mask_prunes_the_content(service) -> None:
    """Get, list and BatchGet return of the content what the mask names; what is stored stays whole."""
    await service.create("a", content=CONTENT)
    mask = ("id", "content.address.city")
    got = await service.do(requests.GetRecord(PATH, mask))
    (listed,) = (await service.list(read_mask=mask)).records
    (batched,) = (await service.do(requests.BatchGetRecords(NOTES, (PATH,), mask))).records
    assert [json.loads(each.content) for each in (got, listed, batched)] == [{"address": {"city": "Bath"}}] * 3
    assert json.loads((await service.get(PATH)).content) == CONTENT


@pytest.mark.parametrize("mask", [("nonsense",), ("*", "name"), ("name.first",), ("content.",), ("",)])
async def test_a_bad_mask(service, refused, mask) -> None:
    """A mask that names no field is refused by every operation that takes one."""
    await service.create("a")
    for request in (
        requests.GetRecord(PATH, mask),
        requests.ListRecords(NOTES, read_mask=mask),
        requests.BatchGetRecords(NOTES, (PATH,), mask),
        requests.BatchDeleteRecords(NOTES, (requests.DeleteRecord(PATH),), read_mask=mask),
    ):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_READ_MASK, "read_mask"):
            await service.do(request)
    assert (await service.get(PATH)).version == 1


async def test_hooks_see_the_whole_record(service_of, service) -> None:
    """The hook on_read gets the record as it is stored, whatever the mask leaves of it."""
    await service.create("a", name="x", content=CONTENT)
    hooks = Recorder()
    shown = await service_of(hooks=hooks).do(requests.GetRecord(PATH, ("content.text",)))
    ((_, _, seen),) = hooks.seen[0][2]
    assert json.loads(seen.content) == CONTENT
    assert json.loads(shown.content) == {"text": "hi"}


async def test_a_token_belongs_to_its_query(service, new_call, refused) -> None:
    """A token goes on for the same caller with the same query only; size and mask of the page may change."""
    for record_id in ("a", "b", "c"):
        await service.create(record_id, tags=("x", "y"))
        await service.create(record_id, parent="collections/other", tags=("x", "y"))
    query: dict[str, Any] = {"filter": "tags:x", "order_by": "name desc"}
    token = (await service.list(page_size=1, **query)).next_page_token
    reply = await service.list(page_size=2, page_token=token, read_mask=("id",), **query)
    assert [record.id for record in reply.records] == ["b", "c"]
    for fields in (
        {"filter": ""},
        {"filter": "tags:y"},
        {"filter": "tags:x AND tags:y"},
        {"order_by": ""},
        {"order_by": "name"},
        {"parent": "collections/other"},
        {"parent": "collections/-"},
        {"show_deleted": True},
    ):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN, "page_token"):
            await service.list(**query | fields, page_token=token)
    request = requests.ListRecords(NOTES, page_token=token, **query)
    for call in (new_call(tenant="acme"), new_call(principal="bob")):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN):
            await service.do(request, call)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN):
        await service.do(requests.ListCollections(page_token=token))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"order_by": "nonsense"}, Reason.INVALID_ORDER_BY),
        ({"order_by": "name,name"}, Reason.INVALID_ORDER_BY),
        ({"filter": "name ="}, Reason.INVALID_FILTER),
        ({"filter": "nonsense = 1"}, Reason.INVALID_FILTER),
        ({"page_token": "forged"}, Reason.INVALID_PAGE_TOKEN),
        ({"parent": "notes"}, Reason.INVALID_ID),
        ({"page_size": -1}, Reason.INVALID_PAGE_SIZE),
    ],
)
async def test_bad_queries(service, refused, fields, reason) -> None:
    """Each part of a query that makes no sense is refused about its own field, before anything is searched."""
    with refused(Kind.INVALID_ARGUMENT, reason, *fields):
        await service.do(requests.ListRecords(**{"parent": NOTES} | fields))


async def test_count(service, refused) -> None:
    """A count is of the live records that match, of one collection or all; an unknown collection is NOT_FOUND."""
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.do(requests.CountRecords(NOTES))
    for record_id in ("a", "b", "c"):
        await service.create(record_id, tags=("x",) if record_id != "c" else ())
    await service.create("a", "collections/other", tags=("x",))
    await service.delete(PATH)

    async def count(parent: str = NOTES, **fields: Any) -> int:
        reply = await service.do(requests.CountRecords(parent, **fields))
        assert not reply.estimated
        return reply.count

    assert await count() == 2
    assert await count(filter="tags:x") == 1
    assert await count(filter="tags:nobody") == 0
    assert await count(filter="tags:x", show_deleted=True) == 2
    assert await count("collections/-", filter="tags:x") == 2
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FILTER, "filter"):
        await count(filter="tags")


async def test_an_estimate_says_so(service, service_of, store) -> None:
    """What the store says of an estimate reaches the caller."""
    await service.create("a")

    class Estimating(Around):
        async def count_records(self, query: RecordQuery, *, estimate: bool) -> RecordCount:
            return RecordCount(1_000, estimated=estimate)

    estimating = service_of(Estimating(store))
    reply = await estimating.do(requests.CountRecords(NOTES, estimate=True))
    assert reply == requests.CountRecordsReply(1_000, estimated=True)
    assert await estimating.do(requests.CountRecords(NOTES)) == requests.CountRecordsReply(1_000)


async def test_batch_get(service) -> None:
    """BatchGet returns the records in the order of the paths, one as often as it is named, also of all collections."""
    a, b = await service.create("a"), await service.create("b")
    other = await service.create("a", "collections/other")
    reply = await service.do(requests.BatchGetRecords(NOTES, (b.path, a.path, b.path)))
    assert reply.records == (b, a, b)
    reply = await service.do(requests.BatchGetRecords("collections/-", (other.path, a.path)))
    assert reply.records == (other, a)
    assert (await service.do(requests.BatchGetRecords(NOTES))).records == ()


async def test_batch_get_names_the_missing_one(service, refused) -> None:
    """A path that is missing, deleted, malformed or of another collection refuses the batch by its index."""
    await service.create("a")
    await service.create("gone")
    await service.delete(f"{NOTES}/records/gone")
    for path, kind, reason in (
        (f"{NOTES}/records/none", Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND),
        (f"{NOTES}/records/gone", Kind.NOT_FOUND, Reason.RECORD_DELETED),
        ("collections/none/records/a", Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND),
        ("nonsense", Kind.INVALID_ARGUMENT, Reason.INVALID_ID),
    ):
        with refused(kind, reason, *["paths[1]"] * (kind is Kind.INVALID_ARGUMENT)) as caught:
            await service.do(requests.BatchGetRecords("collections/-", (PATH, path)))
        assert caught.value.metadata == {"index": "1"}
        assert caught.value.message.startswith("paths[1]")
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "paths[0]"):
        await service.do(requests.BatchGetRecords("collections/other", (PATH,)))


async def test_batch_get_has_limits(service, service_of, refused) -> None:
    """Too many paths are refused, and so is a reply that is too large, unless a mask makes it small enough."""
    paths = [f"{NOTES}/records/{record_id}" for record_id in "abc"]
    for record_id in "abc":
        await service.create(record_id, content={"big": "x" * 1_000, "small": 1})
    with refused(Kind.INVALID_ARGUMENT, Reason.BATCH_TOO_LARGE, "paths"):
        await service_of(limits=Limits(batch_records=2)).do(requests.BatchGetRecords(NOTES, tuple(paths)))
    tight = service_of(limits=Limits(page_bytes=3_000))
    for mask in (None, ("*",), ("content",), ("content.big",)):
        with refused(Kind.RESOURCE_EXHAUSTED, Reason.REPLY_TOO_LARGE):
            await tight.do(requests.BatchGetRecords(NOTES, tuple(paths), mask))
    for mask in (("id",), ("content.small",)):
        assert len((await tight.do(requests.BatchGetRecords(NOTES, tuple(paths), mask))).records) == 3


async def test_patience(service_of, store, new_call) -> None:
    """A store searches for as long as the limit says, less if the caller's deadline is nearer, and never below 0."""
    asked: list[float] = []

    class Patient(Around):
        async def list_records(self, query: RecordQuery) -> RecordPage:
            asked.append(query.seconds)
            return RecordPage((), more=False)

        async def count_records(self, query: RecordQuery, *, estimate: bool) -> RecordCount:
            asked.append(query.seconds)
            return RecordCount(1)

    service = service_of(Patient(store), limits=Limits(query_seconds=1.5))
    for request in (requests.ListRecords("collections/-"), requests.CountRecords("collections/-")):
        asked.clear()
        await service.do(request)
        await service.do(request, new_call(deadline=monotonic() + 100))
        await service.do(request, new_call(deadline=monotonic() + 0.5))
        await service.do(request, new_call(deadline=monotonic() - 1))
        assert (asked[:2], asked[3]) == ([1.5, 1.5], 0)
        assert 0 < asked[2] <= 0.5
