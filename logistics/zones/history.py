"""How an incident's areas came about: every posting and withdrawal in the order of time, and what stood at each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.permissions import Reach
from core.work import Tx
from logistics.zones.models import ZoneMatch, ZoneVersion
from logistics.zones.queries import ZoneView, versions, zones
from logistics.zones.states import VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One posting or withdrawal; ``no`` counts them from 1 over all areas of the incident."""

    no: int
    at: datetime
    version: ZoneView
    is_withdrawal: bool
    before_id: UUID | None
    """The version of the same area that stood until then."""

    @property
    def after_id(self) -> UUID | None:
        return None if self.is_withdrawal else self.version.version_id


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentView:
    """What stood at a moment, and what it changed within the actor's villages."""

    moment: Moment
    standing: tuple[ZoneView, ...]
    """The version of each area that held then, by the area's name."""
    joined: int
    left: int
    unchanged: int


def moments(tx: Tx, incident_id: UUID) -> tuple[Moment, ...]:
    """Give every change of the areas that touch the actor's villages, oldest first. Raises: Forbidden, NotFound."""
    found: list[tuple[datetime, int, ZoneView, bool, UUID | None]] = []
    withdrawn = _withdrawn_at(tx, incident_id)
    for newest in zones(tx, incident_id):
        every = sorted(versions(tx, newest.zone_id), key=lambda one: one.no) if newest.no > 1 else (newest,)
        before: ZoneView | None = None
        for one in every:
            stood = before.version_id if before is not None and before.version_id not in withdrawn else None
            found.append((one.posted_at, 0, one, False, stood))
            if one.version_id in withdrawn:
                found.append((withdrawn[one.version_id], 1, one, True, one.version_id))
            before = one
    found.sort(key=lambda one: (one[0], one[1], one[2].name, one[2].no))
    return tuple(
        Moment(no=no, at=at, version=version, is_withdrawal=bool(is_gone), before_id=before_id)
        for no, (at, is_gone, version, _, before_id) in enumerate(found, 1)
    )


def moment(tx: Tx, incident_id: UUID, no: int) -> MomentView:
    """Tell what stood after one change and what it changed. Raises: Forbidden, NotFound."""
    every = moments(tx, incident_id)
    if not 1 <= no <= len(every):
        raise NotFound("zone.version_not_found")
    return _seen(tx, every[:no])


def changes(tx: Tx, incident_id: UUID) -> tuple[MomentView, ...]:
    """Tell of every change what it changed, oldest first. Raises: Forbidden, NotFound."""
    every = moments(tx, incident_id)
    return tuple(_seen(tx, every[:no]) for no in range(1, len(every) + 1))


def outlines_of(tx: Tx, version_ids: list[UUID]) -> dict[UUID, str]:
    """Give the GeoJSON text of those versions that have an outline; the caller has checked that they may be seen."""
    query = sa.select(ZoneVersion.id, ZoneVersion.outline).where(
        ZoneVersion.id.in_(version_ids), ZoneVersion.outline.is_not(None), ZoneVersion.regency_code == tx.regency_code
    )
    return {row.id: row.outline for row in tx.session.execute(query)}


# ---------------------------------------------------------------- inside


def _seen(tx: Tx, until: tuple[Moment, ...]) -> MomentView:
    """Tell of the last of these moments what stood then and what it changed."""
    reach = tx.require("zone.see")
    standing: dict[UUID, ZoneView] = {}
    for one in until:
        if one.is_withdrawal:
            standing.pop(one.version.zone_id, None)
        else:
            standing[one.version.zone_id] = one.version
    here = until[-1]
    before, after = here.before_id, here.after_id
    return MomentView(
        moment=here, standing=tuple(sorted(standing.values(), key=lambda one: (one.name, one.zone_id))),
        joined=_only_in(tx, after, before, reach), left=_only_in(tx, before, after, reach),
        unchanged=_in_both(tx, after, before, reach),
    )  # fmt: skip


def _withdrawn_at(tx: Tx, incident_id: UUID) -> dict[UUID, datetime]:
    query = sa.select(ZoneVersion.id, ZoneVersion.withdrawn_at).where(
        ZoneVersion.incident_id == incident_id, ZoneVersion.state == VersionState.WITHDRAWN,
        ZoneVersion.withdrawn_at.is_not(None),
    )  # fmt: skip
    return {row.id: row.withdrawn_at for row in tx.session.execute(query)}


def _matches(version_id: UUID, reach: Reach) -> list[Any]:
    where: list[Any] = [ZoneMatch.version_id == version_id, ZoneMatch.matching_no == _counting(version_id)]
    if not reach.is_all:
        code = ZoneMatch.village_code
        own = sorted(reach.regions)
        where.append(sa.or_(*(sa.or_(code == one, code.startswith(one + ".")) for one in own), sa.false()))
    return where


def _twin(version_id: UUID) -> sa.Exists:
    other = sa.orm.aliased(ZoneMatch)
    return sa.exists().where(
        other.version_id == version_id, other.matching_no == _counting(version_id),
        other.household_id == ZoneMatch.household_id,
    )  # fmt: skip


def _counting(version_id: UUID) -> Any:
    """Give the number of the version's matching that counts: the last one."""
    return sa.select(ZoneVersion.matching_no).where(ZoneVersion.id == version_id).scalar_subquery()


def _only_in(tx: Tx, version_id: UUID | None, other_id: UUID | None, reach: Reach) -> int:
    if version_id is None:
        return 0
    query = sa.select(sa.func.count()).select_from(ZoneMatch).where(*_matches(version_id, reach))
    if other_id is not None:
        query = query.where(~_twin(other_id))
    return tx.session.scalar(query) or 0


def _in_both(tx: Tx, version_id: UUID | None, other_id: UUID | None, reach: Reach) -> int:
    if version_id is None or other_id is None:
        return 0
    query = sa.select(sa.func.count()).select_from(ZoneMatch).where(*_matches(version_id, reach), _twin(other_id))
    return tx.session.scalar(query) or 0
