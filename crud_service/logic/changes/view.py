"""What a reader of the log sees of a mutation: the changes of its scope, through its filter and its mask."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from crud_service.logic.changes.cursor import Cursor
from crud_service.logic.changes.entries import TYPES, shown_entry
from crud_service.logic.changes.log_group import LogEntry, LogGroup
from crud_service.logic.filter import parse_filter
from crud_service.logic.paths import parent_collection
from crud_service.logic.read_mask import parse_read_mask
from crud_service.logic.reading import Reading
from crud_service.model.call import Call
from crud_service.model.change import ChangeKind
from crud_service.model.limits import Limits
from crud_service.model.matching import matches
from crud_service.model.ports.change_log import ChangeLog, LogScope
from crud_service.model.record import Record
from crud_service.model.requests import ChangeGroup, ChangeType, ListChanges, RecordChange, WatchRecords

# Kinds whose entry is told to a filtered reader only if the record matched before.
_LEAVING = (ChangeKind.RECORD_UPDATED, ChangeKind.RECORD_DELETED, ChangeKind.RECORD_EXPIRED)
# An upper bound of what a change takes on the wire besides its records.
_CHANGE_WEIGHT = 2_048


class Shape(NamedTuple):
    """All that tells one view from another: readers with the same shape are told the same."""

    principal: str
    scope: LogScope
    filter: str
    include_old: bool
    read_mask: tuple[str, ...] | None

    @property
    def bound(self) -> tuple[str, ...]:
        """What a token of such a reader belongs to."""
        return self.scope.tenant, self.principal, self.scope.collection or "-", self.filter


class View:
    """Turns groups of the log into what a request asks to see. INVALID_ARGUMENT if it asks for what cannot be."""

    def __init__(
        self, call: Call, request: WatchRecords | ListChanges, log: ChangeLog, reading: Reading, limits: Limits
    ) -> None:
        collection = parent_collection(call.tenant, request.parent)
        scope = LogScope.of(call.tenant, collection)
        self.shape = Shape(call.principal, scope, request.filter, request.include_old, request.read_mask)
        self.where = parse_filter(request.filter, limits)
        self._mask = parse_read_mask(request.read_mask)
        self._call = call
        self._log = log
        self._reading = reading
        self._limits = limits

    async def see(self, group: LogGroup, cursor: Cursor) -> list[RecordChange]:
        """The changes of a group that the reader is to see, behind its cursor."""
        entries = [entry for entry in group.within(self.shape.scope) if not cursor.is_told(entry.change)]
        if not entries:
            return []
        olds = await group.olds(self._log) if self.shape.include_old or self.where is not None else {}
        seen = [change for entry in entries if (change := self._seen(entry, olds)) is not None]
        return await self._shown(seen)

    def initial(self, records: Sequence[Record]) -> list[RecordChange]:
        """Records that have passed the hooks, as they are where a watch starts."""
        return [
            RecordChange(
                type=ChangeType.INITIAL,
                record=record,
                path=record.path,
                version=record.version,
                revision=record.revision,
            )
            for record in records
        ]

    async def records(self, records: tuple[Record, ...]) -> tuple[Record, ...]:
        """Records as the reader is to see them."""
        return await self._reading.shown(self._call, records, self._mask)

    def _seen(self, entry: LogEntry, olds: Mapping[int, Record]) -> RecordChange | None:
        change = entry.change
        if not change.id:
            if self.where is not None and change.kind is not ChangeKind.COLLECTION_DELETED:
                return None
            return shown_entry(change, TYPES[change.kind], collection=change.collection_state)
        old = olds.get(change.ordinal)
        kind = TYPES[change.kind] if self.where is None else self._filtered(entry, old)
        if kind is None:
            return None
        return shown_entry(change, kind, record=entry.record, old_record=old if self.shape.include_old else None)

    def _filtered(self, entry: LogEntry, old: Record | None) -> ChangeType | None:
        """What happened as seen by the filter; None if it is nothing."""
        kind = entry.change.kind
        if kind is ChangeKind.RECORD_PURGED:
            return ChangeType.PURGED  # whether it ever matched cannot be known any more
        if entry.is_erased:
            return None  # its purge follows
        before = kind in _LEAVING and old is not None and old.delete_time is None and matches(old, self.where)
        after = entry.record.delete_time is None and matches(entry.record, self.where)
        if kind is ChangeKind.RECORD_UPDATED and before != after:
            return ChangeType.ENTERED if after else ChangeType.LEFT
        return TYPES[kind] if before or after else None

    async def _shown(self, changes: list[RecordChange]) -> list[RecordChange]:
        """The changes with their records as the reader is to see them."""
        records = tuple([each for change in changes for each in (change.record, change.old_record) if each is not None])
        if not records:
            return changes
        shown = iter(await self.records(records))
        return [
            replace(
                change,
                record=change.record and next(shown),
                old_record=change.old_record and next(shown),
            )
            for change in changes
        ]


def pieces(revision: int, changes: Sequence[RecordChange], most_bytes: int) -> list[ChangeGroup]:
    """The changes of one mutation in groups that a client can receive, the last of them complete."""
    groups: list[ChangeGroup] = []
    rest = list(changes)
    while rest:
        count = fitting(rest, most_bytes)
        groups.append(ChangeGroup(revision, count == len(rest), tuple(rest[:count])))
        rest = rest[count:]
    return groups


def fitting(changes: Sequence[RecordChange], most_bytes: int) -> int:
    """How many changes, from the first, weigh no more than that; at least one."""
    weight = 0
    for count, change in enumerate(changes):
        weight += weight_of(change)
        if count and weight > most_bytes:
            return count
    return len(changes)


def weight_of(change: RecordChange) -> int:
    """An upper bound of the change's size in bytes on either transport."""
    resources = (change.record, change.old_record, change.collection)
    return _CHANGE_WEIGHT + sum([each.weight for each in resources if each is not None])
