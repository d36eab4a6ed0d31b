"""What kits are made of, how many can be made where and what limits them, and what lies in the kits there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.measures import Milli, Rupiah
from core.work import Tx
from stock.items.queries import ItemView, item_by_id, items
from stock.kits.models import KitBatchComponent, KitComponent
from stock.kits.rules import makes, segments
from stock.ledger.kinds import ReleaseCondition
from stock.ledger.queries import BatchView, batch_balances, batches
from stock.ledger.rules import Lot, Want, is_expired, share_rp
from stock.places.queries import PlaceView, place_by_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentView:
    item: ItemView
    quantity_milli: Milli
    """In one kit."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KitView:
    item: ItemView
    components: tuple[ComponentView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentFree:
    """One component on the shelves of a place: what a kit needs, what is free, how many kits that does for."""

    item: ItemView
    quantity_milli: Milli
    free_milli: Milli
    kits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CanMake:
    place: PlaceView
    kit: ItemView
    kits: int
    components: tuple[ComponentFree, ...]

    @property
    def limiting(self) -> ComponentFree | None:
        """The scarcest component; None for an item that is no kit."""
        return min(self.components, key=lambda one: one.kits, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLine:
    """So much of a batch is in ONE kit."""

    batch: BatchView
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldMake:
    """One batch of kits that an order would make now."""

    kits: int
    expires_on: date | None
    value_rp: Rupiah
    content: tuple[ContentLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InKit:
    """A batch of kits that holds some of a component's batch."""

    kit_batch: BatchView
    quantity_milli: Milli
    """In ONE kit."""


def kits(tx: Tx) -> tuple[KitView, ...]:
    """Give the items that are kits, with what each is made of, by name."""
    rows = tx.session.scalars(sa.select(KitComponent)).all()
    goods = {one.id: one for one in items(tx, ids={one for row in rows for one in (row.kit_item_id, row.item_id)})}
    lines: dict[UUID, list[ComponentView]] = defaultdict(list)
    for row in rows:
        lines[row.kit_item_id].append(
            ComponentView(item=goods[row.item_id], quantity_milli=Milli(row.quantity_milli), source=row.source)
        )
    made = [
        KitView(item=goods[kit_id], components=tuple(sorted(found, key=lambda one: one.item.name_id)))
        for kit_id, found in lines.items()
    ]
    return tuple(sorted(made, key=lambda one: one.item.name_id))


def recipe_of(tx: Tx, kit_item_id: UUID) -> tuple[ComponentView, ...]:
    """Give what one kit is made of, by name; nothing for an item that is no kit."""
    return next((one.components for one in kits(tx) if one.item.id == kit_item_id), ())


def can_make(tx: Tx, place_id: UUID, kit_item_id: UUID) -> CanMake:
    """Tell how many kits the scarcest component allows today at a place. Raises: NotFound."""
    return what_can_be_made(tx, [place_by_id(tx, place_id)], kit_item_id)[0]


def what_can_be_made(tx: Tx, at: Sequence[PlaceView], kit_item_id: UUID) -> tuple[CanMake, ...]:
    """Tell for each of these places how many kits its shelves allow today. Raises: NotFound."""
    kit, recipe = item_by_id(tx, kit_item_id), recipe_of(tx, kit_item_id)
    free: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for lot in _shelves(tx, [place.id for place in at], recipe):
        free[lot.place_id, lot.item_id] += lot.free_milli
    found = []
    for place in at:
        there = {line.item.id: Milli(free[place.id, line.item.id]) for line in recipe}
        enough = makes({line.item.id: line.quantity_milli for line in recipe}, there)
        found.append(
            CanMake(
                place=place, kit=kit, kits=min(enough.values(), default=0),
                components=tuple(
                    ComponentFree(
                        item=line.item, quantity_milli=line.quantity_milli, free_milli=there[line.item.id],
                        kits=enough[line.item.id],
                    )
                    for line in recipe
                ),
            )
        )  # fmt: skip
    return tuple(found)


def would_make(tx: Tx, place_id: UUID, kit_item_id: UUID, kits: int) -> tuple[WouldMake, ...]:
    """Give the batches of kits that an order would make now, in the order they are filled; nothing when it cannot.

    Books and promises nothing: by the time of the order the shelves may have changed.
    """
    recipe = recipe_of(tx, kit_item_id)
    if not recipe or not 1 <= kits <= can_make(tx, place_id, kit_item_id).kits:
        return ()
    shelf = _shelves(tx, [place_id], recipe)
    made = segments(kits, {line.item.id: line.quantity_milli for line in recipe}, shelf)
    known = {one.id: one for one in batches(tx, {lot.batch_id for lot in shelf})}
    return tuple(
        WouldMake(
            kits=one.kits,
            expires_on=min((day for key in one.per_kit if (day := known[key].expires_on)), default=None),
            value_rp=Rupiah(
                sum(
                    share_rp(each * one.kits, known[key].quantity_milli, known[key].value_rp)
                    for key, each in one.per_kit.items()
                )
            ),
            content=tuple(ContentLine(batch=known[key], quantity_milli=each) for key, each in one.per_kit.items()),
        )
        for one in made
    )  # fmt: skip


def content_of(tx: Tx, batch_id: UUID) -> tuple[ContentLine, ...]:
    """Give what is in every kit of a batch, by component; nothing for a batch that was not put together here."""
    rows = tx.session.execute(
        sa.select(KitBatchComponent.component_batch_id, KitBatchComponent.quantity_milli).where(
            KitBatchComponent.batch_id == batch_id
        )
    ).all()
    known = {one.id: one for one in batches(tx, {row.component_batch_id for row in rows})}
    found = [
        ContentLine(batch=known[row.component_batch_id], quantity_milli=Milli(row.quantity_milli))
        for row in rows
        if row.component_batch_id in known
    ]
    return tuple(sorted(found, key=lambda one: (one.batch.item.name_id, one.batch.code)))


def kits_with(tx: Tx, component_batch_id: UUID) -> tuple[InKit, ...]:
    """Give the batches of kits into which some of a component's batch went, by code."""
    rows = tx.session.execute(
        sa.select(KitBatchComponent.batch_id, KitBatchComponent.quantity_milli).where(
            KitBatchComponent.component_batch_id == component_batch_id
        )
    ).all()
    each = {row.batch_id: row.quantity_milli for row in rows}
    return tuple(InKit(kit_batch=one, quantity_milli=Milli(each[one.id])) for one in batches(tx, each.keys()))


def wants_of(recipe: Sequence[ComponentView], place_id: UUID, kits: int, on: date) -> tuple[Want, ...]:
    """Say what so many kits need of a place's shelves."""
    return tuple(
        Want(
            group="", place_id=place_id, item_id=line.item.id, quantity_milli=Milli(line.quantity_milli * kits),
            usable_on=on,
        )
        for line in recipe
    )  # fmt: skip


def usable(lots: Iterable[Lot], recipe: Sequence[ComponentView], on: date) -> tuple[Lot, ...]:
    """Keep what may go into a kit: good on that day, under no condition, in whole steps of its item.

    Goods under a release condition stay out: the whole kit would have to wait for the decree that its rice needs.
    """
    steps = {line.item.id: line.item.step_milli for line in recipe}
    return tuple(
        replace(lot, free_milli=lot.free_milli - lot.free_milli % steps[lot.item_id])
        for lot in lots
        if lot.item_id in steps
        and not is_expired(lot.expires_on, on)
        and lot.release_condition is ReleaseCondition.NONE
    )


def _shelves(tx: Tx, place_ids: Collection[UUID], recipe: Sequence[ComponentView]) -> tuple[Lot, ...]:
    lying = batch_balances(tx, place_ids=place_ids, item_ids=[line.item.id for line in recipe])
    lots = [
        Lot(
            place_id=one.place.id, item_id=one.batch.item.id, batch_id=one.batch.id, batch_code=one.batch.code,
            funding_source=one.batch.funding_source, expires_on=one.batch.expires_on,
            received_on=one.batch.received_on, free_milli=one.on_hand_milli - one.reserved_milli,
            release_condition=one.batch.release_condition,
        )
        for one in lying
    ]  # fmt: skip
    return usable(lots, recipe, tx.today)
