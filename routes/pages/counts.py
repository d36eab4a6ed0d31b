"""Stok opname: planned, counted blind on a phone, counted again where it differs, decided by a second person."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import name_of
from core.errors import NotFound
from core.i18n import say
from core.measures import Milli, print_instant, print_quantity, print_rupiah
from core.permissions import Reach, may
from core.work import Tx
from routes import context, guard
from routes.forms import Form
from routes.pages.corrections import attempt, typed_code
from routes.pages.stock import visible
from routes.seeing import sees_places
from routes.texts import gettext as _
from stock.counts import commands, queries
from stock.counts.rules import reason_label, reasons_for
from stock.counts.states import CountState
from stock.ledger.queries import batch_by_code
from stock.places.kinds import PlaceKind
from stock.places.queries import places

pages = Blueprint("counts", __name__, url_prefix="/stok/opname")
OPEN_SHOWN, ENDED_SHOWN = 100, 30
MOST_AGE_S = 6 * 3600
COUNTED_HERE = (PlaceKind.WAREHOUSE, PlaceKind.POST, PlaceKind.QUARANTINE, PlaceKind.VEHICLE)


# ---------------------------------------------------------------- the list


@pages.get("")
@guard.requires("stock.see")
def index() -> str:
    return _index(Form())


@pages.post("")
@guard.requires("stock.count")
def plan() -> str | BaseResponse:
    """Plan a count, and begin it at once where that is asked for."""
    form = Form()
    place_id, due_on = form.uuid("place_id"), form.day("due_on", is_required=False)
    starts = form.raw("start") == "1"

    def act(tx: Tx) -> str:
        assert place_id
        made = commands.plan_count(tx, place_id, due_on)
        if starts:
            commands.start_count(tx, made)
        return url_for("counts.show", count_id=made)

    done = attempt(form, lambda: context.submit_once(act))
    return done if done is not None else make_response(_index(form), 422)


def _index(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = sees_places(tx)
        within = None if reach.is_all else [one.id for one in visible(tx, reach)]
        still = queries.counts(tx, states=queries.OPEN, place_ids=within, limit=OPEN_SHOWN)
        ended = queries.counts(
            tx, states=(CountState.APPROVED, CountState.CANCELLED), place_ids=within, limit=ENDED_SHOWN
        )
        busy = {one.place.id for one in queries.counts(tx, states=queries.OPEN, limit=OPEN_SHOWN)}
        spots = []
        if may(tx.actor, "stock.count"):
            counts_at = tx.require("stock.count")
            spots = [
                one for one in places(tx, kinds=COUNTED_HERE)
                if _within(counts_at, one.id, one.parent_id) and one.id not in busy and not one.is_closed
            ]  # fmt: skip
            spots.sort(key=lambda one: (COUNTED_HERE.index(one.kind), one.code))
        last = queries.last_counted(tx)
        today = tx.today
    return render_template(
        "counts/index.html", form=form, still=[_row(one, lang) for one in still],
        ended=[_row(one, lang) for one in ended], places=[(str(one.id), one.name) for one in spots], last=last,
        today=f"{today:%d/%m/%Y}", today_on=today,
    )  # fmt: skip


def _row(one: queries.CountRow, lang: str) -> dict[str, Any]:
    counted = one.lines - one.open_lines
    return {
        "view": one, "state": say(one.state.label, lang), "tone": _tone(one.state),
        "progress": _("%(done)s dari %(all)s batch", done=counted, all=one.lines) if one.lines else "–",
    }  # fmt: skip


def _tone(state: CountState) -> str:
    return {
        CountState.COUNTING: "info", CountState.RECOUNTING: "warn", CountState.SUBMITTED: "info",
        CountState.APPROVED: "good",
    }.get(state, "neutral")  # fmt: skip


# ---------------------------------------------------------------- one count


@pages.get("/<uuid:count_id>")
@guard.requires("stock.see")
def show(count_id: UUID) -> str | BaseResponse:
    """Show where a count stands; while it is on the floor, its sheet."""
    with context.read() as tx:
        row = seen_count(tx, count_id)
        counts_here = _counts_here(tx, row)
        is_shown = queries.is_shown(row)
    on_floor = row.state in commands.ON_THE_FLOOR
    if on_floor and counts_here and (not is_shown or request.args.get("lembar")):
        return _sheet(row, Form())
    if is_shown:
        return redirect(url_for("counts.compare", count_id=count_id))
    return _status(row, Form())


def _status(row: queries.CountRow, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        counts_here = _counts_here(tx, row)
        made_by = name_of(tx, row.made_by) if row.made_by != "system" else _("pengingat otomatis")
    return render_template(
        "counts/status.html", form=form, row=_row(row, lang), may_count=counts_here, made_by=made_by,
    )  # fmt: skip


@pages.post("/<uuid:count_id>/mulai")
@guard.requires("stock.count")
def start(count_id: UUID) -> str | BaseResponse:
    form = Form()

    def act(tx: Tx) -> str:
        found = commands.start_count(tx, count_id)
        flash(
            _("Stok opname dimulai dengan %(count)s batch. Barang boleh tetap masuk dan keluar.", count=found), "good"
        )
        return url_for("counts.show", count_id=count_id)

    done = attempt(form, lambda: context.submit_once(act))
    return done if done is not None else make_response(_status(_read(count_id), form), 422)


@pages.get("/<uuid:count_id>/batch")
@guard.requires("stock.count")
def jump(count_id: UUID) -> str | BaseResponse:
    """Go to the line of a batch's code, typed or scanned; what is not on the sheet can be added."""
    code = typed_code(request.args.get("kode", ""))
    with context.read() as tx:
        must_count(tx, count_id)
        row = queries.count(tx, count_id)
        on_sheet = {one.batch.code for one in queries.sheet(tx, count_id)}
    if row.state not in commands.ON_THE_FLOOR:
        return redirect(url_for("counts.show", count_id=count_id), 303)
    if code in on_sheet:
        return redirect(url_for("counts.show", count_id=count_id, fokus=code, lembar=1) + f"#b-{code}", 303)
    return _sheet(row, Form(), unknown=code)


@pages.post("/<uuid:count_id>/batch")
@guard.requires("stock.count")
def add(count_id: UUID) -> str | BaseResponse:
    form = Form()
    code = typed_code(form.raw("code"))

    def act(tx: Tx) -> str:
        batch = batch_by_code(tx, code)
        commands.add_batch(tx, count_id, batch.id)
        return url_for("counts.show", count_id=count_id, fokus=batch.code) + f"#b-{batch.code}"

    try:
        done = attempt(form, lambda: context.submit_once(act))
    except NotFound as refused:
        if refused.code != "batch.not_found":
            raise
        form.refuse(refused, "kode")
        done = None
    return done if done is not None else make_response(_sheet(_read(count_id), form, unknown=code), 422)


@pages.post("/<uuid:count_id>/hitung")
@guard.requires("stock.count")
def save(count_id: UUID) -> str | BaseResponse:
    """Write down what was typed: one line as soon as it is left (htmx), or the whole sheet by its button."""
    form = Form()
    is_partial = request.headers.get("HX-Request") == "true"
    with context.read() as tx:
        must_count(tx, count_id)
        lines = queries.sheet(tx, count_id)
        now = tx.now
        started = queries.count(tx, count_id).started_at or now
    typed: list[commands.LineCounted] = []
    for line in lines:
        code = line.batch.code
        raw = form.raw(f"counted-{code}")
        if f"counted-{code}" not in form.values or not raw.strip():
            continue
        counted = form.quantity(f"counted-{code}")
        noted = f"note-{code}"
        note = form.text(noted, most=300) if noted in form.values else None
        if counted is None:
            continue
        if line.counted_milli == counted and note in (None, line.note):
            continue
        # How long ago it was typed, by the phone's own stopwatch: its clock may be wrong, its stopwatch is not.
        at = max(started, now - timedelta(seconds=_age(form.raw(f"age-{code}"))))
        typed.append(
            commands.LineCounted(
                batch_id=line.batch.id, counted_milli=Milli(counted), note=note,
                counted_at=line.counted_at if line.counted_milli == counted else at,
            )
        )  # fmt: skip

    def act(tx: Tx) -> str:
        if typed:
            commands.count_lines(tx, count_id, typed)
        if not is_partial:
            flash(_("%(count)s batch disimpan.", count=len(typed)), "good")
        return url_for("counts.show", count_id=count_id)

    if is_partial:
        attempt(form, lambda: context.write(act))
        return _partial(count_id, form)
    done = attempt(form, lambda: context.submit_once(act))
    return done if done is not None else make_response(_sheet(_read(count_id), form), 422)


def _age(raw: str) -> int:
    return min(int(raw), MOST_AGE_S) if re.fullmatch(r"[0-9]{1,6}", raw, re.ASCII) else 0


def _partial(count_id: UUID, form: Form) -> str:
    """Give the saved line again, and the progress beside it."""
    code = next((name.removeprefix("counted-") for name in form.values if name.startswith("counted-")), "")
    page = _sheet_values(_read(count_id), form)
    line = next((one for one in page["lines"] if one["code"] == code), None)
    if line is None:
        raise NotFound("batch.not_found", batch=code)
    return render_template("counts/_saved.html", line=line, **page)


@pages.post("/<uuid:count_id>/hitung-ulang")
@guard.requires("stock.count")
def recount(count_id: UUID) -> str | BaseResponse:
    form = Form()

    def act(tx: Tx) -> str:
        found = commands.recount(tx, count_id)
        flash(_("%(count)s batch dihitung ulang, sebaiknya oleh orang lain.", count=found), "good")
        return url_for("counts.show", count_id=count_id)

    done = attempt(form, lambda: context.submit_once(act))
    return done if done is not None else make_response(_sheet(_read(count_id), form), 422)


@pages.post("/<uuid:count_id>/batal")
@guard.requires("stock.count")
def cancel(count_id: UUID) -> str | BaseResponse:
    form = Form()
    reason = form.text("note", most=300, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        commands.cancel_count(tx, count_id, reason)
        flash(_("Stok opname dibatalkan; pembukuan tetap."), "good")
        return url_for("counts.index")

    done = attempt(form, lambda: context.submit_once(act))
    return done if done is not None else make_response(_status(_read(count_id), form), 422)


def _sheet(row: queries.CountRow, form: Form, unknown: str = "") -> str:
    return render_template("counts/sheet.html", unknown=unknown, **_sheet_values(row, form))


def _sheet_values(row: queries.CountRow, form: Form) -> dict[str, Any]:
    """Give what the sheet shows: never what the books say."""
    lang = context.lang()
    with context.read() as tx:
        found = queries.sheet(tx, row.id)
        arrived = queries.arrived_since(tx, row.id) if row.state is CountState.COUNTING else ()
        is_done = row.open_lines == 0 and row.lines > 0
        differing = queries.differing_lines(tx, row.id) if is_done and row.state is CountState.COUNTING else 0
        zone = tx.zone
    is_again = row.state is CountState.RECOUNTING
    focus = request.args.get("fokus", "")
    lines = []
    for one in found:
        code = one.batch.code
        kept = print_quantity(one.counted_milli, "", lang) if one.counted_milli is not None else ""
        lines.append(
            {
                "view": one, "code": code, "name": one.batch.item.name(lang), "unit": one.batch.item.base_unit,
                "funding": say(one.batch.funding_source.label, lang), "is_saved": one.counted_milli is not None,
                "value": form.raw(f"counted-{code}") if f"counted-{code}" in form.values else kept,
                "note": form.raw(f"note-{code}") if f"note-{code}" in form.values else one.note,
                "at": f"{one.counted_at.astimezone(zone):%H.%M}" if one.counted_at else "",
                "full_at": print_instant(one.counted_at, zone, lang) if one.counted_at else "",
                "is_focus": code == focus, "error": form.error_of(f"counted-{code}"),
                "steps": print_quantity(one.batch.item.step_milli, one.batch.item.base_unit, lang),
            }
        )  # fmt: skip
    counted = sum(1 for one in found if one.counted_milli is not None)
    return {
        "row": _row(row, lang), "form": form, "lines": lines, "is_again": is_again, "done": counted, "all": len(found),
        "arrived": [{"code": one.code, "name": one.item.name(lang)} for one in arrived], "differing": differing,
        "is_done": is_done, "lang": lang,
        "is_mine_again": any(one.is_mine_again and one.must_recount for one in found),
    }  # fmt: skip


# ---------------------------------------------------------------- against the books


@pages.get("/<uuid:count_id>/banding")
@guard.requires("stock.see")
def compare(count_id: UUID) -> str | BaseResponse:
    """Show the differences in quantity and rupiah, once nothing is counted blindly any more."""
    row = _read(count_id)
    if not queries.is_shown(row):
        return redirect(url_for("counts.show", count_id=count_id))
    return _compare(count_id, Form())


@pages.post("/<uuid:count_id>/ajukan")
@guard.requires("stock.count")
def submit(count_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("minutes", most=2000)
    with context.read() as tx:
        must_count(tx, count_id)
        found = queries.comparison(tx, count_id)
    row = found.row
    reasons = []
    for one in found.differing:
        code = one.batch.code
        reason, noted = form.raw(f"reason-{code}"), f"note-{code}"
        if reason not in reasons_for(one.difference_milli):
            form.fail(f"reason-{code}", "stock_count.reason_missing", {"batch": code})
            continue
        reasons.append(commands.LineReason(batch_id=one.batch_id, reason=reason, note=form.text(noted, most=300)))

    def act(tx: Tx) -> str:
        commands.submit_count(tx, commands.SubmitCount(count_id=count_id, reasons=tuple(reasons), note=note))
        flash(_("Diajukan. Pembukuan berubah sesudah orang kedua menyetujuinya."), "good")
        return url_for("counts.compare", count_id=count_id)

    done: BaseResponse | None = attempt(form, lambda: context.submit_once(act))
    if done is not None:
        return done
    if queries.is_shown(row) or (row.open_lines == 0 and not found.differing):
        return make_response(_compare(count_id, form), 422)
    return make_response(_sheet(row, form), 422)


@pages.post("/<uuid:count_id>/setujui")
@guard.requires("stock.approve")
def approve(count_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=500)

    def act(tx: Tx) -> str:
        done = commands.approve_count(tx, count_id, note)
        flash(
            _("Stok opname disetujui; %(count)s selisih dicatat pada waktu hitungnya masing-masing.",
              count=done.differences)
            if done.differences else _("Stok opname disetujui; rak dan pembukuan sama."),
            "good",
        )  # fmt: skip
        return url_for("counts.compare", count_id=count_id)

    return _decide(count_id, form, act)


@pages.post("/<uuid:count_id>/kembalikan")
@guard.requires("stock.approve")
def send_back(count_id: UUID) -> str | BaseResponse:
    form = Form()
    reason = form.text("note", most=300, least=commands.LEAST_REASON)

    def act(tx: Tx) -> str:
        found = commands.send_back(tx, count_id, reason)
        flash(_("Dikembalikan: %(count)s batch dihitung ulang.", count=found), "good")
        return url_for("counts.show", count_id=count_id)

    return _decide(count_id, form, act)


def _decide(count_id: UUID, form: Form, act: Callable[[Tx], str]) -> str | BaseResponse:
    done: BaseResponse | None = attempt(form, lambda: context.submit_once(act))
    if done is not None:
        return done
    row = _read(count_id)
    page = _compare(count_id, form) if queries.is_shown(row) else _status(row, form)
    return make_response(page, 422)


def _compare(count_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        seen_count(tx, count_id)
        found = queries.comparison(tx, count_id)
        zone = tx.zone
        counts_here = _counts_here(tx, found.row)
    row, decides = found.row, may(context.actor(), "stock.approve") and found.row.state is CountState.SUBMITTED
    submits = counts_here and row.state in commands.ON_THE_FLOOR
    lines = []
    for one in found.lines:
        unit, code = one.batch.item.base_unit, one.batch.code
        sign = "+" if one.difference_milli > 0 else "−"
        lines.append(
            {
                "view": one, "code": code, "name": one.batch.item.name(lang), "differs": bool(one.difference_milli),
                "first": print_quantity(one.first_milli, unit, lang) if one.recounted_milli is not None else "",
                "counted": print_quantity(one.counted_milli, unit, lang),
                "booked": print_quantity(one.booked_milli, unit, lang),
                "difference": f"{sign}{print_quantity(abs(one.difference_milli), unit, lang)}",
                "value": f"{sign}{print_rupiah(abs(one.difference_rp), lang)}",
                "at": _moment(one.counted_at, zone),
                "reason": say(reason_label(one.reason), lang) if one.reason else "",
                "typed": form.raw(f"reason-{code}") or one.reason,
                "note": form.raw(f"note-{code}") if f"note-{code}" in form.values else one.note,
                "reasons": [(each, say(reason_label(each), lang)) for each in reasons_for(one.difference_milli)],
                "error": form.error_of(f"reason-{code}"),
            }
        )  # fmt: skip
    return render_template(
        "counts/compare.html", form=form, view=found, row=_row(row, lang),
        lines=[one for one in lines if one["differs"]], same=[one for one in lines if not one["differs"]],
        may_submit=submits,
        may_decide=decides and found.refused_to_me is None, may_cancel=counts_here and row.state in queries.OPEN,
        why_not=say(found.refused_to_me, lang) if decides and found.refused_to_me else "",
        needs_head=found.value_rp > found.limit_rp, limit=print_rupiah(found.limit_rp, lang),
        more=print_rupiah(found.more_rp, lang), less=print_rupiah(found.less_rp, lang),
        promised=[
            {
                "name": one.batch.item.name(lang), "code": one.batch.code,
                "release": print_quantity(one.release_milli, one.batch.item.base_unit, lang),
            }
            for one in found.promised
        ],
    )  # fmt: skip


# ---------------------------------------------------------------- parts


def _moment(at: datetime, zone: ZoneInfo) -> str:
    """Write a line's moment briefly: 22/11 12.06."""
    return f"{at.astimezone(zone):%d/%m %H.%M}"


def _read(count_id: UUID) -> queries.CountRow:
    with context.read() as tx:
        return seen_count(tx, count_id)


def seen_count(tx: Tx, count_id: UUID) -> queries.CountRow:
    """Raises: NotFound, also for a place that the reader does not see."""
    reach = sees_places(tx)
    row = queries.count(tx, count_id)
    if not _within(reach, row.place.id, row.place.parent_id):
        raise NotFound("stock_count.not_found")
    return row


def _counts_here(tx: Tx, row: queries.CountRow) -> bool:
    if not may(tx.actor, "stock.count"):
        return False
    return _within(tx.require("stock.count"), row.place.id, row.place.parent_id)


def must_count(tx: Tx, count_id: UUID) -> None:
    """Raises: NotFound, for a count of a place that the reader does not count."""
    if not _counts_here(tx, seen_count(tx, count_id)):
        raise NotFound("stock_count.not_found")


def _within(reach: Reach, place_id: UUID, parent_id: UUID | None) -> bool:
    return reach.has_place(place_id) or reach.has_place(parent_id)
