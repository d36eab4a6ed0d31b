"""Where displaced households are now: places of refuge, host families, elsewhere; and the way back home.

A household is matched by its home and served where it is, once: a stay changes only where, never whether.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.errors import Conflict, Invalid, NotFound
from core.permissions import Reach
from core.states import move
from core.work import Tx
from logistics.zones.counts import newest_counts
from logistics.zones.models import AffectedHousehold, Shelter, Stay
from logistics.zones.rows import incident_row, lock_incident_row, lock_running
from logistics.zones.rules import Count
from logistics.zones.states import (
    SHELTERS,
    AffectedState,
    CountKind,
    ShelterAct,
    ShelterState,
    StayKind,
)
from registry_link.households.merged import has_merged, merged_pairs, survivors_of
from registry_link.households.neighbourhoods import persons_of
from registry_link.households.queries import villages_of_households
from registry_link.regions.queries import regions
from registry_link.regions.states import Level

LONGEST_NAME, LONGEST_CONTACT, LONGEST_NOTE, MOST_PERSONS = 120, 60, 300, 100_000
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenShelter:
    incident_id: UUID
    name: str
    village_code: str
    lon_deg: float | None = None
    lat_deg: float | None = None
    capacity: int | None = None
    reported_persons: int | None = None
    contact_name: str = ""
    contact_phone: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeShelter:
    shelter_id: UUID
    name: str
    lon_deg: float | None = None
    lat_deg: float | None = None
    capacity: int | None = None
    reported_persons: int | None = None
    contact_name: str = ""
    contact_phone: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStay:
    """From ``since_on`` on these households are at a shelter, with a host family, elsewhere, or home again."""

    incident_id: UUID
    household_ids: tuple[UUID, ...]
    kind: StayKind
    since_on: date
    shelter_id: UUID | None = None
    village_code: str = ""
    """Where a host family lives."""
    place_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelterView:
    id: UUID
    incident_id: UUID
    name: str
    village_code: str
    lon_deg: float | None
    lat_deg: float | None
    capacity: int | None
    reported_persons: int | None
    contact_name: str
    contact_phone: str
    """Empty for roles that see counts."""
    note: str
    state: ShelterState
    households: int
    persons: int
    """By name: those who are recorded here now."""

    @property
    def gap(self) -> int | None:
        """Reported persons less those by name; None while nobody reported a number."""
        return None if self.reported_persons is None else self.reported_persons - self.persons

    @property
    def free(self) -> int | None:
        """Places left; below zero it is overfull. None where the capacity is unknown."""
        return None if self.capacity is None else self.capacity - max(self.persons, self.reported_persons or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StayView:
    household_id: UUID
    no: int
    kind: StayKind
    shelter_id: UUID | None
    shelter_name: str
    village_code: str | None
    place_text: str
    since_on: date
    until_on: date | None
    """The day on which the next stay began; None for the one that holds."""
    recorded_at: datetime
    recorded_by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceNow:
    """Where a household is served while it is away from home; a position only where the shelter has one."""

    village_code: str
    lon_deg: float | None
    lat_deg: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplacedLine:
    """The displaced of one home village: by name, where they are, and what was reported."""

    village_code: str
    households: int
    persons: int
    in_shelters: int
    with_hosts: int
    elsewhere: int
    reported_persons: Count | None

    @property
    def gap(self) -> int | None:
        """Reported persons less those by name; None where nobody reported a number."""
        if self.reported_persons is None or self.reported_persons.value is None:
            return None
        return self.reported_persons.value - self.persons


# ---------------------------------------------------------------- shelters


def open_shelter(tx: Tx, order: OpenShelter) -> UUID:
    """Open a shelter of an incident. Raises: Forbidden, NotFound, Invalid, Conflict when its name is taken."""
    tx.require("shelter.manage")
    lock_running(tx, order.incident_id, is_shared=True)
    _check(tx, order, order.village_code)
    shelter_id = tx.new_id()
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    done = tx.session.execute(
        insert(Shelter)
        .values(
            id=shelter_id, regency_code=tx.regency_code, incident_id=order.incident_id,
            village_code=order.village_code, state=ShelterState.OPEN, opened_at=tx.now, opened_by=tx.actor.id,
            **_said(tx, order),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("shelter.name_taken", field="name")
    tx.note("shelter.open", "shelter", shelter_id, village_code=order.village_code)
    return shelter_id


def change_shelter(tx: Tx, order: ChangeShelter) -> None:
    """Say anew what is known of a shelter. Raises: Forbidden, NotFound, Invalid, Conflict when its name is taken."""
    tx.require("shelter.manage")
    row = _row(tx, order.shelter_id)
    _check(tx, order, row.village_code)
    taken = sa.select(Shelter.id).where(
        Shelter.incident_id == row.incident_id, Shelter.name == order.name.strip(), Shelter.id != row.id
    )
    if tx.session.scalar(taken) is not None:
        raise Conflict("shelter.name_taken", field="name")
    tx.session.execute(
        sa.update(Shelter)
        .where(Shelter.id == row.id)
        .values(**_said(tx, order))
        .execution_options(synchronize_session=False)
    )
    tx.session.expire(row)
    tx.note("shelter.change", "shelter", order.shelter_id, capacity=order.capacity, reported=order.reported_persons)


def close_shelter(tx: Tx, shelter_id: UUID) -> None:
    """Close a shelter that nobody is in any more. Raises: Forbidden, NotFound, Conflict."""
    tx.require("shelter.manage")
    row = _row(tx, shelter_id)
    lock_incident_row(tx, row.incident_id)
    inside = sum(one.shelter_id == shelter_id for one in _current(tx, row.incident_id).values())
    if inside:
        raise Conflict("shelter.is_inhabited", households=inside)
    move(tx, Shelter, shelter_id, ShelterAct.CLOSE, SHELTERS, changed_at=tx.now, changed_by=tx.actor.id)


def open_again(tx: Tx, shelter_id: UUID) -> None:
    """Open a closed shelter again. Raises: Forbidden, NotFound, Conflict."""
    tx.require("shelter.manage")
    lock_running(tx, _row(tx, shelter_id).incident_id, is_shared=True)
    move(tx, Shelter, shelter_id, ShelterAct.OPEN_AGAIN, SHELTERS, changed_at=tx.now, changed_by=tx.actor.id)


# ---------------------------------------------------------------- stays


def record_stay(tx: Tx, order: RecordStay) -> int:
    """Keep where households are from a day on; gives how many were not there already.

    Each must be on the incident's list: added, proposed or confirmed. Raises: Forbidden; NotFound, outside the list or
    the reach; Invalid, for a day ahead or before the last stay, or a place that is missing; Conflict, when the shelter
    is closed or another was faster.
    """
    reach = tx.require("stay.record")
    lock_running(tx, order.incident_id, is_shared=True)
    if not order.household_ids:
        raise Invalid("affected.none_chosen", field="household_ids")
    if order.since_on > tx.today:
        raise Invalid("stay.ahead", field="since_on")
    village, shelter_id = _place(tx, order)
    asked = sorted(set(order.household_ids))
    now = survivors_of(tx, asked) if has_merged(tx) else {}
    ids = sorted({now.get(one, one) for one in asked})
    homes = villages_of_households(tx, ids)
    listed = _listed(tx, order.incident_id, ids)
    for one in ids:
        if one not in listed or not (reach.has_village(homes.get(one)) or reach.has_village(village)):
            raise NotFound("affected.not_found")
    current = _current(tx, order.incident_id, ids)
    place_text = order.place_text.strip()[:LONGEST_NOTE]
    changed = 0
    for one in ids:
        last = current.get(one)
        if last is not None:
            if order.since_on < last.since_on:
                raise Invalid("stay.before_last", field="since_on", day=last.since_on.isoformat())
            if (last.kind, last.shelter_id, last.village_code, last.place_text) == (
                order.kind, shelter_id, village, place_text
            ):  # fmt: skip
                continue
        elif order.kind is StayKind.HOME:
            continue
        _begin(tx, order, one, shelter_id, village, place_text)
        changed += 1
    tx.note(
        "stay.record", "incident", order.incident_id, kind=order.kind.value, count=changed,
        shelter=str(shelter_id or ""), households=[str(one) for one in ids[:100]],
    )  # fmt: skip
    return changed


def _begin(
    tx: Tx, order: RecordStay, household_id: UUID, shelter_id: UUID | None, village: str | None, place_text: str
) -> None:
    last = sa.select(sa.func.max(Stay.no)).where(
        Stay.incident_id == order.incident_id, Stay.household_id == household_id
    )
    no = (tx.session.scalar(last) or 0) + 1
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    done = tx.session.execute(
        insert(Stay)
        .values(
            incident_id=order.incident_id, household_id=household_id, no=no, regency_code=tx.regency_code,
            kind=order.kind, shelter_id=shelter_id, village_code=village, place_text=place_text,
            since_on=order.since_on, recorded_at=tx.now, recorded_by=tx.actor.id, recorded_by_name=tx.actor.name,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("stay.moved_meanwhile")


def _place(tx: Tx, order: RecordStay) -> tuple[str | None, UUID | None]:
    """Give the village and shelter of a stay, or the refusal."""
    if order.kind is StayKind.SHELTER:
        if order.shelter_id is None:
            raise Invalid("stay.shelter_missing", field="shelter_id")
        row = _row(tx, order.shelter_id)
        if row.incident_id != order.incident_id:
            raise NotFound("shelter.not_found")
        if row.state is not ShelterState.OPEN:
            raise Conflict("shelter.is_closed")
        return row.village_code, row.id
    if order.kind is StayKind.HOST:
        _need_village(tx, order.village_code)
        return order.village_code, None
    return None, None


# ---------------------------------------------------------------- questions


def shelters(tx: Tx, incident_id: UUID) -> tuple[ShelterView, ...]:
    """List an incident's shelters, open ones first, with how many are there by name. Raises: Forbidden, NotFound."""
    reach = tx.require("shelter.see")
    incident_row(tx, incident_id)
    rows = tx.session.scalars(
        sa.select(Shelter).where(Shelter.incident_id == incident_id).order_by(Shelter.village_code, Shelter.name)
    ).all()
    inside = {one: stay.shelter_id for one, stay in _current(tx, incident_id).items() if stay.shelter_id}
    persons = persons_of(tx, sorted(inside))
    households, heads = Counter(inside.values()), Counter[UUID | None]()
    for one, shelter_id in inside.items():
        heads[shelter_id] += persons.get(one, 0)
    return tuple(
        _view(row, reach, households[row.id], heads[row.id])
        for row in sorted(rows, key=lambda one: one.state is ShelterState.CLOSED)
    )


def shelter(tx: Tx, shelter_id: UUID) -> ShelterView:
    """Give one shelter. Raises: Forbidden, NotFound."""
    tx.require("shelter.see")
    return next(one for one in shelters(tx, _row(tx, shelter_id).incident_id) if one.id == shelter_id)


def households_at(tx: Tx, shelter_id: UUID) -> tuple[StayView, ...]:
    """List who is at a shelter now, within the reach: by their home, or by the shelter's village.

    Roles that see counts get nobody. Raises: Forbidden, NotFound.
    """
    reach = tx.require("shelter.see")
    row = _row(tx, shelter_id)
    if reach.detail == "counts":
        return ()
    inside = {one: stay for one, stay in _current(tx, row.incident_id).items() if stay.shelter_id == shelter_id}
    homes = villages_of_households(tx, sorted(inside))
    is_here = reach.has_village(row.village_code)
    return tuple(
        _stay_view(stay, one, row.name, None)
        for one, stay in sorted(inside.items())
        if is_here or reach.has_village(homes.get(one))
    )


def stays_of(tx: Tx, incident_id: UUID, household_id: UUID) -> tuple[StayView, ...]:
    """Give where a household was during an incident, the last first. Raises: Forbidden, NotFound outside the reach."""
    reach = tx.require("shelter.see")
    incident_row(tx, incident_id)
    home = villages_of_households(tx, [household_id]).get(household_id)
    if reach.detail == "counts" or not reach.has_village(home):
        raise NotFound("household.not_found")
    rows = tx.session.execute(
        sa.select(Stay, Shelter.name)
        .outerjoin(Shelter, Shelter.id == Stay.shelter_id)
        .where(Stay.incident_id == incident_id, Stay.household_id == household_id)
        .order_by(Stay.no)
    ).all()
    ends = [*(stay.since_on for stay, _ in rows[1:]), *([None] if rows else [])]
    views = [_stay_view(stay, household_id, name or "", until) for (stay, name), until in zip(rows, ends, strict=True)]
    return tuple(reversed(views))


def stays_now(tx: Tx, incident_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, StayView]:
    """Tell of each of these households that is not at home where it is; the caller may see them."""
    names = {
        row.id: row.name
        for row in tx.session.execute(sa.select(Shelter.id, Shelter.name).where(Shelter.incident_id == incident_id))
    }
    return {
        one: _stay_view(stay, one, names.get(stay.shelter_id, ""), None)
        for one, stay in _current(tx, incident_id, ids).items()
        if stay.kind is not StayKind.HOME
    }


def places_now(tx: Tx, incident_id: UUID) -> Mapping[UUID, PlaceNow]:
    """Tell where each displaced household is to be served, for planning; those at home or nobody knows where are left
    out. The caller may plan."""
    rows = {
        row.id: row
        for row in tx.session.execute(
            sa.select(Shelter.id, Shelter.lon_deg, Shelter.lat_deg).where(Shelter.incident_id == incident_id)
        )
    }
    found: dict[UUID, PlaceNow] = {}
    for one, stay in _current(tx, incident_id).items():
        if stay.village_code is not None:
            at = rows.get(stay.shelter_id)
            found[one] = PlaceNow(
                village_code=stay.village_code, lon_deg=at.lon_deg if at else None, lat_deg=at.lat_deg if at else None
            )
    return found


def displaced(tx: Tx, incident_id: UUID) -> tuple[DisplacedLine, ...]:
    """Count the displaced by home village, beside what was reported. Raises: Forbidden, NotFound."""
    reach = tx.require("shelter.see")
    incident_row(tx, incident_id)
    away = {one: stay for one, stay in _current(tx, incident_id).items() if stay.kind is not StayKind.HOME}
    ids = sorted(away)
    homes, persons = villages_of_households(tx, ids), persons_of(tx, ids)
    reported = newest_counts(tx, incident_id)
    households, heads = Counter(homes.values()), Counter[str]()
    kinds: Counter[tuple[str, StayKind]] = Counter()
    for one, village in homes.items():
        heads[village] += persons.get(one, 0)
        kinds[village, away[one].kind] += 1
    told = {code: count[CountKind.DISPLACED] for code, count in reported.items() if CountKind.DISPLACED in count}
    return tuple(
        DisplacedLine(
            village_code=code, households=households[code], persons=heads[code],
            in_shelters=kinds[code, StayKind.SHELTER], with_hosts=kinds[code, StayKind.HOST],
            elsewhere=kinds[code, StayKind.ELSEWHERE], reported_persons=told.get(code),
        )
        for code in sorted({*households, *told}) if reach.has_village(code)
    )  # fmt: skip


# ---------------------------------------------------------------- inside


def _current(tx: Tx, incident_id: UUID, ids: Sequence[UUID] | None = None) -> dict[UUID, Any]:
    """Give the last stay of each household; of one that was merged and the one that it is now, what was said last."""
    later = sa.orm.aliased(Stay)
    columns = (Stay.household_id, Stay.no, Stay.kind, Stay.shelter_id, Stay.village_code, Stay.place_text,
               Stay.since_on, Stay.recorded_at, Stay.recorded_by_name)  # fmt: skip
    is_last = ~(
        sa.select(sa.literal(1))
        .where(later.incident_id == Stay.incident_id, later.household_id == Stay.household_id, later.no > Stay.no)
        .correlate(Stay)
        .exists()
    )
    query = sa.select(*columns).where(Stay.incident_id == incident_id, Stay.regency_code == tx.regency_code, is_last)
    merges = has_merged(tx)
    rows: list[Any] = []
    if ids is None:
        rows += tx.session.execute(query).all()
    else:
        wanted = set(ids)
        if merges:
            pairs = merged_pairs()
            for start in range(0, len(ids), _AT_ONCE):
                gone = sa.select(pairs.c.gone_id).where(pairs.c.stays_id.in_(ids[start : start + _AT_ONCE]))
                wanted |= set(tx.session.scalars(gone))
        asked = sorted(wanted)
        for start in range(0, len(asked), _AT_ONCE):
            rows += tx.session.execute(query.where(Stay.household_id.in_(asked[start : start + _AT_ONCE]))).all()
    now = survivors_of(tx, [row.household_id for row in rows]) if merges else {}
    found: dict[UUID, Any] = {}
    for row in sorted(rows, key=lambda one: (one.since_on, one.recorded_at, one.household_id not in now)):
        found[now.get(row.household_id, row.household_id)] = row
    return found


def _listed(tx: Tx, incident_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Tell which of these are on the list and not rejected, themselves or as one that was merged into them."""
    group_of = {one: one for one in ids}
    if has_merged(tx):
        pairs = merged_pairs()
        for start in range(0, len(ids), _AT_ONCE):
            found = tx.session.execute(sa.select(pairs).where(pairs.c.stays_id.in_(ids[start : start + _AT_ONCE])))
            group_of |= {row.gone_id: row.stays_id for row in found}
    asked = sorted(group_of)
    listed: set[UUID] = set()
    for start in range(0, len(asked), _AT_ONCE):
        query = sa.select(AffectedHousehold.household_id).where(
            AffectedHousehold.incident_id == incident_id,
            AffectedHousehold.household_id.in_(asked[start : start + _AT_ONCE]),
            AffectedHousehold.state.in_((AffectedState.PROPOSED, AffectedState.CONFIRMED)),
        )
        listed |= {group_of[one] for one in tx.session.scalars(query)}
    return listed


def _row(tx: Tx, shelter_id: UUID) -> Shelter:
    row = tx.session.get(Shelter, shelter_id)
    if row is None or row.regency_code != tx.regency_code:
        raise NotFound("shelter.not_found")
    return row


def _need_village(tx: Tx, code: str) -> None:
    found = regions(tx, [code]) if code else ()
    if not found or found[0].level is not Level.VILLAGE or found[0].regency_code != tx.regency_code:
        raise Invalid("household.village", field="village_code", code=code[:20])


def _check(tx: Tx, order: OpenShelter | ChangeShelter, village_code: str) -> None:
    if not 3 <= len(order.name.strip()) <= LONGEST_NAME:
        raise Invalid("shelter.name_length", field="name", most=LONGEST_NAME)
    _need_village(tx, village_code)
    if (order.lon_deg is None) != (order.lat_deg is None) or not (
        -180 <= (order.lon_deg or 0) <= 180 and -90 <= (order.lat_deg or 0) <= 90
    ):
        raise Invalid("shelter.position", field="lon_deg")
    if order.capacity is not None and not 1 <= order.capacity <= MOST_PERSONS:
        raise Invalid("shelter.persons", field="capacity", most=MOST_PERSONS)
    if order.reported_persons is not None and not 0 <= order.reported_persons <= MOST_PERSONS:
        raise Invalid("shelter.persons", field="reported_persons", most=MOST_PERSONS)


def _said(tx: Tx, order: OpenShelter | ChangeShelter) -> dict[str, Any]:
    return {
        "name": order.name.strip(), "lon_deg": order.lon_deg, "lat_deg": order.lat_deg, "capacity": order.capacity,
        "reported_persons": order.reported_persons, "contact_name": order.contact_name.strip()[:LONGEST_CONTACT],
        "contact_phone": order.contact_phone.strip()[:LONGEST_CONTACT], "note": order.note.strip()[:LONGEST_NOTE],
        "changed_at": tx.now, "changed_by": tx.actor.id,
    }  # fmt: skip


def _view(row: Shelter, reach: Reach, households: int, persons: int) -> ShelterView:
    is_counted = reach.detail == "counts"
    return ShelterView(
        id=row.id, incident_id=row.incident_id, name=row.name, village_code=row.village_code, lon_deg=row.lon_deg,
        lat_deg=row.lat_deg, capacity=row.capacity, reported_persons=row.reported_persons,
        contact_name="" if is_counted else row.contact_name, contact_phone="" if is_counted else row.contact_phone,
        note=row.note, state=row.state, households=households, persons=persons,
    )  # fmt: skip


def _stay_view(row: Any, household_id: UUID, shelter_name: str, until_on: date | None) -> StayView:
    return StayView(
        household_id=household_id, no=row.no, kind=row.kind, shelter_id=row.shelter_id, shelter_name=shelter_name,
        village_code=row.village_code, place_text=row.place_text, since_on=row.since_on, until_on=until_on,
        recorded_at=row.recorded_at, recorded_by_name=row.recorded_by_name,
    )  # fmt: skip
