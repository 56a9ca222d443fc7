"""A reply that is sent in pieces, as they come."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from crud_service.api.http_formats import Format
from crud_service.model.call import Call
from crud_service.model.errors import CrudError

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
"""ASGI's channel of outgoing messages."""

ABORT = "http.response.abort"
"""The type of the message that cuts the connection; ASGI has none, so it is one of our own server."""

# A client that took nothing for long is not waited for once more.
_LAST_SECONDS = 1.0


class HttpSink:
    """The reply to one call. Its head goes out with the first piece, so an error before that is a reply of its own."""

    def __init__(self, send: Send, *, is_head: bool) -> None:
        self._send = send
        self.is_head = is_head
        """Whether the client wants the head only."""
        self._format: Format | None = None

    @property
    def is_open(self) -> bool:
        """Whether the head is sent."""
        return self._format is not None

    async def open(self, format_: Format, headers: list[tuple[bytes, bytes]], data: bytes = b"") -> None:
        """Send the head, what the format begins with, and the first piece."""
        self._format = format_
        common = [
            (b"content-type", format_.content_type),
            (b"cache-control", b"no-store"),
            # nginx and others hold back what comes in small pieces, unless they are told not to.
            (b"x-accel-buffering", b"no"),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": common + headers})
        await self.write(format_.opening + data)

    async def write(self, data: bytes) -> None:
        """Send a piece; returns when there is room for the next one."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def close(self) -> None:
        """End the reply: it is whole."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def fail(self, error: CrudError, call: Call) -> None:
        """End the reply so that the client cannot take it for whole: by an error in it, or else by a connection that
        ends in its middle.
        """
        write_error = self._format.write_error if self._format else None
        if write_error is not None:
            try:
                async with asyncio.timeout(_LAST_SECONDS):
                    await self.write(write_error(error, call))
                    await self.close()
            except TimeoutError:
                await self._send({"type": ABORT})
        else:
            await self._send({"type": ABORT})
