"""What the pages of the warehouse show to whom: overview, card, batch, label, expiry, quarantine, kits; machines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from urllib.parse import quote
from uuid import UUID
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient

from core.actor import Role
from core.clock import FixedClock
from core.measures import MILLI, Milli, Rupiah
from core.work import Work
from routes.seed import seed_office
from stock.items.queries import find_item
from stock.kits.commands import RecipeLine, SetRecipe, set_recipe
from stock.ledger.commands import BatchLine, Receive, ReceiveLine, Transfer, receive, transfer
from stock.ledger.kinds import FundingSource
from stock.ledger.queries import batch_balances, item_balances
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.reservations.proof import prove
from tests.routes.asking import key, log_in, send
from tests.support.builders import SYSTEM, a_person, a_token, an_office

TODAY = date(2026, 11, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A warehouse with rice in two batches and noodles, some of them at a post; kits of both."""

    warehouse: UUID
    other: UUID
    post: UUID
    batches: tuple[str, ...]
    """Rice that expires soon, rice that expires late, noodles."""


@pytest.fixture
def house(work: Work) -> Iterator[House]:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_office(tx)
        spots = [
            add_place(tx, AddPlace(kind=kind, code=code, name=name))
            for kind, code, name in (
                (PlaceKind.WAREHOUSE, "G1", "Gudang Satu"), (PlaceKind.WAREHOUSE, "G2", "Gudang Dua"),
                (PlaceKind.POST, "T1", "Titik Satu"),
            )
        ]  # fmt: skip
        rice, noodles, kit = (find_item(tx, code).id for code in ("beras", "mie_instan", "paket_sembako"))
        made = receive(
            tx,
            Receive(
                to_place_id=spots[0], incoming_document="BAST-7/UJI", event_at=tx.now - timedelta(days=20),
                lines=tuple(
                    ReceiveLine(
                        item_id=item, quantity_milli=Milli(amount * MILLI), funding_source=source,
                        value_rp=Rupiah(value), expires_on=TODAY + timedelta(days=days),
                    )
                    for item, amount, source, value, days in (
                        (rice, 25, FundingSource.APBN, 300_000, 10), (rice, 100, FundingSource.APBD, 1_300_000, 200),
                        (noodles, 80, FundingSource.APBD, 240_000, 60),
                    )
                ),
            ),
        )  # fmt: skip
        noodle_batch = made.batches[2].batch_id
        transfer(
            tx,
            Transfer(
                from_place_id=spots[0], to_place_id=spots[2],
                lines=(BatchLine(batch_id=noodle_batch, quantity_milli=Milli(20_000)),),
            ),
        )  # fmt: skip
        set_recipe(
            tx,
            SetRecipe(
                kit_item_id=kit,
                lines=(
                    RecipeLine(item_id=rice, quantity_milli=Milli(10_000)),
                    RecipeLine(item_id=noodles, quantity_milli=Milli(4_000)),
                ),
            ),
        )  # fmt: skip
    yield House(
        warehouse=spots[0], other=spots[1], post=spots[2], batches=tuple(one.batch_code for one in made.batches)
    )
    with work.read_by(SYSTEM) as tx:
        assert prove(tx).problems == ()


def on_hand(work: Work, place: UUID) -> dict[str, int]:
    with work.read_by(SYSTEM) as tx:
        return {one.item.code: one.on_hand_milli for one in item_balances(tx, place_ids=[place])}


def as_role(client: FlaskClient, work: Work, role: Role, place: UUID | None = None) -> FlaskClient:
    a_person(work, role, username=f"uji.{role.value.lower()}", place_id=place)
    return log_in(client.application.test_client(), f"uji.{role.value.lower()}")


def read(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


# ---------------------------------------------------------------- overview and card


def test_the_overview_shows_what_lies_there_and_leads_to_card_and_file(client: FlaskClient, work: Work, house: House):
    officer = as_role(client, work, Role.LOGISTICS)
    page = read(officer, "/stok")
    assert "125" in page
    assert "Rp1.780.000" in page
    assert "/stok/kartu?barang=beras" in page
    assert "Mi instan" not in read(officer, "/stok?kategori=papan")
    csv = officer.get("/stok/unduh?bentuk=csv")
    assert csv.mimetype == "text/csv"
    lines = csv.get_data().decode("utf-8-sig").splitlines()
    assert next(one for one in lines if one.startswith("beras;")).split(";")[4:7] == ["125", "0", "125"]
    book = officer.get("/stok/unduh?tempat=G1")
    assert "stok-g1-2026-11-16.xlsx" in book.headers["Content-Disposition"]
    with ZipFile(BytesIO(book.get_data())) as parts:
        assert "Beras" in parts.read("xl/sharedStrings.xml").decode()


def test_any_past_day_is_shown_as_it_was_and_a_day_ahead_is_not(client: FlaskClient, work: Work, house: House):
    officer = as_role(client, work, Role.LOGISTICS)
    before = read(officer, "/stok?per=20/10/2026")
    assert "Pada hari itu tidak ada barang" in before
    then = read(officer, "/stok?per=1/11/2026")
    assert "Anda melihat hari yang sudah lewat" in then
    assert "Rp1.840.000" in then
    assert "80" in then
    ahead = read(officer, "/stok?per=1/1/2030")
    assert "Hari itu belum terjadi" in ahead
    assert "Anda melihat hari yang sudah lewat" not in ahead
    assert 'id="e-per"' in read(officer, "/stok?per=kemarin")
    csv = officer.get("/stok/unduh?bentuk=csv&per=1/11/2026").get_data().decode("utf-8-sig")
    assert "mie_instan;Mi instan;Pangan;bungkus;80;0;240000" in csv


def test_who_sees_totals_sees_the_overview_and_no_place(client: FlaskClient, work: Work, house: House):
    bpbd = as_role(client, work, Role.BPBD)
    for address in ("/stok", "/stok?per=1/11/2026", "/stok/unduh?bentuk=csv"):
        page = read(bpbd, address)
        assert "125" in page or "80" in page
        assert "Gudang Satu" not in page
        assert "Titik Satu" not in page
    for address in (
        "/stok/kartu?barang=beras", f"/stok/batch/{house.batches[0]}", "/stok/pindai", "/stok/kedaluwarsa",
        "/stok/karantina", "/stok/kit",
    ):  # fmt: skip
        assert bpbd.get(address).status_code == 403, address
    assert bpbd.get("/stok?tempat=G1").status_code == 404


def test_a_field_officer_sees_the_own_post_only(client: FlaskClient, work: Work, house: House):
    field = as_role(client, work, Role.FIELD, house.post)
    page = read(field, "/stok")
    assert "Mi instan" in page
    assert "Beras" not in page
    assert "20" in read(field, "/stok/kartu?barang=mie_instan")
    assert field.get("/stok/kartu?barang=beras&tempat=G1").status_code == 404
    assert "Gudang Dua" not in read(field, "/stok/kedaluwarsa")
    noodles = read(field, f"/stok/batch/{house.batches[2]}")
    assert "Titik Satu" in noodles
    assert "60 bungkus" not in noodles
    assert field.get(f"/stok/batch/{house.batches[0]}").status_code == 404
    assert "Ke karantina" not in noodles


def test_the_card_goes_back_page_by_page_and_its_balances_fit(client: FlaskClient, work: Work, house: House):
    with work.by(SYSTEM) as tx:
        batch = next(one.batch.id for one in batch_balances(tx) if one.batch.code == house.batches[1])
        for _ in range(60):
            for source, target in ((house.warehouse, house.other), (house.other, house.warehouse)):
                line = BatchLine(batch_id=batch, quantity_milli=Milli(1000))
                transfer(tx, Transfer(from_place_id=source, to_place_id=target, lines=(line,)))
    officer = as_role(client, work, Role.LOGISTICS)
    newest = read(officer, "/stok/kartu?barang=beras&tempat=G1")
    older = re.search(r'href="(/stok/kartu\?[^"]*sebelum=[^"]+)"', newest)
    assert older
    assert newest.count("/stok/dokumen/") == 100
    oldest = read(officer, older[1].replace("&amp;", "&"))
    assert oldest.count("/stok/dokumen/") == 22
    assert "Rp1.600.000" in oldest
    assert "terlambat dicatat" in oldest
    # Over all warehouses nothing came and nothing went between them.
    assert read(officer, "/stok/kartu?barang=beras").count("/stok/dokumen/") == 2
    only = read(officer, f"/stok/kartu?barang=beras&batch={house.batches[0]}")
    assert only.count("/stok/dokumen/") == 1
    assert officer.get("/stok/kartu?barang=beras&sebelum=apa-saja").status_code == 422
    assert "lebih awal" in read(officer, "/stok/kartu?barang=beras&dari=2/11/2026&sampai=1/11/2026")


# ---------------------------------------------------------------- batches and labels


def test_a_label_leads_to_its_batch_typed_or_scanned(client: FlaskClient, work: Work, house: House):
    officer = as_role(client, work, Role.LOGISTICS)
    code = house.batches[0]
    for typed in (code, code.lower(), f" {code} ", f"http://tanggap.test/stok/batch/{code}"):
        answer = send(officer, "/stok/pindai", {"kode": typed}, from_page="/stok/pindai")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/stok/batch/{code}"), typed
    page = read(officer, f"/stok/batch/{code}")
    for said in ("BAST-7/UJI", "APBN", "25 kg", "Rp300.000", "26 November 2026", "10 hari lagi", "SBBM"):
        assert said in page, said


@pytest.mark.parametrize(
    ("typed", "said"),
    [("BT-26-000001-0", "angka pemeriksa"), ("beras", "bukan kode yang benar"),
     ("PKT-26-004512-5", "dimulai dengan BT-"), ("BT-26-999999-8", "angka pemeriksa"), ("", "")],
)  # fmt: skip
def test_a_wrong_code_is_told_at_its_field(client: FlaskClient, work: Work, house: House, typed: str, said: str):
    officer = as_role(client, work, Role.LOGISTICS)
    answer = send(officer, "/stok/pindai", {"kode": typed}, from_page="/stok/pindai")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="e-kode"' in page
    assert said in page
    assert officer.get("/stok/batch/BT-26-000001-0").status_code == 404


# ---------------------------------------------------------------- expiry and quarantine


def test_what_has_run_out_goes_to_quarantine_in_one_act_and_stays_away_from_people(
    client: FlaskClient, work: Work, house: House, fixed_clock: FixedClock
):
    officer = as_role(client, work, Role.LOGISTICS)
    calendar = read(officer, "/stok/kedaluwarsa")
    for said in ("November 2026", "Januari 2027", "Juni 2027", house.batches[0], "Titik Satu"):
        assert said in calendar, said
    assert "Pindahkan ke karantina" not in calendar
    fixed_clock.advance(timedelta(days=70))
    officer = log_in(officer, "uji.log")
    page = read(officer, "/stok/kedaluwarsa")
    ticked = re.findall(r'name="batch" value="([^"]+)"', page)
    assert len(ticked) == 3
    nothing = send(officer, "/stok/karantina", {}, from_page="/stok/kedaluwarsa")
    assert nothing.headers["Location"] == "/stok/kedaluwarsa"
    answer = send(officer, "/stok/karantina", {"batch": ticked, "form_key": "a" * 32}, from_page="/stok/kedaluwarsa")
    assert answer.headers["Location"] == "/stok/karantina"
    assert on_hand(work, house.warehouse) == {"beras": 100_000}
    assert on_hand(work, house.post) == {}
    aside = read(officer, "/stok/karantina")
    assert "Karantina Gudang Satu" in aside
    assert "Kembali ke rak" not in aside


def test_a_keeper_puts_aside_and_back_in_the_own_warehouse_only(client: FlaskClient, work: Work, house: House):
    keeper = as_role(client, work, Role.WAREHOUSE, house.warehouse)
    there = {"batch": house.batches[1], "tempat": "G1"}
    form = read(keeper, f"/stok/karantina/pindah?batch={house.batches[1]}&tempat=G1")
    assert "100 kg" in form
    bad = send(keeper, "/stok/karantina/pindah", {**there, "quantity": "banyak"})
    assert bad.status_code == 422
    assert {'id="e-quantity"', 'id="e-why"'} <= set(re.findall(r'id="e-\w+"', bad.get_data(as_text=True)))
    done = send(keeper, "/stok/karantina/pindah", {**there, "quantity": "12,5", "why": "damaged", "note": "basah"})
    assert done.status_code == 303
    assert "Rusak" in read(keeper, done.headers["Location"])
    assert on_hand(work, house.warehouse)["beras"] == 112_500
    back = {"batch": house.batches[1], "tempat": "G1-K", "quantity": "2,5"}
    assert send(keeper, "/stok/karantina/pindah", {**back, "note": ""}).status_code == 422
    assert send(keeper, "/stok/karantina/pindah", {**back, "note": "sudah dijemur, baik"}).status_code == 303
    assert on_hand(work, house.warehouse)["beras"] == 115_000
    assert send(keeper, "/stok/karantina/pindah", {**back, "tempat": "G2", "why": "damaged"}).status_code == 404
    assert send(keeper, "/stok/karantina/pindah", {}).status_code == 422
    form = read(keeper, f"/stok/karantina/pindah?ke=pemberi&tempat=G1-K&batch={house.batches[1]}")
    giver = re.search(r'<option value="([^"]+)" selected>Pemasok', form)
    assert giver
    returned = {**back, "quantity": "10", "ke": "pemberi"}
    assert send(keeper, "/stok/karantina/pindah", {**returned, "note": "basah saat datang"}).status_code == 422
    returned["giver"] = giver[1]
    assert send(keeper, "/stok/karantina/pindah", {**returned, "note": ""}).status_code == 422
    done = send(keeper, "/stok/karantina/pindah", {**returned, "note": "basah saat datang"})
    assert "Pemasok" in read(keeper, done.headers["Location"])
    with work.read_by(SYSTEM) as tx:
        assert {
            one.place.code: one.on_hand_milli for one in batch_balances(tx) if one.batch.code == house.batches[1]
        } == {"G1": 90_000}
    auditor = as_role(client, work, Role.AUDITOR)
    assert auditor.get("/stok/karantina/pindah").status_code == 403


# ---------------------------------------------------------------- kits


def test_kits_are_planned_assembled_and_unpacked_from_their_pages(client: FlaskClient, work: Work, house: House):
    officer = as_role(client, work, Role.LOGISTICS)
    index = read(officer, "/stok/kit")
    assert "Beras" in index
    assert "bebas 125 kg, satu kit perlu 10 kg" in index
    plan = read(officer, "/stok/kit/rakit?tempat=G1&kit=paket_sembako&jumlah=3")
    assert "3 kit menjadi 2 batch" in plan
    assert "Cukup untuk 12 kit" in plan
    assert "cukup untuk 12 kit" in read(officer, "/stok/kit/rakit?tempat=G1&jumlah=13")
    order = {"tempat": "G1", "kit": "paket_sembako", "jumlah": "3", "note": "", "form_key": "c" * 32}
    made, again = (send(officer, "/stok/kit/rakit", order) for _ in range(2))
    assert made.status_code == 303
    assert made.headers["Location"] == again.headers["Location"]
    # What went in came out as kits: the paper is worth it once.
    assert "Rp401.000" in read(officer, made.headers["Location"])
    assert on_hand(work, house.warehouse) == {"beras": 95_000, "mie_instan": 48_000, "paket_sembako": 3000}
    codes = re.findall(r"/stok/batch/(BT-[0-9-]+)", read(officer, "/stok/kit"))
    mixed = read(officer, f"/stok/batch/{codes[-1]}")
    assert "Isi satu kit" in mixed
    assert "Dirakit ke dalam kit" in read(officer, f"/stok/batch/{house.batches[0]}")
    short = send(officer, "/stok/kit/rakit", {**order, "jumlah": "100", "form_key": "d" * 32})
    assert short.status_code == 422
    apart = f"/stok/kit/bongkar?tempat=G1&batch={codes[0]}"
    assert house.batches[0] in read(officer, apart)
    wrong = send(officer, "/stok/kit/bongkar", {"tempat": "G1", "batch": codes[0], "jumlah": "nol"})
    assert wrong.status_code == 422
    assert 'id="e-jumlah"' in wrong.get_data(as_text=True)
    done = send(officer, "/stok/kit/bongkar", {"tempat": "G1", "batch": codes[0], "jumlah": "1"})
    assert done.status_code == 303
    assert on_hand(work, house.warehouse) == {"beras": 105_000, "mie_instan": 52_000, "paket_sembako": 2000}


def test_what_a_kit_holds_is_edited_line_by_line(client: FlaskClient, work: Work, house: House):
    officer = as_role(client, work, Role.LOGISTICS)
    form = read(officer, "/stok/kit/isi?kit=paket_sembako")
    assert 'value="10"' in form
    bad = send(officer, "/stok/kit/isi", {
        "kit": "paket_sembako", "lines": "4", "goods-1": "beras", "quantity-1": "5", "goods-3": "beras",
        "quantity-3": "2", "form_key": "e" * 32,
    })  # fmt: skip
    assert bad.status_code == 422
    assert {'id="e-goods-1"'} == set(re.findall(r'id="e-goods-[0-9]"', bad.get_data(as_text=True)))
    good = send(officer, "/stok/kit/isi", {
        "kit": "paket_sembako", "lines": "4", "goods-1": "beras", "quantity-1": "5", "goods-3": "gula_pasir",
        "quantity-3": "0,5", "form_key": "f" * 32,
    })  # fmt: skip
    assert good.headers["Location"] == "/stok/kit"
    page = read(officer, "/stok/kit")
    assert "Beras 5 kg" in page
    assert "Gula pasir 0,5 kg" in page
    assert as_role(client, work, Role.WAREHOUSE, house.warehouse).get("/stok/kit/isi").status_code == 403
    assert send(officer, "/stok/kit/isi", {}).status_code == 422
    # The ministry's content of 2020 is offered where nothing is said.
    send(officer, "/stok/kit/isi", {"kit": "paket_sembako", "lines": "4", "form_key": "0" * 32})
    assert "Belum ada kit" in read(officer, "/stok/kit")
    assert "sarden" in read(officer, "/stok/kit/isi?kit=paket_sembako")


def test_a_keeper_assembles_in_the_own_warehouse_only(client: FlaskClient, work: Work, house: House):
    keeper = as_role(client, work, Role.WAREHOUSE, house.warehouse)
    assert "Gudang Dua" not in read(keeper, "/stok/kit/rakit")
    assert keeper.get("/stok/kit/rakit?tempat=G2").status_code == 404
    order = {"kit": "paket_sembako", "jumlah": "1", "form_key": "a" * 32}
    assert send(keeper, "/stok/kit/rakit", {**order, "tempat": "G2"}).status_code == 404
    assert send(keeper, "/stok/kit/rakit", {**order, "tempat": "G1"}).status_code == 303


# ---------------------------------------------------------------- machines


def test_a_machine_reads_what_the_pages_show(client: FlaskClient, work: Work, house: House):
    officer = a_token(work, Role.LOGISTICS)

    def got(address: str, token: dict[str, str] = officer) -> dict[str, object]:
        answer = client.get(f"/api/v1/stock/{address}", headers=token)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, object] = answer.get_json()
        return found

    rows = {one["item_code"]: one for one in got("overview")["items"]}  # type: ignore[attr-defined]
    assert (rows["beras"]["on_hand"], rows["mie_instan"]["on_hand"]) == ("125", "60")
    assert rows["beras"]["supply"] is None
    past = {one["item_code"]: one for one in got("overview?on=2026-11-01")["items"]}  # type: ignore[attr-defined]
    assert (past["mie_instan"]["on_hand"], past["mie_instan"]["available"]) == ("80", None)
    assert client.get("/api/v1/stock/overview?on=2030-01-01", headers=officer).status_code == 422
    assert client.get("/api/v1/stock/overview?place_code=G1", headers=a_token(work, Role.BPBD)).status_code == 403
    assert got("overview", a_token(work, Role.BPBD))["items"]
    card = got("card?item_code=beras&limit=1")
    assert card["closing_rp"] == 1_600_000
    assert card["earlier"]
    assert len(got(f"card?item_code=beras&limit=1&before={quote(str(card['earlier']))}")["lines"]) == 1  # type: ignore[arg-type]
    batch = got(f"batches/{house.batches[2]}")
    assert {one["place_code"]: one["on_hand"] for one in batch["places"]} == {"G1": "60", "T1": "20"}  # type: ignore[attr-defined]
    assert [one["batch_code"] for one in got("expiry?within_days=30")["batches"]] == [house.batches[0]]  # type: ignore[attr-defined]
    field = a_token(work, Role.FIELD, place_id=house.post)
    assert got(f"batches/{house.batches[2]}", field)["places"] == [
        {"place_code": "T1", "on_hand": "20", "reserved": "0", "available": "20", "value_rp": 60_000,
         "is_expired": False}
    ]  # fmt: skip
    assert client.get(f"/api/v1/stock/batches/{house.batches[0]}", headers=field).status_code == 404


def test_a_machine_assembles_unpacks_and_puts_aside_once(client: FlaskClient, work: Work, house: House):
    officer = a_token(work, Role.LOGISTICS)
    possible = client.get("/api/v1/stock/kits/possible?kit_code=paket_sembako&place_code=G1", headers=officer)
    assert [(one["kits"], one["limiting_item_code"]) for one in possible.get_json()["places"]] == [(12, "beras")]
    order = {"place_code": "G1", "kit_code": "paket_sembako", "kits": 3}
    header = officer | key("kits-once-1")
    first, second = (client.post("/api/v1/stock/kits/assemblies", json=order, headers=header) for _ in range(2))
    assert first.status_code == 201, first.get_data(as_text=True)
    assert first.get_json() == second.get_json()
    made = first.get_json()["batches"]
    assert [one["kits"] for one in made] == [2, 1]
    holds = client.get(f"/api/v1/stock/batches/{made[1]['batch_code']}", headers=officer).get_json()["content"]
    assert sorted(one["quantity"] for one in holds) == ["4", "5", "5"]
    undo = {"place_code": "G1", "batch_code": made[1]["batch_code"], "kits": 1}
    assert client.post("/api/v1/stock/kits/unpackings", json=undo, headers=officer | key()).status_code == 201
    assert on_hand(work, house.warehouse) == {"beras": 105_000, "mie_instan": 52_000, "paket_sembako": 2000}
    short = client.post("/api/v1/stock/kits/assemblies", json={**order, "kits": 999}, headers=officer | key())
    assert (short.status_code, short.get_json()["code"]) == (409, "stock.short")
    aside = {"place_code": "G1", "batch_code": house.batches[1], "quantity": "10", "reason": "kemasan sobek"}
    assert client.post("/api/v1/stock/quarantine", json=aside, headers=officer | key()).status_code == 201
    listed = client.get("/api/v1/stock/quarantine", headers=officer).get_json()["batches"]
    assert [(one["place_code"], one["on_hand"]) for one in listed] == [("G1-K", "10")]
    recipe = {"kit_code": "paket_sembako", "components": [{"item_code": "beras", "quantity": "7.5"}]}
    changed = client.post("/api/v1/stock/kits", json=recipe, headers=officer | key())
    assert changed.get_json()["kits"][0]["components"][0]["quantity"] == "7.5"
    keeper = a_token(work, Role.WAREHOUSE, place_id=house.other)
    assert client.post("/api/v1/stock/kits/assemblies", json=order, headers=keeper | key()).status_code == 404
    assert client.post("/api/v1/stock/kits", json=recipe, headers=keeper | key()).status_code == 403
