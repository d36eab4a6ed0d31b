"""Usulan: a village proposes with its minutes, the office checks, the head determines, a numbered list goes up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict
from core.i18n import say
from core.measures import print_count, print_day, print_instant
from core.permissions import may
from core.work import Tx
from registry_link.households.queries import SearchHouseholds, search_households
from registry_link.households.states import LinkState
from registry_link.links.queries import household_links
from registry_link.proposals import commands, queries
from registry_link.proposals.queries import ProposalView, SubmissionView
from registry_link.proposals.rules import cannot_add, refused_to
from registry_link.proposals.states import REASONS, ProposalKind, ProposalReason, ProposalState
from routes import context, guard
from routes.forms import Form, page_number
from routes.limiter import limiter
from routes.pages.links import section_tabs
from routes.proving import needs_proof, prove
from routes.tables import download, plain_stem
from routes.texts import gettext as _
from routes.texts import why_not

pages = Blueprint("proposals", __name__, url_prefix="/registri/usulan")
TONES: Final = {
    ProposalState.PROPOSED: "info", ProposalState.VERIFIED: "info", ProposalState.DETERMINED: "good",
    ProposalState.SUBMITTED: "info", ProposalState.ACCEPTED: "good", ProposalState.RETURNED: "bad",
    ProposalState.REFUSED: "bad", ProposalState.WITHDRAWN: "neutral",
}  # fmt: skip


@pages.get("")
@guard.requires("proposal.see")
def index() -> str:
    lang = context.lang()
    asked = request.args.get("keadaan", "")
    page = page_number(0)
    states = (ProposalState(asked),) if asked in set(ProposalState) else ()
    size = queries.PER_PAGE
    with context.read() as tx:
        found = queries.proposals(tx, states=states, limit=size, offset=page * size)
        counts = queries.proposal_counts(tx)
    return render_template(
        "proposals/index.html", tabs=section_tabs("proposals"), rows=[_framed(one) for one in found.rows], asked=asked,
        page=page, total=found.total, per_page=size, last=max(0, -(-found.total // size) - 1),
        counts=[
            {"label": say(one.label, lang), "count": counts.get(one, 0), "tone": TONES[one],
             "href": url_for("proposals.index", keadaan=one.value)}
            for one in ProposalState if counts.get(one)
        ],
        states=[(one.value, say(one.label, lang)) for one in ProposalState],
        to_determine=counts.get(ProposalState.VERIFIED, 0), to_submit=counts.get(ProposalState.DETERMINED, 0),
    )  # fmt: skip


def _framed(one: ProposalView) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": one, "kind": say(one.kind.label, lang), "state": say(one.state.label, lang),
        "tone": TONES[one.state], "reason": say(one.reason.label, lang),
        "name": one.home.head_name if one.home else "–", "code": one.home.code if one.home else "",
        "at": print_instant(one.proposed_at, context.actor().zone, lang),
        "href": url_for("proposals.show", proposal_id=one.id),
    }  # fmt: skip


# ---------------------------------------------------------------- the village


@pages.get("/baru")
@guard.requires("proposal.make")
def find() -> str:
    return _find(Form(), None)


@pages.post("/baru")
@guard.requires("proposal.make")
def search() -> str:
    """Look for a household of one's own village: a POST, so that no name ever stands in an address."""
    form = Form()
    with context.read() as tx:
        found = search_households(tx, SearchHouseholds(text=form.text("q", most=80), limit=20))
    return _find(form, found)


def _find(form: Form, found: Any) -> str:
    return render_template("proposals/find.html", form=form, found=found)


@pages.get("/baru/<uuid:household_id>")
@guard.requires("proposal.make")
def new(household_id: UUID) -> str:
    return _new(household_id, Form())


@pages.post("/baru/<uuid:household_id>")
@guard.requires("proposal.make")
def propose(household_id: UUID) -> str | BaseResponse:
    form = Form()
    kind, reason = form.choice("kind", ProposalKind), form.choice("reason", ProposalReason)
    basis_no, basis_on = form.text("basis_no", most=120, least=1), form.day("basis_on")
    note = form.text("note", most=commands.LONGEST_NOTE)

    def act(tx: Tx) -> str:
        assert kind is not None
        assert reason is not None
        assert basis_on is not None
        made = commands.propose(
            tx,
            commands.Propose(
                kind=kind, household_id=household_id, reason=reason, basis_no=basis_no, basis_on=basis_on, note=note
            ),
        )
        flash(_("Usulan dikirim ke Dinas Sosial untuk diperiksa."), "good")
        return url_for("proposals.show", proposal_id=made)

    answer = form.attempt(lambda: context.submit_once(act))
    return answer if answer is not None else make_response(_new(household_id, form), 422)


def _new(household_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = household_links(tx, household_id)
        today = tx.today
    state = found.current.state if found.current else None
    refused = cannot_add(state)
    kinds = [ProposalKind.ADD] if refused is None else []
    if state is not None and (refused is not None or state is not LinkState.REGISTERED):
        kinds.append(ProposalKind.REMOVE)
    asked = form.raw("kind") or (kinds[0].value if kinds else "")
    return render_template(
        "proposals/new.html", form=form, home=found.home, refused=say(refused, lang) if refused else "",
        state=say(state.label, lang) if state else _("belum ada dalam berkas registri"),
        kinds=[(one.value, say(one.label, lang)) for one in kinds], asked=asked,
        reasons=[
            (one.value, say(one.label, lang), say(kind.label, lang) if len(kinds) > 1 else "")
            for kind in kinds for one in REASONS[kind]
        ],
        today=f"{today:%d/%m/%Y}",
    )  # fmt: skip


# ---------------------------------------------------------------- one proposal and its decisions


@pages.get("/<uuid:proposal_id>")
@guard.requires("proposal.see")
def show(proposal_id: UUID) -> str:
    return _show(proposal_id, Form())


@pages.post("/<uuid:proposal_id>/tarik")
@guard.requires("proposal.make")
def withdraw(proposal_id: UUID) -> str | BaseResponse:
    def act(tx: Tx) -> str:
        commands.withdraw(tx, proposal_id)
        flash(_("Usulan ditarik."), "good")
        return url_for("proposals.show", proposal_id=proposal_id)

    return _decide(proposal_id, Form(), act)


@pages.post("/<uuid:proposal_id>/periksa")
@guard.requires("proposal.verify")
def verify(proposal_id: UUID) -> str | BaseResponse:
    def act(tx: Tx) -> str:
        commands.verify(tx, proposal_id)
        flash(_("Usulan diperiksa dan benar; menunggu penetapan kepala dinas."), "good")
        return url_for("proposals.show", proposal_id=proposal_id)

    return _decide(proposal_id, Form(), act)


@pages.post("/<uuid:proposal_id>/tolak")
@guard.requires("proposal.verify")
def refuse(proposal_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=commands.LONGEST_NOTE, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        commands.refuse(tx, proposal_id, note)
        flash(_("Usulan ditolak; desa melihat alasannya."), "good")
        return url_for("proposals.show", proposal_id=proposal_id)

    return _decide(proposal_id, form, act)


@pages.post("/<uuid:proposal_id>/jawaban")
@guard.requires("proposal.submit")
def answer(proposal_id: UUID) -> str | BaseResponse:
    form = Form()
    is_accepted = form.raw("reason") == "accepted"
    if form.raw("reason") not in ("accepted", "returned"):
        form.fail("reason", "form.choose")
    answer_no, answer_on = form.text("answer_no", most=120, least=1), form.day("answer_on")
    note = form.text("note", most=commands.LONGEST_NOTE)

    def act(tx: Tx) -> str:
        assert answer_on is not None
        commands.answer(
            tx,
            commands.AnswerProposal(
                proposal_id=proposal_id, is_accepted=is_accepted, answer_no=answer_no, answer_on=answer_on, note=note
            ),
        )
        flash(_("Jawaban kementerian dicatat."), "good")
        return url_for("proposals.show", proposal_id=proposal_id)

    return _decide(proposal_id, form, act)


def _decide(proposal_id: UUID, form: Form, act: Callable[[Tx], str]) -> str | BaseResponse:
    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(proposal_id, form), 422)


def _show(proposal_id: UUID, form: Form) -> str:
    lang, actor = context.lang(), context.actor()
    with context.read() as tx:
        one = queries.proposal(tx, proposal_id)
        today = tx.today
    is_own = refused_to(actor.id, one.proposed_by) is not None
    is_open = one.state in (ProposalState.PROPOSED, ProposalState.VERIFIED)
    return render_template(
        "proposals/show.html", form=form, row=_framed(one), view=one, entries=_entries(one, lang),
        may_withdraw=one.state is ProposalState.PROPOSED and may(actor, "proposal.make"),
        may_verify=one.state is ProposalState.PROPOSED and may(actor, "proposal.verify") and not is_own,
        may_refuse=is_open and may(actor, "proposal.verify") and not is_own,
        may_answer=one.state is ProposalState.SUBMITTED and may(actor, "proposal.submit"),
        way_href=url_for("links.show", household_id=one.household_id) if may(actor, "link.see") else None,
        answers=[("accepted", _("Diterima")), ("returned", _("Dikembalikan"))], today=f"{today:%d/%m/%Y}",
    )  # fmt: skip


def _entries(one: ProposalView, lang: str) -> list[dict[str, Any]]:
    zone = context.actor().zone
    told = [
        (one.proposed_at, one.proposed_by_name, ProposalState.PROPOSED, _paper(one.basis_no, one.basis_on, lang)),
        (one.verified_at, one.verified_by_name, ProposalState.VERIFIED, ""),
        (one.determined_at, one.determined_by_name, ProposalState.DETERMINED,
         _paper(one.decree_no, one.decree_on, lang)),
    ]  # fmt: skip
    if one.closed_at is not None:
        paper = _paper(one.answer_no, one.answer_on, lang)
        closing = say(one.closing_code, lang) if one.closing_code else ""
        why = " · ".join(text for text in (paper, one.decision_note, closing) if text)
        told.append((one.closed_at, one.closed_by_name, one.state, why))
    return [
        {"at": print_instant(at, zone, lang), "iso": at.isoformat(), "who": who, "what": say(state.label, lang),
         "why": why, "tone": TONES[state]}
        for at, who, state, why in reversed(told) if at is not None
    ]  # fmt: skip


def _paper(number: str, on: Any, lang: str) -> str:
    return f"{number}, {print_day(on, lang)}" if number and on else number


# ---------------------------------------------------------------- the head, and the list


@pages.get("/penetapan")
@guard.requires("proposal.determine")
def determination() -> str:
    return _determination(Form())


@pages.post("/penetapan")
@guard.requires("proposal.determine")
def determine() -> str | BaseResponse:
    form = Form()
    decree_no, decree_on = form.text("decree_no", most=120, least=1), form.day("decree_on")
    ids = []
    for text in form.values.getlist("proposal"):
        try:
            ids.append(UUID(text))
        except ValueError:
            form.fail("proposal", "form.choose")

    def act(tx: Tx) -> str:
        assert decree_on is not None
        order = commands.Determine(proposal_ids=tuple(ids), decree_no=decree_no, decree_on=decree_on)
        done = commands.determine(tx, order)
        flash(_("%(count)s usulan ditetapkan.", count=print_count(done.proposals, context.lang())), "good")
        _tell_stopped(done.stopped)
        return url_for("proposals.index", keadaan=ProposalState.DETERMINED.value)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_determination(form), 422)


def _tell_stopped(stopped: Sequence[commands.Stopped]) -> None:
    """Say how many went no further because nobody lives there any more; each one's page says why."""
    if stopped:
        count = print_count(len(stopped), context.lang())
        flash(_("%(count)s usulan tidak dilanjutkan: keluarganya sudah meninggal, pindah, atau berubah.", count=count),
              "warn")  # fmt: skip


def _determination(form: Form) -> str:
    with context.read() as tx:
        found = queries.proposals(tx, states=(ProposalState.VERIFIED,), limit=commands.MOST_AT_ONCE)
        today = tx.today
    picked = form.values.getlist("proposal") if form.errors else [str(one.id) for one in found.rows]
    mine = context.actor().id
    return render_template(
        "proposals/determination.html", form=form, picked=picked, today=f"{today:%d/%m/%Y}",
        rows=[_framed(one) for one in found.rows if refused_to(mine, one.proposed_by, one.verified_by) is None],
    )  # fmt: skip


@pages.get("/daftar")
@guard.requires("proposal.see_lists")
def lists() -> str:
    with context.read() as tx:
        found = queries.submissions(tx)
        ready = queries.proposal_counts(tx).get(ProposalState.DETERMINED, 0)
    return render_template(
        "proposals/lists.html", tabs=section_tabs("lists"), rows=[_sent(one) for one in found], ready=ready
    )


def _sent(one: SubmissionView) -> dict[str, Any]:
    return {
        "view": one, "at": print_instant(one.made_at, context.actor().zone, context.lang()),
        "href": url_for("proposals.list_of", submission_id=one.id),
    }  # fmt: skip


@pages.post("/daftar")
@guard.requires("proposal.submit")
def submit() -> BaseResponse:
    def act(tx: Tx) -> str:
        done = commands.submit(tx)
        _tell_stopped(done.stopped)
        if done.id is None:
            return url_for("proposals.index", keadaan=ProposalState.REFUSED.value)
        flash(_("Daftar %(number)s dibuat dengan %(count)s usulan. Unduh berkasnya dan kirim.", number=done.number,
                count=print_count(done.rows, context.lang())), "good")  # fmt: skip
        return url_for("proposals.list_of", submission_id=done.id)

    try:
        return context.submit_once(act)
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("proposals.lists"), 303)


@pages.get("/daftar/<uuid:submission_id>")
@guard.requires("proposal.see_lists")
def list_of(submission_id: UUID) -> str:
    return _list_of(submission_id, Form())


@pages.post("/daftar/<uuid:submission_id>/berkas")
@guard.requires("proposal.submit")
@limiter.limit("20 per minute")
def list_file(submission_id: UUID) -> str | BaseResponse:
    """Give the list's file with whole numbers, for the ministry alone, to whoever says why and gives the password."""
    form = Form()
    note = form.text("note", most=commands.LONGEST_NOTE, least=commands.LEAST_WHY)
    suffix = "csv" if form.raw("reason") == "csv" else "xlsx"

    def take(tx: Tx) -> None:
        prove(tx)
        commands.take_file(tx, submission_id, note)

    def act() -> Response:
        context.write(take)
        with context.read() as tx:
            table = queries.submission_table(tx, submission_id)
        about, stem = ((_("Usulan data"), table.number),), "usulan-" + plain_stem(table.number)
        return download(table.number, about, table.header, table.rows, stem=stem, suffix=suffix)

    answered: Response | None = form.attempt(act)
    return answered if answered is not None else make_response(_list_of(submission_id, form), 422)


def _list_of(submission_id: UUID, form: Form) -> str:
    with context.read() as tx:
        sent = queries.submission(tx, submission_id)
        found = queries.proposals(tx, submission_id=submission_id, limit=commands.MOST_AT_ONCE)
    return render_template(
        "proposals/list.html", form=form, sent=_sent(sent), rows=[_framed(one) for one in found.rows],
        forms=[("xlsx", "XLSX"), ("csv", "CSV")], needs_proof=needs_proof(),
    )  # fmt: skip
