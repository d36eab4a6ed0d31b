"""Registri: households that may be one, side by side; proposed by one, decided by another, undone by two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.i18n import say
from core.measures import print_day, print_instant
from core.permissions import may
from core.work import Tx
from logistics.packages.queries import packages_of
from logistics.packages.states import PackageState
from registry_link.households import cards as household_cards
from registry_link.households.queries import HouseholdView, household, villages_of_households
from registry_link.identity import commands, queries
from registry_link.identity.queries import Match, PairLine, PairView, ProposalView
from registry_link.identity.states import Evidence, PairState, ProposalState, Verdict
from routes import context, guard
from routes.forms import Form, page_number
from routes.pages.registry import timeline
from routes.sources import source_name
from routes.texts import gettext as _

pages = Blueprint("identity", __name__, url_prefix="/registri/ganda")
PER_PAGE = 50
WAITING = "menunggu"
STATES = {"terbuka": PairState.OPEN, "digabung": PairState.MERGED, "dua": PairState.DISTINCT}
EVIDENCE = {"nik": Evidence.NIK, "nama": Evidence.NAME, "petugas": Evidence.TOLD, "kk": Evidence.KK}
_TONES = {PairState.OPEN: "info", PairState.MERGED: "good", PairState.DISTINCT: "neutral"}
_PROPOSED_TONES = {
    ProposalState.PROPOSED: "info", ProposalState.APPROVED: "good", ProposalState.REFUSED: "bad",
    ProposalState.WITHDRAWN: "neutral",
}  # fmt: skip
_SERVED = (PackageState.HANDED_OVER, PackageState.CANCELLED)


@pages.get("")
@guard.requires("identity.see")
def index() -> str:
    lang = context.lang()
    state, evidence = request.args.get("keadaan", "terbuka"), request.args.get("bukti", "")
    state = state if state in STATES or state == WAITING else "terbuka"
    evidence = evidence if evidence in EVIDENCE else ""
    number = page_number()
    with context.read() as tx:
        counted = queries.counts(tx)
        found = queries.pairs(
            tx, state=STATES.get(state), evidence=EVIDENCE.get(evidence), is_waiting=state == WAITING, limit=PER_PAGE,
            offset=(number - 1) * PER_PAGE,
        )  # fmt: skip
        last = queries.last_search(tx)
        zone = tx.zone

    def here(**changed: Any) -> str:
        kept = {"keadaan": state, "bukti": evidence, **changed}
        return url_for("identity.index", **{key: value for key, value in kept.items() if value})

    tabs = [
        {"label": label, "href": url_for("identity.index", keadaan=word), "count": number, "is_current": word == state}
        for word, label, number in (
            ("terbuka", _("Belum diputuskan"), counted.open), (WAITING, _("Menunggu orang kedua"), counted.waiting),
            ("digabung", _("Digabung"), counted.merged), ("dua", _("Tetap dua"), counted.distinct),
        )
    ]  # fmt: skip
    return render_template(
        "identity/index.html", tabs=tabs, lines=[_row(one, lang) for one in found.lines], total=found.total,
        number=number, per_page=PER_PAGE, last=max(1, -(-found.total // PER_PAGE)), here=here, state=state,
        evidence=evidence, kinds=[(word, say(one.label, lang)) for word, one in EVIDENCE.items()], counted=counted,
        by_evidence=[
            (say(one.label, lang), counted.open_by_evidence[one], url_for("identity.index", bukti=word))
            for word, one in EVIDENCE.items() if counted.open_by_evidence[one]
        ],
        left_out=last.left_out if last else 0, is_searching=last is not None and last.version < 0,
        searched_at=print_instant(last.searched_at, zone, lang) if last and last.version >= 0 else "",
        has_searched=last is not None,
    )  # fmt: skip


def _row(one: PairLine, lang: str) -> dict[str, Any]:
    return {
        "view": one, "evidence": evidence_words(one, lang), "state": say(one.state.label, lang),
        "tone": _TONES[one.state],
        "place": one.first.village_name if one.first.village_code == one.second.village_code
        else f"{one.first.village_name} / {one.second.village_name}",
        "waiting": say(one.waiting.verdict.label, lang) if one.waiting else "",
    }  # fmt: skip


def evidence_words(one: PairLine, lang: str) -> list[str]:
    """Give what speaks for a pair, in words, the strongest first."""
    told = []
    if one.shares_nik:
        told.append(say(Evidence.NIK.label, lang))
    if one.name_permille:
        told.append(say(Evidence.NAME.label, lang))
    if one.shares_kk:
        told.append(say(Evidence.KK.label, lang))
    return told or [say(one.evidence.label, lang)]


@pages.post("/cari-ulang")
@guard.requires("identity.propose")
def search_again() -> BaseResponse:
    def act(tx: Tx) -> str:
        commands.ask_search(tx)
        flash(
            _("Seluruh registri diperiksa ulang di latar; hasilnya muncul di daftar ini dalam beberapa menit."), "good"
        )
        return url_for("identity.index")

    return context.submit_once(act)


# ---------------------------------------------------------------- two that somebody names


@pages.get("/bandingkan")
@guard.requires("identity.propose")
def name_form() -> str:
    """Show the form; ``kode`` of the address fills the first code (a code says nothing of a person)."""
    form = Form(request.args.copy())
    form.values["first_code"] = request.args.get("kode", "")[:20]
    return render_template("identity/name.html", form=form)


@pages.post("/bandingkan")
@guard.requires("identity.propose")
def name() -> str | BaseResponse:
    form = Form()
    order = commands.NamePair(
        first_code=form.text("first_code", most=20, least=1), second_code=form.text("second_code", most=20, least=1)
    )
    done = form.attempt(
        lambda: context.submit_once(
            lambda tx: url_for("identity.show", pair_id=commands.name_pair(tx, order))
        )
    )  # fmt: skip
    return done if done is not None else make_response(render_template("identity/name.html", form=form), 422)


# ---------------------------------------------------------------- further family cards of one household


@pages.get("/kartu/<uuid:household_id>")
@guard.requires("identity.note_card")
def cards(household_id: UUID) -> str:
    return _cards(household_id, Form())


@pages.post("/kartu/<uuid:household_id>")
@guard.requires("identity.note_card")
def note_card(household_id: UUID) -> str | BaseResponse:
    form = Form()
    number = form.text("kk", most=40, least=1)

    def act(tx: Tx) -> str:
        household_cards.note_card(tx, household_id, number)
        flash(_("Nomor KK dicatat. Keluarga ini kini ditemukan juga dengan nomor itu."), "good")
        return url_for("identity.cards", household_id=household_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_cards(household_id, form), 422)


@pages.post("/kartu/hapus/<uuid:card_id>")
@guard.requires("identity.note_card")
def drop_card(card_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=300)

    def act(tx: Tx) -> str:
        household_id = household_cards.drop_card(tx, card_id, note)
        flash(_("Kartu keluarga dilepas dari keluarga ini."), "good")
        return url_for("identity.cards", household_id=household_id)

    done: BaseResponse | None = form.attempt(lambda: context.submit_once(act))
    if done is not None:
        return done
    # Only now: a click twice is answered by what the first one did, when the card is there no more.
    with context.read() as tx:
        household_id = household_cards.household_of_card(tx, card_id)
    return make_response(_cards(household_id, form), 422)


def _cards(household_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        tx.require("identity.note_card").need_village(
            villages_of_households(tx, [household_id]).get(household_id), "household"
        )
        found = household(tx, household_id)
        held = household_cards.cards_of(tx, household_id, is_full=tx.require("household.see").detail == "full")
        zone = tx.zone
    return render_template(
        "identity/cards.html", form=form, household=found,
        cards=[{"view": one, "at": print_instant(one.noted_at, zone, lang)} for one in held],
    )  # fmt: skip


# ---------------------------------------------------------------- one pair


@pages.get("/<uuid:pair_id>")
@guard.requires("identity.see")
def show(pair_id: UUID) -> str:
    return _show(pair_id, Form())


@pages.post("/<uuid:pair_id>/usul")
@guard.requires("identity.propose")
def propose(pair_id: UUID) -> str | BaseResponse:
    form = Form()
    verdict = form.choice("verdict", Verdict)
    stays = form.uuid("survivor_id") if verdict is Verdict.MERGE else None
    reason = form.text("note", most=commands.MOST_REASON, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        assert verdict is not None
        commands.propose(
            tx, commands.Propose(pair_id=pair_id, verdict=verdict, reason=reason, survivor_id=stays)
        )  # fmt: skip
        flash(_("Usulan dicatat. Data baru berubah sesudah orang kedua menyetujuinya."), "good")
        return url_for("identity.show", pair_id=pair_id)

    return _act(pair_id, form, act)


@pages.post("/usulan/<uuid:proposal_id>/setujui")
@guard.requires("identity.decide")
def approve(proposal_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=commands.MOST_REASON)

    def act(tx: Tx) -> str:
        done = commands.approve(tx, proposal_id, note)
        told = {
            Verdict.MERGE: _("Kedua keluarga digabung. Yang digabung tidak lagi muncul di daftar mana pun."),
            Verdict.DISTINCT: _("Keduanya tetap dua keluarga; pasangan ini tidak ditanyakan lagi."),
            Verdict.UNDO: _("Keputusan dibatalkan; keduanya kembali seperti semula."),
        }
        flash(told[done.verdict], "good")
        return url_for("identity.show", pair_id=done.pair_id)

    return _act(_pair_id(proposal_id), form, act)


@pages.post("/usulan/<uuid:proposal_id>/tolak")
@guard.requires("identity.decide")
def refuse(proposal_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=commands.MOST_REASON, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        pair_id = commands.refuse(tx, proposal_id, note)
        flash(_("Usulan ditolak; data tetap."), "good")
        return url_for("identity.show", pair_id=pair_id)

    return _act(_pair_id(proposal_id), form, act)


@pages.post("/usulan/<uuid:proposal_id>/tarik")
@guard.requires("identity.propose")
def withdraw(proposal_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=commands.MOST_REASON)

    def act(tx: Tx) -> str:
        pair_id = commands.withdraw(tx, proposal_id, note)
        flash(_("Usulan ditarik kembali; data tetap."), "good")
        return url_for("identity.show", pair_id=pair_id)

    return _act(_pair_id(proposal_id), form, act)


def _pair_id(proposal_id: UUID) -> UUID:
    with context.read() as tx:
        return queries.pair_of_proposal(tx, proposal_id)


def _act(pair_id: UUID, form: Form, act: Callable[[Tx], str]) -> str | BaseResponse:
    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(pair_id, form), 422)


def _show(pair_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.pair(tx, pair_id)
        sides = [_side(tx, one, found, lang) for one in (found.first, found.second)]
        proposes, decides = may(tx.actor, "identity.propose"), may(tx.actor, "identity.decide")
        zone, actor_id = tx.zone, tx.actor.id
    waiting, state = found.line.waiting, found.line.state
    is_free = proposes and waiting is None
    stays = form.raw("survivor_id") or str(found.better_id)
    return render_template(
        "identity/show.html", form=form, view=found, sides=sides, state=say(state.label, lang), tone=_TONES[state],
        evidence=evidence_words(found.line, lang), likeness=found.line.name_permille // 10,
        differences=_differences(found, lang), people=[_person(one, lang) for one in found.matches],
        waiting=waiting, waiting_verdict=say(waiting.verdict.label, lang) if waiting else "",
        stays_code=_code(found, waiting.survivor_id) if waiting else "",
        now_code=_code(found, found.survivor_id) if found.survivor_id else "",
        may_propose=is_free and state is PairState.OPEN, may_undo=is_free and state is not PairState.OPEN,
        may_decide=waiting is not None and decides and waiting.refused_to_me is None,
        why_not=say(waiting.refused_to_me, lang) if waiting and decides and waiting.refused_to_me else "",
        may_withdraw=waiting is not None and proposes and waiting.proposed_by == actor_id,
        verdicts=[(one.value, say(one.label, lang)) for one in (Verdict.MERGE, Verdict.DISTINCT)],
        verdict=form.raw("verdict"), stays=stays,
        survivors=[
            (str(one.id), _("%(code)s, %(name)s tetap", code=one.code, name=one.head_name))
            for one in (found.first, found.second)
            if not found.held or one.id in found.held
        ],
        both_held=len(found.held) > 1, outcome=_outcome(found), entries=_entries(found, zone, lang),
    )  # fmt: skip


def _code(found: PairView, household_id: UUID | None) -> str:
    return next((one.code for one in (found.first, found.second) if one.id == household_id), "")


def _side(tx: Tx, one: HouseholdView, found: PairView, lang: str) -> dict[str, Any]:
    """Give what was done for one of the two, and which packages of it nobody has fetched yet."""
    waiting = []
    if may(tx.actor, "round.see") and found.line.state is not PairState.DISTINCT:
        waiting = [row for row in packages_of(tx, [one.id]) if row.state not in _SERVED]
    return {
        "view": one, "entries": timeline(tx, one.id, lang), "is_gone": one.merged_into_id is not None,
        "packages": [row.code for row in waiting],
    }  # fmt: skip


def _differences(found: PairView, lang: str) -> list[dict[str, Any]]:
    def position(one: HouseholdView) -> str:
        return say(f"position.{one.position_source.value}", lang) if one.position_source else _("belum ada")

    def source(one: HouseholdView) -> str:
        day = f", {print_day(one.snapshot_as_of_on, lang)}" if one.snapshot_as_of_on else ""
        return (source_name(one.source, lang) if one.source else _("dicatat di tempat")) + day

    rows: tuple[tuple[str, Callable[[HouseholdView], Any]], ...] = (
        (_("Kepala keluarga"), lambda one: one.head_name),
        (_("Desa"), lambda one: one.village_name),
        (_("RT/RW"), lambda one: f"{one.rt or '—'}/{one.rw or '—'}"),
        (_("Alamat"), lambda one: ", ".join(part for part in (one.address, one.hamlet) if part) or "—"),
        (_("Nomor KK"), lambda one: one.kk or "—"),
        (_("Jiwa"), lambda one: one.size),
        (_("Desil"), lambda one: one.decile or _("belum ditentukan")),
        (_("Titik rumah"), position),
        (_("Sumber"), source),
    )
    card = found.line.shares_kk
    return [
        {
            "label": label, "first": tell(found.first), "second": tell(found.second),
            "is_same": card if label == _("Nomor KK") else tell(found.first) == tell(found.second),
        }
        for label, tell in rows
    ]  # fmt: skip


def _person(one: Match, lang: str) -> dict[str, Any]:
    def told(member: Any) -> dict[str, str] | None:
        if member is None:
            return None
        age = _("%(years)s tahun", years=member.age) if member.age is not None else _("umur belum ada")
        parts = [say(f"relation.{member.relation.value}", lang), age, member.nik or _("tanpa NIK")]
        return {"name": member.name, "sub": " · ".join(parts)}

    if one.is_same:
        word, tone = (_("NIK sama") if one.is_same_nik else _("nama dan tanggal lahir sama")), "good"
    elif one.first and one.second:
        word, tone = _("mirip, tanggal lahir sama"), "warn"
    else:
        word, tone = _("hanya di satu keluarga"), "neutral"
    return {"first": told(one.first), "second": told(one.second), "word": word, "tone": tone}


def _outcome(found: PairView) -> str:
    """Say what merging would do to the people."""
    same = sum(one.is_same for one in found.matches)
    people = len(found.matches)
    if not same:
        return _("Sesudah digabung: %(people)s orang; tidak seorang pun tercatat di keduanya.", people=people)
    return _("Sesudah digabung: %(people)s orang; %(same)s orang tercatat di keduanya dan dihitung sekali.",
             people=people, same=same)  # fmt: skip


def _entries(found: PairView, zone: Any, lang: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for one in found.proposals:
        if one.decided_at is not None:
            made.append(_entry(one.decided_at, zone, lang, one.decided_by_name, say(one.state.label, lang),
                               one.decision_note, _PROPOSED_TONES[one.state]))  # fmt: skip
        made.append(_entry(one.proposed_at, zone, lang, one.proposed_by_name, _proposed(one, found, lang), one.reason,
                           "info"))  # fmt: skip
    made.append(_entry(found.line.found_at, zone, lang, "", _("Pasangan ini ditemukan"), "", "neutral"))
    return made


def _proposed(one: ProposalView, found: PairView, lang: str) -> str:
    what = say(one.verdict.label, lang)
    if one.survivor_id is None:
        return _("Diusulkan: %(what)s", what=what)
    return _("Diusulkan: %(what)s, %(code)s tetap", what=what, code=_code(found, one.survivor_id))


def _entry(at: Any, zone: Any, lang: str, who: str, what: str, why: str, tone: str) -> dict[str, Any]:
    return {
        "at": print_instant(at, zone, lang), "iso": at.isoformat(), "who": who, "what": what, "why": why, "tone": tone
    }  # fmt: skip
