"""Handovers: what happened, as an event kept byte for byte; what it means; and, apart from both, who took it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, append_only, state_column, whole
from logistics.handover.states import HandoverState, MissKind, NextStep, Outcome, RecipientKind, StockState, VoidReason

_VALID = sa.text("state = 'valid'")


class HandoverEvent(Base):
    """A fact as it came in: exact bytes, signature, two times. It holds no person, so it can stay for ever."""

    __tablename__ = "handover_event"
    __table_args__ = (sa.UniqueConstraint("device_id", "device_seq"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    payload: Mapped[bytes]
    payload_sha256: Mapped[str]
    signature: Mapped[bytes | None]
    device_id: Mapped[UUID | None]
    """The enrolled phone; none for an event made on a page or by a machine."""
    device_seq: Mapped[int | None]
    prev_sha256: Mapped[str | None]
    """The event before it on the same phone: one taken out shows."""
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    received_by: Mapped[str]
    outcome: Mapped[Outcome] = state_column(Outcome, "outcome")


class HandoverPerson(Base):
    """Who took it; erased alone when the person asks. The event holds this text's hash."""

    __tablename__ = "handover_person"

    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("handover_event.id"), primary_key=True)
    text: Mapped[str]


class Handover(Base):
    """What an event means in the books: one valid one per round, beneficiary and standard (and its supplements)."""

    __tablename__ = "handover"
    __table_args__ = (
        sa.Index(
            "uq_handover_valid", "round_id", "beneficiary_kind", "beneficiary_id", "standard_id", "package_no",
            unique=True, sqlite_where=_VALID, postgresql_where=_VALID,
        ),
        sa.UniqueConstraint("event_id"),
        sa.Index(None, "round_id", "post_id", "event_on"),
        sa.Index(None, "beneficiary_kind", "beneficiary_id"),
        sa.Index(None, "package_id"),
        sa.Index(None, "household_id"),
        sa.CheckConstraint("event_at <= recorded_at", name="not_in_future"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("handover_event.id"))
    regency_code: Mapped[str]
    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"))
    package_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package.id"))
    package_no: Mapped[int]
    """1; higher for the rest of a partial handover, which is a package of its own."""
    beneficiary_kind: Mapped[str]
    beneficiary_id: Mapped[UUID]
    household_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("household.id"))
    standard_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package_standard.id"))
    village_code: Mapped[str]
    post_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    state: Mapped[HandoverState] = state_column(HandoverState)
    recipient_kind: Mapped[RecipientKind] = state_column(RecipientKind, "recipient_kind")
    is_partial: Mapped[bool]
    partial_reason: Mapped[str]
    event_at: Mapped[datetime]
    event_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    receipt_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("document.id"))
    stock_state: Mapped[StockState] = state_column(StockState, "stock_state")
    void_reason: Mapped[VoidReason | None] = state_column(VoidReason, "void_reason", nullable=True)
    void_note: Mapped[str]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[str | None]


class HandoverLine(Base):
    """What was due and what was handed over."""

    __tablename__ = "handover_line"
    __table_args__ = (
        whole("due_milli"),
        whole("quantity_milli"),
        sa.CheckConstraint("quantity_milli <= due_milli", name="not_more_than_due"),
    )

    handover_id: Mapped[UUID] = mapped_column(sa.ForeignKey("handover.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
    due_milli: Mapped[Big]
    quantity_milli: Mapped[Big]


class Miss(Base):
    """A package that was not handed over when it was its turn: why, and what happens next. The package stays open."""

    __tablename__ = "handover_miss"
    __table_args__ = (sa.Index(None, "round_id", "recorded_at"), sa.Index(None, "package_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    package_id: Mapped[UUID] = mapped_column(sa.ForeignKey("package.id"))
    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"))
    household_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("household.id"))
    post_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("place.id"))
    kind: Mapped[MissKind] = state_column(MissKind, "kind")
    next_step: Mapped[NextStep] = state_column(NextStep, "next_step")
    due_on: Mapped[date]
    """Until when the next step is to be done."""
    note: Mapped[str]
    happened_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    recorded_by_name: Mapped[str]


append_only(HandoverEvent.__table__)
append_only(Miss.__table__)
append_only(HandoverLine.__table__)
