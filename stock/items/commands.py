"""Changing the catalogue: items of the office's own, boxes, spellings, sizes, minimum levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import LARGEST_MILLI, Milli
from core.work import Tx
from stock.items.kinds import Category, VariantSex
from stock.items.models import Item, ItemAlias, ItemPack, ItemVariant, MinimumLevel
from stock.items.queries import ItemView, item_by_id, with_fixed_unit
from stock.items.rules import CODE, MOST_NAME, MOST_UNIT, RESERVED, fingerprint, is_money, is_twin_unit, plain
from stock.items.seed import CASH, SEED, SeedItem

OWN_SOURCE: Final = "office"
MOST_SOURCE: Final = 200
_LOCK: Final = 0x7461_6E67_6974_656D
"""PostgreSQL advisory lock: one change of the catalogue at a time, so that a name is given once; on SQLite the write
lock itself does."""


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
    name_id: str
    name_en: str
    category: Category
    base_unit: str
    step_milli: Milli
    does_expire: bool
    is_durable: bool
    is_active: bool
    source: str
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
    _one_at_a_time(tx)
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
    _one_at_a_time(tx)
    code = order.code.strip().lower()
    if not CODE.fullmatch(code) or code in RESERVED:
        raise Invalid("item.bad_code", field="code")
    if tx.session.scalar(sa.select(Item.id).where(Item.code == code)):
        raise Conflict("item.code_taken", item=code)
    name_id, name_en = _checked_names(order.name_id, order.name_en)
    item = SeedItem(
        code=code, name_id=name_id, name_en=name_en, category=order.category, base_unit=_checked_unit(order.base_unit),
        step_milli=_checked_step(order.step_milli), does_expire=order.does_expire, is_durable=order.is_durable,
        source=_checked_source(order.source),
    )  # fmt: skip
    aliases = [_checked_name(one, "aliases") for one in order.aliases]
    _check_free(tx, (code, name_id, name_en, *aliases))
    made = _insert(tx, item)
    for name in {plain(one): one for one in aliases}.values():
        tx.session.add(ItemAlias(id=tx.new_id(), item_id=made, name=name))
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
    _one_at_a_time(tx)
    row = _row(tx, order.item_id)
    before = item_by_id(tx, order.item_id)
    if order.seen and order.seen != fingerprint(before):
        raise Conflict("item.changed_meanwhile")
    name_id, name_en = _checked_names(order.name_id, order.name_en)
    wanted: dict[str, object] = {
        "name_id": name_id, "name_en": name_en, "category": order.category, "base_unit": _checked_unit(order.base_unit),
        "step_milli": _checked_step(order.step_milli), "does_expire": order.does_expire,
        "is_durable": order.is_durable, "is_active": order.is_active, "source": _checked_source(order.source),
    }  # fmt: skip
    changed = tuple(name for name, value in wanted.items() if getattr(row, name) != value)
    if {"name_id", "name_en"} & set(changed):
        _check_free(tx, (name_id, name_en), besides=row.id)
    if "base_unit" in changed:
        _check_unit_can_change(tx, before)
    if "step_milli" in changed and row.step_milli % order.step_milli and with_fixed_unit(tx, [row.id]):
        raise Conflict("item.step_coarser", item=before.name_id)
    if "is_active" in changed and not order.is_active and _lies_somewhere(tx, row.id):
        raise Conflict("item.still_in_stock", item=before.name_id)
    for name in changed:
        setattr(row, name, wanted[name])
    tx.session.flush()
    if changed:
        tx.note("item.edit", "item", row.id, code=row.code, changed=list(changed))
    return changed


def _check_unit_can_change(tx: Tx, before: ItemView) -> None:
    """Raises: Conflict; what is written in thousandths of the old unit would silently mean something else."""
    if with_fixed_unit(tx, [before.id]):
        raise Conflict("item.unit_is_fixed", item=before.name_id, unit=before.base_unit)
    has_minimum = tx.session.scalar(sa.select(MinimumLevel.item_id).where(MinimumLevel.item_id == before.id).limit(1))
    if before.packs or has_minimum:
        raise Conflict("item.unit_of_packs", item=before.name_id, unit=before.base_unit)


# ---------------------------------------------------------------- boxes


def add_pack(tx: Tx, order: AddPack) -> UUID:
    """Add a named box to an item. Raises: Forbidden; NotFound; Invalid; Conflict when the name says nothing new."""
    tx.require("item.edit")
    _one_at_a_time(tx)
    _row(tx, order.item_id)
    item = item_by_id(tx, order.item_id)
    name = _checked_name(order.name, "name", most=MOST_UNIT * 2)
    quantity = _checked_step(order.quantity_milli, "quantity_milli")
    if is_twin_unit(item, name):
        raise Conflict("item.pack_taken", pack=name)
    pack = ItemPack(
        id=tx.new_id(), item_id=item.id, name=name, quantity_milli=quantity, source=_checked_source(order.source)
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
    _one_at_a_time(tx)
    pack = _pack(tx, pack_id)
    quantity, before = _checked_step(quantity_milli, "quantity_milli"), pack.quantity_milli
    if quantity == before:
        return False
    pack.quantity_milli, pack.source = quantity, _checked_source(source)
    tx.session.flush()
    tx.note("item.change_pack", "item", pack.item_id, pack=pack.name, before_milli=before, quantity_milli=quantity)
    return True


def remove_pack(tx: Tx, pack_id: UUID) -> None:
    """Take a box out of the catalogue; no book names boxes, so nothing else changes. Raises: Forbidden; NotFound."""
    tx.require("item.edit")
    _one_at_a_time(tx)
    pack = _pack(tx, pack_id)
    tx.session.delete(pack)
    tx.session.flush()
    tx.note("item.remove_pack", "item", pack.item_id, pack=pack.name, quantity_milli=pack.quantity_milli)


# ---------------------------------------------------------------- spellings


def add_alias(tx: Tx, item_id: UUID, name: str) -> None:
    """Let an item be found by one more spelling. Raises: Forbidden; NotFound; Invalid; Conflict when it is taken."""
    tx.require("item.edit")
    _one_at_a_time(tx)
    item = item_by_id(tx, _row(tx, item_id).id)
    spelling = _checked_name(name, "alias")
    if plain(spelling) in {plain(one) for one in (item.code, item.name_id, item.name_en, *item.aliases)}:
        raise Conflict("item.alias_taken", alias=spelling)
    _check_free(tx, (spelling,), besides=item.id)
    tx.session.add(ItemAlias(id=tx.new_id(), item_id=item.id, name=spelling))
    tx.session.flush()
    tx.note("item.add_alias", "item", item.id, alias=spelling)


def remove_alias(tx: Tx, item_id: UUID, name: str) -> None:
    """Raises: Forbidden; NotFound."""
    tx.require("item.edit")
    _one_at_a_time(tx)
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
    _one_at_a_time(tx)
    item = item_by_id(tx, _row(tx, order.item_id).id)
    name, size = _checked_name(order.name, "variant"), order.size.strip()
    if len(size) > MOST_UNIT:
        raise Invalid("item.name_too_long", field="size", most=MOST_UNIT)
    if plain(name) in {plain(one.name) for one in item.variants}:
        raise Conflict("item.variant_taken", variant=name)
    made = ItemVariant(id=tx.new_id(), item_id=item.id, name=name, sex=order.sex, size=size)
    tx.session.add(made)
    tx.session.flush()
    tx.note("item.add_variant", "item", item.id, variant=name, sex=order.sex.value, size=size)
    return made.id


def remove_variant(tx: Tx, variant_id: UUID) -> None:
    """Take a size away that no batch and no expected goods are of. Raises: Forbidden; NotFound; Conflict."""
    tx.require("item.edit")
    _one_at_a_time(tx)
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
    _one_at_a_time(tx)
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


def _one_at_a_time(tx: Tx) -> None:
    if tx.session.get_bind().dialect.name == "postgresql":
        tx.session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


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


def _lies_somewhere(tx: Tx, item_id: UUID) -> bool:
    balance = sa.table(
        "balance", sa.column("batch_id", sa.Uuid()), sa.column("is_bounded", sa.Boolean()), sa.column("on_hand_milli")
    )
    batch = sa.table("batch", sa.column("id", sa.Uuid()), sa.column("item_id", sa.Uuid()))
    query = (
        sa.select(balance.c.batch_id)
        .select_from(balance.join(batch, batch.c.id == balance.c.batch_id))
        .where(batch.c.item_id == item_id, balance.c.is_bounded.is_(True), balance.c.on_hand_milli != 0)
        .limit(1)
    )
    return tx.session.scalar(query) is not None


def _check_free(tx: Tx, names: Iterable[str], *, besides: UUID | None = None) -> None:
    """Raises: Conflict when another item is called so: whoever types the name would not know which they get."""
    wanted = {plain(one): one for one in names}
    owners = tx.session.execute(sa.select(Item.id, Item.code, Item.name_id, Item.name_en)).all()
    called = [(row.id, name) for row in owners for name in (row.code, row.name_id, row.name_en)]
    called += [(row.item_id, row.name) for row in tx.session.execute(sa.select(ItemAlias.item_id, ItemAlias.name))]
    labels = {row.id: row.name_id for row in owners}
    for item_id, name in called:
        if item_id != besides and plain(name) in wanted:
            raise Conflict("item.name_taken", name=wanted[plain(name)], item=labels[item_id])


def _checked_names(name_id: str, name_en: str) -> tuple[str, str]:
    name = _checked_name(name_id, "name_id")
    return name, _checked_name(name_en, "name_en") if name_en.strip() else name


def _checked_name(name: str, field: str, *, most: int = MOST_NAME) -> str:
    found = " ".join(name.split())
    if not plain(found):
        raise Invalid("item.name_missing", field=field)
    if len(found) > most:
        raise Invalid("item.name_too_long", field=field, most=most)
    return found


def _checked_unit(unit: str) -> str:
    found = _checked_name(unit, "base_unit", most=MOST_UNIT)
    if is_money(found):
        raise Invalid("item.unit_is_money", field="base_unit")
    return found


def _checked_step(amount: int, field: str = "step_milli") -> Milli:
    if not 1 <= amount <= LARGEST_MILLI:
        raise Invalid("item.step_out_of_range", field=field)
    return Milli(amount)


def _checked_source(source: str) -> str:
    found = " ".join(source.split())
    if not found:
        raise Invalid("item.source_missing", field="source")
    if len(found) > MOST_SOURCE:
        raise Invalid("item.name_too_long", field="source", most=MOST_SOURCE)
    return found


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
