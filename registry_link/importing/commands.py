"""Imports: started, read in pieces, weighed, approved by another person, applied at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import permutations
from pathlib import Path, PurePath
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid
from core.privacy.numbers import holds_number
from core.reader.stream import refuse_early
from core.states import move
from core.turns import alone
from core.work import Tx
from registry_link.households.snapshots import RecordSnapshot, discard, record_snapshot, refuse_older
from registry_link.households.standing import to_complete
from registry_link.importing.mapping import FileColumns
from registry_link.importing.models import ImportRun
from registry_link.importing.runs import RunFile, forget_files, hindrance, kept_files, run_of, weighed_counts
from registry_link.importing.states import IMPORT_RUN_MOVES, Layout, RunAct, RunState
from registry_link.regions.states import CodeSystem

LONGEST_SOURCE: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file as it was stored: by core.files, or by the caller."""

    path: Path
    name: str
    sha256: str
    size: int
    file_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartImport:
    """One file (flat, or households), or two: households and their members."""

    files: tuple[SourceFile, ...]
    source: str
    """The register: dtsen, dtks, bdt, office …; ids are compared within one source only."""
    as_of_on: date
    agreement_no: str = ""
    code_system: CodeSystem = CodeSystem.KEMENDAGRI
    layout: Layout | None = None
    """What a row of a single file is, where its columns do not tell."""
    columns: tuple[FileColumns, ...] = ()
    """For each file in turn, where its headers are no longer to be asked."""
    completes_id: UUID | None = None
    """The current snapshot that these rows complete: its source, day and agreement are theirs."""
    asks_columns: bool = False
    """A person looks at the columns before a row is read; otherwise only where they do not tell for themselves."""


def start_import(tx: Tx, order: StartImport) -> UUID:
    """Open an import; nothing of a file is read yet but its size and first bytes.

    Raises: Forbidden; Invalid; TooLarge; Malformed for a file that is not what it is called; Conflict
    "import_run.same_file" when the same bytes were imported already (and not discarded), "snapshot.not_current",
    "snapshot.older".
    """
    tx.require("registry.import")
    if order.completes_id is not None:
        source, as_of_on, agreement_no = to_complete(tx, order.completes_id)
        order = replace(order, source=source, as_of_on=as_of_on, agreement_no=agreement_no)
    source = order.source.strip().lower()
    if not source or len(source) > LONGEST_SOURCE or not source.replace("-", "").replace("_", "").isalnum():
        raise Invalid("registry.source_form", field="source")
    if order.as_of_on > tx.today:
        raise Invalid("registry.as_of_future", field="as_of_on")
    if not 1 <= len(order.files) <= 2 or (order.columns and len(order.columns) != len(order.files)):
        raise Invalid("registry.file_count", field="files")
    if holds_number(order.agreement_no):
        raise Invalid("privacy.number_in_text", field="agreement_no")
    for one in order.files:
        refuse_early(one.path, one.name)
    order = replace(order, files=tuple(replace(one, name=_kept_name(one.name)) for one in order.files))
    digest = "+".join(one.sha256 for one in order.files)
    # Who brings the same file in the same moment comes second, and is told of this one.
    alone(tx.session, "import", tx.regency_code)
    if (before := _same_before(tx, order.files)) is not None:
        on = before.started_at.astimezone(tx.zone).date().isoformat()
        raise Conflict("import_run.same_file", run_id=str(before.id), on=on)
    if order.completes_id is None:
        refuse_older(tx, source, order.as_of_on)
    run_id = tx.new_id()
    snapshot_id = record_snapshot(
        tx,
        RecordSnapshot(
            source=source, as_of_on=order.as_of_on, agreement_no=order.agreement_no.strip()[:80],
            file_name=" + ".join(one.name for one in order.files)[-250:], file_sha256=digest,
            completes_id=order.completes_id,
        ),
    )  # fmt: skip
    asked = order.columns or tuple(FileColumns() for _ in order.files)
    files = [
        RunFile(
            name=one.name[-120:], path=str(one.path), file_id=str(one.file_id or ""), size=one.size,
            rows_path=str(_rows_path(one, run_id, place)), asked=asked[place].columns,
            asked_layout=asked[place].layout or (order.layout or "" if len(order.files) == 1 else ""),
        )
        for place, one in enumerate(order.files)
    ]  # fmt: skip
    tx.session.execute(sa.insert(ImportRun).values(
        id=run_id, regency_code=tx.regency_code, snapshot_id=snapshot_id, state=RunState.UNPACKING,
        code_system=order.code_system, file_sha256=digest, files=kept_files(files), asks_columns=order.asks_columns,
        file_no=0, at_byte=0, at_row=0, bytes_read=0, bytes_total=sum(one.size for one in files),
        rows=0, refused=0, warned=0, doubled=0, niks=0, niks_ending_zero=0, new=0, changed=0, unchanged=0,
        suspected=0, problem="", weighed_at=None, started_at=tx.now, started_by=tx.actor.id,
        started_by_name=tx.actor.name,
        approved_by=None, approved_by_name=None, finished_at=None,
    ))  # fmt: skip
    tx.note("import_run.start", "import_run", run_id, source=source, file_sha256=digest)
    return run_id


def _kept_name(name: str) -> str:
    """Give what a file may be called on pages and papers: a number of a person is no part of it."""
    return f"berkas{PurePath(name).suffix}" if holds_number(name) else name


def _same_before(tx: Tx, files: Sequence[SourceFile]) -> Any:
    """Find an import of the same files, whichever of two was chosen first."""
    digests = {"+".join(order) for order in permutations(one.sha256 for one in files)}
    return tx.session.execute(
        sa.select(ImportRun.id, ImportRun.started_at).where(
            ImportRun.regency_code == tx.regency_code, ImportRun.file_sha256.in_(digests),
            ImportRun.state.not_in([RunState.DISCARDED, RunState.REFUSED]),
        )
    ).first()  # fmt: skip


def _rows_path(file: SourceFile, run_id: UUID, place: int) -> Path:
    """Tell where a file's rows are written down: beside the uploads, under a name of our own."""
    folder = file.path.parent.parent if file.file_id else file.path.parent
    return folder / f"import-{run_id}-{place}.rows"


def approve_import(tx: Tx, run_id: UUID) -> None:
    """Let the job apply a ready import.

    Raises: Forbidden; NotFound; Conflict, also for whoever started it, and where a newer file came between.
    """
    tx.require("registry.commit")
    run = run_of(tx, run_id)
    if tx.actor.kind != "system" and tx.actor.id == run.started_by:
        raise Conflict("import_run.four_eyes")
    if run.state is RunState.READY and (refused := hindrance(tx, run.snapshot_id, weighed_counts(run))) is not None:
        raise refused
    move(
        tx, ImportRun, run_id, RunAct.APPROVE, IMPORT_RUN_MOVES, approved_by=tx.actor.id, approved_by_name=tx.actor.name
    )


def discard_import(tx: Tx, run_id: UUID, reason: str = "") -> None:
    """Give up an import that is not applied; whoever uploaded it is told by whom and why.

    The reason holds no number of a person. Raises: Forbidden; NotFound; Conflict; Invalid "privacy.number_in_text".
    """
    tx.require("registry.discard")
    run = run_of(tx, run_id)
    if holds_number(reason):
        raise Invalid("privacy.number_in_text", field="note")
    told = {"code": "import_run.discarded_by", "facts": {"name": tx.actor.name}}
    if reason:
        told = {"code": "import_run.discarded_for", "facts": {"name": tx.actor.name, "reason": reason}}
    move(
        tx, ImportRun, run_id, RunAct.DISCARD, IMPORT_RUN_MOVES, reason=reason, finished_at=tx.now,
        problem=json.dumps(told),
    )  # fmt: skip
    discard(tx, run.snapshot_id, reason=reason)
    forget_files(tx, run)
