"""What stands at each post on each day of a round: who, in which state, with which goods; nothing names a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.measures import Milli
from core.work import Tx
from logistics.packages.lacks import is_planned
from logistics.packages.models import Package, PackageLine
from logistics.packages.states import PackageState
from stock.items.queries import unstocked_ids

PLACED = (PackageState.PLANNED, PackageState.RESERVED, PackageState.LOADED, PackageState.HANDED_OVER)
_IS_WHOLE = is_planned()
"""The rest of a partial handover stands in the first package's figures already: households and goods count once."""
_VULNERABLE = Package.infants + Package.elderly + Package.pregnant + Package.nursing + Package.disabled
_MANY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPart:
    """Households of one post, day, promised hours, village and state; those who wait have no post and no day."""

    post_id: UUID | None
    serve_on: date | None
    hours: str
    village_code: str
    state: PackageState
    households: int
    persons: int
    vulnerable: int
    """Households with anybody who is served first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellGoods:
    """One item that a post hands out on a day (no money)."""

    post_id: UUID
    serve_on: date
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPackage:
    """One package of a post and day, as far as moving it goes."""

    id: UUID
    plan_id: UUID
    code: str
    household_id: UUID
    village_code: str
    persons: int
    is_vulnerable: bool
    state: PackageState
    rank: int
    hours: str
    reason_code: str
    reason_facts: str
    """As they are kept."""


def cell_parts(tx: Tx, round_id: UUID) -> tuple[CellPart, ...]:
    """Give who stands where in a round, those who wait too; by day, post, hours, village and state."""
    by = (Package.post_id, Package.serve_on, Package.hours, Package.village_code, Package.state)
    rows = tx.session.execute(
        sa.select(
            *by, sa.func.count().label("households"), sa.func.sum(Package.persons).label("persons"),
            sa.func.sum(sa.case((_VULNERABLE > 0, 1), else_=0)).label("vulnerable"),
        )
        .where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code, _IS_WHOLE,
            Package.state != PackageState.CANCELLED,
        )
        .group_by(*by)
    )  # fmt: skip
    found = [
        CellPart(
            post_id=row.post_id, serve_on=row.serve_on, hours=row.hours, village_code=row.village_code, state=row.state,
            households=row.households, persons=int(row.persons), vulnerable=int(row.vulnerable),
        )
        for row in rows
    ]  # fmt: skip
    return tuple(
        sorted(
            found,
            key=lambda one: (
                one.serve_on or date.max, str(one.post_id), one.hours, one.village_code, one.state,
            ),
        )
    )  # fmt: skip


def cell_goods(tx: Tx, round_id: UUID) -> tuple[CellGoods, ...]:
    """Add up what each post hands out on each day of a round, whatever has become of it since."""
    rows = tx.session.execute(
        sa.select(
            Package.post_id, Package.serve_on, PackageLine.item_id,
            sa.func.sum(PackageLine.quantity_milli).label("quantity"),
        )
        .join(PackageLine, Package.id == PackageLine.package_id)
        .where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code, _IS_WHOLE,
            Package.state.in_(PLACED), Package.post_id.is_not(None), PackageLine.quantity_milli > 0,
            PackageLine.item_id.not_in(unstocked_ids(tx)),
        )
        .group_by(Package.post_id, Package.serve_on, PackageLine.item_id)
    )  # fmt: skip
    found = [
        CellGoods(
            post_id=row.post_id, serve_on=row.serve_on, item_id=row.item_id, quantity_milli=Milli(int(row.quantity))
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.serve_on, str(one.post_id), str(one.item_id))))


def cell_packages(tx: Tx, round_id: UUID, post_id: UUID, serve_on: date) -> tuple[CellPackage, ...]:
    """Give the packages of one post and day in the order in which they are served, whatever their state."""
    rows = tx.session.execute(
        sa.select(
            Package.id, Package.plan_id, Package.code, Package.household_id, Package.village_code, Package.persons,
            Package.state, Package.rank, Package.hours, Package.reason_code, Package.reason_facts,
            (_VULNERABLE > 0).label("is_vulnerable"),
        )
        .where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code, Package.post_id == post_id,
            Package.serve_on == serve_on, Package.state.in_(PLACED), _IS_WHOLE,
        )
        .order_by(Package.hours, Package.rank, Package.code)
    )  # fmt: skip
    return tuple(CellPackage(**row._mapping) for row in rows)


def reserved_supplements(tx: Tx, package_id: UUID) -> tuple[UUID, ...]:
    """Give the packages that complete this one and whose goods are reserved and have not left."""
    return tuple(
        tx.session.scalars(
            sa.select(Package.id)
            .where(
                Package.supplements_id == package_id, Package.regency_code == tx.regency_code,
                Package.state == PackageState.RESERVED,
            )
            .order_by(Package.no)
        )
    )  # fmt: skip


def goods_in(tx: Tx, package_ids: Collection[UUID]) -> dict[UUID, Milli]:
    """Add up the goods of these packages, in thousandths by item (no money)."""
    sums: dict[UUID, int] = defaultdict(int)
    wanted, money = sorted(package_ids), unstocked_ids(tx)
    for start in range(0, len(wanted), _MANY):
        rows = tx.session.execute(
            sa.select(PackageLine.item_id, sa.func.sum(PackageLine.quantity_milli).label("quantity"))
            .where(PackageLine.package_id.in_(wanted[start : start + _MANY]), PackageLine.item_id.not_in(money))
            .group_by(PackageLine.item_id)
        )
        for row in rows:
            sums[row.item_id] += int(row.quantity)
    return {item_id: Milli(quantity) for item_id, quantity in sums.items() if quantity}


def served_elsewhere(tx: Tx, round_id: UUID, post_id: UUID, serve_on: date) -> int:
    """Count the households that other rounds serve at this post on this day."""
    return int(
        tx.session.scalar(
            sa.select(sa.func.count()).where(
                Package.round_id != round_id, Package.regency_code == tx.regency_code, Package.post_id == post_id,
                Package.serve_on == serve_on, Package.state.in_(PLACED), _IS_WHOLE,
            )
        )
        or 0
    )  # fmt: skip
