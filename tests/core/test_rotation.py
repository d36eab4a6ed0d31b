"""Keys are rotated while others work, a rotation that is killed goes on, and a key that is needed is not retired."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.crypto import Keyring, Secret, use_ring
from core.db import Sealed
from core.errors import Conflict
from core.files.commands import receive_file
from core.privacy import sealing
from core.privacy.sealing import Progress, retire, rotate, sealed_with
from core.sealed_file import SealedWriter, is_key_gone, open_sealed
from core.work import Work
from registry_link.households.rows import HouseholdRow
from tests.registry_link.people import OFFICE, SAUM, head, kk, merge, nik, with_regions
from tests.support.tree import ROOT

KILLED = """
import os, signal, sys
from pathlib import Path
from core.clock import SystemClock
from core.crypto import Keyring, use_ring
from core.db import open_engine
from core.privacy import sealing
from core.work import Work
from tests.support.builders import SYSTEM
from tests.support.databases import import_models
import_models()
ring = Keyring.load(Path(sys.argv[1]))
use_ring(ring)
sealing.BATCH = 2
seen = []
def tell(progress):
    seen.append(progress)
    if len(seen) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
sealing.rotate(Work(open_engine(sys.argv[2]), SystemClock()), SYSTEM, ring, tell)
"""


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    """Keys of this test alone: the run's own are not rotated."""
    ring = Keyring.load_or_make(tmp_path / "keys")
    use_ring(ring)
    return ring


def registered(work: Work, count: int = 7) -> Work:
    """Put households with sealed numbers into the tables; every other one has no No. KK."""
    with_regions(work)
    merge(
        work,
        [
            HouseholdRow(
                external_id=f"K{no}", village_code=SAUM, kk=Secret(kk(no)) if no % 2 else None,
                members=(head(f"Uji {no}", no),),
            )
            for no in range(1, count + 1)
        ],
    )  # fmt: skip
    return work


def opened(work: Work) -> list[str]:
    with work.read_by(OFFICE) as tx:
        found = tx.session.scalars(sa.select(sa.column("nik", Sealed("person.nik"))).select_from(sa.table("member")))
        return sorted(one.reveal() for one in found if one is not None)


def test_everything_is_sealed_again_and_the_old_key_can_go(
    work: Work, ring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sealing, "BATCH", 3)
    numbers = opened(registered(work))
    with pytest.raises(Conflict) as refused:
        retire(work, OFFICE, ring, 1, tmp_path)
    assert refused.value.code == "keys.active"
    told: list[Progress] = []
    done = rotate(work, OFFICE, ring, told.append)
    assert (done.key, done.values, done.is_resumed) == (2, 11, False)
    assert [(one.column, one.done) for one in told] == [
        ("household.kk", 3), ("household.kk", 4), ("member.nik", 3), ("member.nik", 6), ("member.nik", 7),
    ]  # fmt: skip
    assert sealed_with(work) == {2: 11} and opened(work) == numbers
    retire(work, OFFICE, ring, 1, tmp_path)
    assert ring.numbers == (2,) and opened(work) == numbers
    again = rotate(work, OFFICE, ring, told.append)
    assert (again.key, again.values) == (3, 11)


def test_a_key_that_something_is_sealed_with_is_not_retired(work: Work, ring: Keyring, tmp_path: Path):
    registered(work)
    ring.add_key()
    with pytest.raises(Conflict) as refused:
        retire(work, OFFICE, ring, 1, tmp_path)
    assert refused.value.code == "keys.still_used" and refused.value.facts["values"] == 11
    assert ring.numbers == (1, 2)


def test_a_key_that_a_waiting_file_needs_is_not_retired(work: Work, ring: Keyring, tmp_path: Path):
    """Uploads and rows that wait are sealed with the ring: whoever took their key away could never read them."""
    registered(work, 1)
    folder = tmp_path / "files"
    upload = receive_file(folder / "ab", io.BytesIO(b"nik;nama\n"), 99, is_sealed=True).temporary
    rows = folder / "import-1-0.rows"
    with rows.open("wb") as out:
        SealedWriter(out).write(b"row")
    # What a stranger sent need not be what it begins like.
    (folder / "strange").write_bytes(rows.read_bytes()[:40])
    (folder / "short").write_bytes(b"tanggap rows 1\n\x00")
    rotate(work, OFFICE, ring, lambda _: None)
    for path, left in ((upload, 2), (rows, 1)):
        with pytest.raises(Conflict) as refused:
            retire(work, OFFICE, ring, 1, folder)
        assert (refused.value.code, refused.value.facts) == ("keys.files_wait", {"key": 1, "files": left})
        assert ring.numbers == (1, 2) and not is_key_gone(path)
        path.unlink()
    with rows.open("wb") as out:
        SealedWriter(out).write(b"row")
    retire(work, OFFICE, ring, 1, folder)
    assert ring.numbers == (2,)
    with open_sealed(rows) as file:
        assert file.read() == b"row"


def test_a_value_that_changes_meanwhile_keeps_its_change(work: Work, ring: Keyring):
    """What was read is only replaced while it stands: a correction between reading and writing wins."""
    registered(work, 1)

    def change(_: Progress) -> None:
        with work.by(OFFICE) as tx:
            fresh = ring.seal(nik(42), "person.nik")
            tx.session.execute(sa.text("UPDATE member SET nik = :raw"), {"raw": fresh})

    rotate(work, OFFICE, ring, change)
    assert opened(work) == [nik(42)] and sealed_with(work).keys() == {2}


def test_a_rotation_that_is_killed_goes_on_where_it_stood(work: Work, ring: Keyring, tmp_path: Path):
    numbers = opened(registered(work))
    url = work.engine.url.render_as_string(hide_password=False)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "keys"), url], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    left = sealed_with(work)
    assert left == {1: 7, 2: 4}
    assert opened(work) == numbers, "both keys are read meanwhile, by a process that began before the rotation"
    done = rotate(work, OFFICE, ring, lambda _: None)
    assert (done.key, done.values, done.is_resumed) == (2, 7, True)
    assert sealed_with(work) == {2: 11} and opened(work) == numbers
