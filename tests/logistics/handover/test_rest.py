"""The rest of a partial handover is a package of its own: due once, to the same household, at the same post."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.actor import Actor
from core.audit import trail
from core.documents.queries import said
from core.errors import Conflict, Forbidden, Invalid, Refused
from core.ids import is_code
from core.measures import Milli
from core.work import Work
from logistics.handover import commands, queries
from logistics.handover.papers import ReceiptFacts
from logistics.handover.proof import prove
from logistics.handover.states import Outcome, VoidReason
from logistics.packages.commands import add_supplement
from logistics.packages.queries import PackageView, counts_of, package, packages_of, rest_of, strip_of
from logistics.packages.states import PackageState
from logistics.packages.sums import sums_by_item
from logistics.planning.commands import cancel_package
from reports.issued import receipt_of
from stock.ledger.queries import item_balances
from stock.reservations.proof import prove as prove_stock
from tests.flows import line


def officer_of(found: PackageView) -> Actor:
    assert found.row.post_id is not None
    return line.field_officer(found.row.post_id)


def in_part(work: Work, found: PackageView, without: int = 1) -> commands.RecordedHandover:
    """Hand over everything but the last items."""
    short = {one.item_code for one in found.lines[-without:]}
    given = {one.item_code: 0 if one.item_code in short else one.quantity_milli for one in found.lines}
    asked = line.an_event(work, found, given=given, partial_reason="Belum turun dari truk")
    return line.record(work, asked, officer_of(found))


def rest(work: Work, found: PackageView) -> PackageView:
    with work.read_by(line.OFFICER) as tx:
        row = rest_of(tx, found.row.id)
        assert row is not None
        return package(tx, row.id)


def void(work: Work, done: commands.RecordedHandover) -> None:
    order = commands.VoidHandover(handover_id=done.handover_id, reason=VoidReason.WRONG_QUANTITY)
    work.run(line.OFFICER, lambda tx: commands.void_handover(tx, order))


def assert_sound(work: Work) -> None:
    with work.read_by(line.OFFICER) as tx:
        assert prove(tx) == []
        assert prove_stock(tx).problems == ()


def test_what_was_not_given_becomes_a_package_at_the_same_post(work: Work, week: line.SentWeek):
    found = week.packages[0]
    done = in_part(work, found, without=2)
    made = rest(work, found)
    assert done.rest_id == made.row.id
    assert made.supplements_id == found.row.id
    assert (made.row.no, made.row.state) == (2, PackageState.LOADED)
    same = ("round_id", "beneficiary_kind", "beneficiary_id", "standard_id", "village_code", "post_id", "serve_on")
    assert all(getattr(made.row, name) == getattr(found.row, name) for name in same)
    assert made.row.code != found.row.code
    assert is_code(made.row.code)
    assert made.public_ref is not None and made.public_ref != found.public_ref
    assert {(one.item_id, one.quantity_milli) for one in made.lines} == {
        (one.item_id, one.quantity_milli) for one in found.lines[-2:]
    }
    assert found.row.code in made.row.reason("id")
    assert_sound(work)


def test_households_and_goods_of_a_round_count_once(work: Work, week: line.SentWeek):
    def figures() -> tuple[object, ...]:
        with work.read_by(line.OFFICER) as tx:
            counts = counts_of(tx, week.round_id)
            cells = [(one.post_id, one.serve_on, one.households, one.persons) for one in strip_of(tx, week.round_id)]
            # That somebody was served is all that changes.
            goods = [replace(one, given_milli=Milli(0)) for one in sums_by_item(tx, week.round_id)]
            return counts.households, counts.persons, cells, goods

    before = figures()
    in_part(work, week.packages[0])
    assert figures() == before


def test_a_whole_handover_leaves_no_rest(work: Work, week: line.SentWeek):
    done = line.hand_over(work, week.packages[0])
    assert done.rest_id is None
    with work.read_by(line.OFFICER) as tx:
        assert rest_of(tx, week.packages[0].row.id) is None


def test_the_same_event_again_names_the_same_rest(work: Work, week: line.SentWeek):
    found = week.packages[0]
    given = {one.item_code: one.quantity_milli for one in found.lines[:-1]}
    asked = line.an_event(work, found, given=given, partial_reason="Belum turun dari truk")
    first = line.record(work, asked, officer_of(found))
    again = line.record(work, asked, officer_of(found))
    assert (again.outcome, again.rest_id) == (Outcome.DUPLICATE, first.rest_id)
    with work.read_by(line.OFFICER) as tx:
        assert len(packages_of(tx, [found.row.beneficiary_id], round_id=week.round_id)) == 2


def test_the_rest_is_handed_over_once_and_its_receipt_says_of_what_it_is_the_rest(work: Work, week: line.SentWeek):
    found = week.packages[0]
    in_part(work, found)
    made = rest(work, found)
    done = line.hand_over(work, made)
    with work.read_by(line.OFFICER) as tx:
        facts = said(tx, done.receipt_id, ReceiptFacts)
        assert (facts.package_code, facts.rest_of) == (made.row.code, found.row.code)
    assert found.row.code in receipt_of(facts, None, number=done.number).standard_name
    for again in (found, made):
        with pytest.raises(Refused) as told:
            line.record(work, line.an_event(work, again), officer_of(found))
        assert told.value.code == "handover.already_served"
    assert_sound(work)


def test_of_eight_who_hand_over_one_rest_at_once_one_does(work: Work, week: line.SentWeek):
    found = week.packages[0]
    in_part(work, found)
    made = rest(work, found)
    asked = [line.an_event(work, made) for _ in range(8)]

    def one(order: commands.RecordHandover) -> object:
        try:
            return line.record(work, order, officer_of(found)).outcome
        except Refused as told:
            return type(told)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, asked))
    assert sorted(map(str, outcomes)) == sorted([str(Outcome.ACCEPTED), *[str(Conflict)] * 7])
    assert line.valid_count(work, week.round_id) == 2
    assert_sound(work)


def test_a_rest_may_leave_a_rest_and_never_more_than_is_due_is_given(work: Work, week: line.SentWeek):
    found = week.packages[0]
    in_part(work, found, without=3)
    second = rest(work, found)
    in_part(work, second, without=1)
    third = rest(work, second)
    assert third.row.no == 3
    line.hand_over(work, third)
    given: dict[object, int] = {}
    with work.read_by(line.OFFICER) as tx:
        for one in queries.handovers_of(tx, found.row.beneficiary_id):
            for row in queries.handover_lines(tx, one.id):
                given[row.item_id] = given.get(row.item_id, 0) + row.quantity_milli
    assert given == {one.item_id: one.quantity_milli for one in found.lines}
    assert_sound(work)


def test_voiding_the_whole_takes_the_rest_back_with_it(work: Work, week: line.SentWeek):
    found = week.packages[0]
    done = in_part(work, found)
    made = rest(work, found)
    void(work, done)
    with work.read_by(line.OFFICER) as tx:
        assert package(tx, made.row.id).row.state is PackageState.CANCELLED
        assert package(tx, found.row.id).row.state is PackageState.LOADED
    with pytest.raises(Conflict) as told:
        line.hand_over(work, made)
    assert told.value.code == "handover.package_cancelled"
    again = in_part(work, found)
    assert again.rest_id != made.row.id
    assert rest(work, found).row.no == 3
    assert_sound(work)


def test_a_whole_whose_rest_was_served_is_voided_only_after_the_rest(work: Work, week: line.SentWeek):
    found = week.packages[0]
    first = in_part(work, found)
    made = rest(work, found)
    second = line.hand_over(work, made)
    with pytest.raises(Conflict) as told:
        void(work, first)
    assert (told.value.code, told.value.facts["package"]) == ("handover.rest_served", made.row.code)
    void(work, second)
    void(work, first)
    assert line.valid_count(work, week.round_id) == 0
    assert_sound(work)


def test_the_officer_decides_that_the_rest_is_not_given_any_more(work: Work, week: line.SentWeek):
    found = week.packages[0]
    in_part(work, found)
    made = rest(work, found)
    assert made.row.post_id is not None
    with work.read_by(line.OFFICER) as tx:
        before = item_balances(tx, place_ids=[made.row.post_id])
    with pytest.raises(Forbidden):
        work.run(officer_of(found), lambda tx: cancel_package(tx, made.row.id, "Tidak diperlukan"))
    with pytest.raises(Invalid):
        work.run(line.OFFICER, lambda tx: cancel_package(tx, made.row.id, " a "))
    work.run(line.OFFICER, lambda tx: cancel_package(tx, made.row.id, "Keluarga pindah kabupaten"))
    with work.read_by(line.OFFICER) as tx:
        assert rest_of(tx, found.row.id) is None
        assert item_balances(tx, place_ids=[made.row.post_id]) == before, "the goods stay the post's own"
        assert trail(tx.session, "package", made.row.id)[-1].reason == "Keluarga pindah kabupaten"
    with pytest.raises(Conflict):
        work.run(line.OFFICER, lambda tx: cancel_package(tx, made.row.id, "Keluarga pindah kabupaten"))
    assert_sound(work)


def test_there_is_no_rest_of_nothing(work: Work, week: line.SentWeek):
    with pytest.raises(Invalid) as told:
        work.run(line.OFFICER, lambda tx: add_supplement(tx, week.packages[0].row.id, []))
    assert told.value.code == "package.no_rest"


def test_the_proof_sees_a_rest_that_was_made_larger(work: Work, week: line.SentWeek):
    found = week.packages[0]
    in_part(work, found)
    made = rest(work, found)
    with work.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE package_line SET quantity_milli = quantity_milli + 1000 WHERE package_id = "
            + (f"'{made.row.id}'" if work.engine.dialect.name == "postgresql" else f"'{made.row.id.hex}'")
        )
    with work.read_by(line.OFFICER) as tx:
        assert any(made.row.code in problem for problem in prove(tx))
