"""Filters in SQLite's words."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings

from crud_service.library.sqlite_filter import Source, condition
from crud_service.model.query import And, Compare, Comparison, Field, Has, Not, Or, Pattern, Present
from crud_service.testing.queries import expressions

NAMES = ["id", "name", "path", "date", "content", "tags", "revision", "version", "create_time", "update_time"]
TIMES = ["delete_time", "purge_time", "expire_time"]
SOURCE = Source({name: name for name in NAMES + TIMES}, has_tag_rows=False)
ROW = ("r1", "a name", "p", "2026", '{"a":1}', '["t1"]', 1, 1, "2026", "2026", None, None, None)
HOSTILE = "x'); DROP TABLE records; --"


@settings(max_examples=200)
@given(where=expressions())
def test_a_condition_is_never_null(where):
    """Whatever is compared, the condition is 0 or 1, and as many values are bound as it has places."""
    text, values = condition(where, SOURCE)
    assert text.count("?") == len(values)
    columns = ", ".join(f"? AS {name}" for name in NAMES + TIMES)
    with closing(sqlite3.connect(":memory:")) as connection:
        row = connection.execute(f"SELECT {text} FROM (SELECT {columns})", (*values, *ROW)).fetchone()
    assert row[0] in (0, 1)


@pytest.mark.parametrize(
    "where",
    [
        Compare(Field("name"), Comparison.EQUAL, HOSTILE),
        Compare(Field("content", (HOSTILE,)), Comparison.EQUAL, HOSTILE),
        Compare(Field("content", (HOSTILE, "?")), Comparison.LESS, 1.5),
        Has(Field("content", (HOSTILE,)), HOSTILE),
        Has(Field("tags"), HOSTILE),
        Has(Field("content"), HOSTILE),
        Pattern(Field("content", (HOSTILE,)), HOSTILE, open_start=True, open_end=True),
        Present(Field("content", (HOSTILE,))),
        Not(Or((And((Has(Field("tags"), HOSTILE), Present(Field("purge_time")))), Has(Field("name"), HOSTILE)))),
    ],
)
@pytest.mark.parametrize("has_tag_rows", [False, True])
def test_values_and_paths_are_bound(where, has_tag_rows):
    """Nothing that a caller sends becomes part of the text."""
    columns = {name: name for name in ["tenant", "collection", *NAMES, *TIMES]}
    text, values = condition(where, Source(columns, has_tag_rows))
    assert "DROP" not in text
    assert "1.5" not in text
    assert text.count("?") == len(values)
