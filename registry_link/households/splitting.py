"""One person moves within the office: into another household, or into a new one of his own, by a paper."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.ids import code_with_check
from core.permissions import Reach
from core.work import Tx
from registry_link.households.departures import check_paper, end_links, locked_home, new_place, successor_of
from registry_link.households.known import know_numbers
from registry_link.households.leaving import CONTENT, residents_of, set_home, take_out
from registry_link.households.merged import CARRIED, is_listed
from registry_link.households.models import Departure, Household, Member
from registry_link.households.numbering import bump_stamp, take_row_no
from registry_link.households.sameness import Someone, is_same_person
from registry_link.households.states import DepartureKind, LinkAct, Relation
from registry_link.households.words import refresh_words

_HOME: Final = cast(sa.Table, Household.__table__)
_WHO: Final = cast(sa.Table, Member.__table__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveMember:
    """``to_code`` names the household that takes him in; empty makes a new one, of which he is head.

    Village and address are the new household's; an empty village is the one he lives in.
    """

    household_id: UUID
    member_id: UUID
    event_on: date
    basis_no: str
    basis_on: date
    to_code: str = ""
    relation: Relation = Relation.OTHER
    """To the head of the household that takes him in."""
    successor_id: UUID | None = None
    to_village_code: str = ""
    rt: str = ""
    rw: str = ""
    hamlet: str = ""
    address: str = ""

    @property
    def kind(self) -> DepartureKind:
        return DepartureKind.MOVED_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    departure_id: UUID
    to_household_id: UUID
    to_code: str
    to_village_code: str
    is_new: bool


def move_member(tx: Tx, order: MoveMember) -> Moved:
    """Move one person to another household of the office; he is counted there and no more in his old one.

    Files that still list him in the old one change nothing of it. The last one to leave a household takes it with him:
    its link ends. Raises: Forbidden; NotFound; Invalid with the field; Conflict "departure.left_already".
    """
    reach = tx.require("link.record")
    target_id = _target(tx, order, reach) if order.to_code.strip() else None
    # The counter before any household, as an import takes them.
    number = take_row_no(tx) if target_id is None else None
    # Two who move people between the same two households wait for each other in one order.
    locked = {one: locked_home(tx, one) for one in sorted({order.household_id, target_id or order.household_id})}
    home = locked[order.household_id]
    reach.need_village(home.village_code, "household")
    if target_id is not None:
        # Again: nobody moves to who was merged or left before it could be held.
        _target(tx, order, reach)
    if home.merged_into_id is not None:
        raise Conflict("departure.merged")
    check_paper(tx, order, home)
    residents = residents_of(tx, home.id)
    leaver = next((one for one in residents if one.id == order.member_id), None)
    if leaver is None:
        raise NotFound("member.not_found")
    stays = [one for one in residents if one.id != leaver.id]
    heir = successor_of(order.successor_id, leaver, stays)
    if target_id is None and not stays:
        # That is the whole household's move.
        raise Invalid("departure.last_one", field="member_id")
    to = locked[target_id] if target_id is not None else _new_home(tx, order, home, leaver, number or 0)
    arrived_id, was_there = _arrive(tx, order, leaver.id, to, is_new=target_id is None)
    departure_id = _record(tx, order, home, heir, to, arrived_id, was_there=was_there, is_new=target_id is None)
    if stays:
        take_out(tx, home, leaver, heir, len(stays))
    else:
        tx.session.execute(sa.update(_WHO).where(_WHO.c.id == leaver.id).values(is_present=False))
        set_home(tx, home.id, left_on=order.event_on, changed_at=tx.now)
        end_links(tx, home.id, LinkAct.LEAVE, order, departure_id)
    refresh_words(tx, [home.id, to.id])
    bump_stamp(tx)
    return Moved(
        departure_id=departure_id, to_household_id=to.id, to_code=to.code, to_village_code=to.village_code,
        is_new=target_id is None,
    )  # fmt: skip


def _target(tx: Tx, order: MoveMember, reach: Reach) -> UUID:
    code = order.to_code.strip().upper()[:20]
    row = tx.session.execute(
        sa.select(_HOME.c.id, _HOME.c.village_code).where(
            _HOME.c.code == code, sa.func.coalesce(_HOME.c.regency_code, "") == tx.regency_code, is_listed()
        )
    ).one_or_none()
    # Out of reach is as unknown: nobody tries codes out to learn what other villages have.
    if row is None or not reach.has_village(row.village_code):
        raise Invalid("departure.to_unknown", field="to_code", code=code)
    if row.id == order.household_id:
        raise Invalid("departure.to_same", field="to_code")
    return cast(UUID, row.id)


def _new_home(tx: Tx, order: MoveMember, home: Any, leaver: Any, number: int) -> Any:
    place = new_place(tx, order, home.village_code)
    if not order.to_village_code:
        # Next door: what was not written down is as it was.
        place = {name: value or getattr(home, name) for name, value in place.items()}
    household_id, code = tx.new_id(), code_with_check("KEL", number)
    tx.session.execute(sa.insert(Household).values(
        id=household_id, row_no=number, regency_code=tx.regency_code, code=code, **place, head_name=leaver.name,
        size=1, decile=None, lon_deg=None, lat_deg=None, position_key=None, position_source=None,
        position_accuracy_m=None, kk=None, kk_bidx=None, is_provisional=True, snapshot_id=None, source=None,
        external_id=None, row_hash=None, recorded_at=tx.now, changed_at=tx.now,
    ))  # fmt: skip
    return tx.session.execute(sa.select(_HOME).where(_HOME.c.id == household_id)).one()


def _arrive(tx: Tx, order: MoveMember, leaver_id: UUID, to: Any, *, is_new: bool) -> tuple[UUID, bool]:
    """Write the person down where he lives now; tells too whether the register has him there already."""
    columns = [_WHO.c[name] for name in CONTENT]
    told = tx.session.execute(sa.select(_WHO.c.id, *columns).where(_WHO.c.id == leaver_id)).one()
    there = tx.session.execute(
        sa.select(_WHO.c.id, _WHO.c.member_key, _WHO.c.position, _WHO.c.is_present, *columns).where(
            _WHO.c.household_id == to.id
        )
    ).all()
    mine = Someone(name=told.name, birth_on=told.birth_on, nik_bidx=told.nik_bidx)
    for one in there:
        if one.is_present and is_same_person(
            mine, Someone(name=one.name, birth_on=one.birth_on, nik_bidx=one.nik_bidx)
        ):
            return one.id, True
    relation = Relation.HEAD if is_new else Relation.OTHER if order.relation is Relation.HEAD else order.relation
    values: dict[str, Any] = {
        **{name: getattr(told, name) for name in CONTENT}, "relation": relation, "is_present": True,
        "position": 0 if is_new else max((one.position for one in there), default=0) + 1,
    }  # fmt: skip
    # No row of a file has this key: what a file lists of that household leaves him where he is.
    key = f"{CARRIED}moved:{leaver_id.hex}"
    again = next((one.id for one in there if one.member_key == key), None)
    if again is not None:
        tx.session.execute(sa.update(_WHO).where(_WHO.c.id == again).values(**values))
    arrived_id = again or tx.new_id()
    if again is None:
        tx.session.execute(
            sa.insert(Member).values(
                id=arrived_id, household_id=to.id, regency_code=tx.regency_code, member_key=key, **values
            )
        )
    know_numbers(tx, [to.id])
    present = sum(one.is_present for one in there) + 1
    set_home(tx, to.id, size=1 if is_new else max(to.size + 1, present), changed_at=tx.now)
    return arrived_id, False


def _record(
    tx: Tx, order: MoveMember, home: Any, heir: Any, to: Any, arrived_id: UUID, *, was_there: bool, is_new: bool
) -> UUID:  # fmt: skip
    departure_id = tx.new_id()
    before = {
        "head_name": home.head_name, "size": home.size, "heir_relation": heir.relation.value if heir else None,
        "was_there": was_there, "to_size": 0 if is_new else to.size,
    }  # fmt: skip
    tx.session.execute(
        sa.insert(Departure).values(
            id=departure_id, regency_code=tx.regency_code, household_id=home.id, member_id=order.member_id,
            kind=order.kind, event_on=order.event_on, basis_no=order.basis_no.strip(), basis_on=order.basis_on,
            successor_id=heir.id if heir else None, from_village_code=home.village_code,
            to_village_code=to.village_code, to_household_id=to.id, arrived_id=arrived_id,
            before=json.dumps(before, ensure_ascii=False), at=tx.now, by=tx.actor.id, by_name=tx.actor.name,
            undone_at=None, undone_by=None, undone_by_name="",
        )
    )  # fmt: skip
    tx.note(
        "departure.record", "departure", departure_id, kind=order.kind.value, event_on=order.event_on.isoformat(),
        basis_no=order.basis_no.strip(), is_whole=False, has_successor=heir is not None, to_household=str(to.id),
        is_new_household=is_new,
    )  # fmt: skip
    return departure_id
