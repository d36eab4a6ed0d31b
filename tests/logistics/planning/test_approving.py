"""When a plan needs a second person: always, unless it stays below both limits of the office, once in a round."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from core.actor import Actor, Role
from core.errors import Conflict, Forbidden, Invalid
from core.work import Work
from logistics.dispatch.queries import post_choices
from logistics.packages.cells import Spot
from logistics.packages.rules import People
from logistics.planning.approving import (
    SetPlanLimit,
    may_approve,
    needs_second_person,
    plan_limit,
    plan_worth,
    set_plan_limit,
)
from logistics.planning.commands import approve_round, plan_round
from logistics.planning.groups import Choice
from logistics.planning.move_ground import MoveGroup
from logistics.planning.moving import UndoMove, move_group, undo_last_move
from logistics.planning.queries import draft_of
from tests.logistics.week import HEAD, MONDAY, OFFICER, SECOND, Week, a_week, household, order
from tests.support.builders import an_actor

ADMIN = an_actor(Role.ADMIN)


def planned(work: Work, week: Week, *numbers: int, actor: Actor = OFFICER) -> UUID:
    asked = order(work, week, [household(no, People(persons=2, adults=2)) for no in numbers])
    with work.by(actor) as tx:
        return plan_round(tx, asked).round_id


def limit(work: Work, value_rp: int, households: int) -> None:
    with work.by(ADMIN) as tx:
        set_plan_limit(tx, SetPlanLimit(value_rp=value_rp, households=households))


def second_needed(work: Work, round_id: UUID) -> bool:
    with work.read_by(OFFICER) as tx:
        draft = draft_of(tx, round_id)
        assert draft is not None
        return needs_second_person(tx, draft)


def test_a_second_person_approves_everything_until_the_office_says_otherwise(work: Work):
    round_id = planned(work, a_week(work), 1)
    assert second_needed(work, round_id)
    limit(work, 10**9, 0)
    assert second_needed(work, round_id), "one limit alone opens nothing"
    with pytest.raises(Conflict, match=r"plan\.needs_second_person"), work.by(OFFICER) as tx:
        approve_round(tx, round_id)


def test_below_both_limits_the_planner_approves_once_and_at_either_somebody_else(work: Work):
    week = a_week(work)
    round_id = planned(work, week, 1, 2)
    with work.read_by(OFFICER) as tx:
        draft = draft_of(tx, round_id)
        assert draft is not None
        worth = plan_worth(tx, draft)
    # Every unit of the test's stock is worth Rp1,000; 2 households of 2 adults.
    assert worth.households == 2
    assert worth.value_rp is not None
    for value_rp, households in ((worth.value_rp, 3), (worth.value_rp + 1, 2)):
        limit(work, value_rp, households)
        assert second_needed(work, round_id), "at the limit, not only above it"
    limit(work, worth.value_rp + 1, 3)
    with work.by(OFFICER) as tx:
        approve_round(tx, round_id)
    planned(work, week, 1, 2, 3)
    assert second_needed(work, round_id), "many small plans are no way around a large one"


def refused(work: Work, round_id: UUID, actor: Actor) -> None:
    with work.read_by(actor) as tx:
        draft = draft_of(tx, round_id)
        assert draft is not None and not may_approve(tx, draft)
    with pytest.raises(Conflict, match=r"plan\.needs_second_person"), work.by(actor) as tx:
        approve_round(tx, round_id)


def test_nobody_who_made_a_run_of_a_draft_approves_it_however_often_others_join_in(work: Work):
    week = a_week(work)
    round_id = planned(work, week, 1)
    planned(work, week, 1, 2, actor=SECOND)
    for actor in (OFFICER, SECOND):
        refused(work, round_id, actor)
    with work.by(HEAD) as tx:
        approve_round(tx, round_id)


def test_who_approved_a_draft_with_a_run_of_the_own_has_used_the_rounds_one_exception(work: Work):
    week = a_week(work)
    limit(work, 10**9, 100)
    round_id = planned(work, week, 1)
    planned(work, week, 1, 2, actor=SECOND)
    with work.by(OFFICER) as tx:
        approve_round(tx, round_id)
    planned(work, week, 1, 2, 3)
    assert second_needed(work, round_id)


def test_nobody_who_moved_a_group_of_a_draft_approves_it_until_it_is_put_back(work: Work):
    week = a_week(work)
    round_id = planned(work, week, 1)
    with work.by(SECOND) as tx:
        days = [MONDAY, MONDAY + timedelta(days=1)]
        spots = [Spot(post_id=week.first_post, serve_on=day) for day in days]
        posts = post_choices(tx, days)
        order_of = MoveGroup(
            round_id=round_id, from_spot=spots[0], to_spot=spots[1], posts=posts, reason="Jalan terputus",
            choice=Choice(),
        )  # fmt: skip
        moved = move_group(tx, order_of)
    refused(work, round_id, SECOND)
    with work.by(SECOND) as tx:
        undo_last_move(tx, UndoMove(round_id=round_id, move_id=moved.move_id, posts=posts))
    with work.by(SECOND) as tx:
        approve_round(tx, round_id)


def test_the_limits_are_set_by_the_administrator_and_told(work: Work):
    a_week(work)
    with pytest.raises(Forbidden), work.by(OFFICER) as tx:
        set_plan_limit(tx, SetPlanLimit(value_rp=1, households=1))
    with pytest.raises(Invalid, match=r"office\.limit_out_of_range"), work.by(ADMIN) as tx:
        set_plan_limit(tx, SetPlanLimit(value_rp=-1, households=1))
    limit(work, 5_000_000, 20)
    with work.read_by(OFFICER) as tx:
        held = plan_limit(tx)
    assert (held.value_rp, held.households, held.is_always) == (5_000_000, 20, False)
