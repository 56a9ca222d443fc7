"""Streams and long polls have places of their own, so that they take none from the calls that end soon.

They wait for what happens, not for the node: thousands of them are cheap, and one that is refused could not have waited
in a queue for another to end.
"""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any, cast

import msgspec

from crud_service.model.call import Call, Handler, StreamHandler
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.measures import StreamMeasures

_RETRY_SECONDS = 5.0


class StreamLimits(msgspec.Struct, frozen=True):
    """How many at a time."""

    most: int = 2_000
    """Of this process."""
    most_per_connection: int = 20
    """Of one connection (`Call.peer`)."""


class StreamPool:
    """Wraps what serves `operations`, the ones whose calls are held for long, and counts those that are open.

    A call that finds no place is refused with RESOURCE_EXHAUSTED (`TOO_MANY_STREAMS`).
    """

    def __init__(self, limits: StreamLimits, operations: Iterable[str]) -> None:
        self._limits = limits
        self._open = dict.fromkeys(operations, 0)
        self._count = 0
        self._of_peer: Counter[str] = Counter()

    @property
    def measures(self) -> StreamMeasures:
        """How many are open now."""
        return StreamMeasures(dict(self._open), self._limits.most)

    def one_reply(self, handler: Handler) -> Handler:
        """`handler`, of an operation that takes a stream, or waits, and has one reply."""

        async def pooled(call: Call, request: Any) -> Any:
            self._enter(call)
            try:
                return await handler(call, request)
            finally:
                self._leave(call)

        return pooled

    def replies(self, handler: StreamHandler) -> StreamHandler:
        """`handler`, of an operation whose replies are a stream."""

        async def pooled(call: Call, request: Any) -> AsyncIterator[Any]:
            self._enter(call)
            try:
                # A StreamHandler promises that what it returns can be closed.
                async with aclosing(cast("AsyncGenerator[Any, None]", handler(call, request))) as replies:
                    async for reply in replies:
                        yield reply
            finally:
                self._leave(call)

        return pooled

    def _enter(self, call: Call) -> None:
        most, of_one = self._limits.most, self._limits.most_per_connection
        if self._count >= most:
            raise _too_many(f"the node has {most} streams open, as many as it may; try again later, or another node")
        if call.peer and self._of_peer[call.peer] >= of_one:
            raise _too_many(f"the connection has {of_one} streams open, as many as it may; end one, or open another")
        self._count += 1
        self._open[call.operation] += 1
        self._of_peer[call.peer] += 1

    def _leave(self, call: Call) -> None:
        self._count -= 1
        self._open[call.operation] -= 1
        self._of_peer[call.peer] -= 1
        if not self._of_peer[call.peer]:
            del self._of_peer[call.peer]


def _too_many(message: str) -> CrudError:
    return CrudError(Kind.RESOURCE_EXHAUSTED, Reason.TOO_MANY_STREAMS, message, retry_after=_RETRY_SECONDS)
