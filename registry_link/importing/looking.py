"""Rows of an import's files looked at one by one: what each says by itself, whatever the others say.

This is most of the work of reading and needs nothing but the rows, so that a process beside the reading one can do the
next pieces meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

from core.actor import Actor
from core.beside import Beside, BesideGone
from core.errors import Issue
from core.reader.stream import StreamRow, row_of
from core.work import Work
from registry_link.households.frames import homes_of, people_of
from registry_link.households.marks import RowMarks
from registry_link.households.pieces import hashed_homes, hashed_people, keyed_people
from registry_link.importing.merging import merged_homes
from registry_link.importing.rules import FileFacts, Parsed, RowReader
from registry_link.importing.screening import NO_MARKS, Screen, Skips
from registry_link.importing.states import Layout
from registry_link.importing.unpacking import unpacked_lines

_AHEAD: Final = 3
"""Of so many pieces one is looked at here, and the others beside: here they are also compared, sealed and kept."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rows of a piece say."""

    homes: pl.DataFrame
    """As ``HOMES``, with ``row_hash``; of rows of persons that tell of their household too, each household once.

    Rows of one household that stand in another piece are not looked at together with these.
    """
    people: pl.DataFrame
    """As ``PEOPLE``, with ``member_key`` and ``row_hash``."""
    refused: dict[int, Sequence[Issue]]
    refused_of: dict[int, str]
    """Of these rows the ids of their households, as far as they say any."""
    warnings: list[Issue]
    """Of rows that are taken nevertheless."""
    plain: bytes
    """The rows in which nothing but text stands, as lines."""
    numbers: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    """Of these lines: their numbers in the file, and where each begins."""
    single: dict[int, StreamRow]
    """The rows that were checked one by one."""
    marks: RowMarks
    """Of the lines."""
    is_odd: bool
    """There are rows in which other things than text stand."""

    def row(self, number: int) -> StreamRow:
        """Give a row as it stands in the file."""
        return self.single.get(number) or row_of(_line(self.plain, self.starts, np.searchsorted(self.numbers, number)))


class Looker:
    """Looks at the rows of one file; what is known of its texts stays from piece to piece."""

    def __init__(self, facts: FileFacts) -> None:
        self._reader = RowReader(facts)
        # One of its own: what it asks of the checker must not disturb what that is about.
        self._screen = Screen(RowReader(facts))

    def looked(self, lines: bytes) -> Looked:
        """Screen the plain rows, and check one by one those that are not plain or not certain."""
        single: list[bytes] = []
        marks = NO_MARKS
        if lines.startswith(b"[") or b"\n[" in lines:
            several = lines[:-1].split(b"\n")
            single = [one for one in several if one.startswith(b"[")]
            lines = b"".join(one + b"\n" for one in several if not one.startswith(b"["))
        is_odd = bool(single)
        homes, people = homes_of([]), people_of([])
        numbers = starts = np.zeros(0, dtype=np.int64)
        if lines:
            found = self._screen.screened(lines)
            homes, people, numbers, starts = found.homes, found.people, found.numbers, found.starts
            marks = found.marks
            single += [_line(lines, starts, place) for place in found.unsure]
        rows = {row.number: row for row in sorted(map(row_of, single), key=lambda one: one.number)}
        parsed: list[Parsed] = []
        refused: dict[int, Sequence[Issue]] = {}
        refused_of: dict[int, str] = {}
        for row in rows.values():
            one = (Issue(code="registry.row_quotes", row=row.number),) if row.flaw else self._reader.parse(
                row.number, row.cells, row.kinds
            )  # fmt: skip
            if isinstance(one, Parsed):
                parsed.append(one)
            else:
                refused[row.number] = one
                refused_of[row.number] = self._reader.key_told(row.cells)
        if parsed:
            more = homes_of(one.household for one in parsed if one.household is not None)
            others = people_of((one.external_id, one.member) for one in parsed if one.member is not None)
            homes, people = homes.vstack(more).sort("file_row"), people.vstack(others).sort("file_row")
        warnings = [issue for one in parsed for issue in one.warnings]
        if self._reader.columns.layout is Layout.FLAT:
            homes, differing = merged_homes(homes, self._reader.columns)
            warnings += differing
        return Looked(
            hashed_homes(homes), hashed_people(keyed_people(people)), refused, refused_of,
            warnings, lines, numbers, starts, rows, marks, is_odd,
        )  # fmt: skip


def _line(lines: bytes, starts: npt.NDArray[np.int64], place: np.intp) -> bytes:
    return lines[int(starts[place]) : int(starts[place + 1]) - 1]


# ---------------------------------------------------------------- pieces of a file


@dataclass(frozen=True, slots=True)
class RowsOfFile:
    """The rows of one file of an import, as they were written down, and what they are looked at with."""

    no: int
    path: Path
    facts: FileFacts


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where in a file the next rows begin, by byte and by row, and how many there may be."""

    at_byte: int
    at_row: int
    limit: int


@dataclass(frozen=True, slots=True)
class _Rows:
    file_no: int
    at_byte: int
    at_row: int
    lines: bytes
    """Those that are looked at."""
    count: int
    size: int
    """Of all, in bytes."""
    is_asked: bool
    """They are being looked at beside."""


FactsOf = Callable[[Work, Actor, UUID, int], FileFacts]


class Looking:
    """Goes through an import's files piece by piece, the next ones being looked at beside where there is a process."""

    def __init__(
        self, ask: Callable[[int, bytes], None] | None = None, answer: Callable[[], Looked] | None = None
    ) -> None:
        self._ask, self._answer = ask, answer
        self._known: tuple[int, Looker] | None = None
        self._read: deque[_Rows] = deque()
        self._pieces = 0

    @classmethod
    def with_help(cls, beside: Beside, facts_of: FactsOf, run_id: UUID) -> Looking:
        """Go through the files of an import with a process beside; ``facts_of`` is asked there."""
        return cls(lambda no, lines: beside.ask(looked_beside, facts_of, run_id, no, lines), beside.answer)

    def piece(
        self, file: RowsOfFile, following: Sequence[Path], at: Cursor, skips: Skips | None = None
    ) -> tuple[Looked, int, int]:
        """Give what the next rows of a file say, how many they are and the bytes that they take.

        ``following``: the rows of the files that come after it. ``skips``: only some of the rows are looked at.
        """
        if self._read and (self._read[0].file_no, self._read[0].at_byte) != (file.no, at.at_byte):
            self._forget()
        if not self._read:
            self._read.append(_rows(file.path, file.no, at, skips))
        self._look_ahead([file.path, *following], file.no, at.limit, skips)
        own = self._read.popleft()
        self._pieces += 1
        return self._looked(file, own), own.count, own.size

    def _looked(self, file: RowsOfFile, own: _Rows) -> Looked:
        if own.is_asked and self._answer is not None:
            try:
                return self._answer()
            except BesideGone:
                self._ask = self._answer = None
        if self._known is None or self._known[0] != file.no:
            self._known = (file.no, Looker(file.facts))
        return self._known[1].looked(own.lines)

    def _look_ahead(self, paths: Sequence[Path], first_no: int, limit: int, skips: Skips | None) -> None:
        """Let the next pieces be looked at beside, all but the one that falls to this process."""
        while self._ask is not None and len(self._read) <= _AHEAD:
            last = self._read[-1]
            is_over = last.count < limit
            file_no = last.file_no + is_over
            at = Cursor(0, 0, limit) if is_over else Cursor(last.at_byte + last.size, last.at_row + last.count, limit)
            if file_no - first_no >= len(paths) or not paths[file_no - first_no].exists():
                return
            rows = _rows(paths[file_no - first_no], file_no, at, skips)
            # Where few rows are looked at most of the work is what is done here with them.
            is_asked = skips is not None or (self._pieces + len(self._read)) % _AHEAD != 0
            try:
                if is_asked:
                    self._ask(file_no, rows.lines)
            except BesideGone:
                self._ask, is_asked = None, False
            self._read.append(replace(rows, is_asked=is_asked))

    def _forget(self) -> None:
        """Begin elsewhere: what was asked is not waited for."""
        for one in self._read:
            if one.is_asked and self._answer is not None:
                try:
                    self._answer()
                except BesideGone:
                    self._ask = self._answer = None
        self._read.clear()


def _rows(path: Path, file_no: int, at: Cursor, skips: Skips | None) -> _Rows:
    lines, count = unpacked_lines(path, at.at_byte, at.limit)
    kept = lines if skips is None else _kept(lines, skips.files[file_no][at.at_row : at.at_row + count])
    return _Rows(file_no, at.at_byte, at.at_row, kept, count, len(lines), is_asked=False)


def _kept(lines: bytes, is_kept: npt.NDArray[np.bool_]) -> bytes:
    signs = np.frombuffer(lines, dtype=np.uint8)
    lengths = np.diff(np.flatnonzero(signs == ord("\n")), prepend=-1)
    return signs[np.repeat(is_kept, lengths)].tobytes()


_lookers: dict[tuple[UUID, int], Looker] = {}
"""In the process beside: one import's files, one at a time."""


def looked_beside(work: Work, actor: Actor, facts_of: FactsOf, run_id: UUID, file_no: int, lines: bytes) -> Looked:
    """Look at rows in the process beside."""
    looker = _lookers.get((run_id, file_no))
    if looker is None:
        _lookers.clear()
        looker = _lookers[run_id, file_no] = Looker(facts_of(work, actor, run_id, file_no))
    return looker.looked(lines)
