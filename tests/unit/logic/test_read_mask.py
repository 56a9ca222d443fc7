"""Read masks: which part of a content a reader gets."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crud_service.logic.read_mask import parse_read_mask
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import Record
from crud_service.model.timestamp import Timestamp, from_unix

TIME = from_unix(1_800_000_000)
CONTENT = '{"a":{"b":1,"c":{"d":[1,{"e":2}]},"two words":null},"f":"text","g":[{"b":1}],"h":{}}'
RECORD = Record("notes", "id-1", "name", Timestamp(TIME), CONTENT, ("x",), 7, 2, TIME, TIME)


def pruned(*mask: str) -> Any:
    read_mask = parse_read_mask(mask)
    assert read_mask is not None
    return json.loads(read_mask.apply(RECORD).content)


@pytest.mark.parametrize("mask", [None, (), ("*",)])
def test_no_mask(mask: tuple[str, ...] | None) -> None:
    """No mask, an empty one and a star are all fields."""
    assert parse_read_mask(mask) is None


@pytest.mark.parametrize(
    ("mask", "content"),
    [
        (("content.a.b",), {"a": {"b": 1}}),
        (("content.a.b", "content.f"), {"a": {"b": 1}, "f": "text"}),
        (("content.a.b", "content.a.c.d"), {"a": {"b": 1, "c": {"d": [1, {"e": 2}]}}}),
        (("content.a",), {"a": {"b": 1, "c": {"d": [1, {"e": 2}]}, "two words": None}}),
        (("content.a", "content.a.b"), {"a": {"b": 1, "c": {"d": [1, {"e": 2}]}, "two words": None}}),
        (("content.a.b", "content.a"), {"a": {"b": 1, "c": {"d": [1, {"e": 2}]}, "two words": None}}),
        (("content.a.c", "content.a.c.d", "content.a.b"), {"a": {"b": 1, "c": {"d": [1, {"e": 2}]}}}),
        (("content.a.`two words`",), {"a": {"two words": None}}),
        (("content.h",), {"h": {}}),
        (("content.h.x",), {}),
        (("content.x", "content.a.x", "content.a.b.x"), {}),
        (("content.f.x", "content.g.b", "content.f"), {"f": "text"}),
        (("name", "content.f"), {"f": "text"}),
        (("content.f", "content.f"), {"f": "text"}),
    ],
)
def test_values_below_the_content(mask: tuple[str, ...], content: dict[str, Any]) -> None:
    """Only what the paths name is left; what is missing or stands below another value than an object is left out."""
    assert pruned(*mask) == content


@pytest.mark.parametrize("mask", [("content",), ("content", "content.a"), ("content.a", "content"), ("name", "etag")])
def test_a_content_that_stays(mask: tuple[str, ...]) -> None:
    """A mask with the whole content, or with none of it, leaves the record as it is."""
    read_mask = parse_read_mask(mask)
    assert read_mask is not None
    assert read_mask.apply(RECORD) is RECORD


def test_the_other_fields_stay() -> None:
    """Only the content is pruned here, so that path and etag remain those of the record."""
    read_mask = parse_read_mask(("content.f",))
    assert read_mask is not None
    assert read_mask.apply(RECORD) == replace(RECORD, content='{"f":"text"}')


@pytest.mark.parametrize("text", ["19.99", "1e300", "-0.0", "9007199254740992", "1e16", '"\\u0001é"'])
def test_values_stay_exact(text: str) -> None:
    """What is left of a content is written as it was stored."""
    record = replace(RECORD, content=f'{{"a":{text},"b":1}}')
    read_mask = parse_read_mask(("content.a",))
    assert read_mask is not None
    assert read_mask.apply(record).content == f'{{"a":{text}}}'


def test_every_field_can_be_read() -> None:
    """A mask may name each field of a record."""
    for name in (
        *("id", "name", "date", "content", "tags", "path", "etag", "revision", "version"),
        *("create_time", "update_time", "delete_time", "purge_time", "expire_time"),
    ):
        assert parse_read_mask((name,)) is not None


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (("name", "price"), "there is no field 'price'"),
        (("ttl",), "there is no field 'ttl' to read; there are id, name, date, content,"),
        (("createTime",), "there is no field 'createTime'"),
        (("",), "'' is no path of a field"),
        (("name", "*"), "'*' stands alone"),
        (("*", "*"), "'*' stands alone"),
        (("tags.x",), "tags has nothing below it"),
        (("content.",), "expected a key"),
        (("content.a.*",), "expected a key"),
        (("content.a b",), "expected a dot or the end"),
        (("record.name",), "there is no field 'record'"),
        (("name ",), "expected a dot or the end"),
        (("\ud800",), "'\\ud800' is no path of a field"),
        (("content" + ".k" * 9,), "at most 8 keys"),
    ],
)
def test_refused(mask: tuple[str, ...], said: str) -> None:
    """A path that names nothing is refused, with the fields there are."""
    with pytest.raises(CrudError) as caught:
        parse_read_mask(mask)
    error = caught.value
    assert (error.kind, error.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_READ_MASK)
    assert [each.field for each in error.violations] == ["read_mask"]
    assert said in error.message
    error.message.encode()


KEYS = st.sampled_from("abc")
VALUES = st.recursive(
    st.integers(0, 9) | st.none(), lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=2)
)


def reachable(content: Any, path: list[str]) -> bool:
    for key in path:
        if not isinstance(content, dict) or key not in content:
            return False
        content = content[key]
    return True


def value_at(content: Any, path: list[str]) -> Any:
    for key in path:
        content = content[key]
    return content


@given(st.dictionaries(KEYS, VALUES), st.lists(st.lists(KEYS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_mask_keeps_what_it_names(content: dict[str, Any], paths: list[list[str]]) -> None:
    """Each value that a path names is there as it was, and nothing is there that no path leads to."""
    read_mask = parse_read_mask(tuple(".".join(("content", *path)) for path in paths))
    assert read_mask is not None
    left = json.loads(read_mask.apply(replace(RECORD, content=json.dumps(content))).content)
    for path in paths:
        assert reachable(left, path) == reachable(content, path)
        if reachable(left, path):
            assert value_at(left, path) == value_at(content, path)
    assert_led_to(left, [], paths)


def assert_led_to(value: Any, way: list[str], paths: list[list[str]]) -> None:
    if any(way[: len(path)] == path for path in paths):
        return
    assert any(path[: len(way)] == way for path in paths)
    assert isinstance(value, dict)
    assert value or not way
    for key, inner in value.items():
        assert_led_to(inner, [*way, key], paths)
