"""Where a household stands, as it was reported: every report is kept, the better one counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import sqlalchemy as sa

from core.errors import Invalid, NotFound
from core.privacy.numbers import holds_number
from core.work import Tx
from registry_link.completion.models import HouseholdPosition
from registry_link.completion.overview import outside_village_m, recount
from registry_link.completion.rules import SOURCES, VAGUEST_M, Held, is_better
from registry_link.completion.states import PositionOrigin
from registry_link.households.completing import Facts, Placed, count_change, facts_to_change, place_households
from registry_link.households.positions import is_numbered
from registry_link.matching.rules import FAR_M

REASON_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A position; ``reason`` says why it counts although a better one is there."""

    lon_deg: float
    lat_deg: float
    accuracy_m: float | None
    origin: PositionOrigin
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedResult:
    is_used: bool
    outside_m: int | None
    """How far outside its own village; None where its outline is not known."""

    @property
    def far_m(self) -> int | None:
        """The same, where it is farther than can be right."""
        return self.outside_m if self.outside_m is not None and self.outside_m > FAR_M else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    household_id: UUID
    reported: Reported
    is_used: bool


def report_position(tx: Tx, household_id: UUID, reported: Reported) -> PlacedResult:
    """Take a household's position down; it counts unless a better one is there and nobody says why.

    A position far outside its own village is taken as well, and shown in the village's list of such.
    Raises: Forbidden; NotFound; Invalid "household.position", "completion.position_vague".
    """
    reach = tx.require("household.locate")
    facts = facts_to_change(tx, [household_id], "position").get(household_id)
    if facts is None:
        raise NotFound("household.not_found")
    reach.need_village(facts.village_code, "household")
    placed = place_reported(tx, facts, reported)
    if placed.is_used:
        count_change(tx)
        recount(tx, facts.village_code)
    return placed


def place_reported(tx: Tx, facts: Facts, reported: Reported, file_id: UUID | None = None) -> PlacedResult:
    """Do what ``report_position`` does for a household within the actor's right; the caller counts the change."""
    check(reported)
    source = SOURCES[reported.origin]
    is_used = bool(reported.reason.strip()) or is_better(held_of(facts), source, reported.accuracy_m)
    if is_used:
        place_households(
            tx,
            [
                Placed(
                    household_id=facts.id, lon_deg=reported.lon_deg, lat_deg=reported.lat_deg, source=source,
                    accuracy_m=reported.accuracy_m,
                )
            ],
        )  # fmt: skip
    keep_reports(tx, [Report(household_id=facts.id, reported=reported, is_used=is_used)], file_id)
    tx.note(
        "household.locate", "household", facts.id, reason=reported.reason.strip()[:REASON_LENGTH],
        origin=reported.origin.value, is_used=is_used,
        accuracy_m=None if reported.accuracy_m is None else round(reported.accuracy_m),
    )  # fmt: skip
    outside_m = outside_village_m(tx, facts.village_code, reported.lon_deg, reported.lat_deg)
    return PlacedResult(is_used=is_used, outside_m=outside_m)


def check(reported: Reported) -> None:
    """Refuse what says nothing of a house. Raises: Invalid."""
    if not is_numbered(reported.lon_deg, reported.lat_deg):
        raise Invalid("household.position", field="lon_deg")
    if reported.accuracy_m is not None and reported.accuracy_m > VAGUEST_M:
        raise Invalid("completion.position_vague", field="accuracy_m", metres=round(reported.accuracy_m))
    if holds_number(reported.reason):
        raise Invalid("privacy.number_in_text", field="reason")


def held_of(facts: Facts) -> Held | None:
    """Give the position that a household has."""
    if facts.lon_deg is None or facts.position_source is None:
        return None
    return Held(source=facts.position_source, accuracy_m=facts.position_accuracy_m)


def keep_reports(tx: Tx, reports: Sequence[Report], file_id: UUID | None) -> None:
    """Write every report down, also those that do not count."""
    rows = [
        {
            "id": report_id, "regency_code": tx.regency_code, "household_id": one.household_id,
            "lon_deg": one.reported.lon_deg, "lat_deg": one.reported.lat_deg, "accuracy_m": one.reported.accuracy_m,
            "origin": one.reported.origin, "file_id": file_id, "is_used": one.is_used,
            "reason": one.reported.reason.strip()[:REASON_LENGTH], "at": tx.now, "by": tx.actor.id,
            "by_name": tx.actor.name,
        }
        for one, report_id in zip(reports, tx.new_ids(len(reports)), strict=True)
    ]  # fmt: skip
    if rows:
        tx.session.execute(sa.insert(cast(sa.Table, HouseholdPosition.__table__)), rows)
