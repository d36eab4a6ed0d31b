from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from routes.schemas.fields import In, Instant, Line, Quantity


class TransferLineIn(In):
    """So much of an item (earliest expiry first), or of one batch."""

    item_code = Line(load_default="", most=60)
    batch_code = Line(load_default="", most=40)
    quantity = Quantity(required=True)

    @post_load
    def one_of_two(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if bool(data["item_code"]) == bool(data["batch_code"]):
            raise ValidationError({"item_code": ["Give either item_code or batch_code."]})
        return data


class TransferIn(In):
    from_place_code = Line(required=True, most=40, least=1)
    to_place_code = Line(required=True, most=40, least=1)
    event_at = Instant(load_default=None, allow_none=True)
    reason = Line(load_default="", most=160)
    note = Line(load_default="", most=500)
    lines = fields.List(fields.Nested(TransferLineIn), required=True, validate=validate.Length(min=1, max=500))
