"""Pengaturan → Urutan prioritas: the declared rule in plain words, its versions, and how the next one is proposed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.work import Tx
from logistics.planning import approving, priorities, rule_example, rule_words
from logistics.planning.priority import Criterion, Priority
from logistics.planning.states import Parts, RuleState
from routes import context, guard
from routes.forms import Form
from routes.pages.settings import tabs
from routes.texts import gettext as _
from stock.items.queries import items

pages = Blueprint("priorities", __name__, url_prefix="/pengaturan/prioritas")
FLOORS = ("largest", "none", "fixed")


@pages.get("")
@guard.requires("rule.see")
def index() -> str:
    return _index(Form())


def _index(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        held = priorities.view_in_force(tx)
        versions = priorities.rules(tx)
        names = _item_names(tx, lang)
        limit = approving.plan_limit(tx)
        me = tx.actor.id
    draft = next((one for one in versions if one.state is RuleState.DRAFT), None)
    against = draft.priority if draft else held.priority
    return render_template(
        "settings/priorities.html", tabs=tabs("priority"), form=form, held=held, limit=limit, draft=draft,
        is_own_draft=draft is not None and draft.proposed_by == me,
        held_criteria=[rule_words.criterion_sentence(one, lang) for one in held.priority.criteria],
        held_more=rule_words.rule_sentences(held.priority, names, lang)[len(held.priority.criteria) :],
        draft_lines=rule_words.rule_sentences(draft.priority, names, lang) if draft else (),
        draft_changes=rule_words.changes(held.priority, draft.priority, names, lang) if draft else (),
        example=_example(against, held.priority, lang),
        versions=[
            {
                "view": one,
                "changes": rule_words.changes(before.priority, one.priority, names, lang),
                "before": before.version,
            }
            for one, before in zip(versions, (*versions[1:], priorities.BUILT_IN_VIEW), strict=False)
        ],
    )  # fmt: skip


@pages.get("/usulan")
@guard.requires("rule.edit")
def new() -> str:
    """Show the form with the rule in force in it, so that a proposal begins with what holds."""
    with context.read() as tx:
        held = priorities.view_in_force(tx)
    floor = held.priority.floor_permille
    known: MultiDict[str, str] = MultiDict(
        {
            "floor": "largest" if floor is None else "none" if floor == 0 else "fixed",
            "floor_percent": rule_words.print_permille(floor, "id") if floor else "",
            "parts": held.parts.value,
        }
    )
    known.setlist("criteria", [one.value for one in held.priority.criteria])
    known.setlist("part_items", [str(one) for one in held.priority.part_items or ()])
    return _new(Form(known), _criteria(known.getlist("criteria")))


@pages.post("/usulan")
@guard.requires("rule.edit")
def declare() -> str | BaseResponse:
    """Keep the proposal; a button that only changes the order shows the form again, and nothing is kept."""
    form = Form()
    criteria = _criteria(form.values.getlist("criteria"))
    step, _sep, name = form.raw("step").partition("-")
    if step:
        return _new(form, _stepped(criteria, step, name), pressed=form.raw("step"))
    order = priorities.DeclareRule(
        name=form.text("name", most=priorities.MOST_NAME, least=3), criteria=tuple(criteria),
        floor_permille=_floor(form), parts=form.choice("parts", Parts) or Parts.EVERY, part_items=_part_items(form),
        reason=form.text("reason", most=priorities.MOST_REASON, least=10),
        legal_source=form.text("legal_source", most=priorities.MOST_REASON, least=5),
    )  # fmt: skip

    def act(tx: Tx) -> str:
        priorities.declare_rule(tx, order)
        flash(_("Usulan disimpan. Berlaku sesudah orang kedua menyetujuinya."), "good")
        return url_for("priorities.index")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_new(form, criteria), 422)


def _new(form: Form, criteria: list[Criterion], pressed: str = "") -> str:
    lang = context.lang()
    with context.read() as tx:
        held = priorities.view_in_force(tx)
        goods = [(str(one.id), one.name(lang)) for one in items(tx) if one.is_stocked]
    return render_template(
        "settings/priority_new.html", tabs=tabs("priority"), form=form, pressed=pressed, held=held, goods=goods,
        criteria=[
            {
                "key": one.value, "sentence": rule_words.criterion_sentence(one, lang),
                "name": rule_words.criterion_name(one, lang),
            }
            for one in criteria
        ],
        left=[
            {"key": one.value, "name": rule_words.criterion_name(one, lang)} for one in Criterion if one not in criteria
        ],
        picked=form.values.getlist("part_items"),
        example=_example(Priority(version="", criteria=tuple(criteria)), held.priority, lang),
    )  # fmt: skip


@pages.post("/<uuid:rule_id>/berlakukan")
@guard.requires("rule.approve")
def enact(rule_id: UUID) -> str | BaseResponse:
    return _decide(
        lambda tx: priorities.put_rule_in_force(tx, rule_id),
        _("Urutan ini berlaku untuk rencana yang disusun mulai sekarang."),
    )


@pages.post("/<uuid:rule_id>/tarik")
@guard.requires("rule.edit")
def withdraw(rule_id: UUID) -> str | BaseResponse:
    return _decide(lambda tx: priorities.withdraw_rule(tx, rule_id), _("Usulan ditarik kembali."))


@pages.post("/<uuid:rule_id>/akhiri")
@guard.requires("rule.approve")
def retire(rule_id: UUID) -> str | BaseResponse:
    return _decide(
        lambda tx: priorities.retire_rule(tx, rule_id), _("Versi itu tidak berlaku lagi; urutan bawaan berlaku.")
    )


@pages.post("/batas")
@guard.requires("office.manage")
def set_limit() -> str | BaseResponse:
    form = Form()
    value = form.number("plan_limit_rp", least=0, most=approving.MOST_RP)
    households = form.number("plan_limit_households", least=0, most=approving.MOST_HOUSEHOLDS)
    order = approving.SetPlanLimit(value_rp=value or 0, households=households or 0)
    return _decide(lambda tx: approving.set_plan_limit(tx, order), _("Batas persetujuan rencana disimpan."), form)


def _decide(act: Any, said: str, form: Form | None = None) -> str | BaseResponse:
    form = form or Form()

    def once(tx: Tx) -> str:
        act(tx)
        flash(said, "good")
        return url_for("priorities.index")

    done: BaseResponse | None = form.attempt(lambda: context.submit_once(once))
    return done if done is not None else make_response(_index(form), 422)


def _criteria(words: list[str]) -> list[Criterion]:
    """Read the order as it stands in the form; what is no criterion, or stands there twice, is left out."""
    known = {one.value: one for one in Criterion}
    return list(dict.fromkeys(known[word] for word in words if word in known))


def _stepped(criteria: list[Criterion], step: str, name: str) -> list[Criterion]:
    """Move one criterion a place up or down, take it out or put it last."""
    known = {one.value: one for one in Criterion}
    if name not in known:
        return criteria
    one, order = known[name], list(criteria)
    if step == "add" and one not in order:
        return [*order, one]
    if one not in order:
        return order
    at = order.index(one)
    if step == "drop":
        order.pop(at)
    elif step in ("up", "down"):
        to = min(max(at + (-1 if step == "up" else 1), 0), len(order) - 1)
        order[at], order[to] = order[to], order[at]
    return order


def _floor(form: Form) -> int | None:
    """Read the floor as thousandths; a share is typed as per cent: 25 or 12,5."""
    kind = form.raw("floor")
    if kind not in FLOORS:
        form.fail("floor", "form.choose")
    if kind != "fixed":
        return None if kind == "largest" else 0
    share = form.quantity("floor_percent")
    if share is None:
        return 0
    if share % 100 or not 0 < share <= 100_000:
        form.fail("floor_percent", "priority_rule.floor_out_of_range")
    return share // 100


def _part_items(form: Form) -> tuple[UUID, ...]:
    """Read the chosen items, where items are to be chosen."""
    if form.raw("parts") != Parts.CHOSEN.value:
        return ()
    try:
        return tuple(UUID(one) for one in form.values.getlist("part_items"))
    except ValueError:
        form.fail("part_items", "form.choose")
        return ()


def _example(rule: Priority, against: Priority, lang: str) -> list[dict[str, Any]]:
    return [
        {"code": one.household.code, "told": one.told(lang), "place": one.place, "climbs": one.climbs}
        for one in rule_example.places(rule, against)
    ]


def _item_names(tx: Tx, lang: str) -> dict[UUID, str]:
    return {one.id: one.name(lang) for one in items(tx, with_inactive=True)}
