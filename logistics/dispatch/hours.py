"""At which hours a household's turn is: those of its plan, else those of its post now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.work import Tx
from logistics.dispatch.queries import posts
from logistics.planning.hours import print_hours
from logistics.planning.queries import hours_of
from logistics.planning.rules import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundHours:
    """The hours of a round's posts."""

    planned: Mapping[tuple[UUID, UUID], tuple[Slot, ...]]
    """By plan and post."""
    now: Mapping[UUID, tuple[Slot, ...]]
    """By post, for those that a group was moved to and its plan did not know."""

    def of(self, plan_id: UUID, post_id: UUID | None, slot: int | None) -> Slot | None:
        """Give the hours of a package; None where it waits, or its post tells none."""
        if post_id is None or slot is None:
            return None
        slots = self.planned.get((plan_id, post_id)) or self.now.get(post_id, ())
        return slots[slot] if slot < len(slots) else None

    def words(self, plan_id: UUID, post_id: UUID | None, slot: int | None) -> str:
        """Say the hours of a package: ``08.00–10.00``; empty where there are none."""
        found = self.of(plan_id, post_id, slot)
        return print_hours(found) if found else ""


def round_hours(tx: Tx, round_id: UUID) -> RoundHours:
    """Give the hours of everybody's turn in a round."""
    return RoundHours(
        planned=hours_of(tx, round_id), now={post.id: post.slots for post in posts(tx, with_closed=True) if post.slots}
    )
