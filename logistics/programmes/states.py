"""What a programme is, and which moves a term and an entry of its list may make."""

from __future__ import annotations

import enum


class ProgrammeKind(enum.StrEnum):
    PKH = "pkh"
    SEMBAKO = "sembako"
    BST = "bst"
    PBI = "pbi"
    STOVE = "kompor"
    OWN = "own"
    """The office's own."""


class Form(enum.StrEnum):
    GOODS = "goods"
    CASH = "cash"


class Unit(enum.StrEnum):
    """What a programme counts; counts of different units are never added together (domain.md 4.5)."""

    HOUSEHOLD = "household"
    PERSON = "person"
    CARD = "card"


class Cadence(enum.StrEnum):
    ONCE = "once"
    MONTHLY = "monthly"
    TWO_MONTHLY = "two_monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class TermState(enum.StrEnum):
    DRAFT = "draft"
    """The list is drawn up; villages propose."""
    VERIFIED = "verified"
    """A second officer has verified the proposed list; the head decides."""
    DETERMINED = "determined"
    """The head has signed; the list is frozen."""
    CLOSED = "closed"
    CANCELLED = "cancelled"


class TermAct(enum.StrEnum):
    VERIFY = "verify"
    SEND_BACK = "send_back"
    DETERMINE = "determine"
    CLOSE = "close"
    CANCEL = "cancel"


TERM_MOVES = {
    (TermState.DRAFT, TermAct.VERIFY): TermState.VERIFIED,
    (TermState.VERIFIED, TermAct.SEND_BACK): TermState.DRAFT,
    (TermState.VERIFIED, TermAct.DETERMINE): TermState.DETERMINED,
    (TermState.DETERMINED, TermAct.CLOSE): TermState.CLOSED,
    (TermState.DRAFT, TermAct.CANCEL): TermState.CANCELLED,
    (TermState.VERIFIED, TermAct.CANCEL): TermState.CANCELLED,
}


class EntryState(enum.StrEnum):
    CANDIDATE = "candidate"
    """Drawn by the criteria or matched from a file; its village has not spoken."""
    PROPOSED = "proposed"
    VERIFIED = "verified"
    DETERMINED = "determined"
    EXCLUDED = "excluded"
    """Left out, with the reason on the entry."""


class EntryAct(enum.StrEnum):
    PROPOSE = "propose"
    WITHDRAW = "withdraw"
    VERIFY = "verify"
    SEND_BACK = "send_back"
    DETERMINE = "determine"
    EXCLUDE = "exclude"
    RESTORE = "restore"


ENTRY_MOVES = {
    (EntryState.CANDIDATE, EntryAct.PROPOSE): EntryState.PROPOSED,
    (EntryState.PROPOSED, EntryAct.WITHDRAW): EntryState.CANDIDATE,
    (EntryState.PROPOSED, EntryAct.VERIFY): EntryState.VERIFIED,
    (EntryState.VERIFIED, EntryAct.SEND_BACK): EntryState.PROPOSED,
    (EntryState.VERIFIED, EntryAct.DETERMINE): EntryState.DETERMINED,
    (EntryState.CANDIDATE, EntryAct.EXCLUDE): EntryState.EXCLUDED,
    (EntryState.PROPOSED, EntryAct.EXCLUDE): EntryState.EXCLUDED,
    (EntryState.VERIFIED, EntryAct.EXCLUDE): EntryState.EXCLUDED,
    (EntryState.EXCLUDED, EntryAct.RESTORE): EntryState.CANDIDATE,
}


class Origin(enum.StrEnum):
    """How an entry came onto the list."""

    CRITERIA = "criteria"
    FILE = "file"
    ADDED = "added"


class RowOutcome(enum.StrEnum):
    """What became of one row of an SK file."""

    MATCHED = "matched"
    ALREADY_LISTED = "already_listed"
    TWICE_IN_FILE = "twice_in_file"
    NAME_DIFFERS = "name_differs"
    """The number is known, under another name: listed, to be looked at."""
    OTHER_VILLAGE = "other_village"
    """The number is known, in another village: listed where the household lives, to be looked at."""
    OUTSIDE_QUOTA = "outside_quota"
    """The district has no quota in this term."""
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    """Several households fit."""
    MALFORMED = "malformed"


LISTED_OUTCOMES = (RowOutcome.MATCHED, RowOutcome.NAME_DIFFERS, RowOutcome.OTHER_VILLAGE)
