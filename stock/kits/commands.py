"""The acts on kits: what they are made of, putting them together, taking them apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from core.clock import local_day
from core.errors import Conflict, Invalid
from core.measures import LARGEST_MILLI, MILLI, Milli
from core.work import Tx
from stock.items.commands import one_at_a_time
from stock.items.queries import item_facts, items
from stock.kits.models import KitBatchComponent, KitComponent
from stock.kits.queries import content_of, recipe_of, usable, wants_of
from stock.kits.rules import segments
from stock.kits.seed import SEED_KITS
from stock.ledger.commands import Assemble, Assembled, KitMade, Posted, Unpack, assemble, unpack
from stock.ledger.posting import Ground, check_step, lots, tell_short
from stock.ledger.rules import pick
from stock.places.kinds import PlaceKind
from stock.places.queries import place_by_id, sink

OWN_SOURCE = "office"
MOST_KITS = 100_000
MOST_COMPONENTS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeLine:
    item_id: UUID
    quantity_milli: Milli
    """In one kit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRecipe:
    """What one kit holds from now on; kits already put together keep what they hold. No lines: a kit no longer."""

    kit_item_id: UUID
    lines: tuple[RecipeLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembleKits:
    place_id: UUID
    kit_item_id: UUID
    kits: int
    event_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackKits:
    place_id: UUID
    batch_id: UUID
    kits: int
    event_at: datetime | None = None
    note: str = ""


def seed_kits(tx: Tx) -> int:
    """Say of the catalogue's kits what they are made of, where nothing is said yet; gives how many kits that were."""
    known = {one.code: one.id for one in items(tx, with_inactive=True)}
    said = set(tx.session.scalars(sa.select(KitComponent.kit_item_id).distinct()))
    new = [code for code in SEED_KITS if code in known and known[code] not in said]
    tx.session.add_all(
        KitComponent(
            kit_item_id=known[code], item_id=known[one.item], quantity_milli=one.quantity_milli, source=one.source
        )
        for code in new
        for one in SEED_KITS[code]
    )
    tx.session.flush()
    if new:
        tx.note("kit.seed", "item", "catalogue", kits=len(new))
    return len(new)


def set_recipe(tx: Tx, order: SetRecipe) -> None:
    """Say what one kit holds from now on.

    Raises: Forbidden; NotFound; Invalid for an item that cannot be a kit or a part of one, named with its line
    (``quantity-2``); Conflict where the kit is itself a part of another.
    """
    tx.require("item.edit")
    # Nobody makes a kit of one of its parts meanwhile.
    one_at_a_time(tx)
    if len(order.lines) > MOST_COMPONENTS:
        raise Invalid("stock.too_many_lines", field="lines", most=MOST_COMPONENTS)
    ids = [line.item_id for line in order.lines]
    goods = item_facts(tx, {order.kit_item_id, *ids})
    kit = goods[order.kit_item_id]
    if not kit.is_stocked or MILLI % kit.step_milli:
        raise Invalid("kit.not_whole", field="kit_item_id", kit=kit.name_id)
    rows = tx.session.execute(sa.select(KitComponent.kit_item_id, KitComponent.item_id)).all()
    kits = {row.kit_item_id for row in rows}
    if order.lines and any(row.item_id == kit.id for row in rows):
        raise Conflict("kit.is_a_component", kit=kit.name_id)
    for no, line in enumerate(order.lines, 1):
        item = goods[line.item_id]
        if item.id == kit.id or item.id in kits:
            raise Invalid("kit.component_is_a_kit", field=f"goods-{no}", item=item.name_id)
        if not item.is_stocked or not item.is_active:
            raise Invalid("stock.not_stocked", field=f"goods-{no}", item=item.name_id)
        if ids.count(item.id) > 1:
            raise Invalid("kit.component_twice", field=f"goods-{no}", item=item.name_id)
        if not 1 <= line.quantity_milli <= LARGEST_MILLI:
            raise Invalid("stock.quantity_out_of_range", field=f"quantity-{no}")
        if problem := check_step(item, line.quantity_milli):
            raise Invalid(problem.code, field=f"quantity-{no}", **problem.facts)
    tx.session.execute(sa.delete(KitComponent).where(KitComponent.kit_item_id == kit.id))
    tx.session.add_all(
        KitComponent(
            kit_item_id=kit.id, item_id=line.item_id, quantity_milli=line.quantity_milli, source=OWN_SOURCE
        )
        for line in order.lines
    )  # fmt: skip
    tx.session.flush()
    tx.note("kit.set_recipe", "item", kit.id, code=kit.code, components=len(order.lines))


def assemble_kits(tx: Tx, order: AssembleKits) -> Assembled:
    """Put kits together from what is free and good at a warehouse, earliest expiry first.

    As the components' batches change along the way, one order makes several batches of kits; all kits of a batch hold
    the same. Raises: Forbidden; NotFound; Invalid; StockShort with every component that is short; CannotPost.
    """
    tx.require("stock.assemble").need_place(order.place_id, "place")
    if not 1 <= order.kits <= MOST_KITS:
        raise Invalid("kit.count_out_of_range", field="kits", most=MOST_KITS)
    recipe = recipe_of(tx, order.kit_item_id)
    if not recipe:
        raise Invalid("kit.no_recipe", field="kit_item_id")
    if place_by_id(tx, order.place_id).kind is not PlaceKind.WAREHOUSE:
        raise Invalid("kit.only_in_warehouse", field="place_id")
    ground, on = Ground(tx), local_day(order.event_at or tx.now, tx.zone)
    wants = wants_of(recipe, order.place_id, order.kits, on)
    # The rows on both sides are locked at once: what is counted here is what is booked below.
    shelf = usable(
        lots(ground, wants, to_place_id=sink(tx, PlaceKind.ASSEMBLY).id, since=on),
        recipe, on,
    )  # fmt: skip
    _, short = pick(wants, shelf)
    if short:
        raise tell_short(ground, short)
    made = segments(order.kits, {line.item.id: line.quantity_milli for line in recipe}, shelf)
    done = assemble(
        tx,
        Assemble(
            place_id=order.place_id, event_at=order.event_at, note=order.note.strip(),
            kits=tuple(
                KitMade(item_id=order.kit_item_id, kits=one.kits, components=tuple(one.per_kit.items()))
                for one in made
            ),
        ),
    )  # fmt: skip
    tx.session.execute(
        sa.insert(KitBatchComponent),
        [
            {"batch_id": batch.batch_id, "component_batch_id": component_id, "quantity_milli": quantity}
            for batch, one in zip(done.batches, made, strict=True)
            for component_id, quantity in one.per_kit.items()
        ],
    )
    return done


def unpack_kits(tx: Tx, order: UnpackKits) -> Posted:
    """Take kits of a batch apart: exactly what was put in comes out, what is past its day into quarantine.

    Kits may lie in a warehouse or in its quarantine. Raises: Forbidden; NotFound; Invalid for a batch that was not
    put together here; StockShort; CannotPost.
    """
    place = place_by_id(tx, order.place_id)
    home = place.parent_id if place.kind is PlaceKind.QUARANTINE and place.parent_id else place.id
    tx.require("stock.assemble").need_place(home, "place")
    if not 1 <= order.kits <= MOST_KITS:
        raise Invalid("kit.count_out_of_range", field="kits", most=MOST_KITS)
    content = content_of(tx, order.batch_id)
    if not content:
        raise Invalid("kit.not_assembled_here", field="batch_id")
    return unpack(
        tx,
        Unpack(
            place_id=order.place_id, batch_id=order.batch_id, kits=order.kits, event_at=order.event_at,
            note=order.note.strip(), components=tuple((line.batch.id, line.quantity_milli) for line in content),
        ),
    )  # fmt: skip
