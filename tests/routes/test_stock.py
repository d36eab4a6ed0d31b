from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from core.actor import Role
from core.clock import FixedClock
from core.work import Work
from stock.items.commands import seed_items
from stock.items.queries import find_item
from stock.ledger.queries import item_balances
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import PlaceKind
from stock.places.queries import sink
from tests.routes.asking import key, log_in, send
from tests.support.builders import SYSTEM, a_person, a_token, an_office


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    warehouse: UUID
    other: UUID
    post: UUID
    rice: UUID


@pytest.fixture
def store(work: Work) -> Iterator[Store]:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        ensure_sinks(tx)
        made = [
            add_place(tx, AddPlace(kind=kind, code=code, name=name))
            for kind, code, name in (
                (PlaceKind.WAREHOUSE, "G1", "Gudang Satu"), (PlaceKind.WAREHOUSE, "G2", "Gudang Dua"),
                (PlaceKind.POST, "T1", "Titik Satu"),
            )
        ]  # fmt: skip
        rice = find_item(tx, "beras").id
    yield Store(warehouse=made[0], other=made[1], post=made[2], rice=rice)


def on_hand(work: Work, place: UUID) -> dict[str, int]:
    with work.read_by(SYSTEM) as tx:
        return {one.item.code: one.on_hand_milli for one in item_balances(tx, place_ids=[place])}


def a_receipt(store: Store, **more: object) -> dict[str, object]:
    return {
        "to_place_id": str(store.warehouse), "incoming_document": "BAST-1/UJI", "received_on": "16/11/2026",
        "goods-1": "beras", "quantity-1": "1.200,5", "expires_on-1": "31/12/2027", "funding-1": "apbd",
        "value_rp-1": "15.000.000", "form_key": "a" * 32, **more,
    }  # fmt: skip


def from_supplier(work: Work, receipt: dict[str, object]) -> dict[str, object]:
    with work.read_by(SYSTEM) as tx:
        return {**receipt, "from_place_id": str(sink(tx, PlaceKind.SUPPLIER).id)}


def test_goods_typed_the_indonesian_way_are_received_line_by_line(client: FlaskClient, work: Work, store: Store):
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    order = from_supplier(work, a_receipt(store, **{
        "goods-2": "mie_instan|Dus", "quantity-2": "3", "expires_on-2": "1 Februari 2027",
    }))  # fmt: skip
    with work.read_by(SYSTEM) as tx:
        packs = {pack.name: pack.quantity_milli for pack in find_item(tx, "mie_instan").packs}
    name, holds = next(iter(packs.items()))
    order["goods-2"] = f"mie_instan|{name}"

    answer = send(client, "/stok/terima", order)

    assert answer.status_code == 303
    assert on_hand(work, store.warehouse) == {"beras": 1_200_500, "mie_instan": 3 * holds}
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert "SBBM" in page
    assert "1.200,5 kg" in page
    card = client.get("/stok/kartu?tempat=G1&barang=beras").get_data(as_text=True)
    assert "1.200,5" in card
    assert "SBBM" in card


def test_a_form_sent_twice_counts_once(client: FlaskClient, work: Work, store: Store):
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    order = from_supplier(work, a_receipt(store))
    first, second = (send(client, "/stok/terima", order) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert on_hand(work, store.warehouse) == {"beras": 1_200_500}


def test_every_wrong_line_is_told_under_its_own_field(client: FlaskClient, work: Work, store: Store):
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    order = from_supplier(work, a_receipt(store, **{
        "expires_on-1": "", "goods-2": "kasur", "quantity-2": "2,5", "goods-3": "beras", "quantity-3": "banyak",
        "expires_on-3": "1/1/2020",
    }))  # fmt: skip
    answer = send(client, "/stok/terima", order)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("expires_on-1", "quantity-2", "quantity-3", "expires_on-3"):
        assert f'href="#f-{field}"' in page, field
        assert f'id="e-{field}"' in page, field
    assert on_hand(work, store.warehouse) == {}


def test_a_warehouse_keeper_receives_only_where_they_keep(client: FlaskClient, work: Work, store: Store):
    a_person(work, Role.WAREHOUSE, username="gudang", place_id=store.warehouse)
    log_in(client, "gudang")
    foreign = send(client, "/stok/terima", from_supplier(work, a_receipt(store, to_place_id=str(store.other))))
    assert foreign.status_code == 404
    own = send(client, "/stok/terima", from_supplier(work, a_receipt(store, form_key="b" * 32)))
    assert own.status_code == 303
    assert on_hand(work, store.other) == {}
    assert on_hand(work, store.warehouse) == {"beras": 1_200_500}


def test_a_form_without_the_page_s_protection_is_refused(client: FlaskClient, work: Work, store: Store):
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    assert client.post("/stok/terima", data=a_receipt(store)).status_code == 400
    assert on_hand(work, store.warehouse) == {}


def test_a_receipt_is_reversed_only_by_asking_a_second_person(client: FlaskClient, work: Work, store: Store):
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    made = send(client, "/stok/terima", from_supplier(work, a_receipt(store))).headers["Location"]
    assert f"{made}/pembalikan" in client.get(made).get_data(as_text=True)
    assert send(client, f"{made}/pembalikan", {"reason": ""}).status_code == 422
    asked = send(client, f"{made}/pembalikan", {"reason": "salah gudang"}).headers["Location"]
    assert asked != made
    assert on_hand(work, store.warehouse) == {"beras": 1_200_500}
    assert asked in client.get(made).get_data(as_text=True)


def test_who_sees_totals_sees_no_place(client: FlaskClient, work: Work, store: Store):
    for role, name, place in ((Role.LOGISTICS, "logistik", None), (Role.BPBD, "bpbd", None),
                              (Role.FIELD, "relawan", store.post)):  # fmt: skip
        a_person(work, role, username=name, place_id=place)
    log_in(client, "logistik")
    made = send(client, "/stok/terima", from_supplier(work, a_receipt(store))).headers["Location"]
    other = client.application.test_client()
    log_in(other, "bpbd")
    totals = other.get("/stok").get_data(as_text=True)
    assert "1.200,5" in totals
    assert "Gudang Satu" not in totals
    assert other.get("/stok/kartu?tempat=G1&barang=beras").status_code == 403
    assert other.get(made).status_code == 403
    field = client.application.test_client()
    log_in(field, "relawan")
    assert "1.200,5" not in field.get("/stok").get_data(as_text=True)
    assert field.get("/stok/kartu?tempat=G1&barang=beras").status_code == 404
    assert field.get(made).status_code == 404
    assert field.get("/stok/kartu?tempat=T1&barang=beras").status_code == 200


# ---------------------------------------------------------------- machines

ORDER = {
    "to_place_code": "G1", "incoming_document": "BAST-2/UJI",
    "lines": [
        {"item_code": "beras", "quantity": "250.5", "funding_source": "apbn", "value_rp": 3_000_000,
         "expires_on": "2027-12-31"},
    ],
}  # fmt: skip


def test_an_order_with_the_same_key_is_answered_again_and_done_once(client: FlaskClient, work: Work, store: Store):
    header = a_token(work, Role.LOGISTICS) | key("one-key-12345")
    first, second = (client.post("/api/v1/stock/receipts", json=ORDER, headers=header) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotent-Replay"] == "true"
    assert on_hand(work, store.warehouse) == {"beras": 250_500}
    other = client.post("/api/v1/stock/receipts", json={**ORDER, "note": "lain"}, headers=header)
    assert other.status_code in (409, 422)
    assert on_hand(work, store.warehouse) == {"beras": 250_500}


def test_an_order_without_a_key_is_refused(client: FlaskClient, work: Work, store: Store):
    answer = client.post("/api/v1/stock/receipts", json=ORDER, headers=a_token(work, Role.LOGISTICS))
    assert answer.status_code == 422
    assert on_hand(work, store.warehouse) == {}


@pytest.mark.parametrize("change", [{"quantity": 250.5}, {"quantity": "1.2345"}, {"colour": "red"}, {"value_rp": -1}])
def test_a_quantity_is_never_rounded_and_an_unknown_field_never_ignored(
    client: FlaskClient, work: Work, store: Store, change: dict[str, object]
):
    order = {**ORDER, "lines": [{**ORDER["lines"][0], **change}]}  # type: ignore[dict-item]
    answer = client.post("/api/v1/stock/receipts", json=order, headers=a_token(work, Role.LOGISTICS) | key())
    assert answer.status_code == 422
    assert on_hand(work, store.warehouse) == {}


def test_a_machine_reaches_its_own_warehouse_only(client: FlaskClient, work: Work, store: Store):
    keeper = a_token(work, Role.WAREHOUSE, place_id=store.warehouse)
    assert client.post("/api/v1/stock/receipts", json=ORDER, headers=keeper | key()).status_code == 201
    foreign = client.post("/api/v1/stock/receipts", json={**ORDER, "to_place_code": "G2"}, headers=keeper | key())
    assert foreign.status_code == 404
    assert foreign.get_json()["code"] == "place.not_found"
    auditor = a_token(work, Role.AUDITOR)
    assert client.post("/api/v1/stock/receipts", json=ORDER, headers=auditor | key()).status_code == 403
    assert client.get("/api/v1/stock/balances").status_code == 401
    rows = client.get("/api/v1/stock/balances?item_code=beras", headers=auditor).get_json()["balances"]
    assert [(row["place_code"], row["on_hand"]) for row in rows] == [("G1", "250.5")]
    totals = client.get("/api/v1/stock/balances", headers=a_token(work, Role.BPBD)).get_json()["balances"]
    assert [(row["place_code"], row["available"]) for row in totals] == [("", "250.5")]


def test_a_transfer_takes_the_earliest_expiry_first_and_never_more_than_there_is(
    client: FlaskClient, work: Work, store: Store
):
    token = a_token(work, Role.LOGISTICS)
    for day in ("2027-12-31", "2027-03-31"):
        order = {**ORDER, "lines": [{**ORDER["lines"][0], "expires_on": day, "quantity": "100"}]}  # type: ignore[dict-item]
        client.post("/api/v1/stock/receipts", json=order, headers=token | key())
    move = {"from_place_code": "G1", "to_place_code": "G2", "lines": [{"item_code": "beras", "quantity": "150"}]}
    answer = client.post("/api/v1/stock/transfers", json=move, headers=token | key())
    assert answer.status_code == 201
    assert [one["quantity"] for one in answer.get_json()["moves"]] == ["100", "50"]
    short = client.post("/api/v1/stock/transfers", json=move, headers=token | key())
    assert short.status_code == 409
    assert on_hand(work, store.other) == {"beras": 150_000}
    document = client.get(f"/api/v1/stock/documents/{answer.get_json()['document_id']}", headers=token).get_json()
    assert {line["to_place_code"] for line in document["lines"]} == {"G2"}
    card = client.get("/api/v1/stock/card?place_code=G1&item_code=beras", headers=token).get_json()
    assert card["closing"] == "50"


def test_an_expired_batch_goes_to_quarantine_with_one_button(
    client: FlaskClient, work: Work, store: Store, fixed_clock: FixedClock
):
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    send(client, "/stok/terima", from_supplier(work, a_receipt(store, **{"expires_on-1": "17/11/2026"})))
    with work.read_by(SYSTEM) as tx:
        batch = item_balances(tx, place_ids=[store.warehouse])[0].batches[0].batch.id
    order = {"batch": f"{store.warehouse}:{batch}"}
    fixed_clock.advance(timedelta(days=2))
    log_in(client, "logistik")
    assert "sudah kedaluwarsa" in client.get("/stok").get_data(as_text=True)
    assert "Pindahkan ke karantina" in client.get("/stok/kedaluwarsa").get_data(as_text=True)
    answer = send(client, "/stok/karantina", order)
    assert answer.status_code == 303
    assert on_hand(work, store.warehouse) == {}
