from __future__ import annotations

from marshmallow import Schema, fields, validate

from routes.schemas.fields import Day, In, Instant, Line, Quantity, whole_number
from stock.kits.commands import MOST_COMPONENTS, MOST_KITS


class KitComponentOut(Schema):
    """``quantity`` is in one kit."""

    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    quantity = Quantity(attribute="quantity_milli")
    source = fields.String()


class KitOut(Schema):
    kit_code = fields.String(attribute="item.code")
    name = fields.String(attribute="item.name_id")
    components = fields.List(fields.Nested(KitComponentOut))


class KitsOut(Schema):
    kits = fields.List(fields.Nested(KitOut))


class KitComponentIn(In):
    item_code = Line(required=True, most=60, least=1)
    quantity = Quantity(required=True)


class KitIn(In):
    """What one kit holds from now on; no components: a kit no longer."""

    kit_code = Line(required=True, most=60, least=1)
    components = fields.List(
        fields.Nested(KitComponentIn), required=True, validate=validate.Length(max=MOST_COMPONENTS)
    )


class PossibleArgs(In):
    kit_code = fields.String(required=True, validate=validate.Length(min=1, max=60))
    place_code = fields.String(load_default="", validate=validate.Length(max=40))


class PossibleComponentOut(Schema):
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    quantity = Quantity(attribute="quantity_milli")
    free = Quantity(attribute="free_milli")
    kits = fields.Integer()


class PossibleOut(Schema):
    """How many kits a warehouse's shelves allow today, and which component limits that."""

    place_code = fields.String(attribute="place.code")
    kits = fields.Integer()
    limiting_item_code = fields.String(attribute="limiting.item.code", allow_none=True)
    components = fields.List(fields.Nested(PossibleComponentOut))


class PossibleListOut(Schema):
    places = fields.List(fields.Nested(PossibleOut))


class AssembleIn(In):
    place_code = Line(required=True, most=40, least=1)
    kit_code = Line(required=True, most=60, least=1)
    kits = whole_number(required=True, least=1, most=MOST_KITS)
    event_at = Instant(load_default=None, allow_none=True)
    note = Line(load_default="", most=500)


class AssembledBatchOut(Schema):
    batch_code = fields.String()
    kits = fields.Integer()


class AssembledOut(Schema):
    """The new batches of kits, in the order in which they were filled."""

    document_id = fields.UUID()
    number = fields.String()
    batches = fields.List(fields.Nested(AssembledBatchOut))


class UnpackIn(In):
    place_code = Line(required=True, most=40, least=1)
    batch_code = Line(required=True, most=40, least=1)
    kits = whole_number(required=True, least=1, most=MOST_KITS)
    event_at = Instant(load_default=None, allow_none=True)
    note = Line(load_default="", most=500)


class ContentOut(Schema):
    """So much of a batch is in one kit."""

    item_code = fields.String(attribute="batch.item.code")
    batch_code = fields.String(attribute="batch.code")
    expires_on = Day(attribute="batch.expires_on", allow_none=True)
    quantity = Quantity(attribute="quantity_milli")
