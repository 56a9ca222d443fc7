"""What a store promises about the declared indexes of a collection: they never change what a query finds."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from crud_service.model.change import RecordWrite
from crud_service.model.duration import MAX_SECONDS, SECOND
from crud_service.model.matching import in_order
from crud_service.model.query import Field, OrderKey, RecordQuery
from crud_service.model.record import Collection, CollectionKey, FieldIndex, Record
from crud_service.testing.log_replay import assert_log_matches
from crud_service.testing.mutations import (
    LATER,
    collection,
    create,
    create_collection,
    delete,
    delete_collection,
    mutation,
    purge,
    record,
    undelete,
    update,
    update_collection,
)
from crud_service.testing.store_contract.store import Store, commit_collection, commit_record, commit_records

NOTES = CollectionKey("", "notes")
PRICE, NAME = Field("content", ("price",)), Field("name")
PRICES = [
    "1.5",
    "2",
    "-3",
    '"ten"',
    '""',
    "null",
    "true",
    "false",
    "[1]",
    "{}",
    "1e23",
    "9007199254740992",
    f'"{"x" * 600}"',
]


def indexes(*fields: Field, ready: bool = False) -> tuple[FieldIndex, ...]:
    """Declared indexes over the fields."""
    return tuple(sorted((FieldIndex(str(field), ready) for field in fields), key=lambda index: index.field))


def priced(number: int, price: str) -> Record:
    """A new record with a price."""
    return record(f"r{number:03d}", content=f'{{"price":{price}}}')


async def fill(store: Store, field: Field, limit: int = 100) -> list[str]:
    """Fill an index step by step, and declare it ready; where each step ended."""
    steps: list[str] = []
    while (after := await store.fill_index(NOTES, str(field), steps[-1] if steps else "", limit)) is not None:
        steps.append(after)
    stored = await store.get_collection(NOTES)
    assert stored is not None
    ready = tuple(FieldIndex(each.field, each.ready or each.field == str(field)) for each in stored.indexes)
    await commit_collection(store, update_collection(stored, indexes=ready))
    return steps


async def assert_order(store: Store, field: Field = PRICE) -> None:
    """The collection is listed in the order of the field, whether an index serves that or not."""
    live = (await store.list_records(RecordQuery("", "notes", limit=1_000))).records
    for descending in (False, True):
        order = (OrderKey(field, descending),)
        page = await store.list_records(RecordQuery("", "notes", order=order, limit=1_000))
        assert list(page.records) == [each for _, each in in_order(live, order)]


async def stored_notes(store: Store) -> Collection:
    """The collection as it is stored."""
    stored = await store.get_collection(NOTES)
    assert stored is not None
    return stored


class IndexContract:
    """Declared before or after the records, filled in steps, kept by every commit."""

    async def test_settings_are_kept(self, store: Store) -> None:
        """A collection comes back with its settings and the states of its indexes, from the store and from its log."""
        longest = MAX_SECONDS * SECOND
        settings: dict[str, Any] = {"require_etag": True, "retention": longest, "indexes": indexes(NAME, PRICE)}
        made = await commit_collection(store, create_collection(collection(**settings)))
        assert {name: getattr(made, name) for name in settings} == settings
        assert await store.get_collection(NOTES) == made
        assert await store.list_collections("", "", 10) == (made,)
        changed = await commit_collection(store, update_collection(made, require_etag=False, retention=1, indexes=()))
        assert await store.get_collection(NOTES) == changed
        assert [entry.collection_state for entry in await assert_log_matches(store)] == [made, changed]

    @pytest.mark.parametrize("declared_first", [False, True])
    async def test_every_kind_of_value(self, store: Store, declared_first: bool) -> None:
        """Numbers, texts, booleans, missing values and all others are ordered the same with and without an index."""
        if declared_first:
            await commit_collection(store, create_collection(collection(indexes=indexes(PRICE, ready=True))))
        writes = [create(priced(number, price)) for number, price in enumerate(PRICES)]
        await commit_records(store, *writes, create(record("none")))
        await assert_order(store)
        if not declared_first:
            await commit_collection(store, update_collection(await stored_notes(store), indexes=indexes(PRICE)))
            await assert_order(store)
            await fill(store, PRICE)
        await assert_order(store)

    async def test_filled_in_steps(self, store: Store) -> None:
        """A step enters so many live records after an id and tells the last one; after the last it tells None."""
        new = await commit_records(store, *(create(priced(number, str(-number))) for number in range(7)))
        await store.commit(mutation(delete(new[2])))
        await commit_record(store, create(record("r999", "other")))
        await commit_collection(store, update_collection(await stored_notes(store), indexes=indexes(PRICE)))
        for _ in range(2):  # doing a step twice changes nothing
            assert await store.fill_index(NOTES, str(PRICE), "", 2) == "r001"
        assert await store.fill_index(NOTES, str(PRICE), "r001", 2) == "r004"
        assert await store.fill_index(NOTES, str(PRICE), "r004", 10) == "r006"
        assert await store.fill_index(NOTES, str(PRICE), "r006", 10) is None
        await fill(store, PRICE, 3)
        await assert_order(store)
        await assert_log_matches(store)

    async def test_nothing_to_fill(self, store: Store) -> None:
        """Neither an unknown collection or field, nor an index that is ready, is filled."""
        await commit_record(store, create(priced(1, "1")))
        assert await store.fill_index(CollectionKey("", "nowhere"), str(PRICE), "", 10) is None
        assert await store.fill_index(NOTES, str(PRICE), "", 10) is None
        declared = await commit_collection(store, update_collection(await stored_notes(store), indexes=indexes(PRICE)))
        assert await store.fill_index(NOTES, str(NAME), "", 10) is None
        assert await store.fill_index(CollectionKey("t", "notes"), str(PRICE), "", 10) is None
        await commit_collection(store, update_collection(declared, indexes=indexes(PRICE, ready=True)))
        assert await store.fill_index(NOTES, str(PRICE), "", 10) is None

    @pytest.mark.parametrize(
        "write",
        [
            lambda stored: update(stored, content='{"price":7}'),
            lambda stored: update(stored, content="{}"),
            lambda stored: update(stored, name="another", date=LATER),
            delete,
            purge,
        ],
    )
    @pytest.mark.parametrize("filled", [0, 1, 4])
    async def test_writes_while_it_is_filled(
        self, store: Store, write: Callable[[Record], RecordWrite], filled: int
    ) -> None:
        """A record that changes while an index is filled, entered already or not, ends in its right place."""
        new = await commit_records(store, *(create(priced(number, str(5 - number))) for number in range(4)))
        await commit_collection(store, update_collection(await stored_notes(store), indexes=indexes(PRICE)))
        if filled:
            await store.fill_index(NOTES, str(PRICE), "", filled)
        await store.commit(mutation(write(new[2]), create(priced(8, "4.5"))))
        await fill(store, PRICE)
        await assert_order(store)

    async def test_life_of_a_record(self, store: Store) -> None:
        """A record stands in every ready index for as long as it lives, in the place of its value."""
        await commit_collection(store, create_collection(collection(indexes=indexes(PRICE, NAME, ready=True))))
        await commit_records(store, create(priced(1, "1")), create(priced(2, '"b"')))
        state = await commit_record(store, create(priced(0, "2")))
        steps: list[Callable[[Record], RecordWrite]] = [
            lambda stored: update(stored, content='{"price":0}'),
            lambda stored: update(stored, name="z"),
            delete,
            undelete,
            lambda stored: update(stored, content='{"price":"a"}', name="a"),
            delete,
        ]
        for write in steps:
            state = await commit_record(store, write(state))
            await assert_order(store)
            await assert_order(store, NAME)
        await store.commit(mutation(purge(state), create(priced(0, "1.5"))))
        await assert_order(store)
        await assert_log_matches(store)

    async def test_dropped_and_declared_again(self, store: Store) -> None:
        """An index that was dropped keeps nothing: declared again, it is filled with what there is by then."""
        await commit_collection(store, create_collection(collection(indexes=indexes(PRICE, NAME, ready=True))))
        first, second = await commit_records(store, create(priced(1, "1")), create(priced(2, "2")))
        await commit_collection(store, update_collection(await stored_notes(store), indexes=indexes(NAME, ready=True)))
        await store.commit(mutation(update(first, content='{"price":3}'), delete(second)))
        await assert_order(store)
        again = indexes(NAME, ready=True) + indexes(PRICE)
        await commit_collection(
            store,
            update_collection(await stored_notes(store), indexes=tuple(sorted(again, key=lambda each: each.field))),
        )
        await fill(store, PRICE)
        await assert_order(store)
        await assert_order(store, NAME)

    async def test_collection_made_again(self, store: Store) -> None:
        """The indexes of a deleted collection go with it; one of the same name starts empty."""
        declared = create_collection(collection(indexes=indexes(PRICE, ready=True)))
        made = await commit_collection(store, declared)
        await commit_records(store, *(create(priced(number, "1")) for number in range(3)))
        await store.commit(mutation(delete_collection(made, force=True), declared, create(priced(1, "2"))))
        await assert_order(store)
        page = await store.list_records(RecordQuery("", "notes", order=(OrderKey(PRICE),)))
        assert [each.id for each in page.records] == ["r001"]

    async def test_concurrent_writes_and_steps(self, store: Store) -> None:
        """Commits go on while an index is filled, and none of them is missed."""
        new = await commit_records(store, *(create(priced(number, str(number))) for number in range(60)))
        await commit_collection(store, update_collection(await stored_notes(store), indexes=indexes(PRICE)))
        writes = [update(each, content=f'{{"price":{-number}}}') for number, each in enumerate(new)]
        commits = [store.commit(mutation(write)) for write in writes[::2]]
        commits += [store.commit(mutation(create(priced(100 + number, "30.5")))) for number in range(20)]
        await asyncio.gather(fill(store, PRICE, 4), *commits)
        await assert_order(store)
        await assert_log_matches(store)
