"""Batches that are refused: the item is named by field and index, and nothing is stored."""

from typing import Any

import pytest

from crud_service.model.errors import Kind, Reason, Violation, invalid_all
from crud_service.model.limits import Limits
from crud_service.model.requests import (
    BatchCreateRecords,
    BatchDeleteRecords,
    BatchUpdateRecords,
    CreateRecord,
    DeleteRecord,
    RecordDraft,
    UpdateRecord,
)
from tests.unit.logic.hooks import Recorder
from tests.unit.logic.stores import Interrupted

NOTES = "collections/notes"
ALL = "collections/-"
BAD, MISSING, TAKEN = Kind.INVALID_ARGUMENT, Kind.NOT_FOUND, Kind.ALREADY_EXISTS


def path(record_id: str, collection: str = "notes") -> str:
    return f"collections/{collection}/records/{record_id}"


def create(record_id: str = "", parent: str = "", **fields: Any) -> CreateRecord:
    return CreateRecord(parent, RecordDraft(**fields), record_id)


def update(record_id: str, **fields: Any) -> UpdateRecord:
    return UpdateRecord(RecordDraft(path=path(record_id), **fields))


BAD_ITEMS: list[tuple[Any, Any, Kind, Reason, str]] = [
    (BatchCreateRecords, create("A"), BAD, Reason.INVALID_ID, "record_id"),
    (BatchCreateRecords, create("x", name="x" * 513), BAD, Reason.INVALID_FIELD, "record.name"),
    (BatchCreateRecords, create("x", content={"a": "\ud800"}), BAD, Reason.INVALID_TEXT, "record.content.a"),
    (BatchCreateRecords, create("x", ttl=0), BAD, Reason.INVALID_FIELD, "record.ttl"),
    (BatchCreateRecords, create("x", parent="nonsense"), BAD, Reason.INVALID_ID, "parent"),
    (BatchCreateRecords, create("x", parent="collections/other"), BAD, Reason.INVALID_FIELD, ""),
    (BatchCreateRecords, CreateRecord(record_id="x", request_id="r"), BAD, Reason.INVALID_REQUEST_ID, "request_id"),
    (BatchCreateRecords, CreateRecord(record_id="x", validate_only=True), BAD, Reason.INVALID_FIELD, "validate_only"),
    (BatchCreateRecords, create("one"), TAKEN, Reason.RECORD_EXISTS, ""),
    (BatchCreateRecords, create("gone"), TAKEN, Reason.RECORD_EXISTS, ""),
    (BatchUpdateRecords, update("none"), MISSING, Reason.RECORD_NOT_FOUND, ""),
    (BatchUpdateRecords, update("gone"), MISSING, Reason.RECORD_DELETED, ""),
    (BatchUpdateRecords, update("one", etag="no"), Kind.ABORTED, Reason.ETAG_MISMATCH, ""),
    (BatchUpdateRecords, update("one", id="two"), BAD, Reason.INVALID_FIELD, "record.id"),
    (BatchUpdateRecords, update("one", tags=("",)), BAD, Reason.INVALID_FIELD, "record.tags"),
    (BatchUpdateRecords, UpdateRecord(), BAD, Reason.INVALID_ID, "record.path"),
    (BatchUpdateRecords, UpdateRecord(RecordDraft(path=path("a", "other"))), BAD, Reason.INVALID_FIELD, ""),
    (
        BatchUpdateRecords,
        UpdateRecord(RecordDraft(path=path("one")), ("etag",)),
        BAD,
        Reason.INVALID_UPDATE_MASK,
        "update_mask",
    ),
    (BatchDeleteRecords, DeleteRecord("x"), BAD, Reason.INVALID_ID, "path"),
    (BatchDeleteRecords, DeleteRecord(path("none")), MISSING, Reason.RECORD_NOT_FOUND, ""),
    (BatchDeleteRecords, DeleteRecord(path("gone")), MISSING, Reason.RECORD_DELETED, ""),
    (BatchDeleteRecords, DeleteRecord(path("one"), "no"), Kind.ABORTED, Reason.ETAG_MISMATCH, ""),
    (BatchDeleteRecords, DeleteRecord(path("one"), request_id="r"), BAD, Reason.INVALID_REQUEST_ID, "request_id"),
]


@pytest.fixture
async def stored(service) -> Any:
    """Live records `one`, `good0` to `good3`, and a deleted one."""
    for record_id in ("one", "good0", "good1", "good2", "good3", "gone"):
        await service.create(record_id)
    await service.delete(path("gone"))
    return service


def good(request_type: Any, number: int) -> Any:
    """An item that can be carried out."""
    if request_type is BatchCreateRecords:
        return create(f"new{number}")
    return update(f"good{number}") if request_type is BatchUpdateRecords else DeleteRecord(path(f"good{number}"))


@pytest.mark.parametrize("index", [0, 2, 4])
@pytest.mark.parametrize("case", BAD_ITEMS, ids=lambda case: f"{case[0].__name__}-{case[3]}-{case[4]}")
async def test_one_bad_item(stored, store, refused, case, index) -> None:
    """One bad item, wherever it stands, refuses the batch with the error it would get alone, and its index."""
    request_type, item, kind, reason, field = case
    items = [good(request_type, number) for number in range(4)]
    items.insert(index, item)
    before, listed = await store.last_revision(), await stored.list(show_deleted=True)
    with refused(kind, reason) as caught:
        await stored.do(request_type(NOTES, tuple(items)))
    error = caught.value
    assert error.metadata["index"] == str(index)
    assert error.message.startswith(f"requests[{index}]")
    expected = [".".join(filter(None, (f"requests[{index}]", field)))] if kind is BAD else []
    assert [each.field for each in error.violations] == expected
    assert await store.last_revision() == before
    assert await stored.list(show_deleted=True) == listed


async def test_the_facts_of_an_error_stay(stored, refused) -> None:
    """The metadata that an error has alone is there in a batch too: the current etag, the path that is taken."""
    one = await stored.get(path("one"))
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH) as caught:
        await stored.do(BatchDeleteRecords(NOTES, (DeleteRecord(path("good0")), DeleteRecord(one.path, "no"))))
    assert caught.value.metadata == {"index": "1", "etag": one.etag, "version": "1"}
    with refused(TAKEN, Reason.RECORD_EXISTS) as caught:
        await stored.do(BatchCreateRecords(NOTES, (create("new"), create(), create("one"))))
    assert caught.value.metadata == {"index": "2", "path": one.path}


async def test_all_violations_are_told(stored, refused) -> None:
    """Several items past a limit are told at once, each by its own path; the index is that of the first."""
    items = (create("a"), create("b", name="\n", tags=("t" * 129,)), create("c"), create("d", name="x" * 513))
    with refused(BAD, Reason.INVALID_TEXT) as caught:
        await stored.do(BatchCreateRecords(NOTES, items))
    assert [each.field for each in caught.value.violations] == [
        "requests[1].record.name",
        "requests[1].record.tags",
        "requests[3].record.name",
    ]
    assert caught.value.metadata == {"index": "1"}


@pytest.mark.parametrize(
    "request_",
    [
        BatchCreateRecords(NOTES, (create("x"), create(), create(id="x"))),
        BatchCreateRecords(ALL, (create("x", NOTES), create("x", "collections/other"), create("x", NOTES))),
        BatchUpdateRecords(NOTES, (update("one"), update("good1"), update("one", name="x"))),
        BatchDeleteRecords(NOTES, (DeleteRecord(path("one")), DeleteRecord(path("good1")), DeleteRecord(path("one")))),
    ],
    ids=lambda request: type(request).__name__,
)
async def test_a_record_twice(stored, store, refused, request_) -> None:
    """A record that stands in two items is refused about the second, which says where the first is."""
    before = await store.last_revision()
    with refused(BAD, Reason.INVALID_FIELD, "requests[2]") as caught:
        await stored.do(request_)
    assert caught.value.metadata == {"index": "2"}
    assert "requests[0]" in caught.value.message
    assert await store.last_revision() == before


@pytest.mark.parametrize("request_type", [BatchCreateRecords, BatchUpdateRecords, BatchDeleteRecords])
async def test_headers_cannot_be_about_many(stored, new_call, refused, request_type) -> None:
    """Conditions in headers do not say which record they are about."""
    request = request_type(NOTES, (good(request_type, 0),))
    for call, field in (
        (new_call(if_match=("*",)), "if-match"),
        (new_call(if_none_match=("*",)), "if-none-match"),
        (new_call(if_none_match=('"x"',)), "if-none-match"),
    ):
        with refused(BAD, Reason.INVALID_PRECONDITION, field):
            await stored.do(request, call)


@pytest.mark.parametrize("parent", ["", "notes", "collections/", "collections/A"])
async def test_a_bad_parent(stored, refused, parent) -> None:
    """The parent of a batch is a collection or all of them."""
    for request_type in (BatchCreateRecords, BatchUpdateRecords, BatchDeleteRecords):
        with refused(BAD, Reason.INVALID_ID, "parent"):
            await stored.do(request_type(parent, (good(request_type, 0),)))


async def test_a_create_in_all_collections_needs_its_own(stored, refused) -> None:
    """With the parent `collections/-` an item without a parent is refused."""
    with refused(BAD, Reason.INVALID_ID, "requests[1].parent"):
        await stored.do(BatchCreateRecords(ALL, (create("x", NOTES), create("y"))))


async def test_too_many_items(stored, service_of, store, refused) -> None:
    """One item more than the limit refuses the batch before anything else is looked at."""
    tight = service_of(limits=Limits(batch_records=3))
    before = await store.last_revision()
    for request_type in (BatchCreateRecords, BatchUpdateRecords, BatchDeleteRecords):
        items = (*(good(request_type, number) for number in range(3)), good(request_type, 0))
        with refused(BAD, Reason.BATCH_TOO_LARGE, "requests"):
            await tight.do(request_type(NOTES, items))
        assert len((await tight.do(request_type(NOTES, items[:3], **rehearsed(request_type)))).records) == 3
    assert await store.last_revision() == before + 1


def rehearsed(request_type: Any) -> dict[str, bool]:
    return {} if request_type is BatchDeleteRecords else {"validate_only": True}


async def test_too_large(stored, service_of, store, refused) -> None:
    """Contents that are together too large for one mutation refuse it, counted in bytes, whatever the mask."""
    tight = service_of(limits=Limits(batch_bytes=100))
    before = await store.last_revision()
    fits, over = {"t": "ü" * 20}, {"t": "ü" * 24}
    for content, stores in ((over, False), (fits, True)):
        request = BatchCreateRecords(NOTES, (create(content=content), create(content=fits)), read_mask=("id",))
        if stores:
            await tight.do(request)
        else:
            with refused(Kind.RESOURCE_EXHAUSTED, Reason.REQUEST_TOO_LARGE):
                await tight.do(request)
    assert await store.last_revision() == before + 1


async def test_a_reply_that_is_too_large(stored, service_of, store, refused) -> None:
    """A reply heavier than a page refuses the batch before anything is stored; a mask without the weight saves it."""
    tight = service_of(limits=Limits(page_bytes=2_500))
    items = tuple(create(content={"t": "x" * 1_000}) for _ in range(3))
    before = await store.last_revision()
    for mask in (None, ("*",), ("content",)):
        with refused(Kind.RESOURCE_EXHAUSTED, Reason.REPLY_TOO_LARGE):
            await tight.do(BatchCreateRecords(NOTES, items, read_mask=mask))
    assert await store.last_revision() == before
    assert len((await tight.do(BatchCreateRecords(NOTES, items, read_mask=("id",)))).records) == 3


async def test_a_missing_collection_is_named(stored, service_of, refused) -> None:
    """Where collections are not made on the way, the first item that needs a missing one is named."""
    strict = service_of(create_collections=False)
    items = (create("x", NOTES), create("y", NOTES), create("x", "collections/none"), create("y", "collections/none"))
    for validate_only in (False, True):
        with refused(MISSING, Reason.COLLECTION_NOT_FOUND) as caught:
            await strict.do(BatchCreateRecords(ALL, items, validate_only=validate_only))
        assert caught.value.metadata == {"index": "2"}
        assert caught.value.message.startswith("requests[2]: collection none")


async def test_a_hook_may_name_an_item(stored, service_of, store, refused) -> None:
    """A hook that refuses one change of many can say which: the place goes into its error as it gives it."""

    def second_only(changes: list[Any]) -> None:
        raise invalid_all([Violation(f"{changes[1].place.prefix}.record.name", "is not to our taste")])

    before = await store.last_revision()
    with refused(BAD, Reason.INVALID_FIELD, "requests[1].record.name"):
        await service_of(hooks=Recorder(validate=second_only)).do(BatchCreateRecords(NOTES, (create(), create())))
    assert await store.last_revision() == before


async def test_an_id_that_is_taken_in_between(stored, service_of, store, refused) -> None:
    """A create of a batch whose id another node takes at the last moment is named, and none of the others is stored."""
    interrupted = service_of(Interrupted(store, lambda: stored.create("y")), node="node")
    with refused(TAKEN, Reason.RECORD_EXISTS) as caught:
        await interrupted.do(BatchCreateRecords(NOTES, (create("x"), create("y"), create("z"))))
    assert caught.value.metadata == {"index": "1", "path": path("y")}
    assert {record.id for record in (await stored.list()).records}.isdisjoint({"x", "z"})
