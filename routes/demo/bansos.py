"""The demonstration's regular assistance: a finished term in cash, and stoves that are being handed out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from core.actor import Actor, Grant, Role, ScopeKind
from core.measures import Milli, Period, Rupiah
from core.work import Tx
from logistics.handover.commands import RecordMiss, record_miss
from logistics.handover.states import MissKind, NextStep
from logistics.packages.queries import contents_at, strip_of
from logistics.packages.states import PackageState
from logistics.planning.commands import approve_round
from logistics.programmes.commands import (
    Determine,
    OpenProgramme,
    OpenTerm,
    Propose,
    TermItem,
    determine,
    open_programme,
    open_term,
    propose,
    verify_list,
)
from logistics.programmes.drawing import DrawList, draw_list
from logistics.programmes.queries import TermView, term_by_id, village_counts
from logistics.programmes.reconciling import CloseTerm, close_term
from logistics.programmes.states import Cadence, EntryState, Form, ProgrammeKind, Unit
from registry_link.households.selection import Criteria
from routes.demo.telling import Cast, Story, send, serve
from routes.demo.world import DemoWorld
from routes.term import issue_nominative, plan_the_term
from stock.items.queries import find_item

STOVES = 20
"""For each kecamatan: 200 families in all, as in the programme this is told after."""
CASH_EACH = Rupiah(600_000)
CASH_FAMILIES = 12
"""For each of two kecamatan."""
_WHY = (
    (MissKind.ABSENT, NextStep.COLLECT_AT_POST), (MissKind.ABSENT, NextStep.INVITE_AGAIN),
    (MissKind.REFUSED, NextStep.RETURN_GOODS), (MissKind.ABSENT, NextStep.VISIT_HOME),
    (MissKind.MOVED, NextStep.VILLAGE_DECIDES), (MissKind.ABSENT, NextStep.COLLECT_AT_POST),
    (MissKind.DECEASED, NextStep.VILLAGE_DECIDES), (MissKind.NOT_FOUND, NextStep.VISIT_HOME),
)  # fmt: skip
"""Why people did not get theirs, and what happens next, in turn."""
CASH_DAY, STOVE_DAY = -20, -3
"""The first days of the two distributions, counted from today."""


def tell_cash(story: Story, world: DemoWorld, cast: Cast, posts: tuple[UUID, ...]) -> Iterator[str]:
    """A term in cash that is over: everybody was called, some did not come, and the minutes say so."""
    districts = tuple(dict.fromkeys(one.district_code for one in world.villages))[:2]
    story.at(-28, 9)
    term = _a_term(
        story, cast,
        OpenProgramme(
            name="Bantuan Tunai Lansia", kind=ProgrammeKind.OWN, form=Form.CASH, unit=Unit.HOUSEHOLD,
            cadence=Cadence.QUARTERLY, supplier="Kas daerah", distributor="Titik pembagian sendiri",
            funding_source="APBD", legal_source="Keputusan bupati (contoh)",
        ),
        name=f"Triwulan {(story.today.month - 1) // 3 + 1} {story.today.year}", months=_quarter(story.today),
        items=(), amount_rp=CASH_EACH, quotas=dict.fromkeys(districts, CASH_FAMILIES), most_decile=1,
    )  # fmt: skip
    _decide(story, cast, term, -27)
    first_on = story.today + timedelta(days=CASH_DAY)
    round_id = _plan(story, cast, term, Period(first_on, first_on + timedelta(days=1)), CASH_DAY - 1)
    served = sum(_serve_everywhere(story, cast, round_id, posts, CASH_DAY + day, term, 0.9) for day in range(2))
    missed = _miss(story, cast, round_id, posts, first_on + timedelta(days=1))
    story.at(-10, 10)
    story.work.run(
        cast["logistik"],
        lambda tx: close_term(
            tx,
            CloseTerm(
                term_id=term.id, minutes_no="BA/07/DEMO",
                minutes="Penerima yang tidak datang sampai batas waktu; uangnya disetor kembali ke kas daerah.",
            ),
        ),
    )  # fmt: skip
    yield f"{term.title}: {served} keluarga menerima, {missed} tidak datang, tahap ditutup"


def tell_stoves(story: Story, world: DemoWorld, cast: Cast, posts: tuple[UUID, ...]) -> Iterator[str]:
    """Stoves for 200 families, 20 in each kecamatan, chosen by decile; the first day has been."""
    districts = tuple(dict.fromkeys(one.district_code for one in world.villages))
    story.at(-9, 9)
    with story.work.read_by(cast["logistik"]) as tx:
        stove = find_item(tx, "kompor_rakyat").id
    term = _a_term(
        story, cast,
        OpenProgramme(
            name="Kompor Rakyat", kind=ProgrammeKind.STOVE, form=Form.GOODS, unit=Unit.HOUSEHOLD,
            cadence=Cadence.ONCE, supplier="Stok Dinas Sosial", distributor="Titik pembagian sendiri",
            funding_source="APBD", legal_source="Keputusan bupati (contoh)",
        ),
        name=f"Tahap I {story.today.year}", months=_quarter(story.today),
        items=(TermItem(item_id=stove, quantity_milli=Milli(1000)),), amount_rp=None,
        quotas=dict.fromkeys(districts, STOVES), most_decile=2,
    )  # fmt: skip
    _decide(story, cast, term, -8)
    first_on = story.today + timedelta(days=STOVE_DAY)
    round_id = _plan(story, cast, term, Period(first_on, first_on + timedelta(days=6)), STOVE_DAY - 1)
    story.at(STOVE_DAY - 1, 15)
    send(story, cast["gudang"], cast["logistik"], round_id, first_on)
    served = _serve_everywhere(story, cast, round_id, posts, STOVE_DAY, term, 0.8)
    missed = _miss(story, cast, round_id, posts, first_on)
    yield f"{term.title}: {served} keluarga menerima, {missed} belum"


def _a_term(
    story: Story, cast: Cast, programme: OpenProgramme, *, name: str, months: Period, items: tuple[TermItem, ...],
    amount_rp: Rupiah | None, quotas: dict[str, int], most_decile: int,
) -> TermView:  # fmt: skip
    def act(tx: Tx) -> TermView:
        opened = open_programme(tx, programme)
        order = OpenTerm(
            programme_id=opened.id, name=name, period=months, items=items, amount_rp=amount_rp, quotas=quotas
        )
        term_id = open_term(tx, order)
        criteria = Criteria(least_decile=1, most_decile=most_decile, districts=tuple(quotas))
        draw_list(tx, DrawList(term_id=term_id, criteria=criteria))
        return term_by_id(tx, term_id)

    return story.work.run(cast["logistik"], act)


def _decide(story: Story, cast: Cast, term: TermView, day: int) -> None:
    """Let the village of the story propose its own, an officer the others on their minutes; then two more people."""
    story.at(day, 10)
    own = next(grant.scope_id for grant in cast["desa"].grants)
    if any(own.startswith(code) for code in term.quotas):
        story.work.run(cast["desa"], lambda tx: _propose(tx, Propose(term_id=term.id, basis="BA Musdes 11/DEMO")))
    story.at(day, 14)
    story.work.run(cast["logistik"], lambda tx: _propose(tx, Propose(term_id=term.id, basis="BA Musdes 03-10/DEMO")))
    story.at(day, 15)
    story.work.run(cast["logistik2"], lambda tx: verify_list(tx, term.id))
    story.at(day + 1, 9)
    decree = Determine(
        term_id=term.id, decree_no=f"460/{term.no:02d}/KPTS/{story.today.year}",
        decree_on=story.today + timedelta(days=day + 1),
    )  # fmt: skip
    story.work.run(cast["kepala"], lambda tx: determine(tx, decree))
    story.work.run(cast["logistik"], lambda tx: issue_nominative(tx, term.id))


def _propose(tx: Tx, order: Propose) -> None:
    """A village without anybody on the list has nothing to propose; in a small demonstration that happens."""
    if any(one.by_state.get(EntryState.CANDIDATE) for one in village_counts(tx, order.term_id)):
        propose(tx, order)


def _plan(story: Story, cast: Cast, term: TermView, days: Period, day: int) -> UUID:
    story.at(day, 9)
    planned = story.work.run(cast["logistik"], lambda tx: plan_the_term(tx, term_by_id(tx, term.id), days))
    story.at(day, 11)
    story.work.run(cast["logistik2"], lambda tx: approve_round(tx, planned.round_id))
    return planned.round_id


def _serve_everywhere(
    story: Story, cast: Cast, round_id: UUID, posts: tuple[UUID, ...], day: int, term: TermView, share: float
) -> int:
    """Serve at every post; the volunteer's own posts are four of them, the story lends the others for the day."""
    officer = _at_all(cast["tagana"], posts)
    story.at(day, 9)
    return sum(serve(story, officer, round_id, post_id, day, term.title, share) for post_id in posts)


def _miss(story: Story, cast: Cast, round_id: UUID, posts: tuple[UUID, ...], on: date) -> int:
    """Say of everybody who was not served on a day why, and what happens next."""
    officer = _at_all(cast["tagana"], posts)
    with story.work.read_by(cast["logistik"]) as tx:
        open_there = [
            content.row.id
            for cell in strip_of(tx, round_id) if cell.serve_on <= on
            for content in contents_at(tx, round_id, cell.post_id, cell.serve_on)
            if content.row.state is PackageState.LOADED
        ]  # fmt: skip
    for n, package_id in enumerate(open_there):
        kind, step = _WHY[n % len(_WHY)]
        order = RecordMiss(package_id=package_id, kind=kind, next_step=step, due_on=on + timedelta(days=1 + n % 9))
        story.work.run(officer, lambda tx, order=order: record_miss(tx, order))  # type: ignore[misc]
    return len(open_there)


def _at_all(volunteer: Actor, posts: tuple[UUID, ...]) -> Actor:
    return Actor(
        kind=volunteer.kind, id=volunteer.id, name=volunteer.name, regency_code=volunteer.regency_code,
        time_zone=volunteer.time_zone,
        grants=tuple(Grant(Role.FIELD, ScopeKind.PLACE, str(one)) for one in posts),
    )  # fmt: skip


def _quarter(today: date) -> Period:
    """Give the months of the quarter a day lies in."""
    first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    after = date(first.year + first.month // 10, (first.month + 3 - 1) % 12 + 1, 1)
    return Period(first, after - timedelta(days=1))
