"""Imports over real connections: bodies in chunks, as they grow, that stop, that are refused in the middle."""

import asyncio
import resource
from collections.abc import AsyncIterator
from typing import Any

import pytest

from crud_service.model.call import Call
from crud_service.model.errors import invalid
from crud_service.model.limits import Limits
from crud_service.model.requests import ImportRecords, ImportRecordsReply
from tests.integration.api.http_client import HttpConnection, connected, request_bytes
from tests.integration.api.streaming_server import IMPORT, PATIENCE, listening

CHUNKED = {"transfer-encoding": "chunked"}


async def count(call: Call, messages: AsyncIterator[ImportRecords]) -> ImportRecordsReply:
    """Counts the rows."""
    rows = 0
    async for message in messages:
        rows += len(message.records)
    return ImportRecordsReply(row_count=rows)


async def send_chunk(connection: HttpConnection, data: bytes) -> None:
    await connection.send(b"%x\r\n%b\r\n" % (len(data), data))


async def test_a_body_in_chunks() -> None:
    """Lines may be cut anywhere; the connection goes on with the next request."""
    async with asyncio.timeout(PATIENCE), listening(count) as server, connected(server.port) as connection:
        for _ in range(2):
            await connection.send(request_bytes("POST", IMPORT, headers=CHUNKED))
            for piece in (b'{"na', b'me":"a"}\r', b"\n\r\n{}", b"\n{}"):
                await send_chunk(connection, piece)
            await connection.send(b"0\r\n\r\n")
            answer = await connection.receive()
            assert (answer.status, answer.json["rowCount"]) == (200, "4")


async def test_a_client_that_asks_before_it_sends() -> None:
    """It is told to go on when its request is right, and refused without the body when it is not."""
    headers = {"expect": "100-continue", "content-length": "3"}
    async with asyncio.timeout(PATIENCE), listening(count) as server:
        async with connected(server.port) as connection:
            await connection.send(request_bytes("POST", IMPORT, headers=headers))
            assert (await connection.receive()).status == 100
            await connection.send(b"{}\n")
            assert (await connection.receive()).json["rowCount"] == "1"
        async with connected(server.port) as connection:
            await connection.send(request_bytes("POST", IMPORT + "?nothing=1", headers=headers))
            assert (await connection.receive()).status == 400
            assert await connection.at_end()


async def test_a_body_of_any_size() -> None:
    """A body ten times as large as a request may be goes through, in memory that does not grow with it."""
    line = b'{"name":"' + b"x" * 1000 + b'"}\n'
    piece, pieces = line * 1000, 160
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with asyncio.timeout(3 * PATIENCE), listening(count) as server, connected(server.port) as connection:
        await connection.send(request_bytes("POST", IMPORT, headers={"content-length": str(len(piece) * pieces)}))
        for _ in range(pieces):
            await connection.send(piece)
        answer = await connection.receive()
    assert answer.json["rowCount"] == "160000"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kilobytes


async def test_a_slow_store_slows_the_client() -> None:
    """While rows are being stored no more of the body is taken than is read ahead."""
    go_on = asyncio.Event()

    async def wait(call: Call, messages: AsyncIterator[ImportRecords]) -> ImportRecordsReply:
        await anext(messages)
        await go_on.wait()
        return await count(call, messages)

    async with asyncio.timeout(PATIENCE), listening(wait) as server, connected(server.port) as connection:
        piece = b'{"name":"' + b"x" * 988 + b'"}\n'
        await connection.send(request_bytes("POST", IMPORT, headers={"content-length": "30000000"}))
        sending = asyncio.create_task(_send_all(connection, piece, 30_000))
        await asyncio.sleep(0.5)
        assert not sending.done()
        go_on.set()
        await sending
        assert (await connection.receive()).json["rowCount"] == str(30_000 - 200)


async def _send_all(connection: HttpConnection, piece: bytes, times: int) -> None:
    for _ in range(times):
        await connection.send(piece)


async def test_an_error_in_the_middle() -> None:
    """A client that goes on sending gets the answer all the same; the rest of its body is not read for ever."""

    async def refuse(call: Call, messages: AsyncIterator[ImportRecords]) -> Any:
        await anext(messages)
        raise invalid("", "row 7 is refused")

    async with asyncio.timeout(PATIENCE), listening(refuse) as server, connected(server.port) as connection:
        await connection.send(request_bytes("POST", IMPORT, headers=CHUNKED))
        for _ in range(10):
            await send_chunk(connection, b"{}\n" * 1000)
        answer = await connection.receive()
        assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert await connection.at_end()
        await server.until_all_are_gone()


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_client_that_stops(leaves: bool) -> None:
    """The handler learns it, whether the client goes away or sends nothing more for too long."""
    ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def keep(call: Call, messages: AsyncIterator[ImportRecords]) -> Any:
        try:
            return await count(call, messages)
        except BaseException as error:
            ended.set_result(error)
            raise

    limits = Limits(idle_seconds=60 if leaves else 0.2)
    async with asyncio.timeout(PATIENCE), listening(keep, limits) as server, connected(server.port) as connection:
        await connection.send(request_bytes("POST", IMPORT, headers=CHUNKED))
        await send_chunk(connection, b"{}\n{")
        if leaves:
            await connection.close()
        else:
            assert (await connection.receive()).status == 504
            assert await connection.at_end()
        error = await ended
        # A call whose client has gone is cancelled, wherever it is.
        told = "CANCELLED" if isinstance(error, asyncio.CancelledError) else getattr(error, "reason", None)
        assert told == ("CANCELLED" if leaves else "DEADLINE_EXCEEDED")


async def test_no_http_behind_a_body(caplog: pytest.LogCaptureFixture) -> None:
    """A client that goes on with what is no HTTP gets one answer, and the one that comes too late is no fault."""
    go_on, done = asyncio.Event(), asyncio.Event()

    async def wait(call: Call, messages: AsyncIterator[ImportRecords]) -> ImportRecordsReply:
        await go_on.wait()
        done.set()
        return await count(call, messages)

    async with asyncio.timeout(PATIENCE), listening(wait) as server, connected(server.port) as connection:
        await connection.send(request_bytes("POST", IMPORT, b"{}\n"))
        await connection.send(b"nonsense\r\n\r\n")
        assert (await connection.receive()).status == 400
        go_on.set()
        await done.wait()
        assert await connection.at_end()
        await connection.close()
        await server.until_all_are_gone()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
