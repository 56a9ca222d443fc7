"""What one step of compacting the change log does: the rules that every adapter shares, without a database."""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from typing import NamedTuple, Protocol

from crud_service.model.change import ChangeKind
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.timestamp import Timestamp

# States of this many characters, or those of one mutation, go in a step: removing a row takes time by its size.
_MOST_WEIGHT = 4_194_304


class Place(NamedTuple):
    """Where an entry stands in the log."""

    revision: int
    ordinal: int


class Passed(NamedTuple):
    """An entry that the floor may rise past."""

    place: Place
    kind: ChangeKind
    time: Timestamp
    before: Place | None
    """The entry of the same record, or of the collection itself, that it superseded."""
    weight: int
    """The characters of the state of that one."""


class CollectionLog(Protocol):
    """The log of one collection, as planning a step reads it."""

    def floor(self) -> int:
        """Up to which revision it is compacted."""

    def above(self, floor: int) -> Iterable[Passed]:
        """The entries above the floor, in order; taken only as far as needed."""

    def surplus(self, most: int) -> Place | None:
        """The last entry that is not among the latest `most`; None if there is none."""

    def oldest(self, last: Place, limit: int) -> list[Place]:
        """The first `limit` entries up to a place."""


class CompactionStep(NamedTuple):
    """What goes and how far the floor rises, in one transaction. Doing it twice changes nothing."""

    floor_before: int
    floor: int
    """Up to which revision the collection is compacted afterwards."""
    through: Place | None
    """All entries up to there go."""
    superseded: list[Place]
    """These entries go."""
    more: bool
    """Whether the rule allows more to go already."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.floor == self.floor_before and self.through is None


def next_step(log: CollectionLog, rule: HistoryRule, limit: int) -> CompactionStep:
    """The next step of about `limit` entries, whole mutations only."""
    floor = log.floor()
    passed, more = _passed(log, floor, rule, limit)
    if not passed:
        return CompactionStep(floor, floor, None, [], more=False)
    deletions = [each.place for each in passed if each.kind is ChangeKind.COLLECTION_DELETED]
    through = max(deletions, default=None)
    if through is not None:
        oldest = log.oldest(through, limit)
        last = oldest[-1].revision
        if last < through.revision:
            # Too many for one step. What came before the deletion means nothing any more, so it goes from its
            # beginning, whole mutations at a time; the deletion, which says so, goes last.
            return CompactionStep(floor, max(floor, last), Place(last + 1, -1), [], more=True)
    rest = [each for each in passed if through is None or each.place > through]
    superseded = [each.before for each in rest if each.before is not None]
    superseded += [each.place for each in rest if each.kind is ChangeKind.RECORD_PURGED]
    return CompactionStep(floor, passed[-1].place.revision, through, superseded, more)


def _passed(log: CollectionLog, floor: int, rule: HistoryRule, limit: int) -> tuple[list[Passed], bool]:
    """The entries that the floor rises past, and whether it might rise further."""

    @cache
    def surplus() -> Place | None:
        return log.surplus(rule.most) if rule.most else None

    def may_pass(mutation: list[Passed]) -> bool:
        time, last = mutation[-1].time, mutation[-1].place
        if time > rule.protected:
            return False
        if time <= rule.before:
            return True
        one_too_many = surplus()
        return one_too_many is not None and last <= one_too_many

    passed: list[Passed] = []
    weight = 0
    for _, entries in groupby(log.above(floor), key=lambda each: each.place.revision):
        mutation = list(entries)
        if not may_pass(mutation):
            break
        weight += sum(each.weight for each in mutation)
        if passed and (len(passed) + len(mutation) > limit or weight > _MOST_WEIGHT):
            return passed, True
        passed += mutation
    return passed, False
