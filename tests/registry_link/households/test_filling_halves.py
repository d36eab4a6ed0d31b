"""The numbers of what a file brings are the same whoever made its rows: this process, another one, or both in part."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.work import Work
from registry_link.households import filling, filling_halves, filling_numbers, taking_over
from registry_link.households.commands import RegisterProvisional, register_provisional
from registry_link.households.filling_halves import (
    EIGHT_BYTES,
    NO_HALVES,
    Key,
    Part,
    forget_halves,
    keep_halves,
    take_halves,
)
from registry_link.households.filling_numbers import _Numbers, _numbers
from registry_link.households.forgetting import _forget
from registry_link.households.models import KnownNumber
from registry_link.households.numbers import plain_indexes
from registry_link.households.proof import prove
from registry_link.households.taking_over import Filling, ready_step
from registry_link.importing.applying import begin_applying, keep_applied, to_fill_in
from registry_link.importing.commands import approve_import
from registry_link.importing.jobs import run_pending_imports
from tests.registry_link.importing.test_ahead import small_pieces
from tests.registry_link.importing.test_imports import HEAD, LOG, line, lines, office, start, stored  # noqa: F401
from tests.registry_link.people import OFFICE, SAUM, kk

ROWS = [*lines(5, 3), line(6, nik=""), line(7, kk=""), line(7, 2, kk="")]
"""One has no number, a household of two no card."""


def until_numbers(work: Work, folder: Path, name: str = "a.csv", **given: date) -> tuple[UUID, Filling, int]:
    """Take a file as far as its first step of numbers, in this process."""
    run_id = start(work, stored(folder, ROWS, name), **given)
    run_pending_imports(work, OFFICE)
    with work.by(HEAD) as tx:
        approve_import(tx, run_id)
    with work.by(OFFICE) as tx:
        begin_applying(tx, run_id)
    filling: Filling | None = None
    while True:
        with work.by(OFFICE) as tx:
            filling, no = to_fill_in(tx, run_id, filling)
            if filling.steps[no].kind == "numbers":
                return run_id, filling, no
            keep_applied(tx, run_id, filling, ready_step(tx, filling, no))


def key_of(filling: Filling) -> Key:
    return filling.snapshot.id, filling.taking.no


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_pieces(monkeypatch.setattr)
    monkeypatch.setattr(filling, "HOMES_AT_ONCE", 1)
    for place in (filling_numbers, taking_over):
        monkeypatch.setattr(place, "NUMBERS_AT_ONCE", 4)
    forget_halves()


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tell how many numbers are made into keyed hashes for the table of numbers alone, column by column."""
    found: list[int] = []

    def noted(numbers: Any, context: str) -> list[bytes | None]:
        found.append(len(numbers))
        return plain_indexes(numbers, context)

    monkeypatch.setattr(filling_numbers, "plain_indexes", noted)
    return found


@pytest.mark.usefixtures("small")
def test_whoever_made_which_rows_the_numbers_are_the_same(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    hashed: list[int],
):
    with office.by(LOG) as tx:
        # Its row is no new household.
        register_provisional(tx, RegisterProvisional(head_name="Orang31 Contoh", kk=kk(3), village_code=SAUM))
    _, filling, _ = until_numbers(office, tmp_path)
    assert len(filling.met) == 1
    key = key_of(filling)
    made = take_halves(key)
    assert {kind for kind, _, _ in made} == {"homes", "people"}
    assert len({no for _, no, _ in made}) > 2
    assert any(part for _, _, part in made)
    with office.read_by(OFFICE) as tx:
        numbers = _numbers(tx, key[0], key[1], filling.met)
        anew = _every(numbers)
        # Of six new households five have a card; of their fifteen people one has no number.
        assert len(anew[0]) == 5 + 14
        assert sum(hashed) == 6 + 15

        @settings(max_examples=30, deadline=None, derandomize=True, database=None)
        @given(st.sets(st.sampled_from(sorted(made))))
        def same_as_anew(parts: set[Part]) -> None:
            assert not filling_halves._kept
            for part in parts:
                keep_halves(key, part, made[part])
            hashed.clear()
            found = _numbers(tx, key[0], key[1], filling.met)
            assert _every(found) == anew
            assert found.most == numbers.most
            assert len(hashed) == len(made) - len(parts)

        same_as_anew()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("forgets", ["nothing", "at every step", "in the middle"])
def test_a_process_that_begins_again_at_any_step_writes_the_same(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    forgets: str,
):
    run_id, filling, no = until_numbers(office, tmp_path)
    key = key_of(filling)
    with office.read_by(OFFICE) as tx:
        wanted = sorted(zip(*_columns(tx, key, filling), strict=True))
    assert len(filling.steps) > no + 4
    with office.by(OFFICE) as tx:
        for step in range(no, len(filling.steps)):
            if filling.steps[step].kind != "numbers":
                break
            if forgets == "at every step" or (forgets == "in the middle" and step == no + 2):
                filling_numbers._kept.clear()
                forget_halves()
            keep_applied(tx, run_id, filling, ready_step(tx, filling, step))
    with office.read_by(OFFICE) as tx:
        rows = tx.session.execute(sa.select(KnownNumber.number_index, KnownNumber.row_no)).all()
        assert sorted((bytes(one.number_index), one.row_no) for one in rows) == wanted
    run_pending_imports(office, OFFICE)
    with office.read_by(OFFICE) as tx:
        assert prove(tx) == []


def _columns(tx: Any, key: Key, filling: Filling) -> tuple[list[bytes], list[int]]:
    return _every(_numbers(tx, key[0], key[1], filling.met))


def _every(found: _Numbers) -> tuple[list[bytes], list[int]]:
    every = found.some(0, found.most)
    return [one.tobytes() for one in every.numbers.astype(EIGHT_BYTES)], every.rows.tolist()


SOME = st.tuples(st.integers(0, 40).map(lambda one: one << 58 | one), st.sampled_from([0, 7]), st.integers(0, 3))
"""Numbers in most of the parts that they are put in order in, some of them again, of the same household or another."""


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.lists(SOME, max_size=30), max_size=4), st.integers(1, 9), st.data())
def test_numbers_in_order_a_part_at_a_time_are_all_of_them_in_order(
    pieces: list[list[tuple[int, int, int]]], count: int, data: st.DataObject
):
    every = sorted({one for piece in pieces for one in piece})
    found = _Numbers(
        [
            (np.array([one[:2] for one in piece], dtype=EIGHT_BYTES).reshape(-1, 2),
             np.array([one[2] for one in piece], dtype=np.int32))
            for piece in [[], *pieces]
        ],
        sum(map(len, pieces)),
    )  # fmt: skip

    def some(begin: int) -> list[tuple[int, int, int]]:
        part = found.some(begin, count)
        return [
            (first, second, row) for (first, second), row in zip(part.numbers.tolist(), part.rows.tolist(), strict=True)
        ]

    # From wherever a process that begins again may be, then on to the end, then once more.
    begins = [data.draw(st.integers(0, len(every) + count)), *range(0, len(every) + count, count), 0]
    for begin in begins:
        assert some(begin) == every[begin : begin + count]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_piece_that_is_not_what_was_compared_is_noticed_whoever_made_it(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    is_kept: bool,
):
    _, filling, no = until_numbers(office, tmp_path)
    with office.by(OFFICE) as tx:
        assert not ready_step(tx, filling, no).is_moved
        assert _forget(tx, filling.snapshot.id, filling.steps[0].first, {"K0001"})
    filling_numbers._kept.clear()
    if not is_kept:
        forget_halves()
    with office.read_by(OFFICE) as tx:
        assert ready_step(tx, filling, no).is_moved


@pytest.mark.usefixtures("small")
def test_nothing_is_kept_longer_than_the_taking_over_of_its_snapshot(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
):
    keep_halves((UUID(int=1), 1), ("people", 0, 0), NO_HALVES)
    _, filling, no = until_numbers(office, tmp_path)
    key = key_of(filling)
    # The one before it has given way.
    assert list(filling_halves._kept) == [key]
    kept = filling_halves._kept[key].values()
    assert sum(one.numbers.nbytes + one.homes.nbytes for one in kept) == 20 * (6 + 17)
    with office.read_by(OFFICE) as tx:
        for step in range(no, len(filling.steps)):
            ready_step(tx, filling, step)
            assert not filling_halves._kept
        assert not filling_numbers._kept
        # A process that made some rows, and no numbers, keeps them no longer either.
        keep_halves(key, ("homes", 0, 0), NO_HALVES)
        ready_step(tx, filling, len(filling.steps))
        assert not filling_halves._kept
