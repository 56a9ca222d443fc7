"""Replaying the log: what it says a store holds, resource by resource, in constant memory."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import msgspec

from crud_service.model.change import Change, ChangeKind
from crud_service.model.ports.store_audit import ResourceKey
from crud_service.model.record import Collection, CollectionKey, Record

_LAST = (ChangeKind.RECORD_PURGED, ChangeKind.COLLECTION_DELETED)
"""Kinds after which there is nothing, or something new under the same id."""


class Replayed(NamedTuple):
    """What the log says of one resource."""

    key: ResourceKey
    state: Record | Collection | None
    """Its last state; None if it is gone."""
    revision: int
    """Of its last entry."""
    entries: int
    """How many entries there are."""
    fault: str
    """What is wrong with them; empty if nothing is."""


def replay(entries: Iterable[Change], floor: Callable[[CollectionKey], int]) -> Iterator[Replayed]:
    """Fold the entries, which come by tenant, collection, id and revision.

    `floor` tells up to which revision the history of a collection has been compacted.
    """
    for (tenant, collection), group in groupby(entries, lambda entry: (entry.tenant, entry.collection)):
        compacted = floor(CollectionKey(tenant, collection))
        drops: list[int] = []
        for record_id, history in groupby(group, lambda entry: entry.id):
            folded = _Fold(compacted, drops)
            for entry in history:
                folded.add(entry)
            yield folded.replayed(ResourceKey(tenant, collection, record_id))


class _Fold:
    """The entries of one resource, one after the other."""

    def __init__(self, floor: int, drops: list[int]) -> None:
        self._floor = floor
        # When the collection was deleted: what a record was before counts no more.
        self._drops = drops
        self._last: Change | None = None
        self._count = 0
        self._fault = ""

    def add(self, entry: Change) -> None:
        before, self._last = self._last, entry
        self._count += 1
        if entry.kind is ChangeKind.COLLECTION_DELETED:
            self._drops.append(entry.revision)
        wanted = self._version(before, entry)
        if entry.version != wanted and not (before is None and self._may_be_rest(entry)):
            self._blame(f"revision {entry.revision} has version {entry.version} and must have {wanted}")

    def replayed(self, key: ResourceKey) -> Replayed:
        last = self._last
        if last is None:
            raise ValueError("nothing was replayed")
        state = None if self._is_gone(last) else self._state(last)
        return Replayed(key, state, last.revision, self._count, self._fault)

    def _version(self, before: Change | None, entry: Change) -> int:
        """The version that the entry must have."""
        if before is None or before.kind in _LAST:
            return 1
        if entry.kind is ChangeKind.COLLECTION_DELETED:
            return before.version
        return 1 if entry.id and self._is_dropped(before.revision, entry.revision) else before.version + 1

    def _may_be_rest(self, first: Change) -> bool:
        """Whether the first entry may be what compaction has left of a longer history.

        That of a collection which was deleted goes from its beginning, so what is left of it may begin above the floor.
        """
        return first.revision <= self._floor or bool(self._floor and self._is_dropped(first.revision, None))

    def _is_gone(self, last: Change) -> bool:
        return last.kind in _LAST or bool(last.id and self._is_dropped(last.revision, None))

    def _is_dropped(self, after: int, before: int | None) -> bool:
        """Whether the collection was deleted between the two revisions."""
        return any(after < drop and (before is None or drop < before) for drop in self._drops)

    def _state(self, last: Change) -> Record | Collection | None:
        if not last.state:
            self._blame(f"the state of revision {last.revision} is missing")
            return None
        try:
            return last.record if last.id else last.collection_state
        except (msgspec.MsgspecError, ValueError):
            self._blame(f"the state of revision {last.revision} cannot be read")
            return None

    def _blame(self, fault: str) -> None:
        self._fault = self._fault or fault
