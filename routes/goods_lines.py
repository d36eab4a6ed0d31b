"""Lines of goods as people type or paste them: an item by any of its names, an amount in any of its units."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from core.measures import (
    LARGEST_MILLI,
    MILLI,
    WHOLE_DIGITS,
    Milli,
    Rupiah,
    TooMuch,
    parse_typed_quantity,
    print_quantity,
    print_rupiah,
)
from routes import context
from routes.forms import Form
from stock.items.queries import ItemView, VariantView
from stock.items.rules import item_named, plain, ranked, unit_named, units_of

LINES, MORE, MOST_LINES = 5, 5, 60
_AMOUNT = re.compile(r"\s*([0-9][0-9.,\s]*?)\s*([^\W\d_].*)?", re.DOTALL)
_MOST_NAMED = 4
_DITTO = ('"', "''", "\u201d", "sama", "same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What a line is of: an item, and its size where one was named."""

    item: ItemView
    variant: VariantView | None = None

    def label(self, lang: str) -> str:
        return self.item.name(lang) + (f", {self.variant.name}" if self.variant else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """So much in the base unit; ``each_milli`` is what one of the unit typed holds."""

    milli: Milli
    each_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One suggestion of the type-ahead, with what the page's script tells about it."""

    value: str
    label: str
    unit: str
    packs: str
    """Names and contents in thousandths, as JSON."""
    does_expire: bool
    is_size: bool
    """One size of an item that stands in the list by itself too."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The items that may stand in a line, in the reader's language."""

    items: Sequence[ItemView]
    lang: str

    def options(self) -> Iterator[Option]:
        """Give every item with its sizes, and once more for each other spelling."""
        for item in sorted(self.items, key=lambda one: one.name(self.lang)):
            packs = json.dumps([[one.name, one.quantity_milli] for one in item.packs], ensure_ascii=False)
            things = [Thing(item=item), *(Thing(item=item, variant=one) for one in item.variants)]
            also = [name for name in item.aliases if plain(name) != plain(item.name(self.lang))]
            for thing, label in [*((one, "") for one in things), *((things[0], one) for one in also)]:
                yield Option(
                    value=thing.label(self.lang), label=label, unit=item.base_unit, packs=packs,
                    does_expire=item.does_expire, is_size=thing.variant is not None,
                )  # fmt: skip

    def find(self, text: str) -> tuple[Thing, ...]:
        """Give what the text can mean, best first: one thing where it is certain."""
        wanted = plain(text)
        if not wanted:
            return ()
        code, _, _pack = text.partition("|")
        for item in self.items:
            if item.code == code.strip():
                return (Thing(item=item),)
            for variant in item.variants:
                if wanted in (plain(f"{name}{variant.name}") for name in (item.code, item.name_id, item.name_en)):
                    return (Thing(item=item, variant=variant),)
        if (named := item_named(self.items, text)) is not None:
            return (Thing(item=named),)
        return tuple(Thing(item=one) for one in ranked(self.items, text))


def read_thing(form: Form, field: str, catalogue: Catalogue) -> Thing | None:
    """Read what a line is of; notes the mistake where it is unknown or could be several things."""
    text = form.raw(field).strip()
    if not text:
        form.fail(field, "goods.missing")
        return None
    found = catalogue.find(text)
    if len(found) == 1:
        return found[0]
    if not found:
        form.fail(field, "goods.unknown", {"text": text[:40]})
    else:
        names = ", ".join(one.label(catalogue.lang) for one in found[:_MOST_NAMED])
        form.fail(field, "goods.several", {"text": text[:40], "names": names})
    return None


def read_amount(
    form: Form, field: str, item: ItemView | None, *, is_required: bool = True, each_of: str = ""
) -> Amount | None:
    """Read "50", "3 dus" or "1,5 ton"; where ``item`` is not known the number alone is judged.

    A number without a unit is in the unit of the field ``each_of``: of "3 dus", "1" damaged is one dus.
    """
    raw = form.raw(field).strip()
    if not raw and not is_required:
        return None
    match = _AMOUNT.fullmatch(raw)
    try:
        typed = parse_typed_quantity(match[1]) if match else None
    except TooMuch:
        form.fail(field, "form.quantity_too_large", {"digits": WHOLE_DIGITS})
        return None
    except ValueError:
        typed = None
    if match is None or typed is None:
        form.fail(field, "form.quantity")
        return None
    if item is None:
        return None
    unit = match[2] or _unit_of(form, each_of) or _unit_of(form, field)
    each = _each(form, field, item, unit)
    if each is None:
        return None
    exact, rest = divmod(typed * each, MILLI)
    if rest or not (1 if is_required else 0) <= exact <= LARGEST_MILLI:
        form.fail(field, "stock.quantity_out_of_range")
        return None
    if exact % item.step_milli:
        step = print_quantity(item.step_milli, item.base_unit, context.lang())
        form.fail(field, "item.not_a_step", {"item": item.name(context.lang()), "step": step})
        return None
    return Amount(milli=Milli(exact), each_milli=each)


def _unit_of(form: Form, field: str) -> str:
    """Give the unit typed in a field; the box may also stand beside its line's item: "mie_instan|dus"."""
    match = _AMOUNT.fullmatch(form.raw(field).strip()) if field else None
    beside = form.raw(f"goods-{field.rpartition('-')[2]}").partition("|")[2] if field else ""
    return (match[2] if match and match[2] else beside).strip()


def _each(form: Form, field: str, item: ItemView, unit: str) -> Milli | None:
    if not unit.strip():
        return Milli(MILLI)
    each = unit_named(item, unit)
    if each is None:
        facts = {"unit": unit.strip()[:30], "item": item.name(context.lang()), "units": ", ".join(units_of(item))}
        form.fail(field, "goods.unit_unknown", facts)
    return each


def read_expiry(form: Form, field: str, item: ItemView | None, before: date | None) -> date | None:
    """Read a last good day; a ditto mark ("sama") is the line above's. What never expires has none."""
    raw = form.raw(field).strip()
    if raw.lower() in _DITTO:
        if before is None:
            form.fail(field, "goods.nothing_above")
        return before
    found = form.day(field, is_required=False)
    if item is not None and item.does_expire and not raw:
        form.fail(field, "batch.expiry_missing", {"item": item.name(context.lang())})
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a line is worth. The price is for one base unit, where it is a whole number of rupiah for one."""

    value_rp: Rupiah
    unit_price_rp: Rupiah | None


def read_worth(form: Form, no: int, amount: Amount | None) -> Worth | None:
    """Read a line's price for one of the unit typed, or its value; both only where they agree."""
    most = LARGEST_MILLI // MILLI
    before = len(form.errors)
    price = form.number(f"price_rp-{no}", least=0, most=most, is_required=False)
    value = form.number(f"value_rp-{no}", least=0, most=most, is_required=False)
    if len(form.errors) > before or amount is None:
        return None
    if price is None:
        return Worth(value_rp=Rupiah(value or 0), unit_price_rp=None)
    exact = price * amount.milli // amount.each_milli
    if exact > most:
        form.fail(f"price_rp-{no}", "form.number", {"least": 0, "most": most})
        return None
    if value is not None and value != exact:
        facts = {
            name: print_rupiah(rupiah, context.lang())
            for name, rupiah in (("price", price), ("value", value), ("exact", exact))
        }
        form.fail(f"value_rp-{no}", "goods.price_and_value", facts)
        return None
    per_base, rest = divmod(price * MILLI, amount.each_milli)
    return Worth(value_rp=Rupiah(exact), unit_price_rp=None if rest else Rupiah(per_base))


def used_lines(form: Form, fields: Sequence[str]) -> list[int]:
    """Give the numbers of the lines in which something was typed."""
    return [no for no in range(1, shown_lines(form) + 1) if any(form.raw(f"{field}-{no}").strip() for field in fields)]


def shown_lines(form: Form) -> int:
    """Tell how many lines the form has; the button for more asks for some more."""
    asked = form.raw("lines")
    count = int(asked) if asked.isdecimal() and asked.isascii() and len(asked) < 4 else LINES
    return max(LINES, min(MOST_LINES, count + (MORE if form.raw("more") else 0)))
