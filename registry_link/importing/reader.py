"""A registry file's bytes become rows, a piece at a time, each piece from where the last one ended."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import Malformed, TooLarge

LARGEST_BYTES: Final = 1 << 30
MOST_ROWS: Final = 5_000_000
"""Source of both: safety.md §2.5."""
_PIECE: Final = 1 << 20
_DELIMITERS: Final = (";", ",", "\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """How a file is written."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    first_byte: int
    """Where the first row after the header starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    cells: tuple[str, ...]
    next_byte: int
    is_broken: bool = False
    """The quotation marks of this row are wrong; ``cells`` is empty."""


def inspect(path: Path) -> FileForm:
    """Tell how a file is written: UTF-8 with or without a mark, else Windows' western encoding; ``;``, ``,`` or tab.

    Raises: TooLarge; Malformed "registry.not_text", "registry.utf16", "registry.is_workbook", "registry.empty_file".
    """
    if path.stat().st_size > LARGEST_BYTES:
        raise TooLarge("registry.too_large", most_mb=LARGEST_BYTES >> 20)
    encoding = _encoding(path)
    start = len(codecs.BOM_UTF8) if encoding == "utf-8-sig" else 0
    encoding = "utf-8" if encoding == "utf-8-sig" else encoding
    with path.open("rb") as file:
        file.seek(start)
        first = file.readline().decode(encoding)
        delimiter = max(_DELIMITERS, key=first.count)
        file.seek(start)
        rows = _rows(file, encoding, delimiter, start)
        head = next(rows, None)
    if head is None or not any(cell.strip() for cell in head.cells):
        raise Malformed("registry.empty_file")
    header = tuple(cell.strip()[:120] for cell in head.cells)
    return FileForm(encoding=encoding, delimiter=delimiter, header=header, first_byte=head.next_byte)


def read_rows(path: Path, form: FileForm, at_byte: int) -> Iterator[ReadRow]:
    """Read rows from a byte where a row starts, as ``next_byte`` of an earlier one told."""
    with path.open("rb") as file:
        file.seek(at_byte)
        yield from _rows(file, form.encoding, form.delimiter, at_byte)


def _encoding(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Malformed("registry.utf16")
        if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise Malformed("registry.is_workbook")
        file.seek(0)
        is_utf8 = True
        while piece := file.read(_PIECE):
            if b"\x00" in piece:
                raise Malformed("registry.not_text")
            if is_utf8:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    is_utf8 = False
        if is_utf8:
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                is_utf8 = False
    if not is_utf8:
        return "cp1252"
    return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"


class _Lines:
    """The lines of a file as text, with a count of the bytes they took."""

    def __init__(self, file: BinaryIO, encoding: str, at_byte: int) -> None:
        self._file, self._encoding = file, encoding
        self.at_byte = at_byte

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        # A line longer than any row may be ends here; what is left of it shows as rows of a wrong width.
        line = self._file.readline(200_000)
        if not line:
            raise StopIteration
        self.at_byte += len(line)
        # Five bytes have no letter in cp1252: a replacement sign is refused later as a sign nobody can print.
        return line.decode(self._encoding, errors="replace")


def _rows(file: BinaryIO, encoding: str, delimiter: str, at_byte: int) -> Iterator[ReadRow]:
    lines = _Lines(file, encoding, at_byte)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield ReadRow(cells=(), next_byte=lines.at_byte, is_broken=True)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        yield ReadRow(cells=tuple(cells), next_byte=lines.at_byte)
