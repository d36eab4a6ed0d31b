"""What runs low: less of an item at a warehouse than the office said should always lie there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from core.measures import Milli
from core.work import Tx
from stock.items.queries import ItemView, items, minimum_levels
from stock.ledger.queries import available
from stock.places.queries import PlaceView, places


@dataclass(frozen=True, slots=True, kw_only=True)
class LowStock:
    """One item that runs low at one warehouse.

    ``available_milli`` counts what could be promised today: unexpired, not reserved, not in quarantine.
    """

    place: PlaceView
    item: ItemView
    available_milli: Milli
    minimum_milli: Milli

    @property
    def short_milli(self) -> Milli:
        return Milli(self.minimum_milli - self.available_milli)


def low_stock(tx: Tx, place_ids: Collection[UUID] | None = None) -> tuple[LowStock, ...]:
    """Give what lies below its minimum level, at these places or everywhere, the most urgent first.

    Most urgent is what has the smallest part of its level left; among equals by place and item.
    """
    levels = minimum_levels(tx, place_ids=place_ids)
    spots = {one.id: one for one in places(tx, ids={one.place_id for one in levels}) if not one.is_closed}
    goods = {one.id: one for one in items(tx, ids={one.item_id for one in levels}) if one.is_active}
    watched = [one for one in levels if one.place_id in spots and one.item_id in goods]
    if not watched:
        return ()
    free = {
        (one.place_id, one.item_id): one.available_milli
        for one in available(tx, {one.item_id for one in watched}, {one.place_id for one in watched})
    }
    found = [
        LowStock(
            place=spots[one.place_id], item=goods[one.item_id], minimum_milli=one.quantity_milli,
            available_milli=free[one.place_id, one.item_id],
        )
        for one in watched if free[one.place_id, one.item_id] < one.quantity_milli
    ]  # fmt: skip
    return tuple(
        sorted(
            found,
            key=lambda one: (Fraction(one.available_milli, one.minimum_milli), one.place.code, one.item.name_id),
        )
    )
