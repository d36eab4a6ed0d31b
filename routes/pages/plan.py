"""Rencana: the days that give confirmed households or a term's beneficiaries what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, Invalid, NotFound
from core.i18n import say
from core.measures import WEEKDAYS, Period, print_count, print_quantity
from core.permissions import Reach
from core.work import Tx
from logistics.dispatch.queries import Board, board, posts
from logistics.packages import queries as packages
from logistics.packages.lacks import LackView, lacks_of
from logistics.packages.states import OPEN_PACKAGE_STATES, PackageState, RoundState
from logistics.packages.sums import VillageCount, village_counts
from logistics.packages.waiting import lacks_by_item
from logistics.planning.approving import may_approve
from logistics.planning.commands import NoPlace, PlanSummary, approve_round, cancel_package, discard_plan, shortages_of
from logistics.planning.hours import print_hours
from logistics.planning.placing import TooFewPlaces
from logistics.planning.priorities import rules
from logistics.planning.priority import BUILT_IN
from logistics.planning.queries import PlanView, draft_of, plans_of
from logistics.planning.rule_words import order_sentence, print_permille
from logistics.planning.seeing import must_be_as_seen
from logistics.planning.states import PlanState
from logistics.planning.weighing import optimum_of
from logistics.programmes.queries import TermView
from logistics.programmes.states import Unit
from logistics.zones import affected, week
from logistics.zones.freezing import lists_of_plans
from registry_link.households.identities import persons
from registry_link.households.queries import households_by_ids
from registry_link.regions.queries import RegionView, regions
from routes import context, guard
from routes.forms import Form, asked_number, page_number
from routes.frames import frame_of
from routes.occasion import Occasion, occasion_at, round_at
from routes.revised import notice_of
from routes.term import plan_the_term
from routes.texts import gettext as _

pages = Blueprint("plan", __name__, url_prefix="/kejadian/<slug>")
PER_PAGE = 25
IN_PART = "in_part"
AGAIN = ("fit", "start_over", "goes_on", "next", "first_on", "last_on")
"""What a plan was asked with, and is asked with again when its last may wait."""
MOST_WAYS_OUT = 5
MOST_IN_CARDS = 7
"""Days beside each other that still fit one card of a phone; a longer distribution scrolls in its box."""
SHORT_MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


@pages.get("/rencana")
@guard.requires("round.see")
def show(slug: str, no: int | None = None) -> str:
    return _show(slug, no, Form())


def _show(slug: str, no: int | None, form: Form, proof: TooFewPlaces | None = None) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("round.see")
        here = occasion_at(tx, slug, no)
        the_round = round_at(tx, here, asked_number("putaran", None))
        page: dict[str, Any] = {"rounds": (), "round": the_round, "today": tx.today, "proof": _proof(tx, proof, lang)}
        page["at"] = {"putaran": the_round.no} if the_round is not None and not here.is_term else {}
        page["asked"] = {name: form.raw(name) for name in AGAIN if form.raw(name)}
        if here.incident is not None:
            page["rounds"] = packages.rounds_of(tx, here.incident.id)
            page["next_on"] = week.next_week(tx, here.incident)
            page["standard"] = week.standard_in_force(tx)
            page["groups"] = affected.groups(tx, here.incident.id)
            day = the_round.week.first_on if the_round else page["next_on"]
            page["outside"] = week.waiting_for_decree(tx, here.incident, day)
        elif the_round is not None and the_round.state is RoundState.DRAFT:
            # Its draft was thrown away: the days are chosen anew, beginning with those it had.
            page |= {"round": None, "old_days": the_round.week}
            the_round = None
        if the_round is not None:
            page |= _round_page(tx, here, the_round, reach, lang)
            page["behind"] = notice_of(tx, here, the_round, lang)
            drawn = lists_of_plans(tx, [one.id for one in plans_of(tx, the_round.id)])
            page["drawn_lists"] = sorted({one.no: one for one in drawn.values()}.values(), key=lambda one: one.no)
    return render_template("plan/show.html", form=form, **page, **frame_of(here, "plan"))


def _round_page(tx: Tx, here: Occasion, the_round: packages.RoundView, reach: Reach, lang: str) -> dict[str, Any]:
    draft = draft_of(tx, the_round.id)
    day = _day_of(request.args.get("hari", ""), the_round)
    post_id = request.args.get("titik", type=UUID)
    state = request.args.get("keadaan", "")
    village = request.args.get("desa", "")
    number = page_number()
    the_board = board(tx, the_round.id)
    shown = _days_shown(the_board)
    found = packages.packages(
        tx, the_round.id, post_id=post_id, serve_on=day,
        states=(PackageState(state),) if state in set(PackageState) else (), village_code=village,
        is_in_part=state == IN_PART, reach=None if reach.is_all else reach, limit=PER_PAGE,
        offset=(number - 1) * PER_PAGE,
    )  # fmt: skip
    sees_people = reach.detail in ("full", "masked")
    people = {
        one.id: one
        for one in (households_by_ids(tx, [row.household_id for row in found.rows], purpose="plan")
                    if sees_people else ())
    }  # fmt: skip
    named = {one.id: one for one in persons(tx, _persons_among(found.rows), "plan")} if sees_people else {}
    villages = village_counts(tx, the_round.id) if reach.is_all else ()
    codes = {row.village_code for row in found.rows} | {one.village_code for one in villages}
    names = {one.code: one for one in regions(tx, sorted(codes))}
    lacks: dict[UUID, list[LackView]] = {}
    for lack in lacks_of(tx, [row.id for row in found.rows]):
        lacks.setdefault(lack.package_id, []).append(lack)
    known_posts = {one.id: one for one in posts(tx, with_closed=True)}
    short = shortages_of(tx, the_round, draft.id) if draft else ()
    return {
        "draft": draft, "plans": plans_of(tx, the_round.id), "counts": packages.counts_of(tx, the_round.id),
        "strip": _strip(the_board, tx.today, lang, here, {} if here.is_term else {"putaran": the_round.no}),
        "board": _board(the_board, shown), "day": day,
        "board_days": shown, "is_wide": len(shown) > MOST_IN_CARDS,
        "post_id": post_id, "state": state, "number": number, "total": found.total, "per_page": PER_PAGE,
        "last": max(1, -(-found.total // PER_PAGE)), "sees_people": sees_people,
        "round_state": say(f"round.state.{the_round.state.value}", lang),
        "may_approve": draft is not None and may_approve(tx, draft),
        "short": [
            (one.item.name(lang), print_quantity(one.short_milli, one.item.base_unit, lang)) for one in short
        ],
        "posts": [(str(one.id), one.name) for one in known_posts.values()],
        "states": [
            *((one.value, say(f"package.state.{one.value}", lang)) for one in PackageState),
            (IN_PART, _("Sebagian barang belum ada")),
        ],
        "village": village, "villages": _villages(villages, names), "in_part": sum(one.in_part for one in villages),
        "ran_out": [one.sentence(lang) for one in lacks_by_item(tx, the_round.id)],
        "floor": _floor(draft or _last(plans_of(tx, the_round.id)), lang),
        "rule": _rule(tx, draft or _last(plans_of(tx, the_round.id)), lang),
        "optimum": _optimum(tx, draft or _last(plans_of(tx, the_round.id)), lang) if reach.is_all else "",
        "lines": [
            {
                "row": row, "household": people.get(row.household_id), "person": named.get(row.beneficiary_id),
                "reason": row.reason(lang), "hours": print_hours(row.hours),
                "village": names[row.village_code].title if row.village_code in names else row.village_code,
                "post": known_posts[row.post_id].name if row.post_id in known_posts else "—",
                "state": say(f"package.state.{row.state.value}", lang),
                "lacks": [one.name(lang) for one in lacks.get(row.id, ()) if not one.is_supplemented],
            }
            for row in found.rows
        ],
    }  # fmt: skip


def _villages(counts: Sequence[VillageCount], names: Mapping[str, RegionView]) -> list[dict[str, Any]]:
    """Give the village table: who has a whole package, a part of it, or waits."""
    return [
        {
            "code": one.village_code, "name": names[one.village_code].title if one.village_code in names
            else one.village_code, "count": one, "whole": one.households - one.waiting - one.in_part,
        }
        for one in counts
    ]  # fmt: skip


def _last(plans: Sequence[PlanView]) -> PlanView | None:
    alive = [one for one in plans if one.state is not PlanState.DISCARDED]
    return alive[-1] if alive else None


def _floor(plan: PlanView | None, lang: str) -> str:
    """Say the floor that is published: how much of every village has whole packages first."""
    if plan is None or not plan.is_fitted or plan.largest_floor_permille is None:
        return ""
    facts = {
        "largest": print_permille(plan.largest_floor_permille, lang),
        "floor": print_permille(plan.floor_permille or 0, lang),
    }
    return say("plan.floor.kept" if plan.floor_permille else "plan.floor.none", lang, facts)


def _rule(tx: Tx, plan: PlanView | None, lang: str) -> tuple[str, str] | None:
    """Give the version of the rule that a plan follows, and what it says."""
    if plan is None:
        return None
    known = [one for one in rules(tx) if one.version == plan.rule_version]
    return plan.rule_version, order_sentence(known[0].priority if known else BUILT_IN, lang)


def _optimum(tx: Tx, plan: PlanView | None, lang: str) -> str:
    """Say how far the strict order is from the most the stock could do, once that is worked out."""
    found = optimum_of(tx, plan.id) if plan is not None else None
    return found.told(lang) if found is not None else ""


def _proof(tx: Tx, proof: TooFewPlaces | None, lang: str) -> dict[str, Any] | None:
    """Put the refusal of a plan that has too few places in words, with the single steps that help."""
    if proof is None:
        return None
    names = {one.code: one.full_name for one in regions(tx, sorted(proof.villages))}
    steps = [
        (
            say(
                f"plan.way_out.{one.step.value}", lang,
                {"places": print_count(one.places, lang), "post": one.post.name,
                 "villages": ", ".join(names.get(code, code) for code in one.villages)},
            ),
            say(
                "plan.way_out.still_short" if one.still_short else "plan.way_out.enough", lang,
                {"helps": print_count(one.helps, lang), "still_short": print_count(one.still_short, lang)},
            ),
        )
        for one in proof.ways_out[:MOST_WAYS_OUT]
    ]  # fmt: skip
    return {
        "villages": [names.get(code, code) for code in proof.villages], "posts": [post.name for post in proof.posts],
        "need": proof.need, "hold": proof.hold, "short": proof.short, "steps": steps,
    }  # fmt: skip


def _day_of(text: str, the_round: packages.RoundView) -> date | None:
    days = the_round.week.each()
    is_number = text.isdecimal() and text.isascii() and len(text) < 4
    return days[int(text) - 1] if is_number and 1 <= int(text) <= len(days) else None


def _persons_among(rows: Sequence[packages.PackageRow]) -> list[UUID]:
    return [row.beneficiary_id for row in rows if row.beneficiary_kind == Unit.PERSON]


def _strip(found: Board, today: date, lang: str, here: Occasion, at: Mapping[str, int]) -> list[dict[str, Any]]:
    boxes = []
    for number, day in enumerate(found.days, 1):
        cells = [row.cells[number - 1] for row in found.rows]
        boxes.append(
            {
                "no": number, "weekday": WEEKDAYS[lang][day.weekday()][:3],
                "date": f"{day.day} {SHORT_MONTHS[day.month - 1]}",
                "planned": sum(cell.households for cell in cells if cell), "is_today": day == today,
                "served": sum(cell.served for cell in cells if cell), "is_past": day < today,
                "href": here.url("plan.show", hari=number, **at),
            }
        )  # fmt: skip
    return boxes


def _board(found: Board, shown: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {
            "post": row.post,
            "cells": [{"day": number, "on": found.days[number - 1], "cell": row.cells[number - 1]} for number in shown],
        }
        for row in found.rows
    ]


def _days_shown(found: Board) -> list[int]:
    """Give the numbers of the days the board shows: of a long distribution those with anybody, else all."""
    every = range(1, len(found.days) + 1)
    is_long = len(found.days) > MOST_IN_CARDS
    return [number for number in every if not is_long or any(row.cells[number - 1] for row in found.rows)]


@pages.post("/rencana/susun")
@guard.requires("round.plan")
def plan(slug: str, no: int | None = None) -> str | BaseResponse:
    form = Form()
    days = _days_in(form) if no is not None else None

    def act(tx: Tx) -> str:
        here = occasion_at(tx, slug, no)
        done = _plan_term(tx, form, here.term, days) if here.term else _plan_week(tx, form, here)
        facts = {
            "planned": print_count(done.planned, context.lang()),
            "waiting": print_count(done.waiting, context.lang()),
            "in_part": print_count(done.in_part, context.lang()),
        }
        flash(
            _("Rencana disusun: %(planned)s penerima mendapat titik dan hari, %(waiting)s menunggu.", **facts)
            if here.is_term
            else _("Rencana disusun: %(planned)s keluarga mendapat titik dan hari, %(waiting)s menunggu.", **facts)
            if not done.in_part
            else _(
                "Rencana disusun: %(planned)s keluarga mendapat titik dan hari, %(in_part)s di antaranya tanpa "
                "sebagian barang; %(waiting)s menunggu.",
                **facts,
            ),
            "good" if not done.shortages else "warn",
        )
        return _plan_href(tx, here, done.round_id)

    proofs: list[TooFewPlaces] = []

    def planned() -> BaseResponse:
        try:
            return context.submit_once(act)
        except NoPlace as refused:
            proofs.append(refused.proof)
            raise

    done = form.attempt(planned)
    if proofs:
        return make_response(_show(slug, no, Form(), proofs[0]), 409)
    return done if done is not None else _refused(slug, no, form)


def _plan_week(tx: Tx, form: Form, here: Occasion) -> PlanSummary:
    view = here.incident
    assert view is not None
    current = round_at(tx, here, asked_number("putaran", None))
    # A round that is not closed takes in whoever was confirmed since; a new week only when asked for.
    is_next = form.raw("next") == "1" or current is None
    first_on = week.next_week(tx, view) if is_next or current is None else current.week.first_on
    if first_on is None:
        raise Conflict("week.no_decree" if view.window is None else "week.no_room")
    return week.plan_week(
        tx, view, first_on, week.standard_of_week(tx, view.id, first_on), fit_to_stock=form.raw("fit") == "1",
        fit_to_posts=form.raw("fit_posts") == "1", start_over=form.raw("start_over") == "1",
    )  # fmt: skip


def _plan_term(tx: Tx, form: Form, term: TermView, days: Period | None) -> PlanSummary:
    current = packages.round_of_term(tx, term.id)
    if days is None:
        if current is None:
            raise Invalid("form.day", field="first_on")
        days = current.week
    elif days.first_on < tx.today:
        raise Invalid("term.days_over", field="first_on")
    return plan_the_term(
        tx, term, days, fit_to_stock=form.raw("fit") == "1", fit_to_posts=form.raw("fit_posts") == "1",
        start_over=form.raw("start_over") == "1",
    )  # fmt: skip


def _days_in(form: Form) -> Period | None:
    """Read the days of a distribution; none are asked for where a plan goes on with its own."""
    if form.raw("goes_on") == "1":
        return None
    first_on, last_on = form.day("first_on"), form.day("last_on")
    if first_on and last_on and last_on < first_on:
        form.fail("last_on", "term.days_backwards")
    return Period(first_on, last_on) if first_on and last_on and form.is_good else None


@pages.post("/rencana/setujui")
@guard.requires("round.approve")
def approve(slug: str, no: int | None = None) -> str | BaseResponse:
    form = Form()

    def act(tx: Tx) -> str:
        here = occasion_at(tx, slug, no)
        current = round_at(tx, here, asked_number("putaran", None))
        if current is None:
            raise NotFound("round.not_found")
        must_be_as_seen(tx, current.id, form.raw("seen"))
        done = approve_round(tx, current.id)
        count = print_count(done.packages, context.lang())
        flash(
            _("Rencana disetujui: %(count)s paket siap diserahkan.", count=count)
            if here.is_cash
            else _("Rencana disetujui: %(count)s paket, stoknya dicadangkan.", count=count),
            "good",
        )
        return _plan_href(tx, here, current.id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else _refused(slug, no, form)


def _refused(slug: str, no: int | None, form: Form) -> BaseResponse:
    """Show what was wrong: at its field where the page has fields, else above the plan."""
    if no is not None:
        return make_response(_show(slug, no, form), 422)
    for error in form.errors:
        flash(error["text"], "bad")
    with context.read() as tx:
        return redirect(occasion_at(tx, slug, no).url("plan.show"), 303)


def _plan_href(tx: Tx, here: Occasion, round_id: UUID) -> str:
    """Give the page of a round's plan; the week that is being handed out needs no number in its address."""
    current = round_at(tx, here)
    if here.is_term or current is None or current.id == round_id:
        return here.url("plan.show")
    return here.url("plan.show", putaran=packages.round_by_id(tx, round_id).no)


@pages.post("/rencana/buang")
@guard.requires("round.plan")
def discard(slug: str, no: int | None = None) -> BaseResponse:
    def act(tx: Tx) -> Occasion:
        here = occasion_at(tx, slug, no)
        current = round_at(tx, here, asked_number("putaran", None))
        if current is not None:
            discard_plan(tx, current.id)
        return here

    here = context.write(act)
    flash(_("Rancangan rencana dibuang."), "good")
    return redirect(here.url("plan.show"), 303)


@pages.get("/paket/<uuid:package_id>")
@guard.requires("round.see")
def package(slug: str, package_id: UUID, no: int | None = None) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("round.see")
        here = occasion_at(tx, slug, no)
        found = packages.package(tx, package_id, None if reach.is_all else reach)
        here.must_hold(found.round)
        household, person = None, None
        if reach.detail in ("full", "masked"):
            household = next(iter(households_by_ids(tx, [found.row.household_id], purpose="package")), None)
            person = next(iter(persons(tx, _persons_among([found.row]), "package")), None)
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
        "plan/package.html", package=found, household=household, person=person, lines=lines, post=post,
        hours=print_hours(found.row.hours),
        lacks=[
            {"name": one.name(lang), "quantity": print_quantity(one.quantity_milli, one.unit, lang),
             "reason": one.reason(lang), "is_supplemented": one.is_supplemented}
            for one in found.lacks
        ],
        given_before=[item.name(lang) for item in found.given_before], reason=found.row.reason(lang),
        state=say(f"package.state.{found.row.state.value}", lang), whole=whole, rest=rest,
        is_open=found.row.state in OPEN_PACKAGE_STATES, **frame_of(here, "plan"),
    )  # fmt: skip


@pages.post("/paket/<uuid:package_id>/batal")
@guard.requires("package.cancel")
def cancel(slug: str, package_id: UUID, no: int | None = None) -> BaseResponse:
    form = Form()
    reason = form.text("note", most=200)

    def act(tx: Tx) -> bool:
        cancel_package(tx, package_id, reason)
        return True

    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        here.must_hold(packages.package(tx, package_id).round)

    if form.attempt(lambda: context.write(act)):
        flash(_("Paket dibatalkan; stok yang masih dicadangkan untuknya bebas kembali."), "good")
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(here.url("plan.package", package_id=package_id), 303)
