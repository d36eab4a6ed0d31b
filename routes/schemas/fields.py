"""Fields of our own: what marshmallow's would round, drop or describe wrongly in the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import RAISE, Schema, fields, validate
from marshmallow.exceptions import ValidationError
from werkzeug.http import parse_options_header

from core.measures import parse_wire_quantity, wire_quantity

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class In(Schema):
    """What comes in: an unknown field is an error, never ignored."""

    class Meta:
        unknown = RAISE


class Quantity(fields.Field[int]):
    """Thousandths inside, a decimal string of base units on the wire (``"2.8"``): never a float, never rounded."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,3})?$", "example": "14"}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else wire_quantity(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if not isinstance(value, str):
            raise ValidationError('A quantity is a string such as "14" or "2.8".')
        try:
            return parse_wire_quantity(value)
        except ValueError as error:
            raise ValidationError("A quantity has at most 12 digits before and 3 after the point.") from error


class Money(fields.Integer):
    """Whole rupiah."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("validate", validate.Range(min=0, max=10**15))
        super().__init__(strict=True, **kwargs)


class Instant(fields.Field[datetime]):
    """An instant with its zone; UTC when written."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "format": "date-time", **kwargs.pop("metadata", {})}, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or not _INSTANT.fullmatch(value):
            raise ValidationError("An instant is written like 2026-11-21T06:10:00+09:00, with its zone.")
        try:
            return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError("There is no such instant.") from error


class Day(fields.Field[date]):
    """A local calendar day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "format": "date", **kwargs.pop("metadata", {})}, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValidationError("A day is written like 2026-11-21.")
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("There is no such day.") from error


class Line(fields.String):
    """One line of a person's text: trimmed, bounded, without control or direction characters."""

    def __init__(self, *, most: int, least: int = 0, **kwargs: Any) -> None:
        self._most, self._least = most, least
        super().__init__(metadata={"maxLength": most, "minLength": least, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None or _UNFIT.search(text):
            raise ValidationError("Control characters are not allowed.")
        text = text.strip()
        if not self._least <= len(text) <= self._most:
            raise ValidationError(f"Between {self._least} and {self._most} characters.")
        return text


class FileName(fields.String):
    """What a sent file is called, out of a Content-Disposition (RFC 6266)."""

    def __init__(self, *, least: int = 5, **kwargs: Any) -> None:
        self._name = Line(most=120, least=least)
        told = (
            "The file's name: `attachment; filename=\"daftar.csv\"`; other letters than ASCII as `filename*=UTF-8''…`."
        )
        super().__init__(data_key="Content-Disposition", metadata={"description": told}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return self._name.deserialize(parse_options_header(str(value))[1].get("filename", ""), attr, data)


def whole_number(**kwargs: Any) -> fields.Integer:
    """A JSON integer (no "1", no 1.0, no true) in a range: ``least``, ``most``."""
    span = validate.Range(min=kwargs.pop("least", 0), max=kwargs.pop("most", 10**9))
    return fields.Integer(strict=True, validate=span, **kwargs)


class PageArgs(In):
    """Which part of a list."""

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=500))
    offset = fields.Integer(load_default=0, validate=validate.Range(min=0, max=10_000_000))


class KeyHeader(Schema):
    """The sender's own id of an order, so that it counts once."""

    idempotency_key = fields.String(
        required=True, data_key="Idempotency-Key", metadata={"minLength": 8, "maxLength": 64}
    )


class NameHeader(Schema):
    """The name of a file that is the body. It may name a person: addresses stand in the logs of every proxy."""

    file_name = FileName(required=True)


class Problem(Schema):
    """A refusal (RFC 9457): ``code`` for machines, ``detail`` for people, both languages in ``sentences``."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    facts = fields.Dict()
    sentences = fields.Dict(keys=fields.String(), values=fields.String())
    errors = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))
    request_id = fields.String()
