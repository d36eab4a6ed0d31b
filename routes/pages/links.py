"""Tautan: where households stand on their way through the registry, and what ends it: graduation, death, move."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict
from core.i18n import say
from core.measures import print_count, print_day, print_instant
from core.permissions import may
from core.work import Tx
from registry_link.households import departures, splitting
from registry_link.households.departures import DepartureLine, RecordDeparture
from registry_link.households.linking import Step
from registry_link.households.splitting import MoveMember
from registry_link.households.states import ENDED_LINKS, DepartureKind, LinkAct, LinkState, Relation
from registry_link.links import commands, queries
from registry_link.links.commands import EndLink, SendVillage
from registry_link.links.counting import link_counts
from registry_link.proposals import queries as proposals
from registry_link.proposals.queries import ProposalView
from registry_link.proposals.states import ProposalState
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form, page_number
from routes.sources import source_name
from routes.texts import gettext as _
from routes.texts import why_not

pages = Blueprint("links", __name__, url_prefix="/registri/tautan")
GOOD: Final = (LinkState.DUKCAPIL_MATCHED, LinkState.FIELD_VERIFIED, LinkState.REGISTERED)
BAD: Final = (LinkState.DUKCAPIL_UNMATCHED, LinkState.FIELD_REJECTED, LinkState.REFUSED, LinkState.RETURNED)
WARN: Final = (LinkState.DUKCAPIL_TYPO, LinkState.DUPLICATE_SUSPECTED, LinkState.FIELD_PENDING)
STAGES: Final[tuple[tuple[str, tuple[LinkState, ...]], ...]] = (
    ("new", (LinkState.IMPORTED, LinkState.DUPLICATE_SUSPECTED)),
    ("dukcapil", (LinkState.DUKCAPIL_PENDING, LinkState.DUKCAPIL_MATCHED, LinkState.DUKCAPIL_TYPO,
                  LinkState.DUKCAPIL_UNMATCHED)),
    ("field", (LinkState.FIELD_PENDING, LinkState.FIELD_VERIFIED, LinkState.FIELD_REJECTED)),
    ("proposal", (LinkState.PROPOSED, LinkState.ACCEPTED, LinkState.REFUSED, LinkState.DETERMINED, LinkState.SUBMITTED,
                  LinkState.RETURNED)),
    ("registered", (LinkState.REGISTERED,)),
    ("ended", (LinkState.GRADUATED, LinkState.DECEASED, LinkState.MOVED, LinkState.INACTIVE, LinkState.MERGED)),
)  # fmt: skip


def tone_of(state: LinkState) -> str:
    if state in GOOD:
        return "good"
    if state in BAD:
        return "bad"
    return "warn" if state in WARN else "neutral" if state in ENDED_LINKS else "info"


def section_tabs(current: str) -> list[dict[str, Any]]:
    """Give the parts of the registry's way that the reader may open."""
    actor = context.actor()
    found = [
        ("links", "link.see", _("Keadaan"), url_for("links.index")),
        ("dukcapil", "link.see_files", _("Hasil Dukcapil"), url_for("dukcapil.index")),
        ("field", "link.verify", _("Verifikasi lapangan"), url_for("field.index")),
        ("proposals", "proposal.see", _("Usulan desa"), url_for("proposals.index")),
        ("lists", "proposal.see_lists", _("Daftar ke kementerian"), url_for("proposals.lists")),
    ]
    return [
        {"label": label, "href": href, "is_current": key == current}
        for key, right, label, href in found
        if may(actor, right)
    ]


# ---------------------------------------------------------------- where they stand


@pages.get("")
@guard.requires("link.see")
def index() -> str:
    return _index(Form())


@pages.post("/kirim")
@guard.requires("link.manage")
def send() -> str | BaseResponse:
    """Send a village's households to the civil registry, or somebody to their doors."""
    form = Form()
    act = form.choice("act", LinkAct)
    basis_no, basis_on = form.text("basis_no", most=120, least=1), form.day("basis_on")
    village = form.text("village_code", most=20, least=1)
    known = set(LinkState)
    states = tuple(LinkState(one) for one in form.values.getlist("states") if one in known)

    def send_them(tx: Tx) -> str:
        assert act is not None
        assert basis_on is not None
        order = SendVillage(act=act, village_code=village, states=states, basis_no=basis_no, basis_on=basis_on)
        count = print_count(commands.send_village(tx, order), context.lang())
        if act is LinkAct.VISIT:
            flash(_("%(count)s keluarga masuk daftar verifikasi lapangan.", count=count), "good")
            return url_for("field.index")
        flash(_("%(count)s keluarga menunggu hasil Dukcapil.", count=count), "good")
        return url_for("links.index", desa=village)

    answer = form.attempt(lambda: context.submit_once(send_them))
    return answer if answer is not None else make_response(_index(form), 422)


def _index(form: Form) -> str:
    lang = context.lang()
    village = request.args.get("desa", "")
    with context.read() as tx:
        reach = tx.require("link.see")
        villages = [one for one in regions_of(tx, tx.regency_code, Level.VILLAGE) if reach.has_village(one.code)]
        counted = link_counts(tx, village)
        zone = tx.zone
        sendable = may(tx.actor, "link.manage")
    by_state: dict[LinkState, int] = {}
    rows: dict[str, dict[str, int]] = {}
    stage_of = {state: name for name, states in STAGES for state in states}
    for one in counted.counts:
        in_village = rows.setdefault(one.village_code, {})
        in_village[stage_of[one.state]] = in_village.get(stage_of[one.state], 0) + one.households
        by_state[one.state] = by_state.get(one.state, 0) + one.households
    names = {one.code: one for one in villages}
    labels = _stage_labels()
    return render_template(
        "links/index.html", form=form, tabs=section_tabs("links"), village=village, names=names,
        villages=[(one.code, one.full_name) for one in villages],
        stages=[
            {
                "label": labels[name], "total": sum(by_state.get(state, 0) for state in states),
                "states": [
                    {"label": say(state.label, lang), "tone": tone_of(state), "count": by_state[state],
                     "href": url_for("links.listing", keadaan=state.value, desa=village or None)}
                    for state in states if by_state.get(state)
                ],
            }
            for name, states in STAGES
        ],
        rows=[(code, [found.get(name, 0) for name, __ in STAGES]) for code, found in sorted(rows.items())],
        stage_labels=[labels[name] for name, __ in STAGES], total=sum(by_state.values()), sendable=sendable,
        counted=print_instant(counted.counted_at, zone, lang) if counted.is_kept else "",
        acts=[(LinkAct.VISIT.value, _("Verifikasi lapangan")), (LinkAct.CHECK.value, _("Pemadanan Dukcapil"))],
        sent_states=[(one.value, say(one.label, lang)) for one in commands.SENT_FROM[LinkAct.VISIT]],
        picked=form.values.getlist("states") or [LinkState.DUKCAPIL_TYPO.value, LinkState.DUKCAPIL_UNMATCHED.value],
    )  # fmt: skip


def _stage_labels() -> dict[str, str]:
    return {
        "new": _("Baru"), "dukcapil": _("Dukcapil"), "field": _("Lapangan"), "proposal": _("Usulan"),
        "registered": _("Terdaftar"), "ended": _("Berakhir"),
    }  # fmt: skip


@pages.get("/daftar")
@guard.requires("link.see")
def listing() -> str:
    lang = context.lang()
    asked = request.args.get("keadaan", "")
    village = request.args.get("desa", "")
    page = page_number(0)
    try:
        after = UUID(request.args.get("sesudah", "")) if page else None
    except ValueError:
        after, page = None, 0
    states = (LinkState(asked),) if asked in set(LinkState) else ()
    with context.read() as tx:
        reach = tx.require("link.see")
        villages = [one for one in regions_of(tx, tx.regency_code, Level.VILLAGE) if reach.has_village(one.code)]
        found = queries.links(tx, states=states, village_code=village, after=after)
    names = {one.code: one.full_name for one in villages}

    def here(number: int) -> str:
        last = found.lines[-1].household_id if number and found.lines else None
        return url_for(
            "links.listing", keadaan=asked or None, desa=village or None, hal=number or None, sesudah=last
        )  # fmt: skip

    return render_template(
        "links/listing.html", tabs=section_tabs("links"), asked=asked, village=village, page=page, found=found,
        here=here, villages=[(one.code, one.full_name) for one in villages],
        states=[(one.value, say(one.label, lang)) for one in LinkState],
        lines=[
            {"view": one, "village": names.get(one.village_code, one.village_code), "state": say(one.state.label, lang),
             "tone": tone_of(one.state)}
            for one in found.lines
        ],
    )  # fmt: skip


# ---------------------------------------------------------------- one household's way


@pages.get("/keluarga/<uuid:household_id>")
@guard.requires("link.see")
def show(household_id: UUID) -> str:
    return _show(household_id, Form())


@pages.post("/keluarga/<uuid:household_id>/meninggal")
@guard.requires("link.record")
def die(household_id: UUID) -> str | BaseResponse:
    return _depart(household_id, DepartureKind.DIED)


@pages.post("/keluarga/<uuid:household_id>/pindah")
@guard.requires("link.record")
def leave(household_id: UUID) -> str | BaseResponse:
    is_within = request.form.get("kind") == DepartureKind.MOVED_WITHIN.value
    return _depart(household_id, DepartureKind.MOVED_WITHIN if is_within else DepartureKind.MOVED_OUT)


def _depart(household_id: UUID, kind: DepartureKind) -> str | BaseResponse:
    form = Form()
    member_id = form.uuid("member_id") if form.raw("member_id") or kind is DepartureKind.DIED else None
    successor_id = form.uuid("successor_id") if form.raw("successor_id") else None
    event_on, basis_on = form.day("event_on"), form.day("basis_on")
    basis_no = form.text("basis_no", most=120, least=1)
    is_within = kind is DepartureKind.MOVED_WITHIN
    place = {
        name: form.text(name, most=most) if is_within else ""
        for name, most in (("to_village_code", 20), ("rt", 20), ("rw", 20), ("hamlet", 150), ("address", 250))
    }

    def act(tx: Tx) -> str:
        assert event_on is not None
        assert basis_on is not None
        departures.record_departure(
            tx,
            RecordDeparture(
                kind=kind, household_id=household_id, event_on=event_on, basis_no=basis_no, basis_on=basis_on,
                member_id=member_id, successor_id=successor_id, **place,
            ),
        )  # fmt: skip
        flash(_("Dicatat. Berkas registri berikutnya tidak mengembalikannya."), "good")
        reach = tx.require("link.see")
        if is_within and not reach.has_village(place["to_village_code"]):
            return url_for("links.index")
        return url_for("links.show", household_id=household_id)

    answer = form.attempt(lambda: context.submit_once(act))
    return answer if answer is not None else make_response(_show(household_id, form), 422)


@pages.post("/keluarga/<uuid:household_id>/pindah-anggota")
@guard.requires("link.record")
def split(household_id: UUID) -> str | BaseResponse:
    """Move one person into another household of the office, or into a new one."""
    form = Form()
    member_id = form.uuid("member_id")
    successor_id = form.uuid("successor_id") if form.raw("successor_id") else None
    event_on, basis_on = form.day("event_on"), form.day("basis_on")
    basis_no, code = form.text("basis_no", most=120, least=1), form.text("to_code", most=20)
    relation = form.choice("relation", Relation) if code else None
    place = {
        name: form.text(name, most=most) if not code else ""
        for name, most in (("to_village_code", 20), ("rt", 20), ("rw", 20), ("address", 250))
    }

    def act(tx: Tx) -> str:
        assert member_id is not None
        assert event_on is not None
        assert basis_on is not None
        moved = splitting.move_member(
            tx,
            MoveMember(
                household_id=household_id, member_id=member_id, successor_id=successor_id, event_on=event_on,
                basis_no=basis_no, basis_on=basis_on, to_code=code, relation=relation or Relation.OTHER, **place,
            ),
        )  # fmt: skip
        flash(_("Dicatat di keluarga %(code)s. Berkas registri berikutnya tidak mengembalikannya.", code=moved.to_code),
              "good")  # fmt: skip
        is_seen = tx.require("link.see").has_village(moved.to_village_code)
        return url_for("links.show", household_id=moved.to_household_id if is_seen else household_id)

    answer = form.attempt(lambda: context.submit_once(act))
    return answer if answer is not None else make_response(_show(household_id, form), 422)


@pages.post("/keluarga/<uuid:household_id>/batal")
@guard.requires("link.record")
def undo(household_id: UUID) -> BaseResponse:
    """Undo the death or move that the page showed as the last; where it is that no more, the page shows it."""
    departure_id = Form().uuid("departure_id")

    def act(tx: Tx) -> str:
        if departure_id is None:
            raise Conflict("departure.nothing_to_undo")
        departures.undo_departure(tx, household_id, departure_id)
        flash(_("Catatan itu dibatalkan; keadaannya kembali seperti sebelumnya."), "good")
        return url_for("links.show", household_id=household_id)

    try:
        return context.submit_once(act)
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("links.show", household_id=household_id), 303)


@pages.post("/keluarga/<uuid:household_id>/graduasi")
@guard.requires("link.manage")
def graduate(household_id: UUID) -> str | BaseResponse:
    return _by_paper(household_id, is_end=True)


@pages.post("/keluarga/<uuid:household_id>/buka")
@guard.requires("link.manage")
def reopen(household_id: UUID) -> str | BaseResponse:
    return _by_paper(household_id, is_end=False)


def _by_paper(household_id: UUID, *, is_end: bool) -> str | BaseResponse:
    form = Form()
    basis_no, basis_on = form.text("basis_no", most=120, least=1), form.day("basis_on")

    def act(tx: Tx) -> str:
        assert basis_on is not None
        order = EndLink(household_id=household_id, basis_no=basis_no, basis_on=basis_on)
        if is_end:
            commands.graduate(tx, order)
            flash(_("Graduasi dicatat. Keluarga tetap tercatat sebagai warga."), "good")
        else:
            commands.reopen(tx, order)
            flash(_("Catatan registri keluarga ini dibuka lagi."), "good")
        return url_for("links.show", household_id=household_id)

    answer = form.attempt(lambda: context.submit_once(act))
    return answer if answer is not None else make_response(_show(household_id, form), 422)


def _event_of(one: DepartureLine) -> str:
    """Give the code of the sentence that names a death or move as this household sees it."""
    if one.is_arrival:
        return "departure.arrived"
    return "departure.moved_to" if one.other_code else one.kind.label


def _show(household_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.household_links(tx, household_id)
        villages = [
            (one.code, one.full_name) for one in regions_of(tx, tx.regency_code, Level.VILLAGE)
            if one.code != found.home.village_code
        ]  # fmt: skip
        names = {one.code: one.full_name for one in regions_of(tx, tx.regency_code, Level.VILLAGE)}
        proposed: tuple[ProposalView, ...] = ()
        if may(tx.actor, "proposal.see"):
            proposed = proposals.proposals(tx, household_id=household_id, limit=10).rows
        zone, today = tx.zone, tx.today
    home, current = found.home, found.current
    last = next((one.id for one in found.departures if one.undone_at is None and not one.is_arrival), None)
    is_open = any(one.state in (ProposalState.PROPOSED, ProposalState.VERIFIED, ProposalState.DETERMINED,
                                ProposalState.SUBMITTED) for one in proposed)  # fmt: skip
    return render_template(
        "links/show.html", form=form, home=home, village=names.get(home.village_code, home.village_code),
        state=say(current.state.label, lang) if current else "", tone=tone_of(current.state) if current else "neutral",
        current=current, is_ended=current is not None and current.state in ENDED_LINKS, villages=villages,
        people=[(str(one.id), one.name, say(f"relation.{one.relation.value}", lang)) for one in home.residents],
        residents=[
            {"view": one, "relation": say(f"relation.{one.relation.value}", lang),
             "verdict": say(found.verdicts[one.id].label, lang) if one.id in found.verdicts else "",
             "tone": {"matched": "good", "typo": "warn"}.get(found.verdicts[one.id].value, "bad")
             if one.id in found.verdicts else "neutral"}
            for one in home.residents
        ],
        links=[
            {"view": one, "state": say(one.state.label, lang), "tone": tone_of(one.state),
             "source": source_name(one.source, lang)}
            for one in found.links
        ],
        departures=[
            {"view": one, "kind": say(_event_of(one), lang), "at": print_instant(one.at, zone, lang),
             "who": " · ".join(part for part in (one.name, one.other_code) if part)
             or names.get(one.to_village_code or "", ""), "is_last": one.id == last}
            for one in found.departures
        ],
        visits=[
            {"view": one, "outcome": say(one.outcome.label, lang)} for one in found.visits
        ],
        proposals=[
            {"view": one, "kind": say(one.kind.label, lang), "state": say(one.state.label, lang),
             "href": url_for("proposals.show", proposal_id=one.id)}
            for one in proposed
        ],
        steps=[_step(one, lang, zone) for one in found.steps], may_propose=not is_open,
        relations=[
            (one.value, say(f"relation.{one.value}", lang)) for one in Relation if one is not Relation.HEAD
        ],
        today=f"{today:%d/%m/%Y}", blank=Form(MultiDict()),
    )  # fmt: skip


def _step(one: Step, lang: str, zone: Any) -> dict[str, Any]:
    words = []
    reasons = {
        "field_visit": "visit.outcome.", "link_proposal": "link_proposal.reason.", "departure": "departure.kind.",
    }  # fmt: skip
    if one.reason in ("number_changed", "undone"):
        words.append(say(f"link.reason.{one.reason}", lang))
    elif one.subject in reasons and one.reason not in ("withdrawn", "refused", ""):
        words.append(say(reasons[one.subject] + one.reason, lang))
    if one.basis_no:
        number = _("Dasar: %(number)s", number=one.basis_no)
        words.append(f"{number}, {print_day(one.basis_on, lang)}" if one.basis_on else number)
    href = None
    if one.subject == "dukcapil_file" and may(context.actor(), "link.see_files"):
        href = url_for("dukcapil.show", file_id=one.subject_id)
    elif one.subject == "link_proposal" and may(context.actor(), "proposal.see"):
        href = url_for("proposals.show", proposal_id=one.subject_id)
    return {
        "at": print_instant(one.at, zone, lang), "iso": one.at.isoformat(), "who": one.by_name, "href": href,
        "what": say(f"link.act.{one.act}", lang), "why": " · ".join(words), "tone": tone_of(LinkState(one.after)),
    }  # fmt: skip
