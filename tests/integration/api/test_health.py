"""Health over both transports, with a store that goes away under a running node."""

import asyncio
import sqlite3
import time
from contextlib import asynccontextmanager, closing
from pathlib import Path

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from crud_service.bootstrap import Node
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.testing.node import running_node
from tests.integration.api.http_client import HttpConnection, fetch

SERVICES = ["", "crud_service.v1.AdminService", "crud_service.v1.CollectionService", "crud_service.v1.RecordService"]
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
# In seconds: what is promised, with three times the patience.
SOON = 15


@asynccontextmanager
async def watched(node: Node, service: str = ""):
    """What gRPC health says of a service, one state after the other."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=service))
        yield lambda: asyncio.wait_for(watch.read(), SOON)
        watch.cancel()


async def states_of(node: Node) -> set[int]:
    """What gRPC health says of the node and of each service."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        return {(await check(health_pb2.HealthCheckRequest(service=each))).status for each in SERVICES}


async def paths_of(node: Node) -> list[int]:
    """The statuses of live, ready and started."""
    return [(await fetch(node.http_port, "GET", path)).status for path in ("/healthz", "/readyz", "/startupz")]


async def test_a_node_that_is_well(http: HttpConnection) -> None:
    """It is live, ready and started, and no cache keeps that answer."""
    for path, word in (("/healthz", "live"), ("/readyz", "ready"), ("/startupz", "started")):
        answer = await http.request("GET", path)
        assert (answer.status, answer.json) == (200, {"status": word})
        assert answer.headers["cache-control"] == "no-store"
    verbose = (await http.request("GET", "/readyz?verbose")).json
    assert verbose["warnings"] == []
    names = ["store read", "store write", "commits", "event loop", "background tasks"]
    assert [each["name"] for each in verbose["probes"]] == names
    for probe in verbose["probes"]:
        assert probe.keys() - {"p99"} == {"name", "status", "since", "seconds"}
        assert probe["status"] == "ok"
        assert "p99" not in probe or (probe["name"], probe["p99"] > 0) == ("commits", True)


async def test_a_node_that_drains() -> None:
    """It is not ready any more, on both transports; it is live, and has started."""
    async with running_node(log_level="warning") as node:
        await node._health.drain()
        assert await paths_of(node) == [200, 503, 200]
        assert (await fetch(node.http_port, "GET", "/readyz")).json == {"status": "not ready"}
        assert await states_of(node) == {NOT_SERVING}


async def test_a_node_that_has_not_started() -> None:
    """Until it is registered, a node that listens is live only."""
    async with running_node(log_level="error") as node:
        node._health.is_started = False
        await node._health.drain()
        assert await paths_of(node) == [200, 503, 503]
        assert (await fetch(node.http_port, "GET", "/startupz")).json == {"status": "starting"}


async def test_a_store_that_hangs(monkeypatch) -> None:
    """The node says so within a second to whoever asks, is not ready, and is back soon after the store."""
    async with running_node(log_level="error", health_interval=0.05, health_timeout=0.2) as node, watched(node) as read:
        assert (await read()).status == SERVING
        back = asyncio.Event()

        async def hang() -> int:
            await back.wait()
            return 0

        monkeypatch.setattr(node.store, "last_revision", hang)
        assert (await read()).status == NOT_SERVING
        started = time.monotonic()
        assert await paths_of(node) == [200, 503, 200]
        assert await states_of(node) == {NOT_SERVING}
        verbose = (await fetch(node.http_port, "GET", "/healthz?verbose")).json
        assert time.monotonic() - started < 3
        found = {each["name"]: each for each in verbose["probes"]}
        assert found["store read"]["status"] == "failing"
        assert "no answer" in found["store read"]["problem"]
        assert "disk" in found["store read"]["advice"]
        assert found["store write"]["status"] == "ok"
        back.set()
        assert (await read()).status == SERVING
        assert await paths_of(node) == [200, 200, 200]


async def test_a_store_that_fails(monkeypatch, caplog) -> None:
    """Each change is one line of the log: what, and what to do."""
    caplog.set_level("INFO", "crud_service")
    async with running_node(log_level="error", health_interval=0.05) as node, watched(node) as read:
        assert (await read()).status == SERVING

        async def fail() -> None:
            raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the test has taken it")

        with monkeypatch.context() as patch:
            patch.setattr(node.store, "last_revision", fail)
            assert (await read()).status == NOT_SERVING
            await node._health.look()
        assert (await read()).status == SERVING
        lines = [each for each in caplog.records if each.getMessage().startswith("store read: ")]
        assert [each.levelname for each in lines] == ["WARNING", "INFO"]
        assert lines[0].getMessage().startswith("store read: the test has taken it; look at the disk")


async def test_a_locked_file(tmp_path: Path) -> None:
    """A file that another process locks: the node reads, is not ready, stays live, and mends without a restart."""
    file = tmp_path / "crud.db"
    async with running_node(log_level="error", store=f"sqlite:///{file}") as node, watched(node) as read:
        assert (await read()).status == SERVING
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert (await read()).status == NOT_SERVING
            assert await paths_of(node) == [200, 503, 200]
            verbose = (await fetch(node.http_port, "GET", "/readyz?verbose")).json
            (problem,) = [each for each in verbose["probes"] if each["status"] == "failing"]
            assert (problem["name"], "locked" in problem["problem"]) == ("store write", True)
            assert (await fetch(node.http_port, "GET", "/v1/collections")).status == 200
            other.execute("ROLLBACK")
        assert (await read()).status == SERVING


async def test_the_p99_of_commits(tmp_path: Path) -> None:
    """While there are writes, who asks is told how long 99 of 100 commits took at most."""
    store = f"sqlite:///{tmp_path}/crud.db"
    async with running_node(log_level="error", store=store, health_interval=0.05) as node, asyncio.timeout(SOON):
        p99 = 0.0
        while not p99:
            await fetch(node.http_port, "POST", "/v1/collections/a/records", b"{}")
            verbose = (await fetch(node.http_port, "GET", "/readyz?verbose")).json
            (commits,) = [each for each in verbose["probes"] if each["name"] == "commits"]
            p99 = commits.get("p99", 0.0)
        assert 0 < commits["seconds"] <= p99
