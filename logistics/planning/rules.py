"""Who is served where, on which day, from which shelf: the same input gives the same plan on any machine.

Declared order (``RULE``): severity of the area, then cut-off areas, then the number of vulnerable members, then the
decile (unknown last), then the household's code. Nobody is excluded by it; it orders the queue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.measures import Milli
from logistics.packages.rules import People
from logistics.planning.allocation import Queue, Stock, allocate

RULE: Final = "2026-1"
EARTH_M: Final = 6_371_008.8
FAR_M: Final = 100_000_000
"""More metres than any two places on Earth are apart: a household whose place nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedHousehold:
    """A household of a confirmed list, or a person or card of one, as the plan needs it: no name, no number."""

    household_id: UUID
    code: str
    village_code: str
    composition: People
    lon_deg: float | None = None
    lat_deg: float | None = None
    severity: int = 0
    """Of its area; the higher the worse."""
    is_cut_off: bool = False
    decile: int | None = None
    beneficiary_kind: str = "household"
    person_or_card_id: UUID | None = None
    """Who the package is for, where that is not the household itself."""
    helped: int = 0
    """Packages it has been handed in this event before."""
    now_in: str | None = None
    """The village where it stands now, where that is not its own."""

    @property
    def beneficiary_id(self) -> UUID:
        return self.person_or_card_id or self.household_id

    @property
    def stands_in(self) -> str:
        return self.now_in or self.village_code

    @property
    def vulnerable(self) -> int:
        """Count infants, elderly, pregnant, nursing and disabled members (one person may count twice)."""
        who = self.composition
        return who.infants + who.elderly + who.pregnant + who.nursing + who.disabled


@dataclass(frozen=True, slots=True, kw_only=True)
class VillagePoint:
    """A point inside a village, for households without a position of their own."""

    village_code: str
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Hours of a post's day, local time (``08:00``), and the households they serve."""

    starts_at: str
    ends_at: str
    households: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChoice:
    """A post that may be used, with its households per day; ``closed_on`` are days it does not serve."""

    post_id: UUID
    code: str
    name: str
    capacity_per_day: int
    village_code: str | None = None
    lon_deg: float | None = None
    lat_deg: float | None = None
    closed_on: tuple[date, ...] = ()
    slots: tuple[Slot, ...] = ()
    """The hours of a day with the households of each; they add up to ``capacity_per_day``. Empty: no hours are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Households a post serves on a day already."""

    post_id: UUID
    serve_on: date
    households: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The first item a household's package lacked, at its turn."""

    item_id: UUID
    need_milli: Milli
    left_milli: Milli
    ahead_milli: Milli
    """What those before it lack of the item: it comes first when more arrives."""
    last_rank: int | None
    """The last one before it whose share of the item was there."""
    others: int
    """How many more items its package lacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the walk down the list gave one household: a post and a day, or what stood in the way."""

    rank: int
    post: PostChoice | None
    serve_on: date | None
    metres: int | None
    """Straight distance to the post; None when nobody knows where the household is."""
    nearer: PostChoice | None
    """The nearest post, when that was full."""
    place_in_post: int
    missing: Missing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What a warehouse has free of one item on the days in question."""

    place_id: UUID
    code: str
    item_id: UUID
    free_milli: Milli
    name: str = ""
    lon_deg: float | None = None
    lat_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One item that has to reach a post for a day."""

    post_id: UUID
    serve_on: date
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One item that leaves one warehouse for a post and day."""

    place_id: UUID
    post_id: UUID
    serve_on: date
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    item_id: UUID
    need_milli: Milli
    free_milli: Milli

    @property
    def short_milli(self) -> Milli:
        return Milli(max(0, self.need_milli - self.free_milli))


def order_of(household: ConfirmedHousehold) -> tuple[int, bool, int, int, str, str]:
    """Give the household's place in the declared order; smaller is earlier."""
    return (
        -household.severity,
        not household.is_cut_off,
        -household.vulnerable,
        household.decile if household.decile is not None else 99,
        household.code,
        str(household.beneficiary_id),
    )


def fit(
    households: Sequence[ConfirmedHousehold], needs: Sequence[Mapping[UUID, int]], free: Mapping[UUID, int],
    *, first_rank: int = 1,
) -> tuple[Missing | None, ...]:  # fmt: skip
    """Tell of each household in the declared order whether its whole package is there at its turn, or what is missing.

    ``needs`` are in the same order. Whoever lacks an item keeps what is left of it, and every other line of its
    package: nobody lower gets what a higher one waits for (``allocation``).
    """
    item_ids = sorted({item_id for need in needs for item_id in need}, key=str)
    column = {item_id: at for at, item_id in enumerate(item_ids)}
    pattern_of: dict[tuple[tuple[UUID, int], ...], int] = {}
    pattern = [pattern_of.setdefault(tuple(sorted(need.items(), key=str)), len(pattern_of)) for need in needs]
    table = np.zeros((len(pattern_of), len(item_ids)), dtype=np.int64)
    for lines, row in pattern_of.items():
        for item_id, quantity in lines:
            table[row, column[item_id]] = quantity
    nobody = np.zeros(len(households), dtype=np.int64)
    queue = Queue(reach=nobody, village=nobody, pattern=np.array(pattern, dtype=np.int64), needs=table)
    stock = Stock(
        free_milli=np.array([[max(0, free.get(item_id, 0)) for item_id in item_ids]], dtype=np.int64),
        reaches=np.ones((1, 1), dtype=bool),
    )
    found = allocate(queue, stock)
    missing: list[Missing | None] = [None] * len(households)
    for place, lacks in found.lacks().items():
        # In the order of the standard, as the need was worked out.
        order = list(needs[place])
        first = min(lacks, key=lambda lack: order.index(item_ids[lack.item]))
        missing[place] = Missing(
            item_id=item_ids[first.item], need_milli=Milli(first.need_milli), left_milli=Milli(first.left_milli),
            ahead_milli=Milli(first.ahead_milli), others=len(lacks) - 1,
            last_rank=None if first.last_served is None else first_rank + first.last_served,
        )  # fmt: skip
    return tuple(missing)


def walk(
    households: Sequence[ConfirmedHousehold],
    posts: Sequence[PostChoice],
    days: Sequence[date],
    *,
    points: Sequence[VillagePoint] = (),
    taken: Sequence[Taken] = (),
    missing: Sequence[Missing | None] = (),
    first_rank: int = 1,
) -> tuple[Turn, ...]:
    """Walk down the ordered list once and give every household its turn.

    ``households`` are in the declared order; those with something ``missing`` (in the same order, from ``fit``) wait.
    Each other goes to its nearest post that has room on any day (ties by the post's code); a post fills its days in
    order, so its vulnerable households come first.
    """
    posts = sorted(posts, key=lambda post: (post.code, str(post.post_id)))
    slots = _slots(posts, days, taken)
    nearest, metres = _by_distance(households, posts, points)
    used = [0] * len(posts)
    served = Counter({post.post_id: 0 for post in posts})
    for one in taken:
        served[one.post_id] += one.households
    turns = []
    for at, _ in enumerate(households):
        rank = first_rank + at
        lacks = missing[at] if missing else None
        chosen = None
        if lacks is None:
            chosen = next((int(post) for post in nearest[at] if used[post] < len(slots[post])), None)
        if chosen is None:
            turns.append(Turn(rank=rank, post=None, serve_on=None, metres=None, nearer=None, place_in_post=0,
                              missing=lacks))  # fmt: skip
            continue
        first = int(nearest[at][0])
        far = int(metres[at][chosen])
        turns.append(
            Turn(
                rank=rank, post=posts[chosen], serve_on=slots[chosen][used[chosen]],
                metres=far if far < FAR_M else None, nearer=posts[first] if first != chosen else None,
                place_in_post=served[posts[chosen].post_id] + used[chosen] + 1, missing=None,
            )
        )  # fmt: skip
        used[chosen] += 1
    return tuple(turns)


def _slots(posts: Sequence[PostChoice], days: Sequence[date], taken: Sequence[Taken]) -> list[list[date]]:
    """Give each post's free places as the day of each, in order."""
    busy: dict[tuple[UUID, date], int] = {}
    for one in taken:
        busy[one.post_id, one.serve_on] = busy.get((one.post_id, one.serve_on), 0) + one.households
    return [
        [
            day
            for day in days
            if day not in post.closed_on
            for _ in range(max(0, post.capacity_per_day - busy.get((post.post_id, day), 0)))
        ]
        for post in posts
    ]


def _by_distance(
    households: Sequence[ConfirmedHousehold], posts: Sequence[PostChoice], points: Sequence[VillagePoint]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give each household's posts from near to far, and the whole metres to each.

    Shapes: both (households, posts). Where a position is unknown, posts of the same village come first.
    """
    inside = {point.village_code: (point.lon_deg, point.lat_deg) for point in points}
    unknown = (float("nan"), float("nan"))
    where = np.array(
        [
            (one.lon_deg, one.lat_deg)
            if one.lon_deg is not None and one.lat_deg is not None
            else inside.get(one.village_code, unknown)
            for one in households
        ],
        dtype=np.float64,
    ).reshape(-1, 2)
    there = np.array(
        [
            (post.lon_deg, post.lat_deg)
            if post.lon_deg is not None and post.lat_deg is not None
            else inside.get(post.village_code or "", unknown)
            for post in posts
        ],
        dtype=np.float64,
    ).reshape(-1, 2)
    metres = distance_m(where[:, None, 0], where[:, None, 1], there[None, :, 0], there[None, :, 1])
    order = metres.copy()
    lost = np.nonzero((metres >= FAR_M).any(axis=1))[0]
    villages = [post.village_code for post in posts]
    for row in map(int, lost):
        for column, village in enumerate(villages):
            if metres[row, column] >= FAR_M and village is not None and village == households[row].village_code:
                order[row, column] = -1
    return np.argsort(order, axis=1, kind="stable").astype(np.int64), metres


def distance_m(
    lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64], to_lon_deg: NDArray[np.float64],
    to_lat_deg: NDArray[np.float64],
) -> NDArray[np.int64]:  # fmt: skip
    """Give great-circle distances in whole metres; a pair with an unknown end is farther than anything."""
    lon, lat, to_lon, to_lat = (np.radians(value) for value in (lon_deg, lat_deg, to_lon_deg, to_lat_deg))
    half = np.sin((to_lat - lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
    metres = 2 * EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return np.where(np.isnan(metres), FAR_M, np.rint(np.nan_to_num(metres))).astype(np.int64)


def totals(needs: Sequence[Mapping[UUID, int]]) -> dict[UUID, int]:
    """Add up needs item by item."""
    sums: dict[UUID, int] = {}
    for need in needs:
        for item_id, quantity in need.items():
            sums[item_id] = sums.get(item_id, 0) + quantity
    return sums


def shorts(wanted: Mapping[UUID, int], free: Mapping[UUID, int]) -> tuple[Short, ...]:
    """Name every item of which there is too little, in the order of ``wanted``."""
    return tuple(
        Short(item_id=item_id, need_milli=Milli(need), free_milli=Milli(free.get(item_id, 0)))
        for item_id, need in wanted.items()
        if free.get(item_id, 0) < need
    )


def take_from_shelves(wants: Sequence[Want], shelves: Sequence[Shelf], posts: Sequence[PostChoice]) -> tuple[Take, ...]:
    """Choose the warehouse of every want: the post's nearest first, then the next, ties by the warehouse's code.

    The wants are served by day, post code and item, so that the same plan always takes from the same shelves. The
    caller has made sure that there is enough; ValueError otherwise.
    """
    code = {post.post_id: (post.code, str(post.post_id)) for post in posts}
    by_item: dict[UUID, list[Shelf]] = {}
    for shelf in shelves:
        by_item.setdefault(shelf.item_id, []).append(shelf)
    left = {(shelf.place_id, shelf.item_id): int(shelf.free_milli) for shelf in shelves}
    far = _shelf_metres(shelves, posts)
    takes = []
    for want in sorted(wants, key=lambda want: (want.serve_on, code[want.post_id], str(want.item_id))):
        open_milli = int(want.quantity_milli)
        near = sorted(by_item.get(want.item_id, ()), key=lambda shelf: (far[want.post_id, shelf.place_id], shelf.code))
        for shelf in near:
            amount = min(open_milli, left[shelf.place_id, shelf.item_id])
            if amount > 0:
                left[shelf.place_id, shelf.item_id] -= amount
                open_milli -= amount
                takes.append(Take(place_id=shelf.place_id, post_id=want.post_id, serve_on=want.serve_on,
                                  item_id=want.item_id, quantity_milli=Milli(amount)))  # fmt: skip
        if open_milli:
            raise ValueError(f"{open_milli} thousandths of {want.item_id} are on no shelf")
    return tuple(takes)


def _shelf_metres(shelves: Sequence[Shelf], posts: Sequence[PostChoice]) -> dict[tuple[UUID, UUID], int]:
    places = {shelf.place_id: shelf for shelf in shelves}
    nan = float("nan")
    found = {}
    for post in posts:
        for place_id, shelf in places.items():
            found[post.post_id, place_id] = int(
                distance_m(
                    np.array(nan if post.lon_deg is None else post.lon_deg),
                    np.array(nan if post.lat_deg is None else post.lat_deg),
                    np.array(nan if shelf.lon_deg is None else shelf.lon_deg),
                    np.array(nan if shelf.lat_deg is None else shelf.lat_deg),
                )
            )
    return found


def lasts_days(free_milli: int, need_milli: int, days: int) -> int | None:
    """Tell for how many days what is free lasts at the week's rate, rounded down; None when nothing is needed."""
    return None if need_milli <= 0 else free_milli * days // need_milli
