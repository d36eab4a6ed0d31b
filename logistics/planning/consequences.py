"""What follows from putting a group of households elsewhere, shown before anybody does it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.errors import Refused
from core.measures import Milli
from core.work import Tx
from logistics.packages.cell_queries import cell_goods, goods_in, served_elsewhere
from logistics.packages.states import PackageState
from logistics.planning.groups import Group, Refill, Walking, fingerprint, given_back, hours_for, refill
from logistics.planning.move_ground import (
    Ground,
    MoveGroup,
    held_for,
    how_far,
    read_ground,
    reserved_ids,
    shelves_reaching,
    short_of,
)
from stock.items.queries import ItemView, items
from stock.items.weights import Weight, grams_per_unit, weigh


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Households of a post and day before and after, against what it can serve."""

    before: int
    after: int
    capacity: int | None
    """None for a post that is closed by now."""
    others: int
    """Households of other rounds at the same post on the same day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRoom:
    starts_at: str
    ends_at: str
    before: int
    after: int
    households: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedGoods:
    """One item: what goes along, and what all posts together hand out on the two days, before and after."""

    item: ItemView
    moved_milli: Milli
    from_before_milli: Milli
    from_after_milli: Milli
    to_before_milli: Milli
    to_after_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What of one item one warehouse keeps for the group now, and will keep for it at its new place."""

    warehouse: str
    item: ItemView
    before_milli: Milli
    after_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """Everything that follows from a move, and everything that forbids it."""

    group: Group
    origin: Room
    target: Room
    hours: tuple[HourRoom, ...]
    """Of the new post as it tells them now, where it has hours."""
    walking: Walking
    goods: tuple[MovedGoods, ...]
    moved_weight: Weight
    from_weight: tuple[Weight, Weight]
    """Of all posts on the old day, before and after."""
    to_weight: tuple[Weight, Weight]
    sources: tuple[Source, ...]
    """Empty where nothing is reserved yet."""
    reserved: int
    """Households of the group whose goods are reserved."""
    problems: tuple[Refused, ...]
    needs_consent: bool
    """Households would have to go where no way is known."""
    is_same_day: bool
    """The days' totals stay as they are."""
    seen: str


def consequences(tx: Tx, order: MoveGroup) -> Consequences:
    """Tell what follows from a move; nothing is changed. Raises: Forbidden; NotFound."""
    tx.require("round.plan")
    found = read_ground(tx, order, order.choice)
    going = found.group.going
    goods = goods_in(tx, [one.id for one in going])
    catalogue = {one.id: one for one in items(tx, ids=goods)}
    days: dict[date, Counter[UUID]] = defaultdict(Counter)
    for one in cell_goods(tx, order.round_id):
        days[one.serve_on][one.item_id] += one.quantity_milli
    old, new = days[order.from_spot.serve_on], days[order.to_spot.serve_on]
    grams = {
        one.id: grams_per_unit(one.base_unit, one.weight_g) for one in items(tx, ids={*old, *new, *goods})
    }  # fmt: skip
    is_same_day = order.from_spot.serve_on == order.to_spot.serve_on
    moved = Counter({item_id: 0 if is_same_day else int(quantity) for item_id, quantity in goods.items()})
    metres = how_far(tx, order, going)
    problems = list(found.problems)
    kept, chosen, codes = _predicted(tx, order, found)
    if chosen is not None and chosen.short and not any(one.code == "board.part_has_left" for one in problems):
        problems.append(short_of(catalogue, chosen.short))
    taken_after = Counter(found.taken)
    if found.target is not None and not found.problems:
        taken_after.update(hours_for(found.target, found.taken, found.wanted))
    is_same_spot = order.from_spot == order.to_spot
    return Consequences(
        group=found.group,
        origin=Room(
            before=len(found.cell), after=len(found.cell) - (0 if is_same_spot else len(going)),
            capacity=next(
                (one.capacity_per_day for one in order.posts if one.post_id == order.from_spot.post_id), None
            ),
            others=served_elsewhere(tx, order.round_id, order.from_spot.post_id, order.from_spot.serve_on),
        ),
        target=Room(
            before=len(found.there), after=len(found.there) + (0 if is_same_spot else len(going)),
            capacity=found.target.capacity_per_day if found.target else None,
            others=served_elsewhere(tx, order.round_id, order.to_spot.post_id, order.to_spot.serve_on),
        ),
        hours=tuple(
            HourRoom(
                starts_at=hour.starts_at, ends_at=hour.ends_at, households=hour.households,
                before=sum(one.hours == hour.hours for one in found.there), after=taken_after[hour.hours],
            )
            for hour in (found.target.slots if found.target else ())
        ),
        walking=metres,
        goods=tuple(
            MovedGoods(
                item=catalogue[item_id], moved_milli=quantity, from_before_milli=Milli(old[item_id]),
                from_after_milli=Milli(old[item_id] - moved[item_id]), to_before_milli=Milli(new[item_id]),
                to_after_milli=Milli(new[item_id] + moved[item_id]),
            )
            for item_id, quantity in sorted(goods.items(), key=lambda pair: catalogue[pair[0]].name_id)
        ),
        moved_weight=weigh({item_id: int(quantity) for item_id, quantity in goods.items()}, grams),
        from_weight=(weigh(old, grams), weigh(old - moved, grams)),
        to_weight=(weigh(new, grams), weigh(new + moved, grams)),
        sources=_sources(catalogue, kept, chosen, codes),
        reserved=sum(one.state is PackageState.RESERVED for one in going),
        problems=tuple(problems),
        needs_consent=metres.out_of_reach > 0,
        is_same_day=is_same_day,
        seen=fingerprint((found.cell, found.there), found.target),
    )  # fmt: skip


def _predicted(
    tx: Tx, order: MoveGroup, found: Ground
) -> tuple[dict[tuple[UUID, UUID], int], Refill | None, dict[UUID, str]]:  # fmt: skip
    """Foretell what the old promises give back, from where the goods come then, and the names of those warehouses."""
    ids = reserved_ids(found.group.going)
    if not ids or order.from_spot == order.to_spot or found.target is None:
        return {}, None, {}
    need = goods_in(tx, ids)
    held, names = held_for(tx, order.round_id, order.from_spot)
    back = given_back(held, need)
    free, codes, more = shelves_reaching(tx, order, found, need, back)
    return back, refill(need, back, free, codes), names | more


def _sources(
    catalogue: Mapping[UUID, ItemView], kept: Mapping[tuple[UUID, UUID], int], chosen: Refill | None,
    names: Mapping[UUID, str],
) -> tuple[Source, ...]:  # fmt: skip
    after = {(place, item): quantity for place, item, quantity in chosen.takes} if chosen else {}
    return tuple(
        Source(
            warehouse=names[place],
            item=catalogue[item],
            before_milli=Milli(kept.get((place, item), 0)),
            after_milli=Milli(after.get((place, item), 0)),
        )
        for place, item in sorted({*kept, *after}, key=lambda key: (names[key[0]], catalogue[key[1]].name_id))
    )
