"""Queries over records as they were at a revision.

A record that has not changed since is as it was; of any other one the change log has the state. One that was purged
since is gone from both.
"""

# ruff: noqa: S608 - texts are made of our own words; whatever a caller sends is bound

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import cmp_to_key
from heapq import nsmallest
from itertools import islice

from crud_service.library.sqlite_filter import Sql
from crud_service.library.sqlite_rows import Row, record_of, record_row
from crud_service.library.sqlite_stream import stream
from crud_service.library.sqlmodel_tables import RecordRow, table
from crud_service.model.change import decode_record_state
from crud_service.model.matching import compare_positions, matches, position_of
from crud_service.model.query import Position, RecordQuery

_FIELDS = ", ".join([f"r.{column.name}" for column in table(RecordRow).c if column.name != "tenant"])
_REVISION = 6
_STATE_THEN = (
    "(SELECT c.state FROM changes AS c INDEXED BY changes_of_record"
    " WHERE c.tenant = r.tenant AND c.collection = r.collection AND c.id = r.id AND c.revision <= ?"
    " ORDER BY c.revision DESC, c.ordinal DESC LIMIT 1)"
)
# Records of the first version that were written since were not there: passing over them costs no look into the log.
_THEN = (
    f"SELECT {_FIELDS}, CASE WHEN r.revision > ? THEN {_STATE_THEN} END"
    " FROM records AS r INDEXED BY sqlite_autoindex_records_1"
    " WHERE r.tenant = ? AND (r.revision <= ? OR r.version > 1) AND "
)


class PastSearch:
    """The answers to `query`, of which `at` is set, on a connection that sees one state of the file."""

    def __init__(self, connection: sqlite3.Connection, query: RecordQuery) -> None:
        self._connection, self._query = connection, query

    def rows(self) -> Generator[Row]:
        """The rows of Record's fields in order, at most one more than the limit. Close it to let go of the file."""
        query = self._query
        if not query.order:
            after = ("", "") if query.after is None else (query.after.collection, query.after.id)
            with closing(self._found(*after)) as rows:
                yield from islice(rows, query.limit + 1)
            return
        # Only the places of records are kept meanwhile, as their contents may be large.
        for place in self._first():
            yield from self._then(Sql("r.collection = ? AND r.id = ?", (place.collection, place.id)))

    def count(self) -> int:
        """How many records the query finds."""
        return sum(1 for _ in self._found())

    def _first(self) -> list[Position]:
        """The first places in order, one more than the limit."""
        query = self._query

        def following() -> Iterator[Position]:
            for row in self._found():
                place = position_of(record_of(row), query.order)
                if query.after is None or compare_positions(place, query.after, query.order) > 0:
                    yield place

        def compare(one: Position, other: Position) -> int:
            return compare_positions(one, other, query.order)

        return nsmallest(query.limit + 1, following(), key=cmp_to_key(compare))

    def _found(self, collection: str = "", record_id: str = "") -> Generator[Row]:
        """The rows of those that the filter asks for, in the order of ids, after a collection and id."""
        query = self._query
        if query.collection is None:
            where = Sql("(r.collection, r.id) > (?, ?)", (collection, record_id))
        else:
            where = Sql("r.collection = ? AND r.id > ?", (query.collection, record_id))
        with closing(self._then(where)) as rows:
            for row in rows:
                if query.where is None or matches(record_of(row), query.where):
                    yield row

    def _then(self, where: Sql) -> Generator[Row]:
        """The rows of records as they were, of those that are `where`, in the order of ids."""
        query, at = self._query, self._query.at
        # What has not changed since was deleted then if it is now.
        live = "" if query.show_deleted else " AND (r.revision > ? OR r.delete_time IS NULL)"
        text = f"{_THEN}{where.text}{live} ORDER BY r.collection, r.id"
        values = (at, at, query.tenant, at, *where.values) + (() if query.show_deleted else (at,))
        with closing(stream(self._connection, Sql(text, values))) as rows:
            for row in rows:
                if row[_REVISION] <= at:
                    yield row[:-1]
                elif row[-1]:
                    record = decode_record_state(row[-1])
                    if query.show_deleted or record.delete_time is None:
                        yield record_row(query.tenant, record)[1:]
