"""Warnings of what only all rows together show: households of a file without a member, or without a head."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import polars as pl
import sqlalchemy as sa

from core.errors import Issue
from core.work import Tx
from registry_link.households.bulk import chunked, put_rows
from registry_link.households.pieces import Digests
from registry_link.importing.models import ImportIssue, ImportRun
from registry_link.importing.runs import files_of
from registry_link.importing.states import Layout

MOST_LACKING: Final = 10_000
"""Rows that are listed for each reason: where more lack the same, it is the file that lacks it."""
_OF_HOMES: Final = 0
"""The file in which households stand: it is read first."""


@dataclass(frozen=True, slots=True)
class LackingHomes:
    """Households that are taken, but warned of."""

    homes: Digests
    issues: tuple[Issue, ...]
    warned: int
    """Their rows, but for those with another warning."""


def lacking_homes(tx: Tx, run: Any, found: pl.DataFrame) -> LackingHomes:
    """Tell what is to be said of the households that a comparison found lacking, as ``LACKING``; writes nothing.

    In which household a file lists somebody who was erased is not kept: one that lacks only them is among these.
    """
    files = files_of(run)
    if not files[-1].columns.has("relation"):
        # Such a file says of nobody who heads a household.
        found = found.filter(~pl.col("has_member"))
    homes = files[_OF_HOMES].columns
    label = homes.label("relation") if homes.layout is Layout.FLAT else ""
    issues: list[Issue] = []
    for has_member, code, more, column in (
        (False, "registry.no_member", "registry.no_member_more", ""),
        (True, "registry.no_head", "registry.no_head_more", label),
    ):
        rows = found.filter(pl.col("has_member") == has_member)["row"].sort()
        issues += [Issue(code=code, row=row, column=column, is_warning=True) for row in rows.head(MOST_LACKING)]
        if len(rows) > MOST_LACKING:
            facts = {"rows": len(rows), "listed": MOST_LACKING}
            issues.append(Issue(code=more, row=0, is_warning=True, facts=facts))
    warned = len(found) - _warned_already(tx, run.id, found["row"])
    return LackingHomes(found["home"].to_numpy(), tuple(issues), warned)


def warn_of_lacking(tx: Tx, run: Any, lacking: LackingHomes) -> None:
    """Write these warnings down, and count their rows."""
    put_rows(tx, ImportIssue, ("id", "run_id", "file_no", "row", "column", "code", "is_warning", "facts"), [
        (new_id, run.id, _OF_HOMES, one.row, one.column, one.code, True, json.dumps(dict(one.facts)))
        for new_id, one in zip(tx.new_ids(len(lacking.issues)), lacking.issues, strict=True)
    ])  # fmt: skip
    tx.session.execute(
        sa.update(ImportRun).where(ImportRun.id == run.id).values(warned=ImportRun.warned + lacking.warned)
    )


def _warned_already(tx: Tx, run_id: UUID, rows: pl.Series) -> int:
    """Count those rows of households that have a warning already."""
    query = sa.select(sa.func.count(sa.distinct(ImportIssue.row))).where(
        ImportIssue.run_id == run_id, ImportIssue.file_no == _OF_HOMES, ImportIssue.is_warning,
        # Such a row is counted as doubled.
        ImportIssue.code != "registry.member_twice",
    )  # fmt: skip
    return sum(tx.session.scalar(query.where(ImportIssue.row.in_(some))) or 0 for some in chunked(rows.to_list()))
