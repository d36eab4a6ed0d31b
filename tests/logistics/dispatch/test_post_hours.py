"""A post's hours and days: what a plan takes from them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid
from core.work import Work
from logistics.dispatch.commands import (
    ChangePost,
    CloseDay,
    OpenPost,
    change_post,
    close_day,
    open_day,
    open_post,
)
from logistics.dispatch.queries import post_by_id, post_choices
from logistics.planning.rules import Slot
from tests.logistics.week import MONDAY, OFFICER, a_week
from tests.support.builders import an_actor

MORNING = Slot(starts_at="08:00", ends_at="10:00", households=50)
NOON = Slot(starts_at="10:00", ends_at="12:30", households=30)
DAYS = [MONDAY + timedelta(days=at) for at in range(7)]


def test_the_hours_of_a_day_are_its_capacity(work: Work):
    a_week(work)
    with work.by(OFFICER) as tx:
        post_id = open_post(
            tx, OpenPost(code="T3", name="Gereja", capacity_per_day=1, slots=(MORNING, NOON), closed_weekdays=(7,))
        )
    with work.read_by(OFFICER) as tx:
        view = post_by_id(tx, post_id)
        (choice,) = post_choices(tx, DAYS, ids=[post_id])
    assert (view.capacity_per_day, view.slots, view.closed_weekdays) == (80, (MORNING, NOON), (7,))
    assert (choice.capacity_per_day, choice.slots, choice.closed_on) == (80, (MORNING, NOON), (DAYS[6],))
    with work.by(OFFICER) as tx:
        change_post(tx, ChangePost(post_id=post_id, capacity_per_day=25, opening="pagi"))
    with work.read_by(OFFICER) as tx:
        (choice,) = post_choices(tx, DAYS, ids=[post_id])
    assert (choice.capacity_per_day, choice.slots, choice.closed_on) == (25, (), ())


def test_a_single_day_is_closed_with_a_reason_and_opened_again(work: Work):
    week = a_week(work)
    asked = CloseDay(post_id=week.first_post, day=DAYS[2], reason="longsor di jalan masuk")
    with work.by(OFFICER) as tx:
        close_day(tx, asked)
    with work.read_by(OFFICER) as tx:
        assert {one.code: one.closed_on for one in post_choices(tx, DAYS)} == {"T1": (DAYS[2],), "T2": ()}
        (told,) = post_by_id(tx, week.first_post).closed_days
    assert (told.day, told.reason, told.closed_by_name) == (DAYS[2], asked.reason, OFFICER.name)
    for order, code in (
        (asked, "post.day_closed"),
        (CloseDay(post_id=week.first_post, day=DAYS[3], reason=" "), "post.reason_missing"),
        (CloseDay(post_id=week.first_post, day=MONDAY - timedelta(days=30), reason="sudah lama"), "post.day_over"),
    ):
        with pytest.raises((Conflict, Invalid)) as refused, work.by(OFFICER) as tx:
            close_day(tx, order)
        assert refused.value.code == code
    with work.by(OFFICER) as tx:
        open_day(tx, week.first_post, DAYS[2])
    with work.read_by(OFFICER) as tx:
        assert not any(one.closed_on for one in post_choices(tx, DAYS))
    with pytest.raises(Conflict) as refused, work.by(OFFICER) as tx:
        open_day(tx, week.first_post, DAYS[2])
    assert refused.value.code == "post.day_open"


def test_a_post_is_open_on_some_day_and_only_the_officer_says_when(work: Work):
    week = a_week(work)
    order = ChangePost(post_id=week.first_post, capacity_per_day=5, opening="", closed_weekdays=tuple(range(1, 8)))
    with pytest.raises(Invalid) as refused, work.by(OFFICER) as tx:
        change_post(tx, order)
    assert refused.value.code == "post.never_open"
    with pytest.raises(Forbidden), work.by(an_actor(Role.FIELD)) as tx:
        close_day(tx, CloseDay(post_id=week.first_post, day=MONDAY, reason="tidak ada orang"))
