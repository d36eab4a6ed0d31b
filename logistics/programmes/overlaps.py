"""Who on a term's list stands on another one for the same months, had relief in the last weeks, or is there twice.

An overlap is shown and nothing else: nobody is dropped for it, and nothing is counted twice.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from core.errors import Fact, Invalid
from core.i18n import say
from core.work import Tx
from logistics.packages.helped import help_since, relief_counts, relief_since, served_in_terms
from logistics.programmes.models import Programme, Term, TermEntry
from logistics.programmes.queries import MOST, TermView, term_by_id, within
from logistics.programmes.states import EntryState, TermState
from registry_link.households.queries import codes_of_households

WEEKS: Final = 8
MOST_WEEKS: Final = 104
_AT_ONCE: Final = 800


class OverlapKind(enum.StrEnum):
    TERM = "term"
    """On the list of another term with months in common."""
    RELIEF = "relief"
    """A package of an incident in the last weeks, or to come."""
    SAME_LIST = "same_list"
    """Another beneficiary of the same household on this list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    kind: OverlapKind
    code: str
    """Of its sentence: how far the other help has come."""
    facts: Mapping[str, Fact]
    occasion_id: UUID | None = None
    """The other term, or the incident's round."""
    package_id: UUID | None = None

    def sentence(self, lang: str) -> str:
        """Say what the household gets or got elsewhere."""
        return say(self.code, lang, self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOverlap:
    entry_id: UUID
    household_id: UUID
    household_code: str
    overlaps: tuple[Overlap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OccasionCount:
    """How many entries of the list overlap with one occasion."""

    kind: OverlapKind
    occasion_id: UUID | None
    facts: Mapping[str, Fact]
    entries: int

    def sentence(self, lang: str) -> str:
        """Name the occasion."""
        return say(f"list.occasion.{self.kind.value}", lang, self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapPage:
    rows: tuple[EntryOverlap, ...]
    total: int
    """Entries with at least one overlap."""
    by_occasion: tuple[OccasionCount, ...]


def overlaps(tx: Tx, term_id: UUID, *, weeks: int = WEEKS, limit: int = 50, offset: int = 0) -> OverlapPage:
    """Give the entries of a list that overlap with other help, within the actor's villages, by village and place.

    Raises: Forbidden; NotFound; Invalid for a page or weeks beyond their limits.
    """
    reach = tx.require("bansos.see")
    term = term_by_id(tx, term_id)
    if not 1 <= limit <= MOST or offset < 0:
        raise Invalid("list.page", field="limit", most=MOST)
    since = _since(tx, weeks)
    mine = (TermEntry.term_id == term_id, TermEntry.state != EntryState.EXCLUDED, *within(reach))
    elsewhere, twice = _other_terms(term).with_only_columns(_Other.household_id), _twice(term_id)
    relief = relief_since(tx, since)
    concerned = sa.or_(
        TermEntry.household_id.in_(elsewhere), TermEntry.household_id.in_(relief), TermEntry.household_id.in_(twice)
    )
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(TermEntry).where(*mine, concerned)) or 0
    ids = tx.session.scalars(
        sa.select(TermEntry.id).where(*mine, concerned)
        .order_by(TermEntry.village_code, TermEntry.rank, TermEntry.id).limit(limit).offset(offset)
    ).all()  # fmt: skip
    households = dict(
        tx.session.execute(sa.select(TermEntry.id, TermEntry.household_id).where(TermEntry.id.in_(ids))).all()
    )
    codes = codes_of_households(tx, list(households.values()))
    found = _overlaps_of(tx, term, households, since)
    return OverlapPage(
        rows=tuple(
            EntryOverlap(
                entry_id=one, household_id=households[one], household_code=codes.get(households[one], ""),
                overlaps=found.get(one, ()),
            )
            for one in ids
        ),
        total=total,
        by_occasion=_by_occasion(tx, term, mine, since),
    )  # fmt: skip


def overlaps_of(
    tx: Tx, term_id: UUID, entry_ids: Sequence[UUID], *, weeks: int = WEEKS
) -> Mapping[UUID, tuple[Overlap, ...]]:
    """Give what each of these entries overlaps with; entries without, or out of reach, are not in it.

    Raises: Forbidden; NotFound; Invalid for weeks beyond their limit.
    """
    reach = tx.require("bansos.see")
    term, since = term_by_id(tx, term_id), _since(tx, weeks)
    households: dict[UUID, UUID] = {}
    for start in range(0, len(entry_ids), _AT_ONCE):
        households.update(
            tx.session.execute(
                sa.select(TermEntry.id, TermEntry.household_id).where(
                    TermEntry.id.in_(entry_ids[start : start + _AT_ONCE]), TermEntry.term_id == term_id, *within(reach)
                )
            ).all()
        )
    return _overlaps_of(tx, term, households, since)


# ---------------------------------------------------------------- the three kinds

_Other: Final = aliased(TermEntry)


def _since(tx: Tx, weeks: int) -> date:
    if not 0 <= weeks <= MOST_WEEKS:
        raise Invalid("list.weeks_range", field="weeks", most=MOST_WEEKS)
    return tx.today - timedelta(weeks=weeks)


def _other_terms(term: TermView) -> sa.Select[*tuple[Any, ...]]:
    """Entries of other terms with months in common."""
    return (
        sa.select(_Other.household_id, _Other.state, Term.id.label("term_id"),
                  Programme.name.label("programme_name"), Term.name.label("term_name"))
        .join(Term, Term.id == _Other.term_id)
        .join(Programme, Programme.id == Term.programme_id)
        .where(
            Term.id != term.id, _Other.regency_code == Term.regency_code, Term.state != TermState.CANCELLED,
            Term.first_on <= term.period.last_on, Term.last_on >= term.period.first_on,
            _Other.state != EntryState.EXCLUDED,
        )
    )  # fmt: skip


def _twice(term_id: UUID) -> sa.Select[UUID]:
    """Households with several beneficiaries on this list."""
    return (
        sa.select(_Other.household_id)
        .where(_Other.term_id == term_id, _Other.state != EntryState.EXCLUDED)
        .group_by(_Other.household_id)
        .having(sa.func.count() > 1)
    )


def _overlaps_of(
    tx: Tx, term: TermView, households: Mapping[UUID, UUID], since: date
) -> dict[UUID, tuple[Overlap, ...]]:
    by_household: dict[UUID, list[Overlap]] = {}
    wanted = sorted(set(households.values()))
    listed: list[Any] = []
    several: dict[UUID, int] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        chunk = wanted[start : start + _AT_ONCE]
        listed += tx.session.execute(
            _other_terms(term).where(_Other.household_id.in_(chunk)).order_by(Term.first_on, Term.id, _Other.id)
        ).all()
        several.update(
            tx.session.execute(
                sa.select(_Other.household_id, sa.func.count())
                .where(_Other.term_id == term.id, _Other.state != EntryState.EXCLUDED, _Other.household_id.in_(chunk))
                .group_by(_Other.household_id)
                .having(sa.func.count() > 1)
            ).all()
        )
    served = served_in_terms(tx, [row.household_id for row in listed], {row.term_id for row in listed})
    for row in listed:
        code = "list.overlap.term_listed"
        if (row.household_id, row.term_id) in served:
            code = "list.overlap.term_served"
        elif row.state is EntryState.DETERMINED:
            code = "list.overlap.term_determined"
        one = Overlap(
            kind=OverlapKind.TERM, code=code, occasion_id=row.term_id,
            facts={"term": f"{row.programme_name} – {row.term_name}"},
        )  # fmt: skip
        told = by_household.setdefault(row.household_id, [])
        if one not in told:  # several people of the household on the other list
            told.append(one)
    for help_ in help_since(tx, wanted, since):
        if help_.incident_id is not None:
            code = "list.overlap.relief_served" if help_.is_served else "list.overlap.relief_planned"
            by_household.setdefault(help_.household_id, []).append(
                Overlap(
                    kind=OverlapKind.RELIEF, code=code, occasion_id=help_.round_id, package_id=help_.package_id,
                    facts={"package": help_.package_code, "on": help_.serve_on.isoformat(), "no": help_.round_no},
                )
            )  # fmt: skip
    for household_id, number in several.items():
        by_household.setdefault(household_id, []).append(
            Overlap(kind=OverlapKind.SAME_LIST, code="list.overlap.same_list", facts={"others": number - 1})
        )
    return {
        entry_id: tuple(by_household[household_id])
        for entry_id, household_id in households.items()
        if household_id in by_household
    }


def _by_occasion(
    tx: Tx, term: TermView, mine: Sequence[sa.ColumnElement[bool]], since: date
) -> tuple[OccasionCount, ...]:
    entries = sa.func.count(sa.distinct(TermEntry.id)).label("entries")
    terms = _other_terms(term).subquery()
    found = [
        OccasionCount(
            kind=OverlapKind.TERM, occasion_id=row.term_id, entries=row.entries,
            facts={"term": f"{row.programme_name} – {row.term_name}"},
        )
        for row in tx.session.execute(
            sa.select(terms.c.term_id, terms.c.programme_name, terms.c.term_name, entries)
            .join(terms, terms.c.household_id == TermEntry.household_id)
            .where(*mine)
            .group_by(terms.c.term_id, terms.c.programme_name, terms.c.term_name)
            .order_by(terms.c.programme_name, terms.c.term_name)
        )
    ]  # fmt: skip
    homes = sa.select(TermEntry.household_id).where(*mine)
    found += [
        OccasionCount(
            kind=OverlapKind.RELIEF, occasion_id=one.round_id, entries=one.number,
            facts={"no": one.round_no, "first_on": one.first_on.isoformat(), "last_on": one.last_on.isoformat()},
        )
        for one in relief_counts(tx, homes, since)
    ]  # fmt: skip
    twice = tx.session.scalar(
        sa.select(sa.func.count()).select_from(TermEntry).where(*mine, TermEntry.household_id.in_(_twice(term.id)))
    )
    if twice:
        found.append(OccasionCount(kind=OverlapKind.SAME_LIST, occasion_id=None, entries=twice, facts={}))
    return tuple(found)
