"""Where stock can be: shelves, posts, vehicles, and the ends of its way."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, state_column
from stock.places.kinds import PlaceKind


class Place(Base):
    __tablename__ = "place"
    __table_args__ = (
        sa.UniqueConstraint("regency_code", "code"),
        # One household sink, one adjustment, one loss, one assembly, one contested place in an office.
        sa.Index(
            "uq_place_regency_code_kind_sink", "regency_code", "kind", unique=True,
            sqlite_where=sa.text("kind IN ('household', 'contested', 'assembly', 'adjustment', 'loss')"),
            postgresql_where=sa.text("kind IN ('household', 'contested', 'assembly', 'adjustment', 'loss')"),
        ),
        sa.CheckConstraint("(lon_deg IS NULL) = (lat_deg IS NULL)", name="position_whole"),
        sa.CheckConstraint("lon_deg BETWEEN -180 AND 180 AND lat_deg BETWEEN -90 AND 90", name="position_range"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    kind: Mapped[PlaceKind] = state_column(PlaceKind, "kind")
    code: Mapped[str]
    name: Mapped[str]
    village_code: Mapped[str | None]
    address: Mapped[str] = mapped_column(default="")
    lon_deg: Mapped[float | None]
    lat_deg: Mapped[float | None]
    parent_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("place.id"))
    """The warehouse or post a quarantine belongs to."""
    is_closed: Mapped[bool] = mapped_column(default=False)
