"""Groups are moved on the board: in a draft, and in an approved round with the stock that follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from core.audit import verify
from core.clock import FixedClock
from core.errors import Forbidden, Refused
from core.work import Work
from logistics.dispatch.commands import (
    ChangePost,
    OpenPost,
    SendToPost,
    change_post,
    close_post,
    open_post,
    send_to_post,
)
from logistics.dispatch.queries import post_choices, to_send
from logistics.dispatch.schedule import schedule
from logistics.packages.cell_queries import cell_goods, cell_parts
from logistics.packages.cells import Spot
from logistics.packages.queries import packages, strip_of
from logistics.packages.states import PackageState
from logistics.planning.commands import approve_round, discard_plan, group_key, plan_round
from logistics.planning.consequences import Consequences, consequences
from logistics.planning.groups import Choice
from logistics.planning.move_ground import MoveGroup
from logistics.planning.moving import UndoMove, last_move, move_group, undo_last_move
from logistics.planning.queries import plans_of, posts_of
from logistics.planning.reaching import ClosedWay, Roads, SaidDistance, TransportArea
from logistics.planning.rules import Slot
from stock.items.weights import SetWeight, set_weight
from stock.reservations.queries import reservations
from tests.logistics.week import HEAD, MONDAY, OFFICER, PLENTY, SECOND, Week, a_week, fill, household, order
from tests.support.builders import SYSTEM
from tests.support.racing import at_once, before_the_first_commits, codes

TUESDAY, FRIDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)
WHY = "jalan ke titik terputus"


def planned(work: Work, week: Week, count: int) -> UUID:
    crowd = [household(no, village_code=f"99.01.01.200{no % 2 + 1}") for no in range(1, count + 1)]
    asked = order(work, week, crowd)
    with work.by(OFFICER) as tx:
        return plan_round(tx, asked).round_id


def approve(work: Work, round_id: UUID) -> None:
    with work.by(SECOND) as tx:
        approve_round(tx, round_id)


def asking(work: Work, week: Week, round_id: UUID, **more: object) -> MoveGroup:
    """Ask to bring everybody of the first post's Monday to the second post's Friday."""
    with work.read_by(OFFICER) as tx:
        choices = post_choices(tx, [MONDAY + timedelta(days=day) for day in range(7)])
    made = MoveGroup(
        round_id=round_id, from_spot=Spot(post_id=week.first_post, serve_on=MONDAY),
        to_spot=Spot(post_id=week.second_post, serve_on=FRIDAY), posts=choices, reason=WHY,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def seen(work: Work, asked: MoveGroup) -> Consequences:
    with work.read_by(OFFICER) as tx:
        return consequences(tx, asked)


def do(work: Work, asked: MoveGroup) -> int:
    with work.by(OFFICER) as tx:
        return move_group(tx, asked).households


def undo(work: Work, week: Week, round_id: UUID) -> int:
    asked = asking(work, week, round_id)
    with work.by(OFFICER) as tx:
        last = last_move(tx, round_id)
        assert last is not None
        return undo_last_move(tx, UndoMove(round_id=round_id, move_id=last.id, posts=asked.posts)).households


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as told:
        act()
    return told.value.code


def standing(work: Work, round_id: UUID) -> tuple[object, ...]:
    """Everything that a move may change, and its undoing gives back."""
    with work.read_by(OFFICER) as tx:
        kept: Counter[tuple[str, UUID, UUID]] = Counter()
        for one in reservations(tx, purpose="round", purpose_id=round_id):
            kept[one.group_key, one.place.id, one.batch.id] += one.quantity_milli
        rows = packages(tx, round_id, limit=500).rows
        said = tuple((row.code, row.post_id, row.serve_on, row.state, row.reason("id")) for row in rows)
        return cell_parts(tx, round_id), cell_goods(tx, round_id), kept, said


def households(work: Work, round_id: UUID) -> dict[tuple[UUID, date], int]:
    with work.read_by(OFFICER) as tx:
        return {(one.post_id, one.serve_on): one.households for one in strip_of(tx, round_id)}


def test_in_a_draft_the_consequences_are_told_and_then_hold(work: Work):
    week = a_week(work, capacity=4)
    round_id = planned(work, week, 6)
    asked = asking(work, week, round_id)
    with work.by(SYSTEM) as tx:
        set_weight(tx, SetWeight(item_id=week.items["kasur"], weight_g=4000, source="ditimbang"))
    found = seen(work, asked)
    assert (len(found.group.going), found.group.persons, found.problems) == (4, 8, ())
    assert (found.origin.before, found.origin.after) == (4, 0)
    assert (found.target.before, found.target.after, found.target.capacity) == (0, 4, 4)
    # The crowd's rows have no position of their own in the registry.
    assert (found.walking.unknown, found.needs_consent, found.sources) == (4, False, ())
    rice = next(one for one in found.goods if one.item.code == "beras")
    assert (rice.moved_milli, rice.from_before_milli, rice.from_after_milli, rice.to_after_milli) == (
        24_000, 24_000, 0, 24_000,
    )  # fmt: skip
    assert found.moved_weight.grams == 24_000 + 4 * 4000
    assert week.items["selimut"] in found.moved_weight.unknown
    assert (found.from_weight[0].grams, found.from_weight[1].grams) == (40_000, 0)
    assert do(work, replace(asked, seen=found.seen)) == 4
    assert households(work, round_id) == {
        (week.first_post, TUESDAY): 2, (week.second_post, FRIDAY): 4,
    }  # fmt: skip
    with work.read_by(OFFICER) as tx:
        moved = packages(tx, round_id, post_id=week.second_post).rows
        assert {row.reason("id") for row in moved} == {
            "Dipindah dari Balai Desa Timur, Senin, 16 November 2026, ke SD Negeri Barat, Jumat, 20 November 2026, "
            f"oleh Perencana, karena {WHY}."
        }
        assert verify(tx.session).is_sound


def test_a_village_or_the_last_few_go_alone_and_each_move_can_be_undone_in_turn(work: Work):
    week = a_week(work, capacity=6)
    round_id = planned(work, week, 6)
    before = standing(work, round_id)
    asked = asking(work, week, round_id)
    assert do(work, replace(asked, choice=Choice(village_code="99.01.01.2001"))) == 3
    between = standing(work, round_id)
    assert do(work, replace(asked, choice=Choice(last=2), to_spot=Spot(post_id=week.first_post, serve_on=FRIDAY))) == 2
    assert households(work, round_id) == {
        (week.first_post, MONDAY): 1, (week.first_post, FRIDAY): 2, (week.second_post, FRIDAY): 3,
    }  # fmt: skip
    assert undo(work, week, round_id) == 2
    assert standing(work, round_id) == between
    assert undo(work, week, round_id) == 3
    assert standing(work, round_id) == before
    with work.read_by(OFFICER) as tx:
        assert last_move(tx, round_id) is None


def test_what_is_reserved_takes_its_stock_along_and_brings_it_back(work: Work):
    week = a_week(work, capacity=4)
    round_id = planned(work, week, 6)
    approve(work, round_id)
    before = standing(work, round_id)
    asked = asking(work, week, round_id, choice=Choice(last=3))
    found = seen(work, asked)
    assert (found.reserved, found.problems) == (3, ())
    assert {one.warehouse for one in found.sources} == {"Gudang Induk"}
    assert all(one.before_milli == one.after_milli for one in found.sources)
    do(work, replace(asked, seen=found.seen))
    with work.read_by(OFFICER) as tx:
        waiting = {(one.post.id, one.serve_on): one for one in to_send(tx, round_id)}
        assert set(waiting) == {(week.first_post, MONDAY), (week.first_post, TUESDAY), (week.second_post, FRIDAY)}
        moved = {line.item.code: line.quantity_milli for line in waiting[week.second_post, FRIDAY].lines}
        assert (moved["kasur"], moved["beras"]) == (3000, 18_000)
        sums = {(one.post_id, one.serve_on, one.item_id): one.quantity_milli for one in cell_goods(tx, round_id)}
        for key, one in waiting.items():
            assert all(sums[(*key, line.item.id)] == line.quantity_milli for line in one.lines)
    undo(work, week, round_id)
    assert standing(work, round_id) == before


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_group_goes_to_a_post_that_was_opened_since_the_plan_was_made(work: Work, is_approved: bool):
    week = a_week(work, capacity=4)
    round_id = planned(work, week, 6)
    if is_approved:
        approve(work, round_id)
    with work.by(SYSTEM) as tx:
        newest = open_post(tx, OpenPost(code="T3", name="Pos Baru", capacity_per_day=3, lon_deg=131.02, lat_deg=-7.9))
    do(work, asking(work, week, round_id, to_spot=Spot(post_id=newest, serve_on=FRIDAY), choice=Choice(last=2)))
    if not is_approved:
        approve(work, round_id)
    with work.read_by(OFFICER) as tx:
        (plan,) = plans_of(tx, round_id)
        known = {one.post_id: one.capacity_per_day for one in posts_of(tx, plan.id)}
        kept = reservations(tx, purpose="round", purpose_id=round_id, group_key=group_key(newest, FRIDAY))
    assert known == {week.first_post: 4, week.second_post: 4, newest: 3}
    assert kept, "its goods are promised there"
    assert households(work, round_id)[newest, FRIDAY] == 2
    undo(work, week, round_id)
    assert (newest, FRIDAY) not in households(work, round_id)


def test_goods_come_from_a_warehouse_that_reaches_the_new_post_or_nothing_moves(work: Work):
    week = a_week(work, capacity=4)
    round_id = planned(work, week, 4)
    approve(work, round_id)
    island = TransportArea(id=UUID(int=5), name="Pulau", village_codes=("99.01.01.2009",))
    base = asking(work, week, round_id, choice=Choice(last=2))
    shifted = tuple(
        replace(one, village_code="99.01.01.2009") if one.post_id == week.second_post else one for one in base.posts
    )
    roads = Roads(areas=(island,), closed=(ClosedWay(warehouse_id=week.near, area_id=island.id),))
    asked = replace(base, posts=shifted, roads=roads, accepts_far=True)
    found = seen(work, asked)
    assert [one.code for one in found.problems] == ["board.stock_short"]
    before = standing(work, round_id)
    assert refused(lambda: do(work, asked)) == "board.stock_short"
    assert standing(work, round_id) == before
    fill(work, week, week.far, PLENTY)
    found = seen(work, asked)
    assert (found.problems, found.needs_consent, found.walking.out_of_reach) == ((), True, 2)
    assert {(one.warehouse, one.after_milli > 0) for one in found.sources} == {
        ("Gudang Induk", False), ("Gudang Utara", True),
    }  # fmt: skip
    assert refused(lambda: do(work, replace(asked, accepts_far=False))) == "board.out_of_reach"
    do(work, asked)
    with work.read_by(OFFICER) as tx:
        group = group_key(week.second_post, FRIDAY)
        assert {one.place.id for one in reservations(tx, purpose="round", group_key=group)} == {week.far}


def test_people_who_know_the_way_say_how_far_it_is(work: Work):
    week = a_week(work)
    round_id = planned(work, week, 4)
    villages = ("99.01.01.2001", "99.01.01.2002")
    said = tuple(
        SaidDistance(village_code=village, post_id=post, metres=metres)
        for village in villages
        for post, metres in ((week.first_post, 800), (week.second_post, 5200 if village == villages[0] else None))
    )
    found = seen(work, asking(work, week, round_id, roads=Roads(said=said)))
    assert (found.walking.farther, found.walking.out_of_reach, found.walking.unknown) == (2, 2, 0)
    assert (found.walking.longest_before_m, found.walking.longest_after_m) == (800, 5200)


def test_hours_are_filled_in_order_or_as_asked(work: Work):
    week = a_week(work, capacity=6)
    round_id = planned(work, week, 6)
    asked = asking(work, week, round_id)
    hours = tuple(Slot(starts_at=f"{at:02}:00", ends_at=f"{at + 1:02}:00", households=3) for at in (8, 9))
    with_hours = tuple(replace(one, slots=hours) if one.post_id == week.second_post else one for one in asked.posts)
    asked = replace(asked, posts=with_hours, choice=Choice(last=4))
    assert [(one.before, one.after) for one in seen(work, asked).hours] == [(0, 3), (0, 1)]
    assert refused(lambda: do(work, replace(asked, to_hours="09:00-10:00"))) == "board.hour_full"
    do(work, asked)
    within = replace(asked, from_spot=asked.to_spot, choice=Choice(hours="08:00-09:00", last=1), to_hours="09:00-10:00")
    do(work, within)
    with work.read_by(OFFICER) as tx:
        held: Counter[str] = Counter()
        for one in cell_parts(tx, round_id):
            held[one.hours] += one.households
    assert held == {"": 2, "08:00-09:00": 2, "09:00-10:00": 2}
    assert refused(lambda: do(work, replace(within, choice=Choice(hours="09:00-10:00")))) == "board.same_place"
    assert refused(lambda: do(work, replace(within, to_hours="10:00-11:00"))) == "board.no_hour"


def test_who_moves_gets_the_hours_told_now_and_everybody_else_keeps_those_it_was_promised(work: Work):
    week = a_week(work, capacity=4)

    def opens(first: int) -> None:
        slots = tuple(
            Slot(starts_at=f"{at:02}:00", ends_at=f"{at + 1:02}:00", households=2) for at in (first, first + 1)
        )
        for post_id in (week.first_post, week.second_post):
            with work.by(SYSTEM) as tx:
                change_post(tx, ChangePost(post_id=post_id, capacity_per_day=4, opening="", slots=slots))

    def told() -> dict[tuple[UUID | None, str], int]:
        with work.read_by(OFFICER) as tx:
            return dict(Counter((row.post_id, row.hours) for row in packages(tx, round_id, limit=500).rows))

    opens(8)
    round_id = planned(work, week, 4)
    approve(work, round_id)
    before = {(week.first_post, "08:00-09:00"): 2, (week.first_post, "09:00-10:00"): 2}
    assert told() == before
    opens(13)
    assert told() == before, "what was told stays so"
    asked = asking(work, week, round_id, choice=Choice(last=2))
    do(work, asked)
    after = {(week.first_post, "08:00-09:00"): 2, (week.second_post, "13:00-14:00"): 2}
    assert told() == after
    opens(15)
    more = asking(work, week, round_id, choice=Choice(last=1))
    assert [(one.starts_at, one.before, one.after) for one in seen(work, more).hours] == [
        ("15:00", 0, 1), ("16:00", 0, 0),
    ]  # fmt: skip
    do(work, more)
    assert told() == {
        (week.first_post, "08:00-09:00"): 1, (week.second_post, "13:00-14:00"): 2, (week.second_post, "15:00-16:00"): 1,
    }  # fmt: skip
    crowded = asking(work, week, round_id, choice=Choice(last=1), to_hours="13:00-14:00")
    assert refused(lambda: do(work, crowded)) == "board.no_hour", "a place is offered with the hours it has now"
    with work.read_by(OFFICER) as tx:
        cell = schedule(tx, round_id).cell(week.second_post, FRIDAY)
    assert cell is not None
    assert [(one.hours, one.counts.households, one.households) for one in cell.hours] == [
        ("15:00-16:00", 1, 2), ("16:00-17:00", 0, 2), ("13:00-14:00", 2, None),
    ]  # fmt: skip
    for _ in range(2):
        undo(work, week, round_id)
    assert told() == before, "back as it was, whatever the post tells since"


def test_what_must_not_be_is_refused_with_its_sentence(work: Work, fixed_clock: FixedClock):
    week = a_week(work, capacity=4)
    round_id = planned(work, week, 8)
    asked = asking(work, week, round_id)
    to = {day: Spot(post_id=week.second_post, serve_on=day) for day in (FRIDAY, MONDAY + timedelta(days=8))}
    crowded = replace(asked, to_spot=Spot(post_id=week.first_post, serve_on=TUESDAY))
    assert refused(lambda: do(work, replace(asked, reason=" ya "))) == "board.reason_missing"
    assert refused(lambda: do(work, crowded)) == "board.over_capacity"
    assert refused(lambda: do(work, replace(asked, to_spot=to[MONDAY + timedelta(days=8)]))) == "board.outside_week"
    assert refused(lambda: do(work, replace(asked, to_spot=asked.from_spot))) == "board.same_place"
    assert refused(lambda: do(work, replace(asked, choice=Choice(village_code="99.99")))) == "board.nobody"
    assert refused(lambda: do(work, replace(asked, posts=asked.posts[:1]))) == "board.post_closed"
    with pytest.raises(Forbidden), work.by(HEAD) as tx:
        move_group(tx, asked)
    stale = seen(work, asked).seen
    do(work, replace(asked, choice=Choice(last=1)))
    assert refused(lambda: do(work, replace(asked, choice=Choice(last=1), seen=stale))) == "board.changed_meanwhile"
    with work.by(SYSTEM) as tx:
        assert refused(lambda: close_post(tx, week.second_post, "atap bocor")) == "post.has_packages"
    fixed_clock.advance(timedelta(days=2))
    assert refused(lambda: undo(work, week, round_id)) == "board.day_passed"
    # Whoever missed Monday can still be served later.
    assert do(work, asked) == 3
    with work.by(OFFICER) as tx:
        discard_plan(tx, round_id)
    assert refused(lambda: do(work, asked)) == "board.round_over"
    with work.read_by(OFFICER) as tx:
        assert last_move(tx, round_id) is None


def send(work: Work, week: Week, round_id: UUID, post_id: UUID, day: date, warehouse: UUID) -> None:
    with work.by(SYSTEM) as tx:
        send_to_post(
            tx,
            SendToPost(round_id=round_id, post_id=post_id, serve_on=day, warehouse_id=warehouse, vehicle="Truk"),
        )


def test_what_has_left_stays_and_a_part_that_has_left_holds_the_rest(work: Work):
    week = a_week(work, capacity=4, stock={**PLENTY, "kasur": 2})
    fill(work, week, week.far, {"kasur": 10})
    round_id = planned(work, week, 4)
    approve(work, round_id)
    asked = asking(work, week, round_id)
    send(work, week, round_id, week.first_post, MONDAY, week.near)
    assert [one.code for one in seen(work, asked).problems] == ["board.part_has_left"]
    before = standing(work, round_id)
    assert refused(lambda: do(work, asked)) == "board.part_has_left"
    assert standing(work, round_id) == before
    send(work, week, round_id, week.first_post, MONDAY, week.far)
    found = seen(work, asked)
    assert (found.group.loaded, [one.code for one in found.problems]) == (4, ["board.nobody"])


def test_what_was_moved_and_has_left_is_not_put_back(work: Work):
    week = a_week(work, capacity=4)
    round_id = planned(work, week, 4)
    approve(work, round_id)
    do(work, asking(work, week, round_id, choice=Choice(last=1)))
    send(work, week, round_id, week.second_post, FRIDAY, week.near)
    before = standing(work, round_id)
    assert refused(lambda: undo(work, week, round_id)) == "board.cannot_undo"
    assert standing(work, round_id) == before


def test_of_two_who_move_the_same_group_one_does(work: Work):
    week = a_week(work, capacity=4)
    round_id = planned(work, week, 4)
    approve(work, round_id)
    asked = replace(asking(work, week, round_id), seen=seen(work, asking(work, week, round_id)).seen)
    other = replace(asked, to_spot=Spot(post_id=week.first_post, serve_on=FRIDAY))
    other = replace(other, seen=seen(work, other).seen)

    def by(one: MoveGroup) -> Callable[[], object]:
        return lambda: work.run(OFFICER, lambda tx: move_group(tx, one).households)

    results = at_once([by(asked), by(other)])
    assert codes(results)[0] == "" and codes(results)[1] == "board.changed_meanwhile"
    assert sum(households(work, round_id).values()) == 4
    with work.read_by(OFFICER) as tx:
        held: Counter[UUID] = Counter()
        for one in reservations(tx, purpose="round", purpose_id=round_id):
            held[one.batch.item.id] += one.quantity_milli
        assert held == Counter({one.item_id: one.quantity_milli for one in cell_goods(tx, round_id)})


def test_a_lorry_and_a_move_at_once_leave_goods_and_households_together(work: Work):
    week = a_week(work, capacity=4)
    round_id = planned(work, week, 4)
    approve(work, round_id)
    asked = asking(work, week, round_id, choice=Choice(last=2))
    results = at_once(
        [
            lambda: work.run(OFFICER, lambda tx: move_group(tx, asked).households),
            lambda: send(work, week, round_id, week.first_post, MONDAY, week.near),
        ]
    )
    by: Counter[tuple[UUID | None, PackageState]] = Counter()
    with work.read_by(OFFICER) as tx:
        for one in cell_parts(tx, round_id):
            by[one.post_id, one.state] += one.households
    if codes(results) == ["", ""]:
        assert by[week.second_post, PackageState.RESERVED] == 2
        assert by[week.first_post, PackageState.LOADED] == 2
    else:
        assert codes(results) == ["", "board.nobody"]
        assert by[week.first_post, PackageState.LOADED] == 4


@pytest.mark.engines("postgresql")
def test_nobody_is_brought_to_a_post_that_closes_in_the_same_moment(work: Work):
    week = a_week(work)
    round_id = planned(work, week, 4)
    asked = asking(work, week, round_id)
    told = before_the_first_commits(
        work, SYSTEM, lambda tx: close_post(tx, week.second_post, "terendam air"), lambda tx: move_group(tx, asked)
    )
    assert codes([told]) == ["board.post_closed"]
    with work.read_by(OFFICER) as tx:
        assert {cell.post_id for cell in strip_of(tx, round_id)} == {week.first_post}
