"""Asked and decided corrections; the ledger's document exists only once a second person has agreed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column, whole
from core.measures import LARGEST_MILLI
from stock.corrections.states import CorrectionKind, CorrectionState


class Correction(Base):
    __tablename__ = "correction"
    __table_args__ = (
        sa.Index(None, "regency_code", "state", "asked_at"),
        sa.Index(None, "subject", "subject_id"),
        whole("value_rp"),
        sa.CheckConstraint("decided_by <> asked_by OR state = 'withdrawn'", name="two_persons"),
        sa.CheckConstraint("(kind = 'reversal') = (reversed_document_id IS NOT NULL)", name="names_what_it_reverses"),
        sa.CheckConstraint("(state = 'approved') = (document_id IS NOT NULL)", name="booked_when_approved"),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_once"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    kind: Mapped[CorrectionKind] = state_column(CorrectionKind, "kind")
    state: Mapped[CorrectionState] = state_column(CorrectionState)
    place_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("place.id"))
    """Where the goods lie; none for a reversal, whose document says it."""
    reversed_document_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("stock_document.id"))
    reason: Mapped[str]
    """A value of ``AdjustmentReason`` or ``LossReason``; of a reversal people's own words."""
    note: Mapped[str]
    """What happened: the text of the minutes."""
    minutes_no: Mapped[str] = mapped_column(default="")
    """The number of minutes written elsewhere (police, village), where there are some."""
    subject: Mapped[str] = mapped_column(default="")
    """What it belongs to: ``shipment``, or nothing."""
    subject_id: Mapped[str] = mapped_column(default="")
    value_rp: Mapped[Big]
    """What the goods are worth by the books when asked: above the office's limit only the head decides."""
    event_at: Mapped[datetime]
    asked_by: Mapped[str]
    asked_by_name: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_by_name: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str] = mapped_column(default="")
    document_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("stock_document.id"), unique=True)


class CorrectionLine(Base):
    __tablename__ = "correction_line"
    __table_args__ = (
        whole("difference_milli", least=-LARGEST_MILLI),
        sa.CheckConstraint("difference_milli <> 0", name="differs"),
    )

    correction_id: Mapped[UUID] = mapped_column(sa.ForeignKey("correction.id"), primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True)
    difference_milli: Mapped[Big]
    """Above zero was found, below zero is missing or written off."""
