from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from logistics.packages.states import PackageState, RoundState, StandardState
from logistics.planning.states import PlanState
from routes.schemas.fields import Day, In, Instant, Line, PageArgs, Quantity


class StandardOut(Schema):
    id = fields.UUID()
    code = fields.String()
    version = fields.Integer()
    name_id = fields.String()
    name_en = fields.String()
    days = fields.Integer()
    state = fields.Enum(StandardState, by_value=True)
    legal_source = fields.String()
    approved_on = Day(allow_none=True)


class StandardsOut(Schema):
    standards = fields.List(fields.Nested(StandardOut))


class RoundOut(Schema):
    id = fields.UUID()
    incident_id = fields.UUID(allow_none=True)
    term_id = fields.UUID(allow_none=True)
    no = fields.Integer()
    first_on = Day(attribute="week.first_on")
    last_on = Day(attribute="week.last_on")
    standard_id = fields.UUID()
    state = fields.Enum(RoundState, by_value=True)
    approved_at = Instant(allow_none=True)


class RoundsOut(Schema):
    rounds = fields.List(fields.Nested(RoundOut))


class RoundCountsOut(Schema):
    waiting = fields.Integer()
    planned = fields.Integer()
    reserved = fields.Integer()
    loaded = fields.Integer()
    served = fields.Integer()
    households = fields.Integer()
    persons = fields.Integer()


class PlanOut(Schema):
    id = fields.UUID()
    no = fields.Integer()
    state = fields.Enum(PlanState, by_value=True)
    is_fitted = fields.Boolean()
    rule_version = fields.String()
    floor_permille = fields.Integer(allow_none=True)
    largest_floor_permille = fields.Integer(allow_none=True)
    planned_at = Instant()
    approved_at = Instant(allow_none=True)


class RoundDetailOut(RoundOut):
    counts = fields.Nested(RoundCountsOut)
    plans = fields.List(fields.Nested(PlanOut))


class PlanIn(In):
    """Plan the incident's week; without ``is_next`` the open round takes in whoever was confirmed since."""

    is_next = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    fit_to_stock = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    fit_to_posts = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    start_over = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class ShortOut(Schema):
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    need = Quantity(attribute="need_milli")
    free = Quantity(attribute="free_milli")
    short = Quantity(attribute="short_milli")


class PlannedOut(Schema):
    """What planning did; ``shortages`` is empty when the draft can be approved."""

    round_id = fields.UUID()
    plan_id = fields.UUID()
    added = fields.Integer()
    kept = fields.Integer()
    waiting = fields.Integer()
    planned = fields.Integer()
    in_part = fields.Integer()
    shortages = fields.List(fields.Nested(ShortOut))


class ApprovedOut(Schema):
    round_id = fields.UUID()
    plan_id = fields.UUID()
    packages = fields.Integer()
    reservations = fields.Integer()


class PackageArgs(PageArgs):
    post_id = fields.UUID(load_default=None)
    serve_on = Day(load_default=None)
    state = fields.Enum(PackageState, by_value=True, load_default=None)
    village_code = fields.String(load_default="", validate=validate.Length(max=20))


class PackageRowOut(Schema):
    id = fields.UUID()
    round_id = fields.UUID()
    code = fields.String()
    no = fields.Integer()
    village_code = fields.String()
    persons = fields.Integer()
    rank = fields.Integer()
    state = fields.Enum(PackageState, by_value=True)
    post_id = fields.UUID(allow_none=True)
    serve_on = Day(allow_none=True)
    hours = fields.String(
        metadata={"description": "08:00-10:00, as they were promised; empty where the post told none"}
    )
    reason = fields.String()


class PackagesOut(Schema):
    packages = fields.List(fields.Nested(PackageRowOut))
    total = fields.Integer()


class PackageLineOut(Schema):
    item_code = fields.String()
    unit = fields.String()
    exact = Quantity()
    quantity = Quantity()
    is_once = fields.Boolean()
    origin = fields.List(fields.String())
    sources = fields.List(fields.String())


class PackageLackOut(Schema):
    """A line that was not there at the beneficiary's turn, and why."""

    item_code = fields.String()
    unit = fields.String()
    quantity = Quantity()
    reason = fields.String()
    is_supplemented = fields.Boolean()


class PackageOut(PackageRowOut):
    """One package with the arithmetic of every line; nothing of a person."""

    incident_id = fields.UUID(allow_none=True)
    term_id = fields.UUID(allow_none=True)
    standard_id = fields.UUID()
    lines = fields.List(fields.Nested(PackageLineOut))
    lacks = fields.List(fields.Nested(PackageLackOut))


class CancelPackageIn(In):
    reason = Line(required=True, most=200, least=5)


class DiscardedOut(Schema):
    is_discarded = fields.Boolean()


def row_of(row: Any, lang: str) -> dict[str, Any]:
    """Give a package's row ready to be dumped, with its reason in the reader's language."""
    names = ("id", "round_id", "code", "no", "village_code", "persons", "rank", "state", "post_id", "serve_on", "hours")
    return {**{name: getattr(row, name) for name in names}, "reason": row.reason(lang)}


def lines_of(lines: Any, lang: str) -> list[dict[str, Any]]:
    """Give a package's lines ready to be dumped, with their arithmetic in words."""
    return [
        {
            "item_code": line.item_code, "unit": line.unit, "exact": line.exact_milli, "quantity": line.quantity_milli,
            "is_once": line.is_once, "origin": list(line.origin(lang)), "sources": list(line.sources(lang)),
        }
        for line in lines
    ]  # fmt: skip


def lacks_of(lacks: Any, lang: str) -> list[dict[str, Any]]:
    """Give what a package goes without ready to be dumped, with the reason in words."""
    return [
        {
            "item_code": lack.item_code, "unit": lack.unit, "quantity": lack.quantity_milli,
            "reason": lack.reason(lang), "is_supplemented": lack.is_supplemented,
        }
        for lack in lacks
    ]  # fmt: skip
