"""Who has a NIK or a No. KK is found by it, whatever was done to the registry, and nobody else; no entry outlives its
household."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from core.crypto import Secret
from core.errors import Conflict, Refused
from core.work import Tx, Work
from registry_link.households import filling_halves, filling_numbers, taking_over
from registry_link.households.cards import note_card
from registry_link.households.clearing import clear_step
from registry_link.households.commands import (
    HouseholdRow,
    MemberRow,
    NewMember,
    RegisterProvisional,
    register_provisional,
)
from registry_link.households.completing import CompleteHousehold, complete_household, facts_of, ids_of_kk, ids_of_nik
from registry_link.households.departures import undo_departure
from registry_link.households.identifying import Clues, identify
from registry_link.households.known import HALF, forget_numbers, has_kk, has_nik, know_numbers
from registry_link.households.merged import Carried, carry_over, give_back, is_listed
from registry_link.households.models import Household, KnownNumber, Member, RegistryLink, Snapshot, TakingOver
from registry_link.households.numbers import kk_index, nik_index
from registry_link.households.pairing import ordered, pairs_by_kk, pairs_by_nik
from registry_link.households.people import listed_by_index
from registry_link.households.proof import prove
from registry_link.households.queries import SearchHouseholds, search_households
from registry_link.households.splitting import MoveMember, move_member
from registry_link.households.states import Relation
from registry_link.households.taking_over import leave, ready_step
from registry_link.households.turning import _unseen
from registry_link.importing.applying import begin_applying, keep_applied, to_fill_in
from registry_link.importing.commands import approve_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.privacy.commands import approve_erasure, ask_erasure
from tests.registry_link.importing.test_imports import HEAD, HEADER, LOG, line, lines, start, stored
from tests.registry_link.people import OFFICE, SAUM, kk, merge, nik, nothing_waits, with_regions
from tests.registry_link.privacy.test_privacy import asking

DAY = date(2026, 1, 5)


def index(serial: int) -> bytes:
    return nik_index(Secret(nik(serial)))


def numbers() -> list[bytes]:
    return [index(serial) for serial in range(1, 9)]


def card(serial: int) -> bytes:
    return kk_index(Secret(kk(serial)))


def cards() -> list[bytes]:
    return [card(serial) for serial in range(1, 9)]


@pytest.fixture
def office(work: Work) -> Work:
    return with_regions(work)


def row(number: int, *serials: int, of_card: int = 0) -> HouseholdRow:
    """Make a household of a file; serial 0 is somebody without a number, or none of the card."""
    return HouseholdRow(
        external_id=f"h{number}", village_code=SAUM, file_row=number, kk=Secret(kk(of_card)) if of_card else None,
        members=tuple(
            MemberRow(
                name=f"Orang {place} Contoh", external_id=f"m{number}-{place}", file_row=number * 10 + place,
                relation=Relation.OTHER if place else Relation.HEAD, nik=Secret(nik(serial)) if serial else None,
            )
            for place, serial in enumerate(serials)
        ),
    )  # fmt: skip


def entries(work: Work) -> list[tuple[bytes, int]]:
    with work.read_by(OFFICE) as tx:
        rows = tx.session.execute(sa.select(KnownNumber.number_index, KnownNumber.row_no)).all()
    return sorted((bytes(one.number_index), one.row_no) for one in rows)


def wanted(work: Work) -> list[tuple[bytes, int]]:
    """Give the entries that everybody's numbers need, and every household's."""
    query = sa.select(Member.nik_bidx, Household.row_no).join(Household, Household.id == Member.household_id)
    with work.read_by(OFFICE) as tx:
        rows = [*tx.session.execute(query), *tx.session.execute(sa.select(Household.kk_bidx, Household.row_no))]
    return sorted({(bytes(number)[:HALF], row_no) for number, row_no in rows if number is not None})


def finds_as_a_walk_does(work: Work, asked: Sequence[bytes], of_cards: Sequence[bytes] = ()) -> bool:
    with work.read_by(OFFICE) as tx:
        for some in [*([one] for one in asked), list(asked)]:
            found = tx.session.scalars(sa.select(Member.id).where(has_nik(some)).order_by(Member.id)).all()
            walked = tx.session.scalars(sa.select(Member.id).where(Member.nik_bidx.in_(some)).order_by(Member.id)).all()
            assert found == walked
        for some in [*([one] for one in of_cards), list(of_cards)]:
            homes = sa.select(Household.id).order_by(Household.id)
            found = tx.session.scalars(homes.where(has_kk(some))).all()
            assert found == tx.session.scalars(homes.where(Household.kk_bidx.in_(some))).all()
        assert prove(tx) == []
    return True


# ---------------------------------------------------------------- any sequence


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["register", "take", "take", "import", "merge", "part", "move", "undo", "complete", "erase"]),
        st.integers(0, 5), st.integers(0, 8), st.integers(0, 8),
    ),
    min_size=6, max_size=12,
)  # fmt: skip


@dataclass(slots=True)
class _Story:
    """What was done so far, as the next act needs it."""

    work: Work
    folder: Path
    day: date = DAY
    files: int = 0
    merges: list[tuple[UUID, UUID, Carried]] = field(default_factory=list)

    def homes(self) -> Sequence[UUID]:
        with self.work.read_by(OFFICE) as tx:
            return tx.session.scalars(sa.select(Household.id).where(is_listed()).order_by(Household.row_no)).all()

    def act(self, name: str, at: int, one: int, other: int) -> None:
        self.day += timedelta(days=1)
        if name == "take":
            # Of a household that stands some come, go, or have another number now.
            rows = [row(at, one, other, of_card=other), row(at + 1, other, of_card=one), row(at + 2, of_card=at)]
            merge(self.work, rows, as_of=self.day, lists_members=bool(one % 2))
        elif name == "import":
            self._import(at, one, other)
        elif name == "register":
            with self.work.by(LOG) as tx:
                register_provisional(tx, RegisterProvisional(
                    head_name="Orang Baru", village_code=SAUM, head_nik=nik(one) if one else "",
                    members=(NewMember(name="Anak Baru", nik=nik(other) if other else ""),), kk=kk(at) if at else "",
                ))  # fmt: skip
        elif name == "part":
            self._part()
        elif homes := self.homes():
            home, second = homes[at % len(homes)], homes[one % len(homes)]
            self._act(name, at, home, second, one, other)

    def _import(self, at: int, one: int, other: int) -> None:
        self.files += 1
        rows = [
            line(at, 1, nik=nik(one) if one else "", kk=kk(other) if other else ""),
            line(at, 2, nik=nik(other) if other else "", kk=kk(other) if other else ""), line(at + 1, 1),
        ]  # fmt: skip
        run_id = start(self.work, stored(self.folder, rows, f"{self.files}.csv"), as_of=self.day)
        run_pending_imports(self.work, OFFICE)
        with self.work.by(HEAD) as tx:
            approve_import(tx, run_id)
        run_pending_imports(self.work, OFFICE)

    def _part(self) -> None:
        if self.merges:
            survivor, gone, was = self.merges.pop()
            with self.work.by(OFFICE) as tx:
                give_back(tx, survivor, gone, was)

    def _complete(self, at: int, number: str, of_card: str) -> None:
        with self.work.by(OFFICE) as tx:
            lacks = (Member.relation == Relation.HEAD, Member.is_present, Member.nik_bidx.is_(None))
            homes = sa.select(Household.id).join(Member, Member.household_id == Household.id).where(*lacks, is_listed())
            open_ones = tx.session.scalars(homes.order_by(Household.row_no)).all()
            for home in open_ones[at : at + 1] or open_ones[:1]:
                seal = facts_of(tx, [home], "complete")[home].seal
                complete_household(tx, CompleteHousehold(household_id=home, seal=seal, head_nik=number))
            bare = sa.select(Household.id).where(Household.kk_bidx.is_(None), is_listed()).order_by(Household.row_no)
            for home in tx.session.scalars(bare.limit(1)).all():
                seal = facts_of(tx, [home], "complete")[home].seal
                complete_household(tx, CompleteHousehold(household_id=home, seal=seal, kk=of_card))

    def _act(self, name: str, at: int, home: UUID, second: UUID, one: int, other: int) -> None:
        if name == "complete" and one:
            self._complete(at, nik(one), kk(other or one))
        elif name == "merge" and home != second and not any(home == gone for gone, _, _ in self.merges):
            with self.work.by(OFFICE) as tx:
                self.merges.append((second, home, carry_over(tx, second, home)))
        elif name == "move":
            with self.work.by(LOG) as tx:
                there = sa.select(Member.id).where(Member.household_id == home, Member.is_present)
                people = tx.session.scalars(there.order_by(Member.position.desc(), Member.id)).all()
                code = tx.session.scalars(sa.select(Household.code).where(Household.id == second)).one()
                move_member(tx, MoveMember(
                    household_id=home, member_id=people[0], event_on=DAY, basis_no="475/3", basis_on=DAY,
                    to_code=code if other % 2 else "", relation=Relation.PARENT,
                ))  # fmt: skip
        elif name == "undo":
            with self.work.by(LOG) as tx:
                undo_departure(tx, home)
        elif name == "erase":
            with self.work.by(LOG) as tx:
                erasure_id = ask_erasure(tx, asking(home))
            with self.work.by(HEAD) as tx:
                approve_erasure(tx, erasure_id, "Sesuai permintaan", nothing_waits)
            self.merges = [each for each in self.merges if home not in each[:2]]


@settings(
    max_examples=6, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(acts=ACTS)
def test_whatever_is_done_a_number_finds_whom_a_walk_through_everybody_finds(work: Work, tmp_path: Path, acts):
    with work.read_by(OFFICE) as tx:
        last = tx.session.scalar(sa.select(sa.func.max(Snapshot.as_of_on)))
    if last is None:
        with_regions(work)
    story = _Story(work, tmp_path, last or DAY)
    former = set(entries(work)) - set(wanted(work))
    for act in acts:
        try:
            story.act(*act)
        except Refused:
            pass
        assert finds_as_a_walk_does(work, numbers(), cards()), act
        # What a file has corrected may stay known, and nothing else that is not so any more.
        too_many = set(entries(work)) - set(wanted(work))
        assert act[0] in ("take", "import") or too_many <= former, act
        former = too_many
        with work.read_by(OFFICE) as tx:
            erased = sa.select(Household.row_no).where(Household.erased_at.is_not(None))
            left = sa.select(sa.func.count()).select_from(KnownNumber).where(KnownNumber.row_no.in_(erased))
            assert tx.session.scalar(left) == 0, act


# ---------------------------------------------------------------- one by one


def three(office: Work) -> list[UUID]:
    """Put three households there; the first and the third name one number."""
    merge(office, [row(1, 1, 2), row(2, 3, 0), row(3, 1, 4)], as_of=DAY)
    with office.read_by(OFFICE) as tx:
        return list(tx.session.scalars(sa.select(Household.id).order_by(Household.row_no)))


def test_everybody_who_looks_by_number_finds_the_same_people(office: Work):
    first, second, third = three(office)
    with office.read_by(OFFICE) as tx:
        asked = [Secret(nik(1)), Secret(nik(3)), Secret(nik(9))]
        listed = listed_by_index(tx, numbers())
        assert {key: [one.household_id for one in those] for key, those in listed.items()} == {
            index(1): [first, third], index(2): [first], index(3): [second], index(4): [third],
        }  # fmt: skip
        assert {key: set(those) for key, those in ids_of_nik(tx, asked).items()} == {
            index(1): {first, third}, index(3): {second},
        }  # fmt: skip
        found = identify(tx, [Clues(nik=one) for one in asked], "test")
        assert [{each.household_id for each in one.candidates} for one in found] == [{first, third}, {second}, set()]
        assert pairs_by_nik(tx, 10).pairs == {ordered(first, third)}
    with office.read_by(LOG) as tx:
        assert [one.id for one in search_households(tx, SearchHouseholds(text=nik(1))).lines] == [first, third]
        assert not search_households(tx, SearchHouseholds(text=nik(9))).lines


def test_an_entry_too_many_misleads_nobody_and_one_too_few_is_told(office: Work):
    first, second, _ = three(office)
    with office.by(OFFICE) as tx:
        number = tx.session.scalar(sa.select(Household.row_no).where(Household.id == second))
        tx.session.execute(sa.insert(KnownNumber).values(number_index=index(2)[:HALF], row_no=number))
        assert [one.household_id for one in listed_by_index(tx, [index(2)])[index(2)]] == [first]
        assert prove(tx) == []
        forget_numbers(tx, [first])
        assert prove(tx) == ["registry: 2 members are not found by their NIK"]
        know_numbers(tx, [first])
        know_numbers(tx, [first])
        assert prove(tx) == []


def four_cards(office: Work) -> list[UUID]:
    """Put four households there: the first and the third have one card, the second notes it as a further one."""
    merge(office, [row(1, 1, of_card=1), row(2, 2), row(3, 3, of_card=1), row(4, of_card=4)], as_of=DAY)
    with office.by(LOG) as tx:
        homes = list(tx.session.scalars(sa.select(Household.id).order_by(Household.row_no)))
        note_card(tx, homes[1], kk(1))
    return homes


def test_everybody_who_looks_by_card_finds_the_same_households(office: Work):
    first, second, third, fourth = four_cards(office)
    with office.read_by(OFFICE) as tx:
        asked = [Secret(kk(1)), Secret(kk(4)), Secret(kk(9))]
        assert {key: set(those) for key, those in ids_of_kk(tx, asked).items()} == {
            card(1): {first, second, third}, card(4): {fourth},
        }  # fmt: skip
        found = identify(tx, [Clues(kk=one) for one in asked], "test")
        assert [{each.household_id for each in one.candidates} for one in found] == [
            {first, second, third}, {fourth}, set(),
        ]  # fmt: skip
        assert pairs_by_kk(tx, 10).pairs == {
            ordered(one, other) for one, other in ((first, second), (first, third), (second, third))
        }
    with office.read_by(LOG) as tx:
        assert {one.id for one in search_households(tx, SearchHouseholds(text=kk(1))).lines} == {first, second, third}
        assert not search_households(tx, SearchHouseholds(text=kk(9))).lines
    for serial, is_known in ((4, True), (9, False)):
        order = RegisterProvisional(head_name="Orang Baru", village_code=SAUM, kk=kk(serial))
        try:
            with office.by(LOG) as tx:
                register_provisional(tx, order)
        except Conflict as refused:
            assert (refused.code, is_known) == ("household.known", True)
        else:
            assert not is_known


def test_a_card_too_many_misleads_nobody_and_one_too_few_is_told(office: Work):
    first, _, _, fourth = four_cards(office)
    with office.by(OFFICE) as tx:
        number = tx.session.scalar(sa.select(Household.row_no).where(Household.id == first))
        tx.session.execute(sa.insert(KnownNumber).values(number_index=card(4)[:HALF], row_no=number))
        assert ids_of_kk(tx, [Secret(kk(4))]) == {card(4): (fourth,)}
        assert ordered(first, fourth) not in pairs_by_kk(tx, 10).pairs
        assert prove(tx) == []
        # A household of which nobody is told has its card all the same.
        forget_numbers(tx, [fourth])
        assert prove(tx) == ["registry: 1 households are not found by their No. KK"]
        forget_numbers(tx, [first])
        assert prove(tx) == [
            "registry: 1 members are not found by their NIK", "registry: 2 households are not found by their No. KK",
        ]  # fmt: skip
        know_numbers(tx, [first, fourth])
        assert prove(tx) == []


def test_a_corrected_card_is_found_and_so_is_one_that_is_completed(office: Work):
    merge(office, [row(1, 1, of_card=1), row(2, 2), row(3)], as_of=DAY)
    merge(office, [row(1, 1, of_card=5), row(2, 2), row(3, of_card=6)], as_of=DAY + timedelta(days=1))
    assert finds_as_a_walk_does(office, numbers(), cards())
    with office.by(OFFICE) as tx:
        first, second, third = tx.session.scalars(sa.select(Household.id).order_by(Household.row_no)).all()
        seal = facts_of(tx, [second], "complete")[second].seal
        complete_household(tx, CompleteHousehold(household_id=second, seal=seal, kk=kk(2)))
        asked = [Secret(kk(serial)) for serial in (1, 2, 5, 6)]
        assert ids_of_kk(tx, asked) == {card(5): (first,), card(2): (second,), card(6): (third,)}
    assert finds_as_a_walk_does(office, numbers(), cards())


def test_a_file_is_told_of_a_household_with_the_same_card(office: Work):
    first, *_ = four_cards(office)
    merge(office, [row(9, 9, of_card=1)], as_of=DAY, source="dtks")
    with office.read_by(OFFICE) as tx:
        link = sa.select(RegistryLink.suspect_household_id).where(RegistryLink.external_id == "h9")
        assert tx.session.scalars(link).one() == first


def test_who_is_completed_registered_merged_or_parted_is_found_at_once_where_he_is(office: Work):
    merge(office, [row(1, 0, 2), row(2, 3, 0)], as_of=DAY)
    with office.by(OFFICE) as tx:
        first, second = tx.session.scalars(sa.select(Household.id).order_by(Household.row_no)).all()
        seal = facts_of(tx, [first], "complete")[first].seal
        complete_household(tx, CompleteHousehold(household_id=first, seal=seal, head_nik=nik(1)))
    assert entries(office) == wanted(office)
    with office.by(LOG) as tx:
        third = register_provisional(tx, RegisterProvisional(
            head_name="Orang Baru", village_code=SAUM, head_nik=nik(4), members=(NewMember(name="Anak", nik=nik(5)),)
        )).id  # fmt: skip
    assert entries(office) == wanted(office)
    with office.by(OFFICE) as tx:
        was = carry_over(tx, first, third)
        assert [one.household_id for one in listed_by_index(tx, [index(5)])[index(5)]] == [first]
    assert entries(office) == wanted(office)
    merge(office, [row(1, 0, 2), row(2, 3, 6)], as_of=DAY + timedelta(days=1))
    assert entries(office) == wanted(office)
    with office.by(OFFICE) as tx:
        give_back(tx, first, third, was)
        assert [one.household_id for one in listed_by_index(tx, [index(5)])[index(5)]] == [third]
        assert [one.household_id for one in listed_by_index(tx, [index(6)])[index(6)]] == [second]
    assert entries(office) == wanted(office)
    assert len(entries(office)) == 6


def test_a_corrected_number_is_found_and_the_one_before_it_is_not(office: Work):
    merge(office, [row(1, 1, 2)], as_of=DAY)
    merge(office, [row(1, 5, 1)], as_of=DAY + timedelta(days=1))
    assert finds_as_a_walk_does(office, numbers())
    with office.read_by(OFFICE) as tx:
        assert set(listed_by_index(tx, numbers())) == {index(5), index(1)}


def test_what_a_file_says_of_somebody_who_moved_or_was_merged_is_found_where_he_lives_now(office: Work):
    first, second, third = three(office)
    moved(office, first, index(2), second)
    with office.by(OFFICE) as tx:
        carry_over(tx, first, third)
    # The file corrects the number of the one, and lists somebody new with the other household.
    merge(office, [row(1, 1, 6), row(2, 3, 0), row(3, 1, 4, 7)], as_of=DAY + timedelta(days=1))
    assert finds_as_a_walk_does(office, numbers())
    with office.read_by(OFFICE) as tx:
        listed = listed_by_index(tx, numbers())
        assert {key: [one.household_id for one in those] for key, those in listed.items()} == {
            index(1): [first], index(3): [second], index(4): [first], index(6): [second], index(7): [first],
        }  # fmt: skip


def moved(work: Work, home: UUID, number: bytes, to: UUID) -> None:
    """Let somebody move to another household."""
    with work.by(LOG) as tx:
        leaver = tx.session.scalars(
            sa.select(Member.id).where(Member.household_id == home, Member.nik_bidx == number)
        ).one()
        code = tx.session.scalars(sa.select(Household.code).where(Household.id == to)).one()
        move_member(tx, MoveMember(
            household_id=home, member_id=leaver, event_on=DAY, basis_no="475/3", basis_on=DAY, to_code=code
        ))  # fmt: skip


def test_who_moved_into_an_erased_household_is_not_known_where_he_lived_before_either(office: Work):
    first, second, third = three(office)
    moved(office, first, index(2), third)
    assert entries(office) == wanted(office)
    assert sum(number == index(2)[:HALF] for number, _ in entries(office)) == 2
    with office.by(LOG) as tx:
        erasure_id = ask_erasure(tx, asking(third))
    with office.by(HEAD) as tx:
        approve_erasure(tx, erasure_id, "Sesuai permintaan", nothing_waits)
    with office.read_by(OFFICE) as tx:
        rows = {one.id: one.row_no for one in tx.session.execute(sa.select(Household.id, Household.row_no))}
    assert entries(office) == sorted([(index(1)[:HALF], rows[first]), (index(3)[:HALF], rows[second])])


# ---------------------------------------------------------------- filled in


def filled_in(office: Work, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[UUID, list[tuple[bytes, int]]]:
    """Take a file as far as the last step of its taking over; gives what its steps of numbers wrote, in order."""
    for place in (filling_numbers, taking_over):
        monkeypatch.setattr(place, "NUMBERS_AT_ONCE", 4)
    # One has no number, two of one household have the same.
    rows = [*lines(5, 3), line(6, nik=""), line(7, 1), line(7, 2, nik=nik(71))]
    rows = [f"{one};A{place}" for place, one in enumerate(rows)]
    run_id = start(office, stored(folder, rows, header=f"{HEADER};id_art"), as_of=DAY + timedelta(days=1))
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        approve_import(tx, run_id)
    with office.by(OFFICE) as tx:
        begin_applying(tx, run_id)
    written: list[tuple[bytes, int]] = []
    filling, no = None, 0
    while True:
        with office.by(OFFICE) as tx:
            filling, no = to_fill_in(tx, run_id, filling if no % 3 else None)
            if no == len(filling.steps):
                return run_id, written
            ready = ready_step(tx, filling, no)
            if ready.numbers is not None:
                assert len(ready.numbers) <= 4
                written += ready.numbers.rows()
            keep_applied(tx, run_id, filling, ready)


def test_numbers_are_written_in_order_and_are_those_of_the_new_people(
    office: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _, written = filled_in(office, tmp_path, monkeypatch)
    assert written == sorted(written)
    assert written == entries(office) == wanted(office)
    # Those of sixteen people, and of seven households.
    assert len(written) == 23
    with office.read_by(OFFICE) as tx:
        assert tx.session.scalar(sa.select(sa.func.count(Member.nik_bidx))) == 17
    # Nobody is left of them in memory.
    assert not filling_numbers._kept
    assert not filling_halves._kept
    run_pending_imports(office, OFFICE)
    assert finds_as_a_walk_does(office, [index(serial) for serial in (11, 53, 61, 71, 72)], cards())


def test_a_taking_over_that_is_given_up_leaves_no_number(office: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    three(office)
    before = entries(office)
    filled_in(office, tmp_path, monkeypatch)
    assert len(entries(office)) == len(before) + 23
    with office.by(OFFICE) as tx:
        taking = tx.session.execute(sa.select(TakingOver.snapshot_id)).scalar_one()
        leave(tx, taking)
    while True:
        with office.by(OFFICE) as tx:
            if clear_step(tx, taking):
                break
    assert entries(office) == before == wanted(office)


# ---------------------------------------------------------------- how the database goes about it


LOOKS: dict[str, Callable[[Work], object]] = {
    "people behind a list": lambda work: _read(work, lambda tx: listed_by_index(tx, numbers())),
    "whom rows mean": lambda work: _read(work, lambda tx: identify(tx, [Clues(nik=Secret(nik(1)))], "test")),
    "completion": lambda work: _read(work, lambda tx: ids_of_nik(tx, [Secret(nik(1))])),
    "pairs": lambda work: _read(work, lambda tx: pairs_by_nik(tx, 9)),
}
LOOKS_BY_CARD: dict[str, Callable[[Work], object]] = {
    "whom rows mean": lambda work: _read(work, lambda tx: identify(tx, [Clues(kk=Secret(kk(1)))], "test")),
    "completion": lambda work: _read(work, lambda tx: ids_of_kk(tx, [Secret(kk(1))])),
    "registering": lambda work: _known_already(work),
    "erased meanwhile": lambda work: _read(work, lambda tx: _unseen(tx, 1, [], cards())),
    "pairs": lambda work: _read(work, lambda tx: pairs_by_kk(tx, 9)),
}
LOOKS_BY_BOTH: dict[str, Callable[[Work], object]] = {
    "search": lambda work: _read(work, lambda tx: search_households(tx, SearchHouseholds(text=nik(1)))),
    "doubles of a file": lambda work: merge(work, [row(5, 2, of_card=1)], as_of=DAY + timedelta(days=1)),
}


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("name", [*LOOKS, *LOOKS_BY_BOTH])
def test_a_number_is_looked_up_by_keys_from_its_table_to_the_household_to_its_people(office: Work, name: str):
    three(office)
    plans = list(_plans(office.engine, lambda: (LOOKS | LOOKS_BY_BOTH)[name](office)))
    assert any(_is_by_keys(plan, "member", "(household_id=?") for plan in plans)
    assert all(_is_by_keys(plan, "member", "(household_id=?") for plan in plans) or name not in LOOKS, plans
    assert all(_is_by_keys(plan, "household", "(row_no=?)") for plan in plans), plans


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("name", [*LOOKS_BY_CARD, *LOOKS_BY_BOTH])
def test_a_card_is_looked_up_by_keys_from_its_table_to_the_household(office: Work, name: str):
    four_cards(office)
    plans = list(_plans(office.engine, lambda: (LOOKS_BY_CARD | LOOKS_BY_BOTH)[name](office)))
    assert plans
    assert all(_is_by_keys(plan, "household", "(row_no=?)") for plan in plans), plans


def _is_by_keys(plan: Sequence[str], table: str, key: str) -> bool:
    """Tell whether a plan goes from the table of numbers by keys, as far as that table, and walks through none."""
    # Doubles among all are found in the narrow table, which stands in order.
    if plan == ["SCAN known_number"]:
        return True
    walks = [one for one in plan if one.startswith("SCAN") and not one.startswith("SCAN taking_over")]
    return (
        not walks and any(one.startswith("SEARCH known_number USING PRIMARY KEY (num") for one in plan)
        and any(one.startswith(f"SEARCH {table}") and key in one for one in plan)
    )  # fmt: skip


def _known_already(work: Work) -> None:
    with pytest.raises(Conflict, match=r"household\.known"), work.by(LOG) as tx:
        register_provisional(tx, RegisterProvisional(head_name="Orang Baru", village_code=SAUM, kk=kk(1)))


def _read(work: Work, act: Callable[[Tx], object]) -> None:
    with work.read_by(LOG) as tx:
        act(tx)


def _plans(engine: Engine, act: Callable[[], object]) -> Iterator[list[str]]:
    """Tell how SQLite goes about everything that an act asks of the table of numbers."""
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _d: object, statement: str, given: Any, _e: object, _many: object) -> None:
        if "known_number" in statement and statement.startswith("SELECT"):
            asked.append((statement, given))

    sa.event.listen(engine, "before_cursor_execute", note)
    act()
    sa.event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        for statement, given in asked:
            yield [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
