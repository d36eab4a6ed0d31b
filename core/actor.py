"""Who acts: a person, a machine with a token, or the product itself; with which roles, and where."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo


class Role(enum.StrEnum):
    """The roles of the office. Labels are terms in ``core/locale/sentences/accounts.toml``."""

    ADMIN = "ADM"
    LOGISTICS = "LOG"
    HEAD = "HEAD"
    WAREHOUSE = "WHK"
    BPBD = "BPBD"
    FIELD = "VOL"
    VILLAGE = "VIL"
    AUDITOR = "AUD"


class ScopeKind(enum.StrEnum):
    OFFICE = "office"
    DISTRICT = "district"
    VILLAGE = "village"
    PLACE = "place"
    """A warehouse or a post."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One role within one scope; ``scope_id`` is a region code or a place's id, empty for the whole office."""

    role: Role
    scope: ScopeKind = ScopeKind.OFFICE
    scope_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    kind: str
    """``person``, ``machine`` or ``system``."""
    id: str
    name: str
    regency_code: str
    time_zone: str = "Asia/Jakarta"
    grants: tuple[Grant, ...] = ()
    request_id: str = ""
    address: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)

    @property
    def person_id(self) -> UUID | None:
        return UUID(self.id) if self.kind == "person" else None


def system(regency_code: str, time_zone: str = "Asia/Jakarta", name: str = "system") -> Actor:
    """The product acting by itself (jobs, commands of the machine's operator)."""
    return Actor(kind="system", id="system", name=name, regency_code=regency_code, time_zone=time_zone)
