"""The line from a posted area to a handover, one step per function, each by the command the product itself uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from uuid import UUID, uuid5

import sqlalchemy as sa
from flask import Flask
from pypdf import PdfReader
from sqlalchemy.engine import Engine

from core.actor import Actor, Role, system
from core.clock import FixedClock
from core.crypto import ring, use_ring
from core.ids import NAMESPACE
from core.measures import Milli
from core.work import Tx, Work
from logistics.dispatch import commands as dispatching
from logistics.dispatch import queries as loads
from logistics.handover import commands as handing
from logistics.handover import queries as served
from logistics.handover.rules import Fact, FactLine, Recipient, sha256, write_fact, write_recipient
from logistics.handover.states import RecipientKind
from logistics.packages.queries import PackageView, counts_of, package, packages, round_by_id
from logistics.packages.states import PackageState
from logistics.planning.commands import PlanSummary, approve_round
from logistics.planning.need import need
from logistics.zones import affected, deciding, matching, week
from logistics.zones import commands as zones
from logistics.zones import queries as areas
from logistics.zones.states import Hazard, Severity
from routes import papers
from routes.checks import prove_all
from tests.flows.district import a_district
from tests.support.builders import REGENCY, an_actor
from tests.support.databases import Run

MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
"""The instant of the clock in ``tests/conftest.py``; in the district's own zone it is eleven o'clock."""
OCCASION = "Banjir Contoh"
BPBD = an_actor(Role.BPBD)
OFFICER = an_actor(Role.LOGISTICS)
SECOND = replace(an_actor(Role.LOGISTICS), id=str(uuid5(NAMESPACE, "test/second officer")), name="Petugas kedua")
HEAD = an_actor(Role.HEAD)
A, B, C, D, E, F = (f"99.01.{district:02d}.{village}" for district in (1, 2) for village in (2001, 2002, 2003))
"""The six villages of the invented district, in its order."""


def polygon(*ring: tuple[float, float]) -> str:
    """Write an outline of these corners, closed, as GeoJSON."""
    return json.dumps({"type": "Polygon", "coordinates": [[list(point) for point in (*ring, ring[0])]]})


def box(west: float, south: float, east: float, north: float) -> str:
    return polygon((west, south), (east, south), (east, north), (west, north))


A_AND_HALF_OF_B = box(130.995, -8.005, 131.03, -7.98)
"""Holds village A wholly and the western half of B."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """A running incident with its decree; nothing is posted yet."""

    incident_id: UUID
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentWeek:
    """An approved round whose goods are at the posts."""

    incident_id: UUID
    slug: str
    round_id: UUID
    warehouse_id: UUID
    posts: tuple[UUID, ...]
    packages: tuple[PackageView, ...]
    """Those that may be handed over, by code."""

    def at(self, post_id: UUID) -> tuple[PackageView, ...]:
        return tuple(one for one in self.packages if one.row.post_id == post_id)


# ---------------------------------------------------------------- steps


def open_flood(work: Work, name: str = OCCASION, *, actor: Actor = BPBD, days: int = 14) -> Flood:
    """Open an incident that began five hours ago, with a decree of so many days from today."""
    with work.by(actor) as tx:
        opened = zones.open_incident(
            tx, zones.OpenIncident(name=name, hazard=Hazard.FLOOD, started_at=tx.now - timedelta(hours=5))
        )
        zones.record_decree(
            tx,
            zones.RecordDecree(
                incident_id=opened.id, number=f"SK/{opened.slug}", dated_on=tx.today, first_on=tx.today,
                last_on=tx.today + timedelta(days=days - 1), days_said=days,
            ),
        )  # fmt: skip
    return Flood(incident_id=opened.id, slug=opened.slug)


def an_area(flood: Flood, now: datetime = MONDAY, **more: object) -> zones.PostZone:
    """The order of an area: A, half of B, and village F by its code, unless said otherwise."""
    order = zones.PostZone(
        incident_id=flood.incident_id, name="Bantaran", observed_at=now, severity=Severity.HEAVY,
        outline=A_AND_HALF_OF_B, regions=(zones.ListRegion(code=F),),
    )  # fmt: skip
    return replace(order, **more)  # type: ignore[arg-type]


def post(work: Work, order: zones.PostZone, *, actor: Actor = BPBD) -> zones.PostedZone:
    """Post an area and match it, as the product does right after the commit."""
    posted = work.run(actor, lambda tx: zones.post_zone(tx, order))
    work.run(actor, lambda tx: matching.match_version(tx, posted.version_id))
    return posted


def confirm_certain(work: Work, incident_id: UUID, *, actor: Actor = OFFICER) -> int:
    return work.run(actor, lambda tx: deciding.confirm_certain(tx, incident_id))


def plan(work: Work, incident_id: UUID, *, actor: Actor = OFFICER) -> PlanSummary:
    def act(tx: Tx) -> PlanSummary:
        view = areas.incident_by_id(tx, incident_id)
        standard, first_on = week.standard_in_force(tx), week.next_week(tx, view)
        assert standard is not None and first_on is not None
        return week.plan_week(tx, view, first_on, standard.id)

    return work.run(actor, act)


def approve(work: Work, round_id: UUID, *, actor: Actor = SECOND) -> None:
    work.run(actor, lambda tx: approve_round(tx, round_id))


def send_all(work: Work, round_id: UUID, *, actor: Actor = OFFICER) -> list[dispatching.Sent]:
    """Send everything that the warehouses keep for the round."""
    with work.read_by(actor) as tx:
        waiting = loads.to_send(tx, round_id)

    def send(tx: Tx, one: loads.PickList) -> dispatching.Sent:
        return dispatching.send_to_post(
            tx,
            dispatching.SendToPost(
                round_id=round_id, post_id=one.post.id, serve_on=one.serve_on, warehouse_id=one.warehouse.id,
                vehicle="Truk",
            ),
        )  # fmt: skip

    return [work.run(actor, lambda tx, one=one: send(tx, one)) for one in waiting]  # type: ignore[misc]


def of_office(actor: Actor, code: str) -> Actor:
    return replace(actor, regency_code=code)


def a_sent_week(work: Work, order: zones.PostZone | None = None, *, code: str = REGENCY) -> UUID:
    """Walk from nothing but the district to goods at the posts; gives the round."""
    bpbd, officer, second = (of_office(one, code) for one in (BPBD, OFFICER, SECOND))
    flood = open_flood(work, OCCASION if code == REGENCY else f"Longsor {code}", actor=bpbd)
    order = an_area(flood, work.clock.now()) if order is None else replace(order, incident_id=flood.incident_id)
    post(work, order, actor=bpbd)
    confirm_certain(work, flood.incident_id, actor=officer)
    planned = plan(work, flood.incident_id, actor=officer)
    approve(work, planned.round_id, actor=second)
    send_all(work, planned.round_id, actor=officer)
    return planned.round_id


def sent_week_of(work: Work, code: str = REGENCY) -> SentWeek:
    """Read the only round there is, with its packages at the posts."""
    with work.read_by(of_office(OFFICER, code)) as tx:
        flood = areas.incidents(tx)[0]
        found = week.current_round(tx, flood.id)
        assert found is not None
        rows = packages(tx, found.id, states=(PackageState.LOADED,), limit=5000).rows
        sent = loads.loads(tx, found.id)
        return SentWeek(
            incident_id=flood.id, slug=flood.slug, round_id=found.id, warehouse_id=sent[0].warehouse.id,
            posts=tuple(sorted({row.post_id for row in rows if row.post_id})),
            packages=tuple(sorted((package(tx, row.id) for row in rows), key=lambda one: one.row.code)),
        )  # fmt: skip


def field_officer(post_id: UUID, name: str = "") -> Actor:
    """Give somebody who serves at one post; another ``name`` is another person."""
    found = an_actor(Role.FIELD, place_id=post_id)
    return replace(found, id=str(uuid5(NAMESPACE, f"test/{name}")), name=name) if name else found


def an_event(
    work: Work, found: PackageView, *, given: Mapping[str, int] | None = None, recipient: Recipient | None = None,
    kind: RecipientKind = RecipientKind.SELF, partial_reason: str = "", at: datetime | None = None,
    post_id: UUID | None = None, event_id: UUID | None = None, package_id: UUID | None = None,
) -> handing.RecordHandover:  # fmt: skip
    """Write the event of a handover of everything that is due; ``given`` (milli by item code) says something else."""
    person = write_recipient(recipient or Recipient(name="Uji Penerima"))
    amounts = given if given is not None else {line.item_code: line.quantity_milli for line in found.lines}
    where = post_id or found.row.post_id
    assert where is not None
    fact = Fact(
        id=event_id or work.ids.new(), package_id=package_id or found.row.id, post_id=where,
        at=at or work.clock.now(), recipient=kind, partial_reason=partial_reason, person_sha256=sha256(person),
        lines=tuple(FactLine(item_code=code, quantity_milli=Milli(amount)) for code, amount in amounts.items()),
    )  # fmt: skip
    return handing.RecordHandover(payload=write_fact(fact), person=person, occasion=OCCASION)


def record(work: Work, order: handing.RecordHandover, actor: Actor) -> handing.RecordedHandover:
    return work.run(actor, lambda tx: handing.record_handover(tx, order))


def hand_over(work: Work, found: PackageView, actor: Actor | None = None) -> handing.RecordedHandover:
    """Hand over everything that is due to somebody of the household."""
    assert found.row.post_id is not None
    return record(work, an_event(work, found), actor or field_officer(found.row.post_id))


def valid_count(work: Work, round_id: UUID, code: str = REGENCY) -> int:
    with work.read_by(of_office(OFFICER, code)) as tx:
        return sum(1 for one in served.handovers(tx, round_id=round_id, limit=5000) if one.state.value == "valid")


def follow(work: Work, app: Flask, order: zones.PostZone, *, code: str = REGENCY) -> SentWeek:
    """Walk the whole line and check every step: from a posted area to a receipt of every post that anybody can verify,
    and at the end every book."""
    officer = of_office(OFFICER, code)
    round_id = a_sent_week(work, order, code=code)
    with work.read_by(officer) as tx:
        plans = counts_of(tx, round_id)
        incident_id = round_by_id(tx, round_id).incident_id
        assert incident_id is not None
        groups = affected.groups(tx, incident_id)
        shelf = need(tx, round_id)
    assert groups.is_complete
    assert (plans.loaded, plans.waiting) == (groups.confirmed, 0)
    assert not shelf.shortages
    found = sent_week_of(work, code)
    assert len(found.packages) == groups.confirmed > 0
    for post_id in found.posts:
        one = found.at(post_id)[0]
        done = hand_over(work, one, of_office(field_officer(post_id), code))
        with app.test_request_context():
            paper = work.run(officer, partial(papers.print_papers, ids=[done.receipt_id]))
        text = PdfReader(BytesIO(paper)).pages[0].extract_text()
        assert done.number in text
        assert one.row.code in text
        assert one.public_ref is not None
        page = app.test_client().get(f"/v/{ring().token(papers.RECEIPT_KIND, one.public_ref)}")
        assert page.status_code == 200
        assert done.number in page.get_data(as_text=True)
    assert valid_count(work, round_id, code) == len(found.posts)
    assert prove_all(app.extensions["tanggap"], system(code)) == []
    return found


# ---------------------------------------------------------------- households by their place in the district


def households(work: Work) -> dict[str, UUID]:
    """Give every household's id by its external id, ``H-<village>-<n>``."""
    table = sa.table("household", sa.column("id", sa.Uuid()), sa.column("head_name"))
    with work.engine.connect() as connection:
        rows = connection.execute(sa.select(table.c.id, table.c.head_name)).all()
    return {f"H-{row.head_name.split()[1]}": row.id for row in rows if row.head_name.startswith("Uji ")}


# ---------------------------------------------------------------- filled templates (``Run.database(fill=…)``)


def _work_on(engine: Engine, run: Run) -> Work:
    use_ring(run.keys())
    return Work(engine, FixedClock(MONDAY))


def district_only(engine: Engine, run: Run) -> None:
    """The invented district: villages, people, stock, posts."""
    a_district(_work_on(engine, run))


def district_with_sent_week(engine: Engine, run: Run) -> None:
    """The district with a flood, its week planned, approved and at the posts."""
    work = _work_on(engine, run)
    a_district(work)
    a_sent_week(work)
