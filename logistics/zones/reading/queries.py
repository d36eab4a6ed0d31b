"""Documents of BPBD as people see them: what each said, element by element, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from core.i18n import say
from core.work import Tx
from logistics.zones.models import Zone, ZoneVersion
from logistics.zones.reading.apart import element_in, notice_in, remarks_in
from logistics.zones.reading.commands import USABLE, listed_in, reading_row
from logistics.zones.reading.elements import Element, Kind, Notice, Outcome, Remark
from logistics.zones.reading.flood_states import DEPTH
from logistics.zones.reading.judging import FoundRegion
from logistics.zones.reading.models import ZoneReading, ZoneReadingElement
from logistics.zones.reading.states import Fate, ReadingState
from logistics.zones.rows import incident_row

DOUBTFUL = ("reading.axes_swapped",)
"""Repairs that a person has to choose; everything else usable is chosen beforehand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingView:
    id: UUID
    incident_id: UUID
    kind: Kind
    state: ReadingState
    file_name: str
    size_bytes: int
    elements: int
    usable: int
    notice: Notice
    remarks: tuple[Remark, ...]
    read_by_name: str
    read_at: datetime
    decided_by_name: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementView:
    element: Element
    listed: tuple[FoundRegion, ...]
    fate: Fate
    zone_id: UUID | None
    zone_name: str
    zone_no: int | None

    @property
    def is_usable(self) -> bool:
        return self.element.outcome in USABLE

    @property
    def is_offered(self) -> bool:
        """Chosen beforehand: usable, nothing left out, and no repair that a person has to choose."""
        is_doubtful = any(
            one.code in DOUBTFUL or one.code.startswith("region.") or one.code == "reading.district_differs"
            for one in self.element.remarks
        )
        return self.is_usable and not is_doubtful

    @property
    def depth(self) -> str:
        return self.element.told.get(DEPTH, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOfVersion:
    reading_id: UUID
    file_name: str
    kind: Kind
    elements: tuple[int, ...]


def readings(tx: Tx, incident_id: UUID, limit: int = 50) -> tuple[ReadingView, ...]:
    """List an incident's documents, the newest first."""
    incident_row(tx, incident_id)
    query = (
        sa.select(ZoneReading)
        .where(ZoneReading.incident_id == incident_id)
        .order_by(ZoneReading.read_at.desc(), ZoneReading.id.desc())
        .limit(limit)
    )
    return tuple(_view(row) for row in tx.session.scalars(query))


def reading(tx: Tx, reading_id: UUID) -> ReadingView:
    """Give one document. Raises: NotFound."""
    return _view(reading_row(tx, reading_id))


def elements(tx: Tx, reading_id: UUID, numbers: Sequence[int] | None = None) -> tuple[ElementView, ...]:
    """Give a document's elements in its order, or those of these numbers. Raises: NotFound."""
    reading_row(tx, reading_id)
    query = (
        sa.select(
            ZoneReadingElement.content, ZoneReadingElement.listed, ZoneReadingElement.fate, Zone.id.label("zone_id"),
            Zone.name.label("zone_name"), ZoneVersion.no.label("zone_no"),
        )
        .outerjoin(ZoneVersion, ZoneVersion.id == ZoneReadingElement.version_id)
        .outerjoin(Zone, Zone.id == ZoneVersion.zone_id)
        .where(ZoneReadingElement.reading_id == reading_id)
        .order_by(ZoneReadingElement.no)
    )  # fmt: skip
    if numbers is not None:
        query = query.where(ZoneReadingElement.no.in_(list(numbers)[:2000]))
    return tuple(
        ElementView(
            element=element_in(row.content), listed=listed_in(row.listed), fate=row.fate, zone_id=row.zone_id,
            zone_name=row.zone_name or "", zone_no=row.zone_no,
        )
        for row in tx.session.execute(query)
    )  # fmt: skip


def readings_of_versions(tx: Tx, version_ids: Iterable[UUID]) -> dict[UUID, ReadingOfVersion]:
    """Tell from which document each of these versions came, and from which of its elements."""
    found: dict[UUID, ReadingOfVersion] = {}
    query = (
        sa.select(
            ZoneReadingElement.version_id, ZoneReadingElement.no, ZoneReading.id, ZoneReading.file_name,
            ZoneReading.kind,
        )
        .join(ZoneReading, ZoneReading.id == ZoneReadingElement.reading_id)
        .where(
            ZoneReadingElement.version_id.in_(list(version_ids)[:500]), ZoneReading.regency_code == tx.regency_code
        )
        .order_by(ZoneReadingElement.no)
    )  # fmt: skip
    for row in tx.session.execute(query):
        before = found.get(row.version_id)
        found[row.version_id] = ReadingOfVersion(
            reading_id=row.id, file_name=row.file_name, kind=row.kind,
            elements=(*(before.elements if before else ()), row.no),
        )  # fmt: skip
    return found


def sentence(remark: Remark, lang: str) -> str:
    """Say a remark in words."""
    return say(remark.code, lang, remark.facts)


def outcome_counts(found: Iterable[ElementView]) -> dict[Outcome, int]:
    """Count elements by their outcome."""
    counts = dict.fromkeys(Outcome, 0)
    for one in found:
        counts[one.element.outcome] += 1
    return counts


def _view(row: ZoneReading) -> ReadingView:
    said = json.loads(row.said)
    return ReadingView(
        id=row.id, incident_id=row.incident_id, kind=row.kind, state=row.state, file_name=row.file_name,
        size_bytes=row.size_bytes, elements=row.elements, usable=row.usable, notice=notice_in(said["notice"]),
        remarks=remarks_in(said["remarks"]), read_by_name=row.read_by_name, read_at=row.read_at,
        decided_by_name=row.decided_by_name, decided_at=row.decided_at,
    )  # fmt: skip
