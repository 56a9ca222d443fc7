"""Compaction: the log gives up history that is too old or too much, in small steps."""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from crud_service.logic.maintenance.setbacks import Setbacks
from crud_service.logic.maintenance.system_call import Report, is_of_the_store
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.record import Collection, CollectionKey
from crud_service.model.timestamp import MIN_SECONDS, Timestamp, from_unix, later

_STEP = 200
"""Entries of one step. Writers wait while a step is under way, so they are not more."""
_PAGE = 1_000


class HistoryKept(msgspec.Struct, frozen=True):
    """How much history a node keeps; times in nanoseconds."""

    age: int
    """For how long superseded states stay, where a collection does not say."""
    entries: int
    """How many entries of a collection stay, where it does not say; 0 is any number."""
    protected: int
    """For how long everything stays, whatever a collection says."""

    def rule(self, collection: Collection | None, time: Timestamp) -> HistoryRule:
        """What may go from the log of a collection; None is one that is gone."""
        age, entries = (collection.history_age, collection.history_entries) if collection else (None, 0)
        return HistoryRule(
            before=_earlier(time, self.age if age is None else age),
            most=entries or self.entries,
            protected=_earlier(time, self.protected),
        )


class Compaction:
    """Compacts the log of every collection that has entries, those that are gone included.

    One whose log cannot be compacted keeps no other from it: it is reported once, and tried again later.
    """

    def __init__(
        self,
        store: RecordStore,
        kept: HistoryKept,
        *,
        clock: Callable[[], Timestamp],
        monotonic: Callable[[], float],
        report: Report,
    ) -> None:
        self._store = store
        self._kept = kept
        self._clock = clock
        self._report = report
        self._setbacks = Setbacks(monotonic)
        self.removed = 0
        """How many entries have gone so far."""

    async def run(self) -> None:
        """Compact all that may go now. Raises CrudError when the store cannot be used."""
        # Read once, when the clock has just been found right: a jump while this goes on ends no more.
        time = self._clock()
        async for key in self._logged():
            if not self._setbacks.holds(key, 0):
                await self._try(key, time)

    async def _logged(self) -> AsyncIterator[CollectionKey]:
        after: CollectionKey | None = None
        while page := await self._store.logged_collections(after, _PAGE):
            for key in page:
                yield key
            after = page[-1]

    async def _try(self, key: CollectionKey, time: Timestamp) -> None:
        try:
            await self._compact(key, time)
        except Exception as error:
            if is_of_the_store(error):
                raise
            if self._setbacks.add(key, 0):
                self._report(f"CompactLog: collections/{key.id} keeps its history for now", error)

    async def _compact(self, key: CollectionKey, time: Timestamp) -> None:
        more = True
        while more:
            # Read before each step: it may have been told to keep more meanwhile.
            rule = self._kept.rule(await self._store.get_collection(key), time)
            done = await self._store.compact_log(key, rule, _STEP)
            self.removed += done.removed
            more = done.more
            await asyncio.sleep(0)


def _earlier(time: Timestamp, nanos: int) -> Timestamp:
    """The time so long before, or the first one there is."""
    try:
        return later(time, -nanos)
    except ValueError:
        return from_unix(MIN_SECONDS)
