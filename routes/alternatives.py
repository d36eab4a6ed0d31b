"""A plan beside its alternatives: what they are worked out from, side by side, and taking one over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.errors import Conflict, NotFound
from core.i18n import say
from core.measures import print_count, print_instant
from core.work import Tx
from logistics.dispatch.queries import post_choices
from logistics.packages.commands import follow_standard
from logistics.packages.queries import RoundView, cancelled_in, placed_in
from logistics.packages.standard_queries import standard
from logistics.packages.states import RoundState, StandardState
from logistics.planning import priorities
from logistics.planning.commands import PlanSummary, would_gather
from logistics.planning.gathering import Setting, gather
from logistics.planning.keeping import inputs_of
from logistics.planning.proof import proof_of
from logistics.planning.proposing import PlanInputs
from logistics.planning.queries import PlanView, plans_of
from logistics.planning.rules import VillagePoint
from logistics.planning.states import PlanState
from logistics.planning.what_if import Change, Comparison, Outcome, compare, tried
from logistics.programmes.states import TermState
from logistics.zones import week
from registry_link.matching.points import inner_points
from routes.occasion import Occasion, round_at
from routes.term import determined_households, plan_the_term
from routes.wishing import Granted, Wish, granted

MOST_ALTERNATIVES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the alternatives are held against."""

    here: Occasion
    inputs: PlanInputs
    round: RoundView | None
    asked_no: int | None
    plan: PlanView | None
    """Approved: its own inputs are taken. A draft, or none: what lies there now."""

    @property
    def is_frozen(self) -> bool:
        return self.plan is not None and self.plan.state is PlanState.APPROVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One of the plans beside each other; the first is the plan as things stand."""

    granted: Granted | None
    outcome: Outcome
    comparison: Comparison | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One working out of an approved plan, done again."""

    plan_no: int
    run_no: int
    made_at: datetime
    households: int
    is_same: bool
    told: str


def ground_at(tx: Tx, here: Occasion, asked_no: int | None) -> Ground:
    """Give what the alternatives of an occasion's plan are worked out from; nothing is written.

    Raises: Conflict where there is nothing to compare yet, naming what is missing.
    """
    the_round = round_at(tx, here, asked_no)
    if asked_no is not None and the_round is None:
        raise NotFound("round.not_found")
    plans = [one for one in (plans_of(tx, the_round.id) if the_round else ()) if one.state is not PlanState.DISCARDED]
    plan = max(plans, key=lambda one: (one.state is PlanState.DRAFT, one.no), default=None)
    if plan is not None and plan.state is PlanState.APPROVED:
        first = next(one for one in plans if one.state is PlanState.APPROVED)
        kept = inputs_of(tx, first.id)
        if not kept:
            raise Conflict("what_if.not_kept")
        return Ground(here=here, inputs=kept[0], round=the_round, asked_no=asked_no, plan=first)
    inputs = _of_term(tx, here, the_round) if here.is_term else _of_week(tx, here, the_round)
    if not inputs.households:
        raise Conflict("plan.nobody")
    return Ground(here=here, inputs=inputs, round=the_round, asked_no=asked_no, plan=plan)


def _of_week(tx: Tx, here: Occasion, the_round: RoundView | None) -> PlanInputs:
    assert here.incident is not None
    if the_round is not None and the_round.state is RoundState.CLOSED:
        raise Conflict("round.cannot_plan", state=the_round.state.value)
    held = week.standard_in_force(tx)
    standard_id = the_round.standard_id if the_round else held.id if held else None
    if standard_id is None:
        raise Conflict("week.no_standard")
    first_on = the_round.week.first_on if the_round else week.next_week(tx, here.incident)
    if first_on is None:
        raise Conflict("week.no_decree" if here.incident.window is None else "week.no_room")
    order, _list_id = week.order_of_week(tx, here.incident, first_on, standard_id)
    return would_gather(tx, replace(order, fit_to_stock=True))


def _of_term(tx: Tx, here: Occasion, the_round: RoundView | None) -> PlanInputs:
    """Read what a term's draft would be worked out from; its days must be known."""
    term = here.term
    assert term is not None
    if term.state is not TermState.DETERMINED:
        raise Conflict("term.not_determined")
    if the_round is None:
        raise Conflict("what_if.no_days")
    draft = next((one for one in plans_of(tx, the_round.id) if one.state is PlanState.DRAFT), None)
    households = determined_households(tx, term)
    kind = households[0].beneficiary_kind if households else "household"
    gone = placed_in(
        tx, the_round.id, the_round.standard_id, kind, but_plan_id=draft.id if draft else None
    ) | cancelled_in(tx, the_round.id, the_round.standard_id, kind)
    posts = post_choices(tx, the_round.week.each())
    if not posts:
        raise Conflict("week.no_post")
    points = inner_points(tx, sorted({one.village_code for one in households}))
    return gather(
        tx,
        Setting(
            week=the_round.week, response=the_round.days, released=the_round.released,
            standard_id=the_round.standard_id, round_id=the_round.id, but_plan_id=draft.id if draft else None,
        ),
        [one for one in households if one.beneficiary_id not in gone], posts, fit_to_stock=True,
        points=[
            VillagePoint(village_code=one.village_code, lon_deg=one.lon_deg, lat_deg=one.lat_deg) for one in points
        ],
    )  # fmt: skip


def columns(tx: Tx, ground: Ground, wishes: Sequence[Wish], lang: str) -> tuple[Column, ...]:
    """Work the plan out as things stand and with each wish. Raises: NotFound for what a wish names and nobody knows."""
    made = [granted(tx, wish, ground.inputs.posts, lang) for wish in wishes[:MOST_ALTERNATIVES]]
    base, *others = tried(ground.inputs, [Change(), *(one.change for one in made)])
    return (
        Column(granted=None, outcome=base, comparison=None),
        *(
            Column(granted=one, outcome=outcome, comparison=compare(base, outcome))
            for one, outcome in zip(made, others, strict=True)
        ),
    )


def told(tx: Tx, ground: Ground, lang: str) -> str:
    """Say what the comparison is worked out from."""
    facts = {"households": print_count(len(ground.inputs.households), lang)}
    if ground.is_frozen and ground.plan is not None and ground.plan.approved_at is not None:
        at = print_instant(ground.plan.approved_at, tx.zone, lang)
        return say("what_if.ground.frozen", lang, facts | {"at": at})
    return say("what_if.ground.now", lang, facts)


def obstacle(tx: Tx, ground: Ground, one: Granted) -> str | None:
    """Give the code of why an alternative cannot be made the plan; None where it can."""
    if ground.is_frozen:
        return "what_if.approved_already"
    if not one.change.can_be_taken:
        return "what_if.only_supposed"
    if one.wish.rule:
        view = priorities.rule_by_version(tx, one.wish.rule)
        if view.id is not None and view.approved_at is None:
            return "what_if.rule_not_approved"
    if one.wish.standard_id is not None:
        if ground.here.is_term:
            return "what_if.term_has_its_standard"
        if standard(tx, one.wish.standard_id).state is not StandardState.APPROVED:
            return "what_if.standard_not_approved"
    return None


def take_over(tx: Tx, here: Occasion, wish: Wish, asked_no: int | None = None) -> PlanSummary:
    """Plan the draft anew with a wish's rule and standard, as far as the stock and the posts go.

    Raises: Forbidden; NotFound; Conflict where the wish supposes what is not there, or the plan is approved.
    """
    tx.require("round.plan")
    if here.incident is not None:
        here = replace(here, incident=week.lock_with_overlapping(tx, here.incident))
    ground = ground_at(tx, here, asked_no)
    one = granted(tx, wish, ground.inputs.posts, "id")
    hindered = obstacle(tx, ground, one)
    if hindered is not None:
        raise Conflict(hindered)
    if here.term is not None:
        assert ground.round is not None
        return plan_the_term(
            tx, here.term, ground.round.week, fit_to_stock=True, fit_to_posts=True, start_over=True,
            rule=one.change.rule,
        )  # fmt: skip
    assert here.incident is not None
    held = week.standard_in_force(tx)
    standard_id = wish.standard_id or (ground.round.standard_id if ground.round else held.id if held else None)
    assert standard_id is not None
    if ground.round is not None and standard_id != ground.round.standard_id:
        follow_standard(tx, ground.round.id, standard_id)
    first_on = ground.round.week.first_on if ground.round else week.next_week(tx, here.incident)
    assert first_on is not None
    return week.plan_week(
        tx, here.incident, first_on, standard_id, fit_to_stock=True, fit_to_posts=True, start_over=True,
        rule=one.change.rule,
    )  # fmt: skip


def recomputed(tx: Tx, ground: Ground, lang: str) -> tuple[Proof, ...]:
    """Work the round's approved plans out again from what was kept with them."""
    if ground.round is None or not ground.is_frozen:
        return ()
    found = []
    for plan in plans_of(tx, ground.round.id):
        if plan.state is not PlanState.APPROVED:
            continue
        for run in proof_of(tx, plan.id):
            found.append(
                Proof(
                    plan_no=plan.no, run_no=run.no, made_at=run.made_at, households=run.households,
                    is_same=run.is_same, told=run.told(lang),
                )
            )  # fmt: skip
    return tuple(found)
