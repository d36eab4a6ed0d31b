"""A decree's file (SK) of beneficiaries, matched to the registry: every row gets an outcome and keeps its words."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.crypto import Secret, ring
from core.errors import Conflict, Fact, Invalid, Malformed, NotFound, TooLarge
from core.i18n import say
from core.ids import derived
from core.reader.stream import StreamRow, stream_table
from core.reader.tables import ReaderLimits
from core.sealed_file import SealedWriter
from core.work import Tx
from logistics.programmes.commands import lock_term
from logistics.programmes.models import TermEntry, TermFile, TermFileRow
from logistics.programmes.queries import MOST, TermView, term_by_id
from logistics.programmes.rules import district_of
from logistics.programmes.states import EntryState, Origin, RowOutcome, TermState, Unit
from registry_link.households.bulk import put_rows
from registry_link.households.identifying import Candidate, Clues, FoundBy, Identified, identify
from registry_link.households.rules import Flaw, checked_kk, checked_nik
from registry_link.importing.columns import KNOWN, MOST_COLUMNS, placed
from registry_link.regions.queries import RegionView, regions_of
from registry_link.regions.rules import name_key
from registry_link.regions.states import Level

MOST_BYTES: Final = 20 << 20
MOST_ROWS: Final = 200_000
LIMITS: Final = ReaderLimits(
    file_bytes=MOST_BYTES, unpacked_bytes=256 << 20, memory_bytes=512 << 20, cpu_s=60, wall_s=90,
    answer_bytes=512 << 20, letters=1_000, line_bytes=2 << 20,
)  # fmt: skip
"""Somebody waits for the answer: what a list of 200,000 needs, and a hostile file's end."""
CARD_CONTEXT: Final = "term.card"
RESULT: Final = "Hasil"
"""The column that is added to rows given back."""
OWN_FIELDS: Final = {
    "card": ("nomor_kartu", "no_kks", "nomor_kks", "no_kartu", "kks"),
    "code": ("kode_keluarga", "kode_kel", "household_code"),
}
_KNOWN: Final = KNOWN | {alias for aliases in OWN_FIELDS.values() for alias in aliases}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_CARD: Final = re.compile(r"[0-9]{8,20}", re.ASCII)
_CODE: Final = re.compile(r"[0-9. ]+", re.ASCII)
_AT_ONCE: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class SkFile:
    """A decree's file as it was read, before any transaction."""

    file_name: str
    file_sha256: str
    header: tuple[str, ...]
    rows: tuple[StreamRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFile:
    term_id: UUID
    file: SkFile


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedFile:
    file_id: UUID
    is_repeat: bool
    """The very same bytes came before: this is the answer they got then."""
    counts: Mapping[RowOutcome, int]

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TermFileView:
    id: UUID
    file_name: str
    rows: int
    recorded_at: datetime
    counts: Mapping[RowOutcome, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    row_no: int
    """As a spreadsheet numbers it: the names of the columns are row 1."""
    outcome: RowOutcome
    entry_id: UUID | None
    facts: Mapping[str, Fact]

    def sentence(self, lang: str) -> str:
        """Say what became of the row, and what to do."""
        return _sentence(self.outcome, self.facts, lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRowPage:
    rows: tuple[FileRow, ...]
    total: int


def read_sk(content: bytes, file_name: str) -> SkFile:
    """Read a decree's file in the child process; called before the transaction, so that no other writer waits for it.

    Raises: Invalid under the field ``content``, saying what is wrong with the file as a whole; Busy.
    """
    if len(content) > MOST_BYTES:
        raise Invalid("list.file_too_large", field="content", most_mb=MOST_BYTES >> 20)
    with tempfile.TemporaryDirectory(prefix="tanggap-sk-") as folder:
        path = Path(folder) / "sk"
        # A process that is killed leaves the folder behind: nobody can be read in it then.
        with path.open("wb") as file:
            SealedWriter(file).write(content)
        try:
            with stream_table(
                path, file_name, most_rows=MOST_ROWS, most_columns=MOST_COLUMNS, known=_KNOWN, limits=LIMITS
            ) as table:
                header, rows = table.header, tuple(table.rows)
        except (TooLarge, Malformed) as error:
            raise Invalid(error.code, field="content", **error.facts) from error
    if not rows:
        raise Invalid("list.file_no_rows", field="content")
    return SkFile(file_name=file_name, file_sha256=hashlib.sha256(content).hexdigest(), header=tuple(header), rows=rows)


def match_file(tx: Tx, order: MatchFile) -> MatchedFile:
    """Match a file row by row and put whom it names onto the list as candidates; every row keeps its outcome.

    The same file again gives the first answer and changes nothing. Raises: Forbidden; NotFound; Conflict when the list
    is fixed; Invalid when the file's columns do not say whom it names.
    """
    tx.require("bansos.edit")
    state = lock_term(tx, order.term_id)
    digest = order.file.file_sha256
    known = tx.session.scalar(
        sa.select(TermFile.id).where(TermFile.term_id == order.term_id, TermFile.file_sha256 == digest)
    )
    if known is not None:
        return MatchedFile(file_id=known, is_repeat=True, counts=_counts(tx, [known]).get(known, {}))
    if state is not TermState.DRAFT:
        raise Conflict("term.list_is_fixed", state=state.value)
    term = term_by_id(tx, order.term_id)
    table = _table(order.file, term.unit)
    places = _Places(regions_of(tx, tx.regency_code, Level.VILLAGE))
    readings = [table.reading(row, places) for row in table.rows]
    answers = identify(tx, [one.clues for one in readings], "bansos", is_of_persons=term.unit is Unit.PERSON)
    listed = _listed(tx, order.term_id)
    results = _Results(term, places, listed, tx.regency_code, tx.new_ids(len(table.rows)))
    made = [
        results.add(row.number, reading, answer)
        for row, reading, answer in zip(table.rows, readings, answers, strict=True)
    ]
    _put_entries(tx, term, results.new)
    file_id = tx.new_id()
    tx.session.add(
        TermFile(
            id=file_id, regency_code=tx.regency_code, term_id=order.term_id,
            file_name=_plain_name(order.file.file_name), file_sha256=digest,
            header=json.dumps(table.header, ensure_ascii=False), rows=len(table.rows),
            recorded_by=tx.actor.id, recorded_at=tx.now,
        )
    )  # fmt: skip
    tx.session.flush()
    put_rows(
        tx,
        TermFileRow,
        ("file_id", "row_no", "outcome", "facts", "cells", "entry_id"),
        (
            (
                file_id, row.number, one.outcome, json.dumps(one.facts, ensure_ascii=False),
                json.dumps(row.cells, ensure_ascii=False), one.entry_id,
            )
            for row, one in zip(table.rows, made, strict=True)
        ),
    )  # fmt: skip
    counts = Counter(one.outcome for one in made)
    told: dict[str, Fact] = {outcome.value: counts[outcome] for outcome in RowOutcome}
    tx.note(
        "term.match_file", "term", order.term_id, file=str(file_id), sha256=digest, rows=len(table.rows),
        **told,  # type: ignore[arg-type]
    )  # fmt: skip
    return MatchedFile(file_id=file_id, is_repeat=False, counts=_ordered(counts))


def files(tx: Tx, term_id: UUID) -> tuple[TermFileView, ...]:
    """List the files matched for a term, newest first. Raises: Forbidden; NotFound."""
    tx.require("bansos.edit")
    term_by_id(tx, term_id)
    rows = tx.session.scalars(
        sa.select(TermFile).where(TermFile.term_id == term_id).order_by(TermFile.recorded_at.desc(), TermFile.id.desc())
    ).all()
    counts = _counts(tx, [row.id for row in rows])
    return tuple(
        TermFileView(
            id=row.id, file_name=row.file_name, rows=row.rows, recorded_at=row.recorded_at,
            counts=counts.get(row.id, {}),
        )
        for row in rows
    )  # fmt: skip


def file_rows(
    tx: Tx, file_id: UUID, *, outcomes: Collection[RowOutcome] = (), limit: int = 50, offset: int = 0
) -> FileRowPage:
    """Give a file's rows with their outcomes, in the order of the file; what stood in them is not opened.

    Raises: Forbidden; NotFound; Invalid for a page beyond its limits.
    """
    tx.require("bansos.edit")
    _file(tx, file_id)
    if not 1 <= limit <= MOST or offset < 0:
        raise Invalid("list.page", field="limit", most=MOST)
    where = [TermFileRow.file_id == file_id]
    if outcomes:
        where.append(TermFileRow.outcome.in_(outcomes))
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(TermFileRow).where(*where)) or 0
    rows = tx.session.execute(
        sa.select(TermFileRow.row_no, TermFileRow.outcome, TermFileRow.entry_id, TermFileRow.facts)
        .where(*where).order_by(TermFileRow.row_no).limit(limit).offset(offset)
    )  # fmt: skip
    return FileRowPage(
        rows=tuple(
            FileRow(row_no=row.row_no, outcome=row.outcome, entry_id=row.entry_id, facts=json.loads(row.facts))
            for row in rows
        ),
        total=total,
    )


def answered_csv(tx: Tx, file_id: UUID, lang: str = "id") -> Iterator[str]:
    """Write the rows as they came with a column that says what became of each: ``;``, with a byte order mark.

    Cells that a spreadsheet would run as a formula get an apostrophe; the look is logged. Raises: Forbidden; NotFound.
    """
    tx.require("bansos.edit")
    file = _file(tx, file_id)
    tx.saw("term_file", [file_id], "bansos_file")
    return _answered(tx, file_id, json.loads(file.header), lang)


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What a row says, checked."""

    clues: Clues
    card: str = ""
    flaw: Mapping[str, Fact] = field(default_factory=dict)
    """What is wrong with it: a sentence's code, the column, and that sentence's facts."""
    is_useless: bool = False
    """The flaw leaves nothing to go by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    header: list[str]
    places: Mapping[str, tuple[int, ...]]
    rows: list[StreamRow]
    unit: Unit

    def reading(self, row: StreamRow, places: _Places) -> _Reading:
        """Read one row; numbers are checked, never repaired."""
        cells = row.cells
        if len(cells) != len(self.header):
            flaw: dict[str, Fact] = {"flaw": "list.flaw.width", "cells": len(cells), "columns": len(self.header)}
            return _Reading(clues=Clues(), flaw=flaw, is_useless=True)
        flaws: list[dict[str, Fact]] = []
        nik, kk = self._number(row, "nik", flaws), self._number(row, "kk", flaws)
        village = places.find(self._all(cells, "village"), self._all(cells, "district"))
        if village == "" and self._all(cells, "village"):
            flaws.append({"flaw": "list.flaw.village", "column": self._label("village")})
        clues = Clues(
            nik=nik, kk=kk, code=self._cell(cells, "code").upper(),
            name=self._cell(cells, "name") or self._cell(cells, "head_name"), village_code=village,
        )  # fmt: skip
        card = ""
        if self.unit is Unit.CARD:
            card = self._cell(cells, "card").replace(" ", "").replace("-", "")
            if self._is_number(row, "card") or not _CARD.fullmatch(card):
                flaw = {"flaw": "list.flaw.card", "column": self._label("card")}
                return _Reading(clues=Clues(), flaw=flaw, is_useless=True)
        has_clue = nik is not None or kk is not None or clues.code or (clues.name and village)
        if not has_clue and not flaws:
            flaws.append({"flaw": "list.flaw.no_clue"})
        return _Reading(clues=clues, card=card, flaw=flaws[0] if flaws else {}, is_useless=not has_clue)

    def _number(self, row: StreamRow, name: str, flaws: list[dict[str, Fact]]) -> Secret | None:
        text = self._cell(row.cells, name)
        if not text:
            return None
        if self._is_number(row, name):
            flaws.append({"flaw": "list.flaw.number", "column": self._label(name)})
            return None
        found = checked_nik(text) if name == "nik" else checked_kk(text)
        if isinstance(found, Flaw):
            flaws.append({**found.facts, "flaw": found.code, "column": self._label(name)})
            return None
        return Secret(found)

    def _is_number(self, row: StreamRow, name: str) -> bool:
        """Whether a spreadsheet holds it as a number: the end of a long one is lost."""
        return row.kinds.get(self.places[name][0], "").startswith("n") if name in self.places else False

    def _cell(self, cells: Sequence[str], name: str) -> str:
        return cells[self.places[name][0]].strip() if name in self.places else ""

    def _all(self, cells: Sequence[str], name: str) -> list[str]:
        return [text for place in self.places.get(name, ()) if (text := cells[place].strip())]

    def _label(self, name: str) -> str:
        return self.header[self.places[name][0]][:60]


def _table(file: SkFile, unit: Unit) -> _Table:
    """Find the columns that say whom the file names. Raises: Invalid."""
    try:
        places = placed(file.header, OWN_FIELDS)
    except Malformed as error:
        raise Invalid(error.code, field="content", **error.facts) from error
    if unit is Unit.CARD and "card" not in places:
        raise Invalid("list.file_needs_card", field="content")
    if not ({"nik", "kk", "code"} & set(places) or ({"name", "head_name"} & set(places) and "village" in places)):
        raise Invalid("list.file_no_clue", field="content")
    return _Table(header=list(file.header), places=places, rows=list(file.rows), unit=unit)


class _Places:
    """The villages of the office, found by code or by name."""

    def __init__(self, villages: Sequence[RegionView]) -> None:
        self.names = {one.code: one for one in villages}
        self._codes = {one.code.replace(".", ""): one.code for one in villages}
        self._codes.update({one.bps_code: one.code for one in villages if one.bps_code})
        self._named: dict[str, list[RegionView]] = {}
        for one in villages:
            self._named.setdefault(name_key(one.name, Level.VILLAGE), []).append(one)
        self._known: dict[tuple[str, ...], str] = {}

    def find(self, villages: Sequence[str], districts: Sequence[str]) -> str:
        """Give the code of the one village that is meant; empty when none or several are."""
        key = (*villages, "/", *districts)
        if key not in self._known:
            self._known[key] = self._find(villages, districts)
        return self._known[key]

    def district_name(self, village_code: str) -> str:
        one = self.names.get(village_code)
        return (one.parent_name if one else None) or district_of(village_code)

    def village_name(self, village_code: str) -> str:
        one = self.names.get(village_code)
        return one.full_name if one else village_code

    def _find(self, villages: Sequence[str], districts: Sequence[str]) -> str:
        for text in villages:
            if _CODE.fullmatch(text) and (code := self._codes.get(text.replace(".", "").replace(" ", ""))):
                return code
        within = {name_key(text, Level.DISTRICT) for text in districts if not _CODE.fullmatch(text)}
        fit = {
            one.code
            for text in villages
            if not _CODE.fullmatch(text)
            for one in self._named.get(name_key(text, Level.VILLAGE), ())
            if not within or name_key(one.parent_name or "", Level.DISTRICT) in within
        }
        return fit.pop() if len(fit) == 1 else ""


# ---------------------------------------------------------------- outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    outcome: RowOutcome
    facts: Mapping[str, Fact]
    entry_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    id: UUID
    state: EntryState


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewEntry:
    id: UUID
    beneficiary_id: UUID
    household_id: UUID
    village_code: str
    card_last4: str


class _Results:
    """The outcomes of one file, row after row."""

    def __init__(
        self, term: TermView, places: _Places, listed: Mapping[UUID, _Entry], regency_code: str, ids: Sequence[UUID]
    ) -> None:
        self.term, self.places, self.listed, self.regency_code = term, places, listed, regency_code
        self._ids = iter(ids)
        self.new: list[_NewEntry] = []
        self._seen: dict[UUID, tuple[int, UUID | None]] = {}
        """The beneficiaries of earlier rows: which row, which entry."""

    def add(self, row_no: int, reading: _Reading, answer: Identified) -> _Result:
        """Decide one row; of several outcomes the first of these counts."""
        if reading.is_useless:
            return _Result(outcome=RowOutcome.MALFORMED, facts=reading.flaw)
        by = answer.by or FoundBy.NAME
        if not answer.candidates:
            if reading.flaw:
                return _Result(outcome=RowOutcome.MALFORMED, facts=reading.flaw)
            return _Result(outcome=RowOutcome.NOT_FOUND, facts={"by": by.value})
        if len(answer.candidates) > 1:
            return _Result(
                outcome=RowOutcome.AMBIGUOUS, facts={"by": by.value, "number": len(answer.candidates)}
            )  # fmt: skip
        one = answer.candidates[0]
        beneficiary_id = self._beneficiary(one, reading)
        facts: dict[str, Fact] = {"by": by.value, "code": one.code}
        if (before := self._seen.get(beneficiary_id)) is not None:
            return _Result(outcome=RowOutcome.TWICE_IN_FILE, facts={**facts, "first": before[0]}, entry_id=before[1])
        result = self._listed(one, beneficiary_id, reading, facts)
        self._seen[beneficiary_id] = row_no, result.entry_id
        return result

    def _listed(self, one: Candidate, beneficiary_id: UUID, reading: _Reading, facts: dict[str, Fact]) -> _Result:
        entry = self.listed.get(beneficiary_id)
        if entry is not None:
            facts["is_left_out"] = entry.state is EntryState.EXCLUDED
            return _Result(outcome=RowOutcome.ALREADY_LISTED, facts=facts, entry_id=entry.id)
        if self.term.quotas and district_of(one.village_code) not in self.term.quotas:
            facts["district"] = self.places.district_name(one.village_code)
            return _Result(outcome=RowOutcome.OUTSIDE_QUOTA, facts=facts)
        outcome = RowOutcome.MATCHED
        if not one.is_name_same:
            outcome = RowOutcome.NAME_DIFFERS
        elif reading.clues.village_code not in ("", one.village_code):
            outcome = RowOutcome.OTHER_VILLAGE
            facts["village"] = self.places.village_name(one.village_code)
        entry_id = next(self._ids)
        self.new.append(
            _NewEntry(
                id=entry_id, beneficiary_id=beneficiary_id, household_id=one.household_id,
                village_code=one.village_code, card_last4=reading.card[-4:],
            )
        )  # fmt: skip
        return _Result(outcome=outcome, facts=facts, entry_id=entry_id)

    def _beneficiary(self, one: Candidate, reading: _Reading) -> UUID:
        if self.term.unit is Unit.CARD:
            return derived("card", self.regency_code, ring().blind_index(reading.card, CARD_CONTEXT).hex())
        if self.term.unit is Unit.PERSON:
            assert one.member_id is not None
            return one.member_id
        return one.household_id


def _listed(tx: Tx, term_id: UUID) -> dict[UUID, _Entry]:
    rows = tx.session.execute(
        sa.select(TermEntry.beneficiary_id, TermEntry.id, TermEntry.state).where(TermEntry.term_id == term_id)
    )
    return {row.beneficiary_id: _Entry(row.id, row.state) for row in rows}


def _put_entries(tx: Tx, term: TermView, new: Sequence[_NewEntry]) -> None:
    put_rows(
        tx,
        TermEntry,
        (
            "id", "regency_code", "term_id", "beneficiary_kind", "beneficiary_id", "household_id", "village_code",
            "card_last4", "state", "origin", "rank", "reason_code", "reason_text", "basis", "created_at",
        ),
        (
            (
                one.id, tx.regency_code, term.id, term.unit, one.beneficiary_id, one.household_id, one.village_code,
                one.card_last4, EntryState.CANDIDATE, Origin.FILE, 0, "", "", "", tx.now,
            )
            for one in new
        ),
    )  # fmt: skip


# ---------------------------------------------------------------- answers


def _file(tx: Tx, file_id: UUID) -> TermFile:
    row = tx.session.get(TermFile, file_id)
    if row is None or row.regency_code != tx.regency_code:
        raise NotFound("term_file.not_found")
    return row


def _counts(tx: Tx, file_ids: Sequence[UUID]) -> dict[UUID, Mapping[RowOutcome, int]]:
    found: dict[UUID, Counter[RowOutcome]] = {}
    rows = tx.session.execute(
        sa.select(TermFileRow.file_id, TermFileRow.outcome, sa.func.count().label("number"))
        .where(TermFileRow.file_id.in_(file_ids))
        .group_by(TermFileRow.file_id, TermFileRow.outcome)
    )
    for row in rows:
        found.setdefault(row.file_id, Counter())[row.outcome] = row.number
    return {one: _ordered(counts) for one, counts in found.items()}


def _ordered(counts: Mapping[RowOutcome, int]) -> dict[RowOutcome, int]:
    return {one: counts[one] for one in RowOutcome if counts.get(one)}


def _sentence(outcome: RowOutcome, facts: Mapping[str, Fact], lang: str) -> str:
    told: dict[str, Fact] = dict(facts)
    if isinstance(flaw := told.get("flaw"), str):
        column = f"{told['column']}: " if "column" in told else ""
        told["flaw"] = column + say(flaw, lang, facts)
    if "by" in told:
        told["by"] = say(f"list.by.{told['by']}", lang)
    if told.get("is_left_out"):
        return say("list.row.already_left_out", lang, told)
    return say(f"list.row.{outcome.value}", lang, told)


def _answered(tx: Tx, file_id: UUID, header: list[str], lang: str) -> Iterator[str]:
    is_new = RESULT not in header
    at = len(header) if is_new else header.index(RESULT)
    yield "\ufeff" + _line([*header, RESULT] if is_new else header)
    rows = sa.select(TermFileRow.outcome, TermFileRow.facts, TermFileRow.cells).where(TermFileRow.file_id == file_id)
    for row in tx.session.execute(rows.order_by(TermFileRow.row_no).execution_options(yield_per=1000)):
        cells = json.loads(row.cells.reveal())
        # Short rows are filled, so that the answer stands below its heading; longer ones keep what they had.
        cells += [""] * (at - len(cells))
        answer = _sentence(row.outcome, json.loads(row.facts), lang)
        yield _line([*cells[:at], answer, *cells[at if is_new else at + 1 :]])


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow(
        [f"'{cell}" if cell.startswith(_FORMULA) and cell != "-" else cell for cell in cells]
    )
    return out.getvalue()


def _plain_name(name: str) -> str:
    """Keep of a file's name what can be shown."""
    return "".join(one for one in Path(name.replace("\\", "/")).name if one.isprintable())[:120] or "sk.csv"
