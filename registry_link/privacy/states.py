"""A request to be erased: asked for by one, decided by another. Why somebody asks, and how they showed who they are."""

from __future__ import annotations

import enum


class ErasureState(enum.StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"erasure.state.{self.value}"


class ErasureAct(enum.StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


ERASURE_MOVES = {
    (ErasureState.ASKED, ErasureAct.APPROVE): ErasureState.APPROVED,
    (ErasureState.ASKED, ErasureAct.REFUSE): ErasureState.REFUSED,
    (ErasureState.ASKED, ErasureAct.WITHDRAW): ErasureState.WITHDRAWN,
}


class Ground(enum.StrEnum):
    """Why data are erased: article 43 of UU PDP."""

    NOT_NEEDED = "not_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    SUBJECT_ASKED = "subject_asked"
    UNLAWFUL = "unlawful"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"erasure.ground.{self.value}"


class Asker(enum.StrEnum):
    """Who stands at the desk."""

    MEMBER = "member"
    """Somebody of the household, of age."""
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"
    """With a power of attorney."""
    OFFICE = "office"
    """Nobody: the office acts by duty."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"privacy.asker.{self.value}"


class IdentityDocument(enum.StrEnum):
    """What was shown. Its number is not written down: that would be one more copy of it."""

    KTP = "ktp"
    KK = "kk"
    DRIVING_LICENCE = "sim"
    VILLAGE_LETTER = "village_letter"
    ATTORNEY = "attorney"
    """A power of attorney together with the representative's own KTP."""
    NONE = "none"
    """Only where the office acts by duty."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"privacy.document.{self.value}"
