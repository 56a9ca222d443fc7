"""A node and a real agent: what is registered, what the checks say, and that it stays so."""

import asyncio
from pathlib import Path

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

import crud_service
from crud_service.testing.node import running_node
from tests.integration.api.http_client import fetch
from tests.integration.consul.agent import Agent, running_agent, until

pytestmark = pytest.mark.timeout(300)
SOON = 6.0
"""Three times the two seconds that are promised from ready to found."""
BACK = 30.0
"""Three times the ten seconds that are promised from the agent's return to being found."""
FAST = {"consul_check_interval": 1, "consul_check_timeout": 1}


async def create(port: int, collection: str) -> None:
    answer = await fetch(port, "POST", f"/v1/collections/{collection}/records", b"{}")
    assert answer.status == 201


async def test_found_by_its_name_with_both_addresses(shared_agent: Agent, service: str) -> None:
    """A client that asks Consul for healthy nodes gets addresses at which gRPC and HTTP answer."""
    settings = {"consul_address": shared_agent.address, "service_name": service}
    async with running_node(**settings) as node:
        await until(lambda: shared_agent.has(service), within=SOON)
        (found,) = [entry["Service"] for entry in await shared_agent.passing(service)]
        reached = found["TaggedAddresses"]
        assert (found["Address"], found["Port"]) == (reached["grpc"]["Address"], reached["grpc"]["Port"])
        assert found["Meta"]["grpc_address"] == f"127.0.0.1:{node.grpc_port}"
        assert found["Meta"]["http_address"] == f"127.0.0.1:{node.http_port}"
        async with grpc.aio.insecure_channel(f"{found['Address']}:{found['Port']}") as channel:
            reply = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
            assert reply.status == health_pb2.HealthCheckResponse.SERVING
        answer = await fetch(reached["http"]["Port"], "GET", "/v1/node")
        assert found["ID"] == f"{service}-{answer.json['nodeId']}"
    assert await shared_agent.passing(service) == []


async def test_what_it_says_about_itself(shared_agent: Agent, service: str) -> None:
    """Version, commit, store and collections are in meta and tags, and follow what changes."""
    settings = {"consul_address": shared_agent.address, "service_name": service}
    async with running_node(**settings) as node:
        await create(node.http_port, "orders")
        await create(node.http_port, "notes")

        async def lists_them() -> bool:
            entries = await shared_agent.passing(service)
            return bool(entries) and entries[0]["Service"]["Meta"].get("collections") == "notes,orders"

        await until(lists_them, within=15)
        (found,) = [entry["Service"] for entry in await shared_agent.passing(service)]
        info = (await fetch(node.http_port, "GET", "/v1/node")).json
        assert found["Meta"]["version"] == crud_service.__version__
        assert found["Meta"].get("commit", "") == info["commit"]
        assert found["Meta"]["store"] == "memory"
        tags = {"grpc", "http", f"version-{info['version']}", "collection-notes", "collection-orders"}
        assert set(found["Tags"]) == tags


async def test_checks_pass_and_turn_critical(shared_agent: Agent, service: str) -> None:
    """Consul itself asks gRPC health and /readyz; a node that drains is found no more, whatever it registered."""
    settings = {"consul_address": shared_agent.address, "service_name": service, **FAST}
    async with running_node(**settings) as node:

        async def say(status: str) -> bool:
            checks = await shared_agent.checks(service)
            return len(checks) == 2 and all(check["Status"] == status and check["Output"] for check in checks.values())

        await until(lambda: say("passing"), within=SOON)
        checks = await shared_agent.checks(service)
        assert "success" in checks["gRPC health"]["Output"]
        assert "200" in checks["HTTP readiness"]["Output"]
        await node._health.drain()
        await node._grpc.drain()
        await until(lambda: say("critical"), within=SOON)
        assert await shared_agent.passing(service) == []
        assert "503" in (await shared_agent.checks(service))["HTTP readiness"]["Output"]


async def test_one_transport_that_fails_is_enough(shared_agent: Agent, service: str) -> None:
    """A node whose gRPC alone does not serve is not passed to clients."""
    settings = {"consul_address": shared_agent.address, "service_name": service, **FAST}
    async with running_node(**settings) as node:
        await until(lambda: shared_agent.has(service), within=SOON)
        await node._grpc.drain()
        await until(lambda: shared_agent.has(service, 0), within=SOON)
        assert (await shared_agent.checks(service))["HTTP readiness"]["Status"] == "passing"


async def test_a_lost_registration_comes_back(shared_agent: Agent, service: str) -> None:
    """A node that somebody else deregistered is found again."""
    settings = {"consul_address": shared_agent.address, "service_name": service}
    async with running_node(**settings):
        await until(lambda: shared_agent.has(service), within=SOON)
        (found,) = await shared_agent.passing(service)
        await shared_agent.ask(f"/v1/agent/service/deregister/{found['Service']['ID']}", "PUT")
        await until(lambda: shared_agent.has(service, 0), within=SOON)
        await until(lambda: shared_agent.has(service), within=BACK)


async def test_an_agent_that_lost_its_state(tmp_path: Path, service: str) -> None:
    """An agent that is stopped and comes back empty has the node in its catalog again, and the node never minded."""
    async with (
        running_agent(tmp_path) as agent,
        running_node(consul_address=agent.address, service_name=service) as node,
    ):
        await until(lambda: agent.has(service), within=SOON)
        await agent.stop()

        async def warns() -> bool:
            return bool((await fetch(node.http_port, "GET", "/readyz?verbose")).json["warnings"])

        await until(warns, within=BACK)
        assert (await fetch(node.http_port, "GET", "/readyz")).status == 200
        await agent.launch()
        await until(lambda: agent.has(service), within=BACK)
        assert not await warns()


async def test_an_agent_that_comes_later(tmp_path: Path, service: str, warnings_of) -> None:
    """Without an agent the node starts and serves; it is registered when one comes. Each change is one line."""
    agent = Agent(tmp_path, {})
    try:
        async with running_node(consul_address=agent.address, service_name=service) as node:
            for _ in range(3):
                await create(node.http_port, "notes")
            verbose = (await fetch(node.http_port, "GET", "/readyz?verbose")).json
            assert verbose["status"] == "ready"
            assert verbose["registry"] == {"kind": "consul", "registered": False}
            await asyncio.sleep(1.5)  # time for several attempts, of which only the first is told
            assert len(warnings_of()) == 1
            assert "cannot be reached" in warnings_of()[0]
            await agent.launch()
            await until(lambda: agent.has(service), within=BACK)
            verbose = (await fetch(node.http_port, "GET", "/readyz?verbose")).json
            assert (verbose["status"], verbose["warnings"]) == ("ready", [])
            assert verbose["registry"] == {"kind": "consul", "registered": True}
        assert warnings_of()[1:] == ["consul: registered", "consul: deregistered"]
    finally:
        await agent.stop()


async def test_an_earlier_node_at_the_same_address_is_replaced(shared_agent: Agent, service: str) -> None:
    """What a killed node left behind goes when the next one starts at its address, though its checks would pass."""
    settings = {"consul_address": shared_agent.address, "service_name": service}
    async with running_node(**settings) as first:
        await until(lambda: shared_agent.has(service), within=SOON)
        (left,) = [entry["Service"] for entry in await shared_agent.passing(service)]
        addresses = {"grpc_address": f"127.0.0.1:{first.grpc_port}", "http_address": f"127.0.0.1:{first.http_port}"}
    keys = {"ID": "ID", "Name": "Service", "Address": "Address", "Port": "Port", "Meta": "Meta"}
    await shared_agent.ask("/v1/agent/service/register", "PUT", {key: left[name] for key, name in keys.items()})
    other = {"ID": f"{service}-other", "Name": service, "Address": "127.0.0.1", "Port": 1, "Meta": left["Meta"]}
    await shared_agent.ask("/v1/agent/service/register", "PUT", other)
    async with running_node(**settings, **addresses):

        async def is_replaced() -> bool:
            ids = {entry["Service"]["ID"] for entry in await shared_agent.passing(service)}
            return len(ids) == 2 and left["ID"] not in ids and other["ID"] in ids

        await until(is_replaced, within=SOON)
    await shared_agent.ask(f"/v1/agent/service/deregister/{other['ID']}", "PUT")


async def test_another_datacenter(shared_agent: Agent, service: str, warnings_of) -> None:
    """A node that was meant for another datacenter does not register in this one, and says why."""
    settings = {"consul_address": shared_agent.address, "service_name": service}
    async with running_node(**settings, consul_datacenter="dc2") as node:
        await until(lambda: _is_true(bool(warnings_of())), within=SOON)
        warnings = (await fetch(node.http_port, "GET", "/readyz?verbose")).json["warnings"]
        assert warnings == warnings_of() == ["consul: the agent is of datacenter 'dc1', not 'dc2'"]
        assert await shared_agent.passing(service) == []
    async with running_node(**settings, consul_datacenter="dc1"):
        await until(lambda: shared_agent.has(service), within=SOON)


async def _is_true(value: bool) -> bool:
    return value
