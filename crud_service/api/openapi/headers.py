"""The headers of the document: those that a caller may send, and those of the replies."""

from typing import Any

from google.protobuf.descriptor import MethodDescriptor

from crud_service.api.http_rules import HttpRule
from crud_service.api.openapi.bounds import LABEL_PATTERN, WORDS_PATTERN
from crud_service.api.openapi.contract import is_resource
from crud_service.model.limits import Limits

_ETAG = r'(W/)?"[\u0021\u0023-\u007e]*"'
_ETAGS = {"type": "string", "format": "etags", "pattern": rf"^(\*|{_ETAG}( *, *{_ETAG})*)$"}

_REPLY_HEADERS = {
    "ETag": ("The `etag` of the resource.", True),
    "EtagIfStored": ("The `etag` of the resource, if it is stored.", False),
    "Location": ("The path of the new resource.", True),
    "Revision": ("The revision that the export shows.", True),
    "X-Call-Id": ("The id of this call, as the change log and the node's own log have it.", True),
    "X-Trace-Id": ("The trace id: the one of `traceparent`, or a new one.", True),
}
_NOT_STORED = ("allow_missing", "validate_only")
"""Fields of requests that may be answered with a resource that is not stored."""


def header_parameters(limits: Limits) -> dict[str, Any]:
    """The request headers, for `components.parameters`."""
    reason = {"type": "string", "maxLength": limits.change_reason_chars, "pattern": LABEL_PATTERN}
    request_id = {"type": "string", "maxLength": limits.request_id_chars, "pattern": WORDS_PATTERN}
    return {
        "ChangeReason": _parameter("x-change-reason", "Why the change is made; kept in the change log.", reason),
        "IdempotencyKey": _parameter(
            "Idempotency-Key", "The `requestId` of the request; it may stand here instead.", request_id
        ),
        "IfMatch": _parameter(
            "If-Match",
            "Etags of which one must be the current one; `*` is any, as long as there is a resource. 412 otherwise.",
            _ETAGS,
        ),
        "IfNone": _parameter(
            "If-None-Match", "Says by 412 rather than 409 that the resource exists already.", {"const": "*"}
        ),
        "IfNoneMatch": _parameter(
            "If-None-Match",
            "Etags none of which may be the current one; `*` is any, so that there must be no resource. Otherwise a "
            "GET is answered by 304, a write by 412.",
            _ETAGS,
        ),
        "LastEventId": _parameter(
            "Last-Event-ID",
            "The `resumeToken` of the request; a browser that resumes sends it here.",
            {"type": "string", "format": "resume-token"},
        ),
        "Timeout": _parameter(
            "x-timeout-ms",
            "Milliseconds until the caller stops waiting; the call is cancelled then, and answered by 504. At most so "
            "many as the node allows.",
            {"type": "integer", "minimum": 1, "maximum": 999_999_999_999},
        ),
        "Traceparent": _parameter(
            "traceparent",
            "The W3C trace context of the caller. Its trace id is kept in the change log; a malformed one is ignored.",
            {"type": "string"},
        ),
    }


def request_headers(method: MethodDescriptor, rule: HttpRule) -> list[dict[str, str]]:
    """The request headers that mean something to a method: a time, preconditions on its resource, what writes keep."""
    names = ["Timeout"]
    if names_resource(method, rule):
        names += ["IfMatch", "IfNoneMatch"]
    if rule.creates:
        names += ["IfNone"]
    if is_write(method):
        names += ["IdempotencyKey", "ChangeReason", "Traceparent"]
    if method.server_streaming and "resume_token" in method.input_type.fields_by_name:
        names += ["LastEventId"]
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def reply_headers() -> dict[str, Any]:
    """The headers of successful replies, for `components.headers`."""
    return {
        name: {"description": text, "required": required, "schema": {"type": "string"}}
        for name, (text, required) in _REPLY_HEADERS.items()
    }


def success_headers(method: MethodDescriptor, rule: HttpRule) -> dict[str, Any]:
    """The headers of the success of a method, by their names."""
    found = {"X-Call-Id": "X-Call-Id", "X-Trace-Id": "X-Trace-Id"}
    if is_resource(method.output_type):
        unstored = any(name in method.input_type.fields_by_name for name in _NOT_STORED)
        found["ETag"] = "EtagIfStored" if unstored else "ETag"
    if rule.creates:
        found["Location"] = "Location"
    if method.server_streaming and "revision" in method.output_type.fields_by_name:
        found["X-Revision"] = "Revision"
    return {name: {"$ref": f"#/components/headers/{found[name]}"} for name in sorted(found)}


def names_resource(method: MethodDescriptor, rule: HttpRule) -> bool:
    """Whether the path of a rule names the one resource that the call is about, and returns."""
    return rule.path_field.rpartition(".")[2] == "path" and is_resource(method.output_type)


def is_write(method: MethodDescriptor) -> bool:
    """Whether a method changes something: then it is idempotent on request."""
    return "request_id" in method.input_type.fields_by_name


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}
