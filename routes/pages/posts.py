"""Titik pembagian: where households are served, with the capacity of a day."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.i18n import say
from core.work import Tx
from logistics.dispatch import commands, queries
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form
from routes.texts import gettext as _

pages = Blueprint("posts", __name__, url_prefix="/titik")


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
        posts=[{"view": one, "state": say(f"post.state.{one.state.value}", context.lang())} for one in found],
    )  # fmt: skip


@pages.post("")
@guard.requires("post.manage")
def open_post() -> str | BaseResponse:
    form = Form()
    code, name = form.text("code", most=20, least=2).upper(), form.text("name", most=120, least=3)
    capacity = form.number("capacity_per_day", least=1, most=100_000)
    village, address = form.text("village_code", most=20), form.text("address", most=200)
    opening = form.text("opening", most=200)
    lon, lat = _degrees(form, "lon_deg", 180), _degrees(form, "lat_deg", 90)

    def act(tx: Tx) -> str:
        assert capacity
        commands.open_post(
            tx,
            commands.OpenPost(
                code=code, name=name, capacity_per_day=capacity, village_code=village or None, lon_deg=lon,
                lat_deg=lat, address=address, opening=opening,
            ),
        )  # fmt: skip
        flash(_("Titik pembagian dibuka."), "good")
        return url_for("posts.show")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(form), 422)


def _degrees(form: Form, field: str, most: int) -> float | None:
    raw = form.raw(field).strip().replace(",", ".")
    if not raw:
        return None
    try:
        value = float(raw)
    except ValueError:
        value = 999.0
    if not -most <= value <= most:
        form.fail(field, "form.number", {"least": -most, "most": most})
        return None
    return value
