"""Pairs of households that may be one, as those who propose and those who decide see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.permissions import Reach, may
from core.work import Tx
from registry_link.households.pairing import Someone, people_of, standings, within
from registry_link.households.queries import (
    HouseholdLine,
    HouseholdView,
    MemberLine,
    household,
    households_by_ids,
)
from registry_link.households.sameness import Someone as Identified
from registry_link.households.sameness import is_same_person
from registry_link.identity.models import DuplicatePair, DuplicateSearch, HouseholdMerge, IdentityProposal
from registry_link.identity.rules import alike, may_decide
from registry_link.identity.states import Evidence, PairState, ProposalState, Verdict

LONGEST_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    id: UUID
    verdict: Verdict
    survivor_id: UUID | None
    state: ProposalState
    reason: str
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by_name: str
    decided_at: datetime | None
    decision_note: str
    refused_to_me: str | None
    """Why the reader, who may decide, may not decide this one; None when they may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLine:
    """One line of the list."""

    id: UUID
    first: HouseholdLine
    second: HouseholdLine
    shares_nik: bool
    shares_kk: bool
    name_permille: int
    evidence: Evidence
    score: int
    state: PairState
    found_at: datetime
    decided_at: datetime | None
    waiting: ProposalView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    lines: tuple[PairLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A member of one household beside the one of the other who looks like the same person; none where nobody does."""

    first: MemberLine | None
    second: MemberLine | None
    is_same: bool
    """Surely one: merging carries over only one of them."""
    is_same_nik: bool
    is_same_birth: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    line: PairLine
    first: HouseholdView
    second: HouseholdView
    matches: tuple[Match, ...]
    proposals: tuple[ProposalView, ...]
    """The newest first."""
    survivor_id: UUID | None
    """Which of them stayed, while they are merged."""
    better_id: UUID
    """Which of them says more: offered to stay."""
    held: frozenset[UUID]
    """Which of them others were merged into: these cannot be the one that goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many pairs the reader can see."""

    open_by_evidence: Mapping[Evidence, int]
    waiting: int
    """With a proposal that nobody has decided."""
    merged: int
    distinct: int

    @property
    def open(self) -> int:
        return sum(self.open_by_evidence.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSearch:
    version: int
    """Of the registry; below zero when everything is to be searched again."""
    searched_at: datetime
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOf:
    """A pair as one household's page names it."""

    id: UUID
    other_id: UUID
    other_code: str
    state: PairState
    evidence: Evidence


def last_search(tx: Tx) -> LastSearch | None:
    """Tell how far the search for pairs has come; None before the first."""
    row = tx.session.execute(
        sa.select(DuplicateSearch.version, DuplicateSearch.searched_at, DuplicateSearch.left_out).where(
            DuplicateSearch.regency_code == tx.regency_code
        )
    ).one_or_none()
    return LastSearch(**row._mapping) if row is not None else None


def counts(tx: Tx) -> Counted:
    """Count the pairs within the reader's reach; counts only. Raises: Forbidden."""
    mine = _mine(tx, tx.require("identity.see"))
    by_evidence: dict[Evidence, int] = {}
    by_state: dict[PairState, int] = {}
    for row in tx.session.execute(
        sa.select(DuplicatePair.state, DuplicatePair.evidence, sa.func.count().label("pairs"))
        .where(*mine)
        .group_by(DuplicatePair.state, DuplicatePair.evidence)
    ):
        by_state[row.state] = by_state.get(row.state, 0) + row.pairs
        if row.state is PairState.OPEN:
            by_evidence[row.evidence] = row.pairs
    waiting = tx.session.scalar(
        sa.select(sa.func.count()).select_from(DuplicatePair).where(*mine, DuplicatePair.id.in_(_waiting(tx)))
    )
    return Counted(
        open_by_evidence={one: by_evidence.get(one, 0) for one in Evidence}, waiting=waiting or 0,
        merged=by_state.get(PairState.MERGED, 0), distinct=by_state.get(PairState.DISTINCT, 0),
    )  # fmt: skip


def to_decide(tx: Tx) -> int:
    """Count the pairs of which another person's proposal is the reader's to decide; 0 for who decides none."""
    if not may(tx.actor, "identity.decide"):
        return 0
    where = _mine(tx, tx.require("identity.see"))
    others = _waiting(tx).where(IdentityProposal.proposed_by != tx.actor.id)
    query = sa.select(sa.func.count()).select_from(DuplicatePair).where(*where, DuplicatePair.id.in_(others))
    return tx.session.scalar(query) or 0


def pairs(
    tx: Tx, *, state: PairState | None = PairState.OPEN, evidence: Evidence | None = None, is_waiting: bool = False,
    limit: int = 50, offset: int = 0,
) -> Pairs:  # fmt: skip
    """List pairs, the likeliest first and decided ones by day; ``is_waiting`` gives those with an undecided proposal.

    Raises: Forbidden.
    """
    where = _mine(tx, tx.require("identity.see"))
    if is_waiting:
        where.append(DuplicatePair.id.in_(_waiting(tx)))
    elif state is not None:
        where.append(DuplicatePair.state == state)
    if evidence is not None:
        where.append(DuplicatePair.evidence == evidence)
    order: tuple[Any, ...] = (DuplicatePair.score.desc(), DuplicatePair.id)
    if not is_waiting and state not in (None, PairState.OPEN):
        order = (DuplicatePair.decided_at.desc(), DuplicatePair.id)
    found = tx.session.scalars(
        sa.select(DuplicatePair).where(*where).order_by(*order).limit(min(limit, LONGEST_PAGE)).offset(offset)
        .execution_options(populate_existing=True)
    ).all()  # fmt: skip
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(DuplicatePair).where(*where))
    return Pairs(lines=_lines(tx, found), total=total or 0)


def pair(tx: Tx, pair_id: UUID) -> PairView:
    """Give a pair side by side, masked as the reader may see it. Raises: Forbidden; NotFound."""
    reach = tx.require("identity.see")
    found = tx.session.scalar(
        sa.select(DuplicatePair)
        .where(DuplicatePair.id == pair_id, *_mine(tx, reach))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("identity.pair_not_found")
    line = _lines(tx, [found])[0]
    first, second = household(tx, found.first_id), household(tx, found.second_id)
    survivor_id = tx.session.scalar(
        sa.select(HouseholdMerge.survivor_id).where(
            HouseholdMerge.pair_id == pair_id, HouseholdMerge.undone_at.is_(None)
        )
    )
    there = standings(tx, (first.id, second.id))
    held = frozenset(one.id for one in there.values() if one.has_merged)
    return PairView(
        line=line, first=first, second=second, matches=_matches(tx, first, second), survivor_id=survivor_id,
        proposals=_proposals(tx, [pair_id]).get(pair_id, ()), better_id=_better(first, second, held),
        held=held,
    )  # fmt: skip


def pairs_of_household(tx: Tx, household_id: UUID) -> tuple[PairOf, ...]:
    """Give the open and merged pairs that a household stands in, within the reach of a reader who sees pairs."""
    if not may(tx.actor, "identity.see"):
        return ()
    rows = tx.session.scalars(
        sa.select(DuplicatePair)
        .where(
            sa.or_(DuplicatePair.first_id == household_id, DuplicatePair.second_id == household_id),
            *_mine(tx, tx.require("identity.see")), DuplicatePair.state != PairState.DISTINCT,
        )
        .order_by(DuplicatePair.score.desc(), DuplicatePair.id)
    ).all()  # fmt: skip
    others = {row.id: row.second_id if row.first_id == household_id else row.first_id for row in rows}
    there = standings(tx, set(others.values()))
    return tuple(
        PairOf(
            id=row.id, other_id=others[row.id], other_code=there[others[row.id]].code, state=row.state,
            evidence=row.evidence,
        )
        for row in rows
    )  # fmt: skip


def pair_of_proposal(tx: Tx, proposal_id: UUID) -> UUID:
    """Give the pair that a proposal is about. Raises: NotFound."""
    found = tx.session.scalar(
        sa.select(IdentityProposal.pair_id).where(
            IdentityProposal.id == proposal_id, IdentityProposal.regency_code == tx.regency_code
        )
    )
    if found is None:
        raise NotFound("identity.proposal_not_found")
    return found


# ---------------------------------------------------------------- inside


def _mine(tx: Tx, reach: Reach) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = [DuplicatePair.regency_code == tx.regency_code]
    if not reach.is_all:
        ids = within(tx, reach)
        where += [DuplicatePair.first_id.in_(ids), DuplicatePair.second_id.in_(ids)]
    return where


def _waiting(tx: Tx) -> sa.Select[UUID]:
    return sa.select(IdentityProposal.pair_id).where(
        IdentityProposal.regency_code == tx.regency_code, IdentityProposal.state == ProposalState.PROPOSED
    )


def _lines(tx: Tx, found: Sequence[DuplicatePair]) -> tuple[PairLine, ...]:
    ids = sorted({one for row in found for one in (row.first_id, row.second_id)})
    homes = {one.id: one for one in households_by_ids(tx, ids, "identity")}
    proposed = _proposals(tx, [row.id for row in found])
    return tuple(
        PairLine(
            id=row.id, first=homes[row.first_id], second=homes[row.second_id], shares_nik=row.shares_nik,
            shares_kk=row.shares_kk, name_permille=row.name_permille, evidence=row.evidence, score=row.score,
            state=row.state, found_at=row.found_at, decided_at=row.decided_at,
            waiting=next(
                (one for one in proposed.get(row.id, ()) if one.state is ProposalState.PROPOSED), None
            ),
        )
        for row in found
    )  # fmt: skip


def _proposals(tx: Tx, pair_ids: Sequence[UUID]) -> Mapping[UUID, tuple[ProposalView, ...]]:
    decides = may(tx.actor, "identity.decide")
    found: dict[UUID, list[ProposalView]] = {}
    for row in tx.session.scalars(
        sa.select(IdentityProposal)
        .where(IdentityProposal.pair_id.in_(pair_ids))
        .order_by(IdentityProposal.proposed_at.desc(), IdentityProposal.id.desc())
        .execution_options(populate_existing=True)
    ):
        refused = may_decide(actor_id=tx.actor.id, proposed_by=row.proposed_by)
        found.setdefault(row.pair_id, []).append(
            ProposalView(
                id=row.id, verdict=row.verdict, survivor_id=row.survivor_id, state=row.state, reason=row.reason,
                proposed_by=row.proposed_by, proposed_by_name=row.proposed_by_name, proposed_at=row.proposed_at,
                decided_by_name=row.decided_by_name, decided_at=row.decided_at, decision_note=row.decision_note,
                refused_to_me=refused if decides else None,
            )
        )  # fmt: skip
    return {one: tuple(views) for one, views in found.items()}


def _matches(tx: Tx, first: HouseholdView, second: HouseholdView) -> tuple[Match, ...]:
    """Put the people of the two side by side: who is surely one, then who is alike, then the others."""
    people = people_of(tx, (first.id, second.id))
    lines = {one.id: one for one in (*first.members, *second.members)}
    left, right = list(people[first.id]), list(people[second.id])
    made: list[Match] = []
    for one, other, is_same in _twins(left, right):
        left.remove(one)
        right.remove(other)
        made.append(
            Match(
                first=lines[one.member_id],
                second=lines[other.member_id],
                is_same=is_same,
                is_same_nik=one.nik_bidx is not None and one.nik_bidx == other.nik_bidx,
                is_same_birth=one.birth_on is not None and one.birth_on == other.birth_on,
            )
        )
    made += [_alone(lines[one.member_id], None) for one in left]
    return (*made, *(_alone(None, lines[one.member_id]) for one in right))


def _alone(first: MemberLine | None, second: MemberLine | None) -> Match:
    return Match(first=first, second=second, is_same=False, is_same_nik=False, is_same_birth=False)


def _twins(left: Sequence[Someone], right: Sequence[Someone]) -> Iterable[tuple[Someone, Someone, bool]]:
    ranked = sorted(
        (
            (0 if is_same else 1, -permille, place, number, one, other, is_same)
            for place, one in enumerate(left)
            for number, other in enumerate(right)
            for is_same in (is_same_person(_identified(one), _identified(other)),)
            for permille in (alike(one, other),)
            if is_same or permille
        ),
        key=lambda found: found[:4],
    )
    taken: set[UUID] = set()
    for *_, one, other, is_same in ranked:
        if not {one.member_id, other.member_id} & taken:
            taken |= {one.member_id, other.member_id}
            yield one, other, is_same


def _identified(one: Someone) -> Identified:
    return Identified(name=one.name, birth_on=one.birth_on, nik_bidx=one.nik_bidx)


def _better(first: HouseholdView, second: HouseholdView, held: frozenset[UUID]) -> UUID:
    """Choose the one that says more; a household that others were merged into must stay."""

    def says(one: HouseholdView) -> tuple[bool | int, ...]:
        return (
            one.id in held, not one.is_provisional, one.kk is not None, one.position_source is not None,
            len(one.members),
        )  # fmt: skip

    return first.id if says(first) >= says(second) else second.id
