"""What a store promises about lists of records as they were at a revision."""

import pytest
from msgspec.structs import replace

from crud_service.model.matching import in_order, matches, position_of
from crud_service.model.query import And, Field, Has, Not, OrderKey, Present, RecordQuery
from crud_service.model.record import CollectionKey, Record
from crud_service.testing.mutations import (
    create,
    delete,
    delete_collection,
    mutation,
    purge,
    record,
    undelete,
    update,
)
from crud_service.testing.store_contract.store import Store, commit_record, commit_records

FILTERS = [None, Has(Field("tags"), "a"), And((Not(Has(Field("tags"), "a")), Present(Field("content", ("n",)))))]
ORDERS = [
    (),
    (OrderKey(Field("name"), descending=True),),
    (OrderKey(Field("content", ("n",))), OrderKey(Field("date"))),
]


class PastListContract:
    """`RecordQuery.at`."""

    async def test_each_revision(self, store: Store) -> None:
        """At each revision there are the records that were live then, in their states of then."""
        first = await commit_record(store, create(record()))
        second = await commit_record(store, update(first, name="second"))
        other = await commit_record(store, create(record("r0")))
        gone = await commit_record(store, delete(second))
        again = await commit_record(store, undelete(gone))
        expected = [[first], [second], [other, second], [other], [other, again], [other, again]]
        for at, live in enumerate(expected, 1):
            page = await store.list_records(RecordQuery("", "notes", at=at))
            assert (list(page.records), page.more) == (live, False)
            assert (await store.count_records(RecordQuery("", "notes", at=at), estimate=False)).count == len(live)
        shown = await store.list_records(RecordQuery("", "notes", show_deleted=True, at=4))
        assert list(shown.records) == [other, gone]

    async def test_purged_since(self, store: Store) -> None:
        """What was purged since, or went with its collection, is missing, even if its id is taken again."""
        first, other = await commit_records(store, create(record("r1")), create(record("r2")))
        await commit_record(store, create(record(collection="gone")))
        stored = await store.get_collection(CollectionKey("", "gone"))
        assert stored is not None
        await store.commit(mutation(purge(first), delete_collection(stored, force=True)))
        await store.commit(mutation(create(record("r1")), create(record(collection="gone"))))
        for at in (1, 2, 3):
            assert (await store.list_records(RecordQuery("", None, show_deleted=True, at=at))).records == (other,)

    async def test_present(self, store: Store) -> None:
        """The last revision, and any later one, is the present; and so is one since which only others changed."""
        first = await commit_record(store, create(record()))
        await store.commit(mutation(create(record()), tenant="t"))
        last = await commit_record(store, create(record(collection="other")))
        for at in (1, 2, 3, 4, 1 << 62):
            assert (await store.list_records(RecordQuery("", "notes", at=at))).records == (first,)
        for at, every in ((2, (first,)), (3, (first, last)), (9, (first, last))):
            assert (await store.list_records(RecordQuery("", None, at=at))).records == every

    @pytest.mark.parametrize("limit", [1, 3, 500])
    async def test_pages(self, store: Store, limit: int) -> None:
        """Whatever the filter and the order, pages at a revision hold what was there, while everything changes."""
        stored = await fill(store)
        at = await store.last_revision()
        await change_all(store, stored)
        for owner in (None, "notes"):
            for where in FILTERS:
                for order in ORDERS:
                    query = RecordQuery("", owner, where, order, limit=limit, at=at)
                    found = [each for each in stored if each.delete_time is None and matches(each, where)]
                    wanted = [each for _, each in in_order([r for r in found if owner in {None, r.collection}], order)]
                    assert await all_pages(store, query) == wanted
                    assert (await store.count_records(query, estimate=True)).count == len(wanted)

    async def test_weight_of_a_page(self, store: Store) -> None:
        """A page at a revision ends where the weight of its records says, in any order."""
        content = f'{{"t":"{"x" * 5_000}"}}'
        states = await commit_records(store, *[create(record(f"r{each}", content=content)) for each in range(6)])
        await commit_records(store, *[update(each, content="{}") for each in states[::2]])
        for order in ((), (OrderKey(Field("name")),)):
            limit = sum(each.weight for each in states[:4])
            page = await store.list_records(RecordQuery("", "notes", None, order, weight_limit=limit, at=1))
            assert (list(page.records), page.more) == (states[:4], True)
            page = await store.list_records(RecordQuery("", "notes", None, order, weight_limit=1, at=1))
            assert (list(page.records), page.more) == (states[:1], True)


async def fill(store: Store) -> list[Record]:
    """Records of two collections, some deleted, and of another tenant."""
    writes = [
        create(
            record(
                f"r{number:02d}",
                "notes" if number % 3 else "other",
                name=f"name {number % 5}",
                tags=("a",) if number % 2 else ("b",),
                content=f'{{"n":{number % 4}}}' if number % 7 else "{}",
            )
        )
        for number in range(24)
    ]
    states = await commit_records(store, *writes)
    gone = await commit_records(store, *[delete(each) for each in states[::6]])
    await commit_records(store, *writes, tenant="t")
    return [*gone, *[each for number, each in enumerate(states) if number % 6]]


async def change_all(store: Store, stored: list[Record]) -> None:
    """Change, delete or undelete most of the records, and create others between them."""
    for number, state in enumerate(stored):
        if state.delete_time is not None:
            # One in two stays deleted as it was then.
            if number % 2:
                await store.commit(mutation(undelete(state)))
        elif number % 4:
            await store.commit(mutation(update(state, name="changed", tags=("a",), content='{"n":1}')))
        elif number % 8:
            await store.commit(mutation(delete(state)))
    await commit_records(store, *[create(record(f"r{number:02d}x")) for number in range(24)])


async def all_pages(store: Store, query: RecordQuery) -> list[Record]:
    """What the query finds, page by page."""
    found: list[Record] = []
    page = await store.list_records(query)
    found += page.records
    while page.more:
        page = await store.list_records(replace(query, after=position_of(found[-1], query.order)))
        assert len(page.records) <= query.limit
        found += page.records
    return found
