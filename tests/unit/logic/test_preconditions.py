"""Conditions on the current state: etags in requests and headers, and collections that demand one."""

import pytest

from crud_service.logic.preconditions import check_preconditions, refuse_preconditions
from crud_service.model import requests
from crud_service.model.errors import CrudError, Kind, Reason

NOTES = "collections/notes"
PATH = f"{NOTES}/records/a"
ANOTHER = '"0-00000000"'


@pytest.fixture
async def record(service):
    """The record `a` at its second version."""
    await service.create("a")
    return await service.update(PATH, name="x")


def held(call, current, etag: str = "", **options: bool) -> bool:
    """Whether the conditions hold; the error of those that do not tells the current state."""
    try:
        check_preconditions(call, current, etag, path=PATH, **options)
    except CrudError as caught:
        error = caught
    else:
        return True
    assert (error.kind, error.reason) == (Kind.ABORTED, Reason.ETAG_MISMATCH)
    assert error.metadata == ({} if current is None else {"etag": current.etag, "version": str(current.version)})
    assert PATH in error.message
    return False


def test_no_condition_always_holds(new_call) -> None:
    """A call without conditions accepts any state and none."""
    assert held(new_call(), None)


async def test_if_match(record, new_call) -> None:
    """One etag of the list must be the current one, compared strongly; `*` is any state, but not none."""
    etag = record.etag
    for listed, holds in (
        ((etag,), True),
        ((ANOTHER, etag), True),
        (("*",), True),
        ((ANOTHER,), False),
        ((f"W/{etag}",), False),
        ((etag.strip('"'),), False),
        ((etag.upper(),), etag.upper() == etag),
    ):
        assert held(new_call(if_match=listed), record) is holds, listed
        assert not held(new_call(if_match=listed), None)


async def test_if_none_match(record, new_call) -> None:
    """No etag of the list may be the current one, compared weakly; `*` is any state."""
    etag = record.etag
    for listed, holds in (
        ((ANOTHER,), True),
        ((etag.strip('"'),), True),
        ((etag,), False),
        ((ANOTHER, etag), False),
        ((f"W/{etag}",), False),
        (("*",), False),
    ):
        assert held(new_call(if_none_match=listed), record) is holds, listed
        assert held(new_call(if_none_match=listed), None)


async def test_all_conditions_must_hold(record, new_call) -> None:
    """The etag of the request and both headers count, each of them."""
    etag = record.etag
    assert held(new_call(if_match=(etag,), if_none_match=(ANOTHER,)), record, etag)
    assert not held(new_call(if_match=(ANOTHER,)), record, etag)
    assert not held(new_call(if_match=(etag,)), record, ANOTHER)
    assert not held(new_call(if_match=(etag,), if_none_match=(etag,)), record, etag)


async def test_a_star_in_the_request_is_no_etag(record, new_call) -> None:
    """Only headers know `*`; as the etag of a request it matches nothing."""
    assert not held(new_call(), record, "*")


async def test_required(record, new_call) -> None:
    """Where an etag is required, a real one has to be there; `*` and If-None-Match say too little. None needs none."""
    assert held(new_call(), record, record.etag, required=True)
    assert held(new_call(if_match=(record.etag,)), record, required=True)
    assert held(new_call(), None, required=True)
    for call in (new_call(), new_call(if_match=("*",)), new_call(if_none_match=(ANOTHER,))):
        with pytest.raises(CrudError) as caught:
            check_preconditions(call, record, "", path=PATH, required=True)
        assert (caught.value.kind, caught.value.reason) == (Kind.FAILED_PRECONDITION, Reason.ETAG_REQUIRED)
        assert caught.value.metadata == {"etag": record.etag, "version": "2"}
    assert not held(new_call(), record, ANOTHER, required=True)


def test_refused_conditions(new_call, refused) -> None:
    """What has no state before cannot have conditions on it; `If-None-Match: *` is true of it."""
    refuse_preconditions(new_call(if_none_match=("*",)), "is new")
    for call, field in (
        (new_call(if_match=("*",)), "if-match"),
        (new_call(if_match=(ANOTHER,)), "if-match"),
        (new_call(if_none_match=("*", ANOTHER)), "if-none-match"),
    ):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PRECONDITION, field):
            refuse_preconditions(call, "is new")


async def test_a_create_refuses_conditions_on_a_state(service, store, new_call, refused) -> None:
    """A create accepts `If-None-Match: *`, which it is, and nothing else."""
    create = requests.CreateRecord(NOTES, requests.RecordDraft(), "a")
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PRECONDITION, "if-match"):
        await service.do(create, new_call(if_match=(ANOTHER,)))
    assert await store.last_revision() == 0
    assert (await service.do(create, new_call(if_none_match=("*",)))).version == 1


async def test_headers_on_every_write_of_one_record(service, new_call, refused) -> None:
    """Update, delete, undelete and purge carry out what the headers allow and refuse the rest."""
    state = await service.create("a")
    for request in (
        requests.UpdateRecord(requests.RecordDraft(path=PATH, name="x")),
        requests.DeleteRecord(PATH),
        requests.UndeleteRecord(PATH),
        requests.DeleteRecord(PATH),
        requests.PurgeRecord(PATH),
    ):
        for call in (new_call(if_match=(ANOTHER,)), new_call(if_none_match=(state.etag,))):
            with refused(Kind.ABORTED, Reason.ETAG_MISMATCH) as caught:
                await service.do(request, call)
            assert caught.value.metadata == {"etag": state.etag, "version": str(state.version)}
        state = await service.do(request, new_call(if_match=(ANOTHER, state.etag)))
    assert state.version == 6


async def test_what_is_missing_is_not_found_first(service, new_call, refused) -> None:
    """A condition on a record that is not there is answered by NOT_FOUND."""
    await service.create_collection()
    for request in (
        requests.UpdateRecord(requests.RecordDraft(path=PATH)),
        requests.DeleteRecord(PATH),
        requests.UndeleteRecord(PATH),
        requests.PurgeRecord(PATH),
    ):
        with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
            await service.do(request, new_call(if_match=("*",)))


async def test_a_collection_may_require_etags(service, new_call, refused) -> None:
    """With require_etag every write to an existing record needs its etag; creates, upserts and no-ops do not."""
    await service.create_collection(require_etag=True)
    state = await service.create("a")
    for request in (
        requests.UpdateRecord(requests.RecordDraft(path=PATH)),
        requests.UpdateRecord(requests.RecordDraft(path=PATH), allow_missing=True),
        requests.DeleteRecord(PATH),
        requests.DeleteRecord(PATH, allow_missing=True),
    ):
        with refused(Kind.FAILED_PRECONDITION, Reason.ETAG_REQUIRED):
            await service.do(request)
    state = await service.update(PATH, name="x", etag=state.etag)
    state = await service.delete(PATH, state.etag)
    for request in (requests.UndeleteRecord(PATH), requests.PurgeRecord(PATH)):
        with refused(Kind.FAILED_PRECONDITION, Reason.ETAG_REQUIRED):
            await service.do(request)
    assert await service.do(requests.DeleteRecord(PATH, allow_missing=True)) == state
    state = await service.undelete(PATH, state.etag)
    state = await service.do(requests.DeleteRecord(PATH), new_call(if_match=(state.etag,)))
    await service.purge(PATH, state.etag)
    upsert = requests.UpdateRecord(requests.RecordDraft(path=PATH), allow_missing=True)
    assert (await service.do(upsert)).version == 1


async def test_require_etag_counts_in_batches_and_transactions(service, refused) -> None:
    """A batch or a transaction needs the etag of each record too, in its item; the item without one is named."""
    await service.create_collection(require_etag=True)
    a, b = await service.create("a"), await service.create("b")
    items = (requests.DeleteRecord(a.path, a.etag), requests.DeleteRecord(b.path))
    steps = tuple(requests.RecordOperation(delete=item) for item in items)
    for request in (requests.BatchDeleteRecords(NOTES, items), requests.TransactRecords(then=steps)):
        with refused(Kind.FAILED_PRECONDITION, Reason.ETAG_REQUIRED) as caught:
            await service.do(request)
        assert caught.value.metadata == {"index": "1", "etag": b.etag, "version": "1"}
    items = (items[0], requests.DeleteRecord(b.path, b.etag))
    assert len((await service.do(requests.BatchDeleteRecords(NOTES, items))).records) == 2
