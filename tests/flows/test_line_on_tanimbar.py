"""The whole line on real ground: Tanimbar's 82 villages with their real codes and outlines, invented people in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import shapely

from core.actor import Actor, Role, system
from core.crypto import ring
from core.documents.queries import document, find_by_ref
from core.documents.states import DocumentState
from core.errors import Conflict, Invalid
from core.office.commands import OpenOffice, open_office
from core.work import Work
from logistics.packages.commands import approve_standard, seed_default_standard
from logistics.zones import commands as zones
from logistics.zones import queries as areas
from logistics.zones.states import Severity
from registry_link.households.commands import RecordSnapshot, merge_households, record_snapshot
from registry_link.regions.queries import boundaries_of, regions_of
from registry_link.regions.states import CodeSystem, Level
from routes.app import create_app
from routes.checks import prove_all
from routes.context import Runtime
from routes.loading import import_region_files
from routes.papers import print_papers
from routes.seed import seed_office
from tests.conftest import ENGINES
from tests.flows import line
from tests.flows.district import Village, household_rows, places
from tests.support.builders import an_actor
from tests.support.databases import Run

SHARED = Path(os.environ.get("TANGGAP_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data"
CODE, ZONE = "81.03", "Asia/Jayapura"
OFFICE = system(CODE, ZONE)
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real regions at {SHARED} (TANGGAP_SHARED names them)")


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Iterator[str]:
    """A database without an office on each engine in turn: real regions and the invented district never share one."""
    with run.database(request.param, tmp_path) as url:
        yield url


def of_tanimbar(actor: Actor) -> Actor:
    return replace(actor, regency_code=CODE, time_zone=ZONE)


BPBD, OFFICER, SECOND = (of_tanimbar(one) for one in (line.BPBD, line.OFFICER, line.SECOND))


def real_regions(work: Work) -> list[str]:
    with work.by(OFFICE) as tx:
        open_office(
            tx,
            OpenOffice(
                regency_code=CODE, regency_name="Kabupaten Kepulauan Tanimbar", name="Dinas Sosial", time_zone=ZONE
            ),
        )
    lists = [SHARED / "regions" / f"regions_{name}.csv" for name in ("81.03_kepulauan_tanimbar", "51.02_tabanan")]
    return import_region_files(work, OFFICE, [*lists, SHARED / "boundaries"])


def real_villages(work: Work) -> tuple[Village, ...]:
    with work.read_by(OFFICE) as tx:
        outlines = {one.region_code: one.geojson for one in boundaries_of(tx, CODE, Level.VILLAGE)}
        found = regions_of(tx, CODE, Level.VILLAGE)
    return tuple(Village(code=one.code, name=one.name, kind=one.kind, geojson=outlines[one.code]) for one in found)


def settle(work: Work, villages: tuple[Village, ...]) -> tuple[UUID, UUID]:
    """Put invented people into every real village, and stock and two posts among them."""
    with work.by(OFFICE) as tx:
        seed_office(tx)
        snapshot = record_snapshot(tx, RecordSnapshot(source="uji", as_of_on=tx.today, file_name="uji.csv"))
        assert merge_households(tx, snapshot, household_rows(villages, 4)).new == 4 * len(villages)
        _warehouse, posts = places(tx, (villages[0], villages[5]))
        standard = seed_default_standard(tx)
    with work.by(of_tanimbar(an_actor(Role.HEAD))) as tx:
        approve_standard(tx, standard)
    return posts


def test_all_215_villages_of_both_regencies_come_in_with_their_outlines(work: Work) -> None:
    told = real_regions(work)
    assert not [text for text in told if not text.endswith(" 0 ditolak")]
    with work.read_by(OFFICE) as tx:
        for code, count in ((CODE, 82), ("51.02", 133)):
            villages = {one.code for one in regions_of(tx, code, Level.VILLAGE)}
            assert len(villages) == count
            assert {one.region_code for one in boundaries_of(tx, code, Level.VILLAGE)} == villages


def test_the_whole_line_from_a_posted_area_to_a_receipt_that_verifies(work: Work, settings: object) -> None:
    real_regions(work)
    villages = real_villages(work)
    assert len(villages) == 82
    settle(work, villages)
    # A whole real village by its outline, half of its neighbour, and an island village by its code.
    saumlaki = shapely.from_geojson(villages[0].geojson)
    west, south, east, north = saumlaki.bounds
    outline = json.dumps(json.loads(shapely.to_geojson(shapely.box(west - 0.004, south - 0.004, east, north))))
    flood = line.open_flood(work, "Banjir Saumlaki", actor=BPBD)
    order = zones.PostZone(
        incident_id=flood.incident_id, name="Saumlaki", observed_at=work.clock.now(), severity=Severity.HEAVY,
        outline=outline, regions=(zones.ListRegion(code=villages[40].code, name=villages[40].name),),
    )  # fmt: skip
    line.post(work, order, actor=BPBD)
    with work.read_by(OFFICER) as tx:
        groups = areas.groups(tx, flood.incident_id)
        counted = {one.village_code: one for one in areas.by_village(tx, flood.incident_id)}
    assert groups.certain >= 6 and groups.is_complete
    assert counted[villages[40].code].certain == 4

    line.confirm_certain(work, flood.incident_id, actor=OFFICER)
    planned = line.plan(work, flood.incident_id, actor=OFFICER)
    assert planned.planned == groups.certain and not planned.shortages
    with pytest.raises(Conflict, match="second_person"):
        line.approve(work, planned.round_id, actor=OFFICER)
    line.approve(work, planned.round_id, actor=SECOND)
    line.send_all(work, planned.round_id, actor=OFFICER)
    week = line.sent_week_of(work, CODE)
    assert len(week.packages) == groups.certain

    one = week.packages[0]
    assert one.row.post_id is not None
    volunteer = of_tanimbar(line.field_officer(one.row.post_id))
    done = line.hand_over(work, one, volunteer)
    with pytest.raises(Conflict, match="already_served"):
        line.hand_over(work, one, volunteer)
    app = create_app(settings, work=work)  # type: ignore[arg-type]
    with app.app_context():
        pdf = work.run(volunteer, lambda tx: print_papers(tx, [done.receipt_id]))
    assert pdf.startswith(b"%PDF")
    with work.read_by(OFFICER) as tx:
        ref = document(tx, done.receipt_id).public_ref
        assert ref is not None
        verified = find_by_ref(tx, ref)
    assert verified is not None and verified.state is DocumentState.ISSUED
    page = app.test_client().get(f"/V/{ring().token('R', ref)}")
    assert page.status_code == 200 and done.number in page.text and "Uji" not in page.text
    runtime = app.extensions["tanggap"]
    assert isinstance(runtime, Runtime)
    assert prove_all(runtime, OFFICE) == []


def test_a_bps_code_read_as_kemendagri_is_refused_with_both_names(work: Work) -> None:
    """BPS 8101 is Tanimbar, Kemendagri 81.01 is Maluku Tengah: the mattresses must not go to the other island."""
    real_regions(work)
    flood = line.open_flood(work, "Banjir Saumlaki", actor=BPBD)
    villages = real_villages(work)
    wrong = zones.ListRegion(code=villages[0].code, name=villages[7].name, system=CodeSystem.KEMENDAGRI)
    order = zones.PostZone(
        incident_id=flood.incident_id, name="Salah", observed_at=work.clock.now(), severity=Severity.HEAVY,
        regions=(wrong,),
    )  # fmt: skip
    with pytest.raises(Invalid) as refused:
        line.post(work, order, actor=BPBD)
    told = str(refused.value.facts)
    assert villages[0].name in told and villages[7].name in told
    with work.read_by(OFFICER) as tx:
        assert areas.zones(tx, flood.incident_id) == ()
