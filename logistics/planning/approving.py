"""From where on a plan needs a second person: the office sets two limits; at or above either somebody else approves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Invalid
from core.measures import Rupiah
from core.work import Tx
from logistics.packages.queries import counts_of_plan, group_sums, ids_in_plan, round_by_id
from logistics.packages.standard_queries import standard_lines
from logistics.planning.models import GroupMove, GroupMovePackage, Plan, PlanLimit, PlanRun
from logistics.planning.queries import PlanView
from logistics.planning.states import PlanState
from stock.items.queries import unstocked_ids
from stock.ledger.queries import batch_balances
from stock.places.kinds import PlaceKind

MOST_RP: Final = 10**12
MOST_HOUSEHOLDS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlanLimit:
    """Both 0: a second person approves every plan."""

    value_rp: int
    households: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLimitView:
    value_rp: int
    households: int
    set_by_name: str

    @property
    def is_always(self) -> bool:
        """A second person approves whatever the plan's size."""
        return not (self.value_rp and self.households)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWorth:
    """How big a plan is."""

    households: int
    """With a post and day."""
    value_rp: Rupiah | None
    """Of its goods, each item as its dearest batch in a warehouse; None where one has no price, or it gives money."""


def set_plan_limit(tx: Tx, order: SetPlanLimit) -> None:
    """Say from where on a plan needs a second person. Raises: Forbidden; Invalid naming the field."""
    tx.require("office.manage")
    if not 0 <= order.value_rp <= MOST_RP:
        raise Invalid("office.limit_out_of_range", field="plan_limit_rp")
    if not 0 <= order.households <= MOST_HOUSEHOLDS:
        raise Invalid("office.limit_out_of_range", field="plan_limit_households")
    before = plan_limit(tx)
    row = tx.session.get(PlanLimit, tx.regency_code)
    if row is None:
        row = PlanLimit(regency_code=tx.regency_code)
        tx.session.add(row)
    row.value_rp, row.households = order.value_rp, order.households
    row.set_by, row.set_by_name, row.set_at = tx.actor.id, tx.actor.name, tx.now
    tx.note(
        "office.set_plan_limit", "office", tx.regency_code, before_rp=before.value_rp, after_rp=order.value_rp,
        before_households=before.households, after_households=order.households,
    )  # fmt: skip


def plan_limit(tx: Tx) -> PlanLimitView:
    """Give the office's limits; both 0 where nobody has set any."""
    row = tx.session.get(PlanLimit, tx.regency_code)
    if row is None:
        return PlanLimitView(value_rp=0, households=0, set_by_name="")
    return PlanLimitView(value_rp=row.value_rp, households=row.households, set_by_name=row.set_by_name)


def may_approve(tx: Tx, plan: PlanView) -> bool:
    """Tell whether the actor may approve a draft: had no hand in it, or it needs no second person."""
    return not _has_hand_in(tx, plan) or not needs_second_person(tx, plan)


def _has_hand_in(tx: Tx, plan: PlanView) -> bool:
    """Tell whether the actor made a run of a draft, or moved a group in it that was not put back."""
    if plan.planned_by == tx.actor.id:
        return True
    runs = sa.select(PlanRun.no).where(PlanRun.plan_id == plan.id, PlanRun.made_by == tx.actor.id)
    begun_at = sa.select(sa.func.min(PlanRun.made_at)).where(PlanRun.plan_id == plan.id).scalar_subquery()
    moves = (
        sa.select(GroupMove.no)
        .join(GroupMovePackage, GroupMovePackage.move_id == GroupMove.id)
        .where(
            GroupMove.round_id == plan.round_id, GroupMove.moved_by == tx.actor.id, GroupMove.undone_at.is_(None),
            # Who waited in an approved plan may have been moved there, before.
            GroupMovePackage.package_id.in_(ids_in_plan(plan.id)), GroupMove.moved_at >= begun_at,
        )
    )  # fmt: skip
    return any(tx.session.execute(query.limit(1)).first() is not None for query in (runs, moves))


def needs_second_person(tx: Tx, plan: PlanView) -> bool:
    """Tell whether somebody else than who had a hand in it has to approve a draft.

    Below both limits nobody else has to, once in a round: many small plans are not a way around a large one.
    """
    limit = plan_limit(tx)
    if limit.is_always:
        return True
    own = tx.session.scalar(
        sa.select(sa.func.count())
        .select_from(Plan)
        .where(
            Plan.round_id == plan.round_id, Plan.state == PlanState.APPROVED,
            sa.or_(
                Plan.approved_by == Plan.planned_by,
                sa.exists().where(PlanRun.plan_id == Plan.id, PlanRun.made_by == Plan.approved_by),
            ),
        )
    )  # fmt: skip
    if own:
        return True
    worth = plan_worth(tx, plan)
    return worth.value_rp is None or worth.value_rp >= limit.value_rp or worth.households >= limit.households


def plan_worth(tx: Tx, plan: PlanView) -> PlanWorth:
    """Tell how big a draft is; its goods are never said to be worth less than what will be taken for it."""
    households = counts_of_plan(tx, plan.id).planned
    lines = standard_lines(tx, round_by_id(tx, plan.round_id).standard_id)
    if {line.item_id for line in lines} & unstocked_ids(tx):
        return PlanWorth(households=households, value_rp=None)
    wanted: Counter[UUID] = Counter()
    for group in group_sums(tx, plan.id):
        wanted[group.item_id] += group.quantity_milli
    dearest = dict.fromkeys(wanted, 0)
    for one in batch_balances(tx, item_ids=list(wanted), kinds=(PlaceKind.WAREHOUSE,)):
        if one.available_milli > 0:
            item_id = one.batch.item.id
            # Rounded up: a share of a batch is never dearer than this.
            share = -(-wanted[item_id] * one.batch.value_rp // one.batch.quantity_milli)
            dearest[item_id] = max(dearest[item_id], share)
    if not all(dearest.values()):
        return PlanWorth(households=households, value_rp=None)
    return PlanWorth(households=households, value_rp=Rupiah(sum(dearest.values())))
