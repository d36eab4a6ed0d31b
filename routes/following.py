"""What a decided correction means for the thing it belongs to; nouns that do not know each other meet here."""

from __future__ import annotations

from uuid import UUID

from core.work import Tx
from stock.corrections.queries import correction
from stock.ledger.queries import stock_document
from stock.shipments.commands import SUBJECT, follow_losses


def follow(tx: Tx, correction_id: UUID) -> None:
    """Bring a shipment to what an approved write-off on its road, or the reversal of one, says.

    In the transaction of the approval. Raises: Conflict where more would be lost than is on the road.
    """
    view = correction(tx, correction_id)
    subject, subject_id = view.subject, view.subject_id
    if view.row.reversed_document_id is not None:
        undone = stock_document(tx, view.row.reversed_document_id)
        subject, subject_id = undone.subject, undone.subject_id
    if subject == SUBJECT:
        follow_losses(tx, UUID(subject_id))
