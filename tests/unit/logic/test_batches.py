"""BatchCreate, BatchUpdate and BatchDeleteRecords: many records, one mutation."""

import asyncio
import json
from typing import Any

import pytest

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import Place
from crud_service.model.limits import Limits
from crud_service.model.requests import (
    BatchCreateRecords,
    BatchDeleteRecords,
    BatchUpdateRecords,
    CreateRecord,
    DeleteRecord,
    FieldTransform,
    RecordDraft,
    UpdateRecord,
)
from crud_service.testing.log_replay import assert_log_matches
from tests.unit.logic.hooks import PHASES, Recorder
from tests.unit.logic.stores import Contended, Slow

NOTES = "collections/notes"
ALL = "collections/-"


def path(record_id: str, collection: str = "notes") -> str:
    return f"collections/{collection}/records/{record_id}"


def create(record_id: str = "", parent: str = "", **fields: Any) -> CreateRecord:
    return CreateRecord(parent, RecordDraft(**fields), record_id)


def update(record_id: str, **fields: Any) -> UpdateRecord:
    return UpdateRecord(RecordDraft(path=path(record_id), **fields))


async def test_create(service, store, time_of) -> None:
    """All records are created under one revision, at one time, and answered in the order of the items."""
    items = (create("b", name="x"), create(tags=("t",)), create("a", parent=NOTES, content={"n": 1}))
    reply = await service.do(BatchCreateRecords(NOTES, items))
    assert [record.id for record in reply.records] == ["b", "id-1", "a"]
    assert {(record.revision, record.version, record.create_time) for record in reply.records} == {(1, 1, time_of(0))}
    for record in reply.records:
        assert await service.get(record.path) == record
    entries = await store.read_log(0, 10)
    kinds = [ChangeKind.COLLECTION_CREATED] + [ChangeKind.RECORD_CREATED] * 3
    assert [(each.revision, each.ordinal, each.kind) for each in entries] == [
        (1, ordinal, kind) for ordinal, kind in enumerate(kinds)
    ]


async def test_create_in_several_collections(service, store) -> None:
    """With the parent `collections/-` each item names its own, and those that are missing are made on the way."""
    items = (create("a", "collections/x"), create("a", "collections/y"), create("b", "collections/x"))
    reply = await service.do(BatchCreateRecords(ALL, items))
    assert [record.path for record in reply.records] == [path("a", "x"), path("a", "y"), path("b", "x")]
    assert len(await store.list_collections("", "", 10)) == 2
    assert await store.last_revision() == 1
    await assert_log_matches(store)


async def test_update(service, store) -> None:
    """Each item changes its record as a single update would: by mask, presence, patch, transform or upsert."""
    for record_id in "abcd":
        await service.create(record_id, name="old", content={"n": 1, "m": 1})
    items = (
        UpdateRecord(RecordDraft(path=path("d"), content={"n": 2}), ("content.n", "name")),
        update("a", name="new"),
        UpdateRecord(RecordDraft(path=path("b"), content={"n": None}), merge_patch=True),
        UpdateRecord(RecordDraft(path=path("c")), transforms=(FieldTransform("content.n", increment=5),)),
        UpdateRecord(RecordDraft(path=path("e"), name="made"), allow_missing=True),
    )
    reply = await service.do(BatchUpdateRecords(NOTES, items))
    found = [(record.id, record.name, json.loads(record.content), record.version) for record in reply.records]
    assert found == [
        ("d", "", {"n": 2, "m": 1}, 2),
        ("a", "new", {"n": 1, "m": 1}, 2),
        ("b", "old", {"m": 1}, 2),
        ("c", "old", {"n": 6, "m": 1}, 2),
        ("e", "made", {}, 1),
    ]
    assert {record.revision for record in reply.records} == {5}
    assert {record.update_time for record in reply.records} == {reply.records[0].update_time}


async def test_delete(service, store) -> None:
    """Each item deletes its record, or with allow_missing answers what is there; only what changed is in the log."""
    live, gone = await service.create("a"), await service.create("gone")
    gone = await service.delete(gone.path)
    items = (
        DeleteRecord(path("none"), allow_missing=True),
        DeleteRecord(gone.path, allow_missing=True),
        DeleteRecord(live.path, live.etag),
    )
    reply = await service.do(BatchDeleteRecords(NOTES, items))
    assert [record.id for record in reply.records] == ["none", "gone", "a"]
    assert (reply.records[0].revision, reply.records[1]) == (0, gone)
    assert reply.records[2].delete_time is not None
    assert [(each.kind, each.id) for each in await store.read_log(3, 10)] == [(ChangeKind.RECORD_DELETED, "a")]


@pytest.mark.parametrize("request_type", [BatchCreateRecords, BatchUpdateRecords, BatchDeleteRecords])
async def test_an_empty_batch(service, store, request_type) -> None:
    """A batch of nothing does nothing, and takes no revision."""
    assert await service.do(request_type(NOTES)) == requests.BatchRecordsReply(())
    assert await service.do(request_type(ALL, request_id="r")) == requests.BatchRecordsReply(())
    assert await store.last_revision() == 0


async def test_each_hook_once_with_the_whole_batch(service_of) -> None:
    """Every phase fires once with all changes in order, each of which knows its place, and on_read with all records."""
    hooks = Recorder()
    service = service_of(hooks=hooks)
    for request in (
        BatchCreateRecords(NOTES, (create("a"), create("b"), create("c"))),
        BatchUpdateRecords(NOTES, (update("b"), update("a"), update("c"))),
        BatchDeleteRecords(NOTES, tuple(DeleteRecord(path(each)) for each in "cab")),
    ):
        hooks.seen.clear()
        reply = await service.do(request)
        assert hooks.phases == [*PHASES, "on_read"]
        for _, _, changes in hooks.seen:
            assert [new.id for _, _, new in changes] == [record.id for record in reply.records]


async def test_hooks_know_the_place(service_of) -> None:
    """A change of a batch says where in the request it stands, one of a single call does not."""
    places: list[Any] = []
    hooks = Recorder(validate=lambda changes: places.extend(change.place for change in changes))
    service = service_of(hooks=hooks)
    await service.do(BatchCreateRecords(NOTES, (create("a"), create("b"))))
    await service.create("c")
    assert places == [Place("requests[0]", 0), Place("requests[1]", 1), None]


async def test_a_rehearsed_batch_stores_nothing(service, store) -> None:
    """With validate_only the answer is what it would be, without revisions, and nothing is stored."""
    await service.create("a", name="old")
    created = await service.do(BatchCreateRecords(NOTES, (create("b"), create()), validate_only=True))
    updated = await service.do(BatchUpdateRecords(NOTES, (update("a", name="new"),), validate_only=True))
    assert [record.etag for record in (*created.records, *updated.records)] == ["", "", ""]
    assert updated.records[0].name == "new"
    assert (await service.get(path("a"))).name == "old"
    assert await store.last_revision() == 1


async def test_a_mask_makes_the_reply_small(service_of, store) -> None:
    """A read mask prunes the contents of the reply, not those that are stored."""
    service = service_of(limits=Limits(page_bytes=2_000))
    items = tuple(create(each, content={"big": "x" * 1_000, "n": 1}) for each in "abc")
    reply = await service.do(BatchCreateRecords(NOTES, items, read_mask=("content.n",)))
    assert [record.content for record in reply.records] == ['{"n":1}'] * 3
    assert len((await service.get(path("a"))).content) > 1_000


async def test_a_lost_batch_starts_again(service, service_of, store) -> None:
    """A batch of updates that another node overtook in one record is made again as a whole."""
    for record_id in "ab":
        await service.create(record_id, name="old")
    contended = Contended(store, 2)
    reply = await service_of(contended).do(BatchUpdateRecords(NOTES, (update("b", name="x"), update("a", name="y"))))
    assert [(record.name, record.tags, record.version) for record in reply.records] == [
        ("x", (), 2),
        ("y", ("theirs-2",), 4),
    ]
    assert contended.commits == 3


async def test_overlapping_batches_at_once(service, service_of, store) -> None:
    """Batches over the same records in any order all succeed, on one node and on two: every increment is there."""
    for record_id in "abc":
        await service.create(record_id, content={"n": 0})
    nodes = service_of(Slow(store)), service_of(Slow(store))

    def bump(order: str) -> BatchUpdateRecords:
        step = FieldTransform("content.n", increment=1)
        return BatchUpdateRecords(
            NOTES, tuple(UpdateRecord(RecordDraft(path=path(each)), transforms=(step,)) for each in order)
        )

    work = [nodes[number % 2].do(bump(["abc", "cab", "ba"][number % 3])) for number in range(12)]
    async with asyncio.timeout(10):
        await asyncio.gather(*work)
    counts = [json.loads((await service.get(path(each))).content)["n"] for each in "abc"]
    assert counts == [12, 12, 8]


async def test_the_largest_batch(service) -> None:
    """A batch holds as many items as the limit says."""
    items = tuple(create(f"r{number:04d}") for number in range(1_000))
    reply = await service.do(BatchCreateRecords(NOTES, items, read_mask=("id",)))
    assert len(reply.records) == 1_000
    deletes = tuple(DeleteRecord(record.path) for record in reply.records)
    assert {record.revision for record in (await service.do(BatchDeleteRecords(NOTES, deletes))).records} == {2}
