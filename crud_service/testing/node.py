"""A whole node inside of the test's own process and event loop, on free ports of 127.0.0.1."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from crud_service.bootstrap import Node
from crud_service.settings import Settings


@asynccontextmanager
async def running_node(**settings: Any) -> AsyncIterator[Node]:
    """A node with these settings over the defaults for tests: memory store, free ports.

    It serves when the block is entered (`node.http_port`, `node.grpc_port`, `node.store`), and is stopped after it.
    """
    defaults: dict[str, Any] = {
        "store": "memory://",
        "http_address": "127.0.0.1:0",
        "grpc_address": "127.0.0.1:0",
        "shutdown_grace": 1,
        "node_events": False,  # revision 1 is the test's own first write
    }
    async with Node(Settings(**defaults | settings)) as node:
        await node.open_store()
        await node.add_logic()
        node.add_chassis()
        await node.serve_grpc()
        await node.serve_http()
        await node.register()
        yield node
