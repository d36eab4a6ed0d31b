"""Frozen lists: what was confirmed, with date and version, unchanged for ever; and what a plan is drawn from."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from core.work import Tx, Work
from logistics.planning.commands import PlanSummary
from logistics.planning.queries import draft_of
from logistics.zones import affected as listing
from logistics.zones import commands, deciding, freezing, week
from logistics.zones.deciding import ConfirmGroup, Decide, Seen
from logistics.zones.freezing import Freeze
from logistics.zones.queries import incident_by_id
from logistics.zones.states import AffectedState, DecisionHow, ListState, RejectReason
from registry_link.households.commands import NewCounts, RegisterProvisional, register_provisional
from registry_link.matching.rules import Confidence
from tests.flows import line
from tests.logistics.zones.test_merged import merged
from tests.support.builders import an_actor

VILLAGE_F = an_actor(Role.VILLAGE, village=line.F)
LISTED = commands.ListRegion


def freeze(work: Work, flood: line.Flood, **more: object) -> freezing.ListView:
    order = Freeze(incident_id=flood.incident_id, **more)  # type: ignore[arg-type]
    work.run(line.OFFICER, lambda tx: freezing.freeze_list(tx, order))
    return held(work, flood)


def held(work: Work, flood: line.Flood) -> freezing.ListView:
    with work.read_by(line.OFFICER) as tx:
        found = freezing.current_list(tx, flood.incident_id)
    assert found is not None
    return found


def open_again(work: Work, flood: line.Flood) -> UUID:
    return work.run(line.OFFICER, lambda tx: freezing.open_list(tx, flood.incident_id, "Ada yang keliru"))


def decide(work: Work, flood: line.Flood, *ids: UUID, yes: bool = True, **more: object) -> deciding.Decided:
    order = Decide(
        incident_id=flood.incident_id, household_ids=ids, is_affected=yes,
        reject_reason=None if yes else RejectReason.MOVED, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return work.run(line.OFFICER, lambda tx: deciding.decide_affected(tx, order))


def served(work: Work, flood: line.Flood) -> freezing.ToServe:
    with work.read_by(line.OFFICER) as tx:
        return freezing.to_serve(tx, flood.incident_id)


def ids_of(work: Work, of: freezing.ListView) -> set[UUID]:
    with work.read_by(line.OFFICER) as tx:
        return {one.household_id for one in freezing.entries(tx, of, limit=500).lines}


def proofs(work: Work) -> list[str]:
    with work.read_by(line.OFFICER) as tx:
        return freezing.prove(tx)


# ---------------------------------------------------------------- decisions, one after the other


def test_each_decision_is_kept_and_the_last_one_can_be_taken_back(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    one = line.households(work)["H-0-0"]
    decide(work, flood, one)
    decide(work, flood, one, yes=False, note="Rumah kosong")
    decide(work, flood, one)
    back = work.run(line.OFFICER, lambda tx: deciding.undo_decision(tx, flood.incident_id, one, 3))
    with work.read_by(line.OFFICER) as tx:
        now = listing.affected_household(tx, flood.incident_id, one)
        history = listing.decisions(tx, flood.incident_id, one)
    assert (back, now.state, now.reject_reason, now.note) == (
        AffectedState.REJECTED, AffectedState.REJECTED, RejectReason.MOVED, "Rumah kosong"
    )  # fmt: skip
    assert [(entry.before, entry.after) for entry in reversed(history)] == [
        (AffectedState.PROPOSED, AffectedState.CONFIRMED), (AffectedState.CONFIRMED, AffectedState.REJECTED),
        (AffectedState.REJECTED, AffectedState.CONFIRMED), (AffectedState.CONFIRMED, AffectedState.REJECTED),
    ]  # fmt: skip
    with pytest.raises(Conflict, match=r"affected\.rejected_meanwhile"):
        work.run(line.OFFICER, lambda tx: deciding.undo_decision(tx, flood.incident_id, one, 3))


def test_taking_back_the_first_decision_leaves_nothing_decided(work: Work, flood: line.Flood):
    posted = line.post(work, line.an_area(flood))
    known = line.households(work)
    decide(work, flood, known["H-0-0"], known["H-0-1"])
    work.run(line.OFFICER, lambda tx: deciding.undo_decision(tx, flood.incident_id, known["H-0-0"], 1))
    with work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, posted.zone_id, "Salah tempat")
    work.run(line.OFFICER, lambda tx: deciding.undo_decision(tx, flood.incident_id, known["H-0-1"], 1))
    with work.read_by(line.OFFICER) as tx:
        states = {
            name: listing.affected_household(tx, flood.incident_id, known[name]).state for name in ("H-0-0", "H-0-1")
        }
    assert set(states.values()) == {AffectedState.LEFT}, "no area holds them any more"


def test_of_two_who_decide_at_once_the_second_sees_what_the_first_said(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    one = line.households(work)["H-0-0"]
    seen = (Seen(household_id=one, decided_no=0),)
    start, outcomes = threading.Barrier(2), list[object]()

    def act(yes: bool) -> None:
        start.wait()
        try:
            outcomes.append(decide(work, flood, one, yes=yes, seen=seen).changed)
        except Conflict as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=act, args=(yes,)) for yes in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with work.read_by(line.OFFICER) as tx:
        state = listing.affected_household(tx, flood.incident_id, one).state.value
        assert len(listing.decisions(tx, flood.incident_id, one)) == 1
    assert sorted(outcomes, key=str) == [1, f"affected.{state}_meanwhile"]
    again = decide(work, flood, one, yes=state == "confirmed", seen=seen)
    assert (again.changed, again.same) == (0, 1), "the same answer from two people is one answer"


def test_of_many_those_that_another_decided_meanwhile_stay_and_are_counted(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    known = line.households(work)
    first, second = known["H-0-0"], known["H-0-1"]
    decide(work, flood, first, yes=False)
    seen = tuple(Seen(household_id=one, decided_no=0) for one in (first, second))
    done = decide(work, flood, first, second, seen=seen)
    assert (done.changed, done.meanwhile, done.same, done.frozen) == (1, 1, 0, 0)
    with work.read_by(line.OFFICER) as tx:
        assert listing.affected_household(tx, flood.incident_id, first).state is AffectedState.REJECTED


def test_a_village_confirms_a_group_of_its_own_and_is_told_when_the_number_changed(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    order = ConfirmGroup(incident_id=flood.incident_id, village_code=line.F, confidence=Confidence.CERTAIN, expected=12)
    with pytest.raises(Conflict, match=r"affected\.number_changed"):
        work.run(VILLAGE_F, lambda tx: deciding.confirm_group(tx, replace(order, expected=11)))
    with pytest.raises(NotFound):
        work.run(VILLAGE_F, lambda tx: deciding.confirm_group(tx, replace(order, village_code=line.A)))
    assert work.run(VILLAGE_F, lambda tx: deciding.confirm_group(tx, order)) == 12
    beside = ConfirmGroup(incident_id=flood.incident_id)
    assert work.run(VILLAGE_F, lambda tx: deciding.confirm_group(tx, beside)) == 0, "its reach is its village"
    with work.read_by(line.OFFICER) as tx:
        groups = listing.groups(tx, flood.incident_id)
        history = listing.decisions(tx, flood.incident_id, line.households(work)["H-5-0"])
    assert groups.confirmed == 12
    assert [(one.how, one.who) for one in history] == [(DecisionHow.GROUP, VILLAGE_F.name)]
    assert work.run(line.BPBD, lambda tx: deciding.confirm_group(tx, beside)) == groups.proposed


def test_a_field_officer_of_a_village_decides_there_and_one_of_a_post_nowhere(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    known = line.households(work)
    order = Decide(incident_id=flood.incident_id, household_ids=(known["H-5-0"],), is_affected=True)
    trc = an_actor(Role.FIELD, village=line.F)
    assert work.run(trc, lambda tx: deciding.decide_affected(tx, order)).changed == 1
    for actor, household in ((trc, known["H-0-0"]), (line.field_officer(work.ids.new()), known["H-5-1"])):
        beside = replace(order, household_ids=(household,))
        with pytest.raises(NotFound):
            work.run(actor, partial(deciding.decide_affected, order=beside))


# ---------------------------------------------------------------- freezing


def test_a_frozen_list_keeps_what_it_said_whatever_comes_after(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    known = line.households(work)
    first = freeze(work, flood, note="Rapat posko")
    was = ids_of(work, first)
    assert (first.no, first.households, first.joined, first.gone) == (1, len(was), len(was), 0)
    assert first.state is ListState.CURRENT
    with pytest.raises(Conflict, match=r"affected\.is_frozen"):
        decide(work, flood, known["H-0-0"], yes=False)
    with pytest.raises(Conflict, match=r"affected\.is_frozen"):
        work.run(line.OFFICER, lambda tx: deciding.undo_decision(tx, flood.incident_id, known["H-0-0"], 1))
    with pytest.raises(Conflict, match=r"affected_list\.unchanged"):
        freeze(work, flood)
    # At night somebody is found whom no area holds: confirmed now, on the next list, without opening this one.
    with work.by(line.OFFICER) as tx:
        deciding.add_affected(tx, flood.incident_id, known["H-2-0"], "Kata RT")
    waiting = served(work, flood)
    assert (waiting.list, waiting.waiting) == (first, 1)
    assert {one.household_id for one in waiting.lines} == was
    second = freeze(work, flood)
    assert (second.no, second.joined, second.gone) == (2, 1, 0)
    assert ids_of(work, first) == was
    assert ids_of(work, second) == was | {known["H-2-0"]}
    with work.read_by(line.OFFICER) as tx:
        ended = freezing.frozen_list(tx, flood.incident_id, 1)
        diff = freezing.compare_lists(tx, flood.incident_id, 1, 2)
    assert (ended.state, ended.ended_at is not None) == (ListState.SUPERSEDED, True)
    assert (diff.joined_ids, diff.gone_ids, diff.unchanged) == ((known["H-2-0"],), (), len(was))
    assert proofs(work) == []


def test_an_opened_list_lets_decide_anew_and_the_next_one_tells_who_left(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    known = line.households(work)
    first = freeze(work, flood)
    with pytest.raises(Invalid, match=r"affected_list\.reason_missing"):
        work.run(line.OFFICER, lambda tx: freezing.open_list(tx, flood.incident_id, " ya "))
    assert open_again(work, flood) == first.id
    with pytest.raises(Conflict, match=r"affected_list\.none_holds"):
        open_again(work, flood)
    assert decide(work, flood, known["H-0-0"], yes=False).changed == 1
    assert served(work, flood).list is None
    with pytest.raises(Conflict, match=r"affected\.number_changed"):
        freeze(work, flood, expected=first.households)
    second = freeze(work, flood, expected=first.households - 1)
    assert (second.no, second.joined, second.gone) == (2, 0, 1)
    assert proofs(work) == []


def test_the_week_is_planned_from_the_list_that_holds_and_names_it(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    frozen = freeze(work, flood)
    with work.by(line.OFFICER) as tx:
        deciding.add_affected(tx, flood.incident_id, line.households(work)["H-2-0"], "Kata RT")
    planned = line.plan(work, flood.incident_id)
    assert planned.planned == frozen.households
    with work.read_by(line.OFFICER) as tx:
        draft = draft_of(tx, planned.round_id)
        assert draft is not None
        assert freezing.lists_of_plans(tx, [draft.id])[draft.id].no == 1
    freeze(work, flood)

    def plan_again(tx: Tx) -> PlanSummary:
        view, standard = incident_by_id(tx, flood.incident_id), week.standard_in_force(tx)
        assert standard is not None
        return week.plan_week(tx, view, view.today, standard.id)

    again = work.run(line.OFFICER, plan_again)
    assert (again.added, again.planned) == (1, frozen.households + 1)


def test_a_merged_household_stands_once_on_the_next_list_and_is_served_once_from_the_old_one(
    work: Work, flood: line.Flood
):
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    first = freeze(work, flood)
    one, other = sorted(ids_of(work, first))[:2]
    merged(work, one, other)
    from_old = [found.household_id for found in served(work, flood).lines]
    assert len(from_old) == len(set(from_old)) == first.households - 1
    assert other not in from_old
    second = freeze(work, flood)
    assert (second.households, second.gone) == (first.households - 1, 1)
    with pytest.raises(Conflict, match=r"affected\.is_frozen"):
        decide(work, flood, other, yes=False)
    assert proofs(work) == []


def test_a_decision_on_a_merged_household_is_one_on_all_that_it_was(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    known = line.households(work)
    stays, goes = known["H-0-0"], known["H-0-1"]
    decide(work, flood, goes)
    decide(work, flood, stays, yes=False)
    merged(work, stays, goes)
    with work.read_by(line.OFFICER) as tx:
        groups = listing.groups(tx, flood.incident_id)
        assert [one.household_id for one in listing.confirmed(tx, flood.incident_id)] == [stays]
    assert (groups.confirmed, groups.rejected) == (1, 0), "confirmed once, and not rejected as well"
    assert decide(work, flood, goes, yes=False).changed == 1
    with work.read_by(line.OFFICER) as tx:
        after = listing.groups(tx, flood.incident_id)
        assert listing.confirmed(tx, flood.incident_id) == ()
    assert (after.confirmed, after.rejected, after.total) == (0, 1, groups.total)


def test_only_the_officer_freezes_and_a_frozen_list_cannot_be_altered(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    with pytest.raises(Conflict, match=r"affected_list\.nobody"):
        freeze(work, flood)
    line.confirm_certain(work, flood.incident_id)
    for actor in (line.BPBD, VILLAGE_F, line.HEAD):
        with pytest.raises(Forbidden):
            work.run(actor, lambda tx: freezing.freeze_list(tx, Freeze(incident_id=flood.incident_id)))
    of = freeze(work, flood)
    with work.read_by(VILLAGE_F) as tx:
        assert {one.village_code for one in freezing.entries(tx, of, limit=99).lines} == {line.F}
    with work.read_by(line.BPBD) as tx:
        counted = freezing.entries(tx, of)
    assert (counted.lines, counted.total) == ((), of.households)
    for statement in ("UPDATE affected_list_entry SET evidence = 'x'", "DELETE FROM affected_list_entry",
                      "UPDATE affected_list SET households = 1", "DELETE FROM affected_decision"):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), work.engine.begin() as connection:
            connection.execute(sa.text(statement))


def test_the_check_finds_an_altered_list_and_who_is_on_it_unconfirmed(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    freeze(work, flood)
    one = line.households(work)["H-0-0"]
    with work.engine.begin() as connection:
        table = sa.table("affected_household", sa.column("household_id", sa.Uuid()), sa.column("state"))
        connection.execute(sa.update(table).where(table.c.household_id == one).values(state="rejected"))
    assert len(proofs(work)) == 1
    with work.engine.begin() as connection:
        entry = sa.table("affected_list_entry", sa.column("household_id", sa.Uuid()))
        if connection.dialect.name == "sqlite":
            connection.execute(sa.text("DROP TRIGGER affected_list_entry_no_delete"))
        else:
            connection.execute(sa.text("DROP TRIGGER affected_list_entry_append_only ON affected_list_entry"))
        connection.execute(sa.delete(entry).where(entry.c.household_id == line.households(work)["H-0-2"]))
    assert any("are not those that were frozen" in problem for problem in proofs(work))


# ---------------------------------------------------------------- any sequence


EXAMPLES = 3
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["yes", "no", "undo", "add", "bulk", "freeze", "open", "merge", "narrow", "widen", "withdraw"]),
        st.integers(0, 5), st.integers(0, 5),
    ),
    min_size=4, max_size=10,
)  # fmt: skip


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(acts=ACTS)
def test_whatever_people_do_nobody_is_both_or_twice_and_no_frozen_list_changes(work: Work, flood: line.Flood, acts):
    here = line.open_flood(work, f"Kejadian {work.ids.new()}")
    known = line.households(work)
    people = [known[f"H-{village}-{number}"] for village in (0, 2, 5) for number in (0, 1)]
    first = line.post(work, line.an_area(here, outline=None, regions=(LISTED(code=line.A), LISTED(code=line.F))))
    base, frozen = 1, dict[UUID, frozenset[UUID]]()
    for act, a, b in acts:
        one, other = people[a], people[b]
        try:
            if act in ("yes", "no"):
                decide(work, here, one, yes=act == "yes")
            elif act == "undo":
                work.run(line.OFFICER, partial(_undo, here=here, one=one))
            elif act == "add":
                add = partial(deciding.add_affected, incident_id=here.incident_id, household_id=one, note="RT")
                work.run(line.OFFICER, add)
            elif act == "bulk":
                line.confirm_certain(work, here.incident_id)
            elif act == "freeze":
                of = freeze(work, here)
                frozen[of.id] = frozenset(ids_of(work, of))
            elif act == "open":
                open_again(work, here)
            elif act == "merge" and one != other:
                merged(work, one, other)
            elif act == "withdraw":
                work.run(line.BPBD, lambda tx: commands.withdraw_zone(tx, first.zone_id, "Salah tempat"))
            elif act in ("narrow", "widen"):
                codes = (line.F,) if act == "narrow" else (line.A, line.F)
                regions = tuple(LISTED(code=code) for code in codes)
                line.post(work, line.an_area(here, outline=None, regions=regions, zone_id=first.zone_id, base_no=base))
                base += 1
        except Refused:
            pass
        _holds(work, here, frozen)


def _undo(tx: Tx, here: line.Flood, one: UUID) -> None:
    found = listing.affected_household(tx, here.incident_id, one)
    deciding.undo_decision(tx, here.incident_id, one, found.decided_no)


def _holds(work: Work, here: line.Flood, frozen: dict[UUID, frozenset[UUID]]) -> None:
    with work.read_by(line.OFFICER) as tx:
        groups = listing.groups(tx, here.incident_id)
        villages = listing.by_village(tx, here.incident_id)
        asked = freezing.to_serve(tx, here.incident_id)
        live = [one.household_id for one in listing.confirmed(tx, here.incident_id)]
        for of in freezing.lists(tx, here.incident_id):
            assert {one.household_id for one in freezing.entries(tx, of, limit=500).lines} == frozen[of.id]
        assert freezing.prove(tx) == []
    assert groups.proposed + groups.confirmed + groups.rejected == groups.total
    assert sum(one.by_name for one in villages) == groups.total
    assert (sum(one.confirmed for one in villages), sum(one.rejected for one in villages)) == (
        groups.confirmed, groups.rejected
    )  # fmt: skip
    assert len(live) == len(set(live)) == groups.confirmed, "each confirmed household counts and is served once"
    ids = [one.household_id for one in asked.lines]
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(live), "whoever the list that holds names is still confirmed"


def test_who_was_registered_on_the_spot_and_is_found_in_the_registry_is_not_counted_or_served_twice(
    work: Work, flood: line.Flood
):
    line.post(work, line.an_area(flood))
    known = line.households(work)["H-0-0"]

    def register(tx: Tx) -> UUID:
        order = RegisterProvisional(head_name="Warga Posko", village_code=line.A, counts=NewCounts(adults=2, women=1))
        household = register_provisional(tx, order).id
        deciding.add_affected(tx, flood.incident_id, household, "", is_provisional=True)
        return household

    spot = work.run(an_actor(Role.FIELD), register)
    first = freeze(work, flood)
    planned = line.plan(work, flood.incident_id)
    assert (first.households, planned.planned) == (1, 1)
    line.approve(work, planned.round_id)
    line.send_all(work, planned.round_id)
    line.hand_over(work, line.sent_week_of(work).packages[0])
    merged(work, known, spot)
    second = freeze(work, flood)
    assert (second.households, ids_of(work, second)) == (1, {known})

    def plan_again(tx: Tx) -> PlanSummary:
        view, standard = incident_by_id(tx, flood.incident_id), week.standard_in_force(tx)
        assert standard is not None
        return week.plan_week(tx, view, view.today, standard.id)

    with pytest.raises(Conflict, match=r"plan\.nobody"):
        work.run(line.OFFICER, plan_again)
    assert line.valid_count(work, planned.round_id) == 1
    assert proofs(work) == []
