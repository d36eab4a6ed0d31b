from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from core.measures import Milli, Period, Rupiah
from logistics.programmes.commands import OpenProgramme, OpenTerm, TermItem
from logistics.programmes.queries import DistrictCount, EntryView
from logistics.programmes.states import (
    Cadence,
    EntryState,
    Form,
    Origin,
    ProgrammeKind,
    TermState,
    Unit,
)
from routes.schemas.fields import Day, In, Instant, Line, Money, PageArgs, Quantity, whole_number

MOST_ITEMS = 40
MOST_ENTRIES = 2000
REGION = validate.Regexp(r"[0-9]{2}(\.[0-9]{2}){2}(\.[0-9]{4})?\Z", error="A district's or village's Kemendagri code.")


def boolean(**kwargs: Any) -> fields.Boolean:
    """JSON's own true and false, nothing that looks like them."""
    return fields.Boolean(truthy={True}, falsy={False}, **kwargs)


class ProgrammeIn(In):
    name = Line(required=True, most=120, least=2)
    kind = fields.Enum(ProgrammeKind, by_value=True, required=True)
    form = fields.Enum(Form, by_value=True, required=True)
    unit = fields.Enum(Unit, by_value=True, required=True)
    cadence = fields.Enum(Cadence, by_value=True, required=True)
    supplier = Line(required=True, most=120, least=2)
    distributor = Line(required=True, most=120, least=2)
    funding_source = Line(required=True, most=60, least=2)
    legal_source = Line(load_default="", most=300)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> OpenProgramme:
        return OpenProgramme(**data)


class ProgrammeOut(Schema):
    id = fields.UUID()
    slug = fields.String()
    name = fields.String()
    kind = fields.Enum(ProgrammeKind, by_value=True)
    form = fields.Enum(Form, by_value=True)
    unit = fields.Enum(Unit, by_value=True, metadata={"description": "What is counted; never added to another unit."})
    cadence = fields.Enum(Cadence, by_value=True)
    supplier = fields.String()
    distributor = fields.String()
    funding_source = fields.String()
    legal_source = fields.String()


class ProgrammesOut(Schema):
    programmes = fields.List(fields.Nested(ProgrammeOut))


class TermItemIn(In):
    item_code = fields.String(required=True, validate=validate.Length(min=1, max=60))
    quantity = Quantity(required=True)


class TermIn(In):
    """Goods have ``items``, cash has ``amount_rp``; ``quotas`` are beneficiaries by district code."""

    name = Line(required=True, most=120, least=2)
    first_on = Day(required=True)
    last_on = Day(required=True)
    items = fields.List(fields.Nested(TermItemIn), load_default=list, validate=validate.Length(max=MOST_ITEMS))
    amount_rp = Money(load_default=None, allow_none=True)
    quotas = fields.Dict(
        keys=fields.String(validate=REGION), values=whole_number(least=1, most=10_000_000), load_default=dict,
        validate=validate.Length(max=1000),
    )  # fmt: skip

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        if "first_on" in data and "last_on" in data and data["last_on"] < data["first_on"]:
            raise ValidationError("It ends before it begins.", "last_on")


def term_order(programme_id: UUID, data: Mapping[str, Any], item_ids: Mapping[str, UUID]) -> OpenTerm:
    """Make the order; ``item_ids`` are the ids of the items' codes."""
    return OpenTerm(
        programme_id=programme_id, name=data["name"], period=Period(data["first_on"], data["last_on"]),
        items=tuple(
            TermItem(item_id=item_ids[one["item_code"]], quantity_milli=Milli(one["quantity"])) for one in data["items"]
        ),
        amount_rp=None if data["amount_rp"] is None else Rupiah(data["amount_rp"]), quotas=data["quotas"],
    )  # fmt: skip


class TermItemOut(Schema):
    item_code = fields.String()
    unit = fields.String()
    quantity = Quantity(attribute="quantity_milli")


class TermOut(Schema):
    id = fields.UUID()
    programme_id = fields.UUID()
    programme_slug = fields.String()
    form = fields.Enum(Form, by_value=True)
    unit = fields.Enum(Unit, by_value=True)
    no = fields.Integer()
    name = fields.String()
    title = fields.String()
    first_on = Day(attribute="period.first_on")
    last_on = Day(attribute="period.last_on")
    items = fields.List(fields.Nested(TermItemOut))
    quotas = fields.Dict(keys=fields.String(), values=fields.Integer())
    state = fields.Enum(TermState, by_value=True)
    verified_at = Instant(allow_none=True)
    determined_at = Instant(allow_none=True)
    decree_no = fields.String()
    decree_on = Day(allow_none=True)
    list_sha256 = fields.String()
    closed_at = Instant(allow_none=True)
    minutes_no = fields.String()


class TermsOut(Schema):
    terms = fields.List(fields.Nested(TermOut))


class ReasonIn(In):
    reason = Line(required=True, most=300, least=5)


class EntryArgs(PageArgs):
    state = fields.Enum(EntryState, by_value=True, load_default=None)
    village_code = fields.String(load_default="", validate=validate.Length(max=20))


class EntryOut(Schema):
    id = fields.UUID()
    term_id = fields.UUID()
    beneficiary_kind = fields.Enum(Unit, by_value=True)
    beneficiary_id = fields.UUID()
    household_id = fields.UUID()
    household_code = fields.String()
    name = fields.String()
    village_code = fields.String()
    rt = fields.String(allow_none=True)
    rw = fields.String(allow_none=True)
    decile = fields.Integer(allow_none=True)
    persons = fields.Integer()
    card_last4 = fields.String()
    state = fields.Enum(EntryState, by_value=True)
    origin = fields.Enum(Origin, by_value=True)
    rank = fields.Integer()
    reason = fields.String()
    basis = fields.String()
    proposed_at = Instant(allow_none=True)


def entry_of(view: EntryView, lang: str) -> dict[str, Any]:
    """Give an entry with its reason in words."""
    names = [name for name in EntryOut._declared_fields if name != "reason"]
    return {**{name: getattr(view, name) for name in names}, "reason": view.reason(lang)}


class EntryPageOut(Schema):
    entries = fields.List(fields.Nested(EntryOut))
    total = fields.Integer()


class EntryIn(In):
    household_id = fields.UUID(required=True)
    member_id = fields.UUID(load_default=None, allow_none=True)


class EntryIdOut(Schema):
    entry_id = fields.UUID()


class ProposeIn(In):
    """These candidates, or all of a village or district; an officer names the minutes of the village meeting."""

    entry_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_ENTRIES))
    village_code = fields.String(load_default="", validate=validate.Length(max=20))
    basis = Line(load_default="", most=200)


class EntriesOut(Schema):
    entries = fields.Integer(metadata={"description": "How many it was about."})


class DetermineIn(In):
    decree_no = Line(required=True, most=120, least=3)
    decree_on = Day(required=True)


class StateCountOut(Schema):
    district_code = fields.String()
    quota = fields.Integer(allow_none=True)
    listed = fields.Integer()
    by_state = fields.Dict(keys=fields.String(), values=fields.Integer())


class CountsOut(Schema):
    unit = fields.Enum(Unit, by_value=True)
    districts = fields.List(fields.Nested(StateCountOut))


def counts_of(counts: tuple[DistrictCount, ...], unit: Unit) -> dict[str, Any]:
    return {
        "unit": unit,
        "districts": [
            {
                "district_code": one.district_code, "quota": one.quota, "listed": one.listed,
                "by_state": {state.value: number for state, number in one.by_state.items()},
            }
            for one in counts
        ],
    }  # fmt: skip


class TermPlanIn(In):
    """The days of the distribution; planned again, it takes in whoever is not in it yet."""

    first_on = Day(required=True)
    last_on = Day(required=True)
    fit_to_stock = boolean(load_default=False)
    start_over = boolean(load_default=False)

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        if "first_on" in data and "last_on" in data and data["last_on"] < data["first_on"]:
            raise ValidationError("It ends before it begins.", "last_on")
