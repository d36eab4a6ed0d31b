"""Warnings of the weather service: kept once where they touch the regency, and nothing is started by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.actor import Actor, Role
from core.clock import FixedClock
from core.errors import Forbidden, Malformed, NotFound
from core.jobs import Every, Job, last_run, run_slot
from core.work import Work
from logistics.zones import alert_queries as queries
from logistics.zones.alerting import look_at_feed
from logistics.zones.models import Incident
from logistics.zones.reading import alert_index, cap
from logistics.zones.reading.elements import Parsed
from logistics.zones.states import Severity
from tests.support.builders import SYSTEM, an_actor
from tests.support.shared import ALERTS, needs_alerts

FEED = "https://cuaca.example/rss.xml"
HERE = "-8.00,131.00 -8.00,131.02 -7.98,131.02 -8.00,131.00"
ELSEWHERE = "-6.00,106.00 -6.00,106.02 -5.98,106.02 -6.00,106.00"
OFFICER = an_actor(Role.LOGISTICS)


def here(parser: str, content: bytes) -> Parsed:
    """Read without a process for each document; one test reads as the product does."""
    return cap.parse(content, "") if parser == "cap" else alert_index.parse(content, "")


class Feed:
    """A weather service: what it lists, and what was asked of it."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock, self.alerts, self.titles, self.asked = clock, {}, {}, []  # type: ignore[var-annotated]

    def warn(
        self, identifier: str, polygon: str = HERE, *, title: str = "Hujan Lebat di Provinsi Contoh",
        kind: str = "Alert", refers: str = "", status: str = "Actual", expires: str | None = None, hours: int = 3,
    ) -> None:  # fmt: skip
        sent = self.clock.now()
        sender = "cuaca@bmkg.go.id"
        ends = expires if expires is not None else f"<expires>{(sent + timedelta(hours=hours)).isoformat()}</expires>"
        references = f"<references>{sender},{refers},{sent.isoformat()}</references>" if refers else ""
        drawn = f"<polygon>{polygon}</polygon>" if polygon else ""
        self.titles[identifier] = title
        self.alerts[f"https://cuaca.example/{identifier}.xml"] = (
            '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
            f"<identifier>{identifier}</identifier><sender>{sender}</sender><sent>{sent.isoformat()}</sent>"
            f"<status>{status}</status><msgType>{kind}</msgType><scope>Public</scope>{references}"
            "<info><language>id</language><category>Met</category><event>Hujan Lebat</event>"
            "<urgency>Immediate</urgency><severity>Moderate</severity><certainty>Likely</certainty>"
            f"{ends}<headline>{title}</headline><description>Hujan lebat.</description>"
            f"<area><areaDesc>Contoh</areaDesc>{drawn}</area></info></alert>"
        ).encode()

    def __call__(self, address: str) -> bytes:
        self.asked.append(address)
        if address == FEED:
            items = "".join(
                f"<item><title>{self.titles[one]}</title><guid>{one}</guid>"
                f"<link>https://cuaca.example/{one}.xml</link></item>"
                for one in reversed(self.titles)
            )
            return f"<rss><channel>{items}</channel></rss>".encode()
        if address not in self.alerts:
            raise Malformed("alert.answered", host="cuaca.example", status=404)
        return self.alerts[address]  # type: ignore[no-any-return]


@pytest.fixture
def feed(fixed_clock: FixedClock) -> Feed:
    return Feed(fixed_clock)


@pytest.fixture
def look(work: Work, feed: Feed) -> Callable[[], str | None]:
    """Look at the feed as the job does, once."""

    def looking(work: Work, actor: Actor) -> Callable[..., str]:
        return look_at_feed(work, actor, FEED, feed, here)

    job = Job(name="alerts.look", trigger=Every(600), look=looking)
    slots = iter(range(100))
    return lambda: run_slot(work, SYSTEM, job, str(next(slots)))


def kept(work: Work) -> dict[str, str]:
    with work.read_by(OFFICER) as tx:
        return {one.identifier: one.standing for one in queries.alerts(tx)}


def test_only_what_touches_the_regency_is_kept_and_nothing_is_started(
    work: Work, feed: Feed, look: Callable[[], str | None]
):
    feed.warn("here")
    feed.warn("elsewhere", ELSEWHERE)
    feed.warn("other-province", title="Hujan Lebat di Banten")
    feed.warn("exercise", status="Exercise")
    assert look() == "4 peringatan di umpan, 1 baru untuk kabupaten ini, 0 tidak terbaca"
    assert kept(work) == {"here": "active"}
    assert "https://cuaca.example/other-province.xml" not in feed.asked, "its own title says that it is not for us"
    with work.read_by(OFFICER) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Incident)) == 0
        (one,) = queries.active_alerts(tx)
        assert (one.severity, one.headline, one.has_outline) == (
            Severity.MEDIUM, "Hujan Lebat di Provinsi Contoh", True,
        )  # fmt: skip
        assert last_run(tx, "alerts.look") is not None


def test_an_alert_is_kept_once_and_asked_for_once(work: Work, feed: Feed, look: Callable[[], str | None]):
    feed.warn("a")
    look()
    assert look() == "1 peringatan di umpan, 0 baru untuk kabupaten ini, 0 tidak terbaca"
    assert feed.asked.count("https://cuaca.example/a.xml") == 1


def test_an_update_replaces_and_a_cancellation_cancels(work: Work, feed: Feed, look: Callable[[], str | None]):
    feed.warn("a")
    feed.warn("b")
    look()
    feed.warn("a2", kind="Update", refers="a")
    feed.warn("b2", ELSEWHERE, kind="Cancel", refers="b")
    look()
    assert kept(work) == {"a": "replaced", "a2": "active", "b": "cancelled"}


def test_an_update_that_comes_with_what_it_updates_or_before_it_still_replaces_it(
    work: Work, feed: Feed, look: Callable[[], str | None]
):
    feed.warn("a2", kind="Update", refers="a")
    look()
    feed.warn("a")
    look()
    assert kept(work) == {"a": "replaced", "a2": "active"}


def test_a_warning_runs_out_by_the_clock(
    work: Work, feed: Feed, look: Callable[[], str | None], fixed_clock: FixedClock
):
    feed.warn("three hours")
    feed.warn("says nothing", expires="")
    look()
    fixed_clock.advance(timedelta(hours=3))
    assert kept(work) == {"three hours": "expired", "says nothing": "active"}
    fixed_clock.advance(timedelta(hours=3))
    assert set(kept(work).values()) == {"expired"}
    with work.read_by(OFFICER) as tx:
        assert queries.active_alerts(tx) == ()


def test_an_alert_that_draws_nothing_is_kept_by_its_words(work: Work, feed: Feed, look: Callable[[], str | None]):
    feed.warn("named", "")
    look()
    assert kept(work) == {"named": "active"}


def test_a_feed_that_is_broken_or_silent_does_no_harm(work: Work, feed: Feed, look: Callable[[], str | None]):
    feed.warn("good")
    feed.warn("gone")
    del feed.alerts["https://cuaca.example/gone.xml"]
    feed.warn("bomb")
    feed.alerts["https://cuaca.example/bomb.xml"] = b'<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>'
    assert look() == "3 peringatan di umpan, 1 baru untuk kabupaten ini, 2 tidak terbaca"

    def silent(address: str) -> bytes:
        raise Malformed("alert.unreachable", host="cuaca.example")

    with work.by(SYSTEM) as tx:
        assert look_at_feed(work, SYSTEM, FEED, silent)(tx) == "umpan tidak terbaca: alert.unreachable"


def test_whoever_may_not_see_warnings_does_not_and_foreign_ones_are_not_found(
    work: Work, feed: Feed, look: Callable[[], str | None]
):
    feed.warn("a")
    look()
    with work.read_by(an_actor(Role.ADMIN)) as tx, pytest.raises(Forbidden):
        queries.alerts(tx)
    with work.read_by(OFFICER) as tx:
        (one,) = queries.alerts(tx)
    with work.read_by(replace(OFFICER, regency_code="99.02")) as tx, pytest.raises(NotFound):
        queries.alert(tx, one.id)


@needs_alerts
def test_the_real_list_names_no_alert_for_a_district_elsewhere(work: Work):
    asked = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return (ALERTS / "bmkg_nowcast_rss_20260216.xml").read_bytes()

    with work.by(SYSTEM) as tx:
        said = look_at_feed(work, SYSTEM, FEED, fetch)(tx)
    assert said == "3 peringatan di umpan, 0 baru untuk kabupaten ini, 0 tidak terbaca"
    assert asked == [FEED], "three other provinces"
