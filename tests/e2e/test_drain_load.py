"""A node that is stopped and started under load: clients as the documents configure them notice nothing of it."""

import ast
import asyncio
import itertools
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, uniform
from time import perf_counter
from typing import Any

import grpc.aio
import pytest

from tests.e2e.documents import ROOT, blocks
from tests.e2e.server_process import Server, running_server
from tests.e2e.watch_followers import Follower, Place
from tests.e2e.watch_model import differences, whole_log
from tests.integration.api.http_client import fetch
from tests.integration.parity.transports import GrpcTransport, HttpTransport, Json, Outcome

_PAGE = ROOT / "docs" / "reference" / "client-configuration.md"
_PARENT = "collections/drain-load"
_TALLY = f"{_PARENT}/records/tally"
_GRACE = 10.0
_ENDINGS = ["SIGTERM", "DrainNode", "SIGKILL"]
"""How a node ends: told to; drained first; and, which is no drain but what clients must outlive as well, at once."""
_SETTINGS = {"CRUD_LOG_LEVEL": "warning", "CRUD_SHUTDOWN_GRACE": f"{_GRACE:g}", "CRUD_LIMIT_BOOKMARK_SECONDS": "0.5"}
_PACE = 0.003
"""Seconds between two calls of a client: server and clients share the machine."""

Send = Callable[[str, Json], Awaitable[Json]]
"""Carries out an operation, whatever that takes: the reply. Raises when it has failed for the client."""


@dataclass
class Book:
    """What clients were answered."""

    created: dict[str, Json] = field(default_factory=dict)
    """The records by name."""
    increments: int = 0
    calls: int = 0
    is_over: bool = False
    slowest: float = 0.0
    """Seconds of the longest call, restarts included."""
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, seconds: float) -> None:
        """A call was answered."""
        self.calls += 1
        self.slowest = max(self.slowest, seconds)
        self._moved.set()

    async def more(self, count: int) -> None:
        """Wait until so many more calls were answered."""
        until = self.calls + count
        while self.calls < until:
            self._moved.clear()
            await self._moved.wait()


@pytest.mark.proof
@pytest.mark.timeout(600)
async def test_restarts_under_load(tmp_path: Path, proof: bool, record_property: Callable[[str, object], None]) -> None:
    """However a node ends, no call fails over its restart, nothing is lost or doubled, and watches are whole."""
    book, place, followers = Book(), Place(), list(_followers())
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_server(folder=tmp_path, settings=_SETTINGS))
        ports = _ports(server)
        place.up(server)
        sends = [await stack.enter_async_context(each(server)) for each in (_grpc, _grpc, _keep_alive, _keep_alive)]
        sends += [_published(server), _published(server)]
        tally = {"parent": _PARENT, "recordId": "tally", "record": {"content": {"n": 0}}, "requestId": "tally"}
        await sends[0]("CreateRecord", tally)
        following = stack.enter_context(_running([each.run(place) for each in followers]))
        working = stack.enter_context(_running([_work(send, str(n), book) for n, send in enumerate(sends)]))
        for ending in _ENDINGS * (7 if proof else 1):
            await _calls(book, 150, working)
            await _leave(server, place, ending, lambda: _calls(book, 20, working))
            server = await stack.enter_async_context(running_server(folder=tmp_path, settings=_SETTINGS | ports))
            place.up(server)
        await _calls(book, 150, working)
        book.is_over = True
        await asyncio.wait_for(asyncio.gather(*working), 30)
        log = await whole_log(server)
        place.last = int(log[-1]["revision"])
        await asyncio.wait(following, timeout=30)
        assert [each.where(place.last) for each in followers if not each.is_done] == []
        assert (await server.stop())[0] == 0
    assert [line for each in followers for line in differences(log, each)] == []
    assert sum((each.ends for each in followers), Counter())["SHUTTING_DOWN"] > 0
    _check(log, book)
    record_property("calls", book.calls)
    print(f"{book.calls} calls, none failed; the slowest took {book.slowest:.2f} s")  # noqa: T201 - a number to look at


@contextmanager
def _running(work: Iterable[Coroutine[Any, Any, None]]) -> Iterator[list[asyncio.Task[None]]]:
    """These, as tasks that do not outlive the test."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield tasks
    finally:
        for each in tasks:
            each.cancel()


def _followers() -> Iterator[Follower]:
    """Watches and lists of changes over both transports, of all that is written."""
    for number, face in enumerate(["grpc", "sse", "ndjson", "list", "grpc", "sse"]):
        request = {"parent": _PARENT, "startRevision": 1}
        yield Follower(f"watcher {number} ({face})", face, request, Random(number))


def _ports(server: Server) -> Json:
    """The settings with which the next process listens where this one did."""
    return {
        "CRUD_HTTP_ADDRESS": f"127.0.0.1:{server.http_port}",
        "CRUD_GRPC_ADDRESS": f"127.0.0.1:{server.grpc_port}",
    }


async def _calls(book: Book, count: int, working: list[asyncio.Task[None]]) -> None:
    """Wait until so many more calls were answered. A client that has failed fails the test at once."""
    more = asyncio.create_task(book.more(count))
    done, _ = await asyncio.wait([more, *working], return_when=asyncio.FIRST_COMPLETED, timeout=30)
    more.cancel()
    assert done == {more}, [each.exception() for each in done if each is not more] or "no call comes to an end"


async def _leave(server: Server, place: Place, ending: str, more_calls: Callable[[], Awaitable[None]]) -> None:
    """End the node amid all calls. Unless it is killed, it ends in order, long before its grace is over."""
    if ending == "DrainNode":
        assert (await fetch(server.http_port, "POST", "/v1/node:drain", b"{}")).json["draining"] is True
        assert (await fetch(server.http_port, "GET", "/readyz")).status == 503
        await more_calls()  # over HTTP, whose clients here look at no health
    place.down()
    start = perf_counter()
    if ending == "SIGKILL":
        server.send(signal.SIGKILL)
        assert (await server.ended())[0] == -signal.SIGKILL
        return
    code, _, err = await server.stop()
    assert (code, [line for line in err.splitlines() if '"level":"error"' in line or "Traceback" in line]) == (0, [])
    assert perf_counter() - start < _GRACE


async def _work(send: Send, name: str, book: Book) -> None:
    """Create a record, read it, count it, one after the other, until it is over."""

    async def answered(operation: str, request: Json) -> Json:
        start = perf_counter()
        reply = await send(operation, request)
        book.note(perf_counter() - start)
        await asyncio.sleep(_PACE)
        return reply

    for number in itertools.count():
        if book.is_over:
            return
        key = f"{name}-{number}"
        created = await answered("CreateRecord", {"parent": _PARENT, "record": {"name": key}, "requestId": f"c-{key}"})
        book.created[key] = created
        assert await answered("GetRecord", {"path": created["path"]}) == created
        transforms = [{"field": "content.n", "increment": 1}]
        await answered("UpdateRecord", {"record": {"path": _TALLY}, "transforms": transforms, "requestId": f"u-{key}"})
        book.increments += 1


def _check(log: list[Json], book: Book) -> None:
    """Each record that a client was told of is in the log, once, as it was told; and so is each increment."""
    states: dict[str, list[Json]] = {}
    for change in log:
        states.setdefault(change["path"], []).append(change)
    tally = states.pop(_TALLY)
    assert len(tally) == 1 + book.increments
    assert tally[-1]["record"]["content"] == {"n": book.increments}
    del states[_PARENT]
    assert len(states) == len(book.created)
    for record in book.created.values():
        (change,) = states[record["path"]]
        assert change["record"] == record


# Each kind of client sends until there is an answer, and fails at any that is not OK.


@asynccontextmanager
async def _grpc(server: Server) -> AsyncIterator[Send]:
    """gRPC with the published service config, which alone sends again."""
    text = _PAGE.read_text()
    (config,) = re.findall(r"<<'END'\n(.*?)^END$", text, re.MULTILINE | re.DOTALL)
    options: list[tuple[str, Any]] = [
        (name, int(value)) for name, value in re.findall(r'\("(grpc\.\w*reconnect\w+)", (\d+)\)', text)
    ]
    assert len(options) == 3
    options += [("grpc.service_config", config), ("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}", options) as channel:
        transport = GrpcTransport(channel)

        async def send(operation: str, request: Json) -> Json:
            return _reply(await transport.call(operation, request))

        yield send


@asynccontextmanager
async def _keep_alive(server: Server) -> AsyncIterator[Send]:
    """HTTP on one connection after the other, by the published table."""
    transport = HttpTransport(server.http_port)

    async def send(operation: str, request: Json) -> Json:
        for attempt in itertools.count():
            with suppress(OSError, EOFError):
                outcome = await transport.call(operation, request)
                if outcome.status not in {429, 502, 503, 504}:
                    return _reply(outcome)
                assert attempt < 30, outcome
            await asyncio.sleep(uniform(0, min(1, 0.1 * 2**attempt)))
        raise AssertionError

    yield send
    await transport.close()


def _published(server: Server) -> Send:
    """HTTP by the very function of the page, which gives each write an id of its own."""
    send_until_answered = _function("send")
    root = f"http://127.0.0.1:{server.http_port}/v1"

    async def send(operation: str, request: Json) -> Json:
        match operation:
            case "CreateRecord":
                call = "POST", f"{root}/{request['parent']}/records", request["record"]
            case "UpdateRecord":
                transforms = {"transforms": request["transforms"]}
                call = "POST", f"{root}/{request['record']['path']}:transform", transforms
            case _:
                call = "GET", f"{root}/{request['path']}", None
        return await asyncio.to_thread(send_until_answered, *call)

    return send


def _reply(outcome: Outcome) -> Json:
    assert outcome.ok, outcome
    return outcome.reply


def _function(name: str) -> Callable[..., Json]:
    """A function of the page, as its example has it, with what the example imports and sets before."""
    (source,) = [each.text for each in blocks(_PAGE.read_text()) if f"def {name}(" in each.text]
    tree = ast.parse(source)
    last = next(at for at, each in enumerate(tree.body) if isinstance(each, ast.FunctionDef) and each.name == name)
    namespace: dict[str, Any] = {}
    exec(compile(ast.Module(tree.body[: last + 1], []), str(_PAGE), "exec"), namespace)
    found: Callable[..., Json] = namespace[name]
    return found
