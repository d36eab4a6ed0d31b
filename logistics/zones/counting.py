"""Figures that BPBD reports for villages: each report is kept as it came, none replaces another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from core.errors import Invalid
from core.i18n import say
from core.work import Tx
from logistics.zones.models import CountReport, CountReportLine
from logistics.zones.rows import lock_running
from logistics.zones.rules import Count, Doubt, doubt_facts, doubts_of
from logistics.zones.states import CountKind, CountState
from registry_link.regions.queries import find_region, region
from registry_link.regions.states import CodeSystem, Level

MOST_COUNTS = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCount:
    """One figure of a village; where its name is given too, both must agree."""

    village_code: str
    kind: CountKind
    count: Count
    name: str = ""
    system: CodeSystem = CodeSystem.KEMENDAGRI


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCounts:
    """A report without a new version of an area."""

    incident_id: UUID
    observed_at: datetime
    source: str
    counts: tuple[ReportCount, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedDoubt:
    """What of a village's figures cannot be, or seems to have changed places; it is kept all the same."""

    village_code: str
    doubt: Doubt
    facts: dict[str, int | str]

    def reason(self, lang: str) -> str:
        return say(f"doubt.{self.doubt.value}", lang, self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCounts:
    id: UUID
    villages: int
    figures: int
    doubts: tuple[ReportedDoubt, ...]


def report_counts(tx: Tx, order: ReportCounts) -> ReportedCounts:
    """Keep a report of figures beside the earlier ones. Raises: Forbidden, NotFound, Invalid, Conflict."""
    tx.require("count.report")
    lock_running(tx, order.incident_id, is_shared=True)
    if order.observed_at > tx.now + timedelta(minutes=15):
        raise Invalid("zone.observed_in_future", field="observed_at")
    if not order.source.strip():
        raise Invalid("count.source_missing", field="source")
    if not order.counts:
        raise Invalid("count.empty", field="counts")
    done = keep_report(
        tx, order.incident_id, None, order.counts, source=order.source, note=order.note, observed_at=order.observed_at
    )
    assert done is not None
    tx.note(
        "count.report", "incident", order.incident_id, villages=done.villages, figures=done.figures,
        source=order.source.strip()[:120],
    )  # fmt: skip
    return done


def keep_report(
    tx: Tx, incident_id: UUID, version_id: UUID | None, counts: Sequence[ReportCount], *, source: str, note: str,
    observed_at: datetime,
) -> ReportedCounts | None:  # fmt: skip
    """Write a report and its lines; None when it says nothing. Raises: Invalid, NotFound."""
    if len(counts) > MOST_COUNTS:
        raise Invalid("count.too_many", field="counts", most=MOST_COUNTS)
    kept: dict[str, dict[CountKind, Count]] = {}
    for one in counts:
        code = _village(tx, one)
        if one.kind in kept.setdefault(code, {}):
            raise Invalid("count.twice", field="counts", code=code)
        kept[code][one.kind] = one.count
    if not kept:
        return None
    report_id = tx.new_id()
    tx.session.execute(
        sa.insert(CountReport).values(
            id=report_id, regency_code=tx.regency_code, incident_id=incident_id, version_id=version_id,
            source=source.strip(), note=note.strip(), observed_at=observed_at, reported_at=tx.now,
            reported_by=tx.actor.id,
        )
    )  # fmt: skip
    rows = [
        {
            "report_id": report_id, "village_code": code, "kind": kind, "state": count.state,
            "value": count.value if count.state is CountState.NUMBER else None, "is_estimate": count.is_estimate,
        }
        for code, figures in kept.items() for kind, count in figures.items()
    ]  # fmt: skip
    tx.session.execute(sa.insert(CountReportLine), rows)
    doubts = tuple(
        ReportedDoubt(village_code=code, doubt=doubt, facts=doubt_facts(kept[code]))
        for code in sorted(kept)
        for doubt in doubts_of(kept[code])
    )
    return ReportedCounts(id=report_id, villages=len(kept), figures=len(rows), doubts=doubts)


def _village(tx: Tx, one: ReportCount) -> str:
    if one.name or one.system is not CodeSystem.KEMENDAGRI:
        village = find_region(tx, one.system, one.village_code, one.name)
    else:
        village = region(tx, one.village_code)
    if village.level is not Level.VILLAGE or not village.code.startswith(tx.regency_code + "."):
        raise Invalid("zone.region_unfit", field="counts", code=one.village_code, name=village.name)
    return village.code
