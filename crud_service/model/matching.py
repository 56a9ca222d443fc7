"""What a query means, in code. Every store answers as these functions say, however it finds its answer."""

from collections.abc import Sequence
from functools import cmp_to_key
from typing import Any

import msgspec

from crud_service.model.query import (
    SORT_CHARS,
    And,
    Compare,
    Comparison,
    Expression,
    Field,
    Has,
    Not,
    Or,
    OrderKey,
    Pattern,
    Position,
    Present,
    Rank,
    Scalar,
)
from crud_service.model.record import Record

_decode = msgspec.json.Decoder().decode


def matches(record: Record, expression: Expression | None) -> bool:
    """Whether the record is one that the filter asks for."""
    return expression is None or _holds(expression, Values(record))


def position_of(record: Record, order: Sequence[OrderKey]) -> Position:
    """The record's place in the order."""
    values = Values(record)
    return Position(tuple(values.rank(key.field) for key in order), record.collection, record.id)


def compare_positions(one: Position, other: Position, order: Sequence[OrderKey]) -> int:
    """Negative if `one` comes first, 0 if both are the same place, else positive."""
    for key, left, right in zip(order, one.ranks, other.ranks, strict=True):
        if result := _compare_ranks(left, right):
            return -result if key.descending else result
    left_tie, right_tie = (one.collection, one.id), (other.collection, other.id)
    return (left_tie > right_tie) - (left_tie < right_tie)


def in_order(records: Sequence[Record], order: Sequence[OrderKey]) -> list[tuple[Position, Record]]:
    """The records with their places, sorted."""

    def compare(one: tuple[Position, Record], other: tuple[Position, Record]) -> int:
        return compare_positions(one[0], other[0], order)

    return sorted([(position_of(record, order), record) for record in records], key=cmp_to_key(compare))


class Values:
    """The values of one record by field; its content is decoded once, when it is first asked for."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._content: Any = None

    def get(self, field: Field) -> Any:
        """The value of a field: text, number, bool, dict, list, tuple (tags); None if it is missing or null."""
        if not field.keys:
            return _decode(self._record.content) if field.name == "content" else getattr(self._record, field.name)
        if self._content is None:
            self._content = _decode(self._record.content)
        value: Any = self._content
        for key in field.keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def rank(self, field: Field) -> Rank:
        """The rank of a field's value."""
        value = self.get(field)
        if isinstance(value, bool):
            return Rank(2 if value else 1)
        if isinstance(value, int | float):
            return Rank(3, value)
        if isinstance(value, str):
            return Rank(4, value[:SORT_CHARS])
        return Rank(0)


def _holds(expression: Expression, values: Values) -> bool:
    match expression:
        case And(terms):
            return all(_holds(term, values) for term in terms)
        case Or(terms):
            return any(_holds(term, values) for term in terms)
        case Not(term):
            return not _holds(term, values)
        case Compare(field, comparison, value):
            return _compares(values.get(field), comparison, value)
        case Pattern(field, text, open_start, open_end):
            return _fits(values.get(field), text, open_start, open_end)
        case Has(field, value):
            return _has(values.get(field), value)
        case Present(field):
            return values.get(field) not in (None, ())
    raise TypeError(f"{expression!r} is no filter")


def _compares(actual: Any, comparison: Comparison, value: Scalar) -> bool:
    if comparison is Comparison.EQUAL:
        return _equal(actual, value)
    if _type(actual) is not _type(value) or _type(value) not in (str, float):
        return False
    match comparison:
        case Comparison.LESS:
            return bool(actual < value)
        case Comparison.LESS_OR_EQUAL:
            return bool(actual <= value)
        case Comparison.GREATER:
            return bool(actual > value)
    return bool(actual >= value)


def _equal(actual: Any, value: Scalar) -> bool:
    return _type(actual) is _type(value) and bool(actual == value)


def _has(actual: Any, value: Scalar) -> bool:
    if isinstance(actual, list | tuple):
        return any(_equal(each, value) for each in actual)
    if isinstance(actual, dict):
        return isinstance(value, str) and value in actual
    return _equal(actual, value)


def _fits(actual: Any, text: str, open_start: bool, open_end: bool) -> bool:
    if isinstance(actual, list | tuple):
        return any(_fits(each, text, open_start, open_end) for each in actual if isinstance(each, str))
    if not isinstance(actual, str):
        return False
    if open_start:
        return text in actual if open_end else actual.endswith(text)
    return actual.startswith(text)


def _type(value: Any) -> type:
    """What a value may be compared with: numbers of either type are alike, bools are no numbers."""
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _compare_ranks(one: Rank, other: Rank) -> int:
    left, right = (one.rank, one.value), (other.rank, other.value)
    if left == right:
        return 0
    return -1 if left < right else 1
