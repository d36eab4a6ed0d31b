"""Pengiriman: posts, what waits in the warehouses for them, what was sent."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.documents.queries import document
from core.errors import NotFound
from core.i18n import say
from core.measures import print_quantity
from core.work import Tx
from logistics.dispatch import commands, queries
from logistics.zones import queries as zones
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from routes import context, guard, papers, week
from routes.forms import Form
from routes.pages.incident import frame
from routes.texts import gettext as _

pages = Blueprint("dispatch", __name__)


@pages.get("/kejadian/<slug>/pengiriman")
@guard.requires("dispatch.see")
def show(slug: str) -> str:
    return _show(slug, Form())


def _show(slug: str, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("dispatch.see")
        view = zones.incident(tx, slug)
        the_round = week.current_round(tx, view.id, request.args.get("putaran", type=int))
        waiting: tuple[queries.PickList, ...] = ()
        sent: tuple[queries.LoadView, ...] = ()
        if the_round is not None:
            waiting = queries.to_send(tx, the_round.id, reach=None if reach.is_all else reach)
            sent = queries.loads(tx, the_round.id, reach=None if reach.is_all else reach)
        numbers = {one.id: document(tx, one.document_id).number for one in sent if one.document_id}
    return render_template(
        "dispatch/show.html", form=form, round=the_round, today=view.today,
        waiting=[{"view": one, "lines": _lines(one.lines, lang)}
                 for one in waiting],
        sent=[
            {"view": one, "lines": _lines(one.lines, lang), "number": numbers.get(one.id, ""),
             "state": say(f"dispatch.state.{one.state.value}", lang)}
            for one in sent
        ],
        **frame(view, "dispatch"),
    )  # fmt: skip


def _lines(lines: tuple[queries.PickLine, ...], lang: str) -> list[dict[str, Any]]:
    return [
        {
            "item": line.item.name(lang), "batch": line.batch.code, "expires_on": line.batch.expires_on,
            "quantity": print_quantity(line.quantity_milli, line.item.base_unit, lang),
        }
        for line in lines
    ]  # fmt: skip


@pages.post("/kejadian/<slug>/pengiriman")
@guard.requires("dispatch.send")
def send(slug: str) -> str | BaseResponse:
    form = Form()
    post_id, warehouse_id = form.uuid("post_id"), form.uuid("warehouse_id")
    vehicle = form.text("vehicle", most=80, least=2)
    plate, driver = form.text("plate", most=20), form.text("driver", most=120)
    serve_on = form.day("serve_on")

    def act(tx: Tx) -> str:
        assert post_id and warehouse_id and serve_on
        current = week.current_round(tx, zones.incident(tx, slug).id)
        if current is None:
            raise NotFound("round.not_found")
        sent = commands.send_to_post(
            tx,
            commands.SendToPost(
                round_id=current.id, post_id=post_id, serve_on=serve_on, warehouse_id=warehouse_id, vehicle=vehicle,
                plate=plate, driver=driver,
            ),
        )  # fmt: skip
        flash(_("Barang dikirim dengan surat jalan %(number)s; %(count)s paket siap di titik.",
                number=sent.number, count=sent.packages), "good")  # fmt: skip
        return url_for("dispatch.show", slug=slug)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(slug, form), 422)


@pages.post("/kejadian/<slug>/pengiriman/<uuid:load_id>/surat-jalan.pdf")
@guard.requires("dispatch.see")
def note(slug: str, load_id: Any) -> Response:
    def act(tx: Tx) -> tuple[bytes, str]:
        reach = tx.require("dispatch.see")
        found = queries.load(tx, load_id, None if reach.is_all else reach)
        assert found.document_id is not None
        paper = document(tx, found.document_id)
        return papers.print_papers(tx, [found.document_id]), papers.file_name(paper, tx.today)

    return pdf(*context.write(act))


def pdf(body: bytes, name: str) -> Response:
    """Answer with a paper to be opened and printed; it stays in no cache."""
    response = Response(body, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


# ---------------------------------------------------------------- posts


@pages.get("/titik")
@guard.requires("dispatch.see")
def posts() -> str:
    return _posts(Form())


def _posts(form: Form) -> str:
    with context.read() as tx:
        found = queries.posts(tx, with_closed=True)
        villages = regions_of(tx, tx.regency_code, Level.VILLAGE)
    names = {one.code: one.full_name for one in villages}
    return render_template(
        "dispatch/posts.html", form=form, names=names, villages=[(one.code, one.full_name) for one in villages],
        posts=[{"view": one, "state": say(f"post.state.{one.state.value}", context.lang())} for one in found],
    )  # fmt: skip


@pages.post("/titik")
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
        return url_for("dispatch.posts")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_posts(form), 422)


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
