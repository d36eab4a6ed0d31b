from __future__ import annotations

from marshmallow import Schema, fields

from routes.schemas.fields import Quantity
from stock.items.kinds import Category


class PackOut(Schema):
    name = fields.String()
    quantity = Quantity(attribute="quantity_milli")


class ItemOut(Schema):
    code = fields.String()
    name_id = fields.String()
    name_en = fields.String()
    category = fields.Enum(Category, by_value=True)
    base_unit = fields.String()
    step = Quantity(attribute="step_milli")
    does_expire = fields.Boolean()
    is_durable = fields.Boolean()
    is_active = fields.Boolean()
    packs = fields.List(fields.Nested(PackOut))


class ItemsOut(Schema):
    items = fields.List(fields.Nested(ItemOut))
