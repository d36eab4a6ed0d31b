"""Files of stock as people see them: what each row said, what became of it, and the refused ones to be given back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import Fact, NotFound
from core.i18n import say
from core.measures import Rupiah
from core.office.queries import office
from core.reader import Cell, CellKind
from core.work import Tx
from stock.importing.columns import ERRORS, recognise, template
from stock.importing.commands import kept_row
from stock.importing.models import StockFile, StockFileRow
from stock.importing.rules import may_book
from stock.importing.states import RowOutcome, StockFileKind, StockFileState

PER_PAGE = 50
_POINT = re.compile(r"-?[0-9]+\.[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    code: str
    column: str
    """As the file writes it; empty for what concerns the whole row."""
    facts: Mapping[str, Fact]

    def sentence(self, lang: str) -> str:
        """Say which column, what is wrong, and what to do."""
        text = say(self.code, lang, self.facts)
        return f"{self.column}: {text}" if self.column else text


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    row_no: int
    """As a spreadsheet numbers it."""
    outcome: RowOutcome
    texts: tuple[str, ...]
    """Its cells, in the order of the file's header."""
    problems: tuple[RowProblem, ...]
    document_id: UUID | None
    number: str
    batches: tuple[str, ...]
    """Codes of the batches a booked row met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRowPage:
    rows: tuple[FileRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemCount:
    code: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFileView:
    id: UUID
    kind: StockFileKind
    state: StockFileState
    file_name: str
    header: tuple[str, ...]
    is_workbook: bool
    as_of_on: date | None
    rows: int
    refused: int
    value_rp: Rupiah
    limit_rp: Rupiah
    read_by_name: str
    read_at: datetime
    booked_by_name: str
    booked_at: datetime | None
    refused_to_me: str | None
    """Code of why the asking person may not book it, whatever their rights; None when they may."""

    @property
    def ready(self) -> int:
        """Rows that can be booked, or are."""
        return self.rows - self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTable:
    """A table to be written as a file: a template, or rows given back."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def stock_files(tx: Tx, *, limit: int = PER_PAGE, before: datetime | None = None) -> tuple[StockFileView, ...]:
    """Give the office's files, newest first, those read before a moment. Raises: Forbidden."""
    tx.require("stock.see_files")
    query = sa.select(StockFile.__table__).where(StockFile.regency_code == tx.regency_code)
    if before is not None:
        query = query.where(StockFile.read_at < before)
    rows = tx.session.execute(query.order_by(StockFile.read_at.desc(), StockFile.id.desc()).limit(limit))
    limit_rp = office(tx).approval_limit_rp
    return tuple(_view(tx, row, limit_rp) for row in rows)


def stock_file(tx: Tx, file_id: UUID) -> StockFileView:
    """Give one file. Raises: Forbidden; NotFound, also for another office's."""
    return _view(tx, _row(tx, file_id), office(tx).approval_limit_rp)


def stock_file_rows(
    tx: Tx, file_id: UUID, *, outcome: RowOutcome | None = None, limit: int = PER_PAGE, offset: int = 0
) -> FileRowPage:
    """Give a file's rows in its order, with how many there are. Raises: Forbidden; NotFound."""
    _row(tx, file_id)
    mine = [StockFileRow.file_id == file_id]
    if outcome is not None:
        mine.append(StockFileRow.outcome == outcome)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(StockFileRow).where(*mine)) or 0
    rows = tx.session.execute(
        sa.select(StockFileRow.__table__).where(*mine).order_by(StockFileRow.row_no).limit(limit).offset(offset)
    )
    return FileRowPage(rows=tuple(_file_row(row) for row in rows), total=total)


def problem_counts(tx: Tx, file_id: UUID) -> tuple[ProblemCount, ...]:
    """Count a file's refused rows by their first reason, most first. Raises: Forbidden; NotFound."""
    _row(tx, file_id)
    rows = sa.func.count().label("rows")
    found = tx.session.execute(
        sa.select(StockFileRow.reason_code, rows)
        .where(StockFileRow.file_id == file_id, StockFileRow.outcome == RowOutcome.REFUSED)
        .group_by(StockFileRow.reason_code)
        .order_by(rows.desc(), StockFileRow.reason_code)
    )
    return tuple(ProblemCount(code=code, rows=count) for code, count in found)


def refused_table(tx: Tx, file_id: UUID, lang: str) -> StockTable:
    """Give the refused rows as the same table, with a column that says why. Raises: Forbidden; NotFound.

    Numbers have a decimal comma, whatever the file had, so that they are read as they were when they come again.
    """
    row = _row(tx, file_id)
    file = stock_file(tx, file_id)
    has_comma = row.delimiter == ","
    amounts = {
        at for name, at in recognise(file.header, file.kind).places.items() if name in ("quantity", "price", "value")
    }
    header = [one for one in file.header if one != ERRORS]
    kept = [at for at, one in enumerate(file.header) if one != ERRORS]
    rows = []
    for one in stock_file_rows(tx, file_id, outcome=RowOutcome.REFUSED, limit=file.rows).rows:
        texts = [
            text.replace(".", ",") if has_comma and at in amounts and _POINT.fullmatch(text) else text
            for at, text in enumerate(one.texts)
        ]
        cells = [texts[at] if at < len(texts) else "" for at in kept]
        rows.append((*cells, " ".join(problem.sentence(lang) for problem in one.problems)))
    return StockTable(title=file.file_name, header=(*header, ERRORS), rows=tuple(rows))


def template_table(kind: StockFileKind) -> StockTable:
    """Give an empty file of a kind, with example rows that say they are."""
    header, rows = template(kind)
    return StockTable(title=kind.value, header=header, rows=rows)


def _row(tx: Tx, file_id: UUID) -> Any:
    tx.require("stock.see_files")
    row = tx.session.execute(
        sa.select(StockFile.__table__).where(StockFile.id == file_id, StockFile.regency_code == tx.regency_code)
    ).one_or_none()
    if row is None:
        raise NotFound("stock_file.not_found")
    return row


def _view(tx: Tx, row: Any, limit_rp: int) -> StockFileView:
    return StockFileView(
        id=row.id, kind=row.kind, state=row.state, file_name=row.file_name, header=tuple(json.loads(row.header)),
        is_workbook=not row.delimiter, as_of_on=row.as_of_on, rows=row.rows, refused=row.refused,
        value_rp=Rupiah(row.value_rp), limit_rp=Rupiah(limit_rp), read_by_name=row.read_by_name, read_at=row.read_at,
        booked_by_name=row.booked_by_name, booked_at=row.booked_at,
        refused_to_me=may_book(
            actor_id=tx.actor.id, roles=tx.actor.roles, read_by=row.read_by, value_rp=row.value_rp, limit_rp=limit_rp
        ),
    )  # fmt: skip


def _file_row(row: Any) -> FileRow:
    facts = json.loads(row.facts)
    is_booked = row.outcome is RowOutcome.BOOKED
    return FileRow(
        row_no=row.row_no, outcome=row.outcome, texts=tuple(map(_shown, kept_row(row.row_no, row.cells).cells)),
        problems=() if is_booked else tuple(RowProblem(**one) for one in facts), document_id=row.document_id,
        number=facts["number"] if is_booked else "", batches=tuple(facts["batches"]) if is_booked else (),
    )  # fmt: skip


def _shown(cell: Cell) -> str:
    """Write a cell as people here do: a spreadsheet's number with a decimal comma."""
    return cell.text.replace(".", ",") if cell.kind is CellKind.NUMBER else cell.text
