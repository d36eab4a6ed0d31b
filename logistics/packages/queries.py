"""Rounds and packages as others see them; nothing here names a person."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import Fact, NotFound
from core.i18n import say
from core.measures import Milli, Period
from core.permissions import Reach
from core.work import Tx
from logistics.packages.lacks import LackView, is_planned, lacks_of, supplemented
from logistics.packages.models import (
    REST,
    REST_VOID,
    Package,
    PackageLack,
    PackageLine,
    PackageStandard,
    PackageStandardLine,
    Round,
)
from logistics.packages.packing import PackCount
from logistics.packages.rules import Days, People, Step, need_of
from logistics.packages.sentences import handed_in_packs, reason_sentence, rounding_sentence, step_sentence
from logistics.packages.standard_queries import standard_lines
from logistics.packages.states import OPEN_PACKAGE_STATES, PackageState, RoundState
from stock.items.queries import ItemFacts, item_facts, unstocked_ids
from stock.ledger.kinds import ReleaseCondition
from stock.ledger.rules import NO_CONDITION, UNDER_DECREE

HOUSEHOLD = "household"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    id: UUID
    incident_id: UUID | None
    """None for a term of a programme."""
    term_id: UUID | None
    no: int
    week: Period
    """The days of the distribution; up to seven for an incident."""
    first_day: int
    standard_id: UUID
    state: RoundState
    approved_by_name: str | None
    approved_at: datetime | None

    @property
    def days(self) -> Days:
        """The days of the response this week covers."""
        return Days(self.first_day, self.first_day + self.week.days - 1)

    @property
    def released(self) -> frozenset[ReleaseCondition]:
        """The release conditions of stock that hold for it: a week of an incident lies inside its decree's window."""
        return UNDER_DECREE if self.incident_id is not None else NO_CONDITION

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"round.state.{self.state.value}", lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageLineView:
    """One item of a package, with the arithmetic that gave it."""

    item_id: UUID
    item_code: str
    item_name_id: str
    item_name_en: str
    unit: str
    step_milli: Milli
    """In which the item moves."""
    exact_milli: Milli
    quantity_milli: Milli
    is_once: bool
    steps: tuple[Step, ...]
    """Empty for a supplementary package: its lines are what was left over."""
    packs: tuple[PackCount, ...] = ()
    """In which packs it is handed over; empty where the standard names none, or where it is only a part."""

    def name(self, lang: str) -> str:
        return self.item_name_en if lang == "en" else self.item_name_id

    def origin(self, lang: str) -> tuple[str, ...]:
        """Say where the figure comes from: a sentence per step, one for the rounding, one for the packs."""
        return (
            *(step_sentence(step, self.unit, lang) for step in self.steps),
            rounding_sentence(self.exact_milli, self.quantity_milli, self.unit, lang),
            *([handed_in_packs(self.packs, self.unit, lang)] if self.packs else []),
        )

    def sources(self, lang: str) -> tuple[str, ...]:
        """Name the sources of the rates, each once."""
        return tuple(dict.fromkeys(step.source_en if lang == "en" else step.source_id for step in self.steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRow:
    """A package in a list."""

    id: UUID
    round_id: UUID
    plan_id: UUID
    code: str
    beneficiary_kind: str
    beneficiary_id: UUID
    household_id: UUID
    """Where the beneficiary lives; itself where the household is the beneficiary."""
    standard_id: UUID
    no: int
    """1; higher for a supplementary package."""
    village_code: str
    persons: int
    state: PackageState
    post_id: UUID | None
    serve_on: date | None
    hours: str
    """``08:00-10:00``, as they were promised; empty where the post told none."""
    rank: int
    reason_code: str
    reason_facts: Mapping[str, Fact]
    created_at: datetime

    def reason(self, lang: str) -> str:
        """Say in one sentence why this post and day, or why it waits."""
        return reason_sentence(self.reason_code, self.reason_facts, lang)

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"package.state.{self.state.value}", lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageView:
    """One package with everything in it."""

    row: PackageRow
    round: RoundView
    incident_id: UUID | None
    plan_id: UUID
    public_ref: bytes | None
    supplements_id: UUID | None
    people: People
    standard_name_id: str
    standard_name_en: str
    standard_version: int
    standard_approved_by: str | None
    standard_approved_on: date | None
    lines: tuple[PackageLineView, ...]
    lacks: tuple[LackView, ...]
    """What it lacked at its turn: of a package that waits among its lines, else beside them."""
    given_before: tuple[ItemFacts, ...]
    """Durables the standard names that this household has had already."""

    def notes(self, lang: str) -> tuple[str, ...]:
        """Say what is left out of the package, and why."""
        return tuple(say("package.given_before", lang, {"item": one.name(lang)}) for one in self.given_before)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePage:
    rows: tuple[PackageRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageContent:
    """A package with its quantities alone: for lists of hundreds."""

    row: PackageRow
    lines: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What a supplementary package holds of the package it completes, in thousandths by item."""

    package_id: UUID
    code: str
    of_id: UUID
    quantities: Mapping[UUID, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StripCell:
    """One post on one day: how many households stand in which state."""

    post_id: UUID
    serve_on: date
    planned: int
    reserved: int
    loaded: int
    served: int
    persons: int

    @property
    def households(self) -> int:
        return self.planned + self.reserved + self.loaded + self.served


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCounts:
    """A round in figures: households by state, and persons."""

    waiting: int
    planned: int
    reserved: int
    loaded: int
    served: int
    persons: int
    """Of all these, the waiting included."""

    @property
    def households(self) -> int:
        return self.waiting + self.planned + self.reserved + self.loaded + self.served


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCounts:
    waiting: int
    planned: int
    """With a post and day, whatever has become of the package since."""
    last_rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSum:
    """What leaves together: one item for a post on a day."""

    post_id: UUID
    serve_on: date
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenDurable:
    """A durable that a household has been given, or is about to be, in an event."""

    beneficiary_id: UUID
    item_id: UUID
    incident_id: UUID


# ---------------------------------------------------------------- rounds


_ROUND_FIELDS = (
    Round.id, Round.incident_id, Round.term_id, Round.no, Round.first_on, Round.last_on, Round.first_day,
    Round.standard_id, Round.state, Round.approved_by_name, Round.approved_at,
)  # fmt: skip
_ROUND = sa.select(*_ROUND_FIELDS).where(
    Round.id == sa.bindparam("round"), Round.regency_code == sa.bindparam("regency")
)


def round_by_id(tx: Tx, round_id: UUID) -> RoundView:
    """Raises: NotFound, also for another office's round."""
    row = tx.session.execute(_ROUND, {"round": round_id, "regency": tx.regency_code}).first()
    if row is None:
        raise NotFound("round.not_found")
    return _round_view(row)


def opened_at(tx: Tx, round_id: UUID) -> datetime:
    """Tell when a round was opened. Raises: NotFound, also for another office's round."""
    found: datetime | None = tx.session.scalar(
        sa.select(Round.created_at).where(Round.id == round_id, Round.regency_code == tx.regency_code)
    )
    if found is None:
        raise NotFound("round.not_found")
    return found


def rounds_of(tx: Tx, incident_id: UUID) -> tuple[RoundView, ...]:
    """Give the weeks of an incident, first to last, cancelled ones too."""
    rows = tx.session.scalars(
        sa.select(Round)
        .where(Round.regency_code == tx.regency_code, Round.incident_id == incident_id)
        .order_by(Round.first_on, Round.no)
        .execution_options(populate_existing=True)
    )
    return tuple(_round_view(row) for row in rows)


def response_days(tx: Tx, incident_id: UUID, week: Period) -> Days:
    """Tell which days of the response a week that is not opened yet would be: the first round's first day is day 1."""
    begun = [one.week.first_on for one in rounds_of(tx, incident_id) if one.state is not RoundState.CANCELLED]
    first = (week.first_on - min(begun)).days + 1 if begun else 1
    return Days(first, first + week.days - 1)


def round_of_term(tx: Tx, term_id: UUID) -> RoundView | None:
    """Give the distribution of a term; None before there is one, or when it was cancelled."""
    row = tx.session.execute(
        sa.select(*_ROUND_FIELDS).where(
            Round.regency_code == tx.regency_code, Round.term_id == term_id, Round.state != RoundState.CANCELLED
        )
    ).first()
    return _round_view(row) if row is not None else None


def rounds_with_reserved(tx: Tx, *, last_before: date) -> tuple[RoundView, ...]:
    """Give the office's rounds that ended before a day and still hold packages that count as reserved."""
    waiting = sa.exists().where(Package.round_id == Round.id, Package.state == PackageState.RESERVED)
    rows = tx.session.execute(
        sa.select(*_ROUND_FIELDS)
        .where(Round.regency_code == tx.regency_code, Round.last_on < last_before, waiting)
        .order_by(Round.id)
    )
    return tuple(_round_view(row) for row in rows)


def approved_rounds(tx: Tx) -> tuple[RoundView, ...]:
    """Give the office's rounds that are being handed out, of incidents and terms, the newest first."""
    rows = tx.session.execute(
        sa.select(*_ROUND_FIELDS)
        .where(Round.regency_code == tx.regency_code, Round.state == RoundState.APPROVED)
        .order_by(Round.first_on.desc(), Round.id)
    )
    return tuple(_round_view(row) for row in rows)


def _round_view(row: Round | sa.Row[*tuple[Any, ...]]) -> RoundView:
    return RoundView(
        id=row.id, incident_id=row.incident_id, term_id=row.term_id, no=row.no, week=Period(row.first_on, row.last_on),
        first_day=row.first_day, standard_id=row.standard_id, state=row.state,
        approved_by_name=row.approved_by_name, approved_at=row.approved_at,
    )  # fmt: skip


def counts_of(tx: Tx, round_id: UUID) -> RoundCounts:
    """Count a round's households by state."""
    rows = {
        row.state: row
        for row in tx.session.execute(
            sa.select(Package.state, sa.func.count().label("households"), sa.func.sum(Package.persons).label("persons"))
            .where(Package.round_id == round_id, Package.state != PackageState.CANCELLED, _IS_WHOLE)
            .group_by(Package.state)
        )
    }
    by = {state: row.households for state, row in rows.items()}
    return RoundCounts(
        waiting=by.get(PackageState.WAITING, 0), planned=by.get(PackageState.PLANNED, 0),
        reserved=by.get(PackageState.RESERVED, 0), loaded=by.get(PackageState.LOADED, 0),
        served=by.get(PackageState.HANDED_OVER, 0), persons=sum(int(row.persons) for row in rows.values()),
    )  # fmt: skip


def ids_in_plan(plan_id: UUID) -> sa.Select[UUID]:
    """Ask for the packages of a plan."""
    return sa.select(Package.id).where(Package.plan_id == plan_id)


def counts_of_plan(tx: Tx, plan_id: UUID) -> PlanCounts:
    """Count a plan's households, and tell the last rank it has given."""
    row = tx.session.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(sa.case((Package.state == PackageState.WAITING, 1), else_=0)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((Package.state.in_(_PLACED), 1), else_=0)), 0),
            sa.func.coalesce(sa.func.max(Package.rank), 0),
        ).where(Package.plan_id == plan_id, _IS_WHOLE)
    ).one()
    return PlanCounts(waiting=int(row[0]), planned=int(row[1]), last_rank=int(row[2]))


def strip_of(
    tx: Tx, round_id: UUID, *, post_id: UUID | None = None, but_plan_id: UUID | None = None
) -> tuple[StripCell, ...]:  # fmt: skip
    """Give the day strip: every post and day that serves somebody, by day, then post; ``but_plan_id`` is left out."""
    query = (
        sa.select(
            Package.post_id, Package.serve_on, Package.state,
            sa.func.count().label("households"), sa.func.sum(Package.persons).label("persons"),
        )
        .where(
            Package.round_id == round_id, Package.post_id.is_not(None),
            Package.state.in_(_PLACED), is_planned(),
        )
        .group_by(Package.post_id, Package.serve_on, Package.state)
    )  # fmt: skip
    if post_id is not None:
        query = query.where(Package.post_id == post_id)
    if but_plan_id is not None:
        query = query.where(Package.plan_id != but_plan_id)
    cells: dict[tuple[date, UUID], dict[PackageState, int]] = defaultdict(dict)
    persons: dict[tuple[date, UUID], int] = defaultdict(int)
    for row in tx.session.execute(query):
        key = (row.serve_on, row.post_id)
        cells[key][row.state] = row.households
        persons[key] += int(row.persons)
    return tuple(
        StripCell(
            post_id=key[1], serve_on=key[0],
            planned=by.get(PackageState.PLANNED, 0), reserved=by.get(PackageState.RESERVED, 0),
            loaded=by.get(PackageState.LOADED, 0), served=by.get(PackageState.HANDED_OVER, 0),
            persons=persons[key],
        )
        for key, by in sorted(cells.items())
    )  # fmt: skip


_PLACED = (PackageState.PLANNED, PackageState.RESERVED, PackageState.LOADED, PackageState.HANDED_OVER)
_PROMISED = (PackageState.RESERVED, PackageState.LOADED, PackageState.HANDED_OVER)
_IS_WHOLE = Package.supplements_id.is_(None)
"""The rest of a partial handover stands in the first package's figures already: households and goods count once."""


def _item_order(tx: Tx, round_id: UUID) -> tuple[UUID, ...]:
    rows = tx.session.scalars(
        sa.select(PackageStandardLine.item_id)
        .join(Round, Round.standard_id == PackageStandardLine.standard_id)
        .where(Round.id == round_id)
        .order_by(PackageStandardLine.position)
    )
    return tuple(dict.fromkeys(rows))


def group_sums(tx: Tx, plan_id: UUID, state: PackageState = PackageState.PLANNED) -> tuple[GroupSum, ...]:
    """Add up a plan's packages by post, day and item: what has to leave a warehouse together (no money). Sorted."""
    rows = tx.session.execute(
        sa.select(
            Package.post_id, Package.serve_on, PackageLine.item_id,
            sa.func.sum(PackageLine.quantity_milli).label("quantity"),
        )
        .join(PackageLine, Package.id == PackageLine.package_id)
        .where(
            Package.plan_id == plan_id, Package.state == state, Package.post_id.is_not(None),
            PackageLine.item_id.not_in(unstocked_ids(tx)),
        )
        .group_by(Package.post_id, Package.serve_on, PackageLine.item_id)
    )  # fmt: skip
    found = [
        GroupSum(
            post_id=row.post_id, serve_on=row.serve_on, item_id=row.item_id, quantity_milli=Milli(int(row.quantity))
        )
        for row in rows
        if row.quantity
    ]
    return tuple(sorted(found, key=lambda one: (one.serve_on, str(one.post_id), str(one.item_id))))


def first_day_of(tx: Tx, plan_id: UUID) -> date | None:
    """Give the first day on which a plan that waits for approval serves somebody; None when it serves nobody."""
    return tx.session.scalar(
        sa.select(sa.func.min(Package.serve_on)).where(
            Package.plan_id == plan_id, Package.state == PackageState.PLANNED
        )
    )


# ---------------------------------------------------------------- packages


def placed_in(
    tx: Tx, round_id: UUID, standard_id: UUID, kind: str = HOUSEHOLD, *, but_plan_id: UUID | None = None
) -> frozenset[UUID]:
    """Give who has a post and day in the round for this standard, or has been served; who waits is not among them."""
    query = sa.select(Package.beneficiary_id).where(
        Package.round_id == round_id, Package.standard_id == standard_id, Package.beneficiary_kind == kind,
        Package.state.in_(_PLACED),
    )  # fmt: skip
    if but_plan_id is not None:
        query = query.where(Package.plan_id != but_plan_id)
    return frozenset(tx.session.scalars(query))


def cancelled_in(tx: Tx, round_id: UUID, standard_id: UUID, kind: str = HOUSEHOLD) -> frozenset[UUID]:
    """Give whose package of this standard was taken out of the round."""
    return frozenset(
        tx.session.scalars(
            sa.select(Package.beneficiary_id).where(
                Package.round_id == round_id, Package.standard_id == standard_id, Package.beneficiary_kind == kind,
                Package.state == PackageState.CANCELLED, _IS_WHOLE,
            )
        )
    )  # fmt: skip


def durables_given(
    tx: Tx, incident_ids: Collection[UUID], *, but_plan_id: UUID | None = None, kind: str = HOUSEHOLD
) -> tuple[GivenDurable, ...]:
    """Give the durables that packages of these incidents hold or have handed over; waiting packages promise nothing."""
    query = (
        sa.select(Package.beneficiary_id, PackageLine.item_id, Round.incident_id)
        .join(PackageLine, PackageLine.package_id == Package.id)
        .join(Round, Round.id == Package.round_id)
        .where(
            Round.regency_code == tx.regency_code, Round.incident_id.in_(incident_ids),
            Package.beneficiary_kind == kind,
            Package.state.in_(_PLACED), PackageLine.is_once, PackageLine.quantity_milli > 0,
        )
        .distinct()
    )  # fmt: skip
    if but_plan_id is not None:
        query = query.where(Package.plan_id != but_plan_id)
    return tuple(
        GivenDurable(beneficiary_id=one, item_id=item, incident_id=where)
        for one, item, where in tx.session.execute(query) if where is not None
    )  # fmt: skip


def has_open_packages_at(tx: Tx, post_id: UUID) -> bool:
    """Tell whether any household still waits for its package at this place."""
    return bool(
        tx.session.scalar(
            sa.select(sa.literal(1))
            .where(
                Package.post_id == post_id, Package.regency_code == tx.regency_code,
                Package.state.in_((PackageState.PLANNED, PackageState.RESERVED, PackageState.LOADED)),
            )
            .limit(1)
        )
    )  # fmt: skip


def packages(
    tx: Tx,
    round_id: UUID,
    *,
    post_id: UUID | None = None,
    serve_on: date | None = None,
    states: Collection[PackageState] = (),
    village_code: str = "",
    is_in_part: bool = False,
    reach: Reach | None = None,
    limit: int = 50,
    offset: int = 0,
) -> PackagePage:
    """List a round's packages in the order in which they are served: by day, post, rank.

    ``is_in_part``: only those that go out without a line that is still due.
    """
    where = [Package.round_id == round_id, Package.regency_code == tx.regency_code]
    if post_id is not None:
        where.append(Package.post_id == post_id)
    if serve_on is not None:
        where.append(Package.serve_on == serve_on)
    where.append(Package.state.in_(states) if states else Package.state != PackageState.CANCELLED)
    if village_code:
        where.append(Package.village_code == village_code)
    if is_in_part:
        due = sa.exists().where(PackageLack.package_id == Package.id, sa.not_(supplemented()))
        where += [Package.state != PackageState.WAITING, due]
    if reach is not None and not reach.is_all:
        where.append(_within(reach))
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(Package).where(*where)) or 0
    rows = tx.session.execute(
        _rows().where(*where)
        .order_by(Package.serve_on.is_(None), Package.serve_on, Package.post_id, Package.rank, Package.code)
        .limit(limit).offset(offset)
    )  # fmt: skip
    return PackagePage(rows=tuple(_row(row) for row in rows), total=total)


def contents_at(tx: Tx, round_id: UUID, post_id: UUID, serve_on: date) -> tuple[PackageContent, ...]:
    """Give everything a post hands out on a day, package by package, by rank: for lists and for phones."""
    where = (
        Package.round_id == round_id, Package.post_id == post_id, Package.serve_on == serve_on,
        Package.state.in_(_PLACED), Package.regency_code == tx.regency_code,
    )  # fmt: skip
    lines: dict[UUID, list[Quantity]] = defaultdict(list)
    for package_id, item_id, quantity in tx.session.execute(
        sa.select(PackageLine.package_id, PackageLine.item_id, PackageLine.quantity_milli)
        .join(Package, Package.id == PackageLine.package_id)
        .where(*where)
    ):
        lines[package_id].append(Quantity(item_id=item_id, quantity_milli=Milli(quantity)))
    order = {item_id: place for place, item_id in enumerate(_item_order(tx, round_id))}
    rows = tx.session.execute(_rows().where(*where).order_by(Package.rank, Package.code))
    return tuple(
        PackageContent(
            row=_row(row),
            lines=tuple(sorted(lines[row.id], key=lambda one: (order.get(one.item_id, 999), str(one.item_id)))),
        )
        for row in rows
    )


def package(tx: Tx, package_id: UUID, reach: Reach | None = None) -> PackageView:
    """Give one package with its arithmetic. Raises: NotFound, also outside the reach."""
    found = tx.session.execute(_PACKAGE, {"package": package_id, "regency": tx.regency_code}).first()
    if found is None:
        raise NotFound("package.not_found")
    if reach is not None and not (reach.has_village(found.village_code) or reach.has_place(found.post_id)):
        raise NotFound("package.not_found")
    return _package_view(tx, found)


def find_package(tx: Tx, code: str, reach: Reach | None = None) -> PackageView:
    """Give the package of a code people read. Raises: NotFound."""
    package_id = tx.session.scalar(
        sa.select(Package.id).where(Package.regency_code == tx.regency_code, Package.code == code.strip().upper())
    )
    if package_id is None:
        raise NotFound("package.not_found")
    return package(tx, package_id, reach)


def find_package_by_ref(tx: Tx, public_ref: bytes, reach: Reach | None = None) -> PackageView:
    """Give the package of the reference in a QR. Raises: NotFound."""
    package_id = tx.session.scalar(
        sa.select(Package.id).where(Package.regency_code == tx.regency_code, Package.public_ref == public_ref)
    )
    if package_id is None:
        raise NotFound("package.not_found")
    return package(tx, package_id, reach)


def package_rows(tx: Tx, package_ids: Collection[UUID]) -> tuple[PackageRow, ...]:
    """Give these packages of the office, as a list shows them; unknown ids are left out."""
    rows: list[PackageRow] = []
    wanted = sorted(package_ids)
    for start in range(0, len(wanted), 500):
        some = Package.id.in_(wanted[start : start + 500])
        rows += (_row(row) for row in tx.session.execute(_rows().where(some, Package.regency_code == tx.regency_code)))
    return tuple(rows)


def packages_of(tx: Tx, household_ids: Collection[UUID], *, round_id: UUID | None = None) -> tuple[PackageRow, ...]:
    """Give the packages of these households and their people, newest round first, cancelled ones too."""
    rows: list[PackageRow] = []
    wanted = sorted(household_ids)
    for start in range(0, len(wanted), 500):
        query = (
            _rows()
            .join(Round, Round.id == Package.round_id)
            .where(
                Package.regency_code == tx.regency_code, Package.household_id.in_(wanted[start : start + 500]),
            )
            .order_by(Round.first_on.desc(), Package.code)
        )  # fmt: skip
        if round_id is not None:
            query = query.where(Package.round_id == round_id)
        rows.extend(_row(row) for row in tx.session.execute(query))
    return tuple(rows)


def household_stages(incident_id: UUID) -> sa.Subquery:
    """Give ``household_id`` and ``stage`` of an incident's packages, as a part of others' statements.

    Each household once, at its furthest: 1 reserved, 2 loaded, 3 handed over; those not so far are left out.
    """
    stage = sa.case(
        (Package.state == PackageState.RESERVED, 1), (Package.state == PackageState.LOADED, 2),
        (Package.state == PackageState.HANDED_OVER, 3),
    )  # fmt: skip
    reached = (PackageState.RESERVED, PackageState.LOADED, PackageState.HANDED_OVER)
    query = (
        sa.select(Package.household_id, sa.func.max(stage).label("stage"))
        .join(Round, Round.id == Package.round_id)
        .where(Round.incident_id == incident_id, Package.state.in_(reached), Package.household_id.is_not(None))
        .group_by(Package.household_id)
    )
    return query.subquery("stages")


def rest_of(tx: Tx, package_id: UUID) -> PackageRow | None:
    """Give the supplementary package that holds the rest of this one, unless it was cancelled; None without one."""
    found = tx.session.execute(
        _rows().where(
            Package.supplements_id == package_id, Package.regency_code == tx.regency_code,
            Package.state != PackageState.CANCELLED, sa.not_(is_planned()),
        )
    ).first()  # fmt: skip
    return _row(found) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeneficiaryState:
    """Where one beneficiary of a round stands."""

    package_id: UUID
    code: str
    kind: str
    beneficiary_id: UUID
    village_code: str
    state: PackageState
    has_open_rest: bool
    """The package was handed over in part and what was left over is still due."""


def states_of(tx: Tx, round_id: UUID) -> tuple[BeneficiaryState, ...]:
    """Give the state of every beneficiary's package of a round, cancelled ones too, each beneficiary once."""
    open_rests = {
        (row.beneficiary_kind, row.beneficiary_id)
        for row in tx.session.execute(
            sa.select(Package.beneficiary_kind, Package.beneficiary_id).where(
                Package.round_id == round_id, Package.supplements_id.is_not(None),
                Package.state.in_(OPEN_PACKAGE_STATES),
            )
        )
    }  # fmt: skip
    rows = tx.session.execute(
        sa.select(
            Package.id,
            Package.code,
            Package.beneficiary_kind,
            Package.beneficiary_id,
            Package.village_code,
            Package.state,
        ).where(Package.round_id == round_id, Package.regency_code == tx.regency_code, _IS_WHOLE)
    )
    return tuple(
        BeneficiaryState(
            package_id=row.id, code=row.code, kind=row.beneficiary_kind, beneficiary_id=row.beneficiary_id,
            village_code=row.village_code, state=row.state,
            has_open_rest=(row.beneficiary_kind, row.beneficiary_id) in open_rests,
        )
        for row in rows
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When it is one beneficiary's turn: post, day, and the place in that day's order, 0 first."""

    package_id: UUID
    code: str
    beneficiary_kind: str
    beneficiary_id: UUID
    village_code: str
    state: PackageState
    post_id: UUID
    serve_on: date
    hours: str
    """``08:00-10:00``, as they were promised; empty where the post told none."""
    place: int
    public_ref: bytes | None


def turns_of(tx: Tx, round_id: UUID) -> tuple[Turn, ...]:
    """Give everybody of a round who has a post and a day, those who were served too, in the order of each day."""
    rows = tx.session.execute(
        sa.select(
            Package.id, Package.code, Package.beneficiary_kind, Package.beneficiary_id, Package.village_code,
            Package.state, Package.post_id, Package.serve_on, Package.hours, Package.public_ref,
        )
        .where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code, Package.state.in_(_PLACED),
            is_planned(),
        )
        .order_by(Package.post_id, Package.serve_on, Package.rank, Package.code)
    )  # fmt: skip
    seen: dict[tuple[UUID, date], int] = defaultdict(int)
    found = []
    for row in rows:
        key = (row.post_id, row.serve_on)
        found.append(
            Turn(
                package_id=row.id, code=row.code, beneficiary_kind=row.beneficiary_kind,
                beneficiary_id=row.beneficiary_id, village_code=row.village_code, state=row.state,
                post_id=row.post_id, serve_on=row.serve_on, hours=row.hours, place=seen[key],
                public_ref=row.public_ref,
            )
        )  # fmt: skip
        seen[key] += 1
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPackage:
    """What anybody who holds the paper may know of a package: where it stands, and whose office it is."""

    regency_code: str
    state: PackageState
    serve_on: date | None
    is_open: bool
    """It may still be handed over."""


def shown_by_ref(tx: Tx, public_ref: bytes) -> ShownPackage | None:
    """Find a package by the reference in an invitation's QR, in any office of this database; None when there is none.

    Nothing personal is told: no name, code or village.
    """
    row = tx.session.execute(
        sa.select(Package.regency_code, Package.state, Package.serve_on, Round.state.label("round_state"))
        .join(Round, Round.id == Package.round_id)
        .where(Package.public_ref == public_ref)
    ).first()
    if row is None:
        return None
    is_open = row.state in OPEN_PACKAGE_STATES and row.round_state is RoundState.APPROVED
    return ShownPackage(regency_code=row.regency_code, state=row.state, serve_on=row.serve_on, is_open=is_open)


def given_sums(tx: Tx, round_id: UUID) -> Mapping[UUID, Milli]:
    """Add up what was really handed over in a round, in thousandths by item.

    A package handed over in part counts without its rest, unless that was handed over too.
    """

    def sums(*where: sa.ColumnElement[bool]) -> dict[UUID, int]:
        rows = tx.session.execute(
            sa.select(PackageLine.item_id, sa.func.sum(PackageLine.quantity_milli).label("quantity"))
            .join(Package, Package.id == PackageLine.package_id)
            .where(Package.round_id == round_id, Package.regency_code == tx.regency_code, *where)
            .group_by(PackageLine.item_id)
        )
        return {row.item_id: int(row.quantity) for row in rows}

    due = sums(Package.state == PackageState.HANDED_OVER)
    left = sums(Package.supplements_id.is_not(None), Package.reason_code == REST)
    return {item_id: Milli(quantity - left.get(item_id, 0)) for item_id, quantity in due.items()}


def open_rest_sums(tx: Tx, round_id: UUID) -> Mapping[UUID, Milli]:
    """Add up what partial handovers of a round left over and is still due, in thousandths by item."""
    rows = tx.session.execute(
        sa.select(PackageLine.item_id, sa.func.sum(PackageLine.quantity_milli).label("quantity"))
        .join(Package, Package.id == PackageLine.package_id)
        .where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code,
            Package.supplements_id.is_not(None), Package.state.in_(OPEN_PACKAGE_STATES),
        )
        .group_by(PackageLine.item_id)
    )  # fmt: skip
    return {row.item_id: Milli(int(row.quantity)) for row in rows}


def rests(tx: Tx) -> tuple[Rest, ...]:
    """Give every rest of a partial handover that was not cancelled, with what it holds: for proofs."""
    lines: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    rows = tx.session.execute(
        sa.select(Package.id, Package.code, Package.supplements_id, PackageLine.item_id, PackageLine.quantity_milli)
        .join(PackageLine, PackageLine.package_id == Package.id)
        .where(
            Package.regency_code == tx.regency_code, Package.supplements_id.is_not(None),
            Package.state != PackageState.CANCELLED, sa.not_(is_planned()),
        )
    ).all()  # fmt: skip
    for row in rows:
        lines[row.id][row.item_id] = row.quantity_milli
    found = {row.id: (row.code, row.supplements_id) for row in rows}
    return tuple(
        Rest(package_id=one, code=code, of_id=of_id, quantities=lines[one]) for one, (code, of_id) in found.items()
    )


_FIELDS = (
    Package.id, Package.round_id, Package.plan_id, Package.code, Package.beneficiary_kind, Package.beneficiary_id,
    Package.household_id, Package.standard_id, Package.no, Package.village_code, Package.persons, Package.state,
    Package.post_id, Package.serve_on, Package.hours, Package.rank, Package.reason_code, Package.reason_facts,
    Package.created_at,
)  # fmt: skip


_PACKAGE = (
    sa.select(
        *_FIELDS, Package.public_ref, Package.supplements_id, Package.adults, Package.children,
        Package.infants, Package.elderly, Package.women, Package.pregnant, Package.nursing, Package.disabled,
        *(column.label(f"round_{column.key}") for column in _ROUND_FIELDS),
        PackageStandard.name_id, PackageStandard.name_en, PackageStandard.version,
        PackageStandard.approved_by_name.label("standard_approved_by_name"), PackageStandard.approved_on,
    )
    .join(Round, Round.id == Package.round_id)
    .join(PackageStandard, PackageStandard.id == Package.standard_id)
    .where(Package.id == sa.bindparam("package"), Package.regency_code == sa.bindparam("regency"))
)  # fmt: skip
_LINES = sa.select(
    PackageLine.item_id, PackageLine.exact_milli, PackageLine.quantity_milli, PackageLine.is_once
).where(PackageLine.package_id == sa.bindparam("package"))  # fmt: skip


def _rows() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*_FIELDS)


def _row(row: sa.Row[*tuple[Any, ...]]) -> PackageRow:
    values = {column.key: getattr(row, column.key) for column in _FIELDS}
    values["reason_facts"] = json.loads(values["reason_facts"])
    return PackageRow(**values)


def _within(reach: Reach) -> sa.ColumnElement[bool]:
    either: list[sa.ColumnElement[bool]] = [Package.post_id.in_(reach.place_ids)]
    for region in sorted(reach.regions):
        either += [Package.village_code == region, Package.village_code.startswith(f"{region}.", autoescape=True)]
    return sa.or_(*either)


def _package_view(tx: Tx, found: sa.Row[*tuple[Any, ...]]) -> PackageView:
    the_round = RoundView(
        id=found.round_id, incident_id=found.round_incident_id, term_id=found.round_term_id, no=found.round_no,
        week=Period(found.round_first_on, found.round_last_on), first_day=found.round_first_day,
        standard_id=found.round_standard_id, state=found.round_state, approved_by_name=found.round_approved_by_name,
        approved_at=found.round_approved_at,
    )  # fmt: skip
    people = People(
        persons=found.persons, adults=found.adults, children=found.children, infants=found.infants,
        elderly=found.elderly, women=found.women, pregnant=found.pregnant, nursing=found.nursing,
        disabled=found.disabled,
    )  # fmt: skip
    need = need_of(standard_lines(tx, found.standard_id), people, the_round.days)
    steps = {one.item_id: one.steps for one in need.items}
    packs = {(one.item_id, one.quantity_milli): one.packs for one in need.items}
    stored = {line.item_id: line for line in tx.session.execute(_LINES, {"package": found.id})}
    lacks = lacks_of(tx, [found.id])
    lacking = {one.item_id for one in lacks}
    catalogue = item_facts(tx, {*stored, *steps})
    is_rest = found.reason_code in (REST, REST_VOID)
    order = [*steps, *(item_id for item_id in stored if item_id not in steps)]
    return PackageView(
        row=_row(found), round=the_round, incident_id=the_round.incident_id, plan_id=found.plan_id,
        public_ref=found.public_ref, supplements_id=found.supplements_id, people=people,
        standard_name_id=found.name_id, standard_name_en=found.name_en, standard_version=found.version,
        standard_approved_by=found.standard_approved_by_name, standard_approved_on=found.approved_on,
        lines=tuple(
            PackageLineView(
                item_id=item_id, item_code=catalogue[item_id].code, item_name_id=catalogue[item_id].name_id,
                item_name_en=catalogue[item_id].name_en, unit=catalogue[item_id].base_unit,
                step_milli=catalogue[item_id].step_milli, exact_milli=Milli(stored[item_id].exact_milli),
                quantity_milli=Milli(stored[item_id].quantity_milli), is_once=stored[item_id].is_once,
                steps=() if is_rest else steps.get(item_id, ()),
                packs=packs.get((item_id, stored[item_id].quantity_milli), ()),
            )
            for item_id in order
            if item_id in stored
        ),
        lacks=lacks,
        given_before=()
        if found.supplements_id is not None
        else tuple(
            catalogue[one.item_id] for one in need.items
            if one.is_once and one.item_id not in stored and one.item_id not in lacking
        ),
    )  # fmt: skip
