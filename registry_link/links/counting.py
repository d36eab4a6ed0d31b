"""How many households stand where on their way; where there are very many, counted once for every reader."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.permissions import Reach
from core.work import Tx
from registry_link.households.linking import (
    StateCount,
    last_step,
    linked_households,
    state_counts,
    village_state_counts,
)
from registry_link.households.queries import registry_version
from registry_link.households.states import LinkState
from registry_link.links.models import LinkCount
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level

COUNTED_AT_ONCE: Final = 50_000
"""So many households are counted while somebody waits for it; more of them in the background."""
FEW_VILLAGES: Final = 5
"""So many villages are counted one by one, however many households the office has."""
OVERLAP: Final = timedelta(minutes=30)
"""A step is known by when its transaction began; a long one may have ended after a count that came later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounts:
    counts: tuple[StateCount, ...]
    counted_at: datetime
    is_kept: bool
    """They were counted before: what has changed since ``counted_at`` is not in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedAll:
    """Every link of an office, and of which moment that speaks."""

    counts: tuple[StateCount, ...]
    version: int
    last_step_id: UUID | None
    counted_at: datetime


def link_counts(tx: Tx, village_code: str = "") -> LinkCounts:
    """Count current links by village and state, as far as the reader sees; another's villages are not even read.

    A few villages and an office of usual size are counted as they are now; of a larger one the last count is given.
    Raises: Forbidden.
    """
    reach = tx.require("link.see")
    is_whole = reach.is_all and not village_code
    codes = [] if is_whole else villages_within(tx, reach, village_code)
    if is_whole or len(codes) > FEW_VILLAGES:
        if linked_households(tx) > COUNTED_AT_ONCE and (kept := _kept(tx)):
            mine = tuple(one for one in kept.counts if reach.has_village(one.village_code))
            return LinkCounts(counts=mine, counted_at=kept.counted_at, is_kept=True)
        found = [one for one in state_counts(tx) if reach.has_village(one.village_code)]
    else:
        found = [one for code in codes for one in village_state_counts(tx, code)]
    return LinkCounts(counts=tuple(found), counted_at=tx.now, is_kept=False)


def counts_within(tx: Tx, reach: Reach, states: Collection[LinkState]) -> tuple[StateCount, ...]:
    """Count the current links in a few states as they are now, by village, as far as a right reaches."""
    codes = [] if reach.is_all else villages_within(tx, reach)
    if reach.is_all or len(codes) > FEW_VILLAGES:
        return tuple(one for one in state_counts(tx, list(states)) if reach.has_village(one.village_code))
    return tuple(one for code in codes for one in village_state_counts(tx, code) if one.state in states)


def villages_within(tx: Tx, reach: Reach, village_code: str = "") -> list[str]:
    """Give the codes of the office's villages that a reader reaches, or of the one asked for."""
    if village_code:
        return [village_code] if reach.has_village(village_code) else []
    return [one.code for one in regions_of(tx, tx.regency_code, Level.VILLAGE) if reach.has_village(one.code)]


# ---------------------------------------------------------------- keeping


def is_behind(tx: Tx) -> bool:
    """Tell whether the counts that are kept say less than the links do; never where they are counted at once."""
    if linked_households(tx) <= COUNTED_AT_ONCE:
        return False
    kept, newest = _kept(tx), last_step(tx)
    if kept is None or kept.version < registry_version(tx):
        return True
    if newest is None:
        return False
    step_id, at = newest
    return step_id != kept.last_step_id or kept.counted_at < at + OVERLAP <= tx.now


def count_all(tx: Tx) -> CountedAll:
    """Count every current link of the office as it is now."""
    newest = last_step(tx)
    return CountedAll(
        counts=state_counts(tx), version=registry_version(tx), last_step_id=newest[0] if newest else None,
        counted_at=tx.now,
    )  # fmt: skip


def keep_counts(tx: Tx, found: CountedAll) -> None:
    """Write a count of all links down, in the place of the one before."""
    table = cast(sa.Table, LinkCount.__table__)
    tx.session.execute(sa.delete(table).where(table.c.regency_code == tx.regency_code))
    rows: list[dict[str, Any]] = [
        {
            "regency_code": tx.regency_code, "village_code": one.village_code, "state": one.state,
            "households": one.households, "version": found.version, "last_step_id": found.last_step_id,
            "counted_at": found.counted_at,
        }
        for one in found.counts
    ]  # fmt: skip
    if rows:
        tx.session.execute(sa.insert(table), rows)


def _kept(tx: Tx) -> CountedAll | None:
    table = cast(sa.Table, LinkCount.__table__)
    rows = tx.session.execute(
        sa.select(table).where(table.c.regency_code == tx.regency_code).order_by(table.c.village_code, table.c.state)
    ).all()
    if not rows:
        return None
    return CountedAll(
        counts=tuple(
            StateCount(village_code=row.village_code, state=row.state, households=row.households) for row in rows
        ),
        version=rows[0].version, last_step_id=rows[0].last_step_id, counted_at=rows[0].counted_at,
    )  # fmt: skip
