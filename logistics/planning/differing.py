"""What a revision changes: the week as it stands beside the week as it would be worked out now, household by household.

Only what has not left its warehouse is compared. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from logistics.packages.rules import ItemNeed, People
from logistics.planning.proposing import Proposed
from logistics.planning.states import ChangeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in a post's day, with the hours that were promised: ``08:00-10:00``, empty where the post tells none."""

    post_id: UUID
    serve_on: date
    hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A package that has not left, as it stands."""

    package_id: UUID
    beneficiary_id: UUID
    village_code: str
    spot: Spot | None
    """None: it waits, or is out."""
    given: Mapping[UUID, int]
    """Thousandths by item that it holds; empty where it waits."""
    people: People
    is_out: bool = False
    """An earlier revision took it out."""
    told: tuple[str, str] = ("", "")
    """Code and facts of its sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a package changes, as data."""

    code: str
    post_id: UUID | None = None
    day: date | None = None
    item_ids: tuple[UUID, ...] = ()
    persons: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One package, before (``held``) and after (``proposed``)."""

    kind: ChangeKind
    why: Why
    held: Held | None
    """None: the package comes with the revision."""
    proposed: Proposed | None
    """None: it is taken out."""

    @property
    def after(self) -> Spot | None:
        return spot_of(self.proposed) if self.proposed is not None else None

    @property
    def before(self) -> Spot | None:
        return self.held.spot if self.held is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What else is known when two weeks are compared."""

    serve_days: tuple[date, ...]
    open_posts: frozenset[UUID]
    closed_days: Mapping[UUID, frozenset[date]] = field(default_factory=dict)
    hours: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    """What each open post tells now; a post without hours tells the empty ones."""
    out_of_reach: frozenset[tuple[UUID, UUID]] = frozenset()
    """Beneficiary and post between which no way is open any more."""
    why_out: Mapping[UUID, str] = field(default_factory=dict)
    """Why a beneficiary is served no more, where more is known than that it is not on the list."""
    completes: Mapping[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    """Beneficiaries whose package left without these items."""


NOT_LISTED: Final = "revision.why.not_listed"


def spot_of(one: Proposed) -> Spot | None:
    """Give the place that was proposed; None where it waits."""
    if one.post is None or one.serve_on is None:
        return None
    return Spot(post_id=one.post.post_id, serve_on=one.serve_on, hours=one.hours)


def differences(held: Sequence[Held], rows: Sequence[Proposed], ground: Ground) -> tuple[Change, ...]:
    """Give every difference in the order of the ranks, whoever is out last; what stays as it is is not among them.

    ``held`` are all packages that have not left, each beneficiary once, and those that an earlier revision took out;
    ``rows`` is everybody who is due something now.
    """
    known = {one.beneficiary_id: one for one in held}
    found = []
    for row in rows:
        change = _compare(known.pop(row.household.beneficiary_id, None), row, ground)
        if change is not None:
            found.append(change)
    for one in sorted(known.values(), key=lambda one: str(one.beneficiary_id)):
        if not one.is_out:
            why = Why(code=ground.why_out.get(one.beneficiary_id, NOT_LISTED))
            found.append(Change(kind=ChangeKind.OUT, why=why, held=one, proposed=None))
    return tuple(found)


def counted(changes: Sequence[Change]) -> dict[ChangeKind, int]:
    """Count the changes by kind, the sentences alone not among them; zeros are left out."""
    return {
        kind: number
        for kind in ChangeKind
        if kind is not ChangeKind.RETOLD and (number := sum(one.kind is kind for one in changes))
    }


def _compare(held: Held | None, row: Proposed, ground: Ground) -> Change | None:
    beneficiary = row.household.beneficiary_id
    after = spot_of(row)
    if held is None or held.is_out:
        if beneficiary in ground.completes:
            # Nothing of what it lacks is there: what was handed over stays as it is, and so does what it lacks.
            if after is None:
                return None
            why = Why(code="revision.why.completes", item_ids=_ids(row.given))
            return Change(kind=ChangeKind.COMPLETED, why=why, held=held, proposed=row)
        code = "revision.why.listed_again" if held is not None else "revision.why.listed"
        return Change(kind=ChangeKind.NEW, why=Why(code=code), held=held, proposed=row)
    before = held.spot
    if before is None:
        if after is None:
            return Change(kind=ChangeKind.RETOLD, why=Why(code="revision.why.still"), held=held, proposed=row)
        return Change(kind=ChangeKind.SERVED, why=Why(code="revision.why.now_there"), held=held, proposed=row)
    if after is None:
        if beneficiary in ground.completes:
            why = Why(code="revision.why.gone", item_ids=tuple(held.given))
            return Change(kind=ChangeKind.OUT, why=why, held=held, proposed=None)
        kind = ChangeKind.WAITS
        if not row.lacking:
            return Change(kind=kind, why=Why(code="revision.why.no_room"), held=held, proposed=row)
        why = Why(code="revision.why.gone", item_ids=tuple(one.item.item_id for one in row.lacking))
        return Change(kind=kind, why=why, held=held, proposed=row)
    return _goods(held, row, ground) or _place(held, before, after, row, ground)


def _goods(held: Held, row: Proposed, ground: Ground) -> Change | None:
    """Compare what it gets; where it gets less of anything, that is what has to be said."""
    now = {one.item_id: int(one.quantity_milli) for one in row.given}
    less = tuple(item for item, quantity in held.given.items() if now.get(item, 0) < quantity)
    more = tuple(item for item, quantity in now.items() if held.given.get(item, 0) < quantity)
    if not less and not more:
        return None
    kind = ChangeKind.FEWER if less else ChangeKind.MORE
    lacking = {one.item.item_id for one in row.lacking}
    if less and lacking & set(less):
        return Change(kind=kind, why=Why(code="revision.why.gone", item_ids=less), held=held, proposed=row)
    if held.people != row.household.composition:
        why = Why(code="revision.why.people", persons=row.household.composition.persons)
    elif less:
        why = Why(code="revision.why.had_before", item_ids=less)
    else:
        why = Why(code="revision.why.there_now", item_ids=more)
    return Change(kind=kind, why=why, held=held, proposed=row)


def _place(held: Held, before: Spot, after: Spot, row: Proposed, ground: Ground) -> Change | None:
    if before == after:
        return None
    is_told = before.hours in ground.hours.get(before.post_id, frozenset({before.hours}))
    code = "revision.why.yielded" if is_told else "revision.why.hours_changed"
    why = why_not(row.household.beneficiary_id, before, ground) or Why(
        code=code, post_id=before.post_id, day=before.serve_on
    )
    return Change(kind=ChangeKind.MOVED, why=why, held=held, proposed=row)


def why_not(beneficiary_id: UUID, spot: Spot, ground: Ground) -> Why | None:
    """Say what stands against a place that a beneficiary had; None where it can keep it, if there is room."""
    if spot.post_id not in ground.open_posts:
        return Why(code="revision.why.post_closed", post_id=spot.post_id)
    if spot.serve_on not in ground.serve_days:
        return Why(code="revision.why.day_passed", day=spot.serve_on)
    if spot.serve_on in ground.closed_days.get(spot.post_id, frozenset()):
        return Why(code="revision.why.day_closed", post_id=spot.post_id, day=spot.serve_on)
    if (beneficiary_id, spot.post_id) in ground.out_of_reach:
        return Why(code="revision.why.no_way", post_id=spot.post_id)
    return None


def _ids(given: Sequence[ItemNeed]) -> tuple[UUID, ...]:
    return tuple(one.item_id for one in given)
