"""What one row of a file says: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.errors import Fact
from core.reader import Cell, CellKind, Row
from registry_link.completion.columns import Columns
from registry_link.completion.rules import VAGUEST_M, Born, born, degrees, metres
from registry_link.completion.states import SkipReason
from registry_link.households.positions import is_numbered

_SKIPS: Final = (
    ("pindah", SkipReason.MOVED), ("moved", SkipReason.MOVED), ("tidak dikenal", SkipReason.UNKNOWN),
    ("unknown", SkipReason.UNKNOWN), ("meninggal", SkipReason.DECEASED), ("deceased", SkipReason.DECEASED),
    ("tidak ada", SkipReason.UNAVAILABLE), ("data", SkipReason.UNAVAILABLE),
    ("unavailable", SkipReason.UNAVAILABLE),
)  # fmt: skip
"""How a reason begins, as people write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong with a row; the facts never hold a number or a name."""

    code: str
    column: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    lon_deg: float
    lat_deg: float
    accuracy_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A household as a village sent it back."""

    code: str
    seal: str
    texts: Mapping[str, str]
    births: tuple[Born | None, ...]
    """In the order of the names that the list gave; None where nothing was written."""
    point: Point | None
    skip: SkipReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    code: str
    nik: str
    kk: str
    point: Point


def list_row(row: Row, columns: Columns) -> ListRow | tuple[Trouble, ...]:
    """Read a row of a completion list that came back, or say everything that is wrong with it."""
    if row.flaw:
        return (Trouble(code=row.flaw, facts=row.facts),)
    wrong: list[Trouble] = []
    texts = {name: _text(row, columns, name, wrong) for name in ("rt", "rw", "hamlet", "address", "kk", "head_nik")}
    births = _births(row, columns, wrong)
    point = _point(row, columns, wrong)
    skip = None
    if said := " ".join(columns.cell(row.cells, "skip").text.lower().split()):
        skip = next((reason for begins, reason in _SKIPS if said.startswith(begins)), None)
        if skip is None:
            wrong.append(Trouble(code="completion.skip_form", column=columns.label("skip")))
    code = columns.cell(row.cells, "code").text.strip().upper()
    if not code:
        wrong.append(Trouble(code="completion.code_missing", column=columns.label("code")))
    if wrong:
        return tuple(wrong)
    return ListRow(
        code=code, seal=columns.cell(row.cells, "seal").text.strip(), texts=texts, births=births, point=point,
        skip=skip,
    )  # fmt: skip


def position_row(row: Row, columns: Columns) -> PositionRow | tuple[Trouble, ...]:
    """Read a row of a file of positions, or say everything that is wrong with it."""
    if row.flaw:
        return (Trouble(code=row.flaw, facts=row.facts),)
    wrong: list[Trouble] = []
    names = {name: _text(row, columns, name, wrong) for name in ("code", "nik", "kk")}
    if not any(names.values()) and not wrong:
        wrong.append(Trouble(code="completion.code_missing"))
    point = _point(row, columns, wrong)
    if point is None and not wrong:
        wrong.append(Trouble(code="completion.position_half", column=columns.label("lon")))
    if wrong or point is None:
        return tuple(wrong)
    return PositionRow(code=names["code"].upper(), nik=names["nik"], kk=names["kk"], point=point)


def _text(row: Row, columns: Columns, name: str, wrong: list[Trouble]) -> str:
    cell = columns.cell(row.cells, name)
    if cell.is_formula:
        wrong.append(Trouble(code="registry.cell_formula", column=columns.label(name)))
    elif cell.kind is CellKind.ERROR:
        wrong.append(Trouble(code="registry.cell_error", column=columns.label(name)))
    elif name in ("kk", "head_nik", "nik") and cell.kind in (CellKind.NUMBER, CellKind.DATE, CellKind.MOMENT):
        # A spreadsheet keeps 15 digits of a number: the sixteenth is lost.
        wrong.append(Trouble(code="registry.number_numeric", column=columns.label(name)))
    else:
        text = cell.text.strip()
        return "" if text in ("-", "—") else text
    return ""


def _births(row: Row, columns: Columns, wrong: list[Trouble]) -> tuple[Born | None, ...]:
    cell = columns.cell(row.cells, "birth")
    if cell.kind is CellKind.EMPTY:
        return ()
    parts = [cell.text] if cell.kind in (CellKind.DATE, CellKind.MOMENT) else re.split(r"[;\n|]", cell.text)
    read = [born(part) if part.strip() not in ("", "-", "—") else None for part in parts]
    if any(found is None and part.strip() not in ("", "-", "—") for found, part in zip(read, parts, strict=True)):
        wrong.append(Trouble(code="completion.birth_form", column=columns.label("birth")))
    return tuple(read)


def _point(row: Row, columns: Columns, wrong: list[Trouble]) -> Point | None:
    cells: dict[str, Cell] = {name: columns.cell(row.cells, name) for name in ("lon", "lat", "accuracy")}
    # A CSV file of ours marks what begins like a formula, a minus too.
    texts = {name: cell.text.strip().removeprefix("'") for name, cell in cells.items()}
    if not texts["lon"] and not texts["lat"]:
        return None
    if not texts["lon"] or not texts["lat"]:
        wrong.append(Trouble(code="completion.position_half", column=columns.label("lon")))
        return None
    lon, lat = degrees(texts["lon"], 180), degrees(texts["lat"], 180)
    if lon is None or lat is None or not is_numbered(lon, lat):
        is_swapped = lon is not None and lat is not None and is_numbered(lat, lon)
        code = "completion.position_swapped" if is_swapped else "household.position"
        wrong.append(Trouble(code=code, column=columns.label("lon")))
        return None
    accuracy = metres(texts["accuracy"]) if texts["accuracy"] else None
    if texts["accuracy"] and accuracy is None:
        wrong.append(Trouble(code="completion.accuracy_form", column=columns.label("accuracy")))
    elif accuracy is not None and accuracy > VAGUEST_M:
        facts = {"metres": round(accuracy)}
        wrong.append(Trouble(code="completion.position_vague", column=columns.label("accuracy"), facts=facts))
    return Point(lon_deg=lon, lat_deg=lat, accuracy_m=accuracy or None)
