"""The operations of the service, by the names they have in the contract."""

from crud_service.logic.administration import administration
from crud_service.logic.error_reports import error_reports
from crud_service.logic.service import operations
from crud_service.model import requests
from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_service_pb2
from tests.unit.logic.test_administration import Control


async def test_every_method_has_an_operation(service) -> None:
    """Each method of the contract is served, and nothing else; a request type belongs to each."""
    parts = service.parts
    table = operations(parts) | administration(Control()) | error_reports(service.store, parts.tokens, parts.limits)
    methods = {
        method.name
        for file in (record_service_pb2, collection_service_pb2, admin_service_pb2)
        for each in file.DESCRIPTOR.services_by_name.values()
        for method in each.methods
    }
    assert set(table) == methods
    assert all(hasattr(requests, name) for name in table)


async def test_operations_do_what_they_are_called(service) -> None:
    """Called by their names, the operations create, read, change, list, count, delete, bring back and erase."""
    path = "collections/notes/records/a"
    draft = requests.RecordDraft(path=path, name="x")
    await service.do(requests.CreateCollection(collection_id="notes"))
    indexed = requests.CollectionDraft(path="collections/notes", indexes=(requests.FieldIndexDraft("name"),))
    await service.do(requests.UpdateCollection(indexed))
    assert (await service.do(requests.GetCollection("collections/notes"))).version == 2
    await service.do(requests.CreateRecord("collections/notes", record_id="a"))
    await service.do(requests.UpdateRecord(draft))
    assert (await service.do(requests.GetRecord(path))).name == "x"
    assert len((await service.do(requests.ListRecords("collections/notes"))).records) == 1
    assert (await service.do(requests.CountRecords("collections/notes"))).count == 1
    assert (await service.do(requests.DeleteRecord(path))).delete_time is not None
    assert (await service.do(requests.UndeleteRecord(path))).delete_time is None
    await service.do(requests.BatchUpdateRecords("collections/notes", (requests.UpdateRecord(draft),)))
    assert (await service.do(requests.BatchGetRecords("collections/notes", (path,)))).records[0].version == 5
    await service.do(requests.BatchDeleteRecords("collections/notes", (requests.DeleteRecord(path),)))
    assert (await service.do(requests.PurgeRecord(path))).version == 7
    await service.do(requests.BatchCreateRecords("collections/notes", (requests.CreateRecord(record_id="a"),)))
    step = requests.RecordOperation(delete=requests.DeleteRecord(path))
    assert (await service.do(requests.TransactRecords(then=(step,)))).succeeded
    assert len((await service.do(requests.ListCollections())).collections) == 1
    assert (await service.do(requests.DeleteCollection("collections/notes"))).id == "notes"
    assert service.collections_changed > 0
