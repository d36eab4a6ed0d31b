"""An approved import taken over step by step; what it was compared with may change until the last one."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Refused
from core.states import move
from core.work import Tx
from registry_link.households.clearing import clear_step
from registry_link.households.marks import people_again
from registry_link.households.pieces import piece_counts
from registry_link.households.queries import registry_version
from registry_link.households.rows import Weighed
from registry_link.households.snapshots import discard
from registry_link.households.standing import completed_by
from registry_link.households.states import TakingStage
from registry_link.households.taking_over import (
    Filling,
    ReadyStep,
    begin_taking,
    filling_of,
    keep_step,
    leave,
    ready_step,
    taking_of,
)
from registry_link.importing.chunks import read_chunk, stage_chunk
from registry_link.importing.models import ImportRun
from registry_link.importing.reading import Reading
from registry_link.importing.runs import run_of
from registry_link.importing.states import IMPORT_RUN_MOVES, RunAct, RunState


def is_weighed(tx: Tx, run_id: UUID) -> bool:
    """Tell whether an import is compared with the registry as it is now. Raises: NotFound."""
    run = run_of(tx, run_id)
    return run.weighed_at == registry_version(tx) and _is_compared(tx, run)


def _is_compared(tx: Tx, run: Any) -> bool:
    return bool(run.weighed_at is not None and run.at_row > len(piece_counts(tx, run.snapshot_id)) + 1)


def apply_import(tx: Tx, run_id: UUID) -> Weighed:
    """Apply an approved import in this one transaction: for few rows. Raises: NotFound; Conflict."""
    snapshot_id = run_of(tx, run_id).snapshot_id
    while True:
        if not is_weighed(tx, run_id):
            reading = Reading()
            while not stage_chunk(tx, run_id, read_chunk(tx, run_id, reading=reading)).is_done:
                pass
        begin_applying(tx, run_id)
        filling: Filling | None = None
        stage = TakingStage.FILLING
        while stage is TakingStage.FILLING:
            filling, no = to_fill_in(tx, run_id, filling)
            stage = keep_applied(tx, run_id, filling, ready_step(tx, filling, no))
        counts = _counts(tx, run_of(tx, run_id))
        while not clear_step(tx, snapshot_id):
            pass
        if stage is TakingStage.SEEN:
            return counts


def applying(tx: Tx, run_id: UUID) -> TakingStage | None:
    """Tell how far the taking over of an approved import is; None where it has not begun. Raises: NotFound."""
    taking = taking_of(tx, run_of(tx, run_id).snapshot_id)
    return None if taking is None else taking.stage


def begin_applying(tx: Tx, run_id: UUID) -> None:
    """Keep numbers for what an approved import brings. Raises: NotFound; Conflict."""
    run = run_of(tx, run_id)
    if run.state is not RunState.APPROVED or not _is_compared(tx, run):
        raise Conflict("import_run.moved_meanwhile")
    begin_taking(tx, run.snapshot_id, _counts(tx, run), run.compared_at)


def to_fill_in(tx: Tx, run_id: UUID, filling: Filling | None = None) -> tuple[Filling, int]:
    """Give what is to be filled in for an approved import, and which step is the next. Raises: NotFound; Conflict.

    ``filling`` is what the caller kept from the step before.
    """
    run = run_of(tx, run_id)
    taking = taking_of(tx, run.snapshot_id)
    if run.state is not RunState.APPROVED or taking is None or taking.stage is not TakingStage.FILLING:
        raise Conflict("import_run.moved_meanwhile")
    if filling is None or filling.begun != (taking.no, taking.began_at):
        filling = filling_of(tx, run.snapshot_id)
    return filling, taking.step


def keep_applied(tx: Tx, run_id: UUID, filling: Filling, ready: ReadyStep) -> TakingStage:
    """Write a step of the taking over; the last one makes the import an applied one. Raises: NotFound; Conflict."""
    run = run_of(tx, run_id)
    if run.state is not RunState.APPROVED:
        raise Conflict("import_run.moved_meanwhile")
    stage = keep_step(tx, filling, ready, _counts(tx, run))
    if stage is TakingStage.SEEN:
        # Whoever looks at what it changed is to find the snapshot that it belongs to now.
        snapshot_id = completed_by(tx, run.snapshot_id) or run.snapshot_id
        move(tx, ImportRun, run_id, RunAct.APPLY, IMPORT_RUN_MOVES, finished_at=tx.now, snapshot_id=snapshot_id)
    elif stage is TakingStage.LEAVING:
        # Whatever it was compared with, or a piece of it, is not so any more.
        tx.session.execute(sa.update(ImportRun).where(ImportRun.id == run_id).values(weighed_at=None))
    return stage


def _counts(tx: Tx, run: Any) -> Weighed:
    members = sum(people for _, _, people in piece_counts(tx, run.snapshot_id)) + people_again(tx, run.snapshot_id)
    return Weighed(
        new=run.new, changed=run.changed, unchanged=run.unchanged, suspected=run.suspected, members=members
    )  # fmt: skip


def refuse_approved(tx: Tx, run_id: UUID, refused: Refused) -> None:
    """Keep why an approved import could not be applied."""
    run = run_of(tx, run_id)
    problem = json.dumps({"code": refused.code, "facts": refused.facts})
    move(tx, ImportRun, run_id, RunAct.REFUSE, IMPORT_RUN_MOVES, problem=problem, finished_at=tx.now)
    if taking_of(tx, run.snapshot_id) is not None:
        leave(tx, run.snapshot_id)
    discard(tx, run.snapshot_id, reason=refused.code)
