"""The priority rule as data, in versions; when a plan needs a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

IN_FORCE = sa.text("state = 'in_force'")
KEPT = (
    "id", "regency_code", "version", "name", "criteria", "floor_permille", "parts", "reason", "legal_source",
    "proposed_by", "proposed_by_name", "proposed_at",
)  # fmt: skip


def triggers(dialect: str) -> list[str]:
    """Give the triggers of this version, frozen here: the models' own may change later."""
    rule, item = f"UPDATE OF {', '.join(KEPT)} ON priority_rule", "UPDATE ON priority_rule_item"
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {what} BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            for table, update in (("priority_rule", rule), ("priority_rule_item", item))
            for verb, what in (("update", update), ("delete", f"DELETE ON {table}"))
        ]
    return [
        f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR {update} "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()"
        for table, update in (("priority_rule", rule), ("priority_rule_item", item))
    ]


def _whole(table: str, column: str, most: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        f"{column} = CAST({column} AS BIGINT) AND {column} BETWEEN 0 AND {most}", name=op.f(f"ck_{table}_{column}")
    )


def upgrade() -> None:
    # Plans made before rules had versions follow the order that is built in; the office's first own rule is "2026-1".
    op.execute("UPDATE plan SET rule_version = 'bawaan-1' WHERE rule_version = '2026-1'")
    op.create_table(
        "priority_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("floor_permille", sa.Integer(), nullable=True),
        sa.Column(
            "parts",
            sa.Enum("every", "none", "chosen", name="parts", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("legal_source", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "in_force", "retired", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_by_name", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_by_name", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        _whole("priority_rule", "floor_permille", 1000),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_priority_rule")),
        sa.UniqueConstraint("regency_code", "version", name=op.f("uq_priority_rule_regency_code_version")),
    )
    op.create_index(
        "uq_priority_rule_in_force", "priority_rule", ["regency_code"], unique=True, sqlite_where=IN_FORCE,
        postgresql_where=IN_FORCE,
    )  # fmt: skip
    op.create_table(
        "priority_rule_item",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["priority_rule.id"], name=op.f("fk_priority_rule_item_rule_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_priority_rule_item_item_id")),
        sa.PrimaryKeyConstraint("rule_id", "item_id", name=op.f("pk_priority_rule_item")),
    )
    op.create_index(op.f("ix_priority_rule_item_item_id"), "priority_rule_item", ["item_id"])
    op.create_table(
        "plan_limit",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("value_rp", sa.BigInteger(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_by_name", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        _whole("plan_limit", "value_rp", 10**15),
        _whole("plan_limit", "households", 10**15),
        sa.ForeignKeyConstraint(["regency_code"], ["office.regency_code"], name=op.f("fk_plan_limit_regency_code")),
        sa.PrimaryKeyConstraint("regency_code", name=op.f("pk_plan_limit")),
    )
    for statement in triggers(op.get_bind().dialect.name):
        op.execute(statement)
