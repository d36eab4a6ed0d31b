"""Alerts of the weather service, kept as notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _choice(name: str, *values: str, nullable: bool = False) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        _choice("state", "active", "replaced", "cancelled"),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("area_text", sa.Text(), nullable=False),
        _choice("severity", "heavy", "medium", "light", nullable=True),
        sa.Column("outline", sa.Text(), nullable=True),
        sa.Column("refers_to", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("raw_sha256", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(raw_sha256) = 64", name=op.f("ck_alert_raw_sha256")),
        sa.ForeignKeyConstraint(["regency_code"], ["office.regency_code"], name=op.f("fk_alert_regency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint(
            "regency_code", "sender", "identifier", name=op.f("uq_alert_regency_code_sender_identifier")
        ),
    )
    op.create_index(
        op.f("ix_alert_regency_code_state_expires_at"), "alert", ["regency_code", "state", "expires_at"], unique=False
    )


def downgrade() -> None:
    op.drop_table("alert")
