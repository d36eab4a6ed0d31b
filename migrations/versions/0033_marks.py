"""What the rows of each household said in the current file, so that the next one is read where it says something else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import UtcDateTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staged_mark",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("is_odd", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_staged_mark_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", "no", name=op.f("pk_staged_mark")),
    )
    op.create_table(
        "snapshot_mark",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("judged_by", sa.Text(), nullable=False),
        sa.Column("of_id", sa.Uuid(), nullable=True),
        sa.Column("again", sa.LargeBinary(), nullable=True),
        sa.Column("again_people", sa.Integer(), nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["of_id"], ["snapshot.id"], name=op.f("fk_snapshot_mark_of_id")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_snapshot_mark_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshot_mark")),
    )


def downgrade() -> None:
    # Rows that were not read because they say the same are in no piece: without these tables they would be gone.
    op.execute(
        "UPDATE import_run SET state = 'refused', finished_at = started_at, "
        'problem = \'{"code": "snapshot.read_against_another", "facts": {}}\' '
        "WHERE state IN ('reading', 'ready', 'approved') "
        "AND snapshot_id IN (SELECT snapshot_id FROM snapshot_mark WHERE of_id IS NOT NULL)"
    )
    op.drop_table("snapshot_mark")
    op.drop_table("staged_mark")
