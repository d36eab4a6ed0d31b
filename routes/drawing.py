"""GeoJSON as paths of a drawing that needs no script: for the printed map. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_KM_PER_DEGREE = 111.32
_SCALES_KM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
Ring = list[list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A part of the world, in degrees."""

    west: float
    south: float
    east: float
    north: float

    def padded(self, share: float) -> Extent:
        dx, dy = max(self.east - self.west, 1e-4) * share, max(self.north - self.south, 1e-4) * share
        return Extent(west=self.west - dx, south=self.south - dy, east=self.east + dx, north=self.north + dy)


class Sheet:
    """Fits an extent into a frame of so many units; one degree is as long both ways as it is on the ground."""

    def __init__(self, extent: Extent, wide: float, high: float) -> None:
        self.wide, self.high = wide, high
        self._squeeze = math.cos(math.radians((extent.south + extent.north) / 2))
        across = max((extent.east - extent.west) * self._squeeze, 1e-6)
        up = max(extent.north - extent.south, 1e-6)
        self._scale = min(wide / across, high / up)
        self._west = extent.west - (wide / self._scale - across) / 2 / self._squeeze
        self._north = extent.north + (high / self._scale - up) / 2

    def place(self, lon_deg: float, lat_deg: float) -> tuple[float, float]:
        """Give where a position lies on the sheet, from its upper left corner."""
        return (
            round((lon_deg - self._west) * self._squeeze * self._scale, 1),
            round((self._north - lat_deg) * self._scale, 1),
        )

    def middle_of(self, extent: Extent) -> tuple[float, float, float]:
        """Give where the middle of an extent lies on the sheet, and how far down its top is."""
        x, y = self.place((extent.west + extent.east) / 2, (extent.south + extent.north) / 2)
        return x, y, self.place(extent.west, extent.north)[1]

    def path(self, geometry: dict[str, Any]) -> str:
        """Write a geometry's outline; points that fall together are drawn once, what lies off the sheet is left out."""
        parts: list[str] = []
        for rings in polygons_of(geometry):
            for ring in rings:
                drawn: list[str] = []
                is_near = False
                for lon, lat in (one[:2] for one in ring):
                    x, y = self.place(lon, lat)
                    is_near = is_near or (-40 <= x <= self.wide + 40 and -40 <= y <= self.high + 40)
                    text = f"{x:g} {y:g}"
                    if not drawn or drawn[-1] != text:
                        drawn.append(text)
                if len(drawn) >= 3 and (is_near or self._surrounds(ring)):
                    parts.append("M" + "L".join(drawn) + "Z")
        return "".join(parts)

    def zoom(self) -> float:
        """Give the zoom of a web map on which the sheet's units are pixels."""
        return math.log2(360 * self._squeeze * self._scale / 256)

    def bar(self) -> tuple[float, str]:
        """Give the length of a scale bar of about a fifth of the sheet, and its words."""
        per_km = self._scale / _KM_PER_DEGREE
        km = max((one for one in _SCALES_KM if one * per_km <= self.wide / 5), default=_SCALES_KM[0])
        return round(km * per_km, 1), f"{km:g} km" if km >= 1 else f"{km * 1000:g} m"

    def _surrounds(self, ring: Ring) -> bool:
        lons, lats = [one[0] for one in ring], [one[1] for one in ring]
        west, north = self.place(min(lons), max(lats))
        east, south = self.place(max(lons), min(lats))
        return west <= 0 <= self.wide <= east and north <= 0 <= self.high <= south


def polygons_of(geometry: dict[str, Any] | None) -> list[list[Ring]]:
    """Give the rings of each polygon of a Polygon or MultiPolygon; none for anything else."""
    if geometry is None:
        return []
    if geometry["type"] == "Polygon":
        return [geometry["coordinates"]]
    return list(geometry["coordinates"]) if geometry["type"] == "MultiPolygon" else []


def extent_of(geometries: Iterable[dict[str, Any] | None]) -> Extent | None:
    """Give the box around all of them; None around nothing."""
    lons, lats = [], []
    for lon, lat in _points(geometries):
        lons.append(lon)
        lats.append(lat)
    return Extent(west=min(lons), south=min(lats), east=max(lons), north=max(lats)) if lons else None


def _points(geometries: Iterable[dict[str, Any] | None]) -> Iterator[tuple[float, float]]:
    for geometry in geometries:
        for rings in polygons_of(geometry):
            for point in rings[0]:
                yield point[0], point[1]
