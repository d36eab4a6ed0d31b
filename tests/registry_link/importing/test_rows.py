"""One row: what it says, or every reason why it cannot be taken. Columns, layouts, encodings."""

from __future__ import annotations

from datetime import date

import pytest

from core.errors import Issue, Malformed
from core.i18n import say
from core.privacy.numbers import holds_number
from registry_link.households.states import PositionSource, Relation, Sex
from registry_link.importing.columns import recognise, refuse_headless, suggest
from registry_link.importing.rules import FileFacts, Parsed, parse_row
from registry_link.importing.states import Layout
from registry_link.regions.rules import Gazetteer, RegionName
from registry_link.regions.states import CodeSystem, Level
from tests.registry_link.people import OLILIT, SAUM, kk, nik

NAMES = Gazetteer(
    RegionName(code=code, name=name, level=level, bps_code=bps, bps_name=None)
    for code, name, level, bps in [
        ("99.01", "Kabupaten Nusa Contoh", Level.REGENCY, "9803"),
        ("99.01.01", "Laut Utara", Level.DISTRICT, "9803010"),
        ("99.01.02", "Darat", Level.DISTRICT, "9803020"),
        (SAUM, "Saum", Level.VILLAGE, None),
        (OLILIT, "Olilit", Level.VILLAGE, None),
        ("99.01.02.2001", "Olilit", Level.VILLAGE, None),
        ("99.01.02.2002", "Kembar", Level.VILLAGE, None),
        ("99.01.02.2003", "Kembar", Level.VILLAGE, None),
    ]
)
FLAT = {
    "id_keluarga": "K-1", "no_kk": kk(1), "nik": nik(1), "nama": "Petrus Contoh", "jenis_kelamin": "L",
    "tgl_lahir": "02-04-1986", "shdk": "1", "kode_desa": SAUM, "alamat": "Jalan Laut 1", "rt": "1", "rw": "002",
}  # fmt: skip


def parse(system: CodeSystem = CodeSystem.KEMENDAGRI, **cells: str | None) -> Parsed | tuple[Issue, ...]:
    row = {key: value for key, value in {**FLAT, **cells}.items() if value is not None}
    facts = FileFacts(
        columns=recognise(tuple(row)), gazetteer=NAMES, code_system=system, regency_code="99.01",
        as_of_on=date(2026, 6, 1),
    )  # fmt: skip
    return parse_row(214, list(row.values()), facts)


def taken(**cells: str | None) -> Parsed:
    parsed = parse(**cells)  # type: ignore[arg-type]
    assert isinstance(parsed, Parsed), parsed
    return parsed


def test_a_flat_row_is_a_household_and_a_person():
    parsed = taken()
    assert parsed.household is not None
    assert parsed.member is not None
    assert (parsed.external_id, parsed.household.village_code, parsed.household.rt, parsed.household.rw) == (
        "K-1", SAUM, "001", "002",
    )  # fmt: skip
    one = parsed.member
    assert (one.name, one.sex, one.birth_on, one.relation) == (
        "Petrus Contoh", Sex.MALE, date(1986, 4, 2), Relation.HEAD,
    )  # fmt: skip
    assert parsed.household.kk is not None
    assert nik(1) not in repr(parsed)
    assert kk(1) not in repr(parsed)
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"kode_desa": "-"}, "registry.village_missing", "kode_desa"),
        ({"nama": f"Siti {nik(1)}"}, "registry.text_number", "nama"),
        ({"alamat": "KK 9901 0101 0120 0001"}, "registry.text_number", "alamat"),
        ({"nik": "9,90101E+15"}, "registry.number_scientific", "nik"),
        ({"nik": "990101020486001"}, "registry.number_short", "nik"),
        ({"nik": "'9901010204860001"}, "registry.number_apostrophe", "nik"),
        ({"nik": "9901 0102 0486 0001"}, "registry.number_spaces", "nik"),
        ({"nik": "9901013002860001"}, "registry.number_date", "nik"),
        ({"nik": "9970010204860001"}, "registry.number_region", "nik"),
        ({"nik": "9901010204860000"}, "registry.number_serial", "nik"),
        ({"no_kk": "9901014204860001"}, "registry.number_date", "no_kk"),
        ({"id_keluarga": "", "no_kk": ""}, "registry.no_key", "no_kk"),
        ({"id_keluarga": "8,1E+20"}, "registry.number_scientific", "id_keluarga"),
        ({"id_keluarga": "x y"}, "registry.id_form", "id_keluarga"),
        ({"nama": ""}, "registry.name_missing", "nama"),
        ({"nama": "=CMD()"}, "registry.text_formula", "nama"),
        ({"alamat": "x" * 201}, "registry.text_long", "alamat"),
        ({"alamat": "x" * 1001}, "registry.text_long", "alamat"),
        ({"tgl_lahir": "31-02-1986"}, "registry.date_form", "tgl_lahir"),
        ({"tgl_lahir": "31504"}, "registry.date_form", "tgl_lahir"),
        ({"tgl_lahir": "2026-06-02"}, "registry.birth_impossible", "tgl_lahir"),
        ({"tgl_lahir": "02-04-1786"}, "registry.birth_impossible", "tgl_lahir"),
        ({"jenis_kelamin": "X"}, "registry.sex_form", "jenis_kelamin"),
        ({"jml_art": "0"}, "registry.count_form", "jml_art"),
        ({"kode_desa": "99.01.09.2001"}, "region.unknown_code", "kode_desa"),
        ({"kode_desa": ""}, "registry.village_missing", "kode_desa"),
        ({"nama_desa": "Olilit"}, "region.code_name_differ", "kode_desa"),
        ({"kode_desa": None, "desa": "Olilit"}, "registry.district_missing", "desa"),
        ({"kode_desa": None, "desa": "Kembar", "kecamatan": "Darat"}, "region.name_ambiguous", "desa"),
        ({"kode_desa": None, "desa": "Olilit", "kecamatan": "Gunung"}, "region.unknown_name", "desa"),
    ],
)
def test_a_row_that_cannot_be_taken_says_where_and_why(cells: dict[str, str | None], code: str, column: str):
    parsed = parse(**cells)  # type: ignore[arg-type]
    assert not isinstance(parsed, Parsed)
    assert [(one.code, one.column, one.row) for one in parsed] == [(code, column, 214)]
    assert "99010102" not in repr(parsed)
    for lang in ("id", "en"):
        assert "…" not in say(code, lang, parsed[0].facts)


@pytest.mark.parametrize("system", CodeSystem)
@pytest.mark.parametrize("place", ["kode_desa", "desa", "kode_kecamatan", "kecamatan", "provinsi", "kabupaten"])
@pytest.mark.parametrize("number", [nik(1), f"Siti {nik(1)}", "9901.0102.0486-0001", "99.01.01.020486.0001"])
def test_a_number_under_the_heading_of_a_village_is_not_repeated(system: CodeSystem, place: str, number: str):
    """Where columns are shifted by one; what is wrong with a row stands open, and is shown."""
    for more in ({}, {"kode_desa": None, "desa": "Saum"}):
        parsed = parse(system, **{**more, place: number})
        told = [] if isinstance(parsed, Parsed) else [*parsed]
        assert all(not holds_number(f"{one.facts} {say(one.code, 'id', one.facts)}") for one in told)


OURS = "Kabupaten Nusa Contoh (99.01)"
REGENCIES = tuple(
    RegionName(code=code, name=name, level=Level.REGENCY, bps_code=bps, bps_name=None)
    for code, name, bps in [("99.01", "Kabupaten Nusa Contoh", "9803"), ("99.02", "Kabupaten Seberang", "9801")]
)


@pytest.mark.parametrize(
    ("system", "village", "known", "theirs", "ours"),
    [
        (CodeSystem.KEMENDAGRI, "99.02.01.2001", REGENCIES, "Kabupaten Seberang (99.02)", OURS),
        (CodeSystem.KEMENDAGRI, "9903012001", REGENCIES, "99.03", OURS),
        (CodeSystem.KEMENDAGRI, "9903012001", (), "99.03", "99.01"),
        (CodeSystem.KEMENDAGRI, "9901092001", REGENCIES, None, None),
        (CodeSystem.KEMENDAGRI, "0000000000", REGENCIES, None, None),
        (CodeSystem.KEMENDAGRI, "990201", REGENCIES, None, None),
        (CodeSystem.BPS, "9801010001", REGENCIES, "Kabupaten Seberang (99.02)", OURS),
        (CodeSystem.BPS, "9803090001", REGENCIES, None, None), (CodeSystem.BPS, "9701010001", REGENCIES, None, None),
    ],
)  # fmt: skip
def test_a_village_of_another_regency_says_of_which(
    system: CodeSystem, village: str, known: tuple[RegionName, ...], theirs: str | None, ours: str | None
):
    facts = FileFacts(
        columns=recognise(tuple(FLAT)), gazetteer=NAMES, code_system=system, regency_code="99.01",
        as_of_on=date(2026, 6, 1), regencies=known,
    )  # fmt: skip
    parsed = parse_row(2, list({**FLAT, "kode_desa": village}.values()), facts)
    assert not isinstance(parsed, Parsed)
    (one,) = parsed
    assert one.code == ("region.unknown_code" if theirs is None else "registry.village_elsewhere")
    assert (one.facts.get("theirs"), one.facts.get("ours")) == (theirs, ours)


def test_every_reason_of_a_row_is_given_at_once():
    parsed = parse(nik="123", tgl_lahir="kemarin", kode_desa="1")
    assert not isinstance(parsed, Parsed)
    assert {one.code for one in parsed} == {
        "registry.number_length", "registry.date_form", "region.unknown_code",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "kind", "code"),
    [
        ("nik", "n", "registry.number_numeric"), ("no_kk", "n", "registry.number_numeric"),
        ("nama", "f", "registry.cell_formula"), ("nik", "nf", "registry.cell_formula"),
        ("kode_desa", "e", "registry.cell_error"), ("tgl_lahir", "ef", "registry.cell_error"),
    ],
)  # fmt: skip
def test_a_cell_of_a_workbook_that_is_no_text_says_so_and_nothing_more(field: str, kind: str, code: str):
    facts = FileFacts(
        columns=recognise(tuple(FLAT)), gazetteer=NAMES, code_system=CodeSystem.KEMENDAGRI, regency_code="99.01",
        as_of_on=date(2026, 6, 1),
    )  # fmt: skip
    parsed = parse_row(214, list(FLAT.values()), facts, {list(FLAT).index(field): kind})
    assert not isinstance(parsed, Parsed)
    assert [(one.code, one.column) for one in parsed] == [(code, field)]
    assert isinstance(parse_row(214, list(FLAT.values()), facts, {list(FLAT).index("rt"): "n"}), Parsed)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"jenis_kelamin": "P"}, "registry.nik_sex_differs"),
        ({"tgl_lahir": "03-04-1986"}, "registry.nik_birth_differs"),
        ({"rt": "RT dalam"}, "registry.unit_form"),
        ({"rt": "5.5"}, "registry.unit_form"),
        ({"desil": "11"}, "registry.decile_form"),
        ({"desil": "2.5"}, "registry.decile_form"),
        ({"desil": "tidak ada"}, "registry.decile_form"),
        ({"shdk": "paman"}, "registry.relation_unknown"),
        ({"sta_hamil": "1"}, "registry.pregnant_man"),
        ({"sta_menyusui": "mungkin"}, "registry.mark_unknown"),
        ({"lng": "-7,98", "lat": "131,3"}, "registry.position_swapped"),
        ({"lng": "131,3", "lat": "x"}, "registry.position_form"),
        ({"lng": "131,3", "lat": "-7_9"}, "registry.position_form"),
        ({"lng": "131,3", "lat": "٧"}, "registry.position_form"),
        ({"lng": "131,3", "lat": "-7,9", "akurasi": "kira-kira 10"}, "registry.accuracy_form"),
        ({"lng": "131,3", "lat": "-7,9", "akurasi": "100001"}, "registry.accuracy_form"),
        ({"lng": "131,3", "lat": "-7,9", "akurasi": "-5"}, "registry.accuracy_form"),
    ],
)
def test_what_is_only_worth_a_look_is_a_warning(cells: dict[str, str], code: str):
    parsed = taken(**cells)
    assert [one.code for one in parsed.warnings] == [code]
    assert all(one.is_warning for one in parsed.warnings)


def test_marks_ages_and_positions_are_understood():
    parsed = taken(
        nik="", jenis_kelamin="perempuan", tgl_lahir="", usia="34", shdk="Istri/Suami", status_kehamilan="Hamil",
        jenis_cacat="3", penyakit_kronis="0", lng="131,3102", lat="-7,9834", akurasi="6,5", desil="Desil 2",
        jml_art="4",
    )  # fmt: skip
    one, house = parsed.member, parsed.household
    assert one is not None
    assert house is not None
    assert (one.sex, one.age_years, one.age_as_of_on, one.relation) == (
        Sex.FEMALE, 34, date(2026, 6, 1), Relation.SPOUSE,
    )  # fmt: skip
    assert (one.is_pregnant, one.has_disability, one.is_chronically_ill, one.nik) == (True, True, False, None)
    assert (house.lon_deg, house.lat_deg, house.position_accuracy_m) == (131.3102, -7.9834, 6.5)
    assert (house.position_source, house.decile, house.size) == (PositionSource.GPS, 2, 4)
    empty = taken(lng="0", lat="0", desil="belum ditentukan").household
    assert empty is not None
    assert (empty.lon_deg, empty.decile) == (None, None)


@pytest.mark.parametrize("header", ["RT/RW", "rt_rw", "RT RW", "No. RT/RW"])
@pytest.mark.parametrize(
    ("text", "rt", "rw"),
    [
        ("005/003", "005", "003"), ("RT 005 / RW 003", "005", "003"), ("5-3", "005", "003"),
        ("rt.5/rw.3", "005", "003"),
        ("RT 05 RW 03", "005", "003"), ("RT005RW003", "005", "003"), ("RW 003, RT 005", "005", "003"),
        ("5 3", "005", "003"), ("RT 005", "005", None), ("RW 003", None, "003"), ("5/-", "005", None),
        ("-/3", None, "003"), ("000/003", None, "003"), ("", None, None), ("-", None, None), ("0/0", None, None),
        ("0005/0003", "005", "003"),
    ],
)  # fmt: skip
def test_rt_and_rw_are_read_from_one_cell(header: str, text: str, rt: str | None, rw: str | None):
    parsed = taken(rt=None, rw=None, **{header: text})
    assert parsed.household is not None
    assert (parsed.household.rt, parsed.household.rw, parsed.warnings) == (rt, rw, ())


@pytest.mark.parametrize(
    "text", ["5", "005003", "05-Mar", "5/3/2026", "2026-03-05", "atas/bawah", "5/1000", "RT RW 1 2"]
)
def test_one_cell_of_rt_and_rw_that_cannot_be_read_is_warned_of_once(text: str):
    parsed = taken(rt=None, rw=None, **{"rt/rw": text})
    assert parsed.household is not None
    assert (parsed.household.rt, parsed.household.rw) == (None, None)
    assert [(one.code, one.column) for one in parsed.warnings] == [("registry.unit_form", "rt/rw")]


def test_a_column_of_its_own_says_rt_or_rw_better():
    found = [taken(**{"rt/rw": "007/008"}, **own).household for own in ({}, {"rw": None}, {"rt": None})]
    assert [(one.rt, one.rw) for one in found if one is not None] == [("001", "002"), ("001", "008"), ("007", "002")]
    assert taken(**{"rt/rw": "entah"}).warnings == ()


@pytest.mark.parametrize(
    "text",
    ["2-Apr-1986", "02 April 1986", "2 apr 1986", "02/APR/1986", "2 April, 1986", "02.April.1986", "2-apr.-1986"],
)
def test_a_day_is_read_with_its_month_in_words(text: str):
    parsed = taken(tgl_lahir=text)
    assert parsed.member is not None
    assert parsed.member.birth_on == date(1986, 4, 2)


@pytest.mark.parametrize(
    ("month", "names"),
    [
        (1, "Jan Januari January"), (2, "Feb Februari Pebruari"), (3, "Mar Maret March"), (5, "Mei May"),
        (6, "Jun Juni June"), (7, "Jul Juli July"), (8, "Agu Agustus Aug August Agt"), (9, "Sep Sept September"),
        (10, "Okt Oct Oktober October"), (11, "Nov Nop November Nopember"), (12, "Des Dec Desember December"),
    ],
)  # fmt: skip
def test_months_are_known_in_both_languages(month: int, names: str):
    for name in names.split():
        parsed = taken(tgl_lahir=f"28 {name} 1986", nik="")
        assert parsed.member is not None
        assert parsed.member.birth_on == date(1986, month, 28)


@pytest.mark.parametrize("text", ["31 Februari 1986", "2 Foo 1986", "2 Apr 86", "April 1986"])
def test_a_day_in_words_that_is_none_is_refused(text: str):
    parsed = parse(tgl_lahir=text)
    assert not isinstance(parsed, Parsed)
    assert [one.code for one in parsed] == ["registry.date_form"]


@pytest.mark.parametrize("form", ["{}", "{}.0", "{},0", "{}.00"])
def test_a_whole_number_is_read_however_a_program_writes_it(form: str):
    house = taken(desil=form.format(10), rt=form.format(5), rw=form.format("003"), jml_art=form.format(4)).household
    assert house is not None
    assert (house.decile, house.rt, house.rw, house.size) == (10, "005", "003", 4)


def test_a_decile_that_cannot_be_read_keeps_nobody_from_relief():
    house = taken(desil="11").household
    assert house is not None
    assert house.decile is None


@pytest.mark.parametrize("text", ["", "-", "0", "0.0", "Belum ditentukan", "Desil belum ditentukan", "NULL", "#N/A"])
def test_a_decile_that_is_not_decided_yet_is_none(text: str):
    house = taken(desil=text).household
    assert house is not None
    assert house.decile is None


@pytest.mark.parametrize(
    ("lng", "lat", "accuracy", "place"),
    [
        ("131,3102", "-7,9834", "'6,5", (131.3102, -7.9834, 6.5)), ("131.3", "'-7.98", "", (131.3, -7.98, None)),
        ("1.313e2", "-9.5e-05", "-", (131.3, -0.000095, None)),
        ("131.3", "-7.9", "±12,5 m", (131.3, -7.9, 12.5)), ("-", "-", "5", (None, None, None)),
    ],
)  # fmt: skip
def test_a_position_is_read_however_it_is_written(
    lng: str, lat: str, accuracy: str, place: tuple[float | None, ...]
):  # fmt: skip
    """As in the refused rows given back, where an apostrophe stands before a minus."""
    parsed = taken(lng=lng, lat=lat, akurasi=accuracy)
    house = parsed.household
    assert house is not None
    assert (house.lon_deg, house.lat_deg, house.position_accuracy_m) == place
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("system", "cells"),
    [
        (CodeSystem.KEMENDAGRI, {"kode_desa": "9901012002"}),
        (CodeSystem.KEMENDAGRI, {"kode_desa": OLILIT, "nama_desa": "DESA OLILIT"}),
        (CodeSystem.KEMENDAGRI, {"kode_desa": None, "kelurahan_desa": "Olilit", "kecamatan": "LAUT UTARA"}),
        (CodeSystem.KEMENDAGRI, {"kode_desa": None, "KDPROP": "99", "KDKAB": "1", "KDKEC": "1", "KDDESA": "2002"}),
        (CodeSystem.BPS, {"kode_desa": "9803010007", "nama_desa": "Olilit"}),
        (CodeSystem.BPS, {"kode_desa": None, "KDPROP": "98", "KDKAB": "03", "KDKEC": "010", "KDDESA": "007",
                          "NMKEL": "OLILIT"}),
        (CodeSystem.BPS, {"kode_desa": None, "desa": "Olilit", "kode_kecamatan": "9803010", "kecamatan": "Laut Utara"}),
    ],
)  # fmt: skip
def test_a_village_is_found_by_code_parts_or_names_in_its_system(system: CodeSystem, cells: dict[str, str | None]):
    parsed = parse(system, **cells)
    assert isinstance(parsed, Parsed), parsed
    assert parsed.household is not None
    assert parsed.household.village_code == OLILIT


def test_a_file_without_household_ids_uses_the_keyed_no_kk():
    parsed = taken(id_keluarga=None)
    assert parsed.external_id.startswith("kk:")
    assert kk(1) not in parsed.external_id
    assert taken(id_keluarga=None, nik="").external_id == parsed.external_id


def test_an_id_that_is_a_number_of_a_person_stands_open_nowhere():
    by_kk = taken(id_keluarga=None)
    assert taken(id_keluarga=kk(1), no_kk="").external_id == by_kk.external_id
    one = taken(id_keluarga=nik(7), id_art=nik(1))
    assert one.external_id.startswith("kk:")
    assert one.member is not None
    assert one.member.external_id == ""
    assert taken(id_keluarga="9901019999990001").external_id == "9901019999990001"


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("header", "layout"),
    [
        ("IDBDT,IDARTBDT,KDPROP,KDKAB,KDKEC,KDDESA,Nama,JnsKel,TglLahir,HubKRT,NIK,NoKK", Layout.FLAT),
        ("id_keluarga,nomor_kartu_keluarga,nama,kelurahan_desa,kecamatan,desil_nasional", Layout.HOUSEHOLD),
        ("NIK_KTP,NOKK_DTKS,NAMA_PENERIMA,IDKELUARGA,NMPROP,NMKAB,NMKEC,NMKEL,ALAMAT", Layout.HOUSEHOLD),
        ("id_keluarga,id_art,nik,nama_art,tgl_lahir,shdk", Layout.MEMBER),
        ("No. Kartu Keluarga,No. NIK,Nama Anggota,Status Hubungan Dalam Keluarga,Kode Kec,Kode Kel", Layout.FLAT),
        ("no_kk,nik,nama,umur", Layout.MEMBER),
    ],
)
def test_the_columns_tell_what_a_row_is(header: str, layout: Layout):
    assert recognise(header.split(",")).layout is layout


@pytest.mark.parametrize(
    ("header", "layout", "beside_homes"),
    [
        ("id_keluarga,no_kk,nama,Kampung Asal,alamat,desil", Layout.HOUSEHOLD, Layout.HOUSEHOLD),
        ("no_kk,nik,nama,Kampung Asal", Layout.HOUSEHOLD, Layout.HOUSEHOLD),
        ("no_kk,nik,nama,tgl_lahir,shdk,Kampung Asal,alamat,rt,rw", Layout.FLAT, Layout.MEMBER),
    ],
)
def test_where_no_village_is_found_its_column_is_asked_for(header: str, layout: Layout, beside_homes: Layout):
    names = header.split(",")
    assert suggest(names).layout is layout
    assert suggest(names, is_beside_homes=True).layout is beside_homes
    with pytest.raises(Malformed) as caught:
        recognise(names)
    assert caught.value.facts["columns"] == ["kode_desa / desa_kelurahan"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("nama,kode_desa", "registry.column_missing"),
        ("no_kk,kode_desa", "registry.column_missing"),
        ("no_kk,nkk,nama,kode_desa", "registry.column_twice"),
        (",".join(["no_kk", "nama", "kode_desa", *(f"x{n}" for n in range(98))]), "registry.too_many_columns"),
    ],
)
def test_a_file_without_the_needed_columns_is_refused(header: str, code: str):
    with pytest.raises(Malformed) as caught:
        recognise(header.split(","))
    assert caught.value.code == code


KEY, VILLAGE, NAME = "id_keluarga / no_kk", "kode_desa / desa_kelurahan", "nama"


@pytest.mark.parametrize(
    ("header", "layout", "missing"),
    [
        ("alamat", Layout.FLAT, [KEY, VILLAGE, NAME]), ("alamat", Layout.HOUSEHOLD, [KEY, VILLAGE, NAME]),
        ("alamat", Layout.MEMBER, [KEY, NAME]), ("nama,alamat", Layout.FLAT, [KEY, VILLAGE]),
        ("no_kk,alamat", Layout.FLAT, [VILLAGE, NAME]), ("nama_kepala_keluarga", Layout.HOUSEHOLD, [KEY, VILLAGE]),
        ("nama_kepala_keluarga", Layout.FLAT, [KEY, VILLAGE, NAME]), ("kode_desa,nama", Layout.FLAT, [KEY]),
        ("nama_kepala_keluarga", Layout.MEMBER, [KEY, NAME]),
    ],
)  # fmt: skip
def test_all_columns_that_lack_are_named_in_one_sentence(header: str, layout: Layout, missing: list[str]):
    with pytest.raises(Malformed) as caught:
        recognise(header.split(","), layout)
    assert (caught.value.code, caught.value.facts) == ("registry.column_missing", {"columns": missing})
    told = "; ".join(missing)
    assert say(caught.value.code, "id", caught.value.facts).startswith(f"Kolom ini tidak ditemukan: {told}. ")
    assert say(caught.value.code, "en", caught.value.facts).startswith(f"These columns were not found: {told}. ")


@pytest.mark.parametrize(
    "header",
    [
        ["K-1", kk(1), nik(1), "Petrus Contoh", "L"],
        ["Petrus Contoh", "Saum", "9901 0102 0486 0001"],
        ["1", "Petrus Contoh", "02-04-1986", "9,90101E+15", SAUM],
        ["Nama", "NIK", kk(1)],
    ],
)
def test_a_table_that_begins_with_somebody_is_refused(header: list[str]):
    with pytest.raises(Malformed, match=r"registry\.header_missing"):
        refuse_headless(header)


@pytest.mark.parametrize(
    "header", ["no_kk,nik,nama,kode_desa", "Kolom A,Kolom B,,2024", "nik,nama,2024,2025,2026,1,2,3", ",,"]
)
def test_names_of_columns_are_no_persons(header: str):
    refuse_headless(header.split(","))
