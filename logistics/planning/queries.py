"""What a round needs against what there is, and the plans it has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.i18n import say
from core.measures import Milli, print_count, print_quantity
from core.work import Tx
from logistics.packages.queries import item_sums, round_by_id
from logistics.packages.rules import Composition, Days, Need, StandardLine, need_of, totals_of
from logistics.packages.sentences import rate_sentence
from logistics.packages.standard_queries import standard_lines
from logistics.planning.models import Plan, PlanPost
from logistics.planning.rules import PostChoice, Shelf, lasts_days
from logistics.planning.states import PlanState
from stock.items.queries import ItemView, items
from stock.ledger.kinds import ReleaseCondition
from stock.ledger.queries import available
from stock.ledger.rules import UNDER_DECREE
from stock.places.kinds import PlaceKind
from stock.places.queries import places

WEEK: Final = Days(1, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    id: UUID
    round_id: UUID
    no: int
    """1 the round's first plan; higher for households confirmed later."""
    state: PlanState
    is_fitted: bool
    rule_version: str
    planned_by: str
    planned_by_name: str
    planned_at: datetime
    approved_by_name: str | None
    approved_at: datetime | None

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"plan.state.{self.state.value}", lang)

    def rule(self, lang: str) -> str:
        """Say the declared order the ranks follow."""
        return say("plan.rule", lang)


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


def plans_of(tx: Tx, round_id: UUID) -> tuple[PlanView, ...]:
    """Give a round's plans, first to last, discarded ones too."""
    rows = tx.session.scalars(
        sa.select(Plan)
        .where(Plan.round_id == round_id, Plan.regency_code == tx.regency_code)
        .order_by(Plan.no)
        .execution_options(populate_existing=True)
    )
    return tuple(_plan_view(row) for row in rows)


def draft_of(tx: Tx, round_id: UUID) -> PlanView | None:
    """Give the round's plan that waits for approval; None when there is none."""
    return next((plan for plan in plans_of(tx, round_id) if plan.state is PlanState.DRAFT), None)


def posts_of(tx: Tx, plan_id: UUID) -> tuple[PostChoice, ...]:
    """Give a plan's posts with the capacity they had when it was made, by code."""
    rows = {row.post_id: row for row in tx.session.scalars(sa.select(PlanPost).where(PlanPost.plan_id == plan_id))}
    return tuple(
        PostChoice(
            post_id=place.id, code=place.code, name=place.name, capacity_per_day=rows[place.id].capacity_per_day,
            village_code=rows[place.id].village_code, lon_deg=rows[place.id].lon_deg, lat_deg=rows[place.id].lat_deg,
        )
        for place in (places(tx, ids=rows) if rows else ())
    )  # fmt: skip


def shelves_of(
    tx: Tx, item_ids: Collection[UUID], usable_on: date | None, met: frozenset[ReleaseCondition]
) -> tuple[Shelf, ...]:
    """Give what every warehouse has free of these items, is still good on a day (today) and may leave now."""
    warehouses = {place.id: place for place in places(tx, kinds=(PlaceKind.WAREHOUSE,))}
    if not item_ids or not warehouses:
        return ()
    return tuple(
        Shelf(
            place_id=one.place_id, code=warehouses[one.place_id].code, name=warehouses[one.place_id].name,
            item_id=one.item_id, free_milli=one.available_milli, lon_deg=warehouses[one.place_id].lon_deg,
            lat_deg=warehouses[one.place_id].lat_deg,
        )
        for one in available(tx, item_ids, list(warehouses), usable_on=usable_on, met=met)
    )  # fmt: skip


def cached_need(
    known: dict[tuple[object, ...], Need], rules: Sequence[StandardLine], who: Composition, days: Days,
    given: Collection[UUID],
) -> Need:  # fmt: skip
    """Work out a need once for all households that look alike; ``known`` is the caller's memory."""
    key = (
        who.persons, who.adults, who.children, who.infants, who.elderly, who.women, who.pregnant, who.nursing,
        who.disabled, frozenset(given),
    )  # fmt: skip
    if key not in known:
        known[key] = need_of(rules, who, days, given)
    return known[key]


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


def _plan_view(row: Plan) -> PlanView:
    return PlanView(
        id=row.id, round_id=row.round_id, no=row.no, state=row.state, is_fitted=row.is_fitted,
        rule_version=row.rule_version, planned_by=row.planned_by, planned_by_name=row.planned_by_name,
        planned_at=row.planned_at, approved_by_name=row.approved_by_name, approved_at=row.approved_at,
    )  # fmt: skip
