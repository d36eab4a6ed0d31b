"""A reservation is open, and then ends exactly once."""

from __future__ import annotations

import enum


class ReservationState(enum.StrEnum):
    OPEN = "open"
    USED = "used"
    RELEASED = "released"
    EXPIRED = "expired"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"reservation.state.{self.value}"


class ReservationAct(enum.StrEnum):
    USE = "use"
    RELEASE = "release"
    EXPIRE = "expire"


RESERVATION_MOVES = {
    (ReservationState.OPEN, ReservationAct.USE): ReservationState.USED,
    (ReservationState.OPEN, ReservationAct.RELEASE): ReservationState.RELEASED,
    (ReservationState.OPEN, ReservationAct.EXPIRE): ReservationState.EXPIRED,
}
