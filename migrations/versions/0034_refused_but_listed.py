"""A household of which rows were refused is listed all the same; what a file changes is written down when it is compared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("import_row") as table:
        table.add_column(sa.Column("home_digest", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("staged_household") as table:
        table.add_column(sa.Column("lists_all", sa.Boolean(), server_default=sa.true(), nullable=False))
    with op.batch_alter_table("snapshot") as table:
        table.add_column(sa.Column("kept_households", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("kept_members", sa.Integer(), server_default="0", nullable=False))
    _begin_anew()


def downgrade() -> None:
    _begin_anew()
    with op.batch_alter_table("snapshot") as table:
        table.drop_column("kept_members")
        table.drop_column("kept_households")
    with op.batch_alter_table("staged_household") as table:
        table.drop_column("lists_all")
    with op.batch_alter_table("import_row") as table:
        table.drop_column("home_digest")


def _begin_anew() -> None:
    """Let what is half filled in be taken back, and what waits be compared again: both are kept otherwise now."""
    op.execute("UPDATE taking_over SET stage = 'leaving', step = 0 WHERE stage = 'filling'")
    op.execute("UPDATE import_run SET weighed_at = NULL")
    op.execute("DELETE FROM snapshot_difference WHERE snapshot_id IN (SELECT id FROM snapshot WHERE state = 'staged')")
