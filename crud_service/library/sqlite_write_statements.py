"""What the SQLite store writes with, declared from the tables. Each says which values it takes and what a row holds."""

from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite

from crud_service.library.sqlite_compile import (
    BulkStatement,
    any_of,
    delete_keys,
    insert_new_rows,
    insert_rows,
    is_after,
    is_value,
    load_keys,
    placeholders,
    to_text,
    up_to,
    upsert_rows,
)
from crud_service.library.sqlmodel_tables import (
    ChangeRow,
    CollectionRow,
    CounterRow,
    LogFloorRow,
    RecordIndexRow,
    RecordRow,
    RecordTagRow,
    RequestRow,
    SystemValueRow,
    table,
)


class WriteStatements:
    """The texts, each compiled on first use."""

    def __init__(self) -> None:
        self._records = table(RecordRow)
        self._tags = table(RecordTagRow)
        self._values = table(RecordIndexRow)
        self._collections = table(CollectionRow)
        self._requests = table(RequestRow)
        self._changes = table(ChangeRow)

    @cached_property
    def load_records(self) -> BulkStatement:
        """Keys (tenant, collection, id) -> tenant and Record's fields."""
        return load_keys(self._records)

    @cached_property
    def load_collections(self) -> BulkStatement:
        """Keys (tenant, id) -> tenant and Collection's fields."""
        return load_keys(self._collections)

    @cached_property
    def load_requests(self) -> BulkStatement:
        """Keys (tenant, principal, id) -> RequestKey's and StoredRequest's fields."""
        return load_keys(self._requests)

    @cached_property
    def has_live(self) -> str:
        """(tenant, collection, JSON array of ids) -> one row if there is a live record besides those."""
        records = self._records
        ids = func.json_each(bindparam(None)).table_valued("value")
        query: Select[Any] = select(literal_column("1")).where(
            *_of_collection(records), records.c.delete_time.is_(None), records.c.id.not_in(select(ids.c.value))
        )
        return to_text(query.limit(literal_column("1")).offset(literal_column("0")))

    @cached_property
    def live_records(self) -> str:
        """(tenant, collection, after, limit) -> Record's fields, of live ones in the order of ids."""
        records = self._records
        query = select(*records.c[1:]).where(
            *_of_collection(records), is_after(records.c.id), records.c.delete_time.is_(None)
        )
        return to_text(up_to(query.order_by(records.c.id)))

    @cached_property
    def put_records(self) -> BulkStatement:
        """Rows of tenant and Record's fields."""
        return upsert_rows(self._records)

    @cached_property
    def delete_records(self) -> BulkStatement:
        """Keys (tenant, collection, id)."""
        return delete_keys(self._records)

    @cached_property
    def put_collections(self) -> BulkStatement:
        """Rows of tenant and Collection's fields."""
        return upsert_rows(self._collections)

    @cached_property
    def delete_collections(self) -> BulkStatement:
        """Keys (tenant, id)."""
        return delete_keys(self._collections)

    @cached_property
    def put_requests(self) -> BulkStatement:
        """Rows of RequestKey's and StoredRequest's fields."""
        return upsert_rows(self._requests)

    @cached_property
    def forget_requests(self) -> str:
        """(time, limit): those that have expired by then."""
        requests = self._requests
        key = tuple_(*requests.primary_key)
        expired = up_to(select(*requests.primary_key).where(requests.c.expire_time <= bindparam(None)))
        return to_text(delete(requests).where(key.in_(expired)))

    @cached_property
    def append_changes(self) -> BulkStatement:
        """Rows of Change's fields."""
        return insert_rows(self._changes)

    @cached_property
    def erase_states(self) -> BulkStatement:
        """Keys (tenant, collection, id) of records: the states in the log."""
        changes = self._changes
        erase = self._erase_states()
        key = (changes.c.tenant, changes.c.collection, changes.c.id)
        return BulkStatement(lambda rows: to_text(erase.where(any_of(key, rows))))

    @cached_property
    def erase_all_states(self) -> str:
        """(tenant, collection): the states of all records in the log."""
        changes = self._changes
        return to_text(self._erase_states().where(*_of_collection(changes), changes.c.id > literal_column("''")))

    @cached_property
    def remove_changes(self) -> BulkStatement:
        """Keys (tenant, collection, revision, ordinal)."""
        return delete_keys(self._changes)

    @cached_property
    def remove_changes_through(self) -> str:
        """(tenant, collection, revision, ordinal): the entries of the collection up to that place."""
        changes = self._changes
        up_to_place = tuple_(changes.c.revision, changes.c.ordinal) <= tuple_(bindparam(None), bindparam(None))
        return to_text(delete(changes).where(*_of_collection(changes), up_to_place))

    @cached_property
    def raise_floor(self) -> str:
        """(tenant, collection, revision): unless the floor is there already."""
        floors = table(LogFloorRow)
        put = sqlite.insert(floors).values(placeholders(floors))
        higher = put.excluded.revision > floors.c.revision
        raised = {"revision": put.excluded.revision}
        return to_text(put.on_conflict_do_update(index_elements=list(floors.primary_key), set_=raised, where=higher))

    @cached_property
    def insert_tags(self) -> BulkStatement:
        """Rows (tenant, collection, tag, id, date)."""
        return insert_rows(self._tags)

    @cached_property
    def remove_tags(self) -> BulkStatement:
        """Keys (tenant, collection, tag, id)."""
        return delete_keys(self._tags)

    @cached_property
    def insert_values(self) -> BulkStatement:
        """Rows (tenant, collection, field, rank, number, text, id), which may be there already."""
        return insert_new_rows(self._values)

    @cached_property
    def remove_values(self) -> BulkStatement:
        """Rows (tenant, collection, field, rank, number, text, id)."""
        return delete_keys(self._values)

    @cached_property
    def drop_index(self) -> str:
        """(tenant, collection, field)."""
        return to_text(delete(self._values).where(*_of_collection(self._values), is_value(self._values.c.field)))

    @cached_property
    def drop_collection(self) -> tuple[str, ...]:
        """Each (tenant, collection): its records, their tags and their values in indexes."""
        tables = (self._records, self._tags, self._values)
        return tuple(to_text(delete(each).where(*_of_collection(each))) for each in tables)

    @cached_property
    def put_counter(self) -> BulkStatement:
        """Rows (name, value)."""
        return upsert_rows(table(CounterRow))

    @cached_property
    def keep_system_value(self) -> str:
        """(name, value): kept unless there is one of that name."""
        values = table(SystemValueRow)
        return to_text(sqlite.insert(values).values(name="", value=b"").on_conflict_do_nothing())

    @cached_property
    def put_system_value(self) -> str:
        """(name, value): kept instead of what there was of that name."""
        put = sqlite.insert(table(SystemValueRow)).values(name="", value=b"")
        return to_text(put.on_conflict_do_update(index_elements=["name"], set_={"value": put.excluded.value}))

    def _erase_states(self) -> Update:
        state = self._changes.c.state
        return update(self._changes).values(state=literal_column("''")).where(state != literal_column("''"))


def _of_collection(of: Table) -> tuple[ColumnElement[bool], ...]:
    return is_value(of.c.tenant), is_value(of.c.collection)
