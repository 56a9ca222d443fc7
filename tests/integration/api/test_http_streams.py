"""Streams over real connections: how they begin and end, clients that leave, that do not read, that send and send."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import Record
from crud_service.model.requests import (
    Bookmark,
    ExportRecordsReply,
    WatchEvent,
)
from crud_service.model.timestamp import parse
from tests.integration.api.http_client import connected, request_bytes
from tests.integration.api.streaming_server import (
    EXPORT,
    PATIENCE,
    WATCH,
    listening,
    receive_chunks,
    slow_connection,
)
from tests.unit.api.event_stream import parse_events

TIME = parse("2026-01-31T12:00:00Z")
LARGE = Record("c", "r", "n", TIME, '{"a":"' + 500_000 * "x" + '"}', (), 7, 1, TIME, TIME)
FAILED = CrudError(Kind.ABORTED, Reason.CONCURRENT_CHANGE, "in the middle")


def mark(revision: int) -> WatchEvent:
    return WatchEvent(bookmark=Bookmark(revision), resume_token=f"r{revision}")


class Endless:
    """A watch or an export that never ends by itself; it tells when it is closed."""

    def __init__(self, reply: Callable[[int], Any], pace: float | None = None) -> None:
        self._reply = reply
        self._pace = pace
        self.sent = 0
        self.closed = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, call: Call, request: Any) -> AsyncIterator[Any]:
        try:
            while True:
                self.sent += 1
                yield self._reply(self.sent)
                await (self.go_on.wait() if self._pace is None else asyncio.sleep(self._pace))
                self.go_on.clear()
        finally:
            self.closed.set()


async def test_each_event_comes_when_it_happens() -> None:
    """The head and the first event come at once, each of the others as soon as it is there."""
    watch = Endless(mark)
    async with asyncio.timeout(PATIENCE), listening(watch) as server, connected(server.port) as connection:
        await connection.send(request_bytes("GET", WATCH))
        headers, chunks = await receive_chunks(connection)
        assert headers["content-type"] == "text/event-stream"
        assert (headers["x-call-id"], headers["x-trace-id"]) == ("call", "trace")
        text = await anext(chunks)
        for revision in (2, 3):
            watch.go_on.set()
            text += await anext(chunks)
            assert parse_events(text)[1][-1].last_event_id == f"r{revision}"


async def test_a_stream_that_ends() -> None:
    """The connection goes on with the next request after a whole stream."""
    async with (
        asyncio.timeout(PATIENCE),
        listening(lambda call, request: [mark(1), mark(2)]) as server,
        connected(server.port) as connection,
    ):
        for _ in range(2):
            await connection.send(request_bytes("GET", WATCH, headers={"accept": "application/jsonl"}))
            _, chunks = await receive_chunks(connection)
            lines = b"".join([chunk async for chunk in chunks]).splitlines()
            assert [json.loads(line)["resumeToken"] for line in lines] == ["r1", "r2"]
        await connection.send(request_bytes("HEAD", WATCH))
        assert (await connection.receive("HEAD")).headers["content-type"] == "text/event-stream"
        assert (await connection.request("GET", "/nowhere")).status == 404


@pytest.mark.parametrize(
    "request_", ["GET {} HTTP/1.0\r\n\r\n", "GET {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"]
)
async def test_a_connection_for_one_request(request_: str) -> None:
    """A client that wants one reply gets it in a form it knows, and the end of the connection."""
    async with (
        asyncio.timeout(PATIENCE),
        listening(lambda call, request: [mark(1), mark(2)]) as server,
        connected(server.port) as connection,
    ):
        await connection.send(request_.format(WATCH).encode())
        head, _, body = (await connection.reader.read(-1)).partition(b"\r\n\r\n")
        assert b"connection: close" in head
        is_chunked = b"transfer-encoding" in head
        assert is_chunked is ("1.1" in request_)
        if not is_chunked:
            assert len(parse_events(body)[1]) == 2
        else:
            assert body.endswith(b"\r\n0\r\n\r\n")


async def test_an_error_before_the_first_reply() -> None:
    """It is a reply as any other; the connection goes on."""

    def refuse(call: Call, request: Any) -> Iterator[Any]:
        raise CrudError(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE, "the log begins later")
        yield

    async with asyncio.timeout(PATIENCE), listening(refuse) as server, connected(server.port) as connection:
        for target in (WATCH, EXPORT):
            answer = await connection.request("GET", target)
            assert (answer.status, answer.json["error"]["code"]) == (410, 410)
            assert answer.headers["x-call-id"] == "call"


def failing(*replies: Any) -> Callable[[Call, Any], Iterator[Any]]:
    def handle(call: Call, request: Any) -> Iterator[Any]:
        yield from replies
        raise FAILED

    return handle


async def test_an_error_in_a_watch() -> None:
    """The last event says so, and the stream ends in order."""
    async with asyncio.timeout(PATIENCE), listening(failing(mark(1))) as server, connected(server.port) as connection:
        await connection.send(request_bytes("GET", WATCH))
        _, chunks = await receive_chunks(connection)
        _, events = parse_events(b"".join([chunk async for chunk in chunks]))
        assert [event.name for event in events] == ["bookmark", "error"]
        assert events[-1].data["error"]["status"] == "ABORTED"


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/csv"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_an_error_in_an_export(accept: str, version: str) -> None:
    """What was sent arrives, but nobody can take it for the whole: the connection ends in the middle of the reply."""
    small = ExportRecordsReply((Record("c", "r", "n", TIME, "{}", (), 7, 1, TIME, TIME),), 7)
    async with asyncio.timeout(PATIENCE), listening(failing(small)) as server, connected(server.port) as connection:
        await connection.send(f"GET {EXPORT} HTTP/{version}\r\nhost: a\r\naccept: {accept}\r\n\r\n".encode())
        if version == "1.1":
            headers, chunks = await receive_chunks(connection)
            assert headers["x-revision"] == "7"
            assert b"collections/c/records/r" in await anext(chunks)
            with pytest.raises(asyncio.IncompleteReadError):
                await anext(chunks)
        else:
            with pytest.raises(ConnectionResetError):
                await connection.reader.read(-1)


@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_a_client_that_leaves_a_quiet_watch(ending: str) -> None:
    """The call ends as soon as the client has gone, though there is nothing to send."""
    watch = Endless(mark)
    async with asyncio.timeout(PATIENCE), listening(watch) as server:
        async with connected(server.port) as connection:
            await connection.send(request_bytes("GET", WATCH))
            await receive_chunks(connection)
            if ending == "reset":
                connection.writer.transport.abort()
        start = time.monotonic()
        await watch.closed.wait()
        assert time.monotonic() - start < 3


@pytest.mark.parametrize(("target", "reply"), [(WATCH, mark), (EXPORT, lambda _: ExportRecordsReply((LARGE,), 7))])
async def test_a_client_that_does_not_read(target: str, reply: Callable[[int], Any]) -> None:
    """Its place is free after the time to stall, and its connection is cut, though it never took what was sent."""
    stream = Endless(reply, pace=0)
    async with (
        asyncio.timeout(PATIENCE),
        listening(stream, Limits(stall_seconds=0.3)) as server,
        slow_connection(server.port) as connection,
    ):
        await asyncio.get_running_loop().sock_sendall(connection, request_bytes("GET", target))
        await stream.closed.wait()
        await server.until_all_are_gone()
        with pytest.raises(ConnectionResetError):
            await _read_all(connection)


@pytest.mark.parametrize("system_helps", [True, False])
async def test_a_client_that_does_not_read_a_single_reply(system_helps: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that is no stream is not kept for ever either, whether the system looks after that or not."""
    if not system_helps:
        monkeypatch.delattr(socket, "TCP_USER_TIMEOUT", raising=False)
    large = Record("c", "r", "n", TIME, '{"a":"' + 16_000_000 * "x" + '"}', (), 7, 1, TIME, TIME)
    async with (
        asyncio.timeout(PATIENCE),
        listening(lambda call, request: large, Limits(stall_seconds=0.3)) as server,
        slow_connection(server.port) as connection,
    ):
        await asyncio.get_running_loop().sock_sendall(connection, request_bytes("GET", "/v1/collections/c/records/r"))
        await server.until_all_are_gone()
        with pytest.raises(ConnectionResetError):
            await _read_all(connection)


async def _read_all(connection: socket.socket) -> int:
    """How many bytes come until the server closes the connection."""
    got = 0
    while data := await asyncio.get_running_loop().sock_recv(connection, 65_536):
        got += len(data)
        await asyncio.sleep(0.03)
    return got


async def test_a_client_that_reads_slowly() -> None:
    """A client that takes something now and then gets all of it, however long it takes in all."""
    large = Record("c", "r", "n", TIME, '{"a":"' + 6_000_000 * "x" + '"}', (), 7, 1, TIME, TIME)
    async with (
        asyncio.timeout(PATIENCE),
        listening(lambda call, request: large, Limits(stall_seconds=1)) as server,
        slow_connection(server.port, 65_536) as connection,
    ):
        loop = asyncio.get_running_loop()
        target = "/v1/collections/c/records/r"
        await loop.sock_sendall(connection, request_bytes("GET", target, headers={"connection": "close"}))
        assert await _read_all(connection) > 6_000_000


async def test_the_name_of_a_connection() -> None:
    """A call knows the client's end of its connection, so that streams can be counted by it."""
    seen: list[str] = []

    def keep(call: Call, request: Any) -> list[Any]:
        seen.append(call.peer)
        return [mark(1)]

    async with asyncio.timeout(PATIENCE), listening(keep) as server, connected(server.port) as connection:
        await connection.send(request_bytes("GET", WATCH))
        await receive_chunks(connection)
        host, port = connection.writer.get_extra_info("sockname")
    assert seen == [f"{host}:{port}"]


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system does not have it")
async def test_a_machine_that_is_gone() -> None:
    """The system is told how long to wait for a machine that does not confirm what it is sent."""
    async with (
        asyncio.timeout(PATIENCE),
        listening(Endless(mark), Limits(stall_seconds=7.5)) as server,
        connected(server.port) as connection,
    ):
        await connection.send(request_bytes("GET", WATCH))
        await receive_chunks(connection)
        (served,) = server.connections
        option = served.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert option == 7500
