"""What the office tells others of its areas: a message per post, extension, withdrawal and end, each for ever the same.

Messages are worked out from what is kept and never changed, so that a reader who comes late gets the same ones with
the same identifiers. No person, no figure of households and no free text goes out.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.clock import local_day
from core.errors import NotFound
from core.office.queries import OfficeView, office
from core.work import Tx
from logistics.zones.models import IncidentChange, ZoneVersion
from logistics.zones.queries import DecreeView, IncidentView, ZoneView, decrees, incidents, versions, zone, zones
from logistics.zones.rules import is_named
from logistics.zones.states import Access, Hazard, IncidentField, Phase, Severity
from registry_link.matching.simple import Ring, rings_of
from registry_link.regions.queries import regions

UNDECREED_DAYS: Final = 7
"""How long an area holds that no decree covers: the longest week of packages (product.md §2.1)."""


class MessageKind(enum.StrEnum):
    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing that was told of an area; ``no`` is the version that it tells of."""

    kind: MessageKind
    no: int
    sent_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPlace:
    code: str
    bps_code: str
    name: str
    rw: str
    rt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaMessage:
    """A message with everything that a paper of it says."""

    zone_id: UUID
    message: Message
    earlier: tuple[Message, ...]
    """Those that it updates or cancels, oldest first."""
    incident_name: str
    incident_slug: str
    hazard: Hazard
    area_name: str
    severity: Severity
    access: Access
    observed_at: datetime
    rings: tuple[Ring, ...]
    places: tuple[ListedPlace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingView:
    office: OfficeView
    areas: tuple[AreaMessage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecreeSpan:
    """A decree as it was known at each time."""

    recorded_at: datetime
    withdrawn_at: datetime | None
    last_on: date
    ended_on: date | None
    """Its last day after all; known from the end of that day."""


def messages_of(
    posted: Sequence[tuple[int, datetime]], spans: Sequence[DecreeSpan], over_at: datetime | None, now: datetime,
    zone: ZoneInfo,
) -> tuple[Message, ...]:  # fmt: skip
    """Work out everything told of an area until now: its versions (number, instant), its decrees, and its end.

    A new message goes out when another version holds, or when it holds until another day.
    """
    first = min(at for _, at in posted)
    over_at = max(over_at, first) if over_at is not None else None
    turns = {at for _, at in posted}
    turns |= {one.recorded_at for one in spans} | {one.withdrawn_at for one in spans if one.withdrawn_at}
    turns |= {_end_of(one.ended_on, zone) for one in spans if one.ended_on}
    end = min(now, over_at) if over_at is not None else now
    told: list[Message] = []
    for at in sorted(one for one in turns if first <= one <= end):
        no, posted_at = max((pair for pair in posted if pair[1] <= at), key=lambda pair: pair[0])
        expires_at = _expiry(spans, posted_at, at, zone)
        if not told or (told[-1].no, told[-1].expires_at) != (no, expires_at):
            kind = MessageKind.UPDATE if told else MessageKind.ALERT
            told.append(Message(kind=kind, no=no, sent_at=at, expires_at=expires_at))
    if over_at is not None and over_at <= now:
        last = told[-1]
        told.append(
            Message(
                kind=MessageKind.CANCEL, no=last.no, sent_at=over_at,
                expires_at=max(last.expires_at, over_at + timedelta(days=1)),
            )
        )  # fmt: skip
    return tuple(told)


def _expiry(spans: Iterable[DecreeSpan], posted_at: datetime, at: datetime, zone: ZoneInfo) -> datetime:
    """Give the end of the last day that a decree known then covers; without one, a week from the post."""
    posted_on = local_day(posted_at, zone)
    days = [
        one.ended_on if one.ended_on and _end_of(one.ended_on, zone) <= at else one.last_on
        for one in spans
        if one.recorded_at <= at and (one.withdrawn_at is None or one.withdrawn_at > at)
    ]
    covering = [day for day in days if day >= posted_on]
    return _end_of(max(covering), zone) if covering else posted_at + timedelta(days=UNDECREED_DAYS)


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    """Give the last second of a local day."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone)


# ---------------------------------------------------------------- queries


def outgoing(tx: Tx) -> OutgoingView:
    """Give the newest message of each area that has not run out, the newest first. Raises: Forbidden."""
    tx.require("zone.see")
    found = [
        _area(tx, incident, one, told)
        for incident, one, told in _told(tx, incidents(tx))
        if told[-1].expires_at > tx.now
    ]
    return OutgoingView(
        office=office(tx), areas=tuple(sorted(found, key=lambda one: (one.message.sent_at, one.zone_id), reverse=True))
    )


def outgoing_message(tx: Tx, zone_id: UUID, sent: str) -> AreaMessage:
    """Give one message of an area by the time it was sent (``stamp``), however old. Raises: Forbidden, NotFound."""
    one = zone(tx, zone_id)
    for incident, area, told in _told(tx, [two for two in incidents(tx) if two.id == one.incident_id]):
        if area.zone_id != zone_id:
            continue
        for place, message in enumerate(told):
            if stamp(message) == sent:
                return _area(tx, incident, area, told[: place + 1])
    raise NotFound("zone.not_found")


def stamp(message: Message) -> str:
    """Name a message among those of its area: two of one area never go out in the same microsecond."""
    return f"{message.sent_at.astimezone(ZoneInfo('UTC')):%Y%m%d%H%M%S%f}"


def _told(
    tx: Tx, running: Iterable[IncidentView]
) -> list[tuple[IncidentView, ZoneView, tuple[Message, ...]]]:  # fmt: skip
    found = []
    home = office(tx).zone
    for incident in running:
        areas = zones(tx, incident.id)
        if not areas:
            continue
        standing = decrees(tx, incident.id, with_withdrawn=True)
        closed_at = _closed_at(tx, incident)
        posted: dict[UUID, list[tuple[int, datetime]]] = defaultdict(list)
        withdrawn: dict[UUID, datetime] = {}
        for row in tx.session.execute(
            sa.select(ZoneVersion.zone_id, ZoneVersion.no, ZoneVersion.posted_at, ZoneVersion.withdrawn_at).where(
                ZoneVersion.zone_id.in_([one.zone_id for one in areas])
            )
        ):
            posted[row.zone_id].append((row.no, row.posted_at))
            if row.withdrawn_at is not None:
                withdrawn[row.zone_id] = row.withdrawn_at
        for one in areas:
            ends = [at for at in (withdrawn.get(one.zone_id), closed_at) if at is not None]
            told = messages_of(posted[one.zone_id], _spans(standing, one), min(ends, default=None), tx.now, home)
            found.append((incident, one, told))
    return found


def _closed_at(tx: Tx, incident: IncidentView) -> datetime | None:
    if incident.phase is not Phase.CLOSED:
        return None
    closed: datetime | None = tx.session.scalar(
        sa.select(sa.func.max(IncidentChange.at)).where(
            IncidentChange.incident_id == incident.id, IncidentChange.field == IncidentField.PHASE,
            IncidentChange.after == Phase.CLOSED.value,
        )
    )  # fmt: skip
    # Closed before changes were kept: nobody was told of it then, and nobody is now.
    return closed if closed is not None else incident.opened_at


def _spans(standing: Sequence[DecreeView], area: ZoneView) -> list[DecreeSpan]:
    """Leave out the decrees that name other places only; where an area is drawn, any decree may mean it."""
    named = [one.region_code for one in area.listed]
    return [
        DecreeSpan(
            recorded_at=one.recorded_at, withdrawn_at=one.withdrawn_at, last_on=one.stated.last_on,
            ended_on=one.ended_on,
        )
        for one in standing
        if area.has_outline or not one.region_codes or any(is_named(code, one.region_codes) for code in named)
    ]  # fmt: skip


def _area(tx: Tx, incident: IncidentView, area: ZoneView, told: Sequence[Message]) -> AreaMessage:
    message = told[-1]
    view = area if area.no == message.no else next(one for one in versions(tx, area.zone_id) if one.no == message.no)
    outline = tx.session.scalar(sa.select(ZoneVersion.outline).where(ZoneVersion.id == view.version_id))
    known = {one.code: one for one in regions(tx, [one.region_code for one in view.listed])}
    return AreaMessage(
        zone_id=area.zone_id, message=message, earlier=tuple(told[:-1]), incident_name=incident.name,
        incident_slug=incident.slug, hazard=incident.hazard, area_name=view.name, severity=view.severity,
        access=view.access, observed_at=view.observed_at, rings=rings_of(outline) if outline else (),
        places=tuple(
            ListedPlace(
                code=one.region_code, bps_code=known[one.region_code].bps_code or "",
                name=known[one.region_code].full_name, rw=one.rw, rt=one.rt,
            )
            for one in view.listed
        ),
    )  # fmt: skip
