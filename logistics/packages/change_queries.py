"""A round's packages as a revision finds them: what can still be changed, what has left, what was lacking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.measures import Milli
from core.work import Tx
from logistics.packages.models import REST, REST_VOID, Package, PackageLack, PackageLine, Round
from logistics.packages.rules import People
from logistics.packages.states import PackageState

CHANGEABLE: Final = (PackageState.WAITING, PackageState.PLANNED, PackageState.RESERVED)
"""Nothing of it has left for its post, unless a part of its load has."""
_GIVEN: Final = (PackageState.PLANNED, PackageState.RESERVED, PackageState.LOADED, PackageState.HANDED_OVER)
OUT: Final = "revision.out."
"""How the reasons begin for which a revision, not a person, took a package out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageNow:
    """One package with everything a revision may change on it, but its lines."""

    id: UUID
    plan_id: UUID
    beneficiary_kind: str
    beneficiary_id: UUID
    household_id: UUID
    standard_id: UUID
    no: int
    supplements_id: UUID | None
    code: str
    state: PackageState
    post_id: UUID | None
    serve_on: date | None
    hours: str
    village_code: str
    rank: int
    reason_code: str
    reason_facts: str
    people: People

    @property
    def is_rest(self) -> bool:
        """What a partial handover left over: it lies at its post."""
        return self.reason_code in (REST, REST_VOID)

    @property
    def is_out(self) -> bool:
        """A revision took it out; one who is on the list again gets it back."""
        return self.state is PackageState.CANCELLED and self.reason_code.startswith(OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineNow:
    item_id: UUID
    exact_milli: Milli
    quantity_milli: Milli
    is_once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LackNow:
    """A line that a package left without, or waits for."""

    item_id: UUID
    exact_milli: Milli
    quantity_milli: Milli
    is_once: bool
    left_milli: Milli
    ahead_milli: Milli
    last_rank: int | None


_PEOPLE: Final = tuple(People.__dataclass_fields__)
_FIELDS: Final = tuple(name for name in PackageNow.__dataclass_fields__ if name != "people")


def packages_now(tx: Tx, round_id: UUID) -> tuple[PackageNow, ...]:
    """Give all packages of a round in every state, the rests of partial handovers too, by beneficiary and number."""
    rows = tx.session.execute(
        sa.select(*(getattr(Package, name) for name in (*_FIELDS, *_PEOPLE)))
        .where(Package.round_id == round_id, Package.regency_code == tx.regency_code)
        .order_by(Package.beneficiary_id, Package.no)
    )
    return tuple(
        PackageNow(
            **{name: getattr(row, name) for name in _FIELDS},
            people=People(**{name: getattr(row, name) for name in _PEOPLE}),
        )
        for row in rows
    )


def lines_now(tx: Tx, round_id: UUID) -> Mapping[UUID, tuple[LineNow, ...]]:
    """Give the lines of a round's packages that have not left, or complete another, or were cancelled; by package."""
    rows = tx.session.execute(
        sa.select(PackageLine.package_id, *(getattr(PackageLine, name) for name in LineNow.__dataclass_fields__))
        .join(Package, Package.id == PackageLine.package_id)
        .where(
            Package.round_id == round_id,
            sa.or_(Package.state.in_((*CHANGEABLE, PackageState.CANCELLED)), Package.supplements_id.is_not(None)),
        )
        .order_by(PackageLine.package_id, PackageLine.item_id)
    )
    found: dict[UUID, list[LineNow]] = defaultdict(list)
    for row in rows:
        found[row.package_id].append(LineNow(**{name: getattr(row, name) for name in LineNow.__dataclass_fields__}))
    return {package_id: tuple(lines) for package_id, lines in found.items()}


def lacks_now(tx: Tx, round_id: UUID) -> Mapping[UUID, tuple[LackNow, ...]]:
    """Give what the packages of a round lack, by package, whatever their state; cancelled ones not."""
    rows = tx.session.execute(
        sa.select(PackageLack.package_id, *(getattr(PackageLack, name) for name in LackNow.__dataclass_fields__))
        .join(Package, Package.id == PackageLack.package_id)
        .where(Package.round_id == round_id, Package.state != PackageState.CANCELLED)
        .order_by(PackageLack.package_id, PackageLack.item_id)
    )
    found: dict[UUID, list[LackNow]] = defaultdict(list)
    for row in rows:
        found[row.package_id].append(LackNow(**{name: getattr(row, name) for name in LackNow.__dataclass_fields__}))
    return {package_id: tuple(lacks) for package_id, lacks in found.items()}


def durables_beside(
    tx: Tx, incident_ids: Collection[UUID], kind: str, package_ids: Collection[UUID]
) -> Mapping[UUID, frozenset[UUID]]:
    """Give the durables that beneficiaries hold or have had in these events, by other packages than these."""
    rows = tx.session.execute(
        sa.select(Package.id, Package.beneficiary_id, PackageLine.item_id)
        .join(PackageLine, PackageLine.package_id == Package.id)
        .join(Round, Round.id == Package.round_id)
        .where(
            Round.regency_code == tx.regency_code, Round.incident_id.in_(incident_ids),
            Package.beneficiary_kind == kind, Package.state.in_(_GIVEN), PackageLine.is_once,
            PackageLine.quantity_milli > 0,
        )
    )  # fmt: skip
    own = set(package_ids)
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for package_id, beneficiary_id, item_id in rows:
        if package_id not in own:
            found[beneficiary_id].add(item_id)
    return {beneficiary: frozenset(items) for beneficiary, items in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many packages of one village stand at one post, day and hours, in one state that can still change."""

    state: PackageState
    village_code: str
    post_id: UUID | None
    serve_on: date | None
    hours: str
    reason_code: str
    packages: int


def standing(tx: Tx, round_id: UUID) -> tuple[Standing, ...]:
    """Count a round's packages that have not left, by village, post, day and hours."""
    columns = (Package.state, Package.village_code, Package.post_id, Package.serve_on, Package.hours)
    reason = sa.case((Package.state == PackageState.WAITING, Package.reason_code), else_="")
    rows = tx.session.execute(
        sa.select(*columns, reason.label("reason_code"), sa.func.count().label("packages"))
        .where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code, Package.state.in_(CHANGEABLE),
            Package.reason_code.not_in((REST, REST_VOID)),
        )
        .group_by(*columns, reason)
    )  # fmt: skip
    found = (Standing(**row._mapping) for row in rows)
    return tuple(sorted(found, key=lambda one: (one.village_code, str(one.post_id), str(one.serve_on), one.hours)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Whose packages a round has."""

    changeable: frozenset[UUID]
    """Beneficiaries whose package has not left."""
    fixed: frozenset[UUID]
    """Whose package is on its way, handed over, or was taken out by a person."""


def presence(tx: Tx, round_id: UUID, standard_id: UUID) -> Presence:
    """Tell whose packages of a standard may still change, and for whom that is settled."""
    rows = tx.session.execute(
        sa.select(Package.beneficiary_id, Package.state, Package.reason_code).where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code, Package.standard_id == standard_id,
            Package.supplements_id.is_(None),
        )
    )  # fmt: skip
    changeable, fixed = set(), set()
    for row in rows:
        if row.state in CHANGEABLE:
            changeable.add(row.beneficiary_id)
        elif row.state is not PackageState.CANCELLED or not row.reason_code.startswith(OUT):
            fixed.add(row.beneficiary_id)
    return Presence(changeable=frozenset(changeable), fixed=frozenset(fixed))


def placed_heads(tx: Tx, round_id: UUID, *, but_plan_id: UUID) -> Mapping[tuple[UUID, date], int]:
    """Count who has a place, or has been served, at each post and day, but for the packages of one plan."""
    rows = tx.session.execute(
        sa.select(Package.post_id, Package.serve_on, sa.func.count().label("packages"))
        .where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code, Package.state.in_(_GIVEN),
            Package.plan_id != but_plan_id, Package.reason_code.not_in((REST, REST_VOID)),
        )
        .group_by(Package.post_id, Package.serve_on)
    )  # fmt: skip
    return {(row.post_id, row.serve_on): row.packages for row in rows if row.post_id and row.serve_on}


def placed_goods(
    tx: Tx, round_id: UUID, *, plan_id: UUID | None = None, but_plan_id: UUID | None = None
) -> Mapping[UUID, int]:
    """Add up what the packages with a place hold, or held when they were handed over, in thousandths by item."""
    query = (
        sa.select(PackageLine.item_id, sa.func.sum(PackageLine.quantity_milli).label("quantity"))
        .join(Package, Package.id == PackageLine.package_id)
        .where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code, Package.state.in_(_GIVEN),
            Package.reason_code.not_in((REST, REST_VOID)),
        )
        .group_by(PackageLine.item_id)
    )  # fmt: skip
    if plan_id is not None:
        query = query.where(Package.plan_id == plan_id)
    if but_plan_id is not None:
        query = query.where(Package.plan_id != but_plan_id)
    return {row.item_id: int(row.quantity) for row in tx.session.execute(query)}
