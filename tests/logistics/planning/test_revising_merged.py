"""Two households that are found to be one are served once, and what is still owed to them is not forgotten."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from core.errors import Conflict
from core.work import Work
from logistics.dispatch.commands import SendToPost, send_to_post
from logistics.packages.states import PackageState
from logistics.planning.states import ChangeKind
from registry_link.households.models import Household
from tests.logistics.planning.revised import World
from tests.logistics.week import MONDAY, OFFICER, PLENTY, a_week, fill, household, settle
from tests.support.builders import SYSTEM


def merge(world: World, gone: UUID, stays: UUID) -> None:
    with world.work.by(SYSTEM) as tx:
        tx.session.execute(sa.update(Household).where(Household.id == gone).values(merged_into_id=stays))
    world.households = [one for one in world.households if one.beneficiary_id != gone]


def test_whose_other_half_waits_for_the_second_lorry_is_not_served_too(work: Work):
    stock = {code: amount for code, amount in PLENTY.items() if code != "beras"}
    week = a_week(work, capacity=2, stock=stock)
    fill(work, week, week.far, {"beras": PLENTY["beras"]})
    world = World(work=work, week=week, households=[household(no) for no in range(1, 5)])
    world.plan()
    first_lorry = SendToPost(
        round_id=world.id, post_id=week.first_post, serve_on=MONDAY, warehouse_id=week.near, vehicle="Truk"
    )
    work.run(OFFICER, lambda tx: send_to_post(tx, first_lorry))
    rows = world.rows()
    gone = next(row for row in rows if (row.post_id, row.serve_on) == (week.first_post, MONDAY))
    stays = next(row for row in rows if (row.post_id, row.serve_on) != (week.first_post, MONDAY))
    assert gone.state is stays.state is PackageState.RESERVED
    merge(world, gone.beneficiary_id, stays.beneficiary_id)
    assert [(one.code, one.count) for one in world.behind()] == [("revision.behind.not_listed", 1)]
    world.revise()
    world.approve()
    now = {row.id: row for row in world.rows()}
    assert now[gone.id].state is PackageState.RESERVED
    assert now[stays.id].state is PackageState.CANCELLED
    assert world.behind() == ()


def served_but_for_fish(work: Work) -> World:
    """Two households whose package left without its fish, which has come since."""
    stock = {code: amount for code, amount in PLENTY.items() if code != "sarden"}
    world = World(work=work, week=a_week(work, capacity=4, stock=stock), households=[household(1), household(2)])
    world.plan()
    for post_id in (world.week.first_post, world.week.second_post):
        world.send(post_id, MONDAY)
    for row in world.rows():
        world.hand_over(row.id)
    fill(work, world.week, world.week.near, {"sarden": 100})
    return world


def states(world: World, *ids: UUID) -> list[tuple[int, PackageState]]:
    return [(row.no, row.state) for row in world.rows() if row.beneficiary_id in ids]


@pytest.mark.parametrize("reserved_before", [False, True])
def test_the_rest_of_one_that_went_is_neither_forgotten_nor_taken_away(work: Work, reserved_before: bool):
    world = served_but_for_fish(work)
    if reserved_before:
        world.revised()
    gone = world.households[0].beneficiary_id
    world.households.append(household(9))
    settle(work, world.households)
    stays = world.households[-1].beneficiary_id
    merge(world, gone, stays)
    if reserved_before:
        with pytest.raises(Conflict) as told:
            world.revise()
        assert told.value.code == "revision.nothing_changes"
    else:
        assert world.revised().counts == {ChangeKind.COMPLETED: 2}
    assert states(world, gone, stays) == [(1, PackageState.HANDED_OVER), (2, PackageState.RESERVED)]
    assert world.lacking() == {}
    assert world.behind() == ()


def test_of_two_that_were_both_served_in_part_the_one_that_stays_gets_the_rest(work: Work):
    world = served_but_for_fish(work)
    gone, stays = (one.beneficiary_id for one in world.households)
    merge(world, gone, stays)
    assert world.revised().counts == {ChangeKind.COMPLETED: 1}
    assert states(world, gone) == [(1, PackageState.HANDED_OVER)]
    assert states(world, stays) == [(1, PackageState.HANDED_OVER), (2, PackageState.RESERVED)]


def test_the_rest_ends_where_the_one_that_stays_is_no_longer_on_the_list(work: Work):
    world = served_but_for_fish(work)
    world.revised()
    gone = world.households[0].beneficiary_id
    settle(work, [household(9)])
    merge(world, gone, household(9).beneficiary_id)
    assert world.revised().counts == {ChangeKind.OUT: 1}
    assert [row.reason_code for row in world.rows() if row.beneficiary_id == gone and row.no == 2] == [
        "revision.out.not_listed"
    ]


def test_whoever_stays_and_is_not_served_for_the_other_is_told_so(work: Work):
    world = World(work=work, week=a_week(work, capacity=4), households=[household(no) for no in range(1, 5)])
    world.plan()
    for post_id in (world.week.first_post, world.week.second_post):
        world.send(post_id, MONDAY)
    world.households.append(household(9))
    world.revised()
    stays = world.households[-1].beneficiary_id
    merge(world, world.households[0].beneficiary_id, stays)
    assert world.revised().counts == {ChangeKind.OUT: 1}
    (out,) = (row for row in world.rows() if row.beneficiary_id == stays)
    assert out.reason_code == "revision.out.merged"
