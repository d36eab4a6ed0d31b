"""Documents of BPBD, for machines: sent as the body, read element by element, confirmed by an order of their own."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from flask import Response, request
from flask_smorest import Blueprint

from core.reader.documents import DOCUMENT
from core.work import Tx
from logistics.zones import queries as incidents
from logistics.zones.reading import commands, queries
from logistics.zones.reading.commands import PostReading, TakenArea
from routes import context, guard, limits
from routes.pages.zone_readings import UPLOAD_BYTES, match_first, order_of, united
from routes.schemas import zone_readings as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint("zone-readings", __name__, description="Areas from files and texts, element by element.")


@api.get("/incidents/<uuid:incident_id>/readings")
@guard.requires("zone.post")
@api.response(200, shapes.ReadingsOut)
@api.alt_response(404, schema=Problem)
def list_readings(incident_id: UUID) -> dict[str, Any]:
    """List an incident's documents, the newest first."""
    lang = context.lang()
    with context.read() as tx:
        return {"readings": [shapes.told_reading(one, lang) for one in queries.readings(tx, incident_id)]}


@api.post("/incidents/<uuid:incident_id>/readings")
@guard.requires("zone.post")
@limits.accepts(UPLOAD_BYTES)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DocumentHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ReadingArgs, location="query")
@api.response(201, shapes.ReadingOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(404, schema=Problem)
@api.alt_response(413, schema=Problem)
@api.alt_response(422, schema=Problem)
def read_document(args: dict[str, Any], incident_id: UUID, file_name: str, **_: Any) -> Response:
    """Read a document: the body itself, or the part ``file`` of a form. What it is, is told by what is in it.

    Every element gets its outcome; nothing counts before it is posted. The same bytes again give the reading that is
    there.
    """
    sent = request.files.get("file") if request.mimetype == "multipart/form-data" else None
    content = sent.stream.read(DOCUMENT.file_bytes + 1) if sent is not None else request.get_data()
    name = file_name or (sent.filename or "" if sent is not None else "")
    with context.read() as tx:
        incidents.incident_by_id(tx, incident_id)
    order = order_of(incident_id, content, name, args["kind"])
    lang = context.lang()

    def act(tx: Tx) -> Any:
        done = commands.read_document(tx, order)
        view = queries.reading(tx, done.reading_id)
        return shapes.ReadingOut().dump(shapes.told_reading(view, lang, is_repeat=done.is_repeat))

    return context.write_once(act, digest=hashlib.sha256(content).hexdigest())


@api.get("/readings/<uuid:reading_id>")
@guard.requires("zone.post")
@api.response(200, shapes.ReadingOut)
@api.alt_response(404, schema=Problem)
def show_reading(reading_id: UUID) -> dict[str, Any]:
    """Give one document: what it says of itself, and how many of its elements can be used."""
    with context.read() as tx:
        return shapes.told_reading(queries.reading(tx, reading_id), context.lang())


@api.get("/readings/<uuid:reading_id>/elements")
@guard.requires("zone.post")
@api.response(200, shapes.ReadingElementsOut)
@api.alt_response(404, schema=Problem)
def list_elements(reading_id: UUID) -> dict[str, Any]:
    """Give a document's elements, each with its outcome, its reasons, and what became of it."""
    lang = context.lang()
    with context.read() as tx:
        return {"elements": [shapes.told_element(one, lang) for one in queries.elements(tx, reading_id)]}


@api.post("/readings/<uuid:reading_id>/posting")
@guard.requires("zone.post")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PostReadingIn)
@api.response(201, shapes.PostedReadingOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def post_reading(data: dict[str, Any], reading_id: UUID, **_: Any) -> Response:
    """Post areas made of a document's elements; matching follows by itself. A document is confirmed once."""
    with context.read() as tx:
        found = {one.element.no: one for one in queries.elements(tx, reading_id)}
    asked = [TakenArea(**{**one, "elements": tuple(one["elements"])}) for one in data["areas"]]
    areas = united(asked, found)

    def act(tx: Tx) -> Any:
        done = commands.post_reading(tx, PostReading(reading_id=reading_id, areas=areas))
        match_first(tx, done)
        return shapes.PostedReadingOut().dump(done)

    return context.write_once(act)


@api.post("/readings/<uuid:reading_id>/discard")
@guard.requires("zone.post")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.ReadingOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def discard_reading(reading_id: UUID, **_: Any) -> Response:
    """Give up a document of which nothing was posted; it can be sent again."""
    lang = context.lang()

    def act(tx: Tx) -> Any:
        commands.discard_reading(tx, reading_id)
        return shapes.ReadingOut().dump(shapes.told_reading(queries.reading(tx, reading_id), lang))

    return context.write_once(act)
