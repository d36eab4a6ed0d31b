"""Who is really affected: what people confirm, reject and add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.errors import Conflict, Invalid, NotFound
from core.permissions import Reach
from core.work import Tx
from logistics.zones.models import (
    AffectedHousehold,
)
from logistics.zones.rows import incident_row
from logistics.zones.states import (
    AffectedState,
    Phase,
    RejectReason,
)
from registry_link.households.queries import villages_of_households
from registry_link.matching.rules import Confidence

ADDED = "added_by_person"
UNREGISTERED = "registered_on_the_spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    incident_id: UUID
    household_ids: tuple[UUID, ...]
    is_affected: bool
    reject_reason: RejectReason | None = None
    note: str = ""


def confirm_certain(tx: Tx, incident_id: UUID) -> int:
    """Confirm every certain household that nobody has decided on; gives how many. Raises: Forbidden, NotFound."""
    tx.require("affected.confirm_certain")
    incident_row(tx, incident_id)
    done = tx.session.execute(
        sa.update(AffectedHousehold)
        .where(
            AffectedHousehold.incident_id == incident_id,
            AffectedHousehold.state == AffectedState.PROPOSED,
            AffectedHousehold.confidence == Confidence.CERTAIN,
        )
        .values(state=AffectedState.CONFIRMED, decided_at=tx.now, decided_by=tx.actor.id)
        .execution_options(synchronize_session=False)
    )
    count = int(done.rowcount)  # type: ignore[attr-defined]
    tx.note("affected.confirm_certain", "incident", incident_id, count=count)
    return count


def decide_affected(tx: Tx, order: Decide) -> int:
    """Confirm or reject households of the list; gives how many changed.

    A household that a package was made for stays where it is: the plan is changed first.
    Raises: Forbidden; NotFound, for one outside the list or the reach; Invalid, when a rejection lacks its reason.
    """
    reach = tx.require("affected.decide")
    incident_row(tx, order.incident_id)
    if not order.is_affected and order.reject_reason is None:
        raise Invalid("affected.reason_missing", field="reason")
    if order.reject_reason is RejectReason.OTHER and len(order.note.strip()) < 5:
        raise Invalid("affected.note_missing", field="note")
    ids = sorted(set(order.household_ids))
    if not ids:
        raise Invalid("affected.none_chosen", field="household_ids")
    known = _affected_within(tx, order.incident_id, ids, reach)
    if len(known) != len(ids):
        raise NotFound("affected.not_found")
    after = AffectedState.CONFIRMED if order.is_affected else AffectedState.REJECTED
    changed = 0
    for chunk in (ids[n : n + 500] for n in range(0, len(ids), 500)):
        done = tx.session.execute(
            sa.update(AffectedHousehold)
            .where(
                AffectedHousehold.incident_id == order.incident_id,
                AffectedHousehold.household_id.in_(chunk),
                AffectedHousehold.state != after,
            )
            .values(
                state=after, decided_at=tx.now, decided_by=tx.actor.id, note=order.note.strip(),
                reject_reason=None if order.is_affected else order.reject_reason,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        changed += int(done.rowcount)  # type: ignore[attr-defined]
    tx.note(
        "affected.confirm" if order.is_affected else "affected.reject", "incident", order.incident_id,
        reason=order.reject_reason.value if order.reject_reason else "", count=changed,
        households=[str(one) for one in ids[:100]],
    )  # fmt: skip
    return changed


def add_affected(tx: Tx, incident_id: UUID, household_id: UUID, note: str, *, is_provisional: bool = False) -> None:
    """Put a household on the list by hand, confirmed by the one who adds it.

    Raises: Forbidden; NotFound, outside the reach; Conflict, when it is on the list already.
    """
    reach = tx.require("household.register" if is_provisional else "affected.decide")
    incident = incident_row(tx, incident_id)
    if incident.state is Phase.CLOSED:
        raise Conflict("incident.is_closed")
    village = villages_of_households(tx, [household_id]).get(household_id)
    if village is None:
        raise NotFound("household.not_found")
    if not is_provisional:
        reach.need_village(village, "household")
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "incident_id": incident_id, "household_id": household_id, "regency_code": tx.regency_code,
        "village_code": village,
        "version_id": None, "confidence": Confidence.CERTAIN, "evidence": UNREGISTERED if is_provisional else ADDED,
        "share_permille": None, "is_inside": True, "state": AffectedState.CONFIRMED, "reject_reason": None,
        "note": note.strip(),
        "decided_at": tx.now, "decided_by": tx.actor.id, "joined_at": tx.now,
    }  # fmt: skip
    done = tx.session.execute(insert(AffectedHousehold).values(**values).on_conflict_do_nothing())
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("affected.is_listed")
    tx.note("affected.add", "incident", incident_id, household=str(household_id), evidence=str(values["evidence"]))


def _affected_within(tx: Tx, incident_id: UUID, ids: Sequence[UUID], reach: Reach) -> list[UUID]:
    found: list[UUID] = []
    for chunk in (ids[n : n + 500] for n in range(0, len(ids), 500)):
        rows = tx.session.execute(
            sa.select(AffectedHousehold.household_id, AffectedHousehold.village_code).where(
                AffectedHousehold.incident_id == incident_id, AffectedHousehold.household_id.in_(chunk)
            )
        )
        found += [row.household_id for row in rows if reach.has_village(row.village_code)]
    return found
