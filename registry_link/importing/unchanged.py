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

from core.privacy import numbers as private_numbers
from core.sealed_file import size_of
from core.work import Tx
from registry_link.households import frames, numbers, pieces
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
    said_in,
)
from registry_link.households.pieces import Digests
from registry_link.importing import columns, lacking, looking, merging, rules, screening
from registry_link.importing.rules import FileFacts, RowReader
from registry_link.importing.runs import file_facts, files_of, run_of
from registry_link.importing.screening import NO_MARKS, Screen, Skips
from registry_link.importing.states import RunState
from registry_link.importing.unpacking import lines_between
from registry_link.regions import rules as region_rules
from registry_link.regions.queries import gazetteer

_AT_ONCE: Final = 8 << 20
"""Bytes."""
_THREADS: Final = 2
_JUDGES: Final = (
    columns, rules, household_rules, region_rules, screening, looking, merging, frames, pieces, numbers,
    private_numbers, lacking, household_lacking,
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
    known, refused = again.marks["home"].implode(), pl.Series(again.refused).implode()
    return Skips(run_id, tuple(
        (~pl.Series(one.home).is_in(known) | pl.Series(said_in(no, one)).is_in(refused)).to_numpy()
        for no, one in enumerate(files)
    ))  # fmt: skip


def _marks_of_files(tx: Tx, run: Any) -> list[RowMarks] | None:
    """Give the marks of every row; None where not all are nothing but texts, or a file is gone."""
    paths = [Path(one.rows_path) for one in files_of(run)]
    if not all(one.exists() for one in paths):
        return None
    facts = [file_facts(tx, run, no) for no in range(len(paths))]
    parts = [(no, begin) for no, path in enumerate(paths) for begin in range(0, size_of(path), _AT_ONCE)]
    # Reading and hashing leave Python to others.
    with ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(lambda part: _marks_of(paths[part[0]], facts[part[0]], part[1]), parts))
    if None in found:
        return None
    return [
        RowMarks(*(_joined([getattr(one, name) for (of, _), one in zip(parts, found, strict=True) if of == no])
                   for name in ("home", "said")))
        for no in range(len(paths))
    ]  # fmt: skip


def _joined(several: Sequence[Digests]) -> Digests:
    return np.concatenate([np.zeros(0, dtype=np.uint64), *several])


def _marks_of(path: Path, facts: FileFacts, at_byte: int) -> RowMarks | None:
    """Give the marks of the rows that begin in a part of a file; None where not all are nothing but texts."""
    lines = lines_between(path, at_byte, at_byte + _AT_ONCE)
    if b"[" in lines and (lines.startswith(b"[") or b"\n[" in lines):
        return None
    return Screen(RowReader(facts)).marked(lines) if lines else NO_MARKS


def _judged_by(tx: Tx, run: Any) -> str:
    """Name everything but the rows themselves that decides what they say."""
    read = [[sorted(one.places.items()), one.layout, len(one.header)] for one in files_of(run)]
    told = [pl.__version__, run.code_system.value, read, gazetteer(tx, tx.regency_code).told()]
    source = "".join(inspect.getsource(one) for one in _JUDGES)
    return hashlib.sha256(json.dumps([source, told], default=str).encode()).hexdigest()
