"""Taking somebody out of a household, or a household to another village; and doing it again after each snapshot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict
from core.work import Tx
from registry_link.households.known import know_numbers
from registry_link.households.models import Departure, Household, Member
from registry_link.households.sameness import Someone, is_same_person
from registry_link.households.states import DepartureKind, Relation
from registry_link.households.words import refresh_words

_HOME: Final = cast(sa.Table, Household.__table__)
_WHO: Final = cast(sa.Table, Member.__table__)
PLACE: Final = ("village_code", "rt", "rw", "hamlet", "address")
CONTENT: Final = (
    "name", "sex", "birth_on", "age_years", "age_as_of_on", "relation", "nik", "nik_bidx", "is_pregnant", "is_nursing",
    "has_disability", "is_chronically_ill", "row_hash",
)  # fmt: skip
"""Of a member: what a file says of it."""
_AT_ONCE: Final = 800
POINT: Final = ("lon_deg", "lat_deg", "position_key", "position_source", "position_accuracy_m")


def keep_departed(tx: Tx, snapshot_id: UUID) -> tuple[UUID, ...]:
    """Take out again whom a new snapshot lists though they are known to have left; gives the households touched.

    Who moved to another household of the office stays there, once, whichever of the two the register lists.
    """
    touched: list[UUID] = []
    target = sa.orm.aliased(Household)
    rows = tx.session.execute(
        sa.select(Departure.__table__, (Household.snapshot_id == snapshot_id).label("is_fed"))
        .join(Household, Household.id == Departure.household_id)
        .outerjoin(target, target.id == Departure.to_household_id)
        .where(
            Departure.regency_code == tx.regency_code, Departure.undone_at.is_(None), Household.erased_at.is_(None),
            sa.or_(Household.snapshot_id == snapshot_id, target.snapshot_id == snapshot_id),
        )
        .order_by(Departure.at, Departure.id)
    ).all()  # fmt: skip
    for row in rows:
        home = tx.session.execute(sa.select(_HOME).where(_HOME.c.id == row.household_id)).one()
        if row.member_id is not None:
            residents = residents_of(tx, home.id)
            leaver = next((one for one in residents if one.id == row.member_id), None)
            if leaver is not None:
                stays = [one for one in residents if one.id != leaver.id]
                heir = next((one for one in stays if one.id == row.successor_id), None)
                take_out(tx, home, leaver, heir, len(stays))
                touched.append(home.id)
            if row.arrived_id is not None:
                touched += _keep_arrived(tx, row)
        elif row.kind is DepartureKind.MOVED_WITHIN and row.is_fed:
            now = json.loads(row.before).get("now") if row.before else None
            # A file that names a third village knows more than we do.
            if now and home.village_code == row.from_village_code:
                move_home(tx, home, now)
                touched.append(home.id)
    return tuple(dict.fromkeys(touched))


def _keep_arrived(tx: Tx, row: Any) -> Sequence[UUID]:
    """Count who moved here once: as the register lists them here, or as they came while it does not."""
    before = json.loads(row.before) if row.before else {}
    has_left = sa.select(Departure.id).where(Departure.member_id == row.arrived_id, Departure.undone_at.is_(None))
    if before.get("was_there") or tx.session.scalar(has_left) is not None:
        return ()
    known = {one.id: one for one in tx.session.execute(_persons(_WHO.c.id.in_([row.arrived_id, row.member_id])))}
    arrived, told = known[row.arrived_id], known[row.member_id]
    if row.is_fed:
        # Its row in the household that it left goes on being fed, unseen.
        content = {name: getattr(told, name) for name in CONTENT if name != "relation"}
        tx.session.execute(sa.update(_WHO).where(_WHO.c.id == arrived.id).values(**content))
        know_numbers(tx, [arrived.household_id])
    others = tx.session.execute(
        _persons(_WHO.c.household_id == arrived.household_id, _WHO.c.is_present, _WHO.c.id != arrived.id)
    ).all()
    is_listed_here = any(is_same_person(_someone(told), _someone(one)) for one in others)
    tx.session.execute(sa.update(_WHO).where(_WHO.c.id == arrived.id).values(is_present=not is_listed_here))
    present = len(others) + (not is_listed_here)
    size = tx.session.scalar(sa.select(_HOME.c.size).where(_HOME.c.id == arrived.household_id)) or 1
    if size < present:
        set_home(tx, arrived.household_id, size=present, changed_at=tx.now)
    return (arrived.household_id,)


def send_back(tx: Tx, departure: Any) -> None:
    """Undo that one person came to a household of the office; the caller brings him back to his old one.

    Raises: Conflict "departure.moved_on", "departure.head_of_others".
    """
    before = json.loads(departure.before) if departure.before else {}
    if before.get("was_there"):
        return
    arrived = tx.session.execute(_persons(_WHO.c.id == departure.arrived_id)).one()
    left = sa.select(Departure.id).where(Departure.member_id == arrived.id, Departure.undone_at.is_(None))
    if tx.session.scalar(left) is not None:
        raise Conflict("departure.moved_on")
    others = [one for one in residents_of(tx, arrived.household_id) if one.id != arrived.id]
    if others and arrived.relation is Relation.HEAD:
        raise Conflict("departure.head_of_others")
    home = tx.session.execute(sa.select(_HOME).where(_HOME.c.id == arrived.household_id).with_for_update()).one()
    tx.session.execute(sa.update(_WHO).where(_WHO.c.id == arrived.id).values(is_present=False))
    values: dict[str, Any] = {"size": max(len(others), home.size - 1, 1), "changed_at": tx.now}
    if not others and not before.get("to_size"):
        # It was made for him alone.
        values["left_on"] = departure.event_on
    set_home(tx, home.id, **values)
    refresh_words(tx, [home.id])


def _persons(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(_WHO.c.id, _WHO.c.household_id, *(_WHO.c[name] for name in CONTENT)).where(*where)


def _someone(row: Any) -> Someone:
    return Someone(name=row.name, birth_on=row.birth_on, nik_bidx=row.nik_bidx)


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
