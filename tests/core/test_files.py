"""Files of strangers: received outside of any transaction, kept once, and nothing left of what came to nothing."""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.errors import Busy, TooLarge
from core.files.commands import (
    KeepFile,
    StoreFile,
    drop_abandoned,
    drop_received,
    forget_file,
    keep_file,
    kept_file,
    path_of,
    receive_file,
    store_file,
)
from core.files.models import StoredFile
from core.reader.stream import refuse_early, stream_table
from core.work import Tx, Work
from tests.support.builders import SYSTEM, an_office
from tests.support.racing import Act, before_the_first_commits


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


def keep(tx: Tx, folder: Path) -> UUID:
    return store_file(tx, folder, StoreFile(stream=io.BytesIO(b"isi"), name="a.csv", purpose="p", most_bytes=10)).id


@pytest.mark.parametrize("is_stored_first", [True, False])
def test_bytes_stay_for_a_record_that_is_made_while_another_is_taken_away(
    work: Work, folder: Path, is_stored_first: bool
):
    an_office(work)
    with work.by(SYSTEM) as tx:
        old = keep(tx, folder)
    acts: list[Act] = [lambda tx: keep(tx, folder), lambda tx: forget_file(tx, folder, old)]
    first, second = acts if is_stored_first else reversed(acts)
    before_the_first_commits(work, SYSTEM, first, second)
    with work.read_by(SYSTEM) as tx:
        new = tx.session.scalars(sa.select(StoredFile.id).where(StoredFile.deleted_at.is_(None))).one()
        assert kept_file(tx, folder, new, "p")[2].read_bytes() == b"isi"


def test_bytes_stay_for_a_record_that_is_made_just_before_they_go(work: Work, folder: Path):
    an_office(work)
    with work.by(SYSTEM) as tx:
        old = keep(tx, folder)

    def again() -> None:
        with work.by(SYSTEM) as tx:
            keep(tx, folder)

    with work.by(SYSTEM) as tx:
        tx.after_commit(again)
        forget_file(tx, folder, old)
    assert len([one for one in folder.rglob("*") if one.is_file()]) == 1


def test_a_record_of_bytes_that_are_gone_is_not_made(work: Work, folder: Path):
    an_office(work)
    received = receive_file(folder, io.BytesIO(b"isi"), 10)
    received.drop()
    with pytest.raises(Busy), work.by(SYSTEM) as tx:
        keep_file(tx, KeepFile(received=received, name="a.csv", purpose="p"))


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
