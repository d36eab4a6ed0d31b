"""Warnings of the weather service, kept as notes where they touch the office's regency. They start nothing.

Fetching is given from outside: nothing here knows a network. Each document is parsed in the child process.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core import states
from core.actor import Actor
from core.errors import Refused
from core.reader.documents import parse_apart
from core.work import Tx, Work
from logistics.zones.models import Alert
from logistics.zones.reading.apart import structured
from logistics.zones.reading.elements import Element, Notice, Parsed
from logistics.zones.states import ALERTS, AlertAct, AlertState, Severity
from registry_link.matching.simple import meets, one_area
from registry_link.regions.queries import boundaries_of, regions, regions_of
from registry_link.regions.rules import name_key
from registry_link.regions.states import Level

Fetch = Callable[[str], bytes]
"""Gives the bytes behind an address of the feed's own host. Raises: Refused."""
Read = Callable[[str, bytes], Parsed]
"""Reads a document by one of the parsers of ``reading``. Raises: Refused."""
MOST_FETCHED: Final = 40
"""Alerts of one look; with a look every ten minutes far below the 60 requests a minute that BMKG allows."""
USUAL_HOURS: Final = 6
"""How long an alert holds that does not say until when."""
_FOLDER: Final = "logistics.zones.reading."


def apart(parser: str, content: bytes) -> Parsed:
    """Read a stranger's document in the child process."""
    return structured(parse_apart(_FOLDER + parser, content, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlert:
    """An alert as it was read; ``is_ours`` tells whether it touches the office's regency."""

    notice: Notice
    event: str
    area_text: str
    severity: Severity | None
    outline: str | None
    source: str
    raw_sha256: str
    is_ours: bool


@dataclass(slots=True)
class Looked:
    """What a look at the feed found."""

    alerts: list[KeepAlert] = field(default_factory=list)
    listed: int = 0
    failed: int = 0


def look_at_feed(
    work: Work, actor: Actor, address: str, fetch: Fetch, read: Read = apart
) -> Callable[[Tx], str]:  # fmt: skip
    """Read the feed and its new alerts; give the act that keeps those that touch the regency."""
    with work.read_by(actor) as tx:
        place = _Place.of(tx)
        known = set(
            tx.session.scalars(sa.select(Alert.identifier).where(Alert.regency_code == tx.regency_code))
        )  # fmt: skip
    looked = Looked()
    try:
        entries = read("alert_index", fetch(address)).elements
    except Refused as why:
        reason = why.code
        return lambda _tx: f"umpan tidak terbaca: {reason}"
    looked.listed = len(entries)
    for entry in _wanted(entries, known, place)[:MOST_FETCHED]:
        try:
            raw = fetch(entry.told["link"])
            found = read("cap", raw)
        except Refused:
            looked.failed += 1
            continue
        order = alert_order(found, place, source=entry.told["link"], raw=raw)
        if order is not None:
            looked.alerts.append(order)

    def keep(tx: Tx) -> str:
        # The oldest first, so that an update finds what it updates.
        looked.alerts.sort(key=lambda one: (one.notice.sent_at is not None, one.notice.sent_at or tx.now))
        kept = sum(keep_alert(tx, one) for one in looked.alerts)
        return f"{looked.listed} peringatan di umpan, {kept} baru untuk kabupaten ini, {looked.failed} tidak terbaca"

    return keep


def keep_alert(tx: Tx, order: KeepAlert) -> bool:
    """Keep an alert once, and do to those it refers to what it says; tell whether it is new here."""
    notice = order.notice
    act = {"Update": AlertAct.REPLACE, "Cancel": AlertAct.CANCEL}.get(notice.message)
    if act is not None and notice.references:
        referred = tx.session.scalars(
            sa.select(Alert.id).where(
                Alert.regency_code == tx.regency_code, Alert.sender == notice.sender,
                Alert.identifier.in_(notice.references), Alert.state == AlertState.ACTIVE,
            )
        ).all()  # fmt: skip
        for alert_id in referred:
            states.move(tx, Alert, alert_id, act, ALERTS, reason=notice.identifier)
    if not order.is_ours or notice.sent_at is None:
        return False
    later = tx.session.scalar(
        sa.select(Alert.id).where(
            Alert.regency_code == tx.regency_code, Alert.sender == notice.sender,
            Alert.refers_to.contains(json.dumps(notice.identifier), autoescape=True),
        ).limit(1)
    )  # fmt: skip
    state = AlertState.REPLACED if later is not None else AlertState.ACTIVE
    alert_id = tx.new_id()
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    done = tx.session.execute(
        insert(Alert).values(
            id=alert_id, regency_code=tx.regency_code, identifier=notice.identifier, sender=notice.sender,
            state=AlertState.CANCELLED if notice.message == "Cancel" else state, sent_at=notice.sent_at,
            expires_at=notice.expires_at or notice.sent_at + timedelta(hours=USUAL_HOURS),
            headline=notice.headline, text=notice.text, event=order.event, area_text=order.area_text,
            severity=order.severity, outline=order.outline, refers_to=json.dumps(notice.references),
            source=order.source, raw_sha256=order.raw_sha256, fetched_at=tx.now,
        ).on_conflict_do_nothing()
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return False
    tx.note(
        "alert.keep", "alert", alert_id, identifier=notice.identifier, message=notice.message,
        sha256=order.raw_sha256,
    )  # fmt: skip
    return True


def alert_order(read: Parsed, place: _Place, *, source: str, raw: bytes) -> KeepAlert | None:
    """Make the order of an alert that was read; None for what is no real warning (a test, an exercise, an answer)."""
    notice = read.notice
    if notice.status != "Actual" or notice.message not in ("Alert", "Update", "Cancel") or not notice.identifier:
        return None
    outline = one_area([one.outline for one in read.elements if one.outline is not None])
    first = read.elements[0].told if read.elements else {}
    severities = [one.severity for one in read.elements if one.severity is not None]
    return KeepAlert(
        notice=notice, event=first.get("event", ""), outline=outline,
        area_text="; ".join(dict.fromkeys(one.label for one in read.elements))[:1_000],
        severity=min(severities, key=list(Severity).index, default=None), source=source,
        raw_sha256=hashlib.sha256(raw).hexdigest(), is_ours=place.is_touched(read, outline),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The office's regency, as an alert may name or touch it."""

    outlines: tuple[str, ...]
    province: str
    regency: str
    codes: tuple[str, ...]

    @classmethod
    def of(cls, tx: Tx) -> _Place:
        shapes = boundaries_of(tx, tx.regency_code, Level.REGENCY) or boundaries_of(tx, tx.regency_code, Level.VILLAGE)
        known = {one.code: one.name for one in regions(tx, [tx.regency_code[:2], tx.regency_code])}
        districts = regions_of(tx, tx.regency_code, Level.DISTRICT)
        return cls(
            outlines=tuple(one.geojson for one in shapes), province=known.get(tx.regency_code[:2], ""),
            regency=known.get(tx.regency_code, ""),
            codes=tuple(code for one in districts for code in (one.code, one.bps_code) if code),
        )  # fmt: skip

    def is_touched(self, read: Parsed, outline: str | None) -> bool:
        """Tell by the drawn area; where nothing is drawn, or no boundary is known, by codes and by names."""
        if outline is not None and self.outlines:
            return any(meets(outline, one) for one in self.outlines)
        named = [region.code for one in read.elements for region in one.regions]
        if named:
            return any(code.startswith(own) for code in named for own in self.codes)
        return self.is_named_in([read.notice.headline, read.notice.text, *(one.label for one in read.elements)])

    def is_named_in(self, texts: Iterable[str]) -> bool:
        """Tell whether the province or the regency is named; both unknown, everything may be meant."""
        found = name_key(" ".join(texts), Level.VILLAGE)
        keys = [name_key(self.province, Level.PROVINCE), name_key(self.regency, Level.REGENCY)]
        return any(key in found for key in keys if key) or not any(keys)


def _wanted(entries: Iterable[Element], known: set[str], place: _Place) -> list[Element]:
    """Leave out what is here already, and what says in its own words that it is of another province."""
    return [
        one for one in entries
        if one.told.get("link") and one.told.get("identifier") not in known
        and place.is_named_in([one.label, one.told.get("text", "")])
    ]  # fmt: skip
