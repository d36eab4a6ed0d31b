from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from logistics.zones.mapping import Box
from logistics.zones.states import Access, Severity
from routes.mapping import GROUP_NAMES
from routes.schemas.fields import In, Instant

_SIDES = ("west", "south", "east", "north")


class ViewIn(In):
    """What part of the world, at which zoom of a web map; all of it where no side is given."""

    zoom = fields.Float(load_default=10.0, validate=validate.Range(min=0, max=22))
    west = fields.Float(validate=validate.Range(min=-180, max=180))
    south = fields.Float(validate=validate.Range(min=-90, max=90))
    east = fields.Float(validate=validate.Range(min=-180, max=180))
    north = fields.Float(validate=validate.Range(min=-90, max=90))

    @validates_schema
    def sides(self, data: dict[str, Any], **_: Any) -> None:
        given = [one for one in _SIDES if one in data]
        if given and len(given) < len(_SIDES):
            raise ValidationError("Give all four sides, or none.", "west")

    @post_load
    def view(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        box = Box(**{one: data[one] for one in _SIDES}) if "west" in data else None
        return {"zoom": data["zoom"], "box": box}


class MapPointsOut(Schema):
    """Columns of the same length."""

    lon_deg = fields.List(fields.Float())
    lat_deg = fields.List(fields.Float())
    group = fields.List(fields.Integer(), metadata={"description": f"Number in {', '.join(GROUP_NAMES)}."})
    id = fields.List(fields.UUID())


class MapCellsOut(Schema):
    """Columns of the same length."""

    lon_deg = fields.List(fields.Float())
    lat_deg = fields.List(fields.Float())
    counts = fields.List(
        fields.List(fields.Integer()), metadata={"description": f"One column each for {', '.join(GROUP_NAMES)}."}
    )


class MapHouseholdsOut(Schema):
    placed = fields.Integer()
    unplaced = fields.Integer()
    few = fields.Integer()
    points = fields.Nested(MapPointsOut)
    cells = fields.Nested(MapCellsOut)


class MapVillageOut(Schema):
    village_code = fields.String()
    households = fields.Integer()
    affected = fields.Integer()
    affected_permille = fields.Integer(attribute="permille")
    counts = fields.Method("by_group", metadata={"type": "object", "additionalProperties": {"type": "integer"}})

    def by_group(self, line: Any) -> dict[str, int]:
        return dict(zip(GROUP_NAMES, line.counts, strict=True))


class MapVillagesOut(Schema):
    villages = fields.List(fields.Nested(MapVillageOut))


class MapChangeOut(Schema):
    no = fields.Integer(attribute="moment.no")
    at = Instant(attribute="moment.at")
    zone_id = fields.UUID(attribute="moment.version.zone_id")
    name = fields.String(attribute="moment.version.name")
    version_no = fields.Integer(attribute="moment.version.no")
    severity = fields.Enum(Severity, by_value=True, attribute="moment.version.severity")
    access = fields.Enum(Access, by_value=True, attribute="moment.version.access")
    is_withdrawal = fields.Boolean(attribute="moment.is_withdrawal")
    joined = fields.Integer()
    left = fields.Integer()
    unchanged = fields.Integer()


class MapHistoryOut(Schema):
    changes = fields.List(fields.Nested(MapChangeOut))
