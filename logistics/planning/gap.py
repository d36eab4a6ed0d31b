"""What is asked of a giver where a need is short, and the need's tables as they stand on paper and in files.

Pure: everything comes out of a ``RoundNeed`` and its spread over villages and days, so that page, letter and annex say
the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.i18n import say
from logistics.packages.rules import round_up
from logistics.planning.need import NeedLine, RoundNeed
from logistics.planning.spreading import ItemDays, VillageNeed
from stock.items.queries import ItemView, PackView


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How much of an item is asked for; ``packs`` is 0 where it is asked for loose."""

    quantity_milli: int
    pack_name: str = ""
    pack_milli: int = 0
    packs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One item of the need. Units: thousandths of ``unit``."""

    code: str
    name: str
    unit: str
    households: int
    exact_milli: int
    quantity_milli: int
    promised_milli: int
    gone_milli: int
    waiting_milli: int
    lacking_milli: int
    free_milli: int
    expected_milli: int
    short_milli: int
    covers_days: int | None
    """None where days say nothing: a durable, or nothing needed."""
    runs_out_on: date | None
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageItemRow:
    """One item in one village, by the places of both in the tables."""

    item: int
    households: int
    quantity_milli: int
    given_milli: int
    reserved_milli: int
    planned_milli: int
    waiting_milli: int
    lacking_milli: int

    @property
    def open_milli(self) -> int:
        return self.quantity_milli - self.given_milli - self.reserved_milli


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageRow:
    code: str
    name: str
    district: str
    households: int
    persons: int
    waiting: int
    in_part: int
    served: int
    items: tuple[VillageItemRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """One item on one day; morning and evening are None for days that are over."""

    on: date
    item: int
    leaves_milli: int
    morning_milli: int | None
    evening_milli: int | None
    arrives_milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalRow:
    item: int
    quantity_milli: int
    way: str
    source: str
    document: str
    place: str
    expected_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedTables:
    """A need as tables. ``item`` in a row is the place of its item in ``items``, 0 first."""

    items: tuple[ItemRow, ...]
    villages: tuple[VillageRow, ...]
    days: tuple[DayRow, ...]
    """Empty before there is a plan."""
    arrivals: tuple[ArrivalRow, ...]

    @property
    def asked(self) -> tuple[ItemRow, ...]:
        """The items that are short, in the order of the standard."""
        return tuple(one for one in self.items if one.short_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How quantities are asked for. ``less_until`` takes off what is said to come by that day."""

    less_until: date | None = None
    in_packs: bool = False


def ask(short_milli: int, expected_milli: int, step_milli: int, pack: PackView | None) -> Asked:
    """Give what to ask for of a shortage: less what comes, in steps in which the item moves, or in whole packs."""
    wanted = round_up(max(0, short_milli - expected_milli), step_milli)
    if pack is None or not wanted:
        return Asked(quantity_milli=wanted)
    packs = -(-wanted // pack.quantity_milli)
    return Asked(
        quantity_milli=packs * pack.quantity_milli, pack_name=pack.name, pack_milli=pack.quantity_milli, packs=packs
    )


def pack_of(item: ItemView) -> PackView | None:
    """Give the smallest pack of an item that holds whole steps; None where there is none."""
    fit = [one for one in item.packs if one.quantity_milli % item.step_milli == 0 and
           one.quantity_milli > item.step_milli]  # fmt: skip
    return min(fit, key=lambda one: (one.quantity_milli, one.name), default=None)


def tables_of(
    found: RoundNeed, villages: Sequence[VillageNeed], days: Sequence[ItemDays], asking: Asking, lang: str = "id"
) -> NeedTables:
    """Put a need and its spread into tables."""
    place = {line.item.id: number for number, line in enumerate(found.lines)}
    out = {one.line.item.id: one.runs_out_on for one in days}
    return NeedTables(
        items=tuple(_item(line, out.get(line.item.id), asking, lang) for line in found.lines),
        villages=tuple(
            VillageRow(
                code=one.village_code, name=one.name, district=one.district, households=one.households,
                persons=one.persons, waiting=one.waiting, in_part=one.in_part, served=one.served,
                items=tuple(
                    VillageItemRow(
                        item=place[line.item_id], households=line.households, quantity_milli=line.quantity_milli,
                        given_milli=line.given_milli, reserved_milli=line.reserved_milli,
                        planned_milli=line.planned_milli, waiting_milli=line.waiting_milli,
                        lacking_milli=line.lacking_milli,
                    )
                    for line in one.lines
                ),
            )
            for one in sorted(villages, key=lambda one: (one.district, one.name, one.village_code))
        ),
        days=tuple(
            DayRow(
                on=flow.on, item=place[one.line.item.id], leaves_milli=flow.leaves_milli,
                morning_milli=flow.morning_milli, evening_milli=flow.evening_milli, arrives_milli=flow.arrives_milli,
            )
            for at in range(len(days[0].flows) if days else 0)
            for one in days
            for flow in (one.flows[at],)
        ),
        arrivals=tuple(
            ArrivalRow(
                item=place[one.item_id], quantity_milli=one.quantity_milli, way=say(f"need.way.{one.way.value}", lang),
                source=one.source_name, document=one.document, place=one.place_name, expected_on=one.expected_on,
            )
            for line in found.lines
            for one in line.arrivals
        ),
    )  # fmt: skip


def _item(line: NeedLine, runs_out_on: date | None, asking: Asking, lang: str) -> ItemRow:
    expected = line.expected_until(asking.less_until) if asking.less_until else 0
    pack = pack_of(line.item) if asking.in_packs else None
    return ItemRow(
        code=line.item.code, name=line.item.name(lang), unit=line.item.base_unit, households=line.households,
        exact_milli=line.exact_milli, quantity_milli=line.quantity_milli, promised_milli=line.promised_milli,
        gone_milli=line.gone_milli, waiting_milli=line.waiting_milli, lacking_milli=line.lacking_milli,
        free_milli=line.free_milli, expected_milli=line.expected_milli, short_milli=line.short_milli,
        covers_days=None if line.is_once else line.covers_days, runs_out_on=runs_out_on,
        asked=ask(line.short_milli, expected, line.item.step_milli, pack),
    )  # fmt: skip
