from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.work import Tx
from stock.places.kinds import UNBOUNDED, PlaceKind
from stock.places.models import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    id: UUID
    kind: PlaceKind
    code: str
    name: str
    village_code: str | None
    address: str
    lon_deg: float | None
    lat_deg: float | None
    parent_id: UUID | None
    is_closed: bool

    @property
    def is_bounded(self) -> bool:
        return self.kind not in UNBOUNDED


_TABLE = Place.__table__.c
_COLUMNS = (
    _TABLE.id, _TABLE.kind, _TABLE.code, _TABLE.name, _TABLE.village_code, _TABLE.address, _TABLE.lon_deg,
    _TABLE.lat_deg, _TABLE.parent_id, _TABLE.is_closed,
)  # fmt: skip
_OF_ACT = (
    sa.select(*_COLUMNS)
    .where(
        _TABLE.regency_code == sa.bindparam("regency"),
        sa.or_(
            _TABLE.id.in_(sa.bindparam("ids", expanding=True)), _TABLE.kind.in_(sa.bindparam("kinds", expanding=True))
        ),
    )
    .order_by(_TABLE.code)
)


def places(
    tx: Tx, *, kinds: Collection[PlaceKind] | None = None, ids: Collection[UUID] | None = None
) -> tuple[PlaceView, ...]:
    """Give the office's places, of these kinds or with these ids, by code."""
    query = sa.select(*_COLUMNS).where(_TABLE.regency_code == tx.regency_code).order_by(_TABLE.code)
    if kinds is not None:
        query = query.where(_TABLE.kind.in_(kinds))
    if ids is not None:
        query = query.where(_TABLE.id.in_(ids))
    return tuple(_view(row) for row in tx.session.execute(query))


def places_of_act(tx: Tx, ids: Collection[UUID], kinds: Collection[PlaceKind] = ()) -> dict[UUID, PlaceView]:
    """Give these places and all of these kinds, for an act on stock. Raises: NotFound when one is not the office's."""
    asked = {"ids": list(ids), "kinds": list(kinds), "regency": tx.regency_code}
    found = {row.id: _view(row) for row in tx.session.execute(_OF_ACT, asked)}
    for place_id in ids:
        if place_id not in found:
            raise NotFound("place.not_found", place=str(place_id))
    return found


def place_by_id(tx: Tx, place_id: UUID) -> PlaceView:
    """Raises: NotFound, also for another office's place."""
    return places_of_act(tx, (place_id,))[place_id]


def find_place(tx: Tx, code: str) -> PlaceView:
    """Raises: NotFound."""
    row = tx.session.execute(
        sa.select(*_COLUMNS).where(_TABLE.regency_code == tx.regency_code, _TABLE.code == code.strip().upper())
    ).first()
    if row is None:
        raise NotFound("place.not_found", place=code)
    return _view(row)


def sink(tx: Tx, kind: PlaceKind) -> PlaceView:
    """Give the office's one place of a sink kind (or its first giver). Raises: NotFound before ``ensure_sinks``."""
    found = places(tx, kinds=(kind,))
    if not found:
        raise NotFound("place.not_found", place=kind.value)
    return found[0]


def quarantine_of(tx: Tx, place_id: UUID) -> PlaceView:
    """Give the quarantine that belongs to a warehouse or post. Raises: NotFound."""
    row = tx.session.execute(
        sa.select(*_COLUMNS)
        .where(
            _TABLE.regency_code == tx.regency_code, _TABLE.parent_id == place_id,
            _TABLE.kind == PlaceKind.QUARANTINE,
        )
        .order_by(_TABLE.code)
        .limit(1)
    ).first()  # fmt: skip
    if row is None:
        raise NotFound("place.not_found", place=str(place_id))
    return _view(row)


def _view(row: Any) -> PlaceView:
    return PlaceView(
        id=row.id, kind=row.kind, code=row.code, name=row.name, village_code=row.village_code, address=row.address,
        lon_deg=row.lon_deg, lat_deg=row.lat_deg, parent_id=row.parent_id, is_closed=row.is_closed,
    )  # fmt: skip
