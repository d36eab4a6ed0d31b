"""Determined = handed over + returned + open, village by village; a term closes at zero or with minutes, once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import Conflict, Forbidden, Invalid, Refused
from core.work import Work
from logistics.handover.commands import VoidHandover, void_handover
from logistics.handover.queries import handovers
from logistics.handover.states import VoidReason
from logistics.packages.queries import package, round_by_id, round_of_term
from logistics.packages.states import PackageState, RoundState
from logistics.planning.commands import cancel_package
from logistics.programmes.queries import term_by_id
from logistics.programmes.reconciling import CloseTerm, Reconciliation, close_term, reconciliation
from logistics.programmes.states import Form, TermState, Unit
from stock.reservations.proof import prove as prove_stock
from stock.reservations.queries import reservations
from tests.flows import line, term_line
from tests.support.builders import Role, an_actor
from tests.support.databases import Run

MINUTES = {"minutes_no": "BA-7/2026", "minutes": "Dua keluarga pindah, barang kembali ke gudang."}


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district, on each engine in turn."""
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


def figures(work: Work, term_id: object) -> Reconciliation:
    with work.read_by(line.OFFICER) as tx:
        found = reconciliation(tx, term_id)  # type: ignore[arg-type]
    for one in found.villages:
        assert one.determined == one.handed_over + one.returned + one.open
    assert found.determined == found.handed_over + found.returned + found.open
    return found


def close(work: Work, term_id: object, actor: object = line.OFFICER, **more: str) -> None:
    work.run(actor, lambda tx: close_term(tx, CloseTerm(term_id=term_id, **more)))  # type: ignore[arg-type]


def in_part(work: Work, found: object) -> None:
    given = {one.item_code: 0 if at else one.quantity_milli for at, one in enumerate(found.lines)}  # type: ignore[attr-defined]
    asked = line.an_event(work, found, given=given, partial_reason="Belum turun dari truk")  # type: ignore[arg-type]
    line.record(work, asked, line.field_officer(found.row.post_id))  # type: ignore[attr-defined]


def test_every_determined_beneficiary_stands_somewhere(work: Work):
    term = term_line.sent_term(work)
    found = figures(work, term.term_id)
    assert [(one.village_name, one.determined, one.open) for one in found.villages] == [
        ("Desa Contoh A, Kec. Kecamatan 01", 6, 6), ("Desa Contoh B, Kec. Kecamatan 01", 6, 6),
    ]  # fmt: skip
    line.hand_over(work, term.packages[0])
    work.run(line.OFFICER, lambda tx: cancel_package(tx, term.packages[1].row.id, "Pindah kabupaten"))
    found = figures(work, term.term_id)
    assert (found.determined, found.handed_over, found.returned, found.open) == (12, 1, 1, 10)
    by_item = {one.name_id: one for one in found.goods}
    rice = next(one for name, one in by_item.items() if name.startswith("Beras"))
    assert (rice.due_milli, rice.sent_milli, rice.handed_over_milli, rice.left_milli, rice.rest_milli) == (
        60_000, 60_000, 5_000, 55_000, 0,
    )  # fmt: skip


def test_who_was_taken_out_is_not_planned_again(work: Work):
    term = term_line.sent_term(work)
    work.run(line.OFFICER, lambda tx: cancel_package(tx, term.packages[0].row.id, "Pindah kabupaten"))
    with pytest.raises(Conflict) as refused:
        term_line.plan(work, term.term_id)
    assert refused.value.code == "plan.nobody"
    assert figures(work, term.term_id).returned == 1


def test_a_partial_handover_counts_as_handed_over_and_its_rest_is_named(work: Work):
    term = term_line.sent_term(work)
    first = term.packages[0]
    in_part(work, first)
    found = figures(work, term.term_id)
    assert (found.handed_over, found.open, found.open_rests) == (1, 11, 1)
    given = {one.item_id: (one.handed_over_milli, one.rest_milli) for one in found.goods}
    kept, left = first.lines[0], first.lines[1]
    assert given == {kept.item_id: (kept.quantity_milli, 0), left.item_id: (0, left.quantity_milli)}


def test_a_void_handover_is_open_again_and_what_it_gave_does_not_count(work: Work):
    term = term_line.sent_term(work)
    first = term.packages[0]
    in_part(work, first)
    with work.read_by(line.OFFICER) as tx:
        (done,) = handovers(tx, round_id=term.round_id)
    order = VoidHandover(handover_id=done.id, reason=VoidReason.WRONG_QUANTITY)
    work.run(line.OFFICER, lambda tx: void_handover(tx, order))
    found = figures(work, term.term_id)
    assert (found.handed_over, found.open, found.open_rests) == (0, 12, 0)
    assert not any(one.handed_over_milli or one.rest_milli for one in found.goods)
    line.hand_over(work, first)
    found = figures(work, term.term_id)
    assert {one.handed_over_milli for one in found.goods} == {one.quantity_milli for one in first.lines}


def test_it_closes_at_zero_and_only_once(work: Work):
    term = term_line.sent_term(work)
    for one in term.packages:
        line.hand_over(work, one)
    assert figures(work, term.term_id).is_zero
    close(work, term.term_id, line.HEAD)
    with work.read_by(line.OFFICER) as tx:
        assert term_by_id(tx, term.term_id).state is TermState.CLOSED
        assert round_by_id(tx, term.round_id).state is RoundState.CLOSED
    with pytest.raises(Conflict) as refused:
        close(work, term.term_id)
    assert refused.value.code == "term.cannot_close"


def test_what_is_open_holds_it_open_and_the_refusal_names_the_villages(work: Work):
    term = term_line.sent_term(work)
    for one in term.packages[:-1]:
        line.hand_over(work, one)
    in_part(work, term.packages[-1])
    with pytest.raises(Conflict) as refused:
        close(work, term.term_id)
    assert refused.value.code == "term.still_open"
    assert refused.value.facts["open"] == 1
    assert "Contoh" in str(refused.value.facts["villages"])


def test_with_minutes_the_open_ones_are_returned_and_nothing_stays_reserved(work: Work):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    term_line.determine(work, term_id)
    round_id = term_line.plan(work, term_id)
    with work.read_by(line.OFFICER) as tx:
        assert reservations(tx, purpose="round", purpose_id=round_id)
    close(work, term_id, **MINUTES)
    found = figures(work, term_id)
    assert (found.returned, found.open) == (12, 0)
    with work.read_by(line.OFFICER) as tx:
        assert not reservations(tx, purpose="round", purpose_id=round_id)
        assert prove_stock(tx).problems == ()
        closed = term_by_id(tx, term_id)
    assert (closed.state, closed.minutes_no) == (TermState.CLOSED, "BA-7/2026")


def test_a_term_that_was_never_planned_closes_with_minutes_only(work: Work):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    with pytest.raises(Conflict):
        close(work, term_id, **MINUTES)
    term_line.determine(work, term_id)
    with pytest.raises(Conflict):
        close(work, term_id)
    close(work, term_id, **MINUTES)
    assert figures(work, term_id).returned == 12
    with work.read_by(line.OFFICER) as tx:
        assert round_of_term(tx, term_id) is None


def test_money_is_neither_sent_nor_left(work: Work):
    term = term_line.sent_term(work, name="Sembako Uji", form=Form.CASH, unit=Unit.PERSON)
    assert len(term.packages) == 12
    line.hand_over(work, term.packages[0])
    (money,) = figures(work, term.term_id).goods
    assert money.is_money
    assert (money.due_milli, money.sent_milli, money.handed_over_milli, money.left_milli) == (
        12 * 300_000_000, 0, 300_000_000, 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"minutes_no": "7", "minutes": "Dua keluarga pindah."}, "minutes_no"),
        ({"minutes_no": "", "minutes": "Dua keluarga pindah."}, "minutes_no"),
        ({"minutes_no": "BA-7/2026", "minutes": "12 3 4 5 6 7 8 9"}, "minutes"),
    ],
)
def test_minutes_have_a_number_and_a_text(work: Work, more: dict[str, str], field: str):
    term_id = term_line.open_term(work)
    with pytest.raises(Invalid) as refused:
        close(work, term_id, **more)
    assert refused.value.field == field


def test_only_officer_and_head_close(work: Work):
    term_id = term_line.open_term(work)
    for role in (Role.FIELD, Role.VILLAGE, Role.AUDITOR):
        with pytest.raises(Forbidden):
            close(work, term_id, an_actor(role, village=line.A))


def test_of_two_who_close_at_once_one_wins(work: Work):
    term = term_line.sent_term(work)

    def attempt(actor: object) -> str:
        try:
            close(work, term.term_id, actor, **MINUTES)
        except Refused as refused:
            return refused.code
        return "closed"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(attempt, (line.OFFICER, line.HEAD)))
    assert answers == ["closed", "term.cannot_close"]


def test_handovers_and_the_closing_at_once_leave_nothing_open(work: Work):
    term = term_line.sent_term(work)

    def serve(found: object) -> str:
        try:
            in_part(work, found)
        except Refused as refused:
            return refused.code
        return "served"

    def end(_: object) -> str:
        close(work, term.term_id, **MINUTES)
        return "closed"

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(serve, one) for one in term.packages[:4]]
        jobs.append(pool.submit(end, None))
        jobs += [pool.submit(serve, one) for one in term.packages[4:]]
        answers = [one.result() for one in jobs]
    assert answers.count("closed") == 1
    found = figures(work, term.term_id)
    assert (found.open, found.open_rests) == (0, 0)
    assert found.handed_over == answers.count("served")
    with work.read_by(line.OFFICER) as tx:
        assert all(
            package(tx, one.row.id).row.state in (PackageState.HANDED_OVER, PackageState.CANCELLED)
            for one in term.packages
        )
        assert prove_stock(tx).problems == ()
