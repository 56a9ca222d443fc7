"""From a plan to the texts of the statements that carry it out."""

# ruff: noqa: S608 - texts are made of our own words; whatever a caller sends is bound

import re

from crud_service.library.sqlite_filter import Source, Sql, condition
from crud_service.library.sqlite_order import is_beyond, sort_columns, sort_order
from crud_service.library.sqlite_paths import Index
from crud_service.library.sqlite_plan import Plan, leads
from crud_service.library.sqlite_walk import KEYED, NATURAL, Walk, rest_of_path, whole_path
from crud_service.library.sqlmodel_tables import RecordRow, table
from crud_service.model.query import RecordQuery

# Indexes are named and joins are ordered, as the plan says: SQLite's own choice would go by fewer facts.
_LIVE_INDEX = {Index.STORE: "records_live", Index.RECORDS: "records_live", Index.DATE: "records_by_date"}
_ENTRIES = {
    Index.TAG: "record_tags AS k",
    Index.TAG_DATE: "record_tags AS k INDEXED BY record_tags_by_date",
    Index.FIELD: "record_index AS k",
}
_RECORDS_OF_ENTRIES = " CROSS JOIN records AS r ON r.tenant = k.tenant AND r.collection = k.collection AND r.id = k.id"

_NAMES = [column.name for column in table(RecordRow).c]
_KEY = ("tenant", "collection", "id")
_FIELDS = ", ".join([f"r.{name}" for name in _NAMES if name != "tenant"])

_COLUMNS = {name: f"r.{name}" for name in _NAMES} | {"path": "('collections/' || r.collection || '/records/' || r.id)"}
_ENTRY_COLUMNS = _COLUMNS | {name: f"k.{name}" for name in _KEY}
# The plus keeps SQLite from taking another index than the plan's.
_TAG_COLUMNS = _ENTRY_COLUMNS | {"date": "+k.date"}
_COLUMNS_BY_INDEX = {Index.TAG: _TAG_COLUMNS, Index.TAG_DATE: _TAG_COLUMNS, Index.FIELD: _ENTRY_COLUMNS}


_of_record = re.compile(r"\br\.").search


class Statements:
    """The statements of one query and one of its plans. Rows are Record's fields."""

    def __init__(self, query: RecordQuery, plan: Plan) -> None:
        self._query, self._plan = query, plan
        self._index = plan.path.index
        self._source = Source(_COLUMNS_BY_INDEX.get(self._index, _COLUMNS), not query.show_deleted)
        self._residual = None if plan.residual is None else condition(plan.residual, self._source)

    def page(self, walk: Walk, limit: int) -> Sql:
        """At most `limit` records of a walk: by its column, if that does not descend, and by id."""
        # The empty text stands between number and id in its index.
        column = "k.number, k.text" if walk.column == "k.number" else walk.column
        record_id = self._source.columns["id"]
        order = f"{column}, {record_id}" if column else record_id + " DESC" * walk.descending
        text, values = self._select(_FIELDS, walk.where)
        return Sql(f"{text} ORDER BY {order} LIMIT ?", (*values, limit))

    def descending_page(self, walk: Walk) -> Sql:
        """The records of a descending walk by its column alone, which stands behind their fields."""
        text, values = self._select(f"{_FIELDS}, {walk.column}", walk.where)
        return Sql(f"{text} ORDER BY {walk.column} DESC", values)

    def sorted_page(self, limit: int) -> Sql:
        """The first `limit` of all records on the path that come after the query's place."""
        order, leading = self._plan.order, NATURAL[self._index][:-1] if leads(self._plan) else ()
        where = rest_of_path(self._query, self._plan) if leading else whole_path(self._query, self._plan.path)
        columns = sort_columns(order, self._source)
        # Only the keys of records are sorted, as their contents may be large.
        names = "".join([f"{column} AS n{place}, " for place, column in enumerate(leading)])
        found, values = self._select(names + columns.text, where)
        start = is_beyond(self._query, order)
        text = (
            f"SELECT {_FIELDS} FROM (SELECT c, i FROM ({found}) WHERE {start.text}"
            f" ORDER BY {sort_order(order, len(leading))} LIMIT ?)"
            " CROSS JOIN records AS r ON r.tenant = ? AND r.collection = c AND r.id = i"
        )
        return Sql(text, (*columns.values, *values, *start.values, limit, self._query.tenant))

    def count(self) -> Sql:
        """How many records the query finds."""
        return self._select("count(*)", whole_path(self._query, self._plan.path))

    def count_path(self, most: int | None = None) -> Sql:
        """How many records lie on the path, counted up to `most`."""
        where = whole_path(self._query, self._plan.path)
        if most is None:
            return Sql(f"SELECT count(*) FROM {self._rows()} WHERE {where.text}", where.values)
        text = f"SELECT count(*) FROM (SELECT 1 FROM {self._rows()} WHERE {where.text} LIMIT ?)"
        return Sql(text, (*where.values, most))

    def count_sample(self, size: int, *, last: bool) -> Sql:
        """How many of the first or last `size` records on the path the query finds."""
        where = whole_path(self._query, self._plan.path)
        alias = "k" if self._index in KEYED else "r"
        key = ", ".join([f"{alias}.{name}" for name in _KEY])
        natural = ", ".join([f"{column} DESC" if last else column for column in NATURAL[self._index]])
        sample = f"SELECT {key} FROM {self._rows()} WHERE {where.text} ORDER BY {natural} LIMIT ?"
        text = f"SELECT count(*) FROM ({sample}) AS k{_RECORDS_OF_ENTRIES}"
        if self._plan.residual is None:
            return Sql(text, (*where.values, size))
        residual = condition(self._plan.residual, Source(_COLUMNS, self._source.has_tag_rows))
        return Sql(f"{text} WHERE {residual.text}", (*where.values, size, *residual.values))

    def _select(self, columns: str, where: Sql) -> Sql:
        """`SELECT ... FROM ... WHERE ...`, with what remains to be checked."""
        values = where.values
        text = where.text
        if self._residual is not None:
            text, values = f"{text} AND {self._residual.text}", (*values, *self._residual.values)
        # A record that is joined is looked up, so it is not unless something is asked of it.
        is_joined = self._index in KEYED and _of_record(f"{columns} {text}") is not None
        return Sql(f"SELECT {columns} FROM {self._rows()}{_RECORDS_OF_ENTRIES * is_joined} WHERE {text}", values)

    def _rows(self) -> str:
        entries = _ENTRIES.get(self._index)
        if entries is not None:
            return entries
        # The primary key holds deleted records too.
        index = "sqlite_autoindex_records_1" if self._query.show_deleted else _LIVE_INDEX[self._index]
        return f"records AS r INDEXED BY {index}"
