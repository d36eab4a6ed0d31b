"""Which column of a completion list that comes back, or of a file of positions, says what: pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import Malformed
from core.reader import Cell, CellKind
from registry_link.completion.states import FileKind

MOST_COLUMNS: Final = 60
LIST_HEADER: Final = {
    "no": "No.", "code": "Kode keluarga", "head": "Kepala keluarga", "size": "Jiwa", "gaps": "Yang kurang",
    "rt": "RT", "rw": "RW", "hamlet": "Dusun/Banjar", "address": "Alamat", "kk": "Nomor KK",
    "head_nik": "NIK kepala keluarga", "ageless": "Tanpa tanggal lahir", "birth": "Tanggal lahir", "lon": "Bujur",
    "lat": "Lintang", "accuracy": "Ketepatan (m)", "skip": "Tidak dapat dilengkapi", "seal": "Tanda",
}  # fmt: skip
"""The columns of a list, in the order of the file that a village gets."""
POSITION_HEADER: Final = {
    "code": "Kode keluarga", "nik": "NIK", "kk": "Nomor KK", "lon": "Bujur", "lat": "Lintang",
    "accuracy": "Ketepatan (m)",
}  # fmt: skip
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "code": ("kode", "kode kel", "household code", "code", "name"),
    "rt": ("no rt",), "rw": ("no rw",),
    "hamlet": ("dusun", "banjar", "lingkungan", "hamlet"),
    "address": ("alamat lengkap", "address"),
    "kk": ("no kk", "nokk", "no. kk", "kk", "nomor kartu keluarga"),
    "head_nik": ("nik kepala", "nik kk", "nik krt"),
    "nik": ("nik", "no nik", "nik ktp"),
    "birth": ("tgl lahir", "umur"),
    "lon": ("lon", "lng", "long", "longitude", "x"),
    "lat": ("lat", "latitude", "y"),
    "accuracy": ("akurasi", "akurasi m", "ketepatan", "accuracy", "accuracy m", "hdop m"),
    "skip": ("alasan", "keterangan"),
    "seal": ("seal",),
}  # fmt: skip
_FIELDS: Final[Mapping[FileKind, tuple[str, ...]]] = {
    FileKind.LIST: (
        "code", "rt", "rw", "hamlet", "address", "kk", "head_nik", "birth", "lon", "lat", "accuracy", "skip", "seal",
    ),
    FileKind.POSITIONS: ("code", "nik", "kk", "lon", "lat", "accuracy"),
}  # fmt: skip


def _plain(header: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", header).lower())


def _names(kind: FileKind) -> dict[str, str]:
    shown = LIST_HEADER if kind is FileKind.LIST else POSITION_HEADER
    return {
        _plain(alias): name for name in _FIELDS[kind] for alias in (shown[name], *_ALIASES.get(name, ()))
    }  # fmt: skip


def known(kind: FileKind) -> frozenset[str]:
    """Give every header that is recognised."""
    return frozenset(_names(kind))


def chosen(header: Sequence[str], kind: FileKind) -> dict[str, int]:
    """Tell which column holds which field where several may: the one whose name says it best.

    Points carry whatever their device writes: a code beside a name is no mistake there, as it is in a table.
    """
    names = _names(kind)
    best: dict[str, tuple[int, int]] = {}
    order = {alias: place for place, alias in enumerate(names)}
    for at, text in enumerate(header):
        plain = _plain(text)
        if (name := names.get(plain)) is not None:
            best[name] = min(best.get(name, (order[plain], at)), (order[plain], at))
    return {name: at for name, (_, at) in best.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where in a row which field stands, and what its header says."""

    header: tuple[str, ...]
    places: Mapping[str, int]

    def cell(self, cells: Sequence[Cell], name: str) -> Cell:
        """Give a field's cell; an empty one where the file has no such column."""
        at = self.places.get(name)
        return cells[at] if at is not None and at < len(cells) else Cell(CellKind.EMPTY, "")

    def label(self, name: str) -> str:
        """Give the header of a field as the file writes it."""
        return self.header[self.places[name]] if name in self.places else LIST_HEADER.get(name, name)


def recognise(header: Sequence[str], kind: FileKind) -> Columns:
    """Tell which columns hold which fields; what is not known is not read.

    Raises: Malformed "completion.column_twice", "completion.column_missing".
    """
    names = _names(kind)
    places: dict[str, int] = {}
    for at, text in enumerate(header):
        name = names.get(_plain(text))
        if name is None:
            continue
        if name in places:
            raise Malformed("completion.column_twice", first=header[places[name]][:60], second=text[:60])
        places[name] = at
    missing = [LIST_HEADER["code"]] if kind is FileKind.LIST and "code" not in places else []
    if kind is FileKind.POSITIONS:
        missing += [POSITION_HEADER[name] for name in ("lon", "lat") if name not in places]
        missing += [POSITION_HEADER["code"]] if not {"code", "nik", "kk"} & places.keys() else []
    if missing:
        raise Malformed("completion.column_missing", columns=missing)
    return Columns(header=tuple(header), places=places)
