"""A point inside each village, for households without a position of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from core.work import Tx
from registry_link.regions.queries import boundaries_of
from registry_link.regions.states import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerPoint:
    """A point that surely lies in the village; its centroid may not (8 of Tanimbar's 82 villages)."""

    village_code: str
    lon_deg: float
    lat_deg: float


def inner_points(tx: Tx, village_codes: Sequence[str]) -> tuple[InnerPoint, ...]:
    """Give a point inside each of these villages that has a boundary, by code."""
    wanted = set(village_codes)
    found = []
    for one in boundaries_of(tx, tx.regency_code, Level.VILLAGE):
        if one.region_code in wanted:
            point = shapely.point_on_surface(shapely.from_geojson(one.geojson))
            found.append(InnerPoint(village_code=one.region_code, lon_deg=float(point.x), lat_deg=float(point.y)))
    return tuple(found)
