"""The words of the catalogue."""

from __future__ import annotations

import enum


class Category(enum.StrEnum):
    """The buffer-stock categories of the ministry's own lists."""

    FOOD = "pangan"
    CLOTHING_AND_GOODS = "sandang_nonpangan"
    SHELTER = "papan"
    PACKAGE = "paket"
    ASSISTANCE = "bansos"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"item.category.{self.value}"


class VariantSex(enum.StrEnum):
    """Whom a size of clothing is cut for."""

    ANY = ""
    MALE = "male"
    FEMALE = "female"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"item.variant.{self.value or 'any'}"
