"""The standard an office starts with: "Paket Darurat 7 Hari", every line with where it was read.

What is in the package is the ministry's and Kepulauan Tanimbar's own list (mattress, blanket, staples, clothing for
adults and children); how much of it, the sources below say. A rate is in thousandths of the item's base unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.measures import Milli
from logistics.packages.rules import ONE, Basis

CODE: Final = "darurat-7"
NAME_ID: Final = "Paket Darurat 7 Hari"
NAME_EN: Final = "Seven-day emergency package"
DAYS: Final = 7
LEGAL_SOURCE: Final = "UU 24/2007 pasal 26 ayat (2); Perka BNPB 7/2008"

_SPHERE_ID: Final = "Sphere, Standar barang nonpangan 2"
_SPHERE_EN: Final = "Sphere, non-food items standard 2"
_LIST_ID: Final = "Isi paket sembako Kemensos, April 2020"
_LIST_EN: Final = "Content of the ministry's staple-food package, April 2020"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLine:
    item_code: str
    basis: Basis
    rate_milli: int
    source_id: str
    source_en: str
    is_daily: bool = False
    is_once: bool = False
    round_step_milli: Milli = ONE


def _staple(item_code: str, pieces: int) -> SeedLine:
    return SeedLine(
        item_code=item_code, basis=Basis.HOUSEHOLD, rate_milli=pieces * 1000, source_id=_LIST_ID, source_en=_LIST_EN
    )


LINES: Final = (
    SeedLine(
        item_code="kasur", basis=Basis.HOUSEHOLD, rate_milli=1000, is_once=True,
        source_id="Kebijakan kantor menurut pengiriman Kemensos 2019 (satu kasur untuk satu family kit)",
        source_en="Office policy after the ministry's shipments of 2019 (one mattress to one family kit)",
    ),
    SeedLine(
        item_code="selimut", basis=Basis.PERSON, rate_milli=1000, is_once=True,
        source_id=f"{_SPHERE_ID}: satu per jiwa", source_en=f"{_SPHERE_EN}: one per person",
    ),
    SeedLine(
        item_code="selimut", basis=Basis.INFANT, rate_milli=1000, is_once=True,
        source_id=f"{_SPHERE_ID}: anak di bawah dua tahun mendapat selimut sendiri",
        source_en=f"{_SPHERE_EN}: children under two get a blanket of their own",
    ),
    SeedLine(
        item_code="beras", basis=Basis.PERSON, rate_milli=400, is_daily=True,
        source_id="Perka BNPB 7/2008 sebagaimana dipakai InaSAFE (2,8 kg per jiwa per minggu); dibulatkan ke atas 1 kg",
        source_en="Perka BNPB 7/2008 as encoded in InaSAFE (2.8 kg per person and week); rounded up to 1 kg",
    ),
    _staple("minyak_goreng", 2),
    _staple("sarden", 2),
    _staple("kornet", 2),
    _staple("sambal", 1),
    _staple("kecap", 1),
    _staple("susu", 1),
    _staple("teh_celup", 1),
    _staple("sabun_mandi", 3),
    _staple("mie_instan", 10),
    SeedLine(
        item_code="sandang_dewasa", basis=Basis.ADULT, rate_milli=2000, is_once=True,
        source_id=f"{_SPHERE_ID}: dua setel agar satu dapat dicuci",
        source_en=f"{_SPHERE_EN}: two sets, so that one can be washed",
    ),
    SeedLine(
        item_code="sandang_anak", basis=Basis.CHILD, rate_milli=2000, is_once=True,
        source_id=f"{_SPHERE_ID}: dua setel agar satu dapat dicuci; anak = di bawah 18 tahun",
        source_en=f"{_SPHERE_EN}: two sets, so that one can be washed; child = under 18",
    ),
)  # fmt: skip
