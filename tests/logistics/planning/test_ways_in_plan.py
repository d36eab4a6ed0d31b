"""What is said of the ways is what a plan keeps to: posts within reach, warehouses whose way is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Refused
from core.work import Work
from logistics.dispatch.commands import CloseDay, close_day
from logistics.dispatch.queries import post_choices
from logistics.packages.queries import packages
from logistics.planning.commands import PURPOSE, PlanRound, approve_round, plan_round
from logistics.planning.roads import shut_on
from logistics.planning.rules import PostChoice
from logistics.planning.states import Means
from logistics.planning.ways import CloseWay, DrawArea, SayDistance, close_way, draw_area, say_distance
from stock.reservations.queries import reservations
from tests.logistics.week import MONDAY, OFFICER, PLENTY, SECOND, Week, a_week, fill, household, order

VILLAGE = "99.01.01.2001"
"""Where the week's households live."""
DAYS = [MONDAY + timedelta(days=at) for at in range(7)]


def planned(work: Work, asked: PlanRound) -> list[tuple[object, object]]:
    with work.by(OFFICER) as tx:
        round_id = plan_round(tx, asked).round_id
        return [(row.post_id, row.serve_on) for row in packages(tx, round_id).rows]


def open_posts(work: Work) -> tuple[PostChoice, ...]:
    with work.read_by(OFFICER) as tx:
        return post_choices(tx, DAYS)


def an_island(work: Work, week: Week) -> PlanRound:
    asked = order(work, week, [household(no) for no in range(1, 4)])
    with work.by(OFFICER) as tx:
        draw_area(tx, DrawArea(name="Pulau Uji", means=Means.BOAT, village_codes=(VILLAGE,)))
    return asked


def test_nobody_is_sent_across_the_sea_where_no_boat_goes(work: Work):
    week = a_week(work)
    asked = an_island(work, week)
    with pytest.raises(Refused):
        planned(work, asked)
    with work.by(OFFICER) as tx:  # the farther post, but the one that the boat goes to
        say_distance(
            tx, SayDistance(village_code=VILLAGE, post_id=week.second_post, metres=9_000, source="Kepala desa")
        )
    assert planned(work, asked) == [(week.second_post, MONDAY)] * 3


def test_a_post_serves_on_no_day_on_which_it_is_closed(work: Work):
    week = a_week(work)
    with work.by(OFFICER) as tx:
        for post_id in (week.first_post, week.second_post):
            close_day(tx, CloseDay(post_id=post_id, day=MONDAY, reason="hari besar"))
    asked = replace(order(work, week, [household(no) for no in range(1, 4)]), posts=open_posts(work))
    assert {day for _, day in planned(work, asked)} == {MONDAY + timedelta(days=1)}


def test_goods_come_from_a_warehouse_whose_way_is_open(work: Work):
    week = a_week(work)
    fill(work, week, week.far, PLENTY)
    with work.by(OFFICER) as tx:
        close_way(
            tx,
            CloseWay(warehouse_id=week.near, area_id=None, means=Means.ROAD, reason="jembatan putus", from_on=MONDAY),
        )
        assert [one.warehouse.id for one in shut_on(tx, MONDAY)] == [week.near]
    asked = order(work, week, [household(no) for no in range(1, 4)])
    with work.by(OFFICER) as tx:
        round_id = plan_round(tx, asked).round_id
    with work.by(SECOND) as tx:
        approve_round(tx, round_id)
        assert {one.place.id for one in reservations(tx, purpose=PURPOSE, purpose_id=round_id)} == {week.far}
