"""What is told to others of an area: a message per post, extension, withdrawal and end, the same whenever asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.actor import Role
from core.clock import FixedClock
from core.errors import NotFound
from core.work import Work
from logistics.zones import commands, decreeing
from logistics.zones.outgoing import DecreeSpan, Message, messages_of, outgoing, outgoing_message, stamp
from logistics.zones.states import PhaseAct
from tests.flows import line
from tests.support.builders import an_actor

ZONE = ZoneInfo("Asia/Jayapura")
NOON = datetime(2026, 11, 16, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def told(
    posted: Sequence[tuple[int, datetime]], spans: Sequence[DecreeSpan] = (), over_at: datetime | None = None,
    now: datetime = NOON + timedelta(days=30),
) -> list[tuple[str, int, str]]:  # fmt: skip
    found: tuple[Message, ...] = messages_of(posted, spans, over_at, now, ZONE)
    return [(one.kind.value, one.no, f"{one.expires_at.astimezone(ZONE):%d %H:%M}") for one in found]


def span(recorded_at: datetime, last: int, **more: object) -> DecreeSpan:
    known: dict[str, object] = {"withdrawn_at": None, "ended_on": None, **more}
    return DecreeSpan(recorded_at=recorded_at, last_on=date(2026, 11, last), **known)  # type: ignore[arg-type]


def test_an_area_holds_to_the_end_of_the_decrees_last_day_else_a_week():
    assert told([(1, NOON)], [span(NOON - HOUR, 29)]) == [("Alert", 1, "29 23:59")]
    assert told([(1, NOON)]) == [("Alert", 1, "23 12:00")]
    assert told([(1, NOON)], [span(NOON - HOUR, 15)]) == [("Alert", 1, "23 12:00")], "over before it was posted"


def test_versions_extensions_and_withdrawn_decrees_are_told_when_they_become_known():
    later, last = NOON + timedelta(days=1), NOON + timedelta(days=2)
    assert told([(1, NOON), (2, later)], [span(NOON - HOUR, 22), span(last, 29)]) == [
        ("Alert", 1, "22 23:59"), ("Update", 2, "22 23:59"), ("Update", 2, "29 23:59"),
    ]  # fmt: skip
    assert told([(1, NOON)], [span(NOON - HOUR, 22), span(NOON - HOUR, 29, withdrawn_at=later)]) == [
        ("Alert", 1, "29 23:59"), ("Update", 1, "22 23:59"),
    ]  # fmt: skip
    assert told([(1, NOON)], [span(NOON - HOUR, 29, ended_on=date(2026, 11, 20))]) == [
        ("Alert", 1, "29 23:59"), ("Update", 1, "20 23:59"),
    ]  # fmt: skip


def test_nothing_is_told_before_its_time_and_nothing_that_was_told_changes():
    posted = [(1, NOON), (2, NOON + timedelta(days=1)), (3, NOON + timedelta(days=5))]
    spans = [span(NOON + 3 * HOUR, 22), span(NOON + timedelta(days=3), 29)]
    over = NOON + timedelta(days=6)
    whole = messages_of(posted, spans, over, over, ZONE)
    assert [one.kind.value for one in whole] == ["Alert", *["Update"] * 4, "Cancel"]
    for one in whole:
        known = [(no, at) for no, at in posted if at <= one.sent_at]
        then = messages_of(
            known, [two for two in spans if two.recorded_at <= one.sent_at], over if one.sent_at >= over else None,
            one.sent_at, ZONE,
        )  # fmt: skip
        assert then == whole[: len(then)]
        assert then[-1] == one


def kinds(work: Work) -> list[tuple[str, int, int]]:
    with work.read_by(line.BPBD) as tx:
        return [(one.message.kind.value, one.message.no, len(one.earlier)) for one in outgoing(tx).areas]


def test_a_posted_area_goes_out_is_revised_extended_and_withdrawn(
    work: Work, flood: line.Flood, fixed_clock: FixedClock
):
    posted = line.post(work, line.an_area(flood, now=fixed_clock.now()))
    assert kinds(work) == [("Alert", 1, 0)]
    with work.read_by(line.BPBD) as tx:
        (first,) = outgoing(tx).areas
        last_on = tx.today + timedelta(days=13)
        assert first.message.expires_at.astimezone(ZONE).isoformat() == f"{last_on}T23:59:59+09:00", "its decree's last"
    fixed_clock.advance(HOUR)
    line.post(work, line.an_area(flood, now=fixed_clock.now(), zone_id=posted.zone_id, base_no=1))
    assert kinds(work) == [("Update", 2, 1)]
    fixed_clock.advance(HOUR)
    with work.by(line.BPBD) as tx:
        decreeing.record_decree(
            tx,
            decreeing.RecordDecree(
                incident_id=flood.incident_id, number="SK perpanjangan", dated_on=tx.today,
                first_on=tx.today + timedelta(days=14), last_on=tx.today + timedelta(days=20),
            ),
        )  # fmt: skip
    assert kinds(work) == [("Update", 2, 2)]
    fixed_clock.advance(HOUR)
    with work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, posted.zone_id, "Salah tempat")
    assert kinds(work) == [("Cancel", 2, 3)]
    with work.read_by(line.BPBD) as tx:
        again = outgoing_message(tx, posted.zone_id, stamp(first.message))
        assert again == first, "an old message is still the same"
        with pytest.raises(NotFound):
            outgoing_message(tx, posted.zone_id, "2026")


def test_the_end_of_an_incident_is_told_and_then_forgotten(work: Work, flood: line.Flood, fixed_clock: FixedClock):
    line.post(work, line.an_area(flood, now=fixed_clock.now()))
    fixed_clock.advance(timedelta(days=13))
    with work.by(line.BPBD) as tx:
        commands.move_incident(tx, flood.incident_id, PhaseAct.CLOSE, "Sudah pulih")
    assert kinds(work) == [("Cancel", 1, 1)]
    fixed_clock.advance(timedelta(days=2))
    assert kinds(work) == []


def test_listed_places_carry_both_codes(work: Work, flood: line.Flood, fixed_clock: FixedClock):
    listed = (commands.ListRegion(code=line.A, rw="3"), commands.ListRegion(code="99.01.02"))
    line.post(work, line.an_area(flood, now=fixed_clock.now(), outline=None, regions=listed))
    with work.read_by(an_actor(Role.AUDITOR)) as tx:
        (one,) = outgoing(tx).areas
    assert one.rings == ()
    assert [(place.code, place.bps_code, place.rw) for place in one.places] == [
        (line.A, "", "003"), ("99.01.02", "9803002", ""),
    ]  # fmt: skip
