"""Villages on the raised land: every cell belongs to one, and neighbours share their borders point by point."""

from __future__ import annotations

import heapq
import itertools
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from routes.demo.chance import Floats, Ints
from routes.demo.terrain import COLUMNS, ROWS, SOUTH_DEG, STEP_DEG, WEST_DEG, Terrain, label_parts

Node = tuple[int, int]
"""A corner of cells: (column, row)."""
Point = tuple[float, float]
_SMALLEST_WITH_VILLAGE = 60
"""An island of fewer cells belongs to the nearest village elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """``village`` numbers each cell's village from 1 (0 the sea); ``district`` gives a village's district from 1."""

    village: Ints
    district: tuple[int, ...]
    seats: tuple[Node, ...]
    """The cell each village grew from."""


def settle(terrain: Terrain, villages: int, districts: int, seed: int) -> Land:
    """Divide the land into villages that grew from their seats over easy ground, and group them into districts."""
    chance = Random(seed)
    islands = label_parts(terrain.is_land)
    sizes = np.bincount(islands.ravel())
    homes = [island for island in range(1, len(sizes)) if sizes[island] >= _SMALLEST_WITH_VILLAGE]
    shares = _shares([float(sizes[island]) for island in homes], villages)
    seats: list[Node] = []
    for island, share in zip(homes, shares, strict=True):
        rows, columns = np.nonzero(islands == island)
        seats += _spread(list(zip(columns.tolist(), rows.tolist(), strict=True)), share, chance)
    village = _grow(terrain, seats)
    for row, column in zip(*np.nonzero(terrain.is_land & (village == 0)), strict=True):
        village[row, column] = 1 + min(
            range(len(seats)), key=lambda n: (seats[n][0] - column) ** 2 + (seats[n][1] - row) ** 2
        )
    return Land(village=village, district=_group(seats, districts, chance), seats=tuple(seats))


def outlines_of(labels: Ints, joints: Ints) -> dict[int, str]:
    """Trace every label as GeoJSON; ``joints`` are the finest labels, whose junctions no smoothing moves.

    So a district's outline runs through the very points of its villages' outlines.
    """
    fixed = _junctions(joints)
    traced: dict[int, list[list[Point]]] = defaultdict(list)
    for label, ring in _rings(labels):
        traced[label].append(_smooth_ring(ring, fixed))
    return {label: _geojson(rings) for label, rings in sorted(traced.items())}


def position(column: float, row: float) -> Point:
    """Give longitude and latitude of a place on the grid."""
    return round(WEST_DEG + column * STEP_DEG, 6), round(SOUTH_DEG + row * STEP_DEG, 6)


# ---------------------------------------------------------------- growing


def _shares(sizes: Sequence[float], total: int) -> list[int]:
    weights = [math.sqrt(size) * size**0.25 for size in sizes]
    exact = [weight / sum(weights) * (total - len(sizes)) for weight in weights]
    shares = [1 + int(one) for one in exact]
    order = sorted(range(len(sizes)), key=lambda n: exact[n] - int(exact[n]), reverse=True)
    for n in order[: total - sum(shares)]:
        shares[n] += 1
    return shares


def _spread(cells: list[Node], count: int, chance: Random) -> list[Node]:
    """Choose seats far from each other: of a few random cells the farthest from all chosen ones."""
    chosen = [cells[chance.randrange(len(cells))]]
    while len(chosen) < count:
        tries = [cells[chance.randrange(len(cells))] for _ in range(14)]
        chosen.append(max(tries, key=lambda cell: min((cell[0] - x) ** 2 + (cell[1] - y) ** 2 for x, y in chosen)))
    return chosen


def _grow(terrain: Terrain, seats: Sequence[Node]) -> Ints:
    """Give each cell to the seat that reaches it first over land; high and rough ground is slow."""
    pace = 1.0 + 2.5 * np.clip(terrain.height, 0, 1) + 0.9 * np.abs(terrain.noise)
    village = np.zeros((ROWS, COLUMNS), dtype=np.int64)
    heap = [(0.0, number, column, row) for number, (column, row) in enumerate(seats, 1)]
    heapq.heapify(heap)
    while heap:
        cost, number, column, row = heapq.heappop(heap)
        if village[row, column]:
            continue
        village[row, column] = number
        for x, y in ((column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)):
            if terrain.is_land[y, x] and not village[y, x]:
                heapq.heappush(heap, (round(cost + float(pace[y, x]), 6), number, x, y))
    return village


def _group(seats: Sequence[Node], count: int, chance: Random) -> tuple[int, ...]:
    centres: list[Point] = [(float(x), float(y)) for x, y in _spread(list(seats), count, chance)]
    nearest: list[int] = []
    for _ in range(8):
        nearest = [min(range(count), key=lambda n: (centres[n][0] - x) ** 2 + (centres[n][1] - y) ** 2)
                   for x, y in seats]  # fmt: skip
        for n in range(count):
            mine = [seat for seat, group in zip(seats, nearest, strict=True) if group == n]
            if mine:
                centres[n] = (sum(x for x, _ in mine) / len(mine), sum(y for _, y in mine) / len(mine))
    # Numbered from north-west, as gazetteers do.
    order = sorted(range(count), key=lambda n: (-centres[n][1], centres[n][0]))
    return tuple(order.index(group) + 1 for group in nearest)


# ---------------------------------------------------------------- tracing


def _junctions(labels: Ints) -> set[Node]:
    """Give the corners where three labels meet, or where two touch only by their corners."""
    padded = np.pad(labels, 1)
    found: set[Node] = set()
    a, b, c, d = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    kinds = 1 + (b != a) + ((c != a) & (c != b)) + ((d != a) & (d != b) & (d != c))
    is_diagonal = (a == d) & (b == c) & (a != b)
    for row, column in zip(*np.nonzero((kinds >= 3) | is_diagonal), strict=True):
        found.add((int(column), int(row)))
    return found


def _rings(labels: Ints) -> list[tuple[int, list[Node]]]:
    """Trace the rings of every label but 0 along the cells' edges, the label on the left."""
    padded = np.pad(labels, 1)
    next_of: dict[int, dict[Node, list[Node]]] = defaultdict(lambda: defaultdict(list))
    inner = padded[1:-1, 1:-1]
    for away, start, stop in (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),  # the cell below differs: go east along its lower edge
        (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)),
        (padded[1:-1, :-2], (0, 1), (0, 0)),
    ):
        for row, column in zip(*np.nonzero((inner != away) & (inner != 0)), strict=True):
            here = (int(column) + start[0], int(row) + start[1])
            there = (int(column) + stop[0], int(row) + stop[1])
            next_of[int(inner[row, column])][here].append(there)
    found = []
    for label, edges in sorted(next_of.items()):
        for first in sorted(edges):
            while edges[first]:
                ring, here, came = [first], first, None
                while True:
                    choices = edges[here]
                    there = choices[0] if len(choices) == 1 or came is None else _leftmost(came, here, choices)
                    choices.remove(there)
                    if there == first and (not edges[first] or there == ring[0]):
                        break
                    ring.append(there)
                    came, here = here, there
                found.append((label, ring))
    return found


def _leftmost(came: Node, here: Node, choices: list[Node]) -> Node:
    """Turn left where a label touches itself by a corner, so that the ring does not cross itself."""
    dx, dy = here[0] - came[0], here[1] - came[1]
    return max(choices, key=lambda there: dx * (there[1] - here[1]) - dy * (there[0] - here[0]))


def _smooth_ring(ring: list[Node], fixed: set[Node]) -> list[Point]:
    corners = [n for n, node in enumerate(ring) if node in fixed]
    if not corners:
        start = ring.index(min(ring))
        turned = ring[start:] + ring[:start]
        return _smooth([*turned, turned[0]])[:-1]
    points: list[Point] = []
    for here, there in zip(corners, [*corners[1:], corners[0] + len(ring)], strict=True):
        points += _smooth([ring[n % len(ring)] for n in range(here, there + 1)])[:-1]
    return points


def _smooth(chain: list[Node]) -> list[Point]:
    """Round a chain of cell edges; the same points whichever way it is walked, its ends stay."""
    is_turned = chain[::-1] < chain
    nodes: list[Point] = [(float(x), float(y)) for x, y in (chain[::-1] if is_turned else chain)]
    if len(nodes) > 2:
        middles = [((x0 + x1) / 2, (y0 + y1) / 2) for (x0, y0), (x1, y1) in itertools.pairwise(nodes)]
        nodes = [nodes[0], *middles, nodes[-1]]
        cut: list[Point] = [nodes[0]]
        for (x0, y0), (x1, y1) in itertools.pairwise(nodes):
            cut += [(x0 * 0.75 + x1 * 0.25, y0 * 0.75 + y1 * 0.25), (x0 * 0.25 + x1 * 0.75, y0 * 0.25 + y1 * 0.75)]
        nodes = _without_straight([*cut, nodes[-1]])
    return nodes[::-1] if is_turned else nodes


def _without_straight(points: list[Point]) -> list[Point]:
    kept = [points[0]]
    for here, there in itertools.pairwise(points):
        (x0, y0), (x1, y1), (x2, y2) = kept[-1], here, there
        if abs((x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1)) > 1e-9:
            kept.append(here)
    return [*kept, points[-1]]


def _geojson(rings: list[list[Point]]) -> str:
    outer = [ring for ring in rings if _area(ring) > 0]
    polygons = [[ring] for ring in sorted(outer, key=_area, reverse=True)]
    for hole in (ring for ring in rings if _area(ring) < 0):
        next(polygon for polygon in reversed(polygons) if _is_in(hole[0], polygon[0])).append(hole)
    coordinates = [[[*map(_lonlat, ring), _lonlat(ring[0])] for ring in polygon] for polygon in polygons]
    if len(coordinates) == 1:
        return json.dumps({"type": "Polygon", "coordinates": coordinates[0]}, separators=(",", ":"))
    return json.dumps({"type": "MultiPolygon", "coordinates": coordinates}, separators=(",", ":"))


def _lonlat(point: Point) -> list[float]:
    return list(position(*point))


def _area(ring: list[Point]) -> float:
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2


def _is_in(point: Point, ring: list[Point]) -> bool:
    x, y = point
    is_inside = False
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            is_inside = not is_inside
    return is_inside


def areas_km2(labels: Ints) -> Floats:
    """Give each label's area, by cells, 0 first."""
    middle = math.radians(SOUTH_DEG + ROWS * STEP_DEG / 2)
    cell = (STEP_DEG * 111.32) ** 2 * math.cos(middle)
    return np.bincount(labels.ravel()).astype(np.float64) * cell
