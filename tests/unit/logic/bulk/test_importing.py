"""ImportRecords: rows in, in order, chunk by chunk."""

import json

import pytest

from crud_service.model.change import ChangeKind
from crud_service.model.errors import Kind, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.requests import ImportRecords, ImportRecordsReply, RecordDraft
from crud_service.testing.log_replay import assert_log_matches
from tests.unit.logic.bulk.conftest import NOTES, failed, messages, row, run, stored
from tests.unit.logic.conftest import call
from tests.unit.logic.hooks import PHASES, Recorder, rename

ALL = "collections/-"
SMALL = Limits(import_rows=3)


async def revisions(store) -> list[list[str]]:
    """The ids that each mutation wrote, in the order of the log."""
    found: dict[int, list[str]] = {}
    for change in await store.read_log(0, 1000):
        if change.id:
            found.setdefault(change.revision, []).append(change.id)
    return list(found.values())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_rows_are_stored_in_order_and_in_chunks(service_of, store, size) -> None:
    """So many rows at a time are one mutation, in their order, however they arrive."""
    service = service_of(limits=SMALL)
    rows = [row(record_id, name=record_id.upper()) for record_id in "hgfedcba"]
    assert await run(service, rows, size) == ImportRecordsReply(8, 8, revision=3)
    assert await revisions(store) == [["h", "g", "f"], ["e", "d", "c"], ["b", "a"]]
    assert (await service.get(f"{NOTES}/records/b")).name == "B"
    await assert_log_matches(store)


async def test_all_fields(service, time_of) -> None:
    """A row is a record as a create takes it, with an id of its own or a new one."""
    rows = [row("a", name="x", content={"n": 1}, tags=("b", "a"), date=time_of(-9)), row()]
    await run(service, rows)
    a, made = (await service.list()).records
    assert (a.id, a.name, json.loads(a.content), a.tags, a.date) == ("a", "x", {"n": 1}, ("a", "b"), time_of(-9))
    assert (a.version, a.create_time, a.update_time) == (1, made.create_time, made.date)
    assert made.id == "id-1"


async def test_rows_of_an_export(service_of) -> None:
    """The path gives the id too; of a collection that the import does not go into it is ignored, as the etag is."""
    service = service_of()
    rows = [
        RecordDraft(path="collections/old/records/a", id="a", etag='"1-2"'),
        RecordDraft(path="collections/old/records/b"),
    ]
    await run(service, rows)
    assert list(await stored(service)) == [f"{NOTES}/records/a", f"{NOTES}/records/b"]


async def test_several_collections(service) -> None:
    """With the parent `collections/-` each row's path names its collection."""
    rows = [RecordDraft(path=f"collections/{name}/records/a") for name in ("x", "y")]
    assert (await run(service, rows, parent=ALL)).imported_count == 2
    assert list(await stored(service)) == ["collections/x/records/a", "collections/y/records/a"]


@pytest.mark.parametrize(
    "wrong",
    [
        (NOTES, RecordDraft(id="a", path="collections/notes/records/b"), "id", Reason.INVALID_ID),
        (NOTES, RecordDraft(id="A"), "id", Reason.INVALID_ID),
        (NOTES, RecordDraft(path="a"), "path", Reason.INVALID_ID),
        (ALL, RecordDraft(id="a"), "path", Reason.INVALID_ID),
        (NOTES, RecordDraft(name="x\ny"), "name", Reason.INVALID_TEXT),
        (NOTES, RecordDraft(content={"x": "\ud800"}), "content.x", Reason.INVALID_TEXT),
        (NOTES, RecordDraft(ttl=-1), "ttl", Reason.INVALID_FIELD),
    ],
)
async def test_a_row_that_is_wrong(service, store, wrong) -> None:
    """The field is told by its name in the row, and the row by its number."""
    parent, draft, field, reason = wrong
    error = await failed(service, [None, draft], parent=parent)
    assert (error.kind, error.reason, [each.field for each in error.violations]) == (
        Kind.INVALID_ARGUMENT,
        reason,
        [field],
    )
    assert error.message.startswith(f"row 2: {field}: ")
    assert error.metadata == {"row": "2", "resumeRow": "1", "importedCount": "0"}
    assert await store.last_revision() == 0


async def test_a_record_twice(service_of, store) -> None:
    """A chunk ends before a row whose record is in it: the second row finds the first one stored."""
    service = service_of(limits=SMALL)
    rows = [row("a", name="1"), row("b"), row("a", name="2"), row("c"), row("a", name="3")]
    reply = await run(service, rows, if_exists="replace")
    assert reply == ImportRecordsReply(5, 5, revision=3)
    assert await revisions(store) == [["a", "b"], ["a", "c"], ["a"]]
    a = await service.get(f"{NOTES}/records/a")
    assert (a.name, a.version) == ("3", 3)
    assert await revisions(store) == [["a", "b"], ["a", "c"], ["a"]]


async def test_a_chunk_ends_at_so_many_bytes(service_of, store) -> None:
    """A chunk holds no more content than a batch does, but one row at least."""
    service = service_of(limits=Limits(batch_bytes=30))
    texts = {"a": 5, "b": 5, "c": 5, "d": 100, "e": 5}  # each is 8 bytes longer as JSON
    await run(service, [row(record_id, content={"t": "x" * size}) for record_id, size in texts.items()])
    assert await revisions(store) == [["a", "b"], ["c"], ["d"], ["e"]]


async def test_empty_lines_count_as_rows(service_of, store) -> None:
    """A row that holds nothing is counted, and nothing is stored for it."""
    service = service_of(limits=SMALL)
    rows = [None, row("a"), None, None, None, None, row("b"), None]
    assert await run(service, rows) == ImportRecordsReply(8, 2, revision=2)
    assert await revisions(store) == [["a"], ["b"]]


@pytest.mark.parametrize("rows", [[], [None, None]])
async def test_nothing_to_import(service, store, rows) -> None:
    """An import without records stores nothing, and takes no revision."""
    assert await run(service, rows) == ImportRecordsReply(len(rows))
    assert await run(service, rows, request_id="r") == ImportRecordsReply(len(rows))
    assert await store.last_revision() == 0


async def test_start_row(service_of, store) -> None:
    """Rows before the first one are passed over, be they as wrong as they may; chunks end where they would without."""
    service = service_of(limits=SMALL)
    rows = [row("a"), invalid("", "no record"), row("c"), row("d"), row("d")]
    assert await run(service, rows[:4], start_row=3) == ImportRecordsReply(4, 2, revision=2)
    assert await revisions(store) == [["c"], ["d"]]
    error = await failed(service, rows, start_row=5)
    assert (error.reason, error.metadata["row"]) == (Reason.RECORD_EXISTS, "5")


async def test_a_start_behind_the_end(service, store) -> None:
    """Nothing is left to store."""
    assert await run(service, [row("a")], start_row=2) == ImportRecordsReply(1)
    assert await store.last_revision() == 0


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"on_error": "go on"}, "on_error"),
        ({"if_exists": "STOP"}, "if_exists"),
        ({"start_row": -1}, "start_row"),
        ({"parent": ""}, "parent"),
    ],
)
async def test_options_that_cannot_be(service, refused, options, field) -> None:
    """They are refused before any row is looked at."""
    reason = Reason.INVALID_ID if field == "parent" else Reason.INVALID_FIELD
    with refused(Kind.INVALID_ARGUMENT, reason, field):
        await run(service, [row("a")], **options)


async def test_a_stream_without_a_message(service, refused) -> None:
    """An import that says nothing is told what is missing."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "parent"):
        await service.handlers["ImportRecords"](call(), messages([], 1, ImportRecords()))


async def test_preconditions_do_not_fit(service, refused) -> None:
    """An import is about many records, so it takes no etag of one."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PRECONDITION):
        await service.handlers["ImportRecords"](call(if_match=('"x"',)), messages([], 1, ImportRecords(NOTES)))


async def test_the_collection_must_exist(service_of, refused) -> None:
    """Where collections are not made on the way, the import ends before the first row."""
    service = service_of(create_collections=False)
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await run(service, [invalid("", "no record")], on_error="skip")
    await service.create_collection()
    assert (await run(service, [row("a")])).imported_count == 1


async def test_hooks_see_each_chunk_once(service_of) -> None:
    """Every phase fires once for each chunk with all its changes, which know their rows, and may change them."""
    hooks = Recorder(before_validate=rename("renamed"))
    service = service_of(limits=SMALL, hooks=hooks)
    await run(service, [None, row("a"), row("b"), row("c")])
    assert hooks.phases == PHASES * 2
    assert [[new.id for _, _, new in changes] for phase, _, changes in hooks.seen if phase == "validate"] == [
        ["a", "b"],
        ["c"],
    ]
    assert (await service.get(f"{NOTES}/records/c")).name == "RENAMED"


async def test_the_log_tells_where_rows_come_from(service, store) -> None:
    """An entry has the reason of the call, and as its request id that of the import with the first row of the chunk."""
    stream = messages([row("a")], 1, ImportRecords(NOTES, request_id="r"))
    await service.handlers["ImportRecords"](call(reason="moved"), stream)
    entry = (await store.read_log(0, 10))[-1]
    assert (entry.kind, entry.reason, entry.request_id) == (ChangeKind.RECORD_CREATED, "moved", "r/1")
