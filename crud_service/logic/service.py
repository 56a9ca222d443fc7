"""All operations of the service, by the names they have in the proto."""

from crud_service.logic.collections import Collections
from crud_service.logic.records import Records
from crud_service.model import requests
from crud_service.model.call import Call, Handler
from crud_service.model.record import NodeInfo


def operations(records: Records, collections: Collections, node: NodeInfo) -> dict[str, Handler]:
    """What serves each operation. A name here is a method of the proto and a type in `model.requests`."""

    async def node_info(call: Call, request: requests.GetNodeInfo) -> NodeInfo:
        return node

    return {
        "CreateRecord": records.create,
        "GetRecord": records.get,
        "ListRecords": records.list,
        "UpdateRecord": records.update,
        "DeleteRecord": records.delete,
        "CreateCollection": collections.create,
        "GetCollection": collections.get,
        "ListCollections": collections.list,
        "UpdateCollection": collections.update,
        "DeleteCollection": collections.delete,
        "GetNodeInfo": node_info,
    }
