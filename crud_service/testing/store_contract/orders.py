"""What an order promises: one place for each record, whatever its values are, on every page."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from crud_service.model.matching import position_of
from crud_service.model.query import Field, Has, OrderKey, Position, Rank, RecordQuery
from crud_service.model.record import Record
from crud_service.testing.mutations import LATER, TIME, create, record
from crud_service.testing.store_contract.store import Store, commit_records

V, W = Field("content", ("v",)), Field("content", ("w",))
NAME, DATE, ID, EXPIRY = map(Field, ("name", "date", "id", "expire_time"))

IN_ORDER: list[list[Any]] = [
    [None, [1], {"a": 1}, []],
    [False],
    [True],
    [-1e300],
    [-1],
    [0, -0.0],
    [1, 1.0],
    [1.5],
    [2**53],
    [1e300],
    [""],
    ["A"],
    ["a"],
    ["a" * 511],
    ["a" * 512 + "z", "a" * 512, "a" * 512 + "b"],
    ["é"],
    ["\uffff"],
    ["\U0001f600"],
]
"""Values of every kind, ascending; those of one list are alike."""


class OrderContract:
    """In which order records come."""

    @pytest.mark.parametrize("limit", [1, 4, 100])
    @pytest.mark.parametrize("descending", [False, True])
    async def test_mixed_values(self, store: Store, limit: int, descending: bool) -> None:
        """Missing, false, true, numbers, then texts by code point; what is alike comes by id, descending or not."""
        groups: list[list[str]] = []
        new: list[Record] = []
        for place, alike in enumerate(IN_ORDER):
            # Ids go against the order of values, so that only the values can give it.
            groups.append([f"r{len(IN_ORDER) - place:02d}-{number}" for number in range(len(alike))])
            new += [
                record(name, content=json.dumps({"v": value})) for name, value in zip(groups[-1], alike, strict=True)
            ]
        await commit_records(store, *map(create, new), create(record("r99", content="{}")))
        groups[0].append("r99")
        wanted = [name for group in (reversed(groups) if descending else groups) for name in group]
        assert await _pages(store, RecordQuery("", "notes", order=(OrderKey(V, descending),), limit=limit)) == wanted

    @pytest.mark.parametrize("limit", [1, 3, 100])
    async def test_several_keys(self, store: Store, limit: int) -> None:
        """A key orders what is alike in the keys before it, each in its own direction."""
        values = [(1, "b"), (2, "a"), (1, "a"), (2, "b"), (1, "a"), (None, "a")]
        await commit_records(
            store,
            *(create(record(f"r{n}", content=json.dumps({"v": v, "w": w}))) for n, (v, w) in enumerate(values)),
        )
        up, down = (OrderKey(V), OrderKey(W, descending=True)), (OrderKey(V, descending=True), OrderKey(W))
        assert await _pages(store, RecordQuery("", "notes", order=up, limit=limit)) == [
            "r5",
            "r0",
            "r2",
            "r4",
            "r3",
            "r1",
        ]
        assert await _pages(store, RecordQuery("", "notes", order=down, limit=limit)) == [
            "r1",
            "r3",
            "r2",
            "r4",
            "r0",
            "r5",
        ]

    @pytest.mark.parametrize("tagged", [False, True])
    @pytest.mark.parametrize("limit", [1, 3, 100])
    @pytest.mark.parametrize("alike", [1, 2, 40])
    async def test_dates(self, store: Store, alike: int, limit: int, tagged: bool) -> None:
        """Records come by date in either direction, few or many of one date by ascending id."""
        dates = [LATER, TIME]
        new = [record(f"r{n:02d}", date=date) for n, date in enumerate(each for each in dates for _ in range(alike))]
        await commit_records(store, *map(create, new), create(record("x", date=TIME, tags=())))
        ids = [each.id for each in new]
        early, late = ids[alike:] + ([] if tagged else ["x"]), ids[:alike]
        where = Has(Field("tags"), "a") if tagged else None
        query = RecordQuery("", "notes", where, (OrderKey(DATE),), limit=limit)
        assert await _pages(store, query) == early + late
        assert await _pages(store, replace(query, order=(OrderKey(DATE, descending=True),))) == late + early

    @pytest.mark.parametrize("limit", [1, 100])
    async def test_times_that_may_be_missing(self, store: Store, limit: int) -> None:
        """A record without the time comes first, or last if the order descends."""
        times = {"r1": LATER, "r2": None, "r3": TIME, "r4": None}
        await commit_records(store, *(create(record(name, expire_time=time)) for name, time in times.items()))
        query = RecordQuery("", "notes", order=(OrderKey(EXPIRY),), limit=limit)
        assert await _pages(store, query) == ["r2", "r4", "r3", "r1"]
        assert await _pages(store, replace(query, order=(OrderKey(EXPIRY, descending=True),))) == [
            "r1",
            "r3",
            "r2",
            "r4",
        ]

    @pytest.mark.parametrize("limit", [1, 100])
    async def test_long_names(self, store: Store, limit: int) -> None:
        """Texts are ordered by their first 512 characters, whatever they go on with."""
        names = {"r1": "é" * 512 + "b", "r2": "é" * 512, "r3": "é" * 512 + "a", "r4": "é" * 511}
        await commit_records(store, *(create(record(each, name=name)) for each, name in names.items()))
        query = RecordQuery("", "notes", order=(OrderKey(NAME),), limit=limit)
        assert await _pages(store, query) == ["r4", "r1", "r2", "r3"]

    @pytest.mark.parametrize("limit", [1, 100])
    async def test_ids_in_either_direction(self, store: Store, limit: int) -> None:
        """Ids may descend, alone or behind another key."""
        await commit_records(store, *(create(record(each, name=each[0])) for each in ("b2", "a1", "b1", "a2")))
        down = OrderKey(ID, descending=True)
        for order, wanted in (
            ((down,), "b2 b1 a2 a1"),
            ((OrderKey(ID),), "a1 a2 b1 b2"),
            ((OrderKey(NAME), down), "a2 a1 b2 b1"),
            ((OrderKey(NAME, descending=True), OrderKey(ID)), "b1 b2 a1 a2"),
        ):
            assert await _pages(store, RecordQuery("", "notes", order=order, limit=limit)) == wanted.split()

    @pytest.mark.parametrize("limit", [1, 2, 100])
    async def test_order_across_collections(self, store: Store, limit: int) -> None:
        """Across collections, what is alike comes by collection, then by id."""
        keys = [("b", "r1", "x"), ("a", "r2", "x"), ("a-1", "r0", "w"), ("a", "r1", "x")]
        await commit_records(store, *(create(record(each, owner, name=name)) for owner, each, name in keys))
        query = RecordQuery("", None, order=(OrderKey(NAME),), limit=limit)
        assert await _pages(store, query, "{0.collection}/{0.id}") == ["a-1/r0", "a/r1", "a/r2", "b/r1"]
        query = replace(query, order=(OrderKey(NAME, descending=True),))
        assert await _pages(store, query, "{0.collection}/{0.id}") == ["a/r1", "a/r2", "b/r1", "a-1/r0"]
        assert await _pages(store, replace(query, order=()), "{0.collection}/{0.id}") == [
            "a/r1",
            "a/r2",
            "a-1/r0",
            "b/r1",
        ]

    async def test_a_place_need_not_exist(self, store: Store) -> None:
        """A page starts after a place, whether a record is there or not."""
        await commit_records(store, *(create(record(f"r{n}", content=f'{{"v":{n}}}')) for n in range(4)))
        for rank, wanted in (
            (Rank(3, 1.5), ["r2", "r3"]),
            (Rank(0), ["r0", "r1", "r2", "r3"]),
            (Rank(4, ""), []),
        ):
            after = Position((rank,), "notes", "zzz")
            page = await store.list_records(RecordQuery("", "notes", order=(OrderKey(V),), after=after))
            assert ([each.id for each in page.records], page.more) == (wanted, False)

    async def test_weight_ends_a_page_in_any_order(self, store: Store) -> None:
        """In any order a page ends before the record that would take it past the weight limit, and is never empty."""
        new = await commit_records(
            store, *(create(record(f"r{n}", content=f'{{"v":{-n},"t":"{"x" * 5_000}"}}')) for n in range(4))
        )
        query = RecordQuery("", "notes", order=(OrderKey(V),), weight_limit=new[3].weight + new[2].weight)
        page = await store.list_records(query)
        assert ([each.id for each in page.records], page.more) == (["r3", "r2"], True)
        page = await store.list_records(replace(query, weight_limit=1))
        assert ([each.id for each in page.records], page.more) == (["r3"], True)
        assert await _pages(store, replace(query, weight_limit=1)) == ["r3", "r2", "r1", "r0"]


async def _pages(store: Store, query: RecordQuery, shown: str = "{0.id}") -> list[str]:
    """All records, page by page, each page as long as it should be."""
    found: list[str] = []
    more = True
    while more:
        page = await store.list_records(query)
        assert 0 < len(page.records) <= query.limit
        found += [shown.format(each) for each in page.records]
        more = page.more
        query = replace(query, after=position_of(page.records[-1], query.order))
    return found
