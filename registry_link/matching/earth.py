"""Degrees to metres and square kilometres, near enough for houses and villages, without a projection library."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely

from registry_link.matching.arrays import Floats, Shapes

RADIUS_M = 6_378_137.0
"""WGS 84, half the longer axis."""
_E2 = 0.00669437999014
"""WGS 84, first eccentricity squared."""
_E = math.sqrt(_E2)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in degrees, longitude first; it may be a point or a line, never empty."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon_deg: float, lat_deg: float) -> bool:
        return self.west <= lon_deg <= self.east and self.south <= lat_deg <= self.north

    def meets(self, other: Box) -> bool:
        """Tell whether the two share at least a point."""
        return (
            self.west <= other.east
            and other.west <= self.east
            and self.south <= other.north
            and other.south <= self.north
        )

    def times(self, factor: float) -> Box:
        """Stretch about the centre."""
        more_x, more_y = (self.east - self.west) * (factor - 1) / 2, (self.north - self.south) * (factor - 1) / 2
        return Box(self.west - more_x, self.south - more_y, self.east + more_x, self.north + more_y)

    def widened(self, metres: float) -> Box:
        """Move every side outwards by at least this much."""
        more_x, more_y = degrees(metres, max(abs(self.south), abs(self.north)))
        return Box(self.west - more_x, self.south - more_y, self.east + more_x, self.north + more_y)

    @property
    def size_km(self) -> tuple[float, float]:
        """Width along the middle, and height."""
        per_lon, per_lat = metres_per_degree((self.south + self.north) / 2)
        return (self.east - self.west) * per_lon / 1000, (self.north - self.south) * per_lat / 1000


INDONESIA = Box(94.0, -12.0, 142.0, 7.0)
"""Where outlines may lie when the district's own boundary is not known yet."""


def metres_per_degree(lat_deg: float) -> tuple[float, float]:
    """Give the length of one degree of longitude and of latitude there."""
    sine2 = math.sin(math.radians(lat_deg)) ** 2
    across = RADIUS_M / math.sqrt(1 - _E2 * sine2)
    along = across * (1 - _E2) / (1 - _E2 * sine2)
    return math.radians(across * math.cos(math.radians(lat_deg))), math.radians(along)


def degrees(metres: float, lat_deg: float) -> tuple[float, float]:
    """Give this length as degrees of longitude and of latitude there."""
    per_lon, per_lat = metres_per_degree(min(abs(lat_deg), 89.0))
    return metres / per_lon, metres / per_lat


def plane(lon_lat_deg: Floats) -> Floats:
    """Lay points on a map that keeps angles (Mercator, WGS 84).

    Shapes: (n, 2) -> (n, 2). Units: degrees -> plane units; ``scale_m`` says what one is worth.
    """
    sine = np.sin(np.radians(lon_lat_deg[:, 1]))
    up = np.arctanh(sine) - _E * np.arctanh(_E * sine)
    return np.column_stack([RADIUS_M * np.radians(lon_lat_deg[:, 0]), RADIUS_M * up])


def scale_m(lat_deg: Floats) -> Floats:
    """Give the metres that one plane unit is worth at these latitudes. Exact at the point, 0.1 % within 5 km."""
    sine = np.sin(np.radians(lat_deg))
    return np.cos(np.radians(lat_deg)) / np.sqrt(1 - _E2 * sine * sine)


def areas_km2(shapes: Shapes) -> Floats:
    """Measure valid areas (equal-area cylinder on WGS 84). Shapes: (n,) -> (n,)."""

    def unroll(lon_lat_deg: Floats) -> Floats:
        sine = np.sin(np.radians(lon_lat_deg[:, 1]))
        up = (1 - _E2) / 2 * (sine / (1 - _E2 * sine * sine) + np.arctanh(_E * sine) / _E)
        return np.column_stack([RADIUS_M * np.radians(lon_lat_deg[:, 0]), RADIUS_M * up])

    return np.asarray(shapely.area(shapely.transform(shapes, unroll)), dtype=np.float64) / 1e6
