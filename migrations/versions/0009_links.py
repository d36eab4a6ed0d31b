"""The life of registry links: their steps, the civil registry's answers, field visits, proposals, deaths and moves."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LINK_STATES = (
    "imported", "duplicate_suspected", "merged", "dukcapil_pending", "dukcapil_matched", "dukcapil_typo",
    "dukcapil_unmatched", "field_pending", "field_verified", "field_rejected", "proposed", "accepted", "refused",
    "determined", "submitted", "registered", "returned", "graduated", "deceased", "moved", "inactive",
)  # fmt: skip
VERDICTS = ("matched", "typo", "unmatched")
SELECTION = ["regency_code", "village_code", "code", "decile", "size", "id", "merged_into_id", "erased_at"]
OPEN = "state IN ('proposed', 'verified', 'determined', 'submitted')"


def _choice(name: str, *values: str, nullable: bool = False) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _day(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _key(table: str, column: str, other: str, target: str = "id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{target}"], name=op.f(f"fk_{table}_{column}"))


def _pk(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _whole(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), unique=False)


def _unique(name: str, table: str, columns: list[str], where: str) -> None:
    told = sa.text(where)
    op.create_index(name, table, columns, unique=True, sqlite_where=told, postgresql_where=told)


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
        )


def upgrade() -> None:
    op.add_column("household", sa.Column("left_on", sa.Date(), nullable=True))
    op.drop_index("ix_household_selection", table_name="household")
    op.create_index("ix_household_selection", "household", [*SELECTION, "left_on"], unique=False)
    told = ", ".join(f"'{one}'" for one in LINK_STATES)
    with op.batch_alter_table("registry_link") as batch_op:
        batch_op.add_column(sa.Column("carried_from_id", sa.Uuid(), nullable=True))
        batch_op.drop_constraint(op.f("ck_registry_link_state"), type_="check")
        batch_op.create_check_constraint(op.f("ck_registry_link_state"), f"state IN ({told})")
    op.create_index("ix_registry_link_state", "registry_link", ["snapshot_id", "state"], unique=False)

    op.create_table(
        "link_event",
        _id("id"), _text("regency_code"), _id("link_id"), _id("household_id"), _text("act"), _text("before"),
        _text("after"), _text("reason"), _text("basis_no"), _day("basis_on", nullable=True), _text("subject"),
        _id("subject_id", nullable=True), _at("at"), _text("by"), _text("by_name"),
        _key("link_event", "household_id", "household"), _key("link_event", "link_id", "registry_link"),
        _pk("link_event"),
    )  # fmt: skip
    _index("link_event", "household_id", "at")
    _index("link_event", "link_id", "at")
    _append_only("link_event")

    op.create_table(
        "departure",
        _id("id"), _text("regency_code"), _id("household_id"), _id("member_id", nullable=True),
        _choice("kind", "died", "moved_out", "moved_within"), _day("event_on"), _text("basis_no"), _day("basis_on"),
        _id("successor_id", nullable=True), _text("from_village_code"), _text("to_village_code", nullable=True),
        _text("before"), _at("at"), _text("by"), _text("by_name"), _at("undone_at", nullable=True),
        _text("undone_by", nullable=True), _text("undone_by_name"),
        _whole("departure", "says_where", "(kind = 'moved_within') = (to_village_code IS NOT NULL)"),
        _whole("departure", "succeeds_somebody", "successor_id IS NULL OR member_id IS NOT NULL"),
        _key("departure", "household_id", "household"), _key("departure", "member_id", "member"),
        _key("departure", "successor_id", "member"), _key("departure", "to_village_code", "region", "code"),
        _pk("departure"),
    )  # fmt: skip
    _index("departure", "household_id")
    _unique("uq_departure_member", "departure", ["member_id"], "undone_at IS NULL")

    op.create_table(
        "dukcapil_file",
        _id("id"), _text("regency_code"), _choice("state", "read", "applied", "discarded"), _text("file_name"),
        _text("file_sha256"), _text("header"), sa.Column("is_workbook", sa.Boolean(), nullable=False),
        _text("basis_no"), _day("basis_on"), _count("rows"), _count("refused"), _text("read_by"),
        _text("read_by_name"), _at("read_at"), _text("applied_by", nullable=True), _text("applied_by_name"),
        _at("applied_at", nullable=True),
        _whole("dukcapil_file", "two_persons", "applied_by <> read_by"), _pk("dukcapil_file"),
    )  # fmt: skip
    _unique("uq_dukcapil_file_sha256", "dukcapil_file", ["regency_code", "file_sha256"], "state <> 'discarded'")

    op.create_table(
        "dukcapil_row",
        _id("file_id"), sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        _choice("outcome", "ready", "same", "refused", "applied"), _choice("verdict", *VERDICTS, nullable=True),
        _id("member_id", nullable=True), _id("household_id", nullable=True), _text("problems"),
        sa.Column("cells", sa.LargeBinary(), nullable=True),
        _key("dukcapil_row", "file_id", "dukcapil_file"), _key("dukcapil_row", "household_id", "household"),
        _key("dukcapil_row", "member_id", "member"), _pk("dukcapil_row", "file_id", "row_no"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    _index("dukcapil_row", "household_id")

    op.create_table(
        "dukcapil_result",
        _id("id"), _text("regency_code"), _id("member_id"), _id("household_id"), _id("file_id"),
        _choice("verdict", *VERDICTS), sa.Column("nik_bidx", sa.LargeBinary(), nullable=True), _at("at"),
        _key("dukcapil_result", "file_id", "dukcapil_file"), _key("dukcapil_result", "household_id", "household"),
        _key("dukcapil_result", "member_id", "member"), _pk("dukcapil_result"),
    )  # fmt: skip
    _index("dukcapil_result", "household_id")
    _index("dukcapil_result", "member_id", "at")

    op.create_table(
        "field_visit",
        _id("id"), _text("regency_code"), _id("link_id"), _id("household_id"),
        _choice("outcome", "verified", "moved", "deceased", "ineligible", "not_found"), _text("note"),
        _day("visited_on"), _at("at"), _text("by"), _text("by_name"),
        _key("field_visit", "household_id", "household"), _key("field_visit", "link_id", "registry_link"),
        _pk("field_visit"),
    )  # fmt: skip
    _index("field_visit", "household_id", "at")
    _index("field_visit", "link_id")

    op.create_table(
        "submission",
        _id("id"), _text("regency_code"), _text("number"), _count("rows"), _text("made_by"), _text("made_by_name"),
        _at("made_at"), _pk("submission"),
    )  # fmt: skip
    _index("submission", "regency_code", "made_at")

    op.create_table(
        "link_proposal",
        _id("id"), _text("regency_code"), _choice("kind", "add", "remove"),
        _choice("state", "proposed", "verified", "determined", "submitted", "accepted", "returned", "refused",
                "withdrawn"),
        _choice("reason", "poor", "disaster", "new_family", "graduated", "deceased", "moved", "ineligible"),
        _text("note"), _id("household_id"), _id("link_id", nullable=True), _text("village_code"), _text("basis_no"),
        _day("basis_on"), _text("proposed_by"), _text("proposed_by_name"), _at("proposed_at"),
        _text("verified_by", nullable=True), _text("verified_by_name"), _at("verified_at", nullable=True),
        _text("determined_by", nullable=True), _text("determined_by_name"), _at("determined_at", nullable=True),
        _text("decree_no"), _day("decree_on", nullable=True), _id("submission_id", nullable=True),
        _text("closed_by_name"), _at("closed_at", nullable=True), _text("answer_no"),
        _day("answer_on", nullable=True), _text("decision_note"),
        _whole("link_proposal", "two_persons", "verified_by <> proposed_by"),
        _whole("link_proposal", "three_persons", "determined_by <> verified_by AND determined_by <> proposed_by"),
        _whole("link_proposal", "sent_by_a_list",
               "state NOT IN ('submitted', 'accepted', 'returned') OR submission_id IS NOT NULL"),
        _key("link_proposal", "household_id", "household"), _key("link_proposal", "link_id", "registry_link"),
        _key("link_proposal", "submission_id", "submission"),
        _key("link_proposal", "village_code", "region", "code"), _pk("link_proposal"),
    )  # fmt: skip
    _index("link_proposal", "regency_code", "state", "proposed_at")
    _index("link_proposal", "household_id")
    _index("link_proposal", "submission_id")
    _unique("uq_link_proposal_open", "link_proposal", ["household_id"], OPEN)


def downgrade() -> None:
    raise RuntimeError("the steps of registry links cannot be told in the old form: restore a backup instead")
