"""A plan is one pure answer to frozen inputs: the same inputs give the same plan on any machine, for ever.

``propose`` ranks the list by the declared rule, walks it against the shelves (``allocation``), spreads whoever gets
something over posts (``scheduling``) and days, and says of every household what it gets, what not and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt

from core.measures import Milli
from logistics.packages.rules import Days, ItemNeed, Need, People, StandardLine, count_of, need_of
from logistics.planning.allocation import Allocation, Policy, Queue, Stock, allocate, largest_floor
from logistics.planning.placing import Place, Placed, TooFewPlaces, place, serving_areas
from logistics.planning.priority import LARGEST, Priority, ranked
from logistics.planning.reaching import Roads, areas_of, warehouse_reaches
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Shelf, Taken, VillagePoint

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class HadBefore:
    """Durable items that a beneficiary was given already in this event, or one of the same days."""

    beneficiary_id: UUID
    item_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueOnly:
    """A beneficiary whose package left without these items: nothing else is due to it any more."""

    beneficiary_id: UUID
    item_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pledged:
    """What households of the same plan, ranked before, were given already."""

    village_code: str
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """Everything a plan is worked out from. It is kept with the plan, so that it can be worked out again."""

    rule: Priority
    lines: tuple[StandardLine, ...]
    response: Days
    """The week's days of the response, for staged rates."""
    serve_days: tuple[date, ...]
    """The days that can still be served, in order."""
    households: tuple[ConfirmedHousehold, ...]
    posts: tuple[PostChoice, ...]
    shelves: tuple[Shelf, ...]
    points: tuple[VillagePoint, ...] = ()
    roads: Roads = field(default_factory=Roads)
    had_before: tuple[HadBefore, ...] = ()
    due_only: tuple[DueOnly, ...] = ()
    pledged: tuple[Pledged, ...] = ()
    taken: tuple[Taken, ...] = ()
    money_items: tuple[UUID, ...] = ()
    """Items that lie on no shelf (cash)."""
    fit_to_stock: bool = False
    """Give only what there is; else the need is planned as if there were enough, and approval waits for the stock."""
    first_rank: int = 1


class Lacking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line that was not there at the household's turn.

    A plan has some hundred thousand of these: a struct is made ten times as fast as a dataclass.
    """

    item: ItemNeed
    left_milli: Milli
    """What could still be brought to it."""
    ahead_milli: Milli
    """What those before it lack of the item: it comes first when more arrives."""
    last_rank: int | None
    """The last one before it whose line was there."""


class Proposed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One household: what it needs, what it gets, where and when; or why not."""

    household: ConfirmedHousehold
    rank: int
    is_floor: bool
    """It came before its rank, for its village's floor."""
    need: Need
    given: tuple[ItemNeed, ...]
    """The lines it gets; empty: it waits."""
    lacking: tuple[Lacking, ...]
    """The lines that were not there. A line in neither waits for them, where the rule sends out whole packages only."""
    post: PostChoice | None
    serve_on: date | None
    slot: int | None
    """Index into the post's slots."""
    metres: int | None
    nearer: PostChoice | None
    """The nearest post within reach, when that was full."""
    place_in_post: int

    @property
    def hours(self) -> str:
        """What it is promised: ``08:00-10:00``; empty where it waits, or its post tells no hours."""
        return self.post.slots[self.slot].hours if self.post is not None and self.slot is not None else ""

    @property
    def waits(self) -> bool:
        return self.post is None

    @property
    def is_whole(self) -> bool:
        return self.post is not None and len(self.given) == len(self.need.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The answer, in the order of the ranks."""

    rows: tuple[Proposed, ...]
    floor_permille: int | None
    """The floor that was walked; None where nothing was fitted to stock."""
    largest_floor_permille: int
    """The share of every village that can have whole packages: the one to publish."""
    too_few: TooFewPlaces | None
    """Why not everybody has a place; the last by the order wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWalk:
    """The list in the declared order, walked against the shelves, before anybody has a place."""

    households: tuple[ConfirmedHousehold, ...]
    needs: tuple[Need, ...]
    """One for all households that look alike; ``pattern`` says which."""
    pattern: Ints
    """Row of ``needs`` of each household, also of those who take nothing. Shape: (households,)."""
    queue: Queue
    stock: Stock
    item_ids: tuple[UUID, ...]
    """Of the queue's items."""
    largest_floor_permille: int
    floor_permille: int
    found: Allocation | None
    """None where nothing is fitted to stock."""


def walk_list(inputs: PlanInputs, without_place: frozenset[int] = frozenset()) -> ListWalk:
    """Rank the list and walk it; those ``without_place`` (places in the order) take nothing. Raises: TooManyReaches."""
    households = ranked(inputs.rule, inputs.households)
    needs, pattern_of = _needs(inputs, households)
    on_shelves = _OnShelves.of(inputs, needs)
    table, asks = on_shelves.table, pattern_of
    if without_place:
        table = np.vstack([table, np.zeros((1, table.shape[1]), dtype=np.int64)])
        asks = pattern_of.copy()
        asks[sorted(without_place)] = len(table) - 1
    queue = Queue(
        reach=serving_areas(households, inputs.posts, points=inputs.points, roads=inputs.roads),
        village=_villages(households), pattern=asks, needs=table,
    )  # fmt: skip
    stock = on_shelves.stock(inputs)
    largest = largest_floor(queue, stock)
    floor = (largest if inputs.rule.floor_permille is LARGEST else inputs.rule.floor_permille) or 0
    policy = _policy(inputs.rule, floor, on_shelves.item_ids)
    return ListWalk(
        households=tuple(households), needs=tuple(needs), pattern=pattern_of, queue=queue, stock=stock,
        item_ids=on_shelves.item_ids,        largest_floor_permille=largest, floor_permille=floor,
        found=allocate(queue, stock, policy) if inputs.fit_to_stock else None,
    )  # fmt: skip


def propose(inputs: PlanInputs) -> Proposal:
    """Work the plan out. Raises: TooManyReaches."""
    without_place: frozenset[int] = frozenset()
    too_few = None
    while True:
        walk = walk_list(inputs, without_place)
        column = {item_id: at for at, item_id in enumerate(walk.item_ids)}
        given, gets_some = _given(walk.needs, walk.pattern, column, walk.found)
        going = [at for at in np.flatnonzero(gets_some).tolist() if at not in without_place]
        placed = place(
            [walk.households[at] for at in going], inputs.posts, inputs.serve_days, points=inputs.points,
            taken=inputs.taken, roads=inputs.roads,
        )  # fmt: skip
        too_few = too_few or placed.too_few
        left = {at for at, spot in zip(going, placed.places, strict=True) if spot is None}
        if walk.found is None or not left:
            break
        # Goods are not kept back for whoever has no place to fetch them: the walk goes on without them.
        without_place |= left
    return Proposal(
        rows=_rows(inputs, walk, given, going, placed),
        floor_permille=walk.floor_permille if inputs.fit_to_stock else None,
        largest_floor_permille=walk.largest_floor_permille,
        too_few=too_few,
    )


def _needs(inputs: PlanInputs, households: Sequence[ConfirmedHousehold]) -> tuple[list[Need], Ints]:
    """Work out every package once for all households that look alike. Shape of the second: (households,)."""
    had = {one.beneficiary_id: frozenset(one.item_ids) for one in inputs.had_before}
    due = {one.beneficiary_id: frozenset(one.item_ids) for one in inputs.due_only}
    # Those are alike whom the standard's lines count alike.
    bases = sorted({one for line in inputs.lines for one in (line.basis, line.condition) if one is not None})
    nothing: frozenset[UUID] = frozenset()
    known: dict[tuple[object, ...], int] = {}
    needs: list[Need] = []
    pattern_of = []
    counted: dict[People, tuple[int, ...]] = {}
    for one in households:
        before = had.get(one.beneficiary_id, nothing) if had else nothing
        only = due.get(one.beneficiary_id) if due else None
        counts = counted.get(one.composition)
        if counts is None:
            counts = counted[one.composition] = tuple(count_of(basis, one.composition) for basis in bases)
        key = (counts, before, only)
        row = known.get(key)
        if row is None:
            row = known[key] = len(needs)
            need = need_of(inputs.lines, one.composition, inputs.response, before)
            if only is not None:
                need = replace(need, items=tuple(item for item in need.items if item.item_id in only))
            needs.append(need)
        pattern_of.append(row)
    return needs, np.array(pattern_of, dtype=np.int64)


def _villages(households: Sequence[ConfirmedHousehold]) -> Ints:
    known: dict[str, int] = {}
    return np.array([known.setdefault(one.village_code, len(known)) for one in households], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _OnShelves:
    """The packages as the walk asks for them: no money, an item a column. Shape of ``table``: (patterns, items)."""

    item_ids: tuple[UUID, ...]
    column: Mapping[UUID, int]
    table: Ints

    @classmethod
    def of(cls, inputs: PlanInputs, needs: Sequence[Need]) -> _OnShelves:
        money = set(inputs.money_items)
        item_ids = tuple(dict.fromkeys(line.item_id for line in inputs.lines if line.item_id not in money))
        column = {item_id: at for at, item_id in enumerate(item_ids)}
        table = np.zeros((len(needs), len(item_ids)), dtype=np.int64)
        for row, need in enumerate(needs):
            for item in need.items:
                if item.item_id in column:
                    table[row, column[item.item_id]] = item.quantity_milli
        return cls(item_ids, column, table)

    def stock(self, inputs: PlanInputs) -> Stock:
        """Give what lies where, and what the same plan has given of it already."""
        warehouses = sorted({shelf.place_id: shelf.code for shelf in inputs.shelves}.items(), key=lambda one: one[1])
        row = {place_id: at for at, (place_id, _) in enumerate(warehouses)}
        free = np.zeros((max(1, len(row)), len(self.item_ids)), dtype=np.int64)
        for shelf in inputs.shelves:
            if shelf.item_id in self.column:
                free[row[shelf.place_id], self.column[shelf.item_id]] += max(0, shelf.free_milli)
        reaches = warehouse_reaches(inputs.roads, [place_id for place_id, _ in warehouses])
        if not warehouses:
            reaches = np.ones((1, 1 + len(inputs.roads.areas)), dtype=bool)
        pledged = np.zeros((reaches.shape[1], len(self.item_ids)), dtype=np.int64)
        area = areas_of(inputs.roads, [one.village_code for one in inputs.pledged])
        for at, one in zip(area.tolist(), inputs.pledged, strict=True):
            if one.item_id in self.column:
                pledged[at, self.column[one.item_id]] += one.quantity_milli
        return Stock(free_milli=free, reaches=reaches, pledged_milli=pledged)


def _policy(rule: Priority, floor: int, item_ids: Sequence[UUID]) -> Policy:
    if rule.part_items is None:
        return Policy(floor_permille=floor)
    alone = set(rule.part_items)
    return Policy(floor_permille=floor, part_items=tuple(at for at, one in enumerate(item_ids) if one in alone))


def _given(
    needs: Sequence[Need], pattern_of: Ints, column: Mapping[UUID, int], walked: Allocation | None
) -> tuple[list[tuple[ItemNeed, ...]], Bools]:  # fmt: skip
    """Give each household's lines that go out, and whether there are any. Whole packages, when nothing was walked."""
    if walked is None:
        return [needs[row].items for row in pattern_of], np.ones(len(pattern_of), dtype=bool)
    goes = walked.given_milli >= walked.queue.needs[pattern_of]
    goes &= walked.is_filled
    is_whole = walked.is_whole
    known: dict[tuple[int, bytes], tuple[ItemNeed, ...]] = {}
    given: list[tuple[ItemNeed, ...]] = []
    for at, row in enumerate(pattern_of.tolist()):
        if is_whole[at]:
            given.append(needs[row].items)
            continue
        key = (row, goes[at].tobytes())
        if key not in known:
            stocked = [item for item in needs[row].items if item.item_id in column and goes[at, column[item.item_id]]]
            # Money goes with the goods; alone it is no package of relief.
            known[key] = tuple(
                item for item in needs[row].items if item in stocked or (stocked and item.item_id not in column)
            )
        given.append(known[key])
    return given, is_whole | np.array([len(one) > 0 for one in given], dtype=bool)


def _rows(
    inputs: PlanInputs, walk: ListWalk, given: Sequence[tuple[ItemNeed, ...]], going: Sequence[int], placed: Placed
) -> tuple[Proposed, ...]:
    households, walked = walk.households, walk.found
    patterns = walk.pattern.tolist()
    spots: list[Place | None] = [None] * len(households)
    for at, spot in zip(going, placed.places, strict=True):
        spots[at] = spot
    lacking = _lacking(walk, walked, inputs.first_rank) if walked is not None else {}
    is_floor = np.zeros(len(households), dtype=bool)
    if walked is not None:
        moved = np.empty(len(households), dtype=np.int64)
        moved[walked.order] = np.arange(len(households))
        is_floor = moved < np.arange(len(households))
    posts = inputs.posts
    rows = []
    for at, (one, pattern, spot, first) in enumerate(zip(households, patterns, spots, is_floor.tolist(), strict=True)):
        rank, need, lacks = inputs.first_rank + at, walk.needs[pattern], lacking.get(at, ())
        if spot is None:
            rows.append(
                Proposed(
                    household=one, rank=rank, is_floor=first, need=need, given=(), lacking=lacks, post=None,
                    serve_on=None, slot=None, metres=None, nearer=None, place_in_post=0,
                )
            )  # fmt: skip
            continue
        rows.append(
            Proposed(
                household=one, rank=rank, is_floor=first, need=need, given=given[at], lacking=lacks,
                post=posts[spot.post], serve_on=spot.serve_on, slot=spot.slot, metres=spot.metres,
                nearer=posts[spot.nearer] if spot.nearer is not None else None, place_in_post=spot.place_in_post,
            )
        )  # fmt: skip
    return tuple(rows)


def _lacking(walk: ListWalk, walked: Allocation, first_rank: int) -> dict[int, tuple[Lacking, ...]]:
    """Put what was lacking in words of items, by place, in the order of the standard."""
    told = walked.lack_columns()
    column = {item_id: at for at, item_id in enumerate(walk.item_ids)}
    lines: list[dict[int, ItemNeed]] = [
        {column[item.item_id]: item for item in need.items if item.item_id in column} for need in walk.needs
    ]
    patterns = walk.pattern.tolist()
    found: dict[int, list[Lacking]] = {}
    for spot, item, left, ahead, last in zip(
        told.place.tolist(), told.item.tolist(), told.left_milli.tolist(), told.ahead_milli.tolist(),
        told.last_served.tolist(), strict=True,
    ):  # fmt: skip
        lacks = Lacking(
            item=lines[patterns[spot]][item], left_milli=left, ahead_milli=ahead,
            last_rank=None if last < 0 else first_rank + last,
        )  # fmt: skip
        if spot in found:
            found[spot].append(lacks)
        else:
            found[spot] = [lacks]
    # A line with a condition may come later in a package than in the standard.
    is_mixed = [list(one) != sorted(one) for one in lines]
    for spot, many in found.items():
        if is_mixed[patterns[spot]]:
            turn = {id(item): at for at, item in enumerate(walk.needs[patterns[spot]].items)}
            many.sort(key=lambda one, turn=turn: turn[id(one.item)])  # type: ignore[misc]
    return {spot: tuple(many) for spot, many in found.items()}
