"""Tells the demonstration's story with the public commands alone, on a clock of its own that ends today."""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from uuid import UUID

from core.accounts.commands import AddPerson, add_person
from core.actor import Actor, Grant, Role, ScopeKind, system
from core.clock import FixedClock
from core.measures import Milli, Rupiah
from core.office.commands import NameSignatory, OpenOffice, name_signatory, open_office
from core.work import Work
from logistics.dispatch.commands import OpenPost, open_post
from logistics.packages.standard_queries import standards
from logistics.packages.standards import approve_standard
from logistics.planning.commands import approve_round
from logistics.planning.rules import Slot
from logistics.zones import commands as zones
from logistics.zones import deciding, matching, week
from logistics.zones.affected import affected
from logistics.zones.queries import incident_by_id
from logistics.zones.rules import Count
from logistics.zones.states import Access, AffectedState, CountKind, CountState, Hazard, RejectReason, Severity
from registry_link.households.commands import RecordSnapshot, merge_households, record_snapshot
from registry_link.matching.rules import Confidence
from registry_link.regions.commands import import_boundaries, import_regions
from routes.context import Runtime
from routes.demo.bansos import tell_cash, tell_stoves
from routes.demo.names import REGENCY
from routes.demo.people import generate_households
from routes.demo.registry import tell_the_registry
from routes.demo.storm import tell_storm
from routes.demo.story import (
    BATCHES,
    CAPACITY,
    EXPIRED,
    INCIDENT,
    PASSWORD,
    PEOPLE,
    POSTS,
    POSTS_NEAR,
    TARGET_AFFECTED,
    TIME_ZONE,
    WAREHOUSES,
    DemoBatch,
)
from routes.demo.telling import ZONE, Cast, Story, send, serve
from routes.demo.warehouse import tell_quiet_month, tell_what_waits
from routes.demo.ways import tell_waves, tell_ways
from routes.demo.world import CODE, DemoVillage, DemoWorld, generate_world
from routes.seed import seed_office
from stock.items.queries import items
from stock.ledger.commands import BatchLine, Receive, ReceiveLine, Transfer, receive, transfer
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.places.queries import places

SYSTEM = system(CODE, TIME_ZONE, name="demonstration")
_DAYS_AGO = 2
"""The flood came so many days ago: today is the third of the week."""


def make_demo(runtime: Runtime, *, households: int, seed: int) -> Iterator[str]:
    """Make the district, its people and its running flood; gives a line for each step.

    Raises: Conflict("office.mixes_demo"), when the database holds a real office.
    """
    # A hundred thousand persons stand in memory for a while and none of them in a cycle: looking for some among them
    # again and again takes a quarter of the time.
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield from _make_demo(runtime, households=households, seed=seed)
    finally:
        if was_collecting:
            gc.enable()


def _make_demo(runtime: Runtime, *, households: int, seed: int) -> Iterator[str]:
    clock = FixedClock(runtime.work.clock.now())
    work = Work(runtime.work.engine, clock)
    today = clock.now().astimezone(ZONE).date()
    story = Story(work=work, clock=clock, today=today, until=clock.now())
    story.at(-30, 8)
    world = generate_world(seed)
    _open(work, world)
    yield f"Kantor demonstrasi {REGENCY} ({CODE}): {len(world.villages)} desa"
    count = _settle(work, world, households, today)
    yield f"{count} keluarga rekaan"
    struck = _struck(world)
    posts, warehouses = _places(work, world, struck)
    cast = _people(work, struck, posts, warehouses)
    _stock(work, warehouses, today)
    yield f"{len(warehouses)} gudang, {len(posts)} titik, {len(cast.actors)} orang"
    with work.by(cast["kepala"]) as tx:
        standard = standards(tx)[0].id
        approve_standard(tx, standard)
    island = tell_ways(story, cast, world, posts)
    yield from tell_quiet_month(story, cast, warehouses)
    yield from tell_cash(story, world, cast, posts)
    yield from tell_stoves(story, world, cast, posts)
    yield from _flood(story, world, struck, cast, posts, households)
    yield from tell_storm(story, world, cast, struck, warehouses[0])
    yield from tell_waves(story, cast, island, warehouses[2])
    yield from tell_what_waits(story, cast, warehouses)
    # Made just after midnight, the story has not reached today yet.
    clock.set(story.until)
    yield from tell_the_registry(story, cast, struck)


def _open(work: Work, world: DemoWorld) -> None:
    with work.by(SYSTEM) as tx:
        open_office(
            tx,
            OpenOffice(
                regency_code=CODE, regency_name=REGENCY, name="Dinas Sosial", seat="Wesawak", time_zone=TIME_ZONE,
                address="Jalan Pelabuhan 1, Wesawak", contact="Telepon (0999) 000-001", unit_code="DINSOS",
                is_demo=True,
            ),
        )  # fmt: skip
        import_regions(tx, world.regions)
        import_boundaries(tx, world.boundaries)
        seed_office(tx)
        for duty, name, position in (
            ("head", "Hendrik Tamasina", "Kepala Dinas Sosial"),
            ("giver", "Yohanis Lamakora", "Kepala Bidang Perlindungan dan Jaminan Sosial"),
            ("warehouse", "Markus Kelafuka", "Pengurus Barang"),
            ("acknowledger", "Ester Uliwola", "Kepala Desa"),
        ):
            name_signatory(tx, NameSignatory(duty=duty, name=name, position=position))


def _settle(work: Work, world: DemoWorld, households: int, today: date) -> int:
    as_of = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    with work.by(SYSTEM) as tx:
        snapshot = record_snapshot(
            tx,
            RecordSnapshot(
                source="demo", as_of_on=as_of, agreement_no="DEMONSTRASI", file_name="dtsen-demonstrasi.csv"
            ),
        )
        return merge_households(tx, snapshot, generate_households(world, households, as_of)).new


def _struck(world: DemoWorld) -> tuple[DemoVillage, ...]:
    """Find the densest coast: the village with most people, and its three nearest."""
    first = max(world.villages, key=lambda one: one.weight / len(one.hamlets))
    lon, lat = first.middle
    by_distance = sorted(world.villages, key=lambda one: math.dist(one.middle, (lon, lat)))
    return tuple(by_distance[:POSTS_NEAR])


def _places(work: Work, world: DemoWorld, struck: tuple[DemoVillage, ...]) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    others = sorted((one for one in world.villages if one not in struck), key=lambda one: -one.weight)
    chosen = [*struck, *others[: POSTS - len(struck)]]
    with work.by(SYSTEM) as tx:
        posts = tuple(
            open_post(
                tx,
                OpenPost(
                    code=f"T-{n:02d}", name=f"Balai {'Kelurahan' if one.kind == 'kelurahan' else 'Desa'} {one.name}",
                    capacity_per_day=capacity, village_code=one.code, lon_deg=one.middle[0], lat_deg=one.middle[1],
                    address=f"{one.hamlets[0].name}, {one.name}", opening="08.00–15.00, istirahat 12.00–13.00",
                    slots=_hours(capacity),
                ),
            )
            for n, (one, capacity) in enumerate(zip(chosen, CAPACITY, strict=True), 1)
        )  # fmt: skip
        homes = (struck[0], others[0], others[3])
        warehouses = tuple(
            add_place(
                tx,
                AddPlace(
                    kind=PlaceKind.WAREHOUSE, code=code, name=name, village_code=home.code, lon_deg=home.middle[0],
                    lat_deg=home.middle[1], address=home.name,
                ),
            )
            for (code, name), home in zip(WAREHOUSES, homes, strict=True)
        )  # fmt: skip
    return posts, warehouses


def _hours(capacity: int) -> tuple[Slot, ...]:
    """Spread a day over the morning and the afternoon."""
    morning = capacity * 3 // 5
    return (
        Slot(starts_at="08:00", ends_at="12:00", households=morning),
        Slot(starts_at="13:00", ends_at="15:00", households=capacity - morning),
    )


def _people(work: Work, struck: tuple[DemoVillage, ...], posts: tuple[UUID, ...], warehouses: tuple[UUID, ...]) -> Cast:
    own = {
        Role.WAREHOUSE: tuple(Grant(Role.WAREHOUSE, ScopeKind.PLACE, str(one)) for one in warehouses[:1]),
        Role.FIELD: (
            *(Grant(Role.FIELD, ScopeKind.PLACE, str(one)) for one in posts[:POSTS_NEAR]),
            Grant(Role.FIELD, ScopeKind.VILLAGE, struck[2].code),
        ),
        Role.VILLAGE: (Grant(Role.VILLAGE, ScopeKind.VILLAGE, struck[0].code),),
    }
    actors = {}
    with work.by(SYSTEM) as tx:
        for one in PEOPLE:
            grants = own.get(one.role, (Grant(one.role),))
            person_id = add_person(
                tx,
                AddPerson(
                    username=one.username, name=one.name, password=PASSWORD, grants=grants, must_change_password=False
                ),
            )
            actors[one.username] = Actor(
                kind="person", id=str(person_id), name=one.name, regency_code=CODE, time_zone=TIME_ZONE, grants=grants
            )
    return Cast(actors=actors)


def _stock(work: Work, warehouses: tuple[UUID, ...], today: date) -> None:
    with work.by(SYSTEM) as tx:
        known = {item.code: item.id for item in items(tx)}

        def line(batch: DemoBatch) -> ReceiveLine:
            return ReceiveLine(
                item_id=known[batch.item_code], quantity_milli=Milli(batch.amount * 1000),
                funding_source=batch.funding, value_rp=Rupiah(batch.amount * batch.unit_price_rp),
                expires_on=today + timedelta(days=batch.expires_in) if batch.expires_in is not None else None,
            )  # fmt: skip

        for place, warehouse in enumerate(warehouses):
            for funding in dict.fromkeys(one.funding for one in BATCHES if one.warehouse == place):
                mine = tuple(line(one) for one in BATCHES if (one.warehouse, one.funding) == (place, funding))
                receive(
                    tx,
                    Receive(
                        to_place_id=warehouse, lines=mine,
                        incoming_document=f"BAST/{funding.value.upper()}/{place + 1:02d}/DEMO",
                    ),
                )  # fmt: skip
        taken = receive(
            tx,
            Receive(to_place_id=warehouses[0], lines=(line(EXPIRED),), incoming_document="BAST/LAMA/01/DEMO"),
        )
        quarantine = next(one for one in places(tx, kinds=[PlaceKind.QUARANTINE]) if one.parent_id == warehouses[0])
        transfer(
            tx,
            Transfer(
                from_place_id=warehouses[0], to_place_id=quarantine.id, reason="Kedaluwarsa",
                lines=(BatchLine(batch_id=taken.batches[0].batch_id, quantity_milli=Milli(EXPIRED.amount * 1000)),),
            ),
        )  # fmt: skip


# ---------------------------------------------------------------- the flood


def _flood(
    story: Story, world: DemoWorld, struck: tuple[DemoVillage, ...], cast: Cast, posts: tuple[UUID, ...],
    households: int,
) -> Iterator[str]:  # fmt: skip
    work = story.work
    story.at(-_DAYS_AGO, 6, 10)
    first_on = story.today - timedelta(days=_DAYS_AGO)
    observed = story.clock.now() - timedelta(minutes=40)
    with work.by(cast["bpbd"]) as tx:
        opened = zones.open_incident(
            tx,
            zones.OpenIncident(
                name=INCIDENT, hazard=Hazard.TIDAL_SURGE, started_at=observed - timedelta(hours=3),
                place_text=f"Pesisir {struck[0].name} dan sekitarnya",
                chronology="Gelombang pasang disertai hujan lebat merendam permukiman pesisir sejak dini hari.",
            ),
        )  # fmt: skip
        zones.record_decree(
            tx,
            zones.RecordDecree(
                incident_id=opened.id, number=f"300.2/{first_on:%m%d}/KPTS/{first_on.year}", dated_on=first_on,
                first_on=first_on, last_on=first_on + timedelta(days=13), days_said=14,
                area_text=", ".join(one.name for one in struck),
            ),
        )  # fmt: skip
        posted = zones.post_zone(
            tx,
            zones.PostZone(
                incident_id=opened.id, name=f"Pesisir {struck[0].name}", observed_at=observed,
                severity=Severity.HEAVY, access=Access.ROAD, source="Pusdalops BPBD, kaji cepat",
                outline=_outline(world, struck, households), counts=_counts(struck),
            ),
        )  # fmt: skip
        island = world.villages[-1]
        far = zones.post_zone(
            tx,
            zones.PostZone(
                incident_id=opened.id, name=f"Pulau {island.name}", observed_at=observed, severity=Severity.MEDIUM,
                access=Access.BOAT, source="Laporan kepala desa lewat radio",
                regions=(zones.ListRegion(code=island.code, name=island.name, rw="001"),),
            ),
        )  # fmt: skip
    for version in (posted.version_id, far.version_id):
        work.run(cast["bpbd"], lambda tx, version=version: matching.match_version(tx, version))  # type: ignore[misc]
    story.at(-_DAYS_AGO, 6, 24)
    officer = cast["logistik"]
    sure = work.run(officer, lambda tx: deciding.confirm_certain(tx, opened.id))
    decided = _decide(work, officer, opened.id)
    yield f"{INCIDENT}: {sure} keluarga pasti, {decided} diperiksa"

    story.at(-_DAYS_AGO, 6, 40)
    with work.by(officer) as tx:
        view = incident_by_id(tx, opened.id)
        standard = week.standard_in_force(tx)
        assert standard is not None
        planned = week.plan_week(tx, view, first_on, standard.id, fit_to_stock=True)
    story.at(-_DAYS_AGO, 6, 55)
    approved = work.run(cast["logistik2"], lambda tx: approve_round(tx, planned.round_id))
    yield f"Rencana satu minggu: {approved.packages} paket, stok dicadangkan"
    served = 0
    for day in range(-_DAYS_AGO, 1):
        # The first day's goods leave in the morning, every other day's the afternoon before.
        if story.at(day, 7, 30) if day == -_DAYS_AGO else story.at(day - 1, 16):
            send(story, cast["gudang"], officer, planned.round_id, story.today + timedelta(days=day))
        if story.at(day, 9):
            served += serve(story, cast["tagana"], planned.round_id, posts[0], day, INCIDENT, 0.9 if day < 0 else 0.4)
    yield f"{served} keluarga sudah menerima paketnya"


def _outline(world: DemoWorld, struck: tuple[DemoVillage, ...], households: int) -> str:
    """Draw the flood's edge: a wavy ring around the main settlement, wide enough for the households it is to touch.

    It cuts villages, so that certain, probable and doubtful households all appear.
    """
    chance = Random(world.seed + 7)
    lon, lat = struck[0].middle
    share = sum(one.weight for one in struck) / sum(one.weight for one in world.villages)
    reach = max(math.dist(one.middle, (lon, lat)) for one in struck[:3])
    # A small district has few people: the ring is drawn for the story's share of 34,000, whatever the size.
    wanted = min(1.0, TARGET_AFFECTED / 34_000 / share)
    radius = reach * (0.55 + 0.5 * wanted)
    waves = [(chance.randrange(2, 7), chance.uniform(0, math.tau), chance.uniform(0.03, 0.1)) for _ in range(4)]
    ring = []
    for step in range(72):
        turn = math.tau * step / 72
        away = radius * (1 + sum(size * math.sin(times * turn + start) for times, start, size in waves))
        ring.append([round(lon + away * math.cos(turn), 6), round(lat + away * math.sin(turn), 6)])
    assert households > 0
    return json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})


def _counts(struck: tuple[DemoVillage, ...]) -> tuple[zones.ReportCount, ...]:
    """BPBD's first report: a number, being counted, none; and KK and jiwa that changed places once."""
    number, pending = CountState.NUMBER, CountState.PENDING
    return (
        zones.ReportCount(village_code=struck[0].code, kind=CountKind.HOUSEHOLDS, count=Count(number, 640)),
        zones.ReportCount(village_code=struck[0].code, kind=CountKind.PERSONS, count=Count(number, 2310)),
        zones.ReportCount(village_code=struck[0].code, kind=CountKind.DISPLACED, count=Count(number, 415)),
        zones.ReportCount(village_code=struck[1].code, kind=CountKind.HOUSEHOLDS, count=Count(pending)),
        zones.ReportCount(village_code=struck[2].code, kind=CountKind.HOUSEHOLDS, count=Count(number, 508)),
        zones.ReportCount(village_code=struck[2].code, kind=CountKind.PERSONS, count=Count(number, 141)),
        zones.ReportCount(village_code=struck[2].code, kind=CountKind.DISPLACED, count=Count(CountState.ZERO)),
    )


def _decide(work: Work, officer: Actor, incident_id: UUID) -> int:
    """Decide on a part of the probable and the doubtful; the others wait for whoever tries the demonstration."""
    with work.read_by(officer) as tx:
        probable = affected(
            tx, incident_id, confidence=Confidence.PROBABLE, state=AffectedState.PROPOSED, limit=60
        ).lines
        doubtful = affected(
            tx, incident_id, confidence=Confidence.TO_VERIFY, state=AffectedState.PROPOSED, limit=8
        ).lines
    yes = tuple(line.household_id for line in probable)
    no = tuple(line.household_id for line in doubtful)
    with work.by(officer) as tx:
        if yes:
            deciding.decide_affected(tx, deciding.Decide(incident_id=incident_id, household_ids=yes, is_affected=True))
        if no:
            deciding.decide_affected(
                tx,
                deciding.Decide(
                    incident_id=incident_id, household_ids=no, is_affected=False,
                    reject_reason=RejectReason.NOT_AFFECTED, note="Diperiksa TRC: rumah tidak terendam",
                ),
            )  # fmt: skip
    return len(yes) + len(no)
