"""Documents made to hurt: each is refused with a sentence, in the child, while others are served."""

from __future__ import annotations

import io
import json
import stat
import struct
import threading
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refused
from core.i18n import say
from core.reader.documents import DOCUMENT, parse_apart
from core.reader.refusing import Unreadable
from logistics.zones.reading import archive, document
from logistics.zones.reading.apart import read_apart
from logistics.zones.reading.elements import Outcome
from tests.logistics.zones.test_reading_files import OUTER, POLYGON, kml_of, layer, ring_of, zipped

SQUARE = json.dumps({"type": "Polygon", "coordinates": [OUTER]}).encode()


def bomb() -> bytes:
    return zipped(a__kml=b"<kml>" + b" " * (60 << 20) + b"</kml>")


def lying_zip() -> bytes:
    """A zip whose directory says 10 bytes where a million come out."""
    made = bytearray(zipped(a__kml=b" " * (1 << 20)))
    place = made.index(b"PK\x01\x02")
    struct.pack_into("<I", made, place + 24, 10)
    return bytes(made)


def slip(name: str, *, is_link: bool = False) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16 if is_link else 0
        packed.writestr(entry, "x")
        packed.writestr("a.kml", kml_of("<Document/>"))
    return made.getvalue()


def many_entries() -> bytes:
    return zipped(**{f"a{number}__kml": b"" for number in range(archive.MOST_ENTRIES + 1)})


def shapes_that_lie(place: int, kind: str, number: int) -> bytes:
    parts = layer([("a", [OUTER])])
    shp = bytearray(parts["a__shp"])
    struct.pack_into(kind, shp, place, number)
    return zipped(**{**parts, "a__shp": bytes(shp)})


def a_table_that_lies() -> bytes:
    parts = layer([("a", [OUTER])])
    dbf = bytearray(parts["a__dbf"])
    struct.pack_into("<I", dbf, 4, 2**31)
    return zipped(**{**parts, "a__dbf": bytes(dbf)})


def billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    return f'<?xml version="1.0"?><!DOCTYPE kml [{entities}]><kml>&a9;</kml>'.encode()


def vertices(count: int) -> bytes:
    pairs = b",".join([b"[131.1,-8.1]"] * count)
    return b'{"type":"Polygon","coordinates":[[' + pairs + b"]]}"


WHOLE = {
    "zip bomb": (bomb, "reading.unpacks_too_large"),
    "a zip whose directory lies": (lying_zip, "reading.broken_zip"),
    "slip": (lambda: slip("../../a.kml"), "reading.zip_slips"),
    "slip with a drive": (lambda: slip("C:\\a.kml"), "reading.zip_slips"),
    "link": (lambda: slip("b.kml", is_link=True), "reading.zip_slips"),
    "many entries": (many_entries, "reading.too_many_parts"),
    "no zip at all": (lambda: b"PK\x03\x04" + b"x" * 100, "reading.broken_zip"),
    "deep XML": (lambda: b"<kml>" + b"<Folder>" * 200_000, "reading.too_deep"),
    "wide XML": (lambda: kml_of("<a/>" * 70_000), "reading.too_many_elements"),
    "entities": (billion_laughs, "reading.has_dtd"),
    "an outside entity": (
        lambda: b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>', "reading.has_dtd",
    ),
    "a bare DTD": (lambda: b"<!DOCTYPE kml><kml/>", "reading.has_dtd"),
    "half an XML": (lambda: b"<kml><Document>", "reading.broken_xml"),
    "an encoding nobody has": (lambda: b'<?xml version="1.0" encoding="x-none"?><kml/>', "reading.broken_xml"),
    "many placemarks": (lambda: kml_of("<Placemark/>" * 501), "outline.too_many_features"),
    "deep JSON": (lambda: b'{"type":' + b"[" * 100_000, "outline.too_deep"),
    "twin keys": (lambda: b'{"type":"Polygon","type":"Point"}', "outline.not_json"),
    "NaN": (lambda: b'{"type":"Polygon","coordinates":[[[NaN,1]]]}', "outline.not_a_number"),
    "Infinity": (lambda: b'{"type":"Polygon","coordinates":[[[Infinity,1]]]}', "outline.not_a_number"),
    "many features": (
        lambda: b'{"type":"FeatureCollection","features":[' + b",".join([b'{"type":"Feature"}'] * 501) + b"]}",
        "outline.too_many_features",
    ),
    "a megabyte too much": (lambda: b'{"type":"Polygon","x":"' + b"a" * (11 << 20) + b'"}', "outline.too_many_bytes"),
    "shapes: points that are not there": (lambda: shapes_that_lie(148, "<i", 2**31 - 1), "reading.shapefile_lies"),
    "shapes: parts that are not there": (lambda: shapes_that_lie(144, "<i", 2**31 - 1), "reading.shapefile_lies"),
    "shapes: minus a point": (lambda: shapes_that_lie(148, "<i", -5), "reading.shapefile_lies"),
    "shapes: a part from nowhere": (lambda: shapes_that_lie(152, "<i", 99_999), "reading.shapefile_lies"),
    "shapes: a record longer than the file": (lambda: shapes_that_lie(104, ">i", 2**30), "reading.shapefile_lies"),
    "shapes: a file longer than it is": (lambda: shapes_that_lie(24, ">i", 2**30), "reading.shapefile_lies"),
    "a table of two thousand million rows": (a_table_that_lies, "reading.shapefile_lies"),
    "a sheet's cell at the end of the world": (lambda: b"\xd0\xcf\x11\xe0", "reading.unknown_kind"),
    "more lines than a list has": (lambda: b"Desa A\n" * 2_001, "reading.too_many_codes"),
    "a list larger than a list is": (lambda: b"Desa A RT 1\n" * 100_000, "reading.file_too_large"),
}  # fmt: skip


@pytest.mark.parametrize("what", WHOLE)
def test_a_hostile_document_is_refused_with_a_sentence(what: str):
    """Straight at the parser: that a refusal comes back through the child is tested beside."""
    made, code = WHOLE[what]
    with pytest.raises(Refused) as told:
        document.parse(made(), "x")
    assert told.value.code == code
    for lang in ("id", "en"):
        assert say(code, lang, told.value.facts) != code


ALONE = {
    "10^308": (b'{"type":"Polygon","coordinates":[[[1e308,1],[1e308,2],[1,1e308],[1e308,1]]]}', "outline.in_metres"),
    "10^400": (b'{"type":"Polygon","coordinates":[[[1e400,1],[1,2],[1,1],[1,1]]]}', "outline.not_a_number"),
    "a number of a thousand digits": (
        b'{"type":"Polygon","coordinates":[[[' + b"9" * 1000 + b",1],[1,2],[1,1],[1,1]]]}", "outline.not_a_number",
    ),
    "text for a number": (b'{"type":"Polygon","coordinates":[[["110",true],[1,2],[1,1],[1,1]]]}',
                          "outline.not_a_number"),
    "a million vertices": (vertices(600_000), "outline.ring_too_long"),
    "metres": (
        b'{"type":"Polygon","coordinates":[[[500000,9100000],[500100,9100000],[500100,9100100],[500000,9100000]]]}',
        "outline.in_metres",
    ),
    "the whole world": (b'{"type":"Polygon","coordinates":[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]}',
                        "outline.too_wide"),
    "nothing": (b'{"type":"Polygon","coordinates":[]}', "outline.empty"),
    "a line there and back": (b'{"type":"Polygon","coordinates":[[[131,-8],[131.1,-8],[131.2,-8],[131,-8]]]}',
                              "outline.too_small"),
    "another projection": (
        b'{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"EPSG:32752"}},"features":['
        b'{"type":"Feature","properties":{},"geometry":' + SQUARE + b"}]}", "outline.other_crs",
    ),
    "words in coordinates": (kml_of(f"<Placemark>{POLYGON.replace('131.0,-8.0,0', 'x,y')}</Placemark>"),
                             "outline.not_a_number"),
    "digits of another alphabet": (
        kml_of(f"<Placemark>{POLYGON.replace('131.1,-7.9,0', '١٣١,-7.9,0')}</Placemark>"), "outline.not_a_number",
    ),
    "two outer rings": (
        kml_of(f"<Placemark><Polygon><outerBoundaryIs>{ring_of(OUTER) * 2}</outerBoundaryIs></Polygon></Placemark>"),
        "outline.empty",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ALONE)
def test_a_hostile_area_is_refused_alone_and_says_why(what: str):
    content, code = ALONE[what]
    (found,) = document.parse(content, "x").elements
    assert (found.outcome, found.outline, found.remarks[-1].code) == (Outcome.REFUSED, None, code)
    assert say(code, "id", found.remarks[-1].facts) != code


def test_two_combs_that_hold_geos_for_long_are_given_up_while_others_are_served():
    """Their union is tried in the child alone, and only for as long as it may take."""
    teeth = 600

    def comb(shift: float, *, is_turned: bool) -> str:
        points: list[tuple[float, float]] = []
        for tooth in range(teeth):
            at = 0.001 * tooth + shift
            points += [(at, 0.0), (at, 0.29), (at + 0.0005, 0.29), (at + 0.0005, 0.0)]
        ring = [(y, x) for x, y in [*points, (0.001 * teeth, -0.01), (0.0, -0.01)]] if is_turned else [
            *points, (0.001 * teeth, -0.01), (0.0, -0.01),
        ]  # fmt: skip
        placed = [[131 + x, -8 + y] for x, y in ring]
        return json.dumps({"type": "Polygon", "coordinates": [[*placed, placed[0]]]})

    told: list[object] = []

    def unite() -> None:
        try:
            combs = json.dumps([comb(0.0002, is_turned=False), comb(0.0002, is_turned=True)]).encode()
            told.append(parse_apart("logistics.zones.reading.uniting", combs, "", replace(DOCUMENT, cpu_s=2)))
        except Refused as refused:
            told.append(refused.code)

    working = threading.Thread(target=unite)
    working.start()
    served = read_apart(SQUARE, "x")
    assert served.elements[0].outcome is Outcome.READ
    working.join()
    assert told == ["reading.too_heavy"]


def test_what_is_refused_in_the_child_comes_back_as_the_same_refusal():
    with pytest.raises(Refused) as told:
        read_apart(billion_laughs(), "x")
    assert told.value.code == "reading.has_dtd"


SEEDS = {
    "shapes": zipped(**layer([("Desa A", [OUTER]), ("Desa B", [OUTER])])),
    "shapes kept open": b"".join(layer([("a", [OUTER])]).values()),
    "placemarks": kml_of(f"<Document><Placemark><name>W</name>{POLYGON}</Placemark></Document>"),
    "features": b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1},"geometry":' + SQUARE
    + b"}]}",
    "lines": b"Kec. Selaru\n- Desa Adaut RT 01-05 RW 02: 120 KK, 5 jiwa (berat)",
    "rows": b"Kode desa;Desa;RW;RT\n81.03.01.2001;Olilit;01;02-03",
}  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(
    what=st.sampled_from(sorted(SEEDS)), is_inner=st.booleans(),
    changes=st.lists(st.tuples(st.integers(0, 5_000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6),
)  # fmt: skip
def test_no_bytes_break_a_parser(what: str, is_inner: bool, changes: list[tuple[int, bytes]]):
    """Spoilt documents are read or refused with a code; nothing else leaves a parser."""

    def spoilt(content: bytes) -> bytes:
        made = bytearray(content)
        for place, with_ in changes:
            at = place % max(1, len(made))
            made[at : at + len(with_)] = with_
        return bytes(made)

    if what.startswith("shapes") and is_inner:
        parts = layer([("Desa A", [OUTER])])
        name = sorted(parts)[changes[0][0] % len(parts)]
        content = zipped(**{**parts, name: spoilt(parts[name])})
    else:
        content = spoilt(SEEDS[what])
    try:
        found = document.parse(content, "x")
    except (Refused, Unreadable):
        return
    assert [one.no for one in found.elements] == list(range(1, len(found.elements) + 1))
