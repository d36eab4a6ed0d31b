"""Kiriman BPBD: a file or a text is read element by element, a person confirms, then it becomes areas."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound, Refused
from core.i18n import say
from core.measures import print_count, print_instant
from core.reader.documents import DOCUMENT
from core.work import Tx
from logistics.zones import queries as incidents
from logistics.zones.reading import commands, queries
from logistics.zones.reading.apart import read_apart, unite_apart
from logistics.zones.reading.commands import PostedReading, PostReading, ReadDocument, TakenArea
from logistics.zones.reading.elements import Kind, Outcome
from logistics.zones.reading.following import following
from logistics.zones.reading.judging import judge
from logistics.zones.reading.queries import ElementView, ReadingView
from logistics.zones.reading.states import Fate, ReadingState
from logistics.zones.reading.words import clean
from logistics.zones.states import Access, Severity, VersionState
from registry_link.regions.queries import RegionView, regions
from routes import context, guard, limits
from routes.forms import Form
from routes.matching import match_after
from routes.pages.incident import frame
from routes.texts import gettext as _

pages = Blueprint("zone_readings", __name__, url_prefix="/kejadian/<slug>/wilayah/kiriman")
TEXT_LETTERS = 1 << 20
UPLOAD_BYTES = DOCUMENT.file_bytes + (2 << 20)
TONES = {ReadingState.READ: "warn", ReadingState.POSTED: "good", ReadingState.DISCARDED: "neutral"}
OUTCOME_TONES = {
    Outcome.READ: "good", Outcome.REPAIRED: "info", Outcome.NOTED: "neutral", Outcome.REFUSED: "bad",
}  # fmt: skip
MATCHED_AT_ONCE = 10
_HOWS = ("each", "one", "severity", "depth")


@pages.get("")
@guard.requires("zone.post")
def index(slug: str) -> str:
    return _index(slug, Form())


@pages.post("")
@guard.requires("zone.post")
@limits.accepts(UPLOAD_BYTES)
def send(slug: str) -> str | BaseResponse:
    form = Form()
    asked = form.raw("kind")
    kind = Kind(asked) if asked in set(Kind) else None
    text, sent = form.raw("text"), request.files.get("file")
    has_file, has_text = sent is not None and bool(sent.filename), bool(text.strip())
    if has_file and has_text:
        form.fail("text", "reading.one_or_many")
    elif not has_file and not has_text:
        form.fail("file", "reading.empty")

    def act() -> str:
        # One byte more than may be is enough to know that it is too much.
        content = sent.stream.read(DOCUMENT.file_bytes + 1) if has_file and sent else text.encode("utf-8", "replace")
        with context.read() as tx:
            incident_id = incidents.incident(tx, slug).id
        order = order_of(incident_id, content, (sent.filename or "") if has_file and sent else "", kind)
        done = context.write(lambda tx: commands.read_document(tx, order))
        if done.is_repeat:
            flash(_("Kiriman yang sama sudah pernah dibaca; ini hasilnya. Tidak ada yang dibaca dua kali."), "info")
        return url_for("zone_readings.show", slug=slug, reading_id=done.reading_id)

    try:
        target = form.attempt(act)
    except Refused as refused:
        if refused.status not in (400, 413, 429, 503):
            raise
        form.refuse(refused, "file" if has_file else "text")
        target = None
    return redirect(target, 303) if target is not None else make_response(_index(slug, form), 422)


def order_of(incident_id: UUID, content: bytes, name: str, kind: Kind | None) -> ReadDocument:
    """Read a document in the child process, and compare it with the office's lists, before any writing begins.

    Raises: as ``read_apart``.
    """
    parsed = read_apart(content, name, kind)
    with context.read() as tx:
        judged = judge(tx, parsed)
    return ReadDocument(
        incident_id=incident_id, file_name=clean(PurePath(name).name, 120), size_bytes=len(content), judged=judged,
        file_sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip


def _index(slug: str, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = incidents.incident(tx, slug)
        found = queries.readings(tx, view.id)
    return render_template(
        "zone_readings/index.html", form=form, readings=[_framed(one) for one in found],
        kinds=[(one.value, say(f"reading.kind.{one.value}", lang)) for one in Kind],
        most_mb=DOCUMENT.file_bytes >> 20, **frame(view, "zones"),
    )  # fmt: skip


def _framed(one: ReadingView) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": one, "kind": say(f"reading.kind.{one.kind.value}", lang), "name": one.file_name or _("Teks tempelan"),
        "state": say(f"reading.state.{one.state.value}", lang), "tone": TONES[one.state],
        "read_at": print_instant(one.read_at, context.actor().zone, lang),
        "decided_at": print_instant(one.decided_at, context.actor().zone, lang) if one.decided_at else "",
        "is_waiting": one.state is ReadingState.READ,
        "remarks": [queries.sentence(remark, lang) for remark in one.remarks],
    }  # fmt: skip


# ---------------------------------------------------------------- one document


@pages.get("/<uuid:reading_id>")
@guard.requires("zone.post")
def show(slug: str, reading_id: UUID) -> str:
    return _show(slug, reading_id, Form())


def _show(slug: str, reading_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        view, reading = _of_incident(tx, slug, reading_id)
        found = queries.elements(tx, reading_id)
        asked = following(tx, reading_id)
        names = {one.code: one for one in regions(tx, [each.code for line in found for each in line.listed])}
        zones = _current(tx, view.id)
    counts = queries.outcome_counts(found)
    observed = next((one.element.observed_at for one in found if one.element.observed_at), reading.notice.sent_at)
    at = (observed or context.runtime().work.clock.now()).astimezone(context.actor().zone)
    sent = bool(form.values)
    source = reading.notice.sender or (
        say("reading.source", lang, {"name": reading.file_name})
        if reading.file_name
        else say("reading.source_text", lang)
    )  # fmt: skip
    hows = [
        ("each", _("Satu wilayah untuk setiap baris")), ("one", _("Digabung menjadi satu wilayah")),
        ("severity", _("Digabung menurut tingkat kerusakan")),
    ]  # fmt: skip
    if any(one.depth for one in found):
        hows.append(("depth", _("Digabung menurut kedalaman")))
    return render_template(
        "zone_readings/show.html", form=form, reading=_framed(reading), sent=sent, hows=hows, following=asked,
        lines=[_line(one, names, form, slug, lang) for one in found], said=_notice(reading),
        outcomes=[
            (say(f"reading.outcome.{one.value}", lang), counts[one], OUTCOME_TONES[one]) for one in Outcome
        ],
        has_outlines=any(one.element.outline for one in found), usable=[one for one in found if one.is_usable],
        how=form.raw("how") or ("depth" if len(hows) > 3 else "each"),
        severities=[(one.value, say(f"severity.{one.value}", lang)) for one in Severity],
        accesses=[(one.value, say(f"access.{one.value}", lang)) for one in Access],
        zones=[(f"{one.zone_id}:{one.current_no}", f"{one.name} ({_('versi %(no)s', no=one.no)})") for one in zones],
        # An alert that updates another is about the same areas, by the same names.
        does_revise=form.raw("revise") == "1" if sent else reading.notice.message == "Update",
        seen=[(f"seen-{one.zone_id}", one.current_no) for one in zones],
        observed_on=form.raw("observed_on") if sent else f"{at:%d/%m/%Y}",
        observed_time=form.raw("observed_time") if sent else f"{at:%H.%M}",
        source=form.raw("source") if sent else source[:200], **frame(view, "zones"),
    )  # fmt: skip


def _notice(reading: ReadingView) -> list[tuple[str, str]]:
    """Give what the document says of itself, as pairs to be shown."""
    lang, zone, said = context.lang(), context.actor().zone, reading.notice
    pairs = (
        (_("Judul"), said.headline), (_("Pengirim"), said.sender), (_("Nomor"), said.identifier),
        (_("Dikirim"), print_instant(said.sent_at, zone, lang) if said.sent_at else ""),
        (_("Berlaku sampai"), print_instant(said.expires_at, zone, lang) if said.expires_at else ""),
        (_("Status"), " / ".join(part for part in (said.status, said.message) if part)),
        (_("Menggantikan"), ", ".join(said.references)), (_("Isi"), said.text[:2000]),
    )  # fmt: skip
    return [(label, text) for label, text in pairs if text]


def _line(
    one: ElementView, names: dict[str, RegionView], form: Form, slug: str, lang: str
) -> dict[str, Any]:  # fmt: skip
    element, no = one.element, one.element.no
    sent = bool(form.values)
    listed = [
        (names[each.code].title if each.code in names else each.code)
        + (f" RW {each.rw}" if each.rw else "") + (f" RT {each.rt}" if each.rt else "")
        for each in one.listed
    ]  # fmt: skip
    severity = element.severity.value if element.severity else ""
    counts = [
        f"{print_count(said.value, lang) if said.value is not None else say(f'count.{said.state.value}', lang)} "
        f"{say(f'count.kind.{said.kind.value}', lang)}"
        for said in element.counts
    ]
    return {
        "view": one, "no": no, "label": element.label, "outcome": say(f"reading.outcome.{element.outcome.value}", lang),
        "tone": OUTCOME_TONES[element.outcome], "remarks": [queries.sentence(each, lang) for each in element.remarks],
        "fate": say(f"reading.fate.{one.fate.value}", lang), "is_posted": one.fate is Fate.POSTED,
        "href": url_for("incident.zone", slug=slug, zone_id=one.zone_id) if one.zone_id else "",
        "listed": listed, "told": [(_told_name(key, lang), text) for key, text in element.told.items()],
        "has_outline": element.outline is not None,
        "counts": counts, "is_picked": str(no) in form.values.getlist("take") if sent else one.is_offered,
        "name": form.raw(f"name-{no}") if sent else element.label[:120],
        "severity": form.raw(f"severity-{no}") if sent else severity,
    }  # fmt: skip


def _told_name(key: str, lang: str) -> str:
    """Name what a document says beside; what it calls by a name of its own keeps that."""
    named = say(f"reading.told.{key}", lang)
    return key if named.startswith("reading.told.") else named


@pages.get("/<uuid:reading_id>/peta.json")
@guard.requires("zone.post")
def areas_json(slug: str, reading_id: UUID) -> Response:
    """Give a document's outlines for the map."""
    with context.read() as tx:
        _of_incident(tx, slug, reading_id)
        found = queries.elements(tx, reading_id)
    features = [
        {
            "type": "Feature", "geometry": json.loads(one.element.outline) if one.element.outline else None,
            "properties": {
                "id": str(one.element.no), "name": one.element.label, "state": "active",
                "severity": (one.element.severity or Severity.LIGHT).value, "href": f"#baris-{one.element.no}",
                "village_codes": [each.code for each in one.listed],
            },
        }
        for one in found
        if one.is_usable
    ]  # fmt: skip
    body = json.dumps({"type": "FeatureCollection", "features": features})
    return Response(body, mimetype="application/geo+json")


@pages.post("/<uuid:reading_id>/pasang")
@guard.requires("zone.post")
@limits.accepts(4 << 20)
def post(slug: str, reading_id: UUID) -> str | BaseResponse:
    form = Form()
    with context.read() as tx:
        view, _reading = _of_incident(tx, slug, reading_id)
        found = {one.element.no: one for one in queries.elements(tx, reading_id)}
        zones = _current(tx, view.id)
    areas = _as_versions(form, _areas(form, found), zones)

    def act(tx: Tx) -> str:
        done = commands.post_reading(tx, PostReading(reading_id=reading_id, areas=ready))
        match_first(tx, done)
        flash(_("%(count)s wilayah dipasang dari kiriman ini.", count=print_count(len(done.zones), context.lang())),
              "good")  # fmt: skip
        return url_for("incident.show", slug=slug)

    done = None
    try:
        if form.is_good:
            ready = united(areas, found)
            done = form.attempt(lambda: context.submit_once(act))
    except Refused as refused:
        if refused.status not in (400, 413, 422, 503):
            raise
        form.refuse(refused, "take")
    return done if done is not None else make_response(_show(slug, reading_id, form), 422)


@pages.post("/<uuid:reading_id>/buang")
@guard.requires("zone.post")
def discard(slug: str, reading_id: UUID) -> BaseResponse:
    with context.read() as tx:
        _of_incident(tx, slug, reading_id)
    context.write(lambda tx: commands.discard_reading(tx, reading_id))
    flash(_("Kiriman dibuang; tidak ada wilayah yang berubah."), "good")
    return redirect(url_for("zone_readings.index", slug=slug), 303)


def match_first(tx: Tx, done: PostedReading) -> None:
    """Match the first areas as soon as they are committed; of many, the rest is the job's, within seconds."""
    for one in done.zones[:MATCHED_AT_ONCE]:
        match_after(tx, one.version_id)


def _of_incident(tx: Tx, slug: str, reading_id: UUID) -> tuple[incidents.IncidentView, ReadingView]:
    view = incidents.incident(tx, slug)
    found = queries.reading(tx, reading_id)
    if found.incident_id != view.id:
        raise NotFound("zone_reading.not_found")
    return view, found


# ---------------------------------------------------------------- what a person chose


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the form says of all areas together."""

    name: str
    severity: Severity | None
    access: Access | None
    source: str
    note: str
    observed_at: datetime | None


def _areas(form: Form, found: dict[int, ElementView]) -> tuple[TakenArea, ...]:
    """Read the chosen rows as areas; mistakes are noted in the form."""
    numbers = [int(one) for one in form.values.getlist("take") if one.isascii() and one.isdigit() and len(one) < 7]
    taken = [found[no] for no in dict.fromkeys(numbers) if no in found]
    if not taken:
        form.fail("take", "reading.nothing_taken")
        return ()
    how = form.raw("how") if form.raw("how") in _HOWS else "each"
    if how == "depth" and not any(one.depth for one in taken):
        how = "severity"
    asked, way = form.raw("severity"), form.raw("access")
    shared = _Shared(
        name=form.text("name", most=100, least=0 if how == "each" else 2),
        severity=Severity(asked) if asked in set(Severity) else None,
        access=Access(way) if way in set(Access) else None, source=form.text("source", most=200),
        note=form.text("note", most=1000), observed_at=form.instant("observed_on", "observed_time"),
    )  # fmt: skip
    severities = {one.element.no: _severity(form, one, shared) for one in taken}
    missing = next((one for one in taken if severities[one.element.no] is None and how != "one"), None)
    if missing is not None or (how == "one" and not (shared.severity or any(severities.values()))):
        name = missing.element.label[:60] if missing else shared.name
        form.fail("severity", "reading.no_severity", {"name": name})
    if not form.is_good or shared.observed_at is None:
        return ()
    lang = context.lang()
    made: list[TakenArea] = []
    for name, group in _groups(form, how, taken, severities, shared, lang):
        known = [each for one in group if (each := severities[one.element.no])]
        # United, an area is as bad as its worst part unless a person says otherwise.
        severity = shared.severity if how == "one" and shared.severity else min(known, key=list(Severity).index)
        ways = {one.element.access for one in group} - {None}
        access = shared.access or (ways.pop() if len(ways) == 1 else None) or Access.ROAD
        made.append(
            TakenArea(
                elements=tuple(one.element.no for one in group), name=name, severity=severity, access=access,
                observed_at=shared.observed_at, source=shared.source, note=_note(group, shared.note, lang),
            )
        )  # fmt: skip
    target = form.raw("zone")
    if target and how == "one":
        zone, _colon, base = target.partition(":")
        try:
            made[0] = replace(made[0], zone_id=UUID(zone), base_no=int(base[:7]))
        except ValueError:
            form.fail("zone", "form.choose")
    return tuple(made)


def _current(tx: Tx, incident_id: UUID) -> list[incidents.ZoneView]:
    return [one for one in incidents.zones(tx, incident_id) if one.state is not VersionState.WITHDRAWN]


def _as_versions(
    form: Form, areas: tuple[TakenArea, ...], zones: Sequence[incidents.ZoneView]
) -> tuple[TakenArea, ...]:  # fmt: skip
    """Make areas that are called like one of the incident its next version, where the person wants that.

    The version it follows is the one that the page showed: who was faster meanwhile is not written over.
    """
    if not form.raw("revise"):
        return areas
    known = {" ".join(one.name.split()).casefold(): one for one in zones}
    made = []
    for area in areas:
        zone = known.get(" ".join(area.name.split()).casefold())
        seen = form.raw(f"seen-{zone.zone_id}") if zone else ""
        if zone and area.zone_id is None and seen.isascii() and seen.isdigit() and len(seen) < 7:
            area = replace(area, zone_id=zone.zone_id, base_no=int(seen), name=zone.name)
        made.append(area)
    return tuple(made)


def _severity(form: Form, one: ElementView, shared: _Shared) -> Severity | None:
    said = form.raw(f"severity-{one.element.no}")
    return Severity(said) if said in set(Severity) else one.element.severity or shared.severity


def _groups(
    form: Form, how: str, taken: Sequence[ElementView], severities: dict[int, Severity | None], shared: _Shared,
    lang: str,
) -> list[tuple[str, list[ElementView]]]:  # fmt: skip
    if how == "each":
        fields = {one.element.no: f"name-{one.element.no}" for one in taken}
        return [(form.text(fields[one.element.no], most=120) or one.element.label[:120], [one]) for one in taken]
    if how == "one":
        return [(shared.name, list(taken))]
    found: dict[str, list[ElementView]] = {}
    for one in taken:
        severity = severities[one.element.no]
        word = say(f"severity.{severity.value}", lang) if severity else ""
        found.setdefault((one.depth or word) if how == "depth" else word, []).append(one)
    return [(f"{shared.name} – {key}"[:120], group) for key, group in found.items()]


def _note(group: Sequence[ElementView], note: str, lang: str) -> str:
    """Say in the area's note which of the named regions stay out of it."""
    left = [
        each.name or each.code
        for one in group
        for place, each in enumerate(one.element.regions)
        if place not in {kept.place for kept in one.listed}
    ]
    if not left:
        return note
    names = ", ".join(dict.fromkeys(left))
    return f"{note} {say('reading.left_regions', lang, {'names': names[:300]})}".strip()[:1000]


def united(areas: Sequence[TakenArea], found: dict[int, ElementView]) -> tuple[TakenArea, ...]:
    """Unite the outlines of areas made of several, each in the child process. Raises: as ``unite_apart``."""
    made = []
    for one in areas:
        outlines = [part.element.outline for no in one.elements if (part := found.get(no)) and part.element.outline]
        made.append(replace(one, united=unite_apart(outlines)) if len(outlines) > 1 else one)
    return tuple(made)
