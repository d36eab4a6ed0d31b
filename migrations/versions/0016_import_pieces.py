"""Pieces of an import wait sealed as a whole; a run knows of which state of the registry its dry run is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staged_piece",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("homes", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_staged_piece_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", "no", name=op.f("pk_staged_piece")),
    )
    op.add_column("import_run", sa.Column("weighed_at", sa.BigInteger(), nullable=True))
