"""This office's incidents and areas, or the refusal."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, NotFound
from core.work import Tx
from logistics.zones.models import Incident, Zone
from logistics.zones.states import Phase


def incident_row(tx: Tx, incident_id: UUID) -> Incident:
    """Give an incident of this office. Raises: NotFound."""
    incident = tx.session.get(Incident, incident_id)
    if incident is None or incident.regency_code != tx.regency_code:
        raise NotFound("incident.not_found")
    return incident


def lock_incident_row(tx: Tx, incident_id: UUID, *, is_shared: bool = False) -> Phase:
    """Keep an incident for this transaction, alone or beside others that share it; gives its phase. Raises: NotFound.

    Before anything else of it is looked at or written: what is read after it holds until the commit.
    """
    held = sa.select(Incident.state).where(Incident.id == incident_id, Incident.regency_code == tx.regency_code)
    phase: Phase | None = tx.session.scalar(held.with_for_update(read=is_shared))
    if phase is None:
        raise NotFound("incident.not_found")
    return phase


def lock_incident_rows(tx: Tx, incident_ids: Collection[UUID]) -> None:
    """Keep several incidents for this transaction, alone, in the order in which everybody takes them."""
    own = (Incident.id.in_(incident_ids), Incident.regency_code == tx.regency_code)
    tx.session.execute(sa.select(Incident.id).where(*own).order_by(Incident.id).with_for_update()).all()


def lock_running(tx: Tx, incident_id: UUID, *, is_shared: bool = False) -> None:
    """Keep an incident that is not closed, and stays so for this transaction. Raises: NotFound, Conflict."""
    if lock_incident_row(tx, incident_id, is_shared=is_shared) is Phase.CLOSED:
        raise Conflict("incident.is_closed")


def zone_row(tx: Tx, zone_id: UUID) -> Zone:
    """Give an area of this office. Raises: NotFound."""
    zone = tx.session.get(Zone, zone_id)
    if zone is None or zone.regency_code != tx.regency_code:
        raise NotFound("zone.not_found")
    return zone
