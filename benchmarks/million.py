"""Many rows into a node and out of it: how quick, what memory it takes, and what others wait for meanwhile.

Usage: .venv/bin/python benchmarks/million.py [ROWS]    1,000,000 unless told

Imports rows over HTTP as one chunked body, then exports them, and says for each the rows a second, the resident memory
of the node at each tenth of the way, and the latencies of a get every 20 ms. Nothing is written down.
"""

import asyncio
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parent / "run"))

from payload import record_json
from rounds import temporary_folder
from systems import SERVICE, Node, start_service

PAUSE = 0.02
PIECE = 1_000
assert SERVICE.http is not None
RECORDS = SERVICE.http.records


class Phase:
    """How far one phase has come, and what was seen on the way."""

    def __init__(self, name: str, node: Node, rows: int) -> None:
        self.name = name
        self._node = node
        self._rows = rows
        self._begin = asyncio.get_running_loop().time()
        self._memory = [node.process.memory()[0]]
        self.latencies: list[float] = []

    def reached(self, rows: int) -> None:
        """So many rows have gone over the wire."""
        if rows * 10 // self._rows >= len(self._memory):
            self._memory.append(self._node.process.memory()[0])

    def report(self) -> None:
        """Say how it went."""
        seconds = asyncio.get_running_loop().time() - self._begin
        cuts = statistics.quantiles(self.latencies, n=100)
        print(f"{self.name}: {self._rows:,} rows in {seconds:.1f} s, {self._rows / seconds:,.0f} a second")
        print(f"  resident MB at each tenth: {', '.join(f'{each:.0f}' for each in self._memory)}")
        slowest = max(self.latencies)
        print(f"  gets meanwhile: p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, slowest {slowest:.0f} ms", flush=True)


async def main(rows: int) -> None:
    """Import, then export."""
    with temporary_folder() as folder:
        node = start_service(folder)
        with node.process:
            async with aiohttp.ClientSession(f"http://{node.http}", read_bufsize=1 << 20) as session:
                for name, work in (("import", import_rows), ("export", export_rows)):
                    phase = Phase(name, node, rows)
                    await beside(session, phase, lambda phase=phase, work=work: work(session, phase, rows))
                    phase.report()


async def import_rows(session: aiohttp.ClientSession, phase: Phase, rows: int) -> None:
    """One import of so many rows."""
    piece = (record_json() + b"\n") * PIECE

    async def body() -> AsyncIterator[bytes]:
        for sent in range(PIECE, rows + 1, PIECE):
            yield piece
            phase.reached(sent)

    headers = {"content-type": "application/x-ndjson"}
    timeout = aiohttp.ClientTimeout(total=None)
    async with session.post(f"{RECORDS}:import", data=body(), headers=headers, timeout=timeout) as reply:
        told = await reply.json()
        assert told.get("importedCount") == str(rows), told


async def export_rows(session: aiohttp.ClientSession, phase: Phase, rows: int) -> None:
    """One export, whose lines are counted."""
    seen = 0
    timeout = aiohttp.ClientTimeout(total=None)
    headers = {"accept": "application/x-ndjson"}
    async with session.get(f"{RECORDS}:export", headers=headers, timeout=timeout) as reply:
        async for piece in reply.content.iter_any():
            seen += piece.count(b"\n")
            phase.reached(seen)
    assert seen >= rows, f"{seen} lines"


async def beside(session: aiohttp.ClientSession, phase: Phase, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work, and meanwhile get one record again and again."""
    async with session.post(RECORDS, data=record_json(), headers={"content-type": "application/json"}) as reply:
        path = f"/v1/{(await reply.json())['path']}"
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work())
    while not task.done():
        begin = loop.time()
        async with session.get(path) as reply:
            await reply.read()
        phase.latencies.append((loop.time() - begin) * 1000)
        await asyncio.sleep(PAUSE)
    await task


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000))
