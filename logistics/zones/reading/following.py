"""What an Update or a Cancel means for areas that were posted from the alerts it refers to. A person confirms it."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from core import states
from core.errors import Conflict, Invalid
from core.work import Tx
from logistics.zones.commands import withdraw_zone
from logistics.zones.models import Zone, ZoneVersion
from logistics.zones.reading.apart import element_in, notice_in
from logistics.zones.reading.commands import USABLE, PostedReading, PostReading, TakenArea, post_reading, reading_row
from logistics.zones.reading.elements import Element, Kind, Notice
from logistics.zones.reading.models import ZoneReading, ZoneReadingElement
from logistics.zones.reading.states import READINGS, Fate, ReadingAct, ReadingState
from logistics.zones.states import Access, Severity, VersionState

MOST_AREAS = 200


class Follow(enum.StrEnum):
    """What a message asks of an area that came from an earlier one."""

    REVISE = "revise"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedArea:
    """An area that stands and came from an alert that this message updates or cancels."""

    zone_id: UUID
    name: str
    current_no: int
    is_theirs: bool
    """Its version came from that alert; false where somebody has revised it otherwise since."""
    severity: Severity
    access: Access
    elements: tuple[int, ...]
    """Those of the update that are its next version; none where nothing in it is called like the area's part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    act: Follow
    identifier: str
    areas: tuple[FollowedArea, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseByUpdate:
    reading_id: UUID
    zone_ids: tuple[UUID, ...]
    united: Mapping[UUID, str]
    """The outline of an area's elements together, where more than one of them has one (``apart.unite_apart``)."""


def following(tx: Tx, reading_id: UUID) -> Following | None:
    """Tell what a CAP message asks of areas of its incident; None where it asks nothing. Raises: NotFound."""
    row = reading_row(tx, reading_id)
    notice = _notice(row)
    act = {"Update": Follow.REVISE, "Cancel": Follow.WITHDRAW}.get(notice.message)
    if row.kind is not Kind.CAP or act is None or notice.status != "Actual" or not notice.references:
        return None
    before = {
        one.id
        for one in tx.session.scalars(
            sa.select(ZoneReading).where(
                ZoneReading.incident_id == row.incident_id, ZoneReading.kind == Kind.CAP,
                ZoneReading.state == ReadingState.POSTED, ZoneReading.id != row.id,
            )
        )
        if (told := _notice(one)).sender == notice.sender and told.identifier in notice.references
    }  # fmt: skip
    if not before:
        return Following(act=act, identifier=notice.identifier, areas=())
    own = _elements(tx, [row.id])
    usable = [one.no for one, _version in own if one.outcome in USABLE]
    areas = _areas(tx, _elements(tx, sorted(before)), own if act is Follow.REVISE else ())
    if act is Follow.REVISE and len(areas) == 1 and not areas[0].elements and len(usable) == 1:
        areas = [replace(areas[0], elements=tuple(usable))]
    return Following(act=act, identifier=notice.identifier, areas=tuple(areas))


def revise_by_update(tx: Tx, order: ReviseByUpdate) -> PostedReading:
    """Post an update's elements as the next versions of the chosen areas.

    Raises: Forbidden; NotFound; Invalid; Conflict, when somebody was faster.
    """
    found = _asked(tx, order.reading_id, order.zone_ids, Follow.REVISE)
    notice = _notice(reading_row(tx, order.reading_id))
    kept = {one.no: one for one, _version in _elements(tx, [order.reading_id])}
    areas = []
    for one in found:
        if not one.elements:
            raise Invalid("following.no_element", field="zone", name=one.name)
        parts = [kept[no] for no in one.elements]
        severities = [part.severity for part in parts if part.severity is not None]
        areas.append(
            TakenArea(
                elements=one.elements, name=one.name, zone_id=one.zone_id, base_no=one.current_no, access=one.access,
                severity=min(severities, key=list(Severity).index, default=one.severity),
                observed_at=_observed(parts, notice) or tx.now, source=notice.sender[:200],
                note=notice.identifier[:200], united=order.united.get(one.zone_id),
            )
        )  # fmt: skip
    return post_reading(tx, PostReading(reading_id=order.reading_id, areas=tuple(areas)))


def withdraw_by_cancel(tx: Tx, reading_id: UUID, zone_ids: Sequence[UUID]) -> int:
    """Withdraw the chosen areas because their alert was cancelled, and give their number.

    Raises: Forbidden; NotFound; Invalid; Conflict, when somebody was faster.
    """
    found = _asked(tx, reading_id, zone_ids, Follow.WITHDRAW)
    notice = _notice(reading_row(tx, reading_id))
    # The state first: whoever comes second stands here, not at half of the areas.
    states.move(tx, ZoneReading, reading_id, ReadingAct.POST, READINGS, decided_at=tx.now, decided_by=tx.actor.id,
                decided_by_name=tx.actor.name)  # fmt: skip
    tx.session.execute(
        sa.update(ZoneReadingElement)
        .where(ZoneReadingElement.reading_id == reading_id, ZoneReadingElement.fate == Fate.WAITING)
        .values(fate=Fate.LEFT_OUT)
        .execution_options(synchronize_session=False)
    )
    for one in found:
        withdraw_zone(tx, one.zone_id, f"CAP Cancel {notice.identifier}"[:200])
    return len(found)


def outlines_of(tx: Tx, reading_id: UUID, found: Following) -> dict[UUID, list[str]]:
    """Give the outlines that make each area's next version, where they are several and have to be united first."""
    kept = {one.no: one.outline for one, _version in _elements(tx, [reading_id])}
    several = {one.zone_id: [text for no in one.elements if (text := kept.get(no)) is not None] for one in found.areas}
    return {zone_id: texts for zone_id, texts in several.items() if len(texts) > 1}


# ---------------------------------------------------------------- inside


def _asked(tx: Tx, reading_id: UUID, zone_ids: Sequence[UUID], act: Follow) -> list[FollowedArea]:
    tx.require("zone.post" if act is Follow.REVISE else "zone.withdraw")
    found = following(tx, reading_id)
    if found is None or found.act is not act:
        raise Conflict("following.nothing_asked")
    known = {one.zone_id: one for one in found.areas}
    wanted = list(dict.fromkeys(zone_ids))
    if not wanted or len(wanted) > MOST_AREAS or any(one not in known for one in wanted):
        raise Invalid("following.not_theirs", field="zone")
    return [known[one] for one in wanted]


def _areas(
    tx: Tx, before: Sequence[tuple[Element, UUID | None]], now: Sequence[tuple[Element, UUID | None]]
) -> list[FollowedArea]:  # fmt: skip
    """Give the areas that stand and came from earlier elements, each with the newer elements called like those."""
    labels: dict[UUID, set[str]] = {}
    for one, version_id in before:
        if version_id is not None:
            labels.setdefault(version_id, set()).add(_called(one))
    rows = tx.session.execute(
        sa.select(ZoneVersion.id, Zone.id.label("zone_id"), Zone.name, Zone.current_no)
        .join(Zone, Zone.id == ZoneVersion.zone_id)
        .where(ZoneVersion.id.in_(list(labels)), Zone.regency_code == tx.regency_code)
        .order_by(Zone.name)
    ).all()
    called: dict[UUID, set[str]] = {}
    for row in rows:
        called.setdefault(row.zone_id, set()).update(labels[row.id])
    standing = tx.session.scalars(
        sa.select(ZoneVersion)
        .where(ZoneVersion.zone_id.in_(list(called)), ZoneVersion.state == VersionState.CURRENT)
    ).all()  # fmt: skip
    names = {row.zone_id: row.name for row in rows}
    return sorted(
        (
            FollowedArea(
                zone_id=one.zone_id, name=names[one.zone_id], current_no=one.no, is_theirs=one.id in labels,
                severity=one.severity, access=one.access,
                elements=tuple(
                    part.no for part, _version in now if part.outcome in USABLE and _called(part) in called[one.zone_id]
                ),
            )
            for one in standing
        ),
        key=lambda one: (one.name, one.zone_id),
    )  # fmt: skip


def _elements(tx: Tx, reading_ids: Sequence[UUID]) -> list[tuple[Element, UUID | None]]:
    rows = tx.session.execute(
        sa.select(ZoneReadingElement.content, ZoneReadingElement.version_id)
        .where(ZoneReadingElement.reading_id.in_(list(reading_ids)[:500]))
        .order_by(ZoneReadingElement.reading_id, ZoneReadingElement.no)
    )
    return [(element_in(row.content), row.version_id) for row in rows]


def _called(element: Element) -> str:
    return " ".join(element.label.casefold().split())


def _observed(parts: Sequence[Element], notice: Notice) -> datetime | None:
    seen = [one.observed_at for one in parts if one.observed_at is not None]
    return max(seen, default=notice.sent_at)


def _notice(row: ZoneReading) -> Notice:
    return notice_in(json.loads(row.said)["notice"])
