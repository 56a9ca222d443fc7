"""The headers of the document: those that a caller may send, and those of the replies."""

from typing import Any

from crud_service.api.openapi.bounds import LABEL_PATTERN
from crud_service.model.limits import Limits

_REPLY_HEADERS = {
    "ETag": "The `etag` of the resource.",
    "Location": "The path of the new resource.",
    "X-Call-Id": "The id of this call, as the change log and the node's own log have it.",
    "X-Trace-Id": "The trace id: the one of `traceparent`, or a new one.",
}


def header_parameters(limits: Limits) -> dict[str, Any]:
    """The request headers of writes, for `components.parameters`."""
    reason = {"type": "string", "maxLength": limits.change_reason_chars, "pattern": LABEL_PATTERN}
    return {
        "ChangeReason": _parameter("x-change-reason", "Why the change is made; kept in the change log.", reason),
        "Traceparent": _parameter(
            "traceparent",
            "The W3C trace context of the caller. Its trace id is kept in the change log; a malformed one is ignored.",
            {"type": "string"},
        ),
    }


def reply_headers() -> dict[str, Any]:
    """The headers of successful replies, for `components.headers`."""
    return {
        name: {"description": text, "required": True, "schema": {"type": "string"}}
        for name, text in _REPLY_HEADERS.items()
    }


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}
