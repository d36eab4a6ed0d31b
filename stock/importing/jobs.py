"""Long files are tried and booked in the background, each in one transaction of its own."""

from __future__ import annotations

from uuid import UUID

from core.actor import Actor
from core.errors import Conflict
from core.jobs import Every, Job
from core.work import Work
from stock.importing.commands import book_approved, give_back_file, pending_files, try_file
from stock.importing.states import StockFileState


def run_pending_files(work: Work, actor: Actor) -> str:
    """Try every file that waits, book every one that was agreed to; safe to run twice at a time, also after a cut."""
    with work.read_by(actor) as tx:
        waiting = pending_files(tx)
    told: list[str] = []
    for file_id, state in waiting:
        try:
            told.append(_try(work, actor, file_id) if state is StockFileState.READING else _book(work, actor, file_id))
        except Conflict as error:
            # Another process is at it, or a person gave it up meanwhile.
            told.append(f"{file_id}: {error.code}")
    return "; ".join(told)


def _try(work: Work, actor: Actor, file_id: UUID) -> str:
    refused = work.run(actor, lambda tx: try_file(tx, file_id))
    return f"{file_id}: {refused} refused"


def _book(work: Work, actor: Actor, file_id: UUID) -> str:
    try:
        rows = work.run(actor, lambda tx: book_approved(tx, file_id))
    except Conflict as error:
        work.run(actor, lambda tx: give_back_file(tx, file_id))
        return f"{file_id}: {error.code}"
    return f"{file_id}: {rows} booked"


JOBS = (Job(name="stock.files", trigger=Every(seconds=5), act_long=run_pending_files),)
