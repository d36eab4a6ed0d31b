"""Which households packages went to, or are promised to: for those who draw up another list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from logistics.packages.models import Package, Round
from logistics.packages.states import PackageState

HANDED_OVER_OR_PROMISED: Final = (PackageState.HANDED_OVER, PackageState.RESERVED, PackageState.LOADED)
"""A plan that nobody has approved promises nothing."""
_NAMED: Final = (*HANDED_OVER_OR_PROMISED, PackageState.PLANNED)
_AT_ONCE: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """One package of a household, with its occasion."""

    package_id: UUID
    package_code: str
    household_id: UUID
    state: PackageState
    serve_on: date
    round_id: UUID
    round_no: int
    first_on: date
    last_on: date
    incident_id: UUID | None
    term_id: UUID | None

    @property
    def is_served(self) -> bool:
        return self.state is PackageState.HANDED_OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliefCount:
    round_id: UUID
    round_no: int
    first_on: date
    last_on: date
    number: int


def helpings(tx: Tx, incident_id: UUID) -> dict[UUID, int]:
    """Count the packages that each household was handed in an incident, rests of partial handovers left out."""
    rows = tx.session.execute(
        sa.select(Package.household_id, sa.func.count())
        .join(Round, Round.id == Package.round_id)
        .where(
            Package.regency_code == tx.regency_code, Round.incident_id == incident_id,
            Package.state == PackageState.HANDED_OVER, Package.supplements_id.is_(None),
        )
        .group_by(Package.household_id)
    )  # fmt: skip
    return {row[0]: int(row[1]) for row in rows}


def helped_since(tx: Tx, since: date) -> sa.Select[UUID]:
    """Make the query of households with a package handed over or promised for this day or later."""
    return sa.select(Package.household_id).where(
        Package.regency_code == tx.regency_code, Package.state.in_(HANDED_OVER_OR_PROMISED), Package.serve_on >= since
    )


def relief_since(tx: Tx, since: date) -> sa.Select[UUID]:
    """Make the query of households with a package of an incident, handed over, promised or planned since this day."""
    return sa.select(Package.household_id).join(Round, Round.id == Package.round_id).where(*_relief(tx, since))


def relief_counts(tx: Tx, household_ids: sa.Select[*tuple[Any, ...]], since: date) -> tuple[ReliefCount, ...]:
    """Count by round of an incident how many of the listed homes (a query; one may stand there for several people) have
    a package, as ``relief_since``.
    """
    homes = household_ids.subquery()
    home = homes.c[0]
    helped = (
        sa.select(Package.household_id, Package.round_id, Round.no, Round.first_on, Round.last_on)
        .join(Round, Round.id == Package.round_id)
        .where(*_relief(tx, since))
        .distinct()
        .subquery()
    )
    rows = tx.session.execute(
        sa.select(
            helped.c.round_id, helped.c.no.label("round_no"), helped.c.first_on, helped.c.last_on,
            sa.func.count().label("number"),
        )
        .join(homes, home == helped.c.household_id)
        .group_by(helped.c.round_id, helped.c.no, helped.c.first_on, helped.c.last_on)
        .order_by(helped.c.first_on, helped.c.round_id)
    )  # fmt: skip
    return tuple(ReliefCount(**row._mapping) for row in rows)


def _relief(tx: Tx, since: date) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Package.regency_code == tx.regency_code, Round.incident_id.is_not(None), Package.serve_on >= since,
        Package.state.in_(_NAMED),
    )  # fmt: skip


def served_in_terms(tx: Tx, household_ids: Sequence[UUID], term_ids: Collection[UUID]) -> frozenset[tuple[UUID, UUID]]:
    """Tell which of these households had a package handed over in which of these terms: pairs of both ids."""
    found: set[tuple[UUID, UUID]] = set()
    wanted = list(dict.fromkeys(household_ids))
    for start in range(0, len(wanted) if term_ids else 0, _AT_ONCE):
        rows = tx.session.execute(
            sa.select(Package.household_id, Round.term_id)
            .join(Round, Round.id == Package.round_id)
            .where(
                Package.household_id.in_(wanted[start : start + _AT_ONCE]), Round.term_id.in_(term_ids),
                Package.state == PackageState.HANDED_OVER,
            )
        )  # fmt: skip
        found |= {(row.household_id, row.term_id) for row in rows}
    return frozenset(found)


def help_since(tx: Tx, household_ids: Sequence[UUID], since: date) -> tuple[Help, ...]:
    """Give the packages of these households handed over, promised or planned for this day or later, by day."""
    found: list[Help] = []
    wanted = list(dict.fromkeys(household_ids))
    for start in range(0, len(wanted), _AT_ONCE):
        rows = tx.session.execute(
            sa.select(
                Package.id.label("package_id"), Package.code.label("package_code"), Package.household_id,
                Package.state, Package.serve_on, Package.round_id, Round.no.label("round_no"), Round.first_on,
                Round.last_on, Round.incident_id, Round.term_id,
            )
            .join(Round, Round.id == Package.round_id)
            .where(
                Package.household_id.in_(wanted[start : start + _AT_ONCE]), Package.serve_on >= since,
                Package.state.in_(_NAMED),
            )
        )  # fmt: skip
        found += [Help(**row._mapping) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.serve_on, one.package_code)))
