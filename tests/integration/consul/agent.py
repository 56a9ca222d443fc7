"""A real Consul agent, as a server of its own datacenter: on free ports, in memory, and never left behind."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 30.0
_PORTS = ("http", "dns", "server", "serf_lan")


def consul_program() -> str:
    """The path of Consul. Without one: a failure in CI, a skip with the reason elsewhere."""
    done = _fetched()
    if done.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(done.stderr.strip())
    return done.stdout.strip()


class Agent:
    """One agent. Its ports stay the same when it is stopped and started again; what it knew is lost."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        ports = {**self.ports, "https": -1, "grpc": -1, "serf_wan": -1, **config.pop("ports", {})}
        self.file = folder / f"consul-{self.ports['http']}.json"
        self.file.write_text(json.dumps({"ports": ports, "disable_update_check": True, **config}))
        self.has_acl = "acl" in config
        self.token = ""
        """What the test itself asks with."""
        self._process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        """Where it answers HTTP."""
        return f"127.0.0.1:{self.ports['http']}"

    async def start(self) -> None:
        """Start it, empty, and wait until its cluster has a leader and the agent itself is in the catalog."""
        await self.launch()
        await until(self._is_up, within=PATIENCE)

    async def launch(self) -> None:
        """Start it, empty, and do not wait."""
        with self.file.with_suffix(".log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                consul_program(), "agent", "-dev", f"-config-file={self.file}", stdout=log, stderr=log
            )

    async def stop(self) -> None:
        """Kill it: it says good-bye to nobody."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self._process
        self._process.send_signal(number)

    async def ask(self, target: str, verb: str = "GET", body: Any = None) -> Any:
        """One request to its HTTP API, and the JSON that comes."""
        request = Request(
            f"http://{self.address}{target}",
            None if body is None else json.dumps(body).encode(),
            {"x-consul-token": self.token} if self.token else {},
            method=verb,
        )
        answer = await asyncio.to_thread(_exchange, request)
        return json.loads(answer) if answer else None

    async def passing(self, service: str) -> list[dict[str, Any]]:
        """What a client gets who looks for healthy nodes of a service."""
        found: list[dict[str, Any]] = await self.ask(f"/v1/health/service/{service}?passing")
        return found

    async def checks(self, service: str) -> dict[str, dict[str, Any]]:
        """The checks of a service with one node, by their names, as they came out last."""
        chosen = quote(f'ServiceName == "{service}"')
        return {check["Name"]: check for check in (await self.ask(f"/v1/agent/checks?filter={chosen}")).values()}

    async def has(self, service: str, count: int = 1) -> bool:
        """Whether a client finds so many healthy nodes of a service."""
        return len(await self.passing(service)) == count

    async def _is_up(self) -> bool:
        if await self.ask("/v1/status/leader") == "":
            return False
        # With ACLs nobody sees the catalog yet.
        return self.has_acl or bool(await self.ask("/v1/catalog/nodes"))


@asynccontextmanager
async def running_agent(folder: Path, **config: Any) -> AsyncIterator[Agent]:
    """An agent with this configuration over that of `-dev`. It is killed at the end of the block."""
    agent = Agent(folder, config)
    try:
        await agent.start()
        yield agent
    finally:
        await agent.stop()


async def until(holds: Callable[[], Awaitable[bool]], *, within: float) -> float:
    """Ask until something holds; how many seconds that took. A refused or cut connection is a no."""
    start = time.monotonic()
    while True:
        try:
            if await holds():
                return time.monotonic() - start
        except (OSError, EOFError):
            pass
        assert time.monotonic() - start < within, f"not within {within} s: {holds}"
        await asyncio.sleep(0.05)


@cache
def _fetched() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts" / "fetch_consul"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _exchange(request: Request) -> bytes:
    with urlopen(request, timeout=PATIENCE) as answer:
        body: bytes = answer.read()
        return body


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
