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
from core.work import Tx
from registry_link.households.bulk import put_rows
from registry_link.households.erased import erased_in, known_erased
from registry_link.households.marks import (
    has_marks,
    judged,
    keep_row_marks,
    next_mark_no,
    packed_rows,
    said_in,
)
from registry_link.households.pieces import (
    KEPT_HOMES,
    Digests,
    Piece,
    Seen,
    digests,
    empty_piece,
    home_numbers,
    key_digests,
    piece_counts,
    piece_named,
    pieces_of,
    put_piece,
    sealed,
)
from registry_link.households.standing import completed_by, standing_homes
from registry_link.importing.looking import Looked, Looking
from registry_link.importing.merging import differing_again, two_heads
from registry_link.importing.models import ImportIssue, ImportRow
from registry_link.importing.rules import OF_A_DAY, FileFacts
from registry_link.importing.screening import Mask, Skips
from registry_link.importing.states import Layout
from registry_link.importing.unchanged import skips_of


@dataclass(slots=True)
class Reading:
    """What a job keeps from one piece of an import to the next; made anew from the pieces kept where it is lost."""

    run_id: UUID | None = None
    cursor: tuple[int, int] = (-1, -1)
    """File and byte that it expects next."""
    seen_homes: Seen = field(default_factory=Seen)
    seen_people: Seen = field(default_factory=Seen)
    last: Piece = field(default_factory=empty_piece)
    """The piece before: a household that lies across the border between two stands in both."""
    next_piece: int = 0
    completes_id: UUID | None = None
    comparison: Any = None
    looking: Looking = field(default_factory=Looking)
    skips: Skips | None = None
    """Which rows are looked at; all where there is none."""
    next_mark: int | None = None
    """The number of the next piece whose rows' marks are kept; None where the snapshot is to have none."""

    def begin(self, tx: Tx, run: Any) -> None:
        """Be ready for the next rows of a run, wherever it is."""
        if (self.run_id, self.cursor) == (run.id, (run.file_no, run.at_byte)):
            return
        skips = self.skips if self.skips is not None and self.skips.run_id == run.id else skips_of(tx, run)
        self.__init__(looking=self.looking, skips=skips)  # type: ignore[misc]
        self.run_id = run.id
        self.next_mark = next_mark_no(tx, run.snapshot_id) if has_marks(tx, run.snapshot_id) else None
        self.completes_id = completed_by(tx, run.snapshot_id)
        for piece in pieces_of(tx, run.snapshot_id):
            self.seen_homes.add(digests(piece.homes["external_id"]))
            self.seen_people.add(key_digests(piece.people))
            self.last = piece
        self.next_piece = max((no + 1 for no, _, _ in piece_counts(tx, run.snapshot_id)), default=0)


class CheckedRows:
    """What one piece of a file comes to."""

    def __init__(self, tx: Tx, run: Any, facts: FileFacts, reading: Reading, looked: Looked, count: int) -> None:
        self._run, self._facts, self._looked = run, facts, looked
        self._issues: list[Issue] = []
        self._warned: set[int] = set()
        self._warn(looked.warnings)
        self._refused: dict[int, list[str | list[str]]] = {}
        self._refused_of: dict[int, str] = {}
        self.taken, self.doubled, self.niks, self.niks_ending_zero = count, 0, 0, 0
        self._stands = KEPT_HOMES.to_frame()
        for number, issues in looked.refused.items():
            self._refuse(number, issues, looked.refused_of[number])
        homes, people = self._agreed(tx, reading, looked.homes, looked.people)
        people = self._single_members(reading, people)
        self._warn(two_heads(pl.concat([reading.last.people.select(people.columns), people]), people, facts.columns))
        self.no = reading.next_piece
        self.piece = piece_named(homes, people)
        if len(self._stands):
            has_people = pl.col("external_id").is_in(people["external_id"].unique().to_list())
            self.piece = Piece(self.piece.homes.vstack(self._stands.filter(has_people)), self.piece.people)
        self._sealed = sealed(run.snapshot_id, self.no, self.piece) if len(self.piece.homes) or len(people) else None
        reading.seen_homes.add(digests(self.piece.homes["external_id"]))
        reading.seen_people.add(key_digests(self.piece.people))
        reading.last = self.piece
        reading.next_piece += self._sealed is not None
        self._mark_no = reading.next_mark
        if reading.next_mark is not None:
            self._marks, self._said_refused = self._said()
            reading.next_mark += 1

    @property
    def refused(self) -> int:
        return len(self._refused)

    @property
    def counts_niks(self) -> bool:
        """Whether ``niks`` are NIK; else the file has none, and they are No. KK."""
        return self._facts.has_niks

    @property
    def warned(self) -> int:
        """Rows with warnings that are taken nevertheless."""
        return len(self._warned)

    def write(self, tx: Tx) -> None:
        """Keep the good rows, the refused ones, and what is to be said of them."""
        run = self._run
        if self._sealed is not None:
            put_piece(tx, run.snapshot_id, self.no, Piece(self.piece.homes, self.piece.people), self._sealed)
        if self._mark_no is not None:
            keep_row_marks(
                tx, run.snapshot_id, self._mark_no, self._marks, self._said_refused, is_odd=self._looked.is_odd
            )
        homes = home_numbers([self._refused_of[row] for row in self._refused])
        put_rows(tx, ImportRow, ("run_id", "file_no", "row", "cells", "home_digest"), [
            (run.id, run.file_no, row, Secret(json.dumps(cells, ensure_ascii=False)), home)
            for (row, cells), home in zip(self._refused.items(), homes, strict=True)
        ])  # fmt: skip
        put_rows(tx, ImportIssue, ("id", "run_id", "file_no", "row", "column", "code", "is_warning", "facts"), [
            (new_id, run.id, run.file_no, one.row, one.column, one.code, one.is_warning, json.dumps(dict(one.facts)))
            for new_id, one in zip(tx.new_ids(len(self._issues)), self._issues, strict=True)
        ])  # fmt: skip

    def _said(self) -> tuple[bytes, Digests]:
        """Tell what the rows say household by household, packed, and what each says that is refused whenever it comes.

        What a row of another day is told is no reason that stays.
        """
        people = self.piece.people
        taken = np.concatenate([self.piece.homes["file_row"].to_numpy(), people["file_row"].to_numpy()])
        # An age is one of the file's day: the same words of another day say something else.
        of_a_day = people.filter(pl.col("age_as_of_on").is_not_null())["file_row"].to_numpy()
        warned = np.array([one.row for one in self._issues if one.is_warning and one.row], dtype=np.int64)
        rows, numbers = self._looked.marks, self._looked.numbers
        is_taken = np.isin(numbers, taken) & ~np.isin(numbers, np.concatenate([of_a_day, warned]))
        alike = [number for number, issues in self._looked.refused.items()
                 if not any(one.code in OF_A_DAY for one in issues)]  # fmt: skip
        is_refused = np.isin(numbers, np.array(alike, dtype=np.int64))
        told = judged(self._run.file_no, rows, is_taken, is_refused, digests(people["external_id"]))
        return packed_rows(told), said_in(self._run.file_no, rows)[is_refused]

    def _warn(self, issues: Sequence[Issue]) -> None:
        self._issues += issues
        self._warned.update(one.row for one in issues)

    def _refuse(self, number: int, issues: Sequence[Issue], external_id: str) -> None:
        self._refused_of[number] = external_id
        row = self._looked.row(number)
        self._refused[number] = [
            [row.kinds[place], cell] if place in row.kinds else cell for place, cell in enumerate(row.cells)
        ]
        self._issues += issues

    def _refuse_all(self, rows: pl.DataFrame, code: str, column: str = "") -> None:
        for number, external_id in rows.select("file_row", "external_id").unique("file_row").sort("file_row").rows():
            self._refuse(number, (Issue(code=code, row=number, column=column),), external_id)

    def _refuse_erased(self, numbers: pl.Series) -> None:
        # Of whoever was erased nothing is kept, not even that a file lists them.
        for number in numbers.unique().sort().to_list():
            self._refuse(number, (Issue(code="registry.erased", row=number),), "")

    # -- against each other --------------------------------------------------------------------------------------

    def _agreed(
        self, tx: Tx, reading: Reading, homes: pl.DataFrame, people: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Leave out what stands twice, lacks its household, or was erased; each with its reason."""
        layout, columns = self._facts.columns.layout, self._facts.columns
        if layout is Layout.HOUSEHOLD:
            homes, people = self._without_twins(homes, people)
        numbers = (people["nik"] if self._facts.has_niks else homes["kk"]).drop_nulls()
        self.niks, self.niks_ending_zero = len(numbers), int(numbers.str.ends_with("0").sum())
        if layout is Layout.MEMBER:
            has_home = pl.Series(reading.seen_homes.has(digests(people["external_id"])))
            if reading.completes_id is not None:
                # Of a snapshot that is completed the households stand already.
                lacking = people.filter(~has_home)["external_id"]
                self._stands = standing_homes(tx, reading.completes_id, lacking)
                has_home |= people["external_id"].is_in(self._stands["external_id"].to_list())
            label = columns.label("household_id" if columns.has("household_id") else "kk")
            self._refuse_all(people.filter(~has_home), "registry.household_missing", label)
            people = people.filter(has_home)
        elif layout is Layout.HOUSEHOLD:
            is_known = pl.Series(reading.seen_homes.has(digests(homes["external_id"])))
            again = homes.filter(is_known)
            self._refuse_all(again, "registry.household_again")
            is_again = pl.col("file_row").is_in(again["file_row"].to_list())
            homes, people = homes.filter(~is_known), people.filter(~is_again)
        homes, people = self._without_erased(tx, homes, people)
        if layout is Layout.FLAT:
            is_known = pl.Series(reading.seen_homes.has(digests(homes["external_id"])), dtype=pl.Boolean())
            self._warn(differing_again(reading.last.homes, homes.filter(is_known), columns))
            homes = homes.filter(~is_known)
        return homes, people

    def _without_twins(self, homes: pl.DataFrame, people: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        is_first = homes["external_id"].is_first_distinct()
        if is_first.all():
            return homes, people
        firsts = homes.filter(is_first).select("external_id", first="file_row")
        twins = homes.filter(~is_first).join(firsts, on="external_id")
        for number, first, key in twins.select("file_row", "first", "external_id").sort("file_row").rows():
            self._refuse(number, (Issue(code="registry.household_twice", row=number, facts={"first": first}),), key)
        return homes.filter(is_first), people.filter(~pl.col("file_row").is_in(twins["file_row"].to_list()))

    def _without_erased(
        self, tx: Tx, homes: pl.DataFrame, people: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
        known = known_erased(tx)
        if not known:
            return homes, people
        of_homes, of_people = erased_in(tx, self._run.snapshot_id, known, homes, people)
        if self._facts.columns.layout is Layout.MEMBER:
            self._refuse_erased(people.filter(of_people)["file_row"])
            return homes, people.filter(~of_people)
        keys = {*homes.filter(of_homes)["external_id"], *people.filter(of_people)["external_id"]}
        is_erased = pl.col("external_id").is_in(sorted(keys))
        rows = pl.concat([homes.filter(is_erased)["file_row"], people.filter(is_erased)["file_row"]])
        self._refuse_erased(rows)
        return homes.filter(~is_erased), people.filter(~is_erased)

    def _single_members(self, reading: Reading, people: pl.DataFrame) -> pl.DataFrame:
        """Keep of each member its first row."""
        keys = key_digests(people)
        is_again: Mask = reading.seen_people.has(keys) | ~pl.Series(keys).is_first_distinct().to_numpy()
        if not is_again.any():
            return people
        rows = people.filter(pl.Series(is_again))["file_row"].to_list()
        self._issues += [Issue(code="registry.member_twice", row=row, is_warning=True) for row in rows]
        self.doubled = len(rows)
        return people.filter(pl.Series(~is_again))
