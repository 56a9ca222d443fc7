"""What the SQLite store reads with, declared from the tables. Each says which values it takes and what a row holds."""

from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from crud_service.library.sqlite_compile import is_after, is_value, to_text, up_to
from crud_service.library.sqlmodel_tables import (
    ChangeRow,
    CollectionRow,
    CounterRow,
    RecordRow,
    RecordTagRow,
    SystemValueRow,
    table,
)


class ReadStatements:
    """The texts, each compiled on first use."""

    def __init__(self) -> None:
        self._records = table(RecordRow)
        self._tags = table(RecordTagRow)
        self._collections = table(CollectionRow)
        self._changes = table(ChangeRow)
        self._list_tagged: dict[int, str] = {}

    @cached_property
    def get_record(self) -> str:
        """(tenant, collection, id) -> Record's fields."""
        return to_text(self._select_records().where(self._in_collection(), is_value(self._records.c.id)))

    @cached_property
    def list_records(self) -> str:
        """(tenant, collection, after, limit) -> Record's fields, of live ones."""
        records = self._records
        live = records.c.delete_time.is_(None)
        query = self._select_records().where(self._in_collection(), is_after(records.c.id), live)
        return to_text(up_to(query.order_by(records.c.id)))

    def list_tagged(self, count: int) -> str:
        """(tenant, collection, tag, after, `count - 1` more tags, limit) -> Record's fields.

        Walks along the ids of the first tag, so a page ends early if that is the rarest.
        """
        if count not in self._list_tagged:
            self._list_tagged[count] = self._compile_list_tagged(count)
        return self._list_tagged[count]

    @cached_property
    def count_tag(self) -> str:
        """(tenant, collection, tag, after, limit) -> how many records with the tag follow, counted up to the limit."""
        tags = self._tags
        found = select(tags.c.id).where(
            is_value(tags.c.tenant), is_value(tags.c.collection), is_value(tags.c.tag), is_after(tags.c.id)
        )
        return to_text(select(func.count()).select_from(up_to(found).subquery()))

    @cached_property
    def get_collection(self) -> str:
        """(tenant, id) -> Collection's fields."""
        collections = self._collections
        return to_text(
            select(*_but_tenant(collections.c)).where(is_value(collections.c.tenant), is_value(collections.c.id))
        )

    @cached_property
    def list_collections(self) -> str:
        """(tenant, after, limit) -> Collection's fields."""
        collections = self._collections
        query = select(*_but_tenant(collections.c)).where(is_value(collections.c.tenant), is_after(collections.c.id))
        return to_text(up_to(query.order_by(collections.c.id)))

    @cached_property
    def read_log(self) -> str:
        """(after, limit) -> Change's fields."""
        changes = self._changes
        query = select(*changes.c).where(is_after(changes.c.revision))
        return to_text(up_to(query.order_by(changes.c.revision, changes.c.ordinal)))

    @cached_property
    def read_mutation(self) -> str:
        """(revision) -> Change's fields."""
        changes = self._changes
        return to_text(select(*changes.c).where(is_value(changes.c.revision)).order_by(changes.c.ordinal))

    @cached_property
    def get_counter(self) -> str:
        """(name) -> value."""
        counters = table(CounterRow)
        return to_text(select(counters.c.value).where(is_value(counters.c.name)))

    @cached_property
    def get_system_value(self) -> str:
        """(name) -> value."""
        values = table(SystemValueRow)
        return to_text(select(values.c.value).where(is_value(values.c.name)))

    def _select_records(self) -> Select[Any]:
        return select(*_but_tenant(self._records.c))

    def _in_collection(self) -> ColumnElement[bool]:
        return and_(is_value(self._records.c.tenant), is_value(self._records.c.collection))

    def _compile_list_tagged(self, count: int) -> str:
        records, first = self._records, self._tags.alias("first")
        key = ("tenant", "collection", "id")
        query = (
            self._select_records()
            .select_from(first.join(records, and_(*(records.c[name] == first.c[name] for name in key))))
            .where(is_value(first.c.tenant), is_value(first.c.collection), is_value(first.c.tag), is_after(first.c.id))
        )
        for index in range(1, count):
            other = self._tags.alias(f"other_{index}")
            same = [other.c[name] == first.c[name] for name in key]
            query = query.where(exists().where(*same, is_value(other.c.tag)))
        return to_text(up_to(query.order_by(first.c.id)))


def _but_tenant(columns: Any) -> list[Any]:
    """The columns that are fields of the model, in their order."""
    return [column for column in columns if column.name != "tenant"]
