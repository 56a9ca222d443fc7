"""Watches over a store in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from crud_service.model import requests
from crud_service.model.requests import WatchEvent


class Watch:
    """A watch under way, read event by event."""

    def __init__(self, events: AsyncIterator[WatchEvent]) -> None:
        self._events = events
        self.seen: list[WatchEvent] = []

    async def next(self) -> WatchEvent:
        """The next message. A test that waits for what does not come fails soon."""
        async with asyncio.timeout(5):
            event = await anext(self._events)
        await asyncio.sleep(0)  # the tail of the log begins with its first reader
        self.seen.append(event)
        return event

    async def next_group(self) -> requests.ChangeGroup:
        """The next message about changes."""
        while (event := await self.next()).group is None:
            pass
        return event.group

    async def take(self, count: int) -> list[requests.RecordChange]:
        """The next changes, so many of them at least."""
        changes: list[requests.RecordChange] = []
        while len(changes) < count:
            changes += (await self.next_group()).changes
        return changes

    async def rest(self) -> list[WatchEvent]:
        """All messages up to the end."""
        before = len(self.seen)
        async with asyncio.timeout(5):
            async for event in self._events:
                self.seen.append(event)
        return self.seen[before:]

    @property
    def token(self) -> str:
        """The last token that was told."""
        return next(event.resume_token for event in reversed(self.seen) if event.resume_token)

    async def close(self) -> None:
        """Stop watching."""
        await self._events.aclose()  # type: ignore[attr-defined]


@pytest.fixture
async def watch(service: Any, new_call: Callable[..., Any]) -> AsyncIterator[Callable[..., Watch]]:
    """Opens watches of `collections/notes`, or of the `parent` given."""
    opened: list[Watch] = []

    def open_watch(over: Any = None, principal: str = "ann", **fields: Any) -> Watch:
        handler = (over or service).handlers["WatchRecords"]
        request = requests.WatchRecords(**{"parent": "collections/notes"} | fields)
        opened.append(Watch(handler(new_call(principal=principal), request)))
        return opened[-1]

    yield open_watch
    for each in opened:
        await each.close()
