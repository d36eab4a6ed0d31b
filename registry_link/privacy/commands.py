"""Erasure asked for by one and decided by another; copies for the household they are about."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.privacy.held import Subject, erase
from core.privacy.numbers import holds_number
from core.states import move
from core.work import Tx
from registry_link.households.erased import Home, homes, homes_where, mark_erased, remember_numbers
from registry_link.households.holding import hold
from registry_link.households.known import forget_all_numbers, know_numbers
from registry_link.households.marks import forget_marks
from registry_link.households.merged import merged_into
from registry_link.households.numbering import bump_stamp
from registry_link.households.words import forget_words
from registry_link.privacy.copying import Copy, make_bundle
from registry_link.privacy.models import Erasure, SubjectExport
from registry_link.privacy.rules import LONGEST_TEXT, SHORTEST_REASON, ground_fits, is_shown, may_decide
from registry_link.privacy.states import ERASURE_MOVES, Asker, ErasureAct, ErasureState, Ground, IdentityDocument

LEAST_NOTE = 5

Waiting = Callable[[Tx, Sequence[UUID]], Sequence[str]]
"""Gives the codes of these households' packages that are still to be handed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskErasure:
    household_id: UUID
    ground: Ground
    reason: str
    asked_for: Asker
    """Who asked the office."""
    identity_document: IdentityDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeCopy:
    household_id: UUID
    asked_for: Asker
    identity_document: IdentityDocument
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A request as deciding needs it."""

    state: ErasureState
    household_id: UUID
    asked_by: str
    village_code: str


def ask_erasure(tx: Tx, order: AskErasure) -> UUID:
    """Ask that a household be erased; nothing is erased by asking.

    Raises: Forbidden; NotFound; Invalid; Conflict "erasure.erased", "erasure.merged" with the code of the household
    that it is now, "erasure.asked_already".
    """
    reach = tx.require("privacy.erase")
    household = _household(tx, order.household_id)
    if not reach.has_village(household.village_code):
        raise NotFound("household.not_found")
    reason = _text(order.reason, "reason", SHORTEST_REASON)
    _check_asker(order.asked_for, order.identity_document)
    if not ground_fits(order.ground, order.asked_for):
        raise Invalid("erasure.ground", field="ground")
    _refuse_merged(tx, household)
    waiting = sa.select(Erasure.id).where(
        Erasure.household_id == order.household_id, Erasure.state == ErasureState.ASKED
    )
    if tx.session.scalar(waiting) is not None:
        raise Conflict("erasure.asked_already")
    erasure_id = tx.new_id()
    tx.session.execute(sa.insert(Erasure).values(
        id=erasure_id, regency_code=tx.regency_code, household_id=order.household_id, state=ErasureState.ASKED,
        ground=order.ground, reason=reason, asked_for=order.asked_for, identity_document=order.identity_document,
        asked_by=tx.actor.id, asked_by_name=tx.actor.name, asked_at=tx.now, decided_by=None, decided_by_name="",
        decided_at=None, decision_note="", cleared_rows=0, swept_at=None,
    ))  # fmt: skip
    tx.note("erasure.ask", "erasure", erasure_id, reason=reason, household_id=str(order.household_id),
            ground=order.ground.value)  # fmt: skip
    return erasure_id


def approve_erasure(tx: Tx, erasure_id: UUID, note: str, waiting_of: Waiting) -> int:
    """Erase who a household is, for good: names, numbers, places and traits go, the books keep its code and amounts.

    Gives the number of rows that were cleared; rows that only opening shows to be its are cleared by ``sweep``.
    Raises: Forbidden; NotFound; Invalid; Conflict "erasure.own", "erasure.waiting" with the codes of packages that
    ``waiting_of`` it gives, "erasure.cannot_approve", "erasure.merged" where it was merged since.
    """
    row = _to_decide(tx, erasure_id)
    note = _text(note, "note", 0)
    done = 0
    if row.state is ErasureState.ASKED:
        # Held first: what it is merged with and what waits for it is asked when nobody can change that any more.
        hold(tx, (row.household_id,))
        _refuse_merged(tx, _household(tx, row.household_id))
        ids = (row.household_id, *merged_into(tx, row.household_id))
        hold(tx, ids)
        if waiting := waiting_of(tx, ids):
            raise Conflict("erasure.waiting", packages=list(waiting))
        remember_numbers(tx, erasure_id, ids)
        subject = Subject(tx.session, ids)
        forget_words(tx, ids)
        # Who moved here is written down where he lived before too.
        touched = homes_where(tx, subject.rows["member"])
        forget_all_numbers(tx, touched)
        done = erase(subject, tx.session)
        know_numbers(tx, touched)
        mark_erased(tx, ids)
        forget_marks(tx)
        bump_stamp(tx)
    move(
        tx, Erasure, erasure_id, ErasureAct.APPROVE, ERASURE_MOVES, reason=note, decided_by=tx.actor.id,
        decided_by_name=tx.actor.name, decided_at=tx.now, decision_note=note, cleared_rows=done,
    )  # fmt: skip
    tx.note("household.erase", "household", row.household_id, erasure_id=str(erasure_id), rows=done)
    return done


def refuse_erasure(tx: Tx, erasure_id: UUID, note: str) -> None:
    """Refuse a request, with the reason that the subject is told. Raises: Forbidden; NotFound; Invalid; Conflict."""
    _to_decide(tx, erasure_id)
    note = _text(note, "note", LEAST_NOTE)
    move(
        tx, Erasure, erasure_id, ErasureAct.REFUSE, ERASURE_MOVES, reason=note, decided_by=tx.actor.id,
        decided_by_name=tx.actor.name, decided_at=tx.now, decision_note=note,
    )  # fmt: skip


def withdraw_erasure(tx: Tx, erasure_id: UUID, note: str = "") -> None:
    """Take one's own request back. Raises: Forbidden; NotFound; Conflict "erasure.not_yours"."""
    reach = tx.require("privacy.erase")
    row = _locked(tx, erasure_id)
    if not reach.has_village(row.village_code):
        raise NotFound("erasure.not_found")
    note = _text(note, "note", 0)
    if row.asked_by != tx.actor.id:
        raise Conflict("erasure.not_yours")
    move(
        tx, Erasure, erasure_id, ErasureAct.WITHDRAW, ERASURE_MOVES, reason=note, decided_by=tx.actor.id,
        decided_by_name=tx.actor.name, decided_at=tx.now, decision_note=note,
    )  # fmt: skip


def make_copy(tx: Tx, order: MakeCopy) -> Copy:
    """Make the copy of everything that is held about a household, for whoever showed that it is theirs.

    The copy itself is kept nowhere: its hash and its size are. Raises: Forbidden; NotFound; Invalid; Conflict.
    """
    reach = tx.require("privacy.copy")
    household = _household(tx, order.household_id)
    if not reach.has_village(household.village_code):
        raise NotFound("household.not_found")
    note = _text(order.note, "note", 0)
    _check_asker(order.asked_for, order.identity_document)
    ids = (order.household_id, *merged_into(tx, order.household_id))
    made = make_bundle(tx, household.code, ids)
    digest = hashlib.sha256(made.content).hexdigest()
    export_id = tx.new_id()
    tx.session.execute(sa.insert(SubjectExport).values(
        id=export_id, regency_code=tx.regency_code, household_id=order.household_id, asked_for=order.asked_for,
        identity_document=order.identity_document, note=note, made_by=tx.actor.id, made_by_name=tx.actor.name,
        made_at=tx.now, rows=made.rows, sha256=digest,
    ))  # fmt: skip
    tx.note("privacy.copy", "household", order.household_id, export_id=str(export_id), rows=made.rows, sha256=digest,
            asked_for=order.asked_for.value)  # fmt: skip
    tx.saw("household", ids, "copy")
    return made


# ---------------------------------------------------------------- parts


def _household(tx: Tx, household_id: UUID) -> Home:
    """Raises: NotFound; Conflict for one that was erased."""
    found = homes(tx, [household_id]).get(household_id)
    if found is None:
        raise NotFound("household.not_found")
    if found.erased_at is not None:
        raise Conflict("erasure.erased", code=found.code)
    return found


def _refuse_merged(tx: Tx, household: Home) -> None:
    """Raises: Conflict with the code of the household that holds its people now."""
    if household.merged_into_id is not None:
        raise Conflict("erasure.merged", code=_household(tx, household.merged_into_id).code)


def _check_asker(asker: Asker, document: IdentityDocument) -> None:
    if not is_shown(asker, document):
        raise Invalid("privacy.document_unfit", field="identity_document")


def _text(text: str, field: str, least: int) -> str:
    text = " ".join(text.split())
    if len(text) < least:
        raise Invalid("privacy.text_short", field=field, least=least)
    if len(text) > LONGEST_TEXT:
        raise Invalid("privacy.text_long", field=field, most=LONGEST_TEXT)
    if holds_number(text):
        raise Invalid("privacy.number_in_text", field=field)
    return text


def _to_decide(tx: Tx, erasure_id: UUID) -> _Open:
    reach = tx.require("privacy.decide")
    row = _locked(tx, erasure_id)
    if not reach.has_village(row.village_code):
        raise NotFound("erasure.not_found")
    if row.state is ErasureState.ASKED and (refused := may_decide(actor_id=tx.actor.id, asked_by=row.asked_by)):
        raise Conflict(refused)
    return row


def _locked(tx: Tx, erasure_id: UUID) -> _Open:
    """Lock one request, so that the second of two who decide at once sees the first one's decision."""
    row = tx.session.execute(
        sa.select(Erasure.state, Erasure.household_id, Erasure.asked_by)
        .where(Erasure.id == erasure_id, Erasure.regency_code == tx.regency_code)
        .with_for_update()
    ).one_or_none()
    home = homes(tx, [row.household_id]).get(row.household_id) if row is not None else None
    if row is None or home is None:
        raise NotFound("erasure.not_found")
    return _Open(state=row.state, household_id=row.household_id, asked_by=row.asked_by, village_code=home.village_code)


__all__ = [
    "AskErasure", "MakeCopy", "approve_erasure", "ask_erasure", "make_copy", "refuse_erasure", "withdraw_erasure",
]  # fmt: skip
