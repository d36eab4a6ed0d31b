"""Erasure and its block list, copies for the subject, reasons of revealed numbers, and who saw one household."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEPT_DAYS = 1826
KEPT = ("access_row", "access_subject")


def triggers(dialect: str) -> list[str]:
    """Give the triggers of this version, frozen here: the models' own may change later."""
    if dialect == "sqlite":
        made = ["DROP TRIGGER access_row_no_update", "DROP TRIGGER access_row_no_delete"]
        for table in KEPT:
            abort = f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            made += [
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {abort}",
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
                f"WHEN OLD.at > datetime('now', '-{KEPT_DAYS} days') {abort}",
            ]
        return [
            *made,
            *(
                f"CREATE TRIGGER subject_export_no_{verb.lower()} BEFORE {verb} ON subject_export "
                "BEGIN SELECT RAISE(ABORT, 'append-only: subject_export'); END"
                for verb in ("UPDATE", "DELETE")
            ),
        ]
    return [
        "CREATE OR REPLACE FUNCTION tanggap_kept_for_years() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF TG_OP = 'DELETE' AND OLD.at < now() - interval '{KEPT_DAYS} days' THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME; END $$",
        "DROP TRIGGER access_row_append_only ON access_row",
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION tanggap_kept_for_years()"
            for table in KEPT
        ),
        "CREATE TRIGGER subject_export_append_only BEFORE UPDATE OR DELETE ON subject_export "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()",
    ]


# Looks at few are written out subject by subject; those that were logged before are, too.
SUBJECTS = {
    "sqlite": "INSERT OR IGNORE INTO access_subject (subject_id, at, access_id) "
    "SELECT replace(one.value, '-', ''), access_row.at, access_row.id FROM access_row, json_each(subject_ids) AS one "
    "WHERE subject IN ('household', 'member') AND count <= 200",
    "postgresql": "INSERT INTO access_subject (subject_id, at, access_id) "
    "SELECT one.value::uuid, access_row.at, access_row.id "
    "FROM access_row, json_array_elements_text(subject_ids::json) AS one(value) "
    "WHERE subject IN ('household', 'member') AND count <= 200 ON CONFLICT DO NOTHING",
}


def _choice(name: str, *values: str) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=False)


def _askers() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        _choice("asked_for", "member", "guardian", "representative", "office"),
        _choice("identity_document", "ktp", "kk", "sim", "village_letter", "attorney", "none"),
    )


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("household", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("number_reveal", sa.Column("reason_code", sa.Text(), nullable=False, server_default=""))
    op.add_column("number_reveal", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "erased_number",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("regency_code", "kind", "number_index", name=op.f("pk_erased_number")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "access_subject",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("access_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "at", "access_id", name=op.f("pk_access_subject")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_row_exposure", "access_row", ["regency_code", "actor_id", "at"])
    op.create_index(
        "ix_access_row_long",
        "access_row",
        ["regency_code", "at"],
        sqlite_where=sa.text("count > 200"),
        postgresql_where=sa.text("count > 200"),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        _choice("state", "asked", "approved", "refused", "withdrawn"),
        _choice("ground", "not_needed", "consent_withdrawn", "subject_asked", "unlawful"),
        sa.Column("reason", sa.Text(), nullable=False),
        *_askers(),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=False),
        sa.Column("cleared_rows", sa.Integer(), nullable=False),
        sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decided_by <> asked_by OR state = 'withdrawn'", name=op.f("ck_erasure_two_persons")),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_erasure_decided_once")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_erasure_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_index("ix_erasure_regency_code_state_asked_at", "erasure", ["regency_code", "state", "asked_at"])
    op.create_index(
        "uq_erasure_asked",
        "erasure",
        ["household_id"],
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_table(
        "subject_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        *_askers(),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_by_name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_subject_export_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_export")),
    )
    op.create_index("ix_subject_export_household_id", "subject_export", ["household_id"])
    op.create_index("ix_subject_export_regency_code_made_at", "subject_export", ["regency_code", "made_at"])
    op.execute(SUBJECTS[dialect])
    for statement in triggers(dialect):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("who was erased cannot be told again: restore a backup instead")
