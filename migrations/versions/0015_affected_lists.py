"""What people decided on each household, frozen lists of affected households, and where the displaced are now."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATES = ("proposed", "confirmed", "rejected", "left")
REASONS = ("not_affected", "moved", "deceased", "listed_twice", "other")
CONFIDENCES = ("certain", "probable", "to_verify")
KEPT = {
    "affected_decision": (
        "incident_id", "household_id", "no", "regency_code", "how", "before", "after", "reject_reason", "decided_at",
        "decided_by", "decided_by_name",
    ),
    "affected_list": (
        "id", "regency_code", "incident_id", "no", "note", "households", "villages", "certain", "probable", "to_verify",
        "joined", "gone", "sha256", "frozen_at", "frozen_by", "frozen_by_name",
    ),
    "affected_list_entry": (),
    "affected_list_use": (),
    "stay": (
        "incident_id", "household_id", "no", "regency_code", "kind", "shelter_id", "village_code", "since_on",
        "recorded_at", "recorded_by", "recorded_by_name",
    ),
}  # fmt: skip


def _choice(name: str, *values: str, nullable: bool = False) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _key(table: str, column: str, other: str, target: str = "id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{target}"], name=op.f(f"fk_{table}_{column}"))


def _pk(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _check(table: str, name: str, what: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(what, name=op.f(f"ck_{table}_{name}"))


def _number_check(table: str) -> sa.CheckConstraint:
    return _check(table, "no", "no = CAST(no AS BIGINT) AND no BETWEEN 1 AND 100000")


def _keep(table: str, columns: tuple[str, ...]) -> None:
    """Write the triggers as ``core.db`` does; ``columns`` are those that stay as they are, none means all."""
    changes = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
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
    op.add_column("affected_household", sa.Column("decided_no", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE affected_household SET decided_no = 1 WHERE decided_at IS NOT NULL")
    op.create_table(
        "affected_decision",
        _id("incident_id"), _id("household_id"), _number("no"), _text("regency_code"),
        _choice("how", "one", "group", "added"), _choice("before", *STATES, nullable=True), _choice("after", *STATES),
        _choice("reject_reason", *REASONS, nullable=True), _text("note"), _at("decided_at"), _text("decided_by"),
        _text("decided_by_name"), _number_check("affected_decision"),
        _key("affected_decision", "incident_id", "incident"), _key("affected_decision", "household_id", "household"),
        _pk("affected_decision", "incident_id", "household_id", "no"),
    )  # fmt: skip
    op.create_index("ix_affected_decision_household_id", "affected_decision", ["household_id"])
    # What was decided before decisions were kept one by one begins the history of its household.
    op.execute(
        "INSERT INTO affected_decision (incident_id, household_id, no, regency_code, how, before, after, "
        "reject_reason, note, decided_at, decided_by, decided_by_name) "
        "SELECT incident_id, household_id, 1, regency_code, 'one', NULL, state, reject_reason, note, decided_at, "
        "COALESCE(decided_by, ''), '' FROM affected_household WHERE decided_at IS NOT NULL"
    )
    op.create_table(
        "affected_list",
        _id("id"), _text("regency_code"), _id("incident_id"), _number("no"), _choice("state", "current", "superseded"),
        _text("note"), _number("households"), _number("villages"), _number("certain"), _number("probable"),
        _number("to_verify"), _number("joined"), _number("gone"), _text("sha256"), _at("frozen_at"), _text("frozen_by"),
        _text("frozen_by_name"), _at("ended_at", nullable=True), _text("ended_by", nullable=True), _text("end_reason"),
        _check("affected_list", "ended", "(state = 'current') = (ended_at IS NULL)"),
        _check("affected_list", "sha256", "length(sha256) = 64"), _number_check("affected_list"),
        _key("affected_list", "regency_code", "office", "regency_code"),
        _key("affected_list", "incident_id", "incident"), _pk("affected_list"),
        sa.UniqueConstraint("incident_id", "no", name=op.f("uq_affected_list_incident_id_no")),
    )  # fmt: skip
    op.create_index(
        "ix_affected_list_current", "affected_list", ["incident_id"], unique=True,
        sqlite_where=sa.text("state = 'current'"), postgresql_where=sa.text("state = 'current'"),
    )  # fmt: skip
    op.create_table(
        "affected_list_entry",
        _id("list_id"), _id("household_id"), _text("village_code"), _id("version_id", nullable=True),
        _choice("confidence", *CONFIDENCES), _text("evidence"), _at("decided_at"), _text("decided_by"),
        _key("affected_list_entry", "list_id", "affected_list"),
        _key("affected_list_entry", "household_id", "household"),
        _key("affected_list_entry", "version_id", "zone_version"),
        _pk("affected_list_entry", "list_id", "household_id"),
    )  # fmt: skip
    op.create_index("ix_affected_list_entry_household_id", "affected_list_entry", ["household_id"])
    op.create_table(
        "affected_list_use",
        _id("list_id"), _id("plan_id"), _at("used_at"), _text("used_by"),
        _key("affected_list_use", "list_id", "affected_list"), _key("affected_list_use", "plan_id", "plan"),
        _pk("affected_list_use", "list_id", "plan_id"),
    )  # fmt: skip
    op.create_table(
        "shelter",
        _id("id"), _text("regency_code"), _id("incident_id"), _text("name"), _text("village_code"),
        sa.Column("lon_deg", sa.Double(), nullable=True), sa.Column("lat_deg", sa.Double(), nullable=True),
        _number("capacity", nullable=True), _number("reported_persons", nullable=True), _text("contact_name"),
        _text("contact_phone"), _text("note"), _choice("state", "open", "closed"), _at("opened_at"),
        _text("opened_by"), _at("changed_at"), _text("changed_by"),
        _check("shelter", "position", "(lon_deg IS NULL) = (lat_deg IS NULL)"),
        _check("shelter", "capacity", "capacity IS NULL OR capacity > 0"),
        _check("shelter", "reported", "reported_persons IS NULL OR reported_persons >= 0"),
        _key("shelter", "regency_code", "office", "regency_code"), _key("shelter", "incident_id", "incident"),
        _key("shelter", "village_code", "region", "code"), _pk("shelter"),
        sa.UniqueConstraint("incident_id", "name", name=op.f("uq_shelter_incident_id_name")),
    )  # fmt: skip
    op.create_table(
        "stay",
        _id("incident_id"), _id("household_id"), _number("no"), _text("regency_code"),
        _choice("kind", "shelter", "host", "elsewhere", "home"), _id("shelter_id", nullable=True),
        _text("village_code", nullable=True), _text("place_text"), sa.Column("since_on", sa.Date(), nullable=False),
        _at("recorded_at"), _text("recorded_by"), _text("recorded_by_name"),
        _check("stay", "shelter", "(kind = 'shelter') = (shelter_id IS NOT NULL)"), _number_check("stay"),
        _key("stay", "incident_id", "incident"), _key("stay", "household_id", "household"),
        _key("stay", "shelter_id", "shelter"), _pk("stay", "incident_id", "household_id", "no"),
    )  # fmt: skip
    op.create_index("ix_stay_household_id", "stay", ["household_id"])
    op.create_index("ix_stay_shelter_id", "stay", ["shelter_id"])
    for table, columns in KEPT.items():
        _keep(table, columns)


def downgrade() -> None:
    for table in ("stay", "shelter", "affected_list_use", "affected_list_entry", "affected_list", "affected_decision"):
        op.drop_table(table)
    op.drop_column("affected_household", "decided_no")
