"""A needs profile becomes lines of a standard: every row has an outcome, nothing is dropped in silence."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

from core.errors import Fact
from core.measures import LARGEST_MILLI, MILLI, Milli
from logistics.packages.profile_file import ProfileFile, ProfileRow
from logistics.packages.rules import Basis, StandardLine
from stock.items.queries import ItemView
from stock.items.rules import item_named, plain, unit_named, units_of

SKIP: Final = "-"
"""The choice to leave a row out, said by a person."""


class RowOutcome(enum.StrEnum):
    TAKEN = "taken"
    SKIPPED = "skipped"
    """A person chose to leave it out."""
    NOT_OURS = "not_ours"
    """Nothing the social-affairs office hands out; left out unless an item is chosen for it."""
    UNKNOWN_ITEM = "unknown_item"
    UNKNOWN_UNIT = "unknown_unit"
    UNREADABLE = "unreadable"
    """Its amount or frequency cannot be understood."""

    @property
    def is_open(self) -> bool:
        """A person has to say what becomes of the row."""
        return self in (RowOutcome.UNKNOWN_ITEM, RowOutcome.UNKNOWN_UNIT, RowOutcome.UNREADABLE)


class Frequency(enum.StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ONCE = "once"


_FREQUENCIES: Final = {
    Frequency.DAILY: ("daily", "harian", "perhari", "day", "hari", "sehari"),
    Frequency.WEEKLY: ("weekly", "mingguan", "perminggu", "week", "minggu"),
    Frequency.MONTHLY: ("monthly", "bulanan", "perbulan", "month", "bulan"),
    Frequency.ONCE: ("once", "single", "tunggal", "sekali", "satukali", "onetime"),
}  # fmt: skip
_DAYS: Final = {Frequency.DAILY: 1, Frequency.WEEKLY: 7, Frequency.MONTHLY: 30}
_NOT_OURS: Final = {
    "toilet": "site", "toilets": "site", "latrine": "site", "latrines": "site", "jamban": "site", "mck": "site",
    "washing": "site", "hygienicwashing": "site", "tempatcuci": "site",
    "airbersih": "water", "cleanwater": "water", "water": "water",
    "lifeboats": "rescue", "lifeboat": "rescue", "perahukaret": "rescue", "perahu": "rescue",
    "food": "energy", "energy": "energy", "energi": "energy", "energipangan": "energy", "foodenergy": "energy",
}  # fmt: skip
"""What a profile names that is no goods of the office, and why: sentence ``needs_profile.not_ours.…``."""
_CALLED: Final = {
    "piranti pokok keluarga": "family_kit", "family kits": "family_kit", "family kit": "family_kit",
    "drinking water": "air_mineral", "air minum": "air_mineral", "soap": "sabun_mandi", "blankets": "selimut",
    "bath soap": "sabun_mandi", "laundry soap": "sabun_cuci", "hygiene packs": "pembalut",
}  # fmt: skip
"""What profiles call some items, by the codes of the catalogue; taken where the office has such an item."""
_SPELT: Final = {"kilograms": "kg", "litres": "liter", "metre": "meter", "piece": "buah", "pieces": "buah"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a person said of a row: the item's code, or that it is left out; and how many base units its unit holds."""

    item_code: str = ""
    each_milli: Milli | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRow:
    """One row, its outcome and why; a taken one with the line it becomes."""

    row: ProfileRow
    outcome: RowOutcome
    code: str
    """Of the sentence that says why."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    item: ItemView | None = None
    line: StandardLine | None = None


def judge(
    file: ProfileFile, catalogue: Sequence[ItemView], days: int, chosen: Mapping[int, Chosen] | None = None
) -> tuple[JudgedRow, ...]:
    """Judge every row, in the file's order. A profile counts per person; its periods become days of the package."""
    said = chosen or {}
    return tuple(_judge(one, file, catalogue, days, said.get(one.number, Chosen())) for one in file.rows)


def _judge(
    row: ProfileRow, file: ProfileFile, catalogue: Sequence[ItemView], days: int, chosen: Chosen
) -> JudgedRow:  # fmt: skip
    if chosen.item_code == SKIP:
        return JudgedRow(row=row, outcome=RowOutcome.SKIPPED, code="needs_profile.skipped")
    item = _item_of(row, catalogue, chosen)
    if item is None:
        why = _NOT_OURS.get(plain(row.resource))
        if why is not None:
            return JudgedRow(row=row, outcome=RowOutcome.NOT_OURS, code=f"needs_profile.not_ours.{why}")
        facts: dict[str, Fact] = {"resource": row.resource or "–"}
        return JudgedRow(row=row, outcome=RowOutcome.UNKNOWN_ITEM, code="needs_profile.unknown_item", facts=facts)
    amount = _amount(row.default)
    if amount is None:
        facts = {"default": row.default or "–"}
        return JudgedRow(
            row=row, outcome=RowOutcome.UNREADABLE, code="needs_profile.bad_amount", facts=facts, item=item
        )
    frequency = _frequency(row.frequency)
    if frequency is None:
        facts = {"frequency": row.frequency or "–"}
        return JudgedRow(
            row=row, outcome=RowOutcome.UNREADABLE, code="needs_profile.bad_frequency", facts=facts, item=item
        )
    each = chosen.each_milli or _each(row, item)
    if each is None:
        facts = {"unit": " / ".join(row.units), "item_id": item.name_id, "item_en": item.name_en,
                 "units": ", ".join(units_of(item))}  # fmt: skip
        return JudgedRow(
            row=row, outcome=RowOutcome.UNKNOWN_UNIT, code="needs_profile.unknown_unit", facts=facts, item=item
        )
    line = _line(row, file, item, amount * each / MILLI, frequency, days)
    if line is None:
        facts = {"default": row.default}
        return JudgedRow(
            row=row, outcome=RowOutcome.UNREADABLE, code="needs_profile.bad_amount", facts=facts, item=item
        )
    code = "needs_profile.taken" if row.units else "needs_profile.taken_in_base"
    return JudgedRow(row=row, outcome=RowOutcome.TAKEN, code=code, facts={"unit": item.base_unit}, item=item, line=line)


def _item_of(row: ProfileRow, catalogue: Sequence[ItemView], chosen: Chosen) -> ItemView | None:
    wanted = chosen.item_code or _CALLED.get(" ".join(row.resource.lower().split()), "")
    if wanted:
        found = next((one for one in catalogue if one.code == wanted), None)
        if found is not None or chosen.item_code:
            return found
    if plain(row.resource) in _NOT_OURS:
        return None
    return item_named(catalogue, row.resource)


def _amount(text: str) -> Decimal | None:
    """Read a default in base units; None where it is no number above zero."""
    try:
        found = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 < found < LARGEST_MILLI // MILLI and found.adjusted() > -7 else None


def _frequency(text: str) -> Frequency | None:
    wanted = plain(text)
    return next((one for one, words in _FREQUENCIES.items() if wanted in words), None)


def _each(row: ProfileRow, item: ItemView) -> Milli | None:
    """Tell how much one of the row's unit is; a row without a unit counts in the item's own."""
    if not row.units:
        return Milli(MILLI)
    for text in row.units:
        found = unit_named(item, _SPELT.get(text.lower(), text)) or unit_named(item, text)
        if found is not None:
            return found
    return None


def _line(
    row: ProfileRow, file: ProfileFile, item: ItemView, base_units: Decimal, frequency: Frequency, days: int
) -> StandardLine | None:
    """Write the rate exactly: a whole number of thousandths per day where it is one, else for so many persons.

    A weekly amount that no day's share divides is the package's, for as many weeks as it is long.
    """
    share = _fraction(base_units)
    is_daily = frequency is not Frequency.ONCE
    period = _DAYS.get(frequency, 1)
    top, bottom = share
    if frequency is Frequency.WEEKLY and top % (period * bottom):
        top, is_daily, period = top * -(-days // 7), False, 1
    bottom *= period
    common = math.gcd(top, bottom)
    rate, per_n = top // common, bottom // common
    if per_n == 1 and rate < MILLI and MILLI % rate == 0 and item.step_milli >= MILLI:
        # 0,2 of something that comes in whole ones is one for every five persons.
        rate, per_n = MILLI, MILLI // rate
    if not 0 < rate <= LARGEST_MILLI or per_n > 10_000:
        return None
    about = file.provenance or file.profile
    told = f"{about}: {row.default} {row.units[0] if row.units else ''}".rstrip()
    source = f"{told} / {row.frequency}"[:300]
    return StandardLine(
        item_id=item.id, basis=Basis.PERSON, rate_milli=Milli(rate), per_n=per_n, is_daily=is_daily,
        round_step_milli=item.step_milli, is_once=frequency is Frequency.ONCE and item.is_durable, source_id=source,
        source_en=source,
    )  # fmt: skip


def _fraction(base_units: Decimal) -> tuple[int, int]:
    """Give an amount in thousandths as a fraction of two whole numbers."""
    return (base_units * MILLI).as_integer_ratio()


def lines_of(rows: Sequence[JudgedRow]) -> tuple[StandardLine, ...]:
    """Give the lines of the taken rows; two rows of one item share its once-per-event rule."""
    lines = [one.line for one in rows if one.line is not None]
    once = {line.item_id for line in lines if line.is_once}
    return tuple(line if line.item_id not in once or line.is_once else _once(line) for line in lines)


def _once(line: StandardLine) -> StandardLine:
    return StandardLine(**{name: getattr(line, name) for name in line.__dataclass_fields__} | {"is_once": True})
