"""Watches under fire: whatever is cut, killed, slow or resumed, each client is told exactly what the log says."""

import asyncio
import itertools
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.e2e.clients import answered, grpc_client, http_client
from tests.e2e.server_process import ROOT, Server, environment, running_server
from tests.e2e.watch_followers import Follower, Place
from tests.e2e.watch_model import FILTER, differences, whole_log
from tests.integration.parity.transports import Json, Transport

_WRITERS = 8
_COLLECTIONS = [f"collections/fire-{name}" for name in "abc"]
_SETTINGS = {"CRUD_LOG_LEVEL": "error", "CRUD_LIMIT_BOOKMARK_SECONDS": "0.5", "CRUD_LIMIT_STALL_SECONDS": "1"}
_PACE = 0.01
"""Seconds between two writes of a writer: 20 watchers and all clients share the machine with the server."""


@dataclass
class Book:
    """The states that clients were told they had written."""

    records: list[Json] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    until: int = 0

    def note(self, records: Sequence[Json]) -> None:
        """A write was acknowledged."""
        self.records += records
        if len(self.records) >= self.until:
            self.enough.set()


@pytest.mark.proof
@pytest.mark.timeout(600)
async def test_watch_under_fire(tmp_path: Path, proof: bool, record_property: Callable[[str, object], None]) -> None:
    """Each of 20 watchers is told what the log says, over kills; what was acknowledged is there once; all verifies."""
    kills, states, slow_seconds = (8, 1_200, 4.0) if proof else (2, 400, 1.5)
    book, place, followers = Book(), Place(), list(_followers(slow_seconds))
    following = [asyncio.create_task(each.run(place)) for each in followers]
    try:
        for cycle in range(kills):
            async with running_server(folder=tmp_path, settings=_SETTINGS) as server:
                place.up(server)
                await _load_and_kill(server, place, book, states, cycle)
        async with running_server(folder=tmp_path, settings=_SETTINGS) as server:
            place.up(server)
            log = await whole_log(server)
            place.last = int(log[-1]["revision"])
            _, late = await asyncio.wait(following, timeout=90 if proof else 20)
            stuck = [each.where(place.last) for each in followers if not each.is_done] if late else []
            assert (await server.stop())[0] == 0
    finally:
        for each in following:
            each.cancel()
        await asyncio.wait(following)
    assert [each.exception() for each in following if not each.cancelled() and each.exception()] == []
    assert stuck == [], "these did not reach the end of the log"
    assert [line for each in followers for line in differences(log, each)] == []
    assert list(_faults(log, book)) == []
    await _verify(tmp_path / "crud.db")
    ends = sum((each.ends for each in followers), Counter())
    record_property("changes", len(log))
    record_property("ends", dict(ends))
    print(f"{len(log)} changes, {len(book.records)} acknowledged states; watches ended: {dict(ends)}")  # noqa: T201 - the bar is a number to look at


def _followers(slow_seconds: float) -> Iterator[Follower]:
    """Twenty that differ in face, scope, filter and start; every fifth does not read for a while."""
    faces = ["grpc", "sse", "ndjson", "grpc", "sse", "ndjson", "list", "list-grpc"]
    starts: list[Json] = [{"startRevision": 1}, {"sendInitial": True}, {}]
    for number in range(20):
        face = faces[number % 8]
        is_list = face.startswith("list")
        request: Json = {"parent": "collections/-" if number % 2 else _COLLECTIONS[number % 3]}
        request |= {"startRevision": 1} if is_list else starts[number // 3 % 3]
        request |= {"filter": FILTER} if number % 4 == 1 else {}
        request |= {"includeOld": True} if number % 3 == 0 else {}
        request |= {"pageSize": 100 if number % 8 == 6 else 7} if is_list else {}
        slow = slow_seconds if number % 5 == 0 else 0.0
        yield Follower(f"watcher {number} ({face}, {request})", face, request, Random(number), slow)


async def _load_and_kill(server: Server, place: Place, book: Book, more: int, cycle: int) -> None:
    """Write over both transports until so many states are acknowledged, then kill in the middle of it."""
    book.enough.clear()
    book.until = len(book.records) + more
    async with AsyncExitStack() as stack:
        clients: list[Transport] = []
        for _ in range(_WRITERS // 2):
            clients.append(await stack.enter_async_context(grpc_client(server)))
            clients.append(await stack.enter_async_context(http_client(server)))
        writers = [asyncio.create_task(_write(each, book, f"{cycle}-{n}", n)) for n, each in enumerate(clients)]
        enough = asyncio.create_task(book.enough.wait())
        await asyncio.wait([enough, *writers], return_when=asyncio.FIRST_COMPLETED)
        assert enough.done(), [writer.exception() for writer in writers if writer.done()]
        place.down()
        server.send(signal.SIGKILL)
        await asyncio.gather(*writers)
    assert (await server.ended())[0] == -signal.SIGKILL


async def _write(client: Transport, book: Book, name: str, writer: int) -> None:
    """Create, change and delete records alone and in batches, until the server is gone."""
    chosen = Random(name)
    for number in itertools.count():
        for operation, request in _life(f"{name}-{number}", number + writer, chosen):
            outcome = await answered(client, operation, request)
            if outcome is None:
                return
            assert outcome.ok, outcome
            book.note(outcome.reply.get("records", [outcome.reply]))
            await asyncio.sleep(_PACE)


def _life(name: str, number: int, chosen: Random) -> Iterator[tuple[str, Json]]:
    """What is done to a few records; each state has a name of its own."""
    parent = chosen.choice(_COLLECTIONS)
    path = f"{parent}/records/{name}"

    def record(state: str, **fields: object) -> Json:
        tags = ["hot"] if chosen.random() < 0.5 else ["cold"]
        return {
            "name": f"{name} {state}",
            "tags": tags,
            "content": {"text": "x" * chosen.choice([10, 4_000, 20_000])},
            **fields,
        }

    if number % 40 == 39:  # with the states before, more than a message may hold: watches tell it in several
        large = {"text": "x" * 50_000}
        items = [{"recordId": f"{name}-{item}", "record": record(f"large {item}", content=large)} for item in range(36)]
        yield "BatchCreateRecords", {"parent": parent, "requests": items}
        items = [{"record": {"path": f"{path}-{item}", "name": f"{name} renamed {item}"}} for item in range(36)]
        yield "BatchUpdateRecords", {"parent": parent, "requests": items}
        return
    yield "CreateRecord", {"parent": parent, "recordId": name, "record": record("created")}
    for change in range(number % 3):
        yield "UpdateRecord", {"record": record(f"changed {change}", path=path)}
    if number % 3 == 0:
        yield "DeleteRecord", {"path": path}
    items = [{"recordId": f"{name}-{item}", "record": record(f"batch {item}")} for item in range(5)]
    yield "BatchCreateRecords", {"parent": parent, "requests": items}
    if number % 2:
        items = [{"record": record(f"again {item}", path=f"{path}-{item}")} for item in range(5)]
        yield "BatchUpdateRecords", {"parent": parent, "requests": items}
        yield "BatchDeleteRecords", {"parent": parent, "requests": [{"path": f"{path}-{item}"} for item in range(3)]}


def _faults(log: Sequence[Json], book: Book) -> Iterator[str]:
    """What is wrong with the log: entries that come twice, acknowledged states that are not there once."""
    entries = Counter((change["path"], change["version"]) for change in log)
    yield from (f"{count} entries for {key}" for key, count in entries.items() if count != 1)
    states = Counter(
        (change["path"], change["revision"], change["record"]["name"]) for change in log if change.get("record")
    )
    for record in book.records:
        count = states[record["path"], record["revision"], record["name"]]
        if count != 1:
            yield f"{record['path']} of revision {record['revision']} was acknowledged; the log has {count} entries"


async def _verify(file: Path) -> None:
    """`crud-admin verify` finds no difference."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "crud_service.commands", "--store", f"sqlite:///{file}", "verify"),
        cwd=ROOT,
        env=environment({}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    assert out.decode().rstrip().endswith("no difference")
