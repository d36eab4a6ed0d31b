"""The way of a link: the civil registry's answers, the field, graduation, deaths and moves, and the next snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from core.actor import Role, ScopeKind
from core.clock import FixedClock
from core.crypto import Secret
from core.errors import Conflict, Invalid, NotFound, Refused
from core.reader import Cell, CellKind, Row, Table
from core.work import Work
from registry_link.completion.positioning import Reported, report_position
from registry_link.completion.states import PositionOrigin
from registry_link.households.commands import HouseholdRow, MemberRow
from registry_link.households.completing import (
    CompleteHousehold,
    Placed,
    complete_household,
    facts_of,
    place_households,
)
from registry_link.households.departures import RecordDeparture, record_departure, undo_departure
from registry_link.households.known import know_numbers
from registry_link.households.linking import LinkLine, current_links, link_lines, steps_of
from registry_link.households.models import Household, LinkEvent, Member
from registry_link.households.numbers import nik_index
from registry_link.households.queries import SearchHouseholds, household, search_households
from registry_link.households.states import DepartureKind, LinkAct, LinkState, PositionSource, Relation, Sex
from registry_link.links import commands, queries
from registry_link.links.counting import link_counts
from registry_link.links.models import DukcapilRow
from registry_link.links.states import RowOutcome, VisitOutcome
from tests.registry_link.people import OFFICE, OLILIT, SAUM, head, kk, merge, nik, person, with_regions

OFFICER, SECOND = person(Role.LOGISTICS), person(Role.HEAD)
VILLAGE = person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)
FIELD = person(Role.FIELD, ScopeKind.VILLAGE, SAUM)
DAY = date(2026, 11, 2)


def rows(count: int = 3, decile: int = 3) -> list[HouseholdRow]:
    return [
        HouseholdRow(
            external_id=f"h{n}", village_code=SAUM if n % 2 else OLILIT, rt="001", rw="002", address=f"Jalan {n}",
            kk=Secret(kk(n)), decile=decile, file_row=n,
            members=(
                head(f"Yohanes Contoh{n}", n * 10),
                MemberRow(name=f"Maria Contoh{n}", external_id=f"w{n}", relation=Relation.SPOUSE, sex=Sex.FEMALE,
                          birth_on=date(1990, 5, 5), nik=Secret(nik(n * 10 + 1, date(1990, 5, 5), Sex.FEMALE)),
                          file_row=n * 10 + 1),
            ),
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


@pytest.fixture
def office(work: Work) -> Work:
    with_regions(work)
    merge(work, rows())
    return work


def home(work: Work, external_id: str = "h1") -> UUID:
    with work.read_by(OFFICE) as tx:
        found = tx.session.scalar(sa.select(Household.id).where(Household.external_id == external_id))
    assert found is not None
    return found


def member(work: Work, external_id: str) -> UUID:
    with work.read_by(OFFICE) as tx:
        found = tx.session.scalar(sa.select(Member.id).where(Member.member_key == external_id))
    assert found is not None, external_id
    return found


def state(work: Work, household_id: UUID) -> LinkState:
    with work.read_by(OFFICE) as tx:
        return current_links(tx, [household_id])[household_id].state


def table(*said: tuple[str, str]) -> Table:
    cells = [tuple(Cell(CellKind.TEXT, one) for one in pair) for pair in said]
    return Table(
        header=("NIK", "Hasil"), header_row=1, delimiter=";",
        rows=tuple(Row(at, pair) for at, pair in enumerate(cells, 2)),
    )  # fmt: skip


def send_file(work: Work, *said: tuple[str, str], sha: str = "a" * 64) -> UUID:
    with work.by(OFFICER) as tx:
        order = commands.ReadDukcapilFile(
            file_name="hasil.csv", file_sha256=sha, table=table(*said), basis_no="470/12/DKC", basis_on=DAY
        )
        return commands.read_dukcapil_file(tx, order).file_id


def to_field(work: Work, village: str = SAUM) -> int:
    with work.by(OFFICER) as tx:
        return commands.send_village(
            tx,
            commands.SendVillage(
                act=LinkAct.VISIT, village_code=village, states=tuple(LinkState), basis_no="ST-1", basis_on=DAY
            ),
        )


def visit(work: Work, household_id: UUID, outcome: VisitOutcome, actor: object = FIELD, note: str = "") -> LinkState:
    with work.by(actor) as tx:  # type: ignore[arg-type]
        return commands.record_visit(tx, commands.RecordVisit(household_id=household_id, outcome=outcome, note=note))


def leave(work: Work, household_id: UUID, kind: DepartureKind, actor: object = VILLAGE, **named: object) -> UUID:
    with work.by(actor) as tx:  # type: ignore[arg-type]
        order = RecordDeparture(
            kind=kind, household_id=household_id, event_on=DAY, basis_no="474.3/9", basis_on=DAY,
            **named,  # type: ignore[arg-type]
        )  # fmt: skip
        return record_departure(tx, order)


def refusal(act: object) -> str:
    with pytest.raises(Refused) as refused:
        act()  # type: ignore[operator]
    return refused.value.code


# ---------------------------------------------------------------- the civil registry's answers


def test_a_file_is_tried_by_one_and_applied_by_another(office: Work):
    file_id = send_file(
        office, (nik(10), "Padan"), (nik(11, date(1990, 5, 5), Sex.FEMALE), "Typo"), (nik(20), "Tidak Padan"),
        (nik(777), "Padan"), ("123", "Padan"),
    )  # fmt: skip
    with office.read_by(OFFICER) as tx:
        view = queries.dukcapil_file(tx, file_id)
        told = {one.row_no: one for one in queries.answers(tx, file_id).lines}
        given_back = queries.refused_table(tx, file_id, "id")
    assert (view.rows, view.refused, view.refused_to_me) == (5, 2, "dukcapil.own")
    assert [told[n].outcome for n in (2, 5, 6)] == [RowOutcome.READY, RowOutcome.REFUSED, RowOutcome.REFUSED]
    assert told[5].problems[0].code == "dukcapil.nik_unknown"
    assert told[2].person is not None
    assert told[2].person.nik_last4 == nik(10)[-4:]
    assert [one[0] for one in given_back.rows] == [nik(777), "123"]
    assert given_back.header == ("NIK", "Hasil", "Kesalahan")
    assert state(office, home(office)) is LinkState.IMPORTED
    with office.by(OFFICER) as tx:
        assert refusal(lambda: commands.apply_dukcapil_file(tx, file_id)) == "dukcapil.own"
    with office.by(SECOND) as tx:
        done = commands.apply_dukcapil_file(tx, file_id)
    assert (done.persons, done.households) == (3, 2)
    # The worst of its people counts; no step was left out.
    assert state(office, home(office)) is LinkState.DUKCAPIL_TYPO
    assert state(office, home(office, "h2")) is LinkState.DUKCAPIL_UNMATCHED
    with office.read_by(OFFICER) as tx:
        steps = steps_of(tx, home(office))
        kept = tx.session.scalars(sa.select(DukcapilRow.cells).where(DukcapilRow.file_id == file_id)).all()
    assert [(one.before, one.after) for one in reversed(steps)] == [
        ("imported", "dukcapil_pending"), ("dukcapil_pending", "dukcapil_typo"),
    ]  # fmt: skip
    assert {(one.basis_no, one.basis_on, one.by_name) for one in steps} == {("470/12/DKC", DAY, "HEAD")}
    assert [one is None for one in kept] == [True, True, True, False, False]


def test_the_verdict_on_a_number_is_never_given_to_another(office: Work):
    """Between reading and taking over the village corrects the NIK: what was said of the old one is said of nobody."""
    file_id = send_file(office, (nik(10), "Padan"), (nik(20), "Tidak Padan"))
    with office.by(OFFICER) as tx:
        corrected = Secret(nik(99))
        tx.session.execute(
            sa.update(Member.__table__).where(Member.__table__.c.member_key == "m10")  # type: ignore[arg-type]
            .values(nik=corrected, nik_bidx=nik_index(corrected))
        )  # fmt: skip
        know_numbers(tx, [home(office)])
    with office.by(SECOND) as tx:
        done = commands.apply_dukcapil_file(tx, file_id)
        said = queries.household_links(tx, home(office)).verdicts
        told = {one.row_no: one for one in queries.answers(tx, file_id).lines}
        assert (done.persons, done.households, dict(said)) == (1, 1, {})
        assert (told[2].outcome, told[2].problems[0].code) == (RowOutcome.REFUSED, "dukcapil.nik_changed")
        assert queries.dukcapil_file(tx, file_id).refused == 1
    assert state(office, home(office)) is LinkState.IMPORTED


def test_what_people_write_down_holds_no_number(office: Work):
    """Papers' numbers, reasons, names of files and strange answers are no place for one more copy of a NIK."""
    here = home(office)
    with office.by(OFFICER) as tx:
        order = commands.EndLink(household_id=here, basis_no=f"SK {nik(1)}", basis_on=DAY)
        assert refusal(lambda: commands.graduate(tx, order)) == "privacy.number_in_text"
        facts = facts_of(tx, [here], "complete")[here]
        typed = CompleteHousehold(household_id=here, seal=facts.seal, address=f"Jalan 4, {nik(1)}")
        assert refusal(lambda: complete_household(tx, typed)) == "privacy.number_in_text"
        reported = Reported(
            lon_deg=131.3, lat_deg=-7.9, accuracy_m=5.0, origin=PositionOrigin.MAP, reason=f"NIK {nik(1)}"
        )
        assert refusal(lambda: report_position(tx, here, reported)) == "privacy.number_in_text"
    assert refusal(lambda: leave(
        office, here, DepartureKind.MOVED_WITHIN, actor=OFFICER, to_village_code=OLILIT, address=nik(1)
    )) == "privacy.number_in_text"  # fmt: skip
    with office.by(OFFICER) as tx:
        read = commands.ReadDukcapilFile(
            file_name=f"hasil {nik(1)}.csv", file_sha256="c" * 64, basis_no="1", basis_on=DAY,
            table=table((nik(10), "Siti Aminah"), (nik(20), "Ragu")),
        )  # fmt: skip
        file_id = commands.read_dukcapil_file(tx, read).file_id
        assert queries.dukcapil_file(tx, file_id).file_name == "berkas"
        said = [one.problems[0].facts for one in queries.answers(tx, file_id).lines]
    assert said == [{"text": "?"}, {"text": "Ragu"}]


def test_the_same_file_is_known_and_the_same_answer_changes_nothing(office: Work):
    first = send_file(office, (nik(10), "Padan"))
    assert send_file(office, (nik(10), "Padan")) == first
    with office.by(SECOND) as tx:
        commands.apply_dukcapil_file(tx, first)
    again = send_file(office, (nik(10), "Padan"), (nik(20), "Padan"), sha="b" * 64)
    with office.read_by(OFFICER) as tx:
        assert [one.outcome for one in queries.answers(tx, again).lines] == [RowOutcome.SAME, RowOutcome.READY]


def test_steps_cannot_be_changed(office: Work):
    to_field(office)
    with pytest.raises(DatabaseError, match="append-only"), office.by(OFFICE) as tx:
        tx.session.execute(sa.update(LinkEvent).values(by_name="x"))


# ---------------------------------------------------------------- the field


def test_a_village_is_walked_and_each_door_has_its_outcome(office: Work):
    assert to_field(office) == 2
    with office.read_by(FIELD) as tx:
        walk = queries.field_list(tx, SAUM)
        assert refusal(lambda: queries.field_list(tx, OLILIT)) == "region.not_found"
        assert [(one.village_code, one.waiting) for one in queries.field_villages(tx)] == [(SAUM, 2)]
    assert [one.head_name for one in walk] == ["Yohanes Contoh1", "Yohanes Contoh3"]
    assert visit(office, walk[0].household_id, VisitOutcome.VERIFIED) is LinkState.FIELD_VERIFIED
    assert visit(office, walk[1].household_id, VisitOutcome.NOT_FOUND, note="Rumah kosong") is LinkState.FIELD_REJECTED
    assert refusal(lambda: visit(office, walk[0].household_id, VisitOutcome.VERIFIED)) == "link.cannot"
    with pytest.raises(NotFound):
        visit(office, home(office, "h2"), VisitOutcome.VERIFIED)
    with office.read_by(FIELD) as tx:
        assert queries.field_list(tx, SAUM) == ()
        found = queries.field_home(tx, walk[1].household_id)
    assert [(one.outcome, one.note) for one in found.visits] == [(VisitOutcome.NOT_FOUND, "Rumah kosong")]
    with office.read_by(OFFICER) as tx:
        step = steps_of(tx, walk[1].household_id)[0]
    assert (step.act, step.reason, step.subject, step.by_name) == ("reject", "not_found", "field_visit", "VOL")
    # Who was not found is visited again; who was verified may be, too.
    assert to_field(office) == 2


@pytest.mark.parametrize("few", [0, 5_000])
def test_a_long_list_goes_on_where_the_last_page_ended(office: Work, monkeypatch: pytest.MonkeyPatch, few: int):
    """Few links are sorted at once, many village by village: the order is the same, nobody is skipped or doubled."""
    merge(office, rows(9, decile=4), as_of=date(2026, 4, 1))
    monkeypatch.setattr("registry_link.households.linking._FEW", few)
    codes = (SAUM, OLILIT)
    told: list[LinkLine] = []
    after: UUID | None = None
    with office.read_by(OFFICE) as tx:
        whole = link_lines(tx, states=[LinkState.IMPORTED], village_codes=codes, limit=50)
        while page := link_lines(tx, states=[LinkState.IMPORTED], village_codes=codes, limit=2, after=after):
            told += page
            after = page[-1].household_id
    assert len(whole) == 9
    assert tuple(told) == whole
    assert [one.village_code for one in whole] == sorted(one.village_code for one in whole)


def test_who_is_listed_nowhere_is_counted_nowhere(office: Work):
    with office.by(OFFICE) as tx:
        first = tx.session.get(Household, home(office))
        assert first is not None
        first.erased_at = tx.now
    to_field(office, OLILIT)
    with office.read_by(OFFICER) as tx:
        counted = {(one.village_code, one.state): one.households for one in link_counts(tx).counts}
    assert counted == {(SAUM, LinkState.IMPORTED): 1, (OLILIT, LinkState.FIELD_PENDING): 1}


def test_graduation_ends_the_link_and_a_mistake_opens_it_again(office: Work):
    order = commands.EndLink(household_id=home(office), basis_no="SK 9/2026", basis_on=DAY)
    with office.by(OFFICER) as tx:
        assert commands.graduate(tx, order) is LinkState.GRADUATED
        assert refusal(lambda: commands.graduate(tx, order)) == "link.cannot"
    with office.read_by(OFFICER) as tx:
        # It still lives there, and help in a disaster is for everybody.
        assert len(search_households(tx, SearchHouseholds(text="contoh1")).lines) == 1
    with office.by(OFFICER) as tx:
        assert commands.reopen(tx, order) is LinkState.IMPORTED
        assert refusal(lambda: commands.graduate(tx, commands.EndLink(
            household_id=home(office), basis_no=" ", basis_on=DAY))) == "link.basis_missing"  # fmt: skip


# ---------------------------------------------------------------- deaths and moves


def test_the_death_of_a_head_names_the_next_one_and_a_later_file_does_not_bring_him_back(office: Work):
    here, dead, heir = home(office), member(office, "m10"), member(office, "w1")
    with pytest.raises(Invalid, match="successor_needed"):
        leave(office, here, DepartureKind.DIED, member_id=dead)
    leave(office, here, DepartureKind.DIED, member_id=dead, successor_id=heir)

    def told() -> tuple[str, int, list[tuple[str, Relation]]]:
        with office.read_by(OFFICER) as tx:
            found = household(tx, here)
        return found.head_name, found.size, [(one.name, one.relation) for one in found.members]

    after = ("Maria Contoh1", 1, [("Maria Contoh1", Relation.HEAD)])
    assert told() == after
    assert state(office, here) is LinkState.IMPORTED
    merge(office, rows(decile=4), as_of=date(2026, 4, 1))
    assert told() == after
    # The last one takes the household with her.
    leave(office, here, DepartureKind.DIED, member_id=heir)
    assert state(office, here) is LinkState.DECEASED
    with office.read_by(OFFICER) as tx:
        assert search_households(tx, SearchHouseholds(text="contoh1")).lines == ()


def test_a_household_that_moves_out_is_listed_no_more_until_it_is_undone(office: Work):
    here = home(office)
    leave(office, here, DepartureKind.MOVED_OUT)
    assert state(office, here) is LinkState.MOVED
    assert refusal(lambda: leave(office, here, DepartureKind.MOVED_OUT)) == "departure.left_already"
    with office.read_by(OFFICER) as tx:
        assert search_households(tx, SearchHouseholds(text="contoh1")).lines == ()
    with office.by(VILLAGE) as tx:
        undo_departure(tx, here)
        assert refusal(lambda: undo_departure(tx, here)) == "departure.nothing_to_undo"
    assert state(office, here) is LinkState.IMPORTED
    with office.read_by(OFFICER) as tx:
        assert len(search_households(tx, SearchHouseholds(text="contoh1")).lines) == 1


def test_a_move_within_the_regency_stays_until_a_file_knows_better(office: Work):
    here = home(office)
    with pytest.raises(NotFound):
        leave(office, home(office, "h2"), DepartureKind.MOVED_WITHIN, to_village_code=SAUM)
    leave(office, here, DepartureKind.MOVED_WITHIN, actor=OFFICER, to_village_code=OLILIT, rt="4", address="Jalan Baru")
    merge(office, rows(decile=4), as_of=date(2026, 4, 1))
    with office.read_by(OFFICER) as tx:
        found = household(tx, here)
        links = current_links(tx, [here])
    assert (found.village_code, found.rt, found.address, found.decile) == (OLILIT, "004", "Jalan Baru", 4)
    assert links[here].state is LinkState.IMPORTED


# ---------------------------------------------------------------- the next snapshot


def test_the_next_snapshot_goes_on_where_the_last_one_stood(office: Work, fixed_clock: FixedClock):
    to_field(office)
    here = home(office)
    visit(office, here, VisitOutcome.VERIFIED)
    with office.by(OFFICER) as tx:
        commands.graduate(tx, commands.EndLink(household_id=home(office, "h3"), basis_no="SK", basis_on=DAY))
    merge(office, rows(4, decile=5), as_of=date(2026, 4, 1))
    with office.read_by(OFFICER) as tx:
        way = queries.household_links(tx, here)
    assert way.current is not None
    assert (way.current.state, len(way.links)) == (LinkState.FIELD_VERIFIED, 1)
    assert (way.current.since_on, way.current.as_of_on) == (date(2026, 1, 1), date(2026, 4, 1))
    assert len(way.steps) == 2
    assert state(office, home(office, "h3")) is LinkState.GRADUATED
    assert state(office, home(office, "h4")) is LinkState.IMPORTED


def test_a_mere_suspicion_takes_nobody_off_the_register(office: Work):
    """A new row with a number of theirs makes a pair to look at; how far they had come stays."""
    to_field(office)
    here = home(office)
    visit(office, here, VisitOutcome.VERIFIED)
    newer = rows(decile=5)
    double = HouseholdRow(
        external_id="h9", village_code=SAUM, kk=newer[0].kk, decile=5, file_row=9, members=(head("Lain Contoh", 90),)
    )
    merge(office, [*newer, double], as_of=date(2026, 4, 1))
    merge(office, [*rows(decile=6), replace(double, decile=6)], as_of=date(2026, 7, 1))
    assert state(office, here) is LinkState.FIELD_VERIFIED
    assert state(office, home(office, "h9")) is LinkState.DUPLICATE_SUSPECTED


def test_what_became_known_after_a_move_within_the_regency_outlives_the_next_file(office: Work):
    here = home(office)
    leave(office, here, DepartureKind.MOVED_WITHIN, actor=OFFICER, to_village_code=OLILIT)
    with office.by(OFFICER) as tx:
        facts = facts_of(tx, [here], "complete")[here]
        complete_household(tx, CompleteHousehold(household_id=here, seal=facts.seal, rt="7", address="Jalan Karang 3"))
        place_households(tx, [
            Placed(household_id=here, lon_deg=131.3, lat_deg=-7.9, source=PositionSource.GPS, accuracy_m=6.0)
        ])  # fmt: skip
    merge(office, rows(decile=4), as_of=date(2026, 4, 1))
    with office.read_by(OFFICER) as tx:
        found = household(tx, here)
    assert (found.village_code, found.rt, found.rw, found.address) == (OLILIT, "007", None, "Jalan Karang 3")
    assert (found.lon_deg, found.lat_deg, found.position_source) == (131.3, -7.9, PositionSource.GPS)


def test_a_changed_number_asks_the_civil_registry_again(office: Work):
    file_id = send_file(office, (nik(10), "Padan"), (nik(20), "Padan"))
    with office.by(SECOND) as tx:
        commands.apply_dukcapil_file(tx, file_id)
    newer = rows(decile=5)
    old = newer[0]
    changed = head("Yohanes Contoh1", 10)
    newer[0] = HouseholdRow(
        **{name: getattr(old, name) for name in old.__dataclass_fields__ if name != "members"},
        members=(MemberRow(**{name: getattr(changed, name) for name in changed.__dataclass_fields__ if name != "nik"},
                           nik=Secret(nik(99))), old.members[1]),
    )  # fmt: skip
    merge(office, newer, as_of=date(2026, 4, 1))
    assert state(office, home(office)) is LinkState.DUKCAPIL_PENDING
    assert state(office, home(office, "h2")) is LinkState.DUKCAPIL_MATCHED
    with pytest.raises(Conflict), office.by(SECOND) as tx:
        commands.apply_dukcapil_file(tx, file_id)
