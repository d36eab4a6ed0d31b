"""A stranger's table, read by a child process that has little and may die; what comes back is checked again here."""

from __future__ import annotations

import enum
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unicodedata
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO, Any, Final, cast

from core.errors import Busy, Malformed, Refused, TooLarge

try:
    import fcntl

    _SET_PIPE: int | None = getattr(fcntl, "F_SETPIPE_SZ", None)
except ImportError:  # Windows has none.
    _SET_PIPE = None

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
MOST_TITLE_ROWS: Final = 20
_AT_ONCE: Final = 2
_WAIT_S: Final = 30.0
_PIECE: Final = 1 << 20
_TOO_LARGE: Final = frozenset({
    "reader.too_many_rows", "reader.too_many_columns", "reader.unpacks_too_large", "reader.cell_long",
    "reader.too_heavy", "reader.too_many_parts",
})  # fmt: skip
_MALFORMED: Final = frozenset({
    "reader.old_workbook", "reader.not_text", "reader.empty", "reader.broken_workbook", "reader.macros",
    "reader.not_a_workbook", "reader.too_deep", "reader.has_dtd", "reader.far_cell",
    "reader.several_sheets",
})  # fmt: skip
_WORKBOOKS: Final = frozenset({".xlsx"})
_TEXTS: Final = frozenset({".csv", ".txt", ".tsv"})
_running = threading.BoundedSemaphore(_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLimits:
    """What one file may cost. Source: safety.md §2.4 G13, §2.5."""

    file_bytes: int = 10 << 20
    unpacked_bytes: int = 32 << 20
    memory_bytes: int = 256 << 20
    """Of addresses; what is really used stays far below."""
    cpu_s: int = 5
    wall_s: int = 20
    answer_bytes: int = 64 << 20
    letters: int = 1_000
    """Of one cell."""
    line_bytes: int = 64 << 20
    """Of one line of the answer: a row."""


READER: Final = ReaderLimits()


class CellKind(enum.Enum):
    EMPTY = ""
    TEXT = "t"
    NUMBER = "n"
    DATE = "d"
    MOMENT = "m"
    """A day with a time, no zone: the office's own."""
    TIME = "h"
    YES_NO = "b"
    ERROR = "e"
    """What a spreadsheet shows as #REF! and the like."""


@dataclass(frozen=True, slots=True)
class Cell:
    kind: CellKind
    text: str
    """As people read it, without outer blanks: numbers plain with a dot, days and moments as ISO."""
    is_formula: bool = False
    """The text is what the spreadsheet last computed; nothing is computed here."""

    @property
    def is_rounded(self) -> bool:
        """A number too long for a spreadsheet, which keeps 15 digits: a NIK typed as a number has lost its end."""
        return self.kind is CellKind.NUMBER and len(self.text.lstrip("-").partition(".")[0]) > 15


EMPTY: Final = Cell(CellKind.EMPTY, "")
_KINDS: Final = {kind.value: kind for kind in CellKind}


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    """As people see it: the first line of the file is 1."""
    cells: tuple[Cell, ...]
    """As many as the header has; a flawed row may have more or fewer."""
    flaw: str = ""
    """The code of what is wrong with the row as a whole; ``facts`` are its facts."""
    facts: dict[str, str | int] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(cell.text for cell in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    header: tuple[str, ...]
    header_row: int
    rows: tuple[Row, ...]
    """Those with something in them, in the order of the file."""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    """All visible sheets; only the first is read."""
    delimiter: str = ""
    """Empty for a workbook."""

    @property
    def is_workbook(self) -> bool:
        return not self.delimiter


def read_table(
    content: bytes, name: str, *, most_rows: int, most_columns: int, known: Collection[str] = (),
    limits: ReaderLimits = READER,
) -> Table:  # fmt: skip
    """Read a CSV or XLSX file in a child process; ``name`` is what its sender calls it.

    ``known`` are headers the caller would recognise (any spelling of case and signs): where the first row holds none
    of them, the row of the first 20 that holds most is the header, so that titles above a table do no harm.

    Raises: TooLarge; Malformed, both with codes "reader.…"; Busy when too many files are being read.
    """
    if len(content) > limits.file_bytes:
        raise TooLarge("reader.file_too_large", most_mb=limits.file_bytes >> 20)
    if not content.strip():
        raise Malformed("reader.empty")
    refuse_name(content[:8], name)
    if not _running.acquire(timeout=_WAIT_S):
        raise Busy("reader.busy")
    try:
        answer = _Answer(content, most_rows=most_rows + MOST_TITLE_ROWS, most_columns=most_columns, limits=limits)
        form = answer.form()
        read = list(answer.rows())
    finally:
        _running.release()
    return _table(form, read, most_rows, known)


def refuse_name(head: bytes, name: str) -> None:
    """Refuse what is not what it is called: whoever sends it means something else than what would be read.

    ``head`` are the file's first bytes. Raises: Malformed.
    """
    kind = PurePath(name.lower()).suffix
    if kind in (".xls", ".xlsb"):
        raise Malformed("reader.old_workbook")
    if kind in (".xlsm", ".xltm"):
        raise Malformed("reader.macros")
    if kind not in _WORKBOOKS | _TEXTS:
        raise Malformed("reader.unknown_kind", name=PurePath(name).name[-60:])
    is_zip = head.startswith(b"PK")
    is_ole = head.startswith(b"\xd0\xcf\x11\xe0")
    if not is_ole and is_zip != (kind in _WORKBOOKS):
        raise Malformed("reader.not_what_it_says", name=PurePath(name).name[-60:])


# ---------------------------------------------------------------- the child


def command(
    *, most_rows: int, most_columns: int, limits: ReaderLimits = READER, mode: str = "table"
) -> list[str]:  # fmt: skip
    """Give the words that start the child; ``mode`` is "table" for a whole one, "stream" for one row after another."""
    return [
        sys.executable, "-s", "-E", "-B", "-X", "utf8", "-m", "core.reader.child",
        str(limits.memory_bytes >> 20), str(limits.cpu_s), str(limits.unpacked_bytes >> 20),
        str(most_rows), str(most_columns), str(limits.letters), mode,
    ]  # fmt: skip


class _Answer:
    """The child's lines, each checked: a parser that was taken over may say anything."""

    def __init__(self, content: bytes, *, most_rows: int, most_columns: int, limits: ReaderLimits) -> None:
        self._most_rows, self._most_columns, self._limits = most_rows, most_columns, limits
        self._lines = self._run(content)

    def form(self) -> dict[str, Any]:
        line = self._next()
        form = line.get("form") if isinstance(line, dict) else None
        if not isinstance(form, dict):
            raise _broken()
        return form

    def rows(self) -> Iterator[tuple[int, list[str], list[int], str]]:
        count = 0
        while True:
            line = self._next()
            if isinstance(line, dict):
                if line.get("end") != count:
                    raise _broken()
                return
            count += 1
            if count > self._most_rows or not _is_row(line, self._most_columns):
                raise _broken()
            yield line[0], line[1], line[2], line[3]

    def _next(self) -> Any:
        return understood(next(self._lines, None))

    def _run(self, content: bytes) -> Iterator[bytes]:
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.seek(0)
            words = command(most_rows=self._most_rows, most_columns=self._most_columns, limits=self._limits)
            yield from child_lines(file, words, self._limits)


def understood(raw: bytes | None) -> Any:
    """Give what a line of the child says. Raises: what the child refused; Malformed for a line that is none."""
    if raw is None:
        raise _broken()
    try:
        line = json.loads(raw)
    except ValueError:
        raise _broken() from None
    if isinstance(line, dict) and "refused" in line:
        raise _refusal(line)
    return line


def child_lines(file: IO[bytes], words: list[str], limits: ReaderLimits) -> Generator[bytes]:
    """Start the child on an open file and give its lines as they come; it is gone when this ends, however it ends.

    Raises: TooLarge "reader.too_heavy"; Malformed "reader.broke_off".
    """
    with _child(file, words, limits) as out:
        left = limits.answer_bytes
        while line := out.readline(min(left, limits.line_bytes) + 1):
            left -= len(line)
            if left < 0 or len(line) > limits.line_bytes:
                raise TooLarge("reader.too_heavy")
            yield line


def child_pieces(file: IO[bytes], words: list[str], limits: ReaderLimits) -> Generator[bytes]:
    """Give what a child says as ``child_lines``, many whole lines at a time; what it broke off in is left out."""
    with _child(file, words, limits) as out:
        left, rest = limits.answer_bytes, b""
        while piece := out.read1(_PIECE):
            left -= len(piece)
            end = piece.rfind(b"\n") + 1
            if left < 0 or len(rest) > limits.line_bytes:
                raise TooLarge("reader.too_heavy")
            if not end:
                rest += piece
                continue
            whole, rest = rest + piece[:end], piece[end:]
            yield whole


@contextmanager
def _child(file: IO[bytes], words: list[str], limits: ReaderLimits) -> Iterator[io.BufferedReader]:
    child = subprocess.Popen(  # noqa: S603 (our own module; no word of the sender's is among its arguments)
        words, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT,
        # Windows cannot start a program without its own few variables.
        env={} if os.name == "posix" else None,
    )  # fmt: skip
    is_late = threading.Event()

    def stop() -> None:
        is_late.set()
        child.kill()

    clock = threading.Timer(limits.wall_s, stop)
    clock.daemon = True
    clock.start()
    assert child.stdout is not None
    out = cast(io.BufferedReader, child.stdout)
    _widen(out)
    try:
        yield out
        child.wait()
        if child.returncode < 0 or is_late.is_set():
            # Killed: by the clock, by its limit of time, or by its own parser when memory ran out.
            raise TooLarge("reader.too_heavy")
        if child.returncode:
            raise _broken()
    finally:
        clock.cancel()
        child.kill()
        child.wait()
        out.close()


def _widen(pipe: io.BufferedReader) -> None:
    """Let a pipe hold a whole piece, so that the child reads the next one while this one is looked at."""
    if _SET_PIPE is not None:
        # A system grants a process less where it has many pipes.
        with suppress(OSError):
            fcntl.fcntl(pipe, _SET_PIPE, _PIECE)


def _broken() -> Refused:
    return Malformed("reader.broke_off")


def _is_row(line: Any, most_columns: int) -> bool:
    return (
        isinstance(line, list)
        and len(line) == 4
        and isinstance(line[0], int)
        and isinstance(line[1], list)
        and len(line[1]) <= most_columns
        and all(isinstance(cell, str) for cell in line[1])
        and isinstance(line[2], list)
        and all(isinstance(one, int) for one in line[2])
        and line[3] in ("", "reader.row_quotes")
    )


def _refusal(line: dict[str, Any]) -> Refused:
    code, facts = line.get("refused"), line.get("facts")
    if not isinstance(facts, dict) or not all(isinstance(one, str | int) for one in facts.values()):
        return _broken()
    shown = {str(name): fact[:60] if isinstance(fact, str) else fact for name, fact in facts.items()}
    if code in _TOO_LARGE:
        return TooLarge(code, **shown)
    return Malformed(code, **shown) if code in _MALFORMED else _broken()


# ---------------------------------------------------------------- the table


def _table(form: dict[str, Any], read: list[Any], most_rows: int, known: Collection[str]) -> Table:
    if not read:
        raise Malformed("reader.empty")
    at = header_at([[text[1:] for text in one[1]] for one in read[:MOST_TITLE_ROWS]], known)
    header = [cleaned(text[1:])[0] for text in read[at][1]]
    while header and not header[-1]:
        header.pop()
    body = read[at + 1 :]
    if len(body) > most_rows:
        raise TooLarge("reader.too_many_rows", most=most_rows)
    is_text = "delimiter" in form
    return Table(
        header=tuple(one[:120] for one in header), header_row=read[at][0],
        rows=tuple(_row(one, len(header), is_text=is_text) for one in body), sheet=str(form.get("sheet", ""))[:60],
        sheets=tuple(str(one)[:60] for one in form.get("sheets", ())), delimiter=str(form.get("delimiter", "")),
    )  # fmt: skip


def header_at(rows: Sequence[Sequence[str]], known: Collection[str]) -> int:
    """Tell which of the first rows is the header: the one that holds most of what is known, else the first."""
    names = {_plain(one) for one in known}
    hits = [sum(_plain(text) in names for text in row) for row in rows]
    return hits.index(max(hits)) if any(hits) else 0


def _row(line: tuple[int, list[str], list[int], str], width: int, *, is_text: bool) -> Row:
    number, raw, formulas, flaw = line
    cells: list[Cell] = []
    facts: dict[str, str | int] = {}
    marked = set(formulas)
    for place, text in enumerate(raw):
        if not text:
            cells.append(EMPTY)
            continue
        kind = _KINDS.get(text[0])
        if kind is None:
            raise _broken()
        clean, is_odd = cleaned(text[1:]) if kind is CellKind.TEXT else (text[1:], False)
        if is_odd and not flaw:
            flaw, facts = "reader.odd_letter", {"place": place + 1}
        cells.append(Cell(kind, clean, place in marked) if clean or kind is CellKind.ERROR else EMPTY)
    if not flaw and (any(cell.kind is not CellKind.EMPTY for cell in cells[width:]) or (is_text and len(raw) < width)):
        flaw, facts = "reader.row_width", {"cells": len(raw), "want": width}
    if not flaw:
        cells = cells[:width] + [EMPTY] * (width - len(cells))
    return Row(number, tuple(cells), flaw, facts)


def cleaned(text: str) -> tuple[str, bool]:
    """Give a text in one line and one form of letters, and whether it holds what nobody can see or print."""
    if text.isascii() and text.isprintable():
        return text.strip(), False
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    return text, not text.isprintable() or "\ufffd" in text


def _plain(text: str) -> str:
    """Give a header as it is compared: letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).lower())
