"""Keeps large messages off the event loop: coding a megabyte takes long enough for others to notice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from crud_service.model.record import Record
from crud_service.model.requests import ListRecordsReply

LARGE = 65_536
"""From how many bytes on a message is coded in a thread."""


def offloaded(read: Callable[[bytes], Any]) -> Callable[[bytes], Awaitable[Any]]:
    """`read` as a coroutine function that runs in a thread when its data is large."""

    async def reading(data: bytes) -> Any:
        if len(data) < LARGE:
            return read(data)
        return await asyncio.to_thread(read, data)

    return reading


def offloaded_writer(write: Callable[[Any], bytes]) -> Callable[[Any], Awaitable[bytes]]:
    """`write` as a coroutine function that runs in a thread when the reply's content is large."""

    async def writing(reply: Any) -> bytes:
        if _content_size(reply) < LARGE:
            return write(reply)
        return await asyncio.to_thread(write, reply)

    return writing


def _content_size(reply: Any) -> int:
    if isinstance(reply, Record):
        return len(reply.content)
    if isinstance(reply, ListRecordsReply):
        return sum([len(record.content) for record in reply.records])
    return 0
