"""The default hooks: no domain behaviour."""

from crud_service.model.call import Call
from crud_service.model.change import ChangeKind
from crud_service.model.ports.record_hooks import NoHooks, PendingChange
from crud_service.model.record import Record
from crud_service.model.timestamp import now

TIME = now()
RECORD = Record("notes", "a", "", TIME, "{}", (), 0, 1, TIME, TIME)


async def test_no_hooks_change_nothing() -> None:
    """Every phase of the default leaves changes and records as they are."""
    hooks, call = NoHooks(), Call("CreateRecord", "grpc")
    changes = [PendingChange(ChangeKind.RECORD_CREATED, None, RECORD)]
    await hooks.before_validate(call, changes)
    await hooks.validate(call, changes)
    await hooks.before_commit(call, changes)
    assert changes == [PendingChange(ChangeKind.RECORD_CREATED, None, RECORD)]
    assert await hooks.on_read(call, (RECORD,)) == (RECORD,)


def test_a_change_of_a_single_call_has_no_place() -> None:
    """Only a change that is one of several says where it stands."""
    assert PendingChange(ChangeKind.RECORD_CREATED, None, RECORD).place is None
