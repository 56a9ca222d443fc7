"""A node and an agent that speaks TLS and asks for a certificate."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from crud_service.bootstrap import Node
from crud_service.model.errors import StartError
from crud_service.settings import Settings
from crud_service.testing.node import running_node
from tests.integration.api.http_client import fetch
from tests.integration.consul.agent import Agent, consul_program, free_ports, running_agent, until

pytestmark = pytest.mark.timeout(300)
SOON = 6.0
CA, CERT, KEY = "consul-agent-ca.pem", "dc1-client-consul-0.pem", "dc1-client-consul-0-key.pem"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, and certificates of it for the agent and for a node."""
    folder = tmp_path_factory.mktemp("tls")
    for command in ("ca create", "cert create -server", "cert create -client"):
        arguments = [consul_program(), "tls", *command.split()]
        subprocess.run(arguments, cwd=folder, check=True, capture_output=True)
    return folder


@pytest_asyncio.fixture(scope="module")
async def tls_agent(files: Path) -> AsyncIterator[Agent]:
    """An agent whose HTTPS takes only clients with a certificate of the authority."""
    config = {
        "ports": {"https": free_ports(1)[0]},
        "verify_incoming_https": True,
        "ca_file": str(files / CA),
        "cert_file": str(files / "dc1-server-consul-0.pem"),
        "key_file": str(files / "dc1-server-consul-0-key.pem"),
    }
    async with running_agent(files, **config) as agent:
        agent.ports["https"] = config["ports"]["https"]
        yield agent


async def test_both_sides_are_known(tls_agent: Agent, files: Path, service: str) -> None:
    """With the authority, a certificate and its key, a node registers over TLS."""
    settings = {
        "consul_address": f"https://localhost:{tls_agent.ports['https']}",
        "consul_ca_file": str(files / CA),
        "consul_cert_file": str(files / CERT),
        "consul_key_file": str(files / KEY),
        "service_name": service,
    }
    async with running_node(**settings):
        await until(lambda: tls_agent.has(service), within=SOON)
    assert await tls_agent.passing(service) == []


@pytest.mark.parametrize("given", [{}, {"consul_ca_file": CA}])
async def test_an_unknown_side(tls_agent: Agent, files: Path, service: str, warnings_of, given: dict[str, str]) -> None:
    """An agent that the node does not trust, or that does not trust the node, is a warning; the node serves."""
    settings = {name: str(files / file) for name, file in given.items()}
    address = f"https://localhost:{tls_agent.ports['https']}"
    async with running_node(consul_address=address, service_name=service, **settings) as node:

        async def warns() -> bool:
            return bool(warnings_of())

        await until(warns, within=SOON)
        assert (await fetch(node.http_port, "GET", "/readyz")).status == 200
        assert await tls_agent.passing(service) == []


async def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """A file that is not there, or is no certificate, stops the start with a line that names it."""
    (tmp_path / "no.pem").write_text("this is no certificate")
    for name in ("missing.pem", "no.pem"):
        settings = Settings(consul_address="https://localhost:1", consul_ca_file=str(tmp_path / name))
        async with Node(settings) as node:
            with pytest.raises(StartError, match=name):
                await node.register()
