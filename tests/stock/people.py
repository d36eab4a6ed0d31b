"""Who asks, who decides, and who decides what is dear."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID, uuid5

from core.actor import Actor, Role
from core.ids import NAMESPACE
from tests.support.builders import an_actor


def one_of(role: Role, name: str, place_id: UUID | None = None) -> Actor:
    """Give somebody of a role, told from others of it by name; without an account."""
    return replace(an_actor(role, place_id=place_id), id=str(uuid5(NAMESPACE, f"test/{name}")), name=name)


OFFICER: Final = one_of(Role.LOGISTICS, "Petugas")
SECOND: Final = one_of(Role.LOGISTICS, "Petugas Kedua")
HEAD: Final = one_of(Role.HEAD, "Kepala")
