"""When a plan needs a second person: always, unless it stays below both limits of the office, once in a round."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid
from core.work import Work
from logistics.packages.rules import People
from logistics.planning.approving import SetPlanLimit, needs_second_person, plan_limit, plan_worth, set_plan_limit
from logistics.planning.commands import approve_round, plan_round
from logistics.planning.queries import draft_of
from tests.logistics.week import OFFICER, Week, a_week, household, order
from tests.support.builders import an_actor

ADMIN = an_actor(Role.ADMIN)


def planned(work: Work, week: Week, *numbers: int) -> UUID:
    asked = order(work, week, [household(no, People(persons=2, adults=2)) for no in numbers])
    with work.by(OFFICER) as tx:
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
