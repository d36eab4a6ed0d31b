"""The sorted columns beside the database give what the database alone gives, whatever changed since they were kept."""

from __future__ import annotations

import shutil
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.clock import FixedClock
from core.db import Base
from core.work import Work
from registry_link.households import mapped
from registry_link.households.mapped import Ground, MappedGround, ground_of, keep_columns
from registry_link.households.models import PositionColumns
from registry_link.households.positions import position_key
from registry_link.matching.outlines import Outline
from registry_link.matching.queries import Matches, match_area, numbers_inside
from tests.registry_link.matching.test_area_query import AREAS, CODES, NOW, OFFICE, a_district, at, settle

LATER = NOW + timedelta(days=1)
HOUSEHOLD = Base.metadata.tables["household"]


@pytest.fixture
def kept(engine: Engine, tmp_path: Path) -> Work:
    """The district a day after it was settled, with its columns kept in a folder."""
    clock = FixedClock(LATER)
    work = Work(engine, clock, folder=tmp_path)
    with work.by(OFFICE) as tx:
        settle(tx, a_district(8))
    assert keep_columns(work, OFFICE).endswith("households")
    return work


def alone(work: Work) -> Work:
    """The same database, without the folder."""
    return Work(work.engine, work.clock)


def change(work: Work, row_no: int, when: datetime, **values: object) -> None:
    with work.by(OFFICE) as tx:
        tx.session.execute(sa.update(HOUSEHOLD).where(HOUSEHOLD.c.row_no == row_no).values(**values, changed_at=when))


def agree(work: Work, number_of_changes: int) -> None:
    """Both ways answer alike for every area, and the columns did take part."""
    outlines: list[Outline] = [area.outline for area in AREAS.values() if area.outline]
    with work.read_by(OFFICE) as by_columns, alone(work).read_by(OFFICE) as by_database:
        ground = ground_of(by_columns)
        assert isinstance(ground, MappedGround)
        assert len(ground._changed) == number_of_changes
        assert type(ground_of(by_database)) is Ground
        for name, area in AREAS.items():
            one, other = match_area(by_columns, area), match_area(by_database, area)
            for column in fields(Matches):
                assert list(getattr(one, column.name)) == list(getattr(other, column.name)), (name, column.name)
        # Merged and erased ones are still numbered in the index; whoever asks for them by number does not get them.
        pairs = [
            {(which, row_no) for which, row_no in zip(*(column.tolist() for column in found), strict=True)}
            for found in (numbers_inside(by_columns, outlines), numbers_inside(by_database, outlines))
        ]
        numbers = np.array(sorted({row_no for _, row_no in pairs[1]}))
        listed = set(Ground(by_database).numbered(numbers).row_nos.tolist())
        assert pairs[0] == {pair for pair in pairs[1] if pair[1] in listed}


def test_the_columns_give_what_the_database_gives(kept: Work):
    agree(kept, 0)


def test_what_changed_since_is_taken_from_the_database(kept: Work):
    chance = np.random.default_rng(5)
    with kept.read_by(OFFICE) as tx:
        all_of = tx.session.scalars(sa.select(HOUSEHOLD.c.row_no).order_by(HOUSEHOLD.c.row_no)).all()
    chosen = chance.choice(all_of, 24, replace=False).tolist()
    for row_no in chosen[:8]:  # somebody measured a position
        lon, lat = at(*chance.uniform(0, 2, 2))
        values = {"lon_deg": lon, "lat_deg": lat, "position_key": position_key(lon, lat), "position_accuracy_m": 30.0}
        change(kept, row_no, LATER, **values)
    for row_no in chosen[8:14]:
        change(kept, row_no, LATER, village_code=CODES[2], rw="7", rt="3")
    for row_no in chosen[14:18]:
        change(kept, row_no, LATER, lon_deg=None, lat_deg=None, position_key=None)
    for row_no in chosen[18:22]:
        change(kept, row_no, LATER, merged_into_id=UUID(int=chosen[0]))
    for row_no in chosen[22:]:
        change(kept, row_no, LATER, erased_at=LATER)
    agree(kept, 24)


def test_a_household_that_came_since_is_there(kept: Work):
    lon, lat = at(0.25, 0.25)
    with kept.by(OFFICE) as tx:
        row = dict(tx.session.execute(sa.select(HOUSEHOLD).limit(1)).one()._mapping)
        row |= {
            "id": UUID(int=99_999), "row_no": 99_999, "code": "KEL-99999", "changed_at": LATER, "lon_deg": lon,
            "lat_deg": lat, "position_key": position_key(lon, lat),
        }  # fmt: skip
        tx.session.execute(sa.insert(HOUSEHOLD).values(**row))
    agree(kept, 1)


def test_too_many_changes_are_left_to_the_database_until_the_columns_are_kept_anew(
    kept: Work, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mapped, "MOST_CHANGED", 3)
    for row_no in range(1, 6):
        change(kept, row_no, LATER, rw="9")
    with kept.read_by(OFFICE) as tx:
        assert type(ground_of(tx)) is Ground
    assert keep_columns(kept, OFFICE) == "", "they changed this very moment"
    assert isinstance(kept.clock, FixedClock)
    kept.clock.advance(timedelta(hours=3))
    assert keep_columns(kept, OFFICE) != ""
    agree(kept, 0)
    assert keep_columns(kept, OFFICE) == "", "nothing to do"


def test_files_of_another_database_are_not_opened(kept: Work):
    """A backup is restored: the database names a stamp that the files beside it do not have, or none."""
    with kept.by(OFFICE) as tx:
        tx.session.execute(sa.update(PositionColumns).values(stamp=UUID(int=7)))
    with kept.read_by(OFFICE) as tx:
        assert type(ground_of(tx)) is Ground
    assert keep_columns(kept, OFFICE) != ""
    agree(kept, 0)


def test_lost_files_are_only_slower(kept: Work, tmp_path: Path):
    mapped._opened.cache_clear()
    shutil.rmtree(tmp_path / "positions")
    with kept.read_by(OFFICE) as tx:
        assert type(ground_of(tx)) is Ground
    assert keep_columns(kept, OFFICE) != ""
    agree(kept, 0)


def test_an_office_without_households_keeps_empty_columns(engine: Engine, tmp_path: Path):
    work = Work(engine, FixedClock(datetime(2026, 11, 16, tzinfo=UTC)), folder=tmp_path)
    assert keep_columns(work, OFFICE) == "0 households"
    with work.read_by(OFFICE) as tx:
        ground = ground_of(tx)
        assert isinstance(ground, MappedGround)
        assert len(ground.of_villages(["99.01.01.2001", "99.01.02"]).row_nos) == 0
        assert len(ground.numbered(np.array([1, 2])).row_nos) == 0
