"""Areas as BPBD posts them: versions, never overwritten; refusals that say what is wrong and where."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from core.i18n import say
from core.work import Work
from logistics.zones import affected, commands, comparing, decreeing, queries
from logistics.zones.models import ZoneVersion
from logistics.zones.rules import Count
from logistics.zones.states import Access, CountKind, CountState, Hazard, Phase, PhaseAct, Severity, VersionState
from registry_link.regions.states import CodeSystem
from tests.flows import line
from tests.support.builders import an_actor, an_office

LISTED = commands.ListRegion


def posted_rows(work: Work) -> int:
    with work.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(ZoneVersion)) or 0


# ---------------------------------------------------------------- incident and decree


def test_an_incident_gets_a_readable_address_and_a_second_of_its_name_another(work: Work):
    first = line.open_flood(work, "Banjir  Yamdena")
    second = line.open_flood(work, "Banjir Yamdena")
    assert (first.slug, second.slug) == ("banjir-yamdena-2026-11", "banjir-yamdena-2026-11-2")


def test_the_days_of_a_decree_count_both_ends_and_differing_words_are_told(work: Work, flood: line.Flood):
    with work.by(line.BPBD) as tx:
        said = commands.record_decree(
            tx,
            commands.RecordDecree(
                incident_id=flood.incident_id, number="SK  2", dated_on=tx.today, first_on=tx.today,
                last_on=tx.today + timedelta(days=6), days_said=14,
            ),
        )  # fmt: skip
        view = queries.incident(tx, flood.slug)
    assert (said.days, said.do_words_differ) == (7, True)
    assert (view.days, view.day) == (14, 1), "both decrees together, and today is the first day"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": "  "}, "decree.number_missing"),
        ({"last_on": -1}, "decree.ends_before_start"),
        ({"last_on": 400}, "decree.too_long"),
        ({"number": "SK/banjir-contoh-2026-11"}, "decree.exists"),
    ],
)
def test_a_decree_that_cannot_be_is_refused(work: Work, flood: line.Flood, changes: dict[str, object], code: str):
    with pytest.raises(Refused) as refused, work.by(line.BPBD) as tx:
        last = changes.get("last_on", 5)
        assert isinstance(last, int)
        order = commands.RecordDecree(
            incident_id=flood.incident_id, number="SK 9", dated_on=tx.today, first_on=tx.today,
            last_on=tx.today + timedelta(days=last),
        )  # fmt: skip
        commands.record_decree(tx, replace(order, **{**changes, "last_on": order.last_on}))  # type: ignore[arg-type]
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "x"}, "incident.name_length"),
        ({"started_at": line.MONDAY + timedelta(hours=1)}, "incident.starts_in_future"),
        ({"phase": Phase.CLOSED}, "incident.phase_unfit"),
    ],
)
def test_an_incident_that_cannot_be_is_refused(work: Work, changes: dict[str, object], code: str):
    order = commands.OpenIncident(name="Banjir", hazard=Hazard.FLOOD, started_at=line.MONDAY)
    with pytest.raises(Invalid) as refused, work.by(line.BPBD) as tx:
        commands.open_incident(tx, replace(order, **changes))  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_closed_incident_takes_no_area_any_more(work: Work, flood: line.Flood):
    with work.by(line.BPBD) as tx:
        (decree,) = queries.decrees(tx, flood.incident_id)
        decreeing.end_decree(tx, decree.id, tx.today, "SK dicabut")
        commands.move_incident(tx, flood.incident_id, PhaseAct.CLOSE, "selesai")
    with pytest.raises(Conflict, match=r"incident\.is_closed"):
        line.post(work, line.an_area(flood))


# ---------------------------------------------------------------- posting


def test_a_posted_area_says_what_was_posted(work: Work, flood: line.Flood):
    posted = line.post(work, line.an_area(flood, access=Access.BOAT, source="Laporan TRC"))
    with work.read_by(line.BPBD) as tx:
        view = queries.zone(tx, posted.zone_id)
        ((version, outline),) = queries.outlines(tx, flood.incident_id)
    assert (view.name, view.no, view.current_no, view.state) == ("Bantaran", 1, 1, VersionState.CURRENT)
    assert (view.severity, view.access, view.source) == (Severity.HEAVY, Access.BOAT, "Laporan TRC")
    assert [(one.region_code, one.rw, one.rt) for one in view.listed] == [(line.F, "", "")]
    assert view.matched_at is not None
    assert version == posted.version_id
    assert outline.startswith('{"type":"Polygon"') or '"Polygon"' in outline


def test_the_officer_posts_on_behalf_of_bpbd_and_nobody_else_does(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood), actor=line.OFFICER)
    for role in (Role.ADMIN, Role.HEAD, Role.AUDITOR, Role.WAREHOUSE, Role.FIELD, Role.VILLAGE):
        with pytest.raises(Forbidden), work.by(an_actor(role)) as tx:
            commands.post_zone(tx, line.an_area(flood, name="Lain"))


def test_an_open_ring_is_closed_and_the_repair_is_shown(work: Work, flood: line.Flood):
    open_ring = '{"type":"Polygon","coordinates":[[[131.0,-8.0],[131.01,-8.0],[131.01,-7.99],[131.0,-7.99]]]}'
    posted = line.post(work, line.an_area(flood, outline=open_ring))
    assert posted.repairs == ("outline.ring_closed",)
    with work.read_by(line.BPBD) as tx:
        (repair,) = queries.zone(tx, posted.zone_id).repairs
    assert "tertutup" in say(repair.code, "id", repair.facts)


def test_an_area_of_codes_alone_has_no_outline(work: Work, flood: line.Flood):
    posted = line.post(work, line.an_area(flood, outline=None))
    with work.read_by(line.BPBD) as tx:
        assert not queries.zone(tx, posted.zone_id).has_outline


def test_a_village_may_be_named_by_bps_code_of_its_district_and_its_own_name(work: Work, flood: line.Flood):
    named = LISTED(code="9803002", name="contoh f", system=CodeSystem.BPS)
    posted = line.post(work, line.an_area(flood, outline=None, regions=(named,)))
    with work.read_by(line.BPBD) as tx:
        assert [one.region_code for one in queries.zone(tx, posted.zone_id).listed] == [line.F]


def test_rw_and_rt_are_written_with_three_digits(work: Work, flood: line.Flood):
    posted = line.post(work, line.an_area(flood, outline=None, regions=(LISTED(code=line.F, rw="1", rt="02"),)))
    with work.read_by(line.BPBD) as tx:
        assert [(one.rw, one.rt) for one in queries.zone(tx, posted.zone_id).listed] == [("001", "002")]


SWAPPED = '{"type":"Polygon","coordinates":[[[-8.0,131.0],[-7.99,131.0],[-7.99,131.01],[-8.0,131.0]]]}'
CROSSED = line.polygon((131.0, -8.0), (131.01, -7.99), (131.01, -8.0), (131.0, -7.99))
WORLD = line.box(-179, -80, 179, 80)
FAR = line.box(120.0, -5.0, 120.1, -4.9)

REFUSED = [
    ("swapped longitude and latitude", {"outline": SWAPPED}, "outline.swapped", ("-8", "131")),
    ("outside the district", {"outline": FAR}, "outline.outside_district", ("120",)),
    ("crossing itself", {"outline": CROSSED}, "outline.crosses_itself", ("131.005", "-7.995")),
    ("absurd size", {"outline": WORLD}, "outline.too_wide", ()),
    ("empty geometry", {"outline": '{"type":"Polygon","coordinates":[]}'}, "outline.empty", ()),
    ("a point", {"outline": '{"type":"Point","coordinates":[131.0,-8.0]}'}, "outline.not_an_area", ("Point",)),
    ("not JSON", {"outline": "{"}, "outline.not_json", ()),
    ("neither outline nor codes", {"outline": None, "regions": ()}, "zone.empty", ()),
    ("name and code disagree", {"regions": (LISTED(code=line.F, name="Contoh A"),)}, "region.code_name_differ",
     ("Contoh F", "Contoh A")),
    ("BPS district, wrong name", {"regions": (LISTED(code="9803002", name="Contoh A", system=CodeSystem.BPS),)},
     "region.unknown_name", ("Contoh A",)),
    ("Kemendagri code as BPS", {"regions": (LISTED(code="9901022003", name="Contoh F", system=CodeSystem.BPS),)},
     "region.unknown_code", ("BPS",)),
    ("a BPS village without its name", {"regions": (LISTED(code="9803002003", system=CodeSystem.BPS),)},
     "region.name_needed", ()),
    ("an unknown code", {"regions": (LISTED(code="99.01.02.2099"),)}, "region.not_found", ("99.01.02.2099",)),
    ("a whole regency", {"regions": (LISTED(code="99.01"),)}, "zone.region_unfit", ()),
    ("an RT without its RW", {"regions": (LISTED(code=line.F, rt="001"),)}, "zone.rt_without_rw", ()),
    ("observed in the future", {"observed_at": line.MONDAY + timedelta(hours=1)}, "zone.observed_in_future", ()),
    ("no name", {"name": " "}, "zone.name_length", ()),
    ("counts of another place", {"counts": (commands.ReportCount(
        village_code="99.01", kind=CountKind.HOUSEHOLDS, count=Count(CountState.ZERO)),)},
     "zone.region_unfit", ()),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "told"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_an_area_that_cannot_be_is_refused_in_words_and_nothing_is_kept(
    work: Work, flood: line.Flood, changes: dict[str, object], code: str, told: tuple[str, ...]
):
    with pytest.raises(Refused) as refused, work.by(line.BPBD) as tx:
        commands.post_zone(tx, line.an_area(flood, **changes))  # type: ignore[arg-type]
    assert refused.value.code == code
    for lang in ("id", "en"):
        sentence = say(code, lang, refused.value.facts)
        assert all(part in sentence for part in told), sentence
        assert "{" not in sentence
    assert posted_rows(work) == 0
    with work.read_by(line.BPBD) as tx:
        assert queries.zones(tx, flood.incident_id) == ()


def test_two_areas_of_an_incident_have_two_names(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    with pytest.raises(Conflict, match=r"zone\.name_taken"):
        line.post(work, line.an_area(flood))


def test_an_area_is_not_renamed_to_what_another_of_its_incident_is_called(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    other = line.post(work, line.an_area(flood, name="Lereng"))
    with pytest.raises(Conflict, match=r"zone\.name_taken"):
        line.post(work, line.an_area(flood, zone_id=other.zone_id, base_no=1))
    again = line.post(work, line.an_area(flood, name="Lereng", zone_id=other.zone_id, base_no=1))
    assert again.no == 2, "its own name it keeps"


def test_an_incident_of_another_office_is_not_found(work: Work, flood: line.Flood):
    an_office(work, "99.02")
    stranger = replace(line.BPBD, regency_code="99.02")
    for act in (
        lambda tx: commands.post_zone(tx, line.an_area(flood)),
        lambda tx: commands.record_decree(tx, commands.RecordDecree(
            incident_id=flood.incident_id, number="SK", dated_on=tx.today, first_on=tx.today, last_on=tx.today)),
        lambda tx: commands.move_incident(tx, flood.incident_id, PhaseAct.CLOSE),
        lambda tx: queries.zones(tx, flood.incident_id),
        lambda tx: affected.groups(tx, flood.incident_id),
    ):  # fmt: skip
        with pytest.raises(NotFound), work.by(stranger) as tx:
            act(tx)


# ---------------------------------------------------------------- versions


def revise(flood: line.Flood, posted: commands.PostedZone, base_no: int | None, **more: object) -> commands.PostZone:
    return line.an_area(flood, zone_id=posted.zone_id, base_no=base_no, **more)  # type: ignore[arg-type]


def test_a_revision_is_a_new_version_and_the_old_one_stays_as_it_was(work: Work, flood: line.Flood):
    first = line.post(work, line.an_area(flood))
    second = line.post(work, revise(flood, first, 1, regions=(), severity=Severity.LIGHT, name="Bantaran Timur"))
    assert (second.zone_id, second.no) == (first.zone_id, 2)
    with work.read_by(line.BPBD) as tx:
        newest, oldest = queries.versions(tx, first.zone_id)
        (shown,) = queries.zones(tx, flood.incident_id)
    assert (newest.no, newest.state, newest.severity) == (2, VersionState.CURRENT, Severity.LIGHT)
    assert (oldest.no, oldest.state, oldest.severity) == (1, VersionState.SUPERSEDED, Severity.HEAVY)
    assert [one.region_code for one in oldest.listed] == [line.F]
    assert (shown.no, shown.name) == (2, "Bantaran Timur")


def test_of_two_who_revise_at_once_one_wins_and_the_other_is_told(work: Work, flood: line.Flood):
    first = line.post(work, line.an_area(flood))
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def revise_it(severity: Severity) -> None:
        start.wait()
        try:
            posted = work.run(line.BPBD, lambda tx: commands.post_zone(tx, revise(flood, first, 1, severity=severity)))
            outcomes.append(f"version {posted.no}")
        except Refused as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=revise_it, args=(one,)) for one in (Severity.LIGHT, Severity.MEDIUM)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["version 2", "zone.revised_meanwhile"]
    assert posted_rows(work) == 2


def test_who_bases_a_revision_on_an_old_version_is_told(work: Work, flood: line.Flood):
    first = line.post(work, line.an_area(flood))
    line.post(work, revise(flood, first, 1))
    with pytest.raises(Conflict, match=r"zone\.revised_meanwhile"):
        line.post(work, revise(flood, first, 1))


def test_an_area_of_another_incident_cannot_be_revised_here(work: Work, flood: line.Flood):
    first = line.post(work, line.an_area(flood))
    other = line.open_flood(work, "Longsor")
    with pytest.raises(NotFound):
        line.post(work, revise(other, first, 1))


def test_two_versions_are_compared_household_by_household(work: Work, flood: line.Flood):
    first = line.post(work, line.an_area(flood, outline=None, regions=(LISTED(code=line.A), LISTED(code=line.F))))
    line.post(work, revise(flood, first, 1, outline=None, regions=(LISTED(code=line.E), LISTED(code=line.F))))
    with work.read_by(line.BPBD) as tx:
        diff = comparing.compare(tx, first.zone_id, 1, 2)
        back = comparing.compare(tx, first.zone_id, 2, 1)
        with pytest.raises(NotFound):
            comparing.compare(tx, first.zone_id, 1, 3)
    known = line.households(work)
    assert [one.households for one in (diff.joined, diff.left, diff.unchanged)] == [12, 12, 12]
    assert [one.village_code for one in diff.villages] == [line.A, line.E, line.F]
    assert (back.joined, back.left) == (diff.left, diff.joined)
    with work.read_by(line.OFFICER) as tx:
        joined = comparing.changed_households(tx, first.zone_id, 1, 2, comparing.Change.JOINED)
        left = comparing.changed_households(tx, first.zone_id, 1, 2, comparing.Change.LEFT, limit=5, offset=10)
    assert {one.household_id for one in joined.lines} == {known[f"H-4-{number}"] for number in range(12)}
    assert (len(left.lines), left.total) == (2, 12)
    with work.read_by(line.BPBD) as tx:
        seen = comparing.changed_households(tx, first.zone_id, 1, 2, comparing.Change.JOINED)
    assert (seen.lines, seen.total) == ((), 12), "BPBD sees numbers, not households"


def test_a_withdrawn_area_keeps_its_history_and_is_withdrawn_once(work: Work, flood: line.Flood):
    posted = line.post(work, line.an_area(flood))
    with pytest.raises(Invalid, match=r"zone\.reason_missing"), work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, posted.zone_id, "x")
    with work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, posted.zone_id, "Salah tempat")
    with pytest.raises(Conflict, match=r"zone\.is_withdrawn"), work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, posted.zone_id, "Salah tempat")
    with work.read_by(line.BPBD) as tx:
        (view,) = queries.versions(tx, posted.zone_id)
        assert (view.state, view.withdraw_reason) == (VersionState.WITHDRAWN, "Salah tempat")
        assert affected.groups(tx, flood.incident_id).total == 0


def test_a_withdrawn_area_comes_back_by_a_new_version(work: Work, flood: line.Flood):
    posted = line.post(work, line.an_area(flood))
    with work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, posted.zone_id, "Salah tempat")
    again = line.post(work, revise(flood, posted, 1))
    with work.read_by(line.BPBD) as tx:
        assert again.no == 2
        assert affected.groups(tx, flood.incident_id).total > 0


def test_the_database_itself_keeps_two_versions_from_having_one_number(work: Work, flood: line.Flood):
    posted = line.post(work, line.an_area(flood))
    columns = [column.name for column in ZoneVersion.__table__.columns if column.name != "id"]
    copied: UUID = work.ids.new()
    with pytest.raises(sa.exc.IntegrityError), work.engine.begin() as connection:
        connection.execute(
            sa.insert(ZoneVersion).from_select(
                ["id", *columns],
                sa.select(sa.literal(copied, sa.Uuid()), *(getattr(ZoneVersion, name) for name in columns)).where(
                    ZoneVersion.id == posted.version_id
                ),
            )
        )
