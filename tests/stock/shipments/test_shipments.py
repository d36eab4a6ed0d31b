"""Goods on the road: nothing is on a shelf before it arrives, and sent = arrived + damaged + lost + on the road."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import FixedClock
from core.errors import Conflict, Invalid, NotFound, Refused
from core.measures import Milli
from core.work import Work
from stock.ledger.commands import BatchLine, CannotPost, ItemLine, StockShort
from stock.ledger.queries import batch_balances, stock_document
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.places.queries import find_place, quarantine_of
from stock.shipments.commands import (
    ArrivedLine,
    ArriveShipment,
    SendShipment,
    SentShipment,
    arrive_shipment,
    send_shipment,
)
from stock.shipments.proof import road_differences
from stock.shipments.queries import in_transit, shipment, shipments
from stock.shipments.states import ShipmentState
from tests.stock.shop import ACTOR, Shop, assert_sound, days, free, line, shop_of, take_in, units
from tests.support.racing import at_once, codes


def send(shop: Shop, *lines: ItemLine | BatchLine) -> SentShipment:
    order = SendShipment(from_place_id=shop.warehouse, to_place_id=shop.other_warehouse, lines=lines)
    return shop.work.run(ACTOR, lambda tx: send_shipment(tx, order))


def item(item_id: UUID, amount: int) -> ItemLine:
    return ItemLine(item_id=item_id, quantity_milli=units(amount))


def here(batch_id: UUID, good: int, damaged: int = 0, note: str = "") -> ArrivedLine:
    return ArrivedLine(batch_id=batch_id, good_milli=units(good), damaged_milli=units(damaged), note=note)


def arrive(shop: Shop, shipment_id: UUID, *lines: ArrivedLine) -> ShipmentState:
    order = ArriveShipment(shipment_id=shipment_id, lines=lines)
    return shop.work.run(ACTOR, lambda tx: arrive_shipment(tx, order)).state


def lying(shop: Shop, place: UUID) -> dict[UUID, int]:
    with shop.work.read_by(ACTOR) as tx:
        return {one.batch.id: int(one.on_hand_milli) for one in batch_balances(tx, place_ids=[place])}


def test_what_is_sent_lies_on_the_road_and_on_no_shelf(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        got = take_in(
            tx, shop.warehouse, line(shop.beras, 100, expires=days(30)), line(shop.beras, 100, expires=days(9))
        )
    late, early = (one.batch_id for one in got.batches)
    made = send(shop, item(shop.beras, 120))
    with shop.work.read_by(ACTOR) as tx:
        found = shipment(tx, made.id)
        road = find_place(tx, "DIJALAN")
        assert {one.batch.id: one.sent_milli for one in found.lines} == {early: units(100), late: units(20)}
        assert free(tx, shop.other_warehouse, shop.beras) == 0
        assert [(one.to_place_id, one.item_id, one.quantity_milli) for one in in_transit(tx)] == [
            (shop.other_warehouse, shop.beras, units(120))
        ]
        assert in_transit(tx, [shop.kasur]) == ()
        assert stock_document(tx, made.posted.document_id).subject_id == str(made.id)
    assert road.kind is PlaceKind.VEHICLE
    assert lying(shop, road.id) == {early: units(100), late: units(20)}
    again = send(shop, item(shop.beras, 1))
    with shop.work.read_by(ACTOR) as tx:
        assert shipment(tx, again.id).row.via == road


def test_it_arrives_in_parts_damaged_goods_apart_and_the_rest_stays_on_the_road(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        got = take_in(tx, shop.warehouse, line(shop.kasur, 10, value=1_000), line(shop.mi, 40, expires=days(30)))
        aside = quarantine_of(tx, shop.other_warehouse).id
    bed, noodles = (one.batch_id for one in got.batches)
    made = send(shop, item(shop.kasur, 10), item(shop.mi, 40))
    assert arrive(shop, made.id, here(bed, 6, 1, "basah")) is ShipmentState.PARTLY
    assert lying(shop, shop.other_warehouse) == {bed: units(6)}
    assert lying(shop, aside) == {bed: units(1)}
    with shop.work.read_by(ACTOR) as tx:
        found = shipment(tx, made.id)
        lines = {one.batch.id: one for one in found.lines}
        assert lines[bed].rest_milli == units(3)
        assert lines[bed].note == "basah"
        assert lines[noodles].rest_milli == units(40)
        assert found.row.batches_on_road == 2
        assert {one.quantity_milli for one in in_transit(tx, [shop.kasur])} == {units(3)}
    assert arrive(shop, made.id, here(bed, 3), here(noodles, 40)) is ShipmentState.ARRIVED
    with shop.work.read_by(ACTOR) as tx:
        assert in_transit(tx) == ()
        assert [one.id for one in shipments(tx, states=[ShipmentState.ARRIVED])] == [made.id]
        assert shipments(tx, place_ids=[shop.post]) == ()
    with pytest.raises(Conflict, match=r"shipment\.arrived_already"):
        arrive(shop, made.id, here(bed, 1))


@pytest.mark.parametrize(
    ("good", "damaged", "code"),
    [(11, 0, "more_than_on_the_road"), (6, 5, "more_than_on_the_road"), (0, 0, "nothing_arrived")],
)
def test_more_than_was_sent_never_arrives(shop: Shop, good: int, damaged: int, code: str):
    with shop.work.by(ACTOR) as tx:
        bed = take_in(tx, shop.warehouse, line(shop.kasur, 12)).batches[0].batch_id
    made = send(shop, item(shop.kasur, 10))
    with pytest.raises(Invalid) as told:
        arrive(shop, made.id, here(bed, good, damaged))
    assert told.value.code == f"shipment.{code}"
    with pytest.raises(NotFound, match="batch_not_on_it"):
        arrive(shop, made.id, here(uuid4(), 1))
    with pytest.raises(Invalid, match="batch_twice"):
        arrive(shop, made.id, here(bed, 1), here(bed, 1))
    assert lying(shop, shop.other_warehouse) == {}


def test_a_batch_whose_day_passes_on_the_road_goes_into_quarantine_whole(shop: Shop, fixed_clock: FixedClock):
    with shop.work.by(ACTOR) as tx:
        noodles = take_in(tx, shop.warehouse, line(shop.mi, 40, expires=days(1))).batches[0].batch_id
        aside = quarantine_of(tx, shop.other_warehouse).id
    made = send(shop, item(shop.mi, 40))
    fixed_clock.advance(timedelta(days=3))
    assert arrive(shop, made.id, here(noodles, 38, 2)) is ShipmentState.ARRIVED
    assert lying(shop, shop.other_warehouse) == {}
    assert lying(shop, aside) == {noodles: units(40)}


def test_only_warehouses_send_to_another_and_only_what_is_there(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 3))
        truck = add_place(tx, AddPlace(kind=PlaceKind.VEHICLE, code="TR1", name="Truk Satu"))

    def order(**more: object) -> SendShipment:
        usual = {
            "from_place_id": shop.warehouse, "to_place_id": shop.other_warehouse, "lines": (item(shop.kasur, 2),),
        }  # fmt: skip
        return SendShipment(**{**usual, **more})  # type: ignore[arg-type]

    for wrong, code in (
        (order(to_place_id=shop.post), "stock.only_warehouses"),
        (order(to_place_id=shop.warehouse), "shipment.same_place"),
        (order(via_place_id=shop.post), "shipment.not_a_vehicle"),
        (order(expected_on=days(-1)), "shipment.expected_before_sent"),
    ):
        with pytest.raises(Refused) as told:
            shop.work.run(ACTOR, partial(send_shipment, order=wrong))
        assert told.value.code == code
    with pytest.raises(StockShort):
        send(shop, item(shop.kasur, 4))
    with pytest.raises(CannotPost):
        send(shop, ItemLine(item_id=shop.kasur, quantity_milli=Milli(500)))
    made = shop.work.run(ACTOR, lambda tx: send_shipment(tx, order(via_place_id=truck, carrier="Truk uji")))
    with shop.work.read_by(ACTOR) as tx:
        assert shipment(tx, made.id).row.via.id == truck
        assert shipment(tx, made.id).row.is_late(days(1)) is False


def test_of_several_who_book_the_same_arrival_at_once_one_does(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        bed = take_in(tx, shop.warehouse, line(shop.kasur, 10)).batches[0].batch_id
    made = send(shop, item(shop.kasur, 10))
    told = at_once([lambda: arrive(shop, made.id, here(bed, 7)) for _ in range(6)])
    assert codes(told) == ["", *["shipment.more_than_on_the_road"] * 5]
    told = at_once([lambda: arrive(shop, made.id, here(bed, 3)) for _ in range(6)])
    assert codes(told) == ["", *["shipment.arrived_already"] * 5]
    assert lying(shop, shop.other_warehouse) == {bed: units(10)}


def test_two_who_send_first_at_once_share_one_road(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10))
    told = at_once([lambda: send(shop, item(shop.kasur, 2)) for _ in range(4)])
    assert codes(told) == [""] * 4
    with shop.work.read_by(ACTOR) as tx:
        assert len({one.via.id for one in shipments(tx)}) == 1


@settings(
    max_examples=12, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    orders=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=14
    )
)
def test_sent_is_arrived_damaged_and_on_the_road_at_every_step(
    hypothesis_shop: Shop, orders: list[tuple[int, int, int, int]]
):
    """``orders``: 0 sends so much of one of two items; 1 and 2 book good and damaged of the oldest open shipment."""
    shop = hypothesis_shop
    for act, which, good, damaged in orders:
        try:
            if act == 0:
                send(shop, item((shop.kasur, shop.mi)[which], good + 1))
            else:
                with shop.work.read_by(ACTOR) as tx:
                    found = [one for one in shipments(tx) if one.state is not ShipmentState.ARRIVED]
                    lines = shipment(tx, found[-1].id).lines if found else ()
                if lines:
                    arrive(shop, found[-1].id, here(lines[which % len(lines)].batch.id, good, damaged))
        except (Invalid, Conflict):
            pass
        with shop.work.read_by(ACTOR) as tx:
            every = [shipment(tx, one.id) for one in shipments(tx)]
            road = sum(one.on_hand_milli for one in batch_balances(tx, kinds=(PlaceKind.VEHICLE,)))
            there = sum(one.on_hand_milli for one in batch_balances(tx, place_ids=[shop.other_warehouse]))
            aside = sum(
                one.on_hand_milli for one in batch_balances(tx, place_ids=[quarantine_of(tx, shop.other_warehouse).id])
            )
        lines = tuple(one for view in every for one in view.lines)
        assert sum(one.rest_milli for one in lines) == road
        assert sum(one.arrived_milli for one in lines) == there
        assert sum(one.damaged_milli for one in lines) == aside
        assert sum(one.sent_milli for one in lines) == road + there + aside
        for view in every:
            assert (view.row.state is ShipmentState.ARRIVED) is not any(one.rest_milli for one in view.lines)


@pytest.fixture
def hypothesis_shop(work: Work) -> Iterator[Shop]:
    """One office for every example of a test: what one left behind, the next goes on with."""
    shop = shop_of(work)
    with work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 400, value=4_444), line(shop.mi, 300, value=77, expires=days(9)))
        take_in(tx, shop.warehouse, line(shop.mi, 100, expires=days(5)))
    yield shop
    assert_sound(work)
    with work.read_by(ACTOR) as tx:
        assert road_differences(tx) == ()
