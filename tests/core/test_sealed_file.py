"""Rows that wait on the disk are sealed, and are read from any byte of what was written."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto import KeysUnusable
from core.sealed_file import SealedWriter, beginning_of, open_plain, open_sealed, size_of

PLAIN = b"".join(b'["%d","9901010101200001"]\n' % number for number in range(4000))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows"
    with path.open("wb") as out, io.BufferedWriter(SealedWriter(out), 512) as rows:
        for line in PLAIN.splitlines(keepends=True):
            rows.write(line)
    return path


def test_what_was_written_is_read_from_any_byte(file: Path):
    @given(at=st.integers(min_value=0, max_value=len(PLAIN) + 40))
    def from_any_byte(at: int) -> None:
        with open_sealed(file, at) as rows:
            assert rows.read() == PLAIN[at:]

    from_any_byte()
    with open_sealed(file) as rows:
        assert list(rows) == PLAIN.splitlines(keepends=True)


def test_nothing_of_it_stands_open_and_no_two_files_are_alike(file: Path, tmp_path: Path):
    kept = file.read_bytes()
    assert b"990101" not in kept
    again = tmp_path / "again"
    with again.open("wb") as out, io.BufferedWriter(SealedWriter(out)) as rows:
        rows.write(PLAIN)
    with open_sealed(again) as rows:
        assert rows.read() == PLAIN
    body, other = kept[-len(PLAIN) :], again.read_bytes()[-len(PLAIN) :]
    assert not {body[at : at + 8] for at in range(0, len(body), 8)} & {other[at : at + 8] for at in range(len(other))}


def test_a_file_of_another_installation_is_refused(file: Path):
    kept = file.read_bytes()
    for content in (b"", b'["1","9901"]\n', kept[:20] + bytes([kept[20] ^ 1]) + kept[21:]):
        file.write_bytes(content)
        with pytest.raises(KeysUnusable):
            open_sealed(file)


def test_a_file_is_read_alike_sealed_or_not_and_its_copy_has_no_name(file: Path, tmp_path: Path):
    plain = tmp_path / "plain"
    plain.write_bytes(PLAIN)
    for path in (file, plain):
        assert (size_of(path), beginning_of(path, 4)) == (len(PLAIN), PLAIN[:4])
        with open_plain(path) as found:
            assert sorted(one.name for one in tmp_path.iterdir()) == ["plain", "rows"]
            assert found.read() == PLAIN
            assert found.seek(7) == 7
            assert found.read(9) == PLAIN[7:16]


@pytest.mark.parametrize(
    "content", [b"", b"tanggap rows 1\n", b"tanggap rows 1\n\x00\x02ab", b"tanggap rows 1\nnik;nama\n"]
)
def test_what_only_begins_like_a_sealed_file_is_a_strangers(file: Path, content: bytes):
    file.write_bytes(content)
    assert (size_of(file), beginning_of(file, 99)) == (len(content), content)
    with open_plain(file) as found:
        assert found.read() == content
