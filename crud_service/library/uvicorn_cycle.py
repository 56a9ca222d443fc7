"""One request and its reply, as uvicorn's HTTP/1.1 protocol has them: one write for a whole reply, and streams.

Measured on a GET: two writes (head, body) are a good part of what uvicorn costs, so a reply that is complete goes out
in one. And uvicorn sends chunks to clients of HTTP/1.0, which know none, and cannot end a reply in its middle.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from crud_service.library.lingering_transport import LingeringTransport

_ABORT = "http.response.abort"
# Pieces that come in one turn of the event loop go out in one write, up to so many bytes: each write is a system call.
_MOST_JOINED = 65_536


class ServiceCycle(RequestResponseCycle):
    """Holds the head of the reply back until the body comes. A body of which more is to come is a stream.

    The message `http.response.abort` cuts the connection, so that the client sees that the reply is not whole.
    """

    transport: LingeringTransport  # type: ignore[assignment]

    _start: Any = None
    _head = b""
    """The head of a stream, until its first piece comes."""
    _streams = False
    _joined = 0
    """How many bytes wait for the end of this turn of the event loop."""

    async def send(self, message: Any) -> None:
        """ASGI's channel of outgoing messages."""
        if message["type"] == "http.response.start" and not self.response_started and self._start is None:
            self._start = message
        elif message["type"] == _ABORT:
            self._cut()
        elif self._streams:
            await self._write_piece(message.get("body", b""), more=message.get("more_body", False))
        elif self._start is None:
            await super().send(message)
        else:
            await self._begin(message)

    async def _begin(self, message: Any) -> None:
        """Write the head, and what comes with it."""
        start, self._start = self._start, None
        is_head, more = self.scope["method"] == "HEAD", message.get("more_body", False)
        if more and not is_head:
            self._begin_stream(start)
            await self._write_piece(message.get("body", b""), more=True)
        elif not more and not is_head and not self.flow.write_paused:
            self._write_all(start, message.get("body", b""))
        else:
            await super().send(start)
            await super().send(message)

    def _write_all(self, start: Any, body: bytes) -> None:
        """Write a complete reply, whose content-length the application has set."""
        if self._is_over():
            return
        parts = self._head_parts(start)
        parts += (b"\r\n", body)
        self.response_started = True
        self.transport.write(b"".join(parts))
        self._complete()

    def _begin_stream(self, start: Any) -> None:
        """Make the head of a reply whose length nobody knows. Where chunks are unknown, it ends with the connection."""
        self._streams = self.response_started = True
        self._pieces: list[bytes] = []
        self.chunked_encoding = self.scope["http_version"] != "1.0"
        parts = self._head_parts(start)
        if self.chunked_encoding:
            parts.append(b"transfer-encoding: chunked\r\n")
        parts.append(b"\r\n")
        self._head = b"".join(parts)

    async def _write_piece(self, body: bytes, *, more: bool) -> None:
        """Write a piece of a stream as soon as the client has taken enough of those before."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self._is_over():
            return
        head, self._head = self._head, b""
        if self.chunked_encoding:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        if head or body:
            self._join(head + body)
        if not more:
            self._flush()
            self._complete()

    def _join(self, piece: bytes) -> None:
        if not self._pieces:
            asyncio.get_running_loop().call_soon(self._flush)
        self._pieces.append(piece)
        self._joined += len(piece)
        if self._joined >= _MOST_JOINED:
            self._flush()

    def _flush(self) -> None:
        pieces, self._pieces, self._joined = self._pieces, [], 0
        if pieces and not self._is_over():
            self.transport.write(b"".join(pieces))

    def _head_parts(self, start: Any) -> list[bytes]:
        """The head of a reply, without the empty line that ends it."""
        parts = [STATUS_LINE[start["status"]]]
        for name, value in (*self.default_headers, *start["headers"]):
            if name == b"connection":  # the application only says it to close
                self.keep_alive = False
            else:
                parts += (name, b": ", value, b"\r\n")
        if not self.keep_alive:
            parts.append(b"connection: close\r\n")
        return parts

    def _cut(self) -> None:
        """End the connection in the middle of the reply.

        What was sent may arrive before, unless the client does not take it, or would take the end for that of the body.
        """
        if self._is_over():
            return
        if self._streams:
            self._flush()
        self.response_complete, self.keep_alive = True, False
        self.message_event.set()
        if self.flow.write_paused or not self.chunked_encoding:
            self.transport.reset()
        else:
            self.transport.close()

    def _is_over(self) -> bool:
        """Whether nothing more can be sent: the client is gone, or its connection ends because it sent no HTTP."""
        if self.transport.is_closing():
            self.response_started = self.response_complete = True
        return self.disconnected or self.response_complete

    def _complete(self) -> None:
        """The reply is out."""
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
