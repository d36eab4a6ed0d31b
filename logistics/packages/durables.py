"""Durables are given once, also where two events share their days; a person may decide that they are given again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, Invalid, NotFound
from core.i18n import say
from core.work import Tx
from logistics.packages.models import DurableAgain
from logistics.packages.queries import GivenDurable, durables_given
from logistics.packages.states import AgainReason


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveAgain:
    """What was given in the other event is given again in this one: to one household, or to everybody (None)."""

    incident_id: UUID
    other_incident_id: UUID
    household_id: UUID | None
    reason: AgainReason


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainView:
    """A decision that holds."""

    id: UUID
    other_incident_id: UUID
    household_id: UUID | None
    reason: AgainReason
    decided_by_name: str
    decided_at: datetime

    def reason_label(self, lang: str) -> str:
        return say(f"durable.reason.{self.reason.value}", lang)


def give_again(tx: Tx, order: GiveAgain) -> UUID:
    """Decide that durables of another event do not count, and give the decision's id; the next plan follows it.

    The caller has looked up both events. Raises: Forbidden; Invalid where nothing was given there; Conflict where it
    is decided already.
    """
    tx.require("durable.decide")
    given = durables_given(tx, {order.other_incident_id})
    if order.incident_id == order.other_incident_id or not any(
        order.household_id in (None, one.beneficiary_id) for one in given
    ):
        raise Invalid("durable.nothing_given", field="household_id")
    for one in decisions(tx, order.incident_id):
        if one.other_incident_id == order.other_incident_id and one.household_id in (None, order.household_id):
            raise Conflict("durable.decided_already")
    made = tx.new_id()
    row = DurableAgain(
        id=made, regency_code=tx.regency_code, incident_id=order.incident_id,
        other_incident_id=order.other_incident_id, household_id=order.household_id, reason=order.reason,
        decided_by=tx.actor.id, decided_by_name=tx.actor.name, decided_at=tx.now, withdrawn_by=None,
        withdrawn_by_name=None, withdrawn_at=None,
    )  # fmt: skip
    try:
        with tx.savepoint():
            tx.session.add(row)
            tx.session.flush()
    except IntegrityError as error:  # somebody else decided it in the same moment
        raise Conflict("durable.decided_already") from error
    tx.note(
        "durable.give_again", "durable_again", made, reason=order.reason.value, incident_id=str(order.incident_id),
        other_incident_id=str(order.other_incident_id), is_for_everybody=order.household_id is None,
    )  # fmt: skip
    return made


def withdraw(tx: Tx, incident_id: UUID, decision_id: UUID) -> None:
    """Take a decision back; packages planned by it stay as they are. Raises: Forbidden, NotFound, Conflict."""
    tx.require("durable.decide")
    done = tx.session.execute(
        sa.update(DurableAgain)
        .where(
            DurableAgain.id == decision_id, DurableAgain.regency_code == tx.regency_code,
            DurableAgain.incident_id == incident_id, DurableAgain.withdrawn_at.is_(None),
        )
        .values(withdrawn_by=tx.actor.id, withdrawn_by_name=tx.actor.name, withdrawn_at=tx.now)
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        row = tx.session.get(DurableAgain, decision_id)
        if row is None or row.regency_code != tx.regency_code or row.incident_id != incident_id:
            raise NotFound("durable.not_found")
        raise Conflict("durable.withdrawn_already")
    tx.note("durable.withdraw", "durable_again", decision_id)


def decisions(tx: Tx, incident_id: UUID) -> tuple[AgainView, ...]:
    """Give the decisions that hold for an event, the newest first."""
    rows = tx.session.scalars(
        sa.select(DurableAgain)
        .where(
            DurableAgain.regency_code == tx.regency_code, DurableAgain.incident_id == incident_id,
            DurableAgain.withdrawn_at.is_(None),
        )
        .order_by(DurableAgain.decided_at.desc(), DurableAgain.id)
    )  # fmt: skip
    return tuple(
        AgainView(
            id=row.id, other_incident_id=row.other_incident_id, household_id=row.household_id, reason=row.reason,
            decided_by_name=row.decided_by_name, decided_at=row.decided_at,
        )
        for row in rows
    )  # fmt: skip


def counted(tx: Tx, incident_id: UUID, given: Iterable[GivenDurable]) -> tuple[GivenDurable, ...]:
    """Leave out what was given in another event where a person decided that it is given again in this one."""
    again = {(one.other_incident_id, one.household_id) for one in decisions(tx, incident_id)}
    return tuple(
        one for one in given
        if one.incident_id == incident_id
        or not {(one.incident_id, None), (one.incident_id, one.beneficiary_id)} & again
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenElsewhere:
    """A household that got durables in another event of the same days."""

    household_id: UUID
    other_incident_id: UUID
    item_ids: tuple[UUID, ...]


def given_elsewhere(
    tx: Tx, other_incident_ids: Collection[UUID], household_ids: Collection[UUID]
) -> tuple[GivenElsewhere, ...]:
    """Give which of these households got which durables in the other events, in the order of ``household_ids``."""
    wanted = {one: place for place, one in enumerate(household_ids)}
    found: dict[tuple[UUID, UUID], set[UUID]] = {}
    for one in durables_given(tx, other_incident_ids) if other_incident_ids else ():
        if one.beneficiary_id in wanted:
            found.setdefault((one.beneficiary_id, one.incident_id), set()).add(one.item_id)
    return tuple(
        GivenElsewhere(household_id=household, other_incident_id=incident, item_ids=tuple(sorted(items)))
        for (household, incident), items in sorted(found.items(), key=lambda pair: (wanted[pair[0][0]], pair[0][1]))
    )
