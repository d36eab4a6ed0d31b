"""With a process beside, an import comes to the very same rows as without one, also where that process dies."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa

from core import beside as beside_module
from core.beside import Beside, BesideGone
from core.work import Work
from registry_link.households import filling, taking_over
from registry_link.households.models import Household, Member, SearchText
from registry_link.importing import jobs
from registry_link.importing.chunks import read_chunk
from registry_link.importing.commands import approve_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.queries import import_issues, import_run
from registry_link.importing.states import RunState
from tests.registry_link.importing.test_imports import HEAD, LOG, line, lines, office, start, stored  # noqa: F401
from tests.registry_link.people import OFFICE, SAUM, kk

HOMES = "id_keluarga;no_kk;nama_kepala_keluarga;kode_desa;alamat;rt;rw;jumlah_anggota_keluarga"
PEOPLE = "id_keluarga;id_art;nik;nama;jenis_kelamin;tgl_lahir;shdk"
SEALED = ("nik", "kk")
"""Sealed with another nonce each time."""


def same(one: Any, other: Any) -> bool:
    """Tell whether two answers say the same."""
    if isinstance(one, pl.DataFrame):
        return one.drop(SEALED, strict=False).equals(other.drop(SEALED, strict=False))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if dataclasses.is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, each.name), getattr(other, each.name)) for each in dataclasses.fields(one)
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def small_pieces(put: Callable[[object, str, object], None]) -> None:
    original: Any = read_chunk
    put(jobs, "read_chunk", lambda tx, run, reading: original(tx, run, 4, reading))
    put(jobs, "LONG", 0)
    put(jobs, "MUCH", 0)


def imported(work: Work, folder: Path, name: str, rows: list[str], as_of: Any = None) -> tuple[Any, Any]:
    run_id = start(work, stored(folder, rows, name), **({} if as_of is None else {"as_of": as_of}))
    run_pending_imports(work, OFFICE)
    with work.by(HEAD) as tx:
        issues = [(one.row, one.code) for one in import_issues(tx, run_id).lines]
        approve_import(tx, run_id)
    run_pending_imports(work, OFFICE)
    with work.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert view.state is RunState.APPLIED
    return (view.new, view.changed, view.unchanged, view.refused, view.doubled, view.warned), issues


ROWS = [*lines(9, 3), line(3, 2), line(10, nik="123"), line(11, desa="tidak ada"), line(12, nama='"kutip"')]
NEXT = [*(one.replace("Jalan 4", "Jalan Baru") for one in lines(8, 3)), *lines(14, 2)[18:]]


@pytest.fixture
def answered(office: Work, monkeypatch: pytest.MonkeyPatch) -> list[str]:  # noqa: F811 (a fixture)
    """Compare everything that a process beside answers with what comes of it here; gives what was compared."""
    found: list[str] = []
    asked: deque[tuple[Any, ...]] = deque()
    ask, answer = Beside.ask, Beside.answer

    def noted(self: Beside, act: Any, *args: Any) -> None:
        asked.append((act, *args))
        ask(self, act, *args)

    def compared(self: Beside) -> object:
        act, *args = asked.popleft()
        theirs, ours = answer(self), act(office, OFFICE, *args)
        assert same(theirs, ours)
        found.append(type(theirs).__name__)
        return theirs

    monkeypatch.setattr(Beside, "ask", noted)
    monkeypatch.setattr(Beside, "answer", compared)
    return found


def test_what_is_made_ready_beside_is_what_would_be_made_here(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answered: list[str],
):
    small_pieces(monkeypatch.setattr)
    first, second = imported(office, tmp_path, "a.csv", ROWS), imported(office, tmp_path, "b.csv", NEXT)
    assert (first[0], second[0]) == ((10, 0, 0, 2, 1, 0), (4, 2, 7, 0, 0, 0))
    assert [code for _, code in first[1]] == ["registry.number_length", "registry.district_missing",
                                              "registry.member_twice"]  # fmt: skip
    # Of the second file only the rows of households that say something new.
    assert answered.count("Looked") > 4
    assert answered.count("ReadyStep") > 12


def test_a_process_that_parts_the_work_otherwise_is_not_believed(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    small_pieces(monkeypatch.setattr)
    # Here many steps of words and of each piece's households, beside one.
    monkeypatch.setattr(taking_over, "WORDS_AT_ONCE", 2)
    monkeypatch.setattr(filling, "HOMES_AT_ONCE", 1)
    assert imported(office, tmp_path, "a.csv", ROWS)[0] == (10, 0, 0, 2, 1, 0)
    with office.read_by(LOG) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(SearchText)) == 10


@pytest.mark.parametrize("after", [0, 1, 5, 12])
def test_an_import_goes_on_when_the_process_beside_dies(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
):
    small_pieces(monkeypatch.setattr)
    calls = [0]
    original = Beside.answer

    def dying(self: Beside) -> object:
        calls[0] += 1
        if calls[0] > after:
            self._child.kill()
            self._child.wait()
            calls[0] = -1000
        return original(self)

    monkeypatch.setattr(Beside, "answer", dying)
    assert imported(office, tmp_path, "a.csv", ROWS)[0] == (10, 0, 0, 2, 1, 0)
    with office.read_by(LOG) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 10
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Member)) == 28


def test_two_files_are_looked_at_beside_one_after_the_other(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answered: list[str],
):
    small_pieces(monkeypatch.setattr)
    homes = [f"K{n};{kk(n)};Kepala{n} Contoh;{SAUM};Jalan {n};001;002;2" for n in range(1, 11)]
    people = [f"K{n};A{n}-{m};;Orang{n}{m} Contoh;L;02-04-1986;{m}" for n in range(1, 11) for m in (1, 3)]
    run_id = start(
        office, stored(tmp_path, people, "anggota.csv", PEOPLE), stored(tmp_path, homes, "keluarga.csv", HOMES)
    )
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.state, view.rows, view.new, view.refused) == (RunState.READY, 30, 10, 0)
    assert answered


def test_without_a_process_everything_is_done_here(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    small_pieces(monkeypatch.setattr)

    def gone(*_: object) -> None:
        raise BesideGone

    monkeypatch.setattr(beside_module.Beside, "ask", gone)
    assert imported(office, tmp_path, "a.csv", ROWS)[0] == (10, 0, 0, 2, 1, 0)
