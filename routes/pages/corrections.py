"""Koreksi: what differs from the books is asked for by one person and decided by another."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.i18n import say
from core.measures import LARGEST_MILLI, print_instant, print_quantity, print_rupiah
from core.permissions import Reach, may
from core.work import Tx
from routes import context, guard
from routes.following import follow
from routes.forms import Form
from routes.goods_form import event_at, shown_lines, used_lines
from routes.pages.stock import visible
from routes.seeing import sees_places
from routes.texts import gettext as _
from stock.corrections import commands, queries
from stock.corrections.rules import CORRECTED_AT, REASONS, is_undone_here
from stock.corrections.states import CorrectionKind, CorrectionState
from stock.ledger.commands import CannotPost, reversal_problems
from stock.ledger.kinds import DocumentKind
from stock.ledger.queries import BatchBalance, StockDocumentView, batch_balances, batch_by_code, stock_document
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places

pages = Blueprint("corrections", __name__, url_prefix="/stok")
DECIDED_SHOWN = 50
CODE = re.compile(r"[A-Z]{2}-[0-9]{2}-[0-9]+-[0-9]", re.ASCII)
"""A batch's code, also inside the address that its label carries."""
WORDS = {CorrectionKind.ADJUSTMENT: "penyesuaian", CorrectionKind.WRITE_OFF: "penghapusan"}
"""How an address names what is asked for."""
MORE, LESS = "lebih", "kurang"


def typed_code(text: str) -> str:
    """Read a batch's code as typed or scanned: in small letters, with spaces, or inside a label's address."""
    plain = text.strip().upper()
    found = CODE.search(plain)
    return found[0] if found else plain


# ---------------------------------------------------------------- the list


@pages.get("/koreksi")
@guard.requires("stock.see")
def index() -> str:
    """Show what waits for the reader first, then what waits for others, then what was decided."""
    lang = context.lang()
    with context.read() as tx:
        reach = sees_places(tx)
        within = None if reach.is_all else [one.id for one in visible(tx, reach)]
        asked = queries.corrections(tx, states=(CorrectionState.ASKED,), place_ids=within)
        decided = queries.corrections(
            tx, states=[one for one in CorrectionState if one is not CorrectionState.ASKED], place_ids=within,
            limit=DECIDED_SHOWN,
        )  # fmt: skip
        decides = may(tx.actor, "stock.approve")
        has_shelves = bool(_asking_places(tx)) if may(tx.actor, "stock.correct") else False
    mine = [one for one in reversed(asked) if decides and one.refused_to_me is None]
    return render_template(
        "corrections/index.html", mine=[_row(one, lang) for one in mine],
        others=[_row(one, lang) for one in asked if one not in mine], decided=[_row(one, lang) for one in decided],
        decides=decides, may_ask=has_shelves,
    )  # fmt: skip


def _row(one: queries.CorrectionRow, lang: str) -> dict[str, Any]:
    return {
        "view": one, "kind": say(one.kind.label, lang), "state": say(one.state.label, lang),
        "tone": tone_of(one.state), "what": _what(one, lang),
        "reason": say(one.reason_label, lang) if one.reason_label else one.reason,
        "value": print_rupiah(one.value_rp, lang),
        "why_not": say(one.refused_to_me, lang) if one.refused_to_me else "",
    }  # fmt: skip


def tone_of(state: CorrectionState) -> str:
    return {"asked": "info", "approved": "good", "refused": "bad"}.get(state.value, "neutral")


def _what(one: queries.CorrectionRow, lang: str) -> str:
    if one.reversed_kind is not None:
        return f"{say(one.reversed_kind.label, lang)} {one.reversed_number or ''}".strip()
    return one.place.name if one.place else ""


# ---------------------------------------------------------------- asking for an adjustment or a write-off


@pages.get("/koreksi/baru")
@guard.requires("stock.correct")
def ask_form() -> str:
    """Show the form; ``tempat``, ``batch``, ``jenis`` and ``alasan`` of the address fill it."""
    form = Form(request.args.copy())
    kind = next((one for one, word in WORDS.items() if word == request.args.get("jenis")), CorrectionKind.WRITE_OFF)
    filled = {
        "place_id": "", "reason": request.args.get("alasan", ""), "batch-1": typed_code(request.args.get("batch", "")),
        "quantity-1": request.args.get("jumlah", ""),
    }  # fmt: skip
    for name, value in filled.items():
        form.values[name] = value
    return _ask(form, kind, request.args.get("tempat", ""))


@pages.post("/koreksi/baru")
@guard.requires("stock.correct")
def ask() -> str | BaseResponse:
    form = Form()
    kind = form.choice("kind", CorrectionKind, CorrectionKind.WRITE_OFF) or CorrectionKind.WRITE_OFF
    if form.raw("more") or kind is CorrectionKind.REVERSAL:
        return _ask(form, CorrectionKind.WRITE_OFF if kind is CorrectionKind.REVERSAL else kind)
    place_id = form.uuid("place_id")
    if form.raw("reason") not in REASONS[kind]:
        form.fail("reason", "form.choose")
    note = form.text("note", most=2000, least=commands.LEAST_NOTE)
    minutes_no = form.text("minutes_no", most=120)
    at = event_at(form, "event_on")
    lines = _typed_lines(form, kind)

    def act(tx: Tx) -> str:
        made = commands.ask_correction(
            tx,
            commands.AskCorrection(
                kind=kind, place_id=place_id, lines=tuple(lines), reason=form.raw("reason"), note=note,
                minutes_no=minutes_no, event_at=at,
            ),
        )  # fmt: skip
        flash(_("Koreksi diajukan. Pembukuan baru berubah sesudah orang kedua menyetujuinya."), "good")
        return url_for("corrections.show", correction_id=made)

    done = attempt(form, lambda: context.submit_once(act))
    return done if done is not None else make_response(_ask(form, kind), 422)


def _typed_lines(form: Form, kind: CorrectionKind) -> list[commands.CorrectionItem]:
    lines: list[commands.CorrectionItem] = []
    for no in used_lines(form, ("batch", "quantity")):
        quantity = form.quantity(f"quantity-{no}")
        if quantity is not None and not 1 <= quantity <= LARGEST_MILLI:
            form.fail(f"quantity-{no}", "stock.quantity_out_of_range")
        code = typed_code(form.raw(f"batch-{no}"))
        try:
            with context.read() as tx:
                batch = batch_by_code(tx, code) if code else None
        except NotFound as refused:
            form.refuse(refused, f"batch-{no}")
            continue
        if batch is None:
            form.fail(f"batch-{no}", "form.missing", {"least": 1})
        elif quantity is not None:
            is_more = kind is CorrectionKind.ADJUSTMENT and form.raw(f"way-{no}") == MORE
            lines.append(
                commands.CorrectionItem(batch_id=batch.id, difference_milli=int(quantity) if is_more else -quantity)
            )
    if not lines and form.is_good:
        form.fail("batch-1", "stock.nothing_to_do")
    return lines


def _ask(form: Form, kind: CorrectionKind, place_code: str = "") -> str:
    lang = context.lang()
    with context.read() as tx:
        spots = _asking_places(tx)
        place = next((one for one in spots if one.code == place_code or str(one.id) == form.raw("place_id")), None)
        if place_code and place is None:
            raise NotFound("place.not_found", place=place_code[:40])
        place = place or (spots[0] if spots else None)
        lying = batch_balances(tx, place_ids=[place.id]) if place else ()
        today = tx.today
    others = [reason for reason in REASONS[kind] if reason not in ("expired",) or _has_expired(lying)]
    return render_template(
        "corrections/ask.html", form=form, kind=kind, kinds=CorrectionKind, words=WORDS, place=place, spots=spots,
        count=shown_lines(form),
        reasons=[(reason, _reason_word(kind, reason, lang)) for reason in others],
        ways=[(LESS, _("Kurang dari catatan")), (MORE, _("Lebih dari catatan"))], today=f"{today:%d/%m/%Y}",
        lying=[
            {
                "code": one.batch.code, "view": one,
                "label": _("%(item)s, bebas %(free)s", item=one.batch.item.name(lang), free=print_quantity(
                    one.on_hand_milli - one.reserved_milli, one.batch.item.base_unit, lang)),
            }
            for one in lying
        ],
    )  # fmt: skip


def _has_expired(lying: Sequence[BatchBalance]) -> bool:
    return any(one.is_expired for one in lying)


def _reason_word(kind: CorrectionKind, reason: str, lang: str) -> str:
    label = queries.reason_label(kind, reason)
    return say(label, lang) if label else reason


# ---------------------------------------------------------------- asking for a reversal


@pages.get("/dokumen/<uuid:document_id>/pembalikan")
@guard.requires("stock.correct")
def reversal_form(document_id: UUID) -> str:
    return _reversal(document_id, Form())


@pages.post("/dokumen/<uuid:document_id>/pembalikan")
@guard.requires("stock.correct")
def ask_reversal(document_id: UUID) -> str | BaseResponse:
    form = Form()
    reason = form.text("reason", most=300, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        made = commands.ask_correction(
            tx,
            commands.AskCorrection(kind=CorrectionKind.REVERSAL, reversed_document_id=document_id, reason=reason),
        )
        flash(_("Pembalikan diajukan. Barang baru kembali sesudah orang kedua menyetujuinya."), "good")
        return url_for("corrections.show", correction_id=made)

    done = attempt(form, lambda: context.submit_once(act))
    return done if done is not None else make_response(_reversal(document_id, form), 422)


def _reversal(document_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("stock.correct")
        found = stock_document(tx, document_id)
        if not commands.touches(reach, found):
            raise NotFound("stock_document.not_found", document=str(document_id))
        waiting = queries.reversal_asked(tx, document_id)
        problems = [say(one.code, lang, one.facts) for one in reversal_problems(tx, document_id)]
        if not is_undone_here(found.kind, found.subject):
            problems = [say("stock.undone_elsewhere", lang)]
        lines = queries.reversal_lines(tx, document_id)
    return render_template(
        "corrections/reversal.html", form=form, document=found, kind=say(found.kind.label, lang), waiting=waiting,
        problems=problems, lines=[_line(one, lang) for one in lines],
        value=print_rupiah(sum(line.value_rp for line in found.lines), lang),
    )  # fmt: skip


def may_ask_reversal(found: StockDocumentView) -> bool:
    """Tell whether the document's page offers to ask for its reversal."""
    return (
        may(context.actor(), "stock.correct") and found.kind is not DocumentKind.REVERSAL
        and is_undone_here(found.kind, found.subject) and not any(line.is_reversed for line in found.lines)
    )  # fmt: skip


# ---------------------------------------------------------------- one correction, and its decision


@pages.get("/koreksi/<uuid:correction_id>")
@guard.requires("stock.see")
def show(correction_id: UUID) -> str:
    return _show(correction_id, Form())


@pages.post("/koreksi/<uuid:correction_id>/setujui")
@guard.requires("stock.approve")
def approve(correction_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=500)

    def act(tx: Tx) -> str:
        commands.approve_correction(tx, correction_id, note)
        follow(tx, correction_id)
        flash(_("Koreksi disetujui dan dicatat dalam pembukuan."), "good")
        return url_for("corrections.show", correction_id=correction_id)

    return _decide(correction_id, form, act)


@pages.post("/koreksi/<uuid:correction_id>/tolak")
@guard.requires("stock.approve")
def refuse(correction_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=500, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        commands.refuse_correction(tx, correction_id, note)
        flash(_("Koreksi ditolak; pembukuan tetap."), "good")
        return url_for("corrections.show", correction_id=correction_id)

    return _decide(correction_id, form, act)


@pages.post("/koreksi/<uuid:correction_id>/tarik")
@guard.requires("stock.correct")
def withdraw(correction_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=500)

    def act(tx: Tx) -> str:
        commands.withdraw_correction(tx, correction_id, note)
        flash(_("Koreksi ditarik kembali; pembukuan tetap."), "good")
        return url_for("corrections.show", correction_id=correction_id)

    return _decide(correction_id, form, act)


def _decide(correction_id: UUID, form: Form, act: Callable[[Tx], str]) -> str | BaseResponse:
    done = attempt(form, lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(correction_id, form), 422)


def _show(correction_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = sees_places(tx)
        found = queries.correction(tx, correction_id)
        must_see(tx, reach, found)
        problems: list[str] = []
        is_open = found.row.state is CorrectionState.ASKED
        if is_open and found.row.reversed_document_id:
            problems = [say(one.code, lang, one.facts) for one in reversal_problems(tx, found.row.reversed_document_id)]
        zone = tx.zone
    row = found.row
    decides = is_open and may(context.actor(), "stock.approve")
    return render_template(
        "corrections/show.html", form=form, view=found, row=_row(row, lang), problems=problems, is_open=is_open,
        lines=[_line(one, lang) for one in found.lines], limit=print_rupiah(found.limit_rp, lang),
        may_decide=decides and row.refused_to_me is None,
        why_not=say(row.refused_to_me, lang) if decides and row.refused_to_me else "",
        may_withdraw=is_open and may(context.actor(), "stock.correct") and row.asked_by == context.actor().id,
        short=[_line(one, lang) for one in found.lines if is_open and one.short_milli],
        entries=_entries(found, lang, lambda at: print_instant(at, zone, lang)),
    )  # fmt: skip


def _entries(found: queries.CorrectionView, lang: str, at: Callable[[Any], str]) -> list[dict[str, Any]]:
    row = found.row
    made = [{"at": at(row.asked_at), "iso": row.asked_at.isoformat(), "who": row.asked_by_name, "what": _("Diajukan")}]
    if row.decided_at is not None:
        made.append(
            {
                "at": at(row.decided_at), "iso": row.decided_at.isoformat(), "who": row.decided_by_name,
                "what": say(row.state.label, lang), "why": found.decision_note, "tone": tone_of(row.state),
            }
        )  # fmt: skip
    return made


def _line(one: queries.CorrectedLine, lang: str) -> dict[str, Any]:
    unit = one.batch.item.base_unit
    sign = "+" if one.difference_milli > 0 else "−"
    return {
        "view": one, "name": one.batch.item.name(lang), "code": one.batch.code, "place": one.place,
        "before": print_quantity(one.on_hand_milli, unit, lang), "after": print_quantity(one.after_milli, unit, lang),
        "difference": f"{sign}{print_quantity(abs(one.difference_milli), unit, lang)}",
        "value": f"{sign}{print_rupiah(one.value_rp, lang)}", "funding": say(one.batch.funding_source.label, lang),
        "reserved": print_quantity(one.reserved_milli, unit, lang) if one.reserved_milli else "",
        "short": print_quantity(one.short_milli, unit, lang),
    }  # fmt: skip


def must_see(tx: Tx, reach: Reach, found: queries.CorrectionView) -> None:
    """Raises: NotFound, for who sees neither the place nor anything of the document, and did not ask."""
    spots = [one.place for one in found.lines]
    if found.row.asked_by == tx.actor.id:
        return
    if not any(reach.has_place(one.id) or reach.has_place(one.parent_id) for one in spots):
        raise NotFound("correction.not_found")


# ---------------------------------------------------------------- parts


def attempt(form: Form, act: Callable[[], Any]) -> Any:
    """Do it as ``Form.attempt`` does; of an act on stock every reason against it is told, not the first alone."""

    def told() -> Any:
        try:
            return act()
        except CannotPost as refused:
            for one in refused.problems:
                form.fail("", one.code, one.facts)
            return None

    return form.attempt(told)


def _within(reach: Reach, place: PlaceView) -> bool:
    return reach.has_place(place.id) or reach.has_place(place.parent_id)


def _asking_places(tx: Tx) -> list[PlaceView]:
    reach = tx.require("stock.correct")
    order = [PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE, PlaceKind.POST, PlaceKind.VEHICLE, PlaceKind.ASSEMBLY]
    found = [one for one in places(tx, kinds=CORRECTED_AT) if _within(reach, one)]
    return sorted(found, key=lambda one: (order.index(one.kind), one.code))
