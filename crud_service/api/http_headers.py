"""What the headers of an HTTP request add to it: preconditions, an idempotency key, and the kind of its body."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import replace

from crud_service.api.codec.text import text
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason, invalid

Headers = Mapping[bytes, bytes]
"""The headers of a request; one that stands several times has its values joined by commas."""

_ANY = "*"
_WEAK = "W/"
# An entity tag (RFC 9110, 8.8.3).
_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_IF_MATCH, _IF_NONE_MATCH = b"if-match", b"if-none-match"
_MERGE_PATCH = b"application/merge-patch+json"
_JSON = re.compile(rb"application/(?:[\w.-]+\+)?json")
_JSON_LINES = re.compile(rb"application/(?:x-ndjson|jsonl|json)")


def join_headers(pairs: Collection[tuple[bytes, bytes]]) -> Headers:
    """The headers that ASGI gives as pairs."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    lines: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        lines.setdefault(name, []).append(value)
    return {name: b", ".join(values) for name, values in lines.items()}


def read_preconditions(call: Call, headers: Headers) -> None:
    """Give the call the etags of If-Match and If-None-Match. INVALID_ARGUMENT (`INVALID_PRECONDITION`) for others."""
    if _IF_MATCH in headers:
        call.if_match = _etags(_IF_MATCH, headers)
    if _IF_NONE_MATCH in headers:
        call.if_none_match = _etags(_IF_NONE_MATCH, headers)


def is_unchanged(call: Call, etag: str) -> bool:
    """Whether the caller of a read has this state already: If-None-Match names it, be it weakly."""
    known = call.if_none_match
    return bool(known and etag) and (_ANY in known or etag in {each.removeprefix(_WEAK) for each in known})


def check_read(call: Call, etag: str) -> None:
    """ABORTED (`ETAG_MISMATCH`) when the caller of a read wants another state than this one, by If-Match."""
    if call.if_match and etag and not {_ANY, etag} & set(call.if_match):
        message = "the resource is not in the state that If-Match asks for"
        raise CrudError(Kind.ABORTED, Reason.ETAG_MISMATCH, message, metadata={"etag": etag})


def with_request_id(request: Any, headers: Headers) -> Any:
    """The request with the id that Idempotency-Key gives it. INVALID_ARGUMENT if it has another one already."""
    key = headers.get(b"idempotency-key")
    if key is None:
        return request
    request_id = text(key)
    if not request_id or request.request_id not in ("", request_id):
        what = "differs from Idempotency-Key" if request_id else "is empty in Idempotency-Key"
        raise invalid("request_id", what, Reason.INVALID_REQUEST_ID)
    return replace(request, request_id=request_id)


def is_merge_patch(headers: Headers) -> bool:
    """Whether the body is a JSON merge patch (RFC 7396)."""
    return _media_type(headers) == _MERGE_PATCH


def check_media_type(headers: Headers, *, lines: bool = False) -> None:
    """INVALID_ARGUMENT (`UNSUPPORTED_MEDIA_TYPE`) for a write that a page of another site could send by a form.

    Bodies are JSON, whatever they are declared as: `curl -d` declares a form. A browser sends a form anywhere, and
    says where its page is from (`Origin`); what is declared as JSON it sends to another site only if that one agrees.
    With `lines` a body is lines of JSON.
    """
    if _is_foreign(headers) and not (_JSON_LINES if lines else _JSON).fullmatch(_media_type(headers)):
        wanted = "application/x-ndjson" if lines else "application/json"
        message = f"a page of another site must declare what it writes: content-type {wanted}"
        raise CrudError(Kind.INVALID_ARGUMENT, Reason.UNSUPPORTED_MEDIA_TYPE, message)


def _is_foreign(headers: Headers) -> bool:
    """Whether the request is from a page that this node has not served."""
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host")


def _media_type(headers: Headers) -> bytes:
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


def _etags(name: bytes, headers: Headers) -> tuple[str, ...]:
    value = headers[name].strip()
    if value == b"*":
        return (_ANY,)
    found = _TAG.findall(value)
    # Without the tags there are only commas between them left.
    between = [part.strip() for part in _TAG.sub(b'"', value).split(b",")]
    if not found or [part for part in between if part] != [b'"'] * len(found):
        what = 'is neither * nor a list of etags such as "1-c704a4fc"'
        raise invalid(name.decode(), what, Reason.INVALID_PRECONDITION)
    return tuple([tag.decode("latin-1") for tag in found])
