"""What the villages' households lack and where they stand, counted once for every reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from core.work import Tx
from registry_link.completion.models import VillageOverview
from registry_link.completion.rules import permille
from registry_link.households.completing import VillageGaps, village_gaps
from registry_link.households.gaps import Gap
from registry_link.households.located import households_of_villages
from registry_link.households.positions import position_of
from registry_link.households.queries import registry_version
from registry_link.matching.rules import FAR_M
from registry_link.matching.villages import Villages
from registry_link.regions.queries import boundaries_of, boundary
from registry_link.regions.states import Level

_VILLAGES_AT_ONCE: Final = 40
"""Positions of so many villages are in memory together."""
_COLUMNS: Final = {
    Gap.UNITS: "lacks_units", Gap.ADDRESS: "lacks_address", Gap.KK: "lacks_card",
    Gap.HEAD_NIK: "lacks_head_number", Gap.BIRTH: "lacks_birth",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageLine:
    """A village in numbers; no person."""

    village_code: str
    households: int
    persons: int
    located: int
    far: int
    incomplete: int
    missing: Mapping[Gap, int]
    counted_at: datetime

    @property
    def complete_permille(self) -> int:
        return permille(self.households - self.incomplete, self.households)

    @property
    def located_permille(self) -> int:
        return permille(self.located, self.households)


@dataclass(frozen=True, slots=True, kw_only=True)
class FarPosition:
    household_id: UUID
    outside_m: int


def village_lines(tx: Tx) -> tuple[VillageLine, ...]:
    """Give the villages that have households and lie within the actor's reach, by code, as they were last counted.

    What was never counted is counted now; what is behind is made good by the job. Raises: Forbidden.
    """
    reach = tx.require("village.see")
    kept = _kept(tx) or tuple(_line(one, far, tx.now) for one, far in _with_far(village_gaps(tx), far_counts(tx, None)))
    return tuple(one for one in kept if reach.has_village(one.village_code))


def village_line(tx: Tx, village_code: str) -> VillageLine:
    """Count one village as it is now; zeros where it has no household. Raises: Forbidden; NotFound."""
    tx.require("village.see").need_village(village_code, "region")
    return _counted(tx, village_code)


def far_positions(tx: Tx, village_code: str) -> tuple[FarPosition, ...]:
    """Give the village's households whose position lies farther outside it than can be right, the farthest first.

    The caller has checked the right and gives the names. Source: decisions.md 12 (more than 1 km).
    """
    outline = boundary(tx, village_code)
    if outline is None:
        return ()
    found = households_of_villages(tx, [village_code])
    is_placed = found.position_keys >= 0
    lon, lat = position_of(found.position_keys[is_placed])
    villages = Villages([(village_code, outline.geojson)])
    outside = villages.outside_m(np.zeros(len(lon), dtype=np.int64), lon, lat)
    far = np.flatnonzero(outside > FAR_M)
    ids = found.ids[is_placed]
    order = far[np.argsort(-outside[far], kind="stable")]
    return tuple(FarPosition(household_id=ids[at], outside_m=round(float(outside[at]))) for at in order.tolist())


def outside_village_m(tx: Tx, village_code: str, lon_deg: float, lat_deg: float) -> int | None:
    """Tell how far outside the village a position lies: 0 inside it, None where its outline is not known."""
    outline = boundary(tx, village_code)
    if outline is None:
        return None
    villages = Villages([(village_code, outline.geojson)])
    metres = villages.outside_m(np.zeros(1, dtype=np.int64), np.array([lon_deg]), np.array([lat_deg]))
    return round(float(metres[0]))


def outside_each_m(tx: Tx, placed: Sequence[tuple[str, float, float]]) -> list[int | None]:
    """Do what ``outside_village_m`` does for many: (village, longitude, latitude) each, in the same order."""
    if not placed:
        return []
    wanted = {code for code, _, _ in placed}
    shapes = boundaries_of(tx, tx.regency_code, Level.VILLAGE)
    villages = Villages((one.region_code, one.geojson) for one in shapes if one.region_code in wanted)
    metres = villages.outside_m(
        np.array([villages.number(code) for code, _, _ in placed], dtype=np.int64),
        np.array([lon for _, lon, _ in placed]), np.array([lat for _, _, lat in placed]),
    )  # fmt: skip
    return [None if np.isnan(one) else round(one) for one in metres.tolist()]


def far_counts(tx: Tx, village_codes: Sequence[str] | None) -> Mapping[str, int]:
    """Count the positions far outside their own village; None means all villages of the office."""
    shapes = boundaries_of(tx, tx.regency_code, Level.VILLAGE)
    wanted = [one for one in shapes if village_codes is None or one.region_code in set(village_codes)]
    counts: dict[str, int] = {}
    for start in range(0, len(wanted), _VILLAGES_AT_ONCE):
        some = wanted[start : start + _VILLAGES_AT_ONCE]
        villages = Villages((one.region_code, one.geojson) for one in some)
        found = households_of_villages(tx, [one.region_code for one in some])
        is_placed = found.position_keys >= 0
        lon, lat = position_of(found.position_keys[is_placed])
        own = np.array([villages.number(code) for code in found.village_codes[is_placed]], dtype=np.int64)
        is_far = villages.outside_m(own, lon, lat) > FAR_M
        for number, many in zip(*np.unique(own[is_far], return_counts=True), strict=True):
            counts[villages.codes[int(number)]] = int(many)
    return counts


# ---------------------------------------------------------------- keeping


def is_behind(tx: Tx) -> bool:
    """Tell whether the office's households have changed since its villages were counted."""
    oldest = tx.session.scalar(
        sa.select(sa.func.min(VillageOverview.version)).where(VillageOverview.regency_code == tx.regency_code)
    )
    return oldest is None or oldest < registry_version(tx)


def keep_lines(tx: Tx, lines: Iterable[VillageLine], version: int) -> None:
    """Write the count of all villages down, in the place of the one before."""
    tx.session.execute(sa.delete(VillageOverview).where(VillageOverview.regency_code == tx.regency_code))
    rows = [_row(tx.regency_code, one, version) for one in lines]
    if rows:
        tx.session.execute(sa.insert(cast(sa.Table, VillageOverview.__table__)), rows)


def count_all(tx: Tx) -> tuple[tuple[VillageLine, ...], int]:
    """Count all villages as they are now, and say of which version of the registry that speaks."""
    version = registry_version(tx)
    return tuple(
        _line(one, far, tx.now) for one, far in _with_far(village_gaps(tx), far_counts(tx, None))
    ), version  # fmt: skip


def recount(tx: Tx, village_code: str) -> None:
    """Bring one village's kept count up to date after something was completed there; the change is counted already.

    The other villages are as they were: those that were up to date stay so, and nobody has to count them again.
    """
    table = cast(sa.Table, VillageOverview.__table__)
    now = registry_version(tx)
    tx.session.execute(
        sa.update(table).where(table.c.regency_code == tx.regency_code, table.c.version == now - 1).values(version=now)
    )
    mine = (table.c.regency_code == tx.regency_code, table.c.village_code == village_code)
    version = tx.session.scalar(sa.select(table.c.version).where(*mine).with_for_update())
    if version is not None:
        values = _row(tx.regency_code, _counted(tx, village_code), version)
        tx.session.execute(sa.update(table).where(*mine).values(**values))


def _counted(tx: Tx, village_code: str) -> VillageLine:
    found = village_gaps(tx, village_code)
    if not found:
        nothing: Mapping[Gap, int] = dict.fromkeys(_COLUMNS, 0)
        return VillageLine(
            village_code=village_code, households=0, persons=0, located=0, far=0, incomplete=0, missing=nothing,
            counted_at=tx.now,
        )  # fmt: skip
    far = far_counts(tx, [village_code]) if found[0].located else {}
    return _line(found[0], far.get(village_code, 0), tx.now)


def _with_far(found: Iterable[VillageGaps], far: Mapping[str, int]) -> Iterable[tuple[VillageGaps, int]]:
    return ((one, far.get(one.village_code, 0)) for one in found)


def _line(one: VillageGaps, far: int, at: datetime) -> VillageLine:
    return VillageLine(
        village_code=one.village_code, households=one.households, persons=one.persons, located=one.located, far=far,
        incomplete=one.incomplete, missing={gap: one.missing[gap] for gap in _COLUMNS}, counted_at=at,
    )  # fmt: skip


def _row(regency_code: str, one: VillageLine, version: int) -> dict[str, object]:
    return {
        "regency_code": regency_code, "village_code": one.village_code, "households": one.households,
        "persons": one.persons, "located": one.located, "far": one.far, "incomplete": one.incomplete,
        **{name: one.missing[gap] for gap, name in _COLUMNS.items()}, "version": version, "counted_at": one.counted_at,
    }  # fmt: skip


def _kept(tx: Tx) -> tuple[VillageLine, ...]:
    table = cast(sa.Table, VillageOverview.__table__)
    rows = tx.session.execute(
        sa.select(table).where(table.c.regency_code == tx.regency_code).order_by(table.c.village_code)
    )
    return tuple(
        VillageLine(
            village_code=row.village_code, households=row.households, persons=row.persons, located=row.located,
            far=row.far, incomplete=row.incomplete,
            missing={gap: getattr(row, name) for gap, name in _COLUMNS.items()}, counted_at=row.counted_at,
        )
        for row in rows
    )  # fmt: skip
