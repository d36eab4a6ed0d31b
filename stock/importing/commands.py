"""Files of opening balances and movements: read and tried, then booked whole by another person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, Issue, NotFound, TooLarge
from core.frozen import freeze, thaw
from core.ids import is_code
from core.office.queries import office
from core.permissions import may
from core.reader import Cell, CellKind, Row, Table
from core.states import move
from core.work import Tx
from stock.importing.columns import Columns, recognise
from stock.importing.models import StockFile, StockFileRow
from stock.importing.replay import Replayed, Told, replay
from stock.importing.rules import BatchKnown, Entry, FileFacts, RowAct, is_example, may_book, parse_row
from stock.importing.states import STOCK_FILE_MOVES, RowOutcome, StockFileAct, StockFileKind, StockFileState
from stock.items.queries import ItemView, items
from stock.items.rules import names_of, plain
from stock.ledger.takeable import batches_of_codes
from stock.places.queries import PlaceView, places

MOST_ROWS: Final = 10_000
LONGEST_NAME: Final = 120
AT_ONCE_ROWS: Final = 300
"""So many rows are tried and booked while the sender waits; more are the job's."""
_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStockFile:
    """A file as ``core.reader`` read it, before any transaction began."""

    kind: StockFileKind
    file_name: str
    file_sha256: str
    table: Table
    as_of_on: date | None = None
    """The day of opening balances whose rows name none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFileRead:
    file_id: UUID
    is_repeat: bool
    """The very same bytes came before: this is the answer they got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBooked:
    rows: int
    left_out: int
    """Refused rows that stay out of the books."""
    is_booked: bool
    """False while the job has yet to do it."""


@dataclass(frozen=True, slots=True)
class _Outcomes:
    entries: dict[int, Entry]
    refused: dict[int, tuple[dict[str, Any], ...]]
    """Row -> its problems, each a code, a column and facts."""
    value_rp: int


class _Undo(Exception):
    """The dry run is over; nothing of it stays."""


def read_file(tx: Tx, order: ReadStockFile) -> StockFileRead:
    """Keep a file; every row gets its outcome, found out by booking all of it and undoing that again.

    A long file is tried by the job a moment later. The same bytes again give the file that is there. Raises: Forbidden;
    Invalid; Malformed for columns that are missing or stand twice; TooLarge.
    """
    tx.require("stock.import")
    known = tx.session.scalar(
        sa.select(StockFile.id).where(
            StockFile.regency_code == tx.regency_code, StockFile.file_sha256 == order.file_sha256,
            StockFile.state != StockFileState.DISCARDED,
        )
    )  # fmt: skip
    if known is not None:
        return StockFileRead(file_id=known, is_repeat=True)
    columns = recognise(order.table.header, order.kind)
    if order.kind is StockFileKind.OPENING and order.as_of_on is None and not columns.has("on"):
        raise Invalid("stock_file.as_of_missing", field="as_of_on")
    if order.as_of_on is not None and order.as_of_on > tx.today:
        raise Invalid("stock_file.in_future", field="as_of_on")
    rows = [row for row in order.table.rows if row.flaw or not is_example(row.cells, columns)]
    if not rows:
        raise Invalid("stock_file.no_rows", field="file")
    if len(rows) > MOST_ROWS:
        raise TooLarge("reader.too_many_rows", most=MOST_ROWS)
    file_id = tx.new_id()
    tx.session.add(
        StockFile(
            id=file_id, regency_code=tx.regency_code, kind=order.kind, state=StockFileState.READING,
            file_name=_plain_name(order.file_name), file_sha256=order.file_sha256,
            header=json.dumps(order.table.header, ensure_ascii=False), delimiter=order.table.delimiter,
            as_of_on=order.as_of_on, rows=len(rows), refused=0, value_rp=0, read_by=tx.actor.id,
            read_by_name=tx.actor.name, read_at=tx.now, booked_by=None, booked_by_name="", booked_at=None,
        )
    )  # fmt: skip
    tx.session.flush()
    made = [
        {
            "file_id": file_id, "row_no": row.number, "outcome": RowOutcome.WAITING, "reason_code": "", "facts": "[]",
            "cells": _kept(row), "order": "", "document_id": None,
        }
        for row in rows
    ]  # fmt: skip
    for first in range(0, len(made), _AT_ONCE):
        tx.session.execute(sa.insert(StockFileRow), made[first : first + _AT_ONCE])
    tx.note(
        "stock_file.read", "stock_file", file_id, kind=order.kind.value, rows=len(rows), sha256=order.file_sha256
    )  # fmt: skip
    if len(rows) <= AT_ONCE_ROWS:
        try_file(tx, file_id)
    return StockFileRead(file_id=file_id, is_repeat=False)


def try_file(tx: Tx, file_id: UUID) -> int:
    """Find out what would become of every row of a kept file (the job's part, or at once for a short file).

    Gives how many are refused. Raises: NotFound; Conflict unless it waits to be tried.
    """
    file = _locked(tx, file_id)
    refused, value_rp = _try_rows(tx, file)
    move(tx, StockFile, file_id, StockFileAct.FINISH, STOCK_FILE_MOVES, refused=refused, value_rp=value_rp)
    return refused


def recheck_file(tx: Tx, file_id: UUID) -> None:
    """Try a read file again: catalogue and books have moved on. Raises: Forbidden; NotFound; Conflict."""
    if not may(tx.actor, "stock.approve"):
        # Whoever decides a file may try it again too: the books may have moved on meanwhile.
        tx.require("stock.import")
    file = _locked(tx, file_id)
    move(tx, StockFile, file_id, StockFileAct.RECHECK, STOCK_FILE_MOVES)
    if file.rows <= AT_ONCE_ROWS:
        try_file(tx, file_id)


def book_file(tx: Tx, file_id: UUID, *, only_ready: bool = False) -> FileBooked:
    """Agree to a file: all of it goes into the books in one transaction, in the order in which it happened.

    A short file at once, a long one by the job. Raises: Forbidden; NotFound; Conflict("stock_file.own") for whoever
    read it, "stock_file.heads_only" above the office's limit, "stock_file.has_refused" unless only the ready rows are
    asked for, "stock_file.changed_meanwhile" when the books have moved on so that a ready row cannot be booked any
    more; nothing is booked then.
    """
    tx.require("stock.approve")
    file = _locked(tx, file_id)
    if file.state is StockFileState.READ:
        refused = may_book(
            actor_id=tx.actor.id, roles=tx.actor.roles, read_by=file.read_by, value_rp=file.value_rp,
            limit_rp=office(tx).approval_limit_rp,
        )  # fmt: skip
        if refused is not None:
            raise Conflict(refused)
        if file.refused == file.rows:
            raise Conflict("stock_file.nothing_ready")
        if file.refused and not only_ready:
            raise Conflict("stock_file.has_refused", refused=file.refused)
    move(
        tx, StockFile, file_id, StockFileAct.APPROVE, STOCK_FILE_MOVES, booked_by=tx.actor.id,
        booked_by_name=tx.actor.name,
    )  # fmt: skip
    is_booked = file.rows <= AT_ONCE_ROWS
    if is_booked:
        book_approved(tx, file_id)
    return FileBooked(rows=file.rows - file.refused, left_out=file.refused, is_booked=is_booked)


def book_approved(tx: Tx, file_id: UUID) -> int:
    """Put an agreed file into the books (the job's part, or at once for a short file); gives how many rows.

    Raises: NotFound; Conflict("stock_file.changed_meanwhile") when a row cannot be booked; nothing is booked then.
    """
    file = _locked(tx, file_id)
    move(tx, StockFile, file_id, StockFileAct.BOOK, STOCK_FILE_MOVES, booked_at=tx.now)
    entries = [
        thaw(Entry, text)
        for text in tx.session.scalars(
            sa.select(StockFileRow.order)
            .where(StockFileRow.file_id == file_id, StockFileRow.outcome == RowOutcome.READY)
            .order_by(StockFileRow.row_no)
        )
    ]
    done = replay(tx, file_id, file.file_name, entries)
    if done.refused:
        raise Conflict("stock_file.changed_meanwhile", rows=len(done.refused), first=min(done.refused))
    _change_rows(
        tx, file_id,
        [
            {
                "p_row": row_no, "p_outcome": RowOutcome.BOOKED, "p_document_id": one.document_id,
                "p_facts": json.dumps({"number": one.number, "batches": list(one.batches)}, ensure_ascii=False),
            }
            for row_no, one in sorted(done.booked.items())
        ],
    )  # fmt: skip
    return len(done.booked)


def give_back_file(tx: Tx, file_id: UUID) -> None:
    """Take back the agreement to a file that could not be booked, and try its rows again, so that it shows which.

    Raises: NotFound; Conflict.
    """
    file = _locked(tx, file_id)
    refused, value_rp = _try_rows(tx, file)
    move(
        tx, StockFile, file_id, StockFileAct.GIVE_BACK, STOCK_FILE_MOVES, reason="stock_file.changed_meanwhile",
        booked_by=None, booked_by_name="", refused=refused, value_rp=value_rp,
    )  # fmt: skip


def pending_files(tx: Tx) -> tuple[tuple[UUID, StockFileState], ...]:
    """Give the office's files that wait for the job, oldest first."""
    query = (
        sa.select(StockFile.id, StockFile.state)
        .where(
            StockFile.regency_code == tx.regency_code,
            StockFile.state.in_([StockFileState.READING, StockFileState.APPROVED]),
        )
        .order_by(StockFile.read_at, StockFile.id)
    )
    return tuple((row.id, row.state) for row in tx.session.execute(query))


def discard_file(tx: Tx, file_id: UUID, reason: str = "") -> None:
    """Give up a file that is not booked; the same file may be read again. Raises: Forbidden; NotFound; Conflict."""
    tx.require("stock.import")
    _locked(tx, file_id)
    move(tx, StockFile, file_id, StockFileAct.DISCARD, STOCK_FILE_MOVES, reason=reason.strip()[:200])


# ---------------------------------------------------------------- outcomes


def _try_rows(tx: Tx, file: Any) -> tuple[int, int]:
    """Write every row's outcome down; gives how many are refused and what the others are worth."""
    rows = _rows(tx, file.id)
    columns = recognise(json.loads(file.header), file.kind)
    facts = _facts(tx, file.kind, columns, rows, file.as_of_on, file.delimiter == ",")
    found = _outcomes(tx, file.id, file.file_name, rows, facts)
    _change_rows(
        tx, file.id,
        [{"p_row": row.number, **{f"p_{name}": value for name, value in _told(row, found).items()}} for row in rows],
    )  # fmt: skip
    return len(found.refused), found.value_rp


def _change_rows(tx: Tx, file_id: UUID, changes: list[dict[str, Any]]) -> None:
    if not changes:
        return
    table = cast(sa.Table, StockFileRow.__table__)
    values = {
        name.removeprefix("p_"): sa.bindparam(name, type_=table.c[name.removeprefix("p_")].type)
        for name in changes[0]
        if name != "p_row"
    }
    change = sa.update(table).where(table.c.file_id == file_id, table.c.row_no == sa.bindparam("p_row")).values(values)
    for first in range(0, len(changes), _AT_ONCE):
        tx.session.execute(change, changes[first : first + _AT_ONCE])


def _outcomes(tx: Tx, file_id: UUID, name: str, rows: Sequence[Row], facts: FileFacts) -> _Outcomes:
    """Tell what would become of every row; the books are as before afterwards."""
    entries: dict[int, Entry] = {}
    refused: dict[int, tuple[dict[str, Any], ...]] = {}
    for row in rows:
        if row.flaw:
            refused[row.number] = ({"code": row.flaw, "column": "", "facts": row.facts},)
            continue
        parsed = parse_row(row.number, row.cells, facts)
        if isinstance(parsed, Entry):
            entries[row.number] = parsed
        else:
            refused[row.number] = tuple(map(_of_issue, parsed))
    for row_no in _counted_twice(entries.values()):
        del entries[row_no]
        refused[row_no] = ({"code": "stock.counted_twice", "column": "", "facts": {}},)
    lost = {plain(facts.columns.cell(row.cells, "batch").text) for row in rows if row.number in refused} - {""}
    done = Replayed()
    try:
        with tx.savepoint():
            done = replay(tx, file_id, name, tuple(entries.values()), lost_marks=lost)
            raise _Undo
    except _Undo:
        pass
    for row_no, told in done.refused.items():
        refused[row_no] = tuple(map(_of_told, told))
    return _Outcomes({no: one for no, one in entries.items() if no not in done.refused}, refused, done.value_rp)


def _counted_twice(entries: Any) -> list[int]:
    """Give the rows that count one thing at one moment more than once: which of them is right nobody can tell."""
    by_key: dict[tuple[Any, ...], list[int]] = {}
    for one in entries:
        if one.act is RowAct.COUNT:
            by_key.setdefault((one.event_at, one.place_id, one.item_id, one.batch_id, one.mark), []).append(one.row_no)
    return [row_no for rows in by_key.values() if len(rows) > 1 for row_no in rows]


def _of_issue(one: Issue) -> dict[str, Any]:
    return {"code": one.code, "column": one.column, "facts": dict(one.facts)}


def _of_told(one: Told) -> dict[str, Any]:
    return {"code": one.code, "column": "", "facts": dict(one.facts)}


def _told(row: Row, found: _Outcomes) -> dict[str, Any]:
    problems = found.refused.get(row.number)
    if problems is not None:
        return {
            "outcome": RowOutcome.REFUSED, "reason_code": problems[0]["code"], "order": "",
            "facts": json.dumps(problems, ensure_ascii=False),
        }  # fmt: skip
    return {
        "outcome": RowOutcome.READY, "reason_code": "", "facts": "[]", "order": freeze(found.entries[row.number]),
    }  # fmt: skip


# ---------------------------------------------------------------- what rows are read against


def _facts(
    tx: Tx, kind: StockFileKind, columns: Columns, rows: Sequence[Row], as_of_on: date | None, has_comma: bool
) -> FileFacts:
    goods: dict[str, list[ItemView]] = {}
    for item in items(tx, with_inactive=True):
        for name in {plain(one) for one in names_of(item)} - {""}:
            goods.setdefault(name, []).append(item)
    spots: dict[str, list[PlaceView]] = {}
    for place in places(tx):
        for name in {plain(place.code), plain(place.name)} - {""}:
            spots.setdefault(name, []).append(place)
    codes = {text for row in rows if is_code(text := columns.cell(row.cells, "batch").text.upper())}
    return FileFacts(
        kind=kind, columns=columns, items={name: tuple(found) for name, found in goods.items()},
        places={name: tuple(found) for name, found in spots.items()},
        batches={
            plain(one.code): BatchKnown(id=one.id, code=one.code, item_id=one.item_id)
            for one in batches_of_codes(tx, codes)
        },
        zone=tx.zone, now=tx.now, today=tx.today, as_of_on=as_of_on, has_comma=has_comma,
    )  # fmt: skip


# ---------------------------------------------------------------- kept rows


def _kept(row: Row) -> str:
    """Write a row's cells down as they came: kind's letter and text, an asterisk before a formula's."""
    cells = [("*" if one.is_formula else "") + one.kind.value + one.text for one in row.cells]
    return json.dumps({"cells": cells, "flaw": row.flaw, "facts": row.facts}, ensure_ascii=False)


def kept_row(row_no: int, text: str) -> Row:
    """Read back what was written down of a row."""
    kept = json.loads(text)
    cells = tuple(
        Cell(CellKind(cell.lstrip("*")[:1]) if cell[:2].lstrip("*") else CellKind.EMPTY,
             cell.removeprefix("*")[1:], cell.startswith("*"))
        for cell in kept["cells"]
    )  # fmt: skip
    return Row(row_no, cells, kept["flaw"], kept["facts"])


def _rows(tx: Tx, file_id: UUID) -> list[Row]:
    query = (
        sa.select(StockFileRow.row_no, StockFileRow.cells)
        .where(StockFileRow.file_id == file_id)
        .order_by(StockFileRow.row_no)
    )
    return [kept_row(row_no, text) for row_no, text in tx.session.execute(query)]


def _plain_name(name: str) -> str:
    kept = "".join(sign if sign.isprintable() and sign not in '<>:"/\\|?*' else "_" for sign in name)
    return kept.strip()[-LONGEST_NAME:] or "berkas"


def _locked(tx: Tx, file_id: UUID) -> Any:
    row = tx.session.execute(
        sa.select(StockFile.__table__)
        .where(StockFile.id == file_id, StockFile.regency_code == tx.regency_code)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("stock_file.not_found")
    return row
