"""The letter asking for what a week lacks: the page's figures, frozen; one letter while nothing changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Thread
from uuid import UUID

import pytest

from core.actor import Role
from core.documents.queries import document, documents, said_of_person
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.work import Work
from logistics.planning.commands import plan_round
from logistics.planning.need import need
from logistics.zones import gap_letter
from logistics.zones.commands import RecordDecree, record_decree
from logistics.zones.gap_letter import KIND, Addressee, IssueGapLetter, facts_of, issue_gap_letter
from stock.ledger.papers import PaperNames
from tests.logistics.planning.test_need import expect
from tests.logistics.week import HEAD, MONDAY, OFFICER, PLENTY, Week, a_week, fill, household, order
from tests.support.builders import an_actor

PROVINCE = Addressee.PROVINCE


def a_short_week(work: Work) -> tuple[Week, UUID]:
    """A week of eight households whose rice and mattresses do not do."""
    week = a_week(work, stock={**PLENTY, "beras": 20, "kasur": 3})
    with work.by(OFFICER) as tx:
        record_decree(
            tx,
            RecordDecree(
                incident_id=week.incident_id, number="360/117/2026", dated_on=MONDAY, first_on=MONDAY,
                last_on=MONDAY + timedelta(days=13), days_said=14, authority="Keputusan Bupati",
            ),
        )  # fmt: skip
    asked = order(work, week, [household(no) for no in range(1, 9)], fit_to_stock=True)
    with work.by(OFFICER) as tx:
        made = plan_round(tx, asked)
    return week, made.round_id


def test_the_letter_says_the_page_s_figures_and_keeps_them(work: Work):
    week, round_id = a_short_week(work)
    asked = IssueGapLetter(
        incident_id=week.incident_id, round_id=round_id, addressee=PROVINCE, needed_on=MONDAY + timedelta(days=2),
        reason="Laut bergelombang tinggi.", copies_to=("Bupati",),
    )  # fmt: skip
    with work.by(OFFICER) as tx:
        made = issue_gap_letter(tx, asked)
    with work.read_by(OFFICER) as tx:
        found, facts, paper = need(tx, round_id), facts_of(tx, made), document(tx, made)
        persons = said_of_person(tx, made, PaperNames)
    assert (paper.kind, paper.subject, paper.subject_id) == (KIND, "round", round_id)
    assert "/SPBT/" in paper.number
    told = [
        (one.code, one.quantity_milli, one.promised_milli, one.free_milli, one.expected_milli, one.short_milli)
        for one in facts.tables.asked
    ]
    assert told == [
        (
            line.item.code, line.quantity_milli, line.promised_milli, line.free_milli, line.expected_milli,
            line.short_milli,
        )
        for line in found.shortages
    ]  # fmt: skip
    assert {code for code, *_ in told} == {"beras", "kasur"}
    assert all(one.asked.quantity_milli == one.short_milli for one in facts.tables.asked)
    assert (facts.households, facts.persons) == (8, 16)
    assert facts.decrees[0].number == "360/117/2026"
    assert facts.needed_on == MONDAY + timedelta(days=2)
    assert persons is not None and len(persons.signers) == 1
    # Goods come, the page's figures change; the letter's do not.
    fill(work, week, week.near, {"beras": 500, "kasur": 20})
    with work.read_by(OFFICER) as tx:
        assert need(tx, round_id).shortages == ()
        assert facts_of(tx, made) == facts
    with pytest.raises(Conflict) as refused, work.by(OFFICER) as tx:
        issue_gap_letter(tx, asked)
    assert refused.value.code == "gap.nothing_short"


def test_while_nothing_changes_it_is_one_letter_also_for_two_at_once(work: Work):
    week, round_id = a_short_week(work)
    asked = IssueGapLetter(incident_id=week.incident_id, round_id=round_id, addressee=PROVINCE)
    made: list[UUID] = []
    threads = [
        Thread(target=lambda: made.append(work.run(OFFICER, lambda tx: issue_gap_letter(tx, asked)))) for _ in range(3)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(made) == 3 and len(set(made)) == 1
    with work.by(HEAD) as tx:
        other = issue_gap_letter(tx, replace(asked, addressee=Addressee.MINISTRY))
    with work.read_by(OFFICER) as tx:
        assert documents(tx, kind=KIND, subject_id=round_id).total == 2
        assert "Menteri Sosial" in facts_of(tx, other).addressee
        assert facts_of(tx, other).town == "Jakarta"


def test_a_letter_is_refused_without_a_name_for_another_after_its_day_and_without_the_right(work: Work):
    week, round_id = a_short_week(work)
    asked = IssueGapLetter(incident_id=week.incident_id, round_id=round_id, addressee=Addressee.OTHER)
    with pytest.raises(Invalid) as refused, work.by(OFFICER) as tx:
        issue_gap_letter(tx, asked)
    assert (refused.value.code, refused.value.field) == ("gap.addressee_missing", "name")
    with pytest.raises(Invalid) as refused, work.by(OFFICER) as tx:
        issue_gap_letter(tx, replace(asked, name="PMI", needed_on=MONDAY - timedelta(days=1)))
    assert refused.value.code == "gap.day_passed"
    for role in (Role.WAREHOUSE, Role.VILLAGE, Role.AUDITOR, Role.BPBD):
        with pytest.raises(Forbidden), work.by(an_actor(role)) as tx:
            issue_gap_letter(tx, asked)
    with pytest.raises(NotFound), work.by(OFFICER) as tx:
        issue_gap_letter(tx, replace(asked, name="PMI", round_id=week.standard_id))


def test_before_a_plan_and_without_anybody_confirmed_there_is_nothing_to_ask_for(work: Work):
    week = a_week(work)
    with pytest.raises(Conflict) as refused, work.by(OFFICER) as tx:
        issue_gap_letter(tx, IssueGapLetter(incident_id=week.incident_id, round_id=None, addressee=PROVINCE))
    assert refused.value.code == "gap.nobody"


def test_what_comes_in_time_can_be_taken_off(work: Work):
    week, round_id = a_short_week(work)
    expect(work, week, week.near, "kasur", 2, MONDAY + timedelta(days=3))
    expect(work, week, week.near, "kasur", 9, MONDAY + timedelta(days=30))
    asked = IssueGapLetter(incident_id=week.incident_id, round_id=round_id, addressee=PROVINCE)
    with work.by(OFFICER) as tx:
        whole = facts_of(tx, issue_gap_letter(tx, asked))
        less = facts_of(tx, issue_gap_letter(tx, replace(asked, less_expected=True)))
    bed, fewer = (next(one for one in facts.tables.asked if one.code == "kasur") for facts in (whole, less))
    assert (bed.short_milli, bed.expected_milli, bed.asked.quantity_milli) == (5000, 11_000, 5000)
    assert (fewer.short_milli, fewer.asked.quantity_milli) == (5000, 3000)


def test_the_customary_words_of_addressees(work: Work):
    a_week(work)
    with work.read_by(OFFICER) as tx:
        assert gap_letter.addressed(tx, PROVINCE, "Gubernur", "Ambon") == ("Gubernur", "Ambon")
        name, town = gap_letter.addressed(tx, PROVINCE)
    assert name.startswith("Kepala Dinas Sosial Provinsi") and town == "Tempat"
