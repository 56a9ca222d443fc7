"""The entries of one mutation, read once and shared by all who tell of them."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from crud_service.model.change import Change, ChangeKind
from crud_service.model.ports.change_log import ChangeLog, LogScope
from crud_service.model.record import Record, RecordKey

T = TypeVar("T")

# What an entry takes in memory besides its state.
_ENTRY_WEIGHT = 512


class LogEntry:
    """One entry; its record is decoded once, when it is first asked for."""

    def __init__(self, change: Change) -> None:
        self.change = change

    @cached_property
    def record(self) -> Record:
        """The record after the change; only for entries about records."""
        return self.change.record

    @property
    def is_erased(self) -> bool:
        """Whether the state has left the log, by a later purge or with its collection."""
        return not self.change.state and self.change.kind is not ChangeKind.RECORD_PURGED

    @property
    def key(self) -> RecordKey:
        """The record's key."""
        return RecordKey(self.change.tenant, self.change.collection, self.change.id)


class LogGroup:
    """All entries of one revision, or those of a scope."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.revision = changes[0].revision
        self.entries = tuple([LogEntry(change) for change in changes])
        self.weight = sum([len(change.state) + _ENTRY_WEIGHT for change in changes])
        self._olds: asyncio.Task[dict[int, Record]] | None = None
        self._told: dict[Hashable, asyncio.Task[Any]] = {}

    def within(self, scope: LogScope) -> list[LogEntry]:
        """The entries of a scope."""
        return [entry for entry in self.entries if _is_in(entry.change, scope)]

    async def olds(self, log: ChangeLog) -> Mapping[int, Record]:
        """The records before the changes, by ordinal, as far as there were any and the log still has them."""
        if self._olds is None:
            self._olds = _shared(self._load_olds(log))
        return await _result(self._olds)

    async def told(self, what: Hashable, tell: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """What `tell()` makes of the group; made once for all who ask for the same."""
        task = self._told.get(what)
        if task is None:
            task = self._told[what] = _shared(tell())
        return await _result(task)

    async def _load_olds(self, log: ChangeLog) -> dict[int, Record]:
        entries = [
            each for each in self.entries if each.change.id and each.change.kind is not ChangeKind.RECORD_CREATED
        ]
        before = self.revision - 1
        states = await log.states_at([each.key for each in entries], [before] * len(entries)) if entries else []
        return {
            entry.change.ordinal: state.record
            for entry, state in zip(entries, states, strict=True)
            if state is not None and state.state
        }


def _shared(work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """Work that several wait for."""
    task = asyncio.create_task(work)
    # Whoever waits gets the error; if nobody does any more, nobody misses it.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


async def _result(task: "asyncio.Task[T]") -> T:
    # One who stops waiting must not end it for the others.
    return task.result() if task.done() else await asyncio.shield(task)


def grouped(changes: Iterable[Change]) -> list[LogGroup]:
    """The groups of entries that are in the order of the log."""
    return [LogGroup(list(group)) for _, group in groupby(changes, attrgetter("revision"))]


def _is_in(change: Change, scope: LogScope) -> bool:
    return change.tenant == scope.tenant and scope.collection in (None, change.collection)
