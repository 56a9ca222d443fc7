"""What watchers cost a node, and how late they are: many that are idle, one on a quiet node, many at many writes.

Usage: .venv/bin/python benchmarks/watch_fanout.py [SECONDS [WATCHERS [RATE]]]    10, 200 and 200 a second unless told

A delivery is timed from the moment at which the write was due to be sent until a watcher has its event, so it contains
the commit. One watcher in ten is timed, the others are counted: every event must have come to each. The clients run in
a process of their own, and take a part of the machine that grows with the events. Nothing is written down.
"""

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.server_process import Server, running_server  # noqa: E402 - the path comes first
from tests.integration.api.http_client import HttpConnection, connect  # noqa: E402

RECORDS = "/v1/collections/notes/records"
WATCH = f"GET {RECORDS}:watch HTTP/1.1\r\nhost: node\r\naccept: text/event-stream\r\n\r\n".encode()
DUE = re.compile(rb'"name":"due (\d+)"')
WRITERS, IDLE, QUIET_RATE = 16, 1_000, 20


async def main(seconds: float, watchers: int, rate: int) -> None:
    """One node for idle watchers, another one for those that are told something."""
    with tempfile.TemporaryDirectory() as name:
        async with node(Path(name)) as server:
            await idle(server)
    with tempfile.TemporaryDirectory() as name:
        async with node(Path(name)) as server:
            await deliver(server, "one watcher, quiet node", 1, QUIET_RATE, seconds)
            await deliver(server, f"{watchers} watchers", watchers, rate, seconds)


@asynccontextmanager
async def node(folder: Path) -> AsyncIterator[Server]:
    """A node that has served for a moment."""
    async with running_server(folder=folder, settings={"CRUD_LOG_LEVEL": "warning"}) as server:
        await write(server, QUIET_RATE, 2)
        yield server


async def idle(server: Server) -> None:
    """What a watcher takes that is told nothing, twice, since the first ones also fill what is kept for later ones."""
    for attempt in ("first", "again"):
        before = resident_kib(server)
        opened = await watch(server, IDLE)
        await asyncio.sleep(6)  # until each has had a bookmark of its own
        each = (resident_kib(server) - before) / IDLE
        print(f"{IDLE} idle watchers ({attempt}): {each:.1f} KiB each, from {before / 1024:.1f} MiB", flush=True)
        for watcher in opened:
            watcher.close()
        await asyncio.sleep(1)


async def deliver(server: Server, what: str, watchers: int, rate: int, seconds: float) -> None:
    """Write at a steady rate, and tell how late the events came."""
    opened = await watch(server, watchers)
    memory, processor, own, start = resident_kib(server), busy(server.pid), time.process_time(), time.monotonic()
    sent = await write(server, rate, seconds)
    async with asyncio.timeout(120):
        while min(watcher.count for watcher in opened) < sent:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)
    lasted = time.monotonic() - start
    processor, own = busy(server.pid) - processor, time.process_time() - own
    late = [each for watcher in opened for each in watcher.late]
    cuts = statistics.quantiles(late, n=100)
    print(
        f"{what} at {rate} writes/s: {sent} writes, all told to each; "
        f"delivery p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, longest {max(late):.1f} ms; "
        f"node {processor / lasted:.0%} and clients {own / lasted:.0%} of a processor, "
        f"node {processor * 1e6 / (sent * watchers):.0f} us a delivery; "
        f"memory {memory / 1024:.1f} MiB before, {resident_kib(server) / 1024:.1f} MiB after",
        flush=True,
    )
    for watcher in opened:
        watcher.close()
    await asyncio.sleep(0.5)


class Watcher(asyncio.Protocol):
    """Counts the changes it is told; if `is_timed` it also keeps by how many milliseconds each was late."""

    def __init__(self, is_timed: bool) -> None:
        self.is_timed = is_timed
        self.began = asyncio.get_running_loop().create_future()
        self.count = 0
        self.late: list[float] = []
        self._rest = b""
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the watch."""
        self._transport = transport
        transport.write(WATCH)

    def data_received(self, data: bytes) -> None:
        """Take what has come; the end of it may be half an event."""
        now = time.monotonic_ns()
        data = self._rest + data
        whole = data.rfind(b"\n\n") + 1
        self._rest = data[whole:]
        self.count += data.count(b"event: change\n", 0, whole)
        if self.is_timed:
            self.late += [(now - int(due)) / 1e6 for due in DUE.findall(data, 0, whole)]
        if not self.began.done() and b"event: bookmark\n" in data:
            self.began.set_result(None)

    def close(self) -> None:
        """Leave."""
        self._transport.abort()


async def watch(server: Server, count: int) -> list[Watcher]:
    """So many watchers, each with its first bookmark."""
    opened: list[Watcher] = []
    for number in range(count):
        loop = asyncio.get_running_loop()
        is_timed = number % 10 == 0
        _, watcher = await loop.create_connection(
            lambda is_timed=is_timed: Watcher(is_timed), "127.0.0.1", server.http_port
        )
        opened.append(watcher)
        await asyncio.wait_for(watcher.began, 20)
    return opened


async def write(server: Server, rate: int, seconds: float) -> int:
    """Create records at a steady rate, whatever becomes of the ones before; how many."""
    connections = [await connect(server.http_port) for _ in range(WRITERS)]
    free: asyncio.Queue[HttpConnection] = asyncio.Queue()
    for each in connections:
        free.put_nowait(each)
    start, total = time.monotonic_ns(), int(rate * seconds)

    async def create(due: int) -> None:
        connection = await free.get()
        body = b'{"name": "due %d", "tags": ["fan", "out"], "content": {"text": "%b"}}' % (due, 200 * b"x")
        answer = await connection.request("POST", RECORDS, body)
        assert answer.status == 201, answer
        free.put_nowait(connection)

    async with asyncio.TaskGroup() as calls:
        for number in range(total):
            due = start + number * 1_000_000_000 // rate
            await asyncio.sleep(max(0.0, (due - time.monotonic_ns()) / 1e9))
            calls.create_task(create(due))
    for each in connections:
        await each.close()
    return total


def resident_kib(server: Server) -> int:
    """What the node has in memory."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def busy(pid: int) -> float:
    """Seconds of a processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    given = sys.argv[1:] + ["10", "200", "200"][len(sys.argv) - 1 :]
    uvloop.run(main(float(given[0]), int(given[1]), int(given[2])))
