"""JSON merge patch: RFC 7396 with every example of it."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.logic.merge_patch import merge

# Appendix A of the RFC, but for the two examples whose patch is null or replaces a document by null: a content is
# always an object. Here both sides stand below a key, where a value that is no object may be patched too.
APPENDIX = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "expected"), APPENDIX)
def test_examples_of_the_rfc(target, patch, expected) -> None:
    """The examples of the RFC's appendix give what it says, as a document and below a key."""
    assert merge({"in": target}, {"in": patch}) == {"in": expected}
    if isinstance(target, dict) and isinstance(patch, dict):
        assert merge(target, patch) == expected


def test_example_of_the_introduction() -> None:
    """The document of the RFC's section 3 becomes the one it shows."""
    document = {
        "title": "Goodbye!",
        "author": {"givenName": "John", "familyName": "Doe"},
        "tags": ["example", "sample"],
        "content": "This will be unchanged",
    }
    patch = {
        "title": "Hello!",
        "phoneNumber": "+01-123-456-7890",
        "author": {"familyName": None},
        "tags": ["example"],
    }
    assert merge(document, patch) == {
        "title": "Hello!",
        "author": {"givenName": "John"},
        "tags": ["example"],
        "content": "This will be unchanged",
        "phoneNumber": "+01-123-456-7890",
    }


def test_null_removes() -> None:
    """Null takes a key out, and in the patch of a missing object leaves nothing behind."""
    assert merge({"a": 1, "b": {"c": 1}}, {"a": None, "b": None, "no": None}) == {}
    assert merge({}, {"a": {"b": None, "c": 1}}) == {"a": {"c": 1}}
    assert merge({}, {"a": [None]}) == {"a": [None]}


def test_any_depth() -> None:
    """A patch nested far deeper than Python's own calls may be is merged."""
    patch: dict[str, Any] = {}
    inner = patch
    for _ in range(100_000):
        inner["a"] = inner = {}
    depth, found = 0, merge({"a": {"b": 1}}, patch)
    while "a" in found:
        depth, found = depth + 1, found["a"]
    assert depth == 100_000


VALUES = st.recursive(
    st.none() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def by_the_book(target: Any, patch: Any) -> Any:
    """The RFC's own pseudocode."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = by_the_book(result.get(name), value)
    return result


@given(OBJECTS, OBJECTS)
def test_like_the_pseudocode(target, patch) -> None:
    """Any two objects merge as the RFC's pseudocode says, and neither of them is touched."""
    before = copy.deepcopy((target, patch))
    merged = merge(target, patch)
    assert merged == by_the_book(target, patch)
    assert (target, patch) == before
    assert merge(merged, patch) == merged
