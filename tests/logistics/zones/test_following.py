"""An Update offers the next version of areas that came from its alert, a Cancel their withdrawal; people confirm."""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta
from uuid import UUID

import pytest

from core.clock import FixedClock
from core.errors import Conflict, Invalid, Refused
from core.work import Work
from logistics.zones import queries
from logistics.zones.reading import cap
from logistics.zones.reading.commands import PostReading, ReadDocument, TakenArea, post_reading, read_document
from logistics.zones.reading.following import (
    Follow,
    Following,
    ReviseByUpdate,
    following,
    revise_by_update,
    withdraw_by_cancel,
)
from logistics.zones.reading.judging import judge
from logistics.zones.reading.queries import reading
from logistics.zones.reading.states import ReadingState
from logistics.zones.states import Severity, VersionState
from tests.flows import line
from tests.logistics.zones.test_reading_cap import alert, area, info, polygon

WIDER = "-8.00,131.00 -8.00,131.03 -7.98,131.03 -7.98,131.00 -8.00,131.00"
SENDER = "pusdalops@contoh.example"


def read(work: Work, flood: line.Flood, content: bytes) -> UUID:
    parsed = cap.parse(content, "a.xml")
    with work.by(line.BPBD) as tx:
        return read_document(
            tx,
            ReadDocument(
                incident_id=flood.incident_id, file_name="a.xml", file_sha256=hashlib.sha256(content).hexdigest(),
                size_bytes=len(content), judged=judge(tx, parsed),
            ),
        ).reading_id  # fmt: skip


def take(work: Work, reading_id: UUID, *names: str) -> list[UUID]:
    with work.by(line.BPBD) as tx:
        done = post_reading(
            tx,
            PostReading(
                reading_id=reading_id,
                areas=tuple(
                    TakenArea(elements=(no,), name=name, severity=Severity.HEAVY, observed_at=tx.now)
                    for no, name in enumerate(names, 1)
                ),
            ),
        )  # fmt: skip
    return [one.zone_id for one in done.zones]


def asks(work: Work, reading_id: UUID) -> Following | None:
    with work.read_by(line.BPBD) as tx:
        return following(tx, reading_id)


def follow_up(kind: str, identifier: str, *areas: str, refers: str = "BPBD-1", sender: str = SENDER) -> bytes:
    reference = f"{SENDER},{refers},2026-11-16T08:00:00+09:00"
    return alert(
        info(*areas, severity="Moderate"), msgType=kind, identifier=identifier, references=reference, sender=sender,
        sent="2026-11-16T10:00:00+09:00",
    )  # fmt: skip


@pytest.fixture
def zones(work: Work, flood: line.Flood) -> list[UUID]:
    """Two areas that were posted from one alert, under names of the coordinator's own."""
    first = read(work, flood, alert(info(area("Hilir", polygon()), area("Hulu", polygon(WIDER)))))
    assert asks(work, first) is None
    return take(work, first, "Bagian hilir", "Bagian hulu")


def test_an_update_offers_the_next_version_of_each_area_that_came_from_its_alert(
    work: Work, flood: line.Flood, zones: list[UUID]
):
    update = read(work, flood, follow_up("Update", "BPBD-2", area("HULU ", polygon()), area("Baru", polygon(WIDER))))
    found = asks(work, update)
    assert found is not None and found.act is Follow.REVISE
    assert [(one.name, one.is_theirs, one.elements) for one in found.areas] == [
        ("Bagian hilir", True, ()), ("Bagian hulu", True, (1,)),
    ]  # fmt: skip
    with work.by(line.BPBD) as tx, pytest.raises(Invalid, match=r"following\.no_element"):
        revise_by_update(tx, ReviseByUpdate(reading_id=update, zone_ids=(zones[0],), united={}))
    with work.by(line.BPBD) as tx:
        revise_by_update(tx, ReviseByUpdate(reading_id=update, zone_ids=(zones[1],), united={}))
        second = queries.zone(tx, zones[1])
        assert (second.no, second.name, second.severity, second.source) == (2, "Bagian hulu", Severity.MEDIUM, SENDER)
        assert queries.zone(tx, zones[0]).no == 1
        assert reading(tx, update).state is ReadingState.POSTED


def test_a_cancellation_offers_withdrawal_also_of_what_was_updated_since(
    work: Work, flood: line.Flood, zones: list[UUID]
):
    update = read(work, flood, follow_up("Update", "BPBD-2", area("Hulu", polygon())))
    with work.by(line.BPBD) as tx:
        revise_by_update(tx, ReviseByUpdate(reading_id=update, zone_ids=(zones[1],), united={}))
    cancel = read(work, flood, follow_up("Cancel", "BPBD-3", area("Hulu", polygon()), refers="BPBD-2"))
    found = asks(work, cancel)
    assert found is not None and found.act is Follow.WITHDRAW
    assert [one.name for one in found.areas] == ["Bagian hulu"]
    with work.by(line.BPBD) as tx:
        assert withdraw_by_cancel(tx, cancel, [zones[1]]) == 1
        gone = queries.zone(tx, zones[1])
        assert (gone.state, gone.withdraw_reason) == (VersionState.WITHDRAWN, "CAP Cancel BPBD-3")
    with work.by(line.BPBD) as tx, pytest.raises(Refused):
        withdraw_by_cancel(tx, cancel, [zones[1]])


def test_an_area_that_somebody_revised_otherwise_since_is_said_to_be(
    work: Work, flood: line.Flood, zones: list[UUID], fixed_clock: FixedClock
):
    fixed_clock.advance(timedelta(hours=1))
    again = line.an_area(flood, now=fixed_clock.now(), zone_id=zones[0], base_no=1, name="Bagian hilir")
    line.post(work, again)
    cancel = read(work, flood, follow_up("Cancel", "BPBD-2", area("Hilir", polygon())))
    found = asks(work, cancel)
    assert found is not None
    assert [(one.name, one.is_theirs, one.current_no) for one in found.areas] == [
        ("Bagian hilir", False, 2), ("Bagian hulu", True, 1),
    ]  # fmt: skip


def test_another_senders_message_and_an_exercise_ask_nothing(work: Work, flood: line.Flood, zones: list[UUID]):
    foreign = read(work, flood, follow_up("Cancel", "X-1", area("Hilir", polygon()), sender="lain@contoh.example"))
    assert asks(work, foreign) is None
    with work.by(line.BPBD) as tx, pytest.raises(Conflict, match=r"following\.nothing_asked"):
        withdraw_by_cancel(tx, foreign, zones)
    exercise = read(work, flood, follow_up("Cancel", "X-2", area("Hilir", polygon())).replace(b"Actual", b"Exercise"))
    assert asks(work, exercise) is None


def test_only_areas_of_that_alert_can_be_chosen(work: Work, flood: line.Flood, zones: list[UUID]):
    other = line.post(work, line.an_area(flood))
    cancel = read(work, flood, follow_up("Cancel", "BPBD-2", area("Hilir", polygon())))
    with work.by(line.BPBD) as tx, pytest.raises(Invalid, match=r"following\.not_theirs"):
        withdraw_by_cancel(tx, cancel, [zones[0], other.zone_id])


def test_of_two_who_confirm_a_cancellation_at_once_one_does(work: Work, flood: line.Flood, zones: list[UUID]):
    cancel = read(work, flood, follow_up("Cancel", "BPBD-2", area("Hilir", polygon())))
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def confirm() -> None:
        gate.wait()
        try:
            work.run(line.BPBD, lambda tx: withdraw_by_cancel(tx, cancel, zones))
            outcomes.append("done")
        except Refused as why:
            outcomes.append(type(why).__name__)

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) in (["Conflict", "done"], ["Invalid", "done"])
    with work.read_by(line.BPBD) as tx:
        assert {queries.zone(tx, one).state for one in zones} == {VersionState.WITHDRAWN}
