"""A week to test with: an office, its catalogue, two warehouses, two posts, an incident and an approved standard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import sqlalchemy as sa

from core.actor import Role
from core.ids import NAMESPACE
from core.measures import Milli, Period, Rupiah
from core.work import Tx, Work
from logistics.dispatch.commands import OpenPost, open_post
from logistics.dispatch.queries import post_choices
from logistics.packages.queries import PackageView, package, packages_of
from logistics.packages.rules import People
from logistics.packages.standards import approve_standard, seed_default_standard
from logistics.packages.states import OPEN_PACKAGE_STATES
from logistics.planning.commands import PlanRound
from logistics.planning.rules import ConfirmedHousehold
from logistics.zones.commands import OpenIncident, open_incident
from logistics.zones.states import Hazard
from registry_link.households.models import Household
from registry_link.regions.models import Region
from registry_link.regions.states import Level
from stock.items.commands import seed_items
from stock.items.queries import items
from stock.ledger.commands import Receive, ReceiveLine, receive
from stock.ledger.kinds import FundingSource
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import PlaceKind
from tests.support.builders import SYSTEM, an_actor, an_office

MONDAY = date(2026, 11, 16)
WINDOW = Period(MONDAY, MONDAY + timedelta(days=13))
OFFICER = replace(an_actor(Role.LOGISTICS), id=str(uuid5(NAMESPACE, "officer")), name="Perencana")
SECOND = replace(an_actor(Role.LOGISTICS), id=str(uuid5(NAMESPACE, "second")), name="Penyetuju")
HEAD = an_actor(Role.HEAD)
PLENTY = {
    "kasur": 100, "selimut": 500, "beras": 1000, "minyak_goreng": 200, "sarden": 200, "kornet": 200, "sambal": 100,
    "kecap": 100, "susu": 100, "teh_celup": 100, "sabun_mandi": 300, "mie_instan": 1000, "sandang_dewasa": 600,
    "sandang_anak": 600,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    incident_id: UUID
    standard_id: UUID
    near: UUID
    far: UUID
    first_post: UUID
    second_post: UUID
    items: dict[str, UUID]


def a_week(work: Work, *, capacity: int = 10, stock: dict[str, int] | None = None) -> Week:
    """Make everything a plan needs; ``stock`` (whole base units) lies in the warehouse near the first post."""
    an_office(work)
    with work.by(SYSTEM) as tx:
        ensure_sinks(tx)
        seed_items(tx)
        catalogue = {one.code: one.id for one in items(tx)}
        near = add_place(tx, AddPlace(kind=PlaceKind.WAREHOUSE, code="G1", name="Gudang Induk", lon_deg=131.0,
                                      lat_deg=-7.9))  # fmt: skip
        far = add_place(tx, AddPlace(kind=PlaceKind.WAREHOUSE, code="G2", name="Gudang Utara", lon_deg=131.9,
                                     lat_deg=-7.9))  # fmt: skip
        first = open_post(tx, OpenPost(code="T1", name="Balai Desa Timur", capacity_per_day=capacity,
                                       village_code=None, lon_deg=131.01, lat_deg=-7.9))  # fmt: skip
        second = open_post(tx, OpenPost(code="T2", name="SD Negeri Barat", capacity_per_day=capacity, lon_deg=131.5,
                                        lat_deg=-7.9))  # fmt: skip
        incident_id = an_incident(tx, "banjir-uji")
        standard_id = seed_default_standard(tx)
    with work.by(HEAD) as tx:
        approve_standard(tx, standard_id)
    week = Week(incident_id=incident_id, standard_id=standard_id, near=near, far=far, first_post=first,
                second_post=second, items=catalogue)  # fmt: skip
    fill(work, week, near, PLENTY if stock is None else stock)
    return week


def package_of(tx: Tx, round_id: UUID, household_id: UUID) -> PackageView | None:
    """Give a household's package of the round that is still to be handed over; None when it has none."""
    rows = [
        one for one in packages_of(tx, [household_id], round_id=round_id)
        if one.beneficiary_id == household_id and one.state in OPEN_PACKAGE_STATES
    ]  # fmt: skip
    return package(tx, max(rows, key=lambda one: one.no).id) if rows else None


def an_incident(tx: Tx, name: str) -> UUID:
    """Open an incident that began the day before the week."""
    order = OpenIncident(name=name, hazard=Hazard.FLOOD, started_at=datetime(2026, 11, 15, tzinfo=UTC))
    return open_incident(tx, order).id


def fill(work: Work, week: Week, place_id: UUID, stock: dict[str, int], expires_on: date | None = None) -> None:
    """Receive whole base units of these items."""
    if not stock:
        return
    with work.by(SYSTEM) as tx:
        receive(
            tx,
            Receive(
                to_place_id=place_id,
                lines=tuple(
                    ReceiveLine(
                        item_id=week.items[code], quantity_milli=Milli(amount * 1000),
                        funding_source=FundingSource.APBD, value_rp=Rupiah(amount * 1000),
                        expires_on=expires_on or date(2027, 12, 31),
                    )
                    for code, amount in stock.items()
                ),
                incoming_document="BAST uji",
            ),
        )  # fmt: skip


def household(no: int, people: People | None = None, **more: object) -> ConfirmedHousehold:
    """A household beside the first post, of two adults unless said otherwise."""
    made = ConfirmedHousehold(
        household_id=uuid5(NAMESPACE, f"test/household/{no}"), code=f"KEL-{no:06d}-0", village_code="99.01.01.2001",
        composition=people or People(persons=2, adults=2, women=1), lon_deg=131.0, lat_deg=-7.9,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def order(work: Work, week: Week, households: list[ConfirmedHousehold], **more: object) -> PlanRound:
    settle(work, households)
    with work.read_by(OFFICER) as tx:
        posts = post_choices(tx)
    made = PlanRound(
        incident_id=week.incident_id, first_on=MONDAY, window=WINDOW, standard_id=week.standard_id,
        households=tuple(households), posts=posts,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def settle(work: Work, households: list[ConfirmedHousehold]) -> None:
    """Put the households' rows into the registry, where they are not there yet: a package names one that exists."""
    with work.by(SYSTEM) as tx:
        known = set(tx.session.scalars(sa.select(Household.id)))
        taken = tx.session.scalar(sa.select(sa.func.max(Household.row_no))) or 0
        for village in {one.village_code for one in households}:
            if tx.session.get(Region, village) is None:
                tx.session.add(
                    Region(
                        code=village, regency_code=village[:5], parent_code=None, level=Level.VILLAGE, kind="desa",
                        name=village, name_key=village,
                    )
                )  # fmt: skip
        tx.session.flush()
        new = [
            one for one in {each.household_id: each for each in households}.values() if one.household_id not in known
        ]
        tx.session.add_all(
            Household(
                id=one.household_id, row_no=taken + at, regency_code=tx.regency_code, code=f"KEL-U{taken + at:06d}",
                village_code=one.village_code, hamlet="", address="Jl. Uji", head_name=f"Keluarga uji {at}",
                size=max(1, one.composition.persons), is_provisional=False, recorded_at=tx.now, changed_at=tx.now,
            )
            for at, one in enumerate(new, 1)
        )  # fmt: skip
        tx.session.flush()
