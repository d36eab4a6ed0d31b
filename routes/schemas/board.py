from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from logistics.dispatch.schedule import Cell, Counts, Load, Row, Schedule
from routes.schemas.fields import Day, In, Instant, Line, Quantity

MOST_HOUSEHOLDS = 1_000_000


class BoardCountsOut(Schema):
    planned = fields.Integer()
    reserved = fields.Integer()
    loaded = fields.Integer()
    served = fields.Integer()
    households = fields.Integer()
    persons = fields.Integer()
    vulnerable = fields.Integer()


class BoardGoodsOut(Schema):
    item_code = fields.String()
    unit = fields.String()
    quantity = Quantity()


class BoardLoadOut(Schema):
    """Goods that go together. ``weight_kg`` is the least it can be while items of unknown weight are named."""

    goods = fields.List(fields.Nested(BoardGoodsOut))
    weight_kg = Quantity()
    unknown_weight = fields.List(fields.String())


class BoardFromOut(Schema):
    warehouse = fields.String()
    cargo = fields.Nested(BoardLoadOut)


class BoardHourOut(Schema):
    """Hours of a post's day: those that it tells now, and those that were promised and are told no more."""

    hours = fields.String(metadata={"description": "08:00-10:00; empty for those who were promised none"})
    households = fields.Integer()
    capacity = fields.Integer(allow_none=True, metadata={"description": "null where the post tells them no more"})


class VillageCountOut(Schema):
    village_code = fields.String()
    households = fields.Integer()


class BoardCellOut(BoardCountsOut):
    serve_on = Day()
    is_closed = fields.Boolean()
    share_percent = fields.Integer()
    hours = fields.List(fields.Nested(BoardHourOut))
    villages = fields.List(fields.Nested(VillageCountOut))
    cargo = fields.Nested(BoardLoadOut)
    warehouses = fields.List(fields.Nested(BoardFromOut))


class BoardRowOut(Schema):
    post_id = fields.UUID()
    post_code = fields.String()
    post_name = fields.String()
    capacity_per_day = fields.Integer()
    is_closed = fields.Boolean()
    cells = fields.List(fields.Nested(BoardCellOut))
    total = fields.Nested(BoardCountsOut)
    cargo = fields.Nested(BoardLoadOut)


class DayTotalOut(BoardCountsOut):
    serve_on = Day()
    capacity = fields.Integer()
    cargo = fields.Nested(BoardLoadOut)


class BoardWaitingOut(Schema):
    households = fields.Integer()
    persons = fields.Integer()
    vulnerable = fields.Integer()
    villages = fields.List(fields.Nested(VillageCountOut))


class LastMoveOut(Schema):
    move_id = fields.UUID(attribute="id")
    no = fields.Integer()
    households = fields.Integer()
    from_post_id = fields.UUID(attribute="from_spot.post_id")
    from_day = Day(attribute="from_spot.serve_on")
    to_post_id = fields.UUID(attribute="to_spot.post_id")
    to_day = Day(attribute="to_spot.serve_on")
    reason = fields.String()
    moved_at = Instant()


class BoardOut(Schema):
    """Posts by days of a round; nobody is named."""

    rows = fields.List(fields.Nested(BoardRowOut))
    days = fields.List(fields.Nested(DayTotalOut))
    total = fields.Nested(BoardCountsOut)
    cargo = fields.Nested(BoardLoadOut)
    waiting = fields.Nested(BoardWaitingOut)
    last_move = fields.Nested(LastMoveOut, allow_none=True)


class BoardGroupIn(In):
    """Which households of a post and day go where; without a village, hours or number all that have not left."""

    from_post_id = fields.UUID(required=True)
    from_day = Day(required=True)
    to_post_id = fields.UUID(required=True)
    to_day = Day(required=True)
    to_hours = fields.String(load_default="", validate=validate.Length(max=11))
    village_code = fields.String(load_default="", validate=validate.Length(max=20))
    hours = fields.String(load_default="", validate=validate.Length(max=11))
    last = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=MOST_HOUSEHOLDS))


class BoardMoveIn(BoardGroupIn):
    """``seen`` is what the consequences gave; the move is refused when anything has changed since."""

    reason = Line(required=True, most=200, least=5)
    seen = fields.String(load_default="", validate=validate.Length(max=40))
    accepts_far = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class BoardUndoIn(In):
    move_id = fields.UUID(required=True)


class BoardRoomOut(Schema):
    before = fields.Integer()
    after = fields.Integer()
    capacity = fields.Integer(allow_none=True)
    others = fields.Integer()


class HourRoomOut(Schema):
    starts_at = fields.String()
    ends_at = fields.String()
    before = fields.Integer()
    after = fields.Integer()
    households = fields.Integer()


class BoardWalkingOut(Schema):
    farther = fields.Integer()
    nearer = fields.Integer()
    of_unknown_place = fields.Integer(attribute="unknown")
    out_of_reach = fields.Integer()
    longest_before_m = fields.Integer(allow_none=True)
    longest_after_m = fields.Integer(allow_none=True)
    mean_before_m = fields.Integer(allow_none=True)
    mean_after_m = fields.Integer(allow_none=True)


class MovedGoodsOut(Schema):
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    moved = Quantity(attribute="moved_milli")
    from_day_before = Quantity(attribute="from_before_milli")
    from_day_after = Quantity(attribute="from_after_milli")
    to_day_before = Quantity(attribute="to_before_milli")
    to_day_after = Quantity(attribute="to_after_milli")


class BoardSourceOut(Schema):
    warehouse = fields.String()
    item_code = fields.String(attribute="item.code")
    before = Quantity(attribute="before_milli")
    after = Quantity(attribute="after_milli")


class BoardRefusalOut(Schema):
    code = fields.String()
    sentence = fields.String()


class BoardPaperOut(Schema):
    document_id = fields.UUID(attribute="id")
    number = fields.String()
    households = fields.Integer()


class ConsequencesOut(Schema):
    """What follows from a move; with ``problems`` it would be refused. Nothing is changed by asking."""

    households = fields.Integer()
    persons = fields.Integer()
    vulnerable = fields.Integer()
    reserved = fields.Integer()
    staying_loaded = fields.Integer()
    staying_served = fields.Integer()
    origin = fields.Nested(BoardRoomOut)
    target = fields.Nested(BoardRoomOut)
    hours = fields.List(fields.Nested(HourRoomOut))
    walking = fields.Nested(BoardWalkingOut)
    goods = fields.List(fields.Nested(MovedGoodsOut))
    weight_kg = Quantity()
    unknown_weight = fields.List(fields.String())
    sources = fields.List(fields.Nested(BoardSourceOut))
    papers = fields.List(fields.Nested(BoardPaperOut))
    needs_consent = fields.Boolean()
    problems = fields.List(fields.Nested(BoardRefusalOut))
    seen = fields.String()


class BoardMovedOut(Schema):
    move_id = fields.UUID()
    households = fields.Integer()
    reserved = fields.Integer()


def board_of(found: Schedule) -> dict[str, Any]:
    """Give a board ready to be dumped."""
    return {
        "rows": [_row(one) for one in found.rows],
        "days": [
            {"serve_on": one.serve_on, "capacity": one.capacity, "cargo": _load(one.load), **_counts(one.counts)}
            for one in found.totals
        ],
        "total": _counts(found.counts), "cargo": _load(found.load),
        "waiting": {
            "households": found.waiting.households, "persons": found.waiting.persons,
            "vulnerable": found.waiting.vulnerable, "villages": _villages(found.waiting_villages),
        },
    }  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    return {
        "post_id": row.post.id, "post_code": row.post.code, "post_name": row.post.name,
        "capacity_per_day": row.post.capacity_per_day, "is_closed": row.post.closed_at is not None,
        "cells": [_cell(row, one) for one in row.cells], "total": _counts(row.counts), "cargo": _load(row.load),
    }  # fmt: skip


def _cell(row: Row, cell: Cell) -> dict[str, Any]:
    return {
        **_counts(cell.counts), "serve_on": cell.serve_on, "is_closed": cell.is_closed,
        "share_percent": row.share(cell),
        "hours": [
            {"hours": one.hours, "households": one.counts.households, "capacity": one.households}
            for one in cell.hours
        ],
        "villages": _villages(cell.villages), "cargo": _load(cell.load),
        "warehouses": [{"warehouse": one.warehouse, "cargo": _load(one.load)} for one in cell.warehouses],
    }  # fmt: skip


def _villages(many: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [{"village_code": code, "households": count} for code, count in many]


def _counts(counts: Counts) -> dict[str, int]:
    names = ("planned", "reserved", "loaded", "served", "households", "persons", "vulnerable")
    return {name: getattr(counts, name) for name in names}


def _load(load: Load) -> dict[str, Any]:
    return {
        "goods": [
            {"item_code": item.code, "unit": item.base_unit, "quantity": quantity} for item, quantity in load.goods
        ],
        "weight_kg": load.weight.grams,
        "unknown_weight": [item.code for item, _ in load.goods if item.id in load.weight.unknown],
    }
