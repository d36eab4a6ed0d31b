"""Plans: a round's first one, and the supplementary ones for households confirmed later."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, state_column, whole
from logistics.planning.states import PlanState

_DRAFT = sa.text("state = 'draft'")


class Plan(Base):
    """Who gets what, where and when, proposed by one person and approved by another."""

    __tablename__ = "plan"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "no"),
        sa.Index("uq_plan_draft", "round_id", unique=True, sqlite_where=_DRAFT, postgresql_where=_DRAFT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"))
    no: Mapped[int]
    state: Mapped[PlanState] = state_column(PlanState)
    is_fitted: Mapped[bool]
    """Only as many households as stock allows; the others wait with their reason."""
    rule_version: Mapped[str]
    """The priority rule the ranks follow."""
    planned_by: Mapped[str]
    planned_by_name: Mapped[str]
    planned_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_by_name: Mapped[str | None]
    approved_at: Mapped[datetime | None]


class PlanPost(Base):
    """A post as the plan saw it: its capacity is frozen with the plan."""

    __tablename__ = "plan_post"
    __table_args__ = (whole("capacity_per_day", least=1, most=1_000_000),)

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)
    capacity_per_day: Mapped[int]
    village_code: Mapped[str | None]
    lon_deg: Mapped[float | None] = mapped_column(sa.Float)
    lat_deg: Mapped[float | None] = mapped_column(sa.Float)
