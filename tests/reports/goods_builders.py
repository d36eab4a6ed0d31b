"""Views of the papers about goods. Every person and giver in them is invented."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from core.measures import Milli
from reports.correction_minutes import CorrectionMinutesView
from reports.count_minutes import CountMinutesView
from reports.goods_issued import IssuedView
from reports.goods_received import ReceivedView
from reports.labels import LabelView
from stock.corrections.papers import CorrectedLine, CorrectionFacts
from stock.counts.papers import CountFacts, CountPaperLine, CountSheet, CountSheetLine
from stock.ledger.papers import (
    CardLayer,
    CardPaper,
    CardPaperLine,
    GoodsLine,
    IssuedFacts,
    PaperHead,
    PaperName,
    PaperNames,
    PaperSigner,
    ReceivedFacts,
)

AT = datetime(2026, 11, 20, 1, 5, tzinfo=UTC)
HEAD = PaperHead(
    office_name="Dinas Sosial", regency_name="Kabupaten Contoh Kepulauan", address="Jalan Pelabuhan Lama No. 12",
    contact="Telepon (0999) 21345", seat="Kota Contoh", time_zone="Asia/Jayapura", is_demo=True,
)  # fmt: skip
KEEPER = PaperName(name="Agus Contoh, S.Sos.", employee_no="198702142010012003")
ITEMS = (("Beras medium", "kg"), ("Mi instan", "bungkus"), ("Kasur lipat", "buah"), ("Sandang dewasa", "stel"))


def code(number: int) -> str:
    return f"BT-26-{number:06d}-7"


def goods(number: int, **also: Any) -> GoodsLine:
    item, unit = ITEMS[number % len(ITEMS)]
    quantity = (number * 37 % 500 + 1) * 1000 + (500 if unit == "kg" else 0)
    price = 12_500 + number if number % 5 else None
    fields: dict[str, Any] = {
        "item": item, "variant": "Laki-laki XL" if item.startswith("Sandang") else "", "unit": unit,
        "batch": code(number), "funding": ("APBN", "Hibah")[number % 2], "incoming_document": "BAST-1",
        "expires_on": date(2027, 3, 1) if number % 2 else None, "quantity_milli": quantity,
        "value_rp": price * quantity // 1000 if price is not None else 1_000_000 + number, "unit_price_rp": price,
    }  # fmt: skip
    return GoodsLine(**{**fields, **also})


def received(count: int = 3, **also: Any) -> ReceivedView:
    fields: dict[str, Any] = {
        "head": HEAD, "is_return": False, "giver": "Kementerian Contoh", "giver_address": "Ibu Kota",
        "place": "Gudang Induk", "place_address": "Jalan Gudang 1", "basis": "BAST-01/CONTOH/XI/2026", "event_at": AT,
        "note": "", "is_inspected": True,
        "lines": tuple(goods(number, damaged_milli=1000 * (number % 2)) for number in range(1, count + 1)),
        "signers": (
            PaperSigner(caption="Yang menyerahkan,", position="Penyedia/pemberi: Kementerian Contoh"),
            PaperSigner(caption="Pemeriksa,", position="Pemeriksa barang"),
            PaperSigner(caption="Yang menerima,", position="Pengurus Barang"),
        ),
    }  # fmt: skip
    return ReceivedView(
        facts=ReceivedFacts(**{**fields, **also}), persons=PaperNames(signers=(PaperName(), PaperName(), KEEPER)),
        number="400.9/0012/SBBM/DINSOS/XI/2026",
    )  # fmt: skip


def issued(count: int = 3, **also: Any) -> IssuedView:
    fields: dict[str, Any] = {
        "head": HEAD, "kind": "transfer", "source": "Gudang Induk", "source_address": "Jalan Gudang 1",
        "target": "Gudang Timur", "target_address": "", "document_no": "", "event_at": AT, "reason": "", "note": "",
        "lines": tuple(goods(number) for number in range(1, count + 1)),
        "signers": (
            PaperSigner(caption="Setuju dikeluarkan,", position="Kepala Dinas Sosial"),
            PaperSigner(caption="Yang meminta,"),
            PaperSigner(caption="Dikeluarkan oleh,", position="Pengurus Barang"),
            PaperSigner(caption="Penerima,", position="Gudang Timur"),
        ),
    }  # fmt: skip
    return IssuedView(
        facts=IssuedFacts(**{**fields, **also}),
        persons=PaperNames(signers=(PaperName(name="Dr. Contoh"), PaperName(), KEEPER, PaperName())),
        number="400.9/0007/SBBK/DINSOS/XI/2026",
    )  # fmt: skip


def counted(number: int, missing: int = 0) -> CountPaperLine:
    one = goods(number)
    return CountPaperLine(
        item=one.item, variant=one.variant, unit=one.unit, batch=one.batch, funding=one.funding,
        expires_on=one.expires_on, booked_milli=one.quantity_milli + missing, counted_milli=one.quantity_milli,
        unit_price_rp=one.unit_price_rp, value_rp=one.value_rp, reason="Dikeluarkan tanpa dicatat" if missing else "",
        note="Ditanyakan kepada petugas" if missing else "",
    )  # fmt: skip


def count_minutes_view(count: int = 3, *, differing: int = 1, **also: Any) -> CountMinutesView:
    fields: dict[str, Any] = {
        "head": HEAD, "code": "SO-26-000001-3", "place": "Gudang Induk", "place_address": "Jalan Gudang 1",
        "counted_on": date(2026, 11, 19), "approved_at": AT, "is_blind": True, "note": "",
        "adjustment_no": "400.9/0003/ADJ/DINSOS/XI/2026" if differing else "",
        "lines": tuple(counted(number, 2000 if number <= differing else 0) for number in range(1, count + 1)),
        "signers": (
            PaperSigner(caption="Yang menghitung,", position="Petugas penghitung"),
            PaperSigner(caption="Pengurus Barang,", position="Pengurus Barang"),
            PaperSigner(caption="Mengetahui,", position="Kepala Dinas Sosial"),
        ),
    }  # fmt: skip
    return CountMinutesView(
        facts=CountFacts(**{**fields, **also}),
        persons=PaperNames(
            signers=(PaperName(name="Penghitung Contoh"), KEEPER, PaperName(name="Dr. Contoh")),
            others=("Penyetuju Contoh",),
        ),
        number="400.9/0001/BASO/DINSOS/XI/2026",
    )  # fmt: skip


def count_sheet_view(count: int = 3, *, is_blind: bool = True) -> CountSheet:
    return CountSheet(
        head=HEAD, count_id=UUID(int=1), code="SO-26-000001-3", place="Gudang Induk", place_address="Jalan Gudang 1",
        due_on=date(2026, 12, 31), printed_at=AT, is_blind=is_blind,
        lines=tuple(
            CountSheetLine(
                item=one.item, variant=one.variant, unit=one.unit, batch=one.batch, funding=one.funding,
                expires_on=one.expires_on, booked_milli=None if is_blind else one.quantity_milli,
            )
            for one in (goods(number) for number in range(1, count + 1))
        ),
    )  # fmt: skip


def corrected(count: int = 2, kind: str = "write_off", **also: Any) -> CorrectionMinutesView:
    fields: dict[str, Any] = {
        "head": HEAD, "kind": kind, "places": "Gudang Induk", "reason": "Rusak oleh air",
        "note": "Atap bocor pada malam hari.", "minutes_no": "BA/12/CONTOH", "reverses": "", "event_at": AT,
        "asked_at": AT, "decided_at": AT, "decision_note": "",
        "lines": tuple(
            CorrectedLine(goods=one, difference_milli=-one.quantity_milli, place="Gudang Induk")
            for one in (goods(number) for number in range(1, count + 1))
        ),
        "signers": (
            PaperSigner(caption="Yang mengusulkan,"), PaperSigner(caption="Menyetujui,"),
            PaperSigner(caption="Mengetahui,", position="Kepala Dinas Sosial"),
        ),
    }  # fmt: skip
    return CorrectionMinutesView(
        facts=CorrectionFacts(**{**fields, **also}),
        persons=PaperNames(signers=(PaperName(name="Pengusul Contoh"), PaperName(name="Penyetuju Contoh"), KEEPER)),
        number="400.9/0001/HPS/DINSOS/XI/2026",
    )  # fmt: skip


def card_line(number: int, *, comes: bool, milli: int, value: int, batch: int = 1) -> CardPaperLine:
    return CardPaperLine(
        event_on=date(2026, 1 + number % 12, 1 + number % 28), number=f"400.9/{number:04d}/SBBK/DINSOS/XI/2026",
        text="Diterima dari Kementerian Contoh" if comes else "Dikirim ke Balai Desa", batch=code(batch),
        in_milli=milli if comes else 0, out_milli=0 if comes else milli, unit_price_rp=12_500, value_rp=value, note="",
    )  # fmt: skip


def card(count: int, *, opening: int = 1_000_000, opening_rp: int = 12_500_000, **also: Any) -> CardPaper:
    fields: dict[str, Any] = {
        "head": HEAD, "item_code": "beras", "item": "Beras medium", "unit": "kg", "place_code": "GD1",
        "place": "Gudang Induk", "first_on": date(2026, 1, 1), "last_on": date(2026, 12, 31), "as_of_at": AT,
        "line_count": count, "names": PaperNames(signers=(PaperName(name="Dr. Contoh"), KEEPER)),
        "layers": (
            CardLayer(
                batch=code(1), funding="APBN", expires_on=date(2027, 3, 1), unit_price_rp=12_500,
                opening_milli=opening, opening_rp=opening_rp,
            ),
        ),
        "signers": (
            PaperSigner(caption="Mengetahui,", position="Kepala Dinas Sosial"),
            PaperSigner(caption="Dibuat oleh,", position="Pengurus Barang"),
        ),
    }  # fmt: skip
    return CardPaper(**{**fields, **also})


def label(number: int = 1, **also: Any) -> LabelView:
    fields: dict[str, Any] = {
        "address": f"https://tanggap.contohkab.go.id/stok/batch/{code(number)}", "item": "Mi instan",
        "batch": code(number), "expires_on": date(2027, 3, 1), "funding": "APBD kabupaten/kota",
        "content_milli": Milli(40_000), "unit": "bungkus", "box_no": number, "boxes": 30, "place": "Gudang Induk",
        "is_demo": True,
    }  # fmt: skip
    return LabelView(**{**fields, **also})
