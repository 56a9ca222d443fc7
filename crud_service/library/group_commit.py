"""Group commit: concurrent mutations share one database transaction, each caller gets its own outcome.

The event loop gathers mutations and hands them as a group to one writer thread, which hands the outcomes back in one
step. While the disk syncs one group, the next one gathers.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from crud_service.library.commit_plan import Refusal
from crud_service.model.change import CollectionWrite, Committed, Mutation
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.measures import SECONDS, CommitMeasures, Distribution

T = TypeVar("T")

Outcome = Committed | Refusal | Exception
"""What became of one mutation: an exception is for its caller alone."""

WriteGroup = Callable[[Sequence[Mutation]], Sequence[Outcome]]
"""Writes a group in one transaction: an outcome for each, or raises and has written nothing."""


# In seconds: a slow disk must not make callers wait much longer than it does itself.
_MOST_PATIENCE = 0.01
_GROUP_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class _Waiting(NamedTuple):
    mutation: Mutation
    answer: asyncio.Future[Committed]


class _Job(NamedTuple):
    work: Callable[[], Any]
    answer: asyncio.Future[Any]


class GroupCommit:
    """Hands mutations to `write`, which runs in a thread of its own, group by group.

    Other work of that thread goes between two groups (`run`).

    `committed(revision)` is called on the event loop after each group that took revisions, before its callers go on;
    `writing(True)` before a group is written or work is run, and `writing(False)` when nothing is any more.
    A group is bounded by `max_mutations`, `max_writes` and `max_bytes` of content, but never empty.

    A group costs the thread and the event loop many hand-overs of Python's lock, whatever its size. So after a
    group of several, the next one waits for as many, but no longer than the last write took. A lone writer never
    waits.
    """

    def __init__(
        self,
        write: WriteGroup,
        committed: Callable[[int], None],
        writing: Callable[[bool], None] = lambda _: None,
        *,
        max_mutations: int = 256,
        max_writes: int = 1_000,
        max_bytes: int = 4_194_304,
    ) -> None:
        self._write = write
        self._committed = committed
        self._tell_writing = writing
        self._max_mutations = max_mutations
        self._max_writes = max_writes
        self._max_bytes = max_bytes
        self._waiting: deque[_Waiting] = deque()
        self._group_sizes = Distribution(_GROUP_SIZES)
        self._write_seconds = Distribution(SECONDS)
        self._expected = 1
        self._patience = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writing = False
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._jobs: deque[_Job] = deque()
        self._tasks: SimpleQueue[list[_Waiting] | _Job] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def measures(self) -> CommitMeasures:
        """What waits now, and how groups have been written."""
        return CommitMeasures(len(self._waiting), self._group_sizes, self._write_seconds)

    async def commit(self, mutation: Mutation) -> Committed:
        """The outcome of `mutation`. Who stops waiting breaks nothing: it may still be written."""
        self._refuse_if_closed()
        answer: asyncio.Future[Committed] = self._loop.create_future()
        self._waiting.append(_Waiting(mutation, answer))
        self._go_on()
        try:
            return await answer
        finally:
            del answer  # a failure would hold itself by this frame, as garbage that only the collector finds

    async def run(self, work: Callable[[], T]) -> T:
        """What `work()` returns or raises, run in the thread before the next group."""
        self._refuse_if_closed()
        answer: asyncio.Future[T] = self._loop.create_future()
        self._jobs.append(_Job(work, answer))
        self._go_on()
        try:
            return await answer
        finally:
            del answer  # a failure would hold itself by this frame, as garbage that only the collector finds

    async def close(self) -> None:
        """Finish what was accepted, then end the thread. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self._go_on()
        await asyncio.to_thread(self._thread.join)
        # The last answers were handed to the loop before the thread ended: let them arrive.
        await asyncio.sleep(0)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, "the store is closed; try another node")

    def _go_on(self) -> None:
        """Start the next group, now or when it has gathered; once closed and empty, end the thread."""
        if self._writing:
            return
        if self._closed or self._jobs or len(self._waiting) >= self._expected:
            self._start()
        elif self._waiting and self._timer is None:
            self._timer = self._loop.call_later(self._patience, self._start)

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._writing = True
        self._tell_writing(True)
        self._tasks.put(self._jobs.popleft() if self._jobs else self._take())

    def _take(self) -> list[_Waiting]:
        """The first of those that wait, within the bounds."""
        group: list[_Waiting] = []
        writes = size = 0
        while self._waiting and len(group) < self._max_mutations:
            mutation = self._waiting[0].mutation
            writes += len(mutation.writes)
            size += _size(mutation)
            if group and (writes > self._max_writes or size > self._max_bytes):
                break
            group.append(self._waiting.popleft())
        return group

    def _run(self) -> None:
        """The thread: write groups, and run jobs, until an empty group comes."""
        while task := self._tasks.get():
            start = monotonic()
            if isinstance(task, _Job):
                self._loop.call_soon_threadsafe(self._answer_job, task, *_result(task.work))
            else:
                outcomes = self._outcomes([waiting.mutation for waiting in task])
                self._loop.call_soon_threadsafe(self._answer, task, outcomes, monotonic() - start)

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

    def _answer(self, group: list[_Waiting], outcomes: Sequence[Outcome], seconds: float) -> None:
        self._group_sizes.add(len(group))
        self._write_seconds.add(seconds)
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
        self._expected, self._patience = len(group), min(seconds, _MOST_PATIENCE)
        self._finish()

    def _answer_job(self, job: _Job, result: Any, failure: Exception | None) -> None:
        if not job.answer.done():
            if failure is None:
                job.answer.set_result(result)
            else:
                job.answer.set_exception(failure)
        # Whoever waits goes first now, or one job after the other would keep a group from gathering.
        self._expected = 1
        self._finish()

    def _finish(self) -> None:
        self._writing = False
        self._tell_writing(False)
        self._go_on()


def _result(work: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return work(), None
    except Exception as failure:  # noqa: BLE001 - whatever it is belongs to the caller
        return None, failure


def _size(mutation: Mutation) -> int:
    return sum(0 if isinstance(write, CollectionWrite) else len(write.record.content) for write in mutation.writes)


def _again(failure: CrudError) -> CrudError:
    """The same answer for one more caller: an exception that is raised twice would mix their tracebacks."""
    again = CrudError(failure.kind, failure.reason, failure.message)
    again.__cause__ = failure.__cause__
    return again
