"""What a plan was worked out from is kept with it; lines that were lacking; hours of a post."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

LARGEST = 10**15


def upgrade() -> None:
    op.add_column("package", sa.Column("slot", sa.Integer(), nullable=True))
    op.create_index("ix_package_supplements_id", "package", ["supplements_id"])
    op.add_column("plan", sa.Column("floor_permille", sa.Integer(), nullable=True))
    op.add_column("plan", sa.Column("largest_floor_permille", sa.Integer(), nullable=True))
    op.create_table(
        "package_lack",
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("exact_milli", sa.BigInteger(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("is_once", sa.Boolean(), nullable=False),
        sa.Column("left_milli", sa.BigInteger(), nullable=False),
        sa.Column("ahead_milli", sa.BigInteger(), nullable=False),
        sa.Column("last_rank", sa.Integer(), nullable=True),
        *(
            sa.CheckConstraint(
                f"{name} = CAST({name} AS BIGINT) AND {name} BETWEEN {least} AND {LARGEST}",
                name=op.f(f"ck_package_lack_{name}"),
            )
            for name, least in (("exact_milli", 0), ("quantity_milli", 1), ("left_milli", 0), ("ahead_milli", 0))
        ),
        sa.CheckConstraint("quantity_milli >= exact_milli", name=op.f("ck_package_lack_rounded_up")),
        sa.ForeignKeyConstraint(
            ["package_id"], ["package.id"], name=op.f("fk_package_lack_package_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_package_lack_item_id")),
        sa.PrimaryKeyConstraint("package_id", "item_id", name=op.f("pk_package_lack")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plan_run",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("households", sa.BigInteger(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("inputs_sha256", sa.Text(), nullable=False),
        sa.Column("outcome_sha256", sa.Text(), nullable=False),
        *(
            sa.CheckConstraint(
                f"{name} = CAST({name} AS BIGINT) AND {name} BETWEEN {least} AND {LARGEST}",
                name=op.f(f"ck_plan_run_{name}"),
            )
            for name, least in (("no", 1), ("households", 0))
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_run_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "no", name=op.f("pk_plan_run")),
    )
    op.create_table(
        "package_before",
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("lacks", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_id"], ["package.id"], name=op.f("fk_package_before_package_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_package_before_plan_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_package_before_household_id")),
        sa.PrimaryKeyConstraint("package_id", name=op.f("pk_package_before")),
    )
    op.create_index("ix_package_before_plan_id", "package_before", ["plan_id"])
    op.create_index("ix_package_before_household_id", "package_before", ["household_id"])
