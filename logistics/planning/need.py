"""What a round needs against what there is: by item, with the arithmetic behind each figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from core.i18n import say
from core.measures import Milli, Period, print_count, print_quantity
from core.work import Tx
from logistics.packages.queries import round_by_id
from logistics.packages.rules import Composition, Days, Need, StandardLine, coverage_permille, totals_of
from logistics.packages.sentences import rate_sentence
from logistics.packages.standard_queries import standard_lines
from logistics.packages.sums import sums_by_item
from logistics.planning.arrivals import Arrival, arrivals
from logistics.planning.commands import PURPOSE
from logistics.planning.queries import cached_need, shelves_of
from logistics.planning.rules import Shelf, lasts_days
from stock.items.queries import ItemView, items
from stock.ledger.rules import UNDER_DECREE
from stock.reservations.queries import kept_sums

WEEK: Final = Days(1, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseFree:
    """What one warehouse has free of an item, usable to the end of the week."""

    place_id: UUID
    code: str
    name: str
    free_milli: Milli
    kept_milli: Milli
    """Set aside there for this round."""
    expected_milli: Milli
    """On its way there, and counted nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedLine:
    """One item: what the round needs, what of it is promised, what is free, what is missing, what is on its way."""

    item: ItemView
    households: int
    exact_milli: Milli
    quantity_milli: Milli
    """Rounded up per household: exact + surplus."""
    promised_milli: Milli
    waiting_milli: Milli
    """Of the quantity, what households need that wait."""
    lacking_milli: Milli
    """Of the quantity, what households go without that get other items."""
    gone_milli: Milli
    """Of what is promised, what is at a post or handed over."""
    free_milli: Milli
    by_warehouse: tuple[WarehouseFree, ...]
    lasts_days: int | None
    """Whole days for which what is free covers what is still needed; None when nothing is."""
    round_days: int
    arrivals: tuple[Arrival, ...]
    rules: tuple[StandardLine, ...]

    @property
    def surplus_milli(self) -> Milli:
        return Milli(self.quantity_milli - self.exact_milli)

    @property
    def open_milli(self) -> Milli:
        """Still to be reserved."""
        return Milli(self.quantity_milli - self.promised_milli)

    @property
    def short_milli(self) -> Milli:
        return Milli(max(0, self.open_milli - self.free_milli)) if self.item.is_stocked else Milli(0)

    @property
    def expected_milli(self) -> Milli:
        """On its way to the warehouses; no other figure counts on it."""
        return Milli(sum(one.quantity_milli for one in self.arrivals))

    @property
    def covers_days(self) -> int | None:
        """How many days of the round's need are promised or free, at its own rate, rounded down; None without need.

        Below the round's days exactly where something is short.
        """
        return lasts_days(self.promised_milli + self.free_milli, self.quantity_milli, self.round_days)

    @property
    def is_once(self) -> bool:
        """A durable: a household gets it once, so that days at a rate say nothing of it."""
        return bool(self.rules) and all(rule.is_once for rule in self.rules)

    @property
    def covers_permille(self) -> int:
        """Which part of the need is promised or free, in thousandths, rounded down; at most 1000."""
        return min(1000, coverage_permille(self.promised_milli + self.free_milli, self.quantity_milli))

    def expected_until(self, day: date) -> Milli:
        """Give what of the expected is said to come by a day."""
        return Milli(sum(one.quantity_milli for one in self.arrivals if one.expected_on and one.expected_on <= day))

    def origin(self, lang: str) -> tuple[str, ...]:
        """Say where the figure comes from."""
        unit = self.item.base_unit
        facts: dict[str, object] = {
            name: print_quantity(milli, unit, lang)
            for name, milli in (
                ("exact", self.exact_milli), ("surplus", self.surplus_milli), ("quantity", self.quantity_milli),
                ("promised", self.promised_milli), ("open", self.open_milli), ("free", self.free_milli),
                ("waiting", self.waiting_milli), ("lacking", self.lacking_milli), ("short", self.short_milli),
            )
        }  # fmt: skip
        facts["households"] = print_count(self.households, lang)
        return (
            *(rate_sentence(rule, unit, lang) for rule in self.rules),
            say("plan.need.total", lang, facts),
            say("plan.need.open", lang, facts),
            *((say("need.waiting", lang, facts),) if self.waiting_milli or self.lacking_milli else ()),
            *((say("need.short", lang, facts),) if self.short_milli else ()),
            *(self._lasting(lang)),
            *(one.sentence(unit, lang) for one in self.arrivals),
        )

    def _lasting(self, lang: str) -> tuple[str, ...]:
        days = self.covers_days
        if days is None or self.is_once or not self.item.is_stocked:
            return ()
        unit = self.item.base_unit
        rate = print_quantity(-(-self.quantity_milli // self.round_days), unit, lang)
        there = print_quantity(self.promised_milli + self.free_milli, unit, lang)
        return (say("need.lasts", lang, {"there": there, "rate": rate, "days": print_count(days, lang)}),)

    def at_warehouses(self, lang: str) -> tuple[str, ...]:
        """Say where it lies: free, set aside for this round, on its way; warehouses with none of it are left out."""
        unit = self.item.base_unit
        return tuple(
            say(
                "need.at_warehouse", lang,
                {
                    "place": one.name, "free": print_quantity(one.free_milli, unit, lang),
                    "kept": print_quantity(one.kept_milli, unit, lang),
                    "expected": print_quantity(one.expected_milli, unit, lang),
                },
            )
            for one in self.by_warehouse if one.free_milli or one.kept_milli or one.expected_milli
        )  # fmt: skip

    def sources(self, lang: str) -> tuple[str, ...]:
        """Name the sources of the rates, each once."""
        return tuple(dict.fromkeys(rule.source_en if lang == "en" else rule.source_id for rule in self.rules))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundNeed:
    """What a round needs, item by item in the order of its standard; ``week`` is None before there is a round."""

    days: Days
    week: Period | None
    lines: tuple[NeedLine, ...]

    @property
    def shortages(self) -> tuple[NeedLine, ...]:
        return tuple(line for line in self.lines if line.short_milli)


def need(tx: Tx, round_id: UUID) -> RoundNeed:
    """Give what a round's packages need, the waiting included, against what is free now. Raises: NotFound."""
    the_round = round_by_id(tx, round_id)
    rules = standard_lines(tx, the_round.standard_id)
    order = {item_id: place for place, item_id in enumerate(dict.fromkeys(rule.item_id for rule in rules))}
    sums = sorted(sums_by_item(tx, round_id), key=lambda one: (order.get(one.item_id, len(order)), str(one.item_id)))
    ids = [one.item_id for one in sums]
    ground = _Ground(
        rules=rules, days=the_round.days, shelves=shelves_of(tx, ids, the_round.week.last_on, the_round.released),
        catalogue={one.id: one for one in items(tx, ids=ids)}, arrivals=arrivals(tx, ids),
        kept=kept_sums(tx, PURPOSE, round_id),
    )  # fmt: skip
    return RoundNeed(
        days=the_round.days, week=the_round.week,
        lines=tuple(
            ground.line(
                one.item_id, households=one.households, exact=one.exact_milli, quantity=one.quantity_milli,
                promised=one.promised_milli, waiting=one.waiting_milli, lacking=one.lacking_milli, gone=one.gone_milli,
            )
            for one in sums
        ),
    )  # fmt: skip


def preview_need(
    tx: Tx, standard_id: UUID, people: Sequence[Composition], days: Days = WEEK
) -> RoundNeed:  # fmt: skip
    """Give what these households would need, before anything is planned, against what is free now."""
    rules = standard_lines(tx, standard_id)
    known: dict[tuple[object, ...], Need] = {}
    totals = totals_of([cached_need(known, rules, who, days, ()) for who in people])
    ids = [one.item_id for one in totals]
    ground = _Ground(
        rules=rules, days=days, shelves=shelves_of(tx, ids, None, UNDER_DECREE),
        catalogue={one.id: one for one in items(tx, ids=ids)}, arrivals=arrivals(tx, ids), kept={},
    )  # fmt: skip
    return RoundNeed(
        days=days, week=None,
        lines=tuple(
            ground.line(
                one.item_id, households=one.households, exact=one.exact_milli, quantity=one.quantity_milli, promised=0,
                waiting=0, lacking=0, gone=0,
            )
            for one in totals
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What the lines of a need are held against."""

    rules: Sequence[StandardLine]
    days: Days
    shelves: Sequence[Shelf]
    catalogue: Mapping[UUID, ItemView]
    arrivals: Sequence[Arrival]
    kept: Mapping[tuple[UUID, UUID], int]

    def line(
        self, item_id: UUID, *, households: int, exact: int, quantity: int, promised: int, waiting: int, lacking: int,
        gone: int,
    ) -> NeedLine:  # fmt: skip
        mine = [shelf for shelf in self.shelves if shelf.item_id == item_id]
        free = sum(shelf.free_milli for shelf in mine)
        coming = tuple(one for one in self.arrivals if one.item_id == item_id)
        return NeedLine(
            item=self.catalogue[item_id], households=households, exact_milli=Milli(exact),
            quantity_milli=Milli(quantity), promised_milli=Milli(promised), waiting_milli=Milli(waiting),
            lacking_milli=Milli(lacking), gone_milli=Milli(gone), free_milli=Milli(free),
            by_warehouse=tuple(
                WarehouseFree(
                    place_id=shelf.place_id, code=shelf.code, name=shelf.name, free_milli=shelf.free_milli,
                    kept_milli=Milli(self.kept.get((shelf.place_id, item_id), 0)),
                    expected_milli=Milli(sum(one.quantity_milli for one in coming if one.place_id == shelf.place_id)),
                )
                for shelf in mine
            ),
            lasts_days=lasts_days(free, quantity - promised, self.days.count), round_days=self.days.count,
            arrivals=coming, rules=tuple(rule for rule in self.rules if rule.item_id == item_id),
        )  # fmt: skip
