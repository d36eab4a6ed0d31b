"""Incidents, decrees, areas posted by BPBD in versions, what each version matched, and what people decided."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, append_only, state_column, whole
from logistics.zones.states import (
    Access,
    AffectedState,
    CountKind,
    CountState,
    Hazard,
    Phase,
    RejectReason,
    Severity,
    VersionState,
)
from registry_link.matching.rules import Confidence


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


class Decree(Base):
    """SK status keadaan darurat; extensions are decrees of their own."""

    __tablename__ = "decree"
    __table_args__ = (
        sa.UniqueConstraint("incident_id", "number"),
        sa.CheckConstraint("last_on >= first_on", name="period"),
    )

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


class ReportedCount(Base):
    """What BPBD reported for a village; it stands beside the by-name count and never overwrites it."""

    __tablename__ = "reported_count"
    __table_args__ = (
        sa.CheckConstraint("(state = 'number') = (value IS NOT NULL)", name="three_valued"),
        sa.CheckConstraint("value IS NULL OR value > 0", name="positive"),
    )

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("zone_version.id"), primary_key=True)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"), primary_key=True)
    kind: Mapped[CountKind] = state_column(CountKind, "kind", primary_key=True)
    state: Mapped[CountState] = state_column(CountState)
    value: Mapped[int | None]


class ZoneMatch(Base):
    """What one version matched: never changed, so that any two versions can be compared for ever."""

    __tablename__ = "zone_match"
    __table_args__ = (sa.Index(None, "household_id"),)

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("zone_version.id"), primary_key=True)
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
    joined_at: Mapped[datetime]


append_only(ZoneMatch.__table__)
