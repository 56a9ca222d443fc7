"""uvicorn as a part of this process: a listener to start and stop, without signal handlers of its own."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from crud_service.library.uvicorn_protocol import Refuse, ServiceProtocol, service_protocol
from crud_service.model.errors import StartError
from crud_service.model.limits import Limits

_KEEP_ALIVE_SECONDS = 60
_TICKS_A_SECOND = 10


class HttpListener:
    """Serves an ASGI application on one address until it is told to stop."""

    def __init__(self, application: Any, limits: Limits, refuse: Refuse) -> None:
        config = uvicorn.Config(
            application,
            http=service_protocol(limits, refuse),
            ws="none",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
        )
        config.load()
        self._server = _EmbeddedServer(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self, address: str) -> int:
        """Listen on `address` (`host:port`) and return the port. Raises StartError if it cannot be had."""
        listening = _bind(address)
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]), name="http")
        await self._server.ready.wait()
        return int(listening.getsockname()[1])

    async def stop(self, grace: float) -> None:
        """Take no new requests, give running ones `grace` seconds, then cut them off."""
        if self._task is not None:
            self._server.config.timeout_graceful_shutdown = max(1, round(grace))
            self._server.should_exit = True
            await self._task


class _EmbeddedServer(uvicorn.Server):
    """uvicorn installs signal handlers and raises the signal again after serving; the node handles signals itself."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, ServiceProtocol):
                    connection.close_if_idle(now - _KEEP_ALIVE_SECONDS)
                    connection.reset_if_stalled(now - connection.limits.stall_seconds)
        return await super().on_tick(counter)


def _bind(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(
            host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, where = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
    except OSError as cause:
        raise StartError(f"HTTP address {address} cannot be had ({cause.strerror}); set CRUD_HTTP_ADDRESS") from cause
    listening.setblocking(False)
    return listening
