"""What a change log should answer however it was compacted: a list of all that was ever written, and the floors."""

from collections.abc import Iterable

from msgspec.structs import replace

from crud_service.model.change import Change, ChangeKind
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.record import Record


class PlainLog:
    """The log of one tenant. Nothing is ever removed from `entries`: what compaction leaves is worked out anew."""

    def __init__(self) -> None:
        self.entries: list[Change] = []
        self.floors: dict[str, int] = {}

    def append(self, mutation: Iterable[Change]) -> None:
        """Add a mutation; what it purges or drops loses its states."""
        for entry in mutation:
            if entry.kind in {ChangeKind.RECORD_PURGED, ChangeKind.COLLECTION_DELETED}:
                self.entries = [
                    replace(each, state="")
                    if each.id and each.collection == entry.collection and _goes(each, entry)
                    else each
                    for each in self.entries
                ]
            self.entries.append(entry)

    def of(self, collection: str) -> list[Change]:
        """All entries there ever were of a collection."""
        return [entry for entry in self.entries if entry.collection == collection]

    def left(self, collection: str) -> list[Change]:
        """The entries that compaction up to the collection's floor leaves."""
        floor = self.floors.get(collection, 0)
        kept: dict[str, Change] = {}
        for entry in self.of(collection):
            if entry.revision <= floor:
                if entry.kind is ChangeKind.COLLECTION_DELETED:
                    kept.clear()
                elif entry.kind is ChangeKind.RECORD_PURGED:
                    kept.pop(entry.id, None)
                else:
                    kept[entry.id] = entry
        base = sorted(kept.values(), key=lambda entry: (entry.revision, entry.ordinal))
        return base + [entry for entry in self.of(collection) if entry.revision > floor]

    def highest_floor(self, collection: str, rule: HistoryRule) -> int:
        """How far the rule lets the collection's floor rise from where it is."""
        entries = self.of(collection)
        latest = entries[-rule.most :] if rule.most else entries
        floor = self.floors.get(collection, 0)
        for revision in sorted({entry.revision for entry in entries if entry.revision > floor}):
            mutation = [entry for entry in entries if entry.revision == revision]
            is_old = mutation[0].time <= rule.before
            is_protected = mutation[0].time > rule.protected
            if is_protected or not (is_old or not any(entry in latest for entry in mutation)):
                break
            floor = revision
        return floor

    def last(self, collection: str, record_id: str, revision: int) -> Change | None:
        """The last entry of a record up to a revision, if it has a state still."""
        entries = [each for each in self.left(collection) if each.id == record_id and each.revision <= revision]
        return entries[-1] if entries and entries[-1].state else None

    def records(self, collection: str, revision: int) -> list[Record]:
        """The records of a collection that were there at a revision, deleted ones too, in the order of ids."""
        ids = sorted({entry.id for entry in self.of(collection) if entry.id})
        found = [self.last(collection, each, revision) for each in ids]
        return [entry.record for entry in found if entry is not None]


def _goes(entry: Change, by: Change) -> bool:
    """Whether the state of an entry of the same collection goes by a purge or the collection's deletion."""
    return by.kind is ChangeKind.COLLECTION_DELETED or entry.id == by.id
