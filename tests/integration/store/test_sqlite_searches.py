"""A search that no index bounds ends when its time is over, and nobody else notices it."""

import asyncio
import sqlite3
import time
from contextlib import closing

import pytest

from crud_service.library.sqlite import SqliteStore
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.query import Field, Has, Or, OrderKey, RecordQuery
from crud_service.model.record import RecordKey
from crud_service.testing.mutations import create, mutation, record

ITEMS = Field("content", ("items",))
# Each of the terms walks through each of the items of each record: many seconds in all.
ENDLESS = Or(tuple(Has(ITEMS, number) for number in range(1, 51)))
QUICK = Has(ITEMS, 0)
# Seconds until a search that is cut off must have ended, on a machine with other things to do.
PATIENCE = 3


@pytest.fixture
async def store(data_file):
    store = SqliteStore(data_file, synchronous="OFF", search_threads=2)
    await store.open()
    content = f'{{"items":[{",".join("0" * 30_000)}]}}'
    await store.commit(mutation(*(create(record(f"r{number:03d}", content=content)) for number in range(150))))
    await store.commit(mutation(*(create(record(f"s{number:03d}", "small")) for number in range(300))))
    yield store
    await store.close()


def endless(seconds, **fields):
    return RecordQuery("", "notes", ENDLESS, seconds=seconds, **fields)


async def timed_out(call):
    """How long it takes until `call` has timed out, and what it says."""
    start = time.monotonic()
    with pytest.raises(CrudError) as raised:
        await call
    assert (raised.value.kind, raised.value.reason) == (Kind.DEADLINE_EXCEEDED, Reason.QUERY_TIMEOUT)
    return time.monotonic() - start, raised.value.message


@pytest.mark.parametrize("order", [(), (OrderKey(ITEMS),)])
async def test_a_search_ends_in_time(store, order):
    """It ends soon after its seconds have passed, and says what to do about it; sorted or not, listed or counted."""
    for call in (
        store.list_records(endless(0.2, order=order)),
        store.list_records(endless(0.2, order=order, limit=1_000)),
        store.count_records(endless(0.2, order=order), estimate=False),
        store.count_records(endless(0.2, order=order), estimate=True),
    ):
        seconds, message = await timed_out(call)
        assert 0.2 <= seconds < PATIENCE
        assert "declare an index" in message


async def test_others_go_on(store):
    """More searches than there are threads run into their time-outs; all other calls go on meanwhile."""
    searches = [asyncio.create_task(timed_out(store.list_records(endless(1.5)))) for _ in range(6)]
    await asyncio.sleep(0)
    calls = 0
    while not any(search.done() for search in searches):
        others = (
            store.get_record(RecordKey("", "notes", "r001")),
            store.list_records(RecordQuery("", "small", Has(Field("tags"), "a"), (OrderKey(Field("date"), True),))),
            store.list_records(RecordQuery("", "small", limit=1_000)),
            store.count_records(RecordQuery("", "small"), estimate=False),
            store.read_log(0, 10),
            store.commit(mutation(create(record(f"n{calls}", "small")))),
        )
        for call in others:
            await call
        calls += 1
    assert calls > 3
    assert max(seconds for seconds, _ in await asyncio.gather(*searches)) < 1.5 + PATIENCE


async def test_waiting_for_a_thread_counts(store):
    """A search that finds all threads taken times out in its own time, before they are free."""
    searches = [asyncio.create_task(store.list_records(endless(30))) for _ in range(2)]
    await asyncio.sleep(0)
    seconds, message = await timed_out(store.list_records(RecordQuery("", "notes", QUICK, seconds=0.3)))
    assert 0.3 <= seconds < PATIENCE
    assert "try again" in message
    assert not any(search.done() for search in searches)
    for search in searches:
        search.cancel()


async def test_a_cancelled_search_ends(store):
    """A caller that goes away takes its search with it: the thread is free for the next one."""
    searches = [asyncio.create_task(store.list_records(endless(30))) for _ in range(2)]
    await asyncio.sleep(0.1)
    for search in searches:
        search.cancel()
    page = await store.list_records(RecordQuery("", "notes", QUICK, seconds=5, limit=1))
    assert [each.id for each in page.records] == ["r000"]
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*searches, return_exceptions=True)
    )


async def test_nothing_is_left_of_a_search(store):
    """After time-outs the threads search as before, and no transaction of theirs keeps the write-ahead log."""
    await asyncio.gather(*(timed_out(store.list_records(endless(0.1))) for _ in range(4)))
    for _ in range(4):
        assert (await store.count_records(RecordQuery("", "notes", QUICK), estimate=False)).count == 150
    await store.commit(mutation(create(record("last"))))
    with closing(sqlite3.connect(store.path)) as file:
        busy, pages, moved = file.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
    assert (busy, moved) == (0, pages)


async def test_close_during_searches(store):
    """A store that is closed lets the searches under way end first; those that still wait are told."""
    searches = [asyncio.create_task(timed_out(store.list_records(endless(0.5)))) for _ in range(2)]
    waiting = [asyncio.create_task(store.list_records(endless(20))) for _ in range(3)]
    await asyncio.sleep(0.1)
    await store.close()
    assert max(seconds for seconds, _ in await asyncio.gather(*searches)) < PATIENCE
    refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert [each.reason for each in refused] == [Reason.SHUTTING_DOWN] * 3
