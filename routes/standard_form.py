"""A standard's form: rows of lines, each mistake at its own field, and the composed household beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from werkzeug.datastructures import MultiDict

from core.errors import Invalid
from core.measures import MILLI, Milli, print_quantity
from logistics.packages.examples import MOST_DAYS, check_people
from logistics.packages.packing import Pack, fit
from logistics.packages.rules import Basis, People, StandardLine
from logistics.packages.standard_queries import StandardView
from routes import context
from routes.forms import Form
from routes.goods_lines import Catalogue, read_amount, read_thing
from stock.items.queries import ItemView
from stock.items.rules import plain

FIELDS: Final = (
    "goods", "rate", "basis", "per_n", "daily", "condition", "least", "from", "to", "packing", "once", "source_id",
    "source_en",
)  # fmt: skip
_TYPED: Final = ("goods", "rate", "source_id")
"""A line in which none of these stands is not used."""
MOST_LINES: Final = 60
_START: Final = 3
_ALL_PACKS: Final = ("kemasan", "semuakemasan", "packs", "allpacks")
_BETWEEN: Final = re.compile(r"\s*(?:\+|;|\||,(?=\s*[^\W\d_]))\s*")
_FIELD_OF: Final = {
    "standard.unknown_item": "goods", "standard.not_positive": "rate", "standard.days_reversed": "to",
    "standard.step_not_issuable": "packing", "standard.pack_not_issuable": "packing",
    "standard.packs_do_not_fit": "packing", "standard.source_missing": "source_id",
    "standard.item_disagrees": "packing",
}  # fmt: skip
HOUSEHOLD_FIELDS: Final = (
    "adults", "children", "infants", "elderly", "women", "pregnant", "nursing", "disabled",
)  # fmt: skip


def shown_lines(form: Form) -> int:
    """Tell how many lines the form has; the button for one more asks for it."""
    asked = form.raw("lines")
    count = int(asked) if asked.isdecimal() and asked.isascii() and len(asked) < 4 else _START
    return max(1, min(MOST_LINES, count + bool(form.raw("more"))))


def without(form: Form, no: int) -> Form:
    """Give the form without one line, the later ones moved up."""
    count = shown_lines(form)
    kept = MultiDict((name, value) for name, value in form.values.items() if not re.fullmatch(r"[a-z_]+-\d+", name))
    for target, source in enumerate((one for one in range(1, count + 1) if one != no), start=1):
        for field in FIELDS:
            kept[f"{field}-{target}"] = form.raw(f"{field}-{source}")
    kept["lines"] = str(max(1, count - 1))
    kept.pop("remove", None)
    return Form(kept)


def values_of(found: StandardView, lang: str) -> MultiDict[str, str]:
    """Write a version as a form, to make another one of it."""
    values: MultiDict[str, str] = MultiDict(
        {
            "name_id": found.name_id, "name_en": found.name_en, "days": str(found.days),
            "legal_source": found.legal_source, "lines": str(len(found.lines)),
        }
    )  # fmt: skip
    for no, line in enumerate(found.lines, start=1):
        written = {
            "goods": line.item_name(lang), "rate": print_quantity(line.rate_milli, "", lang),
            "basis": line.basis.value, "per_n": str(line.per_n), "daily": "1" if line.is_daily else "",
            "condition": line.condition.value if line.condition else "",
            "least": str(line.condition_least), "from": str(line.from_day),
            "to": str(line.to_day) if line.to_day is not None else "", "packing": _packing_of(line, lang),
            "once": "1" if line.is_once else "", "source_id": line.source_id, "source_en": line.source_en,
        }  # fmt: skip
        for field, value in written.items():
            values[f"{field}-{no}"] = value
    return values


def _packing_of(line: StandardLine | object, lang: str) -> str:
    packs: tuple[Pack, ...] = getattr(line, "packs", ())
    if packs:
        return " + ".join(one.name for one in packs)
    return print_quantity(getattr(line, "round_step_milli", MILLI), getattr(line, "unit", ""), lang)


def read_lines(form: Form, found: Sequence[ItemView]) -> list[tuple[int, StandardLine]]:
    """Read the lines in which something was typed, with their numbers; those with a mistake are left out."""
    catalogue = Catalogue(found, context.lang())
    lines = []
    for no in range(1, shown_lines(form) + 1):
        if any(form.raw(f"{field}-{no}").strip() for field in _TYPED):
            before = len(form.errors)
            line = _line(form, no, catalogue)
            if line is not None and len(form.errors) == before:
                lines.append((no, line))
    return lines


def _line(form: Form, no: int, catalogue: Catalogue) -> StandardLine | None:
    thing = read_thing(form, f"goods-{no}", catalogue)
    item = thing.item if thing else None
    rate = form.quantity(f"rate-{no}")
    if rate == 0:
        form.fail(f"rate-{no}", "standard.not_positive", {"line": no})
    basis = form.choice(f"basis-{no}", Basis, None if form.raw(f"basis-{no}") else Basis.PERSON)
    per_n = form.number(f"per_n-{no}", least=1, most=10_000, is_required=False)
    condition = form.choice(f"condition-{no}", Basis) if form.raw(f"condition-{no}") else None
    least = form.number(f"least-{no}", least=1, most=60, is_required=False)
    first = form.number(f"from-{no}", least=1, most=366, is_required=False)
    last = form.number(f"to-{no}", least=1, most=366, is_required=False)
    if first and last and last < first:
        form.fail(f"to-{no}", "standard.days_reversed", {"line": no})
    in_indonesian, in_english = f"source_id-{no}", f"source_en-{no}"
    source_id = form.text(in_indonesian, least=1, most=300)
    source_en = form.text(in_english, most=300) or source_id
    step, packs = _packing(form, no, item)
    if item is None or rate is None or basis is None:
        return None
    return StandardLine(
        item_id=item.id, basis=basis, rate_milli=rate, per_n=per_n or 1, is_daily=bool(form.raw(f"daily-{no}")),
        condition=condition, condition_least=least or 1, from_day=first or 1, to_day=last, round_step_milli=step,
        is_once=bool(form.raw(f"once-{no}")), source_id=source_id, source_en=source_en, packs=packs,
    )  # fmt: skip


def _packing(form: Form, no: int, item: ItemView | None) -> tuple[Milli, tuple[Pack, ...]]:
    """Read how an item is rounded: nothing is its smallest step, an amount a step, names of its packs a mix of them."""
    field, text = f"packing-{no}", form.raw(f"packing-{no}").strip()
    usual = item.step_milli if item else Milli(MILLI)
    if item is None or not text:
        return usual, ()
    known = {plain(one.name): Pack(name=one.name, quantity_milli=one.quantity_milli) for one in item.packs}
    names = [plain(one) for one in _BETWEEN.split(text) if one.strip()]
    if len(names) == 1 and names[0] in _ALL_PACKS and known:
        chosen = tuple(known.values())
    elif all(one in known for one in names):
        chosen = tuple(known[one] for one in dict.fromkeys(names))
    else:
        if not text[0].isdigit():
            facts = {"item": item.name(context.lang()), "packs": " + ".join(one.name for one in item.packs) or "–"}
            form.fail(field, "standard.pack_unknown", facts)
            return usual, ()
        amount = read_amount(form, field, item)
        return (amount.milli if amount else usual), ()
    chosen = tuple(sorted(chosen, key=lambda one: (-one.quantity_milli, one.name)))
    if not fit(chosen):
        form.fail(field, "standard.packs_do_not_fit", {"line": no})
    return usual, chosen


def attempt(form: Form, act: Callable[[], object], numbers: Sequence[int]) -> object:
    """Do it when no mistake was noted; a refused line becomes a mistake at its field."""
    if not form.is_good:
        return None
    try:
        return act()
    except Invalid as refused:
        place = refused.facts.get("line")
        if isinstance(place, int) and refused.code in _FIELD_OF and 0 < place <= len(numbers):
            no = numbers[place - 1]
            form.fail(f"{_FIELD_OF[refused.code]}-{no}", refused.code, {**refused.facts, "line": no})
        else:
            form.refuse(refused, "goods-1")
        return None


def read_household(form: Form) -> People | None:
    """Read the composed household; None where nobody was typed, or with a mistake at its field."""
    if not (form.raw("adults").strip() or form.raw("children").strip()):
        return None
    before = len(form.errors)
    counts = {name: form.number(name, least=0, most=60, is_required=False) or 0 for name in HOUSEHOLD_FIELDS}
    if len(form.errors) > before:
        return None
    people = People(persons=counts["adults"] + counts["children"], **counts)
    try:
        check_people(people)
    except Invalid as refused:
        form.refuse(refused)
        return None
    return people


def read_days(form: Form, usual: int) -> int:
    """Read for how many days; the standard's own where nothing was typed."""
    return form.number("example_days", least=1, most=MOST_DAYS, is_required=False) or usual
