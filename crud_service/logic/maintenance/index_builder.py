"""Builds declared indexes: enters the records that were there before, step by step, then lets queries use them."""

import asyncio
from collections.abc import AsyncIterator, Callable

from msgspec.structs import replace

from crud_service.logic.maintenance.setbacks import Setbacks
from crud_service.logic.maintenance.system_call import Report, is_of_the_store, system_call
from crud_service.logic.writer import Writer
from crud_service.model.change import ChangeKind
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import ConditionFailed, RecordStore
from crud_service.model.record import Collection, CollectionKey

_STEP = 500
_PAGE = 1_000
# After which a collection that keeps changing waits for the next look.
_ATTEMPTS = 10
# The only tenant there is until tenants are switched on.
_TENANT = ""


class IndexBuilder:
    """Builds every index that is not ready. What a node that died had begun is begun again.

    A collection that changes meanwhile is begun again too, from its new state: its index may be another one.
    """

    def __init__(
        self,
        store: RecordStore,
        writer: Writer,
        *,
        monotonic: Callable[[], float],
        new_call_id: Callable[[], str],
        report: Report,
    ) -> None:
        self._store = store
        self._writer = writer
        self._new_call_id = new_call_id
        self._report = report
        self._setbacks = Setbacks(monotonic)

    async def run(self) -> None:
        """Build all indexes declared by now. Raises CrudError when the store cannot be used."""
        async for collection in self._unready():
            await self._settle(CollectionKey(_TENANT, collection.id), collection)

    async def _settle(self, key: CollectionKey, collection: Collection) -> None:
        current: Collection | None = collection
        for _ in range(_ATTEMPTS):
            if current is None or not _building(current) or self._setbacks.holds(key, current.revision):
                return
            if await self._try(key, current):
                return
            current = await self._store.get_collection(key)

    async def _unready(self) -> AsyncIterator[Collection]:
        after = ""
        while page := await self._store.list_collections(_TENANT, after, _PAGE):
            for collection in page:
                if _building(collection):
                    yield collection
            after = page[-1].id

    async def _try(self, key: CollectionKey, collection: Collection) -> bool:
        """Build the indexes of this state of a collection. Returns whether it is still the state that counts."""
        try:
            return await self._build(key, collection)
        except ConditionFailed:
            return False
        except Exception as error:
            if is_of_the_store(error):
                raise
            if self._setbacks.add(key, collection.revision):
                self._report(f"BuildIndex: {collection.path} is refused and its indexes stay unused", error)
            return True

    async def _build(self, key: CollectionKey, collection: Collection) -> bool:
        for field in _building(collection):
            after: str | None = ""
            while after is not None:
                if await self._store.get_collection(key) != collection:
                    return False
                after = await self._store.fill_index(key, field, after, _STEP)
                await asyncio.sleep(0)
        time = self._writer.now()
        indexes = tuple([replace(index, ready=True) for index in collection.indexes])
        ready = replace(collection, indexes=indexes, version=collection.version + 1, update_time=time)
        call = system_call("BuildIndex", key.tenant, "its indexes hold all records now", self._new_call_id)
        await self._writer.write(call, time, [PendingChange(ChangeKind.COLLECTION_UPDATED, collection, ready)])
        return True


def _building(collection: Collection) -> list[str]:
    """The fields of the indexes that are not ready."""
    return [index.field for index in collection.indexes if not index.ready]
