"""What is announced, what stands at the gate, and how much of each item that adds up to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.measures import Milli, Rupiah
from core.work import Tx
from stock.inbound.models import Consignment, ConsignmentLine
from stock.inbound.states import COMING, ConsignmentState
from stock.items.queries import ItemView, VariantView, items
from stock.ledger.kinds import FundingSource, ReleaseCondition
from stock.ledger.subjects import is_undone
from stock.places.queries import PlaceView, places


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAmount:
    """What will come onto a warehouse's shelf: announced, and standing at its gate."""

    place_id: UUID
    item_id: UUID
    announced_milli: Milli
    in_check_milli: Milli
    """Received and not on the shelf yet; of what was inspected only the good part."""

    @property
    def expected_milli(self) -> Milli:
        return Milli(self.announced_milli + self.in_check_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingGoods:
    """So much of an item that is still to come onto a warehouse's shelf, by one consignment."""

    consignment_id: UUID
    code: str
    giver_name: str
    incoming_document: str
    place_id: UUID
    item_id: UUID
    quantity_milli: Milli
    """As announced; once counted, what came; once inspected, what was good."""
    expected_on: date
    state: ConsignmentState


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentRow:
    id: UUID
    code: str
    giver: PlaceView
    place: PlaceView
    incoming_document: str
    funding_source: FundingSource
    release_condition: ReleaseCondition
    expected_on: date
    note: str
    state: ConsignmentState
    created_by: str
    created_at: datetime
    received_by_name: str
    received_at: datetime | None
    receipt_id: UUID | None
    inspected_by_name: str
    inspected_at: datetime | None
    stocked_by: str | None
    stocked_at: datetime | None
    stocking_id: UUID | None
    cancelled_reason: str
    items: tuple[ItemView, ...]
    """What it is of, in the order of the lines."""

    def is_late(self, today: date) -> bool:
        return self.state is ConsignmentState.EXPECTED and self.expected_on < today


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentLineView:
    id: UUID
    no: int
    item: ItemView
    variant: VariantView | None
    expected_milli: Milli
    """Zero for what came without having been announced."""
    received_milli: Milli | None
    good_milli: Milli | None
    damaged_milli: Milli | None
    unit_price_rp: Rupiah
    expires_on: date | None
    batch_id: UUID | None
    note: str

    @property
    def difference_milli(self) -> int | None:
        """Above zero where more came than announced; None before it was counted."""
        return None if self.received_milli is None else self.received_milli - self.expected_milli


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentView:
    row: ConsignmentRow
    lines: tuple[ConsignmentLineView, ...]

    @property
    def has_damaged(self) -> bool:
        return any(line.damaged_milli for line in self.lines)


def consignments(
    tx: Tx, *, place_ids: Collection[UUID] | None = None, states: Collection[ConsignmentState] | None = None,
    limit: int = 200,
) -> tuple[ConsignmentRow, ...]:  # fmt: skip
    """Give consignments to these warehouses: those still coming by their day, then the newest of the rest."""
    is_coming = Consignment.state.in_(COMING)
    query = (
        sa.select(Consignment)
        .where(Consignment.regency_code == tx.regency_code)
        .order_by(
            is_coming.desc(), sa.case((is_coming, Consignment.expected_on)), Consignment.created_at.desc(),
            Consignment.id,
        )
        .limit(limit)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if place_ids is not None:
        query = query.where(Consignment.place_id.in_(place_ids))
    if states is not None:
        query = query.where(Consignment.state.in_(states))
    rows = tx.session.scalars(query).all()
    lines = _lines(tx, [row.id for row in rows])
    spots = {one.id: one for one in places(tx)}
    return tuple(_row(row, lines[row.id], spots) for row in rows)


def consignment(tx: Tx, consignment_id: UUID) -> ConsignmentView:
    """Give one consignment with its lines. Raises: NotFound, also for another office's."""
    row = tx.session.scalar(
        sa.select(Consignment)
        .where(Consignment.id == consignment_id, Consignment.regency_code == tx.regency_code)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("consignment.not_found")
    lines = _lines(tx, [row.id])[row.id]
    return ConsignmentView(row=_row(row, lines, {one.id: one for one in places(tx)}), lines=tuple(lines))


def expected(
    tx: Tx, place_ids: Collection[UUID] | None = None, until: date | None = None
) -> tuple[ExpectedAmount, ...]:
    """Give what is still to come onto the shelf, per warehouse and item: announced by ``until``, or at the gate."""
    announced: Counter[tuple[UUID, UUID]] = Counter()
    in_check: Counter[tuple[UUID, UUID]] = Counter()
    for one in coming(tx, place_ids=place_ids, until=until):
        sums = announced if one.state is ConsignmentState.EXPECTED else in_check
        sums[one.place_id, one.item_id] += one.quantity_milli
    return tuple(
        ExpectedAmount(
            place_id=key[0], item_id=key[1], announced_milli=Milli(announced[key]), in_check_milli=Milli(in_check[key])
        )
        for key in sorted(announced.keys() | in_check.keys())
    )


def coming(
    tx: Tx, *, item_ids: Collection[UUID] | None = None, place_ids: Collection[UUID] | None = None,
    until: date | None = None,
) -> tuple[ComingGoods, ...]:  # fmt: skip
    """Give what is still to come onto the shelves, consignment by consignment, by expected day.

    Of these items, to these places, and of what is only announced what is expected ``until`` then.
    """
    query = (
        sa.select(
            Consignment.id,
            Consignment.code,
            Consignment.giver_id,
            Consignment.incoming_document,
            Consignment.place_id,
            Consignment.expected_on,
            Consignment.state,
            Consignment.receipt_id,
            ConsignmentLine.item_id,
            ConsignmentLine.expected_milli,
            ConsignmentLine.received_milli,
            ConsignmentLine.good_milli,
        )
        .join(ConsignmentLine, ConsignmentLine.consignment_id == Consignment.id)
        .where(Consignment.regency_code == tx.regency_code, Consignment.state.in_(COMING))
        .order_by(Consignment.expected_on, Consignment.code, ConsignmentLine.no)
    )
    if item_ids is not None:
        query = query.where(ConsignmentLine.item_id.in_(item_ids))
    if place_ids is not None:
        query = query.where(Consignment.place_id.in_(place_ids))
    if until is not None:
        is_announced = Consignment.state == ConsignmentState.EXPECTED
        query = query.where(sa.or_(sa.not_(is_announced), Consignment.expected_on <= until))
    rows = tx.session.execute(query).all()
    if not rows:
        return ()
    gone = {one for one in {row.receipt_id for row in rows} if one is not None and is_undone(tx, one)}
    givers = {one.id: one.name for one in places(tx, ids={row.giver_id for row in rows})}
    amounts: dict[tuple[UUID, UUID], int] = defaultdict(int)
    heads = {}
    for row in rows:
        if row.receipt_id in gone:
            continue
        if row.state is ConsignmentState.EXPECTED:
            amount = row.expected_milli
        else:
            amount = row.received_milli or 0 if row.good_milli is None else row.good_milli
        amounts[row.id, row.item_id] += amount
        heads[row.id] = row
    return tuple(
        ComingGoods(
            consignment_id=one, code=heads[one].code, giver_name=givers.get(heads[one].giver_id, ""),
            incoming_document=heads[one].incoming_document, place_id=heads[one].place_id, item_id=item_id,
            quantity_milli=Milli(amount), expected_on=heads[one].expected_on, state=heads[one].state,
        )
        for (one, item_id), amount in amounts.items() if amount
    )  # fmt: skip


def _lines(tx: Tx, consignment_ids: Collection[UUID]) -> dict[UUID, list[ConsignmentLineView]]:
    rows = tx.session.scalars(
        sa.select(ConsignmentLine)
        .where(ConsignmentLine.consignment_id.in_(consignment_ids))
        .order_by(ConsignmentLine.no)
        .execution_options(populate_existing=True)
    ).all()
    goods = {one.id: one for one in items(tx, ids={row.item_id for row in rows})}
    found: dict[UUID, list[ConsignmentLineView]] = defaultdict(list)
    for row in rows:
        item = goods[row.item_id]
        found[row.consignment_id].append(
            ConsignmentLineView(
                id=row.id, no=row.no, item=item,
                variant=next((one for one in item.variants if one.id == row.variant_id), None),
                expected_milli=Milli(row.expected_milli), received_milli=_milli(row.received_milli),
                good_milli=_milli(row.good_milli), damaged_milli=_milli(row.damaged_milli),
                unit_price_rp=Rupiah(row.unit_price_rp), expires_on=row.expires_on, batch_id=row.batch_id,
                note=row.note,
            )
        )  # fmt: skip
    return found


def _milli(value: int | None) -> Milli | None:
    return None if value is None else Milli(value)


def _row(row: Any, lines: Collection[ConsignmentLineView], spots: dict[UUID, PlaceView]) -> ConsignmentRow:
    return ConsignmentRow(
        id=row.id, code=row.code, giver=spots[row.giver_id], place=spots[row.place_id],
        incoming_document=row.incoming_document, funding_source=row.funding_source,
        release_condition=row.release_condition, expected_on=row.expected_on, note=row.note, state=row.state,
        created_by=row.created_by, created_at=row.created_at, received_by_name=row.received_by_name,
        received_at=row.received_at, receipt_id=row.receipt_id, inspected_by_name=row.inspected_by_name,
        inspected_at=row.inspected_at, stocked_by=row.stocked_by, stocked_at=row.stocked_at,
        stocking_id=row.stocking_id, cancelled_reason=row.cancelled_reason,
        items=tuple(dict.fromkeys(one.item for one in lines)),
    )  # fmt: skip
