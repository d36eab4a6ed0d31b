from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from core.measures import Milli
from logistics.planning.arrivals import Arrival, Way
from logistics.planning.need import NeedLine, RoundNeed
from logistics.planning.spreading import ItemDays, VillageNeed
from logistics.zones.gap_letter import MOST_COPIES, Addressee
from routes.schemas.fields import Day, In, Line, Quantity


class WarehouseFreeOut(Schema):
    place_code = fields.String(attribute="code")
    free = Quantity(attribute="free_milli")
    kept = Quantity(attribute="kept_milli")
    expected = Quantity(attribute="expected_milli")


class NeedLineOut(Schema):
    """One item: exact need, what is given (rounded per household), promised, free, missing; with its arithmetic.

    ``expected`` is on its way and counted nowhere. ``covers_days`` are days of the round's need that are promised or
    free; ``lasts_days`` those for which what is free covers what is still open.
    """

    item_code = fields.String()
    unit = fields.String()
    households = fields.Integer()
    exact = Quantity()
    quantity = Quantity()
    promised = Quantity()
    gone = Quantity()
    waiting = Quantity()
    lacking = Quantity()
    free = Quantity()
    short = Quantity()
    expected = Quantity()
    covers_days = fields.Integer(allow_none=True)
    lasts_days = fields.Integer(allow_none=True)
    by_warehouse = fields.List(fields.Nested(WarehouseFreeOut))
    origin = fields.List(fields.String())
    sources = fields.List(fields.String())


class NeedOut(Schema):
    lines = fields.List(fields.Nested(NeedLineOut))


class VillageItemOut(Schema):
    item_code = fields.String()
    unit = fields.String()
    households = fields.Integer()
    quantity = Quantity()
    given = Quantity()
    reserved = Quantity()
    planned = Quantity()
    waiting = Quantity()
    lacking = Quantity()


class VillageNeedOut(Schema):
    village_code = fields.String()
    households = fields.Integer()
    persons = fields.Integer()
    served = fields.Integer()
    waiting = fields.Integer()
    in_part = fields.Integer()
    covered_permille = fields.Integer()
    lines = fields.List(fields.Nested(VillageItemOut))


class VillagesNeedOut(Schema):
    """The villages of a need, the one with the smallest part covered first; their sums are the need by item."""

    villages = fields.List(fields.Nested(VillageNeedOut))


class DayFlowOut(Schema):
    """Morning and evening are null for days that are over; ``missing`` is what the day's plan lacks."""

    on = Day()
    leaves = Quantity()
    overdue = Quantity()
    morning = Quantity(allow_none=True)
    evening = Quantity(allow_none=True)
    missing = Quantity()
    arrives = Quantity()


class ItemDaysOut(Schema):
    item_code = fields.String()
    unit = fields.String()
    runs_out_on = Day(allow_none=True)
    undated = Quantity()
    days = fields.List(fields.Nested(DayFlowOut))


class DaysNeedOut(Schema):
    """What leaves of each item day by day; with what has no day its sums are the need by item."""

    items = fields.List(fields.Nested(ItemDaysOut))


class ArrivalOut(Schema):
    item_code = fields.String()
    unit = fields.String()
    quantity = Quantity()
    way = fields.Enum(Way, by_value=True)
    subject_id = fields.UUID()
    source = fields.String()
    document = fields.String()
    place_id = fields.UUID()
    expected_on = Day(allow_none=True)
    is_late = fields.Boolean()


class ArrivalsOut(Schema):
    """What is on its way to the warehouses of the items that a need is of; none of it is counted as stock."""

    arrivals = fields.List(fields.Nested(ArrivalOut))


class GapLetterIn(In):
    """``name`` and ``town`` may be left out but for another addressee: the customary words are taken."""

    round_id = fields.UUID(load_default=None, allow_none=True)
    addressee = fields.Enum(Addressee, by_value=True, required=True)
    name = Line(load_default="", most=160)
    town = Line(load_default="", most=60)
    needed_on = Day(load_default=None, allow_none=True)
    reason = Line(load_default="", most=600)
    copies_to = fields.List(Line(most=120), load_default=list, validate=validate.Length(max=MOST_COPIES))
    less_expected = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    in_packs = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class GapLetterOut(Schema):
    """Printed by ``POST /documents/{id}/print``."""

    document_id = fields.UUID()
    number = fields.String()


def need_of(found: RoundNeed | None, lang: str) -> dict[str, Any]:
    """Give a need ready to be dumped, with its arithmetic in the reader's language."""
    return {"lines": [_line(line, lang) for line in (found.lines if found else ())]}


def _line(line: NeedLine, lang: str) -> dict[str, Any]:
    return {
        "item_code": line.item.code, "unit": line.item.base_unit, "households": line.households,
        **{
            name: getattr(line, f"{name}_milli")
            for name in ("exact", "quantity", "promised", "gone", "waiting", "lacking", "free", "short", "expected")
        },
        "covers_days": line.covers_days, "lasts_days": line.lasts_days, "by_warehouse": line.by_warehouse,
        "origin": list(line.origin(lang)), "sources": list(line.sources(lang)),
    }  # fmt: skip


def villages_of(found: RoundNeed | None, villages: tuple[VillageNeed, ...]) -> dict[str, Any]:
    known = {line.item.id: line.item for line in (found.lines if found else ())}
    return {
        "villages": [
            {
                **{
                    name: getattr(one, name)
                    for name in ("village_code", "households", "persons", "served", "waiting", "in_part",
                                 "covered_permille")
                },
                "lines": [
                    {
                        "item_code": known[line.item_id].code, "unit": known[line.item_id].base_unit,
                        "households": line.households,
                        **{
                            name: getattr(line, f"{name}_milli")
                            for name in ("quantity", "given", "reserved", "planned", "waiting", "lacking")
                        },
                    }
                    for line in one.lines
                ],
            }
            for one in villages
        ]
    }  # fmt: skip


def days_of(found: tuple[ItemDays, ...]) -> dict[str, Any]:
    return {
        "items": [
            {
                "item_code": one.line.item.code, "unit": one.line.item.base_unit, "runs_out_on": one.runs_out_on,
                "undated": one.undated_milli,
                "days": [
                    {
                        "on": flow.on, "leaves": flow.leaves_milli, "overdue": flow.overdue_milli,
                        "morning": _shelf(flow.morning_milli), "evening": _shelf(flow.evening_milli),
                        "missing": max(0, -(flow.evening_milli or 0)), "arrives": flow.arrives_milli,
                    }
                    for flow in one.flows
                ],
            }
            for one in found
        ]
    }  # fmt: skip


def _shelf(milli: int | None) -> Milli | None:
    """Nothing less than nothing lies on a shelf; what is missing stands apart."""
    return None if milli is None else Milli(max(0, milli))


def arrivals_of(found: RoundNeed | None) -> dict[str, Any]:
    lines = found.lines if found else ()
    return {"arrivals": [_arrival(one, line) for line in lines for one in line.arrivals]}


def _arrival(one: Arrival, line: NeedLine) -> dict[str, Any]:
    return {
        "item_code": line.item.code, "unit": line.item.base_unit, "quantity": one.quantity_milli, "way": one.way,
        "subject_id": one.subject_id, "source": one.source_name, "document": one.document, "place_id": one.place_id,
        "expected_on": one.expected_on, "is_late": one.is_late,
    }  # fmt: skip
