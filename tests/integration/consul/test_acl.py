"""A node and an agent that wants ACL tokens: the right one registers, a wrong one is one clear line."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from urllib.error import HTTPError

import pytest
import pytest_asyncio

from crud_service.testing.node import running_node
from tests.integration.api.http_client import fetch
from tests.integration.consul.agent import PATIENCE, Agent, running_agent, until

pytestmark = pytest.mark.timeout(300)
SOON = 6.0
ACL = {"enabled": True, "default_policy": "deny"}


@pytest_asyncio.fixture(scope="module")
async def closed_agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agent]:
    """An agent that denies what no token allows. The test itself may do everything."""
    async with running_agent(tmp_path_factory.mktemp("acl"), acl=ACL) as agent:

        async def is_bootstrapped() -> bool:
            agent.token = (await agent.ask("/v1/acl/bootstrap", "PUT"))["SecretID"]
            return True

        await until(is_bootstrapped, within=PATIENCE)
        await agent.ask("/v1/agent/token/agent", "PUT", {"Token": agent.token})
        yield agent


async def token_for(agent: Agent, rules: str) -> str:
    """A new token that may do what the rules say."""
    policy = await agent.ask("/v1/acl/policy", "PUT", {"Name": f"policy-{uuid.uuid4()}", "Rules": rules})
    token = await agent.ask("/v1/acl/token", "PUT", {"Policies": [{"ID": policy["ID"]}]})
    secret: str = token["SecretID"]
    return secret


async def test_a_token_that_may_write_the_service_is_enough(closed_agent: Agent, service: str) -> None:
    """Registering, looking after it and deregistering need `service:write` for the one name, and nothing else."""
    token = await token_for(closed_agent, f'service "{service}" {{ policy = "write" }}')
    settings = {"consul_address": closed_agent.address, "service_name": service, "consul_token": token}
    async with running_node(**settings):
        await until(lambda: closed_agent.has(service), within=SOON)
    assert await closed_agent.passing(service) == []


async def test_the_datacenter_needs_to_read_the_agent(closed_agent: Agent, service: str) -> None:
    """`consul_datacenter` asks the agent about itself, which takes `agent:read` besides."""
    rules = f'service "{service}" {{ policy = "write" }} agent_prefix "" {{ policy = "read" }}'
    settings = {"consul_address": closed_agent.address, "service_name": service, "consul_datacenter": "dc1"}
    async with running_node(**settings, consul_token=await token_for(closed_agent, rules)):
        await until(lambda: closed_agent.has(service), within=SOON)


@pytest.mark.parametrize("kind", ["unknown", "of another service", "none"])
async def test_a_wrong_token(closed_agent: Agent, service: str, warnings_of, kind: str) -> None:
    """A token that is refused is one line in the log and a warning; the node serves, and the token is nowhere told."""
    token = str(uuid.uuid4())
    if kind == "of another service":
        token = await token_for(closed_agent, 'service "another" { policy = "write" }')
    given = {} if kind == "none" else {"consul_token": token}
    async with running_node(consul_address=closed_agent.address, service_name=service, **given) as node:

        async def warns() -> bool:
            return bool(warnings_of())

        await until(warns, within=SOON)
        await asyncio.sleep(1.5)  # time for several attempts, of which only the first is told
        (line,) = warnings_of()
        assert line.startswith("consul: CRUD_CONSUL_TOKEN ")
        assert ("must be set" if kind == "none" else "is refused") in line
        answer = await fetch(node.http_port, "GET", "/readyz?verbose")
        assert (answer.status, answer.json["warnings"]) == (200, [line])
        assert token not in answer.body.decode() + line
        assert (await fetch(node.http_port, "GET", "/readyz")).status == 200
    assert await closed_agent.passing(service) == []


async def test_the_agent_does_deny(closed_agent: Agent) -> None:
    """The agent of these tests lets nobody in without a token, so what they show is shown."""
    allowed, closed_agent.token = closed_agent.token, ""
    try:
        with pytest.raises(HTTPError):
            await closed_agent.ask("/v1/agent/self")
    finally:
        closed_agent.token = allowed
