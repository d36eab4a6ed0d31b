"""The books: batches, documents, moves that are never changed, and the balance that is their cached sum."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, append_only, state_column, whole
from core.measures import LARGEST_MILLI
from stock.ledger.kinds import DocumentKind, Flag, FundingSource, ReleaseCondition

EVENT_AHEAD_MINUTES = 15
"""How far a sender's clock may run ahead (safety L10)."""


def _not_ahead() -> tuple[sa.CheckConstraint, sa.CheckConstraint]:
    late = EVENT_AHEAD_MINUTES
    return (
        sa.CheckConstraint(
            f"event_at <= recorded_at + interval '{late} minutes'", name="event_not_ahead"
        ).ddl_if(dialect="postgresql"),
        sa.CheckConstraint(
            f"julianday(event_at) <= julianday(recorded_at, '+{late} minutes', '+1 second')", name="event_not_ahead"
        ).ddl_if(dialect="sqlite"),
    )  # fmt: skip


class BatchSeries(Base):
    """The last number given to a batch, by office and year."""

    __tablename__ = "batch_series"

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_no: Mapped[int]


class Batch(Base):
    """Item + source of funds + incoming document + expiry + value: what an auditor asks for (domain 2)."""

    __tablename__ = "batch"
    __table_args__ = (
        sa.UniqueConstraint("regency_code", "code"),
        sa.Index(None, "item_id", "expires_on"),
        whole("quantity_milli", least=1),
        whole("value_rp"),
        whole("unit_price_rp"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"))
    variant_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("item_variant.id"))
    code: Mapped[str]
    funding_source: Mapped[FundingSource] = state_column(FundingSource, "funding_source")
    incoming_document: Mapped[str]
    expires_on: Mapped[date | None]
    """The last day on which it may be used."""
    received_on: Mapped[date]
    quantity_milli: Mapped[Big]
    """What came in, the divisor of every share."""
    value_rp: Mapped[Big]
    """What all of it is worth."""
    unit_price_rp: Mapped[Big | None]
    """Whole rupiah for one base unit, where the giver's paper names a price; the value is what counts."""
    release_condition: Mapped[ReleaseCondition] = state_column(
        ReleaseCondition, "release_condition", default=ReleaseCondition.NONE
    )


class StockDocument(Base):
    """One act on stock; its moves stand or fall together."""

    __tablename__ = "stock_document"
    __table_args__ = (
        sa.UniqueConstraint("regency_code", "kind", "number"),
        sa.Index(None, "subject", "subject_id"),
        sa.Index(None, "regency_code", "recorded_at"),
        # A handover takes its goods once, whoever asks twice.
        sa.Index(
            "uq_stock_document_handover", "subject_id", unique=True,
            sqlite_where=sa.text("kind = 'handover'"), postgresql_where=sa.text("kind = 'handover'"),
        ),
        *_not_ahead(),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    kind: Mapped[DocumentKind] = state_column(DocumentKind, "kind")
    number: Mapped[str | None]
    subject: Mapped[str] = mapped_column(default="")
    """What it was done for: ``round``, ``handover``, ``stock_document`` of a reversal."""
    subject_id: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    event_at: Mapped[datetime]
    event_on: Mapped[date]
    recorded_at: Mapped[datetime]
    actor_id: Mapped[str]


class Move(Base):
    """A whole quantity of one batch from one place to another. A correction is another move."""

    __tablename__ = "move"
    __table_args__ = (
        sa.Index(None, "to_place_id", "batch_id", "event_at"),
        sa.Index(None, "from_place_id", "batch_id", "event_at"),
        sa.Index(None, "batch_id", "event_at"),
        whole("quantity_milli", least=1),
        whole("value_rp"),
        sa.CheckConstraint("from_place_id <> to_place_id", name="two_places"),
        sa.CheckConstraint("reverses_id IS NULL OR reverses_id <> id", name="reverses_another"),
        *_not_ahead(),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("stock_document.id"), index=True)
    from_place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    to_place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"))
    quantity_milli: Mapped[Big]
    value_rp: Mapped[Big]
    reverses_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("move.id"), unique=True)
    flag: Mapped[Flag] = state_column(Flag, "flag", default=Flag.NONE)
    event_at: Mapped[datetime]
    event_on: Mapped[date]
    """The local day of the event: expiry is judged by it (decision 11)."""
    recorded_at: Mapped[datetime]
    actor_id: Mapped[str]


class Balance(Base):
    """The sum of a batch's moves at a place, cached; the CHECKs are what makes stock impossible to promise twice."""

    __tablename__ = "balance"
    __table_args__ = (
        sa.Index(None, "batch_id"),
        whole("on_hand_milli", least=-LARGEST_MILLI),
        whole("reserved_milli"),
        whole("value_rp", least=-LARGEST_MILLI),
        sa.CheckConstraint("NOT is_bounded OR on_hand_milli >= 0", name="never_negative"),
        sa.CheckConstraint("NOT is_bounded OR reserved_milli <= on_hand_milli", name="never_promised_twice"),
        sa.CheckConstraint("is_bounded OR reserved_milli = 0", name="reserved_where_bounded"),
        sa.CheckConstraint(
            "NOT is_bounded OR (value_rp >= 0 AND (on_hand_milli > 0 OR value_rp = 0))", name="value_with_goods"
        ),
    )

    place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True)
    is_bounded: Mapped[bool]
    on_hand_milli: Mapped[Big]
    reserved_milli: Mapped[Big]
    value_rp: Mapped[Big]
    last_on: Mapped[date | None]
    """The latest local day of an event here: what happened on it or after is no late entry."""
    counted_at: Mapped[datetime | None]
    """The latest count: what happened before it and is entered now changes nothing after it."""


class BalanceDay(Base):
    """What one local day's moves changed at a place for a batch: the sum of any past day in few rows."""

    __tablename__ = "balance_day"
    __table_args__ = (
        # The days of one month, for the balance of a day: without it every day of the place would be looked at.
        sa.Index(None, "place_id", "event_on"),
        whole("change_milli", least=-LARGEST_MILLI),
        whole("change_rp", least=-LARGEST_MILLI),
    )

    place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True)
    event_on: Mapped[date] = mapped_column(primary_key=True)
    change_milli: Mapped[Big]
    change_rp: Mapped[Big]


class BalanceMonth(Base):
    """The same by months, so that the stock of a day years ago is a sum of few rows too."""

    __tablename__ = "balance_month"
    __table_args__ = (
        whole("change_milli", least=-LARGEST_MILLI),
        whole("change_rp", least=-LARGEST_MILLI),
    )

    place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True)
    first_on: Mapped[date] = mapped_column(primary_key=True)
    """The month's first day."""
    change_milli: Mapped[Big]
    change_rp: Mapped[Big]


class CountMark(Base):
    """At this moment a batch was counted at a place and the books brought to it: what is entered later and happened
    before changes nothing after."""

    __tablename__ = "count_mark"
    __table_args__ = (whole("counted_milli"),)

    place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    counted_milli: Mapped[Big]
    count_id: Mapped[UUID]
    """The count it belongs to; counts stand above the ledger."""


append_only(Batch.__table__)
append_only(StockDocument.__table__)
append_only(Move.__table__)
append_only(CountMark.__table__)

_EXPIRED = """
    NEW.flag = '' AND EXISTS (
      SELECT 1 FROM batch, place AS source, place AS target
      WHERE batch.id = NEW.batch_id AND source.id = NEW.from_place_id AND target.id = NEW.to_place_id
        AND batch.expires_on < NEW.event_on
        AND target.kind IN ('household', 'contested', 'post')
        AND source.kind IN ('supplier', 'warehouse', 'quarantine', 'vehicle', 'post', 'assembly'))
"""


def expiry_guard_ddl(dialect: str) -> tuple[str, ...]:
    """Give the statements by which the database refuses expired stock on its way to people.

    Used by the models and by migrations alike. A fact that broke the rule carries its flag; what only corrects the
    books (back from a household, found) is let in.
    """
    if dialect == "sqlite":
        return (
            f"CREATE TRIGGER move_not_expired BEFORE INSERT ON move WHEN {_EXPIRED} "
            "BEGIN SELECT RAISE(ABORT, 'expired: move'); END",
        )
    return (
        "CREATE OR REPLACE FUNCTION tanggap_move_not_expired() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {_EXPIRED} THEN RAISE EXCEPTION 'expired: move'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER move_not_expired BEFORE INSERT ON move "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_move_not_expired()",
    )


def _listen() -> None:
    ddl: Any = sa.DDL
    for dialect in ("sqlite", "postgresql"):
        for statement in expiry_guard_ddl(dialect):
            event.listen(Move.__table__, "after_create", ddl(statement.replace("%", "%%")).execute_if(dialect=dialect))


_listen()
