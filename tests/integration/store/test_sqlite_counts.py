"""Counts of a SQLite store: exact, or told from the ends of what would have to be read."""

import pytest
from msgspec.structs import replace

from crud_service.library.sqlite import SqliteStore
from crud_service.model.query import And, Compare, Comparison, Field, Has, Not, RecordCount, RecordQuery
from crud_service.testing.mutations import create, mutation, record

RECORDS = 12_000
TAGS, ODD = Field("tags"), Field("content", ("odd",))
IS_ODD = Compare(ODD, Comparison.EQUAL, value=True)


@pytest.fixture(scope="module")
async def store(empty_file, tmp_path_factory):
    path = tmp_path_factory.mktemp("counts") / "crud.db"
    path.write_bytes(empty_file.read_bytes())
    store = SqliteStore(path, synchronous="OFF")
    await store.open()
    for start in range(0, RECORDS, 1_000):
        await store.commit(mutation(*(create(new(number)) for number in range(start, start + 1_000))))
    yield store
    await store.close()


def new(number):
    tags = ("all", "tenth") if number % 10 == 0 else ("all",)
    odd = "true" if number % 2 else "false"
    return record(f"r{number:05d}", content=f'{{"odd":{odd}}}', tags=tags)


@pytest.mark.parametrize(
    ("where", "count"),
    [
        (None, RECORDS),
        (Has(TAGS, "tenth"), RECORDS // 10),
        (IS_ODD, RECORDS // 2),
        (And((Has(TAGS, "all"), IS_ODD)), RECORDS // 2),
        (And((Has(TAGS, "tenth"), IS_ODD)), 0),
    ],
)
async def test_exact(store, where, count):
    """A count is exact unless an estimate is asked for."""
    query = RecordQuery("", "notes", where)
    assert await store.count_records(query, estimate=False) == RecordCount(count)


@pytest.mark.parametrize(
    ("where", "estimate"),
    [
        # 5,000 at either end are looked at: half of them are odd, and a tenth has the tag.
        (IS_ODD, RecordCount(RECORDS // 2, estimated=True)),
        (And((Has(TAGS, "all"), IS_ODD)), RecordCount(RECORDS // 2, estimated=True)),
        (Not(Has(TAGS, "tenth")), RecordCount(RECORDS * 9 // 10, estimated=True)),
        # An index alone tells these, or few records lie on it.
        (None, RecordCount(RECORDS)),
        (Has(TAGS, "all"), RecordCount(RECORDS)),
        (And((Has(TAGS, "tenth"), IS_ODD)), RecordCount(0)),
    ],
)
async def test_estimates(store, where, estimate):
    """An estimate looks at a part if that is less work than all, and says so."""
    query = RecordQuery("", "notes", where)
    assert await store.count_records(query, estimate=True) == estimate
    assert await store.count_records(replace(query, limit=1), estimate=True) == estimate
