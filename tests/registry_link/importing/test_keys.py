"""A file whose key is gone ends its own import with a reason, and no other one."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from core.crypto import Keyring, KeysUnusable, use_ring
from core.files.commands import KeepFile, keep_file, path_of, receive_file
from core.work import Work
from registry_link.importing import jobs
from registry_link.importing.commands import SourceFile, StartImport, start_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.queries import import_run
from registry_link.importing.states import RunState
from tests.registry_link.importing.test_imports import HEADER, LOG, line, start_unpacked, stored
from tests.registry_link.people import OFFICE, with_regions
from tests.support.builders import an_office


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    """Keys of this test alone: the run's own lose none."""
    ring = Keyring.load_or_make(tmp_path / "keys")
    use_ring(ring)
    return ring


def sent(work: Work, folder: Path, n: int) -> UUID:
    """Upload a file as a person does, sealed, and start its import."""
    content = "\n".join([HEADER, line(n), ""]).encode()
    received = receive_file(folder, io.BytesIO(content), 1 << 20, is_sealed=True)
    with work.by(LOG) as tx:
        kept = keep_file(tx, KeepFile(received=received, name=f"{n}.csv", purpose="registry"))
        file = SourceFile(
            path=path_of(folder, kept.sha256), name=f"{n}.csv", sha256=kept.sha256, size=kept.size, file_id=kept.id
        )
        order = StartImport(files=(file,), source=f"dtsen{n}", as_of_on=date(2026, 1, 1))
        return start_import(tx, order)


def state(work: Work, run_id: UUID) -> tuple[RunState, str]:
    with work.read_by(OFFICE) as tx:
        found = import_run(tx, run_id)
    return found.state, found.problem.code if found.problem else ""


def test_imports_whose_key_is_gone_are_refused_and_the_others_go_on(work: Work, ring: Keyring, tmp_path: Path):
    an_office(work, time_zone="Asia/Jayapura")
    with_regions(work)
    folder = tmp_path / "files"
    folder.mkdir()
    upload = sent(work, folder, 1)
    rows = start_unpacked(work, stored(folder, [line(2)], "2.csv"))
    ring.add_key()
    good = sent(work, folder, 3)
    ring.drop_key(1)
    told = run_pending_imports(work, OFFICE)
    assert state(work, rows) == (RunState.REFUSED, "registry.key_gone")
    assert state(work, upload) == (RunState.REFUSED, "registry.key_gone")
    assert state(work, good) == (RunState.READY, "")
    assert told.count("registry.key_gone") == 1 and f"{good}: read" in told
    assert run_pending_imports(work, OFFICE) == "", "what was refused is not tried again"


def test_with_keys_of_another_installation_nothing_is_given_up(work: Work, ring: Keyring, tmp_path: Path):
    """A wrong key file is put right again: every import would be lost if it ended them."""
    an_office(work, time_zone="Asia/Jayapura")
    with_regions(work)
    folder = tmp_path / "files"
    folder.mkdir()
    rows = start_unpacked(work, stored(folder, [line(2)], "2.csv"))
    use_ring(Keyring.fresh())
    with pytest.raises(KeysUnusable):
        run_pending_imports(work, OFFICE)
    assert state(work, rows) == (RunState.READING, "")
    use_ring(ring)
    run_pending_imports(work, OFFICE)
    assert state(work, rows) == (RunState.READY, "")


def test_what_nobody_foresaw_in_one_import_keeps_no_other_from_its_turn(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    an_office(work, time_zone="Asia/Jayapura")
    with_regions(work)
    folder = tmp_path / "files"
    folder.mkdir()
    bad, good = (start_unpacked(work, stored(folder, [line(n)], f"{n}.csv")) for n in (1, 2))
    read = jobs._read

    def fail(work: Work, actor: object, run_id: UUID) -> str:
        if run_id == bad:
            raise ZeroDivisionError
        return read(work, OFFICE, run_id)

    monkeypatch.setattr(jobs, "_read", fail)
    with pytest.raises(ZeroDivisionError):
        run_pending_imports(work, OFFICE)
    assert (state(work, bad)[0], state(work, good)[0]) == (RunState.READING, RunState.READY)
