"""The acts on stock. All of them go through ``posting.post``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import local_day
from core.errors import Invalid, NotFound
from core.ids import code_with_check
from core.measures import LARGEST_MILLI, Milli, Rupiah
from core.work import Tx
from stock.items.queries import item_facts
from stock.ledger.kinds import AdjustmentReason, DocumentKind, Flag, FundingSource, LossReason
from stock.ledger.models import Batch, BatchSeries, Move, StockDocument
from stock.ledger.posting import (
    Act,
    CannotPost,
    Ground,
    Posted,
    PostedMove,
    Problem,
    Step,
    StockShort,
    check_step,
    lots,
    post,
    tell_short,
)
from stock.ledger.rules import Want, document_kind, pick
from stock.places.kinds import PlaceKind
from stock.places.queries import place_by_id, sink

BATCH_PREFIX = "BT"
MOST_LINES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveLine:
    """One new batch. ``value_rp`` is what all of it is worth; ``expires_on`` its last good day."""

    item_id: UUID
    quantity_milli: Milli
    funding_source: FundingSource
    value_rp: Rupiah
    expires_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    to_place_id: UUID
    lines: tuple[ReceiveLine, ...]
    incoming_document: str
    """The giver's own paper: BAST, contract, delivery order."""
    from_place_id: UUID | None = None
    """A giver; the office's first one when nothing is said."""
    event_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    document_id: UUID
    number: str
    batches: tuple[PostedMove, ...]
    """In the order of the lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """So much of an item; which batches is the ledger's choice (earliest expiry first)."""

    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    batch_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """From one of the office's places to another; what it is (dispatch, return, transfer) follows from the two."""

    from_place_id: UUID
    to_place_id: UUID
    lines: tuple[ItemLine | BatchLine, ...]
    event_at: datetime | None = None
    subject: str = ""
    subject_id: str = ""
    reason: str = ""
    note: str = ""
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    post_id: UUID
    lines: tuple[ItemLine, ...]
    handover_id: UUID
    event_at: datetime | None = None
    number: str | None = None
    """The receipt's number."""
    is_fact: bool = False
    """It has happened already (a phone without signal): goods past their day are booked too, and flagged."""
    is_double: bool = False
    """A second handover: the goods are gone, and stand at the contested place until a person decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjust:
    """``lines`` are differences: above zero was found, below zero is missing."""

    place_id: UUID
    lines: tuple[tuple[UUID, int], ...]
    """(batch, difference in thousandths)."""
    reason: AdjustmentReason
    note: str
    event_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    place_id: UUID
    lines: tuple[BatchLine, ...]
    reason: LossReason
    note: str
    """The minutes it rests on."""
    event_at: datetime | None = None


def receive(tx: Tx, order: Receive) -> Received:
    """Take goods in: one new batch for each line.

    Raises: Forbidden; NotFound; Invalid("batch.expiry_missing") where the item expires and no day is given;
    CannotPost("batch.expired") for goods past their day, except into quarantine.
    """
    tx.require("stock.receive").need_place(order.to_place_id, "place")
    at = order.event_at or tx.now
    _check_lines(order.lines)
    if not order.incoming_document.strip():
        raise Invalid("stock.incoming_document_missing", field="incoming_document")
    giver = order.from_place_id or sink(tx, PlaceKind.SUPPLIER).id
    if place_by_id(tx, giver).kind is not PlaceKind.SUPPLIER:
        raise Invalid("stock.not_a_giver", field="from_place_id")
    goods = item_facts(tx, {line.item_id for line in order.lines})
    on = local_day(at, tx.zone)
    for line in order.lines:
        item = goods[line.item_id]
        if not item.is_active:
            raise NotFound("item.not_found", item=item.name_id)
        if not item.is_stocked:
            raise Invalid("stock.not_stocked", field="item", item=item.name_id)
        if item.does_expire and line.expires_on is None:
            raise Invalid("batch.expiry_missing", field="expires_on", item=item.name_id)
        if not 0 <= line.value_rp <= LARGEST_MILLI:
            raise Invalid("batch.value_out_of_range", field="value_rp", item=item.name_id)
        if not 1 <= line.quantity_milli <= LARGEST_MILLI:
            raise Invalid("stock.quantity_out_of_range", field="quantity", item=item.name_id)
    codes = _batch_codes(tx, on, len(order.lines))
    rows = [
        Batch(
            id=tx.new_id(), regency_code=tx.regency_code, item_id=line.item_id, code=code,
            funding_source=line.funding_source, incoming_document=order.incoming_document.strip(),
            expires_on=line.expires_on, received_on=on, quantity_milli=line.quantity_milli, value_rp=line.value_rp,
        )
        for line, code in zip(order.lines, codes, strict=True)
    ]  # fmt: skip
    tx.session.add_all(rows)
    tx.session.flush()
    posted = post(
        tx,
        Act(kind=DocumentKind.RECEIPT, event_at=at, reason=order.incoming_document.strip(), note=order.note),
        [
            Step(
                from_place_id=giver, to_place_id=order.to_place_id, batch_id=row.id,
                quantity_milli=row.quantity_milli, value_rp=row.value_rp,
            )
            for row in rows
        ],
    )  # fmt: skip
    assert posted.number is not None
    return Received(document_id=posted.document_id, number=posted.number, batches=posted.moves)


def transfer(tx: Tx, order: Transfer) -> Posted:
    """Move goods between two of the office's places, by batch or by item (earliest expiry first).

    What is reserved stays. Raises: Forbidden; NotFound; CannotPost; StockShort with every line that is short.
    """
    tx.require("stock.transfer").need_place(order.from_place_id, "place")
    return _transfer(tx, order)


def dispatch(tx: Tx, order: Transfer) -> Posted:
    """Transfer within an act of another noun (a load, a return), which has asked for the right to it.

    Raises: as ``transfer``, without Forbidden.
    """
    return _transfer(tx, order)


def hand_over(tx: Tx, order: HandOver) -> Posted:
    """Book what a household got at a post: the batches that go first, unexpired on the event's local day.

    The caller has asked for the right and is the judge of the handover itself. One handover id takes goods once.
    Raises: CannotPost; StockShort with every item that is short; Conflict("stock.handover_booked").
    """
    at = order.event_at or tx.now
    ground = Ground(tx)
    sink_kind = PlaceKind.CONTESTED if order.is_double else PlaceKind.HOUSEHOLD
    ground.need_places({order.post_id}, {sink_kind})
    if ground.places[order.post_id].kind is not PlaceKind.POST:
        raise Invalid("stock.not_a_post", field="post_id")
    target = ground.the(sink_kind).id
    steps = _steps_by_item(ground, order.post_id, target, order.lines, at, may_be_expired=order.is_fact)
    return post(
        tx,
        Act(
            kind=DocumentKind.HANDOVER, event_at=at, subject="handover", subject_id=str(order.handover_id),
            number=order.number,
        ),
        steps,
        ground,
    )  # fmt: skip


def reverse_document(tx: Tx, document_id: UUID, reason: str, event_at: datetime | None = None) -> Posted:
    """Undo every move of a document by its mirror image, today.

    Raises: Forbidden; NotFound; Invalid without a reason; CannotPost or StockShort with every obstacle at once.
    """
    tx.require("stock.reverse")
    return _reverse(tx, document_id, reason, event_at)


def reverse_handover(tx: Tx, handover_id: UUID, reason: str, event_at: datetime | None = None) -> Posted:
    """Bring the goods of a voided handover back to their post; the caller has asked for the right.

    Raises: as ``reverse_document``, without Forbidden.
    """
    document_id = tx.session.scalar(
        sa.select(StockDocument.id).where(
            StockDocument.kind == DocumentKind.HANDOVER,
            StockDocument.subject_id == str(handover_id),
            StockDocument.regency_code == tx.regency_code,
        )
    )
    if document_id is None:
        raise NotFound("stock_document.not_found", document=str(handover_id))
    return _reverse(tx, document_id, reason, event_at)


def adjust(tx: Tx, order: Adjust) -> Posted:
    """Bring the books to what was found, with the reason. Raises: Forbidden; Invalid; CannotPost; StockShort."""
    tx.require("stock.adjust").need_place(order.place_id, "place")
    _check_note(order.note)
    books = sink(tx, PlaceKind.ADJUSTMENT).id
    steps = [
        Step(
            from_place_id=books if difference > 0 else order.place_id,
            to_place_id=order.place_id if difference > 0 else books,
            batch_id=batch_id,
            quantity_milli=abs(difference),
        )
        for batch_id, difference in order.lines
        if difference
    ]
    return post(
        tx,
        Act(
            kind=DocumentKind.ADJUSTMENT, event_at=order.event_at or tx.now, reason=order.reason.value,
            note=order.note.strip(),
        ),
        steps,
    )  # fmt: skip


def write_off(tx: Tx, order: WriteOff) -> Posted:
    """Take goods out of the books for good, on the minutes named.

    Raises: Forbidden; Invalid; CannotPost; StockShort.
    """
    tx.require("stock.adjust").need_place(order.place_id, "place")
    _check_note(order.note)
    loss = sink(tx, PlaceKind.LOSS).id
    steps = [
        Step(from_place_id=order.place_id, to_place_id=loss, batch_id=line.batch_id, quantity_milli=line.quantity_milli)
        for line in order.lines
    ]
    return post(
        tx,
        Act(
            kind=DocumentKind.WRITE_OFF, event_at=order.event_at or tx.now, reason=order.reason.value,
            note=order.note.strip(),
        ),
        steps,
    )  # fmt: skip


def _transfer(tx: Tx, order: Transfer) -> Posted:
    _check_lines(order.lines)
    at = order.event_at or tx.now
    ground = Ground(tx)
    ground.need_places({order.from_place_id, order.to_place_id})
    source, target = ground.places[order.from_place_id], ground.places[order.to_place_id]
    if not source.is_bounded or not target.is_bounded:
        raise Invalid("stock.not_a_real_place", field="to_place_id")
    by_batch = [line for line in order.lines if isinstance(line, BatchLine)]
    by_item = [line for line in order.lines if isinstance(line, ItemLine)]
    steps = [
        Step(from_place_id=source.id, to_place_id=target.id, batch_id=line.batch_id, quantity_milli=line.quantity_milli)
        for line in by_batch
    ]
    if by_item:
        ground.need_batches({line.batch_id for line in by_batch})
        steps += _steps_by_item(ground, source.id, target.id, by_item, at, taken=steps)
    return post(
        tx,
        Act(
            kind=document_kind(source.kind, target.kind), event_at=at, subject=order.subject,
            subject_id=order.subject_id, reason=order.reason, note=order.note, number=order.number,
        ),
        steps,
        ground,
    )  # fmt: skip


def _steps_by_item(
    ground: Ground, source: UUID, target: UUID, lines: Sequence[ItemLine], at: datetime, *, taken: Sequence[Step] = (),
    may_be_expired: bool = False,
) -> list[Step]:  # fmt: skip
    """Choose the batches; lines of one item are one demand."""
    _check_lines(lines)
    ground.need_items({line.item_id for line in lines})
    goods = ground.items
    wanted: dict[UUID, int] = {}
    for line in lines:
        if not 1 <= line.quantity_milli <= LARGEST_MILLI:
            raise Invalid("stock.quantity_out_of_range", field="quantity", item=goods[line.item_id].name_id)
        wanted[line.item_id] = wanted.get(line.item_id, 0) + line.quantity_milli
    wrong = [problem for item_id, q in wanted.items() if (problem := check_step(goods[item_id], q))]
    if wrong:
        raise CannotPost(wrong)
    on = local_day(at, ground.tx.zone)
    wants = [
        Want(
            group="", place_id=source, item_id=item_id, quantity_milli=Milli(quantity), usable_on=on,
            may_be_expired=may_be_expired,
        )
        for item_id, quantity in sorted(wanted.items())
    ]  # fmt: skip
    gone: dict[UUID, int] = {}
    for step in taken:
        gone[step.batch_id] = gone.get(step.batch_id, 0) + step.quantity_milli
    shelf = [
        lot if lot.batch_id not in gone else replace(lot, free_milli=lot.free_milli - gone[lot.batch_id])
        for lot in lots(ground, wants, to_place_id=target, also=gone)
    ]
    picks, short = pick(wants, shelf)
    if short:
        raise tell_short(ground, short)
    return [
        Step(
            from_place_id=source, to_place_id=target, batch_id=one.batch_id, quantity_milli=one.quantity_milli,
            flag=Flag.EXPIRED if one.is_expired else Flag.NONE,
        )
        for one in picks
    ]  # fmt: skip


def _reverse(tx: Tx, document_id: UUID, reason: str, event_at: datetime | None) -> Posted:
    _check_note(reason)
    # Locked, so that the second of two who reverse at once sees the first one's moves.
    document = tx.session.execute(
        sa.select(StockDocument.kind, StockDocument.number)
        .where(StockDocument.id == document_id, StockDocument.regency_code == tx.regency_code)
        .with_for_update()
    ).first()
    if document is None:
        raise NotFound("stock_document.not_found", document=str(document_id))
    if document.kind is DocumentKind.REVERSAL:
        raise CannotPost([Problem(code="stock.is_a_reversal", facts={"number": document.number})])
    later = sa.orm.aliased(Move)
    moves = tx.session.execute(
        sa.select(
            Move.id, Move.from_place_id, Move.to_place_id, Move.batch_id, Move.quantity_milli, Move.value_rp,
            Batch.code, later.id.label("reversed_by"),
        )
        .join(Batch, Batch.id == Move.batch_id)
        .outerjoin(later, later.reverses_id == Move.id)
        .where(Move.document_id == document_id)
        .order_by(Move.from_place_id, Move.batch_id, Move.id)
    ).all()  # fmt: skip
    done = [Problem(code="stock.reversed_already", facts={"batch": move.code}) for move in moves if move.reversed_by]
    if done:
        raise CannotPost(done)
    return post(
        tx,
        Act(
            kind=DocumentKind.REVERSAL, event_at=event_at or tx.now, subject="stock_document",
            subject_id=str(document_id), reason=reason.strip(),
        ),
        [
            Step(
                from_place_id=move.to_place_id, to_place_id=move.from_place_id, batch_id=move.batch_id,
                quantity_milli=move.quantity_milli, reverses_id=move.id, value_rp=move.value_rp,
            )
            for move in moves
        ],
    )  # fmt: skip


def _batch_codes(tx: Tx, on: date, count: int) -> list[str]:
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    last: int = tx.session.execute(
        insert(BatchSeries)
        .values(regency_code=tx.regency_code, year=on.year, last_no=count)
        .on_conflict_do_update(
            index_elements=["regency_code", "year"], set_={"last_no": BatchSeries.last_no + count}
        )
        .returning(BatchSeries.last_no)
    ).scalar_one()  # fmt: skip
    return [code_with_check(BATCH_PREFIX, on.year % 100, no) for no in range(last - count + 1, last + 1)]


def _check_lines(lines: Sequence[object]) -> None:
    if not lines:
        raise Invalid("stock.nothing_to_do", field="lines")
    if len(lines) > MOST_LINES:
        raise Invalid("stock.too_many_lines", field="lines", most=MOST_LINES)


def _check_note(note: str) -> None:
    if not note.strip():
        raise Invalid("stock.reason_missing", field="reason")


__all__ = [
    "Adjust",
    "BatchLine",
    "CannotPost",
    "HandOver",
    "ItemLine",
    "Posted",
    "PostedMove",
    "Problem",
    "Receive",
    "ReceiveLine",
    "Received",
    "StockShort",
    "Transfer",
    "WriteOff",
    "adjust",
    "dispatch",
    "hand_over",
    "receive",
    "reverse_document",
    "reverse_handover",
    "transfer",
    "write_off",
]
