"""How many households of a village stand in which state, counted in the background where there are very many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

LINK_STATES = (
    "imported", "duplicate_suspected", "merged", "dukcapil_pending", "dukcapil_matched", "dukcapil_typo",
    "dukcapil_unmatched", "field_pending", "field_verified", "field_rejected", "proposed", "accepted", "refused",
    "determined", "submitted", "registered", "returned", "graduated", "deceased", "moved", "inactive",
)  # fmt: skip


def upgrade() -> None:
    state = sa.Enum(*LINK_STATES, name="state", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "link_count",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("last_step_id", sa.Uuid(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["village_code"], ["region.code"], name=op.f("fk_link_count_village_code")),
        sa.PrimaryKeyConstraint("regency_code", "village_code", "state", name=op.f("pk_link_count")),
    )
