"""Exports: all records of a collection, or of all, as they were at one revision."""

import asyncio
from collections.abc import AsyncIterator

from msgspec.structs import replace

from crud_service.logic.filter import parse_filter
from crud_service.logic.paths import parent_collection
from crud_service.logic.read_mask import parse_read_mask
from crud_service.logic.reading import Reading
from crud_service.logic.revisions import check_kept, check_revision
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import Reason, not_found
from crud_service.model.limits import Limits
from crud_service.model.matching import position_of
from crud_service.model.ports.change_log import LogScope
from crud_service.model.ports.record_store import RecordPage, RecordStore
from crud_service.model.query import RecordQuery
from crud_service.model.record import CollectionKey
from crud_service.model.timestamp import Timestamp

_PAGE_RECORDS = 500
_PAGE_BYTES = 1_048_576
# A filter that few records fulfil reads many for one page, and nobody waits for a single page here.
_PAGE_SECONDS = 60.0


class Exporting:
    """Serves ExportRecords."""

    def __init__(self, store: RecordStore, reading: Reading, limits: Limits) -> None:
        self._store = store
        self._reading = reading
        self._limits = limits

    async def export_records(
        self, call: Call, request: requests.ExportRecords
    ) -> AsyncIterator[requests.ExportRecordsReply]:
        """The records in the order of their collections and ids, some in each reply; at least one reply comes.

        NOT_FOUND if there is no such collection, or it is deleted in the middle; OUT_OF_RANGE (`HISTORY_GONE`) when the
        log has been compacted past the revision, be it in the middle: what came before is right, and the rest never
        comes.
        """
        mask = parse_read_mask(request.read_mask)
        query = await self._query(call, request)
        made = await self._made(query)
        page = await self._page(query)
        while True:
            if not page.more and await self._made(query) != made:
                # The records went with it, which looks like their end.
                raise not_found(
                    Reason.COLLECTION_NOT_FOUND, f"{request.parent} was deleted before its export was complete"
                )
            # The next page is read while this one is sent.
            query = replace(query, after=position_of(page.records[-1], ()) if page.records else None)
            upcoming = asyncio.create_task(self._page(query)) if page.more else None
            try:
                yield requests.ExportRecordsReply(await self._reading.shown(call, page.records, mask), query.at)
                if upcoming is None:
                    return
                page = await upcoming
            finally:
                if upcoming is not None:
                    upcoming.cancel()
                    await asyncio.gather(upcoming, return_exceptions=True)

    async def _query(self, call: Call, request: requests.ExportRecords) -> RecordQuery:
        parent = parent_collection(call.tenant, request.parent)
        where = parse_filter(request.filter, self._limits)
        scope = LogScope.of(call.tenant, parent)
        at = await check_revision(self._store, scope, request.read_revision)
        return RecordQuery(
            scope.tenant,
            scope.collection,
            where,
            show_deleted=request.show_deleted,
            limit=_PAGE_RECORDS,
            weight_limit=_PAGE_BYTES,
            seconds=_PAGE_SECONDS,
            at=at,
        )

    async def _page(self, query: RecordQuery) -> RecordPage:
        if not query.at:  # which would be now, and not the time before the first revision
            return RecordPage((), more=False)
        page = await self._store.list_records(query)
        await check_kept(self._store, LogScope(query.tenant, query.collection), query.at)
        return page

    async def _made(self, query: RecordQuery) -> Timestamp | None:
        """When the collection was made, which tells it from a later one of its name; None for all collections."""
        if query.collection is None:
            return None
        collection = await self._store.get_collection(CollectionKey(query.tenant, query.collection))
        if collection is None:
            raise not_found(Reason.COLLECTION_NOT_FOUND, f"there is no collection {query.collection}")
        return collection.create_time
