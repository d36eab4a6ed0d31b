"""BNPB's disaster table of 94 columns (Perka BNPB 8/2011), as CSV or XLSX: one element per row.

The table numbers regencies by BPS and names villages in the free text of its column ``lokasi`` only. Its zeros stand
for none and for unknown alike, so a zero counts as neither; where the text says otherwise, that is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from core.errors import Malformed, TooLarge
from core.reader.delimited import delimited_rows
from core.reader.refusing import Shape, Unreadable
from core.reader.tables import MOST_TITLE_ROWS, header_at
from core.reader.workbook import workbook_rows
from logistics.zones.reading.elements import Element, Kind, Outcome, Parsed, Remark, SaidCount
from logistics.zones.reading.report_text import counts_in, villages_in
from logistics.zones.reading.words import clean
from logistics.zones.rules import read_count
from logistics.zones.states import CountKind, CountState

LARGEST_BYTES: Final = 1 << 20
MOST_ROWS: Final = 1_000
MOST_COLUMNS: Final = 150
_SHAPE: Final = Shape(
    unpacked_bytes=32 << 20, rows=MOST_ROWS + MOST_TITLE_ROWS + 1, columns=MOST_COLUMNS, letters=8_000
)
KNOWN: Final = (
    "id_prov", "id_kab", "provinsi", "kabkot", "id_jenis_bencana", "kejadian", "nama_kejadian", "lokasi",
    "alamat_lengkap", "desa", "desa_terdampak", "tahun", "bulan", "tanggal", "jam", "meninggal", "terluka", "hilang",
    "menderita", "keterangan", "penyebab", "kronologis", "sumber", "mengungsi", "terendam", "rumah_rusak_berat",
    "rumah_rusak_sedang", "rumah_rusak_ringan", "longitude", "latitude", "tgl",
)  # fmt: skip
_COUNTS: Final = {
    "menderita": CountKind.PERSONS, "mengungsi": CountKind.DISPLACED, "meninggal": CountKind.DEAD,
    "hilang": CountKind.MISSING, "terluka": CountKind.INJURED, "rumah_rusak_berat": CountKind.HOUSES_HEAVY,
    "rumah_rusak_sedang": CountKind.HOUSES_MEDIUM, "rumah_rusak_ringan": CountKind.HOUSES_LIGHT,
    "terendam": CountKind.HOUSES_FLOODED,
}  # fmt: skip
_TOLD: Final = {
    "kejadian": "disaster", "nama_kejadian": "event", "provinsi": "province", "kabkot": "regency",
    "id_kab": "regency_bps", "lokasi": "place", "alamat_lengkap": "address", "keterangan": "note",
    "penyebab": "cause", "kronologis": "chronology", "sumber": "source", "longitude": "lon", "latitude": "lat",
}  # fmt: skip
_TEXTS: Final = ("lokasi", "keterangan", "kronologis", "nama_kejadian")
_NO_VALUE: Final = ("", "0", "-", "null", "none", "nan")


def parse(content: bytes, name: str) -> Parsed:
    """Read a table, CSV or XLSX. Raises: TooLarge; Malformed; Unreadable."""
    if len(content) > LARGEST_BYTES:
        raise TooLarge("reader.file_too_large", most_mb=LARGEST_BYTES >> 20)
    _, found = workbook_rows(content, _SHAPE) if content.startswith(b"PK") else delimited_rows(content, _SHAPE)
    read: list[tuple[int, list[str]]] = []
    for number, cells, _, flaw in found:
        if flaw:
            raise Unreadable(flaw, row=number)
        if len(read) > MOST_ROWS + MOST_TITLE_ROWS:
            raise TooLarge("reader.too_many_rows", most=MOST_ROWS)
        read.append((number, [cell[1:] for cell in cells]))
    if not read:
        raise Malformed("reader.empty")
    at = header_at([cells for _, cells in read[:MOST_TITLE_ROWS]], KNOWN)
    return parse_rows(read[at][1], read[at + 1 :])


def looks_like(header: Iterable[str]) -> bool:
    """Tell this table by its own column names, which no other list has together."""
    names = {_column(one) for one in header}
    return "lokasi" in names and len(names & {"id_kab", "kabkot", "id_jenis_bencana", "mengungsi", "menderita"}) >= 2


def is_workbook_of_it(content: bytes) -> bool:
    """Tell this table in a workbook by the first rows of its first sheet. Raises: Unreadable."""
    _, found = workbook_rows(content, replace(_SHAPE, rows=1_048_576))
    return any(looks_like([cell[1:] for cell in cells]) for _, cells, _, _ in islice(found, MOST_TITLE_ROWS))


def parse_rows(header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> Parsed:
    """Read the rows of a table (each with its number in the file) into elements. Raises: Malformed, TooLarge."""
    if not looks_like(header):
        raise Malformed("bnpb.columns_missing")
    if len(rows) > MOST_ROWS:
        raise TooLarge("reader.too_many_rows", most=MOST_ROWS)
    columns = [_column(one) for one in header]
    elements: list[Element] = []
    for number, cells in rows:
        row = {name: text.strip() for name, text in zip(columns, cells, strict=False) if name and text.strip()}
        if row:
            elements.append(_element(len(elements) + 1, number, row))
    if not elements:
        raise Malformed("reader.empty")
    return Parsed(kind=Kind.BNPB_TABLE, elements=tuple(elements))


def _element(no: int, number: int, row: Mapping[str, str]) -> Element:
    remarks: list[Remark] = []
    # Villages may hang on "/" and ";" as on lines of their own.
    regions, districts = villages_in(re.sub(r"[;|]", "\n", row.get("lokasi", "")))
    counts = _counts(row, remarks)
    told = {key: clean(row[name], 1_000) for name, key in _TOLD.items() if row.get(name, "").lower() not in _NO_VALUE}
    when = " ".join(row[name] for name in ("tahun", "bulan", "tanggal", "jam") if name in row) or row.get("tgl", "")
    if when:
        told["happened"] = clean(when, 60)
    if not regions:
        code = "bnpb.district_only" if districts else "bnpb.no_village"
        remarks.append(Remark(code=code, facts={"row": number, "districts": ", ".join(districts)[:200]}))
    elif len(regions) > 1 and counts:
        remarks.append(Remark(code="bnpb.counts_of_several", facts={"count": len(regions)}))
    label = ", ".join(
        one for one in (told.get("disaster") or told.get("event", ""), told.get("regency", ""), when) if one
    )  # fmt: skip
    return Element(
        no=no, label=clean(label or f"Baris {number}"), outcome=Outcome.READ if regions else Outcome.NOTED,
        remarks=tuple(remarks), regions=regions, counts=counts, told=told,
    )  # fmt: skip


def _counts(row: Mapping[str, str], remarks: list[Remark]) -> tuple[SaidCount, ...]:
    found: list[SaidCount] = []
    for name, kind in _COUNTS.items():
        text = row.get(name, "")
        if text.lower() in _NO_VALUE:
            continue
        count = read_count(text.removesuffix(".0"))
        if count is None:
            remarks.append(Remark(code="bnpb.figure_unread", facts={"column": name, "text": text[:40]}))
        elif count.state is not CountState.ZERO:
            found.append(SaidCount(kind=kind, state=count.state, value=count.value))
    said = _displaced_in_text(row)
    if said and not any(one.kind is CountKind.DISPLACED for one in found):
        remarks.append(Remark(code="bnpb.displaced_in_text", facts={"text": said[:200]}))
        found.append(SaidCount(kind=CountKind.DISPLACED, state=CountState.PENDING))
    return tuple(found)


def _displaced_in_text(row: Mapping[str, str]) -> str:
    """Give the words that tell of displaced people with a figure, where there are any."""
    for name in _TEXTS:
        for sentence in re.split(r"[.;\n](?= |$)", row.get(name, "")):
            if "ungsi" in sentence.lower() and any(one.value for one in counts_in(sentence, "displaced")):
                return clean(sentence)
    return ""


def _column(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.strip().lower()).strip("_")
