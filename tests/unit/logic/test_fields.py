"""Paths of fields: how they are written, and what each field is good for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.logic.fields import (
    MOST_KEY_CHARS,
    MOST_KEYS,
    FieldType,
    PathError,
    filter_field,
    index_field,
    order_field,
    parse_path,
    scan_path,
)
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.query import Field

KEYS = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='"\\`'), min_size=1, max_size=MOST_KEY_CHARS
)
OWN = [
    "id",
    "name",
    "date",
    "tags",
    "path",
    "revision",
    "version",
    "create_time",
    "update_time",
    "delete_time",
    "purge_time",
    "expire_time",
]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("name", Field("name")),
        ("create_time", Field("create_time")),
        ("content", Field("content")),
        ("content.a", Field("content", ("a",))),
        ("content.a.b_c.d-e.2024", Field("content", ("a", "b_c", "d-e", "2024"))),
        ("content.größe.日本", Field("content", ("größe", "日本"))),
        ("content.-a", Field("content", ("-a",))),
        ("content.`two words`", Field("content", ("two words",))),
        ('content."two words"', Field("content", ("two words",))),
        ("content.`a.b`.c", Field("content", ("a.b", "c"))),
        ('content."it\'s".x', Field("content", ("it's", "x"))),
        ("content.`*`", Field("content", ("*",))),
        ("content.name", Field("content", ("name",))),
    ],
)
def test_written_paths(text: str, field: Field) -> None:
    """A path is a name, and below the content keys: bare, in backticks or in double quotes."""
    assert parse_path(text) == field


@given(st.lists(KEYS, max_size=MOST_KEYS).map(tuple))
def test_every_field_can_be_read_as_it_is_printed(keys: tuple[str, ...]) -> None:
    """What a field prints as is a path of it."""
    field = Field("content", keys)
    assert parse_path(str(field)) == field


@given(st.lists(KEYS, min_size=1, max_size=MOST_KEYS).map(tuple))
def test_either_kind_of_quotes(keys: tuple[str, ...]) -> None:
    """Any key may stand in quotes of either kind, whether it needs them or not."""
    for quote in "`", '"':
        assert parse_path(".".join(["content", *(f"{quote}{key}{quote}" for key in keys)])).keys == keys


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 1, "expected a field: id, name"),
        (" name", 1, "expected a field"),
        ("name ", 5, "expected a dot or the end"),
        ("`name`", 1, "expected a field"),
        (".a", 1, "expected a field"),
        ("content.", 9, "expected a key"),
        ("content..a", 9, "expected a key"),
        ("content.a b", 10, "stand in backticks"),
        ("content.a[0]", 10, "stand in backticks"),
        ("content.``", 9, "1 to 128 characters"),
        ("content.`open", 9, "expected a key"),
        ('content."a`b"', 9, "expected a key"),
        ("content.`a\\b`", 9, "expected a key"),
        ("content.`a\nb`", 9, "expected a key"),
        ("content.`a\x85b`", 9, "expected a key"),
        ("content.`\ud800`", 9, "expected a key"),
        ("content.a`b`", 10, "expected a dot"),
        ("content." + "k" * (MOST_KEY_CHARS + 1), 9, "1 to 128 characters"),
        ("content" + ".k" * (MOST_KEYS + 1), 24, "at most 8 keys"),
        ("tags.x", 1, "tags has nothing below it; only content has"),
        ("etag.x", 1, "etag has nothing below it"),
        ("price.net", 1, "there is no field 'price'"),
    ],
)
def test_mistakes(text: str, column: int, said: str) -> None:
    """Anything else is refused, with the column of the mistake."""
    with pytest.raises(CrudError) as caught:
        parse_path(text)
    assert caught.value.kind is Kind.INVALID_ARGUMENT
    assert said in caught.value.message
    assert caught.value.message.endswith(f"(column {column})")


def test_limits_of_a_path() -> None:
    """As many keys, and as long ones, as the limits say."""
    keys = ("k" * MOST_KEY_CHARS,) * MOST_KEYS
    assert parse_path(".".join(("content", *keys))).keys == keys


def test_a_path_within_a_text() -> None:
    """A path ends where no key follows, and mistakes are counted from the start of the text."""
    assert scan_path("NOT content.a = 1", 4) == (Field("content", ("a",)), 13)
    assert scan_path("name:x") == (Field("name"), 4)
    with pytest.raises(PathError) as caught:
        scan_path("NOT content. = 1", 4)
    assert caught.value.offset == 12


@given(st.text() | st.text(alphabet='content.`" a\\'))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    """Whatever is sent: a field that prints as a path, or an answer."""
    try:
        field = parse_path(text)
    except CrudError as error:
        assert error.reason is Reason.INVALID_FIELD  # noqa: PT017 - both outcomes are right
        return
    assert parse_path(str(field)) == field


@pytest.mark.parametrize(
    ("path", "field_type"),
    [
        ("id", FieldType.TEXT),
        ("name", FieldType.TEXT),
        ("path", FieldType.TEXT),
        ("revision", FieldType.INT),
        ("version", FieldType.INT),
        ("date", FieldType.TIME),
        ("create_time", FieldType.TIME),
        ("expire_time", FieldType.TIME),
        ("tags", FieldType.TAGS),
        ("content", FieldType.CONTENT),
        ("content.tags", FieldType.CONTENT),
    ],
)
def test_types_of_fields(path: str, field_type: FieldType) -> None:
    """A filter may name any field of a record, each of which has its type."""
    assert filter_field(parse_path(path)) is field_type


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("etag", "use revision"),
        ("ttl", "use expire_time"),
        ("createTime", "write create_time"),
        ("Name", "write name"),
        ("price", "there are id, name,"),
        ("price", "content.<key> for a value of the content"),
        ("k" * 1_000, "'" + "k" * 40 + "...'"),
    ],
)
def test_fields_that_are_not_compared(path: str, said: str) -> None:
    """Another name is refused, with what to write instead."""
    for check in filter_field, order_field:
        with pytest.raises(ValueError, match=re.escape(said)) as caught:
            check(parse_path(path))
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("path", [name for name in OWN if name != "tags"] + ["content.a.b"])
def test_ordered_fields(path: str) -> None:
    """An order may name any field that has an order."""
    assert order_field(parse_path(path)) == parse_path(path)


@pytest.mark.parametrize("path", ["tags", "content"])
def test_fields_without_order(path: str) -> None:
    """Tags and whole contents have none."""
    with pytest.raises(ValueError, match="no order"):
        order_field(parse_path(path))


@pytest.mark.parametrize(
    "path",
    [
        "name",
        "revision",
        "version",
        "create_time",
        "update_time",
        "delete_time",
        "purge_time",
        "expire_time",
        "content.a.`b c`",
    ],
)
def test_declared_indexes(path: str) -> None:
    """An index may be declared on what is not indexed anyway."""
    assert str(index_field(path)) == path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("id", "id is indexed without being declared"),
        ("date", "date is indexed without"),
        ("path", "path is indexed without"),
        ("tags", "tags have no order"),
        ("content", "name a value below it"),
        ("etag", "use revision"),
        ("price", "there is no field 'price'"),
        ("", "expected a field"),
        ("name desc", "expected a dot or the end"),
        ("content.a.", "expected a key"),
    ],
)
def test_indexes_that_cannot_be_declared(path: str, said: str) -> None:
    """Anything else is refused, about the field that the caller names."""
    with pytest.raises(CrudError) as caught:
        index_field(path, "collection.indexes[3].field")
    assert (caught.value.kind, caught.value.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD)
    assert [each.field for each in caught.value.violations] == ["collection.indexes[3].field"]
    assert said in caught.value.message
