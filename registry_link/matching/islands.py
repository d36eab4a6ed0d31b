"""Which villages hang together by land: islands, found in the villages' own boundaries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from core.work import Tx
from registry_link.matching.earth import areas_km2, plane, scale_m
from registry_link.regions.queries import boundaries_of
from registry_link.regions.states import Level

GAP_M = 100.0
"""Boundaries of neighbours that miss each other by less are drawn by two hands, not parted by the sea."""


def islands(tx: Tx) -> tuple[tuple[str, ...], ...]:
    """Give the office's villages in groups that hang together by land, the largest group first, each by code.

    A village stands where most of its land is: an islet of its own joins nothing.
    """
    rows = boundaries_of(tx, tx.regency_code, Level.VILLAGE)
    return land_groups([(one.region_code, one.geojson) for one in rows])


def land_groups(rows: Sequence[tuple[str, str]], gap_m: float = GAP_M) -> tuple[tuple[str, ...], ...]:
    """Group (code, GeoJSON text) by land, the most villages first, then by code."""
    pairs = sorted(rows)
    if not pairs:
        return ()
    shapes = np.array([_mainland(text) for _, text in pairs], dtype=object)
    flat = shapely.transform(shapes, plane)
    south, north = shapely.bounds(shapes)[:, 1], shapely.bounds(shapes)[:, 3]
    # Per village, at its own latitude: what is one metre on the plane depends on it by less than a part in a thousand.
    gaps = gap_m / scale_m((south + north) / 2)
    here, there = shapely.STRtree(flat).query(flat, predicate="dwithin", distance=gaps)
    group = list(range(len(pairs)))

    def root(at: int) -> int:
        while group[at] != at:
            group[at] = group[group[at]]
            at = group[at]
        return at

    for one, other in zip(here.tolist(), there.tolist(), strict=True):
        low, high = sorted((root(one), root(other)))
        group[high] = low
    found: dict[int, list[str]] = {}
    for at, (code, _) in enumerate(pairs):
        found.setdefault(root(at), []).append(code)
    return tuple(sorted((tuple(codes) for codes in found.values()), key=lambda codes: (-len(codes), codes)))


def _mainland(text: str) -> shapely.Geometry:
    parts = np.asarray(shapely.get_parts(shapely.from_geojson(text)), dtype=object)
    largest: shapely.Geometry = parts[int(np.argmax(areas_km2(parts)))]
    return largest
