"""A stranger's table of any length, row by row from a child process; nothing of it is held here but the row at hand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.errors import Malformed, TooLarge
from core.reader import tables
from core.reader.refusing import CELL_END, ODD
from core.reader.tables import MOST_TITLE_ROWS, ReaderLimits
from core.sealed_file import beginning_of, open_plain, size_of

_KINDS: Final = frozenset({kind + more for kind in ("n", "d", "m", "h", "b", "e") for more in ("", "f")} | {"f"})
_Places = npt.NDArray[np.int64]
_LINE_END: Final = 10
_NOT_PLAIN: Final = b"[{"
"""With one of these begins a line that is no plain row."""
_NUMBER_DIGITS: Final = 9
_decode: Final = json.JSONDecoder().decode
_FLAWS: Final = frozenset({"", "reader.row_quotes"})
TEXT: Final = ReaderLimits(
    file_bytes=1 << 30, unpacked_bytes=0, memory_bytes=256 << 20, cpu_s=900, wall_s=1800, answer_bytes=6 << 30,
    letters=2_000, line_bytes=2 << 20,
)  # fmt: skip
WORKBOOK: Final = ReaderLimits(
    file_bytes=100 << 20, unpacked_bytes=2 << 30, memory_bytes=1 << 30, cpu_s=900, wall_s=1800,
    answer_bytes=6 << 30, letters=2_000, line_bytes=2 << 20,
)  # fmt: skip
"""Source of both: safety.md §2.5."""


@dataclass(frozen=True, slots=True)
class StreamRow:
    number: int
    """As people see it: the first line of the file is 1."""
    cells: list[str]
    """Plain texts; as many as the header has, unless the row of a text is wider or narrower."""
    kinds: dict[int, str]
    """What cells are that are no text: n, d, m, h, b, e as in ``CellKind``, with an f behind where a formula stands."""
    flaw: str


@dataclass(frozen=True, slots=True)
class RowLines:
    """Rows as they are written down: each a line for ``row_of``.

    A plain one is its number and its cells with ``CELL_END`` between them, as many cells as the header has; every
    other one begins with a bracket.
    """

    count: int
    lines: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStream:
    header: tuple[str, ...]
    header_row: int
    is_workbook: bool
    sheet: str
    pieces: Iterator[RowLines]
    """The rows with something in them, in the order of the file; can be gone through once, here or in ``rows``."""
    position: Callable[[], int]
    """Bytes of the file that the child has read so far."""

    @property
    def rows(self) -> Iterator[StreamRow]:
        return (row_of(line) for piece in self.pieces for line in piece.lines[:-1].split(b"\n"))


def limits_of(path: Path) -> ReaderLimits:
    """Give what a file may cost: a workbook may be smaller than a text, and may take more memory."""
    return WORKBOOK if beginning_of(path, 2) == b"PK" else TEXT


def refuse_early(path: Path, name: str) -> None:
    """Refuse by its size and first bytes alone what cannot be read. Raises: TooLarge; Malformed; both "reader.…"."""
    limits = limits_of(path)
    size = size_of(path)
    if size > limits.file_bytes:
        raise TooLarge("reader.file_too_large", most_mb=limits.file_bytes >> 20)
    if not size:
        raise Malformed("reader.empty")
    tables.refuse_name(beginning_of(path, 8), name)


@contextmanager
def stream_table(
    path: Path, name: str, *, most_rows: int, most_columns: int, known: Collection[str] = (),
    limits: ReaderLimits | None = None,
) -> Iterator[TableStream]:  # fmt: skip
    """Read a CSV or XLSX file of any length in a child process; ``name`` is what its sender calls it.

    ``path`` may be a sealed file. ``known`` as in ``read_table``.
    Raises: TooLarge; Malformed, here and while the rows are gone through.
    """
    refuse_early(path, name)
    limits = limits or limits_of(path)
    words = tables.command(
        most_rows=most_rows + MOST_TITLE_ROWS, most_columns=most_columns, limits=limits, mode="stream"
    )
    with open_plain(path) as file:
        with closing(tables.child_pieces(file, words, limits)) as pieces:
            said = _said(pieces)
            first = tables.understood(next(said, None))
            form = first.get("form") if isinstance(first, dict) else None
            if not isinstance(form, dict):
                raise Malformed("reader.broke_off")
            checked = _checked(said, most_columns)
            head, rest = _head(checked)
            if not head:
                raise Malformed("reader.empty")
            at = tables.header_at([one.cells for one in head], known)
            header = [tables.cleaned(text)[0][:120] for text in head[at].cells]
            while header and not header[-1]:
                header.pop()
            is_workbook = "delimiter" not in form
            yield TableStream(
                header=tuple(header), header_row=head[at].number, is_workbook=is_workbook,
                sheet=str(form.get("sheet", ""))[:60],
                pieces=_fitted(chain(head[at + 1 :], rest, checked), len(header), most_rows, is_workbook=is_workbook),
                position=lambda: os.lseek(file.fileno(), 0, os.SEEK_CUR),
            )  # fmt: skip


# ---------------------------------------------------------------- what the child says


@dataclass(frozen=True, slots=True)
class _Plain:
    """Lines of the child in which nothing but text stands, checked."""

    lines: bytes
    starts: _Places
    """Where each begins, and after the last one where it ends."""
    widths: _Places
    """How many cells each has."""

    def part(self, first: int, end: int) -> bytes:
        return self.lines[int(self.starts[first]) : int(self.starts[end])]

    def cut(self, at: int) -> tuple[list[StreamRow], _Plain]:
        """Give the first rows one by one, and the others."""
        at = min(at, len(self.widths))
        rows = [row_of(line) for line in self.part(0, at)[:-1].split(b"\n")] if at else []
        begin = int(self.starts[at])
        return rows, _Plain(self.lines[begin:], self.starts[at:] - begin, self.widths[at:])


def _head(checked: Iterator[StreamRow | _Plain]) -> tuple[list[StreamRow], list[StreamRow | _Plain]]:
    """Give the rows among which the header is, and what came with them."""
    head: list[StreamRow] = []
    rest: list[StreamRow | _Plain] = []
    for one in checked:
        if isinstance(one, StreamRow):
            head.append(one)
        else:
            rows, others = one.cut(MOST_TITLE_ROWS - len(head))
            head += rows
            if len(others.widths):
                rest.append(others)
        if len(head) >= MOST_TITLE_ROWS:
            break
    return head, rest


def _said(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Part what the child said: plain lines as many as follow each other, every other line by itself."""
    for piece in pieces:
        # A single sign is found at once.
        if piece[0] not in _NOT_PLAIN and not any(sign in piece and b"\n%c" % sign in piece for sign in _NOT_PLAIN):
            yield piece
            continue
        several: list[bytes] = []
        for line in piece[:-1].split(b"\n"):
            if line[:1] and line[0] not in _NOT_PLAIN:
                several.append(line)
                continue
            if several:
                yield b"\n".join(several) + b"\n"
                several = []
            yield line
        if several:
            yield b"\n".join(several) + b"\n"


def _checked(said: Iterator[bytes], most_columns: int) -> Iterator[StreamRow | _Plain]:
    """Check each line: a parser that was taken over may say anything."""
    last = count = 0
    for raw in said:
        if raw[:1] and raw[0] not in _NOT_PLAIN:
            plain, numbers = _plain(raw, most_columns)
            if numbers[0] <= last or (np.diff(numbers) <= 0).any():
                raise Malformed("reader.broke_off")
            last, count = int(numbers[-1]), count + len(numbers)
            yield plain
            continue
        line = tables.understood(raw)
        if isinstance(line, dict):
            if line.get("end") != count or next(said, None) is not None:
                raise Malformed("reader.broke_off")
            return
        if not _is_row(line, most_columns) or line[0] <= last:
            raise Malformed("reader.broke_off")
        last, count = line[0], count + 1
        yield StreamRow(last, line[1], {int(place): kind for place, kind in line[2].items()}, line[3])
    raise Malformed("reader.broke_off")


def _plain(raw: bytes, most_columns: int) -> tuple[_Plain, _Places]:
    """Check lines of numbers and cells; gives them with their numbers. Raises: Malformed."""
    signs = np.frombuffer(raw, dtype=np.uint8)
    ends = np.flatnonzero(signs == _LINE_END)
    starts = np.concatenate([[0], ends + 1])
    parts = np.flatnonzero(signs == ord(CELL_END))
    first = np.searchsorted(parts, starts)
    widths = np.diff(first)
    is_odd = np.count_nonzero(signs < 32) - raw.count(b"\t") != len(ends) + len(parts)
    if is_odd or not len(ends) or raw[-1] != _LINE_END or (widths < 1).any() or (widths > most_columns).any():
        raise Malformed("reader.broke_off")
    digits = parts[first[:-1]] - starts[:-1]
    if (digits < 1).any() or (digits > _NUMBER_DIGITS).any():
        raise Malformed("reader.broke_off")
    numbers = np.zeros(len(ends), dtype=np.int64)
    for place in range(int(digits.max())):
        has = digits > place
        value = signs[starts[:-1][has] + place].astype(np.int64) - ord("0")
        if ((value < 0) | (value > 9)).any():
            raise Malformed("reader.broke_off")
        numbers[has] = numbers[has] * 10 + value
    try:
        raw.decode()
    except UnicodeDecodeError:
        raise Malformed("reader.broke_off") from None
    return _Plain(raw, starts, widths), numbers


def _is_row(line: Any, most_columns: int) -> bool:
    return (
        isinstance(line, list)
        and len(line) == 4
        and isinstance(line[0], int)
        and isinstance(line[1], list)
        and len(line[1]) <= most_columns
        and set(map(type, line[1])) <= {str}
        and isinstance(line[2], dict)
        and all(kind in _KINDS and place.isdigit() and len(place) < 4 for place, kind in line[2].items())
        and line[3] in _FLAWS
    )


# ---------------------------------------------------------------- rows as wide as their header


def _fitted(
    rows: Iterator[StreamRow | _Plain], width: int, most_rows: int, *, is_workbook: bool
) -> Iterator[RowLines]:  # fmt: skip
    count = 0
    for one in rows:
        for piece in (_fitted_rows(one, width, is_workbook) if isinstance(one, _Plain)
                      else (_fitted_row(one, width, is_workbook),)):  # fmt: skip
            count += piece.count
            if count > most_rows:
                raise TooLarge("reader.too_many_rows", most=most_rows)
            yield piece


def _fitted_rows(plain: _Plain, width: int, is_workbook: bool) -> Iterator[RowLines]:
    begin = 0
    for at in [*np.flatnonzero(plain.widths != width).tolist(), len(plain.widths)]:
        if at > begin:
            yield RowLines(at - begin, plain.part(begin, at))
        if at < len(plain.widths):
            yield _fitted_row(row_of(plain.part(at, at + 1)[:-1]), width, is_workbook)
        begin = at + 1


def _fitted_row(row: StreamRow, width: int, is_workbook: bool) -> RowLines:
    cells = row.cells
    while len(cells) > width and not cells[-1].strip() and len(cells) - 1 not in row.kinds:
        cells.pop()
    if is_workbook and len(cells) < width:
        cells += [""] * (width - len(cells))
    return RowLines(1, line_of(row, width))


def line_of(row: StreamRow, width: int) -> bytes:
    """Write a row as one line, for ``row_of``; ``width`` is that of the header."""
    if not row.kinds and not row.flaw and len(row.cells) == width:
        line = CELL_END.join((str(row.number), *row.cells))
        if line.count(CELL_END) == width and not ODD.search(line):
            return line.encode() + b"\n"
    return (json.dumps((row.number, row.cells, row.kinds, row.flaw), separators=(",", ":")) + "\n").encode()


def row_of(line: bytes) -> StreamRow:
    """Read a row that ``line_of`` wrote."""
    if line[:1] != b"[":
        number, *plain = line.decode().rstrip("\n").split(CELL_END)
        return StreamRow(int(number), plain, {}, "")
    number, cells, kinds, flaw = _decode(line.decode())
    return StreamRow(number, cells, kinds and {int(place): kind for place, kind in kinds.items()}, flaw)
