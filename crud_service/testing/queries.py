"""Random records and queries, few values each, so that many are alike and many match. For hypothesis."""

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from crud_service.model import timestamp
from crud_service.model.query import (
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
    Present,
    RecordQuery,
    Scalar,
)
from crud_service.model.record import Record
from crud_service.model.timestamp import Timestamp
from crud_service.testing.mutations import record

TIMES = [timestamp.parse(f"2026-01-0{day}T00:00:00.00000000{day}Z") for day in (1, 2, 3)]
TEXTS = ["", "a", "A", "ab", "aB", "b", "1", "null", "é", "e\u0301", "\uffff", "\U0001f600", "%", "_", "x" * 511]
LONG_TEXTS = ["x" * 512, "x" * 513, "x" * 512 + "a"]
NUMBERS: list[float] = [0, -0.0, 1, 1.0, -1, 1.5, 2, 0.1, 1e23, 1e300, 5e-324, 2**53, 10**18, -(2**63), float(2**63)]
KEYS = [("a",), ("b",), ("b", "c"), ("b", "한 글"), ("q.x",), ("",), ("a", "0")]
TAGS = ["t1", "t2", "T1", "é"]
COLLECTIONS = ["notes", "notes-2", "a"]
NULLABLE = ["purge_time", "expire_time"]
TAGS_FIELD, CONTENT_FIELD = Field("tags"), Field("content")
DECLARED = [Field("content", ("a",)), Field("content", ("b", "c")), *map(Field, ("name", "version", "expire_time"))]
"""What a store that keeps declared indexes may have one on."""


@cache
def _texts() -> st.SearchStrategy[str]:
    characters = st.characters(exclude_characters="\0", codec="utf-8")
    return st.sampled_from(TEXTS + LONG_TEXTS) | st.text(characters, max_size=2)


@cache
def _numbers() -> st.SearchStrategy[float]:
    return st.sampled_from(NUMBERS) | st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False)


@cache
def _values() -> st.SearchStrategy[Any]:
    scalars: st.SearchStrategy[Any] = st.one_of(st.none(), st.booleans(), _numbers(), _texts())
    keys = st.sampled_from(["a", "c", "한 글", "0"])
    inner = scalars | st.lists(scalars, max_size=3) | st.dictionaries(keys, scalars, max_size=3)
    return st.one_of(scalars, st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3))


@cache
def _fields() -> st.SearchStrategy[Field]:
    names = ["id", "name", "path", "date", "revision", "version", "create_time", "update_time", "delete_time"]
    return st.sampled_from([Field("content", keys) for keys in KEYS] + [Field(name) for name in [*names, *NULLABLE]])


@cache
def _all_fields() -> st.SearchStrategy[Field]:
    return _fields() | st.sampled_from([TAGS_FIELD, CONTENT_FIELD])


@cache
def records() -> st.SearchStrategy[list[Record]]:
    """New records of `COLLECTIONS`, some of them deleted, each id once in a collection."""
    collections = st.sampled_from(COLLECTIONS[:1] * 4 + COLLECTIONS)
    ids = st.integers(0, 30).map("r{}".format)
    some = st.builds(
        _record,
        st.tuples(collections, ids),
        st.sampled_from(TEXTS + LONG_TEXTS),
        st.dictionaries(st.sampled_from(["a", "b", "q.x", ""]), _values(), max_size=3),
        st.sets(st.sampled_from(TAGS)),
        st.integers(1, 3),
        st.tuples(*[st.sampled_from(TIMES)] * 3),
        st.tuples(*[st.sampled_from([None, None, *TIMES])] * 3),
    )
    return st.lists(some, unique_by=lambda each: (each.collection, each.id), max_size=20)


@cache
def queries() -> st.SearchStrategy[RecordQuery]:
    """Queries for the first page of a tenant without a name."""
    keys = st.builds(OrderKey, _fields(), st.booleans())
    return st.builds(
        RecordQuery,
        st.just(""),
        st.sampled_from([*COLLECTIONS[:1] * 4, *COLLECTIONS, "missing", None]),
        st.none() | expressions(),
        st.lists(keys, max_size=3, unique_by=lambda key: key.field).map(tuple),
        st.none(),
        st.sampled_from([False, False, True]),
        st.sampled_from([1, 2, 3, 7, 200]),
        seconds=st.just(30.0),
    )


@cache
def expressions() -> st.SearchStrategy[Expression]:
    """Filters of every kind of term, up to three levels deep."""
    terms = _terms()
    flat = st.lists(terms, min_size=2, max_size=3).map(tuple)
    inner = terms | st.builds(Not, terms) | st.builds(And, flat) | st.builds(Or, flat)
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    wide = st.builds(And, several) | st.builds(Or, several)
    return st.one_of(terms, st.builds(And, flat), st.builds(Not, inner), wide)


def _record(
    key: tuple[str, str],
    name: str,
    content: dict[str, Any],
    tags: set[str],
    version: int,
    times: tuple[Timestamp, Timestamp, Timestamp],
    ends: tuple[Timestamp | None, Timestamp | None, Timestamp | None],
) -> Record:
    date, created, updated = times
    deleted, purged, expired = ends
    return record(
        key[1],
        key[0],
        name=name,
        date=date,
        content=json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        tags=tuple(sorted(tags)),
        version=version,
        create_time=created,
        update_time=updated,
        delete_time=deleted,
        purge_time=None if deleted is None else purged,
        expire_time=expired,
    )


@cache
def _terms() -> st.SearchStrategy[Expression]:
    comparisons = st.sampled_from(Comparison)
    scalars: st.SearchStrategy[Scalar] = st.one_of(
        st.none(), st.booleans(), _numbers(), _texts(), st.sampled_from(TIMES), st.sampled_from(TAGS)
    )
    texts = st.sampled_from([*TEXTS[1:], "x" * 512])
    return st.one_of(
        st.builds(Compare, st.just(Field("date")), comparisons, st.sampled_from(TIMES)),
        st.builds(Compare, st.just(Field("version")), comparisons, _numbers()),
        st.builds(Compare, _all_fields(), comparisons, scalars),
        st.builds(Has, st.just(TAGS_FIELD), st.sampled_from(TAGS)),
        st.builds(Has, _all_fields(), scalars),
        st.builds(_pattern, _all_fields(), texts, st.integers(1, 3)),
        st.builds(Present, _all_fields()),
    )


def _pattern(field: Field, text: str, ends: int) -> Pattern:
    return Pattern(field, text, open_start=bool(ends & 1), open_end=bool(ends & 2))
