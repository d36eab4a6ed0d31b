"""Code lists and boundaries: both code systems, names against codes, and the real lists where they are at hand."""

from __future__ import annotations

import io
import json

import pytest

from core.actor import Actor, Grant, Role, system
from core.errors import Forbidden, Invalid, Issue, Malformed, NotFound
from core.work import Work
from registry_link.regions.commands import import_boundaries, import_regions
from registry_link.regions.queries import (
    boundaries_for_view,
    boundaries_of,
    boundary,
    children,
    find_region,
    full_name,
    region,
    regions_of,
)
from registry_link.regions.readers import BoundaryRow, RegionRow, read_boundary_geojson, read_region_csv
from registry_link.regions.rules import Gazetteer, Mismatch, RegionName, level_of, name_key
from registry_link.regions.simplify import Shape, feature_collection
from registry_link.regions.states import CodeSystem, Level
from tests.support.shared import BOUNDARIES, LISTS, needs_real_regions

OFFICE = system("99.01")
LIST = """code,name,parent_code,level,kind,bps_code,bps_name,tz
99,Contoh,,province,provinsi,98,CONTOH,
99.01,Kabupaten Nusa Contoh,99,regency,kabupaten,9803,NUSA CONTOH,Asia/Jayapura
99.01.01,Laut Utara,99.01,district,kecamatan,9803010,LAUT UTARA,
99.01.02,Darat,99.01,district,kecamatan,9803020,DARAT,
99.01.01.1001,Kota Baru,99.01.01,village,kelurahan,,,
99.01.01.2002,Olilit,99.01.01,village,desa,,,
99.01.01.2003,Olilit,99.01.01,village,desa,,,
99.01.02.2001,Olilit,99.01.02,village,desa,,,
"""


def rows(text: str) -> list[RegionRow]:
    read = read_region_csv(io.StringIO(text))
    return [one for one in read if isinstance(one, RegionRow)]


def square(code: str, name: str, west: float = 131.0, side: float = 0.1) -> dict[str, object]:
    ring = [[west, -8.0], [west + side, -8.0], [west + side, -7.9], [west, -7.9], [west, -8.0]]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def boundary_rows(*features: dict[str, object]) -> list[BoundaryRow]:
    text = json.dumps({"type": "FeatureCollection", "features": features})
    return [one for one in read_boundary_geojson(io.StringIO(text)) if isinstance(one, BoundaryRow)]


@pytest.fixture
def listed(work: Work) -> Work:
    with work.by(OFFICE) as tx:
        taken = import_regions(tx, rows(LIST))
    assert (taken.added, taken.issues) == (8, ())
    return work


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("99", Level.PROVINCE),
        ("99.01", Level.REGENCY),
        ("99.71", Level.REGENCY),
        ("99.01.01", Level.DISTRICT),
        ("99.01.01.2002", Level.VILLAGE),
        ("9901012002", None),
        ("99.01.01.002", None),
        ("99.00", None),
        ("99.01.01.2002\n", None),
        ("99.01.01.\u0662\u0660\u0660\u0662", None),
        ("", None),
    ],
)
def test_the_form_of_a_code_tells_its_level(code: str, level: Level | None):
    assert level_of(code) is level


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kabupaten Kepulauan Tanimbar", "KEPULAUAN TANIMBAR"),
        ("Kab. Tabanan", "TABANAN"),
        ("Kota Kediri", "kediri"),
    ],
)
def test_a_name_is_the_same_with_and_without_its_title(one: str, other: str):
    assert name_key(one, Level.REGENCY) == name_key(other, Level.REGENCY)


def test_a_name_that_is_only_a_title_stays_a_name():
    assert name_key("Kota", Level.REGENCY) == "kota"
    assert name_key("Desa", Level.VILLAGE) == "desa"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("99.1,X,,regency,kabupaten,,,", "region.code_form"),
        ("99.02,,99,regency,kabupaten,,,", "region.name_form"),
        ("99.02,X,99,district,kabupaten,,,", "region.level_differs"),
        ("99.02,X,98,regency,kabupaten,,,", "region.parent_differs"),
        ("99.02,X,99,regency,kota,,,", "region.kind_differs"),
        ("99.71,X,99,regency,kabupaten,,,", "region.kind_differs"),
        ("99.01.01.2009,X,99.01.01,village,kelurahan,,,", "region.kind_differs"),
        ("99.02,X,99,regency,kabupaten,12,X,Asia/Saumlaki", "region.zone_form"),
        ("99.02,X,99,regency,kabupaten,1x,,", "region.bps_form"),
        ("99.02,X", "region.row_width"),
    ],
)
def test_a_wrong_line_is_an_issue_with_its_row(line: str, code: str):
    (read,) = read_region_csv(io.StringIO(LIST.splitlines()[0] + "\n" + line + "\n"))
    assert isinstance(read, Issue)
    assert (read.code, read.row) == (code, 2)


def test_a_table_without_the_columns_is_refused():
    with pytest.raises(Malformed, match=r"region\.column_missing"):
        read_region_csv(io.StringIO("kode,nama\n99,X\n"))


def test_the_list_is_taken_once_and_again_changes_nothing(listed: Work):
    with listed.by(OFFICE) as tx:
        again = import_regions(tx, rows(LIST))
    assert (again.added, again.changed, again.unchanged) == (0, 0, 8)


def test_a_known_code_under_another_name_is_refused_with_both_names(listed: Work):
    with listed.by(OFFICE) as tx:
        taken = import_regions(tx, rows(LIST.replace("Laut Utara", "Gunung Selatan")))
        assert region(tx, "99.01.01").name == "Laut Utara"
    (issue,) = taken.issues
    assert issue.code == "region.code_name_differ"
    assert (issue.facts["ours"], issue.facts["given"]) == ("Laut Utara", "Gunung Selatan")
    with listed.by(OFFICE) as tx:
        assert import_regions(tx, rows(LIST.replace("Laut Utara", "Gunung Selatan")), may_rename=True).changed == 1
        assert region(tx, "99.01.01").name == "Gunung Selatan"


def test_a_region_without_its_parent_stays_out(work: Work):
    head = LIST.splitlines()[0]
    with work.by(OFFICE) as tx:
        taken = import_regions(tx, rows(f"{head}\n99.01.01,Laut,99.01,district,kecamatan,,,\n"))
    assert [one.code for one in taken.issues] == ["region.parent_missing"]


def test_only_an_administrator_takes_lists(work: Work):
    officer = Actor(kind="person", id="x", name="x", regency_code="99.01", grants=(Grant(Role.LOGISTICS),))
    with pytest.raises(Forbidden), work.by(officer) as tx:
        import_regions(tx, rows(LIST))


def test_regions_are_given_with_their_district(listed: Work):
    with listed.read_by(OFFICE) as tx:
        assert full_name(tx, "99.01.01.2002") == "Desa Olilit, Kec. Laut Utara"
        assert full_name(tx, "99.01.01.1001") == "Kel. Kota Baru, Kec. Laut Utara"
        assert region(tx, "99.01").time_zone == "Asia/Jayapura"
        assert [one.code for one in regions_of(tx, "99.01", Level.DISTRICT)] == ["99.01.01", "99.01.02"]
        assert [one.code for one in children(tx, "99.01.02")] == ["99.01.02.2001"]
        with pytest.raises(NotFound):
            region(tx, "99.01.01.9999")


def test_a_kemendagri_code_and_its_name_must_agree(listed: Work):
    with listed.read_by(OFFICE) as tx:
        assert find_region(tx, CodeSystem.KEMENDAGRI, "9901012002", "DESA OLILIT").code == "99.01.01.2002"
        with pytest.raises(Invalid) as caught:
            find_region(tx, CodeSystem.KEMENDAGRI, "99.01.01.2002", "Wowonda")
        assert caught.value.code == "region.code_name_differ"
        assert (caught.value.facts["ours"], caught.value.facts["given"]) == ("Olilit", "Wowonda")
        with pytest.raises(Invalid, match=r"region\.unknown_code"):
            find_region(tx, CodeSystem.KEMENDAGRI, "99.05.01.2002", "Olilit")


def test_a_bps_code_needs_the_village_name_and_says_when_it_is_ambiguous(listed: Work):
    with listed.read_by(OFFICE) as tx:
        assert find_region(tx, CodeSystem.BPS, "9803020", "Olilit").code == "99.01.02.2001"
        assert find_region(tx, CodeSystem.BPS, "9803010003", "Kota Baru").code == "99.01.01.1001"
        assert find_region(tx, CodeSystem.BPS, "9803", "Nusa Contoh", Level.REGENCY).code == "99.01"
        assert find_region(tx, CodeSystem.BPS, "9803010", "LAUT UTARA", Level.DISTRICT).code == "99.01.01"
        with pytest.raises(Invalid) as caught:
            find_region(tx, CodeSystem.BPS, "9803010", "Olilit")
        assert caught.value.code == "region.name_ambiguous"
        assert caught.value.facts["candidates"] == "Olilit (99.01.01.2002), Olilit (99.01.01.2003)"
        with pytest.raises(Invalid, match=r"region\.name_needed"):
            find_region(tx, CodeSystem.BPS, "9803010", "")
        with pytest.raises(Invalid, match=r"region\.unknown_code"):
            find_region(tx, CodeSystem.BPS, "9901010", "Olilit")


def test_names_alone_find_a_village_within_its_regency_only():
    names = [
        RegionName(code="99.01.01", name="Kediri", level=Level.DISTRICT, bps_code=None, bps_name=None),
        RegionName(code="99.01.01.2001", name="Kediri", level=Level.VILLAGE, bps_code=None, bps_name=None),
    ]
    found = Gazetteer(names).by_names("99.01", "KEC. KEDIRI", "Desa Kediri")
    assert isinstance(found, RegionName)
    assert found.code == "99.01.01.2001"
    assert isinstance(Gazetteer(names).by_names("99.02", "Kediri", "Kediri"), Mismatch)


def test_a_boundary_must_carry_the_name_of_its_code(listed: Work):
    with listed.by(OFFICE) as tx:
        taken = import_boundaries(tx, boundary_rows(square("99.01.01", "Darat"), square("99.01.02", "Darat")))
        assert taken.added == 1
        assert [one.code for one in taken.issues] == ["region.code_name_differ"]
        assert boundary(tx, "99.01.01") is None
        found = boundary(tx, "99.01.02")
    assert found is not None
    assert found.area_km2 == pytest.approx(121.9, abs=0.5)
    assert (found.west, found.north) == (131.0, -7.9)


def test_a_crossed_outline_is_an_issue():
    crossed = square("99.01.01", "Laut Utara")
    ring = [[131, -8], [131.1, -7.9], [131.1, -8], [131, -7.9], [131, -8]]
    crossed["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    (read,) = read_boundary_geojson(io.StringIO(json.dumps({"type": "FeatureCollection", "features": [crossed]})))
    assert isinstance(read, Issue)
    assert read.code == "outline.crosses_itself"
    assert read.facts["code"] == "99.01.01"


def test_the_map_is_made_anew_when_a_boundary_changes(listed: Work):
    with listed.by(OFFICE) as tx:
        import_boundaries(tx, boundary_rows(square("99.01.02", "Darat")))
        first = boundaries_for_view(tx, Level.DISTRICT)
        assert boundaries_for_view(tx, Level.DISTRICT) is first
        import_boundaries(tx, boundary_rows(square("99.01.01", "Laut Utara", 131.1)))
        second = json.loads(boundaries_for_view(tx, Level.DISTRICT))
    assert [one["id"] for one in second["features"]] == ["99.01.01", "99.01.02"]


def test_neighbours_share_their_thinned_border():
    border = [[131.1 + (0.001 if n % 2 else 0.0), -8.0 + n / 100] for n in range(11)]
    west = [[131.0, -8.0], *border, [131.0, -7.9], [131.0, -8.0]]
    east = [[131.2, -7.9], *border[::-1], [131.2, -8.0], [131.2, -7.9]]
    shapes = [
        Shape(code=code, name=code, geojson=json.dumps({"type": "Polygon", "coordinates": [ring]}))
        for code, ring in (("1", west), ("2", east))
    ]
    drawn = json.loads(feature_collection(shapes, 200.0))
    one, other = ({tuple(p) for p in f["geometry"]["coordinates"][0]} for f in drawn["features"])
    assert len(one & other) == 2
    assert len(one) == len(other) == 4


@needs_real_regions
def test_all_villages_of_tanimbar_and_tabanan_come_in(work: Work):
    with work.by(OFFICE) as tx:
        for name in ("81.03_kepulauan_tanimbar", "51.02_tabanan"):
            with (LISTS / f"regions_{name}.csv").open(encoding="utf-8-sig") as file:
                read = read_region_csv(file)
            assert not [one for one in read if isinstance(one, Issue)]
            assert not import_regions(tx, [one for one in read if isinstance(one, RegionRow)]).issues
            for level in ("villages", "districts", "regency"):
                with (BOUNDARIES / f"{name}_{level}.geojson").open(encoding="utf-8") as file:
                    features = read_boundary_geojson(file)
                assert not [one for one in features if isinstance(one, Issue)]
                assert not import_boundaries(tx, [one for one in features if isinstance(one, BoundaryRow)]).issues
    with work.read_by(system("81.03", "Asia/Jayapura")) as tx:
        assert len(regions_of(tx, "81.03", Level.VILLAGE)) + len(regions_of(tx, "51.02", Level.VILLAGE)) == 215
        assert full_name(tx, "81.03.01.1001") == "Kel. Saumlaki, Kec. Tanimbar Selatan"
        assert sum(one.area_km2 for one in boundaries_of(tx, "81.03", Level.VILLAGE)) == pytest.approx(4428, rel=0.002)
        # The two systems swap here: BPS 8101 is what Kemendagri calls 81.03.
        assert find_region(tx, CodeSystem.BPS, "8101", "Kepulauan Tanimbar", Level.REGENCY).code == "81.03"
        assert find_region(tx, CodeSystem.BPS, "8101040", "SAUMLAKI").code == "81.03.01.1001"
        with pytest.raises(Invalid):
            find_region(tx, CodeSystem.KEMENDAGRI, "81.01", "Kepulauan Tanimbar", Level.REGENCY)
        with pytest.raises(Invalid, match=r"region\.name_ambiguous|region\.unknown_name"):
            find_region(tx, CodeSystem.BPS, "5102060", "Tidak Ada")
        drawn = boundaries_for_view(tx, Level.VILLAGE, 150.0)
    assert len(json.loads(drawn)["features"]) == 82
    assert len(drawn) < 150_000
