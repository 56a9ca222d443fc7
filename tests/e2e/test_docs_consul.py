"""What the page about Consul shows is what comes: its examples run against a node and a real agent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from crud_service.settings import Settings
from tests.e2e.documents import HTTP_ADDRESS, ROOT, examples, run_examples, served, table
from tests.integration.api.http_client import fetch
from tests.integration.consul.agent import Agent, running_agent, until
from tests.integration.consul.dns import ask

pytestmark = pytest.mark.timeout(300)
PAGE = (ROOT / "docs" / "how-to" / "consul.md").read_text()
MARKER = "<!-- not executed: needs a Consul agent; a test of its own runs it with one -->\n"
RUNNABLE = PAGE.replace(MARKER, "")


@pytest_asyncio.fixture(scope="module")
async def agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agent]:
    """An agent of the page's own: its examples make a prepared query."""
    async with running_agent(tmp_path_factory.mktemp("consul")) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def addresses(agent: Agent, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """A node as the page describes it, with a collection; where it and the agent are, by what the page calls them."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "crud.toml").write_text(f'service_name = "orders"\nconsul_address = "{agent.address}"\n')
    with served(folder) as found:
        port = int(found[HTTP_ADDRESS].rpartition(":")[2])
        assert (await fetch(port, "POST", "/v1/collections/invoices/records", b"{}")).status == 201

        async def is_listed() -> bool:
            entries = await agent.passing("orders")
            return bool(entries) and "collection-invoices" in entries[0]["Service"]["Tags"]

        await until(is_listed, within=30)
        yield found | {"127.0.0.1:8500": agent.address}


async def test_the_examples_run_and_show_what_comes(addresses: dict[str, str], tmp_path: Path) -> None:
    """A reader who follows the page from top to bottom sees what it shows."""
    assert len(examples(RUNNABLE)) == 5
    assert run_examples(tmp_path, RUNNABLE, addresses) == []


async def test_dns_answers_as_the_page_says(agent: Agent, addresses: dict[str, str]) -> None:
    """SRV has the port of gRPC, by name, tag and prepared query; an unknown tag has nothing."""
    grpc_port = int(addresses["127.0.0.1:50051"].rpartition(":")[2])
    port = agent.ports["dns"]
    for name in ("orders.service.consul", "collection-invoices.orders.service.consul"):
        assert [answer.port for answer in await ask(port, name, "SRV")] == [grpc_port]
    assert [answer.address for answer in await ask(port, "orders.service.consul", "A")] == ["127.0.0.1"]
    assert await ask(port, "collection-other.orders.service.consul", "SRV") == []
    query = {"Name": "dns", "Service": {"Service": "orders", "OnlyPassing": True, "Tags": ["collection-invoices"]}}
    await agent.ask("/v1/query", "POST", query)
    assert [answer.port for answer in await ask(port, "dns.query.consul", "SRV")] == [grpc_port]


def test_the_page_has_every_setting() -> None:
    """The table has each setting about registration, in the order of the code."""
    about = ("service_name", "advertise_address", "consul_", "drain_wait")
    assert [row[0] for row in table(PAGE, "All settings")] == [
        name for name in Settings.model_fields if name.startswith(about)
    ]
