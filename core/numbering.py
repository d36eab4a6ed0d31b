"""Numbers of papers: gapless within the transaction that issues them, written by the office's template.

A running number restarts each year, per kind of paper. It is taken inside the issuing transaction: when that is
undone, so is the number. A cancelled paper keeps its number; nothing is reused.
"""

from __future__ import annotations

import re
from datetime import date
from typing import cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, whole
from core.errors import Invalid
from core.office.models import NumberTemplate, Office
from core.work import Tx

KINDS = {
    "TT": "Tanda terima",
    "DTT": "Daftar tanda terima",
    "SJ": "Surat jalan",
    "SBBK": "Surat bukti barang keluar",
    "SBBM": "Surat bukti barang masuk",
    "RKT": "Bukti perakitan",
    "ADJ": "Berita acara penyesuaian",
    "HPS": "Berita acara penghapusan",
    "BASO": "Berita acara stock opname",
    "BAST": "Berita acara serah terima",
    "DN": "Daftar nominatif",
    "UND": "Undangan",
    "USL": "Daftar usulan data",
    "LPJ": "Lampiran LPJ",
    "SPBT": "Surat permohonan bantuan",
}
DEFAULT_TEMPLATE = "{classification}/{number}/{kind}/{unit}/{roman_month}/{year}"
_PARTS = ("classification", "number", "kind", "unit", "roman_month", "year")
_PART = re.compile(r"\{([a-z_]*)\}")
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


class NumberSeries(Base):
    __tablename__ = "number_series"
    __table_args__ = (whole("last_no"),)

    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last_no: Mapped[int]


_SERIES = cast(sa.Table, NumberSeries.__table__)
_KEY = ["regency_code", "kind", "year"]
_insert_pg, _insert_lite = postgresql.insert(_SERIES), sqlite.insert(_SERIES)
_TAKE = {
    "postgresql": _insert_pg.on_conflict_do_update(
        index_elements=_KEY, set_={"last_no": _SERIES.c.last_no + _insert_pg.excluded.last_no}
    ).returning(_SERIES.c.last_no),
    "sqlite": _insert_lite.on_conflict_do_update(
        index_elements=_KEY, set_={"last_no": _SERIES.c.last_no + _insert_lite.excluded.last_no}
    ).returning(_SERIES.c.last_no),
}
_WRITTEN = (
    sa.select(Office.unit_code, Office.classification, NumberTemplate.template)
    .outerjoin(
        NumberTemplate,
        sa.and_(NumberTemplate.regency_code == Office.regency_code, NumberTemplate.kind == sa.bindparam("kind")),
    )
    .where(Office.regency_code == sa.bindparam("regency"))
)


def check_template(template: str) -> None:
    """Raises: Invalid, when the template names an unknown part or lacks the running number or the year."""
    names = _PART.findall(template)
    unknown = [name for name in names if name not in _PARTS]
    if unknown or "{" in _PART.sub("", template) or "}" in _PART.sub("", template) or len(template) > 120:
        raise Invalid("number.unknown_part", field="template", parts=list(_PARTS))
    if "number" not in names or "year" not in names:
        raise Invalid("number.part_missing", field="template")


def next_number(tx: Tx, kind: str, day: date) -> str:
    """Take the next number of a kind for a local day, e.g. ``400.9/0012/TT/DINSOS/XI/2026``."""
    return next_numbers(tx, kind, day, 1)[0]


def next_no(tx: Tx, kind: str, year: int) -> int:
    """Take the next running number of a kind, for what has a code of its own instead of a paper's number."""
    taken = {"regency_code": tx.regency_code, "kind": kind, "year": year, "last_no": 1}
    return int(tx.session.execute(_TAKE[tx.session.get_bind().dialect.name], taken).scalar_one())


def next_numbers(tx: Tx, kind: str, day: date, count: int) -> list[str]:
    """Take several numbers in a row. The series' row stays locked until the transaction ends, so there are no gaps."""
    last: int = tx.session.execute(
        _TAKE[tx.session.get_bind().dialect.name],
        {"regency_code": tx.regency_code, "kind": kind, "year": day.year, "last_no": count},
    ).scalar_one()
    office = tx.session.execute(_WRITTEN, {"regency": tx.regency_code, "kind": kind}).one()
    parts = {
        "classification": office.classification,
        "kind": kind,
        "unit": office.unit_code,
        "roman_month": ROMAN[day.month - 1],
        "year": str(day.year),
    }
    return [
        _PART.sub(
            lambda match, no=no: {**parts, "number": f"{no:04d}"}[match[1]],
            office.template or DEFAULT_TEMPLATE,
        )
        for no in range(last - count + 1, last + 1)
    ]
