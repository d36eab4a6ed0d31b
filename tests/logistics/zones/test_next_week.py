"""The next week plans itself, once, before an extension starts; the running week stays the one that pages show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.actor import system
from core.clock import FixedClock
from core.jobs import run_slot, slot_of
from core.work import Work
from logistics.packages.queries import counts_of, rounds_of
from logistics.packages.states import RoundState
from logistics.packages.sums import sums_by_item
from logistics.planning.commands import discard_plan
from logistics.planning.queries import draft_of
from logistics.zones import queries as zones
from logistics.zones import week
from logistics.zones.jobs import JOBS
from logistics.zones.next_week import plan_next_weeks
from tests.flows import line
from tests.support.builders import REGENCY, SYSTEM
from tests.support.databases import Run

JOB = next(job for job in JOBS if job.name == "plan_next_week")


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_with_sent_week) as url:
        yield url


def weeks(work: Work):
    with work.read_by(line.OFFICER) as tx:
        (flood,) = zones.incidents(tx)
        found = rounds_of(tx, flood.id)
        return flood, found, [counts_of(tx, one.id) for one in found], [draft_of(tx, one.id) for one in found]


def plan_itself(work: Work) -> str:
    return work.run(SYSTEM, plan_next_weeks)


def test_the_day_before_a_week_ends_the_next_one_is_a_draft_once(work: Work, fixed_clock: FixedClock):
    assert plan_itself(work) == ""
    fixed_clock.advance(timedelta(days=5))
    actor = system(REGENCY, line.OFFICER.time_zone, name="job:plan_next_week")
    for _ in range(2):
        run_slot(work, actor, JOB, slot_of(JOB.trigger, work.clock.now().astimezone(actor.zone)))
    flood, found, counts, drafts = weeks(work)
    assert [one.state for one in found] == [RoundState.APPROVED, RoundState.PLANNED]
    assert drafts[1] is not None
    assert drafts[1].planned_itself
    assert drafts[1].planned_by_name == "Sistem"
    assert counts[1].planned == counts[0].households
    with work.read_by(line.OFFICER) as tx:
        now = week.current_round(tx, flood.id)
        assert now is not None and now.id == found[0].id, "the running week is the one that pages show"
        first, second = ({one.item_id for one in sums_by_item(tx, each.id)} for each in found)
    assert second < first, "consumables only"
    assert plan_itself(work) == ""
    # Thrown away by a person: it does not come back.
    work.run(line.OFFICER, lambda tx: discard_plan(tx, found[1].id))
    fixed_clock.advance(timedelta(days=1))
    assert plan_itself(work) == ""


def test_any_one_officer_approves_what_planned_itself(work: Work, fixed_clock: FixedClock):
    fixed_clock.advance(timedelta(days=6))
    assert plan_itself(work)
    _, found, *_ = weeks(work)
    line.approve(work, found[1].id, actor=line.OFFICER)
    assert weeks(work)[1][1].state is RoundState.APPROVED


def test_where_no_decree_reaches_beyond_nothing_is_planned_until_one_does(work: Work, fixed_clock: FixedClock):
    flood, found, *_ = weeks(work)
    assert flood.window is not None
    days = (flood.window.last_on - found[0].week.last_on).days
    assert 0 < days <= 7, "the second week is as long as the decree lets it be"
    fixed_clock.advance(timedelta(days=6))
    plan_itself(work)
    _, found, *_ = weeks(work)
    assert found[1].week.last_on == flood.window.last_on
    line.approve(work, found[1].id)
    fixed_clock.advance(timedelta(days=7))
    assert plan_itself(work) == ""
