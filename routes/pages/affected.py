"""Keluarga terdampak: an incident's list, what people decide on it, and who is added by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.i18n import say
from core.measures import print_count
from core.permissions import may
from core.work import Tx
from logistics.zones import affected as listing
from logistics.zones import deciding, freezing, queries, sheltering
from logistics.zones.states import AffectedState, RejectReason
from registry_link.households.commands import NewCounts, RegisterProvisional, register_provisional
from registry_link.households.queries import HouseholdLine, SearchHouseholds, households_by_ids, search_households
from registry_link.matching.rules import Confidence
from registry_link.regions.queries import RegionView, regions, regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form, page_number
from routes.pages.incident import frame
from routes.sources import drawn_lines
from routes.texts import gettext as _

pages = Blueprint("affected", __name__, url_prefix="/kejadian")
PER_PAGE = 25
MOST = 10_000_000
TONES = {
    AffectedState.PROPOSED: "neutral", AffectedState.CONFIRMED: "good", AffectedState.REJECTED: "bad",
    AffectedState.LEFT: "neutral",
}  # fmt: skip
GROUPS = {"pasti": Confidence.CERTAIN, "mungkin": Confidence.PROBABLE, "verifikasi": Confidence.TO_VERIFY}
STATES = {
    "belum": AffectedState.PROPOSED, "ya": AffectedState.CONFIRMED, "tidak": AffectedState.REJECTED,
    "keluar": AffectedState.LEFT,
}  # fmt: skip


@pages.get("/<slug>/keluarga")
@guard.requires("affected.see")
def index(slug: str) -> str:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        page = _affected_page(tx, view)
    return render_template("incident/affected.html", **page, **frame(view, "affected"))


def shown_line(
    line: listing.AffectedLine, household: HouseholdLine | None, names: dict[str, RegionView], lang: str
) -> dict[str, Any]:
    """Give what a page says of one household of the list."""
    village = names[line.village_code].title if line.village_code in names else ""
    return {
        "view": line, "household": household, "village": village or line.village_code,
        "reason": line.reason(lang, village),
        "group": "verify" if line.confidence is Confidence.TO_VERIFY else line.confidence.value,
        "state": say(f"affected.state.{line.state.value}", lang), "tone": TONES[line.state],
        "reject": say(f"reject.{line.reject_reason.value}", lang) if line.reject_reason else "",
    }  # fmt: skip


def shown_stay(stay: sheltering.StayView, lang: str) -> str:
    """Say in a few words where a displaced household is."""
    return stay.shelter_name or say(f"stay.kind.{stay.kind.value}", lang)


def reject_reasons() -> list[tuple[str, str]]:
    return [(one.value, say(f"reject.{one.value}", context.lang())) for one in RejectReason]


def _affected_page(tx: Tx, view: queries.IncidentView) -> dict[str, Any]:
    lang = context.lang()
    group, state = request.args.get("kelompok", ""), request.args.get("keputusan", "")
    village = request.args.get("desa", "")
    number = page_number()
    page = listing.affected(
        tx, view.id, confidence=GROUPS.get(group), state=STATES.get(state), village_code=village, limit=PER_PAGE,
        offset=(number - 1) * PER_PAGE,
    )  # fmt: skip
    people = {
        one.id: one
        for one in households_by_ids(tx, [line.household_id for line in page.lines], purpose="affected_list")
    }
    villages = listing.by_village(tx, view.id) if may(tx.actor, "zone.see") else ()
    names = _names(tx, [one.village_code for one in villages] + [line.village_code for line in page.lines])
    held = freezing.current_list(tx, view.id)
    waiting = freezing.waiting_ids(tx, view.id) if held else frozenset()
    where = sheltering.stays_now(tx, view.id, [line.household_id for line in page.lines])
    lines = [
        {
            **shown_line(line, people.get(line.household_id), names, lang), "waits": line.household_id in waiting,
            "away": shown_stay(where[line.household_id], lang) if line.household_id in where else "",
        }
        for line in page.lines
    ]  # fmt: skip

    def here(**changed: Any) -> str:
        kept = {"kelompok": group, "keputusan": state, "desa": village, **changed}
        return url_for("affected.index", slug=view.slug, **{key: value for key, value in kept.items() if value})

    last = max(1, -(-page.total // PER_PAGE))
    return {
        "lines": lines, "total": page.total, "groups": listing.groups(tx, view.id), "group": group, "state": state,
        "village": village, "number": number, "last": last, "here": here, "per_page": PER_PAGE,
        "drawn": drawn_lines(tx, "zone_version", queries.current_version_ids(tx, view.id), lang),
        "list": held, "waiting": len(waiting), "sees_people": tx.require("affected.see").detail != "counts",
        "village_options": [(one.village_code, names[one.village_code].full_name) for one in villages
                            if one.village_code in names],
        "reject_reasons": reject_reasons(),
    }  # fmt: skip


@pages.post("/<slug>/keluarga/pasti")
@guard.requires("affected.confirm_certain")
def confirm_certain(slug: str) -> BaseResponse:
    form = Form()
    expected = form.number("expected", least=0, most=MOST, is_required=False)

    def act(tx: Tx) -> str:
        count = deciding.confirm_certain(tx, queries.incident(tx, slug).id, expected)
        flash(_("%(count)s keluarga yang pasti dikonfirmasi.", count=print_count(count, context.lang())), "good")
        return url_for("affected.index", slug=slug)

    return _done_or_told(form, act, url_for("affected.index", slug=slug))


@pages.post("/<slug>/keluarga/kelompok")
@guard.requires("affected.confirm_group")
def confirm_group(slug: str) -> BaseResponse:
    """Confirm everybody undecided of a village, or of one of its groups."""
    form = Form()
    village, group = form.text("village_code", most=20), GROUPS.get(form.raw("group"))
    expected = form.number("expected", least=0, most=MOST)
    back = back_to(form, url_for("affected.index", slug=slug))

    def act(tx: Tx) -> str:
        order = deciding.ConfirmGroup(
            incident_id=queries.incident(tx, slug).id, village_code=village, confidence=group, expected=expected
        )
        count = deciding.confirm_group(tx, order)
        flash(_("%(count)s keluarga dikonfirmasi sekaligus.", count=print_count(count, context.lang())), "good")
        return back

    return _done_or_told(form, act, back)


@pages.post("/<slug>/keluarga/putusan")
@guard.requires("affected.decide")
def decide(slug: str) -> BaseResponse:
    form = Form()
    seen = tuple(one for one in map(_seen, form.values.getlist("household")) if one is not None)
    is_affected = form.raw("verdict") == "yes"
    reason = None if is_affected else form.choice("reason", RejectReason)
    note = form.text("note", most=300)
    back = back_to(form, url_for("affected.index", slug=slug))

    def act(tx: Tx) -> str:
        done = deciding.decide_affected(
            tx,
            deciding.Decide(
                incident_id=queries.incident(tx, slug).id, household_ids=tuple(one.household_id for one in seen),
                is_affected=is_affected, reject_reason=reason, note=note, seen=seen,
            ),
        )  # fmt: skip
        tell(done)
        return back

    return _done_or_told(form, act, back)


def _seen(text: str) -> deciding.Seen | None:
    """Read a chosen household: its id and how many decisions the page showed."""
    household_id, _sign, number = text.partition(":")
    try:
        return deciding.Seen(household_id=UUID(household_id), decided_no=int(number or "0"))
    except ValueError:
        return None


def tell(done: deciding.Decided) -> None:
    """Say what became of an order of decisions."""
    if done.changed or done.same:
        flash(_("Keputusan disimpan untuk %(count)s keluarga.", count=print_count(done.changed + done.same)), "good")
    if done.meanwhile:
        flash(_("%(count)s keluarga baru saja diputuskan orang lain dan tidak diubah.", count=done.meanwhile), "warn")
    if done.frozen:
        flash(_("%(count)s keluarga ada dalam daftar beku dan tidak diubah.", count=done.frozen), "warn")


def back_to(form: Form, usual: str) -> str:
    """Give the page that a form names to return to, when it is one of the incidents' pages."""
    back = form.raw("back")
    return back if back.startswith("/kejadian/") else usual


def _done_or_told(form: Form, act: Callable[[Tx], str], back: str) -> BaseResponse:
    """Do it once and lead on; what was refused is said on the page it came from."""
    done: BaseResponse | None = form.attempt(lambda: context.submit_once(act))
    for error in form.errors:
        flash(error["text"], "bad")
    return done if done is not None else redirect(back, 303)


@pages.get("/<slug>/keluarga/tambah")
@guard.requires("household.register")
def add(slug: str) -> str:
    return _add(slug, Form(), [])


@pages.post("/<slug>/keluarga/cari")
@guard.requires("affected.decide")
def add_search(slug: str) -> str:
    form = Form()
    asked = SearchHouseholds(text=form.text("q", most=80), limit=20)
    with context.read() as tx:
        queries.incident(tx, slug)
        found = search_households(tx, asked).lines if may(tx.actor, "household.search") else ()
    return _add(slug, form, list(found))


@pages.post("/<slug>/keluarga/tambah")
@guard.requires("affected.decide")
def add_known(slug: str) -> BaseResponse:
    form = Form()
    household_id = form.uuid("household")
    note = form.text("note", most=300) or "Terdampak menurut pemeriksaan di lapangan"

    def act(tx: Tx) -> str:
        assert household_id
        deciding.add_affected(tx, queries.incident(tx, slug).id, household_id, note)
        flash(_("Keluarga ditambahkan ke daftar."), "good")
        return url_for("affected.index", slug=slug)

    return _done_or_told(form, act, url_for("affected.index", slug=slug))


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
    if form.is_good and not form.raw("is_new") and (alike := _alike(name, village)):
        return make_response(_add(slug, form, [], alike), 422)

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
        return url_for("affected.index", slug=slug, keputusan="ya")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_add(slug, form, []), 422)


def _alike(name: str, village: str) -> list[HouseholdLine]:
    """Give households of the village that may be this one; nobody for roles that may not search."""
    if not may(context.actor(), "household.search"):
        return []
    with context.read() as tx:
        if not tx.require("household.search").has_village(village):
            return []
        return list(search_households(tx, SearchHouseholds(text=name, village_code=village, limit=5)).lines)


def _add(slug: str, form: Form, found: list[Any], alike: list[HouseholdLine] | None = None) -> str:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        reach = tx.require("household.register")
        villages = [
            (one.code, one.full_name) for one in regions_of(tx, tx.regency_code, Level.VILLAGE)
            if reach.has_village(one.code)
        ]  # fmt: skip
        names = _names(tx, [one.village_code for one in found])
    return render_template(
        "incident/add.html", form=form, found=found, names=names, villages=villages, alike=alike or [],
        **frame(view, "affected"),
    )  # fmt: skip


@pages.get("/<slug>/peta/keluarga.json")
@guard.requires("affected.see")
def households_json(slug: str) -> Response:
    with context.read() as tx:
        points = listing.affected_points(tx, queries.incident(tx, slug).id)
    order = {"certain": 0, "probable": 1, "to_verify": 2}
    body = {
        "lon_deg": [round(one, 5) for one in points.lon_deg],
        "lat_deg": [round(one, 5) for one in points.lat_deg],
        "group": [order[one] for one in points.group],
    }
    return Response(json.dumps(body, separators=(",", ":")), mimetype="application/json")


def _names(tx: Tx, codes: list[str]) -> dict[str, RegionView]:
    return {one.code: one for one in regions(tx, sorted(set(codes)))}
