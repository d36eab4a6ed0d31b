"""Who waits in an approved plan is planned again in the same package; a draft thrown away leaves all as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from core.work import Work
from logistics.dispatch.commands import ChangePost, change_post
from logistics.dispatch.queries import post_choices
from logistics.handover.commands import RecordMiss, record_miss
from logistics.handover.queries import misses_of_package
from logistics.handover.states import MissKind, NextStep
from logistics.packages.queries import counts_of, package, packages
from logistics.packages.states import PackageState
from logistics.planning.commands import PlanSummary, approve_round, discard_plan, plan_round
from logistics.planning.models import PlanChange
from logistics.planning.revising import approve_revision, make_revision
from logistics.planning.revision_ground import ReviseRound
from logistics.planning.rules import ConfirmedHousehold
from tests.logistics.week import MONDAY, OFFICER, SECOND, Week, a_week, household, order
from tests.support.builders import SYSTEM


def plan(work: Work, week: Week, households: list[ConfirmedHousehold], **more: object) -> PlanSummary:
    asked = order(work, week, households, fit_to_stock=True, **more)
    with work.by(OFFICER) as tx:
        return plan_round(tx, asked)


def approve(work: Work, round_id: UUID) -> None:
    with work.by(SECOND) as tx:
        approve_round(tx, round_id)


def test_who_waits_in_an_approved_plan_keeps_package_and_history_when_planned_again(work: Work):
    """Neither what the field noted nor an approved revision is lost, and a draft thrown away leaves all as it was."""
    week = a_week(work, capacity=4)
    crowd = [household(no) for no in (1, 2, 3, 4)]
    made = plan(work, week, crowd)
    approve(work, made.round_id)
    with work.by(SYSTEM) as tx:
        for row in packages(tx, made.round_id).rows:
            record_miss(
                tx,
                RecordMiss(package_id=row.id, kind=MissKind.ABSENT, next_step=NextStep.INVITE_AGAIN, due_on=tx.today),
            )
        change_post(tx, ChangePost(post_id=week.first_post, capacity_per_day=1, opening=""))
        (only,) = (
            replace(post, closed_on=tuple(MONDAY + timedelta(days=day) for day in range(1, 7)))
            for post in post_choices(tx) if post.post_id == week.first_post
        )  # fmt: skip
    with work.by(OFFICER) as tx:
        make_revision(tx, ReviseRound(round_id=made.round_id, households=tuple(crowd), posts=(only,)))
    with work.by(SECOND) as tx:
        approve_revision(tx, made.round_id, (only,))

    def kept() -> tuple[list[tuple[object, ...]], int]:
        with work.read_by(OFFICER) as tx:
            rows = packages(tx, made.round_id).rows
            views = sorted((package(tx, row.id) for row in rows), key=lambda one: one.row.code)
            count = sa.select(sa.func.count()).select_from(PlanChange)
            return [(one.row, one.lines, one.lacks, one.public_ref) for one in views], tx.session.scalar(count) or 0

    before = kept()
    assert before[1] == 3
    again = plan(work, week, crowd)
    assert (again.added, again.kept, again.waiting) == (3, 1, 0)
    late = plan(work, week, [*crowd, household(5)], start_over=True)
    assert (late.plan_id, late.added) == (again.plan_id, 4)
    with work.by(OFFICER) as tx:
        discard_plan(tx, made.round_id)
    assert kept() == before
    plan(work, week, crowd)
    approve(work, made.round_id)
    after = kept()
    with work.read_by(OFFICER) as tx:
        rows = packages(tx, made.round_id).rows
        refs = {one.id: package(tx, one.id).public_ref for one in rows}
        assert [len(misses_of_package(tx, one.id)) for one in rows] == [1] * 4
    assert after[1] == 3
    assert {one.state for one in rows} == {PackageState.RESERVED}
    assert sorted(refs.values(), key=str) == sorted((one[3] for one in before[0]), key=str), "printed references hold"


def test_who_waits_for_a_place_waits_on_when_the_draft_that_was_to_help_is_thrown_away(work: Work):
    week = a_week(work, capacity=2)
    crowd = [household(no) for no in range(1, 7)]
    asked = order(work, week, crowd, fit_to_posts=True)
    later = tuple(MONDAY + timedelta(days=day) for day in range(1, 7))
    asked = replace(asked, posts=tuple(replace(post, closed_on=later) for post in asked.posts))
    with work.by(OFFICER) as tx:
        made = plan_round(tx, asked)
    approve(work, made.round_id)
    with work.read_by(OFFICER) as tx:
        before = packages(tx, made.round_id).rows
    assert made.waiting == 2
    for start_over in (False, True):
        with work.by(OFFICER) as tx:
            assert plan_round(tx, replace(asked, start_over=start_over)).waiting == 2
    with work.by(OFFICER) as tx:
        discard_plan(tx, made.round_id)
    with work.read_by(OFFICER) as tx:
        assert packages(tx, made.round_id).rows == before
        assert counts_of(tx, made.round_id).waiting == 2
