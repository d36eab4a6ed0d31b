"""Approved plans are worked out again from what was kept with them: the same, or where the first difference lies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict
from core.i18n import say
from core.measures import print_count
from core.work import Tx
from logistics.packages.change_queries import PackageNow, packages_now
from logistics.planning.keeping import Recomputed, inputs_of, recompute
from logistics.planning.models import Plan
from logistics.planning.proposing import Proposed, propose
from logistics.planning.states import PlanState


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first household, in the order of the ranks, for whom the plan does not say what was worked out again."""

    code: str
    """Of its package."""
    rank: int
    what: str
    """rank, place (post, day or hours) or missing (it has no package)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProof:
    """One run of a plan, worked out again."""

    no: int
    made_at: datetime
    households: int
    is_untouched: bool
    is_same: bool
    difference: Difference | None

    def told(self, lang: str) -> str:
        """Say how it came out."""
        if not self.is_untouched:
            return say("what_if.proof.touched", lang)
        if self.is_same:
            return say("what_if.proof.same", lang, {"households": print_count(self.households, lang)})
        if self.difference is None:
            return say("what_if.proof.unplaced", lang)
        facts = {"code": self.difference.code, "rank": print_count(self.difference.rank, lang)}
        return say(f"what_if.proof.{self.difference.what}", lang, facts)


def proof_of(tx: Tx, plan_id: UUID) -> tuple[RunProof, ...]:
    """Work every run of a plan out again. Raises: NotFound for a plan of another office."""
    return tuple(
        RunProof(
            no=run.no, made_at=run.made_at, households=run.households, is_untouched=run.is_untouched,
            is_same=run.is_untouched and run.is_same, difference=_difference(tx, plan_id, run),
        )
        for run in recompute(tx, plan_id)
    )  # fmt: skip


def prove(tx: Tx) -> list[str]:
    """Work every approved plan of the office out again; gives those that come out otherwise."""
    problems: list[str] = []
    for plan_id, round_id, no in tx.session.execute(
        sa.select(Plan.id, Plan.round_id, Plan.no)
        .where(Plan.regency_code == tx.regency_code, Plan.state == PlanState.APPROVED)
        .order_by(Plan.round_id, Plan.no)
    ).all():
        try:
            runs = proof_of(tx, plan_id)
        except Conflict as refused:
            problems.append(f"plan {no} of round {round_id}: {say(refused.code, 'en', refused.facts)}")
            continue
        problems += [
            f"plan {no} of round {round_id}, run {run.no}: {run.told('en')}" for run in runs if not run.is_same
        ]
    return problems


def _difference(tx: Tx, plan_id: UUID, run: Recomputed) -> Difference | None:
    """Look for it only where there is one: against the packages as they stand, whose moves by hand it does not know."""
    if run.is_same or not run.is_untouched:
        return None
    round_id = tx.session.scalar(sa.select(Plan.round_id).where(Plan.id == plan_id))
    assert round_id is not None
    mine = {one.beneficiary_id: one for one in packages_now(tx, round_id) if one.plan_id == plan_id and not one.is_rest}
    return first_difference(propose(inputs_of(tx, plan_id)[run.no - 1]).rows, mine)


def first_difference(rows: Iterable[Proposed], packages: dict[UUID, PackageNow]) -> Difference | None:
    """Give the first row that its package does not say."""
    for row in rows:
        one = packages.get(row.household.beneficiary_id)
        if one is None:
            return Difference(code=row.household.code, rank=row.rank, what="missing")
        if one.rank != row.rank:
            return Difference(code=one.code, rank=row.rank, what="rank")
        if (one.post_id, one.serve_on, one.hours) != (row.post.post_id if row.post else None, row.serve_on, row.hours):
            return Difference(code=one.code, rank=row.rank, what="place")
    return None
