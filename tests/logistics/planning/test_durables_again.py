from __future__ import annotations

from uuid import UUID

import pytest

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.work import Tx, Work
from logistics.packages.durables import GiveAgain, decisions, give_again, given_elsewhere, withdraw
from logistics.packages.states import AgainReason
from logistics.planning.commands import discard_plan, plan_round
from tests.logistics.week import HEAD, OFFICER, Week, a_week, an_incident, household, order, package_of
from tests.support.builders import SYSTEM, an_actor
from tests.support.racing import at_once, before_the_first_commits, codes


def a_planned_week_and_another_event(work: Work) -> tuple[Week, UUID]:
    """Plan households 1 and 2 in one event, and begin a second one."""
    week = a_week(work)
    first = order(work, week, [household(1), household(2)])
    with work.by(OFFICER) as tx:
        plan_round(tx, first)
    with work.by(SYSTEM) as tx:
        other = an_incident(tx, "longsor-uji")
    return week, other


def items_of(work: Work, week: Week, other: UUID, no: int) -> set[str]:
    """Plan household ``no`` in the second event and give what its package holds; the plan is thrown away again."""
    ordered = order(work, week, [household(no)], incident_id=other, overlapping_incident_ids=(week.incident_id,))
    with work.by(OFFICER) as tx:
        made = plan_round(tx, ordered)
    with work.read_by(OFFICER) as tx:
        found = package_of(tx, made.round_id, household(no).household_id)
    with work.by(OFFICER) as tx:
        discard_plan(tx, made.round_id)
    assert found is not None
    return {line.item_code for line in found.lines}


def test_a_person_decides_that_durables_are_given_again_and_takes_it_back(work: Work):
    week, other = a_planned_week_and_another_event(work)
    one, two = household(1).household_id, household(2).household_id
    assert "kasur" not in items_of(work, week, other, 1)
    with work.read_by(OFFICER) as tx:
        told = given_elsewhere(tx, {week.incident_id}, [two, one])
    assert [row.household_id for row in told] == [two, one]
    assert week.items["kasur"] in told[0].item_ids

    def decide(household_id: UUID | None) -> GiveAgain:
        return GiveAgain(
            incident_id=other, other_incident_id=week.incident_id, household_id=household_id, reason=AgainReason.LOST
        )

    with work.by(HEAD) as tx:
        made = give_again(tx, decide(one))
    assert "kasur" in items_of(work, week, other, 1)
    assert "kasur" not in items_of(work, week, other, 2)
    with pytest.raises(Conflict) as twice, work.by(HEAD) as tx:
        give_again(tx, decide(one))
    assert twice.value.code == "durable.decided_already"
    with pytest.raises(Invalid) as nothing, work.by(HEAD) as tx:
        give_again(tx, decide(household(9).household_id))
    assert nothing.value.code == "durable.nothing_given"
    with work.by(HEAD) as tx:
        give_again(tx, decide(None))
    assert "kasur" in items_of(work, week, other, 2)
    with work.by(HEAD) as tx:
        for decision in decisions(tx, other):
            withdraw(tx, other, decision.id)
    assert "kasur" not in items_of(work, week, other, 1)
    with pytest.raises(Conflict), work.by(HEAD) as tx:
        withdraw(tx, other, made)
    with pytest.raises(NotFound), work.by(HEAD) as tx:
        withdraw(tx, week.incident_id, made)
    with pytest.raises(Forbidden), work.by(an_actor(Role.WAREHOUSE)) as tx:
        give_again(tx, decide(one))


def test_of_two_who_decide_in_one_moment_one_is_told_that_it_is_decided(work: Work):
    week, other = a_planned_week_and_another_event(work)
    for household_id in (household(1).household_id, None):
        asked = GiveAgain(
            incident_id=other, other_incident_id=week.incident_id, household_id=household_id, reason=AgainReason.LOST
        )

        def decide(tx: Tx, asked: GiveAgain = asked) -> UUID:
            return give_again(tx, asked)

        told = before_the_first_commits(work, HEAD, decide, decide)
        assert isinstance(told, Conflict) and told.code == "durable.decided_already"
    again = codes(at_once([lambda: work.run(HEAD, decide)] * 4))
    assert again == ["durable.decided_already"] * 4
    with work.read_by(HEAD) as tx:
        assert {one.household_id for one in decisions(tx, other)} == {household(1).household_id, None}
