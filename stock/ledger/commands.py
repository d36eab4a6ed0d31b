"""The acts on stock. All of them go through ``posting.post``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import local_day
from core.errors import Conflict, Fact, Invalid, NotFound
from core.ids import code_with_check
from core.measures import LARGEST_MILLI, Milli, Rupiah, print_quantity
from core.work import Tx
from stock.items.queries import items_of_batches, variant_items
from stock.ledger.kinds import AdjustmentReason, DocumentKind, Flag, FundingSource, LossReason, ReleaseCondition
from stock.ledger.models import Balance, Batch, BatchSeries, CountMark, Move, StockDocument
from stock.ledger.posting import (
    COUNT,
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
    values_of,
)
from stock.ledger.queries import booked_at
from stock.ledger.rules import NO_CONDITION, Want, document_kind, is_expired, needs_release, pick, share_rp
from stock.places.commands import ensure_sinks
from stock.places.kinds import PlaceKind
from stock.places.queries import place_by_id, places, quarantine_of, sink

BATCH_PREFIX = "BT"
MOST_LINES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveLine:
    """One new batch. ``value_rp`` is what all of it is worth, or ``unit_price_rp`` what one base unit is."""

    item_id: UUID
    quantity_milli: Milli
    funding_source: FundingSource
    value_rp: Rupiah | None = None
    unit_price_rp: Rupiah | None = None
    expires_on: date | None = None
    """Its last good day."""
    variant_id: UUID | None = None
    release_condition: ReleaseCondition = ReleaseCondition.NONE
    damaged_milli: int = 0
    """So much of the quantity is damaged; it goes into the place's quarantine, by the same paper."""

    @property
    def worth_rp(self) -> Rupiah:
        """The value, worked out from the price where only that is given, rounded down to whole rupiah."""
        if self.value_rp is not None:
            return self.value_rp
        return Rupiah((self.unit_price_rp or 0) * self.quantity_milli // 1000)


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
    """In the order of the lines: what went onto the shelf, or into quarantine where nothing of it was good."""
    damaged: tuple[PostedMove, ...] = ()
    """What went into quarantine besides."""


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
    met: frozenset[ReleaseCondition] = NO_CONDITION
    """The release conditions that hold for it."""


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
    subject: str = ""
    subject_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    place_id: UUID
    lines: tuple[BatchLine, ...]
    reason: LossReason
    note: str
    """The minutes it rests on."""
    event_at: datetime | None = None
    subject: str = ""
    subject_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLine:
    """At this moment so much of a batch lay there."""

    batch_id: UUID
    counted_milli: Milli
    counted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BringToCount:
    place_id: UUID
    count_id: UUID
    lines: tuple[CountedLine, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBooked:
    document_id: UUID | None
    """The adjustment; none where shelf and books agreed."""
    differences: tuple[tuple[UUID, int], ...]
    """(batch, counted minus booked), of those that differed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitMade:
    """So many kits that are all alike: the same amounts of the same batches in each."""

    item_id: UUID
    kits: int
    components: tuple[tuple[UUID, int], ...]
    """(batch, thousandths in one kit)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assemble:
    place_id: UUID
    kits: tuple[KitMade, ...]
    event_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    document_id: UUID
    number: str
    batches: tuple[PostedMove, ...]
    """The new batches of kits, in the order of the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpack:
    place_id: UUID
    """A warehouse, or its quarantine."""
    batch_id: UUID
    kits: int
    components: tuple[tuple[UUID, int], ...]
    """(batch, thousandths in one kit)."""
    event_at: datetime | None = None
    note: str = ""


def receive(tx: Tx, order: Receive) -> Received:
    """Take goods in: one new batch for each line.

    Raises: Forbidden; NotFound; Invalid("batch.expiry_missing") where the item expires and no day is given;
    CannotPost("batch.expired") for goods past their day, except into quarantine.
    """
    tx.require("stock.receive").need_place(order.to_place_id, "place")
    return take_in(tx, order)


def take_in(tx: Tx, order: Receive) -> Received:
    """Receive within an act of another noun, which has asked for the right to it.

    Raises: as ``receive``, without Forbidden.
    """
    at = order.event_at or tx.now
    _check_lines(order.lines)
    if not order.incoming_document.strip():
        raise Invalid("stock.incoming_document_missing", field="incoming_document")
    giver = order.from_place_id or sink(tx, PlaceKind.SUPPLIER).id
    if place_by_id(tx, giver).kind is not PlaceKind.SUPPLIER:
        raise Invalid("stock.not_a_giver", field="from_place_id")
    goods = items_of_batches(tx, {line.item_id for line in order.lines})
    on = local_day(at, tx.zone)
    for line in order.lines:
        item = goods[line.item_id]
        if not item.is_active:
            raise NotFound("item.not_found", item=item.name_id)
        if not item.is_stocked:
            raise Invalid("stock.not_stocked", field="item", item=item.name_id)
        if item.does_expire and line.expires_on is None:
            raise Invalid("batch.expiry_missing", field="expires_on", item=item.name_id)
        if not 1 <= line.quantity_milli <= LARGEST_MILLI:
            raise Invalid("stock.quantity_out_of_range", field="quantity", item=item.name_id)
        if not 0 <= line.worth_rp <= LARGEST_MILLI or not 0 <= (line.unit_price_rp or 0) <= LARGEST_MILLI:
            raise Invalid("batch.value_out_of_range", field="value_rp", item=item.name_id)
        if not 0 <= line.damaged_milli <= line.quantity_milli:
            raise Invalid("stock.more_damaged_than_came", field="damaged", item=item.name_id)
    _check_variants(tx, order.lines)
    codes = _batch_codes(tx, on, len(order.lines))
    rows = [
        Batch(
            id=tx.new_id(), regency_code=tx.regency_code, item_id=line.item_id, code=code,
            funding_source=line.funding_source, incoming_document=order.incoming_document.strip(),
            expires_on=line.expires_on, received_on=on, quantity_milli=line.quantity_milli, value_rp=line.worth_rp,
            unit_price_rp=line.unit_price_rp, variant_id=line.variant_id, release_condition=line.release_condition,
        )
        for line, code in zip(order.lines, codes, strict=True)
    ]  # fmt: skip
    tx.session.add_all(rows)
    tx.session.flush()
    damaged = {row.id: line.damaged_milli for row, line in zip(rows, order.lines, strict=True) if line.damaged_milli}
    apart = quarantine_of(tx, order.to_place_id).id if damaged else order.to_place_id
    steps = []
    for row in rows:
        bad = damaged.get(row.id, 0)
        good = row.quantity_milli - bad
        good_rp = share_rp(good, row.quantity_milli, row.value_rp)
        for place_id, quantity, value in (
            (order.to_place_id, good, good_rp), (apart, bad, row.value_rp - good_rp)
        ):  # fmt: skip
            if quantity:
                steps.append(
                    Step(
                        from_place_id=giver, to_place_id=place_id, batch_id=row.id, quantity_milli=quantity,
                        value_rp=value,
                    )
                )  # fmt: skip
    act = Act(kind=DocumentKind.RECEIPT, event_at=at, reason=order.incoming_document.strip(), note=order.note)
    posted = post(tx, act, steps)
    assert posted.number is not None
    by_batch: dict[UUID, list[PostedMove]] = defaultdict(list)
    for move in posted.moves:
        by_batch[move.batch_id].append(move)
    return Received(
        document_id=posted.document_id, number=posted.number, batches=tuple(by_batch[row.id][0] for row in rows),
        damaged=tuple(move for row in rows for move in by_batch[row.id][1:]),
    )  # fmt: skip


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


def return_to_giver(tx: Tx, order: Transfer) -> Posted:
    """Send goods back to who gave them, from a warehouse or its quarantine; the caller has asked for the right.

    Raises: as ``dispatch``; Invalid where the target is no giver.
    """
    if place_by_id(tx, order.to_place_id).kind is not PlaceKind.SUPPLIER:
        raise Invalid("stock.not_a_giver", field="to_place_id")
    return _transfer(tx, order, is_to_giver=True)


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
            number=order.number, is_fact=order.is_fact,
        ),
        steps,
        ground,
    )  # fmt: skip


def reverse_document(tx: Tx, document_id: UUID, reason: str, event_at: datetime | None = None) -> Posted:
    """Undo every move of a document by its mirror image, today; the caller has asked for the right.

    Raises: NotFound; Invalid without a reason; CannotPost with every obstacle at once.
    """
    _check_note(reason)
    # Held before they are looked at: what is counted or goes on from here meanwhile comes after.
    ground = _ground_of(tx, _to_reverse(tx, document_id)[1])
    problems = reversal_problems(tx, document_id)
    if problems:
        raise CannotPost(problems)
    return _reverse(tx, document_id, reason, event_at, ground)


def reversal_problems(tx: Tx, document_id: UUID) -> tuple[Problem, ...]:
    """Give every reason why a document cannot be reversed now, all at once; none when it can.

    A reversal is not reversed, nothing is reversed twice, nothing across a later count (the shelf was counted with
    it), and only what still lies where it went. Raises: NotFound.
    """
    document, moves = _to_reverse(tx, document_id)
    if document.kind is DocumentKind.REVERSAL:
        return (Problem(code="stock.is_a_reversal", facts={"number": document.number}),)
    problems = [
        Problem(code="stock.reversed_already", facts={"batch": move.code}) for move in moves if move.reversed_by
    ]
    spots = {place.id: place for place in places(tx)}
    marks = tx.session.execute(
        sa.select(CountMark.place_id, CountMark.batch_id, sa.func.max(CountMark.counted_at).label("counted_at"))
        .where(CountMark.batch_id.in_({move.batch_id for move in moves}), CountMark.regency_code == tx.regency_code)
        .group_by(CountMark.place_id, CountMark.batch_id)
    ).all()
    counted = {(row.place_id, row.batch_id): row.counted_at for row in marks}
    wanted: dict[tuple[UUID, UUID], int] = defaultdict(int)
    told: set[tuple[UUID, UUID]] = set()
    for move in moves:
        for key in ((move.from_place_id, move.batch_id), (move.to_place_id, move.batch_id)):
            if key in counted and counted[key] >= move.event_at and key not in told:
                told.add(key)
                facts: dict[str, Fact] = {
                    "batch": move.code, "place": spots[key[0]].name,
                    "day": local_day(counted[key], tx.zone).isoformat(),
                }  # fmt: skip
                problems.append(Problem(code="stock.counted_since", facts=facts))
        if not move.reversed_by:
            wanted[move.to_place_id, move.batch_id] += move.quantity_milli
    rows = tx.session.execute(
        sa.select(
            Balance.place_id, Balance.batch_id, Balance.is_bounded, Balance.on_hand_milli, Balance.reserved_milli
        ).where(Balance.batch_id.in_({move.batch_id for move in moves}))
    )
    free = {(row.place_id, row.batch_id): row.on_hand_milli - row.reserved_milli for row in rows if row.is_bounded}
    codes = {move.batch_id: move.code for move in moves}
    for key in sorted(wanted):
        if key in free and free[key] < wanted[key]:
            facts = {
                "batch": codes[key[1]],
                "place": spots[key[0]].name,
                "free": print_quantity(free[key]),
                "wanted": print_quantity(wanted[key]),
            }
            problems.append(Problem(code="stock.gone_on", facts=facts))
    return tuple(problems)


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
    """Bring the books to what was found, with the reason; the caller has asked for the right.

    Raises: Invalid; CannotPost; StockShort.
    """
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
            note=order.note.strip(), subject=order.subject, subject_id=order.subject_id,
        ),
        steps,
    )  # fmt: skip


def write_off(tx: Tx, order: WriteOff) -> Posted:
    """Take goods out of the books for good, on the minutes named; the caller has asked for the right.

    Raises: Invalid; CannotPost; StockShort.
    """
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
            note=order.note.strip(), subject=order.subject, subject_id=order.subject_id,
        ),
        steps,
    )  # fmt: skip


def bring_to_count(tx: Tx, order: BringToCount) -> CountBooked:
    """Bring the books to what was counted, each line at the moment of its count; the caller has asked for the right.

    What moved after that moment stays as it is. From then on the count stands: what is entered later and happened
    before it changes nothing after it. Raises: NotFound; Invalid; Conflict for a second count of the same moment;
    CannotPost; StockShort where less was counted than is promised to others.
    """
    if not order.lines:
        raise Invalid("stock.nothing_to_do", field="lines")
    if len({line.batch_id for line in order.lines}) != len(order.lines):
        raise Invalid("stock.counted_twice", field="lines")
    if any(not 0 <= line.counted_milli <= LARGEST_MILLI for line in order.lines):
        raise Invalid("stock.quantity_out_of_range", field="quantity")
    if any(line.counted_at > tx.now for line in order.lines):
        raise Invalid("stock.event_in_future", field="counted_at")
    ids = [line.batch_id for line in order.lines]
    ground = Ground(tx)
    ground.need_places({order.place_id}, {PlaceKind.ADJUSTMENT})
    ground.need_batches(ids)
    ground.lock({(order.place_id, batch_id) for batch_id in ids})
    twice = tx.session.execute(
        sa.select(CountMark.batch_id).where(
            sa.tuple_(CountMark.place_id, CountMark.batch_id, CountMark.counted_at).in_(
                [(order.place_id, line.batch_id, line.counted_at) for line in order.lines]
            )
        )
    ).first()
    if twice is not None:
        raise Conflict("stock.counted_already", batch=ground.batches[twice.batch_id].code)
    booked = booked_at(tx, order.place_id, {line.batch_id: line.counted_at for line in order.lines})
    books = ground.the(PlaceKind.ADJUSTMENT).id
    steps, differences = [], []
    for line in order.lines:
        difference = line.counted_milli - booked[line.batch_id]
        if not difference:
            continue
        differences.append((line.batch_id, difference))
        steps.append(
            Step(
                from_place_id=books if difference > 0 else order.place_id,
                to_place_id=order.place_id if difference > 0 else books, batch_id=line.batch_id,
                quantity_milli=abs(difference), event_at=line.counted_at,
            )
        )  # fmt: skip
    document_id = None
    if steps:
        document_id = post(
            tx,
            Act(
                kind=DocumentKind.ADJUSTMENT, event_at=max(line.counted_at for line in order.lines),
                reason=AdjustmentReason.COUNT.value, note=order.note.strip(), subject=COUNT,
                subject_id=str(order.count_id),
            ),
            steps,
            ground,
        ).document_id  # fmt: skip
    tx.session.execute(
        sa.insert(CountMark),
        [
            {"place_id": order.place_id, "batch_id": line.batch_id, "counted_at": line.counted_at,
             "regency_code": tx.regency_code, "counted_milli": line.counted_milli, "count_id": order.count_id}
            for line in order.lines
        ],
    )  # fmt: skip
    for line in sorted(order.lines, key=lambda line: line.batch_id):
        row = ground.rows[order.place_id, line.batch_id]
        on = local_day(line.counted_at, tx.zone)
        tx.session.execute(
            sa.update(Balance)
            .where(Balance.place_id == order.place_id, Balance.batch_id == line.batch_id)
            .values(
                counted_at=max(line.counted_at, row.counted_at or line.counted_at), last_on=max(on, row.last_on or on)
            )
            .execution_options(synchronize_session=False)
        )
    tx.note("stock.count", "stock_count", order.count_id, batches=len(order.lines), differences=len(differences))
    return CountBooked(document_id=document_id, differences=tuple(differences))


def assemble(tx: Tx, order: Assemble) -> Assembled:
    """Turn components into kits; the caller has asked for the right and chosen the batches.

    Each ``KitMade`` becomes one new batch: its value is that of its components, its expiry the earliest, its source of
    funds theirs or mixed, its release condition the strictest. Raises: Invalid; NotFound; CannotPost; StockShort.
    """
    ensure_sinks(tx)
    at = order.event_at or tx.now
    if not order.kits or any(made.kits < 1 or not made.components for made in order.kits):
        raise Invalid("stock.nothing_to_do", field="kits")
    _check_lines(order.kits)
    ground = Ground(tx)
    ground.need_places({order.place_id}, {PlaceKind.ASSEMBLY})
    bench = ground.the(PlaceKind.ASSEMBLY).id
    used = {batch_id for made in order.kits for batch_id, _ in made.components}
    ground.need_batches(used)
    ground.need_items({made.item_id for made in order.kits})
    taken = [
        Step(
            from_place_id=order.place_id, to_place_id=bench, batch_id=batch_id, quantity_milli=quantity * made.kits,
        )
        for made in order.kits for batch_id, quantity in made.components
    ]  # fmt: skip
    ground.lock({(place_id, batch_id) for batch_id in used for place_id in (order.place_id, bench)})
    values = iter(values_of(taken, ground))
    on = local_day(at, tx.zone)
    rows = []
    for made, code in zip(order.kits, _batch_codes(tx, on, len(order.kits)), strict=True):
        parts = [ground.batches[batch_id] for batch_id, _ in made.components]
        sources = {part.funding_source for part in parts}
        strict = any(part.release_condition is ReleaseCondition.DECREE for part in parts)
        rows.append(
            Batch(
                id=tx.new_id(), regency_code=tx.regency_code, item_id=made.item_id, code=code,
                funding_source=sources.pop() if len(sources) == 1 else FundingSource.MIXED, incoming_document="",
                expires_on=min((part.expires_on for part in parts if part.expires_on), default=None),
                received_on=on, quantity_milli=made.kits * 1000, value_rp=sum(next(values) for _ in made.components),
                release_condition=ReleaseCondition.DECREE if strict else ReleaseCondition.NONE,
            )
        )  # fmt: skip
    tx.session.add_all(rows)
    tx.session.flush()
    posted = post(
        tx,
        Act(kind=DocumentKind.ASSEMBLY, event_at=at, note=order.note),
        [
            *taken,
            *(
                Step(
                    from_place_id=bench, to_place_id=order.place_id, batch_id=row.id,
                    quantity_milli=row.quantity_milli, value_rp=row.value_rp,
                )
                for row in rows
            ),
        ],
        ground,
    )  # fmt: skip
    assert posted.number is not None
    return Assembled(document_id=posted.document_id, number=posted.number, batches=posted.moves[len(taken) :])


def unpack(tx: Tx, order: Unpack) -> Posted:
    """Turn kits into their components again; those past their day go into quarantine. The caller has asked for the
    right and knows what is in a kit.

    The components take the kits' value with them, shared as they were worth, the last one the remainder. Raises:
    Invalid; NotFound; CannotPost; StockShort.
    """
    ensure_sinks(tx)
    at = order.event_at or tx.now
    on = local_day(at, tx.zone)
    if order.kits < 1 or not order.components:
        raise Invalid("stock.nothing_to_do", field="kits")
    ground = Ground(tx)
    ground.need_places({order.place_id}, {PlaceKind.ASSEMBLY})
    place, bench = ground.places[order.place_id], ground.the(PlaceKind.ASSEMBLY).id
    shelf = place.id if place.kind is not PlaceKind.QUARANTINE else place.parent_id or place.id
    apart = place.id if place.kind is PlaceKind.QUARANTINE else quarantine_of(tx, place.id).id
    used = {batch_id for batch_id, _ in order.components}
    ground.need_places({shelf, apart})
    ground.need_batches(used | {order.batch_id})
    ground.lock(
        {(place_id, order.batch_id) for place_id in (place.id, bench)}
        | {(place_id, batch_id) for batch_id in used for place_id in (bench, shelf, apart)}
    )
    out = Step(from_place_id=place.id, to_place_id=bench, batch_id=order.batch_id, quantity_milli=order.kits * 1000)
    worth = values_of([out], ground)[0]
    shares = [
        share_rp(quantity * order.kits, ground.batches[batch_id].quantity_milli, ground.batches[batch_id].value_rp)
        for batch_id, quantity in order.components
    ]
    whole = sum(shares)
    parts = [worth * share // whole if whole else 0 for share in shares]
    parts[-1] += worth - sum(parts)
    return post(
        tx,
        Act(kind=DocumentKind.ASSEMBLY, event_at=at, note=order.note),
        [
            out,
            *(
                Step(
                    from_place_id=bench,
                    to_place_id=apart if is_expired(ground.batches[batch_id].expires_on, on) else shelf,
                    batch_id=batch_id, quantity_milli=quantity * order.kits, value_rp=part,
                )
                for (batch_id, quantity), part in zip(order.components, parts, strict=True)
            ),
        ],
        ground,
    )  # fmt: skip


def _transfer(tx: Tx, order: Transfer, *, is_to_giver: bool = False) -> Posted:
    _check_lines(order.lines)
    at = order.event_at or tx.now
    ground = Ground(tx)
    ground.need_places({order.from_place_id, order.to_place_id})
    source, target = ground.places[order.from_place_id], ground.places[order.to_place_id]
    if not source.is_bounded or not (target.is_bounded or is_to_giver):
        raise Invalid("stock.not_a_real_place", field="to_place_id")
    by_batch = [line for line in order.lines if isinstance(line, BatchLine)]
    by_item = [line for line in order.lines if isinstance(line, ItemLine)]
    steps = [
        Step(from_place_id=source.id, to_place_id=target.id, batch_id=line.batch_id, quantity_milli=line.quantity_milli)
        for line in by_batch
    ]
    if by_item:
        ground.need_batches({line.batch_id for line in by_batch})
        steps += _steps_by_item(ground, source.id, target.id, by_item, at, taken=steps, met=order.met)
    return post(
        tx,
        Act(
            kind=document_kind(source.kind, target.kind), event_at=at, subject=order.subject,
            subject_id=order.subject_id, reason=order.reason, note=order.note, number=order.number, met=order.met,
        ),
        steps,
        ground,
    )  # fmt: skip


def _steps_by_item(
    ground: Ground, source: UUID, target: UUID, lines: Sequence[ItemLine], at: datetime, *, taken: Sequence[Step] = (),
    may_be_expired: bool = False, met: frozenset[ReleaseCondition] = NO_CONDITION,
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
    if not needs_release(ground.places[source].kind, ground.places[target].kind):
        met = frozenset(ReleaseCondition)
    wants = [
        Want(
            group="", place_id=source, item_id=item_id, quantity_milli=Milli(quantity), usable_on=on,
            may_be_expired=may_be_expired, met=met,
        )
        for item_id, quantity in sorted(wanted.items())
    ]  # fmt: skip
    gone: dict[UUID, int] = {}
    for step in taken:
        gone[step.batch_id] = gone.get(step.batch_id, 0) + step.quantity_milli
    shelf = [
        lot if lot.batch_id not in gone else replace(lot, free_milli=lot.free_milli - gone[lot.batch_id])
        for lot in lots(ground, wants, to_place_id=target, also=gone, since=None if may_be_expired else on)
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


def _reverse(
    tx: Tx, document_id: UUID, reason: str, event_at: datetime | None, ground: Ground | None = None
) -> Posted:  # fmt: skip
    _check_note(reason)
    document, moves = _to_reverse(tx, document_id)
    if document.kind is DocumentKind.REVERSAL:
        raise CannotPost([Problem(code="stock.is_a_reversal", facts={"number": document.number})])
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
        ground,
    )  # fmt: skip


def _ground_of(tx: Tx, moves: Sequence[Any]) -> Ground:
    """Hold everything that a document moved, where it came from and where it went."""
    keys = {(place_id, move.batch_id) for move in moves for place_id in (move.from_place_id, move.to_place_id)}
    ground = Ground(tx)
    ground.need_places({place_id for place_id, _ in keys})
    ground.need_batches({batch_id for _, batch_id in keys})
    ground.lock(keys)
    return ground


def _to_reverse(tx: Tx, document_id: UUID) -> tuple[Any, Sequence[Any]]:
    """Give a document and its moves, locked: the second of two who reverse at once sees the first one's moves."""
    document = tx.session.execute(
        sa.select(StockDocument.kind, StockDocument.number)
        .where(StockDocument.id == document_id, StockDocument.regency_code == tx.regency_code)
        .with_for_update()
    ).first()
    if document is None:
        raise NotFound("stock_document.not_found", document=str(document_id))
    later = sa.orm.aliased(Move)
    moves = tx.session.execute(
        sa.select(
            Move.id, Move.from_place_id, Move.to_place_id, Move.batch_id, Move.quantity_milli, Move.value_rp,
            Move.event_at, Batch.code, later.id.label("reversed_by"),
        )
        .join(Batch, Batch.id == Move.batch_id)
        .outerjoin(later, later.reverses_id == Move.id)
        .where(Move.document_id == document_id)
        .order_by(Move.from_place_id, Move.batch_id, Move.id)
    ).all()  # fmt: skip
    return document, moves


def _check_variants(tx: Tx, lines: Sequence[ReceiveLine]) -> None:
    named = {line.variant_id: line.item_id for line in lines if line.variant_id is not None}
    known = variant_items(tx, named)
    for variant_id, item_id in named.items():
        if known.get(variant_id) != item_id:
            raise Invalid("item.variant_of_another", field="variant")


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
    "Assemble",
    "Assembled",
    "BatchLine",
    "BringToCount",
    "CannotPost",
    "CountBooked",
    "CountedLine",
    "HandOver",
    "ItemLine",
    "KitMade",
    "Posted",
    "PostedMove",
    "Problem",
    "Receive",
    "ReceiveLine",
    "Received",
    "StockShort",
    "Transfer",
    "Unpack",
    "WriteOff",
    "adjust",
    "assemble",
    "bring_to_count",
    "dispatch",
    "hand_over",
    "receive",
    "return_to_giver",
    "reversal_problems",
    "reverse_document",
    "reverse_handover",
    "take_in",
    "transfer",
    "unpack",
    "write_off",
]
