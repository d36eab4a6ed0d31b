"""Outlines for those who know polygons without holes only (CAP): the same ground, cut into simple rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from registry_link.matching.outlines import Outline

_DECIMALS = 7
"""A centimetre; what is written with fewer letters may cross itself."""
_MOST_CUTS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A closed ring of an area without holes, as (longitude, latitude) in degrees; the first point is the last."""

    points: tuple[tuple[float, float], ...]


def together(outlines: Sequence[Outline]) -> tuple[Outline, int]:
    """Take several outlines as one area, and tell how many parts were left out because they lie within another."""
    parts = [part for one in outlines for part in one.parts]
    repairs = tuple(repair for one in outlines for repair in one.repairs)
    if len(parts) == 1:
        return Outline(tuple(parts), repairs), 0
    # The larger first: what lies within another can only lie within a larger one, or within its own twin.
    order = sorted(range(len(parts)), key=lambda number: (-parts[number].area, number))
    shapes = np.array([parts[number] for number in order], dtype=object)
    tree = shapely.STRtree(shapes)
    inner, outer = tree.query(shapes, predicate="covered_by")
    within = {int(one) for one, other in zip(inner, outer, strict=True) if other < one}
    kept = sorted(order[number] for number in range(len(order)) if number not in within)
    return Outline(tuple(parts[number] for number in kept), repairs), len(within)


def simple_rings(outline: Outline) -> tuple[Ring, ...]:
    """Cut an outline into rings without holes that together cover the same ground, each valid by itself.

    A part with holes is cut along the meridian through the middle of a hole, again and again: the pieces touch along
    the cuts and nowhere overlap. For our own areas, which were checked when they were posted.
    """
    rings: list[Ring] = []
    waiting: list[Polygon] = list(reversed(outline.parts))
    cuts = 0
    while waiting:
        part = waiting.pop()
        if not part.interiors:
            rings.append(_ring(part))
            continue
        cuts += 1
        if cuts > _MOST_CUTS:
            # Never yet seen: the shell alone says too much rather than too little.
            rings.append(_ring(Polygon(part.exterior)))
            continue
        waiting.extend(reversed(_halves(part)))
    return tuple(rings)


def rings_of(geojson: str) -> tuple[Ring, ...]:
    """Cut an area's own GeoJSON text, as ``zone_version`` holds it."""
    return simple_rings(Outline.from_geojson(geojson))


def _halves(part: Polygon) -> list[Polygon]:
    west, south, east, north = part.bounds
    hole = part.interiors[len(part.interiors) // 2].bounds
    middle = (hole[0] + hole[2]) / 2
    found: list[Polygon] = []
    for side in (
        shapely.box(west - 1, south - 1, middle, north + 1),
        shapely.box(middle, south - 1, east + 1, north + 1),
    ):
        piece = shapely.intersection(part, side)
        found += [one for one in shapely.get_parts(piece) if isinstance(one, Polygon) and one.area > 0]
    return found


def _ring(part: Polygon) -> Ring:
    points = np.round(shapely.get_coordinates(part.exterior), _DECIMALS)
    is_repeated = np.r_[False, (points[1:] == points[:-1]).all(axis=1)]
    return Ring(points=tuple((float(lon), float(lat)) for lon, lat in points[~is_repeated]))


def meets(first: str, second: str) -> bool:
    """Tell whether two areas (our own GeoJSON texts) share ground."""
    one, other = (_whole(text) for text in (first, second))
    return bool(shapely.intersects(one, other))


def _whole(text: str) -> shapely.Geometry:
    parts = Outline.from_geojson(text).parts
    return parts[0] if len(parts) == 1 else shapely.GeometryCollection(list(parts))


def one_area(texts: Sequence[str]) -> str | None:
    """Write several areas (our own GeoJSON texts) as one, without those that lie within another; None for none."""
    if not texts:
        return None
    return together([Outline.from_geojson(text) for text in texts])[0].to_geojson()
