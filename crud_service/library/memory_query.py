"""Queries over records in memory, as `crud_service.model.matching` says word for word."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import cmp_to_key
from heapq import nsmallest
from itertools import accumulate

from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.matching import compare_positions, matches, position_of
from crud_service.model.ports.record_store import RecordPage
from crud_service.model.query import Position, RecordCount, RecordQuery
from crud_service.model.record import Record, RecordKey

# Records between two looks at the clock, after which other calls go on.
_STEP = 200


async def page_of(records: Mapping[RecordKey, Record], query: RecordQuery) -> RecordPage:
    """The page of `query` among all records of a store, as they are at the call.

    CrudError (`QUERY_TIMEOUT`) when the query's seconds have passed.
    """
    candidates = _candidates(records, query)
    if query.order:
        found = await _first_in_order(candidates, query)
    else:
        after = ("", "") if query.after is None else (query.after.collection, query.after.id)
        following = sorted([each for each in candidates if _tie(each) > after], key=_tie)
        found = []
        async for record in _found(following, query):
            found.append(record)
            if len(found) > query.limit:
                break
    return _cut(found, query)


async def count_of(records: Mapping[RecordKey, Record], query: RecordQuery) -> RecordCount:
    """How many records of a store the query finds. Times out as `page_of` does."""
    return RecordCount(sum([1 async for _ in _found(_candidates(records, query), query)]))


def _candidates(records: Mapping[RecordKey, Record], query: RecordQuery) -> list[Record]:
    tenant, collection, deleted = query.tenant, query.collection, query.show_deleted
    return [
        record
        for key, record in records.items()
        if key.tenant == tenant
        and (collection is None or key.collection == collection)
        and (deleted or record.delete_time is None)
    ]


async def _first_in_order(candidates: Iterable[Record], query: RecordQuery) -> list[Record]:
    order, after = query.order, query.after
    places: list[tuple[Position, Record]] = []
    async for record in _found(candidates, query):
        place = position_of(record, order)
        if after is None or compare_positions(place, after, order) > 0:
            places.append((place, record))

    def compare(one: tuple[Position, Record], other: tuple[Position, Record]) -> int:
        return compare_positions(one[0], other[0], order)

    return [record for _, record in nsmallest(query.limit + 1, places, key=cmp_to_key(compare))]


async def _found(records: Iterable[Record], query: RecordQuery) -> AsyncIterator[Record]:
    """Those that match the filter."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + query.seconds
    for number, record in enumerate(records, 1):
        if matches(record, query.where):
            yield record
        if number % _STEP == 0:
            await asyncio.sleep(0)
            if loop.time() > deadline:
                message = "the search took longer than it may; narrow the filter"
                raise CrudError(Kind.DEADLINE_EXCEEDED, Reason.QUERY_TIMEOUT, message)


def _cut(found: list[Record], query: RecordQuery) -> RecordPage:
    """The page within the limits of `query`; `found` goes past it if more follow."""
    weights = accumulate(record.weight for record in found[: query.limit])
    kept = max(1, sum(weight <= query.weight_limit for weight in weights)) if found else 0
    return RecordPage(tuple(found[:kept]), kept < len(found))


def _tie(record: Record) -> tuple[str, str]:
    return record.collection, record.id
