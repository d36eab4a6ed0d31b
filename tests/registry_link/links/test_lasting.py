"""A link lasts as long as its source lists the household, whichever way its files are taken over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.work import Work
from registry_link.households.models import Household, RegistryLink, Snapshot
from registry_link.households.states import SnapshotState
from tests.registry_link.importing.test_imports import line, office, stored  # noqa: F401
from tests.registry_link.importing.test_supplements import applied
from tests.registry_link.links.test_links import rows
from tests.registry_link.people import OFFICE, merge

FILES = ({1, 2, 3}, {1, 3, 4}, {1, 3, 4}, {2, 4}, {1, 2, 3, 4})
"""Which households each file lists."""
LINKS = [
    ("1", 0, 3), ("1", 4, None), ("2", 0, 1), ("2", 3, None), ("3", 0, 3), ("3", 4, None), ("4", 1, None),
]  # fmt: skip
"""Household, the file that brought the link, the file that ended it."""


def links(work: Work) -> list[tuple[str, int, int | None]]:
    with work.read_by(OFFICE) as tx:
        seen = (SnapshotState.CURRENT, SnapshotState.REPLACED)
        files = tx.session.scalars(sa.select(Snapshot.id).where(Snapshot.state.in_(seen)).order_by(Snapshot.as_of_on))
        number = {one: place for place, one in enumerate(files)}
        query = sa.select(Household.external_id, RegistryLink.snapshot_id, RegistryLink.until_snapshot_id).join(
            Household, Household.id == RegistryLink.household_id
        )
        found = [
            ((row[0] or "")[-1], number[row[1]], None if row[2] is None else number[row[2]])
            for row in tx.session.execute(query)
        ]
    return sorted(found, key=lambda one: one[:2])


@pytest.mark.parametrize("changes", [False, True], ids=["the same rows", "other rows"])
def test_links_begin_and_end_with_the_files_that_list_a_household(office: Work, changes: bool):  # noqa: F811
    for place, listed in enumerate(FILES):
        decile = place + 1 if changes else 3
        merge(office, [row for row in rows(4, decile=decile) if int(row.external_id[1:]) in listed],
              as_of=date(2026, place + 1, 1))  # fmt: skip
    assert links(office) == LINKS


@pytest.mark.parametrize("changes", [False, True], ids=["the same rows", "other rows"])
def test_imports_begin_and_end_the_same_links(office: Work, tmp_path: Path, changes: bool):  # noqa: F811
    for place, listed in enumerate(FILES):
        more = {"alamat": f"Jalan {place}"} if changes else {}
        # Something in each file is its own, so that it is not taken for the one before.
        cells = [line(one, 1, **more) for one in sorted(listed)] + ["" for _ in range(place)]
        applied(office, stored(tmp_path, cells, f"{place}.csv"), as_of=date(2026, place + 1, 1))
    assert links(office) == LINKS
