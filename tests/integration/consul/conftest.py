"""One agent for all tests that leave it running, and a service name for each test."""

import itertools
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.integration.consul.agent import Agent, running_agent

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="session")
async def shared_agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agent]:
    """An agent that no test stops."""
    async with running_agent(tmp_path_factory.mktemp("consul")) as agent:
        yield agent


@pytest.fixture
def service() -> str:
    """A service name that no other test uses."""
    return f"service-{next(_numbers)}"


@pytest.fixture
def warnings_of(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the node has logged about Consul so far, but for the hint about loopback addresses."""
    caplog.set_level("INFO", logger="crud_service")

    def lines() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.getMessage().startswith("consul: ")]

    return lines
