"""What the child process found in an import's files, and which of their columns hold which fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, Refused
from core.files.commands import forget_file
from core.states import move
from core.work import Tx
from registry_link.households.listing import tell_what_is_listed
from registry_link.households.snapshots import refuse_overtaken
from registry_link.households.standing import completed_by
from registry_link.importing.columns import MOST_COLUMNS, Columns, chosen, layout_of, named, recognise, suggest
from registry_link.importing.models import ImportRun
from registry_link.importing.runs import RunFile, files_of, kept_files, refuse_run, run_of
from registry_link.importing.states import IMPORT_RUN_MOVES, Layout, RunAct, RunState
from registry_link.importing.unpacking import Unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class FileColumns:
    """Which headers of one file hold which fields, and what one row of it is; none: what the headers say themselves."""

    columns: Mapping[str, tuple[str, ...]] | None = None
    places: Mapping[str, tuple[int, ...]] | None = None
    """The same by where the headers stand, from 0: so that of two that are alike the second can be meant."""
    layout: Layout | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToUnpack:
    """A file that waits for the child process, and where its rows are to be written down."""

    path: Path
    name: str
    size: int
    target: Path


def to_unpack(tx: Tx, run_id: UUID) -> tuple[ToUnpack, ...]:
    """Give the files of an import that waits to be unpacked. Raises: NotFound; Conflict "import_run.cannot_map"."""
    run = run_of(tx, run_id)
    if run.state is not RunState.UNPACKING:
        raise Conflict("import_run.cannot_map", state=run.state.value)
    return tuple(
        ToUnpack(path=Path(one.path), name=one.name, size=one.size, target=Path(one.rows_path)) for one in files_of(run)
    )


def waits_for_rows(tx: Tx, run_id: UUID) -> bool:
    """Tell whether what was unpacked is still to be read. Raises: NotFound."""
    return run_of(tx, run_id).state in (RunState.UNPACKING, RunState.MAPPING, RunState.READING)


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

    The uploads themselves are forgotten now. Where a newer file came between it is refused before a row is read.
    Raises: NotFound; Conflict when it does not wait any more.
    """
    run = run_of(tx, run_id)
    try:
        refuse_overtaken(tx, run.snapshot_id)
    except Conflict as refused:
        refuse_run(tx, run, refused.code, **refused.facts)
        return RunState.REFUSED
    files = [
        replace(one, header=two.header, is_workbook=two.is_workbook, rows_size=two.size)
        for one, two in zip(files_of(run), found, strict=True)
    ]  # fmt: skip
    try:
        told = [_told_by_itself(one, is_beside_homes=_is_beside_homes(one, files)) for one in files]
        files_now = _in_order(files, told, is_supplement=completed_by(tx, run.snapshot_id) is not None)
    except Refused:
        # Whatever is wrong with the columns is for a person to put right; nothing was read of the rows yet.
        told, files_now = [], files
    if run.asks_columns or not told:
        kept = [_suggested(one, is_beside_homes=_is_beside_homes(one, files)) for one in files]
        _begin_reading(tx, run, RunAct.ASK, kept)
        return RunState.MAPPING
    _begin_reading(tx, run, RunAct.MAP, files_now)
    return RunState.READING


def _is_beside_homes(file: RunFile, files: Sequence[RunFile]) -> bool:
    return any("village" in suggest(one.header).places for one in files if one is not file)


def _told_by_itself(file: RunFile, *, is_beside_homes: bool) -> Columns:
    layout = Layout(file.asked_layout) if file.asked_layout else None
    if file.asked is None:
        return recognise(file.header, layout, is_beside_homes=is_beside_homes)
    if len(file.header) > MOST_COLUMNS:
        raise Invalid("registry.too_many_columns", columns=len(file.header), most=MOST_COLUMNS)
    # Where its columns were named, these say what a row is.
    return named(file.header, layout or layout_of(file.asked, is_beside_homes=is_beside_homes), file.asked)


def _suggested(file: RunFile, *, is_beside_homes: bool) -> RunFile:
    found = suggest(file.header, is_beside_homes=is_beside_homes)
    return replace(file, places=found.places, layout=file.asked_layout or found.layout.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameColumns:
    run_id: UUID
    files: tuple[FileColumns, ...]
    """One for each file in turn."""


def name_columns(tx: Tx, order: NameColumns) -> None:
    """Say which columns hold which fields, and let the rows be read.

    Raises: Forbidden; NotFound; Conflict "import_run.cannot_map", "snapshot.older"; Invalid; Malformed.
    """
    tx.require("registry.import")
    run = run_of(tx, order.run_id)
    files = files_of(run)
    if run.state is not RunState.MAPPING:
        raise Conflict("import_run.cannot_map", state=run.state.value)
    refuse_overtaken(tx, run.snapshot_id)
    if len(order.files) != len(files):
        raise Invalid("registry.file_count", field="files")
    told = []
    for file, wanted in zip(files, order.files, strict=True):
        layout = wanted.layout or (Layout(file.asked_layout) if file.asked_layout else None)
        is_beside_homes = _is_beside_homes(file, files)
        if wanted.places is not None:
            layout = layout or layout_of(wanted.places, is_beside_homes=is_beside_homes)
            told.append(chosen(file.header, layout, wanted.places))
        elif wanted.columns is not None:
            layout = layout or layout_of(wanted.columns, is_beside_homes=is_beside_homes)
            told.append(named(file.header, layout, wanted.columns))
        else:
            told.append(recognise(file.header, layout or Layout(file.layout)))
    is_supplement = completed_by(tx, run.snapshot_id) is not None
    _begin_reading(tx, run, RunAct.MAP, _in_order(files, told, is_supplement=is_supplement))


def _in_order(files: Sequence[RunFile], told: Sequence[Columns], *, is_supplement: bool) -> list[RunFile]:
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


def _begin_reading(tx: Tx, run: Any, act: RunAct, files: Sequence[RunFile]) -> None:
    state_after = move(
        tx, ImportRun, run.id, act, IMPORT_RUN_MOVES, files=kept_files([replace(one, file_id="") for one in files]),
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
    refuse_run(tx, run_of(tx, run_id), refused.code, **refused.facts)
