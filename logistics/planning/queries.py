"""The plans of a round, and what they stand on: posts as they were, shelves as they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.i18n import say
from core.work import Tx
from logistics.packages.rules import Composition, Days, Need, StandardLine, need_of
from logistics.planning.hours import read, read_days
from logistics.planning.models import Plan, PlanPost
from logistics.planning.rules import PostChoice, Shelf
from logistics.planning.states import PlanState
from stock.ledger.kinds import ReleaseCondition
from stock.ledger.queries import available
from stock.places.kinds import PlaceKind
from stock.places.queries import places

SYSTEM: Final = "system"
BY_ITSELF: Final = "Sistem"
"""Who planned, where nobody did: the next week plans itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    id: UUID
    round_id: UUID
    no: int
    """1 the round's first plan; higher for households confirmed later."""
    state: PlanState
    is_fitted: bool
    rule_version: str
    floor_permille: int | None
    """The share of every village that came first; None where nothing was fitted to stock."""
    largest_floor_permille: int | None
    """The share of every village that could have whole packages."""
    planned_by: str
    planned_by_name: str
    planned_at: datetime
    approved_by_name: str | None
    approved_at: datetime | None
    is_revision: bool = False
    """It changes packages of the plans before it (``revising``)."""

    @property
    def planned_itself(self) -> bool:
        """No person made it."""
        return self.planned_by == SYSTEM

    @property
    def stamp(self) -> str:
        """Name this plan as it stands: another as soon as it is worked out again."""
        return f"{self.id}@{self.planned_at.isoformat()}"

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"plan.state.{self.state.value}", lang)


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
    """Give the round's plan that waits for approval, a revision not; None when there is none."""
    return next((one for one in plans_of(tx, round_id) if one.state is PlanState.DRAFT and not one.is_revision), None)


def revision_of(tx: Tx, round_id: UUID) -> PlanView | None:
    """Give the round's revision that waits for approval; None when there is none."""
    return next((one for one in plans_of(tx, round_id) if one.state is PlanState.DRAFT and one.is_revision), None)


def posts_of(tx: Tx, plan_id: UUID) -> tuple[PostChoice, ...]:
    """Give a plan's posts with the capacity, hours and closed days they had when it was made, by code."""
    rows = {row.post_id: row for row in tx.session.scalars(sa.select(PlanPost).where(PlanPost.plan_id == plan_id))}
    return tuple(
        PostChoice(
            post_id=place.id, code=place.code, name=place.name, capacity_per_day=rows[place.id].capacity_per_day,
            village_code=rows[place.id].village_code, lon_deg=rows[place.id].lon_deg, lat_deg=rows[place.id].lat_deg,
            slots=read(rows[place.id].slots), closed_on=read_days(rows[place.id].closed_on),
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


def _plan_view(row: Plan) -> PlanView:
    return PlanView(
        id=row.id, round_id=row.round_id, no=row.no, state=row.state, is_fitted=row.is_fitted,
        rule_version=row.rule_version, floor_permille=row.floor_permille,
        largest_floor_permille=row.largest_floor_permille, planned_by=row.planned_by,
        planned_by_name=row.planned_by_name if row.planned_by != SYSTEM else BY_ITSELF, planned_at=row.planned_at,
        approved_by_name=row.approved_by_name, approved_at=row.approved_at,
        is_revision=row.is_revision,
    )  # fmt: skip
