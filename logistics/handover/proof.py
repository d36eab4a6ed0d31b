"""Proof of the handovers (L6, L13 of safety.md 2.1): recomputed, reported, never repaired in silence."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from core.documents.queries import numbers_of
from core.work import Tx
from logistics.handover.models import Handover, HandoverEvent, HandoverLine
from logistics.handover.rules import sha256
from logistics.handover.states import HandoverState, StockState
from logistics.packages.queries import rests
from stock.items.queries import unstocked_ids
from stock.ledger.queries import handed_over


def prove(tx: Tx) -> list[str]:
    """Check every handover of the office against its event, its receipt and the ledger; gives what does not agree."""
    problems: list[str] = []
    mine = Handover.regency_code == tx.regency_code
    doubles = tx.session.execute(
        sa.select(Handover.round_id, Handover.beneficiary_id, sa.func.count().label("number"))
        .where(mine, Handover.state == HandoverState.VALID)
        .group_by(
            Handover.round_id, Handover.beneficiary_kind, Handover.beneficiary_id, Handover.standard_id,
            Handover.package_no,
        )
        .having(sa.func.count() > 1)
    ).all()  # fmt: skip
    problems += [
        f"handover: {row.beneficiary_id} was served {row.number} times in round {row.round_id}" for row in doubles
    ]
    for event in tx.session.execute(
        sa.select(HandoverEvent.id, HandoverEvent.payload, HandoverEvent.payload_sha256).where(
            HandoverEvent.regency_code == tx.regency_code
        )
    ).yield_per(2000):
        if sha256(event.payload.decode()) != event.payload_sha256:
            problems.append(f"handover event {event.id}: its bytes were altered")
    rows = tx.session.execute(
        sa.select(Handover.id, Handover.state, Handover.receipt_id, Handover.stock_state).where(mine)
    ).all()
    numbers: dict[UUID, str] = {}
    ids = [row.receipt_id for row in rows if row.receipt_id]
    for start in range(0, len(ids), 500):
        numbers.update(numbers_of(tx, ids[start : start + 500]))
    lines: dict[object, dict[object, int]] = {}
    for line in tx.session.execute(
        sa.select(HandoverLine.handover_id, HandoverLine.item_id, HandoverLine.quantity_milli)
        .join(Handover, Handover.id == HandoverLine.handover_id)
        .where(mine, HandoverLine.quantity_milli > 0, HandoverLine.item_id.not_in(unstocked_ids(tx)))
    ):
        lines.setdefault(line.handover_id, {})[line.item_id] = line.quantity_milli
    booked = handed_over(tx)
    for row in rows:
        if row.state is HandoverState.VALID and row.receipt_id not in numbers:
            problems.append(f"handover {row.id}: valid without a receipt")
        expected = lines.get(row.id, {}) if row.state is not HandoverState.VOIDED else {}
        if row.stock_state is StockState.BOOKED and booked.get(row.id, {}) != expected:
            problems.append(f"handover {row.id}: the ledger and its lines differ")
    return problems + _rests(tx)


def _rests(tx: Tx) -> list[str]:
    """Check that every rest is what its whole left over: anything more would be a double in disguise."""
    left: dict[UUID, dict[UUID, int]] = {}
    for line in tx.session.execute(
        sa.select(Handover.package_id, HandoverLine.item_id, HandoverLine.due_milli, HandoverLine.quantity_milli)
        .join(Handover, Handover.id == HandoverLine.handover_id)
        .where(
            Handover.regency_code == tx.regency_code, Handover.state == HandoverState.VALID, Handover.is_partial,
            HandoverLine.quantity_milli < HandoverLine.due_milli,
        )
    ):  # fmt: skip
        left.setdefault(line.package_id, {})[line.item_id] = line.due_milli - line.quantity_milli
    return [
        f"package {rest.code}: it is not what its partial handover left over"
        for rest in rests(tx)
        if left.get(rest.of_id) != rest.quantities
    ]
