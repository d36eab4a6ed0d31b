"""Periksa per desa: a village's households one after the other, on the telephone of whoever walks from door to door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.i18n import say
from core.measures import print_instant
from core.permissions import may
from core.work import Tx
from logistics.zones import affected as listing
from logistics.zones import deciding, freezing, queries, sheltering
from logistics.zones.affected import AffectedLine
from logistics.zones.states import AffectedState, RejectReason
from registry_link.households.neighbourhoods import Neighbour, in_walking_order, named
from registry_link.households.queries import households_by_ids
from registry_link.matching.rules import Confidence
from registry_link.regions.queries import RegionView, region
from routes import context, guard
from routes.forms import Form, page_number
from routes.pages.affected import GROUPS, MOST, STATES, TONES, reject_reasons, shown_line, shown_stay
from routes.pages.incident import frame
from routes.texts import gettext as _

pages = Blueprint("affected_villages", __name__, url_prefix="/kejadian/<slug>/keluarga")
PER_PAGE = 30
_WORDS = {one: word for word, one in GROUPS.items()}


@dataclass(frozen=True, slots=True)
class _Walk:
    """A village's list in the order in which somebody walks through it."""

    lines: tuple[AffectedLine, ...]
    at: tuple[Neighbour, ...]

    @property
    def decided(self) -> int:
        return sum(one.state is not AffectedState.PROPOSED for one in self.lines)

    def after(self, household_id: UUID | None) -> UUID | None:
        """Give the next undecided household after this one, from the beginning again where none follows."""
        waiting = [one.household_id for one in self.lines if one.state is AffectedState.PROPOSED]
        if household_id is None or not waiting:
            return waiting[0] if waiting else None
        order = {one.household_id: place for place, one in enumerate(self.lines)}
        here = order.get(household_id, -1)
        later = [one for one in waiting if order[one] > here]
        return next(iter(later or [one for one in waiting if one != household_id]), None)


def _walk(tx: Tx, incident_id: UUID, village_code: str) -> _Walk:
    found = {one.household_id: one for one in listing.affected(
        tx, incident_id, village_code=village_code, limit=MOST
    ).lines}  # fmt: skip
    at = in_walking_order(tx, list(found))
    return _Walk(lines=tuple(found[one.household_id] for one in at), at=at)


def _village(tx: Tx, code: str) -> RegionView:
    """Give a village of the reach. Raises: NotFound."""
    found = region(tx, code)
    if not tx.require("affected.see").has_village(code) or found.regency_code != tx.regency_code:
        raise NotFound("region.not_found")
    return found


@pages.get("/desa")
@guard.requires("affected.see")
def index(slug: str) -> str | BaseResponse:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        counts = listing.village_counts(tx, view.id)
        lines = [
            {
                "view": one, "name": region(tx, one.village_code).full_name,
                "waiting": one.by_name - one.confirmed - one.rejected, "done": one.confirmed + one.rejected,
            }
            for one in counts
        ]  # fmt: skip
        sees_people = tx.require("affected.see").detail != "counts"
    if len(counts) == 1 and sees_people:
        return redirect(url_for("affected_villages.show", slug=slug, village_code=counts[0].village_code))
    return render_template("affected/villages.html", lines=lines, sees_people=sees_people, **frame(view, "affected"))


@pages.get("/desa/<village_code>")
@guard.requires("affected.see")
def show(slug: str, village_code: str) -> str:
    return _show(slug, village_code)


@pages.post("/desa/<village_code>/cari")
@guard.requires("affected.see")
def search(slug: str, village_code: str) -> str:
    """Find a household of this village's list by a name or its code."""
    return _show(slug, village_code, Form().text("q", most=80))


def _show(slug: str, village_code: str, text: str = "") -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        village = _village(tx, village_code)
        sees_people = tx.require("affected.see").detail != "counts"
        walk = _walk(tx, view.id, village_code)
        group, state = GROUPS.get(request.args.get("kelompok", "")), STATES.get(request.args.get("keputusan", ""))
        rt, rw = request.args.get("rt"), request.args.get("rw")
        wanted = named(tx, [line.household_id for line in walk.lines], text) if text else None
        chosen = [
            (line, at) for line, at in zip(walk.lines, walk.at, strict=True)
            if (group is None or line.confidence is group) and (state is None or line.state is state)
            and (rt is None or at.rt == rt) and (rw is None or at.rw == rw)
            and (wanted is None or line.household_id in wanted)
        ]  # fmt: skip
        number = page_number()
        page = chosen[(number - 1) * PER_PAGE : number * PER_PAGE]
        ids = [line.household_id for line, _at in page]
        people = {one.id: one for one in households_by_ids(tx, ids, purpose="affected_list")}
        where = sheltering.stays_now(tx, view.id, ids)
        names = {village_code: village}
        held = freezing.current_list(tx, view.id)
        lines = [
            {
                **shown_line(line, people.get(line.household_id), names, lang), "rt": at.rt, "rw": at.rw,
                "away": shown_stay(where[line.household_id], lang) if line.household_id in where else "",
            }
            for line, at in page
        ]  # fmt: skip

    def here(**changed: Any) -> str:
        kept = {"kelompok": request.args.get("kelompok"), "keputusan": request.args.get("keputusan"), "rt": rt,
                "rw": rw, **changed}  # fmt: skip
        kept = {key: value for key, value in kept.items() if value is not None}
        return url_for("affected_villages.show", slug=slug, village_code=village_code, **kept)

    return render_template(
        "affected/village.html", village=village, lines=lines, walk=walk, here=here, number=number, q=text,
        last=max(1, -(-len(chosen) // PER_PAGE)), per_page=PER_PAGE, total=len(chosen), sees_people=sees_people,
        neighbourhoods=_neighbourhoods(walk), groups=_groups(walk), list=held, reject_reasons=reject_reasons(),
        group=request.args.get("kelompok", ""),
        state=request.args.get("keputusan", ""), **frame(view, "affected"),
    )  # fmt: skip


def _neighbourhoods(walk: _Walk) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], list[int]] = {}
    for line, at in zip(walk.lines, walk.at, strict=True):
        counted = found.setdefault((at.rw, at.rt), [0, 0])
        counted[0] += line.state is not AffectedState.PROPOSED
        counted[1] += 1
    return [{"rw": rw, "rt": rt, "done": done, "all": every} for (rw, rt), (done, every) in found.items()]


def _groups(walk: _Walk) -> list[dict[str, Any]]:
    """Count each of the three groups: how many there are, and how many of them nobody has decided on."""
    found = []
    for one in Confidence:
        own = [line for line in walk.lines if line.confidence is one]
        found.append({
            "word": _WORDS[one], "sign": "verify" if one is Confidence.TO_VERIFY else one.value, "all": len(own),
            "waiting": sum(line.state is AffectedState.PROPOSED for line in own),
        })  # fmt: skip
    return found


# ---------------------------------------------------------------- one after the other


@pages.get("/desa/<village_code>/berikutnya")
@guard.requires("affected.decide")
def next_one(slug: str, village_code: str) -> BaseResponse:
    """Lead to the next undecided household, after the one that ``sesudah`` names."""
    with context.read() as tx:
        view = queries.incident(tx, slug)
        _village(tx, village_code)
        found = _walk(tx, view.id, village_code).after(request.args.get("sesudah", type=UUID))
    return redirect(_address(slug, village_code, found), 303)


def _address(slug: str, village_code: str, household_id: UUID | None, just: UUID | None = None) -> str:
    if household_id is None:
        return url_for("affected_villages.show", slug=slug, village_code=village_code)
    return url_for("affected_villages.one", slug=slug, household_id=household_id, baru=just)


@pages.get("/satu/<uuid:household_id>")
@guard.requires("affected.see")
def one(slug: str, household_id: UUID) -> str:
    return _one(slug, household_id, Form())


@pages.post("/satu/<uuid:household_id>")
@guard.requires("affected.decide")
def decide(slug: str, household_id: UUID) -> str | BaseResponse:
    """Take one answer and lead to the next household by itself."""
    form = Form()
    is_affected = form.raw("verdict") == "yes"
    reason = None if is_affected else form.choice("reason", RejectReason)
    note = form.text("note", most=300)
    seen = form.number("decided_no", least=0, most=100_000)

    def act(tx: Tx) -> str:
        view = queries.incident(tx, slug)
        deciding.decide_affected(
            tx,
            deciding.Decide(
                incident_id=view.id, household_ids=(household_id,), is_affected=is_affected, reject_reason=reason,
                note=note, seen=(deciding.Seen(household_id=household_id, decided_no=seen or 0),),
            ),
        )  # fmt: skip
        village = listing.affected_household(tx, view.id, household_id).village_code
        return _address(slug, village, _walk(tx, view.id, village).after(household_id), household_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_one(slug, household_id, form), 422)


@pages.post("/satu/<uuid:household_id>/batal")
@guard.requires("affected.decide")
def undo(slug: str, household_id: UUID) -> BaseResponse:
    """Take back the last answer on a household and show it again."""
    form = Form()
    number = form.number("decided_no", least=1, most=100_000)

    def act(tx: Tx) -> str:
        assert number
        deciding.undo_decision(tx, queries.incident(tx, slug).id, household_id, number)
        flash(_("Keputusan dibatalkan."), "good")
        return url_for("affected_villages.one", slug=slug, household_id=household_id)

    done: BaseResponse | None = form.attempt(lambda: context.submit_once(act))
    for error in form.errors:
        flash(error["text"], "bad")
    return done or redirect(url_for("affected_villages.one", slug=slug, household_id=household_id), 303)


def _one(slug: str, household_id: UUID, form: Form) -> str:
    lang = context.lang()
    zone = context.actor().zone
    with context.read() as tx:
        view = queries.incident(tx, slug)
        line = listing.affected_household(tx, view.id, household_id)
        village = _village(tx, line.village_code)
        walk = _walk(tx, view.id, line.village_code)
        just_id = request.args.get("baru", type=UUID)
        just = next((each for each in walk.lines if each.household_id == just_id), None)
        ids = [household_id, *([just.household_id] if just else [])]
        people = {each.id: each for each in households_by_ids(tx, ids, purpose="affected_list")}
        where = sheltering.stays_now(tx, view.id, [household_id])
        history = listing.decisions(tx, view.id, household_id)
        held = freezing.current_list(tx, view.id)
        may_stay = may(tx.actor, "stay.record")
        names = {line.village_code: village}
    entries = [
        {
            "at": print_instant(each.decided_at, zone, lang), "iso": each.decided_at.isoformat(), "who": each.who,
            "what": say(f"affected.state.{each.after.value}", lang), "tone": TONES[each.after],
            "why": " · ".join(part for part in (
                say(f"decision.how.{each.how.value}", lang),
                say(f"reject.{each.reject_reason.value}", lang) if each.reject_reason else "", each.note,
            ) if part),
        }
        for each in history
    ]  # fmt: skip
    return render_template(
        "affected/one.html", form=form, line=shown_line(line, people.get(household_id), names, lang), walk=walk,
        village=village, just=shown_line(just, people.get(just.household_id), names, lang) if just else None,
        history=entries, away=where.get(household_id), reject_reasons=reject_reasons(), list=held, may_stay=may_stay,
        away_text=shown_stay(where[household_id], lang) if household_id in where else "",
        next_href=url_for("affected_villages.next_one", slug=slug, village_code=line.village_code,
                          sesudah=household_id), **frame(view, "affected"),
    )  # fmt: skip
