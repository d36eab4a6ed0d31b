from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core import states
from core.clock import local_day
from core.errors import Conflict, Invalid, NotFound
from core.measures import Period
from core.permissions import Reach
from core.work import Tx
from logistics.zones.models import (
    AffectedHousehold,
    Decree,
    Incident,
    ReportedCount,
    Zone,
    ZoneMatch,
    ZoneVersion,
    ZoneVersionRegion,
)
from logistics.zones.rules import Count, days_differ, slug_of
from logistics.zones.states import (
    PHASES,
    VERSIONS,
    Access,
    AffectedState,
    CountKind,
    CountState,
    Hazard,
    Phase,
    PhaseAct,
    RejectReason,
    Severity,
    VersionAct,
    VersionState,
)
from registry_link.households.drawn import keep_drawn_from
from registry_link.households.queries import villages_of_households
from registry_link.matching.earth import Box
from registry_link.matching.outlines import Outline, parse_outline
from registry_link.matching.queries import Area, match_area
from registry_link.matching.rules import Confidence, ListedRegion
from registry_link.regions.queries import boundaries_of, find_region, region
from registry_link.regions.states import CodeSystem, Level

MOST_CODES = 2000
_CHUNK = 5000
ADDED = "added_by_person"
UNREGISTERED = "registered_on_the_spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    name: str
    hazard: Hazard
    started_at: datetime
    place_text: str = ""
    chronology: str = ""
    phase: Phase = Phase.RESPONSE


@dataclass(frozen=True, slots=True)
class OpenedIncident:
    id: UUID
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDecree:
    incident_id: UUID
    number: str
    dated_on: date
    first_on: date
    last_on: date
    phase: Phase = Phase.RESPONSE
    days_said: int | None = None
    area_text: str = ""


@dataclass(frozen=True, slots=True)
class RecordedDecree:
    id: UUID
    days: int
    do_words_differ: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRegion:
    """A region as BPBD names it: code with its system, and the name where they give one; both must agree."""

    code: str
    name: str = ""
    system: CodeSystem = CodeSystem.KEMENDAGRI
    rw: str = ""
    rt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCount:
    village_code: str
    kind: CountKind
    count: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class PostZone:
    """A new area, or the next version of one (``zone_id`` and the number it was based on)."""

    incident_id: UUID
    name: str
    observed_at: datetime
    severity: Severity
    access: Access = Access.ROAD
    source: str = ""
    note: str = ""
    outline: str | None = None
    """GeoJSON text; longitude first, WGS 84."""
    regions: tuple[ListRegion, ...] = ()
    counts: tuple[ReportCount, ...] = ()
    zone_id: UUID | None = None
    base_no: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedZone:
    zone_id: UUID
    version_id: UUID
    no: int
    repairs: tuple[str, ...] = field(default=())
    """Codes of what was put right in the outline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    certain: int
    probable: int
    to_verify: int

    @property
    def total(self) -> int:
        return self.certain + self.probable + self.to_verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    incident_id: UUID
    household_ids: tuple[UUID, ...]
    is_affected: bool
    reject_reason: RejectReason | None = None
    note: str = ""


# ---------------------------------------------------------------- incident and decree


def open_incident(tx: Tx, order: OpenIncident) -> OpenedIncident:
    """Open an incident. Raises: Forbidden, Invalid."""
    tx.require("incident.open")
    name = " ".join(order.name.split())
    if not 3 <= len(name) <= 120:
        raise Invalid("incident.name_length", field="name")
    if order.started_at > tx.now + timedelta(minutes=15):
        raise Invalid("incident.starts_in_future", field="started_at")
    if order.phase not in (Phase.ALERT, Phase.RESPONSE):
        raise Invalid("incident.phase_unfit", field="phase")
    slug = base = slug_of(name, local_day(order.started_at, tx.zone))
    taken = set(tx.session.scalars(sa.select(Incident.slug).where(Incident.regency_code == tx.regency_code)))
    number = 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    incident_id = tx.new_id()
    tx.session.execute(
        sa.insert(Incident).values(
            id=incident_id, regency_code=tx.regency_code, slug=slug, name=name, hazard=order.hazard, state=order.phase,
            started_at=order.started_at, place_text=order.place_text.strip(), chronology=order.chronology.strip(),
            opened_at=tx.now, opened_by=tx.actor.id,
        )
    )  # fmt: skip
    tx.note("incident.open", "incident", incident_id, hazard=order.hazard.value, slug=slug)
    return OpenedIncident(incident_id, slug)


def move_incident(tx: Tx, incident_id: UUID, act: PhaseAct, reason: str = "") -> Phase:
    """Move an incident to its next phase. Raises: Forbidden, NotFound, Conflict."""
    tx.require("incident.open")
    _incident(tx, incident_id)
    return states.move(tx, Incident, incident_id, act, PHASES, reason=reason)


def lock_incident(tx: Tx, incident_id: UUID) -> Phase:
    """Keep the incident for this transaction, so that two who open its next week wait for each other.

    Gives its phase. Raises: NotFound.
    """
    phase: Phase | None = tx.session.scalar(
        sa.select(Incident.state)
        .where(Incident.id == incident_id, Incident.regency_code == tx.regency_code)
        .with_for_update()
    )
    if phase is None:
        raise NotFound("incident.not_found")
    return phase


def record_decree(tx: Tx, order: RecordDecree) -> RecordedDecree:
    """Record an emergency decree; its days are counted here, with both ends. Raises: Forbidden, Invalid, Conflict."""
    tx.require("decree.record")
    _incident(tx, order.incident_id)
    number = " ".join(order.number.split())
    if not number:
        raise Invalid("decree.number_missing", field="number")
    if order.last_on < order.first_on:
        raise Invalid("decree.ends_before_start", field="last_on")
    period = Period(order.first_on, order.last_on)
    if period.days > 366:
        raise Invalid("decree.too_long", field="last_on", days=period.days)
    if tx.session.scalar(sa.select(Decree.id).where(Decree.incident_id == order.incident_id, Decree.number == number)):
        raise Conflict("decree.exists", number=number)
    decree_id = tx.new_id()
    tx.session.execute(
        sa.insert(Decree).values(
            id=decree_id, incident_id=order.incident_id, number=number, dated_on=order.dated_on, phase=order.phase,
            first_on=order.first_on, last_on=order.last_on, days_said=order.days_said,
            area_text=order.area_text.strip(), recorded_at=tx.now, recorded_by=tx.actor.id,
        )
    )  # fmt: skip
    tx.note("decree.record", "incident", order.incident_id, number=number, days=period.days)
    return RecordedDecree(decree_id, period.days, days_differ(period, order.days_said))


# ---------------------------------------------------------------- areas


def post_zone(tx: Tx, order: PostZone) -> PostedZone:
    """Post an area, or its next version; nothing is overwritten.

    Raises: Forbidden; NotFound; Invalid, with what is wrong and where; Conflict, when somebody revised it meanwhile.
    """
    tx.require("zone.post")
    incident = _incident(tx, order.incident_id)
    if incident.state is Phase.CLOSED:
        raise Conflict("incident.is_closed")
    if order.observed_at > tx.now + timedelta(minutes=15):
        raise Invalid("zone.observed_in_future", field="observed_at")
    if order.outline is None and not order.regions:
        raise Invalid("zone.empty", field="outline")
    if len(order.regions) > MOST_CODES:
        raise Invalid("zone.too_many_codes", field="regions", most=MOST_CODES)
    outline = _read_outline(tx, order.outline) if order.outline is not None else None
    listed = _listed(tx, order.regions)
    zone_id, no = _place_version(tx, order)
    version_id = tx.new_id()
    tx.session.execute(
        sa.insert(ZoneVersion).values(
            id=version_id, regency_code=tx.regency_code, zone_id=zone_id, incident_id=order.incident_id, no=no,
            state=VersionState.CURRENT, outline=outline.to_geojson() if outline else None,
            area_km2=outline.area_km2 if outline else None, severity=order.severity, access=order.access,
            repairs=json.dumps([{"code": one.code, "facts": dict(one.facts)} for one in outline.repairs])
            if outline else "[]",
            source=order.source.strip(), note=order.note.strip(), observed_at=order.observed_at, posted_at=tx.now,
            posted_by=tx.actor.id, withdrawn_at=None, withdraw_reason="", matched_at=None,
            certain=0, probable=0, to_verify=0,
        )
    )  # fmt: skip
    if listed:
        tx.session.execute(
            sa.insert(ZoneVersionRegion),
            [
                {"version_id": version_id, "region_code": one.code, "rw": one.rw or "", "rt": one.rt or ""}
                for one in listed
            ],
        )
    _keep_counts(tx, version_id, order.counts)
    tx.note(
        "zone.post", "zone", zone_id, no=no, has_outline=outline is not None, regions=len(listed),
        severity=order.severity.value, source=order.source.strip()[:120],
    )  # fmt: skip
    return PostedZone(
        zone_id=zone_id, version_id=version_id, no=no, repairs=tuple(one.code for one in outline.repairs) if outline
        else (),
    )  # fmt: skip


def withdraw_zone(tx: Tx, zone_id: UUID, reason: str) -> None:
    """Withdraw an area; its history stays, and what was decided of its households stays. Raises: NotFound, Invalid."""
    tx.require("zone.withdraw")
    if len(reason.strip()) < 5:
        raise Invalid("zone.reason_missing", field="reason")
    zone = _zone(tx, zone_id)
    version_id = tx.session.scalar(
        sa.select(ZoneVersion.id).where(ZoneVersion.zone_id == zone_id, ZoneVersion.state == VersionState.CURRENT)
    )
    if version_id is None:
        raise Conflict("zone.is_withdrawn")
    states.move(
        tx, ZoneVersion, version_id, VersionAct.WITHDRAW, VERSIONS, reason=reason.strip(), withdrawn_at=tx.now,
        withdraw_reason=reason.strip(),
    )  # fmt: skip
    refresh_affected(tx, zone.incident_id)


def match_version(tx: Tx, version_id: UUID) -> Matched | None:
    """Match one posted version to households and bring the incident's list up to date; None when it was matched before.

    Safe to call twice and from two processes: the first takes it by a guarded UPDATE.
    """
    done = tx.session.execute(
        sa.update(ZoneVersion)
        .where(ZoneVersion.id == version_id, ZoneVersion.matched_at.is_(None))
        .values(matched_at=tx.now)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return None
    version = tx.session.get_one(ZoneVersion, version_id)
    listed = tx.session.scalars(sa.select(ZoneVersionRegion).where(ZoneVersionRegion.version_id == version_id)).all()
    found = match_area(
        tx,
        Area(
            outline=Outline.from_geojson(version.outline) if version.outline else None,
            listed=tuple(ListedRegion(one.region_code, one.rw or None, one.rt or None) for one in listed),
        ),
    )
    columns = zip(
        found.household_ids, found.village_codes, found.confidences, found.evidences, found.share_permille,
        found.neighbours, found.distance_m, strict=True,
    )  # fmt: skip
    rows = [
        {
            "version_id": version_id, "household_id": household_id, "village_code": village_code,
            "confidence": confidence, "evidence": evidence.value, "share_permille": share, "neighbours": neighbours,
            "distance_m": distance,
        }
        for household_id, village_code, confidence, evidence, share, neighbours, distance in columns
    ]  # fmt: skip
    for start in range(0, len(rows), _CHUNK):
        tx.session.execute(sa.insert(ZoneMatch), rows[start : start + _CHUNK])
    counts = found.counts
    matched = Matched(certain=counts.certain, probable=counts.probable, to_verify=counts.to_verify)
    tx.session.execute(
        sa.update(ZoneVersion).where(ZoneVersion.id == version_id)
        .values(certain=matched.certain, probable=matched.probable, to_verify=matched.to_verify)
    )  # fmt: skip
    keep_drawn_from(tx, "zone_version", version_id)
    refresh_affected(tx, version.incident_id)
    tx.note(
        "zone.match", "zone", version.zone_id, no=version.no, certain=matched.certain, probable=matched.probable,
        to_verify=matched.to_verify,
    )  # fmt: skip
    return matched


def refresh_affected(tx: Tx, incident_id: UUID) -> None:
    """Bring the incident's list in line with its current versions, without touching what a person decided.

    Each household keeps its best evidence over all areas. One that no current area has any more leaves the list when
    nobody had decided on it, and is marked when somebody had.
    """
    strength = sa.case(
        (ZoneMatch.confidence == Confidence.CERTAIN, 0), (ZoneMatch.confidence == Confidence.PROBABLE, 1), else_=2
    )
    ranked = (
        sa.select(
            ZoneMatch.household_id, ZoneMatch.village_code, ZoneMatch.version_id, ZoneMatch.confidence,
            ZoneMatch.evidence, ZoneMatch.share_permille, ZoneMatch.neighbours, ZoneMatch.distance_m,
            sa.func.row_number()
            .over(
                partition_by=ZoneMatch.household_id,
                order_by=(strength, ZoneMatch.share_permille.desc(), ZoneMatch.version_id),
            )
            .label("place"),
        )
        .join(ZoneVersion, ZoneVersion.id == ZoneMatch.version_id)
        .where(ZoneVersion.incident_id == incident_id, ZoneVersion.state == VersionState.CURRENT)
        .subquery()
    )  # fmt: skip
    best = sa.select(ranked).where(ranked.c.place == 1).subquery()
    mine = AffectedHousehold.incident_id == incident_id
    tx.session.execute(
        sa.update(AffectedHousehold)
        .where(mine, AffectedHousehold.household_id == best.c.household_id)
        .values(
            village_code=best.c.village_code, version_id=best.c.version_id, confidence=best.c.confidence,
            evidence=best.c.evidence, share_permille=best.c.share_permille, neighbours=best.c.neighbours,
            distance_m=best.c.distance_m, is_inside=True,
            state=sa.case(
                (AffectedHousehold.state == AffectedState.LEFT, sa.literal(AffectedState.PROPOSED.value)),
                else_=AffectedHousehold.state,
            ),
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    known = sa.select(AffectedHousehold.household_id).where(mine)
    columns = (
        "incident_id", "household_id", "regency_code", "village_code", "version_id", "confidence", "evidence",
        "share_permille", "neighbours", "distance_m", "is_inside", "state", "note", "joined_at",
    )  # fmt: skip
    tx.session.execute(
        sa.insert(AffectedHousehold).from_select(
            columns,
            sa.select(
                sa.literal(incident_id, sa.Uuid()), best.c.household_id, sa.literal(tx.regency_code),
                best.c.village_code, best.c.version_id, best.c.confidence, best.c.evidence, best.c.share_permille,
                best.c.neighbours, best.c.distance_m, sa.true(), sa.literal(AffectedState.PROPOSED.value),
                sa.literal(""),
                sa.literal(tx.now, AffectedHousehold.joined_at.type),
            ).where(best.c.household_id.not_in(known)),
        )
    )  # fmt: skip
    gone = sa.and_(
        mine,
        AffectedHousehold.version_id.is_not(None),
        AffectedHousehold.is_inside.is_(True),
        AffectedHousehold.household_id.not_in(sa.select(best.c.household_id)),
    )
    tx.session.execute(
        sa.update(AffectedHousehold)
        .where(gone)
        .values(
            is_inside=False,
            state=sa.case(
                (AffectedHousehold.state == AffectedState.PROPOSED, sa.literal(AffectedState.LEFT.value)),
                else_=AffectedHousehold.state,
            ),
        )
        .execution_options(synchronize_session=False)
    )


# ---------------------------------------------------------------- who is really affected


def confirm_certain(tx: Tx, incident_id: UUID) -> int:
    """Confirm every certain household that nobody has decided on; gives how many. Raises: Forbidden, NotFound."""
    tx.require("affected.confirm_certain")
    _incident(tx, incident_id)
    done = tx.session.execute(
        sa.update(AffectedHousehold)
        .where(
            AffectedHousehold.incident_id == incident_id,
            AffectedHousehold.state == AffectedState.PROPOSED,
            AffectedHousehold.confidence == Confidence.CERTAIN,
        )
        .values(state=AffectedState.CONFIRMED, decided_at=tx.now, decided_by=tx.actor.id)
        .execution_options(synchronize_session=False)
    )
    count = int(done.rowcount)  # type: ignore[attr-defined]
    tx.note("affected.confirm_certain", "incident", incident_id, count=count)
    return count


def decide_affected(tx: Tx, order: Decide) -> int:
    """Confirm or reject households of the list; gives how many changed.

    A household that a package was made for stays where it is: the plan is changed first.
    Raises: Forbidden; NotFound, for one outside the list or the reach; Invalid, when a rejection lacks its reason.
    """
    reach = tx.require("affected.decide")
    _incident(tx, order.incident_id)
    if not order.is_affected and order.reject_reason is None:
        raise Invalid("affected.reason_missing", field="reason")
    if order.reject_reason is RejectReason.OTHER and len(order.note.strip()) < 5:
        raise Invalid("affected.note_missing", field="note")
    ids = sorted(set(order.household_ids))
    if not ids:
        raise Invalid("affected.none_chosen", field="household_ids")
    known = _affected_within(tx, order.incident_id, ids, reach)
    if len(known) != len(ids):
        raise NotFound("affected.not_found")
    after = AffectedState.CONFIRMED if order.is_affected else AffectedState.REJECTED
    changed = 0
    for chunk in (ids[n : n + 500] for n in range(0, len(ids), 500)):
        done = tx.session.execute(
            sa.update(AffectedHousehold)
            .where(
                AffectedHousehold.incident_id == order.incident_id,
                AffectedHousehold.household_id.in_(chunk),
                AffectedHousehold.state != after,
            )
            .values(
                state=after, decided_at=tx.now, decided_by=tx.actor.id, note=order.note.strip(),
                reject_reason=None if order.is_affected else order.reject_reason,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        changed += int(done.rowcount)  # type: ignore[attr-defined]
    tx.note(
        "affected.confirm" if order.is_affected else "affected.reject", "incident", order.incident_id,
        reason=order.reject_reason.value if order.reject_reason else "", count=changed,
        households=[str(one) for one in ids[:100]],
    )  # fmt: skip
    return changed


def add_affected(tx: Tx, incident_id: UUID, household_id: UUID, note: str, *, is_provisional: bool = False) -> None:
    """Put a household on the list by hand, confirmed by the one who adds it.

    Raises: Forbidden; NotFound, outside the reach; Conflict, when it is on the list already.
    """
    reach = tx.require("household.register" if is_provisional else "affected.decide")
    incident = _incident(tx, incident_id)
    if incident.state is Phase.CLOSED:
        raise Conflict("incident.is_closed")
    village = villages_of_households(tx, [household_id]).get(household_id)
    if village is None:
        raise NotFound("household.not_found")
    if not is_provisional:
        reach.need_village(village, "household")
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "incident_id": incident_id, "household_id": household_id, "regency_code": tx.regency_code,
        "village_code": village,
        "version_id": None, "confidence": Confidence.CERTAIN, "evidence": UNREGISTERED if is_provisional else ADDED,
        "share_permille": None, "is_inside": True, "state": AffectedState.CONFIRMED, "reject_reason": None,
        "note": note.strip(),
        "decided_at": tx.now, "decided_by": tx.actor.id, "joined_at": tx.now,
    }  # fmt: skip
    done = tx.session.execute(insert(AffectedHousehold).values(**values).on_conflict_do_nothing())
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("affected.is_listed")
    tx.note("affected.add", "incident", incident_id, household=str(household_id), evidence=str(values["evidence"]))


# ---------------------------------------------------------------- inside


def _incident(tx: Tx, incident_id: UUID) -> Incident:
    incident = tx.session.get(Incident, incident_id)
    if incident is None or incident.regency_code != tx.regency_code:
        raise NotFound("incident.not_found")
    return incident


def _zone(tx: Tx, zone_id: UUID) -> Zone:
    zone = tx.session.get(Zone, zone_id)
    if zone is None or zone.regency_code != tx.regency_code:
        raise NotFound("zone.not_found")
    return zone


def _read_outline(tx: Tx, text: str) -> Outline:
    boxes = boundaries_of(tx, tx.regency_code, Level.REGENCY) or boundaries_of(tx, tx.regency_code, Level.VILLAGE)
    box = None
    if boxes:
        box = Box(
            min(one.west for one in boxes), min(one.south for one in boxes),
            max(one.east for one in boxes), max(one.north for one in boxes),
        )  # fmt: skip
    return parse_outline(text, district_box=box)


def _listed(tx: Tx, regions: Sequence[ListRegion]) -> list[ListedRegion]:
    listed: dict[tuple[str, str, str], ListedRegion] = {}
    for one in regions:
        if one.name or one.system is not CodeSystem.KEMENDAGRI:
            digits = one.code.replace(".", "")
            is_district = len(digits) == (7 if one.system is CodeSystem.BPS else 6)
            found = find_region(
                tx, one.system, one.code, one.name, Level.DISTRICT if is_district and not one.name else Level.VILLAGE
            )
        else:
            found = region(tx, one.code)
        if found.level not in (Level.VILLAGE, Level.DISTRICT) or not found.code.startswith(tx.regency_code + "."):
            raise Invalid("zone.region_unfit", field="regions", code=one.code, name=found.name)
        if one.rt and not one.rw:
            raise Invalid("zone.rt_without_rw", field="regions", code=one.code, rt=one.rt)
        rw, rt = (f"{int(part):03d}" if part.isascii() and part.isdigit() else part for part in (one.rw, one.rt))
        listed[(found.code, rw, rt)] = ListedRegion(found.code, rw or None, rt or None)
    return list(listed.values())


def _place_version(tx: Tx, order: PostZone) -> tuple[UUID, int]:
    name = " ".join(order.name.split())
    if not 2 <= len(name) <= 120:
        raise Invalid("zone.name_length", field="name")
    if order.zone_id is None:
        taken = sa.select(Zone.id).where(Zone.incident_id == order.incident_id, Zone.name == name)
        if tx.session.scalar(taken):
            raise Conflict("zone.name_taken", name=name)
        zone_id = tx.new_id()
        tx.session.execute(
            sa.insert(Zone).values(
                id=zone_id, regency_code=tx.regency_code, incident_id=order.incident_id, name=name, current_no=1
            )
        )
        return zone_id, 1
    zone = _zone(tx, order.zone_id)
    if zone.incident_id != order.incident_id:
        raise NotFound("zone.not_found")
    base = order.base_no if order.base_no is not None else zone.current_no
    done = tx.session.execute(
        sa.update(Zone).where(Zone.id == zone.id, Zone.current_no == base).values(current_no=base + 1, name=name)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("zone.revised_meanwhile", name=name, current=zone.current_no, base=base)
    tx.session.execute(
        sa.update(ZoneVersion)
        .where(ZoneVersion.zone_id == zone.id, ZoneVersion.state == VersionState.CURRENT)
        .values(state=VERSIONS[VersionState.CURRENT, VersionAct.SUPERSEDE])
        .execution_options(synchronize_session=False)
    )
    return zone.id, base + 1


def _keep_counts(tx: Tx, version_id: UUID, counts: Sequence[ReportCount]) -> None:
    rows = []
    for one in counts:
        village = region(tx, one.village_code)
        if village.level is not Level.VILLAGE or not village.code.startswith(tx.regency_code + "."):
            raise Invalid("zone.region_unfit", field="counts", code=one.village_code, name=village.name)
        rows.append(
            {
                "version_id": version_id, "village_code": village.code, "kind": one.kind, "state": one.count.state,
                "value": one.count.value if one.count.state is CountState.NUMBER else None,
            }
        )  # fmt: skip
    if rows:
        tx.session.execute(sa.insert(ReportedCount), rows)


def _affected_within(tx: Tx, incident_id: UUID, ids: Sequence[UUID], reach: Reach) -> list[UUID]:
    found: list[UUID] = []
    for chunk in (ids[n : n + 500] for n in range(0, len(ids), 500)):
        rows = tx.session.execute(
            sa.select(AffectedHousehold.household_id, AffectedHousehold.village_code).where(
                AffectedHousehold.incident_id == incident_id, AffectedHousehold.household_id.in_(chunk)
            )
        )
        found += [row.household_id for row in rows if reach.has_village(row.village_code)]
    return found
