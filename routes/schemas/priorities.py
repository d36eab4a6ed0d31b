from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from logistics.planning import approving, priorities, rule_words
from logistics.planning.priority import Criterion
from logistics.planning.states import Parts, RuleState
from routes.schemas.fields import In, Instant, Line, Money, whole_number

MOST_ITEMS = 200


class RuleIn(In):
    """The next version of the rule; ``floor_permille`` null: the largest share that every village can have."""

    name = Line(required=True, most=priorities.MOST_NAME, least=3)
    criteria = fields.List(
        fields.Enum(Criterion, by_value=True), required=True, validate=validate.Length(min=1, max=len(Criterion))
    )
    floor_permille = whole_number(required=True, allow_none=True, most=1000)
    parts = fields.Enum(Parts, by_value=True, required=True)
    part_item_codes = fields.List(Line(most=40, least=1), load_default=list, validate=validate.Length(max=MOST_ITEMS))
    reason = Line(required=True, most=priorities.MOST_REASON, least=10)
    legal_source = Line(required=True, most=priorities.MOST_REASON, least=5)


class RuleOut(Schema):
    """One version; ``id`` is null for the order that is built in. ``sentences`` say it in the reader's language."""

    id = fields.UUID(allow_none=True)
    version = fields.String()
    name = fields.String()
    state = fields.Enum(RuleState, by_value=True)
    criteria = fields.List(fields.Enum(Criterion, by_value=True))
    floor_permille = fields.Integer(allow_none=True)
    parts = fields.Enum(Parts, by_value=True)
    part_item_codes = fields.List(fields.String())
    sentences = fields.List(fields.String())
    reason = fields.String()
    legal_source = fields.String()
    proposed_by_name = fields.String()
    proposed_at = Instant(allow_none=True)
    approved_by_name = fields.String(allow_none=True)
    approved_at = Instant(allow_none=True)


class RulesOut(Schema):
    in_force = fields.Nested(RuleOut)
    rules = fields.List(fields.Nested(RuleOut))


class PlanLimitIn(In):
    """From where on a second person approves a plan; 0: always."""

    value_rp = Money(required=True)
    households = whole_number(required=True, most=approving.MOST_HOUSEHOLDS)

    @post_load
    def _order(self, data: dict[str, Any], **_: Any) -> approving.SetPlanLimit:
        return approving.SetPlanLimit(**data)


class PlanLimitOut(Schema):
    value_rp = Money()
    households = fields.Integer()


def rule_of(view: priorities.RuleView, goods: dict[Any, Any], lang: str) -> dict[str, Any]:
    """Give a version ready to be dumped; ``goods`` are the items it may name, by id."""
    rule = view.priority
    names = {one.id: one.name(lang) for one in goods.values()}
    return {
        "id": view.id, "version": view.version, "name": view.title(lang), "state": view.state,
        "criteria": rule.criteria, "floor_permille": rule.floor_permille, "parts": view.parts,
        "part_item_codes": [goods[one].code for one in rule.part_items or ()],
        "sentences": rule_words.rule_sentences(rule, names, lang), "reason": view.reason,
        "legal_source": view.legal_source, "proposed_by_name": view.proposed_by_name, "proposed_at": view.proposed_at,
        "approved_by_name": view.approved_by_name, "approved_at": view.approved_at,
    }  # fmt: skip
