from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from logistics.planning.states import Means
from routes.schemas.fields import Day, In, Instant, Line, whole_number


class AreaOut(Schema):
    """Villages joined by land, apart from the rest; ``detour_permille`` null: the office's holds."""

    id = fields.UUID()
    name = fields.String()
    means = fields.Enum(Means, by_value=True)
    village_codes = fields.List(fields.String())
    detour_permille = fields.Integer(attribute="detour.permille", allow_none=True, dump_default=None)
    made_at = Instant()


class ClosedWayOut(Schema):
    """``area_id`` null: the rest of the regency."""

    id = fields.UUID()
    warehouse_id = fields.UUID(attribute="warehouse.id")
    area_id = fields.UUID(allow_none=True)
    means = fields.Enum(Means, by_value=True)
    reason = fields.String()
    from_on = Day()
    to_on = Day(allow_none=True)
    closed_at = Instant()
    opened_at = Instant(allow_none=True)


class DistanceOut(Schema):
    """``metres`` null: there is no way."""

    id = fields.UUID()
    village_code = fields.String()
    post_id = fields.UUID()
    metres = fields.Integer(allow_none=True)
    source = fields.String()
    said_at = Instant()


class ReachOut(Schema):
    """An area (null: the rest of the regency) today: its households, and the warehouses that can bring goods."""

    area_id = fields.UUID(attribute="area.id", allow_none=True, dump_default=None)
    households = fields.Integer()
    confirmed = fields.Integer()
    post_ids = fields.List(fields.UUID())
    open_warehouse_ids = fields.List(fields.UUID())
    shut_warehouse_ids = fields.List(fields.UUID())
    is_cut_off = fields.Boolean()
    has_no_post = fields.Boolean()


class WaysOut(Schema):
    detour_permille = fields.Integer()
    detour_source = fields.String()
    areas = fields.List(fields.Nested(AreaOut))
    closed = fields.List(fields.Nested(ClosedWayOut))
    distances = fields.List(fields.Nested(DistanceOut))
    reach = fields.List(fields.Nested(ReachOut))


class IslandsOut(Schema):
    """Groups of villages that hang together by land, the largest first: offered, confirmed by nobody yet."""

    groups = fields.List(fields.List(fields.String()))


class AreaIn(In):
    name = Line(required=True, most=80, least=3)
    means = fields.Enum(Means, by_value=True, required=True)
    village_codes = fields.List(
        Line(most=20, least=2), required=True, validate=validate.Length(min=1, max=2000)
    )  # fmt: skip

    @post_load
    def as_tuples(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "village_codes": tuple(data["village_codes"])}


class CloseWayIn(In):
    warehouse_id = fields.UUID(required=True)
    area_id = fields.UUID(load_default=None, allow_none=True)
    means = fields.Enum(Means, by_value=True, required=True)
    reason = Line(required=True, most=200, least=5)
    from_on = Day(load_default=None, allow_none=True)
    to_on = Day(load_default=None, allow_none=True)


class DistanceIn(In):
    village_code = Line(required=True, most=20, least=2)
    post_id = fields.UUID(required=True)
    metres = whole_number(required=True, most=2_000_000, allow_none=True)
    source = Line(required=True, most=200, least=3)


class DetourIn(In):
    area_id = fields.UUID(load_default=None, allow_none=True)
    permille = whole_number(required=True, least=1000, most=10_000)
    source = Line(required=True, most=200, least=3)


class MadeOut(Schema):
    id = fields.UUID()


class DoneOut(Schema):
    done = fields.Boolean()
