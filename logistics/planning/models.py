"""Plans: a round's first one, and the supplementary ones for households confirmed later."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, append_only, frozen_but, state_column, whole
from logistics.packages.states import PackageState
from logistics.planning.states import ChangeKind, Means, Parts, PlanState, RuleState

_DRAFT = sa.text("state = 'draft'")
_IN_FORCE = sa.text("state = 'in_force'")
_LIVES = sa.text("removed_at IS NULL")
_HOLDS = sa.text("ended_at IS NULL")


class Plan(Base):
    """Who gets what, where and when, proposed by one person and approved by another."""

    __tablename__ = "plan"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "no"),
        sa.Index("uq_plan_draft", "round_id", unique=True, sqlite_where=_DRAFT, postgresql_where=_DRAFT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"))
    no: Mapped[int]
    state: Mapped[PlanState] = state_column(PlanState)
    is_fitted: Mapped[bool]
    """Only as many households as stock allows; the others wait with their reason."""
    rule_version: Mapped[str]
    """The priority rule the ranks follow."""
    floor_permille: Mapped[int | None]
    """The share of every village that came first; None where nothing was fitted to stock."""
    largest_floor_permille: Mapped[int | None]
    """The share of every village that could have whole packages."""
    is_revision: Mapped[bool] = mapped_column(server_default=sa.false())
    """It changes packages of the plans before it; what it changes stands in ``plan_change``."""
    planned_by: Mapped[str]
    planned_by_name: Mapped[str]
    planned_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_by_name: Mapped[str | None]
    approved_at: Mapped[datetime | None]


class PlanRun(Base):
    """One working out of a plan: everything it was worked out from, and the hash of what came out. Never changed."""

    __tablename__ = "plan_run"
    __table_args__ = (whole("no", least=1), whole("households"))

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """1 the first; higher for households that joined the draft later."""
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    households: Mapped[Big]
    inputs: Mapped[bytes] = mapped_column(sa.LargeBinary)
    """``keeping.packed``: JSON, compressed. Ids and counts of households, no name and no number."""
    inputs_sha256: Mapped[str]
    outcome_sha256: Mapped[str]


class PlanPost(Base):
    """A post as the plan saw it: its capacity is frozen with the plan."""

    __tablename__ = "plan_post"
    __table_args__ = (whole("capacity_per_day", least=1, most=1_000_000),)

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)
    capacity_per_day: Mapped[int]
    village_code: Mapped[str | None]
    lon_deg: Mapped[float | None] = mapped_column(sa.Float)
    lat_deg: Mapped[float | None] = mapped_column(sa.Float)
    slots: Mapped[str] = mapped_column(server_default="")
    """Its hours, as ``hours.written`` writes them: ``08:00-10:00=50 10:00-12:00=40``; empty: none are told."""
    closed_on: Mapped[str] = mapped_column(server_default="")
    """Days of the round on which it does not serve, ISO dates joined by spaces."""


class PriorityRule(Base):
    """One version of the declared priority rule; what it says never changes, only its state does."""

    __tablename__ = "priority_rule"
    __table_args__ = (
        sa.UniqueConstraint("regency_code", "version"),
        sa.Index("uq_priority_rule_draft", "regency_code", unique=True, sqlite_where=_DRAFT, postgresql_where=_DRAFT),
        sa.Index("uq_priority_rule_in_force", "regency_code", unique=True, sqlite_where=_IN_FORCE,
                 postgresql_where=_IN_FORCE),
        whole("floor_permille", most=1000),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    version: Mapped[str]
    """Year and number: 2026-1."""
    name: Mapped[str]
    criteria: Mapped[str]
    """The first asked first, words of ``priority.Criterion`` joined by spaces."""
    floor_permille: Mapped[int | None]
    """None: the largest share that every village can have; 0: no floor."""
    parts: Mapped[Parts] = state_column(Parts, "parts")
    reason: Mapped[str]
    legal_source: Mapped[str]
    state: Mapped[RuleState] = state_column(RuleState)
    proposed_by: Mapped[str]
    proposed_by_name: Mapped[str]
    proposed_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_by_name: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class PriorityRuleItem(Base):
    """An item that a version sends out alone, where it says which."""

    __tablename__ = "priority_rule_item"

    rule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("priority_rule.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), primary_key=True, index=True)


class PlanLimit(Base):
    """Up to where who planned may approve as well; an office without a row always asks a second person."""

    __tablename__ = "plan_limit"
    __table_args__ = (whole("value_rp"), whole("households"))

    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"), primary_key=True)
    value_rp: Mapped[Big]
    """Value of the goods from which on a second person approves; 0: always."""
    households: Mapped[int]
    """Households from which on a second person approves; 0: always."""
    set_by: Mapped[str]
    set_by_name: Mapped[str]
    set_at: Mapped[datetime]


class GroupMove(Base):
    """Households of one post and day that somebody put elsewhere on the board, and whether it was undone."""

    __tablename__ = "group_move"
    __table_args__ = (sa.UniqueConstraint("round_id", "no"), whole("households", least=1))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"))
    no: Mapped[int]
    from_post_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    from_on: Mapped[date]
    to_post_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    to_on: Mapped[date]
    households: Mapped[int]
    reason: Mapped[str]
    moved_by: Mapped[str]
    moved_by_name: Mapped[str]
    moved_at: Mapped[datetime]
    undone_by: Mapped[str | None]
    undone_by_name: Mapped[str | None]
    undone_at: Mapped[datetime | None]


class GroupMovePackage(Base):
    """One package of a group, with what it said of itself before."""

    __tablename__ = "group_move_package"

    move_id: Mapped[UUID] = mapped_column(sa.ForeignKey("group_move.id"), primary_key=True)
    package_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    hours_before: Mapped[str] = mapped_column(server_default="")
    hours_after: Mapped[str] = mapped_column(server_default="")
    reason_code_before: Mapped[str]
    reason_facts_before: Mapped[str]


# ---------------------------------------------------------------- ways


class TransportAreaRow(Base):
    """Villages joined by land, apart from the rest of the regency: an island, a valley behind one pass."""

    __tablename__ = "transport_area"
    __table_args__ = (
        sa.Index("uq_transport_area_name", "regency_code", "name", unique=True, sqlite_where=_LIVES,
                 postgresql_where=_LIVES),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    name: Mapped[str]
    means: Mapped[Means] = state_column(Means, "means")
    """How goods come there from outside."""
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    made_by_name: Mapped[str]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None]
    removed_by_name: Mapped[str | None]


class TransportAreaVillage(Base):
    """A village lies in at most one transport area: the key itself says so."""

    __tablename__ = "transport_area_village"

    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"), primary_key=True)
    area_id: Mapped[UUID] = mapped_column(sa.ForeignKey("transport_area.id"), index=True)


class ClosedWayRow(Base):
    """A way between a warehouse and an area that is closed from a day on, until a day or until somebody opens it."""

    __tablename__ = "closed_way"
    __table_args__ = (
        sa.CheckConstraint("to_on IS NULL OR to_on >= from_on", name="days"),
        sa.Index(None, "regency_code", "from_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    warehouse_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    area_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("transport_area.id"))
    """None: the rest of the regency."""
    means: Mapped[Means] = state_column(Means, "means")
    """What is closed: by road, by boat, or both."""
    reason: Mapped[str]
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    """The last day on which it is closed, where that is known."""
    closed_at: Mapped[datetime]
    closed_by: Mapped[str]
    closed_by_name: Mapped[str]
    opened_at: Mapped[datetime | None]
    """When somebody said that it is open again, or that it never was closed."""
    opened_by: Mapped[str | None]
    opened_by_name: Mapped[str | None]


class SaidDistanceRow(Base):
    """How far people who know the way say that it is from a village to a post; what is said later ends it."""

    __tablename__ = "said_distance"
    __table_args__ = (
        sa.Index("uq_said_distance", "village_code", "post_id", unique=True, sqlite_where=_HOLDS,
                 postgresql_where=_HOLDS),
        sa.CheckConstraint("metres IS NULL OR metres BETWEEN 0 AND 2000000", name="metres"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"))
    post_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"), index=True)
    metres: Mapped[int | None]
    """None: there is no way."""
    source: Mapped[str]
    """Who says so."""
    said_at: Mapped[datetime]
    said_by: Mapped[str]
    said_by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_by_name: Mapped[str | None]


class DetourRow(Base):
    """By how much a road is longer than the straight line, office-wide or in an area; the newest one holds."""

    __tablename__ = "detour"
    __table_args__ = (whole("permille", least=1000, most=10_000), sa.Index(None, "regency_code"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    area_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("transport_area.id"))
    permille: Mapped[int]
    source: Mapped[str]
    set_at: Mapped[datetime]
    set_by: Mapped[str]
    set_by_name: Mapped[str]


class PlanChange(Base):
    """What a revision does to one package, and why; what stays as it is has no row."""

    __tablename__ = "plan_change"

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    package_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    kind: Mapped[ChangeKind] = state_column(ChangeKind, "kind")
    village_code: Mapped[str]
    before_state: Mapped[PackageState | None] = state_column(PackageState, "before_state")
    """As the revision found it; None for a package that comes with it."""
    before_post_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("place.id"))
    before_on: Mapped[date | None]
    before_hours: Mapped[str] = mapped_column(server_default="")
    """As ``package.hours``."""
    post_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("place.id"))
    serve_on: Mapped[date | None]
    hours: Mapped[str] = mapped_column(server_default="")
    rank: Mapped[int]
    reason_code: Mapped[str]
    reason_facts: Mapped[str]
    """The sentence that the package will bear, as ``package.reason_facts``."""
    why_code: Mapped[str]
    why_facts: Mapped[str]
    """The sentence that says why it changes: JSON object of plain facts, no person's name or number."""
    people: Mapped[str | None]
    """Who lives there as this was worked out, JSON object of the package's counts; None where nothing is worked out."""


class PlanChangeLine(Base):
    """One item of a changed package, before and after. A package that comes with the revision has its own lines."""

    __tablename__ = "plan_change_line"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["plan_id", "package_id"], ["plan_change.plan_id", "plan_change.package_id"], ondelete="CASCADE",
            name="fk_plan_change_line_plan_change",
        ),
        whole("before_milli"),
        whole("exact_milli"),
        whole("quantity_milli"),
        whole("left_milli"),
        whole("ahead_milli"),
        {"sqlite_with_rowid": False},
    )  # fmt: skip

    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    package_id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
    before_milli: Mapped[Big]
    """What the package held of it; 0 where it lacked the line, or waited."""
    exact_milli: Mapped[Big]
    quantity_milli: Mapped[Big]
    """What it needs of it from now on; 0 where it needs none any more."""
    is_once: Mapped[bool]
    is_given: Mapped[bool]
    """It gets the line."""
    is_lacking: Mapped[bool]
    """The line was not there at its turn; with neither, it waits for the others."""
    left_milli: Mapped[Big]
    ahead_milli: Mapped[Big]
    last_rank: Mapped[int | None]
    """As on ``package_lack``."""


class PlanOptimum(Base):
    """How far a fitted plan's strict order is from the most that the same stock could do, as ``optimum`` says it."""

    __tablename__ = "plan_optimum"
    __table_args__ = (
        whole("runs", least=1),
        whole("strict_households"),
        whole("strict_persons"),
        whole("tier_households"),
        whole("tier_persons"),
        whole("most_persons"),
        whole("overtaken"),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    runs: Mapped[int]
    """Of how many of the plan's runs, added up; worked out again when there are others."""
    inputs_sha256: Mapped[str]
    """Of the last of them."""
    strict_households: Mapped[Big]
    strict_persons: Mapped[Big]
    tier_households: Mapped[Big]
    tier_persons: Mapped[Big]
    most_persons: Mapped[Big]
    overtaken: Mapped[Big]
    is_proved: Mapped[bool]
    worked_out_at: Mapped[datetime]


frozen_but(PriorityRule.__table__, "state", "approved_by", "approved_by_name", "approved_at", "retired_at")
append_only(PriorityRuleItem.__table__)
append_only(DetourRow.__table__)
frozen_but(TransportAreaRow.__table__, "name", "means", "removed_at", "removed_by", "removed_by_name")
frozen_but(ClosedWayRow.__table__, "to_on", "opened_at", "opened_by", "opened_by_name")
frozen_but(SaidDistanceRow.__table__, "ended_at", "ended_by", "ended_by_name")
