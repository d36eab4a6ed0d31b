"""A correction of the books is asked for by one and decided by another."""

from __future__ import annotations

import enum


class CorrectionKind(enum.StrEnum):
    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write_off"
    REVERSAL = "reversal"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"correction.kind.{self.value}"


class CorrectionState(enum.StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"correction.state.{self.value}"


class CorrectionAct(enum.StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


CORRECTION_MOVES = {
    (CorrectionState.ASKED, CorrectionAct.APPROVE): CorrectionState.APPROVED,
    (CorrectionState.ASKED, CorrectionAct.REFUSE): CorrectionState.REFUSED,
    (CorrectionState.ASKED, CorrectionAct.WITHDRAW): CorrectionState.WITHDRAWN,
}
