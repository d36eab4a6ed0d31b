"""Titik pembagian: where households are served, on which days and at which hours, and how many."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.measures import WEEKDAYS, print_day
from core.work import Tx
from logistics.dispatch import commands, queries
from logistics.dispatch.states import PostState
from logistics.packages.queries import has_open_packages_at
from logistics.planning.hours import print_hours
from logistics.planning.rules import Slot
from registry_link.regions.queries import regions, regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form, parse_typed_time
from routes.texts import gettext as _

pages = Blueprint("posts", __name__, url_prefix="/titik")
ROWS = 4
"""Rows for hours that a form shows at least; always one is left empty."""


@pages.get("")
@guard.requires("dispatch.see")
def show() -> str:
    return _show(Form())


def _show(form: Form) -> str:
    with context.read() as tx:
        found = queries.posts(tx, with_closed=True)
        villages = regions_of(tx, tx.regency_code, Level.VILLAGE)
    names = {one.code: one.full_name for one in villages}
    return render_template(
        "dispatch/posts.html", form=form, names=names, villages=[(one.code, one.full_name) for one in villages],
        posts=[{"view": one, "state": one.state_label(context.lang()), "hours": hours_words(one)} for one in found],
        rows=_rows(form), weekdays=_weekdays(),
    )  # fmt: skip


@pages.post("")
@guard.requires("post.manage")
def open_post() -> str | BaseResponse:
    form = Form()
    code, name = form.text("code", most=20, least=2).upper(), form.text("name", most=120, least=3)
    village, address = form.text("village_code", most=20), form.text("address", most=200)
    capacity, opening, slots, closed = _hours(form)
    lon, lat = form.degrees("lon_deg", 180), form.degrees("lat_deg", 90)

    def act(tx: Tx) -> str:
        post_id = commands.open_post(
            tx,
            commands.OpenPost(
                code=code, name=name, capacity_per_day=capacity, village_code=village or None, lon_deg=lon,
                lat_deg=lat, address=address, opening=opening, slots=slots, closed_weekdays=closed,
            ),
        )  # fmt: skip
        flash(_("Titik pembagian dibuka."), "good")
        return url_for("posts.one", place_id=post_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(form), 422)


# ---------------------------------------------------------------- one post


@pages.get("/<uuid:place_id>")
@guard.requires("dispatch.see")
def one(place_id: UUID) -> str:
    return _one(place_id)


@pages.post("/<uuid:place_id>/jam")
@guard.requires("post.manage")
def change_hours(place_id: UUID) -> str | BaseResponse:
    form = Form()
    capacity, opening, slots, closed = _hours(form)

    def act(tx: Tx) -> str:
        commands.change_post(
            tx,
            commands.ChangePost(
                post_id=place_id, capacity_per_day=capacity, opening=opening, slots=slots, closed_weekdays=closed
            ),
        )
        flash(_("Jam layanan disimpan. Rencana yang sudah dibuat tetap memakai jam lamanya."), "good")
        return url_for("posts.one", place_id=place_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_one(place_id, form), 422)


@pages.post("/<uuid:place_id>/hari")
@guard.requires("post.manage")
def close_day(place_id: UUID) -> str | BaseResponse:
    form = Form()
    day, reason = form.day("day"), form.text("reason", most=200, least=5)

    def act(tx: Tx) -> str:
        assert day
        commands.close_day(tx, commands.CloseDay(post_id=place_id, day=day, reason=reason))
        flash(_("Hari tutup dicatat."), "good")
        return url_for("posts.one", place_id=place_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_one(place_id, day_form=form), 422)


@pages.post("/<uuid:place_id>/hari/buka")
@guard.requires("post.manage")
def open_day(place_id: UUID) -> BaseResponse:
    form = Form()
    day = form.day("day")

    def act(tx: Tx) -> None:
        assert day
        commands.open_day(tx, place_id, day)

    return _moved(form, place_id, act, _("Titik ini melayani lagi pada hari itu."))


@pages.post("/<uuid:place_id>/tutup")
@guard.requires("post.manage")
def close(place_id: UUID) -> BaseResponse:
    form = Form()
    reason = form.text("note", most=200, least=5)
    return _moved(form, place_id, lambda tx: commands.close_post(tx, place_id, reason), _("Titik ini ditutup."))


@pages.post("/<uuid:place_id>/buka")
@guard.requires("post.manage")
def reopen(place_id: UUID) -> BaseResponse:
    return _moved(Form(), place_id, lambda tx: commands.reopen_post(tx, place_id), _("Titik ini dibuka lagi."))


def _moved(form: Form, place_id: UUID, act: Any, said: str) -> BaseResponse:
    if form.attempt(lambda: (context.write(act), True)) is not None:
        flash(said, "good")
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(url_for("posts.one", place_id=place_id), 303)


def _one(place_id: UUID, form: Form | None = None, day_form: Form | None = None) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("dispatch.see")
        view = queries.post_by_id(tx, place_id, None if reach.is_all else reach)
        village = regions(tx, [view.village_code]) if view.village_code else ()
        waits = has_open_packages_at(tx, place_id)
        today = tx.today
    asked = form or Form(_as_typed(view))
    return render_template(
        "dispatch/post.html", post=view, village=village[0].full_name if village else "—",
        state=view.state_label(lang), is_open=view.state is PostState.OPEN, waits=waits, form=asked,
        day_form=day_form or Form(MultiDict()), rows=_rows(asked), weekdays=_weekdays(),
        closed_weekdays=asked.values.getlist("closed_weekdays"),
        hours=[(print_hours(one.hours), one.households) for one in view.slots],
        closed_words=", ".join(WEEKDAYS[lang][one - 1] for one in view.closed_weekdays),
        days=[
            {"view": one, "words": print_day(one.day, lang, weekday=True), "iso": one.day.isoformat()}
            for one in view.closed_days
            if one.day >= today
        ],
        past_days=sum(one.day < today for one in view.closed_days),
    )  # fmt: skip


# ---------------------------------------------------------------- hours as they are typed


def hours_words(view: queries.PostView) -> str:
    """Say a post's hours in one line; what people are told where it has none."""
    if not view.slots:
        return view.opening
    return ", ".join(f"{print_hours(one.hours)} ({one.households})" for one in view.slots)


def _hours(form: Form) -> tuple[int, str, tuple[Slot, ...], tuple[int, ...]]:
    """Read capacity, what people are told, hours, and weekdays on which the post is closed."""
    slots = []
    for no in range(1, len(_rows(form)) + 1):
        typed = [form.raw(f"slot_{part}_{no}").strip() for part in ("from", "to", "count")]
        if not any(typed):
            continue
        first, last = parse_typed_time(typed[0]), parse_typed_time(typed[1])
        count = form.number(f"slot_count_{no}", least=1, most=100_000)
        for part, clock in (("from", first), ("to", last)):
            if clock is None:
                form.fail(f"slot_{part}_{no}", "form.time")
        if first and last and count:
            slots.append(Slot(starts_at=f"{first:%H:%M}", ends_at=f"{last:%H:%M}", households=count))
    is_told = any(form.raw(f"slot_count_{no}").strip() for no in range(1, len(_rows(form)) + 1))
    capacity = form.number("capacity_per_day", least=1, most=100_000, is_required=not is_told)
    closed = tuple(int(one) for one in form.values.getlist("closed_weekdays") if one in "1234567" and one)
    return capacity or 0, form.text("opening", most=200), tuple(slots), closed


def _as_typed(view: queries.PostView) -> MultiDict[str, str]:
    typed: MultiDict[str, str] = MultiDict({"capacity_per_day": str(view.capacity_per_day), "opening": view.opening})
    for no, one in enumerate(view.slots, 1):
        typed[f"slot_from_{no}"] = one.starts_at.replace(":", ".")
        typed[f"slot_to_{no}"] = one.ends_at.replace(":", ".")
        typed[f"slot_count_{no}"] = str(one.households)
    typed.setlist("closed_weekdays", [str(one) for one in view.closed_weekdays])
    return typed


def _rows(form: Form) -> list[int]:
    """Give the numbers of the rows for hours: those that hold something, and one more."""
    filled = [no for no in range(1, 25) if form.raw(f"slot_from_{no}") or form.raw(f"slot_count_{no}")]
    return list(range(1, min(24, max(ROWS, max(filled, default=0) + 1)) + 1))


def _weekdays() -> list[tuple[str, str]]:
    return [(str(no), name) for no, name in enumerate(WEEKDAYS[context.lang()], 1)]
