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
    """Households a day."""
    opening: Mapped[str]
    """What people are told: hours, where exactly."""
    state: Mapped[PostState] = state_column(PostState)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


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
