"""A real server process: started as a user starts it, ready when its banner says so, and never left behind."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 4.5
"""Seconds from start to ready, at most: three times what is promised."""
_PATIENCE = 30
_LAST_LINE = "  Stop"
_ADDRESS = re.compile(r"127\.0\.0\.1:(\d+)")


@dataclass
class Server:
    """A server that runs. `seconds` is how long it took from start to ready."""

    process: asyncio.subprocess.Process
    banner: list[str]
    seconds: float
    _rest: "asyncio.Task[tuple[bytes, bytes]]" = field(repr=False)

    @property
    def http_port(self) -> int:
        """Where it listens for HTTP, as its banner says."""
        return self._port("HTTP")

    @property
    def grpc_port(self) -> int:
        """Where it listens for gRPC, as its banner says."""
        return self._port("gRPC")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self, within: float = _PATIENCE) -> tuple[int, str, str]:
        """Wait until it has ended: its exit code, and what it wrote on stdout after the banner, and on stderr."""
        out, err = await asyncio.wait_for(asyncio.shield(self._rest), within)
        return await self.process.wait(), out.decode(), err.decode()

    async def stop(self) -> tuple[int, str, str]:
        """Tell it to stop, and wait until it has."""
        self.send(signal.SIGTERM)
        return await self.ended()

    def _port(self, label: str) -> int:
        line = next(each for each in self.banner if each.split()[0] == label)
        found = _ADDRESS.search(line)
        assert found, line
        return int(found[1])


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """An environment with these settings and no others. Without events of the node, revision 1 is the test's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CRUD_", "GRPC_"))}
    return kept | {"PYTHONDONTWRITEBYTECODE": "", "CRUD_NODE_EVENTS": "false"} | settings


async def launch(
    *arguments: str, folder: Path, settings: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """`python cmd/server` with these arguments, in `folder`."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "cmd" / "server"),
        *arguments,
        cwd=folder,
        env=environment(settings or {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )


@asynccontextmanager
async def running_server(
    *arguments: str, folder: Path, store: str = "", settings: Mapping[str, str] | None = None
) -> AsyncIterator[Server]:
    """A server on free ports with its data in `folder`, ready. If it still runs after the block, it is killed."""
    chosen = {
        "CRUD_HTTP_ADDRESS": "127.0.0.1:0",
        "CRUD_GRPC_ADDRESS": "127.0.0.1:0",
        "CRUD_STORE": store or f"sqlite:///{folder}/crud.db",
        **(settings or {}),
    }
    start = perf_counter()
    process = await launch(*arguments, folder=folder, settings=chosen)
    rest: asyncio.Task[tuple[bytes, bytes]] | None = None
    try:
        banner = await asyncio.wait_for(_banner(process), _PATIENCE)
        seconds = perf_counter() - start
        rest = asyncio.create_task(_rest(process))
        yield Server(process, banner, seconds, rest)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if rest is not None:
            await rest


async def failed_start(
    *arguments: str, folder: Path, settings: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """A start that ends by itself: its exit code, and what it wrote on stdout and stderr."""
    process = await launch(*arguments, folder=folder, settings=settings)
    try:
        out, err = await asyncio.wait_for(process.communicate(), _PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(), err.decode()


async def _banner(process: asyncio.subprocess.Process) -> list[str]:
    assert process.stdout
    assert process.stderr
    lines: list[str] = []
    while not lines or not lines[-1].startswith(_LAST_LINE):
        line = await process.stdout.readline()
        if not line:
            raise AssertionError(f"the server ended: {lines} {(await process.stderr.read()).decode()}")
        lines.append(line.decode().rstrip("\n"))
    return lines


async def _rest(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    assert process.stdout
    assert process.stderr
    return await asyncio.gather(process.stdout.read(), process.stderr.read())
