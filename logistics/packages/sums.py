"""A round's goods added up: item by item, by village, by day. Three ways of reading the same packages, so they agree.

What an item needs = what packages hold of it + what packages go without. Of a package that waits, its lines are the
whole need already.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.measures import Milli
from core.work import Tx
from logistics.packages.lacks import is_planned, supplemented
from logistics.packages.models import Package, PackageLack, PackageLine
from logistics.packages.states import PackageState


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSum:
    """One item over the packages of a group; the five parts add up to ``quantity_milli``.

    ``village_code`` is empty where villages are taken together. ``serve_on`` is None where days are, and for packages
    that have none.
    """

    item_id: UUID
    village_code: str
    serve_on: date | None
    households: int
    exact_milli: Milli
    quantity_milli: Milli
    planned_milli: Milli
    """Has a post and day in a draft, and is not set aside yet."""
    reserved_milli: Milli
    """Set aside in a warehouse."""
    gone_milli: Milli
    """At a post, or handed over."""
    given_milli: Milli
    """Of ``gone_milli``, what was handed over."""
    waiting_milli: Milli
    """Of households that wait."""
    lacking_milli: Milli
    """What households go without that get other items."""

    @property
    def promised_milli(self) -> Milli:
        return Milli(self.reserved_milli + self.gone_milli)

    @property
    def placed_milli(self) -> Milli:
        """With a day: planned, set aside or gone."""
        return Milli(self.planned_milli + self.reserved_milli + self.gone_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageCount:
    """The households of one village in a round."""

    village_code: str
    households: int
    persons: int
    waiting: int
    waiting_persons: int
    in_part: int
    """With a post and day, and without some item that was not there at their turn."""
    served: int


_IS_WHOLE = Package.supplements_id.is_(None)
"""Households count once. The rest of a partial handover stands in the first package's goods already."""
_COUNTS = Package.state != PackageState.CANCELLED
_PART = {
    "planned": (PackageState.PLANNED,),
    "reserved": (PackageState.RESERVED,),
    "gone": (PackageState.LOADED, PackageState.HANDED_OVER),
    "given": (PackageState.HANDED_OVER,),
    "waiting": (PackageState.WAITING,),
}


def sums_by_item(tx: Tx, round_id: UUID) -> tuple[NeedSum, ...]:
    """Add up the round's goods item by item, the waiting and the lacking included; sorted by item id."""
    return _sums(tx, round_id)


def sums_by_village(tx: Tx, round_id: UUID) -> tuple[NeedSum, ...]:
    """Add up the round's goods by village and item, by village code."""
    return _sums(tx, round_id, Package.village_code)


def sums_by_day(tx: Tx, round_id: UUID) -> tuple[NeedSum, ...]:
    """Add up the round's goods by the day they are handed out and item; what has no day comes last."""
    return _sums(tx, round_id, Package.serve_on)


def village_counts(tx: Tx, round_id: UUID) -> tuple[VillageCount, ...]:
    """Count a round's households by village, by code."""
    waits, is_served = Package.state == PackageState.WAITING, Package.state == PackageState.HANDED_OVER
    lacks = sa.exists().where(PackageLack.package_id == Package.id, sa.not_(supplemented()))
    rows = tx.session.execute(
        sa.select(
            Package.village_code, sa.func.count().label("households"), sa.func.sum(Package.persons).label("persons"),
            sa.func.sum(sa.case((waits, 1), else_=0)).label("waiting"),
            sa.func.sum(sa.case((waits, Package.persons), else_=0)).label("waiting_persons"),
            sa.func.sum(sa.case((is_served, 1), else_=0)).label("served"),
            sa.func.sum(sa.case((sa.and_(sa.not_(waits), lacks), 1), else_=0)).label("in_part"),
        )
        .where(Package.round_id == round_id, _COUNTS, _IS_WHOLE)
        .group_by(Package.village_code)
        .order_by(Package.village_code)
    )  # fmt: skip
    return tuple(
        VillageCount(
            village_code=row.village_code, households=row.households, persons=int(row.persons),
            waiting=int(row.waiting), waiting_persons=int(row.waiting_persons), in_part=int(row.in_part),
            served=int(row.served),
        )
        for row in rows
    )  # fmt: skip


def _sums(tx: Tx, round_id: UUID, *by: Any) -> tuple[NeedSum, ...]:
    held = tx.session.execute(
        sa.select(
            PackageLine.item_id, *by, sa.func.count().label("households"),
            sa.func.sum(PackageLine.exact_milli).label("exact"), sa.func.sum(PackageLine.quantity_milli).label("all"),
            *(
                sa.func.sum(sa.case((Package.state.in_(states), PackageLine.quantity_milli), else_=0)).label(name)
                for name, states in _PART.items()
            ),
        )
        .join(Package, Package.id == PackageLine.package_id)
        .where(Package.round_id == round_id, _COUNTS, is_planned())
        .group_by(PackageLine.item_id, *by)
    )  # fmt: skip
    lacks = tx.session.execute(
        sa.select(
            PackageLack.item_id, *by, sa.func.count().label("households"),
            sa.func.sum(PackageLack.exact_milli).label("exact"), sa.func.sum(PackageLack.quantity_milli).label("all"),
        )
        .join(Package, Package.id == PackageLack.package_id)
        .where(
            Package.round_id == round_id, _COUNTS, _IS_WHOLE, Package.state != PackageState.WAITING,
            sa.not_(supplemented()),
        )
        .group_by(PackageLack.item_id, *by)
    )  # fmt: skip
    sums: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    names = ("households", "exact", "all", *_PART)
    for row in held:
        for name in names:
            sums[tuple(row[: 1 + len(by)])][name] += int(row._mapping[name])
    for row in lacks:
        # What is lacking has no day: it leaves on none.
        key = tuple(None if column is Package.serve_on else part
                    for part, column in zip(row[: 1 + len(by)], (None, *by), strict=True))  # fmt: skip
        for name in ("households", "exact", "all"):
            sums[key][name] += int(row._mapping[name])
        sums[key]["lacking"] += int(row.all)
    found = [
        NeedSum(
            item_id=key[0], village_code=key[1] if by and isinstance(key[1], str) else "",
            serve_on=key[1] if by and isinstance(key[1], date) else None,
            households=one["households"], exact_milli=Milli(one["exact"]), quantity_milli=Milli(one["all"]),
            planned_milli=Milli(one["planned"]), reserved_milli=Milli(one["reserved"]), gone_milli=Milli(one["gone"]),
            given_milli=Milli(one["given"]), waiting_milli=Milli(one["waiting"]), lacking_milli=Milli(one["lacking"]),
        )
        for key, one in sums.items()
    ]  # fmt: skip
    return tuple(
        sorted(found, key=lambda one: (one.village_code, one.serve_on is None, one.serve_on or date.min,
                                       str(one.item_id)))
    )  # fmt: skip
