"""Deny by default: what the matrix in ``permissions.toml`` does not grant, nobody may."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

from core.actor import Actor, Role, ScopeKind
from core.errors import Forbidden, NotFound

_FILE = Path(__file__).with_name("permissions.toml")
_MOST = ("full", "masked", "counts", "totals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one role may see and touch of one action."""

    is_all: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far an actor's right reaches: the whole office, or these regions and places.

    ``regions`` holds codes of villages and districts; a district's code covers its villages.
    """

    is_all: bool
    regions: frozenset[str] = frozenset()
    place_ids: frozenset[UUID] = frozenset()
    detail: str = "full"

    def has_village(self, code: str | None) -> bool:
        if self.is_all:
            return True
        return code is not None and any(code == region or code.startswith(region + ".") for region in self.regions)

    def has_place(self, place_id: UUID | None) -> bool:
        return self.is_all or (place_id is not None and place_id in self.place_ids)

    def need_village(self, code: str | None, subject: str) -> None:
        """Raises: NotFound, as for what does not exist, when the village is outside."""
        if not self.has_village(code):
            raise NotFound(f"{subject}.not_found")

    def need_place(self, place_id: UUID | None, subject: str) -> None:
        """Raises: NotFound, as for what does not exist, when the place is outside."""
        if not self.has_place(place_id):
            raise NotFound(f"{subject}.not_found")


EVERYTHING = Reach(is_all=True)


@cache
def matrix() -> dict[str, dict[Role, Rule]]:
    """Read the matrix: action -> role -> rule."""
    raw = tomllib.loads(_FILE.read_text())
    read: dict[str, dict[Role, Rule]] = {}
    for action, roles in raw.items():
        read[action] = {}
        for role, text in roles.items():
            reach, _, detail = text.partition(":")
            if reach not in ("all", "own") or (detail or "full") not in _MOST:
                raise ValueError(f"permissions.toml: {action}.{role} = {text!r}")
            read[action][Role(role)] = Rule(is_all=reach == "all", detail=detail or "full")
    return read


def reach(actor: Actor, action: str) -> Reach:
    """Tell how far the actor may do this.

    Raises: Forbidden, when not at all; KeyError for an action nobody declared.
    """
    rules = matrix()[action]
    if actor.kind == "system":
        return EVERYTHING
    regions: set[str] = set()
    places: set[UUID] = set()
    is_all = False
    details: set[str] = set()
    for grant in actor.grants:
        rule = rules.get(grant.role)
        if rule is None:
            continue
        details.add(rule.detail)
        # A role that is limited to its own scope reaches nothing by a grant for the whole office: the matrix says so.
        if rule.is_all:
            is_all = True
        elif grant.scope in (ScopeKind.VILLAGE, ScopeKind.DISTRICT):
            regions.add(grant.scope_id)
        elif grant.scope is ScopeKind.PLACE:
            places.add(UUID(grant.scope_id))
    if not details:
        raise Forbidden("permission.missing", action=action)
    return Reach(
        is_all=is_all,
        regions=frozenset(regions),
        place_ids=frozenset(places),
        detail=min(details, key=_MOST.index),
    )


def may(actor: Actor, action: str) -> bool:
    """Tell whether the actor may do this anywhere (menus, buttons)."""
    if actor.kind == "system":
        return True
    rules = matrix()[action]
    return any(grant.role in rules for grant in actor.grants)
