"""A need as a workbook: by item, by village, by day, and what is on its way; or one of these as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from logistics.planning.gap import NeedTables
from reports.table_file import Cell, Column, TableFile, build_book, build_csv

PARTS: Final = ("barang", "desa", "hari", "datang")
"""The tables by the names they have in addresses."""
Rows = tuple[tuple[Cell, ...], ...]
About = Sequence[tuple[str, str]]


def build_workbook(tables: NeedTables, title: str, about: About, made_on: date, *, author: str = "") -> bytes:
    """Write the tables as one XLSX file, each on a sheet of its own. The same tables give the same bytes."""
    return build_book(
        tuple(
            (_SHEETS[part], _table(tables, part, title, about, made_on, author))
            for part in PARTS
            if part not in ("hari", "datang") or _ROWS[part](tables)
        )
    )


def build_text(tables: NeedTables, part: str, title: str, about: About, made_on: date) -> bytes:
    """Write one of the tables as CSV."""
    return build_csv(_table(tables, part, title, about, made_on, ""))


def _table(tables: NeedTables, part: str, title: str, about: About, made_on: date, author: str) -> TableFile:
    return TableFile(
        title=title, author=author, about=tuple(about), columns=_COLUMNS[part], rows=_ROWS[part](tables),
        made_on=made_on,
    )  # fmt: skip


def _item_rows(tables: NeedTables) -> Rows:
    return tuple(
        (
            one.name, one.unit, one.households, one.exact_milli, one.quantity_milli, one.promised_milli,
            one.gone_milli, one.waiting_milli, one.lacking_milli, one.free_milli, one.short_milli, one.expected_milli,
            one.covers_days, one.runs_out_on, one.asked.quantity_milli or None, one.asked.packs or None,
            f"{one.asked.pack_name}" if one.asked.packs else None,
        )
        for one in tables.items
    )  # fmt: skip


def _village_rows(tables: NeedTables) -> Rows:
    return tuple(
        (
            village.code, village.name, village.district, tables.items[one.item].name, tables.items[one.item].unit,
            one.households, one.quantity_milli, one.given_milli, one.reserved_milli, one.planned_milli,
            one.waiting_milli, one.lacking_milli, one.open_milli,
        )
        for village in tables.villages
        for one in village.items
    )  # fmt: skip


def _day_rows(tables: NeedTables) -> Rows:
    return tuple(
        (
            one.on, tables.items[one.item].name, tables.items[one.item].unit, one.leaves_milli, one.morning_milli,
            one.evening_milli, one.arrives_milli or None,
        )
        for one in tables.days
    )  # fmt: skip


def _arrival_rows(tables: NeedTables) -> Rows:
    return tuple(
        (
            tables.items[one.item].name, tables.items[one.item].unit, one.quantity_milli, one.expected_on, one.way,
            one.source, one.document, one.place,
        )
        for one in tables.arrivals
    )  # fmt: skip


def _quantity(label: str) -> Column:
    return Column(label=label, kind="quantity")


_ITEM: Final = Column(label="Barang", width=26)
_UNIT: Final = Column(label="Satuan", width=10)
_HOUSEHOLDS: Final = Column(label="Keluarga", kind="number", width=10)
_SHEETS: Final = {"barang": "Per barang", "desa": "Per desa", "hari": "Per hari", "datang": "Akan datang"}
_COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "barang": (
        _ITEM, _UNIT, _HOUSEHOLDS, _quantity("Kebutuhan tepat"), _quantity("Kebutuhan (dibulatkan)"),
        _quantity("Dicadangkan atau diserahkan"), _quantity("Di antaranya sudah keluar gudang"),
        _quantity("Untuk keluarga yang menunggu"), _quantity("Tidak terbagi kepada yang menerima barang lain"),
        _quantity("Stok bebas"), _quantity("Kurang"), _quantity("Akan datang (tidak dihitung)"),
        Column(label="Cukup untuk (hari)", kind="number", width=10), Column(label="Habis pada", kind="day"),
        _quantity("Dimohon"), Column(label="Dimohon (kemasan)", kind="number", width=10),
        Column(label="Kemasan", width=12),
    ),
    "desa": (
        Column(label="Kode desa"), Column(label="Desa/kelurahan", width=26), Column(label="Kecamatan", width=20),
        _ITEM, _UNIT, _HOUSEHOLDS, _quantity("Kebutuhan"), _quantity("Diserahkan"),
        _quantity("Dicadangkan atau di titik"), _quantity("Dalam rancangan"), _quantity("Keluarga menunggu"),
        _quantity("Tidak terbagi"), _quantity("Belum terpenuhi"),
    ),
    "hari": (
        Column(label="Hari", kind="day"), _ITEM, _UNIT, _quantity("Rencana keluar"), _quantity("Stok pagi"),
        _quantity("Stok sesudahnya"), _quantity("Akan datang (tidak dihitung)"),
    ),
    "datang": (
        _ITEM, _UNIT, _quantity("Jumlah"), Column(label="Diharapkan tiba", kind="day"), Column(label="Keadaan"),
        Column(label="Dari", width=30), Column(label="Dokumen", width=24), Column(label="Ke gudang", width=26),
    ),
}  # fmt: skip
_ROWS: Final[dict[str, Callable[[NeedTables], Rows]]] = {
    "barang": _item_rows, "desa": _village_rows, "hari": _day_rows, "datang": _arrival_rows,
}  # fmt: skip
