"""Completion lists of villages, what came back through them, and every position that was reported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "completion_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "closed", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("issued_by_name", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["village_code"], ["region.code"], name=op.f("fk_completion_list_village_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_list")),
    )
    op.create_index(
        "ix_completion_list_regency_code_village_code",
        "completion_list",
        ["regency_code", "village_code"],
        unique=False,
    )
    op.create_index(
        "uq_completion_list_open",
        "completion_list",
        ["regency_code", "village_code"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "completion_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("waiting", "done", "skipped", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "skip_reason",
            sa.Enum(
                "moved",
                "unknown",
                "deceased",
                "unavailable",
                name="skip_reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_by_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_completion_entry_household_id")),
        sa.ForeignKeyConstraint(["list_id"], ["completion_list.id"], name=op.f("fk_completion_entry_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_entry")),
        sa.UniqueConstraint("list_id", "household_id", name=op.f("uq_completion_entry_list_id_household_id")),
        sa.UniqueConstraint("list_id", "no", name=op.f("uq_completion_entry_list_id_no")),
    )
    op.create_index("ix_completion_entry_household_id", "completion_entry", ["household_id"], unique=False)
    op.create_table(
        "completion_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("list", "positions", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("read", "applied", "discarded", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("list_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_by", sa.Text(), nullable=False),
        sa.Column("read_by_name", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by", sa.Text(), nullable=True),
        sa.Column("applied_by_name", sa.Text(), nullable=False),
        sa.CheckConstraint("kind = 'list' OR applied_by <> read_by", name=op.f("ck_completion_file_two_persons")),
        sa.ForeignKeyConstraint(["list_id"], ["completion_list.id"], name=op.f("fk_completion_file_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_file")),
    )
    op.create_index(
        "uq_completion_file_sha256",
        "completion_file",
        ["regency_code", "kind", "file_sha256"],
        unique=True,
        sqlite_where=sa.text("state <> 'discarded'"),
        postgresql_where=sa.text("state <> 'discarded'"),
    )
    op.create_table(
        "completion_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["completion_entry.id"], name=op.f("fk_completion_change_entry_id")),
        sa.ForeignKeyConstraint(["file_id"], ["completion_file.id"], name=op.f("fk_completion_change_file_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_completion_change_household_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_completion_change_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_change")),
    )
    op.create_index("ix_completion_change_household_id_at", "completion_change", ["household_id", "at"], unique=False)
    op.create_table(
        "completion_file_row",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "ready",
                "merged",
                "same",
                "conflict",
                "refused",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("lon_deg", sa.Double(), nullable=True),
        sa.Column("lat_deg", sa.Double(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "lon_deg BETWEEN -180 AND 180 AND lat_deg BETWEEN -90 AND 90", name=op.f("ck_completion_file_row_position")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["completion_file.id"], name=op.f("fk_completion_file_row_file_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_completion_file_row_household_id")),
        sa.PrimaryKeyConstraint("file_id", "row_no", name=op.f("pk_completion_file_row")),
    )
    op.create_table(
        "household_position",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("lon_deg", sa.Double(), nullable=False),
        sa.Column("lat_deg", sa.Double(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column(
            "origin",
            sa.Enum("phone", "file", "map", name="origin", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("is_used", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "lon_deg BETWEEN -180 AND 180 AND lat_deg BETWEEN -90 AND 90", name=op.f("ck_household_position_position")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["completion_file.id"], name=op.f("fk_household_position_file_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_household_position_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_position")),
    )
    op.create_index("ix_household_position_household_id_at", "household_position", ["household_id", "at"], unique=False)
    op.create_table(
        "village_overview",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in (
                "households", "persons", "located", "far", "incomplete", "lacks_units", "lacks_address", "lacks_card",
                "lacks_head_number", "lacks_birth",
            )
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["village_code"], ["region.code"], name=op.f("fk_village_overview_village_code")),
        sa.PrimaryKeyConstraint("regency_code", "village_code", name=op.f("pk_village_overview")),
    )  # fmt: skip


def downgrade() -> None:
    raise RuntimeError("what villages have completed cannot be told without its tables: restore a backup instead")
