"""Arrays of JSON values as sets."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.logic.json_sets import JsonSets, TooManyValues


@pytest.fixture
def sets() -> JsonSets:
    return JsonSets(1_000)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (0, -0.0), ({"a": 1, "b": 2}, {"b": 2, "a": 1.0}), ([1, [2.0]], [1.0, [2]]), (None, None)],
)
def test_equal_values(sets, one, other) -> None:
    """Numbers are equal by value, objects whatever the order of their keys, at any depth."""
    assert sets.union([one], [other]) == [one]
    assert sets.difference([one, one], [other]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (None, False), ("", None), ("1", 1), ([], {}), ([True], [1]), ({"a": None}, {}), ([1], 1)],
)
def test_other_values(sets, one, other) -> None:
    """Values of different types are never equal, at any depth."""
    assert sets.union([one], [other]) == [one, other]
    assert sets.difference([one], [other]) == [one]


def test_the_array_stays_as_it_is(sets) -> None:
    """Equal elements that the array holds already stay, in their places; the array itself is not touched."""
    array = [2, 1, 2]
    assert sets.union(array, [3, 3, 1]) == [2, 1, 2, 3]
    assert sets.difference(array, [2]) == [1]
    assert array == [2, 1, 2]


def test_its_work_is_bounded() -> None:
    """Values on both sides and all that they hold count, in all operations together."""
    sets = JsonSets(10)
    assert sets.union([1, [2, 3]], [{"a": 4}]) == [1, [2, 3], {"a": 4}]
    assert sets.difference([1], [2]) == [1]
    sets.union([], [5, 6])
    with pytest.raises(TooManyValues):
        sets.union([], [7])


SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, -0.0, "", "1", "a"])
ELEMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values, written down once more."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


@given(st.lists(ELEMENTS, max_size=5), st.lists(ELEMENTS, max_size=5))
def test_like_a_plain_model(stored, given_elements) -> None:
    """Both operations do what comparing each with each would."""
    expected = list(stored)
    for element in given_elements:
        if not any(same(element, each) for each in expected):
            expected.append(element)
    assert same(JsonSets(1_000).union(stored, given_elements), expected)
    kept = [each for each in stored if not any(same(each, element) for element in given_elements)]
    assert same(JsonSets(1_000).difference(stored, given_elements), kept)
