"""Kebutuhan & paket, Rencana: what the confirmed households need, and the week that gives it to them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, NotFound
from core.i18n import say
from core.measures import WEEKDAYS, print_count, print_quantity
from core.permissions import Reach
from core.work import Tx
from logistics.dispatch.queries import Board, board, posts
from logistics.packages import queries as packages
from logistics.packages.commands import approve_standard
from logistics.packages.states import OPEN_PACKAGE_STATES, PackageState, StandardState
from logistics.planning.commands import approve_round, cancel_package, discard_plan
from logistics.planning.queries import NeedLine, draft_of, plans_of
from logistics.planning.queries import need as round_need
from logistics.zones import queries as zones
from registry_link.households.queries import households_by_ids
from registry_link.regions.queries import regions
from routes import context, guard, week
from routes.forms import Form
from routes.pages.incident import frame
from routes.texts import gettext as _

pages = Blueprint("plan", __name__, url_prefix="/kejadian/<slug>")
PER_PAGE = 25
SHORT_MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


@pages.get("/kebutuhan")
@guard.requires("round.see")
def need(slug: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = zones.incident(tx, slug)
        the_round = week.current_round(tx, view.id, request.args.get("putaran", type=int))
        standards = packages.standards(tx)
        standard = week.standard_in_force(tx) or (standards[0] if standards else None)
        found = None
        if the_round is not None:
            found = round_need(tx, the_round.id)
            standard = packages.standard(tx, the_round.standard_id)
        elif standard is not None:
            found = week.preview(tx, view, standard.id)
        lines = [_need_line(line, lang) for line in found.lines] if found else []
        groups = zones.groups(tx, view.id)
    return render_template(
        "plan/need.html", round=the_round, standard=standard, lines=lines, groups=groups,
        standard_state=say(f"standard.state.{standard.state.value}", lang) if standard else "",
        is_draft_standard=standard is not None and standard.state is StandardState.DRAFT, **frame(view, "need"),
    )  # fmt: skip


def _need_line(line: NeedLine, lang: str) -> dict[str, Any]:
    unit = line.item.base_unit

    def shown(milli: int) -> str:
        return print_quantity(milli, unit, lang)

    return {
        "view": line, "name": line.item.name(lang), "unit": unit,
        "exact": shown(line.exact_milli), "quantity": shown(line.quantity_milli), "surplus": shown(line.surplus_milli),
        "free": shown(line.free_milli), "promised": shown(line.promised_milli),
        "short": shown(line.short_milli) if line.short_milli else None,
        "origin": line.origin(lang), "source": "; ".join(line.sources(lang)),
        "warehouses": [(one.name, shown(one.free_milli)) for one in line.by_warehouse],
    }  # fmt: skip


@pages.post("/kebutuhan/standar/<uuid:standard_id>/setujui")
@guard.requires("standard.approve")
def approve_the_standard(slug: str, standard_id: UUID) -> BaseResponse:
    context.write(lambda tx: approve_standard(tx, standard_id))
    flash(_("Standar paket disetujui dan mulai dipakai."), "good")
    return redirect(url_for("plan.need", slug=slug), 303)


@pages.get("/rencana")
@guard.requires("round.see")
def show(slug: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("round.see")
        view = zones.incident(tx, slug)
        every = packages.rounds_of(tx, view.id)
        the_round = week.current_round(tx, view.id, request.args.get("putaran", type=int))
        page: dict[str, Any] = {"rounds": every, "round": the_round}
        page["next_on"] = week.next_week(tx, view)
        page["standard"] = week.standard_in_force(tx)
        page["groups"] = zones.groups(tx, view.id)
        if the_round is not None:
            page |= _round_page(tx, the_round, reach, lang)
    return render_template("plan/show.html", **page, **frame(view, "plan"))


def _round_page(tx: Tx, the_round: packages.RoundView, reach: Reach, lang: str) -> dict[str, Any]:
    draft = draft_of(tx, the_round.id)
    day = _day_of(request.args.get("hari", ""), the_round)
    post_id = request.args.get("titik", type=UUID)
    state = request.args.get("keadaan", "")
    number = max(1, request.args.get("hal", 1, type=int))
    the_board = board(tx, the_round.id)
    found = packages.packages(
        tx, the_round.id, post_id=post_id, serve_on=day,
        states=(PackageState(state),) if state in set(PackageState) else (),
        reach=None if reach.is_all else reach, limit=PER_PAGE, offset=(number - 1) * PER_PAGE,
    )  # fmt: skip
    sees_people = reach.detail in ("full", "masked")
    people = {
        one.id: one
        for one in (households_by_ids(tx, [row.household_id for row in found.rows], purpose="plan")
                    if sees_people else ())
    }  # fmt: skip
    names = {one.code: one for one in regions(tx, sorted({row.village_code for row in found.rows}))}
    known_posts = {one.id: one for one in posts(tx, with_closed=True)}
    short = list(round_need(tx, the_round.id).shortages) if draft else []
    return {
        "draft": draft, "plans": plans_of(tx, the_round.id), "counts": packages.counts_of(tx, the_round.id),
        "strip": _strip(the_board, tx.today, lang, request.path), "board": _board(the_board), "day": day,
        "post_id": post_id, "state": state, "number": number, "total": found.total, "per_page": PER_PAGE,
        "last": max(1, -(-found.total // PER_PAGE)), "sees_people": sees_people,
        "round_state": say(f"round.state.{the_round.state.value}", lang),
        "may_approve": draft is not None and draft.planned_by != tx.actor.id,
        "short": [
            (line.item.name(lang), print_quantity(line.short_milli, line.item.base_unit, lang)) for line in short
        ],
        "posts": [(str(one.id), one.name) for one in known_posts.values()],
        "states": [(one.value, say(f"package.state.{one.value}", lang)) for one in PackageState],
        "lines": [
            {
                "row": row, "household": people.get(row.household_id), "reason": row.reason(lang),
                "village": names[row.village_code].title if row.village_code in names else row.village_code,
                "post": known_posts[row.post_id].name if row.post_id in known_posts else "—",
                "state": say(f"package.state.{row.state.value}", lang),
            }
            for row in found.rows
        ],
    }  # fmt: skip


def _day_of(text: str, the_round: packages.RoundView) -> date | None:
    days = the_round.week.each()
    return days[int(text) - 1] if text.isdecimal() and text.isascii() and 1 <= int(text) <= len(days) else None


def _strip(found: Board, today: date, lang: str, path: str) -> list[dict[str, Any]]:
    boxes = []
    for number, day in enumerate(found.days, 1):
        cells = [row.cells[number - 1] for row in found.rows]
        boxes.append(
            {
                "no": number, "weekday": WEEKDAYS[lang][day.weekday()][:3],
                "date": f"{day.day} {SHORT_MONTHS[day.month - 1]}",
                "planned": sum(cell.households for cell in cells if cell), "is_today": day == today,
                "served": sum(cell.served for cell in cells if cell), "is_past": day < today,
                "href": f"{path}?hari={number}",
            }
        )  # fmt: skip
    return boxes


def _board(found: Board) -> list[dict[str, Any]]:
    return [
        {
            "post": row.post,
            "cells": [
                {"day": number, "on": found.days[number - 1], "cell": cell} for number, cell in enumerate(row.cells, 1)
            ],
        }
        for row in found.rows
    ]


@pages.post("/rencana/susun")
@guard.requires("round.plan")
def plan(slug: str) -> BaseResponse:
    form = Form()
    fit, over = form.raw("fit") == "1", form.raw("start_over") == "1"

    def act(tx: Tx) -> str:
        view = zones.incident(tx, slug)
        standard = week.standard_in_force(tx)
        if standard is None:
            raise Conflict("week.no_standard")
        current = week.current_round(tx, view.id)
        # A round that is not closed takes in whoever was confirmed since; a new week only when asked for.
        is_next = form.raw("next") == "1" or current is None
        first_on = week.next_week(tx, view) if is_next or current is None else current.week.first_on
        if first_on is None:
            raise Conflict("week.no_decree" if view.window is None else "week.no_room")
        done = week.plan_week(tx, view, first_on, standard.id, fit_to_stock=fit, start_over=over)
        flash(
            _("Rencana disusun: %(planned)s keluarga mendapat titik dan hari, %(waiting)s menunggu.",
              planned=print_count(done.planned, context.lang()), waiting=print_count(done.waiting, context.lang())),
            "good" if not done.shortages else "warn",
        )  # fmt: skip
        return url_for("plan.show", slug=slug)

    done = form.attempt(lambda: context.submit_once(act))
    if done is not None:
        return done  # type: ignore[no-any-return]
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(url_for("plan.show", slug=slug), 303)


@pages.post("/rencana/setujui")
@guard.requires("round.approve")
def approve(slug: str) -> BaseResponse:
    form = Form()

    def act(tx: Tx) -> str:
        view = zones.incident(tx, slug)
        current = week.current_round(tx, view.id)
        if current is None:
            raise NotFound("round.not_found")
        done = approve_round(tx, current.id)
        flash(
            _("Rencana disetujui: %(count)s paket, stoknya dicadangkan.",
              count=print_count(done.packages, context.lang())), "good",
        )  # fmt: skip
        return url_for("plan.show", slug=slug)

    done = form.attempt(lambda: context.submit_once(act))
    if done is not None:
        return done  # type: ignore[no-any-return]
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(url_for("plan.show", slug=slug), 303)


@pages.post("/rencana/buang")
@guard.requires("round.plan")
def discard(slug: str) -> BaseResponse:
    def act(tx: Tx) -> None:
        current = week.current_round(tx, zones.incident(tx, slug).id)
        if current is not None:
            discard_plan(tx, current.id)

    context.write(act)
    flash(_("Rancangan rencana dibuang."), "good")
    return redirect(url_for("plan.show", slug=slug), 303)


@pages.get("/paket/<uuid:package_id>")
@guard.requires("round.see")
def package(slug: str, package_id: UUID) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("round.see")
        view = zones.incident(tx, slug)
        found = packages.package(tx, package_id, None if reach.is_all else reach)
        household = None
        if reach.detail in ("full", "masked"):
            household = next(iter(households_by_ids(tx, [found.row.household_id], purpose="package")), None)
        post = next((one for one in posts(tx, with_closed=True) if one.id == found.row.post_id), None)
        whole = packages.package(tx, found.supplements_id).row if found.supplements_id else None
        rest = packages.rest_of(tx, package_id)
    lines = [
        {
            "name": line.name(lang), "exact": print_quantity(line.exact_milli, line.unit, lang),
            "quantity": print_quantity(line.quantity_milli, line.unit, lang), "origin": line.origin(lang),
            "source": "; ".join(line.sources(lang)), "is_once": line.is_once,
        }
        for line in found.lines
    ]  # fmt: skip
    return render_template(
        "plan/package.html", package=found, household=household, lines=lines, post=post,
        given_before=[item.name(lang) for item in found.given_before], reason=found.row.reason(lang),
        state=say(f"package.state.{found.row.state.value}", lang), whole=whole, rest=rest,
        is_open=found.row.state in OPEN_PACKAGE_STATES, **frame(view, "plan"),
    )  # fmt: skip


@pages.post("/paket/<uuid:package_id>/batal")
@guard.requires("package.cancel")
def cancel(slug: str, package_id: UUID) -> BaseResponse:
    form = Form()
    reason = form.text("note", most=200)

    def act(tx: Tx) -> bool:
        cancel_package(tx, package_id, reason)
        return True

    if form.attempt(lambda: context.write(act)):
        flash(_("Paket dibatalkan; stok yang masih dicadangkan untuknya bebas kembali."), "good")
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(url_for("plan.package", slug=slug, package_id=package_id), 303)
