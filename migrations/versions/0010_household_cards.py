"""A household may hold several family cards: those beyond the one that its registry names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "household_card",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("kk", sa.LargeBinary(), nullable=False),
        sa.Column("kk_bidx", sa.LargeBinary(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("noted_by_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_household_card_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_card")),
        sa.UniqueConstraint("household_id", "kk_bidx", name=op.f("uq_household_card_household_id_kk_bidx")),
    )
    op.create_index(
        "ix_household_card_regency_code_kk_bidx", "household_card", ["regency_code", "kk_bidx"], unique=False
    )


def downgrade() -> None:
    op.drop_table("household_card")
