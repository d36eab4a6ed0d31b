"""Five made-up households, to see at once what an order of criteria does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.i18n import say
from core.measures import print_count
from logistics.packages.rules import People
from logistics.planning.priority import Priority, order_of
from logistics.planning.rules import ConfirmedHousehold


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplePlace:
    """Where one of the five stands in an order; ``before`` is its place in the order it is held against."""

    household: ConfirmedHousehold
    place: int
    before: int

    @property
    def climbs(self) -> int:
        """By how many places it comes earlier; negative: later."""
        return self.before - self.place

    def told(self, lang: str) -> str:
        """Say who lives there and where, in one line."""
        one = self.household
        return ", ".join(
            (
                say(f"priority_rule.example.severity_{one.severity}", lang),
                *((say("priority_rule.example.cut_off", lang),) if one.is_cut_off else ()),
                say("priority_rule.example.vulnerable", lang, {"count": print_count(one.vulnerable, lang)}),
                say("priority_rule.example.decile", lang, {"decile": one.decile})
                if one.decile is not None
                else say("priority_rule.example.no_decile", lang),
                say("priority_rule.example.helped", lang, {"count": print_count(one.helped, lang)}),
            )
        )


def _household(
    code: str, people: People, *, severity: int, decile: int | None, helped: int, is_cut_off: bool = False
) -> ConfirmedHousehold:
    return ConfirmedHousehold(
        household_id=UUID(int=ord(code)), code=code, village_code="", composition=people, severity=severity,
        is_cut_off=is_cut_off, decile=decile, helped=helped,
    )  # fmt: skip


FIVE: Final = (
    _household("A", People(persons=4, adults=2, children=2), severity=3, decile=5, helped=1),
    _household("B", People(persons=6, adults=3, children=3, infants=1, elderly=1), severity=1, decile=2, helped=0,
               is_cut_off=True),
    _household("C", People(persons=5, adults=3, children=2, infants=1, elderly=1, disabled=1), severity=2, decile=4,
               helped=1),
    _household("D", People(persons=3, adults=3, elderly=1), severity=3, decile=None, helped=0),
    _household("E", People(persons=2, adults=2), severity=1, decile=1, helped=2),
)  # fmt: skip


def places(rule: Priority, against: Priority) -> tuple[ExamplePlace, ...]:
    """Give the five in the order of a rule, each with its place in the order of another."""
    before = {one.code: place for place, one in enumerate(_ordered(against), 1)}
    return tuple(
        ExamplePlace(household=one, place=place, before=before[one.code]) for place, one in enumerate(_ordered(rule), 1)
    )


def _ordered(rule: Priority) -> list[ConfirmedHousehold]:
    return sorted(FIVE, key=lambda one: order_of(rule, one))
