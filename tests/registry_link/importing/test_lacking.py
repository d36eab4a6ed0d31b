"""Households of a file without a member, or without a head, are warned of: once, in each file that lists them so."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.work import Work
from registry_link.households.commands import RegisterProvisional, register_provisional
from registry_link.households.lacking import HeadsTold
from registry_link.households.models import Household, Member
from registry_link.households.pieces import KEPT_HOMES, KEPT_PEOPLE, Piece, digests
from registry_link.households.states import Relation
from registry_link.importing import chunks, jobs, lacking
from registry_link.importing.applying import is_weighed
from registry_link.importing.chunks import read_chunk, stage_chunk
from registry_link.importing.commands import approve_import, discard_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.queries import ImportView, import_issues, import_run, issue_counts
from registry_link.importing.reading import Reading
from registry_link.importing.states import RunState
from tests.registry_link.importing.looked import count_looked
from tests.registry_link.importing.test_ahead import HOMES, PEOPLE
from tests.registry_link.importing.test_imports import (  # noqa: F401
    HEAD,
    HEADER,
    LOG,
    line,
    lines,
    office,
    start,
    start_unpacked,
    stored,
)
from tests.registry_link.importing.test_killed_imports import killed, small_steps
from tests.registry_link.people import OFFICE, SAUM, kk, nik

NO_HEAD, NO_MEMBER = "registry.no_head", "registry.no_member"
SECOND = date(2026, 4, 1)


def home(n: int) -> str:
    return f"K{n};{kk(n)};Kepala {n};{SAUM};Jalan {n};;;2"


def member(n: int, place: int, relation: str = "", number: str = "") -> str:
    relation = relation or ("1" if place == 1 else "3")
    return f"K{n};A{n}{place};{number or nik(n * 10 + place)};Orang{n}{place} Contoh;L;02-04-1986;{relation}"


def both(folder: Path, homes: list[str], people: list[str], name: str = "a", header: str = PEOPLE) -> tuple[Any, ...]:
    return stored(folder, homes, f"{name}k.csv", HOMES), stored(folder, people, f"{name}a.csv", header)


def said(work: Work, run_id: UUID) -> list[tuple[int, int, str, str]]:
    with work.read_by(LOG) as tx:
        lines = import_issues(tx, run_id).lines
        return [(one.file_no, one.row, one.column, one.code) for one in lines if one.is_warning]


def viewed(work: Work, run_id: UUID) -> ImportView:
    with work.read_by(LOG) as tx:
        return import_run(tx, run_id)


def applied(work: Work, run_id: UUID) -> None:
    run_pending_imports(work, OFFICE)
    with work.by(HEAD) as tx:
        approve_import(tx, run_id)
    run_pending_imports(work, OFFICE)
    assert viewed(work, run_id).state is RunState.APPLIED


def test_of_two_files_a_household_without_members_or_head_is_told_at_its_row(office: Work, tmp_path: Path):  # noqa: F811
    people = [
        member(1, 1), member(1, 2), member(3, 1, "3"), member(3, 2, "2"),
        # Whose row is refused may be the head, or the one member.
        member(4, 1, number="123"), member(5, 1, number="123"), member(5, 2), member(6, 1), member(6, 2, number="123"),
    ]  # fmt: skip
    files = both(tmp_path, [home(n) for n in (3, 1, 2, 4, 5, 6)], people)
    # Whichever is chosen first: what is told stands in the file of households.
    run_id = start(office, *files[::-1])
    run_pending_imports(office, OFFICE)
    view = viewed(office, run_id)
    assert view.file_names[0] == "ak.csv"
    assert (view.state, view.new, view.refused, view.warned) == (RunState.READY, 6, 3, 2)
    assert said(office, run_id) == [(0, 2, "", NO_HEAD), (0, 4, "", NO_MEMBER)]
    with office.read_by(LOG) as tx:
        (head, nobody) = [one for one in import_issues(tx, run_id).lines if one.is_warning]
        assert head.sentence("id").startswith("Baris 2: Keluarga ini beranggota")
        assert "1 atau Kepala Keluarga" in head.sentence("id")
        assert nobody.sentence("en").startswith("Row 4: The file of members lists nobody")
        assert {(one.code, one.rows) for one in issue_counts(tx, run_id) if one.is_warning} == {
            (NO_HEAD, 1), (NO_MEMBER, 1),
        }  # fmt: skip


def test_in_a_flat_file_it_is_told_where_the_household_stands_first(office: Work, tmp_path: Path):  # noqa: F811
    rows = [
        *lines(2, 2), line(3, 1, shdk="99"), line(4, 1, shdk="3"), line(3, 2), line(5, 1, shdk="3", nik="12"),
        line(5, 2), line(4, 2, shdk="2"),
    ]  # fmt: skip
    run_id = start(office, stored(tmp_path, rows))
    run_pending_imports(office, OFFICE)
    view = viewed(office, run_id)
    # The sixth row has two warnings, and is one row.
    assert (view.state, view.refused, view.warned) == (RunState.READY, 1, 2)
    assert sorted(said(office, run_id)) == [
        (0, 6, "shdk", NO_HEAD), (0, 6, "shdk", "registry.relation_unknown"), (0, 7, "shdk", NO_HEAD),
    ]  # fmt: skip


def test_members_that_are_listed_no_more_leave_as_the_warning_says(office: Work, tmp_path: Path):  # noqa: F811
    applied(office, start(office, *both(tmp_path, [home(1), home(2)], [member(1, 1), member(2, 1)])))
    second = start(office, *both(tmp_path, [home(1), home(2)], [member(1, 1)], "b"), as_of=SECOND)
    run_pending_imports(office, OFFICE)
    assert said(office, second) == [(0, 3, "", NO_MEMBER)]
    applied(office, second)
    with office.read_by(LOG) as tx:
        of = sa.select(Household.external_id).join(Member, Member.household_id == Household.id)
        assert tx.session.scalars(of.where(Member.is_present)).all() == ["K1"]
    # Applying compares no second time what was said before.
    assert said(office, second) == [(0, 3, "", NO_MEMBER)]


def test_what_says_nothing_of_members_or_of_heads_lacks_none(office: Work, tmp_path: Path):  # noqa: F811
    alone = start(office, stored(tmp_path, [home(1), home(2)], header=HOMES))
    no_relation = [";".join(member(n, 1).split(";")[:-1]) for n in (1, 2)]
    header = PEOPLE.removesuffix(";shdk")
    several = start(office, *both(tmp_path, [home(n) for n in (1, 2, 3)], no_relation, "b", header))
    flat = [row.replace(";1;", ";", 1) for row in lines(2, 1)]
    flat_run = start(office, stored(tmp_path, flat, "c.csv", HEADER.replace(";shdk", "")))
    run_pending_imports(office, OFFICE)
    assert [(viewed(office, one).new, viewed(office, one).warned) for one in (alone, several, flat_run)] == [
        (2, 0), (3, 1), (2, 0),
    ]  # fmt: skip
    assert [said(office, one) for one in (alone, several, flat_run)] == [[], [(0, 4, "", NO_MEMBER)], []]


def test_rows_that_complete_a_file_are_not_said_to_lack_anybody(office: Work, tmp_path: Path):  # noqa: F811
    people = [member(1, 1), member(1, 2, number="123"), member(2, 1, number="123"), member(2, 2)]
    applied(office, start(office, *both(tmp_path, [home(1), home(2)], people)))
    with office.read_by(LOG) as tx:
        whole = tx.session.scalar(sa.select(Household.snapshot_id).where(Household.external_id == "K1"))
    few = start(office, stored(tmp_path, [member(1, 2)], "b.csv", PEOPLE), completes_id=whole)
    applied(office, few)
    both_files = start(office, *both(tmp_path, [home(5), home(6)], [member(5, 2)], "c"), completes_id=whole)
    applied(office, both_files)
    for one in (few, both_files):
        assert (said(office, one), viewed(office, one).warned) == ([], 0)


# ---------------------------------------------------------------- once


LACKING = [(0, 3, "", NO_MEMBER), (0, 4, "", NO_HEAD)]


def lacking_two(folder: Path, name: str = "a") -> tuple[Any, ...]:
    people = [member(1, 1), member(1, 2), member(3, 1, "3"), member(3, 2, "3"), member(4, 1)]
    return both(folder, [home(n) for n in (1, 2, 3, 4)], people, name)


def test_a_cut_off_import_is_warned_of_once(office: Work, tmp_path: Path):  # noqa: F811
    run_id = start_unpacked(office, *lacking_two(tmp_path))
    steps = 0
    is_done = False
    while not is_done:
        before = said(office, run_id)
        with pytest.raises(RuntimeError, match="power"), office.by(OFFICE) as tx:
            stage_chunk(tx, run_id, read_chunk(tx, run_id, 2, Reading()))
            raise RuntimeError("power cut")
        assert said(office, run_id) == before == []
        if steps == 5:
            # All is compared again from its beginning: the registry is another.
            with office.by(LOG) as tx:
                order = RegisterProvisional(head_name="Orang99 Contoh", head_nik=nik(99), kk=kk(99), village_code=SAUM)
                register_provisional(tx, order)
        with office.by(OFFICE) as tx:
            is_done = stage_chunk(tx, run_id, read_chunk(tx, run_id, 2, Reading())).is_done
        steps += 1
    assert steps > 8
    assert (sorted(said(office, run_id)), viewed(office, run_id).warned) == (LACKING, 2)


def test_an_import_that_is_compared_again_when_it_is_applied_is_warned_of_once(
    office: Work,  # noqa: F811
    tmp_path: Path,
):
    run_id = start(office, *lacking_two(tmp_path))
    run_pending_imports(office, OFFICE)
    assert (sorted(said(office, run_id)), viewed(office, run_id).warned) == (LACKING, 2)
    with office.by(LOG) as tx:
        order = RegisterProvisional(head_name="Orang11 Contoh", head_nik=nik(11), kk=kk(1), village_code=SAUM)
        register_provisional(tx, order)
    with office.by(HEAD) as tx:
        assert not is_weighed(tx, run_id)
        approve_import(tx, run_id)
    run_pending_imports(office, OFFICE)
    view = viewed(office, run_id)
    assert (view.state, view.new, view.changed, view.warned) == (RunState.APPLIED, 3, 1, 2)
    assert sorted(said(office, run_id)) == LACKING


@pytest.mark.parametrize("is_after", [True, False], ids=["before it is kept", "once it is kept"])
def test_a_job_that_dies_in_its_last_step_warns_once(
    office: Work,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_after: bool,
):
    small_steps(monkeypatch.setattr)
    steps = []

    def counted(*given: Any) -> Any:
        steps.append(given)
        return stage_chunk(*given)

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "stage_chunk", counted)
        first = start(office, *lacking_two(tmp_path))
        run_pending_imports(office, OFFICE)
    assert viewed(office, first).state is RunState.READY
    with office.by(LOG) as tx:
        discard_import(tx, first)
    run_id = start(office, *lacking_two(tmp_path))
    killed(office, "stage_chunk", len(steps) - is_after, is_after=is_after)
    assert (viewed(office, run_id).state, said(office, run_id)) == (RunState.READING, [])
    run_pending_imports(office, OFFICE)
    view = viewed(office, run_id)
    assert (view.state, sorted(said(office, run_id)), view.warned) == (RunState.READY, LACKING, 2)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let short files have marks; gives how many rows of each piece are looked at."""
    return count_looked(monkeypatch)


def test_the_next_file_that_says_the_same_is_warned_of_again(
    office: Work,  # noqa: F811
    tmp_path: Path,
    looked_at: list[int],
):
    applied(office, start(office, *lacking_two(tmp_path)))
    looked_at.clear()
    _, people = lacking_two(tmp_path)
    # Other bytes, the same rows.
    homes = stored(tmp_path, [*(home(n) for n in (1, 2, 3, 4)), ""], "bk.csv", HOMES)
    second = start(office, homes, people, as_of=SECOND)
    run_pending_imports(office, OFFICE)
    view = viewed(office, second)
    assert (view.new, view.changed, view.unchanged, view.warned) == (0, 0, 4, 2)
    assert sorted(said(office, second)) == LACKING
    # The rows of the two that are told of, and no others.
    assert sum(looked_at) == 2 + 2


# ---------------------------------------------------------------- very many


def test_where_nearly_all_lack_the_same_the_first_are_listed_and_all_are_counted(
    office: Work,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    looked_at: list[int],
):
    monkeypatch.setattr(lacking, "MOST_LACKING", 3)
    monkeypatch.setattr(chunks, "_SKIPPED", 1)
    people = [member(n, place, "3") for n in range(1, 7) for place in (1, 2)]
    files = both(tmp_path, [home(n) for n in range(1, 10)], people)
    run_id = start(office, *files)
    run_pending_imports(office, OFFICE)
    assert viewed(office, run_id).warned == 9
    assert said(office, run_id) == [
        (0, 0, "", f"{NO_HEAD}_more"), *((0, row, "", NO_HEAD) for row in (2, 3, 4)),
        *((0, row, "", NO_MEMBER) for row in (8, 9, 10)),
    ]  # fmt: skip
    with office.read_by(LOG) as tx:
        first, *_ = import_issues(tx, run_id).lines
        assert first.sentence("id").startswith("Seluruhnya 6 keluarga beranggota tetapi tanpa kepala; 3 yang pertama")
        assert first.sentence("en").startswith("Altogether 6 households have members but no head; the first 3")
    applied(office, run_id)
    looked_at.clear()
    # None of them has a mark, whether it is listed or not.
    more = stored(tmp_path, [*(home(n) for n in range(1, 10)), ""], "bk.csv", HOMES)
    second = start(office, more, files[1], as_of=SECOND)
    run_pending_imports(office, OFFICE)
    assert (sum(looked_at), viewed(office, second).warned) == (9 + 12, 9)


# ---------------------------------------------------------------- how it is found


@given(
    members=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(Relation))), max_size=20),
    cuts=st.lists(st.integers(0, 20), max_size=3), homes=st.integers(0, 6), left_out=st.sets(st.integers(0, 5)),
)  # fmt: skip
def test_whoever_has_no_head_is_found_however_the_rows_are_cut(
    members: list[tuple[int, Relation]], cuts: list[int], homes: int, left_out: set[int]
):
    members = [(of, relation) for of, relation in members if of < homes]
    told = HeadsTold()
    names = [f"K{n}" for n in range(homes)]
    rows = [n * 3 + 2 for n in range(homes)]
    edges = sorted({0, *cuts, 26})
    for begin, end in pairwise(edges):
        some = slice(begin, end)
        told.add(Piece(
            pl.DataFrame({"external_id": names[some], "file_row": rows[some]}, schema_overrides=KEPT_HOMES),
            pl.DataFrame({"relation": [one.value for _, one in members[some]]}, schema_overrides=KEPT_PEOPLE),
        ))  # fmt: skip
    home_of = np.array([of for of, _ in members], dtype=np.int32)
    is_judged = np.array([n not in left_out for n in range(homes)], dtype=np.bool_)
    ids = digests(pl.Series(names, dtype=pl.String()))
    expected = [
        (int(ids[n]), rows[n], any(of == n for of, _ in members))
        for n in range(homes)
        if n not in left_out and (n, Relation.HEAD) not in members
    ]
    assert told.lacking(ids, home_of, is_judged).rows() == expected
