"""Transport areas are drawn, ways are closed and opened, distances are said: each with who says so.

Plans made keep the ways as they were; the next one takes them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, Invalid, NotFound
from core.work import Tx
from logistics.planning.models import (
    ClosedWayRow,
    DetourRow,
    SaidDistanceRow,
    TransportAreaRow,
    TransportAreaVillage,
)
from logistics.planning.roads import hold_area
from logistics.planning.states import Means
from registry_link.regions.queries import regions
from registry_link.regions.states import Level
from stock.places.kinds import PlaceKind
from stock.places.queries import place_by_id

MOST_NAME, MOST_REASON, MOST_METRES = 80, 200, 2_000_000
LEAST_DETOUR, MOST_DETOUR = 1000, 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawArea:
    """A new transport area."""

    name: str
    means: Means
    village_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeArea:
    area_id: UUID
    name: str
    means: Means
    village_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseWay:
    """From a day on (today) a warehouse cannot bring goods to an area by these means; ``area_id`` None: to the rest."""

    warehouse_id: UUID
    area_id: UUID | None
    means: Means
    reason: str
    from_on: date | None = None
    to_on: date | None = None
    """The last day on which it is closed, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayDistance:
    """``metres`` None: there is no way."""

    village_code: str
    post_id: UUID
    metres: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDetour:
    area_id: UUID | None
    permille: int
    source: str


def draw_area(tx: Tx, order: DrawArea) -> UUID:
    """Make a transport area of villages that are in none yet, and give its id.

    Raises: Forbidden; Invalid without a name or a village; NotFound for a village that is not the office's; Conflict
    for a taken name or village.
    """
    tx.require("ways.manage")
    name, codes = _checked(tx, order.name, order.village_codes)
    area_id = tx.new_id()
    try:
        with tx.savepoint():
            tx.session.execute(
                sa.insert(TransportAreaRow).values(
                    id=area_id, regency_code=tx.regency_code, name=name, means=order.means, made_at=tx.now,
                    made_by=tx.actor.id, made_by_name=tx.actor.name, removed_at=None, removed_by=None,
                    removed_by_name=None,
                )
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict("transport_area.name_taken", name=name, field="name") from error
    _join(tx, area_id, codes)
    tx.note("transport_area.draw", "transport_area", area_id, name=name, means=order.means, villages=" ".join(codes))
    return area_id


def change_area(tx: Tx, order: ChangeArea) -> None:
    """Change an area's name, means and villages: all of it is said again. Raises: as ``draw_area``."""
    tx.require("ways.manage")
    before = hold_area(tx, order.area_id)
    name, codes = _checked(tx, order.name, order.village_codes)
    try:
        with tx.savepoint():
            tx.session.execute(
                sa.update(TransportAreaRow)
                .where(TransportAreaRow.id == order.area_id)
                .values(name=name, means=order.means)
                .execution_options(synchronize_session=False)
            )
    except IntegrityError as error:
        raise Conflict("transport_area.name_taken", name=name, field="name") from error
    _leave(tx, order.area_id)
    _join(tx, order.area_id, codes)
    tx.note(
        "transport_area.change", "transport_area", order.area_id, name=name, means=order.means,
        villages=" ".join(codes), name_before=before.name, means_before=before.means,
        villages_before=" ".join(before.village_codes),
    )  # fmt: skip


def remove_area(tx: Tx, area_id: UUID) -> None:
    """Give an area's villages back to the rest of the regency; what was closed to it ends.

    Raises: Forbidden; NotFound.
    """
    tx.require("ways.manage")
    before = hold_area(tx, area_id)
    _leave(tx, area_id)
    tx.session.execute(
        sa.update(TransportAreaRow)
        .where(TransportAreaRow.id == area_id)
        .values(removed_at=tx.now, removed_by=tx.actor.id, removed_by_name=tx.actor.name)
        .execution_options(synchronize_session=False)
    )
    tx.session.execute(
        sa.update(ClosedWayRow)
        .where(ClosedWayRow.area_id == area_id, ClosedWayRow.opened_at.is_(None))
        .values(opened_at=tx.now, opened_by=tx.actor.id, opened_by_name=tx.actor.name)
        .execution_options(synchronize_session=False)
    )
    tx.note(
        "transport_area.remove", "transport_area", area_id, name=before.name, villages=" ".join(before.village_codes)
    )


def close_way(tx: Tx, order: CloseWay) -> UUID:
    """Keep that a way is closed, and give the closing's id.

    Raises: Forbidden; NotFound for a place that is no warehouse, or an area that is not there; Invalid without a
    reason, or for days that are over or in the wrong order; Conflict when the same is closed already.
    """
    tx.require("ways.close")
    reason = order.reason.strip()
    if not 5 <= len(reason) <= MOST_REASON:
        raise Invalid("closed_way.reason_missing", field="reason", most=MOST_REASON)
    from_on = order.from_on or tx.today
    if order.to_on is not None and (order.to_on < from_on or order.to_on < tx.today):
        raise Invalid("closed_way.days", field="to_on", from_on=from_on.isoformat(), to_on=order.to_on.isoformat())
    warehouse = place_by_id(tx, order.warehouse_id)
    if warehouse.kind is not PlaceKind.WAREHOUSE:
        raise NotFound("place.not_found", place=warehouse.code)
    if order.area_id is not None:
        hold_area(tx, order.area_id, is_shared=True)
    if _is_closed(tx, order, from_on):
        raise Conflict("closed_way.closed_already", warehouse=warehouse.name)
    way_id = tx.new_id()
    tx.session.execute(
        sa.insert(ClosedWayRow).values(
            id=way_id, regency_code=tx.regency_code, warehouse_id=order.warehouse_id, area_id=order.area_id,
            means=order.means, reason=reason, from_on=from_on, to_on=order.to_on, closed_at=tx.now,
            closed_by=tx.actor.id, closed_by_name=tx.actor.name, opened_at=None, opened_by=None, opened_by_name=None,
        )
    )  # fmt: skip
    tx.note(
        "way.close", "closed_way", way_id, reason=reason, warehouse_id=str(order.warehouse_id),
        area_id=str(order.area_id or ""), means=order.means, from_on=from_on.isoformat(),
        to_on=order.to_on.isoformat() if order.to_on else "",
    )  # fmt: skip
    return way_id


def open_way(tx: Tx, way_id: UUID) -> None:
    """Keep that a closed way is open from now on. Raises: Forbidden; NotFound; Conflict when it was open already."""
    tx.require("ways.close")
    known = tx.session.scalar(
        sa.select(ClosedWayRow.id).where(ClosedWayRow.id == way_id, ClosedWayRow.regency_code == tx.regency_code)
    )
    if known is None:
        raise NotFound("closed_way.not_found")
    done = tx.session.execute(
        sa.update(ClosedWayRow)
        .where(ClosedWayRow.id == way_id, ClosedWayRow.opened_at.is_(None))
        .values(opened_at=tx.now, opened_by=tx.actor.id, opened_by_name=tx.actor.name)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("closed_way.open_already")
    tx.note("way.open", "closed_way", way_id)


def say_distance(tx: Tx, order: SayDistance) -> UUID:
    """Keep how far it is from a village to a post; what was said before ends. Gives its id.

    Raises: Forbidden; Invalid without a source, or for an impossible distance; NotFound for a village or post that is
    not the office's; Conflict when another says it in the same moment.
    """
    tx.require("ways.manage")
    source = order.source.strip()
    if not 3 <= len(source) <= MOST_REASON:
        raise Invalid("said_distance.source_missing", field="source")
    if order.metres is not None and not 0 <= order.metres <= MOST_METRES:
        raise Invalid("said_distance.out_of_range", field="metres", most=MOST_METRES)
    _villages(tx, [order.village_code])
    post = place_by_id(tx, order.post_id)
    if post.kind is not PlaceKind.POST:
        raise NotFound("post.not_found")
    _end(tx, SaidDistanceRow.village_code == order.village_code, SaidDistanceRow.post_id == order.post_id)
    said_id = tx.new_id()
    try:
        with tx.savepoint():
            tx.session.execute(
                sa.insert(SaidDistanceRow).values(
                    id=said_id, regency_code=tx.regency_code, village_code=order.village_code, post_id=order.post_id,
                    metres=order.metres, source=source, said_at=tx.now, said_by=tx.actor.id,
                    said_by_name=tx.actor.name, ended_at=None, ended_by=None, ended_by_name=None,
                )
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict("said_distance.moved_meanwhile") from error
    tx.note(
        "distance.say", "said_distance", said_id, village_code=order.village_code, post_id=str(order.post_id),
        metres=order.metres if order.metres is not None else "", source=source,
    )  # fmt: skip
    return said_id


def forget_distance(tx: Tx, said_id: UUID) -> None:
    """End what was said: the straight line and the detour count again. Raises: Forbidden; NotFound."""
    tx.require("ways.manage")
    if not _end(tx, SaidDistanceRow.id == said_id):
        raise NotFound("said_distance.not_found")
    tx.note("distance.forget", "said_distance", said_id)


def set_detour(tx: Tx, order: SetDetour) -> None:
    """Say by how much roads are longer than the straight line, in an area or where areas say nothing of their own.

    Raises: Forbidden; Invalid without a source, or for a factor that cannot be; NotFound for an area.
    """
    tx.require("ways.manage")
    source = order.source.strip()
    if not 3 <= len(source) <= MOST_REASON:
        raise Invalid("detour.source_missing", field="source")
    if not LEAST_DETOUR <= order.permille <= MOST_DETOUR:
        raise Invalid("detour.out_of_range", field="factor")
    if order.area_id is not None:
        hold_area(tx, order.area_id, is_shared=True)
    detour_id = tx.new_id()
    tx.session.execute(
        sa.insert(DetourRow).values(
            id=detour_id, regency_code=tx.regency_code, area_id=order.area_id, permille=order.permille, source=source,
            set_at=tx.now, set_by=tx.actor.id, set_by_name=tx.actor.name,
        )
    )  # fmt: skip
    tx.note("detour.set", "detour", detour_id, area_id=str(order.area_id or ""), permille=order.permille, source=source)


# ---------------------------------------------------------------- inside


def _checked(tx: Tx, name: str, village_codes: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    name = " ".join(name.split())
    if not 3 <= len(name) <= MOST_NAME:
        raise Invalid("transport_area.name_missing", field="name", most=MOST_NAME)
    if not village_codes:
        raise Invalid("transport_area.villages_missing", field="village_codes")
    codes = tuple(sorted(set(village_codes)))
    _villages(tx, codes)
    return name, codes


def _villages(tx: Tx, codes: Sequence[str]) -> None:
    """Raises: NotFound when one is no village of the office."""
    own = {one.code for one in regions(tx, codes) if one.level is Level.VILLAGE and one.regency_code == tx.regency_code}
    for code in codes:
        if code not in own:
            raise NotFound("transport_area.no_such_village", code=code)


def _join(tx: Tx, area_id: UUID, codes: Sequence[str]) -> None:
    taken = tx.session.scalar(
        sa.select(TransportAreaVillage.village_code)
        .where(TransportAreaVillage.village_code.in_(codes))
        .order_by(TransportAreaVillage.village_code)
        .limit(1)
    )
    if taken is None:
        try:
            with tx.savepoint():
                tx.session.execute(
                    sa.insert(TransportAreaVillage), [{"village_code": code, "area_id": area_id} for code in codes]
                )
                return
        except IntegrityError as error:  # somebody else drew one of them into another area in the same moment
            raise Conflict("transport_area.moved_meanwhile") from error
    raise Conflict("transport_area.village_taken", village=regions(tx, [taken])[0].title, field="village_codes")


def _leave(tx: Tx, area_id: UUID) -> None:
    tx.session.execute(sa.delete(TransportAreaVillage).where(TransportAreaVillage.area_id == area_id))


def _is_closed(tx: Tx, order: CloseWay, from_on: date) -> bool:
    """Tell whether the same, or more, is closed already for all of these days."""
    found = tx.session.execute(
        sa.select(ClosedWayRow.from_on, ClosedWayRow.to_on).where(
            ClosedWayRow.regency_code == tx.regency_code, ClosedWayRow.warehouse_id == order.warehouse_id,
            ClosedWayRow.area_id.is_(None) if order.area_id is None else ClosedWayRow.area_id == order.area_id,
            ClosedWayRow.means.in_({order.means, Means.BOTH}), ClosedWayRow.opened_at.is_(None),
        )
    )  # fmt: skip
    return any(
        row.from_on <= from_on and (row.to_on is None or (order.to_on is not None and order.to_on <= row.to_on))
        for row in found
    )


def _end(tx: Tx, *which: sa.ColumnElement[bool]) -> bool:
    done = tx.session.execute(
        sa.update(SaidDistanceRow)
        .where(SaidDistanceRow.regency_code == tx.regency_code, SaidDistanceRow.ended_at.is_(None), *which)
        .values(ended_at=tx.now, ended_by=tx.actor.id, ended_by_name=tx.actor.name)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]
