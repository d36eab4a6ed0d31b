from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.measures import Milli
from core.work import Tx
from stock.items.kinds import Category
from stock.items.models import Item, ItemAlias, ItemPack


@dataclass(frozen=True, slots=True, kw_only=True)
class PackView:
    name: str
    quantity_milli: Milli


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
    packs: tuple[PackView, ...]
    aliases: tuple[str, ...]

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


def search_items(tx: Tx, text: str, limit: int = 20) -> tuple[ItemView, ...]:
    """Find items by code, name or any spelling people use; an empty text finds the whole catalogue."""
    wanted = _plain(text)
    ranked = [(_rank(item, wanted), item) for item in items(tx)]
    found = sorted((pair for pair in ranked if pair[0] is not None), key=lambda pair: (pair[0], pair[1].name_id))
    return tuple(item for _, item in found[:limit])


def _rank(item: ItemView, wanted: str) -> int | None:
    names = [_plain(name) for name in (item.code, item.name_id, item.name_en, *item.aliases)]
    if wanted in names:
        return 0
    if any(name.startswith(wanted) for name in names):
        return 1
    return 2 if any(wanted in name for name in names) else None


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


_ALL = sa.select(
    Item.id, Item.code, Item.name_id, Item.name_en, Item.category, Item.base_unit, Item.step_milli, Item.does_expire,
    Item.is_durable, Item.is_stocked, Item.is_active,
).order_by(Item.name_id)  # fmt: skip
_ACTIVE = _ALL.where(Item.is_active, Item.is_stocked)
_BY_ID = _ALL.where(Item.id.in_(sa.bindparam("ids", expanding=True)))
_BY_CODE = _ALL.where(Item.code == sa.bindparam("code"))
_PACKS = (
    sa.select(ItemPack.item_id, ItemPack.name, ItemPack.quantity_milli)
    .where(ItemPack.item_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(ItemPack.quantity_milli, ItemPack.name)
)
_ALIASES = (
    sa.select(ItemAlias.item_id, ItemAlias.name)
    .where(ItemAlias.item_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(ItemAlias.name)
)


def _views(
    tx: Tx, query: sa.Select[*tuple[Any, ...]], asked: Mapping[str, object] | None = None
) -> tuple[ItemView, ...]:
    rows = tx.session.execute(query, asked).all()
    among = {"ids": [row.id for row in rows]}
    packs: dict[UUID, list[PackView]] = defaultdict(list)
    for pack in tx.session.execute(_PACKS, among):
        packs[pack.item_id].append(PackView(name=pack.name, quantity_milli=Milli(pack.quantity_milli)))
    aliases: dict[UUID, list[str]] = defaultdict(list)
    for alias in tx.session.execute(_ALIASES, among):
        aliases[alias.item_id].append(alias.name)
    return tuple(
        ItemView(
            id=row.id, code=row.code, name_id=row.name_id, name_en=row.name_en, category=row.category,
            base_unit=row.base_unit, step_milli=Milli(row.step_milli), does_expire=row.does_expire,
            is_durable=row.is_durable, is_stocked=row.is_stocked, is_active=row.is_active,
            packs=tuple(packs[row.id]), aliases=tuple(aliases[row.id]),
        )
        for row in rows
    )  # fmt: skip
