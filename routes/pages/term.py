"""The distribution of a programme's term: the pages of an incident's week, at the term's own address."""

from __future__ import annotations

from flask import Blueprint

from routes.pages import dispatch, handover, need, plan

pages = Blueprint("term", __name__, url_prefix="/bansos/<slug>/<int:no>")
for shared in (need, plan, dispatch, handover):
    pages.register_blueprint(shared.pages, url_prefix="")
