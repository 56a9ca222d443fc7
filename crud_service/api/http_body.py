"""Reading the body of an HTTP request, no more of it than a request may have."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from crud_service.model.errors import CrudError, Kind, Reason

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
"""ASGI's channel of incoming messages."""


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, most_bytes: int) -> bytes:
    """The whole body. RESOURCE_EXHAUSTED (`REQUEST_TOO_LARGE`) as soon as it is known to have too many bytes."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > most_bytes:
        raise _too_large(most_bytes)
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CrudError(Kind.CANCELLED, Reason.CANCELLED, "the client went away before its body was complete")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most_bytes:
            raise _too_large(most_bytes)
    return b"".join(parts)


def _too_large(most_bytes: int) -> CrudError:
    message = f"the body has more than {most_bytes} bytes"
    return CrudError(Kind.RESOURCE_EXHAUSTED, Reason.REQUEST_TOO_LARGE, message)
