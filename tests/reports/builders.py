"""Views for the tests of papers. Every person in them is invented."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from core.measures import Milli
from reports.receipt import ReceiptLineView, ReceiptView
from reports.sheet import LetterheadView

LETTERHEAD = LetterheadView(
    government="Pemerintah Kabupaten Contoh Kepulauan",
    office="Dinas Sosial",
    address="Jalan Pelabuhan Lama No. 12, Kota Contoh 99111",
    contact="Telepon (0999) 21345",
    initials="CK",
)
DEMO_LETTERHEAD = replace(LETTERHEAD, is_demo=True)


def verify_url(number: int) -> str:
    """An address like a signed one: 76 bytes as upper-case base32."""
    token = b"".join(hashlib.sha256(f"{number}/{part}".encode()).digest() for part in range(3))[:76]
    return "HTTPS://TANGGAP.CONTOHKAB.GO.ID/T/" + base64.b32encode(token).decode().rstrip("=")


LINES = (
    ReceiptLineView(item="Beras medium", quantity_milli=Milli(14_000), unit="kg"),
    ReceiptLineView(item="Minyak goreng", quantity_milli=Milli(2_800), unit="liter"),
    ReceiptLineView(item="Gula pasir", quantity_milli=Milli(1_500), unit="kg"),
    ReceiptLineView(item="Mi instan", quantity_milli=Milli(40_000), unit="bungkus"),
    ReceiptLineView(item="Sarden kaleng 155 g", quantity_milli=Milli(10_000), unit="kaleng"),
    ReceiptLineView(item="Air minum kemasan", quantity_milli=Milli(70_000), unit="liter"),
    ReceiptLineView(item="Selimut", quantity_milli=Milli(5_000), unit="lembar"),
    ReceiptLineView(item="Kasur lipat", quantity_milli=Milli(3_000), unit="lembar", note="sekali per kejadian"),
)


def receipt_view(nth: int = 1, **also: Any) -> ReceiptView:
    """A receipt with everything on it; ``also`` replaces fields."""
    view = ReceiptView(
        letterhead=DEMO_LETTERHEAD,
        number=f"460/{nth:04d}/TT/DINSOS/XI/2026",
        programme="Banjir rob Pulau Contoh Besar, November 2026",
        package_code=f"PKT-26-{nth:06d}-7",
        round_no=1,
        first_on=date(2026, 11, 21),
        last_on=date(2026, 11, 27),
        handed_over_at=datetime(2026, 11, 21, 1, 5, tzinfo=UTC),
        zone="Asia/Jayapura",
        place="Balai Desa Wetan Laut",
        head_name="Yohanes Batlayeri Contoh",
        address="Jalan Pantai No. 4",
        rt="003",
        rw="001",
        village="Desa Wetan Laut",
        district="Kecamatan Pulau Besar",
        nik_last4="0123",
        persons=5,
        lines=LINES,
        recipient_name="Maria Batlayeri Contoh",
        is_proxy=True,
        recipient_relation="istri",
        standard_name="Sembako dan sandang",
        giver_name="Siti Rahma Contoh, S.Sos.",
        giver_nip="198702142010012003",
        giver_position="Petugas titik pembagian",
        acknowledger_name="Markus Fenanlampir Contoh",
        acknowledger_position="Kepala Desa Wetan Laut",
        verify_url=verify_url(nth),
    )
    return replace(view, **also)
