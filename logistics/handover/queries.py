from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from core.documents.queries import numbers_of
from core.errors import NotFound
from core.measures import Milli
from core.permissions import Reach
from core.work import Tx
from logistics.handover.models import Handover, HandoverLine, HandoverPerson
from logistics.handover.rules import Recipient, read_recipient
from logistics.handover.states import HandoverState, RecipientKind, VoidReason
from logistics.packages.queries import PackageContent, contents_at
from registry_link.households.queries import HouseholdLine, households_by_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverView:
    id: UUID
    event_id: UUID
    round_id: UUID
    package_id: UUID
    beneficiary_kind: str
    beneficiary_id: UUID
    household_id: UUID
    village_code: str
    post_id: UUID
    state: HandoverState
    recipient_kind: RecipientKind
    is_partial: bool
    partial_reason: str
    event_at: datetime
    event_on: date
    recorded_at: datetime
    recorded_by: str
    receipt_id: UUID | None
    receipt_number: str | None
    void_reason: VoidReason | None
    void_note: str
    voided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverLineView:
    item_id: UUID
    due_milli: Milli
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPerson:
    """One household of a post's list: what a field officer may see of it."""

    content: PackageContent
    household: HouseholdLine
    is_served: bool


_FIELDS = (
    Handover.id, Handover.event_id, Handover.round_id, Handover.package_id, Handover.beneficiary_kind,
    Handover.beneficiary_id, Handover.household_id, Handover.village_code, Handover.post_id, Handover.state,
    Handover.recipient_kind,
    Handover.is_partial, Handover.partial_reason, Handover.event_at, Handover.event_on, Handover.recorded_at,
    Handover.recorded_by, Handover.receipt_id, Handover.void_reason, Handover.void_note, Handover.voided_at,
)  # fmt: skip


def handover(tx: Tx, handover_id: UUID) -> HandoverView:
    """Give one handover. Raises: Forbidden; NotFound, also outside the reach."""
    reach = tx.require("handover.see")
    found = _handovers(tx, reach, Handover.id == handover_id)
    if not found:
        raise NotFound("handover.not_found")
    return found[0]


def handovers(
    tx: Tx, *, round_id: UUID | None = None, post_id: UUID | None = None, event_on: date | None = None,
    limit: int = 50, offset: int = 0,
) -> tuple[HandoverView, ...]:  # fmt: skip
    """List handovers within the actor's posts, newest first. Raises: Forbidden."""
    reach = tx.require("handover.see")
    where = []
    if round_id is not None:
        where.append(Handover.round_id == round_id)
    if post_id is not None:
        where.append(Handover.post_id == post_id)
    if event_on is not None:
        where.append(Handover.event_on == event_on)
    return _handovers(tx, reach, *where, limit=limit, offset=offset)


def handover_lines(tx: Tx, handover_id: UUID) -> tuple[HandoverLineView, ...]:
    """Give what was due and what was handed over. Raises: Forbidden, NotFound."""
    handover(tx, handover_id)
    rows = tx.session.execute(
        sa.select(HandoverLine.item_id, HandoverLine.due_milli, HandoverLine.quantity_milli)
        .where(HandoverLine.handover_id == handover_id)
        .order_by(HandoverLine.item_id)
    )
    return tuple(
        HandoverLineView(item_id=row.item_id, due_milli=Milli(row.due_milli), quantity_milli=Milli(row.quantity_milli))
        for row in rows
    )


def recipient_of(tx: Tx, handover_id: UUID) -> Recipient | None:
    """Tell who took it; None when that was erased. The look is logged. Raises: Forbidden, NotFound."""
    view = handover(tx, handover_id)
    text = tx.session.scalar(sa.select(HandoverPerson.text).where(HandoverPerson.event_id == view.event_id))
    tx.saw("household", [view.household_id], "handover")
    return read_recipient(text, view.recipient_kind) if text is not None else None


def handovers_of(tx: Tx, household_id: UUID) -> tuple[HandoverView, ...]:
    """Give every handover of a household, newest first, voided ones too (its timeline). Raises: Forbidden."""
    reach = tx.require("handover.see")
    return _handovers(tx, reach, Handover.household_id == household_id, limit=500)


def valid_handover_of(tx: Tx, package_id: UUID) -> HandoverView | None:
    """Give the valid handover of a package, within the actor's posts; None when there is none. Raises: Forbidden."""
    reach = tx.require("handover.see")
    found = _handovers(tx, reach, Handover.package_id == package_id, Handover.state == HandoverState.VALID)
    return found[0] if found else None


def people_at(tx: Tx, round_id: UUID, post_id: UUID, serve_on: date, text: str = "") -> tuple[PostPerson, ...]:
    """Give the list of a post and day, those matching ``text`` (name, code, RT) only.

    Raises: Forbidden; NotFound for another's post. The look is logged.
    """
    reach = tx.require("handover.see")
    reach.need_place(post_id, "post")
    contents = contents_at(tx, round_id, post_id, serve_on)
    known = {
        one.id: one
        for one in households_by_ids(tx, [one.row.household_id for one in contents], purpose="handover_list")
    }
    words = text.casefold().split()
    found = []
    for content in contents:
        household = known.get(content.row.household_id)
        if household is None:
            continue
        shown = f"{household.head_name} {household.code} {content.row.code} {household.address}".casefold()
        if all(word in shown for word in words):
            found.append(
                PostPerson(content=content, household=household, is_served=content.row.state.value == "handed_over")
            )
    return tuple(sorted(found, key=lambda one: (one.household.head_name.casefold(), one.content.row.code)))


def served_counts(tx: Tx, round_id: UUID) -> dict[tuple[UUID, date], int]:
    """Count valid handovers by post and local day of a round. Raises: Forbidden."""
    tx.require("round.see")
    rows = tx.session.execute(
        sa.select(Handover.post_id, Handover.event_on, sa.func.count().label("number"))
        .where(
            Handover.round_id == round_id,
            Handover.regency_code == tx.regency_code,
            Handover.state == HandoverState.VALID,
        )
        .group_by(Handover.post_id, Handover.event_on)
    )
    return {(row.post_id, row.event_on): row.number for row in rows}


def _handovers(tx: Tx, reach: Reach, *where: sa.ColumnElement[bool], limit: int = 50, offset: int = 0) -> tuple[
    HandoverView, ...
]:  # fmt: skip
    query = (
        sa.select(*_FIELDS)
        .where(Handover.regency_code == tx.regency_code, *where)
        .order_by(Handover.recorded_at.desc(), Handover.id.desc())
        .limit(limit)
        .offset(offset)
    )
    if not reach.is_all:
        query = query.where(Handover.post_id.in_(reach.place_ids))
    rows = tx.session.execute(query).all()
    numbers = numbers_of(tx, [row.receipt_id for row in rows if row.receipt_id])
    return tuple(HandoverView(**row._mapping, receipt_number=numbers.get(row.receipt_id)) for row in rows)
