"""What came is read once by the child process and written down in one form of our own, which everything after reads.

The form: a line per row, sealed: it may wait for days until somebody names its columns, and lies beside the
uploads, which go as soon as it stands.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np

from core.reader.stream import StreamRow, row_of, stream_table
from core.sealed_file import SealedWriter, open_sealed
from registry_link.importing.columns import KNOWN, MOST_COLUMNS, refuse_headless

MOST_ROWS: Final = 5_000_000
"""Source: safety.md §2.5."""
_TOLD_EVERY: Final = 20_000
_TOLD_AFTER_S: Final = 0.5
"""A long file is told of often enough to be watched, and not so often that telling takes longer than reading."""
_PIECE: Final = 1 << 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A file as it was found by the child."""

    header: tuple[str, ...]
    header_row: int
    is_workbook: bool
    rows: int
    size: int
    """Bytes of the rows as they were written down."""


@dataclass(frozen=True, slots=True)
class UnpackedRow:
    row: StreamRow
    next_byte: int


def unpack(path: Path, name: str, target: Path, told: Callable[[int], None]) -> Unpacked:
    """Read a file in the child process and write its rows to ``target``; ``told`` hears now and then how many bytes
    of it were read, and stops the work by raising.

    What was written of it is gone when this does not end well, unless the process itself is killed: then whatever
    takes the target away takes that too. Raises: TooLarge; Malformed; what ``told`` raises.
    """
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.part-")
    try:
        with (
            os.fdopen(handle, "wb", buffering=1 << 20) as file,
            io.BufferedWriter(SealedWriter(file), 1 << 20) as out,
            stream_table(path, name, most_rows=MOST_ROWS, most_columns=MOST_COLUMNS, known=KNOWN) as table,
        ):
            refuse_headless(table.header)
            count = size = last_told = 0
            told_at = 0.0
            for piece in table.pieces:
                out.write(piece.lines)
                count, size = count + piece.count, size + len(piece.lines)
                if count - last_told >= _TOLD_EVERY and monotonic() - told_at >= _TOLD_AFTER_S:
                    told(table.position())
                    last_told, told_at = count, monotonic()
            out.flush()
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return Unpacked(
        header=table.header, header_row=table.header_row, is_workbook=table.is_workbook, rows=count, size=size
    )


def unpacked_rows(path: Path, at_byte: int = 0) -> Iterator[UnpackedRow]:
    """Read rows back from a byte where a row starts, as ``next_byte`` of an earlier one told."""
    with open_sealed(path, at_byte) as file:
        for line in file:
            at_byte += len(line)
            yield UnpackedRow(row_of(line), at_byte)


def unpacked_lines(path: Path, at_byte: int, limit: int) -> tuple[bytes, int]:
    """Read as many rows back as lines, and tell how many there were."""
    parts: list[bytes] = []
    count = 0
    with open_sealed(path, at_byte) as file:
        while count < limit and (part := file.read(_PIECE)):
            count += part.count(b"\n")
            parts.append(part)
    lines = b"".join(parts)
    if count <= limit:
        return lines, count
    ends = np.flatnonzero(np.frombuffer(lines, dtype=np.uint8) == ord("\n"))
    return lines[: int(ends[limit - 1]) + 1], limit


def lines_between(path: Path, begin: int, end: int) -> bytes:
    """Read the rows back that begin between two bytes."""
    at = max(begin - 1, 0)
    with open_sealed(path, at) as file:
        if begin:
            # The end of the row before, or the rest of one that is longer.
            at += len(file.readline())
        # The last row may end with the last of these bytes.
        return file.read(end - 1 - at) + file.readline() if at < end else b""


def take_away(target: Path) -> None:
    """Delete what was written down, and what a killed process left half written."""
    target.unlink(missing_ok=True)
    for part in target.parent.glob(f"{target.name}.part-*"):
        part.unlink(missing_ok=True)
