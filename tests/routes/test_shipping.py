"""Goods on the road, as people and machines send and receive them."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from core.actor import Role
from core.clock import FixedClock
from core.work import Work
from stock.ledger.commands import BatchLine, WriteOff, reverse_document, write_off
from stock.ledger.kinds import LossReason
from stock.shipments.commands import SendShipment, follow_losses, send_shipment
from stock.shipments.proof import road_differences
from stock.shipments.queries import shipment, shipments
from stock.shipments.states import ShipmentState
from tests.routes.asking import key, log_in, send
from tests.stock.shop import ACTOR, Shop, days, line, open_shop, take_in, units
from tests.support.builders import a_person, a_token


@pytest.fixture
def shop(work: Work) -> Shop:
    made = open_shop(work)
    with work.by(ACTOR) as tx:
        take_in(tx, made.warehouse, line(made.beras, 500, value=6_000_000, expires=days(200)))
        take_in(tx, made.warehouse, line(made.mi, 400, expires=days(90)), line(made.kasur, 10))
    a_person(work, Role.LOGISTICS, username="logistik")
    a_person(work, Role.WAREHOUSE, username="timur", place_id=made.other_warehouse)
    return made


def an_order(shop: Shop, **more: object) -> dict[str, object]:
    return {
        "way": "sent", "from_place_id": str(shop.warehouse), "to_place_id": str(shop.other_warehouse),
        "reason": "mendekatkan stok", "carrier": "Supir Uji, B 1 UJI", "expected_on": "18/11/2026",
        "goods-1": "beras", "quantity-1": "2 karung 50 kg", "goods-2": "mi instan", "quantity-2": "3 dus",
        "form_key": "a" * 32, **more,
    }  # fmt: skip


def the_shipment(work: Work) -> UUID:
    with work.read_by(ACTOR) as tx:
        return shipments(tx)[0].id


def test_goods_are_sent_in_boxes_and_counted_where_they_arrive(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    sent = send(client, "/stok/pindah", an_order(shop))
    made = the_shipment(work)
    assert sent.headers["Location"] == f"/stok/perjalanan/{made}"
    page = client.get(sent.headers["Location"]).get_data(as_text=True)
    for said in ("Supir Uji", "100 kg", "120 bungkus", "Di jalan", "Berangkat dari Gudang Utama"):
        assert said in page, said
    assert "Gudang Timur" in client.get("/stok/perjalanan").get_data(as_text=True)

    keeper = client.application.test_client()
    log_in(keeper, "timur")
    with work.read_by(ACTOR) as tx:
        lines = {one.batch.item.id: one.batch.id for one in shipment(tx, made).lines}
    rice, noodles = lines[shop.beras], lines[shop.mi]
    at = f"/stok/perjalanan/{made}"
    filled = send(keeper, f"{at}/tiba", {"fill": "1"}).get_data(as_text=True)
    assert re.search(rf'name="good-{noodles}"[^>]*value="120"', filled)
    first = {
        f"good-{noodles}": "2 dus",
        f"damaged-{noodles}": "1 dus",
        f"note-{noodles}": "basah",
        "form_key": "b" * 32,
    }
    for _ in range(2):
        assert send(keeper, f"{at}/tiba", first).status_code == 303
    page = keeper.get(at).get_data(as_text=True)
    for said in ("Tiba sebagian", "80 bungkus", "40 bungkus", "basah", "Tiba rusak, di Karantina Gudang Timur"):
        assert said in page, said
    assert f'name="good-{noodles}"' not in page
    wrong = send(keeper, f"{at}/tiba", {f"good-{rice}": "101", "form_key": "c" * 32})
    assert wrong.status_code == 422
    assert f'href="#f-good-{rice}"' in wrong.get_data(as_text=True)
    assert send(keeper, f"{at}/tiba", {f"good-{rice}": "100", "form_key": "d" * 32}).status_code == 303
    with work.read_by(ACTOR) as tx:
        assert shipment(tx, made).row.state is ShipmentState.ARRIVED
    assert "Catat yang tiba" not in keeper.get(at).get_data(as_text=True)
    assert "Gudang Timur" in keeper.get("/stok/perjalanan?keadaan=selesai").get_data(as_text=True)


def test_a_scanned_batch_is_that_batch_and_a_mistake_stands_at_its_field(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    with work.by(ACTOR) as tx:
        code = take_in(tx, shop.warehouse, line(shop.beras, 7, expires=days(400))).batches[0].batch_code
    wrong = an_order(shop, **{
        "goods-1": "m", "goods-2": "kasor", "quantity-2": "2,5", "goods-3": "BT-26-999999-1", "quantity-3": "1",
        "goods-4": "beras", "quantity-4": "3 drum", "to_place_id": "", "goods-5": "", "quantity-5": "4",
    })  # fmt: skip
    answer = send(client, "/stok/pindah", wrong)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("goods-1", "quantity-2", "goods-3", "quantity-4", "to_place_id", "goods-5"):
        assert f'id="e-{field}"' in page, field
    assert 'value="kasor"' in page
    right = an_order(shop, **{"goods-1": code.lower(), "quantity-1": "5", "goods-2": "", "quantity-2": ""})
    assert send(client, "/stok/pindah", right).status_code == 303
    with work.read_by(ACTOR) as tx:
        assert [(one.batch.code, one.sent_milli) for one in shipment(tx, the_shipment(work)).lines] == [
            (code, units(5))
        ]


def test_goods_that_left_after_noon_may_have_arrived_that_day_and_not_the_day_before(
    client: FlaskClient, work: Work, shop: Shop, fixed_clock: FixedClock
):
    fixed_clock.advance(timedelta(hours=7))
    log_in(client, "logistik")
    send(client, "/stok/pindah", an_order(shop))
    at = f"/stok/perjalanan/{the_shipment(work)}/tiba"
    fixed_clock.advance(timedelta(days=1))
    log_in(client, "logistik")
    with work.read_by(ACTOR) as tx:
        batch = shipment(tx, the_shipment(work)).lines[0].batch.id
    early = send(client, at, {f"good-{batch}": "1", "arrived_on": "15/11/2026"})
    assert early.status_code == 422
    assert 'id="e-arrived_on"' in early.get_data(as_text=True)
    assert send(client, at, {f"good-{batch}": "1", "arrived_on": "16/11/2026"}).status_code == 303


def test_within_one_yard_goods_are_there_at_once(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    done = send(client, "/stok/pindah", an_order(shop, way="direct"))
    assert "/stok/dokumen/" in done.headers["Location"]
    with work.read_by(ACTOR) as tx:
        assert shipments(tx) == ()


def test_more_lines_keep_what_was_typed(client: FlaskClient, shop: Shop):
    log_in(client, "logistik")
    page = send(client, "/stok/pindah", an_order(shop, more="1", lines="5")).get_data(as_text=True)
    assert 'name="goods-10"' in page
    assert 'value="3 dus"' in page


def test_who_is_not_there_neither_sends_nor_receives(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    send(client, "/stok/pindah", an_order(shop))
    at = f"/stok/perjalanan/{the_shipment(work)}"
    a_person(work, Role.WAREHOUSE, username="utama", place_id=shop.warehouse)
    a_person(work, Role.FIELD, username="relawan", place_id=shop.post)
    a_person(work, Role.BPBD, username="bpbd")
    keeper, field, bpbd = (log_in(client.application.test_client(), one) for one in ("utama", "relawan", "bpbd"))
    assert "Catat yang tiba" not in keeper.get(at).get_data(as_text=True)
    with work.read_by(ACTOR) as tx:
        batch = shipment(tx, the_shipment(work)).lines[0].batch.id
    assert send(keeper, f"{at}/tiba", {f"good-{batch}": "1"}).status_code == 404
    assert field.get(at).status_code == 404
    assert "Gudang Timur" not in field.get("/stok/perjalanan").get_data(as_text=True)
    assert bpbd.get(at).status_code == 403
    assert send(keeper, "/stok/pindah", an_order(shop, from_place_id=str(shop.other_warehouse))).status_code == 404


def test_machines_send_and_receive_once_per_key(client: FlaskClient, work: Work, shop: Shop):
    token = a_token(work, Role.LOGISTICS)
    order = {
        "from_place_code": "GD1", "to_place_code": "GD2", "carrier": "Truk", "expected_on": "2026-11-20",
        "lines": [{"item_code": "mie_instan", "quantity": "100"}],
    }  # fmt: skip
    first, second = (
        client.post("/api/v1/stock/shipments", json=order, headers=token | key("send-0001")) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    made = first.get_json()
    at = f"/api/v1/stock/shipments/{made['shipment']['id']}"
    code = made["lines"][0]["batch_code"]
    came = {"lines": [{"batch_code": code, "good": "60", "damaged": "5", "note": "penyok"}]}
    keeper = a_token(work, Role.WAREHOUSE, place_id=shop.other_warehouse)
    for _ in range(2):
        answer = client.post(f"{at}/arrivals", json=came, headers=keeper | key("came-0001"))
        assert answer.status_code == 201
    assert answer.get_json()["lines"][0] == {
        "item_code": "mie_instan", "unit": "bungkus", "batch_code": code, "sent": "100", "arrived": "60",
        "damaged": "5", "lost": "0", "on_the_road": "35", "note": "penyok",
    }  # fmt: skip
    more = client.post(f"{at}/arrivals", json={"lines": [{"batch_code": code, "good": "36"}]}, headers=keeper | key())
    assert more.status_code == 422
    assert more.get_json()["code"] == "shipment.more_than_on_the_road"
    foreign = a_token(work, Role.WAREHOUSE, place_id=shop.warehouse)
    assert client.post(f"{at}/arrivals", json=came, headers=foreign | key()).status_code == 404
    found = client.get("/api/v1/stock/shipments?state=partly&place_code=GD2", headers=token).get_json()["shipments"]
    assert [one["batches_on_road"] for one in found] == [1]
    assert client.get(at, headers=a_token(work, Role.BPBD)).status_code == 403
    past = {**order, "from_place_code": "DIJALAN", "to_place_code": "GD2"}
    del past["carrier"], past["expected_on"]
    assert client.post("/api/v1/stock/transfers", json=past, headers=token | key()).get_json()["code"] == (
        "shipment.road_is_for_shipments"
    )


def test_what_is_lost_on_the_road_is_written_off_by_two_people(client: FlaskClient, work: Work, shop: Shop):
    log_in(client, "logistik")
    send(client, "/stok/pindah", an_order(shop))
    made = the_shipment(work)
    at = f"/stok/perjalanan/{made}"
    with work.read_by(ACTOR) as tx:
        lines = {one.batch.item.id: one.batch.id for one in shipment(tx, made).lines}
    rice, noodles = lines[shop.beras], lines[shop.mi]
    wrong = send(client, f"{at}/hilang", {f"lost-{rice}": "101", "loss": "", "minutes": "pendek"})
    page = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    for field in (f"lost-{rice}", "loss", "minutes"):
        assert f'id="e-{field}"' in page, field
    order = {
        f"lost-{rice}": "30", "loss": "lost_on_the_way", "minutes": "Truk terguling di jembatan, 30 kg hanyut.",
        "form_key": "e" * 32,
    }  # fmt: skip
    asked = send(client, f"{at}/hilang", order).headers["Location"]
    with work.read_by(ACTOR) as tx:
        assert {one.lost_milli for one in shipment(tx, made).lines} == {0}
    a_person(work, Role.HEAD, username="kepala")
    head = log_in(client.application.test_client(), "kepala")
    assert send(head, f"{asked}/setujui", {"note": "sesuai"}).status_code == 303
    with work.read_by(ACTOR) as tx:
        found = {one.batch.id: one for one in shipment(tx, made).lines}
        assert (found[rice].lost_milli, found[rice].rest_milli) == (units(30), units(70))
        assert road_differences(tx) == ()
    keeper = log_in(client.application.test_client(), "timur")
    rest = {f"good-{rice}": "70", f"good-{noodles}": "120", "form_key": "f" * 32}
    assert send(keeper, f"{at}/tiba", rest).status_code == 303
    with work.read_by(ACTOR) as tx:
        assert shipment(tx, made).row.state is ShipmentState.ARRIVED
    assert "Dihapus dari perjalanan" in client.get(at).get_data(as_text=True)


def test_an_undone_write_off_puts_the_goods_back_on_the_road(work: Work, shop: Shop):
    bed = take_in_bed(work, shop)
    order = SendShipment(
        from_place_id=shop.warehouse, to_place_id=shop.other_warehouse,
        lines=(BatchLine(batch_id=bed, quantity_milli=units(4)),),
    )  # fmt: skip
    made = work.run(ACTOR, lambda tx: send_shipment(tx, order)).id
    with work.by(ACTOR) as tx:
        road = shipment(tx, made).row.via.id
        lost = write_off(
            tx,
            WriteOff(
                place_id=road, lines=(BatchLine(batch_id=bed, quantity_milli=units(4)),), reason=LossReason.STOLEN,
                note="berita acara", subject="shipment", subject_id=str(made),
            ),
        )  # fmt: skip
        assert follow_losses(tx, made) is ShipmentState.ARRIVED
    with work.by(ACTOR) as tx:
        reverse_document(tx, lost.document_id, "ternyata ada")
        assert follow_losses(tx, made) is ShipmentState.PARTLY
        assert follow_losses(tx, made) is ShipmentState.PARTLY
    with work.read_by(ACTOR) as tx:
        assert shipment(tx, made).lines[0].rest_milli == units(4)
        assert road_differences(tx) == ()


def take_in_bed(work: Work, shop: Shop) -> UUID:
    with work.by(ACTOR) as tx:
        return take_in(tx, shop.warehouse, line(shop.kasur, 4)).batches[0].batch_id
