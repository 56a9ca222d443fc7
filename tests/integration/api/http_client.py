"""A plain HTTP/1.1 client on asyncio streams: it sends the bytes that a test wants, also those that are no HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

_HEAD_END = b"\r\n\r\n"
_PATIENCE = 20


class Answer(NamedTuple):
    """One response: its status, its headers with names in lower case, its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class HttpConnection:
    """One connection, kept alive over requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self, verb: str = "GET") -> Answer:
        """Read one response. A response to HEAD has no body, whatever its length says."""
        head = await asyncio.wait_for(self.reader.readuntil(_HEAD_END), _PATIENCE)
        first, *lines = head[: -len(_HEAD_END)].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = 0 if verb == "HEAD" else int(headers.get("content-length", "0"))
        return Answer(int(first.split()[1]), headers, await asyncio.wait_for(self.reader.readexactly(size), _PATIENCE))

    async def request(
        self, verb: str, target: str, body: bytes | None = None, headers: Mapping[str, str | bytes] | None = None
    ) -> Answer:
        """Send one request and read its response."""
        await self.send(request_bytes(verb, target, body, headers))
        return await self.receive(verb)

    async def at_end(self) -> bool:
        """Whether the server has closed the connection, without another byte."""
        return await asyncio.wait_for(self.reader.read(1), _PATIENCE) == b""

    async def close(self) -> None:
        """Close it; a server that was faster is no error."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return


def request_bytes(
    verb: str, target: str, body: bytes | None = None, headers: Mapping[str, str | bytes] | None = None
) -> bytes:
    """A request as it goes over the wire, with the length of its body."""
    lines: dict[str, str | bytes] = {"host": "test"}
    if body is not None:
        lines["content-length"] = str(len(body))
    lines |= headers or {}
    rendered = b"".join(name.encode() + b": " + _bytes(value) + b"\r\n" for name, value in lines.items())
    return f"{verb} {target} HTTP/1.1\r\n".encode() + rendered + b"\r\n" + (body or b"")


async def connect(port: int) -> HttpConnection:
    """A connection to `port` of this machine."""
    return HttpConnection(*await asyncio.open_connection("127.0.0.1", port))


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[HttpConnection]:
    """A connection to `port` of this machine, closed at the end of the block."""
    connection = await connect(port)
    try:
        yield connection
    finally:
        await connection.close()


async def fetch(
    port: int, verb: str, target: str, body: bytes | None = None, headers: Mapping[str, str | bytes] | None = None
) -> Answer:
    """One request on a connection of its own."""
    async with connected(port) as connection:
        return await connection.request(verb, target, body, headers)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
