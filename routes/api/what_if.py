"""What-if for machines: the plan beside alternatives, taking one over, approved plans worked out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.i18n import say
from core.work import Tx
from logistics.packages.queries import round_by_id
from logistics.planning.proof import proof_of
from logistics.planning.queries import plans_of
from logistics.planning.states import PlanState
from logistics.planning.what_if import Outcome
from logistics.programmes.queries import term_by_id
from logistics.zones.queries import incident_by_id
from routes import alternatives, context, guard
from routes.occasion import Occasion
from routes.schemas import what_if as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.plan import PlannedOut
from routes.wishing import Wish
from stock.items.queries import ItemView, items

Asked = tuple[Wish, int | None]
"""A wish, and the number of the week it is for (None: the one that waits)."""

api = Blueprint("what-if", __name__, description="What another rule, standard, stock or post would mean.")


@api.post("/incidents/<uuid:incident_id>/plan-comparisons")
@guard.requires("round.compare")
@api.arguments(shapes.PlanComparisonIn)
@api.response(200, shapes.PlanComparedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def compare_incident_plan(data: dict[str, Any], incident_id: UUID) -> dict[str, Any]:
    """Hold the week's plan, or what it would be now, against alternatives. Nothing is written."""
    with context.read() as tx:
        return _compared(tx, Occasion(incident=incident_by_id(tx, incident_id)), data)


@api.post("/terms/<uuid:term_id>/plan-comparisons")
@guard.requires("round.compare")
@api.arguments(shapes.PlanComparisonIn)
@api.response(200, shapes.PlanComparedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def compare_term_plan(data: dict[str, Any], term_id: UUID) -> dict[str, Any]:
    """Hold a term's plan against alternatives. Nothing is written."""
    with context.read() as tx:
        return _compared(tx, Occasion(term=term_by_id(tx, term_id)), data)


@api.post("/incidents/<uuid:incident_id>/plan-choices")
@guard.requires("round.plan")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.TakeAlternativeIn)
@api.response(201, PlannedOut)
@api.alt_response(409, schema=Problem)
def take_incident_alternative(asked: Asked, incident_id: UUID, **_: Any) -> Response:
    """Plan the week's draft anew with a rule and standard that were compared."""
    return _taken(lambda tx: Occasion(incident=incident_by_id(tx, incident_id)), asked)


@api.post("/terms/<uuid:term_id>/plan-choices")
@guard.requires("round.plan")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.TakeAlternativeIn)
@api.response(201, PlannedOut)
@api.alt_response(409, schema=Problem)
def take_term_alternative(asked: Asked, term_id: UUID, **_: Any) -> Response:
    """Plan a term's draft anew with a rule that was compared."""
    return _taken(lambda tx: Occasion(term=term_by_id(tx, term_id)), asked)


@api.get("/rounds/<uuid:round_id>/proof")
@guard.requires("round.compare")
@api.response(200, shapes.RoundProofOut)
@api.alt_response(404, schema=Problem)
def prove_round(round_id: UUID) -> dict[str, Any]:
    """Work a round's approved plans out again from what was kept: the same, or where the first difference lies."""
    lang = context.lang()
    with context.read() as tx:
        round_by_id(tx, round_id)
        return {
            "plans": [
                {
                    "plan_id": plan.id, "no": plan.no,
                    "runs": [
                        {
                            "no": run.no, "households": run.households, "is_untouched": run.is_untouched,
                            "is_same": run.is_same, "told": run.told(lang),
                        }
                        for run in proof_of(tx, plan.id)
                    ],
                }
                for plan in plans_of(tx, round_id) if plan.state is PlanState.APPROVED
            ]
        }  # fmt: skip


def _compared(tx: Tx, here: Occasion, data: Mapping[str, Any]) -> dict[str, Any]:
    lang = context.lang()
    ground = alternatives.ground_at(tx, here, data["round_no"])
    base, *others = alternatives.columns(tx, ground, data["alternatives"], lang)
    goods = {one.id: one for one in items(tx, with_inactive=True)}
    made = []
    for one in others:
        assert one.granted is not None
        assert one.comparison is not None
        hindered = alternatives.obstacle(tx, ground, one.granted)
        made.append(
            {
                "told": one.granted.told, "can_be_taken": hindered is None,
                "obstacle": None if hindered is None else say(hindered, lang),
                "outcome": _figures(one.outcome, goods),
                "comparison": {
                    **{name: getattr(one.comparison, name) for name in ("better", "worse", "other", "same")},
                    "moved": one.comparison.moved[: data["moved_limit"]],
                },
            }
        )  # fmt: skip
    return {
        "base": {
            "told": alternatives.told(tx, ground, lang), "is_approved": ground.is_frozen,
            "outcome": _figures(base.outcome, goods),
        },
        "alternatives": made,
    }  # fmt: skip


def _figures(outcome: Outcome, goods: Mapping[UUID, ItemView]) -> dict[str, Any]:
    plain = [name for name in shapes.PlanOutcomeOut().fields if name != "items"]
    return {
        **{name: getattr(outcome, name) for name in plain},
        "items": [
            {
                "item_code": goods[one.item_id].code, "unit": goods[one.item_id].base_unit, "need": one.need_milli,
                "given": one.given_milli, "lacking": one.lacking_milli, "households_lacking": one.households_lacking,
                "first_rank_lacking": one.first_rank_lacking,
            }
            for one in outcome.items
        ],
    }  # fmt: skip


def _taken(here_of: Any, asked: Asked) -> Response:
    return context.write_once(lambda tx: PlannedOut().dump(alternatives.take_over(tx, here_of(tx), *asked)))
