"""How far an approved import is, as whoever looks at it is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from core.work import Work
from registry_link.households import filling, filling_numbers, progress, taking_over
from registry_link.households.pieces import piece_counts
from registry_link.households.progress import steps_of
from registry_link.households.states import TakingStage
from registry_link.households.taking_over import Filling, ready_step, taking_of
from registry_link.importing.applying import begin_applying, keep_applied, to_fill_in
from registry_link.importing.commands import approve_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.queries import import_run
from registry_link.importing.runs import run_of, weighed_counts
from registry_link.importing.states import RunState
from tests.registry_link.importing.test_ahead import small_pieces
from tests.registry_link.importing.test_imports import HEAD, LOG, line, lines, office, start, stored  # noqa: F401
from tests.registry_link.people import OFFICE


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_pieces(monkeypatch.setattr)
    monkeypatch.setattr(filling, "HOMES_AT_ONCE", 1)
    for name, many in (("NUMBERS_AT_ONCE", 4), ("SUSPECTS_AT_ONCE", 1), ("HEADS_AT_ONCE", 2), ("WORDS_AT_ONCE", 2)):
        for place in (progress, taking_over, filling_numbers):
            monkeypatch.setattr(place, name, many, raising=False)


def applied(work: Work, run_id: UUID) -> tuple[list[int], int, int]:
    """Apply an import step by step; gives what was told before each, how many steps there were, and were thought."""
    run_pending_imports(work, OFFICE)
    with work.by(HEAD) as tx:
        approve_import(tx, run_id)
    with work.read_by(LOG) as tx:
        assert import_run(tx, run_id).percent == 0
    with work.by(OFFICE) as tx:
        begin_applying(tx, run_id)
    with work.read_by(OFFICE) as tx:
        run = run_of(tx, run_id)
        taking = taking_of(tx, run.snapshot_id)
        thought = steps_of(piece_counts(tx, run.snapshot_id), taking, weighed_counts(run))
    told: list[int] = []
    kept: Filling | None = None
    stage = TakingStage.FILLING
    while stage is TakingStage.FILLING:
        with work.read_by(LOG) as tx:
            told.append(import_run(tx, run_id).percent)
        with work.by(OFFICE) as tx:
            kept, no = to_fill_in(tx, run_id, kept)
            stage = keep_applied(tx, run_id, kept, ready_step(tx, kept, no))
    with work.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.state, view.percent) == (RunState.APPLIED, 100)
    run_pending_imports(work, OFFICE)
    return told, len(told), thought


@pytest.mark.usefixtures("small")
def test_while_a_file_is_applied_it_is_told_how_far_it_is(office: Work, tmp_path: Path):  # noqa: F811
    told, steps, thought = applied(office, start(office, stored(tmp_path, [*lines(9, 2), line(10, nik="")])))
    assert thought == steps > 20
    assert told == [100 * no // steps for no in range(steps)]
    rows = [*lines(7, 2), line(1, 3, nama="Anak Baru"), line(2, 3), *(line(n) for n in range(11, 17))]
    told, steps, thought = applied(office, start(office, stored(tmp_path, rows, "b.csv"), as_of=date(2026, 4, 1)))
    assert told == sorted(told) and told[0] == 0 and 80 < told[-1] <= 99
    assert abs(thought - steps) <= 3
