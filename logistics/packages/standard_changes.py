"""What a version of a standard changed against the one before, item by item."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from uuid import UUID

from logistics.packages.sentences import packing_sentence, rate_sentence
from logistics.packages.standard_queries import StandardLineView, StandardView


class Change(enum.StrEnum):
    JOINED = "joined"
    LEFT = "left"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """One item in two versions; each side is all its lines, empty where the version has none."""

    item_id: UUID
    item_name_id: str
    item_name_en: str
    unit: str
    change: Change
    before: tuple[StandardLineView, ...]
    after: tuple[StandardLineView, ...]

    def name(self, lang: str) -> str:
        return self.item_name_en if lang == "en" else self.item_name_id


def changes(before: StandardView, after: StandardView) -> tuple[ItemChange, ...]:
    """Compare two versions: the later one's items in its order, then what it no longer gives."""
    found = []
    for item_id in dict.fromkeys(line.item_id for one in (after, before) for line in one.lines):
        old = tuple(line for line in before.lines if line.item_id == item_id)
        new = tuple(line for line in after.lines if line.item_id == item_id)
        kind = Change.UNCHANGED if old == new else Change.CHANGED if old and new else Change.JOINED
        shown = (new or old)[0]
        found.append(
            ItemChange(
                item_id=item_id, item_name_id=shown.item_name_id, item_name_en=shown.item_name_en, unit=shown.unit,
                change=kind if new else Change.LEFT, before=old, after=new,
            )
        )  # fmt: skip
    return tuple(found)


def told(standard: StandardView, line: StandardLineView, lang: str) -> tuple[str, str]:
    """Say a line in words: whom it counts and how much, and how its item is rounded."""
    rule = standard.rules[standard.lines.index(line)]
    return rate_sentence(rule, line.unit, lang), packing_sentence(rule, line.unit, lang)
