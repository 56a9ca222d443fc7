"""The ranges of an index that lead to a page, one after the other.

After a place in the order come first the records that are like it up to their ids, then all that lie beyond. Each of
these walks is one range of the index, so it starts where the last page ended at no cost. In the texts `k` is the entry
of an index table and `r` the record itself.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from crud_service.library.sqlite_filter import Sql
from crud_service.library.sqlite_paths import ID, Bound, Index, Path, Range, bindable
from crud_service.library.sqlite_plan import Plan
from crud_service.model.query import Position, RecordQuery

KEYED = frozenset({Index.TAG, Index.TAG_DATE, Index.FIELD})
"""The indexes that are tables of their own."""

NATURAL = {
    Index.STORE: ("r.collection", "r.id"),
    Index.RECORDS: ("r.id",),
    Index.DATE: ("r.date", "r.id"),
    Index.TAG: ("k.id",),
    Index.TAG_DATE: ("k.date", "k.id"),
    Index.FIELD: ("k.rank", "k.number", "k.text", "k.id"),
}
"""The columns that each index goes by, behind what all entries of a path share."""

_RANKS = range(5)
_NUMBERS, _TEXTS = 3, 4

Place = tuple[Any, str]
"""A value in the column of a walk, and an id."""


class Walk(NamedTuple):
    """One range of an index."""

    base: Sql
    """What holds for all of its records, besides the range."""
    column: str = ""
    """What the records go by, before their ids; empty if that is all they go by."""
    range: Range = Range()
    """Of the values in the column."""
    descending: bool = False

    @property
    def where(self) -> Sql:
        """What holds for all of its records."""
        return _both(self.base, _limits(self.column, self.range))

    def alike(self, value: Any) -> "Walk":
        """The part of it that has this value in its column."""
        return Walk(_both(self.base, _equals(self.column, value)))

    def below(self, value: Any) -> "Walk":
        """The part of it that has lower values in its column."""
        return self._replace(range=replace(self.range, upper=Bound(value, inclusive=False)))


def whole_path(query: RecordQuery, path: Path) -> Sql:
    """What holds for all records on the path."""
    return _both(_prefix(query, path), _limits(_column(path), path.range))


def rest_of_path(query: RecordQuery, plan: Plan) -> Sql:
    """The same from where the page starts, if the path goes by the first key of the order."""
    path, after = plan.path, query.after
    if after is None:
        return whole_path(query, path)
    rank, value = _place(query, plan, after)
    descending = plan.order[0].descending
    if path.index is Index.FIELD and path.rank is None:
        number, text = (0, value) if isinstance(value, str) else (value or 0, "")
        columns = ", ".join(NATURAL[path.index][:-1])
        beyond = Sql(f"({columns}) {'<' if descending else '>'}= (?, ?, ?)", (rank, number, text))
    else:
        beyond = _limits(_column(path), _beyond(path.range, value, descending, inclusive=True))
    return _both(_prefix(query, path), beyond)


def walks(query: RecordQuery, plan: Plan) -> Iterator[Walk]:
    """The walks that lead to the page, in order, if the path yields the order."""
    path, after = plan.path, query.after
    descending = bool(plan.order) and plan.order[0].descending
    base = _prefix(query, path)
    if path.index is Index.STORE:
        place = None if after is None else (after.collection, after.id)
        yield from _along(Walk(base, "r.collection"), "r.id", place)
    elif path.goes_by == ID:
        yield _by_id(query, path, descending)
    elif path.index is Index.FIELD:
        yield from _along_ranks(query, plan, descending)
    else:
        place = None if after is None else (_place(query, plan, after)[1], after.id)
        yield from _along(Walk(base, _column(path), path.range, descending), NATURAL[path.index][1], place)


def _by_id(query: RecordQuery, path: Path, descending: bool) -> Walk:
    base = whole_path(query, path)
    if query.after is not None:
        column = NATURAL[path.index][-1]
        base = _both(base, Sql(f"{column} {'<' if descending else '>'} ?", (query.after.id,)))
    return Walk(base, descending=descending)


def _along_ranks(query: RecordQuery, plan: Plan, descending: bool) -> Iterator[Walk]:
    """The walks along a declared index, rank by rank: within one, a single column holds the values."""
    path, after = plan.path, query.after
    ranks = _RANKS if path.rank is None else (path.rank,)
    start = None if after is None else _place(query, plan, after)
    for rank in reversed(ranks) if descending else ranks:
        place: Place | None = None
        if after is not None and start is not None:
            if rank > start[0] if descending else rank < start[0]:
                continue
            place = (start[1], after.id) if rank == start[0] else None
        base = _prefix(query, replace(path, rank=rank))
        if rank >= _NUMBERS:
            yield from _along(Walk(base, _rank_column(rank), path.range, descending), "k.id", place)
        else:
            yield Walk(base if place is None else _both(base, Sql("k.id > ?", (place[1],))))


def _along(walk: Walk, id_column: str, after: Place | None) -> Iterator[Walk]:
    """The walk; or the rest of those that are like a place in its column, then all beyond."""
    if after is None:
        yield walk
        return
    value, record_id = after
    alike = walk.alike(value)
    yield alike._replace(base=_both(alike.base, Sql(f"{id_column} > ?", (record_id,))))
    yield walk._replace(range=_beyond(walk.range, value, walk.descending, inclusive=False))


def _place(query: RecordQuery, plan: Plan, after: Position) -> tuple[int, Any]:
    """The rank and the value that a place has in the plan's first key."""
    rank = after.ranks[query.order.index(plan.order[0])]
    return rank.rank, bindable(rank.value)


def _prefix(query: RecordQuery, path: Path) -> Sql:
    """What all records on the path share, and with `rank` all of that rank."""
    alias = "k" if path.index in KEYED else "r"
    text, values = f"{alias}.tenant = ?", [query.tenant]
    if path.index is not Index.STORE:
        text += f" AND {alias}.collection = ?"
        values.append(query.collection or "")
    if path.index in {Index.TAG, Index.TAG_DATE}:
        text += " AND k.tag = ?"
        values.append(path.tag)
    if path.index is Index.FIELD:
        text += " AND k.field = ?"
        values.append(str(path.field))
    if alias == "r" and not query.show_deleted:
        text += " AND r.delete_time IS NULL"
    prefix = Sql(text, tuple(values))
    return prefix if path.rank is None else _both(prefix, _of_rank(path.rank))


def _of_rank(rank: int) -> Sql:
    """What the entries of a rank share."""
    # Columns without a value are empty. SQLite goes on by the column behind those only if it is told so.
    empty = {_NUMBERS: "", _TEXTS: " AND k.number = 0"}.get(rank, " AND k.number = 0 AND k.text = ''")
    return Sql(f"k.rank = ?{empty}", (rank,))


def _column(path: Path) -> str:
    """What the range of a path limits."""
    return NATURAL[path.index][0] if path.rank is None else _rank_column(path.rank)


def _rank_column(rank: int) -> str:
    return "k.number" if rank == _NUMBERS else "k.text"


def _beyond(values: Range, value: Any, descending: bool, *, inclusive: bool) -> Range:
    """The part of a range that comes after a value in it."""
    # One bound a side: of two, SQLite would start at whichever comes first in the text.
    bound = Bound(value, inclusive)
    return replace(values, upper=bound) if descending else replace(values, lower=bound)


def _limits(column: str, values: Range) -> Sql:
    lower, upper = values.lower, values.upper
    if lower is not None and values.is_point:
        return _equals(column, lower.value)
    terms = []
    if lower is not None:
        terms.append(Sql(f"{column} >{'=' * lower.inclusive} ?", (lower.value,)))
    if upper is not None:
        terms.append(Sql(f"{column} <{'=' * upper.inclusive} ?", (upper.value,)))
    return Sql(" AND ".join([term.text for term in terms]), tuple([term.values[0] for term in terms]))


def _equals(column: str, value: Any) -> Sql:
    """What holds of the entries with this value, so that the index goes by id from there."""
    empty = " AND k.text = ''" if column == "k.number" else ""
    return Sql(f"{column} = ?{empty}", (value,))


def _both(one: Sql, other: Sql) -> Sql:
    return Sql(f"{one.text} AND {other.text}", (*one.values, *other.values)) if other.text else one
