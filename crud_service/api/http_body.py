"""Reading the body of an HTTP request, no more of it than a request may have."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
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
            raise _gone()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most_bytes:
            raise _too_large(most_bytes)
    return b"".join(parts)


async def read_pieces(receive: Receive) -> AsyncIterator[bytes]:
    """The body in pieces, as they come. CANCELLED if the client goes away before it is complete."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _gone()
        more = message.get("more_body", False)
        yield message.get("body", b"")


class TrackedReceive:
    """A channel of incoming messages that remembers whether the body has come to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_complete = False

    async def __call__(self) -> MutableMapping[str, Any]:
        """The next message."""
        message = await self._receive()
        self.is_complete = not message.get("more_body")
        return message


def _gone() -> CrudError:
    return CrudError(Kind.CANCELLED, Reason.CANCELLED, "the client went away before its body was complete")


def _too_large(most_bytes: int) -> CrudError:
    message = f"the body has more than {most_bytes} bytes"
    return CrudError(Kind.RESOURCE_EXHAUSTED, Reason.REQUEST_TOO_LARGE, message)
