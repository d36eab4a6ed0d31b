"""A document of BPBD is kept as it was read; what a person confirms of it becomes areas, the rest keeps its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from core import states
from core.errors import Invalid, NotFound, TooMany
from core.work import Tx
from logistics.zones.commands import ListRegion, PostedZone, PostZone, ReportCount, post_zone
from logistics.zones.reading.apart import element_in, unstructured
from logistics.zones.reading.elements import Element, Outcome
from logistics.zones.reading.judging import FoundRegion, JudgedDocument
from logistics.zones.reading.models import ZoneReading, ZoneReadingElement
from logistics.zones.reading.states import READINGS, Fate, ReadingAct, ReadingState
from logistics.zones.rows import lock_running
from logistics.zones.rules import Count
from logistics.zones.states import Access, Severity

MOST_AREAS = 200
"""Areas that one document may become at once."""
MOST_A_DAY = 200
"""Documents of one sender in twenty-four hours."""
USABLE = (Outcome.READ, Outcome.REPAIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """A document that was read in the child process and compared with the office's own lists."""

    incident_id: UUID
    file_name: str
    """Empty for a text that was pasted."""
    file_sha256: str
    size_bytes: int
    judged: JudgedDocument


@dataclass(frozen=True, slots=True)
class KeptDocument:
    reading_id: UUID
    is_repeat: bool
    """The same bytes came before; nothing was kept again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenArea:
    """One area made of one or several elements; with ``zone_id`` it is that area's next version."""

    elements: tuple[int, ...]
    name: str
    severity: Severity
    observed_at: datetime
    access: Access = Access.ROAD
    source: str = ""
    note: str = ""
    zone_id: UUID | None = None
    base_no: int | None = None
    united: str | None = None
    """The outline of all its elements together, where more than one of them has one (``apart.unite_apart``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostReading:
    reading_id: UUID
    areas: tuple[TakenArea, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedReading:
    zones: tuple[PostedZone, ...]
    left_out: int = field(default=0)


def read_document(tx: Tx, order: ReadDocument) -> KeptDocument:
    """Keep what was read of a document; nothing of it counts yet. Raises: Forbidden, NotFound, Conflict."""
    tx.require("zone.post")
    # Kept for this transaction: of two who send the same bytes the second sees the first.
    lock_running(tx, order.incident_id)
    before = tx.session.scalar(
        sa.select(ZoneReading.id).where(
            ZoneReading.incident_id == order.incident_id,
            ZoneReading.file_sha256 == order.file_sha256,
            ZoneReading.state != ReadingState.DISCARDED,
        )
    )
    if before is not None:
        return KeptDocument(before, is_repeat=True)
    _refuse_too_many(tx)
    parsed, judged = order.judged.parsed, order.judged.elements
    usable = sum(one.element.outcome in USABLE for one in judged)
    reading_id = tx.new_id()
    said = {"notice": json.loads(unstructured(parsed.notice)), "remarks": json.loads(unstructured(parsed.remarks))}
    tx.session.execute(
        sa.insert(ZoneReading).values(
            id=reading_id, regency_code=tx.regency_code, incident_id=order.incident_id, kind=parsed.kind,
            state=ReadingState.READ, file_name=order.file_name[-120:], file_sha256=order.file_sha256,
            size_bytes=order.size_bytes, said=json.dumps(said, ensure_ascii=False), elements=len(judged),
            usable=usable, read_by=tx.actor.id, read_by_name=tx.actor.name, read_at=tx.now, decided_by=None,
            decided_by_name="", decided_at=None,
        )
    )  # fmt: skip
    if judged:
        tx.session.execute(
            sa.insert(ZoneReadingElement),
            [
                {
                    "reading_id": reading_id, "no": one.element.no, "outcome": one.element.outcome,
                    "content": unstructured(one.element), "listed": unstructured(one.listed), "fate": Fate.WAITING,
                    "version_id": None,
                }
                for one in judged
            ],
        )  # fmt: skip
    tx.note(
        "zone_reading.read", "zone_reading", reading_id, kind=parsed.kind.value, elements=len(judged), usable=usable,
        sha256=order.file_sha256,
    )  # fmt: skip
    return KeptDocument(reading_id, is_repeat=False)


def post_reading(tx: Tx, order: PostReading) -> PostedReading:
    """Post what a person chose of a document; every element keeps what became of it.

    Raises: Forbidden; NotFound; Invalid, with what is wrong; Conflict, when somebody was faster.
    """
    tx.require("zone.post")
    if not order.areas:
        raise Invalid("reading.nothing_taken", field="take")
    if len(order.areas) > MOST_AREAS:
        raise Invalid("reading.too_many_areas", field="take", count=len(order.areas), most=MOST_AREAS)
    row = reading_row(tx, order.reading_id)
    _refuse_twice(order.areas)
    # The state first: whoever comes second stands here, not at half of the areas.
    states.move(tx, ZoneReading, row.id, ReadingAct.POST, READINGS, decided_at=tx.now, decided_by=tx.actor.id,
                decided_by_name=tx.actor.name)  # fmt: skip
    kept = _kept(tx, row.id)
    posted = []
    for area in order.areas:
        parts = [_usable(kept, no) for no in area.elements]
        done = post_zone(tx, _zone_of(row, area, parts))
        _settle(tx, row.id, area.elements, done.version_id)
        posted.append(done)
    left = tx.session.execute(
        sa.update(ZoneReadingElement)
        .where(ZoneReadingElement.reading_id == row.id, ZoneReadingElement.fate == Fate.WAITING)
        .values(fate=Fate.LEFT_OUT)
        .execution_options(synchronize_session=False)
    )
    return PostedReading(zones=tuple(posted), left_out=left.rowcount)  # type: ignore[attr-defined]


def discard_reading(tx: Tx, reading_id: UUID) -> None:
    """Give up a document of which nothing was posted; it can be sent again. Raises: Forbidden, NotFound, Conflict."""
    tx.require("zone.post")
    row = reading_row(tx, reading_id)
    states.move(tx, ZoneReading, row.id, ReadingAct.DISCARD, READINGS, decided_at=tx.now, decided_by=tx.actor.id,
                decided_by_name=tx.actor.name)  # fmt: skip


def reading_row(tx: Tx, reading_id: UUID) -> ZoneReading:
    """Give a document of this office. Raises: NotFound."""
    row = tx.session.get(ZoneReading, reading_id)
    if row is None or row.regency_code != tx.regency_code:
        raise NotFound("zone_reading.not_found")
    return row


# ---------------------------------------------------------------- inside


@dataclass(frozen=True, slots=True)
class _Part:
    element: Element
    listed: tuple[FoundRegion, ...]


def _refuse_too_many(tx: Tx) -> None:
    """Hold a person or a machine to so many documents a day. Source: safety.md §2.5."""
    sent = tx.session.scalar(
        sa.select(sa.func.count()).where(
            ZoneReading.regency_code == tx.regency_code, ZoneReading.read_by == tx.actor.id,
            ZoneReading.read_at > tx.now - timedelta(days=1),
        )
    )  # fmt: skip
    if (sent or 0) >= MOST_A_DAY:
        raise TooMany("reading.too_many_today", most=MOST_A_DAY)


def _kept(tx: Tx, reading_id: UUID) -> dict[int, _Part]:
    rows = tx.session.execute(
        sa.select(ZoneReadingElement.no, ZoneReadingElement.content, ZoneReadingElement.listed).where(
            ZoneReadingElement.reading_id == reading_id
        )
    )
    return {row.no: _Part(element_in(row.content), listed_in(row.listed)) for row in rows}


def listed_in(text: str) -> tuple[FoundRegion, ...]:
    """Read back the regions of the office that an element was found to name."""
    return tuple(FoundRegion(**one) for one in json.loads(text))


def _usable(kept: Mapping[int, _Part], no: int) -> _Part:
    part = kept.get(no)
    if part is None:
        raise Invalid("reading.no_such_element", field="take", no=no)
    if part.element.outcome not in USABLE:
        raise Invalid("reading.element_unusable", field="take", no=no, label=part.element.label[:60])
    return part


def _refuse_twice(areas: Sequence[TakenArea]) -> None:
    seen: set[int] = set()
    names: set[str] = set()
    for area in areas:
        if not area.elements:
            raise Invalid("reading.nothing_taken", field="take")
        for no in area.elements:
            if no in seen:
                raise Invalid("reading.element_twice", field="take", no=no)
            seen.add(no)
        name = " ".join(area.name.split()).casefold()
        if name in names:
            raise Invalid("reading.name_double", field="name", name=area.name[:60])
        names.add(name)


def _zone_of(row: ZoneReading, area: TakenArea, parts: Sequence[_Part]) -> PostZone:
    outlines = [one.element.outline for one in parts if one.element.outline is not None]
    if len(outlines) > 1 and area.united is None:
        raise Invalid("reading.unite_first", field="take")
    return PostZone(
        incident_id=row.incident_id, name=area.name, observed_at=area.observed_at, severity=area.severity,
        access=area.access, source=area.source, note=area.note,
        outline=area.united if len(outlines) > 1 else next(iter(outlines), None),
        regions=tuple(
            ListRegion(code=one.code, rw=one.rw, rt=one.rt) for part in parts for one in part.listed
        ),
        counts=_counts(parts), zone_id=area.zone_id, base_no=area.base_no,
    )  # fmt: skip


def _counts(parts: Sequence[_Part]) -> tuple[ReportCount, ...]:
    """Give the figures that belong to one village; of two for the same village nobody knows whether they add up."""
    found: dict[tuple[str, str], ReportCount] = {}
    for part in parts:
        villages = {one.place: one.code for one in part.listed}
        for said in part.element.counts:
            codes = set(villages.values()) if said.region_no is None else {villages.get(said.region_no, "")}
            (code,) = codes if len(codes) == 1 else ("",)
            if not code or code.count(".") != 3:
                continue
            if (code, said.kind) in found:
                raise Invalid("reading.count_twice", field="take", code=code)
            count = Count(said.state, said.value, said.is_estimate)
            found[code, said.kind] = ReportCount(village_code=code, kind=said.kind, count=count)
    return tuple(found.values())


def _settle(tx: Tx, reading_id: UUID, numbers: Sequence[int], version_id: UUID) -> None:
    for start in range(0, len(numbers), 500):
        tx.session.execute(
            sa.update(ZoneReadingElement)
            .where(ZoneReadingElement.reading_id == reading_id, ZoneReadingElement.no.in_(numbers[start : start + 500]))
            .values(fate=Fate.POSTED, version_id=version_id)
            .execution_options(synchronize_session=False)
        )
