"""A stranger's table of any length, row by row from a child process; nothing of it is held here but the row at hand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from core.errors import Malformed, TooLarge
from core.reader import tables
from core.reader.tables import MOST_TITLE_ROWS, ReaderLimits

_KINDS: Final = frozenset({kind + more for kind in ("n", "d", "m", "h", "b", "e") for more in ("", "f")} | {"f"})
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
    raw: bytes = field(default=b"", compare=False, repr=False)
    """The line in which the child told it, checked; empty where it was changed since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStream:
    header: tuple[str, ...]
    header_row: int
    is_workbook: bool
    sheet: str
    rows: Iterator[StreamRow]
    """Those with something in them, in the order of the file; can be gone through once."""
    position: Callable[[], int]
    """Bytes of the file that the child has read so far."""


def limits_of(path: Path) -> ReaderLimits:
    """Give what a file may cost: a workbook may be smaller than a text, and may take more memory."""
    with path.open("rb") as file:
        return WORKBOOK if file.read(2) == b"PK" else TEXT


def refuse_early(path: Path, name: str) -> None:
    """Refuse by its size and first bytes alone what cannot be read. Raises: TooLarge; Malformed; both "reader.…"."""
    limits = limits_of(path)
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise TooLarge("reader.file_too_large", most_mb=limits.file_bytes >> 20)
    if not size:
        raise Malformed("reader.empty")
    with path.open("rb") as file:
        tables.refuse_name(file.read(8), name)


@contextmanager
def stream_table(
    path: Path, name: str, *, most_rows: int, most_columns: int, known: Collection[str] = (),
    limits: ReaderLimits | None = None,
) -> Iterator[TableStream]:  # fmt: skip
    """Read a CSV or XLSX file of any length in a child process; ``name`` is what its sender calls it.

    ``known`` as in ``read_table``. Raises: TooLarge; Malformed, here and while the rows are gone through.
    """
    refuse_early(path, name)
    limits = limits or limits_of(path)
    words = tables.command(
        most_rows=most_rows + MOST_TITLE_ROWS, most_columns=most_columns, limits=limits, mode="stream"
    )
    with path.open("rb", buffering=0) as file:
        with closing(tables.child_lines(file, words, limits)) as lines:
            first = tables.understood(next(lines, None))
            form = first.get("form") if isinstance(first, dict) else None
            if not isinstance(form, dict):
                raise Malformed("reader.broke_off")
            rows = _checked(lines, most_columns)
            head = list(islice(rows, MOST_TITLE_ROWS))
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
                rows=_fitted(chain(head[at + 1 :], rows), len(header), most_rows, is_workbook=is_workbook),
                position=lambda: os.lseek(file.fileno(), 0, os.SEEK_CUR),
            )  # fmt: skip


def _checked(lines: Iterator[bytes], most_columns: int) -> Iterator[StreamRow]:
    """Check each line: a parser that was taken over may say anything."""
    last = 0
    for count, raw in enumerate(lines):
        line = tables.understood(raw)
        if isinstance(line, dict):
            if line.get("end") != count or next(lines, None) is not None:
                raise Malformed("reader.broke_off")
            return
        if not _is_row(line, most_columns) or line[0] <= last:
            raise Malformed("reader.broke_off")
        last = line[0]
        kinds = line[2] and {int(place): kind for place, kind in line[2].items()}
        yield StreamRow(last, line[1], kinds, line[3], raw if raw.endswith(b"\n") else b"")
    raise Malformed("reader.broke_off")


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


def _fitted(rows: Iterator[StreamRow], width: int, most_rows: int, *, is_workbook: bool) -> Iterator[StreamRow]:
    for count, row in enumerate(rows, 1):
        if count > most_rows:
            raise TooLarge("reader.too_many_rows", most=most_rows)
        cells = row.cells
        if len(cells) == width:
            yield row
            continue
        while len(cells) > width and not cells[-1].strip() and len(cells) - 1 not in row.kinds:
            cells.pop()
        if is_workbook and len(cells) < width:
            cells += [""] * (width - len(cells))
        yield StreamRow(row.number, cells, row.kinds, row.flaw)


def line_of(row: StreamRow) -> bytes:
    """Write a row as one line, for ``row_of``."""
    if row.raw:
        return row.raw
    return (json.dumps((row.number, row.cells, row.kinds, row.flaw), separators=(",", ":")) + "\n").encode()


def row_of(line: bytes) -> StreamRow:
    """Read a row that ``line_of`` wrote."""
    number, cells, kinds, flaw = _decode(line.decode())
    return StreamRow(number, cells, kinds and {int(place): kind for place, kind in kinds.items()}, flaw)
