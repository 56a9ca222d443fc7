"""Rollback: a live record gets what it held before."""

import pytest
from msgspec.structs import replace

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.requests import RollbackRecord
from crud_service.model.timestamp import from_unix
from tests.unit.logic.compaction import Compacted, compact
from tests.unit.logic.conftest import START
from tests.unit.logic.hooks import Recorder, rename
from tests.unit.logic.stores import Interrupted

NOTES = "collections/notes"
PATH = f"{NOTES}/records/a"
DATE = from_unix(0)


@pytest.fixture
async def first(service):
    """The first state of a record that has been changed in every field since."""
    made = await service.create("a", name="one", date=DATE, content={"n": 1}, tags=("x",), expire_time=soon(100))
    await service.update(PATH, ("*",), name="two", content={"m": [2]}, tags=("y", "z"))
    return made


def soon(seconds):
    """A time after all that happens in a test."""
    return from_unix(START + seconds)


async def test_all_that_clients_write_comes_back(service, store, first, new_call) -> None:
    """Name, date, content, tags and expire time are as they were; everything else goes on, and the log says so."""
    current = await service.get(PATH)
    call = new_call(reason="undo")
    after = await service.do(RollbackRecord(PATH, first.revision), call)
    expected = replace(first, revision=3, version=3, update_time=after.update_time)
    assert after == expected
    assert after.update_time > current.update_time
    assert await service.get(PATH) == after
    (entry,) = await store.read_log(2, 10)
    assert (entry.kind, entry.reason, entry.record) == (ChangeKind.RECORD_UPDATED, "undo", after)


async def test_and_forth_again(service, first) -> None:
    """A rollback is a change like any other, so it can be rolled back."""
    second = await service.get(PATH)
    await service.do(RollbackRecord(PATH, first.revision))
    after = await service.do(RollbackRecord(PATH, second.revision))
    assert after == replace(second, revision=4, version=4, update_time=after.update_time)


async def test_any_revision_of_the_store_will_do(service, first) -> None:
    """A revision at which something else was written stands for the state that counted then."""
    await service.create("other")
    await service.update(PATH, name="three")
    assert (await service.do(RollbackRecord(PATH, 3))).name == "two"


@pytest.mark.parametrize(("later", "kept"), [(99, True), (100, False), (500, False)])
async def test_an_expire_time_that_has_passed(service, first, later, kept) -> None:
    """An expire time comes back only if it is still to come: the record would be gone at once."""
    service.advance(later - 2)
    after = await service.do(RollbackRecord(PATH, first.revision))
    assert after.expire_time == (first.expire_time if kept else None)


@pytest.mark.parametrize("revision", [0, -1])
async def test_no_revision(service, first, refused, revision) -> None:
    """A rollback needs a revision to go back to."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_REVISION, "revision"):
        await service.do(RollbackRecord(PATH, revision))


async def test_revisions_out_of_range(service, store, first, refused) -> None:
    """A revision to come and one that was compacted are out of range; nothing is written."""
    with refused(Kind.OUT_OF_RANGE, Reason.REVISION_NOT_REACHED):
        await service.do(RollbackRecord(PATH, 3))
    await compact(store)
    with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE) as caught:
        await service.do(RollbackRecord(PATH, 1))
    assert caught.value.metadata == {"oldestRevision": "2"}
    assert await store.last_revision() == 2


async def test_a_compaction_in_between(service_of, store, first, refused) -> None:
    """History that goes while it is read is told, and not taken for a record that was not there."""
    with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE):
        await service_of(over=Compacted(store)).do(RollbackRecord(PATH, 1))


async def test_a_record_that_was_not_live_then(service, first, refused) -> None:
    """Before it was made, while it was deleted and in a former life there is nothing to go back to."""
    await service.delete(PATH)
    await service.undelete(PATH)
    other = await service.create("other")
    for path, revision in ((PATH, 3), (other.path, 4)):
        with refused(Kind.NOT_FOUND, Reason.REVISION_NOT_FOUND) as caught:
            await service.do(RollbackRecord(path, revision))
        assert f"revision {revision}" in caught.value.message
    await service.delete(PATH)
    await service.purge(PATH)
    await service.create("a")
    with refused(Kind.NOT_FOUND, Reason.REVISION_NOT_FOUND):
        await service.do(RollbackRecord(PATH, 1))


async def test_a_record_that_is_not_live_now(service, first, refused) -> None:
    """A deleted record is undeleted first, and of one that is gone there is nothing to roll back."""
    await service.delete(PATH)
    with refused(Kind.NOT_FOUND, Reason.RECORD_DELETED):
        await service.do(RollbackRecord(PATH, 1))
    for path, reason in (
        (f"{NOTES}/records/none", Reason.RECORD_NOT_FOUND),
        ("collections/none/records/a", Reason.COLLECTION_NOT_FOUND),
    ):
        with refused(Kind.NOT_FOUND, reason):
            await service.do(RollbackRecord(path, 1))


async def test_preconditions(service, first, new_call, refused) -> None:
    """The current etag may be demanded, in the request or the header, and must be where the collection says so."""
    current = await service.get(PATH)
    for request, call in (
        (RollbackRecord(PATH, 1, first.etag), None),
        (RollbackRecord(PATH, 1), new_call(if_match=(first.etag,))),
    ):
        with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
            await service.do(request, call)
    await service.update_collection(require_etag=True)
    with refused(Kind.FAILED_PRECONDITION, Reason.ETAG_REQUIRED):
        await service.do(RollbackRecord(PATH, 1))
    after = await service.do(RollbackRecord(PATH, 1, current.etag))
    assert (await service.do(RollbackRecord(PATH, 2), new_call(if_match=(after.etag,)))).name == "two"


async def test_a_rehearsal(service, store, first) -> None:
    """With `validate_only` the record is shown as it would be, and nothing is stored."""
    shown = await service.do(RollbackRecord(PATH, 1, validate_only=True))
    assert (shown.name, shown.version, shown.revision) == ("one", 3, 0)
    assert await store.last_revision() == 2


async def test_sent_twice(service, service_of, store, first, refused) -> None:
    """With a request id it is carried out once, here or on another node, even if history has gone since."""
    request = RollbackRecord(PATH, 1, request_id="r")
    after = await service.do(request)
    assert await service_of(node="other").do(request) == after
    assert await store.last_revision() == 3
    with refused(Kind.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED):
        await service.do(RollbackRecord(PATH, 2, request_id="r"))
    await compact(store)
    assert await service.do(request) == after


async def test_hooks_and_limits_see_it(service_of, first, refused) -> None:
    """It passes the hooks of a write, and the limits as they are now unless it changes nothing of what they bound."""
    service = service_of(hooks=(recorder := Recorder(before_validate=rename("hooked"))))
    assert (await service.do(RollbackRecord(PATH, 1))).name == "HOOKED"
    assert recorder.phases == ["before_validate", "validate", "before_commit", "on_read"]
    tight = service_of(limits=Limits(name_chars=2))
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.name"):
        await tight.do(RollbackRecord(PATH, 1))
    assert (await tight.do(RollbackRecord(PATH, 3))).name == "hooked"


async def test_another_writer_is_faster(service_of, service, store, first) -> None:
    """What another node writes in between is not lost unseen: the rollback is planned again on top of it."""
    busy = Interrupted(store, lambda: service.update(PATH, name="theirs"))
    after = await service_of(over=busy, node="other").do(RollbackRecord(PATH, 1))
    assert (after.name, after.version, after.revision) == ("one", 4, 4)


async def test_only_records(service, first, refused) -> None:
    """A path that is none of a record is refused."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "path"):
        await service.do(requests.RollbackRecord(NOTES, 1))
