from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from core.actor import Actor, Grant, Role, ScopeKind, system
from core.audit import trail, verify
from core.clock import FixedClock
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import is_code
from core.measures import Milli
from core.work import Tx
from stock.ledger.commands import (
    Adjust,
    BatchLine,
    CannotPost,
    HandOver,
    ItemLine,
    Posted,
    Receive,
    StockShort,
    Transfer,
    WriteOff,
    adjust,
    hand_over,
    receive,
    reverse_document,
    reverse_handover,
    transfer,
    write_off,
)
from stock.ledger.kinds import AdjustmentReason, DocumentKind, Flag, FundingSource, LossReason
from stock.ledger.queries import (
    balances_on,
    batch_balances,
    batch_by_code,
    item_balances,
    near_expiry,
    stock_card,
    stock_document,
    stock_documents,
)
from stock.places.commands import close_place
from stock.places.kinds import PlaceKind
from stock.places.queries import quarantine_of, sink
from stock.reservations.proof import prove
from tests.stock.shop import ACTOR, REGENCY, Shop, days, free, line, open_shop, take_in, units


def send(tx: Tx, shop: Shop, *lines: ItemLine | BatchLine) -> Posted:
    return transfer(tx, Transfer(from_place_id=shop.warehouse, to_place_id=shop.post, lines=lines))


def give(tx: Tx, shop: Shop, *lines: ItemLine, **more: object) -> Posted:
    return hand_over(tx, HandOver(post_id=shop.post, lines=lines, handover_id=uuid4(), **more))  # type: ignore[arg-type]


def test_what_is_received_lies_in_the_warehouse_with_its_paper_and_batch_codes(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        rice = line(shop.beras, 500, expires=days(90))
        got = take_in(tx, shop.warehouse, line(shop.kasur, 40, value=8_000_000), rice)
        assert got.number == "400.9/0001/SBBM/DINSOS/XI/2026"
        assert all(is_code(one.batch_code) for one in got.batches)
        assert [one.item_id for one in got.batches] == [shop.kasur, shop.beras]
        assert batch_by_code(tx, got.batches[0].batch_code.lower()).value_rp == 8_000_000
        assert free(tx, shop.warehouse, shop.kasur) == units(40)
        paper = stock_document(tx, got.document_id)
        assert paper.kind is DocumentKind.RECEIPT and len(paper.lines) == 2
        assert [row.value_rp for row in stock_documents(tx, place_ids=(shop.warehouse,))] == [8_000_000]
    with shop.work.read_by(ACTOR) as tx:
        assert [row.action for row in trail(tx.session, "stock_document", got.document_id)] == ["stock.receipt"]
        assert verify(tx.session).is_sound


def test_the_batch_that_expires_first_goes_first_and_goods_without_expiry_last(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        late = take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(200))).batches[0]
        early = take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(20))).batches[0]
        sent = send(tx, shop, ItemLine(item_id=shop.beras, quantity_milli=units(12)))
        assert [(one.batch_id, one.quantity_milli) for one in sent.moves] == [
            (early.batch_id, units(10)), (late.batch_id, units(2)),
        ]  # fmt: skip
        assert stock_document(tx, sent.document_id).kind is DocumentKind.DISPATCH


def test_among_equal_expiry_the_longest_on_the_shelf_then_the_source_decides(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        got = take_in(
            tx, shop.warehouse, line(shop.kasur, 5, source=FundingSource.CSR), line(shop.kasur, 5),
            line(shop.kasur, 5, source=FundingSource.APBN),
        )  # fmt: skip
        csr, apbd, apbn = (one.batch_id for one in got.batches)
        sent = send(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(12)))
        assert [one.batch_id for one in sent.moves] == [apbn, apbd, csr]


def test_rupiah_of_a_batch_close_to_zero_however_it_is_split(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = take_in(tx, shop.warehouse, line(shop.kasur, 3, value=1_000)).batches[0].batch_id
        values = [send(tx, shop, BatchLine(batch_id=batch, quantity_milli=units(1))).moves[0].value_rp for _ in "abc"]
        assert values == [333, 333, 334]
        given = [give(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(n))).moves[0] for n in (2, 1)]
        assert sum(one.value_rp for one in given) == 1_000
        assert batch_balances(tx) == ()


def test_a_shortage_names_every_item_and_changes_nothing(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 3), line(shop.beras, 100, expires=days(30)))
    with pytest.raises(StockShort) as refused, shop.work.by(ACTOR) as tx:
        send(
            tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(5)),
            ItemLine(item_id=shop.beras, quantity_milli=units(1)), ItemLine(item_id=shop.mi, quantity_milli=units(7)),
        )  # fmt: skip
    assert refused.value.code == "stock.short"
    assert {(one.item_id, one.short_milli) for one in refused.value.shortages} == {
        (shop.kasur, units(2)), (shop.mi, units(7)),
    }  # fmt: skip
    assert "Kasur · Gudang Utama: 3 / 5 buah" in str(refused.value.facts["shortages"])
    with shop.work.read_by(ACTOR) as tx:
        assert free(tx, shop.warehouse, shop.beras) == units(100)
        assert len(stock_documents(tx)) == 1


def test_two_lines_of_one_item_are_one_demand(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = take_in(tx, shop.warehouse, line(shop.kasur, 5)).batches[0].batch_id
    for lines in (
        (ItemLine(item_id=shop.kasur, quantity_milli=units(3)), ItemLine(item_id=shop.kasur, quantity_milli=units(3))),
        (BatchLine(batch_id=batch, quantity_milli=units(3)), BatchLine(batch_id=batch, quantity_milli=units(3))),
        (BatchLine(batch_id=batch, quantity_milli=units(3)), ItemLine(item_id=shop.kasur, quantity_milli=units(3))),
    ):
        with pytest.raises(StockShort), shop.work.by(ACTOR) as tx:
            send(tx, shop, *lines)


def test_expired_stock_goes_to_quarantine_and_loss_and_nowhere_else(shop: Shop, fixed_clock: FixedClock):
    with shop.work.by(ACTOR) as tx:
        batch = take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(1))).batches[0].batch_id
        send(tx, shop, ItemLine(item_id=shop.beras, quantity_milli=units(2)))
    fixed_clock.advance(timedelta(days=2))
    with shop.work.by(ACTOR) as tx:
        assert free(tx, shop.warehouse, shop.beras) == 0
        assert item_balances(tx, place_ids=(shop.warehouse,))[0].expired_milli == units(8)
    for target in (shop.post, shop.other_warehouse):
        with pytest.raises(CannotPost, match=r"batch\.expired"), shop.work.by(ACTOR) as tx:
            transfer(
                tx,
                Transfer(
                    from_place_id=shop.warehouse, to_place_id=target,
                    lines=(BatchLine(batch_id=batch, quantity_milli=units(1)),),
                ),
            )  # fmt: skip
    with pytest.raises(StockShort), shop.work.by(ACTOR) as tx:
        give(tx, shop, ItemLine(item_id=shop.beras, quantity_milli=units(1)))
    with shop.work.by(ACTOR) as tx:
        shelf = quarantine_of(tx, shop.warehouse).id
        take = BatchLine(batch_id=batch, quantity_milli=units(5))
        transfer(tx, Transfer(from_place_id=shop.warehouse, to_place_id=shelf, lines=(take,)))
        write_off(tx, WriteOff(place_id=shelf, lines=(take,), reason=LossReason.EXPIRED, note="BA-7"))
    with pytest.raises(CannotPost, match=r"stock\.wrong_way"), shop.work.by(ACTOR) as tx:
        fresh = take_in(tx, shelf, line(shop.kasur, 1)).batches[0].batch_id
        transfer(
            tx,
            Transfer(
                from_place_id=shelf, to_place_id=shop.post, lines=(BatchLine(batch_id=fresh, quantity_milli=units(1)),)
            ),
        )


def test_the_events_local_day_decides_and_a_fact_that_broke_the_rule_is_booked_and_flagged(
    shop: Shop, fixed_clock: FixedClock
):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(1)))
        send(tx, shop, ItemLine(item_id=shop.beras, quantity_milli=units(10)))
    # 17 November 23.30 in Jakarta is the last good day; half an hour later it is past.
    good, past = datetime(2026, 11, 17, 16, 30, tzinfo=UTC), datetime(2026, 11, 17, 17, 0, tzinfo=UTC)
    fixed_clock.advance(timedelta(days=5))
    want = ItemLine(item_id=shop.beras, quantity_milli=units(1))
    with shop.work.by(ACTOR) as tx:
        assert give(tx, shop, want, event_at=good).moves[0].flag is Flag.NONE
        assert give(tx, shop, want, event_at=past, is_fact=True).moves[0].flag is Flag.EXPIRED
        with pytest.raises(StockShort):
            give(tx, shop, want, event_at=past)


def test_the_database_itself_refuses_expired_goods_on_their_way_to_people(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(1)))
        sent = send(tx, shop, ItemLine(item_id=shop.beras, quantity_milli=units(10)))
        household = sink(tx, PlaceKind.HOUSEHOLD).id
    table = sa.Table("move", sa.MetaData(), autoload_with=shop.work.engine)
    with shop.work.engine.connect() as connection:
        row = dict(connection.execute(sa.select(table)).mappings().all()[-1])
    row.update(id=uuid4().hex, from_place_id=_raw(shop, shop.post), to_place_id=_raw(shop, household), event_on=days(5))
    with pytest.raises(DBAPIError, match="expired"), shop.work.engine.begin() as connection:
        connection.execute(sa.insert(table).values(row))
    assert sent.moves


def _raw(shop: Shop, value: object) -> object:
    return value if shop.work.engine.dialect.name == "postgresql" else str(value).replace("-", "")


def test_moves_documents_and_batches_cannot_be_changed_or_deleted(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 4))
    for statement in (
        "UPDATE move SET quantity_milli = 1", "DELETE FROM move", "UPDATE stock_document SET reason = 'x'",
        "DELETE FROM stock_document", "UPDATE batch SET value_rp = 1", "DELETE FROM batch",
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match="append-only"), shop.work.engine.begin() as connection:
            connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE balance SET on_hand_milli = -1, value_rp = 0 WHERE is_bounded",
        "UPDATE balance SET reserved_milli = on_hand_milli + 1 WHERE is_bounded",
        "UPDATE balance SET reserved_milli = 1 WHERE NOT is_bounded",
        "UPDATE balance SET on_hand_milli = 0 WHERE is_bounded",
    ],
)
def test_the_database_itself_refuses_an_impossible_balance(shop: Shop, statement: str):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 4, value=10))
    with pytest.raises(DBAPIError), shop.work.engine.begin() as connection:
        connection.execute(sa.text(statement))


def test_a_reversal_mirrors_the_document_once(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10, value=1_000))
        sent = send(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(4)))
        back = reverse_document(tx, sent.document_id, "salah tujuan")
        assert free(tx, shop.warehouse, shop.kasur) == units(10)
        assert [one.value_rp for one in back.moves] == [400]
        assert stock_document(tx, sent.document_id).lines[0].is_reversed
    with pytest.raises(CannotPost, match=r"stock\.reversed_already"), shop.work.by(ACTOR) as tx:
        reverse_document(tx, sent.document_id, "lagi")
    with pytest.raises(CannotPost, match=r"stock\.is_a_reversal"), shop.work.by(ACTOR) as tx:
        reverse_document(tx, back.document_id, "lagi")
    with pytest.raises(Invalid, match=r"stock\.reason_missing"), shop.work.by(ACTOR) as tx:
        reverse_document(tx, sent.document_id, " ")


def test_what_has_gone_on_cannot_be_reversed_and_all_of_it_is_named(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10), line(shop.mi, 80, expires=days(60)))
        sent = send(
            tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(4)),
            ItemLine(item_id=shop.mi, quantity_milli=units(40)),
        )  # fmt: skip
        give(
            tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(1)),
            ItemLine(item_id=shop.mi, quantity_milli=units(10)),
        )  # fmt: skip
    with pytest.raises(CannotPost, match=r"stock\.refused") as refused, shop.work.by(ACTOR) as tx:
        reverse_document(tx, sent.document_id, "batal")
    assert {(one.code, one.facts["free"], one.facts["wanted"]) for one in refused.value.problems} == {
        ("stock.gone_on", "3", "4"), ("stock.gone_on", "30", "40"),
    }  # fmt: skip


def test_a_voided_handover_brings_the_goods_back_to_the_post(shop: Shop):
    handover = uuid4()
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 2, value=500_000))
        send(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(2)))
        want = HandOver(
            post_id=shop.post, lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(1)),), handover_id=handover
        )
        hand_over(tx, want)
        with pytest.raises(Conflict, match=r"stock\.handover_booked"):
            hand_over(tx, want)
        assert free(tx, shop.post, shop.kasur) == units(1)
        reverse_handover(tx, handover, "salah penerima")
        assert free(tx, shop.post, shop.kasur) == units(2)
    with pytest.raises(NotFound), shop.work.by(ACTOR) as tx:
        reverse_handover(tx, uuid4(), "tidak ada")


def test_a_second_handover_moves_real_stock_to_the_contested_place(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 2))
        send(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(2)))
        booked = give(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(1)), is_double=True)
        assert booked.moves[0].to_place_id == sink(tx, PlaceKind.CONTESTED).id
        assert [one.on_hand_milli for one in item_balances(tx, kinds=(PlaceKind.CONTESTED,))] == [units(1)]


def test_a_mattress_moves_in_whole_ones_and_rice_by_the_hundred_grams(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 2), line(shop.beras, 10, expires=days(30)))
        send(tx, shop, ItemLine(item_id=shop.beras, quantity_milli=Milli(2_800)))
        with pytest.raises(CannotPost) as refused:
            send(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=Milli(500)))
    assert (refused.value.code, refused.value.facts["step"]) == ("item.not_a_step", "1 buah")


def test_adjustments_and_write_offs_need_their_words_and_stay_in_the_books(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        batch = take_in(tx, shop.warehouse, line(shop.kasur, 10, value=1_000)).batches[0].batch_id
        adjust(
            tx, Adjust(place_id=shop.warehouse, lines=((batch, -3_000),), reason=AdjustmentReason.COUNT, note="hitung")
        )
        adjust(
            tx, Adjust(place_id=shop.warehouse, lines=((batch, 1_000),), reason=AdjustmentReason.FOUND, note="rak 3")
        )
        write_off(
            tx,
            WriteOff(
                place_id=shop.warehouse, lines=(BatchLine(batch_id=batch, quantity_milli=units(2)),),
                reason=LossReason.DAMAGED_WATER, note="BA-3",
            ),
        )  # fmt: skip
        assert free(tx, shop.warehouse, shop.kasur) == units(6)
        with pytest.raises(Invalid, match=r"stock\.reason_missing"):
            adjust(tx, Adjust(place_id=shop.warehouse, lines=((batch, 1_000),), reason=AdjustmentReason.OTHER, note=""))


def test_what_expires_needs_its_day_and_nothing_expired_is_taken_onto_a_shelf(shop: Shop):
    with pytest.raises(Invalid, match=r"batch\.expiry_missing"), shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.beras, 10))
    with pytest.raises(CannotPost, match=r"batch\.expired"), shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(-1)))
    with shop.work.by(ACTOR) as tx:
        take_in(tx, quarantine_of(tx, shop.warehouse).id, line(shop.beras, 10, expires=days(-1)))
        assert [one.is_expired for one in near_expiry(tx)] == [True]


def test_nothing_happens_in_the_future_or_in_a_closed_place(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 3))
        with pytest.raises(Invalid, match=r"stock\.event_in_future"):
            receive(
                tx,
                Receive(
                    to_place_id=shop.warehouse, lines=(line(shop.kasur, 1),), incoming_document="X",
                    event_at=tx.now + timedelta(hours=1),
                ),
            )  # fmt: skip
        close_place(tx, shop.post, "pindah")
        with pytest.raises(CannotPost, match=r"place\.closed"):
            send(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(1)))


def test_the_card_runs_its_balance_when_read_and_a_late_entry_changes_no_row(shop: Shop, fixed_clock: FixedClock):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 10, value=1_000))
    fixed_clock.advance(timedelta(days=3))
    with shop.work.by(ACTOR) as tx:
        send(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(4)))
        late = transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=shop.other_post, event_at=tx.now - timedelta(days=2),
                lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(1)),),
            ),
        )  # fmt: skip
        card = stock_card(tx, shop.kasur, (shop.warehouse,))
        assert [(one.in_milli, one.out_milli, one.balance_milli) for one in card.lines] == [
            (units(10), 0, units(10)), (0, units(1), units(9)), (0, units(4), units(5)),
        ]  # fmt: skip
        assert card.lines[1].document_id == late.document_id and card.lines[1].counterpart.code == "TP2"
        part = stock_card(tx, shop.kasur, (shop.warehouse,), first_on=days(1), last_on=days(2))
        assert (part.opening_milli, part.closing_milli) == (units(10), units(9))
        both = stock_card(tx, shop.kasur, (shop.warehouse, shop.post, shop.other_post))
        assert [one.in_milli for one in both.lines] == [units(10)]
        dated = {one.place.code: one.on_hand_milli for one in balances_on(tx, days(1))}
        assert dated == {"GD1": units(9), "TP2": units(1)}
        worth = {one.place.code: one.value_rp for one in balances_on(tx, days(3))}
        assert worth == {"GD1": 500, "TP1": 400, "TP2": 100}


def test_a_keeper_acts_only_at_the_own_warehouse_and_an_auditor_not_at_all(shop: Shop):
    def person(role: Role, place: object = "") -> Actor:
        scope = Grant(role, ScopeKind.PLACE, str(place)) if place else Grant(role)
        return Actor(kind="person", id=str(uuid4()), name="Uji", regency_code=REGENCY, grants=(scope,))

    keeper, auditor = person(Role.WAREHOUSE, shop.warehouse), person(Role.AUDITOR)
    with shop.work.by(keeper) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 3))
    with pytest.raises(NotFound, match=r"place\.not_found"), shop.work.by(keeper) as tx:
        take_in(tx, shop.other_warehouse, line(shop.kasur, 3))
    with pytest.raises(Forbidden), shop.work.by(auditor) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 3))


def test_another_office_does_not_exist_for_this_one(shop: Shop):
    other = system("99.02")
    with shop.work.by(ACTOR) as tx:
        got = take_in(tx, shop.warehouse, line(shop.kasur, 3))
    with shop.work.by(other) as tx:
        assert batch_balances(tx) == ()
        for act in (
            lambda: stock_document(tx, got.document_id),
            lambda: batch_by_code(tx, got.batches[0].batch_code),
            lambda: reverse_document(tx, got.document_id, "x"),
            lambda: send(tx, shop, ItemLine(item_id=shop.kasur, quantity_milli=units(1))),
        ):
            with pytest.raises(NotFound):
                act()


def test_the_proof_finds_what_was_changed_behind_the_books(work):
    shop = open_shop(work)
    with work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 3), line(shop.mi, 40, expires=days(9)))
        assert prove(tx).is_sound and prove(tx).balances == 4
        tx.session.execute(sa.text("UPDATE balance SET on_hand_milli = 2000 WHERE is_bounded AND on_hand_milli = 3000"))
        tx.session.execute(sa.text("UPDATE balance SET reserved_milli = 7 WHERE is_bounded AND on_hand_milli = 40000"))
        assert sorted({problem.invariant for problem in prove(tx).problems}) == ["L1", "L8"]
