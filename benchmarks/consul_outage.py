"""What an outage of Consul costs the callers of a node: 200 calls a second with the agent there, and without it.

Usage: .venv/bin/python benchmarks/consul_outage.py [SECONDS [ROUNDS]]    of each phase, 30, and 3 rounds unless told

Prints failures and latencies of each phase, how long the node was missing after the agent's return, and the median of
the rounds' ratios of p99 between away and there. Needs the packages for tests, and a Consul (scripts/fetch_consul).
"""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.server_process import running_server  # noqa: E402 - the path comes first
from tests.integration.consul.agent import Agent, running_agent, until  # noqa: E402

RATE = 200
WARM_UP = 3


async def main(seconds: float, rounds: int) -> None:
    """Round after round against one node."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with running_agent(folder) as agent, node(agent, folder) as records:
            await measure(records, WARM_UP)
            ratios = [await outage(agent, records, seconds) for _ in range(rounds)]
    print(f"p99 away / there, median of {rounds}: {statistics.median(ratios):.2f}")


async def outage(agent: Agent, records: str, seconds: float) -> float:
    """One phase with the agent and one without; the ratio of their p99."""
    there = report("there", *await measure(records, seconds))
    await agent.stop()
    away = report("away", *await measure(records, seconds))
    await agent.launch()
    back = await until(lambda: agent.has("outage"), within=60)
    print(f"back   in the catalog {back:.1f} s after the agent was started again, empty", flush=True)
    return away / there


def report(phase: str, failed: int, latencies: list[float]) -> float:
    """Say how a phase went; its p99."""
    p50, p99 = (statistics.quantiles(latencies, n=100)[part - 1] for part in (50, 99))
    print(f"{phase:6} {len(latencies)} calls, {failed} failed, p50 {p50:.2f} ms, p99 {p99:.2f} ms", flush=True)
    return p99


@asynccontextmanager
async def node(agent: Agent, folder: Path) -> AsyncIterator[str]:
    """A node that is registered; where its records are."""
    settings = {"CRUD_CONSUL_ADDRESS": agent.address, "CRUD_SERVICE_NAME": "outage"}
    async with running_server(folder=folder, settings=settings) as server:
        await until(lambda: agent.has("outage"), within=30)
        yield f"http://127.0.0.1:{server.http_port}/v1/collections/notes/records"
        await server.stop()


async def measure(records: str, seconds: float) -> tuple[int, list[float]]:
    """Failures, and latencies in milliseconds from the moment at which each call was due: half creates, half lists."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    failed = 0

    async def call(number: int, due: float) -> None:
        nonlocal failed
        try:
            verb, body, expected = ("POST", b'{"name": "a"}', 201) if number % 2 else ("GET", None, 200)
            async with session.request(verb, f"{records}?pageSize=5" if body is None else records, data=body) as answer:
                await answer.read()
                failed += answer.status != expected
        except aiohttp.ClientError:
            failed += 1
        latencies.append((loop.time() - due) * 1000)

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as calls:
        start = loop.time()
        for number in range(int(seconds * RATE)):
            due = start + number / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))
            calls.create_task(call(number, due))
    return failed, latencies


if __name__ == "__main__":
    given = [float(argument) for argument in sys.argv[1:]]
    asyncio.run(main(given[0] if given else 30, int(given[1]) if given[1:] else 3))
