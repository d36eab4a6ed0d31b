"""The distribution of a programme's term: the pages of an incident's week, at the term's own address."""

from __future__ import annotations

from flask import Blueprint

from routes.pages import board, dispatch, handover, need, plan, revising, what_if

pages = Blueprint("term", __name__, url_prefix="/bansos/<slug>/<int:no>")
for shared in (need, plan, revising, board, dispatch, handover, what_if):
    pages.register_blueprint(shared.pages, url_prefix="")
