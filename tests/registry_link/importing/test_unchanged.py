"""Rows that say what they said before are not looked at, and come to what reading them comes to."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import FixedClock
from core.reader.stream import StreamRow, line_of
from core.sealed_file import SealedWriter, size_of
from core.work import Work
from registry_link.households import changing
from registry_link.households.commands import HouseholdRow, MemberRow, RecordSnapshot, merge_households, record_snapshot
from registry_link.households.completing import CompleteHousehold, complete_household, facts_of
from registry_link.households.marks import ROWS, Again, forget_marks, say_the_same, summed
from registry_link.households.models import (
    Household,
    Member,
    RegistryLink,
    SnapshotDifference,
    SnapshotMark,
    StagedMark,
    StagedMember,
)
from registry_link.households.queries import snapshots
from registry_link.households.states import DifferenceKind, LinkState, SnapshotState
from registry_link.importing import chunks, jobs, unchanged
from registry_link.importing.commands import approve_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.queries import import_run
from registry_link.importing.reading import Reading
from registry_link.importing.screening import _said
from registry_link.importing.states import RunState
from registry_link.importing.unpacking import lines_between
from tests.registry_link.importing.looked import count_looked
from tests.registry_link.importing.test_ahead import HOMES, PEOPLE, imported
from tests.registry_link.importing.test_imports import HEAD, HEADER, LOG, line, lines, office, start, stored  # noqa: F401
from tests.registry_link.people import OFFICE, SAUM, kk, nik

FIRST, SECOND, THIRD = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)


@pytest.fixture(autouse=True)
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let short files have marks too, and few households change by several statements; gives how many rows of each
    piece are looked at, in this process."""
    monkeypatch.setattr(unchanged, "_AT_ONCE", 97)
    monkeypatch.setattr(changing, "_AT_ONCE", 2)
    return count_looked(monkeypatch)


def state(work: Work) -> dict[str, Any]:
    """Give what stands: households and members with what they are, whose links stand, what is told of."""
    with work.read_by(OFFICE) as tx:
        homes = sa.select(
            Household.external_id, Household.village_code, Household.address, Household.head_name, Household.size
        )
        people = sa.select(Household.external_id, Member.member_key, Member.name, Member.nik_bidx)
        people = people.join(Household, Household.id == Member.household_id).where(Member.is_present)
        links = sa.select(RegistryLink.external_id).where(RegistryLink.until_snapshot_id.is_(None))
        return {
            "homes": sorted(map(tuple, tx.session.execute(homes))), "links": sorted(tx.session.scalars(links)),
            "people": sorted(map(str, tx.session.execute(people))),
        }  # fmt: skip


def told(work: Work) -> dict[DifferenceKind, int]:
    with work.read_by(OFFICE) as tx:
        newest = next(one.id for one in snapshots(tx) if one.state is SnapshotState.CURRENT)
        query = sa.select(SnapshotDifference.kind, sa.func.count()).group_by(SnapshotDifference.kind)
        rows = tx.session.execute(query.where(SnapshotDifference.snapshot_id == newest))
        return {kind: count for kind, count in rows}  # noqa: C416 (rows are no pairs to the type checker)


def test_only_households_that_say_something_new_are_looked_at(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    imported(office, tmp_path, "a.csv", [*lines(9, 3), line(3, 2), line(10, nik="123")], FIRST)
    assert sum(looked_at) == 29
    looked_at.clear()
    rows = [one for one in lines(9, 3) if not one.startswith("K0007")]
    rows = [one.replace("Jalan 5", "Jalan Baru") for one in rows[::-1]]
    counts, issues = imported(office, tmp_path, "b.csv", [*rows, line(10, nik="123"), line(12)], SECOND)
    # One says something new, one had a row twice, one is refused again, one is new.
    assert sum(looked_at) == 3 + 3 + 1 + 1
    assert counts == (1, 1, 7, 1, 0, 0)
    assert [code for _, code in issues] == ["registry.number_length"]
    assert told(office) == {DifferenceKind.NEW: 1, DifferenceKind.GONE: 1, DifferenceKind.ADDRESS: 1}
    with office.read_by(LOG) as tx:
        now = snapshots(tx)[0]
        assert (now.households, now.members) == (9, 8 * 3 + 1)
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(StagedMark)) == 0
        assert tx.session.scalars(sa.select(SnapshotMark.snapshot_id)).all() == [now.id]
    looked_at.clear()
    counts, _ = imported(office, tmp_path, "c.csv", [*rows[::-1], line(10, nik="123"), line(12)], THIRD)
    assert (sum(looked_at), counts, told(office)) == (1, (0, 0, 9, 1, 0, 0), {})


def test_of_a_household_that_says_the_same_only_refused_rows_are_looked_at(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    rows = [*lines(4, 3), line(5, 1), line(5, 2, nik="123"), line(5, 3)]
    first = imported(office, tmp_path, "a.csv", rows, FIRST)
    for name, as_of in (("b.csv", SECOND), ("c.csv", THIRD)):
        looked_at.clear()
        counts, issues = imported(office, tmp_path, name, rows[::-1] if as_of is SECOND else [*rows, ""], as_of)
        assert (sum(looked_at), counts, told(office)) == (1, (0, 0, 5, 1, 0, 0), {})
        # It is given back with its reason every time.
        assert [code for _, code in issues] == [code for _, code in first[1]] == ["registry.number_length"]
        with office.read_by(LOG) as tx:
            assert (snapshots(tx)[0].households, snapshots(tx)[0].members) == (5, 4 * 3 + 2)
    # Somebody else of the household says something new, then the damaged number is right.
    looked_at.clear()
    rows[-1] = line(5, 3, nama="Nama Baru")
    imported(office, tmp_path, "d.csv", rows, date(2026, 8, 1))
    assert (sum(looked_at), told(office)) == (3, {DifferenceKind.MEMBER_CHANGED: 1})
    looked_at.clear()
    rows[-2] = line(5, 2)
    counts, issues = imported(office, tmp_path, "e.csv", rows, date(2026, 9, 1))
    assert (sum(looked_at), counts, issues) == (3, (0, 1, 4, 0, 0, 0), [])
    assert told(office) == {DifferenceKind.MEMBER_ADDED: 1}


def test_a_household_of_which_somebody_stays_is_looked_at_as_a_whole(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    rows = [*lines(3, 2), line(4, 1), line(4, 2)]
    imported(office, tmp_path, "a.csv", rows, FIRST)
    rows[-1] = line(4, 2, nik="123")
    for name, as_of in (("b.csv", SECOND), ("c.csv", THIRD)):
        looked_at.clear()
        imported(office, tmp_path, name, rows if as_of is SECOND else [*rows, ""], as_of)
        with office.read_by(LOG) as tx:
            assert (snapshots(tx)[0].households, snapshots(tx)[0].members) == (4, 8)
        assert sum(looked_at) == 2
    with office.read_by(OFFICE) as tx:
        assert tx.session.scalar(sa.select(sa.func.count(Member.id)).where(Member.is_present)) == 8


def test_people_who_are_as_they_stand_are_not_staged_and_stay(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    rows = lines(4, 3)
    imported(office, tmp_path, "a.csv", rows, FIRST)
    with office.read_by(OFFICE) as tx:
        people = sa.select(Member.id, Member.name, Member.is_present).order_by(Member.id)
        before = tx.session.execute(people).all()
    moved = [line(1, place, alamat="Jalan Baru") for place in (1, 2, 3)]
    renamed = [line(2, 1), line(2, 2, nama="Nama Baru"), line(2, 3)]
    left = [line(3, 1, alamat="Jalan Baru"), line(3, 3, alamat="Jalan Baru")]
    run_id = start(office, stored(tmp_path, [*moved, *renamed, *left, *rows[9:]], "b.csv"), as_of=SECOND)
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        staged = sa.select(StagedMember.external_id, sa.func.count()).group_by(StagedMember.external_id)
        assert {home: count for home, count in tx.session.execute(staged)} == {"K0002": 3, "K0003": 2}  # noqa: C416
        assert import_run(tx, run_id).changed == 3
        approve_import(tx, run_id)
    run_pending_imports(office, OFFICE)
    with office.read_by(OFFICE) as tx:
        changed = {one.id: one for one in tx.session.execute(people)}
        named = tx.session.execute(sa.select(Household.external_id, Household.head_name))
        heads = {home: head for home, head in named}  # noqa: C416
    assert [row for row in before if changed[row.id] != row] == [
        row for row in before if row.name in ("Orang22 Contoh", "Orang32 Contoh")
    ]
    assert heads == {f"K000{n}": f"Orang{n}1 Contoh" for n in range(1, 5)}
    assert told(office) == {
        DifferenceKind.ADDRESS: 2, DifferenceKind.MEMBER_CHANGED: 1, DifferenceKind.MEMBER_GONE: 1,
        DifferenceKind.SIZE: 1,
    }  # fmt: skip


def suspected(work: Work) -> list[tuple[str, LinkState]]:
    with work.read_by(OFFICE) as tx:
        query = sa.select(RegistryLink.external_id, RegistryLink.state).where(
            RegistryLink.suspect_household_id.is_not(None), RegistryLink.until_snapshot_id.is_(None)
        )
        return [(home, state) for home, state in tx.session.execute(query)]


@pytest.mark.parametrize("shared", ["nik", "kk"])
def test_who_is_suspected_stays_so_where_no_number_changes(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
    shared: str,
):
    same = {"nik": nik(11)} if shared == "nik" else {"kk": kk(1)}
    rows = [*lines(3, 2)[:4], line(3, 1, **same), line(3, 2, **({} if shared == "nik" else same))]
    imported(office, tmp_path, "a.csv", rows[:-2], FIRST)
    imported(office, tmp_path, "b.csv", rows, SECOND)
    first = suspected(office)
    assert first == [("K0003", LinkState.DUPLICATE_SUSPECTED)]
    # The address alone, then the household as it was, then the number.
    for name, as_of, change in (("c.csv", THIRD, "Jalan Baru"), ("d.csv", date(2026, 8, 1), "Jalan 3")):
        rows[-2:] = [row.rsplit(";", 3)[0] + f";{change};001;002" for row in rows[-2:]]
        imported(office, tmp_path, name, [*rows, *[""] * (as_of.month - 7)], as_of)
        assert (told(office), suspected(office)) == ({DifferenceKind.ADDRESS: 1}, first)
    imported(office, tmp_path, "e.csv", [*rows[:-2], line(3, 1), line(3, 2)], date(2026, 9, 1))
    assert suspected(office) == []


def test_who_comes_back_is_suspected_again(office: Work, tmp_path: Path, looked_at: list[int]):  # noqa: F811
    rows, double = lines(2, 2), [line(3, 1, nik=nik(11)), line(3, 2)]
    for name, as_of, some in (("a.csv", FIRST, []), ("b.csv", SECOND, double), ("c.csv", THIRD, [""])):
        imported(office, tmp_path, name, [*rows, *some], as_of)
    assert suspected(office) == []
    moved = [row.replace("Jalan 3", "Jalan Baru") for row in double]
    imported(office, tmp_path, "d.csv", [*rows, *moved], date(2026, 8, 1))
    assert suspected(office) == [("K0003", LinkState.DUPLICATE_SUSPECTED)]


def test_who_lists_nobody_any_more_is_suspected_for_its_card(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    homes = [f"K{n};{kk(min(n, 2))};Kepala {n};{SAUM};Jalan {n};;;2" for n in (1, 2, 3)]
    people = [f"K{n};A{n};{nik(n * 10)};Orang {n};L;02-04-1986;1" for n in (1, 2, 3)]
    for name, as_of, count, listed in (("a", FIRST, 2, 2), ("b", SECOND, 3, 3), ("c", THIRD, 3, 2)):
        run_id = start(
            office, stored(tmp_path, homes[:count], f"{name}k.csv", HOMES),
            stored(tmp_path, [*people[:listed], *([""] if name == "c" else [])], f"{name}a.csv", PEOPLE), as_of=as_of,
        )  # fmt: skip
        run_pending_imports(office, OFFICE)
        with office.by(HEAD) as tx:
            approve_import(tx, run_id)
        run_pending_imports(office, OFFICE)
        assert suspected(office) == ([] if name == "a" else [("K3", LinkState.DUPLICATE_SUSPECTED)])


def test_what_is_wrong_by_the_day_of_its_file_is_looked_at_by_another_day(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    child = line(1, 2, nik=nik(12, date(2026, 2, 5)), lahir="05-02-2026")
    born = [line(1, 1), child, *lines(4, 1)[1:]]
    _, issues = imported(office, tmp_path, "a.csv", born, FIRST)
    assert [code for _, code in issues] == ["registry.birth_impossible"]
    looked_at.clear()
    counts, issues = imported(office, tmp_path, "b.csv", [*born, ""], SECOND)
    assert (sum(looked_at), counts, issues) == (2, (0, 1, 3, 0, 0, 0), [])
    assert told(office) == {DifferenceKind.MEMBER_ADDED: 1}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("is_cut", [False, True], ids=["at one go", "cut off after every step"])
def test_files_come_to_what_reading_every_row_comes_to(
    office: Work,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    is_cut: bool,
):
    rng = random.Random(seed)
    if is_cut:
        original: Any = chunks.read_chunk
        monkeypatch.setattr(chunks, "_SKIPPED", 1)
        monkeypatch.setattr(jobs, "read_chunk", lambda tx, run, reading: original(tx, run, 4, Reading()))
    listed: dict[int, list[str]] = {}
    for place in range(5):
        for one in range(1, 13):
            act = rng.choice(("stays", "stays", "stays", "comes", "changes", "goes", "is wrong"))
            if act == "goes":
                listed.pop(one, None)
            elif act in ("comes", "changes") or (act == "is wrong" and one in listed):
                listed[one] = [
                    line(one, person, alamat=f"Jalan {place}" if act == "changes" else f"Jalan {one}",
                         **({"nik": "12"} if act == "is wrong" and person == 2 else {}))
                    for person in range(1, rng.randint(2, 4))
                ]  # fmt: skip
        rows = [row for one in sorted(listed, key=lambda _: rng.random()) for row in listed[one]]
        if not rows:
            continue
        counts, issues = imported(office, tmp_path, f"{place}.csv", [*rows, ""], date(2026, place + 1, 1))
        before = state(office)
        assert before["links"] == sorted({row.split(";")[0] for row in rows if ";12;" not in row})
        # Once more, every row read: nothing of it is new.
        with office.by(OFFICE) as tx:
            forget_marks(tx)
        again, same_issues = imported(office, tmp_path, f"{place}-b.csv", rows, date(2026, place + 1, 2))
        assert again[:3] == (0, 0, sum(counts[:3]))
        assert (again[3:], [code for _, code in same_issues]) == (counts[3:], [code for _, code in issues])
        assert (state(office), told(office)) == (before, {})


def test_files_of_households_and_of_members_are_told_apart(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    def files(name: str, as_of: date, changed: int) -> None:
        homes = [f"K{n};{kk(n)};Kepala {n};{SAUM};Jalan {n};;;2" for n in range(1, 9)]
        people = [
            f"K{n};A{n}{p};{'12' if (n, p) == (3, 2) else nik(n * 10 + p)};"
            f"Orang {p}{' Baru' if (n, p) == (changed, 2) else ''};L;02-04-1986;{p}"
            for n in range(1, 9) for p in (1, 2)
        ]  # fmt: skip
        run_id = start(
            office, stored(tmp_path, homes, f"{name}k.csv", HOMES), stored(tmp_path, people, f"{name}a.csv", PEOPLE),
            as_of=as_of,
        )  # fmt: skip
        run_pending_imports(office, OFFICE)
        with office.by(HEAD) as tx:
            approve_import(tx, run_id)
        run_pending_imports(office, OFFICE)

    files("a", FIRST, 0)
    looked_at.clear()
    files("b", SECOND, 5)
    # The household with somebody new in it, and the damaged number of another.
    assert sum(looked_at) == 1 + 2 + 1
    assert told(office) == {DifferenceKind.MEMBER_CHANGED: 1}


def test_a_household_that_somebody_wrote_to_is_looked_at(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
    fixed_clock: FixedClock,
):
    imported(office, tmp_path, "a.csv", [*lines(4, 2), line(5, alamat="")], FIRST)
    fixed_clock.advance(timedelta(days=1))
    with office.by(OFFICE) as tx:
        home = tx.session.scalars(sa.select(Household.id).where(Household.external_id == "K0005")).one()
        seal = facts_of(tx, [home], "complete")[home].seal
        complete_household(tx, CompleteHousehold(household_id=home, seal=seal, address="Jalan Karang 3"))
    looked_at.clear()
    imported(office, tmp_path, "b.csv", [*lines(4, 2), line(5, alamat=""), ""], SECOND)
    assert sum(looked_at) == 1
    with office.read_by(OFFICE) as tx:
        assert tx.session.scalar(sa.select(Household.address).where(Household.id == home)) == "Jalan Karang 3"


def test_a_household_that_somebody_wrote_to_while_a_file_waited_is_looked_at(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
    fixed_clock: FixedClock,
):
    rows = [*lines(4, 2), line(5, alamat="")]
    imported(office, tmp_path, "a.csv", rows, FIRST)
    fixed_clock.advance(timedelta(days=1))
    run_id = start(office, stored(tmp_path, [*rows, ""], "b.csv"), as_of=SECOND)
    run_pending_imports(office, OFFICE)
    fixed_clock.advance(timedelta(days=1))
    with office.by(OFFICE) as tx:
        home = tx.session.scalars(sa.select(Household.id).where(Household.external_id == "K0005")).one()
        seal = facts_of(tx, [home], "complete")[home].seal
        complete_household(tx, CompleteHousehold(household_id=home, seal=seal, address="Jalan Karang 3"))
    fixed_clock.advance(timedelta(days=1))
    with office.by(HEAD) as tx:
        approve_import(tx, run_id)
    run_pending_imports(office, OFFICE)
    looked_at.clear()
    imported(office, tmp_path, "c.csv", [*rows, "", ""], THIRD)
    assert sum(looked_at) == 1


def test_a_row_that_is_taken_now_takes_nobody_of_its_household_away(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    rows = [*lines(3, 3), line(4, 1), line(4, 2, nik="123"), line(4, 3)]
    imported(office, tmp_path, "a.csv", rows, FIRST)
    # As if what judges a row had become milder, and nobody had told: one that was refused is taken.
    with office.by(OFFICE) as tx:
        row = tx.session.execute(sa.select(SnapshotMark.snapshot_id, SnapshotMark.refused)).one()
        cells = rows[4].split(";")
        refused = np.concatenate([
            np.frombuffer(row.refused, dtype=np.uint64), _said(line_of(StreamRow(2, cells, {}, ""), len(cells)))
        ])  # fmt: skip
        tx.session.execute(sa.update(SnapshotMark).values(refused=refused.tobytes()))
    looked_at.clear()
    counts, _ = imported(office, tmp_path, "b.csv", [*rows, ""], SECOND)
    assert (sum(looked_at), counts[:2], told(office)) == (2, (0, 0), {})
    with office.read_by(OFFICE) as tx:
        assert tx.session.scalar(sa.select(sa.func.count(Member.id)).where(Member.is_present)) == 3 * 3 + 2


def test_an_age_is_one_of_its_files_day(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    header = HEADER.replace("tgl_lahir", "umur")
    rows = [line(1, lahir="30"), line(2, lahir="")]
    for name, as_of in (("a.csv", FIRST), ("b.csv", SECOND)):
        looked_at.clear()
        run_id = start(office, stored(tmp_path, [*rows, "" if as_of is FIRST else ";"], name, header), as_of=as_of)
        run_pending_imports(office, OFFICE)
        with office.by(HEAD) as tx:
            approve_import(tx, run_id)
        run_pending_imports(office, OFFICE)
    with office.read_by(OFFICE) as tx:
        days = tx.session.scalars(sa.select(Member.age_as_of_on).where(Member.age_as_of_on.is_not(None))).all()
    assert days == [SECOND]


def test_other_columns_are_other_words(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    imported(office, tmp_path, "a.csv", lines(4, 2), FIRST)
    looked_at.clear()
    run_id = start(office, stored(tmp_path, [f"{row};3" for row in lines(4, 2)], "b.csv", f"{HEADER};desil"),
                   as_of=SECOND)  # fmt: skip
    run_pending_imports(office, OFFICE)
    assert sum(looked_at) == 8
    with office.read_by(LOG) as tx:
        assert import_run(tx, run_id).changed == 4


@pytest.mark.parametrize("when", ["while it is read", "after it was approved"])
def test_a_file_that_was_read_against_another_one_is_refused(
    office: Work,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
):
    imported(office, tmp_path, "a.csv", lines(4, 2), FIRST)
    late = start(office, stored(tmp_path, [*lines(3, 2), line(9)], "c.csv"), as_of=THIRD)

    def comes_between() -> None:
        with office.by(OFFICE) as tx:
            between = record_snapshot(tx, RecordSnapshot(source="dtsen", as_of_on=SECOND))
            merge_households(tx, between, [
                HouseholdRow(external_id="K0009", village_code=SAUM, members=(MemberRow(name="Orang Lain"),)),
            ])  # fmt: skip

    if when == "while it is read":
        read_on: Callable[..., Any] = jobs._read_on

        def read(*given: Any) -> Any:
            done = read_on(*given)
            monkeypatch.setattr(jobs, "_read_on", read_on)
            comes_between()
            return done

        monkeypatch.setattr(jobs, "_read_on", read)
        run_pending_imports(office, OFFICE)
    else:
        run_pending_imports(office, OFFICE)
        with office.by(HEAD) as tx:
            approve_import(tx, late)
        comes_between()
        run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, late)
        assert (view.state, view.problem.code if view.problem else "") == (
            RunState.REFUSED, "snapshot.read_against_another",
        )  # fmt: skip
        assert [one.as_of_on for one in snapshots(tx) if one.state is SnapshotState.CURRENT] == [SECOND]
        assert view.snapshot_id not in set(tx.session.scalars(sa.select(SnapshotMark.snapshot_id)))


def test_of_two_processes_the_faster_says_which_rows_are_read(
    office: Work,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    looked_at: list[int],
):
    imported(office, tmp_path, "a.csv", lines(4, 2), FIRST)
    found = unchanged.marks_to_be

    def meanwhile(tx: Any, run_id: UUID) -> Any:
        ready = found(tx, run_id)
        assert ready is not None and ready.skips is not None
        with office.by(OFFICE) as other:
            assert unchanged.keep_marks_to_be(other, run_id, replace(ready, again=None, skips=None))
        return ready

    monkeypatch.setattr(jobs, "marks_to_be", meanwhile)
    looked_at.clear()
    counts, _ = imported(office, tmp_path, "b.csv", [*lines(4, 2), line(5)], SECOND)
    assert (sum(looked_at), counts) == (9, (1, 0, 4, 0, 0, 0))
    assert told(office) == {DifferenceKind.NEW: 1}


def test_rows_with_other_cells_than_texts_give_no_marks(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    imported(office, tmp_path, "a.csv", [*lines(2, 2), line(3, alamat='"Jalan "dalam" 3')], FIRST)
    with office.read_by(OFFICE) as tx:
        kept = tx.session.execute(sa.select(SnapshotMark.marks)).scalars().all()
    looked_at.clear()
    imported(office, tmp_path, "b.csv", [*lines(2, 2), line(4)], SECOND)
    assert (kept, sum(looked_at)) == ([None], 5)


@settings(max_examples=150, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.lists(st.integers(0, 12), max_size=12), st.integers(1, 20))
def test_rows_between_two_bytes_are_each_row_once(tmp_path: Path, lengths: list[int], at_once: int):
    rows = [b"x" * length + b"\n" for length in lengths]
    path = tmp_path / "rows"
    with path.open("wb") as file, io.BufferedWriter(SealedWriter(file)) as out:
        out.write(b"".join(rows))
    size = sum(map(len, rows))
    assert size_of(path) == size
    parts = [lines_between(path, begin, begin + at_once) for begin in range(0, size, at_once)]
    begins = [sum(map(len, rows[:no])) for no in range(len(rows))]
    assert parts == [
        b"".join(row for row, at in zip(rows, begins, strict=True) if begin <= at < begin + at_once)
        for begin in range(0, size, at_once)
    ]


def test_sums_run_over_and_are_compared_as_they_are():
    largest = 2**64 - 1
    parts = [pl.DataFrame([(7, said, 1, 1, 0, 1)], schema=ROWS, orient="row") for said in (largest, 5)]
    now = summed([*parts, pl.DataFrame([(8, 3, 1, 1, 0, 0)], schema=ROWS, orient="row")])
    assert sorted(now.select("home", "said", "rows").rows()) == [(7, 4, 2), (8, 3, 1)]
    before = Again(UUID(int=1), pl.DataFrame(
        {"home": [7, 8, 9], "said": [4, 2, 3], "rows": [2, 1, 1], "people": [2, 0, 1]},
        schema={"home": pl.UInt64(), "said": pl.UInt64(), "rows": pl.Int16(), "people": pl.Int16()},
    ), np.zeros(0, dtype=np.uint64))  # fmt: skip
    assert say_the_same(before, now).marks["home"].to_list() == [7]
    assert say_the_same(before, now).people == 2
