from __future__ import annotations

from marshmallow import Schema, fields, validate

from logistics.handover.rules import MOST_BYTES
from logistics.handover.states import HandoverState, Outcome, RecipientKind, VoidReason
from routes.schemas.fields import Day, In, Instant, Line, PageArgs, Quantity
from routes.schemas.plan import PackageOut


class FindIn(In):
    """A package's code (PKT-…), or what its QR says (the token, or the whole address)."""

    text = Line(required=True, most=300, least=6)


class BeneficiaryOut(Schema):
    household_code = fields.String()
    head_name = fields.String()
    address = fields.String()
    village = fields.String()


class FoundPackageOut(PackageOut):
    beneficiary = fields.Nested(BeneficiaryOut, allow_none=True)
    is_served = fields.Boolean()


class HandoverIn(In):
    """An event and the text about the person, both as strings: they are kept and hashed byte for byte.

    ``payload`` is a JSON object with v, id, package, post, at, lines [{item, quantity}], recipient, partial_reason,
    person_sha256; ``person`` is a JSON object with salt, name, relation, document.
    """

    payload = fields.String(required=True, validate=validate.Length(min=2, max=MOST_BYTES))
    person = fields.String(required=True, validate=validate.Length(min=2, max=2000))


class RecordedOut(Schema):
    event_id = fields.UUID()
    handover_id = fields.UUID()
    receipt_id = fields.UUID()
    number = fields.String()
    outcome = fields.Enum(Outcome, by_value=True)
    is_partial = fields.Boolean()
    rest_id = fields.UUID(
        allow_none=True, metadata={"description": "The supplementary package that holds what was not handed over."}
    )
    verify_url = fields.String()


class HandoverArgs(PageArgs):
    post_id = fields.UUID(load_default=None)
    event_on = Day(load_default=None)


class HandoverLineOut(Schema):
    item_code = fields.String()
    unit = fields.String()
    due = Quantity()
    quantity = Quantity()


class HandoverOut(Schema):
    """A handover; who took it stands on the receipt only."""

    id = fields.UUID()
    event_id = fields.UUID()
    round_id = fields.UUID()
    package_id = fields.UUID()
    village_code = fields.String()
    post_id = fields.UUID()
    state = fields.Enum(HandoverState, by_value=True)
    recipient_kind = fields.Enum(RecipientKind, by_value=True)
    is_partial = fields.Boolean()
    event_at = Instant()
    event_on = Day()
    recorded_at = Instant()
    receipt_id = fields.UUID(allow_none=True)
    receipt_number = fields.String(allow_none=True)
    void_reason = fields.Enum(VoidReason, by_value=True, allow_none=True)
    voided_at = Instant(allow_none=True)


class HandoverDetailOut(HandoverOut):
    lines = fields.List(fields.Nested(HandoverLineOut))


class HandoversOut(Schema):
    handovers = fields.List(fields.Nested(HandoverOut))


class VoidIn(In):
    reason = fields.Enum(VoidReason, by_value=True, required=True)
    note = Line(load_default="", most=200)


class ListIn(In):
    post_id = fields.UUID(required=True)
    serve_on = Day(required=True)


class InviteIn(In):
    """A post and a day, or a village."""

    post_id = fields.UUID(load_default=None, allow_none=True)
    serve_on = Day(load_default=None, allow_none=True)
    village_code = Line(load_default="", most=20)


class IssuedListOut(Schema):
    document_id = fields.UUID()
    number = fields.String()
