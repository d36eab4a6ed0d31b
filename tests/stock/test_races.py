"""Many at once, with real threads and real commits: nothing is promised twice, and nobody is refused by a lock."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

from core.audit import verify
from core.errors import Conflict, NotFound
from core.work import Tx
from stock.ledger.commands import (
    CannotPost,
    HandOver,
    ItemLine,
    StockShort,
    Transfer,
    hand_over,
    reverse_document,
    transfer,
)
from stock.ledger.queries import item_balances
from stock.reservations.commands import (
    ReserveLine,
    ReserveStock,
    UseReservations,
    expire_reservations,
    release,
    reserve,
    use_reservations,
)
from tests.stock.shop import ACTOR, Shop, days, free, line, take_in, units

WRITERS = 50
AT_ONCE = 16


def race(shop: Shop, acts: list[Callable[[Tx], object]]) -> list[object]:
    """Do all acts at once, each in a transaction of its own; give what each returned or was refused with."""
    gate = threading.Barrier(min(AT_ONCE, len(acts)))
    first = threading.local()

    def one(act: Callable[[Tx], object]) -> object:
        if not getattr(first, "is_past", False):
            first.is_past = True
            gate.wait()
        try:
            return shop.work.run(ACTOR, act)
        except (Conflict, NotFound) as refused:
            return refused

    with ThreadPoolExecutor(min(AT_ONCE, len(acts))) as pool:
        return list(pool.map(one, acts))


def done(results: list[object]) -> list[object]:
    return [one for one in results if not isinstance(one, Exception)]


def test_fifty_writers_who_ask_for_twice_the_stock_are_promised_exactly_the_stock(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, *(line(shop.kasur, 10) for _ in range(5)))
        take_in(tx, shop.warehouse, *(line(shop.mi, 50, expires=days(30 + n)) for n in range(2)))
        take_in(tx, shop.warehouse, line(shop.beras, 50, expires=days(60)))

    def ask(seed: int) -> Callable[[Tx], object]:
        # Two lines of one item, and the items in another order for everyone.
        lines = [
            ReserveLine(group_key=f"g{seed}", place_id=shop.warehouse, item_id=item, quantity_milli=units(1))
            for item in (shop.kasur, shop.kasur, shop.mi, shop.mi, shop.beras, shop.beras)
        ]
        random.Random(seed).shuffle(lines)
        order = ReserveStock(lines=tuple(lines), purpose="round", purpose_id=uuid4(), ends_on=days(7))
        return lambda tx: reserve(tx, order)

    results = race(shop, [ask(seed) for seed in range(WRITERS)])
    assert len(done(results)) == WRITERS // 2
    assert all(isinstance(one, StockShort) for one in results if isinstance(one, Exception))
    with shop.work.read_by(ACTOR) as tx:
        shown = {one.item.id: one for one in item_balances(tx, place_ids=(shop.warehouse,))}
        assert {shown[item].reserved_milli for item in (shop.kasur, shop.beras)} == {units(50)}
        assert shown[shop.mi].reserved_milli == units(50)
        assert free(tx, shop.warehouse, shop.kasur) == 0
        assert verify(tx.session).is_sound


def test_handovers_on_one_hot_balance_give_each_unit_once(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 7, value=700), line(shop.kasur, 18, value=1_000))
        transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=shop.post,
                lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(25)),),
            ),
        )  # fmt: skip

    def give(_: int) -> Callable[[Tx], object]:
        order = HandOver(
            post_id=shop.post, lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(1)),), handover_id=uuid4()
        )
        return lambda tx: hand_over(tx, order)

    results = race(shop, [give(n) for n in range(WRITERS)])
    assert len(done(results)) == 25
    assert {type(one) for one in results if isinstance(one, Exception)} == {StockShort}


def test_ways_that_cross_end_without_a_deadlock_and_with_sound_books(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        for place in (shop.warehouse, shop.other_warehouse, shop.post, shop.other_post):
            take_in(tx, place, line(shop.kasur, 30, value=999), line(shop.mi, 40, value=77, expires=days(20)))

    def act(seed: int) -> Callable[[Tx], object]:
        chance = random.Random(seed)
        lines = [ItemLine(item_id=item, quantity_milli=units(chance.randint(1, 4))) for item in (shop.kasur, shop.mi)]
        chance.shuffle(lines)
        wanted = tuple(lines)
        ways = [
            (shop.warehouse, shop.other_warehouse), (shop.other_warehouse, shop.warehouse),
            (shop.warehouse, shop.post), (shop.post, shop.warehouse), (shop.post, shop.other_post),
            (shop.other_post, shop.post),
        ]  # fmt: skip
        source, target = chance.choice(ways)

        def there(tx: Tx) -> object:
            return transfer(tx, Transfer(from_place_id=source, to_place_id=target, lines=wanted))

        def there_and_back(tx: Tx) -> object:
            return reverse_document(
                tx,
                transfer(tx, Transfer(from_place_id=source, to_place_id=target, lines=wanted)).document_id,
                "keliru",
            )

        def give(tx: Tx) -> object:
            return hand_over(tx, HandOver(post_id=shop.post, lines=wanted[:1], handover_id=uuid4()))

        return chance.choice([there, there, there_and_back, give])

    results = race(shop, [act(seed) for seed in range(150)])
    refused = {type(one) for one in results if isinstance(one, Exception)}
    assert refused <= {StockShort}
    assert len(done(results)) > 50


def test_of_many_who_reverse_one_document_one_does(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        got = take_in(tx, shop.warehouse, line(shop.kasur, 30))
        sent = transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=shop.post,
                lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(3)),),
            ),
        )  # fmt: skip
        take_in(tx, shop.post, line(shop.kasur, 50))
    assert got.number
    results = race(shop, [lambda tx: reverse_document(tx, sent.document_id, "keliru") for _ in range(8)])
    assert len(done(results)) == 1
    assert {one.code for one in results if isinstance(one, CannotPost)} == {"stock.reversed_already"}


def test_a_promise_ends_once_whoever_ends_it(shop: Shop):
    rounds: list[UUID] = [uuid4() for _ in range(10)]
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 100))
        for one in rounds:
            wanted = ReserveLine(
                group_key="a", place_id=shop.warehouse, item_id=shop.kasur, quantity_milli=units(5)
            )  # fmt: skip
            reserve(tx, ReserveStock(lines=(wanted,), purpose="round", purpose_id=one, ends_on=days(3)))

    def load(purpose_id: UUID) -> Callable[[Tx], object]:
        order = UseReservations(purpose="round", purpose_id=purpose_id, group_key="a", to_place_id=shop.post)
        return lambda tx: use_reservations(tx, order)

    def let_go(purpose_id: UUID) -> Callable[[Tx], object]:
        return lambda tx: release(tx, "round", purpose_id)

    acts = [make(one) for one in rounds for make in (load, let_go, load)] + [expire_reservations]
    random.Random(7).shuffle(acts)
    results = race(shop, acts)
    loads = sum(not isinstance(one, int | Exception) for one in results)
    released = sum(one for one in results if isinstance(one, int))
    assert loads + released == len(rounds)
    with shop.work.read_by(ACTOR) as tx:
        assert free(tx, shop.post, shop.kasur) == units(5 * loads)
        assert free(tx, shop.warehouse, shop.kasur) == units(100 - 5 * loads)
