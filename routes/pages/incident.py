"""Kejadian: incidents, affected areas with their map."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import names_of
from core.errors import Invalid, Refused
from core.i18n import say
from core.measures import print_count, print_day, print_instant
from core.permissions import may
from core.work import Tx
from logistics.zones import affected, commands, comparing, counts, matching, queries, windows
from logistics.zones.reading.queries import readings_of_versions
from logistics.zones.rules import Count, doubt_facts, read_count
from logistics.zones.states import (
    BNPB_CODES,
    Access,
    CountKind,
    Hazard,
    IncidentField,
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
FORM_KINDS = (CountKind.HOUSEHOLDS, CountKind.PERSONS, CountKind.DISPLACED)
"""The figures that are asked for beside an area; all others have the page of figures."""
_TONES = {Phase.ALERT: "warn", Phase.RESPONSE: "bad", Phase.TRANSITION: "info", Phase.CLOSED: "neutral"}


def tabs(view: queries.IncidentView, current: str) -> list[dict[str, Any]]:
    """Give the tabs of an incident that the reader's role may open."""
    actor = context.actor()
    known = (
        ("zones", _("Wilayah"), "zone.see", "incident.show"),
        ("map", _("Peta"), "zone.see", "incident_map.show"),
        ("affected", _("Keluarga"), "affected.see", "affected.index"),
        ("shelters", _("Pengungsian"), "shelter.see", "shelters.index"),
        ("need", _("Kebutuhan & paket"), "round.see", "need.show"),
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
        "decree_doubts": [one.text(context.lang()) for one in view.doubts],
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
    return _new(Form(request.args))


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


@pages.get("/<slug>/ubah")
@guard.requires("incident.open")
def edit(slug: str) -> str:
    return _edit(slug, Form())


@pages.post("/<slug>/ubah")
@guard.requires("incident.open")
def save(slug: str) -> str | BaseResponse:
    form = Form()
    name, hazard = form.text("name", most=120, least=3), form.choice("hazard", Hazard)
    place, chronology = form.text("place_text", most=200), form.text("chronology", most=2000)
    reason = form.text("reason", most=200)

    def act(tx: Tx) -> str:
        assert hazard
        changed = commands.edit_incident(
            tx,
            commands.EditIncident(
                incident_id=queries.incident(tx, slug).id, name=name, hazard=hazard, place_text=place,
                chronology=chronology, reason=reason,
            ),
        )  # fmt: skip
        flash(_("Perubahan disimpan.") if changed else _("Tidak ada yang berubah."), "good" if changed else "info")
        return url_for("incident.show", slug=slug)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_edit(slug, form), 422)


def _edit(slug: str, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
    sent = bool(form.values)
    now = {"name": view.name, "hazard": view.hazard.value, "place_text": view.place_text, "chronology": view.chronology}
    return render_template(
        "incident/edit.html", form=form, values={key: form.raw(key) if sent else value for key, value in now.items()},
        hazards=[(one.value, say(f"hazard.{one.value}", lang)) for one in Hazard], **frame(view, "zones"),
    )  # fmt: skip


@pages.post("/<slug>/status")
@guard.requires("incident.open")
def phase(slug: str) -> BaseResponse:
    form = Form()
    act, reason = form.choice("act", PhaseAct), form.text("reason", most=200)

    def move(tx: Tx) -> bool:
        assert act
        commands.move_incident(tx, queries.incident(tx, slug).id, act, reason)
        return True

    if form.attempt(lambda: context.write(move)):
        flash(_("Status kejadian diubah."), "good")
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(url_for("incident.show", slug=slug), 303)


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
        standing = queries.decrees(tx, view.id)
        shared = windows.shared_villages(tx, view.id)
        codes = [one.village_code for one in lines] + [one.village_code for one in shared]
        held = windows.windows(tx, view.id, codes)
        names = _names(
            tx, codes + [part.region_code for one in zones for part in one.listed]
            + [code for one in standing for code in one.region_codes],
        )  # fmt: skip
        page = {
            "zones": [_zone_line(one, names, lang) for one in zones],
            "villages": [_village_line(one, names, held, lang) for one in lines],
            "has_many_windows": len({one and one.period for one in held.values()}) > 1,
            "decrees": standing,
            "groups": affected.groups(tx, view.id),
            "shared": _shared(shared, names),
            "timeline": _timeline(tx, view, standing, lang),
            "bnpb_code": BNPB_CODES.get(view.hazard),
        }
    return render_template("incident/zones.html", lang_code=lang, **page, **frame(view, "zones"))


def _shared(found: tuple[windows.SharedVillage, ...], names: dict[str, RegionView]) -> list[dict[str, Any]]:
    """Give the villages that other running incidents have too, one row for each incident."""
    by_incident: dict[UUID, list[windows.SharedVillage]] = {}
    for one in found:
        by_incident.setdefault(one.incident.id, []).append(one)
    return [
        {
            "incident": several[0].incident, "households": sum(one.households for one in several),
            "villages": [names[one.village_code].title if one.village_code in names else one.village_code
                         for one in several],
        }
        for several in by_incident.values()
    ]  # fmt: skip


def _timeline(
    tx: Tx, view: queries.IncidentView, standing: tuple[queries.DecreeView, ...], lang: str
) -> list[dict[str, Any]]:
    """Give what happened, newest first: phases, corrections, decrees, versions of areas, reports of figures."""
    zone_of = context.actor().zone
    entries: list[tuple[datetime, str, str, str, str]] = [
        (view.opened_at, view.opened_by, _("Kejadian dibuka"), "", "")
    ]
    for change in queries.changes(tx, view.id):
        field = say(f"incident.field.{change.field.value}", lang)
        before, after = (
            say(f"{change.field.value}.{one}", lang) if change.field in (IncidentField.PHASE, IncidentField.HAZARD)
            else one for one in (change.before, change.after)
        )  # fmt: skip
        if change.field is IncidentField.CHRONOLOGY:
            what, why = _("Kronologi diperbarui"), _("Sebelumnya: %(before)s", before=before) if before else ""
        else:
            what, why = f"{field}: {before or '–'} → {after or '–'}", ""
        entries.append((change.at, change.by, what, " · ".join(filter(None, (why, change.reason))), ""))
    for one in standing:
        days = f"{print_day(one.period.first_on, lang)} – {print_day(one.period.last_on, lang)}"
        entries.append((
            one.recorded_at, one.recorded_by, _("SK %(number)s dicatat", number=one.short_number), days,
            url_for("decrees.index", slug=view.slug),
        ))  # fmt: skip
    for version in queries.versions_of(tx, view.id):
        here = url_for("incident.zone", slug=view.slug, zone_id=version.zone_id, versi=version.no)
        posted = _("%(name)s: versi %(no)s dipasang", name=version.name, no=version.no)
        entries.append((version.posted_at, version.posted_by, posted, version.source, here))
        if version.withdrawn_at is not None:
            gone = _("%(name)s ditarik", name=version.name)
            entries.append((version.withdrawn_at, "", gone, version.withdraw_reason, here))
    figures = url_for("reported.index", slug=view.slug)
    for report in counts.reports(tx, view.id):
        told = _("Laporan angka: %(source)s", source=report.source)
        entries.append((report.reported_at, report.reported_by, told, report.note, figures))
    people = names_of(tx, sorted({who for _at, who, *_rest in entries if who}))
    return [
        {"at": print_instant(at, zone_of, lang), "iso": at.isoformat(), "who": people.get(who, ""), "what": what,
         "why": why, "href": href}
        for at, who, what, why, href in sorted(entries, key=lambda entry: entry[0], reverse=True)
    ]  # fmt: skip


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


def shown_count(count: Count | None, lang: str) -> str:
    """Write a reported figure: 1.204, ± 1.200, nihil, dalam pendataan; a dash where nothing was reported."""
    if count is None:
        return "—"
    if count.value is None:
        return say(f"count.{count.state.value}", lang)
    return ("± " if count.is_estimate else "") + print_count(count.value, lang)


def gap_text(one: affected.VillageLine, lang: str) -> str:
    """Say how the names differ from what was reported: BPBD 120 KK, menurut nama 98: kurang 22."""
    if one.gap is None or one.reported_households is None:
        return ""
    facts = {"reported": shown_count(one.reported_households, lang), "by_name": print_count(one.by_name, lang),
             "gap": print_count(abs(one.gap), lang)}  # fmt: skip
    kind = "equal" if not one.gap else "missing" if one.gap > 0 else "more"
    return say(f"count.gap.{kind}", lang, facts)


def _gap_short(one: affected.VillageLine, lang: str) -> str:
    """Say how many more names there are than were reported: ``+12``, ``−505``."""
    if one.gap is None:
        return ""
    return ("−" if one.gap > 0 else "+" if one.gap < 0 else "") + print_count(abs(one.gap), lang)


def _village_line(
    one: affected.VillageLine, names: dict[str, RegionView], held: dict[str, windows.Window | None], lang: str
) -> dict[str, Any]:
    return {
        "view": one,
        "name": names[one.village_code].title if one.village_code in names else one.village_code,
        "district": names[one.village_code].parent_name if one.village_code in names else "",
        "households": shown_count(one.reported_households, lang),
        "persons": shown_count(one.reported_persons, lang),
        "displaced": shown_count(one.reported_displaced, lang),
        "gap_short": _gap_short(one, lang),
        "doubts": [say(f"doubt.{doubt.value}", lang, doubt_facts(one.reported)) for doubt in one.doubts],
        "window": held.get(one.village_code),
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
        people = names_of(tx, [one.posted_by for one in versions])
        diff = None
        if len(versions) > 1:
            diff = comparing.compare(
                tx, zone_id, asked_number("dari", versions[1].no), asked_number("ke", versions[0].no)
            )
        own = windows.villages_of_zones(tx, versions[:1])[versions[0].version_id]
        held = windows.windows(tx, view.id, own)
        names = _names(tx, [part.region_code for one in versions for part in one.listed] + sorted(own))
        is_current = versions[0].state is VersionState.CURRENT
        foreseen = comparing.foresee_withdrawal(tx, zone_id) if may(tx.actor, "zone.withdraw") and is_current else None
        shown_no = asked_number("versi", versions[0].no)
        shown = next((one for one in versions if one.no == shown_no), versions[0])
        drawn = drawn_lines(tx, "zone_version", [shown.version_id], lang)
        matched = matching.matchings(tx, shown.version_id)
        read_from = readings_of_versions(tx, [one.version_id for one in versions])
    return render_template(
        "incident/zone.html", zone=_zone_line(versions[0], names, lang), diff=diff, shown_no=shown_no,
        shown=shown, drawn=drawn, windows=_windows(held, names),
        foreseen=foreseen, is_current=is_current,
        matchings=[{"view": one, "cause": say(f"zone.match_cause.{one.cause.value}", lang)} for one in matched],
        versions=[
            {**_zone_line(one, names, lang), "who": people[one.posted_by], "read_from": read_from.get(one.version_id)}
            for one in versions
        ],
        **frame(view, "zones"),
    )  # fmt: skip


def _windows(held: dict[str, windows.Window | None], names: dict[str, RegionView]) -> list[dict[str, Any]]:
    """Give the response windows of an area's villages, each window once with its villages."""
    found: dict[Any, list[str]] = {}
    for code, window in held.items():
        found.setdefault(window.period if window else None, []).append(names[code].title if code in names else code)
    by_period = {window.period: window for window in held.values() if window}
    return [
        {"window": by_period[period] if period else None, "villages": villages}
        for period, villages in sorted(found.items(), key=lambda one: (one[0] is None, one[0] and one[0].first_on))
    ]


@pages.get("/<slug>/wilayah/<uuid:zone_id>/revisi")
@guard.requires("zone.post")
def zone_revise(slug: str, zone_id: UUID) -> str:
    return _zone_form(slug, Form(), zone_id)


@pages.post("/<slug>/wilayah/<uuid:zone_id>/revisi")
@guard.requires("zone.post")
@limits.accepts(limits.OUTLINE_BYTES)
def zone_repost(slug: str, zone_id: UUID) -> str | BaseResponse:
    return _submit_zone(slug, zone_id)


@pages.post("/<slug>/wilayah/<uuid:zone_id>/cocokkan")
@guard.requires("zone.post")
def zone_rematch(slug: str, zone_id: UUID) -> BaseResponse:
    def act(tx: Tx) -> str:
        done = matching.rematch_zone(tx, zone_id)
        if done is None:
            flash(_("Wilayah ini sudah ditarik, atau sedang dicocokkan oleh orang lain."), "warn")
        else:
            flash(_("Dicocokkan ulang: %(count)s keluarga.", count=print_count(done.total, context.lang())), "good")
        return url_for("incident.zone", slug=slug, zone_id=zone_id)

    return context.submit_once(act)


@pages.post("/<slug>/wilayah/<uuid:zone_id>/tarik")
@guard.requires("zone.withdraw")
def zone_withdraw(slug: str, zone_id: UUID) -> BaseResponse:
    words = {"wrong": _("Salah tempat"), "over": _("Sudah surut atau pulih"), "other": _("Alasan lain")}
    reason = f"{words.get(request.form.get('reason', ''), '')} {request.form.get('note', '')}".strip()
    form = Form()

    def act(tx: Tx) -> bool:
        commands.withdraw_zone(tx, zone_id, reason)
        return True

    if form.attempt(lambda: context.write(act)):
        flash(_("Wilayah ditarik. Riwayatnya tetap tersimpan."), "good")
    for error in form.errors:
        flash(error["text"], "bad")
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
        known = {one.code for one in villages}
        # What the list of villages cannot hold (a district, an RW, an RT) stays until somebody takes it out.
        parts = [one for one in base.listed if one.rw or one.region_code not in known] if base else []
        names = _names(tx, [one.region_code for one in parts])
    sent = bool(form.values)
    whole = [one.region_code for one in base.listed if not one.rw and one.region_code in known] if base else []
    kept = [(_part(one), _part_name(one, names)) for one in parts]
    now = context.runtime().work.clock.now().astimezone(context.actor().zone)
    return render_template(
        "incident/zone_form.html", form=form, base=base, now_day=f"{now:%d/%m/%Y}", now_time=f"{now:%H.%M}",
        outline=form.raw("outline") if sent else outline, picked=form.values.getlist("villages") if sent else whole,
        parts=kept, parts_on=form.values.getlist("parts") if sent else [value for value, _name in kept],
        villages=[{"code": one.code, "name": one.title, "district": one.parent_name} for one in villages],
        severities=[(one.value, say(f"severity.{one.value}", lang)) for one in Severity],
        accesses=[(one.value, say(f"access.{one.value}", lang)) for one in Access], **frame(view, "zones"),
    )  # fmt: skip


def _part(one: queries.ListedView) -> str:
    return f"{one.region_code}|{one.rw}|{one.rt}"


def _part_name(one: queries.ListedView, names: dict[str, RegionView]) -> str:
    name = names[one.region_code].title if one.region_code in names else one.region_code
    return name + (f" RW {one.rw}" if one.rw else "") + (f" RT {one.rt}" if one.rt else "")


def _submit_zone(slug: str, zone_id: UUID | None) -> str | BaseResponse:
    form = Form()
    if form.raw("step") == "edit":
        return _zone_form(slug, form, zone_id)
    name = form.text("name", most=120, least=2)
    severity, access = form.choice("severity", Severity), form.choice("access", Access, Access.ROAD)
    observed_at = form.instant("observed_on", "observed_time")
    source, note = form.text("source", most=200), form.text("note", most=1000)
    outline = form.raw("outline").strip() or None
    parts = [one.split("|") for one in form.values.getlist("parts") if one.count("|") == 2]
    listed = (
        *(commands.ListRegion(code=code) for code in form.values.getlist("villages")),
        *(commands.ListRegion(code=code, rw=rw, rt=rt) for code, rw, rt in parts),
    )
    counted = read_counts(form)
    base_no = form.number("base_no", least=1, most=100_000) if zone_id else None

    def order(tx: Tx) -> commands.PostZone:
        assert severity and access and observed_at
        return commands.PostZone(
            incident_id=queries.incident(tx, slug).id, name=name, observed_at=observed_at, severity=severity,
            access=access, source=source, note=note, outline=outline, zone_id=zone_id, base_no=base_no,
            regions=listed, counts=counted,
        )  # fmt: skip

    def act(tx: Tx) -> str:
        posted = commands.post_zone(tx, order(tx))
        match_after(tx, posted.version_id)
        for code in posted.repairs:
            flash(say(code, context.lang()), "info")
        return url_for("affected.index", slug=slug)

    def ask() -> str:
        with context.read() as tx:
            return _zone_confirm(tx, slug, form, order(tx))

    try:
        done: str | BaseResponse | None = form.attempt(
            ask if form.raw("step") == "check" else lambda: context.submit_once(act)
        )
    except Refused as refused:
        if not refused.code.startswith(("outline.", "region.")):
            raise
        form.refuse(refused, "outline")
        done = None
    return done if done is not None else make_response(_zone_form(slug, form, zone_id), 422)


def _zone_confirm(tx: Tx, slug: str, form: Form, order: commands.PostZone) -> str:
    """Say in words what posting this will do, and ask for the figures of its villages. Raises: as posting does."""
    lang = context.lang()
    view = queries.incident(tx, slug)
    if order.outline is None and not order.regions:
        raise Invalid("zone.empty", field="outline")
    found = comparing.foresee_post(tx, order)
    base = queries.zone(tx, order.zone_id) if order.zone_id else None
    names = _names(tx, [one.code for one in order.regions])
    listed = [
        _part_name(queries.ListedView(region_code=one.code, rw=one.rw, rt=one.rt), names) for one in order.regions
    ]
    villages = [
        {"code": one.code, "name": names[one.code].title, "district": names[one.code].parent_name}
        for one in order.regions if one.code in names and names[one.code].level is Level.VILLAGE and not one.rw
    ]  # fmt: skip
    kept = [
        (name, value) for name, value in form.values.items(multi=True)
        if name not in ("csrf_token", "form_key", "step") and not name.startswith("count-")
    ]  # fmt: skip
    return render_template(
        "incident/zone_confirm.html", form=form, order=order, base=base, found=found, listed=listed, kept=kept,
        villages=villages, severity=say(f"severity.{order.severity.value}", lang),
        access=say(f"access.{order.access.value}", lang),
        kinds=[(one.value, say(f"count.kind.{one.value}", lang)) for one in FORM_KINDS],
        repairs=[say(one.code, lang, one.facts) for one in found.repairs], **frame(view, "zones"),
    )  # fmt: skip


def read_counts(form: Form) -> tuple[commands.ReportCount, ...]:
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


__all__ = ["frame", "gap_text", "pages", "read_counts", "shown_count", "tabs"]
