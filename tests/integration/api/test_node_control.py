"""What operators do with a node that runs, over both transports: drain it, change what it logs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc.aio
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from crud_service.bootstrap import Node
from crud_service.model.errors import StartError
from crud_service.settings import Settings
from crud_service.testing.node import running_node
from crud_service.v1 import admin_service_pb2, admin_service_pb2_grpc
from tests.integration.api.http_client import Answer, connected, fetch

PATH = "/v1/collections/a/records/b"
PATIENT = 30


@pytest.fixture(autouse=True)
def _log_level() -> Iterator[None]:
    """Leave the level of Python's logger as it was."""
    log = logging.getLogger("crud_service")
    before = log.level
    yield
    log.setLevel(before)


@pytest_asyncio.fixture
async def listed() -> AsyncIterator[Node]:
    """A node that others list, so that it waits for clients to notice when it leaves."""
    async with running_node(advertise_address="10.0.0.5", drain_wait=PATIENT) as node:
        yield node


async def command(node: Node, transport: str, verb: str, **fields: str) -> dict[str, Any]:
    """What the node answers to a command."""
    if transport == "http":
        body = b'{"logLevel": "%s"}' % fields["log_level"].encode() if fields else b"{}"
        answer = await fetch(node.http_port, "POST", f"/v1/node:{verb[0].lower()}{verb[1:]}", body)
        assert answer.status == 200, answer.body
        told: dict[str, Any] = answer.json
        return told
    name = f"{verb}Node" if verb == "Drain" else verb
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        request = getattr(admin_service_pb2, f"{name}Request")(**fields)
        reply = await getattr(admin_service_pb2_grpc.AdminServiceStub(channel), name)(request)
        return {"draining": reply.draining, "logLevel": reply.log_level, "nodeId": reply.node_id}


async def is_serving(node: Node) -> bool:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        found = await health.Check(health_pb2.HealthCheckRequest())
        return found.status == health_pb2.HealthCheckResponse.SERVING


async def until_not_ready(node: Node) -> Answer:
    """The answer of a node that is not ready any more."""
    async with asyncio.timeout(PATIENT):
        while True:
            answer = await fetch(node.http_port, "GET", "/readyz?verbose")
            if answer.status == 503:
                return answer
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("transport", ["http", "grpc"])
async def test_drain(listed: Node, transport: str) -> None:
    """It is answered at once. The node is not ready and in no registry then, is live, and serves whoever calls."""
    assert (await fetch(listed.http_port, "GET", "/v1/node")).json["draining"] is False
    started = asyncio.get_running_loop().time()
    assert (await command(listed, transport, "Drain"))["draining"] is True
    assert asyncio.get_running_loop().time() - started < 3
    verbose = (await until_not_ready(listed)).json
    assert verbose["registry"]["registered"] is False
    assert verbose["warnings"] == ["the node drains: it has been told to leave"]
    assert not await is_serving(listed)
    assert (await fetch(listed.http_port, "GET", "/healthz")).status == 200
    assert (await fetch(listed.http_port, "POST", "/v1/collections/a/records", b"{}")).status == 201
    assert (await command(listed, transport, "Drain"))["draining"] is True
    assert (await fetch(listed.http_port, "GET", "/v1/node")).json["draining"] is True


async def test_streams_end_after_the_wait() -> None:
    """What has no end of its own is ended when clients have noticed, once, and each in spite of the others."""
    async with running_node(advertise_address="10.0.0.5", drain_wait=0.3) as node:
        ended: list[tuple[str, bool]] = []
        both = asyncio.Event()

        async def fails() -> None:
            raise RuntimeError

        async def end() -> None:
            ended.append(("streams", node._health.is_ready))
            both.set()

        node.life_cycle.on_drain += [fails, end]
        started = asyncio.get_running_loop().time()
        for _ in range(2):
            await command(node, "http", "Drain")
        await asyncio.wait_for(both.wait(), PATIENT)
        assert asyncio.get_running_loop().time() - started >= 0.3
    assert ended == [("streams", False)]


async def test_a_node_that_stops_without_a_signal() -> None:
    """Streams end, and nobody waits for clients, when a node is stopped by the program that it is a part of."""
    ended: list[str] = []
    loop = asyncio.get_running_loop()
    async with running_node(advertise_address="10.0.0.5", drain_wait=PATIENT) as node:

        async def end() -> None:
            ended.append("streams")

        node.life_cycle.on_drain.append(end)
        started = loop.time()
    assert ended == ["streams"]
    assert loop.time() - started < PATIENT / 3


async def test_a_stop_waits_for_the_rest_of_a_drain() -> None:
    """A signal that comes while the node drains ends it when that is done, and not later."""
    async with running_node(advertise_address="10.0.0.5", drain_wait=0.5) as node:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await command(node, "http", "Drain")
        node.life_cycle.stop()
        await node.run()
        assert 0.5 <= loop.time() - started < 3
        again = loop.time()
        await node.life_cycle.end()
        assert loop.time() - again < 0.25


async def test_an_overloaded_node_can_be_drained() -> None:
    """What operators ask needs no place among the calls."""
    settings = {"admission_executing": 1, "admission_waiting": 0}
    async with running_node(log_level="error", **settings) as node, connected(node.http_port) as connection:
        node._admission.limit = 0
        assert (await connection.request("GET", PATH)).status == 503
        assert (await command(node, "http", "Drain"))["draining"] is True
        assert (await command(node, "grpc", "SetLogLevel", log_level="error"))["logLevel"] == "error"


@pytest.mark.parametrize("transport", ["http", "grpc"])
async def test_the_log_level(transport: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Calls have lines or none as the level says that was set last, and the node tells the level."""
    async with running_node(log_level="info", log_format="json") as node:
        for level, has_lines in (("error", False), ("debug", True), ("warning", False), ("info", True)):
            assert (await command(node, transport, "SetLogLevel", log_level=level))["logLevel"] == level
            node._output.flush()
            capfd.readouterr()
            await fetch(node.http_port, "GET", "/v1/collections")
            node._output.flush()
            assert ("ListCollections" in capfd.readouterr().err) == has_lines
            assert logging.getLogger("crud_service").level == getattr(logging, level.upper())


async def test_a_wrong_level(node: Node) -> None:
    """A level that there is not is refused with its field."""
    answer = await fetch(node.http_port, "POST", "/v1/node:setLogLevel", b'{"logLevel": "loud"}')
    assert answer.status == 400
    assert "log_level: must be one of debug, info, warning, error" in answer.json["error"]["message"]


class Loading:
    """Settings that change while a node runs."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.error: StartError | None = None

    def __call__(self) -> Settings:
        if self.error:
            raise self.error
        return Settings(store="memory://", http_address="127.0.0.1:0", grpc_address="127.0.0.1:0", **self.given)


@pytest_asyncio.fixture
async def loaded() -> AsyncIterator[tuple[Node, Loading]]:
    """A node with settings that can be read again."""
    load = Loading()
    async with Node(load(), load) as node:
        await node.open_store()
        await node.add_logic()
        yield node, load


async def test_reading_the_settings_again(loaded: tuple[Node, Loading], caplog: pytest.LogCaptureFixture) -> None:
    """The level is the one of the settings again, over one that was set; other changes are named without values."""
    node, load = loaded
    caplog.set_level(logging.INFO, "crud_service")
    node._control.set_log_level("debug")
    node._control.reload()
    assert node._control.info.log_level == "info"
    load.given = {"log_level": "warning", "limit_tags": 3, "consul_token": "token-of-the-test"}
    node._control.reload()
    assert node._control.info.log_level == "warning"
    said = [record.getMessage() for record in caplog.records]
    assert said[-2:] == [
        "the log level is warning; it was info",
        "changed settings that count from the next start on: consul_token, limit_tags",
    ]
    assert "token-of-the-test" not in caplog.text


async def test_settings_that_are_wrong(loaded: tuple[Node, Loading], caplog: pytest.LogCaptureFixture) -> None:
    """Settings that a start would refuse change nothing, and the log says why."""
    node, load = loaded
    node._control.set_log_level("debug")
    load.error = StartError("log_level in crud.toml: odd")
    node._control.reload()
    assert node._control.info.log_level == "debug"
    assert "stay as they are: log_level in crud.toml: odd" in caplog.text
