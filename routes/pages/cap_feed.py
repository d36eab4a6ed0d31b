"""The office's areas for other systems without a token: only where the installation says so, never a person in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, url_for
from sqlalchemy.orm import Session

from core.actor import Actor, system
from core.errors import NotFound
from core.office.queries import office, offices
from logistics.zones.outgoing import OutgoingView, outgoing, outgoing_message, stamp
from reports.cap_feed import atom_feed, cap_alert, identifier_of
from routes import context, guard
from routes.limiter import limiter

pages = Blueprint("cap_feed", __name__, url_prefix="/umpan/<regency_code>")
ATOM, CAP = "application/atom+xml", "application/cap+xml"


@pages.get("/cap.atom")
@guard.public("areas without persons, where the installation allows it")
@limiter.limit("30 per minute")
def index(regency_code: str) -> Response:
    actor = _office(regency_code)
    with context.runtime().work.read_by(actor) as tx:
        view = outgoing(tx)
    return feed_of(view, "cap_feed.show", "cap_feed.index", regency_code=regency_code)


@pages.get("/cap/<uuid:zone_id>/<sent>.xml")
@guard.public("areas without persons, where the installation allows it")
@limiter.limit("60 per minute")
def show(regency_code: str, zone_id: UUID, sent: str) -> Response:
    actor = _office(regency_code)
    with context.runtime().work.read_by(actor) as tx:
        view, area = office(tx), outgoing_message(tx, zone_id, sent)
    return _answer(cap_alert(view, area, public_url=context.runtime().settings.public_url), CAP)


def feed_of(view: OutgoingView, each: str, whole: str, **named: Any) -> Response:
    """Write the list with addresses of these endpoints, under the installation's own address."""
    home = context.runtime().settings.public_url
    links = {
        identifier_of(view.office, one, one.message): home
        + url_for(each, zone_id=one.zone_id, sent=stamp(one.message), **named)
        for one in view.areas
    }
    return _answer(atom_feed(view, links, public_url=home, self_link=home + url_for(whole, **named)), ATOM)


def _answer(content: bytes, kind: str) -> Response:
    response = Response(content, content_type=f"{kind}; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def _office(regency_code: str) -> Actor:
    """Give the office's own eye. Raises: NotFound, also where the installation keeps its areas to itself."""
    runtime = context.runtime()
    if runtime.settings.is_cap_public:
        with Session(runtime.work.engine) as session:
            for one in offices(session):
                if one.regency_code == regency_code:
                    return system(one.regency_code, one.time_zone)
    raise NotFound("zone.not_found")
