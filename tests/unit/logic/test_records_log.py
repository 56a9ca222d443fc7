"""What the log says of a change to a record, and what a store that fails means."""

import pytest
from msgspec import UNSET

from crud_service.model import requests
from crud_service.model.errors import CrudError, Kind, Reason

PATH = "collections/notes/records/a"


async def test_the_log_says_who_and_why(service, store, new_call) -> None:
    """A write's log entry carries the call's facts, the code's version and the state that was stored."""
    call = new_call(reason="because", principal="ann", call_id="c1", trace_id="t1", tenant="acme")
    request = requests.CreateRecord("collections/notes", requests.RecordDraft(name="x"), "a")
    record = await service.do(request, call)
    entry = (await store.read_log(0, 10))[-1]
    assert (entry.reason, entry.actor, entry.call_id, entry.trace_id) == ("because", "ann", "c1", "t1")
    assert (entry.tenant, entry.code_version, entry.time) == ("acme", "1.2.3+abc", record.create_time)
    assert entry.record == record


async def test_a_bad_reason(service, store, new_call, refused) -> None:
    """A change reason past its limit, or with a line end, refuses the write; a read does not look at it."""
    for reason in ("x" * 513, "a\nb"):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_CHANGE_REASON, "x-change-reason"):
            await service.do(requests.CreateRecord("collections/notes"), new_call(reason=reason))
    assert await store.last_revision() == 0
    await service.create("a")
    assert (await service.do(requests.GetRecord(PATH), new_call(reason="x" * 513))).id == "a"


async def test_unset_is_not_stored(service) -> None:
    """An update whose draft has every field absent leaves no UNSET behind."""
    await service.create("a", name="x")
    after = await service.update(PATH, ("name",))
    assert after.name == ""
    assert UNSET not in (after.name, after.date, after.content, after.tags)


async def test_a_closed_store_is_an_answer(service, store) -> None:
    """What the store says about itself reaches the caller as it is."""
    await store.close()
    with pytest.raises(CrudError) as caught:
        await service.create("a")
    assert caught.value.kind is Kind.UNAVAILABLE
