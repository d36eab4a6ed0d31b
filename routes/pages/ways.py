"""Pengaturan → Jalan & kawasan angkut: areas apart, ways closed and opened by a tap, distances as people say them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.i18n import say
from core.measures import print_count, print_day
from core.permissions import may
from core.work import Tx
from logistics.dispatch.queries import posts
from logistics.planning import roads, ways
from logistics.planning.states import Means
from registry_link.matching.islands import islands
from registry_link.regions.queries import RegionView, regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form
from routes.pages.settings import tabs
from routes.reach import AreaReach, means_to, reach_on
from routes.texts import gettext as _
from stock.places.kinds import PlaceKind
from stock.places.queries import place_by_id

pages = Blueprint("ways", __name__, url_prefix="/pengaturan/jalan")
REST = "sisa"
"""The rest of the regency, where an address names an area."""
CAUSES = ("landslide", "bridge", "flood", "waves", "broken", "other")
_DRY, _WET = ("landslide", "bridge", "flood"), ("waves", "broken")
"""Causes that close no boat's way, and those that close no road."""


# ---------------------------------------------------------------- what holds today


@pages.get("")
@guard.requires("ways.see")
def index() -> str:
    lang = context.lang()
    with context.read() as tx:
        lines = reach_on(tx, tx.today)
        closed = roads.closed_ways(tx)
        past = [one for one in roads.closed_ways(tx, with_past=True) if one.is_over(tx.today)][:20]
        names = _villages(tx)
        office_detour = roads.detour(tx)
        said = len(roads.said_distances(tx))
        today = tx.today
    area_names = {one.area.id: one.area.name for one in lines if one.area}
    return render_template(
        "ways/index.html", tabs=tabs("ways"), today=today, lines=[_line(one, names, lang) for one in lines],
        closed=[_closing(one, area_names, lang) for one in closed],
        past=[_closing(one, area_names, lang) for one in past], said=said, factor=_factor(office_detour.permille),
        map_words=[_("Bagian lain, terjangkau"), _("Kawasan, terjangkau semua gudang"),
                   _("Sebagian gudang tidak dapat mengirim"), _("Tidak ada gudang yang dapat mengirim")],
    )  # fmt: skip


@pages.get("/peta.json")
@guard.requires("ways.see")
def map_shares() -> FlaskResponse:
    """Give each village's tint: in which state its area's ways are."""
    with context.read() as tx:
        lines = reach_on(tx, tx.today)
        names = _villages(tx)
    tint = {one.area.id if one.area else None: _tint(one) for one in lines}
    lies_in = {code: one.area.id for one in lines if one.area for code in one.area.village_codes}
    return jsonify({"classes": {code: tint[lies_in.get(code)] for code in names}})


def _tint(line: AreaReach) -> int:
    if line.is_cut_off:
        return 3
    return 2 if line.shut else 1 if line.area else 0


# ---------------------------------------------------------------- closing and opening


@pages.get("/tutup/<uuid:place_id>/<area>")
@guard.requires("ways.close")
def closing(place_id: UUID, area: str) -> str:
    """Show what closing a way would mean, and the causes: one tap closes it."""
    return _closing_form(place_id, area, Form(MultiDict()))


@pages.post("/tutup/<uuid:place_id>/<area>")
@guard.requires("ways.close")
def close(place_id: UUID, area: str) -> str | BaseResponse:
    form = Form()
    cause, note = form.raw("cause"), form.text("note", most=150)
    if cause not in CAUSES:
        form.fail("cause", "form.choose")
    elif cause == "other" and len(note) < 5:
        form.fail("note", "form.too_short", {"least": 5})
    means = form.choice("means", Means)
    to_on = form.day("to_on", is_required=False)
    reason = note if cause == "other" else f"{_cause(cause)}: {note}" if note else _cause(cause)

    def act(tx: Tx) -> str:
        assert means
        ways.close_way(
            tx,
            ways.CloseWay(warehouse_id=place_id, area_id=_area_id(tx, area), means=means, reason=reason, to_on=to_on),
        )
        flash(_("Jalan dicatat tertutup. Rencana berikutnya memperhitungkannya."), "good")
        return url_for("ways.index")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_closing_form(place_id, area, form), 422)


@pages.post("/buka/<uuid:way_id>")
@guard.requires("ways.close")
def reopen(way_id: UUID) -> BaseResponse:
    return _moved(lambda tx: ways.open_way(tx, way_id), _("Jalan dicatat terbuka lagi."), url_for("ways.index"))


def _closing_form(place_id: UUID, area: str, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        warehouse = place_by_id(tx, place_id)
        if warehouse.kind is not PlaceKind.WAREHOUSE:
            raise NotFound("place.not_found", place=warehouse.code)
        area_id = _area_id(tx, area)
        lines = reach_on(tx, tx.today)
        names = _villages(tx)
    line = next(one for one in lines if (one.area.id if one.area else None) == area_id)
    known = tuple(one.area for one in lines if one.area)
    means = means_to(warehouse, line.area, known)
    if means is Means.BOTH:
        means = Means.ROAD
    return render_template(
        "ways/close.html", tabs=tabs("ways"), form=form, warehouse=warehouse, area=area, line=_line(line, names, lang),
        others=[one.name for one in line.open if one.id != warehouse.id],
        is_shut=all(one.id != warehouse.id for one in line.open), means=form.raw("means") or means.value,
        all_means=[(one.value, say(f"means.{one.value}", lang)) for one in Means],
        causes=[(one, _cause(one)) for one in CAUSES[:-1] if one not in (_DRY if means is Means.BOAT else _WET)],
    )  # fmt: skip


def _cause(cause: str) -> str:
    return {
        "landslide": _("Longsor"), "bridge": _("Jembatan putus"), "flood": _("Jalan tergenang"),
        "waves": _("Gelombang tinggi"), "broken": _("Kapal tidak jalan"),
    }.get(cause, "")  # fmt: skip


# ---------------------------------------------------------------- areas


@pages.get("/kawasan/baru")
@guard.requires("ways.manage")
def new_area() -> str:
    """Show an empty area, or one that the boundaries suggest (``pulau``: the first of its villages)."""
    first = request.args.get("pulau", "")
    if not first:
        return _area_form(Form(MultiDict()))
    with context.read() as tx:
        groups = islands(tx)
        group = next((codes for codes in groups if codes[0] == first), ())
        name = _suggested_names(groups, _villages(tx)).get(first, "")
    known: MultiDict[str, str] = MultiDict({"name": name, "means": Means.BOAT.value})
    known.setlist("villages", list(group))
    return _area_form(Form(known))


@pages.post("/kawasan/baru")
@guard.requires("ways.manage")
def draw_area() -> str | BaseResponse:
    form = Form()
    name, means = form.text("name", most=80, least=3), form.choice("means", Means)

    def act(tx: Tx) -> str:
        assert means
        ways.draw_area(tx, ways.DrawArea(name=name, means=means, village_codes=_picked(form)))
        flash(_("Kawasan angkut dicatat."), "good")
        return url_for("ways.index")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_area_form(form), 422)


@pages.get("/kawasan/<uuid:area_id>")
@guard.requires("ways.manage")
def edit_area(area_id: UUID) -> str:
    with context.read() as tx:
        view = roads.area_by_id(tx, area_id)
    known: MultiDict[str, str] = MultiDict({"name": view.name, "means": view.means.value})
    known.setlist("villages", list(view.village_codes))
    return _area_form(Form(known), area_id)


@pages.post("/kawasan/<uuid:area_id>")
@guard.requires("ways.manage")
def change_area(area_id: UUID) -> str | BaseResponse:
    form = Form()
    name, means = form.text("name", most=80, least=3), form.choice("means", Means)

    def act(tx: Tx) -> str:
        assert means
        ways.change_area(tx, ways.ChangeArea(area_id=area_id, name=name, means=means, village_codes=_picked(form)))
        flash(_("Perubahan disimpan."), "good")
        return url_for("ways.index")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_area_form(form, area_id), 422)


@pages.post("/kawasan/<uuid:area_id>/hapus")
@guard.requires("ways.manage")
def remove_area(area_id: UUID) -> BaseResponse:
    said = _("Kawasan dihapus. Desa-desanya kembali ke bagian lain kabupaten.")
    return _moved(lambda tx: ways.remove_area(tx, area_id), said, url_for("ways.index"))


@pages.get("/usulan")
@guard.requires("ways.manage")
def suggested() -> str:
    """Offer the groups of villages that no land joins to the rest: nothing counts before a person takes it."""
    with context.read() as tx:
        groups = islands(tx)
        names = _villages(tx)
        taken = {code: one.name for one in roads.areas(tx) for code in one.village_codes}
    called = _suggested_names(groups, names)
    return render_template(
        "ways/suggested.html", tabs=tabs("ways"), has_boundaries=bool(groups),
        main=len(groups[0]) if groups else 0,
        groups=[
            {
                "first": codes[0], "name": called[codes[0]],
                "villages": [names[code].title if code in names else code for code in codes],
                "taken": sorted({taken[code] for code in codes if code in taken}),
            }
            for codes in groups[1:]
        ],
    )  # fmt: skip


def _area_form(form: Form, area_id: UUID | None = None) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = roads.area_by_id(tx, area_id) if area_id else None
        elsewhere = {code: one.name for one in roads.areas(tx) if one.id != area_id for code in one.village_codes}
        names = _villages(tx)
    picked = set(_picked(form))
    villages = [
        {"code": one.code, "name": one.title,
         "district": f"{one.parent_name or ''}" + (f" · {elsewhere[one.code]}" if one.code in elsewhere else "")}
        for one in sorted(names.values(), key=lambda one: (one.code not in picked, one.parent_name or "", one.title))
    ]  # fmt: skip
    return render_template(
        "ways/area.html", tabs=tabs("ways"), form=form, view=view, villages=villages, picked=picked,
        means=[(one.value, say(f"means.{one.value}", lang)) for one in Means],
    )  # fmt: skip


def _picked(form: Form) -> tuple[str, ...]:
    return tuple(form.values.getlist("villages"))


def _suggested_names(groups: Sequence[Sequence[str]], names: dict[str, RegionView]) -> dict[str, str]:
    """Name each group, by its first village: after its district where that has no other, else after its first village.

    The person who takes it corrects the name.
    """
    districts = Counter(names[codes[0]].parent_name for codes in groups[1:] if codes[0] in names)
    found = {}
    for codes in groups:
        first = names.get(codes[0])
        district = first.parent_name if first else None
        is_own = len(codes) > 1 and district and districts[district] == 1
        found[codes[0]] = _("Kawasan %(name)s", name=district if is_own else first.name if first else codes[0])
    return found


# ---------------------------------------------------------------- distances and detours


@pages.get("/jarak")
@guard.requires("ways.see")
def distances() -> str:
    return _distances(Form(MultiDict()))


@pages.post("/jarak")
@guard.requires("ways.manage")
def say_distance() -> str | BaseResponse:
    form = Form()
    village, source = form.text("village_code", most=20, least=2), form.text("source", most=200, least=3)
    post_id = form.uuid("post_id")
    no_way = form.raw("no_way") == "1"
    metres = None if no_way else form.quantity("kilometres")

    def act(tx: Tx) -> str:
        assert post_id
        ways.say_distance(
            tx, ways.SayDistance(village_code=village, post_id=post_id, metres=metres, source=source)
        )  # fmt: skip
        flash(_("Jarak dicatat."), "good")
        return url_for("ways.distances")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_distances(form), 422)


@pages.post("/jarak/<uuid:said_id>/hapus")
@guard.requires("ways.manage")
def forget_distance(said_id: UUID) -> BaseResponse:
    said = _("Jarak dihapus. Garis lurus dan faktor jalan berlaku lagi.")
    return _moved(lambda tx: ways.forget_distance(tx, said_id), said, url_for("ways.distances"))


@pages.post("/faktor")
@guard.requires("ways.manage")
def set_detour() -> str | BaseResponse:
    form = Form()
    factor, source = form.quantity("factor"), form.text("detour_source", most=200, least=3)
    area = form.raw("detour_area")

    def act(tx: Tx) -> str:
        assert factor is not None
        ways.set_detour(tx, ways.SetDetour(area_id=_area_id(tx, area or REST), permille=int(factor), source=source))
        flash(_("Faktor jalan disimpan."), "good")
        return url_for("ways.distances")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_distances(form), 422)


def _distances(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        said = roads.said_distances(tx)
        known = roads.areas(tx)
        names = _villages(tx)
        found = {one.id: one for one in posts(tx, with_closed=True)}
        office_detour = roads.detour(tx)
    return render_template(
        "ways/distances.html", tabs=tabs("ways"), form=form,
        said=[
            {
                "view": one, "village": names[one.village_code].full_name if one.village_code in names else "",
                "post": found[one.post_id].name if one.post_id in found else "",
                "words": _kilometres(one.metres, lang) if one.metres is not None else _("tidak ada jalan"),
            }
            for one in said
        ],
        factors=[
            {"name": _("Bagian lain, dan kawasan tanpa faktor sendiri"), "view": office_detour,
             "factor": _factor(office_detour.permille)},
            *({"name": one.name, "view": one.detour, "factor": _factor(one.detour.permille)}
              for one in known if one.detour),
        ],
        villages=[(one.code, one.full_name) for one in names.values()],
        posts=[(str(one.id), f"{one.name} ({one.code})") for one in found.values() if one.state.value == "open"],
        areas=[(str(one.id), one.name) for one in known],
    )  # fmt: skip


# ---------------------------------------------------------------- parts


def _moved(act: Any, said: str, target: str) -> BaseResponse:
    form = Form()
    if form.attempt(lambda: (context.write(act), True)) is not None:
        flash(said, "good")
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(target, 303)


def _area_id(tx: Tx, text: str) -> UUID | None:
    """Read an area of the address or a form. Raises: NotFound."""
    if text == REST:
        return None
    try:
        return roads.area_by_id(tx, UUID(text)).id
    except ValueError as error:
        raise NotFound("transport_area.not_found") from error


def _villages(tx: Tx) -> dict[str, RegionView]:
    return {one.code: one for one in regions_of(tx, tx.regency_code, Level.VILLAGE)}


def _line(line: AreaReach, names: dict[str, RegionView], lang: str) -> dict[str, Any]:
    area = line.area
    return {
        "view": line, "name": area.name if area else _("Bagian lain kabupaten"),
        "key": str(area.id) if area else REST, "means": say(f"means.{area.means.value}", lang) if area else "",
        "villages": [(code, names[code].title if code in names else code) for code in area.village_codes]
        if area else [],
        "factor": _factor(area.detour.permille) if area and area.detour else "",
        "warehouses": [
            *({"place": one, "is_shut": False, "why": ""} for one in line.open),
            *({"place": one.warehouse, "is_shut": True, "why": "; ".join(way.reason for way in one.ways)}
              for one in line.shut),
        ],
        "meaning": _meaning(line, area.name if area else _("bagian lain kabupaten")),
    }  # fmt: skip


def _meaning(line: AreaReach, name: str) -> list[str]:
    """Say what the closed ways mean for the households of an area."""
    count = print_count(line.households, context.lang())
    told = []
    for one in line.shut:
        if line.open:
            told.append(
                _("%(warehouse)s tidak dapat mengirim ke %(area)s: %(count)s keluarga hanya dari %(others)s.",
                  warehouse=one.warehouse.name, area=name, count=count,
                  others=", ".join(other.name for other in line.open))
            )  # fmt: skip
    if line.is_cut_off and line.shut:
        told.append(
            _("Tidak ada gudang yang dapat mengirim ke %(area)s: %(count)s keluarga menunggu jalan dibuka.",
              area=name, count=count)
        )  # fmt: skip
    if line.area and line.has_no_post:
        told.append(
            _("Tidak ada titik pembagian di %(area)s: %(count)s keluarga tidak mendapat titik sampai satu dibuka di "
              "sana, atau jarak ke titik lain dicatat.", area=name, count=count)
        )  # fmt: skip
    return told


def _closing(one: roads.ClosedWayView, area_names: dict[UUID, str], lang: str) -> dict[str, Any]:
    return {
        "view": one, "means": say(f"means.{one.means.value}", lang), "from": print_day(one.from_on, lang),
        "area": area_names.get(one.area_id, _("kawasan yang sudah dihapus")) if one.area_id
        else _("Bagian lain kabupaten"), "to": print_day(one.to_on, lang) if one.to_on else "",
        "may_open": may(context.actor(), "ways.close"),
    }  # fmt: skip


def _factor(permille: int) -> str:
    text = f"{permille / 1000:.3f}".rstrip("0").rstrip(".")
    return text if context.lang() == "en" else text.replace(".", ",")


def _kilometres(metres: int, lang: str) -> str:
    if metres < 1000:
        return f"{metres} m"
    text = f"{metres / 1000:.1f}"
    return f"{text if lang == 'en' else text.replace('.', ',')} km"
