"""Pengiriman: what waits in the warehouses for the posts, what was sent; of an incident, or of a term."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, render_template
from werkzeug.wrappers import Response as BaseResponse

from core.documents.queries import document
from core.errors import NotFound
from core.i18n import say
from core.measures import print_quantity
from core.work import Tx
from logistics.dispatch import commands, queries
from routes import context, guard, papers
from routes.forms import Form, asked_number
from routes.frames import frame_of
from routes.occasion import occasion_at, round_at
from routes.texts import gettext as _

pages = Blueprint("dispatch", __name__, url_prefix="/kejadian/<slug>")


@pages.get("/pengiriman")
@guard.requires("dispatch.see")
def show(slug: str, no: int | None = None) -> str:
    return _show(slug, no, Form())


def _show(slug: str, no: int | None, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("dispatch.see")
        here = occasion_at(tx, slug, no)
        the_round = round_at(tx, here, asked_number("putaran", None))
        today = tx.today
        waiting: tuple[queries.PickList, ...] = ()
        sent: tuple[queries.LoadView, ...] = ()
        if the_round is not None:
            waiting = queries.to_send(tx, the_round.id, reach=None if reach.is_all else reach)
            sent = queries.loads(tx, the_round.id, reach=None if reach.is_all else reach)
        numbers = {one.id: document(tx, one.document_id).number for one in sent if one.document_id}
    return render_template(
        "dispatch/show.html", form=form, round=the_round, today=today,
        waiting=[{"view": one, "lines": _lines(one.lines, lang)}
                 for one in waiting],
        sent=[
            {"view": one, "lines": _lines(one.lines, lang), "number": numbers.get(one.id, ""),
             "state": say(f"dispatch.state.{one.state.value}", lang)}
            for one in sent
        ],
        **frame_of(here, "dispatch"),
    )  # fmt: skip


def _lines(lines: tuple[queries.PickLine, ...], lang: str) -> list[dict[str, Any]]:
    return [
        {
            "item": line.item.name(lang), "batch": line.batch.code, "expires_on": line.batch.expires_on,
            "quantity": print_quantity(line.quantity_milli, line.item.base_unit, lang),
        }
        for line in lines
    ]  # fmt: skip


@pages.post("/pengiriman")
@guard.requires("dispatch.send")
def send(slug: str, no: int | None = None) -> str | BaseResponse:
    form = Form()
    post_id, warehouse_id = form.uuid("post_id"), form.uuid("warehouse_id")
    vehicle = form.text("vehicle", most=80, least=2)
    plate, driver = form.text("plate", most=20), form.text("driver", most=120)
    serve_on = form.day("serve_on")

    def act(tx: Tx) -> str:
        assert post_id and warehouse_id and serve_on
        here = occasion_at(tx, slug, no)
        current = round_at(tx, here)
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
        return here.url("dispatch.show")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(slug, no, form), 422)


@pages.post("/pengiriman/<uuid:load_id>/surat-jalan.pdf")
@guard.requires("dispatch.see")
def note(slug: str, load_id: UUID, no: int | None = None) -> Response:
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
