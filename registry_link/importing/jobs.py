"""Imports are unpacked, read, weighed and applied in the background, in many small transactions with a cursor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from threading import Event, Lock
from time import sleep
from typing import Final
from uuid import UUID

from core.actor import Actor
from core.beside import beside
from core.crypto import KeysUnusable
from core.errors import Conflict, Malformed, TooLarge
from core.jobs import Every, Job
from core.memory import give_back
from core.sealed_file import is_key_gone
from core.work import Tx, Work
from registry_link.households.clearing import clear_step, to_clear
from registry_link.households.states import TakingStage
from registry_link.households.taking_over import Filling, ReadyStep
from registry_link.importing.ahead import Steps
from registry_link.importing.applying import (
    applying,
    begin_applying,
    is_weighed,
    keep_applied,
    refuse_approved,
    to_fill_in,
)
from registry_link.importing.chunks import ReadChunk, Staged, WeighedChunk, facts_of_file, read_chunk, stage_chunk
from registry_link.importing.looking import Looking
from registry_link.importing.mapping import (
    ToUnpack,
    note_unpacking,
    refuse_unpacked,
    take_unpacked,
    to_unpack,
    waits_for_rows,
)
from registry_link.importing.reading import Reading
from registry_link.importing.runs import bytes_left, files_of, pending, refuse_run, run_of, to_write
from registry_link.importing.screening import Skips
from registry_link.importing.states import RunState
from registry_link.importing.unchanged import MarksToBe, keep_marks_to_be, marks_to_be
from registry_link.importing.unpacking import Unpacked, take_away, unpack

LONG: Final = 8 << 20
"""Bytes of rows: a process beside takes a second or two to start."""
MUCH: Final = 30_000
"""Households that are new or change, for the same reason."""
KEY_GONE: Final = "registry.key_gone"
_ATTEMPTS: Final = 2
_PAUSE_S: Final = 0.01
"""After each step of the taking over, which are many and long: others who wait to write have their turn."""


def run_pending_imports(work: Work, actor: Actor) -> str:
    """Take every import that waits as far as it goes without a person; safe to run twice at a time, also after a cut.

    One whose files are unpacked is read at once; one that somebody approved is applied. What goes wrong with one and
    nobody foresaw is raised when all have had their turn.
    """
    _clear(work, actor)
    with work.read_by(actor) as tx:
        waiting = pending(tx)
    told: list[str] = []
    wrong: list[Exception] = []
    for run_id, state in waiting:
        try:
            if state is RunState.UNPACKING:
                state = _unpack(work, actor, run_id)
            if state is RunState.READING:
                told.append(_read_or_refuse(work, actor, run_id))
            elif state is RunState.APPROVED:
                told.append(_apply(work, actor, run_id))
            else:
                told.append(f"{run_id}: {state.value}")
        except Conflict as error:
            # Another process is at it, or a person gave it up meanwhile.
            told.append(f"{run_id}: {error.code}")
        except Exception as error:
            wrong.append(error)
    if wrong:
        raise wrong[0] if len(wrong) == 1 else ExceptionGroup("several imports failed", wrong)
    return "; ".join(told)


def _unpack(work: Work, actor: Actor, run_id: UUID) -> RunState:
    with work.read_by(actor) as tx:
        files = to_unpack(tx, run_id)
    try:
        if any(is_key_gone(one.path) for one in files):
            raise Malformed(KEY_GONE)
        try:
            found = _unpacked(work, actor, run_id, files)
        except FileNotFoundError:
            raise Malformed("registry.file_gone") from None
        return work.run(actor, lambda tx: take_unpacked(tx, run_id, found))
    except (TooLarge, Malformed) as error:
        refused = error
        work.run(actor, lambda tx: refuse_unpacked(tx, run_id, refused))
        return RunState.REFUSED
    except Conflict:
        # Given up while the child read: what it wrote has nobody left who would take it away.
        with work.read_by(actor) as tx:
            is_over = not waits_for_rows(tx, run_id)
        if is_over:
            for one in files:
                take_away(one.target)
        raise


def _unpacked(work: Work, actor: Actor, run_id: UUID, files: tuple[ToUnpack, ...]) -> list[Unpacked]:
    """Read each file in a child of its own, all at once; what goes wrong with one ends the others' reading, too."""
    read = [0] * len(files)
    is_over, telling = Event(), Lock()

    def told(no: int, bytes_read: int) -> None:
        with telling:
            if is_over.is_set():
                raise Conflict("import_run.moved_meanwhile")
            read[no] = bytes_read
            so_far = sum(read)
            work.run(actor, lambda tx: note_unpacking(tx, run_id, so_far))

    def unpacked(no: int) -> Unpacked:
        one = files[no]
        try:
            found = unpack(one.path, one.name, one.target, partial(told, no))
        except BaseException:
            is_over.set()
            raise
        read[no] = one.size
        return found

    with ThreadPoolExecutor(len(files)) as pool:
        results = [pool.submit(unpacked, no) for no in range(len(files))]
        try:
            wait(results)
        except BaseException:
            is_over.set()
            raise
    # Of what went wrong the first counts, not that another was ended by it.
    errors = [error for one in results if (error := one.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, Conflict)):
        raise error
    return [one.result() for one in results]


def _read_or_refuse(work: Work, actor: Actor, run_id: UUID) -> str:
    try:
        return _read(work, actor, run_id)
    except Conflict as error:
        if error.code != "snapshot.read_against_another":
            raise
        code = error.code
    except KeysUnusable:
        # With another installation's key file every import would end here: only a key that is gone ends one.
        with work.read_by(actor) as tx:
            paths = [Path(one.rows_path) for one in files_of(run_of(tx, run_id))]
        if not any(is_key_gone(one) for one in paths):
            raise
        code = KEY_GONE
    work.run(actor, lambda tx: refuse_run(tx, run_of(tx, run_id), code))
    return f"{run_id}: {code}"


def _read(work: Work, actor: Actor, run_id: UUID) -> str:
    """Read an import to its end, and compare it. Raises: Conflict."""
    if not _read_rows(work, actor, run_id):
        reading = Reading()
        is_done = False
        while not is_done:
            is_done = _read_on(work, actor, run_id, reading)
    return f"{run_id}: read"


def _read_rows(work: Work, actor: Actor, run_id: UUID) -> bool:
    """Read an import's rows, which are compared afterwards; True where it is refused on the way."""
    with work.read_by(actor) as tx:
        left = bytes_left(tx, run_id)
    with beside(work, actor, is_worth_it=left >= LONG) as helper:
        reading = Reading(skips=_marked(work, actor, run_id) if left >= LONG else None)
        if helper is not None:
            reading.looking = Looking.with_help(helper, facts_of_file, run_id)
        while left:
            if _read_on(work, actor, run_id, reading):
                return True
            with work.read_by(actor) as tx:
                left = bytes_left(tx, run_id)
    return False


def _marked(work: Work, actor: Actor, run_id: UUID) -> Skips | None:
    """Let an import have marks, and tell which of its rows are looked at; None where all are, or where it has begun."""
    with work.read_by(actor) as tx:
        ready = marks_to_be(tx, run_id)
    if ready is None:
        return None
    is_kept = work.run(actor, partial(_keep_marks_to_be, run_id=run_id, ready=ready))
    # What is not read must be what is written down as not read.
    return ready.skips if is_kept else None


def _keep_marks_to_be(tx: Tx, run_id: UUID, ready: MarksToBe) -> bool:
    return keep_marks_to_be(tx, run_id, ready)


def _read_on(work: Work, actor: Actor, run_id: UUID, reading: Reading) -> bool:
    with work.read_by(actor) as tx:
        read = read_chunk(tx, run_id, reading=reading)
    return work.run(actor, partial(_stage, run_id=run_id, read=read)).is_done


def _stage(tx: Tx, run_id: UUID, read: ReadChunk | WeighedChunk) -> Staged:
    return stage_chunk(tx, run_id, read)


def _apply(work: Work, actor: Actor, run_id: UUID) -> str:
    try:
        return _applied(work, actor, run_id)
    except Conflict as error:
        if error.code == "import_run.moved_meanwhile":
            raise
        refused = error
        work.run(actor, lambda tx: refuse_approved(tx, run_id, refused))
        return f"{run_id}: {error.code}"


def _applied(work: Work, actor: Actor, run_id: UUID) -> str:
    with work.read_by(actor) as tx:
        much = to_write(tx, run_id)
    give_back()
    with beside(work, actor, is_worth_it=much >= MUCH) as helper:
        steps = Steps(run_id, helper)
        while True:
            stage = _filled_in(work, actor, run_id, steps)
            if stage is TakingStage.SEEN:
                _clear(work, actor)
                return f"{run_id}: applied"
            if stage is not None:
                # Something it was compared with has changed: what was written is taken back first.
                _clear(work, actor)
            _weigh_again(work, actor, run_id)
            work.run(actor, lambda tx: begin_applying(tx, run_id))


def _filled_in(work: Work, actor: Actor, run_id: UUID, steps: Steps) -> TakingStage | None:
    """Take an import's filling in as far as it goes; None where it has not begun."""
    filling: Filling | None = None
    while True:
        with work.read_by(actor) as tx:
            stage = applying(tx, run_id)
            if stage is not TakingStage.FILLING:
                return stage
            filling, no = to_fill_in(tx, run_id, filling)
            ready = steps.ready(tx, filling, no)
        stage = work.run(actor, partial(_keep_applied, run_id=run_id, filling=filling, ready=ready))
        sleep(_PAUSE_S)
        if stage is not TakingStage.FILLING:
            return stage


def _keep_applied(tx: Tx, run_id: UUID, filling: Filling, ready: ReadyStep) -> TakingStage:
    return keep_applied(tx, run_id, filling, ready)


def _clear(work: Work, actor: Actor) -> None:
    """Clear away what taken over and given up snapshots left."""
    with work.read_by(actor) as tx:
        waiting = to_clear(tx)
    for snapshot_id in waiting:
        while not work.run(actor, partial(_clear_step, snapshot_id=snapshot_id)):
            pass


def _clear_step(tx: Tx, snapshot_id: UUID) -> bool:
    return clear_step(tx, snapshot_id)


def _weigh_again(work: Work, actor: Actor, run_id: UUID) -> None:
    """Compare an import again where households have changed since, in small steps.

    Where they change all the time, the last step of the taking over looks after what changed since.
    """
    for _ in range(_ATTEMPTS):
        with work.read_by(actor) as tx:
            if is_weighed(tx, run_id):
                return
        _read(work, actor, run_id)


JOBS = (Job(name="registry.imports", trigger=Every(seconds=5), act_long=run_pending_imports),)
