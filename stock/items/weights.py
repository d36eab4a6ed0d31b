"""What goods weigh, as far as anybody knows: an unknown weight is told as unknown, never counted as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.errors import Invalid
from core.measures import MILLI, print_quantity
from core.work import Tx
from stock.items.commands import one_at_a_time
from stock.items.models import Item
from stock.items.queries import item_by_id
from stock.items.rules import checked_source, unit_words

_UNITS: Final = {"gram": 1, "ons": 100, "kg": 1000, "kuintal": 100_000, "ton": 1_000_000}
"""Units that say their weight themselves, in grams."""
MOST_G: Final = 2_000_000
_TON: Final = 1_000_000
_SAID_IN_TONS: Final = 10 * _TON


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeight:
    """What one base unit of an item weighs; None: nobody knows any more."""

    item_id: UUID
    weight_g: int | None
    source: str = ""
    """Who weighed it, or where it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a heap of goods weighs, and the items of it whose weight nobody knows."""

    grams: int = 0
    unknown: tuple[UUID, ...] = ()

    @property
    def is_known(self) -> bool:
        return not self.unknown


def grams_per_unit(base_unit: str, weighed_g: int | None) -> int | None:
    """Tell what one base unit weighs: a kilogram is a kilogram; all else as somebody weighed it, or None."""
    return _UNITS.get(" ".join(unit_words(base_unit)), weighed_g)


def weighs_itself(base_unit: str) -> bool:
    """Tell whether the unit is a weight."""
    return grams_per_unit(base_unit, None) is not None


def weigh(quantities: Mapping[UUID, int], grams: Mapping[UUID, int | None]) -> Weight:
    """Add up what these quantities (thousandths) weigh, rounded up to whole grams."""
    total, unknown = 0, []
    for item_id, quantity in quantities.items():
        each = grams.get(item_id)
        if quantity and each is None:
            unknown.append(item_id)
        total += quantity * (each or 0)
    return Weight(grams=-(-total // MILLI), unknown=tuple(sorted(unknown, key=str)))


def print_weight(grams: int, lang: str = "id") -> str:
    """Print a weight as people say it: 640 g, 12,4 kg, 1.204 kg, 14,2 ton; kilograms rounded up."""
    if grams < 1000:
        return f"{grams} g"
    if grams < 100_000:
        return print_quantity(-(-grams // 100) * 100, "kg", lang)
    if grams < _SAID_IN_TONS:
        return print_quantity(-(-grams // 1000) * 1000, "kg", lang)
    return print_quantity(-(-grams // 100_000) * 100, "ton", lang)


def set_weight(tx: Tx, order: SetWeight) -> bool:
    """Say what one base unit of an item weighs, with the source. Tells whether anything changed.

    Raises: Forbidden; NotFound; Invalid, also for an item whose unit is a weight itself.
    """
    tx.require("item.edit")
    one_at_a_time(tx)
    item = item_by_id(tx, order.item_id)
    if not item.is_stocked:
        raise Invalid("item.is_money")
    if weighs_itself(item.base_unit):
        raise Invalid("item.weighs_itself", field="weight_g", unit=item.base_unit)
    if order.weight_g is not None and not 1 <= order.weight_g <= MOST_G:
        raise Invalid("item.weight_out_of_range", field="weight_g", most=MOST_G // 1000)
    source = checked_source(order.source) if order.weight_g is not None else None
    if (item.weight_g, item.weight_source) == (order.weight_g, source):
        return False
    row = tx.session.get(Item, order.item_id, with_for_update=True, populate_existing=True)
    assert row is not None
    row.weight_g, row.weight_source = order.weight_g, source
    tx.session.flush()
    tx.note("item.set_weight", "item", item.id, before_g=item.weight_g, weight_g=order.weight_g)
    return True
