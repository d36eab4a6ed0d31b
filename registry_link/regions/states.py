"""The levels and kinds of regions."""

from __future__ import annotations

import enum


class Level(enum.StrEnum):
    PROVINCE = "province"
    REGENCY = "regency"
    DISTRICT = "district"
    VILLAGE = "village"


class CodeSystem(enum.StrEnum):
    """Two systems share the same digits for different places (domain.md §0.2): no code is read without its system."""

    KEMENDAGRI = "kemendagri"
    BPS = "bps"
