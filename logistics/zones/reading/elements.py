"""What a file or a text of BPBD says, element by element, before a person confirms any of it.

Every parser of this folder is ``parse(content: bytes, name: str) -> Parsed`` and runs in the child process: pure, no
session, no network. An element that cannot be used keeps its place and its reason; none is left out.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from logistics.zones.states import Access, CountKind, CountState, Severity
from registry_link.regions.states import CodeSystem


class Kind(enum.StrEnum):
    """What was sent."""

    GEOJSON = "geojson"
    KML = "kml"
    SHAPEFILE = "shapefile"
    CAP = "cap"
    FLOOD_STATES = "flood_states"
    """PetaBencana / CogniCity."""
    REGIONS = "regions"
    """Villages, RW and RT by code or by name."""
    REPORT_TEXT = "report_text"
    """The text that Pusdalops sends by WhatsApp."""
    BNPB_TABLE = "bnpb_table"


class Outcome(enum.StrEnum):
    READ = "read"
    REPAIRED = "repaired"
    """Usable after a repair that does not change its meaning and is shown."""
    NOTED = "noted"
    """Kept as information: nothing of it can be posted (no area, a test, a forecast)."""
    REFUSED = "refused"


Fact = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Why an element has its outcome: a code of the sentences, with its facts."""

    code: str
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRegion:
    """A region as the document names it; looked up in the office's own regions afterwards, never guessed here."""

    code: str = ""
    system: CodeSystem = CodeSystem.KEMENDAGRI
    name: str = ""
    district: str = ""
    rw: str = ""
    rt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidCount:
    """A figure as the document gives it, for the whole element or for one of its regions (its place there)."""

    kind: CountKind
    state: CountState
    value: int | None = None
    is_estimate: bool = False
    region_no: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One area of the document: a feature, a placemark, a CAP area, a paragraph of villages, a row."""

    no: int
    """Its place in the document, from 1."""
    label: str
    """As the document calls it; shown, never executed, at most 200 letters."""
    outcome: Outcome
    remarks: tuple[Remark, ...] = ()
    outline: str | None = None
    """GeoJSON text of a Polygon or MultiPolygon, longitude first, already checked."""
    regions: tuple[NamedRegion, ...] = ()
    counts: tuple[SaidCount, ...] = ()
    severity: Severity | None = None
    access: Access | None = None
    observed_at: datetime | None = None
    told: dict[str, str] = field(default_factory=dict)
    """What else the document says of it, for the person who confirms (depth, headline, source)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the document says of itself, as CAP and reports do. Empty where it says nothing."""

    identifier: str = ""
    sender: str = ""
    sent_at: datetime | None = None
    status: str = ""
    """CAP: Actual, Exercise, Test, Draft, System."""
    message: str = ""
    """CAP: Alert, Update, Cancel, Ack, Error."""
    references: tuple[str, ...] = ()
    """CAP: identifiers that this one updates or cancels."""
    expires_at: datetime | None = None
    headline: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    kind: Kind
    elements: tuple[Element, ...]
    notice: Notice = Notice()
    remarks: tuple[Remark, ...] = ()
    """Of the document as a whole."""
