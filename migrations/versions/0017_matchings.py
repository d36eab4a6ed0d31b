"""An area's version may be matched again: each of its matchings is kept. Households as sorted columns beside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def triggers(dialect: str) -> list[str]:
    """Give the triggers of this version, frozen here: the models' own may change later."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            for table in ("zone_matching", "zone_match")
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()"
        for table in ("zone_matching",)  # zone_match still has its own
    ]


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.create_table(
        "zone_matching",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column(
            "cause",
            sa.Enum("posted", "registry", "asked", name="cause", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matched_by", sa.Text(), nullable=False),
        sa.Column("certain", sa.Integer(), nullable=False),
        sa.Column("probable", sa.Integer(), nullable=False),
        sa.Column("to_verify", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.CheckConstraint("no = CAST(no AS BIGINT) AND no BETWEEN 1 AND 100000", name=op.f("ck_zone_matching_no")),
        sa.ForeignKeyConstraint(["version_id"], ["zone_version.id"], name=op.f("fk_zone_matching_version_id")),
        sa.PrimaryKeyConstraint("version_id", "no", name=op.f("pk_zone_matching")),
    )
    op.create_table(
        "position_columns",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("regency_code", name=op.f("pk_position_columns")),
    )
    op.create_index("ix_household_regency_code_changed_at", "household", ["regency_code", "changed_at"])
    op.add_column("zone_version", sa.Column("matching_no", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE zone_version SET matching_no = 1 WHERE matched_at IS NOT NULL")
    op.execute(
        "INSERT INTO zone_matching (version_id, no, cause, matched_at, matched_by, certain, probable, to_verify, "
        "joined, \"left\") SELECT id, 1, 'posted', matched_at, posted_by, certain, probable, to_verify, "
        "certain + probable + to_verify, 0 FROM zone_version WHERE matched_at IS NOT NULL"
    )
    if dialect == "sqlite":  # made anew: its triggers are lost with the old one
        with op.batch_alter_table("zone_match") as batch_op:
            batch_op.add_column(sa.Column("matching_no", sa.Integer(), server_default="1", nullable=False))
            batch_op.drop_constraint(op.f("pk_zone_match"), type_="primary")
            batch_op.create_primary_key(op.f("pk_zone_match"), ["version_id", "matching_no", "household_id"])
        with op.batch_alter_table("zone_match") as batch_op:
            batch_op.alter_column("matching_no", server_default=None)
    else:
        op.add_column("zone_match", sa.Column("matching_no", sa.Integer(), server_default="1", nullable=False))
        op.drop_constraint("pk_zone_match", "zone_match", type_="primary")
        op.create_primary_key("pk_zone_match", "zone_match", ["version_id", "matching_no", "household_id"])
        op.alter_column("zone_match", "matching_no", server_default=None)
    for statement in triggers(dialect):
        op.execute(statement)
