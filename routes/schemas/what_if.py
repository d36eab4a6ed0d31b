from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from core.measures import Milli
from logistics.planning.what_if import MOST_ALTERNATIVES, Level, Verdict
from routes.schemas.fields import In, Line, Quantity, whole_number
from routes.wishing import MOST_PER_DAY, Wish

MOST_MOVED = 500
MOST_ROWS = 20


class SupposedStockIn(In):
    """So much more of an item at a warehouse; less where ``is_less``."""

    place_code = Line(required=True, most=40, least=1)
    item_code = Line(required=True, most=40, least=1)
    quantity = Quantity(required=True)
    is_less = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class SupposedCapacityIn(In):
    post_code = Line(required=True, most=40, least=1)
    households_per_day = whole_number(required=True, least=1, most=MOST_PER_DAY)


class PlanAlternativeIn(In):
    """What is different; what is left out stays as it is. ``floor``: permille, or ``is_floor_largest``."""

    rule_version = Line(load_default="", most=40)
    standard_id = fields.UUID(load_default=None)
    floor = whole_number(load_default=None, allow_none=True, most=1000)
    is_floor_largest = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    stock = fields.List(fields.Nested(SupposedStockIn), load_default=list, validate=validate.Length(max=MOST_ROWS))
    closed_warehouse_codes = fields.List(
        Line(most=40, least=1), load_default=list, validate=validate.Length(max=MOST_ROWS)
    )
    closed_post_codes = fields.List(Line(most=40, least=1), load_default=list, validate=validate.Length(max=MOST_ROWS))
    capacities = fields.List(
        fields.Nested(SupposedCapacityIn), load_default=list, validate=validate.Length(max=MOST_ROWS)
    )

    @post_load
    def _wish(self, data: dict[str, Any], **_: Any) -> Wish:
        return Wish(
            rule=data["rule_version"], standard_id=data["standard_id"],
            floor_permille=None if data["is_floor_largest"] else data["floor"],
            is_floor_largest=data["is_floor_largest"],
            stock=tuple(
                (one["place_code"], one["item_code"], Milli(-one["quantity"] if one["is_less"] else one["quantity"]))
                for one in data["stock"]
            ),
            closed_warehouses=tuple(data["closed_warehouse_codes"]), closed_posts=tuple(data["closed_post_codes"]),
            capacities=tuple((one["post_code"], one["households_per_day"]) for one in data["capacities"]),
        )  # fmt: skip


class PlanComparisonIn(In):
    """Up to three alternatives; ``round_no`` picks an incident's round, else the newest or the next week."""

    alternatives = fields.List(
        fields.Nested(PlanAlternativeIn), required=True, validate=validate.Length(min=1, max=MOST_ALTERNATIVES)
    )
    round_no = whole_number(load_default=None, allow_none=True, least=1, most=10_000)
    moved_limit = whole_number(load_default=50, most=MOST_MOVED)


class VillageOutcomeOut(Schema):
    village_code = fields.String()
    households = fields.Integer()
    whole = fields.Integer()
    part = fields.Integer()
    waits = fields.Integer()


class ItemOutcomeOut(Schema):
    item_code = fields.String()
    unit = fields.String()
    need = Quantity()
    given = Quantity()
    lacking = Quantity()
    households_lacking = fields.Integer()
    first_rank_lacking = fields.Integer(allow_none=True)


class PlanOutcomeOut(Schema):
    """One plan in figures; metres are those of the households that are served and whose way is known."""

    households = fields.Integer()
    persons = fields.Integer()
    whole = fields.Integer()
    part = fields.Integer()
    waits = fields.Integer()
    without_place = fields.Integer()
    persons_whole = fields.Integer()
    floor_permille = fields.Integer(allow_none=True)
    largest_floor_permille = fields.Integer()
    mean_metres = fields.Integer(allow_none=True)
    farthest_metres = fields.Integer(allow_none=True)
    villages = fields.List(fields.Nested(VillageOutcomeOut))
    items = fields.List(fields.Nested(ItemOutcomeOut))


class WhatIfMovedOut(Schema):
    """A household that gets something else, by its code: nobody is named."""

    code = fields.String(attribute="before.code")
    village_code = fields.String(attribute="before.village_code")
    rank_before = fields.Integer(attribute="before.rank")
    rank_after = fields.Integer(attribute="after.rank")
    level_before = fields.Enum(Level, by_value=True, attribute="before.level")
    level_after = fields.Enum(Level, by_value=True, attribute="after.level")
    verdict = fields.Enum(Verdict, by_value=True)


class WhatIfMovesOut(Schema):
    better = fields.Integer()
    worse = fields.Integer()
    other = fields.Integer()
    same = fields.Integer()
    moved = fields.List(fields.Nested(WhatIfMovedOut))


class PlanBaseOut(Schema):
    told = fields.String()
    is_approved = fields.Boolean()
    outcome = fields.Nested(PlanOutcomeOut)


class PlanAlternativeOut(Schema):
    """``obstacle`` says why it cannot be made the plan; null where it can."""

    told = fields.List(fields.String())
    can_be_taken = fields.Boolean()
    obstacle = fields.String(allow_none=True)
    outcome = fields.Nested(PlanOutcomeOut)
    comparison = fields.Nested(WhatIfMovesOut)


class PlanComparedOut(Schema):
    base = fields.Nested(PlanBaseOut)
    alternatives = fields.List(fields.Nested(PlanAlternativeOut))


class RunProofOut(Schema):
    no = fields.Integer()
    households = fields.Integer()
    is_untouched = fields.Boolean()
    is_same = fields.Boolean()
    told = fields.String()


class PlanProofOut(Schema):
    plan_id = fields.UUID()
    no = fields.Integer()
    runs = fields.List(fields.Nested(RunProofOut))


class RoundProofOut(Schema):
    """Empty runs: the plan is a revision, or older than its inputs are kept."""

    plans = fields.List(fields.Nested(PlanProofOut))


class TakeAlternativeIn(In):
    """Plan the draft anew with this rule and standard; supposed stock, posts and shares cannot be taken over."""

    rule_version = Line(load_default="", most=40)
    standard_id = fields.UUID(load_default=None)
    round_no = whole_number(load_default=None, allow_none=True, least=1, most=10_000)

    @post_load
    def _wish(self, data: dict[str, Any], **_: Any) -> tuple[Wish, int | None]:
        return Wish(rule=data["rule_version"], standard_id=data["standard_id"]), data["round_no"]
