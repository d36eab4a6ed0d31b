"""Serah terima for whoever serves at a post: one place to scan at, whatever a package is for."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.permissions import Reach
from core.work import Tx
from logistics.dispatch.queries import posts
from logistics.packages import queries as packages
from routes import context, guard
from routes.forms import Form
from routes.occasion import Occasion, occasion_of
from routes.pages.handover import page_of

pages = Blueprint("serving", __name__, url_prefix="/serah-terima")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One distribution at the reader's posts."""

    occasion: Occasion
    round: packages.RoundView
    posts: tuple[str, ...]
    today: int
    """Due today and still to be served."""
    ready: int
    served: int


@pages.get("")
@guard.requires("handover.see")
def show() -> str:
    return _show("")


@pages.post("")
@guard.requires("handover.see")
def find() -> str | BaseResponse:
    """Open the package that a QR or a code names; names are searched for where the package lies."""
    text = Form().text("q", most=200).strip()
    found = page_of(text)
    return redirect(found, 303) if found is not None else _show(text)


@pages.get("/qr/<token>")
@guard.requires("handover.see")
def open_scanned(token: str) -> BaseResponse:
    """Open the package of a QR that a telephone's own camera read: its public page leads an officer here."""
    found = page_of(f"/{token}")
    if found is None:
        raise NotFound("package.not_found")
    return redirect(found, 303)


def _show(text: str) -> str:
    with context.read() as tx:
        reach = tx.require("handover.see")
        found = _running(tx, reach)
    return render_template("handover/index.html", distributions=found, text=text)


def _running(tx: Tx, reach: Reach) -> list[Running]:
    names = {one.id: one.name for one in posts(tx, with_closed=True) if reach.has_place(one.id)}
    found = []
    for the_round in packages.approved_rounds(tx):
        cells = [one for one in packages.strip_of(tx, the_round.id) if one.post_id in names]
        ready = sum(one.loaded for one in cells)
        # What is over and left nothing behind is no work any more.
        if not cells or (not ready and the_round.week.last_on < tx.today):
            continue
        found.append(
            Running(
                occasion=occasion_of(tx, the_round), round=the_round, ready=ready,
                posts=tuple(sorted({names[one.post_id] for one in cells})),
                today=sum(one.loaded for one in cells if one.serve_on == tx.today),
                served=sum(one.served for one in cells),
            )
        )  # fmt: skip
    return found
