"""An incident's list of affected households, as its current areas give it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from logistics.zones.models import (
    AffectedHousehold,
    ZoneMatch,
    ZoneVersion,
    ZoneVersionRegion,
)
from logistics.zones.states import (
    AffectedState,
    VersionState,
)
from registry_link.households.drawn import keep_drawn_from
from registry_link.matching.outlines import Outline
from registry_link.matching.queries import Area, match_area
from registry_link.matching.rules import Confidence, ListedRegion

_CHUNK = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    certain: int
    probable: int
    to_verify: int

    @property
    def total(self) -> int:
        return self.certain + self.probable + self.to_verify


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
