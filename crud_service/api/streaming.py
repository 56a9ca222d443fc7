"""What both transports do with streams: send replies as the client takes them, and take messages as they come."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from crud_service.api.codec.masked import masked
from crud_service.api.codec.offload import LARGE, content_size
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.requests import WatchEvent

T = TypeVar("T")

_END: Any = object()


class StreamEncoder:
    """Encodes the replies of one operation in one format, those that several watches send but once.

    `write` encodes a reply as its request's mask shows it. What it made of a shared reply lives as long as the reply.
    """

    def __init__(self, write: Callable[[Any], bytes]) -> None:
        self._write = write
        self._shared: WeakKeyDictionary[WatchEvent, bytes | asyncio.Future[bytes]] = WeakKeyDictionary()

    async def __call__(self, request: Any, reply: Any) -> bytes:
        """The bytes of `reply` to `request`; a large one is encoded off the event loop."""
        shared = isinstance(reply, WatchEvent)
        encoded = self._shared.get(reply) if shared else None
        if encoded is None:
            encoded = self._encode(request, reply)
            if shared:
                self._shared[reply] = encoded
        # Others may wait for the same, so who goes away must not take it with them.
        return encoded if isinstance(encoded, bytes) else await asyncio.shield(encoded)

    def _encode(self, request: Any, reply: Any) -> bytes | asyncio.Future[bytes]:
        shown = masked(request, reply)
        if content_size(reply) < LARGE:
            return self._write(shown)
        return asyncio.get_running_loop().run_in_executor(None, self._write, shown)


async def send_all(replies: AsyncIterator[Any], send: Callable[[Any], Awaitable[None]], stall_seconds: float) -> None:
    """Send each reply when the one before has been taken, until there are no more; close `replies` in any case.

    ABORTED (`SLOW_READER`) when the client does not take one for `stall_seconds`; its metadata has the `resumeToken` of
    the last reply that was taken.
    """
    resume_token = ""
    # What a StreamHandler returns can be closed.
    async with aclosing(cast("AsyncGenerator[Any, None]", replies)):
        async for reply in replies:
            try:
                async with asyncio.timeout(stall_seconds):
                    await send(reply)
            except TimeoutError as cause:
                raise _slow_reader(stall_seconds, resume_token) from cause
            resume_token = getattr(reply, "resume_token", "") or resume_token


async def take_all(messages: AsyncIterator[T], idle_seconds: float) -> AsyncIterator[T]:
    """The messages as they come. DEADLINE_EXCEEDED when none comes for `idle_seconds`."""
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                message = await anext(messages, _END)
        except TimeoutError as cause:
            raise _idle(idle_seconds) from cause
        if message is _END:
            return
        yield message


def _slow_reader(seconds: float, resume_token: str) -> CrudError:
    how = "resume with the last resume_token that came" if resume_token else "begin again"
    message = f"the client took nothing for {seconds:g} s, so the stream has ended; {how}"
    metadata = {"resumeToken": resume_token} if resume_token else {}
    return CrudError(Kind.ABORTED, Reason.SLOW_READER, message, metadata=metadata)


def _idle(seconds: float) -> CrudError:
    message = (
        f"nothing came for {seconds:g} s, so the stream has ended; what came before may have been stored, "
        "so send all of it again with the same request id"
    )
    return CrudError(Kind.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED, message)
