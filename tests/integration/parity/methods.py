"""Every operation on both transports, written down by hand: tests compare it with the proto."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from google.protobuf.message import Message

from crud_service.v1 import (
    admin_service_pb2,
    bulk_pb2,
    change_pb2,
    collection_service_pb2,
    record_pb2,
    record_service_pb2,
)

Json = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """One way to call an operation over HTTP."""

    verb: str
    url: str
    """With the request field it takes from the path in braces; `record.path` is a field of the body."""
    body: str = ""
    """The request field that is the body, `*` for all of it; the others stand in the query."""
    name: str = ""
    """In the OpenAPI document, where it is not the name of the operation."""


@dataclass(frozen=True)
class Method:
    """One operation. `rules` are its ways over HTTP, the main one first."""

    service: str
    request: type[Message]
    reply: type[Message]
    rules: tuple[Rule, ...]
    streams: str = ""
    """`requests` or `replies`, if there may be any number of them."""

    @property
    def verb(self) -> str:
        """Of its main rule."""
        return self.rules[0].verb

    @property
    def url(self) -> str:
        """Of its main rule."""
        return self.rules[0].url

    @property
    def body(self) -> str:
        """Of its main rule."""
        return self.rules[0].body

    def rule_for(self, request: Json, *, last: bool = False) -> Rule:
        """The first rule that can say all of the request, or the last one. Transforms fit into no query."""
        return self.rules[-1] if last or "transforms" in request else self.rules[0]


_records, _collections = record_service_pb2, collection_service_pb2
_changes, _bulk = change_pb2, bulk_pb2
_Record, _Collection = record_pb2.Record, record_pb2.Collection


def _record(request: type[Message], reply: type[Message], *rules: Rule, streams: str = "") -> Method:
    return Method("crud_service.v1.RecordService", request, reply, rules, streams)


def _collection(request: type[Message], reply: type[Message], *rules: Rule) -> Method:
    return Method("crud_service.v1.CollectionService", request, reply, rules)


_ONE, _ALL = "/v1/{path}", "/v1/{parent}/records"

METHODS: dict[str, Method] = {
    "CreateRecord": _record(_records.CreateRecordRequest, _Record, Rule("POST", _ALL, "record")),
    "GetRecord": _record(_records.GetRecordRequest, _Record, Rule("GET", _ONE)),
    "ListRecords": _record(_records.ListRecordsRequest, _records.ListRecordsResponse, Rule("GET", _ALL)),
    "CountRecords": _record(_records.CountRecordsRequest, _records.CountRecordsResponse, Rule("GET", _ALL + ":count")),
    "UpdateRecord": _record(
        _records.UpdateRecordRequest,
        _Record,
        Rule("PATCH", "/v1/{record.path}", "record"),
        Rule("POST", "/v1/{record.path}:transform", "*", "UpdateRecordTransform"),
    ),
    "DeleteRecord": _record(_records.DeleteRecordRequest, _Record, Rule("DELETE", _ONE)),
    "UndeleteRecord": _record(_records.UndeleteRecordRequest, _Record, Rule("POST", _ONE + ":undelete", "*")),
    "PurgeRecord": _record(_records.PurgeRecordRequest, _Record, Rule("POST", _ONE + ":purge", "*")),
    "BatchGetRecords": _record(
        _records.BatchGetRecordsRequest,
        _records.BatchGetRecordsResponse,
        Rule("GET", _ALL + ":batchGet"),
        Rule("POST", _ALL + ":batchGet", "*", "BatchGetRecordsByPost"),
    ),
    "BatchCreateRecords": _record(
        _records.BatchCreateRecordsRequest,
        _records.BatchCreateRecordsResponse,
        Rule("POST", _ALL + ":batchCreate", "*"),
    ),
    "BatchUpdateRecords": _record(
        _records.BatchUpdateRecordsRequest,
        _records.BatchUpdateRecordsResponse,
        Rule("POST", _ALL + ":batchUpdate", "*"),
    ),
    "BatchDeleteRecords": _record(
        _records.BatchDeleteRecordsRequest,
        _records.BatchDeleteRecordsResponse,
        Rule("POST", _ALL + ":batchDelete", "*"),
    ),
    "TransactRecords": _record(
        _records.TransactRecordsRequest,
        _records.TransactRecordsResponse,
        Rule("POST", "/v1/records:transact", "*"),
    ),
    "ListRecordRevisions": _record(
        _changes.ListRecordRevisionsRequest, _changes.ListRecordRevisionsResponse, Rule("GET", _ONE + "/revisions")
    ),
    "RollbackRecord": _record(_changes.RollbackRecordRequest, _Record, Rule("POST", _ONE + ":rollback", "*")),
    "DiffRecord": _record(_changes.DiffRecordRequest, _changes.RecordDiff, Rule("GET", _ONE + ":diff")),
    "WatchRecords": _record(
        _changes.WatchRecordsRequest, _changes.WatchRecordsResponse, Rule("GET", _ALL + ":watch"), streams="replies"
    ),
    "ListChanges": _record(_changes.ListChangesRequest, _changes.ListChangesResponse, Rule("GET", _ALL + ":changes")),
    "ImportRecords": _record(
        _bulk.ImportRecordsRequest,
        _bulk.ImportRecordsResponse,
        Rule("POST", _ALL + ":import", "records"),
        streams="requests",
    ),
    "ExportRecords": _record(
        _bulk.ExportRecordsRequest, _bulk.ExportRecordsResponse, Rule("GET", _ALL + ":export"), streams="replies"
    ),
    "CreateCollection": _collection(
        _collections.CreateCollectionRequest, _Collection, Rule("POST", "/v1/collections", "collection")
    ),
    "GetCollection": _collection(_collections.GetCollectionRequest, _Collection, Rule("GET", _ONE)),
    "ListCollections": _collection(
        _collections.ListCollectionsRequest, _collections.ListCollectionsResponse, Rule("GET", "/v1/collections")
    ),
    "UpdateCollection": _collection(
        _collections.UpdateCollectionRequest, _Collection, Rule("PATCH", "/v1/{collection.path}", "collection")
    ),
    "DeleteCollection": _collection(_collections.DeleteCollectionRequest, _Collection, Rule("DELETE", _ONE)),
    "GetNodeInfo": Method(
        "crud_service.v1.AdminService",
        admin_service_pb2.GetNodeInfoRequest,
        admin_service_pb2.NodeInfo,
        (Rule("GET", "/v1/node"),),
    ),
    "DrainNode": Method(
        "crud_service.v1.AdminService",
        admin_service_pb2.DrainNodeRequest,
        admin_service_pb2.NodeInfo,
        (Rule("POST", "/v1/node:drain", "*"),),
    ),
    "SetLogLevel": Method(
        "crud_service.v1.AdminService",
        admin_service_pb2.SetLogLevelRequest,
        admin_service_pb2.NodeInfo,
        (Rule("POST", "/v1/node:setLogLevel", "*"),),
    ),
    "ListErrorReports": Method(
        "crud_service.v1.AdminService",
        admin_service_pb2.ListErrorReportsRequest,
        admin_service_pb2.ListErrorReportsResponse,
        (Rule("GET", "/v1/errorReports"),),
    ),
    "GetErrorReport": Method(
        "crud_service.v1.AdminService",
        admin_service_pb2.GetErrorReportRequest,
        admin_service_pb2.ErrorReport,
        (Rule("GET", _ONE),),
    ),
}


def split(rule: Rule, request: Json) -> tuple[str, Json | None]:
    """The URL of a request by one of the operation's rules, and its body: None if there is none."""
    rest = dict(request)
    body: Json | None = None
    if rule.body and rule.body != "*":
        body = rest.pop(rule.body, {})
    before, _, variable = rule.url.partition("{")
    name, _, after = variable.partition("}")
    url = before
    if name:
        outer, _, inner = name.partition(".")
        value = request.get(outer, {}).get(inner, "") if inner else rest.pop(outer, "")
        url = before + quote(value, safe="/") + after
    if rule.body == "*":
        return url, rest
    query = urlencode([(key, _parameter(each)) for key, value in rest.items() for each in _listed(value)])
    return url + (f"?{query}" if query else ""), body


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _parameter(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
