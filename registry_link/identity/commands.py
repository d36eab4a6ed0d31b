"""Two households that are one: found by their data or named by a person, decided by two people, undone by two."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.permissions import Reach
from core.privacy.numbers import holds_number
from core.states import move
from core.work import Tx
from registry_link.households.bulk import put_rows
from registry_link.households.linking import Basis, current_links, settle_suspects
from registry_link.households.merged import Before, Carried, carry_over, fill_again, give_back
from registry_link.households.numbering import bump_stamp
from registry_link.households.pairing import (
    Pair,
    Standing,
    changed_among,
    ordered,
    people_of,
    standings,
    suspected,
)
from registry_link.households.queries import household_id_of
from registry_link.households.states import LINK_MOVES, LinkAct
from registry_link.households.words import refresh_words
from registry_link.identity.models import (
    DuplicatePair,
    DuplicateSearch,
    HouseholdMerge,
    HouseholdMergeMember,
    IdentityProposal,
)
from registry_link.identity.rules import alike, evidence_of, kinds_of, may_decide, score_of
from registry_link.identity.states import (
    PAIR_MOVES,
    PROPOSAL_MOVES,
    Evidence,
    PairAct,
    PairState,
    ProposalAct,
    ProposalState,
    Verdict,
)

LEAST_REASON: Final = 10
MOST_REASON: Final = 500
MOST_OPEN: Final = 20_000
"""Open pairs that are listed at one time: two people could not look at more before the next snapshot."""
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What the data say of a pair."""

    shares_nik: bool = False
    shares_kk: bool = False
    name_permille: int = 0

    @property
    def evidence(self) -> Evidence:
        return evidence_of(shares_nik=self.shares_nik, shares_kk=self.shares_kk, name_permille=self.name_permille)

    @property
    def kinds(self) -> frozenset[Evidence]:
        return kinds_of(shares_nik=self.shares_nik, shares_kk=self.shares_kk, name_permille=self.name_permille)

    @property
    def score(self) -> int:
        return score_of(shares_nik=self.shares_nik, shares_kk=self.shares_kk, name_permille=self.name_permille)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found over the whole registry."""

    version: int
    """Of the registry when the search began."""
    before: int | None
    """What the search before it had said of that; None where it is the first."""
    began_at: datetime
    since: datetime
    """By names only households that have changed since then were compared; by numbers all."""
    pairs: Mapping[Pair, Likeness]
    beyond: int = 0
    """Pairs by number that were only counted: of those that are listed already it cannot be told which they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What came of it."""

    new: int
    gone: int
    reopened: int
    left_out: int
    since: datetime
    """By names the next search compares households that have changed since then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    pair_id: UUID
    verdict: Verdict
    reason: str
    survivor_id: UUID | None = None
    """Which of the two stays, when they are to be merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePair:
    """Two households, by their codes, that somebody knows to be one."""

    first_code: str
    second_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    pair_id: UUID
    verdict: Verdict
    survivor_id: UUID | None = None
    merged_id: UUID | None = None


# ---------------------------------------------------------------- pairs


def ask_search(tx: Tx) -> None:
    """Let the next search compare the whole registry again, whatever has changed. Raises: Forbidden."""
    tx.require("identity.propose")
    _note_search(tx, version=-1, searched_at=LONG_AGO, left_out=None)
    tx.note("identity.ask_search", "office", tx.regency_code)


def keep_pairs(tx: Tx, found: Found) -> Kept:
    """Take over what a search found: new pairs are opened, open ones that nothing speaks for any more are dropped.

    A pair that was kept as two opens again when another kind of evidence has come up. What was proposed or decided
    stays.
    """
    known = {(row.first_id, row.second_id): row for row in _known(tx)}
    proposed = set(tx.session.scalars(
        sa.select(IdentityProposal.pair_id).where(IdentityProposal.regency_code == tx.regency_code).distinct()
    ))  # fmt: skip
    looked = changed_among(
        tx, {one for pair, row in known.items() if row.name_permille for one in pair}, found.since
    )  # fmt: skip
    gone, reopened = [], 0
    for pair, row in known.items():
        now = found.pairs.get(pair, Likeness())
        if row.name_permille and not now.name_permille and not looked.intersection(pair):
            # Neither has changed since they were compared by name.
            now = Likeness(shares_nik=now.shares_nik, shares_kk=now.shares_kk, name_permille=row.name_permille)
        if found.beyond:
            now = replace(
                now, shares_nik=now.shares_nik or row.shares_nik, shares_kk=now.shares_kk or row.shares_kk
            )  # fmt: skip
        if row.state is PairState.MERGED:
            continue
        if now.kinds:
            _tell_likeness(tx, row, now)
            if row.state is PairState.DISTINCT and now.kinds - _kinds(row.settled):
                move(tx, DuplicatePair, row.id, PairAct.REOPEN, PAIR_MOVES, decided_at=None)
                reopened += 1
        elif row.state is PairState.OPEN and row.evidence is not Evidence.TOLD and row.id not in proposed:
            gone.append(row.id)
    for start in range(0, len(gone), _AT_ONCE):
        tx.session.execute(sa.delete(DuplicatePair).where(DuplicatePair.id.in_(gone[start : start + _AT_ONCE])))
    new = sorted((pair for pair in found.pairs if pair not in known), key=lambda one: (-found.pairs[one].score, one))
    is_open = sum(row.state is PairState.OPEN for row in known.values()) - len(gone) + reopened
    room = max(0, MOST_OPEN - is_open)
    columns = ("id", "regency_code", "first_id", "second_id", "shares_nik", "shares_kk", "name_permille", "evidence",
               "score", "state", "found_at", "settled", "decided_at")  # fmt: skip
    put_rows(
        tx, DuplicatePair, columns,
        [
            (new_id, tx.regency_code, *pair, one.shares_nik, one.shares_kk, one.name_permille, one.evidence, one.score,
             PairState.OPEN, tx.now, "", None)
            for new_id, pair in zip(tx.new_ids(len(new[:room])), new[:room], strict=True)
            for one in (found.pairs[pair],)
        ],
    )  # fmt: skip
    # Numbers are always compared all; whoever was left out that only a name points to must be looked for again.
    since = LONG_AGO if any(found.pairs[one].name_permille for one in new[room:]) else found.began_at
    kept = Kept(
        new=len(new[:room]), gone=len(gone), reopened=reopened, left_out=len(new[room:]) + found.beyond, since=since
    )  # fmt: skip
    if kept.new or kept.gone or kept.reopened:
        tx.note("identity.search", "office", tx.regency_code, new=kept.new, gone=kept.gone, reopened=kept.reopened,
                left_out=kept.left_out)  # fmt: skip
    return kept


def end_search(tx: Tx, found: Found, kept: Kept) -> None:
    """Say that everything of a search is written down; whatever is cut before that is searched again.

    Whoever asked meanwhile that all be compared again is not forgotten: the next search does.
    """
    said = tx.session.scalar(
        sa.select(DuplicateSearch.version).where(DuplicateSearch.regency_code == tx.regency_code).with_for_update()
    )
    if said == found.before:
        _note_search(tx, version=found.version, searched_at=kept.since, left_out=kept.left_out)


def name_pair(tx: Tx, order: NamePair) -> UUID:
    """Put two households beside each other that somebody takes for one, and give the pair.

    Raises: Forbidden; Invalid for a code that is unknown or out of reach, and for one and the same; Conflict when one
    is merged already.
    """
    reach = tx.require("identity.propose")
    ids = []
    for field, typed in (("first_code", order.first_code), ("second_code", order.second_code)):
        code = typed.strip().upper()[:20]
        found = household_id_of(tx, code)
        # Out of reach is as unknown: nobody tries codes out to learn what other villages have.
        if found is None or not reach.has_village(standings(tx, [found])[found].village_code):
            raise Invalid("identity.unknown_code", field=field, code=code)
        ids.append(found)
    if ids[0] == ids[1]:
        raise Invalid("identity.same_household", field="second_code")
    pair = ordered(ids[0], ids[1])
    known = tx.session.scalar(
        sa.select(DuplicatePair.id).where(DuplicatePair.first_id == pair[0], DuplicatePair.second_id == pair[1])
    )
    if known is not None:
        return known
    there = standings(tx, pair)
    _refuse_unready(there, pair)
    like = compare(tx, pair, there)
    pair_id = tx.new_id()
    tx.session.add(
        DuplicatePair(
            id=pair_id, regency_code=tx.regency_code, first_id=pair[0], second_id=pair[1], shares_nik=like.shares_nik,
            shares_kk=like.shares_kk, name_permille=like.name_permille, evidence=like.evidence, score=like.score,
            state=PairState.OPEN, found_at=tx.now, settled="", decided_at=None,
        )
    )  # fmt: skip
    tx.session.flush()
    tx.note("identity.name_pair", "duplicate_pair", pair_id, evidence=like.evidence.value)
    return pair_id


def compare(tx: Tx, pair: Pair, there: Mapping[UUID, Standing]) -> Likeness:
    """Tell what the data of two households say of them."""
    people = people_of(tx, pair)
    cards = [there[one].cards for one in pair]
    numbers = [{one.nik_bidx for one in people[each] if one.nik_bidx} for each in pair]
    return Likeness(
        shares_nik=bool(numbers[0] & numbers[1]), shares_kk=bool(cards[0] & cards[1]),
        name_permille=max((alike(one, other) for one in people[pair[0]] for other in people[pair[1]]), default=0),
    )  # fmt: skip


def _known(tx: Tx) -> Collection[Any]:
    columns = ("id", "first_id", "second_id", "shares_nik", "shares_kk", "name_permille", "evidence", "state",
               "settled")  # fmt: skip
    query = sa.select(*(getattr(DuplicatePair, name) for name in columns))
    return tx.session.execute(query.where(DuplicatePair.regency_code == tx.regency_code)).all()


def _tell_likeness(tx: Tx, row: Any, now: Likeness) -> None:
    if (row.shares_nik, row.shares_kk, row.name_permille) == (now.shares_nik, now.shares_kk, now.name_permille):
        return
    tx.session.execute(
        sa.update(DuplicatePair)
        .where(DuplicatePair.id == row.id)
        .values(
            shares_nik=now.shares_nik, shares_kk=now.shares_kk, name_permille=now.name_permille,
            evidence=now.evidence, score=now.score,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def unsettled(tx: Tx, *, everything_is_listed: bool) -> tuple[UUID, ...]:
    """Give the households whose links are to follow what is suspected and what was decided; changes nothing."""
    wanted = _to_settle(tx, None, everything_is_listed=everything_is_listed)
    links = current_links(tx, sorted(frozenset().union(*(ids for _, ids in wanted))))
    return tuple(
        one for one, link in sorted(links.items())
        if any(one in ids and (link.state, act) in LINK_MOVES for act, ids in wanted)
    )  # fmt: skip


def settle_links(tx: Tx, ids: Collection[UUID], *, everything_is_listed: bool) -> int:
    """Bring links of these households to what is suspected and to what was decided; tells how many steps that took.

    The import itself suspects by number whoever shares one with a household that was there already. What was decided
    since ``unsettled`` named them counts.
    """
    about = Basis(subject="duplicate_pair")
    return sum(
        settle_suspects(tx, sorted(mine), act, about)
        for act, mine in _to_settle(tx, ids, everything_is_listed=everything_is_listed) if mine
    )  # fmt: skip


def _to_settle(
    tx: Tx, among: Collection[UUID] | None, *, everything_is_listed: bool
) -> tuple[tuple[LinkAct, frozenset[UUID]], ...]:
    """Tell which step is due for whom, in the order of the steps."""
    waiting, merged = suspected(tx, among)
    by_nik, undecided = _undecided(tx, among, DuplicatePair.shares_nik.is_(True)), _undecided(tx, among)
    return (
        (LinkAct.SUSPECT, (by_nik - waiting) | merged), (LinkAct.MERGE, merged),
        (LinkAct.KEEP_DISTINCT, waiting - undecided if everything_is_listed else frozenset()),
    )  # fmt: skip


def merges_to_fill(tx: Tx) -> tuple[UUID, ...]:
    """Give the merges in effect whose household got something from the other one, the earliest first."""
    query = sa.select(HouseholdMerge.id).where(
        HouseholdMerge.regency_code == tx.regency_code, HouseholdMerge.undone_at.is_(None), HouseholdMerge.filled != ""
    )
    return tuple(tx.session.scalars(query.order_by(HouseholdMerge.merged_at, HouseholdMerge.id)))


def fill_merged(tx: Tx, merge_ids: Sequence[UUID]) -> None:
    """Give merged households' survivors again what a newer file has emptied and the other one still knows."""
    merges = tx.session.execute(
        sa.select(HouseholdMerge.id, HouseholdMerge.survivor_id, HouseholdMerge.merged_id, HouseholdMerge.filled)
        .where(HouseholdMerge.id.in_(merge_ids), HouseholdMerge.undone_at.is_(None))
        .order_by(HouseholdMerge.merged_at, HouseholdMerge.id)
    ).all()
    touched = []
    for merge in merges:
        filled = json.loads(merge.filled)
        if given := fill_again(tx, merge.survivor_id, merge.merged_id, filled):
            told = json.dumps({**filled, **given}, ensure_ascii=False)
            tx.session.execute(
                sa.update(HouseholdMerge)
                .where(HouseholdMerge.id == merge.id)
                .values(filled=told)
                .execution_options(synchronize_session=False)
            )
            touched.append(merge.survivor_id)
    if touched:
        refresh_words(tx, touched)
        bump_stamp(tx)


def _undecided(tx: Tx, among: Collection[UUID] | None, *where: sa.ColumnElement[bool]) -> frozenset[UUID]:
    """Give who stands in a pair that nobody has decided; ``among``: of these few."""
    query = sa.select(DuplicatePair.first_id, DuplicatePair.second_id).where(
        DuplicatePair.regency_code == tx.regency_code, DuplicatePair.state == PairState.OPEN, *where
    )
    if among is None:
        return frozenset(one for row in tx.session.execute(query) for one in row)
    query = query.where(sa.or_(DuplicatePair.first_id.in_(among), DuplicatePair.second_id.in_(among)))
    return frozenset(one for row in tx.session.execute(query) for one in row) & frozenset(among)


def _note_search(tx: Tx, *, version: int, searched_at: datetime, left_out: int | None) -> None:
    row = tx.session.get(DuplicateSearch, tx.regency_code, populate_existing=True)
    if row is None:
        row = DuplicateSearch(regency_code=tx.regency_code, left_out=0)
        tx.session.add(row)
    row.version, row.searched_at = version, searched_at
    row.left_out = row.left_out if left_out is None else left_out
    tx.session.flush()


# ---------------------------------------------------------------- proposing


def propose(tx: Tx, order: Propose) -> UUID:
    """Propose what a pair is, and give the proposal's id; nothing changes before somebody else agrees.

    Raises: Forbidden; NotFound for a pair out of reach; Invalid for a reason that says nothing or a household that is
    none of the two; Conflict when the pair is decided, one of the two cannot be merged, or a proposal waits already.
    """
    reach = tx.require("identity.propose")
    pair = _pair(tx, order.pair_id, reach)
    reason = _words(order.reason, "reason", least=LEAST_REASON)
    if (order.survivor_id is not None) is not (order.verdict is Verdict.MERGE) or (
        order.survivor_id is not None and order.survivor_id not in (pair.first_id, pair.second_id)
    ):
        raise Invalid("identity.survivor", field="survivor_id")
    if (order.verdict is Verdict.UNDO) is (pair.state is PairState.OPEN):
        raise Conflict("identity.nothing_to_undo" if order.verdict is Verdict.UNDO else "identity.decided_already")
    _refuse_impossible(tx, pair, order.verdict, order.survivor_id)
    waiting = sa.select(IdentityProposal.id).where(
        IdentityProposal.pair_id == pair.id, IdentityProposal.state == ProposalState.PROPOSED
    )
    if tx.session.scalar(waiting) is not None:
        raise Conflict("identity.proposed_already")
    proposal_id = tx.new_id()
    tx.session.add(
        IdentityProposal(
            id=proposal_id, regency_code=tx.regency_code, pair_id=pair.id, verdict=order.verdict,
            survivor_id=order.survivor_id, state=ProposalState.PROPOSED, reason=reason, proposed_by=tx.actor.id,
            proposed_by_name=tx.actor.name, proposed_at=tx.now, decided_by=None, decided_by_name="", decided_at=None,
            decision_note="",
        )
    )  # fmt: skip
    tx.session.flush()
    tx.note("identity.propose", "duplicate_pair", pair.id, reason=reason, verdict=order.verdict.value)
    return proposal_id


def withdraw(tx: Tx, proposal_id: UUID, note: str = "") -> UUID:
    """Take one's own proposal back before it is decided; gives the pair. Raises: Forbidden, NotFound, Conflict."""
    row = _proposal(tx, proposal_id, tx.require("identity.propose"))
    if row.proposed_by != tx.actor.id:
        raise Conflict("identity.not_yours")
    _settle(tx, row, ProposalAct.WITHDRAW, _words(note, "note"))
    return row.pair_id  # type: ignore[no-any-return]


# ---------------------------------------------------------------- deciding


def approve(tx: Tx, proposal_id: UUID, note: str = "") -> Decided:
    """Agree to somebody else's proposal: the two are merged, kept as two, or their last decision is undone.

    Raises: Forbidden; NotFound; Conflict("identity.own") for one's own, or when it is decided or has become impossible;
    nothing is done then.
    """
    row = _to_decide(tx, proposal_id)
    _settle(tx, row, ProposalAct.APPROVE, _words(note, "note"))
    pair = _pair(tx, row.pair_id, None, lock=True)
    _refuse_impossible(tx, pair, row.verdict, row.survivor_id, lock=True)
    if row.verdict is Verdict.MERGE:
        return _merge(tx, pair, row.survivor_id)
    if row.verdict is Verdict.DISTINCT:
        _move(tx, pair, PairAct.PART)
        _keep_links(tx, pair, [pair.first_id, pair.second_id])
        return Decided(pair_id=pair.id, verdict=Verdict.DISTINCT)
    if pair.state is PairState.DISTINCT:
        _move(tx, pair, PairAct.UNDO)
        return Decided(pair_id=pair.id, verdict=Verdict.UNDO)
    return _part(tx, pair)


def refuse(tx: Tx, proposal_id: UUID, note: str) -> UUID:
    """Refuse somebody else's proposal, with the reason; gives the pair.

    Raises: Forbidden; NotFound; Invalid for a reason that says nothing; Conflict as ``approve``.
    """
    row = _to_decide(tx, proposal_id)
    _settle(tx, row, ProposalAct.REFUSE, _words(note, "note", least=LEAST_REASON))
    return row.pair_id  # type: ignore[no-any-return]


def _merge(tx: Tx, pair: Any, survivor_id: UUID) -> Decided:
    merged_id = pair.second_id if survivor_id == pair.first_id else pair.first_id
    carried = carry_over(tx, survivor_id, merged_id)
    merge_id = tx.new_id()
    tx.session.add(
        HouseholdMerge(
            id=merge_id, regency_code=tx.regency_code, pair_id=pair.id, survivor_id=survivor_id, merged_id=merged_id,
            size_before=carried.size_before, size_after=carried.size_after,
            filled=json.dumps(dict(carried.filled), ensure_ascii=False) if carried.filled else "", merged_at=tx.now,
            undone_at=None,
        )
    )  # fmt: skip
    tx.session.flush()
    tx.session.add_all(
        HouseholdMergeMember(
            merge_id=merge_id, member_id=one.member_id, fate=one.fate, member_key=one.member_key,
            position=one.position, relation=one.relation, row_hash=one.row_hash,
        )
        for one in carried.members
    )  # fmt: skip
    tx.session.flush()
    _move(tx, pair, PairAct.MERGE)
    for act in (LinkAct.SUSPECT, LinkAct.MERGE):
        settle_suspects(tx, [merged_id], act, _about(pair))
    _keep_links(tx, pair, [survivor_id])
    _follow(tx, survivor_id, merged_id)
    tx.note("household.merge", "household", merged_id, into=str(survivor_id), members=len(carried.members),
            filled=sorted(carried.filled))  # fmt: skip
    return Decided(pair_id=pair.id, verdict=Verdict.MERGE, survivor_id=survivor_id, merged_id=merged_id)


def _part(tx: Tx, pair: Any) -> Decided:
    merge = tx.session.execute(
        sa.select(HouseholdMerge.id, HouseholdMerge.survivor_id, HouseholdMerge.merged_id,
                  HouseholdMerge.size_before, HouseholdMerge.size_after, HouseholdMerge.filled)
        .where(HouseholdMerge.pair_id == pair.id, HouseholdMerge.undone_at.is_(None))
    ).one()  # fmt: skip
    members = tx.session.scalars(sa.select(HouseholdMergeMember).where(HouseholdMergeMember.merge_id == merge.id)).all()
    was = Carried(
        members=tuple(
            Before(
                member_id=one.member_id, fate=one.fate, member_key=one.member_key, position=one.position,
                relation=one.relation, row_hash=one.row_hash,
            )
            for one in members
        ),
        size_before=merge.size_before, size_after=merge.size_after,
        filled=json.loads(merge.filled) if merge.filled else {},
    )  # fmt: skip
    give_back(tx, merge.survivor_id, merge.merged_id, was)
    tx.session.execute(
        sa.update(HouseholdMerge)
        .where(HouseholdMerge.id == merge.id)
        .values(undone_at=tx.now)
        .execution_options(synchronize_session=False)
    )
    _move(tx, pair, PairAct.UNDO)
    settle_suspects(tx, [merge.merged_id], LinkAct.SEPARATE, _about(pair))
    _follow(tx, merge.survivor_id, merge.merged_id)
    tx.note("household.part", "household", merge.merged_id, out_of=str(merge.survivor_id))
    return Decided(
        pair_id=pair.id, verdict=Verdict.UNDO, survivor_id=merge.survivor_id, merged_id=merge.merged_id
    )  # fmt: skip


def _keep_links(tx: Tx, pair: Any, household_ids: Sequence[UUID]) -> None:
    """Let the links go on of those who stand in no other pair that waits."""
    undecided = _undecided(tx, household_ids)
    settled = [one for one in household_ids if one not in undecided]
    settle_suspects(tx, settled, LinkAct.KEEP_DISTINCT, _about(pair))


def _about(pair: Any) -> Basis:
    return Basis(subject="duplicate_pair", subject_id=pair.id)


def _follow(tx: Tx, survivor_id: UUID, merged_id: UUID) -> None:
    """Bring up to date what is derived from the two."""
    tx.session.flush()
    refresh_words(tx, [survivor_id, merged_id])
    bump_stamp(tx)


def _move(tx: Tx, pair: Any, act: PairAct) -> None:
    undone = act is PairAct.UNDO
    kinds = kinds_of(shares_nik=pair.shares_nik, shares_kk=pair.shares_kk, name_permille=pair.name_permille)
    move(
        tx, DuplicatePair, pair.id, act, PAIR_MOVES, decided_at=None if undone else tx.now,
        settled="" if undone else ",".join(sorted(kinds)),
    )  # fmt: skip


def _words(text: str, field: str, *, least: int = 0) -> str:
    """Raises: Invalid for too few or too many letters, and for a number of a person in them."""
    told = " ".join(text.split())
    if not least <= len(told) <= MOST_REASON:
        raise Invalid("identity.reason", field=field, least=least, most=MOST_REASON)
    if holds_number(told):
        raise Invalid("privacy.number_in_text", field=field)
    return told


def _settle(tx: Tx, row: Any, act: ProposalAct, told: str) -> None:
    move(
        tx, IdentityProposal, row.id, act, PROPOSAL_MOVES, reason=told, decided_by=tx.actor.id,
        decided_by_name=tx.actor.name, decided_at=tx.now, decision_note=told,
    )  # fmt: skip


# ---------------------------------------------------------------- parts


def _to_decide(tx: Tx, proposal_id: UUID) -> Any:
    row = _proposal(tx, proposal_id, tx.require("identity.decide"))
    refused = may_decide(actor_id=tx.actor.id, proposed_by=row.proposed_by)
    if row.state is ProposalState.PROPOSED and refused:
        raise Conflict(refused)
    return row


def _proposal(tx: Tx, proposal_id: UUID, reach: Reach) -> Any:
    """Lock one proposal, so that the second of two who decide at once sees the first one's decision."""
    row = tx.session.execute(
        sa.select(
            IdentityProposal.id, IdentityProposal.pair_id, IdentityProposal.verdict, IdentityProposal.survivor_id,
            IdentityProposal.state, IdentityProposal.proposed_by,
        )
        .where(IdentityProposal.id == proposal_id, IdentityProposal.regency_code == tx.regency_code)
        .with_for_update()
    ).first()  # fmt: skip
    if row is None:
        raise NotFound("identity.proposal_not_found")
    _pair(tx, row.pair_id, reach)
    return row


def _pair(tx: Tx, pair_id: UUID, reach: Reach | None, *, lock: bool = False) -> Any:
    """Raises: NotFound, also for a pair of which one household stands outside the reach."""
    query = sa.select(DuplicatePair).where(
        DuplicatePair.id == pair_id, DuplicatePair.regency_code == tx.regency_code
    )  # fmt: skip
    query = query.with_for_update() if lock else query
    row = tx.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound("identity.pair_not_found")
    if reach is not None and not reach.is_all:
        there = standings(tx, (row.first_id, row.second_id))
        if not all(reach.has_village(one.village_code) for one in there.values()):
            raise NotFound("identity.pair_not_found")
    return row


def _refuse_impossible(
    tx: Tx, pair: Any, verdict: Verdict, survivor_id: UUID | None, *, lock: bool = False
) -> None:  # fmt: skip
    ids = (pair.first_id, pair.second_id)
    there = standings(tx, ids, lock=lock)
    if verdict is Verdict.MERGE:
        _refuse_unready(there, ids)
        merged_id = ids[1] if survivor_id == ids[0] else ids[0]
        if there[merged_id].has_merged:
            raise Conflict("identity.has_merged", code=there[merged_id].code)
    if verdict is Verdict.UNDO and any(one.is_erased for one in there.values()):
        raise Conflict("identity.erased")


def _refuse_unready(there: Mapping[UUID, Standing], ids: Pair) -> None:
    for one in ids:
        if there[one].is_erased:
            raise Conflict("identity.erased")
        if there[one].merged_into_id is not None:
            raise Conflict("identity.merged_already", code=there[one].code)


def _kinds(settled: str) -> frozenset[Evidence]:
    return frozenset(Evidence(one) for one in settled.split(",") if one)
