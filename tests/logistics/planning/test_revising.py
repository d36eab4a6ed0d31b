"""A revision changes only what has not left, shows it first, and counts all or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from core.clock import FixedClock
from core.errors import Conflict, Forbidden
from core.measures import Milli
from core.work import Work
from logistics.dispatch.commands import ChangePost, CloseDay, change_post, close_day
from logistics.packages.cells import Spot
from logistics.packages.queries import turns_of
from logistics.packages.rules import People
from logistics.packages.states import PackageState
from logistics.planning.commands import cancel_package, plan_round
from logistics.planning.models import PlanChange
from logistics.planning.move_ground import MoveGroup
from logistics.planning.moving import move_group
from logistics.planning.queries import plans_of
from logistics.planning.revision_queries import changes_of, revision_view
from logistics.planning.rules import Slot
from logistics.planning.states import ChangeKind, PlanState
from stock.reservations.commands import ReserveLine, ReserveStock, reserve
from tests.logistics.planning.revised import World
from tests.logistics.week import HEAD, MONDAY, OFFICER, PLENTY, SECOND, a_week, fill, household, order
from tests.support.builders import SYSTEM

TUESDAY = MONDAY + timedelta(days=1)


def a_world(work: Work, count: int = 6, *, capacity: int = 2, stock: dict[str, int] | None = None) -> World:
    return World(work=work, week=a_week(work, capacity=capacity, stock=stock),
                 households=[household(no) for no in range(1, count + 1)])  # fmt: skip


def day_of(world: World, no: int) -> tuple[date | None, PackageState]:
    row = world.of(world.households[no])[-1]
    return row.serve_on, row.state


def test_where_nothing_has_happened_nothing_changes(work: Work):
    world = a_world(work)
    world.plan()
    assert world.behind() == ()
    with pytest.raises(Conflict) as told:
        world.revise()
    assert told.value.code == "revision.nothing_changes"


def test_confirmed_and_rejected_since_are_shown_first_and_count_when_a_second_person_agrees(work: Work):
    world = a_world(work)
    world.plan()
    gone = world.households.pop(0)
    world.households.append(household(9, People(persons=4, adults=2, children=2)))
    assert [(one.code, one.count) for one in world.behind()] == [
        ("revision.behind.not_planned", 1), ("revision.behind.not_listed", 1),
    ]  # fmt: skip
    before = world.content()
    made = world.revise()
    assert made.counts == {ChangeKind.NEW: 1, ChangeKind.OUT: 1}
    with work.read_by(OFFICER) as tx:
        (draft,) = (one for one in plans_of(tx, world.id) if one.is_revision)
        view, listed = revision_view(tx, draft), changes_of(tx, draft.id).rows
    assert view.packages == 2
    rice = next(one for one in view.goods if one.item.code == "beras")
    assert rice.after_milli - rice.before_milli == 12_000 - 6_000  # 11,2 and 5,6 kg, rounded up
    assert [one.kind for one in listed] == [ChangeKind.OUT, ChangeKind.NEW]
    for one in listed:
        assert "…" not in one.why("id") + one.why("en") + one.reason("id") + one.reason("en")
        assert one.why("id").endswith(".")
    with pytest.raises(Conflict) as told:
        world.agree(OFFICER)
    assert told.value.code == "plan.needs_second_person"
    world.agree()
    after = world.content()
    assert after[world.of(gone)[0].id][0]["state"] is PackageState.CANCELLED
    (new,) = world.of(world.households[-1])
    assert new.state is PackageState.RESERVED
    others = {key: row for key, row in before.items() if key not in {world.of(gone)[0].id, new.id}}
    assert {key: after[key] for key in others} == others, "whoever can keep post and day keeps them"
    assert world.behind() == ()
    # On the list again: its own package comes back, with its code.
    world.households.insert(0, gone)
    made = world.revised()
    assert made.counts == {ChangeKind.NEW: 1}
    (back,) = world.of(gone)
    assert back.state is PackageState.RESERVED
    assert back.code == before[back.id][0]["code"]


def test_what_a_person_took_out_stays_out(work: Work):
    world = a_world(work)
    world.plan()
    first = world.of(world.households[0])[0]
    work.run(OFFICER, lambda tx: cancel_package(tx, first.id, "Sudah ditangani keluarga"))
    with pytest.raises(Conflict) as told:
        world.revise()
    assert told.value.code == "revision.nothing_changes"
    assert world.behind() == ()


def test_a_closed_post_moves_only_its_own_and_what_has_left_for_it_stays(work: Work):
    world = a_world(work, 8)
    world.plan()
    week = world.week
    assert world.send(week.first_post, MONDAY) == 2
    world.closed = {week.first_post}
    there = [row for row in world.rows() if row.post_id == week.first_post and row.state is PackageState.RESERVED]
    assert [(one.code, one.count) for one in world.behind()] == [("revision.behind.post_closed", len(there))]
    made = world.revised()
    assert made.counts == {ChangeKind.MOVED: len(there)}
    left = [row for row in world.rows() if row.post_id == week.first_post]
    assert [row.state for row in left] == [PackageState.LOADED] * 2
    assert all(row.state is PackageState.RESERVED for row in world.rows() if row.post_id != week.first_post)


def test_a_day_that_passed_without_its_packages_leaving_is_made_up_for(work: Work, fixed_clock: FixedClock):
    world = a_world(work, 8)
    world.plan()
    world.send(world.week.second_post, MONDAY)
    late = [row for row in world.rows() if row.serve_on == MONDAY and row.state is PackageState.RESERVED]
    assert late
    fixed_clock.advance(timedelta(days=1))
    assert ("revision.behind.day_passed", len(late)) in [(one.code, one.count) for one in world.behind()]
    made = world.revised()
    assert made.counts == {ChangeKind.MOVED: len(late)}
    moved = [row for row in world.rows() if row.id in {one.id for one in late}]
    assert all(row.serve_on is not None and row.serve_on >= TUESDAY for row in moved)


def test_whoever_waits_is_served_when_stock_comes_and_whoever_lacks_gets_more(work: Work):
    world = a_world(work, 6, capacity=6, stock={**PLENTY, "beras": 13, "minyak_goreng": 4})
    world.plan()
    assert world.lacking()
    assert world.behind() == ()
    fill(work, world.week, world.week.near, {"beras": 100, "minyak_goreng": 100})
    (told,) = world.behind()
    assert told.code == "revision.behind.stock_came"
    assert "Beras" in told.sentence("id")
    made = world.revised()
    assert set(made.counts) <= {ChangeKind.MORE, ChangeKind.SERVED}
    assert world.lacking() == {}
    assert world.behind() == ()


def test_a_package_handed_over_without_lines_is_completed_by_one_of_its_own_and_everybody_has_all_at_last(work: Work):
    stock = {code: amount for code, amount in PLENTY.items() if code != "sarden"}
    world = a_world(work, 4, capacity=4, stock={**stock, "beras": 13, "minyak_goreng": 4})
    world.plan()
    week = world.week
    for post_id in (week.first_post, week.second_post):
        world.send(post_id, MONDAY)
    first = [row for row in world.rows() if row.state is PackageState.LOADED]
    assert first
    fill(work, week, week.near, {"beras": 12, "minyak_goreng": 100})
    for row in first[:2]:
        world.hand_over(row.id)
    made = world.revised()
    assert ChangeKind.COMPLETED in made.counts
    assert all(row.state is PackageState.RESERVED for row in world.rows() if row.no == 2)
    for round_no in range(6):
        fill(work, week, week.near, {"beras": 6, "minyak_goreng": 2, "sarden": 40})
        for post_id in (week.first_post, week.second_post):
            for day in range(3):
                world.send(post_id, MONDAY + timedelta(days=day))
        for row in world.rows():
            if row.state is PackageState.LOADED:
                world.hand_over(row.id)
        world.check()
        if not world.lacking():
            break
        try:
            world.revised()
        except Conflict as told:
            assert told.code == "revision.nothing_changes", round_no
    assert world.lacking() == {}, "nobody is forgotten"
    assert {row.state for row in world.rows()} == {PackageState.HANDED_OVER}


def test_when_a_handover_is_void_what_was_to_complete_it_is_promised_to_nobody(work: Work):
    stock = {code: amount for code, amount in PLENTY.items() if code != "sarden"}
    world = a_world(work, 2, capacity=4, stock=stock)
    world.plan()
    world.send(world.week.first_post, MONDAY)
    first, second = world.rows()
    world.hand_over(first.id)
    world.hand_over(second.id)
    fill(work, world.week, world.week.near, {"sarden": 100})
    world.revised()
    assert [row.state for row in world.rows() if row.supplements_id] == [PackageState.RESERVED] * 2
    world.void(first.id)
    world.check()
    of_first, of_second = (next(row for row in world.rows() if row.supplements_id == one.id) for one in (first, second))
    assert (of_first.state, of_second.state) == (PackageState.CANCELLED, PackageState.RESERVED)
    world.hand_over(first.id)
    world.revised()
    while any(row.state is PackageState.RESERVED for row in world.rows()):
        left = next(row for row in world.rows() if row.state is PackageState.RESERVED)
        assert left.post_id is not None and left.serve_on is not None
        assert world.send(left.post_id, left.serve_on)
    for row in world.rows():
        if row.state is PackageState.LOADED:
            world.hand_over(row.id)
    world.check()
    assert world.lacking() == {}


def test_what_is_promised_to_an_early_day_and_good_on_it_stays_with_it(work: Work):
    stock = {code: amount for code, amount in PLENTY.items() if code != "beras"}
    world = a_world(work, 4, capacity=4, stock=stock)
    week = world.week
    rice = week.items["beras"]
    fill(work, week, week.near, {"beras": 12}, expires_on=MONDAY + timedelta(days=3))
    fill(work, week, week.near, {"beras": 24})
    world.plan()
    assert {row.serve_on for row in world.rows()} == {MONDAY}
    # Its packages were promised what goes bad first: others take what stays good.
    others = ReserveStock(
        lines=(ReserveLine(group_key="", place_id=week.near, item_id=rice, quantity_milli=Milli(12_000)),),
        purpose="shipment", purpose_id=week.near, ends_on=MONDAY + timedelta(days=9),
    )  # fmt: skip
    work.run(SYSTEM, lambda tx: reserve(tx, others))
    assert world.behind() == ()
    world.households.append(household(9))
    before = world.content()
    assert world.revised().counts == {ChangeKind.NEW: 1}
    after = world.content()
    assert {key: after[key] for key in before} == before
    (new,) = world.of(world.households[-1])
    assert rice not in {one[1] for one in after[new.id][1]}
    # The day is closed: on any other day nobody may count on what is bad by then.
    closing = CloseDay(post_id=week.first_post, day=MONDAY, reason="Terendam")
    work.run(SYSTEM, lambda tx: close_day(tx, closing))
    work.run(SYSTEM, lambda tx: close_day(tx, replace(closing, post_id=week.second_post)))
    assert world.revised().counts[ChangeKind.FEWER] == 2


def test_when_anything_of_it_left_meanwhile_nothing_is_done(work: Work):
    world = a_world(work, 8)
    world.plan()
    world.closed = {world.week.first_post}
    world.revise()
    world.closed = set()
    sent = world.send(world.week.first_post, MONDAY)
    assert sent
    before = world.content()
    world.closed = {world.week.first_post}
    with pytest.raises(Conflict) as told:
        world.agree()
    assert told.value.code == "revision.outdated"
    assert world.content() == before
    world.check()
    world.revised()


def less_room(world: World) -> None:
    asked = ChangePost(post_id=world.week.first_post, capacity_per_day=2, opening="")
    world.work.run(SYSTEM, lambda tx: change_post(tx, asked))


def flooded(world: World) -> None:
    asked = CloseDay(post_id=world.week.first_post, day=MONDAY, reason="Terendam lagi")
    world.work.run(SYSTEM, lambda tx: close_day(tx, asked))


@pytest.mark.parametrize("meanwhile", [less_room, flooded])
def test_where_a_post_has_closed_or_has_less_room_meanwhile_nothing_is_done(
    work: Work, meanwhile: Callable[[World], None]
):  # fmt: skip
    world = a_world(work, 4, capacity=4, stock={**PLENTY, "beras": 12})
    world.plan()
    fill(work, world.week, world.week.near, {"beras": 100})
    assert world.revise().counts == {ChangeKind.MORE: 2}
    before = world.content()
    meanwhile(world)
    with pytest.raises(Conflict) as told:
        world.agree()
    assert told.value.code == "revision.outdated"
    assert world.content() == before
    world.revised()


def test_who_stays_keeps_its_hours_and_who_cannot_is_told_those_of_now(work: Work):
    world = a_world(work, 5, capacity=4)

    def opens(*begin: int) -> None:
        hours = tuple(Slot(starts_at=f"{at:02}:00", ends_at=f"{at + 1:02}:00", households=2) for at in begin)
        asked = ChangePost(post_id=world.week.first_post, capacity_per_day=4, opening="", slots=hours)
        world.work.run(SYSTEM, lambda tx: change_post(tx, asked))

    def held() -> list[tuple[date | None, str]]:
        return [(world.of(one)[-1].serve_on, world.of(one)[-1].hours) for one in world.households]

    opens(8, 9)
    world.plan()
    assert sorted(held(), key=str) == [
        (MONDAY, "08:00-09:00"), (MONDAY, "08:00-09:00"), (MONDAY, "09:00-10:00"), (MONDAY, "09:00-10:00"),
        (TUESDAY, "08:00-09:00"),
    ]  # fmt: skip
    before = held()
    opens(9, 13)
    assert held() == before, "what was promised stays so"
    (reason,) = world.behind()
    assert (reason.code, reason.count) == ("revision.behind.hours_changed", 3)
    assert reason.sentence("id") == "3 paket dijanjikan jam yang tidak dipakai lagi di Balai Desa Timur."
    assert world.revise().counts == {ChangeKind.MOVED: 3}
    with work.read_by(OFFICER) as tx:
        (draft,) = (one for one in plans_of(tx, world.id) if one.is_revision)
        listed = changes_of(tx, draft.id).rows
    assert {one.why("id") for one in listed} == {"Jam Balai Desa Timur berubah sejak ia dijadwalkan."}
    assert {one.before.hours for one in listed if one.before} == {"08:00-09:00"}
    world.agree()
    assert world.behind() == ()
    after = [(day, {"08:00-09:00": "13:00-14:00"}.get(hours, hours)) for day, hours in before]
    assert held() == [(day, hours if day == MONDAY else "09:00-10:00") for day, hours in after]
    with work.read_by(OFFICER) as tx:
        told = {one.package_id: one.hours for one in turns_of(tx, world.id)}
    assert told == {world.of(one)[-1].id: world.of(one)[-1].hours for one in world.households}


def test_where_others_were_moved_to_its_place_meanwhile_nothing_is_done(work: Work):
    beside_the_second = [household(no, lon_deg=131.5) for no in range(3, 7)]
    world = World(work=work, week=a_week(work), households=[household(1), household(2), *beside_the_second])
    week = world.week
    world.work.run(SYSTEM, lambda tx: change_post(
        tx, ChangePost(post_id=week.second_post, capacity_per_day=2, opening="")
    ))  # fmt: skip
    world.plan()
    world.closed = {week.first_post}
    assert world.revise().counts == {ChangeKind.MOVED: 2}
    with work.read_by(OFFICER) as tx:
        new = {(row.post_id, row.serve_on) for row in tx.session.scalars(sa.select(PlanChange))}
    ((post_id, day),) = new
    assert post_id == week.second_post and day is not None
    asked = MoveGroup(
        round_id=world.id, from_spot=Spot(post_id=post_id, serve_on=MONDAY),
        to_spot=Spot(post_id=post_id, serve_on=day), posts=world.posts(), reason="Jalan terputus",
    )  # fmt: skip
    work.run(OFFICER, lambda tx: move_group(tx, asked))
    with pytest.raises(Conflict) as told:
        world.agree()
    assert told.value.code == "revision.outdated"
    world.revised()


def test_a_revision_keeps_other_plans_out_and_is_discarded_without_a_trace(work: Work):
    world = a_world(work)
    world.plan()
    world.households.append(household(9))
    before = world.content()
    world.revise()
    with pytest.raises(Conflict) as told, work.by(OFFICER) as tx:
        plan_round(tx, order(work, world.week, world.households))
    assert told.value.code == "revision.waits"
    world.discard()
    assert world.content() == before
    with pytest.raises(Conflict) as told:
        world.agree()
    assert told.value.code == "revision.nothing_to_approve"
    world.revise()
    world.revise()
    with work.read_by(OFFICER) as tx:
        states = [one.state for one in plans_of(tx, world.id) if one.is_revision]
    assert states == [PlanState.DISCARDED, PlanState.DISCARDED, PlanState.DRAFT]
    with pytest.raises(Forbidden):
        world.revise(HEAD)
    world.agree(SECOND)


def test_other_people_in_a_household_make_another_package(work: Work):
    world = a_world(work)
    world.plan()
    world.households[2] = replace(world.households[2], composition=People(persons=5, adults=3, children=2))
    world.households[3] = replace(world.households[3], composition=People(persons=1, adults=1))
    made = world.revised()
    assert made.counts == {ChangeKind.MORE: 1, ChangeKind.FEWER: 1}
    assert world.of(world.households[2])[0].people.persons == 5
