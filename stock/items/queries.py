from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.measures import Milli
from core.work import Tx
from stock.items.kinds import Category, VariantSex
from stock.items.models import Item, ItemAlias, ItemPack, ItemVariant, MinimumLevel
from stock.items.rules import Standing, ranked


@dataclass(frozen=True, slots=True, kw_only=True)
class PackView:
    id: UUID
    name: str
    quantity_milli: Milli
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantView:
    """One size and sex of an item; a batch is of one variant, or of none where nobody said."""

    id: UUID
    name: str
    sex: VariantSex
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumView:
    """So much of an item should always lie at a place."""

    place_id: UUID
    item_id: UUID
    quantity_milli: Milli
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    id: UUID
    code: str
    name_id: str
    name_en: str
    category: Category
    base_unit: str
    step_milli: Milli
    does_expire: bool
    is_durable: bool
    is_stocked: bool
    """Whether it lies on a shelf; money does not."""
    is_active: bool
    source: str
    """Where it was read that the item is counted so, or whose decision it is."""
    packs: tuple[PackView, ...]
    aliases: tuple[str, ...]
    variants: tuple[VariantView, ...]
    weight_g: int | None = None
    """Grams of one base unit as somebody weighed it or read it; ``weights.grams_per_unit`` knows kg itself."""
    weight_source: str | None = None

    def name(self, lang: str) -> str:
        return self.name_en if lang == "en" else self.name_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What the ledger and a package need of an item, read in one statement."""

    id: UUID
    code: str
    name_id: str
    name_en: str
    base_unit: str
    step_milli: Milli
    does_expire: bool
    is_stocked: bool
    is_active: bool

    def name(self, lang: str) -> str:
        return self.name_en if lang == "en" else self.name_id


_TABLE = Item.__table__.c
_FACTS = sa.select(
    _TABLE.id, _TABLE.code, _TABLE.name_id, _TABLE.name_en, _TABLE.base_unit, _TABLE.step_milli, _TABLE.does_expire,
    _TABLE.is_stocked, _TABLE.is_active,
).where(_TABLE.id.in_(sa.bindparam("ids", expanding=True)))  # fmt: skip


def item_facts(tx: Tx, ids: Collection[UUID]) -> dict[UUID, ItemFacts]:
    """Give what the ledger needs of these items. Raises: NotFound when one does not exist."""
    found = {
        row.id: ItemFacts(
            id=row.id, code=row.code, name_id=row.name_id, name_en=row.name_en, base_unit=row.base_unit,
            step_milli=Milli(row.step_milli), does_expire=row.does_expire, is_stocked=row.is_stocked,
            is_active=row.is_active,
        )
        for row in tx.session.execute(_FACTS, {"ids": list(ids)})
    }  # fmt: skip
    for item_id in ids:
        if item_id not in found:
            raise NotFound("item.not_found", item=str(item_id))
    return found


def items_of_batches(tx: Tx, ids: Collection[UUID]) -> dict[UUID, ItemFacts]:
    """Give ``item_facts`` for new batches: these items are not changed before the batches are there.

    Raises: NotFound when one does not exist.
    """
    held = sa.select(_TABLE.id).where(_TABLE.id.in_(ids)).order_by(_TABLE.id)
    tx.session.execute(held.with_for_update(read=True, key_share=True))
    return item_facts(tx, ids)


def variant_items(tx: Tx, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Tell which item each of these variants belongs to; one that does not exist is not in the answer."""
    if not ids:
        return {}
    rows = tx.session.execute(sa.select(ItemVariant.id, ItemVariant.item_id).where(ItemVariant.id.in_(ids)))
    return {row.id: row.item_id for row in rows}


def unstocked_ids(tx: Tx) -> frozenset[UUID]:
    """Give the items that lie on no shelf: money."""
    return frozenset(tx.session.scalars(sa.select(Item.id).where(sa.not_(Item.is_stocked))))


def items(tx: Tx, *, ids: Collection[UUID] | None = None, with_inactive: bool = False) -> tuple[ItemView, ...]:
    """Give the catalogue of goods, or only these of it, by name; ``with_inactive`` also what is not stocked (money)."""
    if ids is not None:
        return _views(tx, _BY_ID, {"ids": list(ids)})
    return _views(tx, _ALL if with_inactive else _ACTIVE)


def find_item(tx: Tx, code: str) -> ItemView:
    """Give the item of a code. Raises: NotFound."""
    found = _views(tx, _BY_CODE, {"code": code.strip().lower()})
    if not found:
        raise NotFound("item.not_found", item=code)
    return found[0]


def item_by_id(tx: Tx, item_id: UUID) -> ItemView:
    """Raises: NotFound."""
    found = items(tx, ids=(item_id,))
    if not found:
        raise NotFound("item.not_found", item=str(item_id))
    return found[0]


def search_items(tx: Tx, text: str, limit: int = 20, *, with_inactive: bool = False) -> tuple[ItemView, ...]:
    """Find items by code, name or any spelling people use, also with typing errors; an empty text finds all."""
    return ranked(items(tx, with_inactive=with_inactive), text)[:limit]


def minimum_levels(
    tx: Tx, *, item_ids: Collection[UUID] | None = None, place_ids: Collection[UUID] | None = None
) -> tuple[MinimumView, ...]:
    """Give the office's minimum levels, of these items or at these places."""
    query = sa.select(
        MinimumLevel.place_id, MinimumLevel.item_id, MinimumLevel.quantity_milli, MinimumLevel.set_by,
        MinimumLevel.set_at,
    ).where(MinimumLevel.regency_code == tx.regency_code)  # fmt: skip
    if item_ids is not None:
        query = query.where(MinimumLevel.item_id.in_(item_ids))
    if place_ids is not None:
        query = query.where(MinimumLevel.place_id.in_(place_ids))
    return tuple(
        MinimumView(
            place_id=row.place_id, item_id=row.item_id, quantity_milli=Milli(row.quantity_milli), set_by=row.set_by,
            set_at=row.set_at,
        )
        for row in tx.session.execute(query.order_by(MinimumLevel.place_id, MinimumLevel.item_id))
    )  # fmt: skip


def with_fixed_unit(tx: Tx, item_ids: Collection[UUID] | None = None) -> frozenset[UUID]:
    """Give which of these items (or of all) something is already counted in: their base unit can never change."""
    found: set[UUID] = set()
    for name, column in _COUNTS_IN_BASE_UNIT:
        item_id = sa.column(column, sa.Uuid())
        query = sa.select(item_id).select_from(sa.table(name, item_id)).distinct()
        found.update(tx.session.scalars(query if item_ids is None else query.where(item_id.in_(item_ids))))
    return frozenset(found)


def lying_items(tx: Tx, item_ids: Collection[UUID] | None = None) -> frozenset[UUID]:
    """Give which of these items (or of all) lie at a real place."""
    balance = sa.table(
        "balance", sa.column("batch_id", sa.Uuid()), sa.column("is_bounded", sa.Boolean()), sa.column("on_hand_milli")
    )
    batch = sa.table("batch", sa.column("id", sa.Uuid()), sa.column("item_id", sa.Uuid()))
    query = (
        sa.select(batch.c.item_id)
        .select_from(balance.join(batch, batch.c.id == balance.c.batch_id))
        .where(balance.c.is_bounded.is_(True), balance.c.on_hand_milli != 0)
        .distinct()
    )
    return frozenset(
        tx.session.scalars(query if item_ids is None else query.where(batch.c.item_id.in_(item_ids)))
    )  # fmt: skip


def standing_of(tx: Tx, item_id: UUID) -> Standing:
    """Tell what holds an item as it is."""
    least = sa.select(MinimumLevel.item_id).where(MinimumLevel.item_id == item_id).limit(1)
    return Standing(
        is_counted_in=bool(with_fixed_unit(tx, [item_id])), has_minimum=tx.session.scalar(least) is not None,
        lies_somewhere=bool(lying_items(tx, [item_id])),
    )  # fmt: skip


def standings(tx: Tx) -> dict[UUID, Standing]:
    """Tell it of every item that anything holds."""
    fixed, lying = with_fixed_unit(tx), lying_items(tx)
    least = frozenset(tx.session.scalars(sa.select(MinimumLevel.item_id).distinct()))
    return {
        one: Standing(is_counted_in=one in fixed, has_minimum=one in least, lies_somewhere=one in lying)
        for one in fixed | lying | least
    }


def called(tx: Tx, *, besides: UUID | None = None) -> tuple[ItemView, ...]:
    """Give every item there is, active or not, money too; ``besides`` leaves one out."""
    return tuple(one for one in items(tx, with_inactive=True) if one.id != besides)


_COUNTS_IN_BASE_UNIT = (
    ("batch", "item_id"), ("consignment_line", "item_id"), ("kit_component", "item_id"),
    ("kit_component", "kit_item_id"), ("package_standard_line", "item_id"),
)  # fmt: skip
"""Tables of others, by name; what else speaks of an item rests on one of these."""


_ALL = sa.select(
    Item.id, Item.code, Item.name_id, Item.name_en, Item.category, Item.base_unit, Item.step_milli, Item.does_expire,
    Item.is_durable, Item.is_stocked, Item.is_active, Item.source, Item.weight_g, Item.weight_source,
).order_by(Item.name_id)  # fmt: skip
_ACTIVE = _ALL.where(Item.is_active, Item.is_stocked)
_BY_ID = _ALL.where(Item.id.in_(sa.bindparam("ids", expanding=True)))
_BY_CODE = _ALL.where(Item.code == sa.bindparam("code"))
_PACKS = (
    sa.select(ItemPack.item_id, ItemPack.id, ItemPack.name, ItemPack.quantity_milli, ItemPack.source)
    .where(ItemPack.item_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(ItemPack.quantity_milli, ItemPack.name)
)
_ALIASES = (
    sa.select(ItemAlias.item_id, ItemAlias.name)
    .where(ItemAlias.item_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(ItemAlias.name)
)
_VARIANTS = (
    sa.select(ItemVariant.item_id, ItemVariant.id, ItemVariant.name, ItemVariant.sex, ItemVariant.size)
    .where(ItemVariant.item_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(ItemVariant.name)
)


def _views(
    tx: Tx, query: sa.Select[*tuple[Any, ...]], asked: Mapping[str, object] | None = None
) -> tuple[ItemView, ...]:
    rows = tx.session.execute(query, asked).all()
    among = {"ids": [row.id for row in rows]}
    packs: dict[UUID, list[PackView]] = defaultdict(list)
    for pack in tx.session.execute(_PACKS, among):
        packs[pack.item_id].append(
            PackView(id=pack.id, name=pack.name, quantity_milli=Milli(pack.quantity_milli), source=pack.source)
        )
    aliases: dict[UUID, list[str]] = defaultdict(list)
    for alias in tx.session.execute(_ALIASES, among):
        aliases[alias.item_id].append(alias.name)
    variants: dict[UUID, list[VariantView]] = defaultdict(list)
    for one in tx.session.execute(_VARIANTS, among):
        variants[one.item_id].append(VariantView(id=one.id, name=one.name, sex=one.sex, size=one.size))
    return tuple(
        ItemView(
            id=row.id, code=row.code, name_id=row.name_id, name_en=row.name_en, category=row.category,
            base_unit=row.base_unit, step_milli=Milli(row.step_milli), does_expire=row.does_expire,
            is_durable=row.is_durable, is_stocked=row.is_stocked, is_active=row.is_active, source=row.source,
            packs=tuple(packs[row.id]), aliases=tuple(aliases[row.id]), variants=tuple(variants[row.id]),
            weight_g=row.weight_g, weight_source=row.weight_source,
        )
        for row in rows
    )  # fmt: skip
