"""Who can be reached from where: transport areas (an island, a valley cut off), ways closed, distances by detour.

Villages of one transport area are joined by land: their households walk or ride to posts of the same area, and a
warehouse brings goods to the whole area or, where its way is closed, to none of it. Pure: whole metres, the same on any
machine (``distances``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt

from logistics.planning.distances import UNKNOWN_M, metres_between
from logistics.planning.rules import PostChoice
from logistics.planning.states import Means

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

DETOUR_PERMILLE: Final = 1300
"""A road is this much longer than the straight line, where nobody has said otherwise."""
OUT_OF_REACH: Final = -1
_ALL: Final = {
    Means.ROAD: frozenset({Means.ROAD}), Means.BOAT: frozenset({Means.BOAT}),
    Means.BOTH: frozenset({Means.ROAD, Means.BOAT}),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportArea:
    """Villages joined by land, apart from the rest of the regency."""

    id: UUID
    name: str
    village_codes: tuple[str, ...]
    detour_permille: int = DETOUR_PERMILLE


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedWay:
    """A warehouse that can bring nothing to an area; ``area_id`` None: the rest of the regency."""

    warehouse_id: UUID
    area_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidDistance:
    """What people who know the way say: metres from a village to a post, or that there is none (None)."""

    village_code: str
    post_id: UUID
    metres: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """Everything known of the ways of a regency; empty: one area, every warehouse reaches it."""

    areas: tuple[TransportArea, ...] = ()
    closed: tuple[ClosedWay, ...] = ()
    said: tuple[SaidDistance, ...] = ()
    detour_permille: int = DETOUR_PERMILLE


class Standing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a household, or a group of them, is now."""

    village_code: str
    lon_deg: float | None
    lat_deg: float | None


def needed_means(
    home: UUID | None, area_id: UUID | None, means: Mapping[UUID | None, Means]
) -> tuple[Means, ...]:  # fmt: skip
    """Tell how goods come from a warehouse, which lies in the area ``home``, to an area; None: the rest of the regency.

    Within an area they go by road; else first out of the one by what leads out of it, then into the other.
    """
    if home == area_id:
        return (Means.ROAD,)
    return tuple(means[one] for one in (home, area_id) if one is not None)


def shuts(needed: Sequence[Means], closed: Sequence[Means]) -> bool:
    """Tell whether nothing gets there any more: for one part of the way, all that leads there is closed."""
    gone = frozenset().union(*(_ALL[one] for one in closed))
    return any(_ALL[one] <= gone for one in needed)


def areas_of(roads: Roads, village_codes: Sequence[str | None]) -> Ints:
    """Give the number of each village's area: 0 for the rest of the regency, then the areas in their order."""
    number = {code: at for at, area in enumerate(roads.areas, 1) for code in area.village_codes}
    return np.array([number.get(code or "", 0) for code in village_codes], dtype=np.int64)


def warehouse_reaches(roads: Roads, warehouse_ids: Sequence[UUID]) -> Bools:
    """Tell which areas each warehouse can bring goods to. Shape: (warehouses, 1 + areas)."""
    reaches = np.ones((len(warehouse_ids), 1 + len(roads.areas)), dtype=bool)
    row = {one: at for at, one in enumerate(warehouse_ids)}
    column = {None: 0} | {area.id: at for at, area in enumerate(roads.areas, 1)}
    for one in roads.closed:
        if one.warehouse_id in row and one.area_id in column:
            reaches[row[one.warehouse_id], column[one.area_id]] = False
    return reaches


def post_metres(roads: Roads, standing: Sequence[Standing], posts: Sequence[PostChoice]) -> Ints:
    """Give the metres from each place to each post: as said by hand, else the straight line times the area's detour.

    ``OUT_OF_REACH`` where the post lies in another area, or people say that there is no way; ``UNKNOWN_M`` where a
    position is unknown and the post lies in the same village, one more where it lies in another. Shape: (standing,
    posts).
    """
    numbers: dict[str | None, int] = {None: -1}
    home = np.array([numbers.setdefault(one.village_code, len(numbers)) for one in standing], dtype=np.int64)
    at_post = np.array([numbers.get(post.village_code, -1) for post in posts], dtype=np.int64)
    codes = [code or "" for code in numbers]
    # By village, not by place: there are far fewer. The first is nobody's.
    area = areas_of(roads, codes)[home]
    detour = np.array([roads.detour_permille, *(one.detour_permille for one in roads.areas)], dtype=np.int64)[area]
    lon, lat = _degrees([(one.lon_deg, one.lat_deg) for one in standing])
    to_lon, to_lat = _degrees([(one.lon_deg, one.lat_deg) for one in posts])
    metres = metres_between(lon, lat, to_lon, to_lat)
    is_unknown = metres == UNKNOWN_M
    np.minimum(metres * detour[:, None] // 1000, UNKNOWN_M - 1, out=metres)
    if is_unknown.any():
        is_home = home[:, None] == at_post[None, :]
        metres[is_unknown] = np.where(is_home[is_unknown], UNKNOWN_M, UNKNOWN_M + 1)
    metres[area[:, None] != areas_of(roads, [post.village_code for post in posts])[None, :]] = OUT_OF_REACH
    column = {post.post_id: at for at, post in enumerate(posts)}
    rows: dict[str, Ints] = {}
    for said in roads.said:
        if said.post_id in column and (number := numbers.get(said.village_code)) is not None:
            if said.village_code not in rows:
                rows[said.village_code] = np.flatnonzero(home == number)
            told = OUT_OF_REACH if said.metres is None else said.metres
            metres[rows[said.village_code], column[said.post_id]] = told
    return metres


def _degrees(points: Sequence[tuple[float | None, float | None]]) -> tuple[Floats, Floats]:
    """Give longitudes and latitudes; NaN both where either is unknown. Shapes: (points,), (points,)."""
    nowhere = (np.nan, np.nan)
    found = np.array(
        [nowhere if lon is None or lat is None else (lon, lat) for lon, lat in points], dtype=np.float64
    ).reshape(-1, 2)
    return found[:, 0], found[:, 1]
