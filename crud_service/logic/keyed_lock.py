"""A lock for each key in use, so that writers of one record on one node do not make each other retry."""

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext


class KeyedLock:
    """Locks by key. A key without holder or waiter takes no memory."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, key: Hashable) -> AsyncIterator[None]:
        """Hold the lock of `key`; waiters are served in their order."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            _, users = self._locks[key]
            if users == 1:
                del self._locks[key]
            else:
                self._locks[key] = lock, users - 1

    def hold_all(self, keys: Sequence[Hashable]) -> AbstractAsyncContextManager[None]:
        """Hold the locks of several keys, all different; those of none cost nothing."""
        if not keys:
            return nullcontext()
        return self.hold(keys[0]) if len(keys) == 1 else self._hold_several(keys)

    @asynccontextmanager
    async def _hold_several(self, keys: Sequence[Hashable]) -> AsyncIterator[None]:
        async with AsyncExitStack() as held:
            # All callers take them in one order, so that two never wait for each other.
            for key in sorted(keys, key=repr):
                await held.enter_async_context(self.hold(key))
            yield
