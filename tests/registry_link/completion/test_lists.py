"""A village is asked for what its households lack; it completes them one by one, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from core.actor import Actor, Role, ScopeKind
from core.crypto import Secret
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.work import Tx, Work
from registry_link.completion import commands, queries
from registry_link.completion.commands import IssueList, Saved, SaveEntry
from registry_link.completion.jobs import count_villages
from registry_link.completion.overview import is_behind, village_line, village_lines
from registry_link.completion.positioning import Reported, report_position
from registry_link.completion.queries import EntryLine
from registry_link.completion.states import EntryState, ListState, PositionOrigin, SkipReason
from registry_link.households.completing import Birth, CompleteHousehold
from registry_link.households.gaps import ASKABLE, Gap
from registry_link.households.rows import HouseholdRow, MemberRow
from registry_link.households.states import PositionSource, Relation
from registry_link.regions.commands import import_boundaries
from registry_link.regions.readers import BoundaryRow
from registry_link.regions.states import Level
from tests.registry_link.people import OFFICE, OLILIT, SAUM, kk, merge, nik, person, with_regions

OFFICER = person(Role.LOGISTICS)
VILLAGER = person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)
STRANGER = person(Role.VILLAGE, ScopeKind.VILLAGE, OLILIT)
LON, LAT = 131.30, -7.95
SQUARE = BoundaryRow(
    row=1, code=SAUM, name="Saum", level=Level.VILLAGE, west=131.25, south=-8.0, east=131.35, north=-7.9,
    area_km2=122.0,
    geojson='{"type":"Polygon","coordinates":[[[131.25,-8.0],[131.35,-8.0],[131.35,-7.9],[131.25,-7.9],[131.25,-8.0]]]}',
)  # fmt: skip


def bare(serial: int, name: str, **more: object) -> HouseholdRow:
    head = MemberRow(name=name, external_id=f"m{serial}", relation=Relation.HEAD, file_row=serial)
    row = HouseholdRow(external_id=f"h{serial}", village_code=SAUM, decile=4, file_row=serial, members=(head,))
    return replace(row, **more)  # type: ignore[arg-type]


def whole(serial: int, name: str) -> HouseholdRow:
    """Nothing is missing but the position."""
    head = MemberRow(
        name=name, external_id=f"m{serial}", relation=Relation.HEAD, age_years=40, nik=Secret(nik(serial)),
        file_row=serial,
    )  # fmt: skip
    return bare(serial, name, rt="001", rw="001", address="Jalan 1", kk=Secret(kk(serial)), members=(head,))


@pytest.fixture
def office(work: Work) -> Work:
    merge(with_regions(work), [bare(1, "Adi Contoh"), bare(2, "Berta Contoh", rt="002", rw="001"), whole(3, "Cia")])
    with work.by(OFFICE) as tx:
        import_boundaries(tx, [SQUARE])
    return work


@dataclass
class Village:
    """The operator of a village with a list before her."""

    work: Work
    list_id: UUID

    def lines(self, actor: Actor = VILLAGER) -> tuple[EntryLine, ...]:
        with self.work.read_by(actor) as tx:
            return queries.entries(tx, queries.completion_list(tx, self.list_id)).entries

    def save(self, no: int, *, actor: Actor = VILLAGER, position: Reported | None = None, **values: object) -> Saved:
        line = self.lines()[no - 1]
        assert line.facts is not None
        told = CompleteHousehold(household_id=line.household_id, **{"seal": line.facts.seal, **values})  # type: ignore[arg-type]
        with self.work.by(actor) as tx:
            return commands.save_entry(tx, SaveEntry(entry_id=line.id, household=told, position=position))


def issued(work: Work, asked: Gap = ASKABLE) -> Village:
    with work.by(OFFICER) as tx:
        return Village(work, commands.issue_list(tx, IssueList(village_code=SAUM, asked=asked)).list_id)


def doing(work: Work, actor: Actor, act: Callable[[Tx], object]) -> object:
    with work.by(actor) as tx:
        return act(tx)


def test_a_village_completes_its_list_household_by_household(office: Work):
    village = issued(office)
    lines = village.lines()
    assert [(one.no, one.facts.head_name if one.facts else "", one.gaps) for one in lines] == [
        (1, "Adi Contoh", ASKABLE), (2, "Berta Contoh", ASKABLE & ~Gap.UNITS),
    ]  # fmt: skip
    first = village.save(1, rt="3", rw="1", address="Jalan Pantai 4", kk=kk(1))
    assert not first.is_done and first.remaining == Gap.HEAD_NIK | Gap.BIRTH
    assert first.fields == ("rt", "rw", "address", "kk")
    facts = village.lines()[0].facts
    assert facts is not None and facts.head is not None
    rest = village.save(1, head_nik=nik(1), births=(Birth(member_id=facts.head.id, age_years=40),))
    assert rest.is_done and not rest.remaining
    with office.by(VILLAGER) as tx:
        assert queries.next_waiting(tx, village.list_id, after_no=1) == lines[1].id
        commands.skip_entry(tx, lines[1].id, SkipReason.MOVED)
    with office.read_by(VILLAGER) as tx:
        seen = queries.completion_list(tx, village.list_id)
        assert queries.next_waiting(tx, village.list_id) is None
        line = village_line(tx, SAUM)
    assert (seen.waiting, seen.done, seen.skipped, seen.settled_permille) == (0, 1, 1, 1000)
    assert (line.households, line.incomplete, line.complete_permille) == (3, 1, 666)
    # Who was named as gone by mistake is completed all the same.
    assert village.save(2, address="Jalan 9").fields == ("address",)


def test_a_number_that_cannot_be_right_changes_nothing_of_the_household(office: Work):
    village = issued(office)
    with pytest.raises(Invalid) as refused:
        village.save(1, rt="3", kk="990101010120000")
    assert (refused.value.code, refused.value.field) == ("registry.number_short", "kk")
    facts = village.lines()[0].facts
    assert facts is not None and facts.rt is None
    assert village.save(2, kk=kk(3)).is_number_elsewhere


def test_two_who_fill_the_same_field_do_not_overwrite_each_other(office: Work):
    village = issued(office)
    facts = village.lines()[0].facts
    assert facts is not None
    village.save(1, address="Jalan Pantai 4")
    late = village.save(1, seal=facts.seal, address="Jalan Lain", rt="2")
    assert (late.fields, late.conflicts) == (("rt",), ("address",))
    # Who has seen what stands there may correct it.
    assert village.save(1, address="Jalan Lain").fields == ("address",)


def test_an_open_list_takes_up_new_households_and_asks_for_one_thing_at_a_time(office: Work):
    village = issued(office)
    merge(office, [bare(4, "Dana Contoh")], source="lain")
    with office.by(OFFICER) as tx:
        again = commands.issue_list(tx, IssueList(village_code=SAUM, asked=ASKABLE))
        assert (again.list_id, again.added, again.is_new) == (village.list_id, 1, False)
        with pytest.raises(Conflict, match="asked_otherwise"):
            commands.issue_list(tx, IssueList(village_code=SAUM, asked=Gap.ADDRESS))
        with pytest.raises(Conflict, match="nothing_missing"):
            commands.issue_list(tx, IssueList(village_code=OLILIT, asked=ASKABLE))
        with pytest.raises(Invalid, match="nothing_asked"):
            commands.issue_list(tx, IssueList(village_code=SAUM, asked=Gap(0)))
        with pytest.raises(NotFound):
            commands.issue_list(tx, IssueList(village_code="98.01.01.2001", asked=ASKABLE))
    assert [one.no for one in village.lines()] == [1, 2, 3]


def test_a_closed_list_is_filled_in_no_more_and_a_new_one_may_follow(office: Work):
    village = issued(office)
    doing(office, OFFICER, lambda tx: commands.close_list(tx, village.list_id))
    with pytest.raises(Conflict, match="is_closed"):
        village.save(1, rt="1")
    again = issued(office, asked=Gap.POSITION)
    assert len(again.lines()) == 3
    with office.read_by(OFFICER) as tx:
        assert [one.state for one in queries.completion_lists(tx)] == [ListState.OPEN, ListState.CLOSED]
        assert len(queries.completion_lists(tx, village_code=SAUM, only_open=True)) == 1


def test_another_village_and_other_roles_see_nothing_of_it(office: Work):
    village = issued(office)
    with pytest.raises(NotFound):
        village.lines(STRANGER)
    with pytest.raises(NotFound):
        village.save(1, actor=STRANGER, rt="1")
    with pytest.raises(Forbidden):
        village.lines(person(Role.BPBD))
    with pytest.raises(Forbidden):
        village.save(1, actor=person(Role.AUDITOR), rt="1")
    with office.read_by(STRANGER) as tx:
        assert queries.completion_lists(tx) == ()
        assert village_lines(tx) == ()


def test_every_position_is_kept_and_the_better_one_counts(office: Work):
    village = issued(office, asked=Gap.POSITION)
    phone = Reported(lon_deg=LON, lat_deg=LAT, accuracy_m=12.0, origin=PositionOrigin.PHONE)
    saved = village.save(1, position=phone)
    assert saved.is_done and saved.is_position_used and saved.outside_m is None
    worse = replace(phone, lon_deg=LON + 0.01, accuracy_m=400.0)
    assert not village.save(1, position=worse).is_position_used
    home = village.lines()[0].household_id

    def report(reported: Reported) -> bool:
        with office.by(OFFICER) as tx:
            return report_position(tx, home, reported).is_used

    assert not report(replace(worse, origin=PositionOrigin.MAP, accuracy_m=None))
    assert report(replace(worse, reason="Keluarga pindah rumah di desa yang sama"))
    with pytest.raises(Invalid, match="position_vague"):
        report(replace(phone, accuracy_m=3000.0))
    with pytest.raises(Invalid, match="position"):
        report(replace(phone, lon_deg=5.0))
    with office.read_by(OFFICER) as tx:
        told = queries.reports_of(tx, home)
    assert [(one.is_used, one.origin.value) for one in told] == [
        (True, "phone"), (False, "map"), (False, "phone"), (True, "phone"),
    ]  # fmt: skip
    facts = village.lines()[0].facts
    assert facts is not None
    assert (facts.position_source, facts.position_accuracy_m) == (PositionSource.GPS, 400.0)


def test_a_position_far_from_its_village_is_taken_and_shown(office: Work):
    village = issued(office, asked=Gap.POSITION)
    there = Reported(lon_deg=131.45, lat_deg=LAT, accuracy_m=10.0, origin=PositionOrigin.PHONE)
    saved = village.save(1, position=there)
    assert saved.outside_m is not None and 10_500 < saved.outside_m < 11_500
    with office.read_by(VILLAGER) as tx:
        line = village_line(tx, SAUM)
    assert (line.located, line.far, line.located_permille) == (1, 1, 333)


def test_villages_are_counted_once_for_every_reader(office: Work):
    with office.read_by(OFFICER) as tx:
        assert is_behind(tx)
        assert [one.households for one in village_lines(tx)] == [3]
    assert count_villages(office, OFFICE) == "1 villages"
    assert count_villages(office, OFFICE) == ""
    village = issued(office)
    village.save(2, address="Jalan 9", kk=kk(2), head_nik=nik(2))
    with office.read_by(OFFICER) as tx:
        kept = village_lines(tx)[0]
        assert (kept.missing[Gap.ADDRESS], kept.missing[Gap.KK], kept.incomplete) == (1, 1, 2)
        assert not is_behind(tx), "one village was counted again at once, the others have not changed"
    merge(office, [replace(whole(5, "Eka"), village_code=OLILIT)], source="lain")
    assert count_villages(office, OFFICE) == "2 villages"
    with office.read_by(person(Role.BPBD)) as tx:
        assert [(one.village_code, one.incomplete) for one in village_lines(tx)] == [(SAUM, 2), (OLILIT, 0)]
    assert village.lines()[1].state is EntryState.WAITING
