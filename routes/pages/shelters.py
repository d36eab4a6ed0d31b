"""Pengungsian: where the displaced are now, who is at which place, and the way from one to another or home."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.i18n import say
from core.measures import print_count, print_day
from core.permissions import may
from core.work import Tx
from logistics.zones import affected as listing
from logistics.zones import queries, sheltering
from logistics.zones.sheltering import ShelterView
from logistics.zones.states import AffectedState, ShelterState, StayKind
from registry_link.households.neighbourhoods import named
from registry_link.households.queries import households_by_ids
from registry_link.regions.queries import RegionView, regions, regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form
from routes.pages.affected import MOST
from routes.pages.incident import frame
from routes.texts import gettext as _

pages = Blueprint("shelters", __name__, url_prefix="/kejadian/<slug>/pengungsian")
_FOUND = 20


@pages.get("")
@guard.requires("shelter.see")
def index(slug: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        found = sheltering.shelters(tx, view.id)
        displaced = sheltering.displaced(tx, view.id)
        names = _names(tx, [*(one.village_code for one in found), *(one.village_code for one in displaced)])

    def told(line: sheltering.DisplacedLine) -> str:
        count = line.reported_persons
        if count is None:
            return "—"
        return print_count(count.value, lang) if count.value is not None else say(f"count.{count.state.value}", lang)

    return render_template(
        "affected/shelters.html", shelters=[_shown(one, names) for one in found],
        displaced=[{"view": one, "name": _title(names, one.village_code), "told": told(one)} for one in displaced],
        households=sum(one.households for one in displaced), persons=sum(one.persons for one in displaced),
        **frame(view, "shelters"),
    )  # fmt: skip


@pages.get("/baru")
@guard.requires("shelter.manage")
def new(slug: str) -> str:
    return _form(slug, Form())


@pages.post("/baru")
@guard.requires("shelter.manage")
def create(slug: str) -> str | BaseResponse:
    form = Form()
    facts, village = _facts(form), form.text("village_code", most=20, least=2)

    def act(tx: Tx) -> str:
        view = queries.incident(tx, slug)
        shelter_id = sheltering.open_shelter(
            tx, sheltering.OpenShelter(incident_id=view.id, village_code=village, **facts)
        )
        flash(_("Titik pengungsian dicatat."), "good")
        return url_for("shelters.show", slug=slug, shelter_id=shelter_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_form(slug, form), 422)


@pages.get("/<uuid:shelter_id>/ubah")
@guard.requires("shelter.manage")
def edit(slug: str, shelter_id: UUID) -> str:
    return _form(slug, Form(), shelter_id)


@pages.post("/<uuid:shelter_id>/ubah")
@guard.requires("shelter.manage")
def change(slug: str, shelter_id: UUID) -> str | BaseResponse:
    form = Form()
    facts = _facts(form)

    def act(tx: Tx) -> str:
        sheltering.change_shelter(tx, sheltering.ChangeShelter(shelter_id=shelter_id, **facts))
        flash(_("Perubahan disimpan."), "good")
        return url_for("shelters.show", slug=slug, shelter_id=shelter_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_form(slug, form, shelter_id), 422)


@pages.post("/<uuid:shelter_id>/tutup")
@guard.requires("shelter.manage")
def close(slug: str, shelter_id: UUID) -> BaseResponse:
    return _moved(slug, shelter_id, lambda tx: sheltering.close_shelter(tx, shelter_id), _("Titik ini ditutup."))


@pages.post("/<uuid:shelter_id>/buka")
@guard.requires("shelter.manage")
def reopen(slug: str, shelter_id: UUID) -> BaseResponse:
    return _moved(slug, shelter_id, lambda tx: sheltering.open_again(tx, shelter_id), _("Titik ini dibuka lagi."))


def _moved(slug: str, shelter_id: UUID, act: Any, said: str) -> BaseResponse:
    form = Form()
    if form.attempt(lambda: (context.write(act), True)) is not None:
        flash(said, "good")
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(url_for("shelters.show", slug=slug, shelter_id=shelter_id), 303)


@pages.get("/<uuid:shelter_id>")
@guard.requires("shelter.see")
def show(slug: str, shelter_id: UUID) -> str:
    return _show(slug, shelter_id)


@pages.post("/<uuid:shelter_id>/cari")
@guard.requires("stay.record")
def search(slug: str, shelter_id: UUID) -> str:
    """Find a household of the incident's list that came here, by a name or its code."""
    return _show(slug, shelter_id, Form().text("q", most=80))


@pages.post("/<uuid:shelter_id>/masuk")
@guard.requires("stay.record")
def arrive(slug: str, shelter_id: UUID) -> BaseResponse:
    """Keep that a household is here from today on."""
    form = Form()
    household_id = form.uuid("household")

    def act(tx: Tx) -> str:
        assert household_id
        sheltering.record_stay(
            tx,
            sheltering.RecordStay(
                incident_id=queries.incident(tx, slug).id, household_ids=(household_id,), kind=StayKind.SHELTER,
                since_on=tx.today, shelter_id=shelter_id,
            ),
        )  # fmt: skip
        flash(_("Keluarga dicatat di titik ini. Paketnya direncanakan di sini."), "good")
        return url_for("shelters.show", slug=slug, shelter_id=shelter_id)

    done: BaseResponse | None = form.attempt(lambda: context.submit_once(act))
    for error in form.errors:
        flash(error["text"], "bad")
    return done or redirect(url_for("shelters.show", slug=slug, shelter_id=shelter_id), 303)


@pages.get("/keluarga/<uuid:household_id>")
@guard.requires("stay.record")
def stay(slug: str, household_id: UUID) -> str:
    return _stay(slug, household_id, Form())


@pages.post("/keluarga/<uuid:household_id>")
@guard.requires("stay.record")
def record(slug: str, household_id: UUID) -> str | BaseResponse:
    """Keep where a household is from a day on."""
    form = Form()
    kind = form.choice("kind", StayKind)
    since_on = form.day("since_on")
    shelter_id = form.uuid("shelter_id") if kind is StayKind.SHELTER else None
    village, place = form.text("village_code", most=20), form.text("place_text", most=200)

    def act(tx: Tx) -> str:
        assert kind and since_on
        view = queries.incident(tx, slug)
        sheltering.record_stay(
            tx,
            sheltering.RecordStay(
                incident_id=view.id, household_ids=(household_id,), kind=kind, since_on=since_on,
                shelter_id=shelter_id, village_code=village if kind is StayKind.HOST else "",
                place_text=place if kind in (StayKind.HOST, StayKind.ELSEWHERE) else "",
            ),
        )  # fmt: skip
        flash(_("Tempat keluarga ini dicatat."), "good")
        return url_for("affected_villages.one", slug=slug, household_id=household_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_stay(slug, household_id, form), 422)


# ---------------------------------------------------------------- parts


def _facts(form: Form) -> dict[str, Any]:
    return {
        "name": form.text("name", most=120, least=3), "lon_deg": form.degrees("lon_deg", 180),
        "lat_deg": form.degrees("lat_deg", 90),
        "capacity": form.number("capacity", least=1, most=100_000, is_required=False),
        "reported_persons": form.number("reported_persons", least=0, most=100_000, is_required=False),
        "contact_name": form.text("contact_name", most=60), "contact_phone": form.text("contact_phone", most=60),
        "note": form.text("note", most=300),
    }  # fmt: skip


def _names(tx: Tx, codes: list[str]) -> dict[str, RegionView]:
    return {one.code: one for one in regions(tx, sorted(set(codes)))}


def _title(names: dict[str, RegionView], code: str | None) -> str:
    return names[code].title if code in names else code or ""


def _shown(one: ShelterView, names: dict[str, RegionView]) -> dict[str, Any]:
    return {
        "view": one, "village": _title(names, one.village_code),
        "state": say(f"shelter.state.{one.state.value}", context.lang()),
        "tone": "good" if one.state is ShelterState.OPEN else "neutral",
        "is_full": one.free is not None and one.free < 0,
    }  # fmt: skip


def _form(slug: str, form: Form, shelter_id: UUID | None = None) -> str:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        base = sheltering.shelter(tx, shelter_id) if shelter_id else None
        villages = [(one.code, one.full_name) for one in regions_of(tx, tx.regency_code, Level.VILLAGE)]
    fields = ("name", "lon_deg", "lat_deg", "capacity", "reported_persons", "contact_name", "contact_phone", "note")
    sent = bool(form.values)
    values = {field: form.raw(field) if sent else _typed(getattr(base, field)) if base else "" for field in fields}
    return render_template(
        "affected/shelter_form.html", form=form, base=base, values=values, villages=villages,
        **frame(view, "shelters"),
    )  # fmt: skip


def _typed(value: object) -> str:
    return "" if value is None else str(value).replace(".", ",") if isinstance(value, float) else str(value)


def _show(slug: str, shelter_id: UUID, text: str = "") -> str:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        shelter = sheltering.shelter(tx, shelter_id)
        if shelter.incident_id != view.id:
            raise NotFound("shelter.not_found")
        here = sheltering.households_at(tx, shelter_id)
        found = _find(tx, view.id, text) if text else []
        away = sheltering.stays_now(tx, view.id, found)
        ids = [*(one.household_id for one in here), *found]
        people = {one.id: one for one in households_by_ids(tx, ids, purpose="shelter_list")}
        names = _names(tx, [shelter.village_code, *(one.village_code for one in people.values())])
        sees_people = tx.require("shelter.see").detail != "counts"
        may_record = may(tx.actor, "stay.record") and shelter.state is ShelterState.OPEN
    lines = sorted(
        (
            {"stay": one, "household": people[one.household_id],
             "village": _title(names, people[one.household_id].village_code)}
            for one in here if one.household_id in people
        ),
        key=lambda line: (line["village"], people[line["stay"].household_id].head_name),  # type: ignore[attr-defined]
    )  # fmt: skip
    return render_template(
        "affected/shelter.html", shelter=_shown(shelter, names), lines=lines, sees_people=sees_people, q=text,
        may_record=may_record,
        found=[{"household": people[one], "village": _title(names, people[one].village_code),
                "where": away[one].shelter_name if one in away else "", "is_here": any(
                    stayed.household_id == one for stayed in here)} for one in found if one in people],
        **frame(view, "shelters"),
    )  # fmt: skip


def _find(tx: Tx, incident_id: UUID, text: str) -> list[UUID]:
    """Find households of the list, within the reach, that may be at a shelter."""
    lines = listing.affected(tx, incident_id, limit=MOST).lines
    ids = [one.household_id for one in lines if one.state in (AffectedState.PROPOSED, AffectedState.CONFIRMED)]
    return sorted(named(tx, ids, text))[:_FOUND]


def _stay(slug: str, household_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        line = listing.affected_household(tx, view.id, household_id)
        people = households_by_ids(tx, [household_id], purpose="shelter_list")
        history = sheltering.stays_of(tx, view.id, household_id)
        open_ones = [one for one in sheltering.shelters(tx, view.id) if one.state is ShelterState.OPEN]
        villages = [(one.code, one.full_name) for one in regions_of(tx, tx.regency_code, Level.VILLAGE)]
        names = _names(tx, [one.village_code for one in open_ones])
        today = tx.today
    entries = [
        {
            "at": print_day(one.since_on, lang), "iso": one.since_on.isoformat(), "who": one.recorded_by_name,
            "what": one.shelter_name or say(f"stay.kind.{one.kind.value}", lang), "why": one.place_text,
        }
        for one in history
    ]  # fmt: skip
    now = history[0] if history else None
    return render_template(
        "affected/stay.html", form=form, line=line, household=people[0] if people else None, history=entries,
        now_kind=form.raw("kind") or (now.kind.value if now else "shelter"),
        now_shelter=form.raw("shelter_id") or (str(now.shelter_id) if now and now.shelter_id else ""),
        today=f"{today:%d/%m/%Y}", villages=villages,
        shelters=[(str(one.id), f"{one.name} · {_title(names, one.village_code)}") for one in open_ones],
        kinds=[(one.value, say(f"stay.kind.{one.value}", lang)) for one in StayKind],
        household_id=household_id, **frame(view, "shelters"),
    )  # fmt: skip
