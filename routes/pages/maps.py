"""Boundaries and posts for every map, from our own tables."""

from __future__ import annotations

import json

from flask import Blueprint, Response, request, url_for

from logistics.dispatch.queries import posts as list_posts
from registry_link.regions.queries import boundaries_for_view
from registry_link.regions.states import Level
from routes import context, guard

pages = Blueprint("maps", __name__, url_prefix="/peta")
_LEVELS = {level.value: level for level in (Level.VILLAGE, Level.DISTRICT, Level.REGENCY)}


@pages.get("/batas.json")
@guard.requires("regions.see")
def boundaries() -> Response:
    """Give boundaries thinned for the view; they change rarely, so a browser may keep them for an hour."""
    level = _LEVELS.get(request.args.get("level", ""), Level.VILLAGE)
    with context.read() as tx:
        text = boundaries_for_view(tx, level)
    response = Response(text, mimetype="application/geo+json")
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@pages.get("/titik.json")
@guard.requires("dispatch.see")
def posts() -> Response:
    with context.read() as tx:
        found = list_posts(tx)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [one.lon_deg, one.lat_deg]},
            "properties": {"name": one.name, "href": url_for("posts.one", place_id=one.id)},
        }
        for one in found
        if one.lon_deg is not None
    ]
    return Response(
        json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":")),
        mimetype="application/geo+json",
    )
