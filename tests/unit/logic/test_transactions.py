"""TransactRecords: compare, then one thing or the other."""

import json
from typing import Any

import pytest

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.requests import (
    CreateRecord,
    DeleteRecord,
    FieldTransform,
    GetRecord,
    OperationResult,
    RecordCompare,
    RecordDraft,
    RecordOperation,
    TransactRecords,
    TransactRecordsReply,
    UndeleteRecord,
    UpdateRecord,
)
from crud_service.testing.log_replay import assert_log_matches
from tests.unit.logic.hooks import PHASES, Recorder

NOTES = "collections/notes"


def path(record_id: str, collection: str = "notes") -> str:
    return f"collections/{collection}/records/{record_id}"


def get(record_id: str, collection: str = "notes") -> RecordOperation:
    return RecordOperation(get=GetRecord(path(record_id, collection)))


def create(record_id: str = "", parent: str = NOTES, **fields: Any) -> RecordOperation:
    return RecordOperation(create=CreateRecord(parent, RecordDraft(**fields), record_id))


def update(record_id: str, **fields: Any) -> RecordOperation:
    return RecordOperation(update=UpdateRecord(RecordDraft(path=path(record_id), **fields)))


def delete(record_id: str, **fields: Any) -> RecordOperation:
    return RecordOperation(delete=DeleteRecord(path(record_id), **fields))


@pytest.fixture
async def stored(service) -> Any:
    """Live records `a` (version 2) and `b`, and a deleted one."""
    for record_id in ("a", "b", "gone"):
        await service.create(record_id, content={"n": 1})
    await service.update(path("a"), name="x")
    await service.delete(path("gone"))
    return service


COMPARES: list[tuple[dict[str, Any], bool]] = [
    ({"path": path("a"), "exists": True}, True),
    ({"path": path("a"), "exists": False}, False),
    ({"path": path("gone"), "exists": True}, False),
    ({"path": path("gone"), "exists": False}, True),
    ({"path": path("none"), "exists": False}, True),
    ({"path": path("a", "none"), "exists": False}, True),
    ({"path": path("a"), "version": 2}, True),
    ({"path": path("a"), "version": 1}, False),
    ({"path": path("gone"), "version": 2}, False),
    ({"path": path("none"), "version": 0}, False),
    ({"path": path("a"), "revision": 4}, True),
    ({"path": path("a"), "revision": 1}, False),
    ({"path": path("gone"), "revision": 5}, False),
    ({"path": path("none"), "revision": 0}, False),
    ({"path": path("a"), "etag": "nonsense"}, False),
    ({"path": path("a"), "etag": "*"}, False),
    ({"path": path("none"), "etag": ""}, False),
]


@pytest.mark.parametrize(("compare", "holds"), COMPARES, ids=str)
async def test_each_comparison(stored, store, compare, holds) -> None:
    """A comparison is about a live record, and its outcome decides which branch is carried out."""
    request = TransactRecords((RecordCompare(**compare),), (create("then"),), (create("else"),))
    reply = await stored.do(request)
    assert (reply.succeeded, reply.results[0].record.id) == (holds, "then" if holds else "else")
    assert reply.revision == await store.last_revision() == 6


async def test_comparing_etags(stored) -> None:
    """The current etag of a live record holds, an older one does not, nor does that of a deleted record."""
    a, gone = await stored.get(path("a")), (await stored.list(show_deleted=True)).records[2]
    after = await stored.update(path("a"))
    for record_id, etag, holds in (("a", after.etag, True), ("a", a.etag, False), ("gone", gone.etag, False)):
        reply = await stored.do(TransactRecords((RecordCompare(path(record_id), etag=etag),)))
        assert reply == TransactRecordsReply(holds, 0, ())


async def test_all_comparisons_must_hold(stored) -> None:
    """One comparison that fails is enough for `else`; without any, `then` is carried out."""
    good = RecordCompare(path("a"), exists=True), RecordCompare(path("b"), version=1)
    assert (await stored.do(TransactRecords((*good, good[0])))).succeeded
    assert not (await stored.do(TransactRecords((*good, RecordCompare(path("a"), version=9))))).succeeded
    assert (await stored.do(TransactRecords())).succeeded


async def test_every_kind_of_step(stored, store) -> None:
    """All steps of a branch are one mutation across collections, answered in order; a read sees what was before."""
    b = await stored.get(path("b"))
    increment = UpdateRecord(RecordDraft(path=path("a")), transforms=(FieldTransform("content.n", increment=1),))
    steps = (
        get("b"),
        RecordOperation(update=increment),
        create("new", "collections/other", name="made"),
        RecordOperation(undelete=UndeleteRecord(path("gone"))),
        get("none"),
        get("none", "nowhere"),
        delete("nothing", allow_missing=True),
        create("", "collections/other"),
    )
    reply = await stored.do(TransactRecords(then=steps))
    assert (reply.succeeded, reply.revision) == (True, 6)
    found = [result.record for result in reply.results]
    assert (found[0], found[4], found[5]) == (b, None, None)
    assert json.loads(found[1].content) == {"n": 2}
    assert (found[2].path, found[3].delete_time, found[7].id) == (path("new", "other"), None, "id-1")
    assert (found[6].id, found[6].revision, found[6].etag) == ("nothing", 0, "")
    written = [found[1], found[2], found[3], found[7]]
    assert {record.revision for record in written} == {6}
    assert {record.update_time for record in written} == {found[1].update_time}
    for record in written:
        assert await stored.get(record.path) == record
    entries = [(each.kind, each.collection) for each in await store.read_log(5, 20)]
    assert [each for each in entries if each[0] is not ChangeKind.COLLECTION_CREATED] == [
        (ChangeKind.RECORD_UPDATED, "notes"),
        (ChangeKind.RECORD_CREATED, "other"),
        (ChangeKind.RECORD_UNDELETED, "notes"),
        (ChangeKind.RECORD_CREATED, "other"),
    ]
    made = entries.index((ChangeKind.COLLECTION_CREATED, "other"))
    assert made < entries.index((ChangeKind.RECORD_CREATED, "other"))
    await assert_log_matches(store)


async def test_only_reads_take_no_revision(stored, store) -> None:
    """A transaction that only reads answers revision 0, and leaves nothing in the log."""
    reply = await stored.do(TransactRecords(then=(get("a"), get("gone"))))
    assert (reply.revision, reply.results[1]) == (0, OperationResult())
    assert reply.results[0].record == await stored.get(path("a"))
    assert await store.last_revision() == 5


async def test_an_empty_branch(stored, store) -> None:
    """A branch without steps does nothing, which is an answer."""
    compare = RecordCompare(path("a"), exists=True), RecordCompare(path("a"), exists=False)
    for condition, other in ((compare[0], {"else_": (create(),)}), (compare[1], {"then": (create(),)})):
        reply = await stored.do(TransactRecords((condition,), **other))
        assert reply == TransactRecordsReply(condition is compare[0], 0, ())
    assert await store.last_revision() == 5


async def test_the_branches_may_be_about_the_same_records(stored) -> None:
    """A record stands once in a branch; both branches and the comparisons may name it."""
    for version, name in ((2, "then"), (2, "else")):
        compare = RecordCompare(path("a"), version=version), RecordCompare(path("a"), exists=True)
        await stored.do(TransactRecords(compare, (update("a", name="then"),), (update("a", name="else"),)))
        assert (await stored.get(path("a"))).name == name


async def test_upserts_and_etags_in_steps(stored) -> None:
    """A step has what its operation has: an etag, a mask, allow_missing."""
    a = await stored.get(path("a"))
    upsert = UpdateRecord(RecordDraft(path=path("made"), name="x"), allow_missing=True)
    masked = UpdateRecord(RecordDraft(path=a.path, etag=a.etag, name="y", tags=("t",)), ("tags",))
    reply = await stored.do(TransactRecords(then=(RecordOperation(update=upsert), RecordOperation(update=masked))))
    assert [(each.record.name, each.record.version, each.record.tags) for each in reply.results] == [
        ("x", 1, ()),
        ("x", 3, ("t",)),
    ]


async def test_hooks_see_one_list(service_of, stored) -> None:
    """Each phase fires once with the changes of the branch; on_read once with all records of the answer."""
    hooks = Recorder()
    reply = await service_of(hooks=hooks).do(
        TransactRecords(then=(get("a"), update("b", name="y"), get("none"), create("c", name="z")))
    )
    assert hooks.phases == [*PHASES, "on_read"]
    assert [[new.id for _, _, new in changes] for _, _, changes in hooks.seen] == [["b", "c"]] * 3 + [["a", "b", "c"]]
    assert [each.record and each.record.name for each in reply.results] == ["X", "Y", None, "Z"]
    hooks.seen.clear()
    await service_of(hooks=hooks).do(TransactRecords(then=(get("none"),)))
    assert hooks.phases in ([], ["on_read"])


async def test_a_rehearsed_transaction_stores_nothing(stored, store) -> None:
    """With validate_only the answer is what it would be, without revisions, and nothing is stored."""
    compare = (RecordCompare(path("a"), version=2),)
    steps = (update("a", name="y"), create("new"), get("b"))
    reply = await stored.do(TransactRecords(compare, steps, validate_only=True))
    assert (reply.succeeded, reply.revision) == (True, 0)
    assert [each.record.etag == "" for each in reply.results] == [True, True, False]
    assert reply.results[0].record.name == "y"
    assert await store.last_revision() == 5
    assert (await stored.get(path("a"))).name == "x"


async def test_a_large_transaction(stored) -> None:
    """Comparisons and steps by the thousand are one transaction."""
    compare = tuple(RecordCompare(path(f"r{number}"), exists=False) for number in range(1_000))
    steps = tuple(create(f"r{number}") for number in range(1_000))
    reply = await stored.do(TransactRecords(compare, steps, (get("a"),)))
    assert (reply.succeeded, len(reply.results), reply.revision) == (True, 1_000, 6)
    again = await stored.do(TransactRecords(compare, steps, (get("a"),)))
    assert (again.succeeded, again.revision) == (False, 0)
    counted = await stored.do(requests.CountRecords(NOTES))
    assert counted.count == 1_002


async def test_a_read_with_a_mask(stored) -> None:
    """A step that reads shows of the content what its mask names, also when the request is sent again."""
    await stored.update(path("a"), content={"n": 1, "m": 2})
    step = RecordOperation(get=GetRecord(path("a"), ("content.m",)))
    request = TransactRecords(then=(step, delete("b")), request_id="once")
    for _ in range(2):
        reply = await stored.do(request)
        assert json.loads(reply.results[0].record.content) == {"m": 2}
