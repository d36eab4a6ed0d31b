"""Bansos: a term's list drawn by criteria, shown first with a reason for everybody who is not drawn."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Invalid
from core.i18n import say
from core.measures import print_count
from core.work import Tx
from logistics.programmes import drawing, queries
from logistics.programmes.drawing import DistrictPreview, DrawList
from logistics.programmes.queries import TermView
from logistics.programmes.states import TermState, Unit
from registry_link.households import selection
from registry_link.households.selection import Criteria, Trait
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form, page_number
from routes.pages.bansos import term_frame, term_href
from routes.texts import gettext as _

pages = Blueprint("bansos_drawing", __name__, url_prefix="/bansos/<slug>/<int:no>/daftar/kriteria")
PER_PAGE = 50
_FIELDS = {
    "least_decile": "desil_dari", "most_decile": "desil_sampai", "least_size": "anggota_dari",
    "most_size": "anggota_sampai", "traits": "ciri", "districts": "kecamatan", "not_helped_weeks": "minggu",
    "not_in_programme_ids": "bukan",
}  # fmt: skip
"""The command's fields as they stand in the address."""


def _asked() -> dict[str, Any]:
    """Give the criteria of this address, to be carried on in links."""
    known = (*_FIELDS.values(), "tanpa_desil")
    return {key: values for key, values in request.args.lists() if key in known}


@pages.get("")
@guard.requires("bansos.edit")
def show(slug: str, no: int) -> str | BaseResponse:
    """Show the criteria, and below them what they would give."""
    return _show(slug, no, Form(MultiDict()))


@pages.post("")
@guard.requires("bansos.edit")
def draw(slug: str, no: int) -> str | BaseResponse:
    """Put onto the list what the preview at this address shows."""
    posted = Form()

    def act(tx: Tx) -> str:
        term = queries.term(tx, slug, no)
        order = _read(Form(request.args), term)
        if order is None:
            raise Invalid("form.choose", field="desil_dari")
        drawn = drawing.draw_list(tx, order)
        lang = context.lang()
        flash(
            _("%(added)s calon masuk daftar, %(kept)s tetap, %(removed)s tidak lagi memenuhi.",
              added=print_count(drawn.added, lang), kept=print_count(drawn.kept, lang),
              removed=print_count(drawn.removed, lang)), "good",
        )  # fmt: skip
        return term_href(term, "daftar?keadaan=calon")

    done = posted.attempt(lambda: context.submit_once(act))
    return done if done is not None else _show(slug, no, posted)


def _read(form: Form, term: TermView) -> DrawList | None:
    """Read the criteria from an address; None after a mistake, which the form then has under its field."""
    least, most = (form.number(one, least=1, most=10, is_required=False) for one in ("desil_dari", "desil_sampai"))
    smallest, largest = (
        form.number(one, least=1, most=1000, is_required=False) for one in ("anggota_dari", "anggota_sampai")
    )
    weeks = form.number("minggu", least=0, most=drawing.MOST_WEEKS, is_required=False) or 0
    traits = tuple(Trait(one) for one in form.values.getlist("ciri") if one in set(Trait))
    barred = tuple(UUID(one) for one in form.values.getlist("bukan") if len(one) == 36)
    if not form.is_good:
        return None
    return DrawList(
        term_id=term.id, not_in_programme_ids=barred, not_helped_weeks=weeks,
        criteria=Criteria(
            least_decile=least, most_decile=most, districts=tuple(form.values.getlist("kecamatan")), traits=traits,
            least_size=smallest, most_size=largest, with_unknown_decile=form.raw("tanpa_desil") == "1",
        ),
    )  # fmt: skip


def _written(order: DrawList | None) -> MultiDict[str, str]:
    """Write criteria as an address has them; what a first look starts from where there are none yet."""
    if order is None:
        return MultiDict({"desil_dari": "1", "desil_sampai": "4"})
    asked = order.criteria
    found: list[tuple[str, str]] = [
        (field, str(value))
        for field, value in (
            ("desil_dari", asked.least_decile), ("desil_sampai", asked.most_decile),
            ("anggota_dari", asked.least_size), ("anggota_sampai", asked.most_size),
            ("minggu", order.not_helped_weeks or None), ("tanpa_desil", 1 if asked.with_unknown_decile else None),
        )
        if value is not None
    ]  # fmt: skip
    found += [("kecamatan", one) for one in asked.districts] + [("ciri", one.value) for one in asked.traits]
    return MultiDict(found + [("bukan", str(one)) for one in order.not_in_programme_ids])


def _show(slug: str, no: int, posted: Form) -> str | BaseResponse:
    lang = context.lang()
    is_asked = bool(request.args)
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        form = Form(request.args if is_asked else _written(drawing.drawn_by(term)))
        preview = None
        if is_asked and term.unit is not Unit.CARD and (order := _read(form, term)) is not None:
            preview = form.attempt(lambda: drawing.preview_list(tx, order))
        programmes = [one for one in queries.programmes(tx) if one.id != term.programme_id]
        districts = regions_of(tx, tx.regency_code, Level.DISTRICT)
    form.errors = [{**one, "field": _FIELDS.get(one["field"], one["field"])} for one in form.errors + posted.errors]
    asked = _asked()
    page = render_template(
        "bansos/criteria.html", form=form, preview=preview, unit=say(f"programme.unit.{term.unit.value}", lang),
        reasons=[(code, label) for code, label in _labels().items() if preview and preview.excluded.get(code)],
        districts=[(one.code, one.name) for one in districts if not term.quotas or one.code in term.quotas],
        traits=[(one.value, say(f"list.traits.{one.value}", lang).capitalize()) for one in Trait],
        programmes=[(str(one.id), one.name) for one in programmes], is_cards=term.unit is Unit.CARD,
        is_open=term.state is TermState.DRAFT, rule=preview.rule(lang) if preview else "",
        lines=[_line(one, slug, no, asked) for one in preview.districts] if preview else [],
        all_href=url_for("bansos_drawing.excluded", slug=slug, no=no, **asked),
        draw_href=url_for("bansos_drawing.draw", slug=slug, no=no, **asked), **term_frame(term, "list"),
    )  # fmt: skip
    return make_response(page, 422) if form.errors else page


def _line(one: DistrictPreview, slug: str, no: int, asked: dict[str, Any]) -> dict[str, Any]:
    def href(reason: str = "") -> str:
        return url_for(
            "bansos_drawing.excluded", slug=slug, no=no, **asked, dari=one.district_code, alasan=reason or None
        )

    return {"view": one, "href": href(), "hrefs": {code: href(code) for code in one.excluded}}


def _labels() -> dict[str, str]:
    """Name each reason in two or three words, in the order in which they are looked for."""
    return {
        drawing.ON_THE_LIST: _("Sudah dalam daftar"), drawing.LEFT_OUT_BEFORE: _("Pernah dikeluarkan"),
        selection.DECILE_UNKNOWN: _("Desil belum ada"), selection.DECILE: _("Di luar desil"),
        selection.SIZE: _("Jumlah anggota"), drawing.IN_PROGRAMME: _("Program lain"),
        drawing.HELPED: _("Baru dibantu"), selection.TRAIT: _("Tanpa ciri"), selection.OVER_QUOTA: _("Lewat kuota"),
    }  # fmt: skip


@pages.get("/dikeluarkan")
@guard.requires("bansos.edit")
def excluded(slug: str, no: int) -> str | BaseResponse:
    """Show who would not be drawn by the criteria of this address, each with the one sentence why."""
    lang = context.lang()
    number = page_number()
    labels = _labels()
    reason = request.args.get("alasan", "")
    district = request.args.get("dari", "")[:20]
    form = Form(request.args)
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        found = None
        if (order := _read(form, term)) is not None:
            found = form.attempt(
                lambda: drawing.excluded_households(
                    tx, order, reason_code=reason if reason in labels else "", district_code=district, limit=PER_PAGE,
                    offset=(number - 1) * PER_PAGE,
                )
            )  # fmt: skip
        names = {one.code: one.name for one in regions_of(tx, tx.regency_code, Level.DISTRICT)}
    asked = _asked()

    def here(**changed: Any) -> str:
        kept = {"dari": district, "alasan": reason, **changed}
        return url_for("bansos_drawing.excluded", slug=slug, no=no, **asked,
                       **{key: value for key, value in kept.items() if value})  # fmt: skip

    total = found.total if found else 0
    page = render_template(
        "bansos/excluded.html", form=form, total=total, number=number, per_page=PER_PAGE, here=here, reason=reason,
        last=max(1, -(-total // PER_PAGE)), district=district, labels=list(labels.items()), asked=asked,
        districts=sorted(names.items()), back=url_for("bansos_drawing.show", slug=slug, no=no, **asked),
        lines=[{"view": one, "reason": one.reason(lang)} for one in found.rows] if found else [],
        counts_persons=term.unit is Unit.PERSON, **term_frame(term, "list"),
    )  # fmt: skip
    return make_response(page, 422) if form.errors else page
