"""Two who come to one incident in the same moment on PostgreSQL, which shows each statement what is committed by then.

On SQLite who writes waits for his turn before he looks at anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.errors import Conflict
from core.work import Tx, Work
from logistics.dispatch.commands import close_post
from logistics.dispatch.queries import post_choices
from logistics.packages.queries import package, packages, round_by_id
from logistics.planning.commands import PlanSummary
from logistics.planning.revising import RevisionMade
from logistics.zones import commands, counting, deciding, decreeing, matching, queries, sheltering, week
from logistics.zones.models import AffectedDecision, AffectedHousehold
from logistics.zones.revising import revise_week
from logistics.zones.rules import Count
from logistics.zones.states import AffectedState, CountKind, CountState, Hazard, PhaseAct, StayKind
from registry_link.households.models import Household
from registry_link.matching.rules import Confidence
from tests.flows import line
from tests.logistics.zones.test_affected import groups_of, listed_only
from tests.support.builders import SYSTEM
from tests.support.racing import before_the_first_commits

pytestmark = pytest.mark.engines("postgresql")


def states_of(work: Work, flood: line.Flood) -> Counter[AffectedState]:
    with work.read_by(line.OFFICER) as tx:
        mine = AffectedHousehold.incident_id == flood.incident_id
        return Counter(tx.session.scalars(sa.select(AffectedHousehold.state).where(mine)))


def confidences_of(work: Work) -> Counter[Confidence]:
    with work.read_by(line.OFFICER) as tx:
        return Counter(tx.session.scalars(sa.select(AffectedHousehold.confidence)))


def plan_of(incident_id: UUID) -> Callable[[Tx], PlanSummary]:
    """Plan the incident's next week."""

    def act(tx: Tx) -> PlanSummary:
        view, standard = queries.incident_by_id(tx, incident_id), week.standard_in_force(tx)
        first_on = week.next_week(tx, view)
        assert standard is not None and first_on is not None
        return week.plan_week(tx, view, first_on, standard.id)

    return act


def with_durables(work: Work, round_id: UUID) -> set[UUID]:
    """Give who of a round gets what is given once."""
    with work.read_by(line.OFFICER) as tx:
        rows = packages(tx, round_id, limit=500).rows
        return {row.household_id for row in rows if any(one.is_once for one in package(tx, row.id).lines)}


# ---------------------------------------------------------------- the list


def test_nobody_is_decided_on_who_leaves_the_list_in_the_same_moment(work: Work, flood: line.Flood):
    posted = line.post(work, line.an_area(flood))
    told = before_the_first_commits(
        work, SYSTEM, lambda tx: commands.withdraw_zone(tx, posted.zone_id, "salah tempat"),
        lambda tx: deciding.confirm_certain(tx, flood.incident_id),
    )  # fmt: skip
    assert told == 0
    with work.read_by(line.OFFICER) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(AffectedDecision)) == 0
    line.post(work, line.an_area(flood, name="Lagi"))
    assert line.confirm_certain(work, flood.incident_id) == groups_of(work, flood).confirmed > 0


def test_a_household_stays_on_the_list_while_one_of_its_areas_is_withdrawn_and_another_is_matched(
    work: Work, flood: line.Flood
):
    first = line.post(work, listed_only(flood, line.A, name="Satu"))
    second = work.run(line.BPBD, lambda tx: commands.post_zone(tx, listed_only(flood, line.A, name="Dua")))
    before = states_of(work, flood)
    before_the_first_commits(
        work, SYSTEM, lambda tx: matching.match_version(tx, second.version_id),
        lambda tx: commands.withdraw_zone(tx, first.zone_id, "salah tempat"),
    )  # fmt: skip
    assert states_of(work, flood) == before
    assert set(before) == {AffectedState.PROPOSED}


def test_of_two_areas_matched_at_once_each_household_keeps_the_better_evidence(work: Work, flood: line.Flood):
    drawn = work.run(line.BPBD, lambda tx: commands.post_zone(tx, line.an_area(flood, regions=())))
    listed = work.run(line.BPBD, lambda tx: commands.post_zone(tx, listed_only(flood, line.B, name="Daftar")))
    before_the_first_commits(
        work, SYSTEM, lambda tx: matching.match_version(tx, listed.version_id),
        lambda tx: matching.match_version(tx, drawn.version_id),
    )  # fmt: skip
    told = confidences_of(work)
    with work.by(line.BPBD) as tx:
        matching.refresh_affected(tx, flood.incident_id)
    assert told == confidences_of(work)


# ---------------------------------------------------------------- what is added while the incident closes


def _decree(tx: Tx, incident_id: UUID) -> object:
    return decreeing.record_decree(
        tx,
        decreeing.RecordDecree(
            incident_id=incident_id, number="SK/9", dated_on=tx.today, first_on=tx.today, last_on=tx.today
        ),
    )


def _area(tx: Tx, incident_id: UUID) -> object:
    return commands.post_zone(tx, line.an_area(line.Flood(incident_id=incident_id, slug=""), name="Baru"))


def _figures(tx: Tx, incident_id: UUID) -> object:
    said = counting.ReportCount(
        village_code=line.A, kind=CountKind.HOUSEHOLDS, count=Count(CountState.NUMBER, 3, False)
    )
    return counting.report_counts(
        tx, counting.ReportCounts(incident_id=incident_id, observed_at=tx.now, source="BPBD", counts=(said,))
    )


def _household(tx: Tx, incident_id: UUID) -> None:
    other = tx.session.scalars(sa.select(Household.id).where(Household.village_code == line.F)).first()
    assert other is not None
    deciding.add_affected(tx, incident_id, other, "dilihat sendiri")


def _shelter(tx: Tx, incident_id: UUID) -> object:
    return sheltering.open_shelter(
        tx, sheltering.OpenShelter(incident_id=incident_id, village_code=line.A, name="Balai Baru")
    )


def _stay(tx: Tx, incident_id: UUID) -> object:
    mine = AffectedHousehold.incident_id == incident_id
    one = tx.session.scalars(sa.select(AffectedHousehold.household_id).where(mine)).first()
    assert one is not None
    return sheltering.record_stay(
        tx,
        sheltering.RecordStay(
            incident_id=incident_id, household_ids=(one,), kind=StayKind.HOST, since_on=tx.today, village_code=line.F
        ),
    )


def _shelter_again(tx: Tx, incident_id: UUID) -> None:
    (closed,) = sheltering.shelters(tx, incident_id)
    sheltering.open_again(tx, closed.id)


@pytest.mark.parametrize("add", [_decree, _area, _figures, _household, _shelter, _stay, _shelter_again])
def test_nothing_is_added_to_an_incident_that_is_closed_in_the_same_moment(
    work: Work, add: Callable[[Tx, UUID], object]
):
    with work.by(SYSTEM) as tx:
        order = commands.OpenIncident(name="Banjir Uji", hazard=Hazard.FLOOD, started_at=tx.now)
        opened = commands.open_incident(tx, order)
        shelter = sheltering.OpenShelter(incident_id=opened.id, village_code=line.A, name="Balai Desa")
        sheltering.close_shelter(tx, sheltering.open_shelter(tx, shelter))
    line.post(work, listed_only(line.Flood(incident_id=opened.id, slug=""), line.A))
    told = before_the_first_commits(
        work, SYSTEM, lambda tx: commands.move_incident(tx, opened.id, PhaseAct.CLOSE, "selesai"),
        lambda tx: add(tx, opened.id),
    )  # fmt: skip
    assert isinstance(told, Conflict) and told.code == "incident.is_closed"


# ---------------------------------------------------------------- the week


def test_a_week_is_planned_by_the_decree_as_it_is_once_its_turn_has_come(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    with work.by(line.OFFICER) as tx:
        view, standard = queries.incident_by_id(tx, flood.incident_id), week.standard_in_force(tx)
        (decree,) = queries.decrees(tx, flood.incident_id)
        last_on = decree.period.first_on + timedelta(days=3)
        with work.by(line.BPBD) as other:
            decreeing.end_decree(other, decree.id, last_on, "tanggap selesai lebih cepat")
        assert standard is not None
        made = week.plan_week(tx, view, decree.period.first_on, standard.id)
    with work.read_by(line.OFFICER) as tx:
        assert round_by_id(tx, made.round_id).week.last_on == last_on


def test_durables_are_given_once_where_weeks_of_two_events_are_planned_at_once(work: Work, flood: line.Flood):
    other = line.open_flood(work, "Longsor Contoh")
    for one in (flood, other):
        line.post(work, line.an_area(one))
        line.confirm_certain(work, one.incident_id)
    made: list[UUID] = []

    def first(tx: Tx) -> None:
        made.append(plan_of(flood.incident_id)(tx).round_id)

    told = before_the_first_commits(work, line.OFFICER, first, plan_of(other.incident_id))
    assert isinstance(told, PlanSummary)
    once = with_durables(work, made[0])
    assert once and not once & with_durables(work, told.round_id)
    assert told.durables_elsewhere == len(once)


def test_durables_are_given_once_where_a_week_is_revised_while_that_of_another_event_is_planned(
    work: Work, flood: line.Flood
):
    other = line.open_flood(work, "Longsor Contoh")
    line.post(work, listed_only(flood, line.B))
    line.post(work, listed_only(other, line.A))
    for one in (flood, other):
        line.confirm_certain(work, one.incident_id)
    begun = line.plan(work, flood.incident_id).round_id
    line.approve(work, begun)
    line.post(work, listed_only(flood, line.A, name="Lebih"))
    assert line.confirm_certain(work, flood.incident_id) > 0
    made: list[UUID] = []

    def first(tx: Tx) -> None:
        made.append(plan_of(other.incident_id)(tx).round_id)

    def revise(tx: Tx) -> RevisionMade:
        return revise_week(tx, queries.incident_by_id(tx, flood.incident_id), round_by_id(tx, begun))

    told = before_the_first_commits(work, line.OFFICER, first, revise)
    assert isinstance(told, RevisionMade)
    once = with_durables(work, made[0])
    assert once and not once & with_durables(work, begun)


# ---------------------------------------------------------------- posts


def test_nobody_is_planned_at_a_post_that_closes_in_the_same_moment(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    with work.read_by(line.OFFICER) as tx:
        posts = post_choices(tx)
    told = before_the_first_commits(
        work, SYSTEM, lambda tx: close_post(tx, posts[0].post_id, "terendam air"), plan_of(flood.incident_id)
    )
    assert isinstance(told, Conflict) and told.code == "post.closed_meanwhile"
    assert told.facts["posts"] == posts[0].name
    assert line.plan(work, flood.incident_id).planned > 0, "a second try goes to the others"


def test_a_post_stays_open_for_whom_a_plan_brings_there_in_the_same_moment(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    used: list[UUID] = []

    def plan(tx: Tx) -> None:
        made = plan_of(flood.incident_id)(tx)
        used.extend({one.post_id for one in packages(tx, made.round_id, limit=500).rows if one.post_id})

    told = before_the_first_commits(work, SYSTEM, plan, lambda tx: close_post(tx, used[0], "terendam air"))
    assert isinstance(told, Conflict) and told.code == "post.has_packages"
