"""Chunks on their way: one is committed while the next one is prepared, in their order, and no more than these two."""

import asyncio
from collections.abc import Awaitable, Callable

from crud_service.logic.bulk.chunks import Chunk
from crud_service.logic.bulk.storing import Turn


class Pipeline:
    """Stores chunks by `store(chunk, turn)`, each in a task of its own, whose commit waits for the one before."""

    def __init__(self, store: Callable[[Chunk, Turn], Awaitable[None]]) -> None:
        self._store = store
        self._tasks: list[asyncio.Task[None]] = []

    async def put(self, chunk: Chunk) -> None:
        """Begin with the next chunk, and return when the one before is stored. Raises what that one raised."""
        before = self._tasks[-1] if self._tasks else None
        self._tasks.append(asyncio.create_task(self._run(chunk, before)))
        if before is not None:
            await before
            self._tasks.remove(before)

    async def finish(self) -> None:
        """Return when all chunks are stored. Raises what the first one that is not raised."""
        for task in list(self._tasks):
            await task

    async def cancel(self) -> None:
        """End what is under way. What the store has taken already it may still store."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, chunk: Chunk, before: asyncio.Task[None] | None) -> None:
        async def turn() -> None:
            if before is None:
                return
            await asyncio.wait([before])
            if before.cancelled() or before.exception() is not None:
                raise asyncio.CancelledError  # nothing behind a chunk that failed is stored

        await self._store(chunk, turn)
