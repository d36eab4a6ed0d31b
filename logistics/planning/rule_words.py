"""The priority rule in plain words, and what one version changes against another."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from core.i18n import say
from logistics.planning.priority import Criterion, Priority


def criterion_sentence(criterion: Criterion, lang: str) -> str:
    """Say who comes first by one criterion."""
    return say(f"priority_rule.criterion.{criterion.value}", lang)


def criterion_name(criterion: Criterion, lang: str) -> str:
    """Name a criterion in two or three words."""
    return say(f"priority_rule.name.{criterion.value}", lang)


def order_sentence(rule: Priority, lang: str) -> str:
    """Say the whole order in one sentence."""
    return say("priority_rule.order", lang, {"criteria": _order(rule, lang)})


def floor_sentence(permille: int | None, lang: str) -> str:
    """Say what every village gets before everybody else is asked."""
    if permille is None:
        return say("priority_rule.floor.largest", lang)
    if not permille:
        return say("priority_rule.floor.none", lang)
    return say("priority_rule.floor.fixed", lang, {"percent": print_permille(permille, lang)})


def parts_sentence(rule: Priority, names: Mapping[UUID, str], lang: str) -> str:
    """Say what goes out of a package that lacks a line; ``names`` are those of the items."""
    if rule.part_items is None:
        return say("priority_rule.parts.every", lang)
    if not rule.part_items:
        return say("priority_rule.parts.none", lang)
    alone = sorted(names.get(one, "?") for one in rule.part_items)
    return say("priority_rule.parts.chosen", lang, {"items": ", ".join(alone)})


def rule_sentences(rule: Priority, names: Mapping[UUID, str], lang: str) -> tuple[str, ...]:
    """Say a rule, one sentence for each thing it lays down."""
    return (
        *(criterion_sentence(one, lang) for one in rule.criteria),
        say("priority_rule.tie", lang),
        floor_sentence(rule.floor_permille, lang),
        parts_sentence(rule, names, lang),
    )


def changes(before: Priority, after: Priority, names: Mapping[UUID, str], lang: str) -> tuple[str, ...]:
    """Say what is different in a version against the one before it; nothing where both say the same."""
    told = []
    if before.criteria != after.criteria:
        told.append(
            say("priority_rule.changed.order", lang, {"before": _order(before, lang), "after": _order(after, lang)})
        )
    if before.floor_permille != after.floor_permille:
        told.append(
            say("priority_rule.changed.floor", lang, {"before": _floor(before, lang), "after": _floor(after, lang)})
        )
    if before.part_items != after.part_items:
        told.append(
            say("priority_rule.changed.parts", lang,
                {"before": parts_sentence(before, names, lang), "after": parts_sentence(after, names, lang)})
        )  # fmt: skip
    return tuple(told)


def print_permille(permille: int, lang: str) -> str:
    """Print a share as per cent: 62,5."""
    whole, rest = divmod(permille, 10)
    return f"{whole}{',' if lang == 'id' else '.'}{rest}" if rest else str(whole)


def _order(rule: Priority, lang: str) -> str:
    return ", ".join(criterion_name(one, lang) for one in rule.criteria)


def _floor(rule: Priority, lang: str) -> str:
    if rule.floor_permille:
        return f"{print_permille(rule.floor_permille, lang)} %"
    return say(f"priority_rule.floor_name.{'none' if rule.floor_permille == 0 else 'largest'}", lang)
