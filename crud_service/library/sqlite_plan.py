"""Which index a query walks along, and what remains to be checked of each record on the way.

A `Path` is one way to find the records: an index, the part of it that the filter allows, and the terms of the filter
that this part fulfils. The best plan is one that also yields the order and leaves nothing to check: such a page
costs what it holds. Otherwise it counts, up to a bound, how many records each path leads past.
"""

from collections.abc import Callable, Collection, Sequence

import msgspec
from msgspec.structs import replace

from crud_service.library.sqlite_paths import ID, Index, Path, paths
from crud_service.model.query import And, Compare, Comparison, Expression, OrderKey, RecordQuery

# How far the records on a path are counted to see whether it is short enough to be preferred: to a walk in order along
# another index that is limited too, to a walk in order through all records, and to other paths that must be sorted.
_COUNTED_IN_PART = 5_000
_COUNTED_IN_ORDER = 25_000
_COUNTED_TO_SORT = 125_000

_INDEXED_ANYWAY = frozenset({"id", "date"})


class Plan(msgspec.Struct, frozen=True):
    """How a query is answered."""

    path: Path
    residual: Expression | None
    """What is still to be checked of each record."""
    order: tuple[OrderKey, ...]
    """The order, without keys that change nothing."""
    is_sorted: bool
    """Whether the records of the path must be sorted."""

    @property
    def is_served(self) -> bool:
        """Whether the path yields the page and nothing else."""
        return self.residual is None and not self.is_sorted


Count = Callable[[Path, int], int]
"""How many records lie on a path, counted up to a bound."""


def possible_plans(query: RecordQuery, ready: Collection[str]) -> list[Plan]:
    """All plans for a page of `query`; `ready` are the fields with an index that holds all records."""
    terms, order = terms_of(query.where), _effective(query)
    return [
        Plan(path, _residual(terms, path), order, not _yields(path, order))
        for path in paths(query, terms, order[0].field if order else ID, ready)
    ]


def serving_plan(query: RecordQuery, ready: Collection[str]) -> Plan | None:
    """The one whose index yields the page and leaves nothing to do; None if there is none."""
    return next((plan for plan in possible_plans(query, ready) if plan.is_served), None)


def make_plan(query: RecordQuery, ready: Collection[str], count: Count) -> Plan:
    """The best of all plans for a page of `query`."""
    plans = possible_plans(query, ready)
    ordered = [plan for plan in plans if not plan.is_sorted] or [plan for plan in plans if leads(plan)]
    if not ordered:
        return _choose_any(plans, count)
    best = _most_covered(ordered)
    others = [plan for plan in plans if plan.path.used - best.path.used]
    # What is walked in order ends early if the page is soon full; what is sorted is always read to its end.
    if best.path.used:
        candidates, most = [best, *others], _COUNTED_IN_PART
    else:
        candidates, most = others, _COUNTED_IN_ORDER
    return (_fewest(candidates, most, count) if others else None) or best


def counting_plan(query: RecordQuery, ready: Collection[str]) -> Plan | None:
    """The plan to count what `query` finds by the entries of an index alone; None if there is none."""
    plans = possible_plans(replace(query, order=()), ready)
    return next((plan for plan in plans if plan.residual is None), None)


def make_count_plan(query: RecordQuery, ready: Collection[str], count: Count) -> Plan:
    """The best plan to count what `query` finds."""
    return _choose_any(possible_plans(replace(query, order=()), ready), count)


def leads(plan: Plan) -> bool:
    """Whether the path goes by the first key of the order, so that only what is alike in it must be sorted."""
    return bool(plan.order) and plan.path.goes_by == plan.order[0].field != ID


def terms_of(where: Expression | None) -> tuple[Expression, ...]:
    """The terms that all must hold."""
    if where is None:
        return ()
    if isinstance(where, And):
        return tuple([inner for term in where.terms for inner in terms_of(term)])
    return (where,)


def indexable_fields(query: RecordQuery) -> set[str]:
    """The fields whose declared index might serve the query."""
    if query.show_deleted or query.collection is None:
        return set()
    fields = [term.field for term in terms_of(query.where) if isinstance(term, Compare)]
    fields += [key.field for key in query.order[:1]]
    return {str(field) for field in fields if field.keys or field.name not in _INDEXED_ANYWAY}


def _effective(query: RecordQuery) -> tuple[OrderKey, ...]:
    """The keys that tell records apart: not those that the filter fixes, nor any after the id of one collection."""
    terms = terms_of(query.where)
    fixed = {each.field for each in terms if isinstance(each, Compare) and each.comparison is Comparison.EQUAL}
    keys = tuple([key for key in query.order if key.field not in fixed])
    if query.collection is not None:
        for place, key in enumerate(keys):
            if key.field == ID:
                return keys[: place + key.descending]
    return keys


def _choose_any(plans: Sequence[Plan], count: Count) -> Plan:
    used = [plan for plan in plans if plan.path.used]
    return (_fewest(used, _COUNTED_TO_SORT, count) if len(used) > 1 else None) or _most_covered(plans)


def _yields(path: Path, order: Sequence[OrderKey]) -> bool:
    """Whether the path goes in this order."""
    if path.index is Index.STORE or not order:
        return path.goes_by == ID and not order
    return len(order) == 1 and path.goes_by == order[0].field


def _fewest(plans: Sequence[Plan], most: int, count: Count) -> Plan | None:
    """The plan with the fewest records, if one has less than `most`. Counts in steps, as all may be long but one."""
    bound = 1_000
    while bound <= most:
        fewest, place = min([(count(plan.path, bound), place) for place, plan in enumerate(plans)])
        if fewest < bound:
            return plans[place]
        bound *= 5
    return None


def _most_covered(plans: Sequence[Plan]) -> Plan:
    return max(plans, key=lambda plan: (len(plan.path.covered), len(plan.path.used)))


def _residual(terms: Sequence[Expression], path: Path) -> Expression | None:
    rest = tuple([term for place, term in enumerate(terms) if place not in path.covered])
    return And(rest) if len(rest) > 1 else (rest[0] if rest else None)
