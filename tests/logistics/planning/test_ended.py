"""What the clock or an officer ends is promised to nobody any more: packages, reservations and stock agree."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from core.actor import system
from core.audit import latest
from core.clock import FixedClock
from core.errors import Conflict, Forbidden
from core.jobs import run_slot, slot_of
from core.work import Work
from logistics.dispatch.commands import SendToPost, send_to_post
from logistics.packages.queries import PackageRow, counts_of, packages
from logistics.packages.states import PackageState
from logistics.planning.commands import approve_round, cancel_package, plan_round, release_ended
from logistics.planning.jobs import JOBS
from stock.ledger.queries import item_balances
from stock.reservations.jobs import JOBS as STOCK_JOBS
from stock.reservations.proof import prove
from stock.reservations.queries import reservations
from stock.reservations.states import ReservationState
from tests.logistics.week import HEAD, MONDAY, OFFICER, SECOND, Week, a_week, fill, household, order
from tests.support.builders import REGENCY, SYSTEM

CLOCK = system(REGENCY, "Asia/Jakarta", name="job:planning.release_ended")


def an_approved_round(work: Work, week: Week, count: int = 3) -> UUID:
    with work.by(OFFICER) as tx:
        round_id = plan_round(tx, order_of(work, week, count)).round_id
    with work.by(SECOND) as tx:
        approve_round(tx, round_id)
    return round_id


def order_of(work: Work, week: Week, count: int):
    return order(work, week, [household(no) for no in range(1, count + 1)])


def rows(work: Work, round_id: UUID) -> tuple[PackageRow, ...]:
    with work.read_by(OFFICER) as tx:
        return packages(tx, round_id).rows


def reserved(work: Work, week: Week) -> dict[str, int]:
    with work.read_by(OFFICER) as tx:
        return {one.item.code: one.reserved_milli for one in item_balances(tx, place_ids=[week.near, week.far])}


def to_day(clock: FixedClock, days: int) -> None:
    clock.advance(timedelta(days=days))


def test_packages_are_released_on_the_day_after_their_reservations_last_one(work: Work, fixed_clock: FixedClock):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    to_day(fixed_clock, 7)
    with work.by(SYSTEM) as tx:
        assert tx.today == MONDAY + timedelta(days=7), "the round's last day + 1: still kept"
        assert release_ended(tx) == 0
    assert {one.state for one in rows(work, round_id)} == {PackageState.RESERVED}
    to_day(fixed_clock, 1)
    with work.by(SYSTEM) as tx:
        assert release_ended(tx) == 3
    assert {one.state for one in rows(work, round_id)} == {PackageState.PLANNED}
    assert set(reserved(work, week).values()) == {0}
    with work.read_by(OFFICER) as tx:
        assert {one.state for one in reservations(tx, purpose_id=round_id, states=tuple(ReservationState))} == {
            ReservationState.EXPIRED
        }
        assert prove(tx).is_sound
        told = [one for one in latest(tx.session, REGENCY) if one.action == "round.reservation_ended"]
    assert [(one.subject_id, one.facts["packages"]) for one in told] == [(str(round_id), 3)]


@pytest.mark.parametrize("jobs", [JOBS + STOCK_JOBS, STOCK_JOBS + JOBS], ids=["packages first", "stock first"])
def test_the_two_clocks_agree_in_any_order_and_each_slot_runs_once(work: Work, fixed_clock: FixedClock, jobs):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    to_day(fixed_clock, 8)
    for _ in range(2):
        for job in jobs:
            run_slot(work, CLOCK, job, slot_of(job.trigger, work.clock.now().astimezone(CLOCK.zone)))
    assert {one.state for one in rows(work, round_id)} == {PackageState.PLANNED}
    assert set(reserved(work, week).values()) == {0}
    with work.read_by(OFFICER) as tx:
        told = [one for one in latest(tx.session, REGENCY) if one.action == "round.reservation_ended"]
    assert len(told) == 1


def test_what_has_left_for_its_post_is_not_released(work: Work, fixed_clock: FixedClock):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    with work.by(OFFICER) as tx:
        send_to_post(
            tx,
            SendToPost(
                round_id=round_id, post_id=week.first_post, serve_on=MONDAY, warehouse_id=week.near, vehicle="Truk"
            ),
        )
    to_day(fixed_clock, 9)
    with work.by(SYSTEM) as tx:
        assert release_ended(tx) == 0
    assert {one.state for one in rows(work, round_id)} == {PackageState.LOADED}


def test_a_cancelled_package_gives_its_own_share_back_and_no_more(work: Work):
    week = a_week(work)
    round_id = an_approved_round(work, week, 3)
    before = reserved(work, week)
    first, *others = rows(work, round_id)
    with work.by(OFFICER) as tx:
        cancel_package(tx, first.id, "Sudah ditangani keluarga")
    after = reserved(work, week)
    assert after["kasur"] == before["kasur"] - 1000
    assert after["beras"] == before["beras"] * 2 // 3
    with work.read_by(OFFICER) as tx:
        assert prove(tx).is_sound
        counts = counts_of(tx, round_id)
    assert (counts.reserved, counts.households) == (2, 2)
    with work.by(OFFICER) as tx:
        sent = send_to_post(
            tx,
            SendToPost(
                round_id=round_id, post_id=week.first_post, serve_on=MONDAY, warehouse_id=week.near, vehicle="Truk"
            ),
        )
    assert sent.packages == 2
    with work.read_by(OFFICER) as tx:
        there = {one.item.code: one.on_hand_milli for one in item_balances(tx, place_ids=[week.first_post])}
    assert there["kasur"] == 2000, "nothing travels for the household that is not served"
    with work.by(OFFICER) as tx:
        cancel_package(tx, others[0].id, "Sudah ditangani keluarga")
    with work.read_by(OFFICER) as tx:
        again = {one.item.code: one.on_hand_milli for one in item_balances(tx, place_ids=[week.first_post])}
        assert prove(tx).is_sound
    assert again == there, "what is at the post stays there"


def test_who_is_left_is_at_the_post_when_only_the_cancelled_share_was_still_to_follow(work: Work):
    week = a_week(work, stock={})
    fill(work, week, week.near, {code: 6 if code == "beras" else 100 for code in week.items})
    fill(work, week, week.far, {"beras": 6})
    round_id = an_approved_round(work, week, 2)
    part = SendToPost(
        round_id=round_id, post_id=week.first_post, serve_on=MONDAY, warehouse_id=week.near, vehicle="Truk"
    )
    with work.by(OFFICER) as tx:
        send_to_post(tx, part)
    first, second = rows(work, round_id)
    assert {first.state, second.state} == {PackageState.RESERVED}, "half of the rice is still to follow"
    with work.by(OFFICER) as tx:
        cancel_package(tx, first.id, "Sudah ditangani keluarga")
    after = {one.id: one.state for one in rows(work, round_id)}
    assert after[second.id] is PackageState.LOADED
    assert not any(reserved(work, week).values())
    with work.read_by(OFFICER) as tx:
        there = {one.item.code: one.on_hand_milli for one in item_balances(tx, place_ids=[week.first_post])}
        assert prove(tx).is_sound
    assert there["beras"] == 6000


def test_when_all_are_cancelled_nothing_is_promised_any_more(work: Work):
    week = a_week(work, stock={})
    for place_id, amount in ((week.near, 1), (week.far, 2)):  # a group whose promises lie in two warehouses
        fill(work, week, place_id, {"kasur": amount})
    fill(work, week, week.far, {code: 400 for code in week.items if code != "kasur"})
    round_id = an_approved_round(work, week, 3)
    for one in rows(work, round_id):
        with work.by(OFFICER) as tx:
            cancel_package(tx, one.id, "Bencana tidak jadi meluas")
    assert not any(reserved(work, week).values())
    with work.read_by(OFFICER) as tx:
        assert prove(tx).is_sound
        assert reservations(tx, purpose_id=round_id) == ()


def test_only_the_logistics_officer_cancels_and_only_once(work: Work):
    week = a_week(work)
    round_id = an_approved_round(work, week, 1)
    (only,) = rows(work, round_id)
    with pytest.raises(Forbidden), work.by(HEAD) as tx:
        cancel_package(tx, only.id, "Tidak berwenang")
    with work.by(OFFICER) as tx:
        cancel_package(tx, only.id, "Alamat keliru")
    with pytest.raises(Conflict) as told, work.by(OFFICER) as tx:
        cancel_package(tx, only.id, "Alamat keliru")
    assert told.value.code == "package.cannot_cancel"
