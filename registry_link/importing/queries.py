"""What an import would do or did, and the rows that go back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Fact, NotFound
from core.i18n import say
from core.work import Tx
from registry_link.households.queries import SnapshotLine, snapshots
from registry_link.importing.columns import ERRORS
from registry_link.importing.models import ImportIssue, ImportRow, ImportRun
from registry_link.importing.states import RunState

MOST_ISSUES: Final = 500
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


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
    column: str
    code: str
    is_warning: bool
    facts: dict[str, Fact]

    def sentence(self, lang: str) -> str:
        """Say where and what and what to do: Baris 214, kolom NIK: 15 angka, seharusnya 16 …"""
        text = say(self.code, lang, self.facts)
        if self.column:
            return say("registry.at_column", lang, {"row": self.row, "column": self.column, "text": text})
        return say("registry.at_row", lang, {"row": self.row, "text": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCount:
    code: str
    is_warning: bool
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    id: UUID
    state: RunState
    source: str
    as_of_on: date
    agreement_no: str
    file_names: tuple[str, ...]
    layouts: tuple[str, ...]
    rows: int
    refused: int
    warned: int
    doubled: int
    new: int
    changed: int
    unchanged: int
    suspected: int
    percent: int
    """Of the bytes that were read."""
    problem: Problem | None
    started_at: datetime
    started_by_name: str
    is_mine: bool
    """The asking person started it, so another one has to approve it."""
    approved_by_name: str | None
    finished_at: datetime | None


def imports(tx: Tx) -> tuple[ImportView, ...]:
    """Give the office's imports, newest first. Raises: Forbidden."""
    by_id = {one.id: one for one in snapshots(tx)}
    query = sa.select(ImportRun.__table__).where(ImportRun.regency_code == tx.regency_code)
    rows = tx.session.execute(query.order_by(ImportRun.started_at.desc(), ImportRun.id.desc()))
    return tuple(_view(tx, row, by_id[row.snapshot_id]) for row in rows)


def import_run(tx: Tx, run_id: UUID) -> ImportView:
    """Give one import: its progress, or its dry run, or what it did. Raises: Forbidden; NotFound."""
    row = _row(tx, run_id)
    return _view(tx, row, next(one for one in snapshots(tx) if one.id == row.snapshot_id))


def import_issues(tx: Tx, run_id: UUID, limit: int = MOST_ISSUES) -> tuple[IssueLine, ...]:
    """Give the first issues of an import in the order of the file; refusals before warnings. Raises: as above."""
    _row(tx, run_id)
    columns = [getattr(ImportIssue, name) for name in IssueLine.__dataclass_fields__]
    query = (
        sa.select(*columns)
        .where(ImportIssue.run_id == run_id)
        .order_by(ImportIssue.is_warning, ImportIssue.file_no, ImportIssue.row, ImportIssue.id)
        .limit(limit)
    )
    return tuple(IssueLine(**{**row._mapping, "facts": json.loads(row.facts)}) for row in tx.session.execute(query))


def issue_counts(tx: Tx, run_id: UUID) -> tuple[IssueCount, ...]:
    """Count an import's issues by kind, most first. Raises: as above."""
    _row(tx, run_id)
    rows = sa.func.count().label("rows")
    query = (
        sa.select(ImportIssue.code, ImportIssue.is_warning, rows)
        .where(ImportIssue.run_id == run_id)
        .group_by(ImportIssue.code, ImportIssue.is_warning)
        .order_by(ImportIssue.is_warning, rows.desc(), ImportIssue.code)
    )
    return tuple(IssueCount(**row._mapping) for row in tx.session.execute(query))


def refused_csv(tx: Tx, run_id: UUID, file_no: int = 0, lang: str = "id") -> Iterator[str]:
    """Write the refused rows as the same table with a column that says why: ``;``, with a byte order mark.

    Cells that a spreadsheet would run as a formula get an apostrophe. Raises: Forbidden; NotFound.
    """
    tx.require("registry.import")
    files = json.loads(_row(tx, run_id).files)
    if not 0 <= file_no < len(files):
        raise NotFound("import_run.not_found")
    tx.saw("import_run", [run_id], "refused_rows")
    return _refused_csv(tx, run_id, file_no, files[file_no]["header"], lang)


def _refused_csv(tx: Tx, run_id: UUID, file_no: int, header: list[str], lang: str) -> Iterator[str]:
    is_new = ERRORS not in header
    yield "\ufeff" + _line([*header, ERRORS] if is_new else header)
    why: dict[int, list[str]] = {}
    mine = (ImportIssue.run_id == run_id, ImportIssue.file_no == file_no, ~ImportIssue.is_warning)
    query = sa.select(ImportIssue.row, ImportIssue.column, ImportIssue.code, ImportIssue.facts).where(*mine)
    for row in tx.session.execute(query.order_by(ImportIssue.row, ImportIssue.id)):
        text = say(row.code, lang, json.loads(row.facts))
        why.setdefault(row.row, []).append(f"{row.column}: {text}" if row.column else text)
    rows = sa.select(ImportRow.row, ImportRow.cells).where(ImportRow.run_id == run_id, ImportRow.file_no == file_no)
    at = header.index(ERRORS) if not is_new else len(header)
    for kept in tx.session.execute(rows.order_by(ImportRow.row).execution_options(yield_per=1000)):
        cells = json.loads(kept.cells.reveal())
        # Short rows are filled, so that the reason stands below its heading; longer ones keep what they had.
        cells += [""] * (at + 1 - len(cells))
        cells[at] = " ".join(why.get(kept.row, []))
        yield _line(cells)


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow(
        [f"'{cell}" if cell.startswith(_FORMULA) and cell != "-" else cell for cell in cells]
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
    is_read = row.state is not RunState.READING
    return ImportView(
        id=row.id, state=row.state, source=snapshot.source, as_of_on=snapshot.as_of_on,
        agreement_no=snapshot.agreement_no, file_names=tuple(one["name"] for one in files),
        layouts=tuple(one["layout"] for one in files), rows=row.rows, refused=row.refused, warned=row.warned,
        doubled=row.doubled, new=row.new, changed=row.changed, unchanged=row.unchanged, suspected=row.suspected,
        percent=100 if is_read else min(99, 100 * row.bytes_read // max(1, row.bytes_total)),
        problem=Problem(**json.loads(row.problem)) if row.problem else None, started_at=row.started_at,
        started_by_name=row.started_by_name, is_mine=row.started_by == tx.actor.id,
        approved_by_name=row.approved_by_name, finished_at=row.finished_at,
    )  # fmt: skip
