"""Weights of items; groups moved on the board can be put back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

LARGEST = 10**15


def upgrade() -> None:
    op.add_column("item", sa.Column("weight_g", sa.Integer(), nullable=True))
    op.add_column("item", sa.Column("weight_source", sa.Text(), nullable=True))
    op.create_table(
        "group_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("from_post_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_post_id", sa.Uuid(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("moved_by", sa.Text(), nullable=False),
        sa.Column("moved_by_name", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_by_name", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            f"households = CAST(households AS BIGINT) AND households BETWEEN 1 AND {LARGEST}",
            name=op.f("ck_group_move_households"),
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_group_move_round_id")),
        sa.ForeignKeyConstraint(["from_post_id"], ["place.id"], name=op.f("fk_group_move_from_post_id")),
        sa.ForeignKeyConstraint(["to_post_id"], ["place.id"], name=op.f("fk_group_move_to_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_move")),
        sa.UniqueConstraint("round_id", "no", name=op.f("uq_group_move_round_id_no")),
    )
    op.create_table(
        "group_move_package",
        sa.Column("move_id", sa.Uuid(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("slot_before", sa.Integer(), nullable=True),
        sa.Column("slot_after", sa.Integer(), nullable=True),
        sa.Column("reason_code_before", sa.Text(), nullable=False),
        sa.Column("reason_facts_before", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["move_id"], ["group_move.id"], name=op.f("fk_group_move_package_move_id")),
        sa.ForeignKeyConstraint(
            ["package_id"], ["package.id"], name=op.f("fk_group_move_package_package_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("move_id", "package_id", name=op.f("pk_group_move_package")),
    )
    op.create_index("ix_group_move_package_package_id", "group_move_package", ["package_id"])
