"""What a query finds and in which order, for any query: the same as `crud_service.model.matching` over all records."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from crud_service.model.matching import in_order, matches, position_of
from crud_service.model.query import RecordCount, RecordQuery
from crud_service.model.record import Collection, CollectionKey, FieldIndex, Record
from crud_service.testing.mutations import collection, create, create_collection, mutation, update_collection
from crud_service.testing.queries import COLLECTIONS, DECLARED, queries, records
from crud_service.testing.store_contract.store import Store, commit_records

# Every example has a tenant of its own, so that they share a store.
_tenants = (f"tenant-{number}" for number in count())


class QueryContract:
    """Lists and counts of any records by any query."""

    @settings(
        max_examples=100,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
            HealthCheck.too_slow,
        ],
    )
    @given(data=st.data(), has_indexes=st.booleans())
    async def test_any_query(self, store: Store, data: st.DataObject, has_indexes: bool) -> None:
        """Whatever is asked, pages and counts hold what the filter means, in the order that was asked for."""
        tenant = next(_tenants)
        if has_indexes:
            await declare_indexes(store, tenant)
        stored = await commit_records(store, *map(create, data.draw(records())), tenant=tenant)
        for _ in range(4):
            await assert_query(store, stored, replace(data.draw(queries()), tenant=tenant))


async def declare_indexes(store: Store, tenant: str) -> None:
    """Have an index on each of `DECLARED` in each of `COLLECTIONS`, ready."""
    indexes = tuple(sorted((FieldIndex(str(field)) for field in DECLARED), key=lambda index: index.field))
    for name in COLLECTIONS:
        made = collection(name, indexes=indexes)
        (state,) = (await store.commit(mutation(create_collection(made), tenant=tenant))).states
        assert isinstance(state, Collection)
        for index in indexes:
            assert await store.fill_index(CollectionKey(tenant, name), index.field, "", 100) is None
        ready = tuple(replace(index, ready=True) for index in indexes)
        await store.commit(mutation(update_collection(state, indexes=ready), tenant=tenant))


async def assert_query(store: Store, stored: list[Record], query: RecordQuery) -> None:
    """The store finds for `query` what there is among the `stored` records of its tenant, page by page."""
    found = [
        record
        for record in stored
        if (query.collection is None or record.collection == query.collection)
        and (query.show_deleted or record.delete_time is None)
        and matches(record, query.where)
    ]
    wanted = [record for _, record in in_order(found, query.order)]
    listed: list[Record] = []
    more, page_query = True, query
    while more:
        page = await store.list_records(page_query)
        listed += page.records
        assert listed == wanted[: len(listed)]
        assert len(page.records) == min(query.limit, len(wanted) - len(listed) + len(page.records))
        more = page.more
        assert more is (len(listed) < len(wanted))
        if more:
            page_query = replace(query, after=position_of(listed[-1], query.order))
    assert await store.count_records(query, estimate=False) == RecordCount(len(wanted))
    assert await store.count_records(query, estimate=True) == RecordCount(len(wanted))
