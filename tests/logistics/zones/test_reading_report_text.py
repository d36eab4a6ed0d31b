"""The situation text of Pusdalops: its facts come back by village, and what was not understood stays in sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed, TooLarge
from core.i18n import sentences
from logistics.zones.reading import document, report_text
from logistics.zones.reading.elements import Element, NamedRegion, Outcome, Parsed, SaidCount
from logistics.zones.states import CountKind, CountState

HEAD = """*Kepada Yth.*
*1. Kepala BNPB RI*
*2. Bupati Contoh*

Izin melaporkan Informasi *Kejadian Banjir Kec. Contoh Kab. Contoh* sebagai berikut :
"""
WHOLE = (
    HEAD
    + """
📌 *JENIS BENCANA*
Banjir

📌 *TERIMA LAPORAN*
Hari : Senin
Tanggal : 16 November 2026
Waktu : 14.30 WITA

📌 *WAKTU KEJADIAN*
Hari : Senin
Tanggal : 16 November 2026
Waktu : 02.00 WITA

📌 *LOKASI/TEMPAT KEJADIAN*
Kec. Sirenja Kab. Contoh
• Desa Tompe
• Desa Lende Tovea
• Kelurahan Mamboro 2

📌 *KRONOLOGIS*
Hujan deras sejak pukul 22.00, sungai meluap.

📌 *TERDAMPAK*

Tompe
• ± 112 KK / 488 Jiwa
• Jalan desa tertutup lumpur

Lende Tovea
• _NIHIL_

Mamboro 2
• _Dalam Pendataan_

📌 *PENGUNGSI*
Tompe
• 1.204 jiwa / 300 KK
di kantor camat

📌 *KORBAN JIWA*
_NIHIL_

📌 *LANGKAH YANG DILAKSANAKAN*
1. Koordinasi dengan aparat desa

📌 *KEBUTUHAN MENDESAK*
1. Beras
2. Selimut

📌 *SITUASI AKHIR*
1. Air mulai surut

📌 *TITIK LOKASI*
https://www.google.com/maps/@-0.123456,119.654321,15z

📌 *SUMBER*
1. BPBD KAB. CONTOH

*TERTANDA:*
*Kepala Pelaksana*"""
)


def read(text: str) -> Parsed:
    found = report_text.parse(text.encode(), "")
    said = [one.code for one in found.remarks] + [one.code for part in found.elements for one in part.remarks]
    assert not [code for code in said if code not in sentences()], "every remark has its sentence"
    return found


def figures(element: Element) -> dict[CountKind, int | str]:
    return {
        one.kind: one.value if one.state is CountState.NUMBER and one.value is not None else one.state.value
        for one in element.counts
    }


def test_the_whole_form_is_read_by_village():
    found = read(WHOLE)
    tompe, lende, mamboro = found.elements
    assert [one.label for one in found.elements] == [
        "Desa Tompe, Kec. Sirenja", "Desa Lende Tovea, Kec. Sirenja", "Kelurahan Mamboro 2, Kec. Sirenja",
    ]  # fmt: skip
    assert tompe.regions == (NamedRegion(name="Tompe", district="Sirenja"),)
    assert figures(tompe) == {
        CountKind.HOUSEHOLDS: 112, CountKind.PERSONS: 488, CountKind.DISPLACED: 1204,
        CountKind.DISPLACED_HOUSEHOLDS: 300, CountKind.DEAD: "zero", CountKind.MISSING: "zero",
        CountKind.INJURED: "zero",
    }  # fmt: skip
    assert [one.is_estimate for one in tompe.counts[:2]] == [True, False]
    assert figures(lende)[CountKind.HOUSEHOLDS] == figures(lende)[CountKind.PERSONS] == "zero"
    assert figures(mamboro)[CountKind.HOUSEHOLDS] == "pending"
    assert tompe.told["note_affected"] == "• Jalan desa tertutup lumpur"
    assert (tompe.told["lat"], tompe.told["lon"]) == ("-0.123456", "119.654321")
    assert tompe.told["needs"] == "Beras; Selimut"
    assert tompe.observed_at == datetime(2026, 11, 16, 6, 30, tzinfo=UTC), "14.30 WITA"
    assert "sungai meluap" in found.notice.text and "Bupati Contoh" in found.notice.text
    assert found.remarks == ()
    assert document.parser_for(WHOLE.encode()) is report_text


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("112 KK / 488 jiwa", {CountKind.HOUSEHOLDS: 112, CountKind.PERSONS: 488}),
        ("488 jiwa, 112 KK", {CountKind.HOUSEHOLDS: 112, CountKind.PERSONS: 488}),
        ("112/488 KK/Jiwa", {CountKind.HOUSEHOLDS: 112, CountKind.PERSONS: 488}),
        ("Jiwa/KK : 488/112", {CountKind.HOUSEHOLDS: 112, CountKind.PERSONS: 488}),
        ("KK: 1.112 ; jiwa: dalam pendataan", {CountKind.HOUSEHOLDS: 1112, CountKind.PERSONS: "pending"}),
        ("Jumlah 40 kepala keluarga dan 160 orang", {CountKind.HOUSEHOLDS: 40, CountKind.PERSONS: 160}),
        ("0 KK", {CountKind.HOUSEHOLDS: "zero"}),
        ("12 unit rumah terendam, rusak berat 3 unit", {CountKind.HOUSES_FLOODED: 12, CountKind.HOUSES_HEAVY: 3}),
        ("2 orang meninggal dunia", {CountKind.DEAD: 2}),
        ("15 KK mengungsi", {CountKind.DISPLACED_HOUSEHOLDS: 15}),
        ("tidak ada akses jalan", {}),
        ("ketinggian air 50 cm", {}),
    ],
)
def test_counts_as_people_write_them(text: str, counts: dict[CountKind, int | str]):
    (element,) = read(f"LOKASI: Desa Tompe, Kec. Sirenja\nTERDAMPAK:\n- {text}").elements
    assert figures(element) == counts
    if not counts:
        assert text in element.told["note_affected"], "kept in its own words"


@pytest.mark.parametrize(
    ("place", "regions"),
    [
        ("Desa Tompe Kec. Sirenja Kab. Donggala", [("Tompe", "Sirenja")]),
        ("Desa Tompe, Lende dan Lompio, Kecamatan Sirenja", [(one, "Sirenja") for one in ("Tompe", "Lende", "Lompio")]),
        ("Kec. Sirenja: Desa Tompe, Desa Lende", [("Tompe", "Sirenja"), ("Lende", "Sirenja")]),
        ("Kec. Sirenja\n- Tompe\nKec. Balaesang\n- Ds. Sibayu", [("Tompe", "Sirenja"), ("Sibayu", "Balaesang")]),
        ("1. Kel. Besusu Kec. Palu\n2. Kel. Lere Kec. Mantikulore", [("Besusu", "Palu"), ("Lere", "Mantikulore")]),
        ("Desa Tompe", [("Tompe", "")]),
    ],
)  # fmt: skip
def test_villages_get_the_district_that_is_named_with_them(place: str, regions: list[tuple[str, str]]):
    found = read(f"*LOKASI KEJADIAN*\n{place}\n\n*TERDAMPAK*\nDalam Pendataan")
    assert [(one.name, one.district) for element in found.elements for one in element.regions] == regions
    assert all(figures(one)[CountKind.HOUSEHOLDS] == "pending" for one in found.elements)


def test_rt_and_rw_narrow_one_village_and_never_several():
    (one,) = read("LOKASI: RT 02/RW 05 Desa Tompe Kec. Sirenja\nTERDAMPAK: 3 KK").elements
    assert one.regions == (NamedRegion(name="Tompe", district="Sirenja", rw="005", rt="002"),)
    several = read("LOKASI: RW 05 Desa Tompe dan Lende Kec. Sirenja").elements
    assert [part.regions[0].rw for part in several] == ["", ""]
    assert [remark.code for remark in several[0].remarks] == ["report.rt_rw_not_narrowed"]


def test_more_households_than_persons_are_told_and_not_turned():
    (element,) = read("LOKASI: Desa Tompe Kec. Sirenja\nTERDAMPAK: 488 KK / 112 jiwa").elements
    assert [one.code for one in element.remarks] == ["report.looks_swapped"]
    assert figures(element) == {CountKind.HOUSEHOLDS: 488, CountKind.PERSONS: 112}


def test_a_total_and_a_district_without_villages_are_kept():
    total, district = read("LOKASI: Kec. Sirenja\nTERDAMPAK: 200 KK").elements
    assert (total.outcome, figures(total), total.counts[0].region_no) == (
        Outcome.NOTED, {CountKind.HOUSEHOLDS: 200}, None,
    )  # fmt: skip
    assert (district.label, district.outcome) == ("Kec. Sirenja", Outcome.NOTED)


def test_a_village_that_only_the_counts_name_is_an_element_too():
    tompe, lende = read(
        "LOKASI: Desa Tompe Kec. Sirenja\nPENGUNGSI:\nDesa Tompe : 10 jiwa\nDesa Lende : 20 jiwa"
    ).elements
    assert (figures(tompe), figures(lende)) == ({CountKind.DISPLACED: 10}, {CountKind.DISPLACED: 20})
    assert [one.code for one in lende.remarks] == ["report.village_not_in_place"]


def test_a_time_without_zone_and_a_wrong_weekday_are_told():
    found = read(
        "WAKTU KEJADIAN: Selasa, 16 November 2026 pukul 02.00 WIT\nTERIMA LAPORAN: 16/11/2026 14.30\nLOKASI: Desa A"
    )
    assert [one.code for one in found.remarks] == ["report.weekday_differs", "report.time_without_zone"]
    assert found.elements[0].observed_at == datetime(2026, 11, 15, 17, 0, tzinfo=UTC)


def test_lines_that_are_not_understood_are_told_with_their_place():
    found = read("LOKASI\nJl. Trans Sulawesi km 12\nDesa Tompe Kec. Sirenja")
    (remark,) = found.remarks
    assert (remark.code, remark.facts) == ("report.line_unread", {"line": 2, "text": "Jl. Trans Sulawesi km 12"})


def test_what_is_no_report_is_refused():
    with pytest.raises(Malformed, match=r"report\.not_understood"):
        report_text.parse(b"Selamat pagi semuanya", "")
    with pytest.raises(TooLarge, match=r"report\.too_large"):
        report_text.parse(b"x" * 32_769, "")


@pytest.mark.parametrize("letter", ["*", "- ", "1.1.", "RW 1 ", "Desa a,", "1/", "±", "KK/", ": ", "9" * 7 + " "])
def test_the_longest_text_takes_no_longer_than_its_length(letter: str):
    for head in ("LOKASI\n", "LOKASI\nTERDAMPAK\n"):
        text = (head + letter * 40_000).encode()[: 32 << 10].decode(errors="ignore")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(report_text, "MOST_VILLAGES", 100_000)
            assert report_text.parse(text.encode(), "").elements


# ---------------------------------------------------------------- text made of facts gives back the facts

NAMES = ("Tompe", "Lende Tovea", "Mamboro 2", "Ngata Baru", "Sibalaya Utara", "Kalawara", "Towale", "Lero")


@dataclass(frozen=True)
class Fact:
    name: str
    households: SaidCount | None
    persons: SaidCount | None
    displaced: SaidCount | None


def said(kind: CountKind) -> st.SearchStrategy[SaidCount]:
    numbers = st.builds(
        SaidCount, kind=st.just(kind), state=st.just(CountState.NUMBER), value=st.integers(1, 99_999),
        is_estimate=st.booleans(), region_no=st.just(0),
    )  # fmt: skip
    others = st.sampled_from([CountState.ZERO, CountState.PENDING])
    return numbers | st.builds(SaidCount, kind=st.just(kind), state=others, region_no=st.just(0))


FACTS = st.lists(
    st.builds(
        Fact, name=st.sampled_from(NAMES), households=said(CountKind.HOUSEHOLDS), persons=said(CountKind.PERSONS),
        displaced=said(CountKind.DISPLACED),
    ),
    min_size=2, max_size=len(NAMES), unique_by=lambda one: one.name,
)  # fmt: skip
STYLES = st.fixed_dictionaries({
    "mark": st.sampled_from(["📌 *{}*", "*{}* :", "{}", "▶️ _{}_", "▪ {} :"]),
    "bullet": st.sampled_from(["• ", "- ", "✅ ", "* "]),
    "dots": st.booleans(), "is_inline": st.booleans(), "is_turned": st.booleans(),
    "about": st.sampled_from(["± ", "kurang lebih ", "sekitar ", "+/- "]),
    "units": st.sampled_from([("KK", "jiwa"), ("Kepala Keluarga", "Jiwa"), ("kk", "orang")]),
})  # fmt: skip


def written(count: SaidCount, unit: str, style: dict[str, object]) -> str:
    if count.state is not CountState.NUMBER:
        word = {CountState.ZERO: "NIHIL", CountState.PENDING: "Dalam Pendataan"}[count.state]
        return f"{unit}: {word}"
    number = f"{count.value:,}".replace(",", ".") if style["dots"] else str(count.value)
    return f"{style['about'] if count.is_estimate else ''}{number} {unit}"


@settings(max_examples=60, deadline=None)
@given(facts=FACTS, style=STYLES)
def test_a_text_made_of_facts_gives_back_the_facts(facts: list[Fact], style: dict[str, object]):
    mark, bullet = str(style["mark"]), str(style["bullet"])
    kk, jiwa = style["units"]  # type: ignore[misc]
    lines = [HEAD, mark.format("LOKASI KEJADIAN"), "Kec. Sirenja Kab. Donggala"]
    lines += [f"{bullet}Desa {one.name}" for one in facts] + ["", mark.format("TERDAMPAK")]
    for one in facts:
        parts = [written(one.households, kk, style), written(one.persons, jiwa, style)]  # type: ignore[arg-type,has-type]
        counts = " / ".join(reversed(parts) if style["is_turned"] else parts)
        lines += [f"{bullet}Desa {one.name} : {counts}"] if style["is_inline"] else ["", one.name, f"{bullet}{counts}"]
    lines += ["", mark.format("PENGUNGSI")]
    for one in facts:
        lines += ["", one.name, f"{bullet}{written(one.displaced, jiwa, style)}"]  # type: ignore[arg-type,has-type]
    found = read("\n".join(lines))
    assert [one.regions[0] for one in found.elements] == [
        NamedRegion(name=one.name, district="Sirenja") for one in facts
    ]
    for element, fact in zip(found.elements, facts, strict=True):
        known = {one.kind: one for one in element.counts}
        assert known == {
            CountKind.HOUSEHOLDS: fact.households, CountKind.PERSONS: fact.persons,
            CountKind.DISPLACED: fact.displaced,
        }  # fmt: skip
    assert found.remarks == ()


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=400), at=st.integers(0, len(WHOLE)))
def test_no_text_breaks_it_and_no_line_is_lost(text: str, at: int):
    try:
        found = read("LOKASI\nDesa Tompe\n" + WHOLE[:at] + text + WHOLE[at:])
    except TooLarge:
        return
    assert found.elements
