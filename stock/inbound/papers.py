"""What an inspection adds to the paper of goods received."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from stock.inbound.models import Consignment, ConsignmentLine
from stock.ledger.papers import Inspection


def inspection_of(tx: Tx, receipt_id: UUID) -> Inspection | None:
    """Give what was found of goods received by this document; None before they were looked at."""
    head = tx.session.execute(
        sa.select(Consignment.id, Consignment.inspected_by_name, Consignment.inspected_at).where(
            Consignment.receipt_id == receipt_id, Consignment.regency_code == tx.regency_code
        )
    ).first()
    if head is None or head.inspected_at is None:
        return None
    lines = tx.session.execute(
        sa.select(ConsignmentLine.batch_id, ConsignmentLine.damaged_milli).where(
            ConsignmentLine.consignment_id == head.id, ConsignmentLine.batch_id.is_not(None)
        )
    )
    return Inspection(
        damaged_milli={line.batch_id: line.damaged_milli or 0 for line in lines}, inspector=head.inspected_by_name
    )
