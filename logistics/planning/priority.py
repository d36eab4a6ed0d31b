"""The declared priority rule: in which order households are served when there is not enough, and what goes out alone.

A rule is data with a version (``priority_rule``); nobody is excluded by it, it orders the queue. Pure.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from logistics.planning.rules import ConfirmedHousehold


class Criterion(enum.StrEnum):
    """What is asked of a household, each with the answer that comes first."""

    SEVERITY = "severity"
    """The heavier its area is hit, the earlier."""
    CUT_OFF = "cut_off"
    """Whoever no road reaches comes first."""
    VULNERABLE = "vulnerable"
    """The more infants, elderly, pregnant, nursing and disabled members, the earlier."""
    DECILE = "decile"
    """The poorer, the earlier; unknown last."""
    HELPED = "helped"
    """The fewer packages it has had in this event, the earlier."""


LARGEST: Final = None
"""As floor: the largest share of every village that can have whole packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """One version of the rule. Ties are broken by the household's code, so that two runs give one order."""

    version: str
    criteria: tuple[Criterion, ...]
    floor_permille: int | None = LARGEST
    """The first of each village, this share of its households, come before everybody else; 0 for no floor."""
    part_items: tuple[UUID, ...] | None = None
    """Items that go out although another line of the package is lacking; None: every one; (): whole packages only."""


BUILT_IN: Final = Priority(
    version="bawaan-1",
    criteria=(Criterion.SEVERITY, Criterion.CUT_OFF, Criterion.VULNERABLE, Criterion.DECILE),
    floor_permille=0,
)
"""What holds until an office declares its own."""


def order_of(rule: Priority, household: ConfirmedHousehold) -> tuple[int | str, ...]:
    """Give the household's place in the declared order; smaller is earlier."""
    return (*(_answer(one, household) for one in rule.criteria), household.code, str(household.beneficiary_id))


def ranked(rule: Priority, households: Sequence[ConfirmedHousehold]) -> list[ConfirmedHousehold]:
    """Sort by ``order_of``; criterion by criterion, which is quicker for many."""
    people = sorted(households, key=attrgetter("code"))
    if len({one.code for one in people}) < len(people):
        people.sort(key=lambda one: (one.code, str(one.beneficiary_id)))
    if not rule.criteria:
        return people
    answers = [_answers(criterion, people) for criterion in rule.criteria]
    return [people[at] for at in np.lexsort(answers[::-1]).tolist()]


def _answers(criterion: Criterion, people: Sequence[ConfirmedHousehold]) -> npt.NDArray[np.int64]:
    """Give what ``_answer`` gives of each; the look-ups of many are done at once. Shape: (people,)."""
    if criterion is Criterion.SEVERITY:
        return -np.array([one.severity for one in people], dtype=np.int64)
    if criterion is Criterion.HELPED:
        return np.array([one.helped for one in people], dtype=np.int64)
    return np.array([_answer(criterion, one) for one in people], dtype=np.int64)


def _answer(criterion: Criterion, household: ConfirmedHousehold) -> int:
    if criterion is Criterion.SEVERITY:
        return -household.severity
    if criterion is Criterion.CUT_OFF:
        return int(not household.is_cut_off)
    if criterion is Criterion.VULNERABLE:
        return -household.vulnerable
    if criterion is Criterion.DECILE:
        return household.decile if household.decile is not None else 99
    return household.helped
