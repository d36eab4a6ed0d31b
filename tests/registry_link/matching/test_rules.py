from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.i18n import say, sentences
from registry_link.matching import rules
from registry_link.matching.rules import (
    EVIDENCES,
    Confidence,
    Evidence,
    Known,
    Level,
    ListedRegion,
    Listing,
    Shares,
    judge,
    listing_of,
    neighbour_shares,
    tolerance_m,
    unit_no,
    unit_nos,
)

NOTHING = {
    "listing": Listing.NONE, "has_geotag": False, "is_inside": False, "is_near_edge": False, "is_within_reach": False,
    "is_far": False, "is_village_touched": False, "is_village_whole": False,
}  # fmt: skip
GEOTAG = {"has_geotag": True}
INSIDE = {"has_geotag": True, "is_inside": True, "is_within_reach": True, "is_village_touched": True}
PARTLY = {"is_village_touched": True}
WHOLE = {"is_village_touched": True, "is_village_whole": True}


def verdict(share: int = 400, level: Level = Level.RT, **known: Any) -> Evidence | None:
    columns = {name: np.array([value]) for name, value in {**NOTHING, **known}.items()}
    columns["listing"] = columns["listing"].astype(np.int8)
    shares = Shares(permille=np.array([share]), level=np.array([level], dtype=np.int8), neighbours=np.array([9]))
    found = judge(Known(**columns), shares)
    number = int(found.evidence[0])
    is_share = number >= 0 and EVIDENCES[number].value.startswith("share")
    is_open = number >= 0 and EVIDENCES[number] is Evidence.UNIT_UNKNOWN
    assert is_open or (found.share_permille[0] >= 0) == is_share
    return EVIDENCES[number] if number >= 0 else None


@pytest.mark.parametrize(
    ("known", "expected", "confidence"),
    [
        # the table of product.md §2.4, line by line
        ({"listing": Listing.VILLAGE}, Evidence.LISTED_VILLAGE, Confidence.CERTAIN),
        ({"listing": Listing.RW}, Evidence.LISTED_RW, Confidence.CERTAIN),
        ({"listing": Listing.RT}, Evidence.LISTED_RT, Confidence.CERTAIN),
        (INSIDE, Evidence.GEOTAG_INSIDE, Confidence.CERTAIN),
        (INSIDE | {"is_near_edge": True}, Evidence.NEAR_EDGE_INSIDE, Confidence.TO_VERIFY),
        (PARTLY | GEOTAG | {"is_near_edge": True}, Evidence.NEAR_EDGE_OUTSIDE, Confidence.TO_VERIFY),
        (WHOLE, Evidence.VILLAGE_INSIDE, Confidence.CERTAIN),
        (PARTLY, Evidence.SHARE_RT, Confidence.PROBABLE),
        (PARTLY | GEOTAG | {"listing": Listing.RT}, Evidence.GEOTAG_OUTSIDE_LISTED, Confidence.TO_VERIFY),
        (WHOLE | GEOTAG, Evidence.GEOTAG_OUTSIDE_VILLAGE, Confidence.TO_VERIFY),
        (INSIDE | {"is_far": True}, Evidence.GEOTAG_FAR, Confidence.TO_VERIFY),
        (PARTLY | GEOTAG | {"is_far": True}, Evidence.GEOTAG_FAR, Confidence.TO_VERIFY),
        (GEOTAG | {"listing": Listing.VILLAGE, "is_far": True}, Evidence.GEOTAG_FAR, Confidence.TO_VERIFY),
        ({"listing": Listing.UNKNOWN}, Evidence.UNIT_UNKNOWN, Confidence.TO_VERIFY),
        (PARTLY | {"listing": Listing.UNKNOWN}, Evidence.UNIT_UNKNOWN, Confidence.TO_VERIFY),
        # where several speak
        (INSIDE | {"listing": Listing.RW}, Evidence.LISTED_RW, Confidence.CERTAIN),
        (INSIDE | {"listing": Listing.UNKNOWN}, Evidence.GEOTAG_INSIDE, Confidence.CERTAIN),
        (WHOLE | {"listing": Listing.UNKNOWN}, Evidence.VILLAGE_INSIDE, Confidence.CERTAIN),
        (WHOLE | INSIDE | {"is_near_edge": True, "is_village_whole": True}, Evidence.VILLAGE_INSIDE,
         Confidence.CERTAIN),
        (GEOTAG | {"is_near_edge": True, "is_within_reach": True}, Evidence.NEAR_EDGE_OUTSIDE, Confidence.TO_VERIFY),
        # an outline that does not touch a listed village says nothing against it
        (GEOTAG | {"listing": Listing.VILLAGE}, Evidence.LISTED_VILLAGE, Confidence.CERTAIN),
    ],
)  # fmt: skip
def test_the_evidence_table(known: dict[str, Any], expected: Evidence, confidence: Confidence):
    assert verdict(**known) is expected
    assert expected.confidence is confidence


@pytest.mark.parametrize(
    "known",
    [
        {},
        GEOTAG,
        PARTLY | GEOTAG,
        GEOTAG | {"is_far": True},
        GEOTAG | {"is_near_edge": True},  # so vague that it reaches the outline, in a village that is not touched
    ],
)
def test_nothing_speaks_for_these(known: dict[str, Any]):
    assert verdict(**known) is None


@pytest.mark.parametrize(
    ("level", "share", "expected"),
    [
        (Level.RT, 1, Evidence.SHARE_RT),
        (Level.RW, 1000, Evidence.SHARE_RW),
        (Level.VILLAGE, 500, Evidence.SHARE_VILLAGE),
        (Level.AREA, 500, Evidence.SHARE_AREA),
        (Level.RT, 0, Evidence.SHARE_NONE),
    ],
)
def test_a_share_names_whose_it_is(level: Level, share: int, expected: Evidence):
    assert verdict(share, level, **PARTLY) is expected


def test_every_combination_keeps_the_promises():
    """Nobody with evidence is silently out, no contradiction is certain, nothing becomes certain without a reason."""
    for combination in product(Listing, *[[False, True]] * 7):
        known: dict[str, Any] = dict(zip(NOTHING, combination, strict=True))
        if not known["has_geotag"] and any(
            known[name] for name in ("is_inside", "is_near_edge", "is_within_reach", "is_far")
        ):
            continue
        if (known["is_inside"] and not known["is_within_reach"]) or (
            known["is_village_whole"] and not known["is_village_touched"]
        ):
            continue
        found = verdict(**known)
        if known["is_inside"] or known["listing"] or (known["is_village_touched"] and not known["has_geotag"]):
            assert found is not None, known
        if found is not None and found.confidence is Confidence.CERTAIN:
            assert not known["is_far"]
            assert (
                known["listing"] >= Listing.RT
                or (known["is_inside"] and not known["is_near_edge"])
                or known["is_village_whole"]
            ), known


def test_every_reason_has_a_confidence_and_both_sentences():
    for reason in Evidence:
        assert reason.confidence in Confidence
        for lang in ("id", "en"):
            sentence = say(reason.sentence, lang, {"village": "Olilit", "share": "37 %"})
            assert sentence != reason.sentence
            assert "…" not in sentence
    assert {one.sentence for one in Confidence} <= set(sentences())


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize(
    ("text", "expected"),
    [("002", "2"), ("2", "2"), (" RT 2", "2"), ("rt.02", "2"), ("RW 10", "10"), ("", ""), (None, ""), ("-", ""),
     ("000", ""), ("0", ""), ("02A", "2A")],
)  # fmt: skip
def test_numbers_of_rt_and_rw_are_compared_as_numbers(text: str | None, expected: str):
    assert unit_no(text) == expected


CODES = ("81.03.01.2001", "81.03.01.2002", "81.03.02.2001")


def listed(rows: list[tuple[int, str, str]], *regions: ListedRegion) -> list[Listing]:
    village = np.array([row[0] for row in rows], dtype=np.int64)
    found = listing_of(CODES, village, unit_nos([r[1] for r in rows]), unit_nos([r[2] for r in rows]), regions)
    return [Listing(one) for one in found.tolist()]


def test_a_village_a_district_and_its_parts():
    rows = [(0, "1", "1"), (0, "1", ""), (0, "", ""), (0, "", "1"), (0, "", "2"), (0, "2", ""), (1, "1", "1"),
            (2, "1", "1")]  # fmt: skip
    none, unknown = Listing.NONE, Listing.UNKNOWN
    assert listed(rows, ListedRegion(CODES[0])) == [Listing.VILLAGE] * 6 + [none] * 2
    assert listed(rows, ListedRegion("81.03.01")) == [Listing.VILLAGE] * 7 + [none]
    assert listed(rows, ListedRegion(CODES[0], rw="001")) == [
        Listing.RW, Listing.RW, unknown, unknown, unknown, none, none, none,
    ]  # fmt: skip
    assert listed(rows, ListedRegion(CODES[0], rw="1", rt="001")) == [
        Listing.RT, unknown, unknown, unknown, none, none, none, none,
    ]  # fmt: skip
    assert listed(rows, ListedRegion(CODES[0], rt="1")) == [
        Listing.RT, unknown, unknown, Listing.RT, none, unknown, none, none,
    ]  # fmt: skip
    both = listed(rows, ListedRegion(CODES[0], rw="1", rt="1"), ListedRegion(CODES[0], rw="2"))
    assert both[0] is Listing.RT
    assert both[5] is Listing.RW


def test_an_rt_without_its_rw_is_known_only_where_there_is_one():
    rows = [(0, "1", "2"), (0, "3", "2"), (0, "", "2"), (0, "1", "1")]
    assert listed(rows, ListedRegion(CODES[0], rt="2")) == [
        Listing.UNKNOWN, Listing.UNKNOWN, Listing.UNKNOWN, Listing.NONE,
    ]  # fmt: skip


UNITS = st.sampled_from(["", "1", "2"])
REGIONS = st.builds(
    ListedRegion,
    code=st.sampled_from([*CODES, "81.03.01", "81.03.03.2001"]),
    rw=st.sampled_from([None, "1", "002"]),
    rt=st.sampled_from([None, "01", "2"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), UNITS, UNITS), min_size=1, max_size=20), st.lists(REGIONS, max_size=4))
def test_lists_are_read_as_one_household_after_the_other_would_be(
    rows: list[tuple[int, str, str]], regions: list[ListedRegion]
):
    def slowly(village: int, rw: str, rt: str, region: ListedRegion) -> Listing:
        code, want_rw, want_rt = CODES[village], unit_no(region.rw), unit_no(region.rt)
        if code != region.code and not code.startswith(region.code + "."):
            return Listing.NONE
        if not want_rw and not want_rt:
            return Listing.VILLAGE
        if want_rt and not want_rw:
            rws = {r[1] for r in rows if CODES[r[0]] == code and r[2] == want_rt} - {""}
            if rt == want_rt and len(rws) > 1:
                return Listing.UNKNOWN
        pairs = [(rw, want_rw), (rt, want_rt)]
        if all(have == want for have, want in pairs if want):
            return Listing.RT if want_rt else Listing.RW
        if all(have in ("", want) for have, want in pairs if want):
            return Listing.UNKNOWN
        return Listing.NONE

    expected = [max([Listing.NONE, *(slowly(*row, region) for region in regions)]) for row in rows]
    assert listed(rows, *regions) == expected


# ---------------------------------------------------------------- accuracy and neighbours


def test_an_unknown_accuracy_is_fifty_metres_only_for_gps():
    accuracy = np.array([12.0, np.nan, np.nan, 0.0, -5.0, np.inf])
    is_gps = np.array([False, True, False, True, False, True])
    assert tolerance_m(accuracy, is_gps).tolist() == [12.0, 50.0, 0.0, 50.0, 0.0, 50.0]


def shares_of(rows: list[tuple[int, str, str, bool, bool]], area: list[int]) -> Shares:
    village, rw, rt, near, within = zip(*rows, strict=True)
    return neighbour_shares(
        np.array(village), unit_nos(rw), unit_nos(rt), np.array(near), np.array(within), np.array(area)
    )


def test_five_geotagged_neighbours_speak_else_the_next_level():
    rt = [(0, "1", "1", True, n < 2) for n in range(5)]
    rw = [(0, "1", "2", True, True)] * 4
    village = [(0, "2", "1", True, False)] * 4
    asked = [(0, "1", "1", False, False), (0, "1", "2", False, False), (0, "2", "1", False, False),
             (0, "", "", False, False), (1, "1", "1", False, False)]  # fmt: skip
    found = shares_of(rt + rw + village + asked, [250, 40])
    assert found.permille[-5:].tolist() == [400, 667, 462, 462, 40]
    assert found.level[-5:].tolist() == [Level.RT, Level.RW, Level.VILLAGE, Level.VILLAGE, Level.AREA]
    assert found.neighbours[-5:].tolist() == [5, 9, 13, 13, 0]


def test_a_village_without_a_boundary_speaks_by_any_neighbour():
    rows = [(0, "1", "1", True, True), (0, "1", "1", True, False), (0, "", "", False, False)]
    found = shares_of(rows, [-1])
    assert (found.permille[2], found.level[2], found.neighbours[2]) == (500, Level.VILLAGE, 2)


def test_one_of_many_neighbours_is_never_rounded_to_none():
    rows = [(0, "1", "1", True, n == 0) for n in range(3000)]
    assert shares_of(rows, [0]).permille[5] == 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), UNITS, UNITS, st.booleans(), st.booleans()), min_size=1, max_size=60),
    st.lists(st.integers(0, 1000), min_size=3, max_size=3),
)
def test_shares_are_what_counting_gives(rows: list[tuple[int, str, str, bool, bool]], area: list[int]):
    found = shares_of(rows, area)
    for n, (village, rw, rt, _, _) in enumerate(rows):
        levels = (
            (Level.RT, [r for r in rows if r[:3] == (village, rw, rt)] if rt else []),
            (Level.RW, [r for r in rows if r[:2] == (village, rw)] if rw else []),
            (Level.VILLAGE, [r for r in rows if r[0] == village]),
        )
        for level, group in levels:
            tagged = [r for r in group if r[3]]
            if len(tagged) >= rules.LEAST_NEIGHBOURS:
                share = sum(r[4] for r in tagged) * 1000 / len(tagged)
                assert found.level[n] == level
                assert abs(found.permille[n] - share) <= 0.5
                assert found.neighbours[n] == len(tagged)
                break
        else:
            assert (found.permille[n], found.level[n], found.neighbours[n]) == (area[village], Level.AREA, 0)


def test_a_region_of_a_list_is_a_plain_value():
    assert replace(ListedRegion("81.03.01.2001"), rw="1") == ListedRegion("81.03.01.2001", "1")
