"""Transactions that are refused, and transactions that other writers get in the way of."""

import asyncio
import json
from typing import Any

import pytest

from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.requests import (
    CreateRecord,
    DeleteRecord,
    FieldTransform,
    GetRecord,
    PurgeRecord,
    RecordCompare,
    RecordDraft,
    RecordOperation,
    TransactRecords,
    UndeleteRecord,
    UpdateRecord,
)
from tests.unit.logic.hooks import PHASES, Recorder
from tests.unit.logic.stores import Interrupted, Slow

NOTES = "collections/notes"
BAD = Kind.INVALID_ARGUMENT


def path(record_id: str, collection: str = "notes") -> str:
    return f"collections/{collection}/records/{record_id}"


def get(record_id: str, **fields: Any) -> RecordOperation:
    return RecordOperation(get=GetRecord(path(record_id), **fields))


def create(record_id: str = "", parent: str = NOTES, **fields: Any) -> RecordOperation:
    return RecordOperation(create=CreateRecord(parent, RecordDraft(**fields), record_id))


def update(record_id: str, **fields: Any) -> RecordOperation:
    return RecordOperation(update=UpdateRecord(RecordDraft(path=path(record_id), **fields)))


@pytest.fixture
async def stored(service) -> Any:
    """Live records `a` and `b`, and a deleted one."""
    for record_id in ("a", "b", "gone"):
        await service.create(record_id, content={"n": 1})
    await service.delete(path("gone"))
    return service


BAD_STEPS: list[tuple[RecordOperation, Kind, Reason, str]] = [
    (RecordOperation(), BAD, Reason.INVALID_FIELD, ""),
    (RecordOperation(get=GetRecord(path("a")), delete=DeleteRecord(path("a"))), BAD, Reason.INVALID_FIELD, ""),
    (get("a", read_mask=("nope",)), BAD, Reason.INVALID_READ_MASK, "get.read_mask"),
    (RecordOperation(get=GetRecord("a")), BAD, Reason.INVALID_ID, "get.path"),
    (create("A"), BAD, Reason.INVALID_ID, "create.record_id"),
    (create("x", "collections/-"), BAD, Reason.INVALID_ID, "create.parent"),
    (create("x", name="x" * 513), BAD, Reason.INVALID_FIELD, "create.record.name"),
    (create("gone"), Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS, "create"),
    (RecordOperation(create=CreateRecord(NOTES, request_id="r")), BAD, Reason.INVALID_REQUEST_ID, "create.request_id"),
    (
        RecordOperation(create=CreateRecord(NOTES, validate_only=True)),
        BAD,
        Reason.INVALID_FIELD,
        "create.validate_only",
    ),
    (update("none"), Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND, "update"),
    (update("b", etag="no"), Kind.ABORTED, Reason.ETAG_MISMATCH, "update"),
    (update("b", content={"a": "\ud800"}), BAD, Reason.INVALID_TEXT, "update.record.content.a"),
    (RecordOperation(delete=DeleteRecord(path("gone"))), Kind.NOT_FOUND, Reason.RECORD_DELETED, "delete"),
    (RecordOperation(undelete=UndeleteRecord(path("b"))), Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS, "undelete"),
]


@pytest.mark.parametrize("branch", ["then", "else"])
@pytest.mark.parametrize("case", BAD_STEPS, ids=lambda case: f"{case[2]}-{case[3]}")
async def test_one_bad_step(stored, store, refused, case, branch) -> None:
    """One bad step of the branch refuses the transaction and is named; nothing of it is stored."""
    step, kind, reason, where = case
    compare = (RecordCompare(path("a"), exists=branch == "then"),)
    steps = {"then" if branch == "then" else "else_": (update("a", name="y"), step, create("z"))}
    before = await store.last_revision()
    with refused(kind, reason) as caught:
        await stored.do(TransactRecords(compare, **steps))
    error, place = caught.value, f"{branch}[1]"
    assert error.metadata["index"] == "1"
    assert error.message.startswith(place)
    located = ".".join(filter(None, (place, where)))
    assert [each.field for each in error.violations] == ([located] if kind is BAD else [])
    assert await store.last_revision() == before
    assert (await stored.get(path("a"))).name == ""


async def test_the_other_branch_need_not_be_possible(stored) -> None:
    """What the stored state refuses counts only in the branch that is carried out; malformed steps count in both."""
    reply = await stored.do(TransactRecords((), (create("x"),), (update("none"),)))
    assert reply.succeeded


async def test_a_malformed_step_of_the_other_branch(stored, store, refused) -> None:
    """A step that makes no sense is refused in whichever branch it stands."""
    with refused(BAD, Reason.INVALID_ID, "else[0].get.path"):
        await stored.do(TransactRecords((), (create("x"),), (RecordOperation(get=GetRecord("x")),)))
    assert await store.last_revision() == 4


@pytest.mark.parametrize(
    ("compare", "reason", "field"),
    [
        (RecordCompare(path("a")), Reason.INVALID_FIELD, "compare[1]"),
        (RecordCompare(path("a"), exists=True, version=1), Reason.INVALID_FIELD, "compare[1]"),
        (RecordCompare("a", exists=True), Reason.INVALID_ID, "compare[1].path"),
        (RecordCompare(exists=True), Reason.INVALID_ID, "compare[1].path"),
    ],
)
async def test_a_bad_comparison(stored, refused, compare, reason, field) -> None:
    """A comparison names a record and one thing about it."""
    with refused(BAD, reason, field) as caught:
        await stored.do(TransactRecords((RecordCompare(path("a"), exists=True), compare)))
    assert caught.value.metadata == {"index": "1"}


async def test_a_record_twice(stored, refused) -> None:
    """A record stands in one step of a branch, be it to read it."""
    for steps in ((update("a"), get("b"), get("a")), (create("x"), get("b"), update("x"))):
        with refused(BAD, Reason.INVALID_FIELD) as caught:
            await stored.do(TransactRecords(then=steps))
        (violation,) = caught.value.violations
        assert violation.field.startswith("then[2]")
        assert "then[0]" in violation.description
        assert caught.value.metadata == {"index": "2"}


async def test_headers_cannot_be_about_many(stored, new_call, refused) -> None:
    """Conditions of a transaction stand in its comparisons, not in headers."""
    for call, field in ((new_call(if_match=("*",)), "if-match"), (new_call(if_none_match=("*",)), "if-none-match")):
        with refused(BAD, Reason.INVALID_PRECONDITION, field):
            await stored.do(TransactRecords(then=(get("a"),)), call)


async def test_limits(stored, service_of, store, refused) -> None:
    """Too many comparisons or steps, too much content, and a reply that is too large are refused; nothing is stored."""
    tight = service_of(limits=Limits(batch_records=2, batch_bytes=2_000, page_bytes=4_000))
    three = tuple(create() for _ in range(3))
    for fields, field in (
        ({"compare": (RecordCompare(path("a"), exists=True),) * 3}, "compare"),
        ({"then": three}, "then"),
        ({"else_": three}, "else"),
    ):
        with refused(BAD, Reason.BATCH_TOO_LARGE, field):
            await tight.do(TransactRecords(**fields))
    heavy = create(content={"t": "x" * 1_200})
    with refused(Kind.RESOURCE_EXHAUSTED, Reason.REQUEST_TOO_LARGE):
        await tight.do(TransactRecords(then=(heavy, heavy)))
    with refused(Kind.RESOURCE_EXHAUSTED, Reason.REPLY_TOO_LARGE):
        await service_of(limits=Limits(page_bytes=2_000)).do(TransactRecords(then=(heavy, heavy)))
    assert await store.last_revision() == 4


@pytest.mark.parametrize("compared", [{"exists": True}, {"version": 1}])
async def test_a_comparison_that_is_lost_in_between(stored, service_of, store, compared) -> None:
    """What was compared must still be so when the branch is stored: else it is compared again, and decides anew."""

    async def change() -> None:
        await (stored.delete(path("b")) if "exists" in compared else stored.update(path("b")))

    interrupted = Interrupted(store, change)
    hooks = Recorder()
    request = TransactRecords((RecordCompare(path("b"), **compared),), (create("then"),), (create("else"),))
    reply = await service_of(interrupted, hooks=hooks).do(request)
    assert (reply.succeeded, reply.results[0].record.id) == (False, "else")
    assert interrupted.commits == 2
    assert hooks.phases == [*PHASES, *PHASES, "on_read"]
    assert {record.id for record in (await stored.list()).records}.isdisjoint({"then"})


async def test_a_read_that_changes_in_between(stored, service_of, store) -> None:
    """What a branch reads is from the same moment as what it writes, a missing record included."""
    interrupted = Interrupted(store, lambda: stored.update(path("b"), name="theirs"), lambda: stored.create("c"))
    reply = await service_of(interrupted).do(TransactRecords(then=(get("b"), get("c"), create("x"))))
    assert [each.record.name for each in reply.results[:1]] == ["theirs"]
    assert (reply.results[1].record.id, reply.results[1].record.revision) == ("c", 6)
    assert (reply.revision, interrupted.commits) == (7, 3)


async def test_a_comparison_with_what_is_purged_in_between(stored, service_of, store) -> None:
    """A record that was compared as not existing may go from deleted to purged meanwhile: it still does not exist."""
    interrupted = Interrupted(store, lambda: stored.do(PurgeRecord(path("gone"))))
    request = TransactRecords((RecordCompare(path("gone"), exists=False),), (create("x"),))
    reply = await service_of(interrupted).do(request)
    assert (reply.succeeded, interrupted.commits) == (True, 2)


async def test_transactions_that_keep_losing(stored, service_of, store, refused) -> None:
    """A transaction whose conditions are lost ten times is ABORTED, with nothing of it stored."""
    interrupted = Interrupted(store, *[lambda: stored.update(path("b"))] * 10)
    request = TransactRecords((RecordCompare(path("b"), exists=True),), (create("x"),))
    with refused(Kind.ABORTED, Reason.CONCURRENT_CHANGE):
        await service_of(interrupted).do(request)
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await stored.get(path("x"))
    assert interrupted.commits == 10


async def test_transfers_at_once(stored, service_of, store) -> None:
    """Parallel transfers between two records, in both directions and on two nodes, never change the sum."""
    nodes = service_of(Slow(store)), service_of(Slow(store))

    def transfer(source: str, target: str) -> TransactRecords:
        steps = (
            UpdateRecord(RecordDraft(path=path(target)), transforms=(FieldTransform("content.n", increment=1),)),
            UpdateRecord(RecordDraft(path=path(source)), transforms=(FieldTransform("content.n", increment=-1),)),
        )
        return TransactRecords(then=tuple(RecordOperation(update=step) for step in steps))

    async with asyncio.timeout(10):
        await asyncio.gather(*(nodes[number % 2].do(transfer(*"ab"[:: (-1) ** number])) for number in range(9)))
    found = [json.loads((await stored.get(path(each))).content)["n"] for each in "ab"]
    assert found == [0, 2]
