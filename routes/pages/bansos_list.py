"""Bansos: the list of a term: proposing, leaving out with a reason, adding, verifying."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Refused
from core.i18n import say
from core.measures import print_count
from core.permissions import may
from core.work import Tx
from logistics.programmes import commands, queries
from logistics.programmes.overlaps import overlaps, overlaps_of
from logistics.programmes.queries import EntryView, TermView
from logistics.programmes.states import EntryState, Origin, TermState, Unit
from registry_link.households.queries import (
    HouseholdView,
    SearchHouseholds,
    household,
    households_by_ids,
    search_households,
)
from registry_link.regions.queries import RegionView, regions
from routes import context, guard
from routes.forms import Form, page_number
from routes.pages.bansos import term_frame, term_href
from routes.pages.bansos_term import shown_district
from routes.sources import drawn_lines
from routes.texts import gettext as _

pages = Blueprint("bansos_list", __name__, url_prefix="/bansos/<slug>/<int:no>/daftar")
PER_PAGE = 50
STATES = {
    "calon": EntryState.CANDIDATE, "usulan": EntryState.PROPOSED, "diperiksa": EntryState.VERIFIED,
    "ditetapkan": EntryState.DETERMINED, "dikeluarkan": EntryState.EXCLUDED,
}  # fmt: skip
_TONES = {
    EntryState.CANDIDATE: "neutral", EntryState.PROPOSED: "info", EntryState.VERIFIED: "info",
    EntryState.DETERMINED: "good", EntryState.EXCLUDED: "bad",
}  # fmt: skip


@pages.get("")
@guard.requires("bansos.see")
def show(slug: str, no: int) -> str:
    return _show(slug, no, Form())


def _show(slug: str, no: int, form: Form) -> str:
    lang = context.lang()
    region, state = request.args.get("wilayah", "")[:20], request.args.get("keadaan", "")
    number = page_number()
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        found = queries.entries(
            tx, term.id, states=[STATES[state]] if state in STATES else (), village_code=region, limit=PER_PAGE,
            offset=(number - 1) * PER_PAGE,
        )  # fmt: skip
        villages = queries.village_counts(tx, term.id)
        names = _names(tx, [one.village_code for one in villages])
        is_officer = may(tx.actor, "bansos.propose") and tx.require("bansos.propose").is_all
        own = queries.proposed_by(tx, term.id, tx.actor.id) if may(tx.actor, "bansos.verify") else 0
        lines = [_line(one, lang) for one in found.rows]
        drawn = drawn_lines(tx, "term", [term.id], lang)
        beside = {
            entry: [one.sentence(lang) for one in told]
            for entry, told in overlaps_of(tx, term.id, [one.id for one in found.rows]).items()
        }
    counts = {
        word: sum(one.by_state.get(kept, 0) for one in villages if one.village_code.startswith(region))
        for word, kept in STATES.items()
    }

    def here(**changed: Any) -> str:
        kept = {"wilayah": region, "keadaan": state, **changed}
        return url_for("bansos_list.show", slug=slug, no=no, **{key: value for key, value in kept.items() if value})

    is_open = term.state is TermState.DRAFT
    return render_template(
        "bansos/list.html", form=form, lines=lines, overlaps=beside, total=found.total, number=number,
        per_page=PER_PAGE, last=max(1, -(-found.total // PER_PAGE)), here=here, region=region, state=state,
        counts=counts, drawn=drawn,
        regions=_region_options(names), region_name=names[region].title if region in names else "",
        states=[(word, say(f"term_entry.state.{one.value}", lang)) for word, one in STATES.items()],
        may_change=is_open and may(context.actor(), "bansos.propose"), is_officer=is_officer,
        may_edit=is_open and may(context.actor(), "bansos.edit"), own_proposals=own, is_open=is_open,
        unit=say(f"programme.unit.{term.unit.value}", lang), is_listing_cards=term.unit is Unit.CARD,
        **term_frame(term, "list"),
    )  # fmt: skip


def _line(one: EntryView, lang: str) -> dict[str, Any]:
    origins = {Origin.CRITERIA: _("kriteria"), Origin.FILE: _("berkas SK"), Origin.ADDED: _("ditambahkan")}
    return {
        "view": one, "state": one.state_label(lang), "tone": _TONES[one.state], "origin": origins[one.origin],
        "place": f"{one.village_name} RT {one.rt or '—'}/{one.rw or '—'}", "reason": one.reason(lang),
        "is_candidate": one.state is EntryState.CANDIDATE, "is_proposed": one.state is EntryState.PROPOSED,
        "is_out": one.state is EntryState.EXCLUDED,
    }  # fmt: skip


def _names(tx: Tx, village_codes: list[str]) -> dict[str, RegionView]:
    districts = {code.rpartition(".")[0] for code in village_codes}
    return {one.code: one for one in regions(tx, sorted({*village_codes, *districts}))}


def _region_options(names: dict[str, RegionView]) -> list[tuple[str, str]]:
    """Districts with their villages below them, as the list has them."""
    return [
        (code, ("" if code.count(".") == 2 else "\u2003") + one.title) for code, one in sorted(names.items())
    ]  # fmt: skip


def _back(form: Form, term: TermView) -> str:
    """Give the address the reader came from, when it is one of this list's."""
    back, own = form.raw("back"), term_href(term, "daftar")
    return back if back == own or back.startswith(own + "?") else own


@pages.get("/tumpang-tindih")
@guard.requires("bansos.see")
def overlapping(slug: str, no: int) -> str:
    """Show whom the list shares with other terms and with relief of the last weeks; nobody is dropped for it."""
    lang = context.lang()
    number = page_number()
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        found = overlaps(tx, term.id, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
        homes = {
            one.id: one for one in households_by_ids(tx, [one.household_id for one in found.rows], purpose="bansos")
        }
    return render_template(
        "bansos/overlaps.html", per_page=PER_PAGE, total=found.total, number=number,
        last=max(1, -(-found.total // PER_PAGE)), unit=say(f"programme.unit.{term.unit.value}", lang),
        occasions=[{"text": one.sentence(lang), "entries": one.entries} for one in found.by_occasion],
        lines=[
            {"view": one, "home": homes.get(one.household_id), "told": [told.sentence(lang) for told in one.overlaps]}
            for one in found.rows
        ],
        **term_frame(term, "list"),
    )  # fmt: skip


# ---------------------------------------------------------------- proposing


@pages.post("/usulkan")
@guard.requires("bansos.propose")
def propose(slug: str, no: int) -> str | BaseResponse:
    """Propose the ticked candidates, or all that stand in the filtered villages."""
    form = Form()
    basis = form.text("basis", most=200)
    chosen = tuple(UUID(one) for one in form.values.getlist("entry") if len(one) == 36)
    is_all = form.raw("which") == "all"
    if not is_all and not chosen:
        form.fail("which", "term.tick_somebody")

    def act(tx: Tx) -> str:
        term = queries.term(tx, slug, no)
        count = commands.propose(
            tx,
            commands.Propose(
                term_id=term.id, entry_ids=() if is_all else chosen, basis=basis,
                village_code=request.args.get("wilayah", "")[:20] if is_all else "",
            ),
        )  # fmt: skip
        flash(_("%(count)s calon diusulkan.", count=print_count(count, context.lang())), "good")
        return _back(form, term)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(slug, no, form), 422)


@pages.post("/<uuid:entry_id>/tarik")
@guard.requires("bansos.propose")
def withdraw(slug: str, no: int, entry_id: UUID) -> BaseResponse:
    return _change(slug, no, lambda tx: commands.withdraw_proposal(tx, entry_id), _("Usulan ditarik."))


@pages.post("/<uuid:entry_id>/kembalikan")
@guard.requires("bansos.propose")
def restore(slug: str, no: int, entry_id: UUID) -> BaseResponse:
    return _change(slug, no, lambda tx: commands.restore_entry(tx, entry_id), _("Kembali menjadi calon."))


def _change(slug: str, no: int, act: Any, said: str) -> BaseResponse:
    form = Form()
    if form.attempt(lambda: (context.write(act), True)) is not None:
        flash(said, "good")
    for error in form.errors:
        flash(error["text"], "bad")
    with context.read() as tx:
        return redirect(_back(form, queries.term(tx, slug, no)), 303)


@pages.get("/<uuid:entry_id>/keluarkan")
@guard.requires("bansos.propose")
def leaving_out(slug: str, no: int, entry_id: UUID) -> str:
    return _leaving_out(slug, no, entry_id, Form())


@pages.post("/<uuid:entry_id>/keluarkan")
@guard.requires("bansos.propose")
def leave_out(slug: str, no: int, entry_id: UUID) -> str | BaseResponse:
    form = Form()
    reason = form.text("reason", most=300, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        commands.exclude_entry(tx, commands.Exclude(entry_id=entry_id, reason=reason))
        flash(_("Dikeluarkan dari daftar. Alasannya tersimpan pada barisnya."), "good")
        return _back(form, queries.term(tx, slug, no))

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_leaving_out(slug, no, entry_id, form), 422)


def _leaving_out(slug: str, no: int, entry_id: UUID, form: Form) -> str:
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        line = _line(queries.entry(tx, entry_id), context.lang())
    back = form.raw("back") or request.args.get("kembali", "")
    return render_template("bansos/leave_out.html", form=form, line=line, back=back, **term_frame(term, "list"))


# ---------------------------------------------------------------- adding one


@pages.get("/tambah")
@guard.requires("bansos.propose")
def adding(slug: str, no: int) -> str:
    return _adding(slug, no, Form())


@pages.post("/tambah")
@guard.requires("bansos.propose")
def add(slug: str, no: int) -> str | BaseResponse:
    """Add a household by its code; where persons are counted, ask next which of them."""
    form = Form()
    code = form.text("code", most=40, least=4)
    home: HouseholdView | None = None
    with context.read() as tx:
        counts_persons = queries.term(tx, slug, no).unit is Unit.PERSON
        if form.is_good:
            found = search_households(tx, SearchHouseholds(text=code, limit=2)).lines
            if len(found) == 1:
                home = household(tx, found[0].id)
            else:
                form.fail("code", "term.household_unknown", {"code": code})
    member_id = form.uuid("member") if counts_persons and form.raw("member") else None
    if form.is_good and counts_persons and member_id is None:
        return _adding(slug, no, form, home)

    def act(tx: Tx) -> str:
        assert home
        term = queries.term(tx, slug, no)
        commands.add_entry(tx, commands.AddEntry(term_id=term.id, household_id=home.id, member_id=member_id))
        flash(_("%(name)s masuk daftar sebagai calon.", name=home.head_name), "good")
        return term_href(term, "daftar?keadaan=calon")

    try:
        done = form.attempt(lambda: context.submit_once(act))
    except Refused as refused:
        if refused.status != 404:
            raise
        form.refuse(refused, "code")
        done = None
    return done if done is not None else make_response(_adding(slug, no, form, home if counts_persons else None), 422)


def _adding(slug: str, no: int, form: Form, home: HouseholdView | None = None) -> str:
    with context.read() as tx:
        term = queries.term(tx, slug, no)
    return render_template(
        "bansos/add.html", form=form, home=home,
        members=[(str(one.id), one.name, say(f"relation.{one.relation.value}", context.lang())) for one in home.members]
        if home else [],
        **term_frame(term, "list"),
    )  # fmt: skip


# ---------------------------------------------------------------- a second officer verifies


@pages.get("/periksa")
@guard.requires("bansos.verify")
def verifying(slug: str, no: int) -> str:
    return _verifying(slug, no, Form())


@pages.post("/periksa")
@guard.requires("bansos.verify")
def verify(slug: str, no: int) -> str | BaseResponse:
    form = Form()

    def act(tx: Tx) -> str:
        term = queries.term(tx, slug, no)
        count = commands.verify_list(tx, term.id)
        flash(_("%(count)s penerima diperiksa. Sekarang kepala dinas menetapkan.",
                count=print_count(count, context.lang())), "good")  # fmt: skip
        return term_href(term)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_verifying(slug, no, form), 422)


def _verifying(slug: str, no: int, form: Form) -> str:
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        districts = queries.district_counts(tx, term.id)
        names = {one.code: one.name for one in regions(tx, [one.district_code for one in districts])}
        own = queries.proposed_by(tx, term.id, tx.actor.id)
    return render_template(
        "bansos/verify.html", form=form, districts=[shown_district(one, names) for one in districts], own=own,
        count=sum(one.by_state.get(EntryState.PROPOSED, 0) for one in districts),
        left=sum(one.by_state.get(EntryState.CANDIDATE, 0) for one in districts),
        unit=say(f"programme.unit.{term.unit.value}", context.lang()), **term_frame(term, "list"),
    )  # fmt: skip
