"""What a kind of error is on each transport: one table, and the few reasons that HTTP has a better word for."""

from typing import Any

import grpc
import msgspec
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason

DOMAIN = "crud-service"
"""`ErrorInfo.domain` of every error."""

STATUS: dict[Kind, tuple[grpc.StatusCode, int]] = {
    Kind.INVALID_ARGUMENT: (grpc.StatusCode.INVALID_ARGUMENT, 400),
    Kind.NOT_FOUND: (grpc.StatusCode.NOT_FOUND, 404),
    Kind.ALREADY_EXISTS: (grpc.StatusCode.ALREADY_EXISTS, 409),
    Kind.FAILED_PRECONDITION: (grpc.StatusCode.FAILED_PRECONDITION, 400),
    Kind.ABORTED: (grpc.StatusCode.ABORTED, 409),
    Kind.OUT_OF_RANGE: (grpc.StatusCode.OUT_OF_RANGE, 400),
    Kind.UNAUTHENTICATED: (grpc.StatusCode.UNAUTHENTICATED, 401),
    Kind.PERMISSION_DENIED: (grpc.StatusCode.PERMISSION_DENIED, 403),
    Kind.RESOURCE_EXHAUSTED: (grpc.StatusCode.RESOURCE_EXHAUSTED, 429),
    Kind.DEADLINE_EXCEEDED: (grpc.StatusCode.DEADLINE_EXCEEDED, 504),
    Kind.CANCELLED: (grpc.StatusCode.CANCELLED, 499),
    Kind.UNIMPLEMENTED: (grpc.StatusCode.UNIMPLEMENTED, 501),
    Kind.UNAVAILABLE: (grpc.StatusCode.UNAVAILABLE, 503),
    Kind.INTERNAL: (grpc.StatusCode.INTERNAL, 500),
}
"""Each kind as gRPC code and HTTP status (the mapping of google.rpc.Code)."""

HTTP_BY_REASON = {
    Reason.METHOD_NOT_ALLOWED: 405,
    Reason.NOT_ACCEPTABLE: 406,
    Reason.HISTORY_GONE: 410,
    Reason.CONTENT_TOO_LARGE: 413,
    Reason.REQUEST_TOO_LARGE: 413,
    Reason.REPLY_TOO_LARGE: 413,
    Reason.URL_TOO_LONG: 414,
    Reason.UNSUPPORTED_MEDIA_TYPE: 415,
    Reason.ETAG_REQUIRED: 428,
    Reason.HEADERS_TOO_LARGE: 431,
    Reason.STORE_FULL: 507,
    Reason.OVERLOADED: 503,
}
"""Reasons with an HTTP status of their own."""

_PRECONDITION_FAILED = 412
# What a header asked for that the state of the resource does not allow: by If-Match or If-None-Match, then by the
# `If-None-Match: *` of a create.
_BY_ETAG = (Reason.ETAG_MISMATCH,)
_BY_EXISTENCE = (Reason.RECORD_EXISTS, Reason.COLLECTION_EXISTS)


def http_status(error: CrudError, call: Call | None = None) -> int:
    """The HTTP status of an error; 412 when a header of the call, and not the request, made it fail."""
    if call is not None and _is_failed_precondition(error, call):
        return _PRECONDITION_FAILED
    return HTTP_BY_REASON.get(error.reason) or STATUS[error.kind][1]


def _is_failed_precondition(error: CrudError, call: Call) -> bool:
    if error.reason in _BY_ETAG:
        return bool(call.if_match or call.if_none_match)
    return error.reason in _BY_EXISTENCE and "*" in call.if_none_match


def http_error(error: CrudError, call: Call | None = None) -> bytes:
    """The JSON body of an error: `{"error": {"code", "status", "message", "details"}}`."""
    details: list[dict[str, Any]] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": error.reason,
            "domain": DOMAIN,
            "metadata": _metadata(error, call),
        }
    ]
    if error.violations:
        fields = [msgspec.structs.asdict(each) for each in error.violations]
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields})
    if error.retry_after is not None:
        retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{round(error.retry_after, 3):g}s"}
        details.append(retry)
    body = {"code": http_status(error, call), "status": error.kind.value, "message": error.message, "details": details}
    return msgspec.json.encode({"error": body})


def grpc_code(error: CrudError) -> grpc.StatusCode:
    """The gRPC code of an error."""
    return STATUS[error.kind][0]


def grpc_details(error: CrudError, call: Call) -> bytes:
    """The serialized google.rpc.Status of an error, for the metadata `grpc-status-details-bin`."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=_metadata(error, call))
    details: list[Message] = [info]
    if error.violations:
        bad = error_details_pb2.BadRequest()
        for each in error.violations:
            bad.field_violations.add(field=each.field, description=each.description, reason=each.reason)
        details.append(bad)
    if error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_after * 1000))
        details.append(retry)
    status = status_pb2.Status(code=grpc_code(error).value[0], message=error.message)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    serialized: bytes = status.SerializeToString()
    return serialized


def _metadata(error: CrudError, call: Call | None) -> dict[str, str]:
    ids = {"callId": call.call_id, "traceId": call.trace_id} if call and call.call_id else {}
    return error.metadata | ids
