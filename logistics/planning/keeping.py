"""What a plan was worked out from is kept with it, as bytes that say the same everywhere, and worked out again."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from core.errors import Conflict, NotFound
from core.work import Tx
from logistics.packages.rules import ItemNeed
from logistics.planning.models import Plan, PlanRun
from logistics.planning.proposing import PlanInputs, Proposal, Proposed, propose

_LEVEL: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """One run of a plan, worked out again."""

    no: int
    made_at: datetime
    households: int
    is_untouched: bool
    """The inputs are, byte for byte, those of then."""
    is_same: bool
    """The outcome is, household for household, the one of then."""


def packed(inputs: PlanInputs) -> bytes:
    """Give the inputs as compressed JSON; the same inputs give the same JSON."""
    return zlib.compress(msgspec.json.encode(inputs), _LEVEL)


def unpacked(kept: bytes) -> PlanInputs:
    """Give the inputs back."""
    return _told(zlib.decompress(kept))


def _told(text: bytes) -> PlanInputs:
    """Raises: Conflict for inputs that an older version kept in another shape."""
    try:
        return msgspec.json.decode(text, type=PlanInputs)
    except msgspec.ValidationError as other:
        raise Conflict("plan.kept_otherwise") from other


def outcome_sha256(proposal: Proposal) -> str:
    """Give a number for who gets what, where, when and in which order."""
    said: dict[tuple[int, ...], bytes] = {}
    digest = hashlib.sha256()
    for row in proposal.rows:
        digest.update(row.household.beneficiary_id.bytes)
        digest.update(_place(row).encode())
        for lines in (row.given, [one.item for one in row.lacking]):
            # Households that look alike share their items.
            key = tuple(map(id, lines))
            if key not in said:
                said[key] = _lines(lines)
            digest.update(said[key])
    return digest.hexdigest()


def _place(row: Proposed) -> str:
    return f"|{row.rank}|{row.post.post_id if row.post else ''}|{row.serve_on or ''}|{row.slot}|"


def _lines(lines: Sequence[ItemNeed]) -> bytes:
    return ";".join(f"{one.item_id}:{one.exact_milli}:{one.quantity_milli}" for one in lines).encode() + b"|"


def keep_run(tx: Tx, plan_id: UUID, inputs: PlanInputs, proposal: Proposal) -> int:
    """Keep one working out of a plan and give its number."""
    no: int = 1 + (tx.session.scalar(sa.select(sa.func.max(PlanRun.no)).where(PlanRun.plan_id == plan_id)) or 0)
    kept = packed(inputs)
    tx.session.execute(
        sa.insert(PlanRun).values(
            plan_id=plan_id, no=no, made_at=tx.now, made_by=tx.actor.id, households=len(inputs.households), inputs=kept,
            inputs_sha256=hashlib.sha256(zlib.decompress(kept)).hexdigest(), outcome_sha256=outcome_sha256(proposal),
        )
    )  # fmt: skip
    return no


def drop_runs(tx: Tx, plan_id: UUID) -> None:
    """Forget how a draft was worked out: it is worked out anew, or thrown away, and where people live with it."""
    tx.session.execute(sa.delete(PlanRun).where(PlanRun.plan_id == plan_id))


def inputs_of(tx: Tx, plan_id: UUID) -> tuple[PlanInputs, ...]:
    """Give what a plan was worked out from, run by run. Raises: NotFound for a plan of another office."""
    return tuple(unpacked(row.inputs) for row in _runs(tx, plan_id))


def recompute(tx: Tx, plan_id: UUID) -> tuple[Recomputed, ...]:
    """Work every run of a plan out again from what was kept. Raises: NotFound for a plan of another office."""
    found = []
    for row in _runs(tx, plan_id):
        told = zlib.decompress(row.inputs)
        again = propose(_told(told))
        found.append(
            Recomputed(
                no=row.no, made_at=row.made_at, households=row.households,
                is_untouched=hashlib.sha256(told).hexdigest() == row.inputs_sha256,
                is_same=outcome_sha256(again) == row.outcome_sha256,
            )
        )  # fmt: skip
    return tuple(found)


def _runs(tx: Tx, plan_id: UUID) -> tuple[PlanRun, ...]:
    known = tx.session.scalar(sa.select(Plan.id).where(Plan.id == plan_id, Plan.regency_code == tx.regency_code))
    if known is None:
        raise NotFound("plan.not_found")
    query = sa.select(PlanRun).where(PlanRun.plan_id == plan_id).order_by(PlanRun.no)
    return tuple(tx.session.scalars(query.execution_options(populate_existing=True)))
