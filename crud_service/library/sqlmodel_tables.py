"""The tables of every SQL engine, declared once. Text columns compare by code point; revisions are 64 bits wide.

Every key starts with the tenant, then the collection. The columns stand in the order of the model's fields, so rows
pass as they are. A change here needs a migration in `migrations/versions`. Tests compare both.
"""

from sqlalchemy import BigInteger, Index, MetaData, PrimaryKeyConstraint, Table, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class StoreTable(SQLModel, registry=registry(metadata=MetaData())):
    """What all tables have in common: one catalogue, apart from any other user of SQLModel."""


class RecordRow(StoreTable, table=True):
    """The last state of a record, deleted ones too."""

    __tablename__ = "records"
    # Lists read live records only, however many deleted ones lie between them.
    __table_args__ = (
        Index(
            "records_live",
            "tenant",
            "collection",
            "id",
            sqlite_where=text("delete_time IS NULL"),
            postgresql_where=text("delete_time IS NULL"),
        ),
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


class RecordTagRow(StoreTable, table=True):
    """The tags of live records, for the filter. All of it is key, so the index is the table."""

    __tablename__ = "record_tags"
    __table_args__ = {"sqlite_with_rowid": False}

    tenant: str = Field(primary_key=True)
    collection: str = Field(primary_key=True)
    tag: str = Field(primary_key=True)
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


class ChangeRow(StoreTable, table=True):
    """One entry of the change log."""

    __tablename__ = "changes"
    __table_args__ = (
        PrimaryKeyConstraint("tenant", "collection", "revision", "ordinal"),
        Index("changes_in_order", "revision", "ordinal", unique=True),
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


def metadata() -> MetaData:
    """All tables of the store."""
    return StoreTable.metadata


def table(row: type[StoreTable]) -> Table:
    """The table that `row` declares."""
    return StoreTable.metadata.tables[str(row.__tablename__)]
