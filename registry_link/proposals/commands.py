"""A village proposes, the office checks, the head determines, a numbered list goes up, the ministry answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.numbering import next_number
from core.privacy.numbers import holds_number
from core.states import move
from core.work import Tx
from registry_link.households.departures import LONGEST_NUMBER, Door, door, left_by
from registry_link.households.linking import Basis, Link, current_links, move_link, move_links
from registry_link.households.states import ENDED_LINKS, LinkAct, LinkState
from registry_link.proposals.models import LinkProposal, Submission
from registry_link.proposals.rules import ENDS, cannot_add, fits, refused_to, stopped
from registry_link.proposals.states import (
    OPEN,
    PROPOSAL_MOVES,
    ProposalAct,
    ProposalKind,
    ProposalReason,
    ProposalState,
)

LONGEST_NOTE: Final = 500
LEAST_REASON: Final = 5
LEAST_WHY: Final = 10
MOST_AT_ONCE: Final = 2000
_TABLE: Final = cast(sa.Table, LinkProposal.__table__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """By the household's own village, with the minutes of its Musdes or Muskel."""

    kind: ProposalKind
    household_id: UUID
    reason: ProposalReason
    basis_no: str
    basis_on: date
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Determine:
    proposal_ids: tuple[UUID, ...]
    decree_no: str
    decree_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A proposal that went no further, with the code of why: its household died or moved away meanwhile."""

    proposal_id: UUID
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Determined:
    proposals: int
    stopped: tuple[Stopped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    id: UUID | None
    """None where nothing was left to send."""
    number: str
    rows: int
    stopped: tuple[Stopped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerProposal:
    """What the ministry answered; a return says why."""

    proposal_id: UUID
    is_accepted: bool
    answer_no: str
    answer_on: date
    note: str = ""


def propose(tx: Tx, order: Propose) -> UUID:
    """Propose a household of one's own village, and give the proposal's id; its link, where it has one, moves.

    Raises: Forbidden; NotFound; Invalid; Conflict "link_proposal.open", "link_proposal.not_verified",
    "link_proposal.registered", "link_proposal.no_link", "link_proposal.ended", "departure.left_already".
    """
    reach = tx.require("proposal.make")
    home = door(tx, order.household_id, "proposal")
    reach.need_village(home.village_code, "household")
    if not fits(order.kind, order.reason):
        raise Invalid("link_proposal.reason_unfit", field="reason")
    note = _note(order.note)
    number = _basis(tx, order.basis_no, order.basis_on)
    link = current_links(tx, [home.household_id]).get(home.household_id)
    _check(tx, order.kind, home, link)
    proposal_id = tx.new_id()
    basis = Basis(
        number=number, on=order.basis_on, reason=order.reason.value, subject="link_proposal", subject_id=proposal_id
    )
    if link is not None and order.kind is ProposalKind.ADD:
        move_link(tx, link.id, LinkAct.PROPOSE, basis)
    tx.session.execute(
        sa.insert(_TABLE).values(
            id=proposal_id, regency_code=tx.regency_code, kind=order.kind, state=ProposalState.PROPOSED,
            reason=order.reason, note=note, household_id=home.household_id, link_id=link.id if link else None,
            village_code=home.village_code, basis_no=number, basis_on=order.basis_on, proposed_by=tx.actor.id,
            proposed_by_name=tx.actor.name, proposed_at=tx.now, verified_by=None, verified_by_name="",
            verified_at=None, determined_by=None, determined_by_name="", determined_at=None, decree_no="",
            decree_on=None, submission_id=None, closed_by_name="", closed_at=None, answer_no="", answer_on=None,
            decision_note="",
        )
    )  # fmt: skip
    tx.note(
        "link_proposal.propose", "link_proposal", proposal_id, reason=order.reason.value, kind=order.kind.value,
        village_code=home.village_code, basis_no=number,
    )  # fmt: skip
    return proposal_id


def withdraw(tx: Tx, proposal_id: UUID) -> None:
    """Take a proposal of one's own village back before it is checked. Raises: Forbidden; NotFound; Conflict."""
    reach = tx.require("proposal.make")
    row = _locked(tx, proposal_id)
    reach.need_village(row.village_code, "link_proposal")
    move(
        tx, LinkProposal, proposal_id, ProposalAct.WITHDRAW, PROPOSAL_MOVES, closed_by_name=tx.actor.name,
        closed_at=tx.now,
    )  # fmt: skip
    _let_link_follow(tx, row, LinkAct.WITHDRAW, Basis(reason="withdrawn"))


def verify(tx: Tx, proposal_id: UUID) -> None:
    """Find a village's proposal right.

    Raises: Forbidden; NotFound; Conflict "link_proposal.own", or with the code of why it goes no further.
    """
    tx.require("proposal.verify")
    row = _locked(tx, proposal_id)
    if refused := refused_to(tx.actor.id, row.proposed_by):
        raise Conflict(refused)
    if row.state is ProposalState.PROPOSED and (code := _stopped(tx, row, LinkAct.ACCEPT)):
        raise Conflict(code)
    move(
        tx, LinkProposal, proposal_id, ProposalAct.VERIFY, PROPOSAL_MOVES, verified_by=tx.actor.id,
        verified_by_name=tx.actor.name, verified_at=tx.now,
    )  # fmt: skip
    _move_link(tx, row, LinkAct.ACCEPT, Basis(number=row.basis_no, on=row.basis_on))


def refuse(tx: Tx, proposal_id: UUID, note: str) -> None:
    """Refuse a proposal, with the reason for the village. Raises: Forbidden; NotFound; Invalid; Conflict."""
    tx.require("proposal.verify")
    row = _locked(tx, proposal_id)
    told = _reason(note)
    if refused := refused_to(tx.actor.id, row.proposed_by):
        raise Conflict(refused)
    if row.state is ProposalState.DETERMINED:
        # A decree is undone by a decree.
        raise Conflict("link_proposal.cannot_refuse")
    move(
        tx, LinkProposal, proposal_id, ProposalAct.REFUSE, PROPOSAL_MOVES, closed_by_name=tx.actor.name,
        closed_at=tx.now, decision_note=told,
    )  # fmt: skip
    _let_link_follow(tx, row, LinkAct.REFUSE, Basis(reason="refused"))


def determine(tx: Tx, order: Determine) -> Determined:
    """Determine proposals that were found right, by a decree. Head of the office only.

    Whoever died or moved away meanwhile is refused with that reason, and the others go on; else all or none.
    Raises: Forbidden; NotFound; Invalid; Conflict "link_proposal.own" and others.
    """
    tx.require("proposal.determine")
    number = _basis(tx, order.decree_no, order.decree_on, field="decree_no")
    ids = list(dict.fromkeys(order.proposal_ids))
    if not ids or len(ids) > MOST_AT_ONCE:
        raise Invalid("link_proposal.choose", field="proposal_ids", most=MOST_AT_ONCE)
    stops: list[Stopped] = []
    for proposal_id in ids:
        row = _locked(tx, proposal_id)
        if refused := refused_to(tx.actor.id, row.proposed_by, row.verified_by):
            raise Conflict(refused)
        if row.state is ProposalState.VERIFIED and (code := _stopped(tx, row, LinkAct.DETERMINE)):
            stops.append(_stop(tx, row, code))
            continue
        move(
            tx, LinkProposal, proposal_id, ProposalAct.DETERMINE, PROPOSAL_MOVES, determined_by=tx.actor.id,
            determined_by_name=tx.actor.name, determined_at=tx.now, decree_no=number, decree_on=order.decree_on,
        )  # fmt: skip
        _move_link(tx, row, LinkAct.DETERMINE, Basis(number=number, on=order.decree_on))
    return Determined(proposals=len(ids) - len(stops), stopped=tuple(stops))


def submit(tx: Tx) -> Submitted:
    """Put every determined proposal on a new numbered list for the ministry.

    Whoever died or moved away meanwhile is refused with that reason, and the others go on.
    Raises: Forbidden; Conflict "link_proposal.none_determined".
    """
    tx.require("proposal.submit")
    rows = tx.session.execute(
        sa.select(_TABLE)
        .where(_TABLE.c.regency_code == tx.regency_code, _TABLE.c.state == ProposalState.DETERMINED)
        .order_by(_TABLE.c.village_code, _TABLE.c.proposed_at, _TABLE.c.id)
        .limit(MOST_AT_ONCE)
        .with_for_update()
    ).all()
    if not rows:
        raise Conflict("link_proposal.none_determined")
    codes = {row.id: _stopped(tx, row, LinkAct.SUBMIT) for row in rows}
    stops = tuple(_stop(tx, row, code) for row in rows if (code := codes[row.id]))
    rows = [row for row in rows if not codes[row.id]]
    if not rows:
        return Submitted(id=None, number="", rows=0, stopped=stops)
    number, submission_id = next_number(tx, "USL", tx.today), tx.new_id()
    tx.session.execute(
        sa.insert(Submission).values(
            id=submission_id, regency_code=tx.regency_code, number=number, rows=len(rows), made_by=tx.actor.id,
            made_by_name=tx.actor.name, made_at=tx.now,
        )
    )  # fmt: skip
    for row in rows:
        move(tx, LinkProposal, row.id, ProposalAct.SUBMIT, PROPOSAL_MOVES, submission_id=submission_id)
        _move_link(tx, row, LinkAct.SUBMIT, Basis(number=number, on=tx.today))
    tx.note("submission.make", "submission", submission_id, number=number, rows=len(rows))
    return Submitted(id=submission_id, number=number, rows=len(rows), stopped=stops)


def take_file(tx: Tx, submission_id: UUID, why: str) -> None:
    """Say why a list's file with whole numbers is taken: the audit keeps it. Raises: Forbidden; NotFound; Invalid."""
    tx.require("proposal.submit")
    plain = _note(why)
    if len(plain) < LEAST_WHY:
        raise Invalid("household.reason_short", field="note", least=LEAST_WHY)
    number = tx.session.scalar(
        sa.select(Submission.number).where(Submission.id == submission_id, Submission.regency_code == tx.regency_code)
    )
    if number is None:
        raise NotFound("submission.not_found")
    tx.note("submission.take_file", "submission", submission_id, reason=plain, number=number)


def answer(tx: Tx, order: AnswerProposal) -> None:
    """Record what the ministry answered: an accepted addition is registered, an accepted removal ends the link.

    The answer on whoever died or moved away meanwhile is kept too; the link stays ended, and the proposal says why.
    Raises: Forbidden; NotFound; Invalid; Conflict.
    """
    tx.require("proposal.submit")
    row = _locked(tx, order.proposal_id)
    number = _basis(tx, order.answer_no, order.answer_on, field="answer_no", on_field="answer_on")
    told = _note(order.note) if order.is_accepted else _reason(order.note)
    basis = Basis(number=number, on=order.answer_on, reason=row.reason.value)
    also: dict[str, Any] = {
        "closed_by_name": tx.actor.name, "closed_at": tx.now, "answer_no": number, "answer_on": order.answer_on,
        "decision_note": told,
    }  # fmt: skip
    act = ProposalAct.ACCEPT if order.is_accepted else ProposalAct.RETURN
    onward = LinkAct.REGISTER if order.is_accepted else LinkAct.RETURN
    code = _stopped(tx, row, onward) or ""
    move(tx, LinkProposal, row.id, act, PROPOSAL_MOVES, **also, closing_code=code)
    if row.kind is ProposalKind.ADD and not code:
        _move_link(tx, row, onward, basis)
    elif order.is_accepted and row.link_id is not None:
        link = current_links(tx, [row.household_id]).get(row.household_id)
        if link is not None and link.state not in ENDED_LINKS:
            move_link(tx, link.id, ENDS[row.reason], _of(row, basis))


# ---------------------------------------------------------------- parts


def _check(tx: Tx, kind: ProposalKind, home: Door, link: Link | None) -> None:
    if home.left_on is not None:
        raise Conflict("departure.left_already")
    waiting = tx.session.scalar(
        sa.select(_TABLE.c.id).where(_TABLE.c.household_id == home.household_id, _TABLE.c.state.in_(OPEN))
    )
    if waiting is not None:
        raise Conflict("link_proposal.open")
    if kind is ProposalKind.ADD:
        if refused := cannot_add(link.state if link else None):
            raise Conflict(refused)
        return
    if link is None:
        raise Conflict("link_proposal.no_link")
    if link.state in ENDED_LINKS or link.state is LinkState.MERGED:
        raise Conflict("link_proposal.ended")


def _move_link(tx: Tx, row: Any, act: LinkAct, basis: Basis) -> None:
    """Let the link of an addition go along; a removal moves it only when it is accepted.

    By the household: a newer snapshot may have brought a link of its own meanwhile, which stands where this one did.
    """
    if row.link_id is None or row.kind is not ProposalKind.ADD:
        return
    link = current_links(tx, [row.household_id]).get(row.household_id)
    move_link(tx, link.id if link is not None else row.link_id, act, _of(row, basis))


def _let_link_follow(tx: Tx, row: Any, act: LinkAct, basis: Basis) -> None:
    """Do as ``_move_link`` where there is such a step; whose link has ended meanwhile stays ended."""
    if row.link_id is None or row.kind is not ProposalKind.ADD:
        return
    link = current_links(tx, [row.household_id]).get(row.household_id)
    move_links(tx, [link.id if link is not None else row.link_id], act, _of(row, basis))


def _stopped(tx: Tx, row: Any, act: LinkAct) -> str | None:
    """Give the code of why a proposal goes no further; a removal always does."""
    if row.kind is not ProposalKind.ADD:
        return None
    link = current_links(tx, [row.household_id]).get(row.household_id)
    return stopped(link.state if link is not None else None, act, left_by(tx, row.household_id))


def _stop(tx: Tx, row: Any, code: str) -> Stopped:
    """Refuse a proposal that goes no further by itself."""
    move(
        tx, LinkProposal, row.id, ProposalAct.REFUSE, PROPOSAL_MOVES, reason=code, closed_by_name=tx.actor.name,
        closed_at=tx.now, closing_code=code,
    )  # fmt: skip
    _let_link_follow(tx, row, LinkAct.REFUSE, Basis(reason="refused"))
    return Stopped(proposal_id=row.id, code=code)


def _of(row: Any, basis: Basis) -> Basis:
    return Basis(
        number=basis.number, on=basis.on, reason=basis.reason or row.reason.value, subject="link_proposal",
        subject_id=row.id,
    )  # fmt: skip


def _locked(tx: Tx, proposal_id: UUID) -> Any:
    row = tx.session.execute(
        sa.select(_TABLE).where(_TABLE.c.id == proposal_id, _TABLE.c.regency_code == tx.regency_code).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("link_proposal.not_found")
    return row


def _basis(tx: Tx, number: str, on: date, *, field: str = "basis_no", on_field: str = "") -> str:
    plain = " ".join(number.split())
    if not plain or len(plain) > LONGEST_NUMBER:
        raise Invalid("link.basis_missing", field=field, most=LONGEST_NUMBER)
    if holds_number(plain):
        raise Invalid("privacy.number_in_text", field=field)
    if on > tx.today:
        raise Invalid("link.in_future", field=on_field or field.replace("_no", "_on"))
    return plain


def _note(text: str) -> str:
    plain = " ".join(text.split())
    if len(plain) > LONGEST_NOTE:
        raise Invalid("link.note_long", field="note", most=LONGEST_NOTE)
    if holds_number(plain):
        raise Invalid("privacy.number_in_text", field="note")
    return plain


def _reason(text: str) -> str:
    plain = _note(text)
    if len(plain) < LEAST_REASON:
        raise Invalid("link_proposal.reason_short", field="note", least=LEAST_REASON)
    return plain
