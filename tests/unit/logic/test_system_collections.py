"""Collections of the service: whatever way a write takes, only the service itself gets through."""

import pytest

from crud_service.logic.system_collections import check_writable
from crud_service.model.call import INTERNAL, Call
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.record import Collection, Record
from crud_service.model.timestamp import from_unix

TIME = from_unix(0)


@pytest.mark.parametrize("transport", ["http", "grpc"])
@pytest.mark.parametrize("collection", ["system.events", "system.", "system.a.b"])
def test_clients_are_refused(transport, collection) -> None:
    """PERMISSION_DENIED, whoever they say they are."""
    with pytest.raises(CrudError) as refused:
        check_writable(Call("CreateRecord", transport, principal="system"), collection)
    assert (refused.value.kind, refused.value.reason) == (Kind.PERMISSION_DENIED, Reason.SYSTEM_COLLECTION)


@pytest.mark.parametrize("collection", ["system", "systems.a", "my.system.events", "notes"])
def test_other_collections_are_open(collection) -> None:
    """Only the prefix with its dot is reserved."""
    check_writable(Call("CreateRecord", "http"), collection)


def test_the_service_itself_may_write() -> None:
    """Calls that a node makes of itself."""
    check_writable(Call("WriteEvents", INTERNAL), "system.events")


@pytest.mark.parametrize(
    "new",
    [
        Record("system.events", "a", "", TIME, "{}", (), 0, 1, TIME, TIME),
        Collection("system.events", "", "", 0, 1, TIME, TIME),
    ],
    ids=["record", "collection"],
)
async def test_the_writer_is_the_last_to_refuse(service, new) -> None:
    """What has forgotten to ask before, such as an import, does not get through either, and nothing is stored."""
    kind = ChangeKind.RECORD_CREATED if isinstance(new, Record) else ChangeKind.COLLECTION_CREATED
    call, changes = Call("ImportRecords", "grpc"), [PendingChange(kind, None, new)]
    for write in (service.writer.write(call, TIME, changes), service.writer.rehearse(call, changes)):
        with pytest.raises(CrudError) as refused:
            await write
        assert refused.value.reason is Reason.SYSTEM_COLLECTION
    assert await service.store.last_revision() == 0
