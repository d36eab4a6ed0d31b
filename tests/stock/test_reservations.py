from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from core.clock import FixedClock
from core.errors import Invalid, NotFound
from core.jobs import run_slot
from core.measures import Milli
from core.states import reachable
from core.work import Tx
from stock.ledger.commands import CannotPost, HandOver, ItemLine, StockShort, Transfer, hand_over, transfer
from stock.ledger.kinds import DocumentKind
from stock.ledger.queries import item_balances, stock_document
from stock.reservations.commands import (
    ReservedLine,
    ReserveLine,
    ReserveStock,
    UseReservations,
    expire_reservations,
    release,
    reserve,
    use_reservations,
)
from stock.reservations.jobs import JOBS
from stock.reservations.queries import reservations, shortages_of
from stock.reservations.states import RESERVATION_MOVES, ReservationState
from tests.stock.shop import ACTOR, Shop, days, free, line, take_in, units


def order(round_id: UUID, *wants: tuple[str, UUID, UUID, int], ends: int = 7) -> ReserveStock:
    return ReserveStock(
        lines=tuple(
            ReserveLine(group_key=group, place_id=place, item_id=item, quantity_milli=units(amount))
            for group, place, item, amount in wants
        ),
        purpose="round", purpose_id=round_id, ends_on=days(ends),
    )  # fmt: skip


def promise(tx: Tx, *args: tuple[str, UUID, UUID, int], round_id: UUID | None = None) -> tuple[ReservedLine, ...]:
    return reserve(tx, order(round_id or uuid4(), *args))


def load(shop: Shop, round_id: UUID, group: str = "tp1") -> UseReservations:
    return UseReservations(purpose="round", purpose_id=round_id, group_key=group, to_place_id=shop.post)


def test_what_is_reserved_is_on_hand_and_free_for_nobody_else(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10))
        promise(tx, ("tp1", shop.warehouse, shop.kasur, 7))
        shown = item_balances(tx, place_ids=(shop.warehouse,))[0]
        assert (shown.on_hand_milli, shown.reserved_milli, shown.available_milli) == (units(10), units(7), units(3))
    with pytest.raises(StockShort), shop.work.by(ACTOR) as tx:
        promise(tx, ("tp2", shop.warehouse, shop.kasur, 4))
    with pytest.raises(StockShort), shop.work.by(ACTOR) as tx:
        transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=shop.other_warehouse,
                lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(4)),),
            ),
        )  # fmt: skip


def test_all_or_nothing_and_every_shortage_is_named(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10), line(shop.beras, 100, expires=days(60)))
    wanted = order(
        uuid4(), ("tp1", shop.warehouse, shop.kasur, 6), ("tp2", shop.warehouse, shop.kasur, 6),
        ("tp1", shop.warehouse, shop.beras, 90), ("tp1", shop.other_warehouse, shop.beras, 1),
    )  # fmt: skip
    with pytest.raises(StockShort) as refused, shop.work.by(ACTOR) as tx:
        reserve(tx, wanted)
    expected = {(shop.warehouse, shop.kasur, units(2)), (shop.other_warehouse, shop.beras, units(1))}
    assert {(one.place_id, one.item_id, one.short_milli) for one in refused.value.shortages} == expected
    with shop.work.read_by(ACTOR) as tx:
        assert {(one.place_id, one.item_id, one.short_milli) for one in shortages_of(tx, wanted)} == expected
        assert reservations(tx) == ()
        assert free(tx, shop.warehouse, shop.beras) == units(100)


def test_goods_that_will_be_past_their_day_when_handed_out_are_not_promised(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        soon = take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(3))).batches[0].batch_id
        later = take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(30))).batches[0].batch_id
        assert [one.batch_id for one in promise(tx, ("tp1", shop.warehouse, shop.beras, 5))] == [later]
        early = ReserveLine(
            group_key="tp1", place_id=shop.warehouse, item_id=shop.beras, quantity_milli=units(5), usable_on=days(2)
        )
        made = reserve(tx, ReserveStock(lines=(early,), purpose="round", purpose_id=uuid4(), ends_on=days(7)))
        assert [one.batch_id for one in made] == [soon]


def test_loading_ends_the_promise_and_moves_exactly_its_batches(shop: Shop):
    this_round = uuid4()
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 4, value=400), line(shop.kasur, 6, value=900))
        promise(tx, ("tp1", shop.warehouse, shop.kasur, 7), ("tp2", shop.warehouse, shop.kasur, 2), round_id=this_round)
        loaded = use_reservations(tx, load(shop, this_round))
        paper = stock_document(tx, loaded.document_id)
        assert (paper.kind, paper.subject, paper.subject_id) == (DocumentKind.DISPATCH, "round", str(this_round))
        assert loaded.number is not None and "/SJ/" in loaded.number
        assert sum(one.quantity_milli for one in loaded.moves) == units(7)
        assert free(tx, shop.post, shop.kasur) == units(7)
        shown = item_balances(tx, place_ids=(shop.warehouse,))[0]
        assert (shown.on_hand_milli, shown.reserved_milli) == (units(3), units(2))
        used = reservations(tx, purpose_id=this_round, states=(ReservationState.USED,))
        assert {one.document_id for one in used} == {loaded.document_id}
        want = HandOver(
            post_id=shop.post, lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(1)),), handover_id=uuid4()
        )
        hand_over(tx, want)
    with pytest.raises(NotFound, match=r"reservation\.nothing_open"), shop.work.by(ACTOR) as tx:
        use_reservations(tx, load(shop, this_round))


def test_each_warehouse_loads_its_own_part_of_a_group(shop: Shop):
    this_round = uuid4()
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 4))
        take_in(tx, shop.other_warehouse, line(shop.kasur, 4))
        promise(
            tx, ("tp1", shop.warehouse, shop.kasur, 2), ("tp1", shop.other_warehouse, shop.kasur, 3),
            round_id=this_round,
        )  # fmt: skip
        part = UseReservations(
            purpose="round", purpose_id=this_round, group_key="tp1", to_place_id=shop.post,
            from_place_id=shop.other_warehouse,
        )  # fmt: skip
        assert [one.quantity_milli for one in use_reservations(tx, part).moves] == [units(3)]
        assert [one.place.code for one in reservations(tx, purpose_id=this_round)] == ["GD1"]


def test_a_release_gives_back_once(shop: Shop):
    this_round = uuid4()
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10))
        promise(tx, ("tp1", shop.warehouse, shop.kasur, 3), ("tp2", shop.warehouse, shop.kasur, 4), round_id=this_round)
        assert release(tx, "round", this_round, "tp1", reason="jalan putus") == 1
        assert free(tx, shop.warehouse, shop.kasur) == units(6)
        assert release(tx, "round", this_round) == 1
        assert release(tx, "round", this_round) == 0
        assert free(tx, shop.warehouse, shop.kasur) == units(10)


def test_a_promise_is_kept_through_its_last_local_day_and_ends_the_day_after(shop: Shop, fixed_clock: FixedClock):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10))
        reserve(tx, order(uuid4(), ("tp1", shop.warehouse, shop.kasur, 3), ends=1))
    # 17 November 23.59 in Jakarta, then two minutes later.
    fixed_clock.advance(timedelta(days=1, hours=14, minutes=59))
    with shop.work.by(ACTOR) as tx:
        assert expire_reservations(tx) == 0
    fixed_clock.advance(timedelta(minutes=2))
    job = next(job for job in JOBS if job.name == "stock.expire_reservations")
    assert run_slot(shop.work, ACTOR, job, "2026-11-18T00") == "1 expired"
    assert run_slot(shop.work, ACTOR, job, "2026-11-18T00") is None
    with shop.work.by(ACTOR) as tx:
        assert expire_reservations(tx) == 0
        assert free(tx, shop.warehouse, shop.kasur) == units(10)


def test_a_promised_batch_that_has_expired_is_not_loaded(shop: Shop, fixed_clock: FixedClock):
    this_round = uuid4()
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(6)))
        promise(tx, ("tp1", shop.warehouse, shop.beras, 3), round_id=this_round)
    fixed_clock.advance(timedelta(days=7))
    with pytest.raises(CannotPost, match=r"batch\.expired"), shop.work.by(ACTOR) as tx:
        use_reservations(tx, load(shop, this_round))
    with shop.work.by(ACTOR) as tx:
        assert release(tx, "round", this_round) == 1


def test_orders_that_are_wrong_in_themselves_are_refused(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10))
        for wrong, code in (
            (ReserveStock(lines=(), purpose="round", purpose_id=uuid4(), ends_on=days(7)), "stock.nothing_to_do"),
            (order(uuid4(), ("a", shop.warehouse, shop.kasur, 1), ends=-1), "reservation.ended"),
            (order(uuid4(), ("a", shop.warehouse, shop.kasur, 0)), "stock.quantity_out_of_range"),
        ):
            with pytest.raises(Invalid) as refused:
                reserve(tx, wrong)
            assert refused.value.code == code
        half = ReserveLine(group_key="a", place_id=shop.warehouse, item_id=shop.kasur, quantity_milli=Milli(500))
        with pytest.raises(CannotPost, match=r"item\.not_a_step"):
            reserve(tx, ReserveStock(lines=(half,), purpose="round", purpose_id=uuid4(), ends_on=days(7)))


def test_the_nightly_proof_says_what_it_proved(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10))
    job = next(job for job in JOBS if job.name == "stock.prove_balances")
    assert run_slot(shop.work, ACTOR, job, "2026-11-16") == "2 balances, 0 problems"


def test_a_promise_can_end_in_every_way_there_is():
    assert reachable(ReservationState.OPEN, RESERVATION_MOVES) == frozenset(ReservationState)
