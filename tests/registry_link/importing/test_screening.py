"""The screen and the checker of single rows come to what the checker alone comes to, whatever stands in the rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reader.stream import StreamRow, line_of, row_of
from registry_link.households.frames import homes_of, people_of
from registry_link.importing.columns import recognise
from registry_link.importing.rules import FileFacts, Parsed, RowReader, parse_row
from registry_link.importing.screening import Screen
from registry_link.importing.states import Layout
from registry_link.regions.rules import Gazetteer, RegionName
from registry_link.regions.states import CodeSystem, Level
from tests.registry_link.people import SAUM, kk, nik

GAZETTEER = Gazetteer([
    RegionName(code="99.01", name="Contoh", level=Level.REGENCY, bps_code=None, bps_name=None),
    RegionName(code=SAUM[:8], name="Utara", level=Level.DISTRICT, bps_code=None, bps_name=None),
    RegionName(code=SAUM, name="Saum", level=Level.VILLAGE, bps_code=None, bps_name=None),
])  # fmt: skip
HEADERS = {
    Layout.FLAT: "id_keluarga;no_kk;nik;id_art;nama;jenis_kelamin;tgl_lahir;umur;shdk;sta_hamil;penyakit_kronis;"
    "kode_desa;nama_desa;alamat;rt;rw;dusun;jml_art;desil;lng;lat;akurasi;catatan",
    Layout.HOUSEHOLD: "id_keluarga;no_kk;nik;nama_kepala_keluarga;jk;tgl_lahir;kode_desa;nama_desa;alamat;rt;rt/rw;lng;"
    "lat;catatan",
    Layout.MEMBER: "id_keluarga;id_art;nik;nama;jk;tgl_lahir;umur;shdk;sta_hamil;catatan",
}  # fmt: skip
GOOD = {
    "id_keluarga": ("K1", "A.b_c/d-9", ""), "no_kk": (kk(1), kk(2), "", "-", "0"), "nik": (nik(11), nik(12), "", "-"),
    "id_art": ("A1", ""), "nama": ("Orang Contoh", "SITI  MAR'YAM", "Béa"), "nama_kepala_keluarga": ("Orang", "", "-"),
    "jenis_kelamin": ("L", "P", "1", "", "Laki-laki"), "jk": ("L", "2", ""), "umur": ("", "40", "-"),
    "tgl_lahir": ("02-04-1986", "1986-04-02", "", "0000-00-00", "05/05/2001", "2 Apr 1986"),
    "shdk": ("1", "Anak", "", "03"),
    "sta_hamil": ("0", "1", "Ya", ""), "penyakit_kronis": ("", "Asma", "tidak"), "kode_desa": (SAUM, ""),
    "nama_desa": ("Saum", "Desa Saum", ""), "alamat": ("Jl. A", "-", "", "Jl  B"), "rt": ("1", "RT 002", "", "-"),
    "rw": ("03", ""), "rt/rw": ("005/003", "RT 5 RW 3", "-", "5", "x/3"), "dusun": ("Dusun A", ""),
    "jml_art": ("4", ""), "desil": ("1", "desil 4", "belum ditentukan"),
    "lng": ("131,5", "131.25", "", "0"), "lat": ("-7,5", "-7.5", "", "0"),
    "akurasi": ("", "5", "12,5", "0", "100000,5"),
    "catatan": ("", "apa saja"),
}  # fmt: skip
ODD = (
    "=1+1", "-5", "@x", "x" * 130, "y" * 1200, "9901010204860001 ", "990101020486001", "1111111111111111",
    "9901013102860001", "9901014204860011", "1,5E+15", "'9901010204860001", "ya", "tidak tahu", "31-02-1986",
    "1850-01-01", "2030-01-01", "99.01.01.2099", "Saumm", "abc", "999", "-91", "1e3", "inf", "nan", "\u00a0x",
    "\u202e", "\ufffd", "a\tb", "٣", "", " ", "   K1  ", '"', "K1", "0", "-", "131.5", "141,5", "00", "200",
    "'-7.5", "1_0", nik(12), kk(3), "Jalan 9901.0102.0486.0001", "9901010204869901",
    "2.0", "5,0", "1.5", "11", "9970010204860001", "desil belum ditentukan", "10 m", "1986/04/02",
)  # fmt: skip
CELLS = {name: st.one_of(st.sampled_from(good), st.sampled_from(good), st.sampled_from(good), st.sampled_from(ODD),
                         st.text(max_size=6)) for name, good in GOOD.items()}  # fmt: skip


def together(lines: Sequence[bytes], facts: FileFacts) -> tuple[pl.DataFrame, pl.DataFrame, dict[int, object]]:
    """Do what an import does: screen the plain lines, and check the others and the uncertain ones row by row."""
    plain = [one for one in lines if not one.startswith(b"[")]
    single = [row_of(one) for one in lines if one.startswith(b"[")]
    homes, people = homes_of([]), people_of([])
    if plain:
        found = Screen(RowReader(facts)).screened(b"".join(plain))
        homes, people = found.homes, found.people
        single += [row_of(plain[at]) for at in found.unsure]
    told: dict[int, object] = {}
    for row in single:
        parsed = parse_row(row.number, row.cells, facts, row.kinds)
        told[row.number] = parsed.warnings if isinstance(parsed, Parsed) else parsed
        if isinstance(parsed, Parsed):
            homes = homes.vstack(homes_of([parsed.household] if parsed.household else []))
            people = people.vstack(people_of([(parsed.external_id, parsed.member)] if parsed.member else []))
    return homes.sort("file_row"), people.sort("file_row"), told


@pytest.mark.parametrize("layout", HEADERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_screen_and_checker_are_the_checker_alone(layout: Layout, data: st.DataObject):
    header = HEADERS[layout].split(";")
    facts = FileFacts(
        columns=recognise(header, layout), gazetteer=GAZETTEER, code_system=CodeSystem.KEMENDAGRI,
        regency_code="99.01", as_of_on=date(2026, 1, 1), heads_are_members=data.draw(st.booleans()),
    )  # fmt: skip
    rows = data.draw(st.lists(st.tuples(*(CELLS[name] for name in header)), min_size=1, max_size=8))
    alone_homes, alone_people, alone_told = [], [], {}
    lines = []
    for number, cells in enumerate(rows, 2):
        row = StreamRow(number, list(cells), {}, "")
        lines.append(line_of(row, len(header)))
        parsed = parse_row(number, row.cells, facts)
        if not isinstance(parsed, Parsed):
            alone_told[number] = parsed
            continue
        if parsed.warnings:
            alone_told[number] = parsed.warnings
        alone_homes += [parsed.household] if parsed.household else []
        alone_people += [(parsed.external_id, parsed.member)] if parsed.member else []
    homes, people, told = together(lines, facts)
    assert homes.equals(homes_of(alone_homes))
    assert people.equals(people_of(alone_people))
    assert {number: one for number, one in told.items() if one} == alone_told


def test_a_plain_row_needs_no_second_look():
    header = HEADERS[Layout.FLAT].split(";")
    facts = FileFacts(
        columns=recognise(header, Layout.FLAT), gazetteer=GAZETTEER, code_system=CodeSystem.KEMENDAGRI,
        regency_code="99.01", as_of_on=date(2026, 1, 1),
    )  # fmt: skip
    cells = [GOOD[name][0] for name in header]
    cells[header.index("tgl_lahir")] = f"{nik(11)[6:8]}-{nik(11)[8:10]}-19{nik(11)[10:12]}"
    found = Screen(RowReader(facts)).screened(line_of(StreamRow(2, cells, {}, ""), len(cells)))
    assert (len(found.homes), len(found.people), len(found.unsure)) == (1, 1, 0)
