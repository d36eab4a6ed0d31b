"""Imports: started, read in pieces, weighed, approved by another person, applied at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.actor import Actor
from core.errors import Conflict, Fact, Invalid, NotFound, Refused
from core.files.commands import forget_file
from core.privacy.numbers import holds_number
from core.reader.stream import refuse_early
from core.states import move
from core.work import Tx, Work
from registry_link.households.clearing import clear_step
from registry_link.households.differences import count_compared, keep_counts
from registry_link.households.listing import tell_what_is_listed
from registry_link.households.pieces import piece_counts
from registry_link.households.queries import registry_version, snapshot_as_of
from registry_link.households.rows import Weighed
from registry_link.households.staging import (
    RecordSnapshot,
    bind_met,
    clear_written,
    current_before,
    discard,
    put_suspects,
    record_snapshot,
    staged_snapshot,
    suspects,
)
from registry_link.households.standing import completed_by, to_complete
from registry_link.households.states import DifferenceKind, TakingStage
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
from registry_link.households.weighing import (
    Comparison,
    WrittenOut,
    compare,
    counts_of,
    put_goings,
    put_written,
    written_out,
)
from registry_link.importing.columns import MOST_COLUMNS, Columns, named, recognise, suggest
from registry_link.importing.looking import RowsOfFile
from registry_link.importing.models import ImportRun
from registry_link.importing.reading import CheckedRows, Reading
from registry_link.importing.rules import FileFacts
from registry_link.importing.states import IMPORT_RUN_MOVES, Layout, RunAct, RunState
from registry_link.importing.unpacking import MOST_ROWS, Unpacked, take_away
from registry_link.regions.queries import gazetteer
from registry_link.regions.states import CodeSystem

CHUNK: Final = 20_000
"""Rows of one piece."""
LONG: Final = 8 << 20
"""Bytes of rows: a process beside takes a second or two to start."""
MOST_REFUSED: Final = 100_000
"""Refused rows that are kept to be given back; a file with more is another kind of file."""
LEAST_TO_JUDGE: Final = 30
"""So many NIK are needed before their last digits say anything."""
ZERO_SHARE: Final = 0.6
"""One NIK in ten ends with 0 by chance."""
LONGEST_SOURCE: Final = 40
WORKED_OFF: Final = (RunState.UNPACKING, RunState.READING, RunState.APPROVED)
"""States in which an import waits for a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file as it was stored: by core.files, or by the caller."""

    path: Path
    name: str
    sha256: str
    size: int
    file_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileColumns:
    """Which headers of one file hold which fields, and what one row of it is; none: what the headers say themselves."""

    columns: Mapping[str, tuple[str, ...]] | None = None
    layout: Layout | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    rows: int
    is_done: bool
    """Everything is read; the run is ready or refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToUnpack:
    """A file that waits for the child process, and where its rows are to be written down."""

    path: Path
    name: str
    size: int
    target: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
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


_KEPT: Final = frozenset(_File.__dataclass_fields__)


def start_import(tx: Tx, order: StartImport) -> UUID:
    """Open an import; nothing of a file is read yet but its size and first bytes.

    Raises: Forbidden; Invalid; TooLarge; Malformed for a file that is not what it is called; Conflict
    "import_run.same_file" when the same bytes were imported already (and not discarded), "snapshot.not_current".
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
    for one in order.files:
        refuse_early(one.path, one.name)
    digest = "+".join(one.sha256 for one in order.files)
    if (before := _same_before(tx, order.files)) is not None:
        on = before.started_at.astimezone(tx.zone).date().isoformat()
        raise Conflict("import_run.same_file", run_id=str(before.id), on=on)
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
        _File(
            name=one.name[-120:], path=str(one.path), file_id=str(one.file_id or ""), size=one.size,
            rows_path=str(_rows_path(one, run_id, place)), asked=asked[place].columns,
            asked_layout=asked[place].layout or (order.layout or "" if len(order.files) == 1 else ""),
        )
        for place, one in enumerate(order.files)
    ]  # fmt: skip
    tx.session.execute(sa.insert(ImportRun).values(
        id=run_id, regency_code=tx.regency_code, snapshot_id=snapshot_id, state=RunState.UNPACKING,
        code_system=order.code_system, file_sha256=digest, files=_kept(files), asks_columns=order.asks_columns,
        file_no=0, at_byte=0, at_row=0, bytes_read=0, bytes_total=sum(one.size for one in files),
        rows=0, refused=0, warned=0, doubled=0, niks=0, niks_ending_zero=0, new=0, changed=0, unchanged=0,
        suspected=0, problem="", weighed_at=None, started_at=tx.now, started_by=tx.actor.id,
        started_by_name=tx.actor.name,
        approved_by=None, approved_by_name=None, finished_at=None,
    ))  # fmt: skip
    tx.note("import_run.start", "import_run", run_id, source=source, file_sha256=digest)
    return run_id


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


# ---------------------------------------------------------------- unpacking


def to_unpack(tx: Tx, run_id: UUID) -> tuple[ToUnpack, ...]:
    """Give the files of an import that waits to be unpacked. Raises: NotFound; Conflict "import_run.cannot_map"."""
    run = _run(tx, run_id)
    if run.state is not RunState.UNPACKING:
        raise Conflict("import_run.cannot_map", state=run.state.value)
    return tuple(
        ToUnpack(path=Path(one.path), name=one.name, size=one.size, target=Path(one.rows_path))
        for one in _files_of(run)
    )


def waits_for_rows(tx: Tx, run_id: UUID) -> bool:
    """Tell whether what was unpacked is still to be read. Raises: NotFound."""
    return _run(tx, run_id).state in (RunState.UNPACKING, RunState.MAPPING, RunState.READING)


def note_unpacking(tx: Tx, run_id: UUID, bytes_read: int) -> None:
    """Keep how far the child is. Raises: Conflict when the import was given up meanwhile."""
    done = tx.session.execute(
        sa.update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.state == RunState.UNPACKING)
        .values(bytes_read=sa.func.min(bytes_read, ImportRun.bytes_total)
                if tx.session.get_bind().dialect.name == "sqlite"
                else sa.func.least(bytes_read, ImportRun.bytes_total))
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("import_run.moved_meanwhile")


def take_unpacked(tx: Tx, run_id: UUID, found: Sequence[Unpacked]) -> RunState:
    """Go on with an import whose files the child has read: to its rows, or to a person who names the columns.

    The uploads themselves are forgotten now. Raises: NotFound; Conflict when it does not wait any more.
    """
    run = _run(tx, run_id)
    files = [
        replace(one, header=two.header, is_workbook=two.is_workbook, rows_size=two.size)
        for one, two in zip(_files_of(run), found, strict=True)
    ]  # fmt: skip
    try:
        told = [_told_by_itself(one) for one in files]
        files_now = _in_order(files, told, is_supplement=completed_by(tx, run.snapshot_id) is not None)
    except Refused:
        # Whatever is wrong with the columns is for a person to put right; nothing was read of the rows yet.
        told, files_now = [], files
    if run.asks_columns or not told:
        kept = [_suggested(one) for one in files]
        _begin_reading(tx, run, RunAct.ASK, kept)
        return RunState.MAPPING
    _begin_reading(tx, run, RunAct.MAP, files_now)
    return RunState.READING


def _told_by_itself(file: _File) -> Columns:
    layout = Layout(file.asked_layout) if file.asked_layout else None
    if file.asked is None:
        return recognise(file.header, layout)
    if len(file.header) > MOST_COLUMNS:
        raise Invalid("registry.too_many_columns", columns=len(file.header), most=MOST_COLUMNS)
    return named(file.header, layout or suggest(file.header).layout, file.asked)


def _suggested(file: _File) -> _File:
    found = suggest(file.header)
    return replace(file, places=found.places, layout=file.asked_layout or found.layout.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameColumns:
    run_id: UUID
    files: tuple[FileColumns, ...]
    """One for each file in turn."""


def name_columns(tx: Tx, order: NameColumns) -> None:
    """Say which columns hold which fields, and let the rows be read.

    Raises: Forbidden; NotFound; Conflict "import_run.cannot_map"; Invalid; Malformed.
    """
    tx.require("registry.import")
    run = _run(tx, order.run_id)
    files = _files_of(run)
    if run.state is not RunState.MAPPING:
        raise Conflict("import_run.cannot_map", state=run.state.value)
    if len(order.files) != len(files):
        raise Invalid("registry.file_count", field="files")
    told = []
    for file, wanted in zip(files, order.files, strict=True):
        layout = wanted.layout or Layout(file.layout)
        names = wanted.columns
        if names is None:
            told.append(recognise(file.header, layout))
        else:
            told.append(named(file.header, layout, names))
    is_supplement = completed_by(tx, run.snapshot_id) is not None
    _begin_reading(tx, run, RunAct.MAP, _in_order(files, told, is_supplement=is_supplement))


def _in_order(files: Sequence[_File], told: Sequence[Columns], *, is_supplement: bool) -> list[_File]:
    """Give the files with their columns, households first, whichever was chosen first. Raises: Invalid."""
    found = [
        replace(file, layout=one.layout.value, places=dict(one.places)) for file, one in zip(files, told, strict=True)
    ]
    layouts = [one.layout for one in told]
    if len(found) == 1 and layouts[0] is Layout.MEMBER and not is_supplement:
        raise Invalid("registry.households_missing", field="files")
    if len(found) == 2:
        found.sort(key=lambda one: one.layout == Layout.MEMBER)
        if sorted(layouts) != sorted([Layout.HOUSEHOLD, Layout.MEMBER]):
            raise Invalid("registry.files_kind", field="files")
    return found


def _begin_reading(tx: Tx, run: Any, act: RunAct, files: Sequence[_File]) -> None:
    state_after = move(
        tx, ImportRun, run.id, act, IMPORT_RUN_MOVES, files=_kept([replace(one, file_id="") for one in files]),
        bytes_read=0, bytes_total=sum(one.rows_size for one in files),
    )  # fmt: skip
    for one in files:
        if one.file_id:
            forget_file(tx, Path(one.path).parent.parent, UUID(one.file_id))
    if state_after is RunState.READING:
        layouts = [one.layout for one in files]
        tell_what_is_listed(
            tx, run.snapshot_id, lists_members=Layout.HOUSEHOLD not in layouts or Layout.MEMBER in layouts
        )
        tx.note("import_run.columns", "import_run", run.id, layouts=layouts,
                fields=sorted({name for one in files for name in one.places}))  # fmt: skip


def refuse_unpacked(tx: Tx, run_id: UUID, refused: Refused) -> None:
    """Keep why the files of an import could not be read. Raises: NotFound; Conflict."""
    _refuse(tx, _run(tx, run_id), refused.code, **refused.facts)


# ---------------------------------------------------------------- reading


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
    suspects: Mapping[str, UUID] | None = None
    """Once all pieces are written out and bound."""
    differences: Counter[DifferenceKind] = field(default_factory=Counter)


def read_chunk(
    tx: Tx, run_id: UUID, limit: int = CHUNK, reading: Reading | None = None
) -> ReadChunk | WeighedChunk:  # fmt: skip
    """Make the next step of an import ready for ``stage_chunk``; writes nothing, so that nobody waits meanwhile.

    ``reading`` is what the caller keeps from one step to the next. Raises: NotFound; Conflict "import_run.not_reading".
    """
    run, reading = _run(tx, run_id), reading or Reading()
    if run.state not in (RunState.READING, RunState.APPROVED):
        raise Conflict("import_run.not_reading", state=run.state.value)
    files = _files_of(run)
    if run.state is RunState.APPROVED or run.file_no >= len(files):
        return _weigh_next(tx, run, reading)
    own = RowsOfFile(run.file_no, Path(files[run.file_no].rows_path), _facts(tx, run, files, run.file_no))
    if not own.path.exists():
        return ReadChunk(run.file_no, run.at_byte, run.at_byte, 0, is_last_of_file=True, rows=None)
    reading.begin(tx, run)
    following = [Path(one.rows_path) for one in files[run.file_no + 1 :]]
    looked, count, size = reading.looking.piece(own, following, run.at_byte, limit)
    rows = CheckedRows(tx, run, own.facts, reading, looked, count)
    end = run.at_byte + size
    is_last = count < limit
    reading.cursor = (run.file_no + 1, 0) if is_last else (run.file_no, end)
    return ReadChunk(run.file_no, run.at_byte, end, count, is_last_of_file=is_last, rows=rows)


def _facts(tx: Tx, run: Any, files: Sequence[_File], file_no: int) -> FileFacts:
    return FileFacts(
        columns=files[file_no].columns, gazetteer=gazetteer(tx, tx.regency_code), code_system=run.code_system,
        regency_code=tx.regency_code, as_of_on=snapshot_as_of(tx, run.snapshot_id), heads_are_members=len(files) == 1,
    )  # fmt: skip


def facts_of_file(work: Work, actor: Actor, run_id: UUID, file_no: int) -> FileFacts:
    """Give what the rows of an import's file are looked at with, to the process beside. Raises: NotFound."""
    with work.read_by(actor) as tx:
        run = _run(tx, run_id)
        return _facts(tx, run, _files_of(run), file_no)


def stage_chunk(tx: Tx, run_id: UUID, read: ReadChunk | WeighedChunk | None = None) -> Staged:
    """Keep what ``read_chunk`` made ready, together with the cursor, so that a cut-off import goes on where it was.

    Raises: NotFound; Conflict "import_run.not_reading", "import_run.moved_meanwhile" (another process did this step).
    """
    read = read or read_chunk(tx, run_id)
    run = _run(tx, run_id)
    if isinstance(read, WeighedChunk):
        return _keep_weighed(tx, run, read)
    if run.state is not RunState.READING:
        raise Conflict("import_run.not_reading", state=run.state.value)
    if (run.file_no, run.at_byte) != (read.file_no, read.at_byte):
        raise Conflict("import_run.moved_meanwhile")
    rows = read.rows
    if rows is None:
        return _refuse(tx, run, "registry.file_gone")
    # The guarded cursor first: a twin that read the same piece waits here and then keeps nothing.
    _advance(
        tx, run,
        file_no=run.file_no + read.is_last_of_file,
        at_byte=0 if read.is_last_of_file else read.next_byte,
        at_row=0 if read.is_last_of_file else run.at_row + read.count,
        bytes_read=run.bytes_read + read.next_byte - read.at_byte,
    )  # fmt: skip
    if run.rows + read.count > MOST_ROWS:
        return _refuse(tx, run, "registry.too_many_rows", most=MOST_ROWS)
    rows.write(tx)
    values = {
        "rows": run.rows + rows.taken, "refused": run.refused + rows.refused, "warned": run.warned + rows.warned,
        "doubled": run.doubled + rows.doubled, "niks": run.niks + rows.niks,
        "niks_ending_zero": run.niks_ending_zero + rows.niks_ending_zero,
    }  # fmt: skip
    tx.session.execute(sa.update(ImportRun).where(ImportRun.id == run_id).values(**values))
    if values["refused"] > MOST_REFUSED:
        return _refuse(tx, run, "registry.too_many_refused", most=MOST_REFUSED)
    is_read = read.is_last_of_file and run.file_no + 1 == len(_files_of(run))
    zeros, niks = values["niks_ending_zero"], values["niks"]
    if is_read and niks >= LEAST_TO_JUDGE and zeros > ZERO_SHARE * niks:
        return _refuse(tx, run, "registry.niks_rounded", zeros=zeros, niks=niks)
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
        found = reading.comparison = compare(tx, snapshot, before_id)
        reading.run_id = run.id
    step = 0 if run.weighed_at != found.version else run.at_row
    if step < len(found.pieces):
        return WeighedChunk(found, step, made=written_out(tx, snapshot, found, step))
    if step == len(found.pieces):
        return WeighedChunk(found, step)
    comings = {DifferenceKind.GONE: len(found.goings.gone), DifferenceKind.RETURNED: len(found.goings.returned)}
    new = counts_of(tx, run.snapshot_id, found).new
    return WeighedChunk(
        found, step, suspects=suspects(tx, run.snapshot_id, found.twice),
        differences=count_compared(tx, snapshot, new, comings if found.has_before else {}),
    )  # fmt: skip


def _keep_weighed(tx: Tx, run: Any, read: WeighedChunk) -> Staged:
    step = read.step
    if not step:
        clear_written(tx, run.snapshot_id)
    _weighed_so_far(tx, run, read.found, step)
    if read.made is not None:
        put_written(tx, run.snapshot_id, read.made)
        return Staged(rows=len(read.made.homes), is_done=False)
    if read.suspects is None:
        bind_met(tx, run.snapshot_id)
        return Staged(rows=0, is_done=False)
    put_suspects(tx, run.snapshot_id, read.suspects)
    put_goings(tx, run.snapshot_id, read.found.goings)
    keep_counts(tx, run.snapshot_id, read.differences)
    counts = counts_of(tx, run.snapshot_id, read.found)
    values = {
        "new": counts.new, "changed": counts.changed, "unchanged": counts.unchanged, "suspected": counts.suspected,
    }  # fmt: skip
    tx.session.execute(sa.update(ImportRun).where(ImportRun.id == run.id).values(**values))
    if run.state is RunState.READING:
        _forget_files(tx, run)
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


def _refuse(tx: Tx, run: Any, code: str, /, **facts: Fact) -> Staged:
    problem = json.dumps({"code": code, "facts": facts})
    move(tx, ImportRun, run.id, RunAct.REFUSE, IMPORT_RUN_MOVES, problem=problem, finished_at=tx.now)
    discard(tx, run.snapshot_id, reason=code)
    _forget_files(tx, run)
    return Staged(rows=0, is_done=True)


def _forget_files(tx: Tx, run: Any) -> None:
    """Take the uploads and their rows away: what is good is staged and sealed, what is not is kept sealed."""
    for file in _files_of(run):
        if file.file_id:
            forget_file(tx, Path(file.path).parent.parent, UUID(file.file_id))
        if file.rows_path:
            tx.after_commit(partial(take_away, Path(file.rows_path)))


# ---------------------------------------------------------------- deciding


def approve_import(tx: Tx, run_id: UUID) -> None:
    """Let the job apply a ready import. Raises: Forbidden; NotFound; Conflict, also for whoever started it."""
    tx.require("registry.commit")
    run = _run(tx, run_id)
    if tx.actor.kind != "system" and tx.actor.id == run.started_by:
        raise Conflict("import_run.four_eyes")
    move(
        tx, ImportRun, run_id, RunAct.APPROVE, IMPORT_RUN_MOVES, approved_by=tx.actor.id, approved_by_name=tx.actor.name
    )


def is_long_import(tx: Tx, run_id: UUID) -> bool:
    """Tell whether there is so much to do that a process beside is worth its start. Raises: NotFound."""
    return sum(one.rows_size for one in _files_of(_run(tx, run_id))) >= LONG


def is_weighed(tx: Tx, run_id: UUID) -> bool:
    """Tell whether an import is compared with the registry as it is now. Raises: NotFound."""
    run = _run(tx, run_id)
    return run.weighed_at == registry_version(tx) and _is_compared(tx, run)


def _is_compared(tx: Tx, run: Any) -> bool:
    return bool(run.weighed_at is not None and run.at_row > len(piece_counts(tx, run.snapshot_id)) + 1)


def apply_import(tx: Tx, run_id: UUID) -> Weighed:
    """Apply an approved import in this one transaction: for few rows. Raises: NotFound; Conflict."""
    snapshot_id = _run(tx, run_id).snapshot_id
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
        counts = _counts(tx, _run(tx, run_id))
        while not clear_step(tx, snapshot_id):
            pass
        if stage is TakingStage.SEEN:
            return counts


def applying(tx: Tx, run_id: UUID) -> TakingStage | None:
    """Tell how far the taking over of an approved import is; None where it has not begun. Raises: NotFound."""
    taking = taking_of(tx, _run(tx, run_id).snapshot_id)
    return None if taking is None else taking.stage


def begin_applying(tx: Tx, run_id: UUID) -> None:
    """Keep numbers for what an approved import brings. Raises: NotFound; Conflict."""
    run = _run(tx, run_id)
    if run.state is not RunState.APPROVED or not _is_compared(tx, run):
        raise Conflict("import_run.moved_meanwhile")
    begin_taking(tx, run.snapshot_id, _counts(tx, run), run.compared_at)


def to_fill_in(tx: Tx, run_id: UUID, filling: Filling | None = None) -> tuple[Filling, int]:
    """Give what is to be filled in for an approved import, and which step is the next. Raises: NotFound; Conflict.

    ``filling`` is what the caller kept from the step before.
    """
    run = _run(tx, run_id)
    taking = taking_of(tx, run.snapshot_id)
    if run.state is not RunState.APPROVED or taking is None or taking.stage is not TakingStage.FILLING:
        raise Conflict("import_run.moved_meanwhile")
    if filling is None or filling.begun != (taking.no, taking.began_at):
        filling = filling_of(tx, run.snapshot_id)
    return filling, taking.step


def keep_applied(tx: Tx, run_id: UUID, filling: Filling, ready: ReadyStep) -> TakingStage:
    """Write a step of the taking over; the last one makes the import an applied one. Raises: NotFound; Conflict."""
    run = _run(tx, run_id)
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
    members = sum(people for _, _, people in piece_counts(tx, run.snapshot_id))
    return Weighed(
        new=run.new, changed=run.changed, unchanged=run.unchanged, suspected=run.suspected, members=members
    )  # fmt: skip


def discard_import(tx: Tx, run_id: UUID, reason: str = "") -> None:
    """Give up an import that is not applied; the reason holds no number of a person.

    Raises: Forbidden; NotFound; Conflict; Invalid "privacy.number_in_text".
    """
    tx.require("registry.import")
    run = _run(tx, run_id)
    if holds_number(reason):
        raise Invalid("privacy.number_in_text", field="note")
    move(tx, ImportRun, run_id, RunAct.DISCARD, IMPORT_RUN_MOVES, reason=reason, finished_at=tx.now)
    discard(tx, run.snapshot_id, reason=reason)
    _forget_files(tx, run)


def refuse_approved(tx: Tx, run_id: UUID, refused: Refused) -> None:
    """Keep why an approved import could not be applied."""
    run = _run(tx, run_id)
    problem = json.dumps({"code": refused.code, "facts": refused.facts})
    move(tx, ImportRun, run_id, RunAct.REFUSE, IMPORT_RUN_MOVES, problem=problem, finished_at=tx.now)
    if taking_of(tx, run.snapshot_id) is not None:
        leave(tx, run.snapshot_id)
    discard(tx, run.snapshot_id, reason=refused.code)


def pending(tx: Tx) -> tuple[tuple[UUID, RunState], ...]:
    """Give the office's imports that wait for the job, oldest first."""
    query = (
        sa.select(ImportRun.id, ImportRun.state)
        .where(ImportRun.regency_code == tx.regency_code, ImportRun.state.in_(WORKED_OFF))
        .order_by(ImportRun.started_at, ImportRun.id)
    )
    return tuple((row.id, row.state) for row in tx.session.execute(query))


def _run(tx: Tx, run_id: UUID) -> Any:
    row = tx.session.execute(
        sa.select(ImportRun.__table__).where(ImportRun.id == run_id, ImportRun.regency_code == tx.regency_code)
    ).one_or_none()
    if row is None:
        raise NotFound("import_run.not_found")
    return row


def _files_of(run: Any) -> list[_File]:
    return [_File(**{name: one[name] for name in one.keys() & _KEPT}) for one in json.loads(run.files)]


def _kept(files: Sequence[_File]) -> str:
    return json.dumps([asdict(one) for one in files])
