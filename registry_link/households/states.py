"""What a household's parts can be."""

from __future__ import annotations

import enum


class SnapshotState(enum.StrEnum):
    STAGED = "staged"
    CURRENT = "current"
    REPLACED = "replaced"
    DISCARDED = "discarded"


class SnapshotAct(enum.StrEnum):
    COMMIT = "commit"
    REPLACE = "replace"
    DISCARD = "discard"


SNAPSHOT_MOVES: dict[tuple[SnapshotState, SnapshotAct], SnapshotState] = {
    (SnapshotState.STAGED, SnapshotAct.COMMIT): SnapshotState.CURRENT,
    (SnapshotState.STAGED, SnapshotAct.DISCARD): SnapshotState.DISCARDED,
    (SnapshotState.CURRENT, SnapshotAct.REPLACE): SnapshotState.REPLACED,
}


class LinkState(enum.StrEnum):
    """Where one household of a snapshot stands. Source: domain.md §4.4; it ends as decisions 16 says."""

    IMPORTED = "imported"
    DUPLICATE_SUSPECTED = "duplicate_suspected"
    """Another household has the same number; a person looks at both."""
    MERGED = "merged"
    DUKCAPIL_PENDING = "dukcapil_pending"
    DUKCAPIL_MATCHED = "dukcapil_matched"
    """Padan."""
    DUKCAPIL_TYPO = "dukcapil_typo"
    DUKCAPIL_UNMATCHED = "dukcapil_unmatched"
    """Tidak Padan."""
    FIELD_PENDING = "field_pending"
    FIELD_VERIFIED = "field_verified"
    FIELD_REJECTED = "field_rejected"
    PROPOSED = "proposed"
    """By its village, with the minutes of its Musdes or Muskel."""
    ACCEPTED = "accepted"
    """The office has checked the proposal."""
    REFUSED = "refused"
    DETERMINED = "determined"
    SUBMITTED = "submitted"
    REGISTERED = "registered"
    RETURNED = "returned"
    GRADUATED = "graduated"
    DECEASED = "deceased"
    MOVED = "moved"
    INACTIVE = "inactive"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"link.state.{self.value}"


class LinkAct(enum.StrEnum):
    SUSPECT = "suspect"
    MERGE = "merge"
    KEEP_DISTINCT = "keep_distinct"
    SEPARATE = "separate"
    """A merge is undone."""
    CHECK = "check"
    """Its people are to be looked up at the civil registry."""
    MATCH = "match"
    MISSPELL = "misspell"
    MISMATCH = "mismatch"
    VISIT = "visit"
    VERIFY = "verify"
    REJECT = "reject"
    PROPOSE = "propose"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    REFUSE = "refuse"
    DETERMINE = "determine"
    SUBMIT = "submit"
    REGISTER = "register"
    RETURN = "return"
    GRADUATE = "graduate"
    DIE = "die"
    LEAVE = "leave"
    DEACTIVATE = "deactivate"
    REOPEN = "reopen"
    """What ended it was a mistake."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"link.act.{self.value}"


ENDED_LINKS = frozenset({LinkState.GRADUATED, LinkState.DECEASED, LinkState.MOVED, LinkState.INACTIVE})
_CHECKED = (LinkState.DUKCAPIL_MATCHED, LinkState.DUKCAPIL_TYPO, LinkState.DUKCAPIL_UNMATCHED)
_VISITED = (LinkState.FIELD_PENDING, LinkState.FIELD_VERIFIED, LinkState.FIELD_REJECTED)
_PROPOSING = (LinkState.PROPOSED, LinkState.ACCEPTED, LinkState.DETERMINED, LinkState.SUBMITTED)
_RESULTS = {
    LinkAct.MATCH: LinkState.DUKCAPIL_MATCHED, LinkAct.MISSPELL: LinkState.DUKCAPIL_TYPO,
    LinkAct.MISMATCH: LinkState.DUKCAPIL_UNMATCHED,
}  # fmt: skip
_ENDS = {
    LinkAct.GRADUATE: LinkState.GRADUATED, LinkAct.DIE: LinkState.DECEASED, LinkAct.LEAVE: LinkState.MOVED,
    LinkAct.DEACTIVATE: LinkState.INACTIVE,
}  # fmt: skip
_ACTIVE = tuple(one for one in LinkState if one not in ENDED_LINKS and one is not LinkState.MERGED)
LINK_MOVES: dict[tuple[LinkState, LinkAct], LinkState] = {
    (LinkState.IMPORTED, LinkAct.SUSPECT): LinkState.DUPLICATE_SUSPECTED,
    (LinkState.DUPLICATE_SUSPECTED, LinkAct.MERGE): LinkState.MERGED,
    (LinkState.DUPLICATE_SUSPECTED, LinkAct.KEEP_DISTINCT): LinkState.IMPORTED,
    (LinkState.MERGED, LinkAct.SEPARATE): LinkState.IMPORTED,
    **{(one, LinkAct.CHECK): LinkState.DUKCAPIL_PENDING for one in (LinkState.IMPORTED, *_CHECKED)},
    **{(one, act): after for act, after in _RESULTS.items() for one in (LinkState.DUKCAPIL_PENDING, *_CHECKED)},
    # Who was looked at in the field, or is further, stays there whatever the civil registry says meanwhile; the result
    # is kept and shown beside it.
    **{(one, act): one for act in _RESULTS for one in (*_VISITED, *_PROPOSING, LinkState.REFUSED, LinkState.RETURNED,
                                                       LinkState.REGISTERED)},
    **{(one, LinkAct.VISIT): LinkState.FIELD_PENDING for one in (
        LinkState.IMPORTED, LinkState.DUKCAPIL_PENDING, *_CHECKED, LinkState.FIELD_VERIFIED, LinkState.FIELD_REJECTED,
        LinkState.REFUSED, LinkState.RETURNED, LinkState.REGISTERED)},
    (LinkState.FIELD_PENDING, LinkAct.VERIFY): LinkState.FIELD_VERIFIED,
    (LinkState.FIELD_PENDING, LinkAct.REJECT): LinkState.FIELD_REJECTED,
    **{(one, LinkAct.PROPOSE): LinkState.PROPOSED
       for one in (LinkState.FIELD_VERIFIED, LinkState.REFUSED, LinkState.RETURNED)},
    (LinkState.PROPOSED, LinkAct.WITHDRAW): LinkState.FIELD_VERIFIED,
    (LinkState.PROPOSED, LinkAct.ACCEPT): LinkState.ACCEPTED,
    (LinkState.PROPOSED, LinkAct.REFUSE): LinkState.REFUSED,
    (LinkState.ACCEPTED, LinkAct.REFUSE): LinkState.REFUSED,
    (LinkState.ACCEPTED, LinkAct.DETERMINE): LinkState.DETERMINED,
    (LinkState.DETERMINED, LinkAct.REFUSE): LinkState.REFUSED,
    (LinkState.DETERMINED, LinkAct.SUBMIT): LinkState.SUBMITTED,
    (LinkState.SUBMITTED, LinkAct.REGISTER): LinkState.REGISTERED,
    (LinkState.SUBMITTED, LinkAct.RETURN): LinkState.RETURNED,
    **{(one, act): after for act, after in _ENDS.items() for one in _ACTIVE},
    **{(one, LinkAct.REOPEN): LinkState.IMPORTED for one in sorted(ENDED_LINKS)},
}  # fmt: skip


class DepartureKind(enum.StrEnum):
    """How somebody leaves a household, or a household its village."""

    DIED = "died"
    MOVED_OUT = "moved_out"
    """To another regency: nothing of the office reaches there."""
    MOVED_WITHIN = "moved_within"
    """To another village of the office."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"departure.kind.{self.value}"


class Outcome(enum.StrEnum):
    """What a staged household is, compared with what we have."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class PositionSource(enum.StrEnum):
    """Who says where a household lives; an unknown accuracy is assumed to be 50 m only for GPS (decisions 12)."""

    GPS = "gps"
    MAP = "map"
    REGISTRY = "registry"


class Sex(enum.StrEnum):
    MALE = "male"
    FEMALE = "female"


class Relation(enum.StrEnum):
    """To the head of the household; the numbers 1 to 8 of the registry's questionnaire, in this order."""

    HEAD = "head"
    SPOUSE = "spouse"
    CHILD = "child"
    CHILD_IN_LAW = "child_in_law"
    GRANDCHILD = "grandchild"
    PARENT = "parent"
    SERVANT = "servant"
    OTHER = "other"


class WordPlace(enum.StrEnum):
    """Where a word by which households are found stands."""

    NAME = "name"
    ADDRESS = "address"
    REGION = "region"


class DifferenceKind(enum.StrEnum):
    """What a newer snapshot says of a household that the one before it did not, in the order of the report."""

    NEW = "new"
    GONE = "gone"
    RETURNED = "returned"
    """Was known from an earlier snapshot, missing in the last one."""
    DECILE = "decile"
    MEMBER_ADDED = "member_added"
    MEMBER_GONE = "member_gone"
    MEMBER_CHANGED = "member_changed"
    VILLAGE = "village"
    UNIT = "unit"
    """RT/RW."""
    ADDRESS = "address"
    HEAD = "head"
    SIZE = "size"
    KK = "kk"
    NIK = "nik"
    POSITION = "position"

    @property
    def label(self) -> str:
        return f"snapshot.difference.{self.value}"


class TakingStage(enum.StrEnum):
    """How far a snapshot is on its way from its pieces into the registry."""

    FILLING = "filling"
    """Its new households are written, and everything else that nobody sees yet."""
    SEEN = "seen"
    """It is current; what it waited as is cleared away."""
    LEAVING = "leaving"
    """It was given up on the way: what was written is taken away again."""
