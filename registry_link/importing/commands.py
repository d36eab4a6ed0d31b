"""Imports: started, read in pieces, weighed, approved by another person, applied at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import partial
from itertools import islice, permutations
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.crypto import Secret
from core.errors import Conflict, Fact, Invalid, Issue, NotFound, Refused
from core.files.commands import forget_file
from core.reader.stream import StreamRow, refuse_early
from core.states import move
from core.work import Tx
from registry_link.households.bulk import put_rows
from registry_link.households.erased import erased_households, erased_members, has_erased
from registry_link.households.listing import tell_what_is_listed
from registry_link.households.queries import snapshot_as_of
from registry_link.households.rows import HouseholdRow, MemberRow
from registry_link.households.staging import (
    RecordSnapshot,
    Weighed,
    discard,
    make_current,
    record_snapshot,
    stage_households,
    stage_members,
    staged_ids,
    weigh,
)
from registry_link.importing.columns import MOST_COLUMNS, Columns, named, recognise, suggest
from registry_link.importing.models import ImportIssue, ImportRow, ImportRun
from registry_link.importing.rules import FileFacts, Parsed, RowReader
from registry_link.importing.states import IMPORT_RUN_MOVES, Layout, RunAct, RunState
from registry_link.importing.unpacking import MOST_ROWS, Unpacked, take_away, unpacked_rows
from registry_link.regions.queries import gazetteer
from registry_link.regions.states import CodeSystem

CHUNK: Final = 2500
"""Rows of one transaction: on SQLite whoever else writes waits for as many."""
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
    "import_run.same_file" when the same bytes were imported already (and not discarded).
    """
    tx.require("registry.import")
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
        suspected=0, problem="", started_at=tx.now, started_by=tx.actor.id, started_by_name=tx.actor.name,
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
        files_now = _in_order(files, told)
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
    _begin_reading(tx, run, RunAct.MAP, _in_order(files, told))


def _in_order(files: Sequence[_File], told: Sequence[Columns]) -> list[_File]:
    """Give the files with their columns, households first, whichever was chosen first. Raises: Invalid."""
    found = [
        replace(file, layout=one.layout.value, places=dict(one.places)) for file, one in zip(files, told, strict=True)
    ]
    layouts = [one.layout for one in told]
    if len(found) == 1 and layouts[0] is Layout.MEMBER:
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
    """The next rows of an import, read and checked, and where they stand in their file."""

    file_no: int
    at_byte: int
    next_byte: int
    count: int
    is_last_of_file: bool
    chunk: _Chunk | None
    """None where the file is gone."""


def read_chunk(tx: Tx, run_id: UUID, limit: int = CHUNK) -> ReadChunk:
    """Read and check the next rows for ``stage_chunk``; writes nothing, so that nobody waits meanwhile.

    Raises: NotFound; Conflict "import_run.not_reading".
    """
    run = _run(tx, run_id)
    if run.state is not RunState.READING:
        raise Conflict("import_run.not_reading", state=run.state.value)
    files = _files_of(run)
    file = files[run.file_no]
    path = Path(file.rows_path)
    if not path.exists():
        return ReadChunk(run.file_no, run.at_byte, run.at_byte, 0, is_last_of_file=True, chunk=None)
    facts = FileFacts(
        columns=file.columns, gazetteer=gazetteer(tx, tx.regency_code), code_system=run.code_system,
        regency_code=tx.regency_code, as_of_on=snapshot_as_of(tx, run.snapshot_id), heads_are_members=len(files) == 1,
    )  # fmt: skip
    chunk = _Chunk(run, facts)
    count, at_byte = 0, run.at_byte
    for one in islice(unpacked_rows(path, at_byte), limit):
        chunk.take(one.row)
        count, at_byte = count + 1, one.next_byte
    return ReadChunk(run.file_no, run.at_byte, at_byte, count, is_last_of_file=count < limit, chunk=chunk)


def stage_chunk(tx: Tx, run_id: UUID, read: ReadChunk | None = None) -> Staged:
    """Keep the next rows; they and the cursor are kept together, so a cut-off import goes on where it was.

    ``read`` is what ``read_chunk`` gave; without it that is done here.
    Raises: NotFound; Conflict "import_run.not_reading", "import_run.moved_meanwhile" (another process read this piece).
    """
    read = read or read_chunk(tx, run_id)
    run = _run(tx, run_id)
    if run.state is not RunState.READING:
        raise Conflict("import_run.not_reading", state=run.state.value)
    if (run.file_no, run.at_byte) != (read.file_no, read.at_byte):
        raise Conflict("import_run.moved_meanwhile")
    if read.chunk is None:
        return _refuse(tx, run, "registry.file_gone")
    has_next = read.is_last_of_file and run.file_no + 1 < len(_files_of(run))
    # The guarded cursor first: a twin that read the same piece waits here and then keeps nothing.
    _advance(
        tx, run,
        file_no=run.file_no + 1 if has_next else run.file_no,
        at_byte=0 if has_next else read.next_byte,
        at_row=0 if has_next else run.at_row + read.count,
        bytes_read=run.bytes_read + read.next_byte - read.at_byte,
    )  # fmt: skip
    if run.rows + read.count > MOST_ROWS:
        return _refuse(tx, run, "registry.too_many_rows", most=MOST_ROWS)
    # A transaction that is tried again begins with what was read.
    chunk = read.chunk.copy()
    if chunk.layout is Layout.MEMBER:
        chunk.refuse_without_household(staged_ids(tx, run.snapshot_id, sorted({key for key, _ in chunk.members})))
        chunk.refuse_erased_members(erased_members(tx, [one for _, one in chunk.members]))
        doubled = stage_members(tx, run.snapshot_id, chunk.members)
    else:
        if chunk.layout is Layout.HOUSEHOLD:
            chunk.refuse_again(staged_ids(tx, run.snapshot_id, chunk.external_ids))
        if has_erased(tx):
            chunk.refuse_erased(erased_households(tx, run.snapshot_id, chunk.grouped()))
        doubled = stage_households(tx, run.snapshot_id, chunk.grouped())
    chunk.warn_doubled(doubled)
    chunk.write(tx)
    values = {
        "rows": run.rows + chunk.taken, "refused": run.refused + len(chunk.refused),
        "warned": run.warned + chunk.warned, "doubled": run.doubled + len(doubled), "niks": run.niks + chunk.niks,
        "niks_ending_zero": run.niks_ending_zero + chunk.niks_ending_zero,
    }  # fmt: skip
    tx.session.execute(sa.update(ImportRun).where(ImportRun.id == run_id).values(**values))
    if values["refused"] > MOST_REFUSED:
        return _refuse(tx, run, "registry.too_many_refused", most=MOST_REFUSED)
    if read.is_last_of_file and not has_next:
        return _finish(tx, run, values)
    return Staged(rows=read.count, is_done=False)


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


def _finish(tx: Tx, run: Any, counts: dict[str, int]) -> Staged:
    if counts["niks"] >= LEAST_TO_JUDGE and counts["niks_ending_zero"] > ZERO_SHARE * counts["niks"]:
        return _refuse(tx, run, "registry.niks_rounded", zeros=counts["niks_ending_zero"], niks=counts["niks"])
    weighed = weigh(tx, run.snapshot_id)
    _forget_files(tx, run)
    move(
        tx, ImportRun, run.id, RunAct.FINISH, IMPORT_RUN_MOVES, new=weighed.new, changed=weighed.changed,
        unchanged=weighed.unchanged, suspected=weighed.suspected, finished_at=tx.now,
    )  # fmt: skip
    return Staged(rows=counts["rows"], is_done=True)


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


class _Chunk:
    """What one piece of a file comes to."""

    def __init__(self, run: Any, facts: FileFacts) -> None:
        self._run, self._facts = run, facts
        self._reader = RowReader(facts)
        self._households: dict[str, HouseholdRow] = {}
        self._people: dict[str, list[MemberRow]] = {}
        self._rows: dict[int, StreamRow] = {}
        self._issues: list[Issue] = []
        self.members: list[tuple[str, MemberRow]] = []
        self.refused: dict[int, list[str | list[str]]] = {}
        self.warned = self.taken = self.niks = self.niks_ending_zero = 0

    @property
    def layout(self) -> Layout:
        return self._facts.columns.layout

    def copy(self) -> _Chunk:
        """Give another one that may be changed without this one being."""
        made = copy(self)
        made._households, made.refused = dict(self._households), dict(self.refused)
        made._issues, made.members = list(self._issues), list(self.members)
        return made

    def take(self, row: StreamRow) -> None:
        number, cells = row.number, row.cells
        self.taken += 1
        if row.flaw:
            self._refuse(row, (Issue(code="registry.row_quotes", row=number),))
            return
        parsed = self._reader.parse(number, cells, row.kinds)
        if not isinstance(parsed, Parsed):
            self._refuse(row, parsed)
            return
        if parsed.warnings:
            self.warned += 1
            self._issues += parsed.warnings
        self._rows[number] = row
        if parsed.household is not None:
            known = self._households.setdefault(parsed.external_id, parsed.household)
            if known is not parsed.household and self._facts.columns.layout is Layout.HOUSEHOLD:
                self._refuse(row, (
                    Issue(code="registry.household_twice", row=number, facts={"first": known.file_row}),
                ))  # fmt: skip
                return
        if parsed.member is not None:
            self.members.append((parsed.external_id, parsed.member))
            self._people.setdefault(parsed.external_id, []).append(parsed.member)
            if parsed.member.nik is not None:
                self.niks += 1
                self.niks_ending_zero += parsed.member.nik.last4.endswith("0")

    def grouped(self) -> list[HouseholdRow]:
        """Give the households with the members that this piece has of them."""
        return [
            HouseholdRow(**{**_fields(one), "members": tuple(self._people.get(key, ()))})
            for key, one in self._households.items()
        ]

    def refuse_without_household(self, known: frozenset[str]) -> None:
        for key, member in self.members:
            if key not in known:
                label = self._facts.columns.label("household_id" if self._facts.columns.has("household_id") else "kk")
                issue = Issue(code="registry.household_missing", row=member.file_row, column=label)
                self._refuse(self._rows[member.file_row], (issue,))
        self.members = [(key, member) for key, member in self.members if key in known]

    @property
    def external_ids(self) -> list[str]:
        return sorted(self._households)

    def refuse_again(self, known: frozenset[str]) -> None:
        """Refuse households that an earlier piece of the file has already."""
        for key in known:
            number = self._households.pop(key).file_row
            self._refuse(self._rows[number], (Issue(code="registry.household_again", row=number),))

    def refuse_erased(self, keys: frozenset[str]) -> None:
        """Refuse every row of households that were erased."""
        rows = {one.file_row for key, one in self._households.items() if key in keys}
        rows |= {one.file_row for key, one in self.members if key in keys}
        for number in sorted(rows):
            self._refuse(self._rows[number], (Issue(code="registry.erased", row=number),))
        self._households = {key: one for key, one in self._households.items() if key not in keys}
        self.members = [(key, one) for key, one in self.members if key not in keys]

    def refuse_erased_members(self, are_erased: Sequence[bool]) -> None:
        for (_, one), is_erased in zip(self.members, are_erased, strict=True):
            if is_erased:
                self._refuse(self._rows[one.file_row], (Issue(code="registry.erased", row=one.file_row),))
        self.members = [one for one, is_erased in zip(self.members, are_erased, strict=True) if not is_erased]

    def warn_doubled(self, rows: Sequence[int]) -> None:
        self._issues += [Issue(code="registry.member_twice", row=row, is_warning=True) for row in rows]

    def write(self, tx: Tx) -> None:
        run_id, file_no = self._run.id, self._run.file_no
        put_rows(tx, ImportRow, ("run_id", "file_no", "row", "cells"), [
            (run_id, file_no, row, Secret(json.dumps(cells, ensure_ascii=False))) for row, cells in self.refused.items()
        ])  # fmt: skip
        put_rows(tx, ImportIssue, ("id", "run_id", "file_no", "row", "column", "code", "is_warning", "facts"), [
            (tx.new_id(), run_id, file_no, one.row, one.column, one.code, one.is_warning, json.dumps(dict(one.facts)))
            for one in self._issues
        ])  # fmt: skip

    def _refuse(self, row: StreamRow, issues: Sequence[Issue]) -> None:
        self.refused[row.number] = [
            [row.kinds[place], cell] if place in row.kinds else cell for place, cell in enumerate(row.cells)
        ]
        self._issues += issues


def _fields(row: HouseholdRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in HouseholdRow.__dataclass_fields__}


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


def commit_import(tx: Tx, run_id: UUID) -> Weighed:
    """Approve a ready import and apply it in this one transaction: seen from outside nothing of it, or all.

    Raises: as ``approve_import``; Conflict "snapshot.older" or "snapshot.empty".
    """
    approve_import(tx, run_id)
    return apply_import(tx, run_id)


def apply_import(tx: Tx, run_id: UUID) -> Weighed:
    """Apply an approved import (the job's part). Raises: NotFound; Conflict."""
    run = _run(tx, run_id)
    weighed = make_current(tx, run.snapshot_id)
    move(
        tx, ImportRun, run_id, RunAct.APPLY, IMPORT_RUN_MOVES, new=weighed.new, changed=weighed.changed,
        unchanged=weighed.unchanged, suspected=weighed.suspected, finished_at=tx.now,
    )  # fmt: skip
    return weighed


def discard_import(tx: Tx, run_id: UUID, reason: str = "") -> None:
    """Give up an import that is not applied. Raises: Forbidden; NotFound; Conflict."""
    tx.require("registry.import")
    run = _run(tx, run_id)
    move(tx, ImportRun, run_id, RunAct.DISCARD, IMPORT_RUN_MOVES, reason=reason, finished_at=tx.now)
    discard(tx, run.snapshot_id, reason=reason)
    _forget_files(tx, run)


def refuse_approved(tx: Tx, run_id: UUID, refused: Refused) -> None:
    """Keep why an approved import could not be applied."""
    run = _run(tx, run_id)
    problem = json.dumps({"code": refused.code, "facts": refused.facts})
    move(tx, ImportRun, run_id, RunAct.REFUSE, IMPORT_RUN_MOVES, problem=problem, finished_at=tx.now)
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
