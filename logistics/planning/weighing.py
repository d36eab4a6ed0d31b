"""Plans fitted to stock are weighed in the background: how far their strict order is from the most there could be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec
import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from core.actor import Actor
from core.i18n import say
from core.measures import print_count
from core.work import Tx, Work
from logistics.planning.allocation import within_floor
from logistics.planning.keeping import inputs_of
from logistics.planning.models import Plan, PlanOptimum, PlanRun
from logistics.planning.optimum import SECONDS, Optimum, optimum
from logistics.planning.priority import order_of
from logistics.planning.proposing import PlanInputs, walk_list
from logistics.planning.states import PlanState


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimumView:
    """A plan's strict order beside the most that its stock could do, in persons with whole packages."""

    strict_households: int
    strict_persons: int
    tier_households: int
    tier_persons: int
    """The most, where the rule's first criterion is kept and its others are not."""
    most_persons: int
    """The most without any order: proved."""
    overtaken: int
    is_proved: bool
    worked_out_at: datetime

    @property
    def more_persons(self) -> int:
        """How many more persons the stock could do, the rule's first criterion kept."""
        return max(0, self.tier_persons - self.strict_persons)

    @property
    def more_permille(self) -> int:
        """The same of a thousand persons that the strict order serves, rounded up."""
        return -(-self.more_persons * 1000 // self.strict_persons) if self.strict_persons else 0

    def told(self, lang: str) -> str:
        """Say what the strict order costs, and whom the difference would overtake."""
        whole, tenth = divmod(self.more_permille, 10)
        facts: dict[str, object] = {
            "strict": print_count(self.strict_persons, lang), "best": print_count(self.tier_persons, lang),
            "percent": f"{whole}.{tenth}" if lang == "en" else f"{whole},{tenth}",
            "overtaken": print_count(self.overtaken, lang), "most": print_count(self.most_persons, lang),
        }  # fmt: skip
        if not self.more_persons:
            return say("optimum.reached" if self.is_proved else "optimum.reached_so_far", lang, facts)
        return say("optimum.behind" if self.is_proved else "optimum.behind_so_far", lang, facts)


def optimum_of(tx: Tx, plan_id: UUID) -> OptimumView | None:
    """Give how far a plan's strict order is from the most there could be; None where that is not worked out."""
    row = tx.session.scalar(
        sa.select(PlanOptimum)
        .join(Plan, Plan.id == PlanOptimum.plan_id)
        .where(PlanOptimum.plan_id == plan_id, Plan.regency_code == tx.regency_code, _is_of_last_run())
        .execution_options(populate_existing=True)
    )
    if row is None:
        return None
    return OptimumView(
        strict_households=row.strict_households, strict_persons=row.strict_persons,
        tier_households=row.tier_households, tier_persons=row.tier_persons, most_persons=row.most_persons,
        overtaken=row.overtaken, is_proved=row.is_proved, worked_out_at=row.worked_out_at,
    )  # fmt: skip


def unweighed_plans(tx: Tx) -> tuple[UUID, ...]:
    """Give the office's fitted drafts and approved plans of which something is not weighed yet, the newest first."""
    query = (
        sa.select(Plan.id)
        .where(
            Plan.regency_code == tx.regency_code, Plan.is_fitted.is_(True),
            Plan.state.in_((PlanState.DRAFT, PlanState.APPROVED)), sa.exists().where(PlanRun.plan_id == Plan.id),
            ~sa.exists().where(PlanOptimum.plan_id == Plan.id, _is_of_last_run()),
        )
        .order_by(Plan.planned_at.desc(), Plan.id)
    )  # fmt: skip
    return tuple(tx.session.scalars(query))


def _is_of_last_run() -> sa.ColumnElement[bool]:
    """Tell whether what was worked out is of the runs as they are: a draft may have been made anew since."""
    later = aliased(PlanRun)
    return sa.and_(
        sa.exists().where(
            PlanRun.plan_id == PlanOptimum.plan_id, PlanRun.no == PlanOptimum.runs,
            PlanRun.inputs_sha256 == PlanOptimum.inputs_sha256,
        ),
        ~sa.exists().where(later.plan_id == PlanOptimum.plan_id, later.no > PlanOptimum.runs),
    )  # fmt: skip


def weigh_plans(work: Work, actor: Actor) -> str:
    """Weigh every plan that waits for it: read, work it out while nobody waits, keep it."""
    with work.read_by(actor) as tx:
        waiting = unweighed_plans(tx)
    kept = 0
    for plan_id in waiting:
        try:
            with work.read_by(actor) as tx:
                last, runs = _last_run(tx, plan_id), inputs_of(tx, plan_id)
        except msgspec.ValidationError:
            # Kept by an older version, in another shape: it stands as it is and does not hold up the others.
            continue
        found = [one for one in map(weigh, runs) if one is not None]
        kept += work.run(actor, partial(_keep, plan_id=plan_id, last=last, found=found))
    return f"{kept} plans weighed" if waiting else ""


def _last_run(tx: Tx, plan_id: UUID) -> tuple[int, str]:
    row = tx.session.execute(
        sa.select(PlanRun.no, PlanRun.inputs_sha256)
        .where(PlanRun.plan_id == plan_id)
        .order_by(PlanRun.no.desc())
        .limit(1)
    ).first()
    return (row.no, row.inputs_sha256) if row is not None else (0, "")


def weigh(inputs: PlanInputs, seconds: float = SECONDS) -> Optimum | None:
    """Work out how far the strict order is from the most there could be; None where nothing was fitted to stock."""
    walk = walk_list(inputs)
    if walk.found is None:
        return None
    # Without a criterion everybody is of one tier: the code alone decides, and says nothing of need.
    answers = [int(order_of(inputs.rule, one)[0]) if inputs.rule.criteria else 0 for one in walk.households]
    return optimum(
        walk.found, walk.stock, persons=np.array([one.composition.persons for one in walk.households], dtype=np.int64),
        tier=np.unique(answers, return_inverse=True)[1].astype(np.int64),
        is_floor=within_floor(walk.queue, walk.floor_permille), seconds=seconds,
    )  # fmt: skip


def _keep(tx: Tx, plan_id: UUID, last: tuple[int, str], found: list[Optimum]) -> int:
    """Keep what was found, unless the plan was worked out anew meanwhile."""
    if _last_run(tx, plan_id) != last:
        return 0
    tx.session.execute(sa.delete(PlanOptimum).where(PlanOptimum.plan_id == plan_id))
    tx.session.add(
        PlanOptimum(
            plan_id=plan_id, runs=last[0], inputs_sha256=last[1],
            strict_households=sum(one.strict_households for one in found),
            strict_persons=sum(one.strict_persons for one in found),
            tier_households=sum(one.tier_households for one in found),
            tier_persons=sum(one.tier_persons for one in found), most_persons=sum(one.most_persons for one in found),
            overtaken=sum(one.overtaken for one in found), is_proved=all(one.is_proved for one in found),
            worked_out_at=tx.now,
        )
    )  # fmt: skip
    return 1
