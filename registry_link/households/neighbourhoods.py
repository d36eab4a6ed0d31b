"""Households in the order in which somebody walks through a village: RW by RW, RT by RT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.models import Household

_AT_ONCE = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Where in its village a household lives, and how many they are; no name, no number."""

    household_id: UUID
    rt: str
    rw: str
    persons: int


def in_walking_order(tx: Tx, ids: Sequence[UUID]) -> tuple[Neighbour, ...]:
    """Give the office's households by RW, RT and name of the head; those whose RW or RT nobody knows come last."""
    found: list[tuple[tuple[object, ...], Neighbour]] = []
    for start in range(0, len(ids), _AT_ONCE):
        query = sa.select(
            Household.id, Household.rt, Household.rw, Household.size, Household.head_name, Household.row_no
        ).where(
            Household.id.in_(ids[start : start + _AT_ONCE]),
            sa.func.coalesce(Household.regency_code, "") == tx.regency_code,
        )
        for row in tx.session.execute(query):
            rt, rw = row.rt or "", row.rw or ""
            order = (not rw, rw, not rt, rt, row.head_name.casefold(), row.row_no)
            found.append((order, Neighbour(household_id=row.id, rt=rt, rw=rw, persons=row.size)))
    found.sort(key=lambda pair: pair[0])
    return tuple(one for _, one in found)


def named(tx: Tx, ids: Sequence[UUID], text: str) -> frozenset[UUID]:
    """Tell which of these households have every word of ``text`` in the name of their head, or are of that code."""
    words, found = text.casefold().split(), set[UUID]()
    for start in range(0, len(ids), _AT_ONCE):
        query = sa.select(Household.id, Household.code, Household.head_name).where(
            Household.id.in_(ids[start : start + _AT_ONCE]),
            sa.func.coalesce(Household.regency_code, "") == tx.regency_code,
        )
        for row in tx.session.execute(query):
            name = row.head_name.casefold()
            if words and (row.code.casefold() == words[0] or all(word in name for word in words)):
                found.add(row.id)
    return frozenset(found)


def persons_of(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Give how many people each of the office's households has; unknown ids are left out."""
    return {one.household_id: one.persons for one in in_walking_order(tx, ids)}
