"""The operations of the service, by the names they have in the contract."""

from crud_service.logic.service import operations
from crud_service.model import requests
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now
from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_service_pb2


async def test_every_method_has_an_operation(service, new_call) -> None:
    """Each method of the contract is served, and nothing else; a request type belongs to each."""
    node = NodeInfo("node-1", "crud-service", "1", "abc", (), "memory", now())
    table = operations(service.records, service.collections, node)
    methods = {
        method.name
        for file in (record_service_pb2, collection_service_pb2, admin_service_pb2)
        for each in file.DESCRIPTOR.services_by_name.values()
        for method in each.methods
    }
    assert set(table) == methods
    assert all(hasattr(requests, name) for name in table)
    assert await table["GetNodeInfo"](new_call(), requests.GetNodeInfo()) is node


async def test_operations_do_what_they_are_called(service, new_call) -> None:
    """Called by their names, the operations create, read, change, list and delete."""
    table = operations(service.records, service.collections, None)  # type: ignore[arg-type]
    call, path = new_call(), "collections/notes/records/a"
    await table["CreateCollection"](call, requests.CreateCollection(collection_id="notes"))
    await table["UpdateCollection"](call, requests.UpdateCollection(requests.CollectionDraft(path="collections/notes")))
    assert (await table["GetCollection"](call, requests.GetCollection("collections/notes"))).version == 2
    await table["CreateRecord"](call, requests.CreateRecord("collections/notes", record_id="a"))
    await table["UpdateRecord"](call, requests.UpdateRecord(requests.RecordDraft(path=path, name="x")))
    assert (await table["GetRecord"](call, requests.GetRecord(path))).name == "x"
    listed = await table["ListRecords"](call, requests.ListRecords("collections/notes"))
    assert [record.id for record in listed.records] == ["a"]
    assert (await table["DeleteRecord"](call, requests.DeleteRecord(path))).delete_time is not None
    assert len((await table["ListCollections"](call, requests.ListCollections())).collections) == 1
    assert (await table["DeleteCollection"](call, requests.DeleteCollection("collections/notes"))).id == "notes"
