"""A reservation is open, and then ends exactly once."""

from __future__ import annotations

import enum


class ReservationState(enum.StrEnum):
    OPEN = "open"
    USED = "used"
    RELEASED = "released"
    EXPIRED = "expired"


class ReservationAct(enum.StrEnum):
    USE = "use"
    RELEASE = "release"
    EXPIRE = "expire"


TABLE = {
    (ReservationState.OPEN, ReservationAct.USE): ReservationState.USED,
    (ReservationState.OPEN, ReservationAct.RELEASE): ReservationState.RELEASED,
    (ReservationState.OPEN, ReservationAct.EXPIRE): ReservationState.EXPIRED,
}
