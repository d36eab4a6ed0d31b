from __future__ import annotations

from marshmallow import Schema, fields, validate

from routes.schemas.fields import In, Line, Quantity
from stock.items.catalogue_file import Outcome
from stock.items.kinds import Category, VariantSex


class PackOut(Schema):
    name = fields.String()
    quantity = Quantity(attribute="quantity_milli")


class VariantOut(Schema):
    id = fields.UUID()
    name = fields.String()
    sex = fields.Enum(VariantSex, by_value=True)
    size = fields.String()


class ItemOut(Schema):
    code = fields.String()
    name_id = fields.String()
    name_en = fields.String()
    category = fields.Enum(Category, by_value=True)
    base_unit = fields.String()
    step = Quantity(attribute="step_milli")
    does_expire = fields.Boolean()
    is_durable = fields.Boolean()
    is_stocked = fields.Boolean()
    is_active = fields.Boolean()
    source = fields.String()
    weight_kg = Quantity(attribute="weight_g", allow_none=True)
    weight_source = fields.String(allow_none=True)
    packs = fields.List(fields.Nested(PackOut))
    spellings = fields.List(fields.String(), attribute="aliases")
    variants = fields.List(fields.Nested(VariantOut))


class ItemsOut(Schema):
    items = fields.List(fields.Nested(ItemOut))


class ItemArgs(In):
    """``search`` finds by code, name or spelling, also with typing errors; without it, everything."""

    search = fields.String(load_default="", validate=validate.Length(max=80))


class DescriptionIn(In):
    """What an item says of itself; ``source`` names the list, letter or decision it was read in."""

    name_id = Line(required=True, most=80, least=2)
    name_en = Line(load_default="", most=80)
    category = fields.Enum(Category, by_value=True, required=True)
    base_unit = Line(required=True, most=20, least=1)
    step = Quantity(load_default=1000)
    does_expire = fields.Boolean(load_default=False)
    is_durable = fields.Boolean(load_default=False)
    source = Line(required=True, most=200, least=3)


class ItemIn(DescriptionIn):
    code = Line(required=True, most=40, least=2)
    spellings = fields.List(Line(most=80, least=1), load_default=list, validate=validate.Length(max=30))


class EditIn(DescriptionIn):
    """The whole description anew: what is left out goes back to what it is by default."""

    is_active = fields.Boolean(load_default=True)


class EditOut(Schema):
    changed = fields.List(fields.String())


class PackIn(In):
    """A new box, or what a known one holds from now on."""

    name = Line(required=True, most=40, least=1)
    quantity = Quantity(required=True)
    source = Line(load_default="office", most=200, least=1)


class WeightIn(In):
    """What one base unit weighs, and who weighed it or where it was read; null: nobody knows any more."""

    weight_kg = Quantity(required=True, allow_none=True)
    source = Line(load_default="", most=200)


class NameIn(In):
    name = Line(required=True, most=100, least=1)


class VariantIn(In):
    name = Line(required=True, most=80, least=1)
    sex = fields.Enum(VariantSex, by_value=True, load_default=VariantSex.ANY)
    size = Line(load_default="", most=20)


class MinimumIn(In):
    """Zero takes the level away."""

    place_code = Line(required=True, most=40, least=1)
    quantity = Quantity(required=True)


class MinimumOut(Schema):
    place_code = fields.String()
    item_code = fields.String()
    minimum = Quantity(attribute="quantity_milli")


class LowOut(Schema):
    """What could still be promised today: unexpired, not reserved, not in quarantine."""

    place_code = fields.String(attribute="place.code")
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    available = Quantity(attribute="available_milli")
    minimum = Quantity(attribute="minimum_milli")
    short = Quantity(attribute="short_milli")


class LowListOut(Schema):
    low = fields.List(fields.Nested(LowOut))


class RowIssueOut(Schema):
    column = fields.String()
    code = fields.String()
    sentence = fields.String()


class FileRowOut(Schema):
    row_no = fields.Integer(attribute="number")
    outcome = fields.Enum(Outcome, by_value=True)
    code = fields.String()
    changed = fields.List(fields.String())
    issues = fields.List(fields.Nested(RowIssueOut))


class FileOutcomeOut(Schema):
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    ignored_columns = fields.List(fields.String())
    rows = fields.List(fields.Nested(FileRowOut))
