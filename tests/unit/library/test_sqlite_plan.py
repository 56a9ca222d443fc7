"""Which way a query takes."""

import pytest

from crud_service.library.sqlite_paths import Bound, Index, Range
from crud_service.library.sqlite_plan import counting_plan, make_plan, serving_plan
from crud_service.model.query import And, Compare, Comparison, Field, Has, Not, Or, OrderKey, RecordQuery

TAGS, DATE, ID, NAME, PRICE = (
    Field("tags"),
    Field("date"),
    Field("id"),
    Field("name"),
    Field("content", ("price",)),
)
READY = {"content.price", "name"}
A, B = Has(TAGS, "a"), Has(TAGS, "b")
FROM = Compare(DATE, Comparison.GREATER_OR_EQUAL, "2026-01-01")
UNTIL = Compare(DATE, Comparison.LESS, "2026-02-01")
OTHER = Compare(Field("content", ("other",)), Comparison.EQUAL, 1)
CHEAP = Compare(PRICE, Comparison.LESS, 5)
FIVE = Compare(PRICE, Comparison.EQUAL, 5)


def query(*terms, order=(), **fields):
    where = And(terms) if len(terms) > 1 else (terms[0] if terms else None)
    return RecordQuery("", fields.pop("collection", "notes"), where, order, **fields)


def by(*fields, descending=False):
    return tuple(OrderKey(field, descending) for field in fields)


def counts(**known):
    """Counts of the paths by tag and index; what is not known is endless."""

    def count(path, most):
        return min(most, known.get(path.tag or path.index.name, 10**9))

    return count


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (query(), Index.RECORDS),
        (query(order=by(ID)), Index.RECORDS),
        (query(order=by(ID, descending=True)), Index.RECORDS),
        (query(collection=None), Index.STORE),
        (query(A), Index.TAG),
        (query(A, order=by(ID, NAME, descending=True)), Index.TAG),
        (query(order=by(DATE, descending=True)), Index.DATE),
        (query(FROM, UNTIL, order=by(DATE)), Index.DATE),
        (query(A, order=by(DATE)), Index.TAG_DATE),
        (query(A, FROM, UNTIL, order=by(DATE, descending=True)), Index.TAG_DATE),
        (query(And((A, FROM)), UNTIL, order=by(DATE)), Index.TAG_DATE),
        (query(order=by(PRICE)), Index.FIELD),
        (query(FIVE), Index.FIELD),
        (query(FIVE, order=by(PRICE)), Index.FIELD),
        (query(CHEAP, order=by(PRICE, ID)), Index.FIELD),
        (query(Compare(NAME, Comparison.EQUAL, "x")), Index.FIELD),
        (query(Compare(PRICE, Comparison.EQUAL, value=True)), Index.FIELD),
        (query(show_deleted=True), Index.RECORDS),
    ],
)
def test_served(asked, index):
    """These pages are ranges of an index, which leaves nothing to check and nothing to sort."""
    plan = serving_plan(asked, READY)
    assert (plan.path.index, plan.residual, plan.is_sorted) == (index, None, False)


@pytest.mark.parametrize(
    "asked",
    [
        query(A, B),
        query(OTHER),
        query(Not(A)),
        query(Or((A, B))),
        query(FROM),
        query(CHEAP),
        query(A, order=by(NAME)),
        query(A, CHEAP, order=by(PRICE)),
        query(order=by(DATE, NAME)),
        query(order=by(Field("expire_time"))),
        query(order=by(DATE), collection=None),
        query(order=by(ID), collection=None),
        query(A, collection=None),
        query(A, show_deleted=True),
        query(order=by(DATE), show_deleted=True),
        query(FIVE, show_deleted=True),
        query(FIVE, collection=None),
        query(Compare(PRICE, Comparison.EQUAL, None)),
        query(Compare(NAME, Comparison.EQUAL, "x" * 512)),
    ],
)
def test_not_served(asked):
    """For these something remains: no index fulfils all terms and yields the order."""
    assert serving_plan(asked, READY) is None


def test_an_index_that_is_not_ready_serves_nothing():
    """Only ready indexes are walked along."""
    assert serving_plan(query(FIVE), set()) is None
    assert make_plan(query(FIVE), set(), counts()).path.index is Index.RECORDS


def test_bounds_are_the_tightest():
    """Of several bounds on one field the tightest limit the path, whichever comes first."""
    until = Compare(DATE, Comparison.LESS_OR_EQUAL, "2026-02-01")
    for terms in ((FROM, UNTIL, until), (until, UNTIL, FROM)):
        plan = serving_plan(query(*terms, order=by(DATE)), ())
        assert plan.path.range == Range(Bound("2026-01-01", inclusive=True), Bound("2026-02-01", inclusive=False))


@pytest.mark.parametrize(
    ("asked", "known", "index", "is_sorted"),
    [
        # The rarest tag, and the first one if all are frequent.
        (query(A, B), {"b": 10}, "b", False),
        (query(A, B), {"a": 4_000, "b": 6_000}, "a", False),
        (query(A, B), {}, "a", False),
        # Few records of another index are sorted rather than walked past in order.
        (query(FIVE, order=by(DATE)), {"FIELD": 900}, "FIELD", True),
        (query(FIVE, OTHER, order=by(DATE)), {"FIELD": 20_000}, "FIELD", True),
        (query(FIVE, order=by(DATE)), {}, "DATE", False),
        (query(FROM), {"DATE": 100}, "DATE", True),
        (query(FROM), {}, "RECORDS", False),
        # Where nothing yields the order, the shortest path is sorted.
        (query(A, FIVE, order=by(Field("version"))), {"a": 90_000, "FIELD": 80_000}, "FIELD", True),
        (query(A, order=by(Field("version"))), {}, "a", True),
        (query(order=by(Field("version"))), {}, "RECORDS", True),
        # An index that yields the first key of several leaves only what is alike in it to be sorted.
        (query(order=by(DATE, NAME)), {}, "DATE", True),
        (query(A, order=by(DATE, NAME)), {}, "a", True),
    ],
)
def test_choices(asked, known, index, is_sorted):
    """Of several ways the shortest one is taken, as far as counting shows it."""
    plan = make_plan(asked, READY, counts(**known))
    assert (plan.path.tag or plan.path.index.name, plan.is_sorted) == (index, is_sorted)


def test_keys_that_change_nothing():
    """A key that the filter fixes is left out of the order."""
    asked = query(Compare(DATE, Comparison.EQUAL, "2026-01-01"), A, order=by(DATE, ID))
    plan = serving_plan(asked, ())
    assert (plan.path.index, plan.order) == (Index.TAG_DATE, ())


def test_counting():
    """What one index tells alone is counted by it, whatever the order is."""
    assert counting_plan(query(A, FROM, order=by(NAME)), ()).path.index is Index.TAG_DATE
    assert counting_plan(query(CHEAP), READY).path.index is Index.FIELD
    assert counting_plan(query(A, B), READY) is None
