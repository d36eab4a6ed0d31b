"""Standar paket: what a household gets, in versions; every figure opens to its arithmetic and its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, NotFound
from core.i18n import say
from core.measures import Milli, print_count, print_day, print_quantity
from core.permissions import may
from core.work import Tx
from logistics.packages import standard_queries as queries
from logistics.packages.coverage import SIZES, CoverageLine, MeanHousehold, coverage_of, people_of_size
from logistics.packages.examples import HOUSEHOLDS, WorkedLine, people_in, worked
from logistics.packages.rules import Basis, People, StandardLine
from logistics.packages.standard_changes import Change, changes, told
from logistics.packages.standard_queries import StandardView
from logistics.packages.standards import (
    DefineStandard,
    approve_standard,
    define_standard,
    discard_draft,
    retire_standard,
)
from logistics.packages.states import StandardState
from registry_link.households.ages import thresholds_at
from registry_link.households.queries import village_counts
from routes import context, guard, standard_form
from routes.forms import Form
from routes.goods_lines import Catalogue
from routes.pages.settings import tabs
from routes.texts import gettext as _
from routes.texts import why_not
from stock.items.queries import items
from stock.items.rules import code_from
from stock.kits.queries import kits

pages = Blueprint("standards", __name__, url_prefix="/pengaturan/standar")
TONES = {StandardState.DRAFT: "warn", StandardState.APPROVED: "good", StandardState.RETIRED: "neutral"}
CHANGE_TONES = {Change.JOINED: "good", Change.LEFT: "bad", Change.CHANGED: "warn", Change.UNCHANGED: "neutral"}


@pages.get("")
@guard.requires("standard.see")
def index() -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.standards(tx)
        ages = thresholds_at(tx)
    by_code: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        by_code.setdefault(one.code, []).append(_framed(one, lang))
    return render_template("standards/index.html", tabs=tabs("standards"), groups=list(by_code.values()), ages=ages)


def _framed(one: StandardView, lang: str) -> dict[str, Any]:
    return {
        "view": one, "name": one.name(lang), "state": one.state_label(lang), "tone": TONES[one.state],
        "approved_on": print_day(one.approved_on, lang) if one.approved_on else "",
        "items": len({line.item_id for line in one.lines}),
    }  # fmt: skip


# ---------------------------------------------------------------- one version


@pages.get("/<uuid:standard_id>")
@guard.requires("standard.see")
def show(standard_id: UUID) -> str:
    lang, form = context.lang(), Form(request.args)
    with context.read() as tx:
        found = queries.standard(tx, standard_id)
        beside = examples_of(tx, found.rules, form, found.days)
        if request.headers.get("HX-Request"):
            return render_template("standards/_examples.html", form=form, beside=beside)
        known = queries.versions(tx, found.code)
        is_mine = found.created_by == tx.actor.id and tx.actor.kind == "person"
    before = next((one for one in known if one.version < found.version), None)
    return render_template(
        "standards/show.html", tabs=tabs("standards"), one=_framed(found, lang), form=form, beside=beside,
        versions=[_framed(other, lang) for other in known], is_mine=is_mine,
        may_retire=may(context.actor(), "standard.approve") and found.state is not StandardState.RETIRED,
        may_discard=may(context.actor(), "standard.edit") and found.state is StandardState.DRAFT,
        in_force=next((other.version for other in known if other.state is StandardState.APPROVED), None),
        lines=[_line(found, line, lang) for line in found.lines], before=before,
        changed=[
            {
                "name": change.name(lang), "kind": say(f"standard.change.{change.change.value}", lang),
                "tone": CHANGE_TONES[change.change],
                "before": [", ".join(told(before, line, lang)) for line in change.before],
                "after": [", ".join(told(found, line, lang)) for line in change.after],
            }
            for change in changes(before, found) if change.change is not Change.UNCHANGED
        ] if before else [],
        same=sum(1 for change in changes(before, found) if change.change is Change.UNCHANGED) if before else 0,
    )  # fmt: skip


def _line(found: StandardView, line: queries.StandardLineView, lang: str) -> dict[str, Any]:
    rate, packing = told(found, line, lang)
    return {"view": line, "name": line.item_name(lang), "rate": rate, "packing": packing, "source": line.source(lang)}


def examples_of(
    tx: Tx, rules: Sequence[StandardLine], form: Form, usual_days: int, *, with_known: bool = True
) -> dict[str, Any]:
    """Work a standard out for the invented households and for the one composed in the form."""
    lang = context.lang()
    days, ages = standard_form.read_days(form, usual_days), thresholds_at(tx)
    composed = standard_form.read_household(form)
    many = form.number("example_households", least=1, most=100_000, is_required=False) or 1
    shown: list[dict[str, Any]] = []
    if composed is not None:
        shown.append(_example(tx, "", _("Keluarga yang Anda susun"), "", composed, rules, days, many))
    if with_known:
        for key, household in HOUSEHOLDS.items():
            title, who = say(f"standard.household.{key}", lang), say(f"standard.household.{key}.who", lang)
            shown.append(_example(tx, key, title, who, people_in(household, ages), rules, days, 1))
    return {"examples": shown, "days": days, "ages": ages}


def _example(
    tx: Tx, key: str, title: str, who: str, people: People, rules: Sequence[StandardLine], days: int, many: int
) -> dict[str, Any]:
    lang = context.lang()
    lines = worked(tx, rules, people, days)
    return {
        "key": key, "title": title, "who": who, "people": _people_words(people, lang), "many": many,
        "lines": [_worked(one, lang) for one in lines],
        "totals": [_total(one, many, lang) for one in lines] if many > 1 else [],
    }  # fmt: skip


def _worked(one: WorkedLine, lang: str) -> dict[str, Any]:
    return {
        "name": one.name(lang), "exact": print_quantity(one.need.exact_milli, one.unit, lang),
        "quantity": print_quantity(one.need.quantity_milli, one.unit, lang), "packs": one.packs(lang),
        "surplus": print_quantity(one.surplus_milli, one.unit, lang) if one.surplus_milli else "",
        "arithmetic": one.arithmetic(lang), "sources": "; ".join(one.sources(lang)), "is_once": one.need.is_once,
    }  # fmt: skip


def _total(one: WorkedLine, many: int, lang: str) -> dict[str, str]:
    """Say what so many such households get; beside it what rounding the sum once would give."""
    need = one.need
    return {
        "name": one.name(lang), "exact": print_quantity(need.exact_milli * many, one.unit, lang),
        "quantity": print_quantity(need.quantity_milli * many, one.unit, lang),
        "surplus": print_quantity(need.surplus_milli * many, one.unit, lang) if need.surplus_milli else "–",
    }  # fmt: skip


def _people_words(people: People, lang: str) -> str:
    named = (
        (Basis.PERSON, people.persons), (Basis.ADULT, people.adults), (Basis.CHILD, people.children),
        (Basis.INFANT, people.infants), (Basis.ELDERLY, people.elderly), (Basis.WOMAN, people.women),
        (Basis.PREGNANT, people.pregnant), (Basis.NURSING, people.nursing), (Basis.DISABLED, people.disabled),
    )  # fmt: skip
    return ", ".join(
        f"{print_count(count, lang)} {say(f'package.basis.{basis.value}', lang)}" for basis, count in named if count
    )


@pages.post("/<uuid:standard_id>/setujui")
@guard.requires("standard.approve")
def approve(standard_id: UUID) -> BaseResponse:
    return _move(standard_id, approve_standard, _("Standar paket disetujui dan mulai dipakai."))


@pages.post("/<uuid:standard_id>/buang")
@guard.requires("standard.edit")
def discard(standard_id: UUID) -> BaseResponse:
    return _move(standard_id, discard_draft, _("Rancangan dibuang."))


@pages.post("/<uuid:standard_id>/tarik")
@guard.requires("standard.approve")
def retire(standard_id: UUID) -> BaseResponse:
    return _move(standard_id, retire_standard, _("Versi standar ditarik. Putaran yang memakainya tetap memakainya."))


def _move(standard_id: UUID, act: Any, done: str) -> BaseResponse:
    try:
        context.write(lambda tx: act(tx, standard_id))
        flash(done, "good")
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("standards.show", standard_id=standard_id), 303)


# ---------------------------------------------------------------- a new version


@pages.get("/baru")
@guard.requires("standard.edit")
def new() -> str:
    """Show the form for another standard, or, with ``dari``, for the next version of one."""
    asked = request.args.get("dari", "")
    if not asked:
        return _form(Form(MultiDict({"days": "7"})), None)
    form = Form(MultiDict({"dari": asked}))
    based_on = form.uuid("dari")
    if based_on is None:
        return _form(Form(MultiDict({"days": "7"})), None)
    with context.read() as tx:
        found = queries.standard(tx, based_on)
    values = standard_form.values_of(found, context.lang())
    values["based_on"] = str(found.id)
    return _form(Form(values), found)


@pages.post("/baru")
@guard.requires("standard.edit")
def define() -> str | BaseResponse:
    form = Form()
    with context.read() as tx:
        based_on = _based_on(tx, form)
        catalogue = items(tx)
    if form.raw("more"):
        return _form(form, based_on)
    if form.raw("remove").isdecimal():
        return _form(standard_form.without(form, int(form.raw("remove")[:3])), based_on)
    name_id = form.text("name_id", least=3, most=120)
    name_en = form.text("name_en", most=120) or name_id
    days = form.number("days", least=1, most=31)
    legal_source = form.text("legal_source", most=500)
    code = based_on.code if based_on else (form.text("code", most=40) or code_from(name_id).replace("_", "-"))
    lines = standard_form.read_lines(form, catalogue)
    if form.raw("preview"):
        return make_response(_form(form, based_on), 200 if form.is_good else 422)
    if not lines and form.is_good:
        form.fail("goods-1", "standard.lines_missing")

    def act(tx: Tx) -> str:
        order = DefineStandard(
            code=code, name_id=name_id, name_en=name_en, days=days or 7, legal_source=legal_source,
            lines=tuple(line for _no, line in lines),
        )  # fmt: skip
        made = define_standard(tx, order)
        flash(
            _("Rancangan disimpan. Orang lain yang menyetujuinya; sampai saat itu tidak ada yang memakainya."), "good"
        )
        return url_for("standards.show", standard_id=made)

    done = standard_form.attempt(form, lambda: context.submit_once(act), [no for no, _line in lines])
    return done if isinstance(done, BaseResponse) else make_response(_form(form, based_on), 422)


@pages.post("/baru/contoh")
@guard.requires("standard.edit")
def preview() -> str:
    """Give the example households for the lines as they stand in the form, the unfinished ones left out."""
    form = Form()
    with context.read() as tx:
        return render_template("standards/_examples.html", form=form, beside=_beside(tx, form))


def _beside(tx: Tx, form: Form) -> dict[str, Any]:
    """Work out the form's lines on a copy of it: what is not finished is no mistake yet."""
    looked = Form(form.values)
    lines = [line for _no, line in standard_form.read_lines(looked, items(tx))]
    left_out = len({error["field"].rpartition("-")[2] for error in looked.errors})
    usual = looked.number("days", least=1, most=31, is_required=False) or 7
    # One item's lines that do not agree are no standard; the first one's rounding is shown until they do.
    return {**examples_of(tx, lines, looked, usual), "left_out": left_out, "errors": looked}


def _based_on(tx: Tx, form: Form) -> StandardView | None:
    """Give the version that the new one is made from. Raises: NotFound, also for what is no version at all."""
    told = form.raw("based_on")
    if not told:
        return None
    based_on = form.uuid("based_on")
    if based_on is None:
        raise NotFound("package_standard.not_found")
    return queries.standard(tx, based_on)


def _form(form: Form, based_on: StandardView | None) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = items(tx)
        beside = _beside(tx, form)
    return render_template(
        "standards/form.html", tabs=tabs("standards"), form=form, based_on=based_on, beside=beside,
        based_on_name=based_on.name(lang) if based_on else "",
        numbers=list(range(1, standard_form.shown_lines(form) + 1)), most=standard_form.MOST_LINES,
        options=list(Catalogue(found, lang).options()),
        bases=[(one.value, say(f"package.basis.{one.value}", lang)) for one in Basis],
        conditions=[
            (one.value, say(f"package.basis.{one.value}", lang)) for one in Basis if one is not Basis.HOUSEHOLD
        ],
    )  # fmt: skip


# ---------------------------------------------------------------- coverage


@pages.get("/<uuid:standard_id>/cakupan")
@guard.requires("standard.see")
def coverage(standard_id: UUID) -> str:
    """Compare a fixed package, a kit of the catalogue, with what the standard gives."""
    lang, asked = context.lang(), request.args.get("paket", "")
    with context.read() as tx:
        found = queries.standard(tx, standard_id)
        choices = {f"kit-{one.item.code}": one for one in kits(tx)}
        chosen = choices.get(asked) or next(iter(choices.values()), None)
        has: dict[UUID, Milli] = {one.item.id: one.quantity_milli for one in chosen.components} if chosen else {}
        counted = village_counts(tx)
        mean = MeanHousehold(sum(one.persons for one in counted), sum(one.households for one in counted))
        names = {one.id: one for one in items(tx, ids={*has, *(line.item_id for line in found.rules)})}
    lines = coverage_of(has, found.rules, found.days, mean) if chosen else ()
    return render_template(
        "standards/coverage.html", tabs=tabs("standards"), one=_framed(found, lang), sizes=SIZES,
        kits=[(key, one.item.name(lang)) for key, one in choices.items()],
        chosen=f"kit-{chosen.item.code}" if chosen else "", chosen_name=chosen.item.name(lang) if chosen else "",
        mean=_mean_words(mean, lang), two=people_of_size(2),
        lines=[
            {
                "name": names[line.item_id].name(lang), "is_asked": any(line.needs_milli),
                "has": print_quantity(line.has_milli, names[line.item_id].base_unit, lang),
                "cells": _cells(line, names[line.item_id].base_unit, lang),
                "mean": _percent(line.mean_permille, lang),
            }
            for line in lines
        ],
    )  # fmt: skip


def _cells(line: CoverageLine, unit: str, lang: str) -> list[Mapping[str, Any]]:
    return [
        {
            "size": size,
            "percent": _percent(permille, lang),
            "is_short": permille is not None and permille < 1000,
            "needs": print_quantity(need, unit, lang),
        }
        for size, permille, need in zip(SIZES, line.permille, line.needs_milli, strict=True)
    ]


def _percent(permille: int | None, lang: str) -> str:
    return "–" if permille is None else f"{print_count(permille // 10, lang)} %"


def _mean_words(mean: MeanHousehold, lang: str) -> str:
    """Say the mean household, rounded to hundredths for reading only."""
    if not mean.households:
        return ""
    hundredths = (mean.persons * 100 + mean.households // 2) // mean.households
    return print_quantity(Milli(hundredths * 10), "", lang).strip()
