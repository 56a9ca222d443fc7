"""DeleteRecord, UndeleteRecord and PurgeRecord, over a store in memory."""

import pytest
from msgspec.structs import replace

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import Kind, Reason
from crud_service.model.record import RecordKey, tombstone
from crud_service.model.timestamp import later, parse

NOTES = "collections/notes"
PATH = f"{NOTES}/records/a"
KEY = RecordKey("", "notes", "a")
SECOND = 1_000_000_000


async def test_delete_keeps_the_record_as_deleted(service, store, time_of) -> None:
    """A delete answers with the record as deleted: one more version, its fields as they were, kept for good."""
    before = await service.create("a", name="old", content={"a": 1})
    after = await service.delete(PATH, before.etag)
    assert after.delete_time == after.update_time == time_of(1)
    assert (after.version, after.revision, after.name, after.content) == (2, 2, "old", '{"a":1}')
    assert after.purge_time is None
    assert after.etag != before.etag
    assert [each.kind for each in await store.read_log(1, 10)] == [ChangeKind.RECORD_DELETED]


async def test_delete_twice(service, refused) -> None:
    """A deleted record is not there to be deleted again."""
    await service.create("a")
    deleted = await service.delete(PATH)
    for etag in ("", deleted.etag):
        with refused(Kind.NOT_FOUND, Reason.RECORD_DELETED):
            await service.delete(PATH, etag)


async def test_delete_of_what_may_be_missing(service, store, refused) -> None:
    """With allow_missing a delete of nothing succeeds and writes nothing: it answers what is there, or a bare id."""
    request = requests.DeleteRecord(PATH, allow_missing=True)
    assert await service.do(request) == tombstone(KEY, 0, 0)
    assert (await service.do(request)).etag == ""
    await service.create("a")
    deleted = await service.do(request)
    assert deleted.delete_time is not None
    assert await service.do(request) == deleted
    assert await store.last_revision() == 2
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "path"):
        await service.do(requests.DeleteRecord("nonsense", allow_missing=True))


async def test_retention_gives_a_purge_time(service) -> None:
    """In a collection with a retention a deleted record is to be purged that much later, and a live one never."""
    await service.create_collection(retention=90 * SECOND)
    created = await service.create("a")
    assert created.purge_time is None
    deleted = await service.delete(PATH)
    assert deleted.purge_time == later(deleted.delete_time, 90 * SECOND)
    await service.update_collection(retention=None)
    assert (await service.do(requests.DeleteRecord(PATH, allow_missing=True))).purge_time == deleted.purge_time


async def test_a_retention_past_the_calendar_is_for_good(service) -> None:
    """A retention that leads past the year 9999 keeps deleted records for good."""
    await service.create_collection(retention=9_000 * 366 * 86_400 * SECOND)
    await service.create("a")
    assert (await service.delete(PATH)).purge_time is None


async def test_undelete(service, store, time_of) -> None:
    """An undeleted record is live again with all it had, one version further, and listed again."""
    await service.create_collection(retention=90 * SECOND)
    before = await service.create("a", name="x", content={"a": 1}, tags=("t",))
    deleted = await service.delete(PATH)
    after = await service.undelete(PATH, deleted.etag)
    assert after == replace(before, revision=4, version=3, update_time=time_of(3))
    assert await service.get(PATH) == after
    assert (await service.list()).records == (after,)
    assert [each.kind for each in await store.read_log(3, 10)] == [ChangeKind.RECORD_UNDELETED]


@pytest.mark.parametrize(("seconds", "kept"), [(1_000, True), (100, False)])
async def test_undelete_drops_an_expire_time_that_has_passed(service, time_of, seconds, kept) -> None:
    """An expire time still to come stays; one that has passed would take the record away again, so it goes."""
    expire_time = later(time_of(0), seconds * SECOND)
    await service.create("a", expire_time=expire_time)
    assert (await service.delete(PATH)).expire_time == expire_time
    service.advance(500)
    assert (await service.undelete(PATH)).expire_time == (expire_time if kept else None)


async def test_undelete_of_what_is_not_deleted(service, refused) -> None:
    """A live record exists; a missing one is not there; a purged one cannot come back."""
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.undelete(PATH)
    await service.create("a")
    with refused(Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS) as caught:
        await service.undelete(PATH)
    assert caught.value.metadata == {"path": PATH}
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await service.undelete(f"{NOTES}/records/none")
    await service.delete(PATH)
    await service.purge(PATH)
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await service.undelete(PATH)


async def test_purge_leaves_a_tombstone(service, store) -> None:
    """A purge answers with ids and numbers alone, and leaves no state of the record anywhere."""
    await service.create("a", name="secret", content={"text": "secret"}, tags=("secret",))
    deleted = await service.delete(PATH)
    purged = await service.purge(PATH, deleted.etag)
    assert purged == tombstone(KEY, 3, 3)
    assert await store.get_record(KEY) is None
    entries = [each for each in await store.read_log(0, 10) if each.id]
    assert [(each.kind, each.state) for each in entries] == [
        (ChangeKind.RECORD_CREATED, ""),
        (ChangeKind.RECORD_DELETED, ""),
        (ChangeKind.RECORD_PURGED, ""),
    ]


async def test_a_purged_id_is_free(service, refused) -> None:
    """The id of a purged record may be taken; the new record starts at version 1 and no old etag fits it."""
    etags = {(await service.create("a")).etag, (await service.delete(PATH)).etag, (await service.purge(PATH)).etag}
    assert len(etags) == 3
    again = await service.create("a")
    assert (again.version, again.revision) == (1, 4)
    for etag in etags:
        with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
            await service.update(PATH, name="x", etag=etag)


async def test_purge_of_what_is_not_deleted(service, store, refused) -> None:
    """A live record is not purged, nor one that is not there; nothing changes."""
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.purge(PATH)
    before = await service.create("a")
    with refused(Kind.FAILED_PRECONDITION, Reason.RECORD_NOT_DELETED):
        await service.purge(PATH)
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await service.purge(f"{NOTES}/records/none")
    assert await service.get(PATH) == before
    assert await store.last_revision() == 1


async def test_a_wrong_etag_keeps_the_state(service, refused) -> None:
    """Undelete and purge look at the etag as every write does."""
    live = await service.create("a")
    deleted = await service.delete(PATH)
    for write in (service.undelete, service.purge):
        with refused(Kind.ABORTED, Reason.ETAG_MISMATCH) as caught:
            await write(PATH, live.etag)
        assert caught.value.metadata == {"etag": deleted.etag, "version": "2"}
    assert (await service.undelete(PATH, deleted.etag)).version == 3


async def test_ttl_is_a_time_from_now(service, time_of, refused) -> None:
    """A ttl becomes an expire time, counted from the write; an update may set, change or clear it."""
    created = await service.create("a", ttl=60 * SECOND)
    assert created.expire_time == later(time_of(0), 60 * SECOND)
    assert (await service.update(PATH, ttl=5 * SECOND)).expire_time == later(time_of(1), 5 * SECOND)
    assert (await service.update(PATH, name="x")).expire_time == later(time_of(1), 5 * SECOND)
    assert (await service.update(PATH, ("expire_time",))).expire_time is None
    assert (await service.update(PATH, expire_time=parse("2099-01-01"))).expire_time == parse("2099-01-01")
    for fields in ({"ttl": 0}, {"ttl": -1}, {"ttl": 1, "expire_time": parse("2099-01-01")}, {"ttl": 10**21}):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.ttl"):
            await service.update(PATH, **fields)
