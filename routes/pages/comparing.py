"""Bandingkan versi: what lies between two versions of an area, as a table by village, as lists, and for the map."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for

from core.errors import NotFound
from core.i18n import say
from core.measures import print_count
from core.work import Tx
from logistics.packages.states import PackageState
from logistics.zones import comparing, queries
from logistics.zones.comparing import Change, StageCounts
from registry_link.households.queries import households_by_ids
from registry_link.regions.queries import regions
from routes import context, guard
from routes.forms import asked_number, page_number
from routes.pages.incident import frame
from routes.texts import gettext as _

pages = Blueprint("comparing", __name__, url_prefix="/kejadian/<slug>/wilayah/<uuid:zone_id>")
PER_PAGE = 25
CHANGES = {"masuk": Change.JOINED, "keluar": Change.LEFT, "tetap": Change.UNCHANGED}


def _asked(tx: Tx, slug: str, zone_id: UUID) -> tuple[queries.IncidentView, tuple[queries.ZoneView, ...], int, int]:
    """Read which two versions are laid beside each other: the newest and the one before, unless asked otherwise."""
    view = queries.incident(tx, slug)
    versions = queries.versions(tx, zone_id)
    if versions[0].incident_id != view.id:
        raise NotFound("zone.not_found")
    after = asked_number("ke", versions[0].no, most=100_000)
    before = asked_number("dari", max(1, after - 1), most=100_000)
    return view, versions, before, after


@pages.get("/bandingkan")
@guard.requires("zone.see")
def show(slug: str, zone_id: UUID) -> str:
    lang = context.lang()
    with context.read() as tx:
        view, versions, before, after = _asked(tx, slug, zone_id)
        found = comparing.compare(tx, zone_id, before, after)
        names = {one.code: one for one in regions(tx, [one.village_code for one in found.villages])}
    rows = [
        {
            "code": one.village_code, "name": names[one.village_code].title,
            "district": names[one.village_code].parent_name,
            "cells": [
                {"label": label, "href": key, "households": part.households, "stages": stage_text(part, lang)}
                for key, label, part in (
                    ("masuk", _("Masuk"), one.joined), ("keluar", _("Keluar"), one.left),
                    ("tetap", _("Tetap"), one.unchanged),
                )
            ],
        }
        for one in found.villages if one.village_code in names
    ]  # fmt: skip
    return render_template(
        "incident/compare.html", found=found, rows=rows, before=before, after=after,
        options=[(one.no, _("Versi %(no)s", no=one.no)) for one in versions],
        totals=[(key, stage_text(part, lang)) for key, part in
                (("joined", found.joined), ("left", found.left), ("unchanged", found.unchanged))],
        **frame(view, "zones"),
    )  # fmt: skip


def stage_text(counts: StageCounts, lang: str) -> str:
    """Say how far households' packages are: 3 sudah dijatah, 2 dimuat, 1 sudah menerima; empty where none is."""
    named = {"reserved": counts.reserved, "loaded": counts.loaded, "handed_over": counts.handed_over}
    return ", ".join(
        say(f"compare.{key}", lang, {"count": print_count(number, lang)}) for key, number in named.items() if number
    )


@pages.get("/bandingkan/keluarga")
@guard.requires("zone.see")
def households(slug: str, zone_id: UUID) -> str:
    asked = request.args.get("perubahan", "masuk")
    change = CHANGES.get(asked, Change.JOINED)
    village = request.args.get("desa", "")[:20]
    number = page_number()
    with context.read() as tx:
        view, versions, before, after = _asked(tx, slug, zone_id)
        page = comparing.changed_households(
            tx, zone_id, before, after, change, village_code=village, limit=PER_PAGE, offset=(number - 1) * PER_PAGE
        )
        people = {one.id: one for one in households_by_ids(tx, [line.household_id for line in page.lines],
                                                           purpose="affected_list")}  # fmt: skip
        names = {one.code: one for one in regions(tx, [line.village_code for line in page.lines] + [village])}
        sees_people = tx.require("affected.see").detail != "counts"
    lines = [
        {
            "household": people.get(one.household_id), "village": names[one.village_code].full_name
            if one.village_code in names else one.village_code,
            "stage": _stage_word(one.stage),
        }
        for one in page.lines
    ]  # fmt: skip

    def here(**changed: Any) -> str:
        kept = {"dari": before, "ke": after, "perubahan": asked, "desa": village, **changed}
        return url_for("comparing.households", slug=slug, zone_id=zone_id, **{k: v for k, v in kept.items() if v})

    return render_template(
        "incident/compare_list.html", zone=versions[0], lines=lines, total=page.total, number=number,
        last=max(1, -(-page.total // PER_PAGE)), here=here, before=before, after=after, asked=asked,
        village=names[village].full_name if village in names else "", sees_people=sees_people,
        titles={"masuk": _("Keluarga yang masuk"), "keluar": _("Keluarga yang keluar"),
                "tetap": _("Keluarga yang tetap")},
        **frame(view, "zones"),
    )  # fmt: skip


def _stage_word(stage: PackageState | None) -> str:
    if stage is None:
        return "—"
    return {
        PackageState.RESERVED: _("stok dijatah"), PackageState.LOADED: _("sudah dimuat"),
        PackageState.HANDED_OVER: _("sudah menerima"),
    }[stage]  # fmt: skip


@pages.get("/bandingkan.json")
@guard.requires("zone.see")
def outlines_json(slug: str, zone_id: UUID) -> Response:
    """Give both versions' outlines as GeoJSON, and beside them the numbers of every village."""
    with context.read() as tx:
        view, _versions, before, after = _asked(tx, slug, zone_id)
        found = comparing.compare(tx, zone_id, before, after)
        outlines = {
            side: next((text for _id, text in queries.outlines(tx, view.id, version_id=one.version_id)), None)
            for side, one in (("before", found.before), ("after", found.after))
        }
    features = [
        {
            "type": "Feature", "geometry": json.loads(outline) if (outline := outlines[side]) else None,
            "properties": {
                "side": side, "no": one.no, "severity": one.severity.value, "state": one.state.value,
                "village_codes": [part.region_code for part in one.listed],
            },
        }
        for side, one in (("before", found.before), ("after", found.after))
    ]  # fmt: skip
    body = {
        "type": "FeatureCollection", "features": features, "is_complete": found.is_complete,
        "villages": [
            {
                "code": one.village_code,
                **{name: {"households": part.households, "reserved": part.reserved, "loaded": part.loaded,
                          "handed_over": part.handed_over}
                   for name, part in (("joined", one.joined), ("left", one.left), ("unchanged", one.unchanged))},
            }
            for one in found.villages
        ],
    }  # fmt: skip
    return Response(json.dumps(body, separators=(",", ":")), mimetype="application/geo+json")
