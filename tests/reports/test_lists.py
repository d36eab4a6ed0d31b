"""Daftar tanda terima and surat jalan: repeated heads, whole signature blocks, the view's quantities."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from core.measures import Milli
from reports import delivery_note, signature_list
from reports.sheet import A4, DEMO_BAND, F4, Sheet
from tests.reports.builders import DEMO_LETTERHEAD, LETTERHEAD, LINES, verify_url
from tests.reports.reading import fonts, page_count, symbols, words
from tests.reports.test_receipt import HOSTILE

ITEMS = tuple(
    signature_list.ListedItemView(item=line.item, quantity_milli=line.quantity_milli, unit=line.unit) for line in LINES
)


def list_view(households: int) -> signature_list.SignatureListView:
    return signature_list.SignatureListView(
        letterhead=DEMO_LETTERHEAD,
        number="460/0007/DTT/DINSOS/XI/2026",
        programme="Banjir rob Pulau Contoh Besar",
        post="Balai Desa Wetan Laut",
        village="Desa Wetan Laut",
        district="Pulau Besar",
        serve_on=date(2026, 11, 21),
        lines=tuple(
            signature_list.SignatureLineView(
                package_code=f"PKT-26-{number:06d}-7",
                head_name=f"Keluarga Contoh {number}",
                address=f"Jalan Pantai No. {number}",
                persons=number % 7 + 1,
                items=ITEMS[: 2 + number % 6],
            )
            for number in range(1, households + 1)
        ),
        place="Wetan Laut",
        officer_name="Siti Rahma Contoh",
        officer_nip="198702142010012003",
        acknowledger_name="Markus Contoh",
        acknowledger_position="Kepala Desa Wetan Laut",
        verify_url=verify_url(7),
    )


NOTE = delivery_note.DeliveryNoteView(
    letterhead=DEMO_LETTERHEAD,
    number="510/0003/SJ/DINSOS/XI/2026",
    from_place="Gudang Induk",
    to_place="Balai Desa Wetan Laut",
    issued_on=date(2026, 11, 20),
    place="Kota Contoh",
    vehicle="Truk",
    plate="DE 8123 XX",
    driver="Petrus Contoh",
    departed_at=datetime(2026, 11, 19, 22, 0, tzinfo=UTC),
    zone="Asia/Jayapura",
    lines=(
        delivery_note.DeliveryLineView(
            item="Beras medium", quantity_milli=Milli(1_680_500), unit="kg", batch="BCH-1", expires_on=date(2027, 3, 1)
        ),
        delivery_note.DeliveryLineView(item="Kasur lipat", quantity_milli=Milli(360_000), unit="lembar"),
    ),
    giver_name="Agus Contoh",
    verify_url=verify_url(9),
)


@pytest.mark.parametrize("sheet", [A4, F4])
def test_500_households_stand_in_order_under_a_repeated_head(sheet: Sheet) -> None:
    pdf = signature_list.build(list_view(500), sheet)
    pages = page_count(pdf)
    assert pages > 20
    for page in range(pages):
        text = words(pdf, page)
        assert "Kode paket" in text
        assert f"Halaman {page + 1} dari" in text
        assert DEMO_BAND in text
    text = words(pdf)
    places = [text.index(f"PKT-26-{number:06d}-7") for number in range(1, 501)]
    assert places == sorted(places)
    assert "500 keluarga" in text


@pytest.mark.parametrize("households", range(1, 30))
def test_a_signature_block_is_whole_and_never_alone_on_a_page(households: int) -> None:
    pdf = signature_list.build(list_view(households))
    last = words(pdf, page_count(pdf) - 1)
    assert f"PKT-26-{households:06d}-7" in last
    for part in ("Wetan Laut, 21 November 2026", "Mengetahui,", "Markus Contoh", "NIP 19870214 201001 2 003"):
        assert part in last
    assert symbols(pdf) == [verify_url(7)]


def test_the_list_prints_the_quantities_of_the_view() -> None:
    view = list_view(3)
    odd = (signature_list.ListedItemView(item="Beras", quantity_milli=Milli(13_725), unit="kg"),)
    text = words(signature_list.build(replace(view, lines=(replace(view.lines[0], items=odd),))))
    assert "Beras 13,725 kg" in text


def test_an_empty_list_says_so() -> None:
    assert "Tidak ada keluarga pada hari ini." in words(signature_list.build(list_view(0)))


def test_the_delivery_note_says_what_from_where_to_where() -> None:
    text = words(delivery_note.build(NOTE))
    for part in (
        "SURAT JALAN", "Gudang Induk", "Balai Desa Wetan Laut", "Truk, DE 8123 XX", "Petrus Contoh",
        "Jumat, 20 November 2026 07.00 WIT", "1.680,5 kg", "BCH-1", "1 Maret 2027", "360 lembar",
        "Petugas gudang", "Pengemudi", "Penerima", "Kota Contoh, 20 November 2026", "Halaman 1 dari",
    ):  # fmt: skip
        assert part in text
    assert symbols(delivery_note.build(NOTE)) == [verify_url(9)]


def test_the_same_view_gives_the_same_bytes() -> None:
    assert delivery_note.build(NOTE) == delivery_note.build(replace(NOTE))
    assert signature_list.build(list_view(40)) == signature_list.build(list_view(40))


def test_marks_of_void_copy_and_demonstration() -> None:
    plain = words(delivery_note.build(replace(NOTE, letterhead=LETTERHEAD)))
    assert "DIBATALKAN" not in plain and "SALINAN" not in plain and DEMO_BAND not in plain
    marked = words(delivery_note.build(replace(NOTE, is_void=True, copy_no=1)))
    assert "DIBATALKAN" in marked and "SALINAN ke-1" in marked and DEMO_BAND in marked


def test_all_fonts_are_embedded_and_none_is_borrowed() -> None:
    for pdf in (delivery_note.build(NOTE), signature_list.build(list_view(30))):
        found = fonts(pdf)
        assert found and all(found.values())
        assert all("PlusJakartaSans" in name for name in found)


@pytest.mark.parametrize("text", HOSTILE)
def test_printing_never_fails_for_what_a_field_holds(text: str) -> None:
    note = replace(
        NOTE, number=text, purpose=text, from_place=text, to_address=text, vehicle=text, driver=text, giver_name=text,
        lines=(replace(NOTE.lines[0], item=text, unit=text, batch=text, note=text),) * 40,
    )  # fmt: skip
    assert page_count(delivery_note.build(note)) >= 1
    view = list_view(2)
    line = replace(view.lines[0], package_code=text, head_name=text, address=text, mark=text)
    assert page_count(signature_list.build(replace(view, programme=text, post=text, lines=(line,) * 40))) >= 2
