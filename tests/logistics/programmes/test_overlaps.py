"""Overlaps of a list: other terms of the same months, relief of the last weeks, several of one household."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from core.actor import Role
from core.errors import Forbidden, Invalid, NotFound
from core.measures import Period
from core.work import Work
from logistics.packages.models import Package
from logistics.packages.states import PackageState
from logistics.planning.commands import approve_round, plan_round
from logistics.programmes.commands import AddEntry, add_entry
from logistics.programmes.drawing import DrawList, draw_list
from logistics.programmes.overlaps import Overlap, OverlapKind, OverlapPage, overlaps, overlaps_of
from logistics.programmes.states import Unit
from registry_link.households.selection import Criteria, Trait
from tests.logistics import week
from tests.logistics.programmes import lists
from tests.logistics.programmes.lists import E1, E2, OFFICER, VILLAGE, W1, Person, a_household, a_term
from tests.support.builders import SYSTEM, an_actor


def page_of(work: Work, term_id: UUID, **more: int) -> OverlapPage:
    with work.read_by(OFFICER) as tx:
        return overlaps(tx, term_id, **more)


def found(page: OverlapPage) -> dict[UUID, tuple[Overlap, ...]]:
    return {row.household_id: row.overlaps for row in page.rows}


def test_a_household_of_the_same_weeks_relief_is_shown_once_and_stays(work: Work):
    made = week.a_week(work)
    lists.the_regions(work)
    served, planned, other = (a_household(work, village) for village in (E1, E2, W1))
    homes = [
        week.household(no, household_id=one, village_code=village)
        for no, (one, village) in enumerate(((served, E1), (planned, E2)))
    ]
    with work.by(week.OFFICER) as tx:
        plan = plan_round(tx, week.order(work, made, homes))
    with work.by(week.SECOND) as tx:
        approve_round(tx, plan.round_id)
    with work.by(SYSTEM) as tx:  # what a handover does to the package, without its post and its receipt
        tx.session.execute(
            sa.update(Package).where(Package.household_id == served).values(state=PackageState.HANDED_OVER)
        )
    term_id = a_term(work)
    with work.by(OFFICER) as tx:
        assert draw_list(tx, DrawList(term_id=term_id, criteria=Criteria())).added == 3
    page = page_of(work, term_id)
    assert page.total == 2
    shown = found(page)
    assert {one: [each.code for each in those] for one, those in shown.items()} == {
        served: ["list.overlap.relief_served"], planned: ["list.overlap.relief_planned"],
    }  # fmt: skip
    assert shown[served][0].occasion_id == plan.round_id
    assert shown[served][0].sentence("id").startswith("Menerima bantuan bencana pada ")
    assert "November 2026" in shown[planned][0].sentence("en")
    assert [(one.kind, one.occasion_id, one.entries) for one in page.by_occasion] == [
        (OverlapKind.RELIEF, plan.round_id, 2)
    ]
    assert "16 November 2026" in page.by_occasion[0].sentence("id")
    assert set(lists.listed(work, term_id)) == {served, planned, other}


def test_other_terms_of_the_same_months(work: Work):
    lists.a_registry(work)
    one, two, three = (a_household(work) for _ in range(3))
    pkh = a_term(work, name="PKH Contoh")
    later = a_term(work, name="Nanti", period=Period(week.MONDAY.replace(year=2028), week.MONDAY.replace(year=2029)))
    term_id = a_term(work)
    for each, household_id in ((pkh, one), (pkh, two), (later, three), (term_id, one), (term_id, three)):
        with work.by(OFFICER) as tx:
            add_entry(tx, AddEntry(term_id=each, household_id=household_id))
    page = page_of(work, term_id)
    assert (page.total, len(page.rows), page.rows[0].household_code) == (1, 1, "KEL-000001-0")
    assert [each.sentence("id") for each in found(page)[one]] == [
        "Ada juga dalam daftar PKH Contoh – Tahap I untuk bulan yang sama; daftar itu belum ditetapkan."
    ]
    assert [(each.sentence("en"), each.entries) for each in page.by_occasion] == [("PKH Contoh – Tahap I", 1)]
    entries = lists.listed(work, term_id)
    with work.read_by(OFFICER) as tx:
        some = overlaps_of(tx, term_id, [row.id for row in entries.values()])
    assert dict(some) == {entries[one].id: found(page)[one]}


def test_several_of_one_household_on_one_list(work: Work):
    lists.a_registry(work)
    couple = a_household(work, people=(Person(age=70), Person(age=71)))
    a_household(work, people=(Person(age=80),))
    term_id = a_term(work, unit=Unit.PERSON)
    with work.by(OFFICER) as tx:
        draw_list(tx, DrawList(term_id=term_id, criteria=Criteria(traits=(Trait.ELDERLY,))))
    page = page_of(work, term_id)
    assert page.total == 2
    assert set(found(page)) == {couple}
    assert found(page)[couple][0].sentence("id") == "Keluarga ini memiliki 1 penerima lain dalam daftar ini."
    assert [(one.kind, one.entries) for one in page.by_occasion] == [(OverlapKind.SAME_LIST, 2)]
    assert page_of(work, term_id, limit=1, offset=1).rows == page.rows[1:]


def test_only_ones_own_villages(work: Work):
    lists.a_registry(work)
    here, there = a_household(work, E1), a_household(work, W1)
    other, term_id = a_term(work, name="PKH Contoh"), a_term(work)
    for each in (other, term_id):
        for household_id in (here, there):
            with work.by(OFFICER) as tx:
                add_entry(tx, AddEntry(term_id=each, household_id=household_id))
    entries = lists.listed(work, term_id)
    with work.read_by(VILLAGE) as tx:
        page = overlaps(tx, term_id)
        some = overlaps_of(tx, term_id, [row.id for row in entries.values()])
    assert (page.total, {row.household_id for row in page.rows}) == (1, {here})
    assert [one.entries for one in page.by_occasion] == [1]
    assert set(some) == {entries[here].id}
    with work.read_by(an_actor(Role.WAREHOUSE)) as tx:
        with pytest.raises(Forbidden):
            overlaps(tx, term_id)
        with pytest.raises(Forbidden):
            overlaps_of(tx, term_id, [])
    with work.read_by(OFFICER) as tx:
        with pytest.raises(NotFound):
            overlaps(tx, here)
        with pytest.raises(Invalid):
            overlaps(tx, term_id, limit=0)
        with pytest.raises(Invalid):
            overlaps(tx, term_id, weeks=-1)
