"""What is known of regions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from core.errors import Invalid, NotFound
from core.work import Tx
from registry_link.regions.models import Boundary, Region
from registry_link.regions.rules import Gazetteer, Mismatch, RegionName, dotted, regency_of
from registry_link.regions.simplify import Shape, feature_collection
from registry_link.regions.states import CodeSystem, Level

_VIEWS_KEPT: Final = 24
_views: OrderedDict[tuple[str, str, str, float, int, datetime | None], str] = OrderedDict()
_views_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionView:
    code: str
    name: str
    level: Level
    kind: str
    parent_code: str | None
    parent_name: str | None
    regency_code: str | None
    bps_code: str | None
    time_zone: str | None

    @property
    def title(self) -> str:
        """The name with what it is: Desa Wowonda, Kel. Saumlaki, Kec. Tanimbar Selatan."""
        return title(self.kind, self.name)

    @property
    def full_name(self) -> str:
        """A village with its district: Desa Wowonda, Kec. Tanimbar Selatan; else the title."""
        if self.level is Level.VILLAGE and self.parent_name:
            return f"{self.title}, Kec. {self.parent_name}"
        return self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryView:
    region_code: str
    geojson: str
    west: float
    south: float
    east: float
    north: float
    area_km2: float


def title(kind: str, name: str) -> str:
    """Write a name with what it is; provinces and regencies carry it in their names."""
    word = {"desa": "Desa", "kelurahan": "Kel.", "kecamatan": "Kec."}.get(kind)
    return f"{word} {name}" if word else name


def region(tx: Tx, code: str) -> RegionView:
    """Give one region by its Kemendagri code. Raises: NotFound."""
    found = regions(tx, [code])
    if not found:
        raise NotFound("region.not_found", code=code[:20])
    return found[0]


def regions(tx: Tx, codes: Sequence[str]) -> tuple[RegionView, ...]:
    """Give the regions of these codes that are known, in the order of codes."""
    found: list[RegionView] = []
    wanted = sorted(set(codes))
    for start in range(0, len(wanted), 500):
        rows = tx.session.execute(_NAMED, {"codes": wanted[start : start + 500]})
        found += [RegionView(**row._mapping) for row in rows]
    return tuple(found)


def regions_of(tx: Tx, regency_code: str, level: Level) -> tuple[RegionView, ...]:
    """Give all districts or all villages of a regency (or itself), by code."""
    return tuple(_views_of(tx, Region.regency_code == regency_code, Region.level == level))


def children(tx: Tx, code: str) -> tuple[RegionView, ...]:
    """Give the regions one level below, by code."""
    return tuple(_views_of(tx, Region.parent_code == code))


def full_name(tx: Tx, code: str) -> str:
    """Write a village with its district: ``Desa Wowonda, Kec. Tanimbar Selatan``. Raises: NotFound."""
    return region(tx, code).full_name


def gazetteer(tx: Tx, regency_code: str) -> Gazetteer:
    """Give the names of a regency for many questions (an import asks once a row)."""
    return Gazetteer(_names(tx, Region.regency_code == regency_code))


def regencies(tx: Tx) -> tuple[RegionName, ...]:
    """Give every regency that is known, by code: also those of other offices, whose codes come in files."""
    return tuple(_names(tx, Region.level == Level.REGENCY))


def find_region(tx: Tx, system: CodeSystem, code: str, name: str, level: Level = Level.VILLAGE) -> RegionView:
    """Give the region that code and name agree on.

    Raises: Invalid "region.code_name_differ" (with both names), "region.unknown_code", "region.unknown_name",
    "region.name_ambiguous" (with the candidates), "region.name_needed".
    """
    digits = code.replace(".", "").strip()
    if system is CodeSystem.BPS:
        regency = tx.session.scalar(
            sa.select(Region.code).where(Region.bps_code == digits[:4], Region.level == Level.REGENCY)
        )
    else:
        regency = regency_of(dotted(code))
    is_within = regency is not None and level is not Level.PROVINCE
    where = Region.regency_code == regency if is_within else Region.level == Level.PROVINCE
    found = Gazetteer(_names(tx, where)).find(system, code, name, level)
    if isinstance(found, Mismatch):
        raise Invalid(found.code, field="code", **found.facts)
    return region(tx, found.code)


def boundary(tx: Tx, code: str) -> BoundaryView | None:
    """Give the outline of a region, where one was loaded."""
    rows = _boundaries(tx, Boundary.region_code == code)
    return rows[0] if rows else None


def boundaries_of(tx: Tx, regency_code: str, level: Level) -> tuple[BoundaryView, ...]:
    """Give the outlines of all regions of one level of a regency, by code, with every point."""
    return _boundaries(tx, Boundary.regency_code == regency_code, Boundary.level == level)


def boundaries_for_view(tx: Tx, level: Level, tolerance_m: float = 60.0) -> str:
    """Give the office's boundaries of one level as GeoJSON text, thinned for a map.

    Features carry ``code`` and ``name``. The text is kept in the process until the boundaries change.
    """
    count, loaded_at = tx.session.execute(
        sa.select(sa.func.count(), sa.func.max(Boundary.loaded_at)).where(
            Boundary.regency_code == tx.regency_code, Boundary.level == level
        )
    ).one()
    database = str(tx.session.get_bind().engine.url)
    key = (database, tx.regency_code, level.value, tolerance_m, count, loaded_at)
    with _views_lock:
        if key in _views:
            _views.move_to_end(key)
            return _views[key]
    query = (
        sa.select(Region.code, Region.name, Boundary.geojson)
        .join(Boundary, Boundary.region_code == Region.code)
        .where(Boundary.regency_code == tx.regency_code, Boundary.level == level)
        .order_by(Region.code)
    )
    shapes = [Shape(code=row.code, name=row.name, geojson=row.geojson) for row in tx.session.execute(query)]
    text = feature_collection(shapes, tolerance_m)
    with _views_lock:
        _views[key] = text
        while len(_views) > _VIEWS_KEPT:
            _views.popitem(last=False)
    return text


_parent = sa.orm.aliased(Region)
_VIEW = (
    sa.select(
        Region.code, Region.name, Region.level, Region.kind, Region.parent_code, _parent.name.label("parent_name"),
        Region.regency_code, Region.bps_code, Region.time_zone,
    )
    .outerjoin(_parent, _parent.code == Region.parent_code)
    .order_by(Region.code)
)  # fmt: skip
_NAMED = _VIEW.where(Region.code.in_(sa.bindparam("codes", expanding=True)))


def _views_of(tx: Tx, *where: sa.ColumnElement[bool]) -> list[RegionView]:
    return [RegionView(**row._mapping) for row in tx.session.execute(_VIEW.where(*where))]


def _names(tx: Tx, where: sa.ColumnElement[bool]) -> list[RegionName]:
    query = sa.select(Region.code, Region.name, Region.level, Region.bps_code, Region.bps_name).where(where)
    return [RegionName(**row._mapping) for row in tx.session.execute(query.order_by(Region.code))]


def _boundaries(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[BoundaryView, ...]:
    query = sa.select(
        Boundary.region_code, Boundary.geojson, Boundary.west, Boundary.south, Boundary.east, Boundary.north,
        Boundary.area_km2,
    ).where(*where).order_by(Boundary.region_code)  # fmt: skip
    return tuple(BoundaryView(**row._mapping) for row in tx.session.execute(query))
