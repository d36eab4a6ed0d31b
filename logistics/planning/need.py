"""What a round needs against what there is: by item, with the arithmetic behind each figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.i18n import say
from core.measures import Milli, print_count, print_quantity
from core.work import Tx
from logistics.packages.queries import item_sums, round_by_id
from logistics.packages.rules import Composition, Days, Need, StandardLine, totals_of
from logistics.packages.sentences import rate_sentence
from logistics.packages.standard_queries import standard_lines
from logistics.planning.queries import cached_need, shelves_of
from logistics.planning.rules import Shelf, lasts_days
from stock.items.queries import ItemView, items
from stock.ledger.rules import UNDER_DECREE

WEEK: Final = Days(1, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseFree:
    """What one warehouse has free of an item, usable to the end of the week."""

    place_id: UUID
    code: str
    name: str
    free_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedLine:
    """One item: what the round needs, what of it is promised, what is free, what is missing."""

    item: ItemView
    households: int
    exact_milli: Milli
    quantity_milli: Milli
    """Rounded up per household: exact + surplus."""
    promised_milli: Milli
    waiting_milli: Milli
    """Of the quantity, what households need that wait."""
    free_milli: Milli
    by_warehouse: tuple[WarehouseFree, ...]
    lasts_days: int | None
    """Whole days for which what is free covers what is still needed; None when nothing is."""
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

    def origin(self, lang: str) -> tuple[str, ...]:
        """Say where the figure comes from."""
        unit = self.item.base_unit
        facts: dict[str, object] = {
            name: print_quantity(milli, unit, lang)
            for name, milli in (
                ("exact", self.exact_milli), ("surplus", self.surplus_milli), ("quantity", self.quantity_milli),
                ("promised", self.promised_milli), ("open", self.open_milli), ("free", self.free_milli),
            )
        }  # fmt: skip
        facts["households"] = print_count(self.households, lang)
        return (
            *(rate_sentence(rule, unit, lang) for rule in self.rules),
            say("plan.need.total", lang, facts),
            say("plan.need.open", lang, facts),
        )

    def sources(self, lang: str) -> tuple[str, ...]:
        """Name the sources of the rates, each once."""
        return tuple(dict.fromkeys(rule.source_en if lang == "en" else rule.source_id for rule in self.rules))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundNeed:
    days: Days
    lines: tuple[NeedLine, ...]

    @property
    def shortages(self) -> tuple[NeedLine, ...]:
        return tuple(line for line in self.lines if line.short_milli)


def need(tx: Tx, round_id: UUID) -> RoundNeed:
    """Give what a round's packages need, the waiting included, against what is free now. Raises: NotFound."""
    the_round = round_by_id(tx, round_id)
    sums = item_sums(tx, round_id)
    rules = standard_lines(tx, the_round.standard_id)
    shelves = shelves_of(tx, [one.item_id for one in sums], the_round.week.last_on, the_round.released)
    catalogue = {one.id: one for one in items(tx, ids=[one.item_id for one in sums])}
    return RoundNeed(
        days=the_round.days,
        lines=tuple(
            _need_line(
                catalogue[one.item_id], rules, shelves, the_round.days, households=one.households,
                exact=one.exact_milli, quantity=one.quantity_milli, promised=one.promised_milli,
                waiting=one.waiting_milli,
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
    shelves = shelves_of(tx, [one.item_id for one in totals], None, UNDER_DECREE)
    catalogue = {one.id: one for one in items(tx, ids=[one.item_id for one in totals])}
    return RoundNeed(
        days=days,
        lines=tuple(
            _need_line(
                catalogue[one.item_id], rules, shelves, days, households=one.households, exact=one.exact_milli,
                quantity=one.quantity_milli, promised=Milli(0), waiting=Milli(0),
            )
            for one in totals
        ),
    )  # fmt: skip


def _need_line(
    item: ItemView, rules: Sequence[StandardLine], shelves: Sequence[Shelf], days: Days, *, households: int,
    exact: Milli, quantity: Milli, promised: Milli, waiting: Milli,
) -> NeedLine:  # fmt: skip
    mine = [shelf for shelf in shelves if shelf.item_id == item.id]
    free = sum(shelf.free_milli for shelf in mine)
    return NeedLine(
        item=item, households=households, exact_milli=exact, quantity_milli=quantity, promised_milli=promised,
        waiting_milli=waiting, free_milli=Milli(free),
        by_warehouse=tuple(
            WarehouseFree(place_id=shelf.place_id, code=shelf.code, name=shelf.name, free_milli=shelf.free_milli)
            for shelf in mine
        ),
        lasts_days=lasts_days(free, quantity - promised, days.count),
        rules=tuple(rule for rule in rules if rule.item_id == item.id),
    )  # fmt: skip
