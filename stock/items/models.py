"""The catalogue's rows: what an item is counted in, and the boxes it comes in."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column, whole
from stock.items.kinds import Category


class Item(Base):
    __tablename__ = "item"
    __table_args__ = (whole("step_milli", least=1),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_id: Mapped[str]
    name_en: Mapped[str]
    category: Mapped[Category] = state_column(Category, "category")
    base_unit: Mapped[str]
    step_milli: Mapped[Big]
    """The smallest amount that is ever handed out: a mattress moves in whole ones."""
    does_expire: Mapped[bool]
    is_durable: Mapped[bool]
    """Given once per incident, not every week."""
    is_stocked: Mapped[bool] = mapped_column(default=True)
    """Whether it lies on a shelf; money does not, and stands in no ledger of goods."""
    is_active: Mapped[bool] = mapped_column(default=True)
    source: Mapped[str]


class ItemPack(Base):
    """A named box: one dus of instant noodles is 40 bungkus."""

    __tablename__ = "item_pack"
    __table_args__ = (sa.UniqueConstraint("item_id", "name"), whole("quantity_milli", least=1))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"))
    name: Mapped[str]
    quantity_milli: Mapped[Big]
    source: Mapped[str]


class ItemAlias(Base):
    """Another spelling people use; search finds the item by it."""

    __tablename__ = "item_alias"
    __table_args__ = (sa.UniqueConstraint("item_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"))
    name: Mapped[str]
