"""Error reports."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table of error reports, empty."""
    op.create_table(
        "error_reports",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("last_seen_time", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("last_seen_version", sa.String(), nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=False),
    )
    op.create_index("error_reports_by_time", "error_reports", ["last_seen_time", "id"])
