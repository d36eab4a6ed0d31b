"""Terms and a registry to draw their lists from: a few villages, households by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa

from core.actor import Role
from core.crypto import Secret
from core.ids import NAMESPACE
from core.measures import Milli, Period, Rupiah
from core.work import Tx, Work
from logistics.programmes.commands import OpenProgramme, OpenTerm, TermItem, open_programme, open_term
from logistics.programmes.models import TermEntry
from logistics.programmes.states import Cadence, Form, ProgrammeKind, Unit
from registry_link.households.known import know_numbers
from registry_link.households.models import Household, Member, StatedCounts
from registry_link.households.numbers import kk_index, nik_index
from registry_link.households.states import Relation
from registry_link.regions.models import Region
from registry_link.regions.rules import name_key
from registry_link.regions.states import Level
from stock.items.commands import seed_items
from stock.items.queries import items
from stock.places.commands import ensure_sinks
from tests.support.builders import SYSTEM, an_actor, an_office

OFFICER = replace(an_actor(Role.LOGISTICS), id=str(uuid5(NAMESPACE, "list-officer")), name="Penyusun")
SECOND = replace(an_actor(Role.LOGISTICS), id=str(uuid5(NAMESPACE, "list-second")), name="Pemeriksa")
HEAD = an_actor(Role.HEAD)
EAST, WEST = "99.01.01", "99.01.02"
E1, E2, W1 = "99.01.01.2001", "99.01.01.2002", "99.01.02.2001"
VILLAGE = an_actor(Role.VILLAGE, village=E1)
NAMES = {
    "99": "Provinsi Contoh", "99.01": "Kabupaten Contoh", EAST: "Timur", WEST: "Barat", E1: "Waru", E2: "Sagu",
    W1: "Waru",
}  # fmt: skip
LEVELS = {2: Level.PROVINCE, 5: Level.REGENCY, 8: Level.DISTRICT, 13: Level.VILLAGE}
KINDS = {
    Level.PROVINCE: "provinsi", Level.REGENCY: "kabupaten", Level.DISTRICT: "kecamatan", Level.VILLAGE: "desa",
}  # fmt: skip
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 31))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str = "Anggota Uji"
    age: int = 30
    nik: str = ""
    birth_on: date | None = None
    is_pregnant: bool = False
    has_disability: bool = False
    is_present: bool = True


def a_registry(work: Work) -> None:
    """Open the office with its regions, places and catalogue."""
    an_office(work)
    with work.by(SYSTEM) as tx:
        ensure_sinks(tx)
        seed_items(tx)
    the_regions(work)


def the_regions(work: Work) -> None:
    """Put the regions in that are not there yet."""
    with work.by(SYSTEM) as tx:
        for code in sorted(NAMES):
            level = LEVELS[len(code)]
            if tx.session.get(Region, code) is not None:
                continue
            tx.session.add(
                Region(
                    code=code, regency_code="99.01" if len(code) > 2 else None, level=level, kind=KINDS[level],
                    parent_code=code.rpartition(".")[0] or None, name=NAMES[code],
                    name_key=name_key(NAMES[code], level),
                )
            )  # fmt: skip
            tx.session.flush()


def a_household(
    work: Work, village_code: str = E1, *, decile: int | None = 1, people: tuple[Person, ...] = (Person(),),
    stated: Mapping[str, int] | None = None, kk: str = "", head_name: str = "",
) -> UUID:  # fmt: skip
    """Put one household with its members into the registry; codes follow the order of making."""
    with work.by(SYSTEM) as tx:
        return put_household(tx, village_code, decile=decile, people=people, stated=stated, kk=kk, head_name=head_name)


def put_household(
    tx: Tx, village_code: str, *, decile: int | None, people: tuple[Person, ...],
    stated: Mapping[str, int] | None = None, kk: str = "", head_name: str = "",
) -> UUID:  # fmt: skip
    no = 1 + (tx.session.scalar(sa.select(sa.func.max(Household.row_no))) or 0)
    number = Secret(kk) if kk else None
    people = () if stated else people
    household_id = tx.new_id()
    tx.session.add(
        Household(
            id=household_id, row_no=no, regency_code=tx.regency_code, code=f"KEL-{no:06d}-0",
            village_code=village_code, hamlet="", address="Jl. Uji",
            size=sum(stated.values()) if stated else len(people),
            head_name=head_name or (people[0].name if people else "Kepala Uji"), decile=decile, kk=number,
            kk_bidx=kk_index(number) if number else None, is_provisional=False, recorded_at=tx.now,
            changed_at=tx.now,
        )
    )  # fmt: skip
    tx.session.flush()
    for at, one in enumerate(people):
        nik = Secret(one.nik) if one.nik else None
        tx.session.add(
            Member(
                id=tx.new_id(), household_id=household_id, regency_code=tx.regency_code, member_key=f"m{at}",
                position=at, name=one.name, birth_on=one.birth_on, age_years=None if one.birth_on else one.age,
                age_as_of_on=None if one.birth_on else tx.today, relation=Relation.OTHER if at else Relation.HEAD,
                nik=nik, nik_bidx=nik_index(nik) if nik else None, is_pregnant=one.is_pregnant, is_nursing=False,
                has_disability=one.has_disability, is_chronically_ill=False, is_present=one.is_present,
            )
        )  # fmt: skip
    if stated:
        zero = dict.fromkeys(
            ("infants", "toddlers", "children", "adults", "elderly", "women", "pregnant", "nursing", "disabled"), 0
        )
        tx.session.add(StatedCounts(household_id=household_id, **{**zero, **stated}))
    tx.session.flush()
    know_numbers(tx, [household_id])
    return household_id


def a_term(
    work: Work, *, name: str = "Kompor Rakyat", unit: Unit = Unit.HOUSEHOLD, quotas: Mapping[str, int] | None = None,
    period: Period = NOVEMBER, form: Form = Form.GOODS,
) -> UUID:  # fmt: skip
    """Open a programme with one term."""
    with work.by(OFFICER) as tx:
        item_id = next(one.id for one in items(tx) if one.code == "kasur")
        opened = open_programme(
            tx,
            OpenProgramme(
                name=name, kind=ProgrammeKind.OWN, form=form, unit=unit, cadence=Cadence.ONCE,
                supplier="Stok kantor", distributor="Titik sendiri", funding_source="APBD",
            ),
        )  # fmt: skip
        return open_term(
            tx,
            OpenTerm(
                programme_id=opened.id, name="Tahap I", period=period, quotas=quotas or {},
                items=() if form is Form.CASH else (TermItem(item_id=item_id, quantity_milli=Milli(1000)),),
                amount_rp=Rupiah(600_000) if form is Form.CASH else None,
            ),
        )  # fmt: skip


def listed(work: Work, term_id: UUID) -> dict[UUID, Any]:
    """Give the rows of the term's entries by beneficiary."""
    with work.read_by(SYSTEM) as tx:
        rows = tx.session.execute(sa.select(TermEntry.__table__).where(TermEntry.term_id == term_id)).all()
        return {row.beneficiary_id: row for row in rows}
