"""The real HTTP listener around handlers of the test's, and clients on raw sockets that behave as they like."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from crud_service.api.http_server import HttpServer
from crud_service.api.operations import operations_table
from crud_service.api.status import http_error, http_status
from crud_service.chassis.call_context import call_context
from crud_service.library.uvicorn_server import HttpListener
from crud_service.model.call import Call
from crud_service.model.limits import Limits
from tests.integration.api.http_client import HttpConnection
from tests.unit.api.asgi import handlers

PATIENCE = 20
WATCH, EXPORT, IMPORT = (f"/v1/collections/c/records:{verb}" for verb in ("watch", "export", "import"))


class Listening(NamedTuple):
    """A listener that runs."""

    port: int
    connections: Collection[Any]
    """What it has open."""

    async def until_all_are_gone(self) -> None:
        """Wait until the listener has no connection any more."""
        while self.connections:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(handle: Callable[[Call, Any], Any], limits: Limits | None = None) -> AsyncIterator["Listening"]:
    """A listener whose operations are all served by `handle`."""
    limits = limits or Limits()
    middleware = [call_context(lambda: "call", lambda: "trace")]
    application = HttpServer(operations_table(handlers(handle)), middleware, limits, {})
    listener = HttpListener(application, limits, lambda error: (http_status(error), http_error(error)))
    port = await listener.start("127.0.0.1:0")
    try:
        yield Listening(port, listener._server.server_state.connections)
    finally:
        await listener.stop(1)


@asynccontextmanager
async def slow_connection(port: int, receive_bytes: int = 4096) -> AsyncIterator[socket.socket]:
    """A connection of a client that takes no more than that before it reads."""
    with socket.socket() as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, ("127.0.0.1", port))
        yield opened


async def receive_chunks(connection: HttpConnection) -> tuple[dict[str, str], AsyncIterator[bytes]]:
    """The head of a chunked reply, and its chunks; IncompleteReadError where it is cut."""
    head = (await connection.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    assert head[0] == "HTTP/1.1 200 OK"
    headers = dict(line.lower().split(": ", 1) for line in head[1:-2])
    assert headers["transfer-encoding"] == "chunked"

    async def chunks() -> AsyncIterator[bytes]:
        while size := int((await connection.reader.readuntil(b"\r\n")).decode(), 16):
            yield (await connection.reader.readexactly(size + 2))[:-2]
        assert await connection.reader.readexactly(2) == b"\r\n"

    return headers, chunks()
