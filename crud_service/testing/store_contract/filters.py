"""What a filter finds: each kind of term, by each kind of value."""

import json
from typing import Any

import pytest

from crud_service.model import timestamp
from crud_service.model.query import (
    And,
    Compare,
    Comparison,
    Expression,
    Field,
    Has,
    Not,
    Or,
    Pattern,
    Present,
    RecordCount,
    RecordQuery,
)
from crud_service.testing.mutations import LATER, TIME, create, delete, record
from crud_service.testing.store_contract.store import Store, commit_record, commit_records

V = Field("content", ("v",))
NAME, DATE, TAGS, VERSION, PATH = map(Field, ("name", "date", "tags", "version", "path"))
EXPIRY = Field("expire_time")
EQ, LT, LE, GT, GE = (
    Comparison.EQUAL,
    Comparison.LESS,
    Comparison.LESS_OR_EQUAL,
    Comparison.GREATER,
    Comparison.GREATER_OR_EQUAL,
)

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "one-real": 1.0,
    "minus": -1.5,
    "large": 1e300,
    "t": "",
    "t-1": "1",
    "t-a": "a",
    "t-ab": "ab",
    "t-b": "b",
    "t-upper": "A",
    "t-quote": "it's \"\\\n",
    "array": [1, "ab", None, True, ["b"]],
    "array-0": [],
    "object": {"a": 1, "b": None},
    "object-0": {},
}
"""What `content.v` is, by the id of its record; in the record `missing` there is none."""

CASES: list[tuple[Expression, str]] = [
    (Compare(V, EQ, None), "missing null"),
    (Compare(V, EQ, True), "true"),
    (Compare(V, EQ, False), "false"),
    (Compare(V, EQ, 1), "one one-real"),
    (Compare(V, EQ, 1.0), "one one-real"),
    (Compare(V, EQ, -0.0), "zero"),
    (Compare(V, EQ, 1e300), "large"),
    (Compare(V, EQ, "1"), "t-1"),
    (Compare(V, EQ, ""), "t"),
    (Compare(V, EQ, "a"), "t-a"),
    (Compare(V, EQ, "it's \"\\\n"), "t-quote"),
    (Compare(V, EQ, "[]"), ""),
    (Compare(V, LT, 1), "zero minus"),
    (Compare(V, LE, 1), "zero minus one one-real"),
    (Compare(V, GT, 0.5), "one one-real large"),
    (Compare(V, GE, 1), "one one-real large"),
    (Compare(V, LT, "a"), "t t-1 t-upper"),
    (Compare(V, LE, "a"), "t t-1 t-upper t-a"),
    (Compare(V, GT, "a"), "t-ab t-b t-quote"),
    (Compare(V, GE, "b"), "t-b t-quote"),
    (Compare(V, LT, True), ""),
    (Compare(V, GE, False), ""),
    (Compare(V, GE, None), ""),
    (Has(V, 1), "one one-real array"),
    (Has(V, "ab"), "t-ab array"),
    (Has(V, "a"), "t-a object"),
    (Has(V, "b"), "t-b object"),
    (Has(V, '["b"]'), ""),
    (Has(V, True), "true array"),
    (Has(V, False), "false"),
    (Has(V, None), "missing null array"),
    (Pattern(V, "a", open_start=False, open_end=True), "t-a t-ab array"),
    (Pattern(V, "b", open_start=True, open_end=False), "t-ab t-b array"),
    (Pattern(V, "a", open_start=True, open_end=True), "t-a t-ab array"),
    (Pattern(V, "'s \"\\", open_start=True, open_end=True), "t-quote"),
    (Pattern(V, '["b', open_start=False, open_end=True), ""),
    (Pattern(V, "%", open_start=True, open_end=True), ""),
    (Present(V), " ".join(name for name in VALUES if name != "null")),
    (Has(Field("content"), "v"), " ".join(VALUES)),
    (Has(Field("content"), 1), ""),
    (Compare(Field("content", ("v", "a")), EQ, 1), "object"),
    (And((Compare(V, GE, 0), Compare(V, LT, 1))), "zero"),
    (Or((Compare(V, EQ, 0), Compare(V, EQ, "b"))), "zero t-b"),
    (And((Present(V), Not(Or((Compare(V, GT, -10), Compare(V, GE, "")))))), "true false array array-0 object object-0"),
]

FIELD_CASES: list[tuple[Expression, str]] = [
    (Compare(NAME, EQ, "beta"), "r2"),
    (Compare(NAME, GT, "Alpha"), "r2 r3"),
    (Compare(NAME, EQ, None), ""),
    (Compare(NAME, EQ, 1), ""),
    (Has(NAME, "beta"), "r2"),
    (Pattern(NAME, "ta", open_start=True, open_end=False), "r2"),
    (Present(NAME), "r1 r2 r3"),
    (Compare(DATE, LT, LATER), "r1 r3"),
    (Compare(DATE, GE, LATER), "r2"),
    (Compare(DATE, EQ, TIME), "r1 r3"),
    (Compare(EXPIRY, EQ, None), "r1 r3"),
    (Compare(EXPIRY, GT, TIME), "r2"),
    (Not(Compare(EXPIRY, GT, TIME)), "r1 r3"),
    (Present(EXPIRY), "r2"),
    (Pattern(EXPIRY, "2026-", open_start=False, open_end=True), "r2"),
    (Not(Pattern(EXPIRY, "2026-", open_start=False, open_end=True)), "r1 r3"),
    (Compare(VERSION, GE, 2), "r2 r3"),
    (Compare(VERSION, LT, 2.5), "r1 r2"),
    (Compare(VERSION, EQ, "2"), ""),
    (Compare(VERSION, GE, True), ""),
    (Compare(PATH, EQ, "collections/notes/records/r2"), "r2"),
    (Has(TAGS, "x"), "r1 r2"),
    (Has(TAGS, 1), ""),
    (Not(Has(TAGS, "x")), "r3"),
    (Pattern(TAGS, "y", open_start=True, open_end=True), "r2"),
    (Present(TAGS), "r1 r2"),
    (Compare(TAGS, EQ, "x"), ""),
]


class FilterContract:
    """Which records a filter finds."""

    @pytest.mark.parametrize(("where", "ids"), CASES)
    async def test_values_of_contents(self, store: Store, where: Expression, ids: str) -> None:
        """A value is compared with its like only; its negation finds all others."""
        contents = {name: json.dumps({"v": value}) for name, value in VALUES.items()} | {"missing": "{}"}
        await commit_records(store, *(create(record(name, content=text)) for name, text in contents.items()))
        await _assert_found(store, where, set(ids.split()), set(contents))

    @pytest.mark.parametrize(("where", "ids"), FIELD_CASES)
    async def test_fields_of_records(self, store: Store, where: Expression, ids: str) -> None:
        """Every field of a record can be compared."""
        new = [
            record("r1", name="Alpha", tags=("x",)),
            record("r2", name="beta", tags=("x", "yz"), date=LATER, version=2, expire_time=LATER),
            record("r3", name="gamma", tags=(), version=3),
        ]
        await commit_records(store, *map(create, new))
        await _assert_found(store, where, set(ids.split()), {"r1", "r2", "r3"})

    @pytest.mark.parametrize("key", ["a", "q.x", "", "[0]", "$", "한 글", "?", "'", "%s", "A" * 128, "#-1"])
    async def test_keys_of_contents(self, store: Store, key: str) -> None:
        """A key is taken as it is written, whatever it holds."""
        inner = json.dumps({key: {key: 1}}, ensure_ascii=False)
        await commit_records(store, create(record("r1", content=inner)), create(record("r2", content='{"A":{"A":2}}')))
        await _assert_found(store, Compare(Field("content", (key, key)), EQ, 1), {"r1"}, {"r1", "r2"})

    async def test_numbers_of_many_digits(self, store: Store) -> None:
        """Numbers are told apart by their last digit, in either notation."""
        texts = ["0.1", "0.10000000000000002", "9007199254740992", "9007199254740994", "1e20", "5e-324", "1.5e300"]
        await commit_records(
            store, *(create(record(f"r{place}", content=f'{{"v":{text}}}')) for place, text in enumerate(texts))
        )
        for place, text in enumerate(texts):
            ids = {f"r{each}" for each in range(len(texts))}
            await _assert_found(store, Compare(V, EQ, float(text)), {f"r{place}"}, ids)
        await _assert_found(store, Compare(V, EQ, 10**20), {"r4"}, ids)
        await _assert_found(store, Compare(V, GT, 2**53), {"r3", "r4", "r6"}, ids)

    async def test_filter_shows_deleted_records(self, store: Store) -> None:
        """Deleted records are found only if they are asked for, by their tags and times too."""
        new = await commit_records(store, create(record("r1")), create(record("r2")))
        await commit_record(store, delete(new[0]))
        for where in (None, Has(TAGS, "a"), Compare(DATE, EQ, TIME), Compare(DATE, LT, timestamp.parse("2030-01-01"))):
            assert await _ids(store, RecordQuery("", "notes", where)) == ["r2"]
            assert await _ids(store, RecordQuery("", "notes", where, show_deleted=True)) == ["r1", "r2"]
        gone = RecordQuery("", "notes", Present(Field("delete_time")), show_deleted=True)
        assert await _ids(store, gone) == ["r1"]

    async def test_filter_over_all_collections(self, store: Store) -> None:
        """Without a collection the records of all of them are searched, of this tenant alone."""
        keys = [("b", "r1"), ("a", "r2"), ("a-1", "r0"), ("a", "r1")]
        await commit_records(store, *(create(record(each, owner)) for owner, each in keys))
        await commit_record(store, create(record("r9", "a")), tenant="t")
        query = RecordQuery("", None, Has(TAGS, "a"))
        page = await store.list_records(query)
        assert [(each.collection, each.id) for each in page.records] == sorted(keys)
        assert await store.count_records(query, estimate=False) == RecordCount(4)


async def _assert_found(store: Store, where: Expression, ids: set[str], every: set[str]) -> None:
    assert set(await _ids(store, RecordQuery("", "notes", where))) == ids
    assert set(await _ids(store, RecordQuery("", "notes", Not(where)))) == every - ids
    assert await store.count_records(RecordQuery("", "notes", where), estimate=False) == RecordCount(len(ids))


async def _ids(store: Store, query: RecordQuery) -> list[str]:
    return [each.id for each in (await store.list_records(query)).records]
