"""Everything a plan is worked out from, read once: what the list, the shelves, the posts and the rule say now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from core.measures import Milli, Period
from core.work import Tx
from logistics.packages.durables import counted
from logistics.packages.queries import StripCell, durables_given, group_sums, strip_of
from logistics.packages.rules import Days
from logistics.packages.standard_queries import standard_lines
from logistics.planning.priorities import rule_in_force
from logistics.planning.priority import Priority
from logistics.planning.proposing import HadBefore, PlanInputs, Pledged
from logistics.planning.queries import shelves_of
from logistics.planning.roads import roads_of
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Shelf, Taken, VillagePoint
from registry_link.households.merged import has_merged, survivors_of
from stock.items.queries import items, unstocked_ids
from stock.ledger.kinds import ReleaseCondition

DEGREES: Final = 4
"""Decimals of a household's position in a plan: some 11 m, enough for a way to a post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The distribution that is planned: a week of an incident, or a term's days."""

    week: Period
    response: Days
    released: frozenset[ReleaseCondition]
    standard_id: UUID
    round_id: UUID | None = None
    """None before there is one."""
    plan_id: UUID | None = None
    """The draft that these households join."""
    but_plan_id: UUID | None = None
    """A draft that is left out of account."""
    first_rank: int = 1


def gather(
    tx: Tx, setting: Setting, households: Sequence[ConfirmedHousehold], posts: Sequence[PostChoice], *,
    points: Sequence[VillagePoint] = (), had_before: Mapping[UUID, Collection[UUID]] | None = None,
    fit_to_stock: bool = False, rule: Priority | None = None,
) -> PlanInputs:  # fmt: skip
    """Read what the households' plan is worked out from; ``rule`` is the one in force unless another is asked for."""
    lines = standard_lines(tx, setting.standard_id)
    item_ids = sorted({line.item_id for line in lines}, key=str)
    taken: tuple[StripCell, ...] = ()
    if setting.round_id is not None:
        taken = strip_of(tx, setting.round_id, but_plan_id=setting.but_plan_id)
    pledged = group_sums(tx, setting.plan_id) if setting.plan_id is not None else ()
    village = {post.post_id: post.village_code or "" for post in posts}
    mine = {one.beneficiary_id for one in households}
    return PlanInputs(
        rule=rule or rule_in_force(tx),
        lines=lines,
        response=setting.response,
        serve_days=tuple(day for day in setting.week.each() if day >= tx.today),
        households=tuple(as_kept(one) for one in households),
        posts=tuple(sorted(posts, key=lambda post: (post.code, str(post.post_id)))),
        shelves=in_steps(tx, shelves_of(tx, item_ids, setting.week.last_on, setting.released)),
        points=tuple(points),
        roads=roads_of(tx, max(tx.today, setting.week.first_on)),
        had_before=tuple(
            HadBefore(beneficiary_id=one, item_ids=tuple(sorted(items, key=str)))
            for one, items in sorted((had_before or {}).items(), key=lambda pair: pair[0].int) if one in mine
        ),
        pledged=tuple(
            Pledged(village_code=village.get(one.post_id, ""), item_id=one.item_id, quantity_milli=one.quantity_milli)
            for one in pledged
        ),
        taken=tuple(
            Taken(post_id=one.post_id, serve_on=one.serve_on, households=one.households) for one in taken
        ),
        money_items=tuple(sorted(unstocked_ids(tx), key=str)),
        fit_to_stock=fit_to_stock, first_rank=setting.first_rank,
    )  # fmt: skip


def had_before(
    tx: Tx, incident_id: UUID, overlapping_ids: Collection[UUID] = (), *, but_plan_id: UUID | None = None
) -> tuple[dict[UUID, set[UUID]], frozenset[UUID]]:
    """Give which durables whom has had in this event or one of the same days, and who had them in another.

    A merged household has had what either of the two had.
    """
    had: dict[UUID, set[UUID]] = defaultdict(set)
    elsewhere: set[UUID] = set()
    given = durables_given(tx, {incident_id, *overlapping_ids}, but_plan_id=but_plan_id)
    for one in counted(tx, incident_id, given):
        had[one.beneficiary_id].add(one.item_id)
        if one.incident_id != incident_id:
            elsewhere.add(one.beneficiary_id)
    for gone, stays in (survivors_of(tx, sorted(had)) if has_merged(tx) else {}).items():
        had[stays] |= had[gone]
        elsewhere |= {stays} if gone in elsewhere else set()
    return dict(had), frozenset(elsewhere)


def in_steps(tx: Tx, shelves: Sequence[Shelf]) -> tuple[Shelf, ...]:
    """Count of every shelf only what leaves it: whole issue steps."""
    steps = {one.id: one.step_milli for one in items(tx, ids=sorted({shelf.item_id for shelf in shelves}, key=str))}
    return tuple(
        replace(shelf, free_milli=Milli(shelf.free_milli // steps[shelf.item_id] * steps[shelf.item_id]))
        for shelf in shelves
    )


def as_kept(one: ConfirmedHousehold) -> ConfirmedHousehold:
    """Give the household as a plan keeps it: where it stands no more exactly than a plan needs."""
    if one.lon_deg is None or one.lat_deg is None:
        return one
    return replace(one, lon_deg=round(one.lon_deg, DEGREES), lat_deg=round(one.lat_deg, DEGREES))
