"""Decrees by area, with extensions; reported counts with their sources; posted areas that the database keeps."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KINDS = (
    "households", "persons", "displaced_households", "displaced", "dead", "missing", "injured", "houses_heavy",
    "houses_medium", "houses_light", "houses_flooded",
)  # fmt: skip
FIELDS = ("name", "hazard", "place_text", "chronology", "phase")
FROZEN = (
    "id", "regency_code", "zone_id", "incident_id", "no", "outline", "area_km2", "repairs", "severity", "access",
    "source", "note", "observed_at", "posted_at", "posted_by",
)  # fmt: skip


def _choice(name: str, *values: str) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=False)


def _id(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _key(table: str, column: str, other: str, target: str = "id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{target}"], name=op.f(f"fk_{table}_{column}"))


def _pk(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _append_only(table: str, changes: str = "UPDATE") -> None:
    """Write the triggers as ``core.db`` does; ``changes`` may name the columns that are kept."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR {changes} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()"
        )
        return
    for verb, what in (("update", changes), ("delete", "DELETE")):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
        )


def upgrade() -> None:
    with op.batch_alter_table("decree") as batch_op:
        for column in (
            _text("authority", default=""), _text("days_text", default=""), _id("extends_id", nullable=True),
            _id("file_id", nullable=True), _at("withdrawn_at", nullable=True), _text("withdrawn_by", nullable=True),
            _text("withdraw_reason", default=""), sa.Column("ended_on", sa.Date(), nullable=True),
            _text("end_reason", default=""),
        ):  # fmt: skip
            batch_op.add_column(column)
        batch_op.drop_constraint(op.f("uq_decree_incident_id_number"), type_="unique")
        batch_op.create_check_constraint(
            op.f("ck_decree_ended"), "ended_on IS NULL OR ended_on BETWEEN first_on AND last_on"
        )
        batch_op.create_foreign_key(op.f("fk_decree_extends_id"), "decree", ["extends_id"], ["id"])
        batch_op.create_foreign_key(op.f("fk_decree_file_id"), "stored_file", ["file_id"], ["id"])
    told = sa.text("withdrawn_at IS NULL")
    op.create_index(
        "uq_decree_number", "decree", ["incident_id", "number"], unique=True, sqlite_where=told, postgresql_where=told
    )
    op.create_table(
        "decree_region",
        _id("decree_id"), _text("region_code"), _key("decree_region", "decree_id", "decree"),
        _key("decree_region", "region_code", "region", "code"), _pk("decree_region", "decree_id", "region_code"),
    )  # fmt: skip
    _append_only("decree_region")

    op.create_table(
        "incident_change",
        _id("id"), _id("incident_id"), _choice("field", *FIELDS), _text("before"), _text("after"), _text("reason"),
        _at("at"), _text("by"), _key("incident_change", "incident_id", "incident"), _pk("incident_change"),
    )  # fmt: skip
    op.create_index(op.f("ix_incident_change_incident_id_at"), "incident_change", ["incident_id", "at"])
    _append_only("incident_change")

    op.create_table(
        "count_report",
        _id("id"), _text("regency_code"), _id("incident_id"), _id("version_id", nullable=True), _text("source"),
        _text("note"), _at("observed_at"), _at("reported_at"), _text("reported_by"),
        _key("count_report", "incident_id", "incident"), _key("count_report", "version_id", "zone_version"),
        _pk("count_report"),
    )  # fmt: skip
    op.create_index(op.f("ix_count_report_incident_id_observed_at"), "count_report", ["incident_id", "observed_at"])
    op.create_table(
        "count_report_line",
        _id("report_id"), _text("village_code"), _choice("kind", *KINDS),
        _choice("state", "number", "zero", "pending"), sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("is_estimate", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(state = 'number') = (value IS NOT NULL)", name=op.f("ck_count_report_line_three_valued")),
        sa.CheckConstraint("value IS NULL OR value > 0", name=op.f("ck_count_report_line_positive")),
        _key("count_report_line", "report_id", "count_report"),
        _key("count_report_line", "village_code", "region", "code"),
        _pk("count_report_line", "report_id", "village_code", "kind"),
    )  # fmt: skip
    op.create_index(op.f("ix_count_report_line_village_code"), "count_report_line", ["village_code"])
    # What came with a version of an area becomes a report of its own, under the version's id.
    op.execute(
        "INSERT INTO count_report (id, regency_code, incident_id, version_id, source, note, observed_at, reported_at, "
        "reported_by) SELECT id, regency_code, incident_id, id, source, '', observed_at, posted_at, posted_by "
        "FROM zone_version WHERE id IN (SELECT version_id FROM reported_count)"
    )
    op.execute(
        "INSERT INTO count_report_line (report_id, village_code, kind, state, value, is_estimate) "
        "SELECT version_id, village_code, kind, state, value, false FROM reported_count"
    )
    op.drop_table("reported_count")
    _append_only("count_report")
    _append_only("count_report_line")
    _append_only("zone_version", f"UPDATE OF {', '.join(FROZEN)}")
    _append_only("zone_version_region")


def downgrade() -> None:
    raise RuntimeError("reports of figures cannot be told in the old form: restore a backup instead")
