from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from core.actor import Role
from core.documents.queries import document, said, said_of_person
from core.errors import Conflict, Invalid, NotFound
from core.i18n import say
from core.work import Work
from logistics.dispatch.commands import (
    ChangePost,
    OpenPost,
    SendToPost,
    Sent,
    change_post,
    close_post,
    open_post,
    reopen_post,
    send_to_post,
)
from logistics.dispatch.queries import (
    LoadPaper,
    LoadPersons,
    board,
    load,
    loads,
    post_choices,
    posts,
    to_send,
)
from logistics.packages.commands import mark_handed_over, mark_taken_back
from logistics.packages.queries import counts_of, packages
from logistics.packages.states import PackageState
from logistics.planning.commands import approve_round, cancel_round, plan_round
from stock.ledger.queries import item_balances
from stock.reservations.proof import prove
from tests.logistics.week import MONDAY, OFFICER, PLENTY, SECOND, Week, a_week, fill, household, order
from tests.support.builders import SYSTEM, an_actor


def an_approved_round(work: Work, week: Week, count: int = 3) -> UUID:
    asked = order(work, week, [household(no) for no in range(1, count + 1)])
    with work.by(OFFICER) as tx:
        round_id = plan_round(tx, asked).round_id
    with work.by(SECOND) as tx:
        approve_round(tx, round_id)
    return round_id


def a_load(week: Week, round_id: UUID, warehouse: UUID | None = None, serve_on: date = MONDAY) -> SendToPost:
    return SendToPost(
        round_id=round_id, post_id=week.first_post, serve_on=serve_on, warehouse_id=warehouse or week.near,
        vehicle="Truk", plate="DE 1234 XX", driver="Sopir Uji",
    )  # fmt: skip


def send(work: Work, asked: SendToPost) -> Sent:
    with work.by(OFFICER) as tx:
        return send_to_post(tx, asked)


def test_one_act_ends_the_promise_moves_the_goods_loads_the_packages_and_issues_the_paper(work: Work):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    with work.read_by(OFFICER) as tx:
        (picking,) = to_send(tx, round_id)
    assert (picking.post.id, picking.serve_on, picking.warehouse.id) == (week.first_post, MONDAY, week.near)
    assert picking.ends_on == MONDAY + timedelta(days=7)

    sent = send(work, a_load(week, round_id))
    assert sent.packages == 3
    with work.read_by(OFFICER) as tx:
        assert to_send(tx, round_id) == ()
        there = {one.item.code: one.on_hand_milli for one in item_balances(tx, place_ids=[week.first_post])}
        assert there["kasur"] == 3000
        assert there["beras"] == 3 * 6000
        assert {row.state for row in packages(tx, round_id).rows} == {PackageState.LOADED}
        (shown,) = loads(tx, round_id)
        assert load(tx, sent.load_id) == shown
        assert shown.lines == picking.lines
        (row,) = board(tx, round_id).rows
        cell = row.cells[0]
        assert cell is not None
        assert (cell.loaded, cell.reserved, cell.households) == (3, 0, 3)
        assert prove(tx).problems == ()

        issued = document(tx, sent.document_id)
        paper = said(tx, sent.document_id, LoadPaper)
        persons = said_of_person(tx, sent.document_id, LoadPersons)
    assert (issued.kind, issued.number, issued.subject_id) == ("SJ", sent.number, sent.load_id)
    assert issued.public_ref is not None
    assert paper.purpose == "Putaran 1, pembagian Senin, 16 November 2026"
    assert (paper.from_place, paper.to_place, paper.plate) == ("Gudang Induk", "Balai Desa Timur", "DE 1234 XX")
    assert {(line.item_code, line.quantity_milli) for line in paper.lines} >= {("kasur", 3000), ("beras", 18_000)}
    assert persons is not None and persons.driver == "Sopir Uji"


def test_the_same_load_cannot_leave_twice(work: Work):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    send(work, a_load(week, round_id))
    with pytest.raises(Conflict) as again:
        send(work, a_load(week, round_id))
    assert again.value.code == "dispatch.already_sent"
    assert "tidak ada yang dikirim dua kali" in say(again.value.code, "id", again.value.facts)
    with work.read_by(OFFICER) as tx:
        assert len(loads(tx, round_id)) == 1


def test_of_many_who_press_the_button_at_once_one_sends(work: Work):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    outcomes: list[str] = []

    def go() -> None:
        try:
            work.run(OFFICER, lambda tx: send_to_post(tx, a_load(week, round_id)))
            outcomes.append("sent")
        except Conflict as late:
            outcomes.append(late.code)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [*["dispatch.already_sent"] * 3, "sent"]
    with work.read_by(OFFICER) as tx:
        assert prove(tx).problems == ()


def test_a_round_of_which_something_has_left_cannot_be_cancelled(work: Work):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    send(work, a_load(week, round_id))
    with pytest.raises(Conflict) as refused, work.by(OFFICER) as tx:
        cancel_round(tx, round_id, "salah minggu")
    assert refused.value.code == "round.has_left"


def test_packages_are_loaded_only_when_no_warehouse_owes_anything_for_them(work: Work):
    week = a_week(work, stock={**PLENTY, "beras": 10})
    fill(work, week, week.far, {"beras": 50})
    round_id = an_approved_round(work, week)
    with work.read_by(OFFICER) as tx:
        assert [one.warehouse.code for one in to_send(tx, round_id)] == ["G1", "G2"]
    first = send(work, a_load(week, round_id))
    assert first.packages == 0
    with work.read_by(OFFICER) as tx:
        assert counts_of(tx, round_id).reserved == 3
    second = send(work, a_load(week, round_id, week.far))
    assert second.packages == 3
    with work.read_by(OFFICER) as tx:
        (line,) = load(tx, second.load_id).lines
    assert (line.item.code, line.quantity_milli) == ("beras", 8000)


def test_a_supplementary_plan_of_the_same_day_is_a_second_load(work: Work):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    send(work, a_load(week, round_id))
    assert an_approved_round(work, week, 5) == round_id
    assert send(work, a_load(week, round_id)).packages == 2
    with work.read_by(OFFICER) as tx:
        assert sorted(one.no for one in loads(tx, round_id)) == [1, 2]
        assert counts_of(tx, round_id).loaded == 5


@pytest.mark.parametrize(
    ("change", "refusal", "code"),
    [
        ({"vehicle": " "}, Invalid, "dispatch.vehicle_missing"),
        ({"serve_on": MONDAY + timedelta(days=1)}, Conflict, "dispatch.nothing_reserved"),
        ({"post_id": UUID(int=7)}, NotFound, "post.not_found"),
        ({"round_id": UUID(int=7)}, NotFound, "round.not_found"),
        ({"warehouse_id": UUID(int=7)}, NotFound, "place.not_found"),
    ],
)
def test_an_impossible_load_is_refused_and_nothing_moves(
    work: Work, change: dict[str, object], refusal: type[Conflict], code: str
):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    with pytest.raises(refusal) as refused:
        send(work, replace(a_load(week, round_id), **change))  # type: ignore[arg-type]
    assert refused.value.code == code
    with work.read_by(OFFICER) as tx:
        assert loads(tx, round_id) == ()
        assert item_balances(tx, place_ids=[week.first_post]) == ()


def test_nothing_leaves_before_the_plan_is_approved(work: Work):
    week = a_week(work)
    asked = order(work, week, [household(1)])
    with work.by(OFFICER) as tx:
        round_id = plan_round(tx, asked).round_id
    with pytest.raises(Conflict) as refused:
        send(work, a_load(week, round_id))
    assert refused.value.code == "dispatch.round_not_approved"


def test_a_warehouse_keeper_sends_only_from_the_own_warehouse(work: Work):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    with pytest.raises(NotFound), work.by(an_actor(Role.WAREHOUSE, place_id=week.far)) as tx:
        send_to_post(tx, a_load(week, round_id))
    with work.by(an_actor(Role.WAREHOUSE, place_id=week.near)) as tx:
        assert send_to_post(tx, a_load(week, round_id)).packages == 3


def test_a_handed_over_package_counts_as_served_and_comes_back_when_voided(work: Work):
    week = a_week(work)
    round_id = an_approved_round(work, week)
    send(work, a_load(week, round_id))
    with work.by(SYSTEM) as tx:
        row = packages(tx, round_id).rows[0]
        mark_handed_over(tx, row.id)
        assert counts_of(tx, round_id).served == 1
        with pytest.raises(Conflict) as twice:
            mark_handed_over(tx, row.id)
        assert twice.value.code == "package.cannot_hand_over"
        mark_taken_back(tx, row.id)
        assert counts_of(tx, round_id).loaded == 3


def test_posts_open_change_close_and_reopen(work: Work):
    week = a_week(work)
    with work.by(OFFICER) as tx:
        third = open_post(tx, OpenPost(code="t3", name="Gereja", capacity_per_day=50, opening="08.00-15.00"))
        change_post(tx, ChangePost(post_id=third, capacity_per_day=80, opening="08.00-17.00"))
    with work.read_by(OFFICER) as tx:
        assert [(one.code, one.capacity_per_day) for one in posts(tx)] == [("T1", 10), ("T2", 10), ("T3", 80)]
    with work.by(OFFICER) as tx:
        close_post(tx, third, "atap bocor")
    with work.read_by(OFFICER) as tx:
        assert [one.code for one in post_choices(tx)] == ["T1", "T2"]
    with work.by(OFFICER) as tx:
        reopen_post(tx, third)
    an_approved_round(work, week)
    for post_id, reason, code in (
        (week.first_post, "pindah lokasi", "post.has_packages"),
        (third, "", "post.reason_missing"),
    ):
        with pytest.raises((Conflict, Invalid)) as refused, work.by(OFFICER) as tx:
            close_post(tx, post_id, reason)
        assert refused.value.code == code
    with pytest.raises(Invalid), work.by(OFFICER) as tx:
        open_post(tx, OpenPost(code="T4", name="Lapangan", capacity_per_day=0))
