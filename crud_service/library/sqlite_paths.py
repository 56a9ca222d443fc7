"""The ways to the records of a query: an index, and the part of it that the filter allows."""

from collections.abc import Collection, Iterator, Sequence
from enum import Enum, auto
from typing import Any

import msgspec

from crud_service.model.query import (
    SORT_CHARS,
    Compare,
    Comparison,
    Expression,
    Field,
    Has,
    RecordQuery,
)

DATE = Field("date")
ID = Field("id")

_MOST_INTEGER = 2**63 - 1

_INCLUSIVE = frozenset({Comparison.EQUAL, Comparison.LESS_OR_EQUAL, Comparison.GREATER_OR_EQUAL})
_FROM_BELOW = frozenset({Comparison.EQUAL, Comparison.GREATER, Comparison.GREATER_OR_EQUAL})
_FROM_ABOVE = frozenset({Comparison.EQUAL, Comparison.LESS, Comparison.LESS_OR_EQUAL})

Value = str | int | float


class Index(Enum):
    """What a path walks along."""

    STORE = auto()
    """The records of all collections, by collection, then id: live ones, or with `show_deleted` all of them."""
    RECORDS = auto()
    """The records of one collection, by id, likewise."""
    DATE = auto()
    """Live records by date."""
    TAG = auto()
    """Live records with a tag, by id."""
    TAG_DATE = auto()
    """Live records with a tag, by date."""
    FIELD = auto()
    """Live records by a declared index."""


class Bound(msgspec.Struct, frozen=True):
    """An end of a range."""

    value: Value
    inclusive: bool


class Range(msgspec.Struct, frozen=True):
    """The values from `lower` to `upper`; None is open."""

    lower: Bound | None = None
    upper: Bound | None = None

    @property
    def is_point(self) -> bool:
        """Whether it holds one value, so that an index goes by id below it."""
        return self.lower is not None and self.lower == self.upper and self.lower.inclusive

    def within(self, comparison: Comparison, value: Value) -> "Range":
        """The part of it whose values compare so with `value`."""
        lower, upper = self.lower, self.upper
        bound = Bound(value, comparison in _INCLUSIVE)
        if comparison in _FROM_BELOW:
            lower = _tighter(lower, bound, 1)
        if comparison in _FROM_ABOVE:
            upper = _tighter(upper, bound, -1)
        return Range(lower, upper)


class Path(msgspec.Struct, frozen=True):
    """One way to the records."""

    index: Index
    used: frozenset[int] = frozenset()
    """Which terms of the filter limit it, by their places among them."""
    tag: str = ""
    field: Field = ID
    """What it goes by, for FIELD."""
    rank: int | None = None
    """The one rank it is limited to, for FIELD."""
    range: Range = Range()
    """Of dates, or of the values of the rank."""

    @property
    def covered(self) -> frozenset[int]:
        """Which terms hold for all records on it."""
        # Arrays and objects have the rank of what is missing, so they remain to be told apart.
        return self.used if self.rank != 0 else frozenset()

    @property
    def goes_by(self) -> Field:
        """The field whose order it yields; ties go by id."""
        if self.index is Index.FIELD:
            return ID if self.rank is not None and (self.rank < 3 or self.range.is_point) else self.field
        return DATE if self.index in {Index.DATE, Index.TAG_DATE} and not self.range.is_point else ID


def paths(query: RecordQuery, terms: Sequence[Expression], by: Field, ready: Collection[str]) -> Iterator[Path]:
    """All paths for a query whose order begins with `by`, the first one of all records.

    `terms` must all hold; `ready` are the fields with an index that holds all records.
    """
    yield Path(Index.STORE if query.collection is None else Index.RECORDS)
    if query.collection is None or query.show_deleted:
        return
    dates, on_dates = _date_range(terms)
    if on_dates or by == DATE:
        yield Path(Index.DATE, on_dates, range=dates)
    for place, term in enumerate(terms):
        if isinstance(term, Has) and term.field.name == "tags" and isinstance(term.value, str):
            yield Path(Index.TAG, frozenset({place}), term.value)
            if on_dates or by == DATE:
                yield Path(Index.TAG_DATE, on_dates | {place}, term.value, range=dates)
    compared = {term.field: None for term in terms if isinstance(term, Compare)}
    for field in dict.fromkeys([by, *compared]):
        if str(field) in ready:
            yield from _field_paths(field, terms, by)


def bindable(value: Any) -> Any:
    """The value as the driver takes it: an integer past 64 bits as the number that an index holds of it."""
    return float(value) if isinstance(value, int) and abs(value) > _MOST_INTEGER else value


def _date_range(terms: Sequence[Expression]) -> tuple[Range, frozenset[int]]:
    dates, covered = Range(), set()
    for place, term in enumerate(terms):
        if isinstance(term, Compare) and term.field == DATE and isinstance(term.value, str):
            dates = dates.within(term.comparison, term.value)
            covered.add(place)
    return dates, frozenset(covered)


def _field_paths(field: Field, terms: Sequence[Expression], by: Field) -> Iterator[Path]:
    """The paths along one declared index: all of it if the order asks for that, and each rank that is compared with."""
    if field == by:
        yield Path(Index.FIELD, field=field)
    ranges: dict[int, tuple[Range, frozenset[int]]] = {}
    for place, term in enumerate(terms):
        if not isinstance(term, Compare) or term.field != field:
            continue
        value = term.value
        if value is None or isinstance(value, bool):
            if term.comparison is Comparison.EQUAL:
                yield Path(Index.FIELD, frozenset({place}), field=field, rank=0 if value is None else 1 + value)
        elif _is_whole(value):
            rank = 4 if isinstance(value, str) else 3
            values, used = ranges.get(rank, (Range(), frozenset[int]()))
            ranges[rank] = values.within(term.comparison, value), used | {place}
    for rank, (values, used) in ranges.items():
        yield Path(Index.FIELD, used, field=field, rank=rank, range=values)


def _is_whole(value: Value) -> bool:
    """Whether the index holds all of such a value, and the driver can bind it."""
    if isinstance(value, str):
        return len(value) < SORT_CHARS
    return isinstance(value, float) or abs(value) <= _MOST_INTEGER


def _tighter(one: Bound | None, other: Bound, sign: int) -> Bound:
    """The bound that leaves less: the greater one if `sign` is 1, the lesser one if it is -1."""
    if one is None:
        return other
    value: Any = other.value
    if one.value == value:
        return Bound(value, one.inclusive and other.inclusive)
    return other if (value > one.value) is (sign > 0) else one
