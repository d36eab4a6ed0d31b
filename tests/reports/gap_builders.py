"""Gap letters to print: one village or many, everything short or little, long names. Nobody in them exists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from logistics.planning.gap import ArrivalRow, Asked, DayRow, ItemRow, NeedTables, VillageItemRow, VillageRow
from logistics.zones.gap_letter import GapDecree, GapFacts
from reports.gap_letter import GapLetterView
from stock.ledger.papers import PaperName, PaperNames, PaperSigner
from tests.reports.goods_builders import HEAD

MONDAY = date(2026, 11, 16)
GOODS = (
    ("beras", "Beras", "kg"), ("kasur", "Kasur", "buah"), ("selimut", "Selimut", "lembar"),
    ("mie_instan", "Mi instan", "bungkus"), ("sarden", "Sarden", "kaleng"), ("minyak_goreng", "Minyak goreng", "liter"),
    ("sandang_dewasa", "Sandang dewasa", "stel"), ("sandang_anak", "Sandang anak", "stel"),
)  # fmt: skip
EACH = (14_000, 1_000, 6_000, 10_000, 2_000, 2_000, 6_000, 4_000)
"""What a household needs of each, in thousandths."""


def tables(villages: int, *, short: int = 4) -> NeedTables:
    """Tables of so many villages of 20 households; of the first items a third is there, of the others everything."""
    rows = tuple(
        VillageRow(
            code=f"99.01.{1 + no // 10:02d}.{2001 + no % 10}", name=f"Desa Contoh {no + 1}",
            district=f"Kec. Contoh {1 + no // 10}", households=20, persons=74, waiting=8, in_part=2, served=0,
            items=tuple(
                VillageItemRow(
                    item=place, households=20, quantity_milli=20 * each, given_milli=0, reserved_milli=0,
                    planned_milli=12 * each if place < short else 20 * each,
                    waiting_milli=8 * each if place < short else 0, lacking_milli=0,
                )
                for place, each in enumerate(EACH)
            ),
        )
        for no in range(villages)
    )  # fmt: skip
    items = []
    for place, ((code, name, unit), each) in enumerate(zip(GOODS, EACH, strict=True)):
        need = villages * 20 * each
        free = need // 3 // 1000 * 1000 if place < short else need
        lack = need - free
        packs = -(-lack // 40_000) if code == "mie_instan" else 0
        items.append(
            ItemRow(
                code=code, name=name, unit=unit, households=villages * 20, exact_milli=need, quantity_milli=need,
                promised_milli=0, gone_milli=0, waiting_milli=villages * 8 * each if lack else 0, lacking_milli=0,
                free_milli=free, expected_milli=200_000 if place == 1 else 0, short_milli=lack, covers_days=2,
                runs_out_on=MONDAY + timedelta(days=2) if lack else None,
                asked=Asked(
                    quantity_milli=packs * 40_000 if packs else lack, pack_name="dus" if packs else "",
                    pack_milli=40_000 if packs else 0, packs=packs,
                ),
            )
        )  # fmt: skip
    days = tuple(
        DayRow(
            on=MONDAY + timedelta(days=at), item=place, leaves_milli=villages * 3 * each,
            morning_milli=items[place].free_milli - at * villages * 3 * each,
            evening_milli=items[place].free_milli - (at + 1) * villages * 3 * each,
            arrives_milli=200_000 if (at, place) == (3, 1) else 0,
        )
        for at in range(4)
        for place, each in enumerate(EACH)
    )  # fmt: skip
    coming = ArrivalRow(
        item=1, quantity_milli=200_000, way="diumumkan", source="Kementerian Contoh", document="BAST-7",
        place="Gudang Induk", expected_on=MONDAY + timedelta(days=3),
    )  # fmt: skip
    return NeedTables(items=tuple(items), villages=rows, days=days, arrivals=(coming,))


def facts(villages: int = 3, *, short: int = 4, **also: Any) -> GapFacts:
    said = tables(villages, short=short)
    made = GapFacts(
        head=HEAD, signers=(PaperSigner(caption="", position="Kepala Dinas Sosial"),),
        addressee="Kepala Dinas Sosial Provinsi Contoh", town="Tempat",
        copies_to=("Bupati Contoh Kepulauan (sebagai laporan)", "Kepala Pelaksana BPBD"), issued_on=MONDAY,
        as_of=datetime(2026, 11, 16, 1, 0, tzinfo=UTC), incident="Banjir Bandang Contoh", hazard="Banjir bandang",
        started_on=MONDAY - timedelta(days=2), place="Kecamatan Contoh 1",
        decrees=(
            GapDecree(
                authority="Keputusan Bupati", number="360/117/2026", dated_on=MONDAY - timedelta(days=1),
                phase="Tanggap darurat", first_on=MONDAY - timedelta(days=1), last_on=MONDAY + timedelta(days=12),
            ),
        ),
        round_no=1, first_on=MONDAY, last_on=MONDAY + timedelta(days=6),
        households=sum(one.households for one in said.villages), persons=sum(one.persons for one in said.villages),
        waiting=sum(one.waiting for one in said.villages), waiting_persons=29 * villages,
        in_part=sum(one.in_part for one in said.villages), standard="Paket Darurat 7 Hari", standard_version=1,
        legal_source="Perka BNPB 7/2008", reason="", needed_on=MONDAY + timedelta(days=2), is_less_expected=False,
        tables=said,
    )  # fmt: skip
    return replace(made, **also)


def letter(villages: int = 3, *, number: str = "400.9/0003/SPBT/DINSOS/XI/2026", **also: Any) -> GapLetterView:
    view: dict[str, Any] = {one: also.pop(one) for one in ("copy_no", "is_void", "persons") if one in also}
    names = PaperNames(signers=(PaperName(name="Dra. Siti Contoh, M.Si.", employee_no="197203151998032004"),))
    values: dict[str, Any] = {"facts": facts(villages, **also), "persons": names, "number": number}
    return GapLetterView(**values | view)
