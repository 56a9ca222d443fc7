"""The tables of every SQL engine, declared once. Text columns compare by code point; revisions are 64 bits wide.

Every key starts with the tenant, then the collection. The columns stand in the order of the model's fields, so rows
pass as they are. A change here needs a migration in `migrations/versions`. Tests compare both.
"""

from sqlalchemy import BigInteger, Index, MetaData, PrimaryKeyConstraint, Table, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class StoreTable(SQLModel, registry=registry(metadata=MetaData())):
    """What all tables have in common: one catalogue, apart from any other user of SQLModel."""


def _partial_index(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class RecordRow(StoreTable, table=True):
    """The last state of a record, deleted ones too."""

    __tablename__ = "records"
    # Lists read live records only, however many deleted ones lie between them; sweeps read only what has a time.
    __table_args__ = (
        _partial_index("records_live", "tenant", "collection", "id", where="delete_time IS NULL"),
        _partial_index("records_by_date", "tenant", "collection", "date", "id", where="delete_time IS NULL"),
        _partial_index(
            "records_by_expire_time", "expire_time", where="delete_time IS NULL AND expire_time IS NOT NULL"
        ),
        _partial_index("records_by_purge_time", "purge_time", where="purge_time IS NOT NULL"),
    )

    tenant: str = Field(primary_key=True)
    collection: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    date: str
    content: str
    """A JSON object as text: an engine's own JSON type changes numbers."""
    tags: str
    """A JSON array of strings."""
    revision: int = Field(sa_type=BigInteger)
    version: int = Field(sa_type=BigInteger)
    create_time: str
    update_time: str
    delete_time: str | None = None
    purge_time: str | None = None
    expire_time: str | None = None


class RecordTagRow(StoreTable, table=True):
    """The tags of live records, for the filter, and for lists of one tag in the order of dates."""

    __tablename__ = "record_tags"
    __table_args__ = (
        Index("record_tags_by_date", "tenant", "collection", "tag", "date", "id"),
        {"sqlite_with_rowid": False},
    )

    tenant: str = Field(primary_key=True)
    collection: str = Field(primary_key=True)
    tag: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    date: str
    """The record's."""


class RecordIndexRow(StoreTable, table=True):
    """Where each live record stands by each declared index of its collection. All of it is key: the index is the table.

    `rank`, `number` and `text` are the parts of `crud_service.model.query.Rank`.
    """

    __tablename__ = "record_index"
    __table_args__ = {"sqlite_with_rowid": False}

    tenant: str = Field(primary_key=True)
    collection: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    """The field as `FieldIndex` names it."""
    rank: int = Field(primary_key=True)
    number: float = Field(primary_key=True)
    """0 if the value is none."""
    text: str = Field(primary_key=True)
    """Empty if the value is none."""
    id: str = Field(primary_key=True)


class CollectionRow(StoreTable, table=True):
    """The last state of a collection."""

    __tablename__ = "collections"

    tenant: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    description: str
    revision: int = Field(sa_type=BigInteger)
    version: int = Field(sa_type=BigInteger)
    create_time: str
    update_time: str
    require_etag: bool = Field(sa_column_kwargs={"server_default": text("0")})
    retention: str | None = None
    """A duration as Proto3 JSON writes it: in nanoseconds the longest take more than 64 bits."""
    indexes: str = Field(sa_column_kwargs={"server_default": "[]"})
    """A JSON array of `FieldIndex`."""
    history_age: str | None = None
    """A duration, as `retention` is."""
    history_entries: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})


class RequestRow(StoreTable, table=True):
    """An idempotent request that was carried out."""

    __tablename__ = "requests"
    __table_args__ = (Index("requests_by_expire_time", "expire_time"), {"sqlite_with_rowid": False})

    tenant: str = Field(primary_key=True)
    principal: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    fingerprint: str
    outcome: str
    expire_time: str
    revision: int = Field(sa_type=BigInteger)


class ChangeRow(StoreTable, table=True):
    """One entry of the change log."""

    __tablename__ = "changes"
    __table_args__ = (
        PrimaryKeyConstraint("tenant", "collection", "revision", "ordinal"),
        Index("changes_in_order", "revision", "ordinal", unique=True),
        Index("changes_of_record", "tenant", "collection", "id", "revision", "ordinal"),
    )

    revision: int = Field(sa_type=BigInteger)
    ordinal: int
    kind: str
    tenant: str
    collection: str
    id: str
    state: str
    version: int = Field(sa_type=BigInteger)
    time: str
    actor: str
    reason: str
    request_id: str
    call_id: str
    trace_id: str
    code_version: str


class LogFloorRow(StoreTable, table=True):
    """Up to which revision the change log of a collection has been compacted."""

    __tablename__ = "log_floors"
    __table_args__ = (
        Index("log_floors_of_tenant", "tenant", "revision"),
        Index("log_floors_by_revision", "revision"),
        {"sqlite_with_rowid": False},
    )

    tenant: str = Field(primary_key=True)
    collection: str = Field(primary_key=True)
    revision: int = Field(sa_type=BigInteger)


class CounterRow(StoreTable, table=True):
    """A number that only grows. The one named `revision` is the last revision given."""

    __tablename__ = "counters"

    name: str = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)


class SystemValueRow(StoreTable, table=True):
    """What the service itself must not forget."""

    __tablename__ = "system_values"

    name: str = Field(primary_key=True)
    value: bytes


class ErrorReportRow(StoreTable, table=True):
    """What is known of failures with one cause: the report as JSON, and what lists of reports go by."""

    __tablename__ = "error_reports"
    __table_args__ = (Index("error_reports_by_time", "last_seen_time", "id"),)

    id: str = Field(primary_key=True)
    last_seen_time: str
    operation: str
    last_seen_version: str
    report: bytes


def metadata() -> MetaData:
    """All tables of the store."""
    return StoreTable.metadata


def table(row: type[StoreTable]) -> Table:
    """The table that `row` declares."""
    return StoreTable.metadata.tables[str(row.__tablename__)]
