from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.work import Tx
from stock.places.kinds import SINKS, PlaceKind
from stock.places.models import Place

_SINK_NAMES = {
    PlaceKind.HOUSEHOLD: ("PENERIMA", "Penerima bantuan"),
    PlaceKind.CONTESTED: ("GANDA", "Serah terima ganda"),
    PlaceKind.ASSEMBLY: ("PERAKITAN", "Perakitan kit"),
    PlaceKind.ADJUSTMENT: ("PENYESUAIAN", "Penyesuaian stok"),
    PlaceKind.LOSS: ("HAPUS", "Penghapusan"),
}
_DEFAULT_SUPPLIER = ("PEMASOK", "Pemasok lain")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPlace:
    """A warehouse, post, vehicle, quarantine or giver; the office's sinks come by themselves."""

    kind: PlaceKind
    code: str
    name: str
    village_code: str | None = None
    address: str = ""
    lon_deg: float | None = None
    lat_deg: float | None = None
    parent_id: UUID | None = None


def ensure_sinks(tx: Tx) -> None:
    """Make the ends of stock's way for an office, from giver to household. Safe to repeat."""
    known = set(tx.session.scalars(sa.select(Place.kind).where(Place.regency_code == tx.regency_code)))
    wanted = {**_SINK_NAMES, PlaceKind.SUPPLIER: _DEFAULT_SUPPLIER}
    for kind in sorted(wanted.keys() - known):
        code, name = wanted[kind]
        place_id = _insert(tx, AddPlace(kind=kind, code=code, name=name))
        tx.note("place.add", "place", place_id, kind=kind.value, code=code)


def add_place(tx: Tx, order: AddPlace) -> UUID:
    """Add a place; a warehouse or post gets its quarantine with it.

    Raises: Invalid for a sink, an empty name or half a position; NotFound for the parent; Conflict for a taken code.
    """
    code = order.code.strip().upper()
    if order.kind in SINKS:
        raise Invalid("place.only_one", field="kind", kind=order.kind.value)
    if not code or not order.name.strip():
        raise Invalid("place.name_missing", field="name")
    if (order.lon_deg is None) != (order.lat_deg is None):
        raise Invalid("place.half_position", field="lat_deg")
    if order.lon_deg is not None and not (-180 <= order.lon_deg <= 180 and -90 <= (order.lat_deg or 0) <= 90):
        raise Invalid("place.position_out_of_range", field="lat_deg")
    if order.parent_id is not None and not _is_ours(tx, order.parent_id):
        raise NotFound("place.not_found", place=str(order.parent_id))
    taken = sa.select(Place.id).where(Place.regency_code == tx.regency_code, Place.code == code)
    if tx.session.scalar(taken) is not None:
        raise Conflict("place.code_taken", place=code)
    place_id = _insert(tx, order)
    if order.kind in (PlaceKind.WAREHOUSE, PlaceKind.POST):
        _insert(
            tx,
            AddPlace(
                kind=PlaceKind.QUARANTINE, code=f"{code}-K", name=f"Karantina {order.name.strip()}",
                village_code=order.village_code, parent_id=place_id,
            ),
        )  # fmt: skip
    tx.note("place.add", "place", place_id, kind=order.kind.value, code=code)
    return place_id


def close_place(tx: Tx, place_id: UUID, reason: str) -> None:
    """Take nothing more into a place; what is in it can still leave. Raises: NotFound."""
    done = tx.session.execute(
        sa.update(Place).where(Place.id == place_id, Place.regency_code == tx.regency_code).values(is_closed=True)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("place.not_found", place=str(place_id))
    tx.note("place.close", "place", place_id, reason=reason)


def _is_ours(tx: Tx, place_id: UUID) -> bool:
    row = tx.session.get(Place, place_id)
    return row is not None and row.regency_code == tx.regency_code


def _insert(tx: Tx, order: AddPlace) -> UUID:
    place_id = tx.new_id()
    tx.session.add(
        Place(
            id=place_id, regency_code=tx.regency_code, kind=order.kind, code=order.code.strip().upper(),
            name=order.name.strip(), village_code=order.village_code, address=order.address.strip(),
            lon_deg=order.lon_deg, lat_deg=order.lat_deg, parent_id=order.parent_id, is_closed=False,
        )
    )  # fmt: skip
    tx.session.flush()
    return place_id
