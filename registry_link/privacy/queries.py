"""Requests to be erased, copies that were given, and the access log, for whoever answers for privacy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.accounts.queries import names_of
from core.errors import Invalid, NotFound
from core.permissions import Reach
from core.privacy.held import Plan, Subject, plan_of
from core.work import Tx
from registry_link.households.merged import merged_into
from registry_link.households.models import Household, Member, NumberReveal
from registry_link.privacy import looking
from registry_link.privacy.looking import Exposure, Look
from registry_link.privacy.models import Erasure, SubjectExport
from registry_link.privacy.rules import may_decide
from registry_link.privacy.states import Asker, ErasureState, Ground, IdentityDocument
from registry_link.regions.queries import regions

ANSWER_WITHIN: Final = timedelta(hours=72)
"""Articles 30, 32 and 41 of UU PDP: 3 x 24 hours."""
LONGEST_EXPOSURE: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRow:
    id: UUID
    household_id: UUID
    code: str
    """What people call the household; never its name."""
    village_code: str
    village_name: str
    state: ErasureState
    ground: Ground
    reason: str
    asked_for: Asker
    identity_document: IdentityDocument
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    decided_by_name: str
    decided_at: datetime | None
    decision_note: str
    cleared_rows: int
    swept_at: datetime | None
    refused_to_me: str | None
    """Why the reader may not decide it; None when they may."""

    @property
    def due_at(self) -> datetime:
        return self.asked_at + ANSWER_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureView:
    row: ErasureRow
    plan: Plan
    """What approving would do now; of a decided one what there is still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRow:
    id: UUID
    household_id: UUID
    code: str
    asked_for: Asker
    identity_document: IdentityDocument
    note: str
    made_by_name: str
    made_at: datetime
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealRow:
    at: datetime
    actor_name: str
    household_id: UUID
    code: str
    subject: str
    reason_code: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdTrail:
    """What was done with one household's data."""

    household_id: UUID
    code: str
    village_name: str
    is_erased: bool
    looks: tuple[Look, ...]
    reveals: tuple[RevealRow, ...]
    copies: tuple[CopyRow, ...]
    erasures: tuple[ErasureRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExposure:
    actor_id: str
    """An account's or a machine token's."""
    since: datetime
    until: datetime


def erasures(tx: Tx, states: Sequence[ErasureState] | None = None, limit: int = 200) -> tuple[ErasureRow, ...]:
    """Give requests, the newest first. Raises: Forbidden."""
    reach = tx.require("privacy.see")
    query = _erasures(tx, reach)
    if states is not None:
        query = query.where(Erasure.state.in_(states))
    rows = tx.session.execute(query.order_by(Erasure.asked_at.desc(), Erasure.id.desc()).limit(limit)).all()
    return _rows(tx, rows)


def erasure(tx: Tx, erasure_id: UUID) -> ErasureView:
    """Give one request and what approving it does. Raises: Forbidden; NotFound."""
    reach = tx.require("privacy.see")
    row = tx.session.execute(_erasures(tx, reach).where(Erasure.id == erasure_id)).one_or_none()
    if row is None:
        raise NotFound("erasure.not_found")
    ids = (row.household_id, *merged_into(tx, row.household_id))
    return ErasureView(row=_rows(tx, [row])[0], plan=plan_of(Subject(tx.session, ids)))


def copies(tx: Tx, limit: int = 50) -> tuple[CopyRow, ...]:
    """Give the copies that were made, the newest first. Raises: Forbidden."""
    reach = tx.require("privacy.see")
    return _copies(tx, _within(reach), limit)


def reveals(tx: Tx, since: datetime, limit: int = 200) -> tuple[RevealRow, ...]:
    """Give the whole numbers that were shown since then, the newest first. Raises: Forbidden."""
    tx.require("privacy.exposure")
    return _reveals(tx, NumberReveal.at >= since, limit)


def exposure(tx: Tx, order: AskExposure) -> Exposure:
    """Tell whose data an account saw from one instant until before another; the question itself is logged.

    Raises: Forbidden; Invalid "privacy.period".
    """
    tx.require("privacy.exposure")
    if not order.since < order.until or order.until - order.since > LONGEST_EXPOSURE:
        raise Invalid("privacy.period", field="until", days=LONGEST_EXPOSURE.days)
    found = looking.exposure(tx, order.actor_id, order.since, order.until)
    tx.saw("household", [one.household_id for one in found.seen], "exposure")
    return found


def trail(tx: Tx, household_id: UUID) -> HouseholdTrail:
    """Tell what was done with one household's data: who saw it, and why. Raises: Forbidden; NotFound."""
    reach = tx.require("privacy.see")
    row = tx.session.execute(
        sa.select(Household.code, Household.village_code, Household.erased_at).where(
            Household.id == household_id, Household.regency_code == tx.regency_code
        )
    ).one_or_none()
    if row is None or not reach.has_village(row.village_code):
        raise NotFound("household.not_found")
    ids = (household_id, *merged_into(tx, household_id))
    people = sa.select(Member.id).where(Member.household_id.in_(ids))
    own = sa.or_(NumberReveal.subject_id.in_(ids), NumberReveal.subject_id.in_(people))
    asked = _erasures(tx, reach).where(Erasure.household_id.in_(ids)).order_by(Erasure.asked_at.desc())
    return HouseholdTrail(
        household_id=household_id, code=row.code, village_name=_villages(tx, [row.village_code])[row.village_code],
        is_erased=row.erased_at is not None, looks=looking.looks_at(tx, ids), reveals=_reveals(tx, own, 200),
        copies=_copies(tx, SubjectExport.household_id.in_(ids), 200),
        erasures=_rows(tx, tx.session.execute(asked).all()),
    )  # fmt: skip


# ---------------------------------------------------------------- parts


def _erasures(tx: Tx, reach: Reach) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(*Erasure.__table__.c, Household.code, Household.village_code)
        .join(Household, Household.id == Erasure.household_id)
        .where(Erasure.regency_code == tx.regency_code, _within(reach))
    )


def _within(reach: Reach) -> sa.ColumnElement[bool]:
    if reach.is_all:
        return sa.true()
    return sa.or_(
        sa.false(),
        *(Household.village_code == one for one in sorted(reach.regions)),
        *(Household.village_code.startswith(f"{one}.") for one in sorted(reach.regions)),
    )


def _rows(tx: Tx, rows: Sequence[Any]) -> tuple[ErasureRow, ...]:
    names = _villages(tx, [row.village_code for row in rows])
    wanted = [one for one in ErasureRow.__dataclass_fields__ if one not in ("village_name", "refused_to_me")]
    return tuple(
        ErasureRow(
            village_name=names[row.village_code],
            refused_to_me=may_decide(actor_id=tx.actor.id, asked_by=row.asked_by),
            **{name: getattr(row, name) for name in wanted},
        )
        for row in rows
    )


def _villages(tx: Tx, codes: Sequence[str]) -> dict[str, str]:
    return {**{one: one for one in codes}, **{one.code: one.full_name for one in regions(tx, codes)}}


def _copies(tx: Tx, where: sa.ColumnElement[bool], limit: int) -> tuple[CopyRow, ...]:
    columns = [getattr(SubjectExport, name) for name in CopyRow.__dataclass_fields__ if name != "code"]
    query = (
        sa.select(*columns, Household.code)
        .join(Household, Household.id == SubjectExport.household_id)
        .where(SubjectExport.regency_code == tx.regency_code, where)
        .order_by(SubjectExport.made_at.desc(), SubjectExport.id.desc())
        .limit(limit)
    )
    return tuple(CopyRow(**row._mapping) for row in tx.session.execute(query))


def _reveals(tx: Tx, where: sa.ColumnElement[bool], limit: int) -> tuple[RevealRow, ...]:
    owner = sa.func.coalesce(Member.household_id, NumberReveal.subject_id)
    query = (
        sa.select(
            NumberReveal.at, NumberReveal.actor_id, NumberReveal.subject, NumberReveal.reason_code, NumberReveal.note,
            Household.id, Household.code,
        )
        .outerjoin(Member, Member.id == NumberReveal.subject_id)
        .join(Household, Household.id == owner)
        .where(NumberReveal.regency_code == tx.regency_code, where)
        .order_by(NumberReveal.at.desc(), NumberReveal.id.desc())
        .limit(limit)
    )  # fmt: skip
    rows = tx.session.execute(query).all()
    names = names_of(tx, [row.actor_id for row in rows])
    return tuple(
        RevealRow(
            at=row.at, actor_name=names[row.actor_id], household_id=row.id, code=row.code, subject=row.subject,
            reason_code=row.reason_code, note=row.note,
        )
        for row in rows
    )  # fmt: skip
