"""Kejadian: incidents, affected areas with their map, affected households."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from logistics.zones import commands, deciding, queries
from logistics.zones.rules import read_count
from logistics.zones.states import (
    Access,
    AffectedState,
    CountKind,
    Hazard,
    Phase,
    PhaseAct,
    RejectReason,
    Severity,
    VersionState,
)
from registry_link.households.commands import NewCounts, RegisterProvisional, register_provisional
from registry_link.households.queries import SearchHouseholds, households_by_ids, search_households
from registry_link.matching.rules import Confidence
from registry_link.regions.queries import RegionView, regions, regions_of
from registry_link.regions.states import Level
from routes import context, guard, limits
from routes.forms import Form, asked_number, page_number
from routes.matching import match_after
from routes.sources import drawn_lines
from routes.texts import gettext as _

pages = Blueprint("incident", __name__, url_prefix="/kejadian")
PER_PAGE = 25
_TONES = {Phase.ALERT: "warn", Phase.RESPONSE: "bad", Phase.TRANSITION: "info", Phase.CLOSED: "neutral"}
GROUPS = {"pasti": Confidence.CERTAIN, "mungkin": Confidence.PROBABLE, "verifikasi": Confidence.TO_VERIFY}
STATES = {
    "belum": AffectedState.PROPOSED, "ya": AffectedState.CONFIRMED, "tidak": AffectedState.REJECTED,
    "keluar": AffectedState.LEFT,
}  # fmt: skip


def tabs(view: queries.IncidentView, current: str) -> list[dict[str, Any]]:
    """Give the tabs of an incident that the reader's role may open."""
    actor = context.actor()
    known = (
        ("zones", _("Wilayah"), "zone.see", "incident.show"),
        ("affected", _("Keluarga"), "affected.see", "incident.affected"),
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
                "view": one, "groups": queries.groups(tx, one.id),
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
        lines = queries.by_village(tx, view.id)
        names = _names(
            tx, [one.village_code for one in lines] + [part.region_code for one in zones for part in one.listed]
        )
        page = {
            "zones": [_zone_line(one, names, lang) for one in zones],
            "villages": [_village_line(one, names, lang) for one in lines],
            "decrees": queries.decrees(tx, view.id),
            "groups": queries.groups(tx, view.id),
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


def _village_line(one: queries.VillageLine, names: dict[str, RegionView], lang: str) -> dict[str, Any]:
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
        return url_for("incident.affected", slug=slug)

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


@pages.get("/<slug>/peta/keluarga.json")
@guard.requires("affected.see")
def households_json(slug: str) -> Response:
    with context.read() as tx:
        points = queries.affected_points(tx, queries.incident(tx, slug).id)
    order = {"certain": 0, "probable": 1, "to_verify": 2}
    body = {
        "lon_deg": [round(one, 5) for one in points.lon_deg],
        "lat_deg": [round(one, 5) for one in points.lat_deg],
        "group": [order[one] for one in points.group],
    }
    return Response(json.dumps(body, separators=(",", ":")), mimetype="application/json")


# ---------------------------------------------------------------- affected households


@pages.get("/<slug>/keluarga")
@guard.requires("affected.see")
def affected(slug: str) -> str:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        page = _affected_page(tx, view)
    return render_template("incident/affected.html", **page, **frame(view, "affected"))


def _affected_page(tx: Tx, view: queries.IncidentView) -> dict[str, Any]:
    lang = context.lang()
    group, state = request.args.get("kelompok", ""), request.args.get("keputusan", "")
    village = request.args.get("desa", "")
    number = page_number()
    page = queries.affected(
        tx, view.id, confidence=GROUPS.get(group), state=STATES.get(state), village_code=village, limit=PER_PAGE,
        offset=(number - 1) * PER_PAGE,
    )  # fmt: skip
    people = {
        one.id: one
        for one in households_by_ids(tx, [line.household_id for line in page.lines], purpose="affected_list")
    }
    villages = queries.by_village(tx, view.id) if may(tx.actor, "zone.see") else ()
    names = _names(tx, [one.village_code for one in villages] + [line.village_code for line in page.lines])
    lines = [
        {
            "view": line, "household": people.get(line.household_id),
            "village": names[line.village_code].title if line.village_code in names else line.village_code,
            "reason": line.reason(lang, names[line.village_code].title if line.village_code in names else ""),
            "group": "verify" if line.confidence is Confidence.TO_VERIFY else line.confidence.value,
            "state": say(f"affected.state.{line.state.value}", lang),
            "reject": say(f"reject.{line.reject_reason.value}", lang) if line.reject_reason else "",
        }
        for line in page.lines
    ]  # fmt: skip

    def here(**changed: Any) -> str:
        kept = {"kelompok": group, "keputusan": state, "desa": village, **changed}
        return url_for("incident.affected", slug=view.slug, **{key: value for key, value in kept.items() if value})

    last = max(1, -(-page.total // PER_PAGE))
    return {
        "lines": lines, "total": page.total, "groups": queries.groups(tx, view.id), "group": group, "state": state,
        "village": village, "number": number, "last": last, "here": here, "per_page": PER_PAGE,
        "drawn": drawn_lines(tx, "zone_version", queries.current_version_ids(tx, view.id), lang),
        "sees_people": tx.require("affected.see").detail != "counts",
        "village_options": [(one.village_code, names[one.village_code].full_name) for one in villages
                            if one.village_code in names],
        "reject_reasons": [(one.value, say(f"reject.{one.value}", lang)) for one in RejectReason],
    }  # fmt: skip


@pages.post("/<slug>/keluarga/pasti")
@guard.requires("affected.confirm_certain")
def confirm_certain(slug: str) -> BaseResponse:
    count = context.write(lambda tx: deciding.confirm_certain(tx, queries.incident(tx, slug).id))
    flash(_("%(count)s keluarga yang pasti dikonfirmasi.", count=print_count(count, context.lang())), "good")
    return redirect(url_for("incident.affected", slug=slug), 303)


@pages.post("/<slug>/keluarga/putusan")
@guard.requires("affected.decide")
def decide(slug: str) -> BaseResponse:
    form = Form()
    ids = tuple(UUID(one) for one in form.values.getlist("household") if len(one) == 36)
    is_affected = form.raw("verdict") == "yes"
    reason = None if is_affected else form.choice("reason", RejectReason)

    def act(tx: Tx) -> int:
        return deciding.decide_affected(
            tx,
            deciding.Decide(
                incident_id=queries.incident(tx, slug).id, household_ids=ids, is_affected=is_affected,
                reject_reason=reason, note=form.text("note", most=300),
            ),
        )  # fmt: skip

    _flash_done(form, lambda: context.write(act), _("Keputusan disimpan."))
    back = form.raw("back")
    return redirect(back if back.startswith("/kejadian/") else url_for("incident.affected", slug=slug), 303)


@pages.get("/<slug>/keluarga/tambah")
@guard.requires("household.register")
def add(slug: str) -> str:
    return _add(slug, Form(), [])


@pages.post("/<slug>/keluarga/cari")
@guard.requires("affected.decide")
def add_search(slug: str) -> str:
    form = Form()
    with context.read() as tx:
        found = search_households(tx, SearchHouseholds(text=form.text("q", most=80), limit=20))
    return _add(slug, form, list(found.lines))


@pages.post("/<slug>/keluarga/tambah")
@guard.requires("affected.decide")
def add_known(slug: str) -> BaseResponse:
    form = Form()
    household_id = form.uuid("household")
    note = form.text("note", most=300) or "Terdampak menurut pemeriksaan di lapangan"

    def act(tx: Tx) -> None:
        assert household_id
        deciding.add_affected(tx, queries.incident(tx, slug).id, household_id, note)

    _flash_done(form, lambda: context.write(act), _("Keluarga ditambahkan ke daftar."))
    return redirect(url_for("incident.affected", slug=slug), 303)


@pages.post("/<slug>/keluarga/daftarkan")
@guard.requires("household.register")
def register(slug: str) -> str | BaseResponse:
    form = Form()
    name, village = form.text("head_name", most=120, least=2), form.text("village_code", most=20, least=10)
    counted = {
        field: form.number(field, least=0, most=50, is_required=False) or 0
        for field in ("infants", "toddlers", "children", "adults", "elderly", "women")
    }
    counts = NewCounts(**counted)
    if not counts.persons:
        form.fail("adults", "form.number", {"least": 1, "most": 50})
    details = {field: form.text(field, most=200) for field in ("address", "rt", "rw", "nik", "kk")}

    def act(tx: Tx) -> str:
        household_id = register_provisional(
            tx,
            RegisterProvisional(
                head_name=name, village_code=village, address=details["address"], rt=details["rt"], rw=details["rw"],
                head_nik=details["nik"], kk=details["kk"], counts=counts,
            ),
        ).id  # fmt: skip
        deciding.add_affected(tx, queries.incident(tx, slug).id, household_id, "", is_provisional=True)
        flash(_("Warga tidak terdaftar dicatat dan masuk daftar."), "good")
        return url_for("incident.affected", slug=slug, keputusan="ya")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_add(slug, form, []), 422)


def _add(slug: str, form: Form, found: list[Any]) -> str:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        reach = tx.require("household.register")
        villages = [
            (one.code, one.full_name) for one in regions_of(tx, tx.regency_code, Level.VILLAGE)
            if reach.has_village(one.code)
        ]  # fmt: skip
        names = _names(tx, [one.village_code for one in found])
    return render_template(
        "incident/add.html", form=form, found=found, names=names, villages=villages, **frame(view, "affected")
    )


def _flash_done(form: Form, act: Callable[[], Any], said: str) -> None:
    if form.attempt(lambda: (act(), True)) is not None:
        flash(said, "good")
    for error in form.errors:
        flash(error["text"], "bad")


def _names(tx: Tx, codes: list[str]) -> dict[str, RegionView]:
    return {one.code: one for one in regions(tx, sorted(set(codes)))}


def _geojson(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), mimetype="application/geo+json")


__all__ = ["frame", "pages", "tabs"]
