"""An alternative to a plan as it stands in an address, and what it means: ``aturan=2026-2;stok=G1*beras*500``.

An address carries versions, codes of places and items, and amounts: nothing of a person. Whoever opens it sees the same
comparison, worked out with what lies in the warehouses then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from core.errors import Conflict, Invalid, NotFound
from core.i18n import say
from core.measures import MILLI, Milli, print_count, print_quantity, wire_quantity
from core.work import Tx
from logistics.packages.standard_queries import StandardView, standard, standard_lines
from logistics.packages.states import StandardState
from logistics.planning import priorities, rule_words
from logistics.planning.rules import PostChoice, Shelf
from logistics.planning.what_if import Capacity, Change, Floor
from stock.items.queries import find_item
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places

MOST_PARTS: Final = 12
MOST_LETTERS: Final = 600
MOST_PER_DAY: Final = 100_000
_AMOUNT: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,3})?", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
LARGEST: Final = "terbesar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One alternative by codes, as an address or a machine says it; empty fields change nothing."""

    rule: str = ""
    """A version of the priority rule, also one that is only proposed."""
    standard_id: UUID | None = None
    floor_permille: int | None = None
    is_floor_largest: bool = False
    stock: tuple[tuple[str, str, Milli], ...] = ()
    """Warehouse, item, how much more; less where negative."""
    closed_warehouses: tuple[str, ...] = ()
    closed_posts: tuple[str, ...] = ()
    capacities: tuple[tuple[str, int], ...] = ()

    @property
    def is_empty(self) -> bool:
        return self == Wish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A wish made out: the change in ids, and what it says to people."""

    wish: Wish
    change: Change
    told: tuple[str, ...]


def written(wish: Wish) -> str:
    """Write a wish for an address."""
    parts = []
    if wish.rule:
        parts.append(f"aturan={wish.rule}")
    if wish.standard_id is not None:
        parts.append(f"standar={wish.standard_id}")
    if wish.is_floor_largest:
        parts.append(f"bagian={LARGEST}")
    elif wish.floor_permille is not None:
        parts.append(f"bagian={wish.floor_permille}")
    parts += [f"stok={place}*{item}*{wire_quantity(milli)}" for place, item, milli in wish.stock]
    parts += [f"gudang={one}" for one in wish.closed_warehouses]
    parts += [f"titik={one}" for one in wish.closed_posts]
    parts += [f"daya={post}*{per_day}" for post, per_day in wish.capacities]
    return ";".join(parts)


def read(text: str) -> Wish:
    """Read what ``written`` wrote. Raises: Invalid for anything else."""
    wish = Wish()
    parts = [one for one in text.split(";") if one]
    if len(text) > MOST_LETTERS or len(parts) > MOST_PARTS:
        raise Invalid("what_if.unread", field="coba")
    for part in parts:
        name, _sep, value = part.partition("=")
        try:
            wish = _with(wish, name, value.strip())
        except (ValueError, ArithmeticError) as error:
            raise Invalid("what_if.unread", field="coba") from error
    return wish


def _with(wish: Wish, name: str, value: str) -> Wish:
    """Add one part of an address. Raises: ValueError."""
    if not value:
        raise ValueError(name)
    if name == "aturan":
        return replace(wish, rule=value)
    if name == "standar":
        return replace(wish, standard_id=UUID(value))
    if name == "bagian" and value == LARGEST:
        return replace(wish, is_floor_largest=True, floor_permille=None)
    if name == "bagian":
        return replace(wish, floor_permille=_whole(value, 0, 1000), is_floor_largest=False)
    if name == "stok":
        place, item, amount = value.rsplit("*", 2)
        if not _AMOUNT.fullmatch(amount):
            raise ValueError(amount)
        return replace(wish, stock=(*wish.stock, (place, item, Milli(int(Decimal(amount) * MILLI)))))
    if name == "gudang":
        return replace(wish, closed_warehouses=(*wish.closed_warehouses, value))
    if name == "titik":
        return replace(wish, closed_posts=(*wish.closed_posts, value))
    if name == "daya":
        post, per_day = value.rsplit("*", 1)
        return replace(wish, capacities=(*wish.capacities, (post, _whole(per_day, 1, MOST_PER_DAY))))
    raise ValueError(name)


def _whole(text: str, least: int, most: int) -> int:
    if not (_WHOLE.fullmatch(text) and least <= int(text) <= most):
        raise ValueError(text)
    return int(text)


def granted(tx: Tx, wish: Wish, posts: Sequence[PostChoice], lang: str) -> Granted:
    """Look up what a wish names. ``posts`` are those of the plan. Raises: NotFound; Conflict without a post."""
    warehouses = {one.code: one for one in places(tx, kinds=(PlaceKind.WAREHOUSE,))}
    by_code = {one.code: one for one in posts}
    change, told = Change(), []
    if wish.rule:
        view = priorities.rule_by_version(tx, wish.rule)
        change = replace(change, rule=view.priority)
        told.append(say("what_if.rule", lang, {"version": view.version, "name": view.title(lang)}))
    if wish.standard_id is not None:
        chosen = standard(tx, wish.standard_id)
        change = replace(change, lines=standard_lines(tx, chosen.id))
        told.append(say("what_if.standard", lang, {"name": _standard_name(chosen, lang), "version": chosen.version}))
    if wish.is_floor_largest or wish.floor_permille is not None:
        change = replace(change, floor=Floor(permille=wish.floor_permille))
        told.append(rule_words.floor_sentence(wish.floor_permille, lang))
    more = []
    for place_code, item_code, milli in wish.stock:
        where, item = _warehouse(warehouses, place_code), find_item(tx, item_code)
        more.append(
            Shelf(
                place_id=where.id, code=where.code, name=where.name, item_id=item.id, free_milli=milli,
                lon_deg=where.lon_deg, lat_deg=where.lat_deg,
            )
        )  # fmt: skip
        facts = {"amount": print_quantity(abs(milli), item.base_unit, lang), "item": item.name(lang),
                 "place": where.name}  # fmt: skip
        told.append(say("what_if.stock_more" if milli >= 0 else "what_if.stock_less", lang, facts))
    closed = [_warehouse(warehouses, one) for one in wish.closed_warehouses]
    told += [say("what_if.warehouse_closed", lang, {"place": one.name}) for one in closed]
    shut = [_post(by_code, one) for one in wish.closed_posts]
    if shut and not set(by_code.values()) - set(shut):
        raise Conflict("what_if.no_post_left")
    told += [say("what_if.post_closed", lang, {"post": one.name}) for one in shut]
    capacities = [(_post(by_code, code), per_day) for code, per_day in wish.capacities]
    told += [
        say("what_if.capacity", lang, {
            "post": post.name, "before": print_count(post.capacity_per_day, lang), "after": print_count(per_day, lang),
        })
        for post, per_day in capacities
    ]  # fmt: skip
    change = replace(
        change, more=tuple(more), closed_warehouses=tuple(one.id for one in closed),
        closed_posts=tuple(one.post_id for one in shut),
        capacities=tuple(Capacity(post_id=post.post_id, per_day=per_day) for post, per_day in capacities),
    )  # fmt: skip
    return Granted(wish=wish, change=change, told=tuple(told))


def can_be_chosen(view: StandardView) -> bool:
    """Tell whether an alternative may try a standard: retired ones are history."""
    return view.state is not StandardState.RETIRED


def _warehouse(known: dict[str, PlaceView], code: str) -> PlaceView:
    if code not in known:
        raise NotFound("place.not_found")
    return known[code]


def _post(known: dict[str, PostChoice], code: str) -> PostChoice:
    if code not in known:
        raise NotFound("post.not_found")
    return known[code]


def _standard_name(view: StandardView, lang: str) -> str:
    return view.name_en if lang == "en" else view.name_id
