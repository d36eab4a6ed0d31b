"""What lies in the warehouses, item by item, with what comes, what is on the road, and for how many days it does.

The page, its file and the API read the same figures here: stock knows nothing of rounds, and rounds nothing of roads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.i18n import say
from core.measures import Milli, Rupiah, print_count, print_quantity
from core.work import Tx
from logistics.planning.need import NeedLine, need
from logistics.zones import week
from logistics.zones.queries import running_incident
from stock.inbound.queries import expected
from stock.items.queries import ItemView, items
from stock.ledger.queries import batches_on, item_balances
from stock.ledger.rules import is_expired
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView
from stock.shipments.queries import in_transit

SOON_DAYS = 7
"""What lasts for less is marked: a week is what a round is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """How far an item goes against the running round.

    Units: ``days`` are whole days. While something is still to be promised they are those for which the free stock
    covers it; afterwards, those for which what stays free would do at the round's rate.
    """

    line: NeedLine
    round_days: int
    days: int | None

    @property
    def is_open(self) -> bool:
        return self.line.open_milli > 0

    @property
    def is_short(self) -> bool:
        return self.line.short_milli > 0

    @property
    def is_soon(self) -> bool:
        return self.days is not None and self.days < SOON_DAYS

    def origin(self, lang: str) -> tuple[str, ...]:
        """Say where the days come from."""
        unit = self.line.item.base_unit
        wanted = self.line.open_milli if self.is_open else self.line.quantity_milli
        worked = say(
            "stock.supply.open" if self.is_open else "stock.supply.after", lang,
            {
                "free": print_quantity(self.line.free_milli, unit, lang),
                "wanted": print_quantity(wanted, unit, lang),
                "span": print_count(self.round_days, lang), "days": print_count(self.days or 0, lang),
            },
        )  # fmt: skip
        return (*self.line.origin(lang), worked)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPlace:
    place: PlaceView
    on_hand_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewLine:
    """One item over the places shown. ``supply`` is None where no round runs, or where it does not need the item."""

    item: ItemView
    on_hand_milli: Milli
    reserved_milli: Milli
    available_milli: Milli
    expired_milli: Milli
    in_transit_milli: Milli
    expected_milli: Milli
    value_rp: Rupiah
    next_expiry_on: date | None
    places: tuple[AtPlace, ...]
    supply: Supply | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One item at the end of a past day; what was promised or expected then stands in no book."""

    item: ItemView
    on_hand_milli: Milli
    expired_milli: Milli
    value_rp: Rupiah
    places: tuple[AtPlace, ...]


def lines_now(tx: Tx, shown: Sequence[PlaceView], lang: str, *, with_supply: bool) -> tuple[OverviewLine, ...]:
    """Give what lies at these places now, by the item's name; what is only on its way to them too."""
    ids = {one.id for one in shown}
    found = item_balances(tx, place_ids=ids)
    on_road: dict[UUID, int] = defaultdict(int)
    for moving in in_transit(tx):
        if moving.to_place_id in ids:
            on_road[moving.item_id] += moving.quantity_milli
    coming: dict[UUID, int] = defaultdict(int)
    for amount in expected(tx, place_ids=ids):
        coming[amount.item_id] += amount.expected_milli
    supply = supplies(tx) if with_supply else {}
    known = {one.item.id for one in found} | on_road.keys() | coming.keys() | {
        key for key, one in supply.items() if one.is_short
    }  # fmt: skip
    made = []
    for item in items(tx, ids=known):
        group = [one for one in found if one.item.id == item.id]
        made.append(
            OverviewLine(
                item=item, on_hand_milli=Milli(sum(one.on_hand_milli for one in group)),
                reserved_milli=Milli(sum(one.reserved_milli for one in group)),
                available_milli=Milli(
                    sum(one.available_milli for one in group if one.place.kind is not PlaceKind.QUARANTINE)
                ),
                expired_milli=Milli(sum(one.expired_milli for one in group)),
                in_transit_milli=Milli(on_road[item.id]), expected_milli=Milli(coming[item.id]),
                value_rp=Rupiah(sum(one.value_rp for one in group)),
                next_expiry_on=min((one.next_expiry_on for one in group if one.next_expiry_on), default=None),
                places=tuple(AtPlace(place=one.place, on_hand_milli=one.on_hand_milli) for one in group),
                supply=supply.get(item.id),
            )
        )  # fmt: skip
    return tuple(sorted(made, key=lambda one: one.item.name(lang)))


def lines_on(tx: Tx, shown: Collection[PlaceView], on: date, lang: str) -> tuple[DayLine, ...]:
    """Give what lay at these places at the end of a past day, by when things happened."""
    groups: dict[UUID, list[tuple[PlaceView, Milli, Rupiah, bool]]] = defaultdict(list)
    goods: dict[UUID, ItemView] = {}
    for one in batches_on(tx, on, place_ids={place.id for place in shown}):
        goods[one.batch.item.id] = one.batch.item
        groups[one.batch.item.id].append(
            (one.place, one.on_hand_milli, one.value_rp, is_expired(one.batch.expires_on, on))
        )
    made = []
    for item_id, group in groups.items():
        at: dict[UUID, int] = defaultdict(int)
        for place, milli, _value, _expired in group:
            at[place.id] += milli
        spots = {place.id: place for place, *_rest in group}
        made.append(
            DayLine(
                item=goods[item_id], on_hand_milli=Milli(sum(milli for _place, milli, _value, _expired in group)),
                expired_milli=Milli(sum(milli for _place, milli, _value, expired in group if expired)),
                value_rp=Rupiah(sum(value for _place, _milli, value, _expired in group)),
                places=tuple(AtPlace(place=spots[key], on_hand_milli=Milli(milli)) for key, milli in at.items()),
            )
        )  # fmt: skip
    return tuple(sorted(made, key=lambda one: one.item.name(lang)))


def supplies(tx: Tx) -> dict[UUID, Supply]:
    """Give for each item of the running incident's round how far the warehouses go; nothing when no round runs."""
    incident = running_incident(tx)
    the_round = week.current_round(tx, incident.id) if incident else None
    if the_round is None:
        return {}
    wanted = need(tx, the_round.id)
    return {line.item.id: supply_of(line, wanted.days.count) for line in wanted.lines if line.item.is_stocked}


def supply_of(line: NeedLine, round_days: int) -> Supply:
    """Work out for how many days an item does: of what is still open, else at the round's whole rate."""
    days = line.lasts_days
    if days is None and line.quantity_milli > 0:
        days = line.free_milli * round_days // line.quantity_milli
    return Supply(line=line, round_days=round_days, days=days)
