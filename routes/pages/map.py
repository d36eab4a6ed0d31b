"""Peta kejadian: areas by severity and time, households in clusters, villages by share, the same as lists and files."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for

from core.i18n import say
from core.permissions import may
from core.work import Tx
from logistics.zones import history, mapping, queries
from logistics.zones.affected import groups
from registry_link.regions.queries import RegionView, boundaries_for_view, regions
from registry_link.regions.states import Level
from routes import context, guard
from routes import mapping as shown
from routes.drawing import Extent, Sheet, extent_of
from routes.forms import asked_number
from routes.pages.incident import frame
from routes.tables import asked_form, attached, download, plain_stem
from routes.texts import gettext as _

pages = Blueprint("incident_map", __name__, url_prefix="/kejadian/<slug>/peta")
GEOJSON: Final = "application/geo+json"
WIDE, HIGH = 1000.0, 560.0
"""Units of the printed map."""
_TONES: Final = {"heavy": "bad", "medium": "warn", "light": "info"}


@pages.get("")
@guard.requires("zone.see")
def show(slug: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        moments = history.moments(tx, view.id)
        standing = history.moment(tx, view.id, len(moments)).standing if moments else ()
        shares = mapping.village_shares(tx, view.id)
        names = _names(tx, [one.village_code for one in shares] + [
            part.region_code for one in standing for part in one.listed
        ])  # fmt: skip
        page = {
            "areas": [_area(one, names, lang) for one in standing],
            "moments": [_moment(one, lang) for one in moments],
            "villages": [_village(one, names) for one in sorted(shares, key=_most_first)],
            "groups": groups(tx, view.id),
            "share_words": share_words(),
            "sees_points": may(tx.actor, "affected.see") and tx.require("affected.see").detail == "full",
        }
    return render_template("map/show.html", **page, **frame(view, "map"))


@pages.get("/keluarga-terlihat.json")
@guard.requires("affected.see")
def households(slug: str) -> Response:
    """Give the households in view: few of them one by one, more of them gathered."""
    with context.read() as tx:
        text = shown.households_json(tx, queries.incident(tx, slug).id, _zoom(), _box())
    return _fresh(Response(text, mimetype="application/json"))


@pages.get("/desa.json")
@guard.requires("zone.see")
def shares(slug: str) -> Response:
    """Give each village's tint by the share of its households on the list."""
    with context.read() as tx:
        body = shown.shares_body(mapping.village_shares(tx, queries.incident(tx, slug).id))
    return _fresh(Response(json.dumps(body, separators=(",", ":")), mimetype="application/json"))


@pages.get("/saat/<int:no>.json")
@guard.requires("zone.see")
def moment(slug: str, no: int) -> Response:
    """Give the areas as they stood after one change, what stood before it, and how many households it changed."""
    with context.read() as tx:
        view = queries.incident(tx, slug)
        found = history.moment(tx, view.id, no)
        before = found.moment.before_id
        wanted = [one.version_id for one in found.standing] + ([before] if before else [])
        outlines = history.outlines_of(tx, wanted)
    body = shown.areas_body(
        found.standing, outlines, lambda one: url_for("incident.zone", slug=slug, zone_id=one.zone_id)
    )
    body["changed"] = str(found.moment.version.zone_id)
    body["before"] = json.loads(outlines[before]) if before in outlines else None
    body["counts"] = {"joined": found.joined, "left": found.left, "unchanged": found.unchanged}
    return _fresh(Response(json.dumps(body, separators=(",", ":")), mimetype=GEOJSON))


# ---------------------------------------------------------------- on paper


@pages.get("/cetak")
@guard.requires("zone.see")
def paper(slug: str) -> str:
    """Draw the map on one A4 sheet, without any script."""
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        moments = history.moments(tx, view.id)
        no = min(max(asked_number("saat", len(moments)), 1), len(moments)) if moments else 0
        standing = history.moment(tx, view.id, no).standing if no else ()
        outlines = {key: json.loads(text) for key, text in history.outlines_of(
            tx, [one.version_id for one in standing]).items()}  # fmt: skip
        shares = {one.village_code: one for one in mapping.village_shares(tx, view.id)}
        drawn = json.loads(boundaries_for_view(tx, Level.VILLAGE))["features"]
        villages = {one["properties"]["code"]: one["geometry"] for one in drawn}
        listed = [villages[code] for one in standing for code in _codes_of(one, villages)]
        near = [*outlines.values(), *listed] or [villages[code] for code in shares if code in villages]
        extent = (extent_of(near or villages.values()) or Extent(west=95, south=-11, east=141, north=6)).padded(0.08)
        sheet = Sheet(extent, WIDE, HIGH)
        clusters = _clusters(tx, view, extent, sheet) if may(tx.actor, "affected.see") else []
        names = _names(tx, [*shares, *(part.region_code for one in standing for part in one.listed)])
        page = {
            "villages": [
                {"path": path, "tint": shares[code].tint if code in shares else None}
                for code, geometry in villages.items() if (path := sheet.path(geometry))
            ],
            "areas": [_drawn(one, outlines, villages, sheet, lang) for one in standing],
            "lines": [_area(one, names, lang) for one in standing],
            "clusters": clusters, "bar": sheet.bar(), "wide": WIDE, "high": HIGH, "groups": groups(tx, view.id),
            "most": [_village(one, names) for one in sorted(shares.values(), key=_most_first)[:10] if one.affected],
            "village_count": sum(1 for one in shares.values() if one.affected), "share_words": share_words(),
            "group_words": group_words(), "at": moments[no - 1].at if no else None, "now": tx.now,
        }  # fmt: skip
    return render_template("map/paper.html", **page, **frame(view, "map"))


def _clusters(tx: Tx, view: queries.IncidentView, extent: Extent, sheet: Sheet) -> list[dict[str, Any]]:
    """Gather the households on the sheet, each cluster with where it stands and how large its sign is."""
    box = mapping.Box(west=extent.west, south=extent.south, east=extent.east, north=extent.north)
    found = mapping.cells(tx, view.id, sheet.zoom(), box)
    clusters = []
    for lon, lat, *counts in zip(found.lon_deg, found.lat_deg, *found.counts, strict=True):
        x, y = sheet.place(lon, lat)
        clusters.append(
            {"x": x, "y": y, "count": sum(counts), "radius": round(7 + 2.2 * math.log2(sum(counts)) / 2, 1),
             "group": shown.GROUP_NAMES[max(range(len(counts)), key=counts.__getitem__)]}
        )  # fmt: skip
    return clusters


def _drawn(
    one: queries.ZoneView, outlines: dict[Any, Any], villages: dict[str, Any], sheet: Sheet, lang: str
) -> dict[str, Any]:
    shapes = [outlines[one.version_id]] if one.version_id in outlines else []
    shapes += [villages[code] for code in _codes_of(one, villages)]
    around = extent_of(shapes)
    x, y, top = sheet.middle_of(around) if around else (0.0, 0.0, 0.0)
    return {
        "paths": [sheet.path(shape) for shape in shapes], "severity": one.severity.value, "access": one.access.value,
        "name": one.name, "x": x, "y": y, "top": max(top - 6, 16.0),
    }  # fmt: skip


def _codes_of(one: queries.ZoneView, villages: dict[str, Any]) -> list[str]:
    """Give the villages on the map that an area lists, by themselves or by their district."""
    listed = [part.region_code for part in one.listed]
    return [code for code in villages if any(code == each or code.startswith(each + ".") for each in listed)]


# ---------------------------------------------------------------- files


@pages.get("/wilayah.geojson")
@guard.requires("zone.see")
def areas_file(slug: str) -> Response:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        every = queries.zones(tx, view.id)
        outlines = history.outlines_of(tx, [one.version_id for one in every])
        body = shown.areas_body(every, outlines, lambda one: "", is_whole=True)
    return attached(json.dumps(body, ensure_ascii=False), GEOJSON, f"{_stem(slug)}-wilayah.geojson")


@pages.get("/desa.geojson")
@guard.requires("zone.see")
def villages_file(slug: str) -> Response:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        found = {one.village_code: one for one in mapping.village_shares(tx, view.id)}
        drawn = json.loads(boundaries_for_view(tx, Level.VILLAGE))["features"]
    geometries = {one["properties"]["code"]: (one["properties"]["name"], one["geometry"]) for one in drawn}
    features = []
    for code, one in sorted(found.items()):
        name, geometry = geometries.get(code, ("", None))
        features.append({
            "type": "Feature", "id": code, "geometry": geometry,
            "properties": {
                "code": code, "name": name, "households": one.households, "affected": one.affected,
                "affected_permille": one.permille, **dict(zip(shown.GROUP_NAMES, one.counts, strict=True)),
            },
        })  # fmt: skip
    body = {"type": "FeatureCollection", "features": features}
    return attached(json.dumps(body, ensure_ascii=False), GEOJSON, f"{_stem(slug)}-desa.geojson")


@pages.get("/keluarga.geojson")
@guard.requires("affected.see")
def households_file(slug: str) -> Response:
    """Give the households with a position: one by one to who may see where they stand, else in cells."""
    with context.read() as tx:
        body = shown.households_geojson(tx, queries.incident(tx, slug).id)
    return attached(json.dumps(body), GEOJSON, f"{_stem(slug)}-keluarga.geojson")


@pages.get("/desa")
@guard.requires("zone.see")
def villages_table(slug: str) -> Response:
    kind = asked_form("berkas", "csv")
    with context.read() as tx:
        view = queries.incident(tx, slug)
        found = sorted(mapping.village_shares(tx, view.id), key=_most_first)
        names = _names(tx, [one.village_code for one in found])
    header = (
        _("Kode desa"), _("Desa"), _("Kecamatan"), _("Keluarga di registri"), _("Terdampak"), _("Bagian terdampak"),
        *group_words(),
    )  # fmt: skip
    rows = tuple(
        (
            one.village_code, *_titles(one.village_code, names), str(one.households), str(one.affected),
            _percent(one.permille), *(str(count) for count in one.counts),
        )
        for one in found
    )  # fmt: skip
    return download(
        _("Desa terdampak"), ((_("Kejadian"), view.name),), header, rows, stem=f"{_stem(slug)}-desa", suffix=kind
    )


# ---------------------------------------------------------------- parts


def share_words() -> list[str]:
    """Give the words of the map's five tints."""
    return [_("di bawah %(share)s", share="10%"), "10–24%", "25–49%", "50–74%", "75–100%"]


def group_words() -> list[str]:
    """Give the words of a household's five signs."""
    return [_("Pasti"), _("Mungkin"), _("Perlu verifikasi"), _("Dikonfirmasi"), _("Ditolak")]


def _area(one: queries.ZoneView, names: dict[str, RegionView], lang: str) -> dict[str, Any]:
    listed = [names[part.region_code].title if part.region_code in names else part.region_code for part in one.listed]
    return {
        "view": one, "severity": say(f"severity.{one.severity.value}", lang), "tone": _TONES[one.severity.value],
        "access": say(f"access.{one.access.value}", lang), "listed": listed,
    }  # fmt: skip


def _moment(one: history.Moment, lang: str) -> dict[str, Any]:
    what = _("ditarik") if one.is_withdrawal else _("versi %(no)s", no=one.version.no)
    return {
        "view": one, "name": one.version.name, "what": what,
        "severity": say(f"severity.{one.version.severity.value}", lang),
    }  # fmt: skip


def _village(one: mapping.VillageShare, names: dict[str, RegionView]) -> dict[str, Any]:
    title, district = _titles(one.village_code, names)
    return {"view": one, "name": title, "district": district, "share": _percent(one.permille)}


def _titles(code: str, names: dict[str, RegionView]) -> tuple[str, str]:
    place = names.get(code)
    return (place.title, place.parent_name or "") if place else (code, "")


def _percent(permille: int) -> str:
    """Write thousandths as whole percent: none of it and all of it are said only of none and all."""
    if 0 < permille < 10:
        return "<1%"
    return f"{permille // 10}%"


def _most_first(one: mapping.VillageShare) -> tuple[int, int, str]:
    return -one.permille, -one.affected, one.village_code


def _names(tx: Tx, codes: list[str]) -> dict[str, RegionView]:
    return {one.code: one for one in regions(tx, sorted(set(codes)))}


def _zoom() -> float:
    zoom = request.args.get("zoom", default=10.0, type=float)
    return zoom if zoom is not None and math.isfinite(zoom) else 10.0


def _box() -> mapping.Box | None:
    """Read the part of the world that the screen shows; all of it where nothing or no box is given."""
    try:
        west, south, east, north = (float(one) for one in request.args.get("kotak", "").split(","))
    except ValueError:
        return None
    if not all(map(math.isfinite, (west, south, east, north))):
        return None
    return mapping.Box(west=west, south=south, east=east, north=north)


def _stem(slug: str) -> str:
    return plain_stem(slug)


def _fresh(response: Response) -> Response:
    """Let nobody keep it: the list changes while people decide."""
    response.headers["Cache-Control"] = "no-store"
    return response
