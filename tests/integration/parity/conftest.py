"""One node for each store, both transports to it, and the comparison of what a scenario does over each."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import grpc.aio
import pytest
import pytest_asyncio

from crud_service.bootstrap import Node
from crud_service.testing.node import running_node
from tests.integration.api.http_client import fetch
from tests.integration.api.openapi_check import OpenApiCheck
from tests.integration.parity.scenario import Client, Scenario, Trace, run_scenario
from tests.integration.parity.transports import GrpcTransport, HttpTransport, Observer, Transport

Parity = Callable[[Scenario], Awaitable[Trace]]


@pytest_asyncio.fixture(scope="session", params=["memory", "sqlite"])
async def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """A running node on each of the stores."""
    store = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path_factory.mktemp('parity')}/crud.db"
    async with running_node(store=store, log_level="warning", sweep_interval=0.05) as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def grpc_transport(node: Node) -> AsyncIterator[GrpcTransport]:
    """The node over gRPC, with the limits that clients have by default."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        yield GrpcTransport(channel)


@pytest_asyncio.fixture(scope="session")
async def http_transport(node: Node) -> AsyncIterator[HttpTransport]:
    """The node over HTTP. Every response is held against `/openapi.json`."""
    transport = HttpTransport(node.http_port, await _observer(node))
    yield transport
    await transport.close()


@pytest_asyncio.fixture(scope="session")
async def other_rules(node: Node) -> AsyncIterator[HttpTransport]:
    """The node over HTTP, each operation by the last of its rules."""
    transport = HttpTransport(node.http_port, await _observer(node), last_rules=True)
    yield transport
    await transport.close()


async def _observer(node: Node) -> Observer:
    return OpenApiCheck((await fetch(node.http_port, "GET", "/openapi.json")).json).response


@asynccontextmanager
async def over_both(node: Node) -> AsyncIterator[tuple[GrpcTransport, HttpTransport]]:
    """Both ways to a node that a test has started for itself."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        http = HttpTransport(node.http_port)
        try:
            yield GrpcTransport(channel), http
        finally:
            await http.close()


@pytest.fixture(scope="session")
def transports(grpc_transport: GrpcTransport, http_transport: HttpTransport) -> list[Transport]:
    """Both."""
    return [grpc_transport, http_transport]


@pytest.fixture(scope="session")
def numbers() -> "itertools.count[int]":
    """Numbers for collections, so that each scenario has its own."""
    return itertools.count(1)


@pytest.fixture(scope="session")
def parity(node: Node, transports: list[Transport], numbers: "itertools.count[int]") -> Parity:
    """Run a scenario over each transport, and assert that nobody can tell afterwards which one it was."""

    async def compare(scenario: Scenario) -> Trace:
        number = next(numbers)
        traces = [
            await run_scenario(node, Client(each, f"{each.name}-{number:05}"), transports, scenario)
            for each in transports
        ]
        over_grpc, over_http = traces
        assert over_grpc.outcomes == over_http.outcomes
        assert over_grpc.stored == over_http.stored
        assert over_grpc.log == over_http.log
        return over_http

    return compare
