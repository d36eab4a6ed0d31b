"""The board of a round: posts by days, with households, loads and weights; the same figures on screen and on paper."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.measures import Milli
from core.work import Tx
from logistics.dispatch.models import DispatchLoad, DispatchLoadLine
from logistics.dispatch.queries import PostView, posts
from logistics.dispatch.states import LoadState
from logistics.packages.cell_queries import CellPart, cell_goods, cell_parts
from logistics.packages.queries import RoundView, round_by_id
from logistics.packages.states import PackageState
from logistics.planning.commands import PURPOSE
from logistics.planning.hours import closed_among
from stock.items.queries import ItemView, items
from stock.items.weights import Weight, grams_per_unit, weigh
from stock.places.queries import places
from stock.reservations.queries import reservations


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Goods that are brought together, and what they weigh as far as anybody knows."""

    goods: tuple[tuple[ItemView, Milli], ...]
    weight: Weight

    def unknown(self, lang: str) -> tuple[str, ...]:
        """Name the items whose weight nobody knows."""
        return tuple(item.name(lang) for item, _ in self.goods if item.id in self.weight.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class FromWarehouse:
    """What one warehouse keeps for a post and day, or has sent there."""

    warehouse: str
    load: Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Households by state, persons, and households with anybody who is served first."""

    planned: int = 0
    reserved: int = 0
    loaded: int = 0
    served: int = 0
    waiting: int = 0
    persons: int = 0
    vulnerable: int = 0

    @property
    def households(self) -> int:
        return self.planned + self.reserved + self.loaded + self.served + self.waiting

    @property
    def movable(self) -> int:
        """Households whose goods have not left."""
        return self.planned + self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """Hours of a post's day: ``08:00-10:00``, empty for those who were promised none.

    ``households`` is what they can serve, None where the post does not tell them any more.
    """

    hours: str
    counts: Counts
    households: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One post on one day."""

    serve_on: date
    counts: Counts
    villages: tuple[tuple[str, int], ...]
    """Code and households, most first."""
    hours: tuple[Hour, ...]
    """Those that the post tells now, then those that were promised and are told no more; empty where there are none."""
    load: Load
    warehouses: tuple[FromWarehouse, ...]
    """Empty before anything is reserved."""
    is_closed: bool
    """The post does not serve on this day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One post over the days."""

    post: PostView
    cells: tuple[Cell, ...]
    counts: Counts
    load: Load

    def share(self, cell: Cell) -> int:
        """Give the share of the post's day that is taken, in percent; over 100 when it was made smaller since."""
        return cell.counts.households * 100 // self.post.capacity_per_day


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotal:
    serve_on: date
    counts: Counts
    load: Load
    capacity: int
    """Of the posts that serve on this day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    the_round: RoundView
    days: tuple[date, ...]
    rows: tuple[Row, ...]
    totals: tuple[DayTotal, ...]
    counts: Counts
    load: Load
    waiting: Counts
    waiting_villages: tuple[tuple[str, int], ...]

    def row(self, post_id: UUID) -> Row | None:
        """Give a post's row; None when the board does not show it."""
        return next((one for one in self.rows if one.post.id == post_id), None)

    def cell(self, post_id: UUID, serve_on: date) -> Cell | None:
        """Give one post's day; None when the board does not show it."""
        row = self.row(post_id)
        return next((one for one in row.cells if one.serve_on == serve_on), None) if row else None


def schedule(tx: Tx, round_id: UUID) -> Schedule:
    """Give the board of a round: every open post, and every other that serves somebody in it. Raises: NotFound."""
    the_round = round_by_id(tx, round_id)
    days = the_round.week.each()
    parts = cell_parts(tx, round_id)
    placed: dict[tuple[UUID, date], list[CellPart]] = defaultdict(list)
    for part in parts:
        if part.post_id is not None and part.serve_on is not None and part.state is not PackageState.WAITING:
            placed[part.post_id, part.serve_on].append(part)
    goods: dict[tuple[UUID, date], dict[UUID, int]] = defaultdict(dict)
    for line in cell_goods(tx, round_id):
        goods[line.post_id, line.serve_on][line.item_id] = int(line.quantity_milli)
    brought = _brought(tx, round_id)
    catalogue = {one.id: one for one in items(tx, ids={item for some in goods.values() for item in some})}
    for one in items(tx, ids={item for some in brought.values() for each in some.values() for item in each}):
        catalogue.setdefault(one.id, one)
    names = {one.id: one.name for one in places(tx, ids={place for some in brought.values() for place in some})}
    used = {post_id for post_id, _ in placed}
    shown = [one for one in posts(tx, with_closed=True) if one.closed_at is None or one.id in used]
    rows = tuple(
        Row(
            post=post,
            cells=tuple(
                _cell(post, day, placed[post.id, day], goods[post.id, day], brought[post.id, day], catalogue, names)
                for day in days
            ),
            counts=_counts(part for day in days for part in placed[post.id, day]),
            load=_load(_sum(goods[post.id, day] for day in days), catalogue),
        )
        for post in shown
    )
    waiting = [part for part in parts if part.state is PackageState.WAITING]
    return Schedule(
        the_round=the_round, days=days, rows=rows,
        totals=tuple(
            DayTotal(
                serve_on=day,
                counts=_counts(part for row in rows for part in placed[row.post.id, day]),
                load=_load(_sum(goods[row.post.id, day] for row in rows), catalogue),
                capacity=sum(row.post.capacity_per_day for row in rows
                             if row.post.closed_at is None and not row.cells[at].is_closed),
            )
            for at, day in enumerate(days)
        ),
        counts=_counts(part for some in placed.values() for part in some),
        load=_load(_sum(goods.values()), catalogue),
        waiting=_counts(waiting), waiting_villages=_villages(waiting),
    )  # fmt: skip


def _cell(
    post: PostView, day: date, parts: Sequence[CellPart], goods: Mapping[UUID, int],
    brought: Mapping[UUID, Mapping[UUID, int]], catalogue: Mapping[UUID, ItemView], names: Mapping[UUID, str],
) -> Cell:  # fmt: skip
    return Cell(
        serve_on=day, counts=_counts(parts), villages=_villages(parts), hours=_hours(post, parts),
        load=_load(goods, catalogue),
        warehouses=tuple(
            FromWarehouse(warehouse=names[place_id], load=_load(each, catalogue))
            for place_id, each in sorted(brought.items(), key=lambda pair: names[pair[0]])
        ),
        is_closed=bool(closed_among([day], post.closed_weekdays, [one.day for one in post.closed_days])),
    )  # fmt: skip


def _hours(post: PostView, parts: Sequence[CellPart]) -> tuple[Hour, ...]:
    by: dict[str, list[CellPart]] = defaultdict(list)
    for part in parts:
        by[part.hours].append(part)
    now = {one.hours: one.households for one in post.slots}
    before = sorted(hours for hours in by if hours not in now)
    # A post without hours, for people without hours: there is nothing to tell.
    if not now and before in ([], [""]):
        return ()
    return tuple(Hour(hours=hours, counts=_counts(by[hours]), households=now.get(hours)) for hours in (*now, *before))


_FIELD = {
    PackageState.PLANNED: "planned", PackageState.RESERVED: "reserved", PackageState.LOADED: "loaded",
    PackageState.HANDED_OVER: "served", PackageState.WAITING: "waiting",
}  # fmt: skip


def _counts(parts: Iterable[CellPart]) -> Counts:
    sums: Counter[str] = Counter()
    for part in parts:
        sums[_FIELD[part.state]] += part.households
        sums["persons"] += part.persons
        sums["vulnerable"] += part.vulnerable
    return Counts(**sums)


def _villages(parts: Iterable[CellPart]) -> tuple[tuple[str, int], ...]:
    sums: Counter[str] = Counter()
    for part in parts:
        sums[part.village_code] += part.households
    return tuple(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))


def _sum(many: Iterable[Mapping[UUID, int]]) -> dict[UUID, int]:
    total: Counter[UUID] = Counter()
    for one in many:
        total.update(one)
    return dict(total)


def _load(goods: Mapping[UUID, int], catalogue: Mapping[UUID, ItemView]) -> Load:
    lines = sorted(goods.items(), key=lambda pair: (catalogue[pair[0]].name_id, str(pair[0])))
    grams = {item_id: grams_per_unit(catalogue[item_id].base_unit, catalogue[item_id].weight_g) for item_id in goods}
    return Load(
        goods=tuple((catalogue[item_id], Milli(quantity)) for item_id, quantity in lines), weight=weigh(goods, grams)
    )


def _brought(tx: Tx, round_id: UUID) -> dict[tuple[UUID, date], dict[UUID, dict[UUID, int]]]:
    """Give what each warehouse keeps for a post and day, or has sent there: by post and day, warehouse, item."""
    found: dict[tuple[UUID, date], dict[UUID, dict[UUID, int]]]
    found = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for one in reservations(tx, purpose=PURPOSE, purpose_id=round_id):
        post_text, _, day_text = one.group_key.partition("/")
        key = (UUID(post_text), date.fromisoformat(day_text))
        found[key][one.place.id][one.batch.item.id] += int(one.quantity_milli)
    rows = tx.session.execute(
        sa.select(
            DispatchLoad.post_id, DispatchLoad.serve_on, DispatchLoad.warehouse_id, DispatchLoadLine.item_id,
            sa.func.sum(DispatchLoadLine.quantity_milli).label("quantity"),
        )
        .join(DispatchLoadLine, DispatchLoadLine.load_id == DispatchLoad.id)
        .where(
            DispatchLoad.regency_code == tx.regency_code, DispatchLoad.round_id == round_id,
            DispatchLoad.state == LoadState.SENT,
        )
        .group_by(DispatchLoad.post_id, DispatchLoad.serve_on, DispatchLoad.warehouse_id, DispatchLoadLine.item_id)
    )  # fmt: skip
    for row in rows:
        found[row.post_id, row.serve_on][row.warehouse_id][row.item_id] += int(row.quantity)
    return found
