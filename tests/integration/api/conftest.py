"""One node in memory for the tests of what only one transport has."""

import asyncio
from collections.abc import AsyncIterator

import grpc.aio
import pytest_asyncio

from crud_service.bootstrap import Node
from crud_service.testing.node import running_node
from tests.integration.api.http_client import HttpConnection, connected


@pytest_asyncio.fixture(scope="module")
async def node() -> AsyncIterator[Node]:
    """A running node."""
    async with running_node(log_level="warning") as running:
        yield running


@pytest_asyncio.fixture
async def http(node: Node) -> AsyncIterator[HttpConnection]:
    """A new connection to it over HTTP."""
    async with asyncio.timeout(30), connected(node.http_port) as connection:
        yield connection


@pytest_asyncio.fixture
async def channel(node: Node) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to it over gRPC."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as opened:
        yield opened
