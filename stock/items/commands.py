"""Changing the catalogue: items of the office's own, boxes, spellings, sizes, minimum levels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import LARGEST_MILLI, Milli
from core.turns import alone
from core.work import Tx
from stock.items.kinds import Category, VariantSex
from stock.items.models import Item, ItemAlias, ItemPack, ItemVariant, MinimumLevel
from stock.items.queries import called, item_by_id, standing_of
from stock.items.rules import (
    Description,
    check_edit,
    check_free,
    checked,
    checked_alias,
    checked_amount,
    checked_code,
    checked_pack,
    checked_source,
    checked_variant,
    fingerprint,
    plain,
)
from stock.items.seed import CASH, SEED, SeedItem

OWN_SOURCE: Final = "office"


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
    source: str
    """Where it was read, or whose decision it is, that the item exists and is counted so."""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditItem:
    """Everything an item says of itself; its code never changes."""

    item_id: UUID
    description: Description
    seen: str = ""
    """``rules.fingerprint`` of what the editor saw; empty asks for no such check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPack:
    """Say how much of the base unit one named box holds."""

    item_id: UUID
    name: str
    quantity_milli: Milli
    source: str = OWN_SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class AddVariant:
    item_id: UUID
    name: str
    sex: VariantSex = VariantSex.ANY
    size: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMinimum:
    place_id: UUID
    item_id: UUID
    quantity_milli: Milli
    """Zero takes the level away."""


# ---------------------------------------------------------------- the seed


def seed_items(tx: Tx) -> int:
    """Put the catalogue an office starts with into an installation; items it already has stay as they are.

    Only sizes are added to those, where one of the seed's items has none at all: they are newer than the items. Boxes
    and spellings are not: the office may have taken one away. Gives how many items were added.
    """
    one_at_a_time(tx)
    known = {row.code: row.id for row in tx.session.execute(sa.select(Item.code, Item.id))}
    sized = set(tx.session.scalars(sa.select(ItemVariant.item_id).distinct()))
    new = [item for item in SEED if item.code not in known]
    for item in new:
        _insert(tx, item)
    late = [item for item in SEED if item.variants and item.code in known and known[item.code] not in sized]
    for item in late:
        _insert_variants(tx, known[item.code], item)
    tx.session.flush()
    if new or late:
        tx.note("item.seed", "item", "catalogue", count=len(new), sized=len(late))
    return len(new)


def cash_item(tx: Tx) -> UUID:
    """Give the item that money is in a package; an installation from before there was one gets it now."""
    known = tx.session.scalar(sa.select(Item.id).where(Item.code == CASH))
    if known is not None:
        return known
    made = _insert(tx, next(item for item in SEED if item.code == CASH))
    tx.session.flush()
    return made


# ---------------------------------------------------------------- items


def add_item(tx: Tx, order: AddItem) -> UUID:
    """Add an item of the office's own. Raises: Forbidden; Invalid; Conflict when the code or a name is taken."""
    tx.require("item.edit")
    one_at_a_time(tx)
    code = checked_code(order.code)
    if tx.session.scalar(sa.select(Item.id).where(Item.code == code)):
        raise Conflict("item.code_taken", item=code)
    told = checked(
        Description(
            name_id=order.name_id, name_en=order.name_en, category=order.category, base_unit=order.base_unit,
            step_milli=order.step_milli, does_expire=order.does_expire, is_durable=order.is_durable, is_active=True,
            source=order.source,
        )
    )  # fmt: skip
    others = called(tx)
    check_free((code, told.name_id, told.name_en), others)
    item = SeedItem(
        code=code, name_id=told.name_id, name_en=told.name_en, category=told.category, base_unit=told.base_unit,
        step_milli=told.step_milli, does_expire=told.does_expire, is_durable=told.is_durable, source=told.source,
    )  # fmt: skip
    aliases = {plain(one): checked_alias(item, one, others) for one in order.aliases}
    made = _insert(tx, replace(item, aliases=tuple(aliases.values())))
    tx.session.flush()
    tx.note("item.add", "item", made, code=code, base_unit=item.base_unit, step_milli=item.step_milli)
    return made


def edit_item(tx: Tx, order: EditItem) -> tuple[str, ...]:
    """Make an item what the order says, and give the names of what changed; nothing at all is no error.

    Raises: Forbidden; NotFound; Invalid; Conflict when a name is taken, when the base unit or a coarser step is asked
    for although something is counted in it, when an item that still lies somewhere is to be put away, or when somebody
    else changed it since ``seen``.
    """
    tx.require("item.edit")
    one_at_a_time(tx)
    row = _row(tx, order.item_id)
    before = item_by_id(tx, order.item_id)
    if order.seen and order.seen != fingerprint(before):
        raise Conflict("item.changed_meanwhile")
    wanted = checked(order.description)
    changed = wanted.differs_in(Description.of(before))
    if {"name_id", "name_en"} & set(changed):
        check_free((wanted.name_id, wanted.name_en), called(tx, besides=row.id))
    check_edit(before, wanted, standing_of(tx, row.id))
    for name in changed:
        setattr(row, name, getattr(wanted, name))
    if "base_unit" in changed:
        row.weight_g = row.weight_source = None  # it was of one of the old unit
    tx.session.flush()
    if changed:
        tx.note("item.edit", "item", row.id, code=row.code, changed=list(changed))
    return changed


# ---------------------------------------------------------------- boxes


def add_pack(tx: Tx, order: AddPack) -> UUID:
    """Add a named box to an item. Raises: Forbidden; NotFound; Invalid; Conflict when the name says nothing new."""
    tx.require("item.edit")
    one_at_a_time(tx)
    _row(tx, order.item_id)
    item = item_by_id(tx, order.item_id)
    name, quantity = checked_pack(item, order.name), checked_amount(order.quantity_milli, "quantity_milli")
    pack = ItemPack(
        id=tx.new_id(), item_id=item.id, name=name, quantity_milli=quantity, source=checked_source(order.source)
    )
    tx.session.add(pack)
    tx.session.flush()
    tx.note("item.add_pack", "item", item.id, pack=name, quantity_milli=quantity)
    return pack.id


def change_pack(tx: Tx, pack_id: UUID, quantity_milli: Milli, source: str = OWN_SOURCE) -> bool:
    """Say anew how much a box holds; what was booked in it stays as it is. Tells whether anything changed.

    Raises: Forbidden; NotFound; Invalid.
    """
    tx.require("item.edit")
    one_at_a_time(tx)
    pack = _pack(tx, pack_id)
    quantity, before = checked_amount(quantity_milli, "quantity_milli"), pack.quantity_milli
    if quantity == before:
        return False
    pack.quantity_milli, pack.source = quantity, checked_source(source)
    tx.session.flush()
    tx.note("item.change_pack", "item", pack.item_id, pack=pack.name, before_milli=before, quantity_milli=quantity)
    return True


def remove_pack(tx: Tx, pack_id: UUID) -> None:
    """Take a box out of the catalogue; no book names boxes, so nothing else changes. Raises: Forbidden; NotFound."""
    tx.require("item.edit")
    one_at_a_time(tx)
    pack = _pack(tx, pack_id)
    tx.session.delete(pack)
    tx.session.flush()
    tx.note("item.remove_pack", "item", pack.item_id, pack=pack.name, quantity_milli=pack.quantity_milli)


# ---------------------------------------------------------------- spellings


def add_alias(tx: Tx, item_id: UUID, name: str) -> None:
    """Let an item be found by one more spelling. Raises: Forbidden; NotFound; Invalid; Conflict when it is taken."""
    tx.require("item.edit")
    one_at_a_time(tx)
    item = item_by_id(tx, _row(tx, item_id).id)
    spelling = checked_alias(item, name, called(tx, besides=item.id))
    tx.session.add(ItemAlias(id=tx.new_id(), item_id=item.id, name=spelling))
    tx.session.flush()
    tx.note("item.add_alias", "item", item.id, alias=spelling)


def remove_alias(tx: Tx, item_id: UUID, name: str) -> None:
    """Raises: Forbidden; NotFound."""
    tx.require("item.edit")
    one_at_a_time(tx)
    found = tx.session.scalar(sa.select(ItemAlias).where(ItemAlias.item_id == item_id, ItemAlias.name == name))
    if found is None:
        raise NotFound("item.alias_not_found", alias=name)
    tx.session.delete(found)
    tx.session.flush()
    tx.note("item.remove_alias", "item", item_id, alias=name)


# ---------------------------------------------------------------- sizes


def add_variant(tx: Tx, order: AddVariant) -> UUID:
    """Add a size or sex in which an item comes. Raises: Forbidden; NotFound; Invalid; Conflict when it is there."""
    tx.require("item.edit")
    one_at_a_time(tx)
    item = item_by_id(tx, _row(tx, order.item_id).id)
    name, size = checked_variant((one.name for one in item.variants), order.name, order.size)
    made = ItemVariant(id=tx.new_id(), item_id=item.id, name=name, sex=order.sex, size=size)
    tx.session.add(made)
    tx.session.flush()
    tx.note("item.add_variant", "item", item.id, variant=name, sex=order.sex.value, size=size)
    return made.id


def remove_variant(tx: Tx, variant_id: UUID) -> None:
    """Take a size away that no batch and no expected goods are of. Raises: Forbidden; NotFound; Conflict."""
    tx.require("item.edit")
    one_at_a_time(tx)
    variant = tx.session.get(ItemVariant, variant_id, with_for_update=True)
    if variant is None:
        raise NotFound("item.variant_not_found")
    for name in ("batch", "consignment_line"):
        column = sa.column("variant_id", sa.Uuid())
        query = sa.select(column).select_from(sa.table(name, column)).where(column == variant_id).limit(1)
        if tx.session.scalar(query) is not None:
            raise Conflict("item.variant_in_use", variant=variant.name)
    tx.session.delete(variant)
    tx.session.flush()
    tx.note("item.remove_variant", "item", variant.item_id, variant=variant.name)


# ---------------------------------------------------------------- minimum levels


def set_minimum(tx: Tx, order: SetMinimum) -> bool:
    """Say how much of an item should always lie at a warehouse; zero takes the level away. Tells whether it changed.

    Raises: Forbidden; NotFound, also for what is no warehouse of the office; Invalid.
    """
    tx.require("item.edit")
    one_at_a_time(tx)
    item = _row(tx, order.item_id)
    place = sa.table(
        "place", sa.column("id", sa.Uuid()), sa.column("regency_code"), sa.column("kind"), sa.column("is_closed")
    )
    is_warehouse = sa.select(place.c.id).where(
        place.c.id == order.place_id, place.c.regency_code == tx.regency_code, place.c.kind == "warehouse"
    )
    if tx.session.scalar(is_warehouse) is None:
        raise NotFound("place.not_found", place=str(order.place_id))
    if not 0 <= order.quantity_milli <= LARGEST_MILLI:
        raise Invalid("item.step_out_of_range", field="quantity_milli")
    if order.quantity_milli % item.step_milli:
        raise Invalid("item.minimum_not_a_step", field="quantity_milli", item=item.name_id)
    known = tx.session.get(MinimumLevel, (order.place_id, order.item_id))
    before = known.quantity_milli if known else 0
    if before == order.quantity_milli:
        return False
    if known and order.quantity_milli:
        known.quantity_milli, known.set_by, known.set_at = order.quantity_milli, tx.actor.id, tx.now
    elif known:
        tx.session.delete(known)
    else:
        tx.session.add(
            MinimumLevel(
                place_id=order.place_id, item_id=order.item_id, regency_code=tx.regency_code,
                quantity_milli=order.quantity_milli, set_by=tx.actor.id, set_at=tx.now,
            )
        )  # fmt: skip
    tx.session.flush()
    tx.note(
        "item.set_minimum", "item", item.id, place=str(order.place_id), before_milli=before,
        quantity_milli=order.quantity_milli,
    )  # fmt: skip
    return True


# ---------------------------------------------------------------- what all of them check


def one_at_a_time(tx: Tx) -> None:
    """Hold the catalogue until the end of the transaction: nobody else changes it, so that a name is given once."""
    alone(tx.session, "catalogue")


def _row(tx: Tx, item_id: UUID) -> Item:
    """Give an item's row, held until the end: no batch of it comes into being meanwhile. Raises: NotFound; Invalid."""
    row = tx.session.get(Item, item_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("item.not_found", item=str(item_id))
    if not row.is_stocked:
        raise Invalid("item.is_money")
    return row


def _pack(tx: Tx, pack_id: UUID) -> ItemPack:
    pack = tx.session.get(ItemPack, pack_id, with_for_update=True, populate_existing=True)
    if pack is None:
        raise NotFound("item.pack_not_found")
    return pack


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
    _insert_variants(tx, item_id, item)
    return item_id


def _insert_variants(tx: Tx, item_id: UUID, item: SeedItem) -> None:
    tx.session.add_all(
        ItemVariant(id=tx.new_id(), item_id=item_id, name=one.name, sex=one.sex, size=one.size) for one in item.variants
    )
