"""Partial updates: masks, and what they do to a record."""

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from crud_service.logic.update_mask import UpdateMask, apply_update, created_record, parse_update_mask
from crud_service.model.duration import SECOND
from crud_service.model.errors import Kind, Reason
from crud_service.model.query import Field
from crud_service.model.record import Record
from crud_service.model.requests import RecordDraft
from crud_service.model.timestamp import from_unix, later, parse

MADE, NOW, DATE = from_unix(1_800_000_000), from_unix(1_800_000_100), parse("2026-01-31")
STORED = Record(
    "notes", "a", "old", DATE, '{"a":{"b":1,"c":2},"list":[1],"s":"x"}', ("x",), 7, 3, MADE, MADE, expire_time=DATE
)


def updated(mask: tuple[str, ...] | None, draft: RecordDraft, present: tuple[str, ...] = ()) -> Record:
    return apply_update(STORED, draft, parse_update_mask(mask, present), NOW)


def content_of(record: Record) -> Any:
    return msgspec.json.decode(record.content)


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (("name", "tags", "name"), UpdateMask(frozenset({"name", "tags"}))),
        (("ttl",), UpdateMask(frozenset({"expire_time"}))),
        (("content",), UpdateMask(frozenset({"content"}))),
        (("content.a.b", "date"), UpdateMask(frozenset({"date"}), (("a", "b"),))),
        (("content.`two words`.x", "content.a-b"), UpdateMask(frozenset(), (("a-b",), ("two words", "x")))),
        (("content.a", "content.ab", "content.b.a"), UpdateMask(frozenset(), (("a",), ("ab",), ("b", "a")))),
        (("content.a", "content.a"), UpdateMask(frozenset(), (("a",),))),
        (("*",), UpdateMask(frozenset({"name", "date", "content", "tags", "expire_time"}))),
    ],
)
def test_masks(mask, expected) -> None:
    """A mask names fields, values below the content, or everything."""
    assert parse_update_mask(mask, ("name",)) == expected


@pytest.mark.parametrize("mask", [None, ()])
def test_no_mask(mask) -> None:
    """Without paths the fields that are present change."""
    assert parse_update_mask(mask, ("name", "ttl")) == UpdateMask(frozenset({"name", "expire_time"}))
    assert parse_update_mask(mask, ()) == UpdateMask(frozenset())


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (("id",), "'id' is not one of name, date, content, content.<path>, tags, expire_time, ttl"),
        (("path",), "'path'"),
        (("etag",), "'etag'"),
        (("revision",), "'revision'"),
        (("version",), "'version'"),
        (("create_time",), "'create_time'"),
        (("update_time",), "'update_time'"),
        (("delete_time",), "'delete_time'"),
        (("purge_time",), "'purge_time'"),
        (("nonsense",), "'nonsense'"),
        (("name", ""), "''"),
        (("Content",), "'Content'"),
        (("contents",), "'contents'"),
        (("tags.x",), "'tags.x'"),
        (("*", "name"), "'*' stands alone"),
        (("expire_time", "ttl"), "name one of them"),
        (("content", "content.a"), "content contains content.a"),
        (("content.a.b", "content.a"), "content.a contains content.a.b"),
        (("content.a", "content.a-b", "content.a.b.c"), "content.a contains content.a.b.c"),
        (("content.",), "expected a key"),
        (("content.a..b",), "expected a key"),
        (("content.a b",), "backticks"),
        (("content.`a",), "expected a key"),
        (("content.a.b.c.d.e.f.g.h.i",), "at most 8 keys"),
        (("content." + "k" * 200,), "1 to 128 characters"),
        (("\ud800",), "\\ud800"),
        (("x" * 100_000,), "..."),
        (("content." + "x" * 100_000,), "characters"),
    ],
)
def test_bad_masks(refused, mask, told) -> None:
    """What is unknown, of the service's own, or contained in another path is refused, shortly."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_UPDATE_MASK, "update_mask") as caught:
        parse_update_mask(mask, ())
    assert told in caught.value.message
    assert len(caught.value.message.encode()) < 300


def test_only_masked_fields_change() -> None:
    """A field in the draft that the mask does not name stays."""
    draft = RecordDraft(name="new", content={"n": 1}, tags=("z", " y ", "z"), date=NOW)
    assert updated(("name",), draft) == replace(STORED, name="new")
    assert updated(("content",), draft) == replace(STORED, content='{"n":1}')
    assert updated(("tags",), draft) == replace(STORED, tags=("y", "z"))
    assert updated(("date",), draft) == replace(STORED, date=NOW)


def test_absent_fields_are_cleared() -> None:
    """A field of the mask that the draft lacks gets its empty value; the date that of the creation."""
    cleared = replace(STORED, name="", date=MADE, content="{}", tags=(), expire_time=None)
    assert updated(("*",), RecordDraft()) == cleared
    assert updated(("name", "date", "content", "tags", "ttl"), RecordDraft()) == cleared
    nulls = RecordDraft(name="", date=None, content={}, tags=(), expire_time=None, ttl=None)
    assert updated(None, nulls, ("name", "date", "content", "tags", "expire_time", "ttl")) == cleared


def test_nothing_changes_without_fields() -> None:
    """No mask and no present field leave the record as it is."""
    assert updated(None, RecordDraft()) == STORED


@pytest.mark.parametrize(
    ("mask", "draft", "expected"),
    [
        (("content.a.b",), {"a": {"b": 9, "c": 9}}, {"a": {"b": 9, "c": 2}, "list": [1], "s": "x"}),
        (("content.a.b",), {"a": {"b": None}}, {"a": {"b": None, "c": 2}, "list": [1], "s": "x"}),
        (("content.a",), {"a": 5}, {"a": 5, "list": [1], "s": "x"}),
        (("content.a.b",), {}, {"a": {"c": 2}, "list": [1], "s": "x"}),
        (("content.a.b",), {"a": 1}, {"a": {"c": 2}, "list": [1], "s": "x"}),
        (("content.s.deep.er",), {}, {"a": {"b": 1, "c": 2}, "list": [1], "s": "x"}),
        (("content.no.where",), {}, {"a": {"b": 1, "c": 2}, "list": [1], "s": "x"}),
        (
            ("content.new.way",),
            {"new": {"way": [2]}},
            {"a": {"b": 1, "c": 2}, "list": [1], "s": "x", "new": {"way": [2]}},
        ),
        (("content.`x.y`",), {"x.y": 1}, {"a": {"b": 1, "c": 2}, "list": [1], "s": "x", "x.y": 1}),
        (('content."x.y"',), {"x.y": 1}, {"a": {"b": 1, "c": 2}, "list": [1], "s": "x", "x.y": 1}),
        (("content.a", "content.list", "content.s"), {"s": "y"}, {"s": "y"}),
    ],
)
def test_values_below_the_content(mask, draft, expected) -> None:
    """A nested path sets the draft's value, makes the objects on the way, and removes what the draft lacks."""
    after = updated(mask, RecordDraft(content=draft))
    assert content_of(after) == expected
    assert replace(after, content=STORED.content) == STORED


def test_a_draft_without_content_removes() -> None:
    """A nested path removes its value also when the draft has no content at all."""
    assert content_of(updated(("content.a.b",), RecordDraft())) == {"a": {"c": 2}, "list": [1], "s": "x"}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("content.s.x", {"s": {"x": 1}}, "content.s.x cannot be set: content.s is a string, not an object"),
        ("content.list.x", {"list": {"x": 1}}, "content.list is an array"),
        ("content.a.b.c", {"a": {"b": {"c": 1}}}, "content.a.b is a number"),
    ],
)
def test_something_in_the_way(refused, path, value, told) -> None:
    """What is no object cannot hold a value; the answer names it and the path."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_UPDATE_MASK, "update_mask") as caught:
        updated((path,), RecordDraft(content=value))
    assert told in caught.value.message


def test_the_draft_is_left_alone() -> None:
    """A draft can be applied again: updating changes nothing in it."""
    draft = RecordDraft(content={"a": {"b": {"x": 1}}})
    mask = parse_update_mask(("content.a.b",), ())
    once = apply_update(STORED, draft, mask, NOW)
    assert apply_update(once, draft, mask, NOW) == once
    assert draft.content == {"a": {"b": {"x": 1}}}


@pytest.mark.parametrize("name", ["expire_time", "ttl"])
def test_expirations(name) -> None:
    """A ttl counts from now and comes back as an expire time; either name of a mask takes what the draft has."""
    assert updated((name,), RecordDraft(ttl=90 * SECOND)).expire_time == later(NOW, 90 * SECOND)
    assert updated((name,), RecordDraft(expire_time=DATE)).expire_time == DATE
    assert updated((name,), RecordDraft()).expire_time is None
    assert updated(None, RecordDraft(ttl=1), (name,)).expire_time == later(NOW, 1)
    assert updated(("name",), RecordDraft(ttl=1)).expire_time == STORED.expire_time


@pytest.mark.parametrize("ttl", [0, -1, -90 * SECOND, 315_576_000_000 * SECOND])
def test_bad_ttls(refused, ttl) -> None:
    """A ttl that is not positive, or leads past the year 9999, is refused in a create and an update."""
    draft = RecordDraft(ttl=ttl)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.ttl"):
        created_record("notes", "a", draft, NOW)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.ttl"):
        updated(("ttl",), draft)


def test_two_expirations(refused) -> None:
    """expire_time and ttl together are refused; an explicit null beside one of them is not."""
    draft = RecordDraft(ttl=1, expire_time=DATE)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.ttl"):
        created_record("notes", "a", draft, NOW)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.ttl"):
        updated(("*",), draft)
    assert created_record("notes", "a", RecordDraft(ttl=None, expire_time=DATE), NOW).expire_time == DATE


def test_created_record() -> None:
    """A create takes all fields of the draft; the date is the time of the creation unless it has one."""
    full = RecordDraft(name="n", date=DATE, content={"x": 1}, tags=("b", "a", "b"), ttl=SECOND)
    expected = Record("notes", "a", "n", DATE, '{"x":1}', ("a", "b"), 0, 1, NOW, NOW, expire_time=later(NOW, SECOND))
    assert created_record("notes", "a", full, NOW) == expected
    assert created_record("notes", "a", RecordDraft(), NOW) == Record("notes", "a", "", NOW, "{}", (), 0, 1, NOW, NOW)


KEYS = st.sampled_from(["a", "b", "c.d", "e f", "ä"])
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text("xy", max_size=2)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3))
CONTENTS = st.dictionaries(KEYS, VALUES, max_size=3)
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(tuple)


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every value that is no object, and every empty object, by the keys on the way to it."""
    if isinstance(value, dict) and value:
        return {keys: leaf for key, each in value.items() for keys, leaf in leaves(each, (*path, key)).items()}
    return {path: value}


def at(content: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        content = content[key]
    return content


@given(CONTENTS, PATHS, VALUES)
def test_a_set_value_is_found_and_others_stay(content, path, value) -> None:
    """After an update the value at its path is the draft's, and every value elsewhere is what it was."""
    before = leaves(content)
    assume(not any(len(keys) < len(path) and path[: len(keys)] == keys and before[keys] != {} for keys in before))
    draft: Any = value
    for key in reversed(path):
        draft = {key: draft}
    stored = replace(STORED, content=msgspec.json.encode(content).decode())
    mask = parse_update_mask((str(Field("content", path)),), ())
    after = content_of(apply_update(stored, RecordDraft(content=draft), mask, NOW))
    assert at(after, path) == value
    elsewhere = {keys: leaf for keys, leaf in before.items() if leaf != {} and keys[: len(path)] != path}
    assert {keys: leaf for keys, leaf in leaves(after).items() if keys in elsewhere} == elsewhere


@given(CONTENTS, PATHS)
def test_a_removed_value_is_gone_and_others_stay(content, path) -> None:
    """A path that the draft lacks is not there afterwards; removing it again changes nothing."""
    stored = replace(STORED, content=msgspec.json.encode(content).decode())
    mask = parse_update_mask((str(Field("content", path)),), ())
    once = apply_update(stored, RecordDraft(), mask, NOW)
    after, before = leaves(content_of(once)), leaves(content)
    assert not any(keys[: len(path)] == path for keys in after)
    assert {keys: leaf for keys, leaf in before.items() if keys[: len(path)] != path}.items() <= after.items()
    assert apply_update(once, RecordDraft(), mask, NOW) == once
