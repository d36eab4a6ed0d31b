"""Recording decrees, ending them early, and withdrawing one that was typed wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import Period
from core.work import Tx
from logistics.packages.queries import rounds_of
from logistics.packages.states import RoundState
from logistics.zones.models import Decree, DecreeRegion
from logistics.zones.naming import ListRegion, listed_regions
from logistics.zones.rows import lock_incident_row
from logistics.zones.rules import days_differ, gap_days, read_days, runs_of, short_number
from logistics.zones.states import Phase

MOST_DAYS = 366
OPEN_ROUNDS = (RoundState.DRAFT, RoundState.PLANNED, RoundState.APPROVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDecree:
    incident_id: UUID
    number: str
    dated_on: date
    first_on: date
    last_on: date
    phase: Phase = Phase.RESPONSE
    authority: str = ""
    days_said: int | None = None
    """The number of days its words name, where they are not given themselves."""
    days_text: str = ""
    """Its words on its length, as written: 14 (empat belas) hari."""
    area_text: str = ""
    regions: tuple[ListRegion, ...] | None = None
    """Districts and villages; none is the whole regency. Not given: those of the decree that it extends."""
    extends_id: UUID | None = None
    file_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RecordedDecree:
    id: UUID
    days: int
    do_words_differ: bool
    gap_days: int | None = None
    """Days between it and the decree that it extends; below zero the days that both cover."""


def record_decree(tx: Tx, order: RecordDecree) -> RecordedDecree:
    """Record an emergency decree; its days are counted here, with both ends. Raises: Forbidden, Invalid, Conflict."""
    tx.require("decree.record")
    phase = lock_incident_row(tx, order.incident_id)
    number = " ".join(order.number.split())
    if not number:
        raise Invalid("decree.number_missing", field="number")
    if order.phase is Phase.CLOSED:
        raise Invalid("decree.phase_unfit", field="phase")
    if phase is Phase.CLOSED:
        raise Conflict("incident.is_closed")
    if order.last_on < order.first_on:
        raise Invalid("decree.ends_before_start", field="last_on")
    period = Period(order.first_on, order.last_on)
    if period.days > MOST_DAYS:
        raise Invalid("decree.too_long", field="last_on", days=period.days)
    text = " ".join(order.days_text.split()) or (str(order.days_said) if order.days_said is not None else "")
    said = read_days(text) if text else None
    if text and said is None:
        raise Invalid("decree.days_unread", field="days_text", text=text[:60])
    taken = sa.select(Decree.id).where(
        Decree.incident_id == order.incident_id, Decree.number == number, Decree.withdrawn_at.is_(None)
    )
    if tx.session.scalar(taken):
        raise Conflict("decree.exists", number=short_number(number))
    before = _extended(tx, order)
    codes = _codes(tx, order)
    decree_id = tx.new_id()
    tx.session.execute(
        sa.insert(Decree).values(
            id=decree_id, incident_id=order.incident_id, number=number, dated_on=order.dated_on, phase=order.phase,
            first_on=order.first_on, last_on=order.last_on, days_said=said.days if said else None, days_text=text,
            authority=" ".join(order.authority.split()), area_text=order.area_text.strip(), recorded_at=tx.now,
            recorded_by=tx.actor.id, extends_id=order.extends_id, file_id=order.file_id,
        )
    )  # fmt: skip
    if codes:
        tx.session.execute(
            sa.insert(DecreeRegion), [{"decree_id": decree_id, "region_code": code} for code in sorted(codes)]
        )
    tx.note(
        "decree.record", "incident", order.incident_id, number=number, days=period.days, regions=len(codes),
        is_extension=order.extends_id is not None,
    )  # fmt: skip
    gap = gap_days(before, period) if before else None
    return RecordedDecree(decree_id, period.days, days_differ(period, said), gap)


def withdraw_decree(tx: Tx, decree_id: UUID, reason: str) -> None:
    """Take back a decree that was typed wrongly; it stays in the history.

    Raises: Forbidden; NotFound; Invalid without a reason; Conflict when it is withdrawn, extended by another, or when
    a round would lie outside what is left.
    """
    tx.require("decree.record")
    row = _standing(tx, decree_id)
    if len(reason.strip()) < 5:
        raise Invalid("zone.reason_missing", field="reason")
    later = tx.session.scalar(
        sa.select(Decree.number).where(Decree.extends_id == decree_id, Decree.withdrawn_at.is_(None)).limit(1)
    )
    if later is not None:
        raise Conflict("decree.is_extended", number=short_number(later))
    _rounds_must_fit(tx, row, None)
    row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = tx.now, tx.actor.id, reason.strip()
    tx.session.flush()
    tx.note("decree.withdraw", "incident", row.incident_id, reason=reason.strip(), number=row.number)


def end_decree(tx: Tx, decree_id: UUID, last_on: date, reason: str) -> None:
    """End a decree before its last day. Raises: as ``withdraw_decree``; Invalid when the day is not one of its days."""
    tx.require("decree.record")
    row = _standing(tx, decree_id)
    if len(reason.strip()) < 5:
        raise Invalid("zone.reason_missing", field="reason")
    if not row.first_on <= last_on <= row.last_on:
        raise Invalid("decree.end_unfit", field="last_on")
    _rounds_must_fit(tx, row, Period(row.first_on, last_on))
    row.ended_on, row.end_reason = last_on, reason.strip()
    tx.session.flush()
    tx.note(
        "decree.end", "incident", row.incident_id, reason=reason.strip(), number=row.number, last_on=last_on.isoformat()
    )


def _extended(tx: Tx, order: RecordDecree) -> Period | None:
    if order.extends_id is None:
        return None
    before = tx.session.get(Decree, order.extends_id)
    if before is None or before.incident_id != order.incident_id or before.withdrawn_at is not None:
        raise Invalid("decree.extends_unknown", field="extends_id")
    if order.first_on <= before.first_on or order.last_on <= (before.ended_on or before.last_on):
        raise Invalid("decree.extends_backwards", field="first_on", number=short_number(before.number))
    return Period(before.first_on, before.ended_on or before.last_on)


def _codes(tx: Tx, order: RecordDecree) -> frozenset[str]:
    if order.regions is None:
        if order.extends_id is None:
            return frozenset()
        own = sa.select(DecreeRegion.region_code).where(DecreeRegion.decree_id == order.extends_id)
        return frozenset(tx.session.scalars(own))
    named: Sequence[ListRegion] = order.regions
    if any(one.rw or one.rt for one in named):
        raise Invalid("decree.below_village", field="regions")
    # The regency itself is the whole of it: the same as no list.
    if any(one.code.replace(".", "") == tx.regency_code.replace(".", "") and not one.name for one in named):
        return frozenset()
    return frozenset(one.code for one in listed_regions(tx, named))


def _standing(tx: Tx, decree_id: UUID) -> Decree:
    incident_id = tx.session.scalar(sa.select(Decree.incident_id).where(Decree.id == decree_id))
    if incident_id is None:
        raise NotFound("decree.not_found")
    # Whoever plans a week of it waits, or is waited for: its round is then seen here.
    lock_incident_row(tx, incident_id)
    row = tx.session.get_one(Decree, decree_id, populate_existing=True)
    if row.withdrawn_at is not None:
        raise Conflict("decree.is_withdrawn")
    return row


def _rounds_must_fit(tx: Tx, changing: Decree, left: Period | None) -> None:
    """Refuse what would leave an open round outside every window (decisions.md 13). Raises: Conflict."""
    periods = [left] if left else []
    for one in tx.session.scalars(
        sa.select(Decree).where(
            Decree.incident_id == changing.incident_id, Decree.withdrawn_at.is_(None), Decree.id != changing.id
        )
    ):
        periods.append(Period(one.first_on, one.ended_on or one.last_on))
    runs = runs_of(periods)
    for each in rounds_of(tx, changing.incident_id):
        week = each.week
        if each.state in OPEN_ROUNDS and not any(week.first_on in run and week.last_on in run for run in runs):
            raise Conflict(
                "decree.round_outside", number=short_number(changing.number), round=each.no,
                first_on=week.first_on.isoformat(), last_on=week.last_on.isoformat(),
            )  # fmt: skip
