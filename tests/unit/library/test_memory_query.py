"""Searches in memory share the loop with all other calls."""

import asyncio

import pytest

from crud_service.library.memory_query import count_of, page_of
from crud_service.model.errors import CrudError, Reason
from crud_service.model.query import Field, OrderKey, Present, RecordQuery
from crud_service.model.record import RecordKey
from crud_service.testing.mutations import record

RECORDS = {RecordKey("", "notes", f"r{number:04d}"): record(f"r{number:04d}") for number in range(1_000)}
NOTHING = Present(Field("content", ("missing",)))


@pytest.mark.parametrize("order", [(), (OrderKey(Field("name")),)])
async def test_time_out(order):
    """A search whose time is over is cut off, listed or counted."""
    query = RecordQuery("", "notes", NOTHING, order, seconds=0)
    for call in (page_of(RECORDS, query), count_of(RECORDS, query)):
        with pytest.raises(CrudError) as raised:
            await call
        assert raised.value.reason is Reason.QUERY_TIMEOUT


async def test_others_go_on():
    """Other calls get their turn while a search goes on, and what they change it does not see."""
    records = dict(RECORDS)
    search = asyncio.create_task(count_of(records, RecordQuery("", "notes", Present(Field("name")))))
    turns = 0
    while not search.done():
        records[RecordKey("", "notes", f"new-{turns}")] = record(f"new-{turns}")
        await asyncio.sleep(0)
        turns += 1
    assert turns > 3
    assert (await search).count in (1_000, 1_001)  # one may have come before the search began
