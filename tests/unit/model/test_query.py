"""The nouns of a query."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.model.query import (
    And,
    Compare,
    Comparison,
    Field,
    Has,
    Not,
    Or,
    Pattern,
    Present,
    RecordQuery,
    field_of,
)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (Field("name"), "name"),
        (Field("create_time"), "create_time"),
        (Field("content"), "content"),
        (Field("content", ("a", "b_c", "d-e", "2024", "größe")), "content.a.b_c.d-e.2024.größe"),
        (Field("content", ("two words", "x")), "content.`two words`.x"),
        (Field("content", ("a.b",)), "content.`a.b`"),
        (Field("content", ("it's",)), "content.`it's`"),
        (Field("content", ("*",)), "content.`*`"),
    ],
)
def test_a_field_as_a_client_writes_it(field: Field, text: str) -> None:
    """A field prints as its path, with keys of other characters than letters, digits, _ and - in backticks."""
    assert str(field) == text


@given(st.text(), st.lists(st.text(st.characters(exclude_characters="`"))))
def test_a_field_is_read_back(name: str, keys: list[str]) -> None:
    """What a field prints is read back as that field, whatever its keys: so are the fields of stored indexes."""
    field = Field(re.sub(r"[`.]", "", name), tuple(keys))
    assert field_of(str(field)) == field


def test_fields_are_keys() -> None:
    """Equal fields are one key, so a store may keep what it knows by field."""
    assert len({Field("content", ("a",)), Field("content", ("a",)), Field("content"), Field("name")}) == 3


def test_expressions_are_values() -> None:
    """Equal expressions are equal and hash alike, down to their terms."""
    x = Field("content", ("x",))

    def expression(text: str) -> And:
        pattern = Pattern(x, text, False, True)
        return And((Or((Compare(x, Comparison.LESS, 1), Has(x, "a"))), Not(Present(x)), pattern))

    assert expression("a") == expression("a")
    assert hash(expression("a")) == hash(expression("a"))
    assert expression("a") != expression("b")


def test_a_query_of_everything() -> None:
    """A query with nothing but its tenant and collection is the first page of the live records, by id."""
    query = RecordQuery("", None)
    assert (query.where, query.order, query.after, query.show_deleted) == (None, (), None, False)
