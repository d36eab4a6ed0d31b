"""The whole line on a real district: Kepulauan Tanimbar's 82 villages, with generated households inside them.

The lists and boundaries are those of ``tests.support.shared``.
"""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from flask import Flask

from core.actor import system
from core.work import Work
from logistics.zones import affected
from logistics.zones.commands import ListRegion
from registry_link.regions.queries import boundaries_of, regions_of
from registry_link.regions.states import CodeSystem, Level
from routes.loading import import_region_files
from tests.flows import line
from tests.flows.district import Village, a_district
from tests.support.builders import an_office
from tests.support.shared import BOUNDARIES, LISTS, needs_real_regions

TANIMBAR, TABANAN = "81.03", "51.02"
PER_VILLAGE = 4

pytestmark = needs_real_regions


@pytest.fixture
def database_url(empty_office_url: str) -> str:
    return empty_office_url


def test_all_215_villages_of_both_districts_are_imported_and_a_second_time_nothing_changes(work: Work):
    an_office(work, TANIMBAR, time_zone="Asia/Jayapura")
    an_office(work, TABANAN, time_zone="Asia/Makassar")
    told = import_region_files(work, system(TANIMBAR), [LISTS, BOUNDARIES])
    assert not [one for one in told if not one.endswith(" 0 ditolak")], told
    counts = {}
    for code in (TANIMBAR, TABANAN):
        with work.read_by(system(code)) as tx:
            villages = regions_of(tx, code, Level.VILLAGE)
            drawn = boundaries_of(tx, code, Level.VILLAGE)
            assert {one.code for one in villages} == {one.region_code for one in drawn}
            assert len(boundaries_of(tx, code, Level.DISTRICT)) == 10
            assert len(boundaries_of(tx, code, Level.REGENCY)) == 1
        counts[code] = len(villages)
    assert counts == {TANIMBAR: 82, TABANAN: 133}
    again = import_region_files(work, system(TANIMBAR), [LISTS, BOUNDARIES])
    assert all(": 0 baru, 0 berubah," in one for one in again), again


def real_villages() -> tuple[Village, ...]:
    document = json.loads((BOUNDARIES / "81.03_kepulauan_tanimbar_villages.geojson").read_text())
    return tuple(
        Village(
            code=one["properties"]["code"], name=one["properties"]["name"], kind=one["properties"]["kind"],
            geojson=json.dumps(one["geometry"]),
        )
        for one in sorted(document["features"], key=lambda one: one["properties"]["code"])
    )  # fmt: skip


def test_from_a_posted_area_to_a_verified_receipt_on_tanimbar(work: Work, app: Flask):
    an_office(work, TANIMBAR, time_zone="Asia/Jayapura")
    import_region_files(
        work, system(TANIMBAR), [LISTS / "regions_id_province_regency.csv",
                                 LISTS / "regions_81.03_kepulauan_tanimbar.csv",
                                 *sorted(BOUNDARIES.glob("81.03_*.geojson"))],
    )  # fmt: skip
    villages = real_villages()
    assert len(villages) == 82
    a_district(
        work,
        villages=villages,
        per_village=PER_VILLAGE,
        regency=(TANIMBAR, "Kabupaten Kepulauan Tanimbar"),
        are_regions_known=True,
    )
    # One village by its real outline, a whole kecamatan by its code, one village by BPS district code and name.
    drawn = next(one for one in villages if one.code.startswith("81.03.04."))
    named = next(one for one in villages if one.code.startswith("81.03.02."))
    bps = bps_code_of(named.code[:8])
    listed = [one for one in villages if one.code.startswith("81.03.01.")]
    flood = line.Flood(incident_id=UUID(int=0), slug="")
    order = line.an_area(
        flood, outline=drawn.geojson,
        regions=(
            ListRegion(code="81.03.01"), ListRegion(code=bps, name=named.name.upper(), system=CodeSystem.BPS),
        ),
    )  # fmt: skip
    found = line.follow(work, app, order, code=TANIMBAR)
    officer = line.of_office(line.OFFICER, TANIMBAR)
    with work.read_by(officer) as tx:
        lines = affected.affected(tx, found.incident_id, limit=2000).lines
    certain: dict[str, int] = {}
    for one in lines:
        if one.confidence.value == "certain":
            certain[one.village_code] = certain.get(one.village_code, 0) + 1
    expected = {one.code: PER_VILLAGE for one in [*listed, drawn, named]}
    assert {code: certain.get(code) for code in expected} == expected
    assert len(found.packages) >= PER_VILLAGE * len(expected)


def bps_code_of(district: str) -> str:
    for row in (LISTS / "regions_81.03_kepulauan_tanimbar.csv").read_text().splitlines():
        cells = row.split(",")
        if cells[0] == district:
            return cells[5]
    raise AssertionError(district)
