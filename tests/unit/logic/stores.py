"""Stores around a store in memory, for what happens between two nodes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from crud_service.library.memory import MemoryStore
from crud_service.model.change import ChangeKind, Mutation, Origin, RecordWrite
from crud_service.model.record import RecordKey

KEY = RecordKey("", "notes", "a")


class Around:
    """A store that passes every call on."""

    kind = "around"

    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


class Slow(Around):
    """A store whose reads and commits take a moment, so that calls overlap."""

    async def get_record(self, *args: Any) -> Any:
        await asyncio.sleep(0)
        return await self.store.get_record(*args)

    async def get_records(self, *args: Any) -> Any:
        await asyncio.sleep(0)
        return await self.store.get_records(*args)

    async def get_collection(self, *args: Any) -> Any:
        await asyncio.sleep(0)
        return await self.store.get_collection(*args)

    async def get_request(self, *args: Any) -> Any:
        await asyncio.sleep(0)
        return await self.store.get_request(*args)

    async def commit(self, mutation: Mutation) -> Any:
        await asyncio.sleep(0)
        return await self.store.commit(mutation)


class Interrupted(Around):
    """A store in which something happens just before each of the first commits, between a plan and its end."""

    def __init__(self, store: MemoryStore, *work: Callable[[], Awaitable[Any]]) -> None:
        super().__init__(store)
        self.work = list(work)
        self.commits = 0

    async def commit(self, mutation: Mutation) -> Any:
        self.commits += 1
        if self.work:
            await self.work.pop(0)()
        return await self.store.commit(mutation)


class Contended(Interrupted):
    """A store in which another node changes the record `a` just before each of the first `lost` commits."""

    def __init__(self, store: MemoryStore, lost: int) -> None:
        super().__init__(store, *[self._change] * lost)

    async def _change(self) -> None:
        current = await self.store.get_record(KEY)
        assert current is not None
        theirs = replace(current, tags=(f"theirs-{self.commits}",), version=current.version + 1)
        write = RecordWrite(ChangeKind.RECORD_UPDATED, theirs, current.revision)
        await self.store.commit(Mutation("", Origin("other node"), current.update_time, (write,)))
