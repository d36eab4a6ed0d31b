"""From a document to areas: what the office's own lists say of it, who confirms, and what becomes of the rest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid, TooMany
from core.states import reachable
from core.work import Work
from logistics.zones import affected
from logistics.zones import queries as areas
from logistics.zones.matching import match_version
from logistics.zones.models import ZoneVersion
from logistics.zones.reading import commands, document, geojson, queries
from logistics.zones.reading.apart import unite_apart
from logistics.zones.reading.commands import PostReading, ReadDocument, TakenArea
from logistics.zones.reading.elements import Outcome
from logistics.zones.reading.judging import judge
from logistics.zones.reading.states import READINGS, Fate, ReadingState
from logistics.zones.states import Severity
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from tests.flows import line
from tests.support.builders import an_actor
from tests.support.racing import at_once, codes

MONDAY = line.MONDAY


def square(west: float, south: float, wide: float = 0.01) -> list[list[list[float]]]:
    east, north = west + wide, south + wide
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def features(*parts: tuple[str, object], **more: object) -> bytes:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature", "properties": {"name": name, **more},
                    "geometry": {"type": "Polygon", "coordinates": one} if isinstance(one, list) else one,
                }
                for name, one in parts
            ],
        }
    ).encode()  # fmt: skip


NEAR = features(
    ("Barat", square(131.0, -8.0)), ("Timur", square(131.01, -8.0)), ("Jauh", square(110.4, -7.0)),
    ("Titik", {"type": "Point", "coordinates": [131.0, -8.0]}),
)  # fmt: skip


def keep(work: Work, flood: line.Flood, content: bytes, name: str = "banjir.geojson") -> commands.KeptDocument:
    """Read a document here, not in a child: what the child is for has tests of its own."""
    parsed = document.parse(content, name)
    with work.read_by(line.BPBD) as tx:
        judged = judge(tx, parsed)
    order = ReadDocument(
        incident_id=flood.incident_id, file_name=name, file_sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content), judged=judged,
    )  # fmt: skip
    return work.run(line.BPBD, lambda tx: commands.read_document(tx, order))


def elements(work: Work, kept: commands.KeptDocument) -> tuple[queries.ElementView, ...]:
    with work.read_by(line.BPBD) as tx:
        return queries.elements(tx, kept.reading_id)


def area(*numbers: int, name: str = "Bantaran", **more: object) -> TakenArea:
    made = TakenArea(elements=numbers, name=name, severity=Severity.HEAVY, observed_at=MONDAY - timedelta(hours=1))
    return replace(made, **more)  # type: ignore[arg-type]


def post(work: Work, kept: commands.KeptDocument, *taken: TakenArea) -> commands.PostedReading:
    return work.run(
        line.BPBD, lambda tx: commands.post_reading(tx, PostReading(reading_id=kept.reading_id, areas=taken))
    )


def test_every_element_has_an_outcome_and_keeps_it_after_some_were_posted(work: Work, flood: line.Flood):
    kept = keep(work, flood, NEAR)
    found = elements(work, kept)
    assert [one.element.outcome for one in found] == [Outcome.READ, Outcome.READ, Outcome.REFUSED, Outcome.NOTED]
    assert found[2].element.remarks[0].code == "outline.outside_district"
    with work.read_by(line.BPBD) as tx:
        assert areas.zones(tx, flood.incident_id) == ()
    done = post(work, kept, area(1))
    assert done.left_out == 3
    found = elements(work, kept)
    assert [one.fate for one in found] == [Fate.POSTED, Fate.LEFT_OUT, Fate.LEFT_OUT, Fate.LEFT_OUT]
    assert (found[0].zone_name, found[0].zone_no) == ("Bantaran", 1)
    with work.read_by(line.BPBD) as tx:
        assert queries.reading(tx, kept.reading_id).state is ReadingState.POSTED
        came_from = queries.readings_of_versions(tx, [done.zones[0].version_id])[done.zones[0].version_id]
    assert (came_from.reading_id, came_from.elements) == (kept.reading_id, (1,))
    with pytest.raises(Conflict) as refused:
        post(work, kept, area(2, name="Lain"))
    assert refused.value.code == "zone_reading.cannot_post"


def test_the_same_bytes_are_recognised_and_may_come_again_after_they_were_discarded(work: Work, flood: line.Flood):
    kept = keep(work, flood, NEAR)
    again = keep(work, flood, NEAR)
    assert (again.reading_id, again.is_repeat) == (kept.reading_id, True)
    work.run(line.BPBD, lambda tx: commands.discard_reading(tx, kept.reading_id))
    assert not keep(work, flood, NEAR).is_repeat


def test_united_areas_become_one_and_the_next_version_of_an_area(work: Work, flood: line.Flood):
    before = line.post(work, line.an_area(flood))
    kept = keep(work, flood, NEAR)
    with pytest.raises(Invalid) as refused:
        post(work, kept, area(1, 2))
    assert refused.value.code == "reading.unite_first"
    texts = [one.element.outline for one in elements(work, kept)[:2]]
    whole = unite_apart([one for one in texts if one])
    assert json.loads(whole)["type"] == "Polygon"
    done = post(work, kept, area(1, 2, name="Bantaran", united=whole, zone_id=before.zone_id, base_no=1))
    assert (done.zones[0].zone_id, done.zones[0].no) == (before.zone_id, 2)
    work.run(line.BPBD, lambda tx: match_version(tx, done.zones[0].version_id))
    with work.read_by(line.BPBD) as tx:
        assert areas.zone(tx, before.zone_id).current_no == 2


def test_regions_are_looked_up_and_a_code_that_is_another_name_is_refused_with_both(work: Work, flood: line.Flood):
    with work.read_by(line.BPBD) as tx:
        names = {one.code: one for one in regions_of(tx, tx.regency_code, Level.VILLAGE)}
    a, b = names[line.A], names[line.B]
    text = (
        f"Kode desa;Desa;RW;RT;KK;Jiwa\n{line.A};{a.name};01;;12;nihil\n{line.B};{a.name};;;;\n"
        f";{b.name};;;5;\n;Tidak Ada;;;;\n{line.F};;;01;;\n"
    ).encode()  # fmt: skip
    kept = keep(work, flood, text, "desa.csv")
    found = elements(work, kept)
    assert [one.element.outcome.value for one in found] == ["read", "refused", "read", "refused", "refused"]
    assert found[1].element.remarks[0].code == "region.code_name_differ"
    assert found[1].element.remarks[0].facts["ours"] == b.name
    assert [one.element.remarks[0].code for one in found[3:]] == ["region.unknown_name", "reading.rt_without_rw"]
    done = post(work, kept, area(1, 3))
    with work.read_by(line.BPBD) as tx:
        (zone,) = areas.zones(tx, flood.incident_id)
        lines = {one.village_code: one for one in affected.by_village(tx, flood.incident_id)}
    assert {(one.region_code, one.rw) for one in zone.listed} == {(line.A, "001"), (line.B, "")}
    assert done.left_out == 3
    said = [one.value if (one := lines[code].reported_households) else None for code in (line.A, line.B)]
    assert said == [12, 5]


def test_swapped_axes_are_offered_but_not_chosen_beforehand(work: Work, flood: line.Flood):
    turned = [[[lat, lon] for lon, lat in ring] for ring in square(131.0, -8.0)]
    kept = keep(work, flood, features(("Terbalik", turned)))
    (found,) = elements(work, kept)
    assert (found.element.outcome, found.is_offered) == (Outcome.REPAIRED, False)
    assert [one.code for one in found.element.remarks] == ["reading.axes_swapped"]
    done = post(work, kept, area(1))
    with work.read_by(line.BPBD) as tx:
        west = tx.session.scalar(sa.select(ZoneVersion.outline).where(ZoneVersion.id == done.zones[0].version_id))
    assert "131.0,-8.0" in (west or "")


@pytest.mark.parametrize(
    ("taken", "code"),
    [
        ((), "reading.nothing_taken"),
        ((area(1), area(1, name="Lain")), "reading.element_twice"),
        ((area(1), area(2)), "reading.name_double"),
        ((area(3),), "reading.element_unusable"),
        ((area(9),), "reading.no_such_element"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_and_leaves_everything_as_it_was(
    work: Work, flood: line.Flood, taken: tuple[TakenArea, ...], code: str
):
    kept = keep(work, flood, NEAR)
    with pytest.raises(Invalid) as refused:
        post(work, kept, *taken)
    assert refused.value.code == code
    with work.read_by(line.BPBD) as tx:
        assert queries.reading(tx, kept.reading_id).state is ReadingState.READ
        assert areas.zones(tx, flood.incident_id) == ()


def test_of_two_who_confirm_at_once_one_is_told_so(work: Work, flood: line.Flood):
    kept = keep(work, flood, NEAR)

    told = codes(at_once([lambda no=no: post(work, kept, area(no, name=f"Wilayah {no}")) for no in (1, 2)]))  # type: ignore[misc]
    assert told in (["", "zone_reading.cannot_post"], ["", "zone_reading.moved_meanwhile"])
    with work.read_by(line.BPBD) as tx:
        assert len(areas.zones(tx, flood.incident_id)) == 1


def test_of_two_who_send_the_same_bytes_at_once_both_see_one_document(work: Work, flood: line.Flood):
    kept = at_once([lambda: keep(work, flood, NEAR)] * 2)
    assert all(isinstance(one, commands.KeptDocument) for one in kept)
    assert len({one.reading_id for one in kept if isinstance(one, commands.KeptDocument)}) == 1


def test_one_sender_is_held_to_so_many_documents_a_day(
    work: Work, flood: line.Flood, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    monkeypatch.setattr(commands, "MOST_A_DAY", 1)
    keep(work, flood, NEAR)
    assert keep(work, flood, NEAR).is_repeat
    with pytest.raises(TooMany):
        keep(work, flood, features(("Lain", square(131.0, -8.0))))


def test_only_those_who_post_areas_may_read_documents(work: Work, flood: line.Flood):
    parsed = geojson.parse(NEAR, "x.geojson")
    keeper = an_actor(Role.AUDITOR)
    with work.read_by(line.BPBD) as tx:
        judged = judge(tx, parsed)
    order = ReadDocument(
        incident_id=flood.incident_id, file_name="", file_sha256="0" * 64, size_bytes=1, judged=judged
    )  # fmt: skip
    with pytest.raises(Forbidden):
        work.run(keeper, lambda tx: commands.read_document(tx, order))


def test_every_state_of_a_document_can_be_reached():
    assert reachable(ReadingState.READ, READINGS) == set(ReadingState)
