"""The access log read both ways: whose data an account saw, and who saw one household; the caller checks the right.

Looks at few are written out household by household; of longer lists the ids are read from their one row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.accounts.queries import names_of
from core.audit import LONGEST_WRITTEN_OUT, AccessRow, AccessSubject
from core.work import Tx
from registry_link.households.erased import homes, homes_of_members, members_of_homes

OF_PERSONS: Final = ("household", "member")
WITH_NUMBERS: Final = ("reveal", "copy", "submission", "dukcapil_request")
"""Looks at which whole numbers stood: one on a page, all of a household in its copy, in the ministry's list or in the
file for the civil registry."""
_AT_ONCE: Final = 800
MOST_LOOKS: Final = 20_000
"""So many looks of one account are told of at once; a narrower time tells the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look, list, print or file."""

    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    purpose: str
    subject: str
    count: int

    @property
    def purpose_label(self) -> str:
        """The code of the sentence that names the purpose."""
        return f"look.purpose.{self.purpose}"

    @property
    def subject_label(self) -> str:
        """The code of the sentence that names what was looked at."""
        return f"look.subject.{self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A household that an account saw."""

    household_id: UUID
    code: str
    village_code: str
    times: int
    first_at: datetime
    last_at: datetime
    is_revealed: bool
    """A whole number of it was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    looks: tuple[Look, ...]
    """Newest first."""
    seen: tuple[Seen, ...]
    """By village and code."""
    villages: tuple[str, ...]
    """Villages of which all positions were shown at once, on a map."""
    is_cut: bool
    """There are more looks than are told of at once."""


def exposure(tx: Tx, actor_id: str, since: datetime, until: datetime) -> Exposure:
    """Tell whose data an account saw from one instant until before another."""
    rows = tx.session.execute(
        sa.select(AccessRow.__table__)
        .where(
            AccessRow.regency_code == tx.regency_code, AccessRow.actor_id == actor_id, AccessRow.at >= since,
            AccessRow.at < until,
        )
        .order_by(AccessRow.at.desc(), AccessRow.id.desc())
        .limit(MOST_LOOKS + 1)
    ).all()  # fmt: skip
    told, is_cut = rows[:MOST_LOOKS], len(rows) > MOST_LOOKS
    owners = homes_of_members(tx, {one for row in told if row.subject == "member" for one in _ids(row.subject_ids)})
    times: dict[UUID, int] = {}
    first: dict[UUID, datetime] = {}
    last: dict[UUID, datetime] = {}
    revealed: set[UUID] = set()
    villages: set[str] = set()
    for row in told:
        if row.subject == "village":
            villages.update(json.loads(row.subject_ids))
        if row.subject not in OF_PERSONS:
            continue
        ids = _ids(row.subject_ids)
        for one in {owners.get(each, each) for each in ids} if row.subject == "member" else ids:
            times[one] = times.get(one, 0) + 1
            first[one] = row.at
            last.setdefault(one, row.at)
            if row.purpose in WITH_NUMBERS:
                revealed.add(one)
    seen = [
        Seen(
            household_id=row.id, code=row.code, village_code=row.village_code, times=times[row.id],
            first_at=first[row.id], last_at=last[row.id], is_revealed=row.id in revealed,
        )
        for row in homes(tx, times).values()
    ]  # fmt: skip
    return Exposure(
        looks=_looks(tx, told), seen=tuple(sorted(seen, key=lambda one: (one.village_code, one.code))),
        villages=tuple(sorted(villages)), is_cut=is_cut,
    )  # fmt: skip


def looks_at(tx: Tx, household_ids: Sequence[UUID]) -> tuple[Look, ...]:
    """Tell who saw a household or one of its people, newest first; a list or map of its village counts too."""
    subjects = [*household_ids, *members_of_homes(tx, household_ids)]
    villages = [one.village_code for one in homes(tx, household_ids).values()]
    found: dict[UUID, Any] = {}
    for chunk in (subjects[at : at + _AT_ONCE] for at in range(0, len(subjects), _AT_ONCE)):
        query = (
            sa.select(AccessRow.__table__)
            .join(AccessSubject, AccessSubject.access_id == AccessRow.id)
            .where(AccessSubject.subject_id.in_(chunk), AccessRow.regency_code == tx.regency_code)
        )
        found.update((row.id, row) for row in tx.session.execute(query))
    # Ids in a row are quoted texts, so that one is never found within another.
    of_lists = [AccessRow.subject_ids.contains(f'"{one}"') for one in household_ids]
    of_maps = [AccessRow.subject_ids.contains(f'"{one}"') for one in dict.fromkeys(villages)]
    long = sa.select(AccessRow.__table__).where(
        AccessRow.regency_code == tx.regency_code, AccessRow.subject == "household",
        AccessRow.count > LONGEST_WRITTEN_OUT, sa.or_(sa.false(), *of_lists),
    )  # fmt: skip
    maps = sa.select(AccessRow.__table__).where(
        AccessRow.regency_code == tx.regency_code, AccessRow.subject == "village", sa.or_(sa.false(), *of_maps)
    )
    for several in (long, maps):
        found.update((row.id, row) for row in tx.session.execute(several))
    return _looks(tx, sorted(found.values(), key=lambda row: (row.at, row.id), reverse=True))


def _looks(tx: Tx, rows: Iterable[Any]) -> tuple[Look, ...]:
    several = list(rows)
    names = names_of(tx, [row.actor_id for row in several])
    return tuple(
        Look(
            at=row.at, actor_kind=row.actor_kind, actor_id=row.actor_id, actor_name=names[row.actor_id],
            purpose=row.purpose, subject=row.subject, count=row.count,
        )
        for row in several
    )  # fmt: skip


def _ids(text: str) -> set[UUID]:
    return {UUID(one) for one in json.loads(text)}
