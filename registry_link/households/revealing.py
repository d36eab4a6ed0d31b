"""Who looks at a whole NIK or No. KK, and why. Source: safety.md 4.1."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.accounts.queries import names_of
from core.errors import Invalid, NotFound, TooMany
from core.privacy.numbers import holds_number
from core.turns import alone
from core.work import Tx
from registry_link.households.models import KK_CONTEXT, NIK_CONTEXT, Household, Member, NumberReveal
from registry_link.households.numbers import opened

REVEALS_AN_HOUR: Final = 20
REVEALS_A_DAY: Final = 60
SHORTEST_REASON: Final = 10


class RevealReason(enum.StrEnum):
    """What a whole number is needed for."""

    COMPARE = "compare"
    """With the KTP or KK that somebody shows."""
    CORRECT = "correct"
    """With the civil registry or a register's office."""
    REQUEST = "request"
    """An official request, named in the note."""
    CASE = "case"
    """A complaint or an audit, named in the note."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"reveal.reason.{self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """The No. KK of a household, or the NIK of one of its members."""

    household_id: UUID
    reason: RevealReason
    note: str
    member_id: UUID | None = None


def reveal(tx: Tx, order: Reveal) -> str:
    """Give a whole number, with a reason that stays in the audit.

    Raises: Forbidden; NotFound; Invalid for a note under 10 letters or with a number in it; TooMany beyond 20 an hour
    or 60 a day.
    """
    reach = tx.require("household.reveal")
    note = " ".join(order.note.split())
    if len(note) < SHORTEST_REASON:
        raise Invalid("household.reason_short", field="note", least=SHORTEST_REASON)
    if holds_number(note):
        raise Invalid("privacy.number_in_text", field="note")
    row = tx.session.execute(_number_of(order)).one_or_none()
    if row is None or row.regency_code != tx.regency_code or not reach.has_village(row.village_code):
        raise NotFound("household.not_found")
    if row.number is None:
        raise NotFound("household.no_number")
    # Nobody shows oneself more by asking twice in the same moment.
    alone(tx.session, "reveal", tx.actor.id)
    for hours, most in ((1, REVEALS_AN_HOUR), (24, REVEALS_A_DAY)):
        seen = tx.session.scalar(
            sa.select(sa.func.count())
            .select_from(NumberReveal)
            .where(NumberReveal.actor_id == tx.actor.id, NumberReveal.at > tx.now - timedelta(hours=hours))
        )
        if (seen or 0) >= most:
            raise TooMany("household.reveal_limit", most=most, hours=hours)
    subject, subject_id = ("member", order.member_id) if order.member_id else ("household", order.household_id)
    tx.session.execute(
        sa.insert(NumberReveal).values(
            id=tx.new_id(), regency_code=tx.regency_code, actor_id=tx.actor.id, subject=subject,
            subject_id=subject_id, at=tx.now, reason_code=order.reason.value, note=note,
        )
    )  # fmt: skip
    tx.note("household.reveal", subject, subject_id, reason=note, why=order.reason.value)
    tx.saw(subject, [subject_id], "reveal")
    return opened(row.number, row.at, NIK_CONTEXT if order.member_id else KK_CONTEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealRow:
    """A whole number that was shown."""

    at: datetime
    actor_name: str
    household_id: UUID
    code: str
    subject: str
    reason_code: str
    note: str


def reveals(
    tx: Tx, *, since: datetime | None = None, household_ids: Sequence[UUID] | None = None, limit: int = 200
) -> tuple[RevealRow, ...]:
    """Give the whole numbers that were shown, the newest first; the caller has checked the right."""
    owner = sa.func.coalesce(Member.household_id, NumberReveal.subject_id)
    query = (
        sa.select(
            NumberReveal.at, NumberReveal.actor_id, NumberReveal.subject, NumberReveal.reason_code, NumberReveal.note,
            Household.id, Household.code,
        )
        .outerjoin(Member, Member.id == NumberReveal.subject_id)
        .join(Household, Household.id == owner)
        .where(NumberReveal.regency_code == tx.regency_code)
        .order_by(NumberReveal.at.desc(), NumberReveal.id.desc())
        .limit(limit)
    )  # fmt: skip
    if since is not None:
        query = query.where(NumberReveal.at >= since)
    if household_ids is not None:
        people = sa.select(Member.id).where(Member.household_id.in_(household_ids))
        query = query.where(sa.or_(NumberReveal.subject_id.in_(household_ids), NumberReveal.subject_id.in_(people)))
    rows = tx.session.execute(query).all()
    names = names_of(tx, [row.actor_id for row in rows])
    return tuple(
        RevealRow(
            at=row.at, actor_name=names[row.actor_id], household_id=row.id, code=row.code, subject=row.subject,
            reason_code=row.reason_code, note=row.note,
        )
        for row in rows
    )  # fmt: skip


def _number_of(order: Reveal) -> sa.Select[*tuple[Any, ...]]:
    where = (Household.regency_code, Household.village_code)
    if order.member_id is None:
        query = sa.select(*where, Household.kk.label("number"), Household.kk_bidx.label("at"))
        return query.where(Household.id == order.household_id)
    return (
        sa.select(*where, Member.nik.label("number"), Member.nik_bidx.label("at"))
        .join(Member, Member.household_id == Household.id)
        .where(Member.id == order.member_id, Household.id == order.household_id)
    )
