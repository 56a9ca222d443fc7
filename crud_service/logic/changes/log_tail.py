"""The end of the log, read once for all who follow it.

While somebody follows, one task reads what is committed and keeps the latest groups for a moment. Readers are behind by
a place in the log, never by a queue: one that is slow finds its next groups here, or further back in the store, or is
told that they are gone. So a reader costs a few numbers, and none can hold up the writers or another reader.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic as monotonic_clock
from typing import NamedTuple

from crud_service.logic.changes.cursor import Cursor, fell_behind
from crud_service.logic.changes.log_group import Gone, LogGroup, grouped
from crud_service.logic.changes.told import Told
from crud_service.logic.maintenance.system_call import Report
from crud_service.model.ports.change_log import ChangeLog, LogScope

# What the tail keeps for its readers: as much as they can be behind before each of them reads the store.
_MOST_GROUPS, _MOST_WEIGHT = 2_048, 4_194_304
# What one reading takes from the store, and what a reader takes at a time.
_READ_ENTRIES, _READ_WEIGHT = 1_000, 2_097_152
_TURN_WEIGHT = 262_144
# Readers are woken so often at most: under a heavy load each then gets several groups at a time. To serve one of them
# takes about as long as the second number says.
_PACE_SECONDS, _SERVING_SECONDS = 0.005, 0.000_1
_RETRY_SECONDS = 0.5


class Turn(NamedTuple):
    """What a reader gets at a time."""

    groups: list[LogGroup]
    upto: int
    """Everything up to this revision is in the groups, or is none of the reader's scope."""


class LogTail:
    """Follows the log of a store for any number of readers."""

    def __init__(self, log: ChangeLog, report: Report, monotonic: Callable[[], float] = monotonic_clock) -> None:
        self._log = log
        self._report = report
        self._monotonic = monotonic
        self._task: asyncio.Task[None] | None = None
        self._groups: list[LogGroup] = []
        self._told = Told()
        self._weight = 0
        self._start: int | None = None
        self._head = 0
        self._wake: asyncio.Future[None] | None = None
        self.readers = 0
        """How many follow now."""
        self.is_closing = False
        """Whether readers are to end, so that the node can stop."""

    @property
    def head(self) -> int:
        """The last revision that was read; 0 while nobody follows."""
        return self._head

    @contextmanager
    def follow(self) -> Iterator[None]:
        """Follow the log within the block."""
        self.readers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="log tail")
        try:
            yield
        finally:
            self.readers -= 1
            if not self.readers:
                self._stop()

    async def close(self) -> None:
        """Have all readers end, now and later; does not wait for them."""
        self.is_closing = True
        self._wake_all()

    async def read(self, cursor: Cursor, scope: LogScope) -> Turn:
        """The next groups behind a cursor, as far as they have been read for all; the first may have been told in part.

        OUT_OF_RANGE (`HISTORY_GONE`) if the log does not go back as far.
        """
        after = cursor.after
        if self._start is not None and after >= self._start:
            return self._turn(after)
        return await self.read_store(cursor, scope)

    async def read_store(self, cursor: Cursor, scope: LogScope) -> Turn:
        """As `read`, from the store: what was committed before is there."""
        after = cursor.after
        last = await self._log.last_revision()
        groups = grouped(await self._log.read_log(after, _READ_ENTRIES, scope, _READ_WEIGHT))
        # Only now is it known that nothing was taken away while it was read.
        floor = await self._log.log_floor(scope)
        if after < floor:
            raise fell_behind(floor)
        return Turn(groups, groups[-1].revision if groups else max(after, last))

    async def wait(self, after: int, seconds: float) -> None:
        """Wait until there is more than `after`, the readers are to end, or the time is over."""
        until = self._monotonic() + seconds
        while self._head <= after and not self.is_closing:
            left = until - self._monotonic()
            if left <= 0:
                return
            if self._wake is None:
                self._wake = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._wake], timeout=left)

    def _turn(self, after: int) -> Turn:
        first = bisect_right(self._groups, after, key=_revision)
        weight, end = 0, first
        while end < len(self._groups) and (weight := weight + self._groups[end].weight) <= _TURN_WEIGHT:
            end += 1
        groups = self._groups[first : max(end, first + 1)]
        return Turn(groups, groups[-1].revision if groups else max(after, self._head))

    async def _run(self) -> None:
        """Read what comes, until nobody follows any more."""
        failed = False
        while True:
            try:
                if self._start is None:
                    self._start = self._head = await self._log.last_revision()
                    self._wake_all()
                else:
                    await self._log.wait_log(self._head)
                    await self._read_on()
                    await asyncio.sleep(max(_PACE_SECONDS, self.readers * _SERVING_SECONDS))
                failed = False
            except Exception as error:  # noqa: BLE001 - the store may come back, and readers wait for that
                if not failed and not self.is_closing:
                    self._report("the change log cannot be read, watches stand still", error)
                failed = True
                await asyncio.sleep(_RETRY_SECONDS)

    async def _read_on(self) -> None:
        groups = grouped(await self._log.read_log(self._head, _READ_ENTRIES, None, _READ_WEIGHT), self._told)
        if not groups:
            return
        if gone := Gone(groups):  # the log has erased them, so they must not be read here any more
            self._groups = [each.without(gone) for each in self._groups]
        self._groups += groups
        self._weight = sum([group.weight for group in self._groups])
        self._trim()
        self._head = groups[-1].revision
        self._wake_all()

    def _trim(self) -> None:
        """Let go of the oldest groups that are too many or too heavy; the last one stays."""
        gone = max(0, len(self._groups) - _MOST_GROUPS)
        weight = self._weight - sum([group.weight for group in self._groups[:gone]])
        while weight > _MOST_WEIGHT and gone < len(self._groups) - 1:
            weight -= self._groups[gone].weight
            gone += 1
        if gone:
            self._start = self._groups[gone - 1].revision
            del self._groups[:gone]
        self._weight = weight

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        self._groups, self._told, self._weight, self._start, self._head = [], Told(), 0, None, 0

    def _wake_all(self) -> None:
        waiting, self._wake = self._wake, None
        if waiting is not None:
            waiting.set_result(None)


def _revision(group: LogGroup) -> int:
    return group.revision
