"""What was booked for one thing of another noun: a shipment, a consignment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from core.measures import Milli
from core.work import Tx
from stock.ledger.kinds import DocumentKind
from stock.ledger.models import Move, StockDocument
from stock.places.queries import PlaceView, places


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectMove:
    """One move of a document that stands: what was reversed is left out."""

    document_id: UUID
    kind: DocumentKind
    number: str | None
    reason: str
    event_at: datetime
    event_on: date
    actor_id: str
    batch_id: UUID
    source: PlaceView
    target: PlaceView
    quantity_milli: Milli


def moves_for(tx: Tx, subject: str, subject_id: UUID) -> tuple[SubjectMove, ...]:
    """Give every move booked for a subject that stands, oldest first."""
    undone = sa.orm.aliased(Move)
    rows = tx.session.execute(
        sa.select(
            StockDocument.id, StockDocument.kind, StockDocument.number, StockDocument.reason, StockDocument.event_at,
            StockDocument.event_on, StockDocument.actor_id, Move.batch_id, Move.from_place_id, Move.to_place_id,
            Move.quantity_milli,
        )
        .join(Move, Move.document_id == StockDocument.id)
        .outerjoin(undone, undone.reverses_id == Move.id)
        .where(
            StockDocument.regency_code == tx.regency_code, StockDocument.subject == subject,
            StockDocument.subject_id == str(subject_id), undone.id.is_(None),
        )
        .order_by(StockDocument.event_at, StockDocument.recorded_at, Move.id)
    ).all()  # fmt: skip
    spots = {one.id: one for one in places(tx)}
    return tuple(
        SubjectMove(
            document_id=row.id, kind=row.kind, number=row.number, reason=row.reason, event_at=row.event_at,
            event_on=row.event_on, actor_id=row.actor_id, batch_id=row.batch_id, source=spots[row.from_place_id],
            target=spots[row.to_place_id], quantity_milli=Milli(row.quantity_milli),
        )
        for row in rows
    )  # fmt: skip


def is_undone(tx: Tx, document_id: UUID) -> bool:
    """Tell whether a document was reversed."""
    later = sa.orm.aliased(Move)
    query = sa.select(Move.id).join(later, later.reverses_id == Move.id).where(Move.document_id == document_id).limit(1)
    return tx.session.scalar(query) is not None
