"""Papers of the ledger: issued once whoever asks, printed again as copies, and what is printed is what was booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from core.actor import Actor
from core.documents.queries import DocumentView, document, documents, said, said_of_person
from core.documents.states import DocumentState
from core.errors import Conflict, Invalid, NotFound
from core.measures import MILLI, Rupiah, print_count, print_quantity, print_rupiah
from core.office.commands import NameSignatory, UpdateOffice, name_signatory, update_office
from reports import stock_card
from routes import papers
from stock.corrections.commands import AskCorrection, CorrectionItem, approve_correction, ask_correction
from stock.corrections.papers import CorrectionFacts, issue_minutes_of
from stock.corrections.states import CorrectionKind
from stock.counts.commands import (
    LineCounted,
    LineReason,
    SubmitCount,
    approve_count,
    count_lines,
    plan_count,
    recount,
    start_count,
    submit_count,
)
from stock.counts.papers import CountFacts, count_sheet, issue_count_minutes
from stock.counts.queries import comparison
from stock.ledger import papers as ledger_papers
from stock.ledger.commands import (
    Assemble,
    BatchLine,
    ItemLine,
    KitMade,
    ReceiveLine,
    Transfer,
    assemble,
    reverse_document,
    transfer,
)
from stock.ledger.kinds import FundingSource
from stock.ledger.papers import IssuedFacts, PaperNames, ReceivedFacts, card_paper, card_paper_lines
from stock.ledger.queries import batch_balances, stock_document
from tests.reports.reading import words
from tests.stock.inbound.test_consignments import announced, came, looked_at, seen
from tests.stock.people import HEAD, OFFICER, SECOND
from tests.stock.shop import ACTOR, Shop, days, line, take_in, units
from tests.support.racing import at_once


def paper_of(shop: Shop, document_id: UUID, actor: Actor = ACTOR) -> UUID:
    return shop.work.run(actor, lambda tx: papers.issue_of_stock(tx, document_id))


def printed(shop: Shop, paper_id: UUID, sheet: str = "A4") -> str:
    return words(shop.work.run(ACTOR, lambda tx: papers.print_papers(tx, [paper_id], sheet)))


def seen_paper(shop: Shop, paper_id: UUID) -> DocumentView:
    with shop.work.read_by(ACTOR) as tx:
        return document(tx, paper_id)


def bought(shop: Shop, *lines: ReceiveLine) -> tuple[UUID, list[UUID]]:
    usual = (
        line(shop.beras, 1_200, value=15_000_000, expires=days(200)),
        replace(line(shop.kasur, 10, source=FundingSource.GRANT), unit_price_rp=Rupiah(350_000), value_rp=None),
    )
    with shop.work.by(ACTOR) as tx:
        done = take_in(tx, shop.warehouse, *(lines or usual))
    return done.document_id, [one.batch_id for one in done.batches]


def moved(shop: Shop, target: UUID, *lines: BatchLine) -> UUID:
    with shop.work.by(ACTOR) as tx:
        return transfer(tx, Transfer(from_place_id=shop.warehouse, to_place_id=target, lines=lines)).document_id


def test_the_sbbm_carries_the_ledgers_number_and_its_quantities(shop: Shop):
    document_id, _ = bought(shop)
    paper_id = paper_of(shop, document_id)
    with shop.work.read_by(ACTOR) as tx:
        booked = stock_document(tx, document_id)
        issued = document(tx, paper_id)
        facts = said(tx, paper_id, ReceivedFacts)
    assert (issued.kind, issued.number, issued.place_id) == ("SBBM", booked.number, shop.warehouse)
    assert [(one.batch, one.quantity_milli, one.value_rp) for one in facts.lines] == [
        (one.batch.code, one.quantity_milli, one.value_rp) for one in booked.lines
    ]
    text = printed(shop, paper_id)
    for one in booked.lines:
        assert print_quantity(one.quantity_milli, one.item.base_unit) in text
        assert print_rupiah(one.value_rp) in text
    for part in (f"Nomor: {booked.number}", "BAST-01/CONTOH", "Rp12.500", "Rp350.000", "Hibah", "Rp18.500.000"):
        assert part in text, part
    assert "SALINAN" not in text


def test_damaged_goods_stand_beside_the_good_ones_on_one_paper(shop: Shop):
    document_id, _ = bought(shop, replace(line(shop.kasur, 10, value=1_000_000), damaged_milli=units(3)))
    paper_id = paper_of(shop, document_id)
    with shop.work.read_by(ACTOR) as tx:
        facts = said(tx, paper_id, ReceivedFacts)
    assert [(one.quantity_milli, one.damaged_milli, one.value_rp) for one in facts.lines] == [
        (units(10), units(3), 1_000_000)
    ]
    assert facts.place == "Gudang Utama"
    assert "10 buah 7 buah 3 buah" in printed(shop, paper_id)


def test_asking_again_gives_the_same_paper_and_marks_the_copy(shop: Shop):
    document_id, _ = bought(shop)
    first = paper_of(shop, document_id)
    assert "SALINAN" not in printed(shop, first)
    with shop.work.by(ACTOR) as tx:
        update_office(
            tx,
            UpdateOffice(
                name="Dinas Baru",
                short_name="",
                address="",
                contact="",
                seat="",
                unit_code="DINSOS",
                classification="400.9",
                paper_size="F4",
            ),
        )
        name_signatory(tx, NameSignatory(duty="warehouse", name="Orang Baru", position="", employee_no=""))
    assert paper_of(shop, document_id, OFFICER) == first
    text = printed(shop, first, "F4")
    assert "SALINAN ke-1" in text
    assert "DINAS SOSIAL CONTOH" in text and "Orang Baru" not in text


def test_several_who_ask_at_once_get_one_paper(shop: Shop):
    document_id, _ = bought(shop)
    got = at_once([lambda: paper_of(shop, document_id)] * 6)
    assert len(set(map(str, got))) == 1, got
    with shop.work.read_by(ACTOR) as tx:
        assert documents(tx, kind="SBBM").total == 1


def test_a_paper_of_reversed_goods_says_so_whenever_it_is_printed(shop: Shop):
    document_id, _ = bought(shop)
    paper_id = paper_of(shop, document_id)
    assert "DIBATALKAN" not in printed(shop, paper_id)
    with shop.work.by(ACTOR) as tx:
        reverse_document(tx, document_id, "Salah gudang")
    assert "DIBATALKAN" in printed(shop, paper_id)
    assert seen_paper(shop, paper_id).state is DocumentState.ISSUED


def test_a_transfer_has_an_sbbk_a_load_one_beside_its_surat_jalan(shop: Shop):
    _, (rice, beds) = bought(shop)
    across = moved(shop, shop.other_warehouse, BatchLine(batch_id=rice, quantity_milli=units(200)))
    loaded = moved(
        shop, shop.post, BatchLine(batch_id=rice, quantity_milli=units(300)),
        BatchLine(batch_id=beds, quantity_milli=units(4)),
    )  # fmt: skip
    first, second = paper_of(shop, across), paper_of(shop, loaded)
    with shop.work.read_by(ACTOR) as tx:
        carried = stock_document(tx, loaded)
        assert document(tx, first).number == stock_document(tx, across).number
        own, facts = document(tx, second).number, said(tx, second, IssuedFacts)
    assert "/SBBK/" in own and own != carried.number
    assert facts.document_no == carried.number
    text = printed(shop, second)
    for part in ("SURAT BUKTI BARANG KELUAR", "300 kg", "4 buah", "Rp3.750.000", "Rp1.400.000", "Balai Desa Contoh"):
        assert part in text, part
    # A later transfer goes on where the load's paper took a number: none twice, none left out.
    later = moved(shop, shop.other_warehouse, BatchLine(batch_id=rice, quantity_milli=units(1)))
    assert seen_paper(shop, paper_of(shop, later)).number not in {own, seen_paper(shop, first).number}


def test_the_sbbk_of_an_assembly_lists_what_went_in_and_what_came_of_it(shop: Shop):
    _, (rice, beds) = bought(shop)
    with shop.work.by(ACTOR) as tx:
        made = assemble(
            tx,
            Assemble(
                place_id=shop.warehouse,
                kits=(KitMade(item_id=shop.mi, kits=5, components=((rice, units(2)), (beds, units(1)))),),
            ),
        )
    paper_id = paper_of(shop, made.document_id)
    with shop.work.read_by(ACTOR) as tx:
        facts = said(tx, paper_id, IssuedFacts)
    assert {(one.quantity_milli, one.value_rp) for one in facts.lines} == {(units(10), 125_000), (units(5), 1_750_000)}
    assert [(one.quantity_milli, one.value_rp) for one in facts.made] == [(units(5), 1_875_000)]
    text = printed(shop, paper_id)
    assert "Hasil perakitan" in text and "Rp1.875.000" in text


def test_what_an_inspection_found_makes_a_revision_of_the_sbbm(shop: Shop):
    consignment_id = announced(shop)
    came(shop, consignment_id, 10, 40)
    receipt = seen(shop, consignment_id).row.receipt_id
    assert receipt is not None
    before = paper_of(shop, receipt)
    assert "sesudah pemeriksaan" in printed(shop, before)
    looked_at(shop, consignment_id, 2, 0)
    after = paper_of(shop, receipt)
    assert after != before
    assert seen_paper(shop, before).state is DocumentState.VOID
    assert seen_paper(shop, after).number == seen_paper(shop, before).number + " (revisi 1)"
    text = printed(shop, after)
    assert "10 buah 8 buah 2 buah" in text
    assert paper_of(shop, receipt) == after


def test_what_has_no_paper_here_is_told(shop: Shop):
    with pytest.raises(NotFound):
        paper_of(shop, uuid4())
    _, (rice, _beds) = bought(shop)
    across = moved(shop, shop.other_warehouse, BatchLine(batch_id=rice, quantity_milli=units(1)))
    with pytest.raises(Conflict) as refused:
        shop.work.run(ACTOR, lambda tx: ledger_papers.issue_received(tx, across))
    assert refused.value.code == "stock_paper.none"


def written_off(shop: Shop, batch: UUID, amount: int, kind: CorrectionKind = CorrectionKind.WRITE_OFF) -> UUID:
    reason = "damaged_water" if kind is CorrectionKind.WRITE_OFF else "found"
    order = AskCorrection(
        kind=kind, reason=reason, note="Atap bocor pada malam hari.", place_id=shop.warehouse, minutes_no="BA/1/CONTOH",
        lines=(CorrectionItem(batch_id=batch, difference_milli=amount * MILLI),),
    )  # fmt: skip
    asked = shop.work.run(OFFICER, lambda tx: ask_correction(tx, order))
    return asked


def test_minutes_of_a_write_off_name_cause_and_two_persons(shop: Shop):
    _, (rice, _beds) = bought(shop)
    asked = written_off(shop, rice, -50)
    with pytest.raises(Conflict) as refused:
        shop.work.run(OFFICER, lambda tx: issue_minutes_of(tx, asked))
    assert refused.value.code == "stock_paper.correction_not_approved"
    document_id = shop.work.run(SECOND, lambda tx: approve_correction(tx, asked))
    paper_id = shop.work.run(OFFICER, lambda tx: issue_minutes_of(tx, asked))
    assert paper_of(shop, document_id) == paper_id
    with shop.work.read_by(ACTOR) as tx:
        facts, names = said(tx, paper_id, CorrectionFacts), said_of_person(tx, paper_id, PaperNames)
        assert document(tx, paper_id).number == stock_document(tx, document_id).number
    assert names is not None and {"Petugas", "Petugas Kedua"} <= {one.name for one in names.signers}
    assert "Petugas" not in str(facts)
    text = printed(shop, paper_id)
    for part in ("BERITA ACARA PENGHAPUSAN", "-50 kg", "-Rp625.000", "Atap bocor", "BA/1/CONTOH", "Petugas Kedua"):
        assert part in text, part


def test_minutes_of_what_was_found_and_of_a_reversal(shop: Shop):
    _, (rice, _beds) = bought(shop)
    asked = written_off(shop, rice, 8, CorrectionKind.ADJUSTMENT)
    found = shop.work.run(SECOND, lambda tx: approve_correction(tx, asked))
    text = printed(shop, paper_of(shop, found))
    assert "BERITA ACARA PENYESUAIAN" in text and "+8 kg" in text and "Nilai yang bertambah" in text
    across = moved(shop, shop.other_warehouse, BatchLine(batch_id=rice, quantity_milli=units(5)))
    with shop.work.by(ACTOR) as tx:
        undone = reverse_document(tx, across, "Salah gudang").document_id
        number = stock_document(tx, across).number
    paper_id = paper_of(shop, undone)
    assert "/ADJ/" in seen_paper(shop, paper_id).number
    text = printed(shop, paper_id)
    assert "PEMBALIKAN DOKUMEN" in text and str(number) in text and "Salah gudang" in text


def test_minutes_of_a_count_say_what_was_counted_and_what_it_is_worth(shop: Shop):
    _, (rice, beds) = bought(shop)
    with shop.work.by(OFFICER) as tx:
        count_id = plan_count(tx, shop.warehouse)
        start_count(tx, count_id)
    with shop.work.read_by(OFFICER) as tx:
        sheet = count_sheet(tx, count_id)
    assert sheet.is_blind and all(one.booked_milli is None for one in sheet.lines)
    assert [one.item for one in sheet.lines] == sorted(one.item for one in sheet.lines)
    with shop.work.by(OFFICER) as tx:
        count_lines(tx, count_id, [
            LineCounted(batch_id=rice, counted_milli=units(1_190)), LineCounted(batch_id=beds, counted_milli=units(10)),
        ])  # fmt: skip
        recount(tx, count_id)
    with shop.work.by(SECOND) as tx:
        count_lines(tx, count_id, [LineCounted(batch_id=rice, counted_milli=units(1_195))])
    with shop.work.by(OFFICER) as tx:
        reasons = tuple(
            LineReason(batch_id=one.batch_id, reason="issued_unrecorded") for one in comparison(tx, count_id).differing
        )
        submit_count(tx, SubmitCount(count_id=count_id, reasons=reasons, note="Dihitung berdua"))
    with pytest.raises(Conflict) as refused:
        shop.work.run(OFFICER, lambda tx: issue_count_minutes(tx, count_id))
    assert refused.value.code == "stock_paper.count_not_approved"
    done = shop.work.run(HEAD, lambda tx: approve_count(tx, count_id))
    paper_id = shop.work.run(OFFICER, lambda tx: issue_count_minutes(tx, count_id))
    assert done.document_id is not None
    assert paper_of(shop, done.document_id) == paper_id
    with shop.work.read_by(ACTOR) as tx:
        facts = said(tx, paper_id, CountFacts)
        lying = {one.batch.code: one.on_hand_milli for one in batch_balances(tx, place_ids=[shop.warehouse])}
    assert {one.batch: one.counted_milli for one in facts.lines} == lying
    text = printed(shop, paper_id)
    for part in ("1.200 kg 1.195 kg -5 kg", "Rp14.937.500", "Rp3.500.000", "Rp18.437.500", "Dihitung berdua", "Kepala"):
        assert part in text, part
    assert "/BASO/" in seen_paper(shop, paper_id).number


def test_the_card_prints_the_ledgers_lines_with_running_quantity_and_rupiah(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        old = take_in(tx, shop.warehouse, line(shop.beras, 100, value=1_000_000, expires=days(100))).batches[0]
        new = take_in(tx, shop.warehouse, line(shop.beras, 50, value=600_001, expires=days(200))).batches[0]
        transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse,
                to_place_id=shop.post,
                lines=(ItemLine(item_id=shop.beras, quantity_milli=units(120)),),
            ),
        )
    with shop.work.read_by(ACTOR) as tx:
        asked = (shop.beras, shop.warehouse, date(tx.today.year, 1, 1), tx.today)
        view, lines = card_paper(tx, *asked), list(card_paper_lines(tx, *asked))
        left = {one.batch.code: (one.on_hand_milli, one.value_rp) for one in batch_balances(
            tx, place_ids=[shop.warehouse], item_ids=[shop.beras])}  # fmt: skip
    assert view.line_count == len(lines) == 4
    sums: dict[str, list[int]] = {one.batch: [one.opening_milli, one.opening_rp] for one in view.layers}
    for one in lines:
        sign = 1 if one.in_milli else -1
        sums[one.batch][0] += one.in_milli - one.out_milli
        sums[one.batch][1] += sign * one.value_rp
    assert {batch: tuple(both) for batch, both in sums.items() if both[0]} == left
    text = words(stock_card.build(view, iter(lines)))
    for part in ("100 10.000 1.000.000", "150", "1.600.001", "12.000,02", "30 kg", print_count(sum(
        value for _, value in left.values()))):  # fmt: skip
        assert part in text, part
    assert old.batch_id != new.batch_id


def test_the_card_of_a_later_period_opens_with_what_lay_there(shop: Shop):
    bought(shop)
    with shop.work.read_by(ACTOR) as tx:
        tomorrow = tx.today + timedelta(days=1)
        view = card_paper(tx, shop.beras, shop.warehouse, tomorrow, tomorrow)
    assert [(one.opening_milli, one.opening_rp) for one in view.layers] == [(units(1_200), 15_000_000)]
    assert "1.200 15.000.000" in words(stock_card.build(view, iter(())))


def test_a_card_too_long_for_a_binder_is_refused_with_its_length(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ledger_papers, "MOST_CARD_LINES", 0)
    bought(shop)
    with shop.work.read_by(ACTOR) as tx, pytest.raises(Invalid) as refused:
        card_paper(tx, shop.beras, shop.warehouse, tx.today, tx.today)
    assert refused.value.facts["lines"] == 1


def test_the_papers_name_nobody_in_what_is_frozen_for_good(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        name_signatory(tx, NameSignatory(duty="warehouse", name="Agus Gudang", position="Pengurus", employee_no=""))
    document_id, _ = bought(shop)
    paper_id = paper_of(shop, document_id)
    with shop.work.read_by(ACTOR) as tx:
        assert "Agus Gudang" not in str(said(tx, paper_id, ReceivedFacts))
        names = said_of_person(tx, paper_id, PaperNames)
    assert names is not None and names.signers[2].name == "Agus Gudang"
