from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import LARGEST_MILLI, Milli
from core.work import Tx
from stock.items.kinds import Category
from stock.items.models import Item, ItemAlias, ItemPack
from stock.items.seed import CASH, SEED, SeedItem

OWN_SOURCE = "office"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItem:
    code: str
    name_id: str
    name_en: str
    category: Category
    base_unit: str
    step_milli: Milli
    does_expire: bool
    is_durable: bool
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPack:
    """Say how much of the base unit one named box holds."""

    item_id: UUID
    name: str
    quantity_milli: Milli


def seed_items(tx: Tx) -> int:
    """Put the catalogue an office starts with into an installation; items it already has stay as they are.

    Gives how many were added.
    """
    known = set(tx.session.scalars(sa.select(Item.code)))
    new = [item for item in SEED if item.code not in known]
    for item in new:
        _insert(tx, item)
    tx.session.flush()
    if new:
        tx.note("item.seed", "item", "catalogue", count=len(new))
    return len(new)


def add_item(tx: Tx, order: AddItem) -> UUID:
    """Add an item of the office's own. Raises: Forbidden; Invalid; Conflict when the code is taken."""
    tx.require("item.edit")
    code = order.code.strip().lower()
    if not code or not order.name_id.strip() or not order.base_unit.strip():
        raise Invalid("item.name_missing", field="name_id")
    if not 1 <= order.step_milli <= LARGEST_MILLI:
        raise Invalid("item.step_out_of_range", field="step_milli")
    if tx.session.scalar(sa.select(Item.id).where(Item.code == code)):
        raise Conflict("item.code_taken", item=code)
    item = SeedItem(
        code=code, name_id=order.name_id.strip(), name_en=order.name_en.strip() or order.name_id.strip(),
        category=order.category, base_unit=order.base_unit.strip(), step_milli=order.step_milli,
        does_expire=order.does_expire, is_durable=order.is_durable, aliases=order.aliases, source=OWN_SOURCE,
    )  # fmt: skip
    made = _insert(tx, item)
    tx.session.flush()
    tx.note("item.add", "item", made, code=code, base_unit=item.base_unit, step_milli=item.step_milli)
    return made


def add_pack(tx: Tx, order: AddPack) -> UUID:
    """Add a named box to an item. Raises: Forbidden; NotFound; Invalid; Conflict when the name is taken."""
    tx.require("item.edit")
    name = order.name.strip()
    if not name:
        raise Invalid("item.name_missing", field="name")
    if not 1 <= order.quantity_milli <= LARGEST_MILLI:
        raise Invalid("item.step_out_of_range", field="quantity_milli")
    if tx.session.get(Item, order.item_id) is None:
        raise NotFound("item.not_found", item=str(order.item_id))
    taken = sa.select(ItemPack.id).where(ItemPack.item_id == order.item_id, ItemPack.name == name)
    if tx.session.scalar(taken):
        raise Conflict("item.pack_taken", pack=name)
    pack = ItemPack(
        id=tx.new_id(), item_id=order.item_id, name=name, quantity_milli=order.quantity_milli, source=OWN_SOURCE
    )
    tx.session.add(pack)
    tx.session.flush()
    tx.note("item.add_pack", "item", order.item_id, pack=name, quantity_milli=order.quantity_milli)
    return pack.id


def _insert(tx: Tx, item: SeedItem) -> UUID:
    item_id = tx.new_id()
    tx.session.add(
        Item(
            id=item_id, code=item.code, name_id=item.name_id, name_en=item.name_en, category=item.category,
            base_unit=item.base_unit, step_milli=item.step_milli, does_expire=item.does_expire,
            is_durable=item.is_durable, is_stocked=item.is_stocked, is_active=True, source=item.source,
        )
    )  # fmt: skip
    tx.session.flush()
    tx.session.add_all(
        ItemPack(id=tx.new_id(), item_id=item_id, name=one.name, quantity_milli=one.quantity_milli, source=one.source)
        for one in item.packs
    )
    tx.session.add_all(ItemAlias(id=tx.new_id(), item_id=item_id, name=name) for name in item.aliases)
    return item_id


def cash_item(tx: Tx) -> UUID:
    """Give the item that money is in a package; an installation from before there was one gets it now."""
    known = tx.session.scalar(sa.select(Item.id).where(Item.code == CASH))
    if known is not None:
        return known
    made = _insert(tx, next(item for item in SEED if item.code == CASH))
    tx.session.flush()
    return made
