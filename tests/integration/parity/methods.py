"""Every operation on both transports, written down by hand: the drift test compares it with the proto."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from google.protobuf.message import Message

from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_pb2, record_service_pb2

Json = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """One operation."""

    service: str
    request: type[Message]
    reply: type[Message]
    verb: str
    url: str
    """With the request field it takes from the path in braces; `record.path` is a field of the body."""
    body: str = ""
    """The request field that is the body; the others stand in the query."""


_RECORD_SERVICE = "crud_service.v1.RecordService"
_COLLECTION_SERVICE = "crud_service.v1.CollectionService"
_records, _collections = record_service_pb2, collection_service_pb2
_Record, _Collection = record_pb2.Record, record_pb2.Collection

METHODS: dict[str, Method] = {
    "CreateRecord": Method(
        _RECORD_SERVICE, _records.CreateRecordRequest, _Record, "POST", "/v1/{parent}/records", "record"
    ),
    "GetRecord": Method(_RECORD_SERVICE, _records.GetRecordRequest, _Record, "GET", "/v1/{path}"),
    "ListRecords": Method(
        _RECORD_SERVICE, _records.ListRecordsRequest, _records.ListRecordsResponse, "GET", "/v1/{parent}/records"
    ),
    "UpdateRecord": Method(
        _RECORD_SERVICE, _records.UpdateRecordRequest, _Record, "PATCH", "/v1/{record.path}", "record"
    ),
    "DeleteRecord": Method(_RECORD_SERVICE, _records.DeleteRecordRequest, _Record, "DELETE", "/v1/{path}"),
    "CreateCollection": Method(
        _COLLECTION_SERVICE,
        _collections.CreateCollectionRequest,
        _Collection,
        "POST",
        "/v1/collections",
        "collection",
    ),
    "GetCollection": Method(_COLLECTION_SERVICE, _collections.GetCollectionRequest, _Collection, "GET", "/v1/{path}"),
    "ListCollections": Method(
        _COLLECTION_SERVICE,
        _collections.ListCollectionsRequest,
        _collections.ListCollectionsResponse,
        "GET",
        "/v1/collections",
    ),
    "UpdateCollection": Method(
        _COLLECTION_SERVICE,
        _collections.UpdateCollectionRequest,
        _Collection,
        "PATCH",
        "/v1/{collection.path}",
        "collection",
    ),
    "DeleteCollection": Method(
        _COLLECTION_SERVICE, _collections.DeleteCollectionRequest, _Collection, "DELETE", "/v1/{path}"
    ),
    "GetNodeInfo": Method(
        "crud_service.v1.AdminService",
        admin_service_pb2.GetNodeInfoRequest,
        admin_service_pb2.NodeInfo,
        "GET",
        "/v1/node",
    ),
}


def target_of(operation: str, request: Json, rest: Json) -> str:
    """The URL of a request; `rest` is what is neither in the path nor in the body."""
    url = METHODS[operation].url
    before, _, variable = url.partition("{")
    name, _, after = variable.partition("}")
    query = dict(rest)
    if name:
        outer, _, inner = name.partition(".")
        value = request.get(outer, {}).get(inner, "") if inner else query.pop(outer, "")
        url = before + quote(value, safe="/") + after
    return url + (f"?{urlencode(query)}" if query else "")
