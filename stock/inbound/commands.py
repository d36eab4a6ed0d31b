"""Goods from a giver: announced, counted at the gate, good and damaged told apart, put on the shelf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import LARGEST_MILLI, Milli, Rupiah, print_quantity
from core.numbering import next_number
from core.states import move
from core.work import Tx
from stock.inbound.models import Consignment, ConsignmentLine
from stock.inbound.rules import MOST_LINES, split_problem
from stock.inbound.states import CONSIGNMENT_MOVES, ConsignmentAct, ConsignmentState
from stock.items.queries import ItemFacts, item_facts, variant_items
from stock.items.rules import plain
from stock.ledger.commands import (
    BatchLine,
    Posted,
    Receive,
    Received,
    ReceiveLine,
    Transfer,
    dispatch,
    return_to_giver,
    take_in,
)
from stock.ledger.kinds import FundingSource, ReleaseCondition
from stock.ledger.rules import is_expired
from stock.ledger.subjects import is_undone, moves_for
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.places.queries import place_by_id, places, quarantine_of

SUBJECT = "consignment"
"""Under this subject the documents of a consignment stand in the books."""
SERIES = "DTG"
LEAST_REASON = 5
_NOTHING = Milli(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLine:
    """What was announced of one item; price and expiry as far as they are known."""

    item_id: UUID
    quantity_milli: Milli
    variant_id: UUID | None = None
    unit_price_rp: Rupiah | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectGoods:
    giver_id: UUID
    place_id: UUID
    """The warehouse it comes to."""
    incoming_document: str
    funding_source: FundingSource
    expected_on: date
    lines: tuple[ExpectedLine, ...]
    release_condition: ReleaseCondition = ReleaseCondition.NONE
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameLine:
    """What came of an announced line; expiry and price replace what was announced where they are given."""

    line_id: UUID
    received_milli: Milli
    expires_on: date | None = None
    unit_price_rp: Rupiah | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnannouncedLine:
    item_id: UUID
    quantity_milli: Milli
    variant_id: UUID | None = None
    unit_price_rp: Rupiah | None = None
    expires_on: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveConsignment:
    """Each announced line stands in ``lines`` once, with zero where nothing came."""

    consignment_id: UUID
    lines: tuple[CameLine, ...]
    unannounced: tuple[UnannouncedLine, ...] = ()
    event_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedLine:
    line_id: UUID
    good_milli: Milli
    damaged_milli: Milli = _NOTHING
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDamaged:
    """Damaged goods that go back to who gave them."""

    consignment_id: UUID
    lines: tuple[BatchLine, ...]
    reason: str
    event_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectConsignment:
    """A line that is not named was good altogether."""

    consignment_id: UUID
    lines: tuple[InspectedLine, ...]


def expect_goods(tx: Tx, order: ExpectGoods) -> UUID:
    """Write down what a giver has announced, and give the consignment's id; nothing enters the books.

    Raises: Forbidden; NotFound; Invalid, naming the field.
    """
    tx.require("stock.receive").need_place(order.place_id, "place")
    if place_by_id(tx, order.place_id).kind is not PlaceKind.WAREHOUSE:
        raise Invalid("consignment.not_a_warehouse", field="place_id")
    if place_by_id(tx, order.giver_id).kind is not PlaceKind.SUPPLIER:
        raise Invalid("stock.not_a_giver", field="giver_id")
    document = order.incoming_document.strip()
    if not document:
        raise Invalid("stock.incoming_document_missing", field="incoming_document")
    if order.funding_source is FundingSource.MIXED:
        raise Invalid("consignment.mixed_source", field="funding_source")
    if not order.lines:
        raise Invalid("stock.nothing_to_do", field="lines")
    if len(order.lines) > MOST_LINES:
        raise Invalid("stock.too_many_lines", field="lines", most=MOST_LINES)
    for line in order.lines:
        _check_amount(line.quantity_milli)
    _check_goods(tx, order.lines)
    consignment_id = tx.new_id()
    code = next_number(tx, SERIES, tx.today)
    tx.session.execute(
        sa.insert(Consignment).values(
            id=consignment_id, regency_code=tx.regency_code, code=code, giver_id=order.giver_id,
            place_id=order.place_id, incoming_document=document, funding_source=order.funding_source,
            release_condition=order.release_condition, expected_on=order.expected_on, note=order.note.strip(),
            state=ConsignmentState.EXPECTED, created_by=tx.actor.id, created_at=tx.now, received_by_name="",
            inspected_by_name="", cancelled_reason="",
        )
    )  # fmt: skip
    tx.session.execute(
        sa.insert(ConsignmentLine),
        [
            {
                "id": tx.new_id(), "consignment_id": consignment_id, "no": no, "item_id": line.item_id,
                "variant_id": line.variant_id, "expected_milli": line.quantity_milli,
                "unit_price_rp": line.unit_price_rp or 0, "expires_on": line.expires_on, "note": "",
            }
            for no, line in enumerate(order.lines, 1)
        ],
    )  # fmt: skip
    tx.note("consignment.expect", SUBJECT, consignment_id, number=code, lines=len(order.lines))
    return consignment_id


def receive_consignment(tx: Tx, order: ReceiveConsignment) -> Received:
    """Count what came at the gate: all of it goes into the warehouse's quarantine by one SBBM, promised to nobody.

    Raises: Forbidden; NotFound; Invalid, naming the field, where nothing came or an expiry is missing; Conflict when
    it was received or cancelled already.
    """
    head = _locked(tx, order.consignment_id)
    tx.require("stock.receive").need_place(head.place_id, "place")
    _need(tx, head, ConsignmentAct.RECEIVE)
    known = _lines(tx, head.id)
    _check_all_named(known, [line.line_id for line in order.lines])
    for line in order.lines:
        if not 0 <= line.received_milli <= LARGEST_MILLI:
            raise Invalid("stock.quantity_out_of_range", field=f"came-{line.line_id}")
    for extra in order.unannounced:
        _check_amount(extra.quantity_milli)
    goods = _check_goods(tx, order.unannounced) | item_facts(tx, {line.item_id for line in known.values()})
    unannounced_ids = tx.new_ids(len(order.unannounced))
    came = [
        _Came(
            line_id=line.line_id, item_id=known[line.line_id].item_id, variant_id=known[line.line_id].variant_id,
            milli=line.received_milli, expires_on=line.expires_on or known[line.line_id].expires_on,
            price=known[line.line_id].unit_price_rp if line.unit_price_rp is None else line.unit_price_rp,
            note=line.note.strip(),
        )
        for line in order.lines
    ] + [
        _Came(
            line_id=line_id, item_id=line.item_id, variant_id=line.variant_id, milli=line.quantity_milli,
            expires_on=line.expires_on, price=line.unit_price_rp or 0, note=line.note.strip(),
        )
        for line_id, line in zip(unannounced_ids, order.unannounced, strict=True)
    ]  # fmt: skip
    there = [one for one in came if one.milli]
    if not there:
        raise Invalid("consignment.nothing_came", field="lines")
    for one in there:
        item = goods[one.item_id]
        if item.does_expire and one.expires_on is None:
            raise Invalid("batch.expiry_missing", field=f"expires_on-{one.line_id}", item=item.name_id)
    at = order.event_at or tx.now
    received = take_in(
        tx,
        Receive(
            to_place_id=quarantine_of(tx, head.place_id).id, from_place_id=head.giver_id,
            incoming_document=head.incoming_document, event_at=at, note=order.note.strip(),
            lines=tuple(
                ReceiveLine(
                    item_id=one.item_id, quantity_milli=Milli(one.milli), funding_source=head.funding_source,
                    unit_price_rp=Rupiah(one.price), expires_on=one.expires_on, variant_id=one.variant_id,
                    release_condition=head.release_condition,
                )
                for one in there
            ),
        ),
    )  # fmt: skip
    batch_of = {one.line_id: got.batch_id for one, got in zip(there, received.batches, strict=True)}
    for no, one in enumerate(came, 1):
        values = {
            "received_milli": one.milli, "expires_on": one.expires_on, "unit_price_rp": one.price,
            "batch_id": batch_of.get(one.line_id), "note": one.note,
        }  # fmt: skip
        if one.line_id in known:
            tx.session.execute(_change_line(one.line_id, **values))
        else:
            tx.session.execute(
                sa.insert(ConsignmentLine).values(
                    id=one.line_id, consignment_id=head.id, no=no, item_id=one.item_id, variant_id=one.variant_id,
                    expected_milli=0, **values,
                )
            )  # fmt: skip
    move(
        tx, Consignment, head.id, ConsignmentAct.RECEIVE, CONSIGNMENT_MOVES, receipt_id=received.document_id,
        received_by=tx.actor.id, received_by_name=tx.actor.name, received_at=at,
    )  # fmt: skip
    return received


def inspect_consignment(tx: Tx, order: InspectConsignment) -> None:
    """Tell good and damaged goods apart; nothing moves yet.

    Raises: Forbidden; NotFound; Invalid, naming the line, where the parts are not what came, or goods past their day
    are called good; Conflict.
    """
    head = _locked(tx, order.consignment_id)
    tx.require("stock.receive").need_place(head.place_id, "place")
    _need(tx, head, ConsignmentAct.INSPECT)
    known = _lines(tx, head.id)
    said = {line.line_id: line for line in order.lines}
    if len(said) != len(order.lines) or not said.keys() <= known.keys():
        raise NotFound("consignment.line_not_found")
    for line_id, line in known.items():
        received = line.received_milli or 0
        split = said.get(line_id)
        good, damaged = (split.good_milli, split.damaged_milli) if split else (received, 0)
        if problem := split_problem(received, good, damaged, line.expires_on, tx.today):
            item = item_facts(tx, {line.item_id})[line.item_id]
            raise Invalid(
                problem, field=f"damaged-{line_id}", item=item.name_id,
                received=print_quantity(received, item.base_unit),
            )  # fmt: skip
        note = split.note.strip() if split and split.note.strip() else line.note
        tx.session.execute(_change_line(line_id, good_milli=good, damaged_milli=damaged, note=note))
    move(
        tx, Consignment, head.id, ConsignmentAct.INSPECT, CONSIGNMENT_MOVES, inspected_by=tx.actor.id,
        inspected_by_name=tx.actor.name, inspected_at=tx.now,
    )  # fmt: skip


def stock_consignment(tx: Tx, consignment_id: UUID) -> Posted | None:
    """Put what is good on the shelf and give the transfer, None where nothing is; damaged goods stay in quarantine.

    What has passed its day since the inspection stays there too. Raises: Forbidden; NotFound; Conflict; StockShort
    when somebody has taken it out of quarantine meanwhile.
    """
    head = _locked(tx, consignment_id)
    tx.require("stock.receive").need_place(head.place_id, "place")
    _need(tx, head, ConsignmentAct.STOCK)
    good = tuple(
        BatchLine(batch_id=line.batch_id, quantity_milli=Milli(line.good_milli))
        for line in _lines(tx, head.id).values()
        if line.batch_id is not None and line.good_milli and not is_expired(line.expires_on, tx.today)
    )
    posted = None
    if good:
        posted = dispatch(
            tx,
            Transfer(
                from_place_id=quarantine_of(tx, head.place_id).id, to_place_id=head.place_id, lines=good,
                subject=SUBJECT, subject_id=str(head.id), reason=head.incoming_document,
            ),
        )  # fmt: skip
    move(
        tx, Consignment, head.id, ConsignmentAct.STOCK, CONSIGNMENT_MOVES, stocked_by=tx.actor.id, stocked_at=tx.now,
        stocking_id=posted.document_id if posted else None,
    )  # fmt: skip
    return posted


def return_damaged(tx: Tx, order: ReturnDamaged) -> Posted:
    """Send damaged goods of a consignment from quarantine back to their giver.

    Raises: Forbidden; NotFound; Invalid without a reason, or for more than was damaged and is not back yet; Conflict
    before it was inspected; StockShort.
    """
    head = _locked(tx, order.consignment_id)
    tx.require("stock.transfer").need_place(head.place_id, "place")
    if head.state not in (ConsignmentState.INSPECTED, ConsignmentState.STOCKED):
        raise Conflict("consignment.not_inspected", state=head.state.value)
    if len(order.reason.strip()) < LEAST_REASON:
        raise Invalid("consignment.reason_missing", field="reason", least=LEAST_REASON)
    left = damaged_left(tx, head.id)
    for line in order.lines:
        if line.batch_id not in left:
            raise NotFound("consignment.line_not_found")
        left[line.batch_id] -= line.quantity_milli
        if left[line.batch_id] < 0:
            raise Invalid("consignment.more_than_damaged", field=f"back-{line.batch_id}")
    return return_to_giver(
        tx,
        Transfer(
            from_place_id=quarantine_of(tx, head.place_id).id, to_place_id=head.giver_id, lines=order.lines,
            subject=SUBJECT, subject_id=str(head.id), reason=order.reason.strip(), event_at=order.event_at,
        ),
    )  # fmt: skip


def damaged_left(tx: Tx, consignment_id: UUID) -> dict[UUID, int]:
    """Give what of each batch was damaged and has not gone back to the giver, in thousandths."""
    left = {
        line.batch_id: line.damaged_milli
        for line in _lines(tx, consignment_id).values()
        if line.batch_id is not None and line.damaged_milli
    }
    for one in moves_for(tx, SUBJECT, consignment_id):
        if one.target.kind is PlaceKind.SUPPLIER and one.batch_id in left:
            left[one.batch_id] -= one.quantity_milli
    return left


def cancel_consignment(tx: Tx, consignment_id: UUID, reason: str) -> None:
    """Give up what was announced and does not come. Raises: Forbidden; NotFound; Invalid without a reason; Conflict."""
    head = _locked(tx, consignment_id)
    tx.require("stock.receive").need_place(head.place_id, "place")
    if len(reason.strip()) < LEAST_REASON:
        raise Invalid("consignment.reason_missing", field="reason", least=LEAST_REASON)
    move(
        tx, Consignment, head.id, ConsignmentAct.CANCEL, CONSIGNMENT_MOVES, reason=reason.strip(),
        cancelled_reason=reason.strip(),
    )  # fmt: skip


def giver_named(tx: Tx, name: str) -> UUID:
    """Give the giver of this name, added when the office does not know it yet; the caller has asked for the right.

    Raises: Invalid for an empty name.
    """
    wanted = plain(name)
    if not wanted:
        raise Invalid("place.name_missing", field="new_giver")
    for one in places(tx, kinds=(PlaceKind.SUPPLIER,)):
        if plain(one.name) == wanted and not one.is_closed:
            return one.id
    code = f"PB-{wanted[:6]}-{tx.new_id().hex[-4:]}"
    return add_place(tx, AddPlace(kind=PlaceKind.SUPPLIER, code=code, name=" ".join(name.split())))


# ---------------------------------------------------------------- parts of an act


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    id: UUID
    state: ConsignmentState
    giver_id: UUID
    place_id: UUID
    incoming_document: str
    funding_source: FundingSource
    release_condition: ReleaseCondition
    receipt_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    item_id: UUID
    variant_id: UUID | None
    received_milli: int | None
    good_milli: int | None
    damaged_milli: int | None
    unit_price_rp: int
    expires_on: date | None
    batch_id: UUID | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Came:
    line_id: UUID
    item_id: UUID
    variant_id: UUID | None
    milli: int
    expires_on: date | None
    price: int
    note: str


def _locked(tx: Tx, consignment_id: UUID) -> _Head:
    """Keep the consignment for this transaction: two who count it at once wait for each other. Raises: NotFound."""
    row = tx.session.execute(
        sa.select(
            Consignment.id, Consignment.state, Consignment.giver_id, Consignment.place_id,
            Consignment.incoming_document, Consignment.funding_source, Consignment.release_condition,
            Consignment.receipt_id,
        )
        .where(Consignment.id == consignment_id, Consignment.regency_code == tx.regency_code)
        .with_for_update()
    ).first()  # fmt: skip
    if row is None:
        raise NotFound("consignment.not_found")
    return _Head(
        id=row.id, state=row.state, giver_id=row.giver_id, place_id=row.place_id,
        incoming_document=row.incoming_document, funding_source=row.funding_source,
        release_condition=row.release_condition, receipt_id=row.receipt_id,
    )  # fmt: skip


def _need(tx: Tx, head: _Head, act: ConsignmentAct) -> None:
    """Refuse before anything is booked what ``move`` would refuse at the end, or what is not there any more.

    Raises: Conflict.
    """
    if (head.state, act) not in CONSIGNMENT_MOVES:
        raise Conflict(f"consignment.cannot_{act.value}", state=head.state.value)
    if head.receipt_id is not None and is_undone(tx, head.receipt_id):
        raise Conflict("consignment.receipt_reversed")


def _lines(tx: Tx, consignment_id: UUID) -> dict[UUID, _Line]:
    rows = tx.session.execute(
        sa.select(
            ConsignmentLine.id, ConsignmentLine.item_id, ConsignmentLine.variant_id, ConsignmentLine.received_milli,
            ConsignmentLine.good_milli, ConsignmentLine.damaged_milli, ConsignmentLine.unit_price_rp,
            ConsignmentLine.expires_on, ConsignmentLine.batch_id, ConsignmentLine.note,
        )
        .where(ConsignmentLine.consignment_id == consignment_id)
        .order_by(ConsignmentLine.no)
    )  # fmt: skip
    return {
        row.id: _Line(
            item_id=row.item_id, variant_id=row.variant_id, received_milli=row.received_milli,
            good_milli=row.good_milli, damaged_milli=row.damaged_milli, unit_price_rp=row.unit_price_rp,
            expires_on=row.expires_on, batch_id=row.batch_id, note=row.note,
        )
        for row in rows
    }  # fmt: skip


def _change_line(line_id: UUID, **values: object) -> sa.Update:
    return (
        sa.update(ConsignmentLine)
        .where(ConsignmentLine.id == line_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _check_all_named(known: dict[UUID, _Line], given: Sequence[UUID]) -> None:
    """What is not counted is not nothing: every line has to be named. Raises: NotFound, Invalid."""
    if not set(given) <= known.keys():
        raise NotFound("consignment.line_not_found")
    if len(given) != len(known):
        raise Invalid("consignment.count_every_line", field="lines")


def _check_amount(milli: int) -> None:
    if not 1 <= milli <= LARGEST_MILLI:
        raise Invalid("stock.quantity_out_of_range", field="quantity")


def _check_goods(tx: Tx, lines: Sequence[ExpectedLine | UnannouncedLine]) -> dict[UUID, ItemFacts]:
    """Raises: NotFound; Invalid for money, half steps, or a variant of another item."""
    goods = item_facts(tx, {line.item_id for line in lines})
    variants = variant_items(tx, [line.variant_id for line in lines if line.variant_id is not None])
    for line in lines:
        item = goods[line.item_id]
        if not item.is_active or not item.is_stocked:
            raise Invalid("stock.not_stocked", field="item", item=item.name_id)
        if line.quantity_milli % item.step_milli:
            step = print_quantity(item.step_milli, item.base_unit)
            raise Invalid("item.not_a_step", field="quantity", item=item.name_id, step=step)
        if line.variant_id is not None and variants.get(line.variant_id) != line.item_id:
            raise Invalid("item.variant_of_another", field="variant")
    return goods


__all__ = [
    "SUBJECT",
    "CameLine",
    "ExpectGoods",
    "ExpectedLine",
    "InspectConsignment",
    "InspectedLine",
    "ReceiveConsignment",
    "ReturnDamaged",
    "UnannouncedLine",
    "cancel_consignment",
    "damaged_left",
    "expect_goods",
    "giver_named",
    "inspect_consignment",
    "receive_consignment",
    "return_damaged",
    "stock_consignment",
]
