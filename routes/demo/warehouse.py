"""What a warehouse lives through between disasters: sizes, minimum levels, a count, a delivery, goods on the road."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from core.measures import Milli, Rupiah
from routes.demo.telling import Cast, Story
from stock.corrections.commands import AskCorrection, CorrectionItem, ask_correction
from stock.corrections.states import CorrectionKind
from stock.counts.commands import (
    LineCounted,
    LineReason,
    SubmitCount,
    approve_count,
    count_lines,
    plan_count,
    recount,
    start_count,
    submit_count,
)
from stock.inbound.commands import (
    CameLine,
    ExpectedLine,
    ExpectGoods,
    ReceiveConsignment,
    expect_goods,
    giver_named,
    receive_consignment,
)
from stock.inbound.queries import consignment
from stock.items.commands import SetMinimum, set_minimum
from stock.items.queries import find_item
from stock.kits.commands import AssembleKits, assemble_kits
from stock.ledger.commands import ItemLine, Receive, ReceiveLine, receive
from stock.ledger.kinds import AdjustmentReason, FundingSource, LossReason, ReleaseCondition
from stock.ledger.queries import batch_balances
from stock.shipments.commands import SendShipment, send_shipment

RICE_RESERVE = 2_000
"""Kilograms of the government's rice reserve, which leave only under a decree."""
LEVELS = (("selimut", 1_000), ("kasur", 300), ("beras", 2_000), ("family_kit", 300), ("tenda_gulung", 200))
"""Minimum levels of the main warehouse; the fourth is not reached."""
WET = 6_000
SIZES = (("Laki-laki M", 40), ("Perempuan L", 25))


def tell_quiet_month(story: Story, cast: Cast, warehouses: tuple[UUID, ...]) -> Iterator[str]:
    """Before the flood: sizes of clothing, rice of the reserve, minimum levels, kits, and a count with a difference."""
    work, (main, north, south) = story.work, warehouses
    story.at(-29, 9)
    with work.by(cast["logistik"]) as tx:
        clothes, rice = find_item(tx, "sandang_dewasa"), find_item(tx, "beras")
        sizes = {one.name: one.id for one in clothes.variants}
        receive(
            tx,
            Receive(
                to_place_id=south, incoming_document="BAST/CSR/07/DEMO",
                lines=tuple(
                    ReceiveLine(
                        item_id=clothes.id, quantity_milli=Milli(amount * 1000), funding_source=FundingSource.CSR,
                        unit_price_rp=Rupiah(120_000), variant_id=sizes.get(name),
                    )
                    for name, amount in SIZES
                ),
            ),
        )  # fmt: skip
        receive(
            tx,
            Receive(
                to_place_id=north, incoming_document="DO/CBP/11/DEMO",
                lines=(
                    ReceiveLine(
                        item_id=rice.id, quantity_milli=Milli(RICE_RESERVE * 1000), funding_source=FundingSource.APBN,
                        unit_price_rp=Rupiah(12_000), expires_on=story.today + timedelta(days=130),
                        release_condition=ReleaseCondition.DECREE,
                    ),
                ),
            ),
        )  # fmt: skip
        for code, amount in LEVELS:
            item = find_item(tx, code)
            set_minimum(tx, SetMinimum(place_id=main, item_id=item.id, quantity_milli=Milli(amount * 1000)))
    with work.by(cast["logistik"]) as tx:
        package = find_item(tx, "paket_sembako").id
        assemble_kits(tx, AssembleKits(place_id=main, kit_item_id=package, kits=60))
    _count(story, cast, south)
    yield "Gudang: ukuran pakaian, beras CBP, batas minimum, paket sembako dirakit, satu stok opname"


def _count(story: Story, cast: Cast, place: UUID) -> None:
    """Four blankets fewer than the books say; counted twice, decided by another."""
    work, officer = story.work, cast["logistik"]
    story.at(-29, 13)
    with work.by(officer) as tx:
        count_id = plan_count(tx, place)
        start_count(tx, count_id)
        lying = batch_balances(tx, place_ids=[place])
        less = next(one.batch for one in lying if one.batch.item.code == "selimut")
    story.at(-29, 15)
    found = {
        one.batch.id: Milli(one.on_hand_milli - (4_000 if one.batch.id == less.id else 0)) for one in lying
    }  # fmt: skip
    with work.by(officer) as tx:
        count_lines(
            tx, count_id, tuple(LineCounted(batch_id=batch, counted_milli=milli) for batch, milli in found.items())
        )
        recount(tx, count_id)
    story.at(-29, 16)
    with work.by(officer) as tx:
        count_lines(tx, count_id, (LineCounted(batch_id=less.id, counted_milli=found[less.id]),))
        why = LineReason(
            batch_id=less.id, reason=AdjustmentReason.ISSUED_UNRECORDED.value, note="Dipakai posko, tanpa bon"
        )
        submit_count(tx, SubmitCount(count_id=count_id, reasons=(why,), note="Selisih empat lembar selimut."))
    with work.by(cast["kepala"]) as tx:
        approve_count(tx, count_id, "Disetujui; bon wajib dibuat untuk setiap pengeluaran.")


def tell_what_waits(story: Story, cast: Cast, warehouses: tuple[UUID, ...]) -> Iterator[str]:
    """Today: a delivery is announced, another waits for its inspection, goods are on the road, a decision is asked."""
    work, (main, north, south) = story.work, warehouses
    with work.by(cast["logistik"]) as tx:
        ministry = giver_named(tx, "Kementerian Sosial (gudang regional)")
        beds, noodles = find_item(tx, "velbed").id, find_item(tx, "mie_instan").id
        expect_goods(
            tx,
            ExpectGoods(
                giver_id=ministry, place_id=main, incoming_document="SPJ-114/KEMENSOS/DEMO",
                funding_source=FundingSource.APBN, expected_on=story.today + timedelta(days=2),
                lines=(ExpectedLine(item_id=beds, quantity_milli=Milli(150_000), unit_price_rp=Rupiah(410_000)),),
            ),
        )  # fmt: skip
        at_gate = expect_goods(
            tx,
            ExpectGoods(
                giver_id=ministry, place_id=main, incoming_document="SPJ-109/KEMENSOS/DEMO",
                funding_source=FundingSource.APBN, expected_on=story.today,
                lines=(
                    ExpectedLine(
                        item_id=noodles, quantity_milli=Milli(4_000_000), unit_price_rp=Rupiah(3_000),
                        expires_on=story.today + timedelta(days=150),
                    ),
                ),
            ),
        )  # fmt: skip
        lines = consignment(tx, at_gate).lines
        receive_consignment(
            tx,
            ReceiveConsignment(
                consignment_id=at_gate,
                lines=tuple(CameLine(line_id=one.id, received_milli=Milli(3_960_000), note="Kurang satu dus")
                            for one in lines),
            ),
        )  # fmt: skip
        send_shipment(
            tx,
            SendShipment(
                from_place_id=north, to_place_id=south, carrier="Benny Ratadora, DE 8456 XX",
                expected_on=story.today + timedelta(days=1), reason="Menambah stok selatan",
                lines=(ItemLine(item_id=find_item(tx, "kidware").id, quantity_milli=Milli(20_000)),),
            ),
        )  # fmt: skip
        # The flood's week may have taken every blanket of a small warehouse: what is still free gets wet.
        free = [one for one in batch_balances(tx, place_ids=[south]) if one.available_milli >= WET]
        wet = next((one for one in free if one.batch.item.code == "selimut"), free[0] if free else None)
        if wet is not None:
            ask_correction(
                tx,
                AskCorrection(
                    kind=CorrectionKind.WRITE_OFF, reason=LossReason.DAMAGED_WATER.value, place_id=south,
                    note=f"Atap bocor saat hujan deras; enam {wet.batch.item.base_unit} basah dan berjamur.",
                    lines=(CorrectionItem(batch_id=wet.batch.id, difference_milli=-WET),),
                ),
            )  # fmt: skip
        plan_count(tx, north, story.today + timedelta(days=5))
    yield "Gudang: satu kiriman diumumkan, satu menunggu pemeriksaan, barang di jalan, satu koreksi menunggu keputusan"
