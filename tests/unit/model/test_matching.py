"""What a filter means: which values satisfy each condition, on every kind of field."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crud_service.model.matching import Values, matches
from crud_service.model.query import And, Compare, Comparison, Expression, Field, Has, Not, Or, Pattern, Present, Scalar
from crud_service.model.record import Record
from crud_service.model.timestamp import Timestamp

EQUAL, LESS, UP_TO, MORE, FROM = Comparison
X = Field("content", ("x",))
TAGS = Field("tags")


def time_of(year: int) -> Timestamp:
    return Timestamp(f"{year}-01-01T00:00:00.000000000Z")


RECORD = Record(
    "notes", "id-5", "Name", time_of(2026), '{"x":1}', ("a", "two words"), 7, 3, time_of(2027), time_of(2028)
)
MISSING = object()


def with_x(value: Any) -> Record:
    content = {} if value is MISSING else {"x": value}
    return replace(RECORD, content=msgspec.json.encode(content).decode())


VALUES: dict[str, Any] = {
    "missing": MISSING,
    "null": None,
    "false": False,
    "true": True,
    "0": 0,
    "1": 1,
    "1.0": 1.0,
    "-2.5": -2.5,
    "1e300": 1e300,
    "''": "",
    "'1'": "1",
    "'a'": "a",
    "'ab'": "ab",
    "'B'": "B",
    "'ä'": "ä",
    "[]": [],
    "[1]": [1],
    "['a']": ["a"],
    "[null]": [None],
    "[true,'xaby']": [True, "xaby"],
    "[['a']]": [["a"]],
    "{}": {},
    "{a}": {"a": 1},
    "{1}": {"1": None},
}
NOTHING = "missing null"
ALL_TEXTS = "'' '1' 'a' 'ab' 'B' 'ä'"
ALL_NUMBERS = "0 1 1.0 -2.5 1e300"


def compare(comparison: Comparison, value: Scalar) -> Compare:
    return Compare(X, comparison, value)


TABLE: list[tuple[Expression, str]] = [
    # = is of one type; numbers are alike, whatever they are written as
    (compare(EQUAL, None), NOTHING),
    (compare(EQUAL, False), "false"),
    (compare(EQUAL, True), "true"),
    (compare(EQUAL, 0), "0"),
    (compare(EQUAL, 1), "1 1.0"),
    (compare(EQUAL, 1.0), "1 1.0"),
    (compare(EQUAL, 1e300), "1e300"),
    (compare(EQUAL, ""), "''"),
    (compare(EQUAL, "1"), "'1'"),
    (compare(EQUAL, "a"), "'a'"),
    (compare(EQUAL, "b"), ""),
    # order is among numbers, and among texts by code point; nothing else has one
    (compare(LESS, 1), "0 -2.5"),
    (compare(UP_TO, 1.0), "0 1 1.0 -2.5"),
    (compare(MORE, 0), "1 1.0 1e300"),
    (compare(FROM, -2.5), ALL_NUMBERS),
    (compare(LESS, "a"), "'' '1' 'B'"),
    (compare(UP_TO, "a"), "'' '1' 'a' 'B'"),
    (compare(MORE, "a"), "'ab' 'ä'"),
    (compare(FROM, ""), ALL_TEXTS),
    (compare(LESS, ""), ""),
    *[(compare(comparison, value), "") for comparison in (LESS, UP_TO, MORE, FROM) for value in (None, True, False)],
    # : is equality, and looks into arrays for elements and into objects for keys
    (Has(X, None), "missing null [null]"),
    (Has(X, True), "true [true,'xaby']"),
    (Has(X, False), "false"),
    (Has(X, 1), "1 1.0 [1]"),
    (Has(X, 1.0), "1 1.0 [1]"),
    (Has(X, "1"), "'1' {1}"),
    (Has(X, "a"), "'a' ['a'] {a}"),
    (Has(X, ""), "''"),
    # patterns are of texts, also those in arrays, but no keys
    (Pattern(X, "a", False, True), "'a' 'ab' ['a']"),
    (Pattern(X, "b", True, False), "'ab'"),
    (Pattern(X, "ab", True, True), "'ab' [true,'xaby']"),
    (Pattern(X, "y", True, False), "[true,'xaby']"),
    (Pattern(X, "1", True, True), "'1'"),
    (Pattern(X, "A", True, True), ""),
    # present is anything but null
    (Present(X), " ".join(name for name in VALUES if name not in NOTHING.split())),
]


@pytest.mark.parametrize(("expression", "found"), TABLE)
def test_every_condition_on_every_kind_of_value(expression: Expression, found: str) -> None:
    """A condition holds for these values in the content; its negation holds for all others."""
    expected = set(found.split())
    assert {name for name, value in VALUES.items() if matches(with_x(value), expression)} == expected
    assert {name for name, value in VALUES.items() if not matches(with_x(value), Not(expression))} == expected


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        (Compare(Field("id"), EQUAL, "id-5"), True),
        (Compare(Field("id"), MORE, "id-10"), True),
        (Compare(Field("name"), EQUAL, "name"), False),
        (Compare(Field("path"), EQUAL, "collections/notes/records/id-5"), True),
        (Pattern(Field("path"), "/id-5", True, False), True),
        (Pattern(Field("name"), "Na", False, True), True),
        (Pattern(Field("name"), "%", True, True), False),
        (Pattern(Field("name"), "_am", False, True), False),
        (Compare(Field("version"), EQUAL, 3), True),
        (Compare(Field("revision"), LESS, 7), False),
        (Compare(Field("date"), EQUAL, time_of(2026)), True),
        (Compare(Field("create_time"), MORE, time_of(2026)), True),
        (Compare(Field("update_time"), UP_TO, time_of(2027)), False),
        (Compare(Field("delete_time"), LESS, time_of(9999)), False),
        (Compare(Field("delete_time"), EQUAL, None), True),
        (Compare(Field("date"), EQUAL, None), False),
        (Present(Field("expire_time")), False),
        (Present(Field("date")), True),
        (Present(Field("name")), True),
        (Has(TAGS, "a"), True),
        (Has(TAGS, "two"), False),
        (Has(TAGS, "A"), False),
        (Pattern(TAGS, "two", False, True), True),
        (Pattern(TAGS, "words", True, False), True),
        (Pattern(TAGS, "wor", False, True), False),
        (Present(TAGS), True),
        (Has(Field("content"), "x"), True),
        (Has(Field("content"), "y"), False),
        (Present(Field("content")), True),
        (Present(Field("content", ("x", "y"))), False),
        (Compare(Field("content", ("x", "y")), EQUAL, None), True),
    ],
)
def test_conditions_on_fields_of_the_record(expression: Expression, holds: bool) -> None:
    """A record's own fields are compared like values of the content; case counts, and a tag is matched as a whole."""
    assert matches(RECORD, expression) is holds


def test_no_tags_and_no_name() -> None:
    """A record without tags has none present; an empty name is a text, and so it is present."""
    bare = replace(RECORD, tags=(), name="")
    assert not matches(bare, Present(TAGS))
    assert matches(bare, Present(Field("name")))
    assert matches(bare, Compare(Field("name"), EQUAL, ""))


def test_paths_lead_through_objects_only() -> None:
    """A path goes down objects; an array on the way, even of objects, is an end."""
    record = replace(RECORD, content='{"a":{"b":{"c":"deep"}},"list":[{"b":1}],"text":"t"}')
    values = Values(record)
    assert values.get(Field("content", ("a", "b", "c"))) == "deep"
    assert values.get(Field("content", ("a", "b"))) == {"c": "deep"}
    for keys in [("a", "c"), ("list", "b"), ("list", "0"), ("text", "t"), ("x",)]:
        assert values.get(Field("content", keys)) is None


def test_no_filter() -> None:
    """Where there is no filter, every record is asked for."""
    assert matches(RECORD, None)


SCALARS = st.sampled_from([None, True, False, 0, 1, -2.5, "", "a", "ab"])
VALUES_OF_X = st.sampled_from(list(VALUES.values()))
TERMS = st.one_of(
    st.builds(compare, st.sampled_from(Comparison), SCALARS),
    st.builds(Has, st.sampled_from([X, TAGS]), SCALARS),
    st.builds(Pattern, st.sampled_from([X, TAGS]), st.sampled_from(["a", "b"]), st.just(True), st.booleans()),
    st.builds(Present, st.sampled_from([X, TAGS, Field("name")])),
)
PAIRS = st.lists(TERMS, min_size=2, max_size=2).map(tuple)


@given(VALUES_OF_X, PAIRS, TERMS)
def test_laws_of_logic(value: Any, pair: tuple[Expression, Expression], third: Expression) -> None:
    """NOT, AND and OR are those of two-valued logic: excluded middle, double negation, De Morgan, distribution."""
    record = with_x(value)
    one, other = pair

    def same(left: Expression, right: Expression) -> bool:
        return matches(record, left) is matches(record, right)

    assert matches(record, Or((one, Not(one))))
    assert not matches(record, And((one, Not(one))))
    assert same(Not(Not(one)), one)
    assert same(Not(And(pair)), Or((Not(one), Not(other))))
    assert same(Not(Or(pair)), And((Not(one), Not(other))))
    assert same(And((one, Or((other, third)))), Or((And((one, other)), And((one, third)))))
    assert same(And((one, other, third)), And((And((one, other)), third)))
    assert same(Or((one, one)), one)
    assert matches(record, And(pair)) is (matches(record, one) and matches(record, other))


@given(VALUES_OF_X, SCALARS)
def test_laws_of_comparison(value: Any, operand: Scalar) -> None:
    """At most one of <, = and > holds, <= is < or =, and `:` holds whenever = does."""
    record = with_x(value)

    def holds(comparison: Comparison) -> bool:
        return matches(record, compare(comparison, operand))

    assert holds(LESS) + holds(EQUAL) + holds(MORE) <= 1
    if isinstance(operand, str | int | float) and not isinstance(operand, bool):
        assert holds(UP_TO) is (holds(LESS) or holds(EQUAL))
        assert holds(FROM) is (holds(MORE) or holds(EQUAL))
    if holds(EQUAL):
        assert matches(record, Has(X, operand))
