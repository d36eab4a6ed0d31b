"""Counting what lies on the shelf (stock opname): blind, again where it differs, decided by a second person.

A count freezes nothing. Each line carries the moment at which it was counted and is compared with what the books say of
that very moment, so goods may come and go before, between and after.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.errors import Conflict, Invalid, NotFound
from core.ids import code_with_check
from core.measures import LARGEST_MILLI, Milli, print_quantity
from core.numbering import next_no
from core.office.queries import office
from core.permissions import Reach
from core.states import move
from core.work import Tx
from stock.corrections.rules import CORRECTED_AT
from stock.counts.models import StockCount, StockCountLine
from stock.counts.queries import Difference, differences_of
from stock.counts.rules import may_approve, reasons_for
from stock.counts.states import COUNT_MOVES, CountAct, CountState
from stock.items.queries import item_facts
from stock.ledger.commands import BringToCount, CountedLine, StockShort, bring_to_count
from stock.ledger.queries import batch_balances, batches
from stock.places.queries import place_by_id
from stock.reservations.queries import reservations

COUNT_PREFIX: Final = "SO"
LEAST_REASON: Final = 5
MOST_LINES: Final = 2000
ON_THE_FLOOR: Final = (CountState.COUNTING, CountState.RECOUNTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCounted:
    """What somebody counted of one batch, and when. ``batch_id`` may be new to the count while it is on the floor."""

    batch_id: UUID
    counted_milli: Milli
    counted_at: datetime | None = None
    """Now when nothing is said; a phone without signal says its own moment."""
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReason:
    """Why a line differs: a value of ``AdjustmentReason`` or ``LossReason``."""

    batch_id: UUID
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitCount:
    count_id: UUID
    reasons: tuple[LineReason, ...] = ()
    note: str = ""
    """What the minutes say beside the figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    document_id: UUID | None
    """None where shelf and books agreed."""
    differences: int


# ---------------------------------------------------------------- planned and started


def plan_count(tx: Tx, place_id: UUID, due_on: date | None = None) -> UUID:
    """Plan a count of a place and give its id.

    Raises: Forbidden; NotFound; Invalid for a place without shelves; Conflict("stock_count.open_already") while another
    count of the place is open.
    """
    reach = tx.require("stock.count")
    place = place_by_id(tx, place_id)
    if not (reach.has_place(place.id) or reach.has_place(place.parent_id)):
        raise NotFound("place.not_found", place=str(place_id))
    if place.kind not in CORRECTED_AT:
        raise Invalid("stock_count.not_a_shelf", field="place_id", place=place.name)
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    count_id = tx.new_id()
    code = code_with_check(COUNT_PREFIX, tx.today.year % 100, next_no(tx, COUNT_PREFIX, tx.today.year))
    made = tx.session.execute(
        insert(StockCount)
        .values(
            id=count_id, regency_code=tx.regency_code, place_id=place_id, code=code, state=CountState.PLANNED,
            is_blind=True, due_on=due_on or tx.today, made_by=tx.actor.id, made_at=tx.now, submitted_by_name="",
            approved_by_name="", note="", cancelled_reason="",
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    if made.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("stock_count.open_already", place=place.name)
    tx.note("stock_count.plan", "stock_count", count_id, place=place.code)
    return count_id


def start_count(tx: Tx, count_id: UUID) -> int:
    """Begin to count: one line for each batch that lies there now; gives how many.

    Raises: Forbidden, NotFound, Conflict.
    """
    row = _locked(tx, count_id, "stock.count")
    move(tx, StockCount, count_id, CountAct.START, COUNT_MOVES, started_by=tx.actor.id, started_at=tx.now)
    found = [one.batch.id for one in batch_balances(tx, place_ids=[row.place_id])]
    tx.session.add_all(_new_line(tx, count_id, batch_id) for batch_id in found)
    tx.session.flush()
    return len(found)


def add_batch(tx: Tx, count_id: UUID, batch_id: UUID) -> None:
    """Put a batch on the count that the books did not have there when it began; no harm when it is on it.

    Raises: Forbidden; NotFound; Conflict("stock_count.not_counting") once the first counting is over.
    """
    row = _locked(tx, count_id, "stock.count")
    if row.state is not CountState.COUNTING:
        raise Conflict("stock_count.not_counting", state=row.state.value)
    if batch_id in _lines(tx, count_id):
        return
    if not batches(tx, [batch_id]):
        raise NotFound("batch.not_found", batch=str(batch_id))
    if len(_lines(tx, count_id)) >= MOST_LINES:
        raise Invalid("stock.too_many_lines", field="lines", most=MOST_LINES)
    tx.session.add(_new_line(tx, count_id, batch_id))
    tx.session.flush()


# ---------------------------------------------------------------- on the floor


def count_line(tx: Tx, count_id: UUID, line: LineCounted) -> bool:
    """Write one counted line down; see ``count_lines``."""
    return bool(count_lines(tx, count_id, (line,)))


def count_lines(tx: Tx, count_id: UUID, lines: Collection[LineCounted]) -> tuple[UUID, ...]:
    """Write down what was counted, each line with its own moment; lines that are left out stay as they are.

    Counting a line again replaces what was written before, until it is submitted. Gives the batches that are being
    counted a second time by the very person who counted them first: better somebody else does.

    Raises: Forbidden; NotFound; Invalid for a moment before the count began or ahead of now, or a part of a step;
    Conflict("stock_count.not_counting") when nothing is being counted, ("stock_count.not_to_recount") for a line that
    is not to be counted again.
    """
    row = _locked(tx, count_id, "stock.count")
    if row.state not in ON_THE_FLOOR:
        raise Conflict("stock_count.not_counting", state=row.state.value)
    known = _lines(tx, count_id)
    if len({line.batch_id for line in lines}) < len(lines):
        raise Invalid("correction.batch_twice", field="lines")
    if len(known.keys() | {line.batch_id for line in lines}) > MOST_LINES:
        raise Invalid("stock.too_many_lines", field="lines", most=MOST_LINES)
    _check_counted(tx, row, lines)
    again: list[UUID] = []
    for line in lines:
        found = known.get(line.batch_id)
        at = line.counted_at or tx.now
        if row.state is CountState.COUNTING:
            if found is None:
                found = _new_line(tx, count_id, line.batch_id)
                tx.session.add(found)
            found.counted_milli, found.counted_at, found.counted_by = line.counted_milli, at, tx.actor.id
        else:
            if found is None or not (found.must_recount or found.recounted_at is not None):
                raise Conflict("stock_count.not_to_recount", batch=_code(tx, line.batch_id))
            if found.counted_by == tx.actor.id:
                again.append(line.batch_id)
            found.recounted_milli, found.recounted_at, found.recounted_by = line.counted_milli, at, tx.actor.id
            found.must_recount = False
        if line.note is not None:
            found.note = line.note.strip()
    tx.session.flush()
    tx.note("stock_count.count", "stock_count", count_id, lines=len(lines), state=row.state.value)
    return tuple(again)


def recount(tx: Tx, count_id: UUID) -> int:
    """Have every line counted again that differs from the books at its own moment; gives how many.

    Raises: Forbidden; NotFound; Conflict("stock_count.lines_open") while lines are not counted,
    ("stock_count.nothing_differs") when shelf and books agree.
    """
    row = _locked(tx, count_id, "stock.count")
    if row.state is CountState.COUNTING:
        _check_all_counted(tx, count_id)
        differing = [one for one in differences_of(tx, count_id, row.place_id) if one.difference_milli]
        if not differing:
            raise Conflict("stock_count.nothing_differs")
        _have_recounted(tx, count_id, [one.batch_id for one in differing])
    move(tx, StockCount, count_id, CountAct.RECOUNT, COUNT_MOVES)
    return _open_lines(tx, count_id)


def submit_count(tx: Tx, order: SubmitCount) -> int:
    """Hand the count in for a second person's decision, with a reason for each difference; gives how many differ.

    Raises: Forbidden; NotFound; Invalid for a difference without a reason; Conflict("stock_count.lines_open") while
    lines are not counted, ("stock_count.recount_first") while a difference was not counted a second time.
    """
    row = _locked(tx, order.count_id, "stock.count")
    if row.state in ON_THE_FLOOR:
        _check_all_counted(tx, order.count_id)
        differing = [one for one in differences_of(tx, order.count_id, row.place_id) if one.difference_milli]
        if row.state is CountState.COUNTING and differing:
            raise Conflict("stock_count.recount_first", lines=len(differing))
        _write_reasons(tx, order, differing)
    else:
        differing = []
    move(
        tx, StockCount, order.count_id, CountAct.SUBMIT, COUNT_MOVES, reason=order.note.strip(),
        submitted_by=tx.actor.id, submitted_by_name=tx.actor.name, submitted_at=tx.now, note=order.note.strip(),
    )  # fmt: skip
    return len(differing)


# ---------------------------------------------------------------- decided


def approve_count(tx: Tx, count_id: UUID, note: str = "") -> Approved:
    """Agree to a count that others made: the books are brought to the shelf, each line at its own moment.

    Raises: Forbidden; NotFound; Conflict("stock_count.own") for who counted or submitted it, ("stock_count.heads_only")
    above the office's limit, ("stock_count.promised") naming what must be released where more is promised than lies
    there, ("stock_count.reason_open") when a late entry has made a new difference; whatever the ledger refuses.
    """
    row = _locked(tx, count_id, "stock.approve")
    document_id: UUID | None = None
    changed = 0
    if row.state is CountState.SUBMITTED:
        found = differences_of(tx, count_id, row.place_id)
        refused = may_approve(
            actor_id=tx.actor.id, roles=tx.actor.roles, submitted_by=row.submitted_by,
            counters={by for one in found for by in one.counters},
            value_rp=sum(abs(one.difference_rp) for one in found), limit_rp=office(tx).approval_limit_rp,
        )  # fmt: skip
        if refused:
            raise Conflict(refused)
        unsaid = [one.batch_id for one in found if one.difference_milli and not one.reason]
        if unsaid:
            raise Conflict("stock_count.reason_open", batches=[_code(tx, one) for one in unsaid])
        document_id, changed = _book(tx, row, found, note)
    move(
        tx, StockCount, count_id, CountAct.APPROVE, COUNT_MOVES, reason=note.strip(), approved_by=tx.actor.id,
        approved_by_name=tx.actor.name, approved_at=tx.now, document_id=document_id,
    )  # fmt: skip
    return Approved(document_id=document_id, differences=changed)


def send_back(tx: Tx, count_id: UUID, reason: str, batch_ids: Collection[UUID] = ()) -> int:
    """Have lines counted once more: those named, else all that differ, else all; gives how many.

    Raises: Forbidden, NotFound, Invalid without a reason, Conflict.
    """
    row = _locked(tx, count_id, "stock.approve")
    if len(reason.strip()) < LEAST_REASON:
        raise Invalid("correction.reason_too_short", field="note", least=LEAST_REASON)
    move(tx, StockCount, count_id, CountAct.SEND_BACK, COUNT_MOVES, reason=reason.strip())
    found = differences_of(tx, count_id, row.place_id)
    chosen = set(batch_ids) or {one.batch_id for one in found if one.difference_milli}
    if unknown := chosen - {one.batch_id for one in found}:
        raise NotFound("batch.not_found", batch=str(next(iter(unknown))))
    _have_recounted(tx, count_id, chosen or {one.batch_id for one in found})
    return _open_lines(tx, count_id)


def cancel_count(tx: Tx, count_id: UUID, reason: str) -> None:
    """Give a count up; nothing is booked, and the place can be counted anew. Raises: as ``send_back``."""
    _locked(tx, count_id, "stock.count")
    if len(reason.strip()) < LEAST_REASON:
        raise Invalid("correction.reason_too_short", field="note", least=LEAST_REASON)
    move(tx, StockCount, count_id, CountAct.CANCEL, COUNT_MOVES, reason=reason.strip(), cancelled_reason=reason.strip())


# ---------------------------------------------------------------- parts


def _book(tx: Tx, row: Any, found: Collection[Difference], note: str) -> tuple[UUID | None, int]:
    counted = tuple(
        CountedLine(batch_id=one.batch_id, counted_milli=one.counted_milli, counted_at=one.counted_at) for one in found
    )
    if not counted:
        return None, 0
    try:
        booked = bring_to_count(
            tx,
            BringToCount(place_id=row.place_id, count_id=row.id, lines=counted, note=note.strip() or row.note),
        )
    except StockShort as short:
        if told := _promised(tx, row.place_id, found):
            raise Conflict("stock_count.promised", batches=told) from short
        raise
    differences: Mapping[UUID, int] = dict(booked.differences)
    lines = _lines(tx, row.id)
    for one in found:
        lines[one.batch_id].booked_milli = one.counted_milli - differences.get(one.batch_id, 0)
    tx.session.flush()
    return booked.document_id, sum(1 for one in differences.values() if one)


def _promised(tx: Tx, place_id: UUID, found: Collection[Difference]) -> list[str]:
    """Tell which batches would hold less than is promised, by how much, and in how many promises."""
    lying = {one.batch.id: one for one in batch_balances(tx, place_ids=[place_id])}
    told = []
    for one in found:
        here = lying.get(one.batch_id)
        if here is None or one.difference_milli >= 0:
            continue
        left = here.on_hand_milli + one.difference_milli
        if left >= here.reserved_milli:
            continue
        unit = here.batch.item.base_unit
        promises = sum(1 for each in reservations(tx, place_ids=[place_id]) if each.batch.id == one.batch_id)
        told.append(
            f"{here.batch.item.name_id} {here.batch.code}: {print_quantity(max(left, 0), unit)} / "
            f"{print_quantity(here.reserved_milli, unit)} ({promises})"
        )
    return told


def _write_reasons(tx: Tx, order: SubmitCount, differing: Collection[Difference]) -> None:
    lines = _lines(tx, order.count_id)
    given = {one.batch_id: one for one in order.reasons}
    differs = {one.batch_id: one.difference_milli for one in differing}
    for batch_id, line in lines.items():
        said = given.get(batch_id)
        if batch_id not in differs:
            line.reason = ""
            continue
        reason = said.reason if said else line.reason
        if not reason:
            raise Invalid(
                "stock_count.reason_missing", field=f"reason-{_code(tx, batch_id)}", batch=_code(tx, batch_id)
            )
        if reason not in reasons_for(differs[batch_id]):
            raise Invalid("correction.unknown_reason", field=f"reason-{_code(tx, batch_id)}")
        line.reason = reason
        if said is not None and said.note.strip():
            line.note = said.note.strip()
    tx.session.flush()


def _check_counted(tx: Tx, row: Any, lines: Collection[LineCounted]) -> None:
    known = {one.id: one for one in batches(tx, {line.batch_id for line in lines})}
    goods = item_facts(tx, {one.item.id for one in known.values()})
    for line in lines:
        batch = known.get(line.batch_id)
        if batch is None:
            raise NotFound("batch.not_found", batch=str(line.batch_id))
        if not 0 <= line.counted_milli <= LARGEST_MILLI:
            raise Invalid("stock_count.quantity_out_of_range", field=f"counted-{batch.code}", batch=batch.code)
        item = goods[batch.item.id]
        if line.counted_milli % item.step_milli:
            step = print_quantity(item.step_milli, item.base_unit)
            raise Invalid("item.not_a_step", field=f"counted-{batch.code}", item=item.name_id, step=step)
        if line.counted_at is not None and not row.started_at <= line.counted_at <= tx.now:
            raise Invalid("stock_count.moment_outside", field=f"counted-{batch.code}", batch=batch.code)


def _check_all_counted(tx: Tx, count_id: UUID) -> None:
    if count := _open_lines(tx, count_id):
        raise Conflict("stock_count.lines_open", lines=count)


def _open_lines(tx: Tx, count_id: UUID) -> int:
    """Tell how many lines are still to be counted, or to be counted again."""
    found = tx.session.scalar(
        sa.select(sa.func.count())
        .select_from(StockCountLine)
        .where(
            StockCountLine.count_id == count_id,
            sa.or_(StockCountLine.counted_at.is_(None), StockCountLine.must_recount),
        )
    )
    return int(found or 0)


def _have_recounted(tx: Tx, count_id: UUID, batch_ids: Collection[UUID]) -> None:
    tx.session.execute(
        sa.update(StockCountLine)
        .where(StockCountLine.count_id == count_id, StockCountLine.batch_id.in_(batch_ids))
        .values(must_recount=True)
        .execution_options(synchronize_session="fetch")
    )


def _new_line(tx: Tx, count_id: UUID, batch_id: UUID) -> StockCountLine:
    return StockCountLine(
        id=tx.new_id(), count_id=count_id, batch_id=batch_id, counted_by="", recounted_by="", must_recount=False,
        reason="", note="",
    )  # fmt: skip


def _lines(tx: Tx, count_id: UUID) -> dict[UUID, StockCountLine]:
    rows = tx.session.scalars(
        sa.select(StockCountLine)
        .where(StockCountLine.count_id == count_id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return {row.batch_id: row for row in rows}


def _code(tx: Tx, batch_id: UUID) -> str:
    found = batches(tx, [batch_id])
    return found[0].code if found else str(batch_id)


def _locked(tx: Tx, count_id: UUID, right: str) -> Any:
    """Lock one count within reach, so that those who act on it at once do so one after the other."""
    reach: Reach = tx.require(right)
    row = tx.session.execute(
        sa.select(
            StockCount.id, StockCount.place_id, StockCount.state, StockCount.started_at, StockCount.submitted_by,
            StockCount.note,
        )
        .where(StockCount.id == count_id, StockCount.regency_code == tx.regency_code)
        .with_for_update()
    ).first()  # fmt: skip
    if row is None:
        raise NotFound("stock_count.not_found")
    place = place_by_id(tx, row.place_id)
    if not (reach.has_place(place.id) or reach.has_place(place.parent_id)):
        raise NotFound("stock_count.not_found")
    return row
