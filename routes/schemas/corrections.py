from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from core.measures import parse_wire_quantity, wire_quantity
from routes.schemas.fields import In, Instant, Line, Quantity
from stock.corrections.queries import CorrectionRow, CorrectionView
from stock.corrections.states import CorrectionKind, CorrectionState
from stock.ledger.kinds import DocumentKind


class Difference(fields.Field[int]):
    """A signed decimal string of base units (``"-2.8"``): below zero is missing or written off."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,3})?$", "example": "-14"}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else wire_quantity(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if not isinstance(value, str):
            raise ValidationError('A difference is a string such as "-14" or "2.8".')
        try:
            plain = parse_wire_quantity(value.removeprefix("-"))
        except ValueError as error:
            raise ValidationError("A difference has at most 12 digits before and 3 after the point.") from error
        return -plain if value.startswith("-") else plain


class CorrectionArgs(In):
    state = fields.Enum(CorrectionState, by_value=True, load_default=None)


class CorrectionLineIn(In):
    batch_code = Line(required=True, most=40, least=1)
    difference = Difference(required=True)


class CorrectionIn(In):
    """``reason`` is a word of the adjustments or of the losses; ``note`` becomes the text of the minutes."""

    kind = fields.Enum(
        CorrectionKind, by_value=True, required=True, validate=validate.NoneOf([CorrectionKind.REVERSAL])
    )
    place_code = Line(required=True, most=40, least=1)
    reason = Line(required=True, most=40, least=1)
    note = fields.String(required=True, validate=validate.Length(min=10, max=2000))
    minutes_no = Line(load_default="", most=120)
    event_at = Instant(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(CorrectionLineIn), required=True, validate=validate.Length(min=1, max=200))


class ReversalIn(In):
    reason = Line(required=True, most=300, least=5)


class DecisionIn(In):
    note = Line(load_default="", most=500)


class RefusalIn(In):
    note = Line(required=True, most=500, least=5)


class CorrectionRowOut(Schema):
    id = fields.UUID()
    kind = fields.Enum(CorrectionKind, by_value=True)
    state = fields.Enum(CorrectionState, by_value=True)
    place_code = fields.String(allow_none=True)
    reversed_document_id = fields.UUID(allow_none=True)
    reversed_kind = fields.Enum(DocumentKind, by_value=True, allow_none=True)
    reversed_number = fields.String(allow_none=True)
    reason = fields.String()
    minutes_no = fields.String()
    value_rp = fields.Integer()
    asked_by_name = fields.String()
    asked_at = Instant()
    decided_by_name = fields.String()
    decided_at = Instant(allow_none=True)
    document_id = fields.UUID(allow_none=True)


class CorrectionsOut(Schema):
    corrections = fields.List(fields.Nested(CorrectionRowOut))


class CorrectedLineOut(Schema):
    """``on_hand`` and ``reserved`` are of now, by the books."""

    place_code = fields.String(attribute="place.code")
    batch_code = fields.String(attribute="batch.code")
    item_code = fields.String(attribute="batch.item.code")
    unit = fields.String(attribute="batch.item.base_unit")
    difference = Difference(attribute="difference_milli")
    on_hand = Quantity(attribute="on_hand_milli")
    reserved = Quantity(attribute="reserved_milli")
    value_rp = fields.Integer()


class CorrectionOut(CorrectionRowOut):
    note = fields.String()
    decision_note = fields.String()
    event_at = Instant()
    needs_head = fields.Boolean()
    lines = fields.List(fields.Nested(CorrectedLineOut))


class ObstacleOut(Schema):
    code = fields.String()
    text = fields.String()


class ObstaclesOut(Schema):
    """Every reason against it at once; empty when it can be asked for."""

    obstacles = fields.List(fields.Nested(ObstacleOut))


def row_of(row: CorrectionRow) -> dict[str, Any]:
    """Flatten a row; a reversal has no place of its own."""
    named = {name: getattr(row, name) for name in CorrectionRow.__dataclass_fields__}
    return {**named, "place_code": row.place.code if row.place else None}


def flat_of(view: CorrectionView) -> dict[str, Any]:
    """Flatten a correction and the row it stands on."""
    return {
        **row_of(view.row), "note": view.note, "decision_note": view.decision_note, "event_at": view.event_at,
        "needs_head": view.needs_head, "lines": view.lines,
    }  # fmt: skip


def correction_of(view: CorrectionView) -> Any:
    """Give one correction ready for JSON."""
    return CorrectionOut().dump(flat_of(view))
