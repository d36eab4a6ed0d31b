"""Proof of the determined lists: recomputed, reported, never repaired in silence."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

import sqlalchemy as sa

from core.frozen import digest
from core.work import Tx
from logistics.packages.queries import round_of_term, states_of
from logistics.packages.states import OPEN_PACKAGE_STATES, RoundState
from logistics.programmes.models import FrozenEntry, FrozenPerson, Term, TermEntry
from logistics.programmes.reconciling import reconciliation
from logistics.programmes.rules import list_hash
from logistics.programmes.states import EntryState, TermState

FIXED = (TermState.DETERMINED, TermState.CLOSED)


def prove(tx: Tx) -> list[str]:
    """Check every determined term of the office: list, three persons, figures; gives what does not agree."""
    problems: list[str] = []
    for term in tx.session.scalars(
        sa.select(Term).where(Term.regency_code == tx.regency_code, Term.state.in_(FIXED)).order_by(Term.id)
    ):
        problems += _list(tx, term)
        problems += _persons(tx, term)
        problems += _figures(tx, term)
    return problems


def _list(tx: Tx, term: Term) -> list[str]:
    """Check that everybody determined is frozen, no frozen text was altered, and the list is the one determined."""
    problems: list[str] = []
    lines: list[str] = []
    frozen: set[UUID] = set()
    for row in tx.session.execute(
        sa.select(
            FrozenEntry.entry_id, FrozenEntry.village_code, FrozenEntry.decile, FrozenEntry.persons,
            FrozenEntry.person_sha256, FrozenPerson.text,
        )
        .outerjoin(FrozenPerson, FrozenPerson.entry_id == FrozenEntry.entry_id)
        .where(FrozenEntry.term_id == term.id)
    ):  # fmt: skip
        frozen.add(row.entry_id)
        lines.append(f"{row.entry_id}|{row.village_code}|{row.decile}|{row.persons}|{row.person_sha256}")
        if row.text is not None and digest(row.text) != row.person_sha256:  # none: it was erased
            problems.append(f"term entry {row.entry_id}: what was frozen of its person was altered")
    if list_hash(lines) != term.list_sha256:
        problems.append(f"term {term.id}: its frozen list is not the one that was determined")
    listed = set(
        tx.session.scalars(
            sa.select(TermEntry.id).where(TermEntry.term_id == term.id, TermEntry.state == EntryState.DETERMINED)
        )
    )
    if listed != frozen:
        problems.append(f"term {term.id}: {len(listed ^ frozen)} entries are determined and not frozen, or the reverse")
    return problems


def _persons(tx: Tx, term: Term) -> list[str]:
    """Check that three different people brought every entry to determination."""
    rows = tx.session.execute(
        sa.select(TermEntry.proposed_by, TermEntry.verified_by, TermEntry.determined_by)
        .where(TermEntry.term_id == term.id, TermEntry.state == EntryState.DETERMINED)
        .distinct()
    )
    wrong = [
        row
        for row in rows
        if None in tuple(row)
        or len(set(row)) != 3
        or (row.verified_by, row.determined_by) != (term.verified_by, term.determined_by)
    ]
    return [f"term {term.id}: not three different people brought its list to determination"] if wrong else []


def _figures(tx: Tx, term: Term) -> list[str]:
    """Check that the distribution serves the list and nobody else, and that a closed term leaves nothing open."""
    problems: list[str] = []
    found = reconciliation(tx, term.id)
    for one in found.villages:
        if one.determined != one.handed_over + one.returned + one.open:
            problems.append(f"term {term.id}: the figures of village {one.village_code} do not add up")
    if term.state is TermState.CLOSED and not found.is_zero:
        problems.append(f"term {term.id}: closed, and {found.open + found.open_rests} are open")
    the_round = round_of_term(tx, term.id)
    if the_round is None:
        return problems
    if (term.state is TermState.CLOSED) is not (the_round.state is RoundState.CLOSED):
        problems.append(f"term {term.id}: it and its distribution are not closed together")
    listed: dict[str, set[UUID]] = defaultdict(set)
    for row in tx.session.execute(
        sa.select(TermEntry.beneficiary_kind, TermEntry.beneficiary_id).where(
            TermEntry.term_id == term.id, TermEntry.state == EntryState.DETERMINED
        )
    ):
        listed[row.beneficiary_kind.value].add(row.beneficiary_id)
    for state in states_of(tx, the_round.id):
        if state.beneficiary_id not in listed[state.kind]:
            problems.append(f"package {state.code}: whom it is for is not on the determined list")
        if term.state is TermState.CLOSED and state.state in OPEN_PACKAGE_STATES:
            problems.append(f"package {state.code}: open, and its term is closed")
    return problems
