"""An import brought on piece by piece: rows read and checked, then compared with what stands; each with its cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
import polars as pl
import sqlalchemy as sa

from core.actor import Actor
from core.errors import Conflict, Fact
from core.states import move
from core.work import Tx, Work
from registry_link.households.differences import (
    CHANGES_AT_ONCE,
    GOINGS_AT_ONCE,
    Difference,
    changes_at,
    count_changed,
    count_compared,
    forget_differences,
    keep_counts,
    put_difference_rows,
    put_differences,
)
from registry_link.households.marks import Marks, keep_marks, made_marks
from registry_link.households.meeting import bind_met, put_suspects, suspects
from registry_link.households.snapshots import clear_written, current_before, note_kept, staged_snapshot
from registry_link.households.states import DifferenceKind
from registry_link.households.weighing import (
    REFUSED,
    Comparison,
    WrittenOut,
    compare,
    counts_of,
    put_written,
    written_out,
)
from registry_link.importing.lacking import LackingHomes, lacking_homes, warn_of_lacking
from registry_link.importing.looking import Cursor, RowsOfFile
from registry_link.importing.models import ImportRow, ImportRun
from registry_link.importing.reading import CheckedRows, Reading
from registry_link.importing.rules import FileFacts
from registry_link.importing.runs import file_facts, files_of, forget_files, hindrance, refuse_run, run_of
from registry_link.importing.states import IMPORT_RUN_MOVES, Layout, RunAct, RunState
from registry_link.importing.unpacking import MOST_ROWS

CHUNK: Final = 20_000
"""Rows of one piece."""
_SKIPPED: Final = 10
"""Where few rows are looked at, so many times as many make a piece."""
MOST_REFUSED: Final = 100_000
"""Refused rows that are kept to be given back; a file with more is another kind of file."""
LEAST_TO_JUDGE: Final = 30
"""So many NIK or No. KK are needed before their last digits say anything."""
ZERO_SHARE: Final = 0.6
"""One NIK or No. KK in ten ends with 0 by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    rows: int
    is_done: bool
    """Everything is read; the run is ready or refused."""


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """The next step of an import, made ready: rows read and checked, or rows compared with what stands."""

    file_no: int
    at_byte: int
    next_byte: int
    count: int
    is_last_of_file: bool
    rows: CheckedRows | None
    """None where the file is gone."""


@dataclass(frozen=True, slots=True)
class WeighedChunk:
    """A step of the comparison with what stands: the next rows written out, or what is known once all are."""

    found: Comparison
    step: int
    """How many pieces are written out before this one."""
    made: WrittenOut | None = None
    changes: Sequence[Difference] | None = None
    """What some of the changed households would differ in."""
    goings: pl.DataFrame | None = None
    """Who comes and goes, as ``Comparison`` has them."""
    suspects: Mapping[str, UUID] | None = None
    """Once all pieces are written out and bound."""
    differences: Counter[DifferenceKind] = field(default_factory=Counter)
    marks: Marks | None = None
    lacking: LackingHomes | None = None
    """In the last step of the first comparison: what it says of the file stays said."""


def read_chunk(
    tx: Tx, run_id: UUID, limit: int = CHUNK, reading: Reading | None = None
) -> ReadChunk | WeighedChunk:  # fmt: skip
    """Make the next step of an import ready for ``stage_chunk``; writes nothing, so that nobody waits meanwhile.

    ``reading`` is what the caller keeps from one step to the next. Raises: NotFound; Conflict "import_run.not_reading".
    """
    run, reading = run_of(tx, run_id), reading or Reading()
    if run.state not in (RunState.READING, RunState.APPROVED):
        raise Conflict("import_run.not_reading", state=run.state.value)
    files = files_of(run)
    if run.state is RunState.APPROVED or run.file_no >= len(files):
        return _weigh_next(tx, run, reading)
    own = RowsOfFile(run.file_no, Path(files[run.file_no].rows_path), file_facts(tx, run, run.file_no))
    if not own.path.exists():
        return ReadChunk(run.file_no, run.at_byte, run.at_byte, 0, is_last_of_file=True, rows=None)
    reading.begin(tx, run)
    following = [Path(one.rows_path) for one in files[run.file_no + 1 :]]
    if reading.skips is not None:
        limit *= _SKIPPED
    at = Cursor(run.at_byte, run.at_row, limit)
    looked, count, size = reading.looking.piece(own, following, at, reading.skips)
    rows = CheckedRows(tx, run, own.facts, reading, looked, count)
    end = run.at_byte + size
    is_last = count < limit
    reading.cursor = (run.file_no + 1, 0) if is_last else (run.file_no, end)
    return ReadChunk(run.file_no, run.at_byte, end, count, is_last_of_file=is_last, rows=rows)


def facts_of_file(work: Work, actor: Actor, run_id: UUID, file_no: int) -> FileFacts:
    """Give what the rows of an import's file are looked at with, to the process beside. Raises: NotFound."""
    with work.read_by(actor) as tx:
        return file_facts(tx, run_of(tx, run_id), file_no)


def stage_chunk(tx: Tx, run_id: UUID, read: ReadChunk | WeighedChunk | None = None) -> Staged:
    """Keep what ``read_chunk`` made ready, together with the cursor, so that a cut-off import goes on where it was.

    Raises: NotFound; Conflict "import_run.not_reading", "import_run.moved_meanwhile" (another process did this step).
    """
    read = read or read_chunk(tx, run_id)
    run = run_of(tx, run_id)
    if isinstance(read, WeighedChunk):
        return _keep_weighed(tx, run, read)
    if run.state is not RunState.READING:
        raise Conflict("import_run.not_reading", state=run.state.value)
    if (run.file_no, run.at_byte) != (read.file_no, read.at_byte):
        raise Conflict("import_run.moved_meanwhile")
    rows = read.rows
    if rows is None:
        return _refused(tx, run, "registry.file_gone")
    # The guarded cursor first: a twin that read the same piece waits here and then keeps nothing.
    _advance(
        tx, run,
        file_no=run.file_no + read.is_last_of_file,
        at_byte=0 if read.is_last_of_file else read.next_byte,
        at_row=0 if read.is_last_of_file else run.at_row + read.count,
        bytes_read=run.bytes_read + read.next_byte - read.at_byte,
    )  # fmt: skip
    if run.rows + read.count > MOST_ROWS:
        return _refused(tx, run, "registry.too_many_rows", most=MOST_ROWS)
    rows.write(tx)
    # The numbers of a file are judged by themselves: those of the next are of another kind.
    niks, zeros = rows.niks, rows.niks_ending_zero
    if read.at_byte:
        niks, zeros = run.niks + niks, run.niks_ending_zero + zeros
    values = {
        "rows": run.rows + rows.taken, "refused": run.refused + rows.refused, "warned": run.warned + rows.warned,
        "doubled": run.doubled + rows.doubled, "niks": niks, "niks_ending_zero": zeros,
    }  # fmt: skip
    tx.session.execute(sa.update(ImportRun).where(ImportRun.id == run_id).values(**values))
    if values["refused"] > MOST_REFUSED:
        return _refused(tx, run, "registry.too_many_refused", most=MOST_REFUSED)
    if read.is_last_of_file and niks >= LEAST_TO_JUDGE and zeros > ZERO_SHARE * niks:
        code = "registry.niks_rounded" if rows.counts_niks else "registry.kks_rounded"
        return _refused(tx, run, code, zeros=zeros, niks=niks)
    return Staged(rows=read.count, is_done=False)


# ---------------------------------------------------------------- weighing


def _weigh_next(tx: Tx, run: Any, reading: Reading) -> WeighedChunk:
    """Make the next step of the comparison ready.

    What changes in the registry meanwhile is not seen before it is compared again: when the import is applied.
    """
    snapshot = staged_snapshot(tx, run.snapshot_id)
    found = reading.comparison
    if found is None or reading.run_id != run.id:
        before = current_before(tx, snapshot)
        # What completes a snapshot takes nobody's place.
        before_id = before.id if before is not None and snapshot.completes_id is None else None
        found = reading.comparison = compare(tx, snapshot, before_id, _refused_of(tx, run))
        reading.run_id = run.id
    step = 0 if run.weighed_at != found.version else run.at_row
    if step < len(found.pieces):
        return WeighedChunk(found, step, made=written_out(tx, snapshot, found, step))
    if step == len(found.pieces):
        return WeighedChunk(found, step)
    if found.has_before:
        told = _next_told(tx, snapshot, found, step)
        if told is not None:
            return told
    new = counts_of(tx, run.snapshot_id, found).new
    lacking = lacking_homes(tx, run, found.lacking) if run.state is RunState.READING else None
    marks = None
    if lacking is not None:
        marks = made_marks(tx, run.snapshot_id, np.concatenate([lacking.homes, found.kept_in]))
    return WeighedChunk(
        found, step, suspects=suspects(tx, run.snapshot_id, found.twice),
        differences=count_compared(tx, snapshot, new), marks=marks, lacking=lacking,
    )  # fmt: skip


def _refused_of(tx: Tx, run: Any) -> pl.DataFrame:
    """Give the households of which rows were refused: they are listed all the same."""
    rows = tx.session.execute(
        sa.select(ImportRow.home_digest, ImportRow.file_no, sa.func.count())
        .where(ImportRow.run_id == run.id, ImportRow.home_digest.is_not(None))
        .group_by(ImportRow.home_digest, ImportRow.file_no)
    )
    of_homes = [one.layout == Layout.HOUSEHOLD for one in files_of(run)]
    told = [(home, 0 if of_homes[file_no] else count) for home, file_no, count in rows]
    found = pl.DataFrame(told, schema={"home": pl.Int64(), "people": pl.Int32()}, orient="row")
    return (
        found.group_by("home").agg(pl.col("people").sum())
        .with_columns(pl.col("home").reinterpret(signed=False)).cast(REFUSED)
    )  # fmt: skip


def _next_told(tx: Tx, snapshot: Any, found: Comparison, step: int) -> WeighedChunk | None:
    """Make the next differences ready that are written down: who changes, then who comes and goes; None after them."""
    at, changed = step - len(found.pieces) - 1, count_changed(tx, snapshot.id)
    if at * CHANGES_AT_ONCE < changed:
        return WeighedChunk(found, step, changes=changes_at(tx, snapshot, at * CHANGES_AT_ONCE, CHANGES_AT_ONCE))
    begin = (at + -changed // CHANGES_AT_ONCE) * GOINGS_AT_ONCE
    goings = found.goings[begin : begin + GOINGS_AT_ONCE]
    return WeighedChunk(found, step, goings=goings) if len(goings) else None


def _keep_weighed(tx: Tx, run: Any, read: WeighedChunk) -> Staged:
    step = read.step
    if not step:
        clear_written(tx, run.snapshot_id)
        forget_differences(tx, run.snapshot_id)
    _weighed_so_far(tx, run, read.found, step)
    if read.made is not None:
        put_written(tx, run.snapshot_id, read.made)
        return Staged(rows=len(read.made.homes), is_done=False)
    if read.changes is not None:
        put_differences(tx, run.snapshot_id, read.changes)
        return Staged(rows=0, is_done=False)
    if read.goings is not None:
        put_difference_rows(tx, read.goings)
        return Staged(rows=0, is_done=False)
    if read.suspects is None:
        bind_met(tx, run.snapshot_id)
        return Staged(rows=0, is_done=False)
    put_suspects(tx, run.snapshot_id, read.suspects)
    keep_counts(tx, run.snapshot_id, read.differences)
    note_kept(tx, run.snapshot_id, *read.found.kept)
    counts = counts_of(tx, run.snapshot_id, read.found)
    values = {
        "new": counts.new, "changed": counts.changed, "unchanged": counts.unchanged, "suspected": counts.suspected,
    }  # fmt: skip
    tx.session.execute(sa.update(ImportRun).where(ImportRun.id == run.id).values(**values))
    if run.state is RunState.READING:
        # Ready is what somebody may apply.
        if (refused := hindrance(tx, run.snapshot_id, counts)) is not None:
            return _refused(tx, run, refused.code, **refused.facts)
        keep_marks(tx, run.snapshot_id, read.marks)
        if read.lacking is not None:
            warn_of_lacking(tx, run, read.lacking)
        forget_files(tx, run)
        move(tx, ImportRun, run.id, RunAct.FINISH, IMPORT_RUN_MOVES, finished_at=tx.now)
    return Staged(rows=run.rows, is_done=True)


def _weighed_so_far(tx: Tx, run: Any, found: Comparison, step: int) -> None:
    """Keep the cursor, guarded: of two who did the same step the second keeps nothing."""
    version = found.version
    at = sa.true() if not step else sa.and_(ImportRun.weighed_at == version, ImportRun.at_row == step)
    if not step and run.weighed_at == version and run.at_row:
        raise Conflict("import_run.moved_meanwhile")
    done = tx.session.execute(
        sa.update(ImportRun)
        .where(ImportRun.id == run.id, ImportRun.state == run.state, at)
        .values(weighed_at=version, compared_at=found.compared_at, at_row=step + 1)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("import_run.moved_meanwhile")


def _advance(tx: Tx, run: Any, **cursor: int) -> None:
    done = tx.session.execute(
        sa.update(ImportRun)
        .where(
            ImportRun.id == run.id, ImportRun.state == RunState.READING, ImportRun.file_no == run.file_no,
            ImportRun.at_byte == run.at_byte, ImportRun.at_row == run.at_row,
        )
        .values(**cursor)
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("import_run.moved_meanwhile")


def _refused(tx: Tx, run: Any, code: str, /, **facts: Fact) -> Staged:
    refuse_run(tx, run, code, **facts)
    return Staged(rows=0, is_done=True)
