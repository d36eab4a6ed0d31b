"""Papan jadwal: posts by days of a round, by keyboard and on a phone; a move shows first what follows from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Invalid, NotFound
from core.i18n import say
from core.measures import WEEKDAYS, print_count, print_quantity
from core.permissions import may
from core.work import Tx
from logistics.dispatch.schedule import Cell, Load, Row, Schedule, schedule
from logistics.packages.cells import Spot
from logistics.packages.queries import RoundView
from logistics.packages.states import RoundState
from logistics.planning.consequences import Consequences, consequences
from logistics.planning.groups import Choice
from logistics.planning.hours import print_hours
from logistics.planning.moving import UndoMove, last_move, move_group, undo_last_move
from logistics.planning.rules import PostChoice
from registry_link.regions.queries import regions
from routes import context, guard
from routes.board_papers import board_paper, by_time, post_paper
from routes.forms import Form, asked_number
from routes.frames import frame_of
from routes.moving import Asked, cell_of, open_posts, order_of, papers_touched, short_names, weight_text, weight_words
from routes.occasion import Occasion, occasion_at, round_at
from routes.pages.dispatch import pdf
from routes.pages.plan import SHORT_MONTHS
from routes.texts import gettext as _
from stock.items.queries import ItemView

pages = Blueprint("board", __name__, url_prefix="/kejadian/<slug>")
DAYS_SHOWN = 7
"""Beside each other; a longer distribution has several sheets."""
PAPERS = {"A4": "A4", "F4": "F4"}


# ---------------------------------------------------------------- the board


@pages.get("/rencana/papan")
@guard.requires("round.see")
def show(slug: str, no: int | None = None) -> str:
    lang = context.lang()
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        the_round = round_at(tx, here, asked_number("putaran", None))
        page: dict[str, Any] = {"round": the_round}
        if the_round is not None and the_round.state is not RoundState.DRAFT:
            page |= _board_page(tx, here, the_round, lang)
    return render_template("board/show.html", **page, **frame_of(here, "plan"))


def _board_page(tx: Tx, here: Occasion, the_round: RoundView, lang: str) -> dict[str, Any]:
    found = schedule(tx, the_round.id)
    day = _day_shown(found, tx.today)
    first = (day - 1) // DAYS_SHOWN * DAYS_SHOWN
    span = range(first, min(first + DAYS_SHOWN, len(found.days)))
    codes = {code for row in found.rows for cell in row.cells for code, _ in cell.villages}
    names = _village_names(tx, codes | {code for code, _ in found.waiting_villages})
    undo = last_move(tx, the_round.id) if may(tx.actor, "round.plan") else None
    posts = {row.post.id: row.post.name for row in found.rows}
    more: dict[str, object] = {} if here.is_term else {"putaran": the_round.no}
    return {
        "found": found, "day": day, "more": more,
        "days": [
            {
                "no": at + 1, "on": found.days[at], "weekday": WEEKDAYS[lang][found.days[at].weekday()],
                "date": _short(found.days[at]), "is_today": found.days[at] == tx.today,
                "is_past": found.days[at] < tx.today, "is_day": at + 1 == day,
                "households": found.totals[at].counts.households,
                "href": here.url("board.show", hari=at + 1, **more),
                "total": _total(found.totals[at].counts.households, found.totals[at].capacity,
                                found.totals[at].counts.persons, found.totals[at].counts.vulnerable,
                                found.totals[at].load, lang),
            }
            for at in span
        ],
        "rows": [
            {
                "post": row.post, "is_closed": row.post.closed_at is not None,
                "cells": [_cell(here, row, row.cells[at], at + 1, day, names, lang, more) for at in span],
                "total": _total(row.counts.households, None, row.counts.persons, row.counts.vulnerable, row.load, lang),
            }
            for row in found.rows
        ],
        "weight": (weight_words(found.load, lang)[0], short_names(weight_words(found.load, lang)[1], 3)),
        "waiting": [(names.get(code, code), count) for code, count in found.waiting_villages],
        "before": here.url("board.show", hari=first, **more) if first else None,
        "after": (
            here.url("board.show", hari=first + DAYS_SHOWN + 1, **more) if span.stop < len(found.days) else None
        ),
        "undo": undo,
        "undo_words": (
            (posts.get(undo.from_spot.post_id, "–"), posts.get(undo.to_spot.post_id, "–")) if undo else None
        ),
        "round_state": say(f"round.state.{the_round.state.value}", lang),
    }  # fmt: skip


def _cell(
    here: Occasion, row: Row, cell: Cell, number: int, day: int, names: dict[str, str], lang: str,
    more: dict[str, object],
) -> dict[str, Any]:  # fmt: skip
    counts, at = cell.counts, {"titik": row.post.id, "hari": number, **more}
    weight, unknown = weight_words(cell.load, lang)
    return {
        "no": number, "on": cell.serve_on, "is_day": number == day, "cell": cell, "counts": counts,
        "share": row.share(cell), "bar": _bar(cell, row.post.capacity_per_day), "weight": weight, "unknown": unknown,
        "states": [(name, getattr(counts, name)) for name, _state, _tone in _STATES if getattr(counts, name)],
        "goods": len(cell.load.goods),
        "villages": short_names([names.get(code, code) for code, _ in cell.villages]),
        "warehouses": short_names([one.warehouse for one in cell.warehouses]),
        "hours": [(print_hours(one.hours), one.counts.households, one.households) for one in by_time(cell.hours)
                  if one.counts.households],
        "href": here.url("board.cell", **at), "id": f"sel-{row.post.code}-{number}",
        "move": here.url("board.cell", **at) + "#f-ke_titik" if counts.movable and may(context.actor(), "round.plan")
        else None,
    }  # fmt: skip


def _bar(cell: Cell, capacity: int) -> list[tuple[str, float, float]]:
    """Give the parts of the bar of a cell as name, begin and width, in percent of the post's day."""
    full = max(capacity, cell.counts.households, 1)
    parts, begin = [], 0.0
    for name in ("served", "loaded", "reserved", "planned"):
        wide = getattr(cell.counts, name) * 100 / full
        if wide:
            parts.append((name, round(begin, 2), round(wide, 2)))
        begin += wide
    return parts


_STATES = (
    ("planned", "planned", "neutral"), ("reserved", "reserved", "info"), ("loaded", "loaded", "warn"),
    ("served", "handed_over", "good"),
)  # fmt: skip


def _states(cell: Cell, lang: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name, "count": getattr(cell.counts, name), "word": say(f"package.state.{state}", lang),
            "tone": tone,
        }
        for name, state, tone in _STATES
        if getattr(cell.counts, name)
    ]  # fmt: skip


def _total(
    households: int, capacity: int | None, persons: int, vulnerable: int, load: Load, lang: str
) -> dict[str, Any]:  # fmt: skip
    weight, unknown = weight_words(load, lang)
    return {
        "households": households, "capacity": capacity, "persons": persons, "vulnerable": vulnerable, "weight": weight,
        "unknown": unknown,
    }  # fmt: skip


def _day_shown(found: Schedule, today: date) -> int:
    """Give the number of the day that the address asks for: else the next with anybody, else the first."""
    asked = asked_number("hari", None, least=1, most=len(found.days))
    if asked is not None:
        return asked
    with_some = [at for at, one in enumerate(found.totals, 1) if one.counts.households]
    return next((at for at in with_some if found.days[at - 1] >= today), with_some[0] if with_some else 1)


def _short(day: date) -> str:
    return f"{day.day} {SHORT_MONTHS[day.month - 1]}"


def _village_names(tx: Tx, codes: set[str]) -> dict[str, str]:
    return {one.code: one.title for one in regions(tx, sorted(codes))}


# ---------------------------------------------------------------- one cell


@pages.get("/rencana/papan/sel")
@guard.requires("round.see")
def cell(slug: str, no: int | None = None) -> str:
    return _cell_page(slug, no, Form(MultiDict()))


def _cell_page(slug: str, no: int | None, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("round.see")
        here = occasion_at(tx, slug, no)
        the_round = _round(tx, here)
        found = schedule(tx, the_round.id)
        post_id, day = _spot_asked(found)
        one, row = cell_of(found, post_id, found.days[day - 1], reach), found.row(post_id)
        assert row is not None
        names = _village_names(tx, {code for code, _ in one.villages})
        choices = open_posts(tx, the_round)
        today = tx.today
    weight, unknown = weight_words(one.load, lang)
    more: dict[str, object] = {} if here.is_term else {"putaran": the_round.no}
    return render_template(
        "board/cell.html", round=the_round, post=row.post, cell=one, day=day, form=form, more=more,
        share=row.share(one), weight=weight, unknown=short_names(unknown, 3), states=_states(one, lang),
        bar=_bar(one, row.post.capacity_per_day), goods=_goods(one.load, lang),
        villages=[(names.get(code, code), code, count) for code, count in one.villages],
        warehouses=[
            {"name": each.warehouse, "weight": weight_words(each.load, lang), "goods": _goods(each.load, lang)}
            for each in one.warehouses
        ],
        back=here.url("board.show", hari=day, **more) + f"#sel-{row.post.code}-{day}",
        may_move=may(context.actor(), "round.plan") and one.counts.movable > 0
        and the_round.state in (RoundState.PLANNED, RoundState.APPROVED),
        posts=[(str(each.post_id), each.name) for each in choices],
        days=[
            (at, f"{WEEKDAYS[lang][each.weekday()]}, {_short(each)}")
            for at, each in enumerate(found.days, 1) if each >= today
        ],
        hour_rows=[(print_hours(each.hours), each.counts.households, each.households) for each in by_time(one.hours)],
        own_hours=[(each.hours, print_hours(each.hours)) for each in one.hours if each.hours and each.counts.movable],
        hours=_hours_told(choices),
        **frame_of(here, "plan"),
    )  # fmt: skip


def _hours_told(choices: Sequence[PostChoice]) -> list[tuple[str, str]]:
    """Give the hours that the open posts tell now, each with the posts that tell them, where not all do."""
    told: dict[str, list[str]] = defaultdict(list)
    for post in choices:
        for one in post.slots:
            told[one.hours].append(post.name)
    return [
        (hours, print_hours(hours) + (f" ({short_names(names)})" if len(names) < len(choices) else ""))
        for hours, names in sorted(told.items())
    ]


def _goods(load: Load, lang: str) -> list[dict[str, str]]:
    return [
        {
            "name": item.name(lang), "code": item.code, "quantity": print_quantity(quantity, item.base_unit, lang),
            "is_unknown": "1" if item.id in load.weight.unknown else "",
        }
        for item, quantity in load.goods
    ]  # fmt: skip


def _round(tx: Tx, here: Occasion) -> RoundView:
    found = round_at(tx, here, asked_number("putaran", None))
    if found is None:
        raise NotFound("round.not_found")
    return found


def _spot_asked(found: Schedule) -> tuple[UUID, int]:
    post_id, day = request.args.get("titik", type=UUID), asked_number("hari", None, least=1)
    if post_id is None or day is None:
        raise Invalid("board.cell_missing", field="titik")
    if day > len(found.days):
        raise NotFound("post.not_found")
    return post_id, day


# ---------------------------------------------------------------- moving a group


@pages.get("/rencana/papan/pindah")
@guard.requires("round.plan")
def ask(slug: str, no: int | None = None) -> str | BaseResponse:
    """Show what follows from a move; the address says which."""
    return _ask(slug, no, Form(request.args))


def _ask(slug: str, no: int | None, form: Form, posted: Form | None = None) -> str | BaseResponse:
    lang = context.lang()
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        the_round = _round_asked(tx, here, form)
        asked = _asked(form, the_round)
        if asked is None:
            return make_response(_cell_page(slug, no, form), 422)
        order = order_of(tx, the_round, asked)
        told = consequences(tx, order)
        papers = papers_touched(tx, the_round, asked)
        found = schedule(tx, the_round.id)
        posts = {row.post.id: row.post for row in found.rows}
        names = _village_names(tx, {asked.choice.village_code} - {""})
    if asked.from_spot.post_id not in posts:
        raise NotFound("post.not_found")
    target = posts.get(asked.to_spot.post_id)
    more: dict[str, object] = {} if here.is_term else {"putaran": the_round.no}
    day = found.days.index(asked.from_spot.serve_on) + 1
    return render_template(
        "board/move.html", round=the_round, asked=asked, told=told, form=posted or Form(MultiDict()),
        from_post=posts[asked.from_spot.post_id].name, to_post=target.name if target else "–", more=more,
        village=names.get(asked.choice.village_code, asked.choice.village_code),
        fields=_fields(form, the_round), problems=[say(one.code, lang, one.facts) for one in told.problems],
        goods=[_moved(told, at, lang) for at in range(len(told.goods))],
        moved_weight=weight_text(told.moved_weight, lang, bool(told.goods)),
        weights=[weight_text(one, lang) for one in (*told.from_weight, *told.to_weight)],
        ways=[
            _metres(metres, lang)
            for metres in (told.walking.longest_before_m, told.walking.longest_after_m,
                           told.walking.mean_before_m, told.walking.mean_after_m)
        ],
        unknown=short_names(
            [one.item.name(lang) for one in told.goods if one.item.id in told.moved_weight.unknown], 3
        ),
        sources=[
            {
                "warehouse": one.warehouse, "item": one.item.name(lang),
                "before": _quantity(one.before_milli, one.item, lang),
                "after": _quantity(one.after_milli, one.item, lang), "differs": one.before_milli != one.after_milli,
            }
            for one in told.sources
        ],
        papers=papers,
        back=here.url("board.cell", titik=asked.from_spot.post_id, hari=day, **more), **frame_of(here, "plan"),
    )  # fmt: skip


def _moved(told: Consequences, at: int, lang: str) -> dict[str, str]:
    one = told.goods[at]
    return {
        "name": one.item.name(lang),
        **{
            name: _quantity(milli, one.item, lang)
            for name, milli in (
                ("moved", one.moved_milli), ("from_before", one.from_before_milli),
                ("from_after", one.from_after_milli), ("to_before", one.to_before_milli),
                ("to_after", one.to_after_milli),
            )
        },
    }  # fmt: skip


def _quantity(milli: int, item: ItemView, lang: str) -> str:
    return print_quantity(milli, item.base_unit, lang)


def _metres(metres: int | None, lang: str) -> str:
    """Print a way no more exactly than anybody walks."""
    if metres is None:
        return "–"
    return print_quantity((metres + 50) // 100 * 100, "km", lang) if metres >= 1000 else f"{metres} m"


_FIELDS = ("titik", "hari", "ke_titik", "ke_hari", "ke_jam", "desa", "jam", "terakhir")


def _fields(form: Form, the_round: RoundView) -> dict[str, str]:
    return {name: form.raw(name)[:80] for name in _FIELDS if form.raw(name)} | {"putaran": str(the_round.no)}


def _round_asked(tx: Tx, here: Occasion, form: Form) -> RoundView:
    found = round_at(tx, here, form.number("putaran", least=0, most=10_000, is_required=False))
    if found is None:
        raise NotFound("round.not_found")
    return found


def _asked(form: Form, the_round: RoundView) -> Asked | None:
    """Read which group goes where; None with the mistakes noted."""
    days = the_round.week.each()
    post_id, to_post_id = form.uuid("titik"), form.uuid("ke_titik")
    day = form.number("hari", least=1, most=len(days))
    to_day = form.number("ke_hari", least=1, most=len(days))
    hours, to_hours = form.text("jam", most=11), form.text("ke_jam", most=11)
    last = form.number("terakhir", least=1, most=1_000_000, is_required=False)
    village = form.text("desa", most=20)
    if not form.is_good or post_id is None or to_post_id is None or day is None or to_day is None:
        return None
    return Asked(
        from_spot=Spot(post_id=post_id, serve_on=days[day - 1]),
        to_spot=Spot(post_id=to_post_id, serve_on=days[to_day - 1]), to_hours=to_hours,
        choice=Choice(village_code=village, hours=hours, last=last),
    )  # fmt: skip


@pages.post("/rencana/papan/pindah")
@guard.requires("round.plan")
def move(slug: str, no: int | None = None) -> str | BaseResponse:
    form = Form()
    reason, seen = form.text("reason", most=200), form.raw("seen")[:40]
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        the_round = _round_asked(tx, here, form)
        asked = _asked(form, the_round)

    def act(tx: Tx) -> str:
        assert asked is not None
        order = order_of(tx, the_round, asked, reason=reason, seen=seen, accepts_far=form.raw("accepts_far") == "1")
        done = move_group(tx, order)
        count = print_count(done.households, context.lang())
        flash(
            _("%(count)s keluarga dipindah; stok yang dicadangkan ikut.", count=count)
            if done.reserved
            else _("%(count)s keluarga dipindah.", count=count),
            "good",
        )
        day = the_round.week.each().index(asked.to_spot.serve_on) + 1
        return here.url("board.show", hari=day, **({} if here.is_term else {"putaran": the_round.no}))

    done = form.attempt(lambda: context.submit_once(act))
    if done is not None:
        return done  # type: ignore[no-any-return]
    if asked is None:
        raise Invalid("board.cell_missing", field="titik")
    return make_response(_ask(slug, no, Form(form.values), form), 422)


@pages.post("/rencana/papan/batal")
@guard.requires("round.plan")
def undo(slug: str, no: int | None = None) -> BaseResponse:
    """Put the last moved group back."""
    form = Form()
    move_id = form.uuid("move_id")
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        the_round = _round_asked(tx, here, form)

    def act(tx: Tx) -> str:
        assert move_id is not None
        posts = open_posts(tx, the_round)
        done = undo_last_move(tx, UndoMove(round_id=the_round.id, move_id=move_id, posts=posts))
        count = print_count(done.households, context.lang())
        flash(_("Pemindahan dibatalkan: %(count)s keluarga kembali ke tempat semula.", count=count), "good")
        return back

    back = here.url("board.show", **({} if here.is_term else {"putaran": the_round.no}))
    done: BaseResponse | None = form.attempt(lambda: context.submit_once(act))
    for error in form.errors:
        flash(error["text"], "bad")
    return done if done is not None else redirect(back, 303)


# ---------------------------------------------------------------- on paper


@pages.post("/rencana/papan/papan.pdf")
@guard.requires("round.see")
def print_board(slug: str, no: int | None = None) -> Response:
    """Print the whole board on one sheet; it names nobody."""
    form = Form()
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        the_round = _round_asked(tx, here, form)
        body = board_paper(tx, here, schedule(tx, the_round.id), PAPERS.get(form.raw("kertas"), "A4"))
    return pdf(body, f"papan-putaran-{the_round.no}.pdf")


@pages.post("/rencana/papan/daftar.pdf")
@guard.requires("list.print")
def print_post(slug: str, no: int | None = None) -> Response:
    """Print who is served at one post on one day, and what has to be brought."""
    form = Form()
    post_id, serve_on = form.uuid("post_id"), form.day("serve_on")
    if post_id is None or serve_on is None:
        raise Invalid("board.cell_missing", field="post_id")

    def act(tx: Tx) -> tuple[bytes, str]:
        tx.require("list.print").need_place(post_id, "post")
        here = occasion_at(tx, slug, no)
        the_round = _round_asked(tx, here, form)
        return post_paper(tx, here, schedule(tx, the_round.id), post_id, serve_on, PAPERS.get(form.raw("kertas"), "A4"))

    return pdf(*context.write(act))
