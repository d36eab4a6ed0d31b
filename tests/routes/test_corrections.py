"""Corrections by page and by machine: two persons, one act; every reason against a reversal at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.actor import Role
from core.measures import Milli, Rupiah
from core.work import Work
from stock.corrections import queries
from stock.corrections.states import CorrectionState
from stock.items.commands import seed_items
from stock.items.queries import find_item
from stock.ledger.commands import ItemLine, Receive, ReceiveLine, Transfer, receive, transfer
from stock.ledger.kinds import FundingSource
from stock.ledger.queries import batch_balances
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import PlaceKind
from tests.routes.asking import key, log_in, send
from tests.support.builders import SYSTEM, a_person, a_token, an_office

TOLD = "Atap bocor, karung paling bawah basah dan berjamur."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    warehouse: UUID
    other: UUID
    receipt: UUID
    batch: UUID
    code: str


@pytest.fixture
def shelf(work: Work) -> Iterator[Shelf]:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        ensure_sinks(tx)
        spots = [
            add_place(tx, AddPlace(kind=PlaceKind.WAREHOUSE, code=code, name=name))
            for code, name in (("G1", "Gudang Satu"), ("G2", "Gudang Dua"))
        ]
        line = ReceiveLine(
            item_id=find_item(tx, "beras").id, quantity_milli=Milli(100_000), funding_source=FundingSource.APBD,
            value_rp=Rupiah(1_000_000), expires_on=tx.today + timedelta(days=200),
        )  # fmt: skip
        got = receive(tx, Receive(to_place_id=spots[0], lines=(line,), incoming_document="BAST-1/UJI"))
    yield Shelf(
        warehouse=spots[0], other=spots[1], receipt=got.document_id, batch=got.batches[0].batch_id,
        code=got.batches[0].batch_code,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    officer: FlaskClient
    second: FlaskClient
    head: FlaskClient
    keeper: FlaskClient
    auditor: FlaskClient


@pytest.fixture
def people(app: Flask, work: Work, shelf: Shelf) -> People:
    def enter(role: Role, username: str, place_id: UUID | None = None) -> FlaskClient:
        return log_in(app.test_client(), a_person(work, role, username=username, place_id=place_id))

    return People(
        officer=enter(Role.LOGISTICS, "petugas"), second=enter(Role.LOGISTICS, "kedua"),
        head=enter(Role.HEAD, "kepala"), keeper=enter(Role.WAREHOUSE, "gudang", shelf.warehouse),
        auditor=enter(Role.AUDITOR, "auditor"),
    )  # fmt: skip


def text_of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def on_hand(work: Work, place: UUID) -> int:
    with work.read_by(SYSTEM) as tx:
        return sum(one.on_hand_milli for one in batch_balances(tx, place_ids=[place]))


def a_loss(shelf: Shelf, **more: object) -> dict[str, object]:
    return {
        "kind": "write_off", "place_id": str(shelf.warehouse), "batch-1": shelf.code.lower(), "quantity-1": "30",
        "reason": "damaged_water", "note": TOLD, "minutes_no": "LP/1", "event_on": "16/11/2026", **more,
    }  # fmt: skip


def test_one_asks_by_page_and_another_decides(work: Work, shelf: Shelf, people: People):
    assert "Belum ada koreksi" in text_of(people.officer.get("/stok/koreksi"))
    form = text_of(people.keeper.get(f"/stok/koreksi/baru?jenis=penghapusan&tempat=G1&batch={shelf.code}"))
    assert f'value="{shelf.code}"' in form and "bebas 100 kg" in form
    address = send(people.keeper, "/stok/koreksi/baru", a_loss(shelf, form_key="a" * 32)).headers["Location"]
    again = send(people.keeper, "/stok/koreksi/baru", a_loss(shelf, form_key="a" * 32)).headers["Location"]
    assert address == again, "sent twice, asked once"
    assert on_hand(work, shelf.warehouse) == 100_000
    seen = text_of(people.keeper.get(address))
    assert "Tarik kembali…" in seen and "Setujui…" not in seen
    assert send(people.keeper, f"{address}/setujui", {}).status_code == 403
    assert "Koreksi menunggu keputusan" in text_of(people.second.get("/"))
    assert "Menunggu keputusan Anda" in text_of(people.second.get("/stok/koreksi"))
    shown = text_of(people.second.get(address))
    assert all(word in shown for word in ("100 kg", "−30 kg", "70 kg", "Rp300.000", TOLD, "LP/1", "Setujui…"))
    assert "5 huruf" in text_of(send(people.second, f"{address}/tolak", {"note": "ya"}))
    assert send(people.second, f"{address}/setujui", {"note": "Sudah dilihat"}).status_code == 303
    assert on_hand(work, shelf.warehouse) == 70_000
    told = text_of(people.second.get(address))
    assert "Disetujui" in told and "Sudah dilihat" in told
    document = re.search(r'href="(/stok/dokumen/[0-9a-f-]+)">Dokumen yang dicatat', told)
    assert document
    assert address in text_of(people.officer.get(document[1])), "the document leads to its correction"
    late = send(people.head, f"{address}/setujui", {})
    assert late.status_code == 422 and "sudah diputuskan" in text_of(late)


def test_ones_own_is_refused_and_taken_back(work: Work, shelf: Shelf, people: People):
    address = send(people.officer, "/stok/koreksi/baru", a_loss(shelf)).headers["Location"]
    assert "orang lain yang memutuskan" in text_of(people.officer.get(address))
    own = send(people.officer, f"{address}/setujui", {})
    assert own.status_code == 422 and "orang lain yang memutuskan" in text_of(own)
    assert send(people.second, f"{address}/tarik", {}).status_code == 422
    assert send(people.officer, f"{address}/tarik", {"note": "Salah batch"}).status_code == 303
    assert on_hand(work, shelf.warehouse) == 100_000
    with work.read_by(SYSTEM) as tx:
        assert [one.state for one in queries.corrections(tx)] == [CorrectionState.WITHDRAWN]


def test_every_mistake_is_told_at_its_field_and_typing_is_kept(shelf: Shelf, people: People):
    wrong = a_loss(shelf, **{"quantity-1": "banyak", "batch-2": "BT-26-999999-9", "quantity-2": "1", "note": "basah",
                             "reason": "found", "event_on": "1/1/2027"})  # fmt: skip
    answer = send(people.officer, "/stok/koreksi/baru", wrong)
    page = text_of(answer)
    assert answer.status_code == 422
    for field in ("quantity-1", "batch-2", "note", "reason", "event_on"):
        assert f'href="#f-{field}"' in page, field
    assert 'value="banyak"' in page and "basah" in page
    more = send(people.officer, "/stok/koreksi/baru", a_loss(shelf, **{"quantity-1": "101"}))
    assert "100 / 101 kg" in text_of(more), "what is free is told"


def test_above_the_offices_limit_the_head_decides(work: Work, app: Flask, shelf: Shelf, people: People):
    admin = log_in(app.test_client(), a_person(work, Role.ADMIN, username="admin"))
    assert "5.000.000" in text_of(admin.get("/pengaturan"))
    assert send(people.head, "/pengaturan/batas-persetujuan", {"approval_limit_rp": "1"}).status_code == 403
    assert send(admin, "/pengaturan/batas-persetujuan", {"approval_limit_rp": "200.000"}).status_code == 303
    assert "form.number" not in text_of(send(admin, "/pengaturan/batas-persetujuan", {"approval_limit_rp": "-1"}))
    address = send(people.officer, "/stok/koreksi/baru", a_loss(shelf)).headers["Location"]
    assert "kepala dinas yang memutuskan" in text_of(people.second.get(address))
    assert send(people.second, f"{address}/setujui", {}).status_code == 422
    assert send(people.head, f"{address}/setujui", {}).status_code == 303


def test_the_document_offers_its_reversal_and_tells_all_that_is_against_it(work: Work, shelf: Shelf, people: People):
    at = f"/stok/dokumen/{shelf.receipt}"
    assert f"{at}/pembalikan" in text_of(people.officer.get(at))
    form = text_of(people.officer.get(f"{at}/pembalikan"))
    assert "100 kg" in form and "−100 kg" in form
    assert "5 huruf" in text_of(send(people.officer, f"{at}/pembalikan", {"reason": "no"}))
    address = send(people.officer, f"{at}/pembalikan", {"reason": "Salah gudang"}).headers["Location"]
    assert "sudah diajukan" in text_of(people.second.get(at))
    assert "sudah diajukan" in text_of(send(people.second, f"{at}/pembalikan", {"reason": "Salah gudang"}))
    with work.by(SYSTEM) as tx:
        line = ItemLine(item_id=find_item(tx, "beras").id, quantity_milli=Milli(40_000))
        transfer(tx, Transfer(from_place_id=shelf.warehouse, to_place_id=shelf.other, lines=(line,)))
    assert "Sekarang tidak dapat disetujui" in text_of(people.second.get(address))
    refused = send(people.second, f"{address}/setujui", {})
    assert refused.status_code == 422 and on_hand(work, shelf.warehouse) == 60_000
    assert send(people.second, f"{address}/tolak", {"note": "Sudah dipindahkan"}).status_code == 303
    assert "tidak dapat dibalik sekarang" in text_of(people.officer.get(f"{at}/pembalikan"))


def test_a_keeper_of_another_place_and_an_auditor_only_look(shelf: Shelf, people: People, app: Flask, work: Work):
    other = log_in(app.test_client(), a_person(work, Role.WAREHOUSE, username="lain", place_id=shelf.other))
    assert send(other, "/stok/koreksi/baru", a_loss(shelf)).status_code == 404
    address = send(people.officer, "/stok/koreksi/baru", a_loss(shelf)).headers["Location"]
    page = text_of(people.auditor.get(address))
    assert "Setujui…" not in page and TOLD in page
    assert people.auditor.get("/stok/koreksi/baru").status_code == 403


def test_machines_ask_and_decide_once_per_key(work: Work, client: FlaskClient, shelf: Shelf):
    asks, decides = a_token(work, Role.LOGISTICS), a_token(work, Role.LOGISTICS)
    order = {
        "kind": "adjustment", "place_code": "G1", "reason": "issued_unrecorded", "note": TOLD,
        "lines": [{"batch_code": shelf.code, "difference": "-12.5"}],
    }  # fmt: skip
    once = key()
    made = client.post("/api/v1/stock/corrections", json=order, headers={**asks, **once})
    assert made.status_code == 201, made.get_json()
    assert client.post("/api/v1/stock/corrections", json=order, headers={**asks, **once}).get_json() == made.get_json()
    body = made.get_json()
    assert (body["state"], body["value_rp"], body["lines"][0]["difference"]) == ("asked", 125_000, "-12.5")
    at = f"/api/v1/stock/corrections/{body['id']}"
    own = client.post(f"{at}/approval", json={}, headers={**asks, **key()})
    assert (own.status_code, own.get_json()["code"]) == (409, "correction.own")
    done = client.post(f"{at}/approval", json={}, headers={**decides, **key()})
    assert (done.status_code, done.get_json()["state"]) == (200, "approved")
    assert on_hand(work, shelf.warehouse) == 87_500
    listed = client.get("/api/v1/stock/corrections?state=approved", headers=decides).get_json()["corrections"]
    assert [one["id"] for one in listed] == [body["id"]]
    assert client.get(at, headers=decides).get_json()["document_id"] == done.get_json()["document_id"]
    bad = client.post("/api/v1/stock/corrections", json={**order, "kind": "reversal"}, headers={**asks, **key()})
    assert bad.status_code == 422


def test_a_machine_asks_for_a_reversal_and_hears_the_obstacles(work: Work, client: FlaskClient, shelf: Shelf):
    asks, decides = a_token(work, Role.LOGISTICS), a_token(work, Role.LOGISTICS)
    at = f"/api/v1/stock/documents/{shelf.receipt}/reversal"
    assert client.get(at, headers=asks).get_json() == {"obstacles": []}
    made = client.post(at, json={"reason": "Salah gudang"}, headers={**asks, **key()})
    assert (made.status_code, made.get_json()["place_code"]) == (201, None)
    again = client.post(at, json={"reason": "Salah gudang"}, headers={**asks, **key()})
    assert again.get_json()["code"] == "correction.asked_already"
    refused = f"/api/v1/stock/corrections/{made.get_json()['id']}/refusal"
    assert client.post(refused, json={"note": "ya"}, headers={**decides, **key()}).status_code == 422
    approval = refused.replace("refusal", "approval")
    assert client.post(approval, json={}, headers={**decides, **key()}).status_code == 200
    assert on_hand(work, shelf.warehouse) == 0
    told = client.get(at, headers=asks).get_json()["obstacles"]
    assert {one["code"] for one in told} == {"stock.reversed_already"}
