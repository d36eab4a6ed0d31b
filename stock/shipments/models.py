"""What left one warehouse for another, and what became of it on the way."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column, whole
from stock.shipments.states import ShipmentState


class Shipment(Base):
    __tablename__ = "shipment"
    __table_args__ = (
        sa.Index(None, "regency_code", "state"),
        sa.CheckConstraint("from_place_id <> to_place_id", name="two_places"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    from_place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    via_place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    """The vehicle, or the office's road where none is named: goods in transit are at a place too."""
    to_place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    state: Mapped[ShipmentState] = state_column(ShipmentState)
    carrier: Mapped[str] = mapped_column(default="")
    """Driver and plate, as on the paper."""
    expected_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")
    sent_document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("stock_document.id"), unique=True)
    sent_by: Mapped[str]
    sent_at: Mapped[datetime]
    arrived_by: Mapped[str | None]
    arrived_at: Mapped[datetime | None]
    """Of the last arrival."""


class ShipmentLine(Base):
    __tablename__ = "shipment_line"
    __table_args__ = (
        sa.UniqueConstraint("shipment_id", "batch_id"),
        whole("sent_milli", least=1),
        whole("arrived_milli"),
        whole("damaged_milli"),
        whole("lost_milli"),
        sa.CheckConstraint("arrived_milli + damaged_milli + lost_milli <= sent_milli", name="never_more_than_sent"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shipment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("shipment.id"))
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"))
    sent_milli: Mapped[Big]
    arrived_milli: Mapped[Big] = mapped_column(default=0)
    """Good, and on the shelf."""
    damaged_milli: Mapped[Big] = mapped_column(default=0)
    """Arrived damaged, in the quarantine of the warehouse."""
    lost_milli: Mapped[Big] = mapped_column(default=0)
    """Written off on the road, with minutes and a second person's approval."""
    note: Mapped[str] = mapped_column(default="")
