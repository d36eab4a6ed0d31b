"""An incident's list of affected households, as its current areas give it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.work import Tx
from logistics.zones.models import (
    AffectedHousehold,
    Incident,
    ZoneMatch,
    ZoneMatching,
    ZoneVersion,
    ZoneVersionRegion,
)
from logistics.zones.rows import lock_incident_row, zone_row
from logistics.zones.states import AffectedState, MatchCause, Phase, VersionState
from registry_link.households.bulk import put_rows
from registry_link.households.drawn import drawn_by, is_outdated, keep_drawn_from
from registry_link.matching.outlines import Outline
from registry_link.matching.queries import Area, Matches, match_area
from registry_link.matching.rules import Confidence, ListedRegion


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    certain: int
    probable: int
    to_verify: int

    @property
    def total(self) -> int:
        return self.certain + self.probable + self.to_verify


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMatches:
    """What a version's area holds, read and not yet kept."""

    version_id: UUID
    matching_no: int
    """The matching that counted when it was read; another one since then wins."""
    snapshot_ids: tuple[UUID, ...]
    matches: Matches


def find_matches(tx: Tx, version_id: UUID) -> FoundMatches:
    """Read which households a version holds; changes nothing, so that others write meanwhile."""
    version = tx.session.get_one(ZoneVersion, version_id)
    listed = tx.session.scalars(sa.select(ZoneVersionRegion).where(ZoneVersionRegion.version_id == version_id)).all()
    area = Area(
        outline=Outline.from_geojson(version.outline) if version.outline else None,
        listed=tuple(ListedRegion(one.region_code, one.rw or None, one.rt or None) for one in listed),
    )
    return FoundMatches(
        version_id=version_id, matching_no=version.matching_no, snapshot_ids=drawn_by(tx), matches=match_area(tx, area)
    )


def keep_matches(tx: Tx, found: FoundMatches, cause: MatchCause = MatchCause.POSTED) -> Matched | None:
    """Keep what was found as the version's matching and bring the incident's list up to date.

    None when another process matched the version since it was read. All of it or nothing: whoever is killed in the
    middle leaves the version as it was, and the job finds it again.
    """
    # Alone on the incident: two areas matched at once, or one withdrawn meanwhile, see each other's households.
    lock_incident_row(tx, tx.session.get_one(ZoneVersion, found.version_id).incident_id)
    counts = found.matches.counts
    matched = Matched(certain=counts.certain, probable=counts.probable, to_verify=counts.to_verify)
    no = found.matching_no + 1
    done = tx.session.execute(
        sa.update(ZoneVersion)
        .where(ZoneVersion.id == found.version_id, ZoneVersion.matching_no == found.matching_no)
        .values(
            matched_at=tx.now, matching_no=no, certain=matched.certain, probable=matched.probable,
            to_verify=matched.to_verify,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return None
    before = _households(tx, found.version_id, found.matching_no)
    after = set(found.matches.household_ids)
    _put(tx, found, no)
    tx.session.execute(
        sa.insert(ZoneMatching).values(
            version_id=found.version_id, no=no, cause=cause, matched_at=tx.now, matched_by=tx.actor.id,
            certain=matched.certain, probable=matched.probable, to_verify=matched.to_verify,
            joined=len(after - before), left=len(before - after),
        )
    )  # fmt: skip
    keep_drawn_from(tx, "zone_version", found.version_id, found.snapshot_ids)
    version = tx.session.get_one(ZoneVersion, found.version_id, populate_existing=True)
    refresh_affected(tx, version.incident_id)
    tx.note(
        "zone.match", "zone", version.zone_id, no=version.no, cause=cause.value, certain=matched.certain,
        probable=matched.probable, to_verify=matched.to_verify, joined=len(after - before), left=len(before - after),
    )  # fmt: skip
    return matched


def match_version(tx: Tx, version_id: UUID) -> Matched | None:
    """Match one posted version in this transaction; None when it was matched before.

    Safe to call twice and from two processes: the first takes it by a guarded UPDATE.
    """
    found = find_matches(tx, version_id)
    return keep_matches(tx, found) if found.matching_no == 0 else None


def rematch_zone(tx: Tx, zone_id: UUID) -> Matched | None:
    """Match an area's current version again, because somebody knows that the registry has changed.

    None when the area was withdrawn, or another process matched it at the same time. Raises: Forbidden, NotFound.
    """
    tx.require("zone.post")
    zone_row(tx, zone_id)
    version_id = tx.session.scalar(
        sa.select(ZoneVersion.id).where(ZoneVersion.zone_id == zone_id, ZoneVersion.state == VersionState.CURRENT)
    )
    return keep_matches(tx, find_matches(tx, version_id), MatchCause.ASKED) if version_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingView:
    """One time a version was matched."""

    no: int
    cause: MatchCause
    matched_at: datetime
    certain: int
    probable: int
    to_verify: int
    joined: int
    left: int


def matchings(tx: Tx, version_id: UUID) -> tuple[MatchingView, ...]:
    """List the times a version was matched, the latest first. The caller has checked the right to see the area."""
    rows = tx.session.scalars(
        sa.select(ZoneMatching).where(ZoneMatching.version_id == version_id).order_by(ZoneMatching.no.desc())
    )
    names = MatchingView.__dataclass_fields__
    return tuple(MatchingView(**{name: getattr(row, name) for name in names}) for row in rows)


def unmatched_versions(tx: Tx) -> tuple[UUID, ...]:
    """List posted versions that nobody has matched yet, oldest first (the job's work)."""
    return tuple(
        tx.session.scalars(
            sa.select(ZoneVersion.id)
            .where(ZoneVersion.regency_code == tx.regency_code, ZoneVersion.matched_at.is_(None))
            .order_by(ZoneVersion.posted_at)
        )
    )


def outdated_versions(tx: Tx) -> tuple[UUID, ...]:
    """List current versions of running incidents that were matched before a snapshot became current (the job's)."""
    return tuple(
        tx.session.scalars(
            sa.select(ZoneVersion.id)
            .join(Incident, Incident.id == ZoneVersion.incident_id)
            .where(
                ZoneVersion.regency_code == tx.regency_code, ZoneVersion.state == VersionState.CURRENT,
                ZoneVersion.matched_at.is_not(None), Incident.state != Phase.CLOSED,
                is_outdated(tx, "zone_version", ZoneVersion.id),
            )
            .order_by(ZoneVersion.posted_at)
        )
    )  # fmt: skip


def refresh_affected(tx: Tx, incident_id: UUID) -> None:
    """Bring the incident's list in line with its current versions, without touching what a person decided.

    Each household keeps its best evidence over all areas. One that no current area has any more leaves the list when
    nobody had decided on it, and is marked when somebody had. The caller keeps the incident, alone.
    """
    current = (ZoneVersion.incident_id == incident_id, ZoneVersion.state == VersionState.CURRENT)
    strength = sa.case(
        (ZoneMatch.confidence == Confidence.CERTAIN, 0), (ZoneMatch.confidence == Confidence.PROBABLE, 1), else_=2
    )
    is_alone = tx.session.scalar(sa.select(sa.func.count()).select_from(ZoneVersion).where(*current)) == 1
    place = sa.func.row_number().over(
        partition_by=ZoneMatch.household_id, order_by=(strength, ZoneMatch.share_permille.desc(), ZoneMatch.version_id)
    )
    ranked = (
        sa.select(
            ZoneMatch.household_id, ZoneMatch.village_code, ZoneMatch.version_id, ZoneMatch.confidence,
            ZoneMatch.evidence, ZoneMatch.share_permille, ZoneMatch.neighbours, ZoneMatch.distance_m,
            (sa.literal(1) if is_alone else place).label("place"),
        )
        .join(ZoneVersion, counted_matches())
        .where(*current)
        .subquery()
    )  # fmt: skip
    # Where there is one area, nothing is to be ranked.
    best = sa.true() if is_alone else ranked.c.place == 1
    columns = (
        "incident_id", "household_id", "regency_code", "village_code", "version_id", "confidence", "evidence",
        "share_permille", "neighbours", "distance_m", "is_inside", "state", "note", "joined_at",
    )  # fmt: skip
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    put = insert(AffectedHousehold).from_select(
        columns,
        sa.select(
            sa.literal(incident_id, sa.Uuid()), ranked.c.household_id, sa.literal(tx.regency_code),
            ranked.c.village_code, ranked.c.version_id, ranked.c.confidence, ranked.c.evidence,
            ranked.c.share_permille, ranked.c.neighbours, ranked.c.distance_m, sa.true(),
            sa.literal(AffectedState.PROPOSED.value), sa.literal(""),
            sa.literal(tx.now, AffectedHousehold.joined_at.type),
        ).where(best),
    )  # fmt: skip
    now, kept = put.excluded, AffectedHousehold
    evidence = ("village_code", "version_id", "confidence", "evidence", "share_permille", "neighbours", "distance_m")
    is_other = [getattr(kept, name).is_distinct_from(now[name]) for name in evidence]
    tx.session.execute(
        put.on_conflict_do_update(
            index_elements=["incident_id", "household_id"],
            set_={name: now[name] for name in evidence}
            | {
                "is_inside": True,
                "state": sa.case((kept.state == AffectedState.LEFT, AffectedState.PROPOSED.value), else_=kept.state),
            },
            # A revision touches only those for whom it changes something.
            where=sa.or_(kept.is_inside.is_(False), kept.state == AffectedState.LEFT, *is_other),
        ).execution_options(synchronize_session=False)
    )
    inside = sa.select(ZoneMatch.household_id).join(ZoneVersion, counted_matches()).where(*current)
    tx.session.execute(
        sa.update(AffectedHousehold)
        .where(
            AffectedHousehold.incident_id == incident_id,
            AffectedHousehold.version_id.is_not(None),
            AffectedHousehold.is_inside.is_(True),
            AffectedHousehold.household_id.not_in(inside),
        )
        .values(
            is_inside=False,
            state=sa.case(
                (AffectedHousehold.state == AffectedState.PROPOSED, sa.literal(AffectedState.LEFT.value)),
                else_=AffectedHousehold.state,
            ),
        )
        .execution_options(synchronize_session=False)
    )


def counted_matches() -> sa.ColumnElement[bool]:
    """Tell of a match and its version whether it belongs to the matching that counts."""
    return sa.and_(ZoneMatch.version_id == ZoneVersion.id, ZoneMatch.matching_no == ZoneVersion.matching_no)


_COLUMNS = (
    "version_id", "matching_no", "household_id", "village_code", "confidence", "evidence", "share_permille",
    "neighbours", "distance_m",
)  # fmt: skip


def _put(tx: Tx, found: FoundMatches, no: int) -> None:
    matches = found.matches
    count = len(matches.household_ids)
    columns = (
        [found.version_id] * count, [no] * count, matches.household_ids, matches.village_codes, matches.confidences,
        [one.value for one in matches.evidences], matches.share_permille, matches.neighbours, matches.distance_m,
    )  # fmt: skip
    put_rows(tx, ZoneMatch, _COLUMNS, zip(*columns, strict=True))


def _households(tx: Tx, version_id: UUID, matching_no: int) -> set[UUID]:
    mine = (ZoneMatch.version_id == version_id, ZoneMatch.matching_no == matching_no)
    return set(tx.session.scalars(sa.select(ZoneMatch.household_id).where(*mine))) if matching_no else set()
