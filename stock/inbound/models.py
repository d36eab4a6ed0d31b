"""What a giver has announced, what came of it, and how much of that was good."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column, whole
from stock.inbound.states import ConsignmentState
from stock.ledger.kinds import FundingSource, ReleaseCondition


class Consignment(Base):
    __tablename__ = "consignment"
    __table_args__ = (
        sa.UniqueConstraint("regency_code", "code"),
        sa.Index(None, "regency_code", "state", "expected_on"),
        sa.CheckConstraint("(state IN ('expected', 'cancelled')) = (receipt_id IS NULL)", name="received_once"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    code: Mapped[str]
    giver_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    """The warehouse it comes to."""
    incoming_document: Mapped[str]
    funding_source: Mapped[FundingSource] = state_column(FundingSource, "funding_source")
    release_condition: Mapped[ReleaseCondition] = state_column(
        ReleaseCondition, "release_condition", default=ReleaseCondition.NONE
    )
    expected_on: Mapped[date]
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[ConsignmentState] = state_column(ConsignmentState)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    received_by: Mapped[str | None]
    received_by_name: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime | None]
    receipt_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("stock_document.id"))
    """The SBBM by which it came into the books."""
    inspected_by: Mapped[str | None]
    inspected_by_name: Mapped[str] = mapped_column(default="")
    inspected_at: Mapped[datetime | None]
    stocked_by: Mapped[str | None]
    stocked_at: Mapped[datetime | None]
    stocking_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("stock_document.id"))
    """The transfer of what was good from quarantine to the shelf; none where nothing was."""
    cancelled_reason: Mapped[str] = mapped_column(default="")


class ConsignmentLine(Base):
    __tablename__ = "consignment_line"
    __table_args__ = (
        sa.UniqueConstraint("consignment_id", "no"),
        whole("expected_milli"),
        whole("received_milli"),
        whole("good_milli"),
        whole("damaged_milli"),
        whole("unit_price_rp"),
        sa.CheckConstraint(
            "(good_milli IS NULL) = (damaged_milli IS NULL) "
            "AND (good_milli IS NULL OR good_milli + damaged_milli = received_milli)",
            name="split_adds_up",
        ),
        sa.CheckConstraint(
            "(batch_id IS NULL) = (received_milli IS NULL OR received_milli = 0)", name="batch_of_goods"
        ),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    consignment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("consignment.id"))
    no: Mapped[int]
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"))
    variant_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("item_variant.id"))
    expected_milli: Mapped[Big]
    """Zero for what came without having been announced."""
    received_milli: Mapped[Big | None]
    good_milli: Mapped[Big | None]
    damaged_milli: Mapped[Big | None]
    unit_price_rp: Mapped[Big]
    expires_on: Mapped[date | None]
    batch_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("batch.id"))
    note: Mapped[str] = mapped_column(default="")
    """Why less came, or what is damaged."""
