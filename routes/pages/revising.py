"""Perubahan rencana: an approved round worked out anew for what has not left, shown before it counts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.i18n import say
from core.measures import print_count, print_day, print_quantity
from core.permissions import Reach, may
from core.work import Tx
from logistics.dispatch.queries import post_choices, posts
from logistics.packages.queries import RoundView
from logistics.packages.states import RoundState
from logistics.planning.differing import Spot
from logistics.planning.hours import print_hours
from logistics.planning.queries import revision_of
from logistics.planning.revising import approve_revision, discard_revision
from logistics.planning.revision_queries import (
    ChangeRow,
    LineChange,
    RevisionView,
    changes_of,
    revision_by_no,
    revision_view,
    revisions_of,
)
from logistics.planning.seeing import must_be_as_seen
from logistics.planning.states import ChangeKind, PlanState
from logistics.zones.revising import posts_now
from registry_link.households.identities import persons
from registry_link.households.queries import households_by_ids
from registry_link.regions.queries import regions
from routes import context, guard, revised
from routes.forms import Form, asked_number, page_number
from routes.frames import frame_of
from routes.occasion import Occasion, occasion_at, round_at
from routes.texts import gettext as _

pages = Blueprint("revising", __name__, url_prefix="/kejadian/<slug>")
PER_PAGE = 25
TONES = {
    ChangeKind.SERVED: "good", ChangeKind.NEW: "good", ChangeKind.COMPLETED: "good", ChangeKind.MORE: "good",
    ChangeKind.MOVED: "info", ChangeKind.FEWER: "warn", ChangeKind.WAITS: "warn", ChangeKind.OUT: "bad",
    ChangeKind.RETOLD: "neutral",
}  # fmt: skip


@pages.get("/rencana/perubahan")
@guard.requires("round.see")
def show(slug: str, no: int | None = None) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("round.see")
        here = occasion_at(tx, slug, no)
        the_round = round_at(tx, here, asked_number("putaran", None))
        page: dict[str, Any] = {"round": the_round, "view": None, "reasons": (), "past": (), "more": {}}
        if the_round is not None:
            page |= _page(tx, here, the_round, reach, lang)
    return render_template("plan/changes.html", tones={kind.value: tone for kind, tone in TONES.items()}, **page,
                           **frame_of(here, "plan"))  # fmt: skip


def _page(tx: Tx, here: Occasion, the_round: RoundView, reach: Reach, lang: str) -> dict[str, Any]:
    asked = asked_number("rencana", None)
    draft = revision_of(tx, the_round.id)
    plan = revision_by_no(tx, the_round.id, asked) if asked is not None else draft
    is_open = the_round.state is RoundState.APPROVED and the_round.week.last_on >= tx.today
    page: dict[str, Any] = {
        "more": {} if here.is_term else {"putaran": the_round.no}, "is_open": is_open, "draft": draft,
        "is_shown_draft": plan is not None and plan.state is PlanState.DRAFT,
        "past": [one for one in revisions_of(tx, the_round.id) if one.state is PlanState.APPROVED],
        "may_approve": draft is not None and draft.planned_by != tx.actor.id,
        "reasons": [one.sentence(lang) for one in revised.behind(tx, here, the_round)]
        if draft is None and is_open and may(tx.actor, "round.plan") else [],
        "posts": [(str(one.post_id), one.name) for one in post_choices(tx, the_round.week.each())],
    }  # fmt: skip
    return page if plan is None else page | _shown(tx, revision_view(tx, plan), reach, lang)


def _shown(tx: Tx, view: RevisionView, reach: Reach, lang: str) -> dict[str, Any]:
    number = page_number()
    kind, village = request.args.get("jenis", ""), request.args.get("desa", "")
    found = changes_of(
        tx, view.plan.id, kind=ChangeKind(kind) if kind in set(ChangeKind) else None, village_code=village,
        reach=None if reach.is_all else reach, limit=PER_PAGE, offset=(number - 1) * PER_PAGE,
    )  # fmt: skip
    sees_people = reach.detail in ("full", "masked")
    rows = [one.package for one in found.rows]
    homes = households_by_ids(tx, [one.household_id for one in rows], purpose="plan") if sees_people else ()
    people = {one.id: one for one in homes}
    alone = [one.beneficiary_id for one in rows if one.beneficiary_kind == "person"]
    named = {one.id: one for one in persons(tx, alone, "plan")} if sees_people and alone else {}
    codes = {one.village_code for one in view.villages} | {one.village_code for one in rows}
    names = {one.code: one.title for one in regions(tx, sorted(codes))}
    spots = {one.id: one.name for one in posts(tx, with_closed=True)}
    kinds = [one for one in ChangeKind if one in view.counts]
    return {
        "view": view, "total": found.total, "number": number, "per_page": PER_PAGE, "kind": kind, "village": village,
        "last": max(1, -(-found.total // PER_PAGE)), "sees_all": reach.is_all,
        "kinds": [(one.value, say(f"revision.kind.{one.value}", lang), view.counts[one]) for one in kinds],
        "villages": [
            {"code": one.village_code, "name": names.get(one.village_code, one.village_code),
             "counts": [one.counts.get(each, 0) for each in kinds]}
            for one in view.villages
        ],
        "cells": [
            {"post": spots.get(one.post_id, ""), "day": print_day(one.serve_on, lang, weekday=True),
             "before": one.before, "after": one.after}
            for one in view.cells
        ],
        "goods": [
            {"name": one.item.name(lang), "before": print_quantity(one.before_milli, one.item.base_unit, lang),
             "after": print_quantity(one.after_milli, one.item.base_unit, lang),
             "difference": signed(one.after_milli - one.before_milli, one.item.base_unit, lang)}
            for one in view.goods
        ],
        "lines": [
            {
                "row": one.package, "household": people.get(one.package.household_id),
                "person": named.get(one.package.beneficiary_id), "kind": one.kind_label(lang),
                "tone": TONES[one.kind], "village": names.get(one.package.village_code, one.package.village_code),
                "before": _spot(one.before, spots, lang), "after": _after(one, spots, lang), "why": one.why(lang),
                "goods": [_line(line, lang) for line in one.lines],
            }
            for one in found.rows
        ],
    }  # fmt: skip


def _spot(spot: Spot | None, names: dict[UUID, str], lang: str) -> str:
    if spot is None:
        return "—"
    told = (names.get(spot.post_id, ""), print_day(spot.serve_on, lang, weekday=True), print_hours(spot.hours))
    return ", ".join(part for part in told if part)


def _after(one: ChangeRow, names: dict[UUID, str], lang: str) -> str:
    if one.after is None:
        return _("dikeluarkan") if one.kind is ChangeKind.OUT else _("menunggu")
    return _spot(one.after, names, lang)


def _line(line: LineChange, lang: str) -> str:
    unit = line.item.base_unit
    return f"{line.item.name(lang)} {signed(line.after_milli - line.before_milli, unit, lang)}"


def signed(milli: int, unit: str, lang: str) -> str:
    """Print a difference with its sign."""
    return f"{'+' if milli > 0 else '−'}{print_quantity(abs(milli), unit, lang)}"


@pages.post("/rencana/perubahan/hitung")
@guard.requires("round.plan")
def revise(slug: str, no: int | None = None) -> BaseResponse:
    form = Form()
    without = {post_id for text in request.form.getlist("tanpa") if (post_id := _uuid(text)) is not None}

    def act(tx: Tx) -> str:
        here, the_round = _round(tx, slug, no)
        made = revised.revise(tx, here, the_round, without)
        count = print_count(sum(made.counts.values()), context.lang())
        flash(_("Perubahan dihitung: %(count)s paket berubah. Belum ada yang berlaku.", count=count), "info")
        return _href(here, the_round)

    return _done(form, slug, no, act)


@pages.post("/rencana/perubahan/setujui")
@guard.requires("round.approve")
def approve(slug: str, no: int | None = None) -> BaseResponse:
    form = Form()

    def act(tx: Tx) -> str:
        here, the_round = _round(tx, slug, no)
        must_be_as_seen(tx, the_round.id, form.raw("seen"))
        done = approve_revision(tx, the_round.id, posts_now(tx, the_round))
        count = print_count(done.packages, context.lang())
        flash(_("Perubahan berlaku: %(count)s paket, stoknya dicadangkan ulang.", count=count), "good")
        return here.url("plan.show", **({} if here.is_term else {"putaran": the_round.no}))

    return _done(form, slug, no, act)


@pages.post("/rencana/perubahan/buang")
@guard.requires("round.plan")
def discard(slug: str, no: int | None = None) -> BaseResponse:
    form = Form()

    def act(tx: Tx) -> str:
        here, the_round = _round(tx, slug, no)
        discard_revision(tx, the_round.id)
        flash(_("Perubahan dibuang; rencana tetap seperti semula."), "good")
        return _href(here, the_round)

    return _done(form, slug, no, act)


def _done(form: Form, slug: str, no: int | None, act: Any) -> BaseResponse:
    done: BaseResponse | None = form.attempt(lambda: context.submit_once(act))
    if done is not None:
        return done
    for error in form.errors:
        flash(error["text"], "bad")
    with context.read() as tx:
        here, the_round = _round(tx, slug, no)
        return redirect(_href(here, the_round), 303)


def _round(tx: Tx, slug: str, no: int | None) -> tuple[Occasion, RoundView]:
    here = occasion_at(tx, slug, no)
    the_round = round_at(tx, here, asked_number("putaran", None))
    if the_round is None:
        raise NotFound("round.not_found")
    return here, the_round


def _href(here: Occasion, the_round: RoundView) -> str:
    return here.url("revising.show", **({} if here.is_term else {"putaran": the_round.no}))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
