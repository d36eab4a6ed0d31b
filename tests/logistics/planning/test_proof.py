"""An approved plan is worked out again to the same, whatever has changed since; what was touched is told."""

from __future__ import annotations

import zlib
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa

from core.work import Work
from logistics.packages.change_queries import packages_now
from logistics.packages.rules import People
from logistics.planning.commands import approve_round, plan_round
from logistics.planning.keeping import inputs_of
from logistics.planning.models import PlanRun
from logistics.planning.priorities import declare_rule, put_rule_in_force
from logistics.planning.proof import first_difference, proof_of, prove
from logistics.planning.proposing import propose
from registry_link.households.models import Household, Member
from tests.logistics.planning.test_priorities import POOREST
from tests.logistics.week import HEAD, OFFICER, SECOND, Week, a_week, fill, household, order
from tests.support.builders import SYSTEM


def approved(work: Work, week: Week) -> tuple[UUID, UUID]:
    """Plan and approve a week with too little of two items; gives the round and its plan."""
    people = [People(persons=1 + no % 4, adults=1 + no % 4, infants=0, elderly=no % 2) for no in range(12)]
    asked = order(work, week, [household(no, who, severity=no % 3) for no, who in enumerate(people)], fit_to_stock=True)
    with work.by(OFFICER) as tx:
        made = plan_round(tx, asked)
    with work.by(SECOND) as tx:
        approve_round(tx, made.round_id)
    return made.round_id, made.plan_id


def scarce(work: Work) -> Week:
    return a_week(work, stock={"beras": 60, "kasur": 100, "selimut": 5, "minyak_goreng": 200, "sarden": 200})


def test_an_approved_plan_comes_out_the_same_whatever_has_changed_since(work: Work):
    week = scarce(work)
    round_id, plan_id = approved(work, week)
    with work.read_by(OFFICER) as tx:
        (before,) = proof_of(tx, plan_id)
    assert before.is_same and before.households == 12
    fill(work, week, week.near, {"beras": 900, "selimut": 500})
    with work.by(OFFICER) as tx:
        rule_id = declare_rule(tx, POOREST)
    with work.by(HEAD) as tx:
        put_rule_in_force(tx, rule_id)
    with work.by(SYSTEM) as tx:
        tx.session.execute(sa.update(Household).values(village_code="99.01.01.2001", size=9))
        tx.session.execute(sa.delete(Member))
    with work.read_by(OFFICER) as tx:
        (after,) = proof_of(tx, plan_id)
        assert after == before
        assert prove(tx) == []
        assert "12" in after.told("id") and "12" in after.told("en")
        packages = {one.beneficiary_id: one for one in packages_now(tx, round_id)}
        assert first_difference(propose(inputs_of(tx, plan_id)[0]).rows, packages) is None


def test_what_was_changed_behind_the_systems_back_is_told(work: Work):
    week = scarce(work)
    _round_id, plan_id = approved(work, week)
    with work.by(SYSTEM) as tx:
        kept = tx.session.scalar(sa.select(PlanRun.inputs).where(PlanRun.plan_id == plan_id))
        assert kept is not None
        other = zlib.compress(zlib.decompress(kept).replace(b'"severity":2', b'"severity":1'))
        tx.session.execute(sa.update(PlanRun).where(PlanRun.plan_id == plan_id).values(inputs=other))
    with work.read_by(OFFICER) as tx:
        (found,) = proof_of(tx, plan_id)
        assert not found.is_untouched and not found.is_same
        (problem,) = prove(tx)
    assert "changed behind the system" in problem


def test_the_first_household_for_whom_it_comes_out_otherwise_is_named(work: Work):
    week = scarce(work)
    round_id, plan_id = approved(work, week)
    with work.by(SYSTEM) as tx:
        tx.session.execute(sa.update(PlanRun).where(PlanRun.plan_id == plan_id).values(outcome_sha256="0" * 64))
    with work.read_by(OFFICER) as tx:
        (found,) = proof_of(tx, plan_id)
        assert found.is_untouched and not found.is_same and found.difference is None
        rows = propose(inputs_of(tx, plan_id)[0]).rows
        packages = {one.beneficiary_id: one for one in packages_now(tx, round_id)}
    third = rows[2].household.beneficiary_id
    moved = first_difference(rows, packages | {third: replace(packages[third], hours="08:00-10:00")})
    assert moved is not None and (moved.rank, moved.what) == (3, "place")
    ranked = first_difference(rows, packages | {third: replace(packages[third], rank=99)})
    assert ranked is not None and (ranked.code, ranked.what) == (packages[third].code, "rank")
    gone = first_difference(rows, {one: each for one, each in packages.items() if one != third})
    assert gone is not None and gone.what == "missing"
