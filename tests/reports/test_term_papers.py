"""Daftar nominatif, undangan and lampiran LPJ as printed: long names, nobody, one, many, erased, void, copies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from logistics.programmes.papers import (
    AccountFacts,
    AccountItem,
    AccountMiss,
    AccountName,
    AccountPersons,
    AccountReceipt,
    AccountVillage,
    InvitationFacts,
    InvitationLine,
    InvitationPerson,
    InvitationPersons,
    InvitationPost,
    NominativeFacts,
    NominativeLine,
    NominativePerson,
    NominativePersons,
    PaperHead,
    PaperItem,
    PaperSigner,
    PaperTerm,
    PaperVillage,
)
from reports import invitation, lpj, nominative
from reports.sheet import A4, DEMO_BAND, F4, Sheet
from tests.reports.builders import verify_url
from tests.reports.reading import fonts, page_count, symbols, words
from tests.reports.test_receipt import HOSTILE

HEAD = PaperHead(
    office_name="Dinas Sosial", regency_name="Kabupaten Contoh Kepulauan", address="Jalan Pelabuhan Lama No. 12",
    contact="Telepon (0999) 21345", seat="Kota Contoh", time_zone="Asia/Jayapura", is_demo=True,
)  # fmt: skip
TERM = PaperTerm(
    programme="Kompor Rakyat", term="Tahap I 2026", unit="household", first_on=date(2026, 11, 1),
    last_on=date(2026, 12, 31), decree_no="460/12/SK/2026", decree_on=date(2026, 11, 20),
    items=(PaperItem(name="Kompor gas", quantity_milli=1000, unit="buah"),),
)  # fmt: skip
CHIEF = PaperSigner(position="Kepala Dinas Sosial", name="Drs. Agus Contoh, M.Si.", employee_no="198702142010012003")
SIGNERS = (PaperSigner(position="Operator data", name="Siti Contoh"), CHIEF)


def listed(count: int, villages: int = 2, **more: object) -> nominative.NominativeView:
    each = max(1, -(-count // villages))
    facts = NominativeFacts(
        head=HEAD, term=TERM, region="",
        villages=tuple(
            PaperVillage(code=f"99.01.01.200{no}", name=f"Desa Contoh {no}", district="Kec. Contoh")
            for no in range(villages)
        ),
        lines=tuple(
            NominativeLine(
                no=no + 1, village=no // each, rt=f"{no % each // 9 + 1:03d}", rw="001", decile=no % 10 + 1, persons=4
            )
            for no in range(count)
        ),
        signers=SIGNERS, issued_on=date(2026, 11, 21), list_sha256="ab" * 32,
    )  # fmt: skip
    persons = NominativePersons(
        lines=tuple(
            NominativePerson(
                no=no + 1, name=f"Keluarga Contoh {no + 1:05d}", code=f"KEL-{no:06d}-7", head_name="",
                address=f"Jalan Pantai No. {no}", nik_last4=f"{no % 10_000:04d}", kk_last4="4321", card_last4="9876",
            )
            for no in range(count)
        )
    )  # fmt: skip
    return replace(
        nominative.NominativeView(facts=facts, persons=persons, number="460/0001/DN/DINSOS/XI/2026"),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("sheet", [A4, F4])
def test_300_rows_stand_in_order_under_a_repeated_head(sheet: Sheet):
    pdf = nominative.build(listed(300), sheet)
    pages = page_count(pdf)
    for page in range(pages):
        text = words(pdf, page)
        assert DEMO_BAND in text
        assert f"Halaman {page + 1} dari" in text
    for page in range(pages - 1):
        assert "Nama kepala keluarga" in words(pdf, page)
    text = words(pdf)
    places = [text.index(f"Keluarga Contoh {no:05d}") for no in range(1, 301)]
    assert places == sorted(places)
    for part in (
        "Jumlah Desa Contoh 0: 150 keluarga – Kompor gas 150 buah", "(lanjutan)", "Rekapitulasi",
        "Jumlah seluruhnya: 300 keluarga – Kompor gas 300 buah (tiga ratus keluarga).", "SK Nomor 460/12/SK/2026",
    ):  # fmt: skip
        assert part in text
    assert all(fonts(pdf).values())


@pytest.mark.parametrize("count", range(40))
def test_the_signatures_are_whole_and_stand_with_the_sum(count: int):
    pdf = nominative.build(listed(count, 1))
    last = words(pdf, page_count(pdf) - 1)
    for part in ("Jumlah seluruhnya", "Kota Contoh, 21 November 2026", "Drs. Agus Contoh", "NIP 19870214 201001 2 003"):
        assert part in last


def test_numbers_of_persons_are_their_last_four_digits_whatever_comes_in():
    view = listed(1)
    assert view.persons is not None
    long = replace(view.persons.lines[0], nik_last4="9901010102030004", kk_last4="9901010102035678")
    text = words(nominative.build(replace(view, persons=NominativePersons(lines=(long,)))))
    assert "•••• 0004" in text and "•••• 5678" in text
    assert "99010101" not in text


def test_an_erased_list_a_void_one_and_a_copy_say_so():
    text = words(nominative.build(listed(3, 1, persons=None, is_void=True, copy_no=2)))
    assert "Keluarga Contoh" not in text
    assert "DIBATALKAN" in text and "SALINAN ke-2" in text


@pytest.mark.parametrize("unit", ["person", "card"])
def test_a_list_of_persons_or_cards_has_their_columns(unit: str):
    view = listed(2, 1)
    text = words(nominative.build(replace(view, facts=replace(view.facts, term=replace(TERM, unit=unit)))))
    assert {"person": "2 orang", "card": "2 kartu"}[unit] in text
    assert ("•••• 9876" in text) is (unit == "card")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_stops_a_paper(name: str):
    view = listed(1)
    assert view.persons is not None
    said = replace(view.persons.lines[0], name=name, address=name)
    assert page_count(nominative.build(replace(view, persons=NominativePersons(lines=(said,))))) == 1
    assert nominative.build_workbook(view.facts, NominativePersons(lines=(said,)))
    facts, _ = invited(1)
    guest = InvitationPerson(no=1, name=name, head_name=name, address=name, rt=name, rw="")
    assert page_count(printed(facts, InvitationPersons(lines=(guest,)))) == 1


# ---------------------------------------------------------------- undangan


def invited(count: int) -> tuple[InvitationFacts, InvitationPersons]:
    facts = InvitationFacts(
        head=HEAD, term=TERM, region="Desa Contoh",
        posts=(InvitationPost(name="Balai Desa Contoh", address="Jalan Pelabuhan No. 3"),),
        lines=tuple(
            InvitationLine(
                no=no, package_code=f"PKT-26-{no:06d}-7", village="Desa Contoh, Kec. Contoh", post=0,
                serve_on=date(2026, 11, 24), from_minute=480 + no % 12 * 30, to_minute=510 + no % 12 * 30,
                ref=f"{no:020x}",
            )
            for no in range(1, count + 1)
        ),
        signer=CHIEF, issued_on=date(2026, 11, 21),
    )  # fmt: skip
    persons = InvitationPersons(
        lines=tuple(
            InvitationPerson(no=no, name=f"Keluarga Contoh {no}", head_name="", address="Jalan A", rt="001", rw="002")
            for no in range(1, count + 1)
        )
    )
    return facts, persons


def printed(facts: InvitationFacts, persons: InvitationPersons | None, sheet: Sheet = A4, **more: object) -> bytes:
    view = invitation.InvitationView(
        facts=facts, persons=persons, verify_url=lambda ref: verify_url(int(ref, 16)), number="460/0002/UND", **more  # type: ignore[arg-type]
    )  # fmt: skip
    return invitation.build(view, sheet)


@pytest.mark.parametrize("sheet", [A4, F4])
@pytest.mark.parametrize(("count", "pages"), [(1, 1), (3, 1), (4, 2), (7, 3)])
def test_three_invitations_stand_on_a_sheet_each_with_its_own_symbol(sheet: Sheet, count: int, pages: int):
    pdf = printed(*invited(count), sheet)
    assert page_count(pdf) == pages
    assert symbols(pdf) == [verify_url(no) for no in range(1, count + 1)]
    text = words(pdf)
    for no in range(1, count + 1):
        assert f"Keluarga Contoh {no}" in text and f"PKT-26-{no:06d}-7" in text
    for part in ("Selasa, 24 November 2026", "08.30–09.00 WIT", "Balai Desa Contoh", "Kompor gas 1 buah", "KTP asli"):
        assert part in text


def test_an_invitation_without_its_person_is_still_an_invitation():
    text = words(printed(invited(1)[0], None, copy_no=1, is_void=True))
    assert "Keluarga Contoh" not in text
    assert "SALINAN ke-1" in text and "DIBATALKAN" in text


# ---------------------------------------------------------------- lampiran LPJ


def account(receipts: int, missed: int, **more: object) -> lpj.AccountView:
    facts = AccountFacts(
        head=HEAD, term=TERM, funding_source="APBD", supplier="Disperindag", distributor="Titik pembagian",
        villages=tuple(
            AccountVillage(name=f"Desa {no}", determined=20, handed_over=18, returned=1, open=1, open_rests=no)
            for no in range(2)
        ),
        items=(
            AccountItem(
                name="Kompor gas", unit="buah", due_milli=40_000, sent_milli=40_000, handed_over_milli=36_000,
                left_milli=4_000, rest_milli=0, is_money=False,
            ),
        ),
        receipts=tuple(
            AccountReceipt(
                package_code=f"PKT-26-{no:06d}-7", village="Desa 1", day=date(2026, 11, 22),
                number=f"460/{no:04d}/TT/DINSOS/XI/2026", is_partial=no == 1,
            )
            for no in range(receipts)
        ),
        missed=tuple(
            AccountMiss(
                no=no, package_code=f"PKT-26-{no:06d}-7", village="Desa 1", reason="Tidak hadir",
                next_step="Diundang lagi", due_on=date(2026, 12, 1),
            )
            for no in range(1, missed + 1)
        ),
        is_closed=True, minutes_no="BA-7/2026", minutes="Dua keluarga pindah.", signers=SIGNERS,
        issued_on=date(2026, 12, 1), list_sha256="ab" * 32,
    )  # fmt: skip
    names = [AccountName(key=one.number, name=f"Keluarga Contoh {at}") for at, one in enumerate(facts.receipts)]
    names += [AccountName(key=str(one.no), name=f"Tidak Hadir {one.no}") for one in facts.missed]
    return replace(
        lpj.AccountView(facts=facts, persons=AccountPersons(names=tuple(names)), number="460/0003/LPJ"),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("receipts", [0, 1, 40, 400])
def test_the_annex_holds_everything_and_ends_with_its_signatures(receipts: int):
    pdf = lpj.build(account(receipts, 3))
    text = words(pdf)
    for part in (
        "SK Nomor 460/12/SK/2026", "Jumlah 40 36 2 2", "18 (1 sebagian)", "Tidak Hadir 2",
        "paling lambat 1 Desember 2026", "BA-7/2026", "Dua keluarga pindah.", "(tiga puluh enam) keluarga",
    ):  # fmt: skip
        assert part in text, part
    last = words(pdf, page_count(pdf) - 1)
    assert "Kota Contoh, 1 Desember 2026" in last and "Drs. Agus Contoh" in last
    assert text.count("Keluarga Contoh") == receipts


def test_an_annex_of_a_term_that_closed_at_zero_says_so():
    view = account(1, 0)
    text = words(lpj.build(replace(view, facts=replace(view.facts, minutes_no="", minutes=""))))
    assert "Ditutup tanpa sisa" in text and "Semua penerima terlayani." in text
    assert "Berita acara" not in words(lpj.build(replace(view, facts=replace(view.facts, is_closed=False))))
