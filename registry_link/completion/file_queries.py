"""Completion lists as tables to send, and files that came back with the outcome of every row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from core.errors import Fact, NotFound
from core.i18n import say
from core.measures import print_count
from core.work import Tx
from registry_link.completion.columns import LIST_HEADER, POSITION_HEADER
from registry_link.completion.models import CompletionFile, CompletionFileRow
from registry_link.completion.queries import ListView, entries
from registry_link.completion.states import EntryState, FileKind, FileState, RowOutcome
from registry_link.households.completing import facts_of
from registry_link.households.gaps import Gap, each, label_of

PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTable:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    id: UUID
    kind: FileKind
    state: FileState
    list_id: UUID | None
    file_name: str
    rows: int
    counts: Mapping[RowOutcome, int]
    read_at: datetime
    read_by_name: str
    applied_at: datetime | None
    applied_by_name: str
    is_mine: bool
    """The actor sent it: another person agrees to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTrouble:
    code: str
    column: str
    facts: Mapping[str, Fact]

    def sentence(self, lang: str) -> str:
        """Say which column, and what is wrong."""
        facts = {name: print_count(one, lang) if type(one) is int else one for name, one in self.facts.items()}
        text = say(self.code, lang, facts)
        if self.column in LIST_HEADER:
            return f"{LIST_HEADER[self.column]}: {text}"
        return f"{self.column}: {text}" if self.column else text


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    row_no: int
    outcome: RowOutcome
    household_id: UUID | None
    household_code: str
    fields: tuple[str, ...]
    troubles: tuple[RowTrouble, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRowPage:
    rows: tuple[FileRow, ...]
    total: int


def list_table(tx: Tx, of: ListView, lang: str) -> FileTable:
    """Give the households of a list that still wait (or were skipped), as a village fills them in and sends them back.

    Holds no number and no birth date. The look is logged. The caller has the list from ``completion_list``.
    """
    rows = []
    for one in entries(tx, of, limit=None, purpose="completion_export").entries:
        facts = one.facts
        if facts is None or one.state is EntryState.DONE:
            continue
        has_point = facts.lon_deg is not None
        rows.append(
            {
                "no": str(one.no), "code": facts.code, "head": facts.head_name, "size": str(facts.size),
                "gaps": ", ".join(say(label_of(gap), lang) for gap in each(one.gaps)), "rt": facts.rt or "",
                "rw": facts.rw or "", "hamlet": facts.hamlet, "address": facts.address, "kk": "", "head_nik": "",
                "ageless": "; ".join(person.name for person in facts.ageless), "birth": "",
                "lon": f"{facts.lon_deg:.7f}" if has_point else "", "lat": f"{facts.lat_deg:.7f}" if has_point else "",
                "accuracy": f"{facts.position_accuracy_m:.0f}" if facts.position_accuracy_m else "", "skip": "",
                "seal": facts.seal,
            }
        )  # fmt: skip
    shown = [name for name in LIST_HEADER if name not in _left_out(of.asked)]
    return FileTable(
        title=say("completion.file_title", lang), header=tuple(LIST_HEADER[name] for name in shown),
        rows=tuple(tuple(row[name] for name in shown) for row in rows),
    )  # fmt: skip


def _left_out(asked: Gap) -> set[str]:
    """Give the columns that nobody asked to fill."""
    columns = {Gap.KK: {"kk"}, Gap.HEAD_NIK: {"head_nik"}, Gap.BIRTH: {"ageless", "birth"},
               Gap.POSITION: {"lon", "lat", "accuracy"}}  # fmt: skip
    return {name for gap, names in columns.items() if not gap & asked for name in names}


def position_template() -> FileTable:
    """Give an empty file of positions."""
    return FileTable(title="", header=tuple(POSITION_HEADER.values()), rows=())


def completion_file(tx: Tx, file_id: UUID, kind: FileKind) -> FileView:
    """Give one file with how many rows have which outcome; the caller has asked for the right. Raises: NotFound."""
    found = _files(tx, CompletionFile.id == file_id, CompletionFile.kind == kind)
    if not found:
        raise NotFound("completion_file.not_found")
    return found[0]


def list_files(tx: Tx, list_id: UUID) -> tuple[FileView, ...]:
    """Give the files that came back of one list, the newest first; the caller has asked for the right."""
    return _files(tx, CompletionFile.list_id == list_id)


def position_files(tx: Tx) -> tuple[FileView, ...]:
    """Give the office's files of positions, the newest first. Raises: Forbidden."""
    tx.require("position.see_files")
    return _files(tx, CompletionFile.kind == FileKind.POSITIONS)


def file_rows(
    tx: Tx, file_id: UUID, *, outcome: RowOutcome | None = None, limit: int | None = PER_PAGE, offset: int = 0
) -> FileRowPage:
    """Give the rows of a file that ``completion_file`` gave, in the order of the file; the look is logged."""
    mine = [CompletionFileRow.file_id == file_id]
    if outcome is not None:
        mine.append(CompletionFileRow.outcome == outcome)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(CompletionFileRow).where(*mine)) or 0
    query = (
        sa.select(
            CompletionFileRow.row_no, CompletionFileRow.outcome, CompletionFileRow.household_id,
            CompletionFileRow.fields, CompletionFileRow.problems,
        )
        .where(*mine)
        .order_by(CompletionFileRow.row_no)
        .offset(offset)
    )  # fmt: skip
    rows = tx.session.execute(query if limit is None else query.limit(limit)).all()
    facts = facts_of(tx, sorted({row.household_id for row in rows if row.household_id}), "completion_file")
    return FileRowPage(
        total=total,
        rows=tuple(
            FileRow(
                row_no=row.row_no, outcome=row.outcome, household_id=row.household_id,
                household_code=facts[row.household_id].code if row.household_id in facts else "",
                fields=tuple(json.loads(row.fields)),
                troubles=tuple(RowTrouble(**one) for one in json.loads(row.problems)),
            )
            for row in rows
        ),
    )  # fmt: skip


def outcome_table(tx: Tx, file: FileView, lang: str) -> FileTable:
    """Give the outcome of every row of a file as a table, to be mended and sent again."""
    rows = file_rows(tx, file.id, limit=None).rows
    header = tuple(say(f"completion.outcome.{one}", lang) for one in ("row", "code", "answer", "why"))
    return FileTable(
        title=file.file_name, header=header,
        rows=tuple(
            (
                str(one.row_no), one.household_code, say(one.outcome.label, lang),
                " ".join(each_.sentence(lang) for each_ in one.troubles),
            )
            for one in rows
        ),
    )  # fmt: skip


def _files(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[FileView, ...]:
    counted = {
        one: sa.func.count(sa.case((CompletionFileRow.outcome == one, 1))).label(f"n_{one.value}") for one in RowOutcome
    }
    columns = CompletionFile.__table__.columns
    query = (
        sa.select(*columns, *counted.values())
        .outerjoin(CompletionFileRow, CompletionFileRow.file_id == CompletionFile.id)
        .where(CompletionFile.regency_code == tx.regency_code, *where)
        .group_by(*columns)
        .order_by(CompletionFile.read_at.desc(), CompletionFile.id.desc())
    )
    return tuple(
        FileView(
            id=row.id, kind=row.kind, state=row.state, list_id=row.list_id, file_name=row.file_name, rows=row.rows,
            counts={one: getattr(row, f"n_{one.value}") for one in RowOutcome}, read_at=row.read_at,
            read_by_name=row.read_by_name, applied_at=row.applied_at, applied_by_name=row.applied_by_name,
            is_mine=row.read_by == tx.actor.id,
        )
        for row in tx.session.execute(query)
    )  # fmt: skip
