"""A sweep: changes all records whose time has come."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import NamedTuple

from crud_service.logic.life_cycle import deleted, purged
from crud_service.logic.maintenance.setbacks import Setbacks
from crud_service.logic.maintenance.system_call import Report, is_of_the_store, system_call
from crud_service.logic.writer import Writer
from crud_service.model.change import ChangeKind
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import ConditionFailed, DueRecord, RecordStore
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey
from crud_service.model.timestamp import Timestamp

_BATCH = 100
"""Records of one mutation. Their contents are in memory meanwhile, so they are not more."""
_MANY_SETBACKS_SECONDS = 60.0


class Kind(NamedTuple):
    """What a sweep looks for, and what it makes of it."""

    operation: str
    reason: str
    """What the change log says."""
    find: Callable[[Timestamp, int], Awaitable[tuple[DueRecord, ...]]]
    change: Callable[[RecordKey, Record, Collection | None, Timestamp], PendingChange]


def expiry(store: RecordStore) -> Kind:
    """Deletes live records at their expire time."""

    def change(_: RecordKey, record: Record, collection: Collection | None, time: Timestamp) -> PendingChange:
        return PendingChange(ChangeKind.RECORD_EXPIRED, record, deleted(record, collection, time))

    return Kind("SweepExpired", "its expire_time has come", store.expired_records, change)


def purge(store: RecordStore) -> Kind:
    """Erases deleted records at their purge time."""

    def change(key: RecordKey, record: Record, _: Collection | None, time: Timestamp) -> PendingChange:
        return PendingChange(ChangeKind.RECORD_PURGED, record, purged(key, record))

    return Kind("SweepPurgeable", "its purge_time has come", store.purgeable_records, change)


class RecordSweep:
    """Changes what is due, through hooks and log like any other call.

    Records go in batches. When a batch fails they go one by one, so that one that cannot be changed keeps no other from
    it: that one is reported once, and tried again later. A record that somebody else has just changed is left alone.
    """

    def __init__(
        self,
        kind: Kind,
        store: RecordStore,
        writer: Writer,
        *,
        monotonic: Callable[[], float],
        new_call_id: Callable[[], str],
        report: Report,
    ) -> None:
        self._kind = kind
        self._store = store
        self._writer = writer
        self._monotonic = monotonic
        self._new_call_id = new_call_id
        self._report = report
        self._setbacks = Setbacks(monotonic)
        self._not_before = monotonic()
        self.changed = 0
        """How many records it has changed so far."""

    async def run(self) -> None:
        """Change all that is due now. Raises CrudError when the store cannot be used."""
        if self._monotonic() < self._not_before:
            return
        more = True
        while more:
            more = await self._step()
            await asyncio.sleep(0)
        if self._setbacks.full:
            self._not_before = self._monotonic() + _MANY_SETBACKS_SECONDS

    async def _step(self) -> bool:
        """Change one batch. Returns whether there may be more to do."""
        limit = _BATCH + len(self._setbacks)
        found = await self._kind.find(self._writer.now(), limit)
        if len(found) < limit:
            self._setbacks.keep({_key(each) for each in found})
        due = [each for each in found if not self._setbacks.holds(_key(each), each.record.revision)][:_BATCH]
        done = 0
        for tenant, group in groupby(sorted(due, key=_tenant), key=_tenant):
            done += await self._sweep(tenant, list(group))
        return bool(done) and len(found) == limit

    async def _sweep(self, tenant: str, due: list[DueRecord]) -> int:
        """Change records of one tenant, and return how many could be."""
        try:
            await self._write(tenant, due)
        except Exception as error:
            if is_of_the_store(error):
                raise
        else:
            return len(due)
        return sum([await self._sweep_one(each) for each in due])

    async def _sweep_one(self, due: DueRecord) -> bool:
        try:
            await self._write(due.tenant, [due])
        except ConditionFailed:  # another writer was faster, or the record has just been made to live longer
            return False
        except Exception as error:
            if is_of_the_store(error):
                raise
            if self._setbacks.add(_key(due), due.record.revision):
                self._report(f"{self._kind.operation}: {due.record.path} is refused and stays for now", error)
            return False
        return True

    async def _write(self, tenant: str, due: list[DueRecord]) -> None:
        collections: dict[str, Collection | None] = {}
        for name in {each.record.collection for each in due}:
            collections[name] = await self._store.get_collection(CollectionKey(tenant, name))
        time = self._writer.now()
        changes = [
            self._kind.change(_key(each), each.record, collections[each.record.collection], time) for each in due
        ]
        call = system_call(self._kind.operation, tenant, self._kind.reason, self._new_call_id)
        await self._writer.write(call, time, changes)
        self.changed += len(changes)


def _key(due: DueRecord) -> RecordKey:
    return RecordKey(due.tenant, due.record.collection, due.record.id)


def _tenant(due: DueRecord) -> str:
    return due.tenant
