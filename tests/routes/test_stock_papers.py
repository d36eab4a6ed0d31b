"""Papers and labels of the stock as people and machines ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.actor import Role
from core.documents.queries import documents
from core.measures import MILLI, Milli, Rupiah
from core.work import Work
from routes.seed import seed_office
from stock.corrections.commands import AskCorrection, CorrectionItem, approve_correction, ask_correction
from stock.corrections.states import CorrectionKind
from stock.counts.commands import plan_count, start_count
from stock.items.queries import find_item
from stock.ledger.commands import BatchLine, Receive, ReceiveLine, Transfer, receive, transfer
from stock.ledger.kinds import FundingSource
from stock.ledger.queries import batch_balances
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from tests.reports.reading import page_count, symbols, words
from tests.routes.asking import key, log_in, send
from tests.stock.people import OFFICER, SECOND
from tests.support.builders import SYSTEM, a_person, a_token, an_office


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    warehouse: UUID
    other: UUID
    receipt: UUID
    batches: tuple[str, ...]
    """Rice, noodles."""


@pytest.fixture
def house(work: Work) -> Iterator[House]:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_office(tx)
        first, other = (
            add_place(tx, AddPlace(kind=PlaceKind.WAREHOUSE, code=code, name=name))
            for code, name in (("G1", "Gudang Satu"), ("G2", "Gudang Dua"))
        )
        made = receive(
            tx,
            Receive(
                to_place_id=first, incoming_document="BAST-7/CONTOH",
                lines=tuple(
                    ReceiveLine(
                        item_id=find_item(tx, code).id, quantity_milli=Milli(amount * MILLI),
                        funding_source=FundingSource.APBD, value_rp=Rupiah(amount * price), expires_on=date(2027, 3, 1),
                    )
                    for code, amount, price in (("beras", 1_000, 12_500), ("mie_instan", 100, 3_000))
                ),
            ),
        )  # fmt: skip
    with work.read_by(SYSTEM) as tx:
        codes = {one.batch.item.code: one.batch.code for one in batch_balances(tx, place_ids=[first])}
    yield House(warehouse=first, other=other, receipt=made.document_id, batches=(codes["beras"], codes["mie_instan"]))


def is_pdf(answer: TestResponse) -> bool:
    return answer.status_code == 200 and answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF")


def issued(work: Work) -> int:
    with work.read_by(SYSTEM) as tx:
        return documents(tx).total


def test_a_receipt_is_printed_once_as_original_and_then_as_copy(client: FlaskClient, work: Work, house: House):
    a_person(work, Role.WAREHOUSE, username="gudang", place_id=house.warehouse)
    log_in(client, "gudang")
    address = f"/stok/dokumen/{house.receipt}/cetak"
    shown = client.get(f"/stok/dokumen/{house.receipt}").get_data(as_text=True)
    assert f'href="{address}"' in shown
    page = client.get(address).get_data(as_text=True)
    assert "Belum pernah dicetak" in page and "Surat bukti barang masuk" in page
    assert issued(work) == 0

    first = send(client, address, {"sheet": "F4"}, from_page=address)
    assert is_pdf(first)
    text = words(first.data)
    assert "SURAT BUKTI BARANG MASUK" in text and "1.000 kg" in text and "SALINAN" not in text
    second = send(client, address, {"sheet": "A4"}, from_page=address)
    assert "SALINAN ke-1" in words(second.data)
    assert issued(work) == 1
    page = client.get(address).get_data(as_text=True)
    assert "2 kali" in page and "SALINAN ke-2" in page


def test_a_keeper_prints_only_what_touches_the_own_warehouse(client: FlaskClient, work: Work, house: House):
    a_person(work, Role.WAREHOUSE, username="gudang", place_id=house.other)
    log_in(client, "gudang")
    address = f"/stok/dokumen/{house.receipt}/cetak"
    assert client.get(address).status_code == 404
    assert send(client, address, {}).status_code == 404
    assert client.get(f"/stok/label?dokumen={house.receipt}").status_code in (200, 404)
    assert "Isi satu kotak" not in client.get(f"/stok/label?batch={house.batches[0]}").get_data(as_text=True)
    assert issued(work) == 0


def test_an_auditor_reads_the_card_and_issues_nothing(client: FlaskClient, work: Work, house: House):
    a_person(work, Role.AUDITOR, username="auditor")
    log_in(client, "auditor")
    card = client.get("/stok/kartu/cetak?tempat=G1&barang=beras")
    assert is_pdf(card)
    text = words(card.data)
    assert "KARTU PERSEDIAAN" in text and "1.000 12.500 12.500.000 12.500.000" in text
    assert client.get(f"/stok/dokumen/{house.receipt}/cetak").status_code == 403
    assert client.get("/stok/label").status_code == 403


def test_a_card_takes_days_as_people_type_them_and_refuses_turned_ones(client: FlaskClient, work: Work, house: House):
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    asked = "/stok/kartu/cetak?tempat=G1&barang=beras"
    text = words(client.get(f"{asked}&dari=1/1/2025&sampai=31 Desember 2025&kertas=F4").data)
    assert "1 Januari 2025 sampai 31 Desember 2025" in text and "Tidak ada gerak barang" in text
    assert client.get(f"{asked}&dari=2/1/2027&sampai=1/1/2027").status_code == 422
    assert client.get("/stok/kartu/cetak?tempat=TIDAKADA&barang=beras").status_code == 404
    page = client.get("/stok/kartu?tempat=G1&barang=beras").get_data(as_text=True)
    assert "/stok/kartu/cetak?tempat=G1&amp;barang=beras" in page


def labels_order(house: House, **more: object) -> dict[str, object]:
    return {
        "lines": 2, "batch-1": house.batches[0], "place-1": "G1", "content-1": "300", "count-1": "",
        "batch-2": house.batches[1], "place-2": "G1", "content-2": "40", "count-2": "0", "format": "58", **more,
    }  # fmt: skip


def test_labels_of_a_whole_receipt_are_counted_by_themselves(client: FlaskClient, work: Work, house: House):
    a_person(work, Role.WAREHOUSE, username="gudang", place_id=house.warehouse)
    log_in(client, "gudang")
    page = client.get(f"/stok/label?dokumen={house.receipt}").get_data(as_text=True)
    assert page.count("Isi satu kotak") == 2
    assert house.batches[0] in page and house.batches[1] in page
    answer = send(client, "/stok/label", labels_order(house), from_page="/stok/label")
    assert is_pdf(answer)
    text = words(answer.data)
    # 1,000 kg in boxes of 300: three full ones and a last one of 100; the noodles were left out.
    assert [f"Kotak {no} dari 4" in text for no in (1, 2, 3, 4)] == [True] * 4
    assert text.count("Isi 300 kg") == 3 and text.count("Isi 100 kg") == 1
    assert "Mi" not in text.split("CONTOH")[0]
    assert {code.rsplit("/", 1)[1] for code in symbols(answer.data, one_bit=True)} == {house.batches[0]}
    assert symbols(answer.data)[0].endswith(f"/stok/batch/{house.batches[0]}")
    sheets = send(client, "/stok/label", labels_order(house, format="a4", first="24", **{"count-2": "2"}))
    assert page_count(sheets.data) == 2
    assert issued(work) == 0


def test_a_wrong_label_form_keeps_what_was_typed_and_tells_every_mistake(
    client: FlaskClient, work: Work, house: House
):  # fmt: skip
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    order = labels_order(house, format="a4", first="25", **{"content-1": "banyak", "count-2": "3", "content-2": "0"})
    answer = send(client, "/stok/label", order)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("first", "content-1", "content-2"):
        assert f'id="e-{field}"' in page, field
    assert 'value="banyak"' in page
    nothing = send(client, "/stok/label", labels_order(house, **{"count-1": "0"}))
    assert nothing.status_code == 422 and "isi sekurangnya satu kotak" in nothing.get_data(as_text=True)
    many = send(client, "/stok/label", labels_order(house, **{"content-1": "0,5"}))
    assert many.status_code == 422 and "2000" in many.get_data(as_text=True)
    wrong = client.get("/stok/label?batch=BT-26-999999-0").get_data(as_text=True)
    assert 'id="e-batch"' in wrong


def test_a_count_sheet_is_printed_and_minutes_wait_for_the_approval(client: FlaskClient, work: Work, house: House):
    a_person(work, Role.WAREHOUSE, username="gudang", place_id=house.warehouse)
    log_in(client, "gudang")
    with work.by(SYSTEM) as tx:
        count_id = plan_count(tx, house.warehouse)
        start_count(tx, count_id)
    sheet = client.get(f"/stok/opname/{count_id}/lembar")
    assert is_pdf(sheet)
    assert "1.000" not in words(sheet.data)
    found = symbols(sheet.data, 300)
    assert [one.rsplit("=", 1)[1] for one in found] == sorted(house.batches)
    path = found[0].split("tanggap.test", 1)[-1]
    path = path[path.index("/stok") :]
    assert client.get(path).status_code in (303, 200)
    assert client.get(f"/stok/opname/{count_id}/berita-acara").status_code == 409
    assert send(client, f"/stok/opname/{count_id}/berita-acara", {}).status_code == 409
    assert issued(work) == 0


def test_machines_issue_once_and_print_by_the_register(client: FlaskClient, work: Work, house: House):
    token = a_token(work, Role.LOGISTICS)
    once = key()
    address = f"/api/v1/stock-papers/documents/{house.receipt}"
    first = client.post(address, headers={**token, **once})
    assert first.status_code == 201
    body = first.get_json()
    assert (body["kind"], body["prints"]) == ("SBBM", 0)
    again = client.post(address, headers={**token, **once})
    assert again.get_json() == body and again.headers["Idempotent-Replay"] == "true"
    later = client.post(address, headers={**token, **key()}).get_json()
    assert later == body
    printed = client.post(f"/api/v1/documents/{body['id']}/print", json={"sheet": "F4"}, headers=token)
    assert is_pdf(printed) and "SURAT BUKTI BARANG MASUK" in words(printed.data)
    shown = client.get(f"/api/v1/documents/{body['id']}", headers=token).get_json()
    assert shown["number"] == body["number"]


def test_machines_print_cards_and_labels(client: FlaskClient, work: Work, house: House):
    token = a_token(work, Role.WAREHOUSE, place_id=house.warehouse)
    card = client.get("/api/v1/stock-papers/card?place_code=G1&item_code=beras&sheet=F4", headers=token)
    assert is_pdf(card)
    order = {
        "lines": [{"batch_code": house.batches[1], "place_code": "G1", "content": "40"}], "format": "a4", "first": 3,
    }  # fmt: skip
    made = client.post("/api/v1/stock-papers/labels", json=order, headers=token)
    assert is_pdf(made)
    assert words(made.data).count("dari 3") == 3
    order["lines"] = [{"batch_code": house.batches[1], "place_code": "G2", "content": "40"}]
    assert client.post("/api/v1/stock-papers/labels", json=order, headers=token).status_code == 404


def test_the_register_of_papers_shows_what_an_sbbk_said(client: FlaskClient, work: Work, house: House):
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    with work.by(SYSTEM) as tx:
        lying = {one.batch.code: one.batch.id for one in batch_balances(tx, place_ids=[house.warehouse])}
        moved = transfer(
            tx,
            Transfer(
                from_place_id=house.warehouse, to_place_id=house.other,
                lines=(BatchLine(batch_id=lying[house.batches[0]], quantity_milli=Milli(250 * MILLI)),),
            ),
        ).document_id  # fmt: skip
    assert is_pdf(send(client, f"/stok/dokumen/{moved}/cetak", {"sheet": "A4"}))
    with work.read_by(SYSTEM) as tx:
        paper = documents(tx, kind="SBBK").lines[0]
    page = client.get(f"/dokumen/{paper.id}").get_data(as_text=True)
    for part in ("Surat bukti barang keluar", "Gudang Satu", "Gudang Dua", "250 kg"):
        assert part in page, part


def test_minutes_of_a_correction_wait_for_the_second_person(client: FlaskClient, work: Work, house: House):
    a_person(work, Role.LOGISTICS, username="logistik")
    a_person(work, Role.WAREHOUSE, username="gudang", place_id=house.other)
    with work.read_by(SYSTEM) as tx:
        rice = next(one.batch for one in batch_balances(tx) if one.batch.code == house.batches[0])
    asked = work.run(
        OFFICER,
        lambda tx: ask_correction(
            tx,
            AskCorrection(
                kind=CorrectionKind.WRITE_OFF, reason="damaged_water", note="Atap bocor pada malam hari.",
                place_id=house.warehouse, lines=(CorrectionItem(batch_id=rice.id, difference_milli=-50 * MILLI),),
            ),
        ),
    )  # fmt: skip
    address = f"/stok/koreksi/{asked}/berita-acara"
    log_in(client, "logistik")
    assert client.get(address).status_code == 409
    work.run(SECOND, lambda tx: approve_correction(tx, asked))
    page = client.get(address).get_data(as_text=True)
    assert "Berita acara penghapusan" in page
    made = send(client, address, {"sheet": "F4"}, from_page=address)
    text = words(made.data)
    assert "-50 kg" in text and "Atap bocor" in text and "Petugas Kedua" in text
    again = client.post(
        f"/api/v1/stock-papers/corrections/{asked}/minutes", headers={**a_token(work, Role.LOGISTICS), **key()}
    )
    assert (again.status_code, again.get_json()["prints"]) == (201, 1)
    keeper = log_in(client.application.test_client(), "gudang")
    assert keeper.get(address).status_code == 404
