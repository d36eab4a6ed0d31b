"""What the demonstration is about: who works there, what lies in the warehouses, and the flood of these days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.actor import Role
from core.i18n import say
from stock.ledger.kinds import FundingSource

PASSWORD: Final = "perahu-layar-biru"  # noqa: S105 (printed on the login page of the demonstration, and only there)
TIME_ZONE: Final = "Asia/Jayapura"
INCIDENT: Final = "Banjir rob Teluk Wesawak"
TARGET_AFFECTED: Final = 1150
"""Households the flood is meant to touch, of 34,000."""


@dataclass(frozen=True, slots=True)
class DemoLogin:
    role: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class DemoPerson:
    username: str
    name: str
    role: Role


PEOPLE: Final = (
    DemoPerson("admin", "Ratna Amabela", Role.ADMIN),
    DemoPerson("logistik", "Yohanis Lamakora", Role.LOGISTICS),
    DemoPerson("logistik2", "Siti Naratawe", Role.LOGISTICS),
    DemoPerson("kepala", "Hendrik Tamasina", Role.HEAD),
    DemoPerson("gudang", "Markus Kelafuka", Role.WAREHOUSE),
    DemoPerson("bpbd", "Lusia Moradora", Role.BPBD),
    DemoPerson("tagana", "Robi Selalewa", Role.FIELD),
    DemoPerson("desa", "Ester Uliwola", Role.VILLAGE),
    DemoPerson("auditor", "Ida Warimasi", Role.AUDITOR),
)


def demo_logins(lang: str) -> tuple[DemoLogin, ...]:
    """List the logins, for the console and the login page of a demonstration."""
    return tuple(DemoLogin(say(f"role.{one.role.value}", lang), one.username, PASSWORD) for one in PEOPLE)


@dataclass(frozen=True, slots=True)
class DemoBatch:
    """Whole base units; ``expires_in`` days from today, None for what does not expire."""

    warehouse: int
    item_code: str
    amount: int
    funding: FundingSource
    unit_price_rp: int
    expires_in: int | None


_A, _P, _G, _C = FundingSource.APBD, FundingSource.APBN, FundingSource.GRANT, FundingSource.CSR
BATCHES: Final = (
    DemoBatch(0, "kompor_rakyat", 240, _A, 385_000, None),
    DemoBatch(0, "kasur", 900, _P, 185_000, None), DemoBatch(0, "kasur", 500, _A, 190_000, None),
    DemoBatch(1, "kasur", 250, _A, 190_000, None), DemoBatch(2, "kasur", 120, _C, 175_000, None),
    DemoBatch(0, "selimut", 4000, _P, 62_000, None), DemoBatch(1, "selimut", 1400, _A, 64_000, None),
    DemoBatch(2, "selimut", 500, _G, 60_000, None),
    DemoBatch(0, "beras", 11_000, _P, 12_500, 150), DemoBatch(0, "beras", 4_500, _A, 13_000, 45),
    DemoBatch(1, "beras", 3_500, _A, 13_000, 90), DemoBatch(2, "beras", 1_500, _A, 13_000, 60),
    DemoBatch(0, "minyak_goreng", 2800, _A, 18_000, 200), DemoBatch(1, "minyak_goreng", 700, _A, 18_000, 24),
    DemoBatch(0, "sarden", 3000, _A, 11_000, 300), DemoBatch(0, "sarden", 400, _C, 10_500, 12),
    DemoBatch(0, "kornet", 3200, _P, 21_000, 400), DemoBatch(0, "sambal", 1700, _A, 9_500, 180),
    DemoBatch(0, "kecap", 1700, _A, 8_500, 220), DemoBatch(0, "susu", 1700, _A, 19_000, 75),
    DemoBatch(0, "teh_celup", 1700, _A, 7_000, 360), DemoBatch(0, "sabun_mandi", 5200, _A, 4_000, 720),
    DemoBatch(0, "mie_instan", 14_000, _A, 3_000, 110), DemoBatch(0, "mie_instan", 2_000, _C, 2_900, 18),
    DemoBatch(1, "mie_instan", 3_200, _A, 3_000, 95),
    DemoBatch(0, "sandang_dewasa", 6200, _P, 145_000, None), DemoBatch(1, "sandang_dewasa", 600, _A, 150_000, None),
    DemoBatch(0, "sandang_anak", 4200, _P, 98_000, None), DemoBatch(1, "sandang_anak", 400, _A, 99_000, None),
    DemoBatch(0, "family_kit", 260, _P, 310_000, 26), DemoBatch(1, "kidware", 140, _P, 280_000, 400),
    DemoBatch(0, "tenda_gulung", 320, _P, 240_000, None), DemoBatch(2, "makanan_siap_saji", 600, _P, 24_000, 9),
)  # fmt: skip
"""Some near their day; quantities cover the flood's week with little to spare."""
EXPIRED: Final = DemoBatch(0, "makanan_anak", 180, _P, 32_000, -20)
"""One batch past its day, in quarantine."""
WAREHOUSES: Final = (
    ("G-01", "Gudang Induk Dinas Sosial"),
    ("G-02", "Gudang Kecamatan Utara"),
    ("G-03", "Lumbung Sosial Selatan"),
)
POSTS_NEAR: Final = 4
POSTS: Final = 12
CAPACITY: Final = (70, 60, 50, 50, 40, 40, 40, 30, 30, 30, 30, 30)
VEHICLES: Final = (("Truk engkel", "DE 8123 XX"), ("Pikap", "DE 8456 XX"), ("Perahu motor “Wesawak”", ""))
