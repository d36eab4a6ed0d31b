"""Files of strangers: received outside of any transaction, kept once, and nothing left of what came to nothing."""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import TooLarge
from core.files.commands import KeepFile, drop_abandoned, drop_received, keep_file, kept_file, path_of, receive_file
from core.reader.stream import refuse_early, stream_table
from core.work import Work
from tests.support.builders import SYSTEM, an_office


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def test_a_received_file_is_kept_even_when_its_transaction_is_tried_again(work: Work, folder: Path):
    an_office(work)
    received = receive_file(folder, io.BytesIO(b"isi"), 10)
    order = KeepFile(received=received, name="../a:b.csv", purpose="registry", keep_days=1)
    with pytest.raises(RuntimeError), work.by(SYSTEM) as tx:
        keep_file(tx, order)
        raise RuntimeError("again")
    with work.by(SYSTEM) as tx:
        file_id = keep_file(tx, order).id
    with work.read_by(SYSTEM) as tx:
        stored, name, path = kept_file(tx, folder, file_id, "registry")
        drop_received(tx, received)
    assert (stored.size, name, path.read_bytes()) == (3, ".._a_b.csv", b"isi")


def test_what_comes_to_nothing_leaves_nothing(work: Work, folder: Path):
    an_office(work)
    with pytest.raises(TooLarge):
        receive_file(folder, io.BytesIO(b"12345"), 4)
    received = receive_file(folder, io.BytesIO(b"1234"), 4)
    with pytest.raises(RuntimeError), work.by(SYSTEM) as tx:
        keep_file(tx, KeepFile(received=received, name="a.csv", purpose="registry"))
        raise RuntimeError("refused")
    assert path_of(folder, received.sha256).exists()
    with work.read_by(SYSTEM) as tx:
        drop_received(tx, received)
    assert not [one for one in folder.rglob("*") if one.is_file()]


def test_what_a_killed_process_left_goes_after_a_day(work: Work, folder: Path):
    now = work.clock.now()
    folder.mkdir()
    for name, age in (("incoming-old", 2), ("incoming-new", 0), ("refused-old", 2)):
        path = folder / name
        path.mkdir() if name.startswith("refused") else path.touch()
        at = (now - timedelta(days=age)).timestamp()
        os.utime(path, (at, at))
    assert drop_abandoned(folder, now - timedelta(days=1)) == 2
    assert [one.name for one in folder.iterdir()] == ["incoming-new"]


def test_a_sealed_upload_stands_open_nowhere_and_is_read_as_it_came(folder: Path):
    content = b"nik;nama\n9901010204860001;Petrus\n"
    plain = receive_file(folder, io.BytesIO(content), 100)
    sealed = receive_file(folder, io.BytesIO(content), 100, is_sealed=True)
    assert (sealed.sha256, sealed.size) == (plain.sha256, plain.size)
    assert b"Petrus" not in sealed.temporary.read_bytes()
    refuse_early(sealed.temporary, "dtsen.csv")
    with stream_table(sealed.temporary, "dtsen.csv", most_rows=10, most_columns=10) as table:
        assert [one.cells for one in table.rows] == [["9901010204860001", "Petrus"]]


def test_no_number_is_kept_as_a_files_name(work: Work, folder: Path):
    an_office(work)
    with work.by(SYSTEM) as tx:
        received = receive_file(folder, io.BytesIO(b"isi"), 10)
        done = keep_file(tx, KeepFile(received=received, name="KK 9901010101200001.csv", purpose="registry"))
    with work.read_by(SYSTEM) as tx:
        assert kept_file(tx, folder, done.id, "registry")[1] == "berkas.csv"
