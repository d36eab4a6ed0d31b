"""Figures and decisions in words, in both languages: what stands behind "Dari mana angka ini?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from core.errors import Fact
from core.i18n import say
from core.measures import print_count, print_day, print_quantity
from logistics.packages.packing import PackCount
from logistics.packages.rules import Basis, StandardLine, Step

_STEP = {
    (False, False): "package.step",
    (True, False): "package.step_daily",
    (False, True): "package.step_per_n",
    (True, True): "package.step_daily_per_n",
}


def step_sentence(step: Step, unit: str, lang: str) -> str:
    """Say one line's share of a figure: ``5 jiwa × 0,4 kg × 7 hari = 14 kg``."""
    return say(
        _STEP[step.days is not None, step.per_n > 1], lang,
        {
            "count": print_count(step.count, lang),
            "whom": say(f"package.basis.{step.basis.value}", lang),
            "rate": print_quantity(step.rate_milli, unit, lang),
            "days": step.days,
            "per_n": print_count(step.per_n, lang),
            "exact": print_quantity(step.exact_milli, unit, lang),
        },
    )  # fmt: skip


def rate_sentence(line: StandardLine, unit: str, lang: str) -> str:
    """Say one line of a standard: ``0,4 kg per jiwa per hari``, with its days and condition where it has them."""
    whom = say(f"package.basis.{line.basis.value}", lang)
    text = say(
        "package.rate_per_n" if line.per_n > 1 else "package.rate", lang,
        {"rate": print_quantity(line.rate_milli, unit, lang), "per_n": print_count(line.per_n, lang), "whom": whom},
    )  # fmt: skip
    if line.is_daily:
        text += say("package.rate_daily", lang)
    if line.from_day > 1 or line.to_day is not None:
        code = "package.rate_days" if line.to_day is not None else "package.rate_from_day"
        text += say(code, lang, {"first": line.from_day, "last": line.to_day})
    if line.condition is not None and line.condition is not Basis.HOUSEHOLD:
        condition = say(f"package.basis.{line.condition.value}", lang)
        text += say("package.rate_condition", lang, {"least": line.condition_least, "whom": condition})
    return text


def packing_sentence(line: StandardLine, unit: str, lang: str) -> str:
    """Say how a line's item is rounded: in steps, or in any mix of its packs."""
    if not line.packs:
        return say("standard.in_steps", lang, {"step": print_quantity(line.round_step_milli, unit, lang)})
    names = ", ".join(_pack_words(one.name, one.quantity_milli, unit, lang) for one in line.packs)
    return say("standard.in_packs", lang, {"packs": names})


def packs_sentence(counts: Sequence[PackCount], unit: str, lang: str) -> str:
    """Say in which packs a quantity is handed over: ``1 karung 10 kg + 1 karung 5 kg``."""
    return " + ".join(
        f"{print_count(one.count, lang)} {_pack_words(one.pack.name, one.pack.quantity_milli, unit, lang)}"
        for one in counts
    )


def handed_in_packs(counts: Sequence[PackCount], unit: str, lang: str) -> str:
    """Say it as a whole sentence, for what stands behind a figure."""
    return say("standard.handed_in_packs", lang, {"packs": packs_sentence(counts, unit, lang)})


def _pack_words(name: str, holds: int, unit: str, lang: str) -> str:
    """Name a pack with what it holds, where its name does not say so already."""
    return name if any(letter.isdigit() for letter in name) else f"{name} ({print_quantity(holds, unit, lang)})"


def rounding_sentence(exact_milli: int, quantity_milli: int, unit: str, lang: str) -> str:
    """Say how the exact figure became the one handed over."""
    code = "package.rounded" if quantity_milli > exact_milli else "package.not_rounded"
    return say(
        code, lang,
        {
            "exact": print_quantity(exact_milli, unit, lang),
            "quantity": print_quantity(quantity_milli, unit, lang),
            "surplus": print_quantity(quantity_milli - exact_milli, unit, lang),
        },
    )  # fmt: skip


def reason_sentence(code: str, facts: Mapping[str, Fact], lang: str) -> str:
    """Say why a package stands where it stands.

    Facts carry their unit in their name: ``…_on`` is a day, ``…_m`` a distance, ``…_milli`` a quantity of the fact
    ``unit``; a name in two languages is ``…_id`` and ``…_en`` and is filled in as ``…``.
    """
    words: dict[str, object] = {}
    for name, fact in facts.items():
        if name.endswith("_on") and isinstance(fact, str):
            words[name] = print_day(date.fromisoformat(fact), lang, weekday=True)
        elif name.endswith("_m") and isinstance(fact, int):
            words[name] = _distance(fact, lang)
        elif name.endswith("_milli") and isinstance(fact, int):
            words[name.removesuffix("_milli")] = print_quantity(fact, str(facts.get("unit", "")), lang)
        elif name.endswith(("_id", "_en")):
            if name.endswith(f"_{lang}"):
                words[name[:-3]] = fact
        elif isinstance(fact, int) and not isinstance(fact, bool):
            words[name] = print_count(fact, lang)
        else:
            words[name] = fact
    return say(code, lang, words)


def _distance(metres: int, lang: str) -> str:
    """Print a distance no more exactly than anybody walks: ``640 m``, ``1,1 km``."""
    return print_quantity((metres + 50) // 100 * 100, "km", lang) if metres >= 1000 else f"{metres} m"
