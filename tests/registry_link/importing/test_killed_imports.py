"""kill -9 at every stage of an import: it goes on where it was and comes to what it would have come to anyway."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.work import Work
from registry_link.households.models import Household, Member, RegistryLink
from registry_link.importing import jobs, unpacking
from registry_link.importing.commands import approve_import, read_chunk
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.queries import import_issues, import_run
from registry_link.importing.states import RunState
from tests.registry_link.importing.test_imports import HEAD, LOG, line, lines, office, start, stored  # noqa: F401
from tests.registry_link.people import OFFICE
from tests.support.databases import open_for_test

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process is forked and killed, which is POSIX")
Act = Callable[..., Any]


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies_at(name: str, number: int, *, is_after: bool) -> Callable[[], None]:
    """Make the job die in its ``number``-th call of a command: before its transaction is committed, or once it is."""

    def arrange() -> None:
        original: Act = getattr(jobs, name)
        calls = [0]

        def counted(*given: Any) -> Any:
            calls[0] += 1
            if is_after and calls[0] == number + 1:
                die()
            done = original(*given)
            if not is_after and calls[0] == number:
                die()
            return done

        setattr(jobs, name, counted)

    return arrange


def killed(work: Work, arrange: Callable[[], None]) -> None:
    """Run the job in a process that dies of ``arrange``."""
    url = work.engine.url.render_as_string(hide_password=False)
    work.engine.dispose()
    pid = os.fork()
    if not pid:
        try:
            arrange()
            run_pending_imports(Work(open_for_test(url), work.clock), OFFICE)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_an_import_killed_at_every_stage_comes_to_the_same(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    rows = lines(7, 3)
    run_id = start(office, stored(tmp_path, [*rows, rows[1], line(8, nik="123")]))
    monkeypatch.setattr(unpacking, "_TOLD_EVERY", 2)
    original = read_chunk
    monkeypatch.setattr(jobs, "read_chunk", lambda tx, run: original(tx, run, 5))
    killed(office, dies_at("note_unpacking", 3, is_after=True))
    assert list(tmp_path.glob("*.part-*"))
    for name, number, is_after in (
        ("take_unpacked", 1, False), ("stage_chunk", 1, False), ("stage_chunk", 2, True), ("stage_chunk", 1, False),
    ):  # fmt: skip
        killed(office, dies_at(name, number, is_after=is_after))
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        view = import_run(tx, run_id)
        assert (view.state, view.rows, view.new, view.refused, view.doubled) == (RunState.READY, 23, 7, 1, 1)
        assert [(one.row, one.code) for one in import_issues(tx, run_id).lines] == [
            (24, "registry.number_length"), (23, "registry.member_twice"),
        ]  # fmt: skip
        approve_import(tx, run_id)
    killed(office, dies_at("apply_import", 1, is_after=False))
    with office.read_by(LOG) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0
    run_pending_imports(office, OFFICE)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert import_run(tx, run_id).state is RunState.APPLIED
        counts = [tx.session.scalar(sa.select(sa.func.count()).select_from(one)) for one in (Household, Member)]
        assert counts == [7, 21]
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(RegistryLink)) == 7
    assert not list(tmp_path.glob("*.rows*"))
