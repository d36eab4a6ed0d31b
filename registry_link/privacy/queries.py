"""Requests to be erased, copies that were given, and the access log, for whoever answers for privacy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Invalid, NotFound
from core.permissions import Reach
from core.privacy.held import Plan, Subject, plan_of
from core.work import Tx
from registry_link.households import revealing
from registry_link.households.erased import homes
from registry_link.households.merged import merged_into
from registry_link.households.revealing import RevealRow
from registry_link.privacy import looking
from registry_link.privacy.looking import Exposure, Look
from registry_link.privacy.models import Erasure, SubjectExport
from registry_link.privacy.rules import may_decide
from registry_link.privacy.states import Asker, ErasureState, Ground, IdentityDocument
from registry_link.regions.queries import regions

ANSWER_WITHIN: Final = timedelta(hours=72)
"""Articles 30, 32 and 41 of UU PDP: 3 x 24 hours."""
MOST_COPIES: Final = 2000
LONGEST_EXPOSURE: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRow:
    id: UUID
    household_id: UUID
    code: str
    """What people call the household; never its name."""
    village_code: str
    village_name: str
    state: ErasureState
    ground: Ground
    reason: str
    asked_for: Asker
    identity_document: IdentityDocument
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    decided_by_name: str
    decided_at: datetime | None
    decision_note: str
    cleared_rows: int
    swept_at: datetime | None
    refused_to_me: str | None
    """Why the reader may not decide it; None when they may."""

    @property
    def due_at(self) -> datetime:
        return self.asked_at + ANSWER_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureView:
    row: ErasureRow
    plan: Plan
    """What approving would do now; of a decided one what there is still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRow:
    id: UUID
    household_id: UUID
    code: str
    asked_for: Asker
    identity_document: IdentityDocument
    note: str
    made_by_name: str
    made_at: datetime
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdTrail:
    """What was done with one household's data."""

    household_id: UUID
    code: str
    village_name: str
    is_erased: bool
    looks: tuple[Look, ...]
    reveals: tuple[RevealRow, ...]
    copies: tuple[CopyRow, ...]
    erasures: tuple[ErasureRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExposure:
    actor_id: str
    """An account's or a machine token's."""
    since: datetime
    until: datetime


def erasures(tx: Tx, states: Sequence[ErasureState] | None = None, limit: int = 200) -> tuple[ErasureRow, ...]:
    """Give requests, the newest first. Raises: Forbidden."""
    reach = tx.require("privacy.see")
    query = _erasures(tx)
    if states is not None:
        query = query.where(Erasure.state.in_(states))
    return _rows(tx, reach, tx.session.execute(query).all())[:limit]


def erasure(tx: Tx, erasure_id: UUID) -> ErasureView:
    """Give one request and what approving it does. Raises: Forbidden; NotFound."""
    reach = tx.require("privacy.see")
    found = _rows(tx, reach, tx.session.execute(_erasures(tx).where(Erasure.id == erasure_id)).all())
    if not found:
        raise NotFound("erasure.not_found")
    ids = (found[0].household_id, *merged_into(tx, found[0].household_id))
    return ErasureView(row=found[0], plan=plan_of(Subject(tx.session, ids)))


def copies(tx: Tx, limit: int = 50) -> tuple[CopyRow, ...]:
    """Give the copies that were made, the newest first. Raises: Forbidden."""
    return _copies(tx, tx.require("privacy.see"), sa.true())[:limit]


def reveals(tx: Tx, since: datetime) -> tuple[RevealRow, ...]:
    """Give the whole numbers that were shown since then, the newest first. Raises: Forbidden."""
    tx.require("privacy.exposure")
    return revealing.reveals(tx, since=since)


def exposure(tx: Tx, order: AskExposure) -> Exposure:
    """Tell whose data an account saw from one instant until before another; the question itself is logged.

    Raises: Forbidden; Invalid "privacy.period".
    """
    tx.require("privacy.exposure")
    if not order.since < order.until or order.until - order.since > LONGEST_EXPOSURE:
        raise Invalid("privacy.period", field="until", days=LONGEST_EXPOSURE.days)
    found = looking.exposure(tx, order.actor_id, order.since, order.until)
    tx.saw("household", [one.household_id for one in found.seen], "exposure")
    return found


def trail(tx: Tx, household_id: UUID) -> HouseholdTrail:
    """Tell what was done with one household's data: who saw it, and why. Raises: Forbidden; NotFound."""
    reach = tx.require("privacy.see")
    home = homes(tx, [household_id]).get(household_id)
    if home is None or not reach.has_village(home.village_code):
        raise NotFound("household.not_found")
    ids = (household_id, *merged_into(tx, household_id))
    asked = tx.session.execute(_erasures(tx).where(Erasure.household_id.in_(ids))).all()
    return HouseholdTrail(
        household_id=household_id, code=home.code, village_name=_villages(tx, [home.village_code])[home.village_code],
        is_erased=home.erased_at is not None, looks=looking.looks_at(tx, ids),
        reveals=revealing.reveals(tx, household_ids=ids),
        copies=_copies(tx, reach, SubjectExport.household_id.in_(ids)), erasures=_rows(tx, reach, asked),
    )  # fmt: skip


# ---------------------------------------------------------------- parts


def _erasures(tx: Tx) -> sa.Select[*tuple[Any, ...]]:
    # Few, and read whole: a household asks once in its life.
    query = sa.select(*Erasure.__table__.c).where(Erasure.regency_code == tx.regency_code)
    return query.order_by(Erasure.asked_at.desc(), Erasure.id.desc())


def _rows(tx: Tx, reach: Reach, rows: Sequence[Any]) -> tuple[ErasureRow, ...]:
    """Name the households of requests, and leave out those beyond the reach."""
    known = homes(tx, [row.household_id for row in rows])
    names = _villages(tx, [one.village_code for one in known.values()])
    own = [row for row in rows if reach.has_village(known[row.household_id].village_code)]
    told = [one for one in ErasureRow.__dataclass_fields__ if one in Erasure.__table__.c]
    return tuple(
        ErasureRow(
            code=home.code, village_code=home.village_code, village_name=names[home.village_code],
            refused_to_me=may_decide(actor_id=tx.actor.id, asked_by=row.asked_by),
            **{name: getattr(row, name) for name in told},
        )
        for row in own
        for home in [known[row.household_id]]
    )  # fmt: skip


def _villages(tx: Tx, codes: Sequence[str]) -> dict[str, str]:
    return {**{one: one for one in codes}, **{one.code: one.full_name for one in regions(tx, codes)}}


def _copies(tx: Tx, reach: Reach, where: sa.ColumnElement[bool]) -> tuple[CopyRow, ...]:
    columns = [getattr(SubjectExport, name) for name in CopyRow.__dataclass_fields__ if name != "code"]
    query = (
        sa.select(*columns)
        .where(SubjectExport.regency_code == tx.regency_code, where)
        .order_by(SubjectExport.made_at.desc(), SubjectExport.id.desc())
        .limit(MOST_COPIES)
    )
    rows = tx.session.execute(query).all()
    known = homes(tx, [row.household_id for row in rows])
    return tuple(
        CopyRow(code=known[row.household_id].code, **row._mapping)
        for row in rows
        if reach.has_village(known[row.household_id].village_code)
    )
