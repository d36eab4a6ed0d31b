from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.documents.queries import numbers_of
from core.errors import NotFound
from core.i18n import say
from core.measures import Milli
from core.permissions import Reach
from core.work import Tx
from logistics.handover.models import Handover, HandoverLine, HandoverPerson, Miss
from logistics.handover.rules import Recipient, read_recipient
from logistics.handover.states import HandoverState, MissKind, NextStep, RecipientKind, VoidReason
from logistics.packages.queries import PackageContent, contents_at, package_rows
from logistics.packages.states import OPEN_PACKAGE_STATES, PackageState
from registry_link.households.identities import persons
from registry_link.households.queries import HouseholdLine, households_by_ids

PERSON: Final = "person"
"""The kind of a beneficiary who is one person of a household."""


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
    """One beneficiary of a post's list: what a field officer may see of it."""

    content: PackageContent
    name: str
    """The person's own where the beneficiary is a person, else the head's of the household."""
    household: HouseholdLine
    is_served: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MissView:
    """A package that was missed. The newest record speaks; ``times`` tells how many there are."""

    id: UUID
    package_id: UUID
    package_code: str
    package_state: PackageState
    serve_on: date | None
    """The day it was planned for."""
    village_code: str
    round_id: UUID
    household_id: UUID
    post_id: UUID | None
    kind: MissKind
    next_step: NextStep
    due_on: date
    note: str
    happened_on: date
    recorded_at: datetime
    recorded_by_name: str
    times: int

    @property
    def is_open(self) -> bool:
        return self.package_state in OPEN_PACKAGE_STATES

    def kind_label(self, lang: str) -> str:
        """Name why."""
        return say(f"miss.kind.{self.kind.value}", lang)

    def next_label(self, lang: str) -> str:
        """Name what happens next."""
        return say(f"miss.next.{self.next_step.value}", lang)


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
    people = [one.row.beneficiary_id for one in contents if one.row.beneficiary_kind == PERSON]
    names = {one.id: one.name for one in persons(tx, people, "handover_list")} if people else {}
    words = text.casefold().split()
    found = []
    for content in contents:
        household = known.get(content.row.household_id)
        if household is None:
            continue
        name = names.get(content.row.beneficiary_id, household.head_name)
        said = f"{name} {household.head_name} {household.code} {content.row.code} {household.address}"
        if all(word in said.casefold() for word in words):
            is_served = content.row.state is PackageState.HANDED_OVER
            found.append(PostPerson(content=content, name=name, household=household, is_served=is_served))
    return tuple(sorted(found, key=lambda one: (one.name.casefold(), one.content.row.code)))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """One valid handover as an annex names it: by its package and receipt, not by a person."""

    package_id: UUID
    package_code: str
    beneficiary_kind: str
    beneficiary_id: UUID
    village_code: str
    event_on: date
    number: str
    is_partial: bool


def receipts_of(tx: Tx, round_id: UUID) -> tuple[ReceiptLine, ...]:
    """List the receipts of a round's valid handovers within the actor's posts, by day and number. Raises: Forbidden."""
    reach = tx.require("handover.see")
    query = sa.select(
        Handover.package_id, Handover.beneficiary_kind, Handover.beneficiary_id, Handover.village_code,
        Handover.event_on, Handover.receipt_id, Handover.is_partial,
    ).where(
        Handover.round_id == round_id, Handover.regency_code == tx.regency_code, Handover.state == HandoverState.VALID
    )  # fmt: skip
    if not reach.is_all:
        query = query.where(Handover.post_id.in_(reach.place_ids))
    rows = tx.session.execute(query).all()
    numbers: dict[UUID, str] = {}
    ids = [row.receipt_id for row in rows if row.receipt_id]
    for start in range(0, len(ids), 500):
        numbers.update(numbers_of(tx, ids[start : start + 500]))
    codes = {one.id: one.code for one in package_rows(tx, {row.package_id for row in rows})}
    found = (
        ReceiptLine(
            package_id=row.package_id, package_code=codes[row.package_id], beneficiary_kind=row.beneficiary_kind,
            beneficiary_id=row.beneficiary_id, village_code=row.village_code, event_on=row.event_on,
            number=numbers.get(row.receipt_id, ""), is_partial=row.is_partial,
        )
        for row in rows
    )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.event_on, one.number)))


def misses(tx: Tx, round_id: UUID, *, open_only: bool = True) -> tuple[MissView, ...]:
    """List the packages of a round that were missed at the actor's posts, each once, what is due first at the top.

    ``open_only`` leaves out what was handed over or cancelled since. Raises: Forbidden.
    """
    found = _newest(_misses(tx, Miss.round_id == round_id))
    return tuple(
        sorted((one for one in found if one.is_open or not open_only), key=lambda one: (one.due_on, one.package_code))
    )


def misses_of_package(tx: Tx, package_id: UUID) -> tuple[MissView, ...]:
    """Give every time a package was missed, newest first. Raises: Forbidden."""
    return _misses(tx, Miss.package_id == package_id)


def misses_of_household(tx: Tx, household_id: UUID) -> tuple[MissView, ...]:
    """Give every time a household's packages were missed, newest first (its timeline). Raises: Forbidden."""
    return _misses(tx, Miss.household_id == household_id)


def _newest(found: Iterable[MissView]) -> tuple[MissView, ...]:
    newest: dict[UUID, MissView] = {}
    for one in found:  # newest first
        newest.setdefault(one.package_id, one)
    return tuple(newest.values())


def _misses(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[MissView, ...]:
    reach = tx.require("handover.see")
    query = sa.select(Miss).where(Miss.regency_code == tx.regency_code, *where)
    if not reach.is_all:
        query = query.where(Miss.post_id.in_(reach.place_ids))
    rows = tx.session.scalars(query.order_by(Miss.recorded_at.desc(), Miss.id.desc())).all()
    known = {one.id: one for one in package_rows(tx, {row.package_id for row in rows})}
    times = Counter(row.package_id for row in rows)
    return tuple(
        MissView(
            id=row.id, package_id=row.package_id, package_code=known[row.package_id].code,
            package_state=known[row.package_id].state, serve_on=known[row.package_id].serve_on,
            village_code=known[row.package_id].village_code, round_id=row.round_id, household_id=row.household_id,
            post_id=row.post_id, kind=row.kind, next_step=row.next_step, due_on=row.due_on, note=row.note,
            happened_on=row.happened_on, recorded_at=row.recorded_at, recorded_by_name=row.recorded_by_name,
            times=times[row.package_id],
        )
        for row in rows
    )  # fmt: skip


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
