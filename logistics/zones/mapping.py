"""What the map of an incident shows of its households: gathered in cells, by village, and one by one where it may be.

An incident's list is read into three columns of whole numbers once, and kept in the process until the list, its areas
or the registry change. A request then only counts: an answer for 100,000 households is made without a loop over them.
"""

from __future__ import annotations

import bisect
import enum
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from core.audit import last_act
from core.permissions import Reach
from core.work import Tx
from logistics.zones.affected import counted_once
from logistics.zones.models import AffectedHousehold, ZoneVersion
from logistics.zones.queries import incident_by_id
from logistics.zones.states import AffectedState
from registry_link.households.placed import placed_households
from registry_link.households.positions import PER_DEGREE, position_of
from registry_link.households.queries import registry_version, village_counts
from registry_link.matching.rules import Confidence
from registry_link.regions.rules import dotted

MOST_POINTS: Final = 150
"""So many households in view are shown one by one; more are gathered."""
MOST_CELLS: Final = 1_500
FEWEST: Final = 5
"""Who may see counts only is told of no cell with fewer households. Source: safety.md 3.2 (village totals)."""
FINEST: Final = {"full": 8, "masked": 14, "counts": 17, "totals": 17}
"""Bits of a cell's side in 1e-7 degree by what the role may see: 3 m, 180 m, 1.5 km."""
COARSEST: Final = 26
"""Cells of 6.7 degrees."""
CELL_PX: Final = 46
SHARES: Final = (100, 250, 500, 750)
"""Thousandths of a village's households at which the next tint of the map begins."""
_KEPT: Final = 4
_BEYOND: Final = 10**18
"""More than any position number: a sum with it always has 19 digits."""
_VILLAGE_WIDE: Final = 13
_lists: OrderedDict[tuple[str, UUID], _Kept] = OrderedDict()
_sizes: OrderedDict[tuple[str, str], tuple[int, dict[str, int]]] = OrderedDict()
_lock = threading.Lock()
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.bytes_]


class MapGroup(enum.IntEnum):
    """What a household's sign says: what a person decided, else how sure the evidence is."""

    CERTAIN = 0
    PROBABLE = 1
    VERIFY = 2
    CONFIRMED = 3
    REJECTED = 4


GROUPS: Final = len(MapGroup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Part of the world, in degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsView:
    """Households in view, gathered in square cells: columns of the same length."""

    lon_deg: tuple[float, ...]
    lat_deg: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]
    """One column per group, in the order of ``MapGroup``."""
    side_deg: float
    placed: int
    """Of the actor's reach, in view or not, with a position."""
    unplaced: int
    few: int
    """In view, in cells that are too small for this role to be told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsView:
    """Households in view one by one: columns of the same length."""

    household_ids: tuple[UUID, ...]
    lon_deg: tuple[float, ...]
    lat_deg: tuple[float, ...]
    group: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageShare:
    """How much of a village is on the list; no person."""

    village_code: str
    households: int
    """In the registry."""
    counts: tuple[int, ...]
    """By group, in the order of ``MapGroup``."""

    @property
    def affected(self) -> int:
        """On the list and not rejected."""
        return sum(self.counts) - self.counts[MapGroup.REJECTED]

    @property
    def permille(self) -> int:
        """Of the village's households; more are on the list than the registry has: 1000."""
        return min(1000, self.affected * 1000 // self.households) if self.households else 1000 * bool(self.affected)

    @property
    def tint(self) -> int | None:
        """Which of the five tints its share has; None where nobody is on the list."""
        return bisect.bisect_right(SHARES, self.permille) if self.affected else None


@dataclass(frozen=True, slots=True)
class _Columns:
    """An incident's list: one number each per household, in the order of their position numbers."""

    keys: Ints
    """Position numbers, negative without a position."""
    groups: npt.NDArray[np.int8]
    villages: Ints
    """Codes without their dots."""
    ids: Words
    """Ids as the database writes them."""
    lon_deg: Floats
    lat_deg: Floats

    def those(self, is_kept: Bools) -> _Columns:
        return _Columns(
            self.keys[is_kept], self.groups[is_kept], self.villages[is_kept], self.ids[is_kept],
            self.lon_deg[is_kept], self.lat_deg[is_kept],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kept:
    """A list as it was read, by what it is known to be the same, and its households in the order of their ids."""

    acts: int
    rest: object
    columns: _Columns
    by_id: Ints


def cells(tx: Tx, incident_id: UUID, zoom: float, box: Box | None = None) -> CellsView:
    """Gather the list's households in view in cells as wide as a sign on the screen at this zoom.

    How fine the cells are depends on the role. Raises: Forbidden, NotFound.
    """
    reach = tx.require("affected.see")
    found = _within(_list(tx, incident_id), reach)
    unplaced = int(np.searchsorted(found.keys, 0))
    placed = len(found.keys) - unplaced
    here = found.those(_in_view(found, box))
    shift = _shift(zoom, reach.detail)
    while True:
        cell, which = _cells(here.keys >> (2 * shift))
        if len(cell) <= MOST_CELLS or shift >= COARSEST:
            break
        shift += 1
    counts = np.bincount(which * GROUPS + here.groups, minlength=len(cell) * GROUPS).reshape(len(cell), GROUPS)
    side = 2**shift / PER_DEGREE
    few = 0
    if reach.detail == "full":
        many = np.bincount(which, minlength=len(cell))
        lon, lat = (np.bincount(which, one, len(cell)) / many for one in (here.lon_deg, here.lat_deg))
    else:
        lon, lat = position_of(cell << (2 * shift))
        lon, lat = lon + side / 2, lat + side / 2
        if reach.detail != "masked":
            is_told = counts.sum(axis=1) >= FEWEST
            few = int(counts[~is_told].sum())
            lon, lat, counts = lon[is_told], lat[is_told], counts[is_told]
    return CellsView(
        lon_deg=tuple(np.round(lon, 5).tolist()), lat_deg=tuple(np.round(lat, 5).tolist()),
        counts=tuple(tuple(one) for one in counts.T.tolist()), side_deg=side, placed=placed, unplaced=unplaced, few=few,
    )  # fmt: skip


def points(tx: Tx, incident_id: UUID, box: Box | None = None, most: int | None = MOST_POINTS) -> PointsView | None:
    """Give the households in view one by one; None where they are too many or the role may not see where they are.

    ``most`` None means all of them. Whom one saw is written down. Raises: Forbidden, NotFound.
    """
    reach = tx.require("affected.see")
    if reach.detail != "full":
        return None
    found = _within(_list(tx, incident_id), reach)
    here = found.those(_in_view(found, box))
    if most is not None and len(here.keys) > most:
        return None
    ids = tuple(UUID(one.decode()) for one in here.ids.tolist())
    tx.saw("household", ids, "incident_map")
    return PointsView(
        household_ids=ids, lon_deg=tuple(here.lon_deg.tolist()),
        lat_deg=tuple(here.lat_deg.tolist()), group=tuple(here.groups.tolist()),
    )  # fmt: skip


def village_shares(tx: Tx, incident_id: UUID) -> tuple[VillageShare, ...]:
    """Tell of the villages on the list how much of each is on it, by code. Raises: Forbidden, NotFound."""
    reach = tx.require("zone.see")
    found = _within(_list(tx, incident_id), reach)
    village, which = np.unique(found.villages, return_inverse=True)
    counts = np.bincount(which * GROUPS + found.groups, minlength=len(village) * GROUPS).reshape(len(village), GROUPS)
    households = _households(tx)
    codes = [dotted(str(one)) for one in village.tolist()]
    shares = (
        VillageShare(village_code=code, households=households.get(code, 0), counts=tuple(one))
        for code, one in zip(codes, counts.tolist(), strict=True)
    )
    return tuple(sorted(shares, key=lambda one: one.village_code))


def forget() -> None:
    """Drop what is kept of all lists (the bench asks for a first answer)."""
    with _lock:
        _lists.clear()
        _sizes.clear()


# ---------------------------------------------------------------- inside


def _shift(zoom: float, detail: str) -> int:
    """Give the bits of a cell's side that is as wide as a sign on the screen."""
    side_deg = CELL_PX * 360 / (256 * 2 ** min(max(zoom, 0.0), 22.0))
    return min(max(round(math.log2(side_deg * PER_DEGREE)), FINEST[detail]), COARSEST)


def _cells(sorted_keys: Ints) -> tuple[Ints, Ints]:
    """Give each different cell of a sorted column, and which of them every household is in."""
    is_first = np.r_[True, sorted_keys[1:] != sorted_keys[:-1]][: len(sorted_keys)]
    return sorted_keys[is_first], np.cumsum(is_first) - 1


def _in_view(found: _Columns, box: Box | None) -> Bools:
    """Mark the households with a position in the box."""
    is_here = found.keys >= 0
    if box is not None:
        is_here &= (found.lon_deg >= box.west) & (found.lon_deg <= box.east)
        is_here &= (found.lat_deg >= box.south) & (found.lat_deg <= box.north)
    return is_here


def _within(found: _Columns, reach: Reach) -> _Columns:
    if reach.is_all:
        return found
    known = np.unique(found.villages)
    own = np.array([one for one in known.tolist() if reach.has_village(dotted(str(one)))], dtype=np.int64)
    return found.those(np.isin(found.villages, own))


def _list(tx: Tx, incident_id: UUID) -> _Columns:
    """Give the whole list, as it is in this transaction; the caller keeps what lies within the reach."""
    incident_by_id(tx, incident_id)
    key = (str(tx.session.get_bind().engine.url), incident_id)
    acts, rest = last_act(tx.session, "incident", incident_id), _rest(tx, incident_id)
    with _lock:
        kept = _lists.get(key)
    if kept is not None and kept.rest == rest:
        if kept.acts == acts:
            return kept.columns
        # People have decided: who they are and where they stand is known, what they are now is not.
        found = _decided(tx, incident_id, kept) or _read(tx, incident_id)
    else:
        found = _read(tx, incident_id)
    with _lock:
        _lists[key] = _Kept(acts, rest, found, np.argsort(found.ids))
        _lists.move_to_end(key)
        while len(_lists) > _KEPT:
            _lists.popitem(last=False)
    return found


def _households(tx: Tx) -> dict[str, int]:
    """Give how many households each village has in the registry, counted once for each state of it."""
    key, version = (str(tx.session.get_bind().engine.url), tx.regency_code), registry_version(tx)
    with _lock:
        kept = _sizes.get(key)
        if kept is not None and kept[0] == version:
            return kept[1]
    found = {one.village_code: one.households for one in village_counts(tx)}
    with _lock:
        _sizes[key] = (version, found)
        while len(_sizes) > _KEPT:
            _sizes.popitem(last=False)
    return found


def _rest(tx: Tx, incident_id: UUID) -> object:
    """Tell by what, beside what people decide, a list is known to be the same: its areas, the registry's version."""
    versions = tx.session.execute(
        sa.select(ZoneVersion.id, ZoneVersion.state, ZoneVersion.matching_no)
        .where(ZoneVersion.incident_id == incident_id)
        .order_by(ZoneVersion.id)
    ).all()
    return registry_version(tx), tuple((row.id, row.state.value, row.matching_no) for row in versions)


def _group() -> sa.ColumnElement[str]:
    """Give a household's group as one digit."""
    is_state, is_sure = AffectedHousehold.state, AffectedHousehold.confidence
    return sa.case(
        (is_state == AffectedState.CONFIRMED, str(int(MapGroup.CONFIRMED))),
        (is_state == AffectedState.REJECTED, str(int(MapGroup.REJECTED))),
        (is_sure == Confidence.CERTAIN, str(int(MapGroup.CERTAIN))),
        (is_sure == Confidence.PROBABLE, str(int(MapGroup.PROBABLE))),
        else_=str(int(MapGroup.VERIFY)),
    )


def _lines(tx: Tx, incident_id: UUID, line: sa.ColumnElement[str], *joined: Any) -> bytes:
    """Bring one piece of text per household over as one text, in no order: a third of the time of rows."""
    query = sa.select(sa.func.aggregate_strings(line, "")).select_from(AffectedHousehold)
    for table in joined:
        query = query.join(table, table.c.household_id == AffectedHousehold.household_id)
    query = query.where(
        AffectedHousehold.incident_id == incident_id, AffectedHousehold.regency_code == tx.regency_code,
        AffectedHousehold.state != AffectedState.LEFT, *counted_once(tx, incident_id),
    )  # fmt: skip
    text: str = tx.session.connection().execute(query).scalar() or ""
    return text.encode()


def _id_wide(tx: Tx) -> int:
    return 32 if tx.session.get_bind().dialect.name == "sqlite" else 36


def _read(tx: Tx, incident_id: UUID) -> _Columns:
    placed = placed_households()
    village = sa.func.replace(AffectedHousehold.village_code, ".", "").concat(" " * _VILLAGE_WIDE)
    # Numbers of one width: what has no position is 1, the position 0 is 2.
    key = sa.cast(sa.func.coalesce(placed.c.position_key + 2, 1) + _BEYOND, sa.Text)
    line = (
        sa.cast(AffectedHousehold.household_id, sa.Text).concat(_group()).concat(key)
        .concat(sa.func.substr(village, 1, _VILLAGE_WIDE))
    )  # fmt: skip
    wide = [("id", f"S{_id_wide(tx)}"), ("group", "S1"), ("key", "S19"), ("village", f"S{_VILLAGE_WIDE}")]
    rows = np.frombuffer(_lines(tx, incident_id, line, placed), dtype=wide)
    keys = rows["key"].astype(np.int64) - _BEYOND - 2
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    lon, lat = position_of(np.maximum(keys, 0))
    return _Columns(
        keys, rows["group"].astype(np.int8)[order], rows["village"].astype(np.int64)[order], rows["id"][order],
        lon, lat,
    )  # fmt: skip


def _decided(tx: Tx, incident_id: UUID, kept: _Kept) -> _Columns | None:
    """Give the kept list with the groups of now; None where it no longer holds the same households."""
    line = sa.cast(AffectedHousehold.household_id, sa.Text).concat(_group())
    rows = np.frombuffer(_lines(tx, incident_id, line), dtype=[("id", f"S{_id_wide(tx)}"), ("group", "S1")])
    known = kept.columns.ids[kept.by_id]
    if len(rows) != len(known) or not len(rows):
        return None
    at = np.minimum(np.searchsorted(known, rows["id"]), len(known) - 1)
    if not (known[at] == rows["id"]).all():
        return None
    groups = np.empty_like(kept.columns.groups)
    groups[kept.by_id[at]] = rows["group"].astype(np.int8)
    return replace(kept.columns, groups=groups)
