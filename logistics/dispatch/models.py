"""Posts, and what was sent to them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column, whole
from logistics.dispatch.states import LoadState, PostState


class Post(Base):
    """A place where households are served; its name, code and position stand on the place itself."""

    __tablename__ = "post"
    __table_args__ = (whole("capacity_per_day", least=1, most=1_000_000),)

    id: Mapped[UUID] = mapped_column("place_id", sa.ForeignKey("place.id"), primary_key=True)
    """The place's own id."""
    regency_code: Mapped[str] = mapped_column(index=True)
    village_code: Mapped[str | None]
    capacity_per_day: Mapped[int]
    """Households a day; where it has hours, what they add up to."""
    opening: Mapped[str]
    """What people are told: hours, where exactly."""
    closed_weekdays: Mapped[str] = mapped_column(server_default="")
    """Weekdays on which it never serves, as digits: 1 Monday to 7 Sunday."""
    state: Mapped[PostState] = state_column(PostState)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class PostSlot(Base):
    """Hours of a post's day, local time, and the households they serve."""

    __tablename__ = "post_slot"
    __table_args__ = (
        whole("no", least=1, most=24),
        whole("households", least=1, most=1_000_000),
        sa.CheckConstraint("starts_at < ends_at AND length(starts_at) = 5 AND length(ends_at) = 5", name="hours"),
    )

    post_id: Mapped[UUID] = mapped_column(sa.ForeignKey("post.place_id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts_at: Mapped[str]
    """``08:00``."""
    ends_at: Mapped[str]
    households: Mapped[int]


class PostClosedDay(Base):
    """A single day on which a post does not serve."""

    __tablename__ = "post_closed_day"

    post_id: Mapped[UUID] = mapped_column(sa.ForeignKey("post.place_id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str]
    closed_at: Mapped[datetime]
    closed_by: Mapped[str]
    closed_by_name: Mapped[str]


class DispatchLoad(Base):
    """One vehicle from one warehouse to one post, for one day of one round."""

    __tablename__ = "dispatch_load"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "post_id", "serve_on", "warehouse_id", "no"),
        sa.Index(None, "post_id", "serve_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"))
    post_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"))
    warehouse_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"), index=True)
    serve_on: Mapped[date]
    no: Mapped[int]
    """1; higher for what a supplementary plan adds to the same post and day."""
    state: Mapped[LoadState] = state_column(LoadState)
    vehicle: Mapped[str]
    plate: Mapped[str]
    driver: Mapped[str]
    sent_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    sent_by: Mapped[str]
    stock_document_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("stock_document.id"))
    document_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("document.id"))


class DispatchLoadLine(Base):
    """What one batch contributed to a load."""

    __tablename__ = "dispatch_load_line"
    __table_args__ = (whole("quantity_milli", least=1),)

    load_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dispatch_load.id"), primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"))
    quantity_milli: Mapped[Big]
