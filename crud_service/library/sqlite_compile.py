"""From SQLAlchemy's statements to text that runs on the driver: compiled once, its values bound by place.

SQLAlchemy's own execution costs several times what SQLite needs for a point read, so a store compiles each statement on
first use and passes tuples to `sqlite3`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    column,
    delete,
    literal_column,
    or_,
    select,
    values,
)
from sqlalchemy.dialects import sqlite

_MAX_ROWS = 64


class BulkStatement:
    """A statement over any number of rows, as texts for 1, 2, 4 ... 64 rows.

    All values of a text are bound at once: SQLite works through its rows in one call, outside of Python's lock. That
    is three times cheaper than `json_each` over the rows as JSON, and under load many times quicker than row by row.
    A few sizes keep the driver's cache of prepared statements small.
    """

    def __init__(self, text_for: Callable[[int], str]) -> None:
        self._text_for = text_for
        self._texts: dict[int, str] = {}

    def pieces(self, rows: Sequence[Sequence[Any]], most: int = _MAX_ROWS) -> Iterator[tuple[str, list[Any]]]:
        """`rows` as (text, values) to execute one after the other; `most`, a power of two, bounds the rows of each."""
        start = 0
        while start < len(rows):
            size = min(most, 1 << ((len(rows) - start).bit_length() - 1))
            if size not in self._texts:
                self._texts[size] = self._text_for(size)
            yield self._texts[size], [value for row in rows[start : start + size] for value in row]
            start += size


def to_text(statement: ClauseElement) -> str:
    """The statement in SQLite's words; each bound value is a `?`, in the order of the text."""
    compiled = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True})
    return " ".join(str(compiled).split())


def is_value(of: ColumnElement[Any]) -> ColumnElement[bool]:
    """`column = ?`."""
    return of == bindparam(None)


def is_after(of: ColumnElement[Any]) -> ColumnElement[bool]:
    """`column > ?`."""
    return of > bindparam(None)


def up_to(statement: Select[Any]) -> Select[Any]:
    """`... LIMIT ?`."""
    # Without an offset SQLAlchemy would bind one.
    return statement.limit(bindparam(None)).offset(literal_column("0"))


def load_keys(of: Table) -> BulkStatement:
    """All columns of the rows of a table that have one of the primary keys given as rows."""
    columns = list(of.primary_key)

    def text_for(rows: int) -> str:
        # A join with the keys: `IN` with more than one row of values would read the whole table.
        wanted = values(*(column(each.name) for each in columns)).data([("",) * len(columns)] * rows).cte("wanted")
        return to_text(
            select(of).select_from(wanted).join(of, and_(*(each == wanted.c[each.name] for each in columns)))
        )

    return BulkStatement(text_for)


def any_of(key: Iterable[ColumnElement[Any]], rows: int) -> ColumnElement[bool]:
    """The columns of `key` have the values of one of so many rows."""
    columns = list(key)
    return or_(*(and_(*map(is_value, columns)) for _ in range(rows)))


def delete_keys(of: Table) -> BulkStatement:
    """Delete the rows of a table that have one of the primary keys given as rows."""
    return BulkStatement(lambda rows: to_text(delete(of).where(any_of(of.primary_key, rows))))


def insert_rows(into: Table) -> BulkStatement:
    """Insert rows that hold the columns of the table in their order."""
    return BulkStatement(lambda rows: to_text(sqlite.insert(into).values([placeholders(into)] * rows)))


def insert_new_rows(into: Table) -> BulkStatement:
    """The same, but for rows whose key is there already: those stay as they are."""

    def text_for(rows: int) -> str:
        return to_text(sqlite.insert(into).values([placeholders(into)] * rows).on_conflict_do_nothing())

    return BulkStatement(text_for)


def upsert_rows(into: Table) -> BulkStatement:
    """Insert rows that hold the columns of the table in their order, or replace what has their key."""

    def text_for(rows: int) -> str:
        statement = sqlite.insert(into).values([placeholders(into)] * rows)
        others = {each.name: statement.excluded[each.name] for each in into.c if not each.primary_key}
        return to_text(statement.on_conflict_do_update(index_elements=list(into.primary_key), set_=others))

    return BulkStatement(text_for)


def placeholders(into: Table) -> dict[str, Any]:
    """A value to bind for each column."""
    return dict.fromkeys(into.c.keys(), "")
