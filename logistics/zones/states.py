from __future__ import annotations

import enum


class Phase(enum.StrEnum):
    """Status keadaan darurat, and its end."""

    ALERT = "alert"
    RESPONSE = "response"
    TRANSITION = "transition"
    CLOSED = "closed"


class PhaseAct(enum.StrEnum):
    RESPOND = "respond"
    TURN_TO_RECOVERY = "turn_to_recovery"
    CLOSE = "close"


PHASES: dict[tuple[Phase, PhaseAct], Phase] = {
    (Phase.ALERT, PhaseAct.RESPOND): Phase.RESPONSE,
    (Phase.RESPONSE, PhaseAct.TURN_TO_RECOVERY): Phase.TRANSITION,
    # An aftershock, a second flood wave: back to response under a new decree.
    (Phase.TRANSITION, PhaseAct.RESPOND): Phase.RESPONSE,
    (Phase.ALERT, PhaseAct.CLOSE): Phase.CLOSED,
    (Phase.RESPONSE, PhaseAct.CLOSE): Phase.CLOSED,
    (Phase.TRANSITION, PhaseAct.CLOSE): Phase.CLOSED,
}


class VersionState(enum.StrEnum):
    """A posted version never changes; a later one only takes its place."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class VersionAct(enum.StrEnum):
    SUPERSEDE = "supersede"
    WITHDRAW = "withdraw"


VERSIONS: dict[tuple[VersionState, VersionAct], VersionState] = {
    (VersionState.CURRENT, VersionAct.SUPERSEDE): VersionState.SUPERSEDED,
    (VersionState.CURRENT, VersionAct.WITHDRAW): VersionState.WITHDRAWN,
}


class MatchCause(enum.StrEnum):
    """Why a version was matched."""

    POSTED = "posted"
    REGISTRY = "registry"
    """A new snapshot became current after it was last matched."""
    ASKED = "asked"


class AffectedState(enum.StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    LEFT = "left"
    """No longer in any current area, and nobody had confirmed it."""


class Severity(enum.StrEnum):
    HEAVY = "heavy"
    MEDIUM = "medium"
    LIGHT = "light"


class Access(enum.StrEnum):
    ROAD = "road"
    BOAT = "boat"
    CUT_OFF = "cut_off"


class Hazard(enum.StrEnum):
    """Kinds of hazard; BNPB's codes beside those that have one (domain.md 5.2)."""

    FLOOD = "flood"
    FLASH_FLOOD = "flash_flood"
    LANDSLIDE = "landslide"
    TIDAL_SURGE = "tidal_surge_abrasion"
    WHIRLWIND = "whirlwind"
    DROUGHT = "drought"
    FOREST_FIRE = "forest_land_fire"
    EARTHQUAKE = "earthquake"
    TSUNAMI = "tsunami"
    VOLCANO = "volcanic_eruption"
    SETTLEMENT_FIRE = "settlement_fire"
    SOCIAL_CONFLICT = "social_conflict"
    OTHER = "other"


BNPB_CODES = {
    Hazard.FLOOD: 101, Hazard.LANDSLIDE: 102, Hazard.TIDAL_SURGE: 104, Hazard.WHIRLWIND: 105, Hazard.DROUGHT: 106,
    Hazard.FOREST_FIRE: 107, Hazard.EARTHQUAKE: 108, Hazard.TSUNAMI: 109, Hazard.VOLCANO: 111,
}  # fmt: skip


class CountState(enum.StrEnum):
    """Zero and unknown are different: BPBD says a number, NIHIL, or Dalam Pendataan."""

    NUMBER = "number"
    ZERO = "zero"
    PENDING = "pending"


class CountKind(enum.StrEnum):
    """What BPBD counts in a village: households, people, houses (domain.md 5.3)."""

    HOUSEHOLDS = "households"
    PERSONS = "persons"
    DISPLACED_HOUSEHOLDS = "displaced_households"
    DISPLACED = "displaced"
    """Persons."""
    DEAD = "dead"
    MISSING = "missing"
    INJURED = "injured"
    HOUSES_HEAVY = "houses_heavy"
    HOUSES_MEDIUM = "houses_medium"
    HOUSES_LIGHT = "houses_light"
    HOUSES_FLOODED = "houses_flooded"


class IncidentField(enum.StrEnum):
    """What of an incident may be put right; its phase moves by acts."""

    NAME = "name"
    HAZARD = "hazard"
    PLACE = "place_text"
    CHRONOLOGY = "chronology"
    PHASE = "phase"


class RejectReason(enum.StrEnum):
    NOT_AFFECTED = "not_affected"
    MOVED = "moved"
    DECEASED = "deceased"
    LISTED_TWICE = "listed_twice"
    OTHER = "other"


class AlertState(enum.StrEnum):
    """A notice of the weather service. That it has run out is told by its own clock, not by a state."""

    ACTIVE = "active"
    REPLACED = "replaced"
    """A later message of the same sender took its place."""
    CANCELLED = "cancelled"


class AlertAct(enum.StrEnum):
    REPLACE = "replace"
    CANCEL = "cancel"


ALERTS: dict[tuple[AlertState, AlertAct], AlertState] = {
    (AlertState.ACTIVE, AlertAct.REPLACE): AlertState.REPLACED,
    (AlertState.ACTIVE, AlertAct.CANCEL): AlertState.CANCELLED,
}


class DecisionHow(enum.StrEnum):
    """In what way a person decided: household by household, many at once, or by adding one."""

    ONE = "one"
    GROUP = "group"
    ADDED = "added"


class ListState(enum.StrEnum):
    """A frozen list holds until it is opened again or a later one takes its place; it never changes."""

    CURRENT = "current"
    SUPERSEDED = "superseded"


class ListAct(enum.StrEnum):
    SUPERSEDE = "supersede"


LISTS: dict[tuple[ListState, ListAct], ListState] = {(ListState.CURRENT, ListAct.SUPERSEDE): ListState.SUPERSEDED}


class ShelterState(enum.StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class ShelterAct(enum.StrEnum):
    CLOSE = "close"
    OPEN_AGAIN = "open_again"


SHELTERS: dict[tuple[ShelterState, ShelterAct], ShelterState] = {
    (ShelterState.OPEN, ShelterAct.CLOSE): ShelterState.CLOSED,
    (ShelterState.CLOSED, ShelterAct.OPEN_AGAIN): ShelterState.OPEN,
}


class StayKind(enum.StrEnum):
    """Where a household is while its home is affected."""

    SHELTER = "shelter"
    HOST = "host"
    """With a host family."""
    ELSEWHERE = "elsewhere"
    """Outside the district, or nobody knows exactly."""
    HOME = "home"
