"""How far a fitted plan's strict order is from the most that the same stock could do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

LARGEST = 10**15
COUNTS = (
    "strict_households", "strict_persons", "tier_households", "tier_persons", "most_persons", "overtaken",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "plan_optimum",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("inputs_sha256", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.Column("is_proved", sa.Boolean(), nullable=False),
        sa.Column("worked_out_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.CheckConstraint(
                f"{name} = CAST({name} AS BIGINT) AND {name} BETWEEN {least} AND {LARGEST}",
                name=op.f(f"ck_plan_optimum_{name}"),
            )
            for name, least in (("runs", 1), *((name, 0) for name in COUNTS))
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_optimum_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plan_optimum")),
    )
