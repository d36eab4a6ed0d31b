"""Age classes are the office's; a standard says in which packs; durables of overlapping events are decided by people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

LARGEST = 10**15
FOR_ONE = sa.text("household_id IS NOT NULL AND withdrawn_at IS NULL")
FOR_ALL = sa.text("household_id IS NULL AND withdrawn_at IS NULL")
FROZEN = ("age_limit", "package_standard_pack")


def triggers(dialect: str) -> list[str]:
    """Give the triggers of this version, frozen here: the models' own may change later."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            for table in FROZEN
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()"
        for table in FROZEN
    ]


def _whole(table: str, column: str, most: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        f"{column} = CAST({column} AS BIGINT) AND {column} BETWEEN 1 AND {most}", name=op.f(f"ck_{table}_{column}")
    )


def upgrade() -> None:
    ages = ("infant_below", "toddler_below", "child_below", "elderly_from")
    op.create_table(
        "age_limit",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ages),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_by_name", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        *(_whole("age_limit", name, 150) for name in ages),
        sa.PrimaryKeyConstraint("regency_code", "no", name=op.f("pk_age_limit")),
    )
    op.create_table(
        "package_standard_pack",
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        _whole("package_standard_pack", "quantity_milli", LARGEST),
        sa.ForeignKeyConstraint(
            ["standard_id"], ["package_standard.id"], name=op.f("fk_package_standard_pack_standard_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_package_standard_pack_item_id")),
        sa.PrimaryKeyConstraint("standard_id", "item_id", "name", name=op.f("pk_package_standard_pack")),
    )
    op.create_table(
        "durable_again",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("other_incident_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum("lost", "never_got", "apart", name="reason", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_by_name", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_by_name", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("incident_id <> other_incident_id", name=op.f("ck_durable_again_two_events")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_durable_again_incident_id")),
        sa.ForeignKeyConstraint(
            ["other_incident_id"], ["incident.id"], name=op.f("fk_durable_again_other_incident_id")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_durable_again_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_durable_again")),
    )
    op.create_index(op.f("ix_durable_again_household_id"), "durable_again", ["household_id"])
    op.create_index(op.f("ix_durable_again_other_incident_id"), "durable_again", ["other_incident_id"])
    op.create_index(
        "uq_durable_again_household", "durable_again", ["incident_id", "other_incident_id", "household_id"],
        unique=True, sqlite_where=FOR_ONE, postgresql_where=FOR_ONE,
    )  # fmt: skip
    op.create_index(
        "uq_durable_again_everybody", "durable_again", ["incident_id", "other_incident_id"], unique=True,
        sqlite_where=FOR_ALL, postgresql_where=FOR_ALL,
    )  # fmt: skip
    for statement in triggers(op.get_bind().dialect.name):
        op.execute(statement)
