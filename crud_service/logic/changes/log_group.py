"""The entries of one mutation, read once and shared by all who tell of them."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any

from msgspec.structs import replace

from crud_service.logic.changes.told import Told, has_failed, result_of, shared
from crud_service.model.change import Change, ChangeKind
from crud_service.model.ports.change_log import ChangeLog, LogScope
from crud_service.model.record import CollectionKey, Record, RecordKey

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
    """All entries of one revision, or those of a scope; `told` keeps what is made of them for readers."""

    def __init__(self, changes: Sequence[Change], told: Told | None = None) -> None:
        self.revision = changes[0].revision
        self.entries = tuple([LogEntry(change) for change in changes])
        self.weight = sum([len(change.state) + _ENTRY_WEIGHT for change in changes])
        self._olds: asyncio.Task[dict[int, Record]] | None = None
        self._told = told

    def within(self, scope: LogScope) -> list[LogEntry]:
        """The entries of a scope."""
        return [entry for entry in self.entries if _is_in(entry.change, scope)]

    async def olds(self, log: ChangeLog) -> Mapping[int, Record]:
        """The records before the changes, by ordinal, as far as there were any and the log still has them."""
        if self._olds is None or has_failed(self._olds):
            self._olds = shared(self._load_olds(log))
        return await result_of(self._olds)

    async def told(self, what: Hashable, tell: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """What `tell()` makes of the group; for those who ask for the same about the same time it is made once."""
        if self._told is None:
            return await tell()
        return await self._told.get((self, what), self.weight, tell)

    def begin(self, what: Hashable, tell: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Begin with what `told` will be asked for, so that who asks for several groups waits once for all of them."""
        if self._told is not None:
            self._told.begin((self, what), self.weight, tell)

    def without(self, gone: "Gone") -> "LogGroup":
        """The group as the log has it when these are gone."""
        if not any(gone.takes(entry.change) for entry in self.entries):
            return self
        changes = [entry.change for entry in self.entries]
        return LogGroup([replace(each, state="") if gone.takes(each) else each for each in changes], self._told)

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


class Gone:
    """Records that were purged, and collections that were deleted with theirs, by some groups: no state of them stays
    in the log before.
    """

    def __init__(self, groups: Iterable[LogGroup]) -> None:
        entries = [entry for group in groups for entry in group.entries]
        self._records = {entry.key for entry in entries if entry.change.kind is ChangeKind.RECORD_PURGED}
        dropped = [entry.change for entry in entries if entry.change.kind is ChangeKind.COLLECTION_DELETED]
        self._collections = {CollectionKey(each.tenant, each.collection) for each in dropped}

    def __bool__(self) -> bool:
        return bool(self._records or self._collections)

    def takes(self, change: Change) -> bool:
        """Whether the state of the entry, which is an earlier one, is gone."""
        if not (change.id and change.state):
            return False
        key = RecordKey(change.tenant, change.collection, change.id)
        return key in self._records or key[:2] in self._collections


def grouped(changes: Iterable[Change], told: Told | None = None) -> list[LogGroup]:
    """The groups of entries that are in the order of the log."""
    return [LogGroup(list(group), told) for _, group in groupby(changes, attrgetter("revision"))]


def _is_in(change: Change, scope: LogScope) -> bool:
    return change.tenant == scope.tenant and scope.collection in (None, change.collection)
