"""This office's incidents and areas, or the refusal."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.work import Tx
from logistics.zones.models import Incident, Zone


def incident_row(tx: Tx, incident_id: UUID) -> Incident:
    """Give an incident of this office. Raises: NotFound."""
    incident = tx.session.get(Incident, incident_id)
    if incident is None or incident.regency_code != tx.regency_code:
        raise NotFound("incident.not_found")
    return incident


def lock_incident_row(tx: Tx, incident_id: UUID, *, is_shared: bool = False) -> None:
    """Keep an incident for this transaction: alone, or beside others that share it. Raises: NotFound."""
    held = sa.select(Incident.id).where(Incident.id == incident_id, Incident.regency_code == tx.regency_code)
    if tx.session.scalar(held.with_for_update(read=is_shared)) is None:
        raise NotFound("incident.not_found")


def zone_row(tx: Tx, zone_id: UUID) -> Zone:
    """Give an area of this office. Raises: NotFound."""
    zone = tx.session.get(Zone, zone_id)
    if zone is None or zone.regency_code != tx.regency_code:
        raise NotFound("zone.not_found")
    return zone
