"""Group commit: concurrent mutations share one database transaction, each caller gets its own outcome.

The event loop puts mutations into a queue; one writer thread takes all that wait, writes them as a group and hands the
outcomes back in one step. While the disk syncs one group, the next one gathers.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple

from crud_service.library.commit_plan import Refusal
from crud_service.model.change import CollectionWrite, Committed, Mutation
from crud_service.model.errors import CrudError, Kind, Reason

Outcome = Committed | Refusal | Exception
"""What became of one mutation: an exception is for its caller alone."""

WriteGroup = Callable[[Sequence[Mutation]], Sequence[Outcome]]
"""Writes a group in one transaction: an outcome for each, or raises and has written nothing."""


class _Waiting(NamedTuple):
    mutation: Mutation
    answer: asyncio.Future[Committed]


class GroupCommit:
    """Hands mutations to `write`, which runs in a thread of its own, group by group.

    `committed(revision)` is called on the event loop after each group that took revisions, before its callers go on.
    A group is bounded by `max_mutations`, `max_writes` and `max_bytes` of content, but never empty.
    """

    def __init__(
        self,
        write: WriteGroup,
        committed: Callable[[int], None],
        *,
        max_mutations: int = 256,
        max_writes: int = 1_000,
        max_bytes: int = 4_194_304,
    ) -> None:
        self._write = write
        self._committed = committed
        self._max_mutations = max_mutations
        self._max_writes = max_writes
        self._max_bytes = max_bytes
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._left_over: _Waiting | None = None
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def commit(self, mutation: Mutation) -> Committed:
        """The outcome of `mutation`. Who stops waiting breaks nothing: it may still be written."""
        if self._closed:
            raise CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, "the store is closed; try another node")
        answer: asyncio.Future[Committed] = self._loop.create_future()
        self._queue.put(_Waiting(mutation, answer))
        return await answer

    async def close(self) -> None:
        """Finish what was accepted, then end the thread. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        # The thread hands its last answers to the loop before it ends, so they arrive before this returns.
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while group := self._take():
            outcomes = self._outcomes([waiting.mutation for waiting in group])
            self._loop.call_soon_threadsafe(self._answer, group, outcomes)

    def _take(self) -> list[_Waiting]:
        """All that wait, within the bounds; blocks for the first one. Empty at the end."""
        waiting = self._left_over or self._queue.get()
        self._left_over = None
        group: list[_Waiting] = []
        writes = size = 0
        while waiting is not None:
            writes += len(waiting.mutation.writes)
            size += _size(waiting.mutation)
            if group and (writes > self._max_writes or size > self._max_bytes):
                self._left_over = waiting
                return group
            group.append(waiting)
            if len(group) == self._max_mutations:
                return group
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return group
        if group:
            self._queue.put(None)  # the end is seen again once this group is written
        return group

    def _outcomes(self, mutations: list[Mutation]) -> Sequence[Outcome]:
        try:
            return self._write(mutations)
        except Exception as failure:  # noqa: BLE001 - whatever it is belongs to the callers
            if len(mutations) == 1:
                return [failure]
            if isinstance(failure, CrudError) and failure.kind is Kind.UNAVAILABLE:
                # Each alone would fail as well, after a wait of its own.
                return [_again(failure) for _ in mutations]
        return [self._outcomes([mutation])[0] for mutation in mutations]

    def _answer(self, group: list[_Waiting], outcomes: Sequence[Outcome]) -> None:
        revision = max((outcome.revision for outcome in outcomes if isinstance(outcome, Committed)), default=0)
        if revision:
            self._committed(revision)
        for waiting, outcome in zip(group, outcomes, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(outcome, Committed):
                waiting.answer.set_result(outcome)
            else:
                waiting.answer.set_exception(outcome)


def _size(mutation: Mutation) -> int:
    return sum(0 if isinstance(write, CollectionWrite) else len(write.record.content) for write in mutation.writes)


def _again(failure: CrudError) -> CrudError:
    """The same answer for one more caller: an exception that is raised twice would mix their tracebacks."""
    again = CrudError(failure.kind, failure.reason, failure.message)
    again.__cause__ = failure.__cause__
    return again
