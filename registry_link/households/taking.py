"""What becomes of a household and its members when a staged row is taken over: one place, in SQL.

The taking over writes these values, the report of differences compares them with what stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.models import Household, Member, StagedHousehold, StagedMember
from registry_link.households.states import Outcome, PositionSource

PLACE: Final = ("lon_deg", "lat_deg", "position_key", "position_source", "position_accuracy_m")
PERSON: Final = (
    "position", "name", "sex", "birth_on", "age_years", "age_as_of_on", "relation", "nik", "nik_bidx",
    "is_pregnant", "is_nursing", "has_disability", "is_chronically_ill", "row_hash",
)  # fmt: skip


def same_household() -> sa.ColumnElement[bool]:
    return sa.and_(
        StagedMember.snapshot_id == StagedHousehold.snapshot_id, StagedMember.external_id == StagedHousehold.external_id
    )


def changed_ranges(tx: Tx, snapshot_id: UUID, at_once: int) -> Iterator[sa.ColumnElement[bool]]:
    """Ask for the households that a snapshot changes some at a time, in the order of their ids in the file.

    For all at once PostgreSQL would walk through every household that stands.
    """
    staged = StagedHousehold
    names = (
        sa.select(staged.external_id)
        .where(staged.snapshot_id == snapshot_id, staged.outcome == Outcome.CHANGED)
        .order_by(staged.external_id)
        .limit(at_once)
    )
    last = ""
    while some := tx.session.scalars(names.where(staged.external_id > last)).all():
        last = some[-1]
        yield staged.external_id.between(some[0], last)


def at_least_one(size: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.case((size < 1, 1), else_=size)


def taken_household(snapshot: Any) -> dict[str, Any]:
    """Give the columns of ``Household`` that are not simply those of ``StagedHousehold``."""
    staged = StagedHousehold
    # What the office measured itself stays, unless the file brings a measured position too.
    keeps = sa.and_(
        Household.position_source.in_([PositionSource.GPS, PositionSource.MAP]),
        sa.func.coalesce(staged.position_source, PositionSource.REGISTRY.value) == PositionSource.REGISTRY.value,
    )
    places: dict[str, Any] = {
        name: sa.case((keeps, getattr(Household, name)), else_=getattr(staged, name)) for name in PLACE
    }
    is_sized = sa.or_(staged.size > 0, sa.literal(bool(snapshot.lists_members)))
    if snapshot.completes_id is not None:
        # Of a household that stands already only some of its people come.
        is_sized = staged.size > Household.size
    return {
        **_completed(), **places,
        "head_name": sa.case((staged.head_name != "", staged.head_name), else_=Household.head_name),
        "size": sa.case((is_sized, at_least_one(cast(Any, staged.size))), else_=Household.size),
    }  # fmt: skip


def _completed() -> dict[str, Any]:
    """Give the columns that a file's empty cell leaves as they are, so that what a village completed stays.

    Only within the same village: RT, RW and address of another mean nothing there.
    """
    staged, is_there = StagedHousehold, StagedHousehold.village_code == Household.village_code
    units: dict[str, Any] = {
        name: sa.case((sa.and_(is_there, getattr(staged, name).is_(None)), getattr(Household, name)),
                      else_=getattr(staged, name))
        for name in ("rt", "rw")
    }  # fmt: skip
    texts: dict[str, Any] = {
        name: sa.case((sa.and_(is_there, getattr(staged, name) == ""), getattr(Household, name)),
                      else_=getattr(staged, name))
        for name in ("hamlet", "address")
    }  # fmt: skip
    return {**units, **texts}


def taken_member() -> dict[str, Any]:
    """Give what a file says of a member; where it says nothing, the number and the birth date stay."""
    staged = StagedMember
    has_birth = sa.and_(staged.birth_on.is_(None), Member.birth_on.is_not(None))
    ages: dict[str, Any] = {
        name: sa.case((has_birth, sa.null()), else_=getattr(staged, name)) for name in ("age_years", "age_as_of_on")
    }
    is_ageless = sa.and_(staged.birth_on.is_(None), staged.age_years.is_(None))
    for name, told in ages.items():
        ages[name] = sa.case((sa.and_(is_ageless, Member.birth_on.is_(None)), getattr(Member, name)), else_=told)
    return {
        **{name: getattr(staged, name) for name in PERSON}, **ages,
        "birth_on": sa.func.coalesce(staged.birth_on, Member.birth_on),
        "nik": sa.func.coalesce(staged.nik, Member.nik),
        "nik_bidx": sa.func.coalesce(staged.nik_bidx, Member.nik_bidx),
    }  # fmt: skip
