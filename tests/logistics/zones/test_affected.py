"""From a matched area to a list of people to help: three groups, what a person decided, and what a revision leaves."""

from __future__ import annotations

import threading
from collections import Counter
from uuid import UUID

import pytest

from core.actor import Actor, Role
from core.errors import Conflict, Forbidden, NotFound, Refused
from core.work import Tx, Work
from logistics.zones import affected as listing
from logistics.zones import commands, deciding, matching, queries
from logistics.zones.commands import ReportCount
from logistics.zones.deciding import Decide
from logistics.zones.jobs import match_posted
from logistics.zones.rules import Count, looks_swapped, read_count
from logistics.zones.states import AffectedState, CountKind, CountState, PhaseAct, RejectReason
from registry_link.households.commands import NewCounts, RegisterProvisional, register_provisional
from registry_link.households.drawn import drawn_from
from registry_link.households.queries import positions_of
from registry_link.matching.rules import Confidence
from tests.flows import line
from tests.support.builders import SYSTEM, an_actor

LISTED = commands.ListRegion
VILLAGE_F = an_actor(Role.VILLAGE, village=line.F)


def lines_of(work: Work, flood: line.Flood, actor: Actor = line.OFFICER) -> dict[UUID, listing.AffectedLine]:
    with work.read_by(actor) as tx:
        found = listing.affected(tx, flood.incident_id, limit=500)
        gone = listing.affected(tx, flood.incident_id, state=AffectedState.LEFT, limit=500)
    return {one.household_id: one for one in (*found.lines, *gone.lines)}


def groups_of(work: Work, flood: line.Flood, actor: Actor = line.OFFICER) -> listing.GroupCounts:
    with work.read_by(actor) as tx:
        return listing.groups(tx, flood.incident_id)


def decide(work: Work, flood: line.Flood, ids: list[UUID], actor: Actor = line.OFFICER, **more: object) -> int:
    order: dict[str, object] = {"is_affected": True, **more}
    with work.by(actor) as tx:
        return deciding.decide_affected(
            tx,
            Decide(incident_id=flood.incident_id, household_ids=tuple(ids), **order),  # type: ignore[arg-type]
        ).changed


def listed_only(flood: line.Flood, *codes: str, **more: object) -> commands.PostZone:
    return line.an_area(flood, outline=None, regions=tuple(LISTED(code=one) for one in codes), **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------- the three groups


def test_every_household_of_an_area_is_certain_probable_or_to_verify_and_says_why(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    known, lines = line.households(work), lines_of(work, flood)
    with work.read_by(line.OFFICER) as tx:
        places = positions_of(tx, list(known.values()))
    for name, household_id in known.items():
        village, number = (int(part) for part in name.split("-")[1:])
        found = lines.get(household_id)
        if village == 0:  # wholly inside the outline
            assert found is not None
            assert found.confidence is Confidence.CERTAIN
            assert found.evidence == ("geotag_inside" if number % 2 == 0 else "village_inside")
        elif village == 5:  # listed by its code
            assert found is not None
            assert (found.confidence, found.evidence) == (Confidence.CERTAIN, "listed_village")
        elif village == 1 and household_id in places:
            is_inside = places[household_id][0] <= 131.03
            assert (found is not None) == is_inside
            assert found is None or found.evidence == "geotag_inside"
        elif village == 1:  # no position, half of the village inside
            assert found is not None
            assert found.evidence.startswith("share_")
            assert found.confidence in (Confidence.PROBABLE, Confidence.TO_VERIFY)
            assert found.share_permille is not None
            assert 0 <= found.share_permille <= 1000
        else:
            assert found is None
    assert all("{" not in one.reason(lang, "Desa X") for one in lines.values() for lang in ("id", "en"))
    counted = Counter(one.confidence for one in lines.values())
    groups = groups_of(work, flood)
    assert (groups.certain, groups.probable, groups.to_verify) == (
        counted[Confidence.CERTAIN], counted[Confidence.PROBABLE], counted[Confidence.TO_VERIFY]
    )  # fmt: skip
    assert groups.proposed == groups.total == len(lines)
    assert groups.is_complete


def test_a_household_keeps_its_best_evidence_over_all_areas(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood, regions=()))
    before = lines_of(work, flood)[line.households(work)["H-1-1"]]
    line.post(work, listed_only(flood, line.B, name="Daftar desa"))
    after = lines_of(work, flood)[line.households(work)["H-1-1"]]
    assert before.confidence is not Confidence.CERTAIN
    assert (after.confidence, after.evidence, after.zone_name) == (Confidence.CERTAIN, "listed_village", "Daftar desa")


def test_a_version_is_matched_once_though_two_processes_try(work: Work, flood: line.Flood):
    posted = work.run(line.BPBD, lambda tx: commands.post_zone(tx, line.an_area(flood)))
    assert not groups_of(work, flood).is_complete
    start = threading.Barrier(2)
    results: list[matching.Matched | None] = []

    def match() -> None:
        start.wait()
        results.append(work.run(line.BPBD, lambda tx: matching.match_version(tx, posted.version_id)))

    threads = [threading.Thread(target=match) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    matched = [one for one in results if one is not None]
    assert len(results) == 2
    assert len(matched) == 1
    groups = groups_of(work, flood)
    assert matched[0].total == groups.total
    assert groups.is_complete


def test_a_matched_list_names_the_snapshots_it_was_drawn_from(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    with work.read_by(line.OFFICER) as tx:
        drawn = drawn_from(tx, "zone_version", queries.current_version_ids(tx, flood.incident_id))
    assert [(one.source, one.agreement_no) for one in drawn] == [("uji", "PKS-UJI")]


def test_the_clock_matches_what_was_posted_and_nothing_twice(work: Work, flood: line.Flood):
    work.run(line.BPBD, lambda tx: commands.post_zone(tx, line.an_area(flood)))
    assert match_posted(work, SYSTEM) == "1 wilayah dicocokkan"
    assert match_posted(work, SYSTEM) == ""
    assert groups_of(work, flood).total == len(lines_of(work, flood)) > 0


# ---------------------------------------------------------------- revisions


def test_what_nobody_decided_leaves_with_the_area_and_what_somebody_did_stays_marked(work: Work, flood: line.Flood):
    first = line.post(work, listed_only(flood, line.A, line.F))
    known = line.households(work)
    confirmed, rejected, proposed = known["H-0-0"], known["H-0-1"], known["H-0-2"]
    decide(work, flood, [confirmed])
    decide(work, flood, [rejected], is_affected=False, reject_reason=RejectReason.MOVED)

    line.post(work, listed_only(flood, line.F, zone_id=first.zone_id, base_no=1))
    lines = lines_of(work, flood)
    assert (lines[confirmed].state, lines[confirmed].is_inside) == (AffectedState.CONFIRMED, False)
    assert (lines[rejected].state, lines[rejected].is_inside) == (AffectedState.REJECTED, False)
    assert (lines[proposed].state, lines[proposed].is_inside) == (AffectedState.LEFT, False)
    groups = groups_of(work, flood)
    assert (groups.left, groups.outside, groups.confirmed, groups.rejected) == (10, 1, 1, 1)
    with work.read_by(line.OFFICER) as tx:
        assert proposed not in {one.household_id for one in listing.affected(tx, flood.incident_id, limit=99).lines}

    line.post(work, listed_only(flood, line.A, zone_id=first.zone_id, base_no=2))
    lines = lines_of(work, flood)
    assert (lines[confirmed].state, lines[confirmed].is_inside) == (AffectedState.CONFIRMED, True)
    assert (lines[rejected].state, lines[rejected].is_inside) == (AffectedState.REJECTED, True)
    assert (lines[proposed].state, lines[proposed].is_inside) == (AffectedState.PROPOSED, True)
    assert groups_of(work, flood).outside == 0
    assert lines[known["H-5-0"]].state is AffectedState.LEFT


def test_a_household_that_another_area_still_holds_stays(work: Work, flood: line.Flood):
    line.post(work, listed_only(flood, line.A, name="Satu"))
    second = line.post(work, listed_only(flood, line.A, line.F, name="Dua"))
    with work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, second.zone_id, "Salah tempat")
    states = Counter(one.state for one in lines_of(work, flood).values())
    assert states == {AffectedState.PROPOSED: 12, AffectedState.LEFT: 12}


# ---------------------------------------------------------------- decisions


def test_one_button_confirms_the_certain_ones_and_only_those(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    before = groups_of(work, flood)
    decide(work, flood, [line.households(work)["H-0-0"]], is_affected=False, reject_reason=RejectReason.NOT_AFFECTED)
    assert line.confirm_certain(work, flood.incident_id) == before.certain - 1
    assert line.confirm_certain(work, flood.incident_id) == 0
    after = groups_of(work, flood)
    assert (after.confirmed, after.rejected, after.proposed_certain) == (before.certain - 1, 1, 0)
    assert after.proposed_probable == before.proposed_probable > 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_affected": False}, "affected.reason_missing"),
        ({"is_affected": False, "reject_reason": RejectReason.OTHER, "note": " x "}, "affected.note_missing"),
        ({"ids": []}, "affected.none_chosen"),
        ({"ids": ["H-0-0", "H-2-0"]}, "affected.not_found"),
    ],
    ids=["rejected without a reason", "other reason without words", "nobody chosen", "one is not on the list"],
)
def test_a_decision_that_cannot_be_is_refused_and_changes_nobody(
    work: Work, flood: line.Flood, changes: dict[str, object], code: str
):
    line.post(work, line.an_area(flood))
    known, before = line.households(work), lines_of(work, flood)
    names = changes.get("ids", ["H-0-0"])
    assert isinstance(names, list)
    with pytest.raises(Refused) as refused:
        decide(work, flood, [known[one] for one in names], **{k: v for k, v in changes.items() if k != "ids"})  # type: ignore[arg-type]
    assert refused.value.code == code
    assert lines_of(work, flood) == before


def test_a_decision_tells_who_when_and_why_and_may_be_turned(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    household = line.households(work)["H-0-0"]
    changed = decide(
        work, flood, [household], is_affected=False, reject_reason=RejectReason.OTHER, note="Rumah di bukit"
    )
    found = lines_of(work, flood)[household]
    assert (changed, found.state, found.reject_reason) == (1, AffectedState.REJECTED, RejectReason.OTHER)
    assert (found.note, found.decided_by, found.decided_at) == ("Rumah di bukit", line.OFFICER.id, line.MONDAY)
    assert decide(work, flood, [household], is_affected=True) == 1
    assert decide(work, flood, [household], is_affected=True) == 0
    found = lines_of(work, flood)[household]
    assert (found.state, found.reject_reason, found.note) == (AffectedState.CONFIRMED, None, "")


def test_a_village_operator_sees_and_decides_on_the_own_village_only(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    known = line.households(work)
    assert decide(work, flood, [known["H-5-0"]], VILLAGE_F) == 1
    for others in ([known["H-0-0"]], [known["H-5-1"], known["H-0-0"]]):
        with pytest.raises(NotFound):
            decide(work, flood, others, VILLAGE_F)
    assert lines_of(work, flood)[known["H-5-1"]].state is AffectedState.PROPOSED
    seen = lines_of(work, flood, VILLAGE_F)
    assert {one.village_code for one in seen.values()} == {line.F}
    assert groups_of(work, flood, VILLAGE_F).total == 12
    with work.read_by(VILLAGE_F) as tx:
        assert [one.village_code for one in listing.by_village(tx, flood.incident_id)] == [line.F]
        with pytest.raises(NotFound):
            listing.affected_household(tx, flood.incident_id, known["H-0-0"])


def test_a_village_operator_sees_the_areas_that_touch_the_own_village(work: Work, flood: line.Flood):
    mine = line.post(work, line.an_area(flood, name="Garis dan daftar"))
    district = line.post(work, listed_only(flood, "99.01.02", name="Sekecamatan"))
    drawn = line.post(work, line.an_area(flood, name="Garis saja", regions=()))
    with work.read_by(VILLAGE_F) as tx:
        assert {one.zone_id for one in queries.zones(tx, flood.incident_id)} == {mine.zone_id, district.zone_id}
        assert {one for one, _ in queries.outlines(tx, flood.incident_id)} == {mine.version_id}
        with pytest.raises(NotFound):
            queries.zone(tx, drawn.zone_id)
        with pytest.raises(NotFound):
            queries.versions(tx, drawn.zone_id)
    with work.read_by(an_actor(Role.VILLAGE, village=line.A)) as tx:
        assert {one.zone_id for one in queries.zones(tx, flood.incident_id)} == {mine.zone_id, drawn.zone_id}
    with work.read_by(an_actor(Role.VILLAGE)) as tx:
        assert queries.zones(tx, flood.incident_id) == (), "a grant without a village reaches nothing"


def test_a_district_operator_reaches_the_villages_below(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    of_district = an_actor(Role.VILLAGE, district="99.01.02")
    assert decide(work, flood, [line.households(work)["H-5-0"]], of_district) == 1
    with pytest.raises(NotFound):
        decide(work, flood, [line.households(work)["H-0-0"]], of_district)


def test_bpbd_sees_counts_and_nobody_by_name(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    with work.read_by(line.BPBD) as tx:
        page = listing.affected(tx, flood.incident_id)
        with pytest.raises(NotFound):
            listing.affected_household(tx, flood.incident_id, line.households(work)["H-0-0"])
    assert (page.lines, page.total > 0) == ((), True)
    for role in (Role.BPBD, Role.HEAD, Role.AUDITOR, Role.WAREHOUSE, Role.ADMIN):
        with pytest.raises(Forbidden):
            decide(work, flood, [line.households(work)["H-0-0"]], an_actor(role))


# ---------------------------------------------------------------- by hand


def add(work: Work, flood: line.Flood, household: UUID, actor: Actor = line.OFFICER, note: str = "Kata RT") -> None:
    with work.by(actor) as tx:
        deciding.add_affected(tx, flood.incident_id, household, note)


def test_a_household_added_by_hand_is_confirmed_and_no_revision_takes_it_away(work: Work, flood: line.Flood):
    household = line.households(work)["H-2-0"]
    add(work, flood, household)
    with pytest.raises(Conflict, match=r"affected\.is_listed"):
        add(work, flood, household)
    posted = line.post(work, line.an_area(flood))
    with work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, posted.zone_id, "Salah tempat")
    found = lines_of(work, flood)[household]
    assert (found.state, found.evidence, found.note) == (AffectedState.CONFIRMED, deciding.ADDED, "Kata RT")
    assert (found.is_inside, found.zone_name) == (True, None)


def test_only_who_may_decide_there_adds_by_hand(work: Work, flood: line.Flood):
    known = line.households(work)
    add(work, flood, known["H-5-0"], VILLAGE_F)
    with pytest.raises(NotFound):
        add(work, flood, known["H-2-0"], VILLAGE_F)
    with pytest.raises(NotFound):
        add(work, flood, work.ids.new())
    with pytest.raises(Forbidden):
        add(work, flood, known["H-2-0"], line.BPBD)
    over = line.open_flood(work, "Longsor Contoh", days=1)
    with work.by(line.BPBD) as tx:
        commands.move_incident(tx, over.incident_id, PhaseAct.CLOSE)
    with pytest.raises(Conflict, match=r"incident\.is_closed"):
        add(work, over, known["H-2-0"])


def test_people_who_are_in_no_registry_are_listed_by_a_field_officer(work: Work, flood: line.Flood):
    def register(tx: Tx) -> UUID:
        order = RegisterProvisional(head_name="Warga Baru", village_code=line.C, counts=NewCounts(adults=2, women=1))
        household = register_provisional(tx, order).id
        deciding.add_affected(tx, flood.incident_id, household, "", is_provisional=True)
        return household

    household = work.run(an_actor(Role.FIELD), register)
    found = lines_of(work, flood)[household]
    assert (found.state, found.evidence, found.village_code) == (
        AffectedState.CONFIRMED, deciding.UNREGISTERED, line.C
    )  # fmt: skip


# ---------------------------------------------------------------- reported counts


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1.204", Count(CountState.NUMBER, 1204)), ("± 12", Count(CountState.NUMBER, 12, is_estimate=True)),
        ("NIHIL", Count(CountState.ZERO)), ("0", Count(CountState.ZERO)), ("", Count(CountState.PENDING)),
        ("Dalam Pendataan", Count(CountState.PENDING)), ("kira-kira", None), ("-3", None), ("1,5", None), ("٣", None),
    ],
)  # fmt: skip
def test_a_count_is_a_number_none_or_being_counted(text: str, read: Count | None):
    assert read_count(text) == read


def report(flood: line.Flood, kind: CountKind, count: Count, village: str = line.F) -> ReportCount:
    return ReportCount(village_code=village, kind=kind, count=count)


def test_reported_counts_stand_beside_the_names_and_the_gap_is_shown(work: Work, flood: line.Flood):
    number, zero, pending = Count(CountState.NUMBER, 20), Count(CountState.ZERO), Count(CountState.PENDING)
    counts = (
        report(flood, CountKind.HOUSEHOLDS, number), report(flood, CountKind.PERSONS, Count(CountState.NUMBER, 9)),
        report(flood, CountKind.DISPLACED, zero), report(flood, CountKind.HOUSEHOLDS, pending, line.A),
    )  # fmt: skip
    first = line.post(work, line.an_area(flood, counts=counts))
    with work.read_by(line.BPBD) as tx:
        by_code = {one.village_code: one for one in listing.by_village(tx, flood.incident_id)}
    told = by_code[line.F]
    assert (told.by_name, told.gap) == (12, 8)
    assert told.is_swapped, "more households than persons cannot be"
    assert (told.reported_displaced, by_code[line.A].reported_households) == (zero, pending)
    assert by_code[line.A].gap is None
    assert by_code[line.B].reported_households is None

    later = (report(flood, CountKind.HOUSEHOLDS, Count(CountState.NUMBER, 12)),)
    line.post(work, line.an_area(flood, zone_id=first.zone_id, base_no=1, counts=later))
    with work.read_by(line.BPBD) as tx:
        by_code = {one.village_code: one for one in listing.by_village(tx, flood.incident_id)}
    assert by_code[line.F].gap == 0
    assert by_code[line.F].reported_displaced == zero, "what was not reported again stays as it was"


def test_kk_and_jiwa_are_called_swapped_only_when_both_are_numbers():
    assert looks_swapped(Count(CountState.NUMBER, 5), Count(CountState.NUMBER, 4))
    assert not looks_swapped(Count(CountState.NUMBER, 5), Count(CountState.ZERO))
    assert not looks_swapped(Count(CountState.NUMBER, 5), None)


def test_a_household_on_two_incidents_shows_both(work: Work, flood: line.Flood):
    other = line.open_flood(work, "Longsor Contoh")
    line.post(work, line.an_area(flood))
    line.post(work, listed_only(other, line.A))
    household = line.households(work)["H-0-0"]
    with work.read_by(line.OFFICER) as tx:
        found = listing.incidents_of_household(tx, household)
    assert {one.slug for one, _ in found} == {flood.slug, other.slug}
