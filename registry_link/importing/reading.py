"""A piece of an import's rows: checked, keyed, hashed and sealed while nobody waits; keeping it writes a few rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl

from core.crypto import Secret
from core.errors import Issue
from core.reader.stream import StreamRow, row_of
from core.work import Tx
from registry_link.households.bulk import put_rows
from registry_link.households.erased import erased_in, known_erased
from registry_link.households.frames import homes_of, people_of
from registry_link.households.pieces import (
    KEPT_HOMES,
    Piece,
    Seen,
    digests,
    hashed,
    key_digests,
    keyed_people,
    piece_counts,
    pieces_of,
    put_piece,
    sealed,
)
from registry_link.households.standing import completed_by, standing_homes
from registry_link.importing.models import ImportIssue, ImportRow
from registry_link.importing.rules import FileFacts, Parsed, RowReader
from registry_link.importing.screening import Mask, Screen
from registry_link.importing.states import Layout


@dataclass(slots=True)
class Reading:
    """What a job keeps from one piece of an import to the next; made anew from the pieces kept where it is lost."""

    run_id: UUID | None = None
    cursor: tuple[int, int] = (-1, -1)
    """File and byte that it expects next."""
    seen_homes: Seen = field(default_factory=Seen)
    seen_people: Seen = field(default_factory=Seen)
    next_piece: int = 0
    completes_id: UUID | None = None
    file_no: int = -1
    reader: RowReader | None = None
    screen: Screen | None = None
    comparison: Any = None

    def begin(self, tx: Tx, run: Any) -> None:
        """Be ready for the next rows of a run, wherever it is."""
        if (self.run_id, self.cursor) == (run.id, (run.file_no, run.at_byte)):
            return
        self.__init__()  # type: ignore[misc]
        self.run_id = run.id
        self.completes_id = completed_by(tx, run.snapshot_id)
        for piece in pieces_of(tx, run.snapshot_id):
            self.seen_homes.add(digests(piece.homes["external_id"]))
            self.seen_people.add(key_digests(piece.people))
        self.next_piece = max((no + 1 for no, _, _ in piece_counts(tx, run.snapshot_id)), default=0)

    def begin_file(self, file_no: int, facts: FileFacts) -> tuple[RowReader, Screen]:
        """Be ready for the rows of a file; what is known of its texts stays while it is the same."""
        if self.file_no != file_no or self.reader is None or self.screen is None:
            self.file_no, self.reader = file_no, RowReader(facts)
            # One of its own: what it asks of the checker must not disturb what that is about.
            self.screen = Screen(RowReader(facts))
        return self.reader, self.screen


class CheckedRows:
    """What one piece of a file comes to."""

    def __init__(self, tx: Tx, run: Any, facts: FileFacts, reading: Reading, lines: bytes, count: int) -> None:
        self._run, self._facts = run, facts
        self._reader, self._screen = reading.begin_file(run.file_no, facts)
        self._single: dict[int, StreamRow] = {}
        self._plain = b""
        self._numbers = self._starts = np.zeros(0, dtype=np.int64)
        self._issues: list[Issue] = []
        self._refused: dict[int, list[str | list[str]]] = {}
        self.taken, self.warned, self.doubled, self.niks, self.niks_ending_zero = count, 0, 0, 0, 0
        self._stands = KEPT_HOMES.to_frame()
        homes, people = self._checked(lines)
        homes, people = self._agreed(tx, reading, homes, people)
        people = self._single_members(reading, people)
        self.no = reading.next_piece
        self.piece = hashed(homes, people)
        if len(self._stands):
            has_people = pl.col("external_id").is_in(people["external_id"].unique().to_list())
            self.piece = Piece(self.piece.homes.vstack(self._stands.filter(has_people)), self.piece.people)
        self._sealed = sealed(run.snapshot_id, self.no, self.piece) if len(self.piece.homes) or len(people) else None
        reading.seen_homes.add(digests(self.piece.homes["external_id"]))
        reading.seen_people.add(key_digests(self.piece.people))
        reading.next_piece += self._sealed is not None

    @property
    def refused(self) -> int:
        return len(self._refused)

    def write(self, tx: Tx) -> None:
        """Keep the good rows, the refused ones, and what is to be said of them."""
        run = self._run
        if self._sealed is not None:
            put_piece(tx, run.snapshot_id, self.no, Piece(self.piece.homes, self.piece.people), self._sealed)
        put_rows(tx, ImportRow, ("run_id", "file_no", "row", "cells"), [
            (run.id, run.file_no, row, Secret(json.dumps(cells, ensure_ascii=False)))
            for row, cells in self._refused.items()
        ])  # fmt: skip
        put_rows(tx, ImportIssue, ("id", "run_id", "file_no", "row", "column", "code", "is_warning", "facts"), [
            (tx.new_id(), run.id, run.file_no, one.row, one.column, one.code, one.is_warning,
             json.dumps(dict(one.facts)))
            for one in self._issues
        ])  # fmt: skip

    # -- row by row ----------------------------------------------------------------------------------------------

    def _checked(self, lines: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Screen the plain rows, and check one by one those that are not plain or not certain."""
        single: list[bytes] = []
        if lines.startswith(b"[") or b"\n[" in lines:
            several = lines[:-1].split(b"\n")
            single = [one for one in several if one.startswith(b"[")]
            lines = b"".join(one + b"\n" for one in several if not one.startswith(b"["))
        homes, people = homes_of([]), people_of([])
        if lines:
            found = self._screen.screened(lines)
            homes, people = found.homes, found.people
            self._plain, self._numbers, self._starts = lines, found.numbers, found.starts
            single += [self._line(place) for place in found.unsure.tolist()]
        parsed: list[Parsed] = []
        for row in sorted(map(row_of, single), key=lambda one: one.number):
            self._single[row.number] = row
            one = (Issue(code="registry.row_quotes", row=row.number),) if row.flaw else self._reader.parse(
                row.number, row.cells, row.kinds
            )  # fmt: skip
            if not isinstance(one, Parsed):
                self._refuse(row.number, one)
                continue
            if one.warnings:
                self.warned += 1
                self._issues += one.warnings
            parsed.append(one)
        if parsed:
            more = homes_of(one.household for one in parsed if one.household is not None)
            others = people_of((one.external_id, one.member) for one in parsed if one.member is not None)
            homes, people = homes.vstack(more).sort("file_row"), people.vstack(others).sort("file_row")
        return homes, people

    def _line(self, place: int) -> bytes:
        return self._plain[int(self._starts[place]) : int(self._starts[place + 1]) - 1]

    def _row(self, number: int) -> StreamRow:
        row = self._single.get(number)
        return row or row_of(self._line(int(np.searchsorted(self._numbers, number))))

    def _refuse(self, number: int, issues: Sequence[Issue]) -> None:
        row = self._row(number)
        self._refused[number] = [
            [row.kinds[place], cell] if place in row.kinds else cell for place, cell in enumerate(row.cells)
        ]
        self._issues += issues

    def _refuse_all(self, numbers: pl.Series, code: str, column: str = "") -> None:
        for number in numbers.unique().sort().to_list():
            self._refuse(number, (Issue(code=code, row=number, column=column),))

    # -- against each other --------------------------------------------------------------------------------------

    def _agreed(
        self, tx: Tx, reading: Reading, homes: pl.DataFrame, people: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Leave out what stands twice, lacks its household, or was erased; each with its reason."""
        layout, columns = self._facts.columns.layout, self._facts.columns
        if layout is Layout.HOUSEHOLD:
            homes, people = self._without_twins(homes, people)
        nik = people["nik"].drop_nulls()
        self.niks, self.niks_ending_zero = len(nik), int(nik.str.ends_with("0").sum())
        if layout is Layout.MEMBER:
            has_home = pl.Series(reading.seen_homes.has(digests(people["external_id"])))
            if reading.completes_id is not None:
                # Of a snapshot that is completed the households stand already.
                lacking = people.filter(~has_home)["external_id"]
                self._stands = standing_homes(tx, reading.completes_id, lacking)
                has_home |= people["external_id"].is_in(self._stands["external_id"].to_list())
            label = columns.label("household_id" if columns.has("household_id") else "kk")
            self._refuse_all(people.filter(~has_home)["file_row"], "registry.household_missing", label)
            people = people.filter(has_home)
        elif layout is Layout.HOUSEHOLD:
            is_known = pl.Series(reading.seen_homes.has(digests(homes["external_id"])))
            again = homes.filter(is_known)["file_row"]
            self._refuse_all(again, "registry.household_again")
            homes, people = homes.filter(~is_known), people.filter(~pl.col("file_row").is_in(again.to_list()))
        homes, people = self._without_erased(tx, homes, people)
        if layout is Layout.FLAT:
            homes = homes.filter(pl.col("external_id").is_first_distinct())
            homes = homes.filter(pl.Series(~reading.seen_homes.has(digests(homes["external_id"]))))
        return homes, people

    def _without_twins(self, homes: pl.DataFrame, people: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        is_first = homes["external_id"].is_first_distinct()
        if is_first.all():
            return homes, people
        firsts = homes.filter(is_first).select("external_id", first="file_row")
        twins = homes.filter(~is_first).join(firsts, on="external_id")
        for number, first in twins.select("file_row", "first").sort("file_row").rows():
            self._refuse(number, (Issue(code="registry.household_twice", row=number, facts={"first": first}),))
        return homes.filter(is_first), people.filter(~pl.col("file_row").is_in(twins["file_row"].to_list()))

    def _without_erased(
        self, tx: Tx, homes: pl.DataFrame, people: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
        known = known_erased(tx)
        if not known:
            return homes, people
        of_homes, of_people = erased_in(tx, self._run.snapshot_id, known, homes, people)
        if self._facts.columns.layout is Layout.MEMBER:
            self._refuse_all(people.filter(of_people)["file_row"], "registry.erased")
            return homes, people.filter(~of_people)
        keys = {*homes.filter(of_homes)["external_id"], *people.filter(of_people)["external_id"]}
        is_erased = pl.col("external_id").is_in(sorted(keys))
        rows = pl.concat([homes.filter(is_erased)["file_row"], people.filter(is_erased)["file_row"]])
        self._refuse_all(rows, "registry.erased")
        return homes.filter(~is_erased), people.filter(~is_erased)

    def _single_members(self, reading: Reading, people: pl.DataFrame) -> pl.DataFrame:
        """Keep of each member its first row."""
        people = keyed_people(people)
        keys = key_digests(people)
        is_again: Mask = reading.seen_people.has(keys) | ~pl.Series(keys).is_first_distinct().to_numpy()
        if not is_again.any():
            return people
        rows = people.filter(pl.Series(is_again))["file_row"].to_list()
        self._issues += [Issue(code="registry.member_twice", row=row, is_warning=True) for row in rows]
        self.doubled = len(rows)
        return people.filter(pl.Series(~is_again))
