"""Clients that follow the log through everything: cut off, resuming, reading slowly, they keep what they are told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random

from tests.e2e.server_process import Server
from tests.e2e.watch_faces import Ended, Message, Told, follow
from tests.integration.parity.transports import Json

_EXPECTED_ENDS = {"", "silent", "SHUTTING_DOWN", "SLOW_READER"}
"""Why a watch may end here; the empty one is a connection that was lost."""
_PATIENCE = 5.0
"""Seconds without a message, many times those between two bookmarks, after which a client takes its server for gone: of
one that is killed while it has more to send than its client takes, the client may hear nothing."""


class Place:
    """Where the server is now, and where the log ends once nobody writes any more."""

    def __init__(self) -> None:
        self.last: int | None = None
        self._server: Server | None = None
        self._is_up = asyncio.Event()

    async def server(self) -> Server:
        """The server, once there is one."""
        await self._is_up.wait()
        assert self._server is not None
        return self._server

    def has(self, server: Server) -> bool:
        """Whether this server runs."""
        return self._is_up.is_set() and self._server is server

    def up(self, server: Server) -> None:
        """There is a server."""
        self._server = server
        self._is_up.set()

    def down(self) -> None:
        """There is none for a while."""
        self._is_up.clear()


@dataclass
class Follower:
    """A client that applies what it is told up to a token, and resumes with the last one it has."""

    label: str
    face: str
    request: Json
    chosen: Random
    slow_seconds: float = 0.0
    """How long it does not read, now and then, while others write."""
    told: list[Told] = field(default_factory=list)
    start: int = 0
    """The revision behind which it follows, or whose records it was told first."""
    token: str = ""
    ends: Counter[str] = field(default_factory=Counter)
    """How often it was ended, by reason; `cut` where it left by itself."""
    faults: list[str] = field(default_factory=list)
    """What a watch must never do, whatever the log says."""
    is_done: bool = False
    _uncertain: list[Told] = field(default_factory=list)
    _upto: int = 0
    _bookmark: int = 0
    _empty_pages: int = 0

    async def run(self, place: Place) -> None:
        """Follow until the end of the log, which must have been said to be there."""
        while not self.is_done:
            server = await place.server()
            try:
                await self._follow(server, place)
            except Ended as end:
                self.ends[end.reason] += 1
                if end.reason not in _EXPECTED_ENDS:
                    self.faults.append(f"ended with {end.reason}")
                    return
                await asyncio.sleep(0.05)  # as a client does that is not to hammer at a server which is gone

    def where(self, last: int) -> str:
        """How far it has come, for people."""
        place = self.told[-1].revision if self.told else self.start
        return f"{self.label} is at {place} of {last}; {self.faults[:3]}; ended {dict(self.ends)}"

    async def _follow(self, server: Server, place: Place) -> None:
        """Read a random number of messages, or to the end of the log."""
        self._uncertain, self._empty_pages = [], 0
        rest = self.chosen.choice([1, 3, 30, 300, 1_000])
        request, headers = self._again()
        async with aclosing(follow(server, self.face, request, headers)) as messages:
            while True:
                message = await self._next(messages, server, place)
                self._take(message)
                rest -= 1
                self.is_done = place.last is not None and self._has_reached(place.last, message)
                if self.is_done or not rest:
                    break
                if self.slow_seconds and place.last is None and self.chosen.random() < 0.02:
                    await asyncio.sleep(self.slow_seconds)
        self.ends["cut"] += 1

    async def _next(self, messages: AsyncIterator[Message], server: Server, place: Place) -> Message:
        """The next message. Raises Ended if none comes, which is a fault of a server that runs."""
        try:
            return await asyncio.wait_for(anext(messages), _PATIENCE)
        except TimeoutError:
            if place.has(server):
                self.faults.append(f"heard nothing for {_PATIENCE:g} s")
            raise Ended("silent") from None

    def _again(self) -> tuple[Json, Json]:
        """The request that resumes, and its headers: as a browser does it, or with the token in place of the start."""
        if not self.token:
            return self.request, {}
        if self.face in {"sse", "ndjson"} and self.chosen.random() < 0.5:
            return self.request, {"last-event-id": self.token}
        request = {name: each for name, each in self.request.items() if name not in {"startRevision", "sendInitial"}}
        return request | {"resumeToken": self.token}, {}

    def _take(self, message: Message) -> None:
        if message.event == "gap":
            self.faults.append("was told of a gap, though all of history is kept")
        early = [each for each in message.changes if each.type != "INITIAL" and each.revision <= self._bookmark]
        if early:
            self.faults.append(f"was told that it has all up to revision {self._bookmark}, and then {early[0]}")
        self._uncertain += message.changes
        if not message.token:
            return
        if message.event == "bookmark":
            self._bookmark = message.revision
        if not self.token and message.event == "bookmark" and "startRevision" not in self.request:
            self.start = message.revision
        if message.event == "initialDone":
            self.start = message.revision
        self.told += self._uncertain
        self._uncertain, self.token, self._upto = [], message.token, message.revision

    def _has_reached(self, last: int, message: Message) -> bool:
        if message.event != "page":
            return self._upto >= last and not self._uncertain
        # A page without changes that was asked for when nobody wrote any more: the first may have been under way.
        self._empty_pages = 0 if message.changes else self._empty_pages + 1
        return self._empty_pages > 1
