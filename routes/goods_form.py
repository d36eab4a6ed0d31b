"""Lines of goods in a form: what, how many, counted in base units or in boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from core.measures import LARGEST_MILLI, MILLI, Milli, print_quantity
from routes import context
from routes.forms import Form
from stock.items.queries import ItemView

LINES, MOST_LINES = 4, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """An item as it is counted on arrival: in its base unit, or in one of its boxes."""

    value: str
    item: ItemView
    label: str
    each_milli: Milli


def goods_of(found: Sequence[ItemView], lang: str) -> dict[str, Goods]:
    """Give everything that can be counted: ``beras`` in kilograms, ``beras|Karung`` in sacks."""
    made: dict[str, Goods] = {}
    for item in sorted(found, key=lambda one: one.name(lang)):
        name = item.name(lang)
        made[item.code] = Goods(value=item.code, item=item, label=f"{name} ({item.base_unit})", each_milli=Milli(MILLI))
        for pack in item.packs:
            value = f"{item.code}|{pack.name}"
            holds = print_quantity(pack.quantity_milli, item.base_unit, lang)
            made[value] = Goods(
                value=value, item=item, label=f"{name} – {pack.name} ({holds})", each_milli=pack.quantity_milli
            )
    return made


def counted(form: Form, no: int, goods: dict[str, Goods]) -> tuple[Goods | None, Milli | None]:
    """Read what and how much of a line, in the base unit whatever it was counted in."""
    one = goods.get(form.raw(f"goods-{no}"))
    if one is None:
        form.fail(f"goods-{no}", "form.choose")
    typed = form.quantity(f"quantity-{no}")
    if one is None or typed is None:
        return one, None
    exact, rest = divmod(typed * one.each_milli, MILLI)
    if rest or not 1 <= exact <= LARGEST_MILLI:
        form.fail(f"quantity-{no}", "stock.quantity_out_of_range")
        return one, None
    if exact % one.item.step_milli:
        step = print_quantity(one.item.step_milli, one.item.base_unit, context.lang())
        form.fail(f"quantity-{no}", "item.not_a_step", {"item": one.item.name(context.lang()), "step": step})
        return one, None
    return one, Milli(exact)


def used_lines(form: Form, fields: Sequence[str]) -> list[int]:
    return [no for no in range(1, shown_lines(form) + 1) if any(form.raw(f"{field}-{no}").strip() for field in fields)]


def shown_lines(form: Form) -> int:
    """Tell how many lines the form has; the button for more asks for some more."""
    asked = form.raw("lines")
    count = int(asked) if asked.isdecimal() and asked.isascii() and len(asked) < 4 else LINES
    return max(LINES, min(MOST_LINES, count + (LINES if form.raw("more") else 0)))


def event_at(form: Form, field: str) -> datetime | None:
    """Read the local day of an act: now for today, noon for an earlier day, None where nothing was typed."""
    on = form.day(field, is_required=False)
    now = context.runtime().work.clock.now()
    if on is None or on == now.astimezone(context.actor().zone).date():
        return None
    if on > now.astimezone(context.actor().zone).date():
        form.fail(field, "stock.event_in_future")
        return None
    return datetime.combine(on, time(12), tzinfo=context.actor().zone)
