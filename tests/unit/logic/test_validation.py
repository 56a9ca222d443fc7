"""What may be stored: every limit at its edge, and every violation told at once with its field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crud_service.logic.validation import (
    check_reason,
    collection_violations,
    encode_content,
    normalize_tags,
    record_violations,
)
from crud_service.model.duration import MAX_SECONDS, SECOND
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import Collection, FieldIndex, Record
from crud_service.model.timestamp import now

LIMITS = Limits()
TIME = now()
RECORD = Record("notes", "a", "", TIME, "{}", (), 0, 1, TIME, TIME)
COLLECTION = Collection("notes", "", "", 0, 1, TIME, TIME)
CONTROLS = ["\0", "\x01", "\t", "\n", "\r", "\x1b", "\x1f", "\x7f", "\x80", "\x9b", "\x9f"]
LONE = ["\ud800", "\udbff", "\udc00", "\udfff", "a\ud83d"]


def found(resource: Record | Collection, limits: Limits = LIMITS) -> list[tuple[str, Reason]]:
    """The fields and reasons of all violations."""
    check: Any = record_violations if isinstance(resource, Record) else collection_violations
    return [(each.field, each.reason) for each in check(resource, limits)]


def with_content(text: str) -> Record:
    return replace(RECORD, content=text)


def test_an_empty_record_and_collection_are_fine() -> None:
    """Nothing is required."""
    assert found(RECORD) == found(COLLECTION) == []


@pytest.mark.parametrize(("size", "wrong"), [(512, False), (513, True), (1_000_000, True)])
@pytest.mark.parametrize("character", ["x", "ü", "\U0001f600"])
def test_name_length(character: str, size: int, wrong: bool) -> None:
    """A name has at most 512 characters, however many bytes each takes; so has a collection's."""
    expected = [Reason.INVALID_FIELD] if wrong else []
    assert found(replace(RECORD, name=character * size)) == [("record.name", each) for each in expected]
    assert found(replace(COLLECTION, name=character * size)) == [("collection.name", each) for each in expected]


@pytest.mark.parametrize("bad", CONTROLS + LONE)
def test_name_characters(bad: str) -> None:
    """A name holds no control characters and no lone surrogates."""
    assert found(replace(RECORD, name=f"a{bad}b")) == [("record.name", Reason.INVALID_TEXT)]
    assert found(replace(COLLECTION, name=f"a{bad}b")) == [("collection.name", Reason.INVALID_TEXT)]


@pytest.mark.parametrize(("size", "wrong"), [(4_096, False), (4_097, True), (1_000_000, True)])
def test_description_length(size: int, wrong: bool) -> None:
    """A description has at most 4,096 characters."""
    expected = [("collection.description", Reason.INVALID_FIELD)] if wrong else []
    assert found(replace(COLLECTION, description="ü" * size)) == expected


def test_description_characters() -> None:
    """A description may have lines and tabs, but neither U+0000 nor lone surrogates."""
    assert found(replace(COLLECTION, description="one\n\ttwo\r\n\x1b")) == []
    for bad in ["\0", *LONE]:
        assert found(replace(COLLECTION, description=bad)) == [("collection.description", Reason.INVALID_TEXT)]


@pytest.mark.parametrize(("count", "wrong"), [(64, False), (65, True), (100_000, True)])
def test_number_of_tags(count: int, wrong: bool) -> None:
    """A record has at most 64 tags; past that the single tags are not gone through."""
    expected = [("record.tags", Reason.INVALID_FIELD)] if wrong else []
    assert found(replace(RECORD, tags=tuple(f"tag-{number}" for number in range(count)))) == expected
    assert len(found(replace(RECORD, tags=("\0",) * count))) == (1 if wrong else count)


@pytest.mark.parametrize(("size", "wrong"), [(1, False), (128, False), (129, True), (1_000_000, True)])
def test_tag_length(size: int, wrong: bool) -> None:
    """A tag has at most 128 characters."""
    expected = [("record.tags", Reason.INVALID_FIELD)] if wrong else []
    assert found(replace(RECORD, tags=("\U0001f600" * size,))) == expected


@pytest.mark.parametrize("bad", CONTROLS + LONE)
def test_tag_characters(bad: str) -> None:
    """A tag holds no control characters and no lone surrogates."""
    assert found(replace(RECORD, tags=("fine", f"a{bad}b"))) == [("record.tags", Reason.INVALID_TEXT)]


def test_empty_tag() -> None:
    """A tag is not empty, also not after it was trimmed."""
    assert found(replace(RECORD, tags=normalize_tags(("a", "  ")))) == [("record.tags", Reason.INVALID_FIELD)]


@given(st.lists(st.text(max_size=5)))
def test_tags_are_a_set(tags: list[str]) -> None:
    """Tags are trimmed, each once, in the order of their code points, and normalizing twice changes nothing."""
    normal = normalize_tags(tuple(tags))
    assert list(normal) == sorted({tag.strip() for tag in tags})
    assert normalize_tags(normal) == normal


@pytest.mark.parametrize(
    ("duration", "wrong"),
    [(None, False), (0, False), (MAX_SECONDS * SECOND, False), (-1, True), (MAX_SECONDS * SECOND + 1, True)],
)
@pytest.mark.parametrize("field", ["retention", "history_age"])
def test_durations(field: str, duration: int | None, wrong: bool) -> None:
    """A duration is unset, or as long as one can be and not negative."""
    expected = [(f"collection.{field}", Reason.INVALID_FIELD)] * wrong
    assert found(replace(COLLECTION, **{field: duration})) == expected


@pytest.mark.parametrize(("entries", "wrong"), [(0, False), (2**63 - 1, False), (-1, True)])
def test_history_entries(entries: int, wrong: bool) -> None:
    """A collection keeps some number of entries, or any."""
    expected = [("collection.history_entries", Reason.INVALID_FIELD)] * wrong
    assert found(replace(COLLECTION, history_entries=entries)) == expected


@pytest.mark.parametrize(("count", "wrong"), [(16, False), (17, True), (10_000, True)])
def test_number_of_indexes(count: int, wrong: bool) -> None:
    """A collection has at most 16 indexes."""
    indexes = tuple(FieldIndex(f"content.k{number}") for number in range(count))
    expected = [("collection.indexes", Reason.INVALID_FIELD)] * wrong
    assert found(replace(COLLECTION, indexes=indexes)) == expected


def test_all_violations_at_once() -> None:
    """Everything wrong with a record is told in one answer, field by field."""
    record = replace(
        RECORD, name="\0" + "x" * 512, tags=("", "t" * 129, "\x1b"), content=encode_content({"deep": {"x": "\0"}})
    )
    assert found(record) == [
        ("record.name", Reason.INVALID_FIELD),
        ("record.name", Reason.INVALID_TEXT),
        ("record.tags", Reason.INVALID_FIELD),
        ("record.tags", Reason.INVALID_FIELD),
        ("record.tags", Reason.INVALID_TEXT),
        ("record.content.deep.x", Reason.INVALID_TEXT),
    ]
    assert found(replace(COLLECTION, name="\n", description="\0" * 4_097)) == [
        ("collection.name", Reason.INVALID_TEXT),
        ("collection.description", Reason.INVALID_FIELD),
        ("collection.description", Reason.INVALID_TEXT),
    ]


def test_limits_are_settings() -> None:
    """Each limit that is passed counts, not its default, and the message names it."""
    limits = Limits(name_chars=1, description_chars=2, tags=1, tag_chars=3, content_bytes=10, content_depth=2)
    assert found(replace(RECORD, name="x", tags=("abc",), content='{"a":[12]}'), limits) == []
    assert found(replace(COLLECTION, name="x", description="xx"), limits) == []
    assert "at most 1 are allowed" in record_violations(replace(RECORD, name="xx"), limits)[0].description
    assert "has 2 tags; at most 1" in record_violations(replace(RECORD, tags=("a", "b")), limits)[0].description
    assert "at most 3 are allowed" in record_violations(replace(RECORD, tags=("abcd",)), limits)[0].description
    assert "has 11 bytes" in record_violations(with_content('{"a":[123]}'), limits)[0].description
    assert "nested 3 levels" in record_violations(with_content('{"":[[]]}'), limits)[0].description
    assert "at most 2 are" in collection_violations(replace(COLLECTION, description="xxx"), limits)[0].description


def test_change_reason() -> None:
    """A reason of up to 512 printable characters may stand in the log."""
    check_reason("because \U0001f600" + "x" * 503, LIMITS)
    check_reason("", LIMITS)


@pytest.mark.parametrize("reason", ["x" * 513, "x" * 1_000_000, "two\nlines", "\x1b[31m", "\0", "\udcff"])
def test_bad_change_reason(reason: str) -> None:
    """A reason that is too long or would break a line is refused by its own name."""
    with pytest.raises(CrudError) as caught:
        check_reason(reason, LIMITS)
    error = caught.value
    assert (error.kind, error.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_CHANGE_REASON)
    assert error.violations[0].field == "x-change-reason"
    assert error.message.isascii()
