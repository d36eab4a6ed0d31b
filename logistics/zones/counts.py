"""What was reported of villages: the newest figure of each kind, and every report as it came."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from logistics.zones.models import CountReport, CountReportLine, ZoneVersion
from logistics.zones.queries import incident_by_id
from logistics.zones.rules import Count
from logistics.zones.states import CountKind, VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFigure:
    """One figure of one report."""

    report_id: UUID
    village_code: str
    kind: CountKind
    count: Count
    source: str
    note: str
    observed_at: datetime
    reported_at: datetime
    reported_by: str
    version_id: UUID | None
    is_withdrawn: bool
    """It came with a version of an area that was withdrawn: kept, but it counts no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """One report that came without a version of an area."""

    id: UUID
    source: str
    note: str
    reported_at: datetime
    reported_by: str


def newest_counts(tx: Tx, incident_id: UUID) -> dict[str, dict[CountKind, Count]]:
    """Give what was observed last of each village and kind; the caller has checked the right to see it."""
    place = sa.func.row_number().over(
        partition_by=(CountReportLine.village_code, CountReportLine.kind),
        order_by=(CountReport.observed_at.desc(), CountReport.reported_at.desc(), CountReport.id.desc()),
    )
    standing = sa.or_(ZoneVersion.id.is_(None), ZoneVersion.state != VersionState.WITHDRAWN)
    ranked = (
        sa.select(
            CountReportLine.village_code, CountReportLine.kind, CountReportLine.state, CountReportLine.value,
            CountReportLine.is_estimate, place.label("place"),
        )
        .join(CountReport, CountReport.id == CountReportLine.report_id)
        .outerjoin(ZoneVersion, ZoneVersion.id == CountReport.version_id)
        .where(CountReport.incident_id == incident_id, CountReport.regency_code == tx.regency_code, standing)
        .subquery()
    )  # fmt: skip
    found: dict[str, dict[CountKind, Count]] = defaultdict(dict)
    for row in tx.session.execute(sa.select(ranked).where(ranked.c.place == 1)):
        found[row.village_code][row.kind] = Count(row.state, row.value, row.is_estimate)
    return dict(found)


def reports(tx: Tx, incident_id: UUID) -> tuple[ReportView, ...]:
    """List the reports that came by themselves, newest first. Raises: Forbidden, NotFound."""
    tx.require("zone.see")
    incident_by_id(tx, incident_id)
    rows = tx.session.execute(
        sa.select(
            CountReport.id, CountReport.source, CountReport.note, CountReport.reported_at, CountReport.reported_by
        )
        .where(
            CountReport.incident_id == incident_id, CountReport.regency_code == tx.regency_code,
            CountReport.version_id.is_(None),
        )
        .order_by(CountReport.reported_at.desc(), CountReport.id.desc())
    )  # fmt: skip
    return tuple(ReportView(**row._mapping) for row in rows)


def figures(tx: Tx, incident_id: UUID, village_code: str = "") -> tuple[ReportedFigure, ...]:
    """List every reported figure of one's villages, the newest observation first. Raises: Forbidden, NotFound."""
    reach = tx.require("zone.see")
    incident_by_id(tx, incident_id)
    return tuple(one for one in _figures(tx, incident_id, village_code) if reach.has_village(one.village_code))


def _figures(tx: Tx, incident_id: UUID, village_code: str = "") -> list[ReportedFigure]:
    query = (
        sa.select(CountReport, CountReportLine, ZoneVersion.state)
        .join(CountReportLine, CountReportLine.report_id == CountReport.id)
        .outerjoin(ZoneVersion, ZoneVersion.id == CountReport.version_id)
        .where(CountReport.incident_id == incident_id, CountReport.regency_code == tx.regency_code)
        .order_by(
            CountReport.observed_at.desc(), CountReport.reported_at.desc(), CountReport.id.desc(),
            CountReportLine.village_code, CountReportLine.kind,
        )
    )  # fmt: skip
    if village_code:
        query = query.where(CountReportLine.village_code == village_code)
    return [
        ReportedFigure(
            report_id=report.id, village_code=line.village_code, kind=line.kind,
            count=Count(line.state, line.value, line.is_estimate), source=report.source, note=report.note,
            observed_at=report.observed_at, reported_at=report.reported_at, reported_by=report.reported_by,
            version_id=report.version_id, is_withdrawn=state is VersionState.WITHDRAWN,
        )
        for report, line, state in tx.session.execute(query)
    ]  # fmt: skip
