"""The catalogue's rows: what an item is counted in, and the boxes it comes in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column, whole
from stock.items.kinds import Category, VariantSex


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
    weight_g: Mapped[int | None]
    """Grams of one base unit, where somebody weighed it or read it; units that are weights say it themselves."""
    weight_source: Mapped[str | None]


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


class ItemVariant(Base):
    """A size and sex in which an item comes; a batch is of one variant, plans and packages speak of the item."""

    __tablename__ = "item_variant"
    __table_args__ = (sa.UniqueConstraint("item_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"))
    name: Mapped[str]
    sex: Mapped[VariantSex] = state_column(VariantSex, "sex", default=VariantSex.ANY)
    size: Mapped[str] = mapped_column(default="")


class MinimumLevel(Base):
    """So much of an item should always lie in a warehouse; below it the office is told."""

    __tablename__ = "minimum_level"
    __table_args__ = (whole("quantity_milli", least=1),)

    place_id: Mapped[UUID] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
    regency_code: Mapped[str]
    quantity_milli: Mapped[Big]
    set_by: Mapped[str]
    set_at: Mapped[datetime]
