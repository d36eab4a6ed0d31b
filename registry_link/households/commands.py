"""Who registers a household on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.crypto import Secret
from core.errors import Conflict, Forbidden, Invalid
from core.ids import code_with_check
from core.privacy.numbers import holds_number
from core.work import Tx
from registry_link.households.carding import card_owners
from registry_link.households.erased import know_again
from registry_link.households.known import has_kk, has_nik, know_numbers
from registry_link.households.merged import is_seen
from registry_link.households.models import (
    Household,
    Member,
    StatedCounts,
)
from registry_link.households.numbering import bump_stamp, take_row_no
from registry_link.households.numbers import kk_index, nik_index
from registry_link.households.positions import position_key
from registry_link.households.rows import HouseholdRow, MemberRow, Weighed
from registry_link.households.rules import (
    ADDRESS_LENGTH,
    NAME_LENGTH,
    Flaw,
    age_on,
    checked_kk,
    checked_nik,
    checked_text,
    checked_unit,
)
from registry_link.households.snapshots import RecordSnapshot, record_snapshot
from registry_link.households.staging import merge_households
from registry_link.households.states import PositionSource, Relation, Sex
from registry_link.households.words import refresh_words
from registry_link.regions.queries import regions
from registry_link.regions.states import Level

MOST_PERSONS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """A person as told on the spot; numbers are text as typed."""

    name: str
    relation: Relation = Relation.OTHER
    sex: Sex | None = None
    birth_on: date | None = None
    age_years: int | None = None
    nik: str = ""
    is_pregnant: bool = False
    is_nursing: bool = False
    has_disability: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCounts:
    """How many of each class, the head included: ages exclude each other, the rest is counted among them."""

    infants: int = 0
    """Under 2."""
    toddlers: int = 0
    """2 to 4."""
    children: int = 0
    """5 to 17."""
    adults: int = 0
    """18 to 59."""
    elderly: int = 0
    """From 60."""
    women: int = 0
    pregnant: int = 0
    nursing: int = 0
    disabled: int = 0

    @property
    def persons(self) -> int:
        return self.infants + self.toddlers + self.children + self.adults + self.elderly


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterProvisional:
    """A household that is not in the registry: served the same way, proposed to the village later."""

    head_name: str
    village_code: str
    head_sex: Sex | None = None
    head_birth_on: date | None = None
    head_age_years: int | None = None
    head_nik: str = ""
    kk: str = ""
    members: tuple[NewMember, ...] = ()
    """Everybody but the head; empty when ``counts`` are given."""
    counts: NewCounts | None = None
    rt: str = ""
    rw: str = ""
    hamlet: str = ""
    address: str = ""
    lon_deg: float | None = None
    lat_deg: float | None = None
    position_accuracy_m: float | None = None
    position_source: PositionSource = PositionSource.GPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    id: UUID
    code: str


def register_provisional(tx: Tx, order: RegisterProvisional) -> Registered:
    """Register a household on the spot.

    Raises: Forbidden; Invalid with the field; Conflict "household.known" with the code of the household that has the
    same No. KK or NIK, or "household.known_elsewhere" where the actor may not see that one.
    """
    reach = tx.require("household.register")
    _need_village(tx, order.village_code)
    reach.need_village(order.village_code, "region")
    head = NewMember(
        name=order.head_name, relation=Relation.HEAD, sex=order.head_sex, birth_on=order.head_birth_on,
        age_years=order.head_age_years, nik=order.head_nik,
    )  # fmt: skip
    if order.counts is not None and order.members:
        raise Invalid("household.members_and_counts", field="counts")
    people = [_person(tx, head, "head"), *(_person(tx, one, f"members.{n}") for n, one in enumerate(order.members))]
    size = order.counts.persons if order.counts else len(people)
    if not 1 <= size <= MOST_PERSONS:
        raise Invalid("household.size", field="counts" if order.counts else "members", most=MOST_PERSONS)
    if order.counts is not None:
        _check_counts(order.counts)
    kk = _number(order.kk, "kk")
    # The number first: who registers the same family in the same moment waits here, and finds this one when asked.
    number, household_id = take_row_no(tx), tx.new_id()
    _refuse_known(tx, kk, [one["nik"] for one in people])
    key = _position(order)
    code = code_with_check("KEL", number)
    tx.session.execute(sa.insert(Household).values(
        id=household_id, row_no=number, regency_code=tx.regency_code, code=code, village_code=order.village_code,
        rt=_unit(order.rt, "rt"), rw=_unit(order.rw, "rw"), hamlet=_text(order.hamlet, NAME_LENGTH, "hamlet"),
        address=_text(order.address, ADDRESS_LENGTH, "address"), head_name=people[0]["name"], size=size, decile=None,
        lon_deg=order.lon_deg, lat_deg=order.lat_deg, position_key=key,
        position_source=order.position_source if key is not None else None,
        position_accuracy_m=order.position_accuracy_m if key is not None else None,
        kk=kk, kk_bidx=kk_index(kk) if kk else None, is_provisional=True, snapshot_id=None, source=None,
        external_id=None, row_hash=None, recorded_at=tx.now, changed_at=tx.now,
    ))  # fmt: skip
    tx.session.execute(sa.insert(Member), [
        {
            "id": tx.new_id(), "household_id": household_id, "regency_code": tx.regency_code,
            "member_key": f"local:{place}", "position": place, "is_chronically_ill": False, "row_hash": None,
            "is_present": True, "nik_bidx": nik_index(one["nik"]) if one["nik"] else None, **one,
        }
        for place, one in enumerate(people)
    ])  # fmt: skip
    know_numbers(tx, [household_id])
    if order.counts is not None:
        values = {name: getattr(order.counts, name) for name in order.counts.__dataclass_fields__}
        tx.session.execute(sa.insert(StatedCounts).values(household_id=household_id, **values))
    refresh_words(tx, [household_id])
    bump_stamp(tx)
    know_again(tx, kk, [one["nik"] for one in people])
    tx.note("household.register", "household", household_id, village_code=order.village_code, persons=size,
            has_number=bool(kk or people[0]["nik"]))  # fmt: skip
    return Registered(id=household_id, code=code)


def _position(order: RegisterProvisional) -> int | None:
    if order.lon_deg is None and order.lat_deg is None:
        return None
    key = None if order.lon_deg is None or order.lat_deg is None else position_key(order.lon_deg, order.lat_deg)
    if key is None:
        raise Invalid("household.position", field="lon_deg")
    return key


def _need_village(tx: Tx, code: str) -> None:
    found = regions(tx, [code])
    if not found or found[0].level is not Level.VILLAGE or found[0].regency_code != tx.regency_code:
        raise Invalid("household.village", field="village_code", code=code[:20])


def _person(tx: Tx, one: NewMember, where: str) -> dict[str, Any]:
    name = _text(one.name, NAME_LENGTH, f"{where}.name")
    if not name:
        raise Invalid("household.name_missing", field=f"{where}.name")
    if one.birth_on is not None and not (tx.today.year - 150 < one.birth_on.year and one.birth_on <= tx.today):
        raise Invalid("household.birth", field=f"{where}.birth_on")
    if one.age_years is not None and not 0 <= one.age_years <= 150:
        raise Invalid("household.age", field=f"{where}.age_years")
    age = age_on(tx.today, one.birth_on, one.age_years, tx.today)
    if one.is_pregnant and (one.sex is Sex.MALE or (age is not None and age < 10)):
        raise Invalid("household.pregnant", field=f"{where}.is_pregnant")
    has_age = one.birth_on is None and one.age_years is not None
    return {
        "name": name, "sex": one.sex, "relation": one.relation, "birth_on": one.birth_on,
        "age_years": one.age_years if has_age else None, "age_as_of_on": tx.today if has_age else None,
        "nik": _number(one.nik, f"{where}.nik", is_nik=True), "is_pregnant": one.is_pregnant,
        "is_nursing": one.is_nursing, "has_disability": one.has_disability,
    }  # fmt: skip


def _check_counts(counts: NewCounts) -> None:
    for name in counts.__dataclass_fields__:
        if getattr(counts, name) < 0:
            raise Invalid("household.count_negative", field=f"counts.{name}")
    for name in ("women", "pregnant", "nursing", "disabled"):
        if getattr(counts, name) > counts.persons:
            raise Invalid("household.count_beyond", field=f"counts.{name}", persons=counts.persons)


def _number(text: str, where: str, *, is_nik: bool = False) -> Secret | None:
    if not text.strip():
        return None
    checked = checked_nik(text) if is_nik else checked_kk(text)
    if isinstance(checked, Flaw):
        raise Invalid(checked.code, field=where, **checked.facts)
    return Secret(checked)


def _text(text: str, most: int, where: str) -> str:
    checked = checked_text(text, most)
    if isinstance(checked, Flaw):
        raise Invalid(checked.code, field=where, **checked.facts)
    if holds_number(checked):
        raise Invalid("privacy.number_in_text", field=where)
    return checked


def _unit(text: str, where: str) -> str | None:
    checked = checked_unit(text)
    if isinstance(checked, Flaw):
        raise Invalid(checked.code, field=where, **checked.facts)
    return checked


def _office(tx: Tx) -> sa.ColumnElement[bool]:
    """As in ``queries``: keeps SQLite from walking the office where ids are given."""
    return sa.func.coalesce(Household.regency_code, "") == tx.regency_code


def _refuse_known(tx: Tx, kk: Secret | None, niks: list[Secret | None]) -> None:
    owners: list[UUID] = []
    indexes = [nik_index(nik) for nik in niks if nik is not None]
    if len(set(indexes)) < len(indexes):
        raise Invalid("household.nik_twice", field="members")
    # Each by its own index: asked for together, both databases walk all households.
    if kk is not None:
        owners += tx.session.scalars(sa.select(Household.id).where(has_kk([kk_index(kk)]), _office(tx)))
        holders = tx.session.scalars(card_owners([kk_index(kk)])).all()
        owners += tx.session.scalars(sa.select(Household.id).where(Household.id.in_(holders), _office(tx)))
    if indexes:
        # Any office's: a person is served once, wherever the number was first seen.
        owners += tx.session.scalars(sa.select(Member.household_id).where(has_nik(indexes), Member.is_present))
    if not owners:
        return
    query = sa.select(
        Household.id, Household.code, Household.village_code, Household.regency_code, Household.merged_into_id
    )
    found = tx.session.execute(query.where(Household.id.in_(owners), is_seen()).order_by(Household.row_no)).first()
    if found is not None and found.merged_into_id is not None:
        found = tx.session.execute(query.where(Household.id == found.merged_into_id)).one()
    if found is None:
        return
    try:
        is_theirs = found.regency_code == tx.regency_code and tx.require("household.search").has_village(
            found.village_code
        )
    except Forbidden:
        is_theirs = False
    if is_theirs:
        raise Conflict("household.known", code=found.code, household_id=str(found.id))
    raise Conflict("household.known_elsewhere")


__all__ = [
    "HouseholdRow", "MemberRow", "NewCounts", "NewMember", "RecordSnapshot", "RegisterProvisional", "Registered",
    "Weighed", "merge_households", "record_snapshot", "register_provisional",
]  # fmt: skip
