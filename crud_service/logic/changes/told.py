"""What was made of the log for its readers, kept for a moment: those who ask for the same get the same."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

# Readers who ask for the same are a moment apart, so little is kept, however many different things others ask for.
_MOST_KEPT, _MOST_WEIGHT = 4_096, 8_388_608


class Told:
    """The latest results, as many and as heavy as a bound allows. A failed one is not kept."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[asyncio.Task[Any], int]] = {}
        self.weight = 0
        """Of all that is kept."""

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, what: Hashable, weight: int, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `make()` returns, or has returned a moment ago. Raises what it raises, to those who wait for it now."""
        return await result_of(self.begin(what, weight, make))

    def begin(self, what: Hashable, weight: int, make: Callable[[], Coroutine[Any, Any, T]]) -> "asyncio.Task[T]":
        """What comes to the result of `get`, begun without waiting for it."""
        kept = self._kept.get(what)
        if kept is not None and not has_failed(kept[0]):
            return kept[0]
        self._forget(what)
        task = shared(make())
        self._kept[what] = task, weight
        self.weight += weight
        self._trim()
        return task

    def _trim(self) -> None:
        while len(self._kept) > _MOST_KEPT or (self.weight > _MOST_WEIGHT and len(self._kept) > 1):
            self._forget(next(iter(self._kept)))

    def _forget(self, what: Hashable) -> None:
        _, weight = self._kept.pop(what, (None, 0))
        self.weight -= weight


def shared(work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """Work that several wait for."""
    task = asyncio.create_task(work)
    # Whoever waits gets the error; if nobody does any more, nobody misses it.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


async def result_of(task: "asyncio.Task[T]") -> T:
    """What shared work comes to. One who stops waiting does not end it for the others."""
    return task.result() if task.done() else await asyncio.shield(task)


def has_failed(task: "asyncio.Task[Any]") -> bool:
    """Whether the work came to nothing, so that it is to be tried again."""
    return task.done() and (task.cancelled() or task.exception() is not None)
