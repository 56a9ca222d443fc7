"""The change log in memory: entries in order, and those of each record apart."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from operator import attrgetter

from msgspec.structs import replace

from crud_service.library.compaction_step import Passed, Place, next_step
from crud_service.library.log_pages import whole_mutations
from crud_service.model.change import Change, ChangeKind
from crud_service.model.ports.change_log import Compaction, HistoryRule, LogScope
from crud_service.model.record import CollectionKey, RecordKey

_revision = attrgetter("revision")


class MemoryLog:
    """What the port ChangeLog says, in lists. Entries of a collection itself stand under the record id ``."""

    def __init__(self) -> None:
        self._entries: list[Change] = []
        self._of_record: defaultdict[RecordKey, list[Change]] = defaultdict(list)
        self._floors: dict[CollectionKey, int] = {}

    def append(self, changes: Iterable[Change]) -> None:
        """Add the entries of the next mutations."""
        for change in changes:
            self._entries.append(change)
            self._of_record[_key(change)].append(change)

    def erase(self, purged: Collection[RecordKey], dropped: Collection[CollectionKey]) -> None:
        """Remove the states of records, and of all records of collections."""
        gone = {*purged, *(key for key in self._of_record if key.id and key[:2] in dropped)} if dropped else purged
        for key in gone:
            erased = [replace(entry, state="") for entry in self.of_record(key)]
            self._of_record[key] = erased
            for entry in erased:
                self._entries[bisect_left(self._entries, _place(entry), key=_place)] = entry

    def read(self, after: int, limit: int, scope: LogScope | None, weight_limit: int) -> tuple[Change, ...]:
        """As the port says of `read_log`."""
        following = islice(self._entries, bisect_right(self._entries, after, key=_revision), None)
        return whole_mutations(_within(scope, following), limit, weight_limit)

    def mutation(self, revision: int) -> tuple[Change, ...]:
        """All entries of one revision."""
        log = self._entries
        return tuple(log[bisect_left(log, revision, key=_revision) : bisect_right(log, revision, key=_revision)])

    def floor(self, scope: LogScope | None) -> int:
        """As the port says of `log_floor`."""
        if scope is not None and scope.collection is not None:
            return self._floors.get(CollectionKey(scope.tenant, scope.collection), 0)
        return max((at for key, at in self._floors.items() if scope is None or key.tenant == scope.tenant), default=0)

    def state_at(self, key: RecordKey, revision: int) -> Change | None:
        """The last entry of a record up to a revision."""
        entries = self._of_record.get(key, [])
        following = bisect_right(entries, revision, key=_revision)
        return entries[following - 1] if following else None

    def history(self, key: RecordKey, below: int, limit: int, weight_limit: int) -> tuple[Change, ...]:
        """As the port says of `read_history`."""
        entries = self._of_record.get(key, [])
        before = reversed(entries[: bisect_left(entries, below, key=_revision)])
        told = (entry for entry in before if entry.state or entry.kind is ChangeKind.RECORD_PURGED)
        return whole_mutations(told, limit, weight_limit)

    def collections(self, after: CollectionKey | None, limit: int) -> tuple[CollectionKey, ...]:
        """As the port says of `logged_collections`."""
        keys = {CollectionKey(key.tenant, key.collection) for key in self._of_record}
        return tuple(sorted(key for key in keys if after is None or key > after)[:limit])

    def compact(self, collection: CollectionKey, rule: HistoryRule, limit: int) -> Compaction:
        """As the port says of `compact_log`."""
        step = next_step(_CollectionLog(self, collection), rule, limit)
        if step.is_empty:
            return Compaction(0, step.floor, step.more)
        superseded = set(step.superseded)
        before = len(self._entries)

        def stays(entry: Change) -> bool:
            place = _place(entry)
            goes = place in superseded or (step.through is not None and place <= step.through)
            return not goes or _key(entry)[:2] != collection

        self._keep([entry for entry in self._entries if stays(entry)])
        self._floors[collection] = step.floor
        return Compaction(before - len(self._entries), step.floor, step.more)

    def of_record(self, key: RecordKey) -> list[Change]:
        """All entries of one record, in order."""
        return self._of_record.get(key, [])

    def of_collection(self, collection: CollectionKey) -> list[Change]:
        """All entries of one collection, in order."""
        return list(_within(LogScope(*collection), self._entries))

    def _keep(self, entries: Iterable[Change]) -> None:
        """Replace all entries."""
        kept = list(entries)
        self._entries = []
        self._of_record.clear()
        self.append(kept)


class _CollectionLog:
    """One collection of it, for planning a step of compaction."""

    def __init__(self, log: MemoryLog, collection: CollectionKey) -> None:
        self._log, self._collection = log, collection
        self._entries = log.of_collection(collection)

    def floor(self) -> int:
        return self._log.floor(LogScope(*self._collection))

    def above(self, floor: int) -> Iterator[Passed]:
        for entry in self._entries[bisect_right(self._entries, floor, key=_revision) :]:
            of_record = self._log.of_record(_key(entry))
            number = bisect_left(of_record, _place(entry), key=_place)
            before = of_record[number - 1] if number else None
            superseded, weight = (None, 0) if before is None else (_place(before), len(before.state))
            yield Passed(_place(entry), entry.kind, entry.time, superseded, weight)

    def surplus(self, most: int) -> Place | None:
        return _place(self._entries[-most - 1]) if len(self._entries) > most else None

    def oldest(self, last: Place, limit: int) -> list[Place]:
        return [_place(entry) for entry in self._entries[:limit] if _place(entry) <= last]


def _within(scope: LogScope | None, entries: Iterable[Change]) -> Iterator[Change]:
    """Those of a scope."""
    for entry in entries:
        if scope is None or (entry.tenant == scope.tenant and scope.collection in {None, entry.collection}):
            yield entry


def _key(entry: Change) -> RecordKey:
    return RecordKey(entry.tenant, entry.collection, entry.id)


def _place(entry: Change) -> Place:
    return Place(entry.revision, entry.ordinal)
