"""What a second snapshot shows: exactly what changed, kind by kind, before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from core.crypto import Secret
from core.work import Work
from registry_link.households.commands import (
    MemberRow,
    NewCounts,
    RecordSnapshot,
    RegisterProvisional,
    record_snapshot,
    register_provisional,
)
from registry_link.households.departures import RecordDeparture, record_departure
from registry_link.households.linking import Basis, move_link
from registry_link.households.models import Household, Member, RegistryLink, Snapshot
from registry_link.households.reporting import (
    DETAILS_KEPT,
    ListDifferences,
    difference_report,
    differences,
    forget_past,
)
from registry_link.households.rows import HouseholdRow
from registry_link.households.snapshots import discard
from registry_link.households.staging import stage_households, weigh
from registry_link.households.states import DepartureKind, DifferenceKind, LinkAct, LinkState
from registry_link.links.models import FieldVisit
from registry_link.links.states import VisitOutcome
from tests.registry_link.households.test_snapshots import rows
from tests.registry_link.people import OFFICE, SAUM, WOWON, kk, merge, nik, with_regions

NEW, GONE, RETURNED = DifferenceKind.NEW, DifferenceKind.GONE, DifferenceKind.RETURNED


@pytest.fixture
def office(work: Work) -> Work:
    return with_regions(work)


def the_next() -> list[HouseholdRow]:
    """Give the second quarter's file: one thing of each kind has changed, h4 stays the same, h6 is gone."""
    one, two, three, four, five, _ = rows()
    return [
        replace(one, decile=9, rt="007", address="Jalan Baru"),
        replace(two, village_code=WOWON, rt=None, lon_deg=131.9),
        replace(
            three, members=(replace(three.members[0], nik=Secret(nik(77)), name="Yohanis Contoh3"),
                            MemberRow(name="Bayi Baru", external_id="b3", birth_on=date(2026, 3, 1))),
        ),
        four,
        replace(five, kk=Secret(kk(55)), rt=None, members=(
            five.members[0], replace(five.members[1], birth_on=date(1991, 5, 5), is_pregnant=True))),
        replace(rows(7)[6], external_id="new", members=()),
    ]  # fmt: skip


def counts_of(work: Work, snapshot_id: object) -> dict[DifferenceKind, int]:
    with work.read_by(OFFICE) as tx:
        return dict(difference_report(tx, snapshot_id).counts)  # type: ignore[arg-type]


def test_a_second_snapshot_shows_exactly_what_changed(office: Work):
    first, _ = merge(office, rows())
    assert counts_of(office, first) == {NEW: 6}
    second, _ = merge(office, the_next(), as_of=date(2026, 4, 1))
    shown: dict[str, list[tuple[str, str, str, str]]] = {}
    with office.read_by(OFFICE) as tx:
        report = difference_report(tx, second)
        assert report.before is not None
        assert report.before.id == first
        page = differences(tx, ListDifferences(snapshot_id=second, limit=100))
        names = {row.id: row.external_id for row in tx.session.execute(sa.select(Household.id, Household.external_id))}
    for one in page.lines:
        told = (one.kind.value, one.subject_name, *one.texts("id"))
        shown.setdefault(names[one.household_id] or "", []).append(told)
    assert sorted(shown.pop("h1")) == [
        ("address", "", "Jalan 1", "Jalan Baru"), ("decile", "", "2", "9"), ("unit", "", "001/002", "007/002"),
    ]  # fmt: skip
    assert sorted(shown.pop("h2")) == [
        ("position", "", "", ""), ("unit", "", "001/002", "–/002"), ("village", "", "Desa Olilit", "Desa Wowon"),
    ]  # fmt: skip
    assert sorted(shown.pop("h3")) == [
        ("head", "", "Yohanes Contoh3", "Yohanis Contoh3"),
        ("member_added", "Bayi Baru", "", "Bayi Baru"),
        ("member_changed", "Yohanis Contoh3", "nama Yohanes Contoh3", "nama Yohanis Contoh3"),
        ("member_gone", "Maria Contoh3", "Maria Contoh3", ""),
        ("nik", "Yohanis Contoh3", "", ""),
    ]  # fmt: skip
    assert sorted(shown.pop("h5")) == [
        ("kk", "", "", ""), ("member_changed", "Maria Contoh5", "", "tanggal lahir, hamil"),
    ]  # fmt: skip
    assert shown.pop("h6") == [("gone", "", "", "")]
    assert shown.pop("new") == [("new", "", "", "")]
    assert not shown
    assert sum(report_counts := [count for _, count in report.counts]) == len(page.lines), report_counts
    assert {one.village_code: one.differences for one in report.villages} == {
        code: sum(line.village_code == code for line in page.lines) for code in {one.village_code for one in page.lines}
    }


def test_the_dry_run_counts_what_the_commit_will_write(office: Work):
    merge(office, rows())
    with office.by(OFFICE) as tx:
        tried = record_snapshot(tx, RecordSnapshot(source="dtsen", as_of_on=date(2026, 4, 1)))
        stage_households(tx, tried, the_next())
        weigh(tx, tried)
    told = counts_of(office, tried)
    with office.by(OFFICE) as tx:
        discard(tx, tried)
    assert counts_of(office, tried) == {}
    second, _ = merge(office, the_next(), as_of=date(2026, 4, 1))
    assert counts_of(office, second) == told


def test_one_who_comes_back_and_one_met_before_the_file(office: Work):
    merge(office, rows(3))
    merge(office, rows(2), as_of=date(2026, 4, 1))
    with office.by(OFFICE) as tx:
        order = RegisterProvisional(head_name="Yohanes C.", village_code=SAUM, kk=kk(5), counts=NewCounts(adults=2))
        register_provisional(tx, order)
    third, _ = merge(office, [*rows(3), rows(5)[4]], as_of=date(2026, 7, 1))
    assert counts_of(office, third) == {NEW: 1, RETURNED: 1}
    again, _ = merge(office, rows(3), as_of=date(2026, 10, 1))
    assert counts_of(office, again) == {GONE: 1}


def test_who_died_is_not_told_to_have_come_because_a_file_still_lists_them(office: Work):
    merge(office, rows(2))
    with office.by(OFFICE) as tx:
        wife = tx.session.execute(sa.select(Member.id, Member.household_id).where(Member.member_key == "w1")).one()
        day = date(2026, 2, 1)
        record_departure(tx, RecordDeparture(
            kind=DepartureKind.DIED, household_id=wife.household_id, member_id=wife.id, event_on=day,
            basis_no="474.3/9", basis_on=day,
        ))  # fmt: skip
    second, _ = merge(office, [replace(rows(1)[0], decile=7), rows(2)[1]], as_of=date(2026, 4, 1))
    assert counts_of(office, second) == {DifferenceKind.DECILE: 1}


def test_a_past_link_that_a_visit_and_a_proposal_name_stays(office: Work):
    """It may stand where it stood at first and yet be named: by a step taken back, a visit, a proposal to remove."""
    first, _ = merge(office, rows())
    with office.by(OFFICE) as tx:
        links = tx.session.execute(
            sa.select(RegistryLink.id, RegistryLink.household_id)
            .where(RegistryLink.snapshot_id == first, RegistryLink.state == LinkState.IMPORTED)
            .order_by(RegistryLink.id).limit(2)
        ).all()  # fmt: skip
        move_link(tx, links[0].id, LinkAct.GRADUATE, Basis())
        move_link(tx, links[0].id, LinkAct.REOPEN, Basis())
        tx.session.execute(sa.insert(FieldVisit).values(
            id=tx.new_id(), regency_code=tx.regency_code, link_id=links[1].id, household_id=links[1].household_id,
            outcome=VisitOutcome.VERIFIED, note="", visited_on=date(2026, 4, 2), at=tx.now, by="x", by_name="x",
        ))  # fmt: skip
    old, _ = merge(office, rows()[5:], as_of=date(2026, 4, 1))
    with office.by(OFFICE) as tx:
        listed, ended = RegistryLink.until_snapshot_id.is_(None), RegistryLink.until_snapshot_id == old
        counted = sa.select(sa.func.count(), RegistryLink.until_snapshot_id).group_by(RegistryLink.until_snapshot_id)
        assert {row[1]: row[0] for row in tx.session.execute(counted)} == {None: 1, old: 5}
        assert forget_past(tx) == 0
        tx.session.execute(sa.update(Snapshot).values(current_at=tx.now - DETAILS_KEPT * 2))
    with office.by(OFFICE) as tx:
        assert forget_past(tx) == 1
        assert set(tx.session.scalars(sa.select(RegistryLink.id).where(ended))) == {one.id for one in links}
        assert tx.session.scalar(sa.select(sa.func.count()).where(listed)) == 1


def test_details_of_a_replaced_snapshot_are_removed_when_their_time_is_over(office: Work):
    merge(office, rows())
    old, _ = merge(office, the_next(), as_of=date(2026, 4, 1))
    merge(office, the_next(), as_of=date(2026, 7, 1))
    kept = counts_of(office, old)
    with office.by(OFFICE) as tx:
        assert forget_past(tx) == 0
        tx.session.execute(sa.update(Snapshot).where(Snapshot.id == old).values(current_at=tx.now - DETAILS_KEPT * 2))
    with office.by(OFFICE) as tx:
        assert forget_past(tx) == 1
        report = difference_report(tx, old)
        assert (report.is_past, dict(report.counts), report.villages) == (True, kept, ())
        listed = sa.select(sa.func.count()).where(RegistryLink.until_snapshot_id.is_(None))
        assert tx.session.scalar(listed) == report.snapshot.households
        assert forget_past(tx) == 0
