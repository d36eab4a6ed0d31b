"""Files of region codes and boundaries, from the command line."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from core.actor import Actor
from core.errors import Issue
from core.i18n import say
from core.work import Work
from registry_link.regions.commands import import_boundaries, import_regions
from registry_link.regions.readers import BoundaryRow, RegionRow, read_boundary_geojson, read_region_csv

_LISTS, _OUTLINES = "regions_*.csv", "*.geojson"
MOST_TOLD = 20


def import_region_files(work: Work, actor: Actor, paths: Sequence[Path]) -> list[str]:
    """Load code lists first, then boundaries, each file in a transaction of its own; gives one line per file and issue.

    A folder stands for the ``regions_*.csv`` and ``*.geojson`` files below it.
    """
    told: list[str] = []
    for path in _files(paths, _LISTS, ".csv"):
        read = read_region_csv(io.StringIO(path.read_text(encoding="utf-8-sig")))
        rows = [one for one in read if isinstance(one, RegionRow)]
        taken = work.run(actor, lambda tx, rows=rows: import_regions(tx, rows))  # type: ignore[misc]
        issues = [one for one in read if isinstance(one, Issue)] + list(taken.issues)
        told += _told(path, taken.added, taken.changed, taken.unchanged, issues)
    for path in _files(paths, _OUTLINES, ".geojson"):
        found = read_boundary_geojson(io.StringIO(path.read_text(encoding="utf-8")))
        features = [one for one in found if isinstance(one, BoundaryRow)]
        taken = work.run(actor, lambda tx, features=features: import_boundaries(tx, features))  # type: ignore[misc]
        issues = [one for one in found if isinstance(one, Issue)] + list(taken.issues)
        told += _told(path, taken.added, taken.changed, taken.unchanged, issues)
    return told


def _files(paths: Sequence[Path], pattern: str, suffix: str) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob(pattern)) if path.is_dir() else [path] if path.suffix == suffix else []
    # The list of all provinces and regencies first: every other list hangs below it.
    return sorted(found, key=lambda path: ("province" not in path.name, "regency" not in path.name, path.name))


def _told(path: Path, added: int, changed: int, unchanged: int, issues: Sequence[Issue]) -> list[str]:
    lines = [f"{path.name}: {added} baru, {changed} berubah, {unchanged} tetap, {len(issues)} ditolak"]
    lines += [f"  baris {one.row}: {say(one.code, 'id', one.facts)}" for one in issues[:MOST_TOLD]]
    if len(issues) > MOST_TOLD:
        lines.append(f"  … dan {len(issues) - MOST_TOLD} lagi")
    return lines
