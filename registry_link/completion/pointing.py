"""Files of positions as a table, whatever they come as: CSV, XLSX, waypoints of GPX, points of GeoJSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.errors import Malformed
from core.reader import Cell, CellKind, Row, Table, read_table
from core.reader.documents import parse_apart
from registry_link.completion.columns import MOST_COLUMNS, POSITION_HEADER, chosen, known
from registry_link.completion.states import FileKind

PARSER: Final = "registry_link.completion.point_parser"
_CODE: Final = re.compile(r"KEL-[0-9]{6,}-[0-9]", re.ASCII | re.IGNORECASE)
_EMPTY: Final = Cell(CellKind.EMPTY, "")
_NAMED: Final = ("code", "nik", "kk", "accuracy")


def position_table(content: bytes, name: str, most_rows: int) -> Table:
    """Read a file of positions in a child process, before any transaction begins.

    Raises: as ``read_table`` and ``parse_apart``; Malformed, TooLarge for points that cannot be read.
    """
    # By what it holds, whatever its name says: no table begins like this.
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"[", b"<"):
        return read_table(
            content, name, most_rows=most_rows, most_columns=MOST_COLUMNS, known=known(FileKind.POSITIONS)
        )
    told: Mapping[str, Any] = parse_apart(PARSER, content, name)
    try:
        return _table(told)
    except (KeyError, TypeError, AttributeError) as why:
        raise Malformed("reading.broke_off") from why


def _table(told: Mapping[str, Any]) -> Table:
    """Put points under the columns of a table of positions: the rules for its rows are the same ones."""
    places = chosen([str(one) for one in told["header"]], FileKind.POSITIONS)
    return Table(
        header=tuple(POSITION_HEADER.values()), header_row=0, delimiter=";",
        rows=tuple(_row(one, places) for one in told["rows"]),
    )  # fmt: skip


def _row(told: Mapping[str, Any], places: Mapping[str, int]) -> Row:
    found = {name: _cell(told["cells"], places.get(name)) for name in _NAMED}
    if match := _CODE.search(found["code"].text):
        # People write a name or a number beside it.
        found["code"] = Cell(CellKind.TEXT, match[0].upper())
    found["lon"], found["lat"] = _text(str(told["lon"])), _text(str(told["lat"]))
    return Row(
        int(told["number"]), tuple(found[name] for name in POSITION_HEADER),
        flaw="" if told["is_point"] else "completion.not_a_point",
    )  # fmt: skip


def _cell(cells: Sequence[Mapping[str, Any]], at: int | None) -> Cell:
    if at is None or at >= len(cells):
        return _EMPTY
    text = str(cells[at]["text"])
    return Cell(CellKind.NUMBER, text) if cells[at]["is_number"] else _text(text)


def _text(text: str) -> Cell:
    return Cell(CellKind.TEXT, text) if text else _EMPTY
