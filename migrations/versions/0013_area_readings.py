"""Files and texts that BPBD sent, read into elements that a person confirms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = ("geojson", "kml", "shapefile", "cap", "flood_states", "regions", "report_text", "bnpb_table")


def _choice(name: str, *values: str) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "zone_reading",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("regency_code"),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        _choice("kind", *KINDS),
        _choice("state", "read", "posted", "discarded"),
        _text("file_name"),
        _text("file_sha256"),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        _text("said"),
        sa.Column("elements", sa.Integer(), nullable=False),
        sa.Column("usable", sa.Integer(), nullable=False),
        _text("read_by"),
        _text("read_by_name"),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        _text("decided_by", nullable=True),
        _text("decided_by_name"),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'read') = (decided_at IS NULL)", name=op.f("ck_zone_reading_decided")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_zone_reading_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_reading")),
    )
    op.create_index(
        "uq_zone_reading_sha256", "zone_reading", ["incident_id", "file_sha256"], unique=True,
        sqlite_where=sa.text("state <> 'discarded'"), postgresql_where=sa.text("state <> 'discarded'"),
    )  # fmt: skip
    op.create_table(
        "zone_reading_element",
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        _choice("outcome", "read", "repaired", "noted", "refused"),
        _text("content"),
        _text("listed"),
        _choice("fate", "waiting", "posted", "left_out"),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(fate = 'posted') = (version_id IS NOT NULL)", name=op.f("ck_zone_reading_element_posted")),
        sa.CheckConstraint(
            "no = CAST(no AS BIGINT) AND no BETWEEN 1 AND 100000", name=op.f("ck_zone_reading_element_no")
        ),
        sa.ForeignKeyConstraint(["reading_id"], ["zone_reading.id"], name=op.f("fk_zone_reading_element_reading_id")),
        sa.ForeignKeyConstraint(["version_id"], ["zone_version.id"], name=op.f("fk_zone_reading_element_version_id")),
        sa.PrimaryKeyConstraint("reading_id", "no", name=op.f("pk_zone_reading_element")),
    )
    op.create_index(op.f("ix_zone_reading_element_version_id"), "zone_reading_element", ["version_id"], unique=False)


def downgrade() -> None:
    op.drop_table("zone_reading_element")
    op.drop_table("zone_reading")
