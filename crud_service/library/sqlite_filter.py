"""From a filter to a condition in SQLite's words, which holds for the rows that `crud_service.model.matching` accepts.

Everything a caller sends is bound: values, and paths into the content. A condition is 0 or 1 and never NULL, so that
NOT turns it around. Numbers of a content are compared with `json_extract` of the literal's text, so that both sides
become doubles in the same way, and text with `substr` and `instr`: LIKE would ignore the case of ASCII letters.
"""

# ruff: noqa: S608 - texts are made of our own words; whatever a caller sends is bound

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

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
    Scalar,
)


class Sql(NamedTuple):
    """A piece of a statement, and the value of each `?` in it."""

    text: str
    values: tuple[Any, ...] = ()


class Source(NamedTuple):
    """Where a statement finds the fields of the record at hand."""

    columns: Mapping[str, str]
    """The name of each field, and `tenant`, to the column or expression that holds it."""
    has_tag_rows: bool
    """Whether all records that the statement sees have their tags in the tag index: only live ones do."""


NUMBERS = frozenset({"revision", "version"})
NULLABLE = frozenset({"delete_time", "purge_time", "expire_time"})

_TRUE = Sql("1")
# Bound, because a literal would void the conditions beside it, and with them the index that the plan names.
_FALSE = Sql("?", (0,))
_NUMBER_TYPES = "('integer', 'real')"

_encode = msgspec.json.Encoder().encode


def condition(expression: Expression, source: Source) -> Sql:
    """What must hold of a row."""
    match expression:
        case And(terms):
            return _join(" AND ", [condition(term, source) for term in terms])
        case Or(terms):
            return _join(" OR ", [condition(term, source) for term in terms])
        case Not(term):
            inner = condition(term, source)
            return Sql(f"NOT ({inner.text})", inner.values)
        case Compare(field, comparison, value):
            return _compare(field, comparison, value, source)
        case Has(field, value):
            return _has(field, value, source)
        case Pattern(field):
            return _pattern(field, expression, source)
        case Present(field):
            return _present(field, source)
    raise TypeError(f"{expression!r} is no filter")


def json_path(field: Field) -> str:
    """The way from the content down to the value, in the words of SQLite's JSON functions."""
    # A key that holds a quote or a backslash cannot be told from another one here; no filter names one.
    return "$" + "".join([f'."{key}"' for key in field.keys])


def json_number(value: float) -> str:
    """The number as JSON, for `json_extract(?, '$')`."""
    return _encode(value).decode()


def _join(word: str, terms: list[Sql]) -> Sql:
    return Sql(f"({word.join([term.text for term in terms])})", tuple([each for term in terms for each in term.values]))


def _compare(field: Field, comparison: Comparison, value: Scalar, source: Source) -> Sql:
    if field.keys:
        return _compare_content(source.columns["content"], json_path(field), comparison, value)
    if field.name in {"tags", "content"}:
        return _FALSE
    column = source.columns[field.name]
    if value is None:
        is_null = comparison is Comparison.EQUAL and field.name in NULLABLE
        return Sql(f"{column} IS NULL") if is_null else _FALSE
    if isinstance(value, str) is (field.name in NUMBERS) or isinstance(value, bool):
        return _FALSE
    if isinstance(value, str):
        test = Sql(f"{column} {comparison} ?", (value,))
    else:
        test = Sql(f"{column} {comparison} json_extract(?, '$')", (json_number(value),))
    return Sql(f"({column} IS NOT NULL AND {test.text})", test.values) if field.name in NULLABLE else test


def _compare_content(content: str, path: str, comparison: Comparison, value: Scalar) -> Sql:
    found = f"json_extract({content}, ?)"
    kind = f"json_type({content}, ?)"
    if isinstance(value, str):
        return Sql(f"({kind} IS 'text' AND {found} {comparison} ?)", (path, path, value))
    if value is None or isinstance(value, bool):
        if comparison is not Comparison.EQUAL:
            return _FALSE
        return Sql(f"{found} IS NULL", (path,)) if value is None else Sql(f"{kind} IS '{_word(value)}'", (path,))
    return Sql(
        f"(ifnull({kind}, '') IN {_NUMBER_TYPES} AND {found} {comparison} json_extract(?, '$'))",
        (path, path, json_number(value)),
    )


def _has(field: Field, value: Scalar, source: Source) -> Sql:
    columns = source.columns
    if field.keys:
        return _content_has(columns["content"], json_path(field), value)
    if field.name == "tags":
        return _has_tag(value, source) if isinstance(value, str) else _FALSE
    if field.name == "content":
        return (
            Sql(f"EXISTS (SELECT 1 FROM json_each({columns['content']}) WHERE key = ?)", (value,))
            if (isinstance(value, str))
            else _FALSE
        )
    return _compare(field, Comparison.EQUAL, value, source)


def _has_tag(tag: str, source: Source) -> Sql:
    columns = source.columns
    if not source.has_tag_rows:
        return Sql(f"EXISTS (SELECT 1 FROM json_each({columns['tags']}) WHERE value = ?)", (tag,))
    key = " AND ".join([f"tagged.{name} = {columns[name]}" for name in ("tenant", "collection", "id")])
    return Sql(f"EXISTS (SELECT 1 FROM record_tags AS tagged WHERE {key} AND tagged.tag = ?)", (tag,))


def _content_has(content: str, path: str, value: Scalar) -> Sql:
    """An element of an array, a key of an object, or the value itself."""
    if isinstance(value, str):
        element = Sql("type = 'text' AND value = ?", (value,))
        key = Sql(f"EXISTS (SELECT 1 FROM json_each({content}, ?) WHERE key = ?)", (path, value))
    else:
        element, key = _element(value), _FALSE
    itself = _compare_content(content, path, Comparison.EQUAL, value)
    return Sql(
        f"CASE json_type({content}, ?)"
        f" WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each({content}, ?) WHERE {element.text})"
        f" WHEN 'object' THEN {key.text} ELSE {itself.text} END",
        (path, path, *element.values, *key.values, *itself.values),
    )


def _element(value: float | bool | None) -> Sql:
    """What must hold of an array's element that equals `value`, which is no text."""
    if value is None or isinstance(value, bool):
        return Sql(f"type = '{_word(value)}'")
    return Sql(f"type IN {_NUMBER_TYPES} AND value = json_extract(?, '$')", (json_number(value),))


def _pattern(field: Field, pattern: Pattern, source: Source) -> Sql:
    columns = source.columns
    if field.name == "tags":
        fits = _fits("value", pattern)
        return Sql(f"EXISTS (SELECT 1 FROM json_each({columns['tags']}) WHERE {fits.text})", fits.values)
    if field.keys:
        return _content_fits(columns["content"], json_path(field), pattern)
    if field.name == "content" or field.name in NUMBERS:
        return _FALSE
    fits = _fits(columns[field.name], pattern)
    return Sql(f"ifnull({fits.text}, 0)", fits.values)


def _content_fits(content: str, path: str, pattern: Pattern) -> Sql:
    itself, element = _fits(f"json_extract({content}, ?)", pattern), _fits("value", pattern)
    return Sql(
        f"CASE json_type({content}, ?) WHEN 'text' THEN {itself.text}"
        f" WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each({content}, ?) WHERE type = 'text' AND {element.text})"
        " ELSE 0 END",
        (path, path, *itself.values, path, *element.values),
    )


def _fits(text: str, pattern: Pattern) -> Sql:
    """What must hold of a text."""
    if pattern.open_start and pattern.open_end:
        return Sql(f"instr({text}, ?) > 0", (pattern.text,))
    if pattern.open_start:
        return Sql(f"substr({text}, ?) = ?", (-len(pattern.text), pattern.text))
    return Sql(f"substr({text}, 1, ?) = ?", (len(pattern.text), pattern.text))


def _present(field: Field, source: Source) -> Sql:
    columns = source.columns
    if field.keys:
        return Sql(f"json_extract({columns['content']}, ?) IS NOT NULL", (json_path(field),))
    if field.name == "tags":
        return Sql(f"{columns['tags']} <> '[]'")
    return Sql(f"{columns[field.name]} IS NOT NULL") if field.name in NULLABLE else _TRUE


def _word(value: bool | None) -> str:
    """What JSON calls it."""
    return "null" if value is None else str(value).lower()
