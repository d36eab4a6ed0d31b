"""A revision of an approved round: what it changes for every package that has not left, before it counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

LARGEST = 10**15
PACKAGE_STATES = ("waiting", "planned", "reserved", "loaded", "handed_over", "cancelled")
KINDS = ("served", "new", "completed", "more", "fewer", "moved", "waits", "out", "retold")


def upgrade() -> None:
    op.add_column("plan", sa.Column("is_revision", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "plan_change",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column(
            "before_state",
            sa.Enum(*PACKAGE_STATES, name="before_state", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("before_post_id", sa.Uuid(), nullable=True),
        sa.Column("before_on", sa.Date(), nullable=True),
        sa.Column("before_slot", sa.Integer(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("serve_on", sa.Date(), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_facts", sa.Text(), nullable=False),
        sa.Column("why_code", sa.Text(), nullable=False),
        sa.Column("why_facts", sa.Text(), nullable=False),
        sa.Column("people", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_change_plan_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["package_id"], ["package.id"], name=op.f("fk_plan_change_package_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["before_post_id"], ["place.id"], name=op.f("fk_plan_change_before_post_id")),
        sa.ForeignKeyConstraint(["post_id"], ["place.id"], name=op.f("fk_plan_change_post_id")),
        sa.PrimaryKeyConstraint("plan_id", "package_id", name=op.f("pk_plan_change")),
    )
    op.create_index(op.f("ix_plan_change_package_id"), "plan_change", ["package_id"])
    op.create_table(
        "plan_change_line",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("before_milli", sa.BigInteger(), nullable=False),
        sa.Column("exact_milli", sa.BigInteger(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("is_once", sa.Boolean(), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("is_lacking", sa.Boolean(), nullable=False),
        sa.Column("left_milli", sa.BigInteger(), nullable=False),
        sa.Column("ahead_milli", sa.BigInteger(), nullable=False),
        sa.Column("last_rank", sa.Integer(), nullable=True),
        *(
            sa.CheckConstraint(
                f"{name} = CAST({name} AS BIGINT) AND {name} BETWEEN 0 AND {LARGEST}",
                name=op.f(f"ck_plan_change_line_{name}"),
            )
            for name in ("before_milli", "exact_milli", "quantity_milli", "left_milli", "ahead_milli")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id", "package_id"], ["plan_change.plan_id", "plan_change.package_id"],
            name="fk_plan_change_line_plan_change", ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_plan_change_line_item_id")),
        sa.PrimaryKeyConstraint("plan_id", "package_id", "item_id", name=op.f("pk_plan_change_line")),
        sqlite_with_rowid=False,
    )  # fmt: skip
