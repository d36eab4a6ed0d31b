"""Code lists and boundaries come in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar, cast

import sqlalchemy as sa

from core.errors import Issue
from core.work import Tx
from registry_link.regions.models import Boundary, Region
from registry_link.regions.readers import BoundaryRow, RegionRow
from registry_link.regions.rules import RegionName, name_key, parent_of, regency_of

Row = TypeVar("Row", RegionRow, BoundaryRow)
_TABLE: Final = cast(sa.Table, Region.__table__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of a list: rows that are not counted stand in ``issues`` and were left out."""

    added: int
    changed: int
    unchanged: int
    issues: tuple[Issue, ...]


def import_regions(tx: Tx, rows: Iterable[RegionRow], *, may_rename: bool = False) -> Taken:
    """Take a code list: new regions are added, known ones brought up to date.

    A known code under another name is an issue unless ``may_rename``: a list of the other code system looks just like
    that (BPS 8101 is Tanimbar, Kemendagri 81.01 is Maluku Tengah). A region needs its parent, known or in the list.
    """
    tx.require("regions.manage")
    wanted, issues = _once(sorted(rows, key=lambda one: one.code))
    columns = [column for column in _TABLE.columns if column.name != "code"]
    known = {row.code: row for row in tx.session.execute(sa.select(_TABLE))}
    new: list[dict[str, object]] = []
    changed: list[dict[str, object]] = []
    unchanged = 0
    present = set(known)
    for one in wanted:
        parent = parent_of(one.code)
        if parent is not None and parent not in present:
            issues.append(Issue(code="region.parent_missing", row=one.row, facts={"code": one.code, "parent": parent}))
            continue
        before = known.get(one.code)
        values: dict[str, object] = {
            "name": one.name, "parent_code": parent, "level": one.level, "kind": one.kind,
            "bps_code": one.bps_code, "bps_name": one.bps_name, "regency_code": regency_of(one.code),
            "time_zone": one.time_zone, "name_key": name_key(one.name, one.level),
        }  # fmt: skip
        if before is None:
            new.append({"code": one.code, **values})
            present.add(one.code)
            continue
        if before.name_key != values["name_key"] and not may_rename:
            facts = {"code": one.code, "system": "Kemendagri", "ours": before.name, "given": one.name}
            issues.append(Issue(code="region.code_name_differ", row=one.row, column="name", facts=facts))
            continue
        # A list that lacks a column must not empty what another list filled.
        for name in ("bps_code", "bps_name", "time_zone"):
            values[name] = values[name] or getattr(before, name)
        if all(getattr(before, column.name) == values[column.name] for column in columns):
            unchanged += 1
        else:
            changed.append({"at_code": one.code, **values})
    if new:
        tx.session.execute(sa.insert(Region), new)
    if changed:
        update = sa.update(_TABLE).where(_TABLE.c.code == sa.bindparam("at_code"))
        tx.session.connection().execute(update.values({c.name: sa.bindparam(c.name) for c in columns}), changed)
    tx.note("region.import", "region", tx.regency_code, added=len(new), changed=len(changed), refused=len(issues))
    return Taken(added=len(new), changed=len(changed), unchanged=unchanged, issues=tuple(issues))


def _once(rows: list[Row]) -> tuple[list[Row], list[Issue]]:
    kept: dict[str, Row] = {}
    issues: list[Issue] = []
    for one in rows:
        if one.code in kept:
            issues.append(Issue(code="region.twice", row=one.row, column="code", facts={"code": one.code}))
        else:
            kept[one.code] = one
    return list(kept.values()), issues


def import_boundaries(tx: Tx, features: Iterable[BoundaryRow]) -> Taken:
    """Take boundaries of regions that are listed under the same code and name; a newer outline replaces an older."""
    tx.require("regions.manage")
    wanted = {one.code: one for one in features}
    listed, issues = _once(list(features))
    wanted = {one.code: one for one in listed}
    names = _names(tx, list(wanted))
    known = {
        row.region_code: row.geojson
        for row in tx.session.execute(sa.select(Boundary.region_code, Boundary.geojson))
        if row.region_code in wanted
    }
    rows: list[dict[str, object]] = []
    unchanged = 0
    for one in wanted.values():
        region = names.get(one.code)
        regency = regency_of(one.code)
        if region is None or regency is None:
            facts = {"code": one.code, "system": "Kemendagri", "name": one.name}
            issues.append(Issue(code="region.unknown_code", row=one.row, column="code", facts=facts))
            continue
        if not region.is_called(one.name):
            facts = {"code": one.code, "system": "Kemendagri", "ours": region.name, "given": one.name}
            issues.append(Issue(code="region.code_name_differ", row=one.row, column="name", facts=facts))
            continue
        if known.get(one.code) == one.geojson:
            unchanged += 1
            continue
        rows.append({
            "region_code": one.code, "regency_code": regency, "level": one.level, "geojson": one.geojson,
            "west": one.west, "south": one.south, "east": one.east, "north": one.north,
            "area_km2": one.area_km2, "loaded_at": tx.now,
        })  # fmt: skip
    replaced = [str(row["region_code"]) for row in rows if row["region_code"] in known]
    for start in range(0, len(replaced), 500):
        tx.session.execute(sa.delete(Boundary).where(Boundary.region_code.in_(replaced[start : start + 500])))
    if rows:
        tx.session.execute(sa.insert(Boundary), rows)
    added = len(rows) - len(replaced)
    tx.note("region.import_boundaries", "region", tx.regency_code,
            added=added, changed=len(replaced), refused=len(issues))  # fmt: skip
    return Taken(added=added, changed=len(replaced), unchanged=unchanged, issues=tuple(issues))


def _names(tx: Tx, codes: list[str]) -> dict[str, RegionName]:
    found: dict[str, RegionName] = {}
    for start in range(0, len(codes), 500):
        query = sa.select(Region.code, Region.name, Region.level, Region.bps_code, Region.bps_name).where(
            Region.code.in_(codes[start : start + 500])
        )
        for row in tx.session.execute(query):
            found[row.code] = RegionName(**row._mapping)
    return found
