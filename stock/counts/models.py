"""What people counted on the shelf, and when; the books are brought to it once a second person has agreed."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column, whole
from stock.counts.states import CountState

OPEN_STATES = "state IN ('planned', 'counting', 'recounting', 'submitted')"


class StockCount(Base):
    __tablename__ = "stock_count"
    __table_args__ = (
        sa.UniqueConstraint("regency_code", "code"),
        # One count of a place at a time.
        sa.Index(
            "uq_stock_count_open", "place_id", unique=True, sqlite_where=sa.text(OPEN_STATES),
            postgresql_where=sa.text(OPEN_STATES),
        ),
        sa.Index(None, "regency_code", "state"),
        sa.CheckConstraint("approved_by <> submitted_by", name="two_persons"),
        sa.CheckConstraint("(state = 'approved') = (approved_at IS NOT NULL)", name="approved_once"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    code: Mapped[str]
    state: Mapped[CountState] = state_column(CountState)
    is_blind: Mapped[bool] = mapped_column(default=True)
    """Whoever counts is not shown what the books say."""
    due_on: Mapped[date]
    made_by: Mapped[str]
    """A person, or the reminder job."""
    made_at: Mapped[datetime]
    started_by: Mapped[str | None]
    started_at: Mapped[datetime | None]
    submitted_by: Mapped[str | None]
    submitted_by_name: Mapped[str] = mapped_column(default="")
    submitted_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    approved_by_name: Mapped[str] = mapped_column(default="")
    approved_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")
    cancelled_reason: Mapped[str] = mapped_column(default="")
    document_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("stock_document.id"), unique=True)
    """The adjustment it led to; none where shelf and books agreed."""


class StockCountLine(Base):
    __tablename__ = "stock_count_line"
    __table_args__ = (
        sa.UniqueConstraint("count_id", "batch_id"),
        whole("counted_milli"),
        whole("recounted_milli"),
        whole("booked_milli"),
        sa.CheckConstraint("(counted_milli IS NULL) = (counted_at IS NULL)", name="counted_when"),
        sa.CheckConstraint("(recounted_milli IS NULL) = (recounted_at IS NULL)", name="recounted_when"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    count_id: Mapped[UUID] = mapped_column(sa.ForeignKey("stock_count.id"))
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"))
    counted_milli: Mapped[Big | None]
    counted_at: Mapped[datetime | None]
    """The moment of this line's count: what moved later is not in it."""
    counted_by: Mapped[str] = mapped_column(default="")
    must_recount: Mapped[bool] = mapped_column(default=False)
    """It differed, or was sent back: to be counted once more, by somebody who sees no earlier figure."""
    recounted_milli: Mapped[Big | None]
    recounted_at: Mapped[datetime | None]
    recounted_by: Mapped[str] = mapped_column(default="")
    booked_milli: Mapped[Big | None]
    """What the books said of that moment, kept when the count was approved."""
    reason: Mapped[str] = mapped_column(default="")
    """Why it differs: a value of ``AdjustmentReason`` or ``LossReason``."""
    note: Mapped[str] = mapped_column(default="")
