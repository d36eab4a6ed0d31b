"""Which moves a standard, a round and a package may make."""

from __future__ import annotations

import enum


class StandardPurpose(enum.StrEnum):
    RELIEF = "relief"
    """What a household gets for a week of an incident."""
    TERM = "term"
    """What a beneficiary gets in one term of a programme."""


class StandardState(enum.StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    RETIRED = "retired"


class StandardAct(enum.StrEnum):
    APPROVE = "approve"
    RETIRE = "retire"


STANDARD_MOVES = {
    (StandardState.DRAFT, StandardAct.APPROVE): StandardState.APPROVED,
    (StandardState.DRAFT, StandardAct.RETIRE): StandardState.RETIRED,
    (StandardState.APPROVED, StandardAct.RETIRE): StandardState.RETIRED,
}


class AgainReason(enum.StrEnum):
    """Why durables given in one event are given again in another of the same days."""

    LOST = "lost"
    NEVER_GOT = "never_got"
    APART = "apart"
    """The two events have nothing to do with each other."""


class RoundState(enum.StrEnum):
    DRAFT = "draft"
    """Opened; nobody is planned yet."""
    PLANNED = "planned"
    """Households have packages, posts and days; nothing is promised."""
    APPROVED = "approved"
    """Stock is reserved; the field may begin."""
    CLOSED = "closed"
    CANCELLED = "cancelled"


class RoundAct(enum.StrEnum):
    PLAN = "plan"
    EMPTY = "empty"
    """The draft plan was thrown away."""
    APPROVE = "approve"
    CLOSE = "close"
    CANCEL = "cancel"


ROUND_MOVES = {
    (RoundState.DRAFT, RoundAct.PLAN): RoundState.PLANNED,
    (RoundState.PLANNED, RoundAct.EMPTY): RoundState.DRAFT,
    (RoundState.PLANNED, RoundAct.APPROVE): RoundState.APPROVED,
    (RoundState.APPROVED, RoundAct.CLOSE): RoundState.CLOSED,
    (RoundState.DRAFT, RoundAct.CANCEL): RoundState.CANCELLED,
    (RoundState.PLANNED, RoundAct.CANCEL): RoundState.CANCELLED,
    (RoundState.APPROVED, RoundAct.CANCEL): RoundState.CANCELLED,
}


class PackageState(enum.StrEnum):
    WAITING = "waiting"
    """Not served by the plan: no stock or no place; the reason is on the package."""
    PLANNED = "planned"
    RESERVED = "reserved"
    LOADED = "loaded"
    """The goods of its post and day have left for the post."""
    HANDED_OVER = "handed_over"
    CANCELLED = "cancelled"


class PackageAct(enum.StrEnum):
    PLAN = "plan"
    RESERVE = "reserve"
    LOAD = "load"
    UNLOAD = "unload"
    """The load came back."""
    HAND_OVER = "hand_over"
    TAKE_BACK = "take_back"
    """The handover was voided."""
    RELEASE = "release"
    """The reservation ended without a load."""
    CANCEL = "cancel"
    WAIT = "wait"
    """A revision has nothing for it any more."""
    RESTORE = "restore"
    """A revision took it out, and it is on the list again."""


PACKAGE_MOVES = {
    (PackageState.WAITING, PackageAct.PLAN): PackageState.PLANNED,
    (PackageState.PLANNED, PackageAct.RESERVE): PackageState.RESERVED,
    (PackageState.RESERVED, PackageAct.LOAD): PackageState.LOADED,
    (PackageState.RESERVED, PackageAct.RELEASE): PackageState.PLANNED,
    (PackageState.LOADED, PackageAct.UNLOAD): PackageState.RESERVED,
    (PackageState.LOADED, PackageAct.HAND_OVER): PackageState.HANDED_OVER,
    (PackageState.HANDED_OVER, PackageAct.TAKE_BACK): PackageState.LOADED,
    (PackageState.WAITING, PackageAct.CANCEL): PackageState.CANCELLED,
    (PackageState.PLANNED, PackageAct.CANCEL): PackageState.CANCELLED,
    (PackageState.RESERVED, PackageAct.CANCEL): PackageState.CANCELLED,
    (PackageState.LOADED, PackageAct.CANCEL): PackageState.CANCELLED,
    (PackageState.PLANNED, PackageAct.WAIT): PackageState.WAITING,
    (PackageState.CANCELLED, PackageAct.RESTORE): PackageState.WAITING,
}

OPEN_PACKAGE_STATES = (PackageState.WAITING, PackageState.PLANNED, PackageState.RESERVED, PackageState.LOADED)
"""A beneficiary has at most one of these per round and standard (the partial UNIQUE index names the same four)."""
