"""Pure rules of a handover: what its event says, byte for byte, and whether that can be true."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from core.errors import Invalid
from core.measures import Milli, parse_wire_quantity, wire_quantity
from logistics.handover.states import RecipientKind

VERSION = 1
MOST_BYTES = 8 * 1024
_FIELDS = {"v", "id", "package", "post", "at", "lines", "recipient", "partial_reason", "person_sha256"}
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
PERSON_FIELDS = {"salt", "name", "relation", "document"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    item_code: str
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A handover as its event states it. ``person_sha256`` binds the text about the person, which is kept apart."""

    id: UUID
    package_id: UUID
    post_id: UUID
    at: datetime
    lines: tuple[FactLine, ...]
    recipient: RecipientKind
    partial_reason: str
    person_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who took it. For a proxy also how they are related and which paper they showed (its kind, not its number)."""

    name: str
    relation: str = ""
    document: str = ""


def write_fact(fact: Fact) -> str:
    """Write an event's payload; these very bytes are what is kept (and what a phone signs)."""
    said = {
        "v": VERSION,
        "id": str(fact.id),
        "package": str(fact.package_id),
        "post": str(fact.post_id),
        "at": fact.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "lines": [{"item": line.item_code, "quantity": wire_quantity(line.quantity_milli)} for line in fact.lines],
        "recipient": fact.recipient.value,
        "partial_reason": fact.partial_reason,
        "person_sha256": fact.person_sha256,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def write_recipient(recipient: Recipient) -> str:
    """Write the text about the person, salted so that its hash in the event tells nothing once the text is erased."""
    return json.dumps(
        {
            "salt": secrets.token_hex(16),
            "name": recipient.name,
            "relation": recipient.relation,
            "document": recipient.document,
        },
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_fact(payload: str) -> Fact:
    """Read an event's payload. Raises: Invalid("handover.malformed_event") naming the field."""
    if len(payload.encode()) > MOST_BYTES:
        raise _malformed("payload")
    said = _object(payload, "payload")
    if set(said) != _FIELDS or said["v"] != VERSION:
        raise _malformed("payload")
    at = _text(said, "at", 40)
    if not _INSTANT.fullmatch(at):
        raise _malformed("at")
    lines = said["lines"]
    if not isinstance(lines, list) or not 1 <= len(lines) <= 60:
        raise _malformed("lines")
    read: dict[str, FactLine] = {}
    for line in lines:
        if not isinstance(line, dict) or set(line) != {"item", "quantity"}:
            raise _malformed("lines")
        code = _text(line, "item", 60)
        try:
            quantity = parse_wire_quantity(_text(line, "quantity", 20))
        except ValueError as error:
            raise _malformed("lines") from error
        if code in read:
            raise _malformed("lines")
        read[code] = FactLine(item_code=code, quantity_milli=quantity)
    try:
        recipient = RecipientKind(_text(said, "recipient", 10))
        happened = datetime.fromisoformat(at.replace("Z", "+00:00"))
    except ValueError as error:
        raise _malformed("recipient") from error
    digest = _text(said, "person_sha256", 64)
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise _malformed("person_sha256")
    return Fact(
        id=_uuid(said, "id"), package_id=_uuid(said, "package"), post_id=_uuid(said, "post"), at=happened,
        lines=tuple(read.values()), recipient=recipient,
        partial_reason=_text(said, "partial_reason", 200, may_be_empty=True), person_sha256=digest,
    )  # fmt: skip


def read_recipient(text: str, kind: RecipientKind) -> Recipient:
    """Read the text about the person. Raises: Invalid, when a name, or for a proxy the relation, is missing."""
    said = _object(text, "person")
    if set(said) != PERSON_FIELDS:
        raise _malformed("person")
    if len(_text(said, "salt", 64)) < 16:
        raise _malformed("salt")
    recipient = Recipient(
        name=" ".join(_text(said, "name", 120, may_be_empty=True).split()),
        relation=_text(said, "relation", 60, may_be_empty=True).strip(),
        document=_text(said, "document", 60, may_be_empty=True).strip(),
    )
    if not recipient.name:
        raise Invalid("handover.recipient_missing", field="recipient_name")
    if kind is RecipientKind.PROXY and not recipient.relation:
        raise Invalid("handover.relation_missing", field="relation")
    return recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    item_code: str
    quantity_milli: Milli
    step_milli: Milli


def check_lines(lines: tuple[FactLine, ...], due: tuple[Due, ...], partial_reason: str) -> bool:
    """Tell whether less was handed over than is due.

    Raises: Invalid, for an item that is not due, more than is due, a piece of what comes in whole ones, nothing at all,
    or less without a reason.
    """
    entitled = {one.item_code: one for one in due}
    given: Mapping[str, Milli] = {line.item_code: line.quantity_milli for line in lines}
    for code, quantity in given.items():
        if code not in entitled:
            raise Invalid("handover.item_not_due", field=f"quantity-{code}", item=code)
        if quantity > entitled[code].quantity_milli:
            raise Invalid("handover.more_than_due", field=f"quantity-{code}", item=code)
        if quantity % entitled[code].step_milli:
            raise Invalid("handover.not_whole", field=f"quantity-{code}", item=code)
    if not any(given.values()):
        raise Invalid("handover.nothing_given", field="lines")
    is_partial = any(given.get(code, 0) < one.quantity_milli for code, one in entitled.items())
    if is_partial and len(partial_reason.strip()) < 5:
        raise Invalid("handover.partial_reason_missing", field="partial_reason")
    return is_partial


def clean_note(text: str) -> str:
    """Make one line of what somebody typed: without signs that cannot be seen, with single spaces."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def _object(text: str, field: str) -> dict[str, object]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed(field) from error
    if not isinstance(said, dict):
        raise _malformed(field)
    return said


def _text(said: Mapping[str, object], name: str, most: int, *, may_be_empty: bool = False) -> str:
    value = said.get(name)
    if not isinstance(value, str) or len(value) > most or (not value and not may_be_empty):
        raise _malformed(name)
    if _UNPRINTABLE.search(value):
        raise _malformed(name)
    return value


def _uuid(said: Mapping[str, object], name: str) -> UUID:
    text = _text(said, name, 36).lower()
    if not _UUID.fullmatch(text):
        raise _malformed(name)
    return UUID(text)


def _malformed(field: str) -> Invalid:
    return Invalid("handover.malformed_event", field=field, part=field)
