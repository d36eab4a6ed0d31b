"""Reading what people typed into a form: forgiving, field by field, with every mistake told at once."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, TypeVar
from uuid import UUID

from flask import g, request
from werkzeug.datastructures import MultiDict

from core.errors import Invalid, Refused
from core.measures import MONTHS, WHOLE_DIGITS, Milli, TooMuch, parse_typed_quantity
from routes import context
from routes.texts import sentence, why_not

Kind = TypeVar("Kind", bound=enum.StrEnum)
Usual = TypeVar("Usual", bound=int | None)
MOST_PAGES = 10_000
MOST_ASKED = 1_000_000_000
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_MONTHS = {name.lower(): number for names in MONTHS.values() for number, name in enumerate(names, 1)}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()}


def parse_typed_day(text: str) -> date | None:
    """Read a day as people write it: 21/11/2026, 21-11-26, 21 November 2026, 2026-11-21; None when it is none."""
    text = " ".join(text.strip().lower().split())
    if match := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text, re.ASCII):
        year, month, day = (int(part) for part in match.groups())
    elif match := re.fullmatch(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{2}|[0-9]{4})", text, re.ASCII):
        day, month, year = (int(part) for part in match.groups())
    elif match := re.fullmatch(r"([0-9]{1,2}) ([a-z]+) ([0-9]{4})", text):
        day, month, year = int(match[1]), _MONTHS.get(match[2], 0), int(match[3])
    else:
        return None
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None


def parse_typed_time(text: str) -> time | None:
    """Read a time of day as people write it: 6.10, 06:10, 18.05; None when it is none."""
    match = re.fullmatch(r"([0-9]{1,2})[.:]([0-9]{2})", text.strip(), re.ASCII)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        return None
    return time(int(match[1]), int(match[2]))


def asked_number(name: str, usual: Usual, *, least: int = 0, most: int = MOST_ASKED) -> int | Usual:
    """Read a number of the address, kept within what a database counts to; ``usual`` where there is none."""
    found = request.args.get(name, type=int)
    return usual if found is None else max(least, min(most, found))


def page_number(first: int = 1) -> int:
    """Read which page of a list the address asks for (``hal``); lists count from ``first``."""
    return asked_number("hal", first, least=first, most=MOST_PAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was sent with a form."""

    name: str
    content: bytes


class Form:
    """One submitted form. Each reader gives a value, and notes a mistake under its field."""

    def __init__(self, values: MultiDict[str, str] | None = None) -> None:
        self.values = values if values is not None else request.form
        self.errors: list[dict[str, str]] = []
        if values is None:
            g.sent_form = self  # the dialog that sent it opens again with what was typed (templates/_parts/dialog.html)

    def fail(self, field: str, code: str, facts: Mapping[str, object] | None = None) -> None:
        self.errors.append({"field": field, "code": code, "text": sentence(code, facts)})

    def refuse(self, refused: Refused, field: str = "") -> None:
        """Note what a command refused, under the field it names."""
        named = getattr(refused, "field", None) or field
        self.errors.append({"field": named, "code": refused.code, "text": why_not(refused)})

    @property
    def is_good(self) -> bool:
        return not self.errors

    def error_of(self, field: str) -> str | None:
        """Give the mistake of a field, for its place in the page."""
        return next((error["text"] for error in self.errors if error["field"] == field), None)

    def raw(self, field: str) -> str:
        return self.values.get(field, "")

    def text(self, field: str, *, most: int, least: int = 0) -> str:
        found = _UNFIT.sub("", self.raw(field)).strip()
        if len(found) < least:
            self.fail(field, "form.missing" if not found else "form.too_short", {"least": least})
        elif len(found) > most:
            self.fail(field, "form.too_long", {"most": most})
        return found

    def choice(self, field: str, kind: type[Kind], default: Kind | None = None) -> Kind | None:
        try:
            return kind(self.raw(field))
        except ValueError:
            if default is None:
                self.fail(field, "form.choose")
            return default

    def uuid(self, field: str) -> UUID | None:
        try:
            return UUID(self.raw(field))
        except ValueError:
            self.fail(field, "form.choose")
            return None

    def day(self, field: str, *, is_required: bool = True) -> date | None:
        raw = self.raw(field)
        if not raw.strip() and not is_required:
            return None
        found = parse_typed_day(raw)
        if found is None:
            self.fail(field, "form.day")
        return found

    def instant(self, day_field: str, time_field: str) -> datetime | None:
        """Read a local day and time of the office as an instant."""
        day = self.day(day_field)
        clock = parse_typed_time(self.raw(time_field))
        if clock is None:
            self.fail(time_field, "form.time")
        if day is None or clock is None:
            return None
        return datetime.combine(day, clock, tzinfo=context.actor().zone)

    def quantity(self, field: str, *, is_required: bool = True) -> Milli | None:
        raw = self.raw(field)
        if not raw.strip() and not is_required:
            return None
        try:
            return parse_typed_quantity(raw)
        except TooMuch:
            self.fail(field, "form.quantity_too_large", {"digits": WHOLE_DIGITS})
        except ValueError:
            self.fail(field, "form.quantity")
        return None

    def number(self, field: str, *, least: int, most: int, is_required: bool = True) -> int | None:
        raw = re.sub(r"\.(?=[0-9]{3}(?:\.|$))", "", self.raw(field).strip())
        if not raw and not is_required:
            return None
        if not re.fullmatch(r"[0-9]{1,12}", raw, re.ASCII) or not least <= int(raw) <= most:
            self.fail(field, "form.number", {"least": least, "most": most})
            return None
        return int(raw)

    def degrees(self, field: str, most: int) -> float | None:
        """Read a position's degrees, with a comma or a point; None where nothing was typed."""
        raw = self.raw(field).strip().replace(",", ".").replace("\u2212", "-")
        if not raw:
            return None
        if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,9})?", raw, re.ASCII) or not -most <= float(raw) <= most:
            self.fail(field, "form.number", {"least": -most, "most": most})
            return None
        return float(raw)

    def file(self, field: str, *, most_bytes: int) -> Upload | None:
        """Take the file of a field; of one that is too long a byte more than may be, enough to know that it is."""
        sent = request.files.get(field)
        if sent is None or not sent.filename:
            self.fail(field, "form.file_missing")
            return None
        return Upload(name=sent.filename, content=sent.stream.read(most_bytes + 1))

    def attempt(self, act: Callable[[], Any]) -> Any:
        """Do it when no mistake was noted; a refusal becomes a mistake and gives None."""
        if not self.is_good:
            return None
        try:
            return act()
        except Invalid as refused:
            self.refuse(refused)
        except Refused as refused:
            if refused.status not in (409, 422):
                raise
            self.refuse(refused)
        return None
