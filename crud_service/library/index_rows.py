"""The rows by which queries find live records: those of their tags, and those of their collections' declared indexes.

Both are told as what a commit changes: the rows to remove, and those to insert after that. Rows of dropped collections
are not listed, nor those of fields that are indexed no more: they go as a whole.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

from crud_service.library.commit_plan import CommitPlan
from crud_service.model.matching import Values
from crud_service.model.query import Field, Rank, field_of
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey

R = TypeVar("R")

TagRow = tuple[str, str, str, str, str]
"""tenant, collection, tag, id, date."""

ValueRow = tuple[str, str, str, int, float, str, str]
"""tenant, collection, field, rank, number, text, id."""


def tag_rows(plan: CommitPlan) -> tuple[list[TagRow], list[TagRow]]:
    """The rows of tags to remove and to insert; both lists name a tag whose record has another date."""
    return _changed(plan, _tag_rows, _tag_rows)


def value_rows(plan: CommitPlan) -> tuple[list[ValueRow], list[ValueRow]]:
    """The rows of declared indexes to remove and to insert; one that is being built may lack some that are to go."""
    collections = plan.collections
    before = _indexed(collections.loaded)
    after = _indexed({**collections.loaded, **collections.written}) if collections.written else before
    if not after:
        return [], []

    # Rows of fields that are not indexed any more need not be told one by one.
    def old_rows(key: RecordKey, record: Record) -> list[ValueRow]:
        kept = after.get(key[:2], ())
        return rows_of(key, record, [field for field in before.get(key[:2], ()) if field in kept])

    def new_rows(key: RecordKey, record: Record) -> list[ValueRow]:
        return rows_of(key, record, after.get(key[:2], ()))

    return _changed(plan, old_rows, new_rows)


def dropped_indexes(plan: CommitPlan) -> list[tuple[str, str, str]]:
    """The indexes (tenant, collection, field) whose rows, all of them, must go before any is inserted."""
    if not plan.collections.written:
        return []
    before, after = _indexed(plan.collections.loaded), _indexed(plan.collections.written)
    return [
        (*key, field)
        for key in plan.collections.written
        for field in before.get(key, ())
        if field not in after.get(key, ())
    ]


def rows_of(key: RecordKey, record: Record, fields: Iterable[str]) -> list[ValueRow]:
    """The rows of a live record in the indexes over `fields`."""
    values = Values(record)
    tenant, collection, record_id = key
    return [(tenant, collection, field, *columns_of(values.rank(_parsed(field))), record_id) for field in fields]


def columns_of(rank: Rank) -> tuple[int, float, str]:
    """A rank as the columns rank, number and text of an index."""
    value = rank.value
    if isinstance(value, str):
        return rank.rank, 0.0, value
    return rank.rank, float(value or 0), ""


def _changed(
    plan: CommitPlan, old_rows: Callable[[RecordKey, Record], list[R]], new_rows: Callable[[RecordKey, Record], list[R]]
) -> tuple[list[R], list[R]]:
    """What `old_rows` has of live records that `new_rows` has not, and the other way round."""
    removed: list[R] = []
    inserted: list[R] = []
    stored, dropped = plan.records.loaded, plan.dropped.written
    for key, new in plan.records.written.items():
        old = None if dropped and key[:2] in dropped else stored.get(key)
        before = old_rows(key, old) if old is not None and old.delete_time is None else []
        after = new_rows(key, new) if new is not None and new.delete_time is None else []
        removed += [row for row in before if row not in after]
        inserted += [row for row in after if row not in before]
    return removed, inserted


def _tag_rows(key: RecordKey, record: Record) -> list[TagRow]:
    tenant, collection, record_id = key
    return [(tenant, collection, tag, record_id, record.date) for tag in record.tags]


def _indexed(collections: Mapping[CollectionKey, Collection | None]) -> dict[tuple[str, str], list[str]]:
    """The indexed fields of those collections that have any."""
    return {
        key: [index.field for index in collection.indexes]
        for key, collection in collections.items()
        if collection is not None and collection.indexes
    }


@lru_cache(maxsize=1024)
def _parsed(field: str) -> Field:
    return field_of(field)
