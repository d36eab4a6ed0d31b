"""The households of an affected area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from core.work import Tx
from registry_link.households.located import Located, united, uuids_of
from registry_link.households.mapped import ground_of
from registry_link.households.positions import position_of
from registry_link.matching import rules
from registry_link.matching.arrays import Bools, Floats, Ints, Small, counted
from registry_link.matching.cells import Cover, Ranges, cover
from registry_link.matching.inside import edge_distance_m, inside, near_edge
from registry_link.matching.outlines import Outline
from registry_link.matching.rules import Confidence, Evidence, ListedRegion, Verdicts
from registry_link.matching.villages import Touch, Villages
from registry_link.regions.queries import boundaries_of
from registry_link.regions.states import Level

_MOST_RANGES = 96
"""Ranges asked of the database for one outline: more would cost more than the few points they spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An affected area as it was posted: an outline, a list of regions, or both."""

    outline: Outline | None = None
    listed: tuple[ListedRegion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Every household that something speaks for, in the order of ``row_nos``. All columns have the same length."""

    household_ids: tuple[UUID, ...]
    row_nos: Ints
    village_codes: tuple[str, ...]
    confidences: tuple[Confidence, ...]
    evidences: tuple[Evidence, ...]
    share_permille: tuple[int | None, ...]
    """Share of the neighbourhood inside, where the evidence is a share."""
    neighbours: tuple[int | None, ...]
    """Geotagged neighbours the share was counted from; 0 when it is a share of the area."""
    distance_m: tuple[int | None, ...]
    """From the outline's edge, or for a geotag far from its own village, from that village."""

    @property
    def counts(self) -> MatchCounts:
        return MatchCounts(
            certain=self.confidences.count(Confidence.CERTAIN),
            probable=self.confidences.count(Confidence.PROBABLE),
            to_verify=self.confidences.count(Confidence.TO_VERIFY),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchCounts:
    certain: int
    probable: int
    to_verify: int


def match_area(tx: Tx, area: Area) -> Matches:
    """Find the office's households that are or may be affected, each with confidence and reason.

    Same input, same answer, on both engines. Reads whole villages where the outline touches or the list names them,
    and by position numbers whatever else lies inside or within ``REACH_M``.
    Source: product.md §2.4, decisions.md 12.
    """
    ground = ground_of(tx)
    villages = Villages((one.region_code, one.geojson) for one in boundaries_of(tx, tx.regency_code, Level.VILLAGE))
    touch = villages.touched_by(area.outline) if area.outline else _untouched(len(villages.codes))
    codes = {villages.codes[number] for number in np.flatnonzero(touch.is_touched)}
    found = ground.of_villages(sorted(codes | {one.code for one in area.listed}))
    covered = cover(area.outline, margin_m=rules.REACH_M, across=ground.cells_across) if area.outline else None
    if covered is not None:
        whole = covered.whole.fewer(_MOST_RANGES)
        _, row_nos = ground.numbers_at(whole.starts, whole.stops)
        near = ground.numbered(np.setdiff1d(row_nos, found.row_nos))
        # Villages without a boundary: an outline touches them when it holds one of their households.
        unknown = sorted({code for code in near.village_codes if villages.number(code) < 0})
        found = united(united(found, near), ground.of_villages(unknown))
    return match_located(found, area, villages, touch, covered)


def match_located(
    located: Located, area: Area, villages: Villages, touch: Touch, covered: Cover | None = None
) -> Matches:
    """Judge households that were read already; ``covered`` (the outline's cover) only saves tests.

    The answer is the same for any set of households that holds all of the touched and listed villages' and all within
    reach of the outline.
    """
    codes, village = _numbered(located.village_codes.tolist())
    known_village = np.array([villages.number(code) for code in codes], dtype=np.int64)
    rw, rt = rules.unit_nos(located.rws.tolist()), rules.unit_nos(located.rts.tolist())
    has_geotag = located.position_keys >= 0
    lon, lat = position_of(np.maximum(located.position_keys, 0))
    place = _Place.of(area.outline, covered, located, has_geotag, lon, lat)
    own_m = np.full(len(village), np.nan)
    own_m[has_geotag] = villages.outside_m(known_village[village[has_geotag]], lon[has_geotag], lat[has_geotag])
    is_far = np.nan_to_num(own_m) > rules.FAR_M

    is_bounded = known_village >= 0
    has_inside = np.bincount(village, weights=place.is_inside & ~is_far, minlength=len(codes)) > 0
    is_touched = np.where(is_bounded, touch.is_touched[known_village] if len(villages.codes) else False, has_inside)
    is_whole = is_bounded & (touch.is_whole[known_village] if len(villages.codes) else False)
    permille = np.where(is_bounded, touch.area_permille[known_village] if len(villages.codes) else 0, -1)

    shares = rules.neighbour_shares(village, rw, rt, has_geotag & ~is_far, place.is_inside, permille)
    verdicts = rules.judge(
        rules.Known(
            listing=rules.listing_of(codes, village, rw, rt, area.listed),
            has_geotag=has_geotag,
            is_inside=place.is_inside,
            is_near_edge=place.is_near_edge,
            is_within_reach=place.is_within_reach,
            is_far=is_far,
            is_village_touched=is_touched[village],
            is_village_whole=is_whole[village],
        ),
        shares,
    )
    return _matches(located, area.outline, verdicts, shares, lon, lat, own_m)


def numbers_inside(tx: Tx, outlines: Sequence[Outline]) -> tuple[Ints, Ints]:
    """Find which households' geotags lie in which outlines, of any office.

    Gives two columns of the same length: the outline's place in ``outlines``, and the household's ``row_no``.
    """
    ground = ground_of(tx)
    covers = [cover(outline, across=ground.cells_across) for outline in outlines]
    ranges = Ranges.united([one.whole.fewer(_MOST_RANGES) for one in covers])
    keys, row_nos = ground.numbers_at(ranges.starts, ranges.stops)
    order = np.argsort(keys, kind="stable")  # nearly in order already: this kind sees it
    keys, row_nos = keys[order], row_nos[order]
    which: list[Ints] = []
    found: list[Ints] = []
    for number, (outline, one) in enumerate(zip(outlines, covers, strict=True)):
        within, crossed = _cut(one.within, keys), _cut(one.crossed, keys)
        lon, lat = position_of(keys[crossed])
        held = np.concatenate([within, crossed[inside(outline, lon, lat)]])
        which.append(np.full(len(held), number))
        found.append(row_nos[held])
    return np.concatenate([np.empty(0, np.int64), *which]), np.concatenate([np.empty(0, np.int64), *found])


@dataclass(frozen=True, slots=True)
class _Place:
    """What the geotags say of an outline. Shapes: all (n,)."""

    is_inside: Bools
    is_near_edge: Bools
    is_within_reach: Bools

    @classmethod
    def of(
        cls,
        outline: Outline | None,
        covered: Cover | None,
        located: Located,
        has_geotag: Bools,
        lon: Floats,
        lat: Floats,
    ) -> _Place:
        nothing = np.zeros(len(has_geotag), dtype=bool)
        if outline is None:
            return cls(nothing, nothing, nothing)
        tolerance = np.where(has_geotag, rules.tolerance_m(located.accuracy_m, located.is_gps), 0.0)
        # Cells wholly inside are farther than REACH_M from every edge: sure, unless the position is vaguer than that.
        is_deep = covered.within.hold(located.position_keys) if covered else nothing
        is_open = covered.crossed.hold(located.position_keys) if covered else has_geotag
        is_inside, is_near, is_reached = is_deep.copy(), nothing.copy(), is_deep.copy()
        asked = np.flatnonzero(is_open)
        is_inside[asked] = inside(outline, lon[asked], lat[asked])
        asked = np.flatnonzero(has_geotag & (is_open | (tolerance > rules.REACH_M)))
        is_near[asked] = near_edge(outline, lon[asked], lat[asked], is_inside[asked], tolerance[asked])
        asked = np.flatnonzero(is_near & ~is_inside)
        is_reached |= is_inside
        is_reached[asked] = edge_distance_m(outline, lon[asked], lat[asked]) <= rules.REACH_M
        return cls(is_inside, is_near, is_reached)


def _matches(
    located: Located, outline: Outline | None, verdicts: Verdicts, shares: rules.Shares, lon: Floats, lat: Floats,
    own_m: Floats,
) -> Matches:  # fmt: skip
    kept = np.flatnonzero(verdicts.evidence >= 0)
    evidence = verdicts.evidence[kept]
    permille = verdicts.share_permille[kept]
    distance = np.full(len(kept), np.nan)
    is_far = _is_one_of(evidence, Evidence.GEOTAG_FAR)
    distance[is_far] = own_m[kept][is_far]
    at_edge = np.flatnonzero(
        _is_one_of(
            evidence,
            Evidence.NEAR_EDGE_INSIDE,
            Evidence.NEAR_EDGE_OUTSIDE,
            Evidence.GEOTAG_OUTSIDE_LISTED,
            Evidence.GEOTAG_OUTSIDE_VILLAGE,
        )
    )
    if outline is not None:
        distance[at_edge] = edge_distance_m(outline, lon[kept][at_edge], lat[kept][at_edge])
    reasons = [rules.EVIDENCES[number] for number in evidence.tolist()]
    neighbours = np.where(permille >= 0, shares.neighbours[kept], -1)
    return Matches(
        household_ids=uuids_of(located.ids[kept]),
        row_nos=located.row_nos[kept],
        village_codes=tuple(located.village_codes[kept].tolist()),
        confidences=tuple(reason.confidence for reason in reasons),
        evidences=tuple(reasons),
        share_permille=tuple(None if one < 0 else one for one in permille.tolist()),
        neighbours=tuple(None if one < 0 else one for one in neighbours.tolist()),
        distance_m=tuple(None if np.isnan(one) else round(one) for one in distance.tolist()),
    )


def _is_one_of(evidence: Small, *wanted: Evidence) -> Bools:
    return np.isin(evidence, [rules.EVIDENCES.index(one) for one in wanted])


def _numbered(codes: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """Give the different codes in order, and each household's place among them."""
    known = sorted(set(codes))
    number_of = {code: number for number, code in enumerate(known)}
    return tuple(known), np.array([number_of[code] for code in codes], dtype=np.int64)


def _untouched(count: int) -> Touch:
    nothing = np.zeros(count, dtype=bool)
    return Touch(is_touched=nothing, is_whole=nothing, area_permille=np.zeros(count, dtype=np.int64))


def _cut(ranges: Ranges, sorted_keys: Ints) -> Ints:
    """Give the places of sorted numbers that lie in the ranges."""
    first, last = np.searchsorted(sorted_keys, ranges.starts), np.searchsorted(sorted_keys, ranges.stops)
    which, offset = counted(last - first)
    return first[which] + offset
