"""Rows that say what they said in the snapshot before: told from the others before any is looked at."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
import polars as pl

from core.work import Tx
from registry_link.households import frames, pieces
from registry_link.households import lacking as household_lacking
from registry_link.households import rules as household_rules
from registry_link.households.marks import (
    Again,
    RowMarks,
    again_of,
    alike,
    begin_marks,
    has_marks,
    marks_before,
    may_have_marks,
)
from registry_link.importing import columns, lacking, looking, merging, rules, screening
from registry_link.importing.rules import FileFacts, RowReader
from registry_link.importing.runs import file_facts, files_of, run_of
from registry_link.importing.screening import Screen, Skips
from registry_link.importing.states import RunState
from registry_link.importing.unpacking import unpacked_lines
from registry_link.regions.queries import gazetteer

_AT_ONCE: Final = 200_000
_JUDGES: Final = (
    columns, rules, household_rules, screening, looking, merging, frames, pieces, lacking, household_lacking,
)  # fmt: skip
"""Where it is decided what a row says: after a change there every row is read again once."""


@dataclass(frozen=True, slots=True)
class MarksToBe:
    """An import that is to have marks, and what stands again of the snapshot before."""

    judged_by: str
    again: Again | None
    skips: Skips | None


def marks_to_be(tx: Tx, run_id: UUID) -> MarksToBe | None:
    """Compare the rows of an import of which none is read yet with the marks of the snapshot before; writes nothing.

    None where it has begun, or completes another: such rows are few. Raises: NotFound.
    """
    run = run_of(tx, run_id)
    has_begun = run.state is not RunState.READING or (run.file_no, run.at_byte) != (0, 0)
    if has_begun or not may_have_marks(tx, run.snapshot_id):
        return None
    judged_by = _judged_by(tx, run)
    before = marks_before(tx, run.snapshot_id, judged_by)
    files = _marks_of_files(tx, run) if before is not None else None
    if before is None or files is None:
        return MarksToBe(judged_by, None, None)
    again = alike(before, files)
    return MarksToBe(judged_by, again, _skips(run_id, files, again))


def keep_marks_to_be(tx: Tx, run_id: UUID, ready: MarksToBe) -> bool:
    """Keep what ``marks_to_be`` found; False where another process did before, which counts. Raises: NotFound."""
    run = run_of(tx, run_id)
    if (run.file_no, run.at_byte) != (0, 0) or has_marks(tx, run.snapshot_id):
        return False
    begin_marks(tx, run.snapshot_id, ready.judged_by, ready.again)
    return True


def skips_of(tx: Tx, run: Any) -> Skips | None:
    """Find out anew which rows of an import are looked at; None where all are."""
    again = again_of(tx, run.snapshot_id)
    files = _marks_of_files(tx, run) if again is not None else None
    return None if again is None or files is None else _skips(run.id, files, again)


def _skips(run_id: UUID, files: Sequence[RowMarks], again: Again) -> Skips:
    known = again.marks["home"].implode()
    return Skips(run_id, tuple(~pl.Series(one.home).is_in(known).to_numpy() for one in files))


def _marks_of_files(tx: Tx, run: Any) -> list[RowMarks] | None:
    """Give the marks of every row; None where not all are nothing but texts, or a file is gone."""
    paths = [Path(one.rows_path) for one in files_of(run)]
    if not all(one.exists() for one in paths):
        return None
    facts = [file_facts(tx, run, no) for no in range(len(paths))]
    # Reading and hashing leave Python to others.
    with ThreadPoolExecutor(len(paths)) as pool:
        found = list(pool.map(_marks_of, paths, facts))
    return None if None in found else [one for one in found if one is not None]


def _marks_of(path: Path, facts: FileFacts) -> RowMarks | None:
    screen, at_byte = Screen(RowReader(facts)), 0
    homes, said = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.uint64)]
    while True:
        lines, count = unpacked_lines(path, at_byte, _AT_ONCE)
        if lines.startswith(b"[") or b"\n[" in lines:
            return None
        if lines:
            marks = screen.marked(lines)
            homes.append(marks.home)
            said.append(marks.said)
        at_byte += len(lines)
        if count < _AT_ONCE:
            return RowMarks(np.concatenate(homes), np.concatenate(said))


def _judged_by(tx: Tx, run: Any) -> str:
    """Name everything but the rows themselves that decides what they say."""
    read = [[sorted(one.places.items()), one.layout, len(one.header)] for one in files_of(run)]
    told = [pl.__version__, run.code_system.value, read, gazetteer(tx, tx.regency_code).told()]
    source = "".join(inspect.getsource(one) for one in _JUDGES)
    return hashlib.sha256(json.dumps([source, told], default=str).encode()).hexdigest()
