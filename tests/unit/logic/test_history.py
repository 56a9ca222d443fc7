"""The list of a record's revisions."""

import pytest

from crud_service.model import requests
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import RecordKey, tombstone
from crud_service.model.requests import ChangeType, ListRecordRevisions
from tests.unit.logic.compaction import compact
from tests.unit.logic.hooks import Recorder

NOTES = "collections/notes"
PATH = f"{NOTES}/records/a"


@pytest.fixture
async def states(service):
    """The states of a record, the last one first: made, renamed, deleted, and live again."""
    made = [await service.create("a", name="one", content={"n": 1, "m": 2}), await service.update(PATH, name="two")]
    made += [await service.delete(PATH), await service.undelete(PATH)]
    return made[::-1]


async def pages(service, size, path=PATH, **fields):
    """The revisions on each page."""
    found, token = [], ""
    while not found or token:
        reply = await service.do(ListRecordRevisions(path, size, token, **fields))
        found.append([change.revision for change in reply.changes])
        token = reply.next_page_token
    return found


async def test_what_happened(service, states, new_call, time_of) -> None:
    """Each change is told with its state, the last one first: who did it, when, why, and by which call."""
    call = new_call(principal="bob", reason="a typo", call_id="call-9", trace_id="trace-9")
    draft = requests.RecordDraft(path=PATH, name="three")
    last = await service.do(requests.UpdateRecord(draft, request_id="r-9"), call)
    await service.create("other")
    reply = await service.do(ListRecordRevisions(PATH))
    assert [change.record for change in reply.changes] == [last, *states]
    kinds = [ChangeType.UPDATED, ChangeType.UNDELETED, ChangeType.DELETED, ChangeType.UPDATED, ChangeType.CREATED]
    assert [change.type for change in reply.changes] == kinds
    assert [change.version for change in reply.changes] == [5, 4, 3, 2, 1]
    newest = reply.changes[0]
    assert (newest.actor, newest.reason, newest.request_id) == ("bob", "a typo", "r-9")
    assert (newest.call_id, newest.trace_id, newest.code_version) == ("call-9", "trace-9", "1.2.3+abc")
    assert (newest.path, newest.revision, newest.time) == (PATH, last.revision, last.update_time)
    assert (newest.ordinal, newest.old_record, newest.collection) == (0, None, None)
    assert reply.next_page_token == ""


async def test_a_place_in_a_mutation(service) -> None:
    """An entry keeps its place among those of its mutation, behind the collection made on the way."""
    creates = tuple(requests.CreateRecord(record_id=each) for each in ("x", "a"))
    await service.do(requests.BatchCreateRecords(NOTES, creates))
    (change,) = (await service.do(ListRecordRevisions(PATH))).changes
    assert change.ordinal == 2


async def test_pages(service, states) -> None:
    """Pages follow each other without gap or repeat; the last one, be it full, has no token."""
    assert await pages(service, 0) == [[4, 3, 2, 1]]
    assert await pages(service, 3) == [[4, 3, 2], [1]]
    assert await pages(service, 2) == [[4, 3], [2, 1]]
    assert await pages(service, 1) == [[4], [3], [2], [1]]


async def test_heavy_pages(service_of, service) -> None:
    """A page ends where it would grow too large, and is never empty."""
    await service.create("a", content={"text": "x" * 5_000})
    for _ in range(3):
        await service.update(PATH, name="n")
    assert await pages(service_of(limits=Limits(page_bytes=20_000)), 0) == [[4, 3], [2, 1]]
    assert await pages(service_of(limits=Limits(page_bytes=1)), 0) == [[4], [3], [2], [1]]


async def test_tokens_belong_to_their_record_and_caller(service, states, new_call, refused) -> None:
    """A token opens for the record and the caller that it was made for, with any mask."""
    await service.create("b")
    token = (await service.do(ListRecordRevisions(PATH, 1))).next_page_token
    assert (await service.do(ListRecordRevisions(PATH, 1, token, ("name",)))).changes[0].revision == 3
    others = [(PATH, "bob"), (f"{NOTES}/records/b", "ann")]
    for path, principal in others:
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN, "page_token"):
            await service.do(ListRecordRevisions(path, 1, token), new_call(principal=principal))
    of_a_list = (await service.list(page_size=1)).next_page_token
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN, "page_token"):
        await service.do(ListRecordRevisions(PATH, 1, of_a_list))


async def test_masks_and_hooks(service_of, states) -> None:
    """The states pass the hooks once, all together, and then the mask."""
    service = service_of(hooks=(recorder := Recorder()))
    reply = await service.do(ListRecordRevisions(PATH, read_mask=("content.m",)))
    assert [change.record.name for change in reply.changes] == ["TWO", "TWO", "TWO", "ONE"]
    assert {change.record.content for change in reply.changes} == {'{"m":2}'}
    assert recorder.phases == ["on_read"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (f"{NOTES}/records/none", Reason.RECORD_NOT_FOUND),
        ("collections/none/records/a", Reason.COLLECTION_NOT_FOUND),
    ],
)
async def test_nothing_at_all(service, states, refused, path, reason) -> None:
    """A record that never was has no history."""
    with refused(Kind.NOT_FOUND, reason):
        await service.do(ListRecordRevisions(path))


async def test_a_purge_leaves_only_itself(service_of, service, states) -> None:
    """Of a purged record only the purge is told; when its id is used again, that life is told too."""
    await service.delete(PATH)
    await service.purge(PATH)
    observed = service_of(hooks=(recorder := Recorder()))
    (change,) = (await observed.do(ListRecordRevisions(PATH))).changes
    assert (change.type, change.record) == (ChangeType.PURGED, tombstone(RecordKey("", "notes", "a"), 6, 6))
    assert recorder.seen == []
    again = await service.create("a")
    reply = await service.do(ListRecordRevisions(PATH))
    assert [change.type for change in reply.changes] == [ChangeType.CREATED, ChangeType.PURGED]
    assert reply.changes[0].record == again


async def test_what_a_compaction_leaves(service, store, states) -> None:
    """After a compaction the current state is left, also for whoever is in the middle of the pages."""
    token = (await service.do(ListRecordRevisions(PATH, 1))).next_page_token
    await compact(store)
    assert await pages(service, 0) == [[4]]
    assert await service.do(ListRecordRevisions(PATH, 1, token)) == requests.ListRecordRevisionsReply(())


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"path": NOTES}, Reason.INVALID_ID, "path"),
        ({"page_size": -1}, Reason.INVALID_PAGE_SIZE, "page_size"),
        ({"page_token": "x"}, Reason.INVALID_PAGE_TOKEN, "page_token"),
        ({"read_mask": ("nonsense",)}, Reason.INVALID_READ_MASK, "read_mask"),
    ],
)
async def test_bad_requests(service, states, refused, fields, reason, field) -> None:
    """What is wrong is named."""
    with refused(Kind.INVALID_ARGUMENT, reason, field):
        await service.do(ListRecordRevisions(**{"path": PATH, **fields}))
