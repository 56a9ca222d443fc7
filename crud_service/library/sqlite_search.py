"""Carrying out queries on one connection: pages and counts, as their plans say."""

import sqlite3
from collections.abc import Collection, Generator
from contextlib import closing
from functools import partial
from itertools import islice

from crud_service.library.sqlite_filter import Sql
from crud_service.library.sqlite_paths import Path
from crud_service.library.sqlite_plan import Plan, counting_plan, make_count_plan, make_plan, serving_plan
from crud_service.library.sqlite_query import Statements
from crud_service.library.sqlite_rows import Row
from crud_service.library.sqlite_stream import stream
from crud_service.library.sqlite_walk import Walk, walks
from crud_service.model.query import RecordCount, RecordQuery

# How many records alike in a descending order are turned around in memory, as their ids ascend.
_TURNED_ROWS = 16

# How many records at each end of a path speak for all others in an estimate.
_SAMPLED = 5_000


class Search:
    """Queries on `connection`, which is in a transaction if it must see one state throughout."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def plan(self, query: RecordQuery, ready: Collection[str]) -> Plan:
        """How to find a page of `query`; `ready` are the fields with an index that holds all records."""
        return serving_plan(query, ready) or make_plan(query, ready, partial(self._count_path, query))

    def count_plan(self, query: RecordQuery, ready: Collection[str]) -> Plan:
        """How to count what `query` finds."""
        count = partial(self._count_path, query)
        return counting_plan(query, ready) or make_count_plan(query, ready, count)

    def rows(self, query: RecordQuery, plan: Plan) -> Generator[Row]:
        """The rows of Record's fields in order, at most one more than the limit. Close it to let go of the file."""
        statements = Statements(query, plan)
        left = query.limit + 1
        if plan.is_sorted:
            yield from stream(self._connection, statements.sorted_page(left))
            return
        for walk in walks(query, plan):
            with closing(self._walk(statements, walk, left)) as rows:
                for row in islice(rows, left):
                    yield row
                    left -= 1
            if left == 0:
                return

    def count(self, query: RecordQuery, plan: Plan, *, estimate: bool) -> RecordCount:
        """How many records `query` finds."""
        statements = Statements(query, plan)
        if estimate and plan.residual is not None:
            total = self._number(statements.count_path())
            if total > 2 * _SAMPLED:
                hits = sum([self._number(statements.count_sample(_SAMPLED, last=last)) for last in (False, True)])
                return RecordCount(round(hits * total / (2 * _SAMPLED)), estimated=True)
        return RecordCount(self._number(statements.count()))

    def _walk(self, statements: Statements, walk: Walk, limit: int) -> Generator[Row]:
        if walk.column and walk.descending:
            return self._descend(statements, walk, limit)
        return stream(self._connection, statements.page(walk, limit))

    def _descend(self, statements: Statements, walk: Walk, limit: int) -> Generator[Row]:
        """The rows of a descending walk, those alike in its column by ascending id.

        An index that is read backwards gives descending ids. A few records alike are turned around here; where there
        are more, they are a walk of their own.
        """
        rest: Walk | None = walk
        while rest is not None:
            alike: list[Row] = []
            with closing(stream(self._connection, statements.descending_page(rest))) as rows:
                for row in rows:
                    if alike and row[-1] != alike[0][-1]:
                        yield from _turned(alike)
                        alike.clear()
                    alike.append(row)
                    if len(alike) == _TURNED_ROWS:
                        break
                else:
                    yield from _turned(alike)
                    return
            value = alike[0][-1]
            yield from stream(self._connection, statements.page(rest.alike(value), limit))
            rest = rest.below(value)

    def _number(self, statement: Sql) -> int:
        return int(self._connection.execute(*statement).fetchone()[0])

    def _count_path(self, query: RecordQuery, path: Path, most: int) -> int:
        return self._number(Statements(query, Plan(path, None, (), is_sorted=False)).count_path(most))


def _turned(rows: list[Row]) -> list[Row]:
    """The rows the other way round, without the column they are alike in."""
    return [row[:-1] for row in reversed(rows)]
