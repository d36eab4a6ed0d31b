"""An import's own row and what it keeps of its files, for all that brings it on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Fact, NotFound
from core.files.commands import forget_file
from core.states import move
from core.work import Tx
from registry_link.households.queries import snapshot_as_of
from registry_link.households.rows import Weighed
from registry_link.households.snapshots import discard, refuse_unfit
from registry_link.importing.columns import Columns
from registry_link.importing.models import ImportRun
from registry_link.importing.rules import FileFacts
from registry_link.importing.states import IMPORT_RUN_MOVES, Layout, RunAct, RunState
from registry_link.importing.unpacking import take_away
from registry_link.regions.queries import gazetteer, regencies

WORKED_OFF: Final = (RunState.UNPACKING, RunState.READING, RunState.APPROVED)
"""States in which an import waits for a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """What the run keeps of a file, as JSON."""

    name: str
    path: str
    file_id: str
    size: int
    rows_path: str = ""
    rows_size: int = 0
    is_workbook: bool = False
    header: tuple[str, ...] = ()
    layout: str = ""
    places: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    asked: Mapping[str, tuple[str, ...]] | None = None
    """What the order said of its columns."""
    asked_layout: str = ""

    @property
    def columns(self) -> Columns:
        places = {name: tuple(where) for name, where in self.places.items()}
        return Columns(header=tuple(self.header), places=places, layout=Layout(self.layout))


_KEPT: Final = frozenset(RunFile.__dataclass_fields__)


def run_of(tx: Tx, run_id: UUID) -> Any:
    """Give the row of an import of the office. Raises: NotFound."""
    row = tx.session.execute(
        sa.select(ImportRun.__table__).where(ImportRun.id == run_id, ImportRun.regency_code == tx.regency_code)
    ).one_or_none()
    if row is None:
        raise NotFound("import_run.not_found")
    return row


def files_of(run: Any) -> list[RunFile]:
    """Give what an import keeps of its files, in the order in which they are read."""
    return [RunFile(**{name: one[name] for name in one.keys() & _KEPT}) for one in json.loads(run.files)]


def kept_files(files: Sequence[RunFile]) -> str:
    """Write what is kept of files as ``files_of`` reads it."""
    return json.dumps([asdict(one) for one in files])


def file_facts(tx: Tx, run: Any, file_no: int) -> FileFacts:
    """Give what the rows of one of an import's files are looked at with."""
    files = files_of(run)
    return FileFacts(
        columns=files[file_no].columns, gazetteer=gazetteer(tx, tx.regency_code), code_system=run.code_system,
        regency_code=tx.regency_code, as_of_on=snapshot_as_of(tx, run.snapshot_id), heads_are_members=len(files) == 1,
        is_workbook=files[file_no].is_workbook, regencies=regencies(tx),
    )  # fmt: skip


def to_write(tx: Tx, run_id: UUID) -> int:
    """Tell how many households an import that was compared brings or changes. Raises: NotFound."""
    run = run_of(tx, run_id)
    return int(run.new + run.changed)


def bytes_left(tx: Tx, run_id: UUID) -> int:
    """Tell how many of these bytes are still to be read, one at least while a file is; 0 when all are.

    Raises: NotFound.
    """
    run = run_of(tx, run_id)
    files = files_of(run)
    if run.state is not RunState.READING or run.file_no >= len(files):
        return 0
    return max(sum(one.rows_size for one in files[run.file_no :]) - int(run.at_byte), 1)


def hindrance(tx: Tx, snapshot_id: UUID, counts: Weighed) -> Conflict | None:
    """Tell why what an import brings cannot be applied as things are now; None where it can. Raises: NotFound."""
    try:
        refuse_unfit(tx, snapshot_id, counts)
    except Conflict as refused:
        return refused
    return None


def weighed_counts(run: Any) -> Weighed:
    """Give what an import's own row says of its comparison; members are counted elsewhere."""
    return Weighed(
        new=run.new, changed=run.changed, unchanged=run.unchanged, suspected=run.suspected, members=0
    )  # fmt: skip


def refuse_run(tx: Tx, run: Any, code: str, /, **facts: Fact) -> None:
    """Refuse an import as a whole, and let go of what is kept of it. Raises: Conflict."""
    problem = json.dumps({"code": code, "facts": facts})
    move(tx, ImportRun, run.id, RunAct.REFUSE, IMPORT_RUN_MOVES, problem=problem, finished_at=tx.now)
    discard(tx, run.snapshot_id, reason=code)
    forget_files(tx, run)


def forget_files(tx: Tx, run: Any) -> None:
    """Take the uploads and their rows away: what is good is staged and sealed, what is not is kept sealed."""
    for file in files_of(run):
        if file.file_id:
            forget_file(tx, Path(file.path).parent.parent, UUID(file.file_id))
        if file.rows_path:
            tx.after_commit(partial(take_away, Path(file.rows_path)))


def pending(tx: Tx) -> tuple[tuple[UUID, RunState], ...]:
    """Give the office's imports that wait for the job, oldest first."""
    query = (
        sa.select(ImportRun.id, ImportRun.state)
        .where(ImportRun.regency_code == tx.regency_code, ImportRun.state.in_(WORKED_OFF))
        .order_by(ImportRun.started_at, ImportRun.id)
    )
    return tuple((row.id, row.state) for row in tx.session.execute(query))
