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
    """Where one row of a snapshot stands; the long way of domain.md §4.4 (Dukcapil, field, Musdes) starts here."""

    IMPORTED = "imported"
    DUPLICATE_SUSPECTED = "duplicate_suspected"


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
