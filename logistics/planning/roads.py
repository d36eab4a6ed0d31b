"""What is known of the ways of a regency: transport areas, closed ways, distances as people say them, detours.

``roads_of`` gives it as a plan takes it; the other queries as people read it, with who said it and when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.work import Tx
from logistics.planning.models import (
    ClosedWayRow,
    DetourRow,
    SaidDistanceRow,
    TransportAreaRow,
    TransportAreaVillage,
)
from logistics.planning.reaching import (
    DETOUR_PERMILLE,
    ClosedWay,
    Roads,
    SaidDistance,
    TransportArea,
    needed_means,
    shuts,
)
from logistics.planning.states import Means
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places


@dataclass(frozen=True, slots=True, kw_only=True)
class DetourView:
    """By how much roads are longer than the straight line; ``area_id`` None: where an area says nothing of its own."""

    area_id: UUID | None
    permille: int
    source: str
    set_at: datetime | None
    """None: nobody has said anything yet."""
    set_by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaView:
    id: UUID
    name: str
    means: Means
    """How goods come there from outside."""
    village_codes: tuple[str, ...]
    detour: DetourView | None
    """None: the office's holds."""
    made_at: datetime
    made_by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedWayView:
    id: UUID
    warehouse: PlaceView
    area_id: UUID | None
    means: Means
    reason: str
    from_on: date
    to_on: date | None
    closed_at: datetime
    closed_by_name: str
    opened_at: datetime | None
    opened_by_name: str | None

    def holds_on(self, day: date) -> bool:
        """Tell whether it closes the way on a day, as far as is known."""
        return self.opened_at is None and self.from_on <= day and (self.to_on is None or day <= self.to_on)

    def is_over(self, day: date) -> bool:
        """Tell whether it will never hold again."""
        return self.opened_at is not None or (self.to_on is not None and self.to_on < day)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidView:
    id: UUID
    village_code: str
    post_id: UUID
    metres: int | None
    """None: there is no way."""
    source: str
    said_at: datetime
    said_by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """A warehouse that can bring nothing to an area on a day, and the closings that make it so."""

    warehouse: PlaceView
    area_id: UUID | None
    ways: tuple[ClosedWayView, ...]


def areas(tx: Tx) -> tuple[AreaView, ...]:
    """Give the office's transport areas, by name."""
    query = (
        sa.select(TransportAreaRow)
        .where(TransportAreaRow.regency_code == tx.regency_code, TransportAreaRow.removed_at.is_(None))
        .order_by(TransportAreaRow.name, TransportAreaRow.id)
        .execution_options(populate_existing=True)
    )
    rows = tx.session.scalars(query).all()
    if not rows:
        return ()
    codes: dict[UUID, list[str]] = defaultdict(list)
    within = sa.select(TransportAreaVillage.area_id, TransportAreaVillage.village_code).where(
        TransportAreaVillage.area_id.in_([row.id for row in rows])
    )
    for area_id, code in tx.session.execute(within.order_by(TransportAreaVillage.village_code)):
        codes[area_id].append(code)
    said = _detours(tx)
    return tuple(
        AreaView(
            id=row.id, name=row.name, means=row.means, village_codes=tuple(codes[row.id]), detour=said.get(row.id),
            made_at=row.made_at, made_by_name=row.made_by_name,
        )
        for row in rows
    )  # fmt: skip


def hold_area(tx: Tx, area_id: UUID, *, is_shared: bool = False) -> AreaView:
    """Keep an area for this transaction, alone or beside others, and give it as it is then. Raises: NotFound."""
    held = sa.select(TransportAreaRow.id).where(TransportAreaRow.id == area_id)
    tx.session.execute(held.with_for_update(read=is_shared))
    return area_by_id(tx, area_id)


def area_by_id(tx: Tx, area_id: UUID) -> AreaView:
    """Raises: NotFound, also for one that was removed or is another office's."""
    found = next((one for one in areas(tx) if one.id == area_id), None)
    if found is None:
        raise NotFound("transport_area.not_found")
    return found


def detour(tx: Tx) -> DetourView:
    """Give the office's detour: the one for areas that say nothing of their own, and for the rest of the regency."""
    unsaid = DetourView(area_id=None, permille=DETOUR_PERMILLE, source="", set_at=None, set_by_name="")
    return _detours(tx).get(None, unsaid)


def _detours(tx: Tx) -> dict[UUID | None, DetourView]:
    """Give the newest of each area."""
    query = (
        sa.select(DetourRow).where(DetourRow.regency_code == tx.regency_code).order_by(DetourRow.set_at, DetourRow.id)
    )
    return {
        row.area_id: DetourView(
            area_id=row.area_id, permille=row.permille, source=row.source, set_at=row.set_at,
            set_by_name=row.set_by_name,
        )
        for row in tx.session.scalars(query)
    }  # fmt: skip


def closed_ways(tx: Tx, *, with_past: bool = False) -> tuple[ClosedWayView, ...]:
    """Give the ways that are closed or will be, the newest first; those that are open again on request."""
    query = (
        sa.select(ClosedWayRow)
        .where(ClosedWayRow.regency_code == tx.regency_code)
        .order_by(ClosedWayRow.closed_at.desc(), ClosedWayRow.id.desc())
        .execution_options(populate_existing=True)
    )
    if not with_past:
        query = query.where(
            ClosedWayRow.opened_at.is_(None), sa.or_(ClosedWayRow.to_on.is_(None), ClosedWayRow.to_on >= tx.today)
        )
    rows = tx.session.scalars(query).all()
    known = {one.id: one for one in places(tx, ids={row.warehouse_id for row in rows})} if rows else {}
    return tuple(
        ClosedWayView(
            id=row.id, warehouse=known[row.warehouse_id], area_id=row.area_id, means=row.means, reason=row.reason,
            from_on=row.from_on, to_on=row.to_on, closed_at=row.closed_at, closed_by_name=row.closed_by_name,
            opened_at=row.opened_at, opened_by_name=row.opened_by_name,
        )
        for row in rows
    )  # fmt: skip


def said_distances(tx: Tx) -> tuple[SaidView, ...]:
    """Give the distances that hold, by village."""
    query = (
        sa.select(SaidDistanceRow)
        .where(SaidDistanceRow.regency_code == tx.regency_code, SaidDistanceRow.ended_at.is_(None))
        .order_by(SaidDistanceRow.village_code, SaidDistanceRow.post_id)
        .execution_options(populate_existing=True)
    )
    return tuple(
        SaidView(
            id=row.id,
            village_code=row.village_code,
            post_id=row.post_id,
            metres=row.metres,
            source=row.source,
            said_at=row.said_at,
            said_by_name=row.said_by_name,
        )
        for row in tx.session.scalars(query)
    )


def shut_on(tx: Tx, day: date, known: Sequence[AreaView] | None = None) -> tuple[Shut, ...]:
    """Give which warehouses can bring nothing to which areas on a day: all that could go there is closed."""
    known = areas(tx) if known is None else known
    holding = [one for one in closed_ways(tx, with_past=True) if one.holds_on(day)]
    if not holding:
        return ()
    lies_in = {code: one.id for one in known for code in one.village_codes}
    means: dict[UUID | None, Means] = {None: Means.ROAD} | {one.id: one.means for one in known}
    by_pair: dict[tuple[UUID, UUID | None], list[ClosedWayView]] = defaultdict(list)
    for way in holding:
        if way.area_id in means:
            by_pair[way.warehouse.id, way.area_id].append(way)
    warehouses = places(tx, kinds=(PlaceKind.WAREHOUSE,))
    found = []
    for warehouse in warehouses:
        home = lies_in.get(warehouse.village_code or "")
        for area_id in means:
            ways = by_pair.get((warehouse.id, area_id), [])
            if shuts(needed_means(home, area_id, means), [way.means for way in ways]):
                found.append(Shut(warehouse=warehouse, area_id=area_id, ways=tuple(ways)))
    return tuple(found)


def roads_of(tx: Tx, on: date) -> Roads:
    """Give everything that is known of the ways on a day, as a plan takes it: in an order that depends on nothing."""
    known = sorted(areas(tx), key=lambda one: str(one.id))
    return Roads(
        areas=tuple(
            TransportArea(
                id=one.id, name=one.name, village_codes=one.village_codes,
                detour_permille=one.detour.permille if one.detour else detour(tx).permille,
            )
            for one in known
        ),
        closed=tuple(
            sorted(
                (ClosedWay(warehouse_id=one.warehouse.id, area_id=one.area_id) for one in shut_on(tx, on, known)),
                key=lambda one: (str(one.warehouse_id), str(one.area_id)),
            )
        ),
        said=tuple(
            sorted(
                (
                    SaidDistance(village_code=one.village_code, post_id=one.post_id, metres=one.metres)
                    for one in said_distances(tx)
                ),
                key=lambda one: (one.village_code, str(one.post_id)),
            )
        ),
        detour_permille=detour(tx).permille,
    )  # fmt: skip
