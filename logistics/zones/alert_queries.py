"""Warnings of the weather service as people look at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.work import Tx
from logistics.zones.models import Alert
from logistics.zones.states import AlertState, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """One warning; ``is_active`` tells whether it holds now."""

    id: UUID
    identifier: str
    sender: str
    state: AlertState
    sent_at: datetime
    expires_at: datetime
    headline: str
    text: str
    event: str
    area_text: str
    severity: Severity | None
    has_outline: bool
    source: str
    fetched_at: datetime
    is_active: bool

    @property
    def standing(self) -> str:
        """What it is now: active, expired, replaced or cancelled."""
        if self.state is not AlertState.ACTIVE:
            return self.state.value
        return "active" if self.is_active else "expired"


def alerts(tx: Tx, *, limit: int = 50, offset: int = 0) -> tuple[AlertView, ...]:
    """List the office's warnings, those that hold first, then the newest. Raises: Forbidden."""
    tx.require("alert.see")
    holds = sa.and_(Alert.state == AlertState.ACTIVE, Alert.expires_at > tx.now)
    rows = tx.session.scalars(
        sa.select(Alert).where(Alert.regency_code == tx.regency_code)
        .order_by(sa.case((holds, 0), else_=1), Alert.sent_at.desc(), Alert.id).limit(limit).offset(offset)
    )  # fmt: skip
    return tuple(_view(tx, row) for row in rows)


def count_alerts(tx: Tx) -> int:
    """Count the office's warnings. Raises: Forbidden."""
    tx.require("alert.see")
    query = sa.select(sa.func.count()).select_from(Alert).where(Alert.regency_code == tx.regency_code)
    return tx.session.scalar(query) or 0


def active_alerts(tx: Tx) -> tuple[AlertView, ...]:
    """List the warnings that hold now, the one that ends first first. Raises: Forbidden."""
    tx.require("alert.see")
    rows = tx.session.scalars(
        sa.select(Alert)
        .where(Alert.regency_code == tx.regency_code, Alert.state == AlertState.ACTIVE, Alert.expires_at > tx.now)
        .order_by(Alert.expires_at, Alert.id)
    )
    return tuple(_view(tx, row) for row in rows)


def alert(tx: Tx, alert_id: UUID) -> AlertView:
    """Give one warning. Raises: Forbidden, NotFound."""
    return _view(tx, _row(tx, alert_id))


def alert_outline(tx: Tx, alert_id: UUID) -> str | None:
    """Give the area that a warning draws, as GeoJSON text. Raises: Forbidden, NotFound."""
    return _row(tx, alert_id).outline


def _row(tx: Tx, alert_id: UUID) -> Alert:
    tx.require("alert.see")
    row = tx.session.get(Alert, alert_id)
    if row is None or row.regency_code != tx.regency_code:
        raise NotFound("alert.not_found")
    return row


def _view(tx: Tx, row: Alert) -> AlertView:
    told: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("id", "identifier", "sender", "state", "sent_at", "expires_at", "headline", "text", "event",
                     "area_text", "severity", "source", "fetched_at")
    }  # fmt: skip
    is_active = row.state is AlertState.ACTIVE and row.expires_at > tx.now
    return AlertView(**told, has_outline=row.outline is not None, is_active=is_active)
