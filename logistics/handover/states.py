from __future__ import annotations

import enum


class HandoverState(enum.StrEnum):
    VALID = "valid"
    VOIDED = "voided"
    DOUBLE = "double"
    """A second handover that did happen (offline); its goods stand in the contested place until a person decides."""


class HandoverAct(enum.StrEnum):
    VOID = "void"
    COUNT_TWICE = "count_twice"


HANDOVERS: dict[tuple[HandoverState, HandoverAct], HandoverState] = {
    (HandoverState.VALID, HandoverAct.VOID): HandoverState.VOIDED,
    (HandoverState.VALID, HandoverAct.COUNT_TWICE): HandoverState.DOUBLE,
    (HandoverState.DOUBLE, HandoverAct.VOID): HandoverState.VOIDED,
}


class Outcome(enum.StrEnum):
    """What became of an event that came in (safety.md 2.3); everything but ``rejected`` is stored for ever."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    DOUBLE = "double"
    NOT_ON_LIST = "not_on_list"
    REVOKED = "revoked"
    LATE = "late"
    QUARANTINED = "quarantined"
    PARKED = "parked"


class RecipientKind(enum.StrEnum):
    SELF = "self"
    """Somebody of the household."""
    PROXY = "proxy"


class StockState(enum.StrEnum):
    BOOKED = "booked"
    PENDING = "pending"
    """The goods' arrival at the post was not entered yet; the move waits for it."""


class VoidReason(enum.StrEnum):
    WRONG_HOUSEHOLD = "wrong_household"
    WRONG_QUANTITY = "wrong_quantity"
    NOT_HANDED_OVER = "not_handed_over"
    OTHER = "other"


class MissKind(enum.StrEnum):
    """Why a package was not handed over when it was its turn."""

    ABSENT = "absent"
    REFUSED = "refused"
    DECEASED = "deceased"
    MOVED = "moved"
    NOT_FOUND = "not_found"


class NextStep(enum.StrEnum):
    INVITE_AGAIN = "invite_again"
    COLLECT_AT_POST = "collect_at_post"
    VISIT_HOME = "visit_home"
    VILLAGE_DECIDES = "village_decides"
    """An heir, or a replacement: the village meeting says."""
    RETURN_GOODS = "return_goods"
