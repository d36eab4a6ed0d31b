"""What is entered late: judged by every day since, and never against a count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from uuid import UUID, uuid4

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from core.clock import FixedClock
from core.errors import Conflict, Invalid
from core.measures import Milli, Rupiah
from core.work import Tx
from stock.items.queries import find_item
from stock.ledger.commands import (
    Adjust,
    Assemble,
    BatchLine,
    BringToCount,
    CannotPost,
    CountedLine,
    HandOver,
    ItemLine,
    KitMade,
    Receive,
    ReceiveLine,
    StockShort,
    Transfer,
    Unpack,
    adjust,
    assemble,
    bring_to_count,
    hand_over,
    receive,
    return_to_giver,
    reversal_problems,
    reverse_document,
    transfer,
    unpack,
)
from stock.ledger.kinds import AdjustmentReason, Flag, FundingSource, ReleaseCondition
from stock.ledger.queries import StockCard, batch_balances, batches, batches_on, booked_at, stock_card, stock_document
from stock.places.kinds import PlaceKind
from stock.places.queries import quarantine_of, sink
from stock.reservations.commands import ReserveLine, ReserveStock, reserve
from tests.stock.shop import ACTOR, Shop, assert_sound, days, free, line, units
from tests.support.racing import before_the_first_commits

NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def monday(fixed_clock: FixedClock) -> None:
    fixed_clock.set(NOW)


def ago(count: int) -> datetime:
    return NOW - timedelta(days=count)


def got(tx: Tx, shop: Shop, amount: int, *, days_ago: int = 0, value: int = 0, place: UUID | None = None) -> UUID:
    order = Receive(
        to_place_id=place or shop.warehouse, lines=(line(shop.kasur, amount, value=value),),
        incoming_document="BAST-01", event_at=ago(days_ago),
    )  # fmt: skip
    return receive(tx, order).batches[0].batch_id


def sent(tx: Tx, shop: Shop, batch: UUID, amount: int, days_ago: int) -> UUID:
    order = Transfer(
        from_place_id=shop.warehouse, to_place_id=shop.other_warehouse, event_at=ago(days_ago),
        lines=(BatchLine(batch_id=batch, quantity_milli=units(amount)),),
    )  # fmt: skip
    return transfer(tx, order).document_id


def counted(tx: Tx, shop: Shop, batch: UUID, amount: int, days_ago: int) -> None:
    bring_to_count(
        tx,
        BringToCount(
            place_id=shop.warehouse, count_id=uuid4(), note="opname",
            lines=(CountedLine(batch_id=batch, counted_milli=units(amount), counted_at=ago(days_ago)),),
        ),
    )  # fmt: skip


def lay(tx: Tx, place: UUID, batch: UUID, days_ago: int) -> int:
    found = batches_on(tx, days(-days_ago), place_ids=[place])
    return next((one.on_hand_milli // 1000 for one in found if one.batch.id == batch), 0)


def test_a_late_entry_that_makes_a_later_day_negative_is_refused_and_names_the_first_day(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = got(tx, shop, 10, days_ago=9)
        sent(tx, shop, batch, 4, 6)
        sent(tx, shop, batch, 5, 3)
        more = Adjust(
            place_id=shop.warehouse, lines=((batch, units(20)),), reason=AdjustmentReason.FOUND, note="ketemu",
            event_at=ago(1),
        )  # fmt: skip
        adjust(tx, more)
    with pytest.raises(CannotPost, match=r"stock\.negative_later") as refused, shop.work.by(ACTOR) as tx:
        sent(tx, shop, batch, 2, 8)
    facts = refused.value.facts
    assert (facts["day"], facts["place"], facts["balance"], facts["short"]) == (
        "2026-11-13", "Gudang Utama", "1 buah", "1 buah",
    )  # fmt: skip
    with shop.work.by(ACTOR) as tx:
        sent(tx, shop, batch, 1, 8)
        assert [lay(tx, shop.warehouse, batch, days_ago) for days_ago in (9, 8, 6, 3, 1, 0)] == [10, 9, 5, 0, 20, 20]
    assert_sound(shop.work)


def test_a_pick_by_item_for_a_past_day_takes_only_what_lay_there_ever_since(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        old = got(tx, shop, 3, days_ago=5)
        got(tx, shop, 10, days_ago=1)
        order = Transfer(
            from_place_id=shop.warehouse, to_place_id=shop.other_warehouse, event_at=ago(4),
            lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(3)),),
        )  # fmt: skip
        assert {move.batch_id for move in transfer(tx, order).moves} == {old}
    with pytest.raises(StockShort), shop.work.by(ACTOR) as tx:
        transfer(tx, order)


def test_a_handover_that_happened_before_its_arrival_was_entered_is_booked_and_marked(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        got(tx, shop, 2, days_ago=0, place=shop.post)
        fact = HandOver(
            post_id=shop.post, lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(1)),), handover_id=uuid4(),
            event_at=ago(2), is_fact=True,
        )  # fmt: skip
        assert [move.flag for move in hand_over(tx, fact).moves] == [Flag.EARLY]
    assert_sound(shop.work)


def test_a_count_stands_whatever_is_entered_later(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = got(tx, shop, 10, days_ago=9, value=1_000)
        counted(tx, shop, batch, 7, 4)
        assert lay(tx, shop.warehouse, batch, 5) == 10
        assert lay(tx, shop.warehouse, batch, 4) == 7
        late = sent(tx, shop, batch, 3, 6)
        assert [lay(tx, shop.warehouse, batch, one) for one in (7, 6, 5, 4, 0)] == [10, 7, 7, 7, 7]
        assert lay(tx, shop.other_warehouse, batch, 0) == 3
        moves = stock_document(tx, late).lines
        assert sorted((move.flag, move.quantity_milli) for move in moves) == [
            (Flag.NONE, units(3)), (Flag.COUNTED, units(3)),
        ]  # fmt: skip
        worth = sum(one.value_rp for one in batch_balances(tx))
        assert worth == 1_000
    assert_sound(shop.work)


def test_what_came_before_a_count_and_is_entered_after_it_was_counted_already(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = got(tx, shop, 10, days_ago=9, place=shop.other_warehouse)
        counted(tx, shop, batch, 4, 2)
        order = Transfer(
            from_place_id=shop.other_warehouse, to_place_id=shop.warehouse, event_at=ago(5),
            lines=(BatchLine(batch_id=batch, quantity_milli=units(4)),),
        )  # fmt: skip
        posted = transfer(tx, order)
        assert [move.quantity_milli for move in posted.counter_moves] == [units(4)]
        assert [lay(tx, shop.warehouse, batch, one) for one in (6, 5, 2, 0)] == [0, 4, 4, 4]
    assert_sound(shop.work)


def test_nothing_is_reversed_across_a_later_count_and_every_obstacle_is_told_at_once(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = got(tx, shop, 10, days_ago=9)
        moved = sent(tx, shop, batch, 6, 6)
        counted(tx, shop, batch, 4, 2)
        give_away = Adjust(
            place_id=shop.other_warehouse, lines=((batch, -units(5)),), reason=AdjustmentReason.ISSUED_UNRECORDED,
            note="keluar tanpa catatan",
        )  # fmt: skip
        adjust(tx, give_away)
        assert {one.code for one in reversal_problems(tx, moved)} == {"stock.counted_since", "stock.gone_on"}
    with pytest.raises(CannotPost, match=r"stock\.refused"), shop.work.by(ACTOR) as tx:
        reverse_document(tx, moved, "salah gudang")


def test_nothing_is_reversed_that_is_being_counted(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = got(tx, shop, 10, days_ago=9)
        moved = sent(tx, shop, batch, 6, 6)
    told = before_the_first_commits(
        shop.work, ACTOR, lambda tx: counted(tx, shop, batch, 4, 2), lambda tx: reverse_document(tx, moved, "salah")
    )
    assert isinstance(told, CannotPost)
    assert [one.code for one in told.problems] == ["stock.counted_since"]


def test_less_counted_than_is_promised_is_refused_and_nothing_changes(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = got(tx, shop, 10, days_ago=3)
        promise = ReserveLine(group_key="g", place_id=shop.warehouse, item_id=shop.kasur, quantity_milli=units(8))
        reserve(tx, ReserveStock(lines=(promise,), purpose="round", purpose_id=uuid4(), ends_on=days(3)))
    with pytest.raises(StockShort), shop.work.by(ACTOR) as tx:
        counted(tx, shop, batch, 5, 1)
    with shop.work.by(ACTOR) as tx:
        counted(tx, shop, batch, 8, 1)
        assert free(tx, shop.warehouse, shop.kasur) == 0
    with pytest.raises(Conflict, match=r"stock\.counted_already"), shop.work.by(ACTOR) as tx:
        counted(tx, shop, batch, 8, 1)
    assert_sound(shop.work)


def test_the_books_of_a_moment_hold_what_happened_at_it(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = got(tx, shop, 10, days_ago=3)
        sent(tx, shop, batch, 4, 1)
        for moment, there in ((ago(4), 0), (ago(3), 10), (ago(2), 10), (ago(1), 6), (NOW, 6)):
            assert booked_at(tx, shop.warehouse, {batch: moment}) == {batch: units(there)}


Happening = tuple[str, int, int]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    history=st.lists(
        st.tuples(st.sampled_from(["out", "back", "count", "found"]), st.integers(0, 8), st.integers(0, 9)),
        min_size=2, max_size=3,
    )
)  # fmt: skip
def test_a_history_told_in_any_order_ends_in_the_same_days(shop: Shop, history: list[Happening]):
    """Each order is told by trying again what was refused, until nothing more goes in."""
    ends, both = set(), (shop.warehouse, shop.other_warehouse)
    for order in permutations(enumerate(history)):
        with shop.work.by(ACTOR) as tx:
            batch = got(tx, shop, 30, days_ago=20)
            sent(tx, shop, batch, 10, 19)
            left = list(order)
            while left:
                tried = len(left)
                left = [one for one in left if not _told(tx, shop, batch, *one)]
                if len(left) == tried:
                    break
            ends.add((
                tuple(sorted(no for no, _ in left)),
                tuple(lay(tx, place, batch, one) for place in both for one in range(10)),
            ))  # fmt: skip
    complete = {end for end in ends if not end[0]}
    assert len(complete) <= 1
    if complete:
        assert ends == complete


def _told(tx: Tx, shop: Shop, batch: UUID, no: int, what: Happening) -> bool:
    kind, days_ago, amount = what
    at = ago(days_ago) + timedelta(minutes=no)
    try:
        with tx.savepoint():
            if kind == "count":
                lines = (CountedLine(batch_id=batch, counted_milli=units(amount), counted_at=at - timedelta(hours=1)),)
                bring_to_count(tx, BringToCount(place_id=shop.warehouse, count_id=uuid4(), lines=lines, note="opname"))
            elif kind == "found":
                found = Adjust(
                    place_id=shop.warehouse, lines=((batch, units(amount + 1)),), reason=AdjustmentReason.FOUND,
                    note="ketemu", event_at=at - timedelta(hours=1),
                )  # fmt: skip
                adjust(tx, found)
            else:
                ways = (shop.warehouse, shop.other_warehouse)[:: 1 if kind == "out" else -1]
                goods = (BatchLine(batch_id=batch, quantity_milli=units(amount + 1)),)
                transfer(
                    tx,
                    Transfer(from_place_id=ways[0], to_place_id=ways[1], lines=goods, event_at=at - timedelta(hours=1)),
                )
    except Conflict:
        return False
    return True


# ---------------------------------------------------------------- conditions, damaged goods, kits, cards


def test_rice_of_the_government_reserve_leaves_only_under_a_decree(shop: Shop):
    rice = ReceiveLine(
        item_id=shop.beras, quantity_milli=units(50), funding_source=FundingSource.APBN, unit_price_rp=Rupiah(12_500),
        expires_on=days(200), release_condition=ReleaseCondition.DECREE,
    )  # fmt: skip
    want = ReserveLine(group_key="g", place_id=shop.warehouse, item_id=shop.beras, quantity_milli=units(10))
    with shop.work.by(ACTOR) as tx:
        made = receive(tx, Receive(to_place_id=shop.warehouse, lines=(rice,), incoming_document="CBP-1"))
        assert batches(tx, [made.batches[0].batch_id])[0].value_rp == 625_000
    order = ReserveStock(lines=(want,), purpose="round", purpose_id=uuid4(), ends_on=days(3))
    with pytest.raises(StockShort) as refused, shop.work.by(ACTOR) as tx:
        reserve(tx, order)
    assert refused.value.shortages[0].conditional_milli == units(50)
    out = Transfer(
        from_place_id=shop.warehouse, to_place_id=shop.post,
        lines=(BatchLine(batch_id=made.batches[0].batch_id, quantity_milli=units(1)),),
    )  # fmt: skip
    with pytest.raises(CannotPost, match=r"batch\.not_released"), shop.work.by(ACTOR) as tx:
        transfer(tx, out)
    met = frozenset(ReleaseCondition)
    with shop.work.by(ACTOR) as tx:
        reserve(tx, ReserveStock(lines=(want,), purpose="round", purpose_id=uuid4(), ends_on=days(3), met=met))
        between = Transfer(
            from_place_id=shop.warehouse, to_place_id=shop.other_warehouse,
            lines=(ItemLine(item_id=shop.beras, quantity_milli=units(5)),),
        )  # fmt: skip
        transfer(tx, between)
    assert_sound(shop.work)


def test_what_came_damaged_lies_apart_by_the_same_paper_and_goes_back_to_its_giver(shop: Shop):
    came = ReceiveLine(
        item_id=shop.kasur, quantity_milli=units(10), funding_source=FundingSource.CSR, value_rp=Rupiah(1_001),
        damaged_milli=units(3),
    )  # fmt: skip
    with shop.work.by(ACTOR) as tx:
        made = receive(tx, Receive(to_place_id=shop.warehouse, lines=(came,), incoming_document="CSR-1"))
        apart = quarantine_of(tx, shop.warehouse).id
        lies = {one.place.id: (one.on_hand_milli, one.value_rp) for one in batch_balances(tx)}
        assert lies == {shop.warehouse: (units(7), 700), apart: (units(3), 301)}
        back = Transfer(
            from_place_id=apart, to_place_id=sink(tx, PlaceKind.SUPPLIER).id, reason="rusak",
            lines=(BatchLine(batch_id=made.damaged[0].batch_id, quantity_milli=units(3)),),
        )  # fmt: skip
        return_to_giver(tx, back)
        assert {one.place.id for one in batch_balances(tx)} == {shop.warehouse}
    too_many = ReceiveLine(
        item_id=shop.kasur, quantity_milli=units(1), funding_source=FundingSource.CSR, damaged_milli=units(2)
    )
    with pytest.raises(Invalid, match=r"stock\.more_damaged_than_came"), shop.work.by(ACTOR) as tx:
        receive(tx, Receive(to_place_id=shop.warehouse, lines=(too_many,), incoming_document="CSR-2"))
    assert_sound(shop.work)


def test_kits_keep_the_value_and_the_earliest_day_of_what_is_in_them_and_come_apart_again(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        sheets = got(tx, shop, 7, value=10_000)
        food = receive(
            tx, Receive(to_place_id=shop.warehouse, incoming_document="B", lines=(
                line(shop.mi, 100, value=3_333, expires=days(40), source=FundingSource.APBN),)),
        ).batches[0].batch_id  # fmt: skip
        parts = ((sheets, units(1)), (food, units(10)))
        kit = find_item(tx, "paket_sembako").id
        made = assemble(tx, Assemble(place_id=shop.warehouse, kits=(KitMade(item_id=kit, kits=3, components=parts),)))
        batch = batches(tx, [made.batches[0].batch_id])[0]
        assert (batch.expires_on, batch.funding_source, batch.quantity_milli) == (
            days(40),
            FundingSource.MIXED,
            units(3),
        )
        assert sum(one.value_rp for one in batch_balances(tx)) == 13_333
        document = stock_document(tx, made.document_id)
        bench = sink(tx, PlaceKind.ASSEMBLY).id
        assert sum(one.value_rp if one.target.id == bench else -one.value_rp for one in document.lines) == 0
        unpack(tx, Unpack(place_id=shop.warehouse, batch_id=batch.id, kits=2, components=parts))
        left = {one.batch.id: one.on_hand_milli for one in batch_balances(tx)}
        assert left == {sheets: units(6), food: units(90), batch.id: units(1)}
        assert sum(one.value_rp for one in batch_balances(tx)) == 13_333
    with pytest.raises(StockShort), shop.work.by(ACTOR) as tx:
        assemble(tx, Assemble(place_id=shop.warehouse, kits=(KitMade(item_id=kit, kits=7, components=parts),)))
    assert_sound(shop.work)


def test_a_card_read_page_by_page_is_the_whole_card(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = got(tx, shop, 100, days_ago=8, value=10_007)
        for number in range(11):
            sent(tx, shop, batch, number % 3 + 1, 7 - number // 2)
        whole = stock_card(tx, shop.kasur, [shop.warehouse])
        assert whole.earlier is None
        assert whole.closing_milli == whole.lines[-1].balance_milli == units(100 - 21)
        pages: list[StockCard] = []
        cursor = None
        while True:
            page = stock_card(tx, shop.kasur, [shop.warehouse], limit=5, before=cursor)
            pages.insert(0, page)
            assert page.opening_milli + sum(one.in_milli - one.out_milli for one in page.lines) == page.closing_milli
            cursor = page.earlier
            if cursor is None:
                break
        assert tuple(one for page in pages for one in page.lines) == whole.lines
        assert pages[0].opening_milli == whole.opening_milli == 0
        assert all(one.closing_milli == two.opening_milli for one, two in pairwise(pages))
        assert all(one.closing_rp == two.opening_rp for one, two in pairwise(pages))
        part = stock_card(tx, shop.kasur, [shop.warehouse], first_on=days(-6), last_on=days(-4))
        assert part.opening_milli + sum(one.in_milli - one.out_milli for one in part.lines) == part.closing_milli
        assert part.closing_rp == part.lines[-1].balance_rp
    with pytest.raises(Invalid, match=r"stock\.no_such_page"), shop.work.by(ACTOR) as tx:
        stock_card(tx, shop.kasur, [shop.warehouse], limit=5, before="besok")


def test_a_batch_is_of_a_variant_of_its_own_item(shop: Shop):
    wrong = ReceiveLine(
        item_id=shop.kasur, quantity_milli=Milli(1000), funding_source=FundingSource.APBD, variant_id=uuid4()
    )
    with pytest.raises(Invalid, match=r"item\.variant_of_another"), shop.work.by(ACTOR) as tx:
        receive(tx, Receive(to_place_id=shop.warehouse, lines=(wrong,), incoming_document="B"))
