"""What an order means: every record has one place in it, by values of any type."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.model.matching import Values, compare_positions, in_order, position_of
from crud_service.model.query import SORT_CHARS, Field, OrderKey, Position, Rank
from crud_service.model.record import Record
from crud_service.model.timestamp import Timestamp

TIME = Timestamp("2026-01-01T00:00:00.000000000Z")
X, Y = Field("content", ("x",)), Field("content", ("y",))
UP, DOWN = (OrderKey(X),), (OrderKey(X, True),)
LONG = "a" * SORT_CHARS


def record(record_id: str, collection: str = "notes", name: str = "", **content: Any) -> Record:
    text = msgspec.json.encode(content).decode()
    return Record(collection, record_id, name, TIME, text, ("t",), 7, 3, TIME, TIME)


# Each list is of values in one place; the lists are in order.
LADDER: list[list[Any]] = [
    [None, [], [1], {}, {"a": 1}],
    [False],
    [True],
    [-1e300],
    [-2.5],
    [0, 0.0, -0.0],
    [5e-324],
    [1, 1.0],
    [2**53 - 1],
    [1e16],
    [1e300],
    [""],
    ["10"],
    ["9"],
    ["B"],
    ["a"],
    ["a\x01"],
    [LONG, LONG + "a", LONG + "z"],
    ["ä"],
    ["\uffff"],
    ["\U00010000"],
]


@pytest.mark.parametrize(("values", "next_values"), list(pairwise(LADDER)))
def test_order_of_values(values: list[Any], next_values: list[Any]) -> None:
    """Missing and null and what has no order, false, true, numbers, texts by code point over their first characters."""
    for value in values:
        for following in next_values:
            one, other = position_of(record("b", x=value), UP), position_of(record("a", x=following), UP)
            assert compare_positions(one, other, UP) < 0 < compare_positions(other, one, UP)
            one, other = position_of(record("b", x=value), DOWN), position_of(record("a", x=following), DOWN)
            assert compare_positions(one, other, DOWN) > 0 > compare_positions(other, one, DOWN)


@pytest.mark.parametrize("values", LADDER)
def test_values_in_one_place(values: list[Any]) -> None:
    """Values that are alike leave it to the ids, which ascend whatever the order of the values."""
    for order in UP, DOWN:
        found = [position_of(record(f"id-{index}", x=value), order) for index, value in enumerate(values)]
        for one, other in pairwise(found):
            assert compare_positions(one, other, order) < 0


def test_a_missing_value_is_as_null() -> None:
    """A record without the value stands where one with null does."""
    assert Values(record("a")).rank(X) == Values(record("a", x=None)).rank(X) == Rank(0)
    assert Values(record("a", x="text")).rank(Field("content", ("x", "y"))) == Rank(0)


@pytest.mark.parametrize(
    ("field", "rank"),
    [
        (Field("id"), Rank(4, "a")),
        (Field("name"), Rank(4, "n")),
        (Field("path"), Rank(4, "collections/notes/records/a")),
        (Field("date"), Rank(4, TIME)),
        (Field("delete_time"), Rank(0)),
        (Field("revision"), Rank(3, 7)),
        (Field("version"), Rank(3, 3)),
        (Field("tags"), Rank(0)),
        (Field("content"), Rank(0)),
        (X, Rank(1)),
        (Y, Rank(4, LONG)),
    ],
)
def test_ranks(field: Field, rank: Rank) -> None:
    """A field of the record has a rank like a value of the content; of a text it holds the part that sorts."""
    assert Values(record("a", name="n", x=False, y=LONG + "more")).rank(field) == rank


def test_ties_go_by_collection_then_id() -> None:
    """Records in one place follow each other by collection, then by id, ascending under any order."""
    records = [record("b", "m"), record("a", "n"), record("a", "m"), record("b", "l"), record("B", "m")]
    expected = [("l", "b"), ("m", "B"), ("m", "a"), ("m", "b"), ("n", "a")]
    for order in (), UP, DOWN, (OrderKey(X, True), OrderKey(Field("version"), True)):
        assert [(each.collection, each.id) for _, each in in_order(records, order)] == expected


def test_several_keys() -> None:
    """A key decides where all keys before it leave records in one place, each in its own direction."""
    records = [record(f"{x}{y}", x=x, y=y) for x in (1, 2) for y in (1, 2)]

    def ids(*order: OrderKey) -> list[str]:
        return [each.id for _, each in in_order(records, order)]

    assert ids(OrderKey(X), OrderKey(Y)) == ["11", "12", "21", "22"]
    assert ids(OrderKey(X, True), OrderKey(Y)) == ["21", "22", "11", "12"]
    assert ids(OrderKey(Y), OrderKey(X, True)) == ["21", "11", "22", "12"]
    assert ids(OrderKey(Y, True), OrderKey(X, True)) == ["22", "12", "21", "11"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=3,
)
RECORDS = st.builds(
    record,
    st.sampled_from(["a", "b", "a0"]),
    st.sampled_from(["m", "n"]),
    st.text("ab", max_size=2),
    x=JSON,
    y=JSON,
)
ORDERS = st.lists(
    st.builds(OrderKey, st.sampled_from([X, Y, Field("name"), Field("id"), Field("path")]), st.booleans()), max_size=3
).map(tuple)


@given(RECORDS, RECORDS, RECORDS, ORDERS)
def test_an_order_is_total(one: Record, other: Record, third: Record, order: tuple[OrderKey, ...]) -> None:
    """Of two places one comes first, unless they are the same; what comes before what comes before comes before."""

    def compared(left: Record, right: Record) -> int:
        result = compare_positions(position_of(left, order), position_of(right, order), order)
        return (result > 0) - (result < 0)

    assert compared(one, one) == 0
    assert compared(one, other) == -compared(other, one)
    if compared(one, other) <= 0 and compared(other, third) <= 0:
        assert compared(one, third) <= 0
    if (one.collection, one.id) != (other.collection, other.id):
        assert compared(one, other) != 0


@given(st.lists(RECORDS, max_size=8), ORDERS)
def test_records_in_order(records: list[Record], order: tuple[OrderKey, ...]) -> None:
    """Sorting keeps every record, gives each its place, and the places ascend."""
    found = in_order(records, order)
    assert sorted(map(repr, records)) == sorted(repr(each) for _, each in found)
    for place, each in found:
        assert place == position_of(each, order)
        assert len(place.ranks) == len(order)
    for (one, _), (other, _) in pairwise(found):
        assert compare_positions(one, other, order) <= 0


def test_a_position_of_another_order_is_no_position() -> None:
    """Places are compared by as many ranks as the order has keys."""
    place = Position((), "notes", "a")
    with pytest.raises(ValueError, match="zip"):
        compare_positions(place, place, UP)
