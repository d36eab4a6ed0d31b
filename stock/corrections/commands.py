"""Corrections of the books: asked by one, decided by another; only then the ledger writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import LARGEST_MILLI, Milli, print_quantity
from core.office.queries import office
from core.permissions import Reach
from core.states import move
from core.work import Tx
from stock.corrections.models import Correction, CorrectionLine
from stock.corrections.rules import CORRECTED_AT, is_reason_of, is_undone_here, may_decide, reason_fits
from stock.corrections.states import CORRECTION_MOVES, CorrectionAct, CorrectionKind, CorrectionState
from stock.items.queries import item_facts
from stock.ledger.commands import (
    Adjust,
    BatchLine,
    CannotPost,
    WriteOff,
    adjust,
    reversal_problems,
    reverse_document,
    write_off,
)
from stock.ledger.kinds import AdjustmentReason, LossReason
from stock.ledger.queries import BatchView, StockDocumentView, batch_balances, batches, stock_document
from stock.ledger.rules import share_rp
from stock.places.queries import place_by_id

LEAST_NOTE: Final = 10
LEAST_REASON: Final = 5
MOST_LINES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionItem:
    """What differs of one batch: above zero was found, below zero is missing or to be written off."""

    batch_id: UUID
    difference_milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCorrection:
    kind: CorrectionKind
    reason: str
    """A value of ``AdjustmentReason`` or ``LossReason``; of a reversal people's own words."""
    note: str = ""
    """What happened: the text of the minutes. Of a reversal the reason says it."""
    place_id: UUID | None = None
    """Where the goods lie; not for a reversal."""
    reversed_document_id: UUID | None = None
    lines: tuple[CorrectionItem, ...] = ()
    minutes_no: str = ""
    event_at: datetime | None = None
    """When it was found or happened; now when nothing is said. A reversal happens when it is approved."""
    subject: str = ""
    subject_id: str = ""


def ask_correction(tx: Tx, order: AskCorrection) -> UUID:
    """Ask for a correction and give its id; nothing is booked and nothing is reserved by asking.

    Raises: Forbidden; NotFound for places, batches and documents out of reach; Invalid for an order that is wrong in
    itself; Conflict("correction.not_enough") naming every batch of which less is free; CannotPost with every obstacle
    of a reversal.
    """
    reach = tx.require("stock.correct")
    if order.kind is not CorrectionKind.REVERSAL and len(order.note.strip()) < LEAST_NOTE:
        raise Invalid("correction.note_too_short", field="note", least=LEAST_NOTE)
    if order.event_at is not None and order.event_at > tx.now:
        raise Invalid("stock.event_in_future", field="event_at")
    if order.kind is CorrectionKind.REVERSAL:
        value_rp = _check_reversal(tx, reach, order)
    else:
        value_rp = _check_lines(tx, reach, order)
    correction_id = tx.new_id()
    tx.session.add(
        Correction(
            id=correction_id, regency_code=tx.regency_code, kind=order.kind, state=CorrectionState.ASKED,
            place_id=None if order.kind is CorrectionKind.REVERSAL else order.place_id,
            reversed_document_id=order.reversed_document_id, reason=order.reason.strip(), note=order.note.strip(),
            minutes_no=order.minutes_no.strip(), subject=order.subject, subject_id=order.subject_id,
            value_rp=value_rp, event_at=order.event_at or tx.now, asked_by=tx.actor.id, asked_by_name=tx.actor.name,
            asked_at=tx.now,
        )
    )  # fmt: skip
    tx.session.flush()
    tx.session.add_all(
        CorrectionLine(correction_id=correction_id, batch_id=line.batch_id, difference_milli=line.difference_milli)
        for line in order.lines
    )
    tx.session.flush()
    tx.note(
        "correction.ask", "correction", correction_id, reason=order.reason, kind=order.kind.value,
        lines=len(order.lines), value_rp=value_rp,
    )  # fmt: skip
    return correction_id


def approve_correction(tx: Tx, correction_id: UUID, note: str = "") -> UUID:
    """Agree to somebody else's correction: the ledger writes it, and its document is given.

    Raises: Forbidden; NotFound; Conflict("correction.own") for one's own, ("correction.heads_only") above the office's
    limit, ("correction.cannot_approve") when it is decided; whatever the ledger refuses, and nothing is done then.
    """
    row = _to_decide(tx, correction_id)
    if row.state is CorrectionState.ASKED:
        refused = may_decide(
            actor_id=tx.actor.id, roles=tx.actor.roles, asked_by=row.asked_by, value_rp=row.value_rp,
            limit_rp=office(tx).approval_limit_rp,
        )  # fmt: skip
        if refused:
            raise Conflict(refused)
        document_id = _post(tx, row)
    else:
        document_id = row.document_id
    move(
        tx, Correction, correction_id, CorrectionAct.APPROVE, CORRECTION_MOVES, reason=note.strip(),
        decided_by=tx.actor.id, decided_by_name=tx.actor.name, decided_at=tx.now, decision_note=note.strip(),
        document_id=document_id,
    )  # fmt: skip
    assert document_id is not None
    return document_id


def refuse_correction(tx: Tx, correction_id: UUID, note: str) -> None:
    """Refuse somebody else's correction, with the reason. Raises: Forbidden; NotFound; Invalid; Conflict."""
    row = _to_decide(tx, correction_id)
    if len(note.strip()) < LEAST_REASON:
        raise Invalid("correction.reason_too_short", field="note", least=LEAST_REASON)
    if row.asked_by == tx.actor.id:
        raise Conflict("correction.own")
    move(
        tx, Correction, correction_id, CorrectionAct.REFUSE, CORRECTION_MOVES, reason=note.strip(),
        decided_by=tx.actor.id, decided_by_name=tx.actor.name, decided_at=tx.now, decision_note=note.strip(),
    )  # fmt: skip


def withdraw_correction(tx: Tx, correction_id: UUID, note: str = "") -> None:
    """Take one's own correction back before it is decided. Raises: Forbidden, NotFound; Conflict if it is another's."""
    reach = tx.require("stock.correct")
    row = _locked(tx, correction_id)
    if row.asked_by != tx.actor.id:
        _need_within(tx, reach, row.place_id)
        raise Conflict("correction.not_yours")
    move(
        tx, Correction, correction_id, CorrectionAct.WITHDRAW, CORRECTION_MOVES, reason=note.strip(),
        decided_by=tx.actor.id, decided_by_name=tx.actor.name, decided_at=tx.now, decision_note=note.strip(),
    )  # fmt: skip


# ---------------------------------------------------------------- what asking checks


def _check_lines(tx: Tx, reach: Reach, order: AskCorrection) -> int:
    """Check what can be checked before anybody decides, and give what the goods are worth by the books."""
    if order.place_id is None:
        raise Invalid("correction.place_missing", field="place_id")
    place = place_by_id(tx, order.place_id)
    if not (reach.has_place(place.id) or reach.has_place(place.parent_id)):
        raise NotFound("place.not_found", place=str(order.place_id))
    if place.kind not in CORRECTED_AT:
        raise Invalid("correction.not_a_shelf", field="place_id", place=place.name)
    if not is_reason_of(order.kind, order.reason):
        raise Invalid("correction.unknown_reason", field="reason")
    if not order.lines:
        raise Invalid("stock.nothing_to_do", field="lines")
    if len(order.lines) > MOST_LINES:
        raise Invalid("stock.too_many_lines", field="lines", most=MOST_LINES)
    if len({line.batch_id for line in order.lines}) < len(order.lines):
        raise Invalid("correction.batch_twice", field="lines")
    if any(not 1 <= abs(line.difference_milli) <= LARGEST_MILLI for line in order.lines):
        raise Invalid("stock.quantity_out_of_range", field="quantity")
    if not reason_fits(order.kind, order.reason, [line.difference_milli for line in order.lines]):
        raise Invalid("correction.wrong_sign", field="reason")
    known = {one.id: one for one in batches(tx, {line.batch_id for line in order.lines})}
    for line in order.lines:
        if line.batch_id not in known:
            raise NotFound("batch.not_found", batch=str(line.batch_id))
    _check_steps(tx, order, known)
    lying = {one.batch.id: one for one in batch_balances(tx, place_ids=[place.id])}
    short: list[str] = []
    for line in order.lines:
        here, batch = lying.get(line.batch_id), known[line.batch_id]
        free = here.on_hand_milli - here.reserved_milli if here else 0
        if line.difference_milli < 0 and -line.difference_milli > free:
            short.append(
                f"{batch.code} {print_quantity(free)} / {print_quantity(-line.difference_milli, batch.item.base_unit)}"
            )
    if short:
        raise Conflict("correction.not_enough", place=place.name, batches=short)
    return sum(
        share_rp(abs(line.difference_milli), known[line.batch_id].quantity_milli, known[line.batch_id].value_rp)
        for line in order.lines
    )


def _check_steps(tx: Tx, order: AskCorrection, known: dict[UUID, BatchView]) -> None:
    goods = item_facts(tx, {one.item.id for one in known.values()})
    for line in order.lines:
        item = goods[known[line.batch_id].item.id]
        if line.difference_milli % item.step_milli:
            step = print_quantity(item.step_milli, item.base_unit)
            raise Invalid("item.not_a_step", field="quantity", item=item.name_id, step=step)


def _check_reversal(tx: Tx, reach: Reach, order: AskCorrection) -> int:
    if order.reversed_document_id is None:
        raise Invalid("correction.document_missing", field="reversed_document_id")
    if order.place_id is not None or order.lines:
        raise Invalid("correction.reversal_has_no_lines", field="lines")
    if len(order.reason.strip()) < LEAST_REASON:
        raise Invalid("correction.reason_too_short", field="reason", least=LEAST_REASON)
    document = stock_document(tx, order.reversed_document_id)
    if not touches(reach, document):
        raise NotFound("stock_document.not_found", document=str(order.reversed_document_id))
    if not is_undone_here(document.kind, document.subject):
        raise Conflict("stock.undone_elsewhere")
    if problems := reversal_problems(tx, document.id):
        raise CannotPost(problems)
    waiting = tx.session.scalar(
        sa.select(Correction.id).where(
            Correction.reversed_document_id == document.id, Correction.state == CorrectionState.ASKED
        )
    )
    if waiting is not None:
        raise Conflict("correction.asked_already")
    return sum(line.value_rp for line in document.lines)


def touches(reach: Reach, document: StockDocumentView) -> bool:
    """Tell whether a document moved anything at a place within reach."""
    return any(
        reach.has_place(one.id) or reach.has_place(one.parent_id)
        for line in document.lines
        for one in (line.source, line.target)
        if one.is_bounded
    )


# ---------------------------------------------------------------- deciding


def _to_decide(tx: Tx, correction_id: UUID) -> Any:
    reach = tx.require("stock.approve")
    row = _locked(tx, correction_id)
    _need_within(tx, reach, row.place_id)
    return row


def _need_within(tx: Tx, reach: Reach, place_id: UUID | None) -> None:
    """Raises: NotFound, as for what does not exist; a reversal, which has no place, is for who reaches everywhere."""
    if reach.is_all:
        return
    place = place_by_id(tx, place_id) if place_id is not None else None
    if place is None or not (reach.has_place(place.id) or reach.has_place(place.parent_id)):
        raise NotFound("correction.not_found")


def _locked(tx: Tx, correction_id: UUID) -> Any:
    """Lock one correction, so that the second of two who decide at once sees the first one's decision."""
    row = tx.session.execute(
        sa.select(
            Correction.kind, Correction.state, Correction.place_id, Correction.reversed_document_id,
            Correction.reason, Correction.note, Correction.value_rp, Correction.event_at, Correction.asked_by,
            Correction.document_id, Correction.id, Correction.subject, Correction.subject_id,
        )
        .where(Correction.id == correction_id, Correction.regency_code == tx.regency_code)
        .with_for_update()
    ).first()  # fmt: skip
    if row is None:
        raise NotFound("correction.not_found")
    return row


def _post(tx: Tx, row: Any) -> UUID:
    if row.kind is CorrectionKind.REVERSAL:
        return reverse_document(tx, row.reversed_document_id, row.reason).document_id
    lines = tx.session.execute(
        sa.select(CorrectionLine.batch_id, CorrectionLine.difference_milli)
        .where(CorrectionLine.correction_id == row.id)
        .order_by(CorrectionLine.batch_id)
    ).all()
    # What belongs to another thing (a shipment) is found by it there; the correction knows its document anyway.
    about = {"subject": row.subject or "correction", "subject_id": row.subject_id or str(row.id)}
    if row.kind is CorrectionKind.WRITE_OFF:
        return write_off(
            tx,
            WriteOff(
                place_id=row.place_id, reason=LossReason(row.reason), note=row.note, event_at=row.event_at,
                lines=tuple(
                    BatchLine(batch_id=line.batch_id, quantity_milli=Milli(-line.difference_milli)) for line in lines
                ),
                **about,
            ),
        ).document_id  # fmt: skip
    return adjust(
        tx,
        Adjust(
            place_id=row.place_id, reason=AdjustmentReason(row.reason), note=row.note, event_at=row.event_at,
            lines=tuple((line.batch_id, line.difference_milli) for line in lines), **about,
        ),
    ).document_id  # fmt: skip
