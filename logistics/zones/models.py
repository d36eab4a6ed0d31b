"""Incidents, decrees, areas posted by BPBD in versions, what each version matched, and what people decided."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, append_only, frozen_but, state_column, whole
from logistics.zones.states import (
    Access,
    AffectedState,
    AlertState,
    CountKind,
    CountState,
    DecisionHow,
    Hazard,
    IncidentField,
    ListState,
    MatchCause,
    Phase,
    RejectReason,
    Severity,
    ShelterState,
    StayKind,
    VersionState,
)
from registry_link.matching.rules import Confidence

CHANGING = (
    "state", "withdrawn_at", "withdraw_reason", "matched_at", "matching_no", "certain", "probable", "to_verify",
)  # fmt: skip
"""What of a posted version may be set again: that it was withdrawn or replaced, and what its matching found."""


class Incident(Base):
    __tablename__ = "incident"
    __table_args__ = (sa.UniqueConstraint("regency_code", "slug"), sa.Index(None, "regency_code", "state"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    slug: Mapped[str]
    name: Mapped[str]
    hazard: Mapped[Hazard] = state_column(Hazard, "hazard")
    state: Mapped[Phase] = state_column(Phase)
    started_at: Mapped[datetime]
    place_text: Mapped[str]
    chronology: Mapped[str]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]


class IncidentChange(Base):
    """One thing of an incident that became another: its phase, or what was put right in it."""

    __tablename__ = "incident_change"
    __table_args__ = (sa.Index(None, "incident_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"))
    field: Mapped[IncidentField] = state_column(IncidentField, "field")
    before: Mapped[str]
    after: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]


class Decree(Base):
    """SK status keadaan darurat; extensions are decrees of their own. A wrongly typed one is withdrawn, and stays."""

    __tablename__ = "decree"
    __table_args__ = (
        sa.Index(
            "uq_decree_number", "incident_id", "number", unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"), postgresql_where=sa.text("withdrawn_at IS NULL"),
        ),
        sa.CheckConstraint("last_on >= first_on", name="period"),
        sa.CheckConstraint("ended_on IS NULL OR ended_on BETWEEN first_on AND last_on", name="ended"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"))
    number: Mapped[str]
    dated_on: Mapped[date]
    phase: Mapped[Phase] = state_column(Phase, "phase")
    first_on: Mapped[date]
    last_on: Mapped[date]
    days_said: Mapped[int | None]
    """The number of days its words name; shown beside the counted one when they differ."""
    area_text: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    authority: Mapped[str] = mapped_column(server_default="")
    """Who decreed it: the bupati, the governor."""
    days_text: Mapped[str] = mapped_column(server_default="")
    """Its words on its length, as written: 14 (empat belas) hari."""
    extends_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("decree.id"))
    file_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("stored_file.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    withdraw_reason: Mapped[str] = mapped_column(server_default="")
    ended_on: Mapped[date | None]
    """Its last day after all, where it was ended early."""
    end_reason: Mapped[str] = mapped_column(server_default="")


class DecreeRegion(Base):
    """A district or village that a decree names; one that names none holds in the whole regency."""

    __tablename__ = "decree_region"

    decree_id: Mapped[UUID] = mapped_column(sa.ForeignKey("decree.id"), primary_key=True)
    region_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"), primary_key=True)


class Zone(Base):
    """One affected area of an incident; what it looks like stands in its versions."""

    __tablename__ = "zone"
    __table_args__ = (sa.UniqueConstraint("incident_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"))
    name: Mapped[str]
    current_no: Mapped[int]


class ZoneVersion(Base):
    """An area as it was posted once: immutable but for being taken over by a later one, and for being matched."""

    __tablename__ = "zone_version"
    __table_args__ = (
        sa.UniqueConstraint("zone_id", "no"),
        sa.Index(None, "incident_id", "state"),
        sa.Index("ix_zone_version_unmatched", "regency_code", sqlite_where=sa.text("matched_at IS NULL"),
                 postgresql_where=sa.text("matched_at IS NULL")),
        whole("no", least=1, most=100_000),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    zone_id: Mapped[UUID] = mapped_column(sa.ForeignKey("zone.id"))
    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"))
    no: Mapped[int]
    state: Mapped[VersionState] = state_column(VersionState)
    outline: Mapped[str | None]
    area_km2: Mapped[float | None]
    repairs: Mapped[str]
    """JSON list of what was put right in the outline, to be shown."""
    severity: Mapped[Severity] = state_column(Severity, "severity")
    access: Mapped[Access] = state_column(Access, "access")
    source: Mapped[str]
    note: Mapped[str]
    observed_at: Mapped[datetime]
    posted_at: Mapped[datetime]
    posted_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdraw_reason: Mapped[str]
    matched_at: Mapped[datetime | None]
    matching_no: Mapped[int] = mapped_column(server_default="0")
    """Which of its matchings counts; 0 before the first."""
    certain: Mapped[int]
    probable: Mapped[int]
    to_verify: Mapped[int]


class ZoneVersionRegion(Base):
    """A listed village (or district), narrowed to RW and RT where these are not empty."""

    __tablename__ = "zone_version_region"

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("zone_version.id"), primary_key=True)
    region_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"), primary_key=True)
    rw: Mapped[str] = mapped_column(primary_key=True)
    rt: Mapped[str] = mapped_column(primary_key=True)


class CountReport(Base):
    """One report of figures, as it came: with a version of an area, or by itself. None replaces another."""

    __tablename__ = "count_report"
    __table_args__ = (sa.Index(None, "incident_id", "observed_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"))
    version_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("zone_version.id"))
    source: Mapped[str]
    note: Mapped[str]
    observed_at: Mapped[datetime]
    reported_at: Mapped[datetime]
    reported_by: Mapped[str]


class CountReportLine(Base):
    """What one report says of a village; it stands beside the by-name count and never overwrites it."""

    __tablename__ = "count_report_line"
    __table_args__ = (
        sa.CheckConstraint("(state = 'number') = (value IS NOT NULL)", name="three_valued"),
        sa.CheckConstraint("value IS NULL OR value > 0", name="positive"),
        sa.Index(None, "village_code"),
    )

    report_id: Mapped[UUID] = mapped_column(sa.ForeignKey("count_report.id"), primary_key=True)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"), primary_key=True)
    kind: Mapped[CountKind] = state_column(CountKind, "kind", primary_key=True)
    state: Mapped[CountState] = state_column(CountState)
    value: Mapped[int | None]
    is_estimate: Mapped[bool]
    """Written with ±."""


class ZoneMatching(Base):
    """One time a version was matched: when it was posted, and again when the registry had become another."""

    __tablename__ = "zone_matching"
    __table_args__ = (whole("no", least=1, most=100_000),)

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("zone_version.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    cause: Mapped[MatchCause] = state_column(MatchCause, "cause")
    matched_at: Mapped[datetime]
    matched_by: Mapped[str]
    certain: Mapped[int]
    probable: Mapped[int]
    to_verify: Mapped[int]
    joined: Mapped[int]
    """Households that the matching before did not have; all of them in the first."""
    left: Mapped[int]


class ZoneMatch(Base):
    """What one matching of a version found: never changed, so that any two can be compared for ever."""

    __tablename__ = "zone_match"
    # By its key alone: half the pages to write of a table that has more rows than any other of an incident.
    __table_args__ = (sa.Index(None, "household_id"),)

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("zone_version.id"), primary_key=True)
    matching_no: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"), primary_key=True)
    village_code: Mapped[str]
    confidence: Mapped[Confidence] = state_column(Confidence, "confidence")
    evidence: Mapped[str]
    share_permille: Mapped[int | None]
    neighbours: Mapped[int | None]
    distance_m: Mapped[int | None]


class AffectedHousehold(Base):
    """A household on an incident's list: the best evidence of all its current areas, and what a person decided."""

    __tablename__ = "affected_household"
    __table_args__ = (
        sa.Index(None, "incident_id", "state", "confidence"),
        sa.Index(None, "incident_id", "village_code"),
        sa.Index(None, "household_id"),
        sa.CheckConstraint("(state IN ('confirmed', 'rejected')) = (decided_at IS NOT NULL)", name="decided"),
    )

    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"), primary_key=True)
    regency_code: Mapped[str]
    village_code: Mapped[str]
    version_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("zone_version.id"))
    """The version that gave the evidence; none for one added by hand."""
    confidence: Mapped[Confidence] = state_column(Confidence, "confidence")
    evidence: Mapped[str]
    share_permille: Mapped[int | None]
    neighbours: Mapped[int | None]
    distance_m: Mapped[int | None]
    is_inside: Mapped[bool]
    """False when no current area has it any more, though a person had decided on it."""
    state: Mapped[AffectedState] = state_column(AffectedState)
    reject_reason: Mapped[RejectReason | None] = state_column(RejectReason, "reject_reason", nullable=True)
    note: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_no: Mapped[int] = mapped_column(server_default="0")
    """How many decisions people have made on it."""
    joined_at: Mapped[datetime]


append_only(IncidentChange.__table__)
append_only(DecreeRegion.__table__)
frozen_but(ZoneVersion.__table__, *CHANGING)
append_only(ZoneVersionRegion.__table__)
append_only(CountReport.__table__)
append_only(CountReportLine.__table__)
append_only(ZoneMatching.__table__)
append_only(ZoneMatch.__table__)


class Alert(Base):
    """A warning of the weather service that touches the office's regency: kept as a note, it starts nothing."""

    __tablename__ = "alert"
    __table_args__ = (
        sa.UniqueConstraint("regency_code", "sender", "identifier"),
        sa.Index(None, "regency_code", "state", "expires_at"),
        sa.CheckConstraint("length(raw_sha256) = 64", name="raw_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    identifier: Mapped[str]
    sender: Mapped[str]
    state: Mapped[AlertState] = state_column(AlertState)
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    headline: Mapped[str]
    text: Mapped[str]
    event: Mapped[str]
    area_text: Mapped[str]
    severity: Mapped[Severity | None] = state_column(Severity, "severity", nullable=True)
    outline: Mapped[str | None]
    """GeoJSON of everything it names; none where the alert draws no area."""
    refers_to: Mapped[str]
    """JSON list of the identifiers that it updates or cancels."""
    source: Mapped[str]
    """Address that it was fetched from."""
    raw_sha256: Mapped[str]
    fetched_at: Mapped[datetime]


# ---------------------------------------------------------------- what people decided, frozen lists, where people are


class AffectedDecision(Base):
    """One decision of a person on one household of the list: from what to what, and why."""

    __tablename__ = "affected_decision"
    __table_args__ = (whole("no", least=1, most=100_000), sa.Index(None, "household_id"))

    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    how: Mapped[DecisionHow] = state_column(DecisionHow, "how")
    before: Mapped[AffectedState | None] = state_column(AffectedState, "before", nullable=True)
    """None where the household was not on the list."""
    after: Mapped[AffectedState] = state_column(AffectedState, "after")
    reject_reason: Mapped[RejectReason | None] = state_column(RejectReason, "reject_reason", nullable=True)
    note: Mapped[str]
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]
    decided_by_name: Mapped[str]


class AffectedList(Base):
    """The confirmed list of an incident as it was frozen once; a later one takes its place, none changes."""

    __tablename__ = "affected_list"
    __table_args__ = (
        sa.UniqueConstraint("incident_id", "no"),
        sa.Index("ix_affected_list_current", "incident_id", unique=True,
                 sqlite_where=sa.text("state = 'current'"), postgresql_where=sa.text("state = 'current'")),
        sa.CheckConstraint("(state = 'current') = (ended_at IS NULL)", name="ended"),
        sa.CheckConstraint("length(sha256) = 64", name="sha256"),
        whole("no", least=1, most=100_000),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"))
    no: Mapped[int]
    state: Mapped[ListState] = state_column(ListState)
    note: Mapped[str]
    households: Mapped[int]
    villages: Mapped[int]
    certain: Mapped[int]
    probable: Mapped[int]
    to_verify: Mapped[int]
    joined: Mapped[int]
    """How many the list before it did not hold."""
    gone: Mapped[int]
    """How many of the list before it are not on it."""
    sha256: Mapped[str]
    """Of its entries, which name nobody: what is erased of a person leaves the proof whole."""
    frozen_at: Mapped[datetime]
    frozen_by: Mapped[str]
    frozen_by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_reason: Mapped[str]


class AffectedListEntry(Base):
    """One household of a frozen list, with what spoke for it and who decided."""

    __tablename__ = "affected_list_entry"
    __table_args__ = (sa.Index(None, "household_id"),)

    list_id: Mapped[UUID] = mapped_column(sa.ForeignKey("affected_list.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"), primary_key=True)
    village_code: Mapped[str]
    version_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("zone_version.id"))
    confidence: Mapped[Confidence] = state_column(Confidence, "confidence")
    evidence: Mapped[str]
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]


class AffectedListUse(Base):
    """A plan that was drawn from a frozen list."""

    __tablename__ = "affected_list_use"

    list_id: Mapped[UUID] = mapped_column(sa.ForeignKey("affected_list.id"), primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("plan.id"), primary_key=True)
    used_at: Mapped[datetime]
    used_by: Mapped[str]


class Shelter(Base):
    """A place where displaced households of an incident live for now (titik pengungsian)."""

    __tablename__ = "shelter"
    __table_args__ = (
        sa.UniqueConstraint("incident_id", "name"),
        sa.CheckConstraint("(lon_deg IS NULL) = (lat_deg IS NULL)", name="position"),
        sa.CheckConstraint("capacity IS NULL OR capacity > 0", name="capacity"),
        sa.CheckConstraint("reported_persons IS NULL OR reported_persons >= 0", name="reported"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"))
    name: Mapped[str]
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"))
    lon_deg: Mapped[float | None]
    lat_deg: Mapped[float | None]
    capacity: Mapped[int | None]
    """Persons it can hold."""
    reported_persons: Mapped[int | None]
    """Displaced persons that its post reported last; none while they are being counted."""
    contact_name: Mapped[str]
    contact_phone: Mapped[str]
    note: Mapped[str]
    state: Mapped[ShelterState] = state_column(ShelterState)
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class Stay(Base):
    """Where a household is from a day on, during an incident; the next one ends it."""

    __tablename__ = "stay"
    __table_args__ = (
        sa.CheckConstraint("(kind = 'shelter') = (shelter_id IS NOT NULL)", name="shelter"),
        sa.Index(None, "household_id"),
        sa.Index(None, "shelter_id"),
        whole("no", least=1, most=100_000),
    )

    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    kind: Mapped[StayKind] = state_column(StayKind, "kind")
    shelter_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("shelter.id"))
    village_code: Mapped[str | None]
    """Where a host family lives, or where the shelter is."""
    place_text: Mapped[str]
    since_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    recorded_by_name: Mapped[str]


append_only(AffectedListEntry.__table__)
append_only(AffectedListUse.__table__)
frozen_but(AffectedDecision.__table__, "note")
frozen_but(AffectedList.__table__, "state", "ended_at", "ended_by", "end_reason")
frozen_but(Stay.__table__, "place_text")
