"""Both ways to a server, for tests that need many at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import grpc.aio

from tests.e2e.server_process import Server
from tests.integration.parity.transports import GrpcTransport, HttpTransport, Json, Outcome, Transport

_CUT_OFF = {"UNAVAILABLE", "CANCELLED", "UNKNOWN", "INTERNAL", "DEADLINE_EXCEEDED"}
"""What a client may make of a connection that is cut while it waits. Then it does not know what was stored."""


@asynccontextmanager
async def grpc_client(server: Server) -> AsyncIterator[GrpcTransport]:
    """A channel of its own: channels to one address share a connection unless told otherwise."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}", options=options) as channel:
        yield GrpcTransport(channel)


@asynccontextmanager
async def http_client(server: Server) -> AsyncIterator[HttpTransport]:
    """A connection of its own."""
    transport = HttpTransport(server.http_port)
    try:
        yield transport
    finally:
        await transport.close()


async def answered(client: Transport, operation: str, request: Json) -> Outcome | None:
    """The outcome of a call; None when the server went away."""
    with suppress(OSError, EOFError):
        outcome = await client.call(operation, request)
        return None if outcome.kind in _CUT_OFF and not outcome.reason else outcome
    return None


async def curl(*arguments: str) -> Any:
    """What curl prints, as JSON; it fails when curl does."""
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", "--fail-with-body", *arguments, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out
    return json.loads(out)
