"""Promises on stock: how much of which batch in which place is kept for what, and until when."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column, whole
from stock.reservations.states import ReservationState


class Reservation(Base):
    __tablename__ = "reservation"
    __table_args__ = (
        sa.Index(None, "purpose", "purpose_id", "group_key"),
        sa.Index(None, "state", "ends_on"),
        sa.Index(None, "place_id", "batch_id", "state"),
        sa.ForeignKeyConstraint(["place_id", "batch_id"], ["balance.place_id", "balance.batch_id"]),
        whole("quantity_milli", least=1),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ends_once"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    place_id: Mapped[UUID]
    batch_id: Mapped[UUID]
    quantity_milli: Mapped[Big]
    purpose: Mapped[str]
    """What it is kept for: ``round``."""
    purpose_id: Mapped[UUID]
    group_key: Mapped[str]
    """What leaves together: the post and day of a round."""
    state: Mapped[ReservationState] = state_column(ReservationState)
    ends_on: Mapped[date]
    """The last local day on which it is kept: the round's last day + 1 (decision 14)."""
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    document_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("stock_document.id"))
    """The document it left on, when used."""
