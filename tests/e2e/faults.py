"""Making the faults that the guide for operators lists, each at a real node."""

import asyncio
import json
import resource
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.server_process import Server, running_server
from tests.e2e.watch_faces import follow
from tests.integration.api.http_client import connected, fetch

_CREATE = "/v1/collections/faults/records"
PLANTED = """
import os, signal, time

def block(*_):
    time.sleep(0.6)

def ahead(shift, clock=time.time_ns):
    return lambda: clock() + shift

def jump(*_):
    time.time_ns = ahead(3_600_000_000_000)

signal.signal(signal.SIGUSR1, block)
signal.signal(signal.SIGUSR2, jump)
"""
"""What a process of Python's runs before all else: SIGUSR1 blocks its event loop, SIGUSR2 moves its wall clock."""


@dataclass
class Faulty:
    """A node to make a fault at."""

    server: Server
    folder: Path
    lines: int = 1
    """How many lines of the log the fault must have: one, or one for each call that it hits."""

    async def create(self, body: bytes = b"{}") -> int:
        """The status of a create."""
        return (await fetch(self.server.http_port, "POST", _CREATE, body)).status


Fault = Callable[[Faulty], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Made:
    """How to make a fault."""

    fault: Fault
    settings: dict[str, str] = field(default_factory=dict)
    needs_mount: bool = False


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the data file, as another program does that writes to it."""
    other = sqlite3.connect(folder / "crud.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


@asynccontextmanager
async def a_foreign_lock(node: Faulty) -> AsyncIterator[None]:
    with locked(node.folder):
        yield


@asynccontextmanager
async def a_full_disk(node: Faulty) -> AsyncIterator[None]:
    ballast = node.folder / "ballast"
    with pytest.raises(OSError, match="space"):
        ballast.write_bytes(b"x" * 9_000_000)
    assert await node.create(json.dumps({"content": {"text": "x" * 300_000}}).encode()) == 507
    yield
    ballast.unlink()


@asynccontextmanager
async def a_disk_that_takes_nothing(node: Faulty) -> AsyncIterator[None]:
    """The system refuses what goes past this size, as it refuses all with a disk that fails."""
    before = resource.prlimit(node.server.pid, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))
    assert await node.create(json.dumps({"content": {"text": "x" * 300_000}}).encode()) == 503
    yield
    resource.prlimit(node.server.pid, resource.RLIMIT_FSIZE, before)


@asynccontextmanager
async def nothing(node: Faulty) -> AsyncIterator[None]:
    """The fault is there from the start."""
    yield


def signalled(*numbers: signal.Signals, pause: float = 0) -> Fault:
    """Send these to the process, one after the other."""

    @asynccontextmanager
    async def fault(node: Faulty) -> AsyncIterator[None]:
        for number in numbers:
            node.server.send(number)
            await asyncio.sleep(pause)
        yield

    return fault


@asynccontextmanager
async def a_reader_that_stops(node: Faulty) -> AsyncIterator[None]:
    request = {"parent": "collections/faults", "startRevision": 1}
    assert await node.create() == 201
    watch = follow(node.server, "sse", request, {})
    await anext(watch)
    body = json.dumps({"content": {"text": "x" * 900_000}}).encode()
    for _ in range(12):
        assert await node.create(body) == 201
    yield
    await watch.aclose()


@asynccontextmanager
async def too_many_calls(node: Faulty) -> AsyncIterator[None]:
    with locked(node.folder):
        calls = [asyncio.create_task(node.create()) for _ in range(8)]
        await asyncio.wait(calls, timeout=0.5)
    statuses = await asyncio.gather(*calls)
    node.lines = statuses.count(503)
    assert 0 < node.lines < 8
    yield


@asynccontextmanager
async def an_unexpected_exception(node: Faulty) -> AsyncIterator[None]:
    other = sqlite3.connect(node.folder / "crud.db", isolation_level=None)
    other.execute("CREATE TRIGGER planted BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'planted'); END")
    assert await node.create() == 500
    other.execute("DROP TRIGGER planted")
    other.close()
    yield


@asynccontextmanager
async def few_file_descriptors(node: Faulty) -> AsyncIterator[None]:
    held = descriptors(node.server.pid)
    resource.prlimit(node.server.pid, resource.RLIMIT_NOFILE, (held + 20, held + 20))
    async with AsyncExitStack() as stack:
        for _ in range(12):
            opened = await stack.enter_async_context(connected(node.server.http_port))
            assert (await opened.request("GET", "/healthz")).status == 200
        yield


FAULTS = {
    "another process locks the data file": Made(a_foreign_lock),
    "the disk is full": Made(a_full_disk, needs_mount=True),
    "the disk takes no writes": Made(a_disk_that_takes_nothing),
    "Consul is down": Made(nothing, {"CRUD_CONSUL_ADDRESS": "127.0.0.1:1"}),
    "the wall clock jumps": Made(signalled(signal.SIGUSR2), {"CRUD_SWEEP_INTERVAL": "0.1"}),
    "a client does not read its watch": Made(a_reader_that_stops, {"CRUD_LIMIT_STALL_SECONDS": "0.5"}),
    "more calls come than the node can do": Made(
        too_many_calls,
        {"CRUD_ADMISSION_EXECUTING": "1", "CRUD_ADMISSION_EXECUTING_MIN": "1", "CRUD_ADMISSION_WAITING": "1"},
    ),
    "something blocks the event loop": Made(signalled(signal.SIGUSR1)),
    "the process is paused": Made(signalled(signal.SIGSTOP, signal.SIGCONT, pause=0.6)),
    "an exception that nobody expected": Made(an_unexpected_exception),
    "file descriptors run out": Made(few_file_descriptors),
}


@asynccontextmanager
async def a_damaged_file(folder: Path) -> AsyncIterator[None]:
    (folder / "crud.db").write_bytes(b"not a database, not any more" * 100)
    yield


@asynccontextmanager
async def a_read_only_disk(folder: Path) -> AsyncIterator[None]:
    with mounted(folder, "ro"):
        yield


@asynccontextmanager
async def another_owner(folder: Path) -> AsyncIterator[None]:
    async with running_server(folder=folder):
        yield


FAULTS_AT_START = {
    "the data file is damaged": a_damaged_file,
    "the disk is read-only": a_read_only_disk,
    "another node has the data file": another_owner,
}


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small disk of its own, where the system lets the test have one."""
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("mounting needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def descriptors(pid: int) -> int:
    """How many file descriptors a process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
