"""What the SQLite store reads with, declared from the tables. Each says which values it takes and what a row holds."""

from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, select

from crud_service.library.sqlite_compile import BulkStatement, is_after, is_value, load_keys, to_text, up_to
from crud_service.library.sqlite_log_statements import LogStatements
from crud_service.library.sqlmodel_tables import (
    CollectionRow,
    CounterRow,
    RecordRow,
    RequestRow,
    SystemValueRow,
    table,
)


class ReadStatements:
    """The texts, each compiled on first use."""

    def __init__(self) -> None:
        self._records = table(RecordRow)
        self._collections = table(CollectionRow)
        self.log = LogStatements()

    @cached_property
    def get_record(self) -> str:
        """(tenant, collection, id) -> Record's fields."""
        return to_text(self._select_records().where(self._in_collection(), is_value(self._records.c.id)))

    @cached_property
    def get_records(self) -> BulkStatement:
        """Keys (tenant, collection, id) -> tenant and Record's fields."""
        return load_keys(self._records)

    @cached_property
    def list_records(self) -> str:
        """(tenant, collection, after, limit) -> Record's fields, of live ones."""
        records = self._records
        live = records.c.delete_time.is_(None)
        query = self._select_records().where(self._in_collection(), is_after(records.c.id), live)
        return to_text(up_to(query.order_by(records.c.id)))

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
    def expired_records(self) -> str:
        """(time, limit) -> tenant and Record's fields, of live ones that expire by then, the earliest first."""
        columns = self._records.c
        query = select(self._records).where(columns.delete_time.is_(None), columns.expire_time <= bindparam(None))
        return to_text(up_to(query.order_by(columns.expire_time)))

    @cached_property
    def purgeable_records(self) -> str:
        """(time, limit) -> tenant and Record's fields, of deleted ones to be purged by then, the earliest first."""
        columns = self._records.c
        query = select(self._records).where(columns.delete_time.is_not(None), columns.purge_time <= bindparam(None))
        return to_text(up_to(query.order_by(columns.purge_time)))

    @cached_property
    def get_request(self) -> str:
        """(tenant, principal, id, time) -> RequestKey's and StoredRequest's fields, unless it has expired by then."""
        requests = table(RequestRow)
        key = [is_value(column) for column in requests.primary_key]
        return to_text(select(requests).where(*key, is_after(requests.c.expire_time)))

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


def _but_tenant(columns: Any) -> list[Any]:
    """The columns that are fields of the model, in their order."""
    return [column for column in columns if column.name != "tenant"]
