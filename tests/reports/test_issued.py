"""Issued papers are printed from what was frozen, and still print when a person was erased."""

from __future__ import annotations

from datetime import UTC, date, datetime

from core.frozen import freeze, thaw
from core.measures import Milli
from logistics.dispatch.queries import LoadPaper, LoadPaperLine, LoadPersons
from logistics.handover.papers import ReceiptFacts, ReceiptItem, ReceiptPerson
from logistics.handover.states import RecipientKind
from reports import delivery_note
from reports.issued import delivery_note_of, letterhead_of, receipt_of
from reports.receipt import build_receipt
from reports.sheet import DEMO_BAND
from tests.reports.builders import verify_url
from tests.reports.reading import symbols, words

FACTS = ReceiptFacts(
    office_name="Dinas Sosial", regency_name="Kabupaten Contoh Kepulauan", office_address="Jalan Lama 12",
    office_contact="", office_seat="Kota Contoh", time_zone="Asia/Jayapura", is_demo=True,
    incident_name="Banjir rob Pulau Contoh", round_no=1, first_on=date(2026, 11, 21), last_on=date(2026, 11, 27),
    standard_name="Sembako seminggu", package_code="PKT-26-000001-7", post_name="Balai Desa Wetan Laut",
    village_name="Desa Wetan Laut", persons=5,
    items=(
        ReceiptItem(name="Beras", quantity_milli=10_000, due_milli=14_000, unit="kg"),
        ReceiptItem(name="Selimut", quantity_milli=5_000, due_milli=5_000, unit="lembar"),
    ),
    event_at=datetime(2026, 11, 21, 1, 5, tzinfo=UTC), recipient_kind=RecipientKind.PROXY.value, is_partial=True,
    partial_reason="Beras habis di titik", giver_name="Siti Contoh", giver_employee_no="198702142010012003",
    acknowledger_name="Markus Contoh", acknowledger_position="Kepala Dinas", acknowledger_employee_no="",
)  # fmt: skip
PERSON = ReceiptPerson(
    head_name="Yohanes Contoh", household_code="KEL-1", address="Jalan Pantai 4", rt="003", rw="001", kk_last4="0042",
    recipient_name="Maria Contoh", relation="tetangga", document="KTP",
)  # fmt: skip


def test_a_frozen_receipt_prints_all_it_said() -> None:
    facts, person = thaw(ReceiptFacts, freeze(FACTS)), thaw(ReceiptPerson, freeze(PERSON))
    pdf = build_receipt(receipt_of(facts, person, number="460/0001/TT", verify_url=verify_url(1)))
    text = words(pdf)
    for part in (
        "PEMERINTAH KABUPATEN CONTOH KEPULAUAN", "460/0001/TT", "Yohanes Contoh", "•••• •••• •••• 0042",
        "RT 003/RW 001",
        "Beras (dari 14 kg) 10 kg", "Selimut 5 lembar", "Diserahkan sebagian: Beras habis di titik",
        "Wakil: tetangga (KTP)", "Sembako seminggu", "Sabtu, 21 November 2026 10.05 WIT", DEMO_BAND,
    ):  # fmt: skip
        assert part in text
    assert symbols(pdf) == [verify_url(1)] * 2


def test_a_receipt_of_an_erased_person_prints_dashes() -> None:
    text = words(build_receipt(receipt_of(FACTS, None, number="460/0001/TT", copy_no=1)))
    assert "Yohanes" not in text and "Maria" not in text and "0042" not in text
    assert "Beras (dari 14 kg) 10 kg" in text
    assert "SALINAN ke-1" in text


def test_a_frozen_surat_jalan_prints_all_it_said() -> None:
    paper = LoadPaper(
        office="Dinas Sosial", regency="Kota Contoh", short_name="DINSOS", address="Jalan Lama 12", contact="",
        seat="Kota Contoh", is_demo=False, zone="Asia/Jayapura", round_no=1, purpose="Putaran 1",
        serve_on=date(2026, 11, 21), issued_on=date(2026, 11, 20), from_place="Gudang Induk", from_address="",
        to_place="Balai Desa", to_address="Wetan Laut", vehicle="Truk", plate="DE 8123 XX",
        departed_at=datetime(2026, 11, 19, 22, tzinfo=UTC),
        lines=(
            LoadPaperLine(item_code="BRS", item="Beras", unit="kg", quantity_milli=Milli(1_680_500), batch="BCH-1",
                          expires_on=date(2027, 3, 1)),
        ),
    )  # fmt: skip
    persons = LoadPersons(driver="Petrus Contoh", giver_name="Agus Contoh", giver_nip="")
    view = delivery_note_of(thaw(LoadPaper, freeze(paper)), persons, number="510/1/SJ", verify_url=verify_url(2))
    text = words(delivery_note.build(view))
    for part in ("PEMERINTAH KOTA CONTOH", "510/1/SJ", "Petrus Contoh", "Agus Contoh", "1.680,5 kg", "BCH-1"):
        assert part in text
    assert "Petrus" not in words(delivery_note.build(delivery_note_of(paper, None, number="510/1/SJ")))


def test_the_shield_takes_the_initials_of_the_regency() -> None:
    assert letterhead_of(regency_name="Kabupaten Kepulauan Tanimbar", office_name="Dinas Sosial").initials == "KT"
    assert letterhead_of(regency_name="Kota Ambon", office_name="Dinas Sosial").initials == "A"
    assert letterhead_of(regency_name="", office_name="").initials == ""
