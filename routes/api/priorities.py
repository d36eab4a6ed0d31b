"""The priority rule for machines: its versions, what is proposed, what is in force; limits for approving plans."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from logistics.planning import approving, priorities
from routes import context, guard
from routes.schemas import priorities as shapes
from routes.schemas.fields import KeyHeader, Problem
from stock.items.queries import find_item, items

api = Blueprint("priority-rules", __name__, description="Who is served first when there is not enough.")


@api.get("/priority-rules")
@guard.requires("rule.see")
@api.response(200, shapes.RulesOut)
def list_rules() -> dict[str, Any]:
    """Give the rule in force and every version the office has proposed, the newest first."""
    lang = context.lang()
    with context.read() as tx:
        goods = {one.id: one for one in items(tx, with_inactive=True)}
        return {
            "in_force": shapes.rule_of(priorities.view_in_force(tx), goods, lang),
            "rules": [shapes.rule_of(one, goods, lang) for one in priorities.rules(tx)],
        }


@api.post("/priority-rules")
@guard.requires("rule.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.RuleIn)
@api.response(201, shapes.RuleOut)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def propose_rule(data: dict[str, Any], **_: Any) -> Response:
    """Propose the next version; plans follow it once a second person has put it into force."""

    def act(tx: Tx) -> Any:
        codes = data.pop("part_item_codes")
        order = priorities.DeclareRule(
            **{**data, "criteria": tuple(data["criteria"])},
            part_items=tuple(find_item(tx, code).id for code in codes),
        )
        return _dumped(tx, priorities.declare_rule(tx, order))

    return context.write_once(act)


@api.post("/priority-rules/<uuid:rule_id>/enactment")
@guard.requires("rule.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.RuleOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def enact_rule(rule_id: UUID, **_: Any) -> Response:
    """Put a version into force, never by who proposed it; the one before retires."""
    return _moved(rule_id, priorities.put_rule_in_force)


@api.post("/priority-rules/<uuid:rule_id>/withdrawal")
@guard.requires("rule.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.RuleOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def withdraw_rule(rule_id: UUID, **_: Any) -> Response:
    """Take a proposal back."""
    return _moved(rule_id, priorities.withdraw_rule)


@api.post("/priority-rules/<uuid:rule_id>/retirement")
@guard.requires("rule.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.RuleOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def retire_rule(rule_id: UUID, **_: Any) -> Response:
    """Take the version in force out of force; the built-in order holds again."""
    return _moved(rule_id, priorities.retire_rule)


@api.get("/plan-limit")
@guard.requires("rule.see")
@api.response(200, shapes.PlanLimitOut)
def show_plan_limit() -> approving.PlanLimitView:
    """Give from where on a plan needs a second person's approval; 0: always."""
    with context.read() as tx:
        return approving.plan_limit(tx)


@api.post("/plan-limit")
@guard.requires("office.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PlanLimitIn)
@api.response(200, shapes.PlanLimitOut)
@api.alt_response(422, schema=Problem)
def set_plan_limit(order: approving.SetPlanLimit, **_: Any) -> Response:
    """Say from where on a plan needs a second person's approval."""

    def act(tx: Tx) -> Any:
        approving.set_plan_limit(tx, order)
        return shapes.PlanLimitOut().dump(approving.plan_limit(tx))

    return context.write_once(act, 200)


def _moved(rule_id: UUID, move: Any) -> Response:
    def act(tx: Tx) -> Any:
        move(tx, rule_id)
        return _dumped(tx, rule_id)

    return context.write_once(act, 200)


def _dumped(tx: Tx, rule_id: UUID) -> Any:
    tx.session.flush()
    goods = {one.id: one for one in items(tx, with_inactive=True)}
    return shapes.RuleOut().dump(shapes.rule_of(priorities.rule(tx, rule_id), goods, context.lang()))
