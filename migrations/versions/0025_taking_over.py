"""A snapshot is taken over in short pieces: its new households stand unseen until all of them do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_SELECTION = ("regency_code", "village_code", "code", "decile", "size", "id", "merged_into_id", "erased_at", "left_on")


def upgrade() -> None:
    op.add_column("household", sa.Column("taking_no", sa.Integer(), nullable=True))
    op.drop_index("ix_household_selection", table_name="household")
    op.create_index("ix_household_selection", "household", [*_SELECTION, "taking_no"])
    op.create_table(
        "taking_over",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("last_no", sa.Integer(), nullable=False),
        sa.Column(
            "stage",
            sa.Enum("filling", "seen", "leaving", name="stage", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("before_id", sa.Uuid(), nullable=True),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["before_id"], ["snapshot.id"], name=op.f("fk_taking_over_before_id")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_taking_over_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_taking_over")),
    )
    op.create_table(
        "weighed_piece",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_weighed_piece_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", "no", name=op.f("pk_weighed_piece")),
    )
    op.add_column("import_run", sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("snapshot", sa.Column("completes_id", sa.Uuid(), nullable=True))
