"""History: how much of it collections keep, and up to where their change log has been compacted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Widen the collections, note the floors, and let the entries of a record be found in their order."""
    op.add_column("collections", sa.Column("history_age", sa.String(), nullable=True))
    op.add_column(
        "collections", sa.Column("history_entries", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_table(
        "log_floors",
        sa.Column("tenant", sa.String(), primary_key=True),
        sa.Column("collection", sa.String(), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("log_floors_of_tenant", "log_floors", ["tenant", "revision"])
    op.create_index("log_floors_by_revision", "log_floors", ["revision"])
    op.drop_index("changes_of_record", "changes")
    op.create_index("changes_of_record", "changes", ["tenant", "collection", "id", "revision", "ordinal"])
