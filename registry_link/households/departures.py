"""Deaths and moves, each on a paper: who left is counted no more, whatever older files say; a mistake is undone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol, cast
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.privacy.numbers import holds_number
from core.work import Tx
from registry_link.households.leaving import PLACE, POINT, move_home, residents_of, send_back, set_home, take_out
from registry_link.households.linking import Basis, current_links, move_links
from registry_link.households.models import Departure, Household, Member
from registry_link.households.numbering import bump_stamp
from registry_link.households.rules import ADDRESS_LENGTH, NAME_LENGTH, Flaw, age_on, checked_text, checked_unit
from registry_link.households.states import DepartureKind, LinkAct, Relation
from registry_link.households.words import refresh_words
from registry_link.regions.queries import regions
from registry_link.regions.states import Level

_HOME: Final = cast(sa.Table, Household.__table__)
_WHO: Final = cast(sa.Table, Member.__table__)
LONGEST_NUMBER: Final = 120


class Moving(Protocol):
    """What every death and move says."""

    @property
    def kind(self) -> DepartureKind: ...
    @property
    def event_on(self) -> date: ...
    @property
    def basis_no(self) -> str: ...
    @property
    def basis_on(self) -> date: ...
    @property
    def to_village_code(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeparture:
    """``member_id`` None means all of them. A village and its address only for a move within the office."""

    kind: DepartureKind
    household_id: UUID
    event_on: date
    basis_no: str
    basis_on: date
    member_id: UUID | None = None
    successor_id: UUID | None = None
    """Who is head from now on, where the head leaves and others stay."""
    to_village_code: str = ""
    rt: str = ""
    rw: str = ""
    hamlet: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Who lives in a household, as somebody at its door sees them."""

    id: UUID
    name: str
    relation: Relation
    age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What somebody who stands before a household needs: no number, no birth date."""

    household_id: UUID
    code: str
    head_name: str
    village_code: str
    rt: str | None
    rw: str | None
    hamlet: str
    address: str
    size: int
    lon_deg: float | None
    lat_deg: float | None
    left_on: date | None
    residents: tuple[Resident, ...]

    @property
    def head(self) -> Resident | None:
        return next((one for one in self.residents if one.relation is Relation.HEAD), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureLine:
    id: UUID
    kind: DepartureKind
    event_on: date
    basis_no: str
    basis_on: date
    name: str
    """Of the member; empty for all of them."""
    to_village_code: str | None
    is_arrival: bool
    """One person came here from another household of the office."""
    other_code: str
    """Of the household that one person moved to, or came from; empty otherwise."""
    at: datetime
    by_name: str
    undone_at: datetime | None
    undone_by_name: str


# ---------------------------------------------------------------- looking


def door(tx: Tx, household_id: UUID, purpose: str) -> Door:
    """Give who lives in a household of the office; the caller has checked the right and says why. Raises: NotFound."""
    row = tx.session.execute(sa.select(_HOME).where(_HOME.c.id == household_id, _mine(tx))).one_or_none()
    if row is None:
        raise NotFound("household.not_found")
    tx.saw("household", [household_id], purpose)
    return Door(
        household_id=row.id, code=row.code, head_name=row.head_name, village_code=row.village_code, rt=row.rt,
        rw=row.rw, hamlet=row.hamlet, address=row.address, size=row.size, lon_deg=row.lon_deg, lat_deg=row.lat_deg,
        left_on=row.left_on,
        residents=tuple(
            Resident(id=one.id, name=one.name, relation=one.relation,
                     age=age_on(tx.today, one.birth_on, one.age_years, one.age_as_of_on))
            for one in residents_of(tx, household_id)
        ),
    )  # fmt: skip


def departures_of(tx: Tx, household_id: UUID) -> tuple[DepartureLine, ...]:
    """Give the deaths and moves of a household, and who moved in from another one, the newest first."""
    other = sa.orm.aliased(Household)
    is_arrival = Departure.to_household_id == household_id
    query = (
        sa.select(Departure.__table__, Member.name, other.code.label("other_code"))
        .outerjoin(Member, Member.id == Departure.member_id)
        .outerjoin(other, other.id == sa.case((is_arrival, Departure.household_id), else_=Departure.to_household_id))
        .where(sa.or_(Departure.household_id == household_id, is_arrival), Departure.regency_code == tx.regency_code)
        .order_by(Departure.at.desc(), Departure.id.desc())
    )
    return tuple(
        DepartureLine(
            id=row.id, kind=row.kind, event_on=row.event_on, basis_no=row.basis_no, basis_on=row.basis_on,
            name=row.name or "", to_village_code=row.to_village_code, is_arrival=row.to_household_id == household_id,
            other_code=row.other_code or "", at=row.at, by_name=row.by_name, undone_at=row.undone_at,
            undone_by_name=row.undone_by_name,
        )
        for row in tx.session.execute(query)
    )  # fmt: skip


def left_by(tx: Tx, household_id: UUID) -> DepartureKind | None:
    """Tell how the last one of a household left; None while somebody of it lives here."""
    return tx.session.scalar(
        sa.select(Departure.kind)
        .join(Household, Household.id == Departure.household_id)
        .where(
            Departure.household_id == household_id, Departure.undone_at.is_(None), Household.left_on.is_not(None),
            _mine(tx),
        )
        .order_by(Departure.at.desc(), Departure.id.desc())
        .limit(1)
    )  # fmt: skip


# ---------------------------------------------------------------- recording


def record_departure(tx: Tx, order: RecordDeparture) -> UUID:
    """Record that somebody died or moved, or all of a household, with the day and the paper; gives its id.

    The last one to leave takes the household with him: its link ends. Raises: Forbidden; NotFound; Invalid with the
    field; Conflict "departure.left_already".
    """
    reach = tx.require("link.record")
    home = locked_home(tx, order.household_id)
    reach.need_village(home.village_code, "household")
    check_paper(tx, order, home)
    if order.kind is DepartureKind.DIED and order.member_id is None:
        raise Invalid("departure.who", field="member_id")
    if order.kind is DepartureKind.MOVED_WITHIN and order.member_id is not None:
        # One person's move within the office names the household that takes him in: ``splitting``.
        raise Invalid("departure.all_of_them", field="member_id")
    residents = residents_of(tx, home.id)
    leaver = None
    if order.member_id is not None:
        leaver = next((one for one in residents if one.id == order.member_id), None)
        if leaver is None:
            raise NotFound("member.not_found")
    stays = [one for one in residents if leaver is not None and one.id != leaver.id]
    heir = successor_of(order.successor_id, leaver, stays)
    place = new_place(tx, order) if order.kind is DepartureKind.MOVED_WITHIN else {}
    departure_id = tx.new_id()
    before = {
        **{name: getattr(home, name) for name in ("head_name", "size", "village_code", "rt", "rw", "hamlet", "address",
                                                  "lon_deg", "lat_deg", "position_key", "position_accuracy_m")},
        "position_source": home.position_source.value if home.position_source else None,
        "heir_relation": heir.relation.value if heir else None, "now": place,
    }  # fmt: skip
    tx.session.execute(
        sa.insert(Departure).values(
            id=departure_id, regency_code=tx.regency_code, household_id=home.id, member_id=order.member_id,
            kind=order.kind, event_on=order.event_on, basis_no=order.basis_no.strip(), basis_on=order.basis_on,
            successor_id=heir.id if heir else None, from_village_code=home.village_code,
            to_village_code=place.get("village_code"), before=json.dumps(before, ensure_ascii=False), at=tx.now,
            by=tx.actor.id, by_name=tx.actor.name, undone_at=None, undone_by=None, undone_by_name="",
        )
    )  # fmt: skip
    tx.note(
        "departure.record", "departure", departure_id, kind=order.kind.value, event_on=order.event_on.isoformat(),
        basis_no=order.basis_no.strip(), is_whole=leaver is None, has_successor=heir is not None,
    )  # fmt: skip
    if place:
        move_home(tx, home, place)
    elif leaver is not None and stays:
        take_out(tx, home, leaver, heir, len(stays))
    else:
        set_home(tx, home.id, left_on=order.event_on, changed_at=tx.now)
        if leaver is not None:
            tx.session.execute(sa.update(_WHO).where(_WHO.c.id == leaver.id).values(is_present=False))
        act = LinkAct.DIE if order.kind is DepartureKind.DIED else LinkAct.LEAVE
        end_links(tx, home.id, act, order, departure_id)
    refresh_words(tx, [home.id])
    bump_stamp(tx)
    return departure_id


def undo_departure(tx: Tx, household_id: UUID, departure_id: UUID | None = None) -> UUID:
    """Undo a household's last death or move, recorded by mistake: what stood there stands there again.

    ``departure_id``: the record that is meant; where it is not the last one (any more), nothing is undone.
    Gives the id of the record. Raises: Forbidden; NotFound; Conflict "departure.nothing_to_undo",
    "departure.moved_on" and "departure.head_of_others" for one who has a life of his own where he moved to.
    """
    reach = tx.require("link.record")
    home = locked_home(tx, household_id)
    found = tx.session.execute(
        sa.select(Departure.__table__)
        .where(Departure.household_id == home.id, Departure.undone_at.is_(None))
        .order_by(Departure.at.desc(), Departure.id.desc())
        .limit(1)
    ).one_or_none()
    if not (reach.has_village(home.village_code) or (found and reach.has_village(found.from_village_code))):
        raise NotFound("household.not_found")
    if found is None or departure_id not in (None, found.id):
        raise Conflict("departure.nothing_to_undo")
    departure_id = found.id
    if found.arrived_id is not None:
        send_back(tx, found)
    before: dict[str, Any] = json.loads(found.before) if found.before else {}
    tx.session.execute(
        sa.update(Departure)
        .where(Departure.id == departure_id)
        .values(undone_at=tx.now, undone_by=tx.actor.id, undone_by_name=tx.actor.name)
    )
    if found.member_id is not None:
        tx.session.execute(sa.update(_WHO).where(_WHO.c.id == found.member_id).values(is_present=True))
    if found.successor_id is not None:
        relation = Relation(before.get("heir_relation") or Relation.OTHER.value)
        tx.session.execute(sa.update(_WHO).where(_WHO.c.id == found.successor_id).values(relation=relation))
    again: dict[str, Any] = {name: before[name] for name in ("head_name", "size") if name in before}
    if found.kind is DepartureKind.MOVED_WITHIN and found.member_id is None:
        again |= {name: before[name] for name in (*PLACE, *POINT) if name in before}
    set_home(tx, home.id, **again, left_on=None, changed_at=tx.now)
    if home.left_on is not None:
        links = [one.id for one in current_links(tx, [home.id]).values()]
        basis = Basis(reason="undone", subject="departure", subject_id=departure_id)
        move_links(tx, links, LinkAct.REOPEN, basis)
    tx.note("departure.undo", "departure", departure_id)
    refresh_words(tx, [home.id])
    bump_stamp(tx)
    return departure_id


# ---------------------------------------------------------------- parts


def check_paper(tx: Tx, order: Moving, home: Any) -> None:
    """Check the day and the paper of a death or move. Raises: Invalid; Conflict "departure.left_already"."""
    if home.left_on is not None:
        raise Conflict("departure.left_already")
    number = order.basis_no.strip()
    if not number or len(number) > LONGEST_NUMBER:
        raise Invalid("link.basis_missing", field="basis_no", most=LONGEST_NUMBER)
    if holds_number(number):
        raise Invalid("privacy.number_in_text", field="basis_no")
    for name in ("event_on", "basis_on"):
        if getattr(order, name) > tx.today:
            raise Invalid("link.in_future", field=name)


def successor_of(successor_id: UUID | None, leaver: Any, stays: Sequence[Any]) -> Any:
    """Give who is head from now on; None where no head leaves others. Raises: Invalid."""
    if leaver is None or leaver.relation is not Relation.HEAD or not stays:
        return None
    heir = next((one for one in stays if one.id == successor_id), None)
    if heir is None:
        raise Invalid("departure.successor_needed", field="successor_id")
    return heir


def new_place(tx: Tx, order: Moving, village_code: str = "") -> dict[str, Any]:
    """Give where somebody lives from now on, as columns of a household; ``village_code`` where the order names none.

    Raises: Invalid with the field.
    """
    code = order.to_village_code or village_code
    found = regions(tx, [code])
    if not found or found[0].level is not Level.VILLAGE or found[0].regency_code != tx.regency_code:
        raise Invalid("household.village", field="to_village_code", code=code[:20])
    made: dict[str, Any] = {"village_code": code}
    for name in ("rt", "rw"):
        unit = checked_unit(getattr(order, name))
        if isinstance(unit, Flaw):
            raise Invalid(unit.code, field=name, **unit.facts)
        made[name] = unit
    for name, most in (("hamlet", NAME_LENGTH), ("address", ADDRESS_LENGTH)):
        text = checked_text(getattr(order, name), most)
        if isinstance(text, Flaw):
            raise Invalid(text.code, field=name, **text.facts)
        if holds_number(text):
            raise Invalid("privacy.number_in_text", field=name)
        made[name] = text
    return made


def end_links(tx: Tx, household_id: UUID, act: LinkAct, order: Moving, departure_id: UUID) -> None:
    """End the links of a household that the last one left."""
    links = [one.id for one in current_links(tx, [household_id]).values()]
    basis = Basis(
        number=order.basis_no.strip(), on=order.basis_on, reason=order.kind.value, subject="departure",
        subject_id=departure_id,
    )  # fmt: skip
    move_links(tx, links, act, basis)


def locked_home(tx: Tx, household_id: UUID) -> Any:
    row = tx.session.execute(
        sa.select(_HOME).where(_HOME.c.id == household_id, _mine(tx), _HOME.c.erased_at.is_(None)).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("household.not_found")
    return row


def _mine(tx: Tx) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(_HOME.c.regency_code, "") == tx.regency_code
