"""Kejadian: incidents, affected areas with their map."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import names_of
from core.errors import Refused
from core.i18n import say
from core.measures import print_count
from core.permissions import may
from core.work import Tx
from logistics.zones import affected, commands, queries
from logistics.zones.rules import read_count
from logistics.zones.states import (
    Access,
    CountKind,
    Hazard,
    Phase,
    PhaseAct,
    Severity,
    VersionState,
)
from registry_link.regions.queries import RegionView, regions, regions_of
from registry_link.regions.states import Level
from routes import context, guard, limits
from routes.forms import Form, asked_number
from routes.matching import match_after
from routes.sources import drawn_lines
from routes.texts import gettext as _

pages = Blueprint("incident", __name__, url_prefix="/kejadian")
_TONES = {Phase.ALERT: "warn", Phase.RESPONSE: "bad", Phase.TRANSITION: "info", Phase.CLOSED: "neutral"}


def tabs(view: queries.IncidentView, current: str) -> list[dict[str, Any]]:
    """Give the tabs of an incident that the reader's role may open."""
    actor = context.actor()
    known = (
        ("zones", _("Wilayah"), "zone.see", "incident.show"),
        ("affected", _("Keluarga"), "affected.see", "affected.index"),
        ("need", _("Kebutuhan & paket"), "round.see", "plan.need"),
        ("plan", _("Rencana"), "round.see", "plan.show"),
        ("dispatch", _("Pengiriman"), "dispatch.see", "dispatch.show"),
        ("handover", _("Serah terima"), "handover.see", "handover.show"),
    )
    return [
        {"label": label, "href": url_for(endpoint, slug=view.slug), "is_current": key == current}
        for key, label, right, endpoint in known
        if may(actor, right)
    ]


def frame(view: queries.IncidentView, current: str) -> dict[str, Any]:
    """Give what every page of an incident shows above its tabs."""
    return {
        "incident": view,
        "tabs": tabs(view, current),
        "phase_label": say(f"phase.{view.phase.value}", context.lang()),
        "phase_tone": _TONES[view.phase],
        "hazard_label": say(f"hazard.{view.hazard.value}", context.lang()),
    }


# ---------------------------------------------------------------- incidents


@pages.get("")
@guard.requires("incident.see")
def index() -> str:
    lang = context.lang()
    with context.read() as tx:
        lines = [
            {
                "view": one, "groups": affected.groups(tx, one.id),
                "phase": say(f"phase.{one.phase.value}", lang), "tone": _TONES[one.phase],
                "hazard": say(f"hazard.{one.hazard.value}", lang),
            }
            for one in queries.incidents(tx)
        ]  # fmt: skip
    return render_template("incident/index.html", lines=lines)


@pages.get("/baru")
@guard.requires("incident.open")
def new() -> str:
    return _new(Form())


@pages.post("/baru")
@guard.requires("incident.open")
def create() -> str | BaseResponse:
    form = Form()
    name = form.text("name", most=120, least=3)
    hazard = form.choice("hazard", Hazard)
    started_at = form.instant("started_on", "started_time")
    phase = form.choice("phase", Phase, Phase.RESPONSE)
    place, chronology = form.text("place_text", most=200), form.text("chronology", most=2000)

    def act(tx: Tx) -> str:
        assert hazard and started_at and phase
        opened = commands.open_incident(
            tx,
            commands.OpenIncident(
                name=name, hazard=hazard, started_at=started_at, place_text=place, chronology=chronology, phase=phase
            ),
        )
        return url_for("incident.show", slug=opened.slug)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_new(form), 422)


def _new(form: Form) -> str:
    now = context.runtime().work.clock.now().astimezone(context.actor().zone)
    lang = context.lang()
    return render_template(
        "incident/new.html", form=form, now_day=f"{now:%d/%m/%Y}", now_time=f"{now:%H.%M}",
        hazards=[(one.value, say(f"hazard.{one.value}", lang)) for one in Hazard],
        phases=[(one.value, say(f"phase.{one.value}", lang)) for one in (Phase.RESPONSE, Phase.ALERT)],
    )  # fmt: skip


@pages.post("/<slug>/status")
@guard.requires("incident.open")
def phase(slug: str) -> BaseResponse:
    form = Form()
    act = form.choice("act", PhaseAct)
    if act is not None:

        def move(tx: Tx) -> None:
            commands.move_incident(tx, queries.incident(tx, slug).id, act, form.text("reason", most=200))

        context.write(move)
        flash(_("Status kejadian diubah."), "good")
    return redirect(url_for("incident.show", slug=slug), 303)


@pages.get("/<slug>/sk")
@guard.requires("decree.record")
def decree(slug: str) -> str:
    return _decree(slug, Form())


@pages.post("/<slug>/sk")
@guard.requires("decree.record")
def record_decree(slug: str) -> str | BaseResponse:
    form = Form()
    number = form.text("number", most=120, least=1)
    dated_on, first_on, last_on = form.day("dated_on"), form.day("first_on"), form.day("last_on")
    said = form.number("days_said", least=1, most=366, is_required=False)
    area = form.text("area_text", most=500)

    def act(tx: Tx) -> str:
        assert dated_on and first_on and last_on
        view = queries.incident(tx, slug)
        done = commands.record_decree(
            tx,
            commands.RecordDecree(
                incident_id=view.id, number=number, dated_on=dated_on, first_on=first_on, last_on=last_on,
                phase=view.phase, days_said=said, area_text=area,
            ),
        )  # fmt: skip
        if done.do_words_differ:
            flash(say("decree.words_differ", context.lang(), {"said": said, "counted": done.days}), "warn")
        else:
            flash(_("SK dicatat: %(days)s hari.", days=done.days), "good")
        return url_for("incident.show", slug=slug)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_decree(slug, form), 422)


def _decree(slug: str, form: Form) -> str:
    with context.read() as tx:
        view = queries.incident(tx, slug)
    return render_template("incident/decree.html", form=form, **frame(view, "zones"))


# ---------------------------------------------------------------- areas


@pages.get("/<slug>")
@guard.requires("incident.see")
def show(slug: str) -> str | BaseResponse:
    lang = context.lang()
    if not may(context.actor(), "zone.see"):
        with context.read() as tx:
            queries.incident(tx, slug)
        # Warehouse keepers and field officers start where their work is.
        target = "dispatch.show" if may(context.actor(), "dispatch.see") else "plan.show"
        return redirect(url_for(target, slug=slug))
    with context.read() as tx:
        view = queries.incident(tx, slug)
        zones = queries.zones(tx, view.id)
        lines = affected.by_village(tx, view.id)
        names = _names(
            tx, [one.village_code for one in lines] + [part.region_code for one in zones for part in one.listed]
        )
        page = {
            "zones": [_zone_line(one, names, lang) for one in zones],
            "villages": [_village_line(one, names, lang) for one in lines],
            "decrees": queries.decrees(tx, view.id),
            "groups": affected.groups(tx, view.id),
        }
    return render_template("incident/zones.html", lang_code=lang, **page, **frame(view, "zones"))


def _zone_line(one: queries.ZoneView, names: dict[str, RegionView], lang: str) -> dict[str, Any]:
    listed = [
        (names[part.region_code].title if part.region_code in names else part.region_code)
        + (f" RW {part.rw}" if part.rw else "") + (f" RT {part.rt}" if part.rt else "")
        for part in one.listed
    ]  # fmt: skip
    return {
        "view": one,
        "severity": say(f"severity.{one.severity.value}", lang),
        "tone": {"heavy": "bad", "medium": "warn", "light": "info"}[one.severity.value],
        "access": say(f"access.{one.access.value}", lang),
        "state": say(f"version.{one.state.value}", lang),
        "is_withdrawn": one.state is VersionState.WITHDRAWN,
        "listed": listed,
        "repairs": [say(repair.code, lang, repair.facts) for repair in one.repairs],
    }


def _village_line(one: affected.VillageLine, names: dict[str, RegionView], lang: str) -> dict[str, Any]:
    def shown(count: Any) -> str:
        if count is None:
            return "—"
        return print_count(count.value, lang) if count.value is not None else say(f"count.{count.state.value}", lang)

    return {
        "view": one,
        "name": names[one.village_code].title if one.village_code in names else one.village_code,
        "district": names[one.village_code].parent_name if one.village_code in names else "",
        "households": shown(one.reported_households),
        "persons": shown(one.reported_persons),
        "displaced": shown(one.reported_displaced),
    }


@pages.get("/<slug>/wilayah/baru")
@guard.requires("zone.post")
def zone_new(slug: str) -> str:
    return _zone_form(slug, Form())


@pages.post("/<slug>/wilayah/baru")
@guard.requires("zone.post")
@limits.accepts(limits.OUTLINE_BYTES)
def zone_post(slug: str) -> str | BaseResponse:
    return _submit_zone(slug, None)


@pages.get("/<slug>/wilayah/<uuid:zone_id>")
@guard.requires("zone.see")
def zone(slug: str, zone_id: UUID) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        versions = queries.versions(tx, zone_id)
        names = _names(tx, [part.region_code for one in versions for part in one.listed])
        people = names_of(tx, [one.posted_by for one in versions])
        diff, pair = None, None
        if len(versions) > 1:
            before = asked_number("dari", versions[1].no)
            after = asked_number("ke", versions[0].no)
            diff, pair = queries.compare_versions(tx, zone_id, before, after), (before, after)
        shown_no = asked_number("versi", versions[0].no)
        shown = next((one for one in versions if one.no == shown_no), versions[0])
        drawn = drawn_lines(tx, "zone_version", [shown.version_id], lang)
    return render_template(
        "incident/zone.html", zone=_zone_line(versions[0], names, lang), diff=diff, pair=pair, shown_no=shown_no,
        shown=shown, drawn=drawn,
        versions=[{**_zone_line(one, names, lang), "who": people[one.posted_by]} for one in versions],
        **frame(view, "zones"),
    )  # fmt: skip


@pages.get("/<slug>/wilayah/<uuid:zone_id>/revisi")
@guard.requires("zone.post")
def zone_revise(slug: str, zone_id: UUID) -> str:
    return _zone_form(slug, Form(), zone_id)


@pages.post("/<slug>/wilayah/<uuid:zone_id>/revisi")
@guard.requires("zone.post")
@limits.accepts(limits.OUTLINE_BYTES)
def zone_repost(slug: str, zone_id: UUID) -> str | BaseResponse:
    return _submit_zone(slug, zone_id)


@pages.post("/<slug>/wilayah/<uuid:zone_id>/tarik")
@guard.requires("zone.withdraw")
def zone_withdraw(slug: str, zone_id: UUID) -> BaseResponse:
    words = {"wrong": _("Salah tempat"), "over": _("Sudah surut atau pulih"), "other": _("Alasan lain")}
    reason = f"{words.get(request.form.get('reason', ''), '')} {request.form.get('note', '')}".strip()
    context.write(lambda tx: commands.withdraw_zone(tx, zone_id, reason))
    flash(_("Wilayah ditarik. Riwayatnya tetap tersimpan."), "good")
    return redirect(url_for("incident.show", slug=slug), 303)


def _zone_form(slug: str, form: Form, zone_id: UUID | None = None) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        villages = regions_of(tx, tx.regency_code, Level.VILLAGE)
        base = queries.zone(tx, zone_id) if zone_id else None
        outline = ""
        if base is not None:
            outline = next((text for _id, text in queries.outlines(tx, view.id, version_id=base.version_id)), "")
    sent = bool(form.values)
    picked = form.values.getlist("villages") if sent else [one.region_code for one in base.listed] if base else []
    now = context.runtime().work.clock.now().astimezone(context.actor().zone)
    return render_template(
        "incident/zone_form.html", form=form, base=base, now_day=f"{now:%d/%m/%Y}", now_time=f"{now:%H.%M}",
        outline=form.raw("outline") if sent else outline, picked=picked,
        villages=[{"code": one.code, "name": one.title, "district": one.parent_name} for one in villages],
        severities=[(one.value, say(f"severity.{one.value}", lang)) for one in Severity],
        accesses=[(one.value, say(f"access.{one.value}", lang)) for one in Access], **frame(view, "zones"),
    )  # fmt: skip


def _submit_zone(slug: str, zone_id: UUID | None) -> str | BaseResponse:
    form = Form()
    name = form.text("name", most=120, least=2)
    severity, access = form.choice("severity", Severity), form.choice("access", Access, Access.ROAD)
    observed_at = form.instant("observed_on", "observed_time")
    source, note = form.text("source", most=200), form.text("note", most=1000)
    outline = form.raw("outline").strip() or None
    villages = form.values.getlist("villages")
    counts = _counts(form)
    base_no = form.number("base_no", least=1, most=100_000) if zone_id else None

    def act(tx: Tx) -> str:
        assert severity and access and observed_at
        posted = commands.post_zone(
            tx,
            commands.PostZone(
                incident_id=queries.incident(tx, slug).id, name=name, observed_at=observed_at, severity=severity,
                access=access, source=source, note=note, outline=outline, zone_id=zone_id, base_no=base_no,
                regions=tuple(commands.ListRegion(code=code) for code in villages), counts=counts,
            ),
        )  # fmt: skip
        match_after(tx, posted.version_id)
        for code in posted.repairs:
            flash(say(code, context.lang()), "info")
        return url_for("affected.index", slug=slug)

    try:
        done = form.attempt(lambda: context.submit_once(act))
    except Refused as refused:
        if not refused.code.startswith(("outline.", "region.")):
            raise
        form.refuse(refused, "outline")
        done = None
    return done if done is not None else make_response(_zone_form(slug, form, zone_id), 422)


def _counts(form: Form) -> tuple[commands.ReportCount, ...]:
    """Read the reported counts beside the picked villages: fields ``count-<kind>-<code>``; empty means not reported."""
    found = []
    for field, text in form.values.items():
        if not field.startswith("count-") or not text.strip():
            continue
        _prefix, kind, code = field.split("-", 2)
        count = read_count(text)
        if count is None or kind not in set(CountKind):
            form.fail(field, "zone.malformed_count", {"text": text[:40]})
        else:
            found.append(commands.ReportCount(village_code=code, kind=CountKind(kind), count=count))
    return tuple(found)


# ---------------------------------------------------------------- maps


@pages.get("/<slug>/peta/wilayah.json")
@guard.requires("zone.see")
def zones_json(slug: str) -> Response:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        version_id = request.args.get("versi", type=UUID)
        zones = queries.zones(tx, view.id)
        if version_id:
            zones = tuple(
                one for zone in zones for one in queries.versions(tx, zone.zone_id) if one.version_id == version_id
            )
        outlines = dict(queries.outlines(tx, view.id, version_id=version_id))
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(outlines[one.version_id]) if one.version_id in outlines else None,
            "properties": {
                "id": str(one.zone_id), "name": one.name, "severity": one.severity.value,
                "state": "withdrawn" if one.state is VersionState.WITHDRAWN else "active",
                "href": url_for("incident.zone", slug=slug, zone_id=one.zone_id),
                "village_codes": [part.region_code for part in one.listed],
            },
        }
        for one in zones
    ]  # fmt: skip
    return _geojson({"type": "FeatureCollection", "features": features})


def _names(tx: Tx, codes: list[str]) -> dict[str, RegionView]:
    return {one.code: one for one in regions(tx, sorted(set(codes)))}


def _geojson(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), mimetype="application/geo+json")


__all__ = ["frame", "pages", "tabs"]
