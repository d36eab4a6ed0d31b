"""What a standard gives, shown on households: every figure with its arithmetic and its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.errors import Invalid
from core.measures import Milli
from core.work import Tx
from logistics.packages.rules import Composition, Days, ItemNeed, People, StandardLine, need_of
from logistics.packages.sentences import packs_sentence, rounding_sentence, step_sentence
from registry_link.households.rules import Thresholds
from stock.items.queries import item_facts

MOST_PERSONS: Final = 60
MOST_DAYS: Final = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """One invented person, by age: which class that is, the office's ages say."""

    months: int
    is_woman: bool = False
    is_pregnant: bool = False
    is_nursing: bool = False
    is_disabled: bool = False


def _aged(years: int, **more: bool) -> Somebody:
    return Somebody(months=years * 12, **more)


HOUSEHOLDS: Final[Mapping[str, tuple[Somebody, ...]]] = {
    # Source: domain.md §1.3: father 40, nursing mother 36, child 10, infant 14 months, grandmother 67.
    "five": (
        _aged(40), _aged(36, is_woman=True, is_nursing=True), _aged(10), Somebody(months=14), _aged(67, is_woman=True),
    ),
    "alone": (_aged(70, is_woman=True),),
    "six": (
        _aged(38), _aged(35, is_woman=True, is_pregnant=True), _aged(15), _aged(12), _aged(6),
        _aged(41, is_disabled=True),
    ),
}  # fmt: skip
"""The households that stand beside every standard; what they are called is a sentence: ``standard.household.…``."""


def people_in(household: Sequence[Somebody], ages: Thresholds) -> People:
    """Count the people of an invented household by the office's ages."""
    is_child = [one.months < 12 * ages.child_below for one in household]
    children = sum(is_child)
    return People(
        persons=len(household), adults=len(household) - children, children=children,
        infants=sum(one.months < 12 * ages.infant_below for one in household),
        elderly=sum(one.months >= 12 * ages.elderly_from for one in household),
        women=sum(one.is_woman and not child for one, child in zip(household, is_child, strict=True)),
        pregnant=sum(one.is_pregnant for one in household), nursing=sum(one.is_nursing for one in household),
        disabled=sum(one.is_disabled for one in household),
    )  # fmt: skip


def check_people(people: People) -> None:
    """Raises: Invalid, naming the count that cannot be, where a composed household makes no sense."""
    if not 1 <= people.persons <= MOST_PERSONS:
        raise Invalid("standard.example_size", field="adults", most=MOST_PERSONS)
    for field, most, among in (
        ("infants", people.children, "children"), ("elderly", people.adults, "adults"),
        ("women", people.adults, "adults"), ("pregnant", people.persons, "persons"),
        ("nursing", people.persons, "persons"), ("disabled", people.persons, "persons"),
    ):  # fmt: skip
        if getattr(people, field) > most:
            raise Invalid(f"standard.example_more_than_{among}", field=field, most=most)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedLine:
    """One item of what a household gets, with everything behind it."""

    item_id: UUID
    item_code: str
    item_name_id: str
    item_name_en: str
    unit: str
    need: ItemNeed

    def name(self, lang: str) -> str:
        return self.item_name_en if lang == "en" else self.item_name_id

    def arithmetic(self, lang: str) -> tuple[str, ...]:
        """Say each step, and how the sum was rounded."""
        steps = tuple(step_sentence(step, self.unit, lang) for step in self.need.steps)
        return (*steps, rounding_sentence(self.need.exact_milli, self.need.quantity_milli, self.unit, lang))

    def packs(self, lang: str) -> str:
        """Say in which packs it is handed over; empty where the standard names none."""
        return packs_sentence(self.need.packs, self.unit, lang)

    def sources(self, lang: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.source_en if lang == "en" else one.source_id for one in self.need.steps))

    @property
    def surplus_milli(self) -> Milli:
        return self.need.surplus_milli


def worked(tx: Tx, rules: Sequence[StandardLine], people: Composition, days: int) -> tuple[WorkedLine, ...]:
    """Work out what a household gets for the first ``days`` days of a response, in the order of the standard."""
    need = need_of(rules, people, Days(1, days))
    facts = item_facts(tx, {one.item_id for one in need.items}) if need.items else {}
    return tuple(
        WorkedLine(
            item_id=one.item_id, item_code=facts[one.item_id].code, item_name_id=facts[one.item_id].name_id,
            item_name_en=facts[one.item_id].name_en, unit=facts[one.item_id].base_unit, need=one,
        )
        for one in need.items
    )  # fmt: skip
