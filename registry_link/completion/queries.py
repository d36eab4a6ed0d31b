"""Completion lists as their villages see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.work import Tx
from registry_link.completion.models import CompletionEntry, CompletionList, HouseholdPosition
from registry_link.completion.rules import permille
from registry_link.completion.states import EntryState, ListState, PositionOrigin, SkipReason
from registry_link.households.completing import Facts, facts_of
from registry_link.households.gaps import Gap

PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    id: UUID
    village_code: str
    state: ListState
    asked: Gap
    households: int
    waiting: int
    done: int
    skipped: int
    issued_at: datetime
    issued_by_name: str
    closed_at: datetime | None
    closed_by_name: str

    @property
    def settled_permille(self) -> int:
        return permille(self.done + self.skipped, self.households)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    id: UUID
    no: int
    household_id: UUID
    state: EntryState
    skip_reason: SkipReason | None
    decided_at: datetime | None
    decided_by_name: str
    gaps: Gap
    """What is missing by now of what was asked."""
    facts: Facts | None
    """None where the household is no longer the village's: merged, erased, or moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    entries: tuple[EntryLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A position as it was reported."""

    lon_deg: float
    lat_deg: float
    accuracy_m: float | None
    origin: PositionOrigin
    is_used: bool
    reason: str
    at: datetime
    by_name: str


def completion_lists(tx: Tx, *, village_code: str = "", only_open: bool = False) -> tuple[ListView, ...]:
    """Give the lists within the actor's reach, open ones first, then the newest. Raises: Forbidden."""
    reach = tx.require("completion.see")
    where: list[sa.ColumnElement[bool]] = []
    if village_code:
        where.append(CompletionList.village_code == village_code)
    if only_open:
        where.append(CompletionList.state == ListState.OPEN)
    rows = tx.session.execute(
        _lists(tx, *where).order_by(CompletionList.state.desc(), CompletionList.issued_at.desc(), CompletionList.id)
    )
    return tuple(_view(row) for row in rows if reach.has_village(row.village_code))


def completion_list(tx: Tx, list_id: UUID) -> ListView:
    """Give one list. Raises: Forbidden; NotFound."""
    reach = tx.require("completion.see")
    row = tx.session.execute(_lists(tx, CompletionList.id == list_id)).one_or_none()
    if row is None:
        raise NotFound("completion_list.not_found")
    reach.need_village(row.village_code, "completion_list")
    return _view(row)


def entries(
    tx: Tx, of: ListView, *, state: EntryState | None = None, limit: int | None = PER_PAGE, offset: int = 0,
    purpose: str = "completion_list",
) -> EntryPage:  # fmt: skip
    """Give the households of a list that ``completion_list`` gave, in the order of a walk; the look is logged."""
    mine = [CompletionEntry.list_id == of.id]
    if state is not None:
        mine.append(CompletionEntry.state == state)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(CompletionEntry).where(*mine)) or 0
    query = _entries().where(*mine).order_by(CompletionEntry.no).offset(offset)
    rows = tx.session.execute(query if limit is None else query.limit(limit)).all()
    facts = facts_of(tx, [row.household_id for row in rows], purpose)
    return EntryPage(entries=tuple(_entry(row, of, facts) for row in rows), total=total)


def entry(tx: Tx, entry_id: UUID) -> tuple[EntryLine, ListView]:
    """Give one household of a list; the look is logged. Raises: Forbidden; NotFound."""
    list_id = tx.session.scalar(
        sa.select(CompletionEntry.list_id).where(
            CompletionEntry.id == entry_id, CompletionEntry.regency_code == tx.regency_code
        )
    )
    if list_id is None:
        raise NotFound("completion_entry.not_found")
    of = completion_list(tx, list_id)
    row = tx.session.execute(_entries().where(CompletionEntry.id == entry_id)).one()
    return _entry(row, of, facts_of(tx, [row.household_id], "complete")), of


def next_waiting(tx: Tx, list_id: UUID, after_no: int = 0) -> UUID | None:
    """Give the next household of a list that waits, from the beginning again after the last one."""
    query = (
        sa.select(CompletionEntry.id)
        .where(CompletionEntry.list_id == list_id, CompletionEntry.state == EntryState.WAITING)
        .order_by(sa.case((CompletionEntry.no > after_no, 0), else_=1), CompletionEntry.no)
        .limit(1)
    )
    return tx.session.scalar(query)


def reports_of(tx: Tx, household_id: UUID, limit: int = 20) -> tuple[ReportLine, ...]:
    """Give the positions that were reported of a household, the newest first; the caller has checked the right."""
    rows = tx.session.execute(
        sa.select(
            HouseholdPosition.lon_deg, HouseholdPosition.lat_deg, HouseholdPosition.accuracy_m,
            HouseholdPosition.origin, HouseholdPosition.is_used, HouseholdPosition.reason, HouseholdPosition.at,
            HouseholdPosition.by_name,
        )
        .where(HouseholdPosition.household_id == household_id, HouseholdPosition.regency_code == tx.regency_code)
        .order_by(HouseholdPosition.at.desc(), HouseholdPosition.id.desc())
        .limit(limit)
    )  # fmt: skip
    return tuple(ReportLine(**row._mapping) for row in rows)


def _lists(tx: Tx, *where: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    mine = (CompletionList.regency_code == tx.regency_code, *where)
    # Counted list by list in the order of their own index, before anything is joined or sorted.
    counted = (
        sa.select(
            CompletionEntry.list_id,
            *(sa.func.count(sa.case((CompletionEntry.state == state, 1))).label(state.value) for state in EntryState),
        )
        .where(CompletionEntry.list_id.in_(sa.select(CompletionList.id).where(*mine)))
        .group_by(CompletionEntry.list_id)
        .subquery("counted")
    )
    states = [sa.func.coalesce(counted.c[state.value], 0).label(state.value) for state in EntryState]
    return (
        sa.select(*CompletionList.__table__.columns, *states)
        .outerjoin(counted, counted.c.list_id == CompletionList.id)
        .where(*mine)
    )


def _entries() -> sa.Select[*tuple[object, ...]]:
    return sa.select(
        CompletionEntry.id, CompletionEntry.no, CompletionEntry.household_id, CompletionEntry.state,
        CompletionEntry.skip_reason, CompletionEntry.decided_at, CompletionEntry.decided_by_name,
    )  # fmt: skip


def _view(row: object) -> ListView:
    names = (one for one in ListView.__dataclass_fields__ if one != "asked")
    return ListView(asked=Gap(getattr(row, "asked")), **{name: getattr(row, name) for name in names})  # noqa: B009


def _entry(row: object, of: ListView, facts: Mapping[UUID, Facts]) -> EntryLine:
    names = [one for one in EntryLine.__dataclass_fields__ if one not in ("gaps", "facts")]
    told = {name: getattr(row, name) for name in names}
    found = facts.get(told["household_id"])
    if found is not None and found.village_code != of.village_code:
        found = None
    return EntryLine(**told, facts=found, gaps=found.gaps & of.asked if found else Gap(0))
