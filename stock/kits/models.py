"""What a kit is made of, and what each batch of kits was made of."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, append_only, whole


class KitComponent(Base):
    """One line of a kit's bill of materials."""

    __tablename__ = "kit_component"
    __table_args__ = (
        whole("quantity_milli", least=1),
        sa.CheckConstraint("kit_item_id <> item_id", name="not_itself"),
    )

    kit_item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
    quantity_milli: Mapped[Big]
    """In one kit."""
    source: Mapped[str]
    """Where the content was read, or who set it: ``kit.source.…`` names it."""


class KitBatchComponent(Base):
    """So much of a component's batch is in every kit of a batch of kits: what unpacking gives back, and what an
    auditor asks of a mixed kit."""

    __tablename__ = "kit_batch_component"
    __table_args__ = (whole("quantity_milli", least=1),)

    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True)
    component_batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True)
    quantity_milli: Mapped[Big]
    """In one kit: every kit of a batch holds the same."""


append_only(KitBatchComponent.__table__)
