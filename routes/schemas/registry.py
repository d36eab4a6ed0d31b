from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from registry_link.households.commands import NewCounts, RegisterProvisional
from registry_link.households.queries import SearchHouseholds
from registry_link.households.states import Relation, Sex
from routes.schemas.fields import In, Instant, Line, whole_number


class SearchIn(In):
    """A name or its beginnings, a code, or a whole NIK or No. KK. A POST: no person ever stands in an address."""

    text = Line(most=80, load_default="")
    village_code = Line(most=20, load_default="")
    limit = whole_number(load_default=50, least=1, most=200)
    offset = whole_number(load_default=0)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> SearchHouseholds:
        return SearchHouseholds(**data)


class HouseholdLineOut(Schema):
    id = fields.UUID()
    code = fields.String()
    head_name = fields.String()
    village_code = fields.String()
    village_name = fields.String()
    rt = fields.String(allow_none=True)
    rw = fields.String(allow_none=True)
    hamlet = fields.String()
    address = fields.String()
    size = fields.Integer()
    decile = fields.Integer(allow_none=True)
    is_provisional = fields.Boolean()


class FoundHouseholdsOut(Schema):
    households = fields.List(fields.Nested(HouseholdLineOut))
    has_more = fields.Boolean()
    alike = fields.List(fields.String())
    exact = fields.Integer(allow_none=True)
    is_cut = fields.Boolean()


class MemberOut(Schema):
    """Age instead of the birth date; the number masked to its last four digits."""

    id = fields.UUID()
    name = fields.String()
    relation = fields.Enum(Relation, by_value=True)
    sex = fields.Enum(Sex, by_value=True, allow_none=True)
    age = fields.Integer(allow_none=True)
    nik = fields.String(allow_none=True)
    is_pregnant = fields.Boolean()
    is_nursing = fields.Boolean()
    has_disability = fields.Boolean()


class HouseholdOut(HouseholdLineOut):
    kk = fields.String(allow_none=True)
    members = fields.List(fields.Nested(MemberOut))
    suspects = fields.List(fields.String())
    merged_into_code = fields.String(
        metadata={"description": "The household that it was found to be; empty while it stands for itself."}
    )


class CardIn(In):
    kk = Line(required=True, most=40, least=1)


class DropCardIn(In):
    note = Line(required=True, most=300, least=5)


class FurtherCardOut(Schema):
    id = fields.UUID()
    kk = fields.String(metadata={"description": "Masked to its last four digits."})
    noted_at = Instant()
    noted_by_name = fields.String()


class FurtherCardsOut(Schema):
    cards = fields.List(fields.Nested(FurtherCardOut))


class NotedOut(Schema):
    id = fields.UUID()


class ProvisionalIn(In):
    """A household that is not in the registry: served the same way, proposed to its village later."""

    head_name = Line(required=True, most=120, least=2)
    village_code = Line(required=True, most=20, least=10)
    address = Line(most=200, load_default="")
    rt = fields.String(load_default="", validate=validate.Regexp(r"^[0-9]{0,3}$"))
    rw = fields.String(load_default="", validate=validate.Regexp(r"^[0-9]{0,3}$"))
    head_nik = Line(most=20, load_default="")
    kk = Line(most=20, load_default="")
    infants = whole_number(load_default=0, most=50)
    toddlers = whole_number(load_default=0, most=50)
    children = whole_number(load_default=0, most=50)
    adults = whole_number(load_default=0, most=50)
    elderly = whole_number(load_default=0, most=50)
    women = whole_number(load_default=0, most=50)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> RegisterProvisional:
        classes = ("infants", "toddlers", "children", "adults", "elderly", "women")
        counts = NewCounts(**{name: data.pop(name) for name in classes})
        return RegisterProvisional(**data, counts=counts)


class RegisteredOut(Schema):
    id = fields.UUID()
    code = fields.String()
