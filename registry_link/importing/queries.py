"""What an import would do or did, and the rows that go back."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Fact, NotFound, Refused
from core.i18n import say
from core.work import Tx
from registry_link.households.progress import percent_taken
from registry_link.households.queries import SnapshotLine, snapshots
from registry_link.importing.columns import ERRORS, refuse_missing, suggest
from registry_link.importing.models import ImportIssue, ImportRow, ImportRun
from registry_link.importing.origins import completed_with
from registry_link.importing.runs import hindrance, weighed_counts
from registry_link.importing.samples import sample_of
from registry_link.importing.states import IMPORT_RUN_MOVES, Layout, RunAct, RunState
from registry_link.importing.unpacking import unpacked_rows
from registry_link.regions.queries import gazetteer
from registry_link.regions.rules import Gazetteer
from registry_link.regions.states import CodeSystem

MOST_ISSUES: Final = 500
SAMPLES: Final = 3
"""Rows that are shown beside the columns while a person names them."""
_FILE: Final = 10**8
"""More rows than any file has: file and row in one number."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_FIGURES: Final = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?", re.ASCII)
"""No formula, whatever it begins with: a latitude south of the equator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a file as a whole was refused."""

    code: str
    facts: dict[str, Fact]

    def sentence(self, lang: str) -> str:
        return say(self.code, lang, self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueLine:
    file_no: int
    row: int
    """0: it is said of the file as a whole."""
    column: str
    code: str
    is_warning: bool
    facts: dict[str, Fact]

    def sentence(self, lang: str) -> str:
        """Say where and what and what to do: Baris 214, kolom NIK: 15 angka, seharusnya 16 …"""
        text = say(self.code, lang, self.facts)
        if not self.row:
            return text
        if self.column:
            return say("registry.at_column", lang, {"row": self.row, "column": self.column, "text": text})
        return say("registry.at_row", lang, {"row": self.row, "text": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCount:
    code: str
    is_warning: bool
    rows: int
    first_file: int
    first_row: int
    """Where it stands first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportIssues:
    lines: tuple[IssueLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    header: str
    field: str
    """What it seems to hold; empty: it is not read."""
    samples: tuple[str, ...]
    """Long numbers masked to their last four digits, but for the codes of the office's regions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileColumnsView:
    """What a person looks at before the rows of a file are read."""

    file_name: str
    layout: Layout
    columns: tuple[ColumnView, ...]
    rows_size: int
    problem: Problem | None
    """Why its columns do not tell for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    id: UUID
    state: RunState
    source: str
    as_of_on: date
    agreement_no: str
    code_system: CodeSystem
    file_names: tuple[str, ...]
    workbooks: tuple[bool, ...]
    """Which of the files came as a workbook; refused rows go back in the same form."""
    layouts: tuple[str, ...]
    """What a row of each is; empty until its columns are known."""
    rows: int
    refused: int
    warned: int
    doubled: int
    new: int
    changed: int
    unchanged: int
    kept: int
    """Households of which every row was refused, and who stay as they stood."""
    suspected: int
    percent: int
    """Of what is being done now: unpacking or reading of its bytes, or applying."""
    problem: Problem | None
    """Why it was refused or discarded; of a ready one what came between since, so that it cannot be applied."""
    snapshot_id: UUID
    completes_id: UUID | None
    """The snapshot that its rows complete, or, once they are applied, completed."""
    started_at: datetime
    started_by_name: str
    is_mine: bool
    """The asking person started it, so another one has to approve it."""
    approved_by_name: str | None
    finished_at: datetime | None


def imports(tx: Tx) -> tuple[ImportView, ...]:
    """Give the office's imports, newest first. Raises: Forbidden."""
    by_id = {one.id: one for one in snapshots(tx, supplements=True)}
    query = sa.select(ImportRun.__table__).where(ImportRun.regency_code == tx.regency_code)
    rows = tx.session.execute(query.order_by(ImportRun.started_at.desc(), ImportRun.id.desc()))
    return tuple(_view(tx, row, by_id[row.snapshot_id]) for row in rows)


def import_run(tx: Tx, run_id: UUID) -> ImportView:
    """Give one import: its progress, or its dry run, or what it did. Raises: Forbidden; NotFound."""
    row = _row(tx, run_id)
    return _view(tx, row, next(one for one in snapshots(tx, supplements=True) if one.id == row.snapshot_id))


def undecided_before(tx: Tx, instant: datetime) -> tuple[UUID, ...]:
    """Give the office's imports that were started before then and that nobody has applied, approved or given up."""
    states = {state for state, act in IMPORT_RUN_MOVES if act is RunAct.DISCARD}
    query = sa.select(ImportRun.id).where(
        ImportRun.regency_code == tx.regency_code, ImportRun.started_at < instant, ImportRun.state.in_(sorted(states))
    )
    return tuple(tx.session.scalars(query.order_by(ImportRun.started_at)))


def import_issues(
    tx: Tx, run_id: UUID, limit: int = MOST_ISSUES, offset: int = 0, *, code: str = ""
) -> ImportIssues:  # fmt: skip
    """Give issues of an import (all, or those of one reason), refusals before warnings, in the order of the file.

    Raises: as above.
    """
    _row(tx, run_id)
    columns = [getattr(ImportIssue, name) for name in IssueLine.__dataclass_fields__]
    wanted = [ImportIssue.run_id == run_id, *([ImportIssue.code == code] if code else [])]
    query = (
        sa.select(*columns)
        .where(*wanted)
        .order_by(ImportIssue.is_warning, ImportIssue.file_no, ImportIssue.row, ImportIssue.id)
        .limit(limit)
        .offset(offset)
    )
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(ImportIssue).where(*wanted))
    lines = (IssueLine(**{**row._mapping, "facts": json.loads(row.facts)}) for row in tx.session.execute(query))
    return ImportIssues(lines=tuple(lines), total=total or 0)


def issue_counts(tx: Tx, run_id: UUID) -> tuple[IssueCount, ...]:
    """Count the rows of an import by reason, refusals first, most first. Raises: as above."""
    _row(tx, run_id)
    rows = sa.func.count().label("rows")
    place = ImportIssue.file_no * _FILE + ImportIssue.row
    query = (
        sa.select(ImportIssue.code, ImportIssue.is_warning, rows, sa.func.min(place).label("first"))
        .where(ImportIssue.run_id == run_id)
        .group_by(ImportIssue.code, ImportIssue.is_warning)
        .order_by(ImportIssue.is_warning, rows.desc(), ImportIssue.code)
    )
    return tuple(
        IssueCount(
            code=row.code, is_warning=row.is_warning, rows=row.rows, first_file=row.first // _FILE,
            first_row=row.first % _FILE,
        )
        for row in tx.session.execute(query)
    )  # fmt: skip


def columns_to_name(tx: Tx, run_id: UUID) -> tuple[FileColumnsView, ...]:
    """Give the columns of an import that waits for a person, with what they seem to be and what stands in them.

    Raises: Forbidden; NotFound; Conflict "import_run.cannot_map".
    """
    tx.require("registry.import")
    run = _row(tx, run_id)
    if run.state is not RunState.MAPPING:
        raise Conflict("import_run.cannot_map", state=run.state.value)
    tx.saw("import_run", [run_id], "columns")
    known = gazetteer(tx, tx.regency_code)
    return tuple(_columns_of(one, known) for one in json.loads(run.files))


def _columns_of(file: dict[str, Any], known: Gazetteer) -> FileColumnsView:
    header, path = file["header"], Path(file["rows_path"])
    rows = [one.row.cells for one in islice(unpacked_rows(path), SAMPLES)] if path.exists() else []
    found = suggest(header)
    field_of = {place: name for name, places in found.places.items() for place in places}
    problem = None
    if found.doubled:
        first, second = found.doubled[0]
        problem = Problem(code="registry.column_twice", facts={"first": first[:60], "second": second[:60]})
    else:
        try:
            refuse_missing(replace(found, layout=Layout(file["layout"])).columns(header))
        except Refused as refused:
            problem = Problem(code=refused.code, facts=refused.facts)
    return FileColumnsView(
        file_name=file["name"], layout=Layout(file["layout"]), rows_size=file["rows_size"], problem=problem,
        columns=tuple(
            ColumnView(
                header=text, field=field_of.get(place, ""),
                samples=tuple(sample_of(row[place], known) for row in rows if place < len(row) and row[place].strip()),
            )
            for place, text in enumerate(header)
        ),
    )  # fmt: skip


def refused_rows(tx: Tx, run_id: UUID, file_no: int = 0, lang: str = "id") -> Iterator[list[str]]:
    """Give the refused rows of a file as the same table, the header first, with a column that says why.

    Raises: Forbidden; NotFound.
    """
    tx.require("registry.import")
    files = json.loads(_row(tx, run_id).files)
    if not 0 <= file_no < len(files):
        raise NotFound("import_run.not_found")
    tx.saw("import_run", [run_id], "refused_rows")
    return _refused_rows(tx, run_id, file_no, files[file_no]["header"], lang)


def refused_csv(tx: Tx, run_id: UUID, file_no: int = 0, lang: str = "id") -> Iterator[str]:
    """Write ``refused_rows`` as text: ``;``, with a byte order mark.

    Cells that a spreadsheet would run as a formula get an apostrophe. Raises: Forbidden; NotFound.
    """
    rows = refused_rows(tx, run_id, file_no, lang)
    return ("\ufeff" * (not number) + _line(cells) for number, cells in enumerate(rows))


def _refused_rows(tx: Tx, run_id: UUID, file_no: int, header: list[str], lang: str) -> Iterator[list[str]]:
    is_new = ERRORS not in header
    yield [*header, ERRORS] if is_new else header
    why: dict[int, list[str]] = {}
    mine = (ImportIssue.run_id == run_id, ImportIssue.file_no == file_no, ~ImportIssue.is_warning)
    query = sa.select(ImportIssue.row, ImportIssue.column, ImportIssue.code, ImportIssue.facts).where(*mine)
    for row in tx.session.execute(query.order_by(ImportIssue.row, ImportIssue.id)):
        text = say(row.code, lang, json.loads(row.facts))
        why.setdefault(row.row, []).append(f"{row.column}: {text}" if row.column else text)
    rows = sa.select(ImportRow.row, ImportRow.cells).where(ImportRow.run_id == run_id, ImportRow.file_no == file_no)
    at = header.index(ERRORS) if not is_new else len(header)
    for kept in tx.session.execute(rows.order_by(ImportRow.row).execution_options(yield_per=1000)):
        # A cell of a workbook that was no text comes with the letter of its kind; it goes back as text.
        cells = [cell if isinstance(cell, str) else cell[1] for cell in json.loads(kept.cells.reveal())]
        # Short rows are filled, so that the reason stands below its heading; longer ones keep what they had behind it.
        cells += [""] * (at - len(cells))
        cells[at : at + (not is_new)] = [" ".join(why.get(kept.row, []))]
        yield cells


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow(
        [
            f"'{cell}" if cell.startswith(_FORMULA) and cell != "-" and not _FIGURES.fullmatch(cell) else cell
            for cell in cells
        ]
    )
    return out.getvalue()


def _row(tx: Tx, run_id: UUID) -> Any:
    tx.require("registry.see_imports")
    row = tx.session.execute(
        sa.select(ImportRun.__table__).where(ImportRun.id == run_id, ImportRun.regency_code == tx.regency_code)
    ).one_or_none()
    if row is None:
        raise NotFound("import_run.not_found")
    return row


def _view(tx: Tx, row: Any, snapshot: SnapshotLine) -> ImportView:
    files = json.loads(row.files)
    return ImportView(
        id=row.id, state=row.state, source=snapshot.source, as_of_on=snapshot.as_of_on,
        agreement_no=snapshot.agreement_no, code_system=row.code_system,
        file_names=tuple(one["name"] for one in files), workbooks=tuple(one["is_workbook"] for one in files),
        layouts=tuple(one["layout"] for one in files), rows=row.rows, refused=row.refused, warned=row.warned,
        doubled=row.doubled, new=row.new, changed=row.changed, unchanged=row.unchanged,
        kept=snapshot.kept_households, suspected=row.suspected,
        percent=_percent(tx, row),
        problem=_problem(tx, row), snapshot_id=row.snapshot_id,
        completes_id=completed_with(row.file_sha256, row.state, snapshot),
        started_at=row.started_at, started_by_name=row.started_by_name, is_mine=row.started_by == tx.actor.id,
        approved_by_name=row.approved_by_name, finished_at=row.finished_at,
    )  # fmt: skip


def _percent(tx: Tx, row: Any) -> int:
    if row.state is RunState.APPROVED:
        return percent_taken(tx, row.snapshot_id, weighed_counts(row))
    is_read = row.state not in (RunState.UNPACKING, RunState.READING)
    return 100 if is_read else min(99, 100 * row.bytes_read // max(1, row.bytes_total))


def _problem(tx: Tx, row: Any) -> Problem | None:
    if row.state is RunState.READY:
        refused = hindrance(tx, row.snapshot_id, weighed_counts(row))
        return Problem(code=refused.code, facts=refused.facts) if refused is not None else None
    return Problem(**json.loads(row.problem)) if row.problem else None
