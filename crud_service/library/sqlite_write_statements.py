"""What the SQLite store writes with, declared from the tables. Each says which values it takes and what a row holds."""

from functools import cached_property
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, literal_column, select
from sqlalchemy.dialects import sqlite

from crud_service.library.sqlite_compile import (
    BulkStatement,
    delete_keys,
    insert_rows,
    is_value,
    load_keys,
    to_text,
    upsert_rows,
)
from crud_service.library.sqlmodel_tables import (
    ChangeRow,
    CollectionRow,
    CounterRow,
    RecordRow,
    RecordTagRow,
    SystemValueRow,
    table,
)


class WriteStatements:
    """The texts, each compiled on first use."""

    def __init__(self) -> None:
        self._records = table(RecordRow)
        self._tags = table(RecordTagRow)
        self._collections = table(CollectionRow)

    @cached_property
    def load_records(self) -> BulkStatement:
        """Keys (tenant, collection, id) -> tenant and Record's fields."""
        return load_keys(self._records)

    @cached_property
    def load_collections(self) -> BulkStatement:
        """Keys (tenant, id) -> tenant and Collection's fields."""
        return load_keys(self._collections)

    @cached_property
    def has_live(self) -> str:
        """(tenant, collection, JSON array of ids) -> one row if there is a live record besides those."""
        records = self._records
        ids = func.json_each(bindparam(None)).table_valued("value")
        query: Select[Any] = select(literal_column("1")).where(
            is_value(records.c.tenant),
            is_value(records.c.collection),
            records.c.delete_time.is_(None),
            records.c.id.not_in(select(ids.c.value)),
        )
        return to_text(query.limit(literal_column("1")).offset(literal_column("0")))

    @cached_property
    def put_records(self) -> BulkStatement:
        """Rows of tenant and Record's fields."""
        return upsert_rows(self._records)

    @cached_property
    def put_collections(self) -> BulkStatement:
        """Rows of tenant and Collection's fields."""
        return upsert_rows(self._collections)

    @cached_property
    def append_changes(self) -> BulkStatement:
        """Rows of Change's fields."""
        return insert_rows(table(ChangeRow))

    @cached_property
    def insert_tags(self) -> BulkStatement:
        """Rows (tenant, collection, tag, id)."""
        return insert_rows(self._tags)

    @cached_property
    def remove_tags(self) -> BulkStatement:
        """Rows (tenant, collection, tag, id)."""
        return delete_keys(self._tags)

    @cached_property
    def drop_records(self) -> str:
        """(tenant, collection)."""
        records = self._records
        return to_text(delete(records).where(is_value(records.c.tenant), is_value(records.c.collection)))

    @cached_property
    def drop_tags(self) -> str:
        """(tenant, collection)."""
        return to_text(delete(self._tags).where(is_value(self._tags.c.tenant), is_value(self._tags.c.collection)))

    @cached_property
    def delete_collection(self) -> str:
        """(tenant, id)."""
        collections = self._collections
        return to_text(delete(collections).where(is_value(collections.c.tenant), is_value(collections.c.id)))

    @cached_property
    def put_counter(self) -> BulkStatement:
        """Rows (name, value)."""
        return upsert_rows(table(CounterRow))

    @cached_property
    def keep_system_value(self) -> str:
        """(name, value): kept unless there is one of that name."""
        values = table(SystemValueRow)
        return to_text(sqlite.insert(values).values(name="", value=b"").on_conflict_do_nothing())
