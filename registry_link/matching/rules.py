"""How sure it is that a household is affected, and why: the evidence table of product.md §2.4 and decisions.md 12.

Pure: arrays in, arrays out. A household that nothing speaks for gets no verdict and is not on the list.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from registry_link.matching.arrays import Bools, Floats, Ints, Small

ASSUMED_GPS_M = 50.0
FAR_M = 1000.0
"""A geotag farther outside its own village contradicts it."""
WHOLE_SHARE = 0.99
LEAST_NEIGHBOURS = 5
"""Source of all four: decisions.md 12."""
REACH_M = 250.0
"""A geotag outside the outline, in a village the outline does not touch, is near only within this, however vague."""
Texts = npt.NDArray[np.str_]


class Confidence(enum.StrEnum):
    CERTAIN = "certain"
    PROBABLE = "probable"
    TO_VERIFY = "to_verify"

    @property
    def sentence(self) -> str:
        """The code of its word in both languages."""
        return f"match.{self.value}"


class Evidence(enum.StrEnum):
    """Why a household is on the list."""

    LISTED_VILLAGE = "listed_village"
    LISTED_RW = "listed_rw"
    LISTED_RT = "listed_rt"
    GEOTAG_INSIDE = "geotag_inside"
    VILLAGE_INSIDE = "village_inside"
    SHARE_RT = "share_rt"
    SHARE_RW = "share_rw"
    SHARE_VILLAGE = "share_village"
    SHARE_AREA = "share_area"
    SHARE_NONE = "share_none"
    """The village is partly inside, but none of the geotagged neighbours: shown, never counted on."""
    NEAR_EDGE_INSIDE = "near_edge_inside"
    NEAR_EDGE_OUTSIDE = "near_edge_outside"
    GEOTAG_OUTSIDE_LISTED = "geotag_outside_listed"
    GEOTAG_OUTSIDE_VILLAGE = "geotag_outside_village"
    GEOTAG_FAR = "geotag_far"
    UNIT_UNKNOWN = "unit_unknown"

    @property
    def confidence(self) -> Confidence:
        return _CONFIDENCE[self]

    @property
    def sentence(self) -> str:
        """The code of its sentence; facts: ``village`` (name) and, for a share, ``share`` ("37 %")."""
        return f"match.{self.value}"


_CONFIDENCE = {
    Evidence.LISTED_VILLAGE: Confidence.CERTAIN,
    Evidence.LISTED_RW: Confidence.CERTAIN,
    Evidence.LISTED_RT: Confidence.CERTAIN,
    Evidence.GEOTAG_INSIDE: Confidence.CERTAIN,
    Evidence.VILLAGE_INSIDE: Confidence.CERTAIN,
    Evidence.SHARE_RT: Confidence.PROBABLE,
    Evidence.SHARE_RW: Confidence.PROBABLE,
    Evidence.SHARE_VILLAGE: Confidence.PROBABLE,
    Evidence.SHARE_AREA: Confidence.PROBABLE,
    Evidence.SHARE_NONE: Confidence.TO_VERIFY,
    Evidence.NEAR_EDGE_INSIDE: Confidence.TO_VERIFY,
    Evidence.NEAR_EDGE_OUTSIDE: Confidence.TO_VERIFY,
    Evidence.GEOTAG_OUTSIDE_LISTED: Confidence.TO_VERIFY,
    Evidence.GEOTAG_OUTSIDE_VILLAGE: Confidence.TO_VERIFY,
    Evidence.GEOTAG_FAR: Confidence.TO_VERIFY,
    Evidence.UNIT_UNKNOWN: Confidence.TO_VERIFY,
}
EVIDENCES = tuple(Evidence)
"""Verdicts name their evidence by its place here."""
_CODE = {evidence: number for number, evidence in enumerate(EVIDENCES)}


_WITH_SHARE = (
    Evidence.SHARE_RT, Evidence.SHARE_RW, Evidence.SHARE_VILLAGE, Evidence.SHARE_AREA, Evidence.SHARE_NONE,
    Evidence.UNIT_UNKNOWN,
)  # fmt: skip


class Listing(enum.IntEnum):
    """What a list of villages, RW and RT says of a household; the higher one wins."""

    NONE = 0
    UNKNOWN = 1
    RT = 2
    RW = 3
    VILLAGE = 4


class Level(enum.IntEnum):
    """Whose geotags a share was counted from."""

    AREA = 0
    VILLAGE = 1
    RW = 2
    RT = 3


@dataclass(frozen=True, slots=True)
class ListedRegion:
    """A region of a list: a village (or a district: all its villages), or only an RW or RT of a village."""

    code: str
    rw: str | None = None
    rt: str | None = None


def unit_no(text: str | None) -> str:
    """Give an RT or RW number as it is compared: "002", "2" and " RT 2" alike, "" for none ("-", "0", "000")."""
    words = (text or "").upper().replace(".", " ").split()
    kept = "".join(word for word in words if word not in ("RT", "RW", "-"))
    for prefix in ("RT", "RW"):
        kept = kept.removeprefix(prefix)
    return kept.lstrip("0")


def unit_nos(texts: Sequence[str | None]) -> Texts:
    """Give many RT or RW numbers as they are compared."""
    known = {text: unit_no(text) for text in set(texts)}
    return np.array([known[text] for text in texts], dtype=np.str_)


def tolerance_m(accuracy_m: Floats, is_gps: Bools) -> Floats:
    """Give the distance from the edge within which a position decides nothing; 0 where it is taken as exact.

    Shapes: (n,). ``accuracy_m`` is nan where the source gave none.
    """
    known = np.isfinite(accuracy_m) & (accuracy_m > 0)
    return np.where(known, np.where(known, accuracy_m, 0.0), np.where(is_gps, ASSUMED_GPS_M, 0.0))


def listing_of(codes: Sequence[str], village: Ints, rw: Texts, rt: Texts, listed: Sequence[ListedRegion]) -> Small:
    """Tell what the list says of each household (a ``Listing`` each).

    Shapes: codes (villages,); village, rw, rt (n,). ``rw`` and ``rt`` as ``unit_nos`` gives them.
    An RT listed without its RW is known only where the village has one such RT.
    """
    found = np.zeros(len(village), dtype=np.int8)
    order = np.argsort(village, kind="stable")
    bounds = np.searchsorted(village[order], np.arange(len(codes) + 1))
    number_of = {code: number for number, code in enumerate(codes)}
    for region in sorted(set(listed), key=lambda one: (one.code, one.rw or "", one.rt or "")):
        own = number_of.get(region.code)
        below = [n for n, code in enumerate(codes) if code.startswith(region.code + ".")] if own is None else [own]
        for number in below:
            here = order[bounds[number] : bounds[number + 1]]
            found[here] = np.maximum(found[here], _listing(rw[here], rt[here], unit_no(region.rw), unit_no(region.rt)))
    return found


def _listing(rw: Texts, rt: Texts, listed_rw: str, listed_rt: str) -> Small:
    if not listed_rw and not listed_rt:
        return np.full(len(rw), Listing.VILLAGE, dtype=np.int8)
    if listed_rw and listed_rt:
        is_match = (rw == listed_rw) & (rt == listed_rt)
        is_open = ((rw == "") | (rw == listed_rw)) & ((rt == "") | (rt == listed_rt)) & ~is_match
    elif listed_rw:
        is_match, is_open = rw == listed_rw, rw == ""
    else:
        is_match, is_open = rt == listed_rt, rt == ""
        if len(np.setdiff1d(rw[is_match], [""])) > 1:
            is_match, is_open = np.zeros(len(rt), dtype=bool), is_open | is_match
    kind = Listing.RT if listed_rt else Listing.RW
    return np.where(is_match, kind, np.where(is_open, Listing.UNKNOWN, Listing.NONE)).astype(np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How much of each household's neighbourhood is inside."""

    permille: Ints
    level: Small
    """A ``Level`` each."""
    neighbours: Ints
    """Geotagged households the share was counted from; 0 for a share of the area."""


def neighbour_shares(
    village: Ints, rw: Texts, rt: Texts, is_neighbour: Bools, is_inside: Bools, area_permille: Ints
) -> Shares:
    """Count the share of geotagged neighbours inside: of the RT, or RW, or village, else the share of the area.

    A level speaks when it has at least five geotagged households. Where the area's share is not known (-1), the
    village speaks with fewer.
    Shapes: all (n,) except area_permille (villages,).
    """
    permille = area_permille[village]
    level = np.zeros(len(village), dtype=np.int8)
    neighbours = np.zeros(len(village), dtype=np.int64)
    _, rw_no = np.unique(rw, return_inverse=True)
    _, rt_no = np.unique(rt, return_inverse=True)
    rw_key = village * (int(rw_no.max(initial=0)) + 1) + rw_no
    rt_key = rw_key * (int(rt_no.max(initial=0)) + 1) + rt_no
    groups = (
        (Level.VILLAGE, village, np.ones(len(village), dtype=bool)),
        (Level.RW, rw_key, rw != ""),
        (Level.RT, rt_key, rt != ""),
    )
    for kind, key, is_known in groups:
        _, group = np.unique(key, return_inverse=True)
        count = np.bincount(group, weights=is_neighbour)[group].astype(np.int64)
        within = np.bincount(group, weights=is_neighbour & is_inside)[group].astype(np.int64)
        least = np.where((kind == Level.VILLAGE) & (permille < 0), 1, LEAST_NEIGHBOURS)
        speaks = is_known & (count >= least)
        share = (2000 * within + count) // np.maximum(2 * count, 1)
        permille = np.where(speaks, np.where(within > 0, np.maximum(share, 1), 0), permille)
        level = np.where(speaks, kind, level).astype(np.int8)
        neighbours = np.where(speaks, count, neighbours)
    return Shares(permille=np.maximum(permille, 0), level=level, neighbours=neighbours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of each household. Shapes: all (n,)."""

    listing: Small
    has_geotag: Bools
    is_inside: Bools
    """The geotag is in the outline or on its edge."""
    is_near_edge: Bools
    """The geotag is nearer to the edge than its accuracy."""
    is_within_reach: Bools
    """The geotag is inside, or at most ``REACH_M`` from the edge."""
    is_far: Bools
    """The geotag is more than ``FAR_M`` outside its own village."""
    is_village_touched: Bools
    is_village_whole: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """One verdict for each household; evidence -1 = not affected as far as anything says."""

    evidence: Small
    """The place in ``EVIDENCES``."""
    share_permille: Ints
    """-1 where no share was asked for."""


def judge(known: Known, shares: Shares) -> Verdicts:
    """Weigh everything known of each household: the first line that fits is the reason given.

    A contradiction is always verified. Else the strongest evidence that stands counts: a code that is sure needs no
    sharper geotag, and an outline that does not touch a listed village says nothing against it.
    """
    geotag, is_in, is_near = known.has_geotag, known.is_inside & known.has_geotag, known.is_near_edge & known.has_geotag
    touched, whole, listing = known.is_village_touched, known.is_village_whole, known.listing
    near_out = is_near & ~is_in & (touched | known.is_within_reach)
    is_out = geotag & ~is_in & ~near_out
    is_listed = listing >= Listing.RT
    is_partly = ~geotag & touched & ~whole
    lines: tuple[tuple[Bools, Evidence], ...] = (
        (geotag & known.is_far & ((listing > Listing.NONE) | touched | is_in | near_out), Evidence.GEOTAG_FAR),
        (is_listed & is_out & touched, Evidence.GEOTAG_OUTSIDE_LISTED),
        (listing == Listing.VILLAGE, Evidence.LISTED_VILLAGE),
        (listing == Listing.RW, Evidence.LISTED_RW),
        (listing == Listing.RT, Evidence.LISTED_RT),
        (is_in & ~is_near, Evidence.GEOTAG_INSIDE),
        ((is_in | near_out | ~geotag) & whole, Evidence.VILLAGE_INSIDE),
        (is_in, Evidence.NEAR_EDGE_INSIDE),
        (near_out, Evidence.NEAR_EDGE_OUTSIDE),
        (is_out & whole, Evidence.GEOTAG_OUTSIDE_VILLAGE),
        (listing == Listing.UNKNOWN, Evidence.UNIT_UNKNOWN),
        (is_partly & (shares.permille == 0), Evidence.SHARE_NONE),
        (is_partly & (shares.level == Level.RT), Evidence.SHARE_RT),
        (is_partly & (shares.level == Level.RW), Evidence.SHARE_RW),
        (is_partly & (shares.level == Level.VILLAGE), Evidence.SHARE_VILLAGE),
        (is_partly, Evidence.SHARE_AREA),
    )
    evidence = np.select([line for line, _ in lines], [_CODE[why] for _, why in lines], default=-1).astype(np.int8)
    has_share = is_partly & np.isin(evidence, [_CODE[why] for why in _WITH_SHARE])
    return Verdicts(evidence=evidence, share_permille=np.where(has_share, shares.permille, -1))
