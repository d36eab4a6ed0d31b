"""Imports are read, weighed and applied in the background, many small transactions, each with its cursor."""

from __future__ import annotations

from uuid import UUID

from core.actor import Actor
from core.errors import Conflict
from core.jobs import Every, Job
from core.work import Tx, Work
from registry_link.importing.commands import Staged, apply_import, pending, refuse_approved, stage_chunk
from registry_link.importing.states import RunState


def run_pending_imports(work: Work, actor: Actor) -> str:
    """Read every import that waits, apply every approved one; safe to run twice at a time, also after a cut."""
    with work.read_by(actor) as tx:
        waiting = pending(tx)
    told: list[str] = []
    for run_id, state in waiting:
        try:
            told.append(_read(work, actor, run_id) if state is RunState.READING else _apply(work, actor, run_id))
        except Conflict as error:
            # Another process is at it, or a person gave it up meanwhile.
            told.append(f"{run_id}: {error.code}")
    return "; ".join(told)


def _read(work: Work, actor: Actor, run_id: UUID) -> str:
    def step(tx: Tx) -> Staged:
        return stage_chunk(tx, run_id)

    rows = 0
    while not (staged := work.run(actor, step)).is_done:
        rows += staged.rows
    return f"{run_id}: read"


def _apply(work: Work, actor: Actor, run_id: UUID) -> str:
    try:
        weighed = work.run(actor, lambda tx: apply_import(tx, run_id))
    except Conflict as error:
        refused = error
        work.run(actor, lambda tx: refuse_approved(tx, run_id, refused))
        return f"{run_id}: {error.code}"
    return f"{run_id}: {weighed.new} new, {weighed.changed} changed"


JOBS = (Job(name="registry.imports", trigger=Every(seconds=5), act_long=run_pending_imports),)
