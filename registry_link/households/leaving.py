"""Taking somebody out of a household, or a household to another village; and doing it again after each snapshot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.models import Departure, Household, Member
from registry_link.households.states import DepartureKind, Relation

_HOME: Final = cast(sa.Table, Household.__table__)
_WHO: Final = cast(sa.Table, Member.__table__)
PLACE: Final = ("village_code", "rt", "rw", "hamlet", "address")
_AT_ONCE: Final = 800
POINT: Final = ("lon_deg", "lat_deg", "position_key", "position_source", "position_accuracy_m")


def keep_departed(tx: Tx, snapshot_id: UUID) -> tuple[UUID, ...]:
    """Take out again whom a new snapshot lists though they are known to have left; gives the households touched."""
    touched: list[UUID] = []
    rows = tx.session.execute(
        sa.select(Departure.__table__)
        .join(Household, Household.id == Departure.household_id)
        .where(
            Departure.regency_code == tx.regency_code, Departure.undone_at.is_(None),
            Household.snapshot_id == snapshot_id, Household.erased_at.is_(None),
        )
        .order_by(Departure.at, Departure.id)
    ).all()  # fmt: skip
    for row in rows:
        home = tx.session.execute(sa.select(_HOME).where(_HOME.c.id == row.household_id)).one()
        if row.kind is DepartureKind.MOVED_WITHIN:
            now = json.loads(row.before).get("now") if row.before else None
            # A file that names a third village knows more than we do.
            if now and home.village_code == row.from_village_code:
                move_home(tx, home, now)
                touched.append(home.id)
        elif row.member_id is not None:
            residents = residents_of(tx, home.id)
            leaver = next((one for one in residents if one.id == row.member_id), None)
            if leaver is not None:
                stays = [one for one in residents if one.id != leaver.id]
                heir = next((one for one in stays if one.id == row.successor_id), None)
                take_out(tx, home, leaver, heir, len(stays))
                touched.append(home.id)
    return tuple(dict.fromkeys(touched))


def note_in_move(tx: Tx, changes: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Keep what becomes known of where households live after a move within the office: ``PLACE`` and ``POINT``.

    A file that still names their old village brings its own words of the old house; after it they live where they
    moved to, with everything that was found out there since.
    """
    wanted = {key: values for key, values in changes.items() if values}
    for start in range(0, len(wanted), _AT_ONCE):
        piece = list(wanted)[start : start + _AT_ONCE]
        rows = tx.session.execute(
            sa.select(Departure.id, Departure.household_id, Departure.before)
            .join(Household, Household.id == Departure.household_id)
            .where(
                Departure.household_id.in_(piece), Departure.kind == DepartureKind.MOVED_WITHIN,
                Departure.member_id.is_(None), Departure.undone_at.is_(None),
                Departure.to_village_code == Household.village_code,
            )
            .order_by(Departure.at, Departure.id)
        ).all()  # fmt: skip
        for row in {one.household_id: one for one in rows if one.before}.values():
            told = json.loads(row.before)
            told["now"] = {**told.get("now", {}), **wanted[row.household_id]}
            tx.session.execute(
                sa.update(Departure).where(Departure.id == row.id).values(before=json.dumps(told, ensure_ascii=False))
            )


def move_home(tx: Tx, home: Any, place: Mapping[str, Any]) -> None:
    # Where the old house stands says nothing of the new one.
    set_home(tx, home.id, **{**dict.fromkeys(POINT), **place}, changed_at=tx.now)


def take_out(tx: Tx, home: Any, leaver: Any, heir: Any, stay: int) -> None:
    tx.session.execute(sa.update(_WHO).where(_WHO.c.id == leaver.id).values(is_present=False))
    size = max(stay, home.size - 1, 1) if home.size > stay + 1 else max(stay, 1)
    values: dict[str, Any] = {"size": size, "changed_at": tx.now}
    if heir is not None:
        tx.session.execute(sa.update(_WHO).where(_WHO.c.id == heir.id).values(relation=Relation.HEAD))
        values["head_name"] = heir.name
    set_home(tx, home.id, **values)


def set_home(tx: Tx, household_id: UUID, /, **values: Any) -> None:
    # By the table: the ORM's own update compares sealed columns to find what it holds in memory.
    tx.session.execute(sa.update(_HOME).where(_HOME.c.id == household_id).values(**values))


def residents_of(tx: Tx, household_id: UUID) -> Sequence[Any]:
    return tx.session.execute(
        sa.select(
            _WHO.c.id, _WHO.c.name, _WHO.c.relation, _WHO.c.birth_on, _WHO.c.age_years, _WHO.c.age_as_of_on
        )
        .where(_WHO.c.household_id == household_id, _WHO.c.is_present)
        .order_by(_WHO.c.position, _WHO.c.name, _WHO.c.id)
    ).all()  # fmt: skip
