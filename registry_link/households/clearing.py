"""After a snapshot was taken over, or given up on the way: what it leaves is cleared away a little at a time.

The search knows changed households by their old words until this has come to them, moments after the last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.known import forget_numbers
from registry_link.households.models import (
    Household,
    Member,
    RegistryLink,
    SnapshotDifference,
    StagedHousehold,
    StagedMark,
    StagedMember,
    StagedPiece,
    TakingOver,
    WeighedPiece,
)
from registry_link.households.states import DifferenceKind, Outcome, TakingStage
from registry_link.households.words import forget_words, refresh_words

_AT_ONCE: Final = 5000
_FEW: Final = 800
_PIECES: Final = 8
_WORDS: Final = 2000


def to_clear(tx: Tx) -> Sequence[UUID]:
    """Give the office's snapshots of which something is to be cleared away."""
    return tx.session.scalars(
        sa.select(TakingOver.snapshot_id)
        .where(TakingOver.regency_code == tx.regency_code, TakingOver.stage != TakingStage.FILLING)
        .order_by(TakingOver.snapshot_id)
    ).all()


def clear_step(tx: Tx, snapshot_id: UUID) -> bool:
    """Clear a little away; True when nothing is left. Safe to do again, also by two at a time."""
    taking = tx.session.execute(
        sa.select(TakingOver.__table__).where(TakingOver.snapshot_id == snapshot_id).with_for_update()
    ).one_or_none()
    if taking is None or taking.stage is TakingStage.FILLING:
        return True
    if taking.stage is TakingStage.LEAVING:
        is_over = _take_back(tx, taking)
    else:
        is_over = not _word(tx, taking) and _clear(tx, snapshot_id)
    if is_over:
        tx.session.execute(sa.delete(TakingOver).where(TakingOver.snapshot_id == snapshot_id))
    return is_over


def _word(tx: Tx, taking: Any) -> bool:
    """Bring the words of changed households up to date, some at a time; False when all are."""
    changed = tx.session.scalars(
        sa.select(StagedHousehold.bound_id)
        .where(StagedHousehold.snapshot_id == taking.snapshot_id, StagedHousehold.outcome == Outcome.CHANGED)
        .order_by(StagedHousehold.external_id)
        .offset(taking.step * _WORDS)
        .limit(_WORDS)
    ).all() if taking.step >= 0 else ()  # fmt: skip
    refresh_words(tx, [one for one in changed if one is not None])
    if taking.step >= 0:
        # What is cleared away next must not be counted again.
        step = taking.step + 1 if changed else -1
        tx.session.execute(
            sa.update(TakingOver).where(TakingOver.snapshot_id == taking.snapshot_id).values(step=step)
        )  # fmt: skip
    return bool(changed)


def _clear(tx: Tx, snapshot_id: UUID) -> bool:
    for staged in (StagedMember, StagedHousehold):
        names = sa.select(staged.external_id).where(staged.snapshot_id == snapshot_id).order_by(staged.external_id)
        last = tx.session.scalar(names.offset(_AT_ONCE).limit(1))
        some = () if last is None else (staged.external_id <= last,)
        if _delete(tx, sa.delete(staged).where(staged.snapshot_id == snapshot_id, *some)):
            return False
    for piece in (StagedPiece, StagedMark, WeighedPiece):
        numbers = sa.select(piece.no).where(piece.snapshot_id == snapshot_id).order_by(piece.no).limit(_PIECES)
        these = tx.session.scalars(numbers).all()
        if _delete(tx, sa.delete(piece).where(piece.snapshot_id == snapshot_id, piece.no.in_(these))):
            return False
    return True


def _take_back(tx: Tx, taking: Any) -> bool:
    """Take away what was filled in: links and differences first, which point to households."""
    links = sa.select(RegistryLink.id).where(RegistryLink.snapshot_id == taking.snapshot_id).limit(_AT_ONCE)
    if _delete(tx, sa.delete(RegistryLink).where(RegistryLink.id.in_(links))):
        return False
    # The others were written down by the comparison, which stands.
    mine = sa.and_(SnapshotDifference.snapshot_id == taking.snapshot_id, SnapshotDifference.kind == DifferenceKind.NEW)
    told = tx.session.scalars(sa.select(SnapshotDifference.subject_id).where(mine).limit(_FEW)).all()
    if _delete(tx, sa.delete(SnapshotDifference).where(mine, SnapshotDifference.subject_id.in_(told))):
        return False
    ids = tx.session.scalars(
        sa.select(Household.id)
        .where(Household.row_no.between(taking.no, taking.last_no), Household.taking_no == taking.no)
        .order_by(Household.row_no)
        .limit(_FEW)
    ).all()
    if not ids:
        return True
    forget_words(tx, ids)
    forget_numbers(tx, ids)
    tx.session.execute(
        sa.delete(Member).where(Member.household_id.in_(ids)).execution_options(synchronize_session=False)
    )
    _delete(tx, sa.delete(Household).where(Household.id.in_(ids)))
    return False


def _delete(tx: Tx, statement: Any) -> int:
    done: Any = tx.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)
