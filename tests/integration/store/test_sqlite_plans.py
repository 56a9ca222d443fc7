"""Every way to an answer leads to the same answer, and the way of an index has no detours."""

import sqlite3
from contextlib import closing
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from crud_service.library.sqlite import SqliteStore
from crud_service.library.sqlite_page import page_of
from crud_service.library.sqlite_plan import possible_plans, serving_plan
from crud_service.library.sqlite_query import Statements
from crud_service.library.sqlite_search import Search
from crud_service.library.sqlite_walk import walks
from crud_service.model.matching import in_order, matches, position_of
from crud_service.model.query import And, Compare, Comparison, Field, Has, OrderKey, Position, Rank, RecordQuery
from crud_service.testing.mutations import create
from crud_service.testing.queries import DECLARED, queries, records
from crud_service.testing.store_contract.queries import declare_indexes
from crud_service.testing.store_contract.store import commit_records

# Every example has a tenant of its own, so that they share a store.
TENANTS = (f"t{number}" for number in count())
TAGS, DATE, ID, A = Field("tags"), Field("date"), Field("id"), Field("content", ("a",))
TAG = Has(TAGS, "x")
FROM, UNTIL = Compare(DATE, Comparison.GREATER_OR_EQUAL, "2026-01"), Compare(DATE, Comparison.LESS, "2026-02")
RANGE = And((FROM, UNTIL))
CHEAP = Compare(A, Comparison.LESS, 5)
READY = {str(field) for field in DECLARED}


@pytest.fixture
async def store(data_file):
    store = SqliteStore(data_file, synchronous="OFF")
    await store.open()
    yield store
    await store.close()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_every_plan_answers_the_same(store, data):
    """Whichever index a plan walks along, sorted or not, its pages and its count are those that the model gives."""
    tenant = next(TENANTS)
    await declare_indexes(store, tenant)
    stored = await commit_records(store, *map(create, data.draw(records())), tenant=tenant)
    query = replace(data.draw(queries()), tenant=tenant)
    found = [
        each
        for each in stored
        if query.collection in (None, each.collection)
        and (query.show_deleted or each.delete_time is None)
        and matches(each, query.where)
    ]
    wanted = [record for _, record in in_order(found, query.order)]
    search = Search(store._engine.reader.connection.get())
    for plan in possible_plans(query, READY):
        assert list(pages(search, query, plan)) == wanted
        assert search.count(query, plan, estimate=False).count == len(wanted)


def pages(search, query, plan):
    """The records of all pages, as one plan finds them."""
    more = True
    while more:
        page = page_of(search.rows(query, plan), query)
        yield from page.records
        more = page.more
        if more:
            query = replace(query, after=position_of(page.records[-1], query.order))


OF_RECORD = "r USING INDEX sqlite_autoindex_records_1 (tenant=? AND collection=? AND id=?)"
BY_ID = "r USING INDEX records_live (tenant=? AND collection=? AND "
BY_DATE = "r USING INDEX records_by_date (tenant=? AND collection=? AND "
BY_TAG = "k USING PRIMARY KEY (tenant=? AND collection=? AND tag=? AND "
BY_TAG_DATE = "k USING COVERING INDEX record_tags_by_date (tenant=? AND collection=? AND tag=? AND "
BY_FIELD = "k USING PRIMARY KEY (tenant=? AND collection=? AND field=? AND rank=? AND "
ONE_VALUE = "number=? AND text=? AND id>?)"


@pytest.mark.parametrize(
    ("where", "key", "rank", "index", "ranges"),
    [
        (TAG, None, None, BY_TAG, ["id>?)"]),
        (Compare(A, Comparison.EQUAL, 5), None, None, BY_FIELD, [ONE_VALUE]),
        (Compare(A, Comparison.EQUAL, "x"), None, None, BY_FIELD, [ONE_VALUE]),
        (Compare(A, Comparison.EQUAL, value=True), None, None, BY_FIELD, [ONE_VALUE]),
        (None, OrderKey(ID, descending=True), Rank(4, "r1"), BY_ID, ["id<?)"]),
        (TAG, OrderKey(ID, descending=True), Rank(4, "r1"), BY_TAG, ["id<?)"]),
        (None, OrderKey(DATE), Rank(4, "2026"), BY_DATE, ["date=? AND id>?)", "date>?)"]),
        (None, OrderKey(DATE, descending=True), Rank(4, "2026"), BY_DATE, ["date=? AND id>?)", "date<?)"]),
        (RANGE, OrderKey(DATE), Rank(4, "2026"), BY_DATE, ["date=? AND id>?)", "date>? AND date<?)"]),
        (And((TAG, RANGE)), OrderKey(DATE), None, BY_TAG_DATE, ["date>? AND date<?)"]),
        (
            And((TAG, RANGE)),
            OrderKey(DATE, descending=True),
            Rank(4, "2026"),
            BY_TAG_DATE,
            ["date=? AND id>?)", "date>? AND date<?)"],
        ),
        (CHEAP, OrderKey(A), None, BY_FIELD, ["number<?)"]),
        (CHEAP, OrderKey(A), Rank(3, 1), BY_FIELD, [ONE_VALUE, "number>? AND number<?)"]),
        (CHEAP, OrderKey(A, descending=True), Rank(3, 1), BY_FIELD, [ONE_VALUE, "number<?)"]),
        (None, OrderKey(A), Rank(4, "x"), BY_FIELD, [ONE_VALUE, "number=? AND text>?)"]),
    ],
)
def test_walks(empty_file, where, key, rank, index, ranges):
    """A page starts at its place in the index, goes no further than the filter's range, and sorts nothing."""
    after = Position(() if rank is None else (rank,), "notes", "r1") if rank or key is None else None
    query = RecordQuery("", "notes", where, () if key is None else (key,), after)
    assert explain(empty_file, query) == [index + each for each in ranges]


def explain(file, query):
    """How SQLite carries out the walks: the search of each one's index."""
    plan = serving_plan(query, READY)
    statements = Statements(query, plan)
    found = []
    with closing(sqlite3.connect(file)) as connection:
        for walk in walks(query, plan):
            turned = walk.column and walk.descending
            text, values = statements.descending_page(walk) if turned else statements.page(walk, 50)
            steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
            assert steps[1:] in ([], [f"SEARCH {OF_RECORD}"])
            found.append(steps[0].removeprefix("SEARCH "))
    return found
