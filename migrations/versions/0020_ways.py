"""Transport areas, closed ways, said distances; hours and closed days of posts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

LIVES = sa.text("removed_at IS NULL")
HOLDS = sa.text("ended_at IS NULL")
KEPT = {
    "transport_area": ("id", "regency_code", "made_at", "made_by", "made_by_name"),
    "closed_way": (
        "id", "regency_code", "warehouse_id", "area_id", "means", "reason", "from_on", "closed_at", "closed_by",
        "closed_by_name",
    ),
    "said_distance": (
        "id", "regency_code", "village_code", "post_id", "metres", "source", "said_at", "said_by", "said_by_name",
    ),
    "detour": (),
}  # fmt: skip


def triggers(dialect: str) -> list[str]:
    """Give the triggers of this version, frozen here: the models' own may change later."""
    made = []
    for table, kept in KEPT.items():
        columns = f" OF {', '.join(kept)}" if kept else ""
        if dialect == "sqlite":
            refuse = f"ON {table} BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            made += [
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE{columns} {refuse}",
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE {refuse}",
            ]
        else:
            made.append(
                f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR UPDATE{columns} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()"
            )
    return made


def _id(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _means(name: str = "means") -> sa.Column[Any]:
    kind = sa.Enum("road", "boat", "both", name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=False)


def _key(table: str, column: str, other: str, target: str = "id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{target}"], name=op.f(f"fk_{table}_{column}"))


def _whole(table: str, column: str, least: int, most: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        f"{column} = CAST({column} AS BIGINT) AND {column} BETWEEN {least} AND {most}",
        name=op.f(f"ck_{table}_{column}"),
    )


def upgrade() -> None:
    op.add_column("plan_post", sa.Column("slots", sa.Text(), server_default="", nullable=False))
    op.add_column("plan_post", sa.Column("closed_on", sa.Text(), server_default="", nullable=False))
    op.add_column("post", sa.Column("closed_weekdays", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "post_slot",
        _id("post_id"),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        _text("starts_at"), _text("ends_at"), sa.Column("households", sa.Integer(), nullable=False),
        _whole("post_slot", "no", 1, 24), _whole("post_slot", "households", 1, 1_000_000),
        sa.CheckConstraint(
            "starts_at < ends_at AND length(starts_at) = 5 AND length(ends_at) = 5", name=op.f("ck_post_slot_hours")
        ),
        _key("post_slot", "post_id", "post", "place_id"),
        sa.PrimaryKeyConstraint("post_id", "no", name=op.f("pk_post_slot")),
    )  # fmt: skip
    op.create_table(
        "post_closed_day",
        _id("post_id"), sa.Column("day", sa.Date(), nullable=False), _text("reason"), _at("closed_at"),
        _text("closed_by"), _text("closed_by_name"),
        _key("post_closed_day", "post_id", "post", "place_id"),
        sa.PrimaryKeyConstraint("post_id", "day", name=op.f("pk_post_closed_day")),
    )  # fmt: skip
    op.create_table(
        "transport_area",
        _id("id"), _text("regency_code"), _text("name"), _means(), _at("made_at"), _text("made_by"),
        _text("made_by_name"), _at("removed_at", nullable=True), _text("removed_by", nullable=True),
        _text("removed_by_name", nullable=True),
        _key("transport_area", "regency_code", "office", "regency_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transport_area")),
    )  # fmt: skip
    op.create_index(
        "uq_transport_area_name", "transport_area", ["regency_code", "name"], unique=True, sqlite_where=LIVES,
        postgresql_where=LIVES,
    )  # fmt: skip
    op.create_table(
        "transport_area_village",
        _text("village_code"), _id("area_id"),
        _key("transport_area_village", "village_code", "region", "code"),
        _key("transport_area_village", "area_id", "transport_area"),
        sa.PrimaryKeyConstraint("village_code", name=op.f("pk_transport_area_village")),
    )  # fmt: skip
    op.create_index("ix_transport_area_village_area_id", "transport_area_village", ["area_id"])
    op.create_table(
        "closed_way",
        _id("id"), _text("regency_code"), _id("warehouse_id"), _id("area_id", nullable=True), _means(),
        _text("reason"), sa.Column("from_on", sa.Date(), nullable=False), sa.Column("to_on", sa.Date(), nullable=True),
        _at("closed_at"), _text("closed_by"), _text("closed_by_name"), _at("opened_at", nullable=True),
        _text("opened_by", nullable=True), _text("opened_by_name", nullable=True),
        sa.CheckConstraint("to_on IS NULL OR to_on >= from_on", name=op.f("ck_closed_way_days")),
        _key("closed_way", "regency_code", "office", "regency_code"),
        _key("closed_way", "warehouse_id", "place"),
        _key("closed_way", "area_id", "transport_area"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closed_way")),
    )  # fmt: skip
    op.create_index("ix_closed_way_regency_code_from_on", "closed_way", ["regency_code", "from_on"])
    op.create_table(
        "said_distance",
        _id("id"), _text("regency_code"), _text("village_code"), _id("post_id"),
        sa.Column("metres", sa.Integer(), nullable=True), _text("source"), _at("said_at"), _text("said_by"),
        _text("said_by_name"), _at("ended_at", nullable=True), _text("ended_by", nullable=True),
        _text("ended_by_name", nullable=True),
        sa.CheckConstraint("metres IS NULL OR metres BETWEEN 0 AND 2000000", name=op.f("ck_said_distance_metres")),
        _key("said_distance", "regency_code", "office", "regency_code"),
        _key("said_distance", "village_code", "region", "code"),
        _key("said_distance", "post_id", "place"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_said_distance")),
    )  # fmt: skip
    op.create_index("ix_said_distance_post_id", "said_distance", ["post_id"])
    op.create_index(
        "uq_said_distance", "said_distance", ["village_code", "post_id"], unique=True, sqlite_where=HOLDS,
        postgresql_where=HOLDS,
    )  # fmt: skip
    op.create_table(
        "detour",
        _id("id"), _text("regency_code"), _id("area_id", nullable=True),
        sa.Column("permille", sa.Integer(), nullable=False), _text("source"), _at("set_at"), _text("set_by"),
        _text("set_by_name"),
        _whole("detour", "permille", 1000, 10_000),
        _key("detour", "regency_code", "office", "regency_code"),
        _key("detour", "area_id", "transport_area"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detour")),
    )  # fmt: skip
    op.create_index("ix_detour_regency_code", "detour", ["regency_code"])
    for statement in triggers(op.get_bind().dialect.name):
        op.execute(statement)
