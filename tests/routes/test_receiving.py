"""Goods coming in, as keepers type them: ten lines at once, or step by step from the announcement to the shelf."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from stock.inbound.queries import consignment, consignments
from stock.inbound.states import ConsignmentState
from stock.items.commands import AddVariant, add_variant
from stock.items.queries import find_item
from stock.ledger.kinds import ReleaseCondition
from stock.ledger.queries import BatchBalance, batch_balances, stock_documents
from stock.places.kinds import PlaceKind
from stock.places.queries import places, sink
from tests.routes.asking import key, log_in, send
from tests.stock.shop import ACTOR, Shop, open_shop, units
from tests.support.builders import a_person, a_token


@pytest.fixture
def shop(work: Work) -> Shop:
    made = open_shop(work)
    a_person(work, Role.LOGISTICS, username="logistik")
    a_person(work, Role.WAREHOUSE, username="gudang", place_id=made.warehouse)
    return made


def a_receipt(work: Work, shop: Shop, **more: object) -> dict[str, object]:
    with work.read_by(ACTOR) as tx:
        giver = str(sink(tx, PlaceKind.SUPPLIER).id)
    return {
        "to_place_id": str(shop.warehouse), "from_place_id": giver, "incoming_document": "BAST-1/UJI",
        "received_on": "16/11/2026", "goods-1": "beras", "quantity-1": "10 karung 50 kg", "damaged-1": "1",
        "expires_on-1": "31/12/2027", "funding-1": "apbd", "price_rp-1": "600.000", "form_key": "a" * 32, **more,
    }  # fmt: skip


def lying(work: Work, kind: PlaceKind = PlaceKind.WAREHOUSE) -> dict[str, BatchBalance]:
    with work.read_by(ACTOR) as tx:
        return {one.batch.item.code: one for one in batch_balances(tx, kinds=(kind,))}


def test_a_line_is_typed_in_boxes_with_its_damaged_part_and_its_price(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    order = a_receipt(
        work, shop, new_giver="Yayasan  Contoh Peduli", release="1",
        **{"goods-2": "indomie", "quantity-2": "3 dus", "expires_on-2": "sama", "value_rp-2": "300.001"},
    )  # fmt: skip
    answer = send(client, "/stok/terima", order)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    shelf, apart = lying(work), lying(work, PlaceKind.QUARANTINE)
    assert {code: one.on_hand_milli for code, one in shelf.items()} == {"beras": units(450), "mie_instan": units(120)}
    assert {code: one.on_hand_milli for code, one in apart.items()} == {"beras": units(50)}
    rice, noodles = shelf["beras"].batch, shelf["mie_instan"].batch
    assert (rice.value_rp, rice.unit_price_rp) == (6_000_000, 12_000)
    assert (noodles.value_rp, noodles.unit_price_rp) == (300_001, None)
    assert noodles.expires_on == rice.expires_on
    assert noodles.funding_source == rice.funding_source
    assert rice.release_condition is ReleaseCondition.DECREE
    with work.read_by(ACTOR) as tx:
        names = [one.name for one in places(tx, kinds=(PlaceKind.SUPPLIER,))]
    assert names.count("Yayasan Contoh Peduli") == 1
    again = a_receipt(work, shop, new_giver="yayasan contoh peduli", form_key="b" * 32)
    assert send(client, "/stok/terima", again).status_code == 303
    with work.read_by(ACTOR) as tx:
        assert len(places(tx, kinds=(PlaceKind.SUPPLIER,))) == len(names)


def test_every_mistake_stands_at_its_field_and_nothing_typed_is_lost(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    order = a_receipt(work, shop, **{
        "damaged-1": "11", "goods-2": "berass kencur", "quantity-2": "1", "goods-3": "kasur", "quantity-3": "3 drum",
        "goods-4": "gula", "quantity-4": "10", "goods-5": "beras", "quantity-5": "2", "expires_on-5": "1/1/2028",
        "price_rp-5": "1000", "value_rp-5": "3000", "goods-6": "beras", "quantity-6": "", "lines": "6",
    })  # fmt: skip
    answer = send(client, "/stok/terima", order)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("damaged-1", "goods-2", "quantity-3", "expires_on-4", "value_rp-5", "quantity-6"):
        assert f'href="#f-{field}"' in page, field
        assert f'id="e-{field}"' in page, field
    for value in ("10 karung 50 kg", "berass kencur", "3 drum"):
        assert f'value="{value}"' in page, value
    assert lying(work) == {}
    with work.read_by(ACTOR) as tx:
        assert stock_documents(tx) == ()


def test_a_size_is_named_behind_the_item(client: FlaskClient, work: Work, shop: Shop):
    with work.by(ACTOR) as tx:
        size = add_variant(tx, AddVariant(item_id=find_item(tx, "sandang_anak").id, name="umur 6-8"))
    log_in(client, "logistik")
    order = a_receipt(work, shop, **{
        "goods-1": "Pakaian anak, umur 6-8", "quantity-1": "30", "damaged-1": "", "expires_on-1": "",
    })  # fmt: skip
    assert send(client, "/stok/terima", order).status_code == 303
    variant = lying(work)["sandang_anak"].batch.variant
    assert variant is not None
    assert variant.id == size


def test_a_keeper_receives_at_their_own_gate_and_adds_a_giver_only_there(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "gudang")
    foreign = a_receipt(work, shop, to_place_id=str(shop.other_warehouse), new_giver="Pemberi Baru")
    assert send(client, "/stok/terima", foreign).status_code == 404
    with work.read_by(ACTOR) as tx:
        assert "Pemberi Baru" not in [one.name for one in places(tx)]
    assert send(client, "/stok/terima", a_receipt(work, shop, form_key="c" * 32)).status_code == 303


# ---------------------------------------------------------------- announced goods


def announce(client: FlaskClient, work: Work, shop: Shop, **more: object) -> UUID:
    order = {
        "new_giver": "Bulog Contoh", "incoming_document": "DO-7", "funding": "apbn", "place_id": str(shop.warehouse),
        "expected_on": "18/11/2026", "goods-1": "beras", "quantity-1": "1 ton", "price_rp-1": "12.000.000",
        "goods-2": "kasur", "quantity-2": "20", **more,
    }  # fmt: skip
    answer = send(client, "/stok/kedatangan/baru", order)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return UUID(answer.headers["Location"].rpartition("/")[2])


def test_from_the_announcement_to_the_shelf_by_pages(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "gudang")
    made = announce(client, work, shop)
    at = f"/stok/kedatangan/{made}"
    assert "Bulog Contoh" in client.get("/stok/kedatangan").get_data(as_text=True)
    with work.read_by(ACTOR) as tx:
        rice, bed = consignment(tx, made).lines
    filled = send(client, f"{at}/terima", {"fill": "1"}).get_data(as_text=True)
    assert re.search(rf'name="came-{bed.id}"[^>]*value="20"', filled)
    wrong = send(client, f"{at}/terima", {f"came-{rice.id}": "900", f"came-{bed.id}": ""})
    assert wrong.status_code == 422
    page = wrong.get_data(as_text=True)
    for field in (f"expires_on-{rice.id}", f"came-{bed.id}"):
        assert f'id="e-{field}"' in page, field
    right = {
        f"came-{rice.id}": "18 karung 50 kg", f"expires_on-{rice.id}": "31/12/2027", f"came-{bed.id}": "0",
        f"note-{bed.id}": "menyusul", "goods-1": "mi instan", "quantity-1": "2 dus", "expires_on-1": "1/6/2027",
        "form_key": "d" * 32,
    }  # fmt: skip
    for _ in range(2):
        assert send(client, f"{at}/terima", right).status_code == 303
    page = client.get(at).get_data(as_text=True)
    for said in ("900 kg", "-100 kg", "+80 bungkus", "-20 buah", "menyusul", "Periksa barangnya"):
        assert said in page, said
    assert lying(work) == {}
    too_many = send(client, f"{at}/periksa", {f"damaged-{rice.id}": "901"})
    assert too_many.status_code == 422
    assert f'id="e-damaged-{rice.id}"' in too_many.get_data(as_text=True)
    looked = {f"damaged-{rice.id}": "1 karung 50 kg", f"note-{rice.id}": "basah", "form_key": "e" * 32}
    assert send(client, f"{at}/periksa", looked).status_code == 303
    assert "Taruh yang baik di rak" in client.get(at).get_data(as_text=True)
    assert send(client, f"{at}/rak", {"form_key": "f" * 32}).status_code == 303
    assert {code: one.on_hand_milli for code, one in lying(work).items()} == {
        "beras": units(850), "mie_instan": units(80),
    }  # fmt: skip
    batch = lying(work)["beras"].batch
    assert batch.unit_price_rp == 12_000
    back = {f"back-{batch.id}": "50", "back_reason": "", "form_key": "1" * 32}
    assert send(client, f"{at}/kembalikan", back).status_code == 422
    assert send(client, f"{at}/kembalikan", {**back, "back_reason": "kemasan basah"}).status_code == 303
    assert lying(work, PlaceKind.QUARANTINE) == {}
    assert "Yang rusak kembali ke pemberi" in client.get(at).get_data(as_text=True)
    assert "Bulog Contoh" in client.get("/stok/kedatangan?keadaan=selesai").get_data(as_text=True)


def test_what_does_not_come_is_cancelled_with_a_reason(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    made = announce(client, work, shop)
    at = f"/stok/kedatangan/{made}"
    send(client, f"{at}/batal", {"note": ""})
    with work.read_by(ACTOR) as tx:
        assert consignment(tx, made).row.state is ConsignmentState.EXPECTED
    send(client, f"{at}/batal", {"note": "dialihkan ke provinsi"})
    page = client.get(at).get_data(as_text=True)
    assert "dialihkan ke provinsi" in page
    assert "Terima ke karantina" not in page
    assert "Bulog Contoh" in client.get("/stok/kedatangan?keadaan=dibatalkan").get_data(as_text=True)


def test_an_announcement_with_mistakes_is_given_back(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    answer = send(client, "/stok/kedatangan/baru", {"goods-1": "beras", "quantity-1": "banyak"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("place_id", "giver_id", "incoming_document", "expected_on", "funding", "quantity-1"):
        assert f'id="e-{field}"' in page, field
    assert "goods-10" in send(client, "/stok/kedatangan/baru", {"more": "1"}).get_data(as_text=True)
    with work.read_by(ACTOR) as tx:
        assert consignments(tx) == ()


def test_another_gate_sees_and_touches_nothing(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    made = announce(client, work, shop)
    a_person(work, Role.WAREHOUSE, username="timur", place_id=shop.other_warehouse)
    a_person(work, Role.FIELD, username="relawan", place_id=shop.post)
    a_person(work, Role.BPBD, username="bpbd")
    at = f"/stok/kedatangan/{made}"
    other, field, bpbd = (log_in(client.application.test_client(), one) for one in ("timur", "relawan", "bpbd"))
    assert "Hitung yang datang" not in other.get(at).get_data(as_text=True)
    with work.read_by(ACTOR) as tx:
        lines = consignment(tx, made).lines
    came = {f"came-{one.id}": "1" for one in lines} | {f"expires_on-{lines[0].id}": "31/12/2027"}
    assert send(other, f"{at}/terima", came).status_code == 404
    assert send(other, f"{at}/batal", {"note": "tidak jadi datang"}).status_code == 404
    assert field.get(at).status_code == 404
    assert "Bulog Contoh" not in field.get("/stok/kedatangan").get_data(as_text=True)
    assert bpbd.get("/stok/kedatangan").status_code == 403


# ---------------------------------------------------------------- machines

ANNOUNCED = {
    "giver_name": "Bulog Contoh", "place_code": "GD1", "incoming_document": "DO-9", "funding_source": "apbn",
    "expected_on": "2026-11-19", "release_condition": "decree",
    "lines": [{"item_code": "beras", "quantity": "1000", "unit_price_rp": 12_000},
              {"item_code": "kasur", "quantity": "5"}],
}  # fmt: skip


def test_machines_bring_goods_from_the_announcement_to_the_shelf(client: FlaskClient, work: Work, shop: Shop):
    token = a_token(work, Role.LOGISTICS)
    base = "/api/v1/stock/consignments"
    first, second = (client.post(base, json=ANNOUNCED, headers=token | key("announce-1")) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    made = first.get_json()
    at = f"{base}/{made['consignment']['id']}"
    expected = client.get("/api/v1/stock/expected?until=2026-11-19", headers=token).get_json()["expected"]
    assert {one["item_code"]: one["announced"] for one in expected} == {"beras": "1000", "kasur": "5"}
    rice, bed = (one["id"] for one in made["lines"])
    came = {
        "lines": [{"line_id": rice, "received": "990", "expires_on": "2027-12-31"}, {"line_id": bed, "received": "0"}],
        "unannounced": [{"item_code": "mie_instan", "quantity": "40", "expires_on": "2027-06-30"}],
    }
    for _ in range(2):
        answer = client.post(f"{at}/receipt", json=came, headers=token | key("came-00001"))
        assert answer.status_code == 201, answer.get_json()
    assert client.post(f"{at}/receipt", json=came, headers=token | key()).get_json()["code"] == (
        "consignment.cannot_receive"
    )
    looked = {"lines": [{"line_id": rice, "good": "980", "damaged": "10", "note": "robek"}]}
    assert client.post(f"{at}/inspection", json=looked, headers=token | key()).status_code == 201
    done = client.post(f"{at}/stocking", json={}, headers=token | key())
    assert done.status_code == 201
    assert done.get_json()["consignment"]["state"] == "stocked"
    assert {one["item_code"]: one["good"] for one in done.get_json()["lines"]} == {
        "beras": "980", "kasur": "0", "mie_instan": "40",
    }  # fmt: skip
    back = {"reason": "karung robek", "lines": [{"batch_code": lying(work)["beras"].batch.code, "quantity": "10"}]}
    assert client.post(f"{at}/returns", json=back, headers=token | key()).status_code == 201
    assert lying(work, PlaceKind.QUARANTINE) == {}
    assert lying(work)["beras"].batch.release_condition is ReleaseCondition.DECREE
    listed = client.get(f"{base}?state=stocked", headers=token).get_json()["consignments"]
    assert [one["id"] for one in listed] == [made["consignment"]["id"]]
    assert client.get(at, headers=a_token(work, Role.BPBD)).status_code == 403


def test_machines_cancel_and_receive_with_all_facts_of_a_batch(client: FlaskClient, work: Work, shop: Shop):
    token = a_token(work, Role.LOGISTICS)
    made = client.post("/api/v1/stock/consignments", json=ANNOUNCED, headers=token | key()).get_json()
    at = f"/api/v1/stock/consignments/{made['consignment']['id']}/cancellation"
    assert client.post(at, json={"reason": "tidak jadi"}, headers=token | key()).status_code == 201
    order = {
        "to_place_code": "GD1", "giver_name": "Perusahaan Contoh", "incoming_document": "CSR-1",
        "lines": [
            {"item_code": "beras", "quantity": "100", "damaged": "4", "funding_source": "csr", "unit_price_rp": 13_000,
             "expires_on": "2027-12-31", "release_condition": "decree"},
        ],
    }  # fmt: skip
    answer = client.post("/api/v1/stock/receipts", json=order, headers=token | key())
    assert answer.status_code == 201, answer.get_json()
    assert [one["quantity"] for one in answer.get_json()["moves"]] == ["96", "4"]
    batch = lying(work)["beras"].batch
    assert (batch.value_rp, batch.unit_price_rp) == (1_300_000, 13_000)
    both = {**order, "lines": [{**order["lines"][0], "value_rp": 1}]}  # type: ignore[dict-item]
    assert client.post("/api/v1/stock/receipts", json=both, headers=token | key()).status_code == 422
