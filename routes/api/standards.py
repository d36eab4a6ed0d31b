"""Package standards for machines: versions with their lines, examples, coverage, a needs profile, age classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.errors import Invalid, NotFound
from core.measures import Milli
from core.work import Tx
from logistics.packages import standard_queries as queries
from logistics.packages.coverage import SIZES, MeanHousehold, coverage_of
from logistics.packages.durables import GiveAgain, decisions, give_again, given_elsewhere, withdraw
from logistics.packages.examples import check_people, worked
from logistics.packages.needs_profile import Chosen, JudgedRow, judge, lines_of
from logistics.packages.packing import Pack
from logistics.packages.profile_file import parse
from logistics.packages.rules import People, StandardLine
from logistics.packages.sentences import rate_sentence, reason_sentence
from logistics.packages.standards import DefineStandard, define_standard, discard_draft, retire_standard
from logistics.zones import queries as zones
from logistics.zones import week
from logistics.zones.freezing import to_serve
from registry_link.households.ages import SetAgeLimits, age_limits, set_age_limits
from registry_link.households.queries import village_counts
from registry_link.households.rules import Thresholds
from routes import context, guard
from routes.schemas import standards as shapes
from routes.schemas.fields import KeyHeader, Problem
from stock.items.queries import ItemView, find_item, items
from stock.items.rules import plain
from stock.kits.queries import kits

api = Blueprint(
    "package-standards", __name__, description="What a household gets: versions, lines, arithmetic, sources."
)


@api.get("/standards/<uuid:standard_id>")
@guard.requires("standard.see")
@api.response(200, shapes.StandardFullOut)
@api.alt_response(404, schema=Problem)
def show_standard(standard_id: UUID) -> Any:
    """Give one version with all its lines and their sources."""
    with context.read() as tx:
        return queries.standard(tx, standard_id)


@api.post("/standards")
@guard.requires("standard.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.StandardIn)
@api.response(201, shapes.StandardFullOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def define_package_standard(data: dict[str, Any], **_: Any) -> Response:
    """Write the next version of a standard as a draft; nothing uses it before another person approves it."""

    def act(tx: Tx) -> Any:
        order = DefineStandard(
            code=data["code"], name_id=data["name_id"], name_en=data["name_en"] or data["name_id"], days=data["days"],
            legal_source=data["legal_source"], lines=tuple(_line(tx, one) for one in data["lines"]),
        )  # fmt: skip
        return shapes.StandardFullOut().dump(queries.standard(tx, define_standard(tx, order)))

    return context.write_once(act)


def _line(tx: Tx, one: dict[str, Any]) -> StandardLine:
    item = find_item(tx, one["item_code"])
    return StandardLine(
        item_id=item.id, basis=one["basis"], rate_milli=one["rate"], per_n=one["per_n"], is_daily=one["is_daily"],
        condition=one["condition"], condition_least=one["condition_least"], from_day=one["from_day"],
        to_day=one["to_day"], is_once=one["is_once"], source_id=one["source_id"],
        round_step_milli=item.step_milli if one["rounding_step"] is None else one["rounding_step"],
        source_en=one["source_en"] or one["source_id"], packs=_packs(item, one["packs"]),
    )  # fmt: skip


def _packs(item: ItemView, names: list[str]) -> tuple[Pack, ...]:
    known = {plain(one.name): Pack(name=one.name, quantity_milli=one.quantity_milli) for one in item.packs}
    for name in names:
        if plain(name) not in known:
            packs = " + ".join(one.name for one in item.packs) or "–"
            raise Invalid("standard.pack_unknown", field="lines", item=item.name(context.lang()), packs=packs)
    chosen = {plain(name): known[plain(name)] for name in names}
    return tuple(sorted(chosen.values(), key=lambda one: (-one.quantity_milli, one.name)))


@api.delete("/standards/<uuid:standard_id>")
@guard.requires("standard.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.StandardFullOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def discard_standard(standard_id: UUID, **_: Any) -> Response:
    """Put a draft aside; it stays on record as retired."""
    return context.write_once(lambda tx: _moved(tx, standard_id, discard_draft), 200)


@api.post("/standards/<uuid:standard_id>/retirement")
@guard.requires("standard.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.StandardFullOut)
@api.alt_response(403, schema=Problem)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def retire_package_standard(standard_id: UUID, **_: Any) -> Response:
    """Take a version out of use; rounds that use it keep it."""
    return context.write_once(lambda tx: _moved(tx, standard_id, retire_standard), 200)


def _moved(tx: Tx, standard_id: UUID, act: Callable[[Tx, UUID], None]) -> Any:
    act(tx, standard_id)
    tx.session.flush()
    tx.session.expire_all()
    return shapes.StandardFullOut().dump(queries.standard(tx, standard_id))


@api.post("/standards/<uuid:standard_id>/example")
@guard.requires("standard.see")
@api.arguments(shapes.HouseholdIn)
@api.response(200, shapes.WorkedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def work_out_example(data: dict[str, Any], standard_id: UUID) -> Any:
    """Work out what a household of these people gets, each figure with its arithmetic; nothing is written."""
    days = data.pop("days")
    people = People(persons=data["adults"] + data["children"], **data)
    check_people(people)
    lang = context.lang()
    with context.read() as tx:
        found = queries.standard(tx, standard_id)
        lines = worked(tx, found.rules, people, days or found.days)
        return {
            "days": days or found.days,
            "lines": [
                {
                    "item_code": one.item_code, "item_name_id": one.item_name_id, "item_name_en": one.item_name_en,
                    "unit": one.unit, "need": one.need, "surplus_milli": one.surplus_milli,
                    "arithmetic": one.arithmetic(lang), "sources": one.sources(lang),
                }
                for one in lines
            ],
        }  # fmt: skip


@api.get("/standards/<uuid:standard_id>/coverage")
@guard.requires("standard.see")
@api.arguments(shapes.CoverageArgs, location="query")
@api.response(200, shapes.CoverageOut)
@api.alt_response(404, schema=Problem)
def show_coverage(args: dict[str, Any], standard_id: UUID) -> Any:
    """Tell how far a kit covers the standard, by item and household size, in thousandths rounded down."""
    with context.read() as tx:
        found = queries.standard(tx, standard_id)
        kit = next((one for one in kits(tx) if args["kit_code"] in ("", one.item.code)), None)
        if kit is None:
            raise NotFound("item.not_found", item=args["kit_code"])
        counted = village_counts(tx)
        mean = MeanHousehold(sum(one.persons for one in counted), sum(one.households for one in counted))
        has: dict[UUID, Milli] = {one.item.id: one.quantity_milli for one in kit.components}
        codes = {one.id: one.code for one in items(tx, ids={*has, *(line.item_id for line in found.rules)})}
    return {
        "kit_code": kit.item.code, "days": found.days, "mean_persons": mean.persons,
        "mean_households": mean.households,
        "lines": [
            {
                "item_code": codes[line.item_id], "has": line.has_milli, "mean_permille": line.mean_permille,
                "by_size": [
                    {"size": size, "needs": needs, "permille": permille}
                    for size, needs, permille in zip(SIZES, line.needs_milli, line.permille, strict=True)
                ],
            }
            for line in coverage_of(has, found.rules, found.days, mean)
        ],
    }  # fmt: skip


@api.post("/standards/needs-profile")
@guard.requires("standard.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ProfileIn)
@api.response(200, shapes.ProfileOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(422, schema=Problem)
def import_needs_profile(data: dict[str, Any], **_: Any) -> Response:
    """Make a draft standard of a needs profile, every row with its outcome.

    Nothing is saved in a trial, nor while a row is open: unknown_item, unknown_unit or unreadable without a choice.
    """
    file = parse(json.dumps(data["profile"]).encode(), data["name_id"])
    chosen = {one["row"]: Chosen(item_code=one["item_code"], each_milli=one["unit_holds"]) for one in data["choices"]}

    def act(tx: Tx) -> Any:
        tx.require("standard.edit")
        rows = judge(file, items(tx), data["days"], chosen)
        is_decided = not any(one.outcome.is_open for one in rows)
        made = None
        if is_decided and not data["is_trial"]:
            order = DefineStandard(
                code=data["code"], name_id=data["name_id"], name_en=data["name_en"] or data["name_id"],
                days=data["days"], legal_source=file.provenance, lines=lines_of(rows),
            )  # fmt: skip
            made = define_standard(tx, order)
        return shapes.ProfileOut().dump({"standard_id": made, "rows": [_row(one) for one in rows]})

    return context.write_once(act, 200)


def _row(one: JudgedRow) -> dict[str, Any]:
    lang = context.lang()
    return {
        "row": one.row.number, "resource": one.row.resource, "outcome": one.outcome,
        "why": reason_sentence(one.code, one.facts, lang), "item_code": one.item.code if one.item else None,
        "becomes": rate_sentence(one.line, one.item.base_unit, lang) if one.line and one.item else "",
    }  # fmt: skip


# ---------------------------------------------------------------- age classes


@api.get("/age-limits")
@guard.requires("standard.see")
@api.response(200, shapes.AgeLimitsListOut)
def list_age_limits() -> dict[str, Any]:
    """Give the ages that divide people into classes, every version, the one that counts first."""
    with context.read() as tx:
        return {"versions": age_limits(tx)}


@api.post("/age-limits")
@guard.requires("age_limit.set")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.AgeLimitsIn)
@api.response(201, shapes.AgeLimitsOut)
@api.alt_response(422, schema=Problem)
def change_age_limits(data: dict[str, Any], **_: Any) -> Response:
    """Let other ages count for new plans; rounds that are open keep theirs."""
    reason = data.pop("reason")

    def act(tx: Tx) -> Any:
        set_age_limits(tx, SetAgeLimits(limits=Thresholds(**data), reason=reason))
        return shapes.AgeLimitsOut().dump(age_limits(tx)[0])

    return context.write_once(act)


# ---------------------------------------------------------------- durables of incidents that share their days


@api.get("/incidents/<uuid:incident_id>/durables")
@guard.requires("durable.decide")
@api.response(200, shapes.DurablesOut)
@api.alt_response(404, schema=Problem)
def list_durables(incident_id: UUID) -> dict[str, Any]:
    """Give who of this incident got durables in another of the same days, and what was decided about it."""
    with context.read() as tx:
        view = zones.incident_by_id(tx, incident_id)
        others = frozenset(one.id for one in week.overlapping(tx, view))
        here = [line.household_id for line in to_serve(tx, view.id).lines]
        return {"given_elsewhere": given_elsewhere(tx, others, here), "decisions": decisions(tx, view.id)}


@api.post("/incidents/<uuid:incident_id>/durables")
@guard.requires("durable.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.GiveAgainIn)
@api.response(201, shapes.AgainOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def give_durables_again(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Decide that durables of another incident of the same days are given again, to one household or to everybody."""

    def act(tx: Tx) -> Any:
        view = zones.incident_by_id(tx, incident_id)
        if data["other_incident_id"] not in {one.id for one in week.overlapping(tx, view)}:
            raise NotFound("incident.not_found")
        made = give_again(tx, GiveAgain(incident_id=view.id, **data))
        return shapes.AgainOut().dump(next(one for one in decisions(tx, view.id) if one.id == made))

    return context.write_once(act)


@api.post("/incidents/<uuid:incident_id>/durables/<uuid:decision_id>/withdrawal")
@guard.requires("durable.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.AgainListOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def withdraw_decision(incident_id: UUID, decision_id: UUID, **_: Any) -> Response:
    """Take a decision back; packages planned by it stay as they are."""

    def act(tx: Tx) -> Any:
        view = zones.incident_by_id(tx, incident_id)
        withdraw(tx, view.id, decision_id)
        return shapes.AgainListOut().dump({"decisions": decisions(tx, view.id)})

    return context.write_once(act, 200)
