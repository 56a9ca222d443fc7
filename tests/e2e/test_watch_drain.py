"""A node that stops ends each watch with a place to resume from, at once; nothing is lost or told twice on the way."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

from tests.e2e.clients import answered, grpc_client, http_client
from tests.e2e.server_process import Server, running_server
from tests.e2e.watch_faces import Ended, Message, Told, follow, told
from tests.e2e.watch_model import whole_log
from tests.integration.parity.transports import Json, Transport

_PARENT = "collections/drained"
_FACES = ["grpc", "sse", "ndjson"] * 4
_WITHIN = 3.0
"""Seconds until a node with open watches has ended, of a grace of 30."""


class Client:
    """A watch, and what it was told up to the last token."""

    def __init__(self, face: str) -> None:
        self.face = face
        self.told: list[Told] = []
        self.last: Message | None = None
        self.reason = ""

    async def run(self, server: Server, ready: asyncio.Event, until: str = "") -> None:
        """Follow until the watch ends, or the record of the name `until` was told."""
        request: Json = {"parent": _PARENT}
        request |= {"resumeToken": self.last.token} if self.last else {"startRevision": 1}
        messages = follow(server, self.face, request, {})
        try:
            async for message in messages:
                self.told += message.changes
                self.last = message
                ready.set()
                if until and any(change.name == until for change in message.changes):
                    break
        except Ended as end:
            self.reason = end.reason
        finally:
            await messages.aclose()


async def test_drain(tmp_path: Path) -> None:
    """SIGTERM amid writes: each watch ends with a bookmark and SHUTTING_DOWN, the node soon, and clients go on."""
    clients = [Client(face) for face in _FACES]
    acknowledged: list[str] = []
    async with running_server(folder=tmp_path) as server:
        ready = [asyncio.Event() for _ in clients]
        watches = [asyncio.create_task(each.run(server, event)) for each, event in zip(clients, ready, strict=True)]
        await asyncio.wait_for(asyncio.gather(*(event.wait() for event in ready)), 20)
        enough = asyncio.Event()
        writers = [asyncio.create_task(_write(server, number, acknowledged, enough)) for number in range(4)]
        await asyncio.wait_for(enough.wait(), 20)
        start = perf_counter()
        code, _, err = await server.stop()
        seconds = perf_counter() - start
        await asyncio.wait_for(asyncio.gather(*watches, *writers), 20)
    assert (code, "Traceback" in err) == (0, False)
    assert seconds <= _WITHIN
    for each in clients:
        assert each.last is not None
        assert (each.reason, each.last.event, bool(each.last.token)) == ("SHUTTING_DOWN", "bookmark", True), each.face
        assert all(change.revision <= each.last.revision for change in each.told)
    await _resume(tmp_path, clients, acknowledged)


async def _resume(folder: Path, clients: list[Client], acknowledged: list[str]) -> None:
    """At the node that came back, each client is told what it does not have yet, and nothing else."""
    async with running_server(folder=folder) as server:
        async with http_client(server) as client:
            assert (await client.call("CreateRecord", {"parent": _PARENT, "record": {"name": "the last"}})).ok
        log = await whole_log(server)
        resumed = [each.run(server, asyncio.Event(), "the last") for each in clients]
        await asyncio.wait_for(asyncio.gather(*resumed), 20)
        assert (await server.stop())[0] == 0
    assert set(acknowledged) <= {change.name for change in told(log)}
    for each in clients:
        assert each.told == list(told(log)), f"{each.face}: not told what the log says"


async def _write(server: Server, number: int, acknowledged: list[str], enough: asyncio.Event) -> None:
    """Create records until the server does not answer any more."""
    async with AsyncExitStack() as stack:
        client: Transport = await stack.enter_async_context((http_client if number % 2 else grpc_client)(server))
        for count in range(1_000_000):
            name = f"{number}-{count}"
            outcome = await answered(client, "CreateRecord", {"parent": _PARENT, "record": {"name": name}})
            if outcome is None or outcome.reason == "SHUTTING_DOWN":
                return
            assert outcome.ok, outcome
            acknowledged.append(name)
            if len(acknowledged) >= 200:
                enough.set()
