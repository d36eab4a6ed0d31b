"""The words of the ledger: where money came from, what a document is, why a balance was corrected."""

from __future__ import annotations

import enum


class FundingSource(enum.StrEnum):
    """Whose money bought the batch; the order is the picking order among equals (state money is accounted first)."""

    APBN = "apbn"
    APBD_PROVINCE = "apbd_provinsi"
    APBD = "apbd"
    GRANT = "hibah"
    CSR = "csr"
    MIXED = "campuran"
    """A kit whose components were bought from several sources; each component keeps its own."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"batch.funding.{self.value}"


class DocumentKind(enum.StrEnum):
    RECEIPT = "receipt"
    TRANSFER = "transfer"
    DISPATCH = "dispatch"
    HANDOVER = "handover"
    RETURN = "return"
    REVERSAL = "reversal"
    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write_off"
    ASSEMBLY = "assembly"
    """Components become kits, or kits their components again."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock.document.{self.value}"


NUMBERED = {
    DocumentKind.RECEIPT: "SBBM",
    DocumentKind.RETURN: "SBBM",
    DocumentKind.TRANSFER: "SBBK",
    DocumentKind.DISPATCH: "SJ",
    DocumentKind.ADJUSTMENT: "ADJ",
    DocumentKind.WRITE_OFF: "HPS",
    DocumentKind.ASSEMBLY: "RKT",
}
"""Number series by kind. A handover carries its receipt's number; a reversal names the document it reverses."""


class Flag(enum.StrEnum):
    """A fact that broke a rule is booked and marked, never denied (decision 11)."""

    NONE = ""
    EXPIRED = "expired"
    EARLY = "early"
    """It happened before what it took was entered as having arrived; by that day's books it was not there."""
    COUNTED = "counted"
    """Made by the ledger: what was entered late lies before a count, and the count stands (docs/decisions/0007)."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock.flag.{self.value}"


class ReleaseCondition(enum.StrEnum):
    """What must hold before a batch may be promised or leave for people."""

    NONE = ""
    DECREE = "decree"
    """Government rice reserve (CBP): only under an emergency decree in force."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"batch.release.{self.value or 'none'}"


class AdjustmentReason(enum.StrEnum):
    FOUND = "found"
    COUNT = "count"
    HANDED_OVER_UNRECORDED = "handed_over_unrecorded"
    ISSUED_UNRECORDED = "issued_unrecorded"
    ENTERED_WRONG = "entered_wrong"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock.adjustment.{self.value}"


class LossReason(enum.StrEnum):
    EXPIRED = "expired"
    DAMAGED_WATER = "damaged_water"
    DAMAGED_PEST = "damaged_pest"
    DAMAGED = "damaged"
    STOLEN = "stolen"
    LOST_ON_THE_WAY = "lost_on_the_way"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock.loss.{self.value}"


def reason_label(kind: DocumentKind, reason: str) -> str | None:
    """Give the code of the sentence for a document's reason, or None where the reason is people's own text."""
    if kind is DocumentKind.ADJUSTMENT:
        return AdjustmentReason(reason).label
    return LossReason(reason).label if kind is DocumentKind.WRITE_OFF else None
