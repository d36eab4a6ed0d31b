"""Angka laporan: what BPBD reports of villages, beside the names; many at once, and every report is kept."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import names_of
from core.errors import NotFound
from core.i18n import say
from core.work import Tx
from logistics.zones import affected, counting, counts, queries
from logistics.zones.rules import doubt_facts
from logistics.zones.states import CountKind
from registry_link.regions.queries import regions, regions_of
from registry_link.regions.states import Level
from routes import context, guard, limits
from routes.forms import Form
from routes.pages.incident import frame, gap_text, read_counts, shown_count
from routes.texts import gettext as _

pages = Blueprint("reported", __name__, url_prefix="/kejadian/<slug>/angka")
GROUPS: Final = {
    "terdampak": (CountKind.HOUSEHOLDS, CountKind.PERSONS),
    "mengungsi": (CountKind.DISPLACED_HOUSEHOLDS, CountKind.DISPLACED),
    "korban": (CountKind.DEAD, CountKind.MISSING, CountKind.INJURED),
    "rumah": (CountKind.HOUSES_HEAVY, CountKind.HOUSES_MEDIUM, CountKind.HOUSES_LIGHT, CountKind.HOUSES_FLOODED),
}


def _group() -> str:
    asked = request.args.get("kelompok", "")
    return asked if asked in GROUPS else "terdampak"


def _tabs(slug: str, endpoint: str, **more: Any) -> list[dict[str, Any]]:
    words = {"terdampak": _("Terdampak"), "mengungsi": _("Mengungsi"), "korban": _("Korban"), "rumah": _("Rumah")}
    return [
        {"label": words[one], "href": url_for(endpoint, slug=slug, kelompok=one, **more), "is_current": one == _group()}
        for one in GROUPS
    ]


@pages.get("")
@guard.requires("zone.see")
def index(slug: str) -> str:
    lang, kinds = context.lang(), GROUPS[_group()]
    with context.read() as tx:
        view = queries.incident(tx, slug)
        lines = affected.by_village(tx, view.id)
        names = {one.code: one for one in regions(tx, [one.village_code for one in lines])}
    rows = [
        {
            "view": one, "name": names[one.village_code].title, "district": names[one.village_code].parent_name,
            "figures": [shown_count(one.reported.get(kind), lang) for kind in kinds], "gap": gap_text(one, lang),
            "doubts": [say(f"doubt.{doubt.value}", lang, doubt_facts(one.reported)) for doubt in one.doubts],
        }
        for one in lines if one.village_code in names
    ]  # fmt: skip
    return render_template(
        "incident/counts.html", rows=rows, kinds=[say(f"count.kind.{kind.value}", lang) for kind in kinds],
        has_names=kinds[0] is CountKind.HOUSEHOLDS, group=_group(), groups=_tabs(slug, "reported.index"),
        **frame(view, "zones"),
    )  # fmt: skip


@pages.get("/isi")
@guard.requires("count.report")
def new(slug: str) -> str:
    return _form(slug, Form())


@pages.post("/isi")
@guard.requires("count.report")
@limits.accepts(limits.OUTLINE_BYTES)
def report(slug: str) -> str | BaseResponse:
    form = Form()
    observed_at = form.instant("observed_on", "observed_time")
    source, note = form.text("source", most=200, least=2), form.text("note", most=1000)
    counted = read_counts(form)

    def act(tx: Tx) -> str:
        assert observed_at
        done = counting.report_counts(
            tx,
            counting.ReportCounts(
                incident_id=queries.incident(tx, slug).id, observed_at=observed_at, source=source, note=note,
                counts=counted,
            ),
        )  # fmt: skip
        names = {one.code: one for one in regions(tx, [one.village_code for one in done.doubts])}
        for one in done.doubts[:5]:
            flash(_("%(village)s: %(reason)s", village=names[one.village_code].title,
                    reason=one.reason(context.lang())), "warn")  # fmt: skip
        flash(_("%(figures)s angka untuk %(villages)s desa disimpan di samping laporan sebelumnya.",
                figures=done.figures, villages=done.villages), "good")  # fmt: skip
        return url_for("reported.index", slug=slug, kelompok=_group())

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_form(slug, form), 422)


def _form(slug: str, form: Form) -> str:
    lang, kinds = context.lang(), GROUPS[_group()]
    with context.read() as tx:
        view = queries.incident(tx, slug)
        newest = counts.newest_counts(tx, view.id)
        known = {one.village_code for one in affected.by_village(tx, view.id)}
        villages = regions_of(tx, tx.regency_code, Level.VILLAGE)
    is_all = not known or "semua" in request.args
    now = context.runtime().work.clock.now().astimezone(context.actor().zone)
    rows = [
        {
            "code": one.code, "name": one.title, "district": one.parent_name,
            "fields": [
                {"name": f"count-{kind.value}-{one.code}", "label": say(f"count.kind.{kind.value}", lang),
                 "value": form.raw(f"count-{kind.value}-{one.code}"),
                 "error": form.error_of(f"count-{kind.value}-{one.code}"),
                 "last": shown_count(newest.get(one.code, {}).get(kind), lang)}
                for kind in kinds
            ],
        }
        for one in villages if is_all or one.code in known
    ]  # fmt: skip
    return render_template(
        "incident/counts_form.html", form=form, rows=rows, is_all=is_all, group=_group(),
        groups=_tabs(slug, "reported.new", **({"semua": 1} if "semua" in request.args else {})),
        now_day=f"{now:%d/%m/%Y}", now_time=f"{now:%H.%M}", **frame(view, "zones"),
    )  # fmt: skip


@pages.get("/desa/<village_code>")
@guard.requires("zone.see")
def village(slug: str, village_code: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        named = regions(tx, [village_code])
        if not named or not tx.require("zone.see").has_village(village_code):
            raise NotFound("region.not_found", code=village_code[:20])
        figures = counts.figures(tx, view.id, village_code)
        people = names_of(tx, [one.reported_by for one in figures])
    newest: set[CountKind] = set()
    rows = []
    for one in figures:
        is_newest = one.kind not in newest and not one.is_withdrawn
        if is_newest:
            newest.add(one.kind)
        rows.append({
            "view": one, "kind": say(f"count.kind.{one.kind.value}", lang), "figure": shown_count(one.count, lang),
            "who": people.get(one.reported_by, ""), "is_newest": is_newest,
        })  # fmt: skip
    return render_template("incident/counts_village.html", village=named[0], rows=rows, **frame(view, "zones"))
