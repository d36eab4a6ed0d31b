"""Which column of a file of stock says what: pure. The aliases are how offices write it, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import Malformed
from core.reader import Cell, CellKind
from stock.importing.states import StockFileKind
from stock.items.rules import plain

MOST_COLUMNS: Final = 60
ERRORS: Final = "Kesalahan"
"""The column that is added to rows given back."""

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "on": ("tanggal", "tgl", "tanggal kejadian", "tanggal transaksi", "tanggal mutasi", "per tanggal", "date",
           "event on"),
    "clock": ("jam", "pukul", "waktu", "time"),
    "act": ("jenis", "jenis mutasi", "jenis transaksi", "mutasi", "kegiatan", "act", "movement", "type"),
    "item": ("barang", "nama barang", "kode barang", "item", "item code", "item name", "nama item", "uraian"),
    "variant": ("varian", "ukuran", "variant", "size"),
    "quantity": ("jumlah", "kuantitas", "qty", "quantity", "banyaknya", "volume", "jumlah barang"),
    "unit": ("satuan", "kemasan", "unit", "pack", "box"),
    "source": ("dari", "gudang asal", "tempat asal", "asal gudang", "from", "from place"),
    "target": ("ke", "gudang tujuan", "tempat tujuan", "tujuan", "to", "to place"),
    "place": ("gudang", "tempat", "lokasi", "warehouse", "place", "kode gudang", "nama gudang"),
    "giver": ("pemberi", "pemasok", "asal barang", "penyedia", "donatur", "giver", "supplier"),
    "batch": ("kode batch", "batch", "nomor batch", "no batch", "lot", "batch code"),
    "funding": ("sumber dana", "sumber anggaran", "dana", "sumber", "funding", "funding source"),
    "expires": ("kedaluwarsa", "kadaluarsa", "kadaluwarsa", "tanggal kedaluwarsa", "tgl kedaluwarsa", "exp", "expired",
                "expiry", "expires on", "expired date"),
    "document": ("dokumen", "nomor dokumen", "no dokumen", "bast", "no bast", "nomor bast", "bukti", "nomor bukti",
                 "document", "document no"),
    "price": ("harga satuan", "harga", "unit price", "price"),
    "value": ("nilai", "nilai total", "jumlah harga", "total harga", "total", "value"),
    "release": ("syarat rilis", "syarat pelepasan", "release condition"),
    "reason": ("alasan", "sebab", "reason"),
    "note": ("keterangan", "catatan", "note", "remark", "remarks"),
}  # fmt: skip
KNOWN: Final = tuple(alias for aliases in ALIASES.values() for alias in aliases)
_FIELD_OF: Final = {plain(alias): name for name, aliases in ALIASES.items() for alias in aliases}
_NEEDED: Final[Mapping[StockFileKind, tuple[str, ...]]] = {
    StockFileKind.OPENING: ("item", "quantity"),
    StockFileKind.MOVEMENTS: ("on", "act", "item", "quantity"),
}
_SHOWN: Final[Mapping[StockFileKind, tuple[str, ...]]] = {
    StockFileKind.OPENING: (
        "place", "item", "variant", "quantity", "unit", "funding", "document", "expires", "price", "batch", "note",
    ),
    StockFileKind.MOVEMENTS: (
        "on", "clock", "act", "item", "variant", "quantity", "unit", "source", "target", "batch", "giver", "funding",
        "document", "expires", "price", "reason", "note",
    ),
}  # fmt: skip
_NAMES: Final = {
    "on": "Tanggal", "clock": "Jam", "act": "Jenis", "item": "Barang", "variant": "Varian", "quantity": "Jumlah",
    "unit": "Satuan", "source": "Dari", "target": "Ke", "place": "Gudang", "giver": "Pemberi", "batch": "Kode batch",
    "funding": "Sumber dana", "expires": "Kedaluwarsa", "document": "Dokumen", "price": "Harga satuan",
    "value": "Nilai", "release": "Syarat rilis", "reason": "Alasan", "note": "Keterangan",
}  # fmt: skip
EXAMPLE: Final = "CONTOH"
"""A note that begins so marks a row as an example: it is left out."""
_EXAMPLES: Final[Mapping[StockFileKind, tuple[dict[str, str], ...]]] = {
    StockFileKind.OPENING: (
        {"place": "GD1", "item": "Beras", "quantity": "500", "unit": "kg", "funding": "APBD", "document": "BA-01/2026",
         "expires": "31/12/2027", "price": "14500", "batch": "A1",
         "note": "CONTOH: hapus baris ini. Kode batch boleh nama Anda sendiri."},
        {"place": "GD1", "item": "Kasur", "quantity": "20", "unit": "buah", "funding": "Hibah",
         "document": "BA-01/2026", "price": "350000", "note": "CONTOH: hapus baris ini."},
    ),
    StockFileKind.MOVEMENTS: (
        {"on": "03/03/2026", "clock": "08:30", "act": "masuk", "item": "Beras", "quantity": "10",
         "unit": "karung 50 kg",
         "target": "GD1", "batch": "A1", "giver": "PEMASOK", "funding": "APBD", "document": "BAST-12/2026",
         "expires": "31/12/2027", "price": "725000", "note": "CONTOH: diterima. Harga untuk satuan yang ditulis."},
        {"on": "05/03/2026", "act": "pindah", "item": "Beras", "quantity": "100", "unit": "kg", "source": "GD1",
         "target": "GD2", "batch": "A1", "note": "CONTOH: antargudang."},
        {"on": "07/03/2026", "act": "keluar", "item": "Beras", "quantity": "25", "unit": "kg", "source": "GD2",
         "batch": "A1", "note": "CONTOH: sudah dibagikan dahulu; batch kosong berarti yang lebih dulu kedaluwarsa."},
        {"on": "08/03/2026", "act": "hapus", "item": "Beras", "quantity": "5", "unit": "kg", "source": "GD2",
         "batch": "A1", "reason": "rusak karena air", "document": "BA-07/2026", "note": "CONTOH: dengan berita acara."},
        {"on": "09/03/2026", "act": "koreksi", "item": "Beras", "quantity": "-2", "unit": "kg", "source": "GD2",
         "batch": "A1", "reason": "salah catat", "note": "CONTOH: lebih atau kurang, dengan tanda."},
        {"on": "31/03/2026", "act": "hitung", "item": "Beras", "quantity": "68", "unit": "kg", "source": "GD2",
         "batch": "A1", "note": "CONTOH: hasil hitung fisik; selisihnya dicatat sendiri."},
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where in a row which field stands, and what its header says."""

    header: tuple[str, ...]
    places: Mapping[str, int]

    def cell(self, cells: Sequence[Cell], name: str) -> Cell:
        """Give a field's cell; an empty one where the file has no such column."""
        at = self.places.get(name)
        return cells[at] if at is not None and at < len(cells) else Cell(CellKind.EMPTY, "")

    def has(self, name: str) -> bool:
        return name in self.places

    def label(self, name: str) -> str:
        """Give the header of a field as the file writes it."""
        return self.header[self.places[name]] if name in self.places else _NAMES[name]


def recognise(header: Sequence[str], kind: StockFileKind) -> Columns:
    """Tell which columns hold which fields; what is not known is kept and not read.

    Raises: Malformed "stock_file.column_twice", "stock_file.column_missing".
    """
    places: dict[str, int] = {}
    for at, text in enumerate(header):
        name = _FIELD_OF.get(plain(text))
        if name is None:
            continue
        if name in places:
            raise Malformed("stock_file.column_twice", first=header[places[name]][:60], second=text[:60])
        places[name] = at
    missing = [_NAMES[name] for name in _NEEDED[kind] if name not in places]
    if not {"place", "source", "target"} & places.keys():
        missing.append(_NAMES["place"])
    if missing:
        raise Malformed("stock_file.column_missing", columns=missing)
    return Columns(header=tuple(header), places=places)


def template(kind: StockFileKind) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Give the header of an empty file and its example rows, each marked as one."""
    shown = _SHOWN[kind]
    rows = tuple(tuple(one.get(name, "") for name in shown) for one in _EXAMPLES[kind])
    return tuple(_NAMES[name] for name in shown), rows
