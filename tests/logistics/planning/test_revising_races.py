"""Who is faster, and what a long week of everything at once leaves behind."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict, Refused
from core.work import Work
from logistics.dispatch.commands import close_post
from logistics.packages.queries import package
from logistics.packages.rules import People
from logistics.packages.states import PackageState
from logistics.planning.commands import cancel_package
from logistics.planning.revising import approve_revision, make_revision
from logistics.planning.revision_ground import ReviseRound
from tests.flows import line
from tests.logistics.planning.revised import World
from tests.logistics.week import MONDAY, OFFICER, PLENTY, SECOND, a_week, fill, household, settle
from tests.support.builders import SYSTEM
from tests.support.racing import at_once, before_the_first_commits, codes


def a_world(work: Work, count: int = 8) -> World:
    world = World(work=work, week=a_week(work, capacity=2), households=[household(no) for no in range(1, count + 1)])
    world.plan()
    return world


def test_what_leaves_while_its_revision_is_approved_is_either_changed_or_left_never_both(work: Work):
    world = a_world(work)
    world.closed = {world.week.first_post}
    world.revise()

    def load() -> object:
        return world.send(world.week.first_post, MONDAY)

    told = codes(at_once([load, world.agree]))
    assert told in (["", ""], ["", "dispatch.nothing_reserved"], ["", "revision.outdated"])
    world.closed = set()
    world.check()
    here = [row for row in world.rows() if row.post_id == world.week.first_post]
    assert {row.state for row in here} <= {PackageState.LOADED, PackageState.RESERVED}


def test_of_two_who_approve_one_revision_one_does(work: Work):
    world = a_world(work)
    world.households.append(household(9))
    world.revise()
    assert codes(at_once([world.agree, world.agree])) == ["", "revision.nothing_to_approve"]
    world.check()
    assert len(world.of(world.households[-1])) == 1


@pytest.mark.engines("postgresql")
def test_a_revision_brings_nobody_to_a_post_that_closes_in_the_same_moment(work: Work):
    world = a_world(work)
    second = world.week.second_post
    assert second not in {row.post_id for row in world.rows()}
    world.closed = {world.week.first_post}
    world.revise()
    posts = world.posts()
    told = before_the_first_commits(
        work, SYSTEM, lambda tx: close_post(tx, second, "terendam air"),
        lambda tx: approve_revision(tx, world.id, posts),
    )  # fmt: skip
    assert codes([told]) == ["revision.outdated"]
    world.check()


def test_two_who_work_it_out_at_once_leave_one_draft(work: Work):
    world = a_world(work)
    world.households.append(household(9))
    settle(work, world.households)
    asked = ReviseRound(round_id=world.id, households=tuple(world.households), posts=world.posts())

    def revise() -> object:
        return work.run(OFFICER, lambda tx: make_revision(tx, asked))

    assert codes(at_once([revise, revise, revise])) == ["", "", ""]
    assert len(world.of(world.households[-1])) == 1
    world.agree()


def test_a_handover_and_a_revision_do_not_disturb_each_other(work: Work):
    world = a_world(work)
    assert world.send(world.week.first_post, MONDAY)
    (first, *_) = (row for row in world.rows() if row.state is PackageState.LOADED)
    world.closed = {world.week.first_post}
    world.revise()
    with work.read_by(OFFICER) as tx:
        found = package(tx, first.id)
    posts = world.posts()

    def agree() -> object:
        return work.run(SECOND, lambda tx: approve_revision(tx, world.id, posts))

    assert codes(at_once([lambda: line.hand_over(work, found), agree])) == ["", ""]
    world.check()
    assert next(row for row in world.rows() if row.id == first.id).state is PackageState.HANDED_OVER


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_in_a_week_the_books_agree(work: Work, fixed_clock, engine_kind, seed: int):
    """Confirm, reject, close, receive, load, hand over, call off, change people, let days pass: in any order."""
    if engine_kind == "postgresql" and seed:
        return
    rng = random.Random(seed)
    lean = {code: amount if code not in ("beras", "sarden", "kasur") else rng.randint(1, 20)
            for code, amount in PLENTY.items()}  # fmt: skip
    world = World(
        work=work, week=a_week(work, capacity=3, stock=lean), households=[household(no) for no in range(1, 9)]
    )
    world.plan()
    for step in range(8):
        with suppress(Conflict):
            _act(world, rng, 10 + step, fixed_clock)
        world.check()
        if rng.random() < 0.6:
            try:
                world.revise()
            except Refused as told:
                assert told.code in ("revision.nothing_changes", "plan.week_over"), told.code
                continue
            if rng.random() < 0.3:
                with suppress(Conflict):
                    _act(world, rng, 40 + step, fixed_clock)
            try:
                world.agree()
            except Refused as told:
                assert told.code in ("revision.outdated", "plan.days_passed"), told.code
                world.discard()
            world.check()


def _act(world: World, rng: random.Random, no: int, clock) -> None:
    work, week = world.work, world.week
    rows = world.rows()
    loaded = [row for row in rows if row.state is PackageState.LOADED]
    reserved = [row for row in rows if row.state is PackageState.RESERVED]
    served = [row for row in rows if row.state is PackageState.HANDED_OVER]
    what = rng.choice(["confirm", "reject", "close", "open", "receive", "load", "load", "serve", "serve", "void",
                       "cancel", "people", "day"])  # fmt: skip
    if what == "confirm":
        world.households.append(household(no, People(persons=3, adults=2, children=1, infants=rng.randint(0, 1))))
    elif what == "reject" and len(world.households) > 3:
        world.households.pop(rng.randrange(len(world.households)))
    elif what == "close":
        world.closed = {week.second_post}
    elif what == "open":
        world.closed = set()
    elif what == "receive":
        fill(work, week, rng.choice([week.near, week.far]), {"beras": rng.randint(1, 30), "sarden": rng.randint(1, 9),
                                                             "kasur": rng.randint(1, 4)},
             expires_on=rng.choice([None, MONDAY + timedelta(days=rng.randint(1, 5))]))  # fmt: skip
    elif what == "load" and reserved:
        one = rng.choice(reserved)
        assert one.post_id is not None and one.serve_on is not None
        world.send(one.post_id, one.serve_on)
    elif what == "serve":
        for row in loaded[: rng.randint(1, 3)]:
            world.hand_over(row.id)
    elif what == "void" and served:
        world.void(rng.choice(served).id)
    elif what == "cancel" and reserved:
        work.run(OFFICER, lambda tx: cancel_package(tx, rng.choice(reserved).id, "Sudah ditangani keluarga"))
    elif what == "people":
        at = rng.randrange(len(world.households))
        world.households[at] = replace(
            world.households[at], composition=People(persons=rng.randint(1, 6), adults=1, women=1)
        )
    elif what == "day":
        clock.advance(timedelta(days=1))
