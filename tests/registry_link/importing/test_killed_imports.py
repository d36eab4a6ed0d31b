"""kill -9 at every stage of an import: it goes on where it was and comes to what it would have come to anyway."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.crypto import ring
from core.work import Work
from registry_link.households import filling_numbers, taking_over
from registry_link.households.models import (
    Household,
    KnownNumber,
    Member,
    RegistryLink,
    StagedPiece,
    TakingOver,
    WeighedPiece,
)
from registry_link.households.proof import prove
from registry_link.households.queries import SearchHouseholds, search_households
from registry_link.importing import jobs, unpacking
from registry_link.importing.chunks import read_chunk
from registry_link.importing.commands import approve_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.queries import import_issues, import_run
from registry_link.importing.states import RunState
from tests.registry_link.importing.test_imports import HEAD, LOG, line, lines, office, start, stored  # noqa: F401
from tests.registry_link.people import OFFICE
from tests.support.tree import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process is killed by a signal, which is POSIX")
Act = Callable[..., Any]


PROGRAM = """
import os, signal, sys
from pathlib import Path
from core.clock import FixedClock
from core.crypto import Keyring, use_ring
from core.crypto import ring
from core.work import Work
from datetime import datetime
from registry_link.importing import jobs, unpacking
from tests.registry_link.importing.test_killed_imports import small_steps
from tests.registry_link.people import OFFICE
from tests.support.databases import open_for_test

url, keys, now, name, number, is_after = sys.argv[1:]
use_ring(Keyring.load(Path(keys)))
small_steps(lambda one, name, value: setattr(one, name, value))
original, calls = getattr(jobs, name), [0]

def counted(*given):
    calls[0] += 1
    if is_after == "True" and calls[0] == int(number) + 1:
        os.kill(os.getpid(), signal.SIGKILL)
    done = original(*given)
    if is_after == "False" and calls[0] == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return done

setattr(jobs, name, counted)
jobs.run_pending_imports(Work(open_for_test(url), FixedClock(datetime.fromisoformat(now))), OFFICE)
"""
"""A job that dies in a call of a command: before its transaction is committed, or once it is."""


def small_steps(put: Callable[[object, str, object], None]) -> None:
    """Let an import of few rows have many steps."""
    original: Act = read_chunk
    put(unpacking, "_TOLD_EVERY", 2)
    put(jobs, "read_chunk", lambda tx, run, reading: original(tx, run, 5, reading))
    put(unpacking, "_TOLD_AFTER_S", 0)
    put(taking_over, "WORDS_AT_ONCE", 2)
    put(taking_over, "NUMBERS_AT_ONCE", 2)
    put(filling_numbers, "NUMBERS_AT_ONCE", 2)


def killed(work: Work, name: str, number: int, *, is_after: bool) -> None:
    """Run the job in a process that dies in its ``number``-th call of a command."""
    url = work.engine.url.render_as_string(hide_password=False)
    work.engine.dispose()
    folder = ring()._path
    assert folder is not None
    words = (url, str(folder.parent), work.clock.now().isoformat(), name, str(number), str(is_after))
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_an_import_killed_at_every_stage_comes_to_the_same(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    rows = lines(7, 3)
    run_id = start(office, stored(tmp_path, [*rows, rows[1], line(8, nik="123")]))
    small_steps(monkeypatch.setattr)
    killed(office, "note_unpacking", 3, is_after=True)
    assert list(tmp_path.glob("*.part-*"))
    for name, number, is_after in (
        ("take_unpacked", 1, False), ("stage_chunk", 1, False), ("stage_chunk", 2, True), ("stage_chunk", 1, False),
        # All rows are read; what they say is written out piece by piece.
        ("stage_chunk", 4, True), ("stage_chunk", 3, False), ("stage_chunk", 2, True),
    ):  # fmt: skip
        killed(office, name, number, is_after=is_after)
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        view = import_run(tx, run_id)
        assert (view.state, view.rows, view.new, view.refused, view.doubled) == (RunState.READY, 23, 7, 1, 1)
        assert [(one.row, one.code) for one in import_issues(tx, run_id).lines] == [
            (24, "registry.number_length"), (23, "registry.member_twice"),
        ]  # fmt: skip
        approve_import(tx, run_id)
    killed(office, "begin_applying", 1, is_after=False)
    numbers: list[int] = []
    for number, is_after in ((1, False), (1, True), (2, True), (5, True), (3, False), (3, True), (3, False)):
        killed(office, "keep_applied", number, is_after=is_after)
        with office.read_by(LOG) as tx:
            numbers.append(tx.session.scalar(sa.select(sa.func.count()).select_from(KnownNumber)) or 0)
            assert tx.session.scalar(sa.select(sa.func.count()).select_from(TakingOver)) == 1
            assert search_households(tx, SearchHouseholds()).lines == ()
            assert search_households(tx, SearchHouseholds(text="contoh")).lines == ()
    # It died between the numbers too.
    assert 0 < numbers[-2] < numbers[-1] < 28
    killed(office, "clear_step", 1, is_after=False)
    with office.read_by(LOG) as tx:
        assert len(search_households(tx, SearchHouseholds()).lines) == 7
        assert len(search_households(tx, SearchHouseholds(text="contoh")).lines) == 7
    run_pending_imports(office, OFFICE)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert import_run(tx, run_id).state is RunState.APPLIED
        counts = [tx.session.scalar(sa.select(sa.func.count()).select_from(one)) for one in (Household, Member)]
        assert counts == [7, 21]
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(KnownNumber)) == 28
        assert prove(tx) == []
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(RegistryLink)) == 7
        for left in (TakingOver, StagedPiece, WeighedPiece):
            assert tx.session.scalar(sa.select(sa.func.count()).select_from(left)) == 0
    assert not list(tmp_path.glob("*.rows*"))
