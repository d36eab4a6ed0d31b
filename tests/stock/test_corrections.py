"""What differs from the books is asked for by one person and decided by another; only then the ledger writes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.actor import Role
from core.clock import FixedClock
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.work import Tx, Work
from stock.corrections import queries
from stock.corrections.commands import (
    AskCorrection,
    CorrectionItem,
    approve_correction,
    ask_correction,
    refuse_correction,
    withdraw_correction,
)
from stock.corrections.models import Correction
from stock.corrections.states import CorrectionKind, CorrectionState
from stock.ledger.commands import CannotPost, ItemLine, Transfer, transfer
from stock.ledger.kinds import AdjustmentReason, DocumentKind, LossReason
from stock.ledger.queries import batch_balances, stock_document
from stock.places.queries import quarantine_of
from stock.reservations.commands import ReserveLine, ReserveStock, reserve
from tests.stock.people import HEAD, OFFICER, SECOND, one_of
from tests.stock.shop import ACTOR, Shop, days, line, take_in, units
from tests.support.racing import at_once, codes

TOLD = "Karung basah ditemukan di sudut timur gudang saat banjir surut."


def stocked(shop: Shop, amount: int = 100, *, value: int = 1_000_000) -> tuple[UUID, UUID]:
    """Give the document and the batch of a receipt of rice."""
    with shop.work.by(OFFICER) as tx:
        got = take_in(tx, shop.warehouse, line(shop.beras, amount, value=value, expires=days(200)))
    return got.document_id, got.batches[0].batch_id


def a_loss(shop: Shop, batch: UUID, amount: int, **more: object) -> AskCorrection:
    return AskCorrection(
        kind=CorrectionKind.WRITE_OFF, place_id=shop.warehouse, reason=LossReason.DAMAGED_WATER.value, note=TOLD,
        lines=(CorrectionItem(batch_id=batch, difference_milli=-units(amount)),), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def an_adjustment(shop: Shop, batch: UUID, amount: int, reason: AdjustmentReason) -> AskCorrection:
    return AskCorrection(
        kind=CorrectionKind.ADJUSTMENT, place_id=shop.warehouse, reason=reason.value, note=TOLD,
        lines=(CorrectionItem(batch_id=batch, difference_milli=units(amount)),),
    )  # fmt: skip


def on_hand(work: Work, place: UUID) -> int:
    with work.read_by(ACTOR) as tx:
        return sum(one.on_hand_milli for one in batch_balances(tx, place_ids=[place]))


def test_asked_by_one_decided_by_another(shop: Shop):
    _, batch = stocked(shop)
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 30, minutes_no="LP/12/XI/2026"))
    assert on_hand(shop.work, shop.warehouse) == units(100), "asking changes nothing"
    with shop.work.read_by(SECOND) as tx:
        view = queries.correction(tx, asked)
        assert [(one.on_hand_milli, one.difference_milli, one.after_milli) for one in view.lines] == [
            (units(100), -units(30), units(70))
        ]
        assert (view.row.value_rp, view.row.state, view.needs_head) == (300_000, CorrectionState.ASKED, False)
        assert [one.id for one in queries.to_decide(tx)] == [asked]
    with shop.work.read_by(OFFICER) as tx:
        assert queries.to_decide(tx) == ()
    with shop.work.by(SECOND) as tx:
        document = approve_correction(tx, asked, "Sudah dilihat")
    assert on_hand(shop.work, shop.warehouse) == units(70)
    with shop.work.read_by(SECOND) as tx:
        booked = stock_document(tx, document)
        assert (booked.kind, booked.reason, booked.note) == (DocumentKind.WRITE_OFF, "damaged_water", TOLD)
        row = queries.correction(tx, asked).row
        assert (row.state, row.document_id, row.decided_by_name) == (
            CorrectionState.APPROVED,
            document,
            "Petugas Kedua",
        )
        assert queries.correction_of_document(tx, document) == asked


def test_nobody_decides_their_own(shop: Shop):
    _, batch = stocked(shop)
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 30))
    for act in (approve_correction, lambda tx, one: refuse_correction(tx, one, "Tidak benar")):
        with pytest.raises(Conflict) as refused, shop.work.by(OFFICER) as tx:
            act(tx, asked)
        assert refused.value.code == "correction.own"
    with pytest.raises(Conflict) as refused, shop.work.by(SECOND) as tx:
        withdraw_correction(tx, asked)
    assert refused.value.code == "correction.not_yours"
    stranger = one_of(Role.WAREHOUSE, "Juru Lain", shop.other_warehouse)
    with pytest.raises(NotFound), shop.work.by(stranger) as tx:
        withdraw_correction(tx, asked)
    with shop.work.by(OFFICER) as tx:
        withdraw_correction(tx, asked)
    with pytest.raises(Conflict) as refused, shop.work.by(SECOND) as tx:
        approve_correction(tx, asked)
    assert refused.value.code == "correction.cannot_approve"
    assert on_hand(shop.work, shop.warehouse) == units(100)


def test_the_database_itself_wants_two_persons(shop: Shop):
    _, batch = stocked(shop)
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 30))
    with pytest.raises(IntegrityError), shop.work.by(SECOND) as tx:
        tx.session.execute(
            sa.update(Correction)
            .where(Correction.id == asked)
            .values(state=CorrectionState.REFUSED, decided_by=OFFICER.id, decided_at=tx.now)
        )


def test_what_is_dear_is_the_heads_to_decide(shop: Shop):
    _, batch = stocked(shop, value=20_000_000)
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 30))
    with pytest.raises(Conflict) as refused, shop.work.by(SECOND) as tx:
        approve_correction(tx, asked)
    assert refused.value.code == "correction.heads_only"
    with shop.work.read_by(SECOND) as tx:
        assert queries.to_decide(tx) == ()
    with shop.work.by(HEAD) as tx:
        approve_correction(tx, asked)
    assert on_hand(shop.work, shop.warehouse) == units(70)


def test_a_keeper_asks_for_their_own_shelf_and_its_quarantine_only_and_decides_nothing(shop: Shop):
    _, batch = stocked(shop)
    keeper = one_of(Role.WAREHOUSE, "Juru Gudang", shop.warehouse)
    with shop.work.by(keeper) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 1))
    with pytest.raises(Forbidden), shop.work.by(keeper) as tx:
        approve_correction(tx, asked)
    other = one_of(Role.WAREHOUSE, "Juru Lain", shop.other_warehouse)
    with pytest.raises(NotFound), shop.work.by(other) as tx:
        ask_correction(tx, a_loss(shop, batch, 1))
    with shop.work.by(OFFICER) as tx:
        aside = quarantine_of(tx, shop.warehouse).id
        transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=aside,
                lines=(ItemLine(item_id=shop.beras, quantity_milli=units(10)),),
            ),
        )  # fmt: skip
    with shop.work.by(keeper) as tx:
        burnt = ask_correction(
            tx,
            AskCorrection(
                kind=CorrectionKind.WRITE_OFF, place_id=aside, reason="damaged", note=TOLD,
                lines=(CorrectionItem(batch_id=batch, difference_milli=-units(10)),),
            ),
        )  # fmt: skip
    with shop.work.by(SECOND) as tx:
        approve_correction(tx, burnt)
    assert on_hand(shop.work, aside) == 0


@pytest.mark.parametrize(
    ("reason", "amount", "code"),
    [
        (AdjustmentReason.FOUND, 5, ""),
        (AdjustmentReason.FOUND, -5, "correction.wrong_sign"),
        (AdjustmentReason.HANDED_OVER_UNRECORDED, -5, ""),
        (AdjustmentReason.ISSUED_UNRECORDED, 5, "correction.wrong_sign"),
        (AdjustmentReason.ENTERED_WRONG, 5, ""),
        (AdjustmentReason.ENTERED_WRONG, -5, ""),
        (AdjustmentReason.COUNT, 5, "correction.unknown_reason"),
        (AdjustmentReason.OTHER, -101, "correction.not_enough"),
        (AdjustmentReason.OTHER, 0, "stock.quantity_out_of_range"),
    ],
)
def test_a_reason_fits_what_differs_and_what_is_missing_was_there(
    shop: Shop, reason: AdjustmentReason, amount: int, code: str
):
    _, batch = stocked(shop)
    told = ""
    try:
        with shop.work.by(OFFICER) as tx:
            asked = ask_correction(tx, an_adjustment(shop, batch, amount, reason))
        with shop.work.by(SECOND) as tx:
            approve_correction(tx, asked)
    except (Conflict, Invalid) as refused:
        told = refused.code
    assert told == code
    assert on_hand(shop.work, shop.warehouse) == units(100 + (0 if code else amount))


def test_what_is_reserved_is_released_before_it_is_written_off_and_asking_reserves_nothing(shop: Shop):
    _, batch = stocked(shop)
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 60))
        wanted = ReserveLine(group_key="a", place_id=shop.warehouse, item_id=shop.beras, quantity_milli=units(50))
        reserve(tx, ReserveStock(lines=(wanted,), purpose="round", purpose_id=batch, ends_on=days(3)))
    with pytest.raises(Conflict) as refused, shop.work.by(OFFICER) as tx:
        ask_correction(tx, a_loss(shop, batch, 51))
    assert refused.value.code == "correction.not_enough"
    with pytest.raises(Conflict), shop.work.by(SECOND) as tx:
        approve_correction(tx, asked)
    with shop.work.read_by(SECOND) as tx:
        view = queries.correction(tx, asked)
        assert (view.row.state, view.lines[0].short_milli) == (CorrectionState.ASKED, units(10))


def test_a_wrong_order_is_told_at_its_field(shop: Shop):
    _, batch = stocked(shop)
    good = a_loss(shop, batch, 5)
    item = good.lines[0]
    wrong: list[tuple[str, dict[str, object]]] = [
        ("note", {"note": "Basah"}), ("place_id", {"place_id": None}), ("reason", {"reason": "found"}),
        ("lines", {"lines": ()}), ("lines", {"lines": (item, item)}),
        ("event_at", {"event_at": shop.work.clock.now() + timedelta(hours=1)}),
    ]  # fmt: skip
    for field, change in wrong:
        values = {name: getattr(good, name) for name in AskCorrection.__dataclass_fields__}
        with pytest.raises(Invalid) as refused, shop.work.by(OFFICER) as tx:
            ask_correction(tx, AskCorrection(**{**values, **change}))
        assert refused.value.field == field, refused.value


def test_a_reversal_is_asked_for_once_and_told_every_reason_against_it(shop: Shop):
    receipt, _ = stocked(shop)
    order = AskCorrection(
        kind=CorrectionKind.REVERSAL, reversed_document_id=receipt, reason="Diterima di gudang yang salah"
    )
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, order)
    with pytest.raises(Conflict) as refused, shop.work.by(SECOND) as tx:
        ask_correction(tx, order)
    assert refused.value.code == "correction.asked_already"
    with shop.work.by(SECOND) as tx:
        document = approve_correction(tx, asked)
    assert on_hand(shop.work, shop.warehouse) == 0
    for again in (document, receipt):
        with pytest.raises(CannotPost), shop.work.by(OFFICER) as tx:
            ask_correction(
                tx, AskCorrection(kind=CorrectionKind.REVERSAL, reversed_document_id=again, reason="Keliru lagi")
            )


def test_goods_that_went_on_are_not_reversed_and_loads_are_undone_elsewhere(shop: Shop):
    receipt, _ = stocked(shop)
    with shop.work.by(OFFICER) as tx:
        sent = transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=shop.post,
                lines=(ItemLine(item_id=shop.beras, quantity_milli=units(10)),),
            ),
        )  # fmt: skip
    with pytest.raises(CannotPost) as gone, shop.work.by(OFFICER) as tx:
        ask_correction(
            tx, AskCorrection(kind=CorrectionKind.REVERSAL, reversed_document_id=receipt, reason="Salah gudang")
        )
    assert [one.code for one in gone.value.problems] == ["stock.gone_on"]
    with pytest.raises(Conflict) as refused, shop.work.by(OFFICER) as tx:
        ask_correction(
            tx,
            AskCorrection(kind=CorrectionKind.REVERSAL, reversed_document_id=sent.document_id, reason="Salah titik"),
        )
    assert refused.value.code == "stock.undone_elsewhere"


def test_a_refusal_needs_words_and_leaves_the_books(shop: Shop):
    _, batch = stocked(shop)
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 30))
    with pytest.raises(Invalid), shop.work.by(SECOND) as tx:
        refuse_correction(tx, asked, "ya")
    with shop.work.by(SECOND) as tx:
        refuse_correction(tx, asked, "Karungnya masih baik")
    with shop.work.read_by(OFFICER) as tx:
        row = queries.correction(tx, asked)
        assert (row.row.state, row.decision_note) == (CorrectionState.REFUSED, "Karungnya masih baik")
    assert on_hand(shop.work, shop.warehouse) == units(100)


def test_it_happened_when_it_happened(shop: Shop, fixed_clock: FixedClock):
    _, batch = stocked(shop)
    fixed_clock.advance(timedelta(hours=30))
    found_at = fixed_clock.now() - timedelta(hours=5)
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 30, event_at=found_at))
    fixed_clock.advance(timedelta(hours=20))
    with shop.work.by(HEAD) as tx:
        document = approve_correction(tx, asked)
        assert stock_document(tx, document).event_at == found_at


def test_of_many_who_decide_at_once_one_does(shop: Shop):
    _, batch = stocked(shop)
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 30))

    def approve(tx: Tx) -> object:
        return approve_correction(tx, asked)

    def refuse(tx: Tx) -> object:
        refuse_correction(tx, asked, "Karungnya masih baik")
        return None

    people = [SECOND, HEAD, SECOND, HEAD]
    results = at_once([lambda who=who: shop.work.run(who, approve) for who in people])  # type: ignore[misc]
    assert codes(results) == ["", *["correction.cannot_approve"] * 3]
    assert on_hand(shop.work, shop.warehouse) == units(70)
    with shop.work.by(OFFICER) as tx:
        asked = ask_correction(tx, a_loss(shop, batch, 30))
    mixed = at_once([lambda: shop.work.run(SECOND, approve), lambda: shop.work.run(HEAD, refuse)])
    assert len([one for one in codes(mixed) if one == ""]) == 1
    assert on_hand(shop.work, shop.warehouse) in (units(70), units(40))
