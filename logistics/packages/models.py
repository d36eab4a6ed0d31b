"""Package standards, rounds, packages and their lines."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, append_only, state_column, whole
from logistics.packages.rules import Basis
from logistics.packages.states import AgainReason, PackageState, RoundState, StandardPurpose, StandardState

REST, REST_VOID = "package.rest", "package.rest_void"
"""Why a supplementary package is there; and that the handover it was the rest of was declared void."""
_FOR_ONE = sa.text("household_id IS NOT NULL AND withdrawn_at IS NULL")
_FOR_ALL = sa.text("household_id IS NULL AND withdrawn_at IS NULL")
_OPEN = sa.text("state IN ('waiting', 'planned', 'reserved', 'loaded')")


class PackageSeries(Base):
    """The last number given to a package, by office and year."""

    __tablename__ = "package_series"

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_no: Mapped[int]


class PackageStandard(Base):
    """One version of what a household gets; an approved version never changes again."""

    __tablename__ = "package_standard"
    __table_args__ = (sa.UniqueConstraint("regency_code", "code", "version"), whole("days", least=1, most=31))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    code: Mapped[str]
    version: Mapped[int]
    purpose: Mapped[StandardPurpose] = state_column(StandardPurpose, "purpose")
    name_id: Mapped[str]
    name_en: Mapped[str]
    days: Mapped[int]
    state: Mapped[StandardState] = state_column(StandardState)
    legal_source: Mapped[str]
    created_by: Mapped[str]
    created_by_name: Mapped[str]
    created_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_by_name: Mapped[str | None]
    approved_on: Mapped[date | None]


class PackageStandardLine(Base):
    """One rule: ``rate_milli`` for every ``per_n`` of the basis (and day), on the days from..to of the incident.

    An item may have several lines (a blanket each, and one more per infant): they are added, then rounded up once to
    ``round_step_milli``, which is the same on all lines of one item.
    """

    __tablename__ = "package_standard_line"
    __table_args__ = (
        sa.UniqueConstraint("standard_id", "position"),
        whole("rate_milli", least=1),
        whole("per_n", least=1, most=10_000),
        whole("round_step_milli", least=1),
        whole("from_day", least=1, most=366),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    standard_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package_standard.id"), index=True)
    position: Mapped[int]
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), index=True)
    basis: Mapped[Basis] = state_column(Basis, "basis")
    is_daily: Mapped[bool]
    rate_milli: Mapped[Big]
    per_n: Mapped[int]
    condition: Mapped[Basis | None] = state_column(Basis, "condition", nullable=True)
    condition_least: Mapped[int]
    from_day: Mapped[int]
    to_day: Mapped[int | None]
    round_step_milli: Mapped[Big]
    is_once: Mapped[bool]
    """Durable: given once per incident, not again in the next week."""
    source_id: Mapped[str]
    source_en: Mapped[str]


class PackageStandardPack(Base):
    """A pack in which a version hands an item over; several of one item may be mixed.

    The size is a copy of the catalogue: a pack there may change later, an approved version may not.
    """

    __tablename__ = "package_standard_pack"
    __table_args__ = (whole("quantity_milli", least=1),)

    standard_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package_standard.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    quantity_milli: Mapped[Big]


append_only(PackageStandardPack.__table__)


class DurableAgain(Base):
    """A person decided that durables given in one event are given again in another of the same days.

    To one household, or to everybody (no household). Until then they are given once; a decision can be withdrawn.
    """

    __tablename__ = "durable_again"
    __table_args__ = (
        sa.Index(
            "uq_durable_again_household", "incident_id", "other_incident_id", "household_id", unique=True,
            sqlite_where=_FOR_ONE, postgresql_where=_FOR_ONE,
        ),
        sa.Index(
            "uq_durable_again_everybody", "incident_id", "other_incident_id", unique=True, sqlite_where=_FOR_ALL,
            postgresql_where=_FOR_ALL,
        ),
        sa.CheckConstraint("incident_id <> other_incident_id", name="two_events"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    # The type is written out, as in a round's.
    incident_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("incident.id"))
    other_incident_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("incident.id"), index=True)
    household_id: Mapped[UUID | None] = mapped_column(sa.Uuid, sa.ForeignKey("household.id"), index=True)
    reason: Mapped[AgainReason] = state_column(AgainReason, "reason")
    decided_by: Mapped[str]
    decided_by_name: Mapped[str]
    decided_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None]
    withdrawn_by_name: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]


class Round(Base):
    """One week's distribution of an incident, or the distribution of one term of a programme."""

    __tablename__ = "round"
    __table_args__ = (
        sa.UniqueConstraint("incident_id", "no"),
        sa.UniqueConstraint("term_id", "no"),
        sa.CheckConstraint("(incident_id IS NULL) <> (term_id IS NULL)", name="occasion"),
        sa.CheckConstraint("last_on >= first_on", name="period"),
        whole("first_day", least=1, most=1000),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    # The type is written out: a statement made at import would take the foreign key's, which is not known yet.
    incident_id: Mapped[UUID | None] = mapped_column(sa.Uuid, sa.ForeignKey("incident.id"), index=True)
    term_id: Mapped[UUID | None] = mapped_column(sa.Uuid, sa.ForeignKey("term.id"), index=True)
    no: Mapped[int]
    first_on: Mapped[date]
    last_on: Mapped[date]
    first_day: Mapped[int]
    """Which day of the response ``first_on`` is (1 in the first week), for staged rates."""
    standard_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package_standard.id"), index=True)
    state: Mapped[RoundState] = state_column(RoundState)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_by_name: Mapped[str | None]
    approved_at: Mapped[datetime | None]


class Package(Base):
    """What one beneficiary gets in one round; its id follows from both, so that work done twice makes one.

    The composition is a copy from the day of planning: the arithmetic can be shown again for ever.
    """

    __tablename__ = "package"
    __table_args__ = (
        sa.Index(
            "uq_package_open", "round_id", "beneficiary_kind", "beneficiary_id", "standard_id",
            unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN,
        ),
        sa.UniqueConstraint("regency_code", "code"),
        sa.UniqueConstraint("public_ref"),
        sa.Index(None, "round_id", "post_id", "serve_on"),
        sa.Index(None, "beneficiary_kind", "beneficiary_id"),
        sa.Index(None, "household_id"),
        sa.CheckConstraint("state = 'waiting' OR state = 'cancelled' OR (post_id IS NOT NULL AND serve_on IS NOT NULL)",
                           name="placed"),
        whole("persons", most=1000),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"))
    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan.id"), index=True)
    beneficiary_kind: Mapped[str]
    beneficiary_id: Mapped[UUID]
    household_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("household.id"))
    """Where the beneficiary lives: itself, or the household of the person or card."""
    standard_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package_standard.id"), index=True)
    no: Mapped[int]
    """1; higher for a supplementary package (the rest of a partial handover)."""
    supplements_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("package.id"), index=True)
    code: Mapped[str]
    public_ref: Mapped[bytes | None]
    state: Mapped[PackageState] = state_column(PackageState)
    post_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("place.id"), index=True)
    serve_on: Mapped[date | None]
    hours: Mapped[str] = mapped_column(server_default="")
    """What it was promised: ``08:00-10:00``, whatever the post tells since; empty where it told no hours."""
    village_code: Mapped[str]
    rank: Mapped[int]
    """Place in the plan's declared order, 1 first."""
    reason_code: Mapped[str]
    reason_facts: Mapped[str]
    """JSON object of plain facts for the sentence; no person's name or number."""
    persons: Mapped[int]
    adults: Mapped[int]
    children: Mapped[int]
    infants: Mapped[int]
    elderly: Mapped[int]
    women: Mapped[int]
    pregnant: Mapped[int]
    nursing: Mapped[int]
    disabled: Mapped[int]
    created_at: Mapped[datetime]


class PackageLine(Base):
    """One item of a package: the exact need, and what is handed over after rounding up once."""

    __tablename__ = "package_line"
    __table_args__ = (
        whole("exact_milli"),
        whole("quantity_milli"),
        sa.CheckConstraint("quantity_milli >= exact_milli", name="rounded_up"),
        # Half a million rows in one plan: on SQLite the key is the table, not a second tree beside it.
        {"sqlite_with_rowid": False},
    )

    package_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
    exact_milli: Mapped[Big]
    quantity_milli: Mapped[Big]
    is_once: Mapped[bool]


class PackageBefore(Base):
    """How a package of an approved plan waited before a draft planned it anew; it is there as long as the draft."""

    __tablename__ = "package_before"

    package_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan.id"), index=True)
    """The approved plan."""
    household_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("household.id"), index=True)
    told: Mapped[str]
    """JSON object: village, rank, reason and counts of people, as the package's columns."""
    lines: Mapped[str]
    lacks: Mapped[str]
    """JSON lists, as ``package_line`` and ``package_lack``."""


class PackageLack(Base):
    """A line that was not there at the household's turn, and why.

    Of a package that waits, its lines hold the whole need and these say what stood in the way. Of one that goes out in
    part, its lines hold what it gets and these the rest, which stays due.
    """

    __tablename__ = "package_lack"
    __table_args__ = (
        whole("exact_milli"),
        whole("quantity_milli", least=1),
        whole("left_milli"),
        whole("ahead_milli"),
        sa.CheckConstraint("quantity_milli >= exact_milli", name="rounded_up"),
        {"sqlite_with_rowid": False},
    )

    package_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
    exact_milli: Mapped[Big]
    quantity_milli: Mapped[Big]
    is_once: Mapped[bool]
    left_milli: Mapped[Big]
    """What could still be brought to it; as much as ``quantity_milli`` where the rule lets it wait for the others."""
    ahead_milli: Mapped[Big]
    """What those before it lack of the item."""
    last_rank: Mapped[int | None]
    """The last one before it whose line was there."""
