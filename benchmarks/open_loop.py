"""An open loop of HTTP calls: they are sent when they are due, however late the answers to earlier ones are."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

_TICK = 0.002


@dataclass(frozen=True)
class Answered:
    """One call that was answered."""

    due: float
    """When it was to be sent, on the clock of `time.monotonic`."""
    seconds: float
    """From then until its answer was there."""
    status: int
    head: bytes
    """The answer's status line and headers."""


@dataclass
class Load:
    """What came of some seconds of load."""

    sent: int = 0
    answers: list[Answered] = field(default_factory=list)
    broken: int = 0
    """Calls whose connection ended without an answer."""
    late: float = 0.0
    """How late the client itself was at most, in seconds: noise of the measurement, contained in its times."""

    def of(self, *statuses: int) -> list[Answered]:
        """The answers with one of these statuses."""
        return [each for each in self.answers if each.status in statuses]


class Client:
    """Sends the same request on connections of its own, each of which has one call at a time."""

    def __init__(self, address: str, path: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._request = f"GET {path} HTTP/1.1\r\nhost: node\r\n\r\n".encode()
        self._idle: list[_Connection] = []
        self._open: list[_Connection] = []

    async def connect(self, count: int) -> None:
        """Have so many connections, before anybody counts the time."""
        while len(self._open) < count:
            self._idle.append(await self._connected())

    async def run(self, rate: float, seconds: float, patience: float = 5.0) -> Load:
        """Send `rate` calls a second for so long, then wait for what is missing."""
        load, loop, start = Load(), asyncio.get_running_loop(), time.monotonic()
        calls: set[asyncio.Task[None]] = set()
        while load.sent < int(rate * seconds):
            now = time.monotonic()
            while load.sent < int(rate * seconds) and (due := start + load.sent / rate) <= now:
                load.late = max(load.late, now - due - _TICK)
                load.sent += 1
                if not self._send(due, load):
                    calls.add(loop.create_task(self._send_anew(due, load)))
            await asyncio.sleep(_TICK)
        end = time.monotonic() + patience
        while len(load.answers) + load.broken < load.sent and time.monotonic() < end:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(_TICK)
        await asyncio.gather(*calls)
        return load

    def close(self) -> None:
        """Close all connections."""
        for each in self._open:
            each.close()

    def _send(self, due: float, load: Load) -> bool:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                connection.send(self._request, self._taker(connection, due, load))
                return True
        return False

    async def _send_anew(self, due: float, load: Load) -> None:
        connection = await self._connected()
        connection.send(self._request, self._taker(connection, due, load))

    async def _connected(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        self._open.append(connection)
        return connection

    def _taker(self, connection: "_Connection", due: float, load: Load) -> Callable[[bytes], None]:
        def take(head: bytes) -> None:
            if not head:
                load.broken += 1
                return
            load.answers.append(Answered(due, time.monotonic() - due, int(head[9:12]), head))
            self._idle.append(connection)

        return take


class _Connection(asyncio.Protocol):
    """One connection, with one call at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._take: Callable[[bytes], None] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def send(self, request: bytes, take: Callable[[bytes], None]) -> None:
        """Send a request; `take` gets the head of the answer, which is empty if the connection ended instead."""
        assert self._transport is not None
        self._data, self._take = b"", take
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            self._done(head)

    def connection_lost(self, error: Exception | None) -> None:
        self._done(b"")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _done(self, head: bytes) -> None:
        take, self._take = self._take, None
        if take is not None:
            take(head)


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
