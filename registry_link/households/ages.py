"""The ages that divide people into classes are the office's: versions that never change, the last one counts.

BPBD's rapid assessment calls a child an infant below 1 year, Sphere below 2; both call people elderly from 60
(domain.md §1.4). A round that is open was counted with the ages of its day and keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, Invalid
from core.work import Tx
from registry_link.households.models import AgeLimit
from registry_link.households.rules import Thresholds

BPBD: Final = Thresholds(infant_below=1, toddler_below=5, child_below=18, elderly_from=60)
"""Source: form of the rapid assessment (kaji cepat): bayi 0–11 bulan, balita 12–59 bulan, anak 5–17, lansia dari 60."""
SPHERE: Final = Thresholds(infant_below=2, toddler_below=5, child_below=18, elderly_from=60)
"""Source: Sphere Handbook, non-food items standard 2: children under two get a blanket of their own."""
LEAST_REASON: Final = 5
_OLDEST_CHILD: Final = 25
_ELDERLY: Final = (40, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAgeLimits:
    limits: Thresholds
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeLimitsView:
    """One version; version 0 is what the product starts with."""

    no: int
    limits: Thresholds
    reason: str
    set_by_name: str
    set_at: datetime | None


def age_limits(tx: Tx) -> tuple[AgeLimitsView, ...]:
    """Give every version of the office's, the one that counts first, and last what it started with."""
    rows = tx.session.scalars(
        sa.select(AgeLimit).where(AgeLimit.regency_code == tx.regency_code).order_by(AgeLimit.no.desc())
    )
    found = tuple(
        AgeLimitsView(no=row.no, limits=_limits(row), reason=row.reason, set_by_name=row.set_by_name, set_at=row.set_at)
        for row in rows
    )
    return (*found, AgeLimitsView(no=0, limits=Thresholds(), reason="", set_by_name="", set_at=None))


def thresholds_at(tx: Tx, at: datetime | None = None) -> Thresholds:
    """Give the ages that counted at an instant; without one, those that count now."""
    query = sa.select(AgeLimit).where(AgeLimit.regency_code == tx.regency_code).order_by(AgeLimit.no.desc()).limit(1)
    if at is not None:
        query = query.where(AgeLimit.set_at <= at)
    row = tx.session.scalar(query)
    return _limits(row) if row is not None else Thresholds()


def set_age_limits(tx: Tx, order: SetAgeLimits) -> int:
    """Let other ages count from now on, and give the version's number; opened rounds keep theirs.

    Raises: Forbidden; Invalid where the classes overlap or are beyond reason, nothing changes, or nobody said why;
    Conflict where somebody else has set them in the same moment.
    """
    tx.require("age_limit.set")
    limits = order.limits
    if not 1 <= limits.infant_below <= limits.toddler_below <= limits.child_below <= _OLDEST_CHILD:
        raise Invalid("age_limit.out_of_order", field="infant_below", most=_OLDEST_CHILD)
    if not _ELDERLY[0] <= limits.elderly_from <= _ELDERLY[1]:
        raise Invalid("age_limit.elderly", field="elderly_from", least=_ELDERLY[0], most=_ELDERLY[1])
    reason = order.reason.strip()
    if len(reason) < LEAST_REASON:
        raise Invalid("age_limit.reason_missing", field="reason", least=LEAST_REASON)
    now = age_limits(tx)[0]
    if now.limits == limits:
        raise Invalid("age_limit.same", field="infant_below")
    row = AgeLimit(
        regency_code=tx.regency_code, no=now.no + 1, infant_below=limits.infant_below,
        toddler_below=limits.toddler_below, child_below=limits.child_below, elderly_from=limits.elderly_from,
        reason=reason, set_by=tx.actor.id, set_by_name=tx.actor.name, set_at=tx.now,
    )  # fmt: skip
    try:
        with tx.savepoint():
            tx.session.add(row)
            tx.session.flush()
    except IntegrityError as error:  # somebody else took this version's number in the same moment
        raise Conflict("age_limit.set_meanwhile") from error
    tx.note(
        "age_limit.set", "age_limit", tx.regency_code, no=now.no + 1, infant_below=limits.infant_below,
        child_below=limits.child_below, elderly_from=limits.elderly_from,
    )  # fmt: skip
    return now.no + 1


def _limits(row: AgeLimit) -> Thresholds:
    return Thresholds(
        infant_below=row.infant_below, toddler_below=row.toddler_below, child_below=row.child_below,
        elderly_from=row.elderly_from,
    )  # fmt: skip
