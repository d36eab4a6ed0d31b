"""Posts, days and hours for whoever gets something: groups by a flow, then one by one in the declared order.

Pure: the same list, posts and roads give the same places on any machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from logistics.planning.distances import UNKNOWN_M
from logistics.planning.reaching import OUT_OF_REACH, Roads, Standing, areas_of, post_metres
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Taken, VillagePoint
from logistics.planning.scheduling import Bottleneck, Crowd, NoRoom, Step, placed_by_rank, relaxations, spread

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CELLS_PER_DEGREE: Final = 100
"""Households within a square of some 1.1 km stand together."""
_SIGNS: Final = 3
"""Posts by whose order those who stand in one village are told apart."""


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where and when one household is served."""

    post: int
    """Index into the posts as they were given."""
    serve_on: date
    slot: int | None
    metres: int | None
    """None where nobody knows where the household, or the post, stands."""
    nearer: int | None
    """The nearest post within reach, when that is another."""
    place_in_post: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """One single step that brings places, worked out by placing everybody again."""

    step: Step
    post: PostChoice
    villages: tuple[str, ...]
    """Whose households are brought to a post out of their reach; () where the post gets more places."""
    places: int
    """What the post gets more, or how many are brought."""
    helps: int
    """So many more households have a place."""
    still_short: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TooFewPlaces:
    """The proof: households of these villages can use only these posts, which hold fewer than they need."""

    villages: tuple[str, ...]
    posts: tuple[PostChoice, ...]
    need: int
    hold: int
    ways_out: tuple[WayOut, ...]
    """Those that are enough first."""

    @property
    def short(self) -> int:
        return self.need - self.hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Everybody's place, in the order of the list; None without one."""

    places: tuple[Place | None, ...]
    too_few: TooFewPlaces | None


@dataclass(frozen=True, slots=True)
class _Opening:
    """One household's worth of a post's day."""

    serve_on: date
    slot: int | None


def place(
    households: Sequence[ConfirmedHousehold], posts: Sequence[PostChoice], days: Sequence[date], *,
    points: Sequence[VillagePoint] = (), taken: Sequence[Taken] = (), roads: Roads | None = None,
) -> Placed:  # fmt: skip
    """Give the households, in the declared order, their places: as near as all of them together can have it.

    Where the posts hold fewer, those who come first by the order have a place, and the bottleneck says why not all.
    The vulnerable have the first days of their post.
    """
    roads = roads or Roads()
    if not households:
        return Placed(places=(), too_few=None)
    order = sorted(range(len(posts)), key=lambda at: (posts[at].code, str(posts[at].post_id)))
    sorted_posts = [posts[at] for at in order]
    openings = [_openings(post, days, taken) for post in sorted_posts]
    cell_of, cells = _cells(households, points)
    metres = _within_serving(roads, cells, sorted_posts)
    group_of_cell = _groups(cells, metres)
    group_of = group_of_cell[cell_of]
    crowd = _crowd(group_of, group_of_cell, cell_of, metres, np.array([len(one) for one in openings], dtype=np.int64))
    has_place = np.ones(len(households), dtype=bool)
    too_few: TooFewPlaces | None = None
    try:
        flow = spread(crowd)
    except NoRoom as short:
        too_few = _too_few(crowd, short.bottleneck, sorted_posts, days, cells, group_of_cell)
        has_place = placed_by_rank(crowd, group_of)
        demand = np.bincount(group_of[has_place], minlength=len(crowd.demand)).astype(np.int64)
        flow = spread(Crowd(demand=demand, metres=crowd.metres, places=crowd.places))
    chosen = _chosen(group_of, cell_of, has_place, metres, flow)
    when = _when(households, chosen, openings)
    served = Counter({post.post_id: 0 for post in sorted_posts})
    for one in taken:
        served[one.post_id] += one.households
    nearest = _nearest(metres)
    exact = _exact_metres(households, cells, cell_of, chosen, metres, sorted_posts, roads, points)
    places: list[Place | None] = []
    for at, post in enumerate(chosen.tolist()):
        if post < 0:
            places.append(None)
            continue
        turn = int(when[at])
        opening = openings[post][turn]
        first = int(nearest[cell_of[at]])
        places.append(
            Place(
                post=order[post], serve_on=opening.serve_on, slot=opening.slot,
                metres=exact[at] if exact[at] < UNKNOWN_M else None, nearer=order[first] if first != post else None,
                place_in_post=served[sorted_posts[post].post_id] + turn + 1,
            )
        )  # fmt: skip
    return Placed(places=tuple(places), too_few=too_few)


def serving_areas(
    households: Sequence[ConfirmedHousehold],
    posts: Sequence[PostChoice],
    *,
    points: Sequence[VillagePoint] = (),
    roads: Roads,
) -> Ints:
    """Give the transport area whose posts serve each household: that of its village's nearest post within reach.

    It is the village's own, unless people say that a post of another area is nearer. Shape: (households,).
    """
    if not roads.areas or not households:
        return np.zeros(len(households), dtype=np.int64)
    sorted_posts = sorted(posts, key=lambda post: (post.code, str(post.post_id)))
    cell_of, cells = _cells(households, points)
    return _serving(roads, cells, sorted_posts, post_metres(roads, cells, sorted_posts))[cell_of]


def _within_serving(roads: Roads, cells: Sequence[Standing], posts: Sequence[PostChoice]) -> Ints:
    """Give the metres to the posts; those outside the area that serves a village are out of its reach.

    Goods are walked by that area: nobody is sent where what was counted for it cannot be brought.
    """
    metres = post_metres(roads, cells, posts)
    if roads.areas:
        there = areas_of(roads, [post.village_code for post in posts])
        metres[_serving(roads, cells, posts, metres)[:, None] != there[None, :]] = OUT_OF_REACH
    return metres


def _serving(roads: Roads, cells: Sequence[Standing], posts: Sequence[PostChoice], metres: Ints) -> Ints:
    """Shape: (cells,)."""
    there = areas_of(roads, [post.village_code for post in posts])
    area = areas_of(roads, [cell.village_code for cell in cells])
    nearest = _nearest(metres)
    best: dict[str, tuple[int, int]] = {}
    for at, cell in enumerate(cells):
        far = int(metres[at, nearest[at]])
        if far != OUT_OF_REACH:
            found = (far, int(there[nearest[at]]))
            best[cell.village_code] = min(found, best.get(cell.village_code, found))
    return np.array(
        [best[cell.village_code][1] if cell.village_code in best else area[at] for at, cell in enumerate(cells)],
        dtype=np.int64,
    )


def _too_few(
    crowd: Crowd, proof: Bottleneck, posts: Sequence[PostChoice], days: Sequence[date], cells: Sequence[Standing],
    group_of_cell: Ints,
) -> TooFewPlaces:  # fmt: skip
    """Put the proof in words of villages and posts, with the single steps that help."""
    villages: list[str] = [""] * len(crowd.demand)
    for cell, group in zip(cells, group_of_cell.tolist(), strict=True):
        villages[group] = cell.village_code
    more = np.array([post.capacity_per_day if len(set(days) - set(post.closed_on)) < len(days) else 0
                     for post in posts], dtype=np.int64)  # fmt: skip
    return TooFewPlaces(
        villages=tuple(sorted({villages[group] for group in proof.groups})),
        posts=tuple(posts[post] for post in proof.posts), need=proof.need, hold=proof.hold,
        ways_out=tuple(
            WayOut(
                step=one.step, post=posts[one.post], villages=() if one.group is None else (villages[one.group],),
                places=one.places, helps=one.helps, still_short=one.still_short,
            )
            for one in relaxations(crowd, day_places=more)
        ),
    )  # fmt: skip


def _openings(post: PostChoice, days: Sequence[date], taken: Sequence[Taken]) -> list[_Opening]:
    """Give a post's free places in the order in which they are filled: day by day, hour by hour.

    What a day serves already fills its first hours.
    """
    busy: Counter[date] = Counter()
    for one in taken:
        if one.post_id == post.post_id:
            busy[one.serve_on] += one.households
    found: list[_Opening] = []
    for day in days:
        if day in post.closed_on:
            continue
        slots = [slot for slot, hours in enumerate(post.slots) for _ in range(hours.households)]
        whole = [_Opening(day, slot) for slot in slots] or [_Opening(day, None)] * post.capacity_per_day
        found += whole[busy[day] :]
    return found


def _cells(
    households: Sequence[ConfirmedHousehold], points: Sequence[VillagePoint]
) -> tuple[Ints, tuple[Standing, ...]]:  # fmt: skip
    """Put those who stand together into one cell, at the middle of its square. Shapes: (households,) -> cells."""
    inside = {one.village_code: one for one in points}
    known: dict[tuple[str, int | None, int | None], int] = {}
    cell_of = np.empty(len(households), dtype=np.int64)
    for at, one in enumerate(households):
        if one.lon_deg is None or one.lat_deg is None:
            key: tuple[str, int | None, int | None] = (one.stands_in, None, None)
        else:
            key = (one.stands_in, int(one.lon_deg * CELLS_PER_DEGREE // 1), int(one.lat_deg * CELLS_PER_DEGREE // 1))
        cell_of[at] = known.setdefault(key, len(known))
    cells = []
    for village, lon, lat in known:
        if lon is not None and lat is not None:
            cells.append(
                Standing(
                    village_code=village, lon_deg=(lon + 0.5) / CELLS_PER_DEGREE, lat_deg=(lat + 0.5) / CELLS_PER_DEGREE
                )
            )
        else:
            point = inside.get(village)
            cells.append(
                Standing(
                    village_code=village, lon_deg=point.lon_deg if point else None,
                    lat_deg=point.lat_deg if point else None,
                )
            )  # fmt: skip
    return cell_of, tuple(cells)


def _nearest(metres: Ints) -> Ints:
    """Give the nearest post within reach of each row, the first of equals. Shape: (rows, posts) -> (rows,)."""
    far = np.where(metres == OUT_OF_REACH, np.iinfo(np.int64).max, metres)
    return np.asarray(far.argmin(axis=1), dtype=np.int64)


def _groups(cells: Sequence[Standing], metres: Ints) -> Ints:
    """Join the cells of one village that have the same nearest posts. Shape: (cells,)."""
    far = np.where(metres == OUT_OF_REACH, np.iinfo(np.int64).max, metres)
    signs = np.argsort(far, axis=1, kind="stable")[:, :_SIGNS]
    reach = metres != OUT_OF_REACH
    known: dict[tuple[str, bytes, bytes], int] = {}
    return np.array(
        [
            known.setdefault((cell.village_code, signs[at].tobytes(), reach[at].tobytes()), len(known))
            for at, cell in enumerate(cells)
        ],
        dtype=np.int64,
    )


def _crowd(group_of: Ints, group_of_cell: Ints, cell_of: Ints, metres: Ints, places: Ints) -> Crowd:
    """Add up the groups; a group's way to a post is the mean of its households'."""
    groups = int(group_of_cell.max()) + 1
    demand = np.bincount(group_of, minlength=groups).astype(np.int64)
    heads = np.bincount(cell_of, minlength=len(group_of_cell)).astype(np.int64)
    total = np.zeros((groups, metres.shape[1]), dtype=np.int64)
    np.add.at(total, group_of_cell, np.where(metres == OUT_OF_REACH, 0, metres) * heads[:, None])
    first = np.zeros(groups, dtype=np.int64)
    first[group_of_cell[::-1]] = np.arange(len(group_of_cell))[::-1]
    mean = np.where(metres[first] == OUT_OF_REACH, OUT_OF_REACH, total // np.maximum(demand, 1)[:, None])
    return Crowd(demand=demand, metres=mean, places=places)


def _chosen(group_of: Ints, cell_of: Ints, has_place: Bools, metres: Ints, flow: Ints) -> Ints:
    """Give each household the nearest post that its group's flow has left, in the order of the list; -1 without one.

    Shape: (households,).
    """
    left = flow.copy()
    near = np.argsort(np.where(metres == OUT_OF_REACH, np.iinfo(np.int64).max, metres), axis=1, kind="stable")
    ways: dict[int, list[int]] = {}
    chosen = np.full(len(group_of), -1, dtype=np.int64)
    groups, cells = group_of.tolist(), cell_of.tolist()
    for at in np.flatnonzero(has_place).tolist():
        group, cell = groups[at], cells[at]
        if cell not in ways:
            ways[cell] = [int(post) for post in near[cell] if flow[group, post] > 0]
        post = next(post for post in ways[cell] if left[group, post] > 0)
        left[group, post] -= 1
        chosen[at] = post
    return chosen


def _when(households: Sequence[ConfirmedHousehold], chosen: Ints, openings: Sequence[Sequence[_Opening]]) -> Ints:
    """Give each household its turn at its post, the vulnerable first, then by the order. Shape: (households,)."""
    is_later = np.array([one.vulnerable == 0 for one in households], dtype=bool)
    turn = np.full(len(chosen), -1, dtype=np.int64)
    for post in range(len(openings)):
        mine = np.flatnonzero(chosen == post)
        turn[mine[np.argsort(is_later[mine], kind="stable")]] = np.arange(len(mine))
    return turn


def _exact_metres(
    households: Sequence[ConfirmedHousehold], cells: Sequence[Standing], cell_of: Ints, chosen: Ints, metres: Ints,
    posts: Sequence[PostChoice], roads: Roads, points: Sequence[VillagePoint],
) -> list[int]:  # fmt: skip
    """Give the metres from each household itself to its post; its cell's where that is all that is known."""
    found: list[int] = metres[cell_of, np.maximum(chosen, 0)].tolist()
    for post in np.unique(chosen[chosen >= 0]).tolist():
        mine = [at for at in np.flatnonzero(chosen == post).tolist() if households[at].lon_deg is not None]
        if not mine:
            continue
        standing = [
            Standing(
                village_code=households[at].stands_in, lon_deg=households[at].lon_deg, lat_deg=households[at].lat_deg
            )
            for at in mine
        ]
        for at, far in zip(mine, post_metres(roads, standing, [posts[post]])[:, 0].tolist(), strict=True):
            found[at] = far
    return found
