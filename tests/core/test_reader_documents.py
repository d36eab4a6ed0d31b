"""The process that parses one document: it has little, opens nothing, and whatever it does is told in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from core.errors import Malformed, Refused, TooLarge
from core.reader import documents
from core.reader.documents import DOCUMENT, parse_apart
from core.reader.parsers import PARSERS

GEOJSON = "logistics.zones.reading.geojson"
SQUARE = json.dumps({"type": "Polygon", "coordinates": [[[131, -8], [131.1, -8], [131.1, -7.9], [131, -8]]]}).encode()


def refusal(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as told:
        act()
    return told.value


def test_a_document_comes_back_as_plain_json():
    told = parse_apart(GEOJSON, SQUARE, "Peta é.geojson")
    assert told["kind"] == "geojson" and told["elements"][0]["label"] == "Peta é 1"


def test_only_our_own_parsers_are_asked_for():
    with pytest.raises(AssertionError):
        parse_apart("os", SQUARE, "x")
    assert "os" not in PARSERS and len(set(PARSERS)) == len(PARSERS)


def test_what_the_parser_refuses_comes_back_as_the_same_refusal():
    told = refusal(lambda: parse_apart(GEOJSON, b'{"type":"Polygon","coordinates":[[[NaN,1]]]}', "x"))
    assert told.code == "outline.not_a_number" and told.facts["found"] == "NaN" and told.status == 422
    assert refusal(lambda: parse_apart(GEOJSON, b"{", "x")).status == 400
    assert refusal(lambda: parse_apart(GEOJSON, b"  ", "x")).code == "reading.empty"


def test_a_document_too_large_or_too_heavy_is_refused_and_the_next_one_is_read():
    small = replace(DOCUMENT, file_bytes=10)
    assert refusal(lambda: parse_apart(GEOJSON, SQUARE, "x", small)).code == "reading.file_too_large"
    no_time = replace(DOCUMENT, wall_s=0)
    assert refusal(lambda: parse_apart(GEOJSON, SQUARE, "x", no_time)).code == "reading.too_heavy"
    little = replace(DOCUMENT, answer_bytes=20)
    assert refusal(lambda: parse_apart(GEOJSON, SQUARE, "x", little)).code == "reading.too_heavy"
    assert parse_apart(GEOJSON, SQUARE, "x")["elements"]


def test_the_child_dies_of_too_little_memory_and_only_the_child():
    told = refusal(
        lambda: parse_apart(GEOJSON, SQUARE + b" " * (8 << 20), "x", replace(DOCUMENT, memory_bytes=32 << 20))
    )
    assert told.code in ("reading.too_heavy", "reading.broke_off")
    assert isinstance(told, TooLarge | Malformed)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"[]", b"rubbish", b'{"parsed":{}}\n{"parsed":{}}', b'{"parsed":NaN}', b'{"refused":"x","facts":{}}',
        b'{"refused":"outline.empty","facts":{"a":[1]},"kind":"Invalid"}',
        b'{"refused":"outline.empty","facts":{},"kind":"SystemExit"}',
        b'{"parsed":{},"more":1}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_rubbish_from_a_child_that_was_taken_over_is_refused(monkeypatch: pytest.MonkeyPatch, line: bytes):
    monkeypatch.setattr(documents, "child_lines", lambda *_: iter(line.splitlines(keepends=True)))
    assert refusal(lambda: parse_apart(GEOJSON, SQUARE, "x")).code == "reading.broke_off"


def test_long_words_of_a_child_are_cut(monkeypatch: pytest.MonkeyPatch):
    said = {"refused": "outline.empty", "facts": {"found": "x" * 5000}, "kind": "Invalid"}
    monkeypatch.setattr(documents, "child_lines", lambda *_: iter([json.dumps(said).encode()]))
    assert len(str(refusal(lambda: parse_apart(GEOJSON, SQUARE, "x")).facts["found"])) == 200
