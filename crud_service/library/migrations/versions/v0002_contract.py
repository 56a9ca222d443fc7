"""Life cycle of records, settings and declared indexes of collections, idempotent requests."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Widen the tables of the kernel and add those of the contract; what is there is filled in."""
    _widen_records()
    _date_tags()
    _widen_collections()
    _create_record_index()
    _create_requests()
    op.create_index("changes_of_record", "changes", ["tenant", "collection", "id", "revision"])


def _widen_records() -> None:
    op.add_column("records", sa.Column("purge_time", sa.String(), nullable=True))
    op.add_column("records", sa.Column("expire_time", sa.String(), nullable=True))
    _create_partial_index("records_by_date", ["tenant", "collection", "date", "id"], "delete_time IS NULL")
    _create_partial_index("records_by_expire_time", ["expire_time"], "delete_time IS NULL AND expire_time IS NOT NULL")
    _create_partial_index("records_by_purge_time", ["purge_time"], "purge_time IS NOT NULL")


def _create_partial_index(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "records", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _date_tags() -> None:
    """Give each tag the date of its record."""
    op.rename_table("record_tags", "record_tags_0001")
    op.create_table(
        "record_tags",
        sa.Column("tenant", sa.String(), primary_key=True),
        sa.Column("collection", sa.String(), primary_key=True),
        sa.Column("tag", sa.String(), primary_key=True),
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("date", sa.String(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO record_tags (tenant, collection, tag, id, date) "
        "SELECT old.tenant, old.collection, old.tag, old.id, records.date FROM record_tags_0001 AS old "
        "JOIN records ON records.tenant = old.tenant AND records.collection = old.collection AND records.id = old.id "
        "ORDER BY old.tenant, old.collection, old.tag, old.id"
    )
    op.drop_table("record_tags_0001")
    op.create_index("record_tags_by_date", "record_tags", ["tenant", "collection", "tag", "date", "id"])


def _widen_collections() -> None:
    op.add_column("collections", sa.Column("require_etag", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.add_column("collections", sa.Column("retention", sa.String(), nullable=True))
    op.add_column("collections", sa.Column("indexes", sa.String(), server_default="[]", nullable=False))


def _create_record_index() -> None:
    op.create_table(
        "record_index",
        sa.Column("tenant", sa.String(), primary_key=True),
        sa.Column("collection", sa.String(), primary_key=True),
        sa.Column("field", sa.String(), primary_key=True),
        sa.Column("rank", sa.Integer(), primary_key=True),
        sa.Column("number", sa.Float(), primary_key=True),
        sa.Column("text", sa.String(), primary_key=True),
        sa.Column("id", sa.String(), primary_key=True),
        sqlite_with_rowid=False,
    )


def _create_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("tenant", sa.String(), primary_key=True),
        sa.Column("principal", sa.String(), primary_key=True),
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("expire_time", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("requests_by_expire_time", "requests", ["expire_time"])
