"""What the kits of an office are made of at the start: facts, with where each was read."""

from __future__ import annotations

from dataclasses import dataclass

from core.measures import MILLI

_2020 = "kemensos_2020"
"""The code of the source's sentence: who said it, and where it was read."""


@dataclass(frozen=True, slots=True)
class SeedComponent:
    item: str
    quantity_milli: int
    source: str


def _part(item: str, units: int) -> SeedComponent:
    return SeedComponent(item, units * MILLI, _2020)


SEED_KITS: dict[str, tuple[SeedComponent, ...]] = {
    "paket_sembako": (
        _part("beras", 10), _part("minyak_goreng", 2), _part("sarden", 2), _part("kornet", 2), _part("sambal", 1),
        _part("kecap", 1), _part("susu", 1), _part("teh_celup", 1), _part("sabun_mandi", 3), _part("mie_instan", 10),
    ),
}  # fmt: skip
"""Kit -> components, by the codes of the catalogue."""
