from __future__ import annotations

from marshmallow import Schema, fields, validate

from logistics.packages.needs_profile import RowOutcome
from logistics.packages.profile_file import MOST_ROWS
from logistics.packages.rules import Basis
from logistics.packages.states import AgainReason, StandardState
from routes.schemas.fields import Day, In, Instant, Quantity

_DAYS = validate.Range(min=1, max=366)
_PEOPLE = validate.Range(min=0, max=60)


class StandardPackOut(Schema):
    name = fields.String()
    quantity = Quantity(attribute="quantity_milli")


class StandardLineOut(Schema):
    item_code = fields.String()
    item_name_id = fields.String()
    item_name_en = fields.String()
    unit = fields.String()
    basis = fields.Enum(Basis, by_value=True)
    rate = Quantity(attribute="rate_milli")
    per_n = fields.Integer()
    is_daily = fields.Boolean()
    condition = fields.Enum(Basis, by_value=True, allow_none=True)
    condition_least = fields.Integer()
    from_day = fields.Integer()
    to_day = fields.Integer(allow_none=True)
    rounding_step = Quantity(attribute="round_step_milli")
    packs = fields.List(fields.Nested(StandardPackOut))
    is_once = fields.Boolean()
    source_id = fields.String()
    source_en = fields.String()


class StandardFullOut(Schema):
    id = fields.UUID()
    code = fields.String()
    version = fields.Integer()
    name_id = fields.String()
    name_en = fields.String()
    days = fields.Integer()
    state = fields.Enum(StandardState, by_value=True)
    legal_source = fields.String()
    created_by = fields.String(attribute="created_by_name")
    created_at = Instant()
    approved_by = fields.String(attribute="approved_by_name", allow_none=True)
    approved_on = Day(allow_none=True)
    lines = fields.List(fields.Nested(StandardLineOut))


class StandardLineIn(In):
    item_code = fields.String(required=True, validate=validate.Length(1, 40))
    basis = fields.Enum(Basis, by_value=True, required=True)
    rate = Quantity(required=True)
    per_n = fields.Integer(strict=True, load_default=1, validate=validate.Range(min=1, max=10_000))
    is_daily = fields.Boolean(load_default=False)
    condition = fields.Enum(Basis, by_value=True, allow_none=True, load_default=None)
    condition_least = fields.Integer(strict=True, load_default=1, validate=validate.Range(min=1, max=60))
    from_day = fields.Integer(strict=True, load_default=1, validate=_DAYS)
    to_day = fields.Integer(strict=True, allow_none=True, load_default=None, validate=_DAYS)
    rounding_step = Quantity(
        allow_none=True, load_default=None, metadata={"description": "Without it, the item's issue step."}
    )
    packs = fields.List(
        fields.String(validate=validate.Length(1, 40)), load_default=list, validate=validate.Length(max=6),
        metadata={"description": "Names of the item's packs; the mix with the least surplus, then the fewest packs."},
    )  # fmt: skip
    is_once = fields.Boolean(load_default=False)
    source_id = fields.String(required=True, validate=validate.Length(1, 300))
    source_en = fields.String(load_default="", validate=validate.Length(max=300))


class StandardIn(In):
    code = fields.String(required=True, validate=validate.Length(1, 40))
    name_id = fields.String(required=True, validate=validate.Length(3, 120))
    name_en = fields.String(load_default="", validate=validate.Length(max=120))
    days = fields.Integer(strict=True, required=True, validate=validate.Range(min=1, max=31))
    legal_source = fields.String(load_default="", validate=validate.Length(max=500))
    lines = fields.List(fields.Nested(StandardLineIn), required=True, validate=validate.Length(1, 60))


class HouseholdIn(In):
    """A household by its counts; infants are children too, the elderly and women adults."""

    adults = fields.Integer(strict=True, required=True, validate=_PEOPLE)
    children = fields.Integer(strict=True, load_default=0, validate=_PEOPLE)
    infants = fields.Integer(strict=True, load_default=0, validate=_PEOPLE)
    elderly = fields.Integer(strict=True, load_default=0, validate=_PEOPLE)
    women = fields.Integer(strict=True, load_default=0, validate=_PEOPLE)
    pregnant = fields.Integer(strict=True, load_default=0, validate=_PEOPLE)
    nursing = fields.Integer(strict=True, load_default=0, validate=_PEOPLE)
    disabled = fields.Integer(strict=True, load_default=0, validate=_PEOPLE)
    days = fields.Integer(strict=True, allow_none=True, load_default=None, validate=validate.Range(min=1, max=31))


class PackCountOut(Schema):
    name = fields.String(attribute="pack.name")
    quantity = Quantity(attribute="pack.quantity_milli")
    count = fields.Integer()


class WorkedLineOut(Schema):
    item_code = fields.String()
    item_name_id = fields.String()
    item_name_en = fields.String()
    unit = fields.String()
    exact = Quantity(attribute="need.exact_milli")
    quantity = Quantity(attribute="need.quantity_milli")
    surplus = Quantity(attribute="surplus_milli")
    packs = fields.List(fields.Nested(PackCountOut), attribute="need.packs")
    is_once = fields.Boolean(attribute="need.is_once")
    arithmetic = fields.List(fields.String())
    sources = fields.List(fields.String())


class WorkedOut(Schema):
    days = fields.Integer()
    lines = fields.List(fields.Nested(WorkedLineOut))


class CoverageArgs(In):
    kit_code = fields.String(
        load_default="", validate=validate.Length(max=40), metadata={"description": "Without it, the first kit."}
    )


class CoverageCellOut(Schema):
    size = fields.Integer()
    needs = Quantity()
    permille = fields.Integer(allow_none=True)


class CoverageLineOut(Schema):
    item_code = fields.String()
    has = Quantity()
    by_size = fields.List(fields.Nested(CoverageCellOut))
    mean_permille = fields.Integer(allow_none=True)


class CoverageOut(Schema):
    kit_code = fields.String()
    days = fields.Integer()
    mean_persons = fields.Integer(metadata={"description": "Persons in the registry; divide by mean_households."})
    mean_households = fields.Integer()
    lines = fields.List(fields.Nested(CoverageLineOut))


class ProfileChoiceIn(In):
    row = fields.Integer(strict=True, required=True, validate=validate.Range(min=1, max=MOST_ROWS))
    item_code = fields.String(
        load_default="", validate=validate.Length(max=40), metadata={"description": '"-" leaves the row out.'}
    )
    unit_holds = Quantity(allow_none=True, load_default=None)


class ProfileIn(In):
    code = fields.String(required=True, validate=validate.Length(1, 40))
    name_id = fields.String(required=True, validate=validate.Length(3, 120))
    name_en = fields.String(load_default="", validate=validate.Length(max=120))
    days = fields.Integer(strict=True, load_default=7, validate=validate.Range(min=1, max=31))
    profile = fields.Raw(
        required=True,
        metadata={"description": 'A list of {resource, default, unit, frequency}, or {"resources": that list}.'},
    )
    choices = fields.List(fields.Nested(ProfileChoiceIn), load_default=list, validate=validate.Length(max=MOST_ROWS))
    is_trial = fields.Boolean(load_default=False, metadata={"description": "Judge the rows and save nothing."})


class ProfileRowOut(Schema):
    row = fields.Integer()
    resource = fields.String()
    outcome = fields.Enum(RowOutcome, by_value=True)
    why = fields.String()
    item_code = fields.String(allow_none=True)
    becomes = fields.String()


class ProfileOut(Schema):
    standard_id = fields.UUID(allow_none=True)
    rows = fields.List(fields.Nested(ProfileRowOut))


class AgeLimitsIn(In):
    infant_below = fields.Integer(strict=True, required=True, validate=validate.Range(min=1, max=120))
    toddler_below = fields.Integer(strict=True, required=True, validate=validate.Range(min=1, max=120))
    child_below = fields.Integer(strict=True, required=True, validate=validate.Range(min=1, max=120))
    elderly_from = fields.Integer(strict=True, required=True, validate=validate.Range(min=1, max=120))
    reason = fields.String(required=True, validate=validate.Length(1, 300))


class AgeLimitsOut(Schema):
    no = fields.Integer()
    infant_below = fields.Integer(attribute="limits.infant_below")
    toddler_below = fields.Integer(attribute="limits.toddler_below")
    child_below = fields.Integer(attribute="limits.child_below")
    elderly_from = fields.Integer(attribute="limits.elderly_from")
    reason = fields.String()
    set_at = Instant(allow_none=True)


class AgeLimitsListOut(Schema):
    versions = fields.List(fields.Nested(AgeLimitsOut))


class GiveAgainIn(In):
    other_incident_id = fields.UUID(required=True)
    household_id = fields.UUID(
        allow_none=True, load_default=None, metadata={"description": "Without it: everybody of that incident."}
    )
    reason = fields.Enum(AgainReason, by_value=True, required=True)


class AgainOut(Schema):
    id = fields.UUID()
    other_incident_id = fields.UUID()
    household_id = fields.UUID(allow_none=True)
    reason = fields.Enum(AgainReason, by_value=True)
    decided_by = fields.String(attribute="decided_by_name")
    decided_at = Instant()


class GivenElsewhereOut(Schema):
    household_id = fields.UUID()
    other_incident_id = fields.UUID()
    item_ids = fields.List(fields.UUID())


class DurablesOut(Schema):
    given_elsewhere = fields.List(fields.Nested(GivenElsewhereOut))
    decisions = fields.List(fields.Nested(AgainOut))


class AgainListOut(Schema):
    decisions = fields.List(fields.Nested(AgainOut))
