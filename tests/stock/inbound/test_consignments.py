"""From an announcement to the shelf: what came is in the books at once, and promised to nobody before inspection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import FixedClock
from core.errors import Conflict, Invalid, NotFound, Refused
from core.measures import Milli, Rupiah
from core.work import Work
from stock.inbound import commands
from stock.inbound.commands import (
    CameLine,
    ExpectedLine,
    ExpectGoods,
    InspectConsignment,
    InspectedLine,
    ReceiveConsignment,
    ReturnDamaged,
    UnannouncedLine,
)
from stock.inbound.queries import ConsignmentView, consignment, consignments, expected
from stock.inbound.states import ConsignmentState
from stock.items.commands import AddVariant, add_variant
from stock.ledger.commands import BatchLine, reverse_document
from stock.ledger.kinds import FundingSource, ReleaseCondition
from stock.ledger.queries import batch_balances, batches, item_balances, stock_document
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.places.queries import quarantine_of
from tests.stock.shop import ACTOR, TODAY, Shop, assert_sound, days, free, shop_of, units
from tests.support.racing import at_once, codes


def announced(shop: Shop, *lines: ExpectedLine, **more: object) -> UUID:
    with shop.work.by(ACTOR) as tx:
        giver = add_place(tx, AddPlace(kind=PlaceKind.SUPPLIER, code=f"P{uuid4().hex[:6]}", name="Bulog Contoh"))
        usual = {
            "giver_id": giver, "place_id": shop.warehouse, "incoming_document": "DO-7/CONTOH",
            "funding_source": FundingSource.APBN, "expected_on": days(2),
            "lines": lines or (an_item(shop.kasur, 10), an_item(shop.mi, 40, price=2_500)),
        }  # fmt: skip
        return commands.expect_goods(tx, ExpectGoods(**{**usual, **more}))  # type: ignore[arg-type]


def an_item(item_id: UUID, amount: int, price: int = 0, expires: date | None = None) -> ExpectedLine:
    return ExpectedLine(item_id=item_id, quantity_milli=units(amount), unit_price_rp=Rupiah(price), expires_on=expires)


def seen(shop: Shop, consignment_id: UUID) -> ConsignmentView:
    with shop.work.read_by(ACTOR) as tx:
        return consignment(tx, consignment_id)


def came(shop: Shop, consignment_id: UUID, *amounts: int, unannounced: tuple[UnannouncedLine, ...] = ()) -> object:
    lines = tuple(
        CameLine(line_id=line.id, received_milli=units(amount), expires_on=days(90))
        for line, amount in zip(seen(shop, consignment_id).lines, amounts, strict=True)
    )
    order = ReceiveConsignment(consignment_id=consignment_id, lines=lines, unannounced=unannounced)
    return shop.work.run(ACTOR, lambda tx: commands.receive_consignment(tx, order))


def looked_at(shop: Shop, consignment_id: UUID, *damaged: int) -> None:
    lines = tuple(
        InspectedLine(
            line_id=line.id, good_milli=Milli((line.received_milli or 0) - units(bad)), damaged_milli=units(bad)
        )
        for line, bad in zip(seen(shop, consignment_id).lines, damaged, strict=True)
    )
    order = InspectConsignment(consignment_id=consignment_id, lines=lines)
    shop.work.run(ACTOR, lambda tx: commands.inspect_consignment(tx, order))


def on_shelf(shop: Shop, consignment_id: UUID) -> None:
    shop.work.run(ACTOR, lambda tx: commands.stock_consignment(tx, consignment_id))


def lying(shop: Shop, place: UUID) -> dict[UUID, int]:
    with shop.work.read_by(ACTOR) as tx:
        return {one.item.id: int(one.on_hand_milli) for one in item_balances(tx, place_ids=[place])}


def aside(shop: Shop) -> UUID:
    with shop.work.read_by(ACTOR) as tx:
        return quarantine_of(tx, shop.warehouse).id


def amounts(shop: Shop, until: date | None = None) -> dict[UUID, tuple[int, int]]:
    with shop.work.read_by(ACTOR) as tx:
        found = expected(tx, [shop.warehouse], until)
    return {one.item_id: (one.announced_milli, one.in_check_milli) for one in found}


def test_less_more_and_unannounced_goods_are_all_in_the_books_and_promised_to_nobody(shop: Shop):
    made = announced(shop)
    assert amounts(shop) == {shop.kasur: (units(10), 0), shop.mi: (units(40), 0)}
    assert amounts(shop, days(1)) == {}
    extra = UnannouncedLine(item_id=shop.beras, quantity_milli=units(25), expires_on=days(60), note="titipan")
    came(shop, made, 8, 45, unannounced=(extra,))
    view = seen(shop, made)
    assert view.row.state is ConsignmentState.RECEIVED
    assert [(one.expected_milli, one.received_milli, one.difference_milli) for one in view.lines] == [
        (units(10), units(8), units(-2)), (units(40), units(45), units(5)), (0, units(25), units(25)),
    ]  # fmt: skip
    assert lying(shop, aside(shop)) == {shop.kasur: units(8), shop.mi: units(45), shop.beras: units(25)}
    assert lying(shop, shop.warehouse) == {}
    assert amounts(shop)[shop.mi] == (0, units(45))
    with shop.work.read_by(ACTOR) as tx:
        assert free(tx, aside(shop), shop.mi) == 0
        assert view.row.receipt_id
        assert "SBBM" in (stock_document(tx, view.row.receipt_id).number or "")
        prices = {one.item.id: (one.unit_price_rp, one.value_rp) for one in batches(
            tx, [line.batch_id for line in view.lines if line.batch_id])}  # fmt: skip
    assert prices[shop.mi] == (2_500, 112_500)


def test_good_goods_go_on_the_shelf_and_damaged_ones_back_to_their_giver(shop: Shop):
    made = announced(shop)
    came(shop, made, 10, 40)
    looked_at(shop, made, 1, 4)
    assert lying(shop, shop.warehouse) == {}
    assert amounts(shop) == {shop.kasur: (0, units(9)), shop.mi: (0, units(36))}
    on_shelf(shop, made)
    assert lying(shop, shop.warehouse) == {shop.kasur: units(9), shop.mi: units(36)}
    assert lying(shop, aside(shop)) == {shop.kasur: units(1), shop.mi: units(4)}
    assert amounts(shop) == {}
    noodles = seen(shop, made).lines[1].batch_id
    assert noodles
    order = ReturnDamaged(
        consignment_id=made, lines=(BatchLine(batch_id=noodles, quantity_milli=units(3)),), reason="kemasan bocor"
    )
    shop.work.run(ACTOR, lambda tx: commands.return_damaged(tx, order))
    assert lying(shop, aside(shop)) == {shop.kasur: units(1), shop.mi: units(1)}
    with pytest.raises(Invalid, match="more_than_damaged"):
        shop.work.run(ACTOR, lambda tx: commands.return_damaged(tx, order))


def test_goods_that_did_not_come_make_no_batch_and_nothing_at_all_is_refused(shop: Shop):
    made = announced(shop)
    with pytest.raises(Invalid, match="nothing_came"):
        came(shop, made, 0, 0)
    assert seen(shop, made).row.state is ConsignmentState.EXPECTED
    came(shop, made, 0, 40)
    assert [one.batch_id is None for one in seen(shop, made).lines] == [True, False]
    looked_at(shop, made, 0, 40)
    on_shelf(shop, made)
    assert seen(shop, made).row.state is ConsignmentState.STOCKED
    assert seen(shop, made).row.stocking_id is None
    assert lying(shop, shop.warehouse) == {}


def test_the_parts_add_up_and_what_is_past_its_day_is_not_good(shop: Shop, fixed_clock: FixedClock):
    made = announced(shop, an_item(shop.mi, 10))
    line = seen(shop, made).lines[0]
    order = ReceiveConsignment(
        consignment_id=made, lines=(CameLine(line_id=line.id, received_milli=units(10), expires_on=days(1)),)
    )
    shop.work.run(ACTOR, lambda tx: commands.receive_consignment(tx, order))
    for good, damaged in ((9, 0), (10, 1), (11, -1)):
        split = InspectedLine(line_id=line.id, good_milli=units(good), damaged_milli=units(damaged))
        wrong = InspectConsignment(consignment_id=made, lines=(split,))
        with pytest.raises(Invalid) as told:
            shop.work.run(ACTOR, partial(commands.inspect_consignment, order=wrong))
        assert (told.value.code, told.value.field) == ("consignment.split", f"damaged-{line.id}")
    fixed_clock.advance(timedelta(days=3))
    with pytest.raises(Invalid, match="expired_is_not_good"):
        looked_at(shop, made, 0)
    looked_at(shop, made, 10)
    on_shelf(shop, made)
    assert lying(shop, shop.warehouse) == {}


def test_what_passes_its_day_between_inspection_and_shelf_stays_in_quarantine(shop: Shop, fixed_clock: FixedClock):
    made = announced(shop, an_item(shop.mi, 10), an_item(shop.kasur, 2))
    first, second = seen(shop, made).lines
    lines = (
        CameLine(line_id=first.id, received_milli=units(10), expires_on=days(1)),
        CameLine(line_id=second.id, received_milli=units(2)),
    )
    shop.work.run(
        ACTOR, lambda tx: commands.receive_consignment(tx, ReceiveConsignment(consignment_id=made, lines=lines))
    )
    looked_at(shop, made, 0, 0)
    fixed_clock.advance(timedelta(days=3))
    on_shelf(shop, made)
    assert lying(shop, shop.warehouse) == {shop.kasur: units(2)}
    assert lying(shop, aside(shop)) == {shop.mi: units(10)}


def test_an_announcement_is_wrong_in_many_ways(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        size = add_variant(tx, AddVariant(item_id=shop.kasur, name="besar"))
    of_another = ExpectedLine(item_id=shop.mi, quantity_milli=units(1), variant_id=size)
    for more, code in (
        ({"place_id": shop.post}, "consignment.not_a_warehouse"),
        ({"giver_id": shop.warehouse}, "stock.not_a_giver"),
        ({"incoming_document": " "}, "stock.incoming_document_missing"),
        ({"funding_source": FundingSource.MIXED}, "consignment.mixed_source"),
        ({"lines": (ExpectedLine(item_id=shop.kasur, quantity_milli=Milli(1)),)}, "item.not_a_step"),
        ({"lines": (an_item(shop.kasur, 0),)}, "stock.quantity_out_of_range"),
        ({"lines": (of_another,)}, "item.variant_of_another"),
    ):
        with pytest.raises(Refused) as told:
            announced(shop, **more)
        assert told.value.code == code
    with shop.work.read_by(ACTOR) as tx:
        assert consignments(tx) == ()


def test_a_cancelled_announcement_is_no_longer_expected(shop: Shop):
    made = announced(shop, release_condition=ReleaseCondition.DECREE)
    with pytest.raises(Invalid, match="reason_missing"):
        shop.work.run(ACTOR, lambda tx: commands.cancel_consignment(tx, made, " "))
    shop.work.run(ACTOR, lambda tx: commands.cancel_consignment(tx, made, "dialihkan ke provinsi"))
    assert amounts(shop) == {}
    with pytest.raises(Conflict, match="cannot_receive"):
        came(shop, made, 1, 1)
    with shop.work.read_by(ACTOR) as tx:
        assert consignments(tx, states=[ConsignmentState.EXPECTED]) == ()
        assert consignments(tx)[0].cancelled_reason == "dialihkan ke provinsi"


def test_the_condition_of_release_stands_on_every_batch(shop: Shop):
    made = announced(shop, release_condition=ReleaseCondition.DECREE)
    came(shop, made, 10, 40)
    with shop.work.read_by(ACTOR) as tx:
        found = batch_balances(tx, place_ids=[quarantine_of(tx, shop.warehouse).id])
    assert {one.batch.release_condition for one in found} == {ReleaseCondition.DECREE}


def test_every_line_is_counted_once(shop: Shop):
    made = announced(shop)
    first = seen(shop, made).lines[0].id
    for lines, kind in (
        ((CameLine(line_id=first, received_milli=units(1)),), Invalid),
        ((CameLine(line_id=uuid4(), received_milli=units(1)),), NotFound),
    ):
        order = ReceiveConsignment(consignment_id=made, lines=lines)
        with pytest.raises(kind):
            shop.work.run(ACTOR, partial(commands.receive_consignment, order=order))
    with pytest.raises(Invalid, match="expiry_missing"):
        order = ReceiveConsignment(
            consignment_id=made,
            lines=tuple(CameLine(line_id=one.id, received_milli=units(1)) for one in seen(shop, made).lines),
        )
        shop.work.run(ACTOR, partial(commands.receive_consignment, order=order))


def test_a_reversed_receipt_leads_nowhere(shop: Shop):
    made = announced(shop)
    came(shop, made, 10, 40)
    receipt = seen(shop, made).row.receipt_id
    assert receipt
    with shop.work.by(ACTOR) as tx:
        reverse_document(tx, receipt, "salah gudang")
    assert lying(shop, aside(shop)) == {}
    assert amounts(shop) == {}
    with pytest.raises(Conflict, match="receipt_reversed"):
        looked_at(shop, made, 0, 0)


def test_of_several_who_receive_or_shelve_at_once_one_does(shop: Shop):
    made = announced(shop)
    told = at_once([lambda: came(shop, made, 10, 40) for _ in range(5)])
    assert codes(told) == ["", *["consignment.cannot_receive"] * 4]
    assert lying(shop, aside(shop)) == {shop.kasur: units(10), shop.mi: units(40)}
    looked_at(shop, made, 1, 0)
    told = at_once([lambda: on_shelf(shop, made) for _ in range(5)])
    assert codes(told) == ["", *["consignment.cannot_stock"] * 4]
    assert lying(shop, shop.warehouse) == {shop.kasur: units(9), shop.mi: units(40)}


def test_late_and_next_consignments_come_first(shop: Shop, fixed_clock: FixedClock):
    late, soon = announced(shop, expected_on=TODAY), announced(shop, expected_on=days(5))
    done = announced(shop)
    came(shop, done, 1, 1)
    looked_at(shop, done, 0, 0)
    on_shelf(shop, done)
    fixed_clock.advance(timedelta(days=1))
    with shop.work.read_by(ACTOR) as tx:
        found = consignments(tx)
        assert [one.id for one in found] == [late, soon, done]
        assert [one.is_late(tx.today) for one in found] == [True, False, False]
        assert [one.id for one in consignments(tx, place_ids=[shop.other_warehouse])] == []


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(counts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=2))
def test_what_came_is_good_or_damaged_and_nothing_else(hypothesis_shop: Shop, counts: list[tuple[int, int]]):
    shop = hypothesis_shop
    shelf, apart = lying(shop, shop.warehouse), lying(shop, aside(shop))
    made = announced(shop)
    got = [good + bad for good, bad in counts]
    if not any(got):
        return
    came(shop, made, *got)
    looked_at(shop, made, *(bad for _, bad in counts))
    on_shelf(shop, made)
    for item, (good, bad) in zip((shop.kasur, shop.mi), counts, strict=True):
        assert lying(shop, shop.warehouse).get(item, 0) - shelf.get(item, 0) == units(good)
        assert lying(shop, aside(shop)).get(item, 0) - apart.get(item, 0) == units(bad)
        with shop.work.read_by(ACTOR) as tx:
            mine = [one for one in consignment(tx, made).lines if one.item.id == item]
            there = {
                one.place.kind: one.on_hand_milli
                for one in batch_balances(tx, item_ids=[item]) if one.batch.id == mine[0].batch_id
            }  # fmt: skip
        assert there.get(PlaceKind.WAREHOUSE, 0) == units(good)
        assert there.get(PlaceKind.QUARANTINE, 0) == units(bad)
        assert mine[0].received_milli == units(good + bad)


@pytest.fixture
def hypothesis_shop(work: Work) -> Iterator[Shop]:
    shop = shop_of(work)
    yield shop
    assert_sound(work)
