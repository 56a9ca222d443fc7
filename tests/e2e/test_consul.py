"""Server processes and a real agent: found while they serve, gone when they end, whichever way they end."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.clients import grpc_client, http_client
from tests.e2e.server_process import Server, running_server
from tests.integration.api.http_client import connected, fetch, request_bytes
from tests.integration.consul.agent import Agent, running_agent, until
from tests.integration.parity.transports import Transport

pytestmark = pytest.mark.timeout(300)
FOUND_WITHIN = 6.0
GONE_WITHIN = 3.0
BACK_WITHIN = 30.0
"""Three times what is promised: 2 s from ready to found, 1 s from the signal to gone, 10 s to be back."""
CALLS_A_SECOND = 200


@pytest_asyncio.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    """An agent of the test's own."""
    async with running_agent(tmp_path) as running:
        yield running


def settings(agent: Agent, service: str, **others: str) -> dict[str, str]:
    """What a node needs to register with an agent, by the names of its variables."""
    return {"CRUD_CONSUL_ADDRESS": agent.address, "CRUD_SERVICE_NAME": service, "CRUD_LOG_LEVEL": "warning", **others}


async def create(transport: Transport) -> str:
    outcome = await transport.call("CreateRecord", {"parent": "collections/notes", "record": {"name": "a"}})
    return outcome.kind


async def test_stop(tmp_path: Path, agent: Agent, record_property) -> None:
    """SIGTERM: not ready, then gone from Consul, while a call that runs finishes and new ones are still answered."""
    # Neither a check that fails nor the end of the process is what makes it go.
    given = settings(agent, "stopped", CRUD_DRAIN_WAIT="5", CRUD_CONSUL_CHECK_INTERVAL="60")
    async with running_server(folder=tmp_path, settings=given) as server:
        found = await until(lambda: agent.has("stopped"), within=FOUND_WITHIN)
        async with connected(server.http_port) as running, grpc_client(server) as over_grpc:
            assert (await running.request("GET", "/readyz")).status == 200
            body = b'{"name": "under way"}'
            head = request_bytes("POST", "/v1/collections/notes/records", None, {"content-length": str(len(body))})
            await running.send(head + body[:5])
            server.send(signal.SIGTERM)
            gone = await until(lambda: agent.has("stopped", 0), within=GONE_WITHIN)
            assert (await fetch(server.http_port, "GET", "/readyz")).status == 503
            assert await create(over_grpc) == "OK"
            await running.send(body[5:])
            assert (await running.receive()).status == 201
        code, _, err = await server.ended()
        assert code == 0
        assert [json.loads(line)["event"][:15] for line in err.splitlines()] == ["clients are sen"]
    record_property("seconds", {"ready to found": found, "signal to gone": gone})
    print(f"ready to found {found:.2f} s, SIGTERM to gone {gone:.2f} s")  # noqa: T201


async def test_second_signal(tmp_path: Path, agent: Agent) -> None:
    """A second SIGTERM does not wait for clients to notice."""
    given = settings(agent, "twice", CRUD_DRAIN_WAIT="60")
    async with running_server(folder=tmp_path, settings=given) as server:
        await until(lambda: agent.has("twice"), within=FOUND_WITHIN)
        server.send(signal.SIGTERM)
        await until(lambda: agent.has("twice", 0), within=GONE_WITHIN)
        server.send(signal.SIGTERM)
        assert (await server.ended(within=3))[0] == 1


@pytest.mark.proof
async def test_kill(tmp_path: Path, agent: Agent, proof: bool) -> None:
    """A killed node is found no more as soon as a check fails, and later Consul forgets it (in full: `make proof`)."""
    given = settings(agent, "killed", CRUD_CONSUL_CHECK_INTERVAL="1", CRUD_CONSUL_DEREGISTER_AFTER="60")
    async with running_server(folder=tmp_path, settings=given) as server:
        await until(lambda: agent.has("killed"), within=FOUND_WITHIN)
        server.send(signal.SIGKILL)
        gone = await until(lambda: agent.has("killed", 0), within=6)
        checks = await agent.checks("killed")
        assert "critical" in {check["Status"] for check in checks.values()}
        print(f"kill -9 to gone {gone:.2f} s")  # noqa: T201

    async def is_forgotten() -> bool:
        return await agent.ask("/v1/catalog/service/killed") == []

    if proof:  # Consul waits a minute at least, and looks every half minute
        reaped = await until(is_forgotten, within=200)
        print(f"kill -9 to reaped {reaped:.0f} s")  # noqa: T201


@pytest.mark.proof
async def test_outage(tmp_path: Path, agent: Agent, proof: bool) -> None:
    """While the agent is away no call fails; when it returns without its state, the node is back in its catalog."""
    seconds = 30 if proof else 3
    async with running_server(folder=tmp_path, settings=settings(agent, "outage")) as server:
        await until(lambda: agent.has("outage"), within=FOUND_WITHIN)
        over = asyncio.Event()
        load = asyncio.create_task(calls(server, over))
        await agent.stop()
        await asyncio.sleep(seconds)
        assert (await fetch(server.http_port, "GET", "/readyz")).status == 200
        await agent.launch()
        back = await until(lambda: agent.has("outage"), within=BACK_WITHIN)
        over.set()
        kinds = await load
        assert set(kinds) == {"OK"}
        assert len(kinds) > seconds * CALLS_A_SECOND / 2
        assert (await server.stop())[0] == 0
    print(f"{len(kinds)} calls; agent launched to found {back:.2f} s")  # noqa: T201


async def calls(server: Server, over: asyncio.Event) -> list[str]:
    """Call 200 times a second, over both transports in turn, until it is over; what came of each."""
    loop = asyncio.get_running_loop()
    free: asyncio.Queue[Transport] = asyncio.Queue()

    async def over_http() -> str:
        transport = await free.get()
        try:
            return await create(transport)
        finally:
            free.put_nowait(transport)

    pending: list[asyncio.Task[str]] = []
    async with AsyncExitStack() as clients:
        over_grpc = await clients.enter_async_context(grpc_client(server))
        for _ in range(8):
            free.put_nowait(await clients.enter_async_context(http_client(server)))
        start = loop.time()
        while not over.is_set():
            pending.append(asyncio.create_task(create(over_grpc) if len(pending) % 2 else over_http()))
            await asyncio.sleep(max(0.0, start + len(pending) / CALLS_A_SECOND - loop.time()))
        return await asyncio.gather(*pending)
