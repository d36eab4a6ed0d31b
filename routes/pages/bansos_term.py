"""Bansos: where one term stands, what it waits for and whom, its figures by district and its papers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, make_response, render_template
from werkzeug.wrappers import Response as BaseResponse

from core.documents.queries import documents
from core.i18n import say
from core.measures import print_count, print_instant
from core.numbering import KINDS
from core.permissions import may
from core.work import Tx
from logistics.packages.queries import RoundCounts, RoundView, counts_of, round_of_term
from logistics.packages.states import RoundState
from logistics.planning.queries import draft_of
from logistics.programmes import commands, queries
from logistics.programmes.queries import DistrictCount, TermView
from logistics.programmes.states import EntryState, TermState
from registry_link.regions.queries import regions
from routes import context, guard
from routes.forms import Form
from routes.pages.bansos import print_contents, term_frame, term_href
from routes.pages.documents import state_word
from routes.texts import gettext as _

pages = Blueprint("bansos_term", __name__, url_prefix="/bansos/<slug>/<int:no>")
SHOWN_PAPERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a term's way; ``who`` and ``at`` once it is done."""

    label: str
    state: str
    """done, now, or later."""
    who: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What a term waits for, and for whom; ``label`` and ``href`` when the reader may do it."""

    what: str
    whom: str
    label: str = ""
    href: str = ""
    is_mine: bool = True
    """With a label: it is the reader's to do, not only to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the summary is made from."""

    term: TermView
    by_state: Counter[EntryState]
    round: RoundView | None
    counts: RoundCounts | None
    has_draft: bool
    """A plan waits for its approval."""
    own_proposals: int
    """Proposed by the reader, who therefore cannot verify."""


@pages.get("")
@guard.requires("bansos.see")
def show(slug: str, no: int) -> str:
    lang = context.lang()
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        districts = queries.district_counts(tx, term.id)
        names = {one.code: one.name for one in regions(tx, [one.district_code for one in districts])}
        now = standing(tx, term, districts)
        page = {
            "steps": _steps(now, tx), "waits": waits_for(tx, now), "now": now,
            "gets": print_contents(term, lang),
            "papers": [
                {"view": one, "kind": KINDS.get(one.kind, one.kind), "state": state_word(one)}
                for one in documents(tx, subject_id=term.id, limit=SHOWN_PAPERS).lines
            ] if may(tx.actor, "document.see") else [],
        }  # fmt: skip
    return render_template(
        "bansos/show.html", unit=say(f"programme.unit.{term.unit.value}", lang),
        states=EntryState, districts=[shown_district(one, names) for one in districts],
        may_cancel=may(context.actor(), "bansos.edit") and term.state in (TermState.DRAFT, TermState.VERIFIED),
        **page, **term_frame(term, "summary"),
    )  # fmt: skip


def standing(tx: Tx, term: TermView, districts: tuple[DistrictCount, ...] | None = None) -> Standing:
    """Gather where a term stands, within what the reader sees."""
    by_state: Counter[EntryState] = Counter()
    for one in districts if districts is not None else queries.district_counts(tx, term.id):
        by_state.update(one.by_state)
    the_round = round_of_term(tx, term.id) if term.state in (TermState.DETERMINED, TermState.CLOSED) else None
    own = 0
    if term.state is TermState.DRAFT and may(tx.actor, "bansos.verify"):
        own = queries.proposed_by(tx, term.id, tx.actor.id)
    return Standing(
        term=term, by_state=by_state, round=the_round,
        counts=counts_of(tx, the_round.id) if the_round is not None else None,
        has_draft=the_round is not None and draft_of(tx, the_round.id) is not None, own_proposals=own,
    )  # fmt: skip


def shown_district(one: DistrictCount, names: dict[str, str]) -> dict[str, Any]:
    listed = sum(one.by_state.get(state, 0) for state in queries.ON_LIST)
    return {
        "view": one, "name": names.get(one.district_code, one.district_code), "listed": listed, "quota": one.quota or 0,
        "over": max(0, listed - one.quota) if one.quota is not None else 0,
        **{state.value: one.by_state.get(state, 0) for state in EntryState},
    }  # fmt: skip


def _steps(now: Standing, tx: Tx) -> list[Step]:
    """Give the way of a term from its opening to its end; the first that is not done is the one it stands at."""
    term, counts = now.term, now.counts
    is_approved = now.round is not None and now.round.approved_at is not None
    is_served = counts is not None and counts.households > 0 and counts.served == counts.households

    def at(moment: datetime | None) -> str:
        return print_instant(moment, tx.zone, context.lang()) if moment else ""

    handed = ""
    if counts is not None and counts.households:
        handed = _("%(served)s dari %(all)s", served=_count(counts.served), all=_count(counts.households))
    known = [
        (_("Daftar disusun"), term.state is not TermState.DRAFT, term.created_by_name, at(term.created_at)),
        (_("Diperiksa"), term.verified_at is not None, term.verified_by_name or "", at(term.verified_at)),
        (_("Ditetapkan"), term.determined_at is not None, term.determined_by_name or "", at(term.determined_at)),
        (
            _("Rencana disetujui"), is_approved, (now.round.approved_by_name or "") if now.round else "",
            at(now.round.approved_at) if now.round else "",
        ),
        (_("Serah terima"), is_served or term.state is TermState.CLOSED, handed, ""),
        (_("Ditutup"), term.state is TermState.CLOSED, "", at(term.closed_at)),
    ]  # fmt: skip
    found, has_now = [], term.state is TermState.CANCELLED
    for label, is_done, who, when in known:
        state = "done" if is_done else "later" if has_now else "now"
        has_now = has_now or not is_done
        found.append(Step(label=label, state=state, who=who, at=when))
    return found


# ---------------------------------------------------------------- what waits for whom


def waits_for(tx: Tx, now: Standing) -> Waits | None:
    """Tell the one next thing a term waits for, with the way to it for whoever may do it; None when it is over."""
    if now.term.state is TermState.DRAFT:
        return _draft(tx, now)
    if now.term.state is TermState.VERIFIED:
        return _for_head(tx, now)
    if now.term.state is TermState.DETERMINED:
        return _after(tx, now)
    return None


def _draft(tx: Tx, now: Standing) -> Waits:
    term, is_officer = now.term, may(tx.actor, "bansos.edit")
    candidates, proposed = now.by_state[EntryState.CANDIDATE], now.by_state[EntryState.PROPOSED]
    if not candidates and not proposed:
        return Waits(
            what=_("Daftarnya masih kosong."), whom=_("Petugas bansos menyusun calon dari kriteria atau berkas SK."),
            label=_("Susun dari kriteria") if is_officer else "", href=term_href(term, "daftar/kriteria"),
        )  # fmt: skip
    if candidates and not is_officer and may(tx.actor, "bansos.propose"):
        return Waits(
            what=_("%(count)s calon di desa Anda belum diusulkan.", count=_count(candidates)),
            whom=_("Anda yang mengusulkan, sesudah musyawarah desa."), label=_("Periksa dan usulkan"),
            href=term_href(term, "daftar?keadaan=calon"),
        )  # fmt: skip
    if proposed:
        waiting = _("%(count)s usulan menunggu diperiksa.", count=_count(proposed))
        if candidates:
            waiting += " " + _("%(count)s calon belum diusulkan desanya.", count=_count(candidates))
        if now.own_proposals:
            return Waits(what=waiting, whom=_("Petugas lain yang memeriksa: Anda sendiri mengusulkan %(count)s "
                "di antaranya.", count=_count(now.own_proposals)))  # fmt: skip
        return Waits(
            what=waiting, whom=_("Petugas kedua, bukan yang mengusulkan."),
            label=_("Periksa daftar") if may(tx.actor, "bansos.verify") else "",
            href=term_href(term, "daftar?keadaan=usulan"),
        )  # fmt: skip
    return Waits(
        what=_("%(count)s calon menunggu usulan desanya.", count=_count(candidates)),
        whom=_("Operator desa mengusulkan; petugas boleh mencatatnya dengan nomor berita acara musyawarah."),
        label=_("Lihat calon"), href=term_href(term, "daftar?keadaan=calon"), is_mine=False,
    )  # fmt: skip


def _for_head(tx: Tx, now: Standing) -> Waits:
    return Waits(
        what=_("%(count)s penerima sudah diperiksa dan menunggu SK.", count=_count(now.by_state[EntryState.VERIFIED])),
        whom=_("Kepala dinas menetapkan, atau mengembalikan dengan alasan."),
        label=_("Tetapkan daftar") if may(tx.actor, "bansos.determine") else "",
        href=term_href(now.term, "penetapan"),
    )  # fmt: skip


def _after(tx: Tx, now: Standing) -> Waits:
    term, counts = now.term, now.counts
    if now.round is None or (now.round.state is RoundState.DRAFT and not now.has_draft):
        return Waits(
            what=_("Daftar sudah ditetapkan, pembagiannya belum direncanakan."), whom=_("Petugas logistik."),
            label=_("Susun rencana") if may(tx.actor, "round.plan") else "", href=term_href(term, "rencana"),
        )  # fmt: skip
    if now.has_draft:
        return Waits(
            what=_("Rencana pembagian menunggu persetujuan."), whom=_("Orang lain daripada penyusunnya."),
            label=_("Lihat rencana") if may(tx.actor, "round.approve") else "", href=term_href(term, "rencana"),
        )  # fmt: skip
    open_count = counts.households - counts.served if counts else 0
    if open_count:
        return Waits(
            what=_("%(count)s penerima belum menerima.", count=_count(open_count)),
            whom=_("Petugas titik pembagian; yang tidak hadir ditindaklanjuti di Rekonsiliasi."),
            label=_("Buka serah terima") if may(tx.actor, "handover.see") else "",
            href=term_href(term, "serah-terima"), is_mine=False,
        )  # fmt: skip
    return Waits(
        what=_("Semua sudah menerima atau dikembalikan."), whom=_("Tahap dapat ditutup."),
        label=_("Buka rekonsiliasi"), href=term_href(term, "rekonsiliasi"), is_mine=may(tx.actor, "bansos.close"),
    )  # fmt: skip


def _count(number: int) -> str:
    return print_count(number, context.lang())


# ---------------------------------------------------------------- the head determines


@pages.get("/penetapan")
@guard.requires("bansos.determine")
def determination(slug: str, no: int) -> str:
    return _determination(slug, no, Form())


@pages.post("/penetapan")
@guard.requires("bansos.determine")
def determine(slug: str, no: int) -> str | BaseResponse:
    form = Form()
    decree_no, decree_on = form.text("decree_no", most=120, least=3), form.day("decree_on")

    def act(tx: Tx) -> str:
        assert decree_on
        term = queries.term(tx, slug, no)
        count = commands.determine(
            tx, commands.Determine(term_id=term.id, decree_no=decree_no, decree_on=decree_on)
        )  # fmt: skip
        flash(_("%(count)s penerima ditetapkan; daftarnya dibekukan.", count=_count(count)), "good")
        return term_href(term)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_determination(slug, no, form), 422)


@pages.post("/kembalikan")
@guard.requires("bansos.determine")
def send_back(slug: str, no: int) -> str | BaseResponse:
    form = Form()
    reason = form.text("reason", most=300, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        term = queries.term(tx, slug, no)
        commands.send_back(tx, term.id, reason)
        flash(_("Daftar dikembalikan ke petugas dengan alasan Anda."), "good")
        return term_href(term)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_determination(slug, no, form), 422)


def _determination(slug: str, no: int, form: Form) -> str:
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        districts = queries.district_counts(tx, term.id)
        names = {one.code: one.name for one in regions(tx, [one.district_code for one in districts])}
        today = tx.today
    return render_template(
        "bansos/determine.html", form=form, districts=[shown_district(one, names) for one in districts],
        gets=print_contents(term, context.lang()),
        today=f"{today:%d/%m/%Y}", count=sum(one.by_state.get(EntryState.VERIFIED, 0) for one in districts),
        left=sum(one.by_state.get(EntryState.CANDIDATE, 0) for one in districts),
        unit=say(f"programme.unit.{term.unit.value}", context.lang()), **term_frame(term, "summary"),
    )  # fmt: skip


# ---------------------------------------------------------------- giving a term up


@pages.get("/batal")
@guard.requires("bansos.edit")
def cancelling(slug: str, no: int) -> str:
    return _cancelling(slug, no, Form())


@pages.post("/batal")
@guard.requires("bansos.edit")
def cancel(slug: str, no: int) -> str | BaseResponse:
    form = Form()
    reason = form.text("reason", most=300, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        term = queries.term(tx, slug, no)
        commands.cancel_term(tx, term.id, reason)
        flash(_("Tahap dibatalkan. Daftarnya tetap tersimpan."), "good")
        return term_href(term)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_cancelling(slug, no, form), 422)


def _cancelling(slug: str, no: int, form: Form) -> str:
    with context.read() as tx:
        term = queries.term(tx, slug, no)
    return render_template("bansos/cancel.html", form=form, **term_frame(term, "summary"))
