"""Sorting by what no index holds: the `Rank` of each key as two columns, which SQLite compares as the model does."""

from collections.abc import Sequence
from typing import Any

from crud_service.library.sqlite_filter import NULLABLE, Source, Sql, json_number, json_path
from crud_service.model.query import SORT_CHARS, Field, OrderKey, Rank, RecordQuery


def sort_columns(order: Sequence[OrderKey], source: Source) -> Sql:
    """The columns `k0`, `v0`, `k1`, `v1`, ... : rank and value by each key; and the ties, `c` and `i`."""
    columns = source.columns
    parts = [f"{columns['collection']} AS c, {columns['id']} AS i"]
    values: list[Any] = []
    for place, key in enumerate(order):
        rank, value = _rank(key.field, source), _value(key.field, source)
        parts.append(f"{rank.text} AS k{place}, {value.text} AS v{place}")
        values += [*rank.values, *value.values]
    return Sql(", ".join(parts), tuple(values))


def sort_order(order: Sequence[OrderKey], leading: int) -> str:
    """The order by these columns; of the first key by the columns `n0`, `n1`, ... of an index, if it leads."""
    signs = [" DESC" if key.descending else "" for key in order]
    keys = [f"k{place}{sign}, v{place}{sign}" for place, sign in enumerate(signs)]
    if leading:
        keys[0] = ", ".join([f"n{place}{signs[0]}" for place in range(leading)])
    return ", ".join([*keys, "c, i"])


def is_beyond(query: RecordQuery, order: Sequence[OrderKey]) -> Sql:
    """What must hold of these columns for a record that comes after the place where the page starts."""
    if query.after is None:
        return Sql("1")
    columns: list[tuple[str, str, Sql]] = []
    for place, key in enumerate(order):
        rank = query.after.ranks[query.order.index(key)]
        sign = "<" if key.descending else ">"
        columns += [
            (f"k{place}", sign, Sql("?", (_bound_rank(key.field, rank),))),
            (f"v{place}", sign, _bound_value(key.field, rank)),
        ]
    columns += [("c", ">", Sql("?", (query.after.collection,))), ("i", ">", Sql("?", (query.after.id,)))]
    # From the last column to the first: beyond in this one, or alike in it and beyond in those behind it.
    beyond = Sql("0")
    for column, sign, bound in reversed(columns):
        text = f"({column} {sign} {bound.text} OR ({column} = {bound.text} AND {beyond.text}))"
        beyond = Sql(text, (*bound.values, *bound.values, *beyond.values))
    return beyond


def _rank(field: Field, source: Source) -> Sql:
    if field.keys:
        text = (
            f"CASE json_type({source.columns['content']}, ?) WHEN 'text' THEN 4 WHEN 'integer' THEN 3"
            " WHEN 'real' THEN 3 WHEN 'true' THEN 2 WHEN 'false' THEN 1 ELSE 0 END"
        )
        return Sql(text, (json_path(field),))
    return Sql(f"{source.columns[field.name]} IS NOT NULL") if field.name in NULLABLE else Sql("1")


def _value(field: Field, source: Source) -> Sql:
    columns = source.columns
    if field.keys:
        path, content = json_path(field), columns["content"]
        text = (
            f"CASE json_type({content}, ?) WHEN 'text' THEN substr(json_extract({content}, ?), 1, {SORT_CHARS})"
            f" WHEN 'integer' THEN json_extract({content}, ?) WHEN 'real' THEN json_extract({content}, ?)"
            " ELSE 0 END"
        )
        return Sql(text, (path, path, path, path))
    if field.name in {"tags", "content"}:
        return Sql("0")
    if field.name in NULLABLE:
        return Sql(f"ifnull({columns[field.name]}, '')")
    return Sql(f"substr({columns['name']}, 1, {SORT_CHARS})" if field.name == "name" else columns[field.name])


def _bound_rank(field: Field, rank: Rank) -> int:
    """What `_rank` says of such a record."""
    if field.keys:
        return rank.rank
    return int(rank.rank > 0) if field.name in NULLABLE else 1


def _bound_value(field: Field, rank: Rank) -> Sql:
    """What `_value` says of such a record."""
    if isinstance(rank.value, str):
        return Sql("?", (rank.value,))
    if rank.value is not None:
        return Sql("json_extract(?, '$')", (json_number(rank.value),))
    return Sql("''" if field.name in NULLABLE else "0")
